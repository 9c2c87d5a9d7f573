"""The sequencer: nothing lost, nothing forked, wherever it is killed and whatever is restored."""

import json
from datetime import timedelta

import pytest
from django.db import connection, transaction

from ggzy.evidence import anchor, audit, keys, notes, sequencer, tiles, tlog
from ggzy.evidence.actions import record_act
from ggzy.evidence.models import Checkpoint, Entry, EscrowBatch
from ggzy.jobs import sequencer as job

from .conftest import AGENCY, NOON, REAL, behind_the_triggers

pytestmark = pytest.mark.django_db


class Killed(Exception):
    """Stands for kill -9: nothing after this line ran."""


def kill(*_, **__):
    raise Killed


def leaves():
    return [
        bytes(leaf)
        for leaf in Entry.objects.exclude(leaf_index=None)
        .order_by("leaf_index")
        .values_list("leaf", flat=True)
    ]


def root_of_leaves(size):
    return tlog.Pyramid([tlog.leaf_hash(leaf) for leaf in leaves()[:size]]).root


def test_a_tick_places_signs_anchors_and_publishes(act):
    first, second = act(), act()
    tick = sequencer.run_once(REAL)
    assert (tick.placed, tick.size, tick.published, tick.batch) == (2, 2, True, 1)
    assert [Entry.objects.get(pk=e.pk).leaf_index for e in (first, second)] == [0, 1]
    row = Checkpoint.objects.get()
    checkpoint = notes.open_checkpoint(row.note, keys.log_vkey())
    assert checkpoint.root == root_of_leaves(2) == bytes.fromhex(row.root)
    assert anchor.path().read_text() == row.note
    assert anchor.path().stat().st_mode & 0o777 == 0o600


def test_an_idle_tick_writes_nothing(act):
    act()
    sequencer.catch_up(REAL)
    before = Checkpoint.objects.count(), anchor.path().stat().st_mtime_ns
    tick = sequencer.run_once(REAL + timedelta(seconds=1))
    assert (tick.placed, tick.published, tick.batch) == (0, False, None)
    assert (Checkpoint.objects.count(), anchor.path().stat().st_mtime_ns) == before


def test_an_id_that_is_committed_late_is_not_passed_over(act):
    late, early = act(), act()
    with behind_the_triggers():  # as if `late` had not been committed when the first tick ran
        Entry.objects.filter(pk=late.pk).update(escrowed=True)
        sequencer.run_once(REAL)
        Entry.objects.filter(pk=late.pk).update(escrowed=False, batch=None, slot=None)
    sequencer.run_once(REAL)
    assert Entry.objects.get(pk=early.pk).leaf_index == 0
    assert Entry.objects.get(pk=late.pk).leaf_index is not None


def test_many_ticks_make_one_tree(act):
    for step in (1, 255, 3, 300):
        with transaction.atomic():
            for _ in range(step):
                record_act("x.y", subject="s", actor=AGENCY, legal_at=NOON)
        tick = sequencer.run_once(REAL)
        assert tiles.root(tick.size) == root_of_leaves(tick.size)
    assert audit.check_tree() == tick.size
    history = [
        notes.open_checkpoint(row.note, keys.log_vkey()) for row in Checkpoint.objects.order_by("size")
    ]
    for old, new in zip(history, history[1:], strict=False):
        proof = tiles.compute(lambda node, o=old, n=new: tlog.consistency_proof(o.size, n.size, node))
        assert tlog.verify_consistency(old.size, new.size, proof, old.root, new.root)


STEPS = [
    ("ggzy.evidence.sequencer.refuse_a_fork", "before anything is placed"),
    ("ggzy.evidence.tiles.write", "entries placed, tiles not yet, one transaction"),
    ("ggzy.evidence.sequencer._publish", "placed, nothing signed"),
    ("ggzy.evidence.notes.sign", "about to sign"),
    ("ggzy.evidence.anchor.write", "signed, not yet anchored"),
    ("ggzy.evidence.sequencer.Checkpoint.objects.create", "anchored, not yet published"),
    ("ggzy.evidence.sequencer._escrow", "published, escrow not yet made"),
    ("ggzy.evidence.sequencer.record_act", "escrow drawn, its root not yet recorded"),
    (
        "ggzy.evidence.sequencer.EscrowBatch.objects.create",
        "escrow root recorded, batch not, one transaction",
    ),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("step", "_when"), STEPS, ids=[when for _, when in STEPS])
def test_killed_at_any_step_nothing_is_lost_and_nothing_forks(act, monkeypatch, step, _when):
    act()
    sequencer.catch_up(REAL)
    seen = [anchor.read()]
    wanted = {act().entry_hash for _ in range(3)} | {act(escrowed=True).entry_hash}
    later = REAL + timedelta(minutes=2)
    with monkeypatch.context() as patch:
        patch.setattr(step, kill)
        with pytest.raises(Killed):
            sequencer.run_once(later)
    seen.append(anchor.read())
    act()
    tick = sequencer.catch_up(later)
    seen.append(anchor.read())

    assert audit.check_tree() == tick.size
    assert not Entry.objects.filter(leaf_index=None, batch=None).exists()
    assert wanted <= set(Entry.objects.values_list("entry_hash", flat=True))
    # every checkpoint that ever lay in the anchor or in the table is on one line
    published = [notes.open_checkpoint(row.note, keys.log_vkey()) for row in Checkpoint.objects.all()]
    for old in [*seen, *published]:
        assert root_of_leaves(old.size) == old.root
    assert len({(row.size) for row in published}) == len(published)


def test_when_the_anchor_was_ahead_the_same_bytes_are_signed_again(act, monkeypatch):
    act()
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint.objects, "create", kill)
        with pytest.raises(Killed):
            sequencer.run_once(REAL)
    ahead = anchor.path().read_text()
    sequencer._place()
    sequencer._publish(REAL)
    assert Checkpoint.objects.get(size=1).note == ahead


def restore(size):
    """Bring the tables back to what they were at `size` leaves, as an old backup would."""
    with behind_the_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_entry SET batch_id = NULL, slot = NULL")
        cursor.execute("DELETE FROM evidence_escrowbatch")
        cursor.execute("DELETE FROM evidence_entry WHERE leaf_index >= %s", [size])
        cursor.execute("DELETE FROM evidence_checkpoint WHERE size > %s", [size])
        cursor.execute("DELETE FROM evidence_tile")
    if size:
        tiles.write(tlog.grow(0, {}, [tlog.leaf_hash(leaf) for leaf in leaves()]))


@pytest.mark.parametrize("kept", [0, 1, 3, 4])
def test_a_restored_older_database_is_not_signed(act, kept):
    for _ in range(4):
        act()
    size = sequencer.catch_up(REAL).size
    restore(kept)
    for _ in range(2):
        with pytest.raises(sequencer.LogRolledBack, match=f"只有 {kept} 条.*签署过 {size} 条"):
            sequencer.run_once(REAL)
    assert anchor.read().size == size


def test_a_restored_database_that_grew_again_is_not_signed(act):
    """The dangerous case: after the restore as many new acts came in, so that only the content differs."""
    for _ in range(4):
        act()
    size = sequencer.catch_up(REAL).size
    restore(1)
    for _ in range(size):
        act("other.act")
    with pytest.raises(sequencer.LogRolledBack, match="数据库被恢复到了更早的状态"):
        sequencer.run_once(REAL)
    # and were the rows placed behind our back, the root gives them away
    rest = Entry.objects.filter(leaf_index=None).order_by("id")
    for index, entry in enumerate(rest, start=1):
        Entry.objects.filter(pk=entry.pk).update(leaf_index=index)
    tiles.write(tlog.grow(1, tiles.read(tlog.right_edge(1)), [tlog.leaf_hash(leaf) for leaf in leaves()[1:]]))
    with pytest.raises(sequencer.LogRolledBack, match=f"其前 {size} 条与本中心已签署的检查点不一致"):
        sequencer.run_once(REAL)


def test_without_its_anchor_a_log_that_has_published_is_not_signed(act):
    act()
    sequencer.catch_up(REAL)
    anchor.path().unlink()
    with pytest.raises(sequencer.LogRolledBack, match="锚定文件.*不存在"):
        sequencer.run_once(REAL)


def test_an_anchor_of_another_key_is_not_accepted(act, settings, tmp_path):
    act()
    sequencer.catch_up(REAL)
    note = anchor.path().read_text()
    settings.KEYS = tmp_path / "other keys"
    anchor.write(note)
    with pytest.raises(anchor.AnchorUnreadable, match="log.key"):
        sequencer.run_once(REAL)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("UPDATE evidence_entry SET leaf = 'x' WHERE leaf_index = 1", "tile/0/000.p/5 与它所覆盖的记录不符"),
        ("UPDATE evidence_entry SET act = 'x' WHERE leaf_index = 1", "查询列与已签署的内容不符"),
        ("UPDATE evidence_entry SET legal_at = now() WHERE leaf_index = 1", "查询列与已签署的内容不符"),
        ("DELETE FROM evidence_entry WHERE leaf_index = 1", "有 5 个哈希, 对应的记录有 4 条"),
    ],
)
def test_what_was_changed_behind_the_triggers_is_named(act, damage, says):
    for _ in range(4):
        act()
    sequencer.catch_up(REAL)
    with behind_the_triggers(), connection.cursor() as cursor:
        cursor.execute(damage)
    with pytest.raises(sequencer.LogDamaged, match=says):
        audit.check_tree()


def test_a_changed_tile_is_not_signed_over(act):
    act()
    sequencer.catch_up(REAL)
    act()
    with behind_the_triggers(), connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_tile SET data = set_byte(data, 0, (get_byte(data, 0) + 1) % 256)")
    with pytest.raises(sequencer.LogRolledBack, match="不一致"):
        sequencer.run_once(REAL)


@pytest.mark.django_db(transaction=True)
def test_one_notification_a_publication_and_none_for_an_act(act):
    from ggzy.evidence import aside

    with aside.connect() as listener:
        listener.execute("LISTEN ggzy_log")
        act()
        act(escrowed=True)
        assert not list(listener.notifies(timeout=0.2))
        sequencer.run_once(REAL)
        assert [note.payload for note in listener.notifies(timeout=0.5)] == ["0:1"]


@pytest.mark.django_db(transaction=True)
def test_the_command_catches_up_and_says_how_far(act, capsys):
    act()
    assert job.main(["--once"]) == 0
    assert capsys.readouterr().out == "日志现有 2 条记录\n"
    assert job.main(["--what"]) == 2
    restore(0)
    assert job.main(["--once"]) == 1
    assert "数据库被恢复到了更早的状态" in capsys.readouterr().err


def test_the_heartbeat_tells_the_doctor(settings, tmp_path):
    settings.VAR = tmp_path
    job.heartbeat(REAL, refusal="停")
    beat = json.loads((tmp_path / "run" / "sequencer.heartbeat").read_text())
    assert beat["at"] == REAL.isoformat()
    assert (beat["size"], beat["refusal"]) == (None, "停")


def test_ticks_keep_to_the_grid_however_long_they_take(settings):
    settings.CHECKPOINT_SECONDS = 1.0
    start = REAL.replace(microsecond=200_000)
    for took, wait in ((0.1, 0.7), (0.7, 0.1), (0.9, 0.9), (5.0, 0.8)):
        assert job._until_next(start, start + timedelta(seconds=took)) == pytest.approx(wait, abs=1e-3)


def test_batches_keep_to_their_grid(act, settings):
    settings.ESCROW_SECONDS = 60.0
    made = [sequencer.run_once(REAL + timedelta(seconds=s)).batch for s in (0, 1, 59, 60, 61, 130, 179, 180)]
    assert made == [1, None, None, 2, None, 3, None, 4]
    assert EscrowBatch.objects.count() == 4

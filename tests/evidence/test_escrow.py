"""Escrow: what is outside looks the same with no entry and with fifty, and nothing comes out before its time."""

import json
from datetime import timedelta

import pytest
from django.db import transaction

from ggzy.evidence import escrow, queries, sequencer, tlog
from ggzy.evidence.actions import disclose, disclose_hashes
from ggzy.evidence.models import Entry, EscrowBatch
from ggzy.kernel.refusals import NotFound

from .conftest import BIDDER, NOON, REAL

pytestmark = pytest.mark.django_db


def outside(minutes=3):
    """Everything the public can see of a log over some minutes, but for what is random by design."""
    seen = []
    for second in range(0, 60 * minutes, 10):
        sequencer.run_once(REAL + timedelta(seconds=second))
        feed = queries.feed(after=-1, limit=1000)
        bundle = queries.tile_data(tlog.TileAddress(None, 0, len(feed))) if feed else b""
        seen.append(
            (
                queries.published_size(),
                [(row.act, len(row.subject), row.ocid, row.round, sorted(row.fields)) for row in feed],
                [len(row.fields["root"]) for row in feed if "root" in row.fields],
                [len(leaf) for leaf in tlog.unbundle(bundle)],
                len(queries.pack(scope={"round": "round-1"}, level="supervisor")["entries"]),
            )
        )
    return seen


@pytest.mark.parametrize("entries", [1, 50])
def test_no_entry_and_many_entries_look_the_same(act, settings, tmp_path, entries):
    def world(count, keys):
        settings.KEYS = tmp_path / keys
        with transaction.atomic():
            for _ in range(count):
                act("bidding.submitted", actor=BIDDER, escrowed=True, party={"price": "1.00"})
            seen = outside()
            assert Entry.objects.filter(escrowed=True, batch__isnull=False).count() == count
            transaction.set_rollback(True)
        return seen

    assert world(0, "idle") == world(entries, "busy")


def test_overflow_waits_for_the_next_batch(act, monkeypatch):
    monkeypatch.setattr(escrow, "SLOTS", 8)
    hashes = [act("bidding.submitted", escrowed=True).entry_hash for _ in range(11)]
    sequencer.run_once(REAL)
    assert set(Entry.objects.filter(batch__number=1).values_list("entry_hash", flat=True)) == set(hashes[:8])
    sequencer.run_once(REAL + timedelta(minutes=1))
    assert set(Entry.objects.filter(batch__number=2).values_list("entry_hash", flat=True)) == set(hashes[8:])


def test_slots_are_drawn_all_over_the_tree():
    drawn = escrow.draw_slots(512)
    assert len(set(drawn)) == 512
    assert drawn != sorted(drawn)
    assert min(drawn) < 256 and max(drawn) >= 768


def test_the_root_in_the_log_is_that_of_the_batch(act):
    act(escrowed=True)
    sequencer.catch_up(REAL)
    batch = EscrowBatch.objects.select_related("logged").get()
    values = {
        name: field["value"] for name, field in batch.logged.fields.items() if field["level"] == "public"
    }
    assert values == {"batch": 1, "root": batch.root}
    entry = batch.entries.get()
    tree = escrow.tree(bytes(batch.seed), {entry.slot: bytes.fromhex(entry.entry_hash)})
    assert (tree.size, tree.root.hex()) == (1024, batch.root)


def test_the_moment_of_a_root_does_not_tell_how_long_it_took(act):
    sequencer.run_once(REAL)
    logged = EscrowBatch.objects.get().logged
    assert (logged.recorded_at.microsecond, logged.legal_at.microsecond) == (0, 0)
    assert act().recorded_at.microsecond != 0


def test_nothing_of_an_undisclosed_entry_is_in_any_answer(act):
    hidden = act(
        "bidding.submitted", actor=BIDDER, escrowed=True, public={"bidder": "某建设公司"}, subject="9" * 32
    )
    act()
    sequencer.catch_up(REAL)
    for level in ("public", "party", "supervisor"):
        for scope in ({"round": "round-1"}, {"ocid": "ocds-test-1"}):
            text = json.dumps(queries.pack(scope=scope, level=level), ensure_ascii=False)
            for secret in (hidden.entry_hash, "某建设公司", "9" * 32, "bidding", BIDDER.person):
                assert secret not in text
    text = repr(queries.feed(after=-1, limit=100))
    assert "bidding" not in text and "某建设公司" not in text


def test_after_disclosure_the_entry_stands_in_the_pack_with_its_path(act, django_assert_num_queries):
    entries = [act("bidding.submitted", actor=BIDDER, escrowed=True) for _ in range(3)]
    act()
    sequencer.catch_up(REAL)
    assert disclose_hashes([entry.entry_hash for entry in entries], now=NOON) == 3
    with django_assert_num_queries(4):
        pack = queries.pack(scope={"round": "round-1"}, level="public")
    found = [entry for entry in pack["entries"] if entry["escrow"]]
    assert [entry["entry_hash"] for entry in found] == [entry.entry_hash for entry in entries]
    assert {len(entry["escrow"]["path"]) for entry in found} == {10}
    assert len(pack["escrow_roots"]) == 1


def test_a_disclosed_entry_without_a_batch_is_pending(act):
    entry = act(escrowed=True)
    disclose([entry.pk], now=NOON)
    act()
    sequencer._place()
    sequencer._publish(REAL)
    assert queries.pack(scope={"round": "round-1"}, level="public")["pending"] == [entry.entry_hash]


def test_an_entry_that_is_placed_and_not_published_is_pending(act):
    act()
    sequencer.catch_up(REAL)
    entry = act()
    sequencer._place()
    data = queries.pack(scope={"round": "round-1"}, level="public")
    assert (len(data["entries"]), data["pending"]) == (1, [entry.entry_hash])
    assert queries.proof(entry.entry_hash)["state"] == "waiting"


def test_the_own_proof_comes_with_the_batch(act):
    entry = act(escrowed=True)
    assert queries.proof(entry.entry_hash)["state"] == "waiting"
    sequencer.catch_up(REAL)
    proof = queries.proof(entry.entry_hash)
    assert (proof["state"], proof["promise"], len(proof["escrow"]["path"])) == ("proven", "escrow", 10)
    with pytest.raises(NotFound, match="没有这条存证记录"):
        queries.proof("00" * 32)

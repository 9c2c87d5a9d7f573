"""The sequencer: gives entries their place, signs what is in place, and makes the escrow batches.

One tick is three transactions, in this order, each under the same advisory lock:

1. place    entries get indexes, tiles grow; nothing is signed
2. publish  over what is durable: refuse a fork, sign, write the anchor (fsync), insert the checkpoint, notify
3. escrow   when due, one batch; its root is an entry that the next tick places

Killed anywhere, the next tick goes on: after 1 there are placed leaves nobody has signed; inside 2 the anchor
may be ahead of the checkpoint table, and the same tree is signed again to the same bytes. A signature only
ever covers committed rows and is in the anchor before anybody can see it, so a database restored to an
older state is met by an anchor that it does not reach. Escrow comes last because its work grows with the
number of entries, and the moment of publication must not.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from ggzy.evidence import anchor, escrow, keys, notes, tiles, tlog
from ggzy.evidence.actions import ESCROW_ROOT, record_act
from ggzy.evidence.models import Checkpoint, Entry, EscrowBatch
from ggzy.kernel import clock
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import Refusal

MOST_A_TICK = 5000


class LogRolledBack(Refusal):
    """The database's tree does not continue what this centre has already signed."""

    code = "evidence.rolled_back"
    status = 503


class LogDamaged(Refusal):
    """The stored tree contradicts itself."""

    code = "evidence.damaged"
    status = 503


@dataclass(frozen=True)
class Tick:
    """What one tick did: leaves placed, the published size, and the escrow batch it made, if one was due."""

    placed: int
    size: int
    published: bool
    batch: int | None


def run_once(now_real: datetime) -> Tick:
    """Do one tick at this real moment.

    :raises LogRolledBack: the tree is smaller than, or another than, the one last signed
    :raises LogDamaged: tiles, entries and checkpoints contradict each other
    """
    placed = _place()
    size, published = _publish(now_real)
    return Tick(placed=placed, size=size, published=published, batch=_escrow(now_real))


def catch_up(now_real: datetime) -> Tick:
    """Tick until nothing waits any more, escrow roots included; for tests, `--once` and an orderly stop."""
    while True:
        tick = run_once(now_real)
        if not tick.placed and tick.batch is None:
            return tick


def tree_size() -> int:
    """Return how many leaves have a place (published or not)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(leaf_index) + 1, 0) FROM evidence_entry WHERE centre_id = %s",
            [settings.CENTRE_ID],
        )
        return cursor.fetchone()[0]


@contextmanager
def _locked() -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"ggzy_log:{settings.CENTRE_ID}"]
            )
        yield


def _place() -> int:
    with _locked():
        # never `id > last`: an id given earlier may be committed later
        waiting = list(
            Entry.objects.filter(centre_id=settings.CENTRE_ID, leaf_index=None, escrowed=False)
            .order_by("id")
            .values_list("id", "leaf")[:MOST_A_TICK]
        )
        if not waiting:
            return 0
        size = tree_size()
        refuse_a_fork(size)
        edge = tiles.read(tlog.right_edge(size)) if size else {}
        try:
            changed = tlog.grow(size, edge, [tlog.leaf_hash(bytes(leaf)) for _, leaf in waiting])
        except ValueError as misfit:
            raise LogDamaged(
                f"日志有 {size} 条已定位记录, 但哈希瓦片与之不符({misfit}), 已停止签名, 请先核查数据库"
            ) from None
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE evidence_entry e SET leaf_index = w.place"
                " FROM unnest(%s::bigint[], %s::bigint[]) AS w (id, place) WHERE e.id = w.id",
                [[pk for pk, _ in waiting], list(range(size, size + len(waiting)))],
            )
        tiles.write(changed)
        return len(waiting)


def _publish(now_real: datetime) -> tuple[int, bool]:
    with _locked():
        size = tree_size()
        anchored = refuse_a_fork(size)
        last = tiles.published()
        before = last.size if last else 0
        if size == before:
            return size, False
        root = tiles.root(size)
        note = notes.sign(
            notes.Checkpoint(origin=settings.LOG_ORIGIN, size=size, root=root).text,
            name=settings.LOG_ORIGIN,
            key=keys.log_key(),
        )
        if anchored is None or anchored.size < size:
            anchor.write(note)
        Checkpoint.objects.create(
            centre_id=settings.CENTRE_ID, size=size, root=root.hex(), note=note, made_at=now_real
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify('ggzy_log', %s)", [f"{before}:{size}"])
        return size, True


def _escrow(now_real: datetime) -> int | None:
    with _locked():
        last = EscrowBatch.objects.filter(centre_id=settings.CENTRE_ID).order_by("-number").first()
        if last and _period(last.made_at) >= _period(now_real):
            return None
        waiting = list(
            Entry.objects.filter(centre_id=settings.CENTRE_ID, escrowed=True, batch=None)
            .order_by("id")
            .values_list("id", "entry_hash")[: escrow.SLOTS]
        )
        slots = escrow.draw_slots(len(waiting))
        seed = secrets.token_bytes(32)
        filled = {slot: bytes.fromhex(digest) for slot, (_, digest) in zip(slots, waiting, strict=True)}
        root = escrow.tree(seed, filled).root.hex()
        number, public_id = (last.number + 1 if last else 1), new_public_id()
        logged = record_act(
            ESCROW_ROOT,
            subject=public_id,
            actor=SYSTEM,
            legal_at=clock.legal_now().replace(microsecond=0),
            public={"batch": number, "root": root},
        )
        batch = EscrowBatch.objects.create(
            public_id=public_id, number=number, seed=seed, root=root, made_at=now_real, logged=logged
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE evidence_entry e SET batch_id = %s, slot = w.slot"
                " FROM unnest(%s::bigint[], %s::int[]) AS w (id, slot) WHERE e.id = w.id",
                [batch.pk, [pk for pk, _ in waiting], slots],
            )
        return number


def _period(moment: datetime) -> int:
    """Return the number of the escrow period: batches keep to a grid of real time, however late a tick is."""
    return int(moment.timestamp() // settings.ESCROW_SECONDS)


def refuse_a_fork(size: int) -> notes.Checkpoint | None:
    """Return the anchored checkpoint, having made sure that a tree of `size` leaves continues it.

    :raises LogRolledBack: it does not, or the anchor of a log that has published is missing
    :raises AnchorUnreadable: the anchor cannot be read
    """
    anchored = anchor.read()
    if anchored is None:
        if last := tiles.published():
            raise LogRolledBack(
                f"本中心已发布过 {last.size} 条记录的检查点, 但锚定文件 {anchor.path()} 不存在, 无法证明没有回退, 已停止签名。"
                "请从密钥备份或任一验证方取回最后发布的检查点放回原处"
            )
        return None
    if size < anchored.size:
        raise LogRolledBack(
            f"数据库中的日志只有 {size} 条记录, 而本中心已签署过 {anchored.size} 条记录的检查点: 数据库被恢复到了更早的状态,"
            " 已停止签名, 以免出现两本不同的日志。请恢复较新的备份"
        )
    try:
        root = tiles.root(anchored.size)
    except KeyError as missing:
        raise LogDamaged(
            f"日志有 {size} 条已定位记录, 但缺少哈希瓦片 {missing}, 已停止签名, 请先核查数据库"
        ) from None
    if root != anchored.root:
        raise LogRolledBack(
            f"数据库中的日志有 {size} 条记录, 但其前 {anchored.size} 条与本中心已签署的检查点不一致:"
            f" 应为 {anchored.root.hex()}, 实为 {root.hex()}。已停止签名, 请恢复较新的备份"
        )
    return anchored

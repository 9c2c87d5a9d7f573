"""Reading the log: packs for verifiers, the public feed, one entry's proof.

Two rules hold in every function: nothing beyond the last published checkpoint, and of an escrowed entry
nothing at all before it is disclosed (but `proof`, for who holds its hash).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max, Q

from ggzy.evidence import escrow, keys, notes, tiles, tlog
from ggzy.evidence import fields as sealed
from ggzy.evidence.actions import acknowledge
from ggzy.evidence.models import Checkpoint, Entry, EscrowBatch, SecurityEvent
from ggzy.kernel.refusals import NotFound

SCOPES = ("ocid", "lot", "round")


@dataclass(frozen=True)
class FeedRow:
    """A leaf as watchers read it: public ids, moments, public fields."""

    index: int
    act: str
    subject: str
    ocid: str
    lot: str
    round: str
    legal_at: datetime
    recorded_at: datetime
    fields: dict[str, Any]


@dataclass(frozen=True)
class RefusalRow:
    """A refused binding act as supervisors read it."""

    act: str
    subject: str
    round: str
    code: str
    message: str
    person: str
    organisation: str
    role: str
    legal_at: datetime
    recorded_at: datetime


def published_size() -> int:
    """Return the size of the last published checkpoint."""
    last = tiles.published()
    return last.size if last else 0


def checkpoint_note() -> str | None:
    """Return the last published checkpoint as a signed note, or None before the first."""
    last = tiles.published()
    return last.note if last else None


def tile_data(address: tlog.TileAddress) -> bytes | None:
    """Return a tile, or a bundle of entries, as far as it is published; None where it is not.

    A narrower width is a prefix of the stored tile, so every size ever published is served from one row.
    """
    if tlog.tile_width(address.level or 0, address.index, published_size()) < address.width:
        return None
    if address.level is not None:
        data = tiles.read([(address.level, address.index)]).get((address.level, address.index), b"")
        return data[: address.width * tlog.HASH]
    first = address.index * tlog.TILE_WIDTH
    leaves = Entry.objects.filter(
        centre_id=settings.CENTRE_ID, leaf_index__gte=first, leaf_index__lt=first + address.width
    ).order_by("leaf_index")
    return tlog.bundle(bytes(leaf) for leaf in leaves.values_list("leaf", flat=True))


def feed(*, after: int, limit: int) -> list[FeedRow]:
    """Return up to `limit` published leaves with an index above `after` (-1: from the first), never skipping one."""
    rows = Entry.objects.filter(
        centre_id=settings.CENTRE_ID, leaf_index__gt=after, leaf_index__lt=published_size()
    ).order_by("leaf_index")
    columns = ("leaf_index", "act", "subject", "ocid", "lot", "round", "legal_at", "recorded_at", "fields")
    return [
        FeedRow(*row, fields=_public(fields)) for *row, fields in rows.values_list(*columns)[: max(0, limit)]
    ]


def acts_of(ocid: str) -> list[FeedRow]:
    """Return the published leaves of one process, in the log's order."""
    columns = tuple(column for column in FeedRow.__dataclass_fields__ if column != "index")
    rows = Entry.objects.filter(centre_id=settings.CENTRE_ID, ocid=ocid, leaf_index__lt=published_size())
    return [
        FeedRow(*row[:-1], _public(row[-1]))
        for row in rows.order_by("leaf_index").values_list("leaf_index", *columns)
    ]


def acts_of_round(round_id: str) -> list[FeedRow]:
    """Return the published leaves of one round, in the log's order."""
    return _feed_rows(Entry.objects.filter(round=round_id).order_by("leaf_index"))


def last_index_of_round(round_id: str) -> int:
    """Return the index of the last published leaf of one round, -1 before the first: where a page's live line begins."""
    rows = Entry.objects.filter(centre_id=settings.CENTRE_ID, round=round_id, leaf_index__lt=published_size())
    last = rows.aggregate(last=Max("leaf_index"))["last"]
    return -1 if last is None else int(last)


def last_events(*, by: str, keys: Iterable[str], acts: tuple[str, ...]) -> dict[str, datetime]:
    """Return when something last happened to each round or subject (`by`) among acts that begin with one of these words.

    Escrowed acts are left out: when bidders act is secret.
    """
    begins = Q()
    for start in acts:
        begins |= Q(act__startswith=start)
    rows = Entry.objects.filter(begins, **{f"{by}__in": list(keys)}, escrowed=False)
    return dict(rows.values(by).annotate(last=Max("legal_at")).values_list(by, "last"))


def last_subject(act: str) -> str:
    """Return what an act of no process was last about, published or not yet; "" where it never happened."""
    rows = Entry.objects.filter(centre_id=settings.CENTRE_ID, ocid="", act=act).order_by("-pk")
    return rows.values_list("subject", flat=True).first() or ""


@dataclass(frozen=True)
class ActRow:
    """One act of a person, for whoever it was done for."""

    act: str
    subject: str
    legal_at: datetime


def acts_by(*, person: str, organisation: str, since: datetime, limit: int) -> list[ActRow]:
    """Return what a person did for an organisation since a moment, newest first; the caller has checked who asks."""
    rows = Entry.objects.filter(person=person, organisation=organisation, legal_at__gte=since).order_by("-pk")
    return [ActRow(*row) for row in rows.values_list("act", "subject", "legal_at")[:limit]]


@dataclass(frozen=True)
class LastAct:
    """Who last did something, and when, for those who work on the same thing."""

    person: str
    organisation: str
    legal_at: datetime


def last_act(act: str, *, subject: str) -> LastAct | None:
    """Return the last act of a kind on a subject; the caller has checked that its reader works on it too."""
    rows = Entry.objects.filter(act=act, subject=subject, escrowed=False).order_by("-pk")
    found = rows.values_list("person", "organisation", "legal_at").first()
    return LastAct(*found) if found else None


def moments_of(acts: Iterable[str], *, ocids: Iterable[str]) -> list[tuple[str, str, str, str, datetime]]:
    """Return act, subject, ocid, round and legal moment of the published leaves of some acts, in the log's order."""
    rows = Entry.objects.filter(
        centre_id=settings.CENTRE_ID,
        ocid__in=list(ocids),
        act__in=list(acts),
        leaf_index__lt=published_size(),
    )
    return list(rows.order_by("leaf_index").values_list("act", "subject", "ocid", "round", "legal_at"))


def newest(*, limit: int, without: Iterable[str] = ()) -> list[FeedRow]:
    """Return the newest published leaves but those of some acts, newest first."""
    return _feed_rows(Entry.objects.exclude(act__in=list(without)).order_by("-leaf_index"), limit=limit)


def _feed_rows(rows: Any, *, limit: int | None = None) -> list[FeedRow]:
    columns = ("leaf_index", *(column for column in FeedRow.__dataclass_fields__ if column != "index"))
    covered = rows.filter(centre_id=settings.CENTRE_ID, leaf_index__lt=published_size())
    return [FeedRow(*row[:-1], _public(row[-1])) for row in covered.values_list(*columns)[:limit]]


def refusals(*, limit: int, round: str = "") -> list[RefusalRow]:
    """Return the newest refused binding acts (of one round), for supervisors only."""
    rows = SecurityEvent.objects.filter(centre_id=settings.CENTRE_ID)
    if round:
        rows = rows.filter(round=round)
    columns = tuple(RefusalRow.__dataclass_fields__)
    return [RefusalRow(*row) for row in rows.order_by("-id").values_list(*columns)[:limit]]


def pack(*, scope: Mapping[str, str], level: str) -> dict[str, Any]:
    """Return everything a verifier needs for one process, lot or round, as this level of reader may see it.

    `scope` is one of {"ocid": …}, {"lot": …}, {"round": …}. Entries stand in the order of recording; those
    the tree does not cover yet are named by hash in `pending`. Five queries, however many entries.

    :raises ValueError: another scope or level
    """
    if (
        len(scope) != 1
        or not set(scope) <= set(SCOPES)
        or not all(scope.values())
        or level not in sealed.LEVELS
    ):
        raise ValueError(f"no pack of {dict(scope)} at level {level}")
    last = tiles.published()
    rows = list(
        Entry.objects.filter(Q(escrowed=False) | Q(disclosed_at__isnull=False), centre_id=settings.CENTRE_ID)
        .filter(**scope)
        .select_related("batch__logged")
        .order_by("id")
    )
    ready = [row for row in rows if _covered(row, last)]
    batches = {row.batch.pk: row.batch for row in ready if row.batch}
    roots = {batch.logged.pk: batch.logged for batch in batches.values()}
    proofs = _proofs([*(row for row in ready if not row.escrowed), *roots.values()], last)
    trees = _trees(batches.values())
    return {
        "v": 1,
        "centre": settings.CENTRE_ID,
        "origin": settings.LOG_ORIGIN,
        "scope": dict(scope),
        "level": level,
        "log_key": keys.log_vkey(),
        "ack_key": keys.ack_public(),
        "checkpoint": last.note if last else "",
        "entries": [
            _packed(row, level)
            | (
                _slot(row, trees)
                if row.escrowed
                else {"index": row.leaf_index, "proof": proofs[row.leaf_index]}
            )
            for row in ready
        ],
        "escrow_roots": [
            _packed(row, "public") | {"index": row.leaf_index, "proof": proofs[row.leaf_index]}
            for row in roots.values()
        ],
        "pending": [row.entry_hash for row in rows if not _covered(row, last)],
    }


def proof(entry_hash: str) -> dict[str, Any]:
    """Return the proof of one entry, for who acted (ask for permission before calling).

    `state` is "waiting" until a published checkpoint covers it. `tlog_proof` is the C2SP file of the leaf: the
    entry itself, or the root of the escrow batch whose slot `escrow` leads to.

    :raises NotFound: no such entry
    """
    row = (
        Entry.objects.select_related("batch__logged")
        .filter(centre_id=settings.CENTRE_ID, entry_hash=entry_hash)
        .first()
    )
    if row is None:
        raise NotFound("没有这条存证记录, 请核对回执中的记录哈希")
    last = tiles.published()
    answer = {
        "entry_hash": row.entry_hash,
        "leaf": bytes(row.leaf).decode(),
        "promise": "escrow" if row.escrowed else "leaf",
        "log_key": keys.log_vkey(),
    }
    if last is None or not _covered(row, last):
        return answer | {"state": "waiting"}
    leaf = row.batch.logged if row.escrowed else row
    path = _proofs([leaf], last)[leaf.leaf_index]
    file = notes.Proof(
        index=leaf.leaf_index, hashes=tuple(map(bytes.fromhex, path)), checkpoint=last.note
    ).text
    answer |= {
        "state": "proven",
        "index": leaf.leaf_index,
        "proof": path,
        "checkpoint": last.note,
        "tlog_proof": file,
    }
    if row.escrowed:
        answer |= _slot(row, _trees([row.batch])) | {
            "index": leaf.leaf_index,
            "proof": path,
            "root_entry": _packed(leaf, "public"),
        }
    return answer


def entries_with_proofs(public_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return entries in the order of recording, each with its fields, its moments and its proof, escrowed or not.

    For whom they are about (ask for permission before calling): nothing in it tells of any other entry.
    """
    rows = Entry.objects.filter(centre_id=settings.CENTRE_ID, public_id__in=list(public_ids)).order_by("id")
    return [
        {
            "act": row.act,
            "legal_at": row.legal_at,
            "recorded_at": row.recorded_at,
            "fields": sealed.shown(row.fields, sealed.own_values(row), level="supervisor"),
            **proof(row.entry_hash),
        }
        for row in rows
    ]


def _public(fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: field["value"]
        for name, field in fields.items()
        if field["level"] == "public" and "value" in field
    }


def _covered(row: Entry, last: Checkpoint | None) -> bool:
    leaf = (row.batch.logged if row.batch else None) if row.escrowed else row
    return (
        last is not None and leaf is not None and leaf.leaf_index is not None and leaf.leaf_index < last.size
    )


def _packed(row: Entry, level: str) -> dict[str, Any]:
    return {
        "entry_hash": row.entry_hash,
        "leaf": bytes(row.leaf).decode(),
        "fields": sealed.shown(row.fields, sealed.own_values(row), level=level),
        "escrow": None,
    }


def _slot(row: Entry, trees: Mapping[int, tlog.Pyramid]) -> dict[str, Any]:
    path = tlog.inclusion_proof(row.slot, escrow.SLOTS, trees[row.batch.pk])
    return {
        "index": None,
        "proof": [],
        "escrow": {
            "batch": row.batch.number,
            "slot": row.slot,
            "path": [part.hex() for part in path],
            "root": row.batch.root,
            "root_entry_hash": row.batch.logged.entry_hash,
        },
    }


def _proofs(rows: Iterable[Entry], last: Checkpoint | None) -> dict[int, list[str]]:
    indexes = [row.leaf_index for row in rows]
    if last is None or not indexes:
        return {}
    found = tiles.compute(lambda node: [tlog.inclusion_proof(index, last.size, node) for index in indexes])
    return {index: [part.hex() for part in path] for index, path in zip(indexes, found, strict=True)}


def _trees(batches: Iterable[EscrowBatch]) -> dict[int, tlog.Pyramid]:
    seeds = {batch.pk: bytes(batch.seed) for batch in batches}
    if not seeds:
        return {}
    filled: dict[int, dict[int, bytes]] = {pk: {} for pk in seeds}
    for pk, slot, digest in Entry.objects.filter(batch__in=seeds).values_list(
        "batch_id", "slot", "entry_hash"
    ):
        filled[pk][slot] = bytes.fromhex(digest)
    return {pk: escrow.tree(seed, filled[pk]) for pk, seed in seeds.items()}


def acknowledgement(entry_hash: str) -> dict[str, Any]:
    """Return the centre's acknowledgement of an entry again, for who acted (ask for permission before calling).

    :raises NotFound: no such entry
    """
    row = Entry.objects.filter(centre_id=settings.CENTRE_ID, entry_hash=entry_hash).first()
    if row is None:
        raise NotFound("没有这条存证记录, 请核对回执中的记录哈希")
    return acknowledge(row)

"""Writing to the log: acts, refusals, disclosure, erasure. What is read is in queries.py."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from psycopg.types.json import Jsonb

from ggzy.evidence import acks, aside, keys
from ggzy.evidence import fields as sealed
from ggzy.evidence.models import Entry
from ggzy.kernel.actors import Actor
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import Refusal

# The database puts its own clock into the leaf: one statement, one round trip, no clock of a web server.
_INSERT = """
INSERT INTO evidence_entry (centre_id, region_code, public_id, act, subject, ocid, lot, round, person,
  organisation, role, certificate, address, legal_at, escrowed, fields, recorded_at, leaf, entry_hash)
SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
  made.at, made.leaf, encode(sha256('\\x00'::bytea || made.leaf), 'hex')
FROM (SELECT at, %s::bytea || convert_to(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')
        || %s::bytea AS leaf
      FROM (SELECT date_trunc(%s, clock_timestamp()) AS at OFFSET 0) AS clock OFFSET 0) AS made
RETURNING id, recorded_at, leaf, entry_hash
"""

#: this leaf is public while its batch is secret: microseconds would tell how long gathering the entries took
ESCROW_ROOT = "evidence.escrow_root"

_REFUSED = """
INSERT INTO evidence_securityevent (centre_id, region_code, public_id, act, subject, round, code, message,
  person, organisation, role, certificate, address, legal_at, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())
"""


def record_act(
    act: str,
    *,
    subject: str,
    actor: Actor,
    legal_at: datetime,
    ocid: str = "",
    lot: str = "",
    round: str = "",
    public: Mapping[str, Any] | None = None,
    party: Mapping[str, Any] | None = None,
    supervisor: Mapping[str, Any] | None = None,
    escrowed: bool = False,
) -> Entry:
    """Record one act in the caller's transaction and return its entry, not yet placed.

    `public`, `party` and `supervisor` are the fields, by who may one day read them; money and times become
    strings. An escrowed entry is never a leaf of its own and is in no pack until it is disclosed.

    :raises RuntimeError: outside a transaction (an act without its entry must be impossible)
    :raises TypeError: a float, or a value JSON has no word for
    :raises ValueError: one field name at two levels
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record_act belongs into the transaction of the act")
    entry, row = _drawn_up(
        act,
        subject=subject,
        actor=actor,
        legal_at=legal_at,
        ocid=ocid,
        lot=lot,
        round=round,
        levels={"public": public, "party": party, "supervisor": supervisor},
        escrowed=escrowed,
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, row)
        entry.pk, entry.recorded_at, leaf, entry.entry_hash = cursor.fetchone()
    entry.leaf = bytes(leaf)
    entry._state.adding, entry._state.db = False, connection.alias
    return entry


def record_escrowed(
    act: str, *, subjects: Mapping[str, Mapping[str, Any]], actor: Actor, legal_at: datetime
) -> dict[str, str]:
    """Record the same act for many subjects at once, each an escrowed entry of its own in no process.

    `subjects` is {subject: supervisor fields}; returns {subject: public id of its entry}. One statement is prepared
    once and sent for all of them together, however many there are.

    :raises RuntimeError: outside a transaction
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record_escrowed belongs into the transaction of the act")
    drawn = [
        _drawn_up(
            act, subject=subject, actor=actor, legal_at=legal_at, levels={"supervisor": fields}, escrowed=True
        )
        for subject, fields in subjects.items()
    ]
    if drawn:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, [row for _, row in drawn])
    return {entry.subject: entry.public_id for entry, _ in drawn}


def _drawn_up(
    act: str,
    *,
    subject: str,
    actor: Actor,
    legal_at: datetime,
    levels: Mapping[str, Mapping[str, Any] | None],
    escrowed: bool,
    ocid: str = "",
    lot: str = "",
    round: str = "",
) -> tuple[Entry, tuple[Any, ...]]:
    """Return an entry without its moment, and the row that the database puts its clock into."""
    entry = Entry(
        centre_id=settings.CENTRE_ID,
        region_code=settings.CENTRE_REGION,
        public_id=new_public_id(),
        act=act,
        subject=subject,
        ocid=ocid,
        lot=lot,
        round=round,
        person=actor.person,
        organisation=actor.organisation,
        role=str(actor.role),
        certificate=actor.certificate,
        address=actor.address,
        legal_at=legal_at,
        escrowed=escrowed,
    )
    entry.fields = sealed.seal(own=sealed.own_values(entry), levels=levels)
    before, after = sealed.leaf_around(
        centre=entry.centre_id,
        act=act,
        subject=subject,
        ocid=ocid,
        lot=lot,
        round=round,
        legal_at=legal_at,
        fields=entry.fields,
    )
    row = (
        entry.centre_id,
        entry.region_code,
        entry.public_id,
        act,
        subject,
        ocid,
        lot,
        round,
        entry.person,
        entry.organisation,
        entry.role,
        entry.certificate,
        entry.address,
        legal_at,
        escrowed,
        Jsonb(entry.fields),
        before,
        after,
        "second" if act == ESCROW_ROOT else "microsecond",
    )
    return entry, row


def acknowledge(entry: Entry) -> dict[str, Any]:
    """Return the centre's signed acknowledgement of an entry (`acks.verify` checks it)."""
    return acks.sign(
        {
            "centre": entry.centre_id,
            "entry_hash": entry.entry_hash,
            "received_at": sealed.stamp(entry.legal_at),
            "recorded_at": sealed.stamp(entry.recorded_at),
            "merge_delay_seconds": settings.MERGE_DELAY_SECONDS,
            "promise": "escrow" if entry.escrowed else "leaf",
        },
        key=keys.ack_key(),
    )


def record_refusal(
    act: str, *, refusal: Refusal, actor: Actor, legal_at: datetime, subject: str = "", round: str = ""
) -> None:
    """Write a refused binding act to the private security log, whatever becomes of the caller's transaction.

    Best called where the refusal is caught, after the rollback. Inside a transaction a connection of its own
    is opened, not taken from the pool: a pool whose every connection waits for a second one would stand still.
    """
    row = (
        settings.CENTRE_ID,
        settings.CENTRE_REGION,
        new_public_id(),
        act,
        subject,
        round,
        refusal.code,
        refusal.message,
        actor.person,
        actor.organisation,
        str(actor.role),
        actor.certificate,
        actor.address,
        legal_at.astimezone(UTC),
    )
    # as Django's own check of durable blocks does, the block around a test is not counted as one
    if any(not block._from_testcase for block in connection.atomic_blocks):
        with aside.connect() as own:
            own.execute(_REFUSED, row)
        return
    with connection.cursor() as cursor:
        cursor.execute(_REFUSED, row)


def disclose(entries: QuerySet[Entry] | Iterable[int], *, now: datetime) -> int:
    """Mark escrowed entries as disclosed from `now` on and return how many were new.

    Called after the opening, by the act that makes them public; what is not escrowed is passed over.
    """
    rows = entries if isinstance(entries, QuerySet) else Entry.objects.filter(pk__in=list(entries))
    return rows.filter(escrowed=True, disclosed_at=None).update(disclosed_at=now)


def disclose_hashes(hashes: Iterable[str], *, now: datetime) -> int:
    """Mark the escrowed entries with these hashes as disclosed; see `disclose`."""
    return disclose(Entry.objects.filter(centre_id=settings.CENTRE_ID, entry_hash__in=list(hashes)), now=now)


def disclose_acts(*, round_id: str, acts: Iterable[str], now: datetime) -> int:
    """Mark the escrowed entries of these acts in a round as disclosed; see `disclose`."""
    rows = Entry.objects.filter(centre_id=settings.CENTRE_ID, round=round_id, act__in=list(acts))
    return disclose(rows, now=now)


def disclose_round(round: str, *, now: datetime) -> int:
    """Mark every escrowed entry of a round as disclosed; see `disclose`."""
    return disclose(Entry.objects.filter(centre_id=settings.CENTRE_ID, round=round, escrowed=True), now=now)


@transaction.atomic
def erase(entry: Entry, field_names: Iterable[str]) -> Entry:
    """Drop the salts and values of these fields for good; their commitments stay, so the log still verifies.

    The field `person` also empties the columns it commits to.

    :raises ValueError: the entry has no such field
    """
    row = Entry.objects.select_for_update().get(pk=entry.pk)
    names = set(field_names)
    if strange := names - set(row.fields):
        raise ValueError(f"no such field: {', '.join(sorted(strange))}")
    row.fields = {
        name: {key: field[key] for key in ("level", "commitment")} if name in names else field
        for name, field in row.fields.items()
    }
    if "person" in names:
        row.person = row.certificate = row.address = ""
    row.save(update_fields=["fields", "person", "certificate", "address"])
    return row

"""The desk of a witness: checklist, incidents, reminders, the log beside it, and what its report says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ggzy.evidence import queries as evidence
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.parties.grid import Permission, require
from ggzy.ui import words
from ggzy.venues.queries import rooms_by_round
from ggzy.witnessing import rules
from ggzy.witnessing.models import CheckMark, Incident, WitnessSession
from ggzy.witnessing.rules import Kind
from ggzy.witnessing.wall import ACTS, watched


def last_marks(session: WitnessSession) -> dict[str, CheckMark]:
    """Return the mark that counts of each item."""
    return {m.item: m for m in CheckMark.objects.filter(session=session).order_by("pk")}


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """One item of the checklist with its mark, if any."""

    key: str
    says: str
    basis: str
    result: str
    label: str
    note: str
    marked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class IncidentRow:
    """An incident as witness and supervisor read it."""

    incident: str
    session: str
    title: str
    label: str
    text: str
    happened_at: datetime
    registered_at: datetime
    evidence: tuple[dict[str, Any], ...]
    notified_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    opinion: str


@dataclass(frozen=True, kw_only=True)
class DeskRow:
    """One session as its page shows it."""

    session: str
    kind: str
    label: str
    title: str
    tender: str
    round: str
    step: str
    start: datetime | None
    over: bool
    state: str
    state_label: str
    started_at: datetime
    ended_at: datetime | None
    reported_at: datetime | None
    report: str
    mine: bool
    items: tuple[ItemRow, ...]
    incidents: tuple[IncidentRow, ...]
    reminders: tuple[tuple[datetime, str], ...]
    timeline: tuple[dict[str, Any], ...]


def desk(session_id: str, *, viewer: Actor) -> DeskRow:
    """Return a session to the centre and the supervisor.

    :raises NotFound: no such session
    """
    require(viewer, Permission.WITNESS_READ)
    session = WitnessSession.objects.select_related("round__lot__tender").filter(public_id=session_id).first()
    if session is None:
        raise NotFound("没有这场见证", next_steps=(("见证墙", "/work/witness"),))
    found = watched(kind=session.kind, subject=session.subject)
    return DeskRow(
        session=session.public_id,
        kind=session.kind,
        label=found.kind.label,
        title=_title(session),
        tender=session.round.lot.tender.public_id,
        round=session.round.public_id,
        step=found.step,
        start=found.start,
        over=found.facts.over,
        state=session.state,
        state_label=rules.STATES[session.state],
        started_at=session.started_at,
        ended_at=session.ended_at,
        reported_at=session.reported_at,
        report=session.report,
        mine=viewer.role is Role.CENTRE and session.witness_id == viewer.account_pk,
        items=_items(session),
        incidents=_incidents(Incident.objects.filter(session=session)),
        reminders=tuple(session.reminders.order_by("pk").values_list("sent_at", "text")),
        timeline=tuple(_timeline(session)),
    )


def _title(session: WitnessSession) -> str:
    lot = session.round.lot
    return lot.tender.name if session.kind == Kind.DRAW else f"{lot.tender.name} · {lot.name}"


def _items(session: WitnessSession) -> tuple[ItemRow, ...]:
    marks = last_marks(session)
    out = []
    for item in rules.CHECKS[Kind(session.kind)]:
        mark = marks.get(item.key)
        out.append(
            ItemRow(
                key=item.key,
                says=item.says,
                basis=str(item.basis or ""),
                result=mark.result if mark else "",
                label=rules.RESULTS[mark.result] if mark else "未核对",
                note=mark.note if mark else "",
                marked_at=mark.marked_at if mark else None,
            )
        )
    return tuple(out)


def _incidents(rows: Any) -> tuple[IncidentRow, ...]:
    return tuple(
        IncidentRow(
            incident=i.public_id,
            session=i.session.public_id,
            title=_title(i.session),
            label=rules.INCIDENTS[i.kind],
            text=i.text,
            happened_at=i.happened_at,
            registered_at=i.registered_at,
            evidence=tuple(i.evidence),
            notified_at=i.notified_at,
            acknowledged_at=i.acknowledged_at,
            acknowledged_by=i.acknowledged_by.name if i.acknowledged_by else "",
            opinion=i.opinion,
        )
        for i in rows.select_related("session__round__lot__tender", "acknowledged_by").order_by("pk")
    )


def _timeline(session: WitnessSession) -> list[dict[str, Any]]:
    """Return what the log says of a session: its acts, never a bidder's."""
    kind = Kind(session.kind)
    told = (
        [row for row in evidence.acts_of(session.round.lot.tender.ocid) if row.subject == session.subject]
        if kind is Kind.DRAW
        else evidence.acts_of_round(session.round.public_id)
    )
    return [
        {"at": row.legal_at, "act": words.act(row.act), "index": row.index}
        for row in told
        if row.act.startswith(ACTS[kind])
    ]


def unread(*, viewer: Actor) -> tuple[IncidentRow, ...]:
    """Return the incidents that wait for the supervisor to acknowledge them.

    :raises NotPermitted: only the supervisor
    """
    require(viewer, Permission.WITNESS_ACKNOWLEDGE)
    return _incidents(Incident.objects.filter(notified_at__isnull=False, acknowledged_at=None))


def file_of(*, session_id: str, digest: str, viewer: Actor) -> str:
    """Return the name of a file of a session, its report included, that the viewer may read.

    :raises NotFound: not a file of this session
    """
    found = desk(session_id, viewer=viewer)
    if digest and digest == found.report:
        return "见证报告.pdf"
    for incident in found.incidents:
        for one in incident.evidence:
            if one["sha256"] == digest:
                return str(one["name"])
    raise NotFound("这场见证没有这份文件")


def report_facts(session: WitnessSession) -> dict[str, Any]:
    """Return what the report says: checklist, incidents, reminders, and the timeline from the log."""
    kind = Kind(session.kind)
    lot = session.round.lot
    place = rooms_by_round([session.round.public_id]).get((session.round.public_id, session.kind), "")
    return {
        "kind": kind.label,
        "tender": lot.tender.name,
        "lot": lot.name,
        "deal_code": lot.tender.deal_code,
        "room": place or "线上",
        "witness": str(session.witness.person.name),
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "items": [
            {"says": i.says, "basis": i.basis, "label": i.label, "note": i.note, "at": i.marked_at}
            for i in _items(session)
        ],
        "incidents": [
            {
                "label": i.label,
                "text": i.text,
                "at": i.happened_at,
                "files": [f"{one['name']} {one['sha256']}" for one in i.evidence],
                "told": i.notified_at,
                "read": i.acknowledged_at,
            }
            for i in _incidents(Incident.objects.filter(session=session))
        ],
        "reminders": [
            {"at": at, "text": text}
            for at, text in session.reminders.order_by("pk").values_list("sent_at", "text")
        ],
        "timeline": _timeline(session),
        "clause": str(rules.LOOKS_ONLY),
    }

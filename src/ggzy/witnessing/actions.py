"""Acts of a witness: begin, mark, register, remind, tell the supervisor, end, report. None touches the tender."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.identity.models import Sealing
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.parties.queries import accounts_of_role
from ggzy.seals.sealing import finish_seal, prepare_seal
from ggzy.tendering.moves import place_of
from ggzy.ui.documents import witness_pdf
from ggzy.witnessing import rules
from ggzy.witnessing.models import CheckMark, Incident, Reminder, WitnessSession
from ggzy.witnessing.queries import last_marks, report_facts
from ggzy.witnessing.wall import facts_of, watched

REPORT = "witness_report"
#: one word for all that a witness writes down: that something was out of order in an evaluation is not for the public log
NOTED = "witnessing.noted"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it came in: its size is known before it is read."""

    name: str
    size: int
    read: Callable[[], bytes]


@transaction.atomic
def begin(*, kind: str, subject: str, actor: Actor, now: datetime) -> WitnessSession:
    """Begin to witness an opening, a draw or an evaluation; a second time is refused with who witnesses.

    :raises NotNow: long before it, after it, or somebody witnesses already
    """
    require(actor, Permission.WITNESS)
    found = watched(kind=kind, subject=subject, lock=True)
    if WitnessSession.objects.filter(kind=kind, subject=subject).exists():
        raise rules.NotNow("该场已有见证员见证, 请从见证墙进入")
    rules.require_may_begin(found.facts, now=now)
    session = WitnessSession.objects.create(
        kind=kind,
        subject=subject,
        round=found.round,
        witness_id=actor.account_pk,
        started_at=now,
        region_code=found.round.region_code,
    )
    _record("witnessing.begun", session, actor=actor, now=now)
    return session


@transaction.atomic
def mark(
    *, session_id: str, item: str, result: str, note: str = "", actor: Actor, now: datetime
) -> CheckMark:
    """Mark an item of the checklist; a later mark counts, the earlier one stays readable. The same again changes nothing.

    :raises BadInput: no such item or result, or 不符 without saying why
    """
    require(actor, Permission.WITNESS)
    session = _locked(session_id, actor)
    note = note.strip()[:500]
    if item not in {one.key for one in rules.CHECKS[rules.Kind(session.kind)]}:
        raise BadInput("没有这个核对项, 请刷新页面", field="item")
    if result not in rules.RESULTS:
        raise BadInput("请选择符合、不符或不适用", field="result")
    if result == "no" and not note:
        raise BadInput("不符的请写明情况", field="note")
    last = last_marks(session).get(item)
    if last is not None and (last.result, last.note) == (result, note):
        return last
    made = CheckMark.objects.create(session=session, item=item, result=result, note=note, marked_at=now)
    _record(NOTED, session, actor=actor, now=now, what="marked", item=item, result=result, note=note)
    return made


@transaction.atomic
def register(
    *,
    session_id: str,
    kind: str,
    text: str,
    happened_at: datetime,
    evidence: Sequence[Upload],
    notify: bool,
    actor: Actor,
    now: datetime,
) -> Incident:
    """Write down something out of order with its evidence, and tell the supervisor if it cannot wait.

    :raises BadInput: no text, no such kind, or a moment in the future
    :raises EvidenceRefused: files that are too large, too many or of another kind; nothing is kept
    """
    require(actor, Permission.WITNESS)
    session = _locked(session_id, actor)
    text = rules.require_incident(kind=kind, text=text, happened_at=happened_at, now=now)
    rules.require_evidence([(one.name, one.size) for one in evidence])
    kept = [{"sha256": files.keep(one.read()), "name": one.name[-200:], "size": one.size} for one in evidence]
    made = Incident.objects.create(
        session=session, kind=kind, text=text, happened_at=happened_at, registered_at=now, evidence=kept
    )
    _record(
        NOTED,
        session,
        actor=actor,
        now=now,
        what="incident",
        incident=made.public_id,
        kind=kind,
        text=text,
        happened_at=happened_at.isoformat(),
        evidence=[one["sha256"] for one in kept],
    )
    if notify:
        _notify(made, session, actor=actor, now=now)
    return made


@transaction.atomic
def notify(*, incident_id: str, actor: Actor, now: datetime) -> Incident:
    """Tell the supervisor of an incident; told once, the second time changes nothing."""
    require(actor, Permission.WITNESS)
    row = _incident(incident_id)
    session = _locked(row.session.public_id, actor, until=WitnessSession.ENDED)
    if row.notified_at is None:
        _notify(row, session, actor=actor, now=now)
    return row


def _notify(row: Incident, session: WitnessSession, *, actor: Actor, now: datetime) -> None:
    row.notified_at = now
    row.save(update_fields=["notified_at"])
    lot = session.round.lot
    tell(
        organisations=[a.organisation_id for a in accounts_of_role(Role.SUPERVISOR) if a.organisation_id],
        kind=Kind.SERVICE,
        title=f"见证异常: {rules.INCIDENTS[row.kind]}",
        text=f"{lot.tender.name}（{lot.name}）{rules.Kind(session.kind).label}见证中登记了异常, 请阅知。",
        link=f"/work/witness/{session.public_id}",
        now=now,
    )
    _record(NOTED, session, actor=actor, now=now, what="supervisor_told", incident=row.public_id)


@transaction.atomic
def acknowledge(*, incident_id: str, opinion: str, actor: Actor, now: datetime) -> Incident:
    """Say that the supervisor has read an incident, with an opinion if there is one.

    :raises NotNow: it was not told to the supervisor
    :raises AlreadyAcknowledged: acknowledged before
    """
    require(actor, Permission.WITNESS_ACKNOWLEDGE)
    row = _incident(incident_id)
    if row.notified_at is None:
        raise rules.NotNow("该异常尚未报送监督部门")
    if row.acknowledged_at is not None:
        raise rules.AlreadyAcknowledged("该异常已经阅知")
    row.acknowledged_at, row.acknowledged_by_id = now, actor.organisation_pk
    row.opinion = opinion.strip()[:500]
    row.save(update_fields=["acknowledged_at", "acknowledged_by", "opinion"])
    _record(
        NOTED,
        row.session,
        actor=actor,
        now=now,
        what="acknowledged",
        incident=row.public_id,
        opinion=row.opinion,
    )
    return row


@transaction.atomic
def remind(*, session_id: str, text: str, actor: Actor, now: datetime) -> Reminder:
    """Remind the owner side, which hosts and decides; a reminder binds nobody.

    :raises BadInput: no text
    """
    require(actor, Permission.WITNESS)
    session = _locked(session_id, actor)
    text = text.strip()
    if not text or len(text) > 500:
        raise BadInput("请写明提醒内容, 不超过500字", field="reminder")
    made = Reminder.objects.create(session=session, text=text, sent_at=now)
    lot = session.round.lot
    opening = session.kind == rules.Kind.OPENING
    tell(
        organisations=[pk for pk in (lot.tender.tenderee_id, lot.tender.agency_id) if pk],
        kind=Kind.SERVICE,
        title=f"见证提醒: {lot.tender.name}（{lot.name}）",
        text=text,
        link=f"/work/rounds/{session.round.public_id}/host"
        if opening
        else f"/work/tenders/{lot.tender.public_id}",
        now=now,
    )
    _record(NOTED, session, actor=actor, now=now, what="reminded", text=text)
    return made


@transaction.atomic
def end(*, session_id: str, actor: Actor, now: datetime) -> WitnessSession:
    """End a session when what it watched is over and every item is marked.

    :raises NotNow: it goes on, or the session has ended before
    :raises StillUnchecked: an item is not marked
    """
    require(actor, Permission.WITNESS)
    session = _locked(session_id, actor)
    rules.require_may_end(facts_of(session), marked=list(last_marks(session)))
    session.state, session.ended_at = WitnessSession.ENDED, now
    session.save(update_fields=["state", "ended_at"])
    _record("witnessing.ended", session, actor=actor, now=now)
    return session


@transaction.atomic
def prepare_report(*, session_id: str, actor: Actor, now: datetime) -> Sealing:
    """Set the report and say which bytes the witness' certificate must sign to seal it.

    :raises NotNow: the session has not ended, or its report is made
    """
    require(actor, Permission.WITNESS_REPORT, signed=True)
    session = _locked(session_id, actor, until=WitnessSession.ENDED, since=WitnessSession.ENDED)
    pdf = witness_pdf(facts=report_facts(session), at=now)
    return prepare_seal(
        pdf=pdf,
        document=files.keep(pdf),
        purpose=REPORT,
        subject=session.public_id,
        box=(330, 40, 530, 110),
        reason="见证报告",
        actor=actor,
        now=now,
    )


@transaction.atomic
def finish_report(*, session_id: str, signature: str, actor: Actor, now: datetime) -> WitnessSession:
    """Seal the report: ended → reported.

    :raises SignatureWrong: the signature is not on the prepared report
    """
    require(actor, Permission.WITNESS_REPORT, signed=True)
    session = _locked(session_id, actor, until=WitnessSession.ENDED, since=WitnessSession.ENDED)
    sealed = finish_seal(purpose=REPORT, subject=session.public_id, signature=signature, actor=actor)
    session.report, session.reported_at = files.keep(sealed.pdf), now
    session.state = WitnessSession.REPORTED
    session.save(update_fields=["report", "reported_at", "state"])
    _record("witnessing.reported", session, actor=actor, now=now, report_sha256=session.report)
    return session


def _incident(incident_id: str) -> Incident:
    row = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("session__round__lot__tender")
        .filter(public_id=incident_id)
        .first()
    )
    if row is None:
        raise NotFound("没有这条异常登记", next_steps=(("见证墙", "/work/witness"),))
    return row


def _locked(
    session_id: str,
    actor: Actor,
    *,
    until: str = WitnessSession.WITNESSING,
    since: str = WitnessSession.WITNESSING,
) -> WitnessSession:
    """Lock a session of this witness that stands between two states.

    :raises NotPermitted: somebody else's
    :raises NotNow: in another state
    """
    session = (
        WitnessSession.objects.select_for_update(of=("self",))
        .select_related("round__lot__tender", "witness")
        .filter(public_id=session_id)
        .first()
    )
    if session is None:
        raise NotFound("没有这场见证", next_steps=(("见证墙", "/work/witness"),))
    if session.witness_id != actor.account_pk:
        raise NotPermitted("这场见证由另一位见证员办理", next_steps=(("见证墙", "/work/witness"),))
    order = [WitnessSession.WITNESSING, WitnessSession.ENDED, WitnessSession.REPORTED]
    if not order.index(since) <= order.index(session.state) <= order.index(until):
        raise rules.NotNow(f"这场见证{rules.STATES[session.state]}, 现在不能办理此事项")
    return session


def _record(act: str, session: WitnessSession, *, actor: Actor, now: datetime, **told: object) -> None:
    """Record an act of the witness. What was seen is for the supervisor; that it was seen is in the log."""
    record_act(
        act,
        subject=session.public_id,
        actor=actor,
        legal_at=now,
        **place_of(session.round),
        # one field, whatever it holds: the names of fields are public too
        supervisor={"noted": {"watched": session.kind, **told}},
    )

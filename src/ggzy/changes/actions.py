"""Changing the dates of a running tender: looked at first, confirmed in one step, done in one transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from ggzy.awarding.actions import resume_after_hold
from ggzy.bidding.models import Bid
from ggzy.changes import fronting, places, planning, proofs, rules
from ggzy.changes.models import Change, Outage
from ggzy.changes.planning import RUNNING, Ground
from ggzy.changes.rules import Kind, Plan, Wish
from ggzy.changes.steps import give_up_draw, new_change
from ggzy.deadlines.actions import cancel_timer, set_timer
from ggzy.evidence.actions import record_act
from ggzy.inquiries.actions import answer_with
from ggzy.inquiries.queries import takers
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import real_now
from ggzy.kernel.pulse import Silence
from ggzy.kernel.refusals import BadInput, Citation, NotPermitted
from ggzy.law.families import family
from ggzy.law.limits import TimeLimit
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind as MessageKind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import pauses
from ggzy.opening.queries import all_bidders
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Hold, Stage
from ggzy.tendering.actions import CLOSE_BIDDING
from ggzy.tendering.fronts import admitted
from ggzy.tendering.models import HoldRow, Round, Tender
from ggzy.tendering.moves import (
    lift_hold,
    lock_rounds_of,
    make_move,
    require_move,
    require_owner_side,
    require_tenderee,
    set_hold,
)
from ggzy.tendering.stamps import law_of
from ggzy.tendering.versions import issue, newest, working_copy

#: what stops moves but no window of an opening
_NO_PAUSE = [Hold.OBJECTION.value, Hold.CHALLENGE.value]
_PERMISSIONS = {
    Kind.CLARIFY: Permission.CHANGE_MAKE,
    Kind.POSTPONE: Permission.CHANGE_MAKE,
    Kind.SUSPEND: Permission.TENDER_SUSPEND,
    Kind.RESUME: Permission.TENDER_SUSPEND,
    Kind.TERMINATE: Permission.TENDER_TERMINATE,
    Kind.OUTAGE: Permission.OUTAGE_REPORT,
    Kind.END_OUTAGE: Permission.OUTAGE_REPORT,
}
_NOTICES = {
    Kind.CLARIFY: NoticeKind.CLARIFICATION,
    Kind.POSTPONE: NoticeKind.POSTPONEMENT,
    Kind.SUSPEND: NoticeKind.SUSPENSION,
    Kind.RESUME: NoticeKind.RESUMPTION,
    Kind.TERMINATE: NoticeKind.TERMINATION,
    Kind.OUTAGE: NoticeKind.SUSPENSION,
    Kind.END_OUTAGE: NoticeKind.RESUMPTION,
}


def _ground(tender_id: str, wish: Wish, *, actor: Actor, now: datetime) -> Ground:
    """Lock what a change touches, and let pass who may make it."""
    require(actor, _PERMISSIONS[wish.kind])
    stages = fronting.STAGES if wish.front else RUNNING
    rounds = lock_rounds_of(tender_id, stages=[s.value for s in stages])
    tender = Tender.objects.select_related("tenderee", "agency").get(public_id=tender_id)
    _require_side(tender, wish.kind, actor)
    return Ground(tender=tender, rounds=rounds, now=now)


def _require_side(tender: Tender, kind: Kind, actor: Actor) -> None:
    if kind is Kind.TERMINATE:
        require_tenderee(tender, actor)
    elif actor.role in {Role.SUPERVISOR, Role.CENTRE}:
        pass  # the grid gives them this kind; the centre serves every tender here
    else:
        require_owner_side(tender, actor)
    if kind is Kind.RESUME:
        suspended = planning.last_suspension(tender)
        if suspended is not None and (suspended.made_by == Role.SUPERVISOR) != (
            actor.role is Role.SUPERVISOR
        ):
            who = "行政监督部门" if suspended.made_by == Role.SUPERVISOR else "招标人或代理机构"
            raise NotPermitted(f"该暂停由{who}作出, 由其恢复")


@transaction.atomic
def look(*, tender_id: str, wish: Wish, actor: Actor, now: datetime) -> Plan:
    """Return what would follow from a change, without changing anything.

    :raises BadInput: the wish lacks something
    :raises NothingChanges: nothing would change
    :raises DeadlineOnlyLater: a deadline before the published one
    """
    ground = _ground(tender_id, wish, actor=actor, now=now)
    return fronting.plan(wish, ground) if wish.front else planning.plan(wish, ground)


@transaction.atomic
def make_change(
    *,
    tender_id: str,
    wish: Wish,
    confirmed: str,
    evidence: Iterable[tuple[str, bytes]] = (),
    actor: Actor,
    now: datetime,
) -> Change:
    """Do a change with everything that follows from it, as it was shown and confirmed.

    :raises PlanChanged: what would follow now is not what was confirmed
    :raises ExtensionNeeded: the law demands more time than the wish gives
    :raises MoveNotAllowed: a hold or the stage stands against it
    """
    ground = _ground(tender_id, wish, actor=actor, now=now)
    made = fronting.plan(wish, ground) if wish.front else planning.plan(wish, ground)
    if made.demands:
        says, clause = made.demands[0]
        raise rules.ExtensionNeeded(says + (f"(依据: {clause})" if clause else ""), field="new_deadline")
    if confirmed != made.digest:
        raise rules.PlanChanged("核对之后情况有变化, 请重新查看后果再确认")
    if wish.front:
        return fronting.carry_out(wish, made, ground, actor=actor, now=now)
    return carry_out(wish, made, ground, evidence=evidence, actor=actor, now=now)


@transaction.atomic
def take_up_silence(*, tender_id: str, silence: Silence, now: datetime) -> Change:
    """Take a time in which nobody could reach the platform as an outage reported when it began (20号令31).

    Only what a report in time would have done is done: windows stand still, the deadline is provisional, everybody is
    told, and the owner side says when it goes on. While an outage runs, only its provisional deadline moves.
    """
    rounds = lock_rounds_of(tender_id, stages=[s.value for s in RUNNING])
    tender = Tender.objects.select_related("tenderee", "agency").get(public_id=tender_id)
    ground = Ground(tender=tender, rounds=rounds, now=now, since=silence.legal_since)
    wish = Wish(
        kind=Kind.OUTAGE,
        ground="system",
        text=f"{silence.words(now)}, "
        "期间有投标截止或解密时限届满; 无人能够登记故障, 由系统按平台运行记录登记, 自中断开始时起算。",
        started_at=silence.legal_since,
    )
    made = planning.plan(wish, ground)
    proof = canonical(
        {
            "说明": "平台运行记录: 网页进程定时写入数据库, 两次写入之间平台无法访问",
            "centre": settings.CENTRE_ID,
            "last_sign_of_life": silence.since.isoformat(),
            "next_sign_of_life": silence.until.isoformat(),
            "legal_since": silence.legal_since.isoformat(),
            "legal_until": silence.legal_until.isoformat(),
            "tolerance_seconds": str(settings.OUTAGE_GAP_SECONDS),
        }
    )
    return carry_out(wish, made, ground, evidence=[("平台运行记录.json", proof)], actor=SYSTEM, now=now)


def carry_out(
    wish: Wish,
    made: Plan,
    ground: Ground,
    *,
    evidence: Iterable[tuple[str, bytes]],
    actor: Actor,
    now: datetime,
) -> Change:
    """Do what was planned, within the caller's transaction and locks."""
    for round_ in ground.rounds:
        _require_moves(round_, wish, made, actor=actor)
    # a change before the deadline is of the lots that take bids; an interruption is of every lot that runs
    concerned = ground.open if wish.kind in {Kind.CLARIFY, Kind.POSTPONE, Kind.TERMINATE} else ground.rounds
    change = new_change(wish, made, ground.tender, concerned, deadline=ground.deadline, actor=actor, now=now)
    facts: dict[str, Any] = {"text": wish.text.strip(), **_grounds(wish)}
    kept: dict[str, Any] = {}
    recipients = _recipients(ground)
    old = ground.deadline
    if wish.kind is Kind.TERMINATE:
        _do_terminate(ground, actor=actor, now=now)
    else:
        facts |= _do_file(wish, ground, actor=actor, now=now)
        facts |= _do_deadline(made, ground, old=old, actor=actor, now=now)
        kept = _do_holds(wish, ground, change, evidence=evidence, actor=actor, now=now)
    change.save()
    _announce(made, wish, ground, change, facts, recipients, kept=kept, actor=actor, now=now)
    return change


def _grounds(wish: Wish) -> dict[str, str]:
    known = rules.TERMINATIONS | rules.SUSPENSIONS | rules.OUTAGES | rules.ORDERS
    return {"ground": known[wish.ground]} if wish.ground in known else {}


def _require_moves(round_: Round, wish: Wish, made: Plan, *, actor: Actor) -> None:
    """Ask the procedure before anything is written."""
    if wish.kind is Kind.TERMINATE and round_.stage == Stage.OPEN_FOR_BID:
        require_move(round_, "terminate", actor=actor)
    if wish.kind is Kind.CLARIFY and round_.stage == Stage.OPEN_FOR_BID:
        moved = made.deadline is not None and made.deadline != round_.bid_deadline
        require_move(round_, "clarify_and_postpone" if moved else "clarify", actor=actor)
    if wish.kind is Kind.POSTPONE and round_.stage == Stage.OPEN_FOR_BID:
        require_move(round_, "clarify_and_postpone", actor=actor)
    if wish.kind in {Kind.OUTAGE, Kind.END_OUTAGE} and round_.stage == Stage.OPENING:
        require_move(round_, "remedy_system_failure", actor=actor)


def _recipients(ground: Ground) -> set[int]:
    """Return everybody who is told: takers and bidders, before as after the opening; on no page."""
    live = Bid.objects.filter(round__in=ground.rounds, state=Bid.LIVE).values_list("bidder_id", flat=True)
    found = takers(ground.tender.pk) | set(live) | set(admitted([r.pk for r in ground.rounds]))
    for round_ in ground.rounds:
        if round_.opened_at is not None:
            found |= set(all_bidders(round_.pk))
    return found


def _do_file(wish: Wish, ground: Ground, *, actor: Actor, now: datetime) -> dict[str, Any]:
    if wish.kind is not Kind.CLARIFY:
        return {}
    version = newest(ground.tender).version + 1
    answers = answer_with(ground.tender, answers=wish.answers or {}, version=version, now=now)
    addendum = {"text": wish.text.strip(), "answers": answers}
    file = issue(ground.tender, ground.open, working_copy(ground.tender), addendum=addendum, now=now)
    for round_ in ground.open:
        round_.file_version = file.version
        round_.save(update_fields=["file_version"])
    return {
        "answers": answers,
        "file": {"version": file.version, "sha256": file.sha256},
        "document": file.document,
        "lots": file.lots,
        "addendum": addendum,
    }


def _do_deadline(
    made: Plan, ground: Ground, *, old: datetime | None, actor: Actor, now: datetime
) -> dict[str, Any]:
    if made.deadline is None or all(r.bid_deadline == made.deadline for r in ground.open):
        return {}
    moves = made.kind in {Kind.CLARIFY, Kind.POSTPONE}
    for round_ in ground.open:
        if moves:
            make_move(round_, "clarify_and_postpone", actor=actor, now=now, bid_deadline=made.deadline)
        else:
            round_.bid_deadline = made.deadline
            round_.save(update_fields=["bid_deadline"])
        set_timer(kind=CLOSE_BIDDING, subject=round_.public_id, due_at=made.deadline)
    give_up_draw(ground.rounds, reason="开标时间变更", actor=actor, now=now)
    places.follow(ground.open, made.deadline, now=now)
    return {
        "bid_deadline": made.deadline.isoformat(),
        "was": old.isoformat() if old else None,
        "provisional": made.kind in {Kind.SUSPEND, Kind.OUTAGE},
    }


def _do_holds(
    wish: Wish,
    ground: Ground,
    change: Change,
    *,
    evidence: Iterable[tuple[str, bytes]],
    actor: Actor,
    now: datetime,
) -> dict[str, Any]:
    """Set or lift what the change stops, and return what of it the parties' evidence keeps."""
    if wish.kind is Kind.SUSPEND:
        for round_ in ground.rounds:
            hold = Hold.COMPLAINT if wish.ground in rules.ORDERS else Hold.SUSPENSION
            set_hold(round_, hold, reason=wish.text, source=change.public_id, now=now)
            pauses.pause(round_, now=now)
    elif wish.kind is Kind.OUTAGE:
        if planning.running_outage(ground.tender) is not None:
            return {}  # what it stops stands still already; only its provisional deadline moved
        outage = _report(wish, ground, evidence=evidence, actor=actor, now=now)
        for round_ in ground.rounds:
            set_hold(round_, Hold.SYSTEM_FAILURE, reason=wish.text, source=outage.public_id, now=ground.at)
            pauses.pause(round_, now=ground.at)
        return {"evidence_sha256": [row["sha256"] for row in outage.files]} if outage.files else {}
    elif wish.order:
        lift_hold(source=wish.order, now=now)
        _go_on(ground, reason=wish.text, remedy=False, now=now)
    elif wish.kind is Kind.RESUME:
        _lift(ground, Hold.SUSPENSION, reason=wish.text, remedy=False, now=now)
    elif wish.kind is Kind.END_OUTAGE:
        Outage.objects.filter(tender=ground.tender, ended_at=None).update(ended_at=now, resolution=wish.text)
        _lift(ground, Hold.SYSTEM_FAILURE, reason=wish.text, remedy=True, now=now)
    return {}


def _lift(ground: Ground, hold: Hold, *, reason: str, remedy: bool, now: datetime) -> None:
    """Lift a kind of hold everywhere and let what it stopped run on."""
    rounds = [r.pk for r in ground.rounds]
    HoldRow.objects.filter(round_id__in=rounds, kind=hold.value, lifted_at=None).update(lifted_at=now)
    _go_on(ground, reason=reason, remedy=remedy, now=now)


def _go_on(ground: Ground, *, reason: str, remedy: bool, now: datetime) -> None:
    """Let run on what nothing else stops."""
    for round_ in ground.rounds:
        if HoldRow.objects.filter(round=round_, lifted_at=None).exclude(kind__in=_NO_PAUSE).exists():
            continue  # something else still stops it
        if round_.stage in {Stage.OPENING, Stage.CLOSED}:  # what is opened for a group alone is opened there
            document = newest(ground.tender).document
            minutes = int(document.get("remedy_minutes", 0)) if remedy else 0
            pauses.resume(round_, reason=reason[:200], remedy_minutes=minutes, now=now)
        resume_after_hold(round_, now=now)


def _report(
    wish: Wish, ground: Ground, *, evidence: Iterable[tuple[str, bytes]], actor: Actor, now: datetime
) -> Outage:
    assert wish.started_at is not None, "require_wish has seen it"
    if wish.started_at > now:
        raise BadInput("故障发生的时间不能晚于现在", field="started_at")
    return Outage.objects.create(
        tender=ground.tender,
        kind=wish.ground,
        text=wish.text.strip(),
        started_at=wish.started_at,
        reported_at=now,
        rounds=[r.public_id for r in ground.rounds],
        files=proofs.keep(evidence),
        reported_by=actor.role.value,
        snapshot=_snapshot(),
        region_code=ground.tender.region_code,
    )


def _snapshot() -> dict[str, Any]:
    """Return how the platform itself stands: what its own clocks and database say at the press of the button."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_postmaster_start_time(), count(*) FROM pg_stat_activity WHERE datname = current_database()"
        )
        started, connections = cursor.fetchone()
    return {
        "real_time": real_now().isoformat(),
        "database_since": started.isoformat(),
        "connections": connections,
    }


def _do_terminate(ground: Ground, *, actor: Actor, now: datetime) -> None:
    places.give_back(ground.open, now=now)
    for round_ in ground.open:
        make_move(round_, "terminate", actor=actor, now=now, decided_at=now)
        cancel_timer(kind=CLOSE_BIDDING, subject=round_.public_id, now=now)
        HoldRow.objects.filter(round=round_, lifted_at=None).update(lifted_at=now)
    give_up_draw(ground.rounds, reason="终止招标", actor=actor, now=now)


#: of a change among those let in, what the public may know: the times, and why it was interrupted or ended
_ALWAYS_PUBLIC = frozenset({"bid_deadline", "was", "provisional", "ground"})

#: what an interruption means for everybody, as its notice says
_EFFECTS = {
    Kind.SUSPEND: "恢复前不开标、不评标、不定标, 公示期不届满; 已递交的投标文件继续有效并保持密封。恢复时另行公告。",
    Kind.OUTAGE: "恢复前不开标、不评标、不定标; 正在进行的解密停止计时, 恢复后接续剩余时间, 任何投标人不因此损失时间。"
    "已递交的投标文件和已交出的密钥完好。恢复时另行公告。",
    Kind.RESUME: "暂停解除, 各项活动自本公告发布起继续。",
    Kind.END_OUTAGE: "故障排除, 各项活动自本公告发布起继续; 解密接续中断前的剩余时间, 补救只按招标文件载明的办理。",
    Kind.TERMINATE: "已递交的投标文件不开启; 收取的费用、投标保证金及银行同期存款利息及时退还。",
}
_TITLES = {
    Kind.CLARIFY: "澄清答疑公告",
    Kind.POSTPONE: "延期公告",
    Kind.SUSPEND: "暂停公告",
    Kind.RESUME: "恢复公告",
    Kind.TERMINATE: "终止公告",
    Kind.OUTAGE: "暂停公告(系统故障)",
    Kind.END_OUTAGE: "恢复公告(故障排除)",
}


def _announce(
    made: Plan,
    wish: Wish,
    ground: Ground,
    change: Change,
    facts: Mapping[str, Any],
    recipients: set[int],
    *,
    kept: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    """Publish the notice, tell everybody at the same moment, record the change."""
    tender = ground.tender
    rounds = change.rounds
    body = {
        k: v for k, v in facts.items() if k not in {"document", "lots", "addendum"} and v not in (None, "")
    }
    title = f"{tender.name}{_TITLES[wish.kind]}(第{change.number}号)"
    # where only those let in may bid, no notice is public and the file stays with the parties
    restricted = any(r.restricted for r in ground.rounds if r.public_id in rounds)
    if not restricted:
        publish_notice(
            kind=_NOTICES[wish.kind],
            ocid=tender.ocid,
            tender=tender.public_id,
            rounds=rounds,
            title=title,
            body={
                "number": change.number,
                "lots": [r.lot.name for r in ground.rounds if r.public_id in rounds],
                **body,
                **({"effect": _EFFECTS[wish.kind]} if wish.kind in _EFFECTS else {}),
            },
            actor=actor,
            now=now,
        )
    hidden = {k: v for k, v in facts.items() if k not in _ALWAYS_PUBLIC} if restricted else {}
    record_act(
        "changes.made",
        subject=change.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        public={
            "kind": wish.kind.value,
            "number": change.number,
            "made_at": now.isoformat(),
            "rounds": rounds,
            "affects_bids": made.affects_bids,
            **{k: v for k, v in facts.items() if k not in hidden},
        },
        party={**hidden, **kept} or None,
        supervisor={"plan_sha256": change.plan_sha256},
    )
    deadline = (
        f"投标截止(开标)时间改为{rules.moment_words(_moment(facts['bid_deadline']))}。"
        if facts.get("bid_deadline")
        else ""
    )
    told = f"{deadline}{wish.text.strip()[:300]}"
    tell(
        organisations=recipients,
        kind=MessageKind.LEGAL,
        basis=_basis(wish, ground),
        until_opening=rounds,
        title=title,
        text=told,
        link=f"/tenders/{tender.public_id}",
        now=now,
    )
    owners = {pk for pk in (tender.tenderee_id, tender.agency_id) if pk and pk != actor.organisation_pk}
    tell(
        organisations=owners - recipients,
        kind=MessageKind.SERVICE,
        title=title,
        text=told,
        link=f"/work/tenders/{tender.public_id}/changes",
        now=now,
    )


def _basis(wish: Wish, ground: Ground) -> TimeLimit | Citation:
    """Return why everybody who holds the file must hear of a change."""
    tender = ground.tender
    if wish.ground in rules.ORDERS:
        return (
            Citation("政府采购质疑和投诉办法", "第二十八条")
            if tender.scope == "GP"
            else Citation("招标投标法实施条例", "第六十二条")
        )
    if wish.kind is Kind.TERMINATE:
        return (
            Citation("政府采购货物和服务招标投标管理办法", "第二十九条")
            if tender.scope == "GP"
            else Citation("招标投标法实施条例", "第三十一条")
        )
    return law_of(ground.rounds[0], now=ground.now)[family(tender.procedure_code).amended]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""Filing a complaint, and every step of it: one function, one machine, one event and one entry each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from ggzy.awarding.endings import annul, redetermine
from ggzy.changes import ordering, proofs
from ggzy.complaints import prior, rules
from ggzy.complaints.clock import department_of, set_clock
from ggzy.complaints.models import (
    ClockPause,
    Complaint,
    ComplaintEvent,
    SupervisingPower,
    SuspensionOrder,
)
from ggzy.complaints.rules import MACHINES, State, Step
from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.kernel import calendars
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.limits import runs_out
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.objections import proceedings
from ggzy.objections.models import Challenge
from ggzy.objections.proceedings import Proceeding
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.procedures.spec import Hold
from ggzy.publishing.personal import masked
from ggzy.tendering.moves import procedure_of

ACCEPT, LAPSE, ORDER_ENDS = "complaints.accept", "complaints.lapse", "complaints.order_ends"
MOST_TEXT = 5000


class ObjectFirst(Refusal):
    """The matter must be objected to, or challenged, before it is complained of."""

    code = "complaints.object_first"
    basis = Citation("招标投标法实施条例", "第六十条")


class ComplaintTooLate(Refusal):
    """The time to complain is over."""

    code = "complaints.too_late"
    basis = Citation("招标投标法实施条例", "第六十条")


class ComplainedBefore(Refusal):
    """The same matter is being handled."""

    code = "complaints.complained_before"


class OrderTooLong(Refusal):
    """Standing still by order takes thirty days at most, all orders of a complaint together.

    In procurement the law says so; in construction it names no end, and the centre keeps to the same.
    """

    code = "complaints.order_too_long"


class PassedOnTooLate(Refusal):
    """The time to say that another department is responsible is over."""

    code = "complaints.passed_on_too_late"
    basis = Citation("政府采购质疑和投诉办法", "第二十一条")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What comes with a step. Which members count depends on it: the text is its reason or its content."""

    text: str = ""
    choice: str = ""
    remedy: str = ""
    number: str = ""
    days: int = 0
    #: the public id of the department that a complaint is passed on to
    to: str = ""


#: who may take which step; the rest is the handling department's
_PERMISSIONS: dict[str, Permission] = {
    **dict.fromkeys(("correct", "withdraw", "ask_withdrawal"), Permission.COMPLAINT_FILE),
    "state": Permission.COMPLAINT_STATE,
    **dict.fromkeys(("order", "end_order"), Permission.COMPLAINT_ORDER),
    **dict.fromkeys(("decide", "publish"), Permission.COMPLAINT_DECIDE),
}


@transaction.atomic
def file_complaint(
    *,
    of: str,
    matter: str,
    text: str,
    facts: str,
    request: str,
    law: str = "",
    known_on: date | None = None,
    files: Iterable[tuple[str, bytes]] = (),
    actor: Actor,
    now: datetime,
) -> Complaint:
    """Complain of a round, or of a purchase without rounds, to the department that is responsible; nothing stops by it.

    `known_on`: since when the matter is known, where it needs no objection.

    :raises ObjectFirst: no objection (challenge) of one's own, or its answer is still to be waited for
    :raises ComplaintTooLate: ten days (construction), fifteen working days (procurement)
    :raises ComplainedBefore: the same matter is being handled
    """
    require(actor, Permission.COMPLAINT_FILE)
    proceeding = proceedings.seen(of, viewer=actor)
    if matter not in rules.MATTERS or (proceeding.round is not None and matter in rules.WITHOUT_ROUNDS):
        raise BadInput("请选择投诉事项", field="matter")
    said = {"text": text, "facts": facts, "request": request, "law": law}
    said = {name: value.strip()[:MOST_TEXT] for name, value in said.items()}
    for name, says in (("text", "投诉事项"), ("facts", "事实依据"), ("request", "请求")):
        if not said[name]:
            raise BadInput(f"投诉书应当写明{says}", field=name)
    before = prior.find(proceeding=proceeding, matter=matter, organisation_pk=actor.organisation_pk)
    _require_in_time(proceeding, matter, before, known_on, now=now)
    if Complaint.objects.filter(
        of=of, complainant_id=actor.organisation_pk, matter=matter, ended_at=None
    ).exists():
        raise ComplainedBefore("本单位就同一事项的投诉正在办理, 新的证据请在该投诉中补充")
    row = Complaint(
        kind=proceeding.kind,
        of=of,
        round=proceeding.round,
        name=proceeding.name,
        page=proceeding.page,
        buyer_id=proceeding.buyer,
        agency_id=proceeding.agency,
        scope=proceeding.scope,
        matter=matter,
        complainant_id=actor.organisation_pk,
        prior=before.public_id if before else "",
        files=proofs.keep(files),
        filed_at=now,
        region_code=proceeding.region_code,
        **said,
    )
    row.department_id = department_of(scope=proceeding.scope, matter=matter, region=proceeding.region_code)
    _received(row, now=now)
    row.save()
    _note(row, "file", "", actor=actor, now=now)
    _tell_department(row, "收到新的投诉", "请按期审查, 决定是否受理。", now=now)
    return row


def _require_in_time(
    proceeding: Proceeding, matter: str, before: prior.Prior | None, known_on: date | None, *, now: datetime
) -> None:
    procurement, law = proceeding.scope == "GP", proceeding.law
    if procurement:
        if before is None:
            raise ObjectFirst(
                "政府采购的投诉, 应当先就同一事项提出质疑; 对答复不满意或者逾期未答复的, 方可投诉",
                basis=Citation("政府采购质疑和投诉办法", "第十七条"),
            )
        if before.answered_by(now) is None:
            raise ObjectFirst(
                "质疑的答复期尚未届满, 请等待答复", basis=Citation("政府采购质疑和投诉办法", "第十七条")
            )
        ends = rules.procurement_complaint_ends(
            law["GP-T22"], answer_due_at=before.answer_due_at, calendar=calendars.CHINA
        )
        basis = Citation("政府采购法", "第五十五条")
    else:
        if prior.needed(scope="GC", matter=matter):
            if before is None:
                raise ObjectFirst("就该事项投诉的, 应当先向招标人提出异议")
            known, until = before.known_at, before.answered_by(now)
            if until is None:
                raise ObjectFirst("异议的答复期尚未届满, 请等待答复")
            objected = (before.filed_at, until)
        else:
            if known_on is None:
                raise BadInput("请填写知道或者应当知道该事项的日期", field="known_on")
            known, objected = datetime(known_on.year, known_on.month, known_on.day, tzinfo=BEIJING), None
            if known > now:
                raise BadInput("知道的日期不能晚于今天", field="known_on")
        ends = rules.complaint_ends(
            law["GC-T18"], known_at=known, objected=objected, calendar=calendars.CHINA
        )
        basis = Citation("招标投标法实施条例", "第六十条")
    if now >= ends.instant:
        raise ComplaintTooLate(f"投诉期限已届满({ends.arithmetic}), 不再受理", basis=basis)


def _received(row: Complaint, *, now: datetime) -> None:
    """Start the clock of acceptance, and in procurement that of the decision as well (94号令21、26)."""
    law = proceedings.about(row).law
    limit = law["GP-T23" if row.scope == "GP" else "GC-T19"]
    row.received_at = now
    row.accept_due_at = runs_out(limit, started=now, calendar=calendars.CHINA).instant
    if row.scope == "GC":
        set_timer(kind=ACCEPT, subject=row.public_id, due_at=row.accept_due_at)
    elif row.clock_from is None:
        row.clock_from = now
    set_clock(row, now=now)


# -- every step ---------------------------------------------------------------------------------------------------


@transaction.atomic
def take_step(
    *,
    complaint_id: str,
    step: str,
    said: Said,
    files: Iterable[tuple[str, bytes]] = (),
    actor: Actor,
    now: datetime,
) -> Complaint:
    """Take one step of a complaint's machine (rules.MACHINES) with what it needs.

    :raises StepNotAllowed: the complaint stands elsewhere
    :raises NotPermitted: another side's step, or another department's complaint
    :raises BadInput: the step lacks its reason or its content
    """
    require(actor, _PERMISSIONS.get(step, Permission.COMPLAINT_HANDLE))
    row = _locked(complaint_id)
    found = MACHINES[row.scope].step(row.state, step)
    _require_side(row, found, actor)
    return _take(row, found, said, files=files, actor=actor, now=now)


def _locked(complaint_id: str) -> Complaint:
    row = (
        Complaint.objects.select_for_update(of=("self",))
        .select_related("complainant", "department", "buyer")
        .filter(public_id=complaint_id)
        .first()
    )
    if row is None:
        raise NotFound("没有这件投诉")
    return row


def _require_side(row: Complaint, step: Step, actor: Actor) -> None:
    """Let the side pass whose step it is: the complainant, the respondent, the department that has it."""
    if actor.role not in step.actors:
        raise NotPermitted(f"“{step.label}”由{'、'.join(sorted(r.label for r in step.actors))}办理")
    if actor.role is Role.BIDDER and actor.organisation_pk != row.complainant_id:
        raise NotFound("没有这件投诉")
    if actor.role in {Role.TENDEREE, Role.AGENCY} and actor.organisation_pk not in {
        row.buyer_id,
        row.agency_id,
    }:
        raise NotPermitted("只能办理本单位的项目")
    if actor.role is Role.SUPERVISOR:
        if row.department_id is None:
            row.department = Organisation.objects.get(pk=actor.organisation_pk)
        elif row.department_id != actor.organisation_pk:
            raise NotPermitted("该投诉由其他部门办理")


def _take(
    row: Complaint,
    step: Step,
    said: Said,
    *,
    files: Iterable[tuple[str, bytes]] = (),
    actor: Actor,
    now: datetime,
) -> Complaint:
    said = replace(said, text=said.text.strip()[:MOST_TEXT])
    if step.reasoned and not said.text:
        raise BadInput(f"请写明“{step.label}”的内容和理由", field="text")
    if step.target is not None:
        row.state = step.target.value
        if step.target.over and row.ended_at is None:
            row.ended_at = now
    row.files = [*row.files, *proofs.keep(files)]
    says = _STEPS[step.code](row, said, actor, now) if step.code in _STEPS else ""
    if State(row.state).over or row.state == State.DECIDED:
        _end_orders(row, now=now, actor=actor)
    set_clock(row, now=now)
    row.save()
    _note(row, step.code, "。".join(filter(None, (says, said.text))), actor=actor, now=now)
    _tell_sides(row, step, said, now=now)
    return row


def _note(row: Complaint, step: str, says: str, *, actor: Actor, now: datetime) -> None:
    """Keep what was done, on the case and in the log; before the opening a complainant's own steps are escrowed."""
    ComplaintEvent.objects.create(complaint=row, step=step, says=says, role=actor.role.value, at=now)
    proceeding = proceedings.about(row)
    own = not proceeding.public or (actor.role is Role.BIDDER and not proceeding.known)
    record_act(
        {"file": "complaints.filed", "publish": "complaints.decided"}.get(step, "complaints.stepped"),
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **(proceeding.place | ({"escrowed": True} if own else {})),
        public={"step": step, "state": row.state, "matter": row.matter, "at": now.isoformat()},
        supervisor={"says": says, "files": [f["sha256"] for f in row.files]},
    )


# -- what single steps do beyond their state ----------------------------------------------------------------------


def _ask_correction(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    """Tell once what is lacking; the time to mend it counts for nobody."""
    if row.events.filter(step="ask_correction").exists():
        raise BadInput("补正应当一次性告知, 本投诉已告知过", field="text")
    limit = replace(proceedings.about(row).law["GP-T23"], length=settings.COMPLAINT_CORRECTION_DAYS)
    row.correct_by = runs_out(limit, started=now, calendar=calendars.CHINA).instant
    set_timer(kind=LAPSE, subject=row.public_id, due_at=row.correct_by)
    cancel_timer(kind=ACCEPT, subject=row.public_id, now=now)
    ClockPause.objects.create(complaint=row, kind="correction", since=now, region_code=row.region_code)
    return ""


def _correct(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    cancel_timer(kind=LAPSE, subject=row.public_id, now=now)
    row.pauses.filter(until=None).update(until=now)
    row.text = f"{row.text}\n补正: {said.text}"
    _received(row, now=now)
    return ""


def _pass_on(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    """Pass a complaint on to the department that is responsible, within the time to examine it."""
    if now >= row.accept_due_at:
        raise PassedOnTooLate("审查期限已届满, 不能再转送其他部门, 应当依法办理")
    found = Organisation.objects.filter(public_id=said.to, kinds__contains=[Role.SUPERVISOR.value]).first()
    if found is None or found.pk == row.department_id:
        raise BadInput("请选择有管辖权的部门", field="to")
    row.department = found
    row.clock_from = None
    _received(row, now=now)
    return f"转送{found.name}"


def _refuse(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    if said.choice not in rules.REFUSALS:
        raise BadInput("请选择不予受理的情形", field="choice")
    cancel_timer(kind=ACCEPT, subject=row.public_id, now=now)
    return rules.REFUSALS[said.choice]


def _accept(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    """Take a complaint up: who is complained of is told and has its time to say what it has to say."""
    cancel_timer(kind=ACCEPT, subject=row.public_id, now=now)
    row.accepted_at = now
    law = proceedings.about(row).law
    if row.scope == "GC":
        row.clock_from = now
    row.statement_due_at = runs_out(law["GP-T26"], started=now, calendar=calendars.CHINA).instant
    return "逾期未作决定, 自动受理" if actor.role is Role.SYSTEM else ""


def _state(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    if row.statement_due_at is not None and now >= row.statement_due_at:
        return "(逾期提交)"
    return ""


def _order(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    """Order the round to stand still; it goes on by itself when the days are over."""
    used = row.orders.aggregate(days=Sum("days"))["days"] or 0
    left = settings.COMPLAINT_ORDER_DAYS - used
    if row.orders.filter(ended_at=None).exists():
        raise BadInput("暂停决定正在执行, 不需要再次责令暂停", field="days")
    if not 1 <= said.days <= left:
        raise OrderTooLong(
            f"暂停时间合计最长{settings.COMPLAINT_ORDER_DAYS}日, 本投诉还可以责令暂停{left}日",
            field="days",
            basis=Citation("政府采购质疑和投诉办法", "第二十八条") if row.scope == "GP" else None,
        )
    proceeding = proceedings.about(row, lock=True)
    limit = replace(proceeding.law["GP-T28"], length=said.days)
    order = SuspensionOrder(
        complaint=row,
        days=said.days,
        ordered_at=now,
        ends_at=runs_out(limit, started=now, calendar=calendars.CHINA).instant,
        region_code=row.region_code,
    )
    says = f"行政监督部门处理投诉期间, 责令暂停{said.days}日; 期满自行恢复"
    if proceeding.round is not None:
        made = ordering.suspend_by_order(
            round_id=proceeding.id, text=says, days=said.days, actor=actor, now=now
        )
        order.change = made.public_id
    else:
        proceedings.hold(proceeding, Hold.COMPLAINT, reason=says, source=order.public_id, now=now)
        ways = proceedings.ways_of(proceeding)
        assert ways is not None, "what has no round was registered"
        ways.postpone(proceeding.id, by=order.ends_at - now, now=now)
    order.save()
    set_timer(kind=ORDER_ENDS, subject=order.public_id, due_at=order.ends_at)
    return f"责令暂停{said.days}日"


def _end_order(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    if not _end_orders(row, now=now, actor=actor):
        raise BadInput("没有正在执行的暂停决定")
    return ""


def _end_orders(row: Complaint, *, now: datetime, actor: Actor) -> int:
    """Let go on what an order of this complaint holds; return how many ended."""
    running = list(row.orders.filter(ended_at=None))
    for order in running:
        cancel_timer(kind=ORDER_ENDS, subject=order.public_id, now=now)
        # written first: the change that follows is what people read
        SuspensionOrder.objects.filter(pk=order.pk).update(ended_at=now)
        if order.change:
            says = "投诉暂停解除, 招标采购活动恢复"
            ordering.end_order(change_id=order.change, text=says, actor=actor, now=now)
        else:
            proceedings.let_go(source=order.public_id, now=now)
    return len(running)


def _stop_clock(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    if said.choice not in rules.PAUSES:
        raise BadInput("请选择期限中止的情形", field="choice")
    if row.pauses.filter(until=None).exists():
        raise BadInput("期限已经中止")
    ClockPause.objects.create(complaint=row, kind=said.choice, since=now, region_code=row.region_code)
    return rules.PAUSES[said.choice]


def _start_clock(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    if not row.pauses.filter(until=None).update(until=now):
        raise BadInput("期限没有中止, 不需要恢复")
    return ""


def _decide(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    """Decide; what the decision does to the round is done when it is published."""
    if said.choice not in rules.DECISIONS[row.scope]:
        raise BadInput("请选择处理决定", field="choice")
    if said.remedy not in rules.REMEDIES[row.scope] or (said.remedy and said.choice != "upheld"):
        raise BadInput("投诉成立并影响结果的, 才能改变结果", field="remedy")
    if said.remedy and said.remedy not in remedies_of(row):
        raise BadInput("该项目当前所处的阶段, 不能这样改变结果", field="remedy")
    if not said.number.strip():
        raise BadInput("请填写处理决定书的文号", field="number")
    row.decision, row.decision_number = said.choice, said.number.strip()[:100]
    row.decision_text, row.remedy, row.decided_at = said.text, said.remedy, now
    row.pauses.filter(until=None).update(until=now)
    proceeding = proceedings.about(row, lock=True)
    if said.remedy and proceeding.round is None:
        # what was decided must still be there to be done when the decision is published
        proceedings.hold(
            proceeding, Hold.COMPLAINT, reason="投诉处理决定待公告执行", source=row.public_id, now=now
        )
    return rules.DECISIONS[row.scope][said.choice]


def remedies_of(row: Complaint) -> frozenset[str]:
    """Return what a decision may do now besides its words."""
    proceeding = proceedings.about(row)
    if proceeding.round is not None:
        procedure, stage = procedure_of(proceeding.round), proceeding.round.stage
        moves = {"annul": "annul_after_complaint", "redetermine": "uphold_challenge"}
        return frozenset(name for name, move in moves.items() if procedure.has(stage, move))
    ways = proceedings.ways_of(proceeding)
    step = Challenge.objects.filter(public_id=row.prior).values_list("step_at", flat=True).first()
    if ways is None or step is None:
        return frozenset()
    return ways.outcomes(row.of, about=row.matter, step_at=step)


def _publish(row: Complaint, said: Said, actor: Actor, now: datetime) -> str:
    """Serve and publish the decision, and do to the round, or to the purchase, what it says."""
    proceeding = proceedings.about(row, lock=True)
    assert row.department is not None, "whoever decided has it"
    proceedings.let_go(source=row.public_id, now=now)
    # the term of a framework may have ended meanwhile: then there is nothing left to be done
    done = proceeding.round is not None or row.remedy in {"", *remedies_of(row)}
    hidden = "结果公告前不公开"
    notice = publish_notice(
        kind=NoticeKind.DECISION,
        ocid=proceeding.ocid,
        tender=proceeding.round.lot.tender.public_id if proceeding.round else "",
        rounds=[proceeding.id] if proceeding.round else [],
        title=f"{proceeding.name if proceeding.public else '政府采购'}投诉处理决定公告",
        body={
            "lot": _named(proceeding) if proceeding.public else hidden,
            "number": row.decision_number,
            "department": row.department.name,
            # while nobody may know who takes part, whoever complains is a possible supplier
            "complainant": row.complainant.name if proceeding.known else _until(proceeding),
            "respondent": proceeding.buyer_name if proceeding.public else hidden,
            "matter": rules.MATTERS[row.matter],
            "decision": rules.DECISIONS[row.scope][row.decision],
            "text": masked(row.decision_text),
            "remedy": rules.REMEDIES[row.scope][row.remedy if done else ""],
            "decided_at": row.decided_at.isoformat() if row.decided_at else "",
            "appeal": "对处理决定不服的, 可以依法申请行政复议或者提起行政诉讼",
        },
        actor=actor,
        now=now,
    )
    row.notice = notice.public_id
    if done:
        _remedy(row, proceeding, actor=actor, now=now)
    return "" if done else "该项目已经结束, 由当事人按决定执行"


def _named(proceeding: Proceeding) -> str:
    return proceeding.round.lot.name if proceeding.round else proceeding.name


def _until(proceeding: Proceeding) -> str:
    return "开标前不公开" if proceeding.round else "结果公告前不公开"


def _remedy(row: Complaint, proceeding: Proceeding, *, actor: Actor, now: datetime) -> None:
    """Do what the decision says besides its words."""
    if not row.remedy:
        return
    ways = proceedings.ways_of(proceeding)
    if ways is not None:
        ways.carry_out(
            row.remedy,
            of=row.of,
            about=row.matter,
            supplier=row.complainant_id,
            says=f"投诉处理决定({row.decision_number}): {rules.REMEDIES[row.scope][row.remedy]}",
            actor=actor,
            now=now,
        )
        return
    assert proceeding.round is not None, "what has no round was registered"
    if row.remedy == "annul":
        annul(
            round_id=proceeding.id,
            decision=row.decision_number,
            text=row.decision_text,
            actor=actor,
            now=now,
        )
    else:
        reason = f"{row.decision_number}: {row.decision_text}"
        redetermine(proceeding.round, reason=reason, actor=actor, now=now)


_STEPS: dict[str, Callable[[Complaint, Said, Actor, datetime], str]] = {
    "ask_correction": _ask_correction,
    "correct": _correct,
    "pass_on": _pass_on,
    "refuse": _refuse,
    "accept": _accept,
    "state": _state,
    "order": _order,
    "end_order": _end_order,
    "stop_clock": _stop_clock,
    "start_clock": _start_clock,
    "decide": _decide,
    "publish": _publish,
}


# -- who is told --------------------------------------------------------------------------------------------------

_TO_COMPLAINANT = frozenset(
    {
        "ask_correction",
        "lapse",
        "pass_on",
        "refuse",
        "accept",
        "extend",
        "allow_withdrawal",
        "deny_withdrawal",
        "publish",
    }
)
_TO_RESPONDENT = frozenset({"accept", "withdraw", "allow_withdrawal", "publish"})
#: what acceptance asks of who is complained of; a period is the law's only in procurement (94号令22、25)
_ASKED = {
    "GP": "请查阅投诉书副本, 自收到之日起5个工作日内提交书面说明和证据; 逾期视为放弃说明的权利。",
    "GC": "请查阅投诉书副本, 配合调查, 并在案件页面写明的时间前提交书面说明和证据。",
}
_TO_DEPARTMENT = frozenset({"correct", "state", "withdraw", "ask_withdrawal", "pass_on"})


def _tell_department(row: Complaint, title: str, text: str, *, now: datetime) -> None:
    if row.department_id is None:
        return
    tell(
        organisations=[row.department_id],
        kind=Kind.SERVICE,
        title=f"{row.name}{title}",
        text=text,
        link=f"/work/complaints/{row.public_id}",
        now=now,
    )


def _tell_sides(row: Complaint, step: Step, said: Said, *, now: datetime) -> None:
    """Tell each side what concerns it; a complainant's message names no tender outside until the opening."""
    title = f"{row.name}投诉: {step.label}"
    link = f"/work/complaints/{row.public_id}"
    if step.code in _TO_COMPLAINANT:
        tell(
            organisations=[row.complainant_id],
            kind=Kind.LEGAL,
            basis=step.basis,
            until_opening=[row.of] if row.round_id else (),
            title=title,
            text=(said.text or step.label)[:500],
            link=link,
            now=now,
        )
    if step.code in _TO_RESPONDENT and row.accepted_at is not None:
        statement = step.code == "accept"
        tell(
            organisations=[pk for pk in (row.buyer_id, row.agency_id) if pk],
            kind=Kind.LEGAL,
            basis=proceedings.about(row).law["GP-T26"] if statement and row.scope == "GP" else step.basis,
            until_opening=(),
            title=title,
            text=_ASKED[row.scope] if statement else (said.text or step.label)[:500],
            link=link,
            now=now,
        )
    if step.code in _TO_DEPARTMENT:
        _tell_department(row, f"投诉: {step.label}", "请打开案件查看。", now=now)


# -- clocks -------------------------------------------------------------------------------------------------------


def _by_clock(complaint_id: str, step: str, said: Said, now: datetime) -> None:
    """Let the clock take a step if the complaint still stands where it may."""
    row = _locked(complaint_id)
    found = next((s for s in MACHINES[row.scope].offered(row.state, Role.SYSTEM) if s.code == step), None)
    if found is not None:
        _take(row, found, said, actor=SYSTEM, now=now)


@effect(ACCEPT)
def accept_by_silence(complaint_id: str, now: datetime) -> datetime | None:
    """Take up a complaint in construction that nobody decided on within three working days."""
    _by_clock(complaint_id, "accept", Said(), now)
    return None


@effect(LAPSE)
def lapse(complaint_id: str, now: datetime) -> datetime | None:
    """End a complaint that was not mended in its time."""
    _by_clock(complaint_id, "lapse", Said(text="规定期限内没有补正"), now)
    return None


@effect(ORDER_ENDS)
def order_ends(order_id: str, now: datetime) -> datetime | None:
    """Let go on by itself what an order made stand still."""
    order = SuspensionOrder.objects.select_related("complaint").get(public_id=order_id)
    if order.ended_at is None:
        _by_clock(order.complaint.public_id, "end_order", Said(text="暂停期满, 自行恢复"), now)
    return None


# -- the list of powers -------------------------------------------------------------------------------------------


@transaction.atomic
def keep_power(
    *,
    department: str,
    scope: str,
    covers: str,
    matters: Iterable[str] = (),
    head: str = "",
    upper: str = "",
    actor: Actor,
    now: datetime,
) -> SupervisingPower:
    """Keep one row of the list of powers: department (public id), family, region, matters, who is told next.

    :raises BadInput: no department of supervision, no family, no region code, or an unknown matter
    """
    require(actor, Permission.COMPLAINT_ROUTES)
    departments = Organisation.objects.filter(kinds__contains=[Role.SUPERVISOR.value])
    found, above = (departments.filter(public_id=pk).first() for pk in (department, upper))
    if found is None or (upper and above is None):
        raise BadInput("请选择监督部门", field="upper" if found else "department")
    if scope not in MACHINES:
        raise BadInput("请选择工程建设或者政府采购", field="scope")
    if not (len(covers) == 6 and covers.isascii() and covers.isdigit()):
        raise BadInput("地区代码应为6位数字", field="covers")
    wanted = sorted(set(matters))
    if not set(wanted) <= set(rules.MATTERS):
        raise BadInput("投诉事项不在范围内", field="matters")
    account = found.accounts.filter(public_id=head, role=Role.SUPERVISOR.value).first() if head else None
    row, _ = SupervisingPower.objects.update_or_create(
        department=found,
        scope=scope,
        covers=covers,
        defaults={"matters": wanted, "head": account, "upper": above, "region_code": covers},
    )
    facts: dict[str, Any] = {"department": found.name, "scope": scope, "covers": covers, "matters": wanted}
    record_act("complaints.power_kept", subject=row.public_id, actor=actor, legal_at=now, public=facts)
    return row

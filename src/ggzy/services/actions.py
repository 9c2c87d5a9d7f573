"""Opening and answering cases, what is owed, going first, grades, and letting a helper prepare."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.services import rules
from ggzy.services.catalogue import SERVICES
from ggzy.services.models import Case, Grade, Help, Owed

#: what is owed is handed in within so many working days, unless a nearer day is agreed
OWED_DAYS = 5
FOLLOW_UP_DAYS = 5
HELP_DAYS = 7


class StillOwed(Refusal):
    """Materials that were promised have not come; the notice waits for them."""

    code = "services.still_owed"


class CaseWrong(Refusal):
    """The case does not stand where this is done."""

    code = "services.case_wrong"
    status = 409


@dataclass(frozen=True)
class Answer:
    """What the centre answers: nothing missing, or what; what of it may be owed; why an item is new."""

    missing: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    because: str = ""
    refused: bool = False


def hours() -> rules.Hours:
    """Return when the counter is open."""
    return rules.Hours(*settings.SERVICE_HOURS)


def open_case(*, service: str, subject: str, title: str, actor: Actor, now: datetime) -> Case:
    """Begin a case inside the act by which somebody asks; one that is open already goes on."""
    open_ = Case.objects.filter(service=service, subject=subject, state=Case.OPEN).first()
    if open_ is not None:
        return open_
    number = Case.objects.filter(service=service, subject=subject).count() + 1
    due = rules.due_at(now, minutes=SERVICES[service].minutes, hours=hours(), calendar=calendars.CHINA)
    return Case.objects.create(
        service=service,
        subject=subject,
        number=number,
        title=title[:200],
        organisation_id=actor.organisation_pk or None,
        account_id=actor.account_pk,
        opened_at=now,
        due_at=due,
    )


def answer_case(*, service: str, subject: str, answer: Answer, actor: Actor, now: datetime) -> Case | None:
    """Answer the case inside the act by which the centre answers; None where nothing was asked for.

    An answer after the last one is an attempt of its own, as it is when new material comes.

    :raises NotToldAtOnce: something is called missing that an earlier answer passed over
    :raises BadInput: something is owed that may not be
    """
    rows = Case.objects.select_for_update().filter(service=service, subject=subject).order_by("-number")
    last = rows.first()
    if last is None:
        return None
    told = next((list(row.missing) for row in rows if row.state != Case.OPEN), None)
    rules.require_told_at_once(told=told, missing=[*answer.missing, *answer.owed], because=answer.because)
    if never := [item for item in answer.owed if item not in SERVICES[service].may_owe]:
        raise BadInput(f"“{never[0]}”不能容缺, 请列为缺项", field="owed")
    if last.state != Case.OPEN:
        last = _again(last, now=now)
    last.state = (
        Case.REFUSED
        if answer.refused
        else Case.MISSING
        if answer.missing
        else Case.OWED
        if answer.owed
        else Case.DONE
    )
    last.answered_at, last.because = now, answer.because.strip()[:300]
    last.missing = [*answer.missing, *answer.owed]
    last.first_id = last.first_id or actor.account_pk
    last.save(update_fields=["state", "answered_at", "because", "missing", "first"])
    if last.state == Case.OWED:
        by = rules.due_at(now, minutes=hours().a_day * OWED_DAYS, hours=hours(), calendar=calendars.CHINA)
        Owed.objects.bulk_create([Owed(case=last, item=item, due_at=by) for item in answer.owed])
    return last


def _again(last: Case, *, now: datetime) -> Case:
    return Case.objects.create(
        service=last.service,
        subject=last.subject,
        number=last.number + 1,
        title=last.title,
        organisation_id=last.organisation_id,
        account_id=last.account_id,
        opened_at=now,
        due_at=now,
        first_id=last.first_id,
        green=last.green,
        green_basis=last.green_basis,
    )


@transaction.atomic
def take_case(*, case_id: str, actor: Actor, now: datetime) -> Case:
    """Take a case up: who does so first answers for it to the end (首问负责).

    :raises CaseWrong: it is answered
    """
    require(actor, Permission.SERVICE_KEEP)
    case = _locked(case_id)
    if case.state != Case.OPEN:
        raise CaseWrong("这件已经答复, 不能再认领")
    if case.first_id is None:
        case.first_id = actor.account_pk
        case.save(update_fields=["first"])
        _record("services.taken", case, actor=actor, now=now)
    return case


@transaction.atomic
def let_first(*, case_id: str, reason: str, basis: str, actor: Actor, now: datetime) -> Case:
    """Let a case go first (绿色通道), with the reason and the document that allows it.

    :raises BadInput: no reason, or no document
    :raises CaseWrong: it is answered
    """
    require(actor, Permission.SERVICE_KEEP)
    if not reason.strip() or not basis.strip():
        raise BadInput("请写明走绿色通道的理由和依据文件", field="reason" if not reason.strip() else "basis")
    case = _locked(case_id)
    if case.state != Case.OPEN:
        raise CaseWrong("这件已经答复")
    case.green, case.green_basis = reason.strip()[:100], basis.strip()[:200]
    case.save(update_fields=["green", "green_basis"])
    _record("services.let_first", case, actor=actor, now=now, reason=case.green, basis=case.green_basis)
    return case


@transaction.atomic
def promise(*, case_id: str, actor: Actor, now: datetime) -> Case:
    """Promise to hand in what is owed by its day; from then on the case counts as accepted.

    :raises CaseWrong: nothing is owed, or it is promised
    """
    case = _own(case_id, actor)
    if not Owed.objects.filter(case=case, promised_at=None).update(
        promised_at=now, promised_by_id=actor.account_pk
    ):
        raise CaseWrong("没有等待承诺的容缺材料")
    _record("services.promised", case, actor=actor, now=now, items=list(case.missing))
    return case


@transaction.atomic
def supply(*, case_id: str, item: str, actor: Actor, now: datetime) -> Owed:
    """Say that something owed was handed in; the centre confirms that it has it.

    :raises NotFound: no such item is owed
    """
    case = _own(case_id, actor)
    owed = Owed.objects.select_for_update().filter(case=case, item=item).first()
    if owed is None:
        raise NotFound("没有这项容缺材料")
    if owed.supplied_at is None:
        owed.supplied_at = now
        owed.save(update_fields=["supplied_at"])
        _record("services.supplied", case, actor=actor, now=now, item=item)
    return owed


@transaction.atomic
def receive(*, case_id: str, item: str, actor: Actor, now: datetime) -> Owed:
    """Confirm that something owed is there.

    :raises NotFound: no such item is owed
    :raises CaseWrong: the applicant has not handed it in
    """
    require(actor, Permission.SERVICE_KEEP)
    case = _locked(case_id)
    owed = Owed.objects.select_for_update().filter(case=case, item=item).first()
    if owed is None:
        raise NotFound("没有这项容缺材料")
    if owed.supplied_at is None:
        raise CaseWrong("申请人还没有提交这项材料")
    if owed.received_at is None:
        owed.received_at = now
        owed.save(update_fields=["received_at"])
        _record("services.received", case, actor=actor, now=now, item=item)
    return owed


def require_nothing_owed(subject: str) -> None:
    """Let the notice come out when nothing of the subject is owed any more.

    :raises StillOwed: something promised for later is not there
    """
    item = Owed.objects.filter(case__subject=subject, received_at=None).order_by("pk").first()
    if item is not None:
        raise StillOwed(
            f"容缺受理的“{item.item}”还没有补齐, 应在发布公告前补交, 由中心确认收到",
            next_steps=(("补交材料", "/work/cases"),),
        )


@transaction.atomic
def give_grade(*, case_id: str, grade: int, words: str, actor: Actor, now: datetime) -> Grade:
    """Grade an answered case once; a bad grade is looked into within some working days.

    :raises BadInput: no grade, or a bad one without a word
    :raises CaseWrong: it is not answered, or graded already
    """
    rules.require_grade(grade, words)
    case = _own(case_id, actor)
    if case.state == Case.OPEN:
        raise CaseWrong("答复以后才能评价")
    if Grade.objects.filter(case=case).exists():
        raise CaseWrong("这件已经评价过, 每件评价一次")
    due = rules.due_at(now, minutes=hours().a_day * FOLLOW_UP_DAYS, hours=hours(), calendar=calendars.CHINA)
    made = Grade.objects.create(
        case=case,
        grade=grade,
        words=words.strip()[:1000],
        given_at=now,
        follow_up_due=due if grade <= rules.BAD else None,
    )
    _record("services.graded", case, actor=actor, now=now, grade=grade)
    return made


@transaction.atomic
def follow_up(*, case_id: str, answer: str, actor: Actor, now: datetime) -> Grade:
    """Answer a bad grade; whoever took the case does not answer for it.

    :raises BadInput: nothing is said
    :raises NotPermitted: the clerk's own case
    :raises CaseWrong: no bad grade waits
    """
    require(actor, Permission.SERVICE_KEEP)
    if not answer.strip():
        raise BadInput("请写明怎样处理的", field="answer")
    grade = Grade.objects.select_for_update().select_related("case").filter(case__public_id=case_id).first()
    if grade is None or grade.follow_up_due is None or grade.followed_up_at is not None:
        raise CaseWrong("没有等待回访的差评")
    if grade.case.first_id == actor.account_pk:
        raise NotPermitted("差评由经办人以外的工作人员回访")
    grade.follow_up, grade.followed_up_at = answer.strip()[:1000], now
    grade.save(update_fields=["follow_up", "followed_up_at"])
    _record("services.followed_up", grade.case, actor=actor, now=now)
    return grade


# --- 帮办代办


@transaction.atomic
def ask_help(*, wish: str, days: int, actor: Actor, now: datetime) -> Help:
    """Consent that a helper of the centre prepares for this account for some days; nothing that binds.

    :raises BadInput: no wish, or an unreasonable time
    """
    require(actor, Permission.HELP_ASK)
    if not wish.strip():
        raise BadInput("请写明要帮什么", field="wish")
    if not 1 <= days <= HELP_DAYS:
        raise BadInput(f"期限为1至{HELP_DAYS}天", field="days")
    Help.objects.filter(account_id=actor.account_pk, ended_at=None).update(ended_at=now)
    made = Help.objects.create(
        account_id=actor.account_pk,
        token=secrets.token_urlsafe(32),
        wish=wish.strip()[:300],
        consented_at=now,
        until=now + timedelta(days=days),
    )
    record_act(
        "services.help_asked", subject=made.public_id, actor=actor, legal_at=now, party={"until": made.until}
    )
    return made


@transaction.atomic
def take_help(*, token: str, actor: Actor, now: datetime) -> Help:
    """Become the named helper of a consent, by its QR code; one that has a helper keeps that one.

    :raises NotFound: no such consent, or it is over
    :raises NotPermitted: somebody else helps
    """
    require(actor, Permission.HELP_GIVE)
    found = Help.objects.select_for_update().filter(token=token, ended_at=None, until__gt=now).first()
    if found is None or not token:
        raise NotFound("这个帮办二维码已失效, 请对方重新发起")
    if found.helper_id not in {None, actor.account_pk}:
        raise NotPermitted("已有工作人员在帮办这件, 由首个接单的人负责到底")
    if found.helper_id is None:
        found.helper_id, found.taken_at = actor.account_pk, now
        found.save(update_fields=["helper", "taken_at"])
        record_act("services.help_taken", subject=found.public_id, actor=actor, legal_at=now)
    return found


@transaction.atomic
def end_help(*, help_id: str, actor: Actor, now: datetime) -> Help:
    """End a consent at once: whoever gave it, or who helps. One that is over stays so.

    :raises NotFound: no such consent of this account
    """
    found = Help.objects.select_for_update().filter(public_id=help_id).first()
    if found is None or actor.account_pk not in {found.account_id, found.helper_id}:
        raise NotFound("没有这项帮办")
    if found.ended_at is None:
        found.ended_at = now
        found.save(update_fields=["ended_at"])
        record_act("services.help_ended", subject=found.public_id, actor=actor, legal_at=now)
    return found


def _own(case_id: str, actor: Actor) -> Case:
    require(actor, Permission.WORKBENCH_READ)
    case = _locked(case_id)
    mine = case.account_id == actor.account_pk or (
        case.organisation_id is not None and case.organisation_id == actor.organisation_pk
    )
    if not mine:
        raise NotFound("没有这件")
    return case


def _locked(case_id: str) -> Case:
    case = Case.objects.select_for_update().filter(public_id=case_id).first()
    if case is None:
        raise NotFound("没有这件")
    return case


def _record(act: str, case: Case, *, actor: Actor, now: datetime, **supervisor: object) -> None:
    facts: Mapping[str, object] = {"service": case.service, "case_subject": case.subject, **supervisor}
    record_act(act, subject=case.public_id, actor=actor, legal_at=now, supervisor=dict(facts))

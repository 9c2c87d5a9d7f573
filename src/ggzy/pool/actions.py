"""The life of an expert's file: apply, review, appoint, renew, come back from a pause, leave the pool."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.experts.actions import keep_away, keep_place, open_pool_place, set_drawable
from ggzy.experts.calling import take_out
from ggzy.experts.lending import take_out_lent
from ggzy.experts.models import Expert
from ggzy.kernel import files
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.ids import require_region, require_uscc
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.actions import keep_person, open_account
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account
from ggzy.pool import rules
from ggzy.pool.models import ExpertFile, FileMove
from ggzy.pool.rules import State
from ggzy.services.actions import Answer, answer_case, open_case

TERM_ENDS = "pool.term_ends"
MOST_FILE = 10 << 20
_ID = re.compile(r"^\d{17}[\dX]$")
_SPECIALTY = re.compile(r"^[A-Z]\d{2,6}$")
_FACTORS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, kw_only=True)
class Application:
    """What an expert says of themselves. What is empty and was said before stays."""

    name: str = ""
    id_number: str = ""
    phone: str = ""
    title: str = ""
    years: int = 0
    #: code → [(name of a file, its bytes)] that prove it
    specialties: Mapping[str, Sequence[tuple[str, bytes]]]
    employer_name: str = ""
    employer_uscc: str = ""
    region: str = ""
    bank_name: str = ""
    bank_account: str = ""


def today(now: datetime) -> date:
    """Return the day in Beijing."""
    return now.astimezone(BEIJING).date()


def midnight(day: date) -> datetime:
    """Return the first moment of a day in Beijing."""
    return datetime.combine(day, time(0), tzinfo=BEIJING)


def record(file: ExpertFile, act: str, actor: Actor, now: datetime, **levels: Any) -> None:
    """Write an act on a file into the log: never a name, a number, or a reason that tells of the person."""
    record_act(f"pool.{act}", subject=file.public_id, actor=actor, legal_at=now, **levels)


def lock_file(file_id: str) -> ExpertFile:
    """Return a file locked for change.

    :raises NotFound: no such file
    """
    rows = ExpertFile.objects.select_for_update(of=("self",)).select_related("expert__account__person")
    file = rows.filter(public_id=file_id).first()
    if file is None:
        raise NotFound("没有这份专家档案", next_steps=(("专家库", "/work/pool"),))
    return file


def own_file(actor: Actor, *, lock: bool = False) -> ExpertFile:
    """Return the actor's own file.

    :raises NotFound: not applied yet
    """
    require(actor, Permission.POOL_OWN)
    rows = ExpertFile.objects.select_related("expert__account__person")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    file = rows.filter(expert__account_id=actor.account_pk).first()
    if file is None:
        raise NotFound("您还没有专家档案, 请先申请入库", next_steps=(("申请入库", "/work/pool/apply"),))
    return file


def move(
    file: ExpertFile, event: str, *, actor: Actor, now: datetime, reason: str = "", basis: str = ""
) -> None:
    """Move a locked file: its state, the draw's row, the move with who and why, and the log.

    :raises MoveNotNow: not from its state
    """
    file.state = rules.moved(file.state, event)
    file.save(update_fields=["state"])
    drawable = file.state == State.ACTIVE
    if file.expert.active != drawable:
        set_drawable(file.expert, drawable=drawable)
        if not drawable:
            take_out(file.expert, actor=actor, now=now)
            take_out_lent(file.expert, now=now)
    FileMove.objects.create(
        file=file,
        event=event,
        state=file.state,
        by_id=actor.account_pk or None,
        basis=basis[:200],
        reason=reason.strip()[:500],
        made_at=now,
    )
    record(
        file,
        "moved",
        actor,
        now,
        supervisor={"event": event, "state": file.state, "basis": basis, "reason": reason.strip()[:500]},
    )


def require_reason(reason: str, *, field: str = "reason") -> str:
    """Return a reason, or refuse an empty one.

    :raises BadInput: nothing was said
    """
    if not reason.strip():
        raise BadInput("请写明理由和依据的事实", field=field)
    return reason.strip()[:500]


# Applying


def require_id_number(text: str) -> str:
    """Return a citizen id number whose check digit is right.

    :raises BadInput: it cannot be one
    """
    number = text.strip().upper()
    if _ID.match(number):
        total = sum(int(d) * f for d, f in zip(number[:17], _FACTORS, strict=True))
        if "10X98765432"[total % 11] == number[17]:
            return number
    raise BadInput("身份证号码应为18位, 末位校验不符的请核对", field="id_number")


def checked(said: Application, *, known: ExpertFile | None) -> Application:
    """Return an application with every value checked; what is personal and empty stays as it is known."""
    person = known.expert.account.person if known else None
    if said.id_number or person is None or not person.id_number:
        require_id_number(said.id_number)
    if (said.phone or person is None or not person.phone) and not re.match(r"^1\d{10}$", said.phone):
        raise BadInput("手机号码应为11位, 评标邀请发到这个号码", field="phone")
    rules.require_qualified(title=said.title, years=said.years)
    if not said.specialties or any(not _SPECIALTY.match(code) for code in said.specialties):
        raise BadInput("专业应填写评标专家专业分类代码, 例如 A080101", field="specialties")
    if len(said.specialties) > 3:
        raise BadInput("最多申请3个专业", field="specialties")
    if bool(said.employer_name.strip()) != bool(said.employer_uscc.strip()):
        raise BadInput("工作单位的名称和统一社会信用代码应一并填写, 退休的都留空", field="employer_uscc")
    if said.employer_uscc:
        require_uscc(said.employer_uscc, field="employer_uscc")
    require_region(said.region, field="region")
    if said.bank_account and not re.match(r"^\d{12,19}$", said.bank_account):
        raise BadInput("银行账号应为12至19位数字", field="bank_account")
    return said


def _proofs(said: Application, *, known: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for code, attached in said.specialties.items():
        for name, data in attached:
            if not data or len(data) > MOST_FILE:
                raise BadInput(f"文件“{name}”为空或超过10MB", field="proofs")
        kept = [{"name": n[:200], "sha256": files.keep(d), "size": len(d)} for n, d in attached]
        out[code] = kept or list(known.get(code, ()))
        if not out[code]:
            raise BadInput(f"请为专业{code}上传职称或者业绩证明", field="proofs")
    return out


def register_applicant(
    *, username: str, password: str, person_name: str, actor: Actor, now: datetime
) -> Account:
    """Open an account for somebody who wants to apply; it can do nothing but that until the file is admitted.

    :raises AlreadyRegistered: the username is taken
    """
    require(actor, Permission.PARTY_REGISTER)
    with transaction.atomic():
        account = open_account(
            username=username,
            password=password,
            person_name=person_name,
            role=Role.EXPERT,
            organisation=None,
        )
        record_act("pool.registered", subject=account.public_id, actor=actor, legal_at=now)
    return account


@transaction.atomic
def apply(*, said: Application, actor: Actor, now: datetime) -> ExpertFile:
    """Apply to enter the pool: the file goes to review. A file sent back is handed in again the same way.

    :raises BadInput: a value that cannot be right, or a specialty without proof
    :raises NotQualified: what 招标投标法第三十七条 asks of an expert is not there
    :raises MoveNotNow: it is in review, or decided
    """
    require(actor, Permission.POOL_OWN)
    account = (
        Account.objects.select_for_update(of=("self",)).select_related("person").get(pk=actor.account_pk)
    )
    file = (
        ExpertFile.objects.select_related("expert__account__person").filter(expert__account=account).first()
    )
    checked(said, known=file)
    if file is None:
        expert = Expert.objects.filter(account=account).first() or open_pool_place(
            account_pk=account.pk, specialties=[], drawable=False
        )
        file = ExpertFile(expert=expert, state=State.APPLIED, applied_at=now)
    rules.moved(file.state, "submit")
    file.proofs = _proofs(said, known=file.proofs)
    file.title, file.years, file.region_code = said.title, said.years, said.region
    file.bank_name = said.bank_name or file.bank_name
    file.bank_account = said.bank_account or file.bank_account
    file.save()
    keep_person(account.person, name=said.name, id_number=said.id_number, phone=said.phone)
    keep_place(
        file.expert,
        specialties=sorted(said.specialties),
        region=said.region,
        employer_uscc=said.employer_uscc,
        employer_name=said.employer_name.strip()[:200],
    )
    move(file, "submit", actor=actor, now=now)
    open_case(service="expert", subject=file.public_id, title="评标专家入库申请", actor=actor, now=now)
    return file


@transaction.atomic
def keep_contact(*, phone: str, bank_name: str, bank_account: str, actor: Actor, now: datetime) -> ExpertFile:
    """Keep one's own phone and bank account; what is empty stays.

    :raises BadInput: no phone number or account number
    """
    file = own_file(actor, lock=True)
    if phone and not re.match(r"^1\d{10}$", phone):
        raise BadInput("手机号码应为11位, 评标邀请发到这个号码", field="phone")
    if bank_account and not re.match(r"^\d{12,19}$", bank_account):
        raise BadInput("银行账号应为12至19位数字", field="bank_account")
    keep_person(file.expert.account.person, phone=phone)
    file.bank_name = bank_name.strip()[:100] or file.bank_name
    file.bank_account = bank_account or file.bank_account
    file.save(update_fields=["bank_name", "bank_account"])
    record(file, "contact_kept", actor, now)
    return file


# Review and the term


@transaction.atomic
def review(*, file_id: str, decision: str, reason: str, actor: Actor, now: datetime) -> ExpertFile:
    """Conclude a review: admit to the exam, send back to be mended, or refuse with the reason.

    :raises BadInput: no such decision, or none of the reasons a refusal needs
    :raises MoveNotNow: not in review
    """
    require(actor, Permission.POOL_KEEP)
    if decision not in {"admit", "send_back", "refuse"}:
        raise BadInput("请选择审核合格、退回补正或者不予入库", field="decision")
    file = lock_file(file_id)
    basis = "招标投标法第三十七条" if decision == "refuse" else ""
    reason = reason if decision == "admit" else require_reason(reason)
    move(file, decision, actor=actor, now=now, reason=reason, basis=basis)
    answer = Answer(
        missing=(reason,) if decision == "send_back" else (),
        refused=decision == "refuse",
        # an application that was sent back came again with other content: each is looked at as a whole
        because="重新提交了申请" if decision == "send_back" else "",
    )
    answer_case(service="expert", subject=file.public_id, answer=answer, actor=actor, now=now)
    return file


def begin_term(file: ExpertFile, event: str, *, actor: Actor, now: datetime) -> None:
    """Appoint a locked file from today for a term."""
    until = rules.term_end(today(now), years=settings.POOL_TERM_YEARS)
    begin_term_until(file, event, until=until, actor=actor, now=now)


def begin_term_until(file: ExpertFile, event: str, *, until: date, actor: Actor, now: datetime) -> None:
    """Appoint a locked file from today until a day; the draw reads the end as an absence without end."""
    _clear_term(file, now)
    file.term_from, file.term_to = today(now), until
    over = file.term_to + timedelta(days=1)
    file.after_term = keep_away(expert=file.expert, since=over, until=None, reason="聘期届满")
    file.save(update_fields=["term_from", "term_to", "after_term"])
    set_timer(kind=TERM_ENDS, subject=file.public_id, due_at=midnight(over))
    move(file, event, actor=actor, now=now, reason=f"聘期至{file.term_to}")


def _clear_term(file: ExpertFile, now: datetime) -> None:
    cancel_timer(kind=TERM_ENDS, subject=file.public_id, now=now)
    if (away := file.after_term) is not None:
        file.after_term = None
        file.save(update_fields=["after_term"])
        away.delete()


@effect(TERM_ENDS)
def end_term(file_id: str, now: datetime) -> datetime | None:
    """Take a file whose term is over out of the draw: it waits for the renewal."""
    file = lock_file(file_id)
    if file.state in {State.ACTIVE, State.PAUSED}:
        move(file, "expire", actor=SYSTEM, now=now)
    return None


@transaction.atomic
def renew(*, file_id: str, keep: bool, reason: str, actor: Actor, now: datetime) -> ExpertFile:
    """Renew a term that is over by its assessments, or end it.

    :raises MoveNotNow: the term is not over, training hours are missing, or a suspension still runs
    """
    require(actor, Permission.POOL_KEEP)
    file = lock_file(file_id)
    if not keep:
        return _exit(file, require_reason(reason), actor=actor, now=now)
    rules.moved(file.state, "renew")
    require_no_suspension(file, now)
    year = today(now).year
    hours = hours_of(file, since=date(year - 1, 1, 1))
    if hours < settings.POOL_YEAR_HOURS:
        raise rules.MoveNotNow(
            f"续聘前两个年度内应有{settings.POOL_YEAR_HOURS}学时培训, 现有{hours}学时: 请先登记培训, 或办理出库"
        )
    begin_term(file, "renew", actor=actor, now=now)
    return file


@transaction.atomic
def leave_pool(*, reason: str, actor: Actor, now: datetime) -> ExpertFile:
    """Leave the pool by one's own will; what was judged stays one's own responsibility."""
    return _exit(own_file(actor, lock=True), require_reason(reason), actor=actor, now=now)


@transaction.atomic
def dismiss(*, file_id: str, reason: str, actor: Actor, now: datetime) -> ExpertFile:
    """Take an expert out of the pool: age, health, an assessment that was not passed.

    :raises MoveNotNow: not from this state
    """
    require(actor, Permission.POOL_KEEP)
    return _exit(lock_file(file_id), require_reason(reason), actor=actor, now=now)


def _exit(file: ExpertFile, reason: str, *, actor: Actor, now: datetime) -> ExpertFile:
    move(file, "exit", actor=actor, now=now, reason=reason)
    _clear_term(file, now)
    return file


def require_no_suspension(file: ExpertFile, now: datetime) -> None:
    """Let an expert be drawn again, or refuse.

    :raises MoveNotNow: a suspension runs
    """
    running = file.suspensions.filter(lifted_at=None).order_by("-pk").first()
    if running is not None and (running.until is None or running.until >= today(now)):
        until = f"至{running.until}" if running.until else "期限以决定为准"
        raise rules.MoveNotNow(f"暂停期未满({running.basis}, {until}), 期满并完成再培训后才能恢复")


@transaction.atomic
def resume(*, file_id: str, reason: str, actor: Actor, now: datetime) -> ExpertFile:
    """Let a paused expert be drawn again: the suspension is over and the hours of renewed training are there.

    :raises MoveNotNow: not paused, the suspension runs, or hours are missing
    """
    require(actor, Permission.POOL_KEEP)
    file = lock_file(file_id)
    rules.moved(file.state, "resume")
    require_no_suspension(file, now)
    last = file.suspensions.filter(lifted_at=None).order_by("-pk").first()
    if last is not None:
        hours = hours_of(file, since=last.since)
        if hours < settings.POOL_RETURN_HOURS:
            raise rules.MoveNotNow(
                f"恢复前应完成再培训{settings.POOL_RETURN_HOURS}学时, 暂停以来只有{hours}学时: 请先登记培训"
            )
    move(file, "resume", actor=actor, now=now, reason=reason)
    return file


def hours_of(file: ExpertFile, *, since: date, until: date | None = None) -> Decimal:
    """Return the hours of training between two days."""
    rows = file.trainings.filter(held_on__gte=since)
    rows = rows.filter(held_on__lte=until) if until else rows
    return rows.aggregate(n=Sum("hours"))["n"] or Decimal(0)

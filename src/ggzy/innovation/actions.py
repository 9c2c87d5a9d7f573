"""The beginning of a 合作创新采购: plan, call, applications, the group; and its termination."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import acknowledge
from ggzy.experts import rules as experts
from ggzy.experts.models import Expert
from ggzy.identity.actions import sign_document
from ggzy.innovation import rules
from ggzy.innovation.models import GroupMember, Innovation, Participant
from ggzy.innovation.moves import TO_THE_LIST, locked, move_innovation, own
from ggzy.innovation.rules import BASIS, Buyer, Ground, Seat, Way
from ggzy.innovation.telling import (
    announce,
    end_result_clock,
    in_words,
    record,
    said,
    tell_all,
    tell_those,
)
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.ids import deal_code, new_public_id
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, Citation, NotPermitted, Refusal
from ggzy.law.limits import beijing_date
from ggzy.notices.actions import NoticeKind
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account, Organisation
from ggzy.procedures.catalogue import GP_HC
from ggzy.procedures.spec import Stage

APPLICATION, CLOSES = "innovation.application", "innovation.applications_close"
#: class of government procurement in the trade code (交易分类)
CLASS_CODE = "D01"

#: what a plan says (第十二条) → how it is called, and how long it may be
PLAN = {
    "targets": ("最低研发目标", 10_000),
    "scenario": ("应用场景", 5000),
    "qualification": ("供应商资格条件", 5000),
    "group_plan": ("谈判小组组成、评审专家选定方法", 3000),
    "review_plan": ("评审方法和初步的评审标准", 5000),
    "costs_plan": ("给予研发成本补偿的成本范围和限额", 3000),
    "interim_plan": ("是否开展研发中期谈判", 2000),
    "ip": ("知识产权权属、利益分配、使用方式的初步意见", 5000),
    "upgrades": ("创新产品的迭代升级服务要求", 3000),
    "contract_terms": ("研发合同的主要条款", 10_000),
    "risks": ("研发风险分析和风险管控措施", 5000),
    "sme": ("落实支持中小企业政策的措施", 2000),
    "argued": ("市场调研、专家论证和内部审查的情况", 5000),
}
_TEXTS = {"name": ("采购项目名称", 200), "contact": ("采购人的联系人、地址和电话", 200)}


#: where the group has nothing left to judge
NOTHING_LEFT = {stage.value for stage in (Stage.HC_CHOSEN, Stage.HC_BOUGHT, Stage.CONTRACTED, Stage.STOPPED)}


class AlreadyPlanned(Refusal):
    """The buyer has a purchase of this name that is not over."""

    code = "innovation.already_planned"


class NotNow(Refusal):
    """The time is over, has not come, or something before it is missing."""

    code = "innovation.not_now"


class MustStandAside(Refusal):
    """A member of the group has ties to an applicant."""

    code = "innovation.must_stand_aside"
    basis = Citation("政府采购法实施条例", "第九条")


class AlreadyJudged(Refusal):
    """The group is judging, or has judged."""

    code = "innovation.already_judged"


@transaction.atomic
def keep_plan(
    *,
    name: str,
    contact: str,
    ground: str,
    buyer_kind: str,
    approval: str,
    way: str,
    invited: Iterable[str],
    consortium: bool,
    major: bool,
    months: int,
    most_cost: str,
    plan: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> Innovation:
    """Keep the plan of a purchase by 合作创新采购: argued outside, reviewed inside, not yet public.

    :param invited: USCCs of all fitting suppliers, where they are invited
    :raises AlreadyPlanned: the same buyer has one of this name that is not over
    :raises BadInput: something is missing
    """
    require(actor, Permission.INNOVATION_BUY)
    fields = {
        field: said(text, what=_TEXTS[field][0], field=field, most=_TEXTS[field][1])
        for field, text in (("name", name), ("contact", contact))
    }
    texts = {
        field: said(plan.get(field, ""), what=what, field=field, most=most)
        for field, (what, most) in PLAN.items()
    }
    _require_choices(ground=ground, buyer_kind=buyer_kind, approval=approval, way=way, months=months)
    usccs = _invited(invited, way=way)
    amount = yuan(most_cost, field="most_cost")
    if amount <= 0:
        raise BadInput("最高研发费用应大于0", field="most_cost")
    made = Innovation(
        buyer_id=actor.organisation_pk,
        stage=GP_HC.initial.value,
        **fields,
        ground=ground,
        buyer_kind=buyer_kind,
        approval=approval.strip()[:200],
        way=way,
        invited=usccs,
        consortium=consortium,
        major=major,
        months=months,
        most_cost=amount,
        plan=texts,
        planned_at=now,
        deal_code=deal_code(
            kind=CLASS_CODE,
            organiser_uscc=settings.CENTRE_USCC,
            on=beijing_date(now),
            serial=new_public_id()[:6].upper(),
        ),
    )
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as clash:
        raise AlreadyPlanned(
            "本单位同名的合作创新采购还没有结束, 不重复登记", next_steps=TO_THE_LIST
        ) from clash
    # what is planned is nobody's before the call
    record("planned", made, actor=actor, now=now, supervisor={"most_cost": str(amount)}, escrowed=True)
    return made


def _require_choices(*, ground: str, buyer_kind: str, approval: str, way: str, months: int) -> None:
    if ground not in set(Ground):
        raise BadInput("请选择适用的情形", field="ground")
    if buyer_kind not in set(Buyer):
        raise BadInput("请选择采购人属于哪一种", field="buyer_kind")
    if buyer_kind == Buyer.CITY and not approval.strip():
        raise BadInput(
            "设区的市级主管预算单位开展合作创新采购, 应当经省级主管部门批准, 请填写批准机关和文号",
            field="approval",
            basis=Citation(BASIS, "第四条"),
        )
    if way not in set(Way):
        raise BadInput("请选择邀请供应商的方式", field="way")
    if not 1 <= months <= rules.MOST_MONTHS:
        raise BadInput("研发期限请填写月数", field="months")


def _invited(invited: Iterable[str], *, way: str) -> list[str]:
    usccs = list(dict.fromkeys(u.strip().upper() for u in invited if u.strip()))
    if way == Way.NOTICE:
        if usccs:
            raise BadInput("发布公告的不另行邀请供应商", field="invited")
        return []
    known = set(Organisation.objects.filter(uscc__in=usccs).values_list("uscc", flat=True))
    if not usccs:
        raise BadInput("请填写被邀请的供应商的统一社会信用代码", field="invited")
    for uscc in usccs:
        if uscc not in known:
            raise BadInput(f"“{uscc}”没有在平台登记, 不能发出邀请书", field="invited")
    return usccs


def call_facts(innovation: Innovation) -> list[tuple[str, str]]:
    """Return what a call says, in words."""
    facts = [
        ("采购人", f"{innovation.buyer.name}; {innovation.contact}"),
        ("采购项目编号", innovation.deal_code),
        ("适用情形", Ground(innovation.ground).label),
        ("最低研发目标", innovation.plan["targets"]),
        ("最高研发费用", f"{innovation.most_cost:,.2f}元"),
        ("应用场景", innovation.plan["scenario"]),
        ("研发期限", f"{innovation.months}个月"),
        ("供应商资格条件", innovation.plan["qualification"]),
        ("联合体", "接受联合体" if innovation.consortium else "不接受联合体"),
        ("知识产权", innovation.plan["ip"]),
        ("支持中小企业", innovation.plan["sme"]),
    ]
    if innovation.apply_until is not None:
        facts.append(("提交申请文件截止", in_words(innovation.apply_until)))
    facts.append(
        ("说明", "与合格的供应商共同进行创新概念交流以后, 采购人可以实质性调整最低研发目标和最高研发费用")
    )
    return facts


@transaction.atomic
def publish_call(*, innovation_id: str, apply_until: datetime, actor: Actor, now: datetime) -> Innovation:
    """Publish the notice, or send the invitations, with the moment until which applications are handed in (第十六条).

    Fewer than twenty working days warn (GP-T60, from memory); they do not block.

    :raises BadInput: the moment is past
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    move_innovation(innovation, "publish_call", actor=actor)
    if apply_until <= now:
        raise BadInput("提交申请文件的截止时间应在现在以后", field="apply_until")
    innovation.called_at, innovation.apply_until = now, apply_until
    innovation.save()
    set_timer(kind=CLOSES, subject=innovation.public_id, due_at=apply_until)
    facts = call_facts(innovation)
    if innovation.way == Way.NOTICE:
        announce(NoticeKind.INNOVATION, innovation, "合作创新采购公告", facts, actor=actor, now=now)
        tell_all(innovation, "planned", now=now)
        record("called", innovation, actor=actor, now=now, public={"apply_until": apply_until.isoformat()})
        return innovation
    # who was invited, and that there is a purchase at all, is told to the invited alone until its result
    record(
        "called",
        innovation,
        actor=actor,
        now=now,
        public={"apply_until": apply_until.isoformat()},
        supervisor={"invited": innovation.invited},
        escrowed=True,
    )
    pks = Organisation.objects.filter(uscc__in=innovation.invited).values_list("pk", flat=True)
    text = "; ".join(f"{name}: {value}" for name, value in facts)[:1800]
    tell_those(innovation, pks, title="合作创新采购邀请书", text=text, now=now)
    return innovation


# --- applications


def _applying(innovation_id: str, actor: Actor, now: datetime) -> Innovation:
    innovation = locked(innovation_id)
    # the moment is checked before everything else: no refusal after it tells what was there before
    if (
        innovation.stage != Stage.HC_OPEN.value
        or innovation.apply_until is None
        or now >= innovation.apply_until
    ):
        raise NotNow("现在不接收申请文件", next_steps=TO_THE_LIST)
    if innovation.way == Way.INVITATION and actor.uscc not in innovation.invited:
        raise NotPermitted("本单位没有被邀请参加这项采购", next_steps=TO_THE_LIST)
    return innovation


def _application(
    innovation: Innovation, actor: Actor, statement: str, contact: str, partners: str
) -> tuple[dict[str, Any], bytes]:
    """Return an application as it is kept, and as the supplier signs it."""
    kept = {
        "statement": said(statement, what="符合资格条件的说明", field="statement", most=5000),
        "contact": said(contact, what="联系人、地址和电话", field="contact", most=200),
        "partners": rules.partners(partners),
    }
    if kept["partners"] and not innovation.consortium:
        raise BadInput("这项采购不接受联合体, 请以本单位名义申请", field="partners")
    if any(one["uscc"] == actor.uscc for one in rules.partners(partners)):
        raise BadInput("联合体成员中不要填写本单位", field="partners")
    return kept, canonical({"purchase": innovation.public_id, "supplier": actor.uscc, **kept})


@transaction.atomic
def application_to_sign(
    *, innovation_id: str, statement: str, contact: str, partners: str = "", actor: Actor, now: datetime
) -> bytes:
    """Return an application as the supplier signs it.

    :raises NotNow: applications are not taken now
    :raises NotPermitted: it was not invited
    """
    require(actor, Permission.INNOVATION_APPLY, signed=True)
    innovation = _applying(innovation_id, actor, now)
    return _application(innovation, actor, statement, contact, partners)[1]


@transaction.atomic
def apply(
    *,
    innovation_id: str,
    statement: str,
    contact: str,
    partners: str = "",
    signature: str,
    actor: Actor,
    now: datetime,
) -> dict[str, object]:
    """Hand in an application, without a price; handed in anew before the time, the last one counts. Returns the acknowledgement.

    Until the time nobody is shown that somebody applied, nor how many did; the entry is escrowed. That a member of a
    consortium also applies elsewhere is therefore no refusal here: the group is shown it.

    :param partners: the other members of the consortium that this supplier leads, one a line: USCC, name
    :raises BadInput: something missing, or a consortium where none is allowed
    :raises NotNow: applications are not taken now
    :raises NotPermitted: it was not invited
    :raises SignatureWrong: the signature is not on this application
    """
    require(actor, Permission.INNOVATION_APPLY, signed=True)
    innovation = _applying(innovation_id, actor, now)
    move_innovation(innovation, "apply_to_research", actor=actor)
    kept, document = _application(innovation, actor, statement, contact, partners)
    signed = sign_document(
        kind=APPLICATION,
        subject=innovation.public_id,
        document=document,
        signature=signature,
        actor=actor,
        now=now,
    )
    Participant.objects.update_or_create(
        innovation=innovation,
        supplier_id=actor.organisation_pk,
        defaults={**kept, "signature": signed, "applied_at": now},
    )
    entry = record(
        "applied",
        innovation,
        actor=actor,
        now=now,
        supervisor={"supplier": actor.uscc, "application_sha256": signed.digest},
        escrowed=True,
    )
    return acknowledge(entry)


@effect(CLOSES)
def close_applications(subject: str, now: datetime) -> datetime | None:
    """Close the applications at their moment: the group judges them, or nobody applied and it is over."""
    innovation = locked(subject)
    if innovation.apply_until is None:
        return None
    if now < innovation.apply_until:
        return innovation.apply_until
    if innovation.stage == Stage.STOPPED.value:
        tell_all(innovation, "applied", now=now)
    if innovation.stage != Stage.HC_OPEN.value:
        return None
    if not innovation.participants.exists():
        stop(
            innovation,
            "fail_without_applications",
            reason="截止时没有供应商提交申请文件",
            actor=SYSTEM,
            now=now,
        )
        return None
    move_innovation(innovation, "close_applications", actor=SYSTEM)
    innovation.save()
    record("applications_closed", innovation, actor=SYSTEM, now=now, escrowed=hidden(innovation))
    tell_those(
        innovation,
        [innovation.buyer_id],
        title="申请截止",
        text="请确认谈判小组成员与申请人没有利害关系, 组织资格审查。",
        now=now,
    )
    return None


def hidden(innovation: Innovation) -> bool:
    """Say whether the purchase itself is not public: invitations, until there is a result."""
    return innovation.way == Way.INVITATION and innovation.determined_at is None


# --- the group


def ties_of(account_id: int, *, usccs: Iterable[str], today: date) -> str:
    """Return why somebody must stand aside from these suppliers, "" where nothing known says so."""
    expert = Expert.objects.filter(account_id=account_id).prefetch_related("ties").first()
    if expert is None:
        organisation = Account.objects.filter(pk=account_id).values_list("organisation__uscc", flat=True)
        return "工作单位与申请人相同" if set(organisation) & set(usccs) else ""
    ties = [
        experts.Tied(uscc=tie.uscc or "", kind=tie.kind, until=tie.until)
        for tie in expert.ties.all()
        if tie.dropped_at is None
    ]
    found = experts.avoids(employer_uscc=expert.employer_uscc, ties=ties, bidders=sorted(usccs), today=today)
    return found.replace("投标人", "申请人")


@transaction.atomic
def name_group(
    *, innovation_id: str, members: Iterable[Mapping[str, str]], actor: Actor, now: datetime
) -> Innovation:
    """Name the group: five or more, odd, the buyer's own people and experts that the buyer itself chooses (第十五条).

    Named anew, it takes the place of the former one, research takes years; while a sitting goes on one member at a time is
    replaced (`judging.replace_member`). No draw: here the law lets the buyer choose its experts; who has ties to an
    applicant is refused all the same.

    :param members: [{username, seat}]; seat: buyer, technical, law, economy
    :raises GroupNotLawful: too few, even, or no buyer, lawyer or economist
    :raises MustStandAside: somebody has ties to an applicant
    :raises AlreadyJudged: the group is judging, or nothing is left to judge
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    if innovation.stage in NOTHING_LEFT:
        raise AlreadyJudged("谈判小组的评审已经全部结束, 不再调整成员", next_steps=TO_THE_LIST)
    if innovation.sheets.filter(signature=None, voided_at=None).exists():
        raise AlreadyJudged(
            "谈判小组正在评审, 不能整体调整; 需要回避或者不能参加的成员, 请写明理由逐人更换",
            next_steps=TO_THE_LIST,
        )
    found = people(members, innovation)
    rules.require_group([seat for _, seat in found])
    if innovation.stage not in {Stage.HC_PLAN.value, Stage.HC_OPEN.value}:
        require_no_ties(innovation, [account for account, _ in found], now=now)
    innovation.members.filter(left_at=None).update(left_at=now)
    begun = innovation.members.count()
    GroupMember.objects.bulk_create(
        GroupMember(innovation=innovation, account=account, seat=seat.value, code=f"{number:02d}")
        for number, (account, seat) in enumerate(found, begun + 1)
    )
    record(
        "group_named",
        innovation,
        actor=actor,
        now=now,
        public={"seats": [seat.value for _, seat in found]},
        supervisor={"members": [account.public_id for account, _ in found]},
        escrowed=hidden(innovation) or innovation.stage == Stage.HC_PLAN.value,
    )
    return innovation


def people(members: Iterable[Mapping[str, str]], innovation: Innovation) -> list[tuple[Account, Seat]]:
    """Return the accounts that a buyer names, each with its seat.

    :raises BadInput: somebody twice, without a seat, not an expert, or not of the buyer's own people
    """
    wanted: dict[str, str] = {}
    for row in members:
        name = row.get("username", "").strip()
        if name and name in wanted:
            raise BadInput(f"“{name}”填写了两次", field="members")
        if name:
            wanted[name] = row.get("seat", "")
    accounts = {a.username: a for a in Account.objects.filter(username__in=wanted, active=True)}
    found = []
    for name, seat in wanted.items():
        account = accounts.get(name)
        if seat not in set(Seat):
            raise BadInput(f"请选择“{name}”是采购人代表还是哪一类专家", field="members")
        role = Role.TENDEREE if seat == Seat.BUYER else Role.EXPERT
        wrong = account is None or account.role != role.value
        if (
            account is None
            or wrong
            or (seat == Seat.BUYER and account.organisation_id != innovation.buyer_id)
        ):
            what = "本单位人员" if seat == Seat.BUYER else "评审专家"
            raise BadInput(f"“{name}”不是{what}的用户名", field="members")
        found.append((account, Seat(seat)))
    return found


def require_no_ties(innovation: Innovation, accounts: Iterable[Account], *, now: datetime) -> None:
    """Let people judge who have no known ties to an applicant.

    :raises MustStandAside: somebody has
    """
    usccs = [uscc for one in innovation.participants.select_related("supplier") for uscc in one.usccs]
    for account in accounts:
        why = ties_of(account.pk, usccs=usccs, today=beijing_date(now))
        if why:
            raise MustStandAside(f"“{account.username}”{why}, 应当回避, 请采购人更换成员", field="members")


# --- the end without a result


def stop(innovation: Innovation, move: str, *, reason: str, actor: Actor, now: datetime) -> None:
    """End a locked purchase without a contract: the notice, who took part is told, clocks need no stopping: they ask the stage."""
    planned = innovation.stage == Stage.HC_PLAN.value
    move_innovation(innovation, move, actor=actor)
    innovation.end_reason, innovation.ended_at = reason, now
    innovation.save()
    end_result_clock(innovation, now=now)
    if planned:
        record("terminated", innovation, actor=actor, now=now, supervisor={"reason": reason}, escrowed=True)
        return
    tell_all(innovation, now=now)
    facts = [("采购人", f"{innovation.buyer.name}; {innovation.contact}"), ("终止的理由", reason)]
    announce(NoticeKind.INNOVATION_RESULT, innovation, "合作创新采购终止公告", facts, actor=actor, now=now)
    tell_those(
        innovation,
        [innovation.buyer_id, *innovation.participants.values_list("supplier_id", flat=True)],
        title="采购活动终止",
        text=reason[:1500],
        now=now,
    )
    record("terminated", innovation, actor=actor, now=now, public={"reason": reason})


@transaction.atomic
def terminate(*, innovation_id: str, reason: str, actor: Actor, now: datetime) -> Innovation:
    """Terminate a purchase before its result, with the reason in public.

    :raises BadInput: no reason
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    kept = said(reason, what="终止的理由", field="reason", most=2000)
    stop(innovation, "terminate", reason=kept, actor=actor, now=now)
    return innovation

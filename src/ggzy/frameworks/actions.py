"""An open framework: publish the collection, apply, admit or refuse, leave, remove."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from ggzy.deadlines.actions import set_timer
from ggzy.frameworks import rules, telling
from ggzy.frameworks.models import Framework, FrameworkMember
from ggzy.frameworks.moves import TO_THE_LIST, in_force, locked, member_of, move_member, own
from ggzy.frameworks.rules import BASIS, Category, Collector, Ground, Kind, TieRule, TurnRule, Way
from ggzy.frameworks.telling import (
    REVIEW,
    announce,
    begin_clock,
    day,
    end_clock,
    record,
    tell_all,
    tell_those,
)
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.ids import deal_code, new_public_id
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.limits import beijing_date
from ggzy.notices.actions import NoticeKind
from ggzy.parties.grid import Permission, require
from ggzy.procedures.catalogue import GP_KJ_OPEN
from ggzy.procedures.spec import Stage

EXPIRES = "frameworks.expires"
APPLICATION = "frameworks.application"
#: class of government procurement in the trade code (交易分类)
CLASS_CODE = "D01"
MOST_HOURS = 30 * 24


class AlreadyPublished(Refusal):
    """The same collector has a framework of this name that is not over."""

    code = "frameworks.already_published"


class AlreadyIn(Refusal):
    """This supplier has applied, or is in."""

    code = "frameworks.already_in"


class WasRemoved(Refusal):
    """A supplier that was removed cannot come back."""

    code = "frameworks.was_removed"
    basis = Citation(BASIS, "第十九条")


class TermOver(Refusal):
    """The agreement is no longer, or not yet, in force."""

    code = "frameworks.not_in_force"


_TEXTS = {
    "name": ("框架协议采购项目名称", 200),
    "needs": ("采购需求", 10_000),
    "conditions": ("供应商的条件和申请文件的要求", 5000),
    "scope": ("适用的采购人和履行地域", 2000),
    "settlement": ("付费标准、费用结算和支付方式", 5000),
    "contract_terms": ("采购合同的主要条款", 10_000),
    "contact": ("征集人的联系人、地址和电话", 200),
}


def terms(
    *,
    kind: Kind,
    collector_kind: str,
    category: str,
    ends_at: datetime,
    items: Iterable[Mapping[str, Any]],
    ways: Iterable[str],
    turn_rule: str,
    tie_rule: str,
    response_hours: int,
    removal_terms: str,
    now: datetime,
    **texts: str,
) -> dict[str, Any]:
    """Return the terms of a framework as its file fixes them, checked.

    :raises BadInput: something is missing, or a way without its rule
    """
    for field, (says, most) in _TEXTS.items():
        if not texts[field].strip() or len(texts[field]) > most:
            raise BadInput(f"请填写{says}(不超过{most}字)", field=field)
    if collector_kind not in set(Collector):
        raise BadInput("征集人应为集中采购机构或者主管预算单位", field="collector_kind")
    if category not in set(Category):
        raise BadInput("请选择货物或者服务", field="category")
    if ends_at <= now:
        raise BadInput("框架协议的期满时间应在现在以后", field="ends_at")
    named = [way.value for way in Way if way.value in {*ways, Way.DIRECT.value}]
    if Way.TURNS.value in named and turn_rule not in set(TurnRule):
        raise BadInput("采用顺序轮候的, 应当载明轮候顺序的规则", field="turn_rule")
    if Way.COMPETE.value in named and tie_rule not in set(TieRule):
        raise BadInput("采用二次竞价的, 应当载明报价并列时的规则", field="tie_rule")
    if Way.LOWER.value in named and category != Category.GOODS.value:
        raise BadInput("向非入围供应商采购的例外只适用于相同货物", field="ways")
    if not 1 <= response_hours <= MOST_HOURS:
        raise BadInput(f"响应时间应为1至{MOST_HOURS}小时", field="response_hours")
    return {field: texts[field].strip() for field in _TEXTS} | {
        "kind": kind.value,
        "collector_kind": collector_kind,
        "category": category,
        "ends_at": ends_at,
        "items": rules.items(items, ceilings=kind is Kind.CLOSED),
        "ways": named,
        "turn_rule": turn_rule if Way.TURNS.value in named else "",
        "tie_rule": tie_rule if Way.COMPETE.value in named else "",
        "response_hours": response_hours,
        "removal_terms": removal_terms.strip()[:2000],
    }


def create(fields: Mapping[str, Any], *, stage: Stage, actor: Actor, now: datetime) -> Framework:
    """Create a framework at its first stage and let its term run.

    :raises AlreadyPublished: one of this name is not over
    """
    same = Framework.objects.filter(
        collector_id=actor.organisation_pk, name=fields["name"], expired_at=None
    ).first()
    if same is not None:
        raise AlreadyPublished(
            "本单位同名的框架协议还没有期满, 不重复发布",
            next_steps=(("打开这个框架协议", f"/work/frameworks/{same.public_id}"),),
        )
    made = Framework(
        collector_id=actor.organisation_pk,
        stage=stage.value,
        published_at=now,
        deal_code=deal_code(
            kind=CLASS_CODE,
            organiser_uscc=settings.CENTRE_USCC,
            on=beijing_date(now),
            serial=new_public_id()[:6].upper(),
        ),
        **fields,
    )
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as clash:
        raise AlreadyPublished("本单位同名的框架协议刚刚发布, 不重复发布", next_steps=TO_THE_LIST) from clash
    set_timer(kind=EXPIRES, subject=made.public_id, due_at=made.ends_at)
    return made


def require_other(framework: Framework, supplier: int | None) -> None:
    """Let somebody supply a framework who does not collect it.

    :raises NotPermitted: it is the collector itself
    """
    if supplier == framework.collector_id:
        raise NotPermitted("征集人不能同时是这个框架协议的供应商", next_steps=TO_THE_LIST)


def term_facts(framework: Framework) -> list[tuple[str, str]]:
    """Return the terms of a framework in words, as a notice states them."""
    ways = [Way(way) for way in framework.ways if way != Way.LOWER.value]
    how = "、".join(way.label for way in ways)
    if framework.turn_rule:
        how += f"; 轮候顺序{TurnRule(framework.turn_rule).label}"
    if framework.tie_rule:
        how += f"; 二次竞价报价并列的, {TieRule(framework.tie_rule).label}"
    if Way.LOWER.value in framework.ways:
        how += "; 能证明非入围供应商的相同货物价格更低且入围供应商不愿降价的, 可以授予非入围供应商"
    price = "最高限制单价" if framework.kind == Kind.CLOSED.value else "协议价格"
    removal = [ground.label for ground in Ground]
    if framework.removal_terms:
        removal[-1] += f"({framework.removal_terms})"
    return [
        ("征集人", f"{framework.collector.name}({Collector(framework.collector_kind).label})"),
        ("联系方式", framework.contact),
        (
            "框架协议采购项目",
            f"{framework.name}({Kind(framework.kind).label}, {Category(framework.category).label})",
        ),
        ("采购需求", framework.needs),
        *(
            (
                f"标的{item['number']}",
                f"{item['name']}, {item['spec']}; {price}{item['price']}元/{item['unit']}",
            )
            for item in framework.items
        ),
        ("供应商的条件", framework.conditions),
        ("适用的采购人和履行地域", framework.scope),
        ("费用结算和支付", framework.settlement),
        ("采购合同主要条款", framework.contract_terms),
        ("确定第二阶段成交供应商的方式", how),
        ("响应和答复时间", f"不少于{framework.response_hours}小时"),
        ("框架协议期限", f"{day(framework.published_at)}至{telling.in_words(framework.ends_at)}"),
        ("清退入围供应商的情形", "; ".join(removal)),
        ("成交结果公告的渠道", "本平台"),
    ]


@transaction.atomic
def publish_collection(
    *,
    name: str,
    needs: str,
    conditions: str,
    scope: str,
    settlement: str,
    contract_terms: str,
    contact: str,
    collector_kind: str,
    category: str,
    ends_at: datetime,
    items: Iterable[Mapping[str, Any]],
    ways: Iterable[str] = (),
    turn_rule: str = "",
    tie_rule: str = "",
    response_hours: int = 48,
    removal_terms: str = "",
    actor: Actor,
    now: datetime,
) -> Framework:
    """Publish the collection of an open framework: its prices, conditions and terms are fixed by it, to its end.

    :raises BadInput: something is missing (110号令第三十八条)
    :raises AlreadyPublished: one of this name is not over
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    fields = terms(
        kind=Kind.OPEN,
        name=name,
        needs=needs,
        conditions=conditions,
        scope=scope,
        settlement=settlement,
        contract_terms=contract_terms,
        contact=contact,
        collector_kind=collector_kind,
        category=category,
        ends_at=ends_at,
        items=items,
        ways=ways,
        turn_rule=turn_rule,
        tie_rule=tie_rule,
        response_hours=response_hours,
        removal_terms=removal_terms,
        now=now,
    )
    framework = create(fields, stage=GP_KJ_OPEN.initial, actor=actor, now=now)
    announce(
        NoticeKind.FRAMEWORK,
        framework,
        "征集公告",
        [
            *term_facts(framework),
            (
                "加入申请",
                "期满以前随时可以在本平台提交, 由供应商签名; 征集人收到后7个工作日内审核。不再另行签订书面框架协议, 公告入围即视为签订",
            ),
            ("退出", "随时可以在本平台申请退出; 已经成交的合同照常履行"),
        ],
        actor=actor,
        now=now,
    )
    record(
        "collection_published",
        framework,
        actor=actor,
        now=now,
        public={"kind": framework.kind, "items": framework.items, "ways": framework.ways},
    )
    return framework


# --- joining


def _application(framework: Framework, *, statement: str, contact: str, actor: Actor) -> bytes:
    """Return what a supplier signs: that it accepts the terms of this framework, and what it says of itself."""
    return canonical(
        {
            "framework": framework.public_id,
            "name": framework.name,
            "items": framework.items,
            "supplier": actor.uscc,
            "statement": statement,
            "contact": contact,
            "accepts": True,
        }
    )


def _applying(
    framework_id: str, *, statement: str, contact: str, actor: Actor, now: datetime
) -> tuple[Framework, str, str]:
    framework = locked(framework_id)
    if framework.kind != Kind.OPEN.value:
        raise NotPermitted("封闭式框架协议只在征集时接受响应, 不能随时申请加入", next_steps=TO_THE_LIST)
    if not in_force(framework, now=now):
        raise TermOver("框架协议已经期满, 不再接收申请", basis=Citation(BASIS, "第三十九条"))
    require_other(framework, actor.organisation_pk)
    mine = framework.members.filter(supplier_id=actor.organisation_pk)
    if mine.exclude(ground="").exists():
        raise WasRemoved("本单位已被清退, 不得重新申请加入同一框架协议")
    if mine.filter(stage__in=[Stage.APPLIED.value, Stage.JOINED.value]).exists():
        raise AlreadyIn("本单位已经申请或者已经入围, 不重复申请")
    for field, text, says, most in (
        ("statement", statement, "符合条件的说明", 500),
        ("contact", contact, "联系人、地址和电话", 200),
    ):
        if not text.strip() or len(text) > most:
            raise BadInput(f"请填写{says}(不超过{most}字)", field=field)
    return framework, statement.strip(), contact.strip()


@transaction.atomic
def application_to_sign(
    *, framework_id: str, statement: str, contact: str, actor: Actor, now: datetime
) -> bytes:
    """Return the application as the supplier signs it.

    :raises TermOver: the term is over
    :raises WasRemoved: it was removed from this framework
    :raises AlreadyIn: it has applied, or is in
    """
    require(actor, Permission.FRAMEWORK_JOIN, signed=True)
    framework, said, reached = _applying(
        framework_id, statement=statement, contact=contact, actor=actor, now=now
    )
    return _application(framework, statement=said, contact=reached, actor=actor)


@transaction.atomic
def apply_to_join(
    *, framework_id: str, statement: str, contact: str, signature: str, actor: Actor, now: datetime
) -> FrameworkMember:
    """Apply to join an open framework, signed; the collector reviews it within 7 working days (GP-T43).

    :raises TermOver: the term is over
    :raises WasRemoved: it was removed from this framework
    :raises AlreadyIn: it has applied, or is in
    :raises SignatureWrong: the signature is not on this application
    """
    require(actor, Permission.FRAMEWORK_JOIN, signed=True)
    framework, said, reached = _applying(
        framework_id, statement=statement, contact=contact, actor=actor, now=now
    )
    member = FrameworkMember(
        framework=framework,
        supplier_id=actor.organisation_pk,
        stage=GP_KJ_OPEN.initial.value,
        statement=said,
        contact=reached,
        prices={item["number"]: item["price"] for item in framework.items},
        applied_at=now,
    )
    move_member(member, "apply_to_join", actor=actor)
    member.signature = sign_document(
        kind=APPLICATION,
        subject=framework.public_id,
        document=_application(framework, statement=said, contact=reached, actor=actor),
        signature=signature,
        actor=actor,
        now=now,
    )
    member.save()
    begin_clock(REVIEW, subject=member.public_id, started=now)
    record(
        "applied",
        framework,
        subject=member.public_id,
        actor=actor,
        now=now,
        supervisor={"supplier": actor.uscc, "statement": said, "digest": member.signature.digest},
        escrowed=True,
    )
    tell_those(
        framework,
        [framework.collector_id],
        title="收到加入申请",
        text=f"{actor.organisation_name}申请加入, 请自收到之日起7个工作日内审核。",
        now=now,
    )
    return member


def find_member(framework: Framework, member_id: str) -> FrameworkMember:
    """Return a member of a locked framework, locked.

    :raises NotFound: none of it
    """
    found = (
        framework.members.select_for_update(of=("self",))
        .select_related("supplier")
        .filter(public_id=member_id)
        .first()
    )
    if found is None:
        raise NotFound("这个框架协议没有这家供应商", next_steps=TO_THE_LIST)
    found.framework = framework
    return found


@transaction.atomic
def review(
    *, framework_id: str, member_id: str, admitted: bool, reason: str = "", actor: Actor, now: datetime
) -> FrameworkMember:
    """Admit an application and publish it at once, or refuse it with its reason; a refused one may apply again.

    :raises TermOver: the term is over
    :raises BadInput: refused without a reason
    :raises MoveNotAllowed: it does not wait for a review
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    member = find_member(framework, member_id)
    if not in_force(framework, now=now):
        raise TermOver("框架协议已经期满, 不再审核申请")
    if admitted:
        require_other(framework, member.supplier_id)
    move_member(member, "admit" if admitted else "refuse_application", actor=actor)
    if not admitted and (not reason.strip() or len(reason) > 2000):
        raise BadInput("请写明不通过的理由和怎样补正(不超过2000字)", field="reason")
    member.decided_at, member.reason = now, "" if admitted else reason.strip()
    if admitted:
        member.joined_at, member.place = now, 1 + framework.members.exclude(joined_at=None).count()
    member.save()
    end_clock(REVIEW, subject=member.public_id, now=now)
    if admitted:
        announce(
            NoticeKind.FRAMEWORK_MEMBERS,
            framework,
            f"入围结果公告({member.supplier.name})",
            [
                ("征集人", f"{framework.collector.name}; {framework.contact}"),
                ("入围供应商", f"{member.supplier.name}({member.supplier.uscc})"),
                ("地址", member.supplier.address or "见登记信息"),
                ("联系方式", member.contact),
                *(
                    (item["name"], f"{item['spec']}; {item['price']}元/{item['unit']}")
                    for item in framework.items
                ),
                (
                    "入围日期",
                    f"{day(now)}; 公告即视为签订框架协议, 至{telling.in_words(framework.ends_at)}止",
                ),
            ],
            actor=actor,
            now=now,
        )
    title = "已入围" if admitted else "申请未通过"
    text = "可以被采购人选定; 随时可以退出。" if admitted else f"{member.reason} 补正后可以再次申请。"
    tell_those(framework, [member.supplier_id], title=title, text=text, now=now)
    record(
        "reviewed",
        framework,
        subject=member.public_id,
        actor=actor,
        now=now,
        public={"admitted": True, "supplier": member.supplier.uscc} if admitted else {"admitted": False},
        supervisor={"reason": member.reason},
        escrowed=not admitted,
    )
    if admitted:
        tell_all(member.public_id, now=now)
    return member


def _gone(
    member: FrameworkMember, *, says: str, facts: list[tuple[str, str]], actor: Actor, now: datetime
) -> None:
    """Keep and publish that somebody is no longer in; a chance that waits for its answer is the worker's to pass on."""
    member.left_at = now
    member.save()
    framework = member.framework
    announce(
        NoticeKind.FRAMEWORK_EXIT,
        framework,
        f"{says}({member.supplier.name})",
        [
            ("征集人", f"{framework.collector.name}; {framework.contact}"),
            ("供应商", f"{member.supplier.name}({member.supplier.uscc})"),
            *facts,
            ("日期", day(now)),
            ("已经成交的合同", "照常履行"),
        ],
        actor=actor,
        now=now,
    )


@transaction.atomic
def leave_framework(*, framework_id: str, reason: str, actor: Actor, now: datetime) -> FrameworkMember:
    """Leave an open framework, at any time; published at once. Contracts that were dealt stay.

    :raises NotPermitted: not in it, or a closed one (110号令第二十条)
    """
    require(actor, Permission.FRAMEWORK_JOIN)
    framework = locked(framework_id)
    if framework.kind == Kind.CLOSED.value:
        raise NotPermitted(
            "封闭式框架协议的入围供应商无正当理由, 不得主动放弃入围资格或者退出",
            basis=Citation(BASIS, "第二十条"),
            next_steps=TO_THE_LIST,
        )
    member = member_of(framework, actor)
    member.framework = framework
    move_member(member, "leave_framework", actor=actor)
    member.reason = reason.strip()[:2000] or "供应商申请退出"
    _gone(member, says="入围供应商退出公告", facts=[("情形", "供应商申请退出")], actor=actor, now=now)
    tell_those(
        framework,
        [framework.collector_id],
        title=f"{member.supplier.name}退出",
        text=f"{member.reason} 退出公告已经发布。",
        now=now,
    )
    record("left", framework, subject=member.public_id, actor=actor, now=now, public={"by": "supplier"})
    return member


@transaction.atomic
def remove_member(
    *, framework_id: str, member_id: str, ground: str, reason: str, actor: Actor, now: datetime
) -> FrameworkMember:
    """Remove a supplier on one of the six grounds; it cannot come back into this framework.

    :raises BadInput: no such ground, or no facts
    :raises MoveNotAllowed: it is not in
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    member = find_member(framework, member_id)
    if ground not in set(Ground):
        raise BadInput("请选择清退的法定情形", field="ground")
    if not reason.strip() or len(reason) > 2000:
        raise BadInput("请写明事实和依据(不超过2000字)", field="reason")
    move_member(member, "remove_member", actor=actor)
    member.ground, member.reason = ground, reason.strip()
    facts = [("情形", Ground(ground).label), ("事实和依据", member.reason)]
    _gone(member, says="清退入围供应商公告", facts=facts, actor=actor, now=now)
    tell_those(
        framework,
        [member.supplier_id],
        title="被清退出框架协议",
        text=f"{Ground(ground).label}。{member.reason} 不服的可以依法提出质疑。",
        now=now,
    )
    record(
        "removed",
        framework,
        subject=member.public_id,
        actor=actor,
        now=now,
        public={"supplier": member.supplier.uscc, "ground": ground, "reason": member.reason},
    )
    return member

"""Calling off a contract: the need, the direct choice, the deal, the contract of both sides, or the end of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from ggzy.deadlines.actions import cancel_timer
from ggzy.frameworks import rules
from ggzy.frameworks.actions import TermOver, find_member
from ggzy.frameworks.models import CallOff, Framework, FrameworkMember
from ggzy.frameworks.moves import TO_THE_LIST, check_call, in_force, locked, locked_call, move_call, own_call
from ggzy.frameworks.rules import BASIS, Outcome, Way, WayNotNamed
from ggzy.frameworks.telling import announce, day, record, tell_all, tell_those
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Citation, NotPermitted, Refusal
from ggzy.notices.actions import NoticeKind
from ggzy.objections.proceedings import held_for, lift_challenges
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.procedures.spec import Stage

CONTRACT = "frameworks.contract"
#: clocks of a call: an answer that is waited for, the end of sealing, the end of revealing
ANSWER, SEALED, SETTLE = "frameworks.answer", "frameworks.sealed", "frameworks.settle"
#: how long a contract is signed after the deal (政府采购法第四十六条)
TO_SIGN = timedelta(days=30)
#: a need that is raised again word for word within it is the same one
AGAIN = timedelta(minutes=1)
#: stages from which a call may come to nothing; a deal only by its supplier's silence
OPEN_STAGES = (Stage.NEED, Stage.SELECT, Stage.MINI_BID, Stage.TURN, Stage.LOWER)


class NotNow(Refusal):
    """What is asked for is not to be done at this stage or moment of a call."""

    code = "frameworks.not_now"


class AlreadySigned(Refusal):
    """This side has signed."""

    code = "frameworks.already_signed"


def require_in_force(framework: Framework, *, now: datetime) -> None:
    """Let something be called off from an agreement that is in force.

    :raises TermOver: it is not, or no longer
    """
    if not in_force(framework, now=now):
        raise TermOver(
            "框架协议尚未生效或者已经期满, 不能授予合同", next_steps=(("有效的框架协议", "/frameworks"),)
        )


def require_way(framework: Framework, way: Way) -> None:
    """Let a way of calling off be taken that the file names.

    :raises WayNotNamed: it does not
    """
    if way.value not in framework.ways:
        raise WayNotNamed(f"征集文件没有载明“{way.label}”, 不能采用; 请直接选定入围供应商")


def fitting(call: CallOff) -> list[FrameworkMember]:
    """Return the members that are in and have a price for everything that is wanted, in the order of places.

    The buyer itself is none of them: nobody deals with itself.
    """
    rows = (
        call.framework.members.filter(stage=Stage.JOINED.value)
        .exclude(supplier_id__in=[call.buyer_id, call.framework.collector_id])
        .select_related("supplier")
        .order_by("place", "pk")
    )
    return [row for row in rows if set(call.quantities) <= set(row.prices)]


@transaction.atomic
def raise_need(
    *,
    framework_id: str,
    name: str,
    needs: str,
    contact: str,
    quantities: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> CallOff:
    """Say, as a buyer, what is needed under an agreement in force; the same again at once is the same need.

    :raises TermOver: it is not in force
    :raises BadInput: something is missing
    :raises NotNow: nobody is in who has it
    """
    require(actor, Permission.FRAMEWORK_CALL)
    framework = locked(framework_id)
    require_in_force(framework, now=now)
    for field, text, says, most in (
        ("name", name, "采购内容的名称", 200),
        ("needs", needs, "需求说明", 5000),
        ("contact", contact, "采购人的联系人、地址和电话", 200),
    ):
        if not text.strip() or len(text) > most:
            raise BadInput(f"请填写{says}(不超过{most}字)", field=field)
    wanted = rules.quantities(quantities, known=[item["number"] for item in framework.items])
    same = framework.calls.filter(
        buyer_id=actor.organisation_pk,
        stage=Stage.NEED.value,
        name=name.strip(),
        needs=needs.strip(),
        contact=contact.strip(),
        quantities=wanted,
        raised_at__gt=now - AGAIN,
    ).first()
    if same is not None:
        return same
    call = CallOff(
        framework=framework,
        buyer_id=actor.organisation_pk,
        stage=Stage.NEED.value,
        number=f"{framework.deal_code}-{framework.calls.count() + 1:04d}",
        name=name.strip(),
        needs=needs.strip(),
        contact=contact.strip(),
        quantities=wanted,
        raised_at=now,
    )
    able = fitting(call)
    if not able:
        raise NotNow("现在没有能够提供这些标的的入围供应商", next_steps=TO_THE_LIST)
    if not all(price_of(call, member) for member in able):
        raise BadInput("数量太少: 按协议价格计算不足一分钱, 请增加数量", field="quantities")
    call.save()
    record(
        "need_raised",
        framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"quantities": wanted, "number": call.number},
        escrowed=True,
    )
    return call


# --- the direct choice


def price_of(call: CallOff, member: FrameworkMember) -> Decimal:
    """Return what a call costs with a member: quantities at its agreement prices, or less where it agreed to go lower."""
    agreed = rules.total(member.prices, call.quantities)
    lowered = call.lower.get("answers", {}).get(member.public_id, "")
    return min(agreed, Decimal(lowered)) if lowered else agreed


@transaction.atomic
def select_directly(*, call_id: str, member_id: str, reason: str, actor: Actor, now: datetime) -> CallOff:
    """Choose a member for its price, quality, nearness and what users say of it; the reasons are written down.

    :raises NotNow: it has no price for what is wanted, or is not in
    :raises BadInput: no reasons
    """
    require(actor, Permission.FRAMEWORK_CALL)
    call = own_call(call_id, actor)
    require_in_force(call.framework, now=now)
    member = find_member(call.framework, member_id)
    move_call(call, "select_directly", actor=actor)
    if member.pk not in {one.pk for one in fitting(call)}:
        raise NotNow("这家供应商不在框架协议内, 或者不能提供这些标的", next_steps=TO_THE_LIST)
    if not reason.strip() or len(reason) > 2000:
        raise BadInput("请写明依据价格、质量、服务便利性、用户评价等选定的理由(不超过2000字)", field="reason")
    call.way, call.member, call.reason = Way.DIRECT.value, member, reason.strip()
    call.save()
    record(
        "selected",
        call.framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"supplier": member.supplier.uscc, "reason": call.reason},
        escrowed=True,
    )
    return call


@transaction.atomic
def confirm_selection(*, call_id: str, actor: Actor, now: datetime) -> CallOff:
    """Confirm the choice: the deal is made at the agreement prices.

    :raises NotNow: the chosen member is no longer in
    """
    require(actor, Permission.FRAMEWORK_CALL)
    call = own_call(call_id, actor)
    require_in_force(call.framework, now=now)
    move_call(call, "confirm_selection", actor=actor)
    assert call.member is not None, "a selection has its member"
    if call.member.stage != Stage.JOINED.value:
        raise NotNow("选定的供应商已不在框架协议内, 请取消这次需求后重新选定", next_steps=TO_THE_LIST)
    deal(call, member=call.member, price=price_of(call, call.member), actor=actor, now=now)
    return call


# --- the deal and its contract


def lines(call: CallOff, prices: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what is bought in words: each item with its quantity and unit price."""
    return [
        (
            item["name"],
            f"{item['spec']}; 数量{call.quantities[item['number']]}{item['unit']}"
            + (f", 单价{prices[item['number']]}元" if item["number"] in prices else ""),
        )
        for item in call.framework.items
        if item["number"] in call.quantities
    ]


def deal(
    call: CallOff,
    *,
    member: FrameworkMember | None,
    supplier: Organisation | None = None,
    price: Decimal,
    facts: list[tuple[str, str]] | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep a deal on a call that was moved to it, publish it where it was not a direct choice, and tell both sides.

    The single notice of 110号令第三十五条 is published by the deal itself: its two working days never run.
    """
    seller = supplier or (member.supplier if member else None)
    assert seller is not None, "a deal has its supplier"
    call.member, call.supplier, call.price, call.dealt_at = member, seller, price, now
    call.answer_until = None
    call.save()
    framework = call.framework
    record(
        "dealt",
        framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"way": call.way, "supplier": seller.uscc, "price": str(price)},
    )
    tell_all(call.public_id, now=now)
    if call.way != Way.DIRECT.value:
        announce(
            NoticeKind.CALL_OFF,
            framework,
            "框架协议成交结果公告",
            [
                ("采购人", f"{call.buyer.name}; {call.contact}"),
                ("框架协议采购项目", f"{framework.name}({framework.deal_code})"),
                ("确定成交的方式", Way(call.way).label),
                ("成交供应商", f"{seller.name}({seller.uscc})"),
                ("供应商地址", seller.address or "见登记信息"),
                ("成交金额", f"{price}元"),
                *lines(call, unit_prices(call)),
                *(facts or []),
            ],
            call=call,
            actor=actor,
            now=now,
        )
    tell_those(
        framework,
        [call.buyer_id, seller.pk],
        title="成交",
        text=f"{Way(call.way).label}, {seller.name}, 成交金额{price}元。请双方签订固定价格合同或者订单。",
        call=call,
        now=now,
    )
    if call.buyer_id != framework.collector_id:
        tell_those(
            framework,
            [framework.collector_id],
            title="成交结果抄送",
            text=f"{call.name}: {Way(call.way).label}, {seller.name}, {price}元。",
            now=now,
        )


def unit_prices(call: CallOff) -> Mapping[str, str]:
    """Return the unit prices by which a deal is priced; none where it was offered as a whole, below the agreement."""
    prices: Mapping[str, str] = call.member.prices if call.member else {}
    return prices if prices and rules.total(prices, call.quantities) == call.price else {}


def _contract(call: CallOff) -> bytes:
    """Return the contract: its price is fixed, its quantities and terms come from the call and the agreement."""
    assert call.supplier is not None and call.dealt_at is not None, "a contract follows the deal"
    framework = call.framework
    prices = unit_prices(call)
    return canonical(
        {
            "contract": call.number,
            "framework": framework.public_id,
            "call": call.public_id,
            "name": call.name,
            "buyer": {"name": call.buyer.name, "uscc": call.buyer.uscc},
            "supplier": {"name": call.supplier.name, "uscc": call.supplier.uscc},
            "needs": call.needs,
            "items": [
                {key: item[key] for key in ("number", "name", "unit", "spec")}
                | {"quantity": call.quantities[item["number"]], "price": prices.get(item["number"])}
                for item in framework.items
                if item["number"] in call.quantities
            ],
            "way": call.way,
            "price": str(call.price),
            "terms": framework.contract_terms,
            "settlement": framework.settlement,
            "dealt_at": call.dealt_at.astimezone(BEIJING).isoformat(),
        }
    )


def _side(call: CallOff, actor: Actor) -> str:
    if call.stage != Stage.DEALT.value:
        raise NotNow("成交确定以后、合同签订以前才能签名", next_steps=TO_THE_LIST)
    if actor.organisation_pk == call.buyer_id and actor.role is Role.TENDEREE:
        side = "buyer"
    elif actor.organisation_pk == call.supplier_id and actor.role is Role.BIDDER:
        side = "supplier"
    else:
        raise NotPermitted("合同由采购人和成交供应商签订")
    if getattr(call, f"{side}_signature_id"):
        raise AlreadySigned("本方已签名, 等待对方签名")
    check_call(call, "sign_contract", actor=actor)
    return side


@transaction.atomic
def contract_to_sign(*, call_id: str, actor: Actor) -> bytes:
    """Return the contract as a side signs it.

    :raises NotPermitted: neither the buyer nor the supplier
    :raises AlreadySigned: this side has
    :raises NotNow: there is no deal, or it is signed
    :raises MoveNotAllowed: a challenge or an order holds it
    """
    require(actor, Permission.FRAMEWORK_SIGN, signed=True)
    call = locked_call(call_id)
    _side(call, actor)
    return _contract(call)


@transaction.atomic
def sign_contract(*, call_id: str, signature: str, actor: Actor, now: datetime) -> CallOff:
    """Sign the contract or order for one side; with the second signature it stands and is published.

    :raises NotPermitted: neither the buyer nor the supplier
    :raises AlreadySigned: this side has
    :raises SignatureWrong: the signature is not on this contract
    """
    require(actor, Permission.FRAMEWORK_SIGN, signed=True)
    call = locked_call(call_id)
    side = _side(call, actor)
    signed = sign_document(
        kind=CONTRACT,
        subject=call.public_id,
        document=_contract(call),
        signature=signature,
        actor=actor,
        now=now,
    )
    setattr(call, f"{side}_signature", signed)
    whole = bool(call.buyer_signature_id and call.supplier_signature_id)
    if whole:
        move_call(call, "sign_contract", actor=actor)
        call.signed_at = now
    call.save()
    record(
        "contract_signed",
        call.framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"side": side, "contract_sha256": signed.digest},
    )
    if whole:
        assert call.supplier is not None, "a contract has its supplier"
        announce(
            NoticeKind.CONTRACT,
            call.framework,
            "框架协议采购合同公告",
            [
                ("采购人", call.buyer.name),
                ("供应商", f"{call.supplier.name}({call.supplier.uscc})"),
                ("合同编号", call.number),
                ("确定成交的方式", Way(call.way).label),
                *lines(call, unit_prices(call)),
                ("合同金额", f"{call.price}元(固定价格)"),
                ("签订日期", day(now)),
                ("合同文本SHA-256", signed.digest),
            ],
            call=call,
            actor=actor,
            now=now,
        )
    return call


@transaction.atomic
def refuse_contract(*, call_id: str, reason: str, actor: Actor, now: datetime) -> CallOff:
    """Refuse, as the supplier of the deal, to sign; the collector judges the reason.

    The need stands again, or is over with the agreement's term; a deal that was published is corrected.

    :raises NotPermitted: another supplier
    :raises BadInput: no reason
    :raises AlreadySigned: it has signed
    """
    require(actor, Permission.FRAMEWORK_ANSWER)
    call = locked_call(call_id)
    if call.supplier_id != actor.organisation_pk:
        raise NotPermitted("只有成交供应商可以答复", next_steps=TO_THE_LIST)
    move_call(call, "refuse_contract", actor=actor)
    if call.supplier_signature_id:
        raise AlreadySigned("本方已在合同上签名, 应当履行")
    if not reason.strip() or len(reason) > 2000:
        raise BadInput("请写明不签合同的理由(不超过2000字)", field="reason")
    refused = call.supplier
    _undeal(call, why="成交供应商不签合同", actor=actor, now=now)
    call.save()
    record(
        "contract_refused",
        call.framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"supplier": actor.uscc},
        supervisor={"reason": reason.strip()},
    )
    told = {call.buyer_id, call.framework.collector_id}
    what = (
        f"{refused.name if refused else ''}: {reason.strip()} 无正当理由拒不接受合同授予的, 征集人可以清退。"
    )
    tell_those(call.framework, told, title="成交供应商不签合同", text=what, call=call, now=now)
    if not in_force(call.framework, now=now):
        _stop(call, reason="框架协议已经期满, 没有签订合同的需求不再继续", actor=SYSTEM, now=now)
    return call


def _undeal(call: CallOff, *, why: str, actor: Actor, now: datetime) -> None:
    """Take its deal off a call, and correct it in public where it was published; the caller saves."""
    assert call.supplier is not None, "a deal has its supplier"
    if call.way != Way.DIRECT.value:
        announce(
            NoticeKind.CALL_OFF,
            call.framework,
            "框架协议成交结果更正公告",
            [
                ("采购人", f"{call.buyer.name}; {call.contact}"),
                ("原成交供应商", f"{call.supplier.name}({call.supplier.uscc})"),
                ("原成交金额", f"{call.price}元"),
                ("更正", f"原成交结果不再有效: {why}"),
            ],
            call=call,
            actor=actor,
            now=now,
        )
    call.member = call.supplier = call.price = call.dealt_at = call.buyer_signature = None
    call.way = ""
    lift_challenges(call.public_id, now=now)


def supplier_is_silent(
    *,
    stage: str,
    dealt_at: datetime | None,
    held: timedelta,
    buyer_signed: bool,
    supplier_signed: bool,
    now: datetime,
) -> bool:
    """Say whether a deal may be given up: the buyer has signed, the supplier has not within 30 days.

    What a challenge or an order held (`held`) counts for nobody.
    """
    late = dealt_at is not None and now >= dealt_at + TO_SIGN + held
    return stage == Stage.DEALT.value and late and buyer_signed and not supplier_signed


# --- coming to nothing


def _stop(call: CallOff, *, move: str = "stop_call", reason: str, actor: Actor, now: datetime) -> None:
    move_call(call, move, actor=actor)
    call.reason, call.ended_at, call.answer_until = reason, now, None
    call.save()
    call.chances.filter(outcome=Outcome.WAITING.value).update(outcome=Outcome.VOID.value, answered_at=now)
    for kind in (ANSWER, SEALED, SETTLE):
        cancel_timer(kind=kind, subject=call.public_id, now=now)
    asked = FrameworkMember.objects.filter(public_id__in=call.invited).values_list("supplier_id", flat=True)
    told = [*asked, *call.chances.values_list("member__supplier_id", flat=True)]
    if told:
        tell_those(call.framework, told, title="采购需求取消", text=reason, call=call, now=now)
    record(
        "stopped",
        call.framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"reason": reason},
    )
    # the chances count in the order of turns, whatever becomes of the call; what was sealed stays so
    tell_all(call.public_id, "need_raised", "turn_given", "turn_answered", now=now)


@transaction.atomic
def stop_call(*, call_id: str, reason: str, actor: Actor, now: datetime) -> CallOff:
    """Take a need back that has come to no deal, or whose supplier is silent for 30 days; what is sealed stays sealed.

    :raises BadInput: no reason
    :raises NotNow: a deal is made, and its supplier may still sign
    :raises MoveNotAllowed: it is over
    """
    require(actor, Permission.FRAMEWORK_CALL)
    call = own_call(call_id, actor)
    if not reason.strip() or len(reason) > 2000:
        raise BadInput("请写明取消的理由(不超过2000字)", field="reason")
    if call.stage == Stage.DEALT.value:
        _give_up_deal(call, actor=actor, now=now)
    _stop(call, reason=reason.strip(), actor=actor, now=now)
    return call


def _give_up_deal(call: CallOff, *, actor: Actor, now: datetime) -> None:
    silent = supplier_is_silent(
        stage=call.stage,
        dealt_at=call.dealt_at,
        held=held_for(call.public_id, since=call.dealt_at, now=now) if call.dealt_at else timedelta(0),
        buyer_signed=call.buyer_signature_id is not None,
        supplier_signed=call.supplier_signature_id is not None,
        now=now,
    )
    if not silent:
        raise NotNow(
            "已经成交: 采购人签名以后, 自成交之日起30日内供应商没有签名的, 才能取消",
            basis=Citation("政府采购法", "第四十六条"),
            next_steps=TO_THE_LIST,
        )
    seller = call.supplier_id
    _undeal(call, why="成交供应商30日内没有签订合同", actor=actor, now=now)
    tell_those(
        call.framework,
        [seller, call.framework.collector_id],
        title="30日内没有签订合同, 成交取消",
        text=f"{call.name}: 无正当理由拒不接受合同授予的, 征集人可以清退。",
        call=call,
        now=now,
    )


def void_deal(call: CallOff, *, move: str, reason: str, actor: Actor, now: datetime) -> None:
    """Take the deal of a locked call back because a challenge or a complaint was upheld; the need is over, to be raised anew."""
    sides = {call.buyer_id, call.supplier_id, call.framework.collector_id}
    _undeal(call, why="质疑或者投诉成立, 重新开展采购活动", actor=actor, now=now)
    _stop(call, move=move, reason=reason[:2000], actor=actor, now=now)
    text = "质疑或者投诉成立, 原成交结果不再有效; 仍需采购的, 由采购人重新提出需求。"
    tell_those(call.framework, sides, title="成交结果撤销", text=text, call=call, now=now)


def stop_for_the_end(framework: Framework, *, now: datetime) -> None:
    """End the calls that came to no deal before the agreement's term was over."""
    for call in framework.calls.select_for_update(of=("self",)).filter(
        stage__in=[stage.value for stage in OPEN_STAGES]
    ):
        call.framework = framework
        _stop(call, reason="框架协议期满, 没有成交的需求不再继续", actor=SYSTEM, now=now)


def until(framework: Framework, *, hours: int, now: datetime) -> datetime:
    """Return until when an answer is waited for: as the file says at least, and within the term.

    :raises BadInput: shorter than the file says
    :raises TermOver: the term is over before
    """
    if hours < framework.response_hours:
        raise BadInput(f"征集文件规定的响应时间不少于{framework.response_hours}小时", field="hours")
    end = now + timedelta(hours=hours)
    if end >= framework.ends_at:
        raise TermOver("框架协议在答复期限以前期满, 来不及办理", basis=Citation(BASIS, "第十五条"))
    return end

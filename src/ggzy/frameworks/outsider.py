"""非入围更低价例外: the same goods are cheaper outside, and no member sells at that price or less. The proof is kept."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ggzy.frameworks.calling import NotNow, deal, fitting, price_of, require_in_force, require_way, until
from ggzy.frameworks.models import CallOff
from ggzy.frameworks.moves import TO_THE_LIST, locked_call, member_of, move_call, own_call
from ggzy.frameworks.rules import BASIS, Way
from ggzy.frameworks.telling import in_words, record, tell_those
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.money import yuan
from ggzy.kernel.programs import program_kind
from ggzy.kernel.refusals import BadInput, Citation, NotFound, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.parties.queries import by_uscc
from ggzy.procedures.spec import Stage

MOST_BYTES = 20 * 1024 * 1024


class MemberGoesLower(Refusal):
    """A member agreed to go below the outsider's price: the exception is not open."""

    code = "frameworks.member_goes_lower"
    basis = Citation(BASIS, "第三十七条")


def _outside(call: CallOff, supplier: Organisation) -> None:
    """Let somebody be the outsider of a call: not in the agreement, never removed from it, on neither of its other sides.

    :raises BadInput: it is one of these
    """
    if supplier.pk in {call.buyer_id, call.framework.collector_id}:
        raise BadInput("采购人、征集人自己不能是供应商", field="supplier_uscc")
    places = call.framework.members.filter(supplier=supplier)
    if places.exclude(ground="").exists():
        raise BadInput("这家供应商已被清退, 不能再从这个框架协议授予合同", field="supplier_uscc")
    if places.filter(stage=Stage.JOINED.value).exists():
        raise BadInput("这家供应商已经入围, 请直接选定", field="supplier_uscc")


@transaction.atomic
def prove_lower(
    *,
    call_id: str,
    supplier_uscc: str,
    price: str,
    proof: str,
    file_name: str,
    file_data: bytes,
    actor: Actor,
    now: datetime,
) -> CallOff:
    """Prove that somebody outside sells the same goods for less, and ask every member whether it sells at that price or less.

    :raises WayNotNamed: the file does not name the exception
    :raises BadInput: no proof, or a price that is not lower than every member's
    :raises NotFound: the supplier is not registered
    :raises NotNow: a member has agreed to go lower for this call already
    """
    require(actor, Permission.FRAMEWORK_CALL)
    call = own_call(call_id, actor)
    require_in_force(call.framework, now=now)
    require_way(call.framework, Way.LOWER)
    move_call(call, "prove_lower", actor=actor)
    if call.lower.get("answers"):
        raise NotNow("已有入围供应商为这次需求同意降价, 请直接选定", next_steps=TO_THE_LIST)
    supplier = by_uscc(supplier_uscc.strip().upper())
    if supplier is None or Role.BIDDER.value not in supplier.kinds:
        raise NotFound("没有登记为供应商的单位使用这个统一社会信用代码", field="supplier_uscc")
    _outside(call, supplier)
    members = fitting(call)
    amount = yuan(price, field="price")
    lowest = min((price_of(call, member) for member in members), default=Decimal(0))
    if not 0 < amount < lowest:
        raise BadInput(f"价格应低于入围供应商的最低协议价格{lowest}元", field="price")
    if not proof.strip() or len(proof) > 2000:
        raise BadInput("请写明怎样证明是相同货物、价格更低(不超过2000字)", field="proof")
    if not file_data or len(file_data) > MOST_BYTES:
        raise BadInput("请附证明材料的文件, 不超过20MB", field="file")
    if program_kind(file_name, file_data[:4]):
        raise BadInput("证明材料不能是程序或者脚本文件, 请改用PDF或者图片", field="file")
    call.answer_until = until(call.framework, hours=call.framework.response_hours, now=now)
    call.way = Way.LOWER.value
    call.invited = [member.public_id for member in members]
    call.lower = {
        "supplier": supplier.uscc,
        "name": supplier.name,
        "price": str(amount),
        "proof": proof.strip(),
        "file": {"name": file_name[:100], "sha256": files.keep(file_data)},
        "answers": {},
    }
    call.save()
    record(
        "lower_proved",
        call.framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"price": str(amount), "proof_sha256": call.lower["file"]["sha256"]},
        supervisor={"supplier": supplier.uscc, "proof": call.lower["proof"]},
        escrowed=True,
    )
    tell_those(
        call.framework,
        [member.supplier_id for member in members],
        title="是否愿意降到更低价格以下",
        text=f"采购人能够以{amount}元采购相同货物。愿意降到该价格以下的, 请在{in_words(call.answer_until)}以前答复; 没有答复的视为不同意。",
        call=call,
        now=now,
    )
    return call


@transaction.atomic
def go_lower(*, call_id: str, price: str, actor: Actor, now: datetime) -> CallOff:
    """Agree, as a member, to the outsider's price or less; it may be said anew, lower, until the time is over.

    :raises NotNow: the time is over
    :raises BadInput: above it, or not lower than what it said before
    """
    require(actor, Permission.FRAMEWORK_ANSWER)
    call = locked_call(call_id)
    member = member_of(call.framework, actor)
    asked = call.stage == Stage.LOWER.value and member.public_id in call.invited
    if not asked or call.answer_until is None or now >= call.answer_until:
        raise NotNow("现在没有询问本单位是否降价, 或者答复期限已过", next_steps=TO_THE_LIST)
    amount = yuan(price, field="price")
    # 以下 includes the number (民法典第一千二百五十九条): who matches the price goes before the outsider
    if not 0 < amount <= Decimal(call.lower["price"]):
        raise BadInput(f"应大于0、不高于{call.lower['price']}元", field="price")
    said = call.lower["answers"].get(member.public_id)
    if said and amount >= Decimal(said):
        raise BadInput(f"本单位已答复{said}元, 只能再降低", field="price")
    call.lower["answers"][member.public_id] = str(amount)
    call.save(update_fields=["lower"])
    record(
        "went_lower",
        call.framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"member": member.public_id, "price": str(amount)},
        escrowed=True,
    )
    tell_those(
        call.framework,
        [call.buyer_id],
        title="入围供应商愿意降价",
        text=f"{member.supplier.name}愿意以{amount}元供货, 不能再授予非入围供应商; 请直接选定。",
        call=call,
        now=now,
    )
    return call


@transaction.atomic
def deal_lower(*, call_id: str, actor: Actor, now: datetime) -> CallOff:
    """Give the contract to the outsider once no member went below in time; copied to the collector and published at once.

    :raises NotNow: members may still answer
    :raises MemberGoesLower: one went below
    :raises BadInput: the outsider has joined or was removed meanwhile
    """
    require(actor, Permission.FRAMEWORK_CALL)
    call = own_call(call_id, actor)
    require_in_force(call.framework, now=now)
    move_call(call, "deal_lower", actor=actor)
    if call.lower["answers"]:
        raise MemberGoesLower("有入围供应商愿意降到该价格以下, 不能授予非入围供应商; 请转为直接选定")
    assert call.answer_until is not None, "members were asked"
    if now < call.answer_until:
        raise NotNow(f"入围供应商在{in_words(call.answer_until)}以前可以答复是否降价, 到时才能授予")
    supplier = by_uscc(call.lower["supplier"])
    assert supplier is not None, "an outsider is registered"
    _outside(call, supplier)
    facts = [
        ("授予非入围供应商的理由", "相同货物价格更低, 入围供应商不同意降到该价格以下"),
        ("证明材料SHA-256", call.lower["file"]["sha256"]),
    ]
    price = Decimal(call.lower["price"])
    deal(call, member=None, supplier=supplier, price=price, facts=facts, actor=actor, now=now)
    return call


@transaction.atomic
def give_up_lower(*, call_id: str, actor: Actor, now: datetime) -> CallOff:
    """Give the exception up; a member that went below is chosen at that price."""
    require(actor, Permission.FRAMEWORK_CALL)
    call = own_call(call_id, actor)
    move_call(call, "give_up_lower", actor=actor)
    call.way, call.answer_until = "", None
    call.save()
    record("lower_given_up", call.framework, subject=call.public_id, actor=actor, now=now)
    return call

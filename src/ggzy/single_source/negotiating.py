"""From the supplier's offer to the filed contract: offer, record and its signatures, result, contract."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.law.limits import beijing_date
from ggzy.law.table import limit
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind
from ggzy.objections.proceedings import holds_on
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account
from ggzy.procedures.catalogue import GP_DY
from ggzy.procedures.spec import Stage
from ggzy.single_source import rules
from ggzy.single_source.actions import announce, record, tell_both
from ggzy.single_source.models import Negotiator, Purchase
from ggzy.single_source.moves import locked, make_move, own
from ggzy.single_source.rules import Standing, Voice

RECORD, CONTRACT = "single_source.record", "single_source.contract"


class NothingToSign(Refusal):
    """There is no record or contract of this purchase that this person could sign now."""

    code = "single_source.nothing_to_sign"


class AlreadySigned(Refusal):
    """This side or person has signed."""

    code = "single_source.already_signed"


def _at(purchase: Purchase, stage: Stage, doing: str) -> None:
    if purchase.stage != stage.value:
        raise NothingToSign(
            f"这项采购处于“{Stage(purchase.stage).label}”, 不能{doing}。请刷新页面查看最新进展",
            next_steps=(("打开这项采购", f"/work/single-sources/{purchase.public_id}"),),
        )


@transaction.atomic
def offer(
    *, purchase_id: str, price: str, cost: str, similar: str, patents: str, actor: Actor, now: datetime
) -> Purchase:
    """Say, as the supplier, the price, and what 74号令42 demands: cost, prices of similar contracts, patents.

    It may be said anew until the buyer has written the record.

    :raises NotPermitted: another supplier
    :raises BadInput: something is missing
    """
    require(actor, Permission.SOURCE_OFFER)
    purchase = locked(purchase_id)
    if purchase.supplier_id != actor.organisation_pk:
        raise NotPermitted("只有拟定的供应商可以报价")
    _at(purchase, Stage.NEGOTIATE, "报价")
    if purchase.record:
        raise AlreadySigned("采购人已经写成协商情况记录, 请核对后签名; 有出入的请与采购人联系更正")
    amount = yuan(price, field="price")
    if amount <= 0:
        raise BadInput("报价应大于0", field="price")
    said = {
        "cost": (cost, "采购标的成本"),
        "similar": (similar, "同类项目合同价格"),
        "patents": (patents, "专利、专有技术等情况"),
    }
    for field, (text, says) in said.items():
        if not text.strip() or len(text) > 5000:
            raise BadInput(f"请填写{says}的情况说明(没有的写无, 不超过5000字)", field=field)
    purchase.offer = {"price": str(amount)} | {field: text.strip() for field, (text, _) in said.items()}
    purchase.offered_at = now
    purchase.save(update_fields=["offer", "offered_at"])
    record("offered", purchase, actor=actor, now=now, supervisor=purchase.offer)
    tell(
        organisations=[purchase.buyer_id],
        kind=Kind.SERVICE,
        title=f"{purchase.name}: 供应商已报价",
        text=f"报价{amount}元。请组织协商并写协商情况记录。",
        link=f"/work/single-sources/{purchase.public_id}",
        now=now,
    )
    return purchase


@transaction.atomic
def write_record(
    *,
    purchase_id: str,
    met_at: datetime,
    place: str,
    members: Sequence[str],
    terms: str,
    agreed: str,
    price: str,
    actor: Actor,
    now: datetime,
) -> Purchase:
    """Write what was negotiated; written anew, everybody signs anew.

    :param members: user names of the professionals of the buyer's side: its own people, or experts
    :param terms: the main terms of the contract; `agreed`: how the price came about
    :raises BadInput: something is missing, or a price over the offer
    :raises OverBudget: a price over the budget (74号令43)
    """
    require(actor, Permission.SOURCE_ARGUE)
    purchase = own(purchase_id, actor)
    _at(purchase, Stage.NEGOTIATE, "写协商情况记录")
    if not purchase.offer:
        raise NothingToSign("供应商还没有提供报价、成本和同类合同价格等情况, 不能写协商情况记录")
    amount = yuan(price, field="price")
    rules.require_within_budget(amount, budget=purchase.budget)
    if amount > yuan(purchase.offer["price"]):
        raise BadInput("商定的价格不应高于供应商的报价", field="price")
    if met_at > now:
        raise BadInput("协商时间不能晚于现在", field="met_at")
    given = {
        "place": (place, "协商地点", 200),
        "terms": (terms, "合同主要条款", 10_000),
        "agreed": (agreed, "价格商定情况", 5000),
    }
    for field, (text, says, most) in given.items():
        if not text.strip() or len(text) > most:
            raise BadInput(f"请填写{says}(不超过{most}字)", field=field)
    people = _people(members, purchase)
    purchase.record = {"met_at": met_at.isoformat()} | {f: text.strip() for f, (text, _, _) in given.items()}
    purchase.price = amount
    purchase.save(update_fields=["record", "price"])
    purchase.negotiators.all().delete()
    Negotiator.objects.bulk_create(
        [
            Negotiator(purchase=purchase, supplier=True),
            *(Negotiator(purchase=purchase, account=account) for account in people),
        ]
    )
    record(
        "record_written",
        purchase,
        actor=actor,
        now=now,
        supervisor={**purchase.record, "price": str(amount), "members": [a.public_id for a in people]},
    )
    text = "请核对协商情况记录, 用数字证书签名; 有不同意见的写明理由。"
    tell_both(purchase, title="协商情况记录待签名", text=text, now=now)
    return purchase


def _people(members: Sequence[str], purchase: Purchase) -> list[Account]:
    names = list(dict.fromkeys(name.strip() for name in members if name.strip()))
    if not names:
        raise BadInput("请填写参加协商的采购人员", field="members")
    found = {a.username: a for a in Account.objects.filter(username__in=names, active=True)}
    for name in names:
        account = found.get(name)
        own_people = account is not None and account.role == Role.TENDEREE.value
        if account is None or not (
            account.role == Role.EXPERT.value or (own_people and account.organisation_id == purchase.buyer_id)
        ):
            raise BadInput(f"“{name}”不是本单位人员或者专家库中专业人员的用户名", field="members")
    return [found[name] for name in names]


def _statement(purchase: Purchase, *, agrees: bool, reason: str) -> bytes:
    """Return what a person of the negotiation signs: the whole record, and whether it is agreed to."""
    publicity = None
    if purchase.published_at and purchase.publicity_ended_at:
        publicity = {
            "from": purchase.published_at.astimezone(BEIJING).isoformat(),
            "until": purchase.publicity_ended_at.astimezone(BEIJING).isoformat(),
            "objections": purchase.objections.count(),
        }
    members = purchase.negotiators.filter(supplier=False).order_by("pk")
    return canonical(
        {
            "purchase": purchase.public_id,
            "buyer": purchase.buyer.uscc,
            "supplier": purchase.supplier.uscc,
            "publicity": publicity,
            "record": purchase.record,
            "members": [m.account.public_id for m in members.select_related("account") if m.account],
            "offer": purchase.offer,
            "price": str(purchase.price),
            "agrees": agrees,
            "reason": reason,
        }
    )


def _voice(purchase: Purchase, actor: Actor) -> Negotiator:
    _at(purchase, Stage.NEGOTIATE, "签署协商情况记录")
    if not purchase.record:
        raise NothingToSign("采购人还没有写成协商情况记录")
    rows = purchase.negotiators.select_for_update(of=("self",))
    if purchase.supplier_id == actor.organisation_pk:
        found = rows.filter(supplier=True).first()
    else:
        found = rows.filter(account_id=actor.account_pk, supplier=False).first()
    if found is None:
        raise NotPermitted("协商情况记录由参加协商的人员和供应商签名")
    return found


def _said(agrees: bool, reason: str, voice: Negotiator) -> str:
    if not agrees and voice.supplier:
        raise BadInput("供应商不认可记录的, 请与采购人联系更正后再签名", field="reason")
    if not agrees and not reason.strip():
        raise BadInput("有不同意见的, 应当签署不同意见并说明理由", field="reason")
    return reason.strip()[:2000] if not agrees else ""


@transaction.atomic
def record_to_sign(*, purchase_id: str, agrees: bool = True, reason: str = "", actor: Actor) -> bytes:
    """Return the record as this person signs it.

    :raises NotPermitted: not of the negotiation
    :raises NothingToSign: no record is there
    """
    require(actor, Permission.SOURCE_SIGN, signed=True)
    purchase = locked(purchase_id)
    voice = _voice(purchase, actor)
    return _statement(purchase, agrees=agrees, reason=_said(agrees, reason, voice))


@transaction.atomic
def sign_record(
    *, purchase_id: str, agrees: bool = True, reason: str = "", signature: str, actor: Actor, now: datetime
) -> Negotiator:
    """Sign the record, or sign another opinion with its reason.

    :raises NotPermitted: not of the negotiation
    :raises AlreadySigned: this person has
    :raises BadInput: another opinion without a reason
    :raises SignatureWrong: the signature is not on this record
    """
    require(actor, Permission.SOURCE_SIGN, signed=True)
    purchase = locked(purchase_id)
    voice = _voice(purchase, actor)
    if voice.standing in {Standing.AGREED.value, Standing.DIFFERS.value}:
        raise AlreadySigned("协商情况记录您已签名")
    said = _said(agrees, reason, voice)
    voice.signature = sign_document(
        kind=RECORD,
        subject=purchase.public_id,
        document=_statement(purchase, agrees=agrees, reason=said),
        signature=signature,
        actor=actor,
        now=now,
    )
    voice.account_id, voice.reason, voice.at = actor.account_pk, said, now
    voice.standing = (Standing.AGREED if agrees else Standing.DIFFERS).value
    voice.save()
    record(
        "record_signed",
        purchase,
        actor=actor,
        now=now,
        public={"supplier": voice.supplier, "agrees": agrees},
        supervisor={"reason": said, "digest": voice.signature.digest},
    )
    return voice


@transaction.atomic
def note_silent(*, purchase_id: str, negotiator: str, actor: Actor, now: datetime) -> Negotiator:
    """Note that one of the buyer's people refuses to sign and writes no reason: it counts as agreeing (74号令42).

    :raises NotFound: nobody of this record
    :raises AlreadySigned: the person has signed, or it is noted
    """
    require(actor, Permission.SOURCE_DECIDE)
    purchase = own(purchase_id, actor)
    _at(purchase, Stage.NEGOTIATE, "登记拒绝签名")
    voice = purchase.negotiators.filter(public_id=negotiator, supplier=False).first()
    if voice is None:
        raise NotFound("没有这名协商人员; 供应商必须自己签名")
    if voice.standing != Standing.WAITING.value:
        raise AlreadySigned(f"这名协商人员{Standing(voice.standing).label}, 不再登记")
    voice.standing, voice.at = Standing.SILENT.value, now
    voice.save(update_fields=["standing", "at"])
    record("refusal_noted", purchase, actor=actor, now=now, public={"negotiator": voice.public_id})
    assert voice.account is not None, "the buyer's people are named by their accounts"
    return voice


@transaction.atomic
def conclude_record(*, purchase_id: str, actor: Actor, now: datetime) -> Purchase:
    """Let the record stand that everybody has signed: NEGOTIATE → RECORDED; the supplier is determined.

    :raises NotAllSigned: somebody is waited for (74号令42)
    """
    require(actor, Permission.SOURCE_DECIDE)
    purchase = own(purchase_id, actor)
    make_move(purchase, "record_negotiation", actor=actor)
    voices = [Voice(n.supplier, Standing(n.standing)) for n in purchase.negotiators.all()]
    rules.require_signed(voices)
    assert purchase.price is not None, "a record has its price"
    rules.require_within_budget(purchase.price, budget=purchase.budget)
    purchase.recorded_at = now
    purchase.save(update_fields=["stage", "recorded_at"])
    record("recorded", purchase, actor=actor, now=now, public={"price": str(purchase.price)})
    return purchase


@transaction.atomic
def announce_result(*, purchase_id: str, actor: Actor, now: datetime) -> Purchase:
    """Publish the result and notify the supplier: RECORDED → ANNOUNCED; due within 2 working days (GP-T10)."""
    require(actor, Permission.SOURCE_DECIDE)
    purchase = own(purchase_id, actor)
    make_move(purchase, "notify", actor=actor)
    purchase.announced_at = now
    purchase.save(update_fields=["stage", "announced_at"])
    people = purchase.negotiators.filter(supplier=False).select_related("account__person").order_by("pk")
    announce(
        NoticeKind.RESULT,
        purchase,
        "单一来源成交结果公告",
        [
            ("采购人", f"{purchase.buyer.name}; {purchase.contact}"),
            ("采购项目", purchase.name),
            ("主要标的", purchase.needs),
            ("成交供应商", f"{purchase.supplier.name}({purchase.supplier.uscc})"),
            ("供应商地址", purchase.supplier.address or "见登记信息"),
            ("成交金额", f"{purchase.price}元"),
            ("单一来源采购人员", "、".join(str(n.account.person.name) for n in people if n.account)),
        ],
        actor=actor,
        now=now,
    )
    tell(
        organisations=[purchase.supplier_id],
        kind=Kind.LEGAL,
        basis=limit("GP-T12", on=beijing_date(now)),
        until_opening=(),
        title=f"{purchase.name}: 成交通知书",
        text=f"贵单位为成交供应商, 成交金额{purchase.price}元。请自本通知书发出之日起30日内签订合同。",
        link=f"/work/single-sources/{purchase.public_id}",
        now=now,
    )
    record("announced", purchase, actor=actor, now=now, public={"price": str(purchase.price)})
    return purchase


def _contract(purchase: Purchase) -> bytes:
    """Return the contract: everything of it comes from the record that was signed."""
    assert purchase.announced_at is not None, "a contract follows the announcement"
    return canonical(
        {
            "contract": purchase.deal_code,
            "purchase": purchase.public_id,
            "name": purchase.name,
            "buyer": {"name": purchase.buyer.name, "uscc": purchase.buyer.uscc},
            "supplier": {"name": purchase.supplier.name, "uscc": purchase.supplier.uscc},
            "subject": purchase.needs,
            "price": str(purchase.price),
            "terms": purchase.record["terms"],
            "notified_at": purchase.announced_at.astimezone(BEIJING).isoformat(),
        }
    )


def _side(purchase: Purchase, actor: Actor) -> str:
    _at(purchase, Stage.ANNOUNCED, "签订合同")
    if actor.organisation_pk == purchase.buyer_id and actor.role is Role.TENDEREE:
        side = "buyer"
    elif actor.organisation_pk == purchase.supplier_id and actor.role is Role.BIDDER:
        side = "supplier"
    else:
        raise NotPermitted("合同由采购人和成交供应商签订")
    if getattr(purchase, f"{side}_signature_id"):
        raise AlreadySigned("本方已签名, 等待对方签名")
    GP_DY.move(purchase.stage, "sign_contract", holds=holds_on(purchase.public_id))
    return side


@transaction.atomic
def contract_to_sign(*, purchase_id: str, actor: Actor) -> bytes:
    """Return the contract as a side signs it.

    :raises NotPermitted: neither the buyer nor the supplier
    :raises AlreadySigned: this side has
    """
    require(actor, Permission.SOURCE_SIGN, signed=True)
    purchase = locked(purchase_id)
    _side(purchase, actor)
    return _contract(purchase)


@transaction.atomic
def sign_contract(*, purchase_id: str, signature: str, actor: Actor, now: datetime) -> Purchase:
    """Sign the contract for one side; with the second signature it stands and is published: ANNOUNCED → CONTRACTED.

    :raises NotPermitted: neither the buyer nor the supplier
    :raises AlreadySigned: this side has
    :raises SignatureWrong: the signature is not on this contract
    """
    require(actor, Permission.SOURCE_SIGN, signed=True)
    purchase = locked(purchase_id)
    side = _side(purchase, actor)
    signed = sign_document(
        kind=CONTRACT,
        subject=purchase.public_id,
        document=_contract(purchase),
        signature=signature,
        actor=actor,
        now=now,
    )
    setattr(purchase, f"{side}_signature", signed)
    whole = bool(purchase.buyer_signature_id and purchase.supplier_signature_id)
    if whole:
        make_move(purchase, "sign_contract", actor=actor)
        purchase.signed_at = now
    purchase.save()
    public: dict[str, Any] = {"side": side, "contract_sha256": signed.digest}
    record("contract_signed", purchase, actor=actor, now=now, public=public)
    if whole:
        announce(
            NoticeKind.CONTRACT,
            purchase,
            "政府采购合同公告",
            [
                ("采购人", purchase.buyer.name),
                ("供应商", f"{purchase.supplier.name}({purchase.supplier.uscc})"),
                ("合同编号", purchase.deal_code),
                ("合同标的", purchase.needs),
                ("合同金额", f"{purchase.price}元"),
                ("合同主要条款", purchase.record["terms"]),
                ("签订日期", f"{now.astimezone(BEIJING):%Y年%m月%d日}"),
                ("合同文本SHA-256", signed.digest),
            ],
            actor=actor,
            now=now,
        )
    return purchase


@transaction.atomic
def file_contract(*, purchase_id: str, number: str, actor: Actor, now: datetime) -> Purchase:
    """Record that the copy of the contract was filed, within 7 working days (GP-T14).

    :raises BadInput: no number
    :raises AlreadySigned: it is filed
    """
    require(actor, Permission.SOURCE_ARGUE)
    purchase = own(purchase_id, actor)
    _at(purchase, Stage.CONTRACTED, "登记合同备案")
    if not number.strip():
        raise BadInput("请填写合同备案的编号", field="number")
    if purchase.filed_at is not None:
        raise AlreadySigned(f"合同已经备案, 编号{purchase.filing}")
    purchase.filing, purchase.filed_at = number.strip()[:60], now
    purchase.save(update_fields=["filing", "filed_at"])
    record("contract_filed", purchase, actor=actor, now=now, public={"number": purchase.filing})
    return purchase

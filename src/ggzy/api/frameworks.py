"""API of framework agreements 框架协议: collections, members, calls of contracts, sealed offers, turns."""

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import AwareDatetime

from ggzy.api.frame import answer, decoded, now, who, write
from ggzy.frameworks import actions, calling, closing, competing, ending, outsider, queries, turns

router = Router()
_TAG = ["框架协议"]


class Collection(Schema):
    """The file of a collection; items: [{name, unit, spec, price}]; ways: compete, turns, lower beside direct."""

    name: str
    needs: str
    conditions: str
    scope: str
    settlement: str
    contract_terms: str
    contact: str
    collector_kind: str
    category: str
    ends_at: AwareDatetime
    items: list[dict[str, str]]
    ways: list[str] = []
    turn_rule: str = ""
    tie_rule: str = ""
    response_hours: int = 48
    removal_terms: str = ""


class Response(Schema):
    """One qualified response: the unit price of each item in order; the score where quality decides."""

    uscc: str
    prices: list[str]
    score: str = ""


class Shortlist(Collection):
    """A closed framework whose collection was run elsewhere; rate in percent."""

    notice: str
    address: str
    report_sha256: str
    by_quality: bool = False
    instruments: bool = False
    rate: str
    cap: str = ""
    responses: list[Response]


class Supplement(Schema):
    """The qualified responses to a supplement, in the order of the report; fewer than two, why it ends without a result."""

    responses: list[Response]
    reason: str = ""


class Application(Schema):
    """What a supplier says of itself, how it is reached, and its signature (base64)."""

    statement: str
    contact: str
    signature: str


class Finding(Schema):
    """Whether an application is admitted; refused, the reason."""

    admitted: bool
    reason: str = ""


class Reason(Schema):
    """Why."""

    reason: str


class Removal(Schema):
    """On which ground (collusion, false_material, refused_contract, not_performed, banned, agreed), and the facts."""

    ground: str
    reason: str


class Number(Schema):
    """The number of a filing."""

    number: str


class Signed(Schema):
    """A signature (base64)."""

    signature: str


class Need(Schema):
    """What a buyer needs; quantities: {number of the item: quantity}."""

    name: str
    needs: str
    contact: str
    quantities: dict[str, str]


class Selection(Schema):
    """Which member, and why."""

    member: str
    reason: str


class Competition(Schema):
    """Until when offers are sealed."""

    sealed_until: AwareDatetime


class SealedOffer(Schema):
    """SHA-256(salt ‖ canonical {call, price, supplier}) in hexadecimal, and the signature on it (base64)."""

    commitment: str
    signature: str


class Revealed(Schema):
    """The price in 元 and the 32 bytes of salt in hexadecimal."""

    price: str
    salt: str


class Turn(Schema):
    """Whether the contract is accepted; declined, the reason."""

    accepts: bool
    reason: str = ""


class Lower(Schema):
    """Who outside sells the same goods for how much in all, and the proof (file in base64)."""

    supplier_uscc: str
    price: str
    proof: str
    file_name: str
    file: str


class Price(Schema):
    """A price in 元."""

    price: str


@router.get("/frameworks", tags=_TAG, summary="框架协议(公开)")
def public_rows(request: HttpRequest) -> HttpResponse:
    return answer({"frameworks": queries.public_rows(now=now())})


@router.get("/frameworks/own", tags=_TAG, summary="与本单位有关的框架协议和合同授予")
def own_rows(request: HttpRequest) -> HttpResponse:
    found = who(request)
    return answer({"frameworks": queries.rows_of(found, now=now()), "calls": queries.calls_of(found)})


@router.post("/frameworks/closed", tags=_TAG, summary="登记封闭式框架协议的入围结果(第一阶段在其他系统完成)")
@write
def register_shortlist(request: HttpRequest, body: Shortlist) -> dict[str, Any]:
    made = closing.register_shortlist(**body.dict(), actor=who(request), now=now())
    return {"framework": made.public_id, "stage": made.stage}


@router.get("/frameworks/{framework_id}", tags=_TAG, summary="一个框架协议: 条件、入围供应商和价格、合同授予")
def one(request: HttpRequest, framework_id: str) -> HttpResponse:
    row = queries.framework_row(framework_id, viewer=who(request), now=now())
    calls = queries.calls_of_framework(framework_id, viewer=who(request))
    return answer({"framework": row, "calls": calls})


@router.get("/frameworks/{framework_id}/turns", tags=_TAG, summary="顺序轮候的规则、供应商和以往机会(供重算)")
def turn_history(request: HttpRequest, framework_id: str) -> HttpResponse:
    return answer(queries.turn_history(framework_id))


@router.post("/frameworks", tags=_TAG, summary="发布开放式框架协议的征集公告")
@write
def publish_collection(request: HttpRequest, body: Collection) -> dict[str, Any]:
    made = actions.publish_collection(**body.dict(), actor=who(request), now=now())
    return {"framework": made.public_id, "stage": made.stage}


@router.get("/frameworks/{framework_id}/applications/statement", tags=_TAG, summary="取得待签的加入申请")
def application_to_sign(
    request: HttpRequest, framework_id: str, statement: str, contact: str
) -> HttpResponse:
    found = actions.application_to_sign(
        framework_id=framework_id, statement=statement, contact=contact, actor=who(request), now=now()
    )
    return answer({"to_sign": base64.b64encode(found).decode()})


@router.post("/frameworks/{framework_id}/applications", tags=_TAG, summary="申请加入开放式框架协议")
@write
def apply_to_join(request: HttpRequest, framework_id: str, body: Application) -> dict[str, Any]:
    made = actions.apply_to_join(framework_id=framework_id, **body.dict(), actor=who(request), now=now())
    return {"member": made.public_id, "stage": made.stage}


@router.post(
    "/frameworks/{framework_id}/members/{member_id}/review", tags=_TAG, summary="审核加入申请, 通过的当即公告"
)
@write
def review(request: HttpRequest, framework_id: str, member_id: str, body: Finding) -> dict[str, Any]:
    made = actions.review(
        framework_id=framework_id, member_id=member_id, **body.dict(), actor=who(request), now=now()
    )
    return {"stage": made.stage}


@router.post("/frameworks/{framework_id}/exit", tags=_TAG, summary="退出开放式框架协议")
@write
def leave_framework(request: HttpRequest, framework_id: str, body: Reason) -> dict[str, Any]:
    made = actions.leave_framework(
        framework_id=framework_id, reason=body.reason, actor=who(request), now=now()
    )
    return {"stage": made.stage}


@router.post("/frameworks/{framework_id}/members/{member_id}/removal", tags=_TAG, summary="清退入围供应商")
@write
def remove_member(request: HttpRequest, framework_id: str, member_id: str, body: Removal) -> dict[str, Any]:
    made = actions.remove_member(
        framework_id=framework_id, member_id=member_id, **body.dict(), actor=who(request), now=now()
    )
    return {"stage": made.stage}


@router.get(
    "/frameworks/{framework_id}/members/{member_id}/agreement/statement",
    tags=_TAG,
    summary="取得待签的框架协议",
)
def agreement_to_sign(request: HttpRequest, framework_id: str, member_id: str) -> HttpResponse:
    found = closing.agreement_to_sign(framework_id=framework_id, member_id=member_id, actor=who(request))
    return answer({"to_sign": base64.b64encode(found).decode()})


@router.post(
    "/frameworks/{framework_id}/members/{member_id}/agreement/signature", tags=_TAG, summary="签订框架协议"
)
@write
def sign_agreement(request: HttpRequest, framework_id: str, member_id: str, body: Signed) -> dict[str, Any]:
    made = closing.sign_agreement(
        framework_id=framework_id,
        member_id=member_id,
        signature=body.signature,
        actor=who(request),
        now=now(),
    )
    return {"supplier": bool(made.signature_id), "collector": bool(made.collector_signature_id)}


@router.post("/frameworks/{framework_id}/agreements", tags=_TAG, summary="框架协议签订完毕")
@write
def conclude_agreements(request: HttpRequest, framework_id: str) -> dict[str, Any]:
    made = closing.conclude_agreements(framework_id=framework_id, actor=who(request), now=now())
    return {"stage": made.stage, "members": made.original}


@router.post("/frameworks/{framework_id}/filing", tags=_TAG, summary="登记框架协议备案")
@write
def file_agreement(request: HttpRequest, framework_id: str, body: Number) -> dict[str, Any]:
    made = closing.file_agreement(
        framework_id=framework_id, number=body.number, actor=who(request), now=now()
    )
    return {"filed_at": made.filed_at}


@router.post("/frameworks/{framework_id}/buyers", tags=_TAG, summary="告知采购人, 开始使用")
@write
def inform_buyers(request: HttpRequest, framework_id: str) -> dict[str, Any]:
    made = closing.inform_buyers(framework_id=framework_id, actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/frameworks/{framework_id}/supplement", tags=_TAG, summary="开始补充征集")
@write
def begin_supplement(request: HttpRequest, framework_id: str, body: Reason) -> dict[str, Any]:
    made = closing.begin_supplement(
        framework_id=framework_id, reason=body.reason, actor=who(request), now=now()
    )
    return {"stage": made.stage}


@router.post("/frameworks/{framework_id}/supplement/shortlist", tags=_TAG, summary="登记补充征集的结果")
@write
def end_supplement(request: HttpRequest, framework_id: str, body: Supplement) -> dict[str, Any]:
    made = closing.end_supplement(framework_id=framework_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/frameworks/{framework_id}/supplement/agreements", tags=_TAG, summary="补充征集的供应商入围")
@write
def admit_supplemented(request: HttpRequest, framework_id: str) -> dict[str, Any]:
    made = closing.admit_supplemented(framework_id=framework_id, actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/frameworks/{framework_id}/summary", tags=_TAG, summary="发布成交结果汇总公告")
@write
def publish_summary(request: HttpRequest, framework_id: str) -> dict[str, Any]:
    made = ending.publish_summary(framework_id=framework_id, actor=who(request), now=now())
    return {"summarised_at": made.summarised_at}


# --- calls


@router.post("/frameworks/{framework_id}/calls", tags=_TAG, summary="采购人提出需求")
@write
def raise_need(request: HttpRequest, framework_id: str, body: Need) -> dict[str, Any]:
    made = calling.raise_need(framework_id=framework_id, **body.dict(), actor=who(request), now=now())
    return {"call": made.public_id, "stage": made.stage}


@router.get("/call-offs/{call_id}", tags=_TAG, summary="一次合同授予(成交以后公开)")
def one_call(request: HttpRequest, call_id: str) -> HttpResponse:
    return answer(queries.call_row(call_id, viewer=who(request)))


@router.post("/call-offs/{call_id}/selection", tags=_TAG, summary="直接选定")
@write
def select_directly(request: HttpRequest, call_id: str, body: Selection) -> dict[str, Any]:
    made = calling.select_directly(
        call_id=call_id, member_id=body.member, reason=body.reason, actor=who(request), now=now()
    )
    return {"stage": made.stage}


@router.post("/call-offs/{call_id}/selection/confirmation", tags=_TAG, summary="确认选定")
@write
def confirm_selection(request: HttpRequest, call_id: str) -> dict[str, Any]:
    made = calling.confirm_selection(call_id=call_id, actor=who(request), now=now())
    return {"stage": made.stage, "price": made.price}


@router.post("/call-offs/{call_id}/competition", tags=_TAG, summary="发起二次竞价")
@write
def invite_competition(request: HttpRequest, call_id: str, body: Competition) -> dict[str, Any]:
    made = competing.invite_competition(
        call_id=call_id, sealed_until=body.sealed_until, actor=who(request), now=now()
    )
    return {"stage": made.stage, "reveal_until": made.reveal_until}


@router.get("/call-offs/{call_id}/offer/statement", tags=_TAG, summary="取得待签的封存报价")
def offer_to_sign(request: HttpRequest, call_id: str, commitment: str) -> HttpResponse:
    found = competing.offer_to_sign(call_id=call_id, commitment=commitment, actor=who(request), now=now())
    return answer({"to_sign": base64.b64encode(found).decode()})


@router.post("/call-offs/{call_id}/offer", tags=_TAG, summary="封存报价(只交摘要)")
@write
def seal_offer(request: HttpRequest, call_id: str, body: SealedOffer) -> dict[str, Any]:
    found = competing.seal_offer(call_id=call_id, **body.dict(), actor=who(request), now=now())
    return {"acknowledgement": found}


@router.post("/call-offs/{call_id}/offer/reveal", tags=_TAG, summary="揭示报价")
@write
def reveal_offer(request: HttpRequest, call_id: str, body: Revealed) -> dict[str, Any]:
    made = competing.reveal_offer(call_id=call_id, **body.dict(), actor=who(request), now=now())
    return {"price": made.price, "revealed_at": made.revealed_at}


@router.post("/call-offs/{call_id}/turn", tags=_TAG, summary="按顺序轮候")
@write
def take_turn(request: HttpRequest, call_id: str) -> dict[str, Any]:
    made = turns.take_turn(call_id=call_id, actor=who(request), now=now())
    return {"stage": made.stage, "answer_until": made.answer_until}


@router.post("/call-offs/{call_id}/turn/answer", tags=_TAG, summary="答复轮到的合同")
@write
def answer_turn(request: HttpRequest, call_id: str, body: Turn) -> dict[str, Any]:
    made = turns.answer_turn(call_id=call_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/call-offs/{call_id}/lower", tags=_TAG, summary="证明非入围供应商价格更低")
@write
def prove_lower(request: HttpRequest, call_id: str, body: Lower) -> dict[str, Any]:
    given = body.dict()
    data = decoded(given.pop("file"), field="file")
    made = outsider.prove_lower(call_id=call_id, **given, file_data=data, actor=who(request), now=now())
    return {"stage": made.stage, "answer_until": made.answer_until}


@router.post("/call-offs/{call_id}/lower/answer", tags=_TAG, summary="入围供应商愿意降到更低价格以下")
@write
def go_lower(request: HttpRequest, call_id: str, body: Price) -> dict[str, Any]:
    outsider.go_lower(call_id=call_id, price=body.price, actor=who(request), now=now())
    return {"price": body.price}


@router.post("/call-offs/{call_id}/lower/deal", tags=_TAG, summary="授予非入围供应商")
@write
def deal_lower(request: HttpRequest, call_id: str) -> dict[str, Any]:
    made = outsider.deal_lower(call_id=call_id, actor=who(request), now=now())
    return {"stage": made.stage, "price": made.price}


@router.post("/call-offs/{call_id}/lower/end", tags=_TAG, summary="不再授予非入围供应商")
@write
def give_up_lower(request: HttpRequest, call_id: str) -> dict[str, Any]:
    made = outsider.give_up_lower(call_id=call_id, actor=who(request), now=now())
    return {"stage": made.stage}


@router.get("/call-offs/{call_id}/contract/statement", tags=_TAG, summary="取得待签的合同或者订单")
def contract_to_sign(request: HttpRequest, call_id: str) -> HttpResponse:
    found = calling.contract_to_sign(call_id=call_id, actor=who(request))
    return answer({"to_sign": base64.b64encode(found).decode()})


@router.post("/call-offs/{call_id}/contract/signature", tags=_TAG, summary="签订合同或者订单")
@write
def sign_contract(request: HttpRequest, call_id: str, body: Signed) -> dict[str, Any]:
    made = calling.sign_contract(call_id=call_id, signature=body.signature, actor=who(request), now=now())
    return {"stage": made.stage, "signed_at": made.signed_at}


@router.post("/call-offs/{call_id}/contract/refusal", tags=_TAG, summary="成交供应商不签合同")
@write
def refuse_contract(request: HttpRequest, call_id: str, body: Reason) -> dict[str, Any]:
    made = calling.refuse_contract(call_id=call_id, reason=body.reason, actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/call-offs/{call_id}/stop", tags=_TAG, summary="取消采购需求")
@write
def stop_call(request: HttpRequest, call_id: str, body: Reason) -> dict[str, Any]:
    made = calling.stop_call(call_id=call_id, reason=body.reason, actor=who(request), now=now())
    return {"stage": made.stage}

"""API of buying from one supplier 单一来源: the ground, the publicity, objections, the approval, the negotiation, the contract."""

import base64
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.single_source import actions, negotiating, queries

router = Router()
_TAG = ["单一来源采购"]


class Argued(Schema):
    """What is bought, from whom, by which ground (only, urgent, addition); experts: [{name, unit, title, opinion, kept}]."""

    name: str
    needs: str
    budget: str
    supplier_uscc: str
    ground: str
    reason: str
    contact: str
    finance_contact: str
    experts: list[dict[str, str]] = []
    first_contract: str = ""
    first_price: str = ""
    purchase_id: str = ""


class Length(Schema):
    """How many working days a publicity lasts."""

    workdays: int = 5


class Text(Schema):
    """What one says."""

    text: str


class Conclusion(Schema):
    """What the buyer concludes on the objections; answers: {objection: text}."""

    upheld: bool
    conclusion: str
    answers: dict[str, str]


class Finding(Schema):
    """What the finance department decides."""

    approved: bool
    opinion: str
    document_number: str


class Offer(Schema):
    """The supplier's price in 元, its cost, prices of similar contracts, patents."""

    price: str
    cost: str
    similar: str
    patents: str


class Record(Schema):
    """What was negotiated; members: user names of the buyer's side."""

    met_at: datetime
    place: str
    members: list[str]
    terms: str
    agreed: str
    price: str


class RecordSignature(Schema):
    """The signature (base64); `agrees` false with a reason is another opinion."""

    signature: str
    agrees: bool = True
    reason: str = ""


class Signed(Schema):
    """A signature (base64)."""

    signature: str


class Number(Schema):
    """The number of the filing."""

    number: str


class Ended(Schema):
    """Which case (changed, unlawful, over_budget), and why."""

    ending: str
    reason: str


@router.get("/single-sources", tags=_TAG, summary="单一来源采购(公开的)")
def public_rows(request: HttpRequest) -> HttpResponse:
    return answer({"purchases": queries.public_rows()})


@router.get("/single-sources/own", tags=_TAG, summary="单一来源采购(由我办理的)")
def own_rows(request: HttpRequest) -> HttpResponse:
    return answer({"purchases": queries.rows_of(who(request))})


@router.get("/single-sources/{purchase_id}", tags=_TAG, summary="一项单一来源采购")
def one(request: HttpRequest, purchase_id: str) -> HttpResponse:
    return answer(queries.purchase_row(purchase_id, viewer=who(request)))


@router.post("/single-sources", tags=_TAG, summary="论证: 登记一项单一来源采购, 或者修改论证")
@write
def argue(request: HttpRequest, body: Argued) -> dict[str, Any]:
    made = actions.argue(**body.dict(), actor=who(request), now=now())
    return {"purchase": made.public_id, "stage": made.stage}


@router.post(
    "/single-sources/{purchase_id}/next", tags=_TAG, summary="公示、报批或者直接协商(由法定情形决定)"
)
@write
def go_on(request: HttpRequest, purchase_id: str, body: Length) -> dict[str, Any]:
    made = actions.go_on(purchase_id=purchase_id, workdays=body.workdays, actor=who(request), now=now())
    return {"stage": made.stage, "publicity_ends_at": made.publicity_ends_at}


@router.post("/single-sources/{purchase_id}/objections", tags=_TAG, summary="公示期内提出异议")
@write
def object_to(request: HttpRequest, purchase_id: str, body: Text) -> dict[str, Any]:
    made = actions.object_to(purchase_id=purchase_id, text=body.text, actor=who(request), now=now())
    return {"objection": made.public_id}


@router.post("/single-sources/{purchase_id}/conclusion", tags=_TAG, summary="补充论证结论")
@write
def argue_anew(request: HttpRequest, purchase_id: str, body: Conclusion) -> dict[str, Any]:
    made = actions.argue_anew(purchase_id=purchase_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/single-sources/{purchase_id}/approval", tags=_TAG, summary="财政部门审批")
@write
def decide(request: HttpRequest, purchase_id: str, body: Finding) -> dict[str, Any]:
    made = actions.decide(purchase_id=purchase_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/single-sources/{purchase_id}/offer", tags=_TAG, summary="供应商报价和情况说明")
@write
def offer(request: HttpRequest, purchase_id: str, body: Offer) -> dict[str, Any]:
    made = negotiating.offer(purchase_id=purchase_id, **body.dict(), actor=who(request), now=now())
    return {"offered_at": made.offered_at}


@router.post("/single-sources/{purchase_id}/record", tags=_TAG, summary="写协商情况记录")
@write
def write_record(request: HttpRequest, purchase_id: str, body: Record) -> dict[str, Any]:
    made = negotiating.write_record(purchase_id=purchase_id, **body.dict(), actor=who(request), now=now())
    return {"price": made.price}


@router.get("/single-sources/{purchase_id}/record/statement", tags=_TAG, summary="取得待签的协商情况记录")
def record_to_sign(
    request: HttpRequest, purchase_id: str, agrees: bool = True, reason: str = ""
) -> HttpResponse:
    found = negotiating.record_to_sign(
        purchase_id=purchase_id, agrees=agrees, reason=reason, actor=who(request)
    )
    return answer({"to_sign": base64.b64encode(found).decode()})


@router.post("/single-sources/{purchase_id}/record/signature", tags=_TAG, summary="签署协商情况记录")
@write
def sign_record(request: HttpRequest, purchase_id: str, body: RecordSignature) -> dict[str, Any]:
    made = negotiating.sign_record(purchase_id=purchase_id, **body.dict(), actor=who(request), now=now())
    return {"standing": made.standing}


@router.post(
    "/single-sources/{purchase_id}/negotiators/{negotiator}/silence",
    tags=_TAG,
    summary="登记采购人员拒绝签名又不说明理由",
)
@write
def note_silent(request: HttpRequest, purchase_id: str, negotiator: str) -> dict[str, Any]:
    made = negotiating.note_silent(
        purchase_id=purchase_id, negotiator=negotiator, actor=who(request), now=now()
    )
    return {"standing": made.standing}


@router.post("/single-sources/{purchase_id}/record/conclusion", tags=_TAG, summary="协商情况记录生效")
@write
def conclude_record(request: HttpRequest, purchase_id: str) -> dict[str, Any]:
    made = negotiating.conclude_record(purchase_id=purchase_id, actor=who(request), now=now())
    return {"stage": made.stage, "price": made.price}


@router.post("/single-sources/{purchase_id}/result", tags=_TAG, summary="公告成交结果, 发出成交通知书")
@write
def announce_result(request: HttpRequest, purchase_id: str) -> dict[str, Any]:
    made = negotiating.announce_result(purchase_id=purchase_id, actor=who(request), now=now())
    return {"stage": made.stage, "announced_at": made.announced_at}


@router.get("/single-sources/{purchase_id}/contract/statement", tags=_TAG, summary="取得待签的合同")
def contract_to_sign(request: HttpRequest, purchase_id: str) -> HttpResponse:
    found = negotiating.contract_to_sign(purchase_id=purchase_id, actor=who(request))
    return answer({"to_sign": base64.b64encode(found).decode()})


@router.post("/single-sources/{purchase_id}/contract/signature", tags=_TAG, summary="签订合同")
@write
def sign_contract(request: HttpRequest, purchase_id: str, body: Signed) -> dict[str, Any]:
    made = negotiating.sign_contract(
        purchase_id=purchase_id, signature=body.signature, actor=who(request), now=now()
    )
    return {"stage": made.stage, "signed_at": made.signed_at}


@router.post("/single-sources/{purchase_id}/contract/filing", tags=_TAG, summary="登记合同备案")
@write
def file_contract(request: HttpRequest, purchase_id: str, body: Number) -> dict[str, Any]:
    made = negotiating.file_contract(
        purchase_id=purchase_id, number=body.number, actor=who(request), now=now()
    )
    return {"filed_at": made.filed_at}


@router.post("/single-sources/{purchase_id}/termination", tags=_TAG, summary="终止采购活动")
@write
def terminate(request: HttpRequest, purchase_id: str, body: Ended) -> dict[str, Any]:
    made = actions.terminate(purchase_id=purchase_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}

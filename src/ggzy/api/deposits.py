"""API of bid deposits: choosing a form, the bank's notices, holds and forfeiture, letters of guarantee, the book, figures."""

from dataclasses import asdict
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.deposits import actions, bonds, guarantees, keeping, listening, queries, reconciling, releasing

router = Router()


class ChoiceIn(Schema):
    """transfer (with the own basic account), guarantee or insurance (with the issuer), or commitment."""

    form: str
    payer_account: str = ""
    payer_bank: str = ""
    issuer: str = ""


class AccountIn(Schema):
    """The own account to which a refund that came back should go."""

    account: str
    bank: str = ""


class HoldIn(Schema):
    """Why a deposit is not returned yet, and when that is looked at again (within 30 days)."""

    reason: str
    review_on: date


class ForfeitureIn(Schema):
    """On which ground of the law (revoked, award_ended), why, and whereto."""

    ground: str
    reason: str
    name: str = ""
    account: str = ""


class DecisionIn(Schema):
    """Whether the second person confirms."""

    upheld: bool


class ConversionIn(Schema):
    """How much of the own deposit is to become the performance bond."""

    amount: str


class ConversionDecisionIn(Schema):
    """Whether the tenderee agrees, and whereto the bond is paid."""

    agreed: bool
    name: str = ""
    account: str = ""


class StepIn(Schema):
    """A step of a letter: quote (fee), accept (voucher), issue (number), reject or claim (reason), pay or refuse (voucher)."""

    value: str = ""


class SettledIn(Schema):
    """How a difference was cleared up with the bank."""

    says: str


@router.get(
    "/rounds/{round_id}/deposit", tags=["保证金"], summary="本单位的保证金: 形式、账号、到账、退还和计息"
)
def own(request: HttpRequest, round_id: str) -> HttpResponse:
    return answer(asdict(queries.own(round_id=round_id, viewer=who(request), now=now())))


@router.post("/rounds/{round_id}/deposit", tags=["保证金"], summary="选择保证金的形式")
@write
def choose(request: HttpRequest, round_id: str, body: ChoiceIn) -> dict[str, Any]:
    row = actions.choose_form(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"deposit": row.public_id, "state": row.state}


@router.post(
    "/rounds/{round_id}/deposit/conversion", tags=["保证金"], summary="中标人申请投标保证金转为履约保证金"
)
@write
def ask_conversion(request: HttpRequest, round_id: str, body: ConversionIn) -> dict[str, Any]:
    row = bonds.ask_conversion(round_id=round_id, amount=body.amount, actor=who(request), now=now())
    return {"conversion": row.public_id, "amount": row.amount}


@router.post(
    "/conversions/{conversion_id}/decision",
    tags=["保证金"],
    summary="招标人答复投标保证金转为履约保证金的申请",
)
@write
def decide_conversion(request: HttpRequest, conversion_id: str, body: ConversionDecisionIn) -> dict[str, Any]:
    row = bonds.decide_conversion(conversion_id=conversion_id, **body.dict(), actor=who(request), now=now())
    return {"conversion": row.public_id, "agreed": row.agreed}


@router.post("/deposits/{deposit_id}/account", tags=["保证金"], summary="退还失败后填写本单位现在的账户")
@write
def account(request: HttpRequest, deposit_id: str, body: AccountIn) -> dict[str, Any]:
    row = releasing.offer_account(deposit_id=deposit_id, **body.dict(), actor=who(request), now=now())
    return {"deposit": row.public_id, "state": row.state}


@router.post("/receipts/{receipt_id}/return", tags=["保证金"], summary="截止前退回一笔待认定的款项")
@write
def take_back(request: HttpRequest, receipt_id: str) -> dict[str, Any]:
    row = actions.take_back(receipt_id=receipt_id, actor=who(request), now=now())
    return {"payment": row.public_id, "state": row.state}


@router.get("/rounds/{round_id}/deposits/list", tags=["保证金"], summary="开标后的保证金列表(开标前为空)")
def of_round(request: HttpRequest, round_id: str) -> HttpResponse:
    return answer(asdict(queries.deposits_of_round(round_id=round_id, viewer=who(request), now=now())))


@router.post("/deposits/{deposit_id}/hold", tags=["保证金"], summary="暂缓退还, 写明理由和复查日期")
@write
def hold(request: HttpRequest, deposit_id: str, body: HoldIn) -> dict[str, Any]:
    row = keeping.hold(deposit_id=deposit_id, **body.dict(), actor=who(request), now=now())
    return {"hold": row.public_id}


@router.post("/deposits/holds/{hold_id}/lift", tags=["保证金"], summary="解除暂缓")
@write
def lift(request: HttpRequest, hold_id: str) -> dict[str, Any]:
    row = keeping.lift(hold_id=hold_id, actor=who(request), now=now())
    return {"hold": row.public_id, "lifted_at": row.lifted_at}


@router.post("/deposits/{deposit_id}/forfeiture", tags=["保证金"], summary="提议不予退还(另一人确认后生效)")
@write
def propose(request: HttpRequest, deposit_id: str, body: ForfeitureIn) -> dict[str, Any]:
    row = keeping.propose_forfeiture(deposit_id=deposit_id, **body.dict(), actor=who(request), now=now())
    return {"forfeiture": row.public_id}


@router.post(
    "/deposits/forfeitures/{forfeiture_id}/decision", tags=["保证金"], summary="确认或不确认不予退还"
)
@write
def decide(request: HttpRequest, forfeiture_id: str, body: DecisionIn) -> dict[str, Any]:
    row = keeping.decide_forfeiture(
        forfeiture_id=forfeiture_id, upheld=body.upheld, actor=who(request), now=now()
    )
    return {"forfeiture": row.public_id, "upheld": row.upheld}


@router.get("/guarantees", tags=["保函"], summary="本机构的保函")
def letters(request: HttpRequest) -> HttpResponse:
    return answer({"letters": [asdict(row) for row in queries.letters(viewer=who(request))]})


@router.get("/guarantees/verify", tags=["保函"], summary="凭编号和金额验真", auth=None)
def verify(request: HttpRequest, number: str, amount: str) -> HttpResponse:
    found = queries.verify(number, amount)
    return answer({"letter": asdict(found) if found else None})


@router.get("/guarantees/{guarantee_id}", tags=["保函"], summary="一份保函")
def letter(request: HttpRequest, guarantee_id: str) -> HttpResponse:
    return answer(asdict(queries.letter(guarantee_id, viewer=who(request))))


@router.post(
    "/guarantees/{guarantee_id}/{step}",
    tags=["保函"],
    summary="保函的一步: quote、accept、issue、reject、surrender、claim、pay、refuse",
)
@write
def step(request: HttpRequest, guarantee_id: str, step: str, body: StepIn) -> dict[str, Any]:
    row = guarantees.take_step(
        step, guarantee_id=guarantee_id, value=body.value, actor=who(request), now=now()
    )
    return {"letter": row.public_id, "state": row.state}


@router.get("/deposits/ledger", tags=["保证金"], summary="保证金台账(不含未开标的标段)")
def book(request: HttpRequest) -> HttpResponse:
    return answer(asdict(queries.ledger_overview(viewer=who(request), now=now())))


@router.post("/deposits/payments/{payment_id}/again", tags=["保证金"], summary="核对账户后重新退付")
@write
def again(request: HttpRequest, payment_id: str) -> dict[str, Any]:
    row = releasing.pay_again(payment_id=payment_id, actor=who(request), now=now())
    return {"payment": row.public_id, "state": row.state}


@router.post("/deposits/differences/{difference_id}", tags=["保证金"], summary="对账差异销号")
@write
def settled(request: HttpRequest, difference_id: str, body: SettledIn) -> dict[str, Any]:
    row = reconciling.settle_difference(
        difference_id=difference_id, says=body.says, actor=who(request), now=now()
    )
    return {"difference": row.public_id, "settled_at": row.settled_at}


@router.get("/deposits/movements", tags=["保证金"], summary="开户银行: 子账号收支")
def movements(request: HttpRequest) -> HttpResponse:
    return answer({"movements": [asdict(row) for row in queries.movements(viewer=who(request))]})


@router.get("/deposits/figures", tags=["保证金"], summary="退还用时(实测)")
def figures(request: HttpRequest) -> HttpResponse:
    return answer(asdict(queries.figures()))


@router.post(
    "/bank/notices", tags=["保证金"], summary="银行通知到账或付款结果, X-Signature: HMAC-SHA256(正文)"
)
@write
def notice(request: HttpRequest) -> dict[str, Any]:
    signature = request.headers.get("X-Signature", "")
    return {"notice": listening.receive_notice(body=request.body, signature=signature, now=now())}

"""API between pools: agreements of the own centre, and what a partner asks under one (signed, see experts/wire.py)."""

import base64
import json
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.draws import Decision, Reason
from ggzy.api.frame import answer, now, who, write
from ggzy.experts import agreements, borrowing, guests, lending
from ggzy.kernel.clock import real_now
from ggzy.kernel.refusals import BadInput

router = Router(tags=["专家共享"])


class AgreementIn(Schema):
    """`side`: this centre "lends" or "borrows"; specialties by prefix; both days included."""

    side: str
    partner_name: str
    partner_address: str
    specialties: list[str]
    since: date
    until: date


class LetterIn(Schema):
    """A partner's letter, the text of the file."""

    letter: str


class Digits(Schema):
    """The digits of the partner's key, as heard by telephone."""

    digits: str


class ArrivalIn(Schema):
    """The label (its first digits), what the expert's own pool gave them, and the account to be opened here."""

    label: str
    token: str
    username: str
    password: str


@router.get("/pool-agreements", summary="专家共享协议(中心)")
def list_agreements(request: HttpRequest) -> HttpResponse:
    return answer(agreements.agreements(actor=who(request), now=now()))


@router.post("/pool-agreements", summary="提出专家共享协议(中心)")
@write
def propose_agreement(request: HttpRequest, body: AgreementIn) -> dict[str, Any]:
    made = agreements.propose(**body.dict(), actor=who(request), now=now())
    return {"agreement": made.public_id, "state": made.state, "letter": made.our_letter}


@router.post("/pool-agreements/letters", summary="收下对方的协议函(中心)")
@write
def receive_letter(request: HttpRequest, body: LetterIn) -> dict[str, Any]:
    made = agreements.receive(text=body.letter, actor=who(request), now=now())
    return {"agreement": made.public_id, "state": made.state}


@router.post("/pool-agreements/{agreement_id}/acceptance", summary="核对密钥后使协议生效(中心)")
@write
def accept_agreement(request: HttpRequest, agreement_id: str, body: Digits) -> dict[str, Any]:
    made = agreements.accept(agreement_id=agreement_id, digits=body.digits, actor=who(request), now=now())
    return {"agreement": made.public_id, "state": made.state, "letter": made.our_letter}


@router.post("/pool-agreements/{agreement_id}/end", summary="终止专家共享协议(中心)")
@write
def end_agreement(request: HttpRequest, agreement_id: str, body: Reason) -> dict[str, Any]:
    made = agreements.end(agreement_id=agreement_id, reason=body.reason, actor=who(request), now=now())
    return {"agreement": made.public_id, "state": made.state}


@router.post("/loans/{loan_id}/aside", summary="申请不再等待没有答复的专家库(招标人)")
@write
def propose_aside(request: HttpRequest, loan_id: str, body: Reason) -> dict[str, Any]:
    made = borrowing.propose_aside(loan_id=loan_id, reason=body.reason, actor=who(request), now=now())
    return {"loan": made.public_id, "state": made.state}


@router.post("/loans/{loan_id}/aside-decision", summary="同意或不同意不再等待(监督部门)")
@write
def decide_aside(request: HttpRequest, loan_id: str, body: Decision) -> dict[str, Any]:
    made = borrowing.decide_aside(loan_id=loan_id, **body.dict(), actor=who(request), now=now())
    return {"loan": made.public_id, "state": made.state}


@router.post("/arrivals", summary="共享专家开标后核对身份, 开通本平台账号")
@write
def arrive(request: HttpRequest, body: ArrivalIn) -> dict[str, Any]:
    made = guests.arrive(**body.dict(), actor=who(request), now=now())
    return {"username": made.username}


@router.get("/lent-calls", summary="专家收到的协作中心的评标邀请")
def lent_calls(request: HttpRequest) -> HttpResponse:
    return answer({"calls": lending.lent_calls_of(who(request))})


class AnswerIn(Schema):
    """Yes or no to a call."""

    accept: bool


@router.post("/lent-calls/{call_id}/answer", summary="专家答复协作中心的评标邀请")
@write
def answer_lent(request: HttpRequest, call_id: str, body: AnswerIn) -> dict[str, Any]:
    made = lending.answer_lent(call_id=call_id, accept=body.accept, actor=who(request), now=now())
    return {"call": made.public_id, "state": made.state}


# What a partner's platform asks


@router.post("/partner/lists", summary="协议单位: 为一次抽取冻结名单")
@write
def partner_list(request: HttpRequest) -> dict[str, Any]:
    return lending.lend_list(said=_said(request.body), now=now(), real=real_now())


@router.post("/partner/calls", summary="协议单位: 通知一个编号")
@write
def partner_call(request: HttpRequest) -> dict[str, Any]:
    return lending.lend_call(said=_said(request.body), now=now(), real=real_now())


@router.post("/partner/answers", summary="协议单位: 问一个编号的答复")
@write
def partner_answer(request: HttpRequest) -> dict[str, Any]:
    return lending.lend_answer(said=_said(request.body), real=real_now())


@router.post("/partner/releases", summary="协议单位: 抽取取消, 不再需要")
@write
def partner_release(request: HttpRequest) -> dict[str, Any]:
    return lending.lend_release(said=_said(request.body), now=now(), real=real_now())


@router.get("/partner/identities", summary="协议单位: 签到时核对一个编号的身份(问题在X-Question中, 留痕)")
def partner_identity(request: HttpRequest) -> HttpResponse:
    # not a remembered write: a name must not lie in the table of answers
    try:
        question = base64.urlsafe_b64decode(request.headers.get("X-Question", ""))
    except ValueError:
        raise BadInput("X-Question应为base64url编码的JSON", field="X-Question") from None
    return answer(lending.open_label(said=_said(question), now=now(), real=real_now()))


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise BadInput("请求应为签名的JSON对象")
    return said

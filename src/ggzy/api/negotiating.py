"""API of the talks of a negotiated procurement and of the last offers."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.evaluation import leaving, negotiating
from ggzy.kernel.refusals import NotFound

router = Router()


class Talk(Schema):
    """With whom the group talked, and about what."""

    bid: str
    text: str


class Change(Schema):
    """What is asked for from now on."""

    text: str


class Decision(Schema):
    """Whether the buyer confirms a change; why not, where it does not."""

    agreed: bool
    reason: str = ""


class Solutions(Schema):
    """Whose solutions a member recommends."""

    bids: list[str]


class Leaving(Schema):
    """Why a supplier leaves the talks."""

    reason: str


class Until(Schema):
    """Until when last offers are taken."""

    until: datetime


@router.post("/rounds/{round_id}/talks", tags=["磋商谈判"], summary="记录与单一供应商的磋商(谈判)")
@write
def record_talk(request: HttpRequest, round_id: str, body: Talk) -> dict[str, Any]:
    made = negotiating.record_talk(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"talk": made.public_id}


@router.post("/rounds/{round_id}/requirement-changes", tags=["磋商谈判"], summary="提出采购需求的实质性变动")
@write
def propose_change(request: HttpRequest, round_id: str, body: Change) -> dict[str, Any]:
    made = negotiating.propose_change(round_id=round_id, text=body.text, actor=who(request), now=now())
    return {"change": made.public_id}


@router.post(
    "/rounds/{round_id}/requirement-changes/withdrawal", tags=["磋商谈判"], summary="小组撤回尚未确认的变动"
)
@write
def take_back_change(request: HttpRequest, round_id: str) -> dict[str, Any]:
    made = negotiating.take_back_change(round_id=round_id, actor=who(request), now=now())
    return {"change": made.public_id, "state": made.state}


@router.get("/rounds/{round_id}/requirement-changes", tags=["磋商谈判"], summary="采购人查看小组提出的变动")
def changes(request: HttpRequest, round_id: str) -> HttpResponse:
    _, rows = negotiating.owners_changes(round_id=round_id, actor=who(request))
    return answer({"changes": [asdict(row) for row in rows]})


@router.post(
    "/requirement-changes/{change_id}/decision", tags=["磋商谈判"], summary="采购人代表确认或者不确认变动"
)
@write
def decide_change(request: HttpRequest, change_id: str, body: Decision) -> dict[str, Any]:
    made = negotiating.decide_change(change_id=change_id, **body.dict(), actor=who(request), now=now())
    return {"change": made.public_id, "state": made.state}


@router.post("/rounds/{round_id}/solutions", tags=["磋商谈判"], summary="投票推荐设计方案或者解决方案")
@write
def vote_solutions(request: HttpRequest, round_id: str, body: Solutions) -> dict[str, Any]:
    made = negotiating.vote_solutions(round_id=round_id, bids=body.bids, actor=who(request), now=now())
    return {"step": made.step}


@router.post("/rounds/{round_id}/final-offers", tags=["磋商谈判"], summary="要求全部参加者提交最后报价")
@write
def ask_final_offers(request: HttpRequest, round_id: str, body: Until) -> dict[str, Any]:
    made = negotiating.ask_final_offers(round_id=round_id, until=body.until, actor=who(request), now=now())
    return {"round": made.public_id, "until": made.bid_deadline}


@router.get(
    "/rounds/{round_id}/final-offer",
    tags=["磋商谈判"],
    summary="本单位被要求的最后报价: 轮次、截止时间、变动",
)
def own_offer(request: HttpRequest, round_id: str) -> HttpResponse:
    found = negotiating.own_offer(actor=who(request), main_id=round_id)
    if found is None:
        raise NotFound("小组没有要求您单位提交最后报价")
    return answer(asdict(found))


@router.post("/rounds/{round_id}/leave", tags=["磋商谈判"], summary="供应商在提交最后报价之前退出")
@write
def leave_talks(request: HttpRequest, round_id: str, body: Leaving) -> dict[str, Any]:
    made = leaving.leave_talks(round_id=round_id, reason=body.reason, actor=who(request), now=now())
    return {"left_at": made.left_at}

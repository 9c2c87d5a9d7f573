"""Government procurement: intent and plan before the file, the buyer's check of qualification after the opening."""

import base64
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.evaluation import qualifying
from ggzy.tendering import planning

router = Router()


class Intent(Schema):
    """What is to be bought, and the month (2026-09) in which the procurement is expected to begin."""

    needs: str
    expected: str


class Plan(Schema):
    """The filed plan; `urgent` only where no intent was published."""

    number: str
    reserved: bool = False
    not_reserved: str = ""
    urgent: str = ""


class Check(Schema):
    """results: {bid: {requirement: {passes, reason}}}; credit: {bid: {clean, source}}."""

    results: dict[str, Any]
    credit: dict[str, Any]


class Signed(Schema):
    """A signature (base64)."""

    signature: str


@router.post("/tenders/{tender_id}/intent", tags=["政府采购"], summary="公开采购意向")
@write
def publish_intent(request: HttpRequest, tender_id: str, body: Intent) -> dict[str, Any]:
    made = planning.publish_intent(tender_id=tender_id, **body.dict(), actor=who(request), now=now())
    return {"intent_at": made.intent_at}


@router.post("/tenders/{tender_id}/plan", tags=["政府采购"], summary="采购计划备案")
@write
def file_plan(request: HttpRequest, tender_id: str, body: Plan) -> dict[str, Any]:
    made = planning.file_plan(tender_id=tender_id, **body.dict(), actor=who(request), now=now())
    return {"number": made.number, "warning": planning.too_soon(made, now())}


@router.get("/rounds/{round_id}/qualification", tags=["政府采购"], summary="资格审查(采购人、代理机构、监督)")
def qualification(request: HttpRequest, round_id: str) -> HttpResponse:
    row = qualifying.qualification(round_id=round_id, actor=who(request))
    out: dict[str, Any] = {
        f: getattr(row, f) for f in ("round", "stage", "results", "credit", "unqualified", "concluded_at")
    }
    out["requirements"] = [asdict(r) for r in row.document.owners_requirements]
    out["bids"] = [{f: getattr(b, f) for f in ("bid", "bidder", "fields", "attachments")} for b in row.bids]
    return answer(out)


@router.put("/rounds/{round_id}/qualification", tags=["政府采购"], summary="暂存资格审查")
@write
def save_qualification(request: HttpRequest, round_id: str, body: Check) -> dict[str, Any]:
    made = qualifying.save_qualification(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"saved_at": made.saved_at}


@router.post(
    "/rounds/{round_id}/qualification/statement", tags=["政府采购"], summary="取得待签的资格审查结论"
)
@write
def qualification_statement(request: HttpRequest, round_id: str) -> dict[str, Any]:
    found = qualifying.qualification_to_sign(round_id=round_id, actor=who(request))
    return {"to_sign": base64.b64encode(found).decode()}


@router.post("/rounds/{round_id}/qualification/conclusion", tags=["政府采购"], summary="签名作出资格审查结论")
@write
def conclude_qualification(request: HttpRequest, round_id: str, body: Signed) -> dict[str, Any]:
    made = qualifying.conclude_qualification(
        round_id=round_id, signature=body.signature, actor=who(request), now=now()
    )
    return {"unqualified": made.unqualified, "concluded_at": made.concluded_at}

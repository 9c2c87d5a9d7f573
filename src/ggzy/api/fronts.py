"""API of the fronts: prequalification, invitation, the first of two stages."""

import base64
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.bids import SignatureIn
from ggzy.api.frame import answer, now, who, write
from ggzy.fronts import drawing, invitation, prequalification, queries, review, two_stage

router = Router()


class PrequalificationDates(Schema):
    """Until when the file is handed out, and until when applications are taken."""

    file_until: datetime
    deadline: datetime


class Text(Schema):
    """A text."""

    text: str


class Witnesses(Schema):
    """The names of two or more of the buyer's staff who watch the draw."""

    witnesses: list[str]


class ReviewSheet(Schema):
    """{package: {requirement: {passes, reason}}}, and {package: {criterion: points}} where the number is limited."""

    results: dict[str, Any]
    scores: dict[str, Any] = {}


class ReviewSignatureIn(SignatureIn):
    """A signature on the report, and a dissent if there is one."""

    dissent: str = ""


class Ground(Schema):
    """The ground of an invitation (条例8) and its facts."""

    ground: str
    reason: str


class Finding(Schema):
    """What the authority finds on the ground, with its document."""

    approved: bool
    opinion: str
    document_number: str


class Invitees(Schema):
    """Whom to invite, by USCC."""

    invitees: list[str]


class ReplyBy(Schema):
    """When the answers are due."""

    reply_by: datetime


class Accept(Schema):
    """Yes or no to an invitation."""

    accept: bool


class FirstStage(Schema):
    """The need, and until when proposals are taken."""

    need: str
    deadline: datetime


def _stages(rounds: list[Any]) -> dict[str, Any]:
    return {
        "rounds": [{"round": r.public_id, "stage": r.stage, "bid_deadline": r.bid_deadline} for r in rounds]
    }


@router.get("/tenders/{tender_id}/fronts", tags=["前段"], summary="本项目各标段的资格预审、邀请或第一阶段")
def fronts(request: HttpRequest, tender_id: str) -> HttpResponse:
    rows = queries.owner_fronts(tender_id=tender_id, actor=who(request))
    return answer({"fronts": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in rows]})


@router.post("/tenders/{tender_id}/prequalification", tags=["资格预审"], summary="发布资格预审公告")
@write
def publish_prequalification(
    request: HttpRequest, tender_id: str, body: PrequalificationDates
) -> dict[str, Any]:
    made = prequalification.publish_prequalification(
        tender_id=tender_id, **body.dict(), actor=who(request), now=now()
    )
    return _stages(made)


@router.post(
    "/rounds/{round_id}/prequalification-objections", tags=["资格预审"], summary="对资格预审文件提出异议"
)
@write
def object_to_prequalification(request: HttpRequest, round_id: str, body: Text) -> dict[str, Any]:
    made = prequalification.object_to_prequalification(
        round_id=round_id, text=body.text, actor=who(request), now=now()
    )
    return {"objection": made.public_id, "late": made.late, "answer_due_at": made.answer_due_at}


@router.post(
    "/prequalification-objections/{objection_id}/answer",
    tags=["资格预审"],
    summary="答复对资格预审文件的异议",
)
@write
def answer_objection(request: HttpRequest, objection_id: str, body: Text) -> dict[str, Any]:
    made = prequalification.answer_objection(
        objection_id=objection_id, answer=body.text, actor=who(request), now=now()
    )
    return {"objection": made.public_id, "answered_at": made.answered_at}


@router.post(
    "/tenders/{tender_id}/prequalification/results", tags=["资格预审"], summary="发出结果通知书和投标邀请书"
)
@write
def send_results(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    return _stages(prequalification.send_results(tender_id=tender_id, actor=who(request), now=now()))


@router.post(
    "/tenders/{tender_id}/prequalification/drawing",
    tags=["资格预审"],
    summary="随机抽取受邀人(政府采购邀请招标)",
)
@write
def draw_invitees(request: HttpRequest, tender_id: str, body: Witnesses) -> dict[str, Any]:
    made = drawing.draw_invitees(tender_id=tender_id, **body.dict(), actor=who(request), now=now())
    return {"drawn": [{"round": d.round.public_id, "drawn_at": d.drawn_at} for d in made]}


@router.post("/draws/{draw_id}/review-committee", tags=["资格预审"], summary="组建资格审查委员会")
@write
def seat(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    made = review.seat_review_committee(draw_id=draw_id, actor=who(request), now=now())
    return {"rounds": [r.round.public_id for r in made]}


@router.get("/rounds/{round_id}/review-desk", tags=["资格预审"], summary="审查委员会成员的审查桌面")
def desk(request: HttpRequest, round_id: str) -> HttpResponse:
    row = queries.review_desk(round_id=round_id, actor=who(request))
    out = {f: getattr(row, f) for f in row.__dataclass_fields__ if f not in {"packages", "part"}}
    part = row.part
    out["method"], out["limit"] = part.method, part.limit
    out["requirements"] = [{"key": r.key, "text": r.text} for r in part.requirements]
    out["criteria"] = [{"key": c.key, "title": c.title, "weight": c.weight} for c in part.criteria]
    out["packages"] = [
        {f: getattr(p, f) for f in ("package", "sender", "uscc", "fields", "attachments")}
        for p in row.packages
    ]
    return answer(out)


@router.post("/rounds/{round_id}/review-sheet", tags=["资格预审"], summary="提交资格审查表")
@write
def hand_in(request: HttpRequest, round_id: str, body: ReviewSheet) -> dict[str, Any]:
    made = review.hand_in_review(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"step": made.step}


@router.get("/rounds/{round_id}/review-to-sign", tags=["资格预审"], summary="资格审查报告的待签内容")
def to_sign(request: HttpRequest, round_id: str) -> HttpResponse:
    data = queries.review_to_sign(round_id=round_id, actor=who(request))
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.post("/rounds/{round_id}/review-signature", tags=["资格预审"], summary="签署资格审查报告")
@write
def sign(request: HttpRequest, round_id: str, body: ReviewSignatureIn) -> dict[str, Any]:
    made = review.sign_review(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"step": made.step}


@router.get("/rounds/{round_id}/review-report", tags=["资格预审"], summary="资格审查报告")
def report(request: HttpRequest, round_id: str) -> HttpResponse:
    return answer({"report": queries.review_report(round_id=round_id, actor=who(request))})


@router.get("/rounds/{round_id}/own-part", tags=["前段"], summary="本单位在资格预审或第一阶段中的情况")
def own_part(request: HttpRequest, round_id: str) -> HttpResponse:
    row = queries.own_part(round_id=round_id, actor=who(request))
    package = row.package
    return answer(
        {
            "package": {f: getattr(package, f) for f in package.__dataclass_fields__} if package else None,
            "passed": row.passed,
            "reasons": row.reasons,
            "sent_at": row.sent_at,
            "label": row.label,
            "salt": row.salt,
        }
    )


@router.post("/tenders/{tender_id}/invitation/ground", tags=["邀请招标"], summary="提出邀请招标的理由")
@write
def state_reason(request: HttpRequest, tender_id: str, body: Ground) -> dict[str, Any]:
    made = invitation.state_reason(tender_id=tender_id, **body.dict(), actor=who(request), now=now())
    return {"stated_at": made[0].stated_at}


@router.post("/tenders/{tender_id}/invitation/finding", tags=["邀请招标"], summary="认定邀请招标的理由")
@write
def decide_reason(request: HttpRequest, tender_id: str, body: Finding) -> dict[str, Any]:
    made = invitation.decide_reason(tender_id=tender_id, **body.dict(), actor=who(request), now=now())
    return {"approved": made[0].approved, "found_at": made[0].found_at}


@router.post("/tenders/{tender_id}/invitation/invitees", tags=["邀请招标"], summary="确定邀请名单(保密)")
@write
def list_invitees(request: HttpRequest, tender_id: str, body: Invitees) -> dict[str, Any]:
    made = invitation.list_invitees(
        tender_id=tender_id, invitees=body.invitees, actor=who(request), now=now()
    )
    return {"invitees": sorted({i.invitee.uscc for i in made})}


@router.post("/tenders/{tender_id}/invitation/letters", tags=["邀请招标"], summary="发出投标邀请书")
@write
def send_invitations(request: HttpRequest, tender_id: str, body: ReplyBy) -> dict[str, Any]:
    invitation.send_invitations(tender_id=tender_id, reply_by=body.reply_by, actor=who(request), now=now())
    return {"reply_by": body.reply_by}


@router.get("/invitations", tags=["邀请招标"], summary="本单位收到的投标邀请书")
def invitations(request: HttpRequest) -> HttpResponse:
    rows = queries.own_invitations(who(request))
    return answer({"invitations": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in rows]})


@router.post("/invitations/{invitation_id}/answer", tags=["邀请招标"], summary="回复投标邀请书")
@write
def answer_invitation(request: HttpRequest, invitation_id: str, body: Accept) -> dict[str, Any]:
    made = invitation.answer_invitation(
        invitation_id=invitation_id, accept=body.accept, actor=who(request), now=now()
    )
    return {"state": made.state, "answered_at": made.answered_at}


@router.post("/tenders/{tender_id}/first-stage", tags=["两阶段招标"], summary="发布第一阶段公告")
@write
def publish_first_stage(request: HttpRequest, tender_id: str, body: FirstStage) -> dict[str, Any]:
    made = two_stage.publish_first_stage(tender_id=tender_id, **body.dict(), actor=who(request), now=now())
    return _stages(made)


@router.get("/rounds/{round_id}/proposals", tags=["两阶段招标"], summary="招标人查阅技术建议(不显示单位)")
def proposals(request: HttpRequest, round_id: str) -> HttpResponse:
    rows = queries.proposals(round_id=round_id, actor=who(request))
    return answer({"proposals": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in rows]})

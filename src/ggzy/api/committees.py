"""API of a committee's meeting: how and where it sits, oath and seat, discussion, interruptions, clarification."""

import base64
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.bids import SignatureIn
from ggzy.api.frame import answer, now, who, write
from ggzy.committees import actions as committees
from ggzy.committees import clarifying
from ggzy.committees import queries as meetings
from ggzy.committees import sites as places
from ggzy.kernel.canonical import canonical

router = Router()


class SubSite(Schema):
    """Another centre and how many members shall sit there."""

    centre: str
    members: int


class PlanIn(Schema):
    """How a committee meets."""

    form: str = "room"
    hall: str = ""
    seats: int
    columns: int = 0
    sub_sites: list[SubSite] = []
    starts_at: datetime | None = None


class SiteIn(Schema):
    """Seats for another centre's meeting, or why not."""

    accept: bool
    hall: str = ""
    seats: int = 0
    columns: int = 0
    reason: str = ""


class Checks(Schema):
    """What works at a site, of computer, network, microphone, loudspeaker, camera."""

    checks: list[str]


class SeatIn(SignatureIn):
    """The signed 承诺书, and the site a member is at (where there are several)."""

    site: str = ""


class MessageIn(Schema):
    """A message to the other members."""

    text: str
    round: str = ""


class Reason(Schema):
    """Why."""

    reason: str = ""


class MarkIn(Schema):
    """A member lost or back."""

    code: str
    lost: bool
    reason: str = ""


class QuestionIn(Schema):
    """A question to the bidder of one bid, answered within some minutes."""

    bid: str
    ground: str
    text: str
    minutes: int


class AnswerIn(SignatureIn):
    """A signed answer."""

    text: str


def _site(made: Any) -> dict[str, Any]:
    return {"site": made.public_id, "state": made.state}


@router.post("/draws/{draw_id}/meeting", tags=["评标会"], summary="确定评标方式和场地, 申请副场席位")
@write
def plan(request: HttpRequest, draw_id: str, body: PlanIn) -> dict[str, Any]:
    given = body.dict() | {"sub_sites": [(s.centre, s.members) for s in body.sub_sites]}
    places.plan_meeting(draw_id=draw_id, **given, actor=who(request), now=now())
    return asdict(meetings.plan_of(draw_id, viewer=who(request)))


@router.get("/draws/{draw_id}/meeting", tags=["评标会"], summary="评委看到的评标会: 代号、席位、讨论")
def meeting(request: HttpRequest, draw_id: str) -> HttpResponse:
    row = meetings.meeting_of(draw_id, actor=who(request))
    return answer(asdict(row) if row else {})


@router.get("/draws/{draw_id}/oath", tags=["评标会"], summary="待签的承诺书")
def oath(request: HttpRequest, draw_id: str) -> HttpResponse:
    data = meetings.oath_to_sign(draw_id, actor=who(request))
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.post("/draws/{draw_id}/seat", tags=["评标会"], summary="签署承诺书并抽取席位")
@write
def seat(request: HttpRequest, draw_id: str, body: SeatIn) -> dict[str, Any]:
    made = committees.take_seat(
        draw_id=draw_id, signature=body.signature, site_id=body.site, actor=who(request), now=now()
    )
    return {"seat": made.number, "hall": made.site.hall}


@router.post("/draws/{draw_id}/messages", tags=["评标会"], summary="书面讨论")
@write
def message(request: HttpRequest, draw_id: str, body: MessageIn) -> dict[str, Any]:
    made = committees.send_message(
        draw_id=draw_id, round_id=body.round, text=body.text, actor=who(request), now=now()
    )
    return {"sent_at": made.sent_at}


@router.post("/draws/{draw_id}/break", tags=["评标会"], summary="暂时离席")
@write
def take_break(request: HttpRequest, draw_id: str, body: Reason) -> dict[str, Any]:
    committees.take_break(draw_id=draw_id, reason=body.reason, actor=who(request), now=now())
    return {"away": True}


@router.post("/draws/{draw_id}/back", tags=["评标会"], summary="回到席位")
@write
def back(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    committees.come_back(draw_id=draw_id, actor=who(request), now=now())
    return {"away": False}


@router.post("/draws/{draw_id}/members", tags=["评标会"], summary="登记评委离席或恢复")
@write
def mark(request: HttpRequest, draw_id: str, body: MarkIn) -> dict[str, Any]:
    committees.mark_member(draw_id=draw_id, **body.dict(), actor=who(request), now=now())
    return {"lost": body.lost}


@router.post("/draws/{draw_id}/pause", tags=["评标会"], summary="中止评标")
@write
def pause(request: HttpRequest, draw_id: str, body: Reason) -> dict[str, Any]:
    made = committees.pause(draw_id=draw_id, reason=body.reason, actor=who(request), now=now())
    return {"paused_at": made.paused_at}


@router.post("/draws/{draw_id}/resume", tags=["评标会"], summary="恢复评标")
@write
def resume(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    committees.resume(draw_id=draw_id, actor=who(request), now=now())
    return {"paused_at": None}


@router.get("/sites", tags=["评标会"], summary="本中心的评标场地和席位申请")
def sites(request: HttpRequest) -> HttpResponse:
    return answer({"sites": [asdict(s) for s in meetings.sites_of_staff(actor=who(request))]})


@router.post("/sites/{site_id}/answer", tags=["评标会"], summary="答复副场席位申请")
@write
def answer_site(request: HttpRequest, site_id: str, body: SiteIn) -> dict[str, Any]:
    return _site(places.answer_site(site_id=site_id, **body.dict(), actor=who(request), now=now()))


@router.post("/sites/{site_id}/checks", tags=["评标会"], summary="登记场地设备自检")
@write
def check_site(request: HttpRequest, site_id: str, body: Checks) -> dict[str, Any]:
    return _site(places.check_site(site_id=site_id, checks=body.checks, actor=who(request), now=now()))


@router.post("/sites/{site_id}/cut-off", tags=["评标会"], summary="登记场地中断")
@write
def cut_off(request: HttpRequest, site_id: str, body: Reason) -> dict[str, Any]:
    return _site(places.cut_off(site_id=site_id, reason=body.reason, actor=who(request), now=now()))


@router.post("/sites/{site_id}/reconnect", tags=["评标会"], summary="登记场地恢复")
@write
def reconnect(request: HttpRequest, site_id: str) -> dict[str, Any]:
    return _site(places.reconnect(site_id=site_id, actor=who(request), now=now()))


@router.post("/rounds/{round_id}/clarifications", tags=["评标会"], summary="要求投标人澄清(组长)")
@write
def ask_bidder(request: HttpRequest, round_id: str, body: QuestionIn) -> dict[str, Any]:
    made = clarifying.ask_bidder(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"clarification": made.public_id, "due_at": made.due_at}


@router.get("/clarifications", tags=["评标会"], summary="给本单位的澄清要求")
def clarifications(request: HttpRequest) -> HttpResponse:
    rows = meetings.clarifications_to(actor=who(request))
    return answer({"clarifications": [asdict(row) | {"lot": lot} for row, lot in rows]})


class AnswerText(Schema):
    """The text that will be signed."""

    text: str


@router.post("/clarifications/{clarification_id}/to-sign", tags=["评标会"], summary="澄清答复的待签内容")
@write
def answer_to_sign(request: HttpRequest, clarification_id: str, body: AnswerText) -> dict[str, Any]:
    row = clarifying.own_clarification(clarification_id, actor=who(request))
    data = canonical(clarifying.answer_document(row, body.text.strip()))
    return {"to_sign": base64.b64encode(data).decode()}


@router.post("/clarifications/{clarification_id}", tags=["评标会"], summary="签名答复澄清")
@write
def answer_clarification(request: HttpRequest, clarification_id: str, body: AnswerIn) -> dict[str, Any]:
    made = clarifying.answer(clarification_id=clarification_id, **body.dict(), actor=who(request), now=now())
    return {"state": made.state}

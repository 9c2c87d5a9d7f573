"""The committee's meeting on pages: how it sits, oath and seat, discussion, interruptions, sites, clarification."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.committees import actions as committees
from ggzy.committees import clarifying, rules
from ggzy.committees import queries as meetings
from ggzy.committees import sites as places
from ggzy.evaluation import actions as evaluation
from ggzy.evaluation import queries as evaluations
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here, signing
from ggzy.venues.queries import rooms

_PLAN, _SITES = "work/meeting.html", "work/sites.html"
_ASKED, _ANSWER = "work/clarifications.html", "work/clarification.html"
_DRAW = "work/draws/<str:draw_id>"
_SITE = "work/sites/<str:site_id>"


def todos(actor: Actor) -> list[Todo]:
    """Return what committees ask of a bidder, and what waits for the staff of a site."""
    if may(actor, P.CLARIFY) and actor.certificate:
        return [
            Todo(
                what="答复评标委员会的澄清要求",
                where=lot,
                href=f"/work/clarifications/{row.clarification}",
                label="答复",
                due=row.due_at,
                clause="《招标投标法实施条例》第五十二条",
                urgent=True,
            )
            for row, lot in meetings.clarifications_to(actor=actor)
            if row.state == "asked"
        ]
    if not may(actor, P.SITE_ANSWER):
        return []
    said = {"asked": "答复副场席位申请", "booked": "登记设备自检", "cut_off": "恢复评标场地"}
    return [
        Todo(
            what=said[row.state],
            where=f"{row.role} {row.hall or row.centre}",
            href=f"/work/sites#site-{row.site}",
            label="办理",
            due=row.starts_at,
            urgent=row.state == "cut_off",
        )
        for row in meetings.sites_of_staff(actor=actor)
        if row.state in said
    ]


def partner_bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return the sites of another centre that shares its seats."""
    return {"bench": "partner", "todos": [], "sites": meetings.sites_of_staff(actor=actor)}


def _plan_page(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    actor = who(request)
    return {
        "plan": meetings.plan_of(draw_id, viewer=actor),
        "forms": rules.FORMS,
        "rooms": [r for r in rooms() if r.kind == "evaluation"],
        "partners": meetings.partner_centres(),
        "states": meetings.STATES,
        "may_plan": may(actor, P.MEETING_PLAN),
        "may_keep": may(actor, P.MEETING_KEEP),
        "unsigned": evaluations.unsigned_of(draw_id) if may(actor, P.MEETING_KEEP) else [],
        "given": {},
    }


def _number(request: HttpRequest, name: str, says: str) -> int:
    try:
        return int(text(request, name) or "0")
    except ValueError:
        raise BadInput(f"{says}应为整数", field=name) from None


def _at(request: HttpRequest) -> datetime | None:
    given = text(request, "starts_at")
    try:
        return datetime.fromisoformat(given).replace(tzinfo=BEIJING) if given else None
    except ValueError:
        raise BadInput("请按“年-月-日 时:分”填写开始时间", field="starts_at") from None


def plan(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show how a committee meets; take a new plan."""
    page = _plan_page(request, draw_id)
    if request.method != "POST":
        return show(request, _PLAN, page)
    given = {name: text(request, name) for name in ("form", "room", "starts_at")}
    partners = list(
        zip(request.POST.getlist("partner"), request.POST.getlist("partner_members"), strict=False)
    )
    try:
        chosen = next((r for r in page["rooms"] if r.name == given["room"]), None)
        if chosen is None:
            raise BadInput("请选择本中心的评标室", field="room")
        places.plan_meeting(
            draw_id=draw_id,
            form=given["form"],
            hall=chosen.name,
            seats=chosen.seats,
            columns=chosen.columns,
            sub_sites=[(uscc, int(n)) for uscc, n in partners if uscc and n.isdigit()],
            starts_at=_at(request),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _PLAN, page, refusal, given=given)
    return done(f"/work/draws/{draw_id}/meeting", "评标方式和场地已确定")


def keep(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Pause, resume, or write down who left (staff of the centre)."""
    actor, what, reason = who(request), text(request, "act"), text(request, "reason")
    at = f"/work/draws/{draw_id}/meeting"
    try:
        if what == "pause":
            committees.pause(draw_id=draw_id, reason=reason, actor=actor, now=now())
            return done(at, "评标已中止, 已提交的内容均已保存")
        if what == "resume":
            committees.resume(draw_id=draw_id, actor=actor, now=now())
            return done(at, "评标已恢复")
        if what == "deem":
            round_id, code = text(request, "round"), text(request, "code")
            evaluation.deem_agreed(round_id=round_id, code=code, reason=reason, actor=actor, now=now())
            return done(at, "已登记, 视为同意评标结论")
        committees.mark_member(
            draw_id=draw_id,
            code=text(request, "code"),
            lost=what == "lost",
            reason=reason,
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        page = _plan_page(request, draw_id)
        return refused_here(request, _PLAN, page, refusal, given={"reason": reason})
    return done(at, "已登记")


def oath_bytes(request: HttpRequest, draw_id: str) -> bytes:
    """Return the 承诺书 to sign."""
    return meetings.oath_to_sign(draw_id, actor=who(request))


def take_seat(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Take the signed 承诺书 and draw a seat."""
    made = committees.take_seat(
        draw_id=draw_id,
        signature=text(request, "signature"),
        site_id=text(request, "site"),
        actor=who(request),
        now=now(),
    )
    return done(f"/work/draws/{draw_id}/check-in", f"承诺书已签署, 您的席位是{made.number}号")


def elect(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Take a vote for the leader."""
    leader = evaluation.elect_leader(
        draw_id=draw_id, choice=text(request, "choice"), actor=who(request), now=now()
    )
    return done(_back(request, draw_id), f"组长推选产生: {leader}" if leader else "已投票")


def _back(request: HttpRequest, draw_id: str) -> str:
    """Return the desk from which a form was sent."""
    round_id = text(request, "round")
    return f"/work/rounds/{round_id}/desk" if round_id.isalnum() else f"/work/draws/{draw_id}/check-in"


def message(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Take a message to the other members."""
    committees.send_message(
        draw_id=draw_id,
        round_id=text(request, "round"),
        text=text(request, "text"),
        actor=who(request),
        now=now(),
    )
    return done(f"{_back(request, draw_id)}#talk", "已发送")


def away(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Take a break, or come back."""
    if text(request, "act") == "back":
        committees.come_back(draw_id=draw_id, actor=who(request), now=now())
        return done(_back(request, draw_id), "欢迎回来")
    committees.take_break(draw_id=draw_id, reason=text(request, "reason"), actor=who(request), now=now())
    return done(_back(request, draw_id), "已登记休息, 回来后请点“我回来了”")


def ask(request: HttpRequest, round_id: str) -> HttpResponse:
    """Send a question of the committee to a bidder."""
    clarifying.ask_bidder(
        round_id=round_id,
        bid=text(request, "bid"),
        ground=text(request, "ground"),
        text=text(request, "text"),
        minutes=_number(request, "minutes", "答复时间"),
        actor=who(request),
        now=now(),
    )
    return done(f"/work/rounds/{round_id}/desk#ask", "澄清要求已发出")


def _sites_page(request: HttpRequest) -> dict[str, Any]:
    actor = who(request)
    return {
        "sites": meetings.sites_of_staff(actor=actor),
        "states": meetings.STATES,
        "checks": rules.CHECKS,
        "own": actor.role is Role.CENTRE,
        "given": {},
    }


def sites(request: HttpRequest) -> HttpResponse:
    """Show the sites that the actor's centre keeps."""
    return show(request, _SITES, _sites_page(request))


def answer_site(request: HttpRequest, site_id: str) -> HttpResponse:
    """Answer a request for seats."""
    given = {name: text(request, name) for name in ("hall", "seats", "columns", "reason")}
    accept = text(request, "accept") == "yes"
    try:
        places.answer_site(
            site_id=site_id,
            accept=accept,
            hall=given["hall"],
            seats=_number(request, "seats", "席位数"),
            columns=_number(request, "columns", "每排席位数"),
            reason=given["reason"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _SITES, _sites_page(request) | {"at": site_id}, refusal, given=given)
    return done("/work/sites", "已同意, 席位已预留" if accept else "已答复不能安排")


def keep_site(request: HttpRequest, site_id: str) -> HttpResponse:
    """Write down checks, an interruption or its end."""
    what, actor = text(request, "act"), who(request)
    given = {"reason": text(request, "reason")}
    try:
        if what == "checks":
            checks = request.POST.getlist("checks")
            made = places.check_site(site_id=site_id, checks=checks, actor=actor, now=now())
            ready = made.state == "ready"
            return done(
                "/work/sites", "自检通过, 可以入座" if ready else "自检未全部通过, 请更换设备或席位后重新登记"
            )
        if what == "cut_off":
            places.cut_off(site_id=site_id, reason=given["reason"], actor=actor, now=now())
            return done("/work/sites", "已登记中断, 该场地评委暂停办理")
        places.reconnect(site_id=site_id, actor=actor, now=now())
    except Refusal as refusal:
        return refused_here(request, _SITES, _sites_page(request) | {"at": site_id}, refusal, given=given)
    return done("/work/sites", "场地已恢复")


def clarifications(request: HttpRequest) -> HttpResponse:
    """Show a bidder what committees have asked it."""
    return show(request, _ASKED, {"rows": meetings.clarifications_to(actor=who(request))})


def answer_bytes(request: HttpRequest, clarification_id: str) -> bytes:
    """Return the answer to sign, with the text as it is typed."""
    row = clarifying.own_clarification(clarification_id, actor=who(request))
    return canonical(clarifying.answer_document(row, request.GET.get("text", "").strip()))


def clarification(request: HttpRequest, clarification_id: str) -> HttpResponse:
    """Show one question; take the signed answer."""
    row, lot = meetings.clarification(clarification_id, actor=who(request))
    page = {
        "row": row,
        "lot": lot,
        "grounds": rules.GROUNDS,
        "most": clarifying.MOST_ANSWER,
        "now": now(),
        "given": {},
    }
    if request.method != "POST":
        return show(request, _ANSWER, page)
    given = {"text": text(request, "text").replace("\r\n", "\n")}
    try:
        clarifying.answer(
            clarification_id=clarification_id,
            text=given["text"],
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _ANSWER, page, refusal, given=given)
    return done(f"/work/clarifications/{clarification_id}", "答复已签名送达评标委员会")


urlpatterns = [
    route(f"{_DRAW}/meeting", plan, name="work-meeting", permission=P.MEETING_READ),
    route(f"{_DRAW}/meeting/keep", only_posted(keep), name="work-meeting-keep", permission=P.MEETING_KEEP),
    route(f"{_DRAW}/oath/to-sign", signing(oath_bytes), name="oath-to-sign", permission=P.EVALUATE),
    route(f"{_DRAW}/oath", only_posted(take_seat), name="work-take-seat", permission=P.EVALUATE),
    route(f"{_DRAW}/leader", only_posted(elect), name="work-leader", permission=P.EVALUATE),
    route(f"{_DRAW}/messages", only_posted(message), name="work-message", permission=P.EVALUATE),
    route(f"{_DRAW}/away", only_posted(away), name="work-away", permission=P.EVALUATE),
    route(
        "work/rounds/<str:round_id>/clarifications",
        only_posted(ask),
        name="work-ask-bidder",
        permission=P.EVALUATE,
    ),
    route("work/sites", sites, name="work-sites", permission=P.SITE_ANSWER),
    route(f"{_SITE}/answer", only_posted(answer_site), name="work-site-answer", permission=P.SITE_ANSWER),
    route(f"{_SITE}/keep", only_posted(keep_site), name="work-site-keep", permission=P.SITE_ANSWER),
    route("work/clarifications", clarifications, name="work-clarifications", permission=P.CLARIFY),
    route(
        "work/clarifications/<str:clarification_id>/to-sign",
        signing(answer_bytes),
        name="clarification-to-sign",
        permission=P.CLARIFY,
    ),
    route(
        "work/clarifications/<str:clarification_id>",
        clarification,
        name="work-clarification",
        permission=P.CLARIFY,
    ),
]

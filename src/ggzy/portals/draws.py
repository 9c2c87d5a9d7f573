"""Pages of the draw of experts: the owner side's request, attendance at the centre, oversight, declared relations."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ggzy.experts import actions as experts
from ggzy.experts import attending, desks, rules, seeding, widening
from ggzy.experts import queries as draws
from ggzy.experts.models import Draw, Tie
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import only_posted, refused_here

#: lines of quotas on the form of a request
LINES = 6
_FLAGS = ("not_again", "one_per_unit")
_NUMBERS = ("recent_most", "recent_days", "most_ahead")


def request_draw(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show the conditions of a draw with what follows from the tender file; say enough or not; freeze the list."""
    actor = who(request)
    page: dict[str, Any] = {"tender": tender_id, "least": settings.DRAW_LEAST_POOL}
    page |= draws.other_pools(tender_id, now=now())
    try:
        # posted empty: the draw as the tender file says, from the button of the tender's page
        wish = _wish(request) if request.method == "POST" else experts.Wish()
        if request.method == "POST" and text(request, "act") != "check":
            made = experts.request_draw(tender_id=tender_id, actor=actor, now=now(), wish=wish)
            if made.state == Draw.GATHERING:
                return done(f"/work/draws/{made.public_id}/committee", "已请其他专家库冻结名单")
            return done(f"/work/draws/{made.public_id}/seed", "名单已冻结, 请提交本方的随机种子")
        ground = experts.ground_of(tender_id, wish, actor=actor)
        each, good = draws.enough_for(tender_id, wish, actor=actor, now=now())
    except Refusal as refusal:
        if request.method != "POST":
            raise
        usual = experts.ground_of(tender_id, experts.Wish(), actor=actor)
        page |= {"ground": usual, "lines": _posted_lines(request)}
        return refused_here(request, "work/draw_request.html", page, refusal, given=_posted(request))
    page |= {
        "ground": ground,
        "enough": good,
        "each": each if request.method == "POST" or good is False else [],
        "explained": ground.conditions.explained(),
        "lines": _posted_lines(request) if request.method == "POST" else _lines(ground.quotas),
        "given": _posted(request) if request.method == "POST" else _usual(ground),
    }
    return show(request, "work/draw_request.html", page)


def _lines(quotas: tuple[rules.Quota, ...]) -> list[dict[str, str]]:
    rows = [{"specialty": q.specialty, "count": str(q.count), "regions": " ".join(q.regions)} for q in quotas]
    return rows + [{"specialty": "", "count": "", "regions": ""}] * (LINES - len(rows))


def _posted_lines(request: HttpRequest) -> list[dict[str, str]]:
    names = ("specialty", "count", "regions")
    columns = {name: [v.strip() for v in request.POST.getlist(name)] for name in names}
    return [
        {name: columns[name][n] if n < len(columns[name]) else "" for name in names} for n in range(LINES)
    ]


def _posted(request: HttpRequest) -> dict[str, Any]:
    given: dict[str, Any] = {n: text(request, n) for n in (*_NUMBERS, *_FLAGS, "session_from", "session_to")}
    return given | {"partners": request.POST.getlist("partners")}


def _usual(ground: experts.Ground) -> dict[str, Any]:
    given: dict[str, Any] = {n: getattr(ground.conditions, n) or "" for n in (*_NUMBERS, *_FLAGS)}
    for name in ("session_from", "session_to"):
        moment = getattr(ground, name)
        # the end alone says that the session is known; a beginning without one is the deadline
        given[name] = f"{moment.astimezone(BEIJING):%Y-%m-%dT%H:%M}" if moment and ground.session_to else ""
    return given


def _wish(request: HttpRequest) -> experts.Wish:
    """Return what was asked for; nothing at all is the draw as the tender file says."""
    if "specialty" not in request.POST:
        return experts.Wish()
    quotas = [
        rules.quota_of(line | {"regions": line["regions"].replace(",", " ").split()})
        for line in _posted_lines(request)
        if any(line.values())
    ]
    given = _posted(request)
    return experts.Wish(
        quotas=tuple(quotas),
        conditions=rules.conditions_of(given),
        session_from=_moment(given["session_from"], "session_from"),
        session_to=_moment(given["session_to"], "session_to"),
        partners=tuple(given["partners"]),
    )


def _moment(given: str, field: str) -> datetime | None:
    if not given:
        return None
    try:
        return datetime.fromisoformat(given).replace(tzinfo=BEIJING)
    except ValueError:
        raise BadInput("请选择日期和时间", field=field) from None


def committee(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show the owner side what a draw waits for: a wider pool, or a member who cannot go on."""
    return show(request, "work/draw_owner.html", owner_page(request, draw_id))


def owner_page(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    """Return what the owner side sees of a draw."""
    return {
        "draw": draws.draw_row(draw_id),
        "given": {},
        **desks.own_committee(draw_id, actor=who(request)),
    }


def propose_widening(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Propose a wider pool."""
    page = owner_page(request, draw_id)
    wider = {
        str(n): {
            "specialty": text(request, f"specialty_{n}"),
            "regions": text(request, f"regions_{n}").split(),
        }
        for n in range(len(page["draw"].quotas))
        if text(request, f"specialty_{n}")
    }
    given = {"reason": text(request, "reason")}
    try:
        widening.propose_widening(
            draw_id=draw_id, wider=wider, reason=given["reason"], actor=who(request), now=now()
        )
    except Refusal as refusal:
        return refused_here(request, "work/draw_owner.html", page, refusal, given=given)
    return done(f"/work/draws/{draw_id}/committee", "已提出, 由监督部门确认")


def propose_replacement(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Propose to replace a member."""
    given = {"code": text(request, "code"), "why": text(request, "why")}
    try:
        attending.propose_replacement(
            draw_id=draw_id, code=given["code"], reason=given["why"], actor=who(request), now=now()
        )
    except Refusal as refusal:
        page = owner_page(request, draw_id)
        return refused_here(request, "work/draw_owner.html", page, refusal, given=given, field="why")
    return done(f"/work/draws/{draw_id}/committee", "已提出, 由中心确认后递补")


def attendance(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show the centre who has not come, by label, and take absences and replacements."""
    page = {"draw": draws.draw_row(draw_id), "now": now(), **desks.attendance(draw_id, actor=who(request))}
    return show(request, "work/draw_attendance.html", page)


def mark_absent(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Note an absence."""
    actor, given = who(request), {"reason": text(request, "reason"), "label": text(request, "label")}
    try:
        attending.mark_absent(draw_id=draw_id, **given, actor=actor, now=now())
    except Refusal as refusal:
        page = {"draw": draws.draw_row(draw_id), "now": now(), **desks.attendance(draw_id, actor=actor)}
        return refused_here(request, "work/draw_attendance.html", page, refusal, given=given, field="reason")
    return done(f"/work/draws/{draw_id}/attendance", "已登记缺席, 下一名专家已经通知")


def decide_replacement(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Confirm or decline a replacement."""
    confirm = text(request, "confirm") == "yes"
    attending.decide_replacement(
        replacement_id=text(request, "replacement"), confirm=confirm, actor=who(request), now=now()
    )
    says = "已确认更换, 下一名专家已经通知" if confirm else "已不同意更换"
    return done(f"/work/draws/{draw_id}/attendance", says)


def oversight(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show the supervisor a draw with what waits for a decision."""
    return show(request, "work/draw_oversight.html", {"draw": draws.draw_row(draw_id), "given": {}})


def decide_widening(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Approve or decline a wider pool."""
    given = {"opinion": text(request, "opinion")}
    approve = text(request, "approve") == "yes"
    try:
        widening.decide_widening(
            widening_id=text(request, "widening"),
            approve=approve,
            opinion=given["opinion"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page = {"draw": draws.draw_row(draw_id)}
        return refused_here(request, "work/draw_oversight.html", page, refusal, given=given, field="opinion")
    says = "已确认, 第二份名单已冻结, 请三方提交新的种子" if approve else "已不同意, 招标人可以另行提出"
    return done(f"/work/draws/{draw_id}/oversight", says)


def renew_seeds(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Order new seeds after a party did not reveal."""
    given = {"reason": text(request, "reason")}
    try:
        seeding.renew_seeds(draw_id=draw_id, reason=given["reason"], actor=who(request), now=now())
    except Refusal as refusal:
        page = {"draw": draws.draw_row(draw_id)}
        return refused_here(request, "work/draw_oversight.html", page, refusal, given=given, field="reason")
    return done(f"/work/draws/{draw_id}/oversight", "已重新开始, 请三方提交新的种子")


def names(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Open labels to the supervisor; that they were opened is in the log."""
    page = {"draw": draws.draw_row(draw_id), "given": {}}
    page["names"] = desks.open_names(draw_id=draw_id, actor=who(request), now=now())
    return show(request, "work/draw_oversight.html", page)


def ties(request: HttpRequest) -> HttpResponse:
    """Show an expert's declared relations and take another."""
    actor = who(request)
    page = {"ties": desks.ties_of(actor), "kinds": TIE_KINDS, "given": {}}
    if request.method != "POST":
        return show(request, "work/ties.html", page)
    given = {n: text(request, n) for n in ("kind", "uscc", "name", "until")}
    try:
        attending.declare_tie(**given, actor=actor, now=now())
    except Refusal as refusal:
        return refused_here(request, "work/ties.html", page, refusal, given=given)
    return done("/work/ties", "已申报, 签到时自动比对")


TIE_KINDS = {Tie.EMPLOYER: "本人曾任职的单位", Tie.RELATIVE: "近亲属任职或有利益关系的单位"}


def drop_tie(request: HttpRequest, tie_id: str) -> HttpResponse:
    """End a declared relation."""
    attending.drop_tie(tie_id=tie_id, actor=who(request), now=now())
    return done("/work/ties", "已终止这条申报")


_DRAW = "work/draws/<str:draw_id>"
urlpatterns = [
    route("work/tenders/<str:tender_id>/draw", request_draw, name="work-draw", permission=P.DRAW_REQUEST),
    route(f"{_DRAW}/committee", committee, name="work-draw-owner", permission=P.DRAW_REQUEST),
    *(
        route(f"{_DRAW}/{path}", only_posted(view), name=name, permission=permission)
        for path, view, name, permission in (
            ("widening", propose_widening, "work-widening", P.DRAW_REQUEST),
            ("replacement", propose_replacement, "work-replacement", P.DRAW_REQUEST),
            ("absence", mark_absent, "work-absence", P.DRAW_ATTEND),
            ("replacement/decision", decide_replacement, "work-replacement-decision", P.DRAW_ATTEND),
            ("widening/decision", decide_widening, "work-widening-decision", P.DRAW_OVERSEE),
            ("new-seeds", renew_seeds, "work-new-seeds", P.DRAW_OVERSEE),
            ("names", names, "work-draw-names", P.DRAW_OVERSEE),
        )
    ),
    route(f"{_DRAW}/attendance", attendance, name="work-attendance", permission=P.DRAW_ATTEND),
    route(f"{_DRAW}/oversight", oversight, name="work-oversight", permission=P.DRAW_OVERSEE),
    route("work/ties", ties, name="work-ties", permission=P.TIE_KEEP),
    route("work/ties/<str:tie_id>/end", only_posted(drop_tie), name="work-tie-end", permission=P.TIE_KEEP),
]

"""Services: what is promised and what was measured, the centre's queue, one's own cases, and letting a helper prepare."""

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.middleware import HELPING
from ggzy.portals.work import Todo, only_posted, refused_here
from ggzy.services import actions, queries
from ggzy.services.rules import GRADES


def promised(request: HttpRequest) -> HttpResponse:
    """Show every service with its promise, its fee, and how long it took of late."""
    opens, closes = settings.SERVICE_HOURS
    actor, rows = who(request), queries.services(now=now())
    mine = [row.service.code for row in rows if not actor.signed_in or may(actor, row.service.permission)]
    page = {"services": rows, "mine": mine, "opens": opens, "closes": closes, "days": queries.DAYS}
    return show(request, "public/services.html", page)


def desk(request: HttpRequest) -> HttpResponse:
    """Show what waits for the centre, by its clock."""
    actor = who(request)
    page = {
        "queue": [(row, _place(row)) for row in queries.queue(actor)],
        "owing": queries.owing(actor),
        "bad": queries.bad_grades(actor),
        "helping": queries.helping(actor, now=now()),
        "now": now(),
    }
    return show(request, "work/services.html", page)


def _place(row: queries.CaseRow) -> str:
    """Return where a case is answered."""
    if row.service == "admission":
        return f"/work/tenders/{row.subject}/form-check"
    return "/work/seals/desk" if row.service == "stamp" else f"/work/pool/{row.subject}"


def take(request: HttpRequest, case_id: str) -> HttpResponse:
    """Take a case up."""
    case = actions.take_case(case_id=case_id, actor=who(request), now=now())
    return done("/work/services", f"已认领: {case.title}。由首问人负责到办结。")


def green(request: HttpRequest, case_id: str) -> HttpResponse:
    """Let a case go first."""
    reason, basis = text(request, "reason"), text(request, "basis")
    actions.let_first(case_id=case_id, reason=reason, basis=basis, actor=who(request), now=now())
    return done("/work/services", "已列入绿色通道, 排在最前。")


def receive(request: HttpRequest, case_id: str) -> HttpResponse:
    """Confirm that something owed is there."""
    actions.receive(case_id=case_id, item=text(request, "item"), actor=who(request), now=now())
    return done("/work/services", "已确认收到。")


def follow_up(request: HttpRequest, case_id: str) -> HttpResponse:
    """Answer a bad grade."""
    actions.follow_up(case_id=case_id, answer=text(request, "answer"), actor=who(request), now=now())
    return done("/work/services", "回访结果已记录。")


def cases(request: HttpRequest) -> HttpResponse:
    """Show what one asked the centre for."""
    page = {"cases": queries.own_cases(who(request)), "grades": GRADES, "now": now()}
    return show(request, "work/cases.html", page)


def promise(request: HttpRequest, case_id: str) -> HttpResponse:
    """Promise what is owed."""
    actions.promise(case_id=case_id, actor=who(request), now=now())
    return done("/work/cases", "已承诺按期补齐, 本件已受理。")


def supply(request: HttpRequest, case_id: str) -> HttpResponse:
    """Say that something owed was handed in."""
    actions.supply(case_id=case_id, item=text(request, "item"), actor=who(request), now=now())
    return done("/work/cases", "已登记补交, 等中心确认收到。")


def grade(request: HttpRequest, case_id: str) -> HttpResponse:
    """Grade an answered case."""
    actor, given = who(request), {"grade": text(request, "grade"), "words": text(request, "words")}
    try:
        if given["grade"] not in {str(value) for value in GRADES}:
            raise BadInput("请选择评价", field="grade")
        chosen = int(given["grade"])
        actions.give_grade(case_id=case_id, grade=chosen, words=given["words"], actor=actor, now=now())
    except BadInput as refusal:
        page = {"cases": queries.own_cases(actor), "grades": GRADES, "now": now(), "about": case_id}
        return refused_here(request, "work/cases.html", page, refusal, given=given)
    return done("/work/cases", "谢谢您的评价。")


# --- 帮办代办


def help_page(request: HttpRequest) -> HttpResponse:
    """Ask the centre for a helper, show the QR code, and everything that the helper did."""
    actor, moment = who(request), now()
    if request.method == "POST":
        days = text(request, "days")
        try:
            number = int(days) if days.isascii() and days.isdigit() else 0
            actions.ask_help(wish=text(request, "wish"), days=number, actor=actor, now=moment)
        except Refusal as refusal:
            given = {"wish": text(request, "wish"), "days": days}
            return refused_here(request, "work/help.html", _help(actor, moment), refusal, given=given)
        return done("/work/help", "已同意帮办。请把二维码给中心工作人员扫, 或者把链接发给对方。")
    return show(request, "work/help.html", _help(actor, moment))


def _help(actor: Actor, moment: object) -> dict[str, object]:
    found = queries.own_help(actor, now=now())
    address = f"{settings.PUBLIC_ADDRESS}/work/help/with/{found.token}" if found else ""
    code = segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=3) if found else ""
    return {
        "help": found,
        "address": address,
        "code": code,
        "most": actions.HELP_DAYS,
        "now": moment,
        "given": {},
    }


def help_with(request: HttpRequest, token: str) -> HttpResponse:
    """Show the consent of a QR code to somebody of the centre, who may take it.

    :raises NotFound: it is over, or never was
    """
    found = queries.help_of_token(token, now=now())
    if found is None:
        raise NotFound("这个帮办二维码已失效, 请对方重新发起", next_steps=(("工作台", "/work"),))
    if request.method != "POST":
        return show(request, "work/help_with.html", {"help": found})
    actions.take_help(token=token, actor=who(request), now=now())
    response = done("/work", f"开始为{found.organisation}帮办。")
    response.set_cookie(HELPING, found.help, max_age=8 * 3600, samesite="Lax", httponly=True)
    return response


def help_stop(request: HttpRequest) -> HttpResponse:
    """Leave the other side's pages; the consent goes on until its end."""
    response = done("/work", "已回到您自己的工作台。")
    response.delete_cookie(HELPING)
    return response


def help_end(request: HttpRequest, help_id: str) -> HttpResponse:
    """End a consent."""
    actor = who(request)
    actions.end_help(help_id=help_id, actor=actor, now=now())
    response = done("/work/help" if may(actor, P.HELP_ASK) else "/work/services", "帮办已结束, 立即生效。")
    response.delete_cookie(HELPING)
    return response


def todos(actor: Actor) -> list[Todo]:
    """Return what cases ask of who asked: promises, what is owed, grades; and of the centre: what waits, what is bad."""
    if actor.role is Role.CENTRE:
        return [
            Todo(what="回访差评", where=row.label, href="/work/services#bad", label="回访", due=row.due_at)
            for row in queries.bad_grades(actor)
            if not row.own
        ]
    if not may(actor, P.WORKBENCH_READ) or actor.role not in {Role.TENDEREE, Role.AGENCY}:
        return []
    out = []
    for row in queries.own_cases(actor):
        if not row.owes:
            continue
        what = "承诺补齐容缺材料" if row.waits_for_promise else "补交容缺材料"
        due = min(one.due_at for one in row.owed if not one.received)
        out.append(Todo(what=what, where=row.title, href="/work/cases", label="办理", due=due))
    return out


_KEEP, _OWN = P.SERVICE_KEEP, P.WORKBENCH_READ
urlpatterns = [
    route("services", promised, name="services", permission=P.PORTAL_READ),
    route("work/services", desk, name="work-services", permission=_KEEP),
    route("work/services/<str:case_id>/take", only_posted(take), name="work-case-take", permission=_KEEP),
    route("work/services/<str:case_id>/green", only_posted(green), name="work-case-green", permission=_KEEP),
    route(
        "work/services/<str:case_id>/receive",
        only_posted(receive),
        name="work-case-receive",
        permission=_KEEP,
    ),
    route(
        "work/services/<str:case_id>/answer",
        only_posted(follow_up),
        name="work-case-answer",
        permission=_KEEP,
    ),
    route("work/cases", cases, name="work-cases", permission=_OWN),
    route(
        "work/cases/<str:case_id>/promise", only_posted(promise), name="work-case-promise", permission=_OWN
    ),
    route("work/cases/<str:case_id>/supply", only_posted(supply), name="work-case-supply", permission=_OWN),
    route("work/cases/<str:case_id>/grade", only_posted(grade), name="work-case-grade", permission=_OWN),
    route("work/help", help_page, name="work-help", permission=P.HELP_ASK),
    route("work/help/stop", only_posted(help_stop), name="work-help-stop", permission=_OWN),
    route("work/help/with/<str:token>", help_with, name="work-help-with", permission=P.HELP_GIVE),
    route("work/help/<str:help_id>/end", only_posted(help_end), name="work-help-end", permission=_OWN),
]

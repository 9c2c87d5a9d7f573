"""What can happen between the report and the end: reviews by the committee, ends of awards, annulment, performance."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.awarding import endings
from ggzy.contracting import actions as contracting
from ggzy.evaluation import sittings
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.owner_rounds import result_page
from ggzy.portals.work import Todo, only_posted, refused_here, signing
from ggzy.tendering import queries as tenders


def _acted(
    request: HttpRequest, round_id: str, act: Callable[[], Any], *, says: str, given: Mapping[str, Any]
) -> HttpResponse:
    """Do one act after the report; a refusal shows the page again with what was entered."""
    try:
        act()
    except Refusal as refusal:
        page = result_page(request, round_id)
        return refused_here(request, "work/result.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/result", says)


def _found(request: HttpRequest) -> dict[str, Any]:
    return {"kinds": request.POST.getlist("kinds"), "text": text(request, "text")}


def review_errors(request: HttpRequest, round_id: str) -> HttpResponse:
    """Send a report with errors back to its committee."""
    given = _found(request)
    act = partial(sittings.review_errors, round_id=round_id, **given, actor=who(request), now=now())
    return _acted(
        request, round_id, act, says="复核申请已提交, 等待本单位另一名经办人或监督部门解锁", given=given
    )


def reconsider(request: HttpRequest, round_id: str) -> HttpResponse:
    """Ask the committee about a changed candidate."""
    given = _found(request)
    act = partial(sittings.reconsider, round_id=round_id, **given, actor=who(request), now=now())
    return _acted(
        request, round_id, act, says="审查申请已提交, 等待本单位另一名经办人或监督部门解锁", given=given
    )


def reopenings(request: HttpRequest) -> HttpResponse:
    """Show the requests to judge again that wait for a second person."""
    page = {"rows": sittings.waiting_reopenings(actor=who(request)), "given": {}}
    return show(request, "work/reopenings.html", page)


def decide_reopening(request: HttpRequest, reopening_id: str) -> HttpResponse:
    """Unlock a request to judge again, or refuse it."""
    given = {"reason": text(request, "reason")}
    unlock = text(request, "unlock") == "yes"
    try:
        sittings.decide_reopening(
            reopening_id=reopening_id, unlock=unlock, **given, actor=who(request), now=now()
        )
    except Refusal as refusal:
        page = {"rows": sittings.waiting_reopenings(actor=who(request)), "at": reopening_id}
        return refused_here(request, "work/reopenings.html", page, refusal, given=given)
    return done(
        "/work/reopenings", "已解锁, 由原评标委员会在列明的范围内复核" if unlock else "已答复不同意复核"
    )


def reopening_todos(actor: Actor) -> list[Todo]:
    """Return the requests that this person may unlock."""
    if not may(actor, P.EVALUATION_UNLOCK):
        return []
    return [
        Todo(what="解锁评标复核(第二人)", where=row.name, href="/work/reopenings", label="查看")
        for row in sittings.waiting_reopenings(actor=actor)
        if not row.own
    ]


def retender(request: HttpRequest, round_id: str) -> HttpResponse:
    """Decide to tender anew instead of awarding."""
    given = {"ground": text(request, "ground"), "text": text(request, "text")}
    act = partial(endings.retender, round_id=round_id, **given, actor=who(request), now=now())
    return _acted(request, round_id, act, says="本轮结束, 已公告; 可以开始新一轮招标", given=given)


def ending_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Return the statement that ends an award, to sign."""
    kind, reason = request.GET.get("kind", ""), request.GET.get("reason", "")
    return endings.ending_to_sign(round_id=round_id, kind=kind, reason=reason, actor=who(request))


def end_award(request: HttpRequest, round_id: str) -> HttpResponse:
    """End an award: refused by the winner, or cancelled by the tenderee."""
    actor = who(request)
    given = {"kind": text(request, "kind"), "reason": text(request, "reason")}
    act = partial(
        endings.end_award,
        round_id=round_id,
        **given,
        signature=text(request, "signature"),
        actor=actor,
        now=now(),
    )
    if actor.role is Role.BIDDER:
        act()
        return done("/work", "已放弃中标; 投标保证金依法不予退还")
    return _acted(
        request, round_id, act, says="中标资格已取消, 可以依次确定下一名候选人或重新招标", given=given
    )


def start_performance(request: HttpRequest, round_id: str) -> HttpResponse:
    """Record the performance bond and the start of the work."""
    given = {"bond": text(request, "bond"), "starts_on": text(request, "starts_on")}

    def act() -> None:
        try:
            starts_on = date.fromisoformat(given["starts_on"])
        except ValueError:
            raise BadInput("请选择开工日期", field="starts_on") from None
        contracting.start_performance(
            round_id=round_id, bond=given["bond"], starts_on=starts_on, actor=who(request), now=now()
        )

    return _acted(request, round_id, act, says="履约信息已登记", given=given)


def annul(request: HttpRequest, round_id: str) -> HttpResponse:
    """Annul an award by the decision on a complaint."""
    page: dict[str, Any] = {"row": tenders.round_row(round_id), "given": {}}
    if request.method != "POST":
        return show(request, "work/annul.html", page)
    given = {"decision": text(request, "decision"), "text": text(request, "text")}
    try:
        endings.annul(round_id=round_id, **given, actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/annul.html", page, refusal, given=given)
    return done("/work", "处理决定已登记: 中标无效, 已公告并通知各投标人")


_ROUND = "work/rounds/<str:round_id>"
urlpatterns = [
    route(
        f"{_ROUND}/report-review",
        only_posted(review_errors),
        name="work-errors",
        permission=P.EVALUATION_REOPEN,
    ),
    route(
        f"{_ROUND}/reconsider",
        only_posted(reconsider),
        name="work-reconsider",
        permission=P.EVALUATION_REOPEN,
    ),
    route("work/reopenings", reopenings, name="work-reopenings", permission=P.EVALUATION_UNLOCK),
    route(
        "work/reopenings/<str:reopening_id>",
        only_posted(decide_reopening),
        name="work-unlock",
        permission=P.EVALUATION_UNLOCK,
    ),
    route(f"{_ROUND}/retender", only_posted(retender), name="work-retender", permission=P.AWARD),
    route(f"{_ROUND}/award-end/to-sign", signing(ending_bytes), name="end-to-sign", permission=P.AWARD_END),
    route(f"{_ROUND}/award-end", only_posted(end_award), name="work-end-award", permission=P.AWARD_END),
    route(
        f"{_ROUND}/performance",
        only_posted(start_performance),
        name="work-performance",
        permission=P.PERFORMANCE_START,
    ),
    route(f"{_ROUND}/annul", annul, name="work-annul", permission=P.AWARD_ANNUL),
]

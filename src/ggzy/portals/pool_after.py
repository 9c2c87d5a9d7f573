"""After a meeting: rating its members by code, and the fees from sheet to payment."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.kernel.refusals import Refusal
from ggzy.parties.grid import Permission as P
from ggzy.pool import conduct, fees, queries, sheets
from ggzy.portals.exports import as_xlsx
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.pool import xlsx
from ggzy.portals.work import only_posted, refused_here


def meetings(request: HttpRequest) -> HttpResponse:
    """Show the meetings that have ended, with what is left to do."""
    return show(request, "work/pool_meetings.html", {"rows": queries.meetings_after(actor=who(request))})


def _page(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    return {"after": queries.after_meeting(draw_id, actor=who(request)), "given": {}}


def after(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show what comes after one meeting."""
    return show(request, "work/pool_after.html", _page(request, draw_id))


def rate(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Rate one member."""
    given: dict[str, Any] = {name: text(request, name) for name in ("code", "words")}
    given["faults"] = request.POST.getlist("faults")
    try:
        conduct.rate(draw_id=draw_id, **given, actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/pool_after.html", _page(request, draw_id), refusal, given=given)
    return done(f"/work/draws/{draw_id}/after", f"已评价{given['code']}")


def compute(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Compute the fee sheet."""
    fees.compute(draw_id=draw_id, actor=who(request), now=now())
    return done(f"/work/draws/{draw_id}/after", "已按会议时间计算, 请核对后确认")


def confirm(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Confirm the fee sheet."""
    try:
        fees.confirm(draw_id=draw_id, total=text(request, "total"), actor=who(request), now=now())
    except Refusal as refusal:
        page = _page(request, draw_id)
        return refused_here(request, "work/pool_after.html", page, refusal, given={}, field="total")
    return done(f"/work/draws/{draw_id}/after", "已确认, 由中心办理支付")


def pay(request: HttpRequest) -> HttpResponse:
    """Show the fees to be paid; note one as paid."""
    actor = who(request)
    page: dict[str, Any] = {"rows": queries.fees_to_pay(actor=actor), "given": {}}
    if request.method != "POST":
        return show(request, "work/pool_fees.html", page)
    given = {name: text(request, name) for name in ("line", "reference")}
    try:
        fees.mark_paid(line_id=given["line"], reference=given["reference"], actor=actor, now=now())
    except Refusal as refusal:
        return refused_here(request, "work/pool_fees.html", page, refusal, given=given, field="reference")
    return done("/work/pool/fees", "已登记支付")


def payable(request: HttpRequest) -> HttpResponse:
    """Send the list for the bank; the reason is in the log."""
    actor, given = who(request), {"reason": text(request, "reason")}
    try:
        rows = sheets.payable_sheet(reason=given["reason"], actor=actor, now=now())
    except Refusal as refusal:
        page = {"rows": queries.fees_to_pay(actor=actor)}
        return refused_here(request, "work/pool_fees.html", page, refusal, given=given)
    return xlsx("payable", as_xlsx("劳务费", sheets.PAYABLE_COLUMNS, rows))  # type: ignore[arg-type]


_DRAW = "work/draws/<str:draw_id>/after"
urlpatterns = [
    route("work/after", meetings, name="pool-meetings", permission=P.POOL_RATE),
    route(_DRAW, after, name="pool-after", permission=P.POOL_RATE),
    route(f"{_DRAW}/rate", only_posted(rate), name="pool-rate", permission=P.POOL_RATE),
    route(f"{_DRAW}/fees", only_posted(compute), name="pool-fees-compute", permission=P.POOL_FEES),
    route(f"{_DRAW}/confirm", only_posted(confirm), name="pool-fees-confirm", permission=P.POOL_FEES),
    route("work/pool/fees", pay, name="pool-fees", permission=P.POOL_KEEP),
    route("work/pool/payable", only_posted(payable), name="pool-payable", permission=P.POOL_KEEP),
]

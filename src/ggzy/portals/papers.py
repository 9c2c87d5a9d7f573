"""Papers: the list to seal and to print from, a preview, one PDF to print many, and the page behind a code."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.papers import queries
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import now, route, show, who
from ggzy.portals.public import page_number, paging
from ggzy.portals.work import refused_here

_SPANS = {7: "7天内", 30: "30天内", 90: "90天内", 365: "一年内"}


def _days(given: str) -> int:
    try:
        return int(given or 30)
    except ValueError:
        raise BadInput("请从列表中选择时间范围") from None


def _page(request: HttpRequest) -> dict[str, Any]:
    actor = who(request)
    days, kind = _days(request.GET.get("days", "")), request.GET.get("kind", "")
    number = page_number(request)
    rows, more = queries.papers(viewer=actor, now=now(), days=days, kind=kind, number=number)
    return {
        "rows": rows,
        "paging": paging(request, number=number, more=more),
        "sealable": sum(row.may_seal for row in rows),
        "days": days,
        "kind": kind,
        "spans": _SPANS.items(),
        "kinds": queries.LABELS.items(),
        "may_seal": may(actor, P.PAPER_SEAL),
        "most": queries.MOST_PRINTED,
    }


def papers(request: HttpRequest) -> HttpResponse:
    """List the papers of one's rounds: what waits for the seal first, then what can be printed."""
    return show(request, "work/papers.html", _page(request))


def _pdf(data: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def preview(request: HttpRequest, round_id: str, ref: str) -> HttpResponse:
    """Send a paper as the record stands, marked as not sealed."""
    return _pdf(queries.preview(round_id=round_id, ref=ref, viewer=who(request), now=now()), "preview.pdf")


def print_many(request: HttpRequest) -> HttpResponse:
    """Send the ticked papers as one PDF."""
    items = request.POST.getlist("item")
    if request.method != "POST":
        return papers(request)
    try:
        return _pdf(queries.printed(items=items, viewer=who(request)), "papers.pdf")
    except Refusal as refusal:
        return refused_here(
            request, "work/papers.html", _page(request), refusal, given={"ticked": set(items)}
        )


def code(request: HttpRequest, code: str) -> HttpResponse:
    """Show what stands behind the code of a paper, to anyone who holds it."""
    return show(request, "public/paper.html", {"paper": queries.code_page(code, viewer=who(request))})


urlpatterns = [
    route("v/<str:code>", code, name="paper", permission=P.PORTAL_READ),
    route("work/papers", papers, name="work-papers", permission=P.PAPER_READ),
    route("work/papers/print", print_many, name="work-papers-print", permission=P.PAPER_READ),
    route(
        "work/rounds/<str:round_id>/papers/<str:ref>.pdf",
        preview,
        name="work-paper-preview",
        permission=P.PAPER_READ,
    ),
]

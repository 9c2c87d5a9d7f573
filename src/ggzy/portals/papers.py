"""Papers: the list to seal and to print from, a preview, one PDF to print many, and the page behind a code."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.papers import batches, queries
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import now, route, show, text, who
from ggzy.portals.public import page_number, paging
from ggzy.portals.work import only_posted, refused_here, refused_json
from ggzy.seals.queries import state_of

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
        "batches": batches.recent_batches(viewer=actor) if may(actor, P.PAPER_SEAL) else [],
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


def queue(request: HttpRequest) -> HttpResponse:
    """Take one signed paper for the worker; answers with its batch."""
    round_id, _, ref = text(request, "item").partition("/")
    try:
        made = batches.queue_paper_seal(
            batch_id=text(request, "batch"),
            round_id=round_id,
            ref=ref,
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_json(request, refusal)
    return JsonResponse({"batch": made.public_id, "message": "已签名, 系统正在盖章"})


def batch(request: HttpRequest, batch_id: str) -> HttpResponse:
    """Show how far a batch is; the page asks again while papers wait."""
    page = batches.batch_page(batch_id=batch_id, viewer=who(request))
    return show(request, "work/seal_batch.html", {"page": page, "ended": page.done + page.failed})


def code(request: HttpRequest, code: str) -> HttpResponse:
    """Show what stands behind the code of a paper, to anyone who holds it."""
    paper = queries.code_page(code, viewer=who(request))
    return show(request, "public/paper.html", {"paper": paper, "seal_state": state_of(paper.sha256)})


urlpatterns = [
    route("v/<str:code>", code, name="paper", permission=P.PORTAL_READ),
    route("work/papers", papers, name="work-papers", permission=P.PAPER_READ),
    route("work/papers/print", print_many, name="work-papers-print", permission=P.PAPER_READ),
    route("work/papers/queue", only_posted(queue), name="work-papers-queue", permission=P.PAPER_SEAL),
    route("work/papers/batches/<str:batch_id>", batch, name="work-papers-batch", permission=P.PAPER_SEAL),
    route(
        "work/rounds/<str:round_id>/papers/<str:ref>.pdf",
        preview,
        name="work-paper-preview",
        permission=P.PAPER_READ,
    ),
]

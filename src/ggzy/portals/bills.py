"""Bills of quantities on pages: attaching one to a draft, looking at a published one, taking it home to price."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.owner_tender import own_tender
from ggzy.portals.work import download, refused_here
from ggzy.procedures.spec import Stage
from ggzy.quantities import xlsx
from ggzy.quantities.dialects import DIALECTS
from ggzy.quantities.queries import composition_rows, newest_bills
from ggzy.quantities.xlsx import COLUMNS
from ggzy.tendering import bills
from ggzy.tendering import queries as tenders

PAGE = 100


def attach(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show each lot's bill and take a new one; every problem is told by its row."""
    actor = who(request)
    tender = own_tender(tender_id, actor)
    states = tenders.states_of(tender_id)
    found = newest_bills(s.lot for s in states)
    page: dict[str, Any] = {
        "tender": tender,
        "lots": [
            (s, found.get(s.lot), composition_rows(found[s.lot].composition) if s.lot in found else [])
            for s in states
        ],
        "editable": any(s.stage == Stage.DOC_EDIT for s in states),
        "columns": [names[0] for names in COLUMNS.values()],
        "dialects": DIALECTS,
        "warnings": bills.ceiling_warnings(tender_id),
        "given": {},
    }
    if request.method != "POST":
        return show(request, "work/bills.html", page)
    try:
        upload = request.FILES.get("file")
        if upload is None:
            raise BadInput("请选择清单文件", field="file")
        made = bills.attach_bill(
            tender_id=tender_id, lot_id=text(request, "lot"), data=upload.read(), actor=actor, now=now()
        )
    except Refusal as refusal:
        return refused_here(request, "work/bills.html", page, refusal, given={}, field="file")
    if made.kept and not made.problems:
        return done(f"/work/tenders/{tender_id}/bills", f"清单已上传: {len(made.bill.items)}项")
    page["attached"] = made
    return show(request, "work/bills.html", page, status=200 if made.kept else 422)


def published(request: HttpRequest, tender_id: str, version: int, number: int) -> HttpResponse:
    """Show the bill of a lot in a published version: searched and by pages."""
    bill, lot = bills.published_bill(tender_id=tender_id, version=version, number=number)
    words = request.GET.get("words", "").strip()[:60]
    rows = [i for i in bill.items if not words or words in f"{i.code} {i.name} {i.features}"]
    asked = request.GET.get("page", "1")
    last = max(1, -(-len(rows) // PAGE))
    at = min(max(int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1, 1), last)
    page = {
        "tender": tenders.tender(tender_id, viewer=who(request)),
        "version": version,
        "lot": lot,
        "rows": rows[(at - 1) * PAGE : at * PAGE],
        "found": len(rows),
        "words": words,
        "page": at,
        "last": last,
        "composition": composition_rows(lot["bill"]["composition"]),
    }
    return show(request, "public/bill.html", page)


def as_xlsx(request: HttpRequest, tender_id: str, version: int, number: int) -> HttpResponse:
    """Give the bill with empty prices as a table to fill in."""
    bill, _ = bills.published_bill(tender_id=tender_id, version=version, number=number)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer = HttpResponse(xlsx.write(bill), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="bill-{tender_id}-{number}-v{version}.xlsx"'
    return answer


def as_json(request: HttpRequest, tender_id: str, version: int, number: int) -> HttpResponse:
    """Give the bill with empty prices as our own JSON."""
    bill, _ = bills.published_bill(tender_id=tender_id, version=version, number=number)
    return download(bill.as_json(prices=False), f"bill-{tender_id}-{number}-v{version}.json")


_BILL = "files/<str:tender_id>/<int:version>/bills/<int:number>"

urlpatterns = [
    route("work/tenders/<str:tender_id>/bills", attach, name="work-bills", permission=P.TENDER_EDIT),
    route(_BILL, published, name="bill", permission=P.PORTAL_READ),
    route(f"{_BILL}.xlsx", as_xlsx, name="bill-xlsx", permission=P.PORTAL_READ),
    route(f"{_BILL}.json", as_json, name="bill-json", permission=P.PORTAL_READ),
]

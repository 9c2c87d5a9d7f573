"""The forty items made public: over all tenders, on one tender, and as a table to keep."""

import csv
from io import StringIO

from django.http import HttpRequest, HttpResponse

from ggzy.kernel.clock import BEIJING
from ggzy.parties.grid import Permission
from ggzy.portals.frame import now, route, show
from ggzy.portals.public import page_number, paging
from ggzy.publishing import disclosed
from ggzy.publishing.disclosure import Sector

#: tenders on one page of the list below the items
PAGE = 50


def overview(request: HttpRequest) -> HttpResponse:
    """Show each item with its counts, and the tenders on which something is overdue."""
    moment = now()
    tenders = disclosed.tenders(now=moment)
    rows = disclosed.overview(tenders)
    number = page_number(request)
    page = {
        "sectors": [(sector, [row for row in rows if row.item.sector is sector]) for sector in Sector],
        "count": len(tenders),
        "tenders": tenders[(number - 1) * PAGE : number * PAGE],
        "paging": paging(request, number=number, more=number * PAGE < len(tenders)),
        "red": [row for row in tenders if row.red],
        "most": disclosed.MOST_TENDERS,
    }
    return show(request, "public/disclosure.html", page)


def of_tender(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show how the items stand on one tender."""
    row = disclosed.of_tender(tender_id, now=now())
    open_items = [judged for judged in row.items if judged.item.sector in disclosed.OPEN]
    return show(request, "public/disclosure_tender.html", {"row": row, "items": open_items})


def table(request: HttpRequest) -> HttpResponse:
    """Give tender × item as CSV."""
    text = StringIO()
    text.write("\ufeff")  # so that spreadsheets read the Chinese
    writer = csv.writer(text)
    writer.writerow(
        ["招标项目", "序号", "领域", "事项", "依据", "责任主体", "状态", "形成", "最迟", "公开", "链接"]
    )
    for row in disclosed.tenders(now=now()):
        for judged in row.items:
            if judged.item.sector not in disclosed.OPEN:
                continue
            moments = [
                f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}" if at else ""
                for at in (judged.formed_at, judged.due_at, judged.done_at)
            ]
            item = judged.item
            link = request.build_absolute_uri(judged.link) if judged.link else ""
            cells = [row.name, item.number, item.sector.label, item.name, item.cites, item.responsible]
            writer.writerow([_plain(str(cell)) for cell in (*cells, judged.standing.label, *moments, link)])
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="disclosure.csv"'
    return answer


def _plain(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


_READ = Permission.PORTAL_READ
urlpatterns = [
    route("disclosure", overview, name="disclosure", permission=_READ),
    route("disclosure.csv", table, name="disclosure-table", permission=_READ),
    route("disclosure/<str:tender_id>", of_tender, name="disclosure-tender", permission=_READ),
]

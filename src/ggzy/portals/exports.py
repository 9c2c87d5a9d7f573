"""Exports for a spreadsheet: where lots stand, what was read out, who won, which papers there are."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from ggzy.awarding.queries import awards_of
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput
from ggzy.opening.queries import read_out_of
from ggzy.papers.queries import PaperRow, papers
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import now, route, who
from ggzy.procedures.spec import Hold, Stage
from ggzy.tendering.worklist import WorkRow, all_rows, work_rows

Cell = str | int | Decimal | datetime | None
#: a spreadsheet takes a text that begins so for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
MOST_TENDERS = 1000


def _rows(actor: Actor) -> list[WorkRow]:
    if actor.role in {Role.CENTRE, Role.SUPERVISOR}:
        return all_rows(tenders=MOST_TENDERS)
    return work_rows(actor.organisation_pk, tenders=MOST_TENDERS)


def _place(row: WorkRow) -> tuple[Cell, ...]:
    return row.tender_name, row.lot_name, row.number


def lot_cells(row: WorkRow) -> tuple[Cell, ...]:
    """Return what a spreadsheet says of where a lot stands."""
    holds = "、".join(Hold(kind).label for kind in row.holds)
    address = f"{settings.PUBLIC_ADDRESS}/lots/{row.lot}"
    stage = Stage(row.standing).label
    return *_place(row), stage, holds, row.published_at, row.next_deadline, row.decided_at, address


def _lots(actor: Actor) -> Iterable[tuple[Cell, ...]]:
    return map(lot_cells, _rows(actor))


def _bids(actor: Actor) -> Iterable[tuple[Cell, ...]]:
    rows = {row.round_pk: row for row in _rows(actor)}
    for bid in read_out_of(list(rows)):
        yield (
            *_place(rows[bid.round_pk]),
            bid.bidder,
            bid.uscc,
            bid.label,
            bid.price,
            bid.duration_days,
            bid.reason,
        )


def _results(actor: Actor) -> Iterable[tuple[Cell, ...]]:
    rows = {row.round_pk: row for row in _rows(actor)}
    found = awards_of(list(rows))
    for pk, row in rows.items():
        if (award := found.get(pk)) and award.sent_at:
            yield *_place(row), award.bidder, award.uscc, award.price, award.determined_at, award.sent_at


def _all_papers(actor: Actor) -> Iterator[PaperRow]:
    moment, number, more = now(), 0, True
    while more:
        number += 1
        rows, more = papers(viewer=actor, now=moment, days=365, number=number)
        yield from rows


def _papers(actor: Actor) -> Iterable[tuple[Cell, ...]]:
    for row in _all_papers(actor):
        state = "已签章" if row.sealed else "待签章"
        yield (
            row.tender_name,
            row.lot_name,
            row.number,
            row.label,
            row.addressee,
            state,
            row.sealed_at,
            row.code,
            row.sealed,
        )


_OF_LOT = ("招标项目", "标段", "第几次")
LOT_COLUMNS = (*_OF_LOT, "进展", "暂停", "公告发布", "投标截止", "结束", "网址")
#: what → (title, columns, rows)
EXPORTS: dict[str, tuple[str, Sequence[str], Callable[[Actor], Iterable[tuple[Cell, ...]]]]] = {
    "lots": ("标段进展", LOT_COLUMNS, _lots),
    "bids": (
        "开标结果",
        (*_OF_LOT, "投标人", "统一社会信用代码", "解密", "投标报价(元)", "工期(日历天)", "说明"),
        _bids,
    ),
    "results": (
        "中标结果",
        (*_OF_LOT, "中标人", "统一社会信用代码", "中标价(元)", "定标", "通知书发出"),
        _results,
    ),
    "papers": (
        "文书清单",
        (*_OF_LOT, "文书", "收件人", "状态", "签章", "核验编号", "文件SHA-256"),
        _papers,
    ),
}


#: what a page lists: (address, title)
EXPORT_LIST = tuple((what, title) for what, (title, _, _) in EXPORTS.items())


def _safe(value: Cell) -> Cell:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_csv(columns: Sequence[str], rows: Iterable[tuple[Cell, ...]]) -> bytes:
    """Return rows as CSV in UTF-8 with the mark that spreadsheets need for Chinese; moments in Beijing time."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(
            f"{v.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if isinstance(v, datetime) else _safe(v) for v in row
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(title: str, columns: Sequence[str], rows: Iterable[tuple[Cell, ...]]) -> bytes:
    """Return rows as one sheet: texts as texts, amounts as numbers with two places, moments in Beijing time."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, name in enumerate(columns, 1):
        sheet.column_dimensions[chr(64 + number)].width = 30 if number == 1 else max(14, 2 * len(name) + 4)
    head = []
    for name in columns:
        cell = WriteOnlyCell(sheet, name)
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    for row in rows:
        cells = []
        for value in row:
            if isinstance(value, datetime):
                cell = WriteOnlyCell(sheet, value.astimezone(BEIJING).replace(tzinfo=None))
                cell.number_format = "yyyy-mm-dd hh:mm:ss"
            else:
                cell = WriteOnlyCell(sheet, value)
                if isinstance(value, Decimal):
                    cell.number_format = "#,##0.00"
                elif isinstance(value, str):
                    cell.data_type = "s"  # never a formula
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export(request: HttpRequest, what: str, form: str) -> HttpResponse:
    """Download one of the lists.

    :raises BadInput: no such list or format
    """
    if what not in EXPORTS or form not in TYPES:
        raise BadInput("没有这种导出: 请从工作台的“导出”选择")
    title, columns, rows = EXPORTS[what]
    return answer(form, what, title, columns, rows(who(request)))


def answer(
    form: str, name: str, title: str, columns: Sequence[str], rows: Iterable[tuple[Cell, ...]]
) -> HttpResponse:
    """Return rows as a file to keep, in one of TYPES; nobody's cache keeps it."""
    data = as_csv(columns, rows) if form == "csv" else as_xlsx(title, columns, rows)
    made = HttpResponse(data, content_type=TYPES[form])
    made["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    made["Cache-Control"] = "no-store"
    return made


urlpatterns = [
    route("work/export/<str:what>.<str:form>", export, name="work-export", permission=P.DESK_EXPORT)
]

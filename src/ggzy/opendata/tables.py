"""Published notices, awards and contracts as tables to take away: CSV that a spreadsheet opens, in bounded memory."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings

from ggzy.kernel.clock import BEIJING
from ggzy.notices.queries import in_order
from ggzy.opendata.deeds import AwardedRow, every_award
from ggzy.tendering.queries import facts_of

Cell = str | int | Decimal | datetime | None
#: a spreadsheet takes a text that begins so for a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table to take away: its columns, each with what it means, and its rows."""

    name: str
    title: str
    columns: Sequence[tuple[str, str]]
    rows: Callable[[], Iterator[tuple[Cell, ...]]]


def _address(path: str) -> str:
    return f"{settings.PUBLIC_ADDRESS}/{path}"


def _notices() -> Iterator[tuple[Cell, ...]]:
    last = 0
    while rows := in_order(after=last, most=500):
        tenders = facts_of({row.tender for _, row, _ in rows})
        for _, row, digest in rows:
            of = tenders.get(row.tender)
            told = (of.buyer, of.uscc, of.deal_code, of.scope, of.region_code) if of else ("",) * 5
            place = _address(f"notices/{row.public_id}")
            yield (
                row.public_id,
                row.label,
                row.title,
                row.version,
                row.published_at,
                *told,
                row.ocid,
                digest,
                place,
            )
        last = rows[-1][0]


def _lot(row: AwardedRow) -> tuple[Cell, ...]:
    return row.deal_code, row.tender_name, row.lot_name, row.scope, row.region_code, row.buyer, row.buyer_uscc


def _awards() -> Iterator[tuple[Cell, ...]]:
    for row in every_award():
        won = (row.winner, row.winner_uscc, row.price, row.ceiling, row.sent_at, row.ended_at, row.end)
        yield *_lot(row), *won, _address(f"lots/{row.lot}")


def _contracts() -> Iterator[tuple[Cell, ...]]:
    for row in every_award():
        if row.signed_at is not None:
            made = (row.winner, row.winner_uscc, row.price, row.signed_at, row.contract_sha256)
            yield *_lot(row), *made, _address(f"lots/{row.lot}")


_OF_LOT = (
    ("交易标识码", "招标项目的统一交易标识码"),
    ("招标项目", "名称"),
    ("标段", "标段(包)名称"),
    ("交易类型", "GC 工程建设, GP 政府采购"),
    ("行政区划", "6位代码"),
    ("招标人", "招标人或采购人名称"),
    ("招标人代码", "统一社会信用代码"),
)
TABLES = {
    table.name: table
    for table in (
        Table(
            name="notices",
            title="公告",
            columns=(
                ("公告编号", "固定编号, 不含含义"),
                ("种类", "公告种类"),
                ("标题", "公告标题"),
                ("版本", "同一公告的第几版"),
                ("发布时间", "北京时间"),
                ("招标人", "招标人或采购人名称"),
                ("招标人代码", "统一社会信用代码"),
                ("交易标识码", "招标项目的统一交易标识码"),
                ("交易类型", "GC 工程建设, GP 政府采购"),
                ("行政区划", "6位代码"),
                ("ocid", "开放合同编号"),
                ("正文SHA-256", "公告正文的校验值"),
                ("网址", "公告的固定地址"),
            ),
            rows=_notices,
        ),
        Table(
            name="awards",
            title="中标结果",
            columns=(
                *_OF_LOT,
                ("中标人", "名称"),
                ("中标人代码", "统一社会信用代码"),
                ("中标价(元)", "两位小数"),
                ("最高投标限价(元)", "不设的为空"),
                ("通知书发出", "北京时间"),
                ("终止时间", "中标资格终止的时间, 没有终止的为空"),
                ("终止原因", "没有终止的为空"),
                ("网址", "标段页面"),
            ),
            rows=_awards,
        ),
        Table(
            name="contracts",
            title="合同",
            columns=(
                *_OF_LOT,
                ("承包人", "中标人名称"),
                ("承包人代码", "统一社会信用代码"),
                ("合同价(元)", "两位小数"),
                ("签订时间", "双方签章完成, 北京时间"),
                ("合同SHA-256", "合同PDF的校验值, 也是下载它的编号"),
                ("网址", "标段页面"),
            ),
            rows=_contracts,
        ),
    )
}


def _cell(value: Cell) -> Cell:
    if isinstance(value, datetime):
        return f"{value.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_csv(table: Table) -> Iterator[bytes]:
    """Yield a table as CSV in UTF-8 with the mark that spreadsheets need for Chinese, some hundred lines at a time."""
    out = io.StringIO()
    writer = csv.writer(out)
    out.write("\ufeff")
    writer.writerow(name for name, _ in table.columns)
    for row in table.rows():
        writer.writerow(_cell(value) for value in row)
        if out.tell() > 65_536:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()

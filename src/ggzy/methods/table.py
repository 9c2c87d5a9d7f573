"""Plain tables of bids: liberal in how a CSV is written, exact in what its numbers are. Pure: text in, bids out."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from ggzy.methods.method import BadMethod, Method
from ggzy.methods.run import Bid

TENDER = ("tender", "tender_id", "lot", "标段", "招标项目", "项目")
VALUE = ("bid_value", "bid value", "value", "price", "discount", "报价", "投标报价", "下浮率")
WINNER = ("winner", "won", "中标", "是否中标")
#: what stands in a table where there is no value
BLANK = {"", "-", "na", "n/a", "nan", "null", "none", "无"}
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
YES = {"true", "yes", "y", "t", "x", "是", "中标", "√"}


@dataclass
class TenderRows:
    """The bids of one tender; each is named by its line in the file. `values` are parameters the table itself gives."""

    tender: str
    bids: list[Bid] = field(default_factory=list)
    winners: set[str] = field(default_factory=set)
    values: dict[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """The tenders of a table in their order, whether it records winners, and how many rows had no value."""

    tenders: Sequence[TenderRows]
    has_winners: bool
    blank: int


def read_table(data: bytes, *, method: Method, value: str = "") -> Table:
    """Return the tenders of a CSV: delimiter `,` `;` or tab, with or without a BOM, in UTF-8 or GB 18030.

    A column named like a parameter or a figure of the method gives it; other columns are passed over. A row without
    a value is no bid. A decimal comma is read only where the delimiter is `;`.

    :param value: the column of the values, where it is not `Bid_value`
    :raises BadMethod: a column is missing, or a value is no number; the sentence names the line
    """
    text = _decoded(data)
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip() for name in next(rows, [])]
    columns = {name.casefold(): n for n, name in reversed(list(enumerate(names)))}
    own = columns.get(value.strip().casefold(), -1) if value else _first(columns, VALUE)
    tender, winner = _first(columns, TENDER), _first(columns, WINNER)
    if tender < 0 or own < 0:
        missing = "Tender" if tender < 0 else value or "Bid_value"
        raise BadMethod(f"表中没有“{missing}”列, 现有的列: {'、'.join(names)}")
    figures = {f.name: columns[f.name] for f in method.figures[1:] if columns.get(f.name, own) != own}
    values = {p.name: columns[p.name] for p in method.parameters if columns.get(p.name, own) != own}
    found: dict[str, TenderRows] = {}
    blank = 0
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        row = [*row, *[""] * (len(names) - len(row))]
        if _blank(row[own]):
            blank += 1
            continue
        ref, comma = str(rows.line_num), delimiter == ";"
        mine = {method.value: _number(row[own], ref, comma=comma)}
        for name, column in figures.items():
            if not _blank(row[column]):
                mine[name] = _number(row[column], ref, comma=comma)
        key = row[tender].strip()
        rows_of = found.setdefault(key, TenderRows(key))
        for name, column in values.items():
            if not _blank(row[column]):
                rows_of.values[name] = _number(row[column], ref, comma=comma)
        rows_of.bids.append(Bid(ref=ref, figures=mine))
        if winner >= 0 and _yes(row[winner]):
            rows_of.winners.add(ref)
    return Table(list(found.values()), winner >= 0, blank)


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadMethod("表的文字编码应为UTF-8或GB 18030")


def _first(columns: Mapping[str, int], wanted: Iterable[str]) -> int:
    return next((columns[name] for name in wanted if name in columns), -1)


def _number(text: str, line: str, *, comma: bool) -> Decimal:
    plain = text.strip().removesuffix("%").replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    if comma and "," in plain:
        plain = plain.replace(".", "").replace(",", ".")
    elif _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise BadMethod(f"第{line}行的“{text}”不是数字")
    return number


def _blank(text: str) -> bool:
    return text.strip().casefold() in BLANK


def _yes(text: str) -> bool:
    text = text.strip().casefold()
    try:
        return Decimal(text.replace(",", ".")) != 0
    except InvalidOperation:
        return text in YES

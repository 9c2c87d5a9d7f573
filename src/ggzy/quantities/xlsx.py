"""Bills as xlsx: one sheet, read and written with the standard library, cells as text, so that no float touches a price. Pure.

The layout: a header row with the columns below (other names of them are recognised), then one line per row; the first
column says the part. Rows before the header are skipped; empty rows too.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from xml.sax.saxutils import escape

from ggzy.kernel.refusals import BadInput
from ggzy.quantities import rules
from ggzy.quantities.dialects import item_of
from ggzy.quantities.rules import Bill, BillBroken, Item, Part
from ggzy.quantities.xml import MOST_BYTES, Element, read

COLUMNS: dict[str, tuple[str, ...]] = {
    "part": ("清单类别", "类别", "分部类别"),
    "code": ("项目编码", "清单编码", "编码"),
    "name": ("项目名称", "名称"),
    "features": ("项目特征", "项目特征描述", "特征"),
    "unit": ("计量单位", "单位"),
    "quantity": ("工程量", "数量", "工程数量"),
    "unit_price": ("综合单价", "综合单价(元)", "单价"),
    "amount": ("合价", "合价(元)", "金额", "合计"),
}
_PARTS = {
    **{p.label: p for p in Part},
    "分部分项": Part.DIVISIONAL,
    "措施": Part.MEASURES,
    "其他": Part.OTHER,
    "规费税金": Part.FEES,
}
_CELL = re.compile(r"^([A-Z]{1,3})([0-9]{1,7})$")
MOST_COLUMN = 64


def parse(data: bytes, *, title: str = "") -> Bill:
    """Return the bill on the first sheet; `title` is its name if the sheet says none above its header.

    :raises BillBroken: not an xlsx, no header row, or a cell that cannot be right (its row is named)
    """
    header: dict[int, str] = {}
    items: list[Item] = []
    part, named = Part.DIVISIONAL, ""
    for number, cells in sheet_rows(data):
        if not header:
            found = {
                c: k for c, text in cells.items() for k, names in COLUMNS.items() if _bare(text) in names
            }
            if {"name", "quantity"} <= set(found.values()):
                header = found
            elif not named and cells:
                named = next(iter(cells.values())).strip()[:200]
            continue
        given = {key: cells.get(column, "") for column, key in header.items()}
        if not any(value.strip() for value in given.values()):
            continue
        said = _bare(given.pop("part", ""))
        if said and said not in _PARTS:
            raise BillBroken(f"表格第{number}行: 清单类别“{said[:20]}”应为{'、'.join(p.label for p in Part)}")
        part = _PARTS.get(said, part)
        if len(items) >= rules.MOST_ITEMS:
            raise BillBroken(f"清单最多{rules.MOST_ITEMS}行")
        try:
            items.append(item_of(part, given, row=len(items) + 1))
        except (ValueError, BadInput) as wrong:
            raise BillBroken(f"表格第{number}行: {wrong}") from None
    if not header:
        raise BillBroken("没有找到表头, 表头应含: " + "、".join(names[0] for names in COLUMNS.values()))
    if not items:
        raise BillBroken("表头之下没有清单行")
    return Bill(title=named or title, items=tuple(items))


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text).replace("（", "(").replace("）", ")")


def _member(book: zipfile.ZipFile, name: str) -> Element | None:
    if name not in book.namelist():
        return None
    if book.getinfo(name).file_size > MOST_BYTES:
        raise BillBroken("表格文件解压后过大")
    return read(book.read(name))


def sheet_rows(data: bytes) -> Iterator[tuple[int, dict[int, str]]]:
    """Yield each row of the first sheet: its number, and its cells as texts by column from 1.

    :raises BillBroken: not an xlsx
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            sheets = sorted(n for n in book.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n))
            sheet = _member(book, sheets[0]) if sheets else None
            shared = _member(book, "xl/sharedStrings.xml")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError):
        raise BillBroken("不是可以读取的xlsx文件, 请另存为xlsx格式") from None
    if sheet is None:
        raise BillBroken("xlsx文件里没有工作表")
    words = [_text(s) for s in shared.all("si")] if shared else []
    for position, row in enumerate(sheet.all("row"), 1):
        given = row.attributes.get("r", "")
        cells: dict[int, str] = {}
        for place, cell in enumerate((c for c in row.children if c.name == "c"), 1):
            found = _CELL.match(cell.attributes.get("r", ""))
            column = _column(found[1]) if found else place
            if column <= MOST_COLUMN:
                cells[column] = _cell(cell, words)
        yield (int(given) if given.isdigit() and len(given) < 8 else position), cells


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _text(element: Element) -> str:
    """Return the text of a string; what only shows how it is pronounced is left out."""
    direct = element.first("t")
    runs = [t for r in element.children if r.name == "r" for t in r.children if t.name == "t"]
    return direct.text if direct and not runs else "".join(t.text for t in runs)


def _cell(cell: Element, words: list[str]) -> str:
    kind = cell.attributes.get("t", "n")
    if kind == "inlineStr":
        inside = cell.first("is")
        return _text(inside) if inside else ""
    value = cell.first("v")
    text = value.text if value else ""
    if kind == "s":
        return words[int(text)] if text.isdigit() and int(text) < len(words) else ""
    return _number(text) if kind == "n" and text else text


def _number(text: str) -> str:
    """Return a stored number as people typed it: the program stores 0.3 as 0.30000000000000004."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or number.copy_abs() >= Decimal(10) ** 15:
        return text
    digits = number.normalize().as_tuple().digits
    if len(digits) > 15:
        number = Decimal(f"{number:.14e}")
    return f"{number.normalize() + 0:f}"


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_FIXED = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>'
    '<sheet name="工程量清单" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def write(bill: Bill) -> bytes:
    """Return the bill as an xlsx in the layout that `parse` reads; the same bill gives the same bytes."""
    rows = [[bill.title or "工程量清单"], [names[0] for names in COLUMNS.values()]]
    rows += [
        [
            i.part.label,
            i.code,
            i.name,
            i.features,
            i.unit,
            _shown(i.quantity),
            _shown(i.unit_price),
            _shown(i.amount),
        ]
        for i in bill.items
    ]
    sheet = "".join(_sheet_row(n, row) for n, row in enumerate(rows, 1))
    members = _FIXED | {
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData></worksheet>'
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in members.items():
            book.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), _HEAD + text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _shown(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}"


def _sheet_row(number: int, row: list[str]) -> str:
    cells = "".join(
        _sheet_cell(f"{chr(64 + c)}{number}", text, numeric=number > 2 and c > 5)
        for c, text in enumerate(row, 1)
    )
    return f'<row r="{number}">{cells}</row>'


def _sheet_cell(place: str, text: str, *, numeric: bool) -> str:
    if not text:
        return f'<c r="{place}"/>'
    if numeric:
        return f'<c r="{place}"><v>{text}</v></c>'
    clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(clean)}</t></is></c>'

"""Four XML vocabularies of bills, each one table: element and attribute names → our model. Pure.

The tables were written from memory of the families of vocabularies that provinces use (attributes against child elements,
Chinese names against pinyin and English ones). None was held against an official schema: status M, see the README.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from ggzy.kernel.refusals import BadInput
from ggzy.quantities import rules
from ggzy.quantities.rules import Bill, BillBroken, Item, Part
from ggzy.quantities.xml import Element, read


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """A vocabulary: its root, where the title stands, the element of each part's lines, and the names of fields."""

    code: str
    label: str
    root: str
    title: str
    lines: Mapping[Part, tuple[str, str]]
    fields: Mapping[str, str]
    #: fields are attributes of the line, or else its child elements
    attributes: bool


_ATTRIBUTES_PINYIN = Dialect(
    code="jiangsu",
    label="江苏式(拼音属性)",
    root="JingJiBiao",
    title="XiangMuMingCheng",
    lines={
        Part.DIVISIONAL: ("FenBuFenXi", "QdMx"),
        Part.MEASURES: ("CuoShiXiangMu", "CsMx"),
        Part.OTHER: ("QiTaXiangMu", "QtMx"),
        Part.FEES: ("GuiFeiShuiJin", "GfSjMx"),
    },
    fields={
        "code": "Qdbm",
        "name": "Mc",
        "features": "Xmtz",
        "unit": "Dw",
        "quantity": "Sl",
        "unit_price": "Zhdj",
        "amount": "Zhhj",
    },
    attributes=True,
)
_CHINESE_ELEMENTS = Dialect(
    code="zhejiang",
    label="浙江式(中文元素)",
    root="建设工程计价数据",
    title="工程名称",
    lines={
        Part.DIVISIONAL: ("分部分项清单", "清单项目"),
        Part.MEASURES: ("措施清单", "措施项目"),
        Part.OTHER: ("其他清单", "其他项目"),
        Part.FEES: ("规费税金清单", "费用项目"),
    },
    fields={
        "code": "项目编码",
        "name": "项目名称",
        "features": "项目特征",
        "unit": "计量单位",
        "quantity": "工程量",
        "unit_price": "综合单价",
        "amount": "合价",
    },
    attributes=False,
)
_ENGLISH_ATTRIBUTES = Dialect(
    code="guangdong",
    label="广东式(英文属性)",
    root="ConstructProject",
    title="Name",
    lines={
        Part.DIVISIONAL: ("DivisionalWorks", "WorkElement"),
        Part.MEASURES: ("MeasuresWorks", "MeasureElement"),
        Part.OTHER: ("OtherWorks", "OtherElement"),
        Part.FEES: ("StatutoryFees", "FeeElement"),
    },
    fields={
        "code": "Code",
        "name": "Name",
        "features": "Attr",
        "unit": "Unit",
        "quantity": "Quantity",
        "unit_price": "Price",
        "amount": "Total",
    },
    attributes=True,
)
_CHINESE_ATTRIBUTES = Dialect(
    code="national",
    label="国标式(中文属性)",
    root="工程量清单",
    title="名称",
    lines={
        Part.DIVISIONAL: ("分部分项工程", "清单项"),
        Part.MEASURES: ("措施项目", "措施项"),
        Part.OTHER: ("其他项目", "其他项"),
        Part.FEES: ("规费和税金", "费用项"),
    },
    fields={
        "code": "编码",
        "name": "名称",
        "features": "特征",
        "unit": "单位",
        "quantity": "数量",
        "unit_price": "单价",
        "amount": "合价",
    },
    attributes=True,
)
DIALECTS: tuple[Dialect, ...] = (
    _ATTRIBUTES_PINYIN,
    _CHINESE_ELEMENTS,
    _ENGLISH_ATTRIBUTES,
    _CHINESE_ATTRIBUTES,
)


def parse(data: bytes) -> tuple[Bill, Dialect]:
    """Return the bill in an XML file, and the vocabulary it was written in: recognised by its root.

    :raises BillBroken: not readable, no known root, a value that is none; the sentence names part and line
    """
    root = read(data)
    dialect = next((d for d in DIALECTS if d.root == root.name), None)
    if dialect is None:
        known = "、".join(f"<{d.root}>{d.label}" for d in DIALECTS)
        raise BillBroken(f"不认识根元素<{root.name[:40]}>, 可以导入: {known}")
    items = [item for part in Part for item in _lines(root, dialect, part)]
    if not 1 <= len(items) <= rules.MOST_ITEMS:
        raise BillBroken(f"清单应有1至{rules.MOST_ITEMS}行, 读到{len(items)}行")
    numbered = tuple(replace(item, row=n) for n, item in enumerate(items, 1))
    try:
        title = rules.words(_value(root, dialect.title, attributes=dialect.attributes), 200)
    except ValueError as wrong:
        raise BillBroken(f"清单名称: {wrong}") from None
    return Bill(title=title, items=numbered), dialect


def _value(element: Element, name: str, *, attributes: bool) -> str:
    if attributes:
        return element.attributes.get(name, "")
    child = element.first(name)
    return child.text if child else ""


def _lines(root: Element, dialect: Dialect, part: Part) -> Iterator[Item]:
    group, line = dialect.lines[part]
    for number, row in enumerate((r for g in root.all(group) for r in g.all(line)), 1):
        given = {k: _value(row, v, attributes=dialect.attributes) for k, v in dialect.fields.items()}
        try:
            yield item_of(part, given, row=number)
        except (ValueError, BadInput) as wrong:
            raise BillBroken(f"{part.label}第{number}行: {wrong}") from None


def item_of(part: Part, given: Mapping[str, str], *, row: int) -> Item:
    """Return a line from its cells as text; a quantity of a lump sum is left out when it says nothing.

    :raises ValueError: a number or a text that cannot be one
    """
    quantity = rules.quantity(given.get("quantity"))
    lump = part in {Part.OTHER, Part.FEES} and quantity in {None, Decimal(0), Decimal(1)}
    asked = rules.price(given.get("unit_price"))
    amount = rules.price(given.get("amount"))
    return Item(
        row=row,
        part=part,
        code=rules.words(given.get("code"), 40),
        name=rules.words(given.get("name"), 300),
        features=rules.words(given.get("features"), 3000),
        unit=rules.words(given.get("unit"), 30),
        quantity=None if lump else quantity,
        unit_price=None if lump else asked,
        amount=(amount if amount is not None else asked) if lump else amount,
    )

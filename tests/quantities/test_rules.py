"""Bills: arithmetic, comparison, the four vocabularies, xlsx, and files that mean harm. Pure."""

import io
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.quantities import dialects, rules, xlsx
from ggzy.quantities.rules import Bill, BillBroken, Item, Part
from ggzy.quantities.xml import read

pytestmark = pytest.mark.pure


def item(row: int, code: str = "", **more: Any) -> Item:
    given: dict[str, Any] = {
        "row": row,
        "part": Part.DIVISIONAL,
        "code": code or f"01010100100{row}",
        "name": f"项目{row}",
        "features": "三类土",
        "unit": "m3",
        "quantity": Decimal("10.5"),
    }
    return Item(**given | more)


def bill(*items: Item, total: Decimal | None = None) -> Bill:
    return Bill(title="测试清单", items=items, total=total)


LUMP = item(9, "暂列", part=Part.OTHER, quantity=None, unit="项", amount=Decimal("100.00"))


def codes(found: list[rules.Problem]) -> list[str]:
    return [p.code for p in found]


def test_a_line_rounds_half_up_and_the_parts_add_up() -> None:
    """1.5 × 0.67 is exactly 1.005: banker's rounding would say 1.00."""
    one = item(1, quantity=Decimal("1.5"), unit_price=Decimal("0.67"))
    assert one.computed == Decimal("1.01")
    found = rules.sums(bill(one, LUMP))
    assert (found.parts[Part.DIVISIONAL], found.parts[Part.OTHER], found.total) == (
        Decimal("1.01"),
        Decimal("100.00"),
        Decimal("101.01"),
    )


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"code": "01010100100"}, "code"),
        ({"code": "01010100100x"}, "code"),
        ({"name": ""}, "name"),
        ({"unit": ""}, "unit"),
        ({"quantity": None}, "quantity"),
        ({"quantity": Decimal(0)}, "quantity"),
        ({"features": ""}, "features"),
    ],
)
def test_a_line_that_cannot_be_right_is_named(wrong: dict[str, Any], code: str) -> None:
    assert codes(rules.problems(bill(item(1, **wrong)))) == [code]


def test_a_code_stands_once() -> None:
    twice = bill(item(1, "010101001001"), item(2, "010101001001"))
    assert codes(rules.problems(twice)) == ["code_twice"]
    assert rules.problems(bill(item(1), item(2), LUMP)) == []


def test_prices_are_checked_line_by_line() -> None:
    lines = bill(
        item(1, unit_price=Decimal("2"), amount=Decimal("21.00")),
        item(2, unit_price=Decimal("2"), amount=Decimal("20.99")),
        item(3),
        item(4, unit_price=Decimal("-1")),
        item(5, unit_price=Decimal("0")),
        total=Decimal("1"),
    )
    assert codes(rules.price_problems(lines)) == ["line", "no_price", "negative", "zero", "total"]


def test_a_priced_bill_is_held_against_the_tenders() -> None:
    tendered = bill(item(1), item(2), item(3))
    offered = bill(
        item(1, unit_price=Decimal("1")),
        item(2, unit_price=Decimal("1"), quantity=Decimal("10")),
        item(4, unit_price=Decimal("1")),
    )
    found = rules.compare(tendered, offered, bid_price=Decimal("31.00"))
    assert codes(found) == ["changed_quantity", "missing", "added"]
    assert "bid_price" in codes(rules.compare(tendered, offered, bid_price=Decimal("31.01")))
    right = bill(*(item(n, unit_price=Decimal("1")) for n in (1, 2, 3)))
    assert rules.compare(tendered, right, bid_price=Decimal("31.50")) == []
    rules.self_check(tendered, right, bid_price="31.50")
    with pytest.raises(BillBroken, match="31.50"):
        rules.self_check(tendered, right, bid_price="30")


def test_an_unbalanced_price_is_pointed_at_among_three_offers_only() -> None:
    def offer(price: str) -> Bill:
        return bill(item(1, unit_price=Decimal(price)), item(2, unit_price=Decimal("10")))

    three = {"甲": offer("10"), "乙": offer("11"), "丙": offer("30")}
    assert {b: codes(p) for b, p in rules.unbalanced(three).items()} == {
        "甲": [],
        "乙": [],
        "丙": ["unbalanced"],
    }
    assert rules.unbalanced({"甲": offer("1"), "乙": offer("99")}) == {"甲": [], "乙": []}


amounts = st.decimals("0", "99999999", places=2)
lines = st.lists(st.tuples(st.decimals("0.001", "99999", places=3), amounts), min_size=1, max_size=9)


@given(lines)
def test_a_bill_survives_json_and_xlsx_and_its_hash_knows_no_price(
    rows: list[tuple[Decimal, Decimal]],
) -> None:
    made = bill(*(item(n, quantity=rules.quantity(q), unit_price=p) for n, (q, p) in enumerate(rows, 1)))
    assert rules.read(made.as_json()) == made
    back = xlsx.parse(xlsx.write(made))
    assert back == made
    assert made.sha256 == rules.emptied(made).sha256 == back.sha256
    assert rules.price_problems(rules.filled(made)) == rules.price_problems(made)


def _book(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_table_made_elsewhere_is_read_by_its_header() -> None:
    head = ["序号", "项目编码", "项目名称", "项目特征描述", "单位", "工程数量", "综合单价（元）", "类别"]
    data = _book(
        [
            ["某工程清单"],
            head,
            [1, "010101001001", "平整场地", "三类土", "m2", 0.1 + 0.2, 12.5, "分部分项"],
            [None] * 8,
            [2, "", "暂列金额", "", "项", 1, 5000, "其他项目"],
        ]
    )
    read_ = xlsx.parse(data)
    assert [(i.part, i.name, i.quantity, i.computed) for i in read_.items] == [
        (Part.DIVISIONAL, "平整场地", Decimal("0.3"), Decimal("3.75")),
        (Part.OTHER, "暂列金额", None, Decimal("5000.00")),
    ]
    assert read_.title == "某工程清单"


def test_what_we_write_another_program_reads() -> None:
    made = bill(item(1, unit_price=Decimal("2.50")), LUMP)
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx.write(made))).active
    assert [c.value for c in sheet[3]][1:7] == ["010101001001", "项目1", "三类土", "m3", 10.5, 2.5]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([["随便"], ["没有表头"]], "表头"),
        ([["项目名称", "工程量"]], "没有清单行"),
        ([["项目名称", "工程量"], ["土方", "很多"]], "第2行"),
        ([["类别", "项目名称", "工程量"], ["怪", "土方", 1]], "清单类别"),
    ],
)
def test_a_table_that_cannot_be_read_says_where(rows: list[list[Any]], says: str) -> None:
    with pytest.raises(BillBroken, match=says):
        xlsx.parse(_book(rows))


def _sample(d: dialects.Dialect) -> bytes:
    def line(part: Part, values: dict[str, str]) -> str:
        name = d.lines[part][1]
        if d.attributes:
            return f"<{name} " + " ".join(f'{d.fields[k]}="{v}"' for k, v in values.items()) + "/>"
        return (
            f"<{name}>"
            + "".join(f"<{d.fields[k]}>{v}</{d.fields[k]}>" for k, v in values.items())
            + f"</{name}>"
        )

    earth = {
        "code": "010101001001",
        "name": "平整场地",
        "features": "三类土",
        "unit": "m2",
        "quantity": "120.50",
        "unit_price": "3.20",
    }
    tax = {"name": "税金", "amount": "34.70"}
    inner = "".join(
        f"<{d.lines[p][0]}>{line(p, v)}</{d.lines[p][0]}>"
        for p, v in ((Part.DIVISIONAL, earth), (Part.FEES, tax))
    )
    head = f'<{d.root} {d.title}="样例">' if d.attributes else f"<{d.root}><{d.title}>样例</{d.title}>"
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}{inner}</{d.root}>'.encode()


@pytest.mark.parametrize("dialect", dialects.DIALECTS, ids=lambda d: d.code)
def test_each_vocabulary_gives_the_same_bill(dialect: dialects.Dialect) -> None:
    made, found = dialects.parse(_sample(dialect))
    assert found is dialect and made.title == "样例"
    assert [(i.part, i.code, i.quantity) for i in made.items] == [
        (Part.DIVISIONAL, "010101001001", Decimal("120.5")),
        (Part.FEES, "", None),
    ]
    assert rules.sums(made).total == Decimal("420.30")
    assert made.sha256 == dialects.parse(_sample(dialects.DIALECTS[0]))[0].sha256


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * 60 + b"</a>" * 60,
        b"<a><b></a>",
        b"",
        b"\xff\xfe<",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
    ],
)
def test_xml_that_means_harm_is_refused(data: bytes) -> None:
    with pytest.raises(BillBroken):
        read(data)


def test_an_unknown_root_and_a_broken_zip_are_refused() -> None:
    with pytest.raises(BillBroken, match="不认识"):
        dialects.parse(b"<html/>")
    for data in (b"PK\x03\x04", b"", xlsx.write(bill(item(1)))[:-30]):
        with pytest.raises(BillBroken):
            xlsx.parse(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (xlsx.parse, dialects.parse):
        with pytest.raises(BillBroken):
            parse(data)

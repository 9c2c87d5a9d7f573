"""What stands on a paper, and the print of many: pure."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
)

from ggzy.papers import rules
from ggzy.papers.printing import print_pack, sorted_box
from ggzy.ui.documents import _code, paper_pdf

pytestmark = pytest.mark.pure

NINE = datetime(2026, 3, 24, 1, 30, 5, tzinfo=UTC)
PLACE = rules.Place(
    tender="训练工程", lot="一标段", number=2, deal_code="A01-X", tenderee="训练市城市建设投资有限公司"
)


def _bid(name: str, **more: Any) -> dict[str, Any]:
    bid = {
        "bidder": name,
        "state": "opened",
        "reason": "",
        "price": "9120000.00",
        "duration_days": 300,
        "quality": "合格",
        "manager": {"name": "赵强"},
        "members": [],
    }
    return bid | more


RECORD = {
    "bid_deadline": NINE.isoformat(),
    "opened_at": NINE.isoformat(),
    "bids": [
        _bid("甲公司", members=["己公司"]),
        _bid(
            "乙公司",
            state="revoked",
            reason="未解密",
            price=None,
            duration_days=None,
            quality=None,
            manager=None,
        ),
    ],
    "objections": [{"text": "工期有误", "answer": "以投标文件为准"}],
}


def test_the_opening_table_says_what_the_record_says() -> None:
    made = rules.opening_table(RECORD, place=PLACE, host="代理公司", ended_at=NINE)
    rows = made.tables[0].rows
    assert rows[0] == (
        "1",
        "甲公司（联合体: 己公司）",
        "9,120,000.00",
        "300",
        "合格",
        "赵强",
        "已解密",
    )
    assert rows[1] == ("2", "乙公司", "—", "—", "—", "—", "视为撤销: 未解密")
    assert ("标段", "一标段（第2次招标）") in made.facts
    assert ("投标截止", "2026-03-24 09:30:05") in made.facts
    assert made.lines == ("异议: 工期有误　答复: 以投标文件为准",)
    assert all(len(row) == len(made.tables[0].columns) == len(made.tables[0].widths) for row in rows)


def test_who_did_something_with_a_certificate_took_part() -> None:
    made = rules.opening_sign_in(
        [
            rules.Present(bidder="甲", checked_in_at=None, released_at=NINE, confirmed_at=None),
            rules.Present(bidder="乙", checked_in_at=None, released_at=None, confirmed_at=NINE),
            rules.Present(bidder="丙", checked_in_at=NINE, released_at=None, confirmed_at=None),
            rules.Present(bidder="丁", checked_in_at=None, released_at=None, confirmed_at=None),
        ],
        place=PLACE,
        host="招标人",
        opened_at=NINE,
        ended_at=NINE,
    )
    assert [row[2] for row in made.tables[0].rows] == ["在线参加", "在线参加", "在线参加", "未参加"]


def test_the_committees_sheet_has_codes_only() -> None:
    made = rules.committee_sign_in(
        [rules.Seat(code="评委07", kind="expert", checked_in_at=NINE, left=True)],
        place=PLACE,
        issuer="招标人",
        sitting=1,
        started_at=NINE,
    )
    assert made.tables[0].rows == (("1", "评委07", "评标专家", "2026-03-24 09:30:05", "回避, 已更换"),)


def test_a_letter_names_its_reader_and_the_winner() -> None:
    made = rules.result_letter(
        to="乙公司", winner="甲公司", price=Decimal("9120000"), sent_at=NINE, place=PLACE
    )
    assert made.to == "乙公司" and ("中标价", "9,120,000.00元") in made.facts
    assert made.issuer == PLACE.tenderee and made.day == "2026年3月24日"


@pytest.mark.parametrize("kind", rules.Kind)
def test_every_kind_has_a_name_and_a_clause(kind: rules.Kind) -> None:
    assert kind.label and "第" in str(kind.basis)
    assert kind.tenderee_only is (kind is rules.Kind.RESULT_LETTER)


def test_the_code_is_an_image_of_the_address(settings: Any) -> None:
    settings.PUBLIC_ADDRESS = "https://ggzy.example"
    code = _code("ab" * 16)
    assert code["address"] == "https://ggzy.example/v/" + "ab" * 16
    assert code["svg"].startswith('<svg xmlns="http://www.w3.org/2000/svg"')


def _text(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_a_preview_says_that_it_is_not_sealed_and_has_no_code() -> None:
    content = rules.opening_table(RECORD, place=PLACE, host="招标人", ended_at=NINE).as_json()
    preview = _text(paper_pdf(content=content, code="", at=NINE, unsealed=True))
    assert "尚未签章" in preview and "扫码核验" not in preview and "9,120,000.00" in preview
    paper = _text(paper_pdf(content=content, code="ab" * 16, at=NINE))
    assert "尚未签章" not in paper and "/v/" + "ab" * 16 in paper


def _with_field() -> bytes:
    """Return a page with one field whose box is written from its upper left corner, as some writers do."""
    writer = PdfWriter()
    page = writer.add_blank_page(200, 200)
    body = DecodedStreamObject()
    body.set_data(b"0 0 1 rg 10 10 5 5 re f")
    page[NameObject("/Contents")] = writer._add_object(body)
    look = DecodedStreamObject()
    look.set_data(b"1 0 0 rg 0 0 100 50 re f")
    look[NameObject("/Type")], look[NameObject("/Subtype")] = NameObject("/XObject"), NameObject("/Form")
    look[NameObject("/BBox")] = ArrayObject([NumberObject(n) for n in (0, 50, 100, 0)])
    field = DictionaryObject(
        {
            NameObject("/Subtype"): NameObject("/Widget"),
            NameObject("/Rect"): ArrayObject([FloatObject(n) for n in (20, 30, 120, 130)]),
            NameObject("/AP"): DictionaryObject({NameObject("/N"): writer._add_object(look)}),
        }
    )
    page[NameObject("/Annots")] = ArrayObject([writer._add_object(field)])
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_print_draws_the_seal_where_it_stands() -> None:
    made = PdfReader(BytesIO(print_pack([_with_field(), _with_field()])))
    assert len(made.pages) == 2
    for page in made.pages:
        assert "/Annots" not in page
        drawn = page.get_contents().get_data().decode()
        # the box of 100 × 50 fills the field of 100 × 100, upright
        assert "q 1.00000 0 0 2.00000 20.00000 30.00000 cm /Seal0 Do Q" in drawn
        assert "/Seal0" in page["/Resources"]["/XObject"]


def test_a_box_may_be_given_by_any_two_corners() -> None:
    corners = [NumberObject(n) for n in (9, 60, 1, 0)]
    assert sorted_box(corners) == (1, 0, 9, 60)

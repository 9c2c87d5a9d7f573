"""Dark bids: nothing but the pages is left of a file, what could tell is found, and no two members know a bid by one code."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Link
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from ggzy.evaluation import darkness
from ggzy.kernel.refusals import BadInput
from tests.identity.test_seals import page

pytestmark = pytest.mark.pure

OWNER = "甲建工集团有限公司"


def _telling() -> bytes:
    """Return a PDF that tells whose it is in every place that is not its pages."""
    writer = PdfWriter(clone_from=io.BytesIO(page("Method statement: formwork, 13800138000")))
    writer.add_metadata({"/Author": "secret-author", "/Producer": "secret-producer"})
    writer.add_attachment("secret-file.txt", b"secret-content")
    script = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject("app.alert('secret-script')")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject(key): value for key, value in script.items()}
    )
    writer.add_outline_item("secret-outline", 0)
    writer.add_annotation(0, FreeText(text="secret-note", rect=(5, 5, 100, 20)))
    writer.add_annotation(0, Link(rect=(5, 5, 100, 20), url="https://secret.example/"))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_only_the_pages_are_left() -> None:
    before, after = _telling(), darkness.stripped(_telling())
    assert b"secret" in before
    assert b"secret" not in after and b"/Author" not in after and b"/Metadata" not in after
    read = PdfReader(io.BytesIO(after))
    assert "formwork" in read.pages[0].extract_text()
    assert not read.outline and not read.attachments and "/Annots" not in read.pages[0]
    assert not read.metadata or "/Author" not in read.metadata


def test_what_is_no_pdf_or_locked_is_said() -> None:
    for data in (b"", b"PK\x03\x04", page("x")[:200]):
        with pytest.raises(darkness.NotReadable):
            darkness.stripped(data)
    writer = PdfWriter(clone_from=io.BytesIO(page("x")))
    writer.encrypt("password")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(darkness.NotReadable, match="密码"):
        darkness.stripped(out.getvalue())


def test_telling_text_is_found_with_its_page() -> None:
    found = darkness.leaks(
        page("Call 13800138000 or mail a\\@b.cn #pagebreak() Builder Zhao"), names=["Zhao", "", "x"]
    )
    assert [(f["page"], f["says"]) for f in found] == [
        (1, "出现电话号码"),
        (1, "出现电子邮箱"),
        (2, "出现单位或人员名称"),
    ]
    assert darkness.leaks(page("Quality plan 2026-11-30, 1234567890123"), names=[OWNER]) == []


@given(st.lists(st.text("0123456789abcdef", min_size=8, max_size=8), min_size=1, max_size=40, unique=True))
def test_every_member_has_codes_of_its_own(bids: list[str]) -> None:
    one, other = (darkness.codes(bids, salt=b"s" * 32, member=m) for m in ("评委01", "评委02"))
    assert sorted(one.values()) == sorted(other.values()) == sorted(bids)
    assert one == darkness.codes(list(reversed(bids)), salt=b"s" * 32, member="评委01")
    if len(bids) > 6:
        assert list(one.values()) != list(other.values())


def test_dark_items_come_by_code_and_the_others_by_bid() -> None:
    codes = {"T-AAAA": "b1", "T-BBBB": "b2"}
    sheet = {"T-AAAA": {"plan": "8"}, "T-BBBB": {"plan": "7"}, "b1": {"deeds": "5"}, "b2": {"deeds": "4"}}
    assert darkness.merged(sheet, codes=codes, dark=["plan"], open_=["deeds"]) == {
        "b1": {"plan": "8", "deeds": "5"},
        "b2": {"plan": "7", "deeds": "4"},
    }
    for wrong in ({"b1": {"plan": "8"}}, {"T-AAAA": {"deeds": "8"}}):
        with pytest.raises(BadInput, match="暗标"):
            darkness.merged(wrong, codes=codes, dark=["plan"], open_=["deeds"])

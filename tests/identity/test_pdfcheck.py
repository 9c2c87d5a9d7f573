"""What is said of the seals in any PDF: good ones, changed ones, strangers', added pages, and files that are none."""

import io
import zipfile
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from ggzy.identity.pdfcheck import MOST_BYTES, check_pdf, what_is_it
from ggzy.identity.training_ca import TrainingCA
from ggzy.kernel.refusals import BadInput
from tests.identity.people import certified
from tests.identity.test_seals import look, pdf, sealed  # noqa: F401

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def check(data, ca):
    return check_pdf(data, anchors=(ca.certificate,), at=NOW)


def test_a_seal_of_ours_is_good_and_names_its_maker(pdf, look, someone, ca):  # noqa: F811
    (found,) = check(sealed(pdf, look, someone, ca)[1], ca)
    assert (found.good, found.intact, found.trusted, found.whole, found.trouble) == (
        True,
        True,
        True,
        True,
        "",
    )
    assert found.organisation == "济南某建设有限公司"
    assert found.uscc == "91370100M00000001A"
    assert found.person == "张三"
    assert found.reason == "签发中标通知书"


def test_the_first_of_two_seals_still_counts(pdf, look, p256, rsa2048, ca):  # noqa: F811
    first = sealed(pdf, look, p256, ca)[1]
    both = sealed(first, look, rsa2048, ca, field="Seal2", box=(180, 40, 300, 160))[1]
    one, two = check(both, ca)
    assert one.good and not one.whole and one.later == "signatures"
    assert two.good and two.whole


@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_one_changed_byte_is_seen(pdf, look, p256, ca, place):  # noqa: F811
    made = bytearray(sealed(pdf, look, p256, ca)[1])
    made[int(place * len(pdf))] ^= 1
    try:
        found = check(bytes(made), ca)
    except BadInput as no:
        assert "损坏" in no.message
    else:
        assert not any(seal.good for seal in found)


def test_what_is_added_after_the_seal_is_seen(pdf, look, p256, ca):  # noqa: F811
    writer = IncrementalPdfFileWriter(BytesIO(sealed(pdf, look, p256, ca)[1]))
    page, _ = writer.find_page_for_modification(0)
    over = StreamObject(stream_data=b"0 0 1 rg 10 10 200 200 re f")
    page.get_object()["/Contents"] = writer.add_object(over)
    writer.update_container(page.get_object())
    out = BytesIO()
    writer.write(out)
    (found,) = check(out.getvalue(), ca)
    assert found.intact and not found.whole and found.later == "changes" and not found.good
    assert "增加了内容" in found.trouble


def test_a_strangers_seal_is_whole_and_not_believed(pdf, look, ca, tmp_path):  # noqa: F811
    other = TrainingCA(tmp_path / "other")
    (found,) = check(sealed(pdf, look, certified(other, "P-256"), other)[1], ca)
    assert found.intact and found.whole and not found.trusted and not found.good
    assert "不在本平台的信任列表" in found.trouble


def test_a_pdf_without_seals_has_none(pdf, ca):  # noqa: F811
    assert check(pdf, ca) == []


def ofd() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("OFD.xml", "<ofd/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "不是PDF"),
        (b"hello", "不是PDF"),
        (b"%PDF-1.7\n" + b"x" * 500, "损坏"),
        (b"%PDF-1.7\n%%EOF", "损坏"),
        (ofd(), "不是PDF"),
        (b"%PDF-" + b"0" * MOST_BYTES, "超过30MB"),
    ],
)
def test_what_cannot_be_checked_is_said_in_words(ca, data, says):
    with pytest.raises(BadInput) as no:
        check(data, ca)
    assert says in no.value.message


def test_the_kind_is_told_by_the_content():
    assert (what_is_it(b"  %PDF-1.4"), what_is_it(ofd()), what_is_it(b"PK\x03\x04")) == ("pdf", "ofd", "")

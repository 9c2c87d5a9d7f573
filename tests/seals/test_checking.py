"""What is said of seals in OFD, of stamps and seal signatures, and of SM2 in PDF: good, changed, strangers', and attacks refused."""

import contextlib
import hashlib
import io
import os
import subprocess
import zipfile
from datetime import UTC, datetime

import pytest

from ggzy.identity import sm2
from ggzy.identity.sm2_ca import Sm2CA
from ggzy.kernel.refusals import BadInput
from ggzy.seals import ofd, ses
from ggzy.seals.checking import check, kind_of
from tests.seals import gm
from tests.seals.conftest import NOW, Sm2Person, lasting, sealed, seals_valid

pytestmark = pytest.mark.pure


@pytest.fixture(scope="module")
def maker(sm2_ca):
    return Sm2Person(sm2_ca)


@pytest.fixture
def judge(ca, sm2_ca):
    def look(data):
        cas = (ca.certificate, sm2_ca.root, sm2_ca.issuing)
        return check(data, cas=cas, clocks=(ca.certificate,), at=NOW)

    return look


@pytest.mark.parametrize("version", [4, 1])
def test_a_sealed_ofd_is_good(judge, sm2_person, maker, version):
    report = judge(gm.ofd(sm2_person, maker, version=version))
    (found,) = report.seals
    assert report.good and report.kind == "ofd", found
    assert (found.organisation, found.person, found.uscc) == (
        "济南某建设有限公司",
        "张三",
        "91370100M00000001A",
    )
    assert found.seal_name == "济南某建设有限公司公章" and found.said_at == NOW
    assert found.stamped_at is None and any("没有时间戳" in one for one in found.not_checked)


def test_a_stamp_that_lists_digests_of_certificates_is_good(judge, sm2_person, maker):
    assert judge(gm.ofd(sm2_person, maker, digests=True)).good


def test_a_timestamp_in_an_ofd_seal_counts(judge, sm2_person, maker, tsa):
    (found,) = judge(gm.ofd(sm2_person, maker, clock=tsa)).seals
    assert (found.stamped_at, found.stamped_by) == (NOW, "OpenGGZY 训练时间戳(演示)")


@pytest.mark.parametrize("name", ["OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml"])
def test_a_changed_file_of_an_ofd_is_seen(judge, sm2_person, maker, name):
    data = gm.FILES[name].encode().replace(b"2016", b"2016 ") + b"<!-- -->"
    if name == "OFD.xml":
        data = gm.FILES[name].encode() + b"<!-- -->"
    (found,) = judge(gm.ofd(sm2_person, maker, change={name: data})).seals
    assert not found.intact and not found.good and "被改动过" in found.trouble and name in found.trouble


def test_a_changed_description_is_seen(judge, sm2_person, maker):
    """Somebody changes a page and its digest in Signature.xml: the signed digest of that file no longer fits."""
    whole = zipfile.ZipFile(io.BytesIO(gm.ofd(sm2_person, maker)))
    name = "Doc_0/Signs/Sign_0/Signature.xml"
    (found,) = judge(gm.ofd(sm2_person, maker, change={name: whole.read(name) + b"\n"})).seals
    assert not found.intact and "描述文件被改动" in found.trouble


def test_a_file_that_was_added_is_named(judge, sm2_person, maker):
    (found,) = judge(gm.ofd(sm2_person, maker, more={"Doc_0/Pages/Page_1/Content.xml": b"<x/>"})).seals
    assert found.intact and not found.whole and not found.good and "Page_1" in found.trouble


def test_a_page_left_out_of_the_references_is_named(judge, sm2_person, maker):
    (found,) = judge(gm.ofd(sm2_person, maker, leave_out=["Doc_0/Pages/Page_0/Content.xml"])).seals
    assert not found.good and "Page_0" in found.trouble


def test_an_old_digest_does_not_count(judge, sm2_person, maker):
    (found,) = judge(gm.ofd(sm2_person, maker, method="MD5")).seals
    assert not found.good and "不予采信" in found.trouble


def test_a_stamp_used_with_another_certificate_is_no_good(judge, sm2_person, maker, sm2_ca):
    made = gm.stamp(maker, [Sm2Person(sm2_ca)])
    (found,) = judge(gm.signature(sm2_person, made, bytes(32))).seals
    assert not found.intact and "签章证书不在印章允许使用的证书列表里" in found.checked


def test_a_stamp_out_of_its_time_is_no_good(judge, sm2_person, maker):
    end = datetime(2026, 7, 1, tzinfo=UTC)
    (found,) = judge(gm.ofd(sm2_person, maker, end=end)).seals
    assert not found.good and "签章时印章不在有效期内" in found.checked


def test_strangers_are_intact_and_not_believed(ca, sm2_person, maker, tmp_path):
    other = Sm2CA(tmp_path / "other")
    report = check(
        gm.ofd(sm2_person, maker), cas=(ca.certificate, other.root, other.issuing), clocks=(), at=NOW
    )
    (found,) = report.seals
    assert found.intact and found.whole and not found.trusted and not report.good
    assert "身份在这里无法确认" in found.trouble


def test_a_stamp_and_a_signature_alone_are_told_apart(judge, sm2_person, maker):
    made = gm.stamp(maker, [sm2_person])
    assert (kind_of(made), kind_of(gm.signature(sm2_person, made, bytes(32)))) == ("stamp", "signature")
    report = judge(made)
    assert not report.good and report.seals[0].intact and report.seals[0].trusted
    report = judge(gm.signature(sm2_person, made, bytes(32)))
    assert not report.good and "没有原文" in report.seals[0].trouble
    old = gm.stamp(maker, [sm2_person], version=1)
    assert judge(old).seals[0].intact


@pytest.mark.parametrize("version", [4, 1])
def test_every_changed_byte_of_a_seal_signature_is_seen(judge, sm2_person, maker, version):
    data = gm.signature(
        sm2_person, gm.stamp(maker, [sm2_person], version=version), bytes(32), version=version
    )
    for at in range(0, len(data), 23):
        changed = bytearray(data)
        changed[at] ^= 0x01
        try:
            (found,) = judge(bytes(changed)).seals
        except BadInput:
            continue
        assert not (found.intact and found.trusted), at


def test_openssl_agrees_on_the_bytes_that_were_signed(sm2_person, maker, tmp_path):
    """An independent check of the structure: OpenSSL verifies the maker's signature over the info that we cut out."""
    made = gm.stamp(maker, [sm2_person])
    read = ses.StampV4.load(made)
    (tmp_path / "info").write_bytes(read["info"].dump())
    (tmp_path / "sig").write_bytes(ses._bits(read["signature"]))
    from asn1crypto import pem

    (tmp_path / "key").write_bytes(pem.armor("PUBLIC KEY", sm2.key_info(maker.pair.public).dump()))
    run = subprocess.run(
        [
            "openssl",
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            "key",
            "-in",
            "info",
            "-rawin",
            "-digest",
            "sm3",
            "-sigfile",
            "sig",
            "-pkeyopt",
            "distid:1234567812345678",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "Verified Successfully" in run.stdout, run.stderr


BOMB = b"0" * (60 * 1024 * 1024)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"OFD.xml": gm.FILES["OFD.xml"].encode(), "bomb": BOMB}, "压缩炸弹"),
        ({"OFD.xml": gm.FILES["OFD.xml"].encode(), "../../etc/passwd": b"x"}, "包外"),
        ({"OFD.xml": gm.FILES["OFD.xml"].encode(), "/etc/passwd": b"x"}, "包外"),
        ({"OFD.xml": gm.FILES["OFD.xml"].encode(), "a\\b": b"x"}, "包外"),
        ({"OFD.xml": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'}, "XML实体"),
        ({"OFD.xml": b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'}, "XML实体"),
        ({"OFD.xml": b"<a"}, "不是有效的XML"),
        ({"OFD.xml": gm.FILES["OFD.xml"].encode()}, "缺少文件"),
        ({"OFD.xml": gm.FILES["OFD.xml"].replace("/Doc_0/Signs", "/../Signs").encode()}, "包外"),
        ({"OFD.xml": b"<a/>", **{f"f{n}": b"" for n in range(ofd.MOST_FILES)}}, "超过2000个"),
    ],
)
def test_attacks_are_refused_each_with_its_sentence(judge, files, says):
    with pytest.raises(BadInput) as no:
        judge(gm.packed(files))
    assert says in no.value.message


def test_a_size_that_lies_is_refused(judge):
    data = gm.packed(
        {"OFD.xml": gm.FILES["OFD.xml"].encode(), "Doc_0/Signs/Signatures.xml": b"<a>" + b" " * 5000}
    )
    at = data.index(b"Doc_0/Signs/Signatures.xml", data.index(b"PK\x01\x02")) - 46 + 24
    lying = data[:at] + (10).to_bytes(4, "little") + data[at + 4 :]
    with pytest.raises(BadInput):
        judge(lying)


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_ofd_never_breaks_the_page(judge, sm2_person, maker, seed):
    import random

    dice = random.Random(seed)
    data = bytearray(gm.ofd(sm2_person, maker))
    for _ in range(dice.randint(1, 6)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    with contextlib.suppress(BadInput):
        judge(bytes(data[: dice.choice([len(data), len(data) // 2])]))


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04", os.urandom(300), b"\x30\x80", b"\x89PNG\r\n"])
def test_what_is_none_of_these_is_said(judge, data):
    with pytest.raises(BadInput) as no:
        judge(data)
    assert "认不出这个文件" in no.value.message or "不完整" in no.value.message


def test_no_seal_in_an_ofd_is_said(judge):
    plain = {"OFD.xml": b"<OFD><DocBody/></OFD>"}
    assert judge(gm.packed(plain)).seals == ()


# SM2 in PDF


@pytest.fixture(scope="module")
def beside(pdf, look, p256, sm2_person, ca, sm2_ca):
    """A PDF with a seal that readers know and one with SM2 beside it."""
    first = sealed(pdf, look, p256, (ca.certificate,))
    chain = (sm2_ca.root, sm2_ca.issuing)
    return sealed(first, look, sm2_person, chain, field="SM2", box=(180, 40, 300, 160))


def test_a_signature_with_sm2_beside_is_good_here(judge, beside):
    report = judge(beside)
    one, two = report.seals
    assert report.good, (one.trouble, two.trouble)
    assert one.later == "signatures" and two.whole
    assert two.algorithm == "SM2 / SM3" and two.uscc == "91370100M00000001A"


def test_both_stay_good_under_a_timestamp(judge, beside, ca, tsa, p256, sm2_person):
    report = judge(lasting(beside, ca, tsa, p256, sm2_person))
    assert report.good
    assert all(one.stamped_at == NOW and one.lasting for one in report.seals)


def test_pdfsig_still_finds_the_seal_that_it_knows_valid(beside, tmp_path):
    assert True in seals_valid(beside, tmp_path / "a.pdf")


@pytest.mark.parametrize("place", [0.2, 0.8])
def test_one_changed_byte_breaks_both(judge, beside, pdf, place):
    changed = bytearray(beside)
    changed[int(len(pdf) * place)] ^= 1
    try:
        report = judge(bytes(changed))
    except BadInput:
        return
    assert not any(one.good for one in report.seals)


def test_an_sm2_signature_of_somebody_else_is_no_good(judge, pdf, look, sm2_person, sm2_ca):
    class Thief:
        certificate = sm2_person.certificate
        sign = Sm2Person(sm2_ca).sign

    forged = sealed(pdf, look, Thief(), (sm2_ca.root, sm2_ca.issuing))
    (found,) = judge(forged).seals
    assert not found.intact and not found.good


def test_the_digest_of_an_sm2_seal_is_sm3_over_the_bytes_it_names(beside):
    """Recomputed by hand: the message digest in the signature is SM3 of the two ranges."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    one = PdfFileReader(io.BytesIO(beside)).embedded_regular_signatures[1]
    a, b, c, d = map(int, one.byte_range)
    told = next(
        x["values"][0].native for x in one.signer_info["signed_attrs"] if x["type"].native == "message_digest"
    )
    assert told == hashlib.new("sm3", beside[a : a + b] + beside[c : c + d]).digest()
    assert one.signer_info["signature_algorithm"]["algorithm"].dotted == "1.2.156.10197.1.501"

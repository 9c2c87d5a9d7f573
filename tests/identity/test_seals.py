"""Seals on a PDF: made in two steps, believed by another program, broken by one changed byte."""

import json
import re
import shutil
import subprocess
from base64 import b64decode
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import typst
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ggzy.boot.fonts import has_chinese
from ggzy.identity import seals
from ggzy.ui import documents

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FACTS = {
    "winner": "甲建设有限公司",
    "bid_day": "2026年3月1日",
    "tender": "某市一中教学楼",
    "lot": "施工标段",
    "deal_code": "A01",
    "duration_days": 90,
    "quality": "合格",
    "manager": "李四",
    "tenderee": "某市教育局",
}
needs_pdfsig = pytest.mark.skipif(
    not shutil.which("pdfsig"), reason="pdfsig (poppler-utils) is not installed on this machine"
)
needs_font = pytest.mark.skipif(not has_chinese(), reason="there is no Chinese font on this machine")


def page(text):
    return bytes(
        typst.compile(
            f"#set page(width: 12cm, height: 8cm)\n{text}".encode(), pdf_standards=["a-2b"], timestamp=0
        )
    )


@pytest.fixture(scope="module")
def pdf():
    return page("Letter of award: 1 000 000.00")


@pytest.fixture(scope="module")
def look():
    return page("SEAL")


def sealed(pdf, look, someone, ca, *, field="Seal1", box=(40, 40, 160, 160), raw=False):
    made = seals.prepare(
        pdf,
        field=field,
        box=box,
        reason="签发中标通知书",
        certificate=someone.certificate,
        chain=(ca.certificate,),
        appearance=look,
    )
    signature = b64decode(someone.sign(made.to_sign))
    if raw:
        r, s = decode_dss_signature(signature)
        signature = r.to_bytes(32) + s.to_bytes(32)
    return made, seals.finish(
        made, signature=signature, certificate=someone.certificate, chain=(ca.certificate,)
    )


def pdfsig(pdf, path):
    path.write_bytes(pdf)
    run = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True)
    return re.findall(r"Signature Validation: (.*)", run.stdout), run.stdout


@needs_pdfsig
def test_a_seal_is_valid_in_another_program(pdf, look, someone, ca, tmp_path):
    found, told = pdfsig(sealed(pdf, look, someone, ca)[1], tmp_path / "a.pdf")
    assert found == ["Signature is Valid."]
    assert "ETSI.CAdES.detached" in told
    assert "SHA-256" in told
    assert "Total document signed" in told


@needs_pdfsig
def test_the_browsers_form_of_a_signature_makes_a_valid_seal(pdf, look, p256, ca, tmp_path):
    assert pdfsig(sealed(pdf, look, p256, ca, raw=True)[1], tmp_path / "a.pdf")[0] == ["Signature is Valid."]


@needs_pdfsig
def test_two_seals_one_after_the_other_are_both_valid(pdf, look, p256, rsa2048, ca, tmp_path):
    """The second is an increment: what the first one covers stays byte for byte."""
    first = sealed(pdf, look, p256, ca)[1]
    second = sealed(first, look, rsa2048, ca, field="Seal2", box=(180, 40, 300, 160))[1]
    assert second.startswith(first)
    found, told = pdfsig(second, tmp_path / "a.pdf")
    assert found == ["Signature is Valid."] * 2
    assert "Total document signed" in told


@needs_pdfsig
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_changed_byte_breaks_the_seal(pdf, look, p256, ca, tmp_path, place):
    made = bytearray(sealed(pdf, look, p256, ca)[1])
    at = int(place * len(pdf))
    made[at] ^= 1
    assert pdfsig(bytes(made), tmp_path / "a.pdf")[0] != ["Signature is Valid."]


@needs_pdfsig
def test_the_signature_of_somebody_else_makes_no_valid_seal(pdf, look, p256, ca, tmp_path):
    made, _ = sealed(pdf, look, p256, ca)
    stranger = ec.generate_private_key(ec.SECP256R1()).sign(made.to_sign, ec.ECDSA(hashes.SHA256()))
    forged = seals.finish(made, signature=stranger, certificate=p256.certificate, chain=(ca.certificate,))
    assert pdfsig(forged, tmp_path / "a.pdf")[0] != ["Signature is Valid."]


def test_what_waits_for_a_signature_is_no_sealed_document_yet(pdf, look, p256, ca):
    """The state that is kept between the two steps is small and of plain values; finishing fills the reserved place."""
    made, done = sealed(pdf, look, p256, ca)
    assert set(made.state) == {"digest", "start", "end"}
    assert len(bytes.fromhex(made.state["digest"])) == 32
    assert bytes.fromhex(made.state["digest"]) in made.to_sign
    start, end = made.state["start"], made.state["end"]
    assert (len(done), done[:start], done[end:]) == (len(made.pdf), made.pdf[:start], made.pdf[end:])
    assert done[start:end] != made.pdf[start:end]


@needs_pdfsig
def test_the_state_survives_in_a_database_between_the_two_steps(pdf, look, p256, ca, tmp_path):
    made, _ = sealed(pdf, look, p256, ca)
    again = seals.Prepared(pdf=made.pdf, state=json.loads(json.dumps(made.state)), to_sign=made.to_sign)
    signature = b64decode(p256.sign(made.to_sign))
    done = seals.finish(again, signature=signature, certificate=p256.certificate, chain=(ca.certificate,))
    assert pdfsig(done, tmp_path / "a.pdf")[0] == ["Signature is Valid."]


@needs_pdfsig
@needs_font
def test_a_real_letter_takes_the_seal_of_its_organisation(p256, ca, tmp_path):
    letter = documents.letter_pdf(facts=FACTS, price=Decimal("1234567.89"), code="ab" * 16, at=NOW)
    face = documents.seal_pdf(organisation="某市教育局", person="张三", at=NOW)
    made = sealed(letter, face, p256, ca)[1]
    assert pdfsig(made, tmp_path / "a.pdf")[0] == ["Signature is Valid."]

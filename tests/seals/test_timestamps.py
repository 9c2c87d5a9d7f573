"""Timestamps: the query, the reply and the token against OpenSSL, wrong tokens refused, and B-LTA before two other programs."""

import asyncio
import hashlib
import shutil
import subprocess
from io import BytesIO

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.validation import ades, validate_pdf_timestamp
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec, SignatureValidationSpec
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from ggzy.seals import tsp
from tests.identity.test_seals import needs_pdfsig
from tests.seals.conftest import NOW, POLICY, Tsa, lasting, sealed, seals_valid

pytestmark = pytest.mark.pure
DATA = b"the contract"
DIGEST = hashlib.sha256(DATA).digest()
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl here")


def test_a_token_says_when_and_by_whom(tsa, ca):
    token = tsp.require_token(tsa.stamp(DIGEST), digest=DIGEST, trusted=[ca.certificate])
    assert (token.at, token.policy, token.authority) == (NOW, POLICY, "OpenGGZY 训练时间戳(演示)")
    assert token.serial != tsp.read_token(tsa.stamp(DIGEST), digest=DIGEST).serial


@needs_openssl
@pytest.mark.parametrize("md", ["sha256", "sha384", "sha512", "sm3"])
def test_openssl_asks_and_believes(tsa, ca, tmp_path, md):
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "ca.pem").write_bytes(ca.certificate.public_bytes(Encoding.PEM))

    def openssl(*words):
        return subprocess.run(["openssl", "ts", *words], cwd=tmp_path, capture_output=True, text=True)

    assert openssl("-query", "-data", "data", f"-{md}", "-cert", "-out", "q.tsq").returncode == 0
    (tmp_path / "r.tsr").write_bytes(tsa.answer((tmp_path / "q.tsq").read_bytes()))
    when = str(int(NOW.timestamp()))
    good = openssl("-verify", "-queryfile", "q.tsq", "-in", "r.tsr", "-CAfile", "ca.pem", "-attime", when)
    assert "Verification: OK" in good.stdout, good.stderr
    (tmp_path / "data").write_bytes(DATA + b".")
    bad = openssl("-verify", "-data", "data", "-in", "r.tsr", "-CAfile", "ca.pem", "-attime", when)
    assert bad.returncode != 0
    told = openssl("-reply", "-in", "r.tsr", "-text").stdout
    assert POLICY in told and "Nov 24 02:00:00 2026 GMT" in told


@needs_openssl
def test_our_client_takes_openssls_own_reply(ca, tmp_path):
    """The other way round: an authority that is OpenSSL, read by us."""
    tsa = Tsa(ca)
    from cryptography.hazmat.primitives import serialization as ser

    (tmp_path / "key.pem").write_bytes(
        tsa.key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption())
    )
    (tmp_path / "tsa.pem").write_bytes(tsa.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "c.cnf").write_text(
        "[tsa]\ndefault_tsa=t\n[t]\nserial=s\nsigner_digest=sha256\ndefault_policy=1.2.3.4\n"
        "digests=sha256\naccuracy=secs:1\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n"
    )
    data, nonce = tsp.query(DIGEST)
    (tmp_path / "q").write_bytes(data)
    run = subprocess.run(
        [
            "openssl",
            "ts",
            "-reply",
            "-queryfile",
            "q",
            "-signer",
            "tsa.pem",
            "-inkey",
            "key.pem",
            "-config",
            "c.cnf",
            "-out",
            "r",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    token = tsp.token_of((tmp_path / "r").read_bytes(), nonce=nonce)
    read = tsp.require_token(token, digest=DIGEST, trusted=[ca.certificate])
    assert read.policy == "1.2.3.4"


def _refused(token, ca, digest=DIGEST):
    with pytest.raises(tsp.TokenWrong) as no:
        tsp.require_token(token, digest=digest, trusted=[ca.certificate])
    return no.value.message


def test_a_token_on_something_else_is_refused(tsa, ca):
    assert "不是加在这份内容上" in _refused(tsa.stamp(DIGEST), ca, hashlib.sha256(b"other").digest())


def test_every_changed_byte_of_a_token_is_seen(tsa, ca):
    token = tsa.stamp(DIGEST)
    good = tsp.require_token(token, digest=DIGEST, trusted=[ca.certificate])
    for at in range(0, len(token), 7):
        changed = bytearray(token)
        changed[at] ^= 1
        try:
            found = tsp.require_token(bytes(changed), digest=DIGEST, trusted=[ca.certificate])
        except tsp.TokenWrong:
            continue
        assert (found.at, found.serial) == (good.at, good.serial)  # a byte that says nothing, e.g. a version


def test_a_strangers_authority_is_refused(tsa, tmp_path):
    from ggzy.identity.training_ca import TrainingCA

    assert "不受信任" in _refused(tsa.stamp(DIGEST), TrainingCA(tmp_path / "other"))


def test_a_certificate_for_something_else_makes_no_timestamps(ca, p256):
    fake = Tsa(ca)
    fake.key, fake.certificate = p256.key, p256.certificate
    assert "不是时间戳证书" in _refused(fake.stamp(DIGEST), ca)


def test_the_reply_to_another_query_is_refused(tsa):
    data, nonce = tsp.query(DIGEST)
    with pytest.raises(tsp.TokenWrong, match="不是对这次请求"):
        tsp.token_of(tsa.answer(data), nonce=nonce + 1)


@pytest.mark.parametrize("data", [b"", b"\x30", b"no", b"\x30\x80\x00\x00", b"\x00" * 100])
def test_rubbish_is_answered_with_a_rejection_and_never_breaks(tsa, data):
    with pytest.raises(tsp.TokenWrong):
        tsp.token_of(tsa.answer(data), nonce=1)
    with pytest.raises(tsp.TokenWrong):
        tsp.token_of(data, nonce=1)


@needs_pdfsig
@pytest.mark.parametrize("kind", ["p256", "rsa2048"])
def test_pdfsig_finds_a_lasting_seal_valid_and_one_changed_byte_breaks_it(
    request, pdf, look, ca, tsa, tmp_path, kind
):
    who = request.getfixturevalue(kind)
    made = lasting(sealed(pdf, look, who, (ca.certificate,), stamp=tsa.stamp), ca, tsa, who)
    assert seals_valid(made, tmp_path / "a.pdf") == [True]
    changed = bytearray(made)
    changed[len(pdf) // 2] ^= 1
    assert seals_valid(bytes(changed), tmp_path / "b.pdf") in ([False], [])


@needs_pdfsig
def test_two_parties_seals_are_both_valid_though_each_was_made_lasting(
    pdf, look, ca, tsa, p256, rsa2048, tmp_path
):
    first = lasting(sealed(pdf, look, p256, (ca.certificate,), stamp=tsa.stamp), ca, tsa, p256)
    both = sealed(
        first, look, rsa2048, (ca.certificate,), field="Seal2", box=(180, 40, 300, 160), stamp=tsa.stamp
    )
    both = lasting(both, ca, tsa, rsa2048)
    assert both.startswith(first)
    assert seals_valid(both, tmp_path / "a.pdf") == [True, True]


def _lta(pdf, ca, number=0, at=NOW):
    """Return what pyHanko's validator of ETSI EN 319 102-1 says, with revocation required and nothing fetched."""
    reader = PdfFileReader(BytesIO(pdf))
    root = asn1_x509.Certificate.load(ca.certificate.public_bytes(Encoding.DER))
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[CertTrustAnchor(root)]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    )
    return asyncio.run(
        ades.ades_lta_validation(
            reader.embedded_regular_signatures[number],
            PdfSignatureValidationSpec(SignatureValidationSpec(policy)),
            ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=True),
        )
    )


def test_pyhankos_own_validator_passes_a_lasting_seal(pdf, look, ca, tsa, p256):
    made = lasting(sealed(pdf, look, p256, (ca.certificate,), stamp=tsa.stamp), ca, tsa, p256)
    found = _lta(made, ca)
    assert found.ades_subindic is AdESPassed.OK, found.failure_msg
    assert found.best_signature_time == NOW
    assert found.oldest_evidence_record_timestamp == NOW


def test_without_revocation_lists_the_same_validator_does_not_pass(pdf, look, ca, tsa, p256):
    made = sealed(pdf, look, p256, (ca.certificate,), stamp=tsa.stamp)
    assert _lta(made, ca).ades_subindic is not AdESPassed.OK


def test_a_seal_stamped_later_is_still_whole(pdf, look, ca, tsa, p256):
    """The authority was away: the seal stands as B-B, the timestamp is appended afterwards and changes no byte of it."""
    plain = sealed(pdf, look, p256, (ca.certificate,))
    made = lasting(plain, ca, tsa, p256)
    assert made.startswith(plain)
    reader = PdfFileReader(BytesIO(made))
    root = asn1_x509.Certificate.load(ca.certificate.public_bytes(Encoding.DER))
    (stamp,) = reader.embedded_timestamp_signatures
    context = ValidationContext(trust_roots=[root], allow_fetching=False, moment=NOW)
    found = validate_pdf_timestamp(stamp, context)
    assert found.intact and found.valid and found.trusted
    assert found.timestamp == NOW

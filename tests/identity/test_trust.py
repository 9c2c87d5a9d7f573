"""Whose certificate is believed and when, and which signature fits."""

import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.identity import training_ca, trust
from ggzy.identity.trust import CertificateNotTrusted, SignatureWrong
from tests.identity.people import NOW, certified, foreign, new_key, request_of

pytestmark = pytest.mark.pure

DATA = "我方投标报价为".encode()


def sign(someone, data=DATA):
    if isinstance(someone.key, ec.EllipticCurvePrivateKey):
        return someone.key.sign(data, ec.ECDSA(hashes.SHA256()))
    return someone.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def test_the_training_ca_is_believed(ca, someone):
    trust.require_trusted(someone.certificate, anchors=(ca.certificate,), at=NOW)


@pytest.mark.parametrize(
    ("at", "good"),
    [
        (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 1, tzinfo=UTC), True),
        (datetime(2029, 12, 31, tzinfo=UTC), True),
        (datetime(2029, 12, 31, 0, 0, 1, tzinfo=UTC), False),
        (datetime(2026, 1, 1, 8, 0, tzinfo=trust.UTC) + timedelta(days=1), True),
    ],
)
def test_a_certificate_is_good_in_its_time_only(ca, p256, at, good):
    """The moment of the act decides, not today."""
    if good:
        trust.require_trusted(p256.certificate, anchors=(ca.certificate,), at=at)
    else:
        with pytest.raises(CertificateNotTrusted, match="不受信任"):
            trust.require_trusted(p256.certificate, anchors=(ca.certificate,), at=at)


def test_the_moment_is_taken_in_its_own_zone(ca, p256):
    """07:59 in Beijing on 1 January 2026 is still 2025 for the certificate."""
    from ggzy.law.limits import BEIJING

    with pytest.raises(CertificateNotTrusted):
        trust.require_trusted(
            p256.certificate, anchors=(ca.certificate,), at=datetime(2026, 1, 1, 7, 59, 59, tzinfo=BEIJING)
        )
    trust.require_trusted(
        p256.certificate, anchors=(ca.certificate,), at=datetime(2026, 1, 1, 8, 0, tzinfo=BEIJING)
    )


def test_who_is_not_of_our_ca_is_not_believed(ca, p256, tmp_path):
    other = training_ca.TrainingCA(tmp_path / "other")
    key = new_key()
    for certificate in (
        foreign(key),
        foreign(key, issuer=ca.certificate.subject),
        certified(other).certificate,
    ):
        with pytest.raises(CertificateNotTrusted):
            trust.require_trusted(certificate, anchors=(ca.certificate,), at=NOW)
    with pytest.raises(CertificateNotTrusted):
        trust.require_trusted(p256.certificate, anchors=(), at=NOW)


def test_a_person_cannot_issue_certificates(ca, p256):
    """A certificate of the CA is no CA: what it signs is not believed, even where it stands among the anchors' chain."""
    key = new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "child")])
    child = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(p256.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(p256.key, hashes.SHA256())
    )
    with pytest.raises(CertificateNotTrusted):
        trust.require_trusted(child, anchors=(ca.certificate,), at=NOW)
    with pytest.raises(CertificateNotTrusted):
        trust.require_trusted(child, anchors=(ca.certificate, p256.certificate), at=NOW)


def test_the_certificate_says_what_the_platform_knows(ca):
    made = certified(ca, organisation="济南某建设有限公司", person="张三").certificate
    found = {a.oid: a.value for a in made.subject}
    assert found == {
        NameOID.COUNTRY_NAME: "CN",
        NameOID.ORGANIZATION_NAME: "济南某建设有限公司",
        NameOID.ORGANIZATION_IDENTIFIER: "91370100M00000001A",
        NameOID.COMMON_NAME: "张三",
    }
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.content_commitment, usage.key_agreement) == (True, True, True)
    assert (usage.key_cert_sign, usage.key_encipherment) == (False, False)
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_person_without_an_organisation_gets_a_certificate(ca):
    key = new_key()
    made = ca.issue(request_of(key), organisation="", uscc="", person="李四")
    assert {a.value for a in made.subject} == {"CN", "个人", "李四"}


@pytest.mark.parametrize(
    "csr", [b"", b"x", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"]
)
def test_what_is_no_request_is_refused(ca, csr):
    with pytest.raises(CertificateNotTrusted, match="CSR"):
        ca.issue(csr, organisation="", uscc="", person="x")


def test_a_request_for_somebody_elses_key_is_refused(ca):
    """The signature inside proves that the private key is there; flip one bit of it."""
    der = x509.load_pem_x509_csr(request_of(new_key())).public_bytes(serialization.Encoding.DER)
    broken = der[:-3] + bytes([der[-3] ^ 1]) + der[-2:]
    pem = x509.load_der_x509_csr(broken).public_bytes(serialization.Encoding.PEM)
    with pytest.raises(CertificateNotTrusted, match="签名无效"):
        ca.issue(pem, organisation="", uscc="", person="x")


def test_a_request_of_another_kind_of_key_is_refused(ca):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    csr = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .sign(ed25519.Ed25519PrivateKey.generate(), None)
    )
    with pytest.raises(CertificateNotTrusted, match="RSA、P-256"):
        ca.issue(csr.public_bytes(serialization.Encoding.PEM), organisation="", uscc="", person="x")


def test_a_curve_that_cannot_seal_bids_gets_no_certificate(ca):
    with pytest.raises(CertificateNotTrusted):
        ca.issue(request_of(new_key("P-384")), organisation="", uscc="", person="x")


def test_the_ca_is_a_ca_that_makes_no_other_ca(ca):
    found = ca.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (found.critical, found.value.ca, found.value.path_length) == (True, True, 0)
    assert ca.certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_the_ca_keeps_its_key_to_itself_and_is_made_once(ca):
    assert stat.S_IMODE((ca.folder / "ca.key").stat().st_mode) == 0o600
    assert training_ca.TrainingCA(ca.folder).certificate == ca.certificate
    assert training_ca.training_ca(ca.folder) is training_ca.training_ca(ca.folder)


@pytest.mark.parametrize(
    "pem", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "证书"]
)
def test_what_is_no_certificate_is_refused(pem):
    with pytest.raises(CertificateNotTrusted, match="PEM"):
        trust.load(pem)


def test_a_certificate_is_read_from_text_and_bytes_and_named_by_its_hash(p256):
    import hashlib

    pem = p256.certificate.public_bytes(serialization.Encoding.PEM)
    assert trust.load(pem) == trust.load(pem.decode()) == p256.certificate
    der = p256.certificate.public_bytes(serialization.Encoding.DER)
    assert trust.fingerprint(p256.certificate) == hashlib.sha256(der).hexdigest()


def test_a_signature_fits_its_data_and_its_certificate(someone, p256, rsa2048):
    trust.require_signature(someone.certificate, signature=sign(someone), data=DATA)
    other = rsa2048 if someone is p256 else p256
    for certificate, data in ((someone.certificate, DATA + b"1"), (other.certificate, DATA)):
        with pytest.raises(SignatureWrong):
            trust.require_signature(certificate, signature=sign(someone), data=data)


def test_the_browsers_form_of_a_signature_fits_too(p256):
    r, s = decode_dss_signature(sign(p256))
    raw = r.to_bytes(32) + s.to_bytes(32)
    trust.require_signature(p256.certificate, signature=raw, data=DATA)
    for wrong in (raw[32:] + raw[:32], raw[:-1] + bytes([raw[-1] ^ 1]), bytes(64), raw[:63], raw + b"\0"):
        with pytest.raises(SignatureWrong):
            trust.require_signature(p256.certificate, signature=wrong, data=DATA)


def test_small_numbers_keep_their_leading_zeros():
    assert decode_dss_signature(trust.as_der((1).to_bytes(32) + (2).to_bytes(32))) == (1, 2)
    assert trust.as_der(b"0" * 70) == b"0" * 70


@given(signature=st.binary(max_size=300))
@settings(deadline=None)
def test_no_noise_is_a_signature(p256, rsa2048, signature):
    for someone in (p256, rsa2048):
        with pytest.raises(SignatureWrong):
            trust.require_signature(someone.certificate, signature=signature, data=DATA)


def test_another_kind_of_certificate_is_refused_in_words():
    certificate = foreign_ed25519()
    with pytest.raises(SignatureWrong, match="RSA、P-256或SM2"):
        trust.require_signature(certificate, signature=bytes(64), data=DATA)


def foreign_ed25519():
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    return (
        builder.serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, None)
    )

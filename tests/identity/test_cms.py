"""Envelopes open for their key alone, detached signatures fit their data alone, and OpenSSL agrees on both."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.identity import cms
from ggzy.identity.cms import CmsSignatureWrong, EnvelopeBroken
from tests.identity.people import certified, write

pytestmark = pytest.mark.pure

SECRET = b"AGE-SECRET-KEY-1EXAMPLE"
DATA = b'{"format":"openggzy-bid/1"}'
needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl"), reason="openssl is not installed on this machine"
)


@given(secret=st.binary(max_size=100))
@settings(deadline=None, max_examples=25)
def test_an_envelope_opens_to_what_was_sealed(p256, rsa2048, secret):
    for someone in (p256, rsa2048):
        assert cms.open_envelope(cms.seal_to(someone.certificate, secret), key=someone.key) == secret


def test_two_envelopes_of_one_secret_have_nothing_in_common(someone):
    one, other = (cms.seal_to(someone.certificate, SECRET) for _ in range(2))
    assert one != other
    assert SECRET not in one


def test_an_envelope_has_the_version_of_its_kind(p256, rsa2048):
    """RFC 5652 6.1: version 2 where a key agreement is inside, 0 for key transport by issuer and serial number."""
    for someone, version in ((p256, "v2"), (rsa2048, "v0")):
        envelope = asn1.ContentInfo.load(cms.seal_to(someone.certificate, SECRET))
        assert envelope["content"]["version"].native == version


def test_an_envelope_is_for_one_key(ca, p256, rsa2048):
    """A second key of the same kind, and a key of the other kind, do not open it."""
    for sealed_for in (p256, rsa2048):
        envelope = cms.seal_to(sealed_for.certificate, SECRET)
        for key in (certified(ca).key, rsa2048.key if sealed_for is p256 else p256.key):
            with pytest.raises(EnvelopeBroken):
                cms.open_envelope(envelope, key=key)


def test_the_address_of_an_envelope_is_checked_without_opening_it(p256, rsa2048):
    for mine, other in ((p256, rsa2048), (rsa2048, p256)):
        envelope = cms.seal_to(mine.certificate, SECRET)
        cms.require_envelope_for(envelope, mine.certificate)
        with pytest.raises(EnvelopeBroken, match="不是给您"):
            cms.require_envelope_for(envelope, other.certificate)


def test_only_rsa_and_p256_receive_envelopes():
    """Another CA may certify another curve; an envelope to it would never be opened at the opening."""
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    other = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    with pytest.raises(EnvelopeBroken, match="P-256"):
        cms.seal_to(other, SECRET)


def test_what_is_no_envelope_is_refused(someone):
    signature = cms.sign_detached(DATA, key=someone.key, certificate=someone.certificate)
    for wrong in (b"", b"0", b"\x30\x00", DATA, signature, cms.seal_to(someone.certificate, SECRET) + b"0"):
        with pytest.raises(EnvelopeBroken):
            cms.require_envelope_for(wrong, someone.certificate)
        with pytest.raises(EnvelopeBroken):
            cms.open_envelope(wrong, key=someone.key)


@given(of_rsa=st.booleans(), place=st.integers(0, 5000), change=st.integers(1, 255))
@settings(deadline=None, max_examples=150)
def test_a_changed_envelope_never_crashes(p256, rsa2048, of_rsa, place, change):
    """CBC has no tag, so a change may slip through the padding: the commitment to the bid_key is what catches that."""
    someone = rsa2048 if of_rsa else p256
    envelope = bytearray(cms.seal_to(someone.certificate, SECRET))
    envelope[place % len(envelope)] ^= change
    for ask in (
        lambda: cms.open_envelope(bytes(envelope), key=someone.key),
        lambda: cms.require_envelope_for(bytes(envelope), someone.certificate),
    ):
        try:
            ask()
        except EnvelopeBroken as refused:
            assert refused.status == 422


def test_a_detached_signature_fits(someone):
    signature = cms.sign_detached(DATA, key=someone.key, certificate=someone.certificate)
    cms.require_detached(signature, data=DATA, certificate=someone.certificate)
    assert DATA not in signature


def test_a_signature_on_other_data_is_refused(someone):
    signature = cms.sign_detached(DATA, key=someone.key, certificate=someone.certificate)
    with pytest.raises(CmsSignatureWrong, match="内容不符"):
        cms.require_detached(signature, data=DATA + b" ", certificate=someone.certificate)


def test_a_signature_by_another_key_is_refused(ca, p256):
    signature = cms.sign_detached(DATA, key=certified(ca).key, certificate=p256.certificate)
    with pytest.raises(CmsSignatureWrong, match="证书"):
        cms.require_detached(signature, data=DATA, certificate=p256.certificate)


def test_the_hash_is_checked_and_not_only_the_signature_on_it(someone):
    """Put the right digest into attributes that were signed for other data: the signature no longer fits."""
    parsed = asn1.ContentInfo.load(
        cms.sign_detached(b"other", key=someone.key, certificate=someone.certificate)
    )
    import hashlib

    for attribute in parsed["content"]["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native == "message_digest":
            attribute["values"] = [hashlib.sha256(DATA).digest()]
    with pytest.raises(CmsSignatureWrong, match="证书"):
        cms.require_detached(parsed.dump(force=True), data=DATA, certificate=someone.certificate)


def test_a_signature_without_attributes_is_refused(someone):
    parsed = asn1.ContentInfo.load(cms.sign_detached(DATA, key=someone.key, certificate=someone.certificate))
    del parsed["content"]["signer_infos"][0]["signed_attrs"]
    with pytest.raises(CmsSignatureWrong):
        cms.require_detached(parsed.dump(force=True), data=DATA, certificate=someone.certificate)


@given(of_rsa=st.booleans(), place=st.integers(0, 5000), change=st.integers(1, 255))
@settings(deadline=None, max_examples=150)
def test_a_changed_signature_never_crashes(p256, rsa2048, of_rsa, place, change):
    someone = rsa2048 if of_rsa else p256
    signature = bytearray(cms.sign_detached(DATA, key=someone.key, certificate=someone.certificate))
    signature[place % len(signature)] ^= change
    try:
        cms.require_detached(bytes(signature), data=DATA, certificate=someone.certificate)
    except CmsSignatureWrong as refused:
        assert refused.status == 422


@given(noise=st.binary(max_size=200))
@settings(deadline=None)
def test_noise_is_neither_envelope_nor_signature(p256, noise):
    with pytest.raises(CmsSignatureWrong):
        cms.require_detached(noise, data=DATA, certificate=p256.certificate)
    with pytest.raises(EnvelopeBroken):
        cms.require_envelope_for(noise, p256.certificate)


@needs_openssl
def test_openssl_opens_an_envelope(someone, tmp_path):
    envelope = write(tmp_path / "key.p7m", cms.seal_to(someone.certificate, SECRET))
    pair = write(tmp_path / "pair.pem", someone.to_pem())
    run = subprocess.run(
        ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", envelope, "-inkey", pair, "-recip", pair],
        capture_output=True,
    )
    assert (run.stdout, run.returncode) == (SECRET, 0), run.stderr.decode()


@needs_openssl
def test_we_open_the_envelope_of_openssl_for_rsa(rsa2048, tmp_path):
    """The other direction, so that the two do not share a mistake."""
    recipient = write(tmp_path / "cert.pem", rsa2048.certificate.public_bytes(serialization.Encoding.PEM))
    run = subprocess.run(
        ["openssl", "cms", "-encrypt", "-binary", "-aes-256-cbc", "-outform", "DER", "-recip", recipient]
        + [
            "-keyopt",
            "rsa_padding_mode:oaep",
            "-keyopt",
            "rsa_oaep_md:sha256",
            "-keyopt",
            "rsa_mgf1_md:sha256",
        ],
        input=SECRET,
        capture_output=True,
        check=True,
    )
    assert cms.open_envelope(run.stdout, key=rsa2048.key) == SECRET


@needs_openssl
def test_openssl_verifies_a_signature_and_its_chain(ca, someone, tmp_path):
    signature = write(
        tmp_path / "manifest.p7s", cms.sign_detached(DATA, key=someone.key, certificate=someone.certificate)
    )
    anchor = write(tmp_path / "ca.crt", ca.certificate.public_bytes(serialization.Encoding.PEM))

    def verify(data):
        content = write(tmp_path / "manifest.json", data)
        command = [
            "openssl",
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            signature,
            "-content",
            content,
        ]
        return subprocess.run([*command, "-CAfile", anchor, "-purpose", "any"], capture_output=True)

    good, bad = verify(DATA), verify(DATA + b" ")
    assert (good.stdout, good.returncode) == (DATA, 0), good.stderr.decode()
    assert bad.returncode != 0


@needs_openssl
def test_we_accept_the_detached_signature_of_openssl(someone, tmp_path):
    pair = write(tmp_path / "pair.pem", someone.to_pem())
    run = subprocess.run(
        [
            "openssl",
            "cms",
            "-sign",
            "-binary",
            "-md",
            "sha256",
            "-outform",
            "DER",
            "-signer",
            pair,
            "-inkey",
            pair,
        ],
        input=DATA,
        capture_output=True,
        check=True,
    )
    cms.require_detached(run.stdout, data=DATA, certificate=someone.certificate)

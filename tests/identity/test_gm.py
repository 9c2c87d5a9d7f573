"""GB/T 35275: other people's envelopes, our own and OpenSSL's view of them, and everything broken refused."""

import json
import os
import shutil
import subprocess

import pytest
from asn1crypto import pem
from hypothesis import given
from hypothesis import strategies as st

from ggzy.client.party import Identity, sm2_identity
from ggzy.identity import cms, gm, sm2
from ggzy.identity.cms import CmsSignatureWrong, EnvelopeBroken
from tests.shared import shared

VECTORS, marks = shared("vectors/gmt0010/gmsm_pem_blocks.json")
pytestmark = pytest.mark.pure
SECRET = b"SM4-SECRET-KEY-00112233445566778899AABBCCDDEEFF"
needs_openssl = pytest.mark.skipif(
    not shutil.which("openssl"), reason="openssl is not installed on this machine"
)


def blocks(part, kind):
    return [
        pem.unarmor(one.encode())[2] for one in json.loads(VECTORS.read_text())["blocks"][part] if kind in one
    ]


class TestOtherPeoplesEnvelopes:
    """Made by others (shared/vectors)."""

    pytestmark = marks

    def test_the_encryption_key_a_ca_delivered_opens_with_the_signing_key(self):
        (envelope,) = blocks("pkcs7/sign_enveloped_test.go", "BEGIN PKCS7")
        signing, encryption = (
            sm2.pair_of_der(one) for one in blocks("pkcs7/sign_enveloped_test.go", "BEGIN PRIVATE KEY")
        )
        # it is padded with zeros in front to 64 bytes
        assert gm.open_envelope(envelope, key=signing) == bytes(32) + encryption.private
        with pytest.raises(ValueError, match="not for this key"):
            gm.open_envelope(envelope, key=encryption)

    def test_envelopes_to_somebody_else_are_read_and_do_not_open(self):
        found = blocks("pkcs7/envelope_test.go", "BEGIN PKCS7")
        assert len(found) == 2
        for envelope in found:
            assert gm.is_gm(envelope)
            with pytest.raises(ValueError, match="not for this key"):
                gm.open_envelope(envelope, key=sm2.KeyPair.new())
            with pytest.raises(ValueError, match="key identifier"):
                gm.recipient_of(envelope)


class TestEnvelope:
    """A small secret to an SM2 certificate."""

    def test_the_holder_opens_it_and_nobody_else(self, national):
        envelope = cms.seal_to(national.receives, SECRET)
        cms.require_envelope_for(envelope, national.receives)
        assert cms.open_envelope(envelope, key=national.key) == SECRET
        with pytest.raises(EnvelopeBroken):
            cms.require_envelope_for(envelope, national.certificate)
        other = gm.Keys(national.key.signing, sm2.KeyPair.new())
        with pytest.raises(EnvelopeBroken):
            cms.open_envelope(envelope, key=other)

    def test_every_changed_byte_is_refused_or_changes_nothing_inside(self, national):
        envelope = cms.seal_to(national.receives, SECRET)
        opened = 0
        for at in range(0, len(envelope), 3):
            broken = bytearray(envelope)
            broken[at] ^= 1
            try:
                found = cms.open_envelope(bytes(broken), key=national.key)
            except EnvelopeBroken:
                continue
            opened += 1  # the recipient's name, an algorithm's number, or the padded content: the manifest's digest guards
            assert at > len(envelope) - 70 or found == SECRET
        assert opened < len(envelope) / 3

    @needs_openssl
    def test_openssl_opens_both_layers(self, national, tmp_path):
        envelope = gm._envelope(cms.seal_to(national.receives, SECRET))
        (tmp_path / "own.pem").write_bytes(sm2.private_pem(national.key.encryption))
        (tmp_path / "key").write_bytes(envelope["recipient_infos"][0].chosen["encrypted_key"].native)
        content = envelope["encrypted_content_info"]
        (tmp_path / "sealed").write_bytes(content["encrypted_content"].native)
        key = subprocess.run(
            ["openssl", "pkeyutl", "-decrypt", "-inkey", tmp_path / "own.pem", "-in", tmp_path / "key"],
            capture_output=True,
            check=True,
        ).stdout
        iv = content["content_encryption_algorithm"]["parameters"].native
        plain = subprocess.run(
            [
                "openssl",
                "enc",
                "-d",
                "-sm4-cbc",
                "-K",
                key.hex(),
                "-iv",
                iv.hex(),
                "-in",
                tmp_path / "sealed",
            ],
            capture_output=True,
            check=True,
        ).stdout
        assert plain == SECRET


class TestDetachedSignature:
    """SM2 with SM3 over signed attributes."""

    def test_it_fits_its_data_and_its_key_alone(self, national, p256):
        made = cms.sign_detached(b"manifest", key=national.key, certificate=national.certificate)
        cms.require_detached(made, data=b"manifest", certificate=national.certificate)
        for data, certificate in (
            (b"manifesto", national.certificate),
            (b"manifest", national.receives),
            (b"manifest", p256.certificate),
        ):
            with pytest.raises(CmsSignatureWrong):
                cms.require_detached(made, data=data, certificate=certificate)

    def test_a_signature_of_another_kind_does_not_fit_an_sm2_certificate(self, national, p256):
        made = cms.sign_detached(b"manifest", key=p256.key, certificate=p256.certificate)
        with pytest.raises(CmsSignatureWrong):
            cms.require_detached(made, data=b"manifest", certificate=national.certificate)

    def test_what_is_none_is_refused(self, national):
        envelope = cms.seal_to(national.receives, SECRET)
        for broken in (b"", b"0", envelope, b"\x30\x80"):
            with pytest.raises(CmsSignatureWrong):
                cms.require_detached(broken, data=b"manifest", certificate=national.certificate)


class TestContainer:
    """EncryptedData as a file."""

    @given(size=st.integers(1, 1 << 40))
    def test_the_header_of_every_size_is_read_back(self, size):
        size, iv = size * 16, os.urandom(16)
        header = gm.encrypted_header(iv=iv, size=size)
        assert gm.read_encrypted_header(header + b"x" * 40, size=len(header) + size) == (len(header), iv)
        for wrong in (size - 16, size + 16):
            with pytest.raises(ValueError, match="of this size"):
                gm.read_encrypted_header(header, size=len(header) + wrong)

    @pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 65_536, 3_000_001])
    def test_a_file_comes_back_and_a_cut_or_another_key_does_not(self, tmp_path, size):
        plain, sealed, back = (tmp_path / name for name in ("plain", "sealed", "back"))
        plain.write_bytes(os.urandom(size))
        key = os.urandom(16)
        gm.encrypt_file(plain, sealed, key=key)
        gm.decrypt_file(sealed, back, key=key)
        assert back.read_bytes() == plain.read_bytes()
        whole = sealed.read_bytes()
        for cut in (1, 16, len(whole) - 40):
            sealed.write_bytes(whole[:-cut])
            with pytest.raises(ValueError, match="EncryptedData"):
                gm.decrypt_file(sealed, back, key=key)
        sealed.write_bytes(whole + bytes(16))
        with pytest.raises(ValueError, match="EncryptedData"):
            gm.decrypt_file(sealed, back, key=key)

    @needs_openssl
    def test_openssl_reads_the_structure(self, tmp_path):
        plain, sealed = tmp_path / "plain", tmp_path / "sealed"
        plain.write_bytes(b"x" * 70_000)
        gm.encrypt_file(plain, sealed, key=bytes(16))
        said = subprocess.run(
            ["openssl", "asn1parse", "-inform", "DER", "-in", sealed],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "1.2.156.10197.6.1.4.2.5" in said and "sm4-cbc" in said and "l=70016 prim: cont [ 0 ]" in said


class TestIdentityFile:
    """The PEM of a dual pair."""

    def test_it_comes_back(self, national):
        assert sm2_identity(national.to_pem()) == national

    def test_a_missing_certificate_is_said(self, national):
        text = national.to_pem()
        with pytest.raises(ValueError, match="签名证书、加密证书"):
            Identity.from_pem(text[: text.rindex(b"-----BEGIN CERTIFICATE")])

    @needs_openssl
    def test_openssl_reads_the_private_key(self, national, tmp_path):
        (tmp_path / "own.pem").write_bytes(sm2.private_pem(national.key.signing))
        said = subprocess.run(
            ["openssl", "pkey", "-in", tmp_path / "own.pem", "-noout", "-text"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "ASN1 OID: SM2" in said

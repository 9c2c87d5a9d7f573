"""CMS (RFC 5652) in two shapes: a small secret sealed to a certificate, and a detached signature.

Format code over library cryptography: asn1crypto for the structures, pyca/cryptography for every operation.
`openssl cms -decrypt` and `openssl cms -verify` open what is made here. Envelopes: AES-256-CBC content, the key by
RSA-OAEP-SHA-256 (RSA) or ephemeral-static ECDH with X9.63-SHA-256 and AES-256 wrap (P-256, RFC 5753).
An SM2 certificate gets the same two in the national standard's form (gm.py): the certificate decides.
"""

import os
from datetime import UTC, datetime

from asn1crypto import algos, cms, core, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from ggzy.identity import gm
from ggzy.kernel.refusals import Refusal

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | gm.Keys
_ECDH_SHA256 = "1.3.132.1.11.1"
_AES256_WRAP = "2.16.840.1.101.3.4.1.45"
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class EnvelopeBroken(Refusal):
    """The envelope is not one, or is not for this key."""

    code = "identity.envelope_broken"
    status = 422


class CmsSignatureWrong(Refusal):
    """The detached signature does not fit."""

    code = "identity.cms_signature_wrong"
    status = 422


_KINDS = "投标加密需要RSA、P-256或SM2证书, 这张证书是别的算法"


class _SharedInfo(core.Sequence):  # type: ignore[misc]  # asn1crypto ships no types
    """ECC-CMS-SharedInfo of RFC 5753 section 7.2."""

    _fields = [
        ("key_info", algos.AlgorithmIdentifier),
        ("supp_pub_info", core.OctetString, {"explicit": 2}),
    ]


def _wrap_algorithm() -> algos.AlgorithmIdentifier:
    return algos.AlgorithmIdentifier({"algorithm": _AES256_WRAP})


def _key_encryption_key(secret: bytes) -> bytes:
    shared = _SharedInfo({"key_info": _wrap_algorithm(), "supp_pub_info": (256).to_bytes(4)})
    return X963KDF(algorithm=hashes.SHA256(), length=32, sharedinfo=shared.dump()).derive(secret)


def _issuer_and_serial(certificate: x509.Certificate) -> cms.IssuerAndSerialNumber:
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
    return cms.IssuerAndSerialNumber({"issuer": parsed.issuer, "serial_number": parsed.serial_number})


def seal_to(certificate: x509.Certificate, secret: bytes) -> bytes:
    """Return DER EnvelopedData holding a small secret that only the certificate's key opens.

    :raises EnvelopeBroken: the certificate's key is neither RSA, P-256 nor SM2
    """
    try:
        certificate.public_key()
    except UnsupportedAlgorithm:
        try:
            return gm.seal_to(certificate, secret)
        except ValueError:
            raise EnvelopeBroken(_KINDS) from None
    content_key, iv = os.urandom(32), os.urandom(16)
    padder = block_padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(content_key), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(padder.update(secret) + padder.finalize()) + encryptor.finalize()
    enveloped = cms.EnvelopedData(
        {
            "version": "v0",
            "recipient_infos": [_recipient(certificate, content_key)],
            "encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": {
                    "algorithm": "aes256_cbc",
                    "parameters": core.OctetString(iv),
                },
                "encrypted_content": ciphertext,
            },
        }
    )
    if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey):
        enveloped["version"] = "v2"
    return bytes(cms.ContentInfo({"content_type": "enveloped_data", "content": enveloped}).dump())


def _recipient(certificate: x509.Certificate, content_key: bytes) -> cms.RecipientInfo:
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        oaep = algos.RSAESOAEPParams(
            {
                "hash_algorithm": {"algorithm": "sha256"},
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
            }
        )
        return cms.RecipientInfo(
            "ktri",
            cms.KeyTransRecipientInfo(
                {
                    "version": "v0",
                    "rid": cms.RecipientIdentifier(
                        "issuer_and_serial_number", _issuer_and_serial(certificate)
                    ),
                    "key_encryption_algorithm": {"algorithm": "rsaes_oaep", "parameters": oaep},
                    "encrypted_key": public.encrypt(content_key, _OAEP),
                }
            ),
        )
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise EnvelopeBroken(_KINDS)
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    wrapped = aes_key_wrap(_key_encryption_key(ephemeral.exchange(ec.ECDH(), public)), content_key)
    originator = keys.PublicKeyInfo.load(
        ephemeral.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return cms.RecipientInfo(
        "kari",
        cms.KeyAgreeRecipientInfo(
            {
                "version": "v3",
                "originator": cms.OriginatorIdentifierOrKey("originator_key", originator),
                "key_encryption_algorithm": {"algorithm": _ECDH_SHA256, "parameters": _wrap_algorithm()},
                "recipient_encrypted_keys": [
                    {
                        "rid": cms.KeyAgreementRecipientIdentifier(
                            "issuer_and_serial_number", _issuer_and_serial(certificate)
                        ),
                        "encrypted_key": wrapped,
                    }
                ],
            }
        ),
    )


def require_envelope_for(envelope: bytes, certificate: x509.Certificate) -> None:
    """Let an envelope pass that is addressed to the certificate; nothing is opened.

    :raises EnvelopeBroken: not an envelope, or to somebody else
    """
    try:
        if gm.is_gm(envelope):
            serial = gm.recipient_of(envelope)
        else:
            info = cms.ContentInfo.load(envelope, strict=True)["content"]["recipient_infos"][0]
            recipient = info.chosen
            rid = recipient["rid"] if info.name == "ktri" else recipient["recipient_encrypted_keys"][0]["rid"]
            serial = rid.chosen["serial_number"].native
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise EnvelopeBroken("密钥信封(key.p7m)无法识别, 请用投标客户端重新加密") from None
    if serial != certificate.serial_number:
        raise EnvelopeBroken("密钥信封不是给您登录所用证书的, 开标时将无法解密, 请用该证书重新加密")


def open_envelope(envelope: bytes, *, key: PrivateKey) -> bytes:
    """Return the secret inside an envelope.

    :raises EnvelopeBroken: not an envelope, or not for this key
    """
    try:
        if isinstance(key, gm.Keys):
            return gm.open_envelope(envelope, key=key.encryption)
        enveloped = cms.ContentInfo.load(envelope, strict=True)["content"]
        recipient = enveloped["recipient_infos"][0].chosen
        if isinstance(key, rsa.RSAPrivateKey):
            content_key = key.decrypt(recipient["encrypted_key"].native, _OAEP)
        else:
            public = recipient["originator"].chosen["public_key"]
            point = public.native
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            wrapped = recipient["recipient_encrypted_keys"][0]["encrypted_key"].native
            content_key = aes_key_unwrap(_key_encryption_key(key.exchange(ec.ECDH(), theirs)), wrapped)
        content = enveloped["encrypted_content_info"]
        iv = content["content_encryption_algorithm"]["parameters"].native
        decryptor = Cipher(algorithms.AES(content_key), modes.CBC(iv)).decryptor()
        padded = decryptor.update(content["encrypted_content"].native) + decryptor.finalize()
        unpadder = block_padding.PKCS7(128).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except Exception as wrong:
        # every way of being broken (ASN.1, padding, unwrap, curve) means the same to the person
        raise EnvelopeBroken("密钥信封打不开: 请确认所用私钥与加密时的证书是一对") from wrong


def sign_detached(data: bytes, *, key: PrivateKey, certificate: x509.Certificate) -> bytes:
    """Return DER SignedData over `data`, which is not inside; the certificate is."""
    if isinstance(key, gm.Keys):
        return gm.sign_detached(data, key=key.signing, certificate=certificate)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "message_digest", "values": [digest.finalize()]},
            {"type": "signing_time", "values": [cms.Time("utc_time", datetime.now(UTC))]},
        ]
    )
    to_sign = attributes.dump()
    if isinstance(key, rsa.RSAPrivateKey):
        signature, algorithm = key.sign(to_sign, padding.PKCS1v15(), hashes.SHA256()), "sha256_rsa"
    else:
        signature, algorithm = key.sign(to_sign, ec.ECDSA(hashes.SHA256())), "sha256_ecdsa"
    parsed = asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": "data"},
            "certificates": [cms.CertificateChoices("certificate", parsed)],
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": cms.SignerIdentifier("issuer_and_serial_number", _issuer_and_serial(certificate)),
                    "digest_algorithm": {"algorithm": "sha256"},
                    "signed_attrs": attributes,
                    "signature_algorithm": {"algorithm": algorithm},
                    "signature": signature,
                }
            ],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump())


def require_detached(signature: bytes, *, data: bytes, certificate: x509.Certificate) -> None:
    """Let a detached signature pass that the certificate's key made over `data`.

    :raises CmsSignatureWrong: broken, on other data, or by another key
    """
    try:
        if gm.is_gm(signature):
            return _require_gm(gm.detached_fits(signature, data=data, certificate=certificate))
        info = cms.ContentInfo.load(signature, strict=True)["content"]["signer_infos"][0]
        attributes = info["signed_attrs"]
        claimed = next(a["values"][0].native for a in attributes if a["type"].native == "message_digest")
        signed_bytes = attributes.untag().dump(force=True)
        raw = info["signature"].native
    except (ValueError, KeyError, IndexError, TypeError, StopIteration, AttributeError):
        raise CmsSignatureWrong("清单签名(manifest.p7s)无法识别, 请用投标客户端重新加密") from None
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    if claimed != digest.finalize():
        raise CmsSignatureWrong(_OTHER_DATA)
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        raise CmsSignatureWrong(_OTHER_KEY) from None
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(raw, signed_bytes, padding.PKCS1v15(), hashes.SHA256())
        else:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(raw, signed_bytes, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise CmsSignatureWrong(_OTHER_KEY) from None


_OTHER_DATA = "清单签名与清单内容不符, 文件可能在传输中损坏, 请重新递交"
_OTHER_KEY = "清单签名不是由您登录所用的证书作出的, 请用该证书重新加密"


def _require_gm(fits: bool | None) -> None:
    if not fits:
        raise CmsSignatureWrong(_OTHER_DATA if fits is None else _OTHER_KEY)

"""GB/T 35275 (GM/T 0010): the national counterpart of CMS, in the shapes a sealed bid needs. Pure.

An envelope (SM2 carries an SM4 key, SM4-CBC the secret), a detached signature (SM2 with SM3 over signed attributes),
and a container of content under a key that is agreed elsewhere (SM4-CBC, read and written as a stream).
Format code over library cryptography: asn1crypto for the structures, gmssl-pyx for SM2, pyca/cryptography for SM3, SM4.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding

from ggzy.identity import sm2

_TYPE = "1.2.156.10197.6.1.4.2."
DATA, SIGNED, ENVELOPED, SIGNED_AND_ENVELOPED, ENCRYPTED = (f"{_TYPE}{n}" for n in (1, 2, 3, 4, 5))
SM3, SM2_SIGNS, SM2_SEALS = "1.2.156.10197.1.401", "1.2.156.10197.1.301.1", "1.2.156.10197.1.301.3"
SM4, SM4_CBC = "1.2.156.10197.1.104", "1.2.156.10197.1.104.2"
BLOCK = 16
_PIECE = 1 << 20


@dataclass(frozen=True, repr=False)
class Keys:
    """The private keys of a dual pair: one signs, the other opens envelopes (GM/T 0015)."""

    signing: sm2.KeyPair
    encryption: sm2.KeyPair


class _SignedAndEnveloped(core.Sequence):  # type: ignore[misc]  # asn1crypto ships no types
    _fields = [
        ("version", cms.CMSVersion),
        ("recipient_infos", cms.RecipientInfos),
        ("digest_algorithms", cms.DigestAlgorithms),
        ("encrypted_content_info", cms.EncryptedContentInfo),
        ("certificates", cms.CertificateSet, {"implicit": 0, "optional": True}),
        ("crls", cms.RevocationInfoChoices, {"implicit": 1, "optional": True}),
        ("signer_infos", cms.SignerInfos),
    ]


class _ContentInfo(core.Sequence):  # type: ignore[misc]
    _fields = [
        ("content_type", core.ObjectIdentifier),
        ("content", core.Any, {"explicit": 0, "optional": True}),
    ]
    _oid_pair = ("content_type", "content")
    _oid_specs = {
        SIGNED: cms.SignedData,
        ENVELOPED: cms.EnvelopedData,
        SIGNED_AND_ENVELOPED: _SignedAndEnveloped,
    }


def _parsed(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _known_by(certificate: asn1_x509.Certificate) -> cms.IssuerAndSerialNumber:
    return cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    )


def seal_to(certificate: x509.Certificate, secret: bytes) -> bytes:
    """Return a DER envelope holding a small secret that only the key of an SM2 encryption certificate opens.

    :raises ValueError: not an SM2 certificate
    """
    content_key, iv = os.urandom(BLOCK), os.urandom(BLOCK)
    sealed = b"".join(_sm4_encrypted([secret], key=content_key, iv=iv))
    recipient = cms.KeyTransRecipientInfo(
        {
            "version": "v1",
            "rid": cms.RecipientIdentifier("issuer_and_serial_number", _known_by(_parsed(certificate))),
            "key_encryption_algorithm": {"algorithm": SM2_SEALS},
            "encrypted_key": sm2.encrypt(sm2.key_of(certificate), content_key),
        }
    )
    enveloped = cms.EnvelopedData(
        {
            "version": "v1",
            "recipient_infos": [cms.RecipientInfo("ktri", recipient)],
            "encrypted_content_info": {
                "content_type": DATA,
                "content_encryption_algorithm": {
                    "algorithm": SM4_CBC,
                    "parameters": core.OctetString(iv),
                },
                "encrypted_content": sealed,
            },
        }
    )
    return bytes(_ContentInfo({"content_type": ENVELOPED, "content": enveloped}).dump())


def is_gm(data: bytes) -> bool:
    """Say whether DER bytes begin as one of this standard's structures."""
    try:
        return bool(_ContentInfo.load(data)["content_type"].dotted.startswith(_TYPE))
    except (ValueError, TypeError):
        return False


def recipient_of(envelope: bytes) -> int:
    """Return the serial number of the certificate an envelope is addressed to.

    :raises ValueError: not an envelope, or addressed otherwise
    """
    rid = _envelope(envelope)["recipient_infos"][0].chosen["rid"]
    if rid.name != "issuer_and_serial_number":
        raise ValueError("addressed by a key identifier")
    return int(rid.chosen["serial_number"].native)


def _envelope(data: bytes) -> Any:
    try:
        info = _ContentInfo.load(data, strict=True)
        if info["content_type"].dotted not in {ENVELOPED, SIGNED_AND_ENVELOPED}:
            raise ValueError("not an envelope")
        found = info["content"]
        if found["recipient_infos"][0].name != "ktri":
            raise ValueError("not an envelope of this standard")
    except (KeyError, IndexError, TypeError, AttributeError) as wrong:
        raise ValueError("not an envelope") from wrong
    return found


def open_envelope(envelope: bytes, *, key: sm2.KeyPair) -> bytes:
    """Return the secret inside an envelope.

    Others write plain "SM4" with an IV for CBC; a CA that delivers a private key writes it without one: ECB, unpadded.

    :raises ValueError: broken, or not for this key
    """
    found = _envelope(envelope)
    content = found["encrypted_content_info"]
    algorithm = content["content_encryption_algorithm"]
    sealed, iv = content["encrypted_content"].native, algorithm["parameters"].native
    if algorithm["algorithm"].dotted not in {SM4, SM4_CBC} or sealed is None:
        raise ValueError("not SM4")
    content_key = sm2.decrypt(key, found["recipient_infos"][0].chosen["encrypted_key"].native)
    if iv is None:
        decryptor = Cipher(algorithms.SM4(content_key), modes.ECB()).decryptor()  # noqa: S305 - the format's
        return bytes(decryptor.update(sealed) + decryptor.finalize())
    return b"".join(_sm4_decrypted([sealed], key=content_key, iv=iv))


def sign_detached(data: bytes, *, key: sm2.KeyPair, certificate: x509.Certificate) -> bytes:
    """Return DER SignedData (SM2 with SM3) over `data`, which is not inside; the certificate is."""
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [DATA]},
            {"type": "message_digest", "values": [sm3(data)]},
            {"type": "signing_time", "values": [cms.Time("utc_time", datetime.now(UTC))]},
        ]
    )
    parsed = _parsed(certificate)
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [{"algorithm": SM3}],
            "encap_content_info": {"content_type": DATA},
            "certificates": [cms.CertificateChoices("certificate", parsed)],
            "signer_infos": [
                {
                    "version": "v1",
                    "sid": cms.SignerIdentifier("issuer_and_serial_number", _known_by(parsed)),
                    "digest_algorithm": {"algorithm": SM3},
                    "signed_attrs": attributes,
                    "signature_algorithm": {"algorithm": SM2_SIGNS},
                    "signature": key.sign(attributes.dump()),
                }
            ],
        }
    )
    return bytes(_ContentInfo({"content_type": SIGNED, "content": signed}).dump())


def detached_fits(signature: bytes, *, data: bytes, certificate: x509.Certificate) -> bool | None:
    """Say whether a detached signature is on `data` and by the certificate's key; None: it is on something else.

    :raises ValueError: not a signature of this standard, or not an SM2 certificate
    """
    try:
        info = _ContentInfo.load(signature, strict=True)
        if info["content_type"].dotted != SIGNED:
            raise ValueError("not a signature")
        signer = info["content"]["signer_infos"][0]
        attributes = signer["signed_attrs"]
        claimed = next(a["values"][0].native for a in attributes if a["type"].native == "message_digest")
        signed_bytes = attributes.untag().dump(force=True)
        raw = signer["signature"].native
    except (KeyError, IndexError, TypeError, StopIteration, AttributeError) as wrong:
        raise ValueError("not a signature") from wrong
    if claimed != sm3(data):
        return None
    return sm2.verifies(sm2.key_of(certificate), signature=raw, data=signed_bytes)


def sm3(data: bytes) -> bytes:
    """Return the SM3 digest (GB/T 32905)."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


# --- content under a key agreed elsewhere: EncryptedData, whose only variable parts are the IV and the lengths


def _head(tag: int, length: int) -> bytes:
    """Return a DER tag and length (X.690 8.1.3): asn1crypto would want the content itself in memory."""
    if length < 128:
        return bytes([tag, length])
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size)


def encrypted_header(*, iv: bytes, size: int) -> bytes:
    """Return what stands before `size` bytes of SM4-CBC ciphertext in an EncryptedData (DER, definite lengths)."""
    kind, data, sm4 = (core.ObjectIdentifier(oid).dump() for oid in (ENCRYPTED, DATA, SM4_CBC))
    algorithm = sm4 + core.OctetString(iv).dump()
    about = data + _head(0x30, len(algorithm)) + algorithm + _head(0x80, size)
    body: bytes = core.Integer(1).dump() + _head(0x30, len(about) + size) + about
    whole = _head(0x30, len(body) + size) + body
    inside: bytes = kind + _head(0xA0, len(whole) + size) + whole
    return _head(0x30, len(inside) + size) + inside


def read_encrypted_header(first: bytes, *, size: int) -> tuple[int, bytes]:
    """Return where the ciphertext begins and its IV, for a file of `size` bytes that begins with `first`.

    There is exactly one right header for a size and an IV, so it is written anew and compared: nothing is parsed.

    :raises ValueError: not such a file, or cut off
    """
    for length in range(60, 100):
        rest = size - length
        blank = encrypted_header(iv=bytes(BLOCK), size=rest) if rest > 0 else b""
        if len(blank) == length:
            at = length - len(_head(0x80, rest)) - BLOCK
            iv = first[at : at + BLOCK]
            if (
                len(iv) == BLOCK
                and first[:length] == encrypted_header(iv=iv, size=rest)
                and rest % BLOCK == 0
            ):
                return length, iv
    raise ValueError("not an EncryptedData of this size")


def encrypt_file(plain: Path, sealed: Path, *, key: bytes) -> None:
    """Write an EncryptedData (SM4-CBC) of a file; 1 MB is in memory at a time."""
    iv = os.urandom(BLOCK)
    size = (plain.stat().st_size // BLOCK + 1) * BLOCK
    with sealed.open("wb") as out:
        out.write(encrypted_header(iv=iv, size=size))
        for piece in _sm4_encrypted(_pieces(plain), key=key, iv=iv):
            out.write(piece)


def decrypt_file(sealed: Path, plain: Path, *, key: bytes) -> None:
    """Write what an EncryptedData holds.

    :raises ValueError: not such a file, cut off, or under another key
    """
    size = sealed.stat().st_size
    with sealed.open("rb") as source:
        start, iv = read_encrypted_header(source.read(128), size=size)
    with plain.open("wb") as out:
        for piece in _sm4_decrypted(_pieces(sealed, start), key=key, iv=iv):
            out.write(piece)


def _pieces(path: Path, start: int = 0) -> Iterator[bytes]:
    with path.open("rb") as source:
        source.seek(start)
        while piece := source.read(_PIECE):
            yield piece


def _sm4_encrypted(pieces: Iterable[bytes], *, key: bytes, iv: bytes) -> Iterator[bytes]:
    padder = block_padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.SM4(key), modes.CBC(iv)).encryptor()
    for piece in pieces:
        yield encryptor.update(padder.update(piece))
    yield encryptor.update(padder.finalize()) + encryptor.finalize()


def _sm4_decrypted(pieces: Iterable[bytes], *, key: bytes, iv: bytes) -> Iterator[bytes]:
    unpadder = block_padding.PKCS7(128).unpadder()
    decryptor = Cipher(algorithms.SM4(key), modes.CBC(iv)).decryptor()
    for piece in pieces:
        yield unpadder.update(decryptor.update(piece))
    yield unpadder.update(decryptor.finalize()) + unpadder.finalize()

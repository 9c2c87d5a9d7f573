"""A small SM2 CA: a root and an issuing CA, dual certificates (GM/T 0015), a revocation list signed with SM2/SM3.

The applicant keeps the signing key; the encryption key is made here, as Chinese practice wants it, and handed over
wrapped for the signing key (GB/T 35276 SM2EnvelopedKey). It keeps no register.
"""

import os
import secrets
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import gmssl_pyx
from asn1crypto import algos, core, keys, pem
from asn1crypto import crl as asn1_crl
from asn1crypto import csr as asn1_csr
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ggzy.identity import sm2, trust
from ggzy.identity.training_ca import CRL_LIVES, Revoked
from ggzy.identity.trust import CertificateNotTrusted

_START = datetime(2026, 1, 1, tzinfo=UTC)
#: where GM/T 0015 puts the code of the organisation
_USCC = "1.2.156.10260.4.1.4"
_SM4_ECB = "1.2.156.10197.1.104.1"


@dataclass(frozen=True)
class Dual:
    """What an applicant gets: the signing certificate, the encryption certificate, and its key, wrapped."""

    signing: x509.Certificate
    encryption: x509.Certificate
    enveloped_key: bytes


class _EnvelopedKey(core.Sequence):  # type: ignore[misc]  # asn1crypto ships no types
    """SM2EnvelopedKey of GB/T 35276: a private key under SM4, the SM4 key under SM2."""

    _fields = [
        ("algorithm", algos.AlgorithmIdentifier),
        ("encrypted_sm4_key", core.Any),
        ("public_key", keys.ECPointBitString),
        ("encrypted_private_key", core.BitString),
    ]


def _name(*parts: tuple[str, str]) -> asn1_x509.Name:
    return asn1_x509.Name.build(dict(parts))


def certificate(
    *,
    subject: asn1_x509.Name,
    public: bytes,
    issuer: asn1_x509.Name,
    signer: sm2.KeyPair,
    start: datetime,
    days: int,
    usage: set[str],
    ca: bool = False,
    path_length: int | None = None,
    more: Mapping[str, bytes] | None = None,
) -> x509.Certificate:
    """Return an SM2 certificate."""
    extensions: list[dict[str, Any]] = [
        {
            "extn_id": "basic_constraints",
            "critical": True,
            "extn_value": {"ca": ca, **({} if path_length is None else {"path_len_constraint": path_length})},
        },
        {"extn_id": "key_usage", "critical": True, "extn_value": usage},
        {"extn_id": "key_identifier", "extn_value": _key_id(public)},
        {"extn_id": "authority_key_identifier", "extn_value": {"key_identifier": _key_id(signer.public)}},
    ]
    extensions += [
        {"extn_id": oid, "extn_value": core.ParsableOctetString(value)} for oid, value in (more or {}).items()
    ]
    body = asn1_x509.TbsCertificate(
        {
            "version": "v3",
            "serial_number": secrets.randbits(126) | 1 << 125,
            "signature": {"algorithm": sm2.WITH_SM3},
            "issuer": issuer,
            "validity": {"not_before": _time(start), "not_after": _time(start + timedelta(days=days))},
            "subject": subject,
            "subject_public_key_info": sm2.key_info(public),
            "extensions": extensions,
        }
    )
    made = asn1_x509.Certificate(
        {
            "tbs_certificate": body,
            "signature_algorithm": {"algorithm": sm2.WITH_SM3},
            "signature_value": signer.sign(body.dump()),
        }
    )
    return x509.load_der_x509_certificate(made.dump())


def crl(
    *,
    issuer: asn1_x509.Name,
    signer: sm2.KeyPair,
    revoked: Iterable[Revoked],
    number: int,
    at: datetime,
) -> bytes:
    """Return a revocation list (DER) signed with SM2/SM3."""
    rows = [
        {
            "user_certificate": row.serial,
            "revocation_date": _time(row.at),
            **(
                {"crl_entry_extensions": [{"extn_id": "crl_reason", "extn_value": _REASONS[row.reason]}]}
                if row.reason in _REASONS
                else {}
            ),
        }
        for row in revoked
    ]
    body: dict[str, Any] = {
        "version": "v2",
        "signature": {"algorithm": sm2.WITH_SM3},
        "issuer": issuer,
        "this_update": _time(at),
        "next_update": _time(at + CRL_LIVES),
        "crl_extensions": [
            {"extn_id": "crl_number", "extn_value": number},
            {"extn_id": "authority_key_identifier", "extn_value": {"key_identifier": _key_id(signer.public)}},
        ],
    }
    if rows:
        body["revoked_certificates"] = rows
    listed = asn1_crl.TbsCertList(body)
    made = asn1_crl.CertificateList(
        {
            "tbs_cert_list": listed,
            "signature_algorithm": {"algorithm": sm2.WITH_SM3},
            "signature": signer.sign(listed.dump()),
        }
    )
    return bytes(made.dump())


_REASONS = {
    "keyCompromise": "key_compromise",
    "superseded": "superseded",
    "cessationOfOperation": "cessation_of_operation",
    "affiliationChanged": "affiliation_changed",
}


def _time(moment: datetime) -> asn1_x509.Time:
    kind = asn1_x509.UTCTime if moment.year < 2050 else asn1_x509.GeneralizedTime
    return asn1_x509.Time(
        "utc_time" if moment.year < 2050 else "general_time",
        kind(moment.astimezone(UTC).replace(microsecond=0)),
    )


def _key_id(public: bytes) -> bytes:
    found: bytes = gmssl_pyx.sm3_hash(b"\x04" + public)
    return found[:20]


def envelop_key(pair: sm2.KeyPair, *, to: bytes) -> bytes:
    """Return a key pair's private key, wrapped for the holder of another SM2 key (DER)."""
    session = os.urandom(16)
    encryptor = Cipher(algorithms.SM4(session), modes.ECB()).encryptor()  # noqa: S305 - the format's mode
    return bytes(
        _EnvelopedKey(
            {
                "algorithm": {"algorithm": _SM4_ECB},
                "encrypted_sm4_key": core.Any.load(gmssl_pyx.sm2_encrypt(to, session)),
                "public_key": b"\x04" + pair.public,
                "encrypted_private_key": core.OctetBitString(
                    encryptor.update(pair.private) + encryptor.finalize()
                ).cast(core.BitString),
            }
        ).dump()
    )


def open_key(data: bytes, *, key: sm2.KeyPair) -> sm2.KeyPair:
    """Return the key pair that was wrapped for a key.

    :raises ValueError: not for this key, or broken
    """
    parsed = _EnvelopedKey.load(data, strict=True)
    try:
        session = gmssl_pyx.sm2_decrypt(key.private, parsed["encrypted_sm4_key"].dump())
    except gmssl_pyx.GmsslInnerError:
        raise ValueError("not for this key") from None
    decryptor = Cipher(algorithms.SM4(session), modes.ECB()).decryptor()  # noqa: S305 - the format's mode
    sealed = parsed["encrypted_private_key"].cast(core.OctetBitString).native
    private = decryptor.update(sealed) + decryptor.finalize()
    # some CAs pad the key with zeros to 64 bytes
    return sm2.KeyPair(private[-32:], parsed["public_key"].native[1:])


#: what marks a wrapped private key in a PEM text
WRAPPED = "SM2 ENVELOPED KEY"


def wrapped_pem(encoded: str) -> str:
    """Return a wrapped private key (base64) as PEM: whoever holds the signing key opens it."""
    return bytes(pem.armor(WRAPPED, b64decode(encoded))).decode()


class Sm2CA:
    """The training centre's SM2 CA: its keys lie in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "issuing.crt").exists():
            self._make()
        self.root = trust.load((folder / "root.crt").read_bytes())
        self.issuing = trust.load((folder / "issuing.crt").read_bytes())
        self._name = _subject_of(self.issuing)
        self._key = _read(folder / "issuing.key", self.issuing)

    def _make(self) -> None:
        root, issuing = sm2.KeyPair.new(), sm2.KeyPair.new()
        names = [
            _name(("country_name", "CN"), ("organization_name", "OpenGGZY 训练CA(演示)"), ("common_name", cn))
            for cn in ("OpenGGZY SM2 Training Root CA", "OpenGGZY SM2 Training CA")
        ]
        usage = {"key_cert_sign", "crl_sign"}
        top = certificate(
            subject=names[0],
            public=root.public,
            issuer=names[0],
            signer=root,
            start=_START,
            days=7300,
            usage=usage,
            ca=True,
        )
        below = certificate(
            subject=names[1],
            public=issuing.public,
            issuer=names[0],
            signer=root,
            start=_START,
            days=3650,
            usage=usage,
            ca=True,
            path_length=0,
        )
        for name, pair in (("root", root), ("issuing", issuing)):
            draft = self.folder / f"{name}.key.new"
            draft.touch(mode=0o600)
            draft.write_text(pair.private.hex())
            draft.replace(self.folder / f"{name}.key")
        (self.folder / "root.crt").write_text(trust.pem(top))
        (self.folder / "issuing.crt").write_text(trust.pem(below))

    def issue(
        self, csr_pem: bytes, *, organisation: str, uscc: str, person: str, start: datetime | None = None
    ) -> Dual:
        """Return the dual certificates for the signing key of a CSR; the names are what the platform knows.

        :raises CertificateNotTrusted: the CSR is broken, or its key is not SM2
        """
        public = signing_key_of(csr_pem)
        names = [("country_name", "CN"), ("organization_name", (organisation or "个人")[:60])]
        subject = _name(*names, ("common_name", person[:60]))
        pair = sm2.KeyPair.new()
        more = {_USCC: core.PrintableString(uscc).dump()} if uscc else None
        signing, encryption = (
            certificate(
                subject=subject,
                public=key,
                issuer=self._name,
                signer=self._key,
                start=start or _START,
                days=1460,
                usage=usage,
                more=more,
            )
            for key, usage in (
                (public, {"digital_signature", "non_repudiation"}),
                (pair.public, {"key_encipherment", "data_encipherment", "key_agreement"}),
            )
        )
        return Dual(signing, encryption, envelop_key(pair, to=public))

    def crl(self, revoked: Iterable[Revoked], *, number: int, at: datetime) -> bytes:
        """Return the signed revocation list (DER) of a moment."""
        return crl(issuer=self._name, signer=self._key, revoked=revoked, number=number, at=at)


def signing_key_of(csr_pem: bytes) -> bytes:
    """Return the SM2 key of a request whose signature proves that the private key is there.

    :raises CertificateNotTrusted: broken, or another kind of key
    """
    try:
        data = pem.unarmor(csr_pem)[2] if pem.detect(csr_pem) else csr_pem
        parsed = asn1_csr.CertificationRequest.load(data, strict=True)
        body = parsed["certification_request_info"]
        public = sm2.point_of(body["subject_pk_info"])
        signature = parsed["signature"].native
    except (ValueError, TypeError, KeyError):
        raise CertificateNotTrusted("证书申请文件(CSR)无法识别, 或密钥不是SM2") from None
    if not sm2.verifies(public, signature=signature, data=body.dump()):
        raise CertificateNotTrusted("证书申请文件(CSR)的SM2签名无效")
    return public


def is_request(csr_pem: bytes) -> bool:
    """Say whether a request is for an SM2 key; nothing is checked."""
    try:
        data = pem.unarmor(csr_pem)[2] if pem.detect(csr_pem) else csr_pem
        info = asn1_csr.CertificationRequest.load(data)["certification_request_info"]["subject_pk_info"]
        return bool(info["algorithm"]["parameters"].chosen.dotted == sm2.CURVE)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def request(pair: sm2.KeyPair, *, name: str = "OpenGGZY") -> bytes:
    """Return a certificate request (PEM) of an SM2 key."""
    body = asn1_csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": _name(("common_name", name)),
            "subject_pk_info": sm2.key_info(pair.public),
            "attributes": [],
        }
    )
    made = asn1_csr.CertificationRequest(
        {
            "certification_request_info": body,
            "signature_algorithm": {"algorithm": sm2.WITH_SM3},
            "signature": pair.sign(body.dump()),
        }
    )
    return bytes(pem.armor("CERTIFICATE REQUEST", made.dump()))


def _subject_of(certificate_: x509.Certificate) -> asn1_x509.Name:
    return asn1_x509.Name.load(certificate_.subject.public_bytes())


def _read(path: Path, certificate_: x509.Certificate) -> sm2.KeyPair:
    return sm2.KeyPair(bytes.fromhex(path.read_text()), sm2.key_of(certificate_))


@cache
def sm2_ca(folder: Path) -> Sm2CA:
    """Return the SM2 CA in a folder, made on first use."""
    return Sm2CA(folder)

"""The training centre's own small CA: a request in, a certificate out, and a revocation list that it signs.

P-256 and RSA keys. It keeps no register: who was certified and what was taken back stand in the database.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeGuard

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ggzy.identity.trust import CertificateNotTrusted, load

#: how long a revocation list is good for
CRL_LIVES = timedelta(days=7)


@dataclass(frozen=True)
class Revoked:
    """A certificate that was taken back: its serial number, when, and why (a word of `x509.ReasonFlags`)."""

    serial: int
    at: datetime
    reason: str = "unspecified"


class TrainingCA:
    """A real small CA for training: one P-256 root under the keys folder, CSR in, certificate out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / "ca.crt").exists():
            self._make()
        self.certificate = load((folder / "ca.crt").read_bytes())
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "OpenGGZY 训练CA(演示)"),
                x509.NameAttribute(NameOID.COMMON_NAME, "OpenGGZY Training CA"),
            ]
        )
        start = datetime(2026, 1, 1, tzinfo=UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        draft = self.folder / "ca.key.new"
        draft.touch(mode=0o600)
        draft.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        draft.replace(self.folder / "ca.key")
        (self.folder / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, csr_pem: bytes, *, organisation: str, uscc: str, person: str, start: datetime | None = None
    ) -> x509.Certificate:
        """Return a certificate for the key in a CSR; the names are what the platform knows, not what the CSR says.

        :raises CertificateNotTrusted: the CSR is broken or its key is of another kind
        """
        try:
            csr = x509.load_pem_x509_csr(csr_pem)
        except ValueError:
            raise CertificateNotTrusted("证书申请文件(CSR)无法识别, 应为PEM格式") from None
        key = csr.public_key()
        if not csr.is_signature_valid or not _can_seal(key):
            raise CertificateNotTrusted("证书申请文件(CSR)签名无效, 或密钥不是RSA、P-256")
        names = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, (organisation or "个人")[:60]),
            x509.NameAttribute(NameOID.COMMON_NAME, person[:60]),
        ]
        if uscc:
            names.insert(2, x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, uscc))
        start = start or datetime(2026, 1, 1, tzinfo=UTC)
        is_rsa = isinstance(key, rsa.RSAPublicKey)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name(names))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=1460))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                _usage(
                    digital_signature=True,
                    content_commitment=True,
                    key_encipherment=is_rsa,
                    key_agreement=not is_rsa,
                ),
                critical=True,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )

    def issue_timestamper(self, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        """Return the certificate of the training timestamp authority: for timestamps alone (RFC 3161 2.3)."""
        start = datetime(2026, 1, 1, tzinfo=UTC)
        names = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "OpenGGZY 训练时间戳(演示)"),
            x509.NameAttribute(NameOID.COMMON_NAME, "OpenGGZY 训练时间戳(演示)"),
        ]
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name(names))
            .issuer_name(self.certificate.subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=3640))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )

    def crl(self, revoked: Iterable[Revoked], *, number: int, at: datetime) -> bytes:
        """Return the signed revocation list (DER) of a moment."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(at + CRL_LIVES)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        for row in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(row.serial).revocation_date(row.at)
            if row.reason != "unspecified":  # RFC 5280 5.3.1: leave the extension out
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(row.reason)), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _can_seal(key: object) -> TypeGuard[rsa.RSAPublicKey | ec.EllipticCurvePublicKey]:
    """Say whether a bid's envelope can be addressed to a key: RSA, or P-256 and no other curve."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, ec.SECP256R1)
    return isinstance(key, rsa.RSAPublicKey)


def _usage(**on: bool) -> x509.KeyUsage:
    every = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{name: on.get(name, False) for name in every})


@cache
def training_ca(folder: Path) -> TrainingCA:
    """Return the training CA in a folder, made on first use."""
    return TrainingCA(folder)

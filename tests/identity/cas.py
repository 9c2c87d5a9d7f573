"""CAs for tests: a root, an intermediate, leaves of every kind, revocation lists; nothing of ours but the standard."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def usage(**on):
    names = [
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
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def named(*names):
    """Return a subject of (OID or None for the common name, text)."""
    return x509.Name([x509.NameAttribute(oid or NameOID.COMMON_NAME, text) for oid, text in names])


@dataclass
class CA:
    """A key with its certificate, that issues."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def root(cls, name="测试根CA", *, start=NOW - 400 * DAY, days=3650):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = named((None, name))
        return cls(key, _build(subject, subject, key.public_key(), key, start, days, ca=True))

    def sub(self, name="测试中级CA", *, start=NOW - 300 * DAY, days=2000, ca=True):
        key = ec.generate_private_key(ec.SECP256R1())
        made = _build(
            named((None, name)), self.certificate.subject, key.public_key(), self.key, start, days, ca=ca
        )
        return CA(key, made)

    def leaf(
        self, subject=None, *, start=NOW - 30 * DAY, days=365, use=None, extended=None, more=(), key=None
    ):
        key = key or ec.generate_private_key(ec.SECP256R1())
        made = _build(
            subject or named((None, "张三")),
            self.certificate.subject,
            key.public_key(),
            self.key,
            start,
            days,
            use=use or usage(digital_signature=True, key_agreement=True),
            extended=extended,
            more=more,
        )
        return CA(key, made)

    def crl(self, *revoked, at=NOW - DAY, days=7, number=1, reason=None, signed_key=False):
        """Return a list (DER) of (certificate, moment)."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(at + timedelta(days=days))
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        if signed_key:
            named = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            builder = builder.add_extension(named, critical=False)
        for certificate, moment in revoked:
            row = (
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(moment)
            )
            if reason:
                row = row.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(row.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def entry(self, *between, id="ceshi", name="测试CA", **more):
        """Return this root as an entry of a trust list."""
        return {
            "id": id,
            "name": name,
            "anchors": [pem(self.certificate)],
            "intermediates": [pem(one.certificate) for one in between],
            "algorithms": ["P-256", "RSA"],
            "purposes": ["login", "sign", "seal", "envelope"],
            "valid_from": "2020-01-01T00:00:00+08:00",
            "valid_until": None,
            "status": "active",
            "crl": [],
        } | more


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _build(subject, issuer, public, signer, start, days, *, ca=False, use=None, extended=None, more=()):
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(use or usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    for oid, value in more:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), critical=False
        )
    return builder.sign(signer, hashes.SHA256())

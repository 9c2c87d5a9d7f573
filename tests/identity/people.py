"""Certificates for tests: a training CA of the test's own, and key pairs that never leave it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from ggzy.client.party import Identity
from ggzy.identity.training_ca import TrainingCA

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def new_key(kind="P-256"):
    if kind == "RSA":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP384R1() if kind == "P-384" else ec.SECP256R1())


def request_of(key):
    """Return a certificate request in PEM; its name is not what the certificate will say."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody else")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return csr.public_bytes(serialization.Encoding.PEM)


def certified(ca: TrainingCA, kind="P-256", *, organisation="济南某建设有限公司", person="张三"):
    """Return a key pair with a certificate of the CA."""
    key = new_key(kind)
    return Identity(
        key, ca.issue(request_of(key), organisation=organisation, uscc="91370100M00000001A", person=person)
    )


def foreign(key, *, issuer=None, start=NOW - timedelta(days=1), days=30):
    """Return a self-signed certificate, or one that only claims an issuer."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "foreign")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)

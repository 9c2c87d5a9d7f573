"""Whose certificates are believed, and whether one was good at a moment. Chains by OpenSSL's own validator."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeGuard

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID
from OpenSSL import crypto

from ggzy.kernel.refusals import Refusal


class CertificateNotTrusted(Refusal):
    """The certificate is no good here, or was not at that moment."""

    code = "identity.certificate_not_trusted"
    status = 403


class SignatureWrong(Refusal):
    """The signature does not fit the document and the certificate."""

    code = "identity.signature_wrong"
    status = 422


def load(pem: bytes | str) -> x509.Certificate:
    """Return the certificate in a PEM text.

    :raises CertificateNotTrusted: not a certificate
    """
    try:
        return x509.load_pem_x509_certificate(pem.encode() if isinstance(pem, str) else pem)
    except ValueError:
        raise CertificateNotTrusted("这不是有效的数字证书文件(应为PEM格式)") from None


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint in hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def require_trusted(
    certificate: x509.Certificate, *, anchors: tuple[x509.Certificate, ...], at: datetime
) -> None:
    """Let a certificate pass whose chain ends at one of our anchors and that is in its time.

    :raises CertificateNotTrusted: unknown issuer, outside its validity, or broken
    """
    store = crypto.X509Store()
    for anchor in anchors:
        store.add_cert(crypto.X509.from_cryptography(anchor))
    store.set_time(at.astimezone(UTC).replace(tzinfo=None))
    try:
        crypto.X509StoreContext(store, crypto.X509.from_cryptography(certificate)).verify_certificate()
    except crypto.X509StoreContextError as wrong:
        raise CertificateNotTrusted(
            f"数字证书不受信任({wrong}): 请使用本中心认可的CA签发且在有效期内的证书"
        ) from None


def require_signature(certificate: x509.Certificate, *, signature: bytes, data: bytes) -> None:
    """Let a signature pass that fits: RSA PKCS#1 v1.5 or ECDSA, SHA-256; DER or the browser's r‖s.

    :raises SignatureWrong: it does not fit
    """
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(as_der(signature), data, ec.ECDSA(hashes.SHA256()))
        else:
            raise SignatureWrong("暂不支持此证书的算法, 请使用RSA或P-256证书")
    except (InvalidSignature, ValueError):
        raise SignatureWrong("签名与内容或证书不符, 请确认所选证书就是登录时的证书, 然后重新签名") from None


def as_der(signature: bytes) -> bytes:
    """Return an ECDSA signature as DER; browsers give r‖s of 64 bytes."""
    if len(signature) == 64:
        return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    return signature


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

    def issue(self, csr_pem: bytes, *, organisation: str, uscc: str, person: str) -> x509.Certificate:
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
        start = datetime(2026, 1, 1, tzinfo=UTC)
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


def anchors(keys: Path, *, training: bool) -> tuple[x509.Certificate, ...]:
    """Return the certificates of the CAs this centre recognises: files in `keys/trust/`, and the training CA."""
    found = tuple(load(path.read_bytes()) for path in sorted((keys / "trust").glob("*.crt")))
    return (*found, training_ca(keys / "ca").certificate) if training else found

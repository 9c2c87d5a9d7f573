"""Whose certificates are believed, and whether one was good at a moment. Chains by OpenSSL's own validator."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from itertools import pairwise
from typing import Any

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import crypto

from ggzy.kernel.refusals import Refusal

_BEIJING = timezone(timedelta(hours=8))


class CertificateNotTrusted(Refusal):
    """The certificate is no good here, or was not at that moment."""

    code = "identity.certificate_not_trusted"
    status = 403


class CertificateRevoked(CertificateNotTrusted):
    """Its CA took the certificate back, before the moment that is asked about."""

    code = "identity.certificate_revoked"


class CrlBroken(Refusal):
    """What a CA's address gave is no revocation list, or not this CA's."""

    code = "identity.crl_broken"
    status = 422


class SignatureWrong(Refusal):
    """The signature does not fit the document and the certificate."""

    code = "identity.signature_wrong"
    status = 422


def load(data: bytes | str) -> x509.Certificate:
    """Return the certificate in a PEM text.

    :raises CertificateNotTrusted: not a certificate
    """
    try:
        return x509.load_pem_x509_certificate(data.encode() if isinstance(data, str) else data)
    except ValueError:
        raise CertificateNotTrusted("这不是有效的数字证书文件(应为PEM格式)") from None


def load_all(text: str) -> list[x509.Certificate]:
    """Return the certificates in a PEM text, at least one.

    :raises CertificateNotTrusted: not certificates
    """
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise CertificateNotTrusted("这不是有效的数字证书文件(应为PEM格式)") from None


def pem(certificate: x509.Certificate) -> str:
    """Return a certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint in hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """How a certificate was found good: its chain from leaf to anchor, the revocation lists that were looked at, and
    what was not as it should be (in words)."""

    chain: tuple[x509.Certificate, ...]
    crls: tuple[x509.CertificateRevocationList, ...] = ()
    warnings: tuple[str, ...] = ()


class Stale(StrEnum):
    """What follows when the revocation list of a certificate's CA is out of date or not there."""

    WARN = "warn"
    REFUSE = "refuse"


def require_trusted(
    certificate: x509.Certificate,
    *,
    anchors: Sequence[x509.Certificate],
    at: datetime,
    intermediates: Sequence[x509.Certificate] = (),
    crls: Sequence[x509.CertificateRevocationList] = (),
    stale: Stale | None = None,
) -> Checked:
    """Let a certificate pass whose chain ends at one of our anchors, in its time, and not revoked by then.

    `crls` are the revocation lists known at that moment; `stale` says what follows where none of them is good for the
    moment (None: revocation is not looked at beyond `crls`). A certificate that was revoked later was good before.

    :raises CertificateNotTrusted: unknown issuer, outside its validity, revoked, a CA's own, or broken
    """
    found = chain_of(certificate, anchors=anchors, intermediates=intermediates, at=at)
    if is_ca(certificate) and len(found) > 1:
        raise CertificateNotTrusted("这是CA机构自己的证书, 不能用来办事, 请使用发给您单位或本人的证书")
    used, warnings = [], []
    for subject, issuer in pairwise(found):
        crl = _latest(crls, issuer)
        if crl is None:
            if subject is certificate and stale is not None:
                warnings.append(f"尚未取得签发机构({name_of(issuer)})的吊销列表, 无法确认证书是否已被吊销")
            continue
        _require_not_revoked(subject, crl, anchors=anchors, others=found[1:], at=at)
        used.append(crl)
        if stale is not None and (crl.next_update_utc is None or crl.next_update_utc < at):
            warnings.append(
                f"签发机构({name_of(issuer)})的吊销列表已过期(应于{_day(crl.next_update_utc)}前更新), 之后的吊销情况不明"
            )
    if warnings and stale is Stale.REFUSE:
        raise CertificateNotTrusted(
            f"数字证书暂不能使用: {'; '.join(warnings)}。请稍后重试, 或改用其他认可CA的证书"
        )
    return Checked(chain=found, crls=tuple(used), warnings=tuple(warnings))


#: X509_V_FLAG_NO_CHECK_TIME: freshness of a revocation list is judged by policy, not by OpenSSL
_NO_CHECK_TIME = 0x200000
_REVOKED = 23


def _store(anchors: Iterable[x509.Certificate]) -> crypto.X509Store:
    store = crypto.X509Store()
    for anchor in anchors:
        store.add_cert(crypto.X509.from_cryptography(anchor))
    return store


def chain_of(
    certificate: x509.Certificate,
    *,
    anchors: Iterable[x509.Certificate],
    intermediates: Iterable[x509.Certificate] = (),
    at: datetime,
) -> tuple[x509.Certificate, ...]:
    """Return the chain from a certificate to one of the anchors, good at a moment; revocation is not looked at.

    :raises CertificateNotTrusted: there is none
    """
    store = _store(anchors)
    store.set_time(at.astimezone(UTC).replace(tzinfo=None))
    between = [crypto.X509.from_cryptography(one) for one in intermediates]
    context = crypto.X509StoreContext(store, crypto.X509.from_cryptography(certificate), between)
    try:
        chain = context.get_verified_chain()
    except crypto.X509StoreContextError as wrong:
        raise CertificateNotTrusted(_in_words(wrong, certificate)) from None
    return (certificate, *(one.to_cryptography() for one in chain[1:]))


def _latest(
    crls: Iterable[x509.CertificateRevocationList], issuer: x509.Certificate
) -> x509.CertificateRevocationList | None:
    mine = [crl for crl in crls if crl.issuer == issuer.subject and _may_be_by(crl, issuer)]
    return max(mine, key=lambda crl: crl.last_update_utc, default=None)


def _may_be_by(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Say whether the key identifiers agree: a CA that changed its key keeps its name and has a list of each key."""
    named = _extension(issuer, x509.SubjectKeyIdentifier)
    try:
        by = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except x509.ExtensionNotFound:
        return True
    return named is None or by is None or bool(by == named.digest)


def _require_not_revoked(
    certificate: x509.Certificate,
    crl: x509.CertificateRevocationList,
    *,
    anchors: Sequence[x509.Certificate],
    others: Sequence[x509.Certificate],
    at: datetime,
) -> None:
    """Let OpenSSL judge the list itself (its signature, its signer, its scope) and whether the certificate is in it."""
    store = _store(anchors)
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK | _NO_CHECK_TIME)
    store.add_crl(crl)
    between = [crypto.X509.from_cryptography(one) for one in others]
    context = crypto.X509StoreContext(store, crypto.X509.from_cryptography(certificate), between)
    try:
        context.verify_certificate()
    except crypto.X509StoreContextError as wrong:
        row = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if wrong.errors[0] != _REVOKED or row is None:
            raise CertificateNotTrusted(_in_words(wrong, certificate)) from None
        if row.revocation_date_utc <= at:
            raise CertificateRevoked(
                f"数字证书已于{_minute(row.revocation_date_utc)}被签发机构吊销({reason_of(row)}), 不能再用于新的事项; "
                "请换用有效证书, 或向签发机构重新办理"
            ) from None


def is_ca(certificate: x509.Certificate) -> bool:
    """Say whether a certificate is a CA's own."""
    found = _extension(certificate, x509.BasicConstraints)
    return found is not None and found.ca


_EXTENDED = {
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    ExtendedKeyUsageOID.SMARTCARD_LOGON,
    x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing
}


def require_usage(certificate: x509.Certificate, *, to_seal: bool = False) -> None:
    """Let a certificate pass that is made for signing, or (`to_seal`) for receiving envelopes.

    :raises CertificateNotTrusted: made for something else
    """
    usage, extended = _extension(certificate, x509.KeyUsage), _extension(certificate, x509.ExtendedKeyUsage)
    if extended is not None and not _EXTENDED & set(extended):
        raise CertificateNotTrusted(
            "证书用途不符: 这张证书是给服务器或其他用途签发的, 不是单位或个人的身份证书"
        )
    if usage is None:
        return
    if to_seal and not (usage.key_encipherment or usage.key_agreement or usage.data_encipherment):
        raise CertificateNotTrusted("证书用途不符: 这张证书只能签名, 不能用来加密, 请使用加密证书")
    if not to_seal and not (usage.digital_signature or usage.content_commitment):
        raise CertificateNotTrusted("证书用途不符: 这张证书不能用来签名(可能是加密证书), 请使用签名证书")


def _extension(certificate: x509.Certificate, kind: type[Any]) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


_WORDS = {
    2: "缺少上级CA证书, 证书链不完整",
    3: "没有适用于这张证书的吊销列表",
    7: "证书的签名不对, 证书可能被改动过",
    8: "签发机构的吊销列表签名不对, 不能采信",
    18: "这是自签名证书, 不是认可的CA签发的",
    19: "证书链的根是自签名的, 但不在本中心的信任列表里",
    20: "签发机构不在本中心的信任列表里",
    21: "签发机构不在本中心的信任列表里",
    24: "证书链里有一张不是CA的证书, 它不能签发证书",
    25: "证书链的层级超过了CA允许的层级",
    26: "证书用途不符",
    32: "证书链里有一张证书没有签发证书的权限",
    33: "签发机构的吊销列表不是由它自己签的, 不能采信",
    35: "签发机构没有签发吊销列表的权限",
    44: "吊销列表的适用范围与这张证书不符",
    79: "证书链里有一张不是CA的证书, 它不能签发证书",
}


def _in_words(wrong: crypto.X509StoreContextError, leaf: x509.Certificate) -> str:
    """Return what OpenSSL found wrong as a Chinese sentence that says what to do."""
    code = wrong.errors[0]
    at_fault = wrong.certificate.to_cryptography() if wrong.certificate else leaf
    whose = "证书" if at_fault == leaf else f"上级CA证书({name_of(at_fault)})"
    if code == 9:
        says = f"{whose}尚未生效(自{_minute(at_fault.not_valid_before_utc)}起有效)"
    elif code == 10:
        says = f"{whose}已过期(有效期至{_minute(at_fault.not_valid_after_utc)})"
    else:
        says = _WORDS.get(code, f"证书链核对不通过(OpenSSL 第{code}号)")
    return f"数字证书不受信任: {says}。请使用本中心认可的CA签发且在有效期内的证书"


_REASONS = {
    "keyCompromise": "密钥泄露",
    "cACompromise": "CA密钥泄露",
    "affiliationChanged": "单位信息变更",
    "superseded": "已换新证",
    "cessationOfOperation": "停止使用",
    "certificateHold": "冻结",
    "privilegeWithdrawn": "资格取消",
}


def reason_of(row: x509.RevokedCertificate) -> str:
    """Return why a certificate was taken back, in a word."""
    try:
        found = row.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return "未说明原因"
    return _REASONS.get(found.value, "未说明原因")


def name_of(certificate: x509.Certificate) -> str:
    """Return what people call the subject of a certificate."""
    return _called(certificate.subject)


def issuer_of(certificate: x509.Certificate) -> str:
    """Return what people call the issuer of a certificate."""
    return _called(certificate.issuer)


def _called(name: x509.Name) -> str:
    kinds = (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
    names = [str(one.value) for kind in kinds for one in name.get_attributes_for_oid(kind)]
    return names[0] if names else name.rfc4514_string()


def _minute(moment: datetime) -> str:
    return moment.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M")


def _day(moment: datetime | None) -> str:
    return moment.astimezone(_BEIJING).strftime("%Y-%m-%d") if moment else "未写明的日期"


def load_crl(data: bytes) -> x509.CertificateRevocationList:
    """Return the revocation list in DER or PEM bytes.

    :raises CrlBroken: not a revocation list
    """
    try:
        read = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_crl
        return read(data)
    except ValueError:
        raise CrlBroken("取回的内容不是吊销列表(CRL)") from None


def require_crl_of(
    crl: x509.CertificateRevocationList, certificates: Iterable[x509.Certificate]
) -> x509.Certificate:
    """Return which of a CA's certificates signed a revocation list.

    :raises CrlBroken: none of them
    """
    for one in certificates:
        if one.subject != crl.issuer:
            continue
        try:
            _require_signed(
                one, signature=crl.signature, data=crl.tbs_certlist_bytes, oid=crl.signature_algorithm_oid
            )
        except SignatureWrong:
            continue
        return one
    raise CrlBroken("吊销列表不是这家CA签发的, 或签名不对, 不予采信")


def _require_signed(
    signer: x509.Certificate, *, signature: bytes, data: bytes, oid: x509.ObjectIdentifier
) -> None:
    """Let a signature on a list pass that the signer's key made with the algorithm the list names."""
    if algorithm_of(signer) == "SM2":
        require_signature(signer, signature=signature, data=data)
        return
    chosen = _HASHES.get(oid.dotted_string)
    key = signer.public_key()
    try:
        if chosen is None:
            raise SignatureWrong("签名算法不受支持或过于陈旧")
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), chosen)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(chosen))
        else:
            raise SignatureWrong("签名算法不受支持")
    except InvalidSignature:
        raise SignatureWrong("签名不对") from None


#: signature algorithms of lists: RSA PKCS#1 v1.5 and ECDSA with SHA-2; SHA-1 is too old
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.113549.1.1.11": hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
    "1.2.840.10045.4.3.2": hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
}

_EC_KEY, _SM2_CURVE = "1.2.840.10045.2.1", "1.2.156.10197.1.301"


def algorithm_of(certificate: x509.Certificate) -> str:
    """Return the kind of a certificate's key: RSA, P-256, SM2, or what else it is."""
    info = asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)).public_key
    algorithm = info["algorithm"]["algorithm"].dotted
    if algorithm == _EC_KEY:
        curve = info["algorithm"]["parameters"].chosen
        known = {_SM2_CURVE: "SM2", "1.2.840.10045.3.1.7": "P-256"}
        return known.get(getattr(curve, "dotted", ""), "其他椭圆曲线")
    return "RSA" if algorithm == "1.2.840.113549.1.1.1" else "其他算法"


def require_signature(certificate: x509.Certificate, *, signature: bytes, data: bytes) -> None:
    """Let a signature pass that fits: RSA PKCS#1 v1.5 or ECDSA with SHA-256 (DER or the browser's r‖s), SM2 with SM3 (DER).

    :raises SignatureWrong: it does not fit
    """
    try:
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        _require_sm2_signature(certificate, signature=signature, data=data)
        return
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(as_der(signature), data, ec.ECDSA(hashes.SHA256()))
        else:
            raise SignatureWrong("暂不支持此证书的算法, 请使用RSA、P-256或SM2证书")
    except (InvalidSignature, ValueError):
        raise SignatureWrong(_DOES_NOT_FIT) from None


_DOES_NOT_FIT = "签名与内容或证书不符, 请确认所选证书就是登录时的证书, 然后重新签名"


def _require_sm2_signature(certificate: x509.Certificate, *, signature: bytes, data: bytes) -> None:
    from ggzy.identity import sm2  # its library is asked for only where an SM2 certificate comes

    try:
        public = sm2.key_of(certificate)
    except ValueError:
        raise SignatureWrong("暂不支持此证书的算法, 请使用RSA、P-256或SM2证书") from None
    if not sm2.verifies(public, signature=signature, data=data):
        raise SignatureWrong(_DOES_NOT_FIT)


def as_der(signature: bytes) -> bytes:
    """Return an ECDSA signature as DER; browsers give r‖s of 64 bytes."""
    if len(signature) == 64:
        return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    return signature

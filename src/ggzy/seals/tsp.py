"""RFC 3161 timestamps: a query, a reply, and whether a token is what it should be. Pure.

Format code over library cryptography. A training centre answers queries itself (`reply`); tokens of anybody are judged
by `require_token`.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ggzy.identity import sm_oids, trust
from ggzy.kernel.refusals import Refusal

sm_oids.register()
_TST_INFO = "tst_info"
#: digests that a token may be on, and that its signer may use
DIGESTS = {"sha256": 32, "sha384": 48, "sha512": 64, "sm3": 32}
MOST_BYTES = 64 * 1024


class TokenWrong(Refusal):
    """A timestamp token that cannot be believed."""

    code = "seals.token_wrong"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a good token says."""

    at: datetime
    serial: int
    policy: str
    authority: str
    certificate: x509.Certificate


class _Reply(core.Sequence):  # type: ignore[misc]  # asn1crypto ships no types
    """TimeStampResp as RFC 3161 has it, the token optional; the library's own class wants one always."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


def query(digest: bytes) -> tuple[bytes, int]:
    """Return a query (DER) on a SHA-256 digest that asks for the authority's certificate, and its nonce."""
    nonce = secrets.randbits(63)
    made = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest},
            "nonce": nonce,
            "cert_req": True,
        }
    )
    return bytes(made.dump()), nonce


def token_of(reply_: bytes, *, nonce: int) -> bytes:
    """Return the token in a reply.

    :raises TokenWrong: refused, broken, or the answer to another query
    """
    try:
        found = _Reply.load(reply_, strict=True)
        status = found["status"]["status"].native
        if status not in ("granted", "granted_with_mods"):
            raise TokenWrong(f"时间戳服务拒绝了请求({status})")
        token = found["time_stamp_token"]
        info = token["content"]["encap_content_info"]["content"].parsed
        if info["nonce"].native != nonce:
            raise TokenWrong("时间戳服务的答复不是对这次请求的答复")
        return bytes(token.dump())
    except (ValueError, TypeError, KeyError, AttributeError):
        raise TokenWrong("时间戳服务的答复读不懂") from None


def require_token(
    token: bytes, *, digest: bytes, md: str = "sha256", trusted: Iterable[x509.Certificate]
) -> Token:
    """Return what a token says that is on `digest`, signed by an authority whose chain ends at a trusted certificate.

    :raises TokenWrong: broken, on something else, wrongly signed, or of an authority that is none or not trusted
    """
    read = read_token(token, digest=digest, md=md)
    try:
        trust.require_trusted(read.certificate, anchors=tuple(trusted), at=read.at)
    except trust.CertificateNotTrusted as no:
        raise TokenWrong(f"时间戳服务的证书不受信任: {no.message}") from None
    return read


def read_token(token: bytes, *, digest: bytes, md: str = "sha256") -> Token:
    """Return what a token says; its signature and what it is on are checked, its authority's chain is not.

    :raises TokenWrong: broken, on something else, wrongly signed, or signed by a certificate that is not for timestamps
    """
    try:
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        return _read(signed, digest=digest, md=md)
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration, trust.SignatureWrong):
        raise TokenWrong("时间戳读不懂, 或签名不对") from None


def _read(signed: cms.SignedData, *, digest: bytes, md: str) -> Token:
    if signed["encap_content_info"]["content_type"].native != _TST_INFO:
        raise TokenWrong("这不是时间戳")
    octets = signed["encap_content_info"]["content"]
    info, raw = octets.parsed, octets.contents
    imprint = info["message_imprint"]
    if (imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native) != (md, digest):
        raise TokenWrong("时间戳不是加在这份内容上的")
    (signer,) = signed["signer_infos"]
    certificate = _certificate_of(signed, signer)
    attributes = {a["type"].native: a["values"] for a in signer["signed_attrs"]}
    inner = signer["digest_algorithm"]["algorithm"].native
    if inner not in DIGESTS or attributes["message_digest"][0].native != hashlib.new(inner, raw).digest():
        raise TokenWrong("时间戳的内容被改动过")
    if attributes["content_type"][0].native != _TST_INFO:
        raise TokenWrong("这不是时间戳")
    _require_named(attributes, certificate)
    _require_signed(certificate, signer, inner)
    _require_for_timestamps(certificate)
    return Token(
        at=info["gen_time"].native.astimezone(UTC),
        serial=info["serial_number"].native,
        policy=info["policy"].dotted,
        authority=trust.name_of(certificate),
        certificate=certificate,
    )


def _certificate_of(signed: cms.SignedData, signer: cms.SignerInfo) -> x509.Certificate:
    sid = signer["sid"].chosen
    for one in signed["certificates"]:
        found = one.chosen
        if isinstance(sid, cms.IssuerAndSerialNumber):
            if (found.issuer, found.serial_number) != (sid["issuer"], sid["serial_number"].native):
                continue
        elif found.key_identifier != sid.native:
            continue
        return x509.load_der_x509_certificate(found.dump())
    raise TokenWrong("时间戳里没有签发者的证书")


def _require_named(attributes: dict[str, cms.SetOfAny], certificate: x509.Certificate) -> None:
    """Let a token pass whose signed attributes name its signer's certificate (ESS, RFC 5816)."""
    der = certificate.public_bytes(Encoding.DER)
    if "signing_certificate_v2" in attributes:
        named = attributes["signing_certificate_v2"][0]["certs"][0]
        md = named["hash_algorithm"]["algorithm"].native
        good = md in DIGESTS and named["cert_hash"].native == hashlib.new(md, der).digest()
    elif "signing_certificate" in attributes:  # RFC 3161 of 2001 names by SHA-1: a name, not a proof
        named = attributes["signing_certificate"][0]["certs"][0]
        good = named["cert_hash"].native == hashlib.sha1(der, usedforsecurity=False).digest()
    else:
        good = False
    if not good:
        raise TokenWrong("时间戳没有指明签发者的证书")


def _require_signed(certificate: x509.Certificate, signer: cms.SignerInfo, md: str) -> None:
    data = signer["signed_attrs"].untag().dump()
    value = signer["signature"].native
    kind = trust.algorithm_of(certificate)
    if kind == "SM2" or (md == "sha256" and kind in ("P-256",)):
        trust.require_signature(certificate, signature=value, data=data)
        return
    chosen = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}.get(md)
    key = certificate.public_key()
    try:
        if chosen is not None and isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), chosen)
        elif chosen is not None and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, data, ec.ECDSA(chosen))
        else:
            raise TokenWrong("时间戳的签名算法在这里核验不了")
    except InvalidSignature:
        raise TokenWrong("时间戳的签名不对") from None


def _require_for_timestamps(certificate: x509.Certificate) -> None:
    """Let a certificate pass whose extended key usage is critical and time stamping alone (RFC 3161 2.3)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise TokenWrong("签发者的证书不是时间戳证书") from None
    if not found.critical or list(found.value) != [x509.oid.ExtendedKeyUsageOID.TIME_STAMPING]:
        raise TokenWrong("签发者的证书不是时间戳证书")


class QueryWrong(Exception):
    """A query that is answered with a failure; its text is the word of RFC 3161."""


def reply(
    data: bytes,
    *,
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    policy: str,
    serial: int,
    at: datetime,
) -> bytes:
    """Answer a query as an authority does: a token, or a refusal in the reply's own status."""
    try:
        asked = _asked(data, policy)
    except QueryWrong as wrong:
        status = {"status": "rejection", "fail_info": {str(wrong)}}
        return bytes(_Reply({"status": status}).dump())
    token = _token(asked, key=key, certificate=certificate, policy=policy, serial=serial, at=at)
    return bytes(_Reply({"status": {"status": "granted"}, "time_stamp_token": token}).dump())


def _asked(data: bytes, policy: str) -> tsp.TimeStampReq:
    try:
        asked = tsp.TimeStampReq.load(data, strict=True)
        imprint = asked["message_imprint"]
        md, value = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        wanted, extensions = asked["req_policy"].native, asked["extensions"].native
        _ = asked["nonce"].native, asked["cert_req"].native
    except (ValueError, TypeError, KeyError):
        raise QueryWrong("bad_data_format") from None
    if md not in DIGESTS:
        raise QueryWrong("bad_alg")
    if len(value) != DIGESTS[md]:
        raise QueryWrong("bad_data_format")
    if wanted and wanted != policy:
        raise QueryWrong("unaccepted_policy")
    if extensions:
        raise QueryWrong("unaccepted_extensions")
    return asked


def _token(
    asked: tsp.TimeStampReq,
    *,
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    policy: str,
    serial: int,
    at: datetime,
) -> cms.ContentInfo:
    der = certificate.public_bytes(Encoding.DER)
    own = asn1_x509.Certificate.load(der)
    info = tsp.TSTInfo(
        {
            "version": "v1",
            "policy": policy,
            "message_imprint": asked["message_imprint"],
            "serial_number": serial,
            "gen_time": core.GeneralizedTime(at.astimezone(UTC).replace(microsecond=0)),
            "accuracy": {"seconds": 1},
            **({"nonce": asked["nonce"].native} if asked["nonce"].native is not None else {}),
        }
    )
    raw = info.dump()
    name = asn1_x509.GeneralName("directory_name", own.issuer)
    named = {
        "hash_algorithm": {"algorithm": "sha256"},
        "cert_hash": hashlib.sha256(der).digest(),
        "issuer_serial": {"issuer": [name], "serial_number": own.serial_number},
    }
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": [_TST_INFO]},
            {"type": "message_digest", "values": [hashlib.sha256(raw).digest()]},
            {"type": "signing_certificate_v2", "values": [{"certs": [named]}]},
        ]
    )
    signer = {
        "version": "v1",
        "sid": {"issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}},
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": key.sign(attributes.dump(), ec.ECDSA(hashes.SHA256())),
    }
    signed = {
        "version": "v3",
        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
        "encap_content_info": {"content_type": _TST_INFO, "content": core.ParsableOctetString(raw)},
        "signer_infos": [signer],
        **({"certificates": [own]} if asked["cert_req"].native else {}),
    }
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})

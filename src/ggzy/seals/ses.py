"""Electronic stamps and seal signatures of GB/T 38540 (version 4) and of GM/T 0031 before it (versions 1 to 3). Pure.

Format code over library cryptography: the structures by asn1crypto, SM2 and SM3 by gmssl-pyx. What was parsed is checked
over its own bytes, as they came.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509

from ggzy.identity import trust
from ggzy.kernel.refusals import BadInput

SM2_WITH_SM3 = "1.2.156.10197.1.501"
#: of a stamp or a seal's signature on its own
MOST_BYTES = 4 * 1024 * 1024


class Header(core.Sequence):  # type: ignore[misc]  # asn1crypto ships no types
    """Mark, version and maker."""

    _fields = [("id", core.IA5String), ("version", core.Integer), ("vid", core.IA5String)]


class CertificateDigest(core.Sequence):  # type: ignore[misc]
    """The digest of a certificate that may use the stamp."""

    _fields = [("type", core.PrintableString), ("value", core.OctetString)]


class Certificates(core.SequenceOf):  # type: ignore[misc]
    """Certificates that may use the stamp, or their digests."""

    _child_spec = core.Any


class PropertyV4(core.Sequence):  # type: ignore[misc]
    """Name, certificates and time of a stamp, version 4."""

    _fields = [
        ("type", core.Integer),
        ("name", core.UTF8String),
        ("cert_list_type", core.Integer),
        ("cert_list", Certificates),
        ("made", core.GeneralizedTime),
        ("start", core.GeneralizedTime),
        ("end", core.GeneralizedTime),
    ]


class PropertyV1(core.Sequence):  # type: ignore[misc]
    """The same in the versions before."""

    _fields = [
        ("type", core.Integer),
        ("name", core.UTF8String),
        ("cert_list", Certificates),
        ("made", core.UTCTime),
        ("start", core.UTCTime),
        ("end", core.UTCTime),
    ]


class Picture(core.Sequence):  # type: ignore[misc]
    """The image."""

    _fields = [
        ("type", core.IA5String),
        ("data", core.OctetString),
        ("width", core.Integer),
        ("height", core.Integer),
    ]


def _info(name: str, property_: type[core.Sequence]) -> Any:
    fields = [
        ("header", Header),
        ("es_id", core.IA5String),
        ("property", property_),
        ("picture", Picture),
        ("more", core.Any, {"explicit": 0, "optional": True}),
    ]
    return type(name, (core.Sequence,), {"_fields": fields})


InfoV4, InfoV1 = _info("InfoV4", PropertyV4), _info("InfoV1", PropertyV1)


class StampV4(core.Sequence):  # type: ignore[misc]
    """SESeal of version 4: the maker signs the info."""

    _fields = [
        ("info", InfoV4),
        ("cert", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.BitString),
    ]


class SignInfoV1(core.Sequence):  # type: ignore[misc]
    """Who made a stamp, in the versions before."""

    _fields = [
        ("cert", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.BitString),
    ]


class StampV1(core.Sequence):  # type: ignore[misc]
    """SESeal of the versions before: the maker signs the sequence of info, certificate and algorithm."""

    _fields = [("info", InfoV1), ("sign", SignInfoV1)]


class SignedByMakerV1(core.Sequence):  # type: ignore[misc]
    """What the maker signed in the versions before."""

    _fields = [("info", InfoV1), ("cert", core.OctetString), ("algorithm", core.ObjectIdentifier)]


class ToSignV4(core.Sequence):  # type: ignore[misc]
    """What the signer of a document signs, version 4."""

    _fields = [
        ("version", core.Integer),
        ("stamp", StampV4),
        ("time", core.GeneralizedTime),
        ("digest", core.BitString),
        ("property", core.IA5String),
        ("more", core.Any, {"explicit": 0, "optional": True}),
    ]


class SignatureV4(core.Sequence):  # type: ignore[misc]
    """SES_Signature of version 4."""

    _fields = [
        ("to_sign", ToSignV4),
        ("cert", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
        ("signature", core.BitString),
        ("timestamp", core.BitString, {"explicit": 0, "optional": True}),
    ]


class ToSignV1(core.Sequence):  # type: ignore[misc]
    """What the signer of a document signs in the versions before; the time is the signer's own bytes."""

    _fields = [
        ("version", core.Integer),
        ("stamp", StampV1),
        ("time", core.BitString),
        ("digest", core.BitString),
        ("property", core.IA5String),
        ("cert", core.OctetString),
        ("algorithm", core.ObjectIdentifier),
    ]


class SignatureV1(core.Sequence):  # type: ignore[misc]
    """SES_Signature of the versions before."""

    _fields = [("to_sign", ToSignV1), ("signature", core.BitString)]


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A stamp as read: who made it, for whom, and whether the maker's signature fits."""

    version: int
    es_id: str
    name: str
    maker: str
    picture: str
    start: datetime
    end: datetime
    certificate: x509.Certificate
    #: whole certificates, or digests, of those who may use it
    users: tuple[bytes, ...]
    intact: bool

    def may_be_used_by(self, certificate: bytes) -> bool:
        """Say whether a signer's certificate (DER) is in the stamp's list, whole or by its SM3 digest."""
        return bool({certificate, hashlib.new("sm3", certificate).digest()} & set(self.users))


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A seal's signature as read, and whether it fits its own bytes."""

    stamp: Stamp
    certificate: x509.Certificate
    der: bytes
    digest: bytes
    property: str
    said_at: datetime | None
    timestamp: bytes
    signature: bytes
    intact: bool


_BROKEN = "不是完整的国密电子印章(GB/T 38540)数据, 或已损坏"


def read_stamp(data: bytes) -> Stamp:
    """Return a stamp (SESeal, DER).

    :raises BadInput: not one
    """
    try:
        if _fields_of(data) == 4:
            return _stamp_v4(StampV4.load(data, strict=True))
        return _stamp_v1(StampV1.load(data, strict=True))
    except (ValueError, TypeError, KeyError, AttributeError, trust.CertificateNotTrusted):
        raise BadInput(_BROKEN, field="file") from None


def read_signature(data: bytes) -> Signature:
    """Return the signature of a seal on a document (SES_Signature, DER).

    :raises BadInput: not one
    """
    try:
        if _fields_of(data) == 2:
            return _signature_v1(SignatureV1.load(data, strict=True))
        return _signature_v4(SignatureV4.load(data, strict=True))
    except (ValueError, TypeError, KeyError, AttributeError, trust.CertificateNotTrusted):
        raise BadInput(_BROKEN, field="file") from None


def kind_of(data: bytes) -> str:
    """Return "stamp", "signature" or "" for bytes that may be DER of one."""
    if len(data) > MOST_BYTES or data[:1] != b"\x30":
        return ""
    for kind, read in (("signature", read_signature), ("stamp", read_stamp)):
        try:
            read(data)
        except BadInput:
            continue
        return kind
    return ""


class _Parts(core.SequenceOf):  # type: ignore[misc]
    _child_spec = core.Any


def _fields_of(data: bytes) -> int:
    return len(_Parts.load(data, strict=True))


def _stamp_v4(read: StampV4) -> Stamp:
    certificate = _certificate(read["cert"].native)
    intact = _fits(certificate, read["algorithm"].dotted, _bits(read["signature"]), read["info"].dump())
    return _stamp(read["info"], certificate, intact)


def _stamp_v1(read: StampV1) -> Stamp:
    sign = read["sign"]
    certificate = _certificate(sign["cert"].native)
    signed = SignedByMakerV1(
        {"info": read["info"], "cert": sign["cert"], "algorithm": sign["algorithm"]}
    ).dump()
    return _stamp(
        read["info"],
        certificate,
        _fits(certificate, sign["algorithm"].dotted, _bits(sign["signature"]), signed),
    )


def _stamp(info: Any, certificate: x509.Certificate, intact: bool) -> Stamp:
    if info["header"]["id"].native != "ES":
        raise ValueError("no stamp")
    about = info["property"]
    return Stamp(
        version=info["header"]["version"].native,
        es_id=info["es_id"].native[:100],
        name=about["name"].native[:100],
        maker=info["header"]["vid"].native[:100],
        picture=info["picture"]["type"].native[:10],
        start=about["start"].native,
        end=about["end"].native,
        certificate=certificate,
        users=tuple(_user(one) for one in about["cert_list"]),
        intact=intact,
    )


def _user(one: core.Any) -> bytes:
    """Return a whole certificate (an octet string), or the digest in a pair of algorithm and digest."""
    raw = one.dump()
    if raw[:1] == b"\x04":
        return bytes(core.OctetString.load(raw).native)
    return bytes(CertificateDigest.load(raw)["value"].native)


def _signature_v4(read: SignatureV4) -> Signature:
    to_sign = read["to_sign"]
    der = read["cert"].native
    certificate = _certificate(der)
    value = _bits(read["signature"])
    return Signature(
        stamp=_stamp_v4(to_sign["stamp"]),
        certificate=certificate,
        der=der,
        digest=_bits(to_sign["digest"]),
        property=to_sign["property"].native[:300],
        said_at=to_sign["time"].native,
        timestamp=_bits(read["timestamp"]) if read["timestamp"].native is not None else b"",
        signature=value,
        intact=_fits(certificate, read["algorithm"].dotted, value, to_sign.dump()),
    )


def _signature_v1(read: SignatureV1) -> Signature:
    to_sign = read["to_sign"]
    der = to_sign["cert"].native
    certificate = _certificate(der)
    value = _bits(read["signature"])
    return Signature(
        stamp=_stamp_v1(to_sign["stamp"]),
        certificate=certificate,
        der=der,
        digest=_bits(to_sign["digest"]),
        property=to_sign["property"].native[:300],
        said_at=_time_v1(_bits(to_sign["time"])),
        timestamp=b"",
        signature=value,
        intact=_fits(certificate, to_sign["algorithm"].dotted, value, to_sign.dump()),
    )


def _time_v1(data: bytes) -> datetime | None:
    """Return the time in the versions before: by custom a UTCTime, its text, or a timestamp (then not the signer's word)."""
    try:
        found = core.UTCTime.load(data, strict=True).native
        return found if isinstance(found, datetime) else None
    except (ValueError, TypeError):
        pass
    try:
        return datetime.strptime(data.decode("ascii"), "%y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except (ValueError, UnicodeDecodeError):
        return None


def _bits(value: core.BitString) -> bytes:
    """Return the whole octets of a bit string."""
    contents = bytes(value.contents)
    if not contents or contents[0] != 0:
        raise ValueError("no whole octets")
    return contents[1:]


def _certificate(der: bytes) -> x509.Certificate:
    _ = asn1_x509.Certificate.load(
        der, strict=True
    ).native  # all of it, now: it is read piece by piece otherwise
    return x509.load_der_x509_certificate(der)


def _fits(certificate: x509.Certificate, algorithm: str, signature: bytes, data: bytes) -> bool:
    """Say whether a signature fits; only SM2 with SM3 is known here, and anything else does not count."""
    if algorithm != SM2_WITH_SM3 or trust.algorithm_of(certificate) != "SM2":
        return False
    try:
        trust.require_signature(certificate, signature=signature, data=data)
    except trust.SignatureWrong:
        return False
    return True


def split(cas: Sequence[x509.Certificate]) -> tuple[list[x509.Certificate], list[x509.Certificate]]:
    """Return CAs' certificates as anchors (self-signed) and others."""
    roots = [one for one in cas if one.subject == one.issuer]
    return roots, [one for one in cas if one.subject != one.issuer]

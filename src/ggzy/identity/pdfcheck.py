"""What the seals in a PDF are worth: whose, intact or changed, trusted or not, stamped when, and what cannot be told here.

Built on pyHanko's validation; signatures with SM2 and SM3, which it does not know, are checked here over the same bytes.
It says only what it has seen.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from ggzy.identity import sm_oids, trust
from ggzy.kernel.refusals import BadInput

sm_oids.register()
MOST_BYTES = 30 * 1024 * 1024
MOST_SEALS = 50


@dataclass(frozen=True, kw_only=True)
class SealFound:
    """One seal of a PDF. `intact` is of the bytes it covers; `whole` says that nothing was added afterwards."""

    field: str
    kind: str = "PDF签章"
    algorithm: str = ""
    organisation: str
    uscc: str
    person: str
    issuer: str
    fingerprint: str
    said_at: datetime | None
    reason: str
    intact: bool
    trusted: bool
    whole: bool
    later: str
    trouble: str
    #: a timestamp on the signature or over the file, by an authority that is trusted here
    stamped_at: datetime | None = None
    stamped_by: str = ""
    #: chains and revocation lists lie in the file, with a timestamp over them (B-LTA)
    lasting: bool = False
    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Say whether the seal can be relied on for the whole document."""
        return self.intact and self.trusted and (self.whole or self.later == "signatures")


def what_is_it(data: bytes) -> str:
    """Return "pdf", "ofd" or "" by the first bytes and names inside."""
    if data[:1024].lstrip()[:5] == b"%PDF-":
        return "pdf"
    if data[:4] == b"PK\x03\x04" and b"OFD.xml" in data[:65536] + data[-65536:]:
        return "ofd"
    return ""


def check_pdf(
    data: bytes,
    *,
    anchors: tuple[x509.Certificate, ...],
    clocks: tuple[x509.Certificate, ...] = (),
    at: datetime,
) -> list[SealFound]:
    """Return what is found of each seal in a PDF, in the order they were made; `clocks` are trusted for timestamps.

    :raises BadInput: too large, not a PDF, or too broken to be read
    """
    if len(data) > MOST_BYTES:
        raise BadInput(f"文件超过{MOST_BYTES // 1024 // 1024}MB, 请选择较小的文件", field="file")
    if what_is_it(data) != "pdf":
        raise BadInput("这不是PDF文件, 请选择带电子签章的PDF", field="file")
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        found = list(reader.embedded_regular_signatures)
        if len(list(reader.embedded_signatures)) > MOST_SEALS:
            raise BadInput(f"文件中的签章超过{MOST_SEALS}个, 请联系签发单位核验", field="file")
        judge = _Judge(reader, anchors, clocks, at)
        return [judge.seal(one) for one in found]
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as wrong:
        raise BadInput("文件不完整或已损坏, 读不出其中的签章; 请重新下载后再核验", field="file") from wrong


def notes(data: bytes) -> tuple[str, ...]:
    """Return what a PDF carries that no seal is judged by."""
    return ("PDF里有脚本, 打开时显示的内容可能与签章时不同",) if b"/JavaScript" in data else ()


class _Judge:
    """Judges the seals of one file by what is trusted at a moment."""

    def __init__(
        self,
        reader: PdfFileReader,
        anchors: tuple[x509.Certificate, ...],
        clocks: tuple[x509.Certificate, ...],
        at: datetime,
    ) -> None:
        self._anchors, self._clocks, self._at = anchors, clocks, at
        self._has_store = "/DSS" in reader.root
        self._stamps = self._document_stamps(reader)

    def _context(self, roots: tuple[x509.Certificate, ...], at: datetime) -> ValidationContext:
        return ValidationContext(
            trust_roots=[_asn1(one) for one in roots if trust.algorithm_of(one) != "SM2"],
            allow_fetching=False,
            revocation_mode="soft-fail",
            moment=at,
        )

    def _document_stamps(self, reader: PdfFileReader) -> list[tuple[int, datetime, str]]:
        """Return (bytes covered, when, by whom) of each document timestamp that is whole and trusted."""
        out = []
        for one in reader.embedded_timestamp_signatures:
            try:
                status = validate_pdf_timestamp(one, self._context(self._clocks, self._at), skip_diff=True)
            except (ValueError, NotImplementedError, TypeError):
                continue
            if status.intact and status.valid and status.trusted:
                covered = sum(int(number) for number in list(one.byte_range)[2:4])
                out.append((covered, status.timestamp, _names(status.signing_cert)["person"]))
        return out

    def seal(self, one: Any) -> SealFound:
        """Judge one seal."""
        if _is_sm2(one):
            return self._sm2(one)
        base = _base(one)
        try:
            status = self._status(one, self._at)
            own = status.timestamp_validity
            if own is not None and own.trusted and own.intact and own.valid and not status.trusted:
                status = self._status(one, own.timestamp)  # it was good when it was stamped
        except (ValueError, NotImplementedError) as wrong:  # pyHanko's own refusals are ValueErrors
            return _unreadable(base, one, wrong)
        whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
        later = "" if whole else _later(status.modification_level)
        when, by = self._when(one, own)
        return SealFound(
            **base,
            **_names(status.signing_cert),
            algorithm=_algorithm(one),
            said_at=status.signer_reported_dt,
            intact=bool(status.intact and status.valid),
            trusted=bool(status.trusted),
            whole=whole,
            later=later,
            trouble=_trouble(status, whole=whole),
            stamped_at=when,
            stamped_by=by,
            lasting=bool(when and self._has_store and self._covering(one)),
            not_checked=_not_checked(when, own),
        )

    def _status(self, one: Any, at: datetime) -> Any:
        return asyncio.run(
            async_validate_pdf_signature(
                one,
                signer_validation_context=self._context(self._anchors, at),
                ts_validation_context=self._context(self._clocks, self._at),
            )
        )

    def _covering(self, one: Any) -> list[tuple[int, datetime, str]]:
        end = sum(int(number) for number in list(one.byte_range)[2:4])
        return [row for row in self._stamps if row[0] >= end]

    def _when(self, one: Any, own: Any) -> tuple[datetime | None, str]:
        """Return the earliest trusted timestamp of a seal: on its signature, or over the file afterwards."""
        if own is not None and own.trusted and own.intact and own.valid:
            return own.timestamp, _names(own.signing_cert)["person"]
        rows = sorted(self._covering(one), key=lambda row: row[1])
        return (rows[0][1], rows[0][2]) if rows else (None, "")

    def _sm2(self, one: Any) -> SealFound:
        """Judge a seal with SM2 and SM3: digest of the bytes, the signed attributes, the signature, the chain."""
        base = _base(one)
        try:
            one.compute_integrity_info()
            info = one.signer_info
            said = next(
                a["values"][0].native for a in info["signed_attrs"] if a["type"].native == "message_digest"
            )
            same = said == one.compute_digest()
            certificate = x509.load_der_x509_certificate(one.signer_cert.dump())
            signed = _fits(certificate, info)
        except (ValueError, NotImplementedError, TypeError, StopIteration) as wrong:
            return _unreadable(base, one, wrong)
        trouble = self._untrusted(certificate)
        whole = one.coverage is SignatureCoverageLevel.ENTIRE_FILE
        level = getattr(one.diff_result, "modification_level", None)
        later = "" if whole else _later(level)
        rows = sorted(self._covering(one), key=lambda row: row[1])
        intact = bool(same and signed)
        return SealFound(
            **base,
            **_names(one.signer_cert),
            algorithm="SM2 / SM3",
            said_at=one.self_reported_timestamp,
            intact=intact,
            trusted=not trouble,
            whole=whole,
            later=later,
            trouble=_CHANGED if not intact else (_ADDED if later == "changes" else trouble and _STRANGER),
            stamped_at=rows[0][1] if rows else None,
            stamped_by=rows[0][2] if rows else "",
            lasting=bool(rows and self._has_store),
            not_checked=_not_checked(rows[0][1] if rows else None, None),
        )

    def _untrusted(self, certificate: x509.Certificate) -> str:
        roots = [one for one in self._anchors if one.subject == one.issuer]
        between = [one for one in self._anchors if one.subject != one.issuer]
        try:
            trust.require_trusted(certificate, anchors=roots, intermediates=between, at=self._at)
        except trust.CertificateNotTrusted as no:
            return no.message
        return ""


_CHANGED = "签章之后文件内容被改动过, 或者签名不是这份文件的"
_ADDED = "签章之后文件又增加了内容, 增加的部分不在这枚签章之内"
_STRANGER = "签章完好, 但签发它的CA不在本平台的信任列表中, 或者证书当时不在有效期内: 身份在这里无法确认"


def _base(one: Any) -> dict[str, Any]:
    return {"field": str(one.field_name), "reason": str(one.sig_object.get("/Reason", ""))[:200]}


def _unreadable(base: dict[str, Any], one: Any, wrong: Exception) -> SealFound:
    return SealFound(
        **base,
        **_names(getattr(one, "signer_cert", None)),
        said_at=None,
        intact=False,
        trusted=False,
        whole=False,
        later="",
        trouble=f"签章的格式或算法在这里核验不了({type(wrong).__name__}); 请用签发单位提供的工具核验",
    )


def _is_sm2(one: Any) -> bool:
    try:
        return bool(trust.algorithm_of(x509.load_der_x509_certificate(one.signer_cert.dump())) == "SM2")
    except (ValueError, TypeError, AttributeError):
        return False


def _fits(certificate: x509.Certificate, info: Any) -> bool:
    if info["signature_algorithm"]["algorithm"].dotted not in _SM2_SIGNATURES:
        return False
    if info["digest_algorithm"]["algorithm"].native != sm_oids.SM3:
        return False
    try:
        trust.require_signature(
            certificate, signature=info["signature"].native, data=info["signed_attrs"].untag().dump()
        )
    except trust.SignatureWrong:
        return False
    return True


_SM2_SIGNATURES = {"1.2.156.10197.1.501", "1.2.156.10197.1.301.1"}


def _algorithm(one: Any) -> str:
    try:
        certificate = x509.load_der_x509_certificate(one.signer_cert.dump())
        return f"{trust.algorithm_of(certificate)} / {one.md_algorithm.upper()}"
    except (ValueError, AttributeError):
        return ""


def _not_checked(when: datetime | None, own: Any) -> tuple[str, ...]:
    out = ["没有查别家CA的吊销列表"]
    if when is None and own is not None:
        out.append("附有时间戳, 但签发时间戳的机构不在这里的信任范围内")
    elif when is None:
        out.append("没有可信时间戳, 签章时间是签章人自己写的")
    return tuple(out)


def _later(level: ModificationLevel | None) -> str:
    """Return what came after a seal: other signatures or a form, or something that changes the document."""
    allowed = {ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING}
    return "signatures" if level in allowed else "changes"


def _trouble(status: Any, *, whole: bool) -> str:
    if not (status.intact and status.valid):
        return _CHANGED
    if not whole and _later(status.modification_level) == "changes":
        return _ADDED
    if not status.trusted:
        return _STRANGER
    return ""


def names_of(certificate: x509.Certificate) -> dict[str, Any]:
    """Return who a certificate names."""
    return _names(_asn1(certificate))


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _names(certificate: asn1_x509.Certificate | None) -> dict[str, Any]:
    if certificate is None:
        return dict.fromkeys(("organisation", "uscc", "person", "issuer", "fingerprint"), "")
    subject, issuer = certificate.subject.native, certificate.issuer.native

    def text(names: dict[str, Any], key: str) -> str:
        value = names.get(key, "")
        return str(value[0] if isinstance(value, list) and value else value)

    return {
        "organisation": text(subject, "organization_name"),
        "uscc": text(subject, "organization_identifier")
        or text(subject, "2.5.4.97")
        or _gm_code(certificate),
        "person": text(subject, "common_name"),
        "issuer": text(issuer, "common_name") or text(issuer, "organization_name"),
        "fingerprint": certificate.sha256.hex(),
    }


def _gm_code(certificate: asn1_x509.Certificate) -> str:
    """Return the organisation's code where GM/T 0015 puts it: an extension of national certificates."""
    for one in certificate["tbs_certificate"]["extensions"]:
        if one["extn_id"].dotted == "1.2.156.10260.4.1.4":
            try:
                return str(core.load(one["extn_value"].contents).native)[:40]
            except (ValueError, TypeError):
                return ""
    return ""

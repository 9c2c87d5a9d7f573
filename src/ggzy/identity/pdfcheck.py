"""What the seals in a PDF are worth: whose, intact or changed, trusted or not, and what cannot be told here.

Built on pyHanko's validation. It says only what it has seen: no revocation of foreign certificates, no national
algorithms, no OFD.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from ggzy.kernel.refusals import BadInput

MOST_BYTES = 30 * 1024 * 1024
MOST_SEALS = 50


@dataclass(frozen=True, kw_only=True)
class SealFound:
    """One seal of a PDF. `intact` is of the bytes it covers; `whole` says that nothing was added afterwards."""

    field: str
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


def check_pdf(data: bytes, *, anchors: tuple[x509.Certificate, ...], at: datetime) -> list[SealFound]:
    """Return what is found of each seal in a PDF, in the order they were made.

    :raises BadInput: too large, not a PDF, or too broken to be read
    """
    if len(data) > MOST_BYTES:
        raise BadInput(f"文件超过{MOST_BYTES // 1024 // 1024}MB, 请选择较小的文件", field="file")
    if what_is_it(data) == "ofd":
        raise BadInput("这是OFD文件, 本页还不能核验OFD签章: 请用签发单位提供的OFD阅读器核验", field="file")
    if what_is_it(data) != "pdf":
        raise BadInput("这不是PDF文件, 请选择带电子签章的PDF", field="file")
    roots = [asn1_x509.Certificate.load(a.public_bytes(Encoding.DER)) for a in anchors]
    context = ValidationContext(
        trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail", moment=at
    )
    try:
        reader = PdfFileReader(BytesIO(data), strict=False)
        found = list(reader.embedded_signatures)
        if len(found) > MOST_SEALS:
            raise BadInput(f"文件中的签章超过{MOST_SEALS}个, 请联系签发单位核验", field="file")
        return [_seal(one, context) for one in found]
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as wrong:
        raise BadInput("文件不完整或已损坏, 读不出其中的签章; 请重新下载后再核验", field="file") from wrong


def _seal(one: Any, context: ValidationContext) -> SealFound:
    reason = str(one.sig_object.get("/Reason", ""))[:200]
    base: dict[str, Any] = {"field": str(one.field_name), "reason": reason}
    try:
        status = asyncio.run(async_validate_pdf_signature(one, signer_validation_context=context))
    except (ValueError, NotImplementedError) as wrong:  # pyHanko's own refusals are ValueErrors
        return SealFound(
            **base,
            **_names(getattr(one, "signer_cert", None)),
            said_at=None,
            intact=False,
            trusted=False,
            whole=False,
            later="",
            trouble=f"签章的格式或算法在这里核验不了({type(wrong).__name__}); 国密SM2签章请用国密工具核验",
        )
    whole = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    return SealFound(
        **base,
        **_names(status.signing_cert),
        said_at=status.signer_reported_dt,
        intact=bool(status.intact and status.valid),
        trusted=bool(status.trusted),
        whole=whole,
        later="" if whole else _later(status.modification_level),
        trouble=_trouble(status, whole=whole),
    )


def _later(level: ModificationLevel | None) -> str:
    """Return what came after a seal: other signatures or a form, or something that changes the document."""
    allowed = {ModificationLevel.NONE, ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING}
    return "signatures" if level in allowed else "changes"


def _trouble(status: Any, *, whole: bool) -> str:
    if not (status.intact and status.valid):
        return "签章之后文件内容被改动过, 或者签名不是这份文件的"
    if not whole and _later(status.modification_level) == "changes":
        return "签章之后文件又增加了内容, 增加的部分不在这枚签章之内"
    if not status.trusted:
        return "签章完好, 但签发它的CA不在本平台的信任列表中, 或者证书当时不在有效期内: 身份在这里无法确认"
    return ""


def _names(certificate: asn1_x509.Certificate | None) -> dict[str, str]:
    if certificate is None:
        return dict.fromkeys(("organisation", "uscc", "person", "issuer", "fingerprint"), "")
    subject, issuer = certificate.subject.native, certificate.issuer.native

    def text(names: dict[str, Any], key: str) -> str:
        value = names.get(key, "")
        return str(value[0] if isinstance(value, list) and value else value)

    return {
        "organisation": text(subject, "organization_name"),
        "uscc": text(subject, "organization_identifier") or text(subject, "2.5.4.97"),
        "person": text(subject, "common_name"),
        "issuer": text(issuer, "common_name") or text(issuer, "organization_name"),
        "fingerprint": certificate.sha256.hex(),
    }

"""What the seals in any file are worth: PDF, OFD, a stamp or a seal's signature of GB/T 38540. Pure: who is trusted is given.

Everything that was looked at is said, and everything that was not.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509

from ggzy.identity import pdfcheck, trust
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.seals import ofd, ses, tsp
from ggzy.seals.found import Found

MOST_BYTES = pdfcheck.MOST_BYTES
KINDS = {
    "pdf": "PDF文件",
    "ofd": "OFD文件",
    "stamp": "国密电子印章数据(GB/T 38540)",
    "signature": "国密电子签章数据(GB/T 38540)",
}
_NO_REVOCATION = "没有查签章证书在签章之后是否被吊销"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is said of a file."""

    kind: str
    seals: tuple[Found, ...]
    #: sentences about the file as a whole: what it carries that was not checked
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return what people call this kind of file."""
        return KINDS[self.kind]

    @property
    def good(self) -> bool:
        """Say whether there are seals and every one can be relied on; a stamp alone seals nothing."""
        return bool(self.seals) and self.kind in ("pdf", "ofd") and all(one.good for one in self.seals)


def kind_of(data: bytes) -> str:
    """Return what a file is by its content: a key of KINDS, or ""."""
    return pdfcheck.what_is_it(data) or ses.kind_of(data)


def check(
    data: bytes,
    *,
    cas: Sequence[x509.Certificate],
    clocks: Sequence[x509.Certificate] = (),
    at: datetime,
) -> Report:
    """Return what is found of each seal. `cas` are recognised CAs' certificates, `clocks` those at which timestamps end.

    :raises BadInput: too large, of no known kind, or too broken to be read
    """
    if len(data) > MOST_BYTES:
        raise BadInput(f"文件超过{MOST_BYTES // 1024 // 1024}MB, 请选择较小的文件", field="file")
    kind = kind_of(data)
    if kind == "pdf":
        found = tuple(pdfcheck.check_pdf(data, anchors=tuple(cas), clocks=tuple(clocks), at=at))
        return Report(kind=kind, seals=tuple(Found(**vars(one)) for one in found), notes=pdfcheck.notes(data))
    try:
        report = _national(data, kind, _Judge(cas, clocks, at))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
        raise BadInput("文件不完整或已损坏, 读不出其中的签章; 请重新下载后再核验", field="file") from wrong
    if report is not None:
        return report
    raise BadInput(
        "认不出这个文件: 可以核验带签章的PDF和OFD, 以及国密电子印章(.esl)和签章值(.dat)文件; 图片和扫描件里没有电子签章",
        field="file",
    )


def _national(data: bytes, kind: str, judge: "_Judge") -> Report | None:
    """Return what is found in a file of a national kind."""
    if kind == "ofd":
        return Report(kind=kind, seals=tuple(judge.ofd(one) for one in ofd.read(data)), notes=_OFD_NOTES)
    if kind == "signature":
        return Report(kind=kind, seals=(judge.alone(ses.read_signature(data)),), notes=(_ALONE,))
    if kind == "stamp":
        return Report(kind=kind, seals=(judge.stamp(ses.read_stamp(data)),), notes=(_STAMP,))
    return None


_OFD_NOTES = ("没有核对页面显示的印章图像与印章数据是否一致, 请对照OFD阅读器",)
_ALONE = "只有签章值, 没有原文: 原文是否被改动在这里无法核对, 请上传完整的OFD文件"
_STAMP = "这是印章, 不是签过章的文件: 只能核对印章本身"


class _Judge:
    """Judges by what is trusted here at a moment."""

    def __init__(
        self, cas: Sequence[x509.Certificate], clocks: Sequence[x509.Certificate], at: datetime
    ) -> None:
        self._roots, self._between = ses.split(cas)
        self._clocks, self._at = clocks, at

    def _trouble_with(self, certificate: x509.Certificate, at: datetime) -> str:
        try:
            trust.require_trusted(certificate, anchors=self._roots, intermediates=self._between, at=at)
        except Refusal as no:
            return no.message
        return ""

    def _stamped(self, one: ses.Signature) -> tuple[tsp.Token | None, str]:
        """Return a seal's timestamp if it can be believed, and what is wrong with it."""
        if not one.timestamp:
            return None, "没有时间戳, 签章时间是签章人自己写的"
        digest = hashlib.new("sm3", one.signature).digest()
        for md, value in (("sm3", digest), ("sha256", hashlib.sha256(one.signature).digest())):
            try:
                return tsp.require_token(one.timestamp, digest=value, md=md, trusted=self._clocks), ""
            except tsp.TokenWrong as no:
                wrong = no.message
        return None, f"附有时间戳, 但不能采信: {wrong}"

    def _base(self, one: ses.Signature) -> dict[str, Any]:
        token, about = self._stamped(one)
        when = token.at if token else (one.said_at or self._at)
        checked = [
            "印章制作者对印章数据的签名" + ("正确" if one.stamp.intact else "不正确"),
            "签章人对签章数据的签名" + ("正确" if one.intact else "不正确"),
        ]
        allowed = one.stamp.may_be_used_by(one.der)
        checked.append("签章证书" + ("在" if allowed else "不在") + "印章允许使用的证书列表里")
        in_time = one.stamp.start <= when <= one.stamp.end
        checked.append("签章时印章" + ("在" if in_time else "不在") + "有效期内")
        maker = self._trouble_with(one.stamp.certificate, one.stamp.start)
        checked.append("印章制作者的证书" + (f"不能确认: {maker}" if maker else "由受信任的CA签发"))
        signer = self._trouble_with(one.certificate, when)
        checked.append("签章人的证书" + (f"不能确认: {signer}" if signer else "由受信任的CA签发"))
        return {
            "algorithm": "SM2 / SM3",
            **pdfcheck.names_of(one.certificate),
            "seal_name": one.stamp.name,
            "said_at": one.said_at,
            "trusted": not (maker or signer),
            "stamped_at": token.at if token else None,
            "stamped_by": token.authority if token else "",
            "checked": tuple(checked),
            "not_checked": (_NO_REVOCATION, *((about,) if about else ())),
            "_intact": one.intact and one.stamp.intact and allowed and in_time,
        }

    def ofd(self, one: ofd.Sealed) -> Found:
        """Judge one signature of an OFD."""
        base: dict[str, Any] = {"field": one.id or one.place, "kind": "OFD签章"}
        if one.signature is None:
            trouble = f"{one.trouble or '没有签章值'}; 只支持GB/T 38540格式, 其他格式请用签发单位的工具"
            return Found(**base, trouble=trouble)
        base |= self._base(one.signature)
        structure = bool(base.pop("_intact"))
        fits = one.references > 0 and not one.wrong and not one.unknown
        checked = (
            f"包内{one.references}个文件的摘要" + ("全部相符" if fits else f", 不符{len(one.wrong)}个"),
            "签章描述文件的摘要与签章值" + ("相符" if one.covers_itself else "不符"),
        )
        base["checked"] = checked + tuple(base["checked"])
        intact = structure and fits and one.covers_itself
        trouble = ""
        if not intact:
            trouble = _why(one, structure)
        elif one.outside:
            trouble = f"包内有{len(one.outside)}个文件不在这枚签章之内: {'、'.join(one.outside[:3])}"
        elif not base["trusted"]:
            trouble = "签章完好, 但证书不是本平台认可的CA签发的, 或当时不在有效期内: 身份在这里无法确认"
        return Found(
            **base,
            intact=intact,
            whole=not one.outside,
            later="changes" if one.outside else "",
            trouble=trouble,
        )

    def alone(self, one: ses.Signature) -> Found:
        """Judge a seal's signature without its document."""
        base = self._base(one)
        intact = bool(base.pop("_intact"))
        trouble = (
            "签章值完好, 但没有原文, 不能确认它签的是什么" if intact else "签章值与印章或签章人的签名不符"
        )
        return Found(field="", kind="签章值", intact=intact, trouble=trouble, **base)

    def stamp(self, one: ses.Stamp) -> Found:
        """Judge a stamp."""
        maker = self._trouble_with(one.certificate, one.start)
        valid = one.start <= self._at <= one.end
        return Found(
            field=one.es_id,
            kind="电子印章",
            algorithm="SM2 / SM3",
            seal_name=one.name,
            intact=one.intact,
            trusted=not maker,
            **pdfcheck.names_of(one.certificate),
            trouble=("" if one.intact else "印章数据与制作者的签名不符: 印章被改动过, 或不是它制作的")
            or (f"制作者的证书不能确认: {maker}" if maker else "")
            or ("" if valid else "印章现在不在有效期内"),
            checked=(
                "印章制作者对印章数据的签名" + ("正确" if one.intact else "不正确"),
                f"印章版本 {one.version}, 图像格式 {one.picture}, 可用证书 {len(one.users)} 张",
            ),
            not_checked=("没有查印章是否已被制作者注销",),
        )


def _why(one: ofd.Sealed, structure: bool) -> str:
    if one.wrong:
        return f"签章之后文件被改动过: {'、'.join(one.wrong[:3])} 的摘要不符"
    if one.unknown:
        return f"有{len(one.unknown)}个文件用的摘要算法在这里不予采信(只认SM3和SHA-256)"
    if not one.references:
        return "这枚签章没有保护任何文件"
    if not one.covers_itself:
        return "签章描述文件被改动过: 它的摘要与签章值里的不符"
    return "签章值、印章或使用范围不对, 详见下列核对结果" if not structure else ""

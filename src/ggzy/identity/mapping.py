"""Whose a certificate is: a CA's rule table maps its fields to a 统一社会信用代码 or a person. Pure.

CAs write the same fact into different places: an attribute of the subject, a private extension, a part of the common
name. A rule says where to look, how to cut the value out and how to bring it into one form; the first rule that finds
something decides. What is found identifies the holder; a certificate is a credential of that holder, never its key.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from asn1crypto import core
from cryptography import x509

from ggzy.kernel.ids import require_uscc
from ggzy.kernel.refusals import BadInput


class Fact(StrEnum):
    """What a rule finds."""

    USCC = "uscc"
    ORGANISATION_CODE = "organisation_code"
    ORGANISATION = "organisation"
    PERSON_ID = "person_id"
    PERSON = "person"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {
            Fact.USCC: "统一社会信用代码",
            Fact.ORGANISATION_CODE: "组织机构代码",
            Fact.ORGANISATION: "单位名称",
            Fact.PERSON_ID: "证件号码",
            Fact.PERSON: "姓名",
        }[self]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Where one fact stands in a CA's certificates: part ("subject" or "extension"), OID, pattern, normaliser."""

    fact: Fact
    part: str
    oid: str
    pattern: str = ""
    normaliser: str = "trim"


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Whose a certificate is, as far as its CA's rules tell; "" is not known."""

    uscc: str = ""
    organisation_code: str = ""
    organisation: str = ""
    person_id: str = ""
    person: str = ""

    def is_of(self, uscc: str) -> bool | None:
        """Say whether the certificate is of the organisation with this code; None where it names none."""
        if self.uscc:
            return self.uscc == uscc
        # digits 9 to 17 of a 统一社会信用代码 are the old 组织机构代码
        return self.organisation_code == uscc[8:17] if self.organisation_code else None


_ETSI = re.compile(r"^(NTR|VAT|GOV|LEI)[A-Z]{2}-")


def _uscc(value: str) -> str:
    found = re.sub(r"[\s-]", "", _ETSI.sub("", value.strip().upper()))
    try:
        return require_uscc(found)
    except BadInput:
        return ""


def _organisation_code(value: str) -> str:
    found = re.sub(r"[\s-]", "", value.strip().upper())
    return found if re.fullmatch(r"[0-9A-Z]{8}[0-9X]", found) else ""


def _id_number(value: str) -> str:
    found = re.sub(r"\s", "", value.strip().upper())
    found = re.sub(r"^(SF|身份证)", "", found)
    return found if re.fullmatch(r"\d{17}[\dX]", found) else ""


NORMALISERS: dict[str, Callable[[str], str]] = {
    "trim": str.strip,
    "uscc": _uscc,
    "organisation_code": _organisation_code,
    "id_number": _id_number,
}

_O, _CN, _ORGANISATION_IDENTIFIER = "2.5.4.10", "2.5.4.3", "2.5.4.97"
#: what most CAs do: SM2 certificates by GM/T 0015, RSA certificates by the older arc, and ETSI's identifier
USUAL: tuple[Rule, ...] = (
    Rule(fact=Fact.USCC, part="extension", oid="1.2.156.10260.4.1.4", normaliser="uscc"),
    Rule(fact=Fact.USCC, part="extension", oid="1.2.86.11.7.4", normaliser="uscc"),
    Rule(fact=Fact.USCC, part="extension", oid="1.2.156.10260.4.1.3", normaliser="uscc"),
    Rule(fact=Fact.USCC, part="extension", oid="1.2.86.11.7.3", normaliser="uscc"),
    Rule(fact=Fact.USCC, part="extension", oid="1.2.156.10260.4.1.5", normaliser="uscc"),
    Rule(fact=Fact.USCC, part="extension", oid="1.2.86.11.7.5", normaliser="uscc"),
    Rule(fact=Fact.USCC, part="subject", oid=_ORGANISATION_IDENTIFIER, normaliser="uscc"),
    Rule(
        fact=Fact.ORGANISATION_CODE,
        part="extension",
        oid="1.2.156.10260.4.1.4",
        normaliser="organisation_code",
    ),
    Rule(fact=Fact.ORGANISATION_CODE, part="extension", oid="1.2.86.11.7.4", normaliser="organisation_code"),
    Rule(fact=Fact.ORGANISATION, part="subject", oid=_O),
    Rule(fact=Fact.PERSON_ID, part="extension", oid="1.2.156.10260.4.1.1", normaliser="id_number"),
    Rule(fact=Fact.PERSON_ID, part="extension", oid="1.2.86.11.7.1", normaliser="id_number"),
    Rule(fact=Fact.PERSON, part="subject", oid=_CN),
)
#: places that single regions' CAs use; a CA's entry takes the ones that fit
REGIONAL: Mapping[str, Rule] = {
    oid: Rule(fact=Fact.USCC, part="extension", oid=oid, normaliser="uscc")
    for oid in ("1.2.156.1.8888.148", "1.2.156.112570.11.205", "1.2.156.112578.1", "1.2.86.21.1.1")
}
#: a common name of the form 041@0330602197108300018@姓名@00000001
AT_SIGNS: tuple[Rule, ...] = (
    Rule(
        fact=Fact.PERSON_ID,
        part="subject",
        oid=_CN,
        pattern=r"^\d{3}@\d(\d{17}[\dXx])@[^@]+@\d+$",
        normaliser="id_number",
    ),
    Rule(fact=Fact.PERSON, part="subject", oid=_CN, pattern=r"^\d{3}@[^@]+@([^@]+)@\d+$"),
    Rule(
        fact=Fact.USCC,
        part="subject",
        oid=_CN,
        pattern=r"^\d{3}@\d?([0-9A-Za-z]{18})@[^@]+@\d+$",
        normaliser="uscc",
    ),
)


def holder_of(certificate: x509.Certificate, rules: Sequence[Rule]) -> Holder:
    """Return whose a certificate is by a CA's rules; a rule that finds nothing, or nothing well formed, is passed over."""
    found: dict[Fact, str] = {}
    for rule in rules:
        if rule.fact in found:
            continue
        for text in _texts(certificate, rule):
            cut = _cut(text, rule.pattern)
            value = NORMALISERS[rule.normaliser](cut) if cut else ""
            if value:
                found[rule.fact] = value
                break
    return Holder(**{fact.value: value for fact, value in found.items()})


def _texts(certificate: x509.Certificate, rule: Rule) -> Iterable[str]:
    oid = x509.ObjectIdentifier(rule.oid)
    if rule.part == "subject":
        return [str(one.value) for one in certificate.subject.get_attributes_for_oid(oid)]
    try:
        value = certificate.extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return []
    return [_decoded(value.value)] if isinstance(value, x509.UnrecognizedExtension) else []


def _decoded(data: bytes) -> str:
    """Return the text of an extension: a DER string of any kind, or the bare text some CAs put there."""
    try:
        native = core.load(data, strict=True).native
    except (ValueError, TypeError):
        native = None
    if isinstance(native, bytes):
        data = native
    elif isinstance(native, str):
        return native
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


def _cut(text: str, pattern: str) -> str:
    if not pattern:
        return text
    found = re.search(pattern, text[:500])
    return (found.group(1) if found.re.groups else found.group()) if found else ""


def read_rules(rows: Any) -> tuple[Rule, ...]:
    """Return the rules of a trust list's entry.

    :raises BadInput: one of them cannot be right
    """
    if not isinstance(rows, list) or len(rows) > 40:
        raise BadInput("证书字段规则应为列表, 最多40条", field="rules")
    return tuple(_rule(row, place) for place, row in enumerate(rows, 1))


def _rule(row: Any, place: int) -> Rule:
    def wrong(says: str) -> BadInput:
        return BadInput(f"第{place}条证书字段规则: {says}", field="rules")

    if not isinstance(row, dict):
        raise wrong("应为对象")
    texts = {key: str(row.get(key) or "") for key in ("fact", "part", "oid", "pattern", "normaliser")}
    if texts["fact"] not in set(Fact):
        raise wrong(f"fact 应为 {'、'.join(Fact)} 之一")
    if texts["part"] not in ("subject", "extension"):
        raise wrong("part 应为 subject 或 extension")
    if not re.fullmatch(r"[012](\.\d{1,15}){1,20}", texts["oid"]):
        raise wrong(f"oid 不是对象标识符: {texts['oid'][:60]}")
    if (texts["normaliser"] or "trim") not in NORMALISERS:
        raise wrong(f"normaliser 应为 {'、'.join(NORMALISERS)} 之一")
    if len(texts["pattern"]) > 200:
        raise wrong("pattern 不能超过200个字符")
    try:
        re.compile(texts["pattern"])
    except re.error:
        raise wrong("pattern 不是正则表达式") from None
    return Rule(
        fact=Fact(texts["fact"]),
        part=texts["part"],
        oid=texts["oid"],
        pattern=texts["pattern"],
        normaliser=texts["normaliser"] or "trim",
    )


def rules_as_json(rules: Iterable[Rule]) -> list[dict[str, str]]:
    """Return rules as they stand in a trust list."""
    return [
        {
            "fact": rule.fact.value,
            "part": rule.part,
            "oid": rule.oid,
            "pattern": rule.pattern,
            "normaliser": rule.normaliser,
        }
        for rule in rules
    ]

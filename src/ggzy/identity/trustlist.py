"""The trust list: which CAs this centre recognises, for what, from when until when. Pure.

A version is a JSON document signed by the centre's acknowledgement key; whoever has it and the public key can repeat
every check of a certificate without the platform (`verify`, `read`, `require_recognised`).
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ggzy.evidence import acks
from ggzy.identity import mapping, trust
from ggzy.identity.trust import CertificateNotTrusted, Checked, Stale
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.refusals import BadInput

FORMAT = "openggzy-trust-list/1"
_BEIJING = timezone(timedelta(hours=8))
_PURPOSE = b"openggzy trust list v1\n"
MOST_ENTRIES = 100
ALGORITHMS = ("RSA", "P-256", "SM2")


class Purpose(StrEnum):
    """What a CA's certificates are recognised for."""

    LOGIN = "login"
    SIGN = "sign"
    SEAL = "seal"
    ENVELOPE = "envelope"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"login": "登录", "sign": "签名", "seal": "电子签章", "envelope": "投标密钥信封"}[self.value]


class Status(StrEnum):
    """Where a CA stands in a version of the list."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"active": "认可", "suspended": "暂停认可", "removed": "取消认可"}[self.value]


@dataclass(frozen=True, kw_only=True)
class TrustedCA:
    """One CA of the list."""

    id: str
    name: str
    anchors: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()
    algorithms: tuple[str, ...] = ALGORITHMS
    purposes: frozenset[Purpose] = frozenset(Purpose)
    valid_from: datetime = datetime(2000, 1, 1, tzinfo=_BEIJING)
    valid_until: datetime | None = None
    status: Status = Status.ACTIVE
    crl: tuple[str, ...] = ()
    rules: tuple[mapping.Rule, ...] = field(default=mapping.USUAL)

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Return anchors and intermediates."""
        return (*self.anchors, *self.intermediates)


def sign(body: Mapping[str, Any], *, key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return the version as it is published: the body, the centre's public key, the signature."""
    return acks.sign(body, key=key, purpose=_PURPOSE)


def verify(document: Mapping[str, Any], *, key: str | None = None) -> bool:
    """Say whether a published version is signed by the key it names (and by `key`, hex, where one is given)."""
    return document.get("format") == FORMAT and acks.verify(document, key=key, purpose=_PURPOSE)


def digest(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of a version's canonical body."""
    return sha256(canonical({k: v for k, v in body.items() if k not in ("key", "signature")})).hex()


_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_CRL = re.compile(r"(https?|training)://[!-~]{1,400}|training:[a-z0-9-]{1,40}")


def read(rows: Any) -> tuple[TrustedCA, ...]:
    """Return the CAs of a list's entries.

    :raises BadInput: an entry that cannot be right; the sentence names it
    """
    if not isinstance(rows, list) or len(rows) > MOST_ENTRIES:
        raise BadInput(f"信任列表的条目应为列表, 最多{MOST_ENTRIES}条", field="entries")
    found = tuple(_entry(row, place) for place, row in enumerate(rows, 1))
    if len({ca.id for ca in found}) < len(found):
        raise BadInput("信任列表里有两个条目的标识(id)相同", field="entries")
    return found


def _entry(row: Any, place: int) -> TrustedCA:
    name = str(row.get("name") or "")[:100] if isinstance(row, dict) else ""

    def wrong(says: str) -> BadInput:
        return BadInput(f"第{place}个CA{f'({name})' if name else ''}: {says}", field="entries")

    if not isinstance(row, dict):
        raise wrong("应为对象")
    if not _ID.fullmatch(str(row.get("id") or "")):
        raise wrong("标识(id)应为2至40个小写字母、数字或连字符")
    if not name:
        raise wrong("请填写名称(name)")
    try:
        anchors = tuple(trust.load(pem) for pem in _texts(row, "anchors"))
        between = tuple(trust.load(pem) for pem in _texts(row, "intermediates"))
    except CertificateNotTrusted:
        raise wrong("根证书或中级证书不是有效的PEM证书") from None
    if not anchors:
        raise wrong("至少要有一张根证书(anchors)")
    _require_a_tree(anchors, between, wrong)
    algorithms = tuple(_texts(row, "algorithms"))
    if not algorithms or set(algorithms) - set(ALGORITHMS):
        raise wrong(f"算法(algorithms)应从 {'、'.join(ALGORITHMS)} 中选择, 至少一种")
    purposes = _texts(row, "purposes")
    if not purposes or set(purposes) - set(Purpose):
        raise wrong(f"用途(purposes)应从 {'、'.join(Purpose)} 中选择, 至少一种")
    if str(row.get("status")) not in set(Status):
        raise wrong(f"状态(status)应为 {'、'.join(Status)} 之一")
    crl = tuple(_texts(row, "crl"))
    if any(not _CRL.fullmatch(address) for address in crl):
        raise wrong("吊销列表地址(crl)应以 http:// 或 https:// 开头")
    try:
        starts = _moment(row.get("valid_from"))
        ends = _moment(row["valid_until"]) if row.get("valid_until") else None
        rules = mapping.read_rules(row.get("rules", mapping.rules_as_json(mapping.USUAL)))
    except ValueError:
        raise wrong("认可的起止时间(valid_from, valid_until)应为带时区的ISO 8601时间") from None
    except BadInput as refused:
        raise wrong(refused.message) from None
    if ends is not None and ends <= starts:
        raise wrong("认可的截止时间应晚于起始时间")
    return TrustedCA(
        id=str(row["id"]),
        name=name,
        anchors=anchors,
        intermediates=between,
        algorithms=tuple(one for one in ALGORITHMS if one in algorithms),
        purposes=frozenset(map(Purpose, purposes)),
        valid_from=starts,
        valid_until=ends,
        status=Status(str(row["status"])),
        crl=crl,
        rules=rules,
    )


def _texts(row: Mapping[str, Any], key: str) -> list[str]:
    value = row.get(key) or []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise ValueError("no zone")
    return found


def _require_a_tree(
    anchors: Sequence[x509.Certificate], between: Sequence[x509.Certificate], wrong: Any
) -> None:
    """Every certificate is a CA's, anchors sign themselves, and each intermediate leads to an anchor."""
    for one in (*anchors, *between):
        if not trust.is_ca(one):
            raise wrong(f"{trust.name_of(one)} 不是CA证书, 不能作为信任的起点")
    for one in anchors:
        if one.issuer != one.subject:
            raise wrong(f"{trust.name_of(one)} 不是自签名的根证书, 请放到中级证书(intermediates)里")
    for one in between:
        try:
            trust.chain_of(one, anchors=anchors, intermediates=between, at=one.not_valid_before_utc)
        except CertificateNotTrusted as refused:
            if "已过期" not in refused.message and "尚未生效" not in refused.message:
                raise wrong(f"中级证书 {trust.name_of(one)} 不是由列出的根证书签发的") from None


def as_json(ca: TrustedCA) -> dict[str, Any]:
    """Return a CA as it stands in a list."""
    return {
        "id": ca.id,
        "name": ca.name,
        "anchors": [trust.pem(one) for one in ca.anchors],
        "intermediates": [trust.pem(one) for one in ca.intermediates],
        "algorithms": [one for one in ALGORITHMS if one in ca.algorithms],
        "purposes": [one.value for one in Purpose if one in ca.purposes],
        "valid_from": ca.valid_from.astimezone(_BEIJING).isoformat(),
        "valid_until": ca.valid_until.astimezone(_BEIJING).isoformat() if ca.valid_until else None,
        "status": ca.status.value,
        "crl": list(ca.crl),
        "rules": mapping.rules_as_json(ca.rules),
    }


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A certificate that was found good: by which CA of the list, and how."""

    ca: TrustedCA
    checked: Checked


def require_recognised(
    certificate: x509.Certificate,
    *,
    entries: Sequence[TrustedCA],
    crls: Mapping[str, Sequence[x509.CertificateRevocationList]],
    purposes: Iterable[Purpose],
    at: datetime,
    stale: Stale | None,
) -> Recognised:
    """Let a certificate pass whose CA is recognised for the purposes at the moment and whose chain was good then.

    `crls` are the revocation lists known at that moment, by the CA's id.

    :raises CertificateNotTrusted: with the reason
    """
    candidates = [ca for ca in entries if any(one.subject == certificate.issuer for one in ca.certificates)]
    if not candidates:
        if certificate.issuer == certificate.subject:
            raise CertificateNotTrusted("数字证书不受信任: 这是自签名证书, 不是认可的CA签发的")
        raise CertificateNotTrusted(
            f"数字证书不受信任: 签发机构({trust.issuer_of(certificate)})不在本中心的信任列表里, 请使用列表中CA的证书",
            next_steps=(("查看认可的CA", "/trust"),),
        )
    refused: CertificateNotTrusted | None = None
    for ca in candidates:
        try:
            checked = trust.require_trusted(
                certificate,
                anchors=ca.anchors,
                intermediates=ca.intermediates,
                at=at,
                crls=crls.get(ca.id, ()),
                stale=stale,
            )
        except CertificateNotTrusted as wrong:
            refused = wrong
            continue
        for purpose in purposes:
            _require_entry(ca, certificate, purpose=purpose, at=at)
            trust.require_usage(certificate, to_seal=purpose is Purpose.ENVELOPE)
        return Recognised(ca=ca, checked=checked)
    assert refused is not None
    raise refused


def _require_entry(ca: TrustedCA, certificate: x509.Certificate, *, purpose: Purpose, at: datetime) -> None:
    steps = (("查看认可的CA", "/trust"),)
    if ca.status is not Status.ACTIVE:
        raise CertificateNotTrusted(
            f"{ca.name}在本中心已{ca.status.label}, 它签发的证书现在不能用于新的事项, 请改用其他认可CA的证书",
            next_steps=steps,
        )
    if at < ca.valid_from or (ca.valid_until is not None and at >= ca.valid_until):
        raise CertificateNotTrusted(
            f"{ca.name}不在本中心认可的期间内, 请改用其他认可CA的证书", next_steps=steps
        )
    if purpose not in ca.purposes:
        raise CertificateNotTrusted(f"{ca.name}的证书在本中心不用于{purpose.label}", next_steps=steps)
    kind = trust.algorithm_of(certificate)
    if kind not in ca.algorithms:
        raise CertificateNotTrusted(f"{ca.name}的{kind}证书不在认可的算法之内", next_steps=steps)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What a version changes: CAs that come, that go, and that differ, each with the words of what differs."""

    name: str
    id: str
    how: str
    says: tuple[str, ...] = ()


_FIELDS = {
    "name": "名称",
    "anchors": "根证书",
    "intermediates": "中级证书",
    "algorithms": "算法",
    "purposes": "用途",
    "valid_from": "认可起始",
    "valid_until": "认可截止",
    "status": "状态",
    "crl": "吊销列表地址",
    "rules": "证书字段规则",
}


def differences(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Return what differs between the entries of two versions."""
    old, new = ({row["id"]: row for row in rows} for rows in (before, after))
    out = [
        Difference(
            id=key,
            name=row["name"],
            how="新增",
            says=(f"状态: {_shown('status', row['status'])}", f"根证书: {_shown('anchors', row['anchors'])}"),
        )
        for key, row in new.items()
        if key not in old
    ]
    out += [Difference(id=key, name=row["name"], how="移出") for key, row in old.items() if key not in new]
    for key in old.keys() & new.keys():
        says = tuple(
            f"{label}: {_shown(name, old[key].get(name))} → {_shown(name, new[key].get(name))}"
            for name, label in _FIELDS.items()
            if old[key].get(name) != new[key].get(name)
        )
        if says:
            out.append(Difference(id=key, name=new[key]["name"], how="变更", says=says))
    return sorted(out, key=lambda row: row.id)


def _shown(name: str, value: Any) -> str:
    if value in (None, [], ""):
        return "无"
    if name == "status":
        return Status(value).label
    if name == "purposes":
        return "、".join(Purpose(one).label for one in value)
    if name in ("anchors", "intermediates"):
        return "、".join(in_groups(trust.fingerprint(trust.load(pem))) for pem in value)
    if name in ("valid_from", "valid_until"):
        return datetime.fromisoformat(value).astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M")
    if name == "rules":
        return f"{len(value)}条"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def in_groups(fingerprint: str) -> str:
    """Return a fingerprint in groups of eight, as two people read it to each other."""
    return " ".join(fingerprint[n : n + 8] for n in range(0, len(fingerprint), 8))


@lru_cache(maxsize=64)
def read_kept(text: str) -> tuple[TrustedCA, ...]:
    """Return the CAs of a kept version (its entries as JSON text); parsed once in each process."""
    return read(json.loads(text))

"""What a record is, when it is good, and what follows from records. Pure: values in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.ids import require_uscc
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, Citation, Refusal

SNAPSHOT = "openggzy-registry/1"
#: how long before its end a record is announced to its organisation
AHEAD = timedelta(days=45)
MOST_CHOSEN = 60
RELATED = Citation("招标投标法实施条例", "第三十四条")
CONSORTIUM = Citation("招标投标法", "第三十一条")
SUBCONTRACT = Citation("招标投标法", "第四十八条")


class Kind(StrEnum):
    """What a record is about."""

    BASIC = "basic"
    QUALIFICATION = "qualification"
    LICENCE = "licence"
    PERSON = "person"
    PERFORMANCE = "performance"
    HONOUR = "honour"
    FINANCE = "finance"
    RELATION = "relation"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return _KINDS[self.value]


_KINDS = {
    "basic": "基本信息",
    "qualification": "资质",
    "licence": "许可证",
    "person": "人员",
    "performance": "业绩",
    "honour": "荣誉和体系认证",
    "finance": "财务年度",
    "relation": "控股和管理关系",
}


class State(StrEnum):
    """How a version stands. None of them is an approval or a refusal."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    MISMATCH = "mismatch"
    EXPIRED = "expired"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"unverified": "待核验", "verified": "已核验", "mismatch": "核验不一致", "expired": "已过期"}[
            self.value
        ]


class Sort(StrEnum):
    """How a value is entered and checked."""

    TEXT = "text"
    CODE = "code"
    MONEY = "money"
    DAY = "day"
    USCC = "uscc"
    PERCENT = "percent"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One value of a record. `personal` is kept encrypted; `secret` is moreover never shown again to anyone."""

    name: str
    label: str
    sort: Sort = Sort.TEXT
    needed: bool = False
    personal: bool = False
    secret: bool = False
    codes: Mapping[str, str] | None = None
    hint: str = ""


LEGAL_FORMS = {
    "limited": "有限责任公司",
    "joint_stock": "股份有限公司",
    "state": "全民所有制企业",
    "public": "事业单位",
    "agency": "机关",
    "other": "其他",
}
SIZES = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型", "none": "不划型"}
QUALIFICATIONS = {
    "general_contract": "施工总承包",
    "special_contract": "专业承包",
    "labour": "施工劳务",
    "survey": "工程勘察",
    "design": "工程设计",
    "supervision": "工程监理",
    "other": "其他",
}
LEVELS = {
    "special": "特级",
    "first": "一级",
    "second": "二级",
    "third": "三级",
    "a": "甲级",
    "b": "乙级",
    "none": "不分级",
}
LICENCES = {"safety": "安全生产许可证", "other": "其他许可证"}
DUTIES = {"manager": "项目负责人", "technical": "技术负责人", "staff": "专职人员"}
WORKS = {
    "construction": "施工",
    "design": "勘察设计",
    "supervision": "监理",
    "agency": "招标代理",
    "other": "其他",
}
RELATIONS = {
    "shareholder": "股东",
    "controls": "控股(本单位控制对方)",
    "controlled": "被控股(对方控制本单位)",
    "manages": "管理对方",
    "managed": "受对方管理",
}
HONOURS = {"award": "工程奖项", "system": "管理体系认证", "other": "其他"}

FIELDS: dict[Kind, tuple[Field, ...]] = {
    Kind.BASIC: (
        Field(name="legal_form", label="企业性质", sort=Sort.CODE, codes=LEGAL_FORMS, needed=True),
        Field(name="legal_representative", label="法定代表人(单位负责人)姓名", needed=True, personal=True),
        Field(
            name="legal_representative_id",
            label="法定代表人证件号码",
            personal=True,
            secret=True,
            hint="选填。加密保存, 只用于核对“单位负责人为同一人”, 不在任何页面显示",
        ),
        Field(name="address", label="住所", needed=True),
        Field(name="sme", label="中小企业划型", sort=Sort.CODE, codes=SIZES, needed=True),
        Field(name="bank", label="基本账户开户行", hint="投标保证金从基本账户转出"),
        Field(name="account", label="基本账户账号", personal=True),
    ),
    Kind.QUALIFICATION: (
        Field(name="code", label="资质类别", sort=Sort.CODE, codes=QUALIFICATIONS, needed=True),
        Field(name="specialty", label="专业", needed=True, hint="例如 建筑工程、市政公用工程"),
        Field(name="level", label="等级", sort=Sort.CODE, codes=LEVELS, needed=True),
        Field(name="number", label="证书编号", needed=True),
        Field(name="issuer", label="发证机关", needed=True),
    ),
    Kind.LICENCE: (
        Field(name="code", label="许可证", sort=Sort.CODE, codes=LICENCES, needed=True),
        Field(name="number", label="编号", needed=True),
        Field(name="issuer", label="发证机关", needed=True),
    ),
    Kind.PERSON: (
        Field(name="name", label="姓名", needed=True, personal=True),
        Field(
            name="id_number",
            label="证件号码",
            personal=True,
            secret=True,
            hint="选填。加密保存, 不在任何页面显示",
        ),
        Field(name="duty", label="岗位", sort=Sort.CODE, codes=DUTIES, needed=True),
        Field(name="certificate", label="注册证书编号", needed=True),
        Field(name="specialty", label="专业", needed=True),
    ),
    Kind.PERFORMANCE: (
        Field(name="project", label="项目名称", needed=True),
        Field(name="code", label="类别", sort=Sort.CODE, codes=WORKS, needed=True),
        Field(name="client", label="建设单位(委托人)", needed=True),
        Field(name="amount", label="合同金额", sort=Sort.MONEY, needed=True, hint="元"),
        Field(name="finished_on", label="竣工(完成)日期", sort=Sort.DAY, needed=True),
    ),
    Kind.HONOUR: (
        Field(name="code", label="类别", sort=Sort.CODE, codes=HONOURS, needed=True),
        Field(name="title", label="名称", needed=True),
        Field(name="issuer", label="颁发单位", needed=True),
        Field(name="number", label="编号"),
    ),
    Kind.FINANCE: (
        Field(name="year", label="年度", needed=True),
        Field(name="revenue", label="营业收入", sort=Sort.MONEY, needed=True, hint="元"),
        Field(name="assets", label="资产总额", sort=Sort.MONEY, needed=True, hint="元"),
        Field(name="auditor", label="审计单位"),
    ),
    Kind.RELATION: (
        Field(name="relation", label="关系", sort=Sort.CODE, codes=RELATIONS, needed=True),
        Field(name="party", label="对方名称", needed=True),
        Field(name="uscc", label="对方统一社会信用代码", sort=Sort.USCC, hint="对方是自然人的不填"),
        Field(name="share", label="持股比例", sort=Sort.PERCENT, hint="百分数, 例如 51"),
    ),
}
#: kinds that end at a day
ENDING = frozenset({Kind.QUALIFICATION, Kind.LICENCE, Kind.PERSON, Kind.HONOUR})
#: kinds that a bid may rely on
CHOOSABLE = (
    Kind.BASIC,
    Kind.QUALIFICATION,
    Kind.LICENCE,
    Kind.PERSON,
    Kind.PERFORMANCE,
    Kind.HONOUR,
    Kind.FINANCE,
)
#: kinds that anyone may read on the page of an organisation, without what is personal; people never
PUBLIC = (Kind.BASIC, Kind.QUALIFICATION, Kind.LICENCE, Kind.PERFORMANCE, Kind.HONOUR)
#: values of public kinds that stay the organisation's own
PRIVATE_VALUES = frozenset({"bank"})


class RecordEnded(Refusal):
    """The record was withdrawn, and a new one is made instead."""

    code = "registry.record_ended"


class NothingChanged(Refusal):
    """A new version that says the same as the last one."""

    code = "registry.nothing_changed"


@dataclass(frozen=True, kw_only=True)
class Said:
    """The checked values of one version."""

    data: dict[str, str]
    personal: dict[str, str]
    valid_from: date | None
    valid_to: date | None


def read(kind: Kind, raw: Mapping[str, Any], *, keep: Mapping[str, str] | None = None) -> Said:
    """Return the values of a record of this kind. `keep` are secret values said before: left empty, they stay.

    The form is checked, nothing else: a centre keeps what is said and approves nothing.

    :raises BadInput: a value is missing or cannot be right
    """
    data: dict[str, str] = {}
    personal: dict[str, str] = {}
    for field in FIELDS[kind]:
        value = _value(field, raw.get(field.name))
        if not value and field.secret:
            value = (keep or {}).get(field.name, "")
        (personal if field.personal else data)[field.name] = value
    start, end = (
        _day(raw.get(name), name, says)
        for name, says in (("valid_from", "有效期起"), ("valid_to", "有效期至"))
    )
    if kind not in ENDING:
        start = end = None
    elif end is None and kind is not Kind.HONOUR:
        raise BadInput("请填写有效期至", field="valid_to")
    if start and end and end < start:
        raise BadInput("有效期至不能早于有效期起", field="valid_to")
    return Said(data=data, personal={k: v for k, v in personal.items() if v}, valid_from=start, valid_to=end)


def _value(field: Field, given: Any) -> str:
    text = str(given or "").strip()
    if "\0" in text:
        raise BadInput(f"{field.label}含有不可见的控制字符, 请重新输入", field=field.name)
    if len(text) > 300:
        raise BadInput(f"{field.label}不超过300字", field=field.name)
    if not text:
        if field.needed:
            raise BadInput(f"请填写{field.label}", field=field.name)
        return ""
    if field.sort is Sort.CODE and text not in (field.codes or {}):
        raise BadInput(f"请选择{field.label}", field=field.name)
    if field.sort is Sort.MONEY:
        return str(yuan(text, field=field.name))
    if field.sort is Sort.USCC:
        return require_uscc(text, field=field.name)
    if field.sort is Sort.DAY:
        day = _day(text, field.name, field.label)
        return day.isoformat() if day else ""
    if field.sort is Sort.PERCENT:
        try:
            share = Decimal(text.rstrip("%"))
        except InvalidOperation:
            share = Decimal(-1)
        if not share.is_finite() or not 0 <= share <= 100:
            raise BadInput(f"{field.label}应在0至100之间", field=field.name)
        return str(share)
    return text


def _day(given: Any, field: str, says: str) -> date | None:
    text = str(given or "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{says}应为日期, 例如 2027-06-30", field=field) from None


def state_of(*, valid_to: date | None, outcomes: Iterable[bool], on: date) -> State:
    """Return how a version stands on a day, from its end and the last answer of each register.

    A record is good through its last day. Expiry comes first: an old confirmation does not outlive the paper.
    """
    answers = list(outcomes)
    if valid_to is not None and on > valid_to:
        return State.EXPIRED
    if not answers:
        return State.UNVERIFIED
    return State.VERIFIED if all(answers) else State.MISMATCH


def ends_soon(valid_to: date | None, *, on: date) -> bool:
    """Say whether a record that is still good ends within the time ahead of which it is announced."""
    return valid_to is not None and on <= valid_to <= on + AHEAD


def shown_in_snapshot(*, kind: Kind, said: Said, files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a snapshot shows of a version: never a secret value, never the account."""
    secret = {f.name for f in FIELDS[kind] if f.secret or (f.personal and f.name == "account")}
    return {
        "kind": kind.value,
        "data": {**said.data, **{k: v for k, v in said.personal.items() if k not in secret}},
        "valid_from": said.valid_from.isoformat() if said.valid_from else None,
        "valid_to": said.valid_to.isoformat() if said.valid_to else None,
        "files": [{key: file[key] for key in ("name", "sha256", "size")} for file in files],
    }


def version_digest(*, record: str, number: int, shown: Mapping[str, Any], salt: str) -> str:
    """Return the SHA-256 by which a sealed version is found again; the salt keeps names from being guessed."""
    return sha256(canonical({"record": record, "version": number, "shown": dict(shown), "salt": salt})).hex()


def snapshot(
    *, organisation: str, uscc: str, rows: Sequence[Mapping[str, Any]], taken_at: str
) -> dict[str, Any]:
    """Return the frozen records with the hash over all of them: what goes into the sealed bid."""
    body = {
        "format": SNAPSHOT,
        "organisation": organisation,
        "uscc": uscc,
        "taken_at": taken_at,
        "records": [dict(row) for row in rows],
    }
    return {**body, "sha256": sha256(canonical(body)).hex()}


def is_whole(value: Any) -> bool:
    """Say whether a value is a snapshot of our form whose own hash fits: bids come from strangers' machines."""
    if not isinstance(value, Mapping) or value.get("format") != SNAPSHOT:
        return False
    body = {key: item for key, item in value.items() if key != "sha256"}
    rows = value.get("records")
    return (
        isinstance(rows, list)
        and all(
            isinstance(row, Mapping)
            and str(row.get("kind")) in set(Kind)
            and isinstance(row.get("data"), Mapping)
            and all(isinstance(item, str) for item in row["data"].values())
            for row in rows
        )
        and sha256(canonical(body)).hex() == value.get("sha256")
    )


def expired_by(value: Mapping[str, Any], *, on: date) -> list[str]:
    """Return the titles of records in a snapshot that end before a day (the deadline): a warning while sealing."""
    return [
        title(Kind(row["kind"]), row["data"])
        for row in value["records"]
        if row["valid_to"] and date.fromisoformat(row["valid_to"]) < on
    ]


def title(kind: Kind, data: Mapping[str, Any]) -> str:
    """Return the line by which people know a record."""
    words = {
        field.name: (field.codes or {}).get(str(data.get(field.name, "")), str(data.get(field.name, "")))
        for field in FIELDS[kind]
    }
    parts = {
        Kind.BASIC: ("legal_form", "sme"),
        Kind.QUALIFICATION: ("specialty", "code", "level"),
        Kind.LICENCE: ("code", "number"),
        Kind.PERSON: ("duty", "name", "certificate"),
        Kind.PERFORMANCE: ("project",),
        Kind.HONOUR: ("title",),
        Kind.FINANCE: ("year",),
        Kind.RELATION: ("relation", "party"),
    }[kind]
    return " ".join(words[name] for name in parts if words.get(name)) or kind.label


@dataclass(frozen=True, kw_only=True)
class Tied:
    """What is known of one bidder or member for 条例34: who heads it, and whom it controls or manages."""

    bidder: str
    name: str
    uscc: str
    head: str = ""
    head_id: str = ""
    #: USCC of the other side → how this organisation stands to it (a key of RELATIONS)
    ties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something the records show, with its clause: the committee judges it, the platform rejects nobody."""

    says: str
    clause: str


_CONTROL = {"controls": "控股", "controlled": "被控股", "manages": "管理", "managed": "受管理"}


def related(parties: Sequence[Tied]) -> list[Fact]:
    """Return what ties two different bidders of one lot together: the same head, control, management."""
    facts: list[Fact] = []
    for n, one in enumerate(parties):
        for other in parties[n + 1 :]:
            if one.bidder == other.bidder or one.uscc == other.uscc:
                continue
            if one.head_id and one.head_id == other.head_id:
                facts.append(_tie(one, other, "登记的单位负责人为同一人(证件号码相同)"))
            elif one.head and one.head == other.head and not (one.head_id and other.head_id):
                facts.append(_tie(one, other, "登记的单位负责人姓名相同, 证件号码未登记, 是否同一人待核实"))
            for a, b in ((one, other), (other, one)):
                for uscc, relation in a.ties:
                    if uscc == b.uscc and relation in _CONTROL:
                        facts.append(_tie(a, b, f"前者登记的关系: {RELATIONS[relation]}"))
    return facts


def _tie(one: Tied, other: Tied, says: str) -> Fact:
    return Fact(says=f"{one.name} 与 {other.name}: {says}", clause=str(RELATED))


def consortium_facts(
    members: Sequence[Mapping[str, Any]], *, allowed: bool, agreement: bool, registered: Iterable[str]
) -> list[Fact]:
    """Return what is worth a look in a consortium: not allowed, no agreement, shares, codes, who is registered."""
    if not members:
        return []
    facts, known = [], set(registered)
    if not allowed:
        facts.append("招标文件不接受联合体, 本投标列有联合体成员")
    if not agreement:
        facts.append("投标附件中没有写明为联合体协议的文件")
    shares = [_decimal(m.get("share")) for m in members]
    if any(s is not None for s in shares):
        whole = sum((s for s in shares if s is not None), Decimal(0))
        if None in shares or whole != 100:
            facts.append(f"联合体成员份额合计{whole}%, 不是100%")
    if sum(1 for m in members if m.get("lead") is True) > 1:
        facts.append("写明的牵头人不止一个")
    for member in members:
        uscc, name = str(member.get("uscc", "")), str(member.get("name", ""))
        try:
            require_uscc(uscc)
        except BadInput as wrong:
            facts.append(f"联合体成员{name}: {wrong.message}")
            continue
        if uscc not in known:
            facts.append(f"联合体成员{name}未在本平台登记, 只核对了代码的校验位")
    return [Fact(says=says, clause=str(CONSORTIUM)) for says in facts]


def subcontract_facts(declared: Any, *, allowed: bool) -> list[Fact]:
    """Return what a declaration of subcontracts says to the responsive review."""
    if not declared or allowed:
        return []
    return [Fact(says="招标文件不允许分包, 本投标声明了分包, 请在响应性评审中判断", clause=str(SUBCONTRACT))]


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value).rstrip("%"))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None

"""What is checked at each kind of session, what is out of order, what rings, and when a session may end. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ggzy.kernel.refusals import BadInput, Citation, Refusal

LOOKS_ONLY = Citation("招标投标领域公平竞争审查规则", "第十条")
#: a witness may come so long before the deadline
EARLIEST = timedelta(hours=2)
LATE_OPENING = timedelta(minutes=10)
QUIET_OPENING = timedelta(minutes=20)
QUIET_EVALUATION = timedelta(minutes=60)
MOST_FILES, MOST_BYTES, MOST_TEXT = 5, 20 * 1024 * 1024, 2000
ENDINGS = (".jpg", ".jpeg", ".png", ".pdf", ".mp4", ".mp3", ".wav", ".m4a", ".txt")


class Kind(StrEnum):
    """What is witnessed."""

    OPENING = "opening"
    DRAW = "draw"
    EVALUATION = "evaluation"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"opening": "开标", "draw": "专家抽取", "evaluation": "评标"}[self.value]


STATES = {"waiting": "待见证", "witnessing": "见证中", "ended": "已结束", "reported": "已出报告"}
RESULTS = {"yes": "符合", "no": "不符", "na": "不适用"}
INCIDENTS = {
    "late": "迟到",
    "phone": "违规携带通讯工具",
    "whisper": "私下交谈",
    "leak": "泄密",
    "leaning": "倾向性言论",
    "absent": "擅离",
    "system": "系统出现异常",
    "other": "其他",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing to look at, and where the law asks for it."""

    key: str
    says: str
    basis: Citation | None = None


CHECKS: Mapping[Kind, tuple[Item, ...]] = {
    Kind.OPENING: (
        Item(key="host", says="主持人按时到场(在线)"),
        Item(key="on_time", says="在投标截止的同一时间公开开标", basis=Citation("招标投标法", "第三十四条")),
        Item(
            key="decryption",
            says="解密按招标文件规定的方式和时限进行",
            basis=Citation("电子招标投标办法", "第三十条"),
        ),
        Item(key="read_out", says="唱标内容与投标文件一致, 各投标人同时看到"),
        Item(
            key="objections",
            says="开标异议当场答复并记录",
            basis=Citation("招标投标法实施条例", "第四十四条"),
        ),
        Item(key="record", says="开标记录已形成并签名", basis=Citation("电子招标投标办法", "第三十二条")),
    ),
    Kind.DRAW: (
        Item(key="seeds", says="招标人、中心、监督三方各自给出种子"),
        Item(key="pool", says="专家库在抽取前冻结, 随机抽取", basis=Citation("招标投标法", "第三十七条")),
        Item(key="order", says="按抽取名次依次邀请, 无人为挑选"),
        Item(key="secrecy", says="名单在中标结果确定前保密", basis=Citation("招标投标法", "第三十七条")),
    ),
    Kind.EVALUATION: (
        Item(
            key="check_in", says="评委签到, 身份核验, 回避已确认", basis=Citation("招标投标法", "第三十七条")
        ),
        Item(key="lockers", says="通讯工具已统一存放"),
        Item(key="commitment", says="评标承诺书已签署"),
        Item(key="place", says="在有效监控的评标场所进行", basis=Citation("电子招标投标办法", "第三十三条")),
        Item(
            key="independent", says="评委独立评审, 无人非法干预", basis=Citation("招标投标法", "第三十八条")
        ),
        Item(key="report", says="评标报告由全体成员签署"),
    ),
}


class NotNow(Refusal):
    """Nothing to witness at this moment, or the session is in another state."""

    code = "witnessing.not_now"


class StillUnchecked(Refusal):
    """Every item of the checklist is marked before the session ends."""

    code = "witnessing.still_unchecked"


class AlreadyAcknowledged(Refusal):
    """The supervisor has acknowledged it."""

    code = "witnessing.already_acknowledged"


class EvidenceRefused(BadInput):
    """A file that is too large, of another kind, or one too many."""

    code = "witnessing.evidence_refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Where a session stands, as the wall knows it. There is nothing of bidders in it."""

    kind: Kind
    #: a draw has none
    deadline: datetime | None = None
    begun: bool = False
    over: bool = False
    last_event: datetime | None = None
    open_objections: int = 0
    unread: int = 0
    state: str = "waiting"
    #: what interrupts a committee: paused, a site cut off, members away
    interrupted: tuple[str, ...] = ()


def quiet_for(facts: Facts, *, now: datetime) -> int | None:
    """Return the seconds since the last event; None before the deadline, when events could tell of bidders."""
    if facts.last_event is None or (facts.deadline is not None and now < facts.deadline):
        return None
    return max(0, int((now - facts.last_event).total_seconds()))


def alarms(facts: Facts, *, now: datetime) -> tuple[str, ...]:
    """Return what must be looked at now, gravest first; nothing rings once a session is over or before its time."""
    out = []
    passed = facts.deadline is None or now >= facts.deadline
    if facts.unread:
        out.append(f"{facts.unread}项异常尚待监督部门阅知")
    if not passed or facts.over:
        return tuple(out)
    out += facts.interrupted
    if facts.kind is Kind.OPENING and not facts.begun:
        assert facts.deadline is not None
        if now - facts.deadline >= LATE_OPENING:
            out.append(f"投标截止已过{_said(int((now - facts.deadline).total_seconds()))}, 尚未开标")
    if facts.open_objections:
        out.append(f"{facts.open_objections}项开标异议等待当场答复")
    if facts.begun and facts.state == "waiting":
        out.append("已经开始, 尚无人见证")
    quiet = quiet_for(facts, now=now)
    most = {Kind.OPENING: QUIET_OPENING, Kind.EVALUATION: QUIET_EVALUATION}.get(facts.kind)
    if facts.begun and most is not None and quiet is not None and quiet >= most.total_seconds():
        out.append(f"已有{_said(quiet)}没有新的进展")
    return tuple(out)


def _said(seconds: int) -> str:
    """Return a span as people say it."""
    minutes = seconds // 60
    return f"{minutes}分钟" if minutes < 120 else f"{minutes // 60}小时"


def require_may_begin(facts: Facts, *, now: datetime) -> None:
    """Let a witness begin.

    :raises NotNow: long before the opening, or when all is over
    """
    if facts.over:
        raise NotNow(f"该场{facts.kind.label}已经结束, 不能再开始见证; 见证应当在现场同步进行")
    if facts.deadline is not None and now < facts.deadline - EARLIEST:
        raise NotNow("距开标还早, 开标前两小时内可以进入见证")


def require_may_end(facts: Facts, *, marked: Sequence[str]) -> None:
    """Let a session end.

    :raises NotNow: what is witnessed goes on
    :raises StillUnchecked: an item is not marked
    """
    if not facts.over:
        raise NotNow(f"{facts.kind.label}尚未结束, 见证应当到{facts.kind.label}结束")
    if missing := [item.says for item in CHECKS[facts.kind] if item.key not in marked]:
        raise StillUnchecked(f"还有{len(missing)}项没有核对: {'; '.join(missing)}", field="item")


def require_incident(*, kind: str, text: str, happened_at: datetime, now: datetime) -> str:
    """Return the text of an incident, stripped.

    :raises BadInput: no such kind, no text, or a moment in the future
    """
    text = text.strip()
    if kind not in INCIDENTS:
        raise BadInput("请选择异常类别", field="kind")
    if not text or len(text) > MOST_TEXT:
        raise BadInput(f"请写明异常情况, 不超过{MOST_TEXT}字", field="text")
    if happened_at > now:
        raise BadInput("发生时间不能晚于现在", field="happened_at")
    return text


def require_evidence(files: Sequence[tuple[str, int]]) -> None:
    """Let evidence files pass, given as (name, size).

    :raises EvidenceRefused: too many, too large, empty, or of another kind
    """
    if len(files) > MOST_FILES:
        raise EvidenceRefused(f"一次最多上传{MOST_FILES}个证据文件, 请分次登记", field="files")
    for name, size in files:
        if not name.lower().endswith(ENDINGS):
            raise EvidenceRefused(
                f"“{name}”的格式不在范围内, 请上传图片、PDF、音视频(mp4、mp3、wav、m4a)或文本", field="files"
            )
        if size > MOST_BYTES:
            raise EvidenceRefused(
                f"“{name}”超过{MOST_BYTES // 1024 // 1024}MB, 请截取有关片段后上传", field="files"
            )
        if size == 0:
            raise EvidenceRefused(f"“{name}”是空文件, 请重新选择", field="files")

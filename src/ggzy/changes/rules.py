"""What a change of dates needs and what follows from it: 延期、澄清、暂停、恢复、终止、故障. Pure.

《招标投标法》第二十三条; 《实施条例》第二十一、二十二、三十一条; 《电子招标投标办法》第三十一条.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.refusals import BadInput, Citation, Refusal
from ggzy.law.limits import BEIJING, Count, TimeLimit, beijing_date, latest_before, midnight_after

_LAW, _RULES, _ELECTRONIC = "招标投标法", "招标投标法实施条例", "电子招标投标办法"
#: an interruption that ends within this of the deadline is made good to the bidders
LAST_DAY = timedelta(hours=24)
#: and they never get less than this after it
AT_LEAST = timedelta(hours=2)


class Kind(StrEnum):
    """What may be changed of a running tender."""

    CLARIFY = "clarify"
    POSTPONE = "postpone"
    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"
    OUTAGE = "outage"
    END_OUTAGE = "end_outage"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "clarify": "澄清、修改、答疑",
            "postpone": "延期",
            "suspend": "暂停",
            "resume": "恢复",
            "terminate": "终止招标",
            "outage": "故障中止",
            "end_outage": "故障恢复",
        }[self.value]


OUTAGES = {"power": "停电", "network": "网络中断", "ca": "数字证书或签名服务故障", "system": "平台系统故障"}
TERMINATIONS = {
    "cancelled": "项目取消或投资计划调整",
    "unlawful": "招标文件或程序违法, 需纠正后重新招标",
    "force": "不可抗力",
    "order": "行政监督部门或司法机关决定",
}
SUSPENSIONS = {
    "answer": "异议、质疑事项需要核实",
    "order": "行政监督部门责令暂停",
    "force": "不可抗力或突发事件",
    "other": "其他需要暂停的情形",
}
#: what a department orders while it handles a complaint; not a choice of the owner side
ORDERS = {"complaint": "行政监督部门处理投诉, 责令暂停"}


class DeadlineOnlyLater(Refusal):
    """A published deadline moves back, never forward."""

    code = "changes.deadline_only_later"
    basis = Citation(_RULES, "第二十一条")


class ExtensionNeeded(Refusal):
    """The law demands more time after this change; the sentence and the plan say how much."""

    code = "changes.extension_needed"
    basis = Citation(_RULES, "第二十一条")


class PlanChanged(Refusal):
    """Something moved between looking and confirming."""

    code = "changes.plan_changed"


class NothingChanges(Refusal):
    """The wish would change nothing."""

    code = "changes.nothing_changes"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody wants to change. Which members count depends on the kind; see `require_wish`."""

    kind: Kind
    text: str = ""
    ground: str = ""
    new_deadline: datetime | None = None
    #: whether the change may affect how bids are made (it does anyway when the file itself changed)
    affects_bids: bool = False
    answers: Mapping[str, str] | None = None
    started_at: datetime | None = None
    #: the deadline of a prequalification, an invitation or a first stage, not that of the bids
    front: bool = False
    #: the change whose order ends
    order: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the wish as JSON values, as it is recorded."""
        return {
            "kind": self.kind.value,
            "text": self.text,
            "ground": self.ground,
            "new_deadline": self.new_deadline.astimezone(BEIJING).isoformat() if self.new_deadline else None,
            "affects_bids": self.affects_bids,
            "answers": dict(self.answers or {}),
            "started_at": self.started_at.astimezone(BEIJING).isoformat() if self.started_at else None,
            **({"front": True} if self.front else {}),
            **({"order": self.order} if self.order else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """One thing that follows from a change: of what sort, in words, before and after, by which clause."""

    sort: str
    says: str
    before: str = ""
    after: str = ""
    clause: str = ""

    @property
    def label(self) -> str:
        """Return the word of its sort."""
        return SORTS[self.sort]


SORTS = {
    "time": "时间",
    "clock": "法定期限",
    "file": "招标文件",
    "notice": "公告",
    "message": "通知",
    "room": "场地",
    "draw": "专家抽取",
    "hold": "暂停事项",
    "stage": "阶段",
    "money": "保证金",
    "bids": "投标文件",
}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A change with all that follows from it: what is shown, what is confirmed, and what is done."""

    kind: Kind
    tender: str
    consequences: tuple[Consequence, ...]
    #: what the law demands and the wish does not give: (sentence, clause); nothing can be confirmed while one stands
    demands: tuple[tuple[str, str], ...]
    deadline: datetime | None
    #: the earliest deadline that would be lawful, and a proposal in working hours
    earliest: datetime | None
    proposal: datetime | None
    #: whether a clarification may affect how bids are made
    affects_bids: bool = False

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what is shown: confirming names it, so that nobody confirms what they did not see."""
        shown = {
            "kind": self.kind.value,
            "tender": self.tender,
            "consequences": [asdict(c) for c in self.consequences],
            "deadline": self.deadline.astimezone(BEIJING).isoformat() if self.deadline else None,
        }
        return sha256(canonical(shown)).hex()


def require_wish(wish: Wish) -> None:
    """Let a wish pass that says what its kind needs.

    :raises BadInput: a member is missing or cannot be right
    """
    if wish.front and wish.kind not in {Kind.CLARIFY, Kind.POSTPONE}:
        raise BadInput("资格预审、邀请和第一阶段只能澄清或推后截止时间", field="kind")
    known = {Kind.TERMINATE: TERMINATIONS, Kind.SUSPEND: SUSPENSIONS, Kind.OUTAGE: OUTAGES}.get(wish.kind)
    if known is not None and wish.ground not in known:
        raise BadInput("请选择情形", field="ground")
    if wish.kind is Kind.POSTPONE and wish.new_deadline is None:
        raise BadInput(
            "请选择新的截止时间" if wish.front else "请选择新的投标截止(开标)时间", field="new_deadline"
        )
    if wish.kind is Kind.OUTAGE and wish.started_at is None:
        raise BadInput("请填写故障发生的时间", field="started_at")
    if len(wish.text.strip()) < 4 and not (wish.kind is Kind.CLARIFY and wish.answers):
        raise BadInput("请写明事实和理由(至少4个字), 将记入公告", field="text")
    if len(wish.text) > 20_000:
        raise BadInput("说明不超过20000字", field="text")


def earliest_after_clarification(limit: TimeLimit, *, now: datetime) -> Count:
    """Return the earliest deadline that leaves GC-T05 after a clarification sent now (法23: 至少十五日前).

    The day of the deadline is not counted, so today + 15 is the first day of which today is still 15 days before.
    """
    day = beijing_date(now) + timedelta(days=limit.length)
    return Count(
        instant=midnight_after(day - timedelta(days=1)),
        arithmetic=f"{beijing_date(now):%m月%d日}发出, 截止之日不计, 向前数{limit.length}日, 最早为{day:%m月%d日}",
        provisional=False,
    )


def clarification_in_time(
    limit: TimeLimit, *, now: datetime, deadline: datetime, calendar: WorkCalendar
) -> bool:
    """Say whether a clarification sent now still leaves the statutory days before the deadline (GC-T05)."""
    return now < latest_before(limit, event=deadline, calendar=calendar).instant


def made_good(*, deadline: datetime, began: datetime, ends: datetime) -> datetime:
    """Return the deadline after an interruption of submitting, so that bidders lose nothing of their last day.

    An interruption that is over more than a day before the deadline moves nothing. Else the deadline moves back by
    the interruption's whole length, and at least to two hours after its end.
    """
    if ends <= deadline - LAST_DAY:
        return deadline
    return max(deadline + (ends - min(began, ends)), ends + AT_LEAST)


def working_moment(earliest: datetime, *, like: datetime, calendar: WorkCalendar) -> datetime:
    """Return the first moment on a working day not before `earliest`, at the time of day of `like`."""
    clock = like.astimezone(BEIJING).time().replace(second=0, microsecond=0)
    day = beijing_date(earliest)
    while True:
        moment = datetime.combine(day, clock, BEIJING)
        if moment >= earliest and calendar.is_working(day):
            return moment
        day += timedelta(days=1)


def require_deadline(*, new: datetime, old: datetime, now: datetime) -> None:
    """Let a new deadline pass that lies after the old one and in the future.

    :raises DeadlineOnlyLater: earlier than what is published, or past
    """
    if new < old:
        raise DeadlineOnlyLater("截止时间只能推后, 不能提前到已公布的时间之前", field="new_deadline")
    if new <= now:
        raise DeadlineOnlyLater("新的截止时间应晚于现在", field="new_deadline")


def moment_words(moment: datetime | None) -> str:
    """Return a moment as a plan shows it; an exclusive midnight is the end of the day before."""
    if moment is None:
        return ""
    local = moment.astimezone(BEIJING)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local - timedelta(days=1):%Y年%m月%d日}24时"
    return f"{local:%Y年%m月%d日 %H:%M}"


def day_words(day: date) -> str:
    """Return a day as a plan shows it."""
    return f"{day:%Y年%m月%d日}"


def differing(before: Iterable[Any], after: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Return the pairs of clock rows (by key) whose moment differs."""
    was = {row.key: row for row in before}
    return [(was[row.key], row) for row in after if row.key in was and was[row.key].instant != row.instant]

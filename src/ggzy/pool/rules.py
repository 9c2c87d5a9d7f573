"""Who may enter the pool and stay in it, how an exam is scored, what a session costs an expert, what it is paid. Pure."""

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any

from ggzy.kernel.money import CENT
from ggzy.kernel.refusals import BadInput, Citation, Refusal

LAW_37 = Citation("招标投标法", "第三十七条")
#: years of work in the field that the law asks of an expert
LEAST_YEARS = 8


class State(StrEnum):
    """Where an expert stands in the pool (X_EXPERT_LIFE)."""

    APPLIED = "applied"
    REVIEW = "review"
    EXAM = "exam"
    ACTIVE = "active"
    PAUSED = "paused"
    RENEW = "renew"
    BLACK = "black"
    EXITED = "exited"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return _STATES[self]


_STATES = {
    State.APPLIED: "申请入库",
    State.REVIEW: "审核中",
    State.EXAM: "培训考试",
    State.ACTIVE: "可抽取",
    State.PAUSED: "暂停抽取",
    State.RENEW: "续聘考核",
    State.BLACK: "禁止参加评标",
    State.EXITED: "已出库",
    State.REFUSED: "不予入库",
}

#: event → (states it may come from, state it leads to)
MOVES: dict[str, tuple[frozenset[State], State]] = {
    "submit": (frozenset({State.APPLIED}), State.REVIEW),
    "send_back": (frozenset({State.REVIEW}), State.APPLIED),
    "admit": (frozenset({State.REVIEW}), State.EXAM),
    "refuse": (frozenset({State.REVIEW, State.EXAM}), State.REFUSED),
    "appoint": (frozenset({State.EXAM}), State.ACTIVE),
    "pause": (frozenset({State.ACTIVE}), State.PAUSED),
    "resume": (frozenset({State.PAUSED}), State.ACTIVE),
    "expire": (frozenset({State.ACTIVE, State.PAUSED}), State.RENEW),
    "renew": (frozenset({State.RENEW}), State.ACTIVE),
    "exit": (frozenset({State.ACTIVE, State.PAUSED, State.RENEW, State.EXAM}), State.EXITED),
    "ban": (frozenset({State.ACTIVE, State.PAUSED, State.RENEW, State.EXAM}), State.BLACK),
    "ban_lifted": (frozenset({State.BLACK}), State.PAUSED),
}
LABELS = {
    "submit": "提交申请",
    "send_back": "退回补正",
    "admit": "审核合格, 进入考试",
    "refuse": "不予入库",
    "appoint": "聘任",
    "pause": "暂停抽取",
    "resume": "恢复抽取",
    "expire": "聘期届满",
    "renew": "续聘",
    "exit": "出库",
    "ban": "禁止参加评标",
    "ban_lifted": "禁止期满或撤销, 待再培训",
}


class MoveNotNow(Refusal):
    """This cannot be done with the file as it stands."""

    code = "pool.not_now"


class NotQualified(Refusal):
    """The person does not satisfy what the law asks of an expert."""

    code = "pool.not_qualified"
    status = 422
    basis = LAW_37


def moved(state: str, event: str) -> State:
    """Return the state that an event leads to.

    :raises MoveNotNow: not from this state
    """
    sources, target = MOVES[event]
    if State(state) not in sources:
        raise MoveNotNow(
            f"专家档案现在是“{State(state).label}”, 不能办理“{LABELS[event]}”; 请刷新页面查看现在可以办理的事项"
        )
    return target


#: 职称 that satisfies the law, and what counts as the same level
TITLES = {"senior": "高级职称", "equal": "同等专业水平", "middle": "中级职称"}


def require_qualified(*, title: str, years: int) -> None:
    """Let somebody apply, or refuse: 8 years in the field, a senior title or the same level.

    :raises NotQualified: too few years, or no such title
    """
    if title not in {"senior", "equal"}:
        raise NotQualified("入库应具有高级职称或者同等专业水平: 请填写职称, 并上传证书", field="title")
    if years < LEAST_YEARS:
        raise NotQualified(f"入库应从事相关领域工作满{LEAST_YEARS}年, 现填写{years}年", field="years")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What decides whether somebody may be drawn on a day."""

    state: str
    term_from: date | None
    term_to: date | None
    #: (first day, last day or None) of each leave
    leaves: tuple[tuple[date, date | None], ...] = ()


def drawable(standing: Standing, *, on: date) -> bool:
    """Say whether an expert may be drawn for a session on a day: appointed, within the term, not on leave."""
    if standing.state != State.ACTIVE or standing.term_from is None or standing.term_to is None:
        return False
    if not standing.term_from <= on <= standing.term_to:
        return False
    return not any(since <= on and (until is None or on <= until) for since, until in standing.leaves)


def term_end(first: date, *, years: int) -> date:
    """Return the last day of a term of appointment that begins on `first`."""
    try:
        return first.replace(year=first.year + years) - timedelta(days=1)
    except ValueError:  # 29 February
        return first.replace(year=first.year + years, day=28)


# The exam


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question of the bank: its options, and which of them are right (numbers from 0)."""

    id: str
    specialty: str
    options: int
    right: tuple[int, ...]


class BankTooSmall(Refusal):
    """The question bank has too few questions for an exam."""

    code = "pool.bank_too_small"


def draw_paper(
    bank: Sequence[Asked], *, specialties: Collection[str], common: int, special: int, seed: bytes
) -> list[dict[str, Any]]:
    """Return an exam paper: which questions in which order, and the order of each one's options.

    `common` questions for everybody and `special` ones of the person's own specialties (by prefix), shuffled.

    :raises BankTooSmall: not enough questions of a kind
    """
    dice = random.Random(seed)  # noqa: S311 - an order, not a secret: it is kept with the attempt
    general = [q for q in bank if not q.specialty]
    own = [q for q in bank if q.specialty and any(s.startswith(q.specialty) for s in specialties)]
    if len(general) < common or len(own) < special:
        raise BankTooSmall(
            f"题库不足: 需要公共题{common}道、本专业题{special}道, 现有{len(general)}道、{len(own)}道, 请联系中心补充题库"
        )
    chosen = dice.sample(general, common) + dice.sample(own, special)
    dice.shuffle(chosen)
    paper = []
    for question in chosen:
        order = list(range(question.options))
        dice.shuffle(order)
        paper.append({"question": question.id, "order": order})
    return paper


def exam_score(right: Mapping[str, Sequence[int]], answers: Mapping[str, Sequence[int]]) -> Decimal:
    """Return points of 100: each question the same, right only with all right options and no other; half up to 0.1."""
    if not right:
        return Decimal("0.0")
    good = sum(1 for key, options in right.items() if set(options) == set(answers.get(key, ())))
    return (Decimal(100) * good / len(right)).quantize(Decimal("0.1"), "ROUND_HALF_UP")


class NoAttemptLeft(Refusal):
    """The attempts at the exam are used up."""

    code = "pool.no_attempt_left"


def require_attempt(*, used: int, most: int) -> None:
    """Let an attempt begin, or refuse.

    :raises NoAttemptLeft: as many attempts as there may be
    """
    if used >= most:
        raise NoAttemptLeft(f"考试机会{most}次已用完。请联系中心安排培训后重新申请")


# Ratings and points


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One item of a rating, and the points it costs."""

    code: str
    label: str
    points: int


#: 一标一评: what is rated after each session, and the points of a year's 12 that each fault costs
FAULTS = (
    Fault(code="late", label="迟到", points=1),
    Fault(code="early", label="早退", points=2),
    Fault(code="phone", label="违规使用通讯设备", points=4),
    Fault(code="biased", label="发表倾向性言论", points=6),
    Fault(code="abnormal", label="打分异常且不能说明理由", points=3),
    Fault(code="careless", label="不认真复核, 造成评审差错", points=3),
    Fault(code="fee", label="索要标准以外的报酬", points=4),
    Fault(code="absent", label="同意参加后无故缺席", points=3),
)
BY_FAULT = {fault.code: fault for fault in FAULTS}
#: what an expert says of the owner side and the centre
BACK_ITEMS = {
    "organised": "组织有序",
    "neutral": "没有干预评审",
    "place": "场地和设备",
    "fee": "劳务费按时足额",
}


def deduction(faults: Iterable[str]) -> int:
    """Return the points that a rating costs.

    :raises BadInput: a fault that is none
    """
    chosen = set(faults)
    if unknown := chosen - set(BY_FAULT):
        raise BadInput(f"没有这个评价事项: {'、'.join(sorted(unknown))}", field="faults")
    return sum(BY_FAULT[code].points for code in chosen)


def points_left(deductions: Iterable[int], *, a_year: int) -> int:
    """Return the points that are left of a year's, never below 0."""
    return max(0, a_year - sum(deductions))


def yearly_grade(*, hours: Decimal, least_hours: Decimal, left: int, least_left: int, banned: bool) -> str:
    """Return the grade of a year: "good" or "poor"."""
    return "good" if hours >= least_hours and left >= least_left and not banned else "poor"


# The fee


class FeesWrong(Refusal):
    """The fee cannot be computed from what is known."""

    code = "pool.fees_wrong"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What a region pays an expert for a session, in 元."""

    region: str
    first_hours: int
    first: Decimal
    extra_hour: Decimal
    avoided: Decimal
    no_show: Decimal


def schedules_of(raw: Mapping[str, Any]) -> list[Schedule]:
    """Return the schedules of a fee file.

    :raises ValueError: a field is missing or is no amount
    """
    out = []
    for row in raw.get("schedule", ()):
        try:
            amounts = {k: Decimal(str(row[k])) for k in ("first", "extra_hour", "avoided", "no_show")}
            out.append(Schedule(region=str(row["region"]), first_hours=int(row["first_hours"]), **amounts))
        except (KeyError, ArithmeticError) as wrong:
            raise ValueError(f"劳务费标准不完整: {row}") from wrong
        if any(amount < 0 or isinstance(row[k], float) for k, amount in amounts.items()):
            raise ValueError(f"劳务费标准的金额应写成文字, 不得为负: {row}")
    return out


def schedule_for(schedules: Sequence[Schedule], region: str) -> Schedule:
    """Return the schedule of a region: the one with the longest matching prefix.

    :raises FeesWrong: no schedule covers the region
    """
    fitting = [s for s in schedules if region.startswith(s.region)]
    if not fitting:
        raise FeesWrong(f"没有适用于地区{region}的劳务费标准, 请由中心在标准文件中补充")
    return max(fitting, key=lambda s: len(s.region))


def present_for(
    *, since: datetime, until: datetime, absences: Iterable[tuple[datetime, datetime | None]]
) -> timedelta:
    """Return how long somebody was there: from the oath to the end, without absences (overlaps count once)."""
    there, at = timedelta(0), since
    for began, ended in sorted(absences, key=lambda a: a[0]):
        there += max(timedelta(0), min(began, until) - at)
        at = max(at, min(ended or until, until))
    return there + max(timedelta(0), until - at)


def fee(schedule: Schedule, present: timedelta) -> Decimal:
    """Return the fee of a session: the first hours as one amount, then each hour begun; nothing for no time."""
    if present <= timedelta(0):
        return Decimal("0.00")
    beyond = present - timedelta(hours=schedule.first_hours)
    hours = Decimal(0)
    if beyond > timedelta(0):
        seconds = Decimal(beyond.days * 86400 + beyond.seconds) + Decimal(beyond.microseconds) / 1_000_000
        hours = (seconds / 3600).to_integral_value(ROUND_CEILING)
    return (schedule.first + schedule.extra_hour * hours).quantize(CENT)


#: how somebody took part in a session
ATTENDED, AVOIDED, NO_SHOW = "attended", "avoided", "no_show"
TOOK_PART = {ATTENDED: "参加评审", AVOIDED: "到场后回避", NO_SHOW: "同意参加后缺席"}


def due(schedules: Sequence[Schedule], how: str, present: timedelta) -> Decimal:
    """Return what is due by the schedules of all places of a session: the higher one 就高不就低."""
    if how == AVOIDED:
        return max(s.avoided for s in schedules).quantize(CENT)
    if how == NO_SHOW:
        return max(s.no_show for s in schedules).quantize(CENT)
    return max(fee(s, present) for s in schedules)


def masked(text: str, *, head: int = 1, tail: int = 0) -> str:
    """Return a personal text with all but its ends as asterisks."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + (text[-tail:] if tail else "")

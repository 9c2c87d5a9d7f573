"""Service hours, what must be told at once, and how long services took. Pure: no database, no clock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Citation, Refusal

#: 《优化营商环境条例》: 一次告知、首问负责、容缺受理是政务服务的要求; 期限是中心自己的承诺
TOLD_AT_ONCE = Citation("优化营商环境条例", "第三十六条")
_A_DAY = timedelta(days=1)


class NotToldAtOnce(Refusal):
    """Something is called missing that was there when everything missing was told, and nothing new came in."""

    code = "services.not_told_at_once"


@dataclass(frozen=True)
class Hours:
    """When the counter is open on a working day: [opens, closes), 北京时间."""

    opens: time
    closes: time

    @property
    def a_day(self) -> int:
        """Return the minutes of one service day."""
        return (self.closes.hour - self.opens.hour) * 60 + self.closes.minute - self.opens.minute


def due_at(start: datetime, *, minutes: int, hours: Hours, calendar: WorkCalendar) -> datetime:
    """Return when so many service minutes after `start` are over: nights, rest days and holidays do not count."""
    moment, left = start.astimezone(BEIJING), timedelta(minutes=minutes)
    while True:
        opens, closes = (datetime.combine(moment.date(), at, BEIJING) for at in (hours.opens, hours.closes))
        if calendar.is_working(moment.date()) and moment < closes:
            begun = max(moment, opens)
            if begun + left <= closes:
                return begun + left
            left -= closes - begun
        moment = datetime.combine(moment.date() + _A_DAY, time(0), BEIJING)


def minutes_between(start: datetime, end: datetime, *, hours: Hours, calendar: WorkCalendar) -> int:
    """Return the service minutes from `start` to `end`, begun ones counted whole."""
    day, total = start.astimezone(BEIJING).date(), timedelta()
    while day <= end.astimezone(BEIJING).date():
        if calendar.is_working(day):
            opens, closes = (datetime.combine(day, at, BEIJING) for at in (hours.opens, hours.closes))
            total += max(timedelta(), min(end, closes) - max(start, opens))
        day += _A_DAY
    return math.ceil(total.total_seconds() / 60)


def require_told_at_once(*, told: Sequence[str] | None, missing: Sequence[str], because: str) -> None:
    """Let an answer pass that calls nothing missing which an earlier one passed over (一次告知).

    :param told: what was called missing before, None where nothing was answered yet
    :raises NotToldAtOnce: something new is missing, and no reason stands beside it
    """
    if told is None or because.strip():
        return
    if new := [item for item in missing if item not in told]:
        raise NotToldAtOnce(
            f"缺项应当一次告知: 上次没有提出“{new[0]}”。确因新提交的材料才发现的, 请写明原因",
            basis=TOLD_AT_ONCE,
            field="because",
        )


def require_grade(grade: int, words: str) -> None:
    """Let a grade of 好差评 pass: 1 to 5, and words with a bad one.

    :raises BadInput: no grade, or a bad one without a word
    """
    if grade not in GRADES:
        raise BadInput("请选择评价", field="grade")
    if grade <= BAD and not words.strip():
        raise BadInput("请写一句哪里不满意, 中心会回访处理", field="words")


GRADES = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
#: from here down the centre looks into it and answers
BAD = 2


@dataclass(frozen=True, kw_only=True)
class Measured:
    """How long a service took of late: how many, how many in time, in service minutes."""

    count: int
    in_time: int
    median: int
    p90: int

    @property
    def share(self) -> Decimal:
        """Return the share in time in percent, one place."""
        return (Decimal(self.in_time) * 100 / self.count).quantize(Decimal("0.1"), ROUND_HALF_UP)


def measured(spans: Sequence[tuple[int, bool]]) -> Measured | None:
    """Return what (minutes, in time) of ended cases come to; None where nothing has ended."""
    if not spans:
        return None
    minutes = sorted(span for span, _ in spans)
    at = max(0, math.ceil(len(minutes) * 0.9) - 1)
    return Measured(
        count=len(minutes),
        in_time=sum(ok for _, ok in spans),
        median=round(median(minutes)),
        p90=minutes[at],
    )

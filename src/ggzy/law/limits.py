"""What a statutory limit is, and how it is counted. Pure: no clock, no database, no settings.

Counting follows 《民法典》第二百零一至二百零四条 and each statute's own rule (RULEBOOK 2.1, CALENDAR 5).
Every answer is an exclusive instant: comparisons are `now < end` or `now >= end`.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum

from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.refusals import Citation

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class Unit(StrEnum):
    """In what a limit is counted."""

    DAY = "D"
    WORKDAY = "WD"
    MONTH = "MO"
    YEAR = "Y"
    HOUR = "H"
    MINUTE = "MIN"

    @property
    def label(self) -> str:
        """Return the word of the statute."""
        return {"D": "日", "WD": "个工作日", "MO": "个月", "Y": "年", "H": "小时", "MIN": "分钟"}[self.value]


class Bound(StrEnum):
    """Whether the statute sets a floor (不得少于), a ceiling (内), or one moment."""

    AT_LEAST = "at_least"
    NO_LATER_THAN = "no_later_than"
    AT = "at"


class Direction(StrEnum):
    """Whether the limit runs after its starting event or lies before a coming one."""

    AFTER = "after"
    BEFORE = "before"


class Roll(StrEnum):
    """What happens when the last day is a day off: each statute has its own rule."""

    NONE = "none"
    STATUTORY = "statutory"
    REST_DAY = "rest_day"


class Status(StrEnum):
    """V: read in the text, may block. M: from memory, warns until a named person confirms it."""

    READ = "V"
    MEMORY = "M"


@dataclass(frozen=True, kw_only=True)
class TimeLimit:
    """One limit of one statute, keyed by its rulebook id."""

    key: str
    says: str
    basis: tuple[Citation, ...]
    starts: str
    length: int
    unit: Unit
    bound: Bound
    direction: Direction = Direction.AFTER
    roll: Roll = Roll.NONE
    status: Status = Status.READ
    in_force_from: date
    in_force_to: date | None = None
    reading: str = ""

    @property
    def may_block(self) -> bool:
        """Say whether the platform may refuse an act on this ground."""
        return self.status is Status.READ

    @property
    def cites(self) -> str:
        """Return the clause as people cite it."""
        return "、".join(str(citation) for citation in self.basis)

    @property
    def length_label(self) -> str:
        """Return e.g. 不少于20日 or 3日内."""
        amount = f"{self.length}{self.unit.label}"
        if self.length == 0:
            return "当场" if self.bound is Bound.AT else "期内"
        if self.direction is Direction.BEFORE:
            return f"{amount}前"
        if self.bound is Bound.AT:
            return amount
        return f"不少于{amount}" if self.bound is Bound.AT_LEAST else f"{amount}内"


@dataclass(frozen=True, kw_only=True)
class Count:
    """The answer of a count: the instant, the arithmetic for people, and whether a year is unannounced."""

    instant: datetime
    arithmetic: str
    provisional: bool


def beijing_date(moment: datetime) -> date:
    """Return the day in Beijing on which an aware moment falls."""
    return moment.astimezone(BEIJING).date()


def midnight_after(day: date) -> datetime:
    """Return the exclusive end of a day in Beijing: 24:00, which is 00:00 of the next."""
    return datetime.combine(day + timedelta(days=1), time(0), BEIJING)


def last_day(
    limit: TimeLimit, *, started: date, calendar: WorkCalendar, paused: frozenset[date] = frozenset()
) -> date:
    """Return the last day of a limit counted in days after `started`.

    The day on which the clock starts is not counted; paused days are not counted; the last day moves on
    by the limit's own rule. A working-day limit ends on a working day by its nature. Months and years end on the day
    of the same number, or the month's last where there is none (民法典202), later by the paused days.
    """
    if limit.unit in {Unit.MONTH, Unit.YEAR}:
        end = _same_day(started, limit.length * (12 if limit.unit is Unit.YEAR else 1))
        end += timedelta(days=sum(1 for day in paused if started < day <= end))
        return _rolled(end, limit.roll, calendar, paused)
    day = started
    for step in counted_days(limit, started=started, calendar=calendar, paused=paused):
        day = step.day
    return _rolled(day, limit.roll, calendar, paused)


@dataclass(frozen=True, kw_only=True)
class DayStep:
    """One day of a count: its number, or why it does not count."""

    day: date
    number: int | None
    says: str = ""


def counted_days(
    limit: TimeLimit, *, started: date, calendar: WorkCalendar, paused: frozenset[date] = frozenset()
) -> Iterator[DayStep]:
    """Yield day after day of a limit in days, up to the last that counts: the arithmetic itself."""
    day, number = started, 0
    while number < limit.length:
        day += timedelta(days=1)
        if day in paused:
            yield DayStep(day=day, number=None, says="暂停期间不计")
        elif limit.unit is Unit.WORKDAY and not calendar.is_working(day):
            yield DayStep(day=day, number=None, says=calendar.holidays.get(day) or "周末")
        else:
            number += 1
            yield DayStep(day=day, number=number, says="调休上班" if day in calendar.make_up_days else "")


def arithmetic_of(
    limit: TimeLimit, *, started: datetime, calendar: WorkCalendar, paused: frozenset[date] = frozenset()
) -> list[DayStep]:
    """Return every day of a limit that runs after an event, the first that is not counted and the roll included.

    Empty for hours and minutes, which are exact durations, and for months and years, which are not counted by days.
    """
    if limit.direction is Direction.BEFORE or limit.unit not in {Unit.DAY, Unit.WORKDAY}:
        return []
    first = beijing_date(started)
    steps = [DayStep(day=first, number=None, says="起算当日不计")]
    steps += counted_days(limit, started=first, calendar=calendar, paused=paused)
    end, day = last_day(limit, started=first, calendar=calendar, paused=paused), steps[-1].day
    while day < end:
        day += timedelta(days=1)
        steps.append(DayStep(day=day, number=None, says="末日是休息日, 顺延" if day < end else "顺延至此日"))
    return steps


def _same_day(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _rolled(day: date, roll: Roll, calendar: WorkCalendar, paused: frozenset[date]) -> date:
    if roll is Roll.REST_DAY:
        while not calendar.is_working(day) or day in paused:
            day += timedelta(days=1)
    elif roll is Roll.STATUTORY:
        while calendar.is_statutory_rest(day) or day in paused:
            day += timedelta(days=1)
    return day


def runs_out(
    limit: TimeLimit,
    *,
    started: datetime,
    calendar: WorkCalendar,
    paused: frozenset[date] = frozenset(),
) -> Count:
    """Return the first instant at which a limit that runs after `started` has run out.

    Hours and minutes are exact durations; days end at 24:00 北京时间 of their last day.
    """
    assert limit.direction is Direction.AFTER, f"{limit.key} lies before its event"
    if limit.unit is Unit.HOUR or limit.unit is Unit.MINUTE:
        length = timedelta(hours=limit.length) if limit.unit is Unit.HOUR else timedelta(minutes=limit.length)
        return Count(
            instant=started + length,
            arithmetic=f"{_moment(started)} 起 {limit.length}{limit.unit.label}",
            provisional=False,
        )
    first = beijing_date(started)
    last = last_day(limit, started=first, calendar=calendar, paused=paused)
    plain = last_day(_without_roll(limit), started=first, calendar=calendar, paused=paused)
    number = f"满{limit.length}" if limit.unit in {Unit.MONTH, Unit.YEAR} else f"第{limit.length}"
    steps = f"{first:%m月%d日}当日不计, 次日起算{number}{limit.unit.label}为{plain:%m月%d日}"
    if counted_out := sum(1 for day in paused if first < day <= last):
        steps += f", 扣除暂停{counted_out}日"
    if plain != last:
        steps += f", 遇休息日顺延至{last:%m月%d日}"
    return Count(
        instant=midnight_after(last),
        arithmetic=steps + ", 当日24时届满",
        provisional=not (calendar.knows(first) and calendar.knows(last)),
    )


def earliest_moment(limit: TimeLimit, *, started: datetime, calendar: WorkCalendar) -> Count:
    """Return the earliest instant that leaves "不得少于N日" between an event and a moment (rule C6).

    The starting day is not counted; the day itself counted from it may be the day of the moment, so the
    earliest instant is the start (00:00) of day `started + N`.
    """
    assert limit.bound is Bound.AT_LEAST, f"{limit.key} sets no floor"
    first = beijing_date(started)
    day = last_day(_without_roll(limit), started=first, calendar=calendar)
    return Count(
        instant=midnight_after(day - timedelta(days=1)),
        arithmetic=f"{first:%m月%d日}当日不计, 加{limit.length}{limit.unit.label}, 最早为{day:%m月%d日}",
        provisional=not calendar.knows(day),
    )


def latest_before(limit: TimeLimit, *, event: datetime, calendar: WorkCalendar) -> Count:
    """Return the exclusive end of the last day on which an act is still N days before an event (rule C5).

    The day of the event is not counted.
    """
    assert limit.direction is Direction.BEFORE, f"{limit.key} runs after its event"
    day, left = beijing_date(event), limit.length
    while left:
        day -= timedelta(days=1)
        if limit.unit is Unit.WORKDAY and not calendar.is_working(day):
            continue
        left -= 1
    return Count(
        instant=midnight_after(day),
        arithmetic=f"{beijing_date(event):%m月%d日}当日不计, 向前数{limit.length}{limit.unit.label}, "
        f"最迟为{day:%m月%d日}24时",
        provisional=not (calendar.knows(day) and calendar.knows(beijing_date(event))),
    )


def keeps(limit: TimeLimit, *, started: datetime, moment: datetime, calendar: WorkCalendar) -> bool:
    """Say whether `moment` keeps a limit that runs after `started`: late enough for a floor, in time for a ceiling."""
    if limit.bound is Bound.AT_LEAST:
        return moment >= earliest_moment(limit, started=started, calendar=calendar).instant
    return moment < runs_out(limit, started=started, calendar=calendar).instant


def _without_roll(limit: TimeLimit) -> TimeLimit:
    return replace(limit, roll=Roll.NONE)


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%m月%d日%H时%M分}"

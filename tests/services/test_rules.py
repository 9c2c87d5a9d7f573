"""Service hours count what lies within them, and what is missing is told once."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.calendars import CHINA
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput
from ggzy.services import rules

pytestmark = pytest.mark.pure
HOURS = rules.Hours(time(9), time(17))
MOMENTS = st.integers(0, 540 * 86400).map(
    lambda n: datetime(2025, 1, 2, tzinfo=BEIJING) + timedelta(seconds=n - n % 60)
)


def at(text: str) -> datetime:
    """Return a moment of Beijing time."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-03-02T09:30", 60, "2026-03-02T10:30"),
        ("2026-03-02T08:00", 60, "2026-03-02T10:00"),  # before the counter opens
        ("2026-03-02T16:30", 60, "2026-03-03T09:30"),  # over the night
        ("2026-03-02T17:00", 60, "2026-03-03T10:00"),
        ("2026-03-06T16:59", 2, "2026-03-09T09:01"),  # over a weekend
        ("2026-04-30T16:00", 120, "2026-05-06T10:00"),  # over 劳动节
        ("2026-03-02T09:00", 480, "2026-03-02T17:00"),
        ("2026-03-02T09:00", 2400, "2026-03-06T17:00"),
    ],
)
def test_due(start: str, minutes: int, due: str) -> None:
    assert rules.due_at(at(start), minutes=minutes, hours=HOURS, calendar=CHINA) == at(due)


@given(start=MOMENTS, minutes=st.integers(1, 3000))
def test_the_time_to_the_due_moment_is_what_was_promised(start: datetime, minutes: int) -> None:
    due = rules.due_at(start, minutes=minutes, hours=HOURS, calendar=CHINA)
    assert rules.minutes_between(start, due, hours=HOURS, calendar=CHINA) == minutes
    assert CHINA.is_working(due.date()) and HOURS.opens < due.time() <= HOURS.closes


@given(start=MOMENTS, span=st.timedeltas(timedelta(), timedelta(days=20)))
def test_time_adds_up(start: datetime, span: timedelta) -> None:
    middle, end = start + span / 2, start + span
    whole = rules.minutes_between(start, end, hours=HOURS, calendar=CHINA)
    parts = rules.minutes_between(start, middle, hours=HOURS, calendar=CHINA)
    parts += rules.minutes_between(middle, end, hours=HOURS, calendar=CHINA)
    assert whole <= parts <= whole + 1  # a begun minute counts whole, in each part


def test_what_is_missing_is_told_once() -> None:
    rules.require_told_at_once(told=None, missing=["合同"], because="")
    rules.require_told_at_once(told=["合同", "证明"], missing=["合同"], because="")
    rules.require_told_at_once(told=["合同"], missing=["证明"], because="新交的合同缺附件")
    with pytest.raises(rules.NotToldAtOnce, match="证明"):
        rules.require_told_at_once(told=["合同"], missing=["合同", "证明"], because=" ")
    with pytest.raises(rules.NotToldAtOnce):
        rules.require_told_at_once(told=[], missing=["证明"], because="")


def test_grades_and_figures() -> None:
    for grade, words in ((0, ""), (6, "好"), (2, ""), (1, " ")):
        with pytest.raises(BadInput):
            rules.require_grade(grade, words)
    rules.require_grade(3, "")
    assert rules.measured([]) is None
    found = rules.measured([(n, n <= 8) for n in range(1, 11)])
    assert found and (found.count, found.in_time, found.median, found.p90) == (10, 8, 6, 9)
    assert str(found.share) == "80.0"

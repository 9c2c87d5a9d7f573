"""Our table of days off is the State Council's: compared day by day with a package that others keep."""

import json
from datetime import date, timedelta

import chinese_calendar
import pytest

from ggzy.kernel.calendars import CHINA, CalendarWrong, WorkCalendar, with_years

pytestmark = pytest.mark.pure

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(1096)]


def test_the_table_covers_three_years():
    assert DAYS[-1] == date(2026, 12, 31)
    assert {day.year for day in DAYS} == CHINA.years


def test_working_days_are_the_same_on_every_day():
    assert [d for d in DAYS if CHINA.is_working(d) != chinese_calendar.is_workday(d)] == []


def test_announced_blocks_are_the_same_on_every_day():
    """An ordinary weekend is off but is no 法定节假日; a weekend inside a block is."""
    theirs = [
        d for d in DAYS if (found := chinese_calendar.get_holiday_detail(d))[0] and found[1] is not None
    ]
    assert [d for d in DAYS if CHINA.is_statutory_rest(d)] == theirs


@pytest.mark.parametrize(("year", "working"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_its_number_of_working_days(year, working):
    assert sum(CHINA.is_working(d) for d in DAYS if d.year == year) == working


@pytest.mark.parametrize(
    ("day", "working", "rest"),
    [
        (date(2026, 2, 14), True, False),
        (date(2026, 2, 16), False, True),
        (date(2026, 10, 3), False, True),
        (date(2026, 10, 10), True, False),
        (date(2026, 3, 7), False, False),
        (date(2026, 3, 9), True, False),
    ],
)
def test_kinds_of_days(day, working, rest):
    assert (CHINA.is_working(day), CHINA.is_statutory_rest(day)) == (working, rest)


@pytest.mark.parametrize(
    ("day", "known"),
    [(DAYS[0], True), (DAYS[-1], True), (date(2027, 1, 1), False), (date(2023, 12, 31), False)],
)
def test_a_year_that_was_not_announced_is_unknown(day, known):
    assert CHINA.knows(day) is known


def test_no_day_is_both_off_and_made_up():
    assert not CHINA.make_up_days & set(CHINA.holidays)
    assert all(day.weekday() >= 5 for day in CHINA.make_up_days)


def test_a_calendar_without_years_knows_none():
    assert not WorkCalendar(holidays={}, make_up_days=frozenset()).knows(date(2026, 1, 1))


NEXT = {
    "year": 2027,
    "source": "某通知",
    "holidays": [["2027-01-01", "2027-01-03", "元旦"]],
    "make_up": ["2027-01-09"],
}


def test_a_year_is_known_once_its_file_is_there(tmp_path):
    assert not CHINA.knows(date(2027, 1, 4))
    (tmp_path / "2027.json").write_text(json.dumps(NEXT))
    loaded = with_years(CHINA, tmp_path)
    assert loaded.knows(date(2027, 1, 4))
    assert loaded.is_statutory_rest(date(2027, 1, 1)) and not loaded.is_working(date(2027, 1, 1))
    assert loaded.is_working(date(2027, 1, 9))
    assert loaded.is_statutory_rest(date(2026, 10, 1)), "the years before stay as they were"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"year": 2026}, "2026年的安排已经有了"),
        ({"holidays": [["2026-12-31", "2027-01-02", "元旦"]]}, "都应在2027年内"),
        ({"holidays": []}, "至少有一个放假日"),
        ({"make_up": ["2027-01-11"]}, "2027-01-11不是可以调休上班的周末"),
        ({"make_up": ["2027-01-02"]}, "2027-01-02不是可以调休上班的周末"),
        ({"holidays": "元旦"}, "应写明"),
        ({"year": "明年"}, "应写明"),
    ],
)
def test_a_wrong_file_of_a_year_is_refused_with_its_reason(tmp_path, change, says):
    (tmp_path / "2027.json").write_text(json.dumps({**NEXT, **change}))
    with pytest.raises(CalendarWrong, match=says):
        with_years(CHINA, tmp_path)

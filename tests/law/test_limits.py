"""How days are counted: the measured vectors, the shape of every count, and the edges a microsecond wide."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.kernel.calendars import CHINA, WorkCalendar
from ggzy.kernel.refusals import Citation
from ggzy.law import limits, table
from ggzy.law.limits import BEIJING, Bound, Direction, Roll, TimeLimit, Unit

pytestmark = pytest.mark.pure

LAW = table.in_force(date(2026, 3, 2))
TICK = timedelta(microseconds=1)


def limit(length, unit=Unit.DAY, *, bound=Bound.NO_LATER_THAN, direction=Direction.AFTER, roll=Roll.NONE):
    return TimeLimit(
        key="X",
        says="某期限",
        basis=(Citation("某法", "第一条"),),
        starts="x",
        length=length,
        unit=unit,
        bound=bound,
        direction=direction,
        roll=roll,
        in_force_from=date(2000, 1, 1),
    )


def at(day, hour=10):
    return datetime.combine(day, time(hour), BEIJING)


def midnight(day):
    """Return 00:00 in Beijing."""
    return datetime.combine(day, time(0), BEIJING)


def ends(row, started, **more):
    """Return the last day of a count."""
    return limits.runs_out(row, started=at(started), calendar=CHINA, **more).instant.astimezone(
        BEIJING
    ).date() - timedelta(1)


def rolled(key, roll):
    return replace(LAW[key], roll=roll)


FLOOR = {"bound": Bound.AT_LEAST}
BACK = {"bound": Bound.AT_LEAST, "direction": Direction.BEFORE}
AFTER_VECTORS = [
    ("T4 none", rolled("GC-T08", Roll.NONE), date(2026, 2, 13), date(2026, 2, 16)),
    ("T4 rest_day", LAW["GC-T08"], date(2026, 2, 13), date(2026, 2, 24)),
    ("T5 none", rolled("GC-T12", Roll.NONE), date(2026, 9, 22), date(2026, 9, 25)),
    ("T5 rest_day", LAW["GC-T12"], date(2026, 9, 22), date(2026, 9, 28)),
    ("T6 none", rolled("GC-T13", Roll.NONE), date(2026, 9, 29), date(2026, 10, 2)),
    ("T6 rest_day", LAW["GC-T13"], date(2026, 9, 29), date(2026, 10, 8)),
    ("T7", LAW["GC-T19"], date(2026, 9, 29), date(2026, 10, 9)),
    ("T8", LAW["GC-T20"], date(2026, 9, 10), date(2026, 10, 28)),
    ("T9", limit(5, Unit.WORKDAY), date(2026, 2, 12), date(2026, 2, 26)),
    ("T10", limit(7, Unit.WORKDAY), date(2026, 4, 30), date(2026, 5, 13)),
    ("T11 none", rolled("GC-T15", Roll.NONE), date(2026, 9, 1), date(2026, 10, 1)),
    ("T11 statutory", rolled("GC-T15", Roll.STATUTORY), date(2026, 9, 1), date(2026, 10, 8)),
    ("T12 none", rolled("GC-T17", Roll.NONE), date(2026, 9, 29), date(2026, 10, 4)),
    ("T12 rest_day", LAW["GC-T17"], date(2026, 9, 29), date(2026, 10, 8)),
    ("T13", limit(5, Unit.WORKDAY), date(2026, 9, 29), date(2026, 10, 12)),
    ("T16", limit(15, Unit.WORKDAY), date(2026, 1, 30), date(2026, 2, 27)),
    ("T18", limit(20, Unit.WORKDAY), date(2026, 9, 10), date(2026, 10, 14)),
]


@pytest.mark.parametrize(
    ("row", "started", "last"), [v[1:] for v in AFTER_VECTORS], ids=[v[0] for v in AFTER_VECTORS]
)
def test_vectors_of_limits_that_run_after_an_event(row, started, last):
    assert ends(row, started) == last


@pytest.mark.parametrize(
    ("row", "started", "first_day"),
    [
        pytest.param(LAW["GC-T03"], date(2026, 2, 5), date(2026, 2, 25), id="T1"),
        pytest.param(limit(3, Unit.WORKDAY, **FLOOR), date(2026, 9, 18), date(2026, 9, 22), id="T14"),
        pytest.param(limit(10, **FLOOR), date(2026, 6, 10), date(2026, 6, 20), id="T17"),
    ],
)
def test_vectors_of_floors(row, started, first_day):
    assert limits.earliest_moment(row, started=at(started), calendar=CHINA).instant == midnight(first_day)


@pytest.mark.parametrize(
    ("row", "event", "last"),
    [
        pytest.param(LAW["GC-T05"], date(2026, 3, 20), date(2026, 3, 5), id="T2"),
        pytest.param(LAW["GC-T07"], date(2026, 3, 20), date(2026, 3, 10), id="T3"),
        pytest.param(limit(3, Unit.WORKDAY, **BACK), date(2026, 10, 9), date(2026, 9, 29), id="T15"),
    ],
)
def test_vectors_of_limits_before_an_event(row, event, last):
    found = limits.latest_before(row, event=at(event), calendar=CHINA)
    assert found.instant == midnight(last + timedelta(1))


def test_a_statutory_roll_does_not_leave_an_ordinary_weekend():
    """2026-03-07 is a Saturday outside any block: 法定节假日 does not name it, 休息日 does."""
    assert ends(limit(5, roll=Roll.STATUTORY), date(2026, 3, 2)) == date(2026, 3, 7)
    assert ends(limit(5, roll=Roll.REST_DAY), date(2026, 3, 2)) == date(2026, 3, 9)


def test_a_roll_ends_on_a_make_up_weekend():
    """2026-02-28 is a Saturday on which people work."""
    assert ends(limit(1, roll=Roll.REST_DAY), date(2026, 2, 27)) == date(2026, 2, 28)


days = st.dates(date(2024, 1, 2), date(2026, 9, 1))
lengths = st.integers(0, 40)
rolls = st.sampled_from(Roll)
day_units = st.sampled_from([Unit.DAY, Unit.WORKDAY])
pauses = st.frozensets(st.dates(date(2024, 1, 1), date(2026, 12, 31)), max_size=30)
quick = settings(deadline=None)


@given(days, lengths, day_units, rolls, st.integers(0, 86_399_999_999))
@quick
def test_the_hour_of_the_start_does_not_matter(day, length, unit, roll, microseconds):
    """The day on which the clock starts is not counted, and days are days of Beijing whatever zone the moment is in."""
    started = (midnight(day) + timedelta(microseconds=microseconds)).astimezone(UTC)
    row = limit(length, unit, roll=roll)
    assert limits.runs_out(row, started=started, calendar=CHINA) == limits.runs_out(
        row, started=at(day), calendar=CHINA
    )


@given(days, lengths, day_units, rolls, pauses)
@quick
def test_days_end_at_midnight_in_beijing(day, length, unit, roll, paused):
    found = limits.runs_out(limit(length, unit, roll=roll), started=at(day), calendar=CHINA, paused=paused)
    local = found.instant.astimezone(BEIJING)
    assert local.time() == time(0)
    assert local.date() > day


@given(days, lengths)
@quick
def test_calendar_days_are_added(day, length):
    assert ends(limit(length), day) == day + timedelta(length)


@given(days, st.integers(1, 40))
@quick
def test_working_days_are_counted_and_the_last_one_is_worked(day, length):
    last = ends(limit(length, Unit.WORKDAY), day)
    worked = [d for n in range(1, (last - day).days + 1) if CHINA.is_working(d := day + timedelta(n))]
    assert len(worked) == length
    assert worked[-1] == last


@given(days, lengths, rolls)
@quick
def test_rolling_only_lengthens_and_ends_on_a_fitting_day(day, length, roll):
    plain, last = ends(limit(length), day), ends(limit(length, roll=roll), day)
    assert last >= plain
    if roll is Roll.NONE:
        assert last == plain
    elif roll is Roll.REST_DAY:
        assert CHINA.is_working(last)
        assert not any(CHINA.is_working(plain + timedelta(n)) for n in range((last - plain).days))
    else:
        assert not CHINA.is_statutory_rest(last)
        assert all(CHINA.is_statutory_rest(plain + timedelta(n)) for n in range((last - plain).days))


@given(days, st.integers(0, 20), lengths, day_units, rolls, pauses)
@quick
def test_a_later_start_never_ends_earlier(day, more, length, unit, roll, paused):
    row = limit(length, unit, roll=roll)
    assert ends(row, day, paused=paused) <= ends(row, day + timedelta(more), paused=paused)


@given(days, st.integers(0, 10), lengths, day_units, rolls, pauses)
@quick
def test_a_longer_limit_never_ends_earlier(day, more, length, unit, roll, paused):
    assert ends(limit(length, unit, roll=roll), day, paused=paused) <= ends(
        limit(length + more, unit, roll=roll), day, paused=paused
    )


@given(days, lengths, day_units, rolls, pauses, pauses)
@quick
def test_a_pause_never_shortens(day, length, unit, roll, paused, more):
    row = limit(length, unit, roll=roll)
    assert ends(row, day) <= ends(row, day, paused=paused) <= ends(row, day, paused=paused | more)


@given(days, lengths, pauses)
@quick
def test_paused_days_are_not_counted(day, length, paused):
    last = ends(limit(length), day, paused=paused)
    counted = [d for n in range(1, (last - day).days + 1) if (d := day + timedelta(n)) not in paused]
    assert len(counted) == length


def test_three_paused_days_push_the_answer_by_three():
    """An objection of 3 March paused 4 to 6 March: the fifth day is the 10th, not the 7th."""
    paused = frozenset(date(2026, 3, d) for d in (4, 5, 6))
    found = limits.runs_out(limit(5), started=at(date(2026, 3, 2)), calendar=CHINA, paused=paused)
    assert found.instant == midnight(date(2026, 3, 11))
    assert "扣除暂停3日" in found.arithmetic


def test_the_sentence_counts_only_the_paused_days_of_the_span():
    paused = frozenset({date(2026, 3, 3), date(2026, 8, 1)})
    found = limits.runs_out(limit(5), started=at(date(2026, 3, 2)), calendar=CHINA, paused=paused)
    assert "扣除暂停1日" in found.arithmetic


def test_a_limit_does_not_roll_onto_a_paused_day():
    """Five days from Monday end on Saturday 7 March; Monday the 9th is paused, so the last day is the 10th."""
    paused = frozenset({date(2026, 3, 9)})
    assert ends(limit(5, roll=Roll.REST_DAY), date(2026, 3, 2), paused=paused) == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("unit", "length"), [(Unit.HOUR, timedelta(hours=12)), (Unit.MINUTE, timedelta(minutes=12))]
)
def test_hours_and_minutes_are_exact(unit, length):
    started = datetime(2026, 10, 1, 15, 59, 59, 999_999, UTC)
    found = limits.runs_out(limit(12, unit, roll=Roll.REST_DAY), started=started, calendar=CHINA)
    assert found.instant == started + length
    assert not found.provisional


@given(days, lengths)
@quick
def test_a_floor_leaves_the_days_and_not_one_more(day, length):
    """ "不少于N日": N days lie between the two dates, and a moment before that they do not."""
    row = limit(length, **FLOOR)
    instant = limits.earliest_moment(row, started=at(day), calendar=CHINA).instant
    assert (limits.beijing_date(instant) - day).days == length
    assert (limits.beijing_date(instant - TICK) - day).days == length - 1
    assert limits.keeps(row, started=at(day), moment=instant, calendar=CHINA)
    assert not limits.keeps(row, started=at(day), moment=instant - TICK, calendar=CHINA)


@given(days, lengths, day_units, rolls)
@quick
def test_a_ceiling_is_kept_until_its_last_microsecond(day, length, unit, roll):
    row = limit(length, unit, roll=roll)
    end = limits.runs_out(row, started=at(day), calendar=CHINA).instant
    assert limits.keeps(row, started=at(day), moment=end - TICK, calendar=CHINA)
    assert not limits.keeps(row, started=at(day), moment=end, calendar=CHINA)


@given(days, lengths)
@quick
def test_before_an_event_the_days_lie_between(day, length):
    instant = limits.latest_before(limit(length, **BACK), event=at(day), calendar=CHINA).instant
    assert (day - limits.beijing_date(instant - TICK)).days == length
    assert (day - limits.beijing_date(instant)).days == length - 1


@given(st.dates(date(2024, 3, 1), date(2026, 12, 31)), st.integers(1, 20))
@quick
def test_working_days_before_an_event_are_counted_without_its_own_day(day, length):
    instant = limits.latest_before(limit(length, Unit.WORKDAY, **BACK), event=at(day), calendar=CHINA).instant
    last = limits.beijing_date(instant - TICK)
    assert sum(CHINA.is_working(day - timedelta(n)) for n in range(1, (day - last).days + 1)) == length
    assert CHINA.is_working(last)


@pytest.mark.parametrize(
    ("count", "provisional"),
    [
        (lambda: limits.runs_out(limit(3), started=at(date(2026, 12, 28)), calendar=CHINA), False),
        (lambda: limits.runs_out(limit(4), started=at(date(2026, 12, 28)), calendar=CHINA), True),
        (lambda: limits.runs_out(limit(3), started=at(date(2027, 3, 1)), calendar=CHINA), True),
        (
            lambda: limits.earliest_moment(LAW["GC-T03"], started=at(date(2026, 12, 11)), calendar=CHINA),
            False,
        ),
        (lambda: limits.earliest_moment(LAW["GC-T03"], started=at(date(2026, 12, 12)), calendar=CHINA), True),
        (lambda: limits.latest_before(LAW["GC-T05"], event=at(date(2026, 12, 31)), calendar=CHINA), False),
        (lambda: limits.latest_before(LAW["GC-T05"], event=at(date(2027, 3, 1)), calendar=CHINA), True),
    ],
)
def test_what_touches_a_year_that_is_not_announced_is_provisional(count, provisional):
    assert count().provisional is provisional


@pytest.mark.parametrize("unit", [Unit.DAY, Unit.WORKDAY])
def test_counting_back_from_an_unknown_year_is_provisional(unit):
    """Three working days before 5 January 2027 lie in 2026, but which days of January count is not announced."""
    found = limits.latest_before(limit(5, unit, **BACK), event=at(date(2027, 1, 4)), calendar=CHINA)
    assert limits.beijing_date(found.instant - TICK).year == 2026
    assert found.provisional


def test_last_year_can_be_counted_with_last_years_calendar():
    """The calendar is an argument: a day off that was announced later changes no old count."""
    plain = WorkCalendar(holidays={}, make_up_days=frozenset(), years=frozenset({2026}))
    assert limits.last_day(limit(3, roll=Roll.REST_DAY), started=date(2026, 9, 29), calendar=plain) == date(
        2026, 10, 2
    )


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        (lambda row: limits.runs_out(row, started=at(date(2026, 3, 2)), calendar=CHINA), "GC-T05"),
        (lambda row: limits.earliest_moment(row, started=at(date(2026, 3, 2)), calendar=CHINA), "GC-T08"),
        (lambda row: limits.latest_before(row, event=at(date(2026, 3, 2)), calendar=CHINA), "GC-T03"),
    ],
)
def test_a_limit_counted_the_wrong_way_is_a_programming_error(call, wrong):
    with pytest.raises(AssertionError, match=wrong):
        call(LAW[wrong])


def test_the_arithmetic_is_told_in_full():
    found = limits.runs_out(LAW["GC-T08"], started=at(date(2026, 2, 13)), calendar=CHINA)
    assert found.arithmetic == (
        "02月13日当日不计, 次日起算第3日为02月16日, 遇休息日顺延至02月24日, 当日24时届满"
    )
    back = limits.latest_before(LAW["GC-T05"], event=at(date(2026, 3, 20)), calendar=CHINA)
    assert back.arithmetic == "03月20日当日不计, 向前数15日, 最迟为03月05日24时"
    floor = limits.earliest_moment(LAW["GC-T03"], started=at(date(2026, 2, 5)), calendar=CHINA)
    assert floor.arithmetic == "02月05日当日不计, 加20日, 最早为02月25日"


@pytest.mark.parametrize(
    ("row", "label"),
    [
        (LAW["GC-T03"], "不少于20日"),
        (LAW["GC-T08"], "3日内"),
        (LAW["GC-T19"], "3个工作日内"),
        (LAW["GC-T05"], "15日前"),
        (LAW["GC-T11"], "当场"),
        (LAW["GC-T14"], "期内"),
        (limit(12, Unit.HOUR), "12小时内"),
    ],
)
def test_lengths_as_people_say_them(row, label):
    assert row.length_label == label


@pytest.mark.parametrize(("hour", "day"), [(15, date(2026, 3, 1)), (16, date(2026, 3, 2))])
def test_the_day_in_beijing_begins_at_four_in_the_afternoon_utc(hour, day):
    assert limits.beijing_date(datetime(2026, 3, 1, hour, tzinfo=UTC)) == day


@pytest.mark.parametrize(
    ("started", "length", "unit", "last"),
    [
        (date(2026, 1, 31), 1, Unit.MONTH, date(2026, 2, 28)),
        (date(2026, 3, 15), 12, Unit.MONTH, date(2027, 3, 15)),
        (date(2024, 2, 29), 1, Unit.YEAR, date(2025, 2, 28)),
        (date(2026, 11, 30), 15, Unit.YEAR, date(2041, 11, 30)),
    ],
)
def test_months_and_years_end_on_the_day_of_the_same_number(started, length, unit, last):
    """民法典第二百零二条: 没有对应日的, 月末日为到期日."""
    assert ends(limit(length, unit), started) == last


@given(days, st.integers(1, 40), day_units, rolls, pauses)
@quick
def test_the_arithmetic_day_by_day_is_the_count(day, length, unit, roll, paused):
    """What the page lists day by day ends on the day that the count gives, and numbers every counted day once."""
    row = limit(length, unit, roll=roll)
    steps = limits.arithmetic_of(row, started=at(day), calendar=CHINA, paused=paused)
    assert steps[0].day == day and steps[0].number is None
    assert [s.number for s in steps if s.number] == list(range(1, length + 1))
    assert steps[-1].day == limits.last_day(row, started=day, calendar=CHINA, paused=paused)
    assert [s.day for s in steps] == [day + timedelta(n) for n in range(len(steps))]

"""The arithmetic of changes: what a clarification leaves, what an interruption gives back, what a plan's hash binds."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.changes import rules
from ggzy.changes.rules import Consequence, Kind, Plan, Wish
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.refusals import BadInput
from ggzy.law import table
from ggzy.law.limits import BEIJING, beijing_date

pytestmark = pytest.mark.pure

LIMIT = table.limit("GC-T05", on=date(2026, 3, 2))
MOMENTS = st.integers(0, 330 * 86_400).map(
    lambda s: datetime(2026, 1, 1, tzinfo=BEIJING) + timedelta(seconds=s)
)


@given(now=MOMENTS)
def test_the_earliest_deadline_is_the_first_that_is_in_time(now: datetime) -> None:
    earliest = rules.earliest_after_clarification(LIMIT, now=now).instant
    assert rules.clarification_in_time(LIMIT, now=now, deadline=earliest, calendar=CHINA)
    before = earliest - timedelta(seconds=1)
    assert not rules.clarification_in_time(LIMIT, now=now, deadline=before, calendar=CHINA)
    assert (beijing_date(earliest) - beijing_date(now)).days == LIMIT.length


@given(now=MOMENTS, days=st.integers(0, 40))
def test_fifteen_days_are_counted_without_the_day_of_the_deadline(now: datetime, days: int) -> None:
    deadline = (now + timedelta(days=days)).replace(hour=9, minute=30, second=0)
    whole = (beijing_date(deadline) - beijing_date(now)).days
    in_time = rules.clarification_in_time(LIMIT, now=now, deadline=deadline, calendar=CHINA)
    assert in_time is (whole >= 15)


@given(deadline=MOMENTS, length=st.integers(1, 300), before=st.integers(-100, 200))
def test_an_interruption_gives_back_what_the_last_day_lost(
    deadline: datetime, length: int, before: int
) -> None:
    ends = deadline - timedelta(hours=before)
    began = ends - timedelta(hours=length)
    made = rules.made_good(deadline=deadline, began=began, ends=ends)
    assert made >= deadline
    if before >= 24:
        assert made == deadline
    else:
        assert made >= deadline + timedelta(hours=length)
        assert made >= ends + rules.AT_LEAST


def test_a_longer_interruption_never_gives_less() -> None:
    deadline = datetime(2026, 4, 20, 9, 30, tzinfo=BEIJING)
    began = deadline - timedelta(hours=20)
    given_back = [
        rules.made_good(deadline=deadline, began=began, ends=began + timedelta(hours=h)) for h in range(1, 60)
    ]
    assert given_back == sorted(given_back)


@pytest.mark.parametrize(
    ("earliest", "expected"),
    [
        ("2026-05-01 00:00", "2026-05-06 09:30"),  # the Labour Day block, then a working day
        ("2026-05-06 09:30", "2026-05-06 09:30"),
        ("2026-05-06 09:31", "2026-05-07 09:30"),
        ("2026-05-09 00:00", "2026-05-09 09:30"),  # a Saturday made up for the holiday
        ("2026-04-11 00:00", "2026-04-13 09:30"),  # an ordinary weekend
    ],
)
def test_a_proposal_falls_on_a_working_day_at_the_usual_time(earliest: str, expected: str) -> None:
    def at(words: str) -> datetime:
        return datetime.fromisoformat(words).replace(tzinfo=BEIJING)

    found = rules.working_moment(at(earliest), like=at("2026-03-20 09:30"), calendar=CHINA)
    assert found == at(expected)


@given(earliest=MOMENTS, like=MOMENTS)
def test_a_proposal_is_never_too_early_and_always_on_a_working_day(
    earliest: datetime, like: datetime
) -> None:
    found = rules.working_moment(earliest, like=like, calendar=CHINA)
    assert found >= earliest
    assert CHINA.is_working(beijing_date(found))
    assert (found.hour, found.minute) == (like.hour, like.minute)


NOW = datetime(2026, 4, 1, 10, 0, tzinfo=BEIJING)
OLD = datetime(2026, 4, 20, 9, 30, tzinfo=BEIJING)


@pytest.mark.parametrize("minutes", [-1, -60 * 24])
def test_a_published_deadline_never_moves_forward(minutes: int) -> None:
    with pytest.raises(rules.DeadlineOnlyLater):
        rules.require_deadline(new=OLD + timedelta(minutes=minutes), old=OLD, now=NOW)


def test_a_deadline_lies_in_the_future() -> None:
    with pytest.raises(rules.DeadlineOnlyLater):
        rules.require_deadline(new=OLD, old=OLD, now=OLD)
    rules.require_deadline(new=OLD, old=OLD, now=NOW)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(kind=Kind.POSTPONE, text="顺延开标"), "new_deadline"),
        (Wish(kind=Kind.OUTAGE, text="开标区停电", ground="power"), "started_at"),
        (Wish(kind=Kind.OUTAGE, text="开标区停电", ground="ghost", started_at=NOW), "ground"),
        (Wish(kind=Kind.SUSPEND, text="需要核实情况"), "ground"),
        (Wish(kind=Kind.TERMINATE, text="项目取消了", ground="mood"), "ground"),
        (Wish(kind=Kind.TERMINATE, text="短", ground="force"), "text"),
        (Wish(kind=Kind.RESUME, text=" "), "text"),
        (Wish(kind=Kind.CLARIFY, text=""), "text"),
        (Wish(kind=Kind.CLARIFY, text="长" * 20_001), "text"),
    ],
)
def test_a_wish_says_what_its_kind_needs(wish: Wish, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        rules.require_wish(wish)
    assert refused.value.field == field


def test_answers_alone_are_a_clarification() -> None:
    rules.require_wish(Wish(kind=Kind.CLARIFY, answers={"q": "允许"}))


def plan(**changes: object) -> Plan:
    rows = (Consequence(sort="time", says="投标截止", before="甲", after="乙", clause="丙"),)
    made = Plan(
        kind=Kind.POSTPONE,
        tender="t",
        consequences=rows,
        demands=(),
        deadline=OLD,
        earliest=NOW,
        proposal=None,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": Kind.CLARIFY},
        {"tender": "u"},
        {"deadline": OLD + timedelta(minutes=1)},
        {"deadline": None},
        {"consequences": ()},
        {"consequences": (Consequence(sort="time", says="投标截止", before="甲", after="丁", clause="丙"),)},
    ],
)
def test_whatever_is_shown_is_bound_by_the_hash(changes: dict[str, object]) -> None:
    assert plan(**changes).digest != plan().digest


def test_the_hash_does_not_depend_on_when_one_looks() -> None:
    assert plan(earliest=OLD).digest == plan().digest
    assert plan(deadline=OLD.astimezone()).digest == plan().digest


def test_an_exclusive_midnight_is_shown_as_the_end_of_the_day_before() -> None:
    assert rules.moment_words(datetime(2026, 4, 4, tzinfo=BEIJING)) == "2026年04月03日24时"
    assert rules.moment_words(OLD) == "2026年04月20日 09:30"
    assert rules.moment_words(None) == ""

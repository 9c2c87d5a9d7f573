"""Clocks of complaints at the edges of their days, steps from every state, departments by region and matter."""

from datetime import datetime, timedelta

import pytest

from ggzy.complaints.rules import (
    MACHINES,
    OVER,
    Level,
    Power,
    State,
    StepNotAllowed,
    complaint_ends,
    level_at,
    next_mark,
    procurement_complaint_ends,
    responsible,
    warnings,
)
from ggzy.kernel.actors import Role
from ggzy.kernel.calendars import CHINA
from ggzy.law import table
from ggzy.law.limits import BEIJING

pytestmark = pytest.mark.pure
LAW = table.in_force(datetime(2026, 3, 2, tzinfo=BEIJING).date())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("known", "objected", "ends"),
    [
        # ten days after the day it was known; the last is a working day
        ("2026-03-10T09:00", None, "2026-03-21T00:00"),
        # 2026-03-21 is a Saturday: the Monday's end
        ("2026-03-11T09:00", None, "2026-03-24T00:00"),
        # objected on the 12th, answered on the 14th: three days do not count
        ("2026-03-10T09:00", ("2026-03-12T10:00", "2026-03-14T10:00"), "2026-03-24T00:00"),
    ],
)
def test_ten_days_without_the_time_of_the_answer(
    known: str, objected: tuple[str, str] | None, ends: str
) -> None:
    waited = (at(objected[0]), at(objected[1])) if objected else None
    found = complaint_ends(LAW["GC-T18"], known_at=at(known), objected=waited, calendar=CHINA)
    assert found.instant == at(ends)


def test_fifteen_working_days_begin_when_the_time_to_answer_is_over() -> None:
    """The answer was due by the end of Friday the 13th: day one is Monday the 16th, day fifteen is 2026-04-03."""
    found = procurement_complaint_ends(LAW["GP-T22"], answer_due_at=at("2026-03-14T00:00"), calendar=CHINA)
    assert found.instant == at("2026-04-04T00:00")


def test_colours_begin_at_their_share_of_the_working_days_and_red_when_they_are_over() -> None:
    marks = warnings(LAW["GC-T20"], started=at("2026-03-02T10:00"), shares=(50, 75, 90, 100), calendar=CHINA)
    # 15, 23, 27 and 30 working days after Monday 2026-03-02; 2026-04-06 is Qingming's day off
    assert [
        marks[level].date().isoformat() for level in (Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED)
    ] == [
        "2026-03-24",
        "2026-04-03",
        "2026-04-10",
        "2026-04-15",
    ]
    just = timedelta(microseconds=1)
    assert level_at(marks, now=marks[Level.BLUE] - just) is Level.CALM
    assert level_at(marks, now=marks[Level.BLUE]) is Level.BLUE
    assert level_at(marks, now=marks[Level.RED] - just) is Level.ORANGE
    assert level_at(marks, now=marks[Level.RED]) is Level.RED
    assert next_mark(marks, now=marks[Level.ORANGE]) == marks[Level.RED]
    assert next_mark(marks, now=marks[Level.RED]) is None


def test_paused_days_move_every_colour() -> None:
    started, shares = at("2026-03-02T10:00"), (50, 75, 90, 100)
    week = frozenset(at(f"2026-03-{day:02d}T00:00").date() for day in range(9, 14))
    plain = warnings(LAW["GC-T20"], started=started, shares=shares, calendar=CHINA)
    paused = warnings(LAW["GC-T20"], started=started, shares=shares, calendar=CHINA, paused=week)
    assert all(paused[level] > plain[level] for level in plain)


@pytest.mark.parametrize("scope", ["GC", "GP"])
def test_every_state_is_reached_and_no_state_is_a_trap(scope: str) -> None:
    machine = MACHINES[scope]
    reached, grown = {State.RECEIVED}, True
    while grown:
        more = {s.target for s in machine.steps if s.target and s.sources & reached} - reached
        reached, grown = reached | more, bool(more)
    unused = {State.WITHDRAW_ASKED} if scope == "GP" else set()
    assert reached == set(State) - unused
    for state in reached - OVER:
        assert any(s.target not in {None, state} for s in machine.steps if state in s.sources), state
    for state in OVER - {State.PUBLISHED}:
        assert not any(state in s.sources for s in machine.steps), state


@pytest.mark.parametrize(
    ("scope", "state", "step"),
    [
        ("GC", State.HANDLING, "accept"),
        ("GC", State.HANDLING, "withdraw"),
        ("GP", State.HANDLING, "ask_withdrawal"),
        ("GC", State.RECEIVED, "decide"),
        ("GP", State.DECIDED, "order"),
        ("GP", State.CLOSED, "publish"),
    ],
)
def test_a_step_from_elsewhere_is_refused(scope: str, state: State, step: str) -> None:
    with pytest.raises(StepNotAllowed):
        MACHINES[scope].step(state, step)


def test_only_in_construction_the_clock_accepts() -> None:
    assert "accept" in {s.code for s in MACHINES["GC"].offered(State.RECEIVED, Role.SYSTEM)}
    assert "accept" not in {s.code for s in MACHINES["GP"].offered(State.RECEIVED, Role.SYSTEM)}


@pytest.mark.parametrize(
    ("scope", "matter", "region", "department"),
    [
        ("GC", "file", "370102", 3),  # the district's own
        ("GC", "file", "370181", 1),  # the city's
        ("GC", "result", "370181", 2),  # the city's, who names the matter
        ("GC", "file", "371300", 4),  # the province's: 371000 is another city
        ("GC", "file", "371081", 5),
        ("GP", "file", "110000", 6),  # the whole country's
        ("GC", "file", "110000", None),
    ],
)
def test_the_nearest_department_that_names_the_matter(
    scope: str, matter: str, region: str, department: int | None
) -> None:
    powers = [
        Power(department=1, scope="GC", region="370100"),
        Power(department=2, scope="GC", region="370100", matters=frozenset({"result"})),
        Power(department=3, scope="GC", region="370102"),
        Power(department=4, scope="GC", region="370000"),
        Power(department=5, scope="GC", region="371000"),
        Power(department=6, scope="GP", region="000000"),
    ]
    assert responsible(powers, scope=scope, matter=matter, region=region) == department

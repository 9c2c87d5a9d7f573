"""The first free slot against a search of every step; plans that never put two in one place; seats side by side."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.calendars import CHINA
from ggzy.law.limits import BEIJING
from ggzy.venues import rules
from ggzy.venues.rules import Bar, Busy, Held, RoomFacts, Slot, Want

pytestmark = pytest.mark.pure

#: a Monday
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)
ROOMS = (RoomFacts(room="small", seats=2), RoomFacts(room="big", seats=5))
QUARTER = timedelta(minutes=15)


def at(hour: int, minute: int = 0, *, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=BEIJING)


def want(seats: int = 0, minutes: int = 60, **more: object) -> Want:
    return Want(seats=seats, length=timedelta(minutes=minutes), buffer=QUARTER, **more)  # type: ignore[arg-type]


def busy(of: str, start: datetime, minutes: int, first: int = 1, past: int = 99) -> Busy:
    return Busy(of=of, first=first, past=past, start=start, end=start + timedelta(minutes=minutes))


def free(wanted: Want, *taken: Busy, earliest: datetime = MONDAY) -> Slot | None:
    return rules.first_free(want=wanted, rooms=ROOMS, busy=taken, earliest=earliest, calendar=CHINA)


@pytest.mark.parametrize(
    ("taken", "earliest", "expected"),
    [
        ((), at(9), ("small", at(9))),
        ((), at(9, 1), ("small", at(9, 5))),
        # the last start from which an hour ends at 16:30, and one step later
        ((), at(15, 30), ("small", at(15, 30))),
        ((), at(15, 31), ("small", at(9, day=3))),
        ((busy("small", at(9), 60),), at(9), ("big", at(9))),
        ((busy("small", at(9), 60), busy("big", at(9), 90)), at(9), ("small", at(10))),
        # a gap of exactly the hour and its buffer is enough, five minutes less is not
        ((busy("small", at(10, 15), 300), busy("big", at(9), 360)), at(9), ("small", at(9))),
        ((busy("small", at(10, 10), 300), busy("big", at(9), 360)), at(9), ("big", at(15))),
        # Friday evening is followed by Monday; the Qingming holiday is not worked
        ((), at(17, day=6), ("small", at(9, day=9))),
    ],
)
def test_the_first_free_slot(taken: tuple[Busy, ...], earliest: datetime, expected: tuple) -> None:
    slot = free(want(), *taken, earliest=earliest)
    assert slot is not None and (slot.room, slot.start) == expected


def test_holidays_are_not_worked_and_make_up_days_are() -> None:
    slot = free(want(), earliest=datetime(2026, 9, 30, 17, 0, tzinfo=BEIJING))
    assert slot is not None and slot.start == datetime(2026, 10, 8, 9, 0, tzinfo=BEIJING)
    slot = free(want(), earliest=datetime(2026, 10, 9, 17, 0, tzinfo=BEIJING))
    assert slot is not None and slot.start == datetime(2026, 10, 10, 9, 0, tzinfo=BEIJING)


def test_a_person_elsewhere_is_waited_for() -> None:
    slot = free(want(people=("host",)), busy("host", at(9), 75, 1, 2))
    assert slot is not None and slot.start == at(10, 15)


def test_longer_than_a_day_never_fits() -> None:
    assert free(want(minutes=450)) is not None
    with pytest.raises(rules.DoesNotFitADay):
        free(want(minutes=451))


@pytest.mark.parametrize(
    ("taken", "needed", "expected"),
    [
        ([], 5, 1),
        ([], 6, None),
        ([(2, 3)], 1, 1),
        ([(2, 3)], 2, 3),
        ([(1, 3), (4, 5)], 1, 3),
        ([(1, 3), (4, 5)], 2, None),
        ([(4, 6), (1, 3), (2, 4)], 1, None),
    ],
)
def test_neighbouring_seats(taken: list[tuple[int, int]], needed: int, expected: int | None) -> None:
    assert rules.free_run(taken, has=5, needed=needed) == expected


spans = st.builds(
    lambda of, start, length, first, seats: busy(
        of, MONDAY + timedelta(minutes=5 * start), 5 * length, first, first + seats
    ),
    st.sampled_from(["small", "big", "host"]),
    st.integers(0, 3 * 288),
    st.integers(1, 60),
    st.integers(1, 4),
    st.integers(1, 5),
)


@given(
    st.lists(spans, max_size=25),
    st.integers(0, 4),
    st.integers(1, 80),
    st.integers(0, 2 * 1440),
    st.booleans(),
)
def test_it_is_free_and_nothing_earlier_is(
    taken: list[Busy], seats: int, fives: int, late: int, hosted: bool
) -> None:
    """Against the plain search of every step of the plan."""
    wanted = want(seats, 5 * fives, people=("host",) if hosted else ())
    earliest = MONDAY + timedelta(minutes=late)
    slot = free(wanted, *taken, earliest=earliest)
    step, found = rules.rounded_up(earliest), None
    while found is None:
        if rules.within_hours(step, step + wanted.length, calendar=CHINA):
            found = rules.free_at(step, want=wanted, rooms=ROOMS, busy=taken)
        step += rules.STEP
    assert slot == found
    people = [b for b in taken if hosted and b.of == "host"]
    until = found.end + QUARTER
    for b in people + [b for b in taken if b.of == found.room]:
        beside = b.of != "host" and (b.past <= found.first or found.past <= b.first)
        assert beside or b.end <= found.start or until <= b.start


helds = st.lists(
    st.tuples(st.sampled_from(["opening", "evaluation"]), st.integers(0, 60), st.integers(1, 40)),
    min_size=1,
    max_size=6,
)


@given(helds, st.lists(spans, max_size=10), st.integers(1, 4 * 288), st.booleans())
def test_a_plan_never_puts_two_into_one_place(
    asked: list[tuple[str, int, int]], taken: list[Busy], later: int, hosted: bool
) -> None:
    held = [
        Held(
            booking=str(n),
            purpose=purpose,
            seats=0,
            people=("host",) if hosted else (),
            slot=Slot(
                room="big",
                first=1,
                past=6,
                start=MONDAY + timedelta(minutes=5 * start),
                end=MONDAY + timedelta(minutes=5 * (start + length)),
            ),
        )
        for n, (purpose, start, length) in enumerate(asked)
    ]
    new_start = MONDAY + timedelta(minutes=5 * later)
    plans = rules.plan_moves(
        held,
        new_start=new_start,
        rooms={"opening": ROOMS, "evaluation": ROOMS},
        busy=taken,
        buffer=QUARTER,
        calendar=CHINA,
    )
    assert sorted(p.booking for p in plans) == sorted(h.booking for h in held)
    placed = [p.target for p in plans if p.target]
    for number, one in enumerate(placed):
        others = [
            Busy(of=o.room, first=o.first, past=o.past, start=o.start, end=o.end + QUARTER)
            for o in placed[:number] + placed[number + 1 :]
        ]
        for other in [*others, *taken]:
            apart = other.of != one.room or other.past <= one.first or one.past <= other.first
            assert apart or other.end <= one.start or one.end + QUARTER <= other.start
        busy_host = [Busy(of="host", first=1, past=2, start=o.start, end=o.end) for o in others]
        for other in [*busy_host, *(b for b in taken if b.of == "host")] if hosted else []:
            assert other.end <= one.start or one.end + QUARTER <= other.start
    first = min((h for h in held if h.purpose == "opening"), key=lambda h: h.slot.start, default=None)
    if first is not None:
        mine = next(p for p in plans if p.booking == first.booking)
        assert mine.new is None or mine.new.start == new_start


@given(st.lists(st.tuples(st.integers(0, 38), st.integers(1, 10)), max_size=20))
def test_lanes_hold_every_bar_once_and_none_covers_another(pairs: list[tuple[int, int]]) -> None:
    bars = [Bar(key=str(n), first=first, past=first + wide) for n, (first, wide) in enumerate(pairs)]
    lines = rules.lanes(bars)
    assert sorted(b.key for line in lines for b in line) == sorted(b.key for b in bars)
    for line in lines:
        assert all(a.past <= b.first for a, b in zip(line, line[1:], strict=False))

"""Seats keep members apart, whatever the hall; who is elected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.committees import rules

pytestmark = pytest.mark.pure


@given(
    seats=st.integers(1, 60),
    columns=st.integers(0, 12),
    order=st.lists(st.sampled_from(["a", "b", "c"]), max_size=25),
    seed=st.binary(min_size=16, max_size=16),
)
def test_no_two_of_one_committee_sit_side_by_side(
    seats: int, columns: int, order: list[str], seed: bytes
) -> None:
    taken: list[rules.Taken] = []
    for n, meeting in enumerate(order):
        free = rules.free_seats(
            seats=seats, columns=columns, taken=taken, meeting=meeting, employer=f"E{n % 4}", apart=True
        )
        if not free:
            continue
        number = rules.drawn_seat(free, randomness=seed, code=b"m", member=f"{n}")
        taken.append(rules.Taken(number=number, meeting=meeting, employer=f"E{n % 4}"))
    assert len({t.number for t in taken}) == len(taken)
    for t in taken:
        near = rules.neighbours(t.number, seats=seats, columns=columns)
        beside = [o for o in taken if o.number in near]
        assert not [o for o in beside if o.meeting == t.meeting or o.employer == t.employer]


def test_neighbours_of_a_hall_in_rows_and_of_one_row() -> None:
    assert rules.neighbours(8, seats=24, columns=6) == {2, 7, 9, 14}
    assert rules.neighbours(7, seats=24, columns=6) == {1, 8, 13}
    assert rules.neighbours(1, seats=9, columns=0) == {2}
    assert rules.neighbours(9, seats=10, columns=4) == {5, 10}


def test_a_seat_is_drawn_from_the_draw_s_randomness_and_nothing_else() -> None:
    free = list(range(1, 25))
    drawn = [
        rules.drawn_seat(free, randomness=bytes([n]) * 32, code=b"meeting", member="评委01")
        for n in range(200)
    ]
    assert drawn[5] == rules.drawn_seat(
        reversed(free), randomness=bytes([5]) * 32, code=b"meeting", member="评委01"
    )
    assert len(set(drawn)) > 20  # all over the hall


def test_how_many_of_one_committee_a_hall_can_hold_apart() -> None:
    assert rules.room_for(seats=9, columns=0) == 5
    assert rules.room_for(seats=24, columns=6) == 12
    assert rules.room_for(seats=1, columns=0) == 1


def test_a_tie_elects_nobody() -> None:
    assert rules.elected({1: 7, 2: 7, 3: 8}) == 7
    assert rules.elected({1: 7, 2: 8, 3: 7, 4: 8, 5: 9}) is None

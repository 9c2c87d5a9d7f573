"""The rules of the pool: moves, days on which somebody is drawable, exam scores, points, fees."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ggzy.kernel.refusals import BadInput
from ggzy.pool import rules
from ggzy.pool.rules import State

pytestmark = pytest.mark.pure

HOME = rules.Schedule(
    region="37",
    first_hours=4,
    first=Decimal("500"),
    extra_hour=Decimal("100"),
    avoided=Decimal("100"),
    no_show=Decimal(0),
)
AWAY = rules.Schedule(
    region="",
    first_hours=4,
    first=Decimal("480"),
    extra_hour=Decimal("130"),
    avoided=Decimal("120"),
    no_show=Decimal(0),
)
NINE = datetime(2026, 3, 24, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NINE + timedelta(hours=hours)


def test_final_states_stay_and_no_state_skips_the_exam() -> None:
    for event, (sources, _) in rules.MOVES.items():
        assert not sources & {State.EXITED, State.REFUSED}, event
    assert [e for e, (_, to) in rules.MOVES.items() if to is State.ACTIVE] == ["appoint", "resume", "renew"]
    with pytest.raises(rules.MoveNotNow):
        rules.moved("review", "appoint")
    assert rules.moved("exam", "appoint") is State.ACTIVE


@pytest.mark.parametrize(
    ("title", "years", "good"), [("senior", 8, True), ("senior", 7, False), ("middle", 30, False)]
)
def test_the_law_asks_for_a_title_and_eight_years(title: str, years: int, good: bool) -> None:
    if good:
        rules.require_qualified(title=title, years=years)
    else:
        with pytest.raises(rules.NotQualified):
            rules.require_qualified(title=title, years=years)


@pytest.mark.parametrize(
    ("day", "state", "good"),
    [
        (date(2026, 3, 1), "active", False),
        (date(2026, 3, 2), "active", True),
        (date(2029, 3, 1), "active", True),
        (date(2029, 3, 2), "active", False),
        (date(2026, 5, 1), "active", False),
        (date(2026, 5, 9), "active", True),
        (date(2026, 3, 2), "paused", False),
        (date(2026, 3, 2), "black", False),
    ],
)
def test_drawable_within_the_term_and_not_on_leave(day: date, state: str, good: bool) -> None:
    first = date(2026, 3, 2)
    standing = rules.Standing(
        state=state,
        term_from=first,
        term_to=rules.term_end(first, years=3),
        leaves=((date(2026, 5, 1), date(2026, 5, 8)),),
    )
    assert rules.drawable(standing, on=day) is good


def test_a_paper_is_shuffled_and_has_only_own_specialties() -> None:
    bank = [rules.Asked(id=f"c{n}", specialty="", options=4, right=(0,)) for n in range(20)]
    bank += [rules.Asked(id=f"a{n}", specialty="A0801", options=4, right=(0,)) for n in range(9)]
    bank += [rules.Asked(id=f"b{n}", specialty="A0802", options=4, right=(0,)) for n in range(9)]
    ask = {"specialties": ["A080101"], "common": 8, "special": 4}
    one, two = (rules.draw_paper(bank, **ask, seed=seed) for seed in (b"1", b"2"))
    assert one != two and len({q["question"] for q in one}) == 12
    assert not [q for q in one + two if q["question"].startswith("b")]
    assert {tuple(sorted(q["order"])) for q in one} == {(0, 1, 2, 3)}
    assert any(q["order"] != [0, 1, 2, 3] for q in one)
    with pytest.raises(rules.BankTooSmall):
        rules.draw_paper(bank, **ask | {"special": 10}, seed=b"1")


def test_half_right_is_wrong_and_the_mark_is_rounded_half_up() -> None:
    right = {"a": [0, 1], "b": [2], "c": [0]}
    assert rules.exam_score(right, {"a": [0], "b": [2], "c": [0]}) == Decimal("66.7")
    assert rules.exam_score(right, {"a": [1, 0, 2], "b": [], "c": [0]}) == Decimal("33.3")
    assert rules.exam_score({}, {}) == 0


def test_points_of_a_year() -> None:
    assert rules.deduction(["biased", "phone", "phone"]) == 10
    assert rules.points_left([10, 1], a_year=12) == 1
    assert rules.points_left([10, 3], a_year=12) == 0
    with pytest.raises(BadInput):
        rules.deduction(["nonsense"])


@pytest.mark.parametrize(
    ("hours", "due"),
    [(0, "0.00"), (0.5, "500.00"), (4, "500.00"), (4.01, "600.00"), (5, "600.00"), (6.5, "800.00")],
)
def test_each_hour_begun_beyond_the_first_ones(hours: float, due: str) -> None:
    assert str(rules.fee(HOME, timedelta(hours=hours))) == due


def test_of_two_places_the_higher_is_paid_whatever_the_length() -> None:
    both = [HOME, AWAY]
    assert rules.due(both, rules.ATTENDED, timedelta(hours=3)) == Decimal("500.00")
    assert rules.due(both, rules.ATTENDED, timedelta(hours=6)) == Decimal("740.00")
    assert rules.due(both, rules.AVOIDED, timedelta(0)) == Decimal("120.00")
    assert rules.due(both, rules.NO_SHOW, timedelta(hours=9)) == 0


def test_absences_are_counted_off_once() -> None:
    away = [(at(1), at(2)), (at(1.5), at(2.5)), (at(5), None)]
    assert rules.present_for(since=at(0), until=at(6), absences=away) == timedelta(hours=3.5)
    assert rules.present_for(since=at(0), until=at(1), absences=[(at(2), at(3))]) == timedelta(hours=1)
    assert rules.present_for(since=at(2), until=at(4), absences=[(at(1), at(3))]) == timedelta(hours=1)


def test_the_longest_prefix_of_a_region_governs() -> None:
    assert rules.schedule_for([AWAY, HOME], "370100") is HOME
    assert rules.schedule_for([AWAY, HOME], "410100") is AWAY
    with pytest.raises(rules.FeesWrong):
        rules.schedule_for([HOME], "410100")
    with pytest.raises(ValueError, match="劳务费标准"):
        rules.schedules_of({"schedule": [{"region": "37", "first_hours": 4}]})


def test_masking_leaves_the_ends_only() -> None:
    assert rules.masked("张三丰") == "张**"
    assert rules.masked("370100", head=3, tail=2) == "370*00"
    assert rules.masked("12", head=3, tail=2) == "**"

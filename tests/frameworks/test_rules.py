"""Who is shortlisted, whose turn it is, who wins: cases and properties."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.frameworks import rules
from ggzy.frameworks.rules import Category, Chance, Kind, Response, Sealed, Seat, TieRule, Turn, TurnRule
from ggzy.kernel.refusals import BadInput
from ggzy.procedures.catalogue import GP_KJ_CLOSED
from ggzy.procedures.spec import Stage

pytestmark = pytest.mark.pure

T0 = datetime(2026, 3, 2, 1, tzinfo=UTC)
SALTS = {name: f"{n:02x}" * 32 for n, name in enumerate("abcd", 1)}


def at(hours: int) -> datetime:
    return T0 + timedelta(hours=hours)


# --- elimination


@pytest.mark.parametrize(
    ("n", "rate", "cap", "kept"),
    [
        (2, "0.20", None, 1),
        (3, "0.20", None, 2),
        (4, "0.20", None, 3),
        (5, "0.20", None, 4),
        (6, "0.20", None, 4),
        (10, "0.20", None, 8),
        (10, "0.20", 5, 5),
        (10, "0.20", 9, 8),
        (10, "0.40", None, 6),
        (2, "0.60", None, 1),
        (100, "0.29", None, 71),
        (3, "0", None, 2),
    ],
)
def test_how_many_are_kept(n, rate, cap, kept):
    assert rules.keep(n, rate=Decimal(rate), cap=cap) == kept


@given(n=st.integers(2, 500), rate=st.decimals("0.2", "0.99", places=2), cap=st.none() | st.integers(1, 600))
def test_somebody_stays_somebody_goes_and_the_rate_is_kept(n, rate, cap):
    kept = rules.keep(n, rate=rate, cap=cap)
    assert 1 <= kept < n
    assert kept == 1 or (n - kept) >= rate * n
    assert cap is None or kept <= cap


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_fail(n):
    with pytest.raises(rules.TooFewResponses):
        rules.keep(n, rate=Decimal("0.2"))


def test_the_rate_has_its_floors():
    rules.require_rate(Decimal("0.20"), instruments_by_quality=False)
    rules.require_rate(Decimal("0.40"), instruments_by_quality=True)
    for rate, instruments in (("0.19", False), ("0.39", True)):
        with pytest.raises(rules.RateTooLow):
            rules.require_rate(Decimal(rate), instruments_by_quality=instruments)
    with pytest.raises(BadInput):
        rules.require_rate(Decimal(1), instruments_by_quality=False)


def test_the_shortlist_follows_the_price_or_the_score():
    three = [
        Response(uscc="a", price=Decimal(10), score=Decimal(80)),
        Response(uscc="b", price=Decimal(9), score=Decimal(70)),
        Response(uscc="c", price=Decimal(11), score=Decimal(90)),
    ]
    assert rules.shortlisted(three, by_quality=False, rate=Decimal("0.2")) == ["b", "a"]
    assert rules.shortlisted(three, by_quality=True, rate=Decimal("0.2")) == ["c", "a"]


@pytest.mark.parametrize(
    ("left", "original", "may"), [(7, 10, False), (6, 10, True), (2, 3, True), (3, 4, False)]
)
def test_a_supplement_begins_under_seven_tenths(left, original, may):
    if may:
        rules.require_supplement(left=left, original=original)
    else:
        with pytest.raises(rules.EnoughLeft):
            rules.require_supplement(left=left, original=original)


def test_terms_and_ways_beyond_the_usual_are_warned_of():
    begins = date(2028, 2, 29)
    assert not rules.term_warning(Category.GOODS, begins=begins, ends=date(2029, 2, 28))
    assert "1年" in rules.term_warning(Category.GOODS, begins=begins, ends=date(2029, 3, 1))
    assert not rules.term_warning(Category.SERVICES, begins=date(2026, 3, 2), ends=date(2028, 3, 2))
    assert rules.ways_warning(Kind.OPEN, ["direct", "turns"])
    assert not rules.ways_warning(Kind.OPEN, ["direct"])
    assert not rules.ways_warning(Kind.CLOSED, ["direct", "turns"])


def test_a_supplier_is_removed_during_a_supplement_too():
    assert GP_KJ_CLOSED.move(Stage.SUPPLEMENT.value, "remove_member").target is Stage.SUPPLEMENT


# --- money


def test_items_and_quantities_are_checked_and_added_once():
    found = rules.items(
        [{"name": "审计", "unit": "人日", "spec": "注册会计师", "price": "1200.5"}, {"name": ""}],
        ceilings=False,
    )
    assert found == [
        {"number": "1", "name": "审计", "unit": "人日", "spec": "注册会计师", "price": "1200.50"}
    ]
    for wrong in ([], [{"name": "审计"}], [dict(found[0], price="0")]):
        with pytest.raises(BadInput):
            rules.items(wrong, ceilings=False)
    assert rules.quantities({"1": "2.50", "2": ""}, known=["1", "2"]) == {"1": "2.5"}
    assert rules.quantities({"1": "100"}, known=["1"]) == {"1": "100"}
    for bad in ({}, {"3": "1"}, {"1": "0"}, {"1": "-1"}, {"1": "0.0001"}, {"1": "NaN"}, {"1": "1e30"}):
        with pytest.raises(BadInput):
            rules.quantities(bad, known=["1"])
    # 3 × 0.115 + 1 × 0.01 is 0.355: rounded once, half up
    assert rules.total({"1": "0.115", "2": "0.01"}, {"1": "3", "2": "1"}) == Decimal("0.36")


# --- turns

SEATS = [
    Seat(member="a", place=1, joined_at=at(0)),
    Seat(member="b", place=2, joined_at=at(0)),
    Seat(member="c", place=3, joined_at=at(0)),
]


def turn(chances, *, seats=SEATS, rule=TurnRule.PLACE, now=100, without=()):
    given = [Chance(member=m, at=at(h)) for m, h in chances]
    return rules.whose_turn(seats, given, rule=rule, at=at(now), without=without)


def test_each_has_one_chance_a_round():
    chances, seen = [], []
    for hour in range(1, 8):
        found = turn(chances, now=hour)
        seen.append((found.member, found.round))
        chances.append((found.member, hour))
    assert seen == [("a", 1), ("b", 1), ("c", 1), ("a", 2), ("b", 2), ("c", 2), ("a", 3)]


def test_who_leaves_is_passed_over_and_who_joins_waits_for_no_round():
    seats = [
        SEATS[0],
        Seat(member="b", place=2, joined_at=at(0), left_at=at(5)),
        SEATS[2],
        Seat(member="d", place=4, joined_at=at(6)),
    ]
    assert turn([("a", 1)], seats=seats, now=4) == Turn("b", 1)
    assert turn([("a", 1)], seats=seats, now=5) == Turn("c", 1)
    assert turn([("a", 1), ("c", 5)], seats=seats, now=7) == Turn("d", 1)
    assert turn([("a", 1), ("c", 5), ("d", 7)], seats=seats, now=8) == Turn("a", 2)
    # without d the round was over with c, though b never had a chance
    assert turn([("a", 1), ("c", 5), ("a", 8)], seats=seats[:3], now=9) == Turn("c", 2)


def test_the_order_is_the_files_rule():
    seats = [Seat(member="a", place=2, joined_at=at(0)), Seat(member="b", place=1, joined_at=at(1))]
    assert turn([], seats=seats, rule=TurnRule.JOINED) == Turn("a", 1)
    assert turn([], seats=seats, rule=TurnRule.PLACE) == Turn("b", 1)


def test_a_call_that_one_declined_goes_to_the_next_and_comes_to_nobody_in_the_end():
    assert turn([("a", 1)], without=["a"]) == Turn("b", 1)
    # c declined and had its chance: the others begin the next round
    assert turn([("a", 1), ("b", 2), ("c", 3)], without=["c"]) == Turn("a", 2)
    assert turn([("a", 1), ("b", 2)], without=["c"]) == Turn("a", 2)
    assert turn([("a", 1), ("b", 2), ("c", 3)], without=["a", "b", "c"]) is None
    assert turn([], seats=[]) is None


@given(st.integers(1, 6), st.integers(1, 30))
def test_nobody_is_ever_more_than_one_chance_ahead(members, calls):
    seats = [Seat(member=str(n), place=n, joined_at=at(0)) for n in range(members)]
    chances: list[tuple[str, int]] = []
    for hour in range(1, calls + 1):
        chances.append((turn(chances, seats=seats, now=hour).member, hour))
    counts = [sum(1 for m, _ in chances if m == s.member) for s in seats]
    assert max(counts) - min(counts) <= 1


# --- a second competition


def offer(member, price, *, committed=1, ceiling="100", place=1):
    return Sealed(
        member=member,
        place=place,
        joined_at=at(0),
        committed_at=at(committed),
        ceiling=Decimal(ceiling),
        price=None if price is None else Decimal(price),
        salt="" if price is None else SALTS[member],
    )


def test_the_lowest_that_stands_wins():
    offers = [offer("a", "90"), offer("b", "80"), offer("c", None), offer("d", "70", ceiling="69.99")]
    assert rules.winner(offers, ties=TieRule.EARLIEST).member == "b"
    assert rules.winner([offer("c", None), offer("d", "70", ceiling="69.99")], ties=TieRule.LOT) is None
    assert rules.winner([offer("d", "70", ceiling="70")], ties=TieRule.LOT).member == "d"


def test_equal_offers_go_by_the_rule_named_beforehand():
    offers = [
        offer("a", "80", committed=3, place=2),
        offer("b", "80", committed=2, place=3),
        offer("c", "80", committed=4, place=1),
        offer("d", "90", committed=1, place=1),
    ]
    assert rules.winner(offers, ties=TieRule.EARLIEST).member == "b"
    assert rules.winner(offers, ties=TieRule.PLACE).member == "c"
    drawn = rules.lots(offers)
    assert rules.winner(offers, ties=TieRule.LOT).member == min("abc", key=drawn.__getitem__)
    assert rules.lots(offers[::-1]) == drawn
    # the loser's salt takes part: without it the lots are others
    assert rules.lots(offers[:3])["a"] != drawn["a"]


def test_the_seal_binds_call_supplier_price_and_salt():
    """The golden case stands in docs/algorithms/recompute-a-call-off.md too."""
    facts = {"call": "0" * 32, "supplier": "91370100MA3C00000X", "price": Decimal("98000"), "salt": "ab" * 32}
    sealed = rules.sealed_price(**facts)
    assert sealed == GOLDEN
    for change in (
        {"call": "1" * 32},
        {"supplier": "x"},
        {"price": Decimal("98000.01")},
        {"salt": "ac" * 32},
    ):
        assert rules.sealed_price(**(facts | change)) != sealed
    for salt in ("", "ab" * 31, "AB" * 32, "zz" * 32):
        with pytest.raises(BadInput):
            rules.sealed_price(**(facts | {"salt": salt}))


GOLDEN = "0f5fec552b9da59d88427ce95799e4a77abe6daba0e18c2babadd312db470fe7"

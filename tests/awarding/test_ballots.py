"""The winner follows from signed ballots: by votes, by prices, by minutes that all agree to; nobody is drawn."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.awarding.ballots import Ballot, Standing, first_by_price, stand
from ggzy.methods.shelf import method_named
from ggzy.tendering.plan import AwardPlan, Way, parse

pytestmark = pytest.mark.pure

PRICES = {"a": Decimal(300), "b": Decimal(200), "c": Decimal(200)}
VOTES = AwardPlan(candidates=3, members=5, way=Way.VOTES, ballots=2, factors="信用")


def ballots(*turns: str) -> list[Ballot]:
    """Return ballots: one string of choices a turn, a capital letter for one that does not agree."""
    return [
        Ballot(member=f"D{n}", turn=turn, choice=choice.lower(), agrees=choice.islower())
        for turn, choices in enumerate(turns, start=1)
        for n, choice in enumerate(choices, start=1)
    ]


def of(plan: AwardPlan, *turns: str, prices: dict[str, Decimal] = PRICES) -> Standing:
    return stand(plan, ballots(*turns), prices=prices)


@pytest.mark.parametrize(
    ("turns", "winner", "turn", "between"),
    [
        ((), "", 1, "abc"),
        (("aaaa",), "", 1, "abc"),  # one ballot is missing: nothing is counted
        (("aaabb",), "a", 1, "abc"),
        (("aabbc",), "", 2, "ab"),  # equals go on, the third does not
        (("aabbc", "aaabb"), "a", 2, "ab"),
        (("abc" + "ab", "bbbba"), "b", 2, "ab"),
    ],
)
def test_most_votes_win_and_equals_are_voted_on_again(
    turns: tuple[str, ...], winner: str, turn: int, between: str
) -> None:
    found = of(VOTES, *turns)
    assert (found.winner, found.turn, "".join(found.between)) == (winner, turn, between)


def test_after_the_last_ballot_the_lower_price_decides_and_equal_prices_are_voted_on() -> None:
    once = replace(VOTES, ballots=1)
    assert of(once, "aabbc").winner == "b", "200 is lower than 300"
    assert of(once, "aabbc").turns[0].by_price
    still = of(once, "bbcca")
    assert (still.winner, still.between) == ("", ("b", "c")), "both ask 200: nobody is drawn"
    assert of(once, "bbcca", "bcccc").winner == "c"


def test_minutes_stand_when_all_agree_and_one_no_makes_them_void() -> None:
    plan = replace(VOTES, way=Way.DISCUSSION)
    assert of(plan, "aaaa").winner == ""
    assert of(plan, "aaaaa").winner == "a"
    void = of(plan, "aaA")
    assert (void.winner, void.turn) == ("", 2)
    assert of(plan, "aaA", "bbbbb").winner == "b"


def priced(**more: Any) -> AwardPlan:
    source = dict(method_named("gc_lowest_evaluated_price").source)
    found = parse({"way": "price", "factors": "报价", "scheme": {"method": source, "values": {}}, **more})
    assert found is not None
    return found


def test_prices_compete_and_equals_are_voted_on_not_drawn() -> None:
    plan = priced()
    assert first_by_price(plan, prices=PRICES, ceiling=None) == ("b", "c")
    assert of(plan, "bbccb").winner == "b"
    alone = {**PRICES, "c": Decimal(199)}
    assert of(plan, "cccc", prices=alone).winner == "", "every member confirms the result"
    assert of(plan, "ccccc", prices=alone).winner == "c"


@given(st.permutations(ballots("aabbc", "ababa")))
def test_the_order_in_which_ballots_came_never_matters(cast: list[Ballot]) -> None:
    assert stand(VOTES, cast, prices=PRICES) == of(VOTES, "aabbc", "ababa")


@given(st.lists(st.text("abc", min_size=5, max_size=5), min_size=1, max_size=4))
def test_a_winner_had_most_votes_of_its_turn(turns: list[str]) -> None:
    found = of(VOTES, *turns)
    if found.winner:
        last = found.turns[-1]
        assert last.votes[found.winner] == max(last.votes.values())

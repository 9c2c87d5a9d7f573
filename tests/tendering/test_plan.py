"""What a plan of award may say."""

from typing import Any

import pytest

from ggzy.client.story import document
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.methods.shelf import method_named
from ggzy.tendering.document import parse
from ggzy.tendering.plan import LotteryOfWinners
from ggzy.tendering.plan import parse as plan

pytestmark = pytest.mark.pure

GOOD = {"candidates": 3, "members": 5, "way": "votes", "ballots": 2, "factors": "信用、业绩"}


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"members": 6}, BadInput, "members"),
        ({"members": 3}, BadInput, "members"),
        ({"candidates": 2}, BadInput, "candidates"),
        ({"candidates": 8}, BadInput, "candidates"),
        ({"ballots": 0}, BadInput, "ballots"),
        ({"factors": " "}, BadInput, "factors"),
        ({"way": "best"}, BadInput, "way"),
        ({"way": "draw"}, LotteryOfWinners, "way"),
        ({"way": "votes_then_draw"}, LotteryOfWinners, "way"),
        ({"way": "price"}, BadInput, "scheme"),
        ({"scheme": {}}, BadInput, "scheme"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    change: dict[str, Any], refusal: type[Refusal], field: str
) -> None:
    with pytest.raises(refusal) as caught:
        plan({**GOOD, **change})
    assert caught.value.field == f"award_plan.{field}"


def test_a_method_that_draws_or_scores_is_none_for_prices() -> None:
    def scheme(name: str) -> dict[str, Any]:
        return {"method": dict(method_named(name).source), "values": {}}

    with pytest.raises(LotteryOfWinners):
        plan({**GOOD, "way": "price", "scheme": scheme("gc_k_value")})
    with pytest.raises(BadInput):
        plan({**GOOD, "way": "price", "scheme": scheme("gc_technical_lowest_price")})


def test_a_plan_is_kept_as_it_was_read_and_a_file_without_one_is_hashed_as_always() -> None:
    with_plan = parse(document(award_plan=GOOD))
    assert parse(with_plan.as_json()) == with_plan
    assert "award_plan" not in parse(document()).as_json()
    with pytest.raises(BadInput, match="标段数"):
        parse(document(award_plan=GOOD, most_lots=1))


def test_with_a_plan_the_clause_on_candidates_promises_no_order() -> None:
    chosen = {"template": "construction", "version": "2026.1"}
    plain = {c.key: c.text for c in parse(document(clauses=chosen)).clauses_read()}
    planned = {c.key: c.text for c in parse(document(clauses=chosen, award_plan=GOOD)).clauses_read()}
    changed = {key for key in plain if plain[key] != planned[key]}
    assert changed == {"evaluation.candidates"}
    assert "排名第一" in plain["evaluation.candidates"]
    assert "不标明排序" in planned["evaluation.candidates"] and "票决定标" in planned["evaluation.candidates"]

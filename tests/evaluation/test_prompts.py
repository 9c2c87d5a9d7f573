"""Checks that prompt: the honest high score is not flagged beside a strange low one, and nothing is changed."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.evaluation import prompts
from ggzy.tendering.document import Criterion, LowPriceRule
from tests.shared import shared

pytestmark = pytest.mark.pure
VECTORS, WITH_VECTORS = shared("domain/formula_vectors.json")

ONE = (Criterion(key="plan", title="施工组织设计", weight=Decimal(10)),)


def _flags(points: list[str]) -> list[bool]:
    sheets = [{"b": {"plan": p}} for p in points]
    return [
        bool(prompts.outliers(own, sheets[:n] + sheets[n + 1 :], criteria=ONE))
        for n, own in enumerate(sheets)
    ]


def test_only_the_strange_one_lies_far_from_the_median_of_the_others() -> None:
    assert _flags(["8.5", "9", "8", "9.5", "3"]) == [False, False, False, False, True]


@pytest.mark.parametrize("path", [pytest.param(VECTORS, marks=WITH_VECTORS)])
def test_the_vectors_of_outliers(path: Path) -> None:
    for row in json.loads(path.read_text()):
        if row["fn"] == "outlier_flags_median":
            assert _flags(row["args"][0]) == row["result"]


def test_an_objective_item_on_which_members_differ_is_named() -> None:
    facts = Criterion(key="deeds", title="类似业绩", weight=Decimal(5), objective=True)
    same = [{"b": {"deeds": "5", "plan": "8"}}, {"b": {"deeds": "5.0", "plan": "9"}}]
    assert prompts.differing(same, criteria=(facts, *ONE)) == set()
    assert prompts.differing([*same, {"b": {"deeds": "4", "plan": "8"}}], criteria=(facts, *ONE)) == {
        "类似业绩"
    }


def test_who_puts_one_bidder_above_everybody_on_everything_is_asked_to_look_again() -> None:
    two = (*ONE, Criterion(key="team", title="项目班子", weight=Decimal(10)))
    own = {"b": {"plan": "9", "team": "9"}, "c": {"plan": "9", "team": "5"}}
    others: list[Any] = [{"b": {"plan": "8", "team": "8"}, "c": {"plan": "8", "team": "6"}}] * 2
    assert [p.bid for p in prompts.leaning(own, others, criteria=two)] == ["b"]


def test_a_price_is_striking_by_the_ceiling_or_by_the_others() -> None:
    rule = LowPriceRule(of_ceiling=Decimal(75), of_others=Decimal(80))
    prices = {"a": Decimal(74), "b": Decimal(95), "c": Decimal(96)}
    assert set(prompts.low_priced(prices, ceiling=Decimal(100), rule=rule)["a"]) == {
        "低于最高投标限价的75%",
        "低于其他投标人平均报价的80%",
    }
    assert prompts.low_priced({"a": Decimal(75)}, ceiling=Decimal(100), rule=rule) == {}

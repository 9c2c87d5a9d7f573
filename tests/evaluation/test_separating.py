"""Candidates without an order: no draw makes one, and nothing of the rank is left."""

from dataclasses import replace
from decimal import Decimal

import pytest

from ggzy.evaluation.rules import Place
from ggzy.evaluation.separating import require_findings, shortlist, without_order
from ggzy.kernel.refusals import BadInput

pytestmark = pytest.mark.pure


def place(bid: str, rank: int, total: str) -> Place:
    return Place(
        bid=bid,
        rank=rank,
        price=Decimal(100),
        evaluated_price=None,
        price_score=Decimal(1),
        other_score=Decimal(1),
        total=Decimal(total),
        drawn=False,
    )


def test_equals_of_the_last_place_are_candidates_too() -> None:
    places = [place("z", 1, "90"), place("y", 2, "80"), place("x", 3, "70"), place("w", 4, "70")]
    assert shortlist(places, most=3) == ["w", "x", "y", "z"]
    assert shortlist([*places[:3], replace(places[3], price=Decimal(101))], most=3) == ["x", "y", "z"]
    assert shortlist(places[:2], most=3) == ["y", "z"]
    assert shortlist([], most=3) == []


def test_rows_are_by_name_and_tell_no_rank() -> None:
    rows = [
        {"rank": n, "bid": bid, "bidder": name, "uscc": "", "price": "1", "duration_days": 1, "total": "9"}
        for n, (bid, name) in enumerate((("z", "丙"), ("y", "乙"), ("x", "甲")), start=1)
    ]
    found = without_order(rows, chosen=["x", "z"])
    assert [row["bid"] for row in found] == ["z", "x"], "in the order of names"
    assert all(row[key] is None for row in found for key in ("rank", "total", "price_score", "other_score"))


def test_every_bid_left_has_a_finding() -> None:
    assert require_findings({"a": " 好 "}, bids=["a"]) == {"a": "好"}
    for wrong in ({}, {"a": ""}, {"a": "好", "b": "好"}):
        with pytest.raises(BadInput):
            require_findings(wrong, bids=["a"])

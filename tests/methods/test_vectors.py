"""Known answers for every family, through the shipped files."""

from decimal import Decimal as D

import pytest

from ggzy.methods import checks
from ggzy.methods.run import Bid, Outcome, bind, run, what_if
from ggzy.methods.shelf import method_named, shipped

pytestmark = pytest.mark.pure


def outcome(
    name: str, prices: list[object], values: dict[str, object] | None = None, **columns: list
) -> Outcome:
    method = method_named(name)
    bids = [
        Bid(
            ref=str(n),
            figures={method.value: D(str(price))} | {c: D(str(column[n])) for c, column in columns.items()},
        )
        for n, price in enumerate(prices)
    ]
    return run(bind(method, values or {}), bids)


def each(result: Outcome, name: str) -> list[str]:
    return [str(line.figures[name]) for line in sorted(result.lines, key=lambda row: row.bid)]


def test_the_low_price_score_with_and_without_a_deduction() -> None:
    plain = outcome("gp_low_price_score_goods", [980000, 1000000, 1250000])
    assert each(plain, "price_score") == ["30.00", "29.40", "23.52"]
    small = outcome("gp_low_price_score_goods", [980000, 1000000, 1250000], sme=[0, 10, 0])
    assert each(small, "price_score") == ["27.55", "30.00", "21.60"]


@pytest.mark.parametrize(
    ("price", "score"),
    [(9500000, "100.00"), (9690000, "96.00"), (9310000, "98.00"), (10450000, "80.00"), (8550000, "90.00")],
)
def test_the_deviation_score_is_asymmetric(price: int, score: str) -> None:
    found = outcome("gc_comprehensive_deviation", [price, 19_000_000 - price], {"full": 100})
    assert found.ones["base_price"] == 9_500_000
    assert each(found, "price_score")[0] == score


def test_the_trimmed_mean() -> None:
    values = {"f": "1", "trim_10": 1}
    seven = outcome("gc_base_1_mean_lowered", [960, 955, 948, 970, 990, 930, 940], values)
    assert seven.ones["average"] == D("954.6")
    assert outcome("gc_base_1_mean_lowered", [960, 955, 948, 970], values).ones["average"] == D("958.25")


def test_the_k_value_base() -> None:
    values = {"ceiling": 50000000, "provisional": 2000000, "specialist": 1000000, "k": "8.35"}
    found = outcome("gc_k_value", [46075501, 46075500, 46000000], values)
    assert found.ones["base_price"] == 46075500
    assert [line.bid for line in found.lines] == ["1", "2", "0"]


def test_the_abc_base() -> None:
    found = outcome("gc_base_4_abc", [1000, 900], {"ceiling": 1000, "x": 6, "k": "0.97"})
    assert (found.ones["b"], found.ones["base_price"]) == (950, D("906.95"))


def test_rank_by_score_then_price_with_shared_places() -> None:
    prices = [100, 98, 120, 98]
    priced = [D(98) * 30 / p for p in prices]
    totals = ["90.10", "90.10", "92", "90.10"]
    other = [D(t) - p.quantize(D("0.01")) for t, p in zip(totals, priced, strict=True)]
    found = outcome("gp_low_price_score_goods", prices, other=other)
    assert [(line.rank, line.bid) for line in found.lines] == [(1, "2"), (2, "1"), (2, "3"), (4, "0")]


def test_tails_are_dropped_and_the_highest_strictly_below_wins() -> None:
    """11 discounts: two tails of two (1.1 rounded up); rest 3..9, mean 6; above: 7, 8, 9, mean 8; 7 is below."""
    found = outcome("average_bid_tail_trimming", list(range(1, 12)))
    assert (found.ones["tail_count"], found.ones["first_mean"], found.ones["limit"]) == (2, 6, 8)
    assert [line.figures["discount"] for line in found.lines[:3]] == [7, 6, 5]
    ten = outcome("average_bid_tail_trimming", list(range(1, 11)))
    assert ten.ones["tail_count"] == 1


def test_few_or_equal_discounts_have_a_winner_too() -> None:
    """Rest 10, 20, 30: the limit is 30, and 20 is the highest strictly below. All equal: none is, and all are first."""
    found = outcome("average_bid_tail_trimming", ["5", "10", "20", "30", "40"])
    assert (found.ones["limit"], found.first) == (30, ("2",))
    same = outcome("average_bid_tail_trimming", ["7", "7", "7"])
    assert same.first == ("0", "1", "2") and all(line.drawn for line in same.lines)
    assert outcome("average_bid_tail_trimming", ["3"]).first == ("0",)


def test_two_envelopes_and_a_threshold() -> None:
    found = outcome(
        "gc_technical_lowest_price", [90, 80, 70, 60], {"shortlist": 3}, technical=[95, 90, 70, 55]
    )
    assert [(line.bid, line.rank) for line in found.lines] == [("2", 1), ("1", 2), ("0", 3), ("3", None)]
    assert found.lines[-1].out == "未通过: 技术得分不低于合格线"


def test_a_framework_eliminates_at_least_one() -> None:
    for count, kept in ((2, 1), (4, 3), (5, 4), (10, 8), (20, 10)):
        found = outcome("gp_framework_price_first", list(range(100, 100 + count)))
        assert sum(line.candidate for line in found.lines) == kept


def test_a_framework_ranks_by_the_price_less_what_policy_takes_off() -> None:
    found = outcome("gp_framework_price_first", [100, 105, 110], sme=[0, 10, 0])
    assert [(line.bid, line.candidate) for line in found.lines] == [("1", True), ("0", True), ("2", False)]


def test_faster_bids_are_evaluated_lower() -> None:
    found = outcome(
        "gc_lowest_evaluated_price",
        [1000, 990],
        {"per_day": 5, "duration": 100},
        duration_days=[97, 100],
    )
    assert each(found, "evaluated") == ["985.00", "990.00"]
    assert found.first == ("0",)


def test_one_bidder_of_a_brand_is_recommended() -> None:
    method = method_named("gp_lowest_price")
    bids = [
        Bid(ref=r, figures={"price": D(p)}, group=g)
        for r, p, g in (("a", 3, "x"), ("b", 2, "x"), ("c", 4, "y"))
    ]
    found = run(bind(method, {}), bids)
    assert [(line.bid, line.rank) for line in found.lines] == [("b", 1), ("c", 2), ("a", None)]


def test_places_are_drawn_for_a_base() -> None:
    found = outcome("gc_base_3_drawn_places", [100, 110, 120, 130, 500], {"places": ["1", "4"]})
    assert found.ones["base_price"] == 115


def test_two_means_and_the_highway_rule() -> None:
    assert outcome("gc_base_5_twice", [90, 100, 110]).ones["base_price"] == D("97.5")
    found = outcome("gc_reasonable_low_price", [100, 98, 96, 94, 10], {"f": "1"}, credit=[1, 2, 3, 4, 5])
    assert found.ones["base_price"] == D("95.04")
    assert outcome("gc_base_6_lowest", [100, 125], {"full": 60}).lines[1].figures["price_score"] == 48
    weighted = outcome("gc_base_2_weighted", [80, 120], {"ceiling": 200, "q": 50, "f": 1})
    assert weighted.ones["base_price"] == D("148.5")


@pytest.mark.parametrize(
    ("prices", "ceiling", "why"),
    [
        ([40, 90, 100], 120, [("SECOND", "CEIL"), (), ()]),
        ([50, 100], 100, [(), ()]),
        ([45, 80, 90], 100, [(), (), ()]),
        ([44, 80, 90], 100, [("CEIL",), (), ()]),
    ],
)
def test_abnormally_low(prices: list[int], ceiling: int, why: list[tuple[str, ...]]) -> None:
    assert checks.abnormally_low([D(p) for p in prices], ceiling=D(ceiling)) == why


def test_committee_scores_and_outliers() -> None:
    scores = [D(s) for s in ("8.5", "9", "8", "9.5", "3")]
    assert checks.committee_score(scores) == D("7.60")
    assert checks.committee_score(scores, low=1, high=1) == D("8.50")
    assert checks.outliers(scores) == [False, False, False, False, True]


def test_who_has_won_enough_is_passed_over() -> None:
    lots = [("1", ["a", "b"]), ("2", ["a", "b", "c"]), ("3", ["a", "b"])]
    assert checks.candidates_of_lots(lots, most=1) == {"1": ("a", "b"), "2": ("b", "c"), "3": ()}


def test_without_two_bidders_another_would_win() -> None:
    method = method_named("gc_base_5_twice")
    bids = [Bid(ref=r, figures={"price": D(p)}) for r, p in (("A", 96), ("B", 95), ("C", 130), ("D", 110))]
    scheme = bind(method, {})
    now = run(scheme, bids).first
    assert now == ("A",)
    assert what_if(scheme, bids, without=["A", "B"]).first == ("D",)
    kept = what_if(scheme, bids, rejected=["A", "B"])
    assert kept.ones["base_price"] == run(scheme, bids).ones["base_price"]
    assert {line.bid for line in kept.lines if line.rank} == {"C", "D"}


def test_there_is_a_file_for_every_family() -> None:
    assert len(shipped()) >= 18
    assert not [m.id for m in shipped().values() if m.warnings]
    assert all(m.basis and m.about for m in shipped().values())

"""From bids to a ranking: whose "no" counts, what a price is worth, which rounding, who stands before whom."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.evaluation import rules
from ggzy.evaluation.rules import Offer
from ggzy.kernel.refusals import BadInput
from ggzy.tendering.document import Criterion, PriceRule, Requirement, ReviewPart, parse
from tests.evaluation import by_hand
from tests.shared import shared

pytestmark = pytest.mark.pure

FORMULAS, NEEDS_FORMULAS = shared("domain/formula_vectors.json")
D = Decimal
WHOLE = PriceRule(weight=D(100))
LOWEST = parse({"method": "lowest_evaluated_price"})
SCORED = parse(
    {
        "method": "comprehensive",
        "price": {"weight": 60},
        "criteria": [
            {"key": "design", "title": "设计", "weight": 25},
            {"key": "team", "title": "团队", "weight": 15},
        ],
    }
)
SEAL = Requirement(key="seal", part=ReviewPart.FORMAL, text="投标函已签名")
MANAGER = Requirement(key="manager", part=ReviewPart.QUALIFICATION, text="项目负责人资格")
YES, NO = {"passes": True, "reason": ""}, {"passes": False, "reason": "无签名"}


def offers(table, days=90):
    return [Offer(bid=bid, price=D(price) / 100, duration_days=days) for bid, price in table.items()]


def computed(bids, *, document, days=90, sheets=(), lots=None):
    facts = rules.LotFacts(ceiling=None, duration_days=days, drawn={})
    lots = lots or {bid.bid: bid.bid.encode() for bid in bids}
    outcome = rules.by_scheme(bids, document=document, lot=facts, score_sheets=sheets, lot_of=lots)
    return outcome, rules.places_of(outcome, document=document, offers=bids, lot_of=lots)


def rank(bids, *, document=LOWEST, **given_):
    return computed(bids, document=document, **given_)[1]


def points(price, *, base, rule):
    """The points of one price among eleven whose mean is the base."""
    others = (11 * base - price) / 10
    bids = [Offer(bid="a", price=price, duration_days=90)]
    bids += [Offer(bid=f"b{n}", price=others, duration_days=90) for n in range(10)]
    return next(p.price_score for p in rank(bids, document=replace(SCORED, price=rule)) if p.bid == "a")


def evaluated(price, *, days, per_day):
    """The evaluated price of one bid where 90 days are demanded."""
    document = replace(LOWEST, price=PriceRule(per_day=D(per_day)))
    return rank([Offer(bid="a", price=D(price), duration_days=days)], document=document)[0].evaluated_price


prices = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=3), st.integers(1, 10**11), min_size=1, max_size=8
)


class TestFormulaVectors:
    """The deviation formula as the domain research measured it."""

    pytestmark = NEEDS_FORMULAS

    def test_deviation_scores(self):
        cases = [c for c in json.loads(FORMULAS.read_text()) if c["fn"] == "deviation_score"]
        assert len(cases) == 5
        for case in cases:
            price, base, weight, above, below = map(D, map(str, case["args"]))
            rule = PriceRule(weight=weight, above=above, below=below)
            assert str(points(price, base=base, rule=rule)) == case["result"]
            assert str(by_hand.price_score(price, base=base, rule=rule)) == case["result"]

    def test_committee_scores(self):
        """Without dropping anybody it is the arithmetic mean."""
        case = next(
            c for c in json.loads(FORMULAS.read_text()) if c["fn"] == "committee_scores" and not c["kwargs"]
        )
        scores, most = case["args"]
        criteria = [Criterion(key="x", title="某项", weight=D(most))]
        sheets = [{"a": {"x": score}} for score in scores]
        assert str(rules.mean_score(sheets, bid="a", criteria=criteria)) == case["result"]


@pytest.mark.parametrize(
    ("price", "score"),
    [
        ("1000", "100.00"),
        ("1010", "98.00"),
        ("990", "99.00"),
        ("1500", "0.00"),
        ("1500.01", "0.00"),
        ("9999", "0.00"),
        ("1499.99", "0.00"),
        ("1499.95", "0.01"),
        ("0.01", "0.00"),
    ],
)
def test_points_lost_above_and_below_the_base(price, score):
    """Two points lost per 1 % above, one per 1 % below, never under nothing."""
    assert str(points(D(price), base=D(1000), rule=WHOLE)) == score


def test_half_a_hundredth_of_a_point_rounds_up():
    """1000.15 is 0.015 % above: 99.985 points exactly, where banker's rounding would say 99.98."""
    assert points(D("1000.15"), base=D(1000), rule=PriceRule(weight=D(100), above=D(1))) == D("99.99")


@settings(deadline=None)
@given(st.integers(3 * 10**9, 10**11), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 100))
def test_further_from_the_base_never_scores_more(base, nearer, more, weight):
    rule = PriceRule(weight=D(weight))
    for sign in (1, -1):
        scores = [
            points(D(base) + sign * distance, base=D(base), rule=rule) for distance in (nearer, nearer + more)
        ]
        assert weight >= scores[0] >= scores[1] >= 0


@pytest.mark.parametrize(
    ("prices_", "lowered_by", "base"),
    [
        (["100"], "0", "100"),
        (["100", "200"], "0", "150"),
        (["100", "200"], "3", "145.5"),
        (["1", "1", "2"], "50", None),
    ],
)
def test_the_base_is_the_mean_lowered_and_unrounded(prices_, lowered_by, base):
    bids = [Offer(bid=f"b{n}", price=D(p), duration_days=90) for n, p in enumerate(prices_)]
    document = replace(SCORED, price=PriceRule(weight=D(60), lowered_by=D(lowered_by)))
    found = computed(bids, document=document)[0].ones["base_price"]
    if base is None:
        assert abs(found - D(2) / D(3)) < D("1e-25")
        assert found != D("0.67")
    else:
        assert found == D(base)


def test_nothing_is_ranked_without_bids():
    assert rank([], document=SCORED) == rank([], document=LOWEST) == []


@pytest.mark.parametrize(
    ("days", "per_day", "expected"),
    [
        (90, "100", "10000.00"),
        (89, "100", "9900.00"),
        (80, "100", "9000.00"),
        (91, "100", "10000.00"),
        (80, "0", "10000.00"),
        (89, "0.005", "10000.00"),
        (87, "0.005", "9999.99"),
    ],
)
def test_the_evaluated_price_falls_for_each_day_saved_and_never_rises(days, per_day, expected):
    """Demanded are 90 days. 10000 less half a fen is 9999.995, which rounds up; 9999.985 rounds up too."""
    assert str(evaluated("10000.00", days=days, per_day=per_day)) == expected


def test_half_a_fen_of_an_evaluated_price_rounds_up():
    """10.01 - 0.005 is 10.005: banker's rounding would say 10.00."""
    assert evaluated("10.01", days=89, per_day="0.005") == D("10.01")


def test_members_scores_are_averaged_and_rounded_once():
    """Two thirds are 0.67; rounding each criterion first would give 0.66."""
    criteria = [Criterion(key=key, title=key, weight=D(1)) for key in "xy"]
    sheets = [{"a": {"x": one, "y": one}} for one in ("1", "0", "0")]
    assert rules.mean_score(sheets, bid="a", criteria=criteria) == D("0.67")


def test_half_a_hundredth_of_a_mean_rounds_up():
    criteria = [Criterion(key="x", title="x", weight=D(10))]
    sheets = [{"a": {"x": one}} for one in ("8.01", "8.00")]
    assert rules.mean_score(sheets, bid="a", criteria=criteria) == D("8.01")


def _verdicts(against, of):
    return [{"a": {"seal": NO if n < against else YES}} for n in range(of)]


@pytest.mark.parametrize(
    ("against", "of", "rejected"),
    [
        (0, 5, False),
        (2, 5, False),
        (3, 5, True),
        (5, 5, True),
        (2, 4, False),
        (3, 4, True),
        (3, 7, False),
        (4, 7, True),
    ],
)
def test_more_than_half_reject_and_exactly_half_do_not(against, of, rejected):
    found = rules.rejected_by_majority(_verdicts(against, of), bids=["a"], requirements=[SEAL])
    assert found == ({"a": ["投标函已签名: 无签名"]} if rejected else {})


def test_a_majority_is_counted_for_each_ground_by_itself():
    """Three of five say no, but not on the same ground: nobody is rejected."""
    sheets = [
        {"a": {"seal": NO, "manager": YES}},
        {"a": {"seal": NO, "manager": YES}},
        {"a": {"seal": YES, "manager": NO}},
        {"a": {"seal": YES, "manager": YES}},
        {"a": {"seal": YES, "manager": YES}},
    ]
    assert rules.rejected_by_majority(sheets, bids=["a"], requirements=[SEAL, MANAGER]) == {}


def test_a_rejection_names_each_ground_and_each_reason_once():
    other = {"passes": False, "reason": "签名无效"}
    sheets = [
        {"a": {"seal": NO, "manager": NO}, "b": {"seal": YES, "manager": YES}},
        {"a": {"seal": NO, "manager": NO}, "b": {"seal": YES, "manager": NO}},
        {"a": {"seal": other, "manager": YES}, "b": {"seal": YES, "manager": YES}},
    ]
    assert rules.rejected_by_majority(sheets, bids=["a", "b"], requirements=[SEAL, MANAGER]) == {
        "a": ["投标函已签名: 无签名; 签名无效", "项目负责人资格: 无签名"]
    }


def test_a_preliminary_sheet_is_kept_without_what_is_beside_it():
    given_ = {"a": {"seal": {"passes": False, "reason": " 无签名 ", "more": 1}}}
    assert rules.require_preliminary(given_, bids=["a"], requirements=[SEAL]) == {"a": {"seal": NO}}
    passed = rules.require_preliminary({"a": {"seal": {"passes": True}}}, bids=["a"], requirements=[SEAL])
    assert passed == {"a": {"seal": YES}}


@pytest.mark.parametrize(
    ("content", "field", "says"),
    [
        ({}, "results", "覆盖全部"),
        ({"a": {"seal": YES}, "b": {"seal": YES}}, "results", "不含其他内容"),
        ({"b": {"seal": YES}}, "results", "覆盖全部"),
        ({"a": None}, "results.a", "每项要求"),
        ({"a": [YES]}, "results.a", "每项要求"),
        ({"a": {}}, "results.a", "每项要求"),
        ({"a": {"seal": YES, "other": YES}}, "results.a", "每项要求"),
        ({"a": {"seal": True}}, "results.a.seal", "通过或不通过"),
        ({"a": {"seal": {}}}, "results.a.seal", "通过或不通过"),
        ({"a": {"seal": {"passes": "yes"}}}, "results.a.seal", "通过或不通过"),
        ({"a": {"seal": {"passes": 1}}}, "results.a.seal", "通过或不通过"),
        ({"a": {"seal": {"passes": False}}}, "results.a.seal", "写明理由"),
        ({"a": {"seal": {"passes": False, "reason": "  "}}}, "results.a.seal", "写明理由"),
        ({"a": {"seal": {"passes": False, "reason": None}}}, "results.a.seal", "写明理由"),
    ],
)
def test_a_preliminary_sheet_with_gaps_is_refused_by_name(content, field, says):
    with pytest.raises(BadInput, match=says) as refused:
        rules.require_preliminary(content, bids=["a"], requirements=[SEAL])
    assert refused.value.field == field


def test_scores_are_kept_as_they_were_given():
    given_ = {"a": {"design": "25", "team": 0}}
    assert rules.require_scores(given_, bids=["a"], criteria=SCORED.criteria) == {
        "a": {"design": "25", "team": "0"}
    }


@pytest.mark.parametrize(
    ("content", "field", "says"),
    [
        ({}, "scores", "覆盖全部"),
        ({"a": {"design": 1, "team": 1}, "b": {}}, "scores", "不含其他内容"),
        ({"a": {"design": 1}}, "scores.a", "每个评分项"),
        ({"a": {"design": 1, "team": 1, "x": 1}}, "scores.a", "每个评分项"),
        ({"a": [1, 1]}, "scores.a", "每个评分项"),
        ({"a": {"design": "25.01", "team": 1}}, "scores.a.design", "0至25分"),
        ({"a": {"design": -1, "team": 1}}, "scores.a.design", "0至25分"),
        ({"a": {"design": "NaN", "team": 1}}, "scores.a.design", "0至25分"),
        ({"a": {"design": 1, "team": "Infinity"}}, "scores.a.team", "0至15分"),
        ({"a": {"design": "sNaN", "team": 1}}, "scores.a.design", "0至25分"),
        ({"a": {"design": "好", "team": 1}}, "scores.a.design", "不是数字"),
        ({"a": {"design": None, "team": 1}}, "scores.a.design", "不是数字"),
        ({"a": {"design": True, "team": 1}}, "scores.a.design", "不是数字"),
    ],
)
def test_a_score_sheet_with_gaps_is_refused_by_name(content, field, says):
    with pytest.raises(BadInput, match=says) as refused:
        rules.require_scores(content, bids=["a"], criteria=SCORED.criteria)
    assert refused.value.field == field


@given(prices)
@settings(deadline=None)
def test_a_dearer_bid_never_stands_before_a_cheaper_one(table):
    places = rank(offers(table))
    assert [p.price for p in places] == sorted(p.price for p in places)
    assert [p.rank for p in places] == list(range(1, len(table) + 1))
    assert {p.bid for p in places} == set(table)


@st.composite
def evaluations(draw):
    bids = [
        Offer(
            bid=f"b{n}",
            price=D(draw(st.integers(90_000, 90_010))) / 100,
            duration_days=draw(st.integers(85, 92)),
        )
        for n in range(draw(st.integers(1, 6)))
    ]
    sheets = [
        {
            b.bid: {"design": str(draw(st.integers(0, 25))), "team": str(draw(st.integers(0, 15)))}
            for b in bids
        }
        for _ in range(3)
    ]
    document = replace(
        draw(st.sampled_from([LOWEST, SCORED])),
        price=PriceRule(weight=D(60), per_day=D(draw(st.integers(0, 2)))),
    )
    return bids, document, sheets, draw(st.permutations(bids)), draw(st.permutations(sheets))


@given(evaluations())
@settings(deadline=None)
def test_the_order_of_bids_and_of_members_does_not_matter(case):
    bids, document, sheets, other_bids, other_sheets = case
    assert rank(bids, document=document, sheets=sheets) == rank(
        other_bids, document=document, sheets=other_sheets
    )


@given(evaluations())
@settings(deadline=None)
def test_points_add_up_and_decide(case):
    bids, _, sheets, _, _ = case
    places = rank(bids, document=SCORED, sheets=sheets)
    base = by_hand.base_price([b.price for b in bids], rule=SCORED.price)
    for place in places:
        assert place.total == place.price_score + place.other_score
        assert place.price_score == by_hand.price_score(place.price, base=base, rule=SCORED.price)
        assert place.other_score == rules.mean_score(sheets, bid=place.bid, criteria=SCORED.criteria)
        assert place.evaluated_price is None
    assert [(-p.total, p.price) for p in places] == sorted((-p.total, p.price) for p in places)


def test_a_faster_bid_may_stand_before_a_cheaper_one():
    document = replace(LOWEST, price=PriceRule(per_day=D(100)))
    slow = Offer(bid="slow", price=D("10000.00"), duration_days=90)
    fast = Offer(bid="fast", price=D("10050.00"), duration_days=89)
    places = rank([slow, fast], document=document)
    assert [(p.bid, p.evaluated_price) for p in places] == [("fast", D("9950.00")), ("slow", D("10000.00"))]
    assert all((p.total, p.price_score, p.other_score) == (None, None, None) for p in places)
    assert not any(p.drawn for p in places)


def test_an_equal_evaluated_price_goes_to_the_lower_price_without_a_draw():
    document = replace(LOWEST, price=PriceRule(per_day=D(50)))
    slow = Offer(bid="slow", price=D("10000.00"), duration_days=90)
    fast = Offer(bid="fast", price=D("10050.00"), duration_days=89)
    places = rank([fast, slow], document=document, lots={"fast": b"0", "slow": b"1"})
    assert [(p.bid, p.drawn) for p in places] == [("slow", False), ("fast", False)]


@pytest.mark.parametrize(
    ("lots", "first"), [({"a": b"\x01", "b": b"\x02"}, "a"), ({"a": b"\x02", "b": b"\x01"}, "b")]
)
@pytest.mark.parametrize("document", [LOWEST, SCORED], ids=["lowest", "scored"])
def test_what_is_equal_in_all_is_drawn_and_says_so(lots, first, document):
    bids = [*offers({"a": 100_00, "b": 100_00}), Offer(bid="c", price=D(300), duration_days=90)]
    sheets = [{bid.bid: {"design": "20", "team": "10"} for bid in bids}]
    places = rank(bids, document=document, sheets=sheets, lots={**lots, "c": b"\x00"})
    assert [p.bid for p in places if p.drawn][0] == first
    assert {p.bid for p in places if p.drawn} == {"a", "b"}


def test_equal_points_at_different_prices_go_to_the_lower_price_without_a_draw():
    """Two prices with the same points: one below the base by 2 %, one above it by 1 %."""
    document = replace(SCORED, price=PriceRule(weight=D(60), above=D(0), below=D(0)))
    bids = offers({"dear": 110_00, "cheap": 100_00})
    sheets = [{bid.bid: {"design": "20", "team": "10"} for bid in bids}]
    places = rank(bids, document=document, sheets=sheets, lots={"dear": b"0", "cheap": b"1"})
    assert [(p.bid, p.total, p.drawn) for p in places] == [
        ("cheap", D("90.00"), False),
        ("dear", D("90.00"), False),
    ]


def test_without_a_lot_nothing_is_ranked():
    with pytest.raises(KeyError):
        rank(offers({"a": 1}), lots={"b": b"0"})


@settings(max_examples=150, deadline=None)
@given(
    given_prices=prices,
    days=st.lists(st.integers(300, 400), min_size=8, max_size=8),
    per_day=st.integers(0, 50000),
    points=st.lists(st.integers(0, 150), min_size=8, max_size=8),
)
def test_the_statutory_methods_rank_as_written_by_hand(given_prices, days, per_day, points):
    """The shipped files and the two formulas written out agree, to the last digit that a report shows."""
    bids = [
        Offer(bid=bid, price=D(price) / 100, duration_days=days[n])
        for n, (bid, price) in enumerate(sorted(given_prices.items()))
    ]
    lots = {o.bid: o.bid.encode() for o in bids}
    scores = {o.bid: {c.key: str(D(points[n]) / 10) for c in SCORED.criteria} for n, o in enumerate(bids)}
    for document, sheets in (
        (replace(LOWEST, price=PriceRule(per_day=D(per_day))), []),
        (replace(SCORED, price=PriceRule(weight=D(60), lowered_by=D(2))), [scores]),
    ):
        by_file = rank(bids, document=document, days=365, sheets=sheets, lots=lots)
        assert [repr(p) for p in by_file] == [
            repr(p)
            for p in by_hand.ranking(bids, document=document, duration_days=365, sheets=sheets, lot_of=lots)
        ]


def test_an_item_named_like_a_figure_of_the_method_takes_nothing_from_it():
    """A statutory method reads the price and all the points together, whatever key an item of the file has."""
    named = [Criterion(key=key, title=key, weight=D(10)) for key in ("price", "other", "duration_days", "x")]
    bids = offers({"a": 100_00, "b": 120_00})
    sheets = [{b.bid: {c.key: "7" for c in named} for b in bids}]
    document = replace(SCORED, criteria=tuple(named))
    assert [
        (p.bid, str(p.price_score), str(p.other_score)) for p in rank(bids, document=document, sheets=sheets)
    ] == [
        ("a", "50.91", "28.00"),
        ("b", "41.82", "28.00"),
    ]


CEILINGS = {"1": Decimal(950), "2": Decimal("1200.00")}


@pytest.mark.parametrize(
    ("price", "units", "says"),
    [
        ("1900", {"1": "900", "2": "1000"}, ""),
        ("2150", {"1": "950.00", "2": "1200"}, ""),
        ("1950.01", {"1": "950.01", "2": "1000"}, "第1项单价超过最高限制单价"),
        ("1900.01", {"1": "900", "2": "1000"}, "报价1900.01元不等于各项单价之和"),
        ("900", {"1": "900"}, "没有逐项报出单价"),
        ("900", {"1": "900", "2": "x"}, "没有逐项报出单价"),
        ("900", {"1": "900", "2": "0"}, "单价应大于0"),
        ("900", {"1": "NaN", "2": "1"}, "单价应大于0"),
        ("1900", None, "没有逐项报出单价"),
    ],
)
def test_unit_prices_add_up_and_keep_their_ceilings(price: str, units: object, says: str) -> None:
    found = rules.unit_price_faults({"a": (Decimal(price), units)}, ceilings=CEILINGS)
    assert found == ({"a": says} if says else {})


def test_what_is_arithmetic_nobody_judges_otherwise() -> None:
    def sheet(**passes: bool) -> dict[str, dict[str, dict[str, object]]]:
        return {bid: {"unit_prices": {"passes": ok, "reason": ""}} for bid, ok in passes.items()}

    rules.require_arithmetic(sheet(a=True, b=False), faults={"b": "单价应大于0"})
    for wrong in (sheet(a=True, b=True), sheet(a=False, b=False)):
        with pytest.raises(BadInput, match="单价"):
            rules.require_arithmetic(wrong, faults={"b": "单价应大于0"})

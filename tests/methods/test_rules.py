"""What holds of every shipped method whatever the bids, and what a method file may not say."""

import random
from decimal import Decimal as D
from decimal import localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.methods.explain import Level, explain, in_words
from ggzy.methods.expression import CONTEXT, BadFormula, CannotCompute, compiled, half_up, read
from ggzy.methods.method import BadMethod, Method, UnlawfulMethod, parse
from ggzy.methods.run import Bid, Rejected, bind, draw, run
from ggzy.methods.shelf import method_named, shipped

pytestmark = pytest.mark.pure
ALL = sorted(shipped())
money = st.decimals(min_value="1", max_value="900000000", places=2)
bid_lists = st.lists(money, min_size=2, max_size=14)


def scheme_of(method: Method, scale: int = 1):
    given_values = {}
    for p in method.parameters:
        if p.unit == "元":
            given_values[p.name] = (p.default if p.default is not None else D(950_000_000)) * scale
    return bind(method, given_values)


def bids_of(method: Method, prices: list[D], scale: int = 1) -> list[Bid]:
    made = []
    for n, price in enumerate(prices):
        value = price * scale if method.value == "price" else price % 60
        figures = {method.value: value}
        for figure in method.figures[1:]:
            figures[figure.name] = D(n * 7 % 10) if figure.default is not None else D(61 + n)
        made.append(Bid(ref=f"b{n:02d}", figures=figures))
    return made


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=25, deadline=None)
@given(prices=bid_lists, seed=st.integers(0, 99))
def test_the_order_of_bids_never_matters(name: str, prices: list[D], seed: int) -> None:
    method = method_named(name)
    bids = bids_of(method, prices)
    shuffled = list(bids)
    random.Random(seed).shuffle(shuffled)
    assert run(scheme_of(method), bids) == run(scheme_of(method), shuffled)


@pytest.mark.parametrize("name", [n for n in ALL if shipped()[n].falling])
@settings(max_examples=40, deadline=None)
@given(prices=bid_lists)
def test_a_dearer_bid_never_scores_more(name: str, prices: list[D]) -> None:
    method = method_named(name)
    bids = [Bid(ref=f"{n}", figures={"price": p}) for n, p in enumerate(prices)]
    lines = sorted(run(scheme_of(method), bids).lines, key=lambda row: row.figures["price"])
    scores = [line.figures[method.score] for line in lines]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=25, deadline=None)
@given(prices=bid_lists, outlier=money)
def test_a_rejected_bid_never_sets_a_base(name: str, prices: list[D], outlier: D) -> None:
    method = method_named(name)
    bids = bids_of(method, prices)
    out = Bid(ref="x", figures=bids_of(method, [outlier])[0].figures, rejected=Rejected.BEFORE)
    plain, with_it = run(scheme_of(method), bids), run(scheme_of(method), [*bids, out])
    assert (plain.ones, plain.lists) == (with_it.ones, with_it.lists)
    assert with_it.lines[-1].rank is None and with_it.lines[:-1] == plain.lines


@pytest.mark.parametrize("name", [n for n in ALL if shipped()[n].value == "price"])
@settings(max_examples=25, deadline=None)
@given(prices=bid_lists)
def test_scaling_all_prices_scales_the_base(name: str, prices: list[D]) -> None:
    method = method_named(name)
    one, eight = (run(scheme_of(method, s), bids_of(method, prices, s)) for s in (1, 8))
    rounded = [step.places for step in method.steps[: 1 + [s.name for s in method.steps].index(method.base)]]
    allowed = sum((9 * D("0.5").scaleb(-p) for p in rounded if p is not None), D("1E-30"))
    with localcontext(CONTEXT):
        assert abs(eight.ones[method.base] - 8 * one.ones[method.base]) <= allowed


def test_what_two_thirds_times_three_is() -> None:
    """Quotients are cut off after 70 digits; comparing and rounding must not show it."""
    raw = SMALL | {"steps": [{"name": "x", "title": "x", "each": "price / 3 * 3", "round": 2}]}
    raw["rank"] = {"by": [{"highest": "1 if x == price and price / 3 * 3 >= price else 0"}]}
    found = run(bind(parse(raw), {}), [Bid(ref="a", figures={"price": D("0.02")})])
    assert found.lines[0].figures["x"] == D("0.02")
    halves = run(bind(parse(raw), {}), [Bid(ref="a", figures={"price": D("0.025")})])
    assert halves.lines[0].figures["x"] == D("0.03")  # 0.025 / 3 × 3, cut off, lies just below the half
    assert half_up(D("24.045"), 2) == D("24.05") and half_up(D("-0.005"), 2) == D("-0.01")
    assert half_up(D("24.04") + D("0.00499999"), 2) == D("24.04")


SMALL = {"id": "m", "title": "办法", "rank": {"by": [{"lowest": "price"}]}}


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "price.real",
        "[1]",
        "price if",
        "lambda: 1",
        "min(price, key=1)",
        "nothing + 1",
        "mean(1)",
        "price > 1",
        "0x10",
        "1e9",
        "'a'",
        "price ** 9",
        "(" * 50 + "price" + ")" * 50 + "+" * 0 + "(" * 40 + "1" + ")" * 39,
        "-" * 40 + "price",
        "trim(price, price, 1)",
        "from_table(count(price), 1, 2)",
        "1 +" * 300 + "1",
        "True",
    ],
)
def test_what_a_formula_may_not_be(text: str) -> None:
    steps = [{"name": "x", "title": "x", "each": text}]
    with pytest.raises((BadFormula, BadMethod)):
        parse(SMALL | {"steps": steps})


@pytest.mark.parametrize(
    ("steps", "basis"),
    [
        ("abs(price - estimate) <= estimate * 0.1", "第五十条"),
        ("price >= ceiling * 0.85", "第二十七条"),
        ("not (price < ceiling * 0.85)", "第二十七条"),
        ("100000 < price", "第二十七条"),
    ],
)
def test_what_a_method_may_not_reject(steps: str, basis: str) -> None:
    raw = SMALL | {
        "parameters": {"estimate": {"title": "标底"}, "ceiling": {"title": "限价"}},
        "steps": [{"name": "k", "title": "范围", "keep": steps}],
    }
    with pytest.raises(UnlawfulMethod) as no:
        parse(raw)
    assert no.value.basis is not None and no.value.basis.article == basis
    allowed = raw | {"steps": [{"name": "k", "title": "范围", "keep": "price <= ceiling"}]}
    assert parse(allowed)


def test_what_else_the_law_forbids() -> None:
    with pytest.raises(UnlawfulMethod):  # nearness to 标底
        parse(
            SMALL
            | {
                "parameters": {"estimate": {"title": "标底"}},
                "steps": [{"name": "d", "title": "d", "each": "abs(price - estimate)"}],
                "rank": {"by": [{"lowest": "d"}]},
            }
        )
    with pytest.raises(UnlawfulMethod):  # a lottery of bidders
        parse(SMALL | {"bid": {"luck": {"title": "号码", "drawn": ["1", "2"]}}})
    with pytest.raises(UnlawfulMethod):
        bind(method_named("gp_low_price_score_goods"), {"price_weight": 29})
    with pytest.raises(UnlawfulMethod):
        bind(method_named("gp_low_price_score_services"), {"price_weight": "9.99"})
    with pytest.raises(UnlawfulMethod):
        parse(SMALL | {"separation": {"region": "某地"}})
    with pytest.raises(UnlawfulMethod):
        parse(SMALL | {"separation": {"region": "某地", "basis": "某条例", "award_by": "draw"}})
    assert parse(SMALL | {"separation": {"region": "某地", "basis": "某条例"}}).separation


def test_a_file_is_warned_where_below_costs_more_than_above() -> None:
    raw = dict(method_named("gc_comprehensive_deviation").source)
    raw["parameters"] = raw["parameters"] | {"lost_above": {"title": "高于", "default": "0.5"}}
    assert parse(raw).warnings


def test_a_step_without_a_value_is_a_refusal_that_names_it() -> None:
    raw = SMALL | {"steps": [{"name": "x", "title": "比值", "each": "1 / (price - price)"}]}
    with pytest.raises(CannotCompute, match="第1步“比值”"):
        run(bind(parse(raw), {}), [Bid(ref="a", figures={"price": D(1)})])


def test_parameters_are_bound_within_their_bounds() -> None:
    method = method_named("gc_k_value")
    for bad in (
        {"ceiling": 1, "k": "4.99"},
        {"ceiling": 1, "k": "5.005"},
        {},
        {"ceiling": "x"},
        {"ceiling": 1, "y": 1},
    ):
        with pytest.raises(BadMethod):
            bind(method, bad)
    assert parse(bind(method, {"ceiling": 1}).as_json()["method"]) == parse(method.source)


def test_a_draw_can_be_repeated_and_stays_within_the_file() -> None:
    for method in shipped().values():
        seen = set()
        for n in range(40):
            drawn = draw(method, randomness=bytes([n]) * 32, code=b"round")
            assert drawn == draw(method, randomness=bytes([n]) * 32, code=b"round")
            scheme_values = {p.name: D(9) for p in method.parameters if p.default is None}
            bind(method, scheme_values | drawn)
            seen.add(str(drawn))
        assert len(seen) > 1 or not any(p.drawn for p in method.parameters)


def test_a_bidder_sees_its_own_figures_and_nobody_elses() -> None:
    method = method_named("gc_technical_lowest_price")
    bids = bids_of(method, [D(100), D(200), D("333.33")])
    found = run(scheme_of(method), bids)
    full = explain(found, level=Level.FULL)
    assert len(full.steps[0].rows) == 3 and full.steps[1].rows[0].result.endswith("分")
    public = explain(found, level=Level.PUBLIC)
    assert not public.steps[0].rows and public.steps[1].withheld and public.steps[3].rows[0].result == "100元"
    own = explain(found, level=Level.BIDDER, viewer="b01")
    assert [row.bid for step in own.steps for row in step.rows if row.bid] == ["b01", "b01"]
    assert "=" not in "".join(step.formula for step in in_words(method))


def test_figures_are_put_into_the_words() -> None:
    found = run(
        bind(method_named("gp_low_price_score_goods"), {}),
        [Bid(ref="甲", figures={"price": D(980000)}), Bid(ref="乙", figures={"price": D(1250000)})],
    )
    steps = explain(found, level=Level.FULL).steps
    assert steps[2].formula == "评标基准价 ÷ 评标价 × 价格分值"
    assert {row.bid: (row.put_in, row.result) for row in steps[2].rows}["乙"] == (
        "980000.00 ÷ 1250000.00 × 30",
        "23.52分",
    )
    assert steps[1].rows[0].put_in == "最低值(评标价)"


def test_a_tree_reads_what_was_written() -> None:
    assert read("1 < 2 < 3") == read("1 < 2 and 2 < 3")
    assert compiled("0.1 + 0.2", shapes={}).run(None, 0) == D("0.3")  # type: ignore[arg-type]

"""Rules of 合作创新采购: who may sit, what a file keeps, who is ranked, what is compensated."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.innovation import rules
from ggzy.innovation.rules import Entrant, Factor, Money, Seat, Weighs
from ggzy.kernel.refusals import BadInput

pytestmark = pytest.mark.pure

AT = datetime(2026, 3, 2, tzinfo=UTC)
GROUP = [Seat.BUYER, Seat.TECHNICAL, Seat.TECHNICAL, Seat.LAW, Seat.ECONOMY]
amounts = st.decimals(0, 10**9, places=2)


@pytest.mark.parametrize(
    "seats",
    [
        GROUP[:4],
        [*GROUP, Seat.TECHNICAL],
        [Seat.TECHNICAL, *GROUP[1:]],
        [s if s is not Seat.LAW else Seat.TECHNICAL for s in GROUP],
        [s if s is not Seat.ECONOMY else Seat.TECHNICAL for s in GROUP],
    ],
)
def test_a_group_is_whole_or_does_not_sit(seats):
    with pytest.raises(rules.GroupNotLawful):
        rules.require_group(seats)


def test_a_group_of_five_or_seven_sits():
    rules.require_group(GROUP)
    rules.require_group([*GROUP, Seat.TECHNICAL, Seat.BUYER])


@pytest.mark.parametrize(("found", "is_so"), [([True, True, False], True), ([True, False, False], False)])
def test_the_majority_qualifies(found, is_so):
    assert rules.qualified(found) is is_so


def rows(plan, price):
    return [
        {"name": "研发方案", "weight": plan, "weighs": "plan"},
        {"name": "知识产权", "weight": str(100 - Decimal(plan) - Decimal(price)), "weighs": "other"},
        {"name": "价格", "weight": price, "weighs": "price"},
    ]


def test_a_research_plan_weighs_half_or_more():
    assert rules.factors(rows("50", "20"), plan=True)[0]["weight"] == "50.00"
    with pytest.raises(rules.PlanWeighsTooLittle):
        rules.factors(rows("49.99", "20"), plan=True)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [{"name": "价格", "weight": "100", "weighs": "price"}],
        [{"name": "研发方案", "weight": "99", "weighs": "plan"}],
        [*rows("60", "20"), {"name": "另一价格", "weight": "1", "weighs": "price"}],
        [{"name": "", "weight": "100", "weighs": "plan"}],
        [
            {"name": "研发方案", "weight": "1e2", "weighs": "other"},
            {"name": "无", "weight": "0", "weighs": "plan"},
        ],
    ],
)
def test_factors_are_a_hundred_points_that_members_judge(wrong):
    with pytest.raises(BadInput):
        rules.factors(wrong, plan=True)


@given(most=amounts, compensation=amounts, first=amounts, incentive=amounts, suppliers=st.integers(1, 3))
def test_whatever_all_suppliers_spend_within_a_file_stays_within_the_most(
    most, compensation, first, incentive, suppliers
):
    money = Money(most_cost=most, compensation=compensation, first_price=first, incentive=incentive)
    try:
        rules.require_money(money, suppliers=suppliers)
    except rules.OverMostCost:
        assert suppliers * compensation + first + incentive > most
    else:
        assert suppliers * compensation + first + incentive <= most


@pytest.mark.parametrize("suppliers", [0, 4])
def test_one_to_three_research(suppliers):
    money = Money(most_cost=Decimal(9), compensation=Decimal(1), first_price=Decimal(1), incentive=Decimal(0))
    with pytest.raises(rules.TooManySuppliers):
        rules.require_money(money, suppliers=suppliers)


spendings = st.fixed_dictionaries({kind.value: amounts.map(str) for kind in rules.Cost})
kinds = st.sets(st.sampled_from([kind.value for kind in rules.Cost]), min_size=1)


@given(limit=amounts, kinds=kinds, stages=st.lists(st.tuples(spendings, st.none() | amounts), max_size=6))
def test_stage_by_stage_no_more_is_compensated_than_spent_agreed_and_left(limit, kinds, stages):
    left = limit
    for spent, stage_limit in stages:
        most = rules.most_compensable(spent, kinds=kinds, stage_limit=stage_limit, left=left)
        assert 0 <= most <= sum(Decimal(spent[kind]) for kind in kinds)
        assert stage_limit is None or most <= stage_limit
        rules.require_compensation(most, most=most)
        with pytest.raises(rules.OverCompensation):
            rules.require_compensation(most + rules.CENT, most=most)
        left -= most
    assert 0 <= left <= limit


BY = [
    Factor(key="1", name="研发方案", weight=Decimal(60), weighs=Weighs.PLAN),
    Factor(key="2", name="服务", weight=Decimal(10), weighs=Weighs.OTHER),
    Factor(key="3", name="价格", weight=Decimal(30), weighs=Weighs.PRICE),
]


def entrant(name, price, minutes=0):
    return Entrant(entrant=name, price=Decimal(price), at=AT + timedelta(minutes=minutes))


def test_a_half_cent_rounds_up_and_the_lowest_price_has_it_all():
    """Three members give 50, 50 and 50.02: 50.00666... is 50.01; 801.50 / 1000 × 30 is exactly 24.045."""
    sheets = [{"甲": {"1": "40", "2": p}, "乙": {"1": "40", "2": p}} for p in ("10", "10", "10.02")]
    places = rules.ranking(sheets, entrants=[entrant("甲", "1000"), entrant("乙", "801.50")], by=BY)
    assert [(p.entrant, str(p.judged), str(p.priced)) for p in places] == [
        ("乙", "50.01", "30.00"),
        ("甲", "50.01", "24.05"),
    ]


def test_equals_go_by_the_price_and_then_by_the_time():
    alike = {"1": "40", "2": "5"}
    sheets = [dict.fromkeys("甲乙丙", alike)]
    no_price = BY[:2]
    places = rules.ranking(
        sheets,
        entrants=[entrant("甲", "10", 2), entrant("乙", "10", 1), entrant("丙", "9", 3)],
        by=no_price,
    )
    assert [p.entrant for p in places] == ["丙", "乙", "甲"]
    assert rules.chosen(places, suppliers=2) == ["丙", "乙"]
    assert rules.chosen(places, suppliers=9) == ["丙", "乙", "甲"]


@pytest.mark.parametrize(
    "given_points",
    [
        {},
        {"甲": {"1": "40"}},
        {"甲": {"1": "60.01", "2": "1"}},
        {"甲": {"1": "40", "2": "-1"}},
        {"甲": {"1": "40", "2": "1"}, "外": {}},
    ],
)
def test_a_sheet_judges_everybody_on_everything_within_the_points(given_points):
    with pytest.raises(BadInput):
        rules.sheet(given_points, entrants=["甲"], by=BY)


RESPONSE = {
    "plan": '方案\n第二行 "引号"',
    "milestones": "样机",
    "months": "18",
    "compensation": "3000000.00",
    "first_price": "2000000.00",
    "ip": "归供应商",
    "upgrades": "三年",
    "service": "两年",
}
LIMITS = {"compensation": Decimal(3_000_000), "first_price": Decimal(2_000_000), "most_months": 24}


def test_a_response_at_the_limits_answers_the_file():
    assert rules.response(RESPONSE, **LIMITS) == RESPONSE


@pytest.mark.parametrize(
    "changes",
    [
        {"compensation": "3000000.01"},
        {"first_price": "2000000.01"},
        {"compensation": "3000000"},
        {"first_price": "0.00"},
        {"months": "0"},
        {"months": "25"},
        {"months": "1.5"},
        {"plan": "  "},
    ],
)
def test_a_response_over_the_limits_or_with_a_part_missing_is_none(changes):
    with pytest.raises(BadInput):
        rules.response(RESPONSE | changes, **LIMITS)


def test_what_was_sealed_is_this_response_of_this_supplier_and_nothing_else():
    known = {"purchase": "p", "supplier": "s", "kind": "first", "response": RESPONSE, "salt": "ab" * 32}
    digest = rules.sealed(**known)
    for change in (
        {"supplier": "t"},
        {"kind": "final"},
        {"salt": "ac" * 32},
        {"response": RESPONSE | {"plan": "x"}},
    ):
        assert rules.sealed(**(known | change)) != digest
    with pytest.raises(rules.WrongReveal):
        rules.sealed(**(known | {"salt": "ab"}))

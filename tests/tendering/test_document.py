"""The tender file as JSON: what cannot be right is refused with the name of its part, the rest survives a round trip."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.kernel.refusals import BadInput
from ggzy.tendering import document
from ggzy.tendering.document import Method, ReviewPart, Several

pytestmark = pytest.mark.pure

LOWEST = {"method": "lowest_evaluated_price"}
SCORED = {
    "method": "comprehensive",
    "price": {"weight": "60", "above": "2", "below": "1", "lowered_by": "3"},
    "criteria": [
        {"key": "design", "title": "施工组织设计", "weight": "25"},
        {"key": "team", "title": "项目管理机构", "weight": 15},
    ],
}
REQUIREMENT = {"key": "seal", "part": "formal", "text": "投标函已签名"}


def test_a_file_that_says_only_its_method_is_the_standard_file():
    read = document.parse(LOWEST)
    assert read.method is Method.LOWEST_EVALUATED_PRICE
    assert [(r.key, r.part) for r in read.requirements] == [
        ("seal", ReviewPart.FORMAL),
        ("one_price", ReviewPart.FORMAL),
        ("licence", ReviewPart.QUALIFICATION),
        ("manager", ReviewPart.QUALIFICATION),
        ("duration", ReviewPart.RESPONSIVE),
        ("ceiling", ReviewPart.RESPONSIVE),
    ]
    assert (read.committee_size, read.owner_representatives, read.specialty) == (5, 0, "A08")
    assert (read.bid_validity_days, read.decryption_minutes, read.consortium_allowed) == (90, 30, True)
    assert (read.deposit, read.deposit_forms) == (
        Decimal("0.00"),
        ("transfer", "guarantee", "insurance", "commitment"),
    )
    assert (read.price.above, read.price.below, read.price.lowered_by, read.price.per_day) == (2, 1, 0, 0)
    assert read.criteria == ()


def test_a_scored_file_keeps_its_points_exactly():
    read = document.parse(SCORED)
    assert [(c.key, c.weight) for c in read.criteria] == [("design", Decimal(25)), ("team", Decimal(15))]
    assert (read.price.weight, read.price.lowered_by) == (Decimal(60), Decimal(3))


def test_criteria_mean_nothing_where_only_the_price_ranks():
    assert document.parse({**SCORED, **LOWEST}).criteria == ()


BAD = [
    ("method", {}, "评标办法"),
    ("method", {"method": "最低价"}, "评标办法"),
    ("method", {"method": None}, "评标办法"),
    ("method", {"method": ["comprehensive"]}, "评标办法"),
    ("price.weight", {**LOWEST, "price": {"weight": "六十"}}, "应为数字"),
    ("price.weight", {**LOWEST, "price": {"weight": "-1"}}, "0至1000"),
    ("price.weight", {**LOWEST, "price": {"weight": "1000.01"}}, "0至1000"),
    ("price.above", {**LOWEST, "price": {"above": "NaN"}}, "0至1000"),
    ("price.above", {**LOWEST, "price": {"above": -2}}, "0至1000"),
    ("price.below", {**LOWEST, "price": {"below": None}}, "应为数字"),
    ("price.below", {**LOWEST, "price": {"below": "Infinity"}}, "0至1000"),
    ("price.lowered_by", {**LOWEST, "price": {"lowered_by": "x"}}, "基准价下浮"),
    ("price.per_day", {**LOWEST, "price": {"per_day": "-5"}}, "不能为负"),
    ("price.per_day", {**LOWEST, "price": {"per_day": "x"}}, "不是数字"),
    ("requirements.0.key", {**LOWEST, "requirements": [{**REQUIREMENT, "key": ""}]}, "编号"),
    ("requirements.0.key", {**LOWEST, "requirements": [{**REQUIREMENT, "key": "签名"}]}, "编号"),
    ("requirements.0.key", {**LOWEST, "requirements": [{**REQUIREMENT, "key": "a b"}]}, "编号"),
    ("requirements.0.key", {**LOWEST, "requirements": [{**REQUIREMENT, "key": "a" * 41}]}, "编号"),
    ("requirements.0.key", {**LOWEST, "requirements": [{"part": "formal", "text": "x"}]}, "编号"),
    (
        "requirements.1.part",
        {**LOWEST, "requirements": [REQUIREMENT, {**REQUIREMENT, "key": "b", "part": "x"}]},
        "评审环节",
    ),
    ("requirements.0.text", {**LOWEST, "requirements": [{**REQUIREMENT, "text": "  "}]}, "评审要求"),
    ("requirements.0.text", {**LOWEST, "requirements": [{**REQUIREMENT, "text": "长" * 301}]}, "不超过300字"),
    ("document", {**LOWEST, "requirements": [REQUIREMENT, REQUIREMENT]}, "评审要求的编号不能重复"),
    ("criteria.0.key", {**SCORED, "criteria": [{"title": "设计", "weight": 40}]}, "编号"),
    ("criteria.0.title", {**SCORED, "criteria": [{"key": "a", "weight": 40}]}, "评分项名称"),
    ("criteria.0.weight", {**SCORED, "criteria": [{"key": "a", "title": "设计"}]}, "应为数字"),
    (
        "document",
        {
            **SCORED,
            "criteria": [
                {"key": "a", "title": "甲", "weight": 20},
                {"key": "a", "title": "乙", "weight": 20},
            ],
        },
        "评分项的编号不能重复",
    ),
    ("criteria", {**SCORED, "criteria": []}, "至少要有一个"),
    ("criteria", {**SCORED, "criteria": [{"key": "a", "title": "设计", "weight": "39.99"}]}, "现为99.99分"),
    ("criteria", {**SCORED, "criteria": [{"key": "a", "title": "设计", "weight": "40.01"}]}, "现为100.01分"),
    (
        "criteria",
        {**SCORED, "price": {"weight": 0}, "criteria": [{"key": "a", "title": "设计", "weight": 100}]},
        "报价分大于0",
    ),
    ("deposit", {**LOWEST, "deposit": "十万"}, "不是数字"),
    ("deposit", {**LOWEST, "deposit": -1}, "不能为负"),
    ("deposit_forms", {**LOWEST, "deposit_forms": ["cash"]}, "cash"),
    ("bid_validity_days", {**LOWEST, "bid_validity_days": 29}, "30至365"),
    ("bid_validity_days", {**LOWEST, "bid_validity_days": 366}, "30至365"),
    ("bid_validity_days", {**LOWEST, "bid_validity_days": "三十"}, "应为整数"),
    ("decryption_minutes", {**LOWEST, "decryption_minutes": 4}, "5至240"),
    ("decryption_minutes", {**LOWEST, "decryption_minutes": 241}, "5至240"),
    ("decryption_minutes", {**LOWEST, "decryption_minutes": None}, "应为整数"),
    ("committee_size", {**LOWEST, "committee_size": 2}, "3至21"),
    ("committee_size", {**LOWEST, "committee_size": 22}, "3至21"),
    ("committee_size", {**LOWEST, "committee_size": [5]}, "应为整数"),
    ("owner_representatives", {**LOWEST, "owner_representatives": -1}, "0至7"),
    ("owner_representatives", {**LOWEST, "owner_representatives": 8}, "0至7"),
    ("quality", {**LOWEST, "quality": ""}, "请填写质量要求"),
    ("quality", {**LOWEST, "quality": "好" * 101}, "不超过100字"),
    ("specialty", {**LOWEST, "specialty": "土建"}, "编号"),
    ("text", {**LOWEST, "text": "字" * 200_001}, "不超过200000字"),
]


@pytest.mark.parametrize(("field", "raw", "says"), BAD, ids=[f"{n}-{case[0]}" for n, case in enumerate(BAD)])
def test_what_cannot_be_right_is_refused_by_name(field, raw, says):
    with pytest.raises(BadInput) as refused:
        document.parse(raw)
    assert refused.value.field == field
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("bid_validity_days", 30, 365),
        ("decryption_minutes", 5, 240),
        ("committee_size", 3, 21),
        ("owner_representatives", 0, 7),
    ],
)
def test_the_ends_of_a_range_are_within_it(field, least, most):
    for value in (least, most, str(most)):
        assert getattr(document.parse({**LOWEST, field: value}), field) == int(value)


@pytest.mark.parametrize(
    "raw",
    [
        {**LOWEST, "price": "60"},
        {**LOWEST, "requirements": "seal"},
        {**LOWEST, "requirements": ["seal"]},
        {**LOWEST, "requirements": {"key": "seal"}},
        {**LOWEST, "requirements": 5},
        {**SCORED, "criteria": ["design"]},
        {**LOWEST, "deposit_forms": 5},
        {**LOWEST, "deposit_forms": [["transfer"]]},
        {**LOWEST, "committee_size": float("inf")},
    ],
)
def test_json_of_another_shape_is_bad_input_and_no_crash(raw):
    with pytest.raises(BadInput):
        document.parse(raw)


@pytest.mark.parametrize("field", ["committee_size", "bid_validity_days", "decryption_minutes"])
def test_a_broken_number_is_no_whole_number(field):
    with pytest.raises(BadInput):
        document.parse({**LOWEST, field: 35.9 if field != "committee_size" else 5.9})


def test_the_text_false_is_not_yes():
    try:
        assert not document.parse({**LOWEST, "consortium_allowed": "false"}).consortium_allowed
    except BadInput as refused:
        assert refused.field == "consortium_allowed"


@pytest.mark.parametrize("field", ["text", "quality"])
def test_a_nul_character_is_refused_before_the_database_does(field):
    with pytest.raises(BadInput):
        document.parse({**LOWEST, field: "a\u0000b"})


words = st.from_regex("[A-Za-z0-9_]{0,10}[A-Za-z0-9]", fullmatch=True)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=20
)
points = st.decimals(0, 10, places=2)


@st.composite
def documents(draw):
    criteria = [
        {"key": key, "title": draw(texts), "weight": str(draw(st.decimals(0, 9, places=2)))}
        for key in draw(st.lists(words, min_size=1, max_size=5, unique=True))
    ]
    rest = 100 - sum(Decimal(row["weight"]) for row in criteria)
    return {
        "method": draw(st.sampled_from([m.value for m in Method])),
        "price": {
            "weight": str(rest),
            "above": str(draw(points)),
            "below": str(draw(points)),
            "lowered_by": str(draw(points)),
            "per_day": str(draw(points)),
        },
        "requirements": [
            {"key": key, "part": draw(st.sampled_from([p.value for p in ReviewPart])), "text": draw(texts)}
            for key in draw(st.lists(words, max_size=4, unique=True))
        ],
        "criteria": criteria,
        "quality": draw(texts),
        "deposit": str(draw(st.decimals(0, 10**6, places=2))),
        "deposit_forms": draw(st.lists(st.sampled_from(sorted(document.DEPOSIT_FORMS)), unique=True)),
        "bid_validity_days": draw(st.integers(30, 365)),
        "decryption_minutes": draw(st.integers(5, 240)),
        "consortium_allowed": draw(st.booleans()),
        "committee_size": draw(st.integers(5, 21)),
        "owner_representatives": draw(st.integers(0, 7)),
        "specialty": draw(words),
        "text": draw(st.just("") | texts),
    }


@given(documents())
@settings(deadline=None)
def test_a_file_survives_the_round_trip(raw):
    read = document.parse(raw)
    again = document.parse(json.loads(json.dumps(read.as_json())))
    assert again == read
    assert again.as_json() == read.as_json()


def test_as_json_holds_no_number_that_could_be_rounded():
    """Decimals leave as text: JSON numbers are floats elsewhere, and the bytes are hashed."""
    made = document.parse({**SCORED, "deposit": "80000"}).as_json()
    assert (made["deposit"], made["price"]["weight"], made["criteria"][1]["weight"]) == (
        "80000.00",
        "60",
        "15",
    )
    assert made["method"] == "comprehensive"
    assert made["requirements"][0]["part"] == "formal"


def test_choices_have_the_words_of_the_statute():
    assert [m.label for m in Method] == ["经评审的最低投标价法", "综合评估法"]
    assert [p.label for p in ReviewPart] == ["形式评审", "资格评审", "响应性评审", "报价文件评审"]


@pytest.mark.parametrize(
    ("ranked", "rate", "most", "kept"),
    [
        # at least one drops out, and at two the floor would be one below
        *((2, "0.2", 0, 1), (3, "0.2", 0, 2), (5, "0.2", 0, 4), (10, "0.2", 0, 8), (11, "0.2", 0, 8)),
        *((5, "0.4", 0, 3), (1, "0.2", 0, 1), (10, "0.2", 3, 3), (3, "0.2", 9, 2)),
        # without a rate as many as the number, or all of fewer
        *((2, "0", 3, 2), (5, "0", 3, 3), (3, "0", 3, 3)),
    ],
)
def test_how_many_a_result_names(ranked: int, rate: str, most: int, kept: int) -> None:
    assert Several(most=most, rate=Decimal(rate)).keeps(ranked) == kept

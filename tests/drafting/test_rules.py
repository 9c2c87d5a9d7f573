"""Templates, the library, the lists and the comparison: pure."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.drafting import clauses as drafted
from ggzy.drafting.diff import Change, Mark, Part, differences, marked
from ggzy.drafting.library import LIBRARY, SECTORS, of_sector
from ggzy.drafting.lists import BY_CODE, RULES, Level, Place, absent, check, unanswered
from ggzy.drafting.standard import CONSTRUCTION, TEMPLATES
from ggzy.drafting.template import Clause, Kind, Slot
from ggzy.kernel.refusals import BadInput

pytestmark = pytest.mark.pure

#: what was published is read with these words for ever: a change is a new version or a new key, never another hash
TEMPLATE_HASHES = {
    ("construction", "2026.1"): "88a05f27efe8db6f4f5ad00b6aef19e9f6cc367fda199d9b77dde4e630e96ea8",
}
LIBRARY_HASH = "0ab6a8dae7668aab7f170aba7271db8a4df4b33edfe81009e70f33e7d3e752f7"


def test_locked_words_stay_as_they_were_published() -> None:
    import hashlib

    assert {key: t.sha256 for key, t in TEMPLATES.items()} == TEMPLATE_HASHES
    joined = "\n".join(f"{key} {clause.sha256}" for key, clause in LIBRARY.items())
    assert hashlib.sha256(joined.encode()).hexdigest() == LIBRARY_HASH


def test_the_template_has_the_chapters_of_a_construction_file_and_every_slot_once() -> None:
    assert len(CONSTRUCTION.chapters) == 8
    keys = [s.key for c in CONSTRUCTION.clauses.values() for s in c.slots]
    assert len(keys) == len(set(keys)) >= 25


@pytest.mark.parametrize("sector", SECTORS)
def test_each_sector_has_its_clauses_each_with_its_law(sector: str) -> None:
    assert len(of_sector(sector)) >= 12
    assert all(c.law for c in of_sector(sector))


def test_our_own_clauses_are_not_on_the_negative_list_and_cover_the_positive_one() -> None:
    begun = drafted.blank()
    whole = drafted.parse(begun.as_json() | {"library": list(LIBRARY)})
    assert whole is not None
    texts = [Place(key=c.key, says=c.title, text=c.text) for c in whole.rendered()]
    assert [(f.rule, f.phrase, f.place) for f in check(texts)] == []
    assert absent("\n".join(f"{c.title}: {c.text}" for c in whole.rendered())) == []


def test_a_slot_is_read_by_its_kind_and_within_its_limits() -> None:
    share = CONSTRUCTION.slots["performance"]
    assert share.read(" 10.0 ") == "10" and share.read("0") == "0" and share.read("") == ""
    for wrong in ("10.01", "-1", "ten", "NaN", "1e99", True, ["5"]):
        with pytest.raises(BadInput):
            share.read(wrong)
    assert CONSTRUCTION.slots["start"].read("2026-05-01") == "2026-05-01"
    with pytest.raises(BadInput):
        CONSTRUCTION.slots["start"].read("2026-02-30")
    with pytest.raises(BadInput):
        CONSTRUCTION.slots["tie"].read("抽签")
    assert CONSTRUCTION.slots["qualification"].read("一项\n\n 二项 ") == ["一项", "二项"]
    money = Slot(key="m", says="金额", kind=Kind.MONEY, most=Decimal(100))
    assert money.read("12.345") == "12.35" and money.shown("1234.50") == "1,234.50元"


def test_what_is_filled_in_is_never_read_as_a_template() -> None:
    slots = (Slot(key="a", says="甲"), Slot(key="b", says="乙"))
    clause = Clause(key="k", title="t", text="{a}和{b}", slots=slots)
    assert clause.rendered({"a": "{b}", "b": "乙"}) == "{b}和乙"
    assert "【待填】" in clause.rendered({})


def test_locked_words_cannot_be_changed_by_any_input() -> None:
    begun = drafted.blank().as_json()
    sneaked: dict[str, Any] = begun | {"locked": {"notice.access": "0" * 64}, "chapters": [{"text": "改动"}]}
    read = drafted.parse(sneaked)
    assert read is not None and read.as_json()["locked"] == begun["locked"]
    with pytest.raises(drafted.TemplateChanged):
        drafted.parse(begun | {"template_sha256": "0" * 64})
    for wrong in (
        {"slots": {"notice.access": "新条款"}},
        {"library": ["x.y"]},
        {"version": "1"},
        {"sector": "x"},
    ):
        with pytest.raises(BadInput):
            drafted.parse(begun | wrong)


@given(st.dictionaries(st.sampled_from(sorted(CONSTRUCTION.slots)), st.text(max_size=60), max_size=8))
def test_any_filling_is_refused_or_leaves_the_locked_hashes(slots: dict[str, str]) -> None:
    try:
        read = drafted.parse(drafted.blank().as_json() | {"slots": slots})
    except BadInput:
        return
    assert read is not None and read.as_json()["locked"] == drafted.blank().as_json()["locked"]
    assert drafted.parse(read.as_json()) == read


WRONG = [
    ("FC01", "投标人须为在本市注册的独立法人。"),
    ("FC02", "投标人在本市须设有分公司，并提供租赁合同。"),
    ("FC03", "项目经理须在本省缴纳社会保险满6个月。"),
    ("FC04", "外地企业须与当地企业组成联合体方可投标。"),
    ("FC05", "近三年具有本省范围内类似项目业绩不少于2项。"),
    ("FC06", "获得某市优质工程奖的加3分。"),
    ("FC09", "投标人须为国有控股企业。"),
    ("FC12", "注册资本不低于2000万元。"),
    ("FC16", "水泵须为凯泉、南方两个品牌之一。"),
    ("FC19", "投标人须拥有相关发明专利不少于2项。"),
    ("FC26", "潜在投标人须携带营业执照到现场报名后方可购买招标文件。"),
    ("FC30", "投标保证金只接受电汇。"),
    ("FC32", "中标人须缴纳廉政保证金10万元。"),
    ("FC33", "投标保证金为估算价的3%。"),
    ("FC33", "投标保证金在工程竣工后退还。"),
    ("FC40", "合格投标人超过15家时，抽签确定9家入围。"),
    ("FC41", "投标文件未逐页小签的否决投标。"),
    ("FC42", "待上级资金到位后支付进度款。"),
    ("FC46", "投标人必须以联合体形式参加。"),
    ("FC47", "投标报价不得低于最高限价的90%。"),
    ("FC48", "投标人须缴纳报名费300元。"),
    ("FC01", "所有制形式不限，但投标人注册地须在本市。"),
]
RIGHT = [
    "投标人须在中华人民共和国境内依法注册。",
    "不得以投标人注册地为由拒绝其参与。",
    "近五年具有类似项目业绩1项，业绩实施地点不限。",
    "履约担保为中标合同金额的5%，形式由中标人选择。",
    "投标保证金不超过估算价的2%。",
    "接受联合体投标，成员不超过3家，成员注册地不限。",
    "无正当理由不与招标人订立合同的，投标保证金不予退还。",
    "参考品牌仅为说明档次，可选用相当于或者优于该档次的产品。",
    "钢材应符合国家标准，生产厂家不限。",
    "评标基准价下浮系数在开标现场从公布的区间内随机抽取。",
    "工程质量保证金按结算价的3%预留。",
    "桥面铺装采用沥青混凝土，压实度不低于97%。",
]


@pytest.mark.parametrize(("rule", "text"), WRONG)
def test_an_unlawful_clause_is_pointed_at_with_its_place_and_a_lawful_wording(rule: str, text: str) -> None:
    found = [f for f in check([Place(key="text", says="正文", text=f"前言。{text}")]) if f.rule == rule]
    assert found, text
    assert f"前言。{text}"[found[0].start : found[0].end] == found[0].phrase
    assert (
        found[0].basis and found[0].instead and check([Place(key="t", says="t", text=found[0].instead)]) == []
    )


@pytest.mark.parametrize("text", RIGHT)
def test_a_lawful_neighbour_is_not_pointed_at(text: str) -> None:
    assert [(f.rule, f.phrase) for f in check([Place(key="t", says="t", text=text)])] == []


def test_every_rule_offers_a_wording_that_no_rule_points_at() -> None:
    for rule in RULES:
        assert check([Place(key="t", says="t", text=rule.instead)]) == [], rule.code
    assert len(BY_CODE) == len(RULES) == 50


@given(st.text(max_size=300))
def test_any_text_can_be_checked_and_each_phrase_stands_where_it_is_said(text: str) -> None:
    for f in check([Place(key="t", says="t", text=text)]):
        assert text[f.start : f.end] == f.phrase


def test_an_answer_holds_for_the_sentence_it_was_given_for() -> None:
    one = check([Place(key="text", says="正文", text="投标人须为国有控股企业。")])
    assert one[0].level is Level.BLOCK and unanswered(one, []) == one
    assert unanswered(one, [one[0].key]) == []
    other = check([Place(key="text", says="正文", text="投标人必须为国有控股企业。")])
    assert unanswered(other, [one[0].key]) == other


def test_what_the_positive_list_misses_is_named() -> None:
    assert "异议渠道" in {m.says for m in absent("采用标准施工招标文件。")}


texts = st.text(alphabet="投标人须在5日内提交保函。ab 1", max_size=80)


@given(texts, texts)
def test_the_marks_put_together_are_both_texts(old: str, new: str) -> None:
    words = marked(old, new)
    assert "".join(w for m, w in words if m is not Mark.ADDED) == old
    assert "".join(w for m, w in words if m is not Mark.REMOVED) == new


def test_a_comparison_names_what_came_went_and_changed_in_the_newer_order() -> None:
    def part(key: str, text: str) -> Part:
        return Part(key=key, title=key, text=text)

    rows = differences(
        [part("a", "一"), part("gone", "旧"), part("b", "工期365日")],
        [part("a", "一"), part("new", "新"), part("b", "工期400日")],
    )
    assert [(r.key, r.change) for r in rows] == [
        ("gone", Change.REMOVED),
        ("new", Change.ADDED),
        ("b", Change.CHANGED),
    ]
    assert (Mark.REMOVED, "365") in rows[2].words and (Mark.ADDED, "400") in rows[2].words

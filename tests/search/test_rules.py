"""The index agrees with a plain look at the text, whatever is asked."""

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.refusals import BadInput
from ggzy.search import rules
from ggzy.search.rules import Facts, Question, fold, read_question

pytestmark = pytest.mark.pure

#: few letters, so that hits happen; width, case, punctuation and spaces among them
LETTERS = "污水管网工程ＡaB1２3 　（(-\"%_'\\\n^#"
texts = st.text(LETTERS, max_size=40)
FACTS = Facts(
    kind="tender",
    scope="GC",
    region="370100",
    buyer_uscc="91370100MA00000000",
    published_at=datetime(2026, 3, 2, tzinfo=UTC),
)


def plain(text: str) -> str:
    """Return a text with width, case and spaces made equal, by other means than the rule's."""
    return re.sub(r"\s+", " ", "".join(unicodedata.normalize("NFKC", c).casefold() for c in text)).strip()


def stands_in(phrase: str, text: str) -> bool:
    """Say whether a phrase stands in a text as a reader would: a code from its beginning on."""
    phrase, begins = plain(phrase), r"(?<![0-9a-z])" if re.match(r"[0-9a-z]", plain(phrase)) else ""
    return re.search(begins + re.escape(phrase), plain(text)) is not None


@given(texts, texts)
def test_a_fold_finds_what_a_reader_finds(text: str, phrase: str) -> None:
    asked = fold(phrase)
    if asked:
        assert (asked in fold(text)) == stands_in(phrase, text)


@given(texts, texts)
def test_the_index_never_misses_and_a_proof_is_one(text: str, phrase: str) -> None:
    asked = fold(phrase)
    if not asked:
        return
    kept = rules.terms(title="", lines=text.split("\n"), facts=FACTS)
    wanted, proven = rules.terms_of(asked)
    there = all(any(k.startswith(t.text) if t.begins else k == t.text for k in kept) for t in wanted)
    folded = "\n".join(fold(line) for line in text.split("\n"))
    assert there or asked not in folded
    if proven:
        assert there == (asked in folded)


@given(texts, st.lists(texts, max_size=3))
def test_marking_changes_no_letter(text: str, phrases: list[str]) -> None:
    folded = [p for p in map(fold, phrases) if p]
    bits = rules.marked(text, folded)
    assert "".join(b.text for b in bits) == text
    assert any(b.hit for b in bits) == any(p in fold(text) for p in folded)


def test_questions_are_read_as_people_type_them() -> None:
    asked = read_question("污水管网 “一期 工程” -监理 Ａ区")
    assert asked == Question(wanted=("污水管网", "一期 工程", fold("a区")), without=("监理",))
    assert read_question("  、。 ").is_empty
    assert read_question('"没有合上').wanted == ("没有合上",)
    with pytest.raises(rules.OnlyWithout):
        read_question("-监理")
    with pytest.raises(BadInput):
        read_question("字" * 201)
    with pytest.raises(BadInput):
        read_question(" ".join("甲乙丙丁戊己庚辛壬癸子丑寅"))


def test_a_code_is_found_by_its_beginning_alone() -> None:
    text = fold("统一社会信用代码 91370100MA3CABCD1X")
    assert fold("91370100ma3c") in text
    assert fold("370100ma3c") not in text


def test_an_excerpt_shows_the_first_hit() -> None:
    bits = rules.excerpt("甲" * 100 + "污水管网" + "乙" * 200, [fold("水管")], context=5)
    assert [b.text for b in bits if b.hit] == ["水管"]
    assert bits[0].text == "…" and bits[-1].text == "…"
    assert "".join(b.text for b in bits[1:-1]).startswith("甲甲甲甲污")


def test_words_of_a_body_leave_out_what_is_for_machines() -> None:
    body = {
        "lot": "一标段",
        "sha256": "a" * 64,
        "lots": [{"name": "二标段", "round": "b" * 32}],
        "n": 3,
        "t": True,
    }
    assert rules.lines_of(body) == ["一标段", "二标段", "3"]
    assert rules.lines_of({"x": "2026-03-02T09:00:00+08:00", "y": "c" * 64, "z": " 甲\n乙 "}) == ["甲 乙"]


def test_a_query_of_the_database_quotes_what_is_special() -> None:
    asked, _ = rules.terms_of(fold("'\\&"))
    assert rules.as_tsquery(asked) == "'''\\\\' & '\\\\&'" or "&" in rules.as_tsquery(asked)

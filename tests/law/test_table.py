"""The table of limits: every row has its clause and its own key, and the day decides which row holds."""

import json
import re
from dataclasses import replace
from datetime import date

import pytest

from ggzy.law import procurement_innovation, table
from ggzy.law.commitments import Commitment
from ggzy.law.limits import Bound, Direction, Status, Unit
from tests.shared import shared

pytestmark = pytest.mark.pure

TODAY = date(2026, 3, 2)
TIME_LIMITS, NEEDS_TIME_LIMITS = shared("domain/time_limits.json")
BOUNDS = {
    ">=": (Bound.AT_LEAST, Direction.AFTER),
    "before>=": (Bound.AT_LEAST, Direction.BEFORE),
    "<=": (Bound.NO_LATER_THAN, Direction.AFTER),
    "==": (Bound.AT, Direction.AFTER),
}
INSTRUMENTS = {
    "招标投标法": "招标投标法",
    "实施条例": "招标投标法实施条例",
    "10号令": "招标公告和公示信息发布管理办法",
    "12号令": "评标委员会和评标方法暂行规定",
    "20号令": "电子招标投标办法",
    "30号令": "工程建设项目施工招标投标办法",
    "政府采购法": "政府采购法",
    "政采条例": "政府采购法实施条例",
    "87号令": "政府采购货物和服务招标投标管理办法",
    "101号令": "政府采购信息发布管理办法",
    "94号令": "政府采购质疑和投诉办法",
    "74号令": "政府采购非招标采购方式管理办法",
    "110号令": "政府采购框架协议采购方式管理暂行办法",
    **{
        number: number
        for number in ("财库〔2026〕2号", "财库〔2014〕214号", "财库〔2019〕38号", "财库〔2020〕46号")
    },
    "财库〔2020〕10号": "财库〔2020〕10号",
}
#: limits that are in a notice without articles, and one known from memory only
WITHOUT_ARTICLE = {"GP-T49", "GP-T48", "OP-T01"}
#: beyond the domain research: it names 财库〔2024〕13号 and lists none of its limits
BEYOND_RESEARCH = {row.key for row in procurement_innovation.LIMITS}
RESEARCHED = [row for row in table.ALL if row.key not in BEYOND_RESEARCH]


def test_keys_are_unique():
    assert len({row.key for row in table.ALL}) == len(table.ALL)


@pytest.mark.parametrize("row", table.ALL, ids=lambda row: row.key)
def test_every_row_cites_its_clause(row):
    """What may block cites an article; what is known from memory at least the instrument."""
    assert row.basis
    assert all(citation.instrument for citation in row.basis)
    if row.may_block and row.key not in WITHOUT_ARTICLE:
        assert all(
            re.fullmatch("第[一二三四五六七八九十百]+条(第[一二三四五]款)?", c.article) for c in row.basis
        )
    assert all(str(citation) in row.cites for citation in row.basis)


@pytest.mark.parametrize("row", table.ALL, ids=lambda row: row.key)
def test_only_what_was_read_in_the_text_may_block(row):
    assert row.may_block is (row.status is Status.READ)
    from_memory = {"GC-T21", "GC-T22", "GC-T23", "GP-T33", "GP-T34", "GP-T35", "GP-T50"}
    from_memory |= {"GP-T60", "GP-T62", "GP-T63", "GP-T64", "GP-T65"}
    assert row.may_block is (row.key not in from_memory and row.key[:2] not in {"LD", "MN", "SP"})


@pytest.mark.parametrize("row", table.ALL, ids=lambda row: row.key)
def test_every_row_is_complete(row):
    assert re.fullmatch(r"(GC|GP|PY|LD|MN|AU|SP|OP)-T\d\d", row.key)
    assert row.says
    assert "." in row.starts
    assert row.length >= 0
    assert row.in_force_to is None or row.in_force_to > row.in_force_from


def test_a_row_is_in_force_from_its_day_until_the_day_it_ends(monkeypatch):
    old = replace(
        table.limit("GC-T17", on=TODAY), in_force_from=date(2012, 2, 1), in_force_to=date(2019, 3, 2)
    )
    new = replace(old, length=3, in_force_from=date(2019, 3, 2), in_force_to=None)
    monkeypatch.setattr(table, "ALL", (new, old))
    assert table.in_force(date(2012, 1, 31)) == {}
    assert table.limit("GC-T17", on=date(2012, 2, 1)) is old
    assert table.limit("GC-T17", on=date(2019, 3, 1)) is old
    assert table.limit("GC-T17", on=date(2019, 3, 2)) is new


def test_a_repealed_row_without_a_successor_ends_on_its_day(monkeypatch):
    """The last day in force is the day before `in_force_to`."""
    old = replace(
        table.limit("GC-T17", on=TODAY), in_force_from=date(2012, 2, 1), in_force_to=date(2019, 3, 2)
    )
    monkeypatch.setattr(table, "ALL", (old,))
    assert set(table.in_force(date(2019, 3, 1))) == {"GC-T17"}
    assert table.in_force(date(2019, 3, 2)) == {}


def test_of_two_rows_in_force_the_newer_holds(monkeypatch):
    old = replace(table.limit("GC-T17", on=TODAY), in_force_from=date(2012, 2, 1))
    new = replace(old, length=3, in_force_from=date(2026, 1, 1))
    monkeypatch.setattr(table, "ALL", (new, old))
    assert table.limit("GC-T17", on=date(2025, 12, 31)) is old
    assert table.limit("GC-T17", on=date(2026, 1, 1)) is new


def test_a_key_that_is_not_in_force_is_a_programming_error():
    with pytest.raises(KeyError):
        table.limit("GC-T03", on=date(2017, 12, 27))
    assert table.limit("GC-T03", on=date(2017, 12, 28)).length == 20


def promise(key, length, unit=None):
    row = table.limit(key, on=TODAY)
    return Commitment(
        limit=row, length=length, unit=unit or row.unit, source="中心服务承诺", in_force_from=TODAY
    )


@pytest.mark.parametrize(
    ("key", "length"),
    [
        ("GC-T17", 1),
        ("GC-T17", 5),
        ("GC-T13", 4),
        ("GC-T13", 3),
        ("GC-T03", 20),
        ("GC-T05", 16),
        ("GC-T05", 15),
        ("GC-T19", 2),
    ],
)
def test_a_promise_may_be_stricter_or_repeat_the_law(key, length):
    """Shorter under a ceiling, longer over a floor, earlier before an event."""
    assert promise(key, length).is_stricter


@pytest.mark.parametrize(
    ("key", "length"), [("GC-T17", 6), ("GC-T13", 2), ("GC-T03", 19), ("GC-T05", 14), ("GC-T19", 4)]
)
def test_a_promise_may_not_be_laxer(key, length):
    with pytest.raises(ValueError, match="stricter"):
        promise(key, length)


@pytest.mark.parametrize(("length", "lawful"), [(14, False), (15, True), (16, True)])
def test_before_an_event_longer_is_stricter_whatever_the_bound(length, lawful):
    """截止15日前 may be promised as 截止16日前."""
    row = replace(table.limit("GC-T05", on=TODAY), bound=Bound.NO_LATER_THAN)
    made = {
        "limit": row,
        "length": length,
        "unit": row.unit,
        "source": "中心服务承诺",
        "in_force_from": TODAY,
    }
    if lawful:
        assert Commitment(**made).is_stricter
    else:
        with pytest.raises(ValueError, match="stricter"):
            Commitment(**made)


@pytest.mark.parametrize(
    ("key", "unit"), [("GC-T17", Unit.WORKDAY), ("GC-T19", Unit.DAY), ("GC-T17", Unit.HOUR)]
)
def test_a_promise_is_counted_as_the_law_counts(key, unit):
    """One working day can be later than five days: like is compared with like."""
    with pytest.raises(ValueError, match="unit"):
        promise(key, 1, unit)


def _chinese(number):
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")


def _cited(text):
    """Read e.g. 招标投标法23; 实施条例22、54 as the rulebook writes it."""
    found = set()
    for part in re.split("; ?", re.sub("（.*?）", "", text)):
        name = next(n for n in sorted(INSTRUMENTS, key=len, reverse=True) if part.startswith(n))
        articles = re.findall(r"\d+", part.removeprefix(name))
        found |= {(INSTRUMENTS[name], f"第{_chinese(int(a))}条") for a in articles} or {
            (INSTRUMENTS[name], "")
        }
    return found


class TestAgainstTheRulebook:
    """Row by row against the table of the domain research, which nobody of the code wrote."""

    pytestmark = NEEDS_TIME_LIMITS

    @pytest.fixture(scope="class")
    def theirs(self):
        return {row["id"]: row for row in json.loads(TIME_LIMITS.read_text())}

    def test_no_row_is_missing_and_none_is_made_up(self, theirs):
        assert {row.key for row in RESEARCHED} == set(theirs)
        assert len(theirs) == 102

    @pytest.mark.parametrize("row", RESEARCHED, ids=lambda row: row.key)
    def test_number_unit_direction_and_status_are_the_same(self, theirs, row):
        other = theirs[row.key]
        assert (row.length, row.unit.value, row.status.value) == (
            other["n"],
            other["unit"],
            other["status"].removesuffix("*"),
        )
        assert (row.bound, row.direction) == BOUNDS[other["op"]]

    @pytest.mark.parametrize(
        "row", [r for r in RESEARCHED if r.key[:2] in {"GC", "GP"}], ids=lambda row: row.key
    )
    def test_the_clause_is_the_same(self, theirs, row):
        ours, cited = {(c.instrument, c.article) for c in row.basis}, _cited(theirs[row.key]["basis"])
        # a limit of procurement is shared by procedures that stand in other statutes too
        assert ours == cited if row.key.startswith("GC") else ours and ours <= cited

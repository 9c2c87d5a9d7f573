"""Points from sealed records: so much each, at most so much, and what does not count says why."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ggzy.evaluation.objective import Record, found
from ggzy.kernel.refusals import BadInput
from ggzy.tendering.document import FactRule, parse

pytestmark = pytest.mark.pure

RULE = FactRule(fact="performances", each=Decimal(2), most=Decimal(6))
BRIDGE = Record(
    kind="performance", code="construction", title="桥", amount="5000000", finished_on="2024-11-30"
)
WEIGHT = Decimal(10)


@pytest.mark.parametrize(("count", "points"), [(0, 0), (1, 2), (3, 6), (4, 6)])
def test_each_counts_up_to_the_most(count: int, points: int) -> None:
    assert found(RULE, [BRIDGE] * count, weight=WEIGHT).points == points


def test_never_more_than_the_item_has() -> None:
    assert found(RULE, [BRIDGE] * 3, weight=Decimal(5)).points == 5


@pytest.mark.parametrize(
    ("rule", "record", "why"),
    [
        (RULE, replace(BRIDGE, against="已过期"), "已过期"),
        (replace(RULE, at_least=Decimal(5000001)), BRIDGE, "合同金额不足5000001元"),
        (replace(RULE, at_least=Decimal(1)), replace(BRIDGE, amount="?"), "合同金额不足1元"),
        (replace(RULE, since=date(2024, 12, 1)), BRIDGE, "不是2024-12-01以后完成"),
        (replace(RULE, since=date(2024, 12, 1)), replace(BRIDGE, finished_on=""), "不是2024-12-01以后完成"),
    ],
)
def test_what_does_not_count_says_why(rule: FactRule, record: Record, why: str) -> None:
    one = found(rule, [record], weight=WEIGHT)
    assert (one.points, one.counted, one.left_out) == (0, (), ((record, why),))


def test_the_edges_of_the_bounds_count() -> None:
    rule = replace(RULE, at_least=Decimal(5000000), since=date(2024, 11, 30))
    assert found(rule, [BRIDGE], weight=WEIGHT).points == 2


def test_only_records_of_the_kind_are_looked_at() -> None:
    award = Record(kind="honour", code="award", title="奖")
    system = Record(kind="honour", code="system", title="体系认证")
    rule = FactRule(fact="certificates", each=Decimal(1), most=Decimal(3))
    one = found(rule, [award, system, BRIDGE], weight=WEIGHT)
    assert (one.points, one.counted, one.left_out) == (1, (system,), ())


def _file(facts: Any, **marks: Any) -> dict[str, Any]:
    item = {"key": "deeds", "title": "类似业绩", "weight": "40", "objective": True, "facts": facts, **marks}
    return {"method": "comprehensive", "price": {"weight": "60"}, "criteria": [item]}


def test_a_file_keeps_its_rule_as_it_was_written() -> None:
    facts = {
        "fact": "performances",
        "each": "2",
        "most": "6",
        "at_least": "5000000.00",
        "since": "2023-01-01",
    }
    document = parse(_file(facts))
    assert document.as_json()["criteria"][0]["facts"] == facts
    assert parse(document.as_json()) == document
    assert "facts" not in parse(_file(None)).as_json()["criteria"][0]


@pytest.mark.parametrize(
    ("facts", "marks"),
    [
        ({"fact": "gossip", "each": "2", "most": "6"}, {}),
        ({"fact": "performances", "each": "0", "most": "6"}, {}),
        ({"fact": "performances", "each": "7", "most": "6"}, {}),
        ({"fact": "performances", "each": "2", "most": "41"}, {}),
        ({"fact": "persons", "each": "2", "most": "6", "since": "2023-01-01"}, {}),
        ({"fact": "performances", "each": "2", "most": "6", "since": "去年"}, {}),
        ({"fact": "performances", "each": "2", "most": "6"}, {"objective": False}),
        ({"fact": "performances", "each": "2", "most": "6"}, {"dark": True}),
        ("performances", {}),
    ],
)
def test_a_rule_that_cannot_be_right_is_refused(facts: Any, marks: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        parse(_file(facts, **marks))

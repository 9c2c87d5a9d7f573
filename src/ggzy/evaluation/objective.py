"""Points of an objective item from what was sealed in the bid. Pure; it prefills a field and decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput
from ggzy.tendering.document import FACTS, FactRule


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of a bid's registry snapshot, as far as points may depend on it."""

    kind: str
    code: str
    title: str
    amount: str = ""
    finished_on: str = ""
    #: why the record is not counted whatever the rule says, "" where nothing speaks against it
    against: str = ""
    #: digests of the files that prove it
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the records give: points, the records counted, and those of the kind that were not, each with its reason."""

    points: Decimal
    counted: tuple[Record, ...]
    left_out: tuple[tuple[Record, str], ...]
    says: str


def found(rule: FactRule, records: Sequence[Record], *, weight: Decimal) -> Found:
    """Return the points of one bid by a rule of the file: so much for each record, at most so much, never over the weight."""
    kind, code, _ = FACTS[rule.fact]
    counted, left_out = [], []
    for record in records:
        if record.kind != kind or (code and record.code != code):
            continue
        reason = record.against or _misses(rule, record)
        if reason:
            left_out.append((record, reason))
        else:
            counted.append(record)
    most = min(rule.most, weight)
    points = min(rule.each * len(counted), most)
    return Found(
        points=points,
        counted=tuple(counted),
        left_out=tuple(left_out),
        says=f"登记{FACTS[rule.fact][2]}{len(counted)}项, 每项{rule.each}分, 最多{most}分, 得{points}分",
    )


def _misses(rule: FactRule, record: Record) -> str:
    """Return which bound of the rule a record misses, "" if none."""
    if rule.at_least:
        try:
            enough = yuan(record.amount, field="amount") >= rule.at_least
        except (BadInput, InvalidOperation):
            enough = False
        if not enough:
            return f"合同金额不足{rule.at_least}元"
    if rule.since:
        try:
            late = date.fromisoformat(record.finished_on) >= rule.since
        except ValueError:
            late = False
        if not late:
            return f"不是{rule.since}以后完成"
    return ""

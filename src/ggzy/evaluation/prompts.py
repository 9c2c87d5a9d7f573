"""What the checks say to members before they confirm: they prompt, and never change a score. Pure. RULEBOOK 3.10, 3.13."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from ggzy.methods import checks
from ggzy.tendering.document import Criterion, LowPriceRule

Scores = Mapping[str, Mapping[str, str]]
HUNDRED = Decimal(100)
#: how far a score may lie from the median of the others, in percent of that median
OUTLIER_PERCENT = Decimal(30)


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One thing to look at again: the bid, the item, and why."""

    bid: str
    criterion: str
    says: str


def low_priced(
    prices: Mapping[str, Decimal], *, ceiling: Decimal | None, rule: LowPriceRule
) -> dict[str, list[str]]:
    """Return {bid: reasons} of the prices below the file's warning lines: of the ceiling, of the mean of the others."""
    found: dict[str, list[str]] = {}
    for bid, price in prices.items():
        others = [p for other, p in prices.items() if other != bid]
        if ceiling and price < ceiling * rule.of_ceiling / HUNDRED:
            found.setdefault(bid, []).append(f"低于最高投标限价的{rule.of_ceiling}%")
        if others and price < sum(others, Decimal(0)) / len(others) * rule.of_others / HUNDRED:
            found.setdefault(bid, []).append(f"低于其他投标人平均报价的{rule.of_others}%")
    return found


def abnormally_low(
    prices: Mapping[str, Decimal], *, ceiling: Decimal, rule: LowPriceRule
) -> dict[str, list[str]]:
    """Return {bid: reasons} of the prices for which 财库〔2026〕2号 demands an explanation; before any deduction.

    The file may raise the lines, up to 65 % (`_low_price` of the tender file has looked at that).
    """
    found = checks.abnormally_low(
        list(prices.values()), ceiling=ceiling, of_mean=rule.of_others, of_ceiling=rule.of_ceiling
    )
    return {
        bid: [why.label for why in reasons] for bid, reasons in zip(prices, found, strict=True) if reasons
    }


def differing(sheets: Sequence[Scores], *, criteria: Sequence[Criterion]) -> set[str]:
    """Return the titles of the objective items on which members gave one bid different points."""
    return {
        c.title
        for c in criteria
        if c.objective
        for bid in (sheets[0] if sheets else {})
        if len({Decimal(s[bid][c.key]) for s in sheets}) > 1
    }


def outliers(own: Scores, others: Sequence[Scores], *, criteria: Sequence[Criterion]) -> list[Prompt]:
    """Return where a member's own points lie 30 % or more from the median of the others. No other's points are told."""
    found = []
    for bid, points in own.items():
        for c in criteria:
            middle = median(Decimal(o[bid][c.key]) for o in others)
            mine = Decimal(points[c.key])
            if middle and abs(mine - middle) * HUNDRED >= middle * OUTLIER_PERCENT:
                way = "高" if mine > middle else "低"
                says = f"您的打分比其他评委的中位数{way}{OUTLIER_PERCENT}%以上, 请核对"
                found.append(Prompt(bid=bid, criterion=c.key, says=says))
    return found


def leaning(own: Scores, others: Sequence[Scores], *, criteria: Sequence[Criterion]) -> list[Prompt]:
    """Return the bids to which a member alone gave more than every other member on every subjective item (two or more)."""
    subjective = [c for c in criteria if not c.objective]
    if len(subjective) < 2 or not others:
        return []
    return [
        Prompt(bid=bid, criterion="", says="您对该投标的每个主观项打分都高于其他所有评委, 请核对")
        for bid, points in own.items()
        if all(Decimal(points[c.key]) > max(Decimal(o[bid][c.key]) for o in others) for c in subjective)
    ]

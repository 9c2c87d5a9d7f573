"""What a committee is warned of beside the ranking. Each only says; the committee judges. Pure."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from enum import StrEnum

from ggzy.methods.expression import CONTEXT, CannotCompute, half_up
from ggzy.methods.method import BadMethod

HUNDRED = Decimal(100)
#: 财库〔2026〕2号: percent of the mean, of the second lowest, of the ceiling; a file may raise each, up to 65
OF_MEAN, OF_SECOND, OF_CEILING, HIGHEST_LINE = Decimal(50), Decimal(50), Decimal(45), Decimal(65)
#: a member's score that differs by more than this share from the median of the others is shown (our own line)
OUTLIER = Decimal(30)


class Low(StrEnum):
    """Why a price looks abnormally low."""

    MEAN = "MEAN"
    SECOND = "SECOND"
    CEILING = "CEIL"

    @property
    def label(self) -> str:
        """Return the reason in words."""
        return {
            "MEAN": "低于全部通过符合性审查的报价平均值的一定比例",
            "SECOND": "低于次低报价的一定比例",
            "CEIL": "低于最高限价(没有的为预算)的一定比例",
        }[self.value]


def abnormally_low(
    prices: Sequence[Decimal],
    *,
    ceiling: Decimal,
    of_mean: Decimal = OF_MEAN,
    of_second: Decimal = OF_SECOND,
    of_ceiling: Decimal = OF_CEILING,
) -> list[tuple[Low, ...]]:
    """Return for each price why the committee must ask for an explanation (财库〔2026〕2号); strict "below".

    The prices are those bid, before any policy deduction, of all bids that passed 符合性审查.

    :raises BadMethod: a line below that of the rule, or above 65 %
    """
    for line, least in ((of_mean, OF_MEAN), (of_second, OF_SECOND), (of_ceiling, OF_CEILING)):
        if not least <= line <= HIGHEST_LINE:
            raise BadMethod(f"异常低价的比例应在{least}%至{HIGHEST_LINE}%之间, 现为{line}%")
    if not prices:
        return []
    ordered, count = sorted(prices), len(prices)
    second = ordered[1] if count > 1 else None
    found = []
    for price in prices:
        why = []
        if price * HUNDRED * count < sum(prices) * of_mean:
            why.append(Low.MEAN)
        if second is not None and price == ordered[0] and price * HUNDRED < second * of_second:
            why.append(Low.SECOND)
        if price * HUNDRED < ceiling * of_ceiling:
            why.append(Low.CEILING)
        found.append(tuple(why))
    return found


def committee_score(scores: Sequence[Decimal], *, low: int = 0, high: int = 0) -> Decimal:
    """Return the members' mean, with so many of the lowest and highest dropped, half up to two places.

    :raises CannotCompute: nothing is left
    """
    left = sorted(scores)[low : len(scores) - high]
    if not left:
        raise CannotCompute("去掉最高分、最低分之后没有剩下的评分")
    with localcontext(CONTEXT):
        return half_up(sum(left, Decimal(0)) / len(left), 2)


def outliers(scores: Sequence[Decimal], *, share: Decimal = OUTLIER) -> list[bool]:
    """Say of each member's score whether it differs by more than `share` percent from the median of the others."""
    found = []
    for n, score in enumerate(scores):
        others = sorted([*scores[:n], *scores[n + 1 :]])
        if not others:
            found.append(False)
            continue
        half = len(others) // 2
        doubled = others[half] * 2 if len(others) % 2 else others[half - 1] + others[half]
        found.append(abs(score * 2 - doubled) * HUNDRED > abs(doubled) * share)
    return found


def candidates_of_lots(
    ranked: Sequence[tuple[str, Sequence[str]]], *, most: int
) -> dict[str, tuple[str, ...]]:
    """Return each lot's candidates where one bidder may win at most `most` lots (兼投不兼中; 0: no limit).

    `ranked` holds (lot, its bidders best first) in the order in which the file has lots decided. A bidder that has
    won as often as it may is passed over; its bid stands, so the base price of that lot is as it was.
    """
    won: dict[str, int] = {}
    found = {}
    for lot, bidders in ranked:
        left = tuple(bidder for bidder in bidders if not most or won.get(bidder, 0) < most)
        found[lot] = left
        if left:
            won[left[0]] = won.get(left[0], 0) + 1
    return found

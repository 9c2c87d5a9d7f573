"""The two statutory methods written out by hand: what the method files are held against."""

from decimal import ROUND_HALF_UP, Decimal

from ggzy.evaluation.rules import Place, mean_score
from ggzy.kernel.money import CENT
from ggzy.tendering.document import Method


def evaluated_price(offer, *, duration_days, rule):
    """The price, lowered for each day the bid is faster than demanded."""
    faster = max(0, duration_days - offer.duration_days)
    return (offer.price - rule.per_day * faster).quantize(CENT, ROUND_HALF_UP)


def base_price(prices, *, rule):
    """The mean of the responsive bids' prices, lowered by the file's percentage, unrounded."""
    return sum(prices, Decimal(0)) / len(prices) * (100 - rule.lowered_by) / 100


def price_score(price, *, base, rule):
    """The points of a price: so many lost per 1 % above the base, so many per 1 % below, floor 0."""
    deviation = (price - base) / base * 100
    lost = deviation * rule.above if deviation > 0 else -deviation * rule.below
    return max(Decimal(0), rule.weight - lost).quantize(CENT, ROUND_HALF_UP)


def ranking(offers, *, document, duration_days, sheets, lot_of):
    """Lowest: evaluated price, then price. Comprehensive: total, price, other points. Then the drawn position."""
    lowest = document.method is Method.LOWEST_EVALUATED_PRICE
    base = None if lowest else base_price([o.price for o in offers], rule=document.price)
    rated = []
    for o in offers:
        if lowest:
            evaluated = evaluated_price(o, duration_days=duration_days, rule=document.price)
            rated.append(((evaluated, o.price), o, (evaluated, None, None, None)))
        else:
            priced = price_score(o.price, base=base, rule=document.price)
            other = mean_score(sheets, bid=o.bid, criteria=document.criteria)
            total = priced + other
            rated.append(((-total, o.price, -other), o, (None, priced, other, total)))
    rated.sort(key=lambda row: (row[0], lot_of[row[1].bid]))
    return [
        Place(
            bid=o.bid,
            rank=rank,
            price=o.price,
            evaluated_price=shown[0],
            price_score=shown[1],
            other_score=shown[2],
            total=shown[3],
            drawn=[other[0] for other in rated].count(keys) > 1,
        )
        for rank, (keys, o, shown) in enumerate(rated, start=1)
    ]

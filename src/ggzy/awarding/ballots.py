"""How a panel 定标委员会 arrives at a winner: from signed ballots, anybody who holds them comes to the same. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ggzy.methods.run import Bid, Scheme, complete, run
from ggzy.tendering.plan import AwardPlan, Way

HUNDRED = Decimal(100)


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """One member's signed ballot of one turn. `agrees` is False only where minutes are not agreed to."""

    member: str
    turn: int
    choice: str
    agrees: bool = True


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One turn that is over: who stood in it, how many votes each had, and who is left after it."""

    turn: int
    between: tuple[str, ...]
    votes: Mapping[str, int]
    left: tuple[str, ...]
    #: True where the ballots allowed were used up and the lower price decided
    by_price: bool = False


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where the panel stands: the turn that waits for ballots, between whom, the turns before, and the winner if there is one."""

    turn: int
    between: tuple[str, ...]
    turns: tuple[Turn, ...]
    winner: str = ""


def first_by_price(
    plan: AwardPlan, *, prices: Mapping[str, Decimal], ceiling: Decimal | None
) -> tuple[str, ...]:
    """Return whom the plan's method over prices puts first: one, or several equals."""
    assert plan.scheme is not None, "only 价格竞争 has a method"
    scheme = complete(plan.scheme, drawn={}, of_the_lot=_of_the_lot(plan.scheme, ceiling))
    bids = [Bid(ref=bid, figures=_figures(scheme, price, ceiling)) for bid, price in sorted(prices.items())]
    return tuple(sorted(run(scheme, bids).first))


def _of_the_lot(scheme: Scheme, ceiling: Decimal | None) -> dict[str, Any]:
    # days are no part of a competition by prices: nobody is faster than demanded
    return {"ceiling": ceiling, "duration": Decimal(0)}


def _figures(scheme: Scheme, price: Decimal, ceiling: Decimal | None) -> dict[str, Decimal]:
    figures = {"price": price}
    if ceiling:
        figures["discount"] = (ceiling - price) / ceiling * HUNDRED
    for figure in scheme.method.figures:
        if figure.name not in figures and figure.default is not None:
            figures[figure.name] = Decimal(str(figure.default))
    return figures


def stand(
    plan: AwardPlan,
    ballots: Sequence[Ballot],
    *,
    prices: Mapping[str, Decimal],
    ceiling: Decimal | None = None,
) -> Standing:
    """Return where a panel stands. `prices` names the candidates (元) among whom it chooses.

    票决: most votes wins; between equals the members vote again, after `plan.ballots` turns the lower price decides
    between them, and equal prices are voted on further. 价格竞争: the method names the first, whom every member
    confirms; equals are voted on. 集体议事: a turn is one set of minutes, adopted when every member has agreed.
    """
    between = tuple(sorted(prices))
    if plan.way is Way.DISCUSSION:
        return _discussed(plan, ballots, between)
    if plan.way is Way.PRICE:
        between = first_by_price(plan, prices=prices, ceiling=ceiling)
    turns: list[Turn] = []
    number = 1
    while True:
        cast = {b.member: b.choice for b in ballots if b.turn == number}
        if len(cast) < plan.members:
            return Standing(turn=number, between=between, turns=tuple(turns))
        votes = Counter(cast.values())
        most = max(votes.values())
        left = tuple(sorted(bid for bid in between if votes[bid] == most))
        by_price = len(left) > 1 and number >= plan.ballots
        if by_price:
            lowest = min(prices[bid] for bid in left)
            left = tuple(bid for bid in left if prices[bid] == lowest)
        counted = {bid: votes[bid] for bid in between}
        turns.append(Turn(turn=number, between=between, votes=counted, left=left, by_price=by_price))
        if len(left) == 1:
            return Standing(turn=number, between=between, turns=tuple(turns), winner=left[0])
        between, number = left, number + 1


def _discussed(plan: AwardPlan, ballots: Sequence[Ballot], between: tuple[str, ...]) -> Standing:
    """Return where a panel that writes minutes stands: minutes that one member does not agree to are void."""
    turns: list[Turn] = []
    for number in sorted({b.turn for b in ballots}):
        cast = [b for b in ballots if b.turn == number]
        agreed = [b for b in cast if b.agrees]
        if len(agreed) == plan.members:
            choice = agreed[0].choice
            turns.append(Turn(turn=number, between=between, votes={choice: len(agreed)}, left=(choice,)))
            return Standing(turn=number, between=between, turns=tuple(turns), winner=choice)
        if len(agreed) == len(cast):
            return Standing(turn=number, between=between, turns=tuple(turns))
        turns.append(
            Turn(turn=number, between=between, votes=dict(Counter(b.choice for b in agreed)), left=between)
        )
    return Standing(turn=len(turns) + 1, between=between, turns=tuple(turns))

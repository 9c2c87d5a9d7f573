"""An opening told again from the public leaves of its round, and from nothing else. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ggzy.evidence.queries import FeedRow

#: acts of a round that belong to its opening
OF_THE_OPENING = ("opening.", "bidding.")
_TOLD = ("opening.bid_shown", "opening.second_shown")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One act, with the bidder it was about where a later leaf of the same opening says whose bid it is."""

    leaf: FeedRow
    bidder: str


@dataclass(kw_only=True)
class Line:
    """What became of one bid, each change with the step at which it was told (None: it was never told)."""

    bid: str
    bidder: str = ""
    released: int | None = None
    shown: int | None = None
    state: str = ""
    reason: str = ""
    price: str | None = None
    priced: int | None = None
    #: later corrections of whose fault it was: (step, state, reason)
    corrected: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The acts in the log's order, and the bids in the order in which they were first told of."""

    steps: tuple[Step, ...]
    lines: tuple[Line, ...]


def opening_acts(leaves: Iterable[FeedRow]) -> list[FeedRow]:
    """Return those leaves of a round that belong to its opening."""
    return [leaf for leaf in leaves if leaf.act.startswith(OF_THE_OPENING)]


def replay(leaves: Sequence[FeedRow]) -> Replay:
    """Tell an opening again: each leaf one step, each bid one line. Nothing is added that no leaf says."""
    acts = opening_acts(leaves)
    lines: dict[str, Line] = {}
    for place, leaf in enumerate(acts):
        bid = leaf.fields.get("bid")
        if not isinstance(bid, str):
            continue
        line = lines.setdefault(bid, Line(bid=bid))
        if "bid_key_sha256" in leaf.fields and line.released is None:
            line.released = place
        price = leaf.fields.get("fields", {}).get("price") if leaf.act in _TOLD else None
        if price:
            line.price, line.priced = str(price["value"]), place
        if leaf.act == "opening.bid_shown":
            line.bidder, line.shown = str(leaf.fields["bidder"]), place
            line.state, line.reason = str(leaf.fields["state"]), str(leaf.fields["reason"])
        elif leaf.act == "opening.failure_accounted":
            line.corrected.append((place, str(leaf.fields["state"]), str(leaf.fields["reason"])))
    steps = (
        Step(
            leaf=leaf,
            bidder=lines[bid].bidder if (bid := str(leaf.fields.get("bid", ""))) in lines else "",
        )
        for leaf in acts
    )
    return Replay(steps=tuple(steps), lines=tuple(lines.values()))

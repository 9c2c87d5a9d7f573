"""Who is recommended where one bidder may win only so many lots of a tender (兼投不兼中). Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence

MOST_CANDIDATES = 3


def passed_over(
    ranking: Sequence[tuple[str, str]], *, first_before: Iterable[str], most_lots: int
) -> list[str]:
    """Return the bids, in rank order, whose bidder is first in as many lots before as the file allows.

    `ranking` pairs (bid, bidder); `first_before` names the first candidate's bidder of each lot before this one, in
    the order of the lots. `most_lots` 0 sets no limit.
    """
    if not most_lots:
        return []
    counts = Counter(first_before)
    return [bid for bid, bidder in ranking if counts[bidder] >= most_lots]


def candidates(ranking: Sequence[str], *, without: Iterable[str]) -> list[str]:
    """Return the candidates: the first three of a ranking that are not passed over."""
    out = set(without)
    return [bid for bid in ranking if bid not in out][:MOST_CANDIDATES]

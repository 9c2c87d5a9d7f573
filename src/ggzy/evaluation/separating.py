"""What a committee hands over where evaluation and award are separate 评定分离: candidates without an order. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from ggzy.evaluation.rules import Place
from ggzy.kernel.refusals import BadInput

#: as much as a draft keeps of one field
MOST_FINDING = 1000


def shortlist(places: Sequence[Place], *, most: int) -> list[str]:
    """Return the bids of the first `most` places, and those equal to the last of them: no draw makes a candidate.

    `places` in rank order. The bids come sorted by their id: the list tells no order.
    """
    if not places:
        return []
    last = places[min(most, len(places)) - 1]
    return sorted(p.bid for n, p in enumerate(places) if n < most or _merit(p) == _merit(last))


def _merit(place: Place) -> tuple[object, ...]:
    return (place.total, place.evaluated_price, place.price, place.other_score)


def without_order(rows: Sequence[Mapping[str, Any]], *, chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Return the report's rows of the chosen bids in the order of their bidders' names, without rank and points."""
    kept = ("bid", "bidder", "uscc", "price", "duration_days")
    empty = dict.fromkeys(("rank", "evaluated_price", "price_score", "other_score", "total"))
    found = [{**empty, **{k: row[k] for k in kept}, "drawn": False} for row in rows if row["bid"] in chosen]
    return sorted(found, key=lambda row: (row["bidder"], row["bid"]))


def require_findings(content: Mapping[str, object], *, bids: Sequence[str]) -> dict[str, str]:
    """Return a sheet with what a member finds of every bid that passed the review: strengths, weaknesses, risks.

    :raises BadInput: a bid is missing, or nothing is said of one
    """
    if set(content) != set(bids):
        raise BadInput("应对每份通过评审的投标写明评审意见, 且不含其他内容", field="findings")
    out = {}
    for bid in bids:
        said = str(content[bid] or "").strip()
        if not said or len(said) > MOST_FINDING:
            raise BadInput(
                f"请写明评审意见(优点、不足和风险), 不超过{MOST_FINDING}字", field=f"findings.{bid}"
            )
        out[bid] = said
    return out

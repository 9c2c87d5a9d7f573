"""Which bids come before the committee."""

from ggzy.evaluation.models import Qualification
from ggzy.opening.queries import OpenedBid, opened_bids


def judged_bids(round_pk: int) -> list[OpenedBid]:
    """Return the opened bids that come before the committee: all of them, or those the buyer found qualified."""
    found = Qualification.objects.filter(round_id=round_pk).values_list("unqualified", flat=True).first()
    out = found or {}
    return [b for b in opened_bids(round_pk) if b.bid not in out]

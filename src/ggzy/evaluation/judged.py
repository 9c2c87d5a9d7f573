"""Which bids come before the committee, and what of them is arithmetic."""

from ggzy.evaluation import rules
from ggzy.evaluation.models import Qualification
from ggzy.opening.queries import OpenedBid, opened_bids
from ggzy.tendering.document import TenderDocument
from ggzy.tendering.models import Round


def judged_bids(round_pk: int) -> list[OpenedBid]:
    """Return the opened bids that come before the committee: all of them, or those the buyer found qualified."""
    found = Qualification.objects.filter(round_id=round_pk).values_list("unqualified", flat=True).first()
    out = found or {}
    return [b for b in opened_bids(round_pk) if b.bid not in out]


def unit_price_faults(round_: Round, document: TenderDocument) -> dict[str, str]:
    """Return {bid: what is wrong with its unit prices} of the bids before the committee; {} where none are asked."""
    ceilings = document.unit_ceilings
    if not ceilings:
        return {}
    return rules.unit_price_faults(
        {b.bid: (b.price, b.fields.get("unit_prices")) for b in judged_bids(round_.pk)}, ceilings=ceilings
    )

"""The figures of one sitting, put into the file's method as data."""

from collections.abc import Collection, Mapping, Sequence

from ggzy.evaluation import rules
from ggzy.evaluation.judged import judged_bids
from ggzy.evaluation.models import Evaluation
from ggzy.experts.rules import position
from ggzy.methods.run import Outcome
from ggzy.opening.queries import OpenedBid, drawn_parameters
from ggzy.tendering.document import TenderDocument


def offer_of(bid: OpenedBid, document: TenderDocument) -> rules.Offer:
    """Return what the ranking reads of an opened bid; its declarations count only where the file has policies."""
    offer = rules.Offer(bid=bid.bid, price=bid.price, duration_days=bid.duration_days)
    return rules.declared(offer, bid.fields, policy=document.policy)


def outcome_of(
    evaluation: Evaluation,
    document: TenderDocument,
    sheets: Sequence[Mapping[str, Mapping[str, str]]],
    *,
    without: Collection[str] = (),
) -> Outcome:
    """Return what the method makes of a sitting's bids, and would make `without` some of them."""
    round_ = evaluation.round
    judged = judged_bids(round_.pk)
    # a second envelope that stays closed has no price: it is out, and sets no base
    offers = {b.bid: offer_of(b, document) for b in judged if b.read_price is not None}
    randomness, code = bytes.fromhex(evaluation.draw.randomness), bytes.fromhex(round_.public_id)
    return rules.by_scheme(
        [o for bid, o in offers.items() if bid not in evaluation.rejected],
        document=document,
        lot=rules.LotFacts(
            ceiling=round_.lot.ceiling_price,
            duration_days=round_.lot.duration_days,
            drawn=drawn_parameters(round_.pk),
        ),
        score_sheets=sheets,
        lot_of={bid: position(randomness=randomness, code=code, label=bid) for bid in offers},
        rejected=[o for bid, o in offers.items() if bid in evaluation.rejected],
        without=without,
    )

"""How each bidder of a round stands, and the moments that free deposits: gathered from the stages below."""

from dataclasses import dataclass, replace
from datetime import datetime

from ggzy.awarding.queries import awards_of, chosen_of, ended_awards, publicities_of
from ggzy.bidding.models import Bid
from ggzy.contracting.queries import contracts_of
from ggzy.deposits.rules import LotFacts, Standing, refundable_from
from ggzy.evaluation.models import Leave
from ggzy.evaluation.queries import report_of_round
from ggzy.opening.models import BidOpening
from ggzy.procedures.spec import FAILURES, Stage
from ggzy.tendering.models import Round

#: how a round ends without a contract: everybody's deposit goes back (条例31; 87号令29)
WITHOUT_CONTRACT = FAILURES | {Stage.TERMINATED}
#: an award ended so is not its bidder's doing
_NO_FAULT = frozenset({"annulled", "challenged", "buyer"})


@dataclass(frozen=True, kw_only=True)
class Stands:
    """One bidder's standing, and from when its deposit is free (None: still held)."""

    standing: Standing
    refundable_from: datetime | None


class RoundFacts:
    """What has happened in a round, asked once for all its bidders."""

    def __init__(self, round_: Round) -> None:
        self.round = round_
        award = awards_of([round_.pk]).get(round_.pk)
        contract = contracts_of([round_.pk]).get(round_.pk)
        publicity = publicities_of([round_.pk]).get(round_.pk)
        evaluation = report_of_round(round_.pk)
        self.failed = Stage(round_.stage) in WITHOUT_CONTRACT
        self._awarded = award.bid if award else ""
        #: where a result names several: each by its bid, with what it signs or lost
        self._chosen = {row.bid: row for row in chosen_of([round_.pk]).get(round_.pk, [])}
        self._candidates = set((evaluation.report or {}).get("candidates", [])) if evaluation else set()
        #: before the report nobody is known to be no candidate
        self.judged = self.failed or bool(evaluation and evaluation.report)
        self._lost = {a.bid for a in ended_awards(round_.pk) if a.kind not in _NO_FAULT} | {
            row.bid for row in self._chosen.values() if row.ended_at and row.end_kind not in _NO_FAULT
        }
        chosen_at = min((row.chosen_at for row in self._chosen.values()), default=None)
        self._facts = LotFacts(
            closed_at=round_.closed_at,
            failed_at=round_.decided_at if self.failed else None,
            # where nothing is published before the award, who lost is free with the letter (政采条例第三十三条)
            publicity_ended_at=publicity.ended_at
            if publicity
            else award.sent_at
            if award and round_.lot.tender.scope == "GP"
            else chosen_at,
            result_published_at=award.sent_at if award else chosen_at,
            contract_signed_at=contract.signed_at if contract else None,
        )
        #: when who left the talks of a negotiated procurement did so, by bid
        self._left = dict(Leave.objects.filter(round=round_).values_list("bid_id", "left_at"))
        #: the last bid of each bidder, as it stands
        self.bids: dict[int, Bid] = {bid.bidder_id: bid for bid in _bids(round_)}
        self.openings = {o.bid_id: o for o in BidOpening.objects.filter(session__round=round_)}

    def of(self, bidder_pk: int) -> Stands | None:
        """Return how a bidder stands, None while it may still bid or nothing has been decided about it."""
        bid = self.bids.get(bidder_pk)
        facts = self._facts
        if bid is None or bid.state == Bid.WITHDRAWN:
            if bid is not None:
                facts = replace(facts, withdrawal_received_at=bid.ended_at)
            standing = Standing.NO_BID if bid is None else Standing.WITHDRAWN
        else:
            standing = self._with_bid(bid)
            facts = replace(facts, left_at=self._left.get(bid.pk))
            if (row := self._chosen.get(bid.public_id)) is not None:
                # who fell through no doing of its own (the rest stands as REFUSED) signs nothing any more: it is free
                facts = replace(facts, contract_signed_at=row.concluded_at or row.ended_at)
        if standing is Standing.NO_BID and self.round.closed_at is None and not self.failed:
            return None
        return Stands(standing=standing, refundable_from=refundable_from(standing, facts))

    def _with_bid(self, bid: Bid) -> Standing:
        if bid.public_id in self._lost:
            return Standing.REFUSED
        if bid.public_id == self._awarded or bid.public_id in self._chosen:
            return Standing.WINNER
        if bid.pk in self._left:
            return Standing.LEFT
        if bid.public_id in self._candidates:
            return Standing.CANDIDATE
        return Standing.NOT_CANDIDATE if self.openings else Standing.NOT_OPENED

    def grounds_against(self, bidder_pk: int) -> set[str]:
        """Return which grounds for keeping a deposit the round's own facts carry (`rules.GROUNDS`)."""
        bid = self.bids.get(bidder_pk)
        if bid is None:
            return set()
        opening = self.openings.get(bid.pk)
        found = {"revoked"} if opening is not None and opening.state == BidOpening.REVOKED else set()
        return found | ({"award_ended"} if bid.public_id in self._lost else set())


def _bids(round_: Round) -> list[Bid]:
    """Return the bids of a round without their packages; replaced ones are followed by what replaced them."""
    rows = Bid.objects.filter(round=round_).exclude(state=Bid.REPLACED).order_by("pk")
    return list(rows.only("pk", "public_id", "bidder_id", "state", "ended_at", "received_at"))

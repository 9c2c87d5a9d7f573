"""From when each bidder's deposit in a round must go back. Only after the opening; each bidder sees its own."""

from dataclasses import dataclass
from datetime import datetime

from ggzy.awarding.queries import awards_of, ended_awards, publicities_of
from ggzy.contracting.queries import contracts_of
from ggzy.deposits.rules import LotFacts, Standing, refundable_from
from ggzy.evaluation.queries import report_of_round
from ggzy.kernel.actors import Actor, Role
from ggzy.opening.models import BidOpening
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round


@dataclass(frozen=True, kw_only=True)
class ReleaseMoment:
    """One bidder's standing, and the moment from which its deposit is free (None: still held)."""

    bidder: str
    standing: str
    refundable_from: datetime | None


def release_moments(*, round_id: str, viewer: Actor) -> list[ReleaseMoment]:
    """Return the moments of an opened round: all of them to the owner side, centre and supervisor, else one's own."""
    round_ = Round.objects.select_related("lot__tender").filter(public_id=round_id).first()
    if round_ is None or round_.opened_at is None:
        return []
    award = awards_of([round_.pk]).get(round_.pk)
    contract = contracts_of([round_.pk]).get(round_.pk)
    publicity = publicities_of([round_.pk]).get(round_.pk)
    evaluation = report_of_round(round_.pk)
    candidates = set((evaluation.report or {}).get("candidates", [])) if evaluation else set()
    lost = {a.bid for a in ended_awards(round_.pk) if a.kind != "annulled"}
    facts = LotFacts(
        failed_at=round_.decided_at if Stage(round_.stage).failed else None,
        # where nothing is published before the award, who lost is free with the letter (政采条例第三十三条)
        publicity_ended_at=publicity.ended_at
        if publicity
        else award.sent_at
        if award and round_.lot.tender.scope == "GP"
        else None,
        result_published_at=award.sent_at if award else None,
        contract_signed_at=contract.signed_at if contract else None,
    )
    tender = round_.lot.tender
    sees_all = viewer.role in {Role.CENTRE, Role.SUPERVISOR} or (
        bool(viewer.organisation_pk) and viewer.organisation_pk in {tender.tenderee_id, tender.agency_id}
    )
    out = []
    rows = (
        BidOpening.objects.filter(session__round=round_)
        .select_related("bid__bidder")
        .order_by("bid__bidder__name")
    )
    for row in rows:
        if not sees_all and row.bid.bidder_id != viewer.organisation_pk:
            continue
        if row.bid.public_id in lost:
            standing = Standing.REFUSED
        elif award is not None and award.bid == row.bid.public_id:
            standing = Standing.WINNER
        elif row.bid.public_id in candidates:
            standing = Standing.CANDIDATE
        else:
            standing = Standing.NOT_CANDIDATE
        out.append(
            ReleaseMoment(
                bidder=row.bid.bidder.name,
                standing=standing.label,
                refundable_from=refundable_from(standing, facts),
            )
        )
    return out

"""What pages and the API show of publicity and award."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ggzy.awarding.models import Award, Publicity


@dataclass(frozen=True, kw_only=True)
class AwardRow:
    """The result of one round."""

    round: str
    bid: str
    bidder: str
    bidder_pk: int
    uscc: str
    price: Decimal
    determined_at: datetime
    letter: str
    sent_at: datetime | None


def awards_of(round_pks: list[int]) -> dict[int, AwardRow]:
    """Return {round primary key: award} of rounds that have one."""
    rows = Award.objects.filter(round_id__in=round_pks).select_related("bid__bidder", "round")
    return {
        a.round_id: AwardRow(
            round=a.round.public_id,
            bid=a.bid.public_id,
            bidder=a.bid.bidder.name,
            bidder_pk=a.bid.bidder_id,
            uscc=a.bid.bidder.uscc,
            price=a.price,
            determined_at=a.determined_at,
            letter=a.letter,
            sent_at=a.sent_at,
        )
        for a in rows
    }


def publicities_of(round_pks: list[int]) -> dict[int, Publicity]:
    """Return {round primary key: publicity}."""
    return {p.round_id: p for p in Publicity.objects.filter(round_id__in=round_pks)}

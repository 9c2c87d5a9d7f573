"""Checking in 签到: a bidder says that it is here. A condition of nothing, and its own secret until the bids are open.

Before the opening a check-in is escrowed, as bids are: who is here says who has bid. The opening discloses those of the
bids it opens; from then on a check-in is an act like any other, until prices are shown.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from ggzy.bidding.models import Bid
from ggzy.evidence.actions import disclose_hashes, record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.opening import rules
from ggzy.opening.models import CheckIn, OpeningSession
from ggzy.parties.grid import Permission, may, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round
from ggzy.tendering.moves import place_of


class NothingToCheckIn(NotPermitted):
    """The organisation has no live bid in this round."""

    code = "opening.nothing_to_check_in"


@transaction.atomic
def check_in(*, round_id: str, actor: Actor, now: datetime) -> CheckIn:
    """Check in to the opening of a round; a second time is the first one's answer.

    :raises NothingToCheckIn: the actor's organisation has no live bid in it
    :raises CheckInNotNow: too early, or the prices are shown
    """
    require(actor, Permission.OPENING_CHECK_IN)
    with connection.cursor() as cursor:
        # shared, as bids are received: the opening takes it alone, so what it discloses is all there is
        cursor.execute("SELECT FROM tendering_round WHERE public_id = %s AND phase = 1 FOR SHARE", [round_id])
        if cursor.fetchone() is None:
            raise NotFound("没有这个开标大厅, 请从招标公告进入")
    round_ = Round.objects.select_related("lot__tender").get(public_id=round_id)
    if not Bid.objects.filter(round=round_, bidder_id=actor.organisation_pk, state=Bid.LIVE).exists():
        raise NothingToCheckIn("只有已递交投标文件的单位在开标大厅签到; 不签到也可以观看开标")
    session = OpeningSession.objects.filter(round=round_).first()
    rules.require_may_check_in(
        deadline=round_.bid_deadline,
        over=session.shown_at is not None if session else Stage(round_.stage).failed,
        now=now,
    )
    row, made = CheckIn.objects.get_or_create(
        round=round_,
        bidder_id=actor.organisation_pk,
        defaults={"account_id": actor.account_pk, "checked_in_at": now, "region_code": round_.region_code},
    )
    if made:
        entry = record_act(
            "opening.checked_in",
            subject=row.public_id,
            actor=actor,
            legal_at=now,
            **place_of(round_),
            public={"bidder": actor.organisation_name, "checked_in_at": now.isoformat()},
            escrowed=session is None,
        )
        CheckIn.objects.filter(pk=row.pk).update(entry_hash=entry.entry_hash)
    return row


def disclose_of(round_: Round, bidders: Iterable[int], *, now: datetime) -> None:
    """Disclose the check-ins of the bidders whose bids are opened (called inside the opening)."""
    rows = CheckIn.objects.filter(round=round_, bidder_id__in=list(bidders))
    disclose_hashes(rows.values_list("entry_hash", flat=True), now=now)


def own_check_in(*, round_id: str, actor: Actor) -> datetime | None:
    """Return when the actor's organisation checked in to a round; nobody else's is ever asked for before the opening."""
    if not may(actor, Permission.OPENING_CHECK_IN):
        return None
    rows = CheckIn.objects.filter(round__public_id=round_id, bidder_id=actor.organisation_pk)
    return rows.values_list("checked_in_at", flat=True).first()


def check_ins_of(session: OpeningSession) -> dict[int, datetime]:
    """Return {bidder: when it checked in} of an opening that has begun, for the bids it opens."""
    rows = CheckIn.objects.filter(round=session.round_id, bidder__in=session.bids.values("bid__bidder"))
    return dict(rows.values_list("bidder_id", "checked_in_at"))

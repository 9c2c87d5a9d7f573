"""Standing still by order of the department that handles a complaint, through the same engine as every change.

Before the deadline every lot that takes bids stands still, since they share one deadline, which moves by what the
order takes of it; later only the lot that is complained about does.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from ggzy.changes import planning
from ggzy.changes.actions import carry_out
from ggzy.changes.models import Change
from ggzy.changes.planning import RUNNING, Ground
from ggzy.changes.rules import Kind, Wish
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round, Tender
from ggzy.tendering.moves import lock_rounds_of

#: where an order can still stop something: what runs, and what is decided but not performed
STOPPABLE = (
    *RUNNING,
    Stage.AWARDED,
    Stage.NOTIFIED,
    Stage.CONFIRMED,
    Stage.ANNOUNCED,
    Stage.CONTRACTED,
    Stage.PUBLISHED,
)
_GROUND = "complaint"


def _ground(tender_id: str, concerned: list[str], now: datetime) -> Ground:
    rounds = lock_rounds_of(tender_id, stages=[s.value for s in STOPPABLE])
    tender = Tender.objects.select_related("tenderee", "agency").get(public_id=tender_id)
    return Ground(tender=tender, rounds=[r for r in rounds if r.public_id in concerned], now=now)


@transaction.atomic
def suspend_by_order(*, round_id: str, text: str, days: int, actor: Actor, now: datetime) -> Change:
    """Make a round stand still for so many days, within the act that orders it and has checked who may.

    :raises NothingChanges: the round has ended
    """
    round_ = Round.objects.select_related("lot__tender").get(public_id=round_id)
    tender_id = round_.lot.tender.public_id
    concerned = [round_id]
    if round_.stage == Stage.OPEN_FOR_BID:
        same = Round.objects.filter(lot__tender__public_id=tender_id, stage=Stage.OPEN_FOR_BID.value)
        concerned = list(same.values_list("public_id", flat=True))
    ground = _ground(tender_id, concerned, now)
    wish = Wish(kind=Kind.SUSPEND, text=text, ground=_GROUND)
    made = planning.ordered(wish, ground, length=timedelta(days=days))
    return carry_out(wish, made, ground, evidence=(), actor=actor, now=now)


@transaction.atomic
def end_order(*, change_id: str, text: str, actor: Actor, now: datetime) -> Change:
    """Let go on what an order made stand still; bidders have back what it took of their time.

    :raises NotFound: no such order
    """
    order = Change.objects.select_related("tender").filter(public_id=change_id).first()
    if order is None:
        raise NotFound("没有这件暂停决定")
    ground = _ground(order.tender.public_id, order.rounds, now)
    wish = Wish(kind=Kind.RESUME, text=text, ground=_GROUND, order=change_id)
    made = planning.order_ended(wish, ground, order)
    if made.demands and made.proposal is not None:
        # it ended later than it was to: the deadline moves with it
        wish = replace(wish, new_deadline=made.proposal)
        made = planning.order_ended(wish, ground, order)
    return carry_out(wish, made, ground, evidence=(), actor=actor, now=now)

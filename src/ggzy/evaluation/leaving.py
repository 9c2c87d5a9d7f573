"""Leaving the talks of a negotiated procurement 退出磋商、谈判: the supplier's own act, before its last offer."""

from datetime import datetime

from django.db import transaction

from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import effect, set_timer
from ggzy.evaluation.actions import NotThisStep, go_on
from ggzy.evaluation.models import Evaluation, Leave
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.opening import quiet
from ggzy.opening.negotiated import LOOK_AGAIN, final_round
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.fronts import dismiss
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, make_move, require_move, standing_still

#: fires when a supplier has left, for whatever it set aside for the round
LEFT = "evaluation.left"
#: looks again whether the others may go on, where something stopped the round when a supplier left
GO_ON = "evaluation.go_on_without"
MOST_REASON = 1000


def may_leave(*, round_id: str, actor: Actor, now: datetime) -> bool:
    """Say whether an organisation's own answer is in talks that it may leave now."""
    round_ = Round.objects.select_related("lot__tender").filter(public_id=round_id).first()
    return round_ is not None and _why_not(round_, final_round(round_), actor, now=now) == ""


def _own(round_: Round, actor: Actor) -> Bid | None:
    return Bid.objects.filter(round=round_, bidder_id=actor.organisation_pk, state=Bid.LIVE).first()


def _why_not(round_: Round, last: Round | None, actor: Actor, *, now: datetime) -> str:
    """Return why an organisation may not leave the talks of a round now, "" if it may; `last` are its last offers."""
    bid = _own(round_, actor)
    evaluation = Evaluation.objects.filter(round=round_, step=Evaluation.TALKS).first()
    if bid is None or evaluation is None or bid.public_id in evaluation.rejected:
        return "只有参加磋商(谈判)的供应商, 在磋商(谈判)期间可以退出"
    if last is None:
        return ""
    # the moment counts, not the clock that closes a little later: what was offered by then stands
    if last.stage != Stage.FO_OPEN or last.bid_deadline is None or now >= last.bid_deadline:
        return "最后报价已经截止, 不能再退出"
    offered = Bid.objects.filter(round=last, bidder_id=actor.organisation_pk, state=Bid.LIVE).exists()
    return "您单位已提交最后报价, 请先撤回, 再退出" if offered else ""


@transaction.atomic
def leave_talks(*, round_id: str, reason: str, actor: Actor, now: datetime) -> Leave:
    """Leave the talks for good; the deposit goes home (74号令第三十四条, 财库〔2014〕214号第二十二条).

    The group goes on with the others; with too few of them the procurement ends. While something stops the round
    a supplier may leave all the same, and what follows from it waits.

    :raises NotFound: no answer of one's own here
    :raises NotThisStep: no talks now, out already, or a last offer is in
    :raises BadInput: no reason
    """
    require(actor, Permission.BID_SUBMIT)
    round_ = lock_round(round_id)
    bid = _own(round_, actor)
    if bid is None:
        raise NotFound("您单位没有参加本次采购")
    if (made := Leave.objects.filter(bid=bid).first()) is not None:
        return made  # sent twice
    require_move(round_, "leave_talks", actor=actor)
    last = final_round(round_)
    if last is not None:
        # who hands a last offer in holds its round as well: it has offered, or it has left
        last = lock_round(last.public_id)
    if why := _why_not(round_, last, actor, now=now):
        raise NotThisStep(why)
    said = reason.strip()
    if not said or len(said) > MOST_REASON:
        raise BadInput(f"请写明退出的原因, 不超过{MOST_REASON}字", field="reason")
    make_move(round_, "leave_talks", actor=actor, now=now)
    made = Leave.objects.create(
        round=round_, bid=bid, reason=said, left_at=now, region_code=round_.region_code
    )
    if last is not None:
        dismiss(last, bid.bidder_id)
    record_act(
        LEFT,
        subject=bid.public_id,
        actor=actor,
        legal_at=now,
        **quiet.place(round_),
        public={"left_at": now.isoformat()},
        supervisor={"bid": bid.public_id, "bidder": actor.organisation, "reason": said},
    )
    if standing_still(round_):
        set_timer(kind=GO_ON, subject=round_.public_id, due_at=now + LOOK_AGAIN)
    else:
        go_on(round_, actor=SYSTEM, now=now)
    set_timer(kind=LEFT, subject=bid.public_id, due_at=now)
    return made


@effect(GO_ON)
def go_on_without(round_id: str, now: datetime) -> datetime | None:
    """Let the group go on without whoever left while something stopped the round, once nothing does."""
    round_ = lock_round(round_id)
    if standing_still(round_):
        return now + LOOK_AGAIN
    go_on(round_, actor=SYSTEM, now=now)
    return None

"""Moving the deadline of a front, with or without a clarification: what the date engine (changes) does of it here."""

from collections.abc import Sequence
from datetime import datetime

from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import record_act
from ggzy.fronts import prequalification, rules, two_stage
from ggzy.fronts.actions import CLOSE
from ggzy.fronts.invitation import REPLY_DUE
from ggzy.fronts.models import FrontClarification, Invitation
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor
from ggzy.law.families import family
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round
from ggzy.tendering.moves import make_move, place_of
from ggzy.tendering.stamps import law_of

#: where a front has a deadline that may move, and what it is called
DEADLINES = {
    Stage.PQ_OPEN: "提交资格预审申请文件的截止时间",
    Stage.TS1_OPEN: "提交技术建议的截止时间",
    Stage.IV_SENT: "受邀人回复的截止时间",
}


def has_deadline(round_: Round, *, now: datetime) -> bool:
    """Say whether a front stands where its deadline may move: it is published or sent, and not over."""
    return (
        round_.phase == 0
        and round_.stage in DEADLINES
        and round_.bid_deadline is not None
        and now < round_.bid_deadline
    )


def told(rounds: Sequence[Round]) -> set[int]:
    """Return whom a new deadline concerns by name: who sent a package, who is invited; for no page."""
    sent = Bid.objects.filter(round__in=rounds, state=Bid.LIVE).values_list("bidder_id", flat=True)
    invited = Invitation.objects.filter(
        round__in=rounds, state__in=[Invitation.SENT, Invitation.ACCEPTED]
    ).values_list("invitee_id", flat=True)
    return set(sent) | set(invited)


def move_deadline(
    rounds: Sequence[Round],
    *,
    clarifies: bool,
    affects: bool,
    text: str,
    to: datetime,
    plan_sha256: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Move the deadline of locked fronts: stage, clock, public notice, record, in the caller's transaction.

    :raises MustPostpone: a clarification would leave applicants less than the law gives them
    :raises MoveNotAllowed: the stage stands against it
    """
    stage, before = Stage(rounds[0].stage), rounds[0].bid_deadline
    assert before is not None
    for round_ in rounds:
        if clarifies:
            assert round_.bid_deadline is not None
            rules.require_room_to_clarify(
                affects=affects,
                now=now,
                deadline=round_.bid_deadline,
                postponed_to=to if to > round_.bid_deadline else None,
                law=law_of(round_, now=now),
                calendar=calendars.CHINA,
                family=family(round_.procedure_code),
            )
        was = round_.bid_deadline
        code = "clarify_prequalification" if clarifies else "postpone_front"
        make_move(round_, code, actor=actor, now=now, bid_deadline=to)
        set_timer(kind=REPLY_DUE if stage is Stage.IV_SENT else CLOSE, subject=round_.public_id, due_at=to)
        FrontClarification.objects.create(
            round=round_,
            text=text[:20_000],
            affects_applications=affects,
            deadline_before=was,
            deadline_after=to,
            clarified_at=now,
            region_code=round_.region_code,
        )
    if stage is Stage.PQ_OPEN:
        prequalification.publish_anew(rounds, actor=actor, now=now)
    elif stage is Stage.TS1_OPEN:
        two_stage.publish_anew(rounds, actor=actor, now=now)
    said = {
        "rounds": [r.public_id for r in rounds],
        "deadline_before": before.isoformat(),
        "deadline": to.isoformat(),
        **(
            {"clarified_at": now.isoformat(), "affects_applications": affects}
            if clarifies
            else {"postponed_at": now.isoformat()}
        ),
    }
    tender = rounds[0].lot.tender
    # nothing of an invitation is a leaf before the bids are opened: who is invited is secret, and so is when
    place = place_of(rounds[0]) if stage is Stage.IV_SENT else {"ocid": tender.ocid}
    record_act(
        "fronts.clarified" if clarifies else "fronts.postponed",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        **place,
        public=said,
        supervisor={"plan_sha256": plan_sha256},
    )

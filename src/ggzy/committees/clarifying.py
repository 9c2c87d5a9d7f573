"""Questions of a committee to a bidder, and signed answers (条例第五十二条). Neither side sees who the other is."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from ggzy.bidding.models import Bid
from ggzy.committees import rules
from ggzy.committees.actions import MOST_TEXT, MeetingNotNow, own_member, require_present
from ggzy.committees.models import Clarification, Meeting
from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.opening.queries import opened_bids
from ggzy.opening.quiet import is_quiet, place
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round
from ggzy.tendering.moves import require_move
from ggzy.tendering.stamps import law_of

LAPSE = "committees.clarification_lapsed"
LEAST_MINUTES, MOST_MINUTES = 10, 24 * 60
MOST_ANSWER = 2000


class OnlyTheLeader(NotPermitted):
    """Questions to bidders go out in the committee's name, by its leader."""

    code = "committees.only_the_leader"
    basis = Citation("招标投标法实施条例", "第五十二条")


class AnswerTooLate(Refusal):
    """The time for the answer is over."""

    code = "committees.answer_too_late"


@transaction.atomic
def ask_bidder(
    *,
    round_id: str,
    bid: str,
    ground: str,
    text: str,
    minutes: int,
    actor: Actor,
    now: datetime,
) -> Clarification:
    """Ask one bidder in writing, in the committee's name; the answer is due within some minutes.

    :raises OnlyTheLeader: another member
    :raises BadInput: a ground the law does not know, a bid that was not opened, too little time
    :raises MeetingNotNow: an earlier question to the same bid waits
    """
    require(actor, Permission.EVALUATE)
    round_ = (
        Round.objects.select_for_update(of=("self",))
        .select_related("lot__tender")
        .filter(public_id=round_id)
        .first()
    )
    meeting = (
        Meeting.objects.select_related("draw__tender", "leader")
        .filter(draw__rounds=round_, ended_at=None)
        .order_by("-pk")
        .first()
        if round_
        else None
    )
    if round_ is None or meeting is None:
        raise NotFound("该标段没有正在进行的评标会")
    member = own_member(meeting.draw, actor)
    require_present(meeting.draw, member)
    if meeting.leader_id != member.pk:
        raise OnlyTheLeader("澄清由组长代表评标委员会书面提出; 您可以在讨论中向组长提议")
    if ground not in rules.GROUNDS:
        raise BadInput("请选择要求澄清的情形", field="ground")
    said = text.strip()
    if not said or len(said) > MOST_TEXT:
        raise BadInput(f"请写明要澄清的问题, 不超过{MOST_TEXT}字; 不得暗示或诱导投标人作出澄清", field="text")
    if ground == Clarification.LOW_PRICE and round_.lot.tender.scope == "GP":
        require_move(round_, "ask_low_price", actor=actor)
    least = least_minutes(round_, ground, now=now)
    if not least <= minutes <= MOST_MINUTES:
        raise BadInput(f"答复时间应在{least}至{MOST_MINUTES}分钟之间", field="minutes")
    if bid not in {b.bid for b in opened_bids(round_.pk)}:
        raise BadInput("没有这份已开启的投标", field="bid")
    asked = Bid.objects.get(public_id=bid)
    if Clarification.objects.filter(bid=asked, state=Clarification.ASKED).exists():
        raise MeetingNotNow("对该投标的上一次澄清还在等待答复")
    made = Clarification.objects.create(
        meeting=meeting,
        round=round_,
        bid=asked,
        ground=ground,
        text=said,
        asked_by=member,
        asked_at=now,
        due_at=now + timedelta(minutes=minutes),
        region_code=round_.region_code,
    )
    set_timer(kind=LAPSE, subject=made.public_id, due_at=made.due_at)
    tell(
        organisations=[asked.bidder_id],
        kind=Kind.LEGAL,
        basis=Citation("招标投标法实施条例", "第五十二条"),
        until_opening=[round_.public_id] if is_quiet(round_) else (),
        title="评标委员会要求澄清",
        text=f"请在{minutes}分钟内书面答复并签名。",
        link=f"/work/clarifications/{made.public_id}",
        now=now,
    )
    _record(made, "clarification_asked", actor=actor, now=now, supervisor={"bid": bid, "text": said})
    return made


def least_minutes(round_: Round, ground: str, *, now: datetime) -> int:
    """Return how long a bidder must have for an answer: in government procurement GP-T49 for a low price."""
    if round_.lot.tender.scope == "GP" and ground == Clarification.LOW_PRICE:
        return law_of(round_, now=now)["GP-T49"].length
    return LEAST_MINUTES


def _record(row: Clarification, act: str, *, actor: Actor, now: datetime, **levels: Any) -> None:
    record_act(
        f"committees.{act}",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **place(row.round),
        public={"due_at": row.due_at.isoformat()},
        **levels,
    )


def answer_document(row: Clarification, answer: str) -> dict[str, Any]:
    """Return what a bidder signs."""
    return {
        "document": "澄清说明",
        "clarification": row.public_id,
        "round": row.round.public_id,
        "bid": row.bid.public_id,
        "question": row.text,
        "answer": answer,
    }


def own_clarification(clarification_id: str, *, actor: Actor, lock: bool = False) -> Clarification:
    """Return a question to the actor's organisation.

    :raises NotFound: none, or another bidder's
    """
    rows = Clarification.objects.select_related("round__lot__tender", "bid")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    found = rows.filter(public_id=clarification_id, bid__bidder_id=actor.organisation_pk).first()
    if found is None:
        raise NotFound("没有给您单位的这次澄清")
    return found


@transaction.atomic
def answer(*, clarification_id: str, text: str, signature: str, actor: Actor, now: datetime) -> Clarification:
    """Answer a question with a signed text; it may not change the bid's substance (条例52). Once only.

    :raises AnswerTooLate: the time is over
    :raises BadInput: nothing, or too much
    :raises SignatureWrong: not on this answer
    """
    require(actor, Permission.CLARIFY, signed=True)
    row = own_clarification(clarification_id, actor=actor, lock=True)
    if row.state == Clarification.ANSWERED:
        return row
    if row.state == Clarification.EXPIRED or now >= row.due_at:
        raise AnswerTooLate("答复时间已过, 评标委员会将按现有投标文件评审")
    said = text.strip()
    if not said or len(said) > MOST_ANSWER:
        raise BadInput(f"请填写1至{MOST_ANSWER}字的说明", field="text")
    row.signature = sign_document(
        kind="clarification",
        subject=row.public_id,
        document=canonical(answer_document(row, said)),
        signature=signature,
        actor=actor,
        now=now,
    )
    row.answer, row.state, row.answered_at = said, Clarification.ANSWERED, now
    row.save(update_fields=["signature", "answer", "state", "answered_at"])
    cancel_timer(kind=LAPSE, subject=row.public_id, now=now)
    _record(row, "clarification_answered", actor=actor, now=now, supervisor={"text": said})
    return row


@effect(LAPSE)
def lapse(clarification_id: str, now: datetime) -> datetime | None:
    """Close a question that nobody answered in time."""
    row = (
        Clarification.objects.select_for_update(of=("self",))
        .select_related("round__lot__tender")
        .get(public_id=clarification_id)
    )
    if row.state == Clarification.ASKED:
        row.state = Clarification.EXPIRED
        row.save(update_fields=["state"])
        _record(row, "clarification_lapsed", actor=SYSTEM, now=now)
    return None

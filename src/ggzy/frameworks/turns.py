"""顺序轮候: whose turn it is follows from the members and the past chances alone; each has one chance a round."""

from collections.abc import Container, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.frameworks import rules
from ggzy.frameworks.calling import (
    ANSWER,
    NotNow,
    deal,
    fitting,
    price_of,
    require_in_force,
    require_way,
    until,
)
from ggzy.frameworks.models import CallOff, Framework, TurnChance
from ggzy.frameworks.moves import TO_THE_LIST, locked_call, move_call, own_call
from ggzy.frameworks.rules import Chance, Outcome, Seat, Turn, TurnRule, Way
from ggzy.frameworks.telling import in_words, record, tell_those
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import BadInput, NotPermitted
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage


def seats(framework: Framework) -> list[Seat]:
    """Return everybody who ever was in, by USCC, with from when until when: who comes back is the same supplier."""
    rows = framework.members.exclude(joined_at=None).values_list(
        "supplier__uscc", "place", "joined_at", "left_at"
    )
    return [Seat(member=m, place=p, joined_at=j, left_at=left) for m, p, j, left in rows]


def chances(framework: Framework) -> list[Chance]:
    """Return the chances that count, over all calls of a framework."""
    rows = (
        TurnChance.objects.filter(call__framework=framework)
        .exclude(outcome=Outcome.VOID.value)
        .values_list("member__supplier__uscc", "given_at")
    )
    return [Chance(member=member, at=at) for member, at in rows]


def turn_at(framework: Framework, *, at: datetime, without: Iterable[str] = ()) -> Turn | None:
    """Return whose turn it is in a framework at a moment, None where nobody is left or turns are not its way."""
    if not framework.turn_rule:
        return None
    return rules.whose_turn(
        seats(framework),
        chances(framework),
        rule=TurnRule(framework.turn_rule),
        at=at,
        without=without,
    )


@transaction.atomic
def take_turn(*, call_id: str, actor: Actor, now: datetime) -> CallOff:
    """Offer a call to the member whose turn it is.

    :raises WayNotNamed: the file does not name it
    :raises TermOver: the agreement is not in force long enough for an answer
    :raises NotNow: another call's chance waits for its answer, or everybody was asked
    """
    require(actor, Permission.FRAMEWORK_CALL)
    call = own_call(call_id, actor)
    require_in_force(call.framework, now=now)
    require_way(call.framework, Way.TURNS)
    move_call(call, "take_turn", actor=actor)
    waits = TurnChance.objects.filter(
        call__framework=call.framework, outcome=Outcome.WAITING.value
    ).select_related("call")
    if (other := waits.first()) is not None:
        # whose turn comes next is known once it is answered: else a need that is taken back would pass somebody over
        end = other.call.answer_until
        raise NotNow(
            "同一框架协议的另一次需求正等轮到的供应商答复"
            + (f", 最迟{in_words(end)}" if end else "")
            + "; 请在答复以后再轮候, 或者直接选定"
        )
    call.way = Way.TURNS.value
    until(call.framework, hours=call.framework.response_hours, now=now)
    if _found(call, {member.supplier.uscc for member in fitting(call)}, now=now) is None:
        raise NotNow("入围供应商都已轮到过这次需求, 请直接选定或者取消需求")
    _next(call, actor=actor, now=now)
    return call


def _found(call: CallOff, able: Container[str], *, now: datetime) -> Turn | None:
    """Return whose turn a call is: not who had a chance for it, nor who has no price for what it wants."""
    asked = set(call.chances.values_list("member__supplier__uscc", flat=True))
    unable = {seat.member for seat in seats(call.framework) if seat.member not in able}
    return turn_at(call.framework, at=now, without=asked | unable)


def _next(call: CallOff, *, actor: Actor, now: datetime) -> None:
    """Give the next chance, or let the need stand again where everybody has had one for this call."""
    able = {member.supplier.uscc: member for member in fitting(call)}
    found = _found(call, able, now=now)
    end = min(now + timedelta(hours=call.framework.response_hours), call.framework.ends_at)
    if found is None:
        move_call(call, "end_without_acceptance", actor=SYSTEM)
        call.way, call.answer_until = "", None
        call.save()
        record("turns_exhausted", call.framework, subject=call.public_id, actor=SYSTEM, now=now)
        tell_those(
            call.framework,
            [call.buyer_id],
            title="轮候一遍无人接受",
            text="请直接选定入围供应商, 或者取消需求。",
            call=call,
            now=now,
        )
        return
    member = able[found.member]
    TurnChance.objects.create(call=call, member=member, round=found.round, given_at=now)
    call.answer_until = end
    call.save()
    set_timer(kind=ANSWER, subject=call.public_id, due_at=end)
    record(
        "turn_given",
        call.framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"member": member.public_id, "supplier": member.supplier.uscc, "round": found.round},
        escrowed=True,
    )
    tell_those(
        call.framework,
        [member.supplier_id],
        title="轮到本单位",
        text=f"第{found.round}轮, 金额{price_of(call, member)}元。请在{in_words(end)}以前答复; 本轮只有这一次机会。",
        call=call,
        now=now,
    )


def _waiting(call: CallOff) -> TurnChance | None:
    return (
        call.chances.select_for_update(of=("self",))
        .select_related("member__supplier")
        .filter(outcome=Outcome.WAITING.value)
        .first()
    )


@transaction.atomic
def answer_turn(*, call_id: str, accepts: bool, reason: str = "", actor: Actor, now: datetime) -> CallOff:
    """Accept the contract whose turn it is, or decline it with a reason: then it goes to the next.

    :raises NotPermitted: it is another's turn
    :raises NotNow: the time to answer is over
    :raises BadInput: declined without a reason
    """
    require(actor, Permission.FRAMEWORK_ANSWER)
    call = locked_call(call_id)
    move_call(call, "accept_turn" if accepts else "decline_turn", actor=actor)
    chance = _waiting(call)
    if chance is None or chance.member.supplier_id != actor.organisation_pk:
        raise NotPermitted("现在没有轮到本单位", next_steps=TO_THE_LIST)
    assert call.answer_until is not None, "a chance has its time"
    if now >= call.answer_until or chance.member.stage != Stage.JOINED.value:
        raise NotNow("答复期限已过, 或者本单位已不在框架协议内; 机会转给下一家", next_steps=TO_THE_LIST)
    if not accepts and (not reason.strip() or len(reason) > 2000):
        raise BadInput("请写明不接受的理由(不超过2000字)", field="reason")
    chance.outcome = (Outcome.ACCEPTED if accepts else Outcome.DECLINED).value
    chance.reason, chance.answered_at = "" if accepts else reason.strip(), now
    chance.save()
    cancel_timer(kind=ANSWER, subject=call.public_id, now=now)
    record(
        "turn_answered",
        call.framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={"member": chance.member.public_id, "outcome": chance.outcome},
        supervisor={"reason": chance.reason},
        escrowed=True,
    )
    if accepts:
        chance.member.framework = call.framework
        facts = [("轮候", f"第{chance.round}轮")]
        price = price_of(call, chance.member)
        deal(call, member=chance.member, price=price, facts=facts, actor=actor, now=now)
        return call
    _passed_on(call, chance, f"不接受: {chance.reason}", now=now)
    return call


def _passed_on(call: CallOff, chance: TurnChance, what: str, *, now: datetime) -> None:
    tell_those(
        call.framework,
        [call.framework.collector_id],
        title=f"{chance.member.supplier.name}轮到后没有接受",
        text=f"{call.name}: {what} 无正当理由的, 可以清退(110号令第十九条)。",
        now=now,
    )
    _next(call, actor=SYSTEM, now=now)


@effect(ANSWER)
def lapse(subject: str, now: datetime) -> datetime | None:
    """Let a chance lapse that was not answered in time, and give the next; what else is asked just runs out."""
    call = locked_call(subject)
    if call.stage != Stage.TURN.value or call.answer_until is None:
        return None
    if now < call.answer_until:
        return call.answer_until
    if now >= call.framework.ends_at:
        return None  # the end of the term takes the need back
    chance = _waiting(call)
    assert chance is not None, "a turn waits for somebody"
    move_call(call, "lapse_turn", actor=SYSTEM)
    chance.outcome, chance.answered_at = Outcome.LAPSED.value, now
    chance.save()
    record(
        "turn_answered",
        call.framework,
        subject=call.public_id,
        actor=SYSTEM,
        now=now,
        public={"member": chance.member.public_id, "outcome": chance.outcome},
        escrowed=True,
    )
    _passed_on(call, chance, "逾期没有答复。", now=now)
    # this clock goes on for the next chance: its own row is claimed, so it is moved by what is returned
    return call.answer_until

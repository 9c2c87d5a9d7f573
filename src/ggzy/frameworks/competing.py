"""二次竞价: every member that fits is invited at once, seals a digest of its price, and reveals it after the time.

Before the time nobody can read an offer, this platform included: it holds a digest over the price and 32 random bytes of
the supplier's browser. Who has sealed, and how many, is told to nobody until the result stands.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import acknowledge, disclose, record_act
from ggzy.evidence.models import Entry
from ggzy.frameworks import rules
from ggzy.frameworks.calling import (
    SEALED,
    SETTLE,
    NotNow,
    deal,
    fitting,
    require_in_force,
    require_way,
)
from ggzy.frameworks.models import CallOff, CallOffer, FrameworkMember
from ggzy.frameworks.moves import TO_THE_LIST, locked_call, member_of, move_call, own_call
from ggzy.frameworks.rules import Sealed, TieRule, Way, WrongReveal
from ggzy.frameworks.telling import in_words, record, tell_those
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, NotPermitted
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage

OFFER = "frameworks.offer"
#: how long sealed offers are revealed after their time
REVEAL = timedelta(hours=24)
_HEX = frozenset("0123456789abcdef")
_SEALED_ACT = "frameworks.offer_sealed"


@transaction.atomic
def invite_competition(*, call_id: str, sealed_until: datetime, actor: Actor, now: datetime) -> CallOff:
    """Invite every member that fits to a second competition, all at once, with the time until which offers are sealed.

    :raises WayNotNamed: the file does not name it
    :raises BadInput: less time than the file says, or the agreement is over before the offers are revealed
    """
    require(actor, Permission.FRAMEWORK_CALL)
    call = own_call(call_id, actor)
    framework = call.framework
    require_in_force(framework, now=now)
    require_way(framework, Way.COMPETE)
    move_call(call, "invite_competition", actor=actor)
    if call.sealed_until is not None:
        raise NotNow("这次需求已经竞价一次, 请直接选定, 或者取消后重新提出需求", next_steps=TO_THE_LIST)
    if sealed_until < now + timedelta(hours=framework.response_hours):
        raise BadInput(
            f"征集文件规定的响应时间不少于{framework.response_hours}小时, 请把封存截止时间推后",
            field="sealed_until",
        )
    if sealed_until + REVEAL >= framework.ends_at:
        raise BadInput("框架协议在揭示结束以前期满, 请把封存截止时间提前", field="sealed_until")
    members = fitting(call)
    call.way, call.sealed_until, call.reveal_until = Way.COMPETE.value, sealed_until, sealed_until + REVEAL
    call.invited = [member.public_id for member in members]
    call.save()
    set_timer(kind=SEALED, subject=call.public_id, due_at=call.sealed_until)
    set_timer(kind=SETTLE, subject=call.public_id, due_at=call.reveal_until)
    record(
        "competition_invited",
        framework,
        subject=call.public_id,
        actor=actor,
        now=now,
        public={
            "invited": sorted(m.supplier.uscc for m in members),
            "sealed_until": sealed_until.isoformat(),
            "reveal_until": call.reveal_until.isoformat(),
            "ties": framework.tie_rule,
        },
    )
    tell_those(
        framework,
        [member.supplier_id for member in members],
        title="邀请参加二次竞价",
        text=f"请在{in_words(sealed_until)}以前封存报价, 到时起24小时内揭示; 不得高于本单位的协议价格。",
        call=call,
        now=now,
    )
    return call


def _competing(call_id: str, actor: Actor) -> tuple[CallOff, FrameworkMember]:
    call = locked_call(call_id)
    member = member_of(call.framework, actor)
    if member.public_id not in call.invited or call.way != Way.COMPETE.value:
        raise NotPermitted("本单位没有被邀请参加这次竞价", next_steps=TO_THE_LIST)
    return call, member


def _offer(call: CallOff, member: FrameworkMember, commitment: str) -> bytes:
    """Return what a supplier signs when it seals its offer: the digest and whose it is, nothing of the price."""
    return canonical(
        {
            "call": call.public_id,
            "supplier": member.supplier.uscc,
            "commitment": commitment,
        }
    )


def _sealing(call_id: str, commitment: str, actor: Actor, now: datetime) -> tuple[CallOff, FrameworkMember]:
    call, member = _competing(call_id, actor)
    # the moment is checked before everything else: no refusal after it tells what was there before
    if call.stage != Stage.MINI_BID.value or call.sealed_until is None or now >= call.sealed_until:
        raise NotNow("封存报价的时间已过", next_steps=TO_THE_LIST)
    if len(commitment) != 64 or set(commitment) - _HEX:
        raise BadInput("报价的封存摘要应为64位小写十六进制SHA-256值", field="commitment")
    return call, member


@transaction.atomic
def offer_to_sign(*, call_id: str, commitment: str, actor: Actor, now: datetime) -> bytes:
    """Return the sealed offer as the supplier signs it.

    :raises NotNow: the time is over
    :raises NotPermitted: it was not invited
    """
    require(actor, Permission.FRAMEWORK_ANSWER, signed=True)
    call, member = _sealing(call_id, commitment, actor, now)
    return _offer(call, member, commitment)


@transaction.atomic
def seal_offer(
    *, call_id: str, commitment: str, signature: str, actor: Actor, now: datetime
) -> dict[str, object]:
    """Seal an offer: keep its signed digest; sealed anew before the time, the last one counts; the same again changes nothing. Returns the acknowledgement.

    The entry is escrowed: nobody learns from the log that somebody sealed, nor how many did.

    :raises NotNow: the time is over
    :raises NotPermitted: it was not invited
    :raises SignatureWrong: the signature is not on this digest
    """
    require(actor, Permission.FRAMEWORK_ANSWER, signed=True)
    call, member = _sealing(call_id, commitment, actor, now)
    if call.offers.filter(member=member, commitment=commitment).exists():
        # said twice, it keeps its first moment: equal offers may go by it
        mine = Entry.objects.filter(act=_SEALED_ACT, subject=call.public_id, organisation=actor.organisation)
        return acknowledge(mine.latest("pk"))
    signed = sign_document(
        kind=OFFER,
        subject=call.public_id,
        document=_offer(call, member, commitment),
        signature=signature,
        actor=actor,
        now=now,
    )
    CallOffer.objects.update_or_create(
        call=call,
        member=member,
        defaults={"commitment": commitment, "signature": signed, "committed_at": now},
    )
    entry = record_act(
        _SEALED_ACT,
        subject=call.public_id,
        ocid=call.framework.ocid,
        actor=actor,
        legal_at=now,
        supervisor={"supplier": actor.uscc, "commitment": commitment},
        escrowed=True,
    )
    return acknowledge(entry)


@transaction.atomic
def reveal_offer(*, call_id: str, price: str, salt: str, actor: Actor, now: datetime) -> CallOffer:
    """Reveal a sealed offer within its time; what does not give the digest again is refused. The same again changes nothing.

    :raises NotNow: not yet, or no longer
    :raises NotPermitted: this supplier has sealed nothing
    :raises WrongReveal: price and salt are not what was sealed
    """
    require(actor, Permission.FRAMEWORK_ANSWER)
    call, member = _competing(call_id, actor)
    if call.stage != Stage.MINI_BID.value or call.sealed_until is None or call.reveal_until is None:
        raise NotNow("这次竞价已经结束", next_steps=TO_THE_LIST)
    if not call.sealed_until <= now < call.reveal_until:
        raise NotNow("封存截止以后24小时内揭示报价", next_steps=TO_THE_LIST)
    offer = call.offers.select_for_update().filter(member=member).first()
    if offer is None:
        raise NotPermitted("本单位没有封存报价, 不能揭示", next_steps=TO_THE_LIST)
    amount = yuan(price, field="price")
    found = rules.sealed_price(call=call.public_id, supplier=member.supplier.uscc, price=amount, salt=salt)
    if found != offer.commitment:
        raise WrongReveal("价格和随机数与封存的摘要不一致: 请用最后一次封存时保存的报价凭证", field="salt")
    if offer.revealed_at is None:
        offer.price, offer.salt, offer.revealed_at = amount, salt, now
        offer.save()
        record_act(
            "frameworks.offer_revealed",
            subject=call.public_id,
            ocid=call.framework.ocid,
            actor=actor,
            legal_at=now,
            supervisor={"supplier": actor.uscc, "price": str(amount)},
            escrowed=True,
        )
    return offer


@effect(SEALED)
def ask_to_reveal(subject: str, now: datetime) -> datetime | None:
    """Ask every invited member to reveal what it sealed: all are asked, so that nobody learns who did."""
    call = locked_call(subject)
    if call.stage != Stage.MINI_BID.value or call.sealed_until is None or call.reveal_until is None:
        return None
    if now < call.sealed_until:
        return call.sealed_until
    rows = FrameworkMember.objects.filter(public_id__in=call.invited).values_list("supplier_id", flat=True)
    tell_those(
        call.framework,
        rows,
        title="封存截止, 请揭示报价",
        text=f"封存了报价的, 请在{in_words(call.reveal_until)}以前用报价凭证揭示; 没有揭示的视为没有报价, 并予公布。",
        call=call,
        now=now,
    )
    return None


def _ceiling(call: CallOff, row: CallOffer) -> Decimal:
    if row.ceiling is not None:
        return row.ceiling
    if row.member.stage != Stage.JOINED.value:
        return rules.NOTHING
    return rules.total(row.member.prices, call.quantities)


def sealed_offers(call: CallOff) -> list[Sealed]:
    """Return the offers of a competition as the rule judges them; who is no longer in has a ceiling of nothing.

    Once settled, it is the ceiling of the settlement: who leaves later changes nothing.
    """
    rows = sorted(call.offers.all(), key=lambda offer: (offer.committed_at, offer.pk))
    return [
        Sealed(
            member=row.member.public_id,
            place=row.member.place,
            joined_at=row.member.joined_at,
            committed_at=row.committed_at,
            ceiling=_ceiling(call, row),
            price=row.price,
            salt=row.salt,
        )
        for row in rows
    ]


@effect(SETTLE)
def settle(subject: str, now: datetime) -> datetime | None:
    """Settle a competition when the time to reveal is over: the lowest offer that stands wins; everything is published."""
    call = locked_call(subject)
    if call.stage != Stage.MINI_BID.value or call.reveal_until is None:
        return None
    if now < call.reveal_until:
        return call.reveal_until
    offers = sealed_offers(call)
    won = rules.winner(offers, ties=TieRule(call.framework.tie_rule))
    rows = {o.member.public_id: o for o in call.offers.select_related("member__supplier")}
    for judged in offers:
        rows[judged.member].ceiling = judged.ceiling
        rows[judged.member].save(update_fields=["ceiling"])
    move_call(call, "settle_competition" if won else "end_without_offers", actor=SYSTEM)
    disclose(Entry.objects.filter(subject=call.public_id, escrowed=True), now=now)
    record(
        "competition_settled",
        call.framework,
        subject=call.public_id,
        actor=SYSTEM,
        now=now,
        public={
            "offers": [
                {
                    "supplier": rows[o.member].member.supplier.uscc,
                    "commitment": rows[o.member].commitment,
                    "committed_at": o.committed_at.isoformat(),
                    "price": str(o.price) if o.price is not None else None,
                    "salt": o.salt,
                    "ceiling": str(o.ceiling),
                }
                for o in offers
            ],
            "winner": rows[won.member].member.supplier.uscc if won else None,
        },
    )
    facts = [(row.member.supplier.name, _result(row, o)) for o in offers for row in [rows[o.member]]]
    if won is None or won.price is None:
        call.way = ""
        call.save()
        tell_those(
            call.framework,
            [call.buyer_id],
            title="二次竞价没有有效报价",
            text="请直接选定入围供应商, 或者取消需求。" + "; ".join(f"{n}: {v}" for n, v in facts),
            call=call,
            now=now,
        )
        return None
    member = rows[won.member].member
    member.framework = call.framework
    ties = ("报价并列的规则", TieRule(call.framework.tie_rule).label)
    deal(call, member=member, price=won.price, facts=[*facts, ties], actor=SYSTEM, now=now)
    return None


def _result(row: CallOffer, offer: Sealed) -> str:
    if row.price is None:
        return "封存后没有揭示, 视为没有报价"
    return f"报价{row.price}元" + ("" if offer.stands else ", 高于协议价格或者已不在框架协议内, 无效")

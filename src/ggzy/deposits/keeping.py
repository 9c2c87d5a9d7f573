"""Holding a deposit back for a while, and not returning it at all: the tenderee's decisions, with reason, end and two people."""

from datetime import date, datetime, time, timedelta

from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.deposits import book, ledger, rules
from ggzy.deposits.actions import say
from ggzy.deposits.models import Deposit, DepositHold, Forfeiture, Guarantee, Payment
from ggzy.deposits.releasing import WITH_MONEY, order_payment, release, release_round
from ggzy.deposits.rules import Form, Standing, State
from ggzy.deposits.standings import RoundFacts
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.law.limits import beijing_date
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.tendering.moves import place_of, require_tenderee

#: the clock of a hold that must be looked at again
REVIEW = "deposits.review"


def _locked(deposit_id: str, actor: Actor) -> Deposit:
    """Return an opened round's deposit of the actor's own tender, locked.

    :raises NotFound: none, or the round is not opened: before, nobody at the tenderee knows of any
    """
    rows = Deposit.objects.select_for_update(of=("self",)).select_related("round__lot__tender", "bidder")
    deposit = rows.filter(public_id=deposit_id).exclude(round__opened_at=None).first()
    if deposit is None or deposit.bidder_id not in RoundFacts(deposit.round).bids:
        raise NotFound("没有这笔保证金, 请从保证金页面进入")
    require_tenderee(deposit.round.lot.tender, actor)
    return deposit


@transaction.atomic
def hold(*, deposit_id: str, reason: str, review_on: date, actor: Actor, now: datetime) -> DepositHold:
    """Hold a deposit that would become free, for a reason of its own bidder, until it is looked at again.

    :raises NotFree: it is on its way, gone, or held already
    :raises HoldTooLong: the review is not within 30 days
    """
    require(actor, Permission.DEPOSIT_HOLD)
    deposit = _locked(deposit_id, actor)
    if not 10 <= len(reason.strip()) <= 2000:
        raise BadInput("请写明暂缓退还的事实和依据(10至2000字); 只能针对该投标人本身的情形", field="reason")
    rules.require_review_date(review_on, today=beijing_date(now))
    if (
        deposit.state not in WITH_MONEY
        or DepositHold.objects.filter(deposit=deposit, lifted_at=None).exists()
    ):
        raise rules.NotFree("这笔保证金已在退还、已经结束或者已经暂缓, 请刷新查看")
    row = DepositHold.objects.create(
        deposit=deposit,
        reason=reason.strip(),
        review_on=review_on,
        set_at=now,
        set_by_id=actor.account_pk,
        region_code=deposit.region_code,
    )
    record_act(
        "deposits.held",
        subject=deposit.public_id,
        actor=actor,
        legal_at=now,
        party={"bidder": deposit.bidder.public_id, "reason": row.reason, "review_on": review_on.isoformat()},
        **place_of(deposit.round),
    )
    say(
        deposit,
        title="保证金暂缓退还",
        text=f"招标人说明的理由: {row.reason}。最迟{review_on:%Y年%m月%d日}复查。对此有异议的, 可以向招标人提出或向行政监督部门投诉。",
        now=now,
    )
    set_timer(kind=REVIEW, subject=row.public_id, due_at=datetime.combine(review_on, time(9), tzinfo=BEIJING))
    return row


@effect(REVIEW)
def remind_of_review(hold_id: str, now: datetime) -> datetime | None:
    """Remind the tenderee, each day, of a hold whose day of review has come, and tell the bidder the first time."""
    row = DepositHold.objects.select_related("deposit__round__lot__tender").get(public_id=hold_id)
    if row.lifted_at is not None or row.deposit.state not in WITH_MONEY:
        return None
    tender = row.deposit.round.lot.tender
    tell(
        organisations=[tender.tenderee_id],
        kind=Kind.REMINDER,
        title="暂缓退还的保证金到期复查",
        text="暂缓的复查日期已到: 请解除暂缓(即时退还), 或依法提出不予退还。没有依据的不得扣留。",
        link=f"/work/rounds/{row.deposit.round.public_id}/deposits",
        now=now,
    )
    if row.reminded_at is None:
        say(
            row.deposit,
            title="保证金暂缓已到复查日期",
            text="系统已提醒招标人解除暂缓或依法作出决定。",
            now=now,
        )
    DepositHold.objects.filter(pk=row.pk).update(reminded_at=now)
    return now + timedelta(days=1)


@transaction.atomic
def lift(*, hold_id: str, actor: Actor, now: datetime) -> DepositHold:
    """Lift a hold; what has become free meanwhile goes back at once. Lifting again changes nothing."""
    require(actor, Permission.DEPOSIT_HOLD)
    found = DepositHold.objects.filter(public_id=hold_id).select_related("deposit").first()
    if found is None:
        raise NotFound("没有这次暂缓, 请从保证金页面进入")
    deposit = _locked(found.deposit.public_id, actor)
    row = DepositHold.objects.select_for_update().get(pk=found.pk)
    if row.lifted_at is None:
        row.lifted_at = now
        row.save(update_fields=["lifted_at"])
        record_act(
            "deposits.hold_lifted",
            subject=deposit.public_id,
            actor=actor,
            legal_at=now,
            party={"bidder": deposit.bidder.public_id},
            **place_of(deposit.round),
        )
        say(deposit, title="保证金暂缓已经解除", text="到应退时点即时原路退还。", now=now)
        release_round(deposit.round, now=now, only=deposit.bidder_id)
    return row


@transaction.atomic
def propose_forfeiture(
    *, deposit_id: str, ground: str, reason: str, name: str, account: str, actor: Actor, now: datetime
) -> Forfeiture:
    """Propose not to return a deposit, on a ground of the law that the round's own facts carry; nothing is kept yet.

    :raises NoGround: the law has no such ground, or nothing here carries it
    :raises NotFree: it is on its way or gone, or a proposal waits already
    """
    require(actor, Permission.DEPOSIT_FORFEIT)
    deposit = _locked(deposit_id, actor)
    found = rules.require_ground(
        ground,
        scope=deposit.round.lot.tender.scope,
        facts=RoundFacts(deposit.round).grounds_against(deposit.bidder_id),
    )
    if not 10 <= len(reason.strip()) <= 4000:
        raise BadInput("请写明事实和理由(10至4000字)", field="reason")
    number = "".join(account.split())
    if deposit.form == Form.TRANSFER and (
        not name.strip() or not (number.isdigit() and 8 <= len(number) <= 32)
    ):
        raise BadInput("请填写收款单位和账号(应上缴国库的填财政专户)", field="account")
    if (
        deposit.state not in WITH_MONEY
        or Forfeiture.objects.filter(deposit=deposit, decided_at=None).exists()
    ):
        raise rules.NotFree("这笔保证金已在退还、已经结束, 或者已有一份提议等待确认, 请刷新查看")
    row = Forfeiture.objects.create(
        deposit=deposit,
        ground=ground,
        clause=str(found.clause),
        reason=reason.strip(),
        name=name.strip()[:200],
        account=number,
        proposed_by_id=actor.account_pk,
        proposed_at=now,
        region_code=deposit.region_code,
    )
    _record(row, "deposits.forfeiture_proposed", actor=actor, now=now)
    say(
        deposit,
        title="招标人提议不予退还保证金, 尚待第二人确认",
        text=f"情形: {found.label}。理由: {row.reason}。依据{found.clause}。",
        now=now,
    )
    return row


def _record(row: Forfeiture, act: str, *, actor: Actor, now: datetime) -> None:
    record_act(
        act,
        subject=row.deposit.public_id,
        actor=actor,
        legal_at=now,
        party={
            "bidder": row.deposit.bidder.public_id,
            "ground": row.ground,
            "clause": row.clause,
            "reason": row.reason,
            **({} if row.upheld is None else {"upheld": row.upheld}),
        },
        **place_of(row.deposit.round),
    )


@transaction.atomic
def decide_forfeiture(*, forfeiture_id: str, upheld: bool, actor: Actor, now: datetime) -> Forfeiture:
    """Decide a proposal as the second person: keep the deposit, or return it at once where it has become free.

    :raises OnePersonOnly: the proposer wants to decide
    :raises NotFree: it is decided
    """
    require(actor, Permission.DEPOSIT_FORFEIT)
    found = Forfeiture.objects.filter(public_id=forfeiture_id).select_related("deposit").first()
    if found is None:
        raise NotFound("没有这份提议, 请从保证金页面进入")
    deposit = _locked(found.deposit.public_id, actor)
    row = Forfeiture.objects.select_for_update().get(pk=found.pk)
    if row.decided_at is not None:
        raise rules.NotFree("这份提议已经决定, 请刷新查看")
    rules.require_second_person(proposed_by=row.proposed_by_id, decided_by=actor.account_pk)
    row.decided_by_id, row.decided_at, row.upheld = actor.account_pk, now, upheld
    row.save(update_fields=["decided_by", "decided_at", "upheld"])
    row.deposit = deposit
    _record(row, "deposits.forfeiture_decided", actor=actor, now=now)
    if upheld:
        _keep(row, deposit, now=now)
        return row
    say(deposit, title="不予退还的提议未获确认", text="到应退时点即时原路退还。", now=now)
    stands = RoundFacts(deposit.round).of(deposit.bidder_id)
    if stands is not None and stands.standing is Standing.REFUSED:
        # nothing else would ever free it: the tenderee has just decided that it goes back
        release(deposit, standing=Standing.REFUSED, due_at=now, now=now)
    else:
        release_round(deposit.round, now=now, only=deposit.bidder_id)
    return row


def _keep(row: Forfeiture, deposit: Deposit, *, now: datetime) -> None:
    DepositHold.objects.filter(deposit=deposit, lifted_at=None).update(lifted_at=now)
    amount = book.held(deposit)
    if deposit.form == Form.TRANSFER and amount:
        book.post(
            ledger.Event.FORFEITED,
            reference=row.public_id,
            lines=ledger.forfeited(ledger.deposit(deposit.public_id), amount),
            value_at=now,
            now=now,
        )
        order_payment(
            deposit,
            kind=Payment.FORFEITURE,
            amount=amount,
            due_at=now,
            now=now,
            name=row.name,
            account=row.account,
        )
    deposit.state, deposit.settled_at = State.FORFEITED.value, now
    letter = Guarantee.objects.filter(deposit=deposit, state=rules.GuaranteeState.LODGED.value).first()
    if letter is not None:
        # a letter pays when it is claimed: the claim is made by the tenderee on the letter's page
        deposit.state, deposit.settled_at = State.MATCHED.value, None
    deposit.save(update_fields=["state", "settled_at"])
    ground = next(g for g in rules.GROUNDS[deposit.round.lot.tender.scope] if g.code == row.ground)
    tell(
        organisations=[deposit.bidder_id],
        kind=Kind.LEGAL,
        basis=ground.clause,
        until_opening=(),
        title="投标保证金不予退还决定",
        text=f"金额{amount or deposit.required}元。情形: {ground.label}。理由: {row.reason}。对决定不服的, 可以依法投诉或者起诉。",
        link=f"/work/rounds/{deposit.round.public_id}/deposit",
        now=now,
    )

"""Money that goes home by itself: what an act in a round frees, the order to the bank, and its word.

The act that frees deposits (a move, a withdrawal) sets a clock in its own transaction; the worker looks at the round as
it then stands, so that it does not matter which act it was, or whether one clock was fired twice. Nobody touches it:
the rule decides, the bank is ordered, the nightly comparison with the bank's statement is the second pair of eyes.

A payment goes in steps that each commit on their own: the amounts are fixed and written into the book, then the bank is
ordered, then asked. A crash between two of them repeats the last with the same number, and the bank pays a number once.
"""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from ggzy.bidding.actions import WITHDRAWN
from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import effect, set_timer
from ggzy.deposits import bonds, book, ledger, ports, rules
from ggzy.deposits.actions import PAY, account_number, record, say
from ggzy.deposits.models import Conversion, Deposit, DepositHold, Forfeiture, Guarantee, Payment, Receipt
from ggzy.deposits.rules import Form, GuaranteeState, Standing, State
from ggzy.deposits.standings import RoundFacts
from ggzy.evaluation.leaving import LEFT
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import NotFound
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round
from ggzy.tendering.moves import MOVED

ZERO = Decimal("0.00")
#: what goes to another than who paid it in
TO_ANOTHER = {Payment.FORFEITURE, Payment.CONVERSION}
WITH_MONEY = {State.SHORT.value, State.DOUBTFUL.value, State.MATCHED.value}


@effect(MOVED)
def look_at_round(round_id: str, now: datetime) -> datetime | None:
    """Free what the round as it stands now frees."""
    round_ = Round.objects.select_related("lot__tender").filter(public_id=round_id, phase=1).first()
    if round_ is not None:
        release_round(round_, now=now)
    return None


@effect(WITHDRAWN)
def look_at_withdrawn(bid_id: str, now: datetime) -> datetime | None:
    """Free the deposit of a bid that was withdrawn before the deadline."""
    bid = Bid.objects.select_related("round__lot__tender").only("round", "bidder_id").get(public_id=bid_id)
    if bid.round.phase == 1:
        release_round(bid.round, now=now, only=bid.bidder_id)
    return None


@effect(LEFT)
def look_at_left(bid_id: str, now: datetime) -> datetime | None:
    """Free the deposit of a supplier that left the talks."""
    bid = Bid.objects.select_related("round__lot__tender").only("round", "bidder_id").get(public_id=bid_id)
    release_round(bid.round, now=now, only=bid.bidder_id)
    return None


@transaction.atomic
def release_round(round_: Round, *, now: datetime, only: int | None = None) -> int:
    """Free every deposit of a round whose moment has come and that nothing holds; return how many.

    Looking twice frees nothing twice: what is on its way is in another state.
    """
    rows = Deposit.objects.select_for_update(of=("self",)).select_related("round__lot__tender").order_by("pk")
    rows = rows.filter(round=round_).exclude(state__in=[s.value for s in State if s.final])
    rows = rows.exclude(state__in=[State.REFUNDING.value, State.FAILED_PAY.value])
    deposits = list(rows if only is None else rows.filter(bidder_id=only))
    if not deposits:
        return 0
    kept = set(
        DepositHold.objects.filter(deposit__in=deposits, lifted_at=None).values_list("deposit_id", flat=True)
    )
    # a proposal waits for its second person, and what was kept stays kept
    proposed = Forfeiture.objects.filter(deposit__in=deposits).exclude(upheld=False)
    kept |= set(proposed.values_list("deposit_id", flat=True))
    facts = RoundFacts(round_)
    count = 0
    for deposit in deposits:
        stands = facts.of(deposit.bidder_id)
        if stands is None or stands.refundable_from is None or stands.refundable_from > now:
            continue
        if deposit.pk not in kept and _predates(deposit, stands.standing, facts):
            release(deposit, standing=stands.standing, due_at=stands.refundable_from, now=now)
            count += 1
    return count


def _predates(deposit: Deposit, standing: Standing, facts: RoundFacts) -> bool:
    """Say whether a withdrawal came after the deposit was opened: a new deposit is for a new bid."""
    if standing is not Standing.WITHDRAWN or facts.round.closed_at is not None or facts.failed:
        return True
    ended = facts.bids[deposit.bidder_id].ended_at
    return ended is not None and ended >= deposit.opened_at


def release(deposit: Deposit, *, standing: Standing, due_at: datetime, now: datetime) -> None:
    """Let one locked deposit go: order its refund, release its letter, or end what needs nothing more."""
    deposit.released_by, deposit.released_at = standing.value, due_at
    record("deposits.released", deposit, actor=SYSTEM, now=now, facts={"standing": standing.value})
    letter = Guarantee.objects.filter(deposit=deposit).exclude(state__in=_LETTER_OVER).first()
    if letter is not None and letter.state == GuaranteeState.CLAIMED:
        return
    amount = book.held(deposit) if deposit.form == Form.TRANSFER else ZERO
    bond = bonds.convert(deposit, held=amount, now=now) if amount and standing is Standing.WINNER else None
    if bond is not None:
        order_payment(
            deposit,
            kind=Payment.CONVERSION,
            amount=bond.amount,
            due_at=due_at,
            now=now,
            name=bond.name,
            account=bond.account,
        )
        amount -= bond.amount
    if amount or (bond is not None and interest_until(deposit, until=now).amount):
        deposit.state = State.REFUNDING.value
        order_payment(deposit, kind=Payment.REFUND, amount=amount, due_at=due_at, now=now)
    elif bond is not None:
        deposit.state, deposit.settled_at = State.CONVERTED.value, now
    else:
        deposit.state, deposit.settled_at = State.ENDED.value, now
    deposit.save(update_fields=["state", "released_by", "released_at", "settled_at"])
    if letter is not None:
        _release_letter(letter, deposit, standing=standing, now=now)
    elif deposit.form == Form.COMMITMENT:
        why = standing.said_in(deposit.round.procedure_code)
        say(deposit, title="信用承诺已经解除", text=f"情形: {why}。", now=now)


_LETTER_OVER = ["rejected", "surrendered", "released", "paid_out"]


def _release_letter(letter: Guarantee, deposit: Deposit, *, standing: Standing, now: datetime) -> None:
    event = "release" if letter.state == GuaranteeState.LODGED else "surrender"
    letter.state = rules.guarantee_after(letter.state, event).value
    letter.ended_at, letter.reason = now, standing.said_in(deposit.round.procedure_code)
    letter.save(update_fields=["state", "ended_at", "reason"])
    for organisation in (letter.issuer_id, deposit.bidder_id):
        tell(
            organisations=[organisation],
            kind=Kind.SERVICE,
            title="解保通知" if event == "release" else "保函申请已经终止",
            text=f"保函{letter.number or '(未出函)'}, 金额{letter.amount}元。情形: {letter.reason}。",
            link=f"/work/guarantees/{letter.public_id}",
            until_opening=[deposit.round.public_id],
            now=now,
        )


def order_payment(
    deposit: Deposit,
    *,
    kind: str,
    amount: Decimal,
    due_at: datetime,
    now: datetime,
    name: str = "",
    account: str = "",
) -> Payment:
    """Draw up the order that pays a deposit out: to the account it came from, and nowhere else, unless it is forfeited."""
    payment = Payment.objects.create(
        kind=kind,
        state=Payment.DUE,
        deposit=deposit,
        principal=amount,
        name=name or deposit.payer_name,
        account=account or deposit.payer_account,
        due_at=due_at,
    )
    set_timer(kind=PAY, subject=payment.public_id, due_at=now)
    return payment


# -- the order and the bank's word --------------------------------------------------------------------------------------


@effect(PAY)
def pay(payment_id: str, now: datetime) -> datetime | None:
    """Take a payment one step further; return when to go on, None when it is paid or has come back."""
    payment = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("deposit__round")
        .get(public_id=payment_id)
    )
    bank = ports.bank()
    if bank is None or payment.state in {Payment.PAID, Payment.FAILED}:
        return None
    if payment.state == Payment.DUE:
        _fix(payment, now=now)
        return now
    if payment.state == Payment.ORDERED:
        try:
            bank.pay(_order(payment))
        except ports.Turned as no:
            _come_back(payment, str(no), at=now, now=now)
            return None
        payment.state, payment.sent_at = Payment.SENT, now
        payment.save(update_fields=["state", "sent_at"])
    outcome = bank.outcome(number_of(payment))
    if outcome is None:
        return now + timedelta(seconds=settings.BANK_SECONDS)
    _settle(payment, outcome, now=now)
    return None


def number_of(payment: Payment) -> str:
    """Return the number under which the bank knows an order; a payment that came back is ordered anew under another."""
    return f"{payment.public_id}-{payment.attempt}"


def _order(payment: Payment) -> ports.Order:
    remark = {
        Payment.REFUND: "投标保证金退还",
        Payment.SURPLUS: "款项退回",
        Payment.FORFEITURE: "投标保证金不予退还",
        Payment.CONVERSION: "投标保证金转履约保证金",
    }
    return ports.Order(
        number=number_of(payment),
        amount=payment.principal + payment.interest,
        interest=payment.interest,
        name=payment.name,
        account=payment.account,
        remark=remark[payment.kind],
    )


def rates() -> dict[date, Decimal]:
    """Return the demand rates of this centre's bank by the day from which each holds."""
    return {date.fromisoformat(day): Decimal(rate) for day, rate in settings.DEMAND_RATES.items()}


def interest_until(deposit: Deposit, *, until: datetime) -> rules.InterestSheet:
    """Return the interest on what lies in the bank for a deposit, each payment from the day it came."""
    gone = set(
        Payment.objects.filter(deposit=deposit, kind=Payment.SURPLUS).values_list("receipt_id", flat=True)
    )
    parts = [
        (row.counts + (ZERO if row.pk in gone else row.doubtful), row.credited_at.astimezone(BEIJING).date())
        for row in Receipt.objects.filter(deposit=deposit).order_by("credited_at", "pk")
    ]
    # what became a bond earns nothing here from that day on
    turned = Conversion.objects.filter(deposit=deposit, done_at__isnull=False)
    parts += [(-row.amount, row.done_at.astimezone(BEIJING).date()) for row in turned if row.done_at]
    return rules.interest(parts, until=until.astimezone(BEIJING).date(), rates=rates())


def _holder(payment: Payment) -> ledger.Account:
    if payment.kind == Payment.FORFEITURE:
        return ledger.FORFEITED
    if payment.kind == Payment.CONVERSION:
        return ledger.BOND
    return ledger.deposit(payment.deposit.public_id) if payment.deposit else ledger.UNKNOWN


def _fix(payment: Payment, *, now: datetime) -> None:
    """Fix what is paid, and write the order into the book, before the bank hears of it."""
    if payment.kind == Payment.REFUND and payment.deposit is not None:
        sheet = interest_until(payment.deposit, until=now)
        payment.interest = sheet.amount
        payment.sheet = [{name: str(value) for name, value in asdict(line).items()} for line in sheet.lines]
    payment.state = Payment.ORDERED
    payment.save(update_fields=["interest", "sheet", "state"])
    book.post(
        ledger.Event.ORDERED,
        reference=number_of(payment),
        lines=ledger.ordered(_holder(payment), principal=payment.principal, interest=payment.interest),
        value_at=now,
        now=now,
    )


@transaction.atomic
def settle(outcome: ports.Outcome, *, now: datetime) -> bool:
    """Take the bank's word on an order; return False where it was known, or is of no order of ours."""
    public_id, _, attempt = outcome.number.partition("-")
    payment = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("deposit__round")
        .filter(public_id=public_id)
        .first()
    )
    if (
        payment is None
        or attempt != str(payment.attempt)
        or payment.state not in {Payment.ORDERED, Payment.SENT}
    ):
        return False
    _settle(payment, outcome, now=now)
    return True


def _settle(payment: Payment, outcome: ports.Outcome, *, now: datetime) -> None:
    if not outcome.paid:
        _come_back(payment, outcome.reason or "银行退票", at=outcome.at, now=now)
        return
    payment.state, payment.paid_at, payment.reference = Payment.PAID, outcome.at, outcome.reference
    payment.save(update_fields=["state", "paid_at", "reference"])
    book.post(
        ledger.Event.PAID,
        reference=number_of(payment),
        lines=ledger.paid(principal=payment.principal, interest=payment.interest),
        value_at=outcome.at,
        now=now,
    )
    deposit = payment.deposit
    if deposit is None:
        return
    if payment.kind == Payment.REFUND:
        turned = Conversion.objects.filter(deposit=deposit, done_at__isnull=False).exists()
        deposit.state = (State.CONVERTED if turned else State.REFUNDED).value
        deposit.settled_at = outcome.at
        deposit.save(update_fields=["state", "settled_at"])
    record(
        "deposits.paid",
        deposit,
        actor=SYSTEM,
        now=now,
        facts={
            "kind": payment.kind,
            "number": number_of(payment),
            "reference": outcome.reference,
            "principal": payment.principal,
            "interest": payment.interest,
        },
    )
    if payment.kind not in TO_ANOTHER:
        what = "保证金已退还" if payment.kind == Payment.REFUND else "款项已退回"
        with_interest = (
            f"本金{payment.principal}元, 利息{payment.interest}元"
            if payment.interest
            else f"{payment.principal}元"
        )
        say(
            deposit,
            title=what,
            text=f"{with_interest}, 已原路退至尾号{payment.account[-4:]}的账户, 银行流水号{outcome.reference}。",
            now=now,
        )


def _come_back(payment: Payment, why: str, *, at: datetime, now: datetime) -> None:
    payment.state, payment.failed_at, payment.trouble = Payment.FAILED, now, why[:300]
    payment.save(update_fields=["state", "failed_at", "trouble"])
    book.post(
        ledger.Event.BOUNCED,
        reference=number_of(payment),
        lines=ledger.bounced(_holder(payment), principal=payment.principal, interest=payment.interest),
        value_at=at,
        now=now,
    )
    deposit = payment.deposit
    if deposit is not None and payment.kind == Payment.CONVERSION:
        bonds.tell_both(
            deposit,
            title="履约保证金未能付到招标人账户",
            text=f"银行答复: {payment.trouble}。{payment.principal}元仍在中心的专户, 请招标人与中心核对收款账户, 核对后重新支付。",
            now=now,
        )
    if deposit is None or payment.kind in TO_ANOTHER:
        return
    if payment.kind == Payment.REFUND:
        deposit.state = State.FAILED_PAY.value
        deposit.save(update_fields=["state"])
    record(
        "deposits.came_back",
        deposit,
        actor=SYSTEM,
        now=now,
        facts={"kind": payment.kind, "reason": payment.trouble},
    )
    say(
        deposit,
        title="保证金未能退还, 请核对账户",
        text=f"银行答复: {payment.trouble}。请在保证金页面填写本单位现在的账户, 中心核对后立即重新退还, 利息计至实际退还日。",
        now=now,
    )


# -- an account that has changed ----------------------------------------------------------------------------------------


@transaction.atomic
def offer_account(*, deposit_id: str, account: str, bank: str, actor: Actor, now: datetime) -> Deposit:
    """Say which account of one's own a refund that came back should go to; the centre checks it.

    :raises NotFound: no such deposit, or another's
    :raises NotFree: no refund has come back
    """
    require(actor, Permission.DEPOSIT_BIND)
    rows = Deposit.objects.select_for_update(of=("self",)).select_related("round")
    deposit = rows.filter(public_id=deposit_id, bidder_id=actor.organisation_pk).first()
    if deposit is None:
        raise NotFound("没有这笔保证金, 请从保证金页面进入")
    came_back = Payment.objects.select_for_update().filter(
        deposit=deposit, kind=Payment.REFUND, state=Payment.FAILED
    )
    if not came_back.exists():
        raise rules.NotFree("没有退还失败的款项, 不用更改账户; 保证金只退回原账户")
    deposit.new_account, deposit.new_bank = account_number(account), bank.strip()[:200]
    deposit.save(update_fields=["new_account", "new_bank"])
    record(
        "deposits.account_offered", deposit, actor=actor, now=now, facts={"tail": deposit.new_account[-4:]}
    )
    if deposit.round.opened_at is None:
        # nobody at the centre may learn of it before the opening; the bank pays to an account of this name or not at all
        for payment in came_back:
            payment.deposit = deposit
            _order_again(payment, actor=actor, now=now)
    return deposit


@transaction.atomic
def pay_again(*, payment_id: str, actor: Actor, now: datetime) -> Payment:
    """Order a payment that came back once more, to the account that its owner has given since; again changes nothing.

    The owner gave the account with its own certificate, the centre compares it with the account permit: two parties.

    :raises NotFound: no such payment
    :raises NotFree: it has not come back
    """
    require(actor, Permission.DEPOSIT_DESK)
    payment = (
        Payment.objects.select_for_update(of=("self",))
        .select_related("deposit__round")
        .filter(public_id=payment_id)
        .first()
    )
    if payment is None:
        raise NotFound("没有这笔付款, 请从保证金台账进入")
    if payment.state != Payment.FAILED:
        raise rules.NotFree("这笔付款没有退回, 或已经重新发出, 请刷新查看")
    _order_again(payment, actor=actor, now=now)
    return payment


def _order_again(payment: Payment, *, actor: Actor, now: datetime) -> None:
    deposit = payment.deposit
    if deposit is not None and payment.kind not in TO_ANOTHER:
        if payment.kind == Payment.REFUND:
            if deposit.new_account:
                deposit.payer_account, deposit.payer_bank = deposit.new_account, deposit.new_bank
                deposit.new_account = deposit.new_bank = ""
            deposit.state = State.REFUNDING.value
            payment.account = deposit.payer_account
        deposit.save(update_fields=["payer_account", "payer_bank", "new_account", "new_bank", "state"])
    payment.state, payment.attempt = Payment.DUE, payment.attempt + 1
    payment.failed_at, payment.dormant_at = None, None
    payment.save(update_fields=["state", "attempt", "account", "failed_at", "dormant_at"])
    record_act(
        "deposits.paid_again",
        subject=payment.public_id,
        actor=actor,
        legal_at=now,
        supervisor={"tail": payment.account[-4:], "attempt": payment.attempt},
        escrowed=True,
    )
    set_timer(kind=PAY, subject=payment.public_id, due_at=now)

"""Every night: our book against the bank's statement, rounds that nobody looked at, money that lies where it should not.

What the statement has and we never heard of (a notice that was lost) is taken in as if it had come; what we have and the
bank has not, or in another amount, is a difference for people. Then every round with open deposits is looked at anew,
so that a trigger that was missed costs at most a day; and refunds that could not be paid for 30 days are dormant money:
its owner is written to every week until it has an account.
"""

from datetime import datetime, time, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.deadlines.models import Timer
from ggzy.deposits import book, ledger, ports, rules
from ggzy.deposits.actions import receive, say
from ggzy.deposits.models import BankDifference, Payment, PostingLine, Reconciliation
from ggzy.deposits.queries import secret_references
from ggzy.deposits.releasing import release_round, settle
from ggzy.deposits.rules import Movement, State
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.messages.actions import post, tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round

#: the clocks of the night
NIGHT, COMPARE = "deposits.night", "deposits.compare"
_AT = time(1, 30)
_WEEK = timedelta(days=7)


def next_night(now: datetime) -> datetime:
    """Return the next half past one at night in 北京时间."""
    here = now.astimezone(BEIJING)
    tonight = datetime.combine(here.date(), _AT, tzinfo=BEIJING)
    return tonight if tonight > here else tonight + timedelta(days=1)


def start_nights(now: datetime) -> None:
    """See to it that the clock of the night runs; it sets itself from then on."""
    if not Timer.objects.filter(kind=NIGHT, subject=settings.CENTRE_ID, done_at=None).exists():
        set_timer(kind=NIGHT, subject=settings.CENTRE_ID, due_at=next_night(now))


@effect(NIGHT)
def night(centre: str, now: datetime) -> datetime | None:
    """Look at all rounds again, find what is dormant, have book and statement compared; return the next night."""
    look_again(now=now)
    find_dormant(now=now)
    if ports.bank() is not None:
        # a clock of its own: a bank that gives no statement must not keep the rest from happening
        set_timer(kind=COMPARE, subject=centre, due_at=now)
    return next_night(now)


@effect(COMPARE)
def compare(centre: str, now: datetime) -> datetime | None:
    """Compare up to the last midnight; a bank that does not answer is asked again."""
    midnight = datetime.combine(now.astimezone(BEIJING).date(), time(0), tzinfo=BEIJING)
    reconcile(until=midnight, now=now)
    return None


def look_again(*, now: datetime) -> int:
    """Free what every round with open deposits frees by now; return how much that was still to be done."""
    over = [s.value for s in State if s.final]
    rounds = Round.objects.filter(deposits__isnull=False).exclude(deposits__state__in=over).distinct()
    return sum(release_round(row, now=now) for row in rounds.select_related("lot__tender"))


@transaction.atomic
def reconcile(*, until: datetime, now: datetime) -> Reconciliation | None:
    """Compare book and statement from the last comparison up to a moment; None where that time is compared already.

    :raises NotReached: the bank gives no statement now
    """
    bank = ports.bank()
    last = Reconciliation.objects.order_by("-until").first()
    first = (
        PostingLine.objects.order_by("posting__value_at").values_list("posting__value_at", flat=True).first()
    )
    # a night without any money is compared as well: that nothing was compared would tell that there was nothing
    since = last.until if last else min(first or until, until - timedelta(days=1))
    if bank is None or since >= until:
        return None
    statement = bank.statement(since=since, until=until)
    healed: dict[str, str] = {}
    before = _ours(since, until)
    for credit in statement.credits:
        if credit.reference not in before and credit.amount > 0:
            receive(credit, now=now)
            healed[credit.reference] = "银行已入账而平台没有收到通知, 已按对账单补记"
    for outcome in statement.paid:
        if settle(outcome, now=now):
            healed[outcome.number] = "银行已付款而平台没有收到通知, 已按对账单补记"
    ours = _ours(since, until)
    theirs = [Movement(reference=c.reference, amount=c.amount) for c in statement.credits]
    theirs += [Movement(reference=number, amount=-amount) for number, amount in statement.amounts.items()]
    found = rules.differences([Movement(reference=r, amount=a) for r, a in ours.items()], theirs)
    row = Reconciliation.objects.create(
        since=since,
        until=until,
        ours=book.bank_balance(until=until),
        theirs=statement.closing,
        movements=len(theirs),
        made_at=now,
    )
    rows = [
        BankDifference(
            reconciliation=row, reference=reference, ours=None, theirs=None, says=says, settled_at=now
        )
        for reference, says in healed.items()
    ]
    rows += [
        BankDifference(
            reconciliation=row, reference=one.reference, ours=one.ours, theirs=one.theirs, says=_says(one)
        )
        for one in found
    ]
    if row.ours != row.theirs and not found:
        rows.append(
            BankDifference(reconciliation=row, reference="余额", says="逐笔相符而期末余额不符, 请银行核对")
        )
    BankDifference.objects.bulk_create(rows)
    record_act(
        "deposits.reconciled",
        subject=row.public_id,
        actor=SYSTEM,
        legal_at=now,
        supervisor={
            "ours": row.ours,
            "theirs": row.theirs,
            "movements": row.movements,
            "differences": len(rows),
        },
        escrowed=True,
    )
    _tell_staff_and_bank([one.reference for one in rows if one.settled_at is None], until=until, now=now)
    return row


def _says(one: rules.Difference) -> str:
    if one.theirs is None:
        return "平台有记录, 银行对账单没有"
    return "银行有记录, 平台没有" if one.ours is None else "金额不符"


def _ours(since: datetime, until: datetime) -> dict[str, Decimal]:
    """Return what our book says went in and out of the bank in a time, by reference."""
    lines = PostingLine.objects.filter(
        account__kind=ledger.Kind.BANK.value, posting__value_at__gte=since, posting__value_at__lt=until
    )
    return dict(lines.values_list("posting__reference", "amount"))


def _tell_staff_and_bank(references: list[str], *, until: datetime, now: datetime) -> None:
    """Tell the bank of what differs, and the centre of what does not concern a sealed round: how much, never whose."""
    day = (until - timedelta(seconds=1)).astimezone(BEIJING)
    told = len(references) - len(secret_references(references))

    def words(count: int) -> str:
        return f"截至{day:%Y年%m月%d日}的对账有{count}处差异, 逐笔列在台账中。"

    title = "保证金对账有差异, 请核对"
    if told:
        staff = Account.objects.filter(role=Role.CENTRE.value, active=True).values_list("pk", flat=True)
        post(
            kind=Kind.SERVICE,
            title=title,
            text=words(told),
            link="/work/deposits/ledger",
            accounts=list(staff),
            now=now,
        )
    if references and settings.BANK_USCC:
        bank = Organisation.objects.filter(uscc=settings.BANK_USCC).values_list("pk", flat=True)
        tell(
            organisations=list(bank),
            kind=Kind.SERVICE,
            title=title,
            text=words(len(references)),
            link="/work/finance",
            now=now,
        )


def find_dormant(*, now: datetime) -> int:
    """Mark refunds that could not be paid for 30 days, and write to their owners, at most once a week; return how many."""
    rows = Payment.objects.select_for_update(of=("self",)).select_related("deposit__round")
    count = 0
    for payment in rows.filter(state=Payment.FAILED, failed_at__lte=now - rules.DORMANT):
        if payment.dormant_at is not None and now < payment.dormant_at + _WEEK * payment.contacts:
            continue
        payment.dormant_at = payment.dormant_at or now
        payment.contacts += 1
        payment.save(update_fields=["dormant_at", "contacts"])
        count += 1
        if payment.deposit is not None:
            say(
                payment.deposit,
                title="您有一笔保证金一直未能退还",
                text=f"本金{payment.principal}元, 银行答复: {payment.trouble}。请填写本单位现在的账户, 核对后立即连同利息退还。",
                now=now,
            )
    return count


@transaction.atomic
def settle_difference(*, difference_id: str, says: str, actor: Actor, now: datetime) -> BankDifference:
    """Note how a difference was cleared up with the bank; money is moved by receipts and orders alone."""
    require(actor, Permission.DEPOSIT_DESK)
    row = BankDifference.objects.select_for_update().filter(public_id=difference_id).first()
    if row is None:
        raise NotFound("没有这处差异, 请从台账进入")
    if row.settled_at is not None:
        raise rules.NotFree("这处差异已经销号, 请刷新查看")
    if len(says.strip()) < 6:
        raise BadInput("请写明与银行核对的结果(至少6字)", field="says")
    row.says, row.settled_at, row.settled_by_id = says.strip()[:300], now, actor.account_pk
    row.save(update_fields=["says", "settled_at", "settled_by"])
    record_act(
        "deposits.difference_settled",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        supervisor={"reference": row.reference, "says": row.says},
        escrowed=True,
    )
    return row

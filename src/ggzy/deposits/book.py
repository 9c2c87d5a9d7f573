"""The book in the database: writing a posting once, and what accounts hold."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from ggzy.deposits import ledger
from ggzy.deposits.models import Deposit, LedgerAccount, Payment, Posting, PostingLine, Receipt

ZERO = Decimal("0.00")


def account_of(account: ledger.Account) -> LedgerAccount:
    """Return the row of an account, made when something is first written to it."""
    row, _ = LedgerAccount.objects.get_or_create(
        kind=account.kind.value,
        deposit=Deposit.objects.get(public_id=account.of) if account.of else None,
    )
    return row


def post(
    event: ledger.Event, *, reference: str, lines: ledger.Lines, value_at: datetime, now: datetime
) -> None:
    """Write what an event of money writes, in the caller's transaction.

    The database refuses a second posting of the event, one that does not sum to zero, and one that takes more from
    an account than is owed to it.
    """
    posting = Posting.objects.create(event=event.value, reference=reference, value_at=value_at, posted_at=now)
    PostingLine.objects.bulk_create(
        PostingLine(posting=posting, account=account_of(account), amount=amount) for account, amount in lines
    )


def balance(account: ledger.Account) -> Decimal:
    """Return a balance: what is there (positive) or owed (negative)."""
    rows = PostingLine.objects.filter(account__kind=account.kind.value)
    if account.of:
        rows = rows.filter(account__deposit__public_id=account.of)
    return rows.aggregate(sum=Sum("amount"))["sum"] or ZERO


def bank_balance(*, until: datetime) -> Decimal:
    """Return what the bank held for us by the book at a moment, by its own value moments."""
    rows = PostingLine.objects.filter(account__kind=ledger.Kind.BANK.value, posting__value_at__lt=until)
    return rows.aggregate(sum=Sum("amount"))["sum"] or ZERO


def balances() -> dict[ledger.Kind, Decimal]:
    """Return what stands in all accounts of each kind, with its sign turned where it is owed to somebody."""
    rows = PostingLine.objects.values_list("account__kind").annotate(sum=Sum("amount"))
    found = {ledger.Kind(kind): amount for kind, amount in rows}
    assets = {ledger.Kind.BANK, ledger.Kind.INTEREST}
    return {kind: found.get(kind, ZERO) if kind in assets else -found.get(kind, ZERO) for kind in ledger.Kind}


def held(deposit: Deposit) -> Decimal:
    """Return what of a deposit lies in the bank and is not on its way out."""
    came = Receipt.objects.filter(deposit=deposit).aggregate(sum=Sum("amount"))["sum"] or ZERO
    went = Payment.objects.filter(deposit=deposit).aggregate(sum=Sum("principal"))["sum"] or ZERO
    return came - went

"""The double-entry book of bid deposits: what each event writes into which account. Pure.

A debit is positive, a credit negative; what one posting writes sums to zero, so that no 分 appears or vanishes.
What the bank holds for us is the one asset; whose it is are the other accounts. The interest of a sub-account is the
bank's to give: it stands as a claim on the bank from the order of payment until the bank has paid it out with the deposit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from ggzy.kernel.money import CENT

ZERO = Decimal("0.00")


class Kind(StrEnum):
    """What an account is for."""

    BANK = "bank"
    INTEREST = "interest"
    DEPOSIT = "deposit"
    UNKNOWN = "unknown"
    FORFEITED = "forfeited"
    TRANSIT = "transit"
    BOND = "bond"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "bank": "银行存款",
            "interest": "应收利息",
            "deposit": "投标保证金",
            "unknown": "待查明款项",
            "forfeited": "不予退还",
            "transit": "退付在途",
            "bond": "履约保证金(待付招标人)",
        }[self.value]


class Event(StrEnum):
    """What happened to money."""

    RECEIVED = "received"
    ORDERED = "ordered"
    PAID = "paid"
    BOUNCED = "bounced"
    FORFEITED = "forfeited"
    CONVERTED = "converted"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "received": "到账",
            "ordered": "发出退付指令",
            "paid": "银行已付",
            "bounced": "银行退票",
            "forfeited": "决定不予退还",
            "converted": "转为履约保证金",
        }[self.value]


@dataclass(frozen=True, kw_only=True, order=True)
class Account:
    """An account: of a kind, and of one deposit where the kind is DEPOSIT."""

    kind: Kind
    of: str = ""

    def __post_init__(self) -> None:
        assert (self.kind is Kind.DEPOSIT) == bool(self.of), (
            "a deposit's account names its deposit, no other does"
        )


BANK, INTEREST, UNKNOWN = Account(kind=Kind.BANK), Account(kind=Kind.INTEREST), Account(kind=Kind.UNKNOWN)
FORFEITED, TRANSIT = Account(kind=Kind.FORFEITED), Account(kind=Kind.TRANSIT)
BOND = Account(kind=Kind.BOND)

Lines = tuple[tuple[Account, Decimal], ...]


def deposit(public_id: str) -> Account:
    """Return the account of one bidder's deposit."""
    return Account(kind=Kind.DEPOSIT, of=public_id)


def received(holder: Account, amount: Decimal) -> Lines:
    """Return what a payment that reached the bank writes: it is owed to its holder from then on."""
    return _lines((BANK, amount), (holder, -amount))


def ordered(holder: Account, *, principal: Decimal, interest: Decimal) -> Lines:
    """Return what an order of payment writes: it is on its way, with the interest that the bank owes."""
    return _lines((holder, principal), (INTEREST, interest), (TRANSIT, -(principal + interest)))


def paid(*, principal: Decimal, interest: Decimal) -> Lines:
    """Return what the bank's word that it has paid writes: the bank gave the interest and paid out both."""
    return _lines((TRANSIT, principal + interest), (INTEREST, -interest), (BANK, -principal))


def bounced(holder: Account, *, principal: Decimal, interest: Decimal) -> Lines:
    """Return what a payment that came back writes: everything stands as before the order."""
    return tuple(
        (account, -amount) for account, amount in ordered(holder, principal=principal, interest=interest)
    )


def forfeited(holder: Account, amount: Decimal) -> Lines:
    """Return what the decision not to return a deposit writes."""
    return _lines((holder, amount), (FORFEITED, -amount))


def converted(holder: Account, amount: Decimal) -> Lines:
    """Return what turning a deposit into a performance bond writes: it is owed to the tenderee from then on."""
    return _lines((holder, amount), (BOND, -amount))


def _lines(*given: tuple[Account, Decimal]) -> Lines:
    """Return the lines of one posting without the empty ones.

    Amounts are of 分 exactly: what is rounded, is rounded before it is written.
    """
    assert all(amount == amount.quantize(CENT) for _, amount in given), "an amount has two places"
    assert sum(amount for _, amount in given) == 0, "what one posting writes sums to zero"
    return tuple((account, amount) for account, amount in given if amount)


@dataclass
class Book:
    """Balances, for whoever wants to follow a ledger in memory: reconciling, tests."""

    balances: dict[Account, Decimal] = field(default_factory=dict)

    def write(self, lines: Iterable[tuple[Account, Decimal]]) -> None:
        """Add the lines of one posting."""
        for account, amount in lines:
            self.balances[account] = self.of(account) + amount

    def of(self, account: Account) -> Decimal:
        """Return a balance: what is there (an asset, positive) or owed (negative)."""
        return self.balances.get(account, ZERO)

    def held(self, account: Account) -> Decimal:
        """Return what is owed to the holder of an account."""
        return -self.of(account)

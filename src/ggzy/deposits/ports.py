"""The port to the bank that holds the deposits: sub-accounts, payments out, what became of them, statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order to pay. The bank pays an order of one number once, however often it is given.

    `interest` is the part of the amount that the bank itself gives.
    """

    number: str
    amount: Decimal
    interest: Decimal
    name: str
    account: str
    remark: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an order: paid at a moment under the bank's reference, or come back and why."""

    number: str
    paid: bool
    at: datetime
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Credit:
    """A payment in, as the bank books it: the moment is its own value moment."""

    reference: str
    sub_account: str
    amount: Decimal
    payer_name: str
    payer_account: str
    credited_at: datetime


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What the bank booked in [since, until), and what it holds for us at its end, in 元."""

    credits: Sequence[Credit]
    paid: Sequence[Outcome]
    #: what went out by order number, without the interest that the bank itself gave
    amounts: dict[str, Decimal]
    closing: Decimal


class NotReached(Exception):
    """Nobody knows whether the bank has it: try again with the same number."""


class Turned(Exception):
    """The bank has read it and will not do it; trying again by itself does not help."""


class Bank(Protocol):
    """A bank as the platform talks to it."""

    name: str
    demo: bool

    def open_sub_account(self, key: str) -> str:
        """Return the number of a new sub-account; the same key again is the same sub-account.

        :raises NotReached: try later
        """
        ...

    def pay(self, order: Order) -> None:
        """Give an order.

        :raises NotReached: try later with the same number
        :raises Turned: the bank will not carry it out
        """
        ...

    def outcome(self, number: str) -> Outcome | None:
        """Return what became of an order, None while it is under way.

        :raises NotReached: no answer now
        """
        ...

    def statement(self, *, since: datetime, until: datetime) -> Statement:
        """Return what was booked in [since, until).

        :raises NotReached: no answer now
        """
        ...


def bank() -> Bank | None:
    """Return the bank of this centre, None where it has none: money is never pretended."""
    if not settings.BANK:
        return None
    made: Bank = import_string(settings.BANK)()
    return made

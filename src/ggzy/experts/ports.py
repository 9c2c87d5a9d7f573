"""Ports to the outside: where experts come from, and how they are called."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ggzy.experts.rules import Conditions, Quota


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whom a draw looks for. Nothing in it tells of bidders."""

    quotas: Sequence[Quota]
    conditions: Conditions
    #: USCCs of the tenderee and its agency
    without_employers: Collection[str]
    tenderee_pk: int
    since: datetime
    until: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One expert of a pool, as far as a draw needs to know."""

    pk: int
    public_id: str
    specialties: Sequence[str]
    region: str
    employer: str


class ExpertPool(Protocol):
    """A pool of experts that a committee may be drawn from. A centre is a terminal of somebody's pool, or holds one."""

    def candidates(self, wanted: Wanted) -> Sequence[Found]:
        """Return every expert who satisfies a quota and all conditions, in a fixed order."""
        ...


@dataclass(frozen=True, kw_only=True)
class Message:
    """What an expert is told by SMS and voice: time, length and city, no project and no tenderee."""

    ring: str
    phone: str
    text: str


class Calls(Protocol):
    """A provider of SMS and voice calls in both directions; answers come back through `calling.answer_ring`."""

    def ring(self, message: Message) -> None:
        """Send a message and read it out; the keys 1 and 2, or an SMS 1 or 2, answer it.

        :raises CallsUnavailable: not sent; the caller tries again
        """
        ...


class CallsUnavailable(Exception):
    """The provider cannot be reached or does not take the message."""

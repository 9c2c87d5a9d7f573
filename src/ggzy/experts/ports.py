"""Ports to the outside: where experts come from, and how they are called."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ggzy.experts.rules import Conditions, Entry, Quota


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
class Asked:
    """What another pool is asked for: a frozen list for one draw. No tender and no bidder; only who may not be employed where."""

    draw: str
    list_number: int
    quotas: Sequence[Quota]
    conditions: Conditions
    without_employers: Collection[str]
    since: datetime | None
    until: datetime | None
    #: where the committee sits: the city, never the venue
    city: str


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """A list as another pool froze it: its id there, its lines, its digest, and what the pool signed."""

    lent: str
    entries: Sequence[Entry]
    sha256: str
    receipt: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Who a label is, as its pool opens it at the check-in: the salt and id prove the label."""

    expert: str
    salt: str
    name: str
    employer_name: str
    employer_uscc: str
    #: why they must stand aside from the bidders that were named, "" if nothing known says so
    avoids: str


class ExpertSource(Protocol):
    """Another pool: that of the province or of the finance departments, whose terminal a centre is, or a partner's.

    Every call may be repeated and gives the same answer.
    """

    #: it is a stand-in and pages say 演示
    demo: bool

    def freeze(self, asked: Asked) -> Frozen:
        """Return who may be drawn, as labels, frozen before any seed is opened.

        :raises SourceUnavailable: no answer in time; the caller tries again
        :raises SourceRefused: it says no, and why
        """
        ...

    def call(self, *, lent: str, label: str) -> None:
        """Let the pool call the expert behind a label."""
        ...

    def answer(self, *, lent: str, label: str) -> bool | None:
        """Return what a called expert answered, None while they have not."""
        ...

    def release(self, *, lent: str) -> None:
        """Let a pool know that the draw is given up: whoever was called or has agreed does not come."""
        ...

    def identify(self, *, lent: str, label: str, token: str, bidders: Collection[str]) -> Opened:
        """Open a label at the check-in, against what the expert got from their own pool; `bidders` are compared there."""
        ...


class SourceUnavailable(Exception):
    """The other pool cannot be reached, or answers what cannot be read."""


class SourceRefused(Exception):
    """The other pool says no; the text is its reason in Chinese."""


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

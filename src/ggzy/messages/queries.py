"""Inbox, one message with its receipt, choices, and what did not get through: rows for pages and the API."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.db.models import Count, F, FilteredRelation, Q, QuerySet

from ggzy.evidence.fields import plain
from ggzy.evidence.queries import entries_with_proofs
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import sha256
from ggzy.messages import ports, rules
from ggzy.messages.actions import choices_of, own_message, reachable_of
from ggzy.messages.models import Address, Delivery, Message
from ggzy.messages.rules import OUTSIDE, Channel, Choice, Kind, State
from ggzy.parties.grid import Permission, require

PAGE = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRow:
    """A message as its recipient's list shows it."""

    public_id: str
    kind: str
    label: str
    title: str
    text: str
    clause: str
    period: str
    link: str
    sent_at: datetime
    unread: bool
    opened_at: datetime | None


_COLUMNS = ("public_id", "kind", "title", "text", "clause", "period", "link", "sent_at", "opened_at", "waits")


def unread(account_pk: int) -> int:
    """Return how many messages wait for a person: one look into a partial index."""
    return Delivery.objects.filter(
        account_id=account_pk, channel=Channel.IN_APP.value, opened_at__isnull=True
    ).count()


def inbox(
    *,
    viewer: Actor,
    kind: str = "",
    words: str = "",
    only_unread: bool = False,
    number: int = 1,
    size: int = PAGE,
) -> tuple[list[MessageRow], bool]:
    """Return one page of what a person and their organisation were told, unread first, then newest; and whether more."""
    require(viewer, Permission.MESSAGES_OWN)
    rows = _own(viewer)
    if kind in set(Kind):
        rows = rows.filter(kind=kind)
    if words:
        rows = rows.filter(Q(title__icontains=words) | Q(text__icontains=words))
    if only_unread:
        rows = rows.filter(waits=True)
    first = (max(number, 1) - 1) * size
    found = rows.order_by("-waits", "-sent_at", "-pk").values_list(*_COLUMNS)[first : first + size + 1]
    return [_row(values) for values in found[:size]], len(found) > size


def latest(*, viewer: Actor, limit: int) -> list[MessageRow]:
    """Return the newest things a person and their organisation were told, read or not."""
    require(viewer, Permission.MESSAGES_OWN)
    rows = _own(viewer).order_by("-sent_at", "-pk").values_list(*_COLUMNS)
    return [_row(values) for values in rows[:limit]]


def _own(viewer: Actor) -> QuerySet[Message]:
    """Return the messages of a person; a message from before they joined the organisation never counts as unread."""
    mine = Q(account_id=viewer.account_pk)
    if viewer.organisation_pk:
        mine |= Q(recipient_id=viewer.organisation_pk)
    return Message.objects.filter(mine).annotate(
        own=FilteredRelation(
            "deliveries",
            condition=Q(deliveries__account=viewer.account_pk, deliveries__channel=Channel.IN_APP.value),
        ),
        opened_at=F("own__opened_at"),
        waits=Q(own__isnull=False) & Q(own__opened_at__isnull=True),
    )


def _row(values: tuple[Any, ...]) -> MessageRow:
    public_id, kind, title, text, clause, period, link, sent_at, opened_at, waits = values
    return MessageRow(
        public_id=public_id,
        kind=kind,
        label=Kind(kind).label,
        title=title,
        text=text,
        clause=clause,
        period=period,
        link=link,
        sent_at=sent_at,
        unread=bool(waits),
        opened_at=opened_at,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class WayRow:
    """How one message went to one person of the recipient by one way."""

    person: str
    way: str
    state: str
    queued_until: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    tries: int
    trouble: str
    demo: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagePage:
    """One message, how it went, and whether the log keeps it."""

    row: MessageRow
    ways: tuple[WayRow, ...]
    logged: bool


def message(message_id: str, *, viewer: Actor) -> MessagePage:
    """Return one message of the viewer's, with how it went to each person of the organisation.

    :raises NotFound: no such message, or another's
    """
    require(viewer, Permission.MESSAGES_OWN)
    found = own_message(message_id, viewer)
    values = _own(viewer).filter(pk=found.pk).values_list(*_COLUMNS).get()
    return MessagePage(row=_row(values), ways=tuple(map(_way, _ways(found))), logged=bool(found.entry))


def _ways(found: Message) -> list[Delivery]:
    rows = found.deliveries.select_related("account__person").order_by("account_id", "pk")
    order = list(Channel)
    return sorted(rows, key=lambda row: (row.account_id or 0, order.index(Channel(row.channel))))


def _way(row: Delivery) -> WayRow:
    channel = Channel(row.channel)
    provider = ports.provider(channel) if channel in OUTSIDE else None
    return WayRow(
        person=row.account.person.name if row.account else "",
        way=channel.label,
        state=State(row.state).label,
        queued_until=row.next_try_at,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
        opened_at=row.opened_at,
        tries=row.tries,
        trouble=row.trouble,
        demo=bool(provider and provider.demo),
    )


def receipt(message_id: str, *, viewer: Actor) -> dict[str, Any]:
    """Return the proof that the viewer's organisation was told: text, times, and the log's entries with their proofs.

    The entries are escrowed, and each proof leads from the entry alone through its batch to a checkpoint: it tells
    of no other recipient.

    :raises NotFound: no such message, or another's
    """
    page = message(message_id, viewer=viewer)
    found = own_message(message_id, viewer)
    entries = [found.entry, *(entry for row in _ways(found) for entry in row.entries)]
    document = {
        "v": 1,
        "centre": settings.CENTRE_ID,
        "message": {
            "id": found.public_id,
            "kind": found.kind,
            "title": found.title,
            "text": found.text,
            "text_sha256": sha256(found.text.encode()).hex(),
            "clause": found.clause,
            "period": found.period,
            "sent_at": found.sent_at,
        },
        "deliveries": [asdict(way) for way in page.ways],
        "entries": entries_with_proofs(filter(None, entries)),
    }
    said: dict[str, Any] = plain(document)
    return said


# -- choices ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressRow:
    """An own address as its owner sees it."""

    channel: str
    label: str
    served: bool
    demo: bool
    value: str
    pending: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChoicesRow:
    """How a person is told: kinds by ways, addresses, quiet hours."""

    kinds: tuple[tuple[Kind, tuple[tuple[Channel, bool, bool], ...]], ...]
    addresses: tuple[AddressRow, ...]
    quiet_from: time | None
    quiet_to: time | None


def choices(*, viewer: Actor) -> ChoicesRow:
    """Return how the viewer is told: (way, chosen, fixed) for every kind, and the own addresses."""
    require(viewer, Permission.MESSAGES_OWN)
    choice = choices_of([viewer.account_pk]).get(viewer.account_pk) or Choice()
    known = {row.channel: row for row in Address.objects.filter(account_id=viewer.account_pk)}
    return ChoicesRow(
        kinds=tuple(
            (
                kind,
                tuple(
                    (way, way in choice.on.get(kind, ()), kind is Kind.LEGAL and way is Channel.IN_APP)
                    for way in Channel
                ),
            )
            for kind in Kind
        ),
        addresses=tuple(_address(way, known.get(way.value)) for way in OUTSIDE),
        quiet_from=choice.quiet_from,
        quiet_to=choice.quiet_to,
    )


def _address(way: Channel, row: Address | None) -> AddressRow:
    provider = ports.provider(way)
    return AddressRow(
        channel=way.value,
        label=way.label,
        served=provider is not None,
        demo=bool(provider and provider.demo),
        value=(row.value if row and row.verified_at else "") or "",
        pending=(row.pending if row else "") or "",
    )


def choices_as_json(*, viewer: Actor) -> dict[str, Any]:
    """Return the viewer's choices as the API gives and takes them."""
    row = choices(viewer=viewer)
    reachable = reachable_of([viewer.account_pk]).get(viewer.account_pk, frozenset())
    return {
        "on": {kind.value: [way.value for way, chosen, _ in ways if chosen] for kind, ways in row.kinds},
        "quiet_from": f"{row.quiet_from:%H:%M}" if row.quiet_from else "",
        "quiet_to": f"{row.quiet_to:%H:%M}" if row.quiet_to else "",
        "reachable": sorted(reachable),
    }


# -- what did not get through -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class UndeliveredRow:
    """A legal notice that did not leave for some people within a day: how many, never who."""

    title: str
    sent_at: datetime
    people: int
    rounds: tuple[str, ...]


def undelivered() -> list[UndeliveredRow]:
    """Return the raised legal notices by what was told, newest first, those of sealed rounds included.

    For a caller that leaves out what speaks of a round whose bids are not opened (`named`), before anybody sees it.
    """
    rows = (
        Message.objects.filter(deliveries__raised_at__isnull=False)
        .values("batch", "title", "sent_at", "rounds")
        .annotate(people=Count("deliveries__account", distinct=True))
        .order_by("-sent_at")
    )
    return [
        UndeliveredRow(
            title=row["title"], sent_at=row["sent_at"], people=row["people"], rounds=tuple(row["rounds"])
        )
        for row in rows
    ]


def may_be_counted(rows: Iterable[UndeliveredRow], *, opened: Iterable[str]) -> list[UndeliveredRow]:
    """Return the rows of which every round is opened: before that, even a count tells who takes part."""
    known = set(opened)
    return [row for row in rows if set(row.rounds) <= known]


# -- the stand-in of a training centre ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterRow:
    """What a stand-in took for one of the viewer's own addresses."""

    way: str
    to: str
    subject: str
    text: str
    at: datetime | None


def demo_letters(*, viewer: Actor, limit: int = 30) -> list[LetterRow]:
    """Return what stand-ins took for the viewer, newest first: codes that wait, then messages. Nobody sees another's."""
    from ggzy.messages.sending import written

    require(viewer, Permission.MESSAGES_OWN)
    own = list(Address.objects.filter(account_id=viewer.account_pk))
    twins = {way.value for way in OUTSIDE if (found := ports.provider(way)) and found.demo}
    out = [
        LetterRow(
            way=Channel(row.channel).label,
            to=row.pending or "",
            subject="验证码",
            text=f"您的验证码是{row.code}, {rules.CODE_LIVES.seconds // 60}分钟内有效。",
            at=row.asked_at,
        )
        for row in own
        if row.code and row.code_sent and row.channel in twins
    ]
    values = {row.channel: row.value or "" for row in own}
    sent = Delivery.objects.filter(
        account_id=viewer.account_pk, channel__in=twins, sent_at__isnull=False
    ).select_related("message")
    for row in sent.order_by("-sent_at", "-pk")[:limit]:
        letter = written(row, values.get(row.channel, ""))
        out.append(
            LetterRow(
                way=Channel(row.channel).label,
                to=letter.to,
                subject=letter.subject,
                text=letter.text,
                at=row.sent_at,
            )
        )
    return out

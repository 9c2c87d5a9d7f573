"""Telling organisations and people, reading what one was told, choosing how to be told.

What stands in the inbox stands there by the act's own transaction; what leaves the platform is only queued in it,
and the worker sends it (`sending`). How many are told, and who, costs the same few statements and is nobody's to see.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from typing import Any

from django.db import transaction

from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import record_act, record_escrowed
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.canonical import sha256
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, Citation, NotFound
from ggzy.law.limits import TimeLimit
from ggzy.messages import ports, rules
from ggzy.messages.models import Address, Delivery, Message, Preference
from ggzy.messages.rules import Channel, Choice, Kind, State
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account
from ggzy.parties.queries import names_of

#: the clock of what waits to leave the platform, by batch
SEND = "messages.send"
#: acts in the log, always escrowed and in no process: that somebody was told is between them and the centre
TOLD, SENT, REACHED, FAILED, OPENED = (
    "messages.told",
    "messages.sent",
    "messages.delivered",
    "messages.failed",
    "messages.opened",
)


#: why the law wants somebody told: a limit that begins for them, or a clause alone
Basis = TimeLimit | Citation | tuple[Citation, ...]


def tell(
    *,
    organisations: Iterable[int],
    kind: Kind,
    title: str,
    text: str,
    link: str,
    now: datetime,
    basis: Basis | None = None,
    until_opening: Sequence[str] | None = None,
) -> int:
    """Tell several organisations the same thing at the same moment, each person of theirs; return how many.

    Runs inside the act that causes it. `until_opening`: the rounds until whose opening nobody may learn who was
    told; what leaves the platform names no tender then. A legal notice must say it, () where the recipients are
    known, and names its basis: a limit where one begins for who is told, else the clause.
    """
    assert (kind is Kind.LEGAL) == (basis is not None), "a legal notice, and no other, has its clause"
    assert kind is not Kind.LEGAL or until_opening is not None, "say whether the recipients are secret"
    batch = new_public_id()
    messages = [
        Message(
            recipient_id=pk,
            **_content(
                batch=batch,
                kind=kind,
                basis=basis,
                rounds=until_opening or (),
                title=title,
                text=text,
                link=link,
                now=now,
            ),
        )
        for pk in sorted(set(organisations))
    ]
    people: dict[int, list[int]] = {}
    accounts = Account.objects.filter(organisation_id__in=[m.recipient_id for m in messages], active=True)
    for pk, organisation in accounts.order_by("pk").values_list("pk", "organisation_id"):
        people.setdefault(organisation, []).append(pk)
    _post([(m, people.get(m.recipient_id, [])) for m in messages], kind=kind, batch=batch, now=now)
    return len(messages)


def post(
    *,
    kind: Kind,
    title: str,
    text: str,
    link: str,
    now: datetime,
    accounts: Iterable[int] = (),
    addresses: Iterable[str] = (),
    outside: bool = True,
) -> int:
    """Tell people one by one: by account, or by the public id of a subscriber's verified address; return how many.

    Not for legal notices, which go to organisations. `outside=False` keeps it in the inbox.
    """
    assert kind is not Kind.LEGAL, "a legal notice is told to an organisation"
    batch = new_public_id()
    same = _content(batch=batch, kind=kind, basis=None, rounds=(), title=title, text=text, link=link, now=now)
    pairs = [(Message(account_id=pk, **same), [pk]) for pk in sorted(set(accounts))]
    strangers = Address.objects.filter(
        public_id__in=list(addresses), account=None, verified_at__isnull=False
    ).order_by("pk")
    letters = [(Message(address=one, **same), one.channel) for one in strangers]
    _post(pairs, kind=kind, batch=batch, now=now, strangers=letters, outside=outside)
    return len(pairs) + len(letters)


def _content(
    *,
    batch: str,
    kind: Kind,
    basis: Basis | None,
    rounds: Sequence[str],
    title: str,
    text: str,
    link: str,
    now: datetime,
) -> dict[str, Any]:
    limit = basis if isinstance(basis, TimeLimit) else None
    citations = basis.basis if isinstance(basis, TimeLimit) else basis or ()
    clause = str(citations) if isinstance(citations, Citation) else "、".join(map(str, citations))
    return {
        "batch": batch,
        "kind": kind.value,
        "clause": clause if limit is None or limit.may_block else f"{clause}(条文待核)",
        "period": rules.period_of(limit) if limit else "",
        "rounds": sorted(rounds),
        "title": title[:200],
        "text": text,
        "link": link,
        "sent_at": now,
    }


def _post(
    pairs: Sequence[tuple[Message, Sequence[int]]],
    *,
    kind: Kind,
    batch: str,
    now: datetime,
    strangers: Sequence[tuple[Message, str]] = (),
    outside: bool = True,
) -> None:
    """Keep messages with their deliveries and, for legal ones, their entries; set the clock of what leaves."""
    if not pairs and not strangers:
        return
    messages = [message for message, _ in (*pairs, *strangers)]
    if kind is Kind.LEGAL:
        _record_told(messages, now=now)
    Message.objects.bulk_create(messages)
    people = {pk for _, accounts in pairs for pk in accounts}
    choices, reachable = choices_of(people), reachable_of(people) if outside else {}
    rows: list[Delivery] = []
    for message, accounts in pairs:
        for pk in accounts:
            choice = choices.get(pk) or Choice()
            for way in rules.ways(kind, choice, reachable=reachable.get(pk, frozenset())):
                rows.append(_delivery(message, pk, way, kind=kind, choice=choice, now=now))
    for message, channel in strangers:
        way = Channel(channel)
        if ports.is_served(way):
            rows.append(_delivery(message, None, way, kind=kind, choice=Choice(), now=now))
    Delivery.objects.bulk_create(rows)
    waiting = [row.next_try_at for row in rows if row.next_try_at]
    if waiting:
        # a clock of its own for each batch: one that all shared would be held by whoever sends just now
        set_timer(kind=SEND, subject=batch, due_at=min(waiting))


def _delivery(
    message: Message, account: int | None, way: Channel, *, kind: Kind, choice: Choice, now: datetime
) -> Delivery:
    if way is Channel.IN_APP:
        return Delivery(
            message=message,
            account_id=account,
            channel=way.value,
            state=State.DELIVERED.value,
            sent_at=now,
            delivered_at=now,
        )
    return Delivery(
        message=message,
        account_id=account,
        channel=way.value,
        state=State.QUEUED.value,
        next_try_at=rules.goes_at(kind, choice, now),
        raise_at=now + rules.OVERDUE if kind is Kind.LEGAL else None,
    )


def _record_told(messages: Sequence[Message], *, now: datetime) -> None:
    known = names_of(m.recipient_id for m in messages if m.recipient_id)
    entries = record_escrowed(
        TOLD,
        subjects={
            m.public_id: {
                "recipient": known[m.recipient_id][1],
                "kind": m.kind,
                "clause": m.clause,
                "title": m.title,
                "text_sha256": sha256(m.text.encode()).hex(),
            }
            for m in messages
        },
        actor=SYSTEM,
        legal_at=now,
    )
    for message in messages:
        message.entry = entries[message.public_id]


def choices_of(accounts: Iterable[int]) -> dict[int, Choice]:
    """Return what people have chosen, for those who have."""
    rows = Preference.objects.filter(account__in=list(accounts))
    return {
        row.account_id: Choice(
            on={Kind(k): frozenset(map(Channel, ways)) for k, ways in row.on.items()},
            quiet_from=row.quiet_from,
            quiet_to=row.quiet_to,
        )
        for row in rows
    }


def reachable_of(accounts: Iterable[int]) -> dict[int, frozenset[Channel]]:
    """Return the outside ways to people: those with a verified address and a provider."""
    rows = Address.objects.filter(account__in=list(accounts), verified_at__isnull=False)
    found: dict[int, set[Channel]] = {}
    for pk, channel in rows.values_list("account_id", "channel"):
        if ports.is_served(Channel(channel)):
            found.setdefault(pk, set()).add(Channel(channel))
    return {pk: frozenset(ways) for pk, ways in found.items()}


# -- reading ------------------------------------------------------------------------------------------------------


def own_message(message_id: str, actor: Actor) -> Message:
    """Return a message that the actor or the actor's organisation was told.

    :raises NotFound: no such message, or another's: both are the same answer
    """
    row = Message.objects.filter(public_id=message_id).first()
    mine = row is not None and (
        (row.account_id is not None and row.account_id == actor.account_pk)
        or (row.recipient_id is not None and row.recipient_id == actor.organisation_pk)
    )
    if row is None or not mine:
        raise NotFound("没有这条通知, 请从通知列表进入", next_steps=(("我的通知", "/work/messages"),))
    return row


@transaction.atomic
def open_message(*, message_id: str, actor: Actor, now: datetime) -> Message:
    """Note that a person has opened a message, the first time; of a legal notice the log keeps who and when.

    :raises NotFound: no such message, or another's
    """
    require(actor, Permission.MESSAGES_OWN)
    message = own_message(message_id, actor)
    row, _ = Delivery.objects.get_or_create(
        message=message,
        account_id=actor.account_pk,
        channel=Channel.IN_APP.value,
        # somebody who joined the organisation later finds it in the inbox as well
        defaults={"state": State.DELIVERED.value, "sent_at": message.sent_at, "delivered_at": now},
    )
    first = Delivery.objects.filter(pk=row.pk, opened_at=None).update(opened_at=now)
    if first and message.kind == Kind.LEGAL:
        note(row, OPENED, actor=actor, now=now)
    return message


def note(row: Delivery, act: str, *, actor: Actor, now: datetime, **facts: str) -> None:
    """Record what happened to one delivery of a legal notice, in the caller's transaction."""
    entry = record_act(
        act,
        subject=row.message.public_id,
        actor=actor,
        legal_at=now,
        supervisor={"delivery": row.public_id, "channel": row.channel, **facts},
        escrowed=True,
    )
    Delivery.objects.filter(pk=row.pk).update(entries=[*row.entries, entry.public_id])


@transaction.atomic
def open_all(*, actor: Actor, now: datetime) -> int:
    """Mark everything but legal notices as read, since those are opened one by one; return how many."""
    require(actor, Permission.MESSAGES_OWN)
    rows = Delivery.objects.filter(
        account_id=actor.account_pk, channel=Channel.IN_APP.value, opened_at=None
    ).exclude(message__kind=Kind.LEGAL.value)
    return rows.update(opened_at=now)


# -- choosing -----------------------------------------------------------------------------------------------------


@transaction.atomic
def choose(
    *,
    on: Mapping[str, Iterable[str]],
    quiet_from: str,
    quiet_to: str,
    actor: Actor,
) -> Choice:
    """Keep how a person wants to be told: ways by kind, and quiet hours as HH:MM ("" for none).

    :raises BadInput: an unknown kind or way, no clock time, or a choice that the law does not leave
    """
    require(actor, Permission.MESSAGES_OWN)
    try:
        wanted = {Kind(k): frozenset(map(Channel, ways)) for k, ways in on.items()}
        choice = Choice(
            on={kind: wanted.get(kind, frozenset()) for kind in Kind},
            quiet_from=time.fromisoformat(quiet_from) if quiet_from else None,
            quiet_to=time.fromisoformat(quiet_to) if quiet_to else None,
        )
    except ValueError:
        raise BadInput(
            "通知的种类、方式或免打扰时间无法读取, 时间请写成21:00这样的格式", field="quiet_from"
        ) from None
    reachable = reachable_of([actor.account_pk]).get(actor.account_pk, frozenset())
    rules.require_lawful(choice, reachable=reachable)
    Preference.objects.update_or_create(
        account_id=actor.account_pk,
        defaults={
            "on": {kind.value: sorted(ways) for kind, ways in choice.on.items()},
            "quiet_from": choice.quiet_from,
            "quiet_to": choice.quiet_to,
        },
    )
    return choice

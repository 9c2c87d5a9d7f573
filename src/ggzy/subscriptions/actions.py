"""Following a search: by an account at once, by an address after its code came back; news once a day; ended by one click."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta
from urllib.parse import parse_qsl

from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.messages import addresses
from ggzy.messages.actions import Kind, post
from ggzy.parties.grid import Permission, require
from ggzy.search.parameters import NAMES, link, read
from ggzy.search.queries import search
from ggzy.subscriptions.models import Subscription

LOOK = "subscriptions.look"
#: the hour at which the day's news are told (北京时间)
AT = time(8, 30)
MOST, MOST_NEWS = 20, 20
#: codes that may wait at once, within an hour
MOST_WAITING = 100
#: a notice is found this long after it came out, at the latest; what is younger is told the next day
FILED_WITHIN = timedelta(minutes=5)


class TooManyWait(Refusal):
    """Too many addresses wait for their code; no visitor is known by which to tell them apart."""

    code = "subscriptions.too_many_wait"
    status = 429


def follow(*, given: Mapping[str, str], actor: Actor, now: datetime) -> Subscription:
    """Follow a search by an account; one that is followed already stays as it is.

    :raises BadInput: no search, or too many followed
    """
    require(actor, Permission.WORKBENCH_READ)
    query = _query(given)
    alive = Subscription.objects.filter(account_id=actor.account_pk, ended_at=None)
    if alive.exclude(query=query).count() >= MOST:
        raise BadInput(f"最多订阅{MOST}个检索, 请先退订不用的", field="words")
    made, _ = alive.get_or_create(
        query=query,
        defaults={
            "account_id": actor.account_pk,
            "label": label_of(given),
            "key": secrets.token_urlsafe(32),
            "made_at": now,
            "begun_at": now,
            "told_until": now,
        },
    )
    _look_tomorrow(now)
    return made


def offer(*, given: Mapping[str, str], mail: str, now: datetime) -> Subscription:
    """Take the address of somebody without an account and send a code to it; nothing is told before it came back.

    :raises BadInput: no search, or no address that could be right
    :raises TooManyWait: so many addresses wait for their code that somebody may be sending codes to others
    """
    query = _query(given)
    waiting = Subscription.objects.filter(begun_at=None, ended_at=None, made_at__gt=now - timedelta(hours=1))
    if waiting.count() >= MOST_WAITING:
        raise TooManyWait("现在订阅的人太多, 请一小时后再试, 或者先用阅读器订阅(Atom)")
    with transaction.atomic():
        address = addresses.offer_for_subscriber(channel="email", value=mail, now=now)
        return Subscription.objects.create(
            query=query,
            label=label_of(given),
            address=address.public_id,
            key=secrets.token_urlsafe(32),
            made_at=now,
            told_until=now,
        )


def confirm(*, key: str, code: str, now: datetime) -> Subscription:
    """Begin a subscription whose address gave its code back; one that has begun stays as it is.

    :raises BadInput: not the code (and after five wrong ones a new address is asked for)
    :raises NotFound: no such subscription
    """
    row = _by_key(key)
    if row.begun_at is None:
        addresses.confirm_for_subscriber(address_id=row.address, code=code)
        begun = Subscription.objects.filter(pk=row.pk, begun_at=None)
        begun.update(begun_at=now, told_until=now)
        _look_tomorrow(now)
        row.refresh_from_db()
    return row


def end(*, key: str, now: datetime) -> Subscription:
    """End a subscription and forget a subscriber's address; one that is ended stays ended.

    :raises NotFound: no such subscription
    """
    with transaction.atomic():
        row = _by_key(key)
        Subscription.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now)
        if row.address:
            addresses.remove_for_subscriber(address_id=row.address)
    row.refresh_from_db()
    return row


def _by_key(key: str) -> Subscription:
    found = Subscription.objects.filter(key=key).first() if key else None
    if found is None:
        raise NotFound("没有这个订阅, 可能已退订", next_steps=(("检索公告", "/notices"),))
    return found


def _query(given: Mapping[str, str]) -> str:
    read(given)
    query = link(given, sort="")
    if not query:
        raise BadInput("请先填写检索词或选择条件, 再订阅", field="words")
    return query


def label_of(given: Mapping[str, str]) -> str:
    """Return a search in words: 检索词 学校 · 行政区划 370100."""
    said = (f"{NAMES[name]} {given[name]}" for name in NAMES if given.get(name) and name != "sort")
    return " · ".join(said)[:200]


def _look_tomorrow(now: datetime) -> None:
    set_timer(kind=LOOK, subject="all", due_at=_next_look(now))


def _next_look(now: datetime) -> datetime:
    today = datetime.combine(now.astimezone(BEIJING).date(), AT, BEIJING)
    return today if now < today else today + timedelta(days=1)


@effect(LOOK)
def look(_: str, now: datetime) -> datetime | None:
    """Tell each follower what was filed since the last time; ask again tomorrow while somebody follows."""
    until = now - FILED_WITHIN
    alive = Subscription.objects.filter(ended_at=None, begun_at__isnull=False)
    for row in alive.filter(told_until__lt=until).select_for_update().order_by("pk"):
        _tell(row, until=until, now=now)
    return _next_look(now) if alive.exists() else None


def _tell(row: Subscription, *, until: datetime, now: datetime) -> None:
    asked = read(dict(parse_qsl(row.query)), size=MOST_NEWS)
    since, until_ = max(filter(None, (asked.since, row.told_until))), min(filter(None, (asked.until, until)))
    Subscription.objects.filter(pk=row.pk).update(told_until=until)
    if since >= until_:
        return
    found = search(replace(asked, since=since, until=until_))
    if not found.rows:
        return
    lines = [
        f"{hit.label}: {hit.title}({hit.published_at.astimezone(BEIJING):%m-%d %H:%M})" for hit in found.rows
    ]
    if found.next:
        lines.append(f"还有更多, 只列最新{MOST_NEWS}条")
    if row.address:
        lines.append(f"退订: /subscriptions/{row.key}")
    post(
        kind=Kind.NEWS,
        title=f"订阅有{len(found.rows)}条新公告: {row.label}"[:200],
        text="\n".join(lines),
        link=f"/notices?{row.query}",
        now=now,
        accounts=[row.account_id] if row.account_id else [],
        addresses=[row.address] if row.address else [],
    )

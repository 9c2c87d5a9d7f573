"""Which searches somebody follows."""

from dataclasses import dataclass
from datetime import datetime

from ggzy.kernel.actors import Actor
from ggzy.parties.grid import Permission, require
from ggzy.subscriptions.models import Subscription


@dataclass(frozen=True, kw_only=True)
class SubscriptionRow:
    """A followed search as its follower sees it."""

    key: str
    label: str
    query: str
    begun_at: datetime | None
    ended_at: datetime | None


def followed(actor: Actor) -> list[SubscriptionRow]:
    """Return the searches that a person follows, the newest first."""
    require(actor, Permission.WORKBENCH_READ)
    rows = Subscription.objects.filter(account_id=actor.account_pk, ended_at=None).order_by("-pk")
    return [_row(row) for row in rows]


def by_key(key: str) -> SubscriptionRow | None:
    """Return the subscription that has this key, None where there is none."""
    found = Subscription.objects.filter(key=key).first()
    return _row(found) if found else None


def _row(row: Subscription) -> SubscriptionRow:
    return SubscriptionRow(
        key=row.key, label=row.label, query=row.query, begun_at=row.begun_at, ended_at=row.ended_at
    )

"""What of the forty items has been made public, tender by tender: computed from notices and the log, never ticked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.db.models import Min

from ggzy.evidence.queries import moments_of
from ggzy.kernel import calendars
from ggzy.kernel.refusals import NotFound
from ggzy.law.families import FAMILIES
from ggzy.notices.models import Notice
from ggzy.publishing.disclosure import ITEMS, OPEN, Fact, Item, Judged, Standing, judge

__all__ = ["OPEN", "ItemRow", "TenderItems", "of_tender", "overview", "tenders"]

#: how many tenders the overview looks at, newest first
MOST_TENDERS = 200
_ACTS = frozenset(
    sign for item in ITEMS for sign in (*item.formed, *item.shown) if not sign.startswith("notice:")
)
#: where an act is shown; the others are read in the log
_PLACES: Mapping[str, str] = {
    "experts.ranked": "/draws/{subject}",
    "tendering.published": "/files/{tender}/1",
    "objections.answered": "/evidence",
}


@dataclass(frozen=True, kw_only=True)
class TenderItems:
    """A tender and how each of the forty items stands on it."""

    tender: str
    name: str
    first_at: datetime
    items: tuple[Judged, ...]

    @cached_property
    def red(self) -> int:
        """Return how many items are overdue, or were."""
        return sum(1 for judged in self.items if judged.standing.red)

    @cached_property
    def done(self) -> int:
        """Return how many items are public."""
        return sum(1 for judged in self.items if judged.done_at is not None)


@dataclass(frozen=True, kw_only=True)
class ItemRow:
    """One of the forty items over all tenders."""

    item: Item
    done: int
    due: int
    overdue: int
    late: int


def of_tender(tender: str, *, now: datetime) -> TenderItems:
    """Return how the forty items stand on one published tender.

    :raises NotFound: no such tender, or nothing of it is published
    """
    found = _tenders({tender: ""}, now=now)
    if not found:
        raise NotFound("没有这个招标项目, 或者还没有发布公告", next_steps=(("公开事项", "/disclosure"),))
    return found[0]


def tenders(*, now: datetime) -> list[TenderItems]:
    """Return the newest published tenders with their items, newest first."""
    newest = (
        Notice.objects.filter(centre_id=settings.CENTRE_ID)
        .exclude(tender="")  # a purchase without bids is no tender, and has other items
        .values("tender")
        .annotate(first=Min("pk"))
        .order_by("-first")[:MOST_TENDERS]
    )
    return _tenders(dict.fromkeys((row["tender"] for row in newest), ""), now=now)


def overview(found: list[TenderItems]) -> list[ItemRow]:
    """Return each of the forty items with its counts over some tenders."""
    counts: Counter[tuple[int, Standing]] = Counter(
        (judged.item.number, judged.standing) for row in found for judged in row.items
    )
    return [
        ItemRow(
            item=item,
            done=counts[item.number, Standing.DONE],
            due=counts[item.number, Standing.DUE],
            overdue=counts[item.number, Standing.OVERDUE],
            late=counts[item.number, Standing.DONE_LATE],
        )
        for item in ITEMS
    ]


def _name_of(title: str) -> str:
    """Return what a notice is about: its title without what kind of notice it is."""
    return next(
        (title.removesuffix(way.call) for way in FAMILIES.values() if title.endswith(way.call)), title
    )


def _tenders(wanted: Mapping[str, str], *, now: datetime) -> list[TenderItems]:
    """Two queries, however many tenders: their notices without bodies, and the acts of the log that matter."""
    columns = ("tender", "ocid", "kind", "rounds", "published_at", "public_id", "title")
    notices = Notice.objects.filter(centre_id=settings.CENTRE_ID, tender__in=list(wanted)).order_by("pk")
    facts: dict[str, list[Fact]] = {}
    first: dict[str, tuple[str, datetime]] = {}
    by_ocid: dict[str, str] = {}
    for tender, ocid, kind, rounds, at, notice, title in notices.values_list(*columns):
        by_ocid[ocid] = tender
        first.setdefault(tender, (_name_of(title), at))
        link = f"/notices/{notice}"
        facts.setdefault(tender, []).append(
            Fact(sign=f"notice:{kind}", rounds=frozenset(rounds), at=at, link=link)
        )
    for act, subject, ocid, round_id, at in moments_of(_ACTS, ocids=by_ocid):
        tender = by_ocid[ocid]
        link = _PLACES.get(act, "/evidence").format(subject=subject, tender=tender)
        rounds = frozenset({round_id} if round_id else ())
        facts[tender].append(Fact(sign=act, rounds=rounds, at=at, link=link))
    rows = [
        TenderItems(
            tender=tender,
            name=first[tender][0],
            first_at=first[tender][1],
            items=tuple(judge(item, found, calendar=calendars.CHINA, now=now) for item in ITEMS),
        )
        for tender, found in facts.items()
    ]
    return sorted(rows, key=lambda row: row.first_at, reverse=True)

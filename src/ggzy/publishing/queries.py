"""Where notices stand at the media, and from when the clocks of a round run."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import leaps
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.notices.models import Notice
from ggzy.notices.queries import kind_label
from ggzy.parties.grid import Permission, require
from ggzy.publishing import ports
from ggzy.publishing.actions import first_body, is_own, missed_by_the_clock
from ggzy.publishing.models import Delivery, Handover
from ggzy.publishing.rules import Anchor, Medium, Standing, State, Trouble, anchor, scope_of, troubles

#: what the training clock jumped over
Leaps = list[tuple[datetime, datetime]]


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """One notice at one medium, as the centre and the owner side see it."""

    delivery: str
    notice: str
    tender: str
    title: str
    kind: str
    label: str
    version: int
    medium: str
    medium_label: str
    demo: bool
    state: State
    troubles: tuple[Trouble, ...]
    taken_at: datetime
    due_at: datetime
    next_try_at: datetime | None
    tries: int
    last_error: str
    reference: str
    received_at: datetime | None
    published_at: datetime | None
    platform_at: datetime
    sha256: str
    held_sha256: str
    #: too late only because the training clock was moved: told, and not counted as trouble
    by_clock: bool

    @property
    def may_retry(self) -> bool:
        """Say whether trying at once makes sense."""
        return self.state is not State.PUBLISHED and Trouble.NOT_CONFIGURED not in self.troubles


def _row(row: Delivery, now: datetime, jumped: Leaps) -> DeliveryRow:
    notice, state = row.notice, State(row.state)
    by_clock = missed_by_the_clock(row, leaps=jumped, now=now)
    standing = Standing(
        state=state,
        configured=ports.is_configured(row.medium),
        ours=notice.sha256,
        held=row.held_sha256,
        due_at=row.due_at,
        published_at=row.published_at,
        by_clock=by_clock,
    )
    return DeliveryRow(
        delivery=row.public_id,
        notice=notice.public_id,
        tender=notice.tender,
        title=notice.title,
        kind=notice.kind,
        label=kind_label(notice.kind),
        version=notice.version,
        medium=row.medium,
        medium_label=Medium(row.medium).label,
        demo=ports.is_demo(row.medium),
        state=state,
        troubles=troubles(standing, now=now),
        taken_at=row.taken_at,
        due_at=row.due_at,
        next_try_at=row.next_try_at,
        tries=row.tries,
        last_error=row.last_error,
        reference=row.reference,
        received_at=row.received_at,
        published_at=row.published_at,
        platform_at=notice.published_at,
        sha256=notice.sha256,
        held_sha256=row.held_sha256,
        by_clock=by_clock,
    )


def _red(now: datetime) -> Q:
    """Return what `troubles` finds, as the database counts it."""
    open_ = ~Q(state=State.PUBLISHED)
    late = Q(due_at__lte=now)
    jumped = leaps()
    if jumped:  # only a training clock jumps; its few overdue rows are judged one by one
        rows = Delivery.objects.filter(open_ & late, centre_id=settings.CENTRE_ID).select_related("notice")
        late &= ~Q(pk__in=[r.pk for r in rows if missed_by_the_clock(r, leaps=jumped, now=now)])
    nowhere = [medium.value for medium in Medium if not ports.is_configured(medium)]
    return (
        Q(state__in=[State.REFUSED, State.FAILED]) | (open_ & (late | Q(medium__in=nowhere))) | Q(flawed=True)
    )


def _visible(viewer: Actor) -> QuerySet[Delivery]:
    require(viewer, Permission.PUBLICATION_READ)
    rows = Delivery.objects.filter(centre_id=settings.CENTRE_ID).select_related("notice")
    if viewer.role in {Role.TENDEREE, Role.AGENCY}:
        if not viewer.uscc:
            return rows.none()
        rows = rows.filter(Q(tenderee_uscc=viewer.uscc) | Q(agency_uscc=viewer.uscc))
    return rows


def deliveries(
    *,
    viewer: Actor,
    now: datetime,
    medium: str = "",
    state: str = "",
    tender: str = "",
    number: int = 1,
    size: int = 20,
) -> tuple[list[DeliveryRow], bool]:
    """Return one page of deliveries, newest first, and whether there is a further page. `state` may be "red".

    :raises NotPermitted: not for this reader
    """
    rows = _visible(viewer)
    if medium:
        rows = rows.filter(medium=medium)
    if tender:
        rows = rows.filter(notice__tender=tender)
    if state == "red":
        rows = rows.filter(_red(now))
    elif state:
        rows = rows.filter(state=state)
    first = (max(number, 1) - 1) * size
    jumped = leaps()
    found = [_row(row, now, jumped) for row in rows.order_by("-pk")[first : first + size + 1]]
    return found[:size], len(found) > size


@dataclass(frozen=True, kw_only=True)
class MediumRow:
    """How a medium stands."""

    medium: str
    label: str
    configured: bool
    demo: bool
    all: int
    published: int
    red: int


def media(*, viewer: Actor, now: datetime) -> list[MediumRow]:
    """Return how each medium stands with what the viewer may see.

    :raises NotPermitted: not for this reader
    """
    counts = {
        row["medium"]: row
        for row in _visible(viewer)
        .order_by()
        .values("medium")
        .annotate(
            all=Count("pk"),
            published=Count("pk", filter=Q(state=State.PUBLISHED)),
            red=Count("pk", filter=_red(now)),
        )
    }
    return [
        MediumRow(
            medium=medium.value,
            label=medium.label,
            configured=ports.is_configured(medium),
            demo=ports.is_demo(medium),
            **{name: counts.get(medium.value, {}).get(name, 0) for name in ("all", "published", "red")},
        )
        for medium in Medium
    ]


def red_count(*, viewer: Actor, now: datetime) -> int:
    """Return how many deliveries are red for a viewer."""
    return _visible(viewer).filter(_red(now)).count()


@dataclass(frozen=True, kw_only=True)
class DeliveryPage:
    """A delivery with its receipts and what was found in the notice."""

    row: DeliveryRow
    receipts: list[dict[str, Any]]
    missing: list[str]
    personal: list[dict[str, str]]


def delivery(*, delivery_id: str, viewer: Actor, now: datetime) -> DeliveryPage:
    """Return one delivery.

    :raises NotFound: no such delivery
    :raises NotPermitted: the tender is another organisation's
    """
    require(viewer, Permission.PUBLICATION_READ)
    found = Delivery.objects.select_related("notice").filter(public_id=delivery_id).first()
    if found is None:
        raise NotFound(
            "没有这条发送记录, 请从公告发送列表进入", next_steps=(("公告发送", "/work/publication"),)
        )
    if viewer.role in {Role.TENDEREE, Role.AGENCY} and not is_own(found, viewer):
        raise NotPermitted("只能查看本单位招标项目的公告发送", next_steps=(("返回工作台", "/work"),))
    taken = Handover.objects.filter(notice=found.notice).first()
    columns = ("source", "state", "reference", "held_sha256", "published_at", "said_at")
    return DeliveryPage(
        row=_row(found, now, leaps()),
        receipts=[
            {**row, "state_label": State(row["state"]).label}
            for row in found.receipts.order_by("pk").values(*columns)
        ],
        missing=found.missing,
        personal=taken.personal if taken else [],
    )


@dataclass(frozen=True, kw_only=True)
class PublishedAt:
    """What anyone may know of a notice at a medium."""

    medium: str
    label: str
    demo: bool
    published_at: datetime | None
    reference: str
    same: bool


def published_at_media(notice_id: str) -> list[PublishedAt]:
    """Return where a notice has been published and where it is awaited, for anyone."""
    return [
        PublishedAt(
            medium=row.medium,
            label=Medium(row.medium).label,
            demo=ports.is_demo(row.medium),
            published_at=row.published_at,
            reference=row.reference if row.published_at else "",
            same=row.held_sha256 == row.notice.sha256,
        )
        for row in Delivery.objects.filter(notice__public_id=notice_id)
        .select_related("notice")
        .order_by("pk")
    ]


def first_published_at(series: str) -> Anchor | None:
    """Return from when the clocks of a notice run: its first version, earliest medium. None: no such notice."""
    notice = Notice.objects.filter(series=series).order_by("version").first()
    return _anchors([notice])[notice.public_id] if notice else None


def anchor_of(round_id: str) -> Anchor | None:
    """Return from when the clocks of a round run: the first version of the notice that opened it for bidding.

    Both moments, the platform's and the first medium's, stand in the answer. None: nothing is published yet.
    """
    opened = Notice.objects.filter(kind="tender", rounds__contains=[round_id]).order_by("pk").first()
    return first_published_at(opened.series) if opened else None


def _anchors(notices: Iterable[Notice]) -> dict[str, Anchor]:
    notices = list(notices)
    moments: dict[int, dict[str, datetime]] = {}
    said = Delivery.objects.filter(notice__in=notices).exclude(published_at=None)
    for notice_pk, medium, at in said.values_list("notice", "medium", "published_at"):
        moments.setdefault(notice_pk, {})[Medium(medium).label] = at
    return {
        notice.public_id: anchor(
            scope=scope_of(
                str(notice.body.get("deal_code") or first_body(notice.tender).get("deal_code") or "")
            ),
            platform_at=notice.published_at,
            by_medium=moments.get(notice.pk, {}),
            platform_is_medium=settings.PLATFORM_IS_MEDIUM,
        )
        for notice in notices
    }

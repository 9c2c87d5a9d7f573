"""Booking a room for a tender: this context knows whose it is, which rounds are its, and when they are opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round, Tender
from ggzy.venues import actions as venues
from ggzy.venues import queries as rooms
from ggzy.venues.models import Booking
from ggzy.venues.queries import said_span
from ggzy.venues.rules import STEP, rounded_up


class NotAtTheDeadline(Refusal):
    """Bids are opened at the deadline: the room must be there at that moment."""

    code = "tendering.room_not_at_the_deadline"
    basis = Citation("招标投标法", "第三十四条")


def _rounds(tender_id: str, rounds: Sequence[str]) -> tuple[Tender, list[Round]]:
    tender = Tender.objects.filter(public_id=tender_id).first()
    if tender is None:
        raise NotFound("没有这个招标项目, 请从列表进入")
    rows = (
        Round.objects.filter(lot__tender=tender, phase__lt=2)
        .select_related("lot")
        .order_by("lot__number", "-number")
    )
    newest: dict[int, Round] = {}
    for row in rows:
        newest.setdefault(row.lot_id, row)
    asked = set(rounds)
    found = [r for r in newest.values() if not asked or r.public_id in asked]
    if not found or asked - {r.public_id for r in found}:
        raise BadInput("请选择本项目的标段; 已有新一轮招标的, 选择最新一轮", field="rounds")
    return tender, found


def _require_deadline(rounds: Sequence[Round], *, purpose: str, start: datetime, end: datetime) -> None:
    for row in rounds:
        if purpose == Booking.OPENING and row.bid_deadline and not start <= row.bid_deadline < end:
            raise NotAtTheDeadline(
                f"{row.lot.name}的开标时间为{said_span(row.bid_deadline, row.bid_deadline).split('至')[0]}, "
                "开标应当在投标截止的同一时间公开进行, 请让预约时段包含这一时刻",
                field="start",
            )


def require_side(tender_id: str, actor: Actor) -> None:
    """Let the centre and the owner side of a tender pass.

    :raises NotPermitted: another organisation
    """
    row = Tender.objects.filter(public_id=tender_id).values_list("tenderee_id", "agency_id").first()
    if row is None:
        raise NotFound("没有这个招标项目, 请从列表进入")
    if actor.role is not Role.CENTRE and (not actor.organisation_pk or actor.organisation_pk not in row):
        raise NotPermitted("只能为本单位的项目预约场地", next_steps=(("返回工作台", "/work"),))


@transaction.atomic
def book_room(
    *,
    tender_id: str,
    rounds: Sequence[str],
    purpose: str,
    room_id: str,
    seats: int,
    start: datetime,
    end: datetime,
    actor: Actor,
    now: datetime,
    least: int = 1,
    staff: Sequence[str] = (),
) -> Booking:
    """Book a room for lots of a tender (none named: all); see venues.actions.book for what else is refused.

    :raises NotAtTheDeadline: an opening that does not contain the bid deadline
    """
    require(actor, Permission.VENUE_BOOK)
    require_side(tender_id, actor)
    tender, found = _rounds(tender_id, rounds)
    if purpose not in rooms.PURPOSES:
        raise BadInput("用途应为开标或评标", field="purpose")
    _require_deadline(found, purpose=purpose, start=start, end=end)
    lots = "、".join(r.lot.name for r in found)
    subject = venues.Subject(
        tender=tender.public_id,
        ocid=tender.ocid,
        rounds=tuple(r.public_id for r in found),
        title=f"{tender.name}（{lots}）",
        owners=tuple(pk for pk in (tender.tenderee_id, tender.agency_id) if pk),
    )
    return venues.book(
        subject=subject,
        purpose=purpose,
        room_id=room_id,
        seats=seats,
        least=least,
        start=start,
        end=end,
        staff=staff,
        actor=actor,
        now=now,
    )


@transaction.atomic
def move_room(
    *, booking_id: str, room_id: str, start: datetime, end: datetime, actor: Actor, now: datetime
) -> Booking:
    """Move a booking; an opening stays at its bid deadline.

    :raises NotAtTheDeadline: the new time does not contain the bid deadline
    """
    row = rooms.booking(booking_id, viewer=actor)
    rounds = Round.objects.filter(public_id__in=row.rounds).select_related("lot")
    _require_deadline(list(rounds), purpose=row.purpose, start=start, end=end)
    return venues.move(booking_id=booking_id, room_id=room_id, start=start, end=end, actor=actor, now=now)


def free_for(
    *,
    tender_id: str,
    rounds: Sequence[str],
    purpose: str,
    seats: int,
    minutes: int,
    earliest: datetime,
    viewer: Actor,
    least: int = 1,
) -> list[rooms.SlotRow]:
    """Return the first free slots for lots of a tender: not before they are opened, and an opening at its deadline.

    :raises NotPermitted: another organisation's tender
    """
    require(viewer, Permission.VENUE_BOOK)
    require_side(tender_id, viewer)
    _, found = _rounds(tender_id, rounds)
    deadlines = [r.bid_deadline for r in found if r.bid_deadline]
    if purpose == Booking.OPENING:
        # the room must be there at the deadline: from the last step of the plan that is not after it
        deadlines = [rounded_up(d - STEP + timedelta(microseconds=1)) for d in deadlines]
    slots = rooms.free_slots(
        kind=purpose,
        seats=seats,
        minutes=minutes,
        earliest=max([earliest, *deadlines]),
        viewer=viewer,
        least=least,
    )
    moments = [r.bid_deadline for r in found if r.bid_deadline and purpose == Booking.OPENING]
    return [s for s in slots if all(s.start <= moment < s.end for moment in moments)]


@dataclass(frozen=True, kw_only=True)
class Bookable:
    """A tender for which rooms may be booked, with its lots."""

    tender: str
    name: str
    lots: tuple[tuple[str, str, datetime | None], ...]


def bookable(tender_id: str, *, viewer: Actor) -> Bookable:
    """Return a tender with (round, lot name, bid deadline) of its lots, to the centre or its owner side.

    :raises NotPermitted: another organisation's tender
    """
    require_side(tender_id, viewer)
    tender, found = _rounds(tender_id, [])
    lots = tuple((r.public_id, r.lot.name, r.bid_deadline) for r in found)
    return Bookable(tender=tender.public_id, name=tender.name, lots=lots)


def bookable_tenders(*, viewer: Actor, most: int = 50) -> list[tuple[str, str]]:
    """Return (id, name) of the newest tenders for which this viewer may book a room."""
    require(viewer, Permission.VENUE_BOOK)
    rows = Tender.objects.order_by("-pk")
    if viewer.role is not Role.CENTRE:
        pk = viewer.organisation_pk
        rows = rows.filter(Q(tenderee_id=pk) | Q(agency_id=pk))
    return list(rows.values_list("public_id", "name")[:most])


def places_of(round_id: str) -> list[rooms.PlaceRow]:
    """Return where a published round is opened, for anyone; nothing of a round that is not published."""
    if not Round.objects.filter(public_id=round_id).exclude(published_at=None).exists():
        raise NotFound("没有这个标段轮次, 或尚未发布公告", next_steps=(("查看招标项目", "/tenders"),))
    return rooms.opening_places([round_id])

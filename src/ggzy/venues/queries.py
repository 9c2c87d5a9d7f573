"""Rooms, their calendar, who serves, and the first free slot. What an outsider may not know, a row does not hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.law.limits import BEIJING
from ggzy.parties.grid import Permission, require
from ggzy.venues import rules
from ggzy.venues.models import Booking, Duty, Room, Staff

LABELS = {Room.OPENING: "开标室", Room.EVALUATION: "评标室"}
PURPOSES = {Booking.OPENING: "开标", Booking.EVALUATION: "评标"}
STAFF_ROLES = {Staff.HOST: "开评标服务人员", Staff.WITNESS: "见证员"}


@dataclass(frozen=True, kw_only=True)
class RoomRow:
    """A room as everybody may know it."""

    room: str
    name: str
    kind: str
    label: str
    seats: int
    columns: int
    place: str


def rooms() -> list[RoomRow]:
    """Return the centre's rooms, openings first, then by name."""
    return [
        RoomRow(
            room=r.public_id,
            name=r.name,
            kind=r.kind,
            label=LABELS[r.kind],
            seats=r.seats,
            columns=r.columns,
            place=r.place,
        )
        for r in Room.objects.order_by("-kind", "name")
    ]


@dataclass(frozen=True, kw_only=True)
class StaffRow:
    """A person of the roster, for the centre."""

    staff: str
    name: str
    role: str
    label: str
    many: bool
    active: bool


def roster(*, viewer: Actor) -> list[StaffRow]:
    """Return the hosts and witnesses, active ones first.

    :raises NotPermitted: only the centre
    """
    require(viewer, Permission.STAFF_MANAGE)
    return [_staff_row(s) for s in Staff.objects.order_by("-active", "role", "pk")]


def _staff_row(s: Staff) -> StaffRow:
    return StaffRow(
        staff=s.public_id,
        name=str(s.name),
        role=s.role,
        label=STAFF_ROLES[s.role],
        many=s.many,
        active=s.active,
    )


@dataclass(frozen=True, kw_only=True)
class BookingRow:
    """A booking as this viewer may see it: `title`, `tender` and `staff` are empty where it is not theirs to know."""

    booking: str
    room: str
    room_name: str
    kind: str
    purpose: str
    label: str
    start: datetime
    end: datetime
    whole_room: bool
    first_seat: int
    last_seat: int
    least: int
    title: str
    tender: str
    rounds: tuple[str, ...]
    staff: tuple[StaffRow, ...]
    may_change: bool


def calendar(*, start: datetime, end: datetime, viewer: Actor) -> list[BookingRow]:
    """Return the live bookings that touch [start, end).

    The centre and the supervisor see all. The owner side sees its own in full, of others only that an opening room is
    taken: where and when another committee sits is nobody's to know.

    :raises NotPermitted: bidders and the public
    """
    require(viewer, Permission.VENUE_READ)
    rows = Booking.objects.filter(state=Booking.BOOKED, starts_at__lt=end, ends_at__gt=start)
    if not _official(viewer):
        rows = rows.filter(Q(purpose=Booking.OPENING) | Q(owners__contains=[viewer.organisation_pk]))
    return _rows(rows, viewer)


def booking(booking_id: str, *, viewer: Actor) -> BookingRow:
    """Return one live booking to the centre, the supervisor or its owner side.

    :raises NotFound: no such booking, released, or not for this viewer
    """
    require(viewer, Permission.VENUE_READ)
    found = [
        row
        for row in _rows(Booking.objects.filter(public_id=booking_id, state=Booking.BOOKED), viewer)
        if row.tender
    ]
    if not found:
        raise NotFound("没有这个预约, 或已经释放", next_steps=(("场地日历", "/work/rooms"),))
    return found[0]


def bookings_of_tender(tender_id: str, *, viewer: Actor) -> list[BookingRow]:
    """Return the live bookings of a tender to the centre, the supervisor or its owner side; else none."""
    require(viewer, Permission.VENUE_READ)
    rows = _rows(Booking.objects.filter(tender=tender_id, state=Booking.BOOKED), viewer)
    return [row for row in rows if row.tender]


@dataclass(frozen=True, kw_only=True)
class PlaceRow:
    """A booking as other contexts use it."""

    booking: str
    purpose: str
    room: str
    place: str
    start: datetime
    end: datetime


def bookings_of(rounds: Iterable[str]) -> list[PlaceRow]:
    """Return the live bookings of some rounds, earliest first, for contexts above that have asked who reads."""
    rows = Booking.objects.filter(state=Booking.BOOKED, rounds__overlap=list(rounds)).select_related("room")
    return [
        PlaceRow(
            booking=b.public_id,
            purpose=b.purpose,
            room=b.room.name,
            place=b.room.place,
            start=b.starts_at,
            end=b.ends_at,
        )
        for b in rows.order_by("starts_at", "pk")
    ]


@dataclass(frozen=True, kw_only=True)
class Hall:
    """A room as its seats are drawn: how many, and how many stand in one row (0: one row)."""

    name: str
    seats: int
    columns: int


def hall_of(rounds: Iterable[str]) -> Hall | None:
    """Return the evaluation room that is booked for some rounds, for contexts above that have asked who reads."""
    found = (
        Booking.objects.filter(state=Booking.BOOKED, purpose=Booking.EVALUATION, rounds__overlap=list(rounds))
        .select_related("room")
        .order_by("starts_at")
        .first()
    )
    return found and Hall(name=found.room.name, seats=found.room.seats, columns=found.room.columns)


def rooms_by_round(rounds: Iterable[str]) -> dict[tuple[str, str], str]:
    """Return {(round, purpose): room} of live bookings, for contexts above that have asked who reads."""
    rows = Booking.objects.filter(state=Booking.BOOKED, rounds__overlap=list(rounds)).order_by("starts_at")
    return {
        (round_id, purpose): name
        for in_rounds, purpose, name in rows.values_list("rounds", "purpose", "room__name")
        for round_id in in_rounds
    }


def opening_places(published: Iterable[str]) -> list[PlaceRow]:
    """Return where rounds are opened. Give published rounds only: it is for anyone to read."""
    return [row for row in bookings_of(published) if row.purpose == Booking.OPENING]


@dataclass(frozen=True, kw_only=True)
class SlotRow:
    """A free slot."""

    room: str
    room_name: str
    start: datetime
    end: datetime
    whole_room: bool
    first_seat: int
    last_seat: int


def free_slots(
    *, kind: str, seats: int, minutes: int, earliest: datetime, viewer: Actor, least: int = 1, most: int = 3
) -> list[SlotRow]:
    """Return the first free slot of a kind of room, and the first of the following days: one read, one pass each.

    :raises BadInput: no such kind, or a length that cannot be
    :raises DoesNotFitADay: longer than a working day
    """
    require(viewer, Permission.VENUE_BOOK)
    if kind not in LABELS:
        raise BadInput("场地类型应为开标室或评标室", field="kind")
    if not 0 < minutes <= rules.MOST_MINUTES or seats < 0:
        raise BadInput("请填写时长(分钟)和席位数", field="minutes")
    facts = room_facts(kind)
    names = {r.public_id: r.name for r in Room.objects.filter(kind=kind)}
    busy = busy_between(earliest, earliest + timedelta(days=rules.HORIZON_DAYS + 20))
    want = rules.Want(
        seats=seats,
        length=timedelta(minutes=minutes),
        buffer=timedelta(minutes=settings.BOOKING_BUFFER_MINUTES),
        least=max(least, 1),
    )
    out: list[SlotRow] = []
    while len(out) < most:
        slot = rules.first_free(want=want, rooms=facts, busy=busy, earliest=earliest, calendar=CHINA)
        if slot is None:
            break
        out.append(
            SlotRow(
                room=slot.room,
                room_name=names[slot.room],
                start=slot.start,
                end=slot.end,
                whole_room=not seats,
                first_seat=slot.first,
                last_seat=slot.past - 1,
            )
        )
        next_day = slot.start.astimezone(BEIJING).date() + timedelta(days=1)
        earliest = rules.opening_hours(next_day)[0]
    return out


def room_facts(kind: str, *, lock: bool = False) -> list[rules.RoomFacts]:
    """Return the rooms of a kind as the rules know them, locked in one order if they are to be booked."""
    rows = Room.objects.filter(kind=kind).order_by("pk")
    rows = rows.select_for_update(no_key=True) if lock else rows
    return [rules.RoomFacts(room=r.public_id, seats=r.seats) for r in rows]


def busy_between(start: datetime, end: datetime, *, besides: Sequence[str] = ()) -> list[rules.Busy]:
    """Return everything that is taken in [start, end): seats of rooms, and people who are alone in their place."""
    window = (start, end)
    rows = (
        Booking.objects.filter(state=Booking.BOOKED, blocked__overlap=window)
        .exclude(public_id__in=list(besides))
        .values_list("room__public_id", "seats", "blocked")
    )
    out = [
        rules.Busy(of=of, first=seats.lower, past=seats.upper, start=blocked.lower, end=blocked.upper)
        for of, seats, blocked in rows
    ]
    duties = (
        Duty.objects.filter(live=True, alone=True, blocked__overlap=window)
        .exclude(booking__public_id__in=list(besides))
        .values_list("staff__public_id", "blocked")
    )
    return out + [
        rules.Busy(of=of, first=1, past=2, start=blocked.lower, end=blocked.upper) for of, blocked in duties
    ]


def held_of(rounds: Iterable[str], *, lock: bool = False) -> list[rules.Held]:
    """Return the live bookings of some rounds as the rules know them."""
    rows = Booking.objects.filter(state=Booking.BOOKED, rounds__overlap=list(rounds)).order_by("pk")
    rows = rows.select_for_update(of=("self",)) if lock else rows
    rows = rows.select_related("room").prefetch_related("duties__staff")
    return [
        rules.Held(
            booking=b.public_id,
            purpose=b.purpose,
            slot=rules.Slot(
                room=b.room.public_id,
                first=b.seats.lower,
                past=b.seats.upper,
                start=b.starts_at,
                end=b.ends_at,
            ),
            seats=0 if b.whole_room else b.seats.upper - b.seats.lower,
            least=b.least,
            people=tuple(d.staff.public_id for d in b.duties.all() if d.alone),
        )
        for b in rows
    ]


def named(row: Booking) -> list[str]:
    """Return who serves a booking, by public id."""
    return list(Duty.objects.filter(booking=row).order_by("pk").values_list("staff__public_id", flat=True))


def said_span(start: datetime, end: datetime) -> str:
    """Return a span as people say it: 3月5日09:30至11:30."""
    first, last = start.astimezone(BEIJING), end.astimezone(BEIJING)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last.month}月{last.day}日{last:%H:%M}"
    return f"{first.month}月{first.day}日{first:%H:%M}至{until}"


def _official(viewer: Actor) -> bool:
    return viewer.role in {Role.CENTRE, Role.SUPERVISOR}


def _rows(rows: object, viewer: Actor) -> list[BookingRow]:
    found = rows.select_related("room").prefetch_related("duties__staff").order_by("starts_at", "pk")  # type: ignore[attr-defined]
    return [_row(b, viewer) for b in found]


def _row(b: Booking, viewer: Actor) -> BookingRow:
    own = bool(viewer.organisation_pk) and viewer.organisation_pk in b.owners
    told = own or _official(viewer)
    return BookingRow(
        booking=b.public_id if told else "",
        room=b.room.public_id,
        room_name=b.room.name,
        kind=b.room.kind,
        purpose=b.purpose,
        label=PURPOSES[b.purpose],
        start=b.starts_at,
        end=b.ends_at,
        whole_room=b.whole_room,
        first_seat=b.seats.lower,
        last_seat=b.seats.upper - 1,
        least=b.least,
        title=b.title if told else "已有预约",
        tender=b.tender if told else "",
        rounds=tuple(b.rounds) if told else (),
        # who of the centre serves is the centre's own matter, and the supervisor's
        staff=tuple(_staff_row(d.staff) for d in b.duties.all()) if _official(viewer) else (),
        may_change=viewer.role is Role.CENTRE or own,
    )

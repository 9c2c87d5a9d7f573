"""Booking rooms and people, moving, releasing; and what follows when an opening moves. See rules.py for why."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange, NumericRange

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.venues import rules
from ggzy.venues.models import Booking, Duty, Room, Staff
from ggzy.venues.queries import busy_between, named, room_facts, said_span

CONFLICTS = {"a_seat_is_booked_once_at_a_time", "a_person_is_in_one_place_at_a_time"}


class SlotTaken(Refusal):
    """Something of it is booked; the sentence names what, and the next free slot."""

    code = "venues.slot_taken"


class AlreadyReleased(Refusal):
    """The booking was released before."""

    code = "venues.already_released"


@dataclass(frozen=True, kw_only=True)
class Subject:
    """For what a room is booked, as the context that knows tenders tells it."""

    tender: str
    ocid: str
    rounds: tuple[str, ...]
    title: str
    owners: tuple[int, ...]


def buffer() -> timedelta:
    """Return how long a room and its people stay free after each booking."""
    return timedelta(minutes=settings.BOOKING_BUFFER_MINUTES)


@transaction.atomic
def book(
    *,
    subject: Subject,
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
    """Book a room (seats 0) or so many neighbouring seats of it, and the people who serve.

    :raises NotPermitted: neither the centre nor the owner side of this tender; people are assigned by the centre
    :raises SlotTaken: the room, the seats or a person is booked; names what, and proposes the next free slot
    :raises SlotPast: it has begun
    :raises OutsideHours: the owner side books within the centre's hours only
    :raises WrongRoom: another kind of room
    :raises TooFewSeats: more seats than the room has
    """
    require(actor, Permission.VENUE_BOOK)
    require_side(subject.owners, actor)
    if staff:
        require(actor, Permission.STAFF_MANAGE)
    room, people = _lock_room(room_id), lock_staff(staff)
    rules.require_room(purpose=purpose, kind=room.kind, seats=seats, has=room.seats)
    rules.require_bookable(start=start, end=end, now=now, official=actor.role is Role.CENTRE, calendar=CHINA)
    slot = _free_or_refuse(
        room=room, people=people, seats=seats, least=least, start=start, end=end, actor=actor, now=now
    )
    booking = Booking(
        tender=subject.tender,
        ocid=subject.ocid,
        rounds=list(subject.rounds),
        title=subject.title[:300],
        owners=list(subject.owners),
        purpose=purpose,
        whole_room=not seats,
        least=max(least, 1),
        booked_by_id=actor.organisation_pk,
        booked_at=now,
    )
    write_booking(booking, slot=slot, room=room, people=people, actor=actor, now=now)
    record_booking("venues.booked", booking, actor=actor, now=now)
    return booking


@transaction.atomic
def move(
    *, booking_id: str, room_id: str, start: datetime, end: datetime, actor: Actor, now: datetime
) -> Booking:
    """Move a booking that has not begun to another room or time, its people with it; moving nowhere changes nothing.

    :raises NotPermitted: neither the centre nor the owner side
    :raises SlotTaken: the new place or a person is booked
    :raises SlotPast: it has begun, or would have
    """
    require(actor, Permission.VENUE_BOOK)
    booking = _lock_booking(booking_id, actor)
    room, people = _lock_room(room_id), lock_staff(named(booking))
    if booking.starts_at <= now:
        raise rules.SlotPast("该场次已经开始, 不能改期; 需要延长的, 请由中心另行预约后续时段")
    seats = 0 if booking.whole_room else booking.seats.upper - booking.seats.lower
    rules.require_room(purpose=booking.purpose, kind=room.kind, seats=seats, has=room.seats)
    rules.require_bookable(start=start, end=end, now=now, official=actor.role is Role.CENTRE, calendar=CHINA)
    if (room.pk, start, end) == (booking.room_id, booking.starts_at, booking.ends_at):
        return booking
    slot = _free_or_refuse(
        room=room,
        people=people,
        seats=seats,
        least=booking.least,
        start=start,
        end=end,
        actor=actor,
        now=now,
        besides=(booking_id,),
    )
    write_booking(booking, slot=slot, room=room, people=people, actor=actor, now=now)
    record_booking("venues.moved", booking, actor=actor, now=now)
    return booking


@transaction.atomic
def release(*, booking_id: str, actor: Actor, now: datetime) -> Booking:
    """Give a room back, its people too.

    :raises NotPermitted: neither the centre nor the owner side
    :raises AlreadyReleased: given back before
    :raises SlotPast: it is over: history stays
    """
    require(actor, Permission.VENUE_BOOK)
    booking = _lock_booking(booking_id, actor)
    if booking.ends_at <= now:
        raise rules.SlotPast("该场次已经结束, 使用记录保留, 不能释放")
    booking.state, booking.released_at = Booking.RELEASED, now
    booking.save(update_fields=["state", "released_at"])
    Duty.objects.filter(booking=booking).update(live=False)
    record_booking("venues.released", booking, actor=actor, now=now)
    return booking


@transaction.atomic
def assign(*, booking_id: str, staff: Sequence[str], actor: Actor, now: datetime) -> Booking:
    """Say who serves a booking: these people and nobody else.

    :raises SlotTaken: one of them is elsewhere at that time
    """
    require(actor, Permission.STAFF_MANAGE)
    booking = _lock_booking(booking_id, actor)
    people = lock_staff(staff)
    if sorted(staff) == sorted(named(booking)):
        return booking
    _free_or_refuse(
        room=booking.room,
        people=people,
        seats=0 if booking.whole_room else booking.seats.upper - booking.seats.lower,
        least=booking.least,
        start=booking.starts_at,
        end=booking.ends_at,
        actor=actor,
        now=now,
        besides=(booking_id,),
    )
    with _refusing_what_is_taken(booking.room, people, booking.starts_at, booking.ends_at, actor, now):
        _staff_it(booking, people)
    record_booking("venues.staffed", booking, actor=actor, now=now, staff=sorted(staff))
    return booking


def require_side(owners: Sequence[int], actor: Actor) -> None:
    """Let the centre and the owner side pass.

    :raises NotPermitted: another organisation
    """
    if actor.role is Role.CENTRE or (actor.organisation_pk and actor.organisation_pk in owners):
        return
    raise NotPermitted(
        "场地由本项目的招标人、代理机构或交易中心预约和调整", next_steps=(("返回工作台", "/work"),)
    )


def _lock_room(room_id: str) -> Room:
    """Lock a room: its bookings are made one after the other, so that a refusal can say what is free."""
    room = Room.objects.select_for_update(no_key=True).filter(public_id=room_id).first()
    if room is None:
        raise NotFound("没有这个场地, 请从场地日历选择", next_steps=(("场地日历", "/work/rooms"),))
    return room


def lock_staff(ids: Sequence[str]) -> list[Staff]:
    """Return people of the roster, locked in one order.

    :raises BadInput: one is not on it, or no longer
    """
    rows = list(
        Staff.objects.select_for_update(of=("self",), no_key=True)
        .filter(public_id__in=list(ids))
        .order_by("pk")
    )
    if len(rows) != len(set(ids)) or not all(row.active for row in rows):
        raise BadInput("所选服务人员不在册或已停用, 请重新选择", field="staff")
    return rows


def _lock_booking(booking_id: str, actor: Actor) -> Booking:
    booking = (
        Booking.objects.select_for_update(of=("self",))
        .select_related("room")
        .filter(public_id=booking_id)
        .first()
    )
    if booking is None:
        raise NotFound("没有这个预约", next_steps=(("场地日历", "/work/rooms"),))
    require_side(booking.owners, actor)
    if booking.state != Booking.BOOKED:
        raise AlreadyReleased(
            "该预约已经释放; 需要场地的请重新预约", next_steps=(("场地日历", "/work/rooms"),)
        )
    return booking


def _free_or_refuse(
    *,
    room: Room,
    people: Sequence[Staff],
    seats: int,
    least: int,
    start: datetime,
    end: datetime,
    actor: Actor,
    now: datetime,
    besides: Sequence[str] = (),
) -> rules.Slot:
    """Return the seats that are free for [start, end), or say what is taken and what is free next."""
    if room.seats < least:
        raise rules.TooFewSeats(f"该场地共有{room.seats}个席位, 请选择更大的场地", field="seats")
    want = rules.Want(
        seats=seats,
        length=end - start,
        buffer=buffer(),
        people=tuple(p.public_id for p in people if not p.many),
        least=least,
    )
    facts = [rules.RoomFacts(room=room.public_id, seats=room.seats)]
    busy = busy_between(start, end + buffer(), besides=besides)
    slot = rules.free_at(start, want=want, rooms=facts, busy=busy)
    if slot is None:
        raise _taken(room, people, start, end, actor, now, seats=seats, least=least, besides=besides)
    return slot


def _taken(
    room: Room,
    people: Sequence[Staff],
    start: datetime,
    end: datetime,
    actor: Actor,
    now: datetime,
    *,
    seats: int = 0,
    least: int = 1,
    besides: Sequence[str] = (),
) -> SlotTaken:
    """Return the refusal: what is in the way (to the centre also for whom), and the next free slot of that kind."""
    window = (start, end + buffer())
    live = Booking.objects.filter(state=Booking.BOOKED, blocked__overlap=window).exclude(
        public_id__in=list(besides)
    )
    in_way = [
        f"{room.name}{said_span(b.starts_at, b.ends_at)}已有预约"
        + (f"({b.title})" if actor.role is Role.CENTRE else "")
        for b in live.filter(room=room).order_by("starts_at")[:3]
    ]
    duties = (
        Duty.objects.filter(live=True, alone=True, staff__in=people, blocked__overlap=window)
        .exclude(booking__public_id__in=list(besides))
        .select_related("staff", "booking__room")
    )
    in_way += [
        f"{d.staff.name}{said_span(d.booking.starts_at, d.booking.ends_at)}在{d.booking.room.name}服务"
        for d in duties
    ]
    rooms = {r.public_id: r for r in Room.objects.filter(kind=room.kind)}
    try:
        free = rules.first_free(
            want=rules.Want(
                seats=seats,
                length=end - start,
                buffer=buffer(),
                people=tuple(p.public_id for p in people if not p.many),
                prefer=room.public_id,
                least=least,
            ),
            rooms=room_facts(room.kind),
            busy=busy_between(
                max(start, now), start + timedelta(days=rules.HORIZON_DAYS + 1), besides=besides
            ),
            earliest=max(start, now),
            calendar=CHINA,
        )
    except rules.DoesNotFitADay:
        free = None
    says = "; ".join(in_way) or f"{room.name}所选时段已被占用"
    # the buffer is in the sentence, or a gap that looks free would not be understood
    gap = f", 两场之间留{settings.BOOKING_BUFFER_MINUTES}分钟整理" if settings.BOOKING_BUFFER_MINUTES else ""
    return SlotTaken(f"{says}{gap}{proposed(free, rooms)}", field="start")


def proposed(slot: rules.Slot | None, rooms: dict[str, Room]) -> str:
    """Return the end of a refusal: the next free slot."""
    if slot is None:
        return f"。{rules.HORIZON_DAYS}天内没有空闲的同类场地, 请缩短时长或与中心联系"
    return f"。最近的空闲: {rooms[slot.room].name}, {said_span(slot.start, slot.end)}"


@contextmanager
def _refusing_what_is_taken(
    room: Room, people: Sequence[Staff], start: datetime, end: datetime, actor: Actor, now: datetime
) -> Iterator[None]:
    """Write in a savepoint: what the database excludes becomes the refusal that says what is taken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as wrong:
        if getattr(getattr(wrong.__cause__, "diag", None), "constraint_name", "") in CONFLICTS:
            raise _taken(room, people, start, end, actor, now) from wrong
        raise


def write_booking(
    booking: Booking, *, slot: rules.Slot, room: Room, people: Sequence[Staff], actor: Actor, now: datetime
) -> None:
    """Put a booking where it goes, with its people.

    :raises SlotTaken: the database says that another was first
    """
    booking.room, booking.seats = room, NumericRange(slot.first, slot.past)
    booking.starts_at, booking.ends_at = slot.start, slot.end
    booking.blocked = DateTimeTZRange(slot.start, slot.end + buffer())
    with _refusing_what_is_taken(room, people, slot.start, slot.end, actor, now):
        booking.save()
        _staff_it(booking, people)


def _staff_it(booking: Booking, people: Sequence[Staff]) -> None:
    """Give the booking exactly these people."""
    Duty.objects.filter(booking=booking).delete()
    until = booking.ends_at + buffer()
    Duty.objects.bulk_create(
        Duty(
            booking=booking,
            staff=p,
            blocked=DateTimeTZRange(booking.starts_at, until),
            alone=not p.many,
        )
        for p in people
    )


def record_booking(act: str, booking: Booking, *, actor: Actor, now: datetime, **more: object) -> None:
    """Record an act; where and when a committee sits is for the supervisor alone, an opening's place for its parties."""
    told = {
        "purpose": booking.purpose,
        "room": booking.room.name,
        "start": booking.starts_at.isoformat(),
        "end": booking.ends_at.isoformat(),
        **more,
    }
    opening = booking.purpose == Booking.OPENING
    record_act(
        act,
        subject=booking.public_id,
        actor=actor,
        legal_at=now,
        ocid=booking.ocid,
        round=booking.rounds[0] if len(booking.rounds) == 1 else "",
        party=told if opening else None,
        supervisor=None if opening else told,
    )

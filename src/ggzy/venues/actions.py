"""Booking rooms and people, moving, releasing; and what follows when an opening moves. See rules.py for why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange, NumericRange

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.venues import rules
from ggzy.venues.conflicts import buffer, refusing_what_is_taken, taken
from ggzy.venues.models import Booking, Duty, Room, Staff
from ggzy.venues.queries import PURPOSES, busy_between, named, said_span

#: what the owner side is told when somebody else did it
TOLD = {"venues.booked": "已预约场地", "venues.moved": "场地改期", "venues.released": "场地已释放"}


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
    with refusing_what_is_taken(booking.room, people, booking.starts_at, booking.ends_at, actor, now):
        _staff_it(booking, people)
    record_booking("venues.staffed", booking, actor=actor, now=now, staff=sorted(staff))
    return booking


def require_side(owners: Sequence[int], actor: Actor) -> None:
    """Let the centre and the owner side pass.

    :raises NotPermitted: another organisation
    """
    if actor.role in {Role.CENTRE, Role.SYSTEM} or (
        actor.organisation_pk and actor.organisation_pk in owners
    ):
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
        raise taken(room, people, start, end, actor, now, seats=seats, least=least, besides=besides)
    return slot


def write_booking(
    booking: Booking, *, slot: rules.Slot, room: Room, people: Sequence[Staff], actor: Actor, now: datetime
) -> None:
    """Put a booking where it goes, with its people.

    :raises SlotTaken: the database says that another was first
    """
    booking.room, booking.seats = room, NumericRange(slot.first, slot.past)
    booking.starts_at, booking.ends_at = slot.start, slot.end
    booking.blocked = DateTimeTZRange(slot.start, slot.end + buffer())
    with refusing_what_is_taken(room, people, slot.start, slot.end, actor, now):
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
    if act in TOLD and actor.organisation_pk not in booking.owners:
        tell(
            organisations=booking.owners,
            kind=Kind.SERVICE,
            title=f"{TOLD[act]}: {booking.title}",
            text=f"{PURPOSES[booking.purpose]}: {booking.room.name}, {said_span(booking.starts_at, booking.ends_at)}。",
            link=f"/work/rooms/book?tender={booking.tender}",
            now=now,
        )
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

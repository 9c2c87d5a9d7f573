"""What is said when a place or a person is taken: what is in the way, as this person may know it, and what is free next."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.refusals import Refusal
from ggzy.venues import rules
from ggzy.venues.models import Booking, Duty, Room, Staff
from ggzy.venues.queries import busy_between, room_facts, said_span

CONFLICTS = {"a_seat_is_booked_once_at_a_time", "a_person_is_in_one_place_at_a_time"}


class SlotTaken(Refusal):
    """Something of it is booked; the sentence names what, and the next free slot."""

    code = "venues.slot_taken"


def buffer() -> timedelta:
    """Return how long a room and its people stay free after each booking."""
    return timedelta(minutes=settings.BOOKING_BUFFER_MINUTES)


def taken(
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
    in_way = [_says_taken(b, room, actor) for b in live.filter(room=room).order_by("starts_at")[:3]]
    duties = (
        Duty.objects.filter(live=True, alone=True, staff__in=people, blocked__overlap=window)
        .exclude(booking__public_id__in=list(besides))
        .select_related("staff", "booking__room")
    )
    in_way += [
        f"{d.staff.name}{said_span(d.booking.starts_at, d.booking.ends_at)}在{d.booking.room.name}服务"
        if actor.role is Role.CENTRE
        else "安排的服务人员在所选时段另有场次"
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
    says = "; ".join(dict.fromkeys(in_way)) or f"{room.name}所选时段已被占用"
    # the buffer is in the sentence, or a gap that looks free would not be understood
    gap = f", 两场之间留{settings.BOOKING_BUFFER_MINUTES}分钟整理" if settings.BOOKING_BUFFER_MINUTES else ""
    return SlotTaken(f"{says}{gap}{proposed(free, rooms)}", field="start")


def _says_taken(row: Booking, room: Room, actor: Actor) -> str:
    """Return what is in the way as this person may know it: when another committee sits is not told."""
    if actor.role is Role.CENTRE:
        return f"{room.name}{said_span(row.starts_at, row.ends_at)}已有预约({row.title})"
    if row.purpose == Booking.EVALUATION and actor.organisation_pk not in row.owners:
        return f"{room.name}在所选时段已被占用"
    return f"{room.name}{said_span(row.starts_at, row.ends_at)}已有预约"


def proposed(slot: rules.Slot | None, rooms: dict[str, Room]) -> str:
    """Return the end of a refusal: the next free slot."""
    if slot is None:
        return f"。{rules.HORIZON_DAYS}天内没有空闲的同类场地, 请缩短时长或与中心联系"
    return f"。最近的空闲: {rooms[slot.room].name}, {said_span(slot.start, slot.end)}"


@contextmanager
def refusing_what_is_taken(
    room: Room, people: Sequence[Staff], start: datetime, end: datetime, actor: Actor, now: datetime
) -> Iterator[None]:
    """Write in a savepoint: what the database excludes becomes the refusal that says what is taken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as wrong:
        if getattr(getattr(wrong.__cause__, "diag", None), "constraint_name", "") in CONFLICTS:
            raise taken(room, people, start, end, actor, now) from wrong
        raise

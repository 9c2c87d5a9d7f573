"""What becomes of bookings when the opening of their rounds moves: seen beforehand, then moved all or none."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.refusals import Refusal
from ggzy.parties.grid import Permission, require
from ggzy.venues import rules
from ggzy.venues.actions import lock_staff, record_booking, require_side, write_booking
from ggzy.venues.conflicts import buffer, proposed
from ggzy.venues.models import Booking, Duty, Room
from ggzy.venues.queries import LABELS, busy_between, held_of, named, room_facts, said_span


class CannotFollow(Refusal):
    """A booking cannot follow its opening to the new moment; the sentence names it and a proposal."""

    code = "venues.cannot_follow"


def would_move(*, rounds: Iterable[str], new_start: datetime, lock: bool = False) -> list[rules.Planned]:
    """Return what would become of every booking of these rounds if their opening began at `new_start`; nothing changes.

    `new` is where it goes; where that is None there is a conflict, and `proposal` the next free slot (None: none).
    """
    bookings = held_of(rounds, lock=lock)
    if not bookings:
        return []
    rooms = {kind: room_facts(kind, lock=lock) for kind in LABELS}
    # what lies behind a new start matters as little as what lies behind the horizon
    shift = new_start - min(b.slot.start for b in bookings)
    first = min([new_start, *(b.slot.start + shift for b in bookings)])
    last = max(b.slot.end + abs(shift) for b in bookings) + timedelta(days=rules.HORIZON_DAYS)
    busy = busy_between(first, last, besides=[b.booking for b in bookings])
    return rules.plan_moves(
        bookings, new_start=new_start, rooms=rooms, busy=busy, buffer=buffer(), calendar=CHINA
    )


@transaction.atomic
def move_bookings_for(
    *, rounds: Sequence[str], new_start: datetime, actor: Actor, now: datetime, take_proposals: bool = False
) -> list[Booking]:
    """Move every booking of these rounds with their opening, all or none, as `would_move` says.

    `new_start` is the new moment of the opening (the bid deadline). With `take_proposals`, a booking that cannot
    go there takes the proposal.

    :raises NotPermitted: neither the system, the centre nor the owner side
    :raises CannotFollow: a booking has no place at the new moment; names it and the proposal
    """
    require(actor, Permission.VENUE_BOOK)
    plans = would_move(rounds=rounds, new_start=new_start, lock=True)
    rows = {
        b.public_id: b
        for b in Booking.objects.select_related("room").filter(public_id__in=[p.booking for p in plans])
    }
    rooms = {r.public_id: r for r in Room.objects.all()}
    for plan in plans:
        booking = rows[plan.booking]
        if actor.role is not Role.SYSTEM:
            require_side(booking.owners, actor)
        if plan.new is None and not (take_proposals and plan.proposal):
            raise CannotFollow(
                f"{booking.room.name}{said_span(booking.starts_at, booking.ends_at)}的预约不能随之改期: "
                f"新的时间没有空闲的同类场地{proposed(plan.proposal, rooms)}",
                next_steps=(("查看场地日历", f"/work/rooms?day={new_start:%Y-%m-%d}"),),
            )
    # first all are lifted off their places, so that two may change places
    Booking.objects.filter(pk__in=[b.pk for b in rows.values()]).update(
        state=Booking.RELEASED, released_at=now
    )
    Duty.objects.filter(booking__in=rows.values()).update(live=False)
    for plan in plans:
        booking, slot = rows[plan.booking], plan.target
        assert slot is not None
        people = lock_staff(named(booking))
        booking.state, booking.released_at = Booking.BOOKED, None
        write_booking(booking, slot=slot, room=rooms[slot.room], people=people, actor=actor, now=now)
        record_booking("venues.moved", booking, actor=actor, now=now)
    return [rows[plan.booking] for plan in plans]

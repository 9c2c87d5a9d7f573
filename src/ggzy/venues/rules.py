"""What may be booked when, the first free slot, and where bookings go when an opening moves. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.law.limits import BEIJING

OPENS, CLOSES = time(9, 0), time(16, 30)
#: starts lie on this grid, so that a plan reads like one
STEP = timedelta(minutes=5)
#: how far ahead the first free slot is looked for
HORIZON_DAYS = 60
MOST_MINUTES = 24 * 60


class SlotPast(Refusal):
    """What has begun is neither booked nor moved."""

    code = "venues.slot_past"


class OutsideHours(Refusal):
    """Only the centre's own staff books outside the centre's hours."""

    code = "venues.outside_hours"


class DoesNotFitADay(Refusal):
    """Longer than a working day: no slot will ever be found."""

    code = "venues.does_not_fit_a_day"


class TooFewSeats(Refusal):
    """The room has fewer seats than asked for."""

    code = "venues.too_few_seats"


class WrongRoom(Refusal):
    """An opening does not happen in an evaluation room, nor the other way round."""

    code = "venues.wrong_room"


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomFacts:
    """A room that may be taken: seats are numbered from 1."""

    room: str
    seats: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Busy:
    """Seats [first, past) of a room, or a person (one seat), taken for [start, end), the buffer included."""

    of: str
    first: int
    past: int
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Want:
    """What is looked for: so many seats side by side (0: the whole room), for so long, with these people."""

    seats: int
    length: timedelta
    buffer: timedelta
    people: tuple[str, ...] = ()
    prefer: str = ""
    #: the whole room, but one with at least so many seats
    least: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """A place and time: seats [first, past) of a room for [start, end), the buffer not included."""

    room: str
    first: int
    past: int
    start: datetime
    end: datetime


def rounded_up(moment: datetime) -> datetime:
    """Return the first moment on the grid that is not earlier."""
    local = moment.astimezone(BEIJING)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + -(-(local - midnight) // STEP) * STEP


def opening_hours(day: date) -> tuple[datetime, datetime]:
    """Return when the centre opens and closes on a working day."""
    return datetime.combine(day, OPENS, BEIJING), datetime.combine(day, CLOSES, BEIJING)


def within_hours(start: datetime, end: datetime, *, calendar: WorkCalendar) -> bool:
    """Say whether [start, end) lies inside the hours of one working day."""
    day = start.astimezone(BEIJING).date()
    opens, closes = opening_hours(day)
    return calendar.is_working(day) and opens <= start and end <= closes


def require_bookable(
    *, start: datetime, end: datetime, now: datetime, official: bool, calendar: WorkCalendar
) -> None:
    """Let a booking's time pass.

    :raises BadInput: it ends before it starts, or lasts longer than a day
    :raises SlotPast: it has begun
    :raises OutsideHours: outside the hours of a working day, asked for by somebody else than the centre
    """
    if end <= start:
        raise BadInput("结束时间应晚于开始时间, 请修改时长", field="minutes")
    if end - start > timedelta(minutes=MOST_MINUTES):
        raise BadInput("一次预约最长24小时, 跨日的请分日预约", field="minutes")
    if start < now:
        raise SlotPast("开始时间已经过去, 请选择晚于现在的时间", field="start")
    if not official and not within_hours(start, end, calendar=calendar):
        raise OutsideHours(
            "中心工作日的开放时间为9:00至16:30, 所选时间不在其中; 确需延时的, 请联系中心场地管理人员代为预约",
            field="start",
        )


def require_room(*, purpose: str, kind: str, seats: int, has: int) -> None:
    """Let a room pass for a purpose and a number of seats (0: the whole room).

    :raises WrongRoom: another kind of room
    :raises TooFewSeats: more seats than it has
    """
    if purpose != kind:
        raise WrongRoom("开标用开标室, 评标用评标室, 请选择对应的场地", field="room")
    if not 0 <= seats <= has:
        raise TooFewSeats(f"该场地共有{has}个席位, 请减少席位或选择更大的场地", field="seats")


def free_run(taken: Iterable[tuple[int, int]], *, has: int, needed: int) -> int | None:
    """Return the first of `needed` neighbouring seats that are all free, None if there are none."""
    first = 1
    for low, past in sorted(taken):
        if low - first >= needed:
            break
        first = max(first, past)
    return first if has + 1 - first >= needed else None


def free_at(start: datetime, *, want: Want, rooms: Sequence[RoomFacts], busy: Sequence[Busy]) -> Slot | None:
    """Return a slot that begins exactly at `start`: in the preferred room, else in the smallest that fits."""
    until = start + want.length + want.buffer
    now_taken = [b for b in busy if b.start < until and start < b.end]
    if any(b.of in want.people for b in now_taken):
        return None
    for room in sorted(rooms, key=lambda r: (r.room != want.prefer, r.seats, r.room)):
        needed = want.seats or room.seats
        if room.seats < max(needed, want.least):
            continue
        taken = [(b.first, b.past) for b in now_taken if b.of == room.room]
        first = free_run(taken, has=room.seats, needed=needed)
        if first is not None:
            return Slot(
                room=room.room, first=first, past=first + needed, start=start, end=start + want.length
            )
    return None


def first_free(
    *,
    want: Want,
    rooms: Sequence[RoomFacts],
    busy: Sequence[Busy],
    earliest: datetime,
    calendar: WorkCalendar,
) -> Slot | None:
    """Return the first free slot at or after `earliest` within the centre's hours; None within the horizon.

    Free time begins only where the day begins, at `earliest`, or where something that was in the way ends:
    no other moment needs to be looked at.

    :raises DoesNotFitADay: longer than a working day
    """
    opens, closes = opening_hours(earliest.astimezone(BEIJING).date())
    if want.length > closes - opens:
        raise DoesNotFitADay("所需时长超过中心一个工作日的开放时间, 请缩短时长或分日预约", field="minutes")
    day = earliest.astimezone(BEIJING).date()
    for later in range(HORIZON_DAYS + 1):
        on = day + timedelta(days=later)
        if not calendar.is_working(on):
            continue
        opens, closes = opening_hours(on)
        low, high = max(rounded_up(earliest), opens), closes - want.length
        starts = {low} | {rounded_up(b.end) for b in busy if low < b.end <= high}
        for start in sorted(s for s in starts if s <= high):
            if slot := free_at(start, want=want, rooms=rooms, busy=busy):
                return slot
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A booking that must follow its opening."""

    booking: str
    purpose: str
    slot: Slot
    seats: int
    least: int = 1
    people: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """Where a booking would go: `new` when it can go there as asked, else the `proposal` (None: no free slot)."""

    booking: str
    new: Slot | None
    proposal: Slot | None

    @property
    def target(self) -> Slot | None:
        """Return where it goes if the proposal is taken."""
        return self.new or self.proposal


def plan_moves(
    held: Sequence[Held],
    *,
    new_start: datetime,
    rooms: dict[str, Sequence[RoomFacts]],
    busy: Sequence[Busy],
    buffer: timedelta,
    calendar: WorkCalendar,
) -> list[Planned]:
    """Return where every booking of some rounds goes when their opening moves to `new_start`.

    The openings move to the very moment (a later one would not be the opening at the deadline): another room is
    taken if their own is not free, and if none is, that is a conflict with a proposal. Evaluations keep their distance from the
    opening and go to the first free slot from there on. `rooms` by kind; `busy` without the moved bookings.
    """
    if not held:
        return []
    openings = [h.slot.start for h in held if h.purpose == "opening"]
    shift = new_start - min(openings or [h.slot.start for h in held])
    taken = list(busy)
    out = []
    for one in sorted(held, key=lambda h: (h.slot.start, h.booking)):
        fits = rooms.get(one.purpose, ())
        want = Want(
            seats=one.seats,
            length=one.slot.end - one.slot.start,
            buffer=buffer,
            people=one.people,
            prefer=one.slot.room,
            least=one.least,
        )
        wanted = one.slot.start + shift
        new = free_at(wanted, want=want, rooms=fits, busy=taken)
        if one.purpose != "opening" and new and not within_hours(new.start, new.end, calendar=calendar):
            new = None
        try:
            later = (
                None
                if new
                else first_free(want=want, rooms=fits, busy=taken, earliest=wanted, calendar=calendar)
            )
        except DoesNotFitADay:
            later = None
        if one.purpose != "opening":
            new, later = new or later, None
        planned = Planned(booking=one.booking, new=new, proposal=later)
        out.append(planned)
        if target := planned.target:
            past = target.end + buffer
            taken.append(
                Busy(of=target.room, first=target.first, past=target.past, start=target.start, end=past)
            )
            taken += [Busy(of=p, first=1, past=2, start=target.start, end=past) for p in one.people]
    return out


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One booking in a row of the calendar: columns [first, past) of the day."""

    key: str
    first: int
    past: int


def lanes(bars: Iterable[Bar]) -> list[list[Bar]]:
    """Return the bars in as few lines as they need so that none covers another."""
    out: list[list[Bar]] = []
    for bar in sorted(bars, key=lambda b: (b.first, b.past, b.key)):
        lane = next((line for line in out if line[-1].past <= bar.first), None)
        if lane is None:
            out.append([bar])
        else:
            lane.append(bar)
    return out


def column(moment: datetime, *, day: date, starts: time, minutes: int, columns: int) -> int:
    """Return which column of a day's calendar a moment falls into, kept inside it."""
    zero = datetime.combine(day, starts, BEIJING)
    return min(max((moment - zero) // timedelta(minutes=minutes), 0), columns)


def as_one(bars: Sequence[Bar], *, columns: int) -> list[Bar]:
    """Return bars as wide as at least one column and never past the end, so that each can be touched."""
    return [
        replace(b, first=min(b.first, columns - 1), past=min(max(b.past, b.first + 1), columns)) for b in bars
    ]

"""Rooms and people: the calendar of a day or a week, the first free slot, booking, moving, releasing, the roster."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission, may
from ggzy.portals.frame import done, moment, now, route, show, text, who
from ggzy.portals.work import only_posted, refused_here
from ggzy.tendering import booking as tendering
from ggzy.venues import actions as venues
from ggzy.venues import queries as rooms
from ggzy.venues import roster
from ggzy.venues.queries import BookingRow
from ggzy.venues.rules import Bar, as_one, column, lanes

#: the day as the calendar draws it: from 8:00 to 20:00 in quarters of an hour
STARTS, MINUTES, COLUMNS = time(8, 0), 15, 48
WEEKDAYS = "一二三四五六日"
LENGTHS = {"opening": 60, "evaluation": 240}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A stretch of one line of the calendar: free, or a booking."""

    first: int
    span: int
    row: BookingRow | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One room or person of the calendar, in as many lanes as are needed."""

    key: str
    name: str
    note: str
    lanes: list[list[Cell]]
    droppable: bool


def _free(first: int, past: int) -> list[Cell]:
    """Return free time cut at the full hours, so that the hours can be seen."""
    hour = 60 // MINUTES
    cuts = [first, *(c for c in range(first + 1, past) if c % hour == 0), past]
    return [Cell(first=a, span=b - a) for a, b in zip(cuts, cuts[1:], strict=False) if b > a]


def _line(key: str, name: str, note: str, rows: Iterable[BookingRow], day: date, *, droppable: bool) -> Line:
    by_key = {f"{n}": row for n, row in enumerate(rows)}

    def at(moment_: datetime) -> int:
        return column(moment_, day=day, starts=STARTS, minutes=MINUTES, columns=COLUMNS)

    bars = [
        Bar(key=k, first=at(r.start), past=at(r.end - timedelta(seconds=1)) + 1) for k, r in by_key.items()
    ]
    out = []
    for lane in lanes(as_one(bars, columns=COLUMNS)) or [[]]:
        cells, free = [], 0
        for bar in lane:
            cells += _free(free, bar.first)
            cells.append(Cell(first=bar.first, span=bar.past - bar.first, row=by_key[bar.key]))
            free = bar.past
        out.append(cells + _free(free, COLUMNS))
    return Line(key=key, name=name, note=note, lanes=out, droppable=droppable)


def _day(request: HttpRequest) -> date:
    try:
        return date.fromisoformat(request.GET.get("day", "")[:10])
    except ValueError:
        return now().astimezone(BEIJING).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), BEIJING)


def _day_name(day: date) -> str:
    return f"{day.month}月{day.day}日 周{WEEKDAYS[day.weekday()]}"


def calendar(request: HttpRequest) -> HttpResponse:
    """Show the bookings of a day by room and person, or of a week by room."""
    actor, day = who(request), _day(request)
    week = request.GET.get("view") == "week"
    first = day - timedelta(days=day.weekday()) if week else day
    days = [first + timedelta(days=n) for n in range(7 if week else 1)]
    rows = rooms.calendar(start=_midnight(first), end=_midnight(days[-1] + timedelta(days=1)), viewer=actor)
    step = timedelta(days=len(days))
    page: dict[str, Any] = {
        "week": week,
        "day": day,
        "day_name": _day_name(day),
        "working": CHINA.is_working(day),
        "before": first - step,
        "after": first + step,
        "today": now().astimezone(BEIJING).date(),
        "rows": rows,
        "may_book": may(actor, Permission.VENUE_BOOK),
        "is_centre": actor.role is Role.CENTRE,
        "official": actor.role in {Role.CENTRE, Role.SUPERVISOR},
        "starts": STARTS,
        "minutes": MINUTES,
        "columns": COLUMNS,
        "hours": [f"{hour}:00" for hour in range(STARTS.hour, STARTS.hour + COLUMNS * MINUTES // 60)],
    }
    page |= _week(rows, days) if week else _one_day(rows, day, actor)
    return show(request, "work/rooms.html", page)


def _one_day(rows: list[BookingRow], day: date, actor: Actor) -> dict[str, Any]:
    lines = [
        _line(r.room, r.name, f"{r.seats}席", (b for b in rows if b.room == r.room), day, droppable=True)
        for r in rooms.rooms()
    ]
    people = {}
    for s in {p.staff: p for b in rows for p in b.staff}.values():
        mine = (b for b in rows if s.staff in {p.staff for p in b.staff})
        people[s.staff] = _line(s.staff, s.name, s.label, mine, day, droppable=False)
    return {"lines": lines, "people": list(people.values())}


def _week(rows: list[BookingRow], days: list[date]) -> dict[str, Any]:
    def on(row: BookingRow, day: date) -> bool:
        return row.start < _midnight(day + timedelta(days=1)) and row.end > _midnight(day)

    table = [
        (r, [(d, [b for b in rows if b.room == r.room and on(b, d)]) for d in days]) for r in rooms.rooms()
    ]
    return {"table": table, "days": [(d, _day_name(d), CHINA.is_working(d)) for d in days]}


def _number(request: HttpRequest, name: str, *, says: str, least: int = 0) -> int:
    given = str(request.POST.get(name) or request.GET.get(name) or "").strip()
    try:
        found = int(given or str(least))
    except ValueError:
        raise BadInput(f"{says}应为整数", field=name) from None
    if found < least:
        raise BadInput(f"{says}不少于{least}", field=name)
    return found


def book(request: HttpRequest) -> HttpResponse:
    """Choose a tender and its lots, get the first free slots at once, and book one or a place of one's own choice."""
    actor = who(request)
    tender_id = request.POST.get("tender") or request.GET.get("tender") or ""
    if not tender_id:
        return show(request, "work/rooms_tenders.html", {"tenders": tendering.bookable_tenders(viewer=actor)})
    sent = request.POST if request.method == "POST" else request.GET
    purpose = sent.get("purpose", "opening")
    given: dict[str, Any] = {
        "purpose": purpose,
        "rounds": sent.getlist("rounds"),
        "seats": sent.get("seats", "0"),
        "minutes": sent.get("minutes", "") or str(LENGTHS.get(purpose, 60)),
        "earliest": sent.get("earliest", ""),
        "room": sent.get("room", ""),
        "start": sent.get("start", ""),
    }
    found = tendering.bookable(tender_id, viewer=actor)
    page: dict[str, Any] = {
        "tender": found,
        "given": given,
        "rooms": [r for r in rooms.rooms() if r.kind == purpose],
        "booked": rooms.bookings_of_tender(tender_id, viewer=actor),
        "purposes": rooms.PURPOSES,
        "asked": "find" in request.GET,
    }
    try:
        asked = {
            "tender_id": tender_id,
            "rounds": given["rounds"],
            "purpose": purpose,
            "seats": _number(request, "seats", says="席位数"),
        }
        minutes = (
            _number(request, "minutes", says="时长", least=5)
            if sent.get("minutes")
            else LENGTHS.get(purpose, 60)
        )
        if request.method == "POST":
            start = moment(request, "start", says="开始时间")
            made = tendering.book_room(
                **asked,
                room_id=given["room"],
                start=start,
                end=start + timedelta(minutes=minutes),
                actor=actor,
                now=now(),
            )
            return done(f"/work/rooms/bookings/{made.public_id}", f"已预约{made.room.name}")
        if page["asked"]:
            page["slots"] = tendering.free_for(
                **asked, minutes=minutes, earliest=_earliest(given["earliest"]), viewer=actor
            )
    except Refusal as refusal:
        if request.method == "POST":
            return refused_here(request, "work/rooms_book.html", page, refusal, given=given)
        page |= {"problem": refusal.message, "field": refusal.field}
    return show(request, "work/rooms_book.html", page)


def _earliest(given: str) -> datetime:
    """Return the earliest moment asked for, never before now."""
    at = now()
    try:
        found = datetime.fromisoformat(given) if given else at
    except ValueError:
        raise BadInput("请选择最早时间", field="earliest") from None
    return max(found if found.tzinfo else found.replace(tzinfo=BEIJING), at)


def _booking_page(request: HttpRequest, booking_id: str) -> dict[str, Any]:
    actor = who(request)
    row = rooms.booking(booking_id, viewer=actor)
    chosen = {p.staff for p in row.staff}
    centre = actor.role is Role.CENTRE
    return {
        "row": row,
        "minutes": int((row.end - row.start) / timedelta(minutes=1)),
        "rooms": [r for r in rooms.rooms() if r.kind == row.kind],
        "is_centre": centre,
        "roster": [
            (p, p.staff in chosen) for p in (rooms.roster(viewer=actor) if centre else []) if p.active
        ],
        "begun": row.start <= now(),
        "over": row.end <= now(),
        "given": {},
    }


def booking(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Show a booking; posted: move it to another room or time."""
    page = _booking_page(request, booking_id)
    if request.method != "POST":
        return show(request, "work/rooms_booking.html", page)
    given = {name: text(request, name) for name in ("room", "start", "minutes")}
    try:
        start = moment(request, "start", says="开始时间")
        length = timedelta(minutes=_number(request, "minutes", says="时长", least=5))
        made = tendering.move_room(
            booking_id=booking_id,
            room_id=given["room"],
            start=start,
            end=start + length,
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/rooms_booking.html", page, refusal, given=given)
    day = made.starts_at.astimezone(BEIJING)
    return done(
        f"/work/rooms?day={day:%Y-%m-%d}",
        f"已改到{made.room.name}, {rooms.said_span(made.starts_at, made.ends_at)}",
    )


def release(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Give a room back."""
    made = venues.release(booking_id=booking_id, actor=who(request), now=now())
    day = made.starts_at.astimezone(BEIJING)
    return done(f"/work/rooms?day={day:%Y-%m-%d}", f"已释放{made.room.name}")


def assign(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Say who serves."""
    page = _booking_page(request, booking_id)
    try:
        venues.assign(
            booking_id=booking_id, staff=request.POST.getlist("staff"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        return refused_here(request, "work/rooms_booking.html", page, refusal, given={})
    return done(f"/work/rooms/bookings/{booking_id}", "服务人员已安排")


def people(request: HttpRequest) -> HttpResponse:
    """Show the roster; posted: put somebody on it."""
    page = {"roster": rooms.roster(viewer=who(request)), "roles": rooms.STAFF_ROLES, "given": {}}
    if request.method != "POST":
        return show(request, "work/rooms_people.html", page)
    given = {
        "name": text(request, "name"),
        "role": text(request, "role"),
        "username": text(request, "username"),
        "many": bool(request.POST.get("many")),
    }
    try:
        roster.take_on(**given, actor=who(request), now=now())  # type: ignore[arg-type]
    except Refusal as refusal:
        return refused_here(request, "work/rooms_people.html", page, refusal, given=given)
    return done("/work/rooms/people", f"已登记{given['name']}")


def retire(request: HttpRequest, staff_id: str) -> HttpResponse:
    """Take somebody off the roster."""
    made = roster.retire(staff_id=staff_id, actor=who(request), now=now())
    return done("/work/rooms/people", f"已停用{made.name}")


_P = Permission
_BOOKING = "work/rooms/bookings/<str:booking_id>"
urlpatterns: list[URLPattern] = [
    route("work/rooms", calendar, name="rooms", permission=_P.VENUE_READ),
    route("work/rooms/book", book, name="rooms-book", permission=_P.VENUE_BOOK),
    route("work/rooms/people", people, name="rooms-people", permission=_P.STAFF_MANAGE),
    route(
        "work/rooms/people/<str:staff_id>/retire",
        only_posted(retire),
        name="rooms-retire",
        permission=_P.STAFF_MANAGE,
    ),
    route(_BOOKING, booking, name="rooms-booking", permission=_P.VENUE_READ),
    route(f"{_BOOKING}/release", only_posted(release), name="rooms-release", permission=_P.VENUE_BOOK),
    route(f"{_BOOKING}/staff", only_posted(assign), name="rooms-assign", permission=_P.STAFF_MANAGE),
]

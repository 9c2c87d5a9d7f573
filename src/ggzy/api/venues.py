"""API of rooms: bookings, the calendar, the first free slot, the roster of hosts and witnesses."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.tendering import booking as tendering
from ggzy.venues import actions as venues
from ggzy.venues import queries, roster
from ggzy.venues.models import Booking

router = Router()


class BookingIn(Schema):
    """For which lots (none: all), what for, where and when; seats 0 is the whole room."""

    tender: str
    rounds: list[str] = []
    purpose: str
    room: str
    seats: int = 0
    least: int = 1
    start: datetime
    end: datetime
    staff: list[str] = []


class MoveIn(Schema):
    """Where and when it goes."""

    room: str
    start: datetime
    end: datetime


class StaffIn(Schema):
    """Who serves."""

    staff: list[str]


class PersonIn(Schema):
    """A host (host) or witness (witness); `many` watches several sessions at once."""

    name: str
    role: str
    username: str = ""
    many: bool = False


def _booked(row: Booking) -> dict[str, Any]:
    return {
        "booking": row.public_id,
        "room": row.room.public_id,
        "start": row.starts_at,
        "end": row.ends_at,
        "state": row.state,
    }


@router.get("/bookings", tags=["场地"], summary="场地日历: 一段时间内的预约, 按身份显示")
def calendar(request: HttpRequest, start: datetime, end: datetime) -> HttpResponse:
    rows = queries.calendar(start=start, end=min(end, start + timedelta(days=62)), viewer=who(request))
    return answer({"bookings": [asdict(row) for row in rows]})


@router.get("/free-slots", tags=["场地"], summary="最近的空闲时段(标段、场地类型、席位、时长、最早时刻)")
def free_slots(
    request: HttpRequest,
    tender: str,
    purpose: str,
    minutes: int,
    earliest: datetime | None = None,
    seats: int = 0,
    least: int = 1,
    rounds: str = "",
) -> HttpResponse:
    rows = tendering.free_for(
        tender_id=tender,
        rounds=[r for r in rounds.split(",") if r],
        purpose=purpose,
        seats=seats,
        least=least,
        minutes=minutes,
        earliest=max(earliest or now(), now()),
        viewer=who(request),
    )
    return answer({"slots": [asdict(row) for row in rows]})


@router.post("/bookings", tags=["场地"], summary="预约场地")
@write
def book(request: HttpRequest, body: BookingIn) -> dict[str, Any]:
    given = {**body.dict(), "tender_id": body.tender, "room_id": body.room}
    del given["tender"], given["room"]
    return _booked(tendering.book_room(**given, actor=who(request), now=now()))


@router.get("/bookings/{booking_id}", tags=["场地"], summary="一个预约")
def booking(request: HttpRequest, booking_id: str) -> HttpResponse:
    return answer(asdict(queries.booking(booking_id, viewer=who(request))))


@router.post("/bookings/{booking_id}/move", tags=["场地"], summary="改期或换场地")
@write
def move(request: HttpRequest, booking_id: str, body: MoveIn) -> dict[str, Any]:
    return _booked(
        tendering.move_room(
            booking_id=booking_id,
            room_id=body.room,
            start=body.start,
            end=body.end,
            actor=who(request),
            now=now(),
        )
    )


@router.post("/bookings/{booking_id}/release", tags=["场地"], summary="释放场地")
@write
def release(request: HttpRequest, booking_id: str) -> dict[str, Any]:
    return _booked(venues.release(booking_id=booking_id, actor=who(request), now=now()))


@router.post("/bookings/{booking_id}/staff", tags=["场地"], summary="安排开评标服务人员和见证员")
@write
def assign(request: HttpRequest, booking_id: str, body: StaffIn) -> dict[str, Any]:
    return _booked(venues.assign(booking_id=booking_id, staff=body.staff, actor=who(request), now=now()))


@router.get("/rounds/{round_id}/opening-place", tags=["公开"], summary="已发布标段的开标地点")
def opening_place(request: HttpRequest, round_id: str) -> HttpResponse:
    return answer({"places": [asdict(row) for row in tendering.places_of(round_id)]})


@router.get("/staff", tags=["场地"], summary="开评标服务人员和见证员名册")
def staff(request: HttpRequest) -> HttpResponse:
    return answer({"staff": [asdict(row) for row in queries.roster(viewer=who(request))]})


@router.post("/staff", tags=["场地"], summary="登记服务人员或见证员")
@write
def take_on(request: HttpRequest, body: PersonIn) -> dict[str, Any]:
    made = roster.take_on(**body.dict(), actor=who(request), now=now())
    return {"staff": made.public_id, "role": made.role}


@router.post("/staff/{staff_id}/retirement", tags=["场地"], summary="停用服务人员或见证员")
@write
def retire(request: HttpRequest, staff_id: str) -> dict[str, Any]:
    made = roster.retire(staff_id=staff_id, actor=who(request), now=now())
    return {"staff": made.public_id, "active": made.active}

"""The calendar of rooms through its own forms: found at once, booked, moved, refused without losing anything, released."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.portals.test_work import Person
from tests.venues.test_bookings import DEADLINE, Desk, room

pytestmark = pytest.mark.django_db
DAY = f"/work/rooms?day={DEADLINE:%Y-%m-%d}"


def test_from_the_first_free_slot_to_the_release(platform: Any, folder: Path) -> None:
    desk = Desk(platform, folder)
    owner, centre = Person(platform, "zhaobiao"), Person(platform, "zhongxin")
    assert f"/work/rooms/book?tender={desk.tender}" in owner.get(f"/work/tenders/{desk.tender}")
    found = owner.get(f"/work/rooms/book?tender={desk.tender}&find=1&purpose=evaluation&seats=5&minutes=120")
    assert "第二评标室" in found and "2026-05-11 09:30" in found
    form = {"tender": desk.tender, "purpose": "evaluation", "seats": "5", "minutes": "120"}
    form |= {"room": room("第二评标室"), "start": "2026-05-11T09:30"}
    booking = owner.post("/work/rooms/book", **form)["Location"]
    refused = owner.post("/work/rooms/book", 409, **form).content.decode()
    assert "最近的空闲" in refused and 'value="2026-05-11T09:30"' in refused
    for who in (owner, centre):
        page = who.get(DAY)
        assert "09:30–11:30" in page and f'data-booking="{booking.rsplit("/", 1)[1]}"' in page
    assert "09:30–11:30" in centre.get(f"{DAY}&view=week")
    moved = {"room": room("第一评标室"), "start": "2026-05-11T13:00", "minutes": "120"}
    assert owner.post(booking, **moved)["Location"] == DAY
    late = owner.post(booking, 409, **(moved | {"start": "2026-05-11T15:00"})).content.decode()
    assert "9:00至16:30" in late and 'value="2026-05-11T15:00"' in late
    centre.post(f"{booking}/release")
    owner.get(booking, status=404)


def test_the_centre_keeps_the_roster_and_says_who_serves(platform: Any, folder: Path) -> None:
    desk, centre = Desk(platform, folder), Person(platform, "zhongxin")
    one, two = (desk.book(name)["booking"] for name in ("第一评标室", "第二评标室"))
    centre.post("/work/rooms/people", name="新来的", role="host")
    page = centre.get("/work/rooms/people")
    person = re.search(r"新来的</td>.*?/people/([0-9a-f]{32})/retire", page, re.S)[1]  # type: ignore[index]
    centre.post(f"/work/rooms/bookings/{one}/staff", staff=[person])
    refused = centre.post(f"/work/rooms/bookings/{two}/staff", 409, staff=[person]).content.decode()
    assert "新来的" in refused and "最近的空闲" in refused
    assert "新来的" in centre.get(DAY)
    assert "新来的" not in Person(platform, "zhaobiao").get(DAY)
    centre.post("/work/rooms/people", 422, name="", role="host")
    centre.post(f"/work/rooms/people/{person}/retire", 409)
    centre.post(f"/work/rooms/bookings/{one}/release")
    centre.post(f"/work/rooms/people/{person}/retire")


def test_outsiders_see_no_calendar_and_rivals_no_evaluation(platform: Any, folder: Path) -> None:
    desk = Desk(platform, folder)
    made = desk.book("第一评标室")["booking"]
    desk.book("第一开标室")
    rival = Person(platform, "daili").get(DAY)
    assert "测试招标" not in rival and made not in rival
    assert rival.count("已有预约") == 2  # the opening room: in the plan and in the list
    Person(platform, "jia").get("/work/rooms", status=403)
    Person(platform, "jia").get(f"/work/rooms/bookings/{made}", status=403)
    supervisor = Person(platform, "jiandu")
    assert "测试招标" in supervisor.get(DAY) and "data-booking" not in supervisor.get(DAY)


def test_bookings_that_overlap_stand_in_lanes_of_their_own(platform: Any, folder: Path) -> None:
    desk = Desk(platform, folder)
    for minutes in (0, 30):
        desk.book("第一评标室", DEADLINE + timedelta(minutes=minutes), seats=4)
    page = Person(platform, "zhongxin").get(DAY)
    assert re.search(r'rowspan="2">第一评标室', page)


def test_the_calendar_costs_the_same_for_any_number_of_bookings(platform: Any, folder: Path) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    desk, centre = Desk(platform, folder), Person(platform, "zhongxin")
    counts = []
    for hour in (0, 2, 4):
        desk.book("第一评标室", DEADLINE + timedelta(hours=hour))
        with CaptureQueriesContext(connection) as asked:
            centre.get(DAY)
        counts.append(len(asked))
    assert counts[1] == counts[2]

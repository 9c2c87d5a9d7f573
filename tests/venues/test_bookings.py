"""Bookings through the real API: who may, what is taken, what outsiders learn, and bookings that follow an opening."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from ggzy.client import story
from ggzy.client.party import Party, Problem
from ggzy.kernel.actors import SYSTEM, Role
from ggzy.kernel.clock import BEIJING
from ggzy.venues import following
from ggzy.venues.models import Booking, Duty, Room, Staff
from tests.journeys.tale import Tale
from tests.people import actor

pytestmark = pytest.mark.django_db

#: a Monday beyond the clock of every test
DEADLINE = datetime(2026, 5, 11, 9, 30, tzinfo=BEIJING)


def room(name: str) -> str:
    return str(Room.objects.get(name=name).public_id)


def iso(moment: datetime) -> str:
    return moment.isoformat()


class Desk:
    """A tender whose deadline is known, and short words for its bookings."""

    def __init__(self, platform: Any, folder: Path, *, publish: bool = True, lots: int = 1) -> None:
        self.tale = Tale(platform, folder, lots=lots).prepared()
        self.platform = platform
        self.tender = self.tale.tender["tender"]
        if publish:
            self.tale.deadline = DEADLINE
            story.publish(self.tale.owner, self.tender, deadline=DEADLINE)
        self.centre: Party = platform.demo("zhongxin")
        self.owner: Party = self.tale.owner

    def book(
        self,
        name: str,
        start: datetime = DEADLINE,
        minutes: int = 60,
        *,
        by: Party | None = None,
        **more: Any,
    ) -> Any:
        body = {
            "tender": self.tender,
            "purpose": "evaluation" if "评标" in name else "opening",
            "room": room(name),
            "start": iso(start),
            "end": iso(start + timedelta(minutes=minutes)),
        }
        return (by or self.owner).post("/bookings", body | more)

    def move(self, booking: str, name: str, start: datetime, minutes: int = 60, *, by: Any = None) -> Any:
        body = {"room": room(name), "start": iso(start), "end": iso(start + timedelta(minutes=minutes))}
        return (by or self.owner).post(f"/bookings/{booking}/move", body)


@pytest.fixture
def desk(platform: Any, folder: Path) -> Desk:
    return Desk(platform, folder)


def no(call: Any, *args: Any, code: str, **more: Any) -> str:
    before = list(Booking.objects.order_by("pk").values_list("public_id", "starts_at", "room", "state"))
    duties = Duty.objects.count()
    with pytest.raises(Problem) as refused:
        call(*args, **more)
    assert refused.value.code == code, refused.value
    after = list(Booking.objects.order_by("pk").values_list("public_id", "starts_at", "room", "state"))
    assert (before, duties) == (after, Duty.objects.count())
    return str(refused.value.body["message"])


def acts(act: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM evidence_entry WHERE act = %s", [act])
        return int(cursor.fetchone()[0])


def test_the_owner_books_its_opening_and_it_is_recorded(desk: Desk) -> None:
    made = desk.book("第一开标室")
    assert made["state"] == "booked" and acts("venues.booked") == 1
    mine = desk.owner.get(f"/bookings/{made['booking']}")
    assert mine["tender"] == desk.tender and mine["may_change"] and mine["whole_room"]


def test_what_is_taken_is_named_with_the_next_free_slot(desk: Desk) -> None:
    desk.book("第一开标室")
    says = no(desk.book, "第一开标室", by=desk.owner, code="venues.slot_taken")
    assert (
        "第一开标室5月11日09:30至10:30已有预约" in says
        and "最近的空闲: 第二开标室, 5月11日09:30至10:30" in says
    )
    assert "测试招标" not in says
    assert "测试招标" in no(desk.book, "第一开标室", by=desk.centre, code="venues.slot_taken")


def test_a_refusal_does_not_tell_when_another_committee_sits(desk: Desk) -> None:
    desk.book("第一评标室", DEADLINE - timedelta(minutes=20), 90)
    Booking.objects.update(owners=[10**9])
    says = no(desk.book, "第一评标室", code="venues.slot_taken")
    assert says.startswith("第一评标室在所选时段已被占用") and "09:10" not in says and "最近的空闲" in says
    assert "09:10至10:40" in no(desk.book, "第一评标室", by=desk.centre, code="venues.slot_taken")


def test_the_owner_side_is_told_what_the_centre_did(desk: Desk) -> None:
    made = desk.book("第一评标室", by=desk.centre)["booking"]
    desk.move(made, "第二评标室", DEADLINE, by=desk.centre)
    desk.move(made, "第一评标室", DEADLINE)
    desk.centre.post(f"/bookings/{made}/release")
    told = [m["title"].split(":")[0] for m in desk.owner.get("/messages")["messages"]]
    assert [t for t in told if "场地" in t] == ["场地已释放", "场地改期", "已预约场地"]


def test_the_buffer_lies_between_two_bookings(desk: Desk) -> None:
    end = DEADLINE + timedelta(minutes=60)
    desk.book("第一评标室")
    no(desk.book, "第一评标室", end + timedelta(minutes=10), code="venues.slot_taken")
    assert desk.book("第一评标室", end + timedelta(minutes=15))["state"] == "booked"
    no(desk.book, "第一评标室", DEADLINE - timedelta(minutes=70), code="venues.slot_taken", by=desk.centre)


def test_single_booths_share_a_room_until_it_is_full(desk: Desk) -> None:
    """第一评标室 has nine booths: five and four fit, one more does not, nor the whole room."""
    five = desk.book("第一评标室", seats=5)
    four = desk.book("第一评标室", seats=4)
    spans = [desk.owner.get(f"/bookings/{b['booking']}") for b in (five, four)]
    assert [(s["first_seat"], s["last_seat"]) for s in spans] == [(1, 5), (6, 9)]
    no(desk.book, "第一评标室", seats=1, code="venues.slot_taken")
    no(desk.book, "第一评标室", code="venues.slot_taken")
    no(desk.book, "第一评标室", seats=10, code="venues.too_few_seats")


@pytest.mark.parametrize(
    ("name", "start", "minutes", "code"),
    [
        ("第一评标室", DEADLINE.replace(hour=8), 60, "venues.outside_hours"),
        ("第一评标室", DEADLINE.replace(hour=16), 31, "venues.outside_hours"),
        ("第一评标室", DEADLINE + timedelta(days=5), 60, "venues.outside_hours"),
        ("第一评标室", datetime(2026, 3, 1, 10, tzinfo=BEIJING), 60, "venues.slot_past"),
        ("第一评标室", DEADLINE, 0, "input.invalid"),
        ("第一开标室", DEADLINE + timedelta(minutes=5), 60, "tendering.room_not_at_the_deadline"),
        ("第一开标室", DEADLINE - timedelta(minutes=60), 60, "tendering.room_not_at_the_deadline"),
    ],
)
def test_refused_times(desk: Desk, name: str, start: datetime, minutes: int, code: str) -> None:
    no(desk.book, name, start, minutes, code=code)


def test_the_centre_may_book_late_and_an_opening_needs_an_opening_room(desk: Desk) -> None:
    assert desk.book("第一评标室", DEADLINE.replace(hour=16), 180, by=desk.centre)["state"] == "booked"
    no(desk.book, "第一开标室", purpose="evaluation", code="venues.wrong_room")
    no(desk.book, "第一开标室", rounds=["f" * 32], code="input.invalid")


def test_others_may_not_book_nor_see(desk: Desk) -> None:
    made = desk.book("第一评标室")
    for name in ("jia", "zhuanjia01", "jiandu", "guanli"):
        no(desk.book, "第二评标室", by=desk.platform.demo(name), code="permission.denied")
    no(desk.book, "第二评标室", by=desk.platform.anonymous(), code="permission.sign_in_first")
    other = desk.platform.demo("daili")  # an agency, but not of this tender
    no(desk.book, "第二评标室", by=other, code="permission.denied")
    no(other.get, f"/bookings/{made['booking']}", code="not_found")
    no(other.post, f"/bookings/{made['booking']}/release", code="permission.denied")
    no(desk.move, made["booking"], "第二评标室", DEADLINE, by=other, code="not_found")


def test_nobody_outside_learns_where_and_when_a_committee_sits(desk: Desk) -> None:
    desk.book("第一评标室")
    desk.book("第一开标室")
    span = f"?start={DEADLINE:%Y-%m-%d}T00:00:00%2B08:00&end={DEADLINE:%Y-%m-%d}T23:00:00%2B08:00"
    seen = {
        name: desk.platform.demo(name).get(f"/bookings{span}")["bookings"]
        for name in ("zhongxin", "jiandu", "zhaobiao", "daili")
    }
    assert [len(rows) for rows in seen.values()] == [2, 2, 2, 1]
    (foreign,) = seen["daili"]
    assert foreign["purpose"] == "opening" and foreign["title"] == "已有预约"
    assert not (foreign["tender"] or foreign["rounds"] or foreign["staff"] or foreign["booking"])
    for who in (desk.platform.demo("jia"), desk.platform.anonymous()):
        with pytest.raises(Problem):
            who.get(f"/bookings{span}")
        places = who.get(f"/rounds/{desk.tale.round}/opening-place")["places"]
        assert [(p["room"], p["purpose"]) for p in places] == [("第一开标室", "opening")]


def test_before_the_notice_nobody_learns_of_the_opening(platform: Any, folder: Path) -> None:
    desk = Desk(platform, folder, publish=False)
    desk.book("第一开标室")
    no(platform.anonymous().get, f"/rounds/{desk.tale.round}/opening-place", code="not_found")


def test_the_log_tells_the_public_nothing_of_an_evaluation_room(desk: Desk) -> None:
    made = desk.book("第一评标室")
    with connection.cursor() as cursor:
        cursor.execute("SELECT fields FROM evidence_entry WHERE subject = %s", [made["booking"]])
        (fields,) = cursor.fetchone()
    import json

    fields = json.loads(fields) if isinstance(fields, str) else fields
    assert {f["level"] for name, f in fields.items() if name in {"room", "start", "end"}} == {"supervisor"}


def test_a_move_and_its_refusals(desk: Desk) -> None:
    made = desk.book("第一评标室")["booking"]
    later = DEADLINE + timedelta(hours=3)
    other = desk.book("第二评标室", later)
    assert desk.move(made, "第一评标室", later)["room"] == room("第一评标室")
    no(desk.move, made, "第二评标室", later, code="venues.slot_taken")
    # into its own time and place is no conflict
    assert desk.move(made, "第一评标室", later + timedelta(minutes=10))["booking"] == made
    again = acts("venues.moved")
    desk.move(made, "第一评标室", later + timedelta(minutes=10))
    assert acts("venues.moved") == again == 2
    desk.owner.post(f"/bookings/{other['booking']}/release")
    no(desk.owner.post, f"/bookings/{other['booking']}/release", code="venues.already_released")
    assert desk.move(made, "第二评标室", later)["booking"] == made and acts("venues.released") == 1
    desk.platform.advance(later + timedelta(minutes=1))
    no(desk.move, made, "第一评标室", later + timedelta(hours=1), code="venues.slot_past")


def test_people_are_in_one_place_but_a_witness_at_the_wall(desk: Desk) -> None:
    host = desk.centre.post("/staff", {"name": "服务员", "role": "host"})["staff"]
    wall = desk.centre.post("/staff", {"name": "见证员", "role": "witness", "many": True})["staff"]
    one = desk.book("第一评标室", by=desk.centre, staff=[host, wall])["booking"]
    two = desk.book("第二评标室")["booking"]
    says = no(desk.centre.post, f"/bookings/{two}/staff", {"staff": [host]}, code="venues.slot_taken")
    assert "服务员5月11日09:30至10:30在第一评标室服务" in says
    desk.centre.post(f"/bookings/{two}/staff", {"staff": [wall]})
    no(desk.owner.post, f"/bookings/{two}/staff", {"staff": []}, code="permission.denied")
    no(desk.book, "第二开标室", staff=[host], code="permission.denied")
    no(desk.centre.post, f"/staff/{host}/retirement", code="venues.slot_taken")
    desk.centre.post(f"/bookings/{one}/release")
    desk.centre.post(f"/bookings/{two}/staff", {"staff": [host, wall]})
    desk.centre.post(f"/bookings/{two}/staff", {"staff": []})
    desk.centre.post(f"/staff/{host}/retirement")
    no(desk.centre.post, f"/bookings/{two}/staff", {"staff": [host]}, code="input.invalid")
    assert not Staff.objects.get(public_id=host).active and acts("venues.staffed") == 3
    no(desk.centre.post, "/staff", {"name": "", "role": "host"}, code="input.invalid")
    no(desk.centre.post, "/staff", {"name": "某", "role": "host", "many": True}, code="input.invalid")
    no(desk.owner.get, "/staff", code="permission.denied")


def test_free_slots_come_at_once_and_an_opening_at_its_deadline(desk: Desk) -> None:
    ask = f"/free-slots?tender={desk.tender}&minutes=90"
    first = desk.owner.get(f"{ask}&purpose=opening")["slots"]
    assert [s["room_name"] for s in first] == ["第二开标室"] and first[0]["start"].startswith(
        "2026-05-11T09:30"
    )
    desk.book("第二开标室")
    desk.book("第一开标室")
    assert desk.owner.get(f"{ask}&purpose=opening")["slots"] == []
    rows = desk.owner.get(f"{ask}&purpose=evaluation&seats=5")["slots"]
    assert len(rows) == 3 and rows[0]["start"].startswith("2026-05-11T09:30")
    no(
        desk.owner.get,
        f"/free-slots?tender={desk.tender}&minutes=460&purpose=evaluation",
        code="venues.does_not_fit_a_day",
    )
    no(desk.platform.demo("daili").get, f"{ask}&purpose=opening", code="permission.denied")


def test_bookings_follow_their_opening_all_or_none(desk: Desk) -> None:
    opening = desk.book("第一开标室")["booking"]
    evaluation = desk.book("第一评标室", DEADLINE + timedelta(hours=2), 120)["booking"]
    new = DEADLINE + timedelta(days=1)
    plans = following.would_move(rounds=[desk.tale.round], new_start=new)
    assert [(p.booking, p.new.start if p.new else None) for p in plans] == [
        (opening, new),
        (evaluation, new + timedelta(hours=2)),
    ]
    assert Booking.objects.get(public_id=opening).starts_at == DEADLINE
    following.move_bookings_for(rounds=[desk.tale.round], new_start=new, actor=SYSTEM, now=desk.platform.now)
    assert Booking.objects.get(public_id=opening).starts_at == new
    assert Booking.objects.get(public_id=evaluation).starts_at == new + timedelta(hours=2)
    assert acts("venues.moved") == 2


def test_an_opening_that_finds_no_room_is_a_conflict_with_a_proposal(desk: Desk, folder: Path) -> None:
    opening = desk.book("第一开标室")["booking"]
    evaluation = desk.book("第一评标室", DEADLINE + timedelta(hours=2))["booking"]
    other = Desk(desk.platform, folder, publish=False)
    new = DEADLINE + timedelta(days=1)
    for name in ("第一开标室", "第二开标室"):
        other.book(name, new, 120)
    (plan, _) = following.would_move(rounds=[desk.tale.round], new_start=new)
    assert plan.new is None and plan.proposal and plan.proposal.start == new + timedelta(minutes=135)
    with pytest.raises(following.CannotFollow, match="第一开标室5月11日09:30.*最近的空闲"):
        following.move_bookings_for(
            rounds=[desk.tale.round], new_start=new, actor=SYSTEM, now=desk.platform.now
        )
    rows = Booking.objects.filter(public_id__in=[opening, evaluation])
    assert sorted(r.starts_at for r in rows) == [DEADLINE, DEADLINE + timedelta(hours=2)]
    following.move_bookings_for(
        rounds=[desk.tale.round], new_start=new, actor=SYSTEM, now=desk.platform.now, take_proposals=True
    )
    assert Booking.objects.get(public_id=opening).starts_at == plan.proposal.start


def test_two_bookings_of_the_same_rounds_may_change_places(desk: Desk) -> None:
    """The first moves onto where the second was: all are lifted off before any is put down."""
    first = desk.book("第二评标室", DEADLINE)["booking"]
    second = desk.book("第二评标室", DEADLINE + timedelta(hours=2))["booking"]
    following.move_bookings_for(
        rounds=[desk.tale.round],
        new_start=DEADLINE + timedelta(hours=2),
        actor=SYSTEM,
        now=desk.platform.now,
    )
    starts = [Booking.objects.get(public_id=b).starts_at for b in (first, second)]
    assert starts == [DEADLINE + timedelta(hours=2), DEADLINE + timedelta(hours=4)]


def test_a_stranger_moves_nothing(desk: Desk) -> None:
    desk.book("第一开标室")
    stranger = actor(Role.AGENCY, organisation_pk=10**9)
    with pytest.raises(Exception, match="本项目"):
        following.move_bookings_for(
            rounds=[desk.tale.round],
            new_start=DEADLINE + timedelta(days=1),
            actor=stranger,
            now=desk.platform.now,
        )
    assert Booking.objects.get().starts_at == DEADLINE


def test_the_database_itself_excludes_a_second_booking(desk: Desk) -> None:
    made = Booking.objects.get(public_id=desk.book("第一评标室", seats=3)["booking"])
    made.pk, made.public_id = None, "0" * 32
    with pytest.raises(IntegrityError, match="a_seat_is_booked_once_at_a_time"), transaction.atomic():
        made.save(force_insert=True)
    made.seats = (4, 7)
    made.save(force_insert=True)

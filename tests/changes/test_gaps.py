"""A platform that was down through a deadline: nobody could press the button, so the clock does not close in silence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from ggzy.kernel import pulse
from ggzy.kernel.pulse import Leg, silence_at
from tests.journeys.tale import Tale
from tests.journeys.test_after_the_report import verified
from tests.journeys.test_changes import change, deadline_of, look, titles

ELEVEN = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
DEADLINE = ELEVEN + timedelta(hours=1)
TWO = timedelta(minutes=2)


def minutes(number: float) -> datetime:
    """Return a moment so many minutes after (or before) the deadline."""
    return DEADLINE + timedelta(minutes=number)


@pytest.mark.pure
@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (-60, 5, True),
        (-2, 0.1, True),
        (-1.9, 60, False),  # shorter than the tolerance before the deadline
        (-60, -1, True),  # back, but too late for anybody to say so
        (-60, -2, False),  # back in time: whoever is there presses the button
        (1, 60, False),
    ],
)
def test_a_silence_counts_from_two_minutes_before_the_deadline(
    since: float, until: float, found: bool
) -> None:
    rows = [(minutes(since), minutes(until))]
    got = silence_at(DEADLINE, silences=rows, leg=None, tolerance=TWO)
    assert (got is not None) is found
    assert got is None or (got.legal_since, got.legal_until) == rows[0]


@pytest.mark.pure
def test_a_moved_clock_is_no_silence() -> None:
    """The last sign of life is a day old, but the clock was moved a minute before (or to after) the deadline."""
    real = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    rows = [(real - timedelta(days=1), real + timedelta(hours=1))]
    for legal in (minutes(-1), minutes(0.01), minutes(300)):
        leg = Leg(real=real, legal=legal, speed=1)
        assert silence_at(DEADLINE, silences=rows, leg=leg, tolerance=TWO) is None
    # it ran on by itself for an hour before the deadline: then the hour counts, and no more than that
    leg = Leg(real=real, legal=minutes(-60), speed=1)
    got = silence_at(DEADLINE, silences=[(rows[0][0], real + timedelta(hours=2))], leg=leg, tolerance=TWO)
    assert got is not None and got.legal_since == minutes(-60) and got.legal_until == minutes(60)


@pytest.mark.pure
def test_the_tolerance_is_real_time_however_fast_the_clock_runs() -> None:
    real = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    leg = Leg(real=real, legal=minutes(-600), speed=60)  # the deadline comes after ten real minutes
    a_minute = [(real + timedelta(minutes=9), real + timedelta(minutes=11))]
    assert silence_at(DEADLINE, silences=a_minute, leg=leg, tolerance=TWO) is None
    five = [(real + timedelta(minutes=5), real + timedelta(minutes=11))]
    got = silence_at(DEADLINE, silences=five, leg=leg, tolerance=TWO)
    assert got is not None and got.legal_since == minutes(-300) and got.legal_until == minutes(60)


def pass_time(length: timedelta, *, silent: bool) -> None:
    """Let real time pass: the clock ran on by itself, and the web process gave a sign of life, or did not."""
    with connection.cursor() as cursor:
        pulse.beat()
        cursor.execute("UPDATE kernel_clock SET anchor_real = anchor_real - %s", [length])
        cursor.execute("UPDATE kernel_pulse SET beat_at = beat_at - %s", [length])
    if not silent:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE kernel_pulse SET beat_at = clock_timestamp()")


@pytest.mark.django_db
def test_a_beat_after_a_pause_leaves_a_silence(settings: Any) -> None:
    settings.OUTAGE_GAP_SECONDS = 120
    with connection.cursor() as cursor:
        for seconds, rows in ((0, 0), (100, 0), (121, 1), (0, 1)):
            cursor.execute("UPDATE kernel_pulse SET beat_at = beat_at - %s", [timedelta(seconds=seconds)])
            pulse.beat()
            cursor.execute("SELECT count(*), max(until - since) FROM kernel_silence")
            count, length = cursor.fetchone()
            assert count == rows
        assert timedelta(seconds=121) <= length < timedelta(seconds=125)


@pytest.mark.journey
def test_a_deadline_in_a_silence_becomes_an_outage_and_not_a_close(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    tale.bid("jia")
    tale.bid("yi")
    old, owner, jia = deadline_of(tale), tale.owner, tale.bidder("jia")
    platform.advance(old - timedelta(minutes=30))
    began = platform.now
    pass_time(timedelta(hours=1), silent=True)
    platform.work()
    assert tale.stage() == "OPEN_FOR_BID", "with two bids it would have failed for good"
    seen = owner.get(f"/tenders/{tale.tender['tender']}/changes")
    assert seen["standing"]["outage"] and seen["changes"][0]["kind"] == "outage"
    [outage] = seen["outages"]
    assert outage["kind"] == "system" and "由系统按平台运行记录登记" in outage["text"]
    assert abs(datetime.fromisoformat(outage["started_at"]) - began) < timedelta(seconds=10)
    assert deadline_of(tale) >= old + timedelta(hours=24)
    for party in (owner, jia, tale.bidder("yi")):
        assert "系统故障" in titles(party)[0]
    record = owner.get(f"/documents/{outage['files'][0]['sha256']}")
    assert record["tolerance_seconds"] == "120.0" and record["last_sign_of_life"]

    # a second silence over the provisional deadline moves it again, and makes no second outage
    provisional = deadline_of(tale)
    platform.advance(provisional - timedelta(minutes=10))
    pass_time(timedelta(minutes=20), silent=True)
    platform.work()
    assert tale.stage() == "OPEN_FOR_BID" and deadline_of(tale) > provisional
    assert len(owner.get(f"/tenders/{tale.tender['tender']}/changes")["outages"]) == 1

    tale.bid("bing")  # bids are taken meanwhile
    wish = {"kind": "end_outage", "text": "平台已恢复运行"}
    plan = look(owner, tale, **wish)
    lost = platform.now - began
    floor = datetime.fromisoformat(plan["earliest"])
    assert abs(floor - max(old + lost, platform.now + timedelta(hours=2))) < timedelta(minutes=1)
    if plan["demands"]:
        wish["new_deadline"] = plan["proposal"]
    change(owner, tale, **wish)
    pass_time(timedelta(minutes=1), silent=False)
    platform.advance(deadline_of(tale) + timedelta(seconds=1))
    assert tale.stage() == "CLOSED"
    owner.post(f"/tenders/{tale.tender['tender']}/opening")
    verified(tale)
    pack = owner.get(f"/evidence/{tale.tender['ocid']}?level=party")
    assert outage["files"][0]["sha256"] in str(pack), "the log keeps the hash of the record"


@pytest.mark.journey
def test_who_could_be_reached_closes_and_so_does_a_clock_that_was_moved(platform: Any, folder: Path) -> None:
    alive = Tale(platform, folder / "alive").sealed()
    platform.advance(deadline_of(alive) - timedelta(minutes=30))
    pass_time(timedelta(hours=1), silent=False)
    platform.work()
    assert alive.stage() == "CLOSED", "only the worker was away"
    moved = Tale(platform, folder / "moved").sealed()
    pass_time(timedelta(hours=1), silent=True)
    platform.advance(deadline_of(moved) + timedelta(seconds=1))
    assert moved.stage() == "CLOSED", "a deadline that was jumped over was missed by nobody"


@pytest.mark.journey
def test_a_window_that_ran_out_in_a_silence_stands_still(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    tale.release("jia")
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    ends = datetime.fromisoformat(hall["window_ends_at"])
    platform.advance(ends - timedelta(minutes=12))
    pass_time(timedelta(hours=3), silent=True)
    platform.work()
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    assert not hall["shown_at"] and {b["state"] for b in hall["bids"]} == {"opened", "waiting"}
    change(tale.owner, tale, kind="end_outage", text="平台已恢复运行")
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    left = datetime.fromisoformat(hall["window_ends_at"]) - platform.now
    assert abs(left - timedelta(minutes=12)) < timedelta(seconds=20)
    for name in ("yi", "bing"):
        tale.release(name)
    platform.work()
    assert platform.anonymous().get(f"/rounds/{tale.round}/opening")["shown_at"]
    verified(tale)


@pytest.mark.journey
def test_a_centre_may_ask_for_none_of_it(platform: Any, folder: Path, settings: Any) -> None:
    settings.OUTAGE_GAP_SECONDS = 0
    tale = Tale(platform, folder).sealed()
    platform.advance(deadline_of(tale) - timedelta(minutes=30))
    pass_time(timedelta(hours=1), silent=True)
    platform.work()
    assert tale.stage() == "CLOSED"

"""Walking with pretend dates: who follows the suggested days breaks no floor, and each clock says what it should."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.calendars import CHINA
from ggzy.law.table import in_force
from ggzy.procedures.catalogue import BY_CODE, GC_OPEN_POST, GP_OPEN
from ggzy.procedures.spec import Hold, Stage
from ggzy.procedures.walk import WalkRefused, walk

pytestmark = pytest.mark.pure

BEGINS = date(2026, 3, 2)
LAW = in_force(BEGINS)
TO_THE_NOTICE = ["register", "start_document", "send_to_review", "conclude_review"]


def walked(procedure, made, *, holds=frozenset()):
    return walk(procedure, begins=BEGINS, made=made, holds=holds, law=LAW, calendar=CHINA)


def published(on=BEGINS):
    return [*((code, BEGINS) for code in TO_THE_NOTICE), ("publish", on)]


def test_a_floor_says_the_earliest_day_and_is_judged_when_the_stage_is_left():
    at = walked(GC_OPEN_POST, published())
    assert at.stage is Stage.OPEN_FOR_BID
    floor = next(clock for clock in at.running if clock.limit.key == "GC-T03")
    assert floor.floor and floor.day == BEGINS + timedelta(days=20)
    close = next(way for way in at.ways if way.move.code == "close_bidding")
    assert close.suggested(at.today) >= floor.day
    soon = walked(GC_OPEN_POST, [*published(), ("close_bidding", floor.day - timedelta(days=1))])
    assert "GC-T03" in {clock.limit.key for clock in soon.steps[-1].broken}
    late = walked(GC_OPEN_POST, [*published(), ("close_bidding", close.suggested(at.today))])
    assert late.steps[-1].broken == () and late.stage is Stage.CLOSED


def test_a_change_of_the_file_is_judged_by_the_deadline_that_came_of_it():
    closes = BEGINS + timedelta(days=30)

    def clarified(days_before):
        made = [*published(), ("clarify", closes - timedelta(days=days_before)), ("close_bidding", closes)]
        return {clock.limit.key: clock.kept for clock in walked(GC_OPEN_POST, made).steps[-1].judged}

    assert clarified(15)["GC-T05"] is True and clarified(14)["GC-T05"] is False


def test_a_ceiling_is_the_last_day_and_one_day_later_is_too_late():
    # 政府采购: from the report five working days to the winner, over a weekend
    moves = [
        "publish_intent", "file_plan", "start_document", "send_to_review", "conclude_review", "publish", "close_bidding",
        "open_bids", "end_opening", "seat_committee", "submit_report",
    ]  # fmt: skip
    made, day = [], BEGINS
    for code in moves:
        way = next(way for way in walked(GP_OPEN, made).ways if way.move.code == code)
        day = way.suggested(day)
        made.append((code, day))
    way = next(way for way in walked(GP_OPEN, made).ways if way.move.code == "award")
    last = next(clock for clock in way.clocks if clock.limit.key == "GP-T08").day
    working = sum(CHINA.is_working(day + timedelta(days=n)) for n in range(1, (last - day).days + 1))
    assert working == 5
    assert walked(GP_OPEN, [*made, ("award", last)]).steps[-1].broken == ()
    over = walked(GP_OPEN, [*made, ("award", last + timedelta(days=1))])
    assert [clock.limit.key for clock in over.steps[-1].broken] == ["GP-T08"]


def test_a_hold_stops_what_comes_next_and_not_the_deadline():
    ways = {
        way.move.code: way.stopped
        for way in walked(GC_OPEN_POST, published(), holds=frozenset({Hold.COURT})).ways
    }
    assert ways["clarify"] == (Hold.COURT,) and ways["close_bidding"] == ()


def test_what_cannot_be_walked_is_refused_with_a_sentence():
    with pytest.raises(WalkRefused, match="没有这一步"):
        walked(GC_OPEN_POST, [("award", BEGINS)])
    with pytest.raises(WalkRefused, match="不能早于"):
        walked(GC_OPEN_POST, [("register", BEGINS), ("start_document", BEGINS - timedelta(days=1))])


@pytest.mark.parametrize("procedure", BY_CODE.values(), ids=lambda p: p.code)
@given(data=st.data())
def test_a_random_walk_on_suggested_days_breaks_no_floor_and_always_has_a_way_until_its_end(procedure, data):
    made = []
    for _ in range(data.draw(st.integers(1, 30))):
        at = walked(procedure, made)
        if not at.ways:
            assert at.ended
            return
        way = data.draw(st.sampled_from(at.ways))
        made.append((way.move.code, way.suggested(at.today)))
    at = walked(procedure, made)
    assert not [c.limit.key for step in at.steps for c in step.broken if c.floor]
    assert at.stage in procedure.stages and len(at.steps) == len(made)

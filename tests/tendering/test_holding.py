"""Days on which a hold stopped an act are not counted against who has to make it; floors go on."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ggzy.kernel.calendars import CHINA
from ggzy.law.limits import beijing_date, runs_out
from ggzy.law.table import in_force
from ggzy.procedures.catalogue import BY_CODE, GC_OPEN_POST, GP_OPEN
from ggzy.procedures.spec import Hold
from ggzy.tendering.holding import Held, Stretch, paused_days

pytestmark = pytest.mark.pure
LAW = in_force(date(2026, 3, 2))
SENT = datetime(2026, 3, 2, 2, tzinfo=UTC)


def held_stretch(kind: Hold, first: int, last: int | None) -> Stretch:
    moment = SENT + timedelta(days=first)
    return Stretch(kind=kind, since=moment, lifted_at=None if last is None else SENT + timedelta(days=last))


@pytest.mark.parametrize(("procedure", "key"), [(GC_OPEN_POST, "GC-T15"), (GP_OPEN, "GP-T12")])
def test_an_order_of_ten_days_moves_the_contract_by_ten_days(procedure, key):
    now = SENT + timedelta(days=20)
    paused = paused_days([held_stretch(Hold.COMPLAINT, 3, 12)], LAW[key], procedure=procedure, now=now)
    assert len(paused) == 10
    plain = runs_out(LAW[key], started=SENT, calendar=CHINA)
    later = runs_out(LAW[key], started=SENT, calendar=CHINA, paused=paused)
    assert timedelta(days=9) < later.instant - plain.instant and "扣除暂停10日" in later.arithmetic


def test_a_challenge_stops_the_contract_of_a_procurement_and_no_other_clock():
    stretch, now = [held_stretch(Hold.CHALLENGE, 1, None)], SENT + timedelta(days=4)
    assert len(paused_days(stretch, LAW["GP-T12"], procedure=GP_OPEN, now=now)) == 4
    assert not paused_days(stretch, LAW["GP-T08"], procedure=GP_OPEN, now=now)
    assert Hold.CHALLENGE not in GP_OPEN.stops("GP-T08") and Hold.COMPLAINT in GP_OPEN.stops("GP-T08")


def test_floors_and_what_lies_before_an_event_go_on_and_overlaps_count_once():
    both = [held_stretch(Hold.COMPLAINT, 2, 5), held_stretch(Hold.COURT, 4, 6)]
    now = SENT + timedelta(days=9)
    assert not paused_days(both, LAW["GC-T03"], procedure=GC_OPEN_POST, now=now)
    assert not paused_days(both, LAW["GC-T05"], procedure=GC_OPEN_POST, now=now)
    days = paused_days(both, LAW["GC-T15"], procedure=GC_OPEN_POST, now=now)
    assert days == {beijing_date(SENT) + timedelta(days=n) for n in range(2, 7)}


def test_a_limit_that_nobody_keeps_is_stopped_by_nothing():
    for procedure in BY_CODE.values():
        assert procedure.stops("XX-T99") == frozenset()


def test_what_held_a_round_is_looked_up_by_the_round():
    held = Held(stretches={7: [held_stretch(Hold.COURT, 1, 2)]}, now=SENT + timedelta(days=9))
    assert len(held.days(7, LAW["GP-T12"], "GP_OPEN")) == 2
    assert held.days(8, LAW["GP-T12"], "GP_OPEN") == frozenset()

"""Every clock of a lot on its page: its arithmetic day by day, its clause, and that a change of law does not touch it."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ggzy.law import table
from ggzy.law.limits import DayStep
from ggzy.portals.clocks import weeks
from ggzy.tendering.models import Round
from ggzy.tendering.stamps import law_of
from tests.journeys.tale import Tale
from tests.portals.test_work import Browser


@pytest.mark.pure
def test_days_are_laid_out_in_weeks_from_monday() -> None:
    days = [DayStep(day=date(2026, 3, d), number=d) for d in range(4, 11)]  # Wednesday to Tuesday
    laid = weeks(days)
    assert [len(week) for week in laid] == [7, 7]
    assert laid[0][:2] == [None, None] and laid[0][2] == days[0]
    assert laid[1][1] == days[-1] and laid[1][2:] == [None] * 5
    assert weeks([]) == []


@pytest.mark.django_db
def test_the_page_tells_each_clock_with_its_clause(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).in_publicity()
    lot = tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"][0]["lot"]
    page = Browser().get(f"/lots/{lot}/clocks").content.decode()
    publicity = re.search(r'id="GC-T13".*?</details>', page, re.S)
    assert publicity and "《招标投标法实施条例》第五十四条" in publicity[0]
    counted = re.findall(r'is-counted"><time[^>]*>[^<]*</time><strong>(\d+)</strong>', publicity[0])
    assert counted == ["1", "2", "3"]
    assert "起算当日不计" in publicity[0]
    assert "GP-T" not in page, "the other family's clocks are not this lot's"
    assert "GC-T15" in page.split("还没有起算的")[1]


@pytest.mark.django_db
def test_a_change_of_law_leaves_a_running_round_alone(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows stamped at the first notice govern to the end; what is tendered after the change has the new row."""
    tale = Tale(platform, folder).published()
    old = Round.objects.get(public_id=tale.round)
    longer = replace(table.limit("GC-T13", on=date(2026, 3, 2)), length=5, in_force_from=date(2026, 3, 1))
    monkeypatch.setattr(table, "ALL", (*table.ALL, longer))
    assert law_of(old)["GC-T13"].length == 3
    later = Tale(platform, folder / "later").published()
    assert law_of(Round.objects.get(public_id=later.round))["GC-T13"].length == 5


@pytest.mark.django_db
def test_a_stamp_from_before_it_held_clauses_apart_is_still_read(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    row = Round.objects.get(public_id=tale.round)
    for limit in row.law.values():
        for name in ("basis", "starts", "reading"):
            del limit[name]
    row.law["GC-T13"]["length"] = 4
    found = law_of(row)["GC-T13"]
    assert (found.length, found.starts) == (4, "publicity.started")
    assert str(found.basis[0]) == "《招标投标法实施条例》第五十四条"

"""By which way a purchase goes, until when it is public, what may be added, and when a record stands: at the edges."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from ggzy.kernel.calendars import CHINA
from ggzy.kernel.refusals import BadInput
from ggzy.law.limits import BEIJING
from ggzy.law.table import limit
from ggzy.single_source import rules
from ggzy.single_source.rules import Ground, Standing, Voice, Way

pytestmark = pytest.mark.pure

FLOOR = limit("GP-T36", on=date(2026, 9, 1))
EXPERT = {
    "name": "许工",
    "unit": "训练省计量院",
    "title": "高级工程师",
    "opinion": "专利唯一",
    "kept": "signed",
}


@pytest.mark.parametrize(
    ("ground", "budget", "way"),
    [
        (Ground.ONLY, "1999999.99", Way.NEGOTIATE),
        (Ground.ONLY, "2000000.00", Way.PUBLICITY),
        (Ground.URGENT, "1999999.99", Way.NEGOTIATE),
        (Ground.URGENT, "2000000.00", Way.APPROVAL),
        (Ground.ADDITION, "2000000.00", Way.APPROVAL),
    ],
)
def test_the_way_is_the_laws(ground, budget, way):
    assert rules.way_of(ground, budget=Decimal(budget), threshold=Decimal(2_000_000)) is way


def test_an_addition_is_a_tenth_of_the_first_contract_with_all_before_it():
    rules.require_addition(Decimal("100.00"), first_price=Decimal("1000"), added_before=Decimal(0))
    for budget, before in (("100.01", "0"), ("40.01", "60")):
        with pytest.raises(rules.AdditionTooLarge, match="10%"):
            rules.require_addition(Decimal(budget), first_price=Decimal("1000"), added_before=Decimal(before))
    rules.require_addition(Decimal("40"), first_price=Decimal("1000"), added_before=Decimal("60"))


@pytest.mark.parametrize(
    ("started", "ends"),
    [
        # a Monday: Tuesday to the Monday after; any hour of the day is the same day
        (datetime(2026, 11, 2, 0, 0, tzinfo=BEIJING), date(2026, 11, 10)),
        (datetime(2026, 11, 2, 23, 59, 59, tzinfo=BEIJING), date(2026, 11, 10)),
        # a Friday: the weekend does not count
        (datetime(2026, 11, 6, 9, 0, tzinfo=BEIJING), date(2026, 11, 14)),
        # a Saturday on which nobody works
        (datetime(2026, 11, 7, 9, 0, tzinfo=BEIJING), date(2026, 11, 14)),
    ],
)
def test_five_working_days_end_at_midnight(started, ends):
    found = rules.publicity_ends(FLOOR, started=started, workdays=5, calendar=CHINA).instant
    assert found == datetime(ends.year, ends.month, ends.day, tzinfo=BEIJING)


def test_a_publicity_is_never_shorter_and_may_be_longer():
    started = datetime(2026, 11, 2, 9, 0, tzinfo=BEIJING)
    with pytest.raises(rules.PublicityTooShort, match="5个工作日"):
        rules.publicity_ends(FLOOR, started=started, workdays=4, calendar=CHINA)
    assert rules.publicity_ends(FLOOR, started=started, workdays=7, calendar=CHINA).instant.date() == date(
        2026, 11, 12
    )


def test_opinions_are_whole_and_from_people_without_an_interest():
    given = [EXPERT, dict.fromkeys(EXPERT, "")]
    assert rules.opinions(given, partial_to=["甲公司"], needed=True) == [EXPERT]
    assert rules.opinions([], partial_to=[], needed=False) == []
    for rows, says in (
        ([], "论证意见"),
        ([EXPERT | {"title": ""}], "职称"),
        ([EXPERT | {"unit": "甲公司"}], "没有直接利害关系"),
        ([EXPERT, EXPERT], "已经填写过"),
    ):
        with pytest.raises(BadInput, match=says):
            rules.opinions(rows, partial_to=["甲公司"], needed=True)


def test_a_price_is_positive_and_within_the_budget():
    rules.require_within_budget(Decimal("100.00"), budget=Decimal("100.00"))
    with pytest.raises(rules.OverBudget, match="终止采购活动"):
        rules.require_within_budget(Decimal("100.01"), budget=Decimal("100.00"))
    with pytest.raises(BadInput):
        rules.require_within_budget(Decimal(0), budget=Decimal("100.00"))


@pytest.mark.parametrize(
    ("supplier", "own", "stands"),
    [
        ("agreed", ["agreed", "agreed"], True),
        ("agreed", ["agreed", "differs"], True),
        ("agreed", ["agreed", "silent"], True),
        ("agreed", ["differs"], True),
        ("waiting", ["agreed"], False),
        ("agreed", ["agreed", "waiting"], False),
        ("agreed", ["silent", "silent"], False),
    ],
)
def test_whoever_refuses_without_a_reason_agrees_but_not_all_of_them(supplier, own, stands):
    voices = [Voice(True, Standing(supplier)), *(Voice(False, Standing(one)) for one in own)]
    if stands:
        rules.require_signed(voices)
    else:
        with pytest.raises(rules.NotAllSigned):
            rules.require_signed(voices)

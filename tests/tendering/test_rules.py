"""Before bids: is the file lawful, is the time long enough to the microsecond, how do the clocks lie."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.kernel.calendars import CHINA
from ggzy.law import table
from ggzy.law.limits import BEIJING, Status
from ggzy.tendering import rules
from ggzy.tendering.document import parse

pytestmark = pytest.mark.pure

LAW = table.in_force(date(2026, 3, 2))
PUBLISHED = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)
EARLIEST = datetime(2026, 3, 22, 0, 0, tzinfo=BEIJING)
TICK = timedelta(microseconds=1)
MILLION = [Decimal("1000000.00")]


def file(**changes):
    return parse({"method": "lowest_evaluated_price", **changes})


@pytest.mark.parametrize(
    ("deposit", "budgets"),
    [
        ("20000.00", MILLION),
        ("0", MILLION),
        ("20000.00", [Decimal("2000000.00"), Decimal("1000000.00")]),
        ("2.00", [Decimal("100.00")]),
    ],
)
def test_a_deposit_of_two_percent_passes(deposit, budgets):
    rules.require_lawful_document(file(deposit=deposit), budgets=budgets)


@pytest.mark.parametrize(
    ("deposit", "budgets"),
    [
        ("20000.01", MILLION),
        ("20000.01", [Decimal("2000000.00"), Decimal("1000000.00")]),
        ("2.01", [Decimal("100.24")]),
    ],
)
def test_one_fen_more_is_too_high(deposit, budgets):
    """With several lots the smallest estimate decides."""
    with pytest.raises(rules.DepositTooHigh) as refused:
        rules.require_lawful_document(file(deposit=deposit), budgets=budgets)
    assert str(refused.value.basis) == "《招标投标法实施条例》第二十六条"
    assert deposit in refused.value.message


@pytest.mark.parametrize(("deposit", "budget"), [("2.01", "100.30"), ("2.02", "100.75")])
def test_the_cap_is_never_rounded_above_two_percent(deposit, budget):
    assert Decimal(deposit) > Decimal(budget) * Decimal("0.02")
    with pytest.raises(rules.DepositTooHigh):
        rules.require_lawful_document(file(deposit=deposit), budgets=[Decimal(budget)])


@pytest.mark.parametrize(
    ("size", "owners", "lawful"),
    [
        (5, 0, True),
        (5, 1, True),
        (5, 2, False),
        (7, 2, True),
        (7, 3, False),
        (9, 3, True),
        (9, 4, False),
        (11, 3, True),
        (11, 4, False),
        (6, 0, False),
        (8, 1, False),
        (21, 7, True),
    ],
)
def test_a_committee_is_odd_and_two_thirds_are_experts(size, owners, lawful):
    """The table of RULEBOOK: of 5 one, of 7 two, of 9 and 11 three may speak for the tenderee."""
    made = file(committee_size=size, owner_representatives=owners)
    if lawful:
        rules.require_lawful_document(made, budgets=MILLION)
    else:
        with pytest.raises(rules.CommitteeUnlawful) as refused:
            rules.require_lawful_document(made, budgets=MILLION)
        assert str(refused.value.basis) == "《招标投标法》第三十七条"


@pytest.mark.parametrize("size", [1, 3])
def test_a_committee_below_five_is_too_small(size):
    with pytest.raises(rules.CommitteeUnlawful, match="5人以上单数"):
        rules.require_lawful_document(replace(file(), committee_size=size), budgets=MILLION)


@pytest.mark.parametrize(("size", "most"), [(5, 1), (7, 2), (9, 3), (11, 3)])
def test_the_sentence_names_the_most_that_is_lawful(size, most):
    with pytest.raises(rules.CommitteeUnlawful, match=f"招标人代表最多{most}人"):
        rules.require_lawful_document(
            file(committee_size=size, owner_representatives=most + 1), budgets=MILLION
        )


@pytest.mark.parametrize(("deposit", "warned"), [("800000.00", False), ("800000.01", True)])
def test_a_deposit_over_eight_hundred_thousand_warns_and_does_not_block(deposit, warned):
    made = file(deposit=deposit)
    assert bool(rules.warnings_on(made)) is warned
    rules.require_lawful_document(made, budgets=[Decimal(100_000_000)])


def require(deadline, *, law=LAW, published=PUBLISHED):
    rules.require_time_to_bid(published_at=published, deadline=deadline, law=law, calendar=CHINA)


def test_the_first_lawful_instant_is_midnight_of_the_twentieth_day():
    require(EARLIEST)


@pytest.mark.parametrize("early", [TICK, timedelta(days=3), timedelta(days=30)])
def test_before_it_the_deadline_is_too_early(early):
    with pytest.raises(rules.DeadlineTooEarly) as refused:
        require(EARLIEST - early)
    assert "最早可定为2026年03月22日" in refused.value.message
    assert "不少于20日" in refused.value.message
    assert str(refused.value.basis) == "《招标投标法》第二十四条"
    assert refused.value.field == "bid_deadline"


@pytest.mark.parametrize(
    ("published", "earliest"),
    [
        (datetime(2026, 3, 2, 0, 0, tzinfo=BEIJING), EARLIEST),
        (datetime(2026, 3, 2, 15, 59, 59, 999_999, tzinfo=UTC), EARLIEST),
        (datetime(2026, 3, 2, 16, 0, tzinfo=UTC), EARLIEST + timedelta(1)),
    ],
)
def test_the_day_of_publication_is_a_day_in_beijing(published, earliest):
    require(earliest, published=published)
    with pytest.raises(rules.DeadlineTooEarly):
        require(earliest - TICK, published=published)


def test_the_five_days_of_the_file_hold_by_themselves():
    """Where GC-T03 sets nothing, GC-T01 still does."""
    law = {**LAW, "GC-T03": replace(LAW["GC-T03"], length=0)}
    require(datetime(2026, 3, 7, tzinfo=BEIJING), law=law)
    with pytest.raises(rules.DeadlineTooEarly) as refused:
        require(datetime(2026, 3, 7, tzinfo=BEIJING) - TICK, law=law)
    assert str(refused.value.basis) == "《招标投标法实施条例》第十六条"


def test_a_row_known_from_memory_does_not_block():
    law = {key: replace(row, status=Status.MEMORY) for key, row in LAW.items()}
    require(PUBLISHED + TICK, law=law)


def rows(deadline, *, law=LAW):
    made = rules.timeline(published_at=PUBLISHED, deadline=deadline, law=law, calendar=CHINA)
    return {row.key: row for row in made}


@pytest.mark.parametrize(
    ("deadline", "t01", "t03"),
    [
        (EARLIEST, True, True),
        (EARLIEST - TICK, True, False),
        (datetime(2026, 3, 7, tzinfo=BEIJING), True, False),
        (datetime(2026, 3, 7, tzinfo=BEIJING) - TICK, False, False),
    ],
)
def test_the_timeline_says_which_floors_are_kept(deadline, t01, t03):
    found = rows(deadline)
    assert (found["GC-T01"].kept, found["GC-T03"].kept) == (t01, t03)
    assert all(found[key].kept is None for key in ("GC-T05", "GC-T07", "GC-T11"))


def test_the_timeline_has_the_moments_of_the_law():
    deadline = datetime(2026, 3, 25, 9, 30, tzinfo=BEIJING)
    found = rows(deadline)
    assert found["GC-T01"].instant == datetime(2026, 3, 7, tzinfo=BEIJING)
    assert found["GC-T03"].instant == EARLIEST
    assert found["GC-T05"].instant == datetime(2026, 3, 11, tzinfo=BEIJING)
    assert found["GC-T07"].instant == datetime(2026, 3, 16, tzinfo=BEIJING)
    assert found["GC-T11"].instant == deadline
    assert found["GC-T11"].arithmetic == "与投标截止为同一时刻"
    assert (found["GC-T03"].cites, found["GC-T03"].limit) == ("《招标投标法》第二十四条", "不少于20日")
    assert {row.status for row in found.values()} == {"V"}
    assert not any(row.provisional for row in found.values())


@pytest.mark.parametrize(
    ("until", "days", "t01", "t02"),
    [
        (datetime(2026, 3, 7, tzinfo=BEIJING), 6, True, True),
        (datetime(2026, 3, 7, tzinfo=BEIJING) - TICK, 6, False, True),
        (datetime(2026, 3, 7, tzinfo=BEIJING), 5, True, False),
    ],
)
def test_a_prequalification_has_its_own_clocks(until, days, t01, t02):
    """发售不少于5日, 自停止发售之日起不少于5日; 等标期和开标不在其中."""
    made = rules.front_timeline(
        published_at=PUBLISHED,
        file_until=until,
        deadline=until + timedelta(days=days) - TICK,
        law=LAW,
        calendar=CHINA,
    )
    found = {row.key: row for row in made}
    assert set(found) == {"GC-T01", "GC-T02", "GC-T04", "GC-T06"}
    assert (found["GC-T01"].kept, found["GC-T02"].kept) == (t01, t02)
    assert [row.instant for row in made] == sorted(row.instant for row in made)


def test_the_timeline_marks_what_touches_2027():
    found = rows(datetime(2027, 2, 1, 9, 0, tzinfo=BEIJING))
    assert {key for key, row in found.items() if row.provisional} == {"GC-T05", "GC-T07"}


@given(st.timedeltas(timedelta(0), timedelta(days=150)).map(PUBLISHED.__add__))
@settings(deadline=None)
def test_the_timeline_is_in_the_order_of_time_and_agrees_with_the_rule(deadline):
    made = rules.timeline(published_at=PUBLISHED, deadline=deadline, law=LAW, calendar=CHINA)
    assert [row.instant for row in made] == sorted(row.instant for row in made)
    try:
        require(deadline)
        passed = True
    except rules.DeadlineTooEarly:
        passed = False
    assert passed is all(row.kept is not False for row in made)


@pytest.mark.parametrize(
    ("subject", "weight", "warned"),
    [("goods", "30", False), ("goods", "61", True), ("services", "30", False), ("services", "31", True)],
)
def test_the_price_of_talks_has_its_share_of_the_points(subject, weight, warned):
    """财库〔2014〕214号第二十四条: from memory, so it warns."""
    rest = str(100 - int(weight))
    made = file(
        method="comprehensive",
        price={"weight": weight},
        criteria=[{"key": "plan", "title": "方案", "weight": rest}],
        policy={"subject": subject, "group_checks": True, "negotiated": True},
    )
    assert any("磋商" in says for says in rules.warnings_on(made)) is warned

"""The judgements of the fronts, without a database: tables of cases and properties."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.bidding.bidbox import names_a_price
from ggzy.client.fronts import prequalification
from ggzy.client.story import document
from ggzy.fronts import rules
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput
from ggzy.law import table
from ggzy.law.families import GC
from ggzy.tendering.document import parse

pytestmark = pytest.mark.pure
LAW = table.in_force(date(2026, 3, 2))
START = datetime(2026, 3, 2, 15, 0, tzinfo=BEIJING)


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 3, number, hour, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("until", "deadline", "refused"),
    [
        (day(7), day(12), None),  # 5 days to fetch, 5 days to apply, to the first instant of the day
        (day(7) - timedelta(microseconds=1), day(30), "第十六条"),
        (day(7), day(12) - timedelta(microseconds=1), "第十七条"),
        (day(9, 17), day(14), None),
    ],
)
def test_time_to_apply(until: datetime, deadline: datetime, refused: str | None) -> None:
    def judge() -> None:
        rules.require_time_to_apply(
            published_at=START, file_until=until, deadline=deadline, law=LAW, calendar=CHINA, family=GC
        )

    if refused is None:
        judge()
        return
    with pytest.raises(rules.TimeToApplyTooShort) as no:
        judge()
    assert no.value.basis is not None
    assert no.value.basis.article == refused


DEADLINE = day(20, 17)


@pytest.mark.parametrize(
    ("now", "affects", "postponed", "after"),
    [
        (day(17, 23), True, None, DEADLINE),  # the 17th is three days before the 20th
        (day(18), True, None, None),
        (day(18), False, None, DEADLINE),
        (day(18), True, DEADLINE + timedelta(days=1), DEADLINE + timedelta(days=1)),
        (day(19), True, DEADLINE + timedelta(days=1), None),
        (day(19), True, DEADLINE + timedelta(days=2), DEADLINE + timedelta(days=2)),
    ],
)
def test_room_to_clarify(
    now: datetime, affects: bool, postponed: datetime | None, after: datetime | None
) -> None:
    def judge() -> datetime:
        return rules.require_room_to_clarify(
            affects=affects,
            now=now,
            deadline=DEADLINE,
            postponed_to=postponed,
            law=LAW,
            calendar=CHINA,
            family=GC,
        )

    if after is not None:
        assert judge() == after
        return
    with pytest.raises(rules.MustPostpone, match="最早可顺延到"):
        judge()


@given(hours=st.integers(0, 24 * 25))
def test_the_deadline_a_refusal_proposes_is_the_first_that_passes(hours: int) -> None:
    now = day(1) + timedelta(hours=hours)
    earliest = rules.earliest_event(LAW["GC-T04"], now=now, calendar=CHINA, least=DEADLINE)

    def passes(event: datetime) -> bool:
        try:
            rules.require_room_to_clarify(
                affects=True,
                now=now,
                deadline=DEADLINE,
                postponed_to=event if event > DEADLINE else None,
                law=LAW,
                calendar=CHINA,
                family=GC,
            )
        except rules.MustPostpone:
            return False
        return True

    assert passes(earliest)
    assert earliest == DEADLINE or not passes(earliest - timedelta(days=1))


@pytest.mark.parametrize(("now", "late"), [(day(18, 23), False), (day(19), True), (day(20, 16), True)])
def test_an_objection_is_late_from_two_days_before(now: datetime, late: bool) -> None:
    assert rules.is_late(LAW["GC-T06"], now=now, deadline=DEADLINE, calendar=CHINA) is late


def part(limit: int = 0):
    found = parse(document(prequalification=prequalification(limit=limit))).prequalification
    assert found is not None
    return found


def sheet(passing: dict[str, bool]) -> dict[str, dict[str, dict[str, object]]]:
    keys = [r.key for r in part().requirements]
    return {
        p: {k: {"passes": ok, "reason": "" if ok else "不符合"} for k in keys} for p, ok in passing.items()
    }


def decide(sheets, scores=(), *, limit=0, packages=("a", "b", "c", "d")):
    return {
        row.package: row
        for row in rules.qualified(
            sheets,
            scores,
            packages=packages,
            part=part(limit),
            lot_of={p: p.encode() for p in packages},
        )
    }


def test_a_majority_decides_who_meets_the_requirements() -> None:
    yes, no = dict.fromkeys("abcd", True), {**dict.fromkeys("abcd", True), "d": False}
    assert decide([sheet(no), sheet(yes), sheet(yes)])["d"].passed
    out = decide([sheet(no), sheet(no), sheet(yes)])
    assert not out["d"].passed
    assert "不符合" in out["d"].reasons[0]
    assert out["a"] == rules.Applicant(package="a", passed=True, reasons=(), score=None, rank=None)


def test_a_limited_number_takes_the_best_and_draws_what_is_equal() -> None:
    yes = [sheet(dict.fromkeys("abcd", True))]
    scores = [{p: {"works": w, "staff": "40"} for p, w in zip("abcd", ("50", "60", "50", "50"), strict=True)}]
    out = decide(yes, scores, limit=3)
    assert [p for p, row in sorted(out.items()) if row.passed] == ["a", "b", "c"]  # the lot orders a, c, d
    assert out["b"].rank == 1
    assert out["b"].score == Decimal("100.00")
    assert "限3名" in out["d"].reasons[0]


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4), st.integers(3, 4))
def test_nobody_who_passes_scored_less_than_one_who_does_not(points: list[int], limit: int) -> None:
    scores = [{p: {"works": str(w), "staff": "0"} for p, w in zip("abcd", points, strict=True)}]
    out = decide([sheet(dict.fromkeys("abcd", True))], scores, limit=limit).values()
    passed = [r.score for r in out if r.passed]
    assert len(passed) == min(limit, 4)
    assert all(r.score <= min(passed) for r in out if not r.passed)


@pytest.mark.parametrize(
    ("usccs", "wrong"),
    [
        (["A", "B", "C"], None),
        (["A", "B"], rules.TooFewInvitees),
        (["A", "B", "B"], BadInput),
        (["A", "B", "X"], BadInput),
        (["A", "B", "O"], BadInput),
    ],
)
def test_invitees(usccs: list[str], wrong: type[Exception] | None) -> None:
    if wrong is None:
        rules.require_invitees(usccs, registered=["A", "B", "C", "O"], barred=["O"])
        return
    with pytest.raises(wrong):
        rules.require_invitees(usccs, registered=["A", "B", "C", "O"], barred=["O"])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"price": "1"}, True),
        ({"a": {"Price": 1}}, True),
        ({"a": [{"投标总报价": 1}]}, True),
        ({"a": "报价另行提交"}, False),  # words in a text are read by people
        ({"bidder": "甲", "attachments": [{"name": "x"}]}, False),
    ],
)
def test_a_price_is_known_by_its_name_at_any_depth(content: dict[str, object], found: bool) -> None:
    assert names_a_price(content) is found

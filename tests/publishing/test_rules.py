"""Routing is total, pauses grow and end, receipts never move a delivery back, clocks run from the first medium."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.canonical import canonical, sha256
from ggzy.notices.actions import NoticeKind
from ggzy.publishing import package as packages
from ggzy.publishing.personal import personal_data_in
from ggzy.publishing.rules import (
    LONGEST_PAUSE,
    Medium,
    Scope,
    Standing,
    State,
    Trouble,
    anchor,
    media_for,
    missed_by_leaps,
    moves_forward,
    pause_after,
    scope_of,
    troubles,
)

pytestmark = pytest.mark.pure
T0 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("kind", [*(k.value for k in NoticeKind), "clarification", "a kind of next year"])
def test_every_kind_goes_somewhere_and_stays_in_its_family(kind: str, scope: Scope) -> None:
    media = media_for(kind, scope)
    assert media
    assert (Medium.PROCUREMENT in media) <= (scope is Scope.PROCUREMENT)
    assert (Medium.NATIONAL in media) <= (scope is Scope.CONSTRUCTION)


def test_an_unknown_kind_goes_to_all_of_its_family_and_an_opening_record_does_not() -> None:
    assert media_for("postponement", Scope.CONSTRUCTION) == (Medium.NATIONAL, Medium.PROVINCE)
    assert media_for("opening_record", Scope.CONSTRUCTION) == (Medium.PROVINCE,)
    assert media_for("tender", scope_of("D01-123")) == (Medium.PROCUREMENT, Medium.PROVINCE)
    assert scope_of("A01-1") is scope_of("") is Scope.CONSTRUCTION


@given(st.integers(1, 10_000))
def test_pauses_grow_and_never_pass_an_hour(failures: int) -> None:
    assert timedelta(0) < pause_after(failures) <= pause_after(failures + 1) <= LONGEST_PAUSE


def test_the_first_pauses() -> None:
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 7, 8, 99)] == [30, 60, 120, 1920, 3600, 3600]


@given(st.lists(st.sampled_from([State.SENT, State.RECEIVED, State.REFUSED, State.PUBLISHED]), max_size=8))
def test_receipts_in_any_order_and_repeated_end_at_the_furthest(said: list[State]) -> None:
    state = State.WAITING
    for one in said:
        state = one if moves_forward(state, one) else state
    order = [State.WAITING, State.SENT, State.RECEIVED, State.REFUSED, State.PUBLISHED]
    assert state is max([State.WAITING, *said], key=order.index)


def _standing(**more: object) -> Standing:
    facts: dict = {
        "state": State.WAITING,
        "configured": True,
        "ours": "a",
        "held": "",
        "due_at": T0 + 12 * HOUR,
        "published_at": None,
    }
    return Standing(**(facts | more))


@pytest.mark.parametrize(
    ("standing", "now", "expected"),
    [
        (_standing(), T0, ()),
        (_standing(), T0 + 12 * HOUR - timedelta(microseconds=1), ()),
        (_standing(), T0 + 12 * HOUR, (Trouble.LATE,)),
        (_standing(configured=False), T0, (Trouble.NOT_CONFIGURED,)),
        (_standing(state=State.FAILED), T0, (Trouble.FAILED,)),
        (_standing(state=State.REFUSED), T0 + 13 * HOUR, (Trouble.REFUSED, Trouble.LATE)),
        (_standing(state=State.PUBLISHED, held="a", published_at=T0 + HOUR), T0 + 99 * HOUR, ()),
        (_standing(state=State.PUBLISHED, held="b", published_at=T0 + HOUR), T0, (Trouble.DIFFERS,)),
        (_standing(state=State.PUBLISHED, held="", published_at=T0 + HOUR), T0, (Trouble.DIFFERS,)),
        (_standing(state=State.PUBLISHED, held="a", published_at=T0 + 12 * HOUR), T0, (Trouble.LATE,)),
        (_standing(by_clock=True), T0 + 99 * HOUR, ()),
        (_standing(by_clock=True, state=State.FAILED), T0 + 99 * HOUR, (Trouble.FAILED,)),
        (
            _standing(by_clock=True, state=State.PUBLISHED, held="b", published_at=T0 + 99 * HOUR),
            T0,
            (Trouble.DIFFERS,),
        ),
    ],
)
def test_what_is_red(standing: Standing, now: datetime, expected: tuple) -> None:
    assert troubles(standing, now=now) == expected


@pytest.mark.parametrize(
    ("ended", "leaps", "missed"),
    [
        (13, [], False),
        (13, [(1, 12)], True),  # two of thirteen hours ran by themselves
        (11, [(1, 10)], False),  # it was in time anyway
        (13, [(-99, -90), (20, 40)], False),  # moved before and after: its own time ran out
        (40, [(2, 9), (10, 30)], False),  # without the leaps it still took thirteen hours
        (38, [(2, 9), (10, 30)], True),
    ],
)
def test_a_limit_is_missed_by_leaps_only_where_there_was_time_without_them(
    ended: int, leaps: list[tuple[int, int]], missed: bool
) -> None:
    found = missed_by_leaps(
        started=T0,
        due_at=T0 + 12 * HOUR,
        ended=T0 + ended * HOUR,
        leaps=[(T0 + a * HOUR, T0 + b * HOUR) for a, b in leaps],
    )
    assert found is missed


def _anchor(scope: Scope, media: dict[str, datetime], own: bool = False) -> datetime | None:
    return anchor(scope=scope, platform_at=T0, by_medium=media, platform_is_medium=own).at


def test_clocks_run_from_the_first_medium() -> None:
    for media in permutations([("甲", T0 + 2 * HOUR), ("乙", T0 + HOUR)]):
        assert _anchor(Scope.PROCUREMENT, dict(media)) == T0 + HOUR
        assert _anchor(Scope.CONSTRUCTION, dict(media)) == T0 + HOUR
    assert _anchor(Scope.CONSTRUCTION, {}) is None


def test_ones_own_moment_counts_only_where_the_platform_is_a_medium_of_construction() -> None:
    assert _anchor(Scope.CONSTRUCTION, {"甲": T0 + HOUR}, own=True) == T0
    assert _anchor(Scope.CONSTRUCTION, {"甲": T0 - HOUR}, own=True) == T0 - HOUR
    assert _anchor(Scope.CONSTRUCTION, {}, own=True) == T0
    assert _anchor(Scope.PROCUREMENT, {"甲": T0 + HOUR}, own=True) == T0 + HOUR
    assert _anchor(Scope.PROCUREMENT, {}, own=True) is None


SENDER = packages.Sender(uscc="12370100MB2000001C", name="中心", region="370100", system_no="370100000001")


def _source(kind: str, body: dict) -> packages.Source:
    return packages.Source(
        notice="n" * 32,
        kind=kind,
        version=1,
        title="某工程",
        body=body,
        content=canonical(body).decode(),
        published_at=T0,
        address="https://example.org/notices/n",
        first={"deal_code": "A01-X", "tenderee": {"name": "招标人", "uscc": "U"}},
    )


@pytest.mark.parametrize("kind", [*(k.value for k in NoticeKind), "resumption"])
def test_a_package_names_what_is_missing_and_invents_nothing(kind: str) -> None:
    body = {"lot": "一标段", "reason": "原因", "bid_deadline": "not a moment"}
    made = packages.package(_source(kind, body), medium=Medium.PROVINCE, sender=SENDER, centre="c")
    assert sha256(made.content.encode()).hex() == sha256(canonical(body)).hex()
    assert set(made.missing) == set(packages.MANDATORY[made.data_set]) - set(made.fields)
    assert "TENDER_PROJECT_CODE" in made.missing
    assert len(made.envelope["DATA_KEY"]) == 22
    assert all(made.fields.values())


def test_the_winner_and_the_price_stand_in_their_fields() -> None:
    body = {"winner": "甲公司", "uscc": "W", "price": "1.00", "lot": "一"}
    made = packages.package(_source("result", body), medium=Medium.NATIONAL, sender=SENDER, centre="c")
    assert (made.fields["WIN_BIDDER_NAME"], made.fields["BID_AMOUNT"]) == ("甲公司", "1.00")
    assert made.fields["NOTICE_SEND_TIME"] == "20260302090000"
    assert packages.unstamp("20260302090000") == T0


def test_a_key_is_one_a_version_and_medium() -> None:
    keys = {packages.key_of(centre="c", notice=n, medium=m) for n in "ab" for m in Medium}
    assert len(keys) == 6
    assert packages.key_of(centre="c", notice="a", medium="ceb") in keys


# numbers below are made up; the identity number only has a right check digit
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("联系电话 13800001234", "138****1234"),
        ("+86 138 0000 1234", "138****1234"),
        ("0531-88880000", ""),
        ("11010519491231002X", "110105********X"),
        ("110105194912310021", ""),
        ("91370100MA00000013", ""),
        ("报价 13800001234567 元", ""),
        ("A01-12370100MB2000001C-20260302-000001-X", ""),
    ],
)
def test_personal_data(text: str, found: str) -> None:
    assert [f.shown for f in personal_data_in({"a": [{"b": text}]})] == ([found] if found else [])


def test_a_finding_says_where() -> None:
    body = {"tenderee": {"contact": "张 13800001234"}, "lots": [{}, {"note": "13800001234"}]}
    assert [f.place for f in personal_data_in(body)] == ["lots[2].note", "tenderee.contact"]

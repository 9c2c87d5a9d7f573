"""By which ways, when, and how often: quiet hours across midnight, what the law does not leave, pauses."""

import ast
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput
from ggzy.law import table
from ggzy.messages import rules
from ggzy.messages.addresses import clean
from ggzy.messages.rules import OUTSIDE, Channel, Choice, Kind

pytestmark = pytest.mark.pure
SRC = Path(__file__).resolve().parents[2] / "src" / "ggzy"

clock_times = st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None))
moments = st.integers(0, 4 * 366 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ways = st.frozensets(st.sampled_from(list(Channel)))
choices = st.builds(
    lambda on, since, until: Choice(on=on, quiet_from=since, quiet_to=until),
    st.dictionaries(st.sampled_from(list(Kind)), ways),
    clock_times,
    clock_times,
)
reachable = st.frozensets(st.sampled_from(OUTSIDE))


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("moment", "goes"),
    [
        (at(20, 59), at(20, 59)),
        (at(21), at(8, day=11)),
        (at(23, 30), at(8, day=11)),
        (at(0), at(8)),
        (at(7, 59), at(8)),
        (at(8), at(8)),
    ],
)
def test_quiet_hours_run_across_midnight(moment: datetime, goes: datetime) -> None:
    assert rules.goes_at(Kind.SERVICE, Choice(), moment) == goes
    assert rules.goes_at(Kind.LEGAL, Choice(), moment) == moment


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    noon = Choice(quiet_from=time(12), quiet_to=time(14))
    assert rules.goes_at(Kind.NEWS, noon, at(13)) == at(14)
    assert rules.goes_at(Kind.NEWS, noon, at(11)) == at(11)
    never = Choice(quiet_from=None, quiet_to=None)
    assert rules.goes_at(Kind.NEWS, never, at(3)) == at(3)


@given(choices, moments, st.sampled_from(list(Kind)))
def test_nothing_goes_in_quiet_hours_nor_waits_for_more_than_a_day(
    choice: Choice, moment: datetime, kind: Kind
) -> None:
    goes = rules.goes_at(kind, choice, moment)
    assert timedelta(0) <= goes - moment <= timedelta(days=1)
    assert kind is Kind.LEGAL or not rules.in_quiet_hours(choice, goes)
    assert kind is not Kind.LEGAL or goes == moment


@given(choices, reachable)
def test_a_legal_notice_is_always_inside_and_outside_where_it_can_be(
    choice: Choice, reach: frozenset[Channel]
) -> None:
    found = rules.ways(Kind.LEGAL, choice, reachable=reach)
    assert Channel.IN_APP in found
    assert bool(found & set(OUTSIDE)) == bool(reach)


@given(choices, reachable, st.sampled_from(list(Kind)))
def test_every_message_stands_somewhere_and_only_where_one_can_be_reached(
    choice: Choice, reach: frozenset[Channel], kind: Kind
) -> None:
    found = rules.ways(kind, choice, reachable=reach)
    assert found
    assert found <= reach | {Channel.IN_APP}
    if kind is not Kind.LEGAL:
        assert found - {Channel.IN_APP} <= set(choice.on.get(kind, ()))


@given(choices, reachable)
def test_a_choice_that_stands_loses_no_legal_notice(choice: Choice, reach: frozenset[Channel]) -> None:
    legal = set(choice.on.get(Kind.LEGAL, ()))
    lawful = Channel.IN_APP in legal and (not reach or bool(legal & reach))
    if lawful:
        rules.require_lawful(choice, reachable=reach)
    else:
        with pytest.raises(BadInput):
            rules.require_lawful(choice, reachable=reach)


def test_pauses_double_up_to_an_hour() -> None:
    pauses = [rules.pause_after(n).total_seconds() for n in range(1, 12)]
    assert pauses[:4] == [30, 60, 120, 240]
    assert pauses[-1] == 3600 == rules.pause_after(500).total_seconds()


def test_a_period_stands_only_where_the_law_gives_one() -> None:
    day = at(9).date()
    assert rules.period_of(table.limit("GC-T08", on=day)).endswith("3日内")
    assert (
        rules.period_of(table.limit("GC-T05", on=day)) == ""
    )  # before the deadline: no clock of who is told


def test_addresses_are_kept_as_they_are_used() -> None:
    assert clean(Channel.SMS, "+86 138-0000-0000") == "13800000000"
    assert clean(Channel.EMAIL, " jia@example.com ") == "jia@example.com"
    for channel, wrong in (
        (Channel.SMS, "12345"),
        (Channel.EMAIL, "jia"),
        (Channel.EMAIL, "a@example.com\nBcc: b@example.com"),
    ):
        with pytest.raises(BadInput):
            clean(channel, wrong)


def test_every_caller_names_the_kind_and_every_legal_notice_its_basis_and_its_secrecy() -> None:
    found = 0
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tell"
            ):
                continue
            found += 1
            given_ = {word.arg: ast.dump(word.value) for word in node.keywords}
            assert "kind" in given_, f"{path}:{node.lineno}"
            if "LEGAL" in given_["kind"]:
                assert {"basis", "until_opening"} <= set(given_), f"{path}:{node.lineno}"
            else:
                assert "basis" not in given_, f"{path}:{node.lineno}"
    assert found > 40

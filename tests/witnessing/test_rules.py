"""What rings and what does not, when a witness may come and go, and which files are taken."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.refusals import BadInput
from ggzy.witnessing import rules
from ggzy.witnessing.rules import Facts, Kind

pytestmark = pytest.mark.pure

DEADLINE = datetime(2026, 5, 11, 1, 30, tzinfo=UTC)
OPENING = Facts(kind=Kind.OPENING, deadline=DEADLINE)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("facts", "after", "rings"),
    [
        (OPENING, -SECOND, ()),
        (OPENING, timedelta(minutes=10) - SECOND, ()),
        (OPENING, timedelta(minutes=10), ("投标截止已过10分钟, 尚未开标",)),
        (replace(OPENING, over=True), timedelta(hours=1), ()),
        (replace(OPENING, begun=True), SECOND, ("已经开始, 尚无人见证",)),
        (replace(OPENING, begun=True, state="witnessing"), SECOND, ()),
        (
            replace(OPENING, begun=True, state="witnessing", open_objections=2),
            SECOND,
            ("2项开标异议等待当场答复",),
        ),
        (
            replace(OPENING, begun=True, state="witnessing", last_event=DEADLINE),
            timedelta(minutes=20) - SECOND,
            (),
        ),
        (
            replace(OPENING, begun=True, state="witnessing", last_event=DEADLINE),
            timedelta(minutes=20),
            ("已有20分钟没有新的进展",),
        ),
        (replace(OPENING, unread=1, over=True), SECOND, ("1项异常尚待监督部门阅知",)),
        (
            Facts(kind=Kind.EVALUATION, begun=True, state="witnessing", last_event=DEADLINE),
            timedelta(minutes=60),
            ("已有60分钟没有新的进展",),
        ),
        (
            Facts(kind=Kind.DRAW, begun=True, state="witnessing", last_event=DEADLINE),
            timedelta(days=3),
            (),
        ),
    ],
)
def test_what_rings(facts: Facts, after: timedelta, rings: tuple[str, ...]) -> None:
    assert rules.alarms(facts, now=DEADLINE + after) == rings


@given(st.integers(1, 10_000_000), st.integers(0, 9), st.booleans())
def test_before_the_deadline_nothing_tells_of_events(seconds: int, objections: int, begun: bool) -> None:
    facts = replace(OPENING, last_event=DEADLINE - timedelta(days=1), open_objections=objections, begun=begun)
    now = DEADLINE - seconds * SECOND
    assert rules.alarms(facts, now=now) == () and rules.quiet_for(facts, now=now) is None


def test_no_fact_of_the_wall_is_about_bidders() -> None:
    assert {f.name for f in fields(Facts)} == {
        "kind", "deadline", "begun", "over", "last_event", "open_objections", "unread", "state", "interrupted",
    }  # fmt: skip


def test_when_a_witness_may_come_and_go() -> None:
    rules.require_may_begin(OPENING, now=DEADLINE - timedelta(hours=2))
    for facts, now in (
        (OPENING, DEADLINE - timedelta(hours=2) - SECOND),
        (replace(OPENING, over=True), DEADLINE + SECOND),
    ):
        with pytest.raises(rules.NotNow):
            rules.require_may_begin(facts, now=now)
    every = [item.key for item in rules.CHECKS[Kind.OPENING]]
    rules.require_may_end(replace(OPENING, over=True), marked=every)
    with pytest.raises(rules.NotNow):
        rules.require_may_end(OPENING, marked=every)
    with pytest.raises(rules.StillUnchecked, match="还有1项"):
        rules.require_may_end(replace(OPENING, over=True), marked=every[1:])


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([("a.exe", 1)], "格式"),
        ([("a.jpg", 0)], "空文件"),
        ([("a.MP4", rules.MOST_BYTES + 1)], "20MB"),
        ([("a.jpg", 1)] * 6, "最多上传5个"),
    ],
)
def test_files_that_are_refused(files: list[tuple[str, int]], says: str) -> None:
    with pytest.raises(rules.EvidenceRefused, match=says):
        rules.require_evidence(files)


def test_files_and_incidents_that_pass() -> None:
    rules.require_evidence([("现场.JPG", rules.MOST_BYTES), ("b.pdf", 1)])
    rules.require_evidence([])
    assert (
        rules.require_incident(kind="phone", text=" 带手机 ", happened_at=DEADLINE, now=DEADLINE) == "带手机"
    )
    for wrong in ({"kind": "x"}, {"text": " "}, {"happened_at": DEADLINE + SECOND}):
        given_ = {"kind": "phone", "text": "带手机", "happened_at": DEADLINE} | wrong
        with pytest.raises(BadInput):
            rules.require_incident(**given_, now=DEADLINE)  # type: ignore[arg-type]

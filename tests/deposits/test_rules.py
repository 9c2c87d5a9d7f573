"""A deposit goes back for a reason with a moment: each standing waits for its own event and for no other."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.deposits.rules import LotFacts, Standing, refundable_from

pytestmark = pytest.mark.pure

MOMENTS = {
    field.name: datetime(2026, 5, 1, tzinfo=UTC) + timedelta(days=n)
    for n, field in enumerate(fields(LotFacts))
    if field.name != "failed_at"
}
FAILED = datetime(2026, 6, 1, tzinfo=UTC)
WAITS_FOR = {
    Standing.WITHDRAWN: "withdrawal_received_at",
    Standing.NO_BID: "closed_at",
    Standing.NOT_OPENED: "failed_at",
    Standing.LEFT: "left_at",
    Standing.NOT_CANDIDATE: "publicity_ended_at",
    Standing.CANDIDATE: "result_published_at",
    Standing.WINNER: "contract_signed_at",
    Standing.REFUSED: "nothing",  # 条例74: it is lost
}


@pytest.mark.parametrize(
    ("procedure", "says"),
    [
        ("GC_OPEN_POST", ("中标人", "非中标候选人")),
        ("GP_CS", ("成交供应商", "非成交候选人")),
        ("GP_KJ_TENDER", ("入围供应商", "非入围候选人")),
    ],
)
def test_a_standing_is_said_in_the_words_of_its_procedure(procedure, says):
    assert (Standing.WINNER.said_in(procedure), Standing.NOT_CANDIDATE.said_in(procedure)) == says


@pytest.mark.parametrize("standing", Standing)
def test_it_is_held_until_something_happens(standing):
    assert refundable_from(standing, LotFacts()) is None


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("event", MOMENTS)
def test_one_event_frees_the_standing_that_waits_for_it_and_no_other(standing, event):
    freed = refundable_from(standing, LotFacts(**{event: MOMENTS[event]}))
    assert freed == (MOMENTS[event] if WAITS_FOR[standing] == event else None)


@pytest.mark.parametrize("standing", Standing)
def test_with_everything_done_each_has_its_own_moment(standing):
    assert refundable_from(standing, LotFacts(**MOMENTS)) == MOMENTS.get(WAITS_FOR[standing])


@pytest.mark.parametrize("standing", [s for s in Standing if s not in {Standing.WITHDRAWN, Standing.REFUSED}])
def test_a_failed_round_frees_all_who_had_bid(standing):
    assert refundable_from(standing, LotFacts(failed_at=FAILED)) == FAILED


def test_who_withdrew_is_freed_by_the_withdrawal_and_not_by_the_failure():
    received = MOMENTS["withdrawal_received_at"]
    assert (
        refundable_from(Standing.WITHDRAWN, LotFacts(withdrawal_received_at=received, failed_at=FAILED))
        == received
    )
    assert refundable_from(Standing.WITHDRAWN, LotFacts(failed_at=FAILED)) is None


def test_who_refused_the_award_is_not_freed_by_a_failure_that_follows():
    assert refundable_from(Standing.REFUSED, LotFacts(**MOMENTS, failed_at=FAILED)) is None


@pytest.mark.parametrize("standing", [Standing.NOT_CANDIDATE, Standing.CANDIDATE])
def test_a_failure_after_the_event_does_not_put_the_refund_off(standing):
    """投诉成立、中标无效 comes when the other bidders' deposits are already due."""
    event = WAITS_FOR[standing]
    assert refundable_from(standing, LotFacts(**{event: MOMENTS[event]}, failed_at=FAILED)) == MOMENTS[event]


@given(st.sampled_from(Standing), st.sets(st.sampled_from(sorted(MOMENTS))))
def test_the_answer_is_one_of_the_moments_that_happened(standing, happened):
    freed = refundable_from(standing, LotFacts(**{name: MOMENTS[name] for name in happened}))
    assert freed is None or freed in {MOMENTS[name] for name in happened}


def test_every_standing_has_a_word():
    assert [s.label for s in Standing] == [
        "截止前撤回投标",
        "截止时没有投标",
        "流标未开启",
        "提交最后报价前退出",
        "非中标候选人",
        "中标候选人(未中标)",
        "中标人",
        "放弃或被取消中标(依法不予退还)",
    ]

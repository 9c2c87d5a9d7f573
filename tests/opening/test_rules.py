"""An opening begins at the deadline to the microsecond, shows prices when all keys are settled, and ends when done."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.opening import rules

pytestmark = pytest.mark.pure

DEADLINE = datetime(2026, 3, 25, 1, 30, tzinfo=UTC)
JUST_BEFORE = DEADLINE - timedelta(microseconds=1)


def facts(bids, minimum=3):
    return rules.OpeningFacts(deadline=DEADLINE, sealed_bids=bids, minimum_bids=minimum)


@pytest.mark.parametrize(("now", "bids"), [(DEADLINE, 3), (DEADLINE, 4), (DEADLINE + timedelta(days=1), 3)])
def test_it_opens_from_the_deadline_on_with_enough_bids(now, bids):
    rules.require_may_open(facts(bids), now=now)


@pytest.mark.parametrize("bids", [0, 2, 3, 100])
def test_before_the_deadline_the_refusal_does_not_tell_the_count(bids):
    """The same words whatever the count: a host who tries early learns nothing."""
    with pytest.raises(rules.TooEarlyToOpen) as refused:
        rules.require_may_open(facts(bids), now=JUST_BEFORE)
    assert refused.value.message == "投标截止时间未到, 不能开标; 开标在投标截止的同一时刻公开进行"
    assert str(refused.value.basis) == "《招标投标法》第三十四条"


@pytest.mark.parametrize("bids", [0, 1, 2])
def test_fewer_bids_than_the_procedure_requires_are_not_opened(bids):
    with pytest.raises(rules.TooFewBids) as refused:
        rules.require_may_open(facts(bids), now=DEADLINE)
    assert str(refused.value.basis) == "《招标投标法实施条例》第四十四条"
    assert "少于3个" in refused.value.message


def test_the_number_is_the_procedures_own():
    rules.require_may_open(facts(2, minimum=2), now=DEADLINE)
    with pytest.raises(rules.TooFewBids, match="少于2个"):
        rules.require_may_open(facts(1, minimum=2), now=DEADLINE)


@pytest.mark.parametrize(
    ("states", "window_ended", "shown"),
    [
        (["opened", "opened", "opened"], False, True),
        (["opened", "revoked", "withdrawn"], False, True),
        (["opened", "opened", "waiting"], False, False),
        (["opened", "opened", "waiting"], True, True),
        (["opened", "opened", "released"], False, True),
        (["opened", "opened", "released"], True, True),
        (["released", "released", "waiting"], False, False),
        (["waiting", "waiting", "waiting"], True, True),
    ],
)
def test_prices_are_shown_when_nobody_can_choose_any_more(states, window_ended, shown):
    """A released key is committed: decryption that takes its time hides no other bid."""
    assert rules.may_show_prices(states, window_ended=window_ended) is shown


@given(st.lists(st.sampled_from(["waiting", "released", "opened", "revoked", "withdrawn"]), min_size=1))
def test_while_the_window_is_open_one_key_that_is_not_released_hides_all_prices(states):
    assert rules.may_show_prices(states, window_ended=False) is ("waiting" not in states)
    assert rules.may_show_prices(states, window_ended=True)
    assert rules.all_settled(states) is (set(states) <= rules.FINAL)


def test_it_ends_when_read_out_answered_and_something_was_opened():
    rules.require_may_end(settled=True, open_objections=0, opened=1)


@pytest.mark.parametrize(
    ("settled", "objections", "opened", "says", "basis"),
    [
        (False, 0, 3, "等待解密", None),
        (False, 2, 0, "等待解密", None),
        (True, 1, 3, "还有1条开标异议未答复", "《招标投标法实施条例》第四十四条"),
        (True, 0, 0, "没有一份投标文件成功解密", None),
    ],
)
def test_it_does_not_end_before_and_says_what_is_missing(settled, objections, opened, says, basis):
    with pytest.raises(rules.CannotEndYet, match=says) as refused:
        rules.require_may_end(settled=settled, open_objections=objections, opened=opened)
    assert (str(refused.value.basis) if refused.value.basis else None) == basis
    assert refused.value.code == "opening.cannot_end_yet"

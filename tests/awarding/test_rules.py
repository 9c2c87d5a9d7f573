"""A limit of lots: whoever is first in enough lots before is passed over, and nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.awarding.rules import MOST_CANDIDATES, candidates, passed_over

pytestmark = pytest.mark.pure

RANKING = [("b1", "A"), ("b2", "B"), ("b3", "C"), ("b4", "D")]


@pytest.mark.parametrize(
    ("before", "most", "over", "left"),
    [
        ([], 1, [], ["b1", "b2", "b3"]),
        (["A"], 1, ["b1"], ["b2", "b3", "b4"]),
        (["A"], 2, [], ["b1", "b2", "b3"]),
        (["A", "A"], 2, ["b1"], ["b2", "b3", "b4"]),
        (["A", "B", "C", "D"], 1, ["b1", "b2", "b3", "b4"], []),
        (["A", "B"], 0, [], ["b1", "b2", "b3"]),
        (["X"], 1, [], ["b1", "b2", "b3"]),
    ],
)
def test_a_limit_passes_over_whom_it_names(
    before: list[str], most: int, over: list[str], left: list[str]
) -> None:
    assert passed_over(RANKING, first_before=before, most_lots=most) == over
    assert candidates([bid for bid, _ in RANKING], without=over) == left


@given(st.lists(st.sampled_from("ABCD"), max_size=8), st.integers(1, 4))
def test_with_a_limit_nobody_is_first_more_often(before: list[str], most: int) -> None:
    over = passed_over(RANKING, first_before=before, most_lots=most)
    left = candidates([bid for bid, _ in RANKING], without=over)
    assert len(left) <= MOST_CANDIDATES
    if left:
        assert before.count(dict(RANKING)[left[0]]) < most

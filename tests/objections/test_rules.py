"""By when a challenge is in time, and when an unanswered objection demands that the deadline moves."""

from datetime import datetime, timedelta

import pytest

from ggzy.kernel.calendars import CHINA
from ggzy.law import table
from ggzy.law.limits import BEIJING
from ggzy.objections.rules import extension_demanded, file_challenge_ends, result_challenge_ends

pytestmark = pytest.mark.pure
LAW = table.in_force(datetime(2026, 3, 2, tzinfo=BEIJING).date())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("taken", "ends"),
    [
        # published on Monday the 2nd, the notice ends on the 9th: seven working days after it
        ("2026-03-02T12:00", "2026-03-19T00:00"),
        # taken later: from its own day
        ("2026-03-12T12:00", "2026-03-24T00:00"),
    ],
)
def test_the_file_is_challenged_within_seven_working_days_of_the_later_event(taken: str, ends: str) -> None:
    found = file_challenge_ends(
        taken_at=at(taken), published_at=at("2026-03-02T09:00"), law=LAW, calendar=CHINA
    )
    assert found.instant == at(ends)


def test_the_result_is_challenged_after_its_notice_has_ended() -> None:
    """Announced on Monday the 2nd, the notice ends on the 3rd; day seven is Thursday the 12th."""
    found = result_challenge_ends(announced_at=at("2026-03-02T09:00"), law=LAW, calendar=CHINA)
    assert found.instant == at("2026-03-13T00:00")


@pytest.mark.parametrize(
    ("due", "now", "demanded"),
    [
        (10, 9, False),
        (10, 10, True),  # overdue
        (20, 1, True),  # nothing would be left between the answer and the deadline
        (19, 1, False),
        (10, 20, False),  # the deadline has passed: the hold stops the opening
    ],
)
def test_when_an_unanswered_objection_demands_an_extension(due: int, now: int, demanded: bool) -> None:
    start = at("2026-03-02T00:00")
    found = extension_demanded(
        answer_due_at=start + timedelta(days=due),
        deadline=start + timedelta(days=20),
        now=start + timedelta(days=now),
    )
    assert found is demanded

"""What nobody could report: a deadline or a window that ran out while the platform itself could not be reached.

Looked at just before the clock closes bidding or ends a window, in the same transaction: what it finds is taken as an
outage reported when the silence began, and the clock then sees a deadline that has moved, a window that stands still.
"""

from datetime import datetime

from ggzy.changes.actions import take_up_silence
from ggzy.deadlines.actions import guard
from ggzy.kernel.pulse import silence_before
from ggzy.opening.actions import END_WINDOW
from ggzy.opening.models import OpeningSession
from ggzy.procedures.spec import Stage
from ggzy.tendering.actions import CLOSE_BIDDING
from ggzy.tendering.models import Round


@guard(CLOSE_BIDDING)
def before_closing(round_id: str, now: datetime) -> None:
    """Look whether the deadline of a round fell into a silence."""
    row = Round.objects.filter(public_id=round_id, stage=Stage.OPEN_FOR_BID.value, bid_deadline__lte=now)
    _look(row.values_list("bid_deadline", "lot__tender__public_id").first(), now)


@guard(END_WINDOW)
def before_window_ends(session_id: str, now: datetime) -> None:
    """Look whether the end of a decryption window fell into a silence."""
    row = OpeningSession.objects.filter(
        public_id=session_id,
        round__phase=1,
        window_ended=False,
        shown_at=None,
        paused_at=None,
        window_ends_at__lte=now,
    )
    _look(row.values_list("window_ends_at", "round__lot__tender__public_id").first(), now)


def _look(row: tuple[datetime, str] | None, now: datetime) -> None:
    if row is None:
        return
    moment, tender_id = row
    silence = silence_before(moment)
    if silence is not None:
        take_up_silence(tender_id=tender_id, silence=silence, now=now)

"""What nobody could report: a deadline or a window that ran out while the platform itself could not be reached.

Looked at just before the clock closes bidding or ends a window, in the same transaction: what it finds is taken as an
outage reported when the silence began, and the clock then sees a deadline that has moved, a window that stands still.
A front knows no outage: its deadline and its window get back at once what the silence took.
"""

from datetime import datetime

from ggzy.changes import fronting
from ggzy.changes.actions import take_up_silence
from ggzy.deadlines.actions import guard
from ggzy.fronts.actions import CLOSE
from ggzy.fronts.invitation import REPLY_DUE
from ggzy.kernel.pulse import silence_before
from ggzy.opening import pauses
from ggzy.opening.actions import END_WINDOW
from ggzy.opening.models import OpeningSession
from ggzy.opening.negotiated import CLOSE_OFFERS, make_up_offers
from ggzy.procedures.spec import Stage
from ggzy.tendering.actions import CLOSE_BIDDING
from ggzy.tendering.models import Round


@guard(CLOSE_BIDDING)
def before_closing(round_id: str, now: datetime) -> None:
    """Look whether the deadline of a round fell into a silence."""
    rows = Round.objects.filter(public_id=round_id, stage=Stage.OPEN_FOR_BID.value, bid_deadline__lte=now)
    for moment, tender_id in rows.values_list("bid_deadline", "lot__tender__public_id"):
        silence = silence_before(moment)
        if silence is not None:
            take_up_silence(tender_id=tender_id, silence=silence, now=now)


@guard(CLOSE)
@guard(REPLY_DUE)
def before_a_front_closes(round_id: str, now: datetime) -> None:
    """Look whether the deadline of a front fell into a silence."""
    stages = [s.value for s in fronting.STAGES]
    rows = Round.objects.filter(
        public_id=round_id, phase=0, stage__in=stages, closed_at=None, bid_deadline__lte=now
    )
    for moment, tender_id in rows.values_list("bid_deadline", "lot__tender__public_id"):
        silence = silence_before(moment)
        if silence is not None:
            fronting.take_up_silence(tender_id=tender_id, silence=silence, now=now)


@guard(CLOSE_OFFERS)
def before_offers_close(round_id: str, now: datetime) -> None:
    """Look whether the deadline of last offers fell into a silence."""
    rows = Round.objects.filter(public_id=round_id, stage=Stage.FO_OPEN.value, bid_deadline__lte=now)
    for moment in rows.values_list("bid_deadline", flat=True):
        if silence_before(moment) is not None:
            make_up_offers(round_id, now=now)


@guard(END_WINDOW)
def before_window_ends(session_id: str, now: datetime) -> None:
    """Look whether the end of a decryption window fell into a silence."""
    rows = OpeningSession.objects.filter(
        public_id=session_id, window_ended=False, shown_at=None, paused_at=None, window_ends_at__lte=now
    )
    for moment, phase, tender_id in rows.values_list(
        "window_ends_at", "round__phase", "round__lot__tender__public_id"
    ):
        silence = silence_before(moment)
        if silence is None:
            continue
        if phase == 0:
            pauses.make_up(session_id, since=silence.legal_since, reason=silence.words(now), now=now)
        else:
            take_up_silence(tender_id=tender_id, silence=silence, now=now)

"""An opening that is interrupted: its window stands still, nobody loses a second by it (20号令31)."""

from datetime import datetime, timedelta

from ggzy.deadlines.actions import cancel_timer, set_timer
from ggzy.opening import rules
from ggzy.opening.actions import END_WINDOW, show_if_ready
from ggzy.opening.models import OpeningSession
from ggzy.tendering.models import Round


def pause(round_: Round, *, now: datetime) -> OpeningSession | None:
    """Stop the window of a locked round's opening, if one runs (called inside an act)."""
    session = OpeningSession.objects.select_for_update().filter(round=round_, ended_at=None).first()
    if session is None or session.paused_at is not None:
        return session
    session.paused_at = now
    session.save(update_fields=["paused_at"])
    cancel_timer(kind=END_WINDOW, subject=session.public_id, now=now)
    return session


def resume(round_: Round, *, reason: str, remedy_minutes: int, now: datetime) -> OpeningSession | None:
    """Let the window of a locked round's opening run on: the time that was left, and the remedy the file names."""
    session = OpeningSession.objects.select_for_update().filter(round=round_, ended_at=None).first()
    if session is None or session.paused_at is None:
        return session
    paused_at = session.paused_at
    session.pauses = [
        *session.pauses,
        {"from": paused_at.isoformat(), "until": now.isoformat(), "reason": reason},
    ]
    session.paused_at = None
    if not session.window_ended:
        session.window_ends_at = rules.window_after_pause(
            window_ends_at=session.window_ends_at,
            paused_at=paused_at,
            resumed_at=now,
            remedy=timedelta(minutes=remedy_minutes),
        )
        set_timer(kind=END_WINDOW, subject=session.public_id, due_at=session.window_ends_at)
    session.save(update_fields=["pauses", "paused_at", "window_ends_at"])
    show_if_ready(session, round_, now=now)
    return session

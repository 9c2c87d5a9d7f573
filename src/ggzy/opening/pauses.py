"""An opening that is interrupted: its window stands still, nobody loses a second by it (20号令31)."""

from datetime import datetime, timedelta

from ggzy.deadlines.actions import cancel_timer, set_timer
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.clock import BEIJING
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.opening import rules
from ggzy.opening.actions import END_WINDOW, show_what_may_be
from ggzy.opening.models import BidOpening, OpeningSession
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, place_of


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
    show_what_may_be(session, round_, now=now)
    return session


def make_up(session_id: str, *, since: datetime, reason: str, now: datetime) -> None:
    """Give a window that stood still unnoticed what it had left when the stop began (its running clock follows by itself).

    For the quiet openings of a front, which no outage holds; called inside an act.
    """
    round_ = lock_round(Round.objects.get(opening__public_id=session_id).public_id)
    session = OpeningSession.objects.select_for_update().get(round=round_)
    session.pauses = [
        *session.pauses,
        {"from": since.isoformat(), "until": now.isoformat(), "reason": reason},
    ]
    session.window_ends_at = rules.window_after_pause(
        window_ends_at=session.window_ends_at, paused_at=since, resumed_at=now, remedy=timedelta(0)
    )
    session.save(update_fields=["pauses", "window_ends_at"])
    record_act(
        "opening.window_made_up",
        subject=session.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place_of(round_),
        party={
            "since": since.isoformat(),
            "until": now.isoformat(),
            "window_ends_at": session.window_ends_at.isoformat(),
        },
    )
    waiting = session.bids.filter(state=BidOpening.WAITING).values_list("bid__bidder_id", flat=True)
    tell(
        organisations=waiting,
        kind=Kind.LEGAL,
        basis=rules.IN_TIME,
        until_opening=[round_.public_id],
        title=f"{round_.lot.tender.name}（{round_.lot.name}）解密时限补足",
        text=f"{reason}。解密时限已补足, 请在{session.window_ends_at.astimezone(BEIJING):%Y年%m月%d日 %H:%M}前解密。",
        link=f"/work/fronts/{round_.public_id}/package",
        now=now,
    )

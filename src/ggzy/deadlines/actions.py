"""Setting a clock, and firing the clocks that are due."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Case, When

from ggzy.deadlines.models import Timer

log = logging.getLogger(__name__)

#: what happens when a clock runs out: (subject, legal now) inside the claiming transaction; returns a later
#: moment at which to ask again, or None when it is done
Effect = Callable[[str, datetime], datetime | None]

_EFFECTS: dict[str, Effect] = {}
_FIRST: set[str] = set()
_GUARDS: dict[str, Callable[[str, datetime], None]] = {}
RETRY = timedelta(seconds=5)


def effect(kind: str, *, first: bool = False) -> Callable[[Effect], Effect]:
    """Register what happens when a clock of this kind runs out (called once, where the act lives).

    With `first` it goes before due clocks of other kinds: what the law sets to a minute does not queue behind work.
    """

    def keep(function: Effect) -> Effect:
        assert kind not in _EFFECTS, f"two effects for {kind}"
        _EFFECTS[kind] = function
        if first:
            _FIRST.add(kind)
        return function

    return keep


def guard(kind: str) -> Callable[[Callable[[str, datetime], None]], Callable[[str, datetime], None]]:
    """Register what a later stage looks at, in the same transaction, before the effect of this kind happens.

    It returns nothing: what it finds, it changes, and the effect judges what it then sees.
    """

    def keep(function: Callable[[str, datetime], None]) -> Callable[[str, datetime], None]:
        assert kind not in _GUARDS, f"two guards before {kind}"
        _GUARDS[kind] = function
        return function

    return keep


def set_timer(*, kind: str, subject: str, due_at: datetime) -> None:
    """Start a clock, or move the one that runs."""
    moved = Timer.objects.filter(kind=kind, subject=subject, done_at=None).update(due_at=due_at)
    if not moved:
        Timer.objects.create(kind=kind, subject=subject, due_at=due_at)
    with connection.cursor() as cursor:
        cursor.execute("NOTIFY ggzy_timers")


def cancel_timer(*, kind: str, subject: str, now: datetime) -> None:
    """Stop a clock that no longer matters."""
    Timer.objects.filter(kind=kind, subject=subject, done_at=None).update(done_at=now, trouble="cancelled")


def fire_one(*, now: Callable[[], datetime]) -> bool:
    """Claim one clock that is due and let its effect happen in the same transaction; say whether there was one.

    Two workers never fire one clock: the row is claimed with SKIP LOCKED, and a crash before the commit leaves
    it as it was. An effect that breaks is tried again after a pause, with the trouble noted on the row.
    """
    with transaction.atomic():
        moment = now()
        timer = (
            Timer.objects.select_for_update(skip_locked=True)
            .filter(done_at=None, due_at__lte=moment)
            .exclude(not_before__gt=moment)
            .order_by(Case(When(kind__in=_FIRST, then=0), default=1), "due_at", "id")
            .first()
        )
        if timer is None:
            return False
        try:
            with transaction.atomic():
                if timer.kind in _GUARDS:
                    _GUARDS[timer.kind](timer.subject, moment)
                again = _EFFECTS[timer.kind](timer.subject, moment)
        except Exception as trouble:  # noqa: BLE001 - a broken effect must not stop the other clocks
            log.exception("clock %s of %s", timer.kind, timer.public_id)
            timer.tries += 1
            timer.trouble = f"{type(trouble).__name__}: {trouble}"[:300]
            timer.not_before = moment + RETRY * min(timer.tries, 12)
            timer.save(update_fields=["tries", "trouble", "not_before"])
            return True
        if again is None:
            timer.done_at = moment
        else:
            timer.due_at = again
        timer.save(update_fields=["done_at", "due_at"])
        return True


def next_due() -> datetime | None:
    """Return the moment of the next clock, or None when none runs."""
    return Timer.objects.filter(done_at=None).order_by("due_at").values_list("due_at", flat=True).first()

"""What becomes of booked rooms when an opening moves or will not be: they follow, or are given back."""

from collections.abc import Sequence
from datetime import datetime

from ggzy.changes.rules import Consequence, moment_words
from ggzy.kernel.actors import SYSTEM
from ggzy.tendering.models import Round
from ggzy.venues.actions import release
from ggzy.venues.following import move_bookings_for, would_move
from ggzy.venues.queries import PlaceRow, bookings_of
from ggzy.venues.rules import Planned

_PURPOSES = {"opening": "开标", "evaluation": "评标"}
_BASIS = "《招标投标法》第三十四条"


def _plans(rounds: Sequence[Round], new: datetime) -> list[tuple[PlaceRow, Planned]]:
    ids = [r.public_id for r in rounds]
    rows = {row.booking: row for row in bookings_of(ids)}
    return [(rows[p.booking], p) for p in would_move(rounds=ids, new_start=new) if p.booking in rows]


def _stays(row: PlaceRow, plan: Planned) -> bool:
    """Say whether a booking follows: an opening only to the very moment, an evaluation also to the next free slot."""
    return plan.new is not None or (row.purpose != "opening" and plan.proposal is not None)


def consequences(rounds: Sequence[Round], new: datetime) -> list[Consequence]:
    """Return what becomes of each booking if the opening moves to `new`."""
    rows = []
    for row, plan in _plans(rounds, new):
        says = f"{_PURPOSES[row.purpose]}场地: {row.room}"
        if not _stays(row, plan):
            says += "。新的时段已被占用, 释放后请另行预约; 开标在网上进行, 不受影响"
        target = plan.target if _stays(row, plan) else None
        rows.append(
            Consequence(
                sort="room",
                says=says,
                before=moment_words(row.start),
                after=moment_words(target.start) if target else "释放",
                clause=_BASIS,
            )
        )
    return rows


def given_back(rounds: Sequence[Round]) -> list[Consequence]:
    """Return the bookings that are given back when the rounds end."""
    return [
        Consequence(
            sort="room",
            says=f"{_PURPOSES[row.purpose]}场地: {row.room}",
            before=moment_words(row.start),
            after="释放",
        )
        for row in bookings_of([r.public_id for r in rounds])
    ]


def follow(rounds: Sequence[Round], new: datetime, *, now: datetime) -> None:
    """Move the bookings of these rounds with their opening; what has no place there is given back."""
    plans = _plans(rounds, new)
    for row, plan in plans:
        if not _stays(row, plan):
            release(booking_id=row.booking, actor=SYSTEM, now=now)
    if plans:
        ids = [r.public_id for r in rounds]
        move_bookings_for(rounds=ids, new_start=new, actor=SYSTEM, now=now, take_proposals=True)


def give_back(rounds: Sequence[Round], *, now: datetime) -> None:
    """Release the bookings of rounds that ended and have not been used up."""
    for row in bookings_of([r.public_id for r in rounds]):
        if row.end > now:
            release(booking_id=row.booking, actor=SYSTEM, now=now)

"""What every change does, whatever it changes: its own row, the draw it makes void."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from ggzy.changes.models import Change
from ggzy.changes.rules import Plan, Wish
from ggzy.experts.actions import cancel_draw, running_draw
from ggzy.kernel.actors import Actor
from ggzy.tendering.models import Round, Tender


def new_change(
    wish: Wish,
    made: Plan,
    tender: Tender,
    rounds: Sequence[Round],
    *,
    deadline: datetime | None,
    actor: Actor,
    now: datetime,
) -> Change:
    """Return the row of a change, not saved yet: numbered, with every consequence as it was shown."""
    return Change(
        tender=tender,
        number=Change.objects.filter(tender=tender).count() + 1,
        kind=wish.kind.value,
        wish=wish.as_json() | {"deadline_before": deadline.isoformat() if deadline else None},
        consequences=[asdict(c) for c in made.consequences],
        plan_sha256=made.digest,
        rounds=[r.public_id for r in rounds],
        made_by=actor.role.value,
        made_at=now,
        region_code=tender.region_code,
    )


def give_up_draw(rounds: Sequence[Round], *, reason: str, actor: Actor, now: datetime) -> None:
    """Give up the draw for sessions that will not be when it was drawn for, if one runs."""
    draw = running_draw(rounds)
    if draw is not None:
        cancel_draw(draw, reason=reason, actor=actor, now=now)

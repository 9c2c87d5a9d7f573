"""What every act on a draw does: lock it, record in public, keep the order of its steps."""

from datetime import datetime

from ggzy.evidence.actions import record_act
from ggzy.experts.models import Draw, Step
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound, Refusal


class DrawNotNow(Refusal):
    """The draw stands elsewhere."""

    code = "experts.draw_not_now"


def lock_draw(draw_id: str, *, cancelled: bool = False) -> Draw:
    """Return a draw locked for change; a cancelled one only where the caller asks for it.

    :raises NotFound: no such draw
    :raises DrawNotNow: it was cancelled
    """
    draw = (
        Draw.objects.select_for_update(of=("self",))
        .select_related("tender")
        .filter(public_id=draw_id)
        .first()
    )
    if draw is None:
        raise NotFound("没有这次专家抽取")
    if draw.state == Draw.CANCELLED and not cancelled:
        raise DrawNotNow("本次抽取因时间变更已取消, 请在重新发起的抽取中办理")
    return draw


def record(
    draw: Draw,
    act: str,
    actor: Actor,
    now: datetime,
    public: dict[str, object],
    supervisor: dict[str, object] | None = None,
) -> None:
    """Record an act on a draw; `public` is for everyone and names nobody."""
    record_act(
        act,
        subject=draw.public_id,
        actor=actor,
        legal_at=now,
        ocid=draw.tender.ocid,
        public={"draw": draw.public_id, **public},
        supervisor=supervisor,
    )


def take_step(draw: Draw, what: str, label: str, now: datetime) -> None:
    """Keep what happened next in a locked draw: from these steps anyone recomputes who had to be called."""
    Step.objects.create(draw=draw, number=draw.steps.count() + 1, what=what, label=label, at=now)

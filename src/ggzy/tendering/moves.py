"""The one place that changes a stage: lock the round, ask the procedure, move."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef

from ggzy.deadlines.actions import set_timer
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import EVERY_HOLD, FAILURES, Hold, Move, Procedure
from ggzy.tendering.models import HoldRow, Round, Tender

#: the clock that lets a later stage look at a round that has moved, at once and whatever the worker does
MOVED = "tendering.moved"
#: the clock of the answer to an objection or a challenge, which the context of complaints watches
ANSWERING = "complaints.answering"


def procedure_of(round_: Round) -> Procedure:
    """Return the procedure a round runs by."""
    return BY_CODE[round_.procedure_code]


def lock_round(round_id: str) -> Round:
    """Return a round locked for change, with its lot and tender.

    :raises NotFound: no such round
    """
    row = (
        Round.objects.select_for_update(of=("self",))
        .select_related("lot__tender__tenderee")
        .filter(public_id=round_id)
        .first()
    )
    if row is None:
        raise NotFound("没有这个标段轮次, 请从项目页面进入")
    return row


#: the front of the same lot and number, where it has failed
FAILED_FRONT = Round.objects.filter(
    lot=OuterRef("lot"), number=OuterRef("number"), phase=0, stage__in=[s.value for s in FAILURES]
)


def lock_rounds_of(tender_id: str, *, stages: Iterable[str]) -> list[Round]:
    """Return the rounds of a tender that stand at one of the stages, locked, in the order of their lots.

    A main round whose front has failed is not among them: it will never be published.

    :raises NotFound: no such tender
    """
    if not Tender.objects.filter(public_id=tender_id).exists():
        raise NotFound("没有这个招标项目, 请从列表进入")
    return list(
        Round.objects.select_for_update(of=("self",))
        .select_related("lot__tender__tenderee")
        .filter(lot__tender__public_id=tender_id, stage__in=list(stages))
        .exclude(Exists(FAILED_FRONT), phase=1)
        .order_by("lot__number", "number", "phase")
    )


def holds_on(round_: Round) -> list[Hold]:
    """Return the holds in force on a round."""
    return [
        Hold(kind)
        for kind in HoldRow.objects.filter(round=round_, lifted_at=None).values_list("kind", flat=True)
    ]


def standing_still(round_: Round) -> list[Hold]:
    """Return the holds that stop a round as a whole, not only its contract."""
    return [hold for hold in holds_on(round_) if hold in EVERY_HOLD]


def require_move(round_: Round, code: str, *, actor: Actor) -> Move:
    """Return the move if the round's stage, its holds and the actor's role allow it; nothing changes.

    :raises MoveNotAllowed: wrong stage, deferred, or held
    :raises NotPermitted: the procedure gives this move to others
    """
    move = procedure_of(round_).move(round_.stage, code, holds=holds_on(round_))
    if actor.role not in move.actors:
        who = "、".join(sorted(role.label for role in move.actors))
        raise NotPermitted(f"“{move.label}”由{who}办理")
    return move


def make_move(round_: Round, code: str, *, actor: Actor, now: datetime, **changes: object) -> Move:
    """Move a locked round and write the given fields with it.

    :raises MoveNotAllowed: wrong stage, deferred, or held
    :raises NotPermitted: the procedure gives this move to others
    """
    move = require_move(round_, code, actor=actor)
    round_.stage = move.target.value
    for name, value in changes.items():
        setattr(round_, name, value)
    round_.save(update_fields=["stage", *changes])
    if round_.published_at is not None:
        set_timer(kind=MOVED, subject=round_.public_id, due_at=now)
    return move


def set_hold(round_: Round, kind: Hold, *, reason: str, source: str, now: datetime) -> HoldRow:
    """Put a hold beside the stage."""
    return HoldRow.objects.create(
        round=round_, kind=kind.value, reason=reason[:300], source=source, since=now
    )


def lift_hold(*, source: str, now: datetime) -> int:
    """Lift what one source (an objection, an order) holds; return how many were lifted."""
    return HoldRow.objects.filter(source=source, lifted_at=None).update(lifted_at=now)


def place_of(round_: Round) -> dict[str, Any]:
    """Return where an act of a round belongs in the evidence log: its process, lot and round.

    What is done with the packages of a front is escrowed: it is in no pack before the main round is opened.
    """
    return {
        "ocid": round_.lot.tender.ocid,
        "lot": round_.lot.public_id,
        "round": round_.public_id,
        **({"escrowed": True} if round_.phase == 0 else {}),
    }


def require_owner_side(tender: Tender, actor: Actor) -> None:
    """Let the tenderee or its agency of this tender pass.

    :raises NotPermitted: another organisation
    """
    if actor.organisation_pk not in {tender.tenderee_id, tender.agency_id} or not actor.organisation_pk:
        raise NotPermitted("只能办理本单位的项目")


def require_tenderee(tender: Tender, actor: Actor) -> None:
    """Let the tenderee itself pass.

    :raises NotPermitted: another organisation, the agency included
    """
    if actor.organisation_pk != tender.tenderee_id:
        raise NotPermitted("此事项须由招标人本单位办理, 代理机构不能代办")

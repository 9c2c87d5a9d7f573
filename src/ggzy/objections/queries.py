"""What pages show of objections: text only to the objector, the owner side and the supervisor."""

from typing import Any

from django.db.models import Q

from ggzy.kernel.actors import Actor, Role
from ggzy.objections.models import Objection
from ggzy.tendering.models import large


def objections_on(*, round_id: str, viewer: Actor) -> list[dict[str, Any]]:
    """Return the objections of a round; the texts only to those concerned."""
    rows = (
        Objection.objects.filter(round__public_id=round_id)
        .select_related("objector", "round__lot__tender")
        .order_by("pk")
    )
    out = []
    for row in rows:
        tender = row.round.lot.tender
        concerned = viewer.role is Role.SUPERVISOR or (
            viewer.organisation_pk
            and viewer.organisation_pk in {row.objector_id, tender.tenderee_id, tender.agency_id}
        )
        hidden = row.about == Objection.FILE and row.round.opened_at is None
        named = concerned and (not hidden or viewer.organisation_pk == row.objector_id)
        out.append(
            {
                "id": row.public_id,
                "about": row.about,
                "late": row.late,
                "upheld": row.upheld,
                "filed_at": row.filed_at,
                "answer_due_at": row.answer_due_at,
                "answered_at": row.answered_at,
                "objector": row.objector.name if named else None,
                "text": row.text if concerned else None,
                "answer": row.answer if concerned else None,
            }
        )
    return out


def waiting_for_answer(organisation_pk: int) -> list[dict[str, Any]]:
    """Return the unanswered objections to results of an owner side's own tenders, the first due first."""
    rows = (
        Objection.objects.filter(answered_at=None)
        .filter(
            Q(round__lot__tender__tenderee_id=organisation_pk)
            | Q(round__lot__tender__agency_id=organisation_pk)
        )
        .select_related("round__lot__tender")
        .defer(*large("round"))
        .order_by("answer_due_at")
    )
    return [_named(row) for row in rows[:100]]


def own_objections(organisation_pk: int) -> list[dict[str, Any]]:
    """Return the objections that an organisation has raised, newest first."""
    rows = (
        Objection.objects.filter(objector_id=organisation_pk)
        .select_related("round__lot__tender")
        .defer(*large("round"))
        .order_by("-pk")
    )
    return [_named(row) for row in rows[:50]]


def _named(row: Objection) -> dict[str, Any]:
    lot = row.round.lot
    return {
        "id": row.public_id,
        "about": row.about,
        "late": row.late,
        "tender": lot.tender.public_id,
        "round": row.round.public_id,
        "lot": lot.public_id,
        "name": f"{lot.tender.name} · {lot.name}",
        "filed_at": row.filed_at,
        "answer_due_at": row.answer_due_at,
        "answered_at": row.answered_at,
    }

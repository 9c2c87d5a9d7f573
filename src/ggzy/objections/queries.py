"""What pages show of objections: text only to the objector, the owner side and the supervisor."""

from typing import Any

from ggzy.kernel.actors import Actor, Role
from ggzy.objections.models import Objection


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
            viewer.organisation_pk and viewer.organisation_pk in {row.objector_id, tender.tenderee_id, tender.agency_id}
        )
        out.append(
            {
                "id": row.public_id,
                "filed_at": row.filed_at,
                "answer_due_at": row.answer_due_at,
                "answered_at": row.answered_at,
                "objector": row.objector.name if concerned else None,
                "text": row.text if concerned else None,
                "answer": row.answer if concerned else None,
            }
        )
    return out

"""What pages show of objections: text only to the objector, the owner side and the supervisor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.objections.models import Challenge, Objection
from ggzy.objections.rules import ABOUT, OUTCOMES
from ggzy.tendering.models import Round, large


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
                "withdrawn_at": row.withdrawn_at,
                "objector": row.objector.name if named else None,
                "text": row.text if concerned else None,
                "answer": row.answer if concerned else None,
            }
        )
    return out


def waiting_for_answer(organisation_pk: int) -> list[dict[str, Any]]:
    """Return the unanswered objections to results of an owner side's own tenders, the first due first."""
    rows = (
        Objection.objects.filter(answered_at=None, withdrawn_at=None)
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
        "withdrawn_at": row.withdrawn_at,
        "overdue_file": row.about == Objection.FILE and not row.late,
        "bid_deadline": row.round.bid_deadline,
    }


@dataclass(frozen=True, kw_only=True)
class ChallengeRow:
    """One challenge as a viewer may see it: its clocks, and to those concerned its texts; a name only after the opening."""

    id: str
    tender: str
    round: str
    lot: str
    name: str
    about: str
    filed_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None
    withdrawn_at: datetime | None
    outcome: str
    own: bool
    answers: bool
    challenger: str | None
    texts: dict[str, str]

    @property
    def about_label(self) -> str:
        """Return what it is about, in words."""
        return ABOUT[self.about]

    @property
    def running(self) -> bool:
        """Say whether it waits for its answer."""
        return self.answered_at is None and self.withdrawn_at is None


def _opened(round_: Round) -> bool:
    """Say whether the bids are opened: of a front, those of its main round, for who challenges may have applied."""
    if round_.phase:
        return round_.opened_at is not None
    return Round.objects.filter(
        lot=round_.lot, number=round_.number, phase=1, opened_at__isnull=False
    ).exists()


def _challenge(row: Challenge, viewer: Actor) -> ChallengeRow:
    lot, tender = row.round.lot, row.round.lot.tender
    pk = viewer.organisation_pk
    own, answers = (
        bool(pk) and pk == row.challenger_id,
        bool(pk) and pk in {tender.tenderee_id, tender.agency_id},
    )
    concerned = own or answers or viewer.role is Role.SUPERVISOR
    named = own or (concerned and _opened(row.round))
    texts = {"matter": row.matter, "facts": row.facts, "law": row.law, "request": row.request}
    return ChallengeRow(
        id=row.public_id,
        tender=tender.public_id,
        round=row.round.public_id,
        lot=lot.public_id,
        name=f"{tender.name} · {lot.name}",
        about=row.about,
        filed_at=row.filed_at,
        answer_due_at=row.answer_due_at,
        answered_at=row.answered_at,
        withdrawn_at=row.withdrawn_at,
        outcome=OUTCOMES.get(row.outcome, ""),
        own=own,
        answers=answers,
        challenger=row.challenger.name if named else None,
        texts={**texts, "answer": row.answer} if concerned else {},
    )


def challenges_on(*, round_id: str, viewer: Actor) -> list[ChallengeRow]:
    """Return the challenges of a round; to whom they do not concern, of its file nothing before the opening."""
    rows = Challenge.objects.filter(round__public_id=round_id).select_related(
        "challenger", "round__lot__tender"
    )
    found = [(_challenge(row, viewer), row.round) for row in rows.order_by("pk")]
    return [row for row, round_ in found if row.texts or _opened(round_)]


def challenge(*, challenge_id: str, viewer: Actor) -> ChallengeRow:
    """Return one challenge to whom it concerns.

    :raises NotFound: none, or not this viewer's
    """
    row = (
        Challenge.objects.filter(public_id=challenge_id)
        .select_related("challenger", "round__lot__tender")
        .first()
    )
    found = _challenge(row, viewer) if row else None
    if found is None or not found.texts:
        raise NotFound("没有这件质疑", next_steps=(("返回工作台", "/work"),))
    return found


def own_challenges(viewer: Actor) -> list[ChallengeRow]:
    """Return the challenges that the viewer's organisation has raised, newest first."""
    rows = Challenge.objects.filter(challenger_id=viewer.organisation_pk)
    return [
        _challenge(r, viewer)
        for r in rows.select_related("challenger", "round__lot__tender").order_by("-pk")[:50]
    ]


def challenges_to_answer(viewer: Actor) -> list[ChallengeRow]:
    """Return what an owner side has to answer, the first due first."""
    pk = viewer.organisation_pk
    rows = Challenge.objects.filter(answered_at=None, withdrawn_at=None).filter(
        Q(round__lot__tender__tenderee_id=pk) | Q(round__lot__tender__agency_id=pk)
    )
    rows = rows.select_related("challenger", "round__lot__tender").order_by("answer_due_at")
    return [_challenge(row, viewer) for row in rows[:100]]

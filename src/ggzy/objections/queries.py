"""What pages show of objections and challenges: text only to who raised them, the owner side and the supervisor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.objections import proceedings
from ggzy.objections.challenges import opening_step, outcomes_of
from ggzy.objections.models import Challenge, Objection
from ggzy.objections.rules import CHANGES_PURCHASE, CHANGES_RESULT, OUTCOMES
from ggzy.opening.queries import all_bidders
from ggzy.procedures.catalogue import BY_CODE
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
    kind: str
    of: str
    page: str
    name: str
    about: str
    about_label: str
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
    def running(self) -> bool:
        """Say whether it waits for its answer."""
        return self.answered_at is None and self.withdrawn_at is None


def _challenge(row: Challenge, viewer: Actor, *, known: bool) -> ChallengeRow:
    pk = viewer.organisation_pk
    own, answers = bool(pk) and pk == row.challenger_id, bool(pk) and pk in {row.buyer_id, row.agency_id}
    concerned = own or answers or viewer.role is Role.SUPERVISOR
    texts = {"matter": row.matter, "facts": row.facts, "law": row.law, "request": row.request}
    return ChallengeRow(
        id=row.public_id,
        kind=row.kind,
        of=row.of,
        page=row.page,
        name=row.name,
        about=row.about,
        about_label=proceedings.says(row.about, row.round),
        filed_at=row.filed_at,
        answer_due_at=row.answer_due_at,
        answered_at=row.answered_at,
        withdrawn_at=row.withdrawn_at,
        outcome=OUTCOMES.get(row.outcome, ""),
        own=own,
        answers=answers,
        challenger=row.challenger.name if own or (concerned and known) else None,
        texts={**texts, "answer": row.answer} if concerned else {},
    )


def _rows(found: QuerySet[Challenge], viewer: Actor) -> list[tuple[ChallengeRow, bool]]:
    """Return challenges as a viewer sees them, each with whether everybody may know who takes part."""
    rows = list(found.select_related("challenger", "round").defer(*large("round")))
    known = proceedings.known_of(rows)
    return [(_challenge(row, viewer, known=row.of in known), row.of in known) for row in rows]


def challenges_on(*, of: str, viewer: Actor) -> list[ChallengeRow]:
    """Return the challenges of a round or a purchase; to whom they do not concern, nothing while its suppliers are secret."""
    found = _rows(Challenge.objects.filter(of=of).order_by("pk"), viewer)
    return [row for row, known in found if row.texts or (known and row.about != Challenge.ADMISSION)]


def challenge(*, challenge_id: str, viewer: Actor) -> ChallengeRow:
    """Return one challenge to whom it concerns.

    :raises NotFound: none, or not this viewer's
    """
    found = _rows(Challenge.objects.filter(public_id=challenge_id), viewer)
    if not found or not found[0][0].texts:
        raise NotFound("没有这件质疑", next_steps=(("返回工作台", "/work"),))
    return found[0][0]


def own_challenges(viewer: Actor) -> list[ChallengeRow]:
    """Return the challenges that the viewer's organisation has raised, newest first."""
    rows = Challenge.objects.filter(challenger_id=viewer.organisation_pk).order_by("-pk")[:50]
    return [row for row, _ in _rows(rows, viewer)]


def challenges_to_answer(viewer: Actor) -> list[ChallengeRow]:
    """Return what an owner side has to answer, the first due first."""
    pk = viewer.organisation_pk
    rows = Challenge.objects.filter(Q(buyer_id=pk) | Q(agency_id=pk), answered_at=None, withdrawn_at=None)
    return [row for row, _ in _rows(rows.order_by("answer_due_at")[:100], viewer)]


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """One step that the viewer may challenge: until when, how that is counted, and whether the contract waits."""

    about: str
    label: str
    ends_at: datetime
    arithmetic: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class ProceedingRow:
    """What has no rounds, as pages of challenges and complaints name it."""

    id: str
    kind: str
    name: str
    page: str
    buyer: str
    known: bool
    holds: tuple[str, ...]
    steps: tuple[StepRow, ...]


def proceeding(*, of: str, viewer: Actor, now: datetime) -> ProceedingRow:
    """Return a purchase without rounds, with the steps that the viewer may challenge now and has not.

    :raises NotFound: none, or none that the viewer may know of
    """
    found = proceedings.seen(of, viewer=viewer)
    ways, pk = proceedings.ways_of(found), viewer.organisation_pk
    if ways is None:
        raise NotFound("没有这项采购活动, 请从项目页面进入")
    steps = ways.steps(of, supplier=pk) if pk and viewer.role is Role.BIDDER else []
    raised = Challenge.objects.filter(of=of, challenger_id=pk, withdrawn_at=None)
    done = set(raised.values_list("about", "step_at")) if steps else set()
    return ProceedingRow(
        id=found.id,
        kind=found.kind,
        name=found.name,
        page=found.page,
        buyer=found.buyer_name,
        known=found.known,
        holds=tuple(hold.label for hold in proceedings.holds_on(of)),
        steps=tuple(
            StepRow(
                about=step.about,
                label=found.says(step.about),
                ends_at=step.ends.instant,
                arithmetic=step.ends.arithmetic,
                holds=step.holds,
            )
            for step in steps
            if (step.about, step.at) not in done and now < step.ends.instant
        ),
    )


def may_challenge_opening(*, round_id: str, viewer: Actor, now: datetime) -> bool:
    """Say whether the viewer took part in an opening that ended not long ago, and has not challenged it."""
    round_ = Round.objects.select_related("lot__tender").filter(public_id=round_id).first()
    step = opening_step(round_) if round_ is not None else None
    if round_ is None or step is None or now >= step.ends.instant:
        return False
    raised = Challenge.objects.filter(
        of=round_id, challenger_id=viewer.organisation_pk, about=Challenge.OPENING, withdrawn_at=None
    )
    return viewer.organisation_pk in all_bidders(round_.pk) and not raised.exists()


def outcomes(*, challenge_id: str, viewer: Actor) -> dict[str, str]:
    """Return how the viewer may end a challenge, in words: only the buyer itself changes a result.

    :raises NotFound: none, or not this viewer's
    """
    row = challenge(challenge_id=challenge_id, viewer=viewer)
    found = proceedings.find(row.of)
    able = outcomes_of(found, Challenge.objects.get(public_id=challenge_id))
    if viewer.role is not Role.TENDEREE:
        able -= CHANGES_RESULT | CHANGES_PURCHASE
    if found.round is not None:
        # a result of several is not mended one by one, and before there is a result nothing of it changes
        procedure, stage = BY_CODE[found.round.procedure_code], found.round.stage
        moves = {"redetermine": ["uphold_challenge"], "restart": ["restart_after_challenge", "call_off"]}
        able -= {code for code, ways in moves.items() if not any(procedure.has(stage, m) for m in ways)}
    return {code: says for code, says in OUTCOMES.items() if code in able}

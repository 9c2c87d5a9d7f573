"""What each side may see of questions: the owner side the texts, everybody the answers, oneself one's own."""

from dataclasses import dataclass
from datetime import date, datetime

from ggzy.inquiries.models import FileTaking, Question
from ggzy.kernel.actors import Actor
from ggzy.law.limits import beijing_date


@dataclass(frozen=True, kw_only=True)
class OpenQuestion:
    """An unanswered question as the owner side sees it: no name, and no more of the time than its day."""

    question: str
    text: str
    asked_on: date


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question with its answer, as everybody sees it."""

    text: str
    answer: str
    version: int
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class OwnQuestion:
    """An organisation's own question."""

    question: str
    text: str
    asked_at: datetime
    answer: str
    answered_at: datetime | None


def open_questions(tender_pk: int) -> list[OpenQuestion]:
    """Return a tender's unanswered questions, in the order of their public ids: not even the order tells of anyone.

    The caller has checked that the viewer is of the owner side.
    """
    rows = Question.objects.filter(tender_id=tender_pk, answered_at=None).order_by("public_id")
    return [
        OpenQuestion(question=q.public_id, text=q.text, asked_on=beijing_date(q.asked_at)) for q in rows[:500]
    ]


def answered(tender_pk: int) -> list[Answered]:
    """Return a tender's answered questions by version."""
    rows = (
        Question.objects.filter(tender_id=tender_pk)
        .exclude(answered_at=None)
        .order_by("version", "public_id")
    )
    return [
        Answered(text=q.text, answer=q.answer, version=q.version, answered_at=q.answered_at)
        for q in rows
        if q.version is not None and q.answered_at is not None
    ]


def own_questions(*, tender_pk: int, actor: Actor) -> list[OwnQuestion]:
    """Return what the actor's organisation has asked about a tender."""
    rows = Question.objects.filter(tender_id=tender_pk, asker_id=actor.organisation_pk).order_by("pk")
    return [
        OwnQuestion(
            question=q.public_id, text=q.text, asked_at=q.asked_at, answer=q.answer, answered_at=q.answered_at
        )
        for q in rows
    ]


def version_taken(*, tender_pk: int, actor: Actor) -> int:
    """Return the newest version that the actor's organisation has taken, 0 if none."""
    rows = FileTaking.objects.filter(tender_id=tender_pk, taker_id=actor.organisation_pk, front=None)
    return rows.order_by("-version").values_list("version", flat=True).first() or 0


def first_taken(*, tender_pk: int, organisation_pk: int, front_pk: int | None = None) -> datetime | None:
    """Return when an organisation first took a tender's file, or a front's, None if it did not; for acts and oneself."""
    rows = FileTaking.objects.filter(tender_id=tender_pk, taker_id=organisation_pk, front_id=front_pk)
    return rows.order_by("taken_at").values_list("taken_at", flat=True).first()


def front_file_taken(*, round_id: str, actor: Actor) -> datetime | None:
    """Return when the viewer's own organisation took a prequalification file, None if it did not."""
    rows = FileTaking.objects.filter(front__public_id=round_id, taker_id=actor.organisation_pk)
    return rows.values_list("taken_at", flat=True).first()


def takers(tender_pk: int) -> set[int]:
    """Return the organisations that took a tender's file, to be told; for no page."""
    return set(FileTaking.objects.filter(tender_id=tender_pk, front=None).values_list("taker_id", flat=True))

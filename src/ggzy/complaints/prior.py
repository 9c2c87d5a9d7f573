"""What a complaint follows: the objection or the challenge that its complainant raised before (条例60, 94号令17)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ggzy.awarding.queries import publicities_of
from ggzy.complaints import rules
from ggzy.fronts.models import FrontObjection
from ggzy.kernel import calendars
from ggzy.law.limits import Count, runs_out
from ggzy.objections.models import Challenge, Objection
from ggzy.objections.proceedings import Proceeding
from ggzy.opening.models import OpeningObjection
from ggzy.tendering.models import Round
from ggzy.tendering.stamps import law_of


@dataclass(frozen=True, kw_only=True)
class Prior:
    """One objection or challenge: when raised, by when to be answered, when answered, since when its matter was known."""

    public_id: str
    filed_at: datetime
    answer_due_at: datetime
    answered_at: datetime | None
    known_at: datetime

    def answered_by(self, now: datetime) -> datetime | None:
        """Return until when its complainant waited for the answer: it came, or its time ran out; None while it runs."""
        if self.answered_at is not None:
            return self.answered_at
        return self.answer_due_at if now >= self.answer_due_at else None


def find(*, proceeding: Proceeding, matter: str, organisation_pk: int) -> Prior | None:
    """Return the newest objection or challenge of an organisation on a matter that was not taken back."""
    round_ = proceeding.round
    if proceeding.scope == "GP":
        where = {"of": proceeding.id} if round_ is None else _where(round_, matter)
        challenges = Challenge.objects.filter(
            challenger_id=organisation_pk, about=matter, withdrawn_at=None, **where
        )
        return _prior(challenges.order_by("-pk").first())
    assert round_ is not None, "construction is tendered in rounds"
    if matter in {"file", "result"}:
        objections = Objection.objects.filter(
            round=round_, objector_id=organisation_pk, about=matter, withdrawn_at=None
        )
        found = objections.order_by("-pk").first()
        publicity = publicities_of([round_.pk]).get(round_.pk) if matter == "result" else None
        return _prior(found, known_at=publicity.started_at if publicity else None)
    if matter == "prequalification":
        rows = FrontObjection.objects.filter(objector_id=organisation_pk, **_where(round_, matter))
        return _prior(rows.order_by("-pk").first())
    spoken = (
        OpeningObjection.objects.filter(session__round=round_, bidder_id=organisation_pk)
        .order_by("-pk")
        .first()
    )
    if spoken is None:
        return None
    due = runs_out(law_of(round_)["GC-T09"], started=spoken.raised_at, calendar=calendars.CHINA).instant
    return Prior(
        public_id=spoken.public_id,
        filed_at=spoken.raised_at,
        answer_due_at=due,
        answered_at=spoken.answered_at,
        known_at=spoken.raised_at,
    )


def procurement_complaints_end(round_: Round) -> Count | None:
    """Return when nobody who has challenged a round may complain any more; None where nobody has challenged it."""
    rows = Challenge.objects.filter(round=round_, withdrawn_at=None)
    last = rows.order_by("-answer_due_at").values_list("answer_due_at", flat=True).first()
    if last is None:
        return None
    limit = law_of(round_)["GP-T22"]
    return rules.procurement_complaint_ends(limit, answer_due_at=last, calendar=calendars.CHINA)


def _where(round_: Round, matter: str) -> dict[str, Any]:
    """Return where a matter of a round is raised: that of its prequalification on the front of the same lot and number."""
    if matter == "prequalification":
        return {"round__lot": round_.lot, "round__number": round_.number}
    return {"round": round_}


def _prior(
    row: Objection | Challenge | FrontObjection | None, *, known_at: datetime | None = None
) -> Prior | None:
    """Return a row as what a complaint follows; a file's flaw counts as known when it was objected to, at the latest."""
    if row is None:
        return None
    return Prior(
        public_id=row.public_id,
        filed_at=row.filed_at,
        answer_due_at=row.answer_due_at,
        answered_at=row.answered_at,
        known_at=min(known_at, row.filed_at) if known_at else row.filed_at,
    )


def needed(*, scope: str, matter: str) -> bool:
    """Say whether a matter must be objected to or challenged before it is complained of."""
    return matter in (rules.CHALLENGED_FIRST if scope == "GP" else rules.OBJECTED_FIRST)

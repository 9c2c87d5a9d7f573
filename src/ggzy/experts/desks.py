"""What the desks beside a draw see: phones, who has come, what waits for whom, declared relations, opened names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.experts import rules
from ggzy.experts.attending import absent_labels, late_after
from ggzy.experts.locking import record
from ggzy.experts.models import Candidate, Draw, LentLabel, Loan, PoolList, Replacement, Ring, Tie, Widening
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound
from ggzy.notices.queries import of_round
from ggzy.parties.grid import Permission, require
from ggzy.tendering.moves import require_owner_side


@dataclass(frozen=True, kw_only=True)
class OwnRing:
    """A call as a phone shows it: what it says, and the answer if there is one."""

    ring: str
    phone_of: str
    username: str
    text: str
    rung_at: datetime
    answer_by: datetime
    answer: str
    via: str
    open: bool


def rings(*, limit: int = 100) -> list[OwnRing]:
    """Return the newest calls with whose phone rings, for the page of the training phones alone."""
    rows = Ring.objects.filter(candidate__loan=None).select_related(
        "candidate__expert__account__person", "candidate__draw"
    )
    own = [
        OwnRing(
            ring=r.public_id,
            phone_of=r.candidate.expert.account.person.name,
            username=r.candidate.expert.account.username,
            text=r.text,
            rung_at=r.rung_at,
            answer_by=r.answer_by,
            answer=r.answer,
            via=r.via,
            open=r.candidate.state == Candidate.CALLED and r.candidate.draw.state != Draw.CANCELLED,
        )
        for r in rows.order_by("-pk")[:limit]
    ]
    lent = LentLabel.objects.exclude(rung_at=None).select_related("expert__account__person")
    said = {Candidate.ACCEPTED: Ring.YES, Candidate.REFUSED: Ring.NO, Candidate.CALLED: ""}
    own += [
        OwnRing(
            ring=r.public_id,
            phone_of=r.expert.account.person.name,
            username=r.expert.account.username,
            text=r.text,
            rung_at=r.rung_at,
            answer_by=r.answer_by,
            answer=said.get(r.state, Ring.NONE),
            via=r.via,
            open=r.state == Candidate.CALLED,
        )
        for r in lent.order_by("-pk")[:limit]
    ]
    return sorted(own, key=lambda r: r.rung_at, reverse=True)[:limit]


def attendance(draw_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return for the centre who has agreed and not come (labels), who sits (codes), and the replacements asked for."""
    require(actor, Permission.DRAW_ATTEND)
    return _attendance(_draw(draw_id))


def draws_attending(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the draws whose experts have been called and whose committee is not seated, for the centre."""
    require(actor, Permission.DRAW_ATTEND)
    rows = Draw.objects.filter(state__in=[Draw.CALLING, Draw.CONFIRMED]).order_by("-pk")
    return [
        {"draw": draw, "tender_name": name, "state": state}
        for draw, name, state in rows.values_list("public_id", "tender__name", "state")[:100]
    ]


def own_committee(draw_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return for the owner side the codes that sit and the replacements it asked for."""
    require(actor, Permission.DRAW_REQUEST)
    draw = _draw(draw_id)
    require_owner_side(draw.tender, actor)
    return _attendance(draw)


def _attendance(draw: Draw) -> dict[str, Any]:
    return {
        "labels": absent_labels(draw),
        "late_after": late_after(draw),
        "codes": list(draw.members.filter(left=False).order_by("code").values_list("code", flat=True)),
        "replacements": [
            {
                "id": r.public_id,
                "code": r.member.code,
                "reason": r.reason,
                "confirmed": r.confirmed,
                "proposed_at": r.proposed_at,
            }
            for r in Replacement.objects.filter(member__draw=draw).select_related("member").order_by("-pk")
        ],
    }


def to_oversee(*, actor: Actor) -> list[dict[str, Any]]:
    """Return what waits for the supervisor: voided seeds and proposals to widen a pool."""
    require(actor, Permission.DRAW_OVERSEE)
    waiting = {
        "stalled": PoolList.objects.exclude(stalled_at=None).filter(randomness=""),
        "widening": Widening.objects.filter(approved=None),
        "aside": Loan.objects.filter(decided_at=None).exclude(aside_at=None),
    }
    return [
        {"draw": draw, "tender_name": name, "what": what}
        for what, rows in waiting.items()
        for draw, name in rows.values_list("draw__public_id", "draw__tender__name")
    ]


def to_confirm(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the replacements that wait for the centre."""
    require(actor, Permission.DRAW_ATTEND)
    rows = Replacement.objects.filter(confirmed=None)
    return [
        {"draw": draw, "tender_name": name, "code": code}
        for draw, name, code in rows.values_list(
            "member__draw__public_id", "member__draw__tender__name", "member__code"
        )
    ]


def ties_of(actor: Actor) -> list[dict[str, Any]]:
    """Return an expert's own declared relations that hold."""
    require(actor, Permission.TIE_KEEP)
    rows = Tie.objects.filter(expert__account_id=actor.account_pk, dropped_at=None).order_by("-pk")
    return [
        {"tie": t.public_id, "kind": t.kind, "uscc": t.uscc, "name": t.name, "until": t.until} for t in rows
    ]


def public_names(draw_id: str) -> dict[str, Any]:
    """Return whose labels may be opened in public, and why: nobody's in construction, the members' with a result in procurement.

    :raises NotFound: no such draw
    """
    draw = _draw(draw_id)
    scope = draw.tender.scope
    rounds = draw.rounds.values_list("public_id", flat=True)
    published = all(any(n.row.kind == "result" for n in of_round(r)) for r in rounds)
    if not rules.names_public(scope, result_published=published):
        return {"scope": scope, "open": False, "members": []}
    seated = draw.members.filter(left=False, candidate__isnull=False).order_by("code")
    people = seated.select_related("candidate__expert__account__person")
    return {
        "scope": scope,
        "open": True,
        "members": [_opened(m.candidate) | {"code": m.code} for m in people],
    }


@transaction.atomic
def open_names(*, draw_id: str, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Open every label that was called to the supervisor, with its salt; that it was opened is in the log.

    :raises NotFound: no such draw
    """
    require(actor, Permission.DRAW_OVERSEE)
    draw = _draw(draw_id)
    rows = draw.candidates.exclude(state=Candidate.WAITING).order_by("rank")
    record(draw, "experts.names_opened", actor, now, {})
    return [
        _opened(c) | {"rank": c.rank, "state": c.state}
        for c in rows.select_related("expert__account__person", "loan")
    ]


def _opened(row: Candidate) -> dict[str, Any]:
    return {
        "label": row.label,
        "salt": row.salt,
        "expert": row.expert.public_id if row.expert else "",
        "name": row.expert.account.person.name if row.expert else f"{row.loan.name}的专家, 签到后才知道",
        "employer": row.expert.employer_name if row.expert else "",
    }


def _draw(draw_id: str) -> Draw:
    draw = Draw.objects.select_related("tender").filter(public_id=draw_id).first()
    if draw is None:
        raise NotFound("没有这次专家抽取")
    return draw

"""What pages show of a draw. Names never leave before the award; labels and ranks are public."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from ggzy.experts import rules
from ggzy.experts.actions import Wish, found_for, ground_of
from ggzy.experts.actions import entries_of as entries_for
from ggzy.experts.attending import absent_labels, late_after
from ggzy.experts.locking import record
from ggzy.experts.models import Candidate, Draw, PoolList, Replacement, Ring, Seed, Tie, Widening
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.notices.queries import of_round
from ggzy.opening.queries import Avoidable, bidders_of_rounds, not_yet_opened
from ggzy.parties.grid import Permission, require
from ggzy.tendering.moves import require_owner_side

PARTY_LABELS = {"owner": "招标人或代理机构", "centre": "交易中心", "supervisor": "监督部门"}


@dataclass(frozen=True, kw_only=True)
class ListRow:
    """A frozen list as everybody may see it."""

    number: int
    size: int
    sha256: str
    turn: int
    stalled: bool
    randomness: str
    #: what every party gave for the turn that counts
    seeds: list[dict[str, Any]]
    #: seeds of turns that were voided, by turn
    void: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class DrawRow:
    """A draw as everybody may see it."""

    draw: str
    tender: str
    tender_name: str
    state: str
    specialty: str
    quotas: list[dict[str, Any]]
    conditions: dict[str, Any]
    explained: list[tuple[str, str]]
    needed: int
    committee_size: int
    short: int
    pool_size: int
    pool_sha256: str
    seeds: list[dict[str, Any]]
    randomness: str
    lists: list[ListRow]
    #: a list waits for its seeds
    seeding: bool
    stalled: bool
    called: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    widenings: list[dict[str, Any]]
    checked_in: int


def draw_row(draw_id: str) -> DrawRow:
    """Return one draw.

    :raises NotFound: no such draw
    """
    draw = Draw.objects.select_related("tender").filter(public_id=draw_id).first()
    if draw is None:
        raise NotFound("没有这次专家抽取")
    seeds = list(draw.seeds.order_by("turn", "pk"))
    frozen = list(draw.lists.order_by("number"))
    lists = [
        _list_row(row, seeds, since=before.turn + 1 if before else 1)
        for before, row in zip([None, *frozen], frozen, strict=False)
    ]
    called = draw.candidates.exclude(state=Candidate.WAITING).order_by("rank")
    waiting = next((row for row in lists if not row.randomness), None)
    return DrawRow(
        draw=draw.public_id,
        tender=draw.tender.public_id,
        tender_name=draw.tender.name,
        state=draw.state,
        specialty=_specialty(draw),
        quotas=draw.quotas,
        conditions=draw.conditions,
        explained=rules.Conditions(**draw.conditions).explained(),
        needed=draw.needed,
        committee_size=draw.committee_size,
        short=draw.short,
        pool_size=sum(row.size for row in lists),
        pool_sha256=lists[0].sha256,
        seeds=(waiting or lists[-1]).seeds,
        randomness=draw.randomness,
        lists=lists,
        seeding=waiting is not None,
        stalled=waiting is not None and waiting.stalled,
        called=[{"rank": c.rank, "label": c.label, "state": c.state} for c in called],
        steps=list(draw.steps.order_by("number").values("number", "what", "label", "at")),
        widenings=[
            {
                "id": w.public_id,
                "wider": [
                    {"of": draw.quotas[int(n)]["specialty"], **wider} for n, wider in sorted(w.wider.items())
                ],
                "reason": w.reason,
                "approved": w.approved,
                "opinion": w.opinion,
                "proposed_at": w.proposed_at,
                "decided_at": w.decided_at,
            }
            for w in draw.widenings.order_by("pk")
        ],
        checked_in=draw.members.filter(left=False).count(),
    )


def _specialty(draw: Draw) -> str:
    return "、".join(dict.fromkeys(q["specialty"] for q in draw.quotas))


def _list_row(row: PoolList, seeds: Sequence[Seed], *, since: int) -> ListRow:
    """Return a list with the seeds that count and those voided since the turn it began with."""
    mine = {s.party: s for s in seeds if s.turn == row.turn}
    return ListRow(
        number=row.number,
        size=row.size,
        sha256=row.sha256,
        turn=row.turn,
        stalled=row.stalled_at is not None,
        randomness=row.randomness,
        seeds=[
            {
                "party": party,
                "label": label,
                "commitment": mine[party].commitment if party in mine else "",
                "seed": mine[party].seed if party in mine else "",
            }
            for party, label in PARTY_LABELS.items()
        ],
        void=[
            {
                "turn": s.turn,
                "label": PARTY_LABELS[s.party],
                "commitment": s.commitment,
                "seed": s.seed,
            }
            for s in seeds
            if since <= s.turn < row.turn
        ],
    )


def draws_of_tender(tender_pk: int) -> list[str]:
    """Return the public ids of a tender's draws, newest first."""
    return list(Draw.objects.filter(tender_id=tender_pk).order_by("-pk").values_list("public_id", flat=True))


def calls_of(actor: Actor) -> list[dict[str, Any]]:
    """Return the calls that wait for an expert, and where they sit. Nothing names the tender until they accept."""
    rows = (
        Candidate.objects.filter(expert__account_id=actor.account_pk)
        .exclude(state__in=[Candidate.WAITING, Candidate.BUSY])
        .exclude(draw__state=Draw.CANCELLED)
        # of a seated committee only a call for a place that came free, and its check-in
        .exclude(~Q(state__in=[Candidate.CALLED, Candidate.ACCEPTED]), draw__state=Draw.SEATED)
        .exclude(draw__state=Draw.SEATED, member__isnull=False)
        .select_related("draw__tender", "ring")
        .order_by("-draw_id")
    )
    return [
        {
            "draw": c.draw.public_id,
            "state": c.state,
            "specialty": _specialty(c.draw),
            "text": c.ring.text if hasattr(c, "ring") else "",
            "answer_by": c.ring.answer_by if hasattr(c, "ring") and c.state == Candidate.CALLED else None,
            "tender_name": c.draw.tender.name if c.state == Candidate.ACCEPTED else "",
            "draw_state": c.draw.state,
        }
        for c in rows[:500]
    ]


def draws_for_seed() -> list[dict[str, Any]]:
    """Return the draws that wait for seeds, with who has given what."""
    rows = (
        PoolList.objects.filter(randomness="")
        .exclude(draw__state=Draw.CANCELLED)
        .select_related("draw__tender")
        .prefetch_related("draw__seeds")
        .order_by("pk")
    )
    return [
        {
            "draw": row.draw.public_id,
            "tender": row.draw.tender.public_id,
            "tender_name": row.draw.tender.name,
            "stalled": row.stalled_at is not None,
            "committed": sorted(s.party for s in row.draw.seeds.all() if s.turn == row.turn),
            "revealed": sorted(s.party for s in row.draw.seeds.all() if s.turn == row.turn and s.seed),
        }
        for row in rows[:100]
    ]


def dry_draws() -> list[dict[str, Any]]:
    """Return the draws that no list can fill any more and whose owner side has proposed nothing yet."""
    rows = (
        Draw.objects.filter(short__gt=0)
        .exclude(state=Draw.CANCELLED)
        .exclude(pk__in=Widening.objects.filter(approved=None).values("draw"))
        .exclude(pk__in=PoolList.objects.filter(randomness="").values("draw"))
        .select_related("tender")
        .order_by("pk")
    )
    return [
        {
            "draw": d.public_id,
            "tender": d.tender.public_id,
            "tender_name": d.tender.name,
            "short": d.short,
        }
        for d in rows[:100]
    ]


def labels_of(draw_id: str) -> list[str]:
    """Return the labels of every frozen list, sorted."""
    return sorted(Candidate.objects.filter(draw__public_id=draw_id).values_list("label", flat=True))


def entries_of(draw_id: str) -> list[list[Any]]:
    """Return the lines of the frozen lists, [list, label, quotas it satisfies, employer's label]: what is recomputed from."""
    rows = Candidate.objects.filter(draw__public_id=draw_id).order_by("list_number", "label")
    return [list(row) for row in rows.values_list("list_number", "label", "fits", "unit")]


def enough_for(tender_id: str, wish: Wish, *, actor: Actor, now: datetime) -> tuple[list[rules.Enough], bool]:
    """Return for a wish whether each quota finds enough experts, and all together: yes or no, no number and no name.

    :raises DrawNotNow: there is a draw already, or the tender is not published
    :raises QuotasWrong: the quotas do not add up
    """
    require(actor, Permission.DRAW_REQUEST)
    ground = ground_of(tender_id, wish, actor=actor)
    entries = entries_for(found_for(ground, now=now), ground.quotas)
    facts = {"least": settings.DRAW_LEAST_POOL, "one_per_unit": ground.conditions.one_per_unit}
    each = rules.enough(entries, ground.quotas, **facts)
    return each, rules.can_be_filled(entries, ground.quotas, **facts)


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
    rows = Ring.objects.select_related("candidate__expert__account__person", "candidate__draw")
    return [
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


def attendance(draw_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return for the centre who has agreed and not come (labels), who sits (codes), and the replacements asked for."""
    require(actor, Permission.DRAW_ATTEND)
    return _attendance(_draw(draw_id))


def draws_attending(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the draws whose experts have been called and whose committee is not seated, for the centre."""
    require(actor, Permission.DRAW_ATTEND)
    rows = Draw.objects.filter(state__in=[Draw.CALLING, Draw.CONFIRMED]).select_related("tender")
    return [
        {"draw": d.public_id, "tender_name": d.tender.name, "state": d.state}
        for d in rows.order_by("-pk")[:100]
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
    stalled = PoolList.objects.exclude(stalled_at=None).filter(randomness="").select_related("draw__tender")
    waits = Widening.objects.filter(approved=None).select_related("draw__tender")
    return [
        *({"draw": r.draw.public_id, "tender_name": r.draw.tender.name, "what": "stalled"} for r in stalled),
        *({"draw": w.draw.public_id, "tender_name": w.draw.tender.name, "what": "widening"} for w in waits),
    ]


def to_confirm(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the replacements that wait for the centre."""
    require(actor, Permission.DRAW_ATTEND)
    rows = Replacement.objects.filter(confirmed=None).select_related("member__draw__tender")
    return [
        {"draw": r.member.draw.public_id, "tender_name": r.member.draw.tender.name, "code": r.member.code}
        for r in rows
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
        for c in rows.select_related("expert__account__person")
    ]


def _opened(row: Candidate) -> dict[str, Any]:
    return {
        "label": row.label,
        "salt": row.salt,
        "expert": row.expert.public_id,
        "name": row.expert.account.person.name,
        "employer": row.expert.employer_name,
    }


def _draw(draw_id: str) -> Draw:
    draw = Draw.objects.select_related("tender").filter(public_id=draw_id).first()
    if draw is None:
        raise NotFound("没有这次专家抽取")
    return draw


def draw_of_rounds(round_ids: Sequence[str]) -> str:
    """Return the draw for these rounds, "" if none has been requested."""
    found = (
        Draw.objects.filter(rounds__public_id__in=list(round_ids))
        .exclude(state=Draw.CANCELLED)
        .order_by("-pk")
        .values_list("public_id", flat=True)
    )
    return str(found.first() or "")


@dataclass(frozen=True, kw_only=True)
class CheckInRow:
    """What a called expert, or the tenderee's representative, sees before checking in."""

    draw: str
    tender_name: str
    lots: tuple[tuple[str, str], ...]
    opened: bool
    bidders: tuple[Avoidable, ...]
    as_owner: bool
    owner_seats: int
    code: str
    left: bool
    reason: str
    seated: bool
    #: the committee reviews a prequalification
    front: bool = False


def check_in_row(draw_id: str, *, actor: Actor) -> CheckInRow:
    """Return the check-in of an expert who has accepted, or of the tenderee; bidders only once the opening is over.

    :raises NotFound: no such draw, or the actor is not called in it
    """
    require(actor, Permission.EVALUATE)
    draw = Draw.objects.select_related("tender").filter(public_id=draw_id).first()
    there = draw.members.filter(account_id=actor.account_pk).first() if draw else None
    owner = (
        draw is not None and actor.role is Role.TENDEREE and actor.organisation_pk == draw.tender.tenderee_id
    )
    mine = (
        draw.candidates.filter(expert__account_id=actor.account_pk, state=Candidate.ACCEPTED)
        if draw
        else None
    )
    if draw is None or mine is None or not (owner or there or mine.exists()):
        raise NotFound(
            "您没有被邀请参加这次评标, 或尚未答复邀请",
            next_steps=(("评标邀请", "/work/calls"), ("工作台", "/work")),
        )
    rounds = list(draw.rounds.select_related("lot").order_by("pk"))
    opened = not not_yet_opened(rounds)
    # who applied for prequalification is for the members alone: a tenderee without a seat is not one
    shown = opened and (not owner or all(r.phase == 1 for r in rounds) or draw.committee_size > draw.needed)
    return CheckInRow(
        draw=draw.public_id,
        tender_name=draw.tender.name,
        lots=tuple((r.public_id, r.lot.name) for r in rounds),
        opened=opened,
        bidders=tuple(bidders_of_rounds([r.pk for r in rounds])) if shown else (),
        as_owner=owner,
        owner_seats=draw.committee_size - draw.needed,
        code=there.code if there else "",
        left=there.left if there else False,
        reason=there.reason if there else "",
        seated=draw.state == Draw.SEATED,
        front=any(r.phase == 0 for r in rounds),
    )

"""What pages show of a draw. Names never leave before the award; labels and ranks are public."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ggzy.experts.models import Candidate, Draw
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.opening.queries import Avoidable, bidders_of_rounds, not_yet_opened
from ggzy.parties.grid import Permission, require


@dataclass(frozen=True, kw_only=True)
class DrawRow:
    """A draw as everybody may see it."""

    draw: str
    tender: str
    tender_name: str
    state: str
    specialty: str
    needed: int
    committee_size: int
    pool_size: int
    pool_sha256: str
    seeds: list[dict[str, Any]]
    randomness: str
    called: list[dict[str, Any]]
    checked_in: int


PARTY_LABELS = {"owner": "招标人或代理机构", "centre": "交易中心", "supervisor": "监督部门"}


def draw_row(draw_id: str) -> DrawRow:
    """Return one draw.

    :raises NotFound: no such draw
    """
    draw = Draw.objects.select_related("tender").filter(public_id=draw_id).first()
    if draw is None:
        raise NotFound("没有这次专家抽取")
    seeds = {s.party: s for s in draw.seeds.all()}
    revealed = len(seeds) == len(PARTY_LABELS) and all(s.seed for s in seeds.values())
    called = draw.candidates.exclude(state=Candidate.WAITING).order_by("rank")
    return DrawRow(
        draw=draw.public_id,
        tender=draw.tender.public_id,
        tender_name=draw.tender.name,
        state=draw.state,
        specialty=draw.specialty,
        needed=draw.needed,
        committee_size=draw.committee_size,
        pool_size=draw.pool_size,
        pool_sha256=draw.pool_sha256,
        seeds=[
            {
                "party": party,
                "label": label,
                "commitment": seeds[party].commitment if party in seeds else "",
                "seed": seeds[party].seed if party in seeds else "",
            }
            for party, label in PARTY_LABELS.items()
        ],
        randomness=draw.randomness if revealed else "",
        called=[{"rank": c.rank, "label": c.label, "state": c.state} for c in called],
        checked_in=draw.members.filter(left=False).count(),
    )


def draws_of_tender(tender_pk: int) -> list[str]:
    """Return the public ids of a tender's draws, newest first."""
    return list(Draw.objects.filter(tender_id=tender_pk).order_by("-pk").values_list("public_id", flat=True))


def calls_of(actor: Actor) -> list[dict[str, Any]]:
    """Return the calls that wait for an expert, and where they sit. Nothing names the tender until they accept."""
    rows = (
        Candidate.objects.filter(expert__account_id=actor.account_pk)
        .exclude(state=Candidate.WAITING)
        .exclude(draw__state__in=[Draw.SEATED, Draw.CANCELLED])
        .select_related("draw__tender")
        .order_by("-draw_id")
    )
    return [
        {
            "draw": c.draw.public_id,
            "state": c.state,
            "specialty": c.draw.specialty,
            "tender_name": c.draw.tender.name if c.state == Candidate.ACCEPTED else "",
            "draw_state": c.draw.state,
        }
        for c in rows[:500]
    ]


def draws_for_seed() -> list[dict[str, Any]]:
    """Return the draws that wait for seeds, with who has given what."""
    rows = (
        Draw.objects.filter(state=Draw.SEEDING)
        .select_related("tender")
        .prefetch_related("seeds")
        .order_by("pk")
    )
    return [
        {
            "draw": d.public_id,
            "tender": d.tender.public_id,
            "tender_name": d.tender.name,
            "committed": sorted(s.party for s in d.seeds.all()),
            "revealed": sorted(s.party for s in d.seeds.all() if s.seed),
        }
        for d in rows[:100]
    ]


def labels_of(draw_id: str) -> list[str]:
    """Return the frozen pool's labels, sorted: what anyone recomputes the ranking from."""
    return sorted(Candidate.objects.filter(draw__public_id=draw_id).values_list("label", flat=True))


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

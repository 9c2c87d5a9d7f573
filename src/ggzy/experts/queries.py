"""What pages show of a draw. Names never leave before the award; labels and ranks are public."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Prefetch, Q, QuerySet

from ggzy.experts import rules
from ggzy.experts.actions import Wish, found_for, ground_of
from ggzy.experts.actions import entries_of as entries_for
from ggzy.experts.borrowing import is_terminal, loans_of, pools_for, require_partners, terminal_name
from ggzy.experts.models import Candidate, Draw, Loan, PoolList, Seed, Widening
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.opening.queries import Avoidable, bidders_of_rounds, not_yet_opened
from ggzy.parties.grid import Permission, require
from ggzy.procedures.catalogue import QUIET
from ggzy.tendering.models import Round, Tender

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
    #: other pools that give to a list: frozen, waited for, or left out
    loans: list[dict[str, Any]]
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
        pool_sha256=lists[0].sha256 if lists else "",
        seeds=(waiting or lists[-1]).seeds if lists else [],
        randomness=draw.randomness,
        lists=lists,
        loans=loans_of(draw),
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
        .defer("draw__tender__document")
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


def to_check_in(draw_ids: Collection[str], *, actor: Actor) -> set[str]:
    """Return those of an expert's draws in which it has not checked in although the opening is over."""
    require(actor, Permission.EVALUATE)
    draws = (
        Draw.objects.filter(public_id__in=draw_ids)
        .exclude(members__account_id=actor.account_pk)
        .prefetch_related(Prefetch("rounds", Round.objects.defer("law")))
    )
    return {draw.public_id for draw in draws if not not_yet_opened(list(draw.rounds.all()))}


def draws_for_seed() -> list[dict[str, Any]]:
    """Return the draws that wait for seeds, with who has given what."""
    rows = (
        PoolList.objects.filter(randomness="")
        .exclude(draw__state=Draw.CANCELLED)
        .select_related("draw__tender")
        .defer("draw__tender__document")
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
    return sorted(_frozen(draw_id).values_list("label", flat=True))


def _frozen(draw_id: str) -> QuerySet[Candidate]:
    """Return the lines of lists that are frozen: what one pool gave while another is waited for is none yet."""
    numbers = PoolList.objects.filter(draw__public_id=draw_id).values("number")
    return Candidate.objects.filter(draw__public_id=draw_id, list_number__in=numbers)


def entries_of(draw_id: str) -> list[list[Any]]:
    """Return the lines of the frozen lists, [list, label, quotas it satisfies, employer's label]: what is recomputed from."""
    rows = _frozen(draw_id).order_by("list_number", "label")
    return [list(row) for row in rows.values_list("list_number", "label", "fits", "unit")]


def draws_unanswered() -> list[dict[str, Any]]:
    """Return the draws in which another pool does not answer and nobody has proposed to go on without it."""
    rows = (
        Loan.objects.exclude(trouble="")
        .exclude(state=Loan.ASIDE)
        .exclude(aside_at__isnull=False, decided_at=None)
        .exclude(draw__state__in=[Draw.SEATED, Draw.CANCELLED])
        .order_by("pk")
        .values_list("draw__public_id", "draw__tender__public_id", "draw__tender__name", "name")
    )
    return [
        {"draw": draw, "tender": tender, "tender_name": tender_name, "pool": name}
        for draw, tender, tender_name, name in rows[:100]
    ]


def other_pools(tender_id: str, *, now: datetime) -> dict[str, Any]:
    """Return the partners' pools a tender's draw may borrow from, and the pool this centre is a terminal of."""
    scope = Tender.objects.filter(public_id=tender_id).values_list("scope", flat=True).first() or ""
    return {"pools": pools_for(scope, now=now), "terminal": terminal_name(scope)}


def enough_for(
    tender_id: str, wish: Wish, *, actor: Actor, now: datetime
) -> tuple[list[rules.Enough], bool | None]:
    """Return for a wish whether each quota finds enough experts, and all together: yes or no, no number and no name.

    None where another pool is asked: it says so with its list.

    :raises DrawNotNow: there is a draw already, or the tender is not published
    :raises QuotasWrong: the quotas do not add up
    """
    require(actor, Permission.DRAW_REQUEST)
    ground = ground_of(tender_id, wish, actor=actor)
    if wish.partners or is_terminal(ground.tender.scope):
        require_partners(ground.tender.scope, wish.partners, now=now)
        return [], None
    entries = entries_for(found_for(ground, now=now), ground.quotas)
    facts = {"least": settings.DRAW_LEAST_POOL, "one_per_unit": ground.conditions.one_per_unit}
    each = rules.enough(entries, ground.quotas, **facts)
    return each, rules.can_be_filled(entries, ground.quotas, **facts)


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
    # who applied for prequalification, or answered where nothing is public, is for the members alone: a tenderee without a seat is not one
    shown = opened and (
        not owner
        or all(r.phase == 1 and r.procedure_code not in QUIET for r in rounds)
        or draw.committee_size > draw.needed
    )
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

"""What the owner side, a panel's members and the supervisor may see of a panel."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ggzy.awarding import panel as panels
from ggzy.awarding.ballots import Turn
from ggzy.awarding.models import Panel, PanelMember
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.opening.queries import OpenedBid
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round
from ggzy.tendering.plan import AwardPlan, Way


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """A member of a panel, and whether the present turn waits for it."""

    code: str
    name: str
    side: str
    waits: bool


@dataclass(frozen=True, kw_only=True)
class CastRow:
    """A ballot of a turn that is over."""

    turn: int
    code: str
    bidder: str
    agrees: bool
    reason: str
    cast_at: datetime


@dataclass(frozen=True, kw_only=True)
class PanelRow:
    """A panel as its page shows it. Ballots of the turn that is not over are in no row: not even their number by choice."""

    round: str
    tender: str
    tender_name: str
    lot_name: str
    stage: str
    plan: AwardPlan
    #: all candidates left, by name; and among whom the present turn votes
    candidates: list[OpenedBid]
    between: list[OpenedBid]
    findings: dict[str, list[dict[str, str]]]
    named: bool
    number: int
    members: list[MemberRow]
    turn: int
    turns: list[Turn]
    cast: list[CastRow]
    names: dict[str, str]
    minutes: list[dict[str, Any]]
    waits_for_minutes: bool
    winner: OpenedBid | None
    #: the viewer: of the tenderee itself, a member, and whether its ballot is wanted now
    is_tenderee: bool
    code: str
    mine: bool
    report_pdf: str
    awarded: bool


def panel_row(*, round_id: str, viewer: Actor) -> PanelRow:
    """Return the panel of a round to those who may see it.

    :raises NotFound: no such round, or its file has no plan of award
    :raises NotPermitted: other organisations
    """
    round_ = Round.objects.select_related("lot__tender").filter(public_id=round_id).first()
    if round_ is None:
        raise NotFound("没有这个标段轮次")
    tender = round_.lot.tender
    plan = panels.plan_of(round_)
    panel = panels.panel_of(round_)
    member = panel.members.filter(account_id=viewer.account_pk).first() if panel else None
    owner = bool(viewer.organisation_pk) and viewer.organisation_pk in {tender.tenderee_id, tender.agency_id}
    if not (owner or member or viewer.role is Role.SUPERVISOR):
        raise NotPermitted("定标过程由招标人、定标委员会成员和监督部门查阅")
    everybody = {bid.bid: bid for _, bid in panels.candidates_of(round_)}
    evaluation = panels.report_of_round(round_.pk)
    assert evaluation is not None and evaluation.report is not None, "candidates come from a report"
    left = everybody if panel and panel.award_id else panels.left_of(round_)
    standing = panels.standing_of(panel, plan, {b: r.price for b, r in left.items()}) if panel else None
    turn = standing.turn if standing else 1
    over = {t.turn for t in standing.turns} if standing else set()
    cast = panels.cast_in(panel) if panel else []
    voted = {b.member_id for b in cast if b.turn == turn}
    open_ = standing is not None and not standing.winner
    minutes = list(panel.minutes) if panel else []
    waits_for_minutes = open_ and plan.way is Way.DISCUSSION and len(minutes) < turn
    names = {bid: row.bidder for bid, row in everybody.items()}
    return PanelRow(
        round=round_.public_id,
        tender=tender.public_id,
        tender_name=tender.name,
        lot_name=round_.lot.name,
        stage=round_.stage,
        plan=plan,
        candidates=_by_name(left),
        between=_by_name({b: left[b] for b in standing.between}) if standing else [],
        findings=evaluation.report.get("findings", {}),
        named=panel is not None,
        number=panel.number if panel else 0,
        members=_members(panel, voted, waits=open_ and not waits_for_minutes) if panel else [],
        turn=turn,
        turns=list(standing.turns) if standing else [],
        cast=[
            CastRow(
                turn=b.turn,
                code=b.member.code,
                bidder=names[b.choice],
                agrees=b.agrees,
                reason=b.reason,
                cast_at=b.cast_at,
            )
            for b in cast
            if b.turn in over
        ],
        names=names,
        minutes=minutes,
        waits_for_minutes=waits_for_minutes,
        winner=left[standing.winner] if standing and standing.winner else None,
        is_tenderee=viewer.role is Role.TENDEREE and viewer.organisation_pk == tender.tenderee_id,
        code=member.code if member else "",
        mine=bool(member and open_ and not waits_for_minutes and member.pk not in voted)
        and round_.stage == Stage.CAND_END,
        report_pdf=panel.report_pdf if panel else "",
        awarded=bool(panel and panel.award_id),
    )


def _by_name(rows: dict[str, OpenedBid]) -> list[OpenedBid]:
    return sorted(rows.values(), key=lambda row: (row.bidder, row.bid))


def _members(panel: Panel, voted: set[int], *, waits: bool) -> list[MemberRow]:
    rows = panel.members.select_related("account__person").order_by("pk")
    return [
        MemberRow(
            code=m.code,
            name=m.account.person.name,
            side=panels.SIDES[m.side],
            waits=waits and m.pk not in voted,
        )
        for m in rows
    ]


@dataclass(frozen=True, kw_only=True)
class SeatRow:
    """A panel that waits for the ballot of an account."""

    round: str
    name: str
    turn: int


def waiting_ballots(account_pk: int) -> list[SeatRow]:
    """Return the panels in which an account's ballot is wanted now."""
    rows = PanelMember.objects.filter(
        account_id=account_pk, panel__award=None, panel__round__stage=Stage.CAND_END
    ).select_related("panel__round__lot__tender")
    out = []
    for member in rows.order_by("pk"):
        round_ = member.panel.round
        panel = panels.panel_of(round_)
        if panel is None or panel.pk != member.panel_id:
            continue
        plan = panels.plan_of(round_)
        left = panels.left_of(round_)
        standing = panels.standing_of(panel, plan, {b: r.price for b, r in left.items()})
        minutes_first = plan.way is Way.DISCUSSION and len(panel.minutes) < standing.turn
        if standing.winner or minutes_first or member.ballots.filter(turn=standing.turn).exists():
            continue
        lot = round_.lot
        out.append(
            SeatRow(round=round_.public_id, name=f"{lot.tender.name} · {lot.name}", turn=standing.turn)
        )
    return out

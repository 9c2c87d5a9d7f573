"""What members, the owner side and the supervisor may see of an evaluation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from ggzy.committees.queries import ClarificationRow, clarifications_of
from ggzy.evaluation import dark, darkness, prompts, standing
from ggzy.evaluation.actions import NotAMember, document_of
from ggzy.evaluation.computing import outcome_of
from ggzy.evaluation.drafts import own_draft
from ggzy.evaluation.judged import judged_bids
from ggzy.evaluation.models import Evaluation, Qualification, Sheet
from ggzy.experts.models import Member
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.methods.explain import Explanation, Level, explain
from ggzy.opening.queries import OpenedBid
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import TenderDocument
from ggzy.tendering.models import large


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A member's desk in one evaluation."""

    round: str
    procedure_code: str
    tender_name: str
    lot_name: str
    ceiling_price: Any
    duration_days: int
    bid_deadline: datetime | None
    step: str
    code: str
    document: TenderDocument
    bids: list[OpenedBid]
    rejected: dict[str, list[str]]
    #: this step waits for this member, and for how many in all
    mine: bool
    waiting_for: int
    report: dict[str, Any] | None
    signed: bool
    sitting: int
    scope: str
    #: this member's own sheets of the sitting before, to start from: {kind: content}
    earlier: dict[str, Any]
    draw: str
    #: while scores are summed up: this member's own, to correct, and what the checks say of them
    own_scores: dict[str, Any]
    prompts: list[prompts.Prompt]
    #: while members score beside a statutory method: {bid: points of its price}, and the price they are measured by
    price_points: dict[str, Decimal]
    base_price: Decimal | None
    #: {bid: what is striking} while prices are judged, and the bids whose bidder has been asked
    low_prices: dict[str, list[str]]
    explained: set[str]
    clarifications: list[ClarificationRow]
    #: the bids under this member's own codes, while nobody may know whose they are
    dark: list[dark.DarkBid]
    #: what this member has entered at this step and not handed in: {field: text}, and when it was kept
    draft: dict[str, str]
    draft_saved_at: datetime | None


def seat_at(round_id: str, actor: Actor) -> tuple[Evaluation, Member]:
    """Return the last sitting on a round and the member who an account is there.

    :raises NotAMember: not on this committee
    :raises NotFound: no evaluation here
    """
    evaluation = (
        Evaluation.objects.select_related("round__lot__tender", "draw")
        .filter(round__public_id=round_id)
        .order_by("-number")
        .first()
    )
    if evaluation is None:
        raise NotFound("该标段尚未开始评标")
    member = Member.objects.filter(draw=evaluation.draw, account_id=actor.account_pk, left=False).first()
    if member is None:
        raise NotAMember("您不是本标段评标委员会成员")
    return evaluation, member


def desk(*, round_id: str, actor: Actor) -> Desk:
    """Return the desk of a member.

    :raises NotAMember: not on this committee
    :raises NotFound: no evaluation here
    """
    require(actor, Permission.EVALUATE)
    evaluation, member = seat_at(round_id, actor)
    round_ = evaluation.round
    document = document_of(round_)
    # a member's sheet holds what the committee judges, no more
    asked = (
        document.offers_requirements
        if evaluation.step == Evaluation.OFFERS
        else document.committees_requirements
    )
    waiting = standing.waiting_for(evaluation, round_, document)
    opened = judged_bids(round_.pk)
    correcting = evaluation.step == Evaluation.SUMMARY
    draft = own_draft(evaluation, member) if correcting or member.pk in waiting else None
    points, base = _price_points(evaluation, document)
    return Desk(
        round=round_.public_id,
        procedure_code=round_.procedure_code,
        tender_name=round_.lot.tender.name,
        lot_name=round_.lot.name,
        ceiling_price=round_.lot.ceiling_price,
        duration_days=round_.lot.duration_days,
        bid_deadline=round_.bid_deadline,
        step=evaluation.step,
        code=member.code,
        document=replace(document, requirements=asked),
        bids=_shown(opened, evaluation, priceless=document.negotiated),
        dark=dark.dark_bids(evaluation, member, (b.bid for b in opened if b.bid not in evaluation.rejected))
        if evaluation.step not in dark.TOLD
        else [],
        rejected=evaluation.rejected,
        mine=member.pk in waiting,
        waiting_for=len(waiting),
        report=evaluation.report,
        signed=evaluation.signatures.filter(member=member, report_sha256=evaluation.report_sha256).exists(),
        sitting=evaluation.number,
        scope=evaluation.scope,
        earlier=_earlier(evaluation, member) if evaluation.number > 1 else {},
        draw=evaluation.draw.public_id,
        own_scores=_own_scores(evaluation, member, document) if evaluation.step == Evaluation.SUMMARY else {},
        prompts=_prompts(evaluation, member, document) if evaluation.step == Evaluation.SUMMARY else [],
        price_points=points,
        base_price=base,
        low_prices=standing.low_priced(evaluation, round_, document)
        if evaluation.step == Evaluation.PRICE
        else {},
        explained=standing.explained(round_),
        clarifications=clarifications_of([round_.pk]),
        draft=draft.content if draft else {},
        draft_saved_at=draft.saved_at if draft else None,
    )


def _price_points(
    evaluation: Evaluation, document: TenderDocument
) -> tuple[dict[str, Decimal], Decimal | None]:
    """Return {bid: points of its price} and the base price; a file's own method is told when all have scored."""
    if evaluation.step not in {Evaluation.DETAILED, Evaluation.SUMMARY} or document.scheme is not None:
        return {}, None
    outcome = outcome_of(evaluation, document, [])
    method = outcome.scheme.method
    if not method.score:
        return {}, None  # quality first: a price scores nothing
    points = {
        line.bid: line.figures[method.score] for line in outcome.lines if line.bid not in evaluation.rejected
    }
    return points, outcome.ones[method.base]


def _shown(bids: list[OpenedBid], evaluation: Evaluation, *, priceless: bool) -> list[OpenedBid]:
    """Return the bids without their dark files while those are judged, and without a price before its time.

    Of a negotiated procurement a price is looked at after the talks: who replaces a member, or a later sitting, reviews
    the answers first.
    """
    if evaluation.step in {Evaluation.LEADER, Evaluation.PRELIMINARY, Evaluation.TALKS} and priceless:
        bids = [replace(b, read_price=None) for b in bids]
    if not evaluation.dark_salt or evaluation.step in dark.TOLD:
        return bids
    return [
        replace(b, attachments=[a for a in b.attachments if not darkness.DARK_NAME.fullmatch(a["name"])])
        for b in bids
    ]


def _by_code(
    values: Mapping[str, Mapping[str, Any]], *, codes: Mapping[str, str], keys: Collection[str]
) -> dict[str, dict[str, Any]]:
    """Return {bid or code: {item: value}}: dark items under the member's own code, the others under the bid."""
    of_bid = {bid: code for code, bid in codes.items()}
    out: dict[str, dict[str, Any]] = {}
    for bid, row in values.items():
        for key, value in row.items():
            out.setdefault(of_bid.get(bid, bid) if key in keys else bid, {})[key] = value
    return out


def _own_scores(evaluation: Evaluation, member: Member, document: TenderDocument) -> dict[str, Any]:
    """Return a member's last score sheet with its reasons, to correct."""
    last = evaluation.sheets.filter(member=member, kind="scores").order_by("-version").first()
    if last is None:
        return {}
    codes, keys = dark.codes_of(evaluation, member, last.content), _dark_keys(document)
    return {
        "scores": _by_code(last.content, codes=codes, keys=keys),
        "reasons": _by_code(last.notes, codes=codes, keys=keys),
    }


def _dark_keys(document: TenderDocument) -> set[str]:
    return {c.key for c in document.criteria if c.dark}


def _prompts(evaluation: Evaluation, member: Member, document: TenderDocument) -> list[prompts.Prompt]:
    """Return what the checks say of this member's own scores, and on which objective items the members differ."""
    rows = (
        evaluation.sheets.filter(kind="scores", member__left=False)
        .order_by("version")
        .values_list("member_id", "content")
    )
    last = dict(rows)
    own = last.pop(member.pk, None)
    if own is None:
        return []
    others = list(last.values())
    unequal = prompts.differing([own, *others], criteria=document.criteria)
    of_bid = {bid: code for code, bid in dark.codes_of(evaluation, member, own).items()}
    hidden = _dark_keys(document)
    found = (
        [
            prompts.Prompt(bid="", criterion=title, says="各评委对该客观项打分不一致, 请核对证明材料后更正")
            for title in sorted(unequal)
        ]
        + prompts.outliers(own, others, criteria=document.criteria)
        + prompts.leaning(own, others, criteria=[c for c in document.criteria if not c.dark])
    )
    return [replace(p, bid=of_bid.get(p.bid, p.bid)) if p.criterion in hidden else p for p in found]


def _earlier(evaluation: Evaluation, member: Member) -> dict[str, Any]:
    rows = member.sheets.filter(
        evaluation__round_id=evaluation.round_id, evaluation__number=evaluation.number - 1
    )
    return dict(rows.values_list("kind", "content"))


def report_to_sign(*, round_id: str, actor: Actor) -> bytes:
    """Return the canonical bytes of the report for a member to sign.

    :raises NotFound: no report yet
    """
    found = desk(round_id=round_id, actor=actor)
    if found.report is None:
        raise NotFound("评标报告尚未形成")
    return canonical(found.report)


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """The report as the owner side, members and supervisor read it after it was handed over."""

    report: dict[str, Any]
    sha256: str
    pdf: str
    reported_at: datetime | None


def report(*, round_id: str, actor: Actor) -> ReportRow:
    """Return the report of a round to those who may read it.

    :raises NotPermitted: other organisations
    :raises NotFound: no report yet
    """
    require(actor, Permission.EVALUATION_READ)
    evaluation = (
        Evaluation.objects.select_related("round__lot__tender")
        .filter(round__public_id=round_id)
        .exclude(reported_at=None)
        .order_by("-number")
        .first()
    )
    if evaluation is None:
        raise NotFound("评标报告尚未提交")
    tender = evaluation.round.lot.tender
    owner = actor.organisation_pk in {tender.tenderee_id, tender.agency_id}
    member = Member.objects.filter(draw_id=evaluation.draw_id, account_id=actor.account_pk).exists()
    if not (owner or member or actor.role is Role.SUPERVISOR):
        raise NotPermitted("评标报告由招标人、评标委员会成员和监督部门查阅")
    return ReportRow(
        report=evaluation.report or {},
        sha256=evaluation.report_sha256,
        pdf=evaluation.report_pdf,
        reported_at=evaluation.reported_at,
    )


#: stages in which the ranking has been published
_PUBLISHED = frozenset(
    {
        Stage.CAND_PUB,
        Stage.CAND_END,
        Stage.AWARDED,
        Stage.NOTIFIED,
        Stage.ANNOUNCED,
        Stage.PUBLISHED,
        Stage.CONTRACTED,
        Stage.PERFORMING,
        Stage.ARCHIVED,
    }
)


@dataclass(frozen=True, kw_only=True)
class ComputedRow:
    """A ranking told step by step for one reader, and who would come first without some bids (for full readers)."""

    tender: str
    tender_name: str
    lot: str
    lot_name: str
    level: Level
    told: Explanation
    #: (bid, bidder) to ask "what if without" of; empty for who may not
    bids: list[tuple[str, str]]
    without: list[str]
    without_first: list[str]


def computed(*, round_id: str, actor: Actor, without: Sequence[str] = ()) -> ComputedRow:
    """Return how a round was ranked, told at the level of who asks.

    Owner side, committee and supervisor see every figure; a bidder its own; everyone, once the candidates are
    published, what is computed over all prices and the order.

    :raises NotFound: nothing is ranked, or not yet for this reader
    """
    evaluation = (
        Evaluation.objects.select_related("round__lot__tender", "draw")
        .filter(round__public_id=round_id)
        .exclude(reported_at=None)
        .order_by("-number")
        .first()
    )
    if evaluation is None:
        raise NotFound("该标段还没有评标结果")
    round_ = evaluation.round
    tender, bids = round_.lot.tender, {b.bid: b for b in judged_bids(round_.pk)}
    owner = bool(actor.organisation_pk) and actor.organisation_pk in {tender.tenderee_id, tender.agency_id}
    member = Member.objects.filter(draw_id=evaluation.draw_id, account_id=actor.account_pk).exists()
    own = next((b.bid for b in bids.values() if actor.organisation_pk == b.bidder_pk), "")
    document = document_of(round_)
    if document.award_plan and actor.role is not Role.SUPERVISOR:
        raise NotFound("本标段实行评定分离, 中标候选人不排序; 计算过程由监督部门查阅")
    if owner or actor.role is Role.SUPERVISOR or (member and actor.account_pk):
        level = Level.FULL
    elif document.negotiated:
        raise NotFound("最后报价和评审情况不公开; 本单位的得分或者评标价、排序已随结果告知本单位")
    elif round_.stage not in _PUBLISHED:
        raise NotFound("评标结果尚未公示")
    else:
        level = Level.BIDDER if own else Level.PUBLIC
    sheets = standing.scores_of(evaluation)
    outcome = outcome_of(evaluation, document, sheets)
    names = {bid: row.bidder for bid, row in bids.items()}
    asked = [bid for bid in without if bid in bids] if level is Level.FULL else []
    other = outcome_of(evaluation, document, sheets, without=asked).first if asked else ()
    return ComputedRow(
        tender=tender.public_id,
        tender_name=tender.name,
        lot=round_.lot.public_id,
        lot_name=round_.lot.name,
        level=level,
        told=explain(outcome, level=level, viewer=own, names=names),
        bids=sorted(names.items(), key=lambda row: row[1]) if level is Level.FULL else [],
        without=asked,
        without_first=[names[bid] for bid in other],
    )


def report_of_round(round_pk: int) -> Evaluation | None:
    """Return the last finished sitting on a round for the stages after it."""
    return Evaluation.objects.filter(round_id=round_pk, reported_at__isnull=False).order_by("-number").first()


def sheets_for_supervisor(*, round_id: str, actor: Actor) -> list[dict[str, Any]]:
    """Return every member's sheets to the supervisor.

    :raises NotPermitted: anyone else
    """
    require(actor, Permission.EVALUATION_READ_SHEETS)
    if not Evaluation.objects.filter(round__public_id=round_id).exists():
        raise NotFound("该标段尚未开始评标")
    rows = Sheet.objects.filter(evaluation__round__public_id=round_id).select_related("member", "evaluation")
    return [
        {
            "sitting": s.evaluation.number,
            "member": s.member.code,
            "left": s.member.left,
            "kind": s.kind,
            "version": s.version,
            "content": s.content,
            "notes": s.notes,
        }
        for s in rows.order_by("evaluation__number", "kind", "member__code", "version")
    ]


@dataclass(frozen=True, kw_only=True)
class DeskRow:
    """One evaluation that an account sits in."""

    round: str
    name: str
    step: str
    started_at: datetime
    waits_for_me: bool


#: an expert sits in a lot or two of one session; nobody is shown more at once
SEATS = 12


def desks_of(account_pk: int) -> list[DeskRow]:
    """Return the running evaluations of an account, and whether its own sheet or signature is still out."""
    rows = (
        Evaluation.objects.filter(draw__members__account_id=account_pk, draw__members__left=False)
        .exclude(step=Evaluation.DONE)
        .select_related("round__lot__tender", "draw")
        .defer("report", *large("round"))
        .order_by("started_at", "pk")
    )
    found = list(rows[:SEATS])
    if not found:  # most people sit in none
        return []
    waiting = standing.waiting_in([(row, row.round) for row in found], document_of)
    seats = Member.objects.filter(draw__in=[row.draw_id for row in found], account_id=account_pk, left=False)
    mine = set(seats.values_list("pk", flat=True))
    return [
        DeskRow(
            round=row.round.public_id,
            name=f"{row.round.lot.tender.name} · {row.round.lot.name}",
            step=row.step,
            started_at=row.started_at,
            waits_for_me=bool(waiting[row.pk] & mine),
        )
        for row in found
    ]


def unsigned_of(draw_id: str) -> list[dict[str, str]]:
    """Return the lots whose report waits for signatures, with the codes that have not signed, for the centre's staff."""
    rows = (
        Evaluation.objects.filter(draw__public_id=draw_id, step=Evaluation.SIGNING)
        .select_related("round__lot", "draw")
        .order_by("pk")
    )
    return [
        {"round": e.round.public_id, "lot": e.round.lot.name, "code": code}
        for e in rows
        for code in e.draw.members.filter(left=False)
        .exclude(signatures__evaluation=e, signatures__report_sha256=e.report_sha256)
        .order_by("code")
        .values_list("code", flat=True)
    ]


def qualified(round_pks: list[int]) -> set[str]:
    """Return those of the rounds whose buyer has concluded who is qualified."""
    rows = Qualification.objects.filter(round_id__in=round_pks, concluded_at__isnull=False)
    return set(rows.values_list("round__public_id", flat=True))


def reported_at_of(round_pks: list[int]) -> dict[int, datetime]:
    """Return {round primary key: moment of the report} of rounds whose report was handed over."""
    rows = Evaluation.objects.filter(round_id__in=round_pks, reported_at__isnull=False).order_by("number")
    return dict(rows.values_list("round_id", "reported_at"))


def rankings_of(round_pks: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return {round primary key: the ranking of its last report} of rounds whose report was handed over."""
    rows = Evaluation.objects.filter(round_id__in=round_pks, reported_at__isnull=False).order_by("number")
    return {
        pk: list(report["ranking"])
        for pk, report in rows.values_list("round_id", "report")
        if not report.get(
            "separation"
        )  # without an order there is no first: such a lot has a page of its own
    }


def evaluations(*, actor: Actor, limit: int = 50) -> list[dict[str, Any]]:
    """Return evaluations to the supervisor, newest first.

    :raises NotPermitted: anyone else
    """
    require(actor, Permission.EVALUATION_READ_SHEETS)
    rows = Evaluation.objects.select_related("round__lot__tender")
    rows = rows.defer("report", "rejected", *large("round")).order_by("-started_at", "-pk")[:limit]
    return [
        {
            "round": e.round.public_id,
            "name": f"{e.round.lot.tender.name} · {e.round.lot.name}",
            "ocid": e.round.lot.tender.ocid,
            "step": e.step,
            "started_at": e.started_at,
            "reported_at": e.reported_at,
            "pdf": e.report_pdf,
        }
        for e in rows
    ]


def bidder_names(*, round_id: str, actor: Actor) -> dict[str, str]:
    """Return {bid: bidder} of an evaluated round to the supervisor, to read the sheets by.

    :raises NotPermitted: anyone else
    """
    require(actor, Permission.EVALUATION_READ_SHEETS)
    found = Evaluation.objects.filter(round__public_id=round_id).values_list("round_id", flat=True).first()
    return {b.bid: b.bidder for b in judged_bids(found)} if found else {}

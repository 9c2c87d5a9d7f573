"""What pages show of fronts. No row here lists applicants, proposers or who accepted; each sees its own.

The exceptions are who must read what was sent: the committee reads applications; the owner side of a two-stage
tender reads proposals, under a letter instead of a name.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from ggzy.evaluation.actions import NotAMember
from ggzy.experts.models import Member
from ggzy.fronts import rules
from ggzy.fronts.models import (
    DrawLabel,
    Front,
    FrontObjection,
    Invitation,
    InvitationFinding,
    InviteeDraw,
    QualificationResult,
    QualificationReview,
)
from ggzy.fronts.review import part_of
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.law import table
from ggzy.law.families import family
from ggzy.law.limits import beijing_date, earliest_moment, latest_before
from ggzy.opening import quiet
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import Prequalification
from ggzy.tendering.fronts import main_of
from ggzy.tendering.models import HoldRow, Round, large
from ggzy.tendering.moves import require_owner_side
from ggzy.tendering.stamps import law_of


def earliest_dates(published_at: datetime, *, procedure: str) -> tuple[datetime, datetime]:
    """Return the earliest end of handing the file out and, with that, the earliest deadline to apply."""
    until = _file_until(published_at, procedure)
    return until, _deadline(published_at, until, procedure)


def proposed_dates(published_at: datetime, *, procedure: str) -> tuple[datetime, datetime]:
    """Return the two dates a form proposes: the earliest lawful days that are working days, at 17:00."""
    until = _at_five(_file_until(published_at, procedure))
    return until, _at_five(_deadline(published_at, until, procedure))


def _file_until(published_at: datetime, procedure: str) -> datetime:
    limit = table.in_force(beijing_date(published_at))[family(procedure).file_to_apply]
    return earliest_moment(limit, started=published_at, calendar=calendars.CHINA).instant


def _deadline(published_at: datetime, file_until: datetime, procedure: str) -> datetime:
    limit = table.in_force(beijing_date(published_at))[family(procedure).time_to_apply]
    since, _ = rules.applies_from(limit, published_at=published_at, file_until=file_until)
    return max(file_until, earliest_moment(limit, started=since, calendar=calendars.CHINA).instant)


def _at_five(moment: datetime) -> datetime:
    day = moment.astimezone(BEIJING)
    while not calendars.CHINA.is_working(day.date()):
        day += timedelta(days=1)
    return day.replace(hour=17, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, kw_only=True)
class FrontPage:
    """A published front as everybody may see it."""

    round: str
    file_until: datetime | None
    text: str
    clarifications: tuple[dict[str, Any], ...]
    object_until: datetime | None


def public_front(round_id: str) -> FrontPage | None:
    """Return what is public of a front that has a notice."""
    front = (
        Front.objects.select_related("round")
        .filter(round__public_id=round_id)
        .exclude(round__published_at=None)
        .first()
    )
    if front is None:
        return None
    round_ = front.round
    object_until = None
    objected = family(round_.procedure_code).application_objected
    if objected and round_.stage == Stage.PQ_OPEN and round_.bid_deadline and round_.published_at:
        limit = law_of(round_)[objected]
        object_until = latest_before(limit, event=round_.bid_deadline, calendar=calendars.CHINA).instant
    return FrontPage(
        round=round_.public_id,
        file_until=front.file_until,
        text=front.text,
        clarifications=tuple(
            round_.front_clarifications.order_by("pk").values(
                "text", "clarified_at", "deadline_before", "deadline_after"
            )
        ),
        object_until=object_until,
    )


@dataclass(frozen=True, kw_only=True)
class OwnerFront:
    """A front as its owner side sees it: its own words, the finding, its own list, objections without names."""

    round: str
    lot_name: str
    number: int
    procedure_code: str
    stage: str
    stage_label: str
    bid_deadline: datetime | None
    published_at: datetime | None
    decided_at: datetime | None
    main_stage: str
    file_until: datetime | None
    ground: str
    ground_label: str
    text: str
    finding: dict[str, Any] | None
    invitees: tuple[dict[str, str], ...]
    objections: tuple[dict[str, Any], ...]
    settled: bool
    holds: tuple[str, ...]
    #: when those invited were drawn among the qualified, and who watched (政府采购邀请招标)
    drawn_at: datetime | None
    witnesses: tuple[str, ...]


def owner_fronts(*, tender_id: str, actor: Actor) -> list[OwnerFront]:
    """Return the newest front of every lot of a tender, to its owner side; to the supervisor without the invitees.

    :raises NotPermitted: another organisation
    """
    require(actor, Permission.FRONT_READ)
    newest: dict[int, Round] = {}
    mains: dict[tuple[int, int], str] = {}
    rows = Round.objects.filter(lot__tender__public_id=tender_id, phase__lt=2).select_related("lot__tender")
    for row in rows.order_by("lot__number", "-number"):
        if row.phase == 0:
            newest.setdefault(row.lot_id, row)
        else:
            mains[row.lot_id, row.number] = row.stage
    rounds = list(newest.values())
    if rounds and actor.role is not Role.SUPERVISOR:
        require_owner_side(rounds[0].lot.tender, actor)
    fronts = {f.round_id: f for f in Front.objects.filter(round__in=rounds)}
    findings = {f.round_id: f for f in InvitationFinding.objects.filter(round__in=rounds)}
    objections = _by_round(FrontObjection.objects.filter(round__in=rounds).order_by("pk"))
    holds = _by_round(HoldRow.objects.filter(round__in=rounds, lifted_at=None))
    invitees: dict[int, list[Any]] = {}
    if actor.role is not Role.SUPERVISOR:
        listed = Invitation.objects.filter(round__in=rounds).select_related("invitee").order_by("pk")
        invitees = _by_round(listed)
    settled = quiet.settled_of([r.pk for r in rounds])
    drawn = {d.round_id: d for d in InviteeDraw.objects.filter(round__in=rounds)}
    return [
        OwnerFront(
            round=r.public_id,
            lot_name=r.lot.name,
            number=r.number,
            procedure_code=r.procedure_code,
            stage=r.stage,
            stage_label=Stage(r.stage).label,
            bid_deadline=r.bid_deadline,
            published_at=r.published_at,
            decided_at=r.decided_at,
            main_stage=mains[r.lot_id, r.number],
            file_until=fronts[r.pk].file_until if r.pk in fronts else None,
            ground=fronts[r.pk].ground if r.pk in fronts else "",
            ground_label=rules.GROUNDS.get(fronts[r.pk].ground, "") if r.pk in fronts else "",
            text=fronts[r.pk].text if r.pk in fronts else "",
            finding=_finding(findings.get(r.pk)),
            invitees=tuple({"name": i.invitee.name, "uscc": i.invitee.uscc} for i in invitees.get(r.pk, [])),
            objections=tuple(_objection(o) for o in objections.get(r.pk, [])),
            settled=r.pk in settled,
            holds=tuple(h.kind for h in holds.get(r.pk, [])),
            drawn_at=drawn[r.pk].drawn_at if r.pk in drawn else None,
            witnesses=tuple(drawn[r.pk].witnesses) if r.pk in drawn else (),
        )
        for r in rounds
    ]


def _by_round(rows: Any) -> dict[int, list[Any]]:
    out: dict[int, list[Any]] = {}
    for row in rows:
        out.setdefault(row.round_id, []).append(row)
    return out


def _finding(row: InvitationFinding | None) -> dict[str, Any] | None:
    names = ("approved", "opinion", "document_number", "found_at")
    return {name: getattr(row, name) for name in names} if row else None


def _objection(row: FrontObjection) -> dict[str, Any]:
    """Return an objection without whose it is."""
    names = ("public_id", "text", "filed_at", "late", "answer_due_at", "answer", "answered_at")
    return {name: getattr(row, name) for name in names}


def objections_waiting(organisation_pk: int) -> list[dict[str, Any]]:
    """Return the unanswered objections to an owner side's own prequalification files, without whose they are."""
    rows = (
        FrontObjection.objects.filter(answered_at=None)
        .filter(
            Q(round__lot__tender__tenderee_id=organisation_pk)
            | Q(round__lot__tender__agency_id=organisation_pk)
        )
        .select_related("round__lot__tender")
        .defer(*large("round"))
        .order_by("answer_due_at", "pk")
    )
    return [
        {
            "tender": r.round.lot.tender.public_id,
            "name": f"{r.round.lot.tender.name} · {r.round.lot.name}",
            "answer_due_at": r.answer_due_at,
        }
        for r in rows[:100]
    ]


def waiting_grounds() -> list[dict[str, Any]]:
    """Return the stated grounds that wait for the authority's finding (for the supervisor's bench)."""
    rows = (
        Front.objects.filter(round__stage=Stage.IV_REASON.value)
        .exclude(ground="")
        .select_related("round__lot__tender__tenderee")
        .order_by("stated_at", "pk")
    )
    seen: dict[str, dict[str, Any]] = {}
    for row in rows[:200]:
        tender = row.round.lot.tender
        seen.setdefault(
            tender.public_id,
            {
                "tender": tender.public_id,
                "name": tender.name,
                "tenderee": tender.tenderee.name,
                "ground": rules.GROUNDS[row.ground],
                "reason": row.text,
                "stated_at": row.stated_at,
            },
        )
    return list(seen.values())


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """An opened technical proposal as the owner side reads it: a letter, not a name."""

    label: str
    fields: dict[str, Any]
    attachments: list[dict[str, Any]]


#: what would say whose proposal it is
_IDENTITY = frozenset({"bidder", "uscc", "members", "manager", "attachments"})


def proposals(*, round_id: str, actor: Actor) -> list[Proposal]:
    """Return the opened technical proposals of a first stage to its owner side, under letters.

    :raises NotPermitted: anyone else
    :raises NotFound: not a two-stage tender, or nothing is opened yet
    """
    require(actor, Permission.PROPOSALS_READ)
    round_ = (
        Round.objects.select_related("lot__tender")
        .filter(public_id=round_id, phase=0, procedure_code="GC_TWO_STAGE")
        .first()
    )
    if round_ is None:
        raise NotFound("没有这个两阶段招标的标段")
    require_owner_side(round_.lot.tender, actor)
    if round_.stage not in {Stage.TS1_REVIEW, Stage.TS2_OPEN, Stage.TS_DONE} or round_.decided_at is None:
        raise NotFound("技术建议尚未开启: 截止后由提交者解密, 全部解密或时限届满后可以查阅")
    return [
        Proposal(
            label=f"建议{n:02d}",
            fields={k: v for k, v in p.fields.items() if k not in _IDENTITY},
            attachments=[{"name": f"附件{m}", **_digest(a)} for m, a in enumerate(p.attachments, 1)],
        )
        for n, p in enumerate(quiet.opened_packages(round_.pk), 1)
    ]


def _digest(attachment: dict[str, Any]) -> dict[str, Any]:
    return {"sha256": attachment["sha256"], "size": attachment["size"]}


@dataclass(frozen=True, kw_only=True)
class OwnPart:
    """What an organisation itself has to do with a front: its package, its result."""

    package: quiet.OwnPackage | None
    passed: bool | None
    reasons: tuple[str, ...]
    sent_at: datetime | None
    #: where those invited are drawn: under which label one is on the list, and the salt that opens it
    label: str
    salt: str


def own_part(*, round_id: str, actor: Actor) -> OwnPart:
    """Return one's own part in a front.

    :raises NotPermitted: not a bidder
    """
    require(actor, Permission.BID_READ_OWN)
    found = Round.objects.filter(public_id=round_id, phase=0).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound("没有这个标段轮次")
    result = QualificationResult.objects.filter(round_id=found, applicant_id=actor.organisation_pk).first()
    # only once it is decided: before, a label would tell who knows the seeds
    own = (
        DrawLabel.objects.filter(draw__round_id=found, applicant_id=actor.organisation_pk).first()
        if result
        else None
    )
    return OwnPart(
        package=quiet.own_package(round_pk=found, organisation_pk=actor.organisation_pk),
        label=own.label if own else "",
        salt=own.salt if own else "",
        passed=result.passed if result else None,
        reasons=tuple(result.reasons) if result else (),
        sent_at=result.sent_at if result else None,
    )


@dataclass(frozen=True, kw_only=True)
class InvitationRow:
    """One's own invitation."""

    invitation: str
    tender: str
    tender_name: str
    lot_name: str
    tenderee: str
    state: str
    sent_at: datetime | None
    reply_by: datetime | None
    answered_at: datetime | None
    scope_of_work: str
    main_round: str
    main_published: bool


def own_invitations(actor: Actor) -> list[InvitationRow]:
    """Return the invitations that an organisation has received, newest first.

    :raises NotPermitted: not a bidder
    """
    require(actor, Permission.BID_READ_OWN)
    rows = (
        Invitation.objects.filter(invitee_id=actor.organisation_pk)
        .exclude(state=Invitation.LISTED)
        .select_related("round__lot__tender__tenderee")
        .defer(*large("round"))
        .order_by("-pk")
    )
    found = list(rows[:100])
    mains = {
        (m.lot_id, m.number): m
        for m in Round.objects.filter(lot__in=[row.round.lot_id for row in found], phase=1).defer("law")
    }
    out = []
    for row in found:
        lot, main = row.round.lot, mains[row.round.lot_id, row.round.number]
        out.append(
            InvitationRow(
                invitation=row.public_id,
                tender=lot.tender.public_id,
                tender_name=lot.tender.name,
                lot_name=lot.name,
                tenderee=lot.tender.tenderee.name,
                state=row.state,
                sent_at=row.sent_at,
                reply_by=row.round.bid_deadline,
                answered_at=row.answered_at,
                scope_of_work=lot.scope_of_work,
                main_round=main.public_id,
                main_published=main.published_at is not None,
            )
        )
    return out


def own_invitation(*, invitation_id: str, actor: Actor) -> InvitationRow:
    """Return one of one's own invitations.

    :raises NotFound: not an invitation of this organisation
    """
    for row in own_invitations(actor):
        if row.invitation == invitation_id:
            return row
    raise NotFound("没有发给您单位的这份投标邀请书")


@dataclass(frozen=True, kw_only=True)
class ReviewDesk:
    """A member's desk in the review of a prequalification."""

    round: str
    tender_name: str
    lot_name: str
    step: str
    code: str
    part: Prequalification
    packages: list[quiet.OpenedPackage]
    handed_in: bool
    waiting_for: int
    report: dict[str, Any] | None
    signed: bool


def review_desk(*, round_id: str, actor: Actor) -> ReviewDesk:
    """Return the desk of a member.

    :raises NotAMember: not on this committee
    :raises NotFound: no review here
    """
    require(actor, Permission.EVALUATE)
    review = (
        QualificationReview.objects.select_related("round__lot__tender", "draw")
        .filter(round__public_id=round_id)
        .first()
    )
    if review is None:
        raise NotFound("该标段尚未开始资格审查")
    member = Member.objects.filter(draw=review.draw, account_id=actor.account_pk, left=False).first()
    if member is None:
        raise NotAMember("您不是本标段资格审查委员会成员")
    signing = review.step != QualificationReview.REVIEWING
    done = review.signatures.count() if signing else review.sheets.count()
    return ReviewDesk(
        round=review.round.public_id,
        tender_name=review.round.lot.tender.name,
        lot_name=review.round.lot.name,
        step=review.step,
        code=member.code,
        part=part_of(review.round),
        packages=quiet.opened_packages(review.round_id),
        handed_in=review.sheets.filter(member=member).exists(),
        waiting_for=review.draw.committee_size - done,
        report=review.report,
        signed=review.signatures.filter(member=member).exists(),
    )


def review_to_sign(*, round_id: str, actor: Actor) -> bytes:
    """Return the canonical bytes of the report for a member to sign.

    :raises NotFound: no report yet
    """
    found = review_desk(round_id=round_id, actor=actor)
    if found.report is None:
        raise NotFound("审查报告尚未形成")
    return canonical(found.report)


def review_report(*, round_id: str, actor: Actor) -> dict[str, Any]:
    """Return the report of a review to its members and the supervisor; to the owner side once the bids are opened.

    :raises NotPermitted: anyone else, and the owner side before the opening (招标投标法22)
    :raises NotFound: no report yet
    """
    require(actor, Permission.EVALUATION_READ)
    review = (
        QualificationReview.objects.select_related("round__lot__tender")
        .filter(round__public_id=round_id)
        .exclude(reported_at=None)
        .first()
    )
    if review is None:
        raise NotFound("资格审查报告尚未提交")
    tender = review.round.lot.tender
    owner = actor.organisation_pk in {tender.tenderee_id, tender.agency_id}
    member = Member.objects.filter(draw_id=review.draw_id, account_id=actor.account_pk).exists()
    if member or actor.role is Role.SUPERVISOR:
        return dict(review.report or {})
    if not owner:
        raise NotPermitted("资格审查报告由审查委员会成员和监督部门查阅, 招标人在开标后查阅")
    if main_of(review.round).opened_at is None:
        raise NotPermitted("通过资格预审的申请人名称和数量在开标前保密, 资格审查报告在开标后可以查阅")
    return dict(review.report or {})


def running_reviews(account_pk: int) -> list[dict[str, Any]]:
    """Return the reviews that wait for an account's sheet or signature."""
    rows = (
        QualificationReview.objects.filter(draw__members__account_id=account_pk, draw__members__left=False)
        .exclude(step=QualificationReview.DONE)
        .select_related("round__lot__tender")
        .order_by("started_at", "pk")
    )
    out = []
    for row in rows[:50]:
        signing = row.step == QualificationReview.SIGNING
        mine = (row.signatures if signing else row.sheets).filter(member__account_id=account_pk).exists()
        lot = row.round.lot
        out.append(
            {
                "round": row.round.public_id,
                "name": f"{lot.tender.name} · {lot.name}",
                "step": row.step,
                "waits_for_me": not mine,
            }
        )
    return out


def require_may_read_package(*, round_pk: int, sender_pk: int, viewer: Actor) -> None:
    """Let a reader of a front's opened package pass: its sender, the supervisor, the committee of a prequalification,
    the owner side of a two-stage tender.

    :raises NotPermitted: anyone else
    """
    round_ = Round.objects.select_related("lot__tender").get(pk=round_pk)
    tender = round_.lot.tender
    owner = bool(viewer.organisation_pk) and viewer.organisation_pk in {tender.tenderee_id, tender.agency_id}
    seated = QualificationReview.objects.filter(
        round=round_, draw__members__account_id=viewer.account_pk, draw__members__left=False
    ).exists()
    if not (
        viewer.role is Role.SUPERVISOR
        or seated
        or (owner and round_.procedure_code == "GC_TWO_STAGE")
        or (viewer.organisation_pk and viewer.organisation_pk == sender_pk)
    ):
        raise NotPermitted("资格预审申请文件由审查委员会和监督部门查阅, 技术建议由招标人和监督部门查阅")

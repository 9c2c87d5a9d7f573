"""Seating the committee, handing in sheets, deciding, signing the report."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from ggzy.committees import actions as committees
from ggzy.deadlines.actions import effect, set_timer
from ggzy.evaluation import dark, darkness, prompts, rules, separating, standing
from ggzy.evaluation.annexes import annexes
from ggzy.evaluation.computing import offer_of, outcome_of
from ggzy.evaluation.envelopes import close_first_envelope
from ggzy.evaluation.judged import judged_bids, unit_price_faults
from ggzy.evaluation.models import (
    Draft,
    Evaluation,
    Qualification,
    ReportSignature,
    RequirementChange,
    Sheet,
    Talk,
)
from ggzy.evidence.actions import record_act
from ggzy.experts import attending
from ggzy.experts.models import Draw, Member
from ggzy.experts.rules import position
from ggzy.identity.actions import sign_document
from ggzy.kernel import calendars, files
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.families import family
from ggzy.law.limits import runs_out
from ggzy.methods.explain import Level, as_json, explain
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import quiet, second
from ggzy.opening.negotiated import end_offers
from ggzy.opening.queries import OpenedBid, opened_bids
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import MoveNotAllowed, Stage
from ggzy.tendering.document import TenderDocument, parse
from ggzy.tendering.models import Round, TenderFile
from ggzy.tendering.moves import (
    lock_round,
    make_move,
    place_of,
    procedure_of,
    require_owner_side,
    standing_still,
)
from ggzy.tendering.stamps import law_of
from ggzy.ui.documents import report_pdf

REPORT_PDF = "evaluation.report_pdf"
#: where no candidates are published, a report sets this clock: `awarding` determines the winner when it runs out
AWARD_BY_SILENCE = "awarding.award_by_silence"


class NotThisStep(Refusal):
    """The evaluation stands at another step, or this sheet is in."""

    code = "evaluation.not_this_step"


class NotAMember(NotPermitted):
    """Only the members of this committee."""

    code = "evaluation.not_a_member"


@transaction.atomic
def seat_committee(*, draw_id: str, actor: Actor, now: datetime) -> list[Evaluation]:
    """Seat the committee that has checked in: OPENED → EVALUATING for every lot it evaluates.

    :raises CommitteeIncomplete: a drawn expert or a representative has not checked in
    """
    require(actor, Permission.COMMITTEE_SEAT)
    draw = (
        Draw.objects.select_for_update(of=("self",))
        .select_related("tender")
        .filter(public_id=draw_id)
        .first()
    )
    if draw is None:
        raise NotFound("没有这次专家抽取")
    require_owner_side(draw.tender, actor)
    members = committees.require_complete(draw)
    evaluations = []
    for pk in draw.rounds.order_by("pk").values_list("public_id", flat=True):
        round_ = lock_round(pk)
        # a front's committee is seated by the front (fronts.review)
        if round_.phase == 0 or not procedure_of(round_).has(round_.stage, "seat_committee"):
            continue
        if procedure_of(round_).has(Stage.QUAL, "qualify"):
            require_qualified(round_)
        make_move(round_, "seat_committee", actor=actor, now=now)
        made = Evaluation.objects.create(
            round=round_,
            draw=draw,
            step=Evaluation.LEADER,
            started_at=now,
            region_code=round_.region_code,
        )
        dark.begin(made, document_of(round_), now=now)
        evaluations.append(made)
    if not evaluations:
        raise NotThisStep("没有等待评标的标段, 请刷新页面")
    draw.state = Draw.SEATED
    draw.save(update_fields=["state"])
    committees.begin(draw, now=now)
    record_act(
        "evaluation.seated",
        subject=draw.public_id,
        actor=actor,
        legal_at=now,
        ocid=draw.tender.ocid,
        public={
            "draw": draw.public_id,
            "members": [
                {"code": m.code, "kind": m.kind, "label": m.candidate.label if m.candidate else None}
                for m in members
            ],
            "size": draw.committee_size,
            "experts": sum(1 for m in members if m.kind == Member.EXPERT),
        },
    )
    return evaluations


def require_qualified(round_: Round) -> None:
    """Let a committee be seated only when the buyer has found out who is qualified (87号令第四十四条).

    :raises NotThisStep: the check has not been concluded
    """
    if not Qualification.objects.filter(round=round_, concluded_at__isnull=False).exists():
        raise NotThisStep(
            "资格审查还没有作出结论, 不能组建评标委员会",
            basis=Citation("政府采购货物和服务招标投标管理办法", "第四十四条"),
            next_steps=(("办理资格审查", f"/work/rounds/{round_.public_id}/qualification"),),
        )


def locked(round_id: str, actor: Actor) -> tuple[Evaluation, Round, Member, TenderDocument]:
    """Return a running evaluation locked for the act of a member who is present.

    :raises NotFound: no evaluation here
    :raises MoveNotAllowed: a hold stops the round
    :raises NotAMember: not, or no longer, on this committee
    :raises Interrupted: the meeting is paused, or the member is away
    """
    round_ = lock_round(round_id)
    evaluation = (
        Evaluation.objects.select_for_update(of=("self",)).filter(round=round_).order_by("-number").first()
    )
    if evaluation is None:
        raise NotFound("该标段尚未开始评标")
    if held := standing_still(round_):
        raise MoveNotAllowed(f"因{'、'.join(hold.label for hold in held)}, 评标暂停, 已提交的内容均已保存")
    member = Member.objects.filter(
        draw_id=evaluation.draw_id, account_id=actor.account_pk, left=False
    ).first()
    if member is None:
        raise NotAMember("您不是本标段评标委员会成员")
    committees.require_present(evaluation.draw, member)
    return evaluation, round_, member, document_of(round_)


def document_of(round_: Round) -> TenderDocument:
    """Return the tender file that governs a round.

    :raises NotFound: it has not been issued yet
    """
    file = TenderFile.objects.filter(tender=round_.lot.tender, version=round_.file_version).first()
    if file is None:
        raise NotFound("该标段还没有发出招标文件, 发布公告以后才能办理")
    return parse(file.document)


def hand_in(
    evaluation: Evaluation,
    round_: Round,
    member: Member,
    kind: str,
    content: Any,
    *,
    basis: str,
    notes: Mapping[str, Any] | None = None,
    correcting: bool = False,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep a sheet, or a corrected version of the member's own (called inside an act).

    :raises NotThisStep: it is in
    """
    last = evaluation.sheets.filter(member=member, kind=kind).order_by("-version").first()
    if last is not None and last.basis == basis and not correcting:
        raise NotThisStep("您的评审表已提交, 提交后不能修改; 如有错误请在评标报告中写明不同意见")
    version = last.version + 1 if last else 1
    Sheet.objects.create(
        evaluation=evaluation,
        member=member,
        kind=kind,
        version=version,
        basis=basis,
        content=content,
        notes=notes or {},
        handed_in_at=now,
        region_code=round_.region_code,
    )
    Draft.objects.filter(evaluation=evaluation, member=member, kind=kind).delete()
    record_act(
        "evaluation.sheet_handed_in",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"kind": kind, "member": member.code, "sitting": evaluation.number},
        supervisor={"content": content, "notes": notes or {}, "version": version},
    )


def _advance(
    evaluation: Evaluation, round_: Round, document: TenderDocument, *, actor: Actor, now: datetime
) -> None:
    """Let the evaluation stand where the sheets of its present members put it, and do what follows from that."""
    before, rejected_before = evaluation.step, evaluation.rejected
    stand = standing.stand(evaluation, round_, document)
    evaluation.step, evaluation.rejected = stand.step, stand.rejected
    evaluation.save(update_fields=["step", "rejected"])
    if stand.step != Evaluation.PRELIMINARY and (
        before == Evaluation.PRELIMINARY or rejected_before != stand.rejected
    ):
        record_act(
            "evaluation.preliminary_decided",
            subject=evaluation.public_id,
            actor=actor,
            legal_at=now,
            # of a negotiated procurement no supplier learns of another before the result: not even that somebody left
            **quiet.place(round_),
            **{"supervisor" if document.negotiated else "party": {"rejected": evaluation.rejected}},
        )
    if stand.against is not None:
        _reject_all(evaluation, round_, stand.against, actor=actor, now=now)
    elif stand.step == Evaluation.SECOND and before != Evaluation.SECOND:
        close_first_envelope(evaluation, round_, document, stand, actor=actor, now=now)
    elif stand.step == Evaluation.SIGNING:
        _compile(evaluation, round_, document, stand.scores, now=now, actor=actor)


@transaction.atomic
def elect_leader(*, draw_id: str, choice: str, actor: Actor, now: datetime) -> str:
    """Vote for the leader of the committee; return the leader's code once there is one, "" before.

    :raises MeetingNotNow: there is a leader, or this member has voted in this turn
    :raises BadInput: nobody of that code
    """
    require(actor, Permission.EVALUATE)
    draw = Draw.objects.select_for_update(of=("self",)).filter(public_id=draw_id, state=Draw.SEATED).first()
    if draw is None:
        raise NotThisStep("评标委员会组建后才能推选组长")
    leader = committees.cast_ballot(draw=draw, choice=choice, actor=actor, now=now)
    if leader is None:
        return ""
    waiting = Evaluation.objects.filter(draw=draw, step=Evaluation.LEADER)
    for evaluation in waiting.select_related("round__lot__tender", "draw"):
        _advance(evaluation, evaluation.round, document_of(evaluation.round), actor=actor, now=now)
    return leader.code


@attending.voids
def void_what_they_concluded(member: Member, actor: Actor, now: datetime) -> None:
    """Let every running evaluation stand again where the one who follows a replaced member must begin (条例第四十八条).

    The others' sheets stay; a report that waited for signatures is no report any more.
    """
    committees.unseat(member)
    # what they had entered was never handed in: nobody reads it, and nobody goes on from it
    Draft.objects.filter(member=member).delete()
    for round_ in member.draw.rounds.all():
        second.recall(round_)
    running = Evaluation.objects.select_for_update(of=("self",)).filter(draw_id=member.draw_id)
    for evaluation in running.exclude(step=Evaluation.DONE).select_related("round__lot__tender", "draw"):
        meeting_has_leader = committees.has_leader(evaluation.draw)
        evaluation.step = (
            standing.stand(evaluation, evaluation.round, document_of(evaluation.round)).step
            if meeting_has_leader
            else Evaluation.LEADER
        )
        evaluation.report, evaluation.report_sha256 = None, ""
        evaluation.save(update_fields=["step", "report", "report_sha256"])
        record_act(
            "evaluation.member_replaced",
            subject=evaluation.public_id,
            actor=actor,
            legal_at=now,
            **place_of(evaluation.round),
            public={"member": member.code, "sitting": evaluation.number},
        )


@transaction.atomic
def hand_in_preliminary(
    *, round_id: str, results: Mapping[str, Any], actor: Actor, now: datetime
) -> Evaluation:
    """Hand in one member's 初步评审; the last one decides by majority which bids are rejected.

    :raises NotThisStep: the step is over, or this member's sheet is in
    :raises BadInput: the sheet does not judge everything
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, document = locked(round_id, actor)
    if evaluation.step == Evaluation.LEADER:
        raise NotThisStep("请先推选评标委员会组长")
    if evaluation.step != Evaluation.PRELIMINARY:
        raise NotThisStep("初步评审已结束, 请刷新页面查看当前步骤")
    bids = [b.bid for b in judged_bids(round_.pk)]
    content = rules.require_preliminary(results, bids=bids, requirements=document.committees_requirements)
    rules.require_arithmetic(content, faults=unit_price_faults(round_, document))
    hand_in(evaluation, round_, member, "preliminary", content, basis="", actor=actor, now=now)
    _advance(evaluation, round_, document, actor=actor, now=now)
    return evaluation


@transaction.atomic
def argue_competition(*, round_id: str, go_on: bool, reason: str, actor: Actor, now: datetime) -> Evaluation:
    """Vote, with reasons, on whether fewer than three responsive bids still compete (法42); the last vote decides.

    A majority against, or no responsive bid at all, rejects all: EVALUATING → FAILED.

    :raises BadInput: no reason, or going on with no bid left
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, document = locked(round_id, actor)
    if evaluation.step != Evaluation.COMPETITION:
        raise NotThisStep("当前不需要作竞争性论证")
    if not reason.strip():
        raise BadInput("请写明竞争性论证的理由", field="reason")
    left = [b.bid for b in judged_bids(round_.pk) if b.bid not in evaluation.rejected]
    if go_on and not left:
        raise BadInput("全部投标均被否决, 不能继续评审", field="go_on")
    content = {"go_on": go_on, "reason": reason.strip()}
    basis = standing.basis_of(left)
    hand_in(evaluation, round_, member, "competition", content, basis=basis, actor=actor, now=now)
    _advance(evaluation, round_, document, actor=actor, now=now)
    return evaluation


@transaction.atomic
def hand_in_offers(*, round_id: str, results: Mapping[str, Any], actor: Actor, now: datetime) -> Evaluation:
    """Hand in one member's review of the opened second envelopes; the last one decides by majority.

    :raises NotThisStep: not the step of this review, or this member's sheet is in
    :raises BadInput: the sheet does not judge everything
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, document = locked(round_id, actor)
    if evaluation.step != Evaluation.OFFERS:
        raise NotThisStep("当前不是报价文件评审步骤, 请刷新页面查看当前步骤")
    bids = [b.bid for b in judged_bids(round_.pk) if b.bid not in evaluation.rejected]
    content = rules.require_preliminary(results, bids=bids, requirements=document.offers_requirements)
    basis = standing.basis_of(bids)
    hand_in(evaluation, round_, member, "offers", content, basis=basis, actor=actor, now=now)
    _advance(evaluation, round_, document, actor=actor, now=now)
    return evaluation


@effect(second.ENDED)
def go_on_with_prices(round_id: str, now: datetime) -> datetime | None:
    """Let the evaluation that waited for the second envelopes, or for the last offers, go on with their prices."""
    go_on(lock_round(round_id), actor=SYSTEM, now=now)
    return None


def go_on(round_: Round, *, actor: Actor, now: datetime) -> None:
    """Let an evaluation that waits for bidders stand where it now does (called inside an act, on a locked round)."""
    evaluation = (
        Evaluation.objects.select_for_update(of=("self",))
        .filter(round=round_, step__in=[Evaluation.SECOND, Evaluation.TALKS])
        .first()
    )
    if evaluation is not None:
        _advance(evaluation, round_, document_of(round_), actor=actor, now=now)


@transaction.atomic
def judge_prices(*, round_id: str, results: Mapping[str, Any], actor: Actor, now: datetime) -> Evaluation:
    """Judge the bids whose price is markedly low: reasonable, or below cost and rejected (条例51第五项).

    Nobody may find a price below cost before its bidder was asked to explain it and has answered, or let the time pass.

    :raises NotThisStep: nothing to judge, or this member's sheet is in
    :raises BadInput: a bid is missing, no reason, or the bidder was not asked
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, document = locked(round_id, actor)
    if evaluation.step != Evaluation.PRICE:
        raise NotThisStep("当前不需要评审偏低报价")
    flagged = standing.low_priced(evaluation, round_, document)
    asked = standing.explained(round_)
    content = rules.require_price_judgement(results, bids=list(flagged), explained=asked)
    basis = standing.basis_of(flagged)
    hand_in(evaluation, round_, member, "price", content, basis=basis, actor=actor, now=now)
    _advance(evaluation, round_, document, actor=actor, now=now)
    return evaluation


def _reject_all(
    evaluation: Evaluation, round_: Round, reasons: list[str], *, actor: Actor, now: datetime
) -> None:
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    make_move(round_, "reject_all", actor=actor, now=now, decided_at=now)
    end_offers(round_, now=now)
    evaluation.step = Evaluation.DONE
    evaluation.save(update_fields=["step", "rejected"])
    end_meeting_if_over(evaluation, actor=actor, now=now)
    publish_notice(
        kind=NoticeKind.FAILURE,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.failure}公告",
        body={
            "lot": round_.lot.name,
            "round_number": round_.number,
            "reason": "经评审, 评标委员会否决全部投标"
            if own.code == "GC"
            else f"经评审, 实质性响应{own.file}{'并提交有效最后报价' if procedure_of(round_).quiet else ''}"
            f"的{own.bidder}不足{document_of(round_).least_bidders}家",
            "basis": own.none_left,
            "next": f"{own.owner}将依法重新组织{'招标' if own.code == 'GC' else '采购'}",
        },
        actor=actor,
        now=now,
    )
    record_act(
        "evaluation.all_rejected",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"reason": "committee_rejected_all"},
        supervisor={"reasons": reasons},
    )


@transaction.atomic
def hand_in_scores(
    *,
    round_id: str,
    scores: Mapping[str, Any],
    reasons: Mapping[str, Any] | None = None,
    actor: Actor,
    now: datetime,
) -> Evaluation:
    """Hand in one member's score sheet (综合评估法), or correct one's own while the scores are summed up.

    :raises NotThisStep: not the step of scoring, or this member's sheet is in
    :raises BadInput: a score is missing or out of range, or a reason that the file demands is missing
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, document = locked(round_id, actor)
    if evaluation.step not in {Evaluation.DETAILED, Evaluation.SUMMARY}:
        raise NotThisStep("当前不是打分步骤, 请刷新页面查看当前步骤")
    bids = [b.bid for b in judged_bids(round_.pk) if b.bid not in evaluation.rejected]
    codes = dark.codes_of(evaluation, member, [b.bid for b in judged_bids(round_.pk)])
    if codes:
        keys = {
            "dark": [c.key for c in document.criteria if c.dark],
            "open_": [c.key for c in document.criteria if not c.dark],
        }
        live = {code: bid for code, bid in codes.items() if bid in bids}
        scores = darkness.merged(scores, codes=live, **keys)
        reasons = darkness.merged(reasons or {}, codes=live, **keys)
    content = rules.require_scores(scores, bids=bids, criteria=document.criteria)
    notes = rules.require_reasons(reasons or {}, bids=bids, criteria=document.criteria)
    hand_in(
        evaluation,
        round_,
        member,
        "scores",
        content,
        basis=standing.basis_of(bids),
        notes=notes,
        correcting=evaluation.step == Evaluation.SUMMARY,
        actor=actor,
        now=now,
    )
    _advance(evaluation, round_, document, actor=actor, now=now)
    return evaluation


@transaction.atomic
def confirm_scores(*, round_id: str, actor: Actor, now: datetime) -> Evaluation:
    """Confirm one's own scores after the checks of the sum; the last confirmation compiles the report.

    What the checks say changes nothing by itself. Objective items on which members differ must be made equal first.
    Corrections that were entered and not handed in are given up.

    :raises NotThisStep: not the step of summing up, or confirmed already
    :raises BadInput: an objective item on which the members differ
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, document = locked(round_id, actor)
    if evaluation.step != Evaluation.SUMMARY:
        raise NotThisStep("当前不是汇总复核步骤, 请刷新页面查看当前步骤")
    sheets = standing.scores_of(evaluation)
    if differing := prompts.differing(sheets, criteria=document.criteria):
        raise BadInput(
            f"客观评审项“{'、'.join(sorted(differing))}”各评委打分不一致, 应先核对更正为一致", field="scores"
        )
    basis = standing.digest_of(sheets)
    hand_in(evaluation, round_, member, "summary", {"confirmed": True}, basis=basis, actor=actor, now=now)
    Draft.objects.filter(evaluation=evaluation, member=member).delete()
    _advance(evaluation, round_, document, actor=actor, now=now)
    return evaluation


@transaction.atomic
def hand_in_findings(
    *, round_id: str, findings: Mapping[str, Any], actor: Actor, now: datetime
) -> Evaluation:
    """Hand in what one member finds of every bid left (评定分离); the last sheet compiles the report.

    :raises NotThisStep: not the step of findings, or this member's sheet is in
    :raises BadInput: a bid is missing, or nothing is said of one
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, document = locked(round_id, actor)
    if evaluation.step != Evaluation.FINDINGS:
        raise NotThisStep("当前不是撰写评审意见的步骤, 请刷新页面查看当前步骤")
    bids = [b.bid for b in opened_bids(round_.pk) if b.bid not in evaluation.rejected]
    content = separating.require_findings(findings, bids=bids)
    basis = standing.basis_of(bids)
    hand_in(evaluation, round_, member, "findings", content, basis=basis, actor=actor, now=now)
    _advance(evaluation, round_, document, actor=actor, now=now)
    return evaluation


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _compile(
    evaluation: Evaluation,
    round_: Round,
    document: TenderDocument,
    sheets: Sequence[Mapping[str, Mapping[str, str]]],
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Rank, write the report's content and freeze it for signing."""
    bids = {b.bid: b for b in judged_bids(round_.pk)}
    randomness = bytes.fromhex(evaluation.draw.randomness)
    offers = [offer_of(b, document) for b in bids.values() if b.bid not in evaluation.rejected]
    lot_of = {
        bid: position(randomness=randomness, code=bytes.fromhex(round_.public_id), label=bid) for bid in bids
    }
    places, by_scheme = _ranked(evaluation, round_, document, sheets, offers, lot_of)
    evaluation.report = {
        "document": "评标报告",
        "ocid": round_.lot.tender.ocid,
        "round": round_.public_id,
        "tender": round_.lot.tender.name,
        "lot": round_.lot.name,
        "method": document.method.value,
        "compiled_at": now.isoformat(),
        **_sitting(evaluation),
        "ranking": [_report_row(p, bids[p.bid]) for p in places],
        **by_scheme,
        "rejected": [
            {"bid": bid, "bidder": bids[bid].bidder, "reasons": reasons}
            for bid, reasons in sorted(evaluation.rejected.items())
        ],
        **_unqualified(round_),
        **_second_record(round_),
        **negotiation_record(evaluation),
        "candidates": [p.bid for p in places[: _candidates(document, len(places))]],
        "annexes": annexes(evaluation, round_, document, names={b.bid: b.bidder for b in bids.values()}),
    }
    if document.award_plan:
        evaluation.report = _separated(
            evaluation, evaluation.report, places, most=document.award_plan.candidates
        )
    evaluation.report_sha256 = sha256(canonical(evaluation.report)).hex()
    evaluation.step = Evaluation.SIGNING
    evaluation.save(update_fields=["step", "rejected", "report", "report_sha256"])
    # who confirmed and then began another correction is too late with it
    evaluation.drafts.all().delete()
    record_act(
        "evaluation.report_compiled",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"report_sha256": evaluation.report_sha256},
        supervisor={"report": evaluation.report, "dark_salt": evaluation.dark_salt},
    )


def _candidates(document: TenderDocument, ranked: int) -> int:
    """Return how many the report recommends: up to three, or as many as the file chooses where it chooses several."""
    several = document.policy.several if document.policy else None
    return several.keeps(ranked) if several else rules.MOST_CANDIDATES


def negotiation_record(evaluation: Evaluation) -> dict[str, Any]:
    """Return what the report tells of the talks: each with whom, when and about what, and the changes that count."""
    sittings = Evaluation.objects.filter(round_id=evaluation.round_id)
    talks = Talk.objects.filter(evaluation__in=sittings).select_related("bid__bidder").order_by("pk")
    changes = RequirementChange.objects.filter(
        evaluation__in=sittings, state=RequirementChange.CONFIRMED
    ).order_by("pk")
    if not talks:
        return {}
    return {
        "talks": [
            {"bidder": t.bid.bidder.name, "text": t.text, "at": t.talked_at.isoformat()} for t in talks
        ],
        **_solutions(evaluation, [t.bid.public_id for t in talks]),
        "changes": [
            {"text": c.text, "confirmed_at": c.decided_at.isoformat()} for c in changes if c.decided_at
        ],
    }


def _solutions(evaluation: Evaluation, talked: Sequence[str]) -> dict[str, Any]:
    """Return whose solutions the group recommended, where it voted."""
    votes = standing.last_sheets(evaluation, "solutions")
    if not votes:
        return {}
    left = sorted(set(talked))
    chosen = [bid for bid in left if 2 * sum(1 for vote in votes if bid in vote) > len(votes)]
    return {"solutions": {"recommended": chosen, "votes": len(votes)}}


def _second_record(round_: Round) -> dict[str, Any]:
    """Return which record the prices come from, where they were in a second envelope."""
    found = second.record_digest(round_.pk)
    return {"second_opening_sha256": found} if found else {}


def _unqualified(round_: Round) -> dict[str, Any]:
    """Return whom the buyer found not qualified, where it was the buyer who checked."""
    found = Qualification.objects.filter(round=round_).first()
    if found is None:
        return {}
    names = {b.bid: b.bidder for b in opened_bids(round_.pk)}
    return {
        "unqualified": [
            {"bid": bid, "bidder": names[bid], "reasons": reasons}
            for bid, reasons in sorted(found.unqualified.items())
        ]
    }


def _separated(
    evaluation: Evaluation, report: dict[str, Any], places: Sequence[rules.Place], *, most: int
) -> dict[str, Any]:
    """Return the report without an order: candidates by name with the members' findings, and who else was left."""
    chosen = separating.shortlist(places, most=most)
    sheets = (
        evaluation.sheets.filter(kind="findings", member__left=False)
        .order_by("member__code", "version")
        .values_list("member__code", "content")
    )
    last = dict(sheets)
    rows = separating.without_order(report["ranking"], chosen=chosen)
    others = [row for row in report["ranking"] if row["bid"] not in chosen]
    plain = {k: v for k, v in report.items() if k != "explained"}
    return plain | {
        "separation": True,
        "ranking": rows,
        "candidates": [row["bid"] for row in rows],
        "findings": {
            bid: [{"member": code, "text": said[bid]} for code, said in sorted(last.items())]
            for bid in chosen
        },
        "not_recommended": sorted(row["bidder"] for row in others),
        # points by member would tell the order; the supervisor has the sheets
        "annexes": {**report["annexes"], "scores": []},
    }


def _sitting(evaluation: Evaluation) -> dict[str, Any]:
    """Return what the report of a later sitting says of its cause; the first says nothing."""
    if evaluation.number == 1:
        return {}
    earlier = Evaluation.objects.get(round_id=evaluation.round_id, number=evaluation.number - 1)
    return {
        "sitting": evaluation.number,
        "cause": evaluation.cause,
        "scope": evaluation.scope,
        "earlier_report_sha256": earlier.report_sha256,
    }


def _ranked(
    evaluation: Evaluation,
    round_: Round,
    document: TenderDocument,
    sheets: Sequence[Mapping[str, Mapping[str, str]]],
    offers: list[rules.Offer],
    lot_of: Mapping[str, bytes],
) -> tuple[list[rules.Place], dict[str, Any]]:
    """Return the places, and what the report says more where the file has a method of its own: every step told."""
    outcome = outcome_of(evaluation, document, sheets)
    places = rules.places_of(outcome, document=document, offers=offers, lot_of=lot_of)
    if document.scheme is None and document.policy is None:
        return places, {}
    bids = {b.bid: b for b in judged_bids(round_.pk)}
    told = explain(outcome, level=Level.FULL, names={bid: row.bidder for bid, row in bids.items()})
    more = {
        "method_title": document.method_label,
        "explained": as_json(told),
        "not_ranked": [
            {"bid": line.bid, "bidder": bids[line.bid].bidder, "reason": line.out}
            for line in outcome.lines
            if line.rank is None and line.bid not in evaluation.rejected
        ],
    }
    return places, more


def _report_row(place: rules.Place, bid: OpenedBid) -> dict[str, Any]:
    return {
        "rank": place.rank,
        "bid": place.bid,
        "bidder": bid.bidder,
        "uscc": bid.uscc,
        "price": str(place.price),
        "duration_days": bid.duration_days,
        "evaluated_price": _text(place.evaluated_price),
        "price_score": _text(place.price_score),
        "other_score": _text(place.other_score),
        "total": _text(place.total),
        "drawn": place.drawn,
    }


@transaction.atomic
def sign_report(*, round_id: str, signature: str, dissent: str, actor: Actor, now: datetime) -> Evaluation:
    """Sign the report, with a dissent if there is one; the last signature hands it to the tenderee.

    A second signature of the same member changes nothing.

    :raises NotThisStep: there is no report to sign
    :raises SignatureWrong: the signature is not on this report
    """
    require(actor, Permission.EVALUATE, signed=True)
    evaluation, round_, member, _ = locked(round_id, actor)
    if evaluation.step != Evaluation.SIGNING or evaluation.report is None:
        raise NotThisStep("评标报告尚未形成或已提交")
    if evaluation.signatures.filter(member=member, report_sha256=evaluation.report_sha256).exists():
        return evaluation
    signed = sign_document(
        kind="evaluation_report",
        subject=evaluation.public_id,
        document=canonical(evaluation.report),
        signature=signature,
        actor=actor,
        now=now,
    )
    ReportSignature.objects.create(
        evaluation=evaluation,
        member=member,
        report_sha256=evaluation.report_sha256,
        signature=signed,
        dissent=dissent.strip()[:2000],
        signed_at=now,
    )
    record_act(
        "evaluation.report_signed",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "member": member.code,
            "report_sha256": evaluation.report_sha256,
            "sitting": evaluation.number,
        },
        supervisor={"dissent": dissent.strip()},
    )
    _report_if_all_signed(evaluation, round_, actor=actor, now=now)
    return evaluation


def _report_if_all_signed(evaluation: Evaluation, round_: Round, *, actor: Actor, now: datetime) -> None:
    signed = evaluation.signatures.filter(member__left=False, report_sha256=evaluation.report_sha256)
    if signed.count() == evaluation.draw.committee_size:
        _report(evaluation, round_, actor=actor, now=now)


@transaction.atomic
def deem_agreed(*, round_id: str, code: str, reason: str, actor: Actor, now: datetime) -> Evaluation:
    """Write down that a member refuses to sign and to write why: it counts as agreement (条例第五十三条).

    The staff of the centre who were there write it; the second time changes nothing.

    :raises NotThisStep: there is no report to sign
    :raises BadInput: no such member, or no account of what happened
    """
    require(actor, Permission.MEETING_KEEP)
    round_ = lock_round(round_id)
    evaluation = (
        Evaluation.objects.select_for_update(of=("self",))
        .filter(round=round_, step=Evaluation.SIGNING)
        .first()
    )
    if evaluation is None:
        raise NotThisStep("没有等待签署的评标报告")
    member = evaluation.draw.members.filter(code=code, left=False).first()
    if member is None:
        raise BadInput("没有这个代号的评委", field="code")
    if not reason.strip():
        raise BadInput("请写明该评委拒绝签字且不书面说明不同意见的情况", field="reason")
    if evaluation.signatures.filter(member=member, report_sha256=evaluation.report_sha256).exists():
        return evaluation
    ReportSignature.objects.create(
        evaluation=evaluation, member=member, report_sha256=evaluation.report_sha256, signed_at=now
    )
    record_act(
        "evaluation.deemed_agreed",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"member": code, "report_sha256": evaluation.report_sha256, "sitting": evaluation.number},
        supervisor={"reason": reason.strip()[:1000]},
    )
    _report_if_all_signed(evaluation, round_, actor=SYSTEM, now=now)
    return evaluation


def _report(evaluation: Evaluation, round_: Round, *, actor: Actor, now: datetime) -> None:
    make_move(round_, "submit_report", actor=actor, now=now)
    evaluation.step, evaluation.reported_at = Evaluation.DONE, now
    evaluation.save(update_fields=["step", "reported_at"])
    set_timer(kind=REPORT_PDF, subject=evaluation.public_id, due_at=now)
    if procedure_of(round_).has(round_.stage, "award"):
        _await_winner(round_, now=now)
    end_meeting_if_over(evaluation, actor=actor, now=now)
    record_act(
        "evaluation.reported",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "report_sha256": evaluation.report_sha256,
            "reported_at": now.isoformat(),
            "sitting": evaluation.number,
        },
    )


def _await_winner(round_: Round, *, now: datetime) -> None:
    """Let the clock run within which the buyer determines the winner (GP-T08, 87号令第六十八条)."""
    limit = law_of(round_)[family(round_.lot.tender.procedure_code).award]
    due = runs_out(limit, started=now, calendar=calendars.CHINA).instant
    set_timer(kind=AWARD_BY_SILENCE, subject=round_.public_id, due_at=due)


def end_meeting_if_over(evaluation: Evaluation, *, actor: Actor, now: datetime) -> None:
    """End the meeting when no evaluation of its draw is left (called inside an act)."""
    if not Evaluation.objects.filter(draw_id=evaluation.draw_id).exclude(step=Evaluation.DONE).exists():
        committees.end(evaluation.draw, actor=actor, now=now)


@effect(REPORT_PDF)
def make_report_pdf(evaluation_id: str, now: datetime) -> datetime | None:
    """Set the report as a PDF/A with its signatures listed, and keep it."""
    evaluation = Evaluation.objects.select_for_update(of=("self",)).get(public_id=evaluation_id)
    if evaluation.report_pdf:
        return None
    signatures = (
        evaluation.signatures.filter(report_sha256=evaluation.report_sha256)
        .select_related("member", "signature__certificate")
        .order_by("member__code")
    )
    pdf = report_pdf(
        report=evaluation.report or {},
        digest=evaluation.report_sha256,
        signatures=[
            {
                "code": s.member.code,
                "signed_at": s.signed_at,
                "fingerprint": s.signature.certificate.fingerprint if s.signature else "",
                "dissent": s.dissent,
            }
            for s in signatures
        ],
        at=evaluation.reported_at or now,
    )
    evaluation.report_pdf = files.keep(pdf)
    evaluation.save(update_fields=["report_pdf"])
    return None

"""The committee's review of a prequalification: seated as an evaluation committee, judged by the file and nothing else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.committees import actions as committees
from ggzy.evaluation.actions import NotAMember, NotThisStep
from ggzy.evaluation.rules import require_preliminary, require_scores
from ggzy.evidence.actions import record_act
from ggzy.experts import attending
from ggzy.experts.models import Draw, Member
from ggzy.experts.rules import position
from ggzy.fronts import rules
from ggzy.fronts.actions import fail, in_the_open, owner_side
from ggzy.fronts.models import QualificationReview, QualificationSheet, QualificationSignature
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.refusals import NotFound, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.opening import quiet
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import Prequalification, QualificationMethod, parse
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, make_move, place_of, require_owner_side


class StillOpening(Refusal):
    """Applicants still have time to decrypt."""

    code = "fronts.still_opening"


def part_of(round_: Round) -> Prequalification:
    """Return the prequalification part that governs a front: the file is not written any more once it is published."""
    part = parse(round_.lot.tender.document).prequalification
    assert part is not None, "a published prequalification has its part"
    return part


@transaction.atomic
def seat_review_committee(*, draw_id: str, actor: Actor, now: datetime) -> list[QualificationReview]:
    """Seat the committee that has checked in: PQ_CLOSED → PQ_REVIEW for every lot it reviews.

    :raises CommitteeIncomplete: a drawn expert or a representative has not checked in
    :raises StillOpening: applications are still being decrypted
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
    rounds = [lock_round(pk) for pk in draw.rounds.order_by("pk").values_list("public_id", flat=True)]
    waiting = [r for r in rounds if r.stage == Stage.PQ_CLOSED]
    if not waiting:
        raise NotThisStep("没有等待资格审查的标段, 请刷新页面")
    if not all(quiet.is_settled(r.pk) for r in waiting):
        raise StillOpening("申请人解密时限未到, 全部解密或时限届满后才能组建资格审查委员会")
    members = committees.require_complete(draw)
    reviews = []
    for round_ in waiting:
        make_move(round_, "seat_committee", actor=actor, now=now)
        reviews.append(
            QualificationReview.objects.create(
                round=round_,
                draw=draw,
                step=QualificationReview.REVIEWING,
                started_at=now,
                region_code=round_.region_code,
            )
        )
    draw.state = Draw.SEATED
    draw.save(update_fields=["state"])
    committees.begin(draw, now=now)
    record_act(
        "fronts.committee_seated",
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
            "rounds": [r.public_id for r in waiting],
            "size": draw.committee_size,
            "experts": sum(1 for m in members if m.kind == Member.EXPERT),
        },
    )
    return reviews


def _locked(round_id: str, actor: Actor) -> tuple[QualificationReview, Round, Member]:
    round_ = lock_round(round_id)
    review = QualificationReview.objects.select_for_update(of=("self",)).filter(round=round_).first()
    if review is None:
        raise NotFound("该标段尚未开始资格审查")
    member = Member.objects.filter(draw_id=review.draw_id, account_id=actor.account_pk, left=False).first()
    if member is None:
        raise NotAMember("您不是本标段资格审查委员会成员")
    return review, round_, member


@transaction.atomic
def hand_in_review(
    *,
    round_id: str,
    results: Mapping[str, Any],
    scores: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> QualificationReview:
    """Hand in one member's sheet: every application on every requirement, and its points where the number is limited.

    The last sheet decides by majority and, where the number is limited, by the mean of the points.

    :raises NotThisStep: the step is over, or this member's sheet is in
    :raises BadInput: the sheet does not judge everything, or judges by something the file does not name
    """
    require(actor, Permission.EVALUATE)
    review, round_, member = _locked(round_id, actor)
    if review.step != QualificationReview.REVIEWING:
        raise NotThisStep("审查已结束, 请刷新页面查看当前步骤")
    if review.sheets.filter(member=member).exists():
        raise NotThisStep("您的审查表已提交, 提交后不能修改; 如有错误请在审查报告中写明不同意见")
    part = part_of(round_)
    packages = [p.package for p in quiet.opened_packages(round_.pk)]
    content: dict[str, Any] = {
        "results": require_preliminary(results, bids=packages, requirements=part.requirements),
        "scores": require_scores(scores, bids=packages, criteria=part.criteria)
        if part.method is QualificationMethod.LIMITED_NUMBER
        else {},
    }
    QualificationSheet.objects.create(
        review=review, member=member, content=content, handed_in_at=now, region_code=round_.region_code
    )
    record_act(
        "fronts.sheet_handed_in",
        subject=review.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"member": member.code},
        supervisor={"content": content},
    )
    present = review.sheets.filter(member__left=False).order_by("member__code")
    sheets = list(present.values_list("content", flat=True))
    if len(sheets) == review.draw.committee_size:
        _compile(review, round_, part, packages, sheets, actor=actor, now=now)
    return review


def _compile(
    review: QualificationReview,
    round_: Round,
    part: Prequalification,
    packages: list[str],
    sheets: list[Mapping[str, Any]],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Decide, write the report and freeze it for signing."""
    randomness = bytes.fromhex(review.draw.randomness)
    decided = rules.qualified(
        [s["results"] for s in sheets],
        [s["scores"] for s in sheets],
        packages=packages,
        part=part,
        lot_of={
            p: position(randomness=randomness, code=bytes.fromhex(round_.public_id), label=p)
            for p in packages
        },
    )
    senders = {p.package: p for p in quiet.opened_packages(round_.pk)}
    review.report = {
        "document": "资格审查报告",
        "ocid": round_.lot.tender.ocid,
        "round": round_.public_id,
        "tender": round_.lot.tender.name,
        "lot": round_.lot.name,
        "method": part.method.value,
        "limit": part.limit,
        "compiled_at": now.isoformat(),
        "applicants": [
            {
                "package": row.package,
                "applicant": senders[row.package].sender,
                "uscc": senders[row.package].uscc,
                "passed": row.passed,
                "reasons": list(row.reasons),
                "score": str(row.score) if row.score is not None else None,
                "rank": row.rank,
            }
            for row in decided
        ],
    }
    review.report_sha256 = sha256(canonical(review.report)).hex()
    review.step = QualificationReview.SIGNING
    review.save(update_fields=["step", "report", "report_sha256"])
    record_act(
        "fronts.review_compiled",
        subject=review.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"report_sha256": review.report_sha256},
        supervisor={"report": review.report},
    )


@attending.voids
def void_what_they_concluded(member: Member, actor: Actor, now: datetime) -> None:
    """Let a running review wait for the sheet of who follows a replaced member (条例第四十八条)."""
    running = QualificationReview.objects.select_for_update(of=("self",)).filter(draw_id=member.draw_id)
    for review in running.exclude(step=QualificationReview.DONE):
        # what was signed is in the evidence log; this report is none any more
        review.signatures.all().delete()
        review.step, review.report, review.report_sha256 = QualificationReview.REVIEWING, None, ""
        review.save(update_fields=["step", "report", "report_sha256"])


@transaction.atomic
def sign_review(
    *, round_id: str, signature: str, dissent: str, actor: Actor, now: datetime
) -> QualificationReview:
    """Sign the report of the review; the last signature hands it in: PQ_REVIEW → PQ_RESULT, or on to PQ_FAILED.

    :raises NotThisStep: there is no report to sign
    :raises SignatureWrong: the signature is not on this report
    """
    require(actor, Permission.EVALUATE, signed=True)
    review, round_, member = _locked(round_id, actor)
    if review.step != QualificationReview.SIGNING or review.report is None:
        raise NotThisStep("审查报告尚未形成或已提交")
    if review.signatures.filter(member=member).exists():
        return review
    signed = sign_document(
        kind="qualification_report",
        subject=review.public_id,
        document=canonical(review.report),
        signature=signature,
        actor=actor,
        now=now,
    )
    QualificationSignature.objects.create(
        review=review, member=member, signature=signed, dissent=dissent.strip()[:2000], signed_at=now
    )
    record_act(
        "fronts.review_signed",
        subject=review.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"member": member.code, "report_sha256": review.report_sha256},
        supervisor={"dissent": dissent.strip()},
    )
    if review.signatures.filter(member__left=False).count() == review.draw.committee_size:
        _report(review, round_, actor=actor, now=now)
    return review


def _report(review: QualificationReview, round_: Round, *, actor: Actor, now: datetime) -> None:
    make_move(round_, "submit_report", actor=actor, now=now)
    review.step, review.reported_at = QualificationReview.DONE, now
    review.save(update_fields=["step", "reported_at"])
    if (
        not QualificationReview.objects.filter(draw=review.draw)
        .exclude(step=QualificationReview.DONE)
        .exists()
    ):
        committees.end(review.draw, actor=actor, now=now)
    record_act(
        "fronts.reported",
        subject=review.public_id,
        actor=actor,
        legal_at=now,
        **in_the_open(round_),
        public={"report_sha256": review.report_sha256, "reported_at": now.isoformat()},
    )
    passed = sum(1 for row in (review.report or {})["applicants"] if row["passed"])
    if passed < rules.LEAST:
        senders = [p.sender_pk for p in quiet.opened_packages(round_.pk)]
        fail(round_, "fail_for_lack_of_qualified", senders=senders, opened=True, now=now)
        return
    tender = round_.lot.tender
    tell(
        organisations=owner_side(round_),
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）资格审查已完成",
        text="通过资格预审的申请人不少于3个。请通知平台发出结果通知书和投标邀请书; 名单和数量在开标前保密。",
        link=f"/work/tenders/{tender.public_id}/front",
        now=now,
    )

"""资格预审: the notice, clarifications, objections, and the results that end it. The review itself is review.py."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import record_act
from ggzy.fronts import drawing, rules
from ggzy.fronts.actions import CLOSE, NothingToDo, in_the_open, owner_side
from ggzy.fronts.models import (
    Front,
    FrontClarification,
    FrontObjection,
    QualificationResult,
    QualificationReview,
)
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput, Citation, NotFound, Refusal
from ggzy.law import table
from ggzy.law.families import Family, family
from ggzy.law.limits import beijing_date, runs_out
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import quiet
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Hold, Stage
from ggzy.services.actions import require_nothing_owed
from ggzy.tendering.actions import require_reviewed
from ggzy.tendering.document import Prequalification, QualificationMethod, TenderDocument
from ggzy.tendering.fronts import admit, draws_invitees, main_of
from ggzy.tendering.models import Round, Tender
from ggzy.tendering.moves import (
    ANSWERING,
    lift_hold,
    lock_round,
    lock_rounds_of,
    make_move,
    place_of,
    require_move,
    require_owner_side,
    set_hold,
)
from ggzy.tendering.stamps import law_of, law_stamp


class FileNotReady(Refusal):
    """The file with its prequalification part has not passed the fair-competition review."""

    code = "fronts.file_not_ready"


def _rounds_at(tender_id: str, stage: Stage, doing: str, actor: Actor) -> tuple[list[Round], Tender]:
    rounds = lock_rounds_of(tender_id, stages=[stage.value])
    if not rounds:
        raise NothingToDo(f"没有处于“{stage.label}”的标段, 不能{doing}。请刷新页面查看最新进展")
    tender = rounds[0].lot.tender
    require_owner_side(tender, actor)
    return rounds, tender


@transaction.atomic
def publish_prequalification(
    *, tender_id: str, file_until: datetime, deadline: datetime, actor: Actor, now: datetime
) -> list[Round]:
    """Publish the prequalification notice and hand the file out, at once: PQ_EDIT → PQ_OPEN.

    :raises FileNotReady: the tender file with this part is not reviewed yet
    :raises TimeToApplyTooShort: less than GC-T01 (GP-T02) to fetch the file, or than GC-T02 (GP-T06) to apply
    :raises ReviewNotOfThisFile: the review passed another state of the file
    """
    require(actor, Permission.TENDER_PUBLISH)
    rounds, tender = _rounds_at(tender_id, Stage.PQ_EDIT, "发布资格预审公告", actor)
    if any(main_of(r).stage != Stage.DOC_READY for r in rounds):
        raise FileNotReady(
            "招标文件(含资格预审部分)编制完成并通过公平竞争审查后, 才能发布资格预审公告",
            next_steps=(("去编制和送审", f"/work/tenders/{tender_id}"),),
        )
    document = require_reviewed(tender)
    part = document.prequalification
    if part is None:
        raise FileNotReady("招标文件没有资格预审部分, 请补充后重新送审")
    own = family(tender.procedure_code)
    rules.require_time_to_apply(
        published_at=now,
        file_until=file_until,
        deadline=deadline,
        law=table.in_force(beijing_date(now)),
        calendar=calendars.CHINA,
        family=own,
    )
    stamp, series = law_stamp(now, scope=tender.scope, region=tender.region_code), new_public_id()
    for round_ in rounds:
        make_move(
            round_,
            "publish_prequalification",
            actor=actor,
            now=now,
            bid_deadline=deadline,
            published_at=now,
            law=stamp,
            sealing=document.sealing.value,
        )
        Front.objects.create(
            round=round_,
            file_until=file_until,
            series=series,
            stated_at=now,
            region_code=round_.region_code,
        )
        set_timer(kind=CLOSE, subject=round_.public_id, due_at=deadline)
    require_nothing_owed(tender.public_id)
    _publish(tender, rounds, document, part, file_until, deadline, series, [], actor=actor, now=now)
    record_act(
        "fronts.prequalification_published",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        public={
            "rounds": [r.public_id for r in rounds],
            "published_at": now.isoformat(),
            "file_until": file_until.isoformat(),
            "deadline": deadline.isoformat(),
            "prequalification": document.as_json()["prequalification"],
            "limits": {k: stamp[k] for k in limits_of(own) if k in stamp},
        },
    )
    return rounds


def limits_of(own: Family) -> tuple[str, ...]:
    """Return the limits of a prequalification by its law."""
    keys = (own.file_to_apply, own.time_to_apply, own.application_amended, own.application_objected)
    return tuple(key for key in keys if key)


def _publish(
    tender: Tender,
    rounds: Sequence[Round],
    document: TenderDocument,
    part: Prequalification,
    file_until: datetime,
    deadline: datetime,
    series: str,
    clarifications: Sequence[FrontClarification],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    project = tender.project
    again = f"(第{rounds[0].number}次)" if rounds[0].number > 1 else ""
    publish_notice(
        kind=NoticeKind.PREQUALIFICATION,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[r.public_id for r in rounds],
        title=f"{tender.name}资格预审公告{again}" + ("(澄清、延期)" if clarifications else ""),
        series=series,
        body={
            "tenderee": {
                "name": tender.tenderee.name,
                "uscc": tender.tenderee.uscc,
                "contact": tender.tenderee.contact,
            },
            "agency": {"name": tender.agency.name, "uscc": tender.agency.uscc} if tender.agency else None,
            "project": {
                "name": project.name,
                "invest_code": project.invest_code,
                "approval": project.approval_document,
                "funds": project.funds,
                "place": project.place,
                "scale": project.scale,
            },
            "deal_code": tender.deal_code,
            "lots": [
                {
                    "lot": r.lot.public_id,
                    "round": r.public_id,
                    "number": r.lot.number,
                    "name": r.lot.name,
                    "budget": str(r.lot.budget),
                    "duration_days": r.lot.duration_days,
                    "scope_of_work": r.lot.scope_of_work,
                }
                for r in rounds
            ],
            "method": part.method.label,
            "limit": part.limit or None,
            "qualification": [r.text for r in part.requirements],
            "criteria": [{"title": c.title, "weight": str(c.weight)} for c in part.criteria],
            "consortium_allowed": document.consortium_allowed,
            "file_from": now.isoformat(),
            "file_until": file_until.isoformat(),
            "deadline": deadline.isoformat(),
            "decryption": f"申请截止后{rules.DECRYPTION_MINUTES // 60}小时内由申请人在线解密, 只向资格审查委员会开启, 不公开",
            "objection": "对资格预审文件有异议的, 在提交申请截止2日前通过本平台提出"
            if family(tender.procedure_code).application_objected
            else "",
            "challenge": family(tender.procedure_code).application_challenged,
            "drawing": _DRAWING if part.method is QualificationMethod.DRAWN else "",
            "clarifications": [
                {"text": c.text, "at": c.clarified_at.isoformat(), "deadline": c.deadline_after.isoformat()}
                for c in clarifications
            ],
        },
        actor=actor,
        now=now,
    )


_DRAWING = (
    "从全部合格的供应商中随机抽取; 抽签名单在申请截止时固定, 次序由采购人、交易中心、监督部门三方的随机种子得出, "
    "开标后任何人都可以重算; 合格者不多于拟邀请数量的, 全部邀请"
)


def publish_anew(rounds: Sequence[Round], *, actor: Actor, now: datetime) -> None:
    """Publish the notice of locked fronts again as its next version, with what was clarified or postponed."""
    front = Front.objects.get(round=rounds[0])
    tender = rounds[0].lot.tender
    document = require_reviewed(tender)
    assert document.prequalification is not None
    assert front.file_until is not None
    assert rounds[0].bid_deadline is not None
    _publish(
        tender,
        rounds,
        document,
        document.prequalification,
        front.file_until,
        rounds[0].bid_deadline,
        front.series,
        list(rounds[0].front_clarifications.order_by("pk")),
        actor=actor,
        now=now,
    )


@transaction.atomic
def object_to_prequalification(*, round_id: str, text: str, actor: Actor, now: datetime) -> FrontObjection:
    """Object to the prequalification file; in time it holds the front until the answer, late it is marked so.

    :raises AnswerTimePassed: the deadline has passed
    """
    require(actor, Permission.FRONT_OBJECT)
    round_ = lock_round(round_id)
    require_move(round_, "object_to_prequalification", actor=actor)
    assert round_.bid_deadline is not None
    if now >= round_.bid_deadline:
        raise rules.AnswerTimePassed("申请截止时间已到, 不再受理对资格预审文件的异议; 仍有意见的可依法投诉")
    if not text.strip():
        raise BadInput("请写明异议事项和理由", field="text")
    law = law_of(round_)
    late = rules.is_late(law["GC-T06"], now=now, deadline=round_.bid_deadline, calendar=calendars.CHINA)
    row = FrontObjection.objects.create(
        round=round_,
        objector_id=actor.organisation_pk,
        text=text.strip()[:5000],
        filed_at=now,
        late=late,
        answer_due_at=runs_out(law["GC-T08"], started=now, calendar=calendars.CHINA).instant,
        region_code=round_.region_code,
    )
    if not late:
        set_timer(kind=ANSWERING, subject=row.public_id, due_at=now)
        set_hold(round_, Hold.OBJECTION, reason="对资格预审文件的异议未答复", source=row.public_id, now=now)
    _record_objection("fronts.objection_raised", row, round_, actor=actor, now=now)
    tender = round_.lot.tender
    tell(
        organisations=owner_side(round_),
        kind=Kind.SERVICE if late else Kind.LEGAL,
        basis=None if late else law["GC-T08"],
        until_opening=None if late else (),
        title=f"{tender.name}（{round_.lot.name}）收到对资格预审文件的异议" + ("(逾期)" if late else ""),
        text="请自收到之日起3日内答复"
        + ("。" if late else "; 答复前, 招标投标活动暂停。")
        + "提出异议的单位依法保密。",
        link=f"/work/tenders/{tender.public_id}/front",
        now=now,
    )
    return row


@transaction.atomic
def answer_objection(*, objection_id: str, answer: str, actor: Actor, now: datetime) -> FrontObjection:
    """Answer an objection to the prequalification file; the hold is lifted.

    :raises NotFound: no such objection
    :raises BadInput: no answer, or answered already
    """
    require(actor, Permission.OBJECTION_ANSWER)
    found = (
        FrontObjection.objects.filter(public_id=objection_id)
        .values_list("round__public_id", flat=True)
        .first()
    )
    if found is None:
        raise NotFound("没有这条异议")
    round_ = lock_round(found)
    require_owner_side(round_.lot.tender, actor)
    row = FrontObjection.objects.select_for_update(of=("self",)).get(public_id=objection_id)
    if row.answered_at is not None:
        raise BadInput("该异议已答复, 答复不能修改")
    if not answer.strip():
        raise BadInput("请写明答复内容", field="answer")
    row.answer, row.answered_at = answer.strip()[:5000], now
    row.save(update_fields=["answer", "answered_at"])
    lift_hold(source=row.public_id, now=now)
    _record_objection("fronts.objection_answered", row, round_, actor=actor, now=now)
    tell(
        organisations=[row.objector_id],
        kind=Kind.LEGAL,
        basis=law_of(round_)["GC-T18"],
        until_opening=[round_.public_id],
        title=f"{round_.lot.tender.name}（{round_.lot.name}）异议已答复",
        text=row.answer[:500],
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )
    return row


def _record_objection(act: str, row: FrontObjection, round_: Round, *, actor: Actor, now: datetime) -> None:
    record_act(
        act,
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"filed_at": row.filed_at.isoformat(), "late": row.late},
        supervisor={"text": row.text, "answer": row.answer},
    )


@transaction.atomic
def send_results(*, tender_id: str, actor: Actor, now: datetime) -> list[Round]:
    """Let the platform tell every applicant its own result, and invite the qualified: PQ_RESULT → PQ_DONE.

    The owner side presses the button and learns no name and no number (招标投标法22).

    :raises NothingToDo: no lot's review is reported
    :raises InviteesNotDrawn: those invited are still to be drawn
    """
    require(actor, Permission.TENDER_PUBLISH)
    rounds, tender = _rounds_at(tender_id, Stage.PQ_RESULT, "发出资格预审结果", actor)
    for round_ in rounds:
        make_move(round_, "send_results", actor=actor, now=now, decided_at=now)
        results = _results_of(round_)
        QualificationResult.objects.bulk_create(
            QualificationResult(
                round=round_,
                applicant_id=applicant,
                passed=passed,
                reasons=reasons,
                sent_at=now,
                region_code=round_.region_code,
            )
            for applicant, passed, reasons in results
        )
        admit(main_of(round_), [applicant for applicant, passed, _ in results if passed], now=now)
        for applicant, passed, reasons in results:
            _tell_result(round_, applicant, passed, reasons, now=now)
        record_act(
            "fronts.results",
            subject=round_.public_id,
            actor=actor,
            legal_at=now,
            **place_of(round_),
            supervisor={"passed": sum(1 for _, passed, _ in results if passed), "of": len(results)},
        )
        record_act(
            "fronts.results_sent",
            subject=round_.public_id,
            actor=actor,
            legal_at=now,
            **in_the_open(round_),
            public={"sent_at": now.isoformat()},
        )
    return rounds


#: why a qualified applicant of an invitation is not invited
NOT_DRAWN = "符合资格要求, 随机抽取时未被抽中"


def _results_of(round_: Round) -> list[tuple[int, bool, list[str]]]:
    """Return (applicant, passed, its reasons), those included whose application could not be opened."""
    review = QualificationReview.objects.get(round=round_)
    senders = {p.package: p.sender_pk for p in quiet.opened_packages(round_.pk)}
    rows = (review.report or {})["applicants"]
    invited = {row["package"] for row in rows if row["passed"]}
    if draws_invitees(round_.procedure_code):
        invited = drawing.drawn_packages(round_, review)
    out: list[tuple[int, bool, list[str]]] = [
        (
            senders[row["package"]],
            row["package"] in invited,
            [*row["reasons"], *([NOT_DRAWN] if row["passed"] and row["package"] not in invited else [])],
        )
        for row in rows
    ]
    return [*out, *((pk, False, [reason]) for _, pk, reason in quiet.unopened_senders(round_.pk))]


def _tell_result(
    round_: Round, applicant: int, passed: bool, reasons: Sequence[Any], *, now: datetime
) -> None:
    tender = round_.lot.tender
    name = f"{tender.name}（{round_.lot.name}）"
    drawn = draws_invitees(round_.procedure_code)
    if passed:
        title = f"{name}资格预审结果通知书及投标邀请书"
        chosen = "并在随机抽取中被抽中, " if drawn else ""
        text = f"您单位已通过资格预审, {chosen}现邀请您单位投标。招标文件发出后另行通知。通过者的名称和数量依法保密, 请勿向他人透露。"
    else:
        title = f"{name}资格预审结果通知书"
        says = "您单位本次未获邀请投标" if drawn else "您单位未通过资格预审, 不具有投标资格"
        text = f"{says}。原因: " + "; ".join(map(str, reasons))
    tell(
        organisations=[applicant],
        kind=Kind.LEGAL,
        basis=Citation("政府采购货物和服务招标投标管理办法", "第十四条")
        if drawn
        else Citation("招标投标法实施条例", "第十九条"),
        until_opening=[round_.public_id],
        title=title,
        text=text,
        link=f"/work/fronts/{round_.public_id}/package",
        now=now,
    )

"""Objections to the evaluation result: raised within the publicity, answered within three days, holding meanwhile."""

from datetime import datetime

from django.db import transaction

from ggzy.awarding.actions import resume_after_hold, running_publicity, stop_publicity
from ggzy.deadlines.actions import set_timer
from ggzy.evaluation.models import Evaluation
from ggzy.evaluation.sittings import sit_again
from ggzy.evidence.actions import record_act
from ggzy.kernel import calendars
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.limits import latest_before, runs_out
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.objections.models import Objection
from ggzy.opening.queries import all_bidders
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Hold, Stage
from ggzy.tendering.moves import (
    ANSWERING,
    lift_hold,
    lock_round,
    place_of,
    require_move,
    require_owner_side,
    set_hold,
)
from ggzy.tendering.stamps import law_of


class ObjectionTooLate(Refusal):
    """The publicity is over."""

    code = "objections.too_late"
    basis = Citation("招标投标法实施条例", "第五十四条")


@transaction.atomic
def raise_objection(*, round_id: str, text: str, actor: Actor, now: datetime) -> Objection:
    """Object to the result within the publicity; the round is held until the answer.

    :raises ObjectionTooLate: the publicity has run out
    :raises NotPermitted: not a bidder of this round
    """
    require(actor, Permission.RESULT_OBJECT)
    round_ = lock_round(round_id)
    require_move(round_, "object_to_result", actor=actor)
    publicity = running_publicity(round_)
    assert publicity is not None, "CAND_PUB has a running publicity"
    if now >= publicity.ends_at:
        raise ObjectionTooLate("公示期已满, 不再受理对评标结果的异议; 仍有意见的可依法投诉")
    if actor.organisation_pk not in all_bidders(round_.pk):
        raise NotPermitted("只有本标段的投标人可以对评标结果提出异议")
    if not text.strip():
        raise BadInput("请写明异议事项和理由", field="text")
    limit = law_of(round_)["GC-T08"]
    row = Objection.objects.create(
        round=round_,
        objector_id=actor.organisation_pk,
        text=text.strip()[:5000],
        filed_at=now,
        answer_due_at=runs_out(limit, started=now, calendar=calendars.CHINA).instant,
        region_code=round_.region_code,
    )
    set_hold(round_, Hold.OBJECTION, reason="对评标结果的异议未答复", source=row.public_id, now=now)
    set_timer(kind=ANSWERING, subject=row.public_id, due_at=now)
    tender = round_.lot.tender
    record_act(
        "objections.raised",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"filed_at": now.isoformat(), "answer_due_at": row.answer_due_at.isoformat()},
        supervisor={"text": row.text},
    )
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.LEGAL,
        basis=limit,
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）收到评标结果异议",
        text="请自收到之日起3日内答复; 答复前, 招标投标活动暂停。",
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )
    return row


@transaction.atomic
def object_to_file(*, round_id: str, text: str, actor: Actor, now: datetime) -> Objection:
    """Object to the tender file (条例22). In time it stops the tender until it is answered; late it is answered too.

    Who objects is escrowed until the opening, from the owner side, the centre and the supervisor alike.

    :raises MoveNotAllowed: the round takes no bids
    :raises ObjectionTooLate: the deadline has passed
    """
    require(actor, Permission.FILE_OBJECT)
    round_ = lock_round(round_id)
    require_move(round_, "object_to_document", actor=actor)
    assert round_.bid_deadline is not None
    if now >= round_.bid_deadline:
        raise ObjectionTooLate("投标截止时间已到, 不再受理对招标文件的异议; 仍有意见的可依法投诉")
    if not text.strip():
        raise BadInput("请写明异议事项和理由", field="text")
    law = law_of(round_)
    last = latest_before(law["GC-T07"], event=round_.bid_deadline, calendar=calendars.CHINA)
    due = runs_out(law["GC-T08"], started=now, calendar=calendars.CHINA).instant
    late = now >= last.instant
    row = Objection.objects.create(
        round=round_,
        about=Objection.FILE,
        objector_id=actor.organisation_pk,
        text=text.strip()[:5000],
        filed_at=now,
        answer_due_at=due,
        late=late,
        region_code=round_.region_code,
    )
    record_act(
        "objections.raised",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"filed_at": now.isoformat(), "late": late},
        supervisor={"text": row.text},
        escrowed=True,
    )
    if not late:
        set_timer(kind=ANSWERING, subject=row.public_id, due_at=now)
        set_hold(round_, Hold.OBJECTION, reason="对招标文件的异议未答复", source=row.public_id, now=now)
        record_act(
            "objections.held",
            subject=row.public_id,
            actor=SYSTEM,
            legal_at=now,
            **place_of(round_),
            public={"answer_due_at": due.isoformat()},
        )
    tender = round_.lot.tender
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.SERVICE if late else Kind.LEGAL,
        basis=None if late else law["GC-T08"],
        until_opening=None if late else (),
        title=f"{tender.name}（{round_.lot.name}）收到对招标文件的异议",
        text="请自收到之日起3日内答复; 答复前暂停招标投标活动。异议人名称在开标前不显示。"
        if not late
        else "该异议在法定期限之后提出, 不产生暂停效力, 仍请回应。异议人名称在开标前不显示。",
        link=f"/work/tenders/{tender.public_id}/changes",
        now=now,
    )
    return row


@transaction.atomic
def answer_objection(
    *, objection_id: str, answer: str, upheld: bool, actor: Actor, now: datetime
) -> Objection:
    """Answer an objection: the hold is lifted and what it held goes on, or ends if its time has passed.

    An upheld objection to the result sends the report back to the committee, for what was objected to and
    nothing else (CAND_PUB → EVALUATING); its candidates will be published anew.

    :raises BadInput: no answer, or answered already
    """
    require(actor, Permission.OBJECTION_ANSWER)
    found = (
        Objection.objects.filter(public_id=objection_id).values_list("round__public_id", flat=True).first()
    )
    if found is None:
        raise NotFound("没有这条异议")
    round_ = lock_round(found)
    require_owner_side(round_.lot.tender, actor)
    row = Objection.objects.select_for_update(of=("self",)).get(public_id=objection_id)
    if row.answered_at is not None:
        raise BadInput("该异议已答复, 答复不能修改")
    if row.withdrawn_at is not None:
        raise BadInput("该异议已撤回, 不需要答复")
    if not answer.strip():
        raise BadInput("请写明答复内容", field="answer")
    row.answer, row.answered_at, row.upheld = answer.strip()[:5000], now, upheld
    row.save(update_fields=["answer", "answered_at", "upheld"])
    lift_hold(source=row.public_id, now=now)
    if upheld and row.about == Objection.RESULT and round_.stage == Stage.CAND_PUB:
        sit_again(
            round_,
            move="uphold_objection",
            cause=Evaluation.OBJECTION,
            scope=f"异议: {row.text}\n答复: {row.answer}",
            actor=actor,
            now=now,
        )
        stop_publicity(round_, now=now)
    else:
        resume_after_hold(round_, now=now)
    record_act(
        "objections.answered",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"answered_at": now.isoformat(), "upheld": upheld},
        supervisor={"answer": row.answer},
    )
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


@transaction.atomic
def withdraw_objection(*, objection_id: str, actor: Actor, now: datetime) -> Objection:
    """Take an unanswered objection back: what it held goes on, or ends if its time has passed.

    :raises NotFound: another's, or none
    :raises BadInput: answered or withdrawn already
    """
    found = Objection.objects.filter(public_id=objection_id).select_related("round").first()
    if found is None or found.objector_id != actor.organisation_pk:
        raise NotFound("没有这条异议")
    file = found.about == Objection.FILE
    require(actor, Permission.FILE_OBJECT if file else Permission.RESULT_OBJECT)
    round_ = lock_round(found.round.public_id)
    row = Objection.objects.select_for_update(of=("self",)).get(public_id=objection_id)
    if row.answered_at is not None or row.withdrawn_at is not None:
        raise BadInput("该异议已答复或者已撤回")
    row.withdrawn_at = now
    row.save(update_fields=["withdrawn_at"])
    lift_hold(source=row.public_id, now=now)
    resume_after_hold(round_, now=now)
    record_act(
        "objections.withdrawn",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **(place_of(round_) | ({"escrowed": True} if file else {})),
        public={"withdrawn_at": now.isoformat()},
    )
    tender = round_.lot.tender
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）异议已撤回",
        text="异议已由提出人撤回, 因该异议暂停的活动继续。",
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )
    return row

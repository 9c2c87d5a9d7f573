"""API of questions, clarifications, postponements, interruptions, termination; objections to the file."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.bids import Text
from ggzy.api.frame import answer, decoded, now, who, write
from ggzy.changes import actions as changes
from ggzy.changes import queries
from ggzy.changes.rules import Kind, Plan, Wish
from ggzy.inquiries import actions as inquiries
from ggzy.inquiries import queries as questions
from ggzy.kernel.actors import Role
from ggzy.objections import actions as objections
from ggzy.tendering import queries as tenders

router = Router()


class Evidence(Schema):
    """A file that proves an outage, base64."""

    name: str
    data: str


class WishIn(Schema):
    """What to change; which members count depends on the kind."""

    kind: Kind
    text: str = ""
    ground: str = ""
    new_deadline: datetime | None = None
    affects_bids: bool = False
    answers: dict[str, str] = {}
    started_at: datetime | None = None
    #: of a prequalification, an invitation or a first stage, not of the bids
    front: bool = False


class ChangeIn(WishIn):
    """A wish, the hash of the consequences that were shown, and what proves an outage."""

    confirmed: str
    evidence: list[Evidence] = []


def _wish(body: WishIn) -> Wish:
    return Wish(**{name: getattr(body, name) for name in WishIn.model_fields})


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as the API shows it."""
    return {
        "kind": plan.kind,
        "consequences": [
            {
                "sort": c.sort,
                "label": c.label,
                "says": c.says,
                "before": c.before,
                "after": c.after,
                "clause": c.clause,
            }
            for c in plan.consequences
        ],
        "demands": [{"says": says, "clause": clause} for says, clause in plan.demands],
        "deadline": plan.deadline,
        "earliest": plan.earliest,
        "proposal": plan.proposal,
        "confirm": plan.digest,
    }


@router.post("/tenders/{tender_id}/file/takings", tags=["招标"], summary="登记获取招标文件, 以便接收澄清通知")
@write
def take_file(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    made = inquiries.take_file(tender_id=tender_id, actor=who(request), now=now())
    return {"version": made.version, "taken_at": made.taken_at}


@router.post("/tenders/{tender_id}/questions", tags=["招标"], summary="对招标文件匿名提问")
@write
def ask(request: HttpRequest, tender_id: str, body: Text) -> dict[str, Any]:
    made = inquiries.ask(tender_id=tender_id, text=body.text, actor=who(request), now=now())
    return {"question": made.public_id, "asked_at": made.asked_at}


@router.get(
    "/tenders/{tender_id}/questions",
    tags=["招标"],
    summary="答疑: 已答复的; 招标人另见待答的, 提问人另见自己的",
)
def question_list(request: HttpRequest, tender_id: str) -> HttpResponse:
    actor = who(request)
    row = tenders.tender(tender_id, viewer=actor)
    own_side = bool(actor.organisation_pk) and actor.organisation_pk in {row.tenderee_pk, row.agency_pk}
    return answer(
        {
            "answered": questions.answered(row.pk),
            "open": questions.open_questions(row.pk) if own_side else [],
            "own": questions.own_questions(tender_pk=row.pk, actor=actor) if actor.organisation_pk else [],
        }
    )


@router.post("/tenders/{tender_id}/changes/look", tags=["变更"], summary="查看变更的全部后果, 不作改动")
@write
def look(request: HttpRequest, tender_id: str, body: WishIn) -> dict[str, Any]:
    return plan_json(changes.look(tender_id=tender_id, wish=_wish(body), actor=who(request), now=now()))


@router.post(
    "/tenders/{tender_id}/changes",
    tags=["变更"],
    summary="确认并办理变更(延期、澄清、暂停、恢复、终止、故障)",
)
@write
def make_change(request: HttpRequest, tender_id: str, body: ChangeIn) -> dict[str, Any]:
    made = changes.make_change(
        tender_id=tender_id,
        wish=_wish(body),
        confirmed=body.confirmed,
        evidence=[(e.name, decoded(e.data, field="evidence")) for e in body.evidence],
        actor=who(request),
        now=now(),
    )
    return {"change": made.public_id, "number": made.number}


@router.get("/tenders/{tender_id}/changes", tags=["变更"], summary="变更记录")
def change_list(request: HttpRequest, tender_id: str) -> HttpResponse:
    actor = who(request)
    row = tenders.tender(tender_id, viewer=actor)
    side = actor.role in {Role.CENTRE, Role.SUPERVISOR} or (
        bool(actor.organisation_pk) and actor.organisation_pk in {row.tenderee_pk, row.agency_pk}
    )
    return answer(
        {
            "changes": queries.changes_of(row.pk, whole=side),
            "standing": queries.standing(row.pk),
            "outages": queries.outages(tender_pk=row.pk, viewer=actor),
        }
    )


@router.post("/rounds/{round_id}/file-objections", tags=["异议"], summary="对招标文件提出异议")
@write
def object_to_file(request: HttpRequest, round_id: str, body: Text) -> dict[str, Any]:
    row = objections.object_to_file(round_id=round_id, text=body.text, actor=who(request), now=now())
    return {"objection": row.public_id, "answer_due_at": row.answer_due_at, "late": row.late}

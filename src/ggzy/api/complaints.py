"""API of challenges 质疑 and complaints 投诉; withdrawing an objection 异议."""

from dataclasses import asdict
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.complaints import actions as complaints
from ggzy.complaints import queries
from ggzy.inquiries.actions import take_front_file as take_file
from ggzy.objections import actions as objections
from ggzy.objections import challenges
from ggzy.objections import queries as raised
from ggzy.objections.queries import challenges_on
from ggzy.parties.grid import Permission, require

router = Router()


class Challenge(Schema):
    """What is challenged, on what facts and clauses, and what is asked for."""

    matter: str
    facts: str
    request: str
    law: str = ""


class StepChallenge(Challenge):
    """The same of one step of a purchase without rounds: file, admission, result or first."""

    about: str


class ChallengeAnswer(Schema):
    """The answer and how it ends: unfounded, no_effect, redetermine, restart or restore."""

    answer: str
    outcome: str


class Filing(Schema):
    """What is complained of; `known_on` where the matter needs no objection."""

    matter: str
    text: str
    facts: str
    request: str
    law: str = ""
    known_on: date | None = None


class Said(Schema):
    """What comes with a step: which members count depends on it."""

    text: str = ""
    choice: str = ""
    remedy: str = ""
    number: str = ""
    days: int = 0
    to: str = ""


class Power(Schema):
    """Which department handles what, where; who is told when a clock runs out."""

    department: str
    scope: str
    covers: str
    matters: list[str] = []
    head: str = ""
    upper: str = ""


@router.post("/objections/{objection_id}/withdrawal", tags=["异议"], summary="撤回未答复的异议")
@write
def withdraw_objection(request: HttpRequest, objection_id: str) -> dict[str, Any]:
    row = objections.withdraw_objection(objection_id=objection_id, actor=who(request), now=now())
    return {"objection": row.public_id, "withdrawn_at": row.withdrawn_at}


@router.get("/rounds/{round_id}/challenges", tags=["质疑"], summary="质疑及答复情况")
def challenge_list(request: HttpRequest, round_id: str) -> HttpResponse:
    return answer({"challenges": [asdict(r) for r in challenges_on(of=round_id, viewer=who(request))]})


@router.post(
    "/rounds/{round_id}/prequalification/takings", tags=["质疑"], summary="登记获取资格预审文件, 以便提出质疑"
)
@write
def take_front_file(request: HttpRequest, round_id: str) -> dict[str, Any]:
    made = take_file(round_id=round_id, actor=who(request), now=now())
    return {"taken_at": made.taken_at}


@router.post(
    "/rounds/{round_id}/file-challenges",
    tags=["质疑"],
    summary="对采购文件或者资格预审文件提出质疑(政府采购)",
)
@write
def challenge_file(request: HttpRequest, round_id: str, body: Challenge) -> dict[str, Any]:
    row = challenges.challenge_file(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"challenge": row.public_id, "answer_due_at": row.answer_due_at}


@router.post("/rounds/{round_id}/opening-challenges", tags=["质疑"], summary="对开标过程提出质疑(政府采购)")
@write
def challenge_opening(request: HttpRequest, round_id: str, body: Challenge) -> dict[str, Any]:
    row = challenges.challenge_opening(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"challenge": row.public_id, "answer_due_at": row.answer_due_at}


@router.post("/rounds/{round_id}/result-challenges", tags=["质疑"], summary="对中标结果提出质疑(政府采购)")
@write
def challenge_result(request: HttpRequest, round_id: str, body: Challenge) -> dict[str, Any]:
    row = challenges.challenge_result(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"challenge": row.public_id, "answer_due_at": row.answer_due_at}


@router.get(
    "/proceedings/{of}/challenges",
    tags=["质疑"],
    summary="没有标段轮次的采购活动: 现在可以质疑的环节, 质疑及答复情况",
)
def proceeding(request: HttpRequest, of: str) -> HttpResponse:
    found = raised.proceeding(of=of, viewer=who(request), now=now())
    rows = [asdict(row) for row in challenges_on(of=of, viewer=who(request))]
    return answer({**asdict(found), "challenges": rows})


@router.post(
    "/proceedings/{of}/challenges",
    tags=["质疑"],
    summary="对单一来源、框架协议、合同授予、合作创新采购的一个环节提出质疑",
)
@write
def challenge_step(request: HttpRequest, of: str, body: StepChallenge) -> dict[str, Any]:
    row = challenges.challenge_step(of=of, **body.dict(), actor=who(request), now=now())
    return {"challenge": row.public_id, "answer_due_at": row.answer_due_at}


@router.post("/challenges/{challenge_id}/answer", tags=["质疑"], summary="答复质疑")
@write
def answer_challenge(request: HttpRequest, challenge_id: str, body: ChallengeAnswer) -> dict[str, Any]:
    row = challenges.answer_challenge(challenge_id=challenge_id, **body.dict(), actor=who(request), now=now())
    return {"challenge": row.public_id, "answered_at": row.answered_at}


@router.post("/challenges/{challenge_id}/withdrawal", tags=["质疑"], summary="撤回未答复的质疑")
@write
def withdraw_challenge(request: HttpRequest, challenge_id: str) -> dict[str, Any]:
    row = challenges.withdraw_challenge(challenge_id=challenge_id, actor=who(request), now=now())
    return {"challenge": row.public_id, "withdrawn_at": row.withdrawn_at}


@router.post("/rounds/{round_id}/complaints", tags=["投诉"], summary="提交投诉")
@write
def file_complaint(request: HttpRequest, round_id: str, body: Filing) -> dict[str, Any]:
    row = complaints.file_complaint(of=round_id, **body.dict(), actor=who(request), now=now())
    return {"complaint": row.public_id, "state": row.state, "accept_due_at": row.accept_due_at}


@router.post("/proceedings/{of}/complaints", tags=["投诉"], summary="提交投诉: 没有标段轮次的采购活动")
@write
def complain_of_proceeding(request: HttpRequest, of: str, body: Filing) -> dict[str, Any]:
    row = complaints.file_complaint(of=of, **body.dict(), actor=who(request), now=now())
    return {"complaint": row.public_id, "state": row.state, "accept_due_at": row.accept_due_at}


@router.get("/complaints", tags=["投诉"], summary="可以查看的投诉; level 按预警颜色, state=running 只看在办")
def complaint_list(request: HttpRequest, level: str = "", state: str = "") -> HttpResponse:
    rows = queries.complaints_of(who(request), level=level, state=state)
    return answer({"complaints": [asdict(row) for row in rows]})


@router.get("/complaints/{complaint_id}", tags=["投诉"], summary="投诉案件和现在可以办理的步骤")
def complaint(request: HttpRequest, complaint_id: str) -> HttpResponse:
    found = queries.case(complaint_id=complaint_id, viewer=who(request), now=now())
    steps = [{"step": s.code, "label": s.label, "basis": str(s.basis)} for s in found.steps]
    page = {f: getattr(found, f) for f in found.__dataclass_fields__ if f not in {"steps", "row"}}
    return answer({**asdict(found.row), **page, "steps": steps})


@router.post("/complaints/{complaint_id}/steps/{step}", tags=["投诉"], summary="办理投诉的一个步骤")
@write
def take_step(request: HttpRequest, complaint_id: str, step: str, body: Said) -> dict[str, Any]:
    said = complaints.Said(**body.dict())
    row = complaints.take_step(complaint_id=complaint_id, step=step, said=said, actor=who(request), now=now())
    return {"complaint": row.public_id, "state": row.state, "due_at": row.due_at, "notice": row.notice}


@router.put("/supervising-powers", tags=["投诉"], summary="登记监督权力清单的一行")
@write
def keep_power(request: HttpRequest, body: Power) -> dict[str, Any]:
    row = complaints.keep_power(**body.dict(), actor=who(request), now=now())
    return {"power": row.public_id}


@router.get("/supervising-departments", tags=["投诉"], summary="监督部门, 供转送和权力清单选择")
def department_list(request: HttpRequest) -> HttpResponse:
    require(who(request), Permission.WORKBENCH_READ)
    return answer({"departments": [{"id": pk, "name": name} for pk, name in queries.departments()]})

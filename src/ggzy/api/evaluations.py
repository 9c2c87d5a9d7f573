"""API of check-in and evaluation; the draw is in `draws`."""

import base64
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.bids import SignatureIn
from ggzy.api.frame import answer, now, who, write
from ggzy.evaluation import actions as evaluation
from ggzy.evaluation import flawed
from ggzy.evaluation import queries as evaluations
from ggzy.experts import attending

router = Router()


class CheckIn(Schema):
    """Whether the member must stand aside, and why."""

    must_avoid: bool = False
    reason: str = ""


class Results(Schema):
    """{bid: {requirement: {passes, reason}}}."""

    results: dict[str, Any]


class Competition(Schema):
    """Whether the remaining bids compete, and why."""

    go_on: bool
    reason: str


class Scores(Schema):
    """{bid: {criterion: points}}."""

    scores: dict[str, Any]
    #: {bid: {criterion: text}}
    reasons: dict[str, Any] = {}


class Refused(Schema):
    """A member who refuses to sign and to say why, and what happened."""

    code: str
    reason: str


class Choice(Schema):
    """Whom a member wants as leader: a code."""

    choice: str


class Statement(Schema):
    """Which flaw the file has, and what is wrong with it."""

    ground: str
    text: str


class ReportSignatureIn(SignatureIn):
    """A signature on the report, and a dissent if there is one."""

    dissent: str = ""


@router.post("/draws/{draw_id}/check-in", tags=["评标"], summary="签到及回避声明")
@write
def check_in(request: HttpRequest, draw_id: str, body: CheckIn) -> dict[str, Any]:
    made = attending.check_in(draw_id=draw_id, **body.dict(), actor=who(request), now=now())
    return {"code": made.code, "avoids": made.left}


@router.post("/draws/{draw_id}/committee", tags=["评标"], summary="组建评标委员会, 开始评标")
@write
def seat(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    made = evaluation.seat_committee(draw_id=draw_id, actor=who(request), now=now())
    return {"rounds": [e.round.public_id for e in made]}


@router.get("/rounds/{round_id}/desk", tags=["评标"], summary="评委的评审桌面")
def desk(request: HttpRequest, round_id: str) -> HttpResponse:
    row = evaluations.desk(round_id=round_id, actor=who(request))
    beside = {"bids", "document", "prompts", "clarifications", "explained", "dark"}
    out = {f: getattr(row, f) for f in row.__dataclass_fields__ if f not in beside}
    out["prompts"] = [asdict(p) for p in row.prompts]
    out["clarifications"] = [asdict(c) for c in row.clarifications]
    out["explained"] = sorted(row.explained)
    out["dark"] = [asdict(d) for d in row.dark]
    out["document"] = row.document.as_json()
    out["bids"] = [
        {f: getattr(b, f) for f in ("bid", "bidder", "duration_days", "fields")} | {"price": b.read_price}
        for b in row.bids
    ]
    return answer(out)


def _step(made: Any) -> dict[str, Any]:
    return {"step": made.step, "rejected": made.rejected}


@router.post("/rounds/{round_id}/preliminary", tags=["评标"], summary="提交初步评审表")
@write
def preliminary(request: HttpRequest, round_id: str, body: Results) -> dict[str, Any]:
    return _step(
        evaluation.hand_in_preliminary(round_id=round_id, results=body.results, actor=who(request), now=now())
    )


@router.post("/rounds/{round_id}/offers", tags=["评标"], summary="提交报价文件评审表(双信封)")
@write
def offers(request: HttpRequest, round_id: str, body: Results) -> dict[str, Any]:
    return _step(
        evaluation.hand_in_offers(round_id=round_id, results=body.results, actor=who(request), now=now())
    )


@router.post("/rounds/{round_id}/competition", tags=["评标"], summary="竞争性论证表决")
@write
def competition(request: HttpRequest, round_id: str, body: Competition) -> dict[str, Any]:
    return _step(
        evaluation.argue_competition(round_id=round_id, **body.dict(), actor=who(request), now=now())
    )


@router.post("/rounds/{round_id}/scores", tags=["评标"], summary="提交打分表")
@write
def scores(request: HttpRequest, round_id: str, body: Scores) -> dict[str, Any]:
    return _step(evaluation.hand_in_scores(round_id=round_id, **body.dict(), actor=who(request), now=now()))


@router.post("/draws/{draw_id}/leader", tags=["评标"], summary="推选评标委员会组长")
@write
def leader(request: HttpRequest, draw_id: str, body: Choice) -> dict[str, Any]:
    return {
        "leader": evaluation.elect_leader(draw_id=draw_id, choice=body.choice, actor=who(request), now=now())
    }


@router.post("/rounds/{round_id}/prices", tags=["评标"], summary="评审明显偏低的报价")
@write
def prices(request: HttpRequest, round_id: str, body: Results) -> dict[str, Any]:
    return _step(
        evaluation.judge_prices(round_id=round_id, results=body.results, actor=who(request), now=now())
    )


@router.post("/rounds/{round_id}/summary", tags=["评标"], summary="汇总复核后确认本人打分")
@write
def summary(request: HttpRequest, round_id: str) -> dict[str, Any]:
    return _step(evaluation.confirm_scores(round_id=round_id, actor=who(request), now=now()))


@router.get("/rounds/{round_id}/report-to-sign", tags=["评标"], summary="评标报告的待签内容")
def report_to_sign(request: HttpRequest, round_id: str) -> HttpResponse:
    data = evaluations.report_to_sign(round_id=round_id, actor=who(request))
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.post("/rounds/{round_id}/report-signature", tags=["评标"], summary="评委签署评标报告")
@write
def sign_report(request: HttpRequest, round_id: str, body: ReportSignatureIn) -> dict[str, Any]:
    return _step(evaluation.sign_report(round_id=round_id, **body.dict(), actor=who(request), now=now()))


@router.post("/rounds/{round_id}/deemed-agreed", tags=["评标"], summary="登记评委拒签且不说明(视为同意)")
@write
def deem_agreed(request: HttpRequest, round_id: str, body: Refused) -> dict[str, Any]:
    return _step(evaluation.deem_agreed(round_id=round_id, **body.dict(), actor=who(request), now=now()))


@router.get("/rounds/{round_id}/report", tags=["评标"], summary="评标报告")
def report(request: HttpRequest, round_id: str) -> HttpResponse:
    row = evaluations.report(round_id=round_id, actor=who(request))
    return answer({f: getattr(row, f) for f in row.__dataclass_fields__})


@router.get("/rounds/{round_id}/sheets", tags=["评标"], summary="评委评审表(监督部门)")
def sheets(request: HttpRequest, round_id: str) -> HttpResponse:
    return answer({"sheets": evaluations.sheets_for_supervisor(round_id=round_id, actor=who(request))})


@router.get("/rounds/{round_id}/stoppages", tags=["评标"], summary="停止评审的书面说明(评委)")
def stoppages(request: HttpRequest, round_id: str) -> HttpResponse:
    row = flawed.stop_of(round_id=round_id, actor=who(request))
    return answer(asdict(row) if row else {"flaws": {}, "statements": []})


@router.post(
    "/rounds/{round_id}/stoppages", tags=["评标"], summary="提出停止评审的书面说明(采购文件有重大缺陷)"
)
@write
def propose_stop(request: HttpRequest, round_id: str, body: Statement) -> dict[str, Any]:
    made = flawed.propose_stop(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"number": made.number}


@router.get(
    "/rounds/{round_id}/stoppages/{number}/to-sign", tags=["评标"], summary="停止评审书面说明的待签内容"
)
def stop_to_sign(request: HttpRequest, round_id: str, number: int) -> HttpResponse:
    data = flawed.statement_to_sign(round_id=round_id, number=number, actor=who(request))
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.post(
    "/rounds/{round_id}/stoppages/{number}/signature", tags=["评标"], summary="在停止评审的书面说明上签名"
)
@write
def sign_stop(request: HttpRequest, round_id: str, number: int, body: SignatureIn) -> dict[str, Any]:
    made = flawed.sign_stop(round_id=round_id, number=number, **body.dict(), actor=who(request), now=now())
    return {"stopped": made.carried_at is not None}

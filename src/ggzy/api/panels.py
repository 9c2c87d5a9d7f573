"""API of separate evaluation and award: regional bases, the committee's findings, the panel and its ballots."""

import base64
from dataclasses import asdict
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.bids import SignatureIn
from ggzy.api.frame import answer, now, who, write
from ggzy.awarding import panel, panel_queries
from ggzy.evaluation import actions as evaluation
from ggzy.parties.grid import Permission, require
from ggzy.pilots import actions as pilots
from ggzy.pilots import queries

router = Router()


class BasisIn(Schema):
    """A regional text, its article, and from which to which day it holds."""

    region: str
    document: str
    article: str
    since: date
    until: date | None = None


class Reason(Schema):
    """Why."""

    reason: str


class FindingsIn(Schema):
    """{bid: what the member finds}."""

    findings: dict[str, Any]


class MembersIn(Schema):
    """The members, each {username, side}: own, superior or invited; a reason where the panel begins again."""

    members: list[dict[str, str]]
    reason: str = ""


class MinutesIn(Schema):
    """The minutes of a discussion, and whom they name."""

    text: str
    choice: str


class BallotIn(SignatureIn):
    """Whom, why, and the signature on that; `agrees` false only to minutes."""

    choice: str
    reason: str = ""
    agrees: bool = True


@router.get("/separation-bases", tags=["评定分离"], summary="已登记的评定分离依据")
def bases(request: HttpRequest) -> HttpResponse:
    return answer({"bases": [asdict(row) for row in queries.bases(now=now())]})


@router.get("/separation-bases/all", tags=["评定分离"], summary="评定分离依据, 含待确认的(管理员)")
def all_bases(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.BASIS_PROPOSE)
    rows = queries.bases(now=now(), account_pk=actor.account_pk, public=False)
    return answer({"bases": [asdict(row) for row in rows]})


@router.post("/separation-bases", tags=["评定分离"], summary="登记评定分离依据, 等另一名管理员确认")
@write
def propose(request: HttpRequest, body: BasisIn) -> dict[str, Any]:
    made = pilots.propose_basis(**body.dict(), actor=who(request), now=now())
    return {"basis": made.public_id, "state": made.state}


@router.post("/separation-bases/{basis_id}/confirm", tags=["评定分离"], summary="另一名管理员确认依据")
@write
def confirm(request: HttpRequest, basis_id: str) -> dict[str, Any]:
    return {"state": pilots.confirm_basis(basis_id=basis_id, actor=who(request), now=now()).state}


@router.post("/separation-bases/{basis_id}/drop", tags=["评定分离"], summary="撤回或不同意待确认的依据")
@write
def drop(request: HttpRequest, basis_id: str) -> dict[str, Any]:
    return {"state": pilots.drop_basis(basis_id=basis_id, actor=who(request), now=now()).state}


@router.post("/separation-bases/{basis_id}/end", tags=["评定分离"], summary="提前终止依据")
@write
def end(request: HttpRequest, basis_id: str, body: Reason) -> dict[str, Any]:
    made = pilots.end_basis(basis_id=basis_id, reason=body.reason, actor=who(request), now=now())
    return {"state": made.state}


@router.post("/rounds/{round_id}/findings", tags=["评标"], summary="提交评审意见(评定分离)")
@write
def findings(request: HttpRequest, round_id: str, body: FindingsIn) -> dict[str, Any]:
    made = evaluation.hand_in_findings(
        round_id=round_id, findings=body.findings, actor=who(request), now=now()
    )
    return {"step": made.step, "rejected": made.rejected}


@router.get("/rounds/{round_id}/panel", tags=["评定分离"], summary="定标委员会")
def show_panel(request: HttpRequest, round_id: str) -> HttpResponse:
    row = panel_queries.panel_row(round_id=round_id, viewer=who(request))
    beside = {"plan", "candidates", "between", "winner", "turns", "members", "cast"}
    out = {f: getattr(row, f) for f in row.__dataclass_fields__ if f not in beside}
    out["plan"] = row.plan.as_json()
    for name in ("candidates", "between"):
        out[name] = [{"bid": b.bid, "bidder": b.bidder, "price": b.price} for b in getattr(row, name)]
    out["winner"] = row.winner.bid if row.winner else None
    for name in ("turns", "members", "cast"):
        out[name] = [asdict(one) for one in getattr(row, name)]
    return answer(out)


@router.post("/rounds/{round_id}/panel", tags=["评定分离"], summary="填写定标委员会成员")
@write
def name_panel(request: HttpRequest, round_id: str, body: MembersIn) -> dict[str, Any]:
    made = panel.name_panel(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"panel": made.public_id, "number": made.number}


@router.post("/rounds/{round_id}/panel/minutes", tags=["评定分离"], summary="填写集体议事纪要")
@write
def minutes(request: HttpRequest, round_id: str, body: MinutesIn) -> dict[str, Any]:
    made = panel.write_minutes(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"turn": len(made.minutes)}


@router.get("/rounds/{round_id}/panel/ballot", tags=["评定分离"], summary="定标委员会成员意见的待签内容")
def ballot_to_sign(
    request: HttpRequest, round_id: str, choice: str, reason: str = "", agrees: bool = True
) -> HttpResponse:
    data = panel.ballot_to_sign(
        round_id=round_id, choice=choice, reason=reason, agrees=agrees, actor=who(request)
    )
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.post("/rounds/{round_id}/panel/ballot", tags=["评定分离"], summary="定标委员会成员签名投票")
@write
def cast_ballot(request: HttpRequest, round_id: str, body: BallotIn) -> dict[str, Any]:
    after = panel.cast_ballot(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"turn": after.turn, "decided": bool(after.winner)}


@router.post("/rounds/{round_id}/panel/report", tags=["评定分离"], summary="生成定标报告, 取得待签内容")
@write
def prepare_report(request: HttpRequest, round_id: str) -> dict[str, Any]:
    made = panel.prepare_report(round_id=round_id, actor=who(request), now=now())
    return {"to_sign": base64.b64encode(bytes(made.to_sign)).decode(), "document_sha256": made.document}


@router.post("/rounds/{round_id}/panel/report/seal", tags=["评定分离"], summary="签章定标报告, 确定中标人")
@write
def finish_report(request: HttpRequest, round_id: str, body: SignatureIn) -> dict[str, Any]:
    made = panel.finish_report(round_id=round_id, signature=body.signature, actor=who(request), now=now())
    return {"award": made.public_id, "bid": made.bid.public_id, "price": made.price}

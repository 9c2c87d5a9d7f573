"""API from publicity to contract, of documents and of evidence."""

import base64
from dataclasses import asdict
from datetime import date
from mimetypes import guess_type
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.bids import SignatureIn, Text
from ggzy.api.frame import answer, now, who, write
from ggzy.awarding import actions as awarding
from ggzy.awarding import endings, several
from ggzy.contracting import actions as contracting
from ggzy.deposits.queries import release_moments
from ggzy.evaluation import sittings
from ggzy.evidence import queries as evidence
from ggzy.kernel import files
from ggzy.objections import actions as objections
from ggzy.objections.queries import objections_on
from ggzy.opendata.access import require_level, require_may_read
from ggzy.parties.grid import Permission, require

router = Router()


class Decision(Schema):
    """The winning bid."""

    bid: str


class ObjectionAnswer(Schema):
    """The answer, and whether the objection is upheld."""

    answer: str
    upheld: bool = False


class Unlock(Schema):
    """Whether the second person unlocks a request to judge again, and why not."""

    unlock: bool
    reason: str = ""


class Findings(Schema):
    """Of what kinds the trouble is, and the facts."""

    kinds: list[str]
    text: str


class Ground(Schema):
    """On which of the law's grounds, and the facts."""

    ground: str
    text: str


class AwardEnd(Schema):
    """How an award came to nothing, why, and the signature on that statement."""

    kind: str
    reason: str
    signature: str


class Annulment(Schema):
    """The decision on the complaint: its number and what it found."""

    decision: str
    text: str


class Performance(Schema):
    """The performance bond in 元 and the day work starts."""

    bond: str
    starts_on: date


@router.post("/rounds/{round_id}/publicity", tags=["定标"], summary="公示中标候选人")
@write
def start_publicity(request: HttpRequest, round_id: str) -> dict[str, Any]:
    made = awarding.start_publicity(round_id=round_id, actor=who(request), now=now())
    return {"started_at": made.started_at, "ends_at": made.ends_at}


@router.get("/rounds/{round_id}/objections", tags=["异议"], summary="评标结果异议")
def objection_list(request: HttpRequest, round_id: str) -> HttpResponse:
    return answer({"objections": objections_on(round_id=round_id, viewer=who(request))})


@router.post("/rounds/{round_id}/objections", tags=["异议"], summary="对评标结果提出异议")
@write
def object_(request: HttpRequest, round_id: str, body: Text) -> dict[str, Any]:
    row = objections.raise_objection(round_id=round_id, text=body.text, actor=who(request), now=now())
    return {"objection": row.public_id, "answer_due_at": row.answer_due_at}


@router.post("/objections/{objection_id}/answer", tags=["异议"], summary="答复异议")
@write
def answer_objection(request: HttpRequest, objection_id: str, body: ObjectionAnswer) -> dict[str, Any]:
    row = objections.answer_objection(objection_id=objection_id, **body.dict(), actor=who(request), now=now())
    return {"objection": row.public_id, "answered_at": row.answered_at}


@router.post("/rounds/{round_id}/award", tags=["定标"], summary="确定中标人")
@write
def award(request: HttpRequest, round_id: str, body: Decision) -> dict[str, Any]:
    made = awarding.award(round_id=round_id, bid_id=body.bid, actor=who(request), now=now())
    return {"award": made.public_id, "price": made.price}


@router.get("/rounds/{round_id}/choice", tags=["定标"], summary="确定多家供应商的待签内容")
def choice_to_sign(request: HttpRequest, round_id: str) -> HttpResponse:
    data = several.choice_to_sign(round_id=round_id, actor=who(request))
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.post("/rounds/{round_id}/choice", tags=["定标"], summary="确定多家供应商并公告结果")
@write
def choose(request: HttpRequest, round_id: str, body: SignatureIn) -> dict[str, Any]:
    made = several.choose(round_id=round_id, signature=body.signature, actor=who(request), now=now())
    return {"chosen": [{"bid": c.bid.public_id, "place": c.place, "price": c.price} for c in made]}


@router.post(
    "/rounds/{round_id}/report-review", tags=["评标"], summary="发现评标报告有错误, 退原评标委员会复核"
)
@write
def review_errors(request: HttpRequest, round_id: str, body: Findings) -> dict[str, Any]:
    made = sittings.review_errors(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"reopening": made.public_id}


@router.post(
    "/rounds/{round_id}/reconsideration", tags=["评标"], summary="候选人情况变化, 请原评标委员会审查确认"
)
@write
def reconsider(request: HttpRequest, round_id: str, body: Findings) -> dict[str, Any]:
    made = sittings.reconsider(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"reopening": made.public_id}


@router.get("/reopenings", tags=["评标"], summary="等待第二人解锁的复核申请")
def reopenings(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.EVALUATION_UNLOCK)
    return answer({"reopenings": [asdict(r) for r in sittings.waiting_reopenings(actor=actor)]})


@router.post("/reopenings/{reopening_id}/decision", tags=["评标"], summary="第二人解锁或不同意复核")
@write
def decide_reopening(request: HttpRequest, reopening_id: str, body: Unlock) -> dict[str, Any]:
    made = sittings.decide_reopening(reopening_id=reopening_id, **body.dict(), actor=who(request), now=now())
    return {"state": made.state}


@router.post("/rounds/{round_id}/retender", tags=["定标"], summary="不再定标, 重新招标")
@write
def retender(request: HttpRequest, round_id: str, body: Ground) -> dict[str, Any]:
    made = endings.retender(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"round": made.public_id, "stage": made.stage}


@router.get("/rounds/{round_id}/award-end", tags=["定标"], summary="放弃中标或取消中标资格的待签内容")
def ending_to_sign(request: HttpRequest, round_id: str, kind: str, reason: str) -> HttpResponse:
    data = endings.ending_to_sign(round_id=round_id, kind=kind, reason=reason, actor=who(request))
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.post("/rounds/{round_id}/award-end", tags=["定标"], summary="中标人放弃, 或招标人取消中标资格")
@write
def end_award(request: HttpRequest, round_id: str, body: AwardEnd) -> dict[str, Any]:
    made = endings.end_award(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"award": made.public_id, "ended_at": made.ended_at}


@router.post("/rounds/{round_id}/annulment", tags=["定标"], summary="投诉成立, 中标无效(监督部门)")
@write
def annul(request: HttpRequest, round_id: str, body: Annulment) -> dict[str, Any]:
    made = endings.annul(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"round": made.public_id, "stage": made.stage}


@router.post("/rounds/{round_id}/performance", tags=["合同"], summary="登记履约保证金和开工日期, 开始履约")
@write
def start_performance(request: HttpRequest, round_id: str, body: Performance) -> dict[str, Any]:
    made = contracting.start_performance(round_id=round_id, **body.dict(), actor=who(request), now=now())
    return {"performance_bond": made.performance_bond, "starts_on": made.starts_on}


class Filing(Schema):
    """Under which number the copy of the contract was filed."""

    number: str


@router.post("/rounds/{round_id}/contract/filing", tags=["合同"], summary="登记合同副本备案(政府采购)")
@write
def file_contract(request: HttpRequest, round_id: str, body: Filing) -> dict[str, Any]:
    made = contracting.file_contract(round_id=round_id, number=body.number, actor=who(request), now=now())
    return {"filing": made.filing, "filed_at": made.filed_at}


def _waiting(made: Any) -> dict[str, Any]:
    return {"to_sign": base64.b64encode(bytes(made.to_sign)).decode(), "document_sha256": made.document}


@router.post("/rounds/{round_id}/letter", tags=["定标"], summary="生成中标通知书, 取得待签内容")
@write
def prepare_letter(request: HttpRequest, round_id: str) -> dict[str, Any]:
    return _waiting(awarding.prepare_letter(round_id=round_id, actor=who(request), now=now()))


@router.post("/rounds/{round_id}/letter/seal", tags=["定标"], summary="签章并发出中标通知书、公告结果")
@write
def finish_letter(request: HttpRequest, round_id: str, body: SignatureIn) -> dict[str, Any]:
    made = awarding.finish_letter(round_id=round_id, signature=body.signature, actor=who(request), now=now())
    return {"letter_sha256": made.letter, "sent_at": made.sent_at}


@router.post("/rounds/{round_id}/contract", tags=["合同"], summary="生成合同, 取得待签内容")
@write
def prepare_contract(request: HttpRequest, round_id: str) -> dict[str, Any]:
    return _waiting(contracting.prepare_contract(round_id=round_id, actor=who(request), now=now()))


@router.post("/rounds/{round_id}/contract/seal", tags=["合同"], summary="签章合同")
@write
def finish_contract(request: HttpRequest, round_id: str, body: SignatureIn) -> dict[str, Any]:
    made = contracting.finish_contract(
        round_id=round_id, signature=body.signature, actor=who(request), now=now()
    )
    return {"pdf_sha256": made.pdf, "signed_at": made.signed_at}


@router.get("/rounds/{round_id}/deposits", tags=["保证金"], summary="保证金应退时刻")
def deposits(request: HttpRequest, round_id: str) -> HttpResponse:
    rows = release_moments(round_id=round_id, viewer=who(request))
    return answer({"deposits": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in rows]})


@router.get("/documents/{digest}", tags=["公开"], summary="下载文件(PDF等), 按权限")
def document(request: HttpRequest, digest: str) -> FileResponse:
    name = require_may_read(digest=digest, viewer=who(request))
    kind = guess_type(name)[0] or "application/octet-stream"
    return FileResponse(files.path_of(digest).open("rb"), content_type=kind, filename=name)


@router.get("/evidence/feed", tags=["存证"], summary="按日志顺序的公开事项, 不跳号")
def feed(request: HttpRequest, after: int = -1, limit: int = 100) -> HttpResponse:
    rows = evidence.feed(after=after, limit=min(max(limit, 1), 1000))
    return answer({"entries": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in rows]})


@router.get("/evidence/{ocid}", tags=["存证"], summary="证据包: public 公开, party 当事人, supervisor 监督")
def pack(request: HttpRequest, ocid: str, level: str = "public") -> HttpResponse:
    require_level(ocid=ocid, level=level, viewer=who(request))
    return answer(evidence.pack(scope={"ocid": ocid}, level=level))

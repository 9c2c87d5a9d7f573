"""API of writing the tender file: templates, the two lists, the check while writing, what changed between versions."""

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import File, Router, Schema
from ninja.files import UploadedFile

from ggzy.api.bids import SignatureIn
from ggzy.api.frame import answer, now, who, write
from ggzy.drafting.library import LIBRARY, SECTORS
from ggzy.drafting.lists import LIST_SHA256, POSITIVE, RULES, VERSION, Place, check
from ggzy.drafting.standard import TEMPLATES
from ggzy.tendering import bills, filepdf, writing

router = Router()


class Clauses(Schema):
    """A template filled in."""

    template: str
    version: str
    slots: dict[str, Any] = {}
    sector: str = ""
    library: list[str] = []


class AnswerIn(Schema):
    """Which finding is kept, and why that is lawful here."""

    finding: str
    reason: str


class TextIn(Schema):
    """A text to check."""

    text: str


@router.get("/templates", tags=["招标文件"], summary="招标文件范本及标准条款")
def templates(request: HttpRequest) -> HttpResponse:
    return answer({"templates": [_template(t) for t in TEMPLATES.values()]})


def _template(template: Any) -> dict[str, Any]:
    chapters = [
        {"title": c.title, "clauses": [_clause(clause) for clause in c.clauses]} for c in template.chapters
    ]
    return {
        "template": template.code,
        "version": template.version,
        "title": template.title,
        "sha256": template.sha256,
        "chapters": chapters,
    }


def _clause(clause: Any) -> dict[str, Any]:
    slots = [{"key": s.key, "says": s.says, "kind": s.kind, "required": s.required} for s in clause.slots]
    return {
        "key": clause.key,
        "title": clause.title,
        "text": clause.text,
        "law": clause.law,
        "sha256": clause.sha256,
        "slots": slots,
    }


@router.get("/clause-library", tags=["招标文件"], summary="分行业条款库")
def library(request: HttpRequest) -> HttpResponse:
    return answer({"sectors": SECTORS, "clauses": [_clause(c) for c in LIBRARY.values()]})


@router.get("/drafting-lists", tags=["招标文件"], summary="正负面清单")
def lists(request: HttpRequest) -> HttpResponse:
    negative = [
        {"rule": r.code, "says": r.says, "level": r.level, "basis": r.basis, "instead": r.instead}
        for r in RULES
    ]
    positive = [{"says": m.says, "basis": m.basis} for m in POSITIVE]
    return answer({"version": VERSION, "sha256": LIST_SHA256, "negative": negative, "positive": positive})


@router.post("/drafting-lists/check", tags=["招标文件"], summary="按负面清单核对一段文字(只提示, 不保存)")
@write
def check_text(request: HttpRequest, body: TextIn) -> dict[str, Any]:
    places = [Place(key="text", says="文字", text=body.text[:100_000])]
    return {"findings": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in check(places)]}


@router.post("/tenders/{tender_id}/list-acknowledgement", tags=["招标文件"], summary="阅知正负面清单")
@write
def acknowledge(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    made = writing.acknowledge_list(tender_id=tender_id, actor=who(request), now=now())
    return {"version": VERSION, "new": made}


@router.put("/tenders/{tender_id}/clauses", tags=["招标文件"], summary="填写范本、选用行业条款")
@write
def fill(request: HttpRequest, tender_id: str, body: Clauses) -> dict[str, Any]:
    made = writing.fill_clauses(tender_id=tender_id, clauses=body.dict(), actor=who(request), now=now())
    return {"clauses": made.clauses.as_json() if made.clauses else None}


@router.get("/tenders/{tender_id}/findings", tags=["招标文件"], summary="草稿的清单核对结果")
def findings(request: HttpRequest, tender_id: str) -> HttpResponse:
    found = writing.checked_draft(tender_id=tender_id, actor=who(request))
    rows = [
        {f: getattr(r, f) for f in r.__dataclass_fields__}
        | {"key": r.key, "answer": found.answers.get(r.key)}
        for r in found.findings
    ]
    missing = [m.says for m in found.missing]
    return answer({"findings": rows, "missing": missing, "empty": found.empty, "templated": found.templated})


@router.post("/tenders/{tender_id}/finding-answers", tags=["招标文件"], summary="书面说明保留条款的理由")
@write
def answer_finding(request: HttpRequest, tender_id: str, body: AnswerIn) -> dict[str, Any]:
    made = writing.answer_finding(tender_id=tender_id, **body.dict(), actor=who(request), now=now())
    return {"answers": made.clauses.as_json()["answers"] if made.clauses else []}


@router.get("/tenders/{tender_id}/file/differences", tags=["招标文件"], summary="招标文件两个版本逐条比较")
def differences(request: HttpRequest, tender_id: str, older: int, newer: int) -> HttpResponse:
    found = writing.compare_versions(tender_id=tender_id, older=older, newer=newer)
    rows = [
        {"key": r.key, "title": r.title, "change": r.change, "words": [[m.value, w] for m, w in r.words]}
        for r in found.rows
    ]
    return answer({"older": found.older_sha256, "newer": found.newer_sha256, "rows": rows})


@router.post(
    "/tenders/{tender_id}/lots/{lot_id}/bill", tags=["招标文件"], summary="上传工程量清单(xlsx或造价XML)"
)
@write
def attach_bill(
    request: HttpRequest,
    tender_id: str,
    lot_id: str,
    file: UploadedFile = File(...),  # noqa: B008
) -> dict[str, Any]:
    made = bills.attach_bill(
        tender_id=tender_id, lot_id=lot_id, data=file.read(), actor=who(request), now=now()
    )
    problems = [{f: getattr(p, f) for f in p.__dataclass_fields__} for p in made.problems]
    return {
        "kept": made.kept,
        "items": len(made.bill.items),
        "sha256": made.bill.sha256,
        "problems": problems,
    }


@router.get("/tenders/{tender_id}/file/bills/{number}", tags=["招标文件"], summary="公布的工程量清单(无价格)")
def bill(request: HttpRequest, tender_id: str, number: int, version: int = 1) -> HttpResponse:
    found, lot = bills.published_bill(tender_id=tender_id, version=version, number=number)
    return answer({"sha256": lot["bill"]["sha256"], "bill": found.as_json(prices=False)})


@router.post(
    "/tenders/{tender_id}/file/{version}/seal", tags=["招标文件"], summary="取得招标文件PDF签章的待签内容"
)
@write
def prepare_seal(request: HttpRequest, tender_id: str, version: int) -> dict[str, Any]:
    made = filepdf.prepare_file_seal(tender_id=tender_id, version=version, actor=who(request), now=now())
    return {"to_sign": base64.b64encode(bytes(made.to_sign)).decode(), "document_sha256": made.document}


@router.put("/tenders/{tender_id}/file/{version}/seal", tags=["招标文件"], summary="签章招标文件PDF")
@write
def finish_seal(request: HttpRequest, tender_id: str, version: int, body: SignatureIn) -> dict[str, Any]:
    made = filepdf.finish_file_seal(
        tender_id=tender_id, version=version, signature=body.signature, actor=who(request), now=now()
    )
    return {"pdf_sha256": made.sha256}


@router.get("/rounds/{round_id}/bill", tags=["招标文件"], summary="本轮投标所依据的工程量清单(无价格)")
def bill_of_round(request: HttpRequest, round_id: str) -> HttpResponse:
    found = bills.bill_of_round(round_id)
    return answer({"bill": found.as_json(prices=False) if found else None})

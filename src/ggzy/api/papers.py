"""API of papers: the list, sealing one, and what stands behind a code."""

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.bids import SignatureIn
from ggzy.api.frame import answer, now, who, write
from ggzy.papers import actions as papers
from ggzy.papers import batches, queries

router = Router()


@router.get("/papers", tags=["文书"], summary="本单位的开标一览表、签到表和通知书")
def paper_list(request: HttpRequest, days: int = 30, kind: str = "", page: int = 1) -> HttpResponse:
    rows, more = queries.papers(viewer=who(request), now=now(), days=days, kind=kind, number=page)
    return answer({"papers": rows, "more": more})


@router.get("/papers/{code}", tags=["文书"], summary="核验一份文书: 签章、哈希、存证")
def paper(request: HttpRequest, code: str) -> HttpResponse:
    return answer(queries.code_page(code, viewer=who(request)))


@router.post("/rounds/{round_id}/papers/{ref}", tags=["文书"], summary="生成一份文书, 取得待签内容")
@write
def prepare_paper(request: HttpRequest, round_id: str, ref: str) -> dict[str, Any]:
    made = papers.prepare_paper_seal(round_id=round_id, ref=ref, actor=who(request), now=now())
    return {"to_sign": base64.b64encode(bytes(made.to_sign)).decode(), "document_sha256": made.document}


@router.post("/rounds/{round_id}/papers/{ref}/seal", tags=["文书"], summary="签章一份文书; 通知书随即送达")
@write
def finish_paper(request: HttpRequest, round_id: str, ref: str, body: SignatureIn) -> dict[str, Any]:
    made = papers.finish_paper_seal(
        round_id=round_id, ref=ref, signature=body.signature, actor=who(request), now=now()
    )
    return {"code": made.public_id, "pdf_sha256": made.sealed, "sealed_at": made.sealed_at}


class QueuedIn(Schema):
    """A signature on the paper's prepared bytes; "" for the batch begins one."""

    signature: str
    batch: str = ""


@router.post("/rounds/{round_id}/papers/{ref}/queue", tags=["文书"], summary="签名后交系统盖章, 成批办理")
@write
def queue_paper(request: HttpRequest, round_id: str, ref: str, body: QueuedIn) -> dict[str, Any]:
    made = batches.queue_paper_seal(
        batch_id=body.batch,
        round_id=round_id,
        ref=ref,
        signature=body.signature,
        actor=who(request),
        now=now(),
    )
    return {"batch": made.public_id}


@router.get("/paper-batches/{batch_id}", tags=["文书"], summary="一批签章办到哪里")
def batch(request: HttpRequest, batch_id: str) -> HttpResponse:
    page = batches.batch_page(batch_id=batch_id, viewer=who(request))
    return answer({"batch": page, "waiting": page.waiting})

"""API of what is sent to the media: the deliveries, trying again, and the media's own receipts."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from ggzy.adapters.outlets.wire import receipt_in
from ggzy.api.frame import answer, now, who, write
from ggzy.publishing import actions, disclosed, queries

router = Router()


def _fields(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


@router.get("/publications", tags=["公告发送"], summary="公告在各媒介的发送情况, state=red 只看有问题的")
def delivery_list(
    request: HttpRequest, medium: str = "", state: str = "", tender: str = "", page: int = 1
) -> HttpResponse:
    rows, more = queries.deliveries(
        viewer=who(request), now=now(), medium=medium, state=state, tender=tender, number=page
    )
    return answer({"deliveries": [_fields(row) for row in rows], "more": more})


@router.get("/publications/{delivery_id}", tags=["公告发送"], summary="一次发送和它的全部回执")
def delivery(request: HttpRequest, delivery_id: str) -> HttpResponse:
    page = queries.delivery(delivery_id=delivery_id, viewer=who(request), now=now())
    return answer(
        _fields(page.row) | {"receipts": page.receipts, "missing": page.missing, "personal": page.personal}
    )


def _judged(row: Any) -> dict[str, Any]:
    item, shown = row.item, ("standing", "formed_at", "due_at", "done_at", "link")
    told = {name: getattr(item, name) for name in ("number", "sector", "name", "content", "responsible")}
    return told | {"basis": item.cites, "label": row.standing.label} | {n: getattr(row, n) for n in shown}


@router.get("/disclosure", tags=["公开"], summary="40项公开事项, 每项的数量")
def disclosure(request: HttpRequest) -> HttpResponse:
    rows = disclosed.overview(disclosed.tenders(now=now()))
    counts = ("done", "due", "overdue", "late")
    items = [
        _fields(row.item)
        | {"basis": row.item.cites, "open": row.item.open}
        | {n: getattr(row, n) for n in counts}
        for row in rows
    ]
    return answer({"items": items})


@router.get("/tenders/{tender_id}/disclosure", tags=["公开"], summary="一个招标项目的公开事项")
def disclosure_of(request: HttpRequest, tender_id: str) -> HttpResponse:
    row = disclosed.of_tender(tender_id, now=now())
    return answer({"tender": row.tender, "name": row.name, "items": [_judged(one) for one in row.items]})


@router.post("/publications/{delivery_id}/retry", tags=["公告发送"], summary="立即重新发送")
@write
def retry(request: HttpRequest, delivery_id: str) -> dict[str, Any]:
    row = actions.retry(delivery_id=delivery_id, actor=who(request), now=now())
    return {"delivery": row.public_id, "next_try_at": row.next_try_at}


@router.get("/notices/{notice_id}/media", tags=["公开"], summary="公告在法定媒介的发布时间")
def media(request: HttpRequest, notice_id: str) -> HttpResponse:
    return answer({"media": [_fields(row) for row in queries.published_at_media(notice_id)]})


@router.get("/rounds/{round_id}/anchor", tags=["公开"], summary="期限起算时间: 首次在法定媒介发布")
def anchor(request: HttpRequest, round_id: str) -> HttpResponse:
    found = queries.anchor_of(round_id)
    return answer({"anchor": _fields(found) if found else None})


@router.post(
    "/media/{medium}/receipts", tags=["公告发送"], summary="媒介推送回执, X-Signature: HMAC-SHA256(正文)"
)
@write
def receipt(request: HttpRequest, medium: str) -> dict[str, Any]:
    signature = request.headers.get("X-Signature", "")
    said = receipt_in(request.body)
    news = actions.receive_call(
        medium=medium, body=request.body, signature=signature, receipt=said, now=now()
    )
    return {"accepted": True, "news": news}

"""API of messages: what one was told and its receipt, reading, choices, a gateway's reports."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.messages import actions, queries, sending

router = Router()


class ChoicesIn(Schema):
    """Ways by kind (legal, service, reminder, news → in_app, email, sms); quiet hours as HH:MM, empty for none."""

    on: dict[str, list[str]]
    quiet_from: str = ""
    quiet_to: str = ""


@router.get("/messages", tags=["通知"], summary="我和本单位收到的通知, 新的在前")
def inbox(
    request: HttpRequest, kind: str = "", words: str = "", unread: bool = False, page: int = 1
) -> HttpResponse:
    viewer = who(request)
    if not (kind or words or unread or page > 1):
        return answer({"messages": queries.latest(viewer=viewer, limit=30), "more": False})
    rows, more = queries.inbox(viewer=viewer, kind=kind, words=words, only_unread=unread, number=page)
    return answer({"messages": rows, "more": more})


@router.get("/messages/preferences", tags=["通知"], summary="我选择的通知方式")
def preferences(request: HttpRequest) -> HttpResponse:
    return answer(queries.choices_as_json(viewer=who(request)))


@router.put("/messages/preferences", tags=["通知"], summary="选择通知方式")
@write
def choose(request: HttpRequest, body: ChoicesIn) -> dict[str, Any]:
    actions.choose(**body.dict(), actor=who(request))
    return queries.choices_as_json(viewer=who(request))


@router.post("/messages/{message_id}/read", tags=["通知"], summary="打开一份通知(首次打开记入存证)")
@write
def read(request: HttpRequest, message_id: str) -> dict[str, Any]:
    actions.open_message(message_id=message_id, actor=who(request), now=now())
    return {"message": queries.message(message_id, viewer=who(request)).row}


@router.get("/messages/{message_id}/receipt", tags=["通知"], summary="送达回执")
def receipt(request: HttpRequest, message_id: str) -> HttpResponse:
    return answer(queries.receipt(message_id, viewer=who(request)))


@router.post("/sms/reports", tags=["通知"], summary="短信平台推送状态报告, X-Signature: HMAC-SHA256(正文)")
@write
def report(request: HttpRequest) -> dict[str, Any]:
    signature = request.headers.get("X-Signature", "")
    return {"news": sending.receive_report(body=request.body, signature=signature, now=now())}

"""The API of one's own sign-ins: where the account is signed in, and ending that."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from ggzy.api.frame import answer, token_of, who, write
from ggzy.identity import logins, sessions

router = Router(tags=["登录"])


@router.get("/account/sessions", summary="我在哪些设备上登录着")
def own_sessions(request: HttpRequest) -> HttpResponse:
    return answer({"sessions": logins.sessions_of(actor=who(request), token=token_of(request))})


@router.delete("/account/sessions/{handle}", summary="结束我的一处登录")
@write
def end_session(request: HttpRequest, handle: str) -> dict[str, Any]:
    sessions.end_session(handle=handle, actor=who(request))
    return {}


@router.delete("/account/sessions", summary="结束我的其他全部登录")
@write
def end_other_sessions(request: HttpRequest) -> dict[str, Any]:
    return {"ended": sessions.end_other_sessions(token=token_of(request), actor=who(request))}

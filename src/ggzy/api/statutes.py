"""API of the law as it holds here: local limits and promises, clauses that a named person has read."""

from dataclasses import asdict
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.frame import answer, now, who, write
from ggzy.statutes import actions as statutes
from ggzy.statutes import queries

router = Router()


class LimitIn(Schema):
    """A stricter limit: a region's rule, or this centre's promise."""

    key: str
    kind: str
    region: str
    length: int
    document: str
    article: str = ""
    since: date
    until: date | None = None


class EndIn(Schema):
    """Why it ends."""

    reason: str


class ReadIn(Schema):
    """Which row, and where it was read."""

    key: str
    source: str


@router.get("/local-limits", tags=["法"], summary="本地期限、服务承诺和条文核对")
def local_limits(request: HttpRequest) -> HttpResponse:
    rows = [asdict(row) for row in queries.local_rows()]
    return answer({"limits": rows, "read": [asdict(row) for row in queries.read_rows().values()]})


@router.post("/local-limits", tags=["法"], summary="登记本地期限或服务承诺(只能更严)")
@write
def propose_limit(request: HttpRequest, body: LimitIn) -> dict[str, Any]:
    made = statutes.propose_limit(**body.dict(), actor=who(request), now=now())
    return {"limit": made.public_id, "state": made.state}


@router.post("/local-limits/{limit_id}/confirmation", tags=["法"], summary="另一名管理员确认")
@write
def confirm_limit(request: HttpRequest, limit_id: str) -> dict[str, Any]:
    made = statutes.confirm_limit(limit_id=limit_id, actor=who(request), now=now())
    return {"limit": made.public_id, "state": made.state}


@router.post("/local-limits/{limit_id}/end", tags=["法"], summary="终止或不采纳")
@write
def end_limit(request: HttpRequest, limit_id: str, body: EndIn) -> dict[str, Any]:
    made = statutes.end_limit(limit_id=limit_id, reason=body.reason, actor=who(request), now=now())
    return {"limit": made.public_id, "state": made.state}


@router.post("/clauses/read", tags=["法"], summary="核对一条凭记忆的条文")
@write
def read_clause(request: HttpRequest, body: ReadIn) -> dict[str, Any]:
    made = statutes.read_clause(key=body.key, source=body.source, actor=who(request), now=now())
    return {"key": made.key, "version": made.version, "read_at": made.read_at}

"""What every API operation shares: who asks, the moment, problem answers, Idempotency-Key."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import wraps
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from ggzy.evidence.actions import record_refusal
from ggzy.identity.actions import actor_of
from ggzy.kernel.actors import ANYONE, Actor
from ggzy.kernel.clock import legal_now
from ggzy.kernel.idempotency import once
from ggzy.kernel.refusals import BadInput, Refusal


def decoded(data: str, *, field: str) -> bytes:
    """Return the bytes of a file that a request carries.

    :raises BadInput: not base64
    """
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:  # binascii.Error is one; other letters than ASCII are another
        raise BadInput("文件应为Base64编码", field=field) from None


class _Encoder(DjangoJSONEncoder):
    """JSON with amounts as strings and moments with all their digits."""

    def default(self, o: Any) -> Any:
        if isinstance(o, datetime):
            return o.isoformat()
        if isinstance(o, Decimal):
            return str(o)
        if isinstance(o, Enum):
            return o.value
        if is_dataclass(o) and not isinstance(o, type):
            return {field.name: getattr(o, field.name) for field in fields(o)}
        return super().default(o)


def answer(value: Any, *, status: int = 200, content_type: str = "application/json") -> HttpResponse:
    """Return a JSON answer."""
    return HttpResponse(
        json.dumps(value, cls=_Encoder, ensure_ascii=False, separators=(",", ":")),
        status=status,
        content_type=content_type,
    )


def who(request: HttpRequest) -> Actor:
    """Return who asks: the bearer of a session token, else anyone."""
    found = getattr(request, "api_actor", None)
    if found is None:
        header = request.headers.get("Authorization", "")
        token = header[7:] if header.startswith("Bearer ") else ""
        reads = request.method in {"GET", "HEAD"}
        found = actor_of(token=token, address=address(request), reads=reads) if token else None
        found = found or ANYONE
        request.api_actor = found  # type: ignore[attr-defined]
    return found


def token_of(request: HttpRequest) -> str:
    """Return the bearer token, "" if there is none."""
    header = request.headers.get("Authorization", "")
    return header[7:] if header.startswith("Bearer ") else ""


def address(request: HttpRequest) -> str:
    """Return the peer's address."""
    return str(request.META.get("REMOTE_ADDR") or "")


def now() -> datetime:
    """Return the legal moment: this is an edge."""
    return legal_now()


def _request_hash(request: HttpRequest) -> str:
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        # a bid: the signed manifest names every part by its hash
        for name in sorted(request.FILES):
            if name != "payload":
                digest.update(request.FILES[name].read())
                request.FILES[name].seek(0)
    else:
        digest.update(request.body)
    return digest.hexdigest()


def write(function: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Make an operation one transaction; with an Idempotency-Key the second try gets the first one's answer."""

    @wraps(function)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key", "")[:128]
        if not key:
            with transaction.atomic():
                return answer(function(request, *args, **kwargs))
        digest = _request_hash(request)
        owner = who(request).person or hashlib.sha256(token_of(request).encode()).hexdigest()[:32]
        reply = once(
            actor=owner,
            key=key,
            request_hash=digest,
            work=lambda: json.loads(json.dumps(function(request, *args, **kwargs), cls=_Encoder)),
        )
        return answer(reply)

    return view


def install_problem_answers(api: NinjaAPI) -> None:
    """Answer refusals and malformed requests as problem documents in Chinese."""

    def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            record_refusal(
                f"{request.method} {request.path}"[:64],
                refusal=refusal,
                actor=who(request),
                legal_at=legal_now(),
            )
        return answer(refusal.as_problem(), status=refusal.status, content_type="application/problem+json")

    def malformed(request: HttpRequest, wrong: ValidationError) -> HttpResponse:
        first = wrong.errors[0] if wrong.errors else {}
        place = ".".join(str(part) for part in first.get("loc", ())[1:]) or "请求"
        says = _SAYS.get(str(first.get("type", "")), "格式不正确")
        return refused(request, BadInput(f"请求中的“{place}”{says}, 请对照接口说明修改", field=place))

    def unreadable(request: HttpRequest, wrong: HttpError) -> HttpResponse:
        return refused(request, BadInput("请求内容无法读取: 应为UTF-8编码的JSON, 请检查格式后重新发送"))

    api.exception_handler(Refusal)(refused)
    api.exception_handler(HttpError)(unreadable)
    api.exception_handler(ValidationError)(malformed)


_SAYS = {
    "missing": "没有填写",
    "string_type": "应为文字",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "bool_parsing": "应为真或假",
    "datetime_from_date_parsing": "应为日期时间",
    "datetime_parsing": "应为日期时间",
    "timezone_aware": "应写明时区, 例如2026-03-02T09:00:00+08:00",
    "json_invalid": "不是有效的JSON",
    "list_type": "应为列表",
    "dict_type": "应为对象",
}

"""Calls to experts: the gateway over HTTPS and the twin keep one contract."""

import json

import httpx
import pytest

from ggzy.adapters.calls.http import HttpCalls
from ggzy.adapters.calls.twin import TwinCalls
from ggzy.experts.ports import CallsUnavailable, Message

pytestmark = pytest.mark.pure
MESSAGE = Message(ring="r1", phone="13000000000", text="评标邀请")


@pytest.fixture(autouse=True)
def gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GGZY_CALLS_URL", "https://calls.example/")
    monkeypatch.setenv("GGZY_CALLS_TOKEN", "secret")


def test_a_message_is_taken() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(202)

    for calls in (HttpCalls(transport=httpx.MockTransport(answer)), TwinCalls()):
        assert calls.ring(MESSAGE) is None
    (one,) = asked
    assert str(one.url) == "https://calls.example/rings"
    assert one.headers["Authorization"] == "Bearer secret"
    assert json.loads(one.content) == {"ring": "r1", "phone": "13000000000", "text": "评标邀请"}


def _broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there", request=request)


@pytest.mark.parametrize("answer", [_broken, lambda _: httpx.Response(503), lambda _: httpx.Response(302)])
def test_a_message_that_is_not_taken_is_said_so(answer) -> None:
    with pytest.raises(CallsUnavailable):
        HttpCalls(transport=httpx.MockTransport(answer)).ring(MESSAGE)

"""One contract for every medium: the real client against a server on loopback, and the local twin."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.adapters.outlets.http import HttpOutlet
from ggzy.adapters.outlets.twin import TwinOutlet
from ggzy.adapters.outlets.wire import body_of, receipt_in
from ggzy.kernel.canonical import canonical, sha256
from ggzy.publishing.package import Package, package
from ggzy.publishing.ports import NotDelivered, Outlet, Refused
from ggzy.publishing.rules import Medium, State
from tests.publishing.medium import MediumServer
from tests.publishing.test_rules import SENDER, _source

T0 = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BODY = {"lot": "一标段", "reason": "原因"}


def _package(kind: str = "tender") -> Package:
    return package(_source(kind, BODY), medium=Medium.NATIONAL, sender=SENDER, centre="c")


def _http(medium: MediumServer, **config: Any) -> HttpOutlet:
    return HttpOutlet(code="ceb", name="媒介", config={"url": medium.url, **config}, now=T0)


@pytest.fixture(params=["http", "twin"])
def at(request: pytest.FixtureRequest, medium: MediumServer, tmp_path: Path) -> Callable[[datetime], Outlet]:
    """Return the medium as it is at a moment; it publishes two minutes after T0."""

    def made(now: datetime) -> Outlet:
        if request.param == "twin":
            return TwinOutlet(code="ceb", name="媒介", config={"folder": str(tmp_path)}, now=now)
        medium.published_at = T0 + timedelta(minutes=2) if now >= T0 + timedelta(minutes=2) else None
        return _http(medium)

    return made


def test_it_receives_then_publishes_and_holds_the_same_content(at: Callable[[datetime], Outlet]) -> None:
    received = at(T0).deliver(_package())
    assert received.state is State.RECEIVED and received.published_at is None and received.reference
    assert at(T0 + timedelta(seconds=119)).ask(received.reference).state is State.RECEIVED
    published = at(T0 + timedelta(minutes=2)).ask(received.reference)
    assert published.state is State.PUBLISHED
    assert published.published_at == T0 + timedelta(minutes=2)
    assert published.sha256 == sha256(canonical(BODY)).hex()


def test_one_key_is_one_notice(at: Callable[[datetime], Outlet]) -> None:
    first, second = at(T0).deliver(_package()), at(T0 + timedelta(minutes=1)).deliver(_package())
    assert first == second
    assert at(T0 + timedelta(minutes=2)).ask(first.reference).state is State.PUBLISHED


def test_an_unknown_reference_is_refused(at: Callable[[datetime], Outlet]) -> None:
    with pytest.raises(Refused):
        at(T0).ask("YSnothing")


@pytest.mark.parametrize(
    ("status", "headers", "body", "whole", "after"),
    [
        (503, {"Retry-After": "90"}, b"", True, 90),
        (429, {}, b"", True, 0),
        (500, {}, b"", False, 0),
        (408, {}, b"", False, 0),
        (200, {}, b"<html>", False, 0),
        (200, {}, b'{"RECEIPT_NO":"R","STATUS":"2"}', False, 0),
    ],
)
def test_what_is_tried_again(
    medium: MediumServer, status: int, headers: dict, body: bytes, whole: bool, after: int
) -> None:
    medium.misbehave.append((status, headers, body))
    with pytest.raises(NotDelivered) as later:
        _http(medium).deliver(_package())
    assert (later.value.whole_outlet, later.value.after_seconds) == (whole, after)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 302])
def test_what_is_refused_for_good(medium: MediumServer, status: int) -> None:
    medium.misbehave.append((status, {}, '{"MESSAGE": "缺少招标项目编号"}'.encode()))
    with pytest.raises(Refused, match="缺少招标项目编号"):
        _http(medium).deliver(_package())


def test_nobody_there_is_tried_again(medium: MediumServer) -> None:
    client = _http(medium)
    medium.stop()
    with pytest.raises(NotDelivered, match="无法连接"):
        client.deliver(_package())


def test_a_medium_that_hangs_is_left_after_a_moment(
    medium: MediumServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have taken the notice: nobody knows, and the next try with the same key is one notice there."""
    from ggzy.adapters.outlets import http

    assert http.TIMEOUT.read == 4
    monkeypatch.setattr(http, "TIMEOUT", http.httpx.Timeout(0.2))
    medium.slow.set()
    with pytest.raises(NotDelivered, match="没有应答"):
        _http(medium).deliver(_package())
    medium.slow.clear()
    monkeypatch.undo()
    _http(medium).deliver(_package())
    assert len(medium.kept) == 1


def test_the_xml_form_carries_the_same_fields() -> None:
    body, kind = body_of(_package("failure"), form="xml")
    assert kind == "application/xml"
    assert b"<TENDER_ABNORMITY_REPORT>" in body and "原因" in body.decode()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"STATUS":"1"}', b'{"RECEIPT_NO":"R","STATUS":"7"}',
     b'{"RECEIPT_NO":"R","STATUS":"1","PUBLISH_TIME":"yesterday"}'],
)  # fmt: skip
def test_a_receipt_that_says_nothing_is_none(body: bytes) -> None:
    assert receipt_in(body) is None

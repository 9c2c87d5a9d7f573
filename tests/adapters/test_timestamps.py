"""Timestamp authorities: the client over HTTP against the training authority's own answers, and every way it may fail."""

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ggzy.adapters.timestamps.http import HttpTimestamps
from ggzy.adapters.timestamps.training import TrainingTimestamps
from ggzy.identity.training_ca import TrainingCA
from ggzy.seals import tsp
from ggzy.seals.ports import TimestampUnavailable

DIGEST = hashlib.sha256(b"the contract").digest()


class Server:
    """Answers with what a test says."""

    def __init__(self) -> None:
        server = self
        self.answer: Any = lambda body: (200, b"")

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.asked = self.headers["Content-Type"]
                status, data = server.answer(body)
                try:
                    self.send_response(status)
                    self.send_header("Location", "/elsewhere")
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass

            def log_message(self, *_: Any) -> None:
                pass

        self.asked = ""
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/tsa"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.stop()


@pytest.fixture
def training(monkeypatch: Any) -> TrainingTimestamps:
    from datetime import UTC, datetime

    monkeypatch.setattr(
        "ggzy.adapters.timestamps.training.legal_now", lambda: datetime(2026, 11, 24, 2, tzinfo=UTC)
    )
    return TrainingTimestamps()


def test_both_give_a_token_on_the_digest(server: Server, training: TrainingTimestamps) -> None:
    server.answer = lambda body: (200, training.answer(body))
    client = HttpTimestamps(server.url, trusted=training.trusted())
    for clock in (client, training):
        token = tsp.require_token(clock.stamp(DIGEST), digest=DIGEST, trusted=clock.trusted())
        assert token.authority == "OpenGGZY 训练时间戳(演示)"
    assert server.asked == "application/timestamp-query"


def _says(server: Server, training: TrainingTimestamps, answer: Any, **more: Any) -> str:
    server.answer = answer
    with pytest.raises(TimestampUnavailable) as no:
        HttpTimestamps(server.url, trusted=more.get("trusted") or training.trusted()).stamp(DIGEST)
    return str(no.value)


def test_what_is_no_good_answer_is_none(server: Server, training: TrainingTimestamps, tmp_path: Any) -> None:
    other, _ = tsp.query(hashlib.sha256(b"other").digest())
    assert "503" in _says(server, training, lambda body: (503, b""))
    assert "302" in _says(server, training, lambda body: (302, b""))
    assert "读不懂" in _says(server, training, lambda body: (200, b"<html>"))
    assert "过长" in _says(server, training, lambda body: (200, b"0" * 70_000))
    assert "拒绝" in _says(server, training, lambda body: (200, training.answer(b"rubbish")))
    assert "不是对这次请求" in _says(server, training, lambda body: (200, training.answer(other)))
    stranger = TrainingCA(tmp_path / "other").certificate
    good = lambda body: (200, training.answer(body))  # noqa: E731
    assert "不受信任" in _says(server, training, good, trusted=(stranger,))


def test_a_dead_authority_is_not_waited_for(
    server: Server, training: TrainingTimestamps, settings: Any
) -> None:
    settings.TSA_SECONDS = 0.3

    def slow(body: bytes) -> tuple[int, bytes]:
        time.sleep(2)
        return 200, b""

    began = time.monotonic()
    assert "连接不上" in _says(server, training, slow)
    assert time.monotonic() - began < 1.5
    server.stop()
    with pytest.raises(TimestampUnavailable, match="连接不上"):
        HttpTimestamps(server.url, trusted=training.trusted()).stamp(DIGEST)


def test_outside_a_training_centre_there_is_no_own_authority(settings: Any) -> None:
    settings.MODE = "production"
    with pytest.raises(TimestampUnavailable, match="没有训练时间戳服务"):
        TrainingTimestamps()

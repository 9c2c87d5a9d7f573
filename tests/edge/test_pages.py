"""Pages through the edge: bodies of any length to Django, whole or not at all, and no thread waits for a line."""

import asyncio
import hashlib
import threading

import pytest

from ggzy.edge import asgi
from ggzy.edge.asgi import Edge

from .support import Request


def echo(environ, start_response):
    """Answer with the length and hash of the body, reading it in pieces."""
    digest, size, stream = hashlib.sha256(), 0, environ["wsgi.input"]
    while part := stream.read(65536):
        digest.update(part)
        size += len(part)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ.get('CONTENT_LENGTH', '')} {size} {digest.hexdigest()}".encode()]


def run(story):
    return asyncio.run(asyncio.wait_for(story, 30))


@pytest.mark.parametrize("pieces", [0, 1, 3, 700])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_arrives_whole_announced_or_in_chunks(pieces, announced):
    piece = bytes(range(256)) * 64
    whole = piece * pieces

    async def story():
        headers = (
            [(b"content-length", str(len(whole)).encode())]
            if announced
            else [(b"transfer-encoding", b"chunked")]
        )
        request = Request(Edge(echo), "/", method="POST", headers=headers)
        for _ in range(pieces):
            request.body(piece, more=True)
        return await request.body().answer()

    status, _, body = run(story())
    length = str(len(whole)) if announced or pieces else ""
    assert (status, body.decode()) == (200, f"{length} {len(whole)} {hashlib.sha256(whole).hexdigest()}")


def test_a_large_body_lies_in_a_file_not_in_memory(monkeypatch):
    seen = []

    def look(environ, start_response):
        seen.append(environ["wsgi.input"]._rolled)
        return echo(environ, start_response)

    async def story(size):
        request = Request(Edge(look), "/", method="POST")
        for _ in range(size):
            request.body(bytes(1024 * 1024), more=True)
        await request.body().answer()

    run(story(1))
    run(story(5))
    assert seen == [False, True]


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_beyond_the_limit_is_refused_in_words(monkeypatch, announced):
    monkeypatch.setattr(asgi, "MOST_BODY", 1024 * 1024)

    async def story():
        headers = [(b"content-length", b"1048577")] if announced else []
        request = Request(Edge(echo), "/", method="POST", headers=headers)
        request.body(bytes(1024 * 1024 + 1), more=True)
        return await request.answer()

    status, _, body = run(story())
    assert status == 413
    assert "超过 1 MB" in body.decode()


def test_half_a_body_never_reaches_django():
    called = []

    async def story():
        request = Request(Edge(lambda *_: called.append(1)), "/", method="POST")
        request.body(b"half", more=True)
        request.hang_up()
        await request.task
        assert request.outgoing.empty()

    run(story())
    assert not called


def test_slow_uploads_take_no_threads(monkeypatch):
    monkeypatch.setattr(asgi, "THREADS", 2)

    async def story():
        edge = Edge(echo)
        slow = [Request(edge, "/", method="POST").body(b"x", more=True) for _ in range(50)]
        answer = await Request(edge, "/").body().answer()
        for request in slow:
            request.body(b"y")
        return answer, [await request.answer() for request in slow]

    answer, late = run(story())
    assert answer[0] == 200
    assert {body.split()[1] for _, _, body in late} == {b"2"}


def test_eight_rivals_at_once_are_all_served():
    meet = threading.Barrier(8, timeout=10)

    def rival(environ, start_response):
        meet.wait()
        return echo(environ, start_response)

    async def story():
        edge = Edge(rival)
        requests = [Request(edge, "/", method="POST").body(b"bid") for _ in range(8)]
        return [await request.answer() for request in requests]

    assert [status for status, _, _ in run(story())] == [200] * 8


def test_an_answer_streams():
    go_on = threading.Event()

    def slowly(environ, start_response):
        start_response("200 OK", [])
        yield b"first"
        assert go_on.wait(10)
        yield b"second"

    async def story():
        request = Request(Edge(slowly), "/").body()
        assert (await request.next())["status"] == 200
        assert (await request.next())["body"] == b"first"
        go_on.set()
        assert (await request.next())["body"] == b"second"
        await request.task

    run(story())


def test_lifespan_and_websockets():
    async def story():
        edge, sent, said = Edge(echo), [], asyncio.Queue()

        async def send(message):
            sent.append(message["type"])

        for kind in ("startup", "shutdown"):
            said.put_nowait({"type": f"lifespan.{kind}"})
        await edge({"type": "lifespan"}, said.get, send)
        await edge({"type": "websocket"}, said.get, send)
        return sent

    assert run(story()) == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]

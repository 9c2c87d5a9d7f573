"""GET /live/<topic>: server-sent events. `Last-Event-ID` (or ?after=) replays from the database, then live."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

import psycopg

from ggzy.edge.hub import PAGE, Hub, Watcher

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT_SECONDS = 15.0
SLOWEST_SECONDS = 30.0
_PIECE = 16 * 1024
_TOPIC = re.compile(r"/live/([0-9A-Za-z][0-9A-Za-z._-]{0,63})")
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


async def live(hub: Hub, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request for a topic's events, until either side closes."""
    found = _TOPIC.fullmatch(scope["path"])
    if found is None:
        return await refuse(send, 404, "没有这个直播频道, 请从开标大厅或项目页面进入")
    if scope["method"] != "GET":
        return await refuse(send, 405, "直播频道只能读取", [(b"allow", b"GET")])
    try:
        after = _after(scope)
    except ValueError:
        return await refuse(send, 400, "续传位置应为非负整数, 请刷新页面后重试")
    if hub.full:
        return await refuse(
            send, 503, "当前观看人数已达上限, 请稍后刷新; 页面内容仍可正常查看", [(b"retry-after", b"15")]
        )
    try:
        watcher = await hub.join(found[1])
    except (TimeoutError, OSError, psycopg.Error):
        return await refuse(send, 503, "直播暂不可用, 正在重新连接, 请稍后刷新", [(b"retry-after", b"5")])
    try:
        await _serve(hub, watcher, after, receive, send)
    finally:
        hub.leave(watcher)


async def _serve(hub: Hub, watcher: Watcher, after: int | None, receive: Receive, send: Send) -> None:
    gone = asyncio.ensure_future(_disconnected(receive))
    gone.add_done_callback(watcher.close)
    try:
        # a page may remember more than there is, from before a training centre was reset
        last = hub.seen if after is None else min(after, hub.seen)
        # an id of its own, so that a page that reconnects before its first event still knows where it was
        hello = f"retry: 2000\nid: {last}\n\n" if last >= 0 else "retry: 2000\n\n"
        await _send(send, {"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await _send(send, _part(hello.encode()))
        if after is not None:
            last = await _replay(hub, watcher.topic, last, send)
        while not watcher.closed:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await watcher.news()
            except TimeoutError:
                await _send(send, _part(b": \n\n"))
                continue
            last = await _pass_on(watcher, last, send)
        if not gone.done():
            await _send(send, {"type": "http.response.body", "body": b"", "more_body": False})
    except (TimeoutError, OSError, psycopg.Error):
        pass  # the reader is too slow, or the database is away: the page reconnects where it was
    finally:
        gone.cancel()


async def _pass_on(watcher: Watcher, last: int, send: Send) -> int:
    """Send what is queued, up to some kilobytes in one piece; return the index of the last leaf sent."""
    while watcher.queue and not watcher.closed:
        texts: list[bytes] = []
        size = 0
        while watcher.queue and size < _PIECE:
            news = watcher.queue.popleft()
            if news.index > last:
                last = news.index
                texts.append(news.text)
                size += len(news.text)
        if texts:
            await _send(send, _part(b"".join(texts)))
    return last


async def _replay(hub: Hub, topic: str, after: int, send: Send) -> int:
    while True:
        page = await hub.page(topic=topic, after=after)
        for news in page:
            await _send(send, _part(news.text))
            after = news.index
        if len(page) < PAGE:
            return after


async def _send(send: Send, message: MutableMapping[str, Any]) -> None:
    async with asyncio.timeout(SLOWEST_SECONDS):
        await send(message)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _part(text: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text, "more_body": True}


def _after(scope: Scope) -> int | None:
    """Return where to go on from: the browser's own memory before the page's."""
    for name, value in scope["headers"]:
        if name == b"last-event-id" and value:
            return _index(value.decode("ascii"))
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("after")
    return _index(asked[0]) if asked else None


def _index(text: str) -> int:
    if text == "-1":
        return -1
    if not text.isdecimal() or len(text) > 18:
        raise ValueError("not an index")
    return int(text)


async def refuse(
    send: Send, status: int, sentence: str, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Answer with one sentence."""
    kind = (b"content-type", b"text/plain; charset=utf-8")
    start = {"type": "http.response.start", "status": status}
    await send(start | {"headers": [kind, (b"cache-control", b"no-store"), *(headers or [])]})
    await send({"type": "http.response.body", "body": sentence.encode()})

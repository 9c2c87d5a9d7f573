"""GET /live/<topic>: server-sent events. `Last-Event-ID` (or ?after=) replays from the database, then live."""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

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
    _keepers.look_after(hub, watcher)

    async def speak(message: MutableMapping[str, Any]) -> None:
        # no timer of its own for each piece of each of thousands: the keeper looks for pieces that are under way too long
        watcher.sending = watcher.spoke = asyncio.get_running_loop().time()
        await send(message)
        watcher.sending = 0.0

    try:
        # a page may remember more than there is, from before a training centre was reset
        last = hub.seen if after is None else min(after, hub.seen)
        # an id of its own, so that a page that reconnects before its first event still knows where it was
        hello = f"retry: 2000\nid: {last}\n\n" if last >= 0 else "retry: 2000\n\n"
        await speak({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await speak(_part(hello.encode() + _sign_of_life(hub, watcher)))
        if after is not None:
            last = await _replay(hub, watcher.topic, last, speak)
        while not watcher.closed:
            await watcher.news()
            if watcher.beat and not watcher.queue and not watcher.closed:
                await speak(_part(_sign_of_life(hub, watcher)))
            watcher.beat = False
            last = await _pass_on(watcher, last, speak)
        if not gone.done():
            await speak({"type": "http.response.body", "body": b"", "more_body": False})
    except (OSError, psycopg.Error):
        pass  # the database is away: the page reconnects where it was
    except asyncio.CancelledError:
        if not _keepers.let_go(watcher):
            raise
    finally:
        gone.cancel()
        _keepers.forget(watcher)


class _Keepers:
    """Looks after the pages of each hub once in a while: signs of life, and readers too slow for a single piece."""

    def __init__(self) -> None:
        self._tasks: dict[Watcher, asyncio.Task[Any]] = {}
        self._slow: set[Watcher] = set()
        self._rounds: WeakKeyDictionary[Hub, asyncio.Task[None]] = WeakKeyDictionary()

    def look_after(self, hub: Hub, watcher: Watcher) -> None:
        """Begin to look after the page that runs in this task."""
        task = asyncio.current_task()
        assert task is not None, "a page is served in a task"
        self._tasks[watcher] = task
        rounds = self._rounds.get(hub)
        if rounds is None or rounds.done() or rounds.get_loop() is not task.get_loop():
            self._rounds[hub] = asyncio.create_task(self._go_round(hub), name="ggzy-keeper")

    def let_go(self, watcher: Watcher) -> bool:
        """Say whether this page was ended by us, since its reader was too slow."""
        return watcher in self._slow

    def forget(self, watcher: Watcher) -> None:
        """Stop looking after a page."""
        self._tasks.pop(watcher, None)
        self._slow.discard(watcher)

    async def _go_round(self, hub: Hub) -> None:
        while hub.watchers():
            await asyncio.sleep(min(1.0, HEARTBEAT_SECONDS / 4))
            moment = asyncio.get_running_loop().time()
            for watcher in hub.watchers():
                if watcher.sending and moment - watcher.sending > SLOWEST_SECONDS:
                    self._slow.add(watcher)
                    if (task := self._tasks.get(watcher)) is not None:
                        task.cancel()
                # not all at once: who heard of one thing together is not reminded together
                elif moment - watcher.spoke > HEARTBEAT_SECONDS * (0.7 + id(watcher) // 64 % 31 / 100):
                    watcher.remind()


_keepers = _Keepers()


def _sign_of_life(hub: Hub, watcher: Watcher) -> bytes:
    """Return an event without an id, which changes nothing a page remembers: how far apart the pages should fetch."""
    return f"event: pace\ndata: {hub.pace(watcher.topic)}\n\n".encode()


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
            await send(_part(b"".join(texts)))
    return last


async def _replay(hub: Hub, topic: str, after: int, send: Send) -> int:
    while True:
        page = await hub.page(topic=topic, after=after)
        for news in page:
            await send(_part(news.text))
            after = news.index
        if len(page) < PAGE:
            return after


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

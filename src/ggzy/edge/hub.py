"""Live pages: one LISTEN, one read of what was newly published, many watchers.

A watcher follows one topic, the public id of a round or an ocid, and receives public fields of published
leaves: the query asks for nothing else, so nothing else can leave. What is escrowed is never a leaf, so no
watcher can tell that it exists. A notification only wakes the hub; what is sent is read from the table, so a
lost notification or a restarted server skips nothing.
"""

import asyncio
import contextlib
import json
import logging
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import psycopg

logger = logging.getLogger("ggzy.edge")

PAGE = 500
#: what may wait for one reader; the news itself is shared, so this is some kilobytes of references
QUEUE = 2048
#: answers to who comes back that are kept for others who come back from the same place
MOST_PAGES = 128
#: leaves kept in memory for who comes back
RECENT = 500
#: between pages of a burst, so that readers who keep up are never taken for slow ones
BREATH_SECONDS = 0.05
#: how far the pages of a hall spread their fetching (milliseconds), and up to how many watchers a hall is a small one
LEAST_PACE, MOST_PACE, FEW = 150, 2000, 300
_SIZE = "SELECT coalesce(max(size), 0) FROM evidence_checkpoint WHERE centre_id = %(centre)s"
_NEWS = """
SELECT leaf_index, act, subject, ocid, lot, round, legal_at,
       (SELECT jsonb_object_agg(key, value -> 'value') FROM jsonb_each(fields)
        WHERE value ->> 'level' = 'public' AND value ? 'value') AS shown
FROM evidence_entry
WHERE centre_id = %(centre)s AND leaf_index > %(after)s AND leaf_index < %(size)s {topic}
ORDER BY leaf_index LIMIT %(page)s
"""
_ALL = _NEWS.format(topic="AND (round <> '' OR ocid <> '')")
# two index scans, not one filter over the whole log
_TOPIC = "SELECT * FROM (({}) UNION ({})) AS both_ways ORDER BY leaf_index LIMIT %(page)s".format(  # noqa: S608
    _NEWS.format(topic="AND round = %(topic)s"), _NEWS.format(topic="AND ocid = %(topic)s")
)


@dataclass(frozen=True)
class News:
    """One published leaf, as the bytes a watcher receives."""

    index: int
    topics: frozenset[str]
    text: bytes


@dataclass(eq=False)
class Watcher:
    """One open page: a bounded queue; a reader too slow for it is closed and may come back where it was.

    One future at a time wakes its page: with thousands of pages a task and a timer for each event of each is what
    makes the last one late.
    """

    topic: str
    queue: deque[News] = field(default_factory=deque)
    closed: bool = False
    #: when something was last sent, and since when a piece has been on its way (0: none is), by the loop's clock
    spoke: float = 0.0
    sending: float = 0.0
    #: a sign of life is due
    beat: bool = False
    _woken: asyncio.Future[None] | None = None

    def offer(self, news: News) -> None:
        """Queue the news, or close a watcher whose queue is full."""
        if len(self.queue) >= QUEUE:
            self.close()
        else:
            self.queue.append(news)
            self._wake()

    def close(self, *_: object) -> None:
        """Let the page go; what is queued is not sent any more."""
        self.closed = True
        self._wake()

    def remind(self) -> None:
        """Let the page send a sign of life."""
        self.beat = True
        self._wake()

    async def news(self) -> None:
        """Wait until there is news, a sign of life is due, or the watcher is closed."""
        if not self.queue and not self.closed and not self.beat:
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


class Hub:
    """Fans newly published leaves out to watchers. One per process; starts with its first watcher."""

    def __init__(self, *, conninfo: Mapping[str, Any], centre: str, most: int) -> None:
        self._conninfo = dict(conninfo)
        self._centre = centre
        self._most = most
        self._watchers: dict[str, set[Watcher]] = defaultdict(set)
        self._count = 0
        self._listener: asyncio.Task[None] | None = None
        #: one line for what is new and one for who comes back: thousands who come back must not keep what is new waiting
        self._reader, self._pager = _Line(self._conninfo), _Line(self._conninfo)
        self._pages: dict[tuple[str, int, int], asyncio.Task[list[News]]] = {}
        self._ready = asyncio.Event()
        #: the index of the last leaf that was fanned out
        self.seen = -1
        #: what was fanned out last, complete above `_known`: thousands who come back at once ask the database nothing
        self._recent: deque[News] = deque()
        self._known = -1

    def watchers(self) -> list[Watcher]:
        """Return everybody who watches."""
        return [watcher for here in self._watchers.values() for watcher in here]

    def pace(self, topic: str) -> int:
        """Return over how many milliseconds the pages of a topic should spread what they fetch at an event.

        Half a millisecond for each of them, so that the fetching of many never delays the next event; coarse, and the
        same for every small hall: how many watch a round is nobody's business.
        """
        here = len(self._watchers.get(topic, ()))
        return LEAST_PACE if here < FEW else min(MOST_PACE, -(-here // 500) * 250)

    @property
    def full(self) -> bool:
        """Say whether no further watcher may come in."""
        return self._count >= self._most

    async def join(self, topic: str) -> Watcher:
        """Return a new watcher that misses nothing published after this moment.

        :raises OSError: the database cannot be reached (psycopg's errors too)
        """
        if self._listener is None or self._listener.done():
            self._ready.clear()
            self._listener = asyncio.create_task(self._listen(), name="ggzy-live")
        watcher = Watcher(topic)
        self._watchers[topic].add(watcher)
        self._count += 1
        try:
            async with asyncio.timeout(10):
                await self._ready.wait()
        except BaseException:
            self.leave(watcher)
            raise
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forget a watcher."""
        here = self._watchers.get(watcher.topic, set())
        if watcher in here:
            here.remove(watcher)
            self._count -= 1
        if not here:
            self._watchers.pop(watcher.topic, None)

    async def page(self, *, topic: str, after: int) -> list[News]:
        """Return the next leaves of a topic after an index, at most `PAGE`, up to what was fanned out when it was asked.

        From memory where that reaches back; otherwise pages that show the same and come at once share one question.
        """
        if after >= self._known:
            return [news for news in self._recent if news.index > after and topic in news.topics][:PAGE]
        key = (topic, after, self.seen)
        task = self._pages.get(key)
        if task is None:
            if len(self._pages) >= MOST_PAGES:
                del self._pages[next(iter(self._pages))]
            read = self._read(self._pager, _TOPIC, topic=topic, after=after, size=self.seen + 1)
            task = self._pages[key] = asyncio.create_task(read)
        try:
            return await asyncio.shield(task)
        except (psycopg.Error, OSError):
            self._pages.pop(key, None)
            raise

    async def stop(self) -> None:
        """Close every watcher and both connections."""
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.close()
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
            self._listener = None
        for line in (self._reader, self._pager):
            await line.drop()

    async def _listen(self) -> None:
        pause = 0.2
        while True:
            try:
                # an idle log still wakes the hub now and then: a dead connection is found without a notification
                async with await psycopg.AsyncConnection.connect(
                    **self._conninfo, autocommit=True
                ) as listener:
                    await listener.execute("LISTEN ggzy_log")
                    await self._start()
                    pause = 0.2
                    while True:
                        async for _ in listener.notifies(timeout=20, stop_after=1):
                            pass
                        await listener.execute("SELECT 1")
                        await self._spread()
            except (psycopg.Error, OSError) as lost:
                logger.warning(
                    "直播推送与数据库的连接中断, %.1f 秒后重连: %s", pause, " ".join(str(lost).split())
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, 10)

    async def _start(self) -> None:
        if not self._ready.is_set():
            self.seen = self._known = await self._published() - 1
            self._recent.clear()
            self._pages.clear()
            self._ready.set()
        await self._spread()

    async def _spread(self) -> None:
        while True:
            size = await self._published()
            news = await self._read(self._reader, _ALL, after=self.seen, size=size)
            for item in news:
                self.seen = item.index
                self._recent.append(item)
                if len(self._recent) > RECENT:
                    self._known = self._recent.popleft().index
                for topic in item.topics:
                    for watcher in self._watchers.get(topic, ()):
                        watcher.offer(item)
            if len(news) < PAGE:
                self.seen = max(self.seen, size - 1)  # past the leaves of no topic as well
                return
            await asyncio.sleep(BREATH_SECONDS)

    async def _read(self, line: "_Line", query: str, *, after: int, size: int, topic: str = "") -> list[News]:
        params = {"centre": self._centre, "after": after, "size": size, "page": PAGE, "topic": topic}
        return [_news(row) for row in await line.ask(query, params)]

    async def _published(self) -> int:
        return int((await self._reader.ask(_SIZE, {"centre": self._centre}))[0][0])


class _Line:
    """One connection, made when it is needed and again when it was lost; one question at a time."""

    def __init__(self, conninfo: Mapping[str, Any]) -> None:
        self._conninfo = dict(conninfo)
        self._session: psycopg.AsyncConnection[Any] | None = None
        self._lock = asyncio.Lock()

    async def ask(self, query: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a question.

        :raises psycopg.Error: the database is away; the next question tries again
        """
        async with self._lock:
            try:
                if self._session is None or self._session.closed:
                    self._session = await psycopg.AsyncConnection.connect(**self._conninfo, autocommit=True)
                return await (await self._session.execute(query, params)).fetchall()
            except psycopg.Error:
                await self.drop()
                raise

    async def drop(self) -> None:
        """Let the connection go."""
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(psycopg.Error):
                await session.close()


def _news(row: tuple[Any, ...]) -> News:
    index, act, subject, ocid, lot, round_, legal_at, shown = row
    body = json.dumps(
        {
            "index": index,
            "act": act,
            "subject": subject,
            "ocid": ocid,
            "lot": lot,
            "round": round_,
            "legal_at": legal_at.astimezone(UTC).isoformat(),
            "fields": shown or {},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
    text = f"id: {index}\nevent: act\ndata: {body}\n\n"
    return News(index=index, topics=frozenset(filter(None, (ocid, round_))), text=text.encode())

"""GET /shared/…/<index>: what many pages ask for at the same event is asked of Django once, and answered from memory.

The last part of the address is the index of the leaf that the page has heard of. An answer is the same for everybody:
Django is asked without the caller's cookies. It is kept for some seconds, under an index that has been published;
whoever asks ahead of the log gets an answer of its own, so that nobody can leave a stale one behind for others.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ggzy.edge.live import Receive, Scope, Send

PREFIX = "/shared/"
#: a countdown in an answer is as old as `Age` says, and no older than this
FRESH_SECONDS = 10
MOST_ANSWERS = 64
_LONGEST = 200

App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """One complete answer of Django, and when it was made."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    made_at: float

    @property
    def age(self) -> int:
        """Return its age in whole seconds."""
        return int(time.monotonic() - self.made_at)


class Shared:
    """Answers kept in memory, one render at a time for each address."""

    def __init__(self, django: App, *, seen: Callable[[], int]) -> None:
        self._django = django
        self._seen = seen
        self._kept: OrderedDict[tuple[bytes, str], Answer] = OrderedDict()
        self._asked: dict[tuple[bytes, str], asyncio.Task[Answer]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or together with everybody who waits for the same, or let Django answer alone."""
        headers = dict(scope["headers"])
        plain = b"gzip" not in headers.get(b"accept-encoding", b"")
        if scope["method"] != "GET" or plain or not self._published(scope["path"]):
            await self._django(scope, receive, send)
            return
        key = (headers.get(b"host", b""), scope["path"])
        answer = self._kept.get(key)
        if answer is None or answer.age >= FRESH_SECONDS:
            task = self._asked.get(key)
            if task is None:
                task = self._asked[key] = asyncio.create_task(self._ask(scope, key))
            # one who hangs up must not take the answer from the others
            answer = await asyncio.shield(task)
        told = [*answer.headers, (b"age", str(answer.age).encode())]
        await send({"type": "http.response.start", "status": answer.status, "headers": told})
        await send({"type": "http.response.body", "body": answer.body})

    def _published(self, path: str) -> bool:
        last = path.rpartition("/")[2]
        return len(path) < _LONGEST and last.isdecimal() and len(last) < 19 and int(last) <= self._seen()

    async def _ask(self, scope: Scope, key: tuple[bytes, str]) -> Answer:
        try:
            made_at = time.monotonic()
            asked = {
                **scope,
                "query_string": b"",
                "headers": [(b"host", key[0]), (b"accept-encoding", b"gzip"), (b"accept", b"text/html")],
            }
            status, headers, body = 0, list[tuple[bytes, bytes]](), b""

            async def take(message: Any) -> None:
                nonlocal status, headers, body
                if message["type"] == "http.response.start":
                    status, headers = message["status"], list(message["headers"])
                else:
                    body += message.get("body", b"")

            await self._django(asked, _empty(), take)
            answer = Answer(status, headers, body, made_at)
            if status == 200:
                self._kept[key] = answer
                self._kept.move_to_end(key)
                if len(self._kept) > MOST_ANSWERS:
                    self._kept.popitem(last=False)
            return answer
        finally:
            del self._asked[key]


def _empty() -> Receive:
    """Return a request without a body whose caller stays on the line."""
    told = False

    async def receive() -> Any:
        nonlocal told
        if told:
            await asyncio.get_running_loop().create_future()  # nobody hangs up
        told = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive

"""An ASGI client in a few lines: one request, its answer piece by piece."""

import asyncio
from typing import Any


class Request:
    """One request to an ASGI application, open until it is closed."""

    def __init__(
        self, app: Any, path: str, *, method: str = "GET", query: str = "", headers: Any = ()
    ) -> None:
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"testserver"), *headers],
            "client": ("192.0.2.1", 1),
            "server": ("testserver", 80),
        }
        self.incoming: asyncio.Queue[Any] = asyncio.Queue()
        self.outgoing: asyncio.Queue[Any] = asyncio.Queue()
        self.events: list[bytes] = []
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.task = asyncio.ensure_future(app(self.scope, self.incoming.get, self._send))

    async def _send(self, message: Any) -> None:
        await self.flowing.wait()
        self.outgoing.put_nowait(message)

    def stall(self) -> None:
        """Stop reading: whatever the application sends from now on has to wait."""
        self.flowing.clear()

    def body(self, part: bytes = b"", *, more: bool = False) -> "Request":
        self.incoming.put_nowait({"type": "http.request", "body": part, "more_body": more})
        return self

    def hang_up(self) -> None:
        self.incoming.put_nowait({"type": "http.disconnect"})

    async def next(self, seconds: float = 5) -> Any:
        return await asyncio.wait_for(self.outgoing.get(), seconds)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        start = await self.next()
        body = b""
        while True:
            part = await self.next()
            body += part.get("body", b"")
            if not part.get("more_body"):
                headers = {name.decode(): value.decode() for name, value in start["headers"]}
                return start["status"], headers, body

    async def event(self, seconds: float = 5) -> bytes:
        """Return the next event; what came in one piece is taken apart, signs of life are passed over."""
        while not self.events:
            body = (await self.next(seconds))["body"]
            self.events += [
                part + b"\n\n" for part in body.split(b"\n\n") if part and b"event: pace" not in part
            ]
        return self.events.pop(0)

"""The one port: live events in ASGI, everything else to Django in threads (`ggzy.edge.asgi:app`)."""

import asyncio
import contextlib
import gc
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ggzy.settings")

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

from ggzy.edge import bodies, pulse
from ggzy.edge.hub import Hub
from ggzy.edge.live import Receive, Scope, Send, live, refuse
from ggzy.edge.shared import PREFIX as SHARED
from ggzy.edge.shared import Shared
from ggzy.edge.tus import PREFIX, tus
from ggzy.kernel.pulse import BEAT_SECONDS

#: eight rivals at once, and as many readers beside them, without one waiting for the other
THREADS = int(os.environ.get("GGZY_THREADS", "16"))
MOST_WATCHERS = int(os.environ.get("GGZY_WATCHERS", "3000"))
MOST_BODY = int(os.environ.get("GGZY_BODY_MB", "640")) * 1024 * 1024
_OF_DJANGO = ("cursor_factory", "context")


class Edge:
    """Sends each request to the hub or to Django."""

    def __init__(self, django: Callable[..., Iterable[bytes]]) -> None:
        self._hub: Hub | None = None
        self._django = WSGIMiddleware(_reading_the_body(django), workers=THREADS)
        self._shared = Shared(self._page, seen=lambda: self._hub.seen if self._hub else -1)

    @property
    def hub(self) -> Hub:
        """Return the hub, made when first needed: a test has given the database its name by then."""
        if self._hub is None:
            self._hub = Hub(conninfo=_conninfo("ggzy-live"), centre=settings.CENTRE_ID, most=MOST_WATCHERS)
        return self._hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["path"].startswith("/live/"):
            await live(self.hub, scope, receive, send)
        elif scope["path"].startswith(PREFIX):
            await tus(scope, _plain(receive), send)
        elif scope["path"].startswith(SHARED):
            await self._shared(scope, receive, send)
        else:
            await self._page(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        next_message = _plain(receive)
        try:
            body = await bodies.take(scope, next_message, most=MOST_BODY)
        except bodies.Gone:
            return
        except bodies.TooLarge:
            limit = MOST_BODY // 1024 // 1024
            await refuse(send, 413, f"上传内容超过 {limit} MB 的上限, 请拆分或压缩后重新上传")
            return
        try:
            await self._django({**scope, "ggzy.body": body}, next_message, send)
        finally:
            body.file.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        beating: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                _settle()
                beating = asyncio.create_task(_beat(), name="ggzy-pulse")
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if beating is not None:
                    beating.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await beating
                if self._hub is not None:
                    await self._hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _plain(receive: Receive) -> Receive:
    """Return a coroutine function: granian's own receive is none, which a2wsgi and others need."""

    async def next_message() -> Any:
        return await receive()

    return next_message


def _conninfo(name: str) -> dict[str, Any]:
    params = connection.get_connection_params()
    return {key: value for key, value in params.items() if key not in _OF_DJANGO} | {"application_name": name}


def _settle() -> None:
    """Load every page, then leave what is loaded out of the garbage collector's rounds.

    They stop every thread while they look through 300,000 objects that never go: 240 to 670 ms on some page, measured;
    160 ms at most without.
    """
    assert get_resolver().url_patterns, "reading them imports every page"
    gc.collect()
    gc.freeze()


async def _beat() -> None:
    longest = timedelta(seconds=settings.OUTAGE_GAP_SECONDS or 120)
    await pulse.beat(
        conninfo=_conninfo("ggzy-pulse"), centre=settings.CENTRE_ID, every=BEAT_SECONDS, longest=longest
    )


def _reading_the_body(django: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["asgi.scope"]["ggzy.body"]
        environ["wsgi.input"] = body.file
        if body.size:  # known now, also where the client sent chunks
            environ["CONTENT_LENGTH"] = str(body.size)
            environ.pop("HTTP_TRANSFER_ENCODING", None)
        return django(environ, start_response)

    return application


app = Edge(get_wsgi_application())

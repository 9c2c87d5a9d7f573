"""The web process gives a sign of life from its start to its end, and through a lost database connection."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from ggzy.edge import asgi, pulse
from ggzy.edge.asgi import Edge

from .test_live import elsewhere

pytestmark = pytest.mark.django_db(transaction=True)


def last_beat() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT beat_at FROM kernel_pulse")
        row = cursor.fetchone()
    return row[0] if row else None


def lose_the_connection() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'ggzy-pulse' AND datname = current_database()"
        )


async def later_than(moment: Any) -> Any:
    """Wait for a sign of life after a moment."""
    for _ in range(100):
        now = await elsewhere(last_beat)
        if now is not None and (moment is None or now > moment):
            return now
        await asyncio.sleep(0.05)
    raise AssertionError("no sign of life")


def test_it_beats_from_start_to_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "BEAT_SECONDS", 0.1)

    async def story() -> None:
        incoming: asyncio.Queue[Any] = asyncio.Queue()
        sent: asyncio.Queue[Any] = asyncio.Queue()
        running = asyncio.ensure_future(Edge(lambda *_: [])({"type": "lifespan"}, incoming.get, sent.put))
        incoming.put_nowait({"type": "lifespan.startup"})
        assert (await sent.get())["type"] == "lifespan.startup.complete"
        first = await later_than(None)
        second = await later_than(first)
        await elsewhere(lose_the_connection)
        await later_than(second + timedelta(milliseconds=150))
        incoming.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait_for(running, 5)
        stopped = await elsewhere(last_beat)
        await asyncio.sleep(0.3)
        assert await elsewhere(last_beat) == stopped

    asyncio.run(story())


def test_a_database_that_is_not_there_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        beating = pulse.beat(
            conninfo={"host": "127.0.0.1", "port": 1}, centre="x", every=0.05, longest=timedelta(seconds=1)
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(beating, 0.5)

    asyncio.run(story())
    assert caplog.text.count("运行记录写不进数据库") > 1

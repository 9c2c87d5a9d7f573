"""What thousands ask for at once is made once; nobody can leave a stale answer for others, and nobody's cookie is used."""

import asyncio
import gzip
import time

import pytest

from ggzy.edge import shared as shared_module
from ggzy.edge.shared import Shared

from .support import Request

PATH = "/shared/hall/round-1/7"
GZIP = [(b"accept-encoding", b"gzip")]


class Django:
    """Answers with how often it was asked; remembers with which headers."""

    def __init__(self, *, status=200, wait=0.0):
        self.asked, self.status, self.wait = [], status, wait

    async def __call__(self, scope, receive, send):
        self.asked.append(dict(scope["headers"]))
        assert (await receive())["type"] == "http.request"
        await asyncio.sleep(self.wait)
        body = gzip.compress(b"%d" % len(self.asked))
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [(b"content-encoding", b"gzip")],
            }
        )
        await send({"type": "http.response.body", "body": body})


async def get(shared, path=PATH, headers=GZIP):
    status, told, body = await Request(shared, path, headers=headers).body().answer()
    return status, told, gzip.decompress(body)


def test_all_who_ask_at_once_are_answered_by_one_render():
    async def story():
        django = Django(wait=0.05)
        shared = Shared(django, seen=lambda: 7)
        answers = await asyncio.gather(*(get(shared) for _ in range(200)))
        assert {body for _, _, body in answers} == {b"1"}
        assert len(django.asked) == 1
        assert (await get(shared, "/shared/hall/round-1/6"))[2] == b"2"

    asyncio.run(story())


def test_an_answer_grows_old_and_is_made_again(monkeypatch):
    async def story():
        django = Django()
        shared = Shared(django, seen=lambda: 7)
        await get(shared)
        started = time.monotonic()
        monkeypatch.setattr(shared_module.time, "monotonic", lambda: started + 4)
        assert (await get(shared))[1]["age"] == "4"
        monkeypatch.setattr(shared_module.time, "monotonic", lambda: started + 11)
        assert (await get(shared))[2] == b"2"

    asyncio.run(story())


@pytest.mark.parametrize(
    "path", ["/shared/hall/round-1/8", "/shared/hall/round-1/x", "/shared/hall/round-1/"]
)
def test_who_asks_ahead_of_the_log_leaves_nothing_for_others(path):
    async def story():
        django = Django()
        shared = Shared(django, seen=lambda: 7)
        assert [(await get(shared, path))[2] for _ in range(2)] == [b"1", b"2"]

    asyncio.run(story())


def test_nobodys_cookie_makes_what_all_see():
    async def story():
        django = Django()
        shared = Shared(django, seen=lambda: 7)
        await get(
            shared, headers=[*GZIP, (b"cookie", b"ggzy_session=of-a-bidder"), (b"accept-language", b"zh")]
        )
        assert set(django.asked[0]) == {b"host", b"accept", b"accept-encoding"}

    asyncio.run(story())


def test_a_failure_is_not_kept_and_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(shared_module, "MOST_ANSWERS", 3)

    async def story():
        broken = Django(status=500)
        shared = Shared(broken, seen=lambda: 7)
        assert [(await get(shared))[0] for _ in range(2)] == [500, 500]
        assert len(broken.asked) == 2
        shared = Shared(Django(), seen=lambda: 99)
        for n in range(20):
            await get(shared, f"/shared/hall/round-1/{n}")
        assert len(shared._kept) == 3 and not shared._asked

    asyncio.run(story())


def test_who_hangs_up_does_not_take_the_answer_from_the_others():
    async def story():
        django = Django(wait=0.1)
        shared = Shared(django, seen=lambda: 7)
        first = Request(shared, PATH, headers=GZIP)
        await asyncio.sleep(0.02)
        others = asyncio.gather(*(get(shared) for _ in range(3)))
        await asyncio.sleep(0.02)
        first.task.cancel()
        assert {body for _, _, body in await others} == {b"1"}

    asyncio.run(story())

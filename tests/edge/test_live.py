"""Live events: each public leaf once and in order, whatever is lost on the way; of escrow nothing."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from ggzy.edge import live as live_module
from ggzy.edge.asgi import Edge
from ggzy.evidence import sequencer
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor, Role

from .support import Request

pytestmark = pytest.mark.django_db(transaction=True)
REAL = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
ACTOR = Actor(role=Role.BIDDER, person="p" * 32, organisation="o" * 32, address="192.0.2.9")


@pytest.fixture(autouse=True)
def keys(settings, tmp_path):
    settings.KEYS = tmp_path / "keys"


def record(act="opening.opened", **changes):
    arguments = {
        "subject": "s" * 32,
        "actor": ACTOR,
        "legal_at": REAL,
        "ocid": "ocds-1",
        "round": "round-1",
        "public": {"title": "开标"},
        "party": {"price": "98.00"},
    }
    with transaction.atomic():
        return record_act(act, **(arguments | changes))


def publish(*acts, at=REAL):
    for changes in acts:
        record(**changes)
    return sequencer.run_once(at)


async def elsewhere(work, *arguments, **options):
    """Run database work in a thread of its own, as a request would."""

    def run():
        try:
            return work(*arguments, **options)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


def watching(story):
    """Run an async story with an edge of its own, and stop it afterwards."""

    async def run():
        edge = Edge(lambda environ, start_response: [])
        try:
            await asyncio.wait_for(story(edge), 30)
        finally:
            await edge.hub.stop()

    asyncio.run(run())


async def opened(edge, path="/live/round-1", **options):
    request = Request(edge, path, **options)
    start = await request.next()
    assert start["status"] == 200, start
    hello = await request.event()
    assert hello.startswith(b"retry: 2000\n")
    return request, dict(start["headers"]), hello


def parsed(event):
    lines = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return int(lines["id"]), json.loads(lines["data"])


def test_watchers_of_the_round_and_of_the_process_get_the_public_part():
    async def story(edge):
        by_round, headers, _ = await opened(edge)
        by_ocid, _, _ = await opened(edge, "/live/ocds-1")
        other, _, _ = await opened(edge, "/live/round-2")
        assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
        assert headers[b"x-accel-buffering"] == b"no"
        assert headers[b"cache-control"] == b"no-store"
        await elsewhere(publish, {})
        for request in (by_round, by_ocid):
            event = await request.event()
            index, data = parsed(event)
            assert (index, data["act"], data["fields"]) == (0, "opening.opened", {"title": "开标"})
            for secret in ("98.00", ACTOR.person, ACTOR.organisation, ACTOR.address, "salt", "commitment"):
                assert secret not in event.decode()
        assert other.outgoing.empty()
        for request in (by_round, by_ocid, other):
            request.hang_up()
            await asyncio.wait_for(request.task, 5)
        assert not edge.hub._watchers

    watching(story)


@pytest.mark.parametrize("how", ["header", "query"])
def test_a_page_that_comes_back_gets_what_it_missed_once_and_in_order(how):
    publish({}, {"act": "b.b", "round": "round-2", "ocid": ""}, {"act": "c.c"})
    publish({"act": "d.d"})

    async def story(edge):
        options = {"headers": [(b"last-event-id", b"0")]} if how == "header" else {"query": "after=0"}
        request, _, hello = await opened(edge, **options)
        assert b"id: 0\n" in hello
        await elsewhere(publish, {"act": "e.e"})
        seen = [parsed(await request.event()) for _ in range(3)]
        assert [(index, data["act"]) for index, data in seen] == [(2, "c.c"), (4, "d.d"), (5, "e.e")]

    watching(story)


def test_from_the_beginning_over_several_pages(monkeypatch):
    monkeypatch.setattr("ggzy.edge.hub.PAGE", 3)
    monkeypatch.setattr("ggzy.edge.live.PAGE", 3)
    publish(*({"act": f"act.{n}"} for n in range(10)))

    async def story(edge):
        request, _, _ = await opened(edge, query="after=-1")
        assert [parsed(await request.event())[0] for _ in range(10)] == list(range(10))
        await elsewhere(publish, *({"act": f"act.{n}"} for n in range(10)))
        assert [parsed(await request.event())[0] for _ in range(10)] == [*range(11, 21)]

    watching(story)


def test_a_page_that_has_seen_nothing_yet_still_knows_where_it_was():
    publish({})

    async def story(edge):
        first, _, hello = await opened(edge)
        assert b"id: 0\n" in hello
        first.hang_up()
        await first.task
        await elsewhere(publish, {"act": "missed.it"})
        again, _, _ = await opened(edge, headers=[(b"last-event-id", b"0")])
        assert parsed(await again.event())[1]["act"] == "missed.it"

    watching(story)


def test_what_is_placed_and_not_published_is_not_sent():
    def place():
        record(act="not.yet")
        sequencer._place()
        with connection.cursor() as cursor:
            cursor.execute("NOTIFY ggzy_log")

    async def story(edge):
        request, _, _ = await opened(edge, query="after=-1")
        await elsewhere(place)
        await asyncio.sleep(0.3)
        assert request.outgoing.empty()
        await elsewhere(sequencer.run_once, REAL)
        assert parsed(await request.event())[1]["act"] == "not.yet"

    watching(story)


def test_what_is_published_during_the_replay_comes_once(monkeypatch):
    publish({"act": "before.it"})

    async def story(edge):
        hub, page = edge.hub, edge.hub.page
        published = asyncio.Event()

        async def slow_page(**options):
            await elsewhere(publish, {"act": "during.it"})
            while hub.seen < 2:
                await asyncio.sleep(0.02)
            monkeypatch.undo()
            published.set()
            return await page(**options)

        monkeypatch.setattr(hub, "page", slow_page)
        request, _, _ = await opened(edge, query="after=-1")
        await published.wait()  # the headers may be out before the replay is read
        await elsewhere(publish, {"act": "after.it"})
        acts = [parsed(await request.event())[1]["act"] for _ in range(3)]
        assert acts == ["before.it", "during.it", "after.it"]

    watching(story)


def test_a_memory_beyond_the_log_does_not_silence_the_page():
    async def story(edge):
        request, _, _ = await opened(edge, headers=[(b"last-event-id", b"99999")])
        await elsewhere(publish, {})
        assert parsed(await request.event())[0] == 0

    watching(story)


def test_what_is_in_escrow_makes_no_sound():
    async def story(edge):
        request, _, _ = await opened(edge, query="after=-1")
        for minute in range(3):
            await elsewhere(
                publish, {"act": "bidding.submitted", "escrowed": True}, at=REAL + timedelta(minutes=minute)
            )
        await asyncio.sleep(0.3)
        assert request.outgoing.empty()
        await elsewhere(publish, {})
        index, data = parsed(await request.event())
        assert data["act"] == "opening.opened"

    watching(story)


def test_postgres_is_killed_and_the_page_misses_nothing():
    async def story(edge):
        request, _, _ = await opened(edge)

        def kill_others():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name = 'ggzy-live'"
                )
                assert cursor.fetchone()[0] == 2

        await elsewhere(kill_others)
        await elsewhere(publish, {"act": "in.between"})
        assert parsed(await request.event(10))[1]["act"] == "in.between"
        await elsewhere(publish, {"act": "and.after"})
        assert parsed(await request.event(10))[1]["act"] == "and.after"

    watching(story)


def test_a_silent_line_is_kept_warm(monkeypatch):
    monkeypatch.setattr(live_module, "HEARTBEAT_SECONDS", 0.05)

    async def story(edge):
        request, _, _ = await opened(edge)
        assert [(await request.next())["body"] for _ in range(2)] == [b"event: pace\ndata: 150\n\n"] * 2

    watching(story)


def test_many_pages_are_told_to_spread_and_few_are_not_counted():
    hub = Edge(lambda environ, start_response: []).hub

    def pace(count):
        hub._watchers["round-1"] = set(range(count))
        return hub.pace("round-1")

    assert {pace(count) for count in (0, 1, 7, 299)} == {150}
    assert [pace(count) for count in (300, 500, 501, 2000, 9000)] == [250, 250, 500, 1000, 2000]
    assert hub.pace("round-2") == 150


def test_a_burst_longer_than_a_queue_closes_nobody_who_keeps_up(monkeypatch):
    monkeypatch.setattr("ggzy.edge.hub.QUEUE", 40)
    monkeypatch.setattr("ggzy.edge.hub.PAGE", 30)

    async def story(edge):
        request, _, _ = await opened(edge)
        await elsewhere(publish, *({"act": f"act.{n}"} for n in range(200)))
        assert [parsed(await request.event())[0] for _ in range(200)] == list(range(200))

    watching(story)


def test_a_queue_that_is_full_closes_its_reader(monkeypatch):
    monkeypatch.setattr("ggzy.edge.hub.QUEUE", 5)

    async def story(edge):
        request, _, _ = await opened(edge)
        request.stall()
        await elsewhere(publish, *({"act": f"act.{n}"} for n in range(20)))
        await asyncio.sleep(0.3)
        request.flowing.set()
        await asyncio.wait_for(request.task, 5)
        last = -1
        while (part := await request.next())["more_body"]:
            last = parsed(part["body"].strip().rsplit(b"\n\n", 1)[-1])[0]
        # it comes back where it was
        again, _, _ = await opened(edge, headers=[(b"last-event-id", str(last).encode())])
        assert [parsed(await again.event())[0] for _ in range(19 - last)] == list(range(last + 1, 20))

    watching(story)


def test_a_slow_reader_is_closed_and_slows_nobody(monkeypatch):
    monkeypatch.setattr(live_module, "SLOWEST_SECONDS", 0.5)

    async def story(edge):
        quick, _, _ = await opened(edge)
        stuck, _, _ = await opened(edge)
        stuck.stall()
        await elsewhere(publish, *({"act": f"act.{n}"} for n in range(400)))
        seen = [parsed(await quick.event())[0] for _ in range(400)]
        assert seen == list(range(400))
        await asyncio.wait_for(stuck.task, 5)
        assert edge.hub._count == 1

    watching(story)


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        ({"path": "/live/"}, 404, "没有这个直播频道"),
        ({"path": "/live/a/b"}, 404, "没有这个直播频道"),
        ({"path": "/live/" + "a" * 65}, 404, "没有这个直播频道"),
        ({"path": "/live/round-1", "method": "POST"}, 405, "只能读取"),
        ({"path": "/live/round-1", "query": "after=x"}, 400, "非负整数"),
        ({"path": "/live/round-1", "headers": [(b"last-event-id", b"1 OR 1=1")]}, 400, "非负整数"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_words(options, status, says):
    async def story(edge):
        options_ = dict(options)
        answer = await Request(edge, options_.pop("path"), **options_).answer()
        assert answer[0] == status
        assert says in answer[2].decode()

    watching(story)


def test_a_full_house_says_so_politely(monkeypatch):
    monkeypatch.setattr("ggzy.edge.asgi.MOST_WATCHERS", 1)

    async def story(edge):
        first, _, _ = await opened(edge)
        status, headers, body = await Request(edge, "/live/round-1").answer()
        assert (status, headers["retry-after"]) == (503, "15")
        assert "已达上限" in body.decode()
        first.hang_up()
        await first.task
        await opened(edge)

    watching(story)

"""An opening hall with many watchers on one web process: how late each hears of an event, and whether any misses one.

    PYTHONPATH=src:. var/venv/bin/python -m bench.watchers [--watchers 2000] [--fetch 2000] [--minutes 1]

A platform of its own, its web process started as the product starts it; seven bidders, a host, real acts: opening, keys,
decryption, prices, objections and answers, each through the API, spread over a minute. The watchers are real connections held by a process of their own on
the same machine. Lateness is counted from the database's notification that a checkpoint is out (this program listens
beside the edge) to the bytes at a watcher; "act to watcher" has the sequencer's second in it as well. A tenth of the
watchers hang up in the middle and come back with Last-Event-ID. With --fetch so many fetch the hall's fragment at every
event, as a page does. At the end readers who do not read are shown a burst of four megabytes: they must be let go, and
come back to everything.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import resource
import secrets
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from bench.house import PORT, ROOT, URL, cpu_seconds, running

BIDDERS = 7
OBJECTIONS = 8
_ID = re.compile(rb"^id: (\d+)\nevent: act", re.MULTILINE)
_PACE = b"event: pace\ndata: "
#: what a page waits for further news (ui/live.js); how far the pages are apart the server says
GATHER = 0.15
SLOW, BURST = 20, 700
rest = random.Random(11)  # noqa: S311 - a schedule, not a secret


@dataclass(eq=False)
class Line(asyncio.Protocol):
    """One open page: what it received and when; parsed when all is over."""

    topic: str
    last: int
    got: list[tuple[float, bytes]] = field(default_factory=list)
    ended: int = 0
    way: Any = None
    pace: float = 0.45

    def connection_made(self, transport: Any) -> None:
        self.way = transport
        head = f"GET /live/{self.topic} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nAccept: text/event-stream\r\n"
        transport.write(f"{head}Last-Event-ID: {self.last}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self.got.append((time.monotonic(), data))
        if _PACE in data:
            self.pace = int(data.rpartition(_PACE)[2].partition(b"\n")[0]) / 1000
        if HERD is not None and b"event: act" in data:
            HERD.heard(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended += 1

    def ids(self) -> list[tuple[float, int]]:
        """Return every event with the moment its last byte was there."""
        out, text, moments = [], b"".join(data for _, data in self.got), []
        at = 0
        for moment, data in self.got:
            at += len(data)
            moments.append((at, moment))
        place = 0
        for found in _ID.finditer(text):
            end = text.find(b"\n\n", found.end())
            if end < 0:
                break  # cut off in the middle: it comes again
            while moments[place][0] < end + 2:
                place += 1
            out.append((moments[place][1], int(found[1])))
        return out

    def shown(self) -> int:
        """Return the last event a browser would remember."""
        tail = b"".join(data for _, data in self.got[-3:])
        whole = tail[: tail.rfind(b"\n\n") + 2]
        return max((int(index) for index in _ID.findall(whole)), default=self.last)


class Page(asyncio.Protocol):
    """A kept-alive line on which one page fetches fragments."""

    def __init__(self) -> None:
        self.way: Any = None
        self.since, self.left, self.head = 0.0, -1, b""
        self.asked = False
        self.again: int | None = None

    def connection_made(self, transport: Any) -> None:
        self.way = transport

    def data_received(self, data: bytes) -> None:
        assert HERD is not None
        if self.left < 0:
            self.head += data
            if b"\r\n\r\n" not in self.head:
                return
            head, _, data = self.head.partition(b"\r\n\r\n")
            HERD.status[head[9:12].decode()] = HERD.status.get(head[9:12].decode(), 0) + 1
            length = re.search(rb"content-length: (\d+)", head.lower())
            self.left = int(length[1]) if length else 0
        self.left -= len(data)
        HERD.bytes += len(data)
        if self.left <= 0:
            HERD.spans.append(time.monotonic() - self.since)
            self.left, self.head, self.asked = -1, b"", False
            if self.again is not None:
                index, self.again = self.again, None
                HERD.fetch(self, index)


class Herd:
    """The pages that fetch what an event changed: gathered for a moment, apart from each other, one at a time."""

    def __init__(self, round_id: str, count: int) -> None:
        self.round, self.count = round_id, count
        self.pages: dict[Line, Page] = {}
        self.waiting: dict[Line, int] = {}
        self.spans: list[float] = []
        self.status: dict[str, int] = {}
        self.bytes = 0

    def heard(self, line: Line, data: bytes) -> None:
        """Note an event; the first of a burst sets the page's clock."""
        page = self.pages.get(line)
        if page is None:
            return
        # the last one, found without reading all: what this program takes for itself the server would be blamed for
        _, found, rest_of_it = (b"\n" + data).rpartition(b"\nid: ")
        index = int(rest_of_it.partition(b"\n")[0]) if found else self.waiting.get(line, line.last)
        if line not in self.waiting:
            asyncio.get_running_loop().call_later(GATHER + rest.random() * line.pace, self.due, line, page)
        self.waiting[line] = index

    def due(self, line: Line, page: Page) -> None:
        """Fetch what was gathered, or remember it while a fetch is under way."""
        index = self.waiting.pop(line)
        if page.asked:
            page.again = index
        else:
            self.fetch(page, index)

    def fetch(self, page: Page, index: int) -> None:
        """Ask for the fragment as of an event."""
        page.asked, page.since = True, time.monotonic()
        head = f"GET /shared/hall/{self.round}/{index} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n"
        page.way.write(f"{head}Accept-Encoding: gzip\r\nAccept: text/html\r\n\r\n".encode())


HERD: Herd | None = None


async def _open(line: Line) -> None:
    await asyncio.get_running_loop().create_connection(lambda: line, "127.0.0.1", PORT)


async def _in_groups(work: list[Any], size: int = 100) -> None:
    for n in range(0, len(work), size):
        await asyncio.gather(*work[n : n + size])


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


async def crowd(round_id: str, topic: str, last: int, watchers: int, fetch: int) -> None:
    """Hold the watchers, obey the words on standard input, tell at the end what each heard."""
    global HERD
    loop = asyncio.get_running_loop()
    lines = [Line(round_id, last) for _ in range(watchers)]
    await _in_groups([_open(line) for line in lines])
    if fetch:
        HERD = Herd(round_id, fetch)
        for line in lines[:fetch]:
            HERD.pages[line] = Page()
        pages = list(HERD.pages.values())
        await _in_groups(
            [loop.create_connection(lambda page=page: page, "127.0.0.1", PORT) for page in pages]
        )
    while any(not line.got for line in lines):
        await asyncio.sleep(0.1)
    _say(ready=len(lines))
    words: asyncio.Queue[str] = asyncio.Queue()
    hear = lambda: [loop.call_soon_threadsafe(words.put_nowait, w.strip()) for w in sys.stdin]  # noqa: E731
    threading.Thread(target=hear, daemon=True).start()
    after: dict[Line, Line] = {}
    stalled: list[Line] = []
    while (word := await words.get()) != "end":
        if word == "reconnect":
            for line in lines[::10][: watchers // 10]:
                line.way.abort()
            await asyncio.sleep(0.5)
            for line in lines[::10][: watchers // 10]:
                after[line] = Line(round_id, line.shown())
            await _in_groups([_open(line) for line in after.values()])
        elif word == "stall":
            stalled = [Line(topic, last) for _ in range(SLOW)]
            await _in_groups([_open(line) for line in stalled])
            await asyncio.sleep(0.5)
            for line in stalled:
                line.way.pause_reading()
        elif word == "resume":
            for line in stalled:
                line.way.resume_reading()
            await asyncio.sleep(3)
            let_go = sum(line.ended for line in stalled)
            back = [Line(topic, line.shown()) for line in stalled]
            await _in_groups([_open(line) for line in back])
            await asyncio.sleep(8)
            whole = [
                sorted({i for _, i in a.ids()} | {i for _, i in b.ids()})
                for a, b in zip(stalled, back, strict=True)
            ]
            twice = sum(
                len({i for _, i in a.ids()} & {i for _, i in b.ids()})
                for a, b in zip(stalled, back, strict=True)
            )
            _say(let_go=let_go, heard=[len(w) for w in whole], twice=twice)
    heard = []
    for line in lines:
        got = line.ids()
        if line in after:
            got = got + [(-moment, index) for moment, index in after[line].ids()]
        heard.append(got)
    herd = None
    if HERD is not None:
        herd = {"spans": HERD.spans, "status": HERD.status, "bytes": HERD.bytes, "pages": len(HERD.pages)}
    dropped = sum(line.ended for line in lines if line not in after)
    _say(heard=heard, herd=herd, dropped=dropped)


class Listener(threading.Thread):
    """When each leaf was out: the notification's moment, and the size of the log at it."""

    def __init__(self, database: str) -> None:
        super().__init__(daemon=True)
        self.session = psycopg.connect(database, autocommit=True)
        self.session.execute("LISTEN ggzy_log")
        self.out: list[tuple[float, int]] = []

    def run(self) -> None:
        with contextlib.suppress(psycopg.OperationalError):  # the platform was shut down: all is over
            for note in self.session.notifies():
                self.out.append((time.monotonic(), int(note.payload.rpartition(":")[2])))

    def out_at(self, index: int) -> float:
        """Return when a leaf was out."""
        return next(moment for moment, size in self.out if index < size)


class Hall:
    """A tender of one round and seven bidders that have handed in."""

    def __init__(self) -> None:
        from ggzy.client import bids, story
        from ggzy.client.party import Party
        from ggzy.kernel.ids import make_uscc

        self.bids = bids
        self.owner, self.admin = (story.demo_party(URL, name) for name in ("zhaobiao", "guanli"))
        serial = secrets.randbelow(1_000_000)
        project = story.register_project(self.owner, name=f"大厅测量{serial}", serial=serial)
        lots = [{"name": "标段", "budget": "10000000", "duration_days": "365"}]
        self.tender = story.prepare_tender(
            self.owner, project=project, name=f"大厅测量{serial}", lots=lots, file=story.document()
        )
        self.round = self.tender["rounds"][0]["round"]
        self.deadline = self._now() + timedelta(days=25)
        story.publish(self.owner, self.tender["tender"], deadline=self.deadline)
        self.bidders: list[tuple[Any, str]] = []
        for number in range(BIDDERS):
            party = Party(URL)
            party.register(
                uscc=make_uscc(region="370100", serial=secrets.randbelow(8_000_000) + 100_000),
                name=f"大厅{serial}投标人{number}",
                role="bidder",
                username=f"hall-{serial}-{number}",
                password=secrets.token_urlsafe(12),
                person="经办人",
            )
            folder = ROOT / "var" / "bench" / secrets.token_hex(6)
            fields = {
                "bidder": party.name,
                "uscc": party.uscc,
                "price": f"{9_000_000 + number}.00",
                "duration_days": 300,
            }
            bids.seal(
                party=party,
                round_id=self.round,
                ocid=self.tender["ocid"],
                fields=fields,
                attachments=[],
                into=folder,
            )
            self.bidders.append((party, bids.submit(party=party, round_id=self.round, folder=folder)["bid"]))

    def _now(self) -> datetime:
        return datetime.fromisoformat(self.owner.get("/clock")["now"])

    def closed(self) -> None:
        """Move the clock past the deadline and wait for the closing."""
        self.admin.post("/clock", {"to": (self.deadline + timedelta(seconds=1)).isoformat()})
        while self.owner.get(f"/tenders/{self.tender['tender']}")["rounds"][0]["stage"] != "CLOSED":
            time.sleep(0.3)

    def acts(self) -> list[Any]:
        """Return the acts of the opening, in their order: one opening, keys, objections and their answers."""
        path = f"/rounds/{self.round}/opening/objections"

        def answer(n: int) -> None:
            waiting = [
                o for o in self.owner.get(f"/rounds/{self.round}/opening")["objections"] if not o["answered"]
            ]
            for row in waiting[:1]:
                self.owner.post(f"/opening-objections/{row['id']}/answer", {"text": f"第{n}条: 已当场核对"})

        out: list[Any] = [lambda: self.owner.post(f"/tenders/{self.tender['tender']}/opening")]
        for party, bid in self.bidders:
            out.append(lambda party=party, bid=bid: self.bids.release(party=party, bid_id=bid))
        for n in range(OBJECTIONS):
            party = self.bidders[n % BIDDERS][0]
            out.append(lambda party=party, n=n: party.post(path, {"text": f"第{n}条异议: 请核对唱标内容"}))
            out.append(lambda n=n: answer(n))
        return out


def leaves(round_id: str, after: int) -> dict[int, str]:
    """Return {index: act} of the published leaves of a round."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT leaf_index, act FROM evidence_entry WHERE round = %s AND leaf_index > %s",
            [round_id, after],
        )
        return dict(cursor.fetchall())


def burst(topic: str) -> int:
    """Publish a burst of large leaves under a topic of its own; returns how many."""
    from datetime import UTC

    from django.db import transaction

    from ggzy.evidence.actions import record_act
    from ggzy.kernel.actors import SYSTEM

    for _ in range(BURST // 50):
        with transaction.atomic():
            for _ in range(50):
                record_act(
                    "bench.burst",
                    subject="burst",
                    actor=SYSTEM,
                    legal_at=datetime.now(UTC),
                    round=topic,
                    public={"text": secrets.token_hex(8_000)},
                )
    return BURST // 50 * 50


def quantile(spans: list[float], part: float) -> float:
    return spans[min(len(spans) - 1, int(len(spans) * part))] if spans else 0.0


def memory(pid: int) -> str:
    """Return resident and peak memory of a process and its children, in MB."""
    rows = subprocess.run(
        ["ps", "-o", "rss=", "--pid", str(pid), "--ppid", str(pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return f"{sum(int(row) for row in rows.stdout.split()) / 1024:.0f} MB"


def main() -> int:
    """Run, print, and return 1 if anything was lost or late."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--watchers", type=int, default=2000)
    parser.add_argument("--fetch", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--crowd", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    if args.crowd:
        round_id, topic, last = args.crowd
        asyncio.run(crowd(round_id, topic, int(last), args.watchers, args.fetch))
        return 0
    with running() as web:
        return measured(args, web)


def measured(args: argparse.Namespace, web: int) -> int:
    """Run the opening before its watchers."""
    import django

    django.setup()
    hall = Hall()
    hall.closed()
    time.sleep(2)
    topic = secrets.token_hex(16)
    last = max(leaves(hall.round, -1))
    before = memory(web)
    command = [
        sys.executable,
        "-m",
        "bench.watchers",
        "--watchers",
        str(args.watchers),
        "--fetch",
        str(args.fetch),
    ]
    command += ["--crowd", hall.round, topic, str(last)]
    people = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        return with_people(args, web, hall, people, topic=topic, last=last, before=before)
    finally:
        people.kill()


def with_people(
    args: argparse.Namespace,
    web: int,
    hall: Hall,
    people: "subprocess.Popen[str]",
    *,
    topic: str,
    last: int,
    before: str,
) -> int:
    """Let the acts happen before the watchers and report."""
    listener = Listener(os.environ["DATABASE_URL"])
    listener.start()
    assert people.stdin is not None and people.stdout is not None

    def tell(word: str) -> None:
        assert people.stdin is not None
        people.stdin.write(f"{word}\n")
        people.stdin.flush()

    print(
        f"{json.loads(people.stdout.readline())['ready']} 位观看者已连接; 网站进程内存 {before} → {memory(web)}"
    )
    acts = hall.acts()
    pause = args.minutes * 60 / len(acts)
    cpu, began = cpu_seconds(web), time.monotonic()
    answers = []
    with ThreadPoolExecutor(4) as pool:
        for number, act in enumerate(acts):
            time.sleep(max(0.0, began + number * pause - time.monotonic()))
            answers.append(pool.submit(act))
            if number == len(acts) // 2:
                tell("reconnect")
    for answer in answers:
        answer.result()
    time.sleep(4)
    spent, wall = cpu_seconds(web) - cpu, time.monotonic() - began
    told = leaves(hall.round, last)
    held = memory(web)
    tell("stall")
    time.sleep(2)
    count = burst(topic)
    time.sleep(36)
    full = memory(web)
    tell("resume")
    slow = json.loads(people.stdout.readline())
    tell("end")
    end = json.loads(people.stdout.readline())
    people.wait(timeout=20)
    return report(listener, told, end, slow, count, f"{spent / wall:.0%}", held, full)


def report(
    listener: Listener,
    told: dict[int, str],
    end: dict[str, Any],
    slow: dict[str, Any],
    count: int,
    *usage: str,
) -> int:
    """Print the figures; return 1 if a promise was broken."""
    expected, late, back, lost, twice = set(told), [], [], 0, 0
    for heard in end["heard"]:
        seen = [index for _, index in heard]
        lost += len(expected - set(seen))
        twice += len(seen) - len(set(seen))
        late += [moment - listener.out_at(index) for moment, index in heard if moment > 0]
        back += [index for moment, index in heard if moment < 0]
    late.sort()
    by: dict[int, list[float]] = {}
    for moment, index in (pair for heard in end["heard"] for pair in heard if pair[0] > 0):
        by.setdefault(index, []).append(moment - listener.out_at(index))
    ticks: dict[float, list[int]] = {}
    for index in sorted(by):
        ticks.setdefault(listener.out_at(index), []).append(index)
    begun = min(ticks)
    for moment, indexes in ticks.items():
        spans = by[indexes[-1]]
        first, middle, last = min(spans), statistics.median(spans), max(spans)
        print(
            f"  {moment - begun:6.2f} 秒 {len(indexes)} 条 {told[indexes[0]]}: "
            f"第一位 {first * 1000:.0f}  中位 {middle * 1000:.0f}  最后 {last * 1000:.0f} 毫秒"
        )
    print(f"事件 {len(told)} 个, 观看者 {len(end['heard'])} 位, 断线重连后收到 {len(back)} 次")
    print(
        f"从检查点发布到观看者: p50 {quantile(late, 0.5) * 1000:.0f}  p99 {quantile(late, 0.99) * 1000:.0f}  "
        f"最长 {late[-1] * 1000:.0f} 毫秒; 漏 {lost}, 重复 {twice}, 中途被断开 {end['dropped']}"
    )
    if end["herd"]:
        spans = sorted(end["herd"]["spans"])
        print(
            f"片段 {len(spans)} 次({end['herd']['pages']} 页), {end['herd']['status']}, "
            f"{end['herd']['bytes'] / 1e6:.0f} MB: p50 {quantile(spans, 0.5) * 1000:.0f}  "
            f"p99 {quantile(spans, 0.99) * 1000:.0f}  最长 {spans[-1] * 1000:.0f} 毫秒"
        )
    print(f"网站进程 CPU {usage[0]}, 内存 {usage[1]}, 慢读者积压时 {usage[2]}")
    print(
        f"不读的观看者 {SLOW} 位: 断开 {slow['let_go']} 位, 回来后收齐 {slow['heard'].count(count)} 位, 重复 {slow['twice']}"
    )
    bad = lost + twice + end["dropped"] + (SLOW - slow["heard"].count(count)) + slow["twice"]
    return int(bool(bad) or quantile(late, 0.99) > 0.3)


if __name__ == "__main__":
    raise SystemExit(main())

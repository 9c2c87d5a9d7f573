"""The last minute before a deadline: many bidders hand in complete bids at once, and nothing that was in time is lost.

    PYTHONPATH=src:. var/venv/bin/python -m bench.last_minute [--bidders 500] [--megabytes 5] [--seconds 60] [--kill]

A platform of its own runs as `./ggzy up` runs it (supervisor, database, web, sequencer, worker) with var/bench-rush.
Everybody seals beforehand and starts at a moment of the last seconds that was drawn; some start at the deadline and
after it. With --kill each process and the database is killed with -9 in turn during the rush; a client that got no
answer asks again with the same key until it has one. At the end: every acknowledgement given stands in the opening,
nothing else does, whoever had no acknowledgement was told so, and everything at or after the deadline was refused.
"""

import argparse
import os
import random
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
VAR = ROOT / "var" / "bench-rush"
PORT = int(os.environ.get("BENCH_PORT", "8391"))
URL = f"http://127.0.0.1:{PORT}"
#: how many lines of bidders are open at once; the rest wait in the client, as they would in their own networks
LINES = 64
LATE = 20


def ggzy(*arguments: str) -> None:
    """Run the launcher for our own platform."""
    env = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    env |= {"GGZY_VAR": str(VAR), "PORT": str(PORT)}
    subprocess.run([sys.executable, str(ROOT / "ggzy"), *arguments], env=env, check=True, cwd=ROOT)


@dataclass
class Try:
    """What became of one bidder's hand-in: when it began, how long until the answer, what it was."""

    bidder: Any
    folder: Path
    at: float
    late: bool = False
    began: datetime | None = None
    span: float = 0.0
    again: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    refused: str = ""


class Rush:
    """One tender and its bidders in the last minute."""

    def __init__(self, *, bidders: int, megabytes: float, seconds: float, late: int = LATE) -> None:
        from ggzy.client import story
        from ggzy.client.party import Party

        self.story, self.party = story, Party
        self.seconds = seconds
        self.folder = Path(tempfile.mkdtemp(prefix="ggzy-rush-"))
        self.owner, self.admin = (story.demo_party(URL, name) for name in ("zhaobiao", "guanli"))
        serial = secrets.randbelow(1_000_000)
        project = story.register_project(self.owner, name=f"最后一分钟{serial}", serial=serial)
        self.tender = story.prepare_tender(
            self.owner,
            project=project,
            name=f"最后一分钟{serial}",
            lots=[{"name": "标段", "budget": "10000000", "duration_days": "365"}],
            file=story.document(),
        )
        self.round = self.tender["rounds"][0]["round"]
        self.deadline = self.now() + timedelta(days=25)
        story.publish(self.owner, self.tender["tender"], deadline=self.deadline)
        self.big = self.folder / "attachment.bin"
        self.big.write_bytes(secrets.token_bytes(int(megabytes * 1024 * 1024)))
        base = secrets.randbelow(7_000_000) + 100_000
        with ThreadPoolExecutor(4) as pool:
            self.tries = list(pool.map(lambda n: self._ready(base, n), range(bidders + late)))
        for row in self.tries[bidders:]:
            row.late = True

    def now(self) -> datetime:
        """Return the legal moment."""
        return datetime.fromisoformat(self.owner.get("/clock")["now"])

    def _ready(self, base: int, number: int) -> Try:
        from ggzy.client import bids
        from ggzy.kernel.ids import make_uscc

        party = self.party(URL)
        party.register(
            uscc=make_uscc(region="370100", serial=base + number),
            name=f"末分{base}投标人{number}",
            role="bidder",
            username=f"rush-{base}-{number}",
            password=secrets.token_urlsafe(12),
            person="经办人",
        )
        folder = self.folder / f"{number}"
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
            attachments=[self.big],
            into=folder,
        )
        return Try(bidder=party, folder=folder, at=0.0)

    def run(self) -> None:
        """Move the clock to the last minute and let everybody go."""
        self.admin.post("/clock", {"to": (self.deadline - timedelta(seconds=self.seconds + 5)).isoformat()})
        start = time.monotonic() + (self.deadline - self.now()).total_seconds() - self.seconds
        drawn = random.Random(7)  # noqa: S311 - a schedule, not a secret
        for row in self.tries:
            row.at = start + (
                self.seconds + drawn.uniform(0, 3) if row.late else drawn.uniform(0, self.seconds - 2.5)
            )
        with ThreadPoolExecutor(LINES) as pool:
            list(pool.map(self._hand_in, sorted(self.tries, key=lambda row: row.at)))

    def _hand_in(self, row: Try) -> None:
        from ggzy.client import bids
        from ggzy.client.party import Problem

        time.sleep(max(0.0, row.at - time.monotonic()))
        key, began = secrets.token_hex(16), time.monotonic()
        while time.monotonic() - began < 120:
            try:
                row.answer = bids.submit(party=row.bidder, round_id=self.round, folder=row.folder, key=key)
                break
            except Problem as problem:
                if problem.status < 500 and problem.code != "bidding.other_submission_under_way":
                    row.refused = problem.code
                    break
            except httpx.TransportError:
                pass  # no answer: whether it arrived is asked with the same key
            row.again += 1
            time.sleep(0.3)
        row.span = time.monotonic() - began

    def opened(self) -> set[str]:
        """Wait for the closing, open, and return the bids that stand in the opening."""
        for _ in range(100):
            stage = self.owner.get(f"/tenders/{self.tender['tender']}")["rounds"][0]["stage"]
            if stage == "CLOSED":
                break
            time.sleep(0.3)
        self.owner.post(f"/tenders/{self.tender['tender']}/opening")
        return {str(b["bid"]) for b in self.owner.get(f"/rounds/{self.round}/opening")["bids"]}


def killer(until: float) -> None:
    """Kill each process and the database with -9, one after the other, until the rush ends."""
    from ggzy.boot.processes import read_identities

    turn = 0
    while time.monotonic() < until:
        time.sleep(6)
        named = {name: one.pid for name, one in read_identities(VAR / "run" / "children.json").items()}
        postmaster = VAR / "pg" / "pgdata" / "postmaster.pid"
        if postmaster.exists():
            named["database"] = int(postmaster.read_text().split()[0])
        name = sorted(named)[turn % len(named)]
        turn += 1
        try:
            os.kill(named[name], signal.SIGKILL)
            print(f"  kill -9 {name}", flush=True)
        except ProcessLookupError:
            print(f"  {name} 正在重启, 跳过", flush=True)


def report(rush: Rush, opened: set[str]) -> int:
    """Print the figures; return the number of broken promises."""
    given = [row for row in rush.tries if row.answer]
    spans = sorted(row.span for row in given)
    late = [row for row in rush.tries if row.late]
    in_time = [row for row in rush.tries if not row.late]
    received = [datetime.fromisoformat(row.answer["received_at"]) for row in given]
    refused = [row for row in in_time if not row.answer]
    broken = {
        "截止后仍被接收": sum(1 for moment in received if moment >= rush.deadline),
        "有回执而不在开标中": sum(1 for row in given if row.answer["bid"] not in opened),
        "在开标中而没有回执": len(opened - {row.answer["bid"] for row in given}),
        "截止后才开始而没有被拒收": sum(1 for row in late if row.refused != "bidding.too_late"),
    }
    p95 = spans[int(len(spans) * 0.95)] if spans else 0.0
    print(
        f"投标人 {len(in_time)}, 有回执 {len(given)}, 最后{rush.seconds:.0f}秒; 截止后递交 {len(late)}, "
        f"拒收 {sum(1 for row in late if row.refused)}"
    )
    print(
        f"回执用时 p50 {statistics.median(spans):.2f}  p95 {p95:.2f}  最长 {spans[-1]:.2f} 秒; "
        f"重试过的 {sum(1 for row in rush.tries if row.again)} 家"
    )
    for row in refused:
        print(f"  没有回执: {row.refused or '始终没有回答'}, 用时 {row.span:.1f} 秒, 重试 {row.again} 次")
    for says, count in broken.items():
        print(f"{'不符' if count else '相符'} {says}: {count}")
    return sum(broken.values())


def main() -> int:
    """Run, report; 0 if every promise was kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bidders", type=int, default=500)
    parser.add_argument("--megabytes", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kill", action="store_true", help="其间依次 kill -9 各进程和数据库")
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT / "src"))
    shutil.rmtree(VAR, ignore_errors=True)
    ggzy("up", "--detach")
    rush: Rush | None = None
    try:
        began = time.monotonic()
        rush = Rush(bidders=args.bidders, megabytes=args.megabytes, seconds=args.seconds)
        print(f"{len(rush.tries)} 份投标已密封, 用时 {time.monotonic() - began:.0f} 秒", flush=True)
        if args.kill:
            threading.Thread(target=killer, args=(time.monotonic() + args.seconds + 5,), daemon=True).start()
        rush.run()
        return int(report(rush, rush.opened()) > 0)
    finally:
        ggzy("down")
        if rush is not None:
            shutil.rmtree(rush.folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())

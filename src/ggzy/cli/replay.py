"""./ggzy replay FILE.csv: real bids go through the whole platform, each party with its own keys, in lock-step.

All tenders move together, so that the training clock moves once per legal period. Expected: the recorded winner is
our winner; a tender of fewer than three bids ends as a lawful 流标.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from ggzy.client import bids, story
from ggzy.client.csvfile import Tender, read
from ggzy.client.party import Party, Problem
from ggzy.kernel.ids import make_uscc

WORKERS = 4
EXPERTS = 40


@dataclass
class Run:
    """One tender of the file on its way through the platform."""

    tender: Tender
    owner: Party
    id: str = ""
    ocid: str = ""
    round: str = ""
    lot: str = ""
    draw: str = ""
    winner: str = ""
    outcome: str = ""
    trouble: str = ""
    bidders: dict[str, Party] = field(default_factory=dict)
    members: list[Party] = field(default_factory=list)

    @property
    def as_expected(self) -> bool:
        """Say whether the platform came to the recorded outcome."""
        if self.trouble:
            return False
        if len(self.tender.bids) < 3:
            return self.outcome == "FAILED"
        return self.outcome == "CONTRACTED" and self.winner in self.tender.winners


class Progress:
    """A progress bar on the terminal, and the wall time of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, says: str, total: int) -> Any:
        """Show one step; yields a function to call when one thing is done."""
        started, done = time.monotonic(), [0]
        live = sys.stderr.isatty()

        def tick() -> None:
            done[0] += 1
            if live:
                width = 30 * done[0] // max(total, 1)
                print(
                    f"\r  {says:<14} [{'█' * width}{'·' * (30 - width)}] {done[0]}/{total}",
                    end="",
                    file=sys.stderr,
                )

        yield tick
        self.seconds[says] = round(time.monotonic() - started, 2)
        print(
            f"{chr(13) if live else ''}  {says} {done[0]}/{total}  {self.seconds[says]:.1f} 秒" + " " * 30,
            file=sys.stderr,
        )


def main(argv: Sequence[str]) -> int:
    """Replay a file of bids; return 0 when every outcome is as expected."""
    parser = argparse.ArgumentParser(prog="./ggzy replay", description="用真实投标数据走完全流程")
    parser.add_argument(
        "file", type=Path, help="CSV: 列 Tender, Bid_value, Winner, 可选 Competitors, Consortium, Date"
    )
    parser.add_argument("--report", type=Path, help="写出JSON报告")
    parser.add_argument("--limit", type=int, help="只走前N个招标")
    parser.add_argument("--url", default=f"http://127.0.0.1:{os.environ.get('PORT', '8000')}")
    parser.add_argument("--no-verify", action="store_true", help="不在最后逐个复核存证")
    args = parser.parse_args(argv)
    if not args.file.exists():
        print(f"找不到文件 {args.file}", file=sys.stderr)
        return 2
    tenders, problems = read(args.file)
    for problem in problems:
        print(f"  跳过 {problem}", file=sys.stderr)
    if args.limit is not None:
        tenders = tenders[: max(args.limit, 0)]
    if not tenders:
        print("文件中没有可用的投标数据: 需要 Tender, Bid_value, Winner 三列", file=sys.stderr)
        return 2
    started_here = _ensure_running(args.url)
    try:
        report = Replay(args.url, tenders).run(verify=not args.no_verify)
    finally:
        if started_here:
            subprocess.run([_launcher(), "down"], check=False, stdout=subprocess.DEVNULL)
    report["skipped_rows"] = problems
    if args.report:
        args.report.write_text(json.dumps(report, ensure_ascii=False, indent=1))
    for row in report["unexpected"]:
        print(f"  未达预期: 招标 {row['tender']}: {row['outcome']} {row['trouble']}")
    print(f"招标 {report['tenders']} 个, 投标 {report['bids']} 份, 用时 {report['seconds']:.0f} 秒")
    if report["verified"] is not None:
        print(f"存证复核通过 {report['verified']} / {report['tenders']}")
    print(f"expected outcome in {report['as_expected']} of {report['tenders']}")
    verified = report["verified"] in {None, report["tenders"]}
    return 0 if report["as_expected"] == report["tenders"] and verified else 1


def _launcher() -> str:
    return str(Path(__file__).resolve().parents[3] / "ggzy")


def _ensure_running(url: str) -> bool:
    """Start the platform if it does not answer; return whether it was started here."""
    try:
        httpx.get(f"{url}/healthz", timeout=5, trust_env=False).raise_for_status()
    except httpx.HTTPError:
        print("平台没有运行, 正在启动…", file=sys.stderr)
        subprocess.run([_launcher(), "up", "--detach"], check=True, stdout=sys.stderr)
        return True
    return False


class Replay:
    """All tenders of a file, in lock-step."""

    def __init__(self, url: str, tenders: Sequence[Tender]) -> None:
        self.url, self.tenders = url, list(tenders)
        self.progress = Progress()
        self.folder = Path(tempfile.mkdtemp(prefix="ggzy-replay-"))
        self.mark = secrets.token_hex(3)
        self.base = secrets.randbelow(8_000_000) + 100_000
        self.runs: list[Run] = []

    def run(self, *, verify: bool) -> dict[str, Any]:
        """Drive every tender to its end and return the report."""
        started = time.monotonic()
        try:
            with ThreadPoolExecutor(WORKERS) as pool:
                self.pool = pool
                self._sign_in()
                self._publish()
                self._bid()
                self._draw()
                self._until_deadline()
                self._open()
                self._evaluate()
                self._award()
                verified = self._verify() if verify else None
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        good = [r for r in self.runs if r.as_expected]
        return {
            "file_tenders": len(self.tenders),
            "tenders": len(self.runs),
            "bids": sum(len(r.tender.bids) for r in self.runs),
            "as_expected": len(good),
            "verified": verified,
            "seconds": round(time.monotonic() - started, 1),
            "seconds_per_step": self.progress.seconds,
            "unexpected": [
                {
                    "tender": r.tender.name,
                    "ocid": r.ocid,
                    "outcome": r.outcome,
                    "winner": r.winner,
                    "trouble": r.trouble,
                }
                for r in self.runs
                if not r.as_expected
            ],
            "results": [
                {
                    "tender": r.tender.name,
                    "ocid": r.ocid,
                    "lot": r.lot,
                    "outcome": r.outcome,
                    "winner": r.winner,
                }
                for r in self.runs
            ],
        }

    def _each(
        self,
        says: str,
        work: Callable[[Any], None],
        things: Sequence[Any],
        run_of: Callable[[Any], Run | None] = lambda x: x if isinstance(x, Run) else None,
    ) -> None:
        """Do the same for each thing in parallel; a refusal stays with its tender and the rest goes on."""
        with self.progress.step(says, len(things)) as tick:

            def one(thing: Any) -> None:
                run = run_of(thing)
                if run is not None and run.trouble:
                    tick()
                    return
                try:
                    work(thing)
                except (Problem, httpx.HTTPError, KeyError, StopIteration, TimeoutError) as trouble:
                    if run is None:
                        raise
                    run.trouble = f"{says}: {type(trouble).__name__} {trouble}"[:300]
                tick()

            for done in [self.pool.submit(one, thing) for thing in things]:
                done.result()

    def _living(self) -> list[Run]:
        return [r for r in self.runs if not r.trouble and not r.outcome]

    # -- steps ------------------------------------------------------------------------------------------------

    def _sign_in(self) -> None:
        usernames = ["guanli", "zhongxin", "jiandu", *(f"zhuanjia{n:02d}" for n in range(1, EXPERTS + 1))]
        parties: dict[str, Party] = {}
        self._each(
            "中心和专家登录", lambda u: parties.__setitem__(u, story.demo_party(self.url, u)), usernames
        )
        self.cast = story.Cast(
            admin=parties["guanli"],
            centre=parties["zhongxin"],
            supervisor=parties["jiandu"],
            experts=[parties[u] for u in usernames[3:]],
        )
        self.owner = self._register("招标人", 0, "tenderee")
        names = sorted(
            {bid.bidder for tender in self.tenders for bid in tender.bids}
            | {member for tender in self.tenders for bid in tender.bids for member in bid.members}
        )
        self.bidders: dict[str, Party] = {}
        numbered = list(enumerate(names, start=1))
        self._each(
            "投标人注册领证",
            lambda pair: self.bidders.__setitem__(
                pair[1], self._register(f"投标人{pair[1]}", pair[0], "bidder")
            ),
            numbered,
        )

    def _register(self, name: str, number: int, role: str) -> Party:
        party = Party(self.url)
        party.register(
            uscc=make_uscc(region="370100", serial=self.base + number),
            name=f"回放{self.mark}{name}",
            role=role,
            username=f"r{self.mark}-{role}-{number}",
            password=secrets.token_urlsafe(12),
            person="经办人",
        )
        return party

    def _now(self) -> datetime:
        return datetime.fromisoformat(self.owner.get("/clock")["now"])

    def _advance(self, moment: datetime) -> None:
        self.cast.admin.post("/clock", {"to": max(moment, self._now() + timedelta(seconds=1)).isoformat()})

    def _publish(self) -> None:
        self.deadline = (self._now() + timedelta(days=21)).replace(minute=30, second=0, microsecond=0)
        self.runs = [Run(tender=tender, owner=self.owner) for tender in self.tenders]

        def publish(run: Run) -> None:
            serial = self.base + int(secrets.randbelow(900_000))
            project = story.register_project(
                self.owner, name=f"回放工程{self.mark}-{run.tender.name}", serial=serial
            )
            budget = (max(bid.price for bid in run.tender.bids) * 2).quantize(Decimal("0.01"))
            made = story.prepare_tender(
                self.owner,
                project=project,
                name=f"回放招标{self.mark}-{run.tender.name}",
                lots=[
                    {
                        "name": "标段",
                        "budget": str(budget),
                        "duration_days": "365",
                        "scope_of_work": "施工图范围",
                    }
                ],
                file=story.document(),
            )
            run.id, run.ocid = made["tender"], made["ocid"]
            run.round, run.lot = made["rounds"][0]["round"], made["rounds"][0]["lot"]
            story.publish(self.owner, run.id, deadline=self.deadline)

        self._each("登记、审查、发布", publish, self.runs)

    def _bid(self) -> None:
        pairs = [(run, number, bid) for run in self.runs for number, bid in enumerate(run.tender.bids)]

        def submit(pair: tuple[Run, int, Any]) -> None:
            run, number, bid = pair
            bidder = self.bidders[bid.bidder]
            folder = self.folder / run.round / str(number)
            story.bid(
                bidder,
                ocid=run.ocid,
                round_id=run.round,
                price=bid.price,
                duration_days=365,
                folder=folder,
                members=[{"uscc": self.bidders[m].uscc, "name": self.bidders[m].name} for m in bid.members],
            )
            run.bidders[bid.bidder] = bidder
            shutil.rmtree(folder)

        self._each("加密并递交投标", submit, pairs, lambda pair: pair[0])

    def _draw(self) -> None:
        self._each(
            "抽取专家",
            lambda run: setattr(run, "draw", story.draw(self.owner, self.cast, run.id)),
            [r for r in self._living() if len(r.tender.bids) >= 3],
        )
        with self.progress.step("专家答复", 1) as tick:
            accepted = story.answer_calls(self.cast, pool=self.pool)
            tick()
        for run in self._living():
            run.members = accepted.get(run.draw, [])

    def _until_deadline(self) -> None:
        self._advance(self.deadline + timedelta(seconds=2))

        def closed(run: Run) -> None:
            stage = self._wait(lambda: self._stage(run, {"CLOSED", "FAILED"}))
            if stage == "FAILED":
                run.outcome = stage

        self._each("投标截止", closed, self._living())

    def _stage(self, run: Run, wanted: set[str]) -> str | None:
        stage = story.stage_of(self.owner, run.lot)
        return stage if stage in wanted else None

    @staticmethod
    def _wait(look: Callable[[], Any], *, seconds: float = 60) -> Any:
        ends = time.monotonic() + seconds
        pause = 0.05
        while time.monotonic() < ends:
            found = look()
            if found:
                return found
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)
        raise TimeoutError("等待超时")

    def _open(self) -> None:
        self._each("主持人开标", lambda run: self.owner.post(f"/tenders/{run.id}/opening"), self._living())
        living = {run.round: run for run in self._living()}
        waiting: list[tuple[Run, Party, str]] = []

        def look_up(party: Party) -> None:
            for bid in party.get("/bids")["bids"]:
                if bid["round"] in living and bid["state"] == "live":
                    waiting.append((living[bid["round"]], party, bid["bid"]))

        self._each("投标人查看开标", look_up, list(self.bidders.values()))
        self._each("投标人解密", lambda w: bids.release(party=w[1], bid_id=w[2]), waiting, lambda w: w[0])

        def end(run: Run) -> None:
            self._wait(lambda: self.owner.get(f"/rounds/{run.round}/opening")["shown_at"])
            story.end_opening(self.owner, run.round)

        self._each("唱标并结束开标", end, self._living())

    def _evaluate(self) -> None:
        def evaluate(run: Run) -> None:
            members = story.check_in(self.cast, run.draw, run.members)
            self.owner.post(f"/draws/{run.draw}/committee")
            story.evaluate(members, run.round)

        self._each("签到、评标、签署", evaluate, self._living())
        ends: list[datetime] = []

        def publicity(run: Run) -> None:
            made = self.owner.post(f"/rounds/{run.round}/publicity")
            ends.append(datetime.fromisoformat(made["ends_at"]))

        self._each("公示候选人", publicity, self._living())
        if ends:
            self._advance(max(ends) + timedelta(seconds=2))
        self._each("公示期满", lambda run: self._wait(lambda: self._stage(run, {"CAND_END"})), self._living())

    def _award(self) -> None:
        by_name = {party.name: name for name, party in self.bidders.items()}

        def award(run: Run) -> None:
            first = story.award(self.owner, run.round)
            run.winner = by_name[first["bidder"]]
            story.contract(self.owner, self.bidders[run.winner], run.round)
            run.outcome = story.stage_of(self.owner, run.lot)

        self._each("定标、通知、签约", award, self._living())

    def _verify(self) -> int:
        from ggzy.cli.verify import verified

        passed: list[Run] = []
        time.sleep(2)

        def check(run: Run) -> None:
            if verified(self.url, run.ocid, party=self.cast.supervisor):
                passed.append(run)
            else:
                run.trouble = run.trouble or "存证复核未通过"

        self._each("复核存证", check, self.runs, lambda run: None)
        return len(passed)

"""./ggzy drill: play a bad day on a running training centre, at a pace at which people can watch the pages."""

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from ggzy.client import story
from ggzy.client.badday import BIDDERS, BadDay, DrillFailed
from ggzy.client.party import Party, Problem
from ggzy.kernel.ids import make_uscc
from ggzy.law.limits import BEIJING

EXPERTS = 40
PATIENCE = 60.0


def main(argv: Sequence[str]) -> int:
    """Play the day; 0 when the platform did everything by rule, 1 when it did not, 2 when it could not begin."""
    parser = argparse.ArgumentParser(
        prog="./ggzy drill", description="训练中心演练: 停电、无私钥、异议、延期遇假期、流标、再次招标的一天"
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="训练中心的地址")
    parser.add_argument("--pace", type=float, default=0.0, help="每一步之后停几秒, 便于观看页面")
    args = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="drill-"))
    try:
        return _play(args.url, pace=args.pace, folder=folder)
    except DrillFailed as failed:
        print(f"演练未通过: {failed}", file=sys.stderr)
        return 1
    except Problem as problem:
        print(f"演练中断: {problem}", file=sys.stderr)
        return 1
    except OSError as trouble:
        print(f"连接不上 {args.url}, 请先 ./ggzy up: {trouble}", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _play(url: str, *, pace: float, folder: Path) -> int:
    owner = story.demo_party(url, "zhaobiao")
    if not owner.get("/clock")["training"]:
        print("这里不是训练中心, 演练要拨动时钟, 不能在正式运行的中心进行", file=sys.stderr)
        return 2
    admin = story.demo_party(url, "guanli")
    names = [f"zhuanjia{n:02d}" for n in range(1, EXPERTS + 1)]
    with ThreadPoolExecutor(4) as pool:
        experts = list(pool.map(lambda n: story.demo_party(url, n), names))
        bidders = list(pool.map(lambda n: _bidder(url, n), range(BIDDERS)))
    cast = story.Cast(
        admin=admin,
        centre=story.demo_party(url, "zhongxin"),
        supervisor=story.demo_party(url, "jiandu"),
        experts=experts,
    )

    def now() -> datetime:
        return datetime.fromisoformat(owner.get("/clock")["now"])

    def advance(moment: datetime) -> None:
        admin.post("/clock", {"to": max(moment, now() + timedelta(seconds=1)).isoformat()})

    def say(text: str) -> None:
        print(f"{now().astimezone(BEIJING):%Y-%m-%d %H:%M}  {text}", flush=True)
        time.sleep(pace)

    day = BadDay(
        owner=owner,
        cast=cast,
        bidders=bidders,
        folder=folder,
        now=now,
        advance=advance,
        settle=_wait,
        say=say,
    )
    tender = day.play()
    print(f"演练通过。项目页面: {url}/tenders/{tender['tender']}")
    print(f"变更和故障记录: {url}/work/tenders/{tender['tender']}/changes (用招标人账号登录)")
    return 0


def _wait(done: Callable[[], bool]) -> None:
    """Wait for the platform's own worker.

    :raises DrillFailed: it did not come within a minute
    """
    until = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            raise DrillFailed("平台的后台任务在一分钟内没有完成应做的事")
        time.sleep(0.2)


def _bidder(url: str, number: int) -> Party:
    party = Party(url)
    serial = 600_000 + secrets.randbelow(9_000_000)
    party.register(
        uscc=make_uscc(region="370100", serial=serial),
        name=f"演练建筑{serial}有限公司",
        role="bidder",
        username=f"drill-{serial}-{number}",
        password=secrets.token_urlsafe(12),
        person="经办人",
    )
    return party

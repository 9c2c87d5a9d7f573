"""An opening of large bids: how long until the first price and until all, and how much memory each process takes.

    PYTHONPATH=src:. var/venv/bin/python -m bench.opening [--bidders 30] [--megabytes 100]

The platform runs as in bench.last_minute. Every key is released at once, the hardest case: all decryption then lies
between the last release and the prices.
"""

import argparse
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.last_minute import ROOT, VAR, Rush, Try, ggzy


def peaks() -> dict[str, float]:
    """Return {child: the most memory it has had, in MB}, with the processes it has started."""
    from ggzy.boot.processes import read_identities

    parents: dict[int, list[int]] = {}
    most: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                lines = dict(
                    line.split(":", 1) for line in (entry / "status").read_text().splitlines() if ":" in line
                )
            except OSError:
                continue  # it ended while we looked
            parents.setdefault(int(lines["PPid"]), []).append(int(entry.name))
            most[int(entry.name)] = int(lines.get("VmHWM", "0 kB").split()[0]) / 1024
    out = {}
    for name, one in read_identities(VAR / "run" / "children.json").items():
        family = [one.pid, *parents.get(one.pid, [])]
        out[name] = max(most.get(pid, 0.0) for pid in family)
    return out


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bidders", type=int, default=30)
    parser.add_argument("--megabytes", type=float, default=100)
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT / "src"))
    shutil.rmtree(VAR, ignore_errors=True)
    ggzy("up", "--detach")
    rush: Rush | None = None
    try:
        from ggzy.client import bids

        rush = Rush(bidders=args.bidders, megabytes=args.megabytes, seconds=60, late=0)
        print(f"{len(rush.tries)} 份投标已密封, 每份 {args.megabytes:.0f} MB", flush=True)
        began = time.monotonic()
        for row in rush.tries:
            row.answer = bids.submit(party=row.bidder, round_id=rush.round, folder=row.folder)
        spent = time.monotonic() - began
        print(f"逐份递交用时 {spent:.1f} 秒, {args.bidders * args.megabytes / spent:.0f} MB/秒", flush=True)
        rush.admin.post("/clock", {"to": (rush.deadline + timedelta(seconds=1)).isoformat()})
        rush.opened()

        def release(row: Try) -> Any:
            assert rush is not None
            return bids.release(party=row.bidder, bid_id=row.answer["bid"])

        began = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(release, rush.tries))
        released = time.monotonic() - began
        first = None
        while True:
            hall = rush.owner.get(f"/rounds/{rush.round}/opening")
            states = [b["state"] for b in hall["bids"]]
            if first is None and any(b["price"] is not None for b in hall["bids"]):
                first = time.monotonic() - began
            if hall["shown_at"] and not {"waiting", "released"} & set(states):
                break
            time.sleep(0.2)
        shown = time.monotonic() - began
        print(
            f"全部交出密钥 {released:.1f} 秒; 第一个报价 {first or 0:.1f} 秒, 全部解密、核对并公布 {shown:.1f} 秒; "
            f"解密成功 {states.count('opened')} / {len(states)}"
        )
        for name, megabytes in sorted(peaks().items()):
            print(f"内存峰值 {name}: {megabytes:.0f} MB")
        return int(states.count("opened") != len(rush.tries))
    finally:
        ggzy("down")
        if rush is not None:
            shutil.rmtree(rush.folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())

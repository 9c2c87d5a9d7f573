"""Sealing a large bid in chromium: MB/s of sealing, trying and uploading, and the most memory the browser took.

`PYTHONPATH=src:. var/venv/bin/python -m bench.sealing [MB]` (500 by default). Needs chromium and playwright, and twice
the size on the disk. The browser has a profile of its own on the disk, as a bidder's has.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.house import URL, running

MB = 1 << 20


def _tree() -> list[int]:
    """Return this process's descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [os.getpid()]
    while waiting:
        mine = children.get(waiting.pop(), [])
        found += mine
        waiting += mine
    return found


def _taken(pid: int, kind: bytes) -> int:
    """Return the proportional memory of a chromium process of one kind, 0 for any other."""
    try:
        if kind not in Path(f"/proc/{pid}/cmdline").read_bytes():
            return 0
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


class Watch(threading.Thread):
    """Samples what the page's own process (renderers) and the whole browser take."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.page = self.browser = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Sample until told that it is over."""
        while not self.over.wait(0.25):
            pids = _tree()
            self.page = max(self.page, *(_taken(pid, b"--type=renderer") for pid in pids), 0)
            self.browser = max(self.browser, sum(_taken(pid, b"chrom") for pid in pids))

    def reset(self) -> None:
        """Begin anew."""
        self.page = self.browser = 0


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    from bench.__main__ import Scene
    from tests.browser.visitor import CHROMIUM, QUIET

    size = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with running(), tempfile.TemporaryDirectory(prefix="ggzy-bench-") as folder, sync_playwright() as play:
        scene = Scene()
        tender = scene.ready()
        scene.publish(tender)
        file = Path(folder) / "技术标.bin"
        with file.open("wb") as out:
            for _ in range(size):
                out.write(os.urandom(MB))
        browser = play.chromium.launch_persistent_context(
            f"{folder}/profile", executable_path=CHROMIUM, args=QUIET
        )
        watch = Watch()
        watch.start()
        window = browser.new_page()
        window.on("dialog", lambda dialog: dialog.accept())
        window.goto(f"{URL}/login")
        window.click("[data-fill=jia]")
        window.keyboard.press("Enter")
        window.click("[data-demo-key]")
        window.wait_for_url("**/work")
        window.goto(f"{URL}/work/rounds/{tender['rounds'][0]['round']}/bid")
        window.fill("[name=price]", "9000000")
        window.fill("[name=manager]", "甲")
        window.fill("[name=manager_certificate]", "1")
        window.set_input_files("[data-attach]", str(file))
        print(f"{size} MB, {os.cpu_count()} cores; browser before {watch.browser // MB} MB")

        def lap(says: str, since: float) -> float:
            now = time.perf_counter()
            print(
                f"{says:<10}{now - since:7.1f} s {size / (now - since):7.1f} MB/s"
                f"   peak page {watch.page // MB} MB, whole browser {watch.browser // MB} MB"
            )
            watch.reset()
            return now

        phase = window.locator("[data-phase]")
        since = time.perf_counter()
        window.click("button:has-text('加密并试开')")
        phase.filter(has_text="试开").wait_for(timeout=600_000)
        since = lap("seal", since)
        window.locator("[data-opens]", has_text="能够打开").wait_for(timeout=600_000)
        since = lap("try", since)
        window.click("[data-hand-in]")
        window.locator("[data-received]", has_text="回执").wait_for(timeout=600_000)
        lap("hand in", since)
        watch.over.set()
        browser.close()


if __name__ == "__main__":
    main()

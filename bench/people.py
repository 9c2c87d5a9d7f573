"""How long people are kept by an opening of seven bidders: `python -m bench.people [seconds before each act]`.

A platform of its own, as `bench.watchers` has it; the host and seven bidders each in a browser window of their own, everything
by clicks on the pages. Before each act a person is given time to read (8 s unless told otherwise), and the bidders act one
after another, as if each had waited for the one before: in truth they act at the same time. Counted from the host's first
look at the ready page to the opening record that stands there for everybody. Each bidder chooses the key file, as on a
machine that has not seen it before.
"""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.house import URL, running

AIM_SECONDS = 300


def main() -> int:
    """Run the opening, print what took how long; return 1 if it took longer than five minutes."""
    pause = float(sys.argv[1]) if len(sys.argv) > 1 else 8.0
    with running(), TemporaryDirectory() as folder:
        import django
        from playwright.sync_api import sync_playwright

        django.setup()
        from bench.watchers import Hall
        from tests.browser.visitor import CHROMIUM, DESK, QUIET, Visitor

        hall = Hall()
        hall.closed()
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            people = []
            for number, (party, _) in enumerate([(hall.owner, ""), *hall.bidders]):
                visitor = Visitor(browser, URL, DESK)
                visitor.sign_in_as(party.token)
                visitor.window.on("dialog", lambda dialog: dialog.accept())
                key = Path(folder) / f"{number}.pem"
                key.write_bytes(party.identity.to_pem())
                people.append((visitor.window, key))
            return _opening(hall.round, people, pause)


def _opening(round_id: str, people: list[tuple[Any, Path]], pause: float) -> int:
    (host, host_key), *bidders = people
    marks: list[tuple[str, float]] = []
    acts = 0

    def think() -> None:
        nonlocal acts
        acts += 1
        time.sleep(pause)

    for window, _ in bidders:
        window.goto(f"/rounds/{round_id}/hall")
    host.goto("/login?step=certificate&next=/work")  # a host has proved the certificate before the hour
    host.locator("input[type=file]").set_input_files(host_key)
    host.wait_for_url(f"{URL}/work")
    host.goto(f"/work/rounds/{round_id}/host")
    began = time.monotonic()
    think()
    host.click("button:has-text('宣布开标')")
    host.wait_for_selector("#host-checklist .is-now:has-text('等待解密')")
    marks.append(("宣布开标", time.monotonic()))
    for number, (window, key) in enumerate(bidders, 1):
        think()
        window.click("a:has-text('去解密')")
        think()
        window.click("[data-open]")
        think()
        window.locator("[data-key-file]").locator("visible=true").set_input_files(key)
        window.locator("#key", has_text="密钥已收到").wait_for()
        marks.append((f"第{number}家解密", time.monotonic()))
    host.wait_for_selector("button:has-text('签署开标记录')", timeout=60_000)
    marks.append(("报价全部公布", time.monotonic()))
    think()
    host.click("button:has-text('签署开标记录')")
    host.wait_for_selector("text=开标已结束")
    bidders[0][0].goto(f"/rounds/{round_id}/hall")
    bidders[0][0].wait_for_selector("text=开标记录")
    marks.append(("开标记录公布", time.monotonic()))
    before = began
    for what, moment in marks:
        print(f"{what:<10} {moment - before:6.1f} 秒")
        before = moment
    whole = before - began
    print(
        f"{len(bidders)} 家, {acts} 次操作, 每次先看 {pause:g} 秒: 共 {whole:.0f} 秒, 其中等待平台 {whole - acts * pause:.0f} 秒"
    )
    return int(whole > AIM_SECONDS)


if __name__ == "__main__":
    raise SystemExit(main())

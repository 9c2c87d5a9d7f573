"""A visitor's tour in a real browser: sign in with the demo key, watch a hall, recompute a draw, on a phone too."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from ggzy.client.story import PASSWORD
from tests.journeys.tale import Tale

sync_api = pytest.importorskip("playwright.sync_api", reason="缺少 playwright, 浏览器测试跳过")

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="缺少 chromium, 安装命令: sudo apt-get install -y chromium"),
]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1366, "height": 800}
#: the tests' server has no edge beside it, so that the live channel answers 404 there
LIVE = "/live/"


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a running browser; its loop stands in the thread in which Django would otherwise refuse to work."""
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()
        # what was opened beside the browser's loop is not the connection that the test's end knows of
        connections.close_all()


class Visitor:
    """A window on the platform that keeps whatever the browser complains about."""

    def __init__(self, browser: Any, base: str, viewport: dict[str, int]) -> None:
        self.base, self.complaints = base, []
        self.window = browser.new_page(viewport=viewport, base_url=base)
        self.window.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.window.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"} and LIVE not in str(message.location):
            self.complaints.append(f"{message.text} {message.location}")

    def open(self, address: str) -> Any:
        """Open a page; it must fit the window without scrolling sideways."""
        reply = self.window.goto(address)
        assert reply.status == 200, (address, reply.status)
        self.fits(address)
        return self.window

    def fits(self, address: str) -> None:
        """Check that the page is no wider than the window and has one heading."""
        over = self.window.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{address}: {over} px too wide"
        assert self.window.locator("h1").count() == 1, address


def test_a_tour(committed_platform: Any, live_server: Any, folder: Path, chromium: Any) -> None:
    platform = committed_platform
    tale = Tale(platform, folder, method="comprehensive").in_publicity()
    platform.sequence()
    tender = tale.tender["tender"]
    lot = next(r["lot"] for r in platform.anonymous().get(f"/tenders/{tender}")["rounds"])
    public = (
        "/",
        "/tenders",
        f"/tenders/{tender}",
        f"/lots/{lot}",
        f"/rounds/{tale.round}/hall",
        f"/draws/{tale.draw}",
        f"/files/{tender}/1",
        "/notices",
        "/procedures/GC_OPEN_POST",
        "/law",
        "/verify",
        "/evidence",
        "/login",
        "/register",
    )
    for viewport in (PHONE, DESK):
        visitor = Visitor(chromium, live_server.url, viewport)
        for address in public:
            visitor.open(address)
        notice = visitor.open("/notices").locator("main a[href^='/notices/']").first
        visitor.open(notice.get_attribute("href"))
        assert visitor.complaints == []

    # one click fills the demo account, another proves its certificate with a key that stays in the browser
    visitor = Visitor(chromium, live_server.url, PHONE)
    window = visitor.open(f"/login?next=/lots/{lot}")
    window.click("[data-fill=jia]")
    assert window.input_value("[name=password]") == PASSWORD
    window.keyboard.press("Enter")
    window.wait_for_selector("[data-demo-key]")
    window.wait_for_load_state("load")
    visitor.fits("certificate")
    window.click("[data-demo-key]")
    window.wait_for_url(f"**/lots/{lot}")
    assert "已用数字证书登录" in window.inner_text("[role=status]")
    assert window.locator(f"a[href='/work/rounds/{tale.round}/object']").count() == 1

    # the draw is recomputed by the browser itself
    window = visitor.open(f"/draws/{tale.draw}")
    window.click("[data-recompute]")
    window.wait_for_selector("[data-recomputed].notice")
    assert window.inner_text("[data-recomputed]").startswith("一致")

    # the keyboard alone reaches the text past the navigation, and asks what other dates would mean
    window = visitor.open(f"/tenders/{tender}")
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.className") == "skip"
    window.click("summary")
    window.fill("[name=deadline]", "2026-03-05T09:30")
    window.click("text=重新推算")
    assert "这是假设的日期" in window.inner_text("#clocks")
    visitor.fits("what if")

    window.click("text=退出")
    assert "已退出登录" in window.inner_text("[role=status]")
    assert visitor.complaints == []

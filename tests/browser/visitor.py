"""A window on the platform in a real browser that keeps whatever the browser complains about."""

import shutil
from typing import Any

import pytest

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
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
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="缺少 chromium, 安装命令: sudo apt-get install -y chromium"),
]


class Visitor:
    """A window on the platform that keeps whatever the browser complains about."""

    def __init__(self, browser: Any, base: str, viewport: dict[str, int]) -> None:
        self.base, self.complaints = base, []
        self.window = browser.new_page(viewport=viewport, base_url=base)
        self.window.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.window.on("console", self._heard)

    def sign_in_as(self, token: str) -> None:
        """Put a session into this window, as signing in would."""
        self.window.context.add_cookies([{"name": "ggzy_session", "value": token, "url": self.base}])

    def _heard(self, message: Any) -> None:
        if message.type in {"error", "warning"} and LIVE not in str(message.location):
            self.complaints.append(f"{message.text} {message.location}")

    def open(self, address: str) -> Any:
        """Open a page; it must fit the window without scrolling sideways."""
        # None: the page was reloading itself to the same address, and that was gone to instead
        reply = self.window.goto(address) or self.window.reload()
        assert reply.status == 200, (address, reply.status)
        self.fits(address)
        return self.window

    def fits(self, address: str) -> None:
        """Check that the page is no wider than the window and has one heading."""
        over = self.window.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{address}: {over} px too wide"
        assert self.window.locator("h1").count() == 1, address

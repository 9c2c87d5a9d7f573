"""Pages on a phone at 300 kbit/s and 300 ms: `python -m bench.phone http://127.0.0.1:8000 [username password]`.

Prints for each page when its text stood there, when all was loaded, and how many bytes came, first seen and seen again.
"""

import sys
from typing import Any

from tests.browser.visitor import CHROMIUM, PHONE, QUIET

LINE = {"offline": False, "latency": 300, "downloadThroughput": 300_000 / 8, "uploadThroughput": 300_000 / 8}
PAGES = (
    "/",
    "/notices",
    "/tenders",
    "/calendar/openings",
    "/figures",
    "/law",
    "/work",
    "/work/lots",
    "/work/messages",
)


def main() -> None:
    """Open the pages, twice each."""
    from playwright.sync_api import sync_playwright

    base, login = sys.argv[1], sys.argv[2:4]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        window = browser.new_page(viewport=PHONE, base_url=base, service_workers="block")
        if login:
            window.goto("/login")
            window.fill("[name=username]", login[0])
            window.fill("[name=password]", login[1])
            window.keyboard.press("Enter")
            window.wait_for_load_state()
        line = window.context.new_cdp_session(window)
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", LINE)
        for address in PAGES if login else PAGES[:6]:
            line.send("Network.clearBrowserCache")
            print(f"{address:<22} first {_opened(window, address)}   again {_opened(window, address)}")
        browser.close()


def _opened(window: Any, address: str) -> str:
    window.goto(address, wait_until="load")
    first, loaded, size = window.evaluate(
        """() => {
          const page = performance.getEntriesByType("navigation")[0];
          const paint = performance.getEntriesByName("first-contentful-paint")[0];
          const parts = performance.getEntriesByType("resource").reduce((sum, one) => sum + one.transferSize, 0);
          return [paint ? paint.startTime : 0, page.loadEventEnd, page.transferSize + parts];
        }"""
    )
    return f"{first / 1000:5.2f} s text  {loaded / 1000:5.2f} s all  {size / 1024:6.1f} KB"


if __name__ == "__main__":
    main()

"""Every kind of page in a real browser: it fits, wide and narrow, no error in the console, and axe-core finds nothing.

Pictures of each page at desktop and phone width are kept in GGZY_PICTURES where that is set.
"""

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor
from tests.pages.crawler import Walk
from tests.pages.test_crawl import VISITORS, browser_of

pytestmark = IN_A_BROWSER
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: one page of each role's own workbench is looked at, though the route is the same
SHARED_ROUTES = {"work"}


def _axe() -> str:
    found = pytest.importorskip("axe_playwright_python", reason="缺少 axe-playwright-python, 跳过")
    return (Path(found.__file__).parent / "axe.min.js").read_text()


def _pages(platform: Any) -> dict[str, list[tuple[str, str]]]:
    """Return username → (route, address): each route once, by the first visitor who gets there."""
    out: dict[str, list[tuple[str, str]]] = defaultdict(list)
    met: set[str] = set()
    for username, _ in VISITORS:
        walk = Walk(browser_of(platform, username), per_route=1).follow("/", "/work")
        for seen in walk.seen.values():
            if seen.page is None or seen.status != 200:
                continue
            if seen.route in SHARED_ROUTES or seen.route not in met:
                met.add(seen.route)
                out[username].append((seen.route, seen.address))
    return out


def test_every_page_for_everybody(training_centre: Any, live_server: Any, chromium: Any) -> None:
    axe, pictures = _axe(), os.environ.get("GGZY_PICTURES", "")
    trouble: list[str] = []
    looked = 0
    for username, pages in _pages(training_centre).items():
        for viewport, theme in ((DESK, "light"), (PHONE, "dark")):
            visitor = Visitor(chromium, live_server.url, viewport)
            visitor.window.emulate_media(color_scheme=theme, reduced_motion="reduce")
            if username:
                visitor.sign_in_as(training_centre.demo(username).token)
            for number, (route, address) in enumerate(pages):
                window = visitor.open(address)
                if pictures:
                    name = f"{username or 'anyone'}-{route}-{'desk' if viewport is DESK else 'phone'}.jpg"
                    window.screenshot(path=Path(pictures) / name, full_page=True, type="jpeg", quality=80)
                # colours are held to their contrasts in both themes by tests/ui; one look a page, in turns, is enough
                if (number % 2 == 0) != (viewport is DESK):
                    continue
                window.evaluate("() => {" + axe + "}")
                answer = window.evaluate(
                    "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
                    RULES,
                )
                looked += 1
                trouble += [
                    f"{route} {theme}: {found['id']} {node['html'][:160]}"
                    for found in answer["violations"]
                    for node in found["nodes"][:3]
                ]
            trouble += [f"{username} {theme}: {complaint}" for complaint in visitor.complaints]
            visitor.window.close()
    assert not trouble, "\n".join(trouble)
    assert looked > 100, "the training centre shows fewer pages than before"

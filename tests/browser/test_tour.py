"""A visitor's tour in a real browser: sign in with the demo key, watch a hall, recompute a draw, on a phone too."""

from pathlib import Path
from typing import Any

from ggzy.client.story import PASSWORD
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor
from tests.journeys.tale import Tale

pytestmark = IN_A_BROWSER


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
        "/methods",
        f"/rounds/{tale.round}/computed",
        "/notices?words=测试",
        "/open/projects",
        "/open/awards",
        "/open/enterprises",
        "/calendar/openings",
        "/figures",
        "/data",
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

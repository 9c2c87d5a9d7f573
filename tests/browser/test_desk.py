"""Desk work in a real browser: many sealed with one press, found and ticked by keyboard, a failure that stops nothing."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.db import connections

from tests.browser.test_signing import _signed_in
from tests.browser.visitor import IN_A_BROWSER
from tests.journeys.tale import Tale

pytestmark = IN_A_BROWSER


def _work(platform: Any) -> None:
    """Let the worker work in a thread of its own: the browser's driver holds this one's event loop."""

    def work() -> None:
        platform.work()
        connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(work).result()


def test_papers_are_ticked_by_keyboard_and_sealed_one_by_one(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    Tale(committed_platform, tmp_path, lots=2).read_out()
    owner = _signed_in(chromium, live_server.url, "zhaobiao")
    window = owner.open("/work/papers")
    press = window.keyboard.press
    count, say = window.locator("[data-count]"), window.locator("[data-say]")

    press("j")
    press("x")
    assert count.inner_text().strip() == "1项"
    press("a")
    assert count.inner_text().strip() == "4项"
    press("/")
    window.keyboard.type("2标段")
    assert window.locator("[data-row]:visible").count() == 2 and count.inner_text().strip() == "2项"
    press("Escape")
    press("?")
    assert "下一行" in window.inner_text("dialog")
    press("Escape")
    assert window.locator("[data-row]:visible").count() == 4

    # one is gone meanwhile: it is refused in its row, the others go on
    boxes = window.locator("input[name=item]")
    was = boxes.nth(1).get_attribute("value")
    boxes.nth(1).evaluate("box => { box.value = box.value.slice(0, -4) + 'gone'; }")
    press("Control+Enter")
    window.get_by_text("刷新列表").wait_for()
    assert "办好 3 项, 未成 1 项" in say.inner_text()
    assert "没有这份文书" in window.locator(".trouble").inner_text()
    assert all("404" in text for text in owner.complaints)
    owner.complaints.clear()
    _work(committed_platform)
    window.get_by_text("查看系统盖章的进度").click()
    window.get_by_text("全部办完: 成功 3 份").wait_for()
    window.get_by_text("回到文书列表").click()
    window.locator(f"tr:has(input[value='{was}'])").get_by_text("待签章").wait_for()
    window.check(f"input[value='{was}']")
    window.click("[data-do]")
    window.get_by_text("办好 1 项").wait_for()
    _work(committed_platform)
    window.get_by_text("刷新列表").click()
    window.locator("a[href^='/v/']").nth(3).wait_for()
    assert window.get_by_text("待签章").count() == 0 and window.locator("a[href^='/v/']").count() == 4

    # anyone holding one compares it in the browser
    window.locator("a[href^='/v/']").first.click()
    digest = window.inner_text("#digest")
    file = tmp_path / "paper.pdf"
    file.write_bytes(window.request.get(f"/documents/{digest}").body())
    window.set_input_files("input[type=file]", str(file))
    answer = window.locator("[data-answer]")
    answer.get_by_text("完全一致").wait_for()
    other = tmp_path / "other.pdf"
    other.write_bytes(file.read_bytes() + b" ")
    window.set_input_files("input[type=file]", str(other))
    answer.get_by_text("不一致").wait_for()
    owner.fits("paper")
    assert owner.complaints == []

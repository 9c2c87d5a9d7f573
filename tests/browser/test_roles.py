"""One errand for each role, by clicks, wide and narrow: from the login or the home page to the sentence that it is done.

Pictures of each step are kept in GGZY_PICTURES where that is set.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor

pytestmark = IN_A_BROWSER


class Errand:
    """A visitor on an errand, who keeps a picture of each step."""

    def __init__(self, chromium: Any, base: str, name: str, viewport: dict[str, int]) -> None:
        self.visitor = Visitor(chromium, base, viewport)
        self.window = self.visitor.window
        self.window.set_default_timeout(10_000)
        self.window.on("dialog", lambda dialog: dialog.accept())
        self.name, self.wide, self.steps = name, viewport is DESK, 0

    def sign_in(self) -> "Errand":
        """Fill the demo account and prove the demo certificate."""
        self.visitor.open("/login")
        self.window.click(f"[data-fill={self.name}]")
        self.window.keyboard.press("Enter")
        self.window.click("[data-demo-key]")
        self.window.wait_for_url("**/work")
        return self.look()

    def click(self, what: str) -> "Errand":
        """Click, wait for the page, look."""
        self.window.locator(what).locator("visible=true").first.click()
        self.window.wait_for_load_state("load")
        return self.look()

    def fill(self, name: str, value: str) -> "Errand":
        """Fill a field."""
        self.window.fill(f"main [name={name}]", value)
        return self

    def says(self, text: str) -> "Errand":
        """Check that the page says something."""
        assert text in self.window.inner_text("main"), (self.name, text, self.window.url)
        return self

    def look(self) -> "Errand":
        """Check that the page fits, and keep a picture of it."""
        self.steps += 1
        self.visitor.fits(f"{self.name} {self.steps} {self.window.url}")
        if folder := os.environ.get("GGZY_PICTURES", ""):
            name = f"errand-{self.name}-{self.steps:02d}-{'desk' if self.wide else 'phone'}.png"
            self.window.screenshot(path=Path(folder) / name, full_page=True)
        return self

    def end(self) -> None:
        """Check that nothing was complained about."""
        assert self.visitor.complaints == [], self.name
        self.window.close()


def _citizen(e: Errand) -> None:
    e.visitor.open("/")
    e.window.fill("main [name=words]", "学校")
    e.look().click("main button[type=submit]").says("共 3 条")
    e.click("main .hits a >> nth=0").says("SHA-256")
    e.visitor.open("/figures")
    e.look().click("main details summary >> nth=0").visitor.open("/verify")
    e.look().says("复核")


def _tenderee(e: Errand) -> None:
    e.sign_in().says("等我办理")
    if e.wide:  # what the wide one does is done when the narrow one comes
        e.click("a:has-text('提交进场登记')").click("main form button:has-text('提交进场登记')").says("已")
    e.visitor.open("/work/lots")
    e.look().click("text=时间轴").says("发布公告")
    e.visitor.open("/work/help")
    e.fill("wish", "填写招标文件").click("main button:has-text('同意')").says("二维码")
    e.click("text=立即结束").says("帮办已结束")


def _agency(e: Errand) -> None:
    e.sign_in().says("还没有招标项目")
    e.click("a:has-text('登记新项目') >> nth=0").fill("name", "代理登记的工程")
    e.window.evaluate("document.querySelector('main form').noValidate = true")
    e.click("main form button[type=submit]").says("未能办理")
    e.visitor.complaints.clear()  # the browser notes the refusal's status, as it should


def _bidder(e: Errand) -> None:
    e.sign_in().says("中标候选人公示")
    e.click("a:has-text('查看') >> nth=0").says("异议")
    e.visitor.open("/work/lots")
    e.look().says("我的标段")
    e.visitor.open("/me/notifications")
    e.look().says("免打扰")


def _expert(e: Errand) -> None:
    e.sign_in().says("等我办理")
    e.visitor.open("/work/calls")
    e.look().says("邀请")


def _centre(e: Errand) -> None:
    e.sign_in()
    e.visitor.open("/work/services")
    e.look().says("等待答复")
    e.visitor.open("/work/witness")
    e.look().says("见证墙")
    e.visitor.open("/work/rooms")
    e.look().says("场地")


def _partner(e: Errand) -> None:
    e.sign_in().click("a:has-text('全部场地')").says("场地")


def _supervisor(e: Errand) -> None:
    e.sign_in().says("交易过程和存证")
    e.click("a:has-text('评委评审表') >> nth=0").says("评审")
    e.visitor.open("/work/lots?stage=award")
    e.look().says("公示")


def _admin(e: Errand) -> None:
    e.sign_in().click("a:has-text('修改信任列表')").says("信任列表")
    e.visitor.open("/work/law")
    e.look().says("条文")


def _bank(e: Errand) -> None:
    e.sign_in().says("保函")
    e.visitor.open("/work/finance")
    e.look().says("保函")


ERRANDS: dict[str, Callable[[Errand], None]] = {
    "citizen": _citizen,
    "zhaobiao": _tenderee,
    "daili": _agency,
    "jia": _bidder,
    "zhuanjia01": _expert,
    "zhongxin": _centre,
    "fuchang": _partner,
    "jiandu": _supervisor,
    "guanli": _admin,
    "yinhang": _bank,
}


def test_an_errand_for_each_role(training_centre: Any, live_server: Any, chromium: Any) -> None:
    trouble = []
    for name, errand in ERRANDS.items():
        for viewport in (DESK, PHONE):
            walk = Errand(chromium, live_server.url, name, viewport)
            try:
                errand(walk)
                walk.end()
            except Exception as found:  # noqa: BLE001 - every role is tried, then all is told
                trouble.append(f"{name} {viewport['width']}: {type(found).__name__} {str(found)[:400]}")
    assert not trouble, "\n\n".join(trouble)

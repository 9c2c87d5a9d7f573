"""On a phone: the site can be installed, and without a network it shows what was last seen and says so."""

from typing import Any

from tests.browser.visitor import IN_A_BROWSER, PHONE, Visitor

pytestmark = IN_A_BROWSER


def test_offline(committed_platform: Any, live_server: Any, chromium: Any) -> None:
    visitor = Visitor(chromium, live_server.url, PHONE)
    window = visitor.open("/")
    window.evaluate("navigator.serviceWorker.ready.then(() => true)")
    manifest = window.evaluate("fetch('/manifest.webmanifest').then((r) => r.json())")
    assert manifest["display"] == "standalone" and {i["sizes"] for i in manifest["icons"]} == {
        "192x192",
        "512x512",
    }
    visitor.sign_in_as(committed_platform.demo("jia").token)
    visitor.open("/tenders")
    assert "甲建工集团有限公司" in visitor.open("/work").inner_text("main")
    # the network goes, for the worker's own requests too
    window.evaluate("caches.keys()")
    window.context.set_offline(True)
    for address, says in (("/tenders", "招标项目"), ("/work", "甲建工集团有限公司")):
        visitor.open(address)
        assert "当前没有网络" in window.inner_text("#offline")
        assert says in window.inner_text("main")
        visitor.fits(address)
    visitor.open("/law")
    assert "现在没有网络" in window.inner_text("h1")
    # back again: fresh pages without the line; whoever signs out leaves nothing of the workbench behind
    window.context.set_offline(False)
    visitor.open("/work")
    assert not window.locator("#offline").is_visible()
    window.click("text=退出")
    window.wait_for_selector("text=已退出登录")
    window.context.set_offline(True)
    visitor.open("/work")
    assert "现在没有网络" in window.inner_text("h1")


def test_what_was_entered_survives_a_closed_tab(
    committed_platform: Any, live_server: Any, chromium: Any
) -> None:
    visitor = Visitor(chromium, live_server.url, PHONE)
    visitor.sign_in_as(committed_platform.demo("zhaobiao").token)
    window = visitor.open("/work/projects/new")
    window.fill("[name=name]", "写到一半的项目")
    window.wait_for_selector("text=已暂存在本机浏览器")
    visitor.open("/work")
    visitor.open("/work/projects/new")
    assert window.input_value("[name=name]") == ""
    window.click("text=恢复填写的内容")
    assert window.input_value("[name=name]") == "写到一半的项目"
    # refused: still there; signed out: gone
    window.evaluate("document.querySelector('form[data-keep]').noValidate = true")
    window.click("form[data-keep] button[type=submit]")
    window.wait_for_selector("#problem")
    visitor.window.goto("/work/projects/new")
    window.wait_for_selector("text=恢复填写的内容")
    window.click("text=退出")
    window.wait_for_selector("text=已退出登录")
    assert window.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('ggzy-form:')).length") == 0

"""A USB key (the emulator) in a real browser: signed in, bound, sealed, tried and opened with it."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ggzy.client.party import Identity
from ggzy.client.story import PASSWORD
from ggzy.client.ukey import Emulator, Reader, Token
from tests.browser.test_sealing import _attachments, _decrypts, _fill_in, _hand_in, _opens, _to_the_opening
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor
from tests.journeys.tale import Tale

pytestmark = IN_A_BROWSER
PIN = "246810"


@pytest.fixture
def plugged(live_server: Any, committed_platform: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that plugs demo keys in; pages know where the emulator listens."""
    from ggzy.portals import middleware

    servers = []

    def plug(*names: str) -> Emulator:
        tokens = [
            Token(name, Identity.from_pem((settings.KEYS / "training" / f"{name}.pem").read_bytes()), PIN)
            for name in names
        ]
        server = Emulator(Reader(tokens), origins=[live_server.url], port=0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        helper = {"name": "模拟器(演示)", "kind": "sof", "address": server.address}
        monkeypatch.setattr(settings, "UKEY_HELPERS", [helper])
        monkeypatch.setattr(
            middleware, "_POLICY", middleware._POLICY.replace("http://127.0.0.1:8780", server.address)
        )
        return server

    yield plug
    for server in servers:
        server.shutdown()
        server.server_close()


def _at_the_second_step(browser: Any, base: str, username: str, going: str = "/work") -> Visitor:
    visitor = Visitor(browser, base, DESK)
    window = visitor.open(f"/login?next={going}")
    window.on("dialog", lambda dialog: dialog.accept())
    window.fill("[name=username]", username)
    window.fill("[name=password]", PASSWORD)
    window.keyboard.press("Enter")
    window.wait_for_url("**/login?step=certificate**")
    return visitor


def _choose(window: Any, text: str, *, pin: str = PIN, inside: str = "main") -> None:
    window.click(f"{inside} [data-ukey-read]")
    window.click(f"{inside} [data-ukey-list] li:has-text('{text}') button")
    _pin(window, pin)


def _pin(window: Any, pin: str) -> None:
    window.fill("dialog input[type=password]", pin)
    window.click("dialog button:has-text('确定')")


@pytest.mark.parametrize(("name", "kind"), [("jia", "P-256"), ("jia-sm2", "SM2")])
def test_a_bid_made_with_a_usb_key(
    committed_platform: Any,
    live_server: Any,
    chromium: Any,
    plugged: Any,
    tmp_path: Path,
    name: str,
    kind: str,
) -> None:
    tale = Tale(committed_platform, tmp_path).sealed("yi", "bing")
    plugged(name, "yi")
    page = f"/work/rounds/{tale.round}/bid"
    visitor = _at_the_second_step(chromium, live_server.url, "jia", page)
    window = visitor.window
    sent: list[bytes] = []
    window.on(
        "request",
        lambda r: sent.append(r.post_data_buffer or b"") if live_server.url in r.url else None,
    )
    window.click("[data-ukey-read]")
    window.locator("[data-ukey-list] li").nth(1).wait_for()
    assert window.locator("li:has-text('没有绑定到本账号') button").is_disabled()
    window.click(f"[data-ukey-list] li:has-text('{kind} · 有效'):not(:has-text('没有绑定')) button")
    _pin(window, "wrong")
    window.locator("dialog .trouble", has_text="还可以试 7 次").wait_for()
    window.set_viewport_size(PHONE)
    visitor.fits("pin")
    window.set_viewport_size(DESK)
    _pin(window, PIN)
    window.locator("[data-seal-form]").wait_for()
    _fill_in(window, _attachments(tmp_path / "files"))
    _pin(window, PIN)
    _opens(window)
    _hand_in(window)

    window = visitor.open(page)
    window.click("[data-which-check]")
    window.locator("[data-which-list] li", has_text="能打开这份投标").wait_for()
    _to_the_opening(tale)
    _decrypts(visitor, tale)
    assert visitor.complaints == []
    assert not any(PIN.encode() in body for body in sent)


def test_a_key_that_is_not_there_is_said_with_what_to_do(
    committed_platform: Any, live_server: Any, chromium: Any, plugged: Any, tmp_path: Path
) -> None:
    tale = Tale(committed_platform, tmp_path).sealed("jia", "yi", "bing")
    server = plugged("yi", "jia")
    visitor = _at_the_second_step(chromium, live_server.url, "jia", f"/work/rounds/{tale.round}/bid")
    window = visitor.window
    _choose(window, "赵强")
    window.locator("[data-which-check]").wait_for()

    # which of my keys: the one in the reader opens it; unplugged, it is said; nothing is handed over
    window.click("[data-which-check]")
    window.locator("[data-which-list] li", has_text="能打开这份投标").wait_for()
    for token in list(server.reader._tokens.values()):
        server.reader.unplug(token.container)
    window.click("[data-which-check]")
    window.locator("[data-which-list] li", has_text="已拔出").wait_for()
    window.locator("[data-which-list] li", has_text="都打不开的").wait_for()
    server.shutdown()
    server.server_close()
    window.click("[data-which-check]")
    window.locator("[data-which-list] li", has_text="没有找到 USB Key 的本机程序").wait_for()
    assert committed_platform.demo("jia").get("/bids")["bids"][0]["state"] == "live"
    visitor.complaints.clear()  # the browser itself notes that nobody answered
    for size in (PHONE, DESK):
        window.set_viewport_size(size)
        visitor.fits("which")


def test_a_usb_key_binds_its_own_certificate(
    committed_platform: Any, live_server: Any, chromium: Any, plugged: Any, tmp_path: Path
) -> None:
    from ggzy.identity.models import Certificate

    plugged("ding-sm2", "ding")
    Certificate.objects.filter(account__username="ding", ca="training-sm2").delete()
    visitor = _at_the_second_step(chromium, live_server.url, "ding", "/certificates/bind")
    window = visitor.window
    window.click("[data-demo-key]")
    window.wait_for_url("**/certificates/bind")
    _choose(window, "SM2")
    window.wait_for_url("**/certificates")
    row = Certificate.objects.get(account__username="ding", ca="training-sm2")
    assert row.encryption_pem and row.encryption_pem != row.pem
    assert visitor.complaints == []


def test_the_pictures_explain_the_permission(
    live_server: Any, committed_platform: Any, chromium: Any
) -> None:
    visitor = Visitor(chromium, live_server.url, PHONE)
    window = visitor.open("/help/ukey")
    assert window.locator("main img").count() == 3
    assert window.evaluate(
        "[...document.querySelectorAll('main img')].every((one) => one.complete && one.naturalWidth > 0 && one.alt)"
    )
    assert json.dumps(visitor.complaints) == "[]"

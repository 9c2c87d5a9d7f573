"""Signing in by passkey in a real browser, a code app on the way, and proving the certificate again without loss."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from ggzy.identity.models import Passkey, Session
from ggzy.kernel.clock import real_now
from tests.browser.test_sealing import _decrypts
from tests.browser.test_signing import _drafted, _signed_in
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor
from tests.journeys.tale import Tale

pytestmark = IN_A_BROWSER
PASSWORD = "training-2026"


@pytest.fixture
def at_localhost(live_server: Any, settings: Any) -> str:
    """Return the address of the platform under the one name that a browser makes passkeys for without https."""
    address = str(live_server.url).replace("127.0.0.1", "localhost")
    settings.PUBLIC_ADDRESS = address
    return address


def _with_device(window: Any) -> None:
    """Put a virtual authenticator into the browser: it keeps passkeys and knows its holder."""
    devtools = window.context.new_cdp_session(window)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def _by_password(window: Any, username: str) -> None:
    window.goto("/login")
    window.fill("[name=username]", username)
    window.fill("[name=password]", PASSWORD)
    window.click("#login-form button[type=submit]")


def test_a_passkey_is_made_used_and_removed(
    committed_platform: Any, at_localhost: str, chromium: Any
) -> None:
    visitor = Visitor(chromium, at_localhost, PHONE)
    window = visitor.window
    window.on("dialog", lambda dialog: dialog.accept())
    _with_device(window)
    _by_password(window, "jia")
    visitor.open("/security")
    window.fill("#passkeys [data-passkey=add] [name=name]", "我的手机")
    window.fill("#passkeys [name=password]", PASSWORD)
    window.click("button:has-text('增加通行密钥')")
    window.wait_for_selector("#passkeys li:has-text('我的手机')")
    visitor.fits("/security")

    window.click("header button:has-text('退出')")
    visitor.open("/login?next=/security")
    window.click("button:has-text('用通行密钥登录')")
    window.wait_for_url("**/security")
    assert "通行密钥" in window.locator("tr:has(.badge-good)").first.inner_text()
    assert Passkey.objects.get().last_used_at is not None
    window.goto("/work")
    assert "不能办理签名" in window.inner_text("main")

    # removed, it is refused in words, and the way by password stays
    window.goto("/security")
    window.click("#passkeys button:has-text('移除')")
    window.wait_for_selector("text=通行密钥已移除")
    window.click("header button:has-text('退出')")
    window.goto("/login")
    window.click("button:has-text('用通行密钥登录')")
    window.locator("[data-state]", has_text="没有登记").wait_for()
    assert all("401" in said for said in visitor.complaints), visitor.complaints


def test_where_passkeys_cannot_work_the_page_says_where_they_do(
    committed_platform: Any, live_server: Any, settings: Any, chromium: Any
) -> None:
    port = str(live_server.url).rsplit(":", 1)[1]
    settings.PUBLIC_ADDRESS = f"http://localhost:{port}"
    visitor = Visitor(chromium, f"http://127.0.0.1:{port}", DESK)
    window = visitor.open("/login")
    assert "通行密钥只能在这个网址下使用" in window.inner_text("main")
    assert window.locator("[data-passkey]").count() == 0
    settings.PUBLIC_ADDRESS = "http://192.0.2.1"
    window = visitor.open("/login")
    assert "不支持在这里使用通行密钥" in window.inner_text("main")
    assert visitor.complaints == []


def test_staff_sets_up_codes_on_the_way_in(
    committed_platform: Any, live_server: Any, settings: Any, chromium: Any
) -> None:
    from ggzy.identity.models import Certificate

    settings.STAFF_SECOND_FACTOR = "required"
    Certificate.objects.filter(account__username="zhongxin").update(revoked_at=real_now())
    visitor = Visitor(chromium, live_server.url, PHONE)
    window = visitor.window
    _by_password(window, "zhongxin")
    window.wait_for_url("**step=second**")
    visitor.fits("second")
    window.click("button:has-text('开始设置')")
    visitor.fits("code")
    assert window.evaluate("document.querySelector('main img').naturalWidth") > 0
    secret = window.inner_text("#secret").replace(" ", "")
    window.fill("[name=code]", pyotp.TOTP(secret).now())
    window.click("button:has-text('确认并启用')")
    window.wait_for_selector("#codes")
    visitor.fits("codes")
    recovery = window.inner_text("#codes").split()[0]
    window.click("text=已保存, 继续")
    window.wait_for_url("**/work")

    window.click("header button:has-text('退出')")
    _by_password(window, "zhongxin")
    window.fill("[name=code]", recovery)
    window.click("button:has-text('登录') >> nth=0")
    window.wait_for_url("**step=certificate**")
    visitor.open("/work")
    assert visitor.complaints == []


def test_a_form_that_met_an_old_proof_goes_on_as_it_was_filled_in(
    committed_platform: Any, live_server: Any, chromium: Any
) -> None:
    owner = _signed_in(chromium, live_server.url, "zhaobiao")
    window = owner.window
    tender = _drafted(window)
    window.fill("[name=deposit]", "90000")
    window.click("button:has-text('保存招标文件')")
    window.wait_for_url("**saved=1")
    window.goto(f"/work/tenders/{tender}")
    window.click("button:has-text('送公平竞争审查')")
    window.fill("[name=opinion]", "经审查, 未发现排除、限制竞争的内容")
    Session.objects.update(proven_at=real_now() - timedelta(hours=1))
    # signed itself: nothing is asked twice
    window.click("button:has-text('签名并作出结论')")
    window.wait_for_url("**/publish")

    # not signed: the certificate is asked for, and the form goes on
    given = window.input_value("[name=bid_deadline]")
    window.click("button:has-text('发布公告和招标文件')")
    window.wait_for_selector("h1:has-text('再验证一次证书')")
    owner.fits("prove again")
    assert window.input_value("[data-go-on] [name=bid_deadline]") == given
    window.click("button:has-text('验证证书并继续')")
    window.wait_for_url(f"**/work/tenders/{tender}")
    assert "公告及投标中" in window.inner_text("main")
    assert all("403" in said for said in owner.complaints), owner.complaints


def test_a_bidder_at_the_opening_hands_the_key_over_though_the_proof_is_old(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    """A script's act proves by itself with the key of this browser: the window of decryption is short."""
    tale = Tale(committed_platform, folder).opened()
    bidder = _signed_in(chromium, live_server.url, "jia")
    Session.objects.update(proven_at=real_now() - timedelta(hours=1))
    _decrypts(bidder, tale)
    assert Session.objects.latest("pk").proven_at > real_now() - timedelta(minutes=5)
    assert all("403" in said for said in bidder.complaints), bidder.complaints

"""A bid sealed with the national algorithms in a real browser, handed in and opened there; and beside it by our client."""

from pathlib import Path
from typing import Any

from ggzy.bidding import bidbox
from ggzy.bidding.models import Bid
from ggzy.client import bids
from ggzy.identity import cms
from ggzy.kernel import files
from tests.browser.test_sealing import (
    _attachments,
    _decrypts,
    _fill_in,
    _hand_in,
    _opens,
    _to_the_opening,
)
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor
from tests.journeys.tale import Tale
from tests.journeys.test_national import national

pytestmark = IN_A_BROWSER


def _with_sm2(browser: Any, base: str, username: str) -> Visitor:
    """Return a window of a demo account that has proved its SM2 certificate."""
    visitor = Visitor(browser, base, DESK)
    window = visitor.open("/login")
    window.on("dialog", lambda dialog: dialog.accept())
    window.click(f"[data-fill={username}]")
    window.keyboard.press("Enter")
    window.click("button:has-text('国密')")
    window.wait_for_url("**/work")
    return visitor


def _gm(tale: Tale) -> Tale:
    tale.changes = {"sealing": "gm"}
    return tale.published()


def test_a_bid_is_sealed_with_sm2_and_sm4_and_opened(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    tale = _gm(Tale(committed_platform, tmp_path))
    for name in ("yi", "bing"):
        national(tale, name)
        tale.bid(name)
    visitor = _with_sm2(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    attachments = _attachments(tmp_path / "files")
    _fill_in(window, attachments)
    _opens(window)
    for size in (PHONE, DESK):
        window.set_viewport_size(size)
        visitor.fits("sealed")
    window.click("summary:has-text('恢复码')")
    window.click("[data-recovery]")
    window.locator("[data-recovery-code]", has_text="SM4-SECRET-KEY-").wait_for()
    code = window.inner_text("[data-recovery-code]")

    # it is still there after the page was left, and what arrives opens with the Python client's code
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    window.click("[data-kept] button:has-text('试开后递交')")
    _opens(window)
    _hand_in(window)
    bid = Bid.objects.order_by("-pk")[0]
    manifest = bidbox.read_manifest(bytes(bid.manifest))
    jia = national(tale, "jia")
    assert cms.open_envelope(bytes(bid.envelope), key=jia.identity.key).decode() == code
    opened = bidbox.open_payload(files.sealed_path(bid.payload), bid_key=code, manifest=manifest)
    assert opened.fields["price"] == "9120000.00" and set(manifest["parts"]) == {"bid.sm4", "key.p7m"}
    assert {"sha256", "sm3"} < set(opened.fields["attachments"][0])

    _to_the_opening(tale)
    _decrypts(visitor, tale)
    assert visitor.complaints == []


def test_what_the_client_sealed_the_browser_opens(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    tale = _gm(Tale(committed_platform, tmp_path))
    for name in ("jia", "yi", "bing"):
        national(tale, name)
        tale.bid(name)
    visitor = _with_sm2(chromium, live_server.url, "jia")
    _to_the_opening(tale)
    _decrypts(visitor, tale)
    assert visitor.complaints == []


def test_another_kind_of_certificate_is_told_what_is_missing(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    from tests.browser.test_signing import _signed_in

    tale = _gm(Tale(committed_platform, tmp_path))
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    assert "须用SM2证书加密和签名" in window.inner_text("#seal")
    window.click("#seal a:has-text('改用SM2证书登录')")
    window.click("button:has-text('国密')")
    window.locator("[data-seal-form]").wait_for()
    assert window.url.endswith(f"/work/rounds/{tale.round}/bid")


def test_an_sm2_certificate_in_an_ordinary_round(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    tale = Tale(committed_platform, tmp_path).sealed("yi", "bing")
    visitor = _with_sm2(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    _fill_in(window, _attachments(tmp_path / "files"))
    _opens(window)
    _hand_in(window)
    bid = Bid.objects.order_by("-pk")[0]
    key = bids.bid_key(party=national(tale, "jia"), envelope=bytes(bid.envelope))
    assert key.startswith("AGE-SECRET-KEY-")
    _to_the_opening(tale)
    _decrypts(visitor, tale)
    assert visitor.complaints == []


def test_an_sm2_pair_is_made_applied_for_and_used_in_the_browser(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    """The signing key is all its holder saves: the encryption key comes from the CA, wrapped for it."""
    from ggzy.client.party import Identity
    from ggzy.client.story import PASSWORD
    from ggzy.identity.models import Certificate

    visitor = Visitor(chromium, live_server.url, DESK)
    window = visitor.open("/login?next=/certificates")
    window.on("dialog", lambda dialog: dialog.accept())
    window.fill("[name=username]", "daili")
    window.fill("[name=password]", PASSWORD)
    window.keyboard.press("Enter")
    window.click("[data-demo-key]")
    window.wait_for_url("**/certificates")
    with window.expect_download() as saved:
        window.click("[data-make-sm2]")
    key = tmp_path / "key-sm2.pem"
    saved.value.save_as(key)
    window.click("[data-csr-form] button[type=submit]")
    window.locator("body", has_text="证书已签发并绑定").wait_for()
    row = Certificate.objects.get(account__username="daili", ca="training-sm2")

    # one file of both keys and both certificates, which the command line takes
    window.click("summary:has-text('为命令行合成一个文件')")
    with window.expect_download() as merged:
        window.set_input_files("[data-merge-key]", str(key))
    whole = tmp_path / "certificate.pem"
    merged.value.save_as(whole)
    identity = Identity.from_pem(whole.read_bytes())
    assert identity.fingerprint == row.fingerprint and identity.receives is not None
    sealed = cms.seal_to(identity.receives, b"secret")
    assert cms.open_envelope(sealed, key=identity.key) == b"secret"

    # and the signing key alone signs in
    window = visitor.open("/login?step=certificate&next=/work")
    window.set_input_files("form[data-prove] input[type=file]", str(key))
    window.wait_for_url("**/work")
    assert visitor.complaints == []

"""Parts of a key in a real browser: given when sealing, asked for at the opening, opened and handed over by holders."""

from pathlib import Path
from typing import Any

from ggzy.bidding import shares
from ggzy.bidding.models import Bid
from ggzy.client import bids
from tests.browser.test_sealing import _attachments, _fill_in, _hand_in, _opens, _to_the_opening
from tests.browser.test_signing import _signed_in
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE
from tests.journeys.tale import Tale

pytestmark = IN_A_BROWSER


def test_parts_are_given_asked_for_and_handed_over(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    named = [{"uscc": committed_platform.demo(name).uscc} for name in ("zhaobiao", "daili", "zhongxin")]
    tale = Tale(committed_platform, tmp_path, changes={"share_holders": named}).sealed("yi", "bing")
    bidder = _signed_in(chromium, live_server.url, "jia")
    window = bidder.open(f"/work/rounds/{tale.round}/bid")
    window.click("summary:has-text('密钥份额')")
    for size in (PHONE, DESK):
        window.set_viewport_size(size)
        bidder.fits("shares")
    window.check("[name=shares]")
    _fill_in(window, _attachments(tmp_path / "files"))
    _opens(window)
    window = bidder.open(f"/work/rounds/{tale.round}/bid")  # the parts are kept with the rest
    window.click("[data-kept] button:has-text('试开后递交')")
    _opens(window)
    _hand_in(window)
    bid = Bid.objects.order_by("-pk")[0]
    assert set(shares.read(bytes(bid.shares))) == {row["uscc"] for row in named}

    _to_the_opening(tale)
    window = bidder.open(f"/work/rounds/{tale.round}/bid")
    window.click("button:has-text('申请由三个保管人开启')")
    window.locator("main, [role=status]", has_text="已通知三个保管人").first.wait_for()
    for name in ("zhaobiao", "daili"):
        holder = _signed_in(chromium, live_server.url, name)
        page = holder.open("/work")
        page.click("a:has-text('交出')")
        page.wait_for_url("**/work/key-shares")
        for size in (PHONE, DESK):
            page.set_viewport_size(size)
            holder.fits("key-shares")
        page.click("button:has-text('用证书打开并交出')")
        page.locator("body", has_text="已交出, 三份中已有").wait_for()
        assert "没有投标人申请" in page.inner_text("main")
        assert holder.complaints == []
    centre = committed_platform.demo("zhongxin")
    (asked,) = [one for one in centre.get("/key-shares")["shares"] if one["bid"] == bid.public_id]
    assert bids.release_share(party=centre, asked=asked)["released"] == 3
    committed_platform.work()
    assert "解密成功" in bidder.open(f"/work/rounds/{tale.round}/bid").inner_text("#key")
    assert bidder.complaints == []

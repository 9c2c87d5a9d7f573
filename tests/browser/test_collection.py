"""A collection of a framework agreement in a real browser: unit prices are sealed, and its pages fit desk and phone."""

from pathlib import Path
from typing import Any

from ggzy.bidding.models import Bid
from ggzy.client import story
from tests.browser.test_sealing import _attachments, _hand_in, _opens, _seal
from tests.browser.test_signing import _signed_in
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor
from tests.journeys.test_collection import Collection, opened, over, reported

pytestmark = IN_A_BROWSER


def test_unit_prices_are_sealed_and_the_shortlist_is_confirmed(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Collection(committed_platform, folder)
    tale.published()
    for name in ("yi", "bing"):
        tale.respond(name)
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    window.set_input_files("[data-attach]", [str(p) for p in _attachments(folder / "files")])
    window.fill("[data-unit-price='1']", "950.01")
    window.fill("[data-unit-price='2']", "1,000")
    _seal(window)
    window.locator("[data-checks]", has_text="高于最高限制单价 950.00 元").wait_for()
    window.fill("[data-unit-price='1']", "900.5")
    _seal(window)
    _opens(window)
    assert "1,900.50 元" in window.inner_text("[data-inside]")
    _hand_in(window)
    assert Bid.objects.filter(bidder__name=tale.bidder("jia").name, state=Bid.LIVE).count() == 1
    assert not visitor.complaints
    opened(over(tale), "jia yi bing")
    shown = {b["bidder"]: b["price"] for b in tale.owner.get(f"/rounds/{tale.round}/opening")["bids"]}
    assert shown[tale.bidder("jia").name] == "1900.50"
    story.qualify(tale.owner, tale.round)
    reported(tale)
    # the collector confirms with its key; everything fits a phone too
    owner = _signed_in(chromium, live_server.url, "zhaobiao")
    at = f"/work/rounds/{tale.round}/result"
    owner.open(at).click("button:has-text('签名, 确定并公告')")
    owner.window.get_by_text("入围结果已公告").first.wait_for()
    notice = next(n for n in tale.owner.get("/notices")["notices"] if n["kind"] == "result")
    lot = tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"][0]["lot"]
    for viewport in (DESK, PHONE):
        mine = Visitor(chromium, live_server.url, viewport)
        mine.sign_in_as(tale.owner.token)
        for page in (
            f"/work/tenders/{tale.tender['tender']}/document",
            at,
            f"/notices/{notice['public_id']}",
            f"/lots/{lot}",
            f"/files/{tale.tender['tender']}/1",
            "/work/frameworks",
        ):
            mine.open(page)
        assert not mine.complaints

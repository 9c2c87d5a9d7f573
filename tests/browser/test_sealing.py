"""A bid sealed, tried, handed in and opened in a real browser, and opened beside it by openssl, age and our client."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from ggzy.bidding import bidbox
from ggzy.bidding.models import Bid
from ggzy.identity import cms
from ggzy.kernel import files
from tests.browser.test_signing import _signed_in
from tests.browser.visitor import IN_A_BROWSER
from tests.journeys.tale import Tale

pytestmark = IN_A_BROWSER


def _attachments(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    chinese, plain = folder / "技术标 第一册.pdf", folder / "offer.xlsx"
    chinese.write_bytes(b"%PDF-1.7 " + bytes(range(256)) * 900)
    plain.write_bytes(b"PK\x03\x04 not really")
    return [chinese, plain]


def _fill_in(window: Any, attachments: list[Path]) -> None:
    window.fill("[data-seal-form] [name=price]", "9120000")
    window.fill("[data-seal-form] [name=manager]", "赵强")
    window.fill("[data-seal-form] [name=manager_certificate]", "训1370000000001")
    window.set_input_files("[data-attach]", [str(path) for path in attachments])
    window.click("button:has-text('加密并试开')")


def test_a_bid_is_sealed_tried_handed_in_and_opened(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).sealed("yi", "bing")
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    _fill_in(window, _attachments(folder / "files"))
    window.locator("[data-opens]", has_text="这份投标文件能够打开").wait_for()
    assert "技术标 第一册.pdf" in window.inner_text("[data-inside]")
    window.click("[data-hand-in]")
    window.locator("[data-received]", has_text="已签发回执").wait_for()

    # what arrived opens with the Python client's own code
    bid = Bid.objects.order_by("-pk")[0]
    manifest = bidbox.read_manifest(bytes(bid.manifest))
    key = cms.open_envelope(bytes(bid.envelope), key=tale.bidder("jia").identity.key).decode()
    opened = bidbox.open_payload(files.sealed_path(bid.payload), bid_key=key, manifest=manifest)
    assert opened.fields["price"] == "9120000.00"
    assert [a["name"] for a in opened.fields["attachments"]] == ["技术标 第一册.pdf", "offer.xlsx"]

    committed_platform.sequence()
    committed_platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    window.click("[data-open]")
    window.locator("#key", has_text="密钥已收到").wait_for()
    committed_platform.work()
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    assert "解密成功" in window.inner_text("#key")
    assert visitor.complaints == []

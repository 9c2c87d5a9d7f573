"""A member's desk in a real browser: it hears what happened while somebody writes, and reads a large file by its parts."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

from ggzy.client import story
from tests.browser.test_bench import _booth, _hand_in
from tests.browser.test_desk import _work
from tests.browser.visitor import IN_A_BROWSER
from tests.journeys.tale import PRICES, Tale

pytestmark = IN_A_BROWSER

PAGES = 24


def _large_pdf(path: Path) -> Path:
    """Write a PDF of noise that nothing can pack: a picture of 480 KB on each page."""
    noise, objects = random.Random(1), []
    kids = " ".join(f"{3 + 3 * n} 0 R" for n in range(PAGES))
    objects += [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {PAGES}>>".encode()]
    for n in range(PAGES):
        at = 3 + 3 * n
        draw = b"q 595 0 0 842 0 0 cm /I Do Q"
        objects += [
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {at + 1} 0 R"
            f"/Resources<</XObject<</I {at + 2} 0 R>>>>>>".encode(),
            b"<</Length %d>>stream\n%s\nendstream" % (len(draw), draw),
            b"<</Type/XObject/Subtype/Image/Width 600/Height 800/ColorSpace/DeviceGray/BitsPerComponent 8"
            b"/Length 480000>>stream\n%s\nendstream" % noise.randbytes(480_000),
        ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    path.write_bytes(out)
    return path


def _seated(tale: Tale, file: Path) -> list[str]:
    """Seat a committee before whom every bid has the large file; return its members' usernames."""
    tale.published()
    for name in PRICES:
        tale.bid(name, attachments=[file])
    assert tale.deadline is not None
    tale.platform.sequence()
    tale.platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in PRICES:
        tale.release(name)
    _work(tale.platform)
    story.end_opening(tale.owner, tale.round)
    cast = tale.platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    tale.members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.elect_leader(tale.members, tale.draw)
    return [m.name for m in tale.members]


def test_the_desk_hears_and_takes_nothing_from_who_writes(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    tale = Tale(committed_platform, tmp_path)
    file = _large_pdf(tmp_path / "技术标.pdf")
    mine, *_ = _seated(tale, file)
    booth, other = _booth(chromium, live_server.url, mine), tale.members[1]
    statuses: set[int] = set()
    booth.window.on("response", lambda r: "/files/" in r.url and statuses.add(r.status))
    came = [0]
    wire = booth.window.context.new_cdp_session(booth.window)
    wire.send("Network.enable")
    wire.on("Network.dataReceived", lambda event: came.append(event["dataLength"]))
    window = booth.open(f"/work/rounds/{tale.round}/desk")
    window.wait_for_selector(".pdf-page canvas")
    window.fill(".page-at >> nth=0", "20")
    window.keyboard.press("Enter")
    window.wait_for_selector(".pdf-page[data-page='19'] canvas")
    # the page, the reader and its parts together are less than half of the file
    assert statuses == {200, 206} and 1_000_000 < sum(came) < file.stat().st_size / 2, sum(came)

    # a message comes while another is written: it is told, and put into its place beside what is being written
    window.fill("#talk textarea", "我认为应当先核对")
    window.keyboard.press("Home")
    other.post(f"/draws/{tale.draw}/messages", {"text": "请核对乙的印章", "round": tale.round})
    window.wait_for_selector(".desk-news:has-text('讨论有新消息')", timeout=15_000)
    assert "请核对乙的印章" in window.inner_text("#talk")
    assert window.input_value("#talk textarea") == "我认为应当先核对"
    window.click(".desk-news button:has-text('知道了')")
    assert window.locator(".desk-news").is_hidden()

    # all the others are done, and so is the own sheet: the new step comes, offered and not forced, with the text kept
    window.locator("[data-entry]").first.click()
    window.locator(".bench-items input[type=radio]").first.focus()
    for _ in range(3 * 6):
        window.keyboard.press("1")
    for member in tale.members[1:]:
        asked = member.get(f"/rounds/{tale.round}/desk")
        results = {
            b["bid"]: {r["key"]: {"passes": True, "reason": ""} for r in asked["document"]["requirements"]}
            for b in asked["bids"]
        }
        if member is not tale.members[-1]:
            member.post(f"/rounds/{tale.round}/preliminary", {"results": results})
    _hand_in(window, "您已完成本步骤")
    window.fill("#talk textarea", "等一等再签")
    tale.members[-1].post(f"/rounds/{tale.round}/preliminary", {"results": results})
    window.wait_for_selector(".desk-news:has-text('评标进入: 签署评标报告')", timeout=15_000)
    assert "您已完成本步骤" in window.inner_text("main")
    with window.expect_navigation():
        window.click(".desk-news button:has-text('进入')")
    assert "签署评标报告" in window.inner_text("h1")
    assert window.input_value("#talk textarea") == "等一等再签"
    booth.fits("desk")
    assert booth.complaints == []

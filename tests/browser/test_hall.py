"""The hall in real browsers on the real edge: a host, two bidders, a spectator; what happens appears without a reload."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from ggzy.evidence import sequencer
from ggzy.kernel.clock import real_now
from tests.browser.test_signing import _signed_in
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor
from tests.edge.served import served
from tests.journeys.tale import Tale

pytestmark = IN_A_BROWSER

#: a voice that says nothing and tells what it was given, as a machine without one would need
VOICE = """
window.spoken = [];
class Said { constructor(text) { this.text = text; } }
Object.defineProperty(window, "SpeechSynthesisUtterance", { value: Said });
Object.defineProperty(window, "speechSynthesis", { value: {
  getVoices: () => [], pause() {}, resume() {}, cancel() {},
  speak(said) { window.spoken.push(said.text); setTimeout(() => said.onend(), 30); } } });
"""


def _fits(visitor: Visitor, what: str) -> None:
    for size in (PHONE, DESK):
        visitor.window.set_viewport_size(size)
        visitor.fits(what)


def test_an_opening_before_a_host_two_bidders_and_a_spectator(
    committed_platform: Any, chromium: Any, tmp_path: Path
) -> None:
    platform = committed_platform
    tale = Tale(platform, tmp_path).sealed()
    platform.sequence()
    platform.advance(tale.deadline - timedelta(minutes=30))
    hall = f"/rounds/{tale.round}/hall"

    def publish() -> None:
        sequencer.run_once(real_now() + timedelta(hours=2))

    with served() as base:
        spectator = Visitor(chromium, base, DESK)
        spectator.window.add_init_script(VOICE)
        asked: list[str] = []
        spectator.window.on("request", lambda request: asked.append(request.url))
        crowd = spectator.open(hall)
        assert "这场开标怎样进行" in crowd.inner_text("main")
        _fits(spectator, "lobby")

        jia, yi = (_signed_in(chromium, base, name) for name in ("jia", "yi"))
        page = jia.open(hall)
        page.click("#check-in")
        page.wait_for_selector("text=开标前只有本单位看得到")
        _fits(jia, "lobby of a bidder")
        assert "已签到" not in Visitor(chromium, base, DESK).open(hall).inner_text("main")

        platform.advance(tale.deadline + timedelta(seconds=1))
        publish()
        crowd.wait_for_selector("text=等待主持人宣布开标")
        owner = _signed_in(chromium, base, "zhaobiao")
        desk = owner.open(f"/work/rounds/{tale.round}/host")
        desk.keyboard.press("n")
        assert desk.evaluate("document.activeElement.textContent") == "宣布开标"
        desk.keyboard.press("Enter")
        desk.wait_for_selector("#host-checklist .is-now:has-text('等待解密')")
        publish()
        crowd.wait_for_selector("#hall-bids td:has-text('签到')")
        _fits(owner, "host")

        # a bidder sees that it is its turn, and what to do where it does not work
        page.wait_for_selector("text=轮到本单位解密")
        page.click("a:has-text('去解密')")
        page.click("#key-help summary")
        assert "这台电脑上没有私钥" in page.inner_text("#key-help")
        _fits(jia, "help")
        for visitor in (jia, yi):
            window = visitor.window
            if visitor is yi:
                window = visitor.open(f"/work/rounds/{tale.round}/bid")
            window.click("[data-open]")
            window.locator("#key", has_text="密钥已收到").wait_for()
        tale.release("bing")
        platform.work()
        publish()

        # everybody sees the prices without touching anything, the host the next step
        crowd.wait_for_selector("tr[data-say]")
        assert crowd.locator("tr[data-say]").count() == 3
        desk.wait_for_selector("button:has-text('签署开标记录')")
        assert "已唱标" in crowd.inner_text("[data-live-says]", timeout=2000)
        crowd.click("[data-read]")
        crowd.wait_for_selector("text=朗读完毕")
        spoken = crowd.evaluate("window.spoken")
        assert len(spoken) == 3 and spoken[0].startswith("第1家, ") and "投标报价" in spoken[0]
        _fits(spectator, "read out")
        assert any("/shared/hall/" in url for url in asked)
        assert not any(url.endswith("/hall/fragment") for url in asked)

        desk.click("button:has-text('签署开标记录')")
        desk.wait_for_selector("text=开标已结束")
        publish()
        crowd.wait_for_selector("a:has-text('回放开标过程')")
        crowd.click("a:has-text('回放开标过程')")
        crowd.wait_for_selector("[data-play]")
        crowd.click("[data-back]")
        assert crowd.locator(".timeline .is-ahead").count() == 1
        _fits(spectator, "replay")
        for visitor in (spectator, jia, yi, owner):
            assert visitor.complaints == [], visitor.complaints

"""Large ciphertext goes up in pieces: with the official JavaScript client, over a broken line, and after a restart of the browser."""

import base64
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ggzy.bidding.models import Bid
from ggzy.client import story
from ggzy.kernel import files, uploads
from tests.browser.test_sealing import _fill_in, _hand_in, _opens
from tests.browser.visitor import CHROMIUM, DESK, IN_A_BROWSER, PHONE, QUIET, Visitor
from tests.edge.served import served
from tests.journeys.tale import Tale

pytestmark = [*IN_A_BROWSER, pytest.mark.django_db(transaction=True)]

#: begun, left in the middle, found again by what the client itself remembered, and completed
_RESUMED = """async ({ data, headers }) => {
  const { Upload } = await import("/static/vendor/uploadkit.js");
  const blob = new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], "x", { lastModified: 1 });
  const begun = (more) => new Upload(blob, { endpoint: "/uploads", headers, chunkSize: 700000, retryDelays: null, ...more });
  const first = await new Promise((resolve, reject) => {
    const going = begun({ onError: reject, onChunkComplete: (_, done) => { if (done >= 1400000) going.abort().then(() => resolve(going.url)); } });
    going.start();
  });
  const from = [];
  const second = await new Promise((resolve, reject) => {
    const going = begun({
      onError: reject, onSuccess: () => resolve(going.url),
      onBeforeRequest: (request) => from.push([request.getMethod(), request.getHeader("Upload-Offset") ?? null]),
    });
    going.findPreviousUploads().then(([earlier]) => { going.resumeFromPreviousUpload(earlier); going.start(); });
  });
  const other = await new Promise((resolve, reject) => {
    const going = begun({ onError: reject, onChunkComplete: () => going.abort().then(() => resolve(going.url)) });
    going.start();
  });
  await Upload.terminate(other, { headers });
  const gone = (await fetch(other, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } })).status;
  return { first, second, from, gone };
}"""


def test_the_official_javascript_client_resumes(committed_platform: Any, chromium: Any) -> None:
    data = secrets.token_bytes(2_000_000)
    with served() as base:
        token = story.demo_party(base, "jia").token
        window = Visitor(chromium, base, DESK).open("/login")
        said = window.evaluate(
            _RESUMED,
            {"data": base64.b64encode(data).decode(), "headers": {"Authorization": f"Bearer {token}"}},
        )
        assert said["first"] == said["second"] and said["gone"] == 404
        assert said["from"] == [["HEAD", None], ["PATCH", "1400000"]]
        path, length = uploads.find(said["second"].rsplit("/", 1)[1])
        assert length == len(data) and path.read_bytes() == data
        path.unlink()


@contextmanager
def _browser_of(person: Path, chromium: Any, base: str) -> Any:
    """Open a browser whose memory stays when it is closed."""
    context = chromium.browser_type.launch_persistent_context(
        person, executable_path=CHROMIUM, args=QUIET, viewport=DESK, base_url=base
    )
    try:
        yield context.pages[0]
    finally:
        context.close()


class _Line:
    """A slow line to the platform; it loses the second piece, and everything once it is `broken`."""

    def __init__(self, window: Any) -> None:
        self.pieces, self.broken = 0, False
        slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 5_000_000}
        window.context.new_cdp_session(window).send("Network.emulateNetworkConditions", slow)
        window.route("**/uploads/*", self._piece)

    def _piece(self, route: Any) -> None:
        self.pieces += route.request.method == "PATCH"
        lost = self.broken or (self.pieces == 2 and route.request.method == "PATCH")
        route.abort("connectionreset") if lost else route.continue_()


def test_it_goes_on_after_the_browser_was_closed(
    committed_platform: Any, chromium: Any, folder: Path, tmp_path: Path, settings: Any
) -> None:
    settings.FILES = tmp_path / "files"
    tale = Tale(committed_platform, folder).published()
    big = folder / "技术标.bin"
    big.parent.mkdir(parents=True, exist_ok=True)
    big.write_bytes(secrets.token_bytes(20_000_000))
    page, person = f"/work/rounds/{tale.round}/bid", tmp_path / "person"
    with served() as base:
        with _browser_of(person, chromium, base) as window:
            window.goto("/login")
            window.click("[data-fill=jia]")
            window.keyboard.press("Enter")
            window.click("[data-demo-key]")
            window.wait_for_url("**/work")
            window.goto(page)
            line = _Line(window)
            _fill_in(window, [big])
            _opens(window)
            window.click("[data-hand-in]")
            # the second piece was lost, and it went on by itself; held by hand, and let go; then nothing passes any more
            window.locator("[data-sent]", has_text="网络中断").wait_for()
            window.locator("[data-sent]", has_text="正在上传").wait_for()
            window.click("[data-hold]")
            window.locator("[data-sent]", has_text="已暂停").wait_for()
            for size in (DESK, PHONE):
                window.set_viewport_size(size)
                assert window.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            line.broken = True
            window.click("[data-hold]")
            window.locator("[data-sent]", has_text="网络中断").wait_for()
        (begun,) = (settings.FILES / "uploads").glob("*/*")
        came = begun.stat().st_size
        assert 0 < came < 20_000_000

        with _browser_of(person, chromium, base) as window:
            sent: list[int] = []
            window.on(
                "request",
                lambda r: sent.append(int(r.headers["upload-offset"])) if r.method == "PATCH" else None,
            )
            window.goto(page)
            window.locator("[data-kept]", has_text="已上传").wait_for()
            window.click("[data-kept] button:has-text('试开后递交')")
            _opens(window)
            _hand_in(window)
            kept = window.evaluate(
                """async () => { const all = [], root = await (await navigator.storage.getDirectory()).getDirectoryHandle("sealed");
                   for await (const one of root.values()) { const data = await (await (await one.getFileHandle("bid.age")).getFile()).arrayBuffer();
                     all.push([...new Uint8Array(await crypto.subtle.digest("SHA-256", data))].map((b) => b.toString(16).padStart(2, "0")).join("")); }
                   return all; }"""
            )
            assert sent[0] == came
            assert (
                window.evaluate("Object.keys(localStorage).filter((one) => one.startsWith('ggzy-upload'))")
                == []
            )
    bid = Bid.objects.order_by("-pk")[0]
    assert kept == [bid.payload_sha256] and bid.payload_size == files.sealed_path(bid.payload).stat().st_size
    assert not list((settings.FILES / "uploads").glob("*/*"))

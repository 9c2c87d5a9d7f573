"""A response to a research file is sealed and revealed in a real browser; the pages of each side fit, wide and narrow."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ggzy.innovation.models import SealedResponse
from tests.browser.test_roles import Errand
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE
from tests.innovation.test_life import Purchase
from tests.innovation.test_life import _time as moment
from tests.innovation.test_rules import RESPONSE

pytestmark = IN_A_BROWSER


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["wide", "narrow"])
def test_a_response_is_sealed_here_and_revealed_with_its_voucher(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path, viewport: dict[str, int]
) -> None:
    purchase = Purchase(committed_platform)
    purchase.name_group()
    purchase.called("jia").qualified("jia").exchanged("jia")
    at = f"/work/innovations/{purchase.id}"
    buyer = Errand(chromium, live_server.url, "zhaobiao", viewport).sign_in()
    for address in ("/work/innovations", "/work/innovations/new", f"{at}/file", at):
        buyer.visitor.open(address)
        buyer.look()
    purchase.issued()
    jia = Errand(chromium, live_server.url, "jia", viewport).sign_in()
    jia.visitor.open(at)
    said = RESPONSE | {"compensation": "2800000", "first_price": "3800000"}
    for name, text in said.items():
        jia.window.fill(f"[data-part={name}]", text)
    program, drawing = tmp_path / "setup.exe", tmp_path / "总体设计.pdf"
    program.write_bytes(b"MZ..")
    drawing.write_bytes(b"%PDF-1.7 drawing")
    jia.window.set_input_files("[data-part-file]", program)
    jia.window.click("[data-seal-response]")
    jia.window.get_by_text("附件不能是程序或者脚本文件").wait_for()
    jia.window.set_input_files("[data-part-file]", drawing)
    with jia.window.expect_download() as saved:
        jia.window.click("[data-seal-response]")
    voucher = tmp_path / "voucher.json"
    saved.value.save_as(voucher)
    # signing takes its time: the page comes once the digest is signed and sent
    jia.window.click("#seal button[type=submit]")
    jia.window.get_by_role("heading", name="重新封存响应文件").wait_for()
    jia.look()
    held = SealedResponse.objects.get()
    # nothing of the text came to the platform
    assert (held.response, held.salt) == ({}, "")
    row = purchase.seen(purchase.demo("jia"))
    purchase.go(moment(row["sealed_until"]))
    jia.visitor.open(at)
    assert not jia.window.is_visible("#reveal [name=file]")
    jia.window.set_input_files("[data-reveal-response]", voucher)
    jia.window.set_input_files("#reveal [name=file]", drawing)
    jia.look()
    jia.window.click("#reveal button")
    jia.window.get_by_text("已揭示响应文件, 等揭示期满").wait_for()
    jia.look()
    held.refresh_from_db()
    assert held.response == RESPONSE | {
        "compensation": "2800000.00",
        "first_price": "3800000.00",
        "file_name": drawing.name,
        "file_sha256": sha256(drawing.read_bytes()).hexdigest(),
    }
    purchase.go(moment(row["reveal_until"]))
    member = Errand(chromium, live_server.url, "zhuanjia05", viewport)
    member.visitor.sign_in_as(purchase.demo("zhuanjia05").token)
    member.visitor.open(at)
    member.window.click("#talks summary >> nth=0")
    member.look().says("要求提交最终响应文件").says("附件: 总体设计.pdf")
    public = Errand(chromium, live_server.url, "", viewport)
    for address in ("/innovations", f"/innovations/{purchase.id}"):
        public.visitor.open(address)
        public.look()

"""Keys and signatures in a real browser: made there, kept there, used there; nothing of a private key is sent."""

import secrets
from pathlib import Path
from typing import Any

from tests.browser.visitor import DESK, IN_A_BROWSER, Visitor

pytestmark = IN_A_BROWSER


def _signed_in(browser: Any, base: str, username: str) -> Any:
    """Return a window of a demo account that has proved its certificate."""
    visitor = Visitor(browser, base, DESK)
    window = visitor.open("/login")
    window.on("dialog", lambda dialog: dialog.accept())
    window.click(f"[data-fill={username}]")
    window.keyboard.press("Enter")
    window.click("[data-demo-key]")
    window.wait_for_url("**/work")
    return visitor


def _drafted(window: Any) -> str:
    """Register a project and a tender, begin its file; return the tender's id."""
    window.goto("/work/projects/new")
    project = {
        "name": "浏览器签名工程",
        "invest_code": f"2603-370100-04-01-{secrets.randbelow(1_000_000):06d}",
        "approval_document": "训发改审批〔2026〕3号",
        "funds": "财政资金, 已落实",
        "place": "训练市",
        "scale": "一条道路",
    }
    for name, value in project.items():
        window.fill(f"[name={name}]", value)
    window.click("main button[type=submit]")
    window.wait_for_url("**/tenders/new")
    for name, value in {"name": "道路", "budget": "9000000", "duration_days": "200"}.items():
        window.locator(f"[name=lot_{name}]").first.fill(value)
    window.click("main button[type=submit]")
    window.click("button:has-text('提交进场登记')")
    window.click("button:has-text('开始编制')")
    window.wait_for_url("**/document")
    return str(window.url.rsplit("/", 2)[1])


def test_the_owner_signs_the_review_and_publishes(
    committed_platform: Any, live_server: Any, chromium: Any
) -> None:
    owner = _signed_in(chromium, live_server.url, "zhaobiao")
    window = owner.window
    tender = _drafted(window)

    # a refusal stands beside its field, and what was entered is still there
    window.fill("[name=deposit]", "999999")
    window.click("button:has-text('保存招标文件')")
    refused = window.locator("label.field:has([name=deposit]) .trouble")
    assert "2%" in refused.inner_text() and window.input_value("[name=deposit]") == "999999"
    assert any("409" in text for text in owner.complaints)
    owner.complaints.clear()
    window.fill("[name=deposit]", "90000")
    window.click("button:has-text('保存招标文件')")
    window.wait_for_url("**saved=1")

    window.goto(f"/work/tenders/{tender}")
    window.click("button:has-text('送公平竞争审查')")
    window.fill("[name=opinion]", "经审查, 未发现排除、限制竞争的内容")
    window.click("button:has-text('签名并作出结论')")
    window.wait_for_url("**/publish")
    owner.fits("publish")
    window.click("button:has-text('发布公告和招标文件')")
    window.wait_for_url(f"**/work/tenders/{tender}")
    assert "公告及投标中" in window.inner_text("main")

    # three parties make their seeds in their browsers, and find them there again
    window.click("button:has-text('发起专家抽取')")
    window.wait_for_url("**/seed")
    address = window.url
    others = [_signed_in(chromium, live_server.url, name) for name in ("zhongxin", "jiandu")]
    parties = [owner, *others]
    for party in parties:
        party.window.goto(address)
        party.window.click("button:has-text('生成种子并提交承诺')")
        party.window.wait_for_selector("text=承诺已提交")
    for party in parties:
        party.window.goto(address)
        assert len(party.window.input_value("[name=seed]")) == 64
        party.window.click("button:has-text('公开种子')")
        party.window.wait_for_selector("[role=status]")
    assert "名次已算出" in others[-1].window.inner_text("[role=status]")
    assert not [said for party in parties for said in party.complaints]


def test_a_key_made_in_the_browser_signs_in(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    visitor = _signed_in(chromium, live_server.url, "yi")
    window, sent = visitor.window, []
    window.on("request", lambda request: sent.append(request.post_data_buffer or b""))
    window.goto("/certificates")
    with window.expect_download() as saved:
        window.click("[data-make-key]")
    key = tmp_path / "key.pem"
    saved.value.save_as(key)
    assert key.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    window.click("button:has-text('提交申请')")
    window.wait_for_selector("text=证书已签发")
    before = window.locator("tr:has(.badge-good)").inner_text()

    # the key alone is enough to sign in: the page knows which certificate is its own
    window.goto("/login?step=certificate&next=/certificates")
    window.set_input_files("input[type=file]", str(key))
    window.wait_for_url(f"{live_server.url}/certificates")
    assert window.locator("tr:has(.badge-good)").inner_text() != before
    secret = key.read_text().splitlines()[2].encode()
    assert sent and not any(b"PRIVATE" in data or secret in data for data in sent)

    # one file for the command line, put together here
    window.click("summary >> nth=0")
    with window.expect_download() as merged:
        window.set_input_files("[data-merge-key]", str(key))
    merged.value.save_as(tmp_path / "certificate.pem")
    both = (tmp_path / "certificate.pem").read_text()
    assert "BEGIN PRIVATE KEY" in both and "BEGIN CERTIFICATE" in both

    # a stranger's key is told apart before anything is sent
    stranger = tmp_path / "stranger.pem"
    stranger.write_text("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n")
    window.goto("/login?step=certificate")
    window.set_input_files("input[type=file]", str(stranger))
    window.locator("[data-sign-state]", has_text="旧格式").wait_for()
    assert visitor.complaints == []

"""Five experts in five booths at two centres judge three lots at once, blind, in real browsers, to signed reports."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import typst

from ggzy.client import story
from ggzy.client.party import Party
from ggzy.committees import rules
from ggzy.evaluation.models import Draft
from tests.browser.test_desk import _work
from tests.browser.visitor import IN_A_BROWSER, Visitor
from tests.journeys.tale import PRICES, Tale

pytestmark = IN_A_BROWSER

BOOTH = {"width": 1366, "height": 768}
CRITERIA = [
    {"key": "plan", "title": "施工组织设计", "weight": "20", "dark": True, "reasons": True},
    {"key": "team", "title": "项目管理机构", "weight": "10"},
    {
        "key": "deeds",
        "title": "类似业绩",
        "weight": "10",
        "objective": True,
        "facts": {"fact": "performances", "each": "2", "most": "6"},
    },
]

WORK = {"code": "construction", "client": "某建设单位", "amount": "5000000", "finished_on": "2024-11-30"}


def _pdf(path: Path, *pages: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    body = "\n#pagebreak()\n".join(pages)
    path.write_bytes(typst.compile(f"#set page(width: 21cm, height: 29.7cm)\n{body}".encode()))
    return path


def _at_the_desks(tale: Tale, folder: Path) -> list[str]:
    """Take three lots to a committee that was called, sits at two centres, and has not checked in; return usernames."""
    tale.published()
    for name in PRICES:
        for project in ("一号桥", "二号桥"):
            values = {**WORK, "project": project}
            tale.bidder(name).post("/registry/records", {"kind": "performance", "values": values})
    dark = _pdf(folder / "暗标-1.pdf", "Method statement: formwork", "Crane plan")
    for round_id in tale.rounds:
        for name in PRICES:
            pages = [f"Section {n}: {'crane' if n % 3 == 0 else 'concrete'} works" for n in range(1, 13)]
            tech = _pdf(folder / round_id / name / "技术标.pdf", *pages)
            tale.bid(name, round_id=round_id, attachments=[dark, tech], registry=True)
    assert tale.deadline is not None
    tale.platform.sequence()
    tale.platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in PRICES:
        tale.release(name)
    _work(tale.platform)
    for round_id in tale.rounds:
        story.end_opening(tale.owner, round_id)
    cast, partner = tale.platform.cast(), tale.platform.demo("fuchang")
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    plan = {"form": "remote", "hall": "工位评标厅", "seats": 24, "columns": 6}
    plan["sub_sites"] = [{"centre": partner.uscc, "members": 2}]
    main, away = tale.owner.post(f"/draws/{tale.draw}/meeting", plan)["sites"]
    room = {"accept": True, "hall": "二楼评标厅", "seats": 12, "columns": 4}
    partner.post(f"/sites/{away['site']}/answer", room)
    for centre, site in ((tale.platform.demo("zhongxin"), main), (partner, away)):
        centre.post(f"/sites/{site['site']}/checks", {"checks": list(rules.CHECKS)})
    tale.first = {"main": main["site"], "away": away["site"]}
    return [e.name for e in story.answer_calls(cast)[tale.draw]]


def _booth(browser: Any, base: str, username: str) -> Visitor:
    booth = Visitor(browser, base, BOOTH)
    booth.window.set_default_timeout(10_000)
    window = booth.open("/login")
    window.on("dialog", lambda dialog: dialog.accept())
    window.fill("[name=username]", username)
    window.fill("[name=password]", "training-2026")
    window.keyboard.press("Enter")
    window.click("[data-demo-key]")
    window.wait_for_url("**/work")
    return booth


def _check_in(tale: Tale, booth: Visitor, site: str) -> bool:
    """Check in, swear and draw a seat; False for who has to stand aside."""
    window = booth.open(f"/work/draws/{tale.draw}/check-in")
    window.check("[name=avoid][value=no]")
    with window.expect_navigation():
        window.click("main button:has-text('签到')")
    if window.get_by_text("您已回避").count():
        return False
    window.check(f"[name=site][value='{site}']")
    with window.expect_navigation():
        window.click("main button:has-text('签署承诺书并抽取席位')")
    assert "号" in window.inner_text("main h2")
    return True


def _hand_in(window: Any, label: str) -> None:
    with window.expect_navigation():
        window.keyboard.press("Control+Enter")
    assert label in window.inner_text("main"), window.inner_text("main")[:600]


def test_five_booths_three_lots_blind_to_signed_reports(
    committed_platform: Any, live_server: Any, chromium: Any, tmp_path: Path
) -> None:
    tale = Tale(committed_platform, tmp_path, lots=3, method="comprehensive", changes={"criteria": CRITERIA})
    waiting = _at_the_desks(tale, tmp_path)
    booths: list[Visitor] = []
    people: list[Party] = []
    came: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        came.add(name)
        booth = _booth(chromium, live_server.url, name)
        if _check_in(tale, booth, tale.first["away" if len(booths) < 2 else "main"]):
            booths.append(booth)
            people.append(committed_platform.demo(name))
            continue
        # who stands aside is followed by the next in rank; who has checked in still counts as accepted
        called = story.answer_calls(committed_platform.cast())[tale.draw]
        waiting += [e.name for e in called if e.name not in came | set(waiting)]
    assert len(booths) == 5
    tale.owner.post(f"/draws/{tale.draw}/committee")
    _work(committed_platform)
    code = people[0].get(f"/draws/{tale.draw}/meeting")["code"]
    for booth in booths:
        window = booth.open(f"/work/rounds/{tale.round}/desk")
        window.check(f"[name=choice][value='{code}']")
        with window.expect_navigation():
            window.click("main button:has-text('投票')")

    # one by one with the keyboard: each bid's six requirements, and on to the next bid by itself
    for n, booth in enumerate(booths):
        for round_id in tale.rounds:
            if round_id != tale.rounds[n % 3]:
                _all_pass(people[n], round_id)
                continue
            window = booth.open(f"/work/rounds/{round_id}/desk")
            window.keyboard.press("ArrowDown")
            for _ in range(3 * 6):
                window.keyboard.press("1")
            assert "已评 18 / 18 项" in window.inner_text("[data-done]")
            _hand_in(window, "初步评审表已提交")

    # scores: the dark part by codes of one's own, an objective item from the records, reasons; kept over a crash
    first = booths[0].open(f"/work/rounds/{tale.round}/desk")
    _read(booths[0], first)
    first.keyboard.press("ArrowDown")
    first.keyboard.type("17")
    first.keyboard.press("Enter")
    first.keyboard.type("方案可行, 吊装措施完整")
    first.get_by_text("已保存").wait_for()
    assert Draft.objects.get().kind == "scores"
    first.reload()
    first.locator("[data-entries] button").first.click()
    assert first.locator("[name^='score:']").first.input_value() == "17"
    # a broken line is said and mended
    first.context.set_offline(True)
    first.locator("[name^='score:']").first.fill("18")
    first.get_by_text("正在重试").wait_for()
    first.context.set_offline(False)
    first.get_by_text("已保存").wait_for()
    booths[0].complaints.clear()
    codes = []
    for booth in booths:
        for round_id in tale.rounds:
            window = booth.open(f"/work/rounds/{round_id}/desk")
            own = window.locator("[data-entries] button span:first-child").all_inner_texts()[:3]
            codes.append(own)
            _score(window)
            _hand_in(window, "打分表已提交")
    # every member has names of its own for the three bids of every lot; that one of theirs is another's for another bid is chance
    assert [len(set(own)) for own in codes] == [3] * 15 and len({frozenset(own) for own in codes}) == 15
    assert not Draft.objects.exists()
    for n, booth in enumerate(booths):
        for round_id in tale.rounds:
            if round_id != tale.rounds[n % 3]:
                people[n].post(f"/rounds/{round_id}/summary")
                continue
            window = booth.open(f"/work/rounds/{round_id}/desk")
            with window.expect_navigation():
                window.click("button:has-text('确认本人打分')")
    for n, booth in enumerate(booths):
        for round_id in tale.rounds:
            if round_id != tale.rounds[n % 3]:
                story.sign_report([people[n]], round_id)
                continue
            window = booth.open(f"/work/rounds/{round_id}/desk")
            with window.expect_navigation():
                window.click("button:has-text('签署评标报告')")
            assert "评标报告已签署" in window.inner_text("main")
    assert [tale.stage(n) for n in range(3)] == ["REPORTED"] * 3
    assert [said for booth in booths for said in booth.complaints] == []


def _all_pass(member: Party, round_id: str) -> None:
    desk = member.get(f"/rounds/{round_id}/desk")
    row = {r["key"]: {"passes": True, "reason": ""} for r in desk["document"]["requirements"]}
    member.post(f"/rounds/{round_id}/preliminary", {"results": {b["bid"]: row for b in desk["bids"]}})


def _score(window: Any) -> None:
    """Fill in what is empty, with the keyboard alone: points, then the reason where one is asked for."""
    window.locator("[data-entries] button").first.click()
    window.keyboard.press("ArrowDown")
    for _ in range(3):
        window.keyboard.type("18")
        window.keyboard.press("Enter")
        window.keyboard.type("方案可行")
        window.keyboard.press("Enter")
    for _ in range(3):
        window.keyboard.type("8")
        window.keyboard.press("Enter")
        window.keyboard.press("Enter")  # what the records give stands
    assert "已评 9 / 9 项" in window.inner_text("[data-done]")


def _read(booth: Visitor, window: Any) -> None:
    """Read in the page: pages drawn, a word found and gone through, two files beside each other, nothing to download."""
    window.locator(".pdf-page canvas").first.wait_for()
    window.locator("[data-entries] button").nth(3).click()
    assert "登记业绩2项, 每项2分, 最多6分, 得4分" in window.inner_text("#sheet")
    window.get_by_text("/ 12").first.wait_for()
    window.keyboard.press("/")
    window.keyboard.type("crane works")
    window.get_by_text("1/4").wait_for()
    window.keyboard.press("Enter")
    window.get_by_text("2/4").wait_for()
    window.locator(".hit-now").first.wait_for()
    window.keyboard.press("Escape")
    window.keyboard.press("s")
    window.locator(".pane").nth(1).locator("canvas").first.wait_for()
    window.keyboard.press("s")
    booth.fits("desk")
    reply = window.request.get(window.locator(".pane select[aria-label$=文件]").first.input_value())
    assert (
        reply.headers["cache-control"] == "no-store"
        and "attachment" not in reply.headers["content-disposition"]
    )
    window.keyboard.press("?")
    assert "下一个 / 上一个投标" in window.inner_text("dialog")
    window.keyboard.press("Escape")
    window.locator("[data-entries] button").first.click()

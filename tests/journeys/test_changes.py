"""The date engine as its users live it: look, confirm, done; and every way in which it says no."""

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ggzy.client import story
from ggzy.client.party import Party
from ggzy.kernel.clock import BEIJING
from tests.journeys.tale import Tale
from tests.journeys.test_after_the_report import verified
from tests.journeys.test_whole_tender import no

pytestmark = pytest.mark.journey


def look(party: Party, tale: Tale, **wish: Any) -> dict[str, Any]:
    """Return the plan of a wish."""
    return dict(party.post(f"/tenders/{tale.tender['tender']}/changes/look", wish))


def change(party: Party, tale: Tale, **wish: Any) -> dict[str, Any]:
    """Look at a change and confirm it as it was shown."""
    evidence = wish.pop("evidence", [])
    plan = look(party, tale, **wish)
    body = wish | {"confirmed": plan["confirm"], "evidence": evidence}
    party.post(f"/tenders/{tale.tender['tender']}/changes", body)
    return plan


def deadline_of(tale: Tale, number: int = 0) -> datetime:
    """Return the published deadline of a lot."""
    rounds = tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"]
    return datetime.fromisoformat(rounds[number]["bid_deadline"])


def titles(party: Party) -> list[str]:
    """Return what a party was told, newest first."""
    return [m["title"] for m in party.get("/messages")["messages"]]


def test_a_deadline_moves_back_with_all_that_hangs_on_it(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, lots=2).published()
    jia, yi = tale.bidder("jia"), tale.bidder("yi")
    jia.post(f"/tenders/{tale.tender['tender']}/file/takings")
    old = deadline_of(tale)
    no(
        look,
        jia,
        tale,
        kind="postpone",
        text="想晚些",
        new_deadline=old.isoformat(),
        code="permission.denied",
    )
    earlier = (old - timedelta(days=1)).isoformat()
    no(
        look,
        tale.owner,
        tale,
        kind="postpone",
        text="提前开标",
        new_deadline=earlier,
        code="changes.deadline_only_later",
    )
    same = old.isoformat()
    no(look, tale.owner, tale, kind="postpone", text="不变", new_deadline=same, code="input.invalid")
    no(
        look,
        tale.owner,
        tale,
        kind="postpone",
        text="原时间不变",
        new_deadline=same,
        code="changes.nothing_changes",
    )
    no(look, tale.owner, tale, kind="postpone", text="没有时间", code="input.invalid")
    new = (old + timedelta(days=5)).isoformat()
    wish = {"kind": "postpone", "text": "场地冲突, 顺延开标", "new_deadline": new}
    plan = look(tale.owner, tale, **wish)
    sorts = {c["sort"] for c in plan["consequences"]}
    assert {"time", "clock", "money", "notice", "message", "bids"} <= sorts
    assert all(c["clause"] for c in plan["consequences"] if c["sort"] in {"time", "clock"})
    assert deadline_of(tale) == old, "looking changes nothing"
    body = wish | {"confirmed": "0" * 64}
    no(tale.owner.post, f"/tenders/{tale.tender['tender']}/changes", body, code="changes.plan_changed")
    assert deadline_of(tale) == old
    change(tale.owner, tale, **wish)
    assert deadline_of(tale) == deadline_of(tale, 1) == datetime.fromisoformat(new)
    assert "延期公告" in titles(jia)[0]
    assert not any("延期" in t for t in titles(yi)), "who did not take the file is not told"
    # the old clock closes nothing
    platform.advance(old + timedelta(seconds=1))
    assert tale.stage() == "OPEN_FOR_BID"
    for name in ("jia", "yi", "bing"):
        for round_id in tale.rounds:
            tale.bid(name, round_id=round_id)
    platform.advance(datetime.fromisoformat(new) + timedelta(seconds=1))
    assert tale.stage() == "CLOSED"
    no(look, tale.owner, tale, **wish, code="changes.nothing_changes")
    verified(tale)


def test_questions_are_nameless_and_answers_go_to_everybody(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    path = f"/tenders/{tale.tender['tender']}"
    jia, yi, bing = (tale.bidder(n) for n in ("jia", "yi", "bing"))
    no(tale.owner.post, f"{path}/questions", {"text": "自问自答可以吗"}, code="permission.denied")
    no(jia.post, f"{path}/questions", {"text": "?"}, code="input.invalid")
    no(jia.post, f"{path}/questions", {"text": f"我们{jia.name}能否分包"}, code="input.invalid")
    first = jia.post(f"{path}/questions", {"text": "是否接受进口设备?"})["question"]
    yi.post(f"{path}/questions", {"text": "地勘报告何时提供?"})
    bing.post(f"{path}/file/takings")
    seen = tale.owner.get(f"{path}/questions")
    assert {q["text"] for q in seen["open"]} == {"是否接受进口设备?", "地勘报告何时提供?"}
    assert set(seen["open"][0]) == {"question", "text", "asked_on"} and not seen["own"]
    for other in (platform.demo("zhongxin"), platform.demo("jiandu"), platform.anonymous(), bing):
        got = other.get(f"{path}/questions")
        assert not got["open"] and not got["own"] and not got["answered"]
    no(look, tale.owner, tale, kind="clarify", code="input.invalid")
    no(
        change,
        tale.owner,
        tale,
        kind="clarify",
        answers={"0" * 32: "不接受"},
        code="input.invalid",
    )
    change(
        tale.owner, tale, kind="clarify", text="对一个问题的答复", answers={first: "接受, 但应满足技术标准"}
    )
    for party in (jia, yi, bing):
        assert "澄清答疑公告" in titles(party)[0]
        assert [a["answer"] for a in party.get(f"{path}/questions")["answered"]] == ["接受, 但应满足技术标准"]
    file = platform.anonymous().get(f"{path}/file")
    assert file["version"] == 2 and file["addendum"]["answers"][0]["question"] == "是否接受进口设备?"
    no(
        change,
        tale.owner,
        tale,
        kind="clarify",
        text="再答一次",
        answers={first: "改口"},
        code="input.invalid",
    )
    tale.deadline = deadline_of(tale)
    verified_before_the_deadline(tale)


def verified_before_the_deadline(tale: Tale) -> None:
    """Who took and asked is in no pack of any level."""
    tale.platform.sequence()
    for level, party in (("party", tale.owner), ("supervisor", tale.platform.cast().supervisor)):
        text = str(party.get(f"/evidence/{tale.tender['ocid']}?level={level}"))
        assert "inquiries." not in text and tale.bidder("jia").uscc not in text


def test_a_change_close_to_the_deadline_proposes_the_extension_the_law_demands(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    path = f"/tenders/{tale.tender['tender']}"
    tale.bid("jia")
    platform.advance(tale.deadline - timedelta(days=10))
    file = story.document(deposit=100000, method=tale.method) | {"bid_validity_days": 120}
    no(tale.bidder("jia").post, f"{path}/questions", {"text": ""}, code="input.invalid")
    tale.owner.ask("PUT", f"{path}/document", {"document": {**file, "deposit": "100000"}})
    wish = {"kind": "clarify", "text": "投标有效期改为120日"}
    plan = look(tale.owner, tale, **wish)
    assert len(plan["demands"]) == 2, "no review of this state, and too little time"
    no(change, tale.owner, tale, **wish, code="changes.extension_needed")
    story.conclude(tale.owner, tale.tender["tender"])
    plan = look(tale.owner, tale, **wish)
    [demand] = plan["demands"]
    assert "15日" in demand["says"] and "第二十一条" in demand["clause"]
    proposal = datetime.fromisoformat(plan["proposal"])
    assert (proposal.astimezone(BEIJING).date() - platform.now.astimezone(BEIJING).date()).days >= 15
    day_short = proposal - timedelta(days=2)
    if day_short < datetime.fromisoformat(plan["earliest"]):
        no(
            change,
            tale.owner,
            tale,
            **wish,
            new_deadline=day_short.isoformat(),
            code="changes.extension_needed",
        )
    assert platform.anonymous().get(f"{path}/file")["version"] == 1
    change(tale.owner, tale, **wish, new_deadline=proposal.isoformat())
    assert platform.anonymous().get(f"{path}/file")["version"] == 2
    assert deadline_of(tale) == proposal
    tale.deadline = proposal
    for name in ("yi", "bing"):
        tale.bid(name)
    platform.advance(proposal + timedelta(seconds=1))
    tale.owner.post(f"{path}/opening")
    for name in ("jia", "yi", "bing"):
        tale.release(name)
    platform.work()
    verified(tale)


def test_an_objection_to_the_file_stops_the_opening_until_it_is_answered(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    jia, path = tale.bidder("jia"), f"/rounds/{tale.round}/file-objections"
    no(tale.owner.post, path, {"text": "自己异议"}, code="permission.denied")
    no(jia.post, path, {"text": " "}, code="input.invalid")
    raised = jia.post(path, {"text": "资质要求过高, 排斥潜在投标人"})
    assert raised["late"] is False
    state = tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"][0]
    assert state["holds"] == ["objection"]
    for viewer in (tale.owner, platform.demo("jiandu")):
        [seen] = viewer.get(f"/rounds/{tale.round}/objections")["objections"]
        assert seen["text"] and seen["objector"] is None
    [own] = jia.get(f"/rounds/{tale.round}/objections")["objections"]
    assert own["objector"] == jia.name
    for name in ("jia", "yi", "bing"):
        tale.bid(name)
    platform.advance(tale.deadline + timedelta(seconds=1))
    assert tale.stage() == "CLOSED"
    no(tale.owner.post, f"/tenders/{tale.tender['tender']}/opening", code="procedure.move_not_allowed")
    no(jia.post, path, {"text": "再提一次"}, code="procedure.move_not_allowed")
    tale.owner.post(f"/objections/{raised['objection']}/answer", {"answer": "资质要求与规模相适应"})
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    [seen] = tale.owner.get(f"/rounds/{tale.round}/objections")["objections"]
    assert seen["objector"] == jia.name, "after the opening the name may be known"


def test_a_late_objection_to_the_file_is_answered_but_stops_nothing(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    platform.advance(tale.deadline - timedelta(days=9))
    raised = tale.bidder("jia").post(f"/rounds/{tale.round}/file-objections", {"text": "工期太短"})
    assert raised["late"] is True
    assert tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"][0]["holds"] == []
    tale.owner.post(f"/objections/{raised['objection']}/answer", {"answer": "工期经测算合理"})
    no(
        tale.owner.post,
        f"/objections/{raised['objection']}/answer",
        {"answer": "再答"},
        code="input.invalid",
    )


def test_a_tender_is_suspended_with_a_provisional_deadline_and_resumed(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    jia, old = tale.bidder("jia"), deadline_of(tale)
    tale.bid("jia")
    no(look, jia, tale, kind="suspend", ground="other", text="不想继续", code="permission.denied")
    no(look, tale.owner, tale, kind="suspend", ground="mood", text="心情不好", code="input.invalid")
    no(look, tale.owner, tale, kind="resume", text="没有暂停过", code="not_found")
    platform.advance(old - timedelta(hours=12))
    change(tale.owner, tale, kind="suspend", ground="answer", text="核实地质资料")
    provisional = deadline_of(tale)
    assert provisional >= old + timedelta(days=7)
    assert "暂停公告" in titles(jia)[0]
    no(
        look,
        tale.owner,
        tale,
        kind="suspend",
        ground="answer",
        text="再次暂停",
        code="changes.nothing_changes",
    )
    no(look, platform.demo("jiandu"), tale, kind="resume", text="监督恢复", code="permission.denied")
    platform.advance(old + timedelta(days=2))
    early = (platform.now + timedelta(hours=3)).isoformat()
    plan = look(tale.owner, tale, kind="resume", text="地质资料已核实", new_deadline=early)
    assert plan["demands"] and plan["proposal"]
    no(
        change,
        tale.owner,
        tale,
        kind="resume",
        text="已核实完毕",
        new_deadline=early,
        code="changes.extension_needed",
    )
    change(tale.owner, tale, kind="resume", text="地质资料已核实", new_deadline=plan["proposal"])
    assert deadline_of(tale) == datetime.fromisoformat(plan["proposal"])
    assert tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"][0]["holds"] == []
    for name in ("yi", "bing"):
        tale.bid(name)
    platform.advance(deadline_of(tale) + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    verified(tale)


def test_an_order_of_the_supervisor_is_lifted_by_the_supervisor_alone(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).in_publicity()
    supervisor = platform.demo("jiandu")
    change(supervisor, tale, kind="suspend", ground="order", text="投诉处理期间责令暂停")
    platform.advance(tale.publicity_ends + timedelta(seconds=1))
    assert tale.stage() == "CAND_PUB"
    no(look, tale.owner, tale, kind="resume", text="我们恢复", code="permission.denied")
    change(supervisor, tale, kind="resume", text="投诉处理完毕, 不影响结果")
    platform.advance(platform.now + timedelta(seconds=1))
    assert tale.stage() == "CAND_END"


def test_a_tender_is_terminated_and_its_bids_stay_sealed_for_good(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).sealed()
    no(
        look,
        platform.demo("daili"),
        tale,
        kind="terminate",
        ground="force",
        text="代理想终止",
        code="permission.denied",
    )
    no(look, tale.owner, tale, kind="terminate", ground="", text="没有情形", code="input.invalid")
    no(look, tale.owner, tale, kind="terminate", ground="force", text="", code="input.invalid")
    change(tale.owner, tale, kind="terminate", ground="cancelled", text="投资计划调整, 项目取消")
    assert tale.stage() == "TERMINATED"
    assert "终止公告" in titles(tale.bidder("jia"))[0]
    platform.advance(tale.deadline + timedelta(seconds=1))
    assert tale.stage() == "TERMINATED"
    no(tale.owner.post, f"/tenders/{tale.tender['tender']}/opening", code="opening.nothing_to_open")
    no(tale.bid, "jia", code="bidding.too_late")
    no(
        look,
        tale.owner,
        tale,
        kind="terminate",
        ground="force",
        text="再终止一次",
        code="changes.nothing_changes",
    )
    text = str(platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public"))
    assert tale.bidder("jia").uscc not in text


def test_a_draw_for_a_date_that_moved_is_given_up_and_drawn_again(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    cast = platform.cast()
    first = story.draw(tale.owner, cast, tale.tender["tender"])
    story.answer_calls(cast)
    new = (deadline_of(tale) + timedelta(days=3)).isoformat()
    plan = change(tale.owner, tale, kind="postpone", text="会议室不可用", new_deadline=new)
    assert any(c["sort"] == "draw" for c in plan["consequences"])
    assert platform.anonymous().get(f"/draws/{first}")["state"] == "cancelled"
    assert not [c for e in cast.experts for c in e.get("/calls")["calls"] if c["draw"] == first]
    second = story.draw(tale.owner, cast, tale.tender["tender"])
    assert second != first


def test_trouble_while_bids_come_in_gives_the_last_day_back(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    centre, old = platform.demo("zhongxin"), deadline_of(tale)
    platform.advance(old - timedelta(hours=3))
    wish = {"kind": "outage", "ground": "network", "text": "运营商线路中断, 无法上传"}
    no(look, centre, tale, **wish, code="input.invalid")
    began = (platform.now - timedelta(minutes=20)).isoformat()
    no(look, tale.bidder("jia"), tale, **wish, started_at=began, code="permission.denied")
    late = (platform.now + timedelta(hours=1)).isoformat()
    no(change, centre, tale, **wish, started_at=late, code="input.invalid")
    proof = [{"name": "监控截图.png", "data": "aGVsbG8="}]
    change(centre, tale, **wish, started_at=began, evidence=proof)
    assert deadline_of(tale) >= old + timedelta(hours=24)
    assert "系统故障" in titles(tale.owner)[0]
    for name in ("jia", "yi", "bing"):
        tale.bid(name)  # bids are never refused for it
    platform.advance(old + timedelta(hours=1))
    assert tale.stage() == "OPEN_FOR_BID"
    change(centre, tale, kind="end_outage", text="线路已恢复并测试正常")
    no(look, centre, tale, kind="end_outage", text="再恢复一次", code="not_found")
    platform.advance(deadline_of(tale) + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    seen = centre.get(f"/tenders/{tale.tender['tender']}/changes")
    assert seen["outages"][0]["files"][0]["name"] == "监控截图.png" and not seen["standing"]["outage"]
    verified(tale)


def test_an_opening_is_paused_and_nobody_loses_a_second(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, changes={"remedy_minutes": 20}).opened()
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    ends = datetime.fromisoformat(hall["window_ends_at"])
    platform.advance(platform.now + timedelta(minutes=10))
    tale.release("jia")
    began = platform.now.isoformat()
    wish = {"kind": "outage", "ground": "ca", "text": "签名服务中断", "started_at": began}
    change(tale.owner, tale, **wish)
    left = ends - platform.now
    no(tale.release, "yi", code="procedure.move_not_allowed")
    platform.advance(ends + timedelta(hours=2))
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    assert not hall["shown_at"] and {b["state"] for b in hall["bids"]} == {"opened", "waiting"}
    change(tale.owner, tale, kind="end_outage", text="签名服务已恢复")
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    again = datetime.fromisoformat(hall["window_ends_at"]) - platform.now
    assert abs(left + timedelta(minutes=20) - again) < timedelta(minutes=1)
    for name in ("yi", "bing"):
        tale.release(name)
    platform.work()
    story.end_opening(tale.owner, tale.round)
    waiting = tale.owner.get(f"/rounds/{tale.round}/opening/record")["to_sign"]
    record = json.loads(base64.b64decode(waiting))
    assert record["interruptions"][0]["reason"] == "签名服务已恢复"
    verified(tale)


def test_an_evaluation_stands_still_while_the_power_is_out(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    began = platform.now.isoformat()
    change(tale.owner, tale, kind="outage", ground="power", text="评标区停电", started_at=began)
    no(
        tale.members[0].post,
        f"/rounds/{tale.round}/preliminary",
        {"results": {}},
        code="procedure.move_not_allowed",
    )
    change(tale.owner, tale, kind="end_outage", text="供电恢复, 已提交内容完好")
    story.evaluate(tale.members, tale.round)
    assert tale.stage() == "REPORTED"


def test_a_bid_made_against_an_old_version_is_warned_of_before_it_is_taken(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    path = f"/tenders/{tale.tender['tender']}/file"
    first = platform.anonymous().get(path)["sha256"]
    tale.bid("jia", tender_file=first)
    change(tale.owner, tale, kind="clarify", text="补充说明: 不改变要求")
    no(tale.bid, "jia", tender_file=first, code="bidding.old_tender_file")
    no(tale.bid, "yi", tender_file=first, code="bidding.old_tender_file")
    tale.bid("yi", tender_file=first, old_file=True)
    tale.bid("jia", tender_file=platform.anonymous().get(path)["sha256"])
    tale.bid("bing")
    platform.advance(tale.deadline + timedelta(seconds=1))
    no(tale.bid, "ding", price=1, tender_file=first, code="bidding.too_late")


def test_booked_rooms_follow_the_opening_or_are_given_back(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder)
    tale.prepared()
    deadline = (
        (platform.now + timedelta(days=24))
        .astimezone(BEIJING)
        .replace(hour=10, minute=0, second=0, microsecond=0)
    )
    story.publish(tale.owner, tale.tender["tender"], deadline=deadline)
    centre, tender = platform.demo("zhongxin"), tale.tender["tender"]
    room = next(r for r in platform.read_json("/api/v1/rooms")["rooms"] if r["kind"] == "opening")
    booking = {
        "tender": tender,
        "rounds": tale.rounds,
        "room": room["room"],
        "purpose": "opening",
        "start": deadline.isoformat(),
        "end": (deadline + timedelta(hours=2)).isoformat(),
    }

    def booked() -> list[dict[str, Any]]:
        span = urlencode(
            {"start": platform.now.isoformat(), "end": (deadline + timedelta(days=9)).isoformat()}
        )
        return [b for b in centre.get(f"/bookings?{span}")["bookings"] if b["tender"] == tender]

    centre.post("/bookings", booking)
    new = (deadline + timedelta(days=1)).isoformat()
    plan = change(tale.owner, tale, kind="postpone", text="专家不足, 顺延一天", new_deadline=new)
    [moved] = [c for c in plan["consequences"] if c["sort"] == "room"]
    assert room["name"] in moved["says"] and moved["after"] != "释放"
    [seen] = booked()
    assert datetime.fromisoformat(seen["start"]) == datetime.fromisoformat(new)
    public = platform.anonymous().get(f"/tenders/{tender}/changes")
    assert public["changes"] and not public["changes"][0]["consequences"]
    plan = change(tale.owner, tale, kind="terminate", ground="force", text="不可抗力, 终止招标")
    assert any(c["sort"] == "room" and c["after"] == "释放" for c in plan["consequences"])
    assert not booked()


def test_an_opening_in_which_nothing_opens_ends_as_a_failure(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).opened()
    path, why = f"/rounds/{tale.round}/opening/failure", {"text": "三家均未在时限内解密"}
    no(tale.owner.post, path, why, code="opening.cannot_end_yet")
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    platform.advance(datetime.fromisoformat(hall["window_ends_at"]) + timedelta(seconds=1))
    no(story.end_opening, tale.owner, tale.round, code="opening.cannot_end_yet")
    no(tale.bidder("jia").post, path, why, code="permission.denied")
    no(tale.owner.post, path, {"text": " "}, code="input.invalid")
    raised = tale.bidder("jia").post(f"/rounds/{tale.round}/opening/objections", {"text": "网络不通"})
    no(tale.owner.post, path, why, code="opening.cannot_end_yet")
    tale.owner.post(f"/opening-objections/{raised['objection']}/answer", {"text": "已核实"})
    tale.owner.post(path, why)
    assert tale.stage() == "FAILED"
    no(tale.owner.post, path, why, code="procedure.move_not_allowed")
    assert tale.owner.post(f"/rounds/{tale.round}/next")["number"] == 2
    verified(tale)


def test_with_one_bid_opened_an_opening_goes_on(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).shown()
    why = {"text": "不满意, 想重来"}
    no(tale.owner.post, f"/rounds/{tale.round}/opening/failure", why, code="opening.cannot_end_yet")
    assert tale.stage() == "OPENING"

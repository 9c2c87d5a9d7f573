"""Complaints 投诉 told whole: after an objection or a challenge, to the department, with an order, to a published decision."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.client import story
from ggzy.complaints.models import Complaint, ComplaintEvent
from tests.api.test_refusals import no
from tests.journeys.tale import Tale
from tests.objections.test_challenges import LETTER, announced, holds

pytestmark = pytest.mark.journey
SAID = {"text": "评标委员会未按规定否决", "facts": "见公示内容第二条", "request": "责令重新评标"}


def step(party: Any, complaint: str, code: str, **said: Any) -> dict[str, Any]:
    return dict(party.post(f"/complaints/{complaint}/steps/{code}", {"text": "理由见卷宗", **said}))


def refused(party: Any, complaint: str, code: str, *, answer: str, **said: Any) -> None:
    no(party.post, f"/complaints/{complaint}/steps/{code}", {"text": "理由见卷宗", **said}, code=answer)


def objected(tale: Tale, bidder: Any) -> None:
    """Object to the result and be answered."""
    made = bidder.post(f"/rounds/{tale.round}/objections", {"text": "对排序有异议"})["objection"]
    tale.owner.post(f"/objections/{made}/answer", {"answer": "评审符合招标文件", "upheld": False})


def test_a_complaint_of_the_result_from_the_objection_to_the_published_decision(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).in_publicity()
    bidder, department, filing = (
        tale.bidder("yi"),
        platform.demo("jiandu"),
        f"/rounds/{tale.round}/complaints",
    )
    said = {"matter": "result", **SAID}
    no(bidder.post, filing, said, code="complaints.object_first")
    raised = bidder.post(f"/rounds/{tale.round}/objections", {"text": "对排序有异议"})["objection"]
    no(bidder.post, filing, said, code="complaints.object_first")
    tale.owner.post(f"/objections/{raised}/answer", {"answer": "评审符合招标文件", "upheld": False})
    complaint = bidder.post(filing, said)["complaint"]
    no(bidder.post, filing, said, code="complaints.complained_before")
    # nothing stops by it, and the owner side hears of it when it is accepted
    assert holds(tale) == []
    no(tale.owner.get, f"/complaints/{complaint}", code="not_found")
    no(tale.bidder("jia").get, f"/complaints/{complaint}", code="not_found")
    no(platform.demo("caizheng").get, f"/complaints/{complaint}", code="not_found")
    # told once what is lacking, mended, accepted
    step(department, complaint, "ask_correction")
    refused(tale.bidder("jia"), complaint, "correct", answer="not_found")
    step(bidder, complaint, "correct", text="补充公示截图")
    refused(department, complaint, "ask_correction", answer="input.invalid")
    refused(platform.demo("caizheng"), complaint, "accept", answer="permission.denied")
    due = step(department, complaint, "accept")["due_at"]
    assert step(tale.owner, complaint, "state", text="评审过程合法")["state"] == "handling"
    # an order holds everything, thirty days in all at most, and ends by itself
    refused(department, complaint, "order", answer="complaints.order_too_long", days=31)
    step(department, complaint, "order", days=10)
    assert holds(tale) == ["complaint"]
    refused(department, complaint, "order", answer="input.invalid", days=5)
    platform.advance(tale.publicity_ends + timedelta(days=2))
    assert tale.stage() == "CAND_PUB"
    platform.advance(platform.now + timedelta(days=10))
    assert holds(tale) == []
    assert tale.stage() == "CAND_END"
    refused(department, complaint, "order", answer="complaints.order_too_long", days=21)
    # experts look at it: their days do not count
    step(department, complaint, "stop_clock", choice="experts")
    platform.advance(platform.now + timedelta(days=5))
    assert step(department, complaint, "start_clock")["due_at"] > due
    step(department, complaint, "extend")
    # asked back, and not allowed: what is unlawful is looked at all the same
    step(bidder, complaint, "ask_withdrawal")
    refused(department, complaint, "decide", answer="complaints.step_not_allowed")
    step(department, complaint, "deny_withdrawal")
    decided = {
        "choice": "unfounded",
        "number": "训住建投决〔2026〕3号",
        "text": "查无实据。电话13812345678。",
    }
    refused(department, complaint, "decide", answer="input.invalid", **decided, remedy="annul")
    step(department, complaint, "decide", **decided)
    notice = step(department, complaint, "publish")["notice"]
    body = platform.anonymous().get(f"/notices/{notice}")["body"]
    assert (body["complainant"], body["decision"]) == (bidder.name, "投诉不属实, 驳回")
    assert "138****5678" in body["text"] and "13812345678" not in str(body)
    step(department, complaint, "close")
    refused(department, complaint, "close", answer="complaints.step_not_allowed")
    assert "ask_correction" not in {e["label"] for e in tale.owner.get(f"/complaints/{complaint}")["events"]}


def test_a_complaint_that_nobody_decides_on_is_accepted_by_itself_and_warns(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).in_publicity()
    objected(tale, tale.bidder("yi"))
    bidder, filing = tale.bidder("yi"), f"/rounds/{tale.round}/complaints"
    made = bidder.post(filing, {"matter": "result", **SAID})
    row = Complaint.objects.get(public_id=made["complaint"])
    platform.advance(row.accept_due_at - timedelta(seconds=1))
    row.refresh_from_db()
    assert row.state == "received"
    refused(platform.demo("jiandu"), row.public_id, "pass_on", answer="input.invalid", to="")
    platform.advance(row.accept_due_at)
    row.refresh_from_db()
    assert (row.state, row.level) == ("handling", "calm")
    colours = []
    while row.level != "red":
        platform.advance(platform.now + timedelta(days=1))
        row.refresh_from_db()
        colours.append(row.level)
    assert list(dict.fromkeys(colours)) == ["calm", "blue", "yellow", "orange", "red"]
    assert platform.now - timedelta(days=1) < row.due_at <= platform.now
    # each colour is told once; the head hears of the last two beside the department
    told = [m["title"] for m in platform.demo("jiandu").get("/messages")["messages"] if "预警" in m["title"]]
    assert [sum(word in title for title in told) for word in ("蓝色", "黄色", "橙色", "红色")] == [1, 1, 2, 2]
    assert [r["id"] for r in platform.demo("jiandu").get("/complaints?level=red")["complaints"]] == [
        row.public_id
    ]


def test_too_late_is_too_late(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).in_publicity()
    objected(tale, tale.bidder("yi"))
    platform.advance(platform.now + timedelta(days=16))
    filing = f"/rounds/{tale.round}/complaints"
    no(tale.bidder("yi").post, filing, {"matter": "result", **SAID}, code="complaints.too_late")
    other = {"matter": "other", **SAID, "known_on": (platform.now - timedelta(days=14)).date().isoformat()}
    no(tale.bidder("yi").post, filing, other, code="complaints.too_late")
    today = platform.now.date().isoformat()
    assert tale.bidder("yi").post(filing, {**other, "known_on": today})["state"] == "received"


def test_before_the_opening_nobody_learns_who_complains_and_the_deadline_moves(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    bidder, department = tale.bidder("yi"), platform.demo("jiandu")
    raised = bidder.post(f"/rounds/{tale.round}/file-objections", {"text": "工期不合理"})["objection"]
    tale.owner.post(f"/objections/{raised}/answer", {"answer": "工期合理", "upheld": False})
    complaint = bidder.post(f"/rounds/{tale.round}/complaints", {"matter": "file", **SAID})["complaint"]
    step(department, complaint, "accept")
    step(department, complaint, "order", days=30)
    state = tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"][0]
    assert state["holds"] == ["complaint"]
    moved = state["bid_deadline"]
    assert moved > tale.deadline.isoformat()
    decided = {"choice": "upheld", "number": "训住建投决〔2026〕4号", "text": "工期条款限制竞争"}
    step(department, complaint, "decide", **decided)
    # decided, the order ends at once; a published deadline does not come back
    assert holds(tale) == []
    notice = step(department, complaint, "publish")["notice"]
    platform.sequence()
    seen = [
        department.get(f"/complaints/{complaint}"),
        tale.owner.get(f"/complaints/{complaint}"),
        platform.anonymous().get(f"/notices/{notice}"),
        platform.anonymous().get("/evidence/feed?after=0&limit=1000"),
        department.get(f"/evidence/{tale.tender['ocid']}?level=supervisor"),
        tale.owner.get("/messages"),
        department.get("/messages"),
    ]
    assert not any(bidder.name in str(page) or bidder.uscc in str(page) for page in seen)
    assert bidder.get(f"/complaints/{complaint}")["complainant"] == bidder.name


def test_a_procurement_complaint_determines_another_winner(platform: Any, folder: Path) -> None:
    tale = announced(platform, folder)
    bidder, finance = tale.bidder("jia"), platform.demo("caizheng")
    filing = f"/rounds/{tale.round}/complaints"
    said = {"matter": "result", **SAID}
    no(bidder.post, filing, said, code="complaints.object_first")
    challenged = bidder.post(f"/rounds/{tale.round}/result-challenges", LETTER)["challenge"]
    no(bidder.post, filing, said, code="complaints.object_first")
    answer = {"answer": "评审符合采购文件", "outcome": "unfounded"}
    tale.owner.post(f"/challenges/{challenged}/answer", answer)
    complaint = bidder.post(filing, said)["complaint"]
    # it goes to the finance department; a department that is not responsible passes it on in its time
    housing = {d["name"]: d["id"] for d in finance.get("/supervising-departments")["departments"]}
    step(finance, complaint, "pass_on", to=housing["训练市住房和城乡建设局"])
    refused(finance, complaint, "accept", answer="permission.denied")
    step(platform.demo("jiandu"), complaint, "pass_on", to=housing["训练市财政局"])
    step(finance, complaint, "accept")
    step(finance, complaint, "order", days=30)
    no(tale.owner.post, f"/rounds/{tale.round}/contract", code="procedure.move_not_allowed")
    decided = {"choice": "upheld", "number": "训财购决〔2026〕1号", "text": "中标人业绩不实"}
    step(finance, complaint, "decide", **decided, remedy="redetermine")
    assert tale.stage() == "ANNOUNCED"
    step(finance, complaint, "publish")
    assert tale.stage() == "CONFIRMED"
    assert holds(tale) == []
    assert ComplaintEvent.objects.filter(step="pass_on").count() == 2


def test_a_complaint_that_is_not_mended_ends(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).in_publicity()
    objected(tale, tale.bidder("yi"))
    filing = f"/rounds/{tale.round}/complaints"
    complaint = tale.bidder("yi").post(filing, {"matter": "result", **SAID})["complaint"]
    step(platform.demo("jiandu"), complaint, "ask_correction")
    row = Complaint.objects.get()
    assert row.correct_by is not None
    platform.advance(row.correct_by)
    row.refresh_from_db()
    assert (row.state, row.ended_at is not None) == ("refused", True)


def test_a_decision_annuls_an_award(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).in_publicity()
    objected(tale, tale.bidder("yi"))
    filing = f"/rounds/{tale.round}/complaints"
    complaint = tale.bidder("yi").post(filing, {"matter": "result", **SAID})["complaint"]
    department = platform.demo("jiandu")
    step(department, complaint, "accept")
    decided = {"choice": "upheld", "number": "训住建投决〔2026〕5号", "text": "串通投标属实"}
    refused(department, complaint, "decide", answer="input.invalid", **decided, remedy="annul")
    platform.advance(tale.publicity_ends + timedelta(seconds=1))
    story.award(tale.owner, tale.round)
    step(department, complaint, "decide", **decided, remedy="annul")
    step(department, complaint, "publish")
    assert tale.stage() == "FAILED"


def test_an_objection_that_nobody_answers_goes_to_the_department_without_a_name(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).published()
    bidder, department = tale.bidder("yi"), platform.demo("jiandu")
    bidder.post(f"/rounds/{tale.round}/file-objections", {"text": "工期不合理"})
    platform.advance(platform.now + timedelta(days=5))
    told = [m for m in department.get("/messages")["messages"] if "异议逾期未答复" in m["title"]]
    assert len(told) == 1 and bidder.name not in str(told)
    assert any("逾期未答复" in m["title"] for m in bidder.get("/messages")["messages"])
    platform.sequence()
    assert "answer_overdue" not in str(platform.anonymous().get("/evidence/feed?after=0&limit=1000"))

"""Challenges 质疑: who may and once, nobody is told whose before the opening, the contract alone waits, the result changes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.awarding.models import Award
from ggzy.client import story
from ggzy.objections.models import Challenge
from tests.api.test_refusals import no
from tests.journeys.tale import Tale
from tests.journeys.test_procurement import opened, seated

pytestmark = pytest.mark.journey
_HELD = "procedure.move_not_allowed"
LETTER = {
    "matter": "评审因素与采购需求无关",
    "facts": "见第三章第二节",
    "law": "",
    "request": "删除该评审因素",
}


def announced(platform: Any, folder: Path) -> Tale:
    tale = seated(opened(platform, folder))
    story.qualify(tale.owner, tale.round)
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.evaluate(tale.members, tale.round)
    platform.work()
    tale.first = story.award(tale.owner, tale.round)
    assert tale.stage() == "ANNOUNCED"
    return tale


def holds(tale: Tale) -> list[str]:
    return list(tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"][0]["holds"])


def test_a_challenge_to_the_file_stops_nothing_and_tells_nobody_whose(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, procedure="GP_OPEN", changes={"committee_size": 7}).published()
    supplier, raising = tale.bidder("jia"), f"/rounds/{tale.round}/file-challenges"
    no(supplier.post, raising, LETTER, code="objections.may_not_challenge")
    supplier.post(f"/tenders/{tale.tender['tender']}/file/takings")
    no(supplier.post, raising, {**LETTER, "facts": " "}, code="input.invalid")
    made = supplier.post(raising, LETTER)["challenge"]
    no(supplier.post, raising, LETTER, code="objections.challenged_before")
    assert holds(tale) == []
    for reader in (tale.owner, platform.demo("caizheng"), platform.demo("zhongxin"), platform.anonymous()):
        assert supplier.name not in str(reader.get(f"/rounds/{tale.round}/challenges"))
    assert tale.owner.get(f"/rounds/{tale.round}/challenges")["challenges"][0]["challenger"] is None
    assert platform.anonymous().get(f"/rounds/{tale.round}/challenges")["challenges"] == []
    platform.sequence()
    feed = str(platform.anonymous().get("/evidence/feed?after=0&limit=1000"))
    assert "objections.challenged" not in feed
    # what changes the result is no answer to a challenge of the file
    answer = f"/challenges/{made}/answer"
    no(tale.owner.post, answer, {"answer": "成立", "outcome": "restart"}, code="input.invalid")
    no(tale.bidder("yi").post, f"/challenges/{made}/withdrawal", code="not_found")
    tale.owner.post(answer, {"answer": "该因素将修改", "outcome": "no_effect"})
    no(tale.owner.post, answer, {"answer": "再答", "outcome": "unfounded"}, code="input.invalid")
    no(supplier.post, f"/challenges/{made}/withdrawal", code="input.invalid")
    assert "该因素将修改" in str(supplier.get("/messages")["messages"][0])


def test_a_late_challenge_to_the_file_is_refused(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, procedure="GP_OPEN", changes={"committee_size": 7}).published()
    supplier = tale.bidder("jia")
    supplier.post(f"/tenders/{tale.tender['tender']}/file/takings")
    platform.advance(tale.deadline - timedelta(hours=1))
    no(
        supplier.post,
        f"/rounds/{tale.round}/file-challenges",
        LETTER,
        code="objections.challenge_too_late",
    )


def test_the_contract_alone_waits_and_an_upheld_challenge_determines_another(
    platform: Any, folder: Path
) -> None:
    tale = announced(platform, folder)
    raising = f"/rounds/{tale.round}/result-challenges"
    no(tale.owner.post, raising, LETTER, code="permission.denied")
    challenged = tale.bidder("jia").post(raising, LETTER)["challenge"]
    assert holds(tale) == ["challenge"]
    contract = f"/rounds/{tale.round}/contract"
    no(tale.owner.post, contract, code="procedure.move_not_allowed")
    # taken back, the contract goes on; in time it may be raised again
    tale.bidder("jia").post(f"/challenges/{challenged}/withdrawal")
    assert holds(tale) == []
    tale.owner.post(contract)
    challenged = tale.bidder("jia").post(raising, LETTER)["challenge"]
    other = tale.bidder("yi").post(raising, LETTER)["challenge"]
    unfounded = {"answer": "评审符合采购文件", "outcome": "unfounded"}
    tale.owner.post(f"/challenges/{other}/answer", unfounded)
    # the other one still holds it
    no(tale.owner.post, contract, code="procedure.move_not_allowed")
    upheld = {"answer": "中标人的业绩不实, 另行确定", "outcome": "redetermine"}
    tale.owner.post(f"/challenges/{challenged}/answer", upheld)
    assert tale.stage() == "CONFIRMED"
    assert holds(tale) == []
    ended, made = Award.objects.order_by("pk")
    assert ended.end_kind == Award.CHALLENGED and ended.bid.bidder.name == tale.bidder("bing").name
    assert made.bid.bidder.name == tale.bidder("jia").name
    # losing the award by another's challenge is no refusal: its deposit is not lost
    standings = {
        r["bidder"]: r["standing"] for r in tale.owner.get(f"/rounds/{tale.round}/deposits")["deposits"]
    }
    assert standings[tale.bidder("bing").name] == "中标候选人(未中标)"
    made_known = tale.owner.post(f"/rounds/{tale.round}/letter")
    assert made_known["to_sign"]


def test_an_upheld_challenge_procures_anew(platform: Any, folder: Path) -> None:
    tale = announced(platform, folder)
    made = tale.bidder("jia").post(f"/rounds/{tale.round}/result-challenges", LETTER)["challenge"]
    outcome = {"answer": "评审程序违法, 影响中标结果", "outcome": "restart"}
    tale.owner.post(f"/challenges/{made}/answer", outcome)
    assert tale.stage() == "CANCELLED"
    assert Challenge.objects.get().outcome == "restart"


def test_the_opening_is_challenged_while_the_evaluation_goes_on(platform: Any, folder: Path) -> None:
    tale = seated(opened(platform, folder))
    raising = f"/rounds/{tale.round}/opening-challenges"
    made = tale.bidder("jia").post(raising, LETTER)["challenge"]
    no(tale.bidder("jia").post, raising, LETTER, code="objections.challenged_before")
    assert holds(tale) == ["challenge"]
    answer = f"/challenges/{made}/answer"
    # there is no result yet that could change
    no(tale.owner.post, answer, {"answer": "成立", "outcome": "redetermine"}, code=_HELD)
    # the evaluation does not wait, and the result may be challenged too
    story.qualify(tale.owner, tale.round)
    tale.owner.post(answer, {"answer": "开标记录无误", "outcome": "unfounded"})
    assert holds(tale) == []
    filing = {"matter": "opening", "text": "开标过程违规", "facts": "见录像", "request": "核查"}
    assert tale.bidder("jia").post(f"/rounds/{tale.round}/complaints", filing)["state"] == "received"
    no(
        tale.bidder("jia").post,
        f"/rounds/{tale.round}/complaints",
        {**filing, "matter": "admission"},
        code="input.invalid",
    )
    platform.advance(platform.now + timedelta(days=14))
    no(tale.bidder("yi").post, raising, LETTER, code="objections.challenge_too_late")


def test_an_upheld_challenge_to_the_opening_calls_it_off(platform: Any, folder: Path) -> None:
    tale = opened(platform, folder)
    made = tale.bidder("jia").post(f"/rounds/{tale.round}/opening-challenges", LETTER)["challenge"]
    tale.owner.post(f"/challenges/{made}/answer", {"answer": "开标程序违法", "outcome": "restart"})
    assert tale.stage() == "CANCELLED"


def test_an_opening_that_has_not_ended_is_not_challenged(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, procedure="GP_OPEN", changes={"committee_size": 7}).published()
    said = f"/rounds/{tale.round}/opening-challenges"
    no(tale.bidder("jia").post, said, LETTER, code="objections.may_not_challenge")


def _told(party: Any, what: str) -> list[str]:
    return [m["title"] for m in party.get("/messages")["messages"] if what in m["title"]]


def test_an_answer_that_is_late_warns_and_goes_to_the_department(platform: Any, folder: Path) -> None:
    tale = announced(platform, folder)
    bidder, finance = tale.bidder("jia"), platform.demo("caizheng")
    bidder.post(f"/rounds/{tale.round}/result-challenges", LETTER)
    other = tale.bidder("yi").post(f"/rounds/{tale.round}/result-challenges", LETTER)["challenge"]
    tale.owner.post(f"/challenges/{other}/answer", {"answer": "不成立", "outcome": "unfounded"})
    due = Challenge.objects.get(answered_at=None).answer_due_at
    while platform.now < due - timedelta(seconds=1):
        platform.advance(min(platform.now + timedelta(days=1), due - timedelta(seconds=1)))
    assert [
        word for title in _told(tale.owner, "预警") for word in ("蓝", "黄", "橙", "红") if word in title
    ] == ["黄", "蓝"]
    assert _told(finance, "逾期未答复") == _told(bidder, "逾期未答复") == []
    platform.advance(due)
    assert len(_told(tale.owner, "红色预警")) == len(_told(finance, "逾期未答复")) == 1
    assert len(_told(bidder, "逾期未答复")) == 1 and _told(tale.bidder("yi"), "逾期未答复") == []
    platform.sequence()
    feed = str(platform.anonymous().get("/evidence/feed?after=0&limit=1000"))
    assert feed.count("objections.answer_overdue") == 1
    # what nobody answered is complained of
    said = {"matter": "result", "text": "逾期未答复", "facts": "见平台记录", "request": "责令改正"}
    assert bidder.post(f"/rounds/{tale.round}/complaints", said)["state"] == "received"

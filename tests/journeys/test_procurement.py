"""A government procurement by open tendering: the buyer checks who is qualified, the committee the rest."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.awarding.models import Award
from ggzy.cli.verify import check_pack
from ggzy.client import story
from tests.api.test_refusals import no
from tests.journeys.tale import PRICES, Tale
from tests.portals.test_work import Person

pytestmark = pytest.mark.journey
FOUR = {**PRICES, "ding": Decimal("9600000.00")}
OFFERS = {
    "jia": {"size": "small"},  # 9,120,000 less 10 %
    "yi": {"size": ""},
    "bing": {"size": "joint", "domestic": True},  # 9,270,000 less 4 % and 20 %
    "ding": {"size": ""},
}


def opened(platform: Any, folder: Path, prices: dict[str, Decimal] = FOUR, **changes: Any) -> Tale:
    """Return a procurement of one lot that four suppliers answered, after its opening."""
    tale = Tale(platform, folder, procedure="GP_OPEN", changes={"committee_size": 7, **changes})
    tale.published()
    for name, price in prices.items():
        tale.bid(name, price=price, more=OFFERS[name])
    platform.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in prices:
        tale.release(name)
    platform.work()
    story.end_opening(tale.owner, tale.round)
    return tale


def seated(tale: Tale) -> Tale:
    cast = tale.platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    tale.members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    return tale


def test_from_the_intent_to_the_filed_contract(platform: Any, folder: Path) -> None:
    tale = opened(platform, folder)
    assert tale.stage() == "QUAL"
    seated(tale)
    # nobody judges before the buyer has said who is qualified
    no(tale.owner.post, f"/draws/{tale.draw}/committee", code="evaluation.not_this_step")
    made = story.qualify(tale.owner, tale.round, out={tale.bidder("ding").name: "没有独立承担民事责任的能力"})
    assert len(made["unqualified"]) == 1
    over, check = "evaluation.qualification_over", {"results": {}, "credit": {}}
    no(tale.owner.ask, "PUT", f"/rounds/{tale.round}/qualification", check, code=over)
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.elect_leader(tale.members, tale.draw)
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    assert len(desk["bids"]) == 3
    assert {r["part"] for r in desk["document"]["requirements"]} == {"formal", "responsive"}
    story.evaluate(tale.members, tale.round)
    platform.work()
    report = tale.owner.get(f"/rounds/{tale.round}/report")["report"]
    assert [(r["bidder"], r["evaluated_price"]) for r in report["ranking"]] == [
        (tale.bidder("bing").name, "7045200.00"),
        (tale.bidder("jia").name, "8208000.00"),
        (tale.bidder("yi").name, "9340000.00"),
    ]
    assert [r["bidder"] for r in report["unqualified"]] == [tale.bidder("ding").name]
    tale.first = story.award(tale.owner, tale.round)
    assert tale.stage() == "ANNOUNCED"
    notice = _notice(tale, "result")
    assert len(notice["experts"]) == 7
    assert notice["file"]["version"] == 1
    # each loser is told its own place, and nothing of the others
    told = tale.bidder("jia").get("/messages")["messages"][0]["text"]
    assert "评标价8208000.00元, 排序第2名" in told
    assert tale.bidder("yi").name not in told
    assert "未通过资格审查" in tale.bidder("ding").get("/messages")["messages"][0]["text"]
    free = {
        r["standing"]: r["refundable_from"]
        for r in tale.owner.get(f"/rounds/{tale.round}/deposits")["deposits"]
    }
    assert free["非中标候选人"] and free["中标候选人(未中标)"] and free["中标人"] is None
    story.contract(tale.owner, tale.bidder("bing"), tale.round)
    assert tale.stage() == "CONTRACTED"
    filing = f"/rounds/{tale.round}/contract/filing"
    no(tale.owner.post, filing, {"number": " "}, code="input.invalid")
    tale.owner.post(filing, {"number": "训财合备2026-77"})
    assert tale.stage() == "PUBLISHED"
    starts = (platform.now + timedelta(days=3)).date().isoformat()
    tale.owner.post(f"/rounds/{tale.round}/performance", {"bond": "0", "starts_on": starts})
    assert tale.stage() == "PERFORMING"


def _notice(tale: Tale, kind: str) -> dict[str, Any]:
    rows = tale.owner.get("/notices")["notices"]
    found = next(r for r in rows if r["kind"] == kind and r["ocid"] == tale.tender["ocid"])
    return dict(tale.owner.get(f"/notices/{found['public_id']}")["body"])


def test_fewer_than_three_qualified_end_it(platform: Any, folder: Path) -> None:
    tale = opened(platform, folder)
    out = {tale.bidder(name).name: "未按要求提供财务状况报告" for name in ("ding", "yi")}
    story.qualify(tale.owner, tale.round, out=out)
    assert tale.stage() == "CANCELLED"
    assert "不足3家" in _notice(tale, "failure")["reason"]
    # a new round begins where a procurement begins
    tale.owner.post(f"/rounds/{tale.round}/next")
    assert tale.stage() == "BUDGET"


def test_a_low_price_has_thirty_minutes_and_nobody_argues_competition(platform: Any, folder: Path) -> None:
    """财库〔2026〕2号: less than half of the mean must be asked; with two left it is over (政府采购法第三十六条)."""
    prices = {**PRICES, "jia": Decimal("3000000.00")}
    tale = seated(opened(platform, folder, prices))
    story.qualify(tale.owner, tale.round)
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.elect_leader(tale.members, tale.draw)
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    passes = {
        b["bid"]: {r["key"]: {"passes": True, "reason": ""} for r in desk["document"]["requirements"]}
        for b in desk["bids"]
    }
    for member in tale.members:
        member.post(f"/rounds/{tale.round}/preliminary", {"results": passes})
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    assert desk["step"] == "price"
    (low,) = desk["low_prices"]
    leader = next(m for m in tale.members if m.get(f"/draws/{tale.draw}/meeting")["leader"] == _code(m, tale))
    ask = {"bid": low, "ground": "low_price", "text": "请说明报价的构成", "minutes": 20}
    no(leader.post, f"/rounds/{tale.round}/clarifications", ask, code="input.invalid")
    leader.post(f"/rounds/{tale.round}/clarifications", {**ask, "minutes": 30})
    platform.advance(platform.now + timedelta(minutes=31))
    for member in tale.members:
        member.post(
            f"/rounds/{tale.round}/prices",
            {"results": {low: {"passes": False, "reason": "期限内没有说明"}}},
        )
    assert tale.stage() == "CANCELLED"


def _code(member: Any, tale: Tale) -> str:
    return str(member.get(f"/rounds/{tale.round}/desk")["code"])


def test_silence_of_the_buyer_determines_the_first(platform: Any, folder: Path) -> None:
    """87号令第六十八条: five working days after the report the first candidate counts as determined."""
    tale = seated(opened(platform, folder))
    story.qualify(tale.owner, tale.round)
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.evaluate(tale.members, tale.round)
    platform.work()
    assert tale.stage() == "REPORTED"
    platform.advance(platform.now + timedelta(days=3))
    platform.work()
    assert tale.stage() == "REPORTED"
    platform.advance(platform.now + timedelta(days=14))
    platform.work()
    assert tale.stage() == "CONFIRMED"
    assert Award.objects.get().bid.bidder.name == tale.bidder("bing").name


SAYS = "第三章第2条要求供应商具有特定行政区域的业绩, 违反政府采购法实施条例第二十条, 不能继续评审。"


def sign_stop(member: Any, tale: Tale, number: int = 1) -> dict[str, Any]:
    at = f"/rounds/{tale.round}/stoppages/{number}"
    to_sign = member.get(f"{at}/to-sign")["to_sign"]
    return dict(member.post(f"{at}/signature", {"signature": member.signature_on(to_sign)}))


def test_a_flawed_file_stops_the_evaluation_when_more_than_half_sign(platform: Any, folder: Path) -> None:
    """87号令第六十五条: a written statement of the majority; no report, no scores; the buyer procures anew."""
    tale = seated(opened(platform, folder))
    story.qualify(tale.owner, tale.round)
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.elect_leader(tale.members, tale.draw)
    to = f"/rounds/{tale.round}/stoppages"
    no(tale.members[0].post, to, {"ground": "dislike", "text": SAYS}, code="input.invalid")
    no(tale.members[0].post, to, {"ground": "unlawful", "text": "文件不好"}, code="input.invalid")
    no(tale.owner.post, to, {"ground": "unlawful", "text": SAYS}, code="evaluation.not_a_member")
    assert tale.members[0].post(to, {"ground": "unlawful", "text": SAYS})["number"] == 1
    assert tale.members[0].post(to, {"ground": "unlawful", "text": SAYS})["number"] == 1
    assert tale.members[1].post(to, {"ground": "unclear", "text": SAYS})["number"] == 2
    no(sign_stop, tale.members[0], tale, 3, code="not_found")
    # signatures on two statements do not add up, and nobody signs one twice
    for member in tale.members[:3]:
        assert not sign_stop(member, tale)["stopped"]
    assert not sign_stop(tale.members[0], tale)["stopped"]
    assert not sign_stop(tale.members[3], tale, 2)["stopped"]
    assert tale.stage() == "EVALUATING"
    assert sign_stop(tale.members[3], tale)["stopped"]
    assert tale.stage() == "TERMINATED"
    assert tale.members[0].get(to)["stopped"].endswith(SAYS)
    no(tale.members[4].post, to, {"ground": "unlawful", "text": SAYS}, code="procedure.move_not_allowed")
    notice = _notice(tale, "termination")
    assert notice["text"] == SAYS
    assert "强制性规定" in notice["reason"]
    no(tale.owner.get, f"/rounds/{tale.round}/report", code="not_found")
    told = tale.owner.get("/messages")["messages"][0]
    assert "停止评审" in told["title"]
    assert "修改招标文件" in told["text"]
    assert "保证金退还" in tale.bidder("yi").get("/messages")["messages"][0]["text"]
    rows = tale.owner.get(f"/rounds/{tale.round}/deposits")["deposits"]
    assert all(row["refundable_from"] for row in rows)
    platform.sequence()
    for level, party in (("public", platform.anonymous()), ("supervisor", platform.demo("jiandu"))):
        pack = party.get(f"/evidence/{tale.tender['ocid']}?level={level}")
        assert not [check for check in check_pack(pack) if check.outcome == "failed"], level
    tale.owner.post(f"/rounds/{tale.round}/next")
    assert tale.stage() == "BUDGET"


def test_a_procurement_is_called_off_before_there_is_a_report(platform: Any, folder: Path) -> None:
    """政府采购法36(二)(四): sealed bids stay sealed, everybody who bid is told, the deposits come back, and it may begin anew."""
    tale = Tale(platform, folder, procedure="GP_OPEN", changes={"committee_size": 7}).published()
    for name in FOUR:
        tale.bid(name, price=FOUR[name], more=OFFERS[name])
    platform.sequence()
    why = {"ground": "called_off", "text": "主管部门调整年度计划, 本项目取消"}
    to = f"/rounds/{tale.round}/retender"
    # before the deadline the buyer ends it by a change (terminate), and there is nothing to call off yet
    no(tale.owner.post, to, why, code="procedure.move_not_allowed")
    platform.advance(tale.deadline + timedelta(seconds=1))
    platform.work()
    page = Person(platform, "zhaobiao")
    assert f"/work{to.removesuffix('/retender')}/result#call-off" in page.get(
        f"/work/tenders/{tale.tender['tender']}/changes"
    )
    assert "终止本次采购" in page.get(f"/work/rounds/{tale.round}/result")
    no(tale.owner.post, to, why | {"ground": "over_budget"}, code="input.invalid")
    no(tale.owner.post, to, why | {"text": " "}, code="input.invalid")
    no(tale.bidder("yi").post, to, why, code="permission.denied")
    # some of the drawn accept, one says no
    cast = platform.cast()
    draw = story.draw(tale.owner, cast, tale.tender["tender"])
    called = [e for e in cast.experts if any(c["state"] == "called" for c in e.get("/calls")["calls"])]
    called[0].post(f"/draws/{draw}/answer", {"accept": False})
    called[1].post(f"/draws/{draw}/answer", {"accept": True})
    tale.owner.post(to, why)
    told = {e.name for e in cast.experts if "评标邀请已取消" in str(e.get("/messages"))}
    assert called[0].name not in told and {e.name for e in called[1:]} < told
    assert tale.stage() == "CANCELLED"
    no(tale.owner.post, to, why, code="procedure.move_not_allowed")
    notice = _notice(tale, "failure")
    assert notice["basis"] == "《政府采购法》第三十六条"
    assert "采购任务取消" not in str(platform.demo("jiandu").get("/messages"))
    assert notice["reason"] == "因重大变故, 采购任务取消"
    assert "重新" not in notice["next"]
    assert "废标" in tale.bidder("yi").get("/messages")["messages"][0]["title"]
    no(tale.owner.post, f"/tenders/{tale.tender['tender']}/opening", code="opening.nothing_to_open")
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    assert hall["bids"] == []
    platform.sequence()
    pack = platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public")
    assert not [check for check in check_pack(pack) if check.outcome == "failed"]
    assert tale.bidder("yi").name not in str(pack)
    tale.owner.post(f"/rounds/{tale.round}/next")
    assert tale.stage() == "BUDGET"

"""A government procurement by inquiry 询价: prices named once, one group that judges everything, the lowest wins."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client import story
from tests.api.test_refusals import no
from tests.journeys.tale import PRICES, Tale
from tests.journeys.test_procurement import SAYS, sign_stop

pytestmark = pytest.mark.journey
GROUP = {"committee_size": 3, "owner_representatives": 0}


def asked(platform: Any, folder: Path, prices: dict[str, Decimal] | None = None, **changes: Any) -> Tale:
    """Return an inquiry whose three suppliers have answered within four working days, after the deadline."""
    tale = Tale(platform, folder, procedure="GP_XJ", changes=GROUP | changes).prepared()
    tale.deadline = platform.now + timedelta(days=7)
    story.publish(tale.owner, tale.tender["tender"], deadline=tale.deadline)
    for name, price in (PRICES if prices is None else prices).items():
        tale.bid(name, price=price, more={"size": ""})
    platform.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    platform.work()
    return tale


def judged(tale: Tale) -> Tale:
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for bid in tale.owner.get(f"/rounds/{tale.round}/opening")["bids"]:
        assert bid["price"] is None
    for name in PRICES:
        tale.release(name)
    tale.platform.work()
    story.end_opening(tale.owner, tale.round)
    assert tale.stage() == "OPENED"
    cast = tale.platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    tale.members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.elect_leader(tale.members, tale.draw)
    return tale


def _notice(tale: Tale, kind: str, *, whole: bool = False) -> dict[str, Any]:
    rows = tale.owner.get("/notices")["notices"]
    found = next(r for r in rows if r["kind"] == kind and r["ocid"] == tale.tender["ocid"])
    return dict(tale.owner.get(f"/notices/{found['public_id']}") if whole else found)


def test_from_the_notice_to_the_contract(platform: Any, folder: Path) -> None:
    early = Tale(platform, folder / "early", procedure="GP_XJ", changes=GROUP).prepared()
    soon = {"bid_deadline": (platform.now + timedelta(days=2)).isoformat()}
    to = f"/tenders/{early.tender['tender']}/publication"
    no(early.owner.post, to, soon, code="tendering.deadline_too_early")
    tale = asked(platform, folder)
    assert _notice(tale, "tender")["title"] == "测试招标询价公告"
    story.evaluate(judged(tale).members, tale.round)
    platform.work()
    # the group has judged the qualification too: nobody before it
    no(tale.owner.get, f"/rounds/{tale.round}/qualification", code="not_found")
    report = tale.owner.get(f"/rounds/{tale.round}/report")["report"]
    names = [tale.bidder(name).name for name in sorted(PRICES, key=PRICES.__getitem__)]
    assert [row["bidder"] for row in report["ranking"]] == names
    story.award(tale.owner, tale.round)
    assert tale.stage() == "ANNOUNCED"
    assert _notice(tale, "result")["title"].endswith("成交结果公告")
    assert "成交通知书" in tale.bidder("jia").get("/messages")["messages"][0]["title"]
    told = tale.bidder("yi").get("/messages")["messages"][0]
    assert "成交供应商为" in told["text"] and "排序第3名" in told["text"]
    story.contract(tale.owner, tale.bidder("jia"), tale.round)
    assert tale.stage() == "CONTRACTED"
    platform.sequence()
    for level, party in (("public", platform.anonymous()), ("supervisor", platform.demo("jiandu"))):
        found = check_pack(party.get(f"/evidence/{tale.tender['ocid']}?level={level}"))
        assert not [check for check in found if check.outcome == "failed"], level
        outcome = {check.name: check.outcome for check in found}
        assert outcome["clock.GP-T31"] == "passed" and "clock.GP-T03" not in outcome
    assert outcome["ranking"] == "passed" and "qualification" not in outcome


def test_fewer_than_three_answers_stop_it_unopened(platform: Any, folder: Path) -> None:
    tale = asked(platform, folder, {name: PRICES[name] for name in ("jia", "yi")})
    assert tale.stage() == "STOPPED"
    assert "采购终止" in _notice(tale, "failure")["title"]
    tale.owner.post(f"/rounds/{tale.round}/next")
    assert tale.stage() == "BUDGET"


def test_a_price_over_the_budget_is_none(platform: Any, folder: Path) -> None:
    """74号令第五十条: fewer than three within the budget, and it is over."""
    tale = judged(asked(platform, folder, PRICES | {"yi": Decimal("10000000.01")}))
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    assert {"legal", "credit", "budget"} <= {r["key"] for r in desk["document"]["requirements"]}
    over = next(b["bid"] for b in desk["bids"] if Decimal(b["price"]) > 10_000_000)
    for member in tale.members:
        results = {
            b["bid"]: {
                r["key"]: {"passes": (b["bid"], r["key"]) != (over, "budget"), "reason": "报价超过采购预算"}
                for r in desk["document"]["requirements"]
            }
            for b in desk["bids"]
        }
        member.post(f"/rounds/{tale.round}/preliminary", {"results": results})
    assert tale.stage() == "STOPPED"
    assert "实质性响应询价通知书的供应商不足3家" in _notice(tale, "failure", whole=True)["body"]["reason"]


def test_a_group_of_three_and_the_lowest_price_alone(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, procedure="GP_XJ", method="comprehensive", changes=GROUP)
    no(tale.prepared, code="input.invalid")
    even = Tale(
        platform, folder, procedure="GP_XJ", changes={"committee_size": 4, "owner_representatives": 0}
    )
    no(even.prepared, code="tendering.committee_unlawful")
    open_tender = Tale(platform, folder, procedure="GP_OPEN", changes=GROUP)
    no(open_tender.prepared, code="tendering.committee_unlawful")


def test_only_an_unlawful_file_stops_an_inquiry(platform: Any, folder: Path) -> None:
    """政采条例第四十一条: a group stops for a file against the law; what is only unclear is no ground here."""
    tale = judged(asked(platform, folder))
    to = f"/rounds/{tale.round}/stoppages"
    no(tale.members[0].post, to, {"ground": "unclear", "text": SAYS}, code="input.invalid")
    tale.members[0].post(to, {"ground": "unlawful", "text": SAYS})
    assert not sign_stop(tale.members[0], tale)["stopped"]
    assert sign_stop(tale.members[1], tale)["stopped"]
    assert tale.stage() == "TERMINATED"
    assert _notice(tale, "termination", whole=True)["body"]["reason"].startswith("询价小组认定询价通知书内容")


def test_construction_knows_no_such_stop(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    assert tale.members[0].get(f"/rounds/{tale.round}/stoppages")["flaws"] == {}
    body = {"ground": "unlawful", "text": SAYS}
    no(tale.members[0].post, f"/rounds/{tale.round}/stoppages", body, code="procedure.move_not_allowed")

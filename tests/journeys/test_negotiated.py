"""Government procurement by talks 竞争性磋商, 竞争性谈判: answers without a price, talks, sealed last offers, never public."""

import itertools
import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.bidding.models import Bid
from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.deposits.standings import RoundFacts
from ggzy.evaluation.queries import computed
from ggzy.evidence import sequencer
from ggzy.evidence.models import Entry
from ggzy.kernel import clock
from ggzy.kernel.actors import ANYONE
from ggzy.kernel.refusals import NotFound
from ggzy.opening.negotiated import APART
from ggzy.tendering.models import Round
from tests.api.test_refusals import no
from tests.archives.test_archive import failed, made, text_of
from tests.conftest import in_one_minute
from tests.journeys.tale import PRICES, Tale
from tests.journeys.test_changes import change
from tests.journeys.test_procurement import SAYS, sign_stop
from tests.portals.test_work import Person

pytestmark = pytest.mark.journey
_HOURS = itertools.count(2)
GROUP = {"committee_size": 3, "owner_representatives": 0}
OFFERS = {"jia": Decimal("9000000.00"), "yi": Decimal("8800000.00"), "bing": Decimal("8900000.00")}


def answered(
    platform: Any, folder: Path, *names: str, code: str = "GP_TP", tale: Tale | None = None, **more: Any
) -> Tale:
    """Return a negotiated procurement after the deadline of its answers."""
    tale = (tale or Tale(platform, folder, procedure=code, changes=GROUP, **more)).prepared()
    tale.deadline = platform.now + timedelta(days=12)
    story.publish(tale.owner, tale.tender["tender"], deadline=tale.deadline)
    for name in names or PRICES:
        tale.bid(name, price=Decimal(1), priceless=True)
    platform.sequence()
    platform.advance(tale.deadline + timedelta(seconds=1))
    platform.work()
    return tale


def talking(tale: Tale, *names: str) -> Tale:
    """Let the answers be opened for the group, the group be seated, and judge until it talks."""
    for name in names or PRICES:
        tale.release(name)
    tale.platform.work()
    assert tale.stage() == "OPENED"
    cast = tale.platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    tale.members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.elect_leader(tale.members, tale.draw)
    story.review(tale.members, tale.round)
    assert tale.members[0].get(f"/rounds/{tale.round}/desk")["step"] == "talks"
    return tale


def asked(tale: Tale) -> Any:
    """Let the leader talk with all and ask for last offers; return their deadline."""
    leader = story.leader_of(tale.members, tale.draw)
    story.talk_with_all(leader, tale.round)
    until = tale.platform.now + timedelta(hours=2)
    leader.post(f"/rounds/{tale.round}/final-offers", {"until": until.isoformat()})
    return until


def offered(tale: Tale, offers: dict[str, Decimal], *, until: datetime | None = None) -> Tale:
    """Let the suppliers hand in their last offers, decrypt them after their deadline, and the group see them."""
    until = until or asked(tale)
    for name, price in offers.items():
        story.last_offer(
            tale.bidder(name),
            ocid=tale.tender["ocid"],
            main_id=tale.round,
            price=price,
            folder=tale.folder / "last" / name,
        )
    tale.platform.advance(until + timedelta(seconds=1))
    tale.platform.work()
    for name in offers:
        story.release_offer(tale.bidder(name), tale.round)
    tale.platform.work()
    return tale


def sequenced() -> None:
    """Let the sequencer run, each time in an escrow period of its own."""
    hours = next(_HOURS)
    for seconds in (0, 2):
        sequencer.run_once(in_one_minute(timedelta(hours=hours)) + timedelta(seconds=seconds))


def nobody_learns_of_another(tale: Tale) -> None:
    """While it goes on, no pack that a stranger or a supplier can have tells of a supplier, nor how many there are."""
    sequenced()
    own = tale.bidder("jia")
    others = [tale.bidder(name) for name in ("yi", "bing")]
    secret = [party.name for party in others] + [
        row["bid"] for party in others for row in party.get("/bids")["bids"] if row["round"] in tale.rounds
    ]
    for level, party in (("public", tale.platform.anonymous()), ("party", own)):
        pack = party.get(f"/evidence/{tale.tender['ocid']}?level={level}")
        assert pack["entries"] and not [said for said in secret if said in str(pack)]
        told = {json.loads(entry["leaf"])["act"] for entry in pack["entries"]}
        assert not told & {*APART, "opening.offer_opened", "opening.offers_begun", "bidding.received"}


def archived(tale: Tale, target: Path) -> None:
    """Let a supplier that lost take its own pack: its answer and its last offer, and nothing of the other loser."""
    root = made(tale, tale.bidder("jia"), f"/rounds/{tale.round}/pack", target)
    assert not failed(root)
    assert len(list(root.rglob("opened.json"))) == 2
    whole = text_of(root)
    assert str(OFFERS["jia"]) in whole and str(OFFERS["bing"]) not in whole


def test_from_the_notice_to_the_contract(platform: Any, folder: Path) -> None:
    tale = answered(platform, folder, code="GP_CS", method="comprehensive")
    assert tale.stage() == "CLOSED"
    # nobody sees a hall: not how many, not who
    for viewer in (platform.anonymous(), tale.owner, tale.bidder("jia")):
        hall = viewer.get(f"/rounds/{tale.round}/opening")
        assert hall["bids"] == [] and hall["sealed_bids"] is None
    talking(tale)
    leader = story.leader_of(tale.members, tale.draw)
    other = next(m for m in tale.members if m is not leader)
    until = {"until": (platform.now + timedelta(hours=2)).isoformat()}
    to = f"/rounds/{tale.round}"
    desk = leader.get(f"{to}/desk")
    assert all(bid["price"] is None for bid in desk["bids"])
    # everybody gets the same chance, the leader speaks, and a change counts once the buyer has confirmed it
    no(leader.post, f"{to}/final-offers", until, code="evaluation.talks_not_done")
    no(
        other.post,
        f"{to}/talks",
        {"bid": desk["bids"][0]["bid"], "text": "谈"},
        code="evaluation.only_the_leader",
    )
    story.talk_with_all(leader, tale.round)
    change = leader.post(f"{to}/requirement-changes", {"text": "质保期由一年改为三年"})["change"]
    no(leader.post, f"{to}/final-offers", until, code="evaluation.talks_not_done")
    no(
        tale.bidder("jia").post,
        f"/requirement-changes/{change}/decision",
        {"agreed": True},
        code="permission.denied",
    )
    tale.owner.post(f"/requirement-changes/{change}/decision", {"agreed": True})
    assert "质保期由一年改为三年" in tale.bidder("yi").get("/messages")["messages"][0]["text"]
    nobody_learns_of_another(tale)
    offered(tale, OFFERS)
    nobody_learns_of_another(tale)
    desk = tale.members[0].get(f"{to}/desk")
    assert {Decimal(b["price"]) for b in desk["bids"]} == set(OFFERS.values())
    story.evaluate(tale.members, tale.round)
    platform.work()
    report = tale.owner.get(f"{to}/report")["report"]
    assert len(report["talks"]) == 6 and report["changes"][0]["text"] == "质保期由一年改为三年"
    assert {row["price"] for row in report["ranking"]} == {str(price) for price in OFFERS.values()}
    story.award(tale.owner, tale.round)
    assert tale.stage() == "ANNOUNCED"
    winner = next(p for p in map(tale.bidder, PRICES) if p.name == report["ranking"][0]["bidder"])
    story.contract(tale.owner, winner, tale.round)
    assert tale.stage() == "CONTRACTED"
    platform.work()
    archived(tale, folder / "archive")
    sequenced()
    with pytest.raises(NotFound):
        computed(round_id=tale.round, actor=ANYONE)
    lost = [str(p) for name, p in OFFERS.items() if tale.bidder(name) is not winner]
    for level, party in (("public", platform.anonymous()), ("supervisor", platform.demo("jiandu"))):
        pack = party.get(f"/evidence/{tale.tender['ocid']}?level={level}")
        found = check_pack(pack)
        assert not [check for check in found if check.outcome == "failed"], level
        outcome = {check.name: check.outcome for check in found}
        assert outcome["clock.GP-T33"] == "passed"
        if level == "public":
            # whoever lost stays unnamed, and what it asked unknown
            assert not [price for price in lost if price in str(pack)]
    assert outcome["ranking"] == "passed" and outcome["award"] == "passed"
    record = platform.read_json(f"/api/ocds/records/{tale.tender['ocid']}")["records"][0]["compiledRelease"]
    assert "tenderers" not in record["tender"] and record["tender"]["mainProcurementCategory"] == "goods"
    assert {role for party in record["parties"] for role in party["roles"]} == {
        "buyer",
        "procuringEntity",
        "supplier",
    }


def test_the_lowest_last_offer_and_those_that_are_none(platform: Any, folder: Path) -> None:
    """谈判: over the budget is no offer (74号令37), and with fewer than three it is over."""
    tale = talking(answered(platform, folder))
    offered(tale, OFFERS | {"yi": Decimal("10000000.01")})
    assert tale.stage() == "STOPPED"


def test_who_offers_nothing_has_left(platform: Any, folder: Path) -> None:
    tale = talking(answered(platform, folder))
    until = asked(tale)
    outsider = tale.bidder("ding")
    no(outsider.get, f"/rounds/{tale.round}/final-offer", code="not_found")
    # withdrawn before the deadline is as if it had never been there
    asked_of = tale.bidder("yi").get(f"/rounds/{tale.round}/final-offer")["round"]
    here = {"ocid": tale.tender["ocid"], "main_id": tale.round}
    story.last_offer(tale.bidder("yi"), **here, price=OFFERS["yi"], folder=folder / "yi")
    tale.bidder("yi").post(f"/rounds/{asked_of}/withdrawal")
    platform.advance(until + timedelta(seconds=1))
    platform.work()
    late = here | {"price": OFFERS["jia"], "folder": folder / "late"}
    no(lambda **said: story.last_offer(tale.bidder("jia"), **said), **late, code="bidding.too_late")
    assert tale.stage() == "STOPPED"


def test_too_few_answers_stay_closed(platform: Any, folder: Path) -> None:
    tale = answered(platform, folder, "jia", "yi")
    assert tale.stage() == "STOPPED"
    assert not Entry.objects.filter(act="opening.answer_opened").exists()
    assert Bid.objects.filter(round__public_id=tale.round, state="live").count() == 2


def test_an_answer_has_its_time_and_names_no_price(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, procedure="GP_TP", changes=GROUP).prepared()
    soon = {"bid_deadline": (platform.now + timedelta(days=2)).isoformat()}
    to = f"/tenders/{tale.tender['tender']}/publication"
    no(tale.owner.post, to, soon, code="tendering.deadline_too_early")
    tale.deadline = platform.now + timedelta(days=12)
    story.publish(tale.owner, tale.tender["tender"], deadline=tale.deadline)
    no(lambda: tale.bid("jia"), code="bidding.price_not_allowed")


def test_two_go_on_where_the_file_has_a_ground_for_it(platform: Any, folder: Path) -> None:
    """政府购买服务: two are enough for a 磋商 (财库〔2015〕124号), and one is not."""
    policy = {"policy": {"subject": "services", "two": "政府购买服务项目"}}
    tale = Tale(platform, folder, procedure="GP_CS", method="comprehensive", changes=GROUP | policy)
    tale = answered(platform, folder, "jia", "yi", tale=tale)
    assert tale.stage() == "CLOSED"
    talking(tale, "jia", "yi")
    offered(tale, {name: OFFERS[name] for name in ("jia", "yi")})
    story.evaluate(tale.members, tale.round)
    assert tale.stage() == "REPORTED"
    refused = Tale(platform, folder / "open", procedure="GP_XJ", changes=GROUP | policy)
    no(refused.prepared, code="input.invalid")


def test_the_group_votes_whose_solutions_go_on(platform: Any, folder: Path) -> None:
    """74号令33二款: four bring solutions, three are recommended by more than half, and the fourth is not asked."""
    policy = {"policy": {"subject": "goods", "solutions": True}}
    tale = Tale(platform, folder, procedure="GP_TP", changes=GROUP | policy)
    four = (*PRICES, "ding")
    tale = talking(answered(platform, folder, *four, tale=tale), *four)
    to, leader = f"/rounds/{tale.round}", story.leader_of(tale.members, tale.draw)
    left = {b["bidder"]: b["bid"] for b in leader.get(f"{to}/desk")["bids"]}
    three = [left[tale.bidder(name).name] for name in PRICES]
    no(leader.post, f"{to}/solutions", {"bids": three}, code="evaluation.talks_not_done")
    story.talk_with_all(leader, tale.round)
    until = {"until": (platform.now + timedelta(hours=2)).isoformat()}
    no(leader.post, f"{to}/final-offers", until, code="evaluation.talks_not_done")
    no(leader.post, f"{to}/solutions", {"bids": three[:2]}, code="input.invalid")
    for member in tale.members:
        member.post(f"{to}/solutions", {"bids": list(left.values())})
    # a vote may be given anew until last offers are asked for
    for member in tale.members[:2]:
        member.post(f"{to}/solutions", {"bids": three})
    leader.post(f"{to}/final-offers", until)
    no(tale.bidder("ding").get, f"{to}/final-offer", code="not_found")
    offered(tale, OFFERS, until=datetime.fromisoformat(until["until"]))
    assert leader.get(f"{to}/desk")["rejected"] == {
        left[tale.bidder("ding").name]: ["设计方案或者解决方案没有获得过半数成员推荐"]
    }
    story.evaluate(tale.members, tale.round)
    assert tale.stage() == "REPORTED"


def test_an_unlawful_file_ends_the_last_offers_too(platform: Any, folder: Path) -> None:
    tale = talking(answered(platform, folder))
    asked(tale)
    tale.members[0].post(f"/rounds/{tale.round}/stoppages", {"ground": "unlawful", "text": SAYS})
    for member in tale.members[:2]:
        sign_stop(member, tale)
    assert tale.stage() == "TERMINATED"
    last = tale.bidder("jia").get(f"/rounds/{tale.round}/final-offer")
    assert last["stage"] == "FO_DONE"


def test_what_stops_it_takes_nobodys_time(platform: Any, folder: Path) -> None:
    """An outage while answers are decrypted, and one over the deadline of the last offers."""
    tale = answered(platform, folder)
    tale.release("jia")
    outage = {"kind": "outage", "ground": "network", "text": "运营商线路中断"}
    change(tale.owner, tale, **outage, started_at=platform.now.isoformat())
    platform.advance(platform.now + timedelta(hours=5))
    platform.work()
    assert tale.stage() == "CLOSED"
    change(tale.owner, tale, kind="end_outage", text="线路已恢复")
    talking(tale)
    until = asked(tale)
    change(tale.owner, tale, **outage, started_at=platform.now.isoformat())
    platform.advance(until + timedelta(minutes=5))
    platform.work()
    change(tale.owner, tale, kind="end_outage", text="线路已恢复")
    platform.advance(platform.now + timedelta(minutes=11))
    platform.work()
    last = tale.bidder("jia").get(f"/rounds/{tale.round}/final-offer")
    later = datetime.fromisoformat(last["until"])
    assert last["stage"] == "FO_OPEN" and later > platform.now
    offered(tale, OFFERS, until=later)
    story.evaluate(tale.members, tale.round)
    assert tale.stage() == "REPORTED"


def test_talks_are_called_off_when_the_task_is_gone(platform: Any, folder: Path) -> None:
    """74号令第二十三条: whatever runs ends, the last offers too; nobody else learns who took part."""
    tale = talking(answered(platform, folder))
    until = asked(tale)
    story.last_offer(
        tale.bidder("jia"),
        ocid=tale.tender["ocid"],
        main_id=tale.round,
        price=OFFERS["jia"],
        folder=tale.folder / "last" / "jia",
    )
    tale.owner.post(f"/rounds/{tale.round}/retender", {"ground": "called_off", "text": "预算调减, 不再采购"})
    assert tale.stage() == "STOPPED"
    # 74号令第二十三条, not 政府采购法第三十六条: the finance department is told why, and the group that it is over
    clause = "《政府采购非招标采购方式管理办法》第二十三条"
    notices = tale.owner.get("/notices")["notices"]
    notice = next(row["public_id"] for row in notices if row["kind"] == "failure")
    assert tale.owner.get(f"/notices/{notice}")["body"]["basis"] == clause
    told = platform.demo("jiandu").get("/messages")["messages"][0]
    assert "预算调减, 不再采购" in told["text"] and told["clause"] == clause
    assert "停止评审" in tale.members[1].get("/messages")["messages"][0]["title"]
    assert Entry.objects.filter(act="awarding.called_off").count() == 1
    assert not Entry.objects.filter(act="awarding.annulled").exists()
    platform.advance(until + timedelta(days=1))
    platform.work()
    said = f"/rounds/{tale.round}/final-offers"
    leader = story.leader_of(tale.members, tale.draw)
    no(leader.post, said, {"until": until.isoformat()}, code="evaluation.not_this_step")
    no(story.release_offer, tale.bidder("jia"), tale.round, code="not_found")
    assert "不再采购" not in str(tale.bidder("jia").get("/messages"))
    assert "采购终止" in str(tale.bidder("jia").get("/messages"))
    nobody_learns_of_another(tale)


def test_who_leaves_the_talks_gets_its_deposit_back(platform: Any, folder: Path) -> None:
    """74号令第三十四条, 214号第二十二条: it is its own act; the others go on, and with too few of them it is over."""
    tale = answered(platform, folder, "jia", "yi", "bing", "ding")
    to, why = f"/rounds/{tale.round}/leave", {"reason": "谈下来付款条件不能接受"}
    no(tale.bidder("ding").post, to, why, code="procedure.move_not_allowed")
    talking(tale, "jia", "yi", "bing", "ding")
    ding, jia = tale.bidder("ding"), tale.bidder("jia")
    no(ding.post, to, {"reason": " "}, code="input.invalid")
    no(tale.owner.post, to, why, code="permission.denied")
    page = Person(platform, "ding")
    assert "退出本次采购" in page.get(f"/work/rounds/{tale.round}/bid")
    refused = page.post(f"/work/rounds/{tale.round}/leave", status=422, reason="").content.decode()
    assert "请写明退出的原因" in refused
    page.post(f"/work/rounds/{tale.round}/leave", **why)
    assert ding.post(to, why)["left_at"]
    assert tale.stage() == "EVALUATING"
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    assert why["reason"] in str(desk["rejected"])
    standing = _standings(tale)
    assert standing.pop(ding.name) == ("left", True)
    assert not [name for name, (_, free) in standing.items() if free]
    nobody_learns_of_another(tale)
    told = platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public")["entries"]
    assert "evaluation.preliminary_decided" not in {json.loads(entry["leaf"])["act"] for entry in told}
    # it is asked for no last offer; a second one leaves after the offers were asked for, and too few are left
    until = asked(tale)
    no(ding.get, f"/rounds/{tale.round}/final-offer", code="not_found")
    offer = {"ocid": tale.tender["ocid"], "main_id": tale.round, "folder": tale.folder / "last"}
    made = story.last_offer(jia, price=OFFERS["jia"], **offer)
    no(jia.post, to, why, code="evaluation.not_this_step")
    assert made
    tale.bidder("yi").post(to, why)
    assert tale.stage() == "STOPPED"
    no(tale.bidder("bing").post, to, why, code="procedure.move_not_allowed")
    platform.advance(until + timedelta(days=1))
    platform.work()
    assert all(free for _, free in _standings(tale).values())


def test_who_leaves_while_it_stands_still_has_left(platform: Any, folder: Path) -> None:
    """A stop keeps nobody in the talks; what follows from it (too few are left) waits until nothing stops the round."""
    tale = talking(answered(platform, folder))
    to, why = f"/rounds/{tale.round}/leave", {"reason": "谈下来付款条件不能接受"}
    outage = {"kind": "outage", "ground": "network", "text": "运营商线路中断"}
    change(tale.owner, tale, **outage, started_at=platform.now.isoformat())
    assert tale.bidder("bing").post(to, why)["left_at"]
    assert _standings(tale)[tale.bidder("bing").name] == ("left", True)
    platform.advance(platform.now + timedelta(hours=1))
    platform.work()
    assert tale.stage() == "EVALUATING"
    change(tale.owner, tale, kind="end_outage", text="线路已恢复")
    platform.advance(platform.now + timedelta(minutes=11))
    platform.work()
    assert tale.stage() == "STOPPED"


def test_nobody_leaves_after_the_deadline_of_the_last_offers(platform: Any, folder: Path) -> None:
    """The moment decides, not the clock that closes a little later."""
    tale = talking(answered(platform, folder))
    clock.advance_to(asked(tale))
    refused = tale.bidder("yi").post
    no(refused, f"/rounds/{tale.round}/leave", {"reason": "不再参加"}, code="evaluation.not_this_step")
    assert "退出本次采购" not in Person(platform, "yi").get(f"/work/rounds/{tale.round}/bid")


def _standings(tale: Tale) -> dict[str, tuple[str, bool]]:
    facts = RoundFacts(Round.objects.select_related("lot__tender").get(public_id=tale.round))
    bids = Bid.objects.filter(round=facts.round).select_related("bidder")
    stands = {bid.bidder.name: facts.of(bid.bidder_id) for bid in bids}
    return {name: (s.standing.value, s.refundable_from is not None) for name, s in stands.items() if s}

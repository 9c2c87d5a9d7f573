"""One construction tender, told from registration to contract, through the real API with real encryption."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.client.party import Problem
from tests.journeys.tale import PRICES, Tale

pytestmark = pytest.mark.journey


def no(call: Any, *args: Any, code: str, **kwargs: Any) -> Problem:
    """Return the refusal that a call must meet."""
    with pytest.raises(Problem) as refused:
        call(*args, **kwargs)
    assert refused.value.code == code, refused.value
    assert refused.value.body["message"]
    return refused.value


def test_from_registration_to_contract(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder)
    owner, public = tale.owner, platform.anonymous()

    # A notice cannot come out before the law's time to bid, and nobody else can publish it.
    tale.prepared()
    tender = tale.tender["tender"]
    early = platform.now + timedelta(days=19)
    problem = no(story.publish, owner, tender, deadline=early, code="tendering.deadline_too_early")
    assert "第二十四条" in problem.body["basis"]
    no(story.publish, tale.bidder("jia"), tender, deadline=early, code="permission.denied")
    no(public.get, f"/tenders/{tender}", code="not_found")

    # Published: anyone reads the notice and takes the file, without signing in.
    tale.deadline = platform.now + timedelta(days=21)
    story.publish(owner, tender, deadline=tale.deadline)
    assert public.get(f"/tenders/{tender}/file")["document"]["method"] == "lowest_evaluated_price"
    assert [n["kind"] for n in public.get("/notices")["notices"]][:1] == ["tender"]

    # Sealed bids: one is replaced, one withdrawn and handed in again.
    for name in PRICES:
        tale.bid(name)
    assert tale.bid("jia", price=Decimal("9000000.00"))["replaced"] is True
    tale.bidder("yi").post(f"/rounds/{tale.round}/withdrawal")
    no(tale.bidder("yi").post, f"/rounds/{tale.round}/withdrawal", code="bidding.no_live_bid")
    tale.bid("yi")
    no(owner.post, f"/tenders/{tender}/opening", code="opening.too_early")
    platform.sequence()

    # The deadline closes by itself.
    platform.advance(tale.deadline + timedelta(seconds=1))
    assert tale.stage() == "CLOSED"
    no(tale.bid, "ding", price=Decimal("1.00"), code="bidding.too_late")

    # The opening: no price before every key is released.
    owner.post(f"/tenders/{tender}/opening")
    no(owner.post, f"/tenders/{tender}/opening", code="opening.nothing_to_open")
    tale.release("jia")
    platform.work()
    hall = public.get(f"/rounds/{tale.round}/opening")
    assert [b["price"] for b in hall["bids"]] == [None, None, None]
    no(story.end_opening, owner, tale.round, code="not_found")
    for name in ("yi", "bing"):
        tale.release(name)
    platform.work()
    hall = public.get(f"/rounds/{tale.round}/opening")
    assert [b["price"] for b in hall["bids"]] == ["9000000.00", "9270000.00", "9340000.00"]

    # An objection on the spot is answered before it can end.
    raised = tale.bidder("bing").post(f"/rounds/{tale.round}/opening/objections", {"text": "请核对甲的工期"})
    no(story.end_opening, owner, tale.round, code="opening.cannot_end_yet")
    owner.post(f"/opening-objections/{raised['objection']}/answer", {"text": "已核对, 无误"})
    story.end_opening(owner, tale.round)
    waiting = tale.bidder("yi").get(f"/rounds/{tale.round}/opening/record")
    tale.bidder("yi").post(
        f"/rounds/{tale.round}/opening/signatures",
        {"signature": tale.bidder("yi").signature_on(waiting["to_sign"])},
    )

    # Committee: drawn from seeds of three parties, two refuse, one stands aside.
    cast = platform.cast()
    draw = story.draw(owner, cast, tender)
    first = public.get(f"/draws/{draw}")
    assert first["pool_size"] == 40 and len(first["labels"]) == 40
    refusing = {expert.name: True for expert in cast.experts[::3]}
    accepted = story.answer_calls(cast, refuse=refusing)[draw]
    members = story.check_in(cast, draw, accepted)
    owner.post(f"/draws/{draw}/committee")
    assert len(members) == 5

    story.evaluate(members, tale.round)
    platform.work()
    no(public.get, f"/rounds/{tale.round}/report", code="permission.sign_in_first")
    no(tale.bidder("yi").get, f"/rounds/{tale.round}/report", code="permission.denied")
    report = owner.get(f"/rounds/{tale.round}/report")
    assert [r["price"] for r in report["report"]["ranking"]] == ["9000000.00", "9270000.00", "9340000.00"]
    assert report["pdf"]

    # Publicity: an objection holds it beyond its time until it is answered.
    ends = story.datetime.fromisoformat(owner.post(f"/rounds/{tale.round}/publicity")["ends_at"])
    objection = tale.bidder("yi").post(f"/rounds/{tale.round}/objections", {"text": "第一名资质存疑"})
    platform.advance(ends + timedelta(seconds=1))
    assert tale.stage() == "CAND_PUB"
    no(
        tale.bidder("bing").post,
        f"/rounds/{tale.round}/objections",
        {"text": "再提"},
        code="objections.too_late",
    )
    owner.post(f"/objections/{objection['objection']}/answer", {"answer": "资质符合要求, 异议不成立"})
    platform.advance(platform.now + timedelta(seconds=1))
    assert tale.stage() == "CAND_END"

    # Award, letter, contract: only the first candidate, only with both seals.
    second = report["report"]["ranking"][1]["bid"]
    no(owner.post, f"/rounds/{tale.round}/award", {"bid": second}, code="awarding.not_the_first")
    first_row = story.award(owner, tale.round)
    assert first_row["bidder"] == tale.bidder("jia").name
    for name in ("yi", "bing"):
        assert any("中标结果" in m["title"] for m in tale.bidder(name).get("/messages")["messages"])
    no(tale.bidder("yi").post, f"/rounds/{tale.round}/contract", code="permission.denied")
    story.contract(owner, tale.bidder("jia"), tale.round)
    assert tale.stage() == "CONTRACTED"
    moments = owner.get(f"/rounds/{tale.round}/deposits")["deposits"]
    assert {m["standing"] for m in moments} == {"中标人", "中标候选人(未中标)"}
    assert all(m["refundable_from"] for m in moments)

    # Everything can be recomputed, at every level, and each receipt is kept.
    platform.sequence()
    for level, party in (("public", public), ("party", tale.bidder("yi")), ("supervisor", cast.supervisor)):
        pack = party.get(f"/evidence/{tale.tender['ocid']}?level={level}")
        assert not pack["pending"]
        failed = [c for c in check_pack(pack) if c.outcome == "failed"]
        assert not failed, failed
    record = platform.read_json(f"/api/ocds/records/{tale.tender['ocid']}")
    assert [r["tag"][0] for r in record["records"][0]["releases"]] == [
        "tender",
        "tenderUpdate",
        "award",
        "contract",
    ]


def test_comprehensive_method_ranks_by_total_and_lots_have_their_own_result(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder, method="comprehensive", lots=2).in_publicity()
    for round_id in tale.rounds:
        rows = tale.owner.get(f"/rounds/{round_id}/report")["report"]["ranking"]
        totals = [Decimal(r["total"]) for r in rows]
        assert totals == sorted(totals, reverse=True) and len(rows) == 3
    platform.sequence()
    pack = platform.cast().supervisor.get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    checks = check_pack(pack)
    assert not [c for c in checks if c.outcome == "failed"]
    assert sum(1 for c in checks if c.name == "ranking" and c.outcome == "passed") == 2


def test_two_bids_end_as_a_lawful_failure_and_nothing_is_said_of_bidders(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).closed("jia", "yi")
    assert tale.stage() == "FAILED"
    public = platform.anonymous()
    hall = public.get(f"/rounds/{tale.round}/opening")
    assert hall["sealed_bids"] is None and hall["bids"] == []
    notice = public.get("/notices")["notices"][0]
    text = str(public.get(f"/notices/{notice['public_id']}"))
    assert notice["kind"] == "failure" and "甲建工" not in text and "2" not in str(notice["title"])
    platform.sequence()
    pack = public.get(f"/evidence/{tale.tender['ocid']}")
    assert "bidding.received" not in str([e["leaf"] for e in pack["entries"]])
    no(tale.owner.post, f"/tenders/{tale.tender['tender']}/opening", code="opening.nothing_to_open")
    # the bidders are told, each for itself
    assert any("流标" in m["title"] for m in tale.bidder("jia").get("/messages")["messages"])
    # and a new round can follow, without the old bids
    made = tale.owner.post(f"/rounds/{tale.round}/next")
    assert made["number"] == 2
    no(tale.owner.post, f"/rounds/{tale.round}/next", code="tendering.nothing_to_do")


def test_a_key_that_is_not_released_in_time_counts_as_revoked_and_the_others_go_on(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).opened()
    tale.release("jia")
    tale.release("bing")
    platform.work()
    public = platform.anonymous()
    assert public.get(f"/rounds/{tale.round}/opening")["shown_at"] is None
    platform.advance(platform.now + timedelta(minutes=61))
    hall = public.get(f"/rounds/{tale.round}/opening")
    assert sorted(b["state"] for b in hall["bids"]) == ["opened", "opened", "revoked"]
    mine = next(b["bid"] for b in tale.bidder("yi").get("/bids")["bids"] if b["round"] == tale.round)
    no(story.bids.release, party=tale.bidder("yi"), bid_id=mine, code="opening.already_released")
    accounted = tale.owner.post(
        f"/bids/{mine}/failure", {"not_bidders_fault": True, "reason": "平台网络中断, 有记录"}
    )
    assert accounted["state"] == "withdrawn"
    story.end_opening(tale.owner, tale.round)
    assert tale.stage() == "OPENED"


def test_the_committee_may_reject_all(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).seated()
    no(
        tale.members[0].post,
        f"/rounds/{tale.round}/preliminary",
        {"results": {}},
        code="evaluation.not_this_step",
    )
    story.elect_leader(tale.members, tale.draw)
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    results = {
        b["bid"]: {
            r["key"]: {"passes": r["key"] != "licence", "reason": "资质等级不符"}
            for r in desk["document"]["requirements"]
        }
        for b in desk["bids"]
    }
    for member in tale.members:
        member.post(f"/rounds/{tale.round}/preliminary", {"results": results})
    no(
        tale.members[0].post,
        f"/rounds/{tale.round}/competition",
        {"go_on": True, "reason": "继续"},
        code="input.invalid",
    )
    for member in tale.members:
        member.post(f"/rounds/{tale.round}/competition", {"go_on": False, "reason": "全部不符合资格要求"})
    assert tale.stage() == "FAILED"


def test_four_experts_and_the_tenderee_s_representative_evaluate_and_sign(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder, changes={"owner_representatives": 1}).read_out()
    cast = platform.cast()
    draw = story.draw(tale.owner, cast, tale.tender["tender"])
    experts = story.check_in(cast, draw, story.answer_calls(cast)[draw])
    assert len(experts) == 4
    no(tale.owner.post, f"/draws/{draw}/committee", code="evaluation.committee_incomplete")
    no(tale.bidder("jia").post, f"/draws/{draw}/check-in", {"must_avoid": False}, code="permission.denied")
    tale.owner.post(f"/draws/{draw}/check-in", {"must_avoid": False})
    no(tale.owner.post, f"/draws/{draw}/committee", code="evaluation.committee_incomplete")
    story.take_seat(tale.owner, draw)
    tale.owner.post(f"/draws/{draw}/committee")
    story.evaluate([*experts, tale.owner], tale.round)
    assert tale.stage() == "REPORTED"
    platform.sequence()
    pack = cast.supervisor.get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    checks = check_pack(pack)
    assert not [c for c in checks if c.outcome == "failed"]
    assert "专家4名" in next(c.detail_zh for c in checks if c.name == "draw.committee")

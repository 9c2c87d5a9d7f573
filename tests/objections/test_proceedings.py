"""Challenges and complaints of what has no rounds: who may and by when, what waits, what an upheld one puts right, and secrecy."""

from datetime import timedelta
from typing import Any

import pytest

from ggzy.evidence.models import Entry
from ggzy.frameworks.models import CallOff, FrameworkMember
from ggzy.innovation.models import Innovation, Participant
from ggzy.notices.models import Notice
from ggzy.objections.models import Challenge, ProceedingHold
from tests.api.test_refusals import no
from tests.frameworks.test_life import Agreement, Call
from tests.innovation.test_life import Purchase, determined
from tests.journeys.test_complaints import SAID, step
from tests.objections.test_challenges import LETTER
from tests.portals.test_work import Person
from tests.single_source.test_life import OFFER, Buying

pytestmark = pytest.mark.django_db
_HELD = "procedure.move_not_allowed"


def challenge(party: Any, of: str, about: str) -> str:
    return str(party.post(f"/proceedings/{of}/challenges", {"about": about, **LETTER})["challenge"])


def answered(buyer: Any, made: str, outcome: str) -> None:
    buyer.post(f"/challenges/{made}/answer", {"answer": "已经核查", "outcome": outcome})


def may(party: Any, of: str) -> list[str]:
    return [found["about"] for found in party.get(f"/proceedings/{of}/challenges")["steps"]]


def decided(finance: Any, complaint: str, remedy: str) -> None:
    said = {"choice": "upheld", "number": "训财购决〔2026〕9号", "text": "投诉事项成立"}
    step(finance, complaint, "decide", **said, remedy=remedy)
    step(finance, complaint, "publish")


def dealt(platform: Any) -> Call:
    agreement = Agreement(platform).joined("jia", "yi")
    call = agreement.need()
    call.post("selection", {"member": agreement.member("jia"), "reason": "距离近, 上次服务好"})
    call.post("selection/confirmation")
    return call


def test_the_result_of_a_call_is_challenged_and_taken_back(platform: Any) -> None:
    call = dealt(platform)
    jia, yi, buyer = platform.demo("jia"), platform.demo("yi"), call.agreement.buyer
    raising = f"/proceedings/{call.id}/challenges"
    # who is not in the framework could not have had the deal; nor is there another step
    no(
        platform.demo("bing").post,
        raising,
        {"about": "result", **LETTER},
        code="objections.may_not_challenge",
    )
    no(yi.post, raising, {"about": "file", **LETTER}, code="objections.may_not_challenge")
    no(buyer.post, raising, {"about": "result", **LETTER}, code="permission.denied")
    no(yi.post, raising, {"about": "result", **LETTER, "facts": " "}, code="input.invalid")
    assert (may(yi, call.id), may(platform.demo("bing"), call.id)) == (["result"], [])
    made = challenge(yi, call.id, "result")
    no(yi.post, raising, {"about": "result", **LETTER}, code="objections.challenged_before")
    no(call.contract, jia, code=_HELD)
    assert platform.anonymous().get(raising)["holds"] == ["质疑未答复"]
    # taken back, the contract goes on; in time it may be raised anew
    yi.post(f"/challenges/{made}/withdrawal")
    call.contract(buyer)
    made = challenge(yi, call.id, "result")
    no(call.contract, jia, code=_HELD)
    # thirty days of silence do not count what the challenge holds
    platform.advance(platform.now + timedelta(days=31))
    no(call.post, "stop", {"reason": "供应商没有签名"}, code="frameworks.not_now")
    no(
        buyer.post,
        f"/challenges/{made}/answer",
        {"answer": "成立", "outcome": "redetermine"},
        code="input.invalid",
    )
    no(
        call.agreement.collector.post,
        f"/challenges/{made}/answer",
        {"answer": "x", "outcome": "unfounded"},
        code="permission.denied",
    )
    answered(buyer, made, "restart")
    assert CallOff.objects.get().stage == "STOPPED"
    assert not ProceedingHold.objects.filter(lifted_at=None).exists()
    told = [m["title"] for m in jia.get("/messages")["messages"]]
    assert any("成交结果撤销" in title for title in told) and any("质疑已答复" in title for title in told)


def test_a_challenge_that_is_late_is_refused(platform: Any) -> None:
    call = dealt(platform)
    platform.advance(platform.now + timedelta(days=14))
    late = {"about": "result", **LETTER}
    no(
        platform.demo("yi").post,
        f"/proceedings/{call.id}/challenges",
        late,
        code="objections.challenge_too_late",
    )
    assert may(platform.demo("yi"), call.id) == []


def test_a_complaint_takes_a_deal_back(platform: Any) -> None:
    call = dealt(platform)
    yi, buyer, finance = platform.demo("yi"), call.agreement.buyer, platform.demo("caizheng")
    filing = f"/proceedings/{call.id}/complaints"
    no(yi.post, filing, {"matter": "result", **SAID}, code="complaints.object_first")
    made = challenge(yi, call.id, "result")
    no(yi.post, filing, {"matter": "result", **SAID}, code="complaints.object_first")
    answered(buyer, made, "unfounded")
    complaint = str(yi.post(filing, {"matter": "result", **SAID})["complaint"])
    no(yi.post, filing, {"matter": "result", **SAID}, code="complaints.complained_before")
    step(finance, complaint, "accept")
    step(buyer, complaint, "state", text="选定有据")
    step(finance, complaint, "order", days=20)
    no(call.contract, buyer, code=_HELD)
    # an order ends by itself
    platform.advance(platform.now + timedelta(days=21))
    call.contract(buyer)
    no(
        finance.post,
        f"/complaints/{complaint}/steps/decide",
        {"choice": "upheld", "number": "1", "text": "x", "remedy": "annul"},
        code="input.invalid",
    )
    decided(finance, complaint, "restart")
    assert CallOff.objects.get().stage == "STOPPED"
    page = yi.get(f"/complaints/{complaint}")
    assert (page["state"], page["name"]) == ("published", CallOff.objects.get().name)
    notice = platform.anonymous().get(f"/notices/{page['notice']}")["body"]
    assert (notice["complainant"], notice["remedy"]) == (yi.name, "撤销采购结果, 重新开展采购活动")


def test_who_was_refused_or_removed_wrongly_comes_back(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia")
    jia, yi, collector = platform.demo("jia"), platform.demo("yi"), agreement.collector
    assert may(jia, agreement.id) == ["file"]
    refused = agreement.apply("yi")
    collector.post(f"{agreement.at}/members/{refused}/review", {"admitted": False, "reason": "材料不全"})
    made = challenge(yi, agreement.id, "admission")
    answered(collector, made, "restore")
    waits = FrameworkMember.objects.get(supplier__name=yi.name, stage="APPLIED")
    collector.post(
        f"{agreement.at}/members/{waits.public_id}/review", {"admitted": False, "reason": "仍然不全"}
    )
    # what is decided anew may be challenged anew
    assert may(yi, agreement.id) == ["file", "admission"]
    challenge(yi, agreement.id, "admission")
    removal = {"ground": "false_material", "reason": "材料与实际不符"}
    collector.post(f"{agreement.at}/members/{agreement.member('jia')}/removal", removal)
    answered(collector, challenge(jia, agreement.id, "admission"), "restore")
    assert FrameworkMember.objects.get(supplier__name=jia.name, stage="JOINED").place == 1
    # it was not removed after all: it may leave, and join again
    jia.post(f"{agreement.at}/exit", {"reason": ""})
    agreement.apply("jia")


def test_the_only_supplier_challenges_its_result_and_nobody_else(platform: Any) -> None:
    buying = Buying(platform, ground="urgent", reason="突发管网破裂", budget="500000", experts=[]).on()
    buying.supplier.post(f"{buying.at}/offer", OFFER | {"price": "400000"})
    buying.recorded(price="400000")
    for party in (buying.buyer, buying.supplier):
        buying.sign(party)
    buying.buyer.post(f"{buying.at}/record/conclusion")
    buying.buyer.post(f"{buying.at}/result")
    raising = f"/proceedings/{buying.id}/challenges"
    no(
        platform.demo("bing").post,
        raising,
        {"about": "result", **LETTER},
        code="objections.may_not_challenge",
    )
    made = challenge(buying.supplier, buying.id, "result")
    no(buying.contract, buying.buyer, code=_HELD)
    answered(buying.buyer, made, "no_effect")
    buying.contract(buying.buyer)


def test_research_that_was_wrongly_awarded_is_ended(platform: Any) -> None:
    purchase = determined(platform)
    bing, buyer = platform.demo("bing"), purchase.buyer
    assert may(bing, purchase.id) == ["result"]
    made = challenge(bing, purchase.id, "result")
    contract = purchase.contract("jia")
    no(contract.signed, code=_HELD)
    answered(buyer, made, "restart")
    assert (purchase.stage, contract.stage) == ("STOPPED", "RD_OUT")
    assert purchase.kinds()[-1] == "innovation_result"


def test_who_was_not_qualified_wrongly_takes_part(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi").qualified("jia", out=("yi",))
    yi, buyer = platform.demo("yi"), purchase.buyer
    made = challenge(yi, purchase.id, "admission")
    # nobody learns whose it is while nobody may know who takes part
    for reader in (buyer, platform.demo("caizheng")):
        row = reader.get(f"/proceedings/{purchase.id}/challenges")["challenges"][0]
        assert row["challenger"] is None and row["texts"]
    assert platform.anonymous().get(f"/proceedings/{purchase.id}/challenges")["challenges"] == []
    platform.sequence()
    assert "objections.challenged" not in str(platform.anonymous().get("/evidence/feed?after=0&limit=1000"))
    answered(buyer, made, "restore")
    assert Participant.objects.get(supplier__name=yi.name).qualified is True
    purchase.exchanged("jia", "yi")
    assert Challenge.objects.get().outcome == "restore"


def test_a_complaint_ends_research_and_an_order_gives_back_its_time(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi").qualified("jia", "yi").exchanged("jia", "yi").issued()
    yi, buyer, finance = platform.demo("yi"), purchase.buyer, platform.demo("caizheng")
    answered(buyer, challenge(yi, purchase.id, "file"), "unfounded")
    complaint = str(
        yi.post(f"/proceedings/{purchase.id}/complaints", {"matter": "file", **SAID})["complaint"]
    )
    step(finance, complaint, "accept")
    before = Innovation.objects.get()
    step(finance, complaint, "order", days=10)
    after = Innovation.objects.get()
    assert before.sealed_until is not None and after.sealed_until is not None
    assert after.sealed_until - before.sealed_until == after.reveal_until - before.reveal_until  # type: ignore[operator]
    assert after.sealed_until - before.sealed_until >= timedelta(days=10)
    no(buyer.post, f"{purchase.at}/clarifications", {"text": "补充说明检测精度"}, code=_HELD)
    # its end comes with the order's: nothing was to be sealed meanwhile
    purchase.go(before.sealed_until + timedelta(days=2))
    assert purchase.stage == "HC_ANSWER"
    for page in (finance.get(f"/complaints/{complaint}"), buyer.get(f"/complaints/{complaint}")):
        assert page["complainant"] is None and yi.name not in str(page)
    decided(finance, complaint, "restart")
    assert purchase.stage == "STOPPED"
    # it is over: who complained is no secret any more
    assert finance.get(f"/complaints/{complaint}")["complainant"] == yi.name
    assert platform.anonymous().get(f"/proceedings/{purchase.id}/challenges")["challenges"]


def test_an_invitation_is_known_to_nobody_else(platform: Any) -> None:
    uscc = platform.demo("jia").get("/whoami")["uscc"]
    purchase = Purchase(platform, way="invitation", invited=[uscc])
    purchase.name_group()
    purchase.called("jia").qualified("jia")
    for stranger in (platform.anonymous(), platform.demo("yi")):
        no(stranger.get, f"/proceedings/{purchase.id}/challenges", code="not_found")
    assert may(platform.demo("jia"), purchase.id) == ["admission"]
    no(platform.anonymous().get, "/proceedings/x/challenges", code="not_found")


def test_what_was_decided_is_still_there_to_be_done_when_it_is_published(platform: Any) -> None:
    call = dealt(platform)
    yi, jia, finance = platform.demo("yi"), platform.demo("jia"), platform.demo("caizheng")
    answered(call.agreement.buyer, challenge(yi, call.id, "result"), "unfounded")
    complaint = str(yi.post(f"/proceedings/{call.id}/complaints", {"matter": "result", **SAID})["complaint"])
    step(finance, complaint, "accept")
    said = {"choice": "upheld", "number": "训财购决〔2026〕9号", "text": "电话13812345678举报属实"}
    step(finance, complaint, "decide", **said, remedy="restart")
    for party in (call.agreement.buyer, jia):
        no(call.contract, party, code=_HELD)
    step(finance, complaint, "publish")
    assert CallOff.objects.get().stage == "STOPPED"
    # what the two wrote to each other, and the decision's text unmasked, are in nothing that others read
    platform.sequence()
    seen = [
        *Notice.objects.filter(ocid__endswith=call.agreement.id).values_list("body", flat=True),
        platform.anonymous().get("/evidence/feed?after=0&limit=1000"),
        jia.get("/messages"),
        platform.anonymous().get(call.at) if call.seen()["stage"] == "CONTRACTED" else "",
    ]
    for private in (LETTER["facts"], LETTER["matter"], "13812345678"):
        assert not any(private in str(page) for page in seen)


def test_an_old_challenge_undoes_no_new_deal_and_an_order_gives_back_its_time(platform: Any) -> None:
    call = dealt(platform)
    yi, buyer = platform.demo("yi"), call.agreement.buyer
    made = challenge(yi, call.id, "result")
    call.post("contract/refusal", {"reason": "产能不足"}, by=platform.demo("jia"))
    # the deal fell: nothing is held for it, and its challenge undoes nothing that comes after
    assert not ProceedingHold.objects.filter(lifted_at=None).exists()
    call.post("selection", {"member": call.agreement.member("yi"), "reason": "重新选定"})
    call.post("selection/confirmation")
    no(
        buyer.post,
        f"/challenges/{made}/answer",
        {"answer": "成立", "outcome": "restart"},
        code="input.invalid",
    )
    answered(buyer, made, "unfounded")
    call.contract(yi)
    call.contract(buyer)
    assert CallOff.objects.get().stage == "CONTRACTED"


def test_a_need_whose_deal_fell_waits_through_an_order_and_ends_with_its_framework(platform: Any) -> None:
    call = dealt(platform)
    yi, finance = platform.demo("yi"), platform.demo("caizheng")
    answered(call.agreement.buyer, challenge(yi, call.id, "result"), "unfounded")
    call.post("contract/refusal", {"reason": "产能不足"}, by=platform.demo("jia"))
    # who challenged it still goes on from the answer, though the deal is public no more
    complaint = str(yi.post(f"/proceedings/{call.id}/complaints", {"matter": "result", **SAID})["complaint"])
    step(finance, complaint, "accept")
    until = call.invite(hours=48)
    step(finance, complaint, "order", days=10)
    row = CallOff.objects.get()
    assert row.sealed_until is not None and row.sealed_until >= until + timedelta(days=9)
    platform.advance(until + timedelta(hours=1))
    platform.work()
    assert CallOff.objects.get().stage == "MINI_BID"
    platform.advance(call.agreement.ends_at + timedelta(seconds=1))
    platform.work()
    assert CallOff.objects.get().stage == "STOPPED"


def test_a_refusal_is_between_the_two_and_comes_out_for_nobody(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia")
    yi = platform.demo("yi")
    refused = agreement.apply("yi")
    agreement.collector.post(
        f"{agreement.at}/members/{refused}/review", {"admitted": False, "reason": "材料不全"}
    )
    challenge(yi, agreement.id, "admission")
    for other in (platform.anonymous(), platform.demo("jia")):
        assert other.get(f"/proceedings/{agreement.id}/challenges")["challenges"] == []
    platform.sequence()
    assert "objections.challenged" not in str(platform.anonymous().get("/evidence/feed?after=0&limit=1000"))


def test_after_the_result_everybody_may_know_that_the_file_was_challenged(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi", "bing").qualified("jia", "yi", "bing").exchanged(
        "jia", "yi", "bing"
    ).issued()
    made = challenge(platform.demo("yi"), purchase.id, "file")
    answered(purchase.buyer, made, "no_effect")
    purchase.responded("first", "jia", "yi", "bing").talked("jia", "yi", "bing")
    purchase.responded("final", "jia", "yi", "bing").scored("jia", "yi", "bing")
    held = Entry.objects.filter(act__startswith="objections.", subject=made)
    assert held.count() == 2 and not held.exclude(disclosed_at=None).exists()
    purchase.buyer.post(f"{purchase.at}/result")
    assert not held.filter(disclosed_at=None).exists()
    assert platform.anonymous().get(f"/proceedings/{purchase.id}/challenges")["challenges"]


def test_a_complaint_of_an_invitation_names_nothing_before_its_result(platform: Any) -> None:
    uscc = platform.demo("jia").get("/whoami")["uscc"]
    purchase = Purchase(platform, way="invitation", invited=[uscc])
    purchase.name_group()
    purchase.called("jia").qualified("jia")
    jia, finance = platform.demo("jia"), platform.demo("caizheng")
    answered(purchase.buyer, challenge(jia, purchase.id, "admission"), "unfounded")
    complaint = str(
        jia.post(f"/proceedings/{purchase.id}/complaints", {"matter": "admission", **SAID})["complaint"]
    )
    step(finance, complaint, "accept")
    step(finance, complaint, "decide", choice="unfounded", number="训财购决〔2026〕9号", text="查无实据")
    notice = step(finance, complaint, "publish")["notice"]
    platform.sequence()
    seen = [
        platform.anonymous().get(f"/notices/{notice}"),
        platform.anonymous().get("/evidence/feed?after=0&limit=1000"),
    ]
    for private in (
        Innovation.objects.get().name,
        Innovation.objects.get().ocid,
        jia.name,
        purchase.buyer.name,
    ):
        assert not any(private in str(page) for page in seen), private
    # experts of the group, and who was invited and has not applied, still see their page
    assert Person(platform, "zhuanjia05").get(f"/work{purchase.at}")

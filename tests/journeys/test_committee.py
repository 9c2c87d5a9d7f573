"""A committee in booths at two centres: seats apart, a site cut off, a lost member, questions to bidders, sums confirmed."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.client.party import Party, Problem
from ggzy.committees import rules
from ggzy.committees.models import Meeting, Seat, Site
from ggzy.experts.models import Draw
from tests.api.test_refusals import no
from tests.journeys.tale import PRICES, Tale

CRITERIA = [
    {"key": "plan", "title": "施工组织设计", "weight": "25", "reasons": True},
    {"key": "deeds", "title": "类似业绩", "weight": "15", "objective": True},
]


def _checked_in(tale: Tale, *, sub: int) -> list[Party]:
    """Take a tale whose bids are read out to a committee that has checked in, with `sub` members at another centre."""
    owner, cast, partner = tale.owner, tale.platform.cast(), tale.platform.demo("fuchang")
    tale.draw = story.draw(owner, cast, tale.tender["tender"])
    plan = {
        "form": "remote",
        "hall": "工位评标厅",
        "seats": 24,
        "columns": 6,
        "sub_sites": [{"centre": partner.uscc, "members": sub}],
    }
    no(
        owner.post,
        f"/draws/{tale.draw}/meeting",
        plan | {"hall": "小会议室", "seats": 3, "columns": 0},
        code="input.invalid",
    )
    made = owner.post(f"/draws/{tale.draw}/meeting", plan)
    main, away = made["sites"]
    assert (main["state"], away["state"]) == ("booked", "asked")
    tale.platform.demo("zhongxin").post(f"/sites/{main['site']}/checks", {"checks": list(rules.CHECKS)})
    no(
        tale.platform.demo("zhongxin").post,
        f"/sites/{away['site']}/answer",
        {"accept": True},
        code="permission.denied",
    )
    partner.post(
        f"/sites/{away['site']}/answer", {"accept": True, "hall": "二楼评标厅", "seats": 12, "columns": 4}
    )
    partner.post(f"/sites/{away['site']}/checks", {"checks": ["computer", "network"]})
    accepted = story.answer_calls(cast)[tale.draw]
    members: list[Party] = []
    for expert in accepted:
        if expert.post(f"/draws/{tale.draw}/check-in", {"must_avoid": False})["avoids"]:
            accepted += [e for e in story.answer_calls(cast)[tale.draw] if e not in accepted]
        else:
            members.append(expert)
    oath = members[0].get(f"/draws/{tale.draw}/oath")["to_sign"]
    seat = {"signature": members[0].signature_on(oath), "site": away["site"]}
    no(members[0].post, f"/draws/{tale.draw}/seat", seat, code="committees.not_now")
    partner.post(f"/sites/{away['site']}/checks", {"checks": list(rules.CHECKS)})
    for n, member in enumerate(members):
        oath = member.get(f"/draws/{tale.draw}/oath")["to_sign"]
        site = away["site"] if n < sub else main["site"]
        given = member.post(
            f"/draws/{tale.draw}/seat", {"signature": member.signature_on(oath), "site": site}
        )
        again = member.post(
            f"/draws/{tale.draw}/seat", {"signature": member.signature_on(oath), "site": site}
        )
        assert given == again
    tale.members = members
    tale.first = {"main": main["site"], "away": away["site"]}
    return members


def test_a_committee_at_two_centres(platform: Any, folder: Path) -> None:
    tale = Tale(
        platform,
        folder,
        method="comprehensive",
        changes={"criteria": CRITERIA, "low_price": {"of_ceiling": "92", "of_others": "80"}},
    ).read_out()
    members = _checked_in(tale, sub=2)
    partner, centre = platform.demo("fuchang"), platform.demo("zhongxin")
    for site in Seat.objects.values_list("hall", flat=True).distinct():
        numbers = set(Seat.objects.filter(hall=site, live=True).values_list("number", flat=True))
        columns = 6 if "工位" in site else 4
        assert all(not numbers & rules.neighbours(n, seats=24, columns=columns) for n in numbers)
    tale.owner.post(f"/draws/{tale.draw}/committee")
    seen = tale.owner.get(f"/tenders/{tale.tender['tender']}")
    assert seen["rounds"][0]["stage"] == "EVALUATING"

    # a tie is voted on again; a leader leads
    codes = [m.get(f"/draws/{tale.draw}/meeting")["code"] for m in members]
    for member, choice in zip(members, [codes[0], codes[0], codes[1], codes[1], codes[2]], strict=True):
        assert member.post(f"/draws/{tale.draw}/leader", {"choice": choice})["leader"] == ""
    for member in members:
        member.post(f"/draws/{tale.draw}/leader", {"choice": codes[0]})
    leader, other = members[0], members[4]
    assert other.get(f"/draws/{tale.draw}/meeting")["leader"] == codes[0]

    # discussion is written; a bidder is not in it
    other.post(f"/draws/{tale.draw}/messages", {"text": "请核对甲的工期", "round": tale.round})
    assert [m["code"] for m in leader.get(f"/draws/{tale.draw}/meeting")["messages"]] == [codes[4]]
    no(tale.bidder("jia").get, f"/draws/{tale.draw}/meeting", code="permission.denied")

    # a site is cut off: its members wait, the others go on; too long, and all wait
    at = f"/rounds/{tale.round}"
    desk = leader.get(f"{at}/desk")
    results = {
        "results": {
            b["bid"]: {r["key"]: {"passes": True, "reason": ""} for r in desk["document"]["requirements"]}
            for b in desk["bids"]
        }
    }
    members[2].post(f"{at}/preliminary", results)
    partner.post(f"/sites/{tale.first['away']}/cut-off", {"reason": "光缆中断"})
    wall = centre.get("/witness/wall")["sessions"]
    assert "评标场地中断: 二楼评标厅" in next(r for r in wall if r["kind"] == "evaluation")["alarms"]
    no(leader.post, f"{at}/preliminary", results, code="committees.interrupted")
    members[3].post(f"{at}/preliminary", results)
    platform.advance(platform.now + timedelta(minutes=16))
    platform.work()
    no(other.post, f"{at}/preliminary", results, code="committees.interrupted")
    no(centre.post, f"/draws/{tale.draw}/resume", code="committees.not_now")
    partner.post(f"/sites/{tale.first['away']}/reconnect")
    centre.post(f"/draws/{tale.draw}/resume")
    # somebody leaves without word and is brought back
    centre.post(f"/draws/{tale.draw}/members", {"code": codes[4], "lost": True, "reason": "离开工位未归"})
    no(other.post, f"{at}/preliminary", results, code="committees.interrupted")
    centre.post(f"/draws/{tale.draw}/members", {"code": codes[4], "lost": False})
    for member in (leader, members[1], other):
        member.post(f"{at}/preliminary", results)

    # a markedly low price: nobody finds it below cost before its bidder was asked
    desk = other.get(f"{at}/desk")
    assert desk["step"] == "price" and len(desk["low_prices"]) == 1
    (low,) = desk["low_prices"]
    verdict = {"results": {low: {"passes": False, "reason": "明显低于成本"}}}
    no(other.post, f"{at}/prices", verdict, code="input.invalid")
    question = {"bid": low, "ground": "low_price", "text": "请说明报价的构成", "minutes": 30}
    no(other.post, f"{at}/clarifications", question, code="committees.only_the_leader")
    asked = leader.post(f"{at}/clarifications", question)["clarification"]
    bidder = next(p for p in map(tale.bidder, PRICES) if p.get("/clarifications")["clarifications"])
    told = bidder.get("/clarifications")["clarifications"][0]
    assert told["text"] == "请说明报价的构成" and not set(told) & {"member", "asked_by", "code"}
    no(tale.bidder("ding").post, f"/clarifications/{asked}/to-sign", {"text": "x"}, code="not_found")
    said = {"text": "自有设备, 材料为甲供"}
    to_sign = bidder.post(f"/clarifications/{asked}/to-sign", said)["to_sign"]
    no(
        bidder.post,
        f"/clarifications/{asked}",
        {"text": "另一个说法", "signature": bidder.signature_on(to_sign)},
        code="identity.signature_wrong",
    )
    bidder.post(f"/clarifications/{asked}", said | {"signature": bidder.signature_on(to_sign)})
    for member in members:
        member.post(f"{at}/prices", {"results": {low: {"passes": True, "reason": "说明合理"}}})

    # scores with reasons; an objective item on which members differ has to be made equal
    desk = other.get(f"{at}/desk")
    assert desk["step"] == "detailed"
    bids = [b["bid"] for b in desk["bids"]]

    def sheet(plan: str, deeds: str) -> dict[str, Any]:
        return {
            "scores": {b: {"plan": plan, "deeds": deeds} for b in bids},
            "reasons": {b: {"plan": "方案可行"} for b in bids},
        }

    no(other.post, f"{at}/scores", sheet("20", "10") | {"reasons": {}}, code="input.invalid")
    for member, plan, deeds in zip(
        members, ("20", "21", "20", "22", "8"), ["10", "10", "10", "10", "12"], strict=True
    ):
        member.post(f"{at}/scores", sheet(plan, deeds))
    desk = other.get(f"{at}/desk")
    assert desk["step"] == "summary"
    assert {p["criterion"] for p in desk["prompts"]} == {"类似业绩", "plan"}
    assert {p["criterion"] for p in leader.get(f"{at}/desk")["prompts"]} == {"类似业绩"}
    no(leader.post, f"{at}/summary", code="input.invalid")
    other.post(f"{at}/scores", sheet("18", "10"))
    for member in members:
        member.post(f"{at}/summary")
    report = leader.get(f"{at}/report-to-sign")
    assert report["to_sign"]

    # a member refuses to sign and to say why: the staff write it down, and it counts as agreement
    story.sign_report(members[:4], tale.round)
    centre.post(f"{at}/deemed-agreed", {"code": codes[4], "reason": "拒绝签字, 也不书面说明"})
    assert tale.stage() == "REPORTED"
    assert not Seat.objects.filter(live=True).exists()
    sheets = platform.demo("jiandu").get(f"{at}/sheets")["sheets"]
    assert sorted(s["version"] for s in sheets if s["kind"] == "scores") == [1, 1, 1, 1, 1, 2]
    platform.sequence()
    platform.work()
    tale.owner.post(f"{at}/publicity")
    platform.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    assert [c for c in check_pack(pack) if c.outcome == "failed"] == []
    public = str(platform.anonymous().get(f"/evidence/{tale.tender['ocid']}"))
    assert "请核对甲的工期" not in public and "自有设备" not in public and "光缆中断" not in public
    assert Decimal(tale.owner.get(f"{at}/report")["report"]["ranking"][0]["other_score"]) > 0


def test_a_hall_is_not_promised_beyond_its_seats(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).read_out()
    partner = platform.demo("fuchang")
    tale.draw = story.draw(tale.owner, platform.cast(), tale.tender["tender"])
    plan = {"form": "remote", "hall": "工位评标厅", "seats": 24, "columns": 6}
    plan["sub_sites"] = [{"centre": partner.uscc, "members": 2}]
    _, away = tale.owner.post(f"/draws/{tale.draw}/meeting", plan)["sites"]

    # another committee has been promised 11 of the 12 seats of that day
    other = Draw.objects.get(public_id=tale.draw)
    other.pk, other.public_id, other._state.adding = None, "f" * 32, True
    other.save()
    site = Site.objects.get(public_id=away["site"])
    site.meeting = Meeting.objects.create(draw=other, planned_at=platform.now)
    site.pk, site.public_id, site._state.adding = None, "e" * 32, True
    site.hall, site.members, site.state = "二楼评标厅", 11, Site.BOOKED
    site.starts_at = platform.now
    site.save()
    room = {"accept": True, "hall": " 二楼评标厅", "seats": 12, "columns": 4}
    with pytest.raises(Problem, match="预留11个席位, 还剩1个, 不足2个") as refused:
        partner.post(f"/sites/{away['site']}/answer", room)
    assert refused.value.code == "committees.hall_full"
    assert Site.objects.get(public_id=away["site"]).state == Site.ASKED
    site.starts_at = platform.now + timedelta(days=1)
    site.save()
    partner.post(f"/sites/{away['site']}/answer", room)
    assert Site.objects.get(public_id=away["site"]).state == Site.BOOKED


def test_a_member_lost_for_good_is_replaced_and_judges_again(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, method="comprehensive").seated()
    centre, members, at = platform.demo("zhongxin"), tale.members, f"/rounds/{tale.round}"
    story.elect_leader(members, tale.draw)
    codes = [m.get(f"/draws/{tale.draw}/meeting")["code"] for m in members]
    leader = members[0].get(f"/draws/{tale.draw}/meeting")["leader"]
    lost = codes.index(leader)
    desk = members[0].get(f"{at}/desk")
    yes = {
        b["bid"]: {r["key"]: {"passes": True, "reason": ""} for r in desk["document"]["requirements"]}
        for b in desk["bids"]
    }
    for member in members:
        member.post(f"{at}/preliminary", {"results": yes})
    scores = {b["bid"]: {c["key"]: "10" for c in desk["document"]["criteria"]} for b in desk["bids"]}
    for member in members:
        member.post(f"{at}/scores", {"scores": scores})
    for member in members:
        member.post(f"{at}/summary")
    story.sign_report(members[:2], tale.round)

    # the leader falls ill while the report is signed: it is no report any more
    asked = tale.owner.post(f"/draws/{tale.draw}/replacements", {"code": leader, "reason": "突发疾病送医"})
    centre.post(f"/replacements/{asked['replacement']}", {"approve": True})
    gone, stay = members[lost], [m for n, m in enumerate(members) if n != lost]
    no(gone.post, f"{at}/preliminary", {"results": yes}, code="evaluation.not_a_member")
    no(stay[0].get, f"{at}/report-to-sign", code="not_found")
    cast = platform.cast()
    known = {m.name for m in members}
    newcomers = [e for e in story.answer_calls(cast)[tale.draw] if e.name not in known]
    (newcomer,) = story.check_in(cast, tale.draw, newcomers)
    # a leader is elected anew, by all five; then only the newcomer's sheets are missing
    voters = [*stay, newcomer]
    code = stay[0].get(f"/draws/{tale.draw}/meeting")["code"]
    no(newcomer.post, f"{at}/preliminary", {"results": yes}, code="evaluation.not_this_step")
    for member in voters:
        member.post(f"/draws/{tale.draw}/leader", {"choice": code})
    assert newcomer.get(f"{at}/desk")["step"] == "preliminary"
    no(stay[0].post, f"{at}/preliminary", {"results": yes}, code="evaluation.not_this_step")
    newcomer.post(f"{at}/preliminary", {"results": yes})
    assert stay[0].get(f"{at}/desk")["step"] == "detailed"
    other = {bid: dict.fromkeys(row, "11") for bid, row in scores.items()}
    newcomer.post(f"{at}/scores", {"scores": other})
    for member in voters:
        member.post(f"{at}/summary")
    story.sign_report(voters, tale.round)
    assert tale.stage() == "REPORTED"
    report = tale.owner.get(f"{at}/report")["report"]
    assert report["annexes"]["committee"]["replaced"] == [leader]
    platform.sequence()
    tale.owner.post(f"{at}/publicity")
    platform.sequence()
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    assert [c for c in check_pack(pack) if c.outcome == "failed"] == []

"""Separate evaluation and award, told through the API: a basis, a plan, candidates without an order, a panel's ballots."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ggzy.client import story
from ggzy.client.party import Party, Problem
from ggzy.evaluation.queries import computed
from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import NotFound
from ggzy.opendata.checks import ALL
from ggzy.opendata.separation_checks import ALL as PANELS
from tests.journeys.tale import PRICES, Tale
from tests.people import actor

pytestmark = pytest.mark.journey

PLAN = {"candidates": 3, "members": 5, "way": "votes", "ballots": 1, "factors": "信用、业绩、技术方案和报价"}
BASIS = {
    "region": "370000",
    "document": "演示省招标投标条例",
    "article": "第三十条",
    "since": "2026-01-01",
    "until": "2026-12-31",
}


def a_basis(platform: Any) -> str:
    """Enter a basis and let a second administrator confirm it."""
    made = platform.demo("guanli").post("/separation-bases", BASIS)["basis"]
    with pytest.raises(Problem, match="登记人"):
        platform.demo("guanli").post(f"/separation-bases/{made}/confirm")
    platform.demo("guanli2").post(f"/separation-bases/{made}/confirm")
    return str(made)


def find(members: list[Party], round_id: str) -> None:
    """Let every member write what it finds of every bid left."""
    for member in members:
        desk = member.get(f"/rounds/{round_id}/desk")
        assert desk["step"] == "findings" and desk["report"] is None
        left = [b["bid"] for b in desk["bids"] if b["bid"] not in desk["rejected"]]
        member.post(f"/rounds/{round_id}/findings", {"findings": dict.fromkeys(left, "施工组织合理")})


def reported(tale: Tale) -> None:
    tale.seated()
    points = ("24", "14"), ("20", "12"), ("15", "9")
    story.evaluate(
        tale.members,
        tale.round,
        points={
            b["bid"]: {"plan": points[n][0], "team": points[n][1]}
            for n, b in enumerate(tale.members[0].get(f"/rounds/{tale.round}/desk")["bids"])
        },
        until_scored=True,
    )
    find(tale.members, tale.round)
    story.sign_report(tale.members, tale.round)
    tale.platform.work()


def vote(member: Party, round_id: str, choice: str, **more: Any) -> dict[str, Any]:
    said = {"choice": choice, "reason": "业绩和信用较好", **more}
    query = urlencode({k: str(v).lower() if isinstance(v, bool) else v for k, v in said.items()})
    waiting = member.get(f"/rounds/{round_id}/panel/ballot?{query}")
    signature = member.signature_on(waiting["to_sign"])
    return member.post(f"/rounds/{round_id}/panel/ballot", {**said, "signature": signature})


def seats(tale: Tale, platform: Any) -> tuple[list[dict[str, str]], list[Party]]:
    """Return five members as the tenderee enters them, and who they are: one of its own, four invited."""
    busy = {m.name for m in tale.members}
    employed = {"zhuanjia03", "zhuanjia11"}  # they work for a bidder
    free = [e for e in platform.cast().experts if e.name not in busy | employed][:4]
    rows = [{"username": "zhaobiao", "side": "own"}]
    return rows + [{"username": e.name, "side": "invited"} for e in free], [tale.owner, *free]


def checked(pack: dict[str, Any]) -> dict[str, str]:
    return {c.name: c.outcome for check in (*ALL, *PANELS) for c in check(pack)}


def told_of(report: dict[str, Any], bid: str) -> str:
    return next(str(row["bidder"]) for row in report["ranking"] if row["bid"] == bid)


def test_a_panel_chooses_among_candidates_without_an_order(platform: Any, tmp_path: Path) -> None:
    tale = Tale(platform, tmp_path, method="comprehensive", changes={"award_plan": PLAN})
    with pytest.raises(Problem, match="没有登记生效的评定分离依据"):
        tale.prepared()
    basis = a_basis(platform)
    tale = Tale(platform, tmp_path, method="comprehensive", changes={"award_plan": PLAN})
    reported(tale)
    report = tale.owner.get(f"/rounds/{tale.round}/report")["report"]
    assert [row["bidder"] for row in report["ranking"]] == sorted(row["bidder"] for row in report["ranking"])
    told = json.dumps(report, ensure_ascii=False)
    assert all(row["rank"] is None and row["total"] is None for row in report["ranking"])
    assert "explained" not in report and not report["annexes"]["scores"], "points would tell the order"
    assert "施工组织合理" in told
    made = tale.owner.post(f"/rounds/{tale.round}/publicity")
    notice = next(n for n in platform.demo("jia").get("/notices")["notices"] if n["kind"] == "candidates")
    body = platform.demo("jia").get(f"/notices/{notice['public_id']}")["body"]
    assert body["separation"] and {c["rank"] for c in body["candidates"]} == {None}
    for role in (Role.BIDDER, Role.TENDEREE, Role.PUBLIC):  # the computation would tell the order
        with pytest.raises(NotFound, match="评定分离"):
            computed(round_id=tale.round, actor=actor(role))
    assert computed(round_id=tale.round, actor=actor(Role.SUPERVISOR)).told
    platform.advance(datetime.fromisoformat(made["ends_at"]) + timedelta(seconds=1))
    at = f"/rounds/{tale.round}"
    with pytest.raises(Problem, match="由定标委员会"):
        tale.owner.post(f"{at}/award", {"bid": report["candidates"][0]})
    rows, members = seats(tale, platform)
    for wrong, says in (
        (rows[:4], "5人"),
        ([*rows[:4], rows[3]], "不能重复"),
        ([*rows[:4], {"username": tale.members[0].name, "side": "invited"}], "参加了本标段的评标"),
        ([*rows[:4], {"username": "zhuanjia03", "side": "invited"}], "应当回避|参加了本标段的评标"),
        ([*rows[:4], {"username": "jia", "side": "invited"}], "不存在, 或不是"),
        ([{"username": "zhaobiao", "side": "superior"}, *rows[1:]], "不是上级单位"),
    ):
        with pytest.raises(Problem, match=says):
            tale.owner.post(f"{at}/panel", {"members": wrong})
    tale.owner.post(f"{at}/panel", {"members": rows})
    with pytest.raises(Problem, match="尚未作出决定"):
        tale.owner.post(f"{at}/panel/report")
    dearest, cheapest, middle = (
        max(report["ranking"], key=lambda r: float(r["price"]))["bid"],
        min(report["ranking"], key=lambda r: float(r["price"]))["bid"],
        sorted(report["ranking"], key=lambda r: float(r["price"]))[1]["bid"],
    )
    for member, choice in zip(members[:4], (dearest, middle, dearest, middle), strict=True):
        assert not vote(member, tale.round, choice)["decided"]
    seen = tale.owner.get(f"{at}/panel")
    assert seen["cast"] == [] and seen["turns"] == [], "nobody sees a ballot before the turn is over"
    with pytest.raises(Problem, match="已经投票"):
        vote(members[0], tale.round, cheapest)
    with pytest.raises(Problem, match="不是本标段定标委员会成员"):
        vote(tale.members[0], tale.round, cheapest)
    # the fifth makes it 2:2:1; one ballot was allowed, so the lower price of the two decides
    assert vote(members[4], tale.round, cheapest)["decided"]
    waiting = tale.owner.post(f"{at}/panel/report")
    sealed = tale.owner.post(
        f"{at}/panel/report/seal", {"signature": tale.owner.signature_on(waiting["to_sign"])}
    )
    assert sealed["bid"] == middle and tale.stage() == "AWARDED"
    waiting = tale.owner.post(f"{at}/letter")
    tale.owner.post(f"{at}/letter/seal", {"signature": tale.owner.signature_on(waiting["to_sign"])})
    platform.sequence()
    # what anybody recomputes, and what the supervisor recomputes beside it
    public = checked(tale.owner.get(f"/evidence/{tale.tender['ocid']}"))
    assert public["panel"] == public["panel.award"] == "passed", public
    pack = platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    full = checked(pack)
    assert full["panel"] == full["ranking.candidates"] == full["report.signed"] == "passed", full
    assert "failed" not in full.values(), full
    # the winner refuses: a further panel chooses among who is left, and the earlier decision stays as it was
    winner = next(p for p in map(tale.bidder, PRICES) if p.name == told_of(report, middle))
    query = urlencode({"kind": "refused", "reason": "不能按期进场"})
    waiting = winner.get(f"{at}/award-end?{query}")
    winner.post(
        f"{at}/award-end",
        {"kind": "refused", "reason": "不能按期进场", "signature": winner.signature_on(waiting["to_sign"])},
    )
    tale.owner.post(f"{at}/panel", {"members": rows})
    with pytest.raises(Problem, match="本轮的候选人"):
        vote(members[0], tale.round, middle)
    for member in members:
        vote(member, tale.round, dearest)
    waiting = tale.owner.post(f"{at}/panel/report")
    tale.owner.post(f"{at}/panel/report/seal", {"signature": tale.owner.signature_on(waiting["to_sign"])})
    platform.sequence()
    again = checked(tale.owner.get(f"/evidence/{tale.tender['ocid']}"))
    assert "failed" not in again.values(), again
    # ending the basis stops nothing that was published on it, and everything that was not
    written = Tale(platform, tmp_path / "written", changes={"award_plan": PLAN}).prepared()
    platform.demo("guanli").post(f"/separation-bases/{basis}/end", {"reason": "文件废止"})
    with pytest.raises(Problem, match="没有登记生效的评定分离依据"):
        story.publish(tale.owner, written.tender["tender"], deadline=platform.now + timedelta(days=21))


def test_minutes_that_one_member_does_not_agree_to_are_written_again(platform: Any, tmp_path: Path) -> None:
    a_basis(platform)
    other = Tale(platform, tmp_path / "other", changes={"award_plan": PLAN}).published()
    for changed in ({}, {"award_plan": {**PLAN, "members": 7}}):
        with pytest.raises(Problem, match="公告发出后不能"):
            other.owner.ask(
                "PUT", f"/tenders/{other.tender['tender']}/document", {"document": story.document(**changed)}
            )
    tale = Tale(platform, tmp_path, changes={"award_plan": {**PLAN, "way": "discussion"}})
    tale.seated()
    story.evaluate(tale.members, tale.round, until_scored=True)
    find(tale.members, tale.round)
    story.sign_report(tale.members, tale.round)
    made = tale.owner.post(f"/rounds/{tale.round}/publicity")
    platform.advance(datetime.fromisoformat(made["ends_at"]) + timedelta(seconds=1))
    at = f"/rounds/{tale.round}/panel"
    rows, members = seats(tale, platform)
    tale.owner.post(at, {"members": rows})
    first, second = (c["bid"] for c in tale.owner.get(at)["candidates"][:2])
    with pytest.raises(Problem, match="纪要尚未形成"):
        vote(members[0], tale.round, first)
    tale.owner.post(f"{at}/minutes", {"text": "逐一讨论, 倾向第一家", "choice": first})
    vote(members[0], tale.round, first, reason="")
    vote(members[1], tale.round, first, agrees=False, reason="业绩不足")
    assert tale.owner.get(at)["waits_for_minutes"]
    # a candidate's situation changes: the committee judges again, and with its new report the panel is no more
    asked = tale.owner.post(
        f"/rounds/{tale.round}/reconsideration", {"kinds": ["finance"], "text": "第一家被列为被执行人"}
    )
    platform.demo("jiandu").post(f"/reopenings/{asked['reopening']}/decision", {"unlock": True})
    story.evaluate(tale.members, tale.round, until_scored=True)
    find(tale.members, tale.round)
    story.sign_report(tale.members, tale.round)
    made = tale.owner.post(f"/rounds/{tale.round}/publicity")
    platform.advance(datetime.fromisoformat(made["ends_at"]) + timedelta(seconds=1))
    assert not tale.owner.get(at)["named"]
    tale.owner.post(at, {"members": rows})
    tale.owner.post(f"{at}/minutes", {"text": "再次议事", "choice": first})
    vote(members[0], tale.round, first, reason="")
    # somebody cannot go on: the panel begins again, with a reason that is public
    with pytest.raises(Problem, match="写明原因"):
        tale.owner.post(at, {"members": rows})
    tale.owner.post(at, {"members": rows, "reason": "一名成员因病不能继续"})
    tale.owner.post(f"{at}/minutes", {"text": "再次讨论, 一致同意第二家", "choice": second})
    done = [vote(member, tale.round, second, reason="")["decided"] for member in members]
    assert done == [False] * 4 + [True]
    waiting = tale.owner.post(f"{at}/report")
    tale.owner.post(f"{at}/report/seal", {"signature": tale.owner.signature_on(waiting["to_sign"])})
    assert tale.stage() == "AWARDED"

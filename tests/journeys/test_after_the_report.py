"""What can happen between the report and the end: reviews, refusals of the winner, annulment, performance."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.client.party import Party
from tests.journeys.tale import PRICES, Tale
from tests.journeys.test_whole_tender import no

pytestmark = pytest.mark.journey
LAPSE = {"kinds": ["outlier"], "text": "一名评委对乙单位的判断与其他评委明显不同"}


def end(party: Party, round_id: str, *, kind: str, reason: str) -> Any:
    """Sign and send the end of an award."""
    waiting = party.get(f"/rounds/{round_id}/award-end?{urlencode({'kind': kind, 'reason': reason})}")
    body = {"kind": kind, "reason": reason, "signature": party.signature_on(waiting["to_sign"])}
    return party.post(f"/rounds/{round_id}/award-end", body)


def verified(tale: Tale) -> None:
    """Nothing of the process fails when a stranger or the supervisor recomputes it."""
    tale.platform.sequence()
    for level, party in (
        ("public", tale.platform.anonymous()),
        ("supervisor", tale.platform.cast().supervisor),
    ):
        pack = party.get(f"/evidence/{tale.tender['ocid']}?level={level}")
        assert not pack["pending"]
        failed = [c for c in check_pack(pack) if c.outcome == "failed"]
        assert not failed, failed


def unlocked(tale: Tale, path: str, facts: dict[str, Any]) -> None:
    """Ask that the committee judge again, and let the supervisor unlock it as the second person."""
    asked = tale.owner.post(path, facts)["reopening"]
    supervisor = tale.platform.demo("jiandu")
    assert [r["reopening"] for r in supervisor.get("/reopenings")["reopenings"]] == [asked]
    supervisor.post(f"/reopenings/{asked}/decision", {"unlock": True})


def test_errors_found_in_the_report_go_back_to_its_committee(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).reported()
    path = f"/rounds/{tale.round}/report-review"
    no(platform.demo("daili").post, path, LAPSE, code="permission.denied")
    no(tale.owner.post, path, {"kinds": [], "text": "有问题"}, code="input.invalid")
    no(tale.owner.post, path, {"kinds": ["dislike"], "text": "有问题"}, code="input.invalid")
    no(tale.owner.post, path, {"kinds": ["outlier"], "text": " "}, code="input.invalid")
    assert tale.stage() == "REPORTED"
    asked = tale.owner.post(path, LAPSE)["reopening"]
    no(tale.owner.post, path, LAPSE, code="evaluation.reopening_waits")
    assert tale.stage() == "REPORTED"
    # who asks does not unlock, nor does a stranger; a second person does
    no(tale.owner.post, f"/reopenings/{asked}/decision", {"unlock": True}, code="permission.denied")
    no(tale.bidder("jia").post, f"/reopenings/{asked}/decision", {"unlock": True}, code="permission.denied")
    supervisor = platform.demo("jiandu")
    no(supervisor.post, f"/reopenings/{asked}/decision", {"unlock": False}, code="input.invalid")
    supervisor.post(f"/reopenings/{asked}/decision", {"unlock": False, "reason": "没有指出具体评分"})
    assert tale.stage() == "REPORTED"
    unlocked(tale, path, LAPSE)
    assert tale.stage() == "EVALUATING"
    no(tale.owner.post, path, LAPSE, code="procedure.move_not_allowed")
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    assert desk["sitting"] == 2 and "畸高" in desk["scope"] and desk["earlier"]["preliminary"]
    tale.evaluated_again()
    report = tale.owner.get(f"/rounds/{tale.round}/report")["report"]
    assert report["sitting"] == 2 and report["cause"] == "errors" and report["earlier_report_sha256"]
    no(tale.owner.post, path, LAPSE, code="procedure.move_not_allowed")
    verified(tale)


def test_an_upheld_objection_goes_back_to_the_committee_and_is_published_anew(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder, method="comprehensive").in_publicity()
    raised = tale.bidder("yi").post(
        f"/rounds/{tale.round}/objections", {"text": "丙单位的项目负责人资格不符"}
    )
    other = tale.bidder("bing").post(f"/rounds/{tale.round}/objections", {"text": "计算有误"})
    answer = {"answer": "经核实成立, 由原评标委员会复核", "upheld": True}
    tale.owner.post(f"/objections/{raised['objection']}/answer", answer)
    assert tale.stage() == "EVALUATING"
    # the publicity is over for good: its clock no longer ends anything
    platform.advance(tale.publicity_ends + timedelta(seconds=1))
    assert tale.stage() == "EVALUATING"
    # another objection still holds the committee
    member, path = tale.members[0], f"/rounds/{tale.round}/preliminary"
    no(member.post, path, {"results": {}}, code="procedure.move_not_allowed")
    tale.owner.post(f"/objections/{other['objection']}/answer", {"answer": "计算无误"})
    tale.evaluated_again()
    assert tale.stage() == "CAND_PUB"
    platform.advance(tale.publicity_ends + timedelta(seconds=1))
    assert tale.stage() == "CAND_END"
    verified(tale)


def test_a_changed_candidate_is_looked_at_by_the_committee_before_the_award(
    platform: Any, folder: Path
) -> None:
    tale = Tale(platform, folder).publicity_over()
    path = f"/rounds/{tale.round}/reconsideration"
    facts = {"kinds": ["finance"], "text": "第一名已被法院裁定进入破产程序"}
    no(tale.bidder("yi").post, path, facts, code="permission.denied")
    no(tale.owner.post, path, facts | {"kinds": ["outlier"]}, code="input.invalid")
    unlocked(tale, path, facts)
    assert tale.stage() == "EVALUATING"
    no(tale.owner.post, f"/rounds/{tale.round}/award", {"bid": "x"}, code="procedure.move_not_allowed")
    tale.evaluated_again()
    platform.advance(tale.publicity_ends + timedelta(seconds=1))
    tale.first = story.award(tale.owner, tale.round)
    assert tale.stage() == "NOTIFIED"
    verified(tale)


def test_a_winner_refuses_and_the_next_candidate_is_awarded(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).notified()
    winner, loser = tale.winner, next(p for p in map(tale.bidder, PRICES) if p.name != tale.first["bidder"])
    no(end, loser, tale.round, kind="refused", reason="不想做了", code="permission.denied")
    no(end, tale.owner, tale.round, kind="refused", reason="替他放弃", code="permission.denied")
    no(end, winner, tale.round, kind="no_bond", reason="不交", code="permission.denied")
    no(end, winner, tale.round, kind="whatever", reason="不交", code="input.invalid")
    no(end, winner, tale.round, kind="refused", reason=" ", code="input.invalid")
    body = {"kind": "refused", "reason": "资金困难", "signature": winner.signature_on("eA==")}
    no(winner.post, f"/rounds/{tale.round}/award-end", body, code="identity.signature_wrong")
    assert tale.stage() == "NOTIFIED"
    end(winner, tale.round, kind="refused", reason="资金困难, 无力履行")
    assert tale.stage() == "CAND_END"
    no(end, winner, tale.round, kind="refused", reason="资金困难", code="not_found")
    ranking = tale.owner.get(f"/rounds/{tale.round}/report")["report"]["ranking"]
    path = f"/rounds/{tale.round}/award"
    no(tale.owner.post, path, {"bid": ranking[0]["bid"]}, code="awarding.not_the_first")
    no(tale.owner.post, path, {"bid": ranking[2]["bid"]}, code="awarding.not_the_first")
    tale.owner.post(path, {"bid": ranking[1]["bid"]})
    waiting = tale.owner.post(f"/rounds/{tale.round}/letter")
    seal = {"signature": tale.owner.signature_on(waiting["to_sign"])}
    tale.owner.post(f"/rounds/{tale.round}/letter/seal", seal)
    second = next(p for p in map(tale.bidder, PRICES) if p.name == ranking[1]["bidder"])
    story.contract(tale.owner, second, tale.round)
    standings = {
        d["bidder"]: (d["standing"], d["refundable_from"])
        for d in tale.owner.get(f"/rounds/{tale.round}/deposits")["deposits"]
    }
    assert standings[winner.name] == ("放弃或被取消中标(依法不予退还)", None)
    assert standings[second.name][1]
    verified(tale)


def test_the_tenderee_cancels_an_award_only_when_the_law_lets_it(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).notified()
    no(end, tale.owner, tale.round, kind="no_contract", reason="不来签", code="awarding.too_early_to_cancel")
    platform.advance(platform.now + timedelta(days=32))
    end(tale.owner, tale.round, kind="no_contract", reason="两次书面催告后仍不签订")
    assert tale.stage() == "CAND_END"


def test_a_new_tender_instead_of_an_award(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).publicity_over()
    path = f"/rounds/{tale.round}/retender"
    facts = {"ground": "first_out", "text": "第一名放弃"}
    no(tale.owner.post, path, {"ground": "cheaper", "text": "想再便宜些"}, code="input.invalid")
    no(tale.owner.post, path, facts, code="input.invalid")
    tale.first = story.award(tale.owner, tale.round)
    no(tale.owner.post, path, facts, code="procedure.move_not_allowed")
    end(tale.winner, tale.round, kind="refused", reason="资金困难")
    no(tale.bidder("jia").post, path, facts, code="permission.denied")
    tale.owner.post(path, facts)
    assert tale.stage() == "FAILED"
    assert tale.owner.post(f"/rounds/{tale.round}/next")["number"] == 2
    verified(tale)


def test_a_complaint_annuls_an_award(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).notified()
    path = f"/rounds/{tale.round}/annulment"
    decision = {"decision": "训建招投诉〔2026〕3号", "text": "中标人弄虚作假, 中标无效"}
    no(tale.owner.post, path, decision, code="permission.denied")
    supervisor = platform.cast().supervisor
    no(supervisor.post, path, decision | {"decision": ""}, code="input.invalid")
    supervisor.post(path, decision)
    assert tale.stage() == "FAILED"
    no(supervisor.post, path, decision, code="procedure.move_not_allowed")
    notice = platform.read_json("/api/v1/notices?kind=failure")["notices"][0]
    assert "招标失败" in notice["title"]
    verified(tale)


def test_work_starts_with_a_lawful_bond(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).notified()
    path = f"/rounds/{tale.round}/performance"
    start = {"bond": "900000", "starts_on": (platform.now + timedelta(days=10)).date().isoformat()}
    no(tale.owner.post, path, start, code="procedure.move_not_allowed")
    story.contract(tale.owner, tale.winner, tale.round)
    no(tale.winner.post, path, start, code="permission.denied")
    no(tale.owner.post, path, start | {"bond": "912000.01"}, code="contracting.bond_too_high")
    no(tale.owner.post, path, start | {"bond": "-1"}, code="input.invalid")
    no(tale.owner.post, path, start | {"starts_on": "2026-03-01"}, code="input.invalid")
    tale.owner.post(path, start)
    assert tale.stage() == "PERFORMING"
    no(tale.owner.post, path, start, code="procedure.move_not_allowed")


def test_one_bidder_wins_no_more_lots_than_the_file_allows(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder, lots=2, changes={"most_lots": 1}).reported()
    second = f"/rounds/{tale.rounds[1]}/publicity"
    no(tale.owner.post, second, code="awarding.lots_before_first")
    tale.owner.post(f"/rounds/{tale.rounds[0]}/publicity")
    ends = story.datetime.fromisoformat(tale.owner.post(second)["ends_at"])
    platform.advance(ends + timedelta(seconds=1))
    winners = []
    for round_id in tale.rounds:
        ranking = tale.owner.get(f"/rounds/{round_id}/report")["report"]["ranking"]
        if round_id == tale.rounds[1]:  # the same bidder is cheapest here too, and is passed over
            no(
                tale.owner.post,
                f"/rounds/{round_id}/award",
                {"bid": ranking[0]["bid"]},
                code="awarding.not_the_first",
            )
            ranking = ranking[1:]
        tale.owner.post(f"/rounds/{round_id}/award", {"bid": ranking[0]["bid"]})
        winners.append(ranking[0]["bidder"])
    assert len(set(winners)) == 2
    verified(tale)

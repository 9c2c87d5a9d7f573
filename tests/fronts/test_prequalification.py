"""资格预审 from end to end through the real API: every transition, every refusal, and who may know what."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from ggzy.cli.verify import check_pack
from ggzy.client import fronts, story
from ggzy.experts.models import Expert
from ggzy.kernel.refusals import BadInput
from ggzy.tendering.document import parse
from tests.fronts.fronttale import FrontTale, entries, refused
from tests.journeys.test_changes import change, look

pytestmark = pytest.mark.django_db


@pytest.mark.journey
def test_a_prequalified_tender_from_the_notice_to_the_opening(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder)
    tale.prepared()
    assert tale.front_stage() == "PQ_EDIT"
    assert tale.stage() == "DOC_READY"

    tale = FrontTale(platform, folder).noticed()
    assert tale.front_stage() == "PQ_OPEN"
    for name in ("jia", "yi", "bing", "ding"):
        tale.apply(name)
    tale.front_closed()
    assert tale.front_stage() == "PQ_CLOSED"
    for name in ("jia", "yi", "bing", "ding"):
        fronts.release(tale.bidder(name), round_id=tale.front)
    platform.work()
    tale.front_seated()
    assert tale.front_stage() == "PQ_REVIEW"
    fronts.review(tale.members, tale.front, failing={tale.uscc("ding"): "资质等级不够"})
    assert tale.front_stage() == "PQ_RESULT"
    tale.owner.post(f"/tenders/{tale.id}/prequalification/results")
    assert tale.front_stage() == "PQ_DONE"

    # each applicant is told its own result, with its own reason
    mine = tale.bidder("ding").get(f"/rounds/{tale.front}/own-part")
    assert mine["passed"] is False
    assert "资质等级不够" in mine["reasons"][0]
    assert tale.bidder("jia").get(f"/rounds/{tale.front}/own-part")["passed"] is True

    tale.issued()
    assert tale.stage() == "OPEN_FOR_BID"
    # only the qualified have the file and may bid
    assert tale.bidder("jia").get(f"/tenders/{tale.id}/file")["version"] == 1
    assert refused(tale.bidder("ding").get, f"/tenders/{tale.id}/file").code == "tendering.not_admitted"
    assert refused(platform.anonymous().get, f"/tenders/{tale.id}/file").code == "tendering.not_admitted"
    no = refused(tale.bid, "ding", price="9000000.00")
    assert no.code == "bidding.not_admitted"

    tale.to_opened_bids("jia", "yi", "bing")
    hall = platform.anonymous().get(f"/rounds/{tale.round}/opening")
    assert len(hall["bids"]) == 3
    story.end_opening(tale.owner, tale.round)
    cast = platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.id)
    accepted = story.answer_calls(cast)
    members = story.check_in(cast, tale.draw, accepted[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.evaluate(members, tale.round)
    assert tale.stage() == "REPORTED"

    # after the opening the pack holds the front as well, and everything in it verifies
    tale.sequence()
    supervisor = platform.demo("jiandu")
    for level, party in (("public", platform.anonymous()), ("party", tale.owner), ("supervisor", supervisor)):
        checks = check_pack(party.get(f"/evidence/{tale.tender['ocid']}?level={level}"))
        assert not [c for c in checks if c.outcome == "failed"], level
        found = {c.name: c.outcome for c in checks}
        assert found["clock.GC-T02"] == "passed"
        assert found["qualification.decided"] == ("passed" if level == "supervisor" else "withheld")
    # the open data names the way of tendering and, from the opening on, those who bid
    record = platform.read_json(f"/api/ocds/records/{tale.tender['ocid']}")["records"][0]["compiledRelease"]
    assert record["tender"]["procurementMethod"] == "selective"
    assert record["tender"]["numberOfTenderers"] == 3
    assert "awardCriteria" not in record["tender"]
    # the tenderee reads the report now, not before
    report = tale.owner.get(f"/rounds/{tale.front}/review-report")["report"]
    assert len(report["applicants"]) == 4


def test_the_notice_waits_for_the_reviewed_file_and_for_the_statutory_days(
    platform: Any, folder: Path
) -> None:
    tale = FrontTale(platform, folder)
    tale.prepared()
    now = platform.now
    publish = fronts.publish_prequalification
    short = refused(
        publish,
        tale.owner,
        tale.id,
        file_until=now + timedelta(days=3),
        deadline=now + timedelta(days=30),
    )
    assert short.code == "fronts.time_to_apply_too_short"
    assert short.body["basis"] == "《招标投标法实施条例》第十六条"
    assert "最早可定为2026年" in short.body["message"]
    until = now + timedelta(days=6)
    short = refused(publish, tale.owner, tale.id, file_until=until, deadline=until + timedelta(days=3))
    assert short.body["basis"] == "《招标投标法实施条例》第十七条"
    assert tale.front_stage() == "PQ_EDIT"
    assert (
        refused(
            tale.bidder("jia").post,
            f"/tenders/{tale.id}/prequalification",
            {"file_until": until.isoformat(), "deadline": until.isoformat()},
        ).code
        == "permission.denied"
    )
    publish(tale.owner, tale.id, file_until=until, deadline=until + timedelta(days=6))
    again = refused(publish, tale.owner, tale.id, file_until=until, deadline=until + timedelta(days=6))
    assert again.code == "fronts.nothing_to_do"


def test_without_its_part_or_its_review_the_file_is_refused(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder, changes={"prequalification": None})
    no = refused(tale.prepared)
    assert (no.code, no.body["field"]) == ("input.invalid", "prequalification")
    open_tale = FrontTale(platform, folder, procedure="GC_OPEN_POST")
    open_tale.changes = {"prequalification": fronts.prequalification()}
    assert refused(open_tale.prepared).body["field"] == "prequalification"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"method": "by_lot"}, "prequalification.method"),
        ({"requirements": []}, "prequalification.requirements"),
        ({"limit": 2}, "prequalification.limit"),
        ({"criteria": [{"key": "a", "title": "业绩", "weight": "90"}]}, "prequalification.criteria"),
    ],
)
def test_a_part_that_cannot_be_right_is_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as no:
        parse(story.document(prequalification=fronts.prequalification(limit=3) | change))
    assert no.value.field == field


def test_before_the_front_is_done_the_file_is_not_issued(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).noticed()
    assert refused(tale.issued).code == "tendering.front_not_done"
    tale.apply("jia")
    assert refused(tale.issued).code == "tendering.front_not_done"
    assert (
        refused(tale.owner.post, f"/tenders/{tale.id}/prequalification/results").code
        == "fronts.nothing_to_do"
    )


def test_clarifying_late_must_postpone(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).noticed()
    clarify = {"kind": "clarify", "front": True}
    change(tale.owner, tale, **clarify, text="补充业绩证明要求", affects_bids=True)
    platform.advance(tale.front_deadline - timedelta(days=2))
    wish = clarify | {"text": "修改资质要求", "affects_bids": True}
    plan = look(tale.owner, tale, **wish)
    [demand] = plan["demands"]
    assert "最早为" in demand["says"] and "第二十一条" in demand["clause"]
    late = refused(change, tale.owner, tale, **wish)
    assert late.code == "changes.extension_needed"
    # what cannot affect applications may be said at any time
    change(tale.owner, tale, **clarify, text="更正联系电话")
    earlier = (tale.front_deadline - timedelta(days=1)).isoformat()
    assert (
        refused(look, tale.owner, tale, **clarify, text="提前截止", new_deadline=earlier).code
        == "changes.deadline_only_later"
    )
    change(tale.owner, tale, **wish, new_deadline=plan["proposal"])
    later = datetime.fromisoformat(plan["proposal"])
    assert later >= datetime.fromisoformat(plan["earliest"]) > tale.front_deadline
    # the old deadline passes, and applications are still taken; the new one closes
    platform.advance(tale.front_deadline + timedelta(seconds=1))
    assert tale.front_stage() == "PQ_OPEN"
    tale.apply("jia")
    platform.advance(later + timedelta(seconds=1))
    assert tale.front_stage() == "PQ_FAILED"
    assert refused(look, tale.owner, tale, **clarify, text="迟到的澄清").code == "changes.nothing_changes"


def test_an_objection_in_time_holds_and_a_late_one_does_not(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied()
    path = f"/rounds/{tale.front}/prequalification-objections"
    assert refused(tale.owner.post, path, {"text": "?"}).code == "permission.denied"
    assert refused(tale.bidder("ding").post, path, {"text": " "}).code == "input.invalid"
    made = tale.bidder("ding").post(path, {"text": "业绩要求限定了本地项目"})
    assert made["late"] is False
    seen = tale.owner.get(f"/tenders/{tale.id}/fronts")["fronts"][0]
    assert seen["holds"] == ["objection"]
    # the owner side reads the objection, not whose it is
    assert tale.uscc("ding") not in str(seen)
    assert tale.bidder("ding").name not in str(seen)
    platform.advance(tale.front_deadline - timedelta(hours=1))
    late = tale.bidder("yi").post(path, {"text": "逾期的异议"})
    assert late["late"] is True
    tale.front_opened()
    cast = platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.id)
    accepted = story.answer_calls(cast)
    story.check_in(cast, tale.draw, accepted[tale.draw])
    held = refused(tale.owner.post, f"/draws/{tale.draw}/review-committee")
    assert held.code == "procedure.move_not_allowed"
    assert "异议未答复" in held.body["message"]
    to = f"/prequalification-objections/{made['objection']}/answer"
    assert refused(tale.owner.post, to, {"text": ""}).code == "input.invalid"
    tale.owner.post(to, {"text": "已删除本地项目要求"})
    assert refused(tale.owner.post, to, {"text": "再答"}).code == "input.invalid"
    assert (
        refused(tale.owner.post, "/prequalification-objections/0/answer", {"text": "x"}).code == "not_found"
    )
    tale.owner.post(f"/draws/{tale.draw}/review-committee")
    assert tale.front_stage() == "PQ_REVIEW"
    assert refused(tale.bidder("yi").post, path, {"text": "更迟"}).code == "procedure.move_not_allowed"


def test_after_the_deadline_nothing_is_objected_or_taken(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied()
    platform.advance(tale.front_deadline)
    assert refused(tale.apply, "ding").code == "bidding.too_late"
    assert refused(tale.bidder("jia").post, f"/rounds/{tale.front}/withdrawal").code == "bidding.too_late"
    # and without an admission the moment still is what is said
    assert "投标文件" not in refused(tale.apply, "ding").body["message"]


def test_an_application_may_be_replaced_and_withdrawn(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied("jia", "yi", "bing")
    assert tale.apply("jia")["replaced"] is True
    tale.bidder("bing").post(f"/rounds/{tale.front}/withdrawal")
    tale.front_closed()
    assert tale.front_stage() == "PQ_FAILED"


def test_a_price_is_refused_at_the_gate_and_found_inside(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).noticed()
    no = refused(tale.apply, "jia", price="9000000.00")
    assert (no.code, no.body["basis"]) == ("bidding.price_not_allowed", "《招标投标法实施条例》第三十条")
    for name in ("jia", "yi", "bing"):
        tale.apply(name)
    tale.apply(
        "ding", extra={"总报价": "9000000"}
    )  # hidden one level down: sealed, so the gate cannot see it
    tale.front_opened("jia", "yi", "bing", "ding")
    mine = tale.bidder("ding").get(f"/rounds/{tale.front}/own-part")
    assert mine["package"]["state"] == "revoked"
    assert "报价" in mine["package"]["reason"]
    tale.front_seated()
    fronts.review(tale.members, tale.front)
    tale.owner.post(f"/tenders/{tale.id}/prequalification/results")
    told = tale.bidder("ding").get(f"/rounds/{tale.front}/own-part")
    assert told["passed"] is False
    assert "报价" in told["reasons"][0]


def test_a_bid_without_a_price_is_still_broken(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder, procedure="GC_OPEN_POST").published()
    no = refused(
        fronts.send_package,
        tale.bidder("jia"),
        ocid=tale.tender["ocid"],
        round_id=tale.round,
        folder=folder,
        content={"duration_days": 300},
    )
    assert no.code == "bidding.package_broken"


def test_too_few_applicants_fail_without_a_number(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied("jia", "yi")
    tale.front_closed()
    assert tale.front_stage() == "PQ_FAILED"
    notices = platform.anonymous().get("/notices?kind=failure")["notices"]
    body = platform.anonymous().get(f"/notices/{notices[0]['public_id']}")["body"]
    assert body["reason"] == "至申请截止时间, 资格预审申请人少于3个"
    assert body["basis"] == "《招标投标法实施条例》第十九条"
    # a new number begins with a new front and a new main round; the old main round is never published
    assert refused(tale.issued).code == "tendering.nothing_to_do"
    failed = tale.front
    made = tale.owner.post(f"/rounds/{failed}/next")
    assert made["number"] == 2
    assert tale.front_stage() == "PQ_EDIT"
    assert tale.stage() == "DRAFT"
    assert refused(tale.owner.post, f"/rounds/{failed}/next").code == "tendering.nothing_to_do"
    assert refused(tale.issued).code == "tendering.nothing_to_do"


def test_one_lot_fails_and_the_other_goes_on(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder, lots=2).noticed()
    first, second = (f["round"] for f in tale.fronts())
    for round_id, names in ((first, ("jia", "yi")), (second, ("jia", "yi", "bing"))):
        for name in names:
            fronts.apply(
                tale.bidder(name),
                ocid=tale.tender["ocid"],
                round_id=round_id,
                folder=folder / round_id / name,
            )
    tale.front_closed()
    for name in ("jia", "yi", "bing"):
        fronts.release(tale.bidder(name), round_id=second)
    platform.work()
    assert [f["stage"] for f in tale.fronts()] == ["PQ_FAILED", "PQ_CLOSED"]
    tale.front_seated()
    fronts.review(tale.members, second)
    tale.owner.post(f"/tenders/{tale.id}/prequalification/results")
    tale.issued()
    assert [s["stage"] for s in tale.states()] == ["DOC_READY", "OPEN_FOR_BID"]
    # the failed lot begins anew on its own, while the other takes bids
    tale.owner.post(f"/rounds/{first}/next")
    assert [f["stage"] for f in tale.fronts()] == ["PQ_EDIT", "PQ_DONE"]
    assert [s["stage"] for s in tale.states()] == ["DRAFT", "OPEN_FOR_BID"]


def test_a_main_round_that_fails_begins_anew_with_a_front(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).qualified().issued()
    tale.bid("jia")
    platform.advance(tale.deadline + timedelta(seconds=1))
    assert tale.stage() == "FAILED"
    made = tale.owner.post(f"/rounds/{tale.round}/next")
    assert made["number"] == 2
    assert (tale.front_stage(), tale.stage()) == ("PQ_EDIT", "DRAFT")
    # who was qualified before is not admitted by that now
    assert refused(tale.apply, "jia").code == "bidding.not_open"


def test_who_does_not_decrypt_is_out_and_too_few_fail(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied()
    tale.front_closed()
    assert tale.front_stage() == "PQ_CLOSED"
    fronts.release(tale.bidder("jia"), round_id=tale.front)
    platform.work()
    platform.advance(tale.front_deadline + timedelta(hours=25))
    assert tale.front_stage() == "PQ_FAILED"


def test_too_few_qualified_fail(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied().front_opened().front_seated()
    fronts.review(tale.members, tale.front, failing={tale.uscc("yi"): "没有安全生产许可"})
    assert tale.front_stage() == "PQ_FAILED"
    notices = platform.anonymous().get("/notices?kind=failure")["notices"]
    body = platform.anonymous().get(f"/notices/{notices[0]['public_id']}")["body"]
    assert body["reason"] == "经审查, 通过资格预审的申请人少于3个"
    assert (
        refused(tale.owner.post, f"/tenders/{tale.id}/prequalification/results").code
        == "fronts.nothing_to_do"
    )


def test_a_limited_number_takes_the_best(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder, limit=3)
    names = ("jia", "yi", "bing", "ding")
    points = {"jia": "0.9", "yi": "0.7", "bing": "0.8", "ding": "0.5"}
    tale.applied(*names).front_opened(*names).front_seated()
    fronts.review(tale.members, tale.front, points={tale.uscc(n): p for n, p in points.items()})
    tale.owner.post(f"/tenders/{tale.id}/prequalification/results")
    told = {n: tale.bidder(n).get(f"/rounds/{tale.front}/own-part") for n in names}
    assert [told[n]["passed"] for n in names] == [True, True, True, False]
    assert "限3名" in told["ding"]["reasons"][0]


def test_the_committee_is_lawful_and_judges_everything_once(platform: Any, folder: Path) -> None:
    tale = FrontTale(platform, folder).applied()
    cast = platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.id)
    accepted = story.answer_calls(cast)
    expert = accepted[tale.draw][0]
    early = refused(expert.post, f"/draws/{tale.draw}/check-in", {"must_avoid": False})
    assert early.code == "experts.draw_not_now"
    tale.front_closed()
    assert refused(tale.owner.post, f"/draws/{tale.draw}/review-committee").code == "fronts.still_opening"
    assert (
        refused(expert.post, f"/draws/{tale.draw}/check-in", {"must_avoid": False}).code
        == "experts.draw_not_now"
    )
    for name in ("jia", "yi", "bing"):
        fronts.release(tale.bidder(name), round_id=tale.front)
    platform.work()
    assert (
        refused(tale.owner.post, f"/draws/{tale.draw}/review-committee").code
        == "evaluation.committee_incomplete"
    )
    tale.members = story.check_in(cast, tale.draw, accepted[tale.draw])
    # the evaluation's own seat is not for a prequalification
    assert refused(tale.owner.post, f"/draws/{tale.draw}/committee").code == "evaluation.not_this_step"
    tale.owner.post(f"/draws/{tale.draw}/review-committee")
    assert refused(tale.owner.post, f"/draws/{tale.draw}/review-committee").code == "evaluation.not_this_step"
    outsider = next(e for e in cast.experts if e not in tale.members)
    assert refused(outsider.get, f"/rounds/{tale.front}/review-desk").code == "evaluation.not_a_member"
    member = tale.members[0]
    sheet = f"/rounds/{tale.front}/review-sheet"
    assert refused(member.post, sheet, {"results": {}}).code == "input.invalid"
    desk = member.get(f"/rounds/{tale.front}/review-desk")
    results = {
        p["package"]: {r["key"]: {"passes": True, "reason": ""} for r in desk["requirements"]}
        for p in desk["packages"]
    }
    beside = {k: {**v, "local": {"passes": False, "reason": "外地单位"}} for k, v in results.items()}
    assert (
        refused(member.post, sheet, {"results": beside}).code == "input.invalid"
    )  # not in the file: no ground
    assert refused(member.get, f"/rounds/{tale.front}/review-to-sign").code == "not_found"
    member.post(sheet, {"results": results})
    assert refused(member.post, sheet, {"results": results}).code == "evaluation.not_this_step"
    for other in tale.members[1:]:
        other.post(sheet, {"results": results})
    waiting = member.get(f"/rounds/{tale.front}/review-to-sign")
    wrong = {"signature": tale.members[1].signature_on(waiting["to_sign"])}
    assert refused(member.post, f"/rounds/{tale.front}/review-signature", wrong).code.startswith("identity.")
    for each in tale.members:
        each.post(
            f"/rounds/{tale.front}/review-signature", {"signature": each.signature_on(waiting["to_sign"])}
        )
    assert tale.front_stage() == "PQ_RESULT"


@pytest.mark.parametrize("names", [("jia", "yi", "bing"), ("jia", "yi", "bing", "ding")])
def test_nobody_learns_who_applied_or_passed_before_the_opening(
    platform: Any, folder: Path, names: tuple[str, ...]
) -> None:
    """What the owner side, the centre, the supervisor's public pages and everybody can read names no applicant."""
    tale = FrontTale(platform, folder).qualified(*names)
    tale.issued()
    tale.sequence()
    assert not entries(tale) & {"bidding.received", "opening.opened", "opening.bid_shown", "fronts.results"}
    secrets = {platform.demo(n).uscc for n in names} | {platform.demo(n).name for n in names}
    for who in ("", "zhaobiao", "daili", "zhongxin", "guanli", "ding"):
        if who in names:
            continue
        for path, text in tale.views(who).items():
            assert not [s for s in secrets if s in text], (who, path)
    no = refused(tale.owner.get, f"/rounds/{tale.front}/review-report")
    assert no.code == "permission.denied"
    assert refused(tale.owner.get, f"/rounds/{tale.front}/opening/record").code == "not_found"


def test_the_outside_looks_the_same_for_any_number_of_applicants(
    platform: Any, folder: Path, settings: Any
) -> None:
    """The same tender with three and with four applicants, all qualified: every page reads the same at every step."""
    # whether the draw meets an expert of an applicant's is chance: without them every draw goes the same way
    Expert.objects.update(employer_uscc="")
    tale = FrontTale(platform, folder).noticed()
    platform.cast()
    for name in ("jia", "yi", "bing", "ding"):  # signed in before what is rolled back
        platform.demo(name)
    shown: list[list[dict[str, dict[str, str]]]] = []
    for names in (("jia", "yi", "bing"), ("jia", "yi", "bing", "ding")):
        point = transaction.savepoint()
        tale.folder = folder / str(len(names))
        steps = [_seen(tale)]
        for name in names:
            tale.apply(name)
        steps.append(_seen(tale))
        tale.front_opened(*names)
        steps.append(_seen(tale))
        tale.front_seated()
        fronts.review(tale.members, tale.front)
        steps.append(_seen(tale))
        tale.owner.post(f"/tenders/{tale.id}/prequalification/results")
        tale.issued()
        tale.sequence()
        steps.append(_seen(tale))
        shown.append(steps)
        transaction.savepoint_rollback(point)
        (settings.KEYS / "published.checkpoint").unlink(missing_ok=True)  # what it published is undone
        tale.draw, tale.ticks = "", 0
    for step, (few, many) in enumerate(zip(*shown, strict=True)):
        for who in few:
            assert few[who] == many[who], (step, who)


def _seen(tale: FrontTale) -> dict[str, dict[str, str]]:
    return {who: tale.views(who, blank=True) for who in ("", "zhaobiao", "zhongxin")}


def test_a_change_after_a_prequalification_reaches_those_let_in_and_no_public_notice(
    platform: Any, folder: Path
) -> None:
    tale = FrontTale(platform, folder).noticed()
    for name in ("jia", "yi", "bing", "ding"):
        tale.apply(name)
    tale.front_closed()
    for name in ("jia", "yi", "bing", "ding"):
        fronts.release(tale.bidder(name), round_id=tale.front)
    platform.work()
    tale.front_seated()
    fronts.review(tale.members, tale.front, failing={tale.uscc("ding"): "资质等级不够"})
    tale.owner.post(f"/tenders/{tale.id}/prequalification/results")
    tale.issued()
    path = f"/tenders/{tale.id}"
    assert refused(tale.bidder("ding").post, f"{path}/questions", {"text": "还能参加吗?"}).code
    asked = tale.bidder("jia").post(f"{path}/questions", {"text": "是否允许夜间施工?"})["question"]
    wish = {"kind": "clarify", "text": "绝密补遗内容", "answers": {asked: "允许, 办理许可"}}
    plan = tale.owner.post(f"{path}/changes/look", wish)
    tale.owner.post(f"{path}/changes", wish | {"confirmed": plan["confirm"]})
    told = {
        name: tale.bidder(name).get("/messages")["messages"][0]["title"] for name in ("jia", "yi", "ding")
    }
    assert "澄清答疑公告" in told["jia"] and "澄清答疑公告" in told["yi"]
    assert "澄清答疑公告" not in told["ding"]
    assert not platform.read_json("/api/v1/notices?kind=clarification")["notices"]
    tale.sequence()
    assert "绝密补遗内容" not in str(
        platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public")
    )
    assert "绝密补遗内容" in str(tale.owner.get(f"/evidence/{tale.tender['ocid']}?level=party"))

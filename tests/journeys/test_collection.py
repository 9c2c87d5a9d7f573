"""A closed framework agreement is collected 封闭式征集: sealed responses, a committee, and several that are shortlisted at once."""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.awarding.models import Award, Chosen
from ggzy.cli import bid as cli
from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.evidence.models import Entry
from ggzy.opendata.ocds import record_package
from ggzy.tendering.models import Tender
from tests.api.test_refusals import no
from tests.journeys.tale import Tale
from tests.journeys.test_complaints import SAID, step
from tests.portals.test_work import Person

pytestmark = pytest.mark.journey
#: unit prices of the two items; they rank by their sum
PRICES = {
    "jia": ("900", "1000"),
    "yi": ("940", "1100"),
    "bing": ("910", "1050"),
    "ding": ("950", "1200"),
}
FILE = {
    "deposit": "0",
    "policy": {"subject": "services", "several": {"rate": "0.2", "most": 2}},
    "terms": story.collection(),
}


class Collection(Tale):
    """A collection of one framework agreement on its way."""

    def prepared(self) -> "Collection":
        project = story.register_project(self.owner, name="测试征集", serial=secrets.randbelow(1_000_000))
        lot = {"name": "造价咨询", "budget": "3000000", "duration_days": "365"}
        self.tender = story.prepare_tender(
            self.owner,
            project=project,
            name="造价咨询框架协议",
            lots=[lot],
            file=story.document(**({"method": self.method} | FILE | self.changes)),
            procedure="GP_KJ_TENDER",
        )
        return self

    def respond(self, name: str, *prices: str, price: str = "") -> None:
        units = {str(n): p for n, p in enumerate(prices or PRICES[name], 1)}
        whole = Decimal(price) if price else sum(map(Decimal, units.values()), Decimal(0))
        self.bid(name, price=whole, more={"size": "", "unit_prices": units})


def collected(platform: Any, folder: Path, names: str = "jia yi bing ding", **changes: Any) -> Collection:
    """Return a collection that these suppliers answered, after its deadline."""
    tale = Collection(platform, folder, changes=changes)
    tale.published()
    for name in names.split():
        tale.respond(name)
    return over(tale)


def over(tale: Collection) -> Collection:
    tale.platform.sequence()
    tale.platform.advance(tale.deadline + timedelta(seconds=1))
    tale.platform.work()
    return tale


def opened(tale: Tale, names: str = "jia yi bing ding") -> Tale:
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in names.split():
        tale.release(name)
    tale.platform.work()
    story.end_opening(tale.owner, tale.round)
    return tale


def reported(tale: Tale, **how: Any) -> Tale:
    cast = tale.platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    tale.members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.evaluate(tale.members, tale.round, **how)
    tale.platform.work()
    return tale


def _notice(tale: Tale, kind: str) -> dict[str, Any]:
    rows = tale.owner.get("/notices")["notices"]
    found = next(r for r in rows if r["kind"] == kind and r["ocid"] == tale.tender["ocid"])
    return dict(tale.owner.get(f"/notices/{found['public_id']}")) | {"public_id": found["public_id"]}


def shortlisted(tale: Collection) -> dict[str, Any]:
    """Return the framework that came of a collection."""
    found = tale.owner.get("/frameworks")["frameworks"][0]["framework"]
    return dict(tale.owner.get(f"/frameworks/{found}")["framework"])


def announced(platform: Any, folder: Path, **changes: Any) -> Collection:
    """Return a collection of three whose first two are shortlisted."""
    tale = opened(collected(platform, folder, "jia yi bing", **changes), "jia yi bing")
    story.qualify(tale.owner, tale.round)
    story.choose(tale.owner, reported(tale).round)
    return tale


def sign(tale: Collection, party: Any, member: dict[str, Any]) -> Any:
    at = f"/frameworks/{shortlisted(tale)['framework']}/members/{member['member']}/agreement"
    to_sign = party.get(f"{at}/statement")["to_sign"]
    return party.post(f"{at}/signature", {"signature": party.signature_on(to_sign)})


def test_from_the_collection_to_the_shortlist(platform: Any, folder: Path) -> None:
    tale = opened(collected(platform, folder))
    out = {tale.bidder("ding").name: "没有独立承担民事责任的能力"}
    assert len(story.qualify(tale.owner, tale.round, out=out)["unqualified"]) == 1
    reported(tale)
    assert tale.stage() == "REPORTED"
    report = tale.owner.get(f"/rounds/{tale.round}/report")["report"]
    names = [tale.bidder(name).name for name in ("jia", "bing", "yi")]
    assert [row["bidder"] for row in report["ranking"]] == names
    # of three a fifth drops out, and at least one: the report says so, and nobody else can be chosen
    assert len(report["candidates"]) == 2
    to = f"/rounds/{tale.round}/choice"
    no(
        tale.owner.post,
        f"/rounds/{tale.round}/award",
        {"bid": report["candidates"][0]},
        code="procedure.move_not_allowed",
    )
    no(tale.bidder("jia").get, to, code="permission.denied")
    no(tale.owner.post, to, {"signature": tale.owner.signature_on("AAAA")}, code="identity.signature_wrong")
    anew = {"ground": "too_few", "text": "只有3家合格"}
    no(tale.owner.post, f"/rounds/{tale.round}/retender", anew, code="input.invalid")
    # nobody's silence chooses: 110号令 knows no such thing
    platform.advance(platform.now + timedelta(days=15))
    platform.work()
    assert tale.stage() == "REPORTED"
    chosen = story.choose(tale.owner, tale.round)
    assert [c["bid"] for c in chosen] == report["candidates"]
    no(tale.owner.get, to, code="procedure.move_not_allowed")
    assert tale.stage() == "ANNOUNCED"
    assert not Award.objects.exists()
    assert [(c.place, c.bid.bidder.name) for c in Chosen.objects.order_by("place")] == [
        (1, names[0]),
        (2, names[1]),
    ]
    notice = _notice(tale, "result")
    assert notice["title"].endswith("入围结果公告")
    assert [row["bidder"] for row in notice["body"]["chosen"]] == names[:2]
    assert len(notice["body"]["experts"]) == 5
    assert "入围" in tale.bidder("bing").get("/messages")["messages"][0]["title"]
    told = tale.bidder("yi").get("/messages")["messages"][0]["text"]
    assert "排序第3名" in told and not any(name in told for name in names[:2])
    assert "未通过资格审查" in tale.bidder("ding").get("/messages")["messages"][0]["text"]
    framework = shortlisted(tale)
    assert framework["stage"] == "SHORTLIST" and framework["name"] == "造价咨询框架协议"
    assert [(m["supplier"], m["prices"]) for m in framework["members"]] == [
        (names[0], {"1": "900", "2": "1000"}),
        (names[1], {"1": "910", "2": "1050"}),
    ]
    platform.sequence()
    for level, party in (("public", platform.anonymous()), ("supervisor", platform.demo("jiandu"))):
        found = check_pack(party.get(f"/evidence/{tale.tender['ocid']}?level={level}"))
        assert not [check for check in found if check.outcome == "failed"], level
    outcome = {check.name: check.outcome for check in found}
    assert (outcome["award"], outcome["ranking"], outcome["qualification"]) == ("passed",) * 3
    record = record_package(tale.tender["ocid"], uri="", at=platform.now)["records"][0]["compiledRelease"]
    assert [a["suppliers"][0]["name"] for a in record["awards"]] == names[:2]
    assert not any("value" in a for a in record["awards"]) and record["tender"]["status"] == "complete"
    assert {p["name"] for p in record["parties"] if "supplier" in p["roles"]} == set(names[:2])


def _free(tale: Collection, name: str) -> Any:
    rows = tale.owner.get(f"/rounds/{tale.round}/deposits")["deposits"]
    return {r["bidder"]: r["refundable_from"] for r in rows}[tale.bidder(name).name]


def test_deposits_wait_for_the_agreement_of_each(platform: Any, folder: Path) -> None:
    tale = announced(platform, folder, deposit="1000")

    def free() -> dict[str, Any]:
        rows = tale.owner.get(f"/rounds/{tale.round}/deposits")["deposits"]
        return {r["bidder"]: r["refundable_from"] for r in rows}

    jia, bing, yi = (tale.bidder(name) for name in ("jia", "bing", "yi"))
    assert free()[yi.name] and not free()[jia.name] and not free()[bing.name]
    first, second = shortlisted(tale)["members"]
    sign(tale, tale.owner, first)
    assert not free()[jia.name]
    sign(tale, jia, first)
    assert free()[jia.name] and not free()[bing.name]
    # who does not sign in 30 days is out, and its deposit is for the collector to keep
    sign(tale, tale.owner, second)
    platform.advance(platform.now + timedelta(days=31))
    at = f"/frameworks/{shortlisted(tale)['framework']}"
    assert tale.owner.post(f"{at}/agreements")["members"] == 1
    ended = Chosen.objects.get(bid__bidder__name=bing.name)
    assert (ended.end_kind, ended.end_reason) == (Award.NO_CONTRACT, "30日内没有签订框架协议")
    assert not free()[bing.name]


def test_whom_the_collector_does_not_sign_with_gets_its_deposit_back(platform: Any, folder: Path) -> None:
    """Whoever is not at fault is free when the framework ends unsigned; a decision that comes later changes nothing."""
    ends = (platform.now + timedelta(days=80)).isoformat()
    tale = announced(platform, folder, deposit="1000", terms=story.collection(ends_at=ends))
    first, second = shortlisted(tale)["members"]
    sign(tale, tale.bidder("jia"), first)
    sign(tale, tale.owner, second)
    assert not any(_free(tale, name) for name in ("jia", "bing"))
    platform.advance(datetime.fromisoformat(ends))
    platform.work()
    assert shortlisted(tale)["stage"] == "EXPIRED"
    ended = dict(Chosen.objects.values_list("bid__bidder__name", "end_kind"))
    assert ended == {tale.bidder("jia").name: Chosen.BUYER, tale.bidder("bing").name: Award.NO_CONTRACT}
    assert _free(tale, "jia") and not _free(tale, "bing")
    decision = {"decision": "训财采投〔2026〕6号", "text": "评审委员会的组成违法, 影响入围结果"}
    platform.demo("jiandu").post(f"/rounds/{tale.round}/annulment", decision)
    assert tale.stage() == "CANCELLED" and shortlisted(tale)["stage"] == "EXPIRED"
    assert not _free(tale, "bing")


def test_who_had_not_its_thirty_days_is_not_at_fault(platform: Any, folder: Path) -> None:
    """The term ends before the 30 days to sign are over: nobody loses its deposit by it."""
    ends = platform.now + timedelta(days=40)
    tale = announced(platform, folder, deposit="1000", terms=story.collection(ends_at=ends.isoformat()))
    platform.advance(ends)
    platform.work()
    assert shortlisted(tale)["stage"] == "EXPIRED"
    assert set(Chosen.objects.values_list("end_kind", flat=True)) == {Chosen.BUYER}
    assert _free(tale, "jia") and _free(tale, "bing")


def test_days_on_which_nobody_could_sign_do_not_count(platform: Any, folder: Path) -> None:
    """政采条例54: while a challenge waits nobody signs; the 30 days of GP-T38 are longer by it, and nobody is left out."""
    tale = announced(platform, folder)
    at = f"/frameworks/{shortlisted(tale)['framework']}"

    def due() -> datetime:
        return datetime.fromisoformat(shortlisted(tale)["clocks"][0]["due_at"])

    first = due()
    letter = {"matter": "评审错误", "facts": "没有核对业绩", "request": "重新征集"}
    made = tale.bidder("yi").post(f"/rounds/{tale.round}/result-challenges", letter)["challenge"]
    platform.advance(first - timedelta(hours=1))
    platform.work()
    assert "签订框架协议" not in str(tale.owner.get("/messages"))
    platform.advance(first + timedelta(hours=1))
    no(tale.owner.post, f"{at}/agreements", code="frameworks.not_now")
    tale.owner.post(f"/challenges/{made}/answer", {"answer": "不成立, 业绩已经核对", "outcome": "unfounded"})
    later = due()
    assert later - first > timedelta(days=25)
    no(tale.owner.post, f"{at}/agreements", code="frameworks.not_now")
    sign(tale, tale.bidder("bing"), shortlisted(tale)["members"][1])
    sign(tale, tale.owner, shortlisted(tale)["members"][1])
    platform.advance(later)
    platform.work()
    assert "签订框架协议已过期限" in str(tale.owner.get("/messages"))
    assert tale.owner.post(f"{at}/agreements")["members"] == 1


def test_a_challenge_stops_the_agreements_and_may_void_the_shortlist(platform: Any, folder: Path) -> None:
    tale = announced(platform, folder)
    first = shortlisted(tale)["members"][0]
    letter = {"matter": "评审错误", "facts": "没有核对业绩", "request": "重新征集"}
    made = tale.bidder("yi").post(f"/rounds/{tale.round}/result-challenges", letter)["challenge"]
    no(sign, tale, tale.bidder("jia"), first, code="frameworks.not_now")
    page = Person(platform, "zhaobiao").get(f"/work/challenges/{made}")
    assert 'value="restart"' in page and 'value="redetermine"' not in page
    another = {"answer": "成立", "outcome": "redetermine"}
    no(tale.owner.post, f"/challenges/{made}/answer", another, code="procedure.move_not_allowed")
    tale.owner.post(f"/challenges/{made}/answer", {"answer": "成立, 重新征集", "outcome": "restart"})
    assert tale.stage() == "CANCELLED"
    assert Entry.objects.filter(act="awarding.restarted").exists()
    assert not Entry.objects.filter(act="awarding.annulled").exists()
    assert shortlisted(tale)["stage"] == "FAILED"
    assert set(Chosen.objects.values_list("end_kind", flat=True)) == {Award.CHALLENGED}
    no(sign, tale, tale.bidder("jia"), first, code="frameworks.not_now")
    # the same framework is collected anew under its own name
    tale.owner.post(f"/rounds/{tale.round}/next")
    assert tale.stage() == "BUDGET"


def test_an_upheld_complaint_ends_a_framework_in_force(platform: Any, folder: Path) -> None:
    tale = announced(platform, folder)
    for member, name in zip(shortlisted(tale)["members"], ("jia", "bing"), strict=True):
        sign(tale, tale.owner, member)
        sign(tale, tale.bidder(name), member)
    at = f"/frameworks/{shortlisted(tale)['framework']}"
    tale.owner.post(f"{at}/agreements")
    tale.owner.post(f"{at}/buyers")
    assert shortlisted(tale)["stage"] == "ACTIVE"
    decision = {"decision": "训财采投〔2026〕5号", "text": "评审委员会的组成违法, 影响入围结果"}
    platform.demo("jiandu").post(f"/rounds/{tale.round}/annulment", decision)
    assert tale.stage() == "CANCELLED"
    framework = shortlisted(tale)
    assert framework["stage"] == "FAILED" and not any(m["stage"] == "JOINED" for m in framework["members"])
    rows = Chosen.objects.values_list("end_kind", "concluded_at")
    assert set(rows) == {(Award.ANNULLED, None)}


def test_a_round_is_archived_when_nobody_can_challenge_it_any_more(platform: Any, folder: Path) -> None:
    tale = announced(platform, folder)
    at = f"/rounds/{tale.round}/archive"

    def packed() -> None:
        tale.owner.post(at)
        platform.sequence()
        platform.work()

    packed()
    missing = [i for i in tale.owner.get(at)["items"] if i["state"] == "missing"]
    assert not missing

    def handed_over() -> Any:
        to_sign = tale.owner.get(f"{at}/hand-over?retention=30y")["to_sign"]
        body = {"retention": "30y", "signature": tale.owner.signature_on(to_sign)}
        return tale.owner.post(f"{at}/hand-over", body)

    no(handed_over, code="archives.too_early")
    # whoever has challenged may complain within 15 working days after the answer was due (94号令17), and does
    yi = tale.bidder("yi")
    letter = {"matter": "评审错误", "facts": "没有核对业绩", "request": "重新征集"}
    made = yi.post(f"/rounds/{tale.round}/result-challenges", letter)["challenge"]
    answer = {"answer": "不成立, 业绩已经核对", "outcome": "unfounded"}
    tale.owner.post(f"/challenges/{made}/answer", answer)
    platform.advance(platform.now + timedelta(days=15))
    platform.work()
    packed()
    no(handed_over, code="archives.too_early")
    case = yi.post(f"/rounds/{tale.round}/complaints", {"matter": "result", **SAID})["complaint"]
    platform.advance(platform.now + timedelta(days=40))
    platform.work()
    packed()
    no(handed_over, code="archives.too_early")
    step(yi, case, "withdraw")
    packed()
    handed_over()
    assert tale.stage() == "ARCHIVED"


def test_unit_prices_are_arithmetic(platform: Any, folder: Path) -> None:
    """Above a ceiling, or another sum than the price: nobody on the committee may judge it otherwise."""
    tale = Collection(platform, folder)
    tale.published()
    tale.respond("jia")
    tale.respond("yi", "951", "1000")
    tale.respond("bing", price="1000")
    opened(over(tale), "jia yi bing")
    story.qualify(tale.owner, tale.round)
    cast = platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    tale.members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.elect_leader(tale.members, tale.draw)
    desk = tale.members[0].get(f"/rounds/{tale.round}/desk")
    keys = [r["key"] for r in desk["document"]["requirements"]]
    right = {b["bid"]: b["bidder"] == tale.bidder("jia").name for b in desk["bids"]}

    def sheet(units: dict[str, bool]) -> dict[str, Any]:
        return {
            "results": {
                bid: {k: {"passes": k != "unit_prices" or passes, "reason": "单价不符合要求"} for k in keys}
                for bid, passes in units.items()
            }
        }

    to = f"/rounds/{tale.round}/preliminary"
    no(tale.members[0].post, to, sheet(dict.fromkeys(right, True)), code="input.invalid")
    no(tale.members[0].post, to, sheet(dict.fromkeys(right, False)), code="input.invalid")
    for member in tale.members:
        member.post(to, sheet(right))
    # one is left of three, and two would have been needed
    assert tale.stage() == "CANCELLED"
    assert "不足2家" in _notice(tale, "failure")["body"]["reason"]


def test_one_response_is_none_and_two_are_enough(platform: Any, folder: Path) -> None:
    alone = collected(platform, folder / "alone", "jia")
    assert alone.stage() == "CANCELLED"
    assert "少于2个" in _notice(alone, "failure")["body"]["reason"]
    assert "征集失败" in _notice(alone, "failure")["title"]
    two = opened(collected(platform, folder / "two", "jia yi"), "jia yi")
    story.qualify(two.owner, two.round, out={two.bidder("yi").name: "财务状况报告缺失"})
    assert two.stage() == "CANCELLED"


def test_of_two_one_is_shortlisted_by_quality(platform: Any, folder: Path) -> None:
    criteria = [{"key": "plan", "title": "质量", "weight": "100", "objective": False}]
    terms = story.collection(quality_case="fixed_price")
    file = {"method": "comprehensive", "price": {"weight": "0"}, "criteria": criteria, "terms": terms}
    tale = opened(collected(platform, folder, "jia yi", **file), "jia yi")
    story.qualify(tale.owner, tale.round)
    best = next(
        b["bid"]
        for b in tale.owner.get(f"/rounds/{tale.round}/opening")["bids"]
        if b["bidder"] == tale.bidder("yi").name
    )
    other = next(
        b["bid"] for b in tale.owner.get(f"/rounds/{tale.round}/opening")["bids"] if b["bid"] != best
    )
    reported(tale, points={best: {"plan": "90"}, other: {"plan": "60"}})
    assert [c["bid"] for c in story.choose(tale.owner, tale.round)] == [best]


def test_the_file_says_how_many(platform: Any, folder: Path) -> None:
    tale = Collection(platform, folder, changes={"policy": {"subject": "services"}})
    no(tale.prepared, code="input.invalid")
    for rate, code in (("1", "input.invalid"), ("0.19", "frameworks.rate_too_low")):
        bad = {"policy": {"subject": "services", "several": {"rate": rate}}}
        no(Collection(platform, folder, changes=bad).prepared, code=code)
    # quality first is for the cases of the law, and of instruments two fifths drop out
    criteria = [{"key": "plan", "title": "质量", "weight": "100"}]
    quality = {"method": "comprehensive", "price": {"weight": "0"}, "criteria": criteria}
    no(Collection(platform, folder, changes=quality).prepared, code="input.invalid")
    terms = story.collection(quality_case="instruments")
    no(
        Collection(platform, folder, changes=quality | {"terms": terms}).prepared,
        code="frameworks.rate_too_low",
    )
    no(
        Collection(platform, folder, changes={"terms": story.collection(items=[])}).prepared,
        code="input.invalid",
    )
    plain = {"committee_size": 7, "policy": FILE["policy"]}
    no(Tale(platform, folder, procedure="GP_OPEN", changes=plain | FILE).prepared, code="input.invalid")
    one = Tale(platform, folder, procedure="GP_OPEN", changes=plain).prepared()
    assert "several" not in Tender.objects.get(public_id=one.tender["tender"]).document["policy"]


def test_a_term_that_is_over_before_the_result_is_no_term(platform: Any, folder: Path) -> None:
    """It is refused with the notice; where the evaluation takes longer, nobody is chosen and it is collected anew."""

    def until(days: int) -> dict[str, Any]:
        return {"terms": story.collection(ends_at=(platform.now + timedelta(days=days)).isoformat())}

    no(Collection(platform, folder, changes=until(20)).published, code="input.invalid")
    tale = opened(collected(platform, folder, "jia yi bing", **until(25)), "jia yi bing")
    story.qualify(tale.owner, tale.round)
    reported(tale)
    late = {"ground": "too_late", "text": "评审用时超过预计"}
    to = f"/rounds/{tale.round}/retender"
    no(tale.owner.post, to, late, code="input.invalid")
    platform.advance(tale.deadline + timedelta(days=5))
    no(story.choose, tale.owner, tale.round, code="frameworks.not_in_force")
    tale.owner.post(to, late)
    assert tale.stage() == "CANCELLED"
    clause = "《政府采购框架协议采购方式管理暂行办法》第十五条"
    assert _notice(tale, "failure")["body"]["basis"] == clause


def test_terms_that_are_no_terms_are_refused(platform: Any, folder: Path) -> None:
    for wrong in (
        "x",
        [1],
        story.collection(ways=5),
        story.collection(ways=["x"]),
        story.collection(ways="turns"),
    ):
        no(Collection(platform, folder, changes={"terms": wrong}).prepared, code="input.invalid")


def test_the_pages_of_a_collection(platform: Any, folder: Path) -> None:
    """The collector writes the terms in a form and confirms the shortlist; suppliers read and find what is theirs."""
    tale = Collection(platform, folder)
    owner, jia, yi = (Person(platform, name) for name in ("zhaobiao", "jia", "yi"))
    project = story.register_project(tale.owner, name="测试征集", serial=secrets.randbelow(1_000_000))
    lot = {"name": "造价咨询", "budget": "3000000", "duration_days": "365"}
    draft = {
        "project": project,
        "name": "造价咨询框架协议",
        "procedure_code": "GP_KJ_TENDER",
        "state_controlled": True,
    }
    no(tale.owner.post, "/tenders", draft | {"lots": [lot, lot]}, code="input.invalid")
    no(tale.owner.post, "/tenders", draft | {"lots": [lot | {"ceiling_price": "9"}]}, code="input.invalid")
    tale.tender = tale.owner.post("/tenders", draft | {"lots": [lot]})
    at = f"/work/tenders/{tale.tender['tender']}"
    story.plan_procurement(tale.owner, tale.tender["tender"])
    owner.post(f"{at}/start")
    page = owner.get(f"{at}/document")
    assert "最高限制单价" in page and "价格优先法" in page and "逐项报出单价" in page
    kept = owner.post(f"{at}/document", 409, **form(several_rate="10")).content.decode()
    assert "淘汰比例不得低于20%" in kept and "预算编制" in kept and "一级造价工程师" in kept
    owner.post(f"{at}/document", **form(terms_ends_at="2028-12-31T00:00"))
    assert "服务的框架协议有效期一般不超过2年" in owner.get(f"{at}/document")
    owner.post(f"{at}/document", **form())
    page = owner.get(f"{at}/document")
    assert "预算编制" in page and "有效期一般不超过" not in page
    tale.owner.post(f"/tenders/{tale.tender['tender']}/review")
    story.conclude(tale.owner, tale.tender["tender"])
    tale.deadline = platform.now + timedelta(days=21)
    story.publish(tale.owner, tale.tender["tender"], deadline=tale.deadline)
    call = tale.owner.get("/notices")["notices"][0]["public_id"]
    for page in (jia.get(f"/notices/{call}"), jia.get(f"/files/{tale.tender['tender']}/1")):
        assert "最高限制单价950" in page and "淘汰比例20%且至少淘汰1家" in page and "按入围名次" in page
    bid = jia.get(f"/work/rounds/{tale.round}/bid")
    assert bid.count("data-unit-price") == 2 and 'name="price"' not in bid
    for name in ("jia", "yi", "bing"):
        tale.respond(name)
    opened(over(tale), "jia yi bing")
    story.qualify(tale.owner, tale.round)
    reported(tale)
    result = f"/work/rounds/{tale.round}/result"
    page = owner.get(result)
    assert "确定入围供应商" in page and tale.bidder("jia").name in page
    owner.get("/work")
    owner.sign(f"/work/rounds/{tale.round}/choice", f"/work/rounds/{tale.round}/choice/to-sign")
    page = owner.get(result)
    assert "签订框架协议" in page and "待签订" in page and "签订合同" not in page
    notice = yi.get(f"/notices/{_notice(tale, 'result')['public_id']}")
    assert "预算编制" in notice and "900.00" in notice and "入围供应商(2家)" in notice
    lot_id = tale.owner.get(f"/tenders/{tale.tender['tender']}")["rounds"][0]["lot"]
    for person in (jia, yi, owner):
        for path in (
            "/work",
            "/work/lots",
            "/work/frameworks",
            f"/tenders/{tale.tender['tender']}",
            f"/lots/{lot_id}",
        ):
            person.get(path)
    assert "签订框架协议" in jia.get("/work") and "签订框架协议" not in yi.get("/work")


def test_the_command_line_seals_unit_prices(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    tale = Collection(platform, folder)
    tale.published()
    jia = tale.bidder("jia")
    monkeypatch.setattr(cli, "_party", lambda args: jia)
    folder.mkdir(parents=True, exist_ok=True)
    at = ["--user", "jia", "--cert", "x.pem", "--round", tale.round]
    seal = ["seal", *at, "--days", "300", "--out", str(folder / "x")]
    for given, says in (
        (["--price", "1900"], "请用 --unit-price 1=单价"),
        (["--unit-price", "1=900", "--unit-price", "2=1200.01"], "不超过最高限制单价1200"),
        (["--unit-price", "1=900", "--unit-price", "2=1000", "--price", "1900"], "请去掉 --price"),
    ):
        assert cli.main([*seal, *given]) == 2
        assert says in capsys.readouterr().err
    assert cli.main([*seal, "--unit-price", "1=900", "--unit-price", "2=1000"]) == 0
    assert cli.main(["submit", *at, "--dir", str(folder / "x")]) == 0
    tale.respond("yi")
    opened(over(tale), "jia yi")
    shown = tale.owner.get(f"/rounds/{tale.round}/opening")["bids"]
    assert {row["price"] for row in shown} == {"1900.00", "2040.00"}


def form(**changes: Any) -> dict[str, Any]:
    """Return the editor of the file as a browser sends it."""
    terms = story.collection()
    items = {f"item_{key}": [i[key] for i in terms["items"]] for key in ("name", "unit", "spec", "price")}
    texts = {f"terms_{k}": v for k, v in terms.items() if k not in {"items", "ends_at"}}
    keys = ("legal", "credit", "seal", "response", "unit_prices")
    parts = ("qualification", "qualification", "formal", "responsive", "responsive")
    return {
        "method": "lowest_evaluated_price",
        "quality": "合格",
        "deposit": "0",
        "deposit_forms": ["transfer"],
        "bid_validity_days": "90",
        "decryption_minutes": "60",
        "committee_size": "5",
        "owner_representatives": "0",
        "specialty": "A08",
        "text": "服务要求见附件。",
        "requirement_key": keys,
        "requirement_part": parts,
        "requirement_text": ["资格要求", "信用要求", "签名", "实质性要求", "逐项报出单价"],
        "policy_subject": "services",
        "policy_sme": "10",
        "policy_joint": "4",
        "policy_domestic": "20",
        "several_rate": "20",
        "several_most": "",
        "terms_ends_at": "2027-02-26T00:00",
        **texts,
        **items,
        **changes,
    }

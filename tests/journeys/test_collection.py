"""A closed framework agreement is collected 封闭式征集: sealed responses, a committee, and several that are shortlisted at once."""

import secrets
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ggzy.awarding.models import Award, Chosen
from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.tendering.models import Tender
from tests.api.test_refusals import no
from tests.journeys.tale import Tale

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
    return dict(tale.owner.get(f"/notices/{found['public_id']}"))


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
    row = tale.owner.get("/frameworks")["frameworks"][0]
    framework = tale.owner.get(f"/frameworks/{row['framework']}")
    assert framework["stage"] == "SHORTLIST" and framework["name"] == "造价咨询框架协议"
    assert [(m["supplier"], m["prices"]) for m in framework["members"]] == [
        (names[0], {"1": "900", "2": "1000"}),
        (names[1], {"1": "910", "2": "1050"}),
    ]
    platform.sequence()
    for level, party in (("public", platform.anonymous()), ("supervisor", platform.demo("jiandu"))):
        found = check_pack(party.get(f"/evidence/{tale.tender['ocid']}?level={level}"))
        assert not [check for check in found if check.outcome == "failed"], level


def test_deposits_wait_for_the_signature_of_each(platform: Any, folder: Path) -> None:
    tale = opened(collected(platform, folder, "jia yi bing", deposit="1000"), "jia yi bing")
    story.qualify(tale.owner, tale.round)
    story.choose(tale.owner, reported(tale).round)
    free = {
        r["bidder"]: (r["standing"], r["refundable_from"])
        for r in tale.owner.get(f"/rounds/{tale.round}/deposits")["deposits"]
    }
    assert free[tale.bidder("yi").name][1] and free[tale.bidder("jia").name] == ("中标人", None)


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

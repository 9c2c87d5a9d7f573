"""合作创新采购 through the API: from the plan to the first-purchase agreement, and what is refused on the way."""

import base64
import hashlib
import json
import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import IntegrityError, transaction

from ggzy.client.party import Party, Problem
from ggzy.deadlines.models import Timer
from ggzy.evidence import queries as evidence
from ggzy.evidence.models import Entry
from ggzy.innovation.actions import PLAN
from ggzy.innovation.models import GroupSheet, ResearchContract, ResearchStage
from ggzy.innovation.rules import Entrant, chosen, ranking, read_factors
from ggzy.innovation.talking import FILE
from ggzy.notices.models import Notice
from tests.innovation.test_rules import RESPONSE

pytestmark = pytest.mark.django_db

TEXTS = {name: f"{what}: 训练数据" for name, (what, _) in PLAN.items()}
PURCHASE = {
    "name": "训练市地下管网渗漏智能检测装备合作创新采购",
    "contact": "训练市政务路3号, 0000-0000009",
    "ground": "breakthrough",
    "buyer_kind": "city",
    "approval": "训练省财政厅 训财采〔2026〕1号",
    "way": "notice",
    "months": 24,
    "most_cost": "12000000",
    "plan": TEXTS,
}
FACTORS = [
    {"name": "研发方案", "weight": "60", "weighs": "plan"},
    {"name": "知识产权和升级", "weight": "20", "weighs": "other"},
    {"name": "价格", "weight": "20", "weighs": "price"},
]
FIRST_FACTORS = [
    {"name": "功能性能", "weight": "70", "weighs": "other"},
    {"name": "价格", "weight": "30", "weighs": "price"},
]
RESEARCH = {
    "texts": {name: f"{what}: 训练数据" for name, (what, _) in FILE.items()},
    "most_cost": "12000000",
    "adjusted": "交流后细化了检测精度",
    "months": 24,
    "suppliers": 2,
    "compensation": "3000000",
    "first_price": "4000000",
    "incentive": "500000",
    "cost_kinds": ["equipment", "business", "labour"],
    "interim": True,
    "factors": FACTORS,
    "first_factors": FIRST_FACTORS,
    "stages": [
        {"name": "详细设计和原理验证", "milestone": "实验室原理验证报告"},
        {"name": "样机", "milestone": "样机试制和试验报告"},
    ],
}
SEATS = ("buyer", "technical", "technical", "law", "economy")
#: points of a final response: research plan, others
POINTS = {"jia": ("50", "15"), "yi": ("55", "18"), "bing": ("40", "10")}
OFFERS = {
    "jia": ("2800000.00", "3800000.00"),
    "yi": ("3000000.00", "4000000.00"),
    "bing": ("2600000.00", "3500000.00"),
}


def refused(code: str, call: Any, *args: Any, **more: Any) -> Problem:
    with pytest.raises(Problem) as found:
        call(*args, **more)
    assert found.value.body["code"] == code and found.value.body["message"]
    return found.value


def digest(purchase: str, uscc: str, kind: str, response: dict[str, str], salt: str) -> str:
    """Return the digest as a stranger makes it, with nothing but a hash and JSON."""
    said = {"kind": kind, "purchase": purchase, "response": response, "supplier": uscc}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


class Purchase:
    """One purchase on its way, with its people."""

    def __init__(self, platform: Any, **changes: Any) -> None:
        self.platform = platform
        self.buyer: Party = platform.demo("zhaobiao")
        self.id = self.buyer.post("/innovations", PURCHASE | changes)["innovation"]
        self.at = f"/innovations/{self.id}"
        # zhuanjia03 and 11 work for bidders of the cast
        self.people = ("zhaobiao2", "zhuanjia05", "zhuanjia06", "zhuanjia07", "zhuanjia08")
        self.salts: dict[tuple[str, str], tuple[dict[str, str], str]] = {}

    def demo(self, name: str) -> Party:
        found: Party = self.platform.demo(name)
        return found

    @property
    def group(self) -> list[Party]:
        return [self.demo(name) for name in self.people]

    def seen(self, by: Party | None = None) -> dict[str, Any]:
        found: dict[str, Any] = (by or self.buyer).get(self.at)
        return found

    @property
    def stage(self) -> str:
        return str(self.seen()["stage"])

    def go(self, to: Any) -> None:
        self.platform.advance(to)
        self.platform.work()

    def sign(self, party: Party, at: str, query: str = "", to: str = "/signature", **said: Any) -> Any:
        data = base64.b64decode(party.get(f"{at}/statement{query}")["to_sign"])
        assert party.identity is not None
        return party.post(at + to, {"signature": party.identity.sign(data), **said})

    def name_group(self, people: Any = None) -> None:
        members = [{"username": n, "seat": s} for n, s in zip(people or self.people, SEATS, strict=True)]
        self.buyer.post(f"{self.at}/group", {"members": members})

    def called(self, *names: str) -> "Purchase":
        self.until = self.platform.now + timedelta(days=40)
        self.buyer.post(f"{self.at}/call", {"apply_until": self.until.isoformat()})
        for name in names:
            self.apply(name)
        self.go(self.until + timedelta(seconds=1))
        return self

    def apply(self, name: str, partners: str = "") -> None:
        query = f"?statement=符合条件&contact=王经理&partners={quote(partners)}"
        said = {"statement": "符合条件", "contact": "王经理", "partners": partners}
        self.sign(self.demo(name), f"{self.at}/applications", query, to="", **said)

    def id_of(self, name: str) -> str:
        uscc = self.demo(name).get("/whoami")["uscc"]
        people = self.seen(self.group[0])["participants"]
        return str(next(p["participant"] for p in people if p["uscc"] == uscc))

    def judged(self, findings: dict[str, Any]) -> None:
        for member in self.group:
            member.post(f"{self.at}/sheets", {"findings": findings})
        for member in self.group:
            self.sign(member, f"{self.at}/report")

    def qualified(self, *names: str, out: tuple[str, ...] = ()) -> "Purchase":
        found: dict[str, Any] = {self.id_of(name): {"qualified": True} for name in names}
        found |= {self.id_of(name): {"qualified": False, "reason": "没有研发能力的证明"} for name in out}
        self.judged(found)
        return self

    def met(self, hours: int = 48) -> None:
        at = self.platform.now + timedelta(hours=hours)
        said = {"meets_at": at.isoformat(), "place": "会议室", "text": "目标、费用和应用场景"}
        self.buyer.post(f"{self.at}/exchange/call", said)

    def exchanged(self, *names: str) -> "Purchase":
        if not self.seen()["exchange_call"]:
            self.met()
            self.go(self.platform.now + timedelta(hours=49))
        said = {"met_at": self.platform.now.isoformat(), "place": "会议室", "text": "共同交流了目标和费用"}
        self.group[0].post(f"{self.at}/exchange", said | {"attended": [self.id_of(n) for n in names]})
        return self

    def issued(self, **changes: Any) -> "Purchase":
        until = self.platform.now + timedelta(days=25)
        self.buyer.post(f"{self.at}/file", RESEARCH | {"answer_until": until.isoformat()} | changes)
        return self

    def seal(self, name: str, kind: str, offer: tuple[str, str] = ("", ""), **changes: str) -> None:
        party, salt = self.demo(name), secrets.token_hex(32)
        compensation, first = offer if offer[0] else OFFERS[name]
        said = RESPONSE | {"compensation": compensation, "first_price": first} | changes
        commitment = digest(self.id, party.get("/whoami")["uscc"], kind, said, salt)
        query = f"?commitment={commitment}"
        self.sign(party, f"{self.at}/responses", query, to="", commitment=commitment)
        self.salts[name, kind] = said, salt

    def reveal(self, name: str, kind: str, *, file: bytes = b"", **changes: str) -> None:
        said, salt = self.salts[name, kind]
        sent = {"response": said | changes, "salt": salt, "file": base64.b64encode(file).decode()}
        self.demo(name).post(f"{self.at}/responses/reveal", sent)

    def responded(self, kind: str, *names: str) -> "Purchase":
        for name in names:
            self.seal(name, kind)
        row = self.seen(self.demo(names[0]))
        self.go(_time(row["sealed_until"]) + timedelta(seconds=1))
        for name in names:
            self.reveal(name, kind)
        self.go(_time(row["reveal_until"]) + timedelta(seconds=1))
        return self

    def talked(self, *names: str) -> "Purchase":
        for name in names:
            self.group[1].post(f"{self.at}/talks", {"participant": self.id_of(name), "text": "谈了路线"})
        until = self.platform.now + timedelta(days=10)
        self.group[1].post(f"{self.at}/final-responses", {"until": until.isoformat()})
        return self

    def scored(self, *names: str) -> "Purchase":
        self.judged({self.id_of(n): dict(zip("12", POINTS[n], strict=True)) for n in names})
        return self

    def contract(self, name: str) -> "Contract":
        uscc = self.demo(name).get("/whoami")["uscc"]
        rows = self.seen()["contracts"]
        return Contract(self, name, next(c["contract"] for c in rows if c["uscc"] == uscc))

    def kinds(self) -> list[str]:
        rows = Notice.objects.filter(body__innovation=self.id).order_by("pk")
        return list(rows.values_list("kind", flat=True))


class Contract:
    """One research contract on its way."""

    def __init__(self, purchase: Purchase, name: str, contract: str) -> None:
        self.purchase, self.id, self.at = purchase, contract, f"/research/{contract}"
        self.supplier = purchase.demo(name)

    @property
    def stage(self) -> str:
        return str(self.purchase.buyer.get(self.at)["stage"])

    def signed(self) -> "Contract":
        for party in (self.purchase.buyer, self.supplier):
            self.purchase.sign(party, f"{self.at}/contract")
        return self

    def interim(self, most: str) -> None:
        said = {"met_at": self.purchase.platform.now.isoformat(), "text": "商定进度", "most": most}
        self.purchase.group[0].post(f"{self.at}/interim", said)
        for party in (self.purchase.buyer, self.supplier):
            self.purchase.sign(party, f"{self.at}/interim")

    def results(self, labour: str = "1000000", indirect: str = "0") -> None:
        costs = {"labour": labour, "indirect": indirect}
        self.supplier.post(f"{self.at}/results", {"results": "达到标志性成果", "costs": costs})

    def decide(self, amount: str, *, met: bool = True) -> None:
        said = {"met": met, "reason": "对照标志性成果验收", "compensated": amount}
        self.purchase.buyer.post(f"{self.at}/decision", said)

    def researched(self) -> "Contract":
        for _ in RESEARCH["stages"]:  # type: ignore[attr-defined]
            self.interim("1000000")
            self.results()
            self.decide("1000000")
        return self

    def accepted(self, price: str, *, passed: bool = True) -> None:
        self.supplier.post(f"{self.at}/product", {"product": "智能检测装备", "price": price})
        self.purchase.buyer.post(f"{self.at}/acceptance", {"passed": passed, "report": "按合同验收"})


def _time(text: str) -> Any:
    return datetime.fromisoformat(text)


def at_talks(platform: Any, **changes: Any) -> Purchase:
    """Return a purchase whose group has sat and talks with 甲 and 乙."""
    purchase = Purchase(platform, **changes)
    purchase.name_group()
    purchase.called("jia", "yi").qualified("jia", "yi").exchanged("jia", "yi").issued()
    return purchase.responded("first", "jia", "yi")


def determined(platform: Any, **file: Any) -> Purchase:
    """Return a purchase with its research suppliers determined: 乙 and 甲, not 丙."""
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi", "bing").qualified("jia", "yi", "bing").exchanged("jia", "yi", "bing")
    purchase.issued(**file).responded("first", "jia", "yi", "bing").talked("jia", "yi", "bing")
    purchase.responded("final", "jia", "yi", "bing").scored("jia", "yi", "bing")
    assert purchase.stage == "HC_RANKED"
    purchase.buyer.post(f"{purchase.at}/result")
    return purchase


def test_from_the_plan_to_the_first_purchase_agreement(platform: Any) -> None:
    purchase = determined(platform)
    assert purchase.stage == "HC_RESEARCH"
    public = platform.anonymous().get(purchase.at)
    assert [c["uscc"] for c in public["contracts"]] == [
        purchase.demo(name).get("/whoami")["uscc"] for name in ("yi", "jia")
    ]
    assert [row["total"] for row in public["ranking"]] == ["90.43", "83.48"]
    secret = [RESPONSE["plan"], purchase.demo("bing").name, "商定进度"]
    assert not [said for said in secret if said in json.dumps(public, ensure_ascii=False)]
    yi, jia = purchase.contract("yi").signed(), purchase.contract("jia").signed()
    refused("not_found", yi.supplier.get, jia.at)
    refused("not_found", purchase.demo("bing").get, jia.at)
    for one in (yi, jia):
        one.researched()
        assert one.stage == "RD_PRODUCT"
    paid = purchase.buyer.post(f"{yi.at}/payments", {"number": 1, "voucher": "2026-17"})
    assert paid["amount"] == "1000000.00"
    refused(
        "innovation.already_signed",
        purchase.buyer.post,
        f"{yi.at}/payments",
        {"number": 1, "voucher": "2026-18"},
    )
    refused(
        "input.invalid",
        yi.supplier.post,
        f"{yi.at}/product",
        {"product": "装备", "price": "4000000.01"},
    )
    yi.accepted("4000000")
    refused("innovation.not_now", purchase.buyer.post, f"{purchase.at}/research/conclusion")
    jia.accepted("3000000")
    purchase.buyer.post(f"{purchase.at}/research/conclusion")
    assert purchase.stage == "HC_FIRST"
    # 乙 60 + 30 × 3/4 = 82.5, 甲 55 + 30 = 85: the best value is first bought
    purchase.judged({purchase.id_of("yi"): {"1": "60"}, purchase.id_of("jia"): {"1": "55"}})
    assert purchase.stage == "HC_CHOSEN"
    # nobody outside is told before the notice
    for viewer in (platform.anonymous(), jia.supplier, yi.supplier):
        assert not any(c["first"] for c in purchase.seen(viewer)["contracts"])
        assert purchase.seen(viewer)["first_ranking"] == []
    assert jia.supplier.get(jia.at)["first"] is False
    purchase.buyer.post(f"{purchase.at}/first/notice")
    refused("permission.denied", purchase.sign, yi.supplier, f"{purchase.at}/first")
    for party in (purchase.buyer, jia.supplier):
        purchase.sign(party, f"{purchase.at}/first")
    assert purchase.stage == "CONTRACTED"
    assert purchase.kinds() == [
        "innovation",
        "innovation_file",
        "innovation_result",
        *["innovation_contract"] * 2,
        "innovation_result",
        "innovation_contract",
    ]
    # the loser's price, score and rank are its own: no rival, no notice and no public entry has them
    public = platform.anonymous().get(purchase.at)
    assert [(row["total"], row["rank"]) for row in public["first_ranking"]] == [("85.00", "1")]
    assert [row["rank"] for row in purchase.seen(yi.supplier)["first_ranking"]] == ["1", "2"]
    assert [row["rank"] for row in purchase.seen(jia.supplier)["first_ranking"]] == ["1"]
    assert "得分82.50, 排名第2" in json.dumps(yi.supplier.get("/messages"), ensure_ascii=False)
    notices = Notice.objects.filter(body__innovation=purchase.id, kind="innovation_result")
    shown = json.dumps([n.body for n in notices] + [_pack(purchase, "public")], ensure_ascii=False)
    assert "85.00" in shown and "82.50" not in shown
    assert any(
        len(row["ranking"]) == 2 for row in _pack(purchase, "supervisor")["innovation.first_published"]
    )


def test_nobody_learns_who_applied_or_answered_before_its_time(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    refused("not_found", platform.anonymous().get, purchase.at)
    purchase.until = platform.now + timedelta(days=40)
    purchase.buyer.post(f"{purchase.at}/call", {"apply_until": purchase.until.isoformat()})
    purchase.apply("jia")
    purchase.apply("yi")
    for viewer in (purchase.buyer, purchase.group[1], platform.anonymous(), purchase.demo("bing")):
        assert purchase.seen(viewer)["participants"] == []
    assert [p["uscc"] for p in purchase.seen(purchase.demo("jia"))["participants"]] == [
        purchase.demo("jia").get("/whoami")["uscc"]
    ]
    purchase.go(purchase.until + timedelta(seconds=1))
    refused(
        "innovation.not_now",
        purchase.demo("bing").get,
        f"{purchase.at}/applications/statement?statement=a&contact=b",
    )
    purchase.qualified("jia", "yi").exchanged("jia", "yi").issued()
    purchase.seal("jia", "first")
    for viewer in (purchase.buyer, purchase.group[1], purchase.demo("yi"), platform.demo("caizheng")):
        row = purchase.seen(viewer)
        assert not [p for p in row["participants"] if p["responses"]]
    row = purchase.seen(purchase.demo("jia"))
    refused("innovation.not_now", purchase.reveal, "jia", "first")
    purchase.go(_time(row["sealed_until"]) + timedelta(seconds=1))
    refused("innovation.not_now", purchase.seal, "yi", "first")
    refused("innovation.wrong_reveal", purchase.reveal, "jia", "first", plan="另一个方案")
    purchase.reveal("jia", "first")
    assert not [p for p in purchase.seen(purchase.group[1])["participants"] if p["responses"]]
    purchase.go(_time(row["reveal_until"]) + timedelta(seconds=1))
    assert purchase.stage == "HC_TALKS"
    inside = purchase.seen(purchase.group[1])["participants"]
    assert [len(p["responses"]) for p in inside] == [1, 0]
    # the buyer's own desk, the finance department and a rival read no plan
    for viewer in (purchase.buyer, platform.demo("caizheng"), purchase.demo("yi")):
        assert "方案\\n第二行" not in json.dumps(purchase.seen(viewer), ensure_ascii=False)
    # the log tells a stranger and a rival nothing of it either
    told = Entry.objects.filter(act__in=["innovation.applied", "innovation.response_sealed"])
    assert told.count() == 3 and not told.filter(escrowed=False).exists()


def test_a_consortium_names_its_members_and_the_group_stands_aside_from_all_of_them(platform: Any) -> None:
    alone = Purchase(platform, consortium=False, name="不接受联合体的采购")
    alone.name_group()
    until = platform.now + timedelta(days=40)
    alone.buyer.post(f"{alone.at}/call", {"apply_until": until.isoformat()})
    usccs = {name: platform.demo(name).get("/whoami")["uscc"] for name in ("jia", "yi", "bing")}
    refused("input.invalid", alone.apply, "yi", f"{usccs['jia']} 甲建工")
    purchase = Purchase(platform)
    purchase.name_group(["zhaobiao2", "zhuanjia03", *purchase.people[2:]])
    purchase.buyer.post(f"{purchase.at}/call", {"apply_until": until.isoformat()})
    twice = f"{usccs['jia']} 甲建工\n{usccs['jia']} 甲建工"
    for broken in ("甲建工", f"{usccs['jia'][:-2]}00 甲", usccs["jia"], twice, f"{usccs['yi']} 本单位"):
        refused("input.invalid", purchase.apply, "yi", broken)
    purchase.apply("yi", f"{usccs['jia']} 甲建工")
    purchase.apply("bing", f"{usccs['jia']} 甲建工")
    purchase.go(until + timedelta(seconds=1))
    row = purchase.seen(purchase.group[2])
    assert [p["partners"][0]["uscc"] for p in row["participants"]] == [usccs["jia"]] * 2
    # nobody was refused for it, or the refusal would have told; the group is shown it
    assert row["doubled"] == [usccs["jia"]] and purchase.seen(purchase.demo("yi"))["doubled"] == []
    # 专家03 works for a member of a consortium
    found = {purchase.id_of(name): {"qualified": True} for name in ("yi", "bing")}
    refused(
        "innovation.must_stand_aside", purchase.group[0].post, f"{purchase.at}/sheets", {"findings": found}
    )


def test_the_group_is_the_buyers_choice_and_still_stands_aside(platform: Any) -> None:
    purchase = Purchase(platform)
    people = list(purchase.people)
    refused("input.invalid", purchase.name_group, [people[0], "jia", *people[2:]])
    refused("input.invalid", purchase.name_group, ["jicai", *people[1:]])
    purchase.name_group(["zhaobiao2", "zhuanjia03", *people[2:]])
    members = [{"username": n, "seat": "technical"} for n in people]
    refused("input.invalid", purchase.buyer.post, f"{purchase.at}/group", {"members": members})
    four = [{"username": n, "seat": s} for n, s in list(zip(people, SEATS, strict=True))[:4]]
    refused("innovation.group_not_lawful", purchase.buyer.post, f"{purchase.at}/group", {"members": four})
    purchase.people = ("zhaobiao2", "zhuanjia03", *people[2:])
    purchase.called("jia", "yi", "bing")
    # 专家03 works for one of the applicants: the group does not judge until somebody else sits
    findings = {purchase.id_of(name): {"qualified": True} for name in ("jia", "yi", "bing")}
    refused(
        "innovation.must_stand_aside",
        purchase.group[0].post,
        f"{purchase.at}/sheets",
        {"findings": findings},
    )
    refused("innovation.must_stand_aside", purchase.name_group)
    purchase.people = tuple(people)
    purchase.name_group()
    outsider = platform.demo("zhuanjia09")
    refused("permission.denied", outsider.post, f"{purchase.at}/sheets", {"findings": findings})
    refused("input.invalid", purchase.group[0].post, f"{purchase.at}/sheets", {"findings": {}})
    purchase.group[0].post(f"{purchase.at}/sheets", {"findings": findings})
    refused(
        "innovation.already_judged", purchase.group[0].post, f"{purchase.at}/sheets", {"findings": findings}
    )
    refused("innovation.already_judged", purchase.name_group)
    refused("innovation.not_now", purchase.group[0].get, f"{purchase.at}/report/statement")


def test_a_member_who_must_stand_aside_while_a_sitting_goes_on_is_replaced(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia")
    findings = {purchase.id_of("jia"): {"qualified": True}}
    out = {purchase.id_of("jia"): {"qualified": False, "reason": "没有研发能力的证明"}}
    for member in purchase.group:
        member.post(f"{purchase.at}/sheets", {"findings": out})
    leaves = purchase.demo("zhuanjia05")
    tie = {"kind": "relative", "uscc": purchase.demo("jia").get("/whoami")["uscc"], "name": "甲建工"}
    leaves.post("/ties", tie)
    refused("innovation.must_stand_aside", purchase.sign, purchase.group[2], f"{purchase.at}/report")
    at = f"{purchase.at}/group/replacement"
    said = {"member": "02", "username": "zhuanjia09", "reason": "近亲属在申请人任职"}
    refused("permission.denied", purchase.group[2].post, at, said)
    refused("permission.denied", platform.demo("jicai").post, at, said)
    for broken in ({"reason": " "}, {"member": "09"}, {"username": "zhuanjia08"}, {"username": "jia"}):
        refused("input.invalid", purchase.buyer.post, at, said | broken)
    refused("innovation.must_stand_aside", purchase.buyer.post, at, said | {"username": "zhuanjia03"})
    assert purchase.buyer.post(at, said) == {"member": "06", "seat": "technical"}
    # everybody judges anew; what was handed in is kept, and the log says what the replacement undid
    assert not any(m["handed_in"] for m in purchase.seen()["members"])
    kept = GroupSheet.objects.filter(innovation__public_id=purchase.id)
    assert kept.count() == 5 and not kept.filter(voided_at=None).exists()
    entry = Entry.objects.get(act="innovation.member_replaced", subject=purchase.id)
    assert entry.fields["voided"]["value"] == ["01", "02", "03", "04", "05"]
    assert entry.fields["undone"]["value"][0]["qualified"] is False
    assert {entry.fields[name]["level"] for name in ("member", "reason", "undone")} == {"supervisor"}
    refused("permission.denied", leaves.post, f"{purchase.at}/sheets", {"findings": findings})
    purchase.people = ("zhaobiao2", "zhuanjia09", *purchase.people[2:])
    purchase.judged(findings)
    assert purchase.stage == "HC_EXCHANGE"
    refused("innovation.not_now", purchase.buyer.post, at, said)


def test_a_file_keeps_its_limits_and_leaves_ten_working_days(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi").qualified("jia", out=("yi",))
    refused("innovation.not_now", purchase.issued)
    refused("input.invalid", purchase.exchanged, "yi")
    purchase.exchanged("jia")
    soon = {"answer_until": (platform.now + timedelta(days=9)).isoformat()}
    refused("innovation.too_soon", purchase.issued, **soon)
    refused("innovation.over_most_cost", purchase.issued, incentive="2000000.01")
    refused("innovation.too_many_suppliers", purchase.issued, suppliers=4)
    light = [FACTORS[0] | {"weight": "49"}, FACTORS[1] | {"weight": "31"}, FACTORS[2]]
    refused("innovation.plan_weighs_too_little", purchase.issued, factors=light)
    assert purchase.stage == "HC_EXCHANGE"
    purchase.issued()
    # one alone may go on; talks change no target, no amount, no factor, and everybody is told
    text = {"text": "验收增加雨季试验", "answer_until": (platform.now + timedelta(days=30)).isoformat()}
    purchase.buyer.post(f"{purchase.at}/clarifications", text)
    refused(
        "input.invalid",
        purchase.buyer.post,
        f"{purchase.at}/clarifications",
        {"text": "提前", "answer_until": (platform.now + timedelta(days=29)).isoformat()},
    )
    refused("permission.denied", purchase.seal, "yi", "first")
    purchase.seal("jia", "first", ("3000000.01", "4000000.00"))
    row = purchase.seen(purchase.demo("jia"))
    purchase.go(_time(row["sealed_until"]) + timedelta(seconds=1))
    refused("input.invalid", purchase.reveal, "jia", "first")
    purchase.go(_time(row["reveal_until"]) + timedelta(seconds=1))
    assert purchase.stage == "STOPPED"
    assert purchase.kinds() == ["innovation", "innovation_file", "innovation_result"]


def test_everybody_qualified_is_told_alike_of_the_exchange_before_and_after_it(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi", "bing").qualified("jia", "yi", out=("bing",))
    said = {"met_at": platform.now.isoformat(), "place": "会议室", "text": "谈到了开放接口"}
    came = said | {"attended": [purchase.id_of("jia")]}
    refused("innovation.not_now", purchase.group[0].post, f"{purchase.at}/exchange", came)
    refused("input.invalid", purchase.met, -1)
    purchase.met()
    at = _time(purchase.seen(purchase.demo("yi"))["exchange_call"]["meets_at"])
    assert purchase.seen(purchase.demo("bing"))["exchange_call"] == {}
    first = [purchase.demo(name).get("/messages")["messages"][0]["text"] for name in ("jia", "yi", "bing")]
    assert first[0] == first[1] and "会议室" in first[0] and "会议室" not in first[2]
    purchase.go(at + timedelta(hours=1))
    purchase.group[0].post(f"{purchase.at}/exchange", came)
    refused("innovation.not_now", purchase.met)
    # who stayed away reads what was said, not who else did
    for name in ("jia", "yi"):
        assert "谈到了开放接口" in purchase.demo(name).get("/messages")["messages"][0]["text"]
        assert set(purchase.seen(purchase.demo(name))["exchange"]) == {"met_at", "place", "text"}
    assert "谈到了开放接口" not in purchase.demo("bing").get("/messages")["messages"][0]["text"]
    purchase.group[0].post(f"{purchase.at}/exchange", came | {"text": "谈到了开放接口和雨季"})
    assert "(更正)" in purchase.demo("yi").get("/messages")["messages"][0]["title"]


def test_a_file_is_sealed_with_a_response_and_read_by_the_group_alone(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi").qualified("jia", "yi").exchanged("jia", "yi").issued()
    data = b"%PDF-1.7 drawing"
    part = {"file_name": "总体设计.pdf", "file_sha256": hashlib.sha256(data).hexdigest()}
    purchase.seal("jia", "first", **part)
    purchase.seal("yi", "first")
    row = purchase.seen(purchase.demo("jia"))
    purchase.go(_time(row["sealed_until"]) + timedelta(seconds=1))
    refused("input.invalid", purchase.reveal, "jia", "first")
    refused("innovation.wrong_reveal", purchase.reveal, "jia", "first", file=data + b".")
    refused("innovation.wrong_reveal", purchase.reveal, "jia", "first", file=data, file_name="另一份.pdf")
    refused("input.invalid", purchase.reveal, "yi", "first", file=data)
    purchase.reveal("jia", "first", file=data)
    purchase.reveal("jia", "first", file=data)
    purchase.reveal("yi", "first")
    at = f"{purchase.at}/responses/{purchase.id_of('jia')}/first/file"
    # until the time to reveal is over the group does not read it either
    refused("not_found", purchase.group[1].get, at)
    assert base64.b64decode(purchase.demo("jia").get(at)["file"]) == data
    purchase.go(_time(row["reveal_until"]) + timedelta(seconds=1))
    found = purchase.group[1].get(at)
    assert (base64.b64decode(found["file"]), found["name"]) == (data, "总体设计.pdf")
    for viewer in (purchase.buyer, purchase.demo("yi"), platform.demo("caizheng"), platform.anonymous()):
        refused("not_found", viewer.get, at)
    # the contract rests on the final response: its buyer reads that one's file
    purchase.talked("jia", "yi")
    purchase.seal("jia", "final", **part)
    row = purchase.seen(purchase.demo("jia"))
    purchase.go(_time(row["sealed_until"]) + timedelta(seconds=1))
    purchase.reveal("jia", "final", file=data)
    purchase.go(_time(row["reveal_until"]) + timedelta(seconds=1))
    last = at.replace("first", "final")
    refused("not_found", purchase.buyer.get, last)
    purchase.scored("jia")
    purchase.buyer.post(f"{purchase.at}/result")
    assert purchase.buyer.get(last)["name"] == "总体设计.pdf"
    refused("not_found", purchase.demo("yi").get, last)


def test_everybody_is_talked_with_before_finals_are_asked(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi").qualified("jia", "yi").exchanged("jia", "yi").issued()
    purchase.responded("first", "jia", "yi")
    refused("innovation.talks_not_done", purchase.talked, "jia")
    purchase.group[2].post(f"{purchase.at}/changes", {"text": "接口改为开放协议"})
    assert "接口改为开放协议" in purchase.demo("yi").get("/messages")["messages"][0]["text"]
    purchase.talked("yi").responded("final", "yi")
    assert purchase.stage == "HC_REVIEW"
    refused(
        "input.invalid",
        purchase.group[0].post,
        f"{purchase.at}/sheets",
        {"findings": {purchase.id_of("yi"): {"1": "60.01", "2": "1"}}},
    )
    purchase.scored("yi")
    purchase.buyer.post(f"{purchase.at}/result")
    assert len(purchase.seen()["contracts"]) == 1
    refused("procedure.move_not_allowed", purchase.buyer.post, f"{purchase.at}/result")
    refused(
        "procedure.move_not_allowed",
        purchase.buyer.post,
        f"{purchase.at}/termination",
        {"reason": "不需要了"},
    )


def test_compensation_stays_within_cost_limit_and_contract_and_who_misses_is_out(platform: Any) -> None:
    purchase = determined(platform)
    yi, jia = purchase.contract("yi"), purchase.contract("jia")
    refused("permission.denied", purchase.sign, jia.supplier, f"{yi.at}/contract")
    yi.signed()
    refused("innovation.not_now", purchase.sign, purchase.buyer, f"{yi.at}/contract")
    refused("innovation.not_this_stage", yi.results)
    refused("innovation.over_compensation", yi.interim, "3000000.01")
    yi.interim("1500000")
    refused("innovation.not_this_stage", yi.interim, "1000000")
    refused("innovation.not_this_stage", yi.decide, "1")
    # 间接费用 is no part of this contract's range
    yi.results(labour="900000", indirect="300000")
    refused("innovation.over_compensation", yi.decide, "900000.01")
    yi.decide("900000")
    yi.interim("1000000")
    yi.results(labour="2500000")
    refused("innovation.over_compensation", yi.decide, "1000000.01")
    # not met: the actual cost is compensated, and it is over for this one alone
    yi.decide("1000000", met=False)
    assert yi.stage == "RD_OUT" and jia.stage == "RD_SIGN"
    assert yi.supplier.get(yi.at)["compensated"] == "1900000.00"
    stage = ResearchStage.objects.get(contract__public_id=yi.id, number=1)
    for broken in ({"compensated": Decimal("1200000.01")}, {"limit": Decimal(1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ResearchStage.objects.filter(pk=stage.pk).update(**broken)
    with pytest.raises(IntegrityError), transaction.atomic():
        ResearchContract.objects.filter(public_id=yi.id).update(compensated=Decimal("3000000.01"))
    # nobody but one passes: it is bought first without a review
    jia.signed().researched().accepted("3800000")
    purchase.buyer.post(f"{purchase.at}/research/conclusion")
    assert purchase.stage == "HC_CHOSEN"


def test_research_without_a_product_ends_with_a_notice(platform: Any) -> None:
    purchase = determined(platform)
    yi, jia = purchase.contract("yi").signed().researched(), purchase.contract("jia")
    refused(
        "innovation.not_this_stage",
        purchase.buyer.post,
        f"{yi.at}/acceptance",
        {"passed": True, "report": "验收"},
    )
    yi.accepted("4000000", passed=False)
    jia.supplier.post(f"{jia.at}/end", {"reason": "无力继续研发"})
    purchase.buyer.post(f"{purchase.at}/research/conclusion")
    assert purchase.stage == "STOPPED"
    assert "没有一家的创新产品通过验收" in platform.anonymous().get(purchase.at)["end_reason"]


def test_who_never_signs_the_first_purchase_does_not_block_it_for_good(platform: Any) -> None:
    purchase = determined(platform)
    yi, jia = purchase.contract("yi").signed().researched(), purchase.contract("jia")
    jia.supplier.post(f"{jia.at}/end", {"reason": "无力继续研发"})
    yi.accepted("4000000")
    at = f"{purchase.at}/first/termination"
    said = {"ground": "refused", "reason": "经两次书面催告仍不签订"}
    refused("procedure.move_not_allowed", purchase.buyer.post, at, said | {"ground": "cancelled"})
    purchase.buyer.post(f"{purchase.at}/research/conclusion")
    # the group has nothing left to judge
    refused("innovation.already_judged", purchase.name_group)
    # there is nothing yet that could be refused
    refused("input.invalid", purchase.buyer.post, at, said)
    purchase.buyer.post(f"{purchase.at}/first/notice")
    purchase.sign(purchase.buyer, f"{purchase.at}/first")
    refused("input.invalid", purchase.buyer.post, at, said | {"ground": "dear"})
    refused("input.invalid", purchase.buyer.post, at, said | {"reason": ""})
    refused("permission.denied", yi.supplier.post, at, said)
    purchase.buyer.post(at, said)
    assert purchase.stage == "STOPPED" and purchase.kinds()[-1] == "innovation_result"
    assert "拒绝或者逾期不签订首购协议" in platform.anonymous().get(purchase.at)["end_reason"]
    for name in ("jia", "yi", "bing"):
        assert "仍不签订" in purchase.demo(name).get("/messages")["messages"][0]["text"]
    refused("innovation.not_now", purchase.sign, yi.supplier, f"{purchase.at}/first")
    refused("procedure.move_not_allowed", purchase.buyer.post, at, said)


def test_a_first_purchase_that_is_called_off_reminds_nobody_of_its_notice(platform: Any) -> None:
    purchase = determined(platform)
    yi, jia = purchase.contract("yi").signed().researched(), purchase.contract("jia")
    jia.supplier.post(f"{jia.at}/end", {"reason": "无力继续研发"})
    yi.accepted("4000000")
    purchase.buyer.post(f"{purchase.at}/research/conclusion")
    said = {"ground": "cancelled", "reason": "规划调整"}
    purchase.buyer.post(f"{purchase.at}/first/termination", said)
    assert not Timer.objects.filter(subject=purchase.id, done_at=None).exists()


def _pack(purchase: Purchase, level: str) -> dict[str, list[dict[str, Any]]]:
    """Return what a pack of the purchase shows of each act, each entry's shown fields and its moment."""
    purchase.platform.sequence()
    found: dict[str, list[dict[str, Any]]] = {}
    rows = evidence.pack(scope={"ocid": f"ocds-ggzy01-{purchase.id}"}, level=level)["entries"]
    for row in rows:
        leaf = json.loads(row["leaf"])
        shown = {name: f["value"] for name, f in row["fields"].items() if "value" in f}
        found.setdefault(leaf["act"], []).append(shown | {"at": leaf["legal_at"]})
    return found


def test_a_supervisor_recomputes_from_a_pack_who_researches_and_the_public_reads_no_score(
    platform: Any,
) -> None:
    purchase = determined(platform)
    whole, public = _pack(purchase, "supervisor"), _pack(purchase, "public")
    sheets = [row for row in whole["innovation.sheet_handed_in"] if row["sitting"] == "plans"]
    sealed = {
        row["supplier"]: _time(row["at"])
        for row in whole["innovation.response_sealed"]
        if row["kind"] == "final"
    }
    entrants = [
        Entrant(entrant=row["participant"], price=Decimal(row["price"]), at=sealed[row["supplier"]])
        for row in whole["innovation.response_revealed"]
        if row["kind"] == "final"
    ]
    file = whole["innovation.file_issued"][0]["file"]
    places = ranking([row["findings"] for row in sheets], entrants=entrants, by=read_factors(file["factors"]))
    assert len(sheets) == 5 and len(whole["innovation.report_signed"]) == 10
    assert [str(p.total) for p in places] == [
        row["total"] for row in whole["innovation.ranked"][0]["ranking"]
    ]
    by_uscc = {row["supplier"]: row["participant"] for row in whole["innovation.response_revealed"]}
    determined_ = [by_uscc[row["supplier"]] for row in public["innovation.determined"][0]["suppliers"]]
    assert chosen(places, suppliers=file["suppliers"]) == determined_
    # the public reads that three applied and responded, never whose score or whose member
    for act, count in (("applied", 3), ("response_sealed", 6), ("response_revealed", 6), ("talked", 3)):
        assert len(public[f"innovation.{act}"]) == count
    shown = json.dumps(public, ensure_ascii=False)
    assert "findings" not in shown and '"member"' not in shown
    assert purchase.demo("bing").get("/whoami")["uscc"] not in shown


def test_a_termination_is_no_way_to_learn_who_applied(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    until = platform.now + timedelta(days=40)
    purchase.buyer.post(f"{purchase.at}/call", {"apply_until": until.isoformat()})
    purchase.apply("jia")
    purchase.buyer.post(f"{purchase.at}/termination", {"reason": "需求变化"})
    for viewer in (purchase.buyer, purchase.group[1]):
        assert purchase.seen(viewer)["participants"] == []
    assert "innovation.applied" not in _pack(purchase, "supervisor")
    purchase.go(until + timedelta(seconds=1))
    assert len(_pack(purchase, "supervisor")["innovation.applied"]) == 1


def test_a_termination_is_no_way_to_read_a_response_that_was_not_settled(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia", "yi").qualified("jia", "yi").exchanged("jia", "yi").issued()
    purchase.seal("jia", "first")
    purchase.seal("yi", "first")
    purchase.go(_time(purchase.seen()["sealed_until"]) + timedelta(seconds=1))
    purchase.reveal("jia", "first")
    purchase.buyer.post(f"{purchase.at}/termination", {"reason": "需求变化"})
    assert not [p for p in purchase.seen(purchase.group[1])["participants"] if p["responses"]]
    assert len(_pack(purchase, "public")["innovation.response_sealed"]) == 2


def test_an_invitation_is_known_to_the_invited_alone_until_there_is_a_result(platform: Any) -> None:
    invited = platform.demo("jia").get("/whoami")["uscc"]
    purchase = Purchase(platform, way="invitation", invited=[invited])
    purchase.name_group()
    purchase.until = platform.now + timedelta(days=40)
    purchase.buyer.post(f"{purchase.at}/call", {"apply_until": purchase.until.isoformat()})
    refused("not_found", platform.anonymous().get, purchase.at)
    refused("not_found", purchase.demo("yi").get, purchase.at)
    refused("permission.denied", purchase.apply, "yi")
    assert purchase.seen(purchase.demo("jia"))["stage"] == "HC_OPEN"
    assert purchase.kinds() == []
    purchase.go(purchase.until + timedelta(seconds=1))
    # nobody came: it is over, and that is public
    assert platform.anonymous().get(purchase.at)["stage"] == "STOPPED"


def test_nobody_is_qualified_and_it_is_over(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia").qualified(out=("jia",))
    assert purchase.stage == "STOPPED"


def test_nobody_answers_finally_and_it_is_over(platform: Any) -> None:
    purchase = Purchase(platform)
    purchase.name_group()
    purchase.called("jia").qualified("jia").exchanged("jia").issued()
    purchase.responded("first", "jia").talked("jia")
    row = purchase.seen(purchase.demo("jia"))
    purchase.go(_time(row["reveal_until"]) + timedelta(seconds=1))
    assert purchase.stage == "STOPPED"


def test_a_buyer_may_terminate_before_the_result(platform: Any) -> None:
    purchase = Purchase(platform)
    refused("input.invalid", purchase.buyer.post, f"{purchase.at}/termination", {"reason": " "})
    refused("permission.denied", platform.demo("jicai").post, f"{purchase.at}/termination", {"reason": "不"})
    purchase.buyer.post(f"{purchase.at}/termination", {"reason": "需求变化"})
    assert purchase.stage == "STOPPED" and purchase.kinds() == []


def test_a_term_runs_out_with_a_reminder_to_both(platform: Any) -> None:
    purchase = determined(platform)
    yi = purchase.contract("yi").signed()
    ends = _time(yi.supplier.get(yi.at)["ends_at"])
    purchase.go(ends - timedelta(days=29))
    assert "期限将满" in yi.supplier.get("/messages")["messages"][0]["title"]
    purchase.go(ends + timedelta(seconds=1))
    assert "期限已满" in purchase.buyer.get("/messages")["messages"][0]["title"]


@pytest.mark.parametrize(
    "changes",
    [
        {"approval": ""},
        {"ground": "cheap"},
        {"way": "invitation"},
        {"most_cost": "0"},
        {"months": 0},
        {"plan": TEXTS | {"risks": ""}},
    ],
)
def test_a_plan_is_whole(platform: Any, changes: dict[str, Any]) -> None:
    refused("input.invalid", Purchase, platform, **changes)

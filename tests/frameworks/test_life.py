"""Framework agreements through the API: who comes in and leaves, every way of calling off, and what is refused on the way."""

import base64
import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest

from ggzy.client.party import Party, Problem
from ggzy.evidence.models import Entry
from ggzy.frameworks.models import FrameworkMember
from ggzy.notices.models import Notice
from ggzy.parties.models import Organisation

pytestmark = pytest.mark.django_db

FILE = {
    "name": "训练市公务印刷服务框架协议",
    "needs": "公文、材料的印刷和装订",
    "conditions": "有印刷经营许可, 承诺按协议价格服务",
    "scope": "训练市市级预算单位; 训练市行政区域",
    "settlement": "验收后30日内凭订单和发票结算",
    "contract_terms": "接到订单2个工作日内交付",
    "contact": "训练市集中采购中心, 0000-0000003",
    "collector_kind": "agency",
    "category": "services",
    "items": [
        {"name": "黑白印刷", "unit": "页", "spec": "A4双面", "price": "0.12"},
        {"name": "胶装", "unit": "册", "spec": "不超过300页", "price": "6.5"},
    ],
    "ways": ["compete", "turns"],
    "turn_rule": "joined",
    "tie_rule": "earliest",
    "response_hours": 24,
}
NEED = {
    "name": "会议材料印刷",
    "needs": "三日内送达",
    "contact": "办公室 0000-0000004",
    "quantities": {"1": "10000", "2": "100"},
}
LIVE = {"APPLIED", "SHORTLIST", "JOINED"}
#: what NEED costs at the agreement prices
WHOLE = "1850.00"


def refused(call: Any, *args: Any, **more: Any) -> Problem:
    with pytest.raises(Problem) as found:
        call(*args, **more)
    assert found.value.body["message"]
    return found.value


def sealed(call: str, uscc: str, price: str, salt: str) -> str:
    """Return the digest as a stranger makes it, with nothing but a hash and JSON."""
    text = json.dumps({"call": call, "price": price, "supplier": uscc}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


class Agreement:
    """One framework on its way, with its people."""

    def __init__(self, platform: Any, framework: str = "", **changes: Any) -> None:
        self.platform, self.needs = platform, 0
        self.collector: Party = platform.demo("jicai")
        self.buyer: Party = platform.demo("zhaobiao")
        self.finance: Party = platform.demo("caizheng")
        self.ends_at = platform.now + timedelta(days=300)
        self.file = FILE | {"ends_at": self.ends_at.isoformat()} | changes
        self.id = framework or self.collector.post("/frameworks", self.file)["framework"]
        self.at = f"/frameworks/{self.id}"

    def seen(self, by: Party | None = None) -> dict[str, Any]:
        found: dict[str, Any] = (by or self.collector).get(self.at)["framework"]
        return found

    def sign(self, party: Party, at: str, query: str = "", to: str = "", **said: Any) -> Any:
        data = base64.b64decode(party.get(f"{at}/statement{query}")["to_sign"])
        assert party.identity is not None
        return party.post(at + to, {"signature": party.identity.sign(data), **said})

    def apply(self, name: str, statement: str = "符合条件") -> str:
        query = f"?statement={statement}&contact=王经理"
        made = self.sign(
            self.platform.demo(name), f"{self.at}/applications", query, statement=statement, contact="王经理"
        )
        return str(made["member"])

    def joined(self, *names: str) -> "Agreement":
        for name in names:
            member = self.apply(name)
            self.platform.advance(self.platform.now + timedelta(seconds=1))
            self.collector.post(f"{self.at}/members/{member}/review", {"admitted": True})
        return self

    def member(self, name: str) -> str:
        uscc = self.platform.demo(name).get("/whoami")["uscc"]
        found = [m for m in self.seen()["members"] if m["uscc"] == uscc and m["stage"] in LIVE]
        return str(found[0]["member"])

    def need(self, **changes: Any) -> "Call":
        self.needs += 1
        made = self.buyer.post(f"{self.at}/calls", NEED | {"name": f"会议材料印刷{self.needs}"} | changes)
        return Call(self, made["call"])

    def notices(self) -> list[str]:
        return list(
            Notice.objects.filter(body__framework=self.id).order_by("pk").values_list("kind", flat=True)
        )


class Call:
    """One call on its way."""

    def __init__(self, agreement: Agreement, call: str) -> None:
        self.agreement, self.id, self.at = agreement, call, f"/call-offs/{call}"

    def seen(self, by: Party | None = None) -> dict[str, Any]:
        found: dict[str, Any] = (by or self.agreement.buyer).get(self.at)
        return found

    @property
    def stage(self) -> str:
        return str(self.seen()["stage"])

    def post(self, what: str, body: Any = None, by: Party | None = None) -> Any:
        return (by or self.agreement.buyer).post(f"{self.at}/{what}", body)

    def contract(self, party: Party) -> Any:
        return self.agreement.sign(party, f"{self.at}/contract", to="/signature")

    def seal(self, party: Party, price: str) -> str:
        salt = secrets.token_hex(32)
        commitment = sealed(self.id, party.get("/whoami")["uscc"], price, salt)
        self.agreement.sign(party, f"{self.at}/offer", f"?commitment={commitment}", commitment=commitment)
        return salt

    def invite(self, hours: int = 24) -> datetime:
        until = self.agreement.platform.now + timedelta(hours=hours, minutes=1)
        self.post("competition", {"sealed_until": until.isoformat()})
        return until


@pytest.mark.journey
def test_the_life_of_an_open_framework(platform: Any) -> None:
    agreement = Agreement(platform)
    collector, anyone = agreement.collector, platform.anonymous()
    jia, yi = platform.demo("jia"), platform.demo("yi")
    assert refused(collector.post, "/frameworks", agreement.file).code.endswith("already_published")
    assert refused(jia.post, "/frameworks", agreement.file).code == "permission.denied"
    naive = agreement.file | {"name": "另一个", "ends_at": "2027-01-01T00:00:00"}
    assert "时区" in refused(collector.post, "/frameworks", naive).body["message"]
    row = agreement.seen(anyone)
    assert (
        row["stage"] == "ANNOUNCE"
        and row["items"][1]["price"] == "6.50"
        and row["ways"] == ["direct", "compete", "turns"]
    )
    assert refused(agreement.need).code.endswith("not_now")
    # applications are nobody's business; refused ones may be mended
    first = agreement.apply("jia")
    assert refused(agreement.apply, "jia").code.endswith("already_in")
    assert agreement.seen(anyone)["members"] == [] and agreement.seen(yi)["members"] == []
    assert agreement.seen(collector)["members"][0]["clock"]["clause"].endswith("第三十九条")
    at = f"{agreement.at}/members/{first}"
    assert refused(yi.post, f"{at}/review", {"admitted": True}).code == "permission.denied"
    assert refused(agreement.buyer.post, f"{at}/review", {"admitted": True}).code == "permission.denied"
    assert refused(collector.post, f"{at}/review", {"admitted": False}).code == "input.invalid"
    collector.post(f"{at}/review", {"admitted": False, "reason": "没有附许可证号"})
    assert refused(collector.post, f"{at}/review", {"admitted": True}).code == "procedure.move_not_allowed"
    assert agreement.seen(jia)["members"][0]["reason"] == "没有附许可证号"
    agreement.joined("jia", "yi", "bing")
    assert [m["supplier"] for m in agreement.seen(anyone)["members"]] == [
        "甲建工集团有限公司",
        "乙路桥工程有限公司",
        "丙市政建设有限公司",
    ]
    assert all(m["statement"] == "" for m in agreement.seen(anyone)["members"])
    # one leaves and comes back, one is removed and does not
    yi.post(f"{agreement.at}/exit", {"reason": "产能不足"})
    assert refused(yi.post, f"{agreement.at}/exit", {"reason": ""}).code == "permission.denied"
    agreement.joined("yi")
    removed = f"{agreement.at}/members/{agreement.member('bing')}/removal"
    facts = {"ground": "false_material", "reason": "许可证系伪造"}
    assert refused(collector.post, removed, facts | {"ground": "other"}).code == "input.invalid"
    assert refused(collector.post, removed, facts | {"reason": ""}).code == "input.invalid"
    assert refused(agreement.buyer.post, removed, facts).code == "permission.denied"
    collector.post(removed, facts)
    assert refused(collector.post, removed, facts).code == "procedure.move_not_allowed"
    assert refused(agreement.apply, "bing").code.endswith("was_removed")
    # the end
    assert refused(collector.post, f"{agreement.at}/summary").code.endswith("not_in_force")
    waiting = agreement.need()
    direct = agreement.need()
    direct.post("selection", {"member": agreement.member("jia"), "reason": "就近服务, 用户评价好"})
    direct.post("selection/confirmation")
    direct.contract(agreement.buyer)
    direct.contract(jia)
    platform.advance(agreement.ends_at - timedelta(minutes=1))
    assert agreement.seen()["stage"] == "ANNOUNCE"
    platform.advance(agreement.ends_at)
    row = agreement.seen(anyone)
    assert row["stage"] == "EXPIRED" and not row["in_force"]
    assert {m["stage"] for m in row["members"]} == {"EXPIRED", "QUIT"}
    assert waiting.stage == "STOPPED" and direct.stage == "CONTRACTED"
    assert refused(agreement.need).code.endswith("not_in_force")
    assert refused(agreement.apply, "ding").code.endswith("not_in_force")
    collector.post(f"{agreement.at}/summary")
    assert refused(collector.post, f"{agreement.at}/summary").code.endswith("already_summarised")
    assert agreement.notices() == [
        "framework",
        *["framework_members"] * 3,
        "framework_exit",
        "framework_members",
        "framework_exit",
        "contract",
        "call_off",
    ]
    summary = Notice.objects.filter(body__framework=agreement.id).latest("pk")
    assert {"name": "合计", "value": f"1个合同, {WHOLE}元"} in summary.body["facts"]
    acts = set(Entry.objects.filter(ocid=f"ocds-ggzy01-{agreement.id}").values_list("act", flat=True))
    assert {
        f"frameworks.{a}" for a in ("collection_published", "applied", "reviewed", "left", "removed")
    } <= acts
    assert {f"frameworks.{a}" for a in ("need_raised", "selected", "dealt", "expired", "summarised")} <= acts


def test_the_collector_is_reminded_of_a_review_and_of_the_summary(platform: Any) -> None:
    from ggzy.messages.models import Message

    def told(word: str) -> int:
        return Message.objects.filter(title__contains=word, link__endswith=agreement.id).count()

    agreement = Agreement(platform)
    agreement.apply("jia")
    due = datetime.fromisoformat(agreement.seen()["members"][0]["clock"]["due_at"])
    platform.advance(due - timedelta(days=1, minutes=1))
    assert not told("期限将满")
    platform.advance(due - timedelta(days=1))
    assert told("期限将满") == 1 and not told("已过期限")
    platform.advance(due)
    assert told("已过期限") == 1
    agreement.collector.post(f"{agreement.at}/members/{agreement.member('jia')}/review", {"admitted": True})
    platform.advance(agreement.ends_at)
    due = datetime.fromisoformat(agreement.seen()["clocks"][0]["due_at"])
    agreement.collector.post(f"{agreement.at}/summary")
    platform.advance(due)
    assert (told("期限将满"), told("已过期限")) == (1, 1)


def test_a_direct_choice_is_reasoned_confirmed_and_signed_by_both(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia", "yi")
    jia, yi, anyone = platform.demo("jia"), platform.demo("yi"), platform.anonymous()
    assert refused(agreement.need, quantities={"3": "1"}).code == "input.invalid"
    call = agreement.need()
    for nobody in (anyone, jia, platform.demo("bing")):
        assert refused(nobody.get, call.at).code == "not_found"
    member = agreement.member("jia")
    choice = {"member": member, "reason": "距离近, 上次服务好"}
    assert refused(call.post, "selection", choice | {"reason": " "}).code == "input.invalid"
    assert refused(call.post, "selection", choice, by=agreement.collector).code == "permission.denied"
    assert refused(call.post, "selection/confirmation").code == "procedure.move_not_allowed"
    call.post("selection", choice)
    jia.post(f"{agreement.at}/exit", {"reason": ""})
    assert refused(call.post, "selection/confirmation").code.endswith("not_now")
    call.post("stop", {"reason": "选定的供应商退出"})
    call = agreement.need()
    call.post("selection", {"member": agreement.member("yi"), "reason": "唯一在协议内"})
    assert call.post("selection/confirmation")["price"] == WHOLE
    assert refused(call.contract, jia).code == "permission.denied"
    call.contract(yi)
    assert refused(call.contract, yi).code.endswith("already_signed")
    assert refused(call.post, "contract/refusal", {"reason": "x"}, by=yi).code.endswith("already_signed")
    assert call.contract(agreement.buyer)["stage"] == "CONTRACTED"
    seen = call.seen(anyone)
    assert seen["price"] == WHOLE and seen["reason"] == "唯一在协议内"
    assert [item["quantity"] for item in seen["items"]] == ["10000", "100"]


def test_who_refuses_the_contract_sends_the_need_back(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia")
    call = agreement.need()
    call.post("selection", {"member": agreement.member("jia"), "reason": "近"})
    call.post("selection/confirmation")
    call.contract(agreement.buyer)
    jia = platform.demo("jia")
    assert refused(call.post, "contract/refusal", {"reason": ""}, by=jia).code == "input.invalid"
    call.post("contract/refusal", {"reason": "设备检修"}, by=jia)
    seen = call.seen()
    assert (seen["stage"], seen["price"], seen["buyer_signed"]) == ("NEED", None, False)
    ground = {"ground": "refused_contract", "reason": "检修未提前告知"}
    agreement.collector.post(f"{agreement.at}/members/{agreement.member('jia')}/removal", ground)
    assert refused(agreement.need).code.endswith("not_now")


def test_a_deal_whose_supplier_is_silent_is_given_up_and_corrected(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia")
    same = agreement.need(name="一样的需求")
    assert agreement.need(name="一样的需求").id == same.id
    assert refused(agreement.need, quantities={"1": "0.001"}).code == "input.invalid"
    jia, why = platform.demo("jia"), {"reason": "供应商没有签名"}
    same.post("turn")
    same.post("turn/answer", {"accepts": True}, by=jia)
    platform.advance(platform.now + timedelta(days=30))
    assert refused(same.post, "stop", why).code.endswith("not_now")
    same.contract(agreement.buyer)
    assert same.post("stop", why)["stage"] == "STOPPED"
    assert agreement.notices()[-2:] == ["call_off", "call_off"]
    assert "更正" in Notice.objects.filter(body__call=same.id).latest("pk").title
    # after the term a refused contract is over with it, and what is not signed is in no sum
    other = agreement.need()
    other.post("turn")
    other.post("turn/answer", {"accepts": True}, by=jia)
    unsigned = agreement.need()
    unsigned.post("selection", {"member": agreement.member("jia"), "reason": "近"})
    unsigned.post("selection/confirmation")
    platform.advance(agreement.ends_at)
    other.post("contract/refusal", {"reason": "停产"}, by=jia)
    assert other.stage == "STOPPED"
    agreement.collector.post(f"{agreement.at}/summary")
    summary = Notice.objects.filter(body__framework=agreement.id).latest("pk")
    assert {"name": "合计", "value": "0个合同, 0元"} in summary.body["facts"]


# --- a second competition


@pytest.mark.journey
def test_a_second_competition_is_sealed_revealed_and_recomputed(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia", "yi", "bing", "ding")
    jia, yi, bing, ding = (platform.demo(name) for name in ("jia", "yi", "bing", "ding"))
    call = agreement.need()
    soon = (platform.now + timedelta(hours=23)).isoformat()
    assert refused(call.post, "competition", {"sealed_until": soon}).code == "input.invalid"
    late = (agreement.ends_at - timedelta(hours=24)).isoformat()
    assert refused(call.post, "competition", {"sealed_until": late}).code == "input.invalid"
    until = call.invite()
    assert call.seen(jia)["side"] == "member" and call.seen(jia)["own_ceiling"] == WHOLE
    others = (agreement.buyer, agreement.collector, agreement.finance, ding)
    before = [(call.seen(one), one.get("/frameworks/own"), agreement.seen(one)) for one in others]
    call.seal(jia, "1800.00")
    # what others are shown is the same, to the letter, whether somebody has sealed or not
    assert before == [(call.seen(one), one.get("/frameworks/own"), agreement.seen(one)) for one in others]
    salts = {"jia": call.seal(jia, "1700.00")}
    first = call.seen(jia)["offers"]
    platform.advance(platform.now + timedelta(seconds=1))
    same = first[0]["commitment"]
    agreement.sign(jia, f"{call.at}/offer", f"?commitment={same}", commitment=same)
    assert call.seen(jia)["offers"] == first
    salts["yi"] = call.seal(yi, "1700.00")
    salts["bing"] = call.seal(bing, "1850.01")
    salts["ding"] = call.seal(ding, "1000.00")
    # nobody is told who has sealed, nor how many: not the buyer, the collector, the finance department, nor a rival
    for other in (agreement.buyer, agreement.collector, agreement.finance):
        assert call.seen(other)["offers"] == []
    assert [o["own"] for o in call.seen(jia)["offers"]] == [True]
    platform.sequence()
    for reader, level in ((platform.anonymous(), "public"), (agreement.finance, "supervisor")):
        log = reader.get(f"/evidence/ocds-ggzy01-{agreement.id}?level={level}")
        assert "competition_invited" in json.dumps(log) and "offer_sealed" not in json.dumps(log)
    early = {"price": "1700", "salt": salts["jia"]}
    assert refused(call.post, "offer/reveal", early, by=jia).code.endswith("not_now")
    platform.advance(until)
    assert refused(call.seal, jia, "1.00").code.endswith("not_now")
    assert refused(call.post, "offer/reveal", early | {"price": "1699"}, by=jia).code.endswith("wrong_reveal")
    assert refused(call.post, "offer/reveal", early | {"salt": salts["yi"]}, by=jia).code.endswith(
        "wrong_reveal"
    )
    for name, price in (("jia", "1700"), ("yi", "1700"), ("bing", "1850.01")):
        call.post("offer/reveal", {"price": price, "salt": salts[name]}, by=platform.demo(name))
    call.post("offer/reveal", early, by=jia)
    assert call.seen()["offers"] == [] and call.stage == "MINI_BID"
    ends = datetime.fromisoformat(call.seen()["reveal_until"])
    platform.advance(ends - timedelta(minutes=1))
    assert call.stage == "MINI_BID"
    platform.advance(ends)
    assert refused(
        call.post, "offer/reveal", {"price": "1000", "salt": salts["ding"]}, by=ding
    ).code.endswith("not_now")
    seen = call.seen(platform.anonymous())
    assert (seen["stage"], seen["price"]) == ("DEALT", "1700.00")
    # a stranger recomputes it from what is published
    standing = []
    for offer in seen["offers"]:
        if offer["price"] is None:
            assert not offer["stands"]
            continue
        assert sealed(call.id, offer["uscc"], offer["price"], offer["salt"]) == offer["commitment"]
        if float(offer["price"]) <= float(offer["ceiling"]):
            standing.append((float(offer["price"]), offer["committed_at"], offer["supplier"]))
    assert len(seen["offers"]) == 4 and len(standing) == 2
    assert min(standing)[2] == seen["supplier"] == "甲建工集团有限公司"
    notice = Notice.objects.get(body__call=call.id, kind="call_off")
    assert "封存后没有揭示, 视为没有报价" in json.dumps(notice.body, ensure_ascii=False)
    assert (
        Entry.objects.filter(subject=call.id, act="frameworks.offer_sealed", disclosed_at=None).count() == 0
    )
    # what was offered as a whole has no unit prices in its contract
    contract = json.loads(base64.b64decode(jia.get(f"{call.at}/contract/statement")["to_sign"]))
    assert contract["price"] == "1700.00" and {item["price"] for item in contract["items"]} == {None}
    call.contract(jia)
    assert call.contract(agreement.buyer)["stage"] == "CONTRACTED"
    # who leaves later changes nothing of it
    jia.post(f"{agreement.at}/exit", {"reason": "停产"})
    assert call.seen(platform.anonymous())["offers"] == seen["offers"]


def test_a_competition_without_offers_goes_back_to_the_need(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia")
    call = agreement.need()
    call.invite()
    platform.advance(datetime.fromisoformat(call.seen()["reveal_until"]))
    assert call.stage == "NEED"
    until = (platform.now + timedelta(hours=25)).isoformat()
    assert refused(call.post, "competition", {"sealed_until": until}).code.endswith("not_now")


def test_a_way_that_the_file_does_not_name_is_not_taken(platform: Any) -> None:
    agreement = Agreement(platform, ways=[], turn_rule="", tie_rule="").joined("jia")
    call = agreement.need()
    until = (platform.now + timedelta(hours=25)).isoformat()
    assert refused(call.post, "competition", {"sealed_until": until}).code.endswith("way_not_named")
    assert refused(call.post, "turn").code.endswith("way_not_named")
    assert refused(platform.anonymous().get, f"{agreement.at}/turns").code == "not_found"
    for wrong in ({"ways": ["turns"]}, {"ways": ["compete"]}, {"ways": ["lower"]}):
        file = agreement.file | {"name": "另一个", "turn_rule": "", "tie_rule": ""} | wrong
        assert refused(agreement.collector.post, "/frameworks", file).code == "input.invalid"


def test_nobody_deals_with_itself(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia")
    buyer = Organisation.objects.get(uscc=agreement.buyer.get("/whoami")["uscc"])
    FrameworkMember.objects.filter(public_id=agreement.member("jia")).update(supplier=buyer)
    assert refused(agreement.need).code.endswith("not_now")
    # who collects does not come in either
    member = agreement.apply("yi")
    collector = Organisation.objects.get(uscc=agreement.collector.get("/whoami")["uscc"])
    FrameworkMember.objects.filter(public_id=member).update(supplier=collector)
    review = f"{agreement.at}/members/{member}/review"
    assert refused(agreement.collector.post, review, {"admitted": True}).code == "permission.denied"


# --- turns


@pytest.mark.journey
def test_turns_go_round_and_anybody_can_recompute_them(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia", "yi", "bing")
    jia, yi, bing = (platform.demo(name) for name in ("jia", "yi", "bing"))
    call = agreement.need()
    call.post("turn")
    assert call.seen(jia)["own_turn"] and refused(yi.get, call.at).code == "not_found"
    assert refused(call.post, "turn/answer", {"accepts": True}, by=yi).code == "permission.denied"
    assert refused(call.post, "turn/answer", {"accepts": False}, by=jia).code == "input.invalid"
    call.post("turn/answer", {"accepts": False, "reason": "纸张缺货"}, by=jia)
    # the next lets the time go by
    until = datetime.fromisoformat(call.seen()["answer_until"])
    platform.advance(until)
    assert [c["outcome"] for c in call.seen()["chances"]] == ["declined", "lapsed", "waiting"]
    assert refused(call.post, "turn/answer", {"accepts": True}, by=yi).code == "permission.denied"
    assert call.post("turn/answer", {"accepts": True}, by=bing)["stage"] == "DEALT"
    # everybody had a chance: the second round begins with the first
    second = agreement.need()
    second.post("turn")
    (chance,) = second.seen()["chances"]
    assert (chance["supplier"], chance["round"]) == ("甲建工集团有限公司", 2)
    second.post("stop", {"reason": "会议取消"})
    # a need that was taken back is no chance: it is the first one's turn again
    third = agreement.need()
    third.post("turn")
    assert third.seen(jia)["own_turn"]
    for party in (jia, yi, bing):
        third.post("turn/answer", {"accepts": False, "reason": "忙"}, by=party)
    assert third.stage == "NEED"
    assert refused(third.post, "turn").code.endswith("not_now")
    # a stranger walks the published seats and chances
    told = platform.anonymous().get(f"{agreement.at}/turns")
    order, had, rounds = [seat["member"] for seat in told["seats"]], [], []
    assert [one["counts"] for one in told["chances"]] == [True] * 3 + [False] + [True] * 3
    for one in told["chances"]:
        if not one["counts"]:
            continue
        had = [] if set(had) >= set(order) else had
        assert one["member"] == next(member for member in order if member not in had)
        had.append(one["member"])
        rounds.append(one["member"])
    assert len(rounds) == 6
    notice = Notice.objects.get(body__call=call.id, kind="call_off")
    assert {"name": "轮候", "value": "第1轮"} in notice.body["facts"]


def test_the_clock_of_a_turn_goes_on_after_every_lapse(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia", "yi", "bing")
    call = agreement.need()
    call.post("turn")
    for lapsed in (1, 2):
        platform.advance(datetime.fromisoformat(call.seen()["answer_until"]))
        assert [c["outcome"] for c in call.seen()["chances"]] == ["lapsed"] * lapsed + ["waiting"]
    platform.advance(datetime.fromisoformat(call.seen()["answer_until"]))
    assert call.stage == "NEED"


def test_nobody_is_passed_over_by_taking_a_need_back_nor_comes_twice_by_rejoining(platform: Any) -> None:
    agreement = Agreement(platform).joined("jia", "yi")
    jia = platform.demo("jia")
    first, second = agreement.need(), agreement.need(name="第二次印刷")
    first.post("turn")
    assert refused(second.post, "turn").code.endswith("not_now")
    first.post("stop", {"reason": "会议取消"})
    second.post("turn")
    assert second.seen(jia)["own_turn"]
    second.post("turn/answer", {"accepts": False, "reason": "忙"}, by=jia)
    second.post("turn/answer", {"accepts": True}, by=platform.demo("yi"))
    agreement.joined("bing")
    jia.post(f"{agreement.at}/exit", {"reason": "停产"})
    agreement.joined("jia")
    third = agreement.need(name="第三次印刷")
    third.post("turn")
    assert third.seen()["chances"][0]["supplier"] == "丙市政建设有限公司"
    third.post("turn/answer", {"accepts": False, "reason": "忙"}, by=platform.demo("bing"))
    # jia had its chance in this round before it left: the second round begins, by the order of joining, with yi
    assert [(c["supplier"][0], c["round"]) for c in third.seen()["chances"]] == [("丙", 1), ("乙", 2)]


# --- somebody outside is cheaper


def test_an_outsider_gets_the_contract_only_where_no_member_goes_lower(platform: Any) -> None:
    agreement = Agreement(platform, category="goods", ways=["lower"]).joined("jia", "yi")
    jia = platform.demo("jia")
    ding = platform.demo("ding").get("/whoami")
    body = {
        "supplier_uscc": ding["uscc"],
        "price": "1500",
        "proof": "同型号, 报价单和比价截图",
        "file_name": "比价.pdf",
        "file": base64.b64encode(b"%PDF-1.7 proof").decode(),
    }
    call = agreement.need()
    assert refused(call.post, "lower", body | {"price": WHOLE}).code == "input.invalid"
    assert refused(call.post, "lower", body | {"file": ""}).code == "input.invalid"
    assert (
        refused(call.post, "lower", body | {"supplier_uscc": jia.get("/whoami")["uscc"]}).code
        == "input.invalid"
    )
    call.post("lower", body)
    assert call.seen(jia)["lower"] == {
        "price": "1500.00",
        "sha256": hashlib.sha256(b"%PDF-1.7 proof").hexdigest(),
    }
    assert refused(call.post, "lower/deal").code.endswith("not_now")
    assert refused(call.post, "lower/answer", {"price": "1500.01"}, by=jia).code == "input.invalid"
    # 以下 includes the number: who matches the price goes before the outsider
    call.post("lower/answer", {"price": "1500"}, by=jia)
    assert refused(call.post, "lower/answer", {"price": "1500"}, by=jia).code == "input.invalid"
    call.post("lower/answer", {"price": "1499"}, by=jia)
    platform.sequence()
    log = json.dumps(platform.anonymous().get(f"/evidence/ocds-ggzy01-{agreement.id}?level=public"))
    assert "reviewed" in log and "applied" in log
    assert not any(act in log for act in ("lower_proved", "went_lower", "need_raised"))
    assert refused(call.post, "lower/deal").code.endswith("member_goes_lower")
    call.post("lower/end")
    assert refused(call.post, "lower", body).code.endswith("not_now")
    call.post("selection", {"member": agreement.member("jia"), "reason": "同意降价"})
    assert call.post("selection/confirmation")["price"] == "1499.00"
    # nobody goes lower
    call = agreement.need()
    call.post("lower", body)
    platform.advance(datetime.fromisoformat(call.seen()["answer_until"]))
    assert refused(call.post, "lower/answer", {"price": "1"}, by=jia).code.endswith("not_now")
    assert call.post("lower/deal")["price"] == "1500.00"
    call.contract(platform.demo("ding"))
    assert call.contract(agreement.buyer)["stage"] == "CONTRACTED"
    assert "proof" not in call.seen(platform.anonymous())["lower"]
    assert agreement.notices().count("call_off") == 1
    # who comes in meanwhile, or was removed, is no outsider
    call = agreement.need()
    call.post("lower", body)
    agreement.joined("ding")
    platform.advance(datetime.fromisoformat(call.seen()["answer_until"]))
    assert refused(call.post, "lower/deal").code == "input.invalid"
    facts = {"ground": "not_performed", "reason": "催告后仍未交付"}
    agreement.collector.post(f"{agreement.at}/members/{agreement.member('ding')}/removal", facts)
    assert refused(call.post, "lower/deal").code == "input.invalid"
    call.post("lower/end")
    assert refused(call.post, "lower", body).code == "input.invalid"


# --- a closed framework


CLOSED = {
    "notice": "训采征〔2026〕3号",
    "address": "https://example.org/notices/3",
    "report_sha256": "0" * 64,
    "rate": "20",
    "turn_rule": "place",
    "tie_rule": "place",
}


@pytest.mark.journey
def test_a_closed_framework_from_its_shortlist_to_a_supplement(platform: Any) -> None:
    parties = {name: platform.demo(name) for name in ("jia", "yi", "bing", "ding")}
    uscc = {name: party.get("/whoami")["uscc"] for name, party in parties.items()}
    collector: Party = platform.demo("jicai")
    responses = [
        {"uscc": uscc["jia"], "prices": ["0.11", "6"]},
        {"uscc": uscc["yi"], "prices": ["0.10", "5"]},
        {"uscc": uscc["bing"], "prices": ["0.12", "6.5"]},
    ]
    ends_at = platform.now + timedelta(days=300)
    file = FILE | CLOSED | {"ends_at": ends_at.isoformat(), "responses": responses}
    for wrong, code in (
        ({"rate": "19"}, "frameworks.rate_too_low"),
        ({"instruments": True, "by_quality": True, "rate": "39"}, "frameworks.rate_too_low"),
        ({"responses": responses[:1]}, "frameworks.too_few_responses"),
        ({"responses": [responses[0], responses[0]]}, "input.invalid"),
        ({"responses": [responses[0], responses[1] | {"prices": ["0.13", "5"]}]}, "input.invalid"),
        ({"responses": [responses[0], responses[1] | {"prices": ["0.1"]}]}, "input.invalid"),
        ({"report_sha256": "x"}, "input.invalid"),
    ):
        assert refused(collector.post, "/frameworks/closed", file | wrong).code == code, wrong
    made = collector.post("/frameworks/closed", file)
    agreement = Agreement(platform, made["framework"])
    assert made["stage"] == "SHORTLIST"
    assert [m["uscc"] for m in agreement.seen()["members"]] == [uscc["yi"], uscc["jia"]]
    assert refused(agreement.need).code.endswith("not_in_force")
    assert refused(agreement.apply, "bing").code == "permission.denied"

    def sign(party: Party, name: str) -> None:
        agreement.sign(party, f"{agreement.at}/members/{agreement.member(name)}/agreement", to="/signature")

    def act(what: str, body: Any = None) -> Any:
        return collector.post(f"{agreement.at}/{what}", body)

    assert refused(sign, parties["jia"], "yi").code == "permission.denied"
    for name in ("yi", "jia"):
        sign(collector, name)
    sign(parties["yi"], "yi")
    assert refused(sign, parties["yi"], "yi").code.endswith("already_signed")
    assert refused(act, "agreements").code.endswith("not_now")
    sign(parties["jia"], "jia")
    signed = platform.now
    platform.advance(signed + timedelta(hours=1))
    assert act("agreements") == {"stage": "AGREED", "members": 2}
    # the limits run from the last signature
    assert datetime.fromisoformat(agreement.seen()["agreed_at"]) <= signed
    assert {c["key"] for c in agreement.seen()["clocks"]} == {"GP-T39", "GP-T40"}
    act("filing", {"number": "训财备1号"})
    assert refused(act, "filing", {"number": "训财备1号"}).status == 409
    assert act("buyers")["stage"] == "ACTIVE"
    assert agreement.seen()["clocks"] == []
    assert refused(parties["yi"].post, f"{agreement.at}/exit", {"reason": "x"}).code == "permission.denied"
    # turns go by place; the price is each one's own
    call = agreement.need()
    call.post("turn")
    assert call.post("turn/answer", {"accepts": True}, by=parties["yi"])["stage"] == "DEALT"
    assert call.seen()["price"] == "1500.00"
    # a supplement when too few are left, never with who was removed
    assert refused(act, "supplement", {"reason": "不足"}).code.endswith("enough_left")
    facts = {"ground": "not_performed", "reason": "两次逾期, 催告后仍未交付"}
    act(f"members/{agreement.member('yi')}/removal", facts)
    assert act("supplement", {"reason": "只剩一家, 不能满足需要"})["stage"] == "SUPPLEMENT"
    few = {"responses": [responses[2]], "reason": "只有一家响应"}
    enough = few | {"responses": [responses[2], {"uscc": uscc["ding"], "prices": ["0.11", "6"]}]}
    assert refused(act, "supplement/shortlist", enough).code == "input.invalid"
    assert act("supplement/shortlist", few)["stage"] == "ACTIVE"
    act("supplement", {"reason": "只剩一家, 不能满足需要"})
    back = [{"uscc": uscc["yi"], "prices": ["0.09", "4"]}, responses[2]]
    assert refused(act, "supplement/shortlist", {"responses": back}).code == "input.invalid"
    more = [responses[2], {"uscc": uscc["ding"], "prices": ["0.11", "6"]}]
    assert act("supplement/shortlist", {"responses": more})["stage"] == "ACTIVE"
    assert refused(act, "supplement/agreements").code.endswith("not_now")
    assert [c["key"] for c in agreement.seen()["clocks"]] == ["GP-T38"]
    sign(collector, "ding")
    sign(parties["ding"], "ding")
    act("supplement/agreements")
    assert agreement.seen()["clocks"] == []
    assert refused(act, "supplement/agreements").code.endswith("not_now")
    seen = agreement.seen(platform.anonymous())
    assert sorted(m["uscc"] for m in seen["members"] if m["stage"] == "JOINED") == sorted(
        [uscc["jia"], uscc["ding"]]
    )
    platform.advance(ends_at)
    assert agreement.seen()["stage"] == "EXPIRED"
    act("summary")


def test_who_does_not_sign_within_thirty_days_is_out(platform: Any) -> None:
    parties = {name: platform.demo(name) for name in ("jia", "yi", "bing")}
    responses = [{"uscc": party.get("/whoami")["uscc"], "prices": ["0.1", "5"]} for party in parties.values()]
    collector: Party = platform.demo("jicai")
    file = (
        FILE | CLOSED | {"ends_at": (platform.now + timedelta(days=300)).isoformat(), "responses": responses}
    )
    agreement = Agreement(platform, collector.post("/frameworks/closed", file)["framework"])
    at = f"{agreement.at}/members/{agreement.member('jia')}/agreement"
    agreement.sign(collector, at, to="/signature")
    agreement.sign(parties["jia"], at, to="/signature")
    assert refused(collector.post, f"{agreement.at}/agreements").code.endswith("not_now")
    due = datetime.fromisoformat(agreement.seen()["clocks"][0]["due_at"])
    platform.advance(due)
    assert collector.post(f"{agreement.at}/agreements")["members"] == 1
    # nobody signs: after the 30 days there is no framework, and its name is free to be collected anew
    file |= {"name": "无人签订的框架协议"}
    none = Agreement(platform, collector.post("/frameworks/closed", file)["framework"])
    none.sign(collector, f"{none.at}/members/{none.member('jia')}/agreement", to="/signature")
    assert refused(collector.post, f"{none.at}/agreements").code.endswith("not_now")
    platform.advance(datetime.fromisoformat(none.seen()["clocks"][0]["due_at"]))
    assert collector.post(f"{none.at}/agreements") == {"stage": "FAILED", "members": 0}
    assert none.seen()["clocks"] == [] and {m["stage"] for m in none.seen()["members"]} == {"REJECTED"}
    assert refused(collector.post, f"{none.at}/agreements").code == "procedure.move_not_allowed"
    # nobody signs the second one: at its end the shortlist is over too
    file |= {"name": "另一个框架协议", "ends_at": (platform.now + timedelta(days=20)).isoformat()}
    second = Agreement(platform, collector.post("/frameworks/closed", file)["framework"])
    platform.advance(platform.now + timedelta(days=20))
    assert second.seen()["stage"] == "EXPIRED"
    assert {m["stage"] for m in second.seen()["members"]} == {"REJECTED"}

"""Buying from one supplier, from the ground to the contract, each way it can go and each way it can end."""

import base64
from datetime import datetime, timedelta
from typing import Any

import pytest

from ggzy.client.party import Party, Problem
from ggzy.evidence.models import Entry
from ggzy.notices.models import Notice

pytestmark = pytest.mark.django_db

EXPERT = {
    "name": "许工",
    "unit": "训练省计量院",
    "title": "高级工程师",
    "opinion": "该接口协议为专有技术, 其他供应商不能提供",
    "kept": "signed",
}
OFFER = {
    "price": "2900000",
    "cost": "人工和授权260万元",
    "similar": "邻市同类合同295万元",
    "patents": "专有技术一项",
}


class Buying:
    """One purchase on its way, with its people."""

    def __init__(self, platform: Any, **changes: Any) -> None:
        self.platform = platform
        self.buyer: Party = platform.demo("zhaobiao")
        self.supplier: Party = platform.demo("jia")
        self.finance: Party = platform.demo("jiandu")
        self.uscc = self.supplier.get("/whoami")["uscc"]
        self.argued = {
            "name": "政务系统接口升级",
            "needs": "原有系统专有接口的升级和两年服务",
            "budget": "3000000",
            "supplier_uscc": self.uscc,
            "ground": "only",
            "reason": "接口为专有技术",
            "contact": "采购科 0531-00000001",
            "finance_contact": "采购监管科 0531-00000002",
            "experts": [EXPERT],
        } | changes
        self.id = self.buyer.post("/single-sources", self.argued)["purchase"]
        self.at = f"/single-sources/{self.id}"

    @property
    def stage(self) -> str:
        return str(self.seen(self.buyer)["stage"])

    def seen(self, by: Party) -> dict[str, Any]:
        found: dict[str, Any] = by.get(self.at)
        return found

    def on(self) -> "Buying":
        self.buyer.post(f"{self.at}/next", {})
        return self

    def over(self) -> "Buying":
        ends = datetime.fromisoformat(self.seen(self.buyer)["publicity_ends_at"])
        self.platform.advance(ends - timedelta(seconds=1))
        assert self.stage == "PUBLICITY"
        self.platform.advance(ends)
        return self

    def decided(self, *, approved: bool = True) -> "Buying":
        body = {"approved": approved, "opinion": "情况属实", "document_number": "训财采〔2026〕8号"}
        self.finance.post(f"{self.at}/approval", body)
        return self

    def recorded(self, *members: str, **changes: Any) -> "Buying":
        self.buyer.post(
            f"{self.at}/record",
            {
                "met_at": self.platform.now.isoformat(),
                "place": "采购人会议室",
                "members": list(members) or ["zhaobiao"],
                "terms": "交付三个月, 质保两年",
                "agreed": "参照邻市同类合同, 由290万元降为280万元",
                "price": "2800000",
            }
            | changes,
        )
        return self

    def sign(self, party: Party, **said: Any) -> None:
        query = "&".join(f"{k}={v}" for k, v in said.items())
        data = base64.b64decode(party.get(f"{self.at}/record/statement?{query}")["to_sign"])
        assert party.identity is not None
        party.post(f"{self.at}/record/signature", {"signature": party.identity.sign(data), **said})

    def contract(self, party: Party) -> Any:
        data = base64.b64decode(party.get(f"{self.at}/contract/statement")["to_sign"])
        assert party.identity is not None
        return party.post(f"{self.at}/contract/signature", {"signature": party.identity.sign(data)})

    def notices(self) -> list[str]:
        return list(
            Notice.objects.filter(body__single_source=self.id).order_by("pk").values_list("kind", flat=True)
        )


def refused(call: Any, *args: Any, **more: Any) -> Problem:
    with pytest.raises(Problem) as found:
        call(*args, **more)
    assert found.value.body["message"]
    return found.value


@pytest.mark.journey
def test_from_the_ground_to_the_filed_contract(platform: Any) -> None:
    buying = Buying(platform)
    anyone = platform.anonymous()
    assert refused(anyone.get, buying.at).code == "not_found"
    assert refused(buying.supplier.get, buying.at).code == "not_found"
    assert refused(buying.buyer.post, f"{buying.at}/next", {"workdays": 4}).code.endswith(
        "publicity_too_short"
    )
    assert refused(buying.buyer.post, "/single-sources", buying.argued).code.endswith("already_argued")
    buying.buyer.post("/single-sources", buying.argued | {"purchase_id": buying.id, "reason": "写得更清楚"})
    buying.on()
    assert refused(buying.on).code == "procedure.move_not_allowed"
    seen = buying.seen(anyone)
    assert seen["stage"] == "PUBLICITY" and seen["experts"][0]["name"] == "许工"
    buying.over()
    assert buying.stage == "APPROVAL"
    assert (
        refused(
            buying.buyer.post,
            f"{buying.at}/approval",
            {"approved": True, "opinion": "x", "document_number": "y"},
        ).code
        == "permission.denied"
    )
    buying.decided()
    assert refused(buying.decided).code == "procedure.move_not_allowed"
    assert refused(buying.recorded).code.endswith("nothing_to_sign")
    assert refused(platform.demo("yi").post, f"{buying.at}/offer", OFFER).code == "permission.denied"
    buying.supplier.post(f"{buying.at}/offer", OFFER)
    assert buying.seen(anyone)["offer"] == {}
    assert refused(buying.recorded, price="2900000.01").code == "input.invalid"
    assert refused(buying.recorded, "yi").code == "input.invalid"
    buying.recorded("zhaobiao", "zhaobiao2", "zhuanjia01")
    # everybody signs: one agrees, one differs with a reason, one refuses and says nothing
    assert refused(buying.sign, platform.demo("yi")).code == "permission.denied"
    buying.sign(buying.buyer)
    assert refused(buying.sign, buying.buyer).code.endswith("already_signed")
    assert refused(buying.sign, platform.demo("zhuanjia01"), agrees=False).code == "input.invalid"
    buying.sign(platform.demo("zhuanjia01"), agrees=False, reason="价格仍高")
    stands = f"{buying.at}/record/conclusion"
    assert refused(buying.buyer.post, stands).code.endswith("not_all_signed")
    buying.sign(buying.supplier)
    assert refused(buying.buyer.post, stands).code.endswith("not_all_signed")
    silent = next(v for v in buying.seen(buying.buyer)["voices"] if v["standing"] == "waiting")
    buying.buyer.post(f"{buying.at}/negotiators/{silent['negotiator']}/silence")
    assert buying.buyer.post(stands)["stage"] == "RECORDED"
    assert refused(buying.contract, buying.supplier).code.endswith("nothing_to_sign")
    buying.buyer.post(f"{buying.at}/result")
    assert buying.seen(anyone)["price"] == "2800000.00"
    buying.contract(buying.supplier)
    assert refused(buying.contract, buying.supplier).code.endswith("already_signed")
    assert buying.contract(buying.buyer)["stage"] == "CONTRACTED"
    buying.buyer.post(f"{buying.at}/contract/filing", {"number": "备2026-1"})
    assert refused(buying.buyer.post, f"{buying.at}/contract/filing", {"number": "备2026-1"}).status == 409
    assert buying.notices() == ["single_source", "result", "contract"]
    acts = set(Entry.objects.filter(subject=buying.id).values_list("act", flat=True))
    assert {
        f"single_source.{a}" for a in ("argued", "went_on", "publicity_ended", "decided", "offered")
    } <= acts
    assert {
        f"single_source.{a}" for a in ("recorded", "announced", "contract_signed", "contract_filed")
    } <= acts


@pytest.mark.journey
def test_an_objection_is_argued_anew_and_the_purchase_changes_its_way(platform: Any) -> None:
    buying = Buying(platform).on()
    against = platform.demo("yi")
    assert (
        refused(platform.anonymous().post, f"{buying.at}/objections", {"text": "x"}).code
        == "permission.sign_in_first"
    )
    assert refused(buying.buyer.post, f"{buying.at}/objections", {"text": "x"}).code == "permission.denied"
    against.post(f"{buying.at}/objections", {"text": "本公司也有同类接口"})
    platform.demo("zhuanjia02").post(f"{buying.at}/objections", {"text": "协议是公开的"})
    assert refused(against.post, f"{buying.at}/objections", {"text": "再说一遍"}).code.endswith(
        "already_objected"
    )
    # the text for the buyer and the finance department; the public hears that there are objections
    texts = {
        by: [o["text"] for o in buying.seen(who)["objections"]]
        for by, who in (("finance", buying.finance), ("public", platform.anonymous()))
    }
    assert texts == {"finance": ["本公司也有同类接口", "协议是公开的"], "public": ["", ""]}
    buying.over()
    assert buying.stage == "REARGUE"
    assert (
        refused(against.post, f"{buying.at}/objections", {"text": "晚了"}).code
        == "procedure.move_not_allowed"
    )
    first, second = (o["objection"] for o in buying.seen(buying.buyer)["objections"])
    body = {"upheld": True, "conclusion": "有两家能够提供", "answers": {first: "经核实属实"}}
    assert refused(buying.buyer.post, f"{buying.at}/conclusion", body).body["field"] == f"answer:{second}"
    assert refused(against.post, f"{buying.at}/conclusion", body).code == "permission.denied"
    body["answers"][second] = "协议已公开, 属实"
    assert buying.buyer.post(f"{buying.at}/conclusion", body)["stage"] == "CHANGED"
    assert refused(buying.buyer.post, f"{buying.at}/conclusion", body).code == "procedure.move_not_allowed"
    assert buying.notices() == ["single_source", "single_source"]
    assert buying.seen(platform.anonymous())["objections"][0]["answer"] == "经核实属实"


def test_an_objection_that_fails_goes_to_the_finance_department(platform: Any) -> None:
    buying = Buying(platform).on()
    platform.demo("yi").post(f"{buying.at}/objections", {"text": "本公司也有"})
    buying.over()
    (objection,) = buying.seen(buying.buyer)["objections"]
    answers = {objection["objection"]: "接口协议不同"}
    buying.buyer.post(
        f"{buying.at}/conclusion", {"upheld": False, "conclusion": "仍只有一家", "answers": answers}
    )
    assert buying.stage == "APPROVAL"
    assert buying.decided(approved=False).stage == "CHANGED"


def test_what_is_urgent_and_small_is_negotiated_at_once(platform: Any) -> None:
    buying = Buying(platform, ground="urgent", budget="500000", experts=[]).on()
    assert buying.stage == "NEGOTIATE" and buying.notices() == []
    assert refused(platform.anonymous().get, buying.at).code == "not_found"


def test_what_is_urgent_and_large_is_approved_without_a_publicity(platform: Any) -> None:
    buying = Buying(platform, ground="urgent", experts=[]).on()
    assert buying.stage == "APPROVAL"
    assert buying.decided().stage == "NEGOTIATE"


def test_a_price_over_the_budget_ends_it_with_a_notice(platform: Any) -> None:
    buying = Buying(platform, ground="urgent", budget="500000", experts=[]).on()
    over = {"ending": "over_budget", "reason": "报价高于预算, 供应商不再降价"}
    assert refused(buying.buyer.post, f"{buying.at}/termination", over).code == "input.invalid"
    buying.supplier.post(f"{buying.at}/offer", OFFER)
    assert refused(buying.recorded).code.endswith("over_budget")
    assert buying.buyer.post(f"{buying.at}/termination", over)["stage"] == "TERMINATED"
    assert refused(buying.buyer.post, f"{buying.at}/termination", over).code == "procedure.move_not_allowed"
    assert buying.notices() == ["termination"]
    assert buying.seen(platform.anonymous())["ending"] == "over_budget"


def test_a_publicity_that_was_ended_stays_ended_when_its_clock_runs_out(platform: Any) -> None:
    buying = Buying(platform).on()
    ends = datetime.fromisoformat(buying.seen(buying.buyer)["publicity_ends_at"])
    buying.buyer.post(f"{buying.at}/termination", {"ending": "changed", "reason": "需求取消"})
    platform.advance(ends + timedelta(seconds=1))
    assert buying.stage == "TERMINATED"


def test_additions_to_one_contract_are_counted_together(platform: Any) -> None:
    first = {"ground": "addition", "first_contract": "合2025-7", "first_price": "1000000", "experts": []}
    Buying(platform, name="添购一", budget="60000", **first)
    assert refused(Buying, platform, name="添购二", budget="40000.01", **first).code.endswith(
        "addition_too_large"
    )
    Buying(platform, name="添购二", budget="40000", **first)


def test_a_purchase_without_bids_is_no_tender(platform: Any) -> None:
    from ggzy.client import story

    buyer = platform.demo("zhaobiao")
    project = story.register_project(buyer, name="接口升级", serial=700123)
    body = {
        "project": project,
        "name": "接口升级",
        "procedure_code": "GP_DY",
        "state_controlled": True,
        "lots": [],
    }
    body["lots"] = [{"name": "全部", "budget": "1", "ceiling_price": "1", "duration_days": "1"}]
    problem = refused(buyer.post, "/tenders", body)
    assert (
        "单一来源采购" in problem.body["message"]
        and problem.body["next"][0]["href"] == "/work/single-sources"
    )


def _reminders(buying: Buying, party: Party) -> list[str]:
    rows = party.get("/messages")["messages"]
    return [
        row["title"] for row in rows if row["kind"] == "reminder" and buying.argued["name"] in row["title"]
    ]


def test_its_clocks_remind_a_working_day_ahead_and_when_they_ran_out(platform: Any) -> None:
    buying = Buying(platform).on()
    ends = datetime.fromisoformat(buying.seen(buying.buyer)["publicity_ends_at"])
    platform.advance(ends - timedelta(days=1, minutes=1))
    platform.work()
    assert _reminders(buying, buying.buyer) == []
    platform.advance(ends - timedelta(hours=23))
    platform.work()
    assert _reminders(buying, buying.buyer) == ["政务系统接口升级: 公示期满即将到期"]
    platform.advance(ends)
    platform.work()
    assert buying.stage == "APPROVAL", "a publicity ends by itself, nobody is late with it"
    buying.decided()
    buying.supplier.post(f"{buying.at}/offer", OFFER)
    buying.recorded()
    buying.sign(buying.buyer)
    buying.sign(buying.supplier)
    buying.buyer.post(f"{buying.at}/record/conclusion")
    row = buying.seen(buying.buyer)
    assert row["due_says"] == "公告成交结果、发出成交通知书"
    due = datetime.fromisoformat(row["due_at"])
    platform.advance(due)
    platform.work()
    assert _reminders(buying, buying.buyer)[0].endswith("公告成交结果、发出成交通知书已超期")
    buying.buyer.post(f"{buying.at}/result")
    before = len(_reminders(buying, buying.buyer))
    due = datetime.fromisoformat(buying.seen(buying.buyer)["due_at"])
    platform.advance(due - timedelta(hours=1))
    platform.work()
    # both sides sign the contract, and what is signed needs no word
    assert _reminders(buying, buying.supplier) == ["政务系统接口升级: 签订合同即将到期"]
    assert len(_reminders(buying, buying.buyer)) == before + 1
    buying.contract(buying.supplier)
    buying.contract(buying.buyer)
    platform.advance(due + timedelta(hours=1))
    platform.work()
    assert len(_reminders(buying, buying.supplier)) == 1
    buying.buyer.post(f"{buying.at}/contract/filing", {"number": "备2026-2"})
    platform.advance(due + timedelta(days=60))
    platform.work()
    assert not [title for title in _reminders(buying, buying.buyer) if "备案" in title]

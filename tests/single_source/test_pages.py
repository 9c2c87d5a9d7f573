"""The pages of a purchase: each side does its next step by the form that its page shows."""

from datetime import datetime
from typing import Any

import pytest

from tests.portals.test_work import Person
from tests.single_source.test_life import EXPERT, OFFER

pytestmark = pytest.mark.django_db


def test_a_purchase_through_the_pages_of_its_sides(platform: Any) -> None:
    buyer, supplier, finance = (Person(platform, who) for who in ("zhaobiao", "jia", "jiandu"))
    against = Person(platform, "yi")
    assert "登记一项采购" in buyer.get("/work/single-sources")
    form = {
        "name": "专用接口升级",
        "needs": "接口升级",
        "budget": "3000000",
        "supplier_uscc": supplier.party.get("/whoami")["uscc"],
        "ground": "only",
        "reason": "专有技术",
        "contact": "采购科",
        "finance_contact": "监管科",
    }
    kept = buyer.post("/work/single-sources/new", 422, **form).content.decode()
    assert "论证意见及其姓名" in kept and "专用接口升级" in kept
    experts = {f"expert_{key}": [value, ""] for key, value in EXPERT.items()}
    at = buyer.post("/work/single-sources/new", **form, **experts)["Location"]
    purchase = at.rsplit("/", 1)[1]
    assert "许工" in buyer.get(f"{at}/argument")
    assert "不得少于5个工作日" in buyer.post(f"{at}/next", 409, workdays="3").content.decode()
    buyer.post(f"{at}/next", workdays="5")
    public = f"/single-sources/{purchase}"
    stranger = platform.anonymous()
    seen = against.get(public)
    assert "许工" in seen and 'name="text"' in seen and "第三十八条" in seen
    against.post(f"{public}/objections", text="本单位也能提供接口")
    assert "您已于" in against.get(public)
    assert "本单位也能提供接口" not in supplier.get(public)
    notice = stranger.get("/notices?kind=single_source")["notices"][0]
    assert "许工" in buyer.get(f"/notices/{notice['public_id']}")
    ends = datetime.fromisoformat(stranger.get(f"/single-sources/{purchase}")["publicity_ends_at"])
    platform.advance(ends)
    assert "补充论证" in buyer.get("/work")
    page = buyer.get(at)
    objection = page.split('name="answer:')[1].split('"')[0]
    said = {"upheld": "no", "conclusion": "接口协议不同"}
    assert (
        "请逐件答复"
        in buyer.post(f"{at}/conclusion", 422, **said, **{f"answer:{objection}": ""}).content.decode()
    )
    buyer.post(f"{at}/conclusion", **said, **{f"answer:{objection}": "不兼容"})
    assert "审批单一来源采购方式" in finance.get("/work")
    finance.post(f"{at}/approval", approved="yes", opinion="同意", document_number="训财采〔2026〕9号")
    assert "报价并说明成本" in supplier.get("/work")
    supplier.post(f"{at}/offer", **OFFER)
    assert "邻市同类合同295万元" in buyer.get(at) and "邻市同类合同295万元" not in against.get(public)
    met_at = f"{platform.now:%Y-%m-%dT00:00}"
    record = {
        "met_at": met_at,
        "place": "会议室",
        "terms": "三个月交付",
        "agreed": "降价",
        "price": "3000000.01",
    }
    assert "超过采购预算" in buyer.post(f"{at}/record", 409, members="zhaobiao", **record).content.decode()
    buyer.post(f"{at}/record", members="zhaobiao, zhaobiao2", **(record | {"price": "2800000"}))
    buyer.sign(f"{at}/record/sign", f"{at}/record/to-sign", agrees="no", reason="仍偏高")
    supplier.sign(f"{at}/record/sign", f"{at}/record/to-sign", agrees="yes")
    negotiator = buyer.get(at).split('name="negotiator" value="')[1].split('"')[0]
    buyer.post(f"{at}/record/silence", negotiator=negotiator)
    buyer.post(f"{at}/record/conclusion")
    assert "公告成交结果" in buyer.get("/work")
    buyer.post(f"{at}/result")
    supplier.sign(f"{at}/contract", f"{at}/contract/to-sign")
    buyer.sign(f"{at}/contract", f"{at}/contract/to-sign")
    buyer.post(f"{at}/contract/filing", number="备1")
    assert "无须" in buyer.get("/work/single-sources")
    assert "拒绝签名又未书面说明, 视为同意" in supplier.get(at) and "仍偏高" in finance.get(at)
    story = against.get(public)
    assert "沈洁" in story and "备1" in story and "仍偏高" not in story


def test_a_purchase_is_ended_by_its_buyer_alone_and_the_public_reads_why(platform: Any) -> None:
    buyer, other = Person(platform, "zhaobiao"), Person(platform, "yi")
    form = {
        "name": "应急抢修",
        "needs": "抢修",
        "budget": "100000",
        "supplier_uscc": platform.demo("jia").get("/whoami")["uscc"],
        "ground": "urgent",
        "reason": "汛期管涌",
        "contact": "采购科",
        "finance_contact": "监管科",
    }
    at = buyer.post("/work/single-sources/new", **form)["Location"]
    other.get(at, status=404)
    buyer.post(f"{at}/next")
    other.post(f"{at}/termination", 403, ending="changed", end_reason="x")
    buyer.post(f"{at}/termination", ending="changed", end_reason="险情已经排除")
    assert "险情已经排除" in other.get(at.replace("/work", ""))
    assert "应急抢修" in other.get("/single-sources")

"""The pages of framework agreements: each side does its next step by the form that its page shows."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from ggzy.kernel.clock import BEIJING
from tests.api.test_refusals import no
from tests.frameworks.test_life import CLOSED, FILE, NEED, sealed
from tests.portals.test_work import Person

pytestmark = pytest.mark.django_db

SALT = "5a" * 32
TEXTS = {key: value for key, value in FILE.items() if key not in {"items", "ways"}}


def local(moment: datetime) -> str:
    """Return a moment as the form of a browser in Beijing sends it."""
    return f"{moment.astimezone(BEIJING):%Y-%m-%dT%H:%M}"


def form(ends_at: datetime, **changes: Any) -> dict[str, Any]:
    rows = {f"item_{key}": [item[key] for item in FILE["items"]] for key in ("name", "unit", "spec", "price")}
    return TEXTS | {"ends_at": local(ends_at), "ways": FILE["ways"]} | rows | changes


def test_an_open_framework_and_a_competition_through_the_pages(platform: Any) -> None:
    collector, buyer = Person(platform, "jicai"), Person(platform, "zhaobiao")
    jia, yi = Person(platform, "jia"), Person(platform, "yi")
    ends_at = platform.now + timedelta(days=200)
    assert "发布开放式征集公告" in collector.get("/work/frameworks")
    kept = collector.post("/work/frameworks/new", 422, **form(ends_at, turn_rule="")).content.decode()
    assert "轮候顺序的规则" in kept and "黑白印刷" in kept
    at = collector.post("/work/frameworks/new", **form(ends_at))["Location"]
    framework = at.rsplit("/", 1)[1]
    public = f"/frameworks/{framework}"
    assert "黑白印刷" in jia.get(public) and "条文待核" in jia.get(public)
    assert "训练市公务印刷" in jia.get("/frameworks")
    assert "申请加入" in jia.get(at)
    for person, says in ((jia, "许可证甲"), (yi, "许可证乙")):
        person.sign(f"{at}/apply", f"{at}/apply/to-sign", statement=says, contact="王经理 0000-0000009")
    assert "许可证甲" in jia.get(at) or "已申请加入" in jia.get(at)
    assert "许可证甲" not in yi.get(at) and "许可证甲" not in buyer.get(at)
    assert "审核加入申请(2件)" in collector.get("/work")
    page = collector.get(at)
    assert "许可证甲" in page
    members = re.findall(rf"{at}/members/(\w+)/review", page)
    collector.post(f"{at}/members/{members[0]}/review", 422, admitted="no", reason="")
    for member in members:
        collector.post(f"{at}/members/{member}/review", admitted="yes")
    seen = buyer.get(public)
    assert "甲建工集团有限公司" in seen and "轮到" in seen
    # the buyer needs something and lets them compete
    need = {f"call_{key}": NEED[key] for key in ("name", "needs", "contact")}
    assert "请至少填写一项" in buyer.post(f"{at}/calls", 422, **need).content.decode()
    call = buyer.post(f"{at}/calls", **need, **{"quantity:1": "10000", "quantity:2": "100"})["Location"]
    assert "确定怎样授予合同" in buyer.get("/work") and "1,850.00" in buyer.get(call)
    number = call.rsplit("/", 1)[1]
    until = platform.now + timedelta(hours=26)
    early = local(platform.now + timedelta(hours=20))
    assert "不少于24小时" in buyer.post(f"{call}/competition", 422, sealed_until=early).content.decode()
    buyer.post(f"{call}/competition", sealed_until=local(until))
    assert "封存报价" in jia.get("/work") and "data-seal" in jia.get(call)
    digest = sealed(number, jia.party.get("/whoami")["uscc"], "1700.00", SALT)
    jia.sign(f"{call}/offer", f"{call}/offer/to-sign", commitment=digest)
    assert digest not in buyer.get(call) and digest not in collector.get(call) and digest not in yi.get(call)
    assert "报价已于" in jia.get(call)
    platform.advance(until)
    assert "揭示报价" in jia.get("/work")
    assert (
        "与封存的摘要不一致" in jia.post(f"{call}/reveal", 409, price="1700", salt="0" * 64).content.decode()
    )
    jia.post(f"{call}/reveal", price="1700", salt=SALT)
    platform.advance(until + timedelta(hours=24))
    seen = yi.get(f"/call-offs/{number}")
    assert digest in seen and SALT in seen and "1,700.00" in seen
    jia.sign(f"{call}/contract", f"{call}/contract/to-sign")
    buyer.sign(f"{call}/contract", f"{call}/contract/to-sign")
    assert "合同已签订" in yi.get(public)
    notice = platform.anonymous().get("/notices?kind=call_off")["notices"][0]
    assert "二次竞价" in buyer.get(f"/notices/{notice['public_id']}")
    # turns, a way out, a removal, the end
    call = buyer.post(f"{at}/calls", **need, **{"quantity:1": "1"})["Location"]
    buyer.post(f"{call}/turn")
    assert "轮到本单位" in jia.get("/work")
    jia.post(f"{call}/answer", 422, accepts="no", reason="")
    jia.post(f"{call}/answer", accepts="no", reason="停机检修")
    assert "停机检修" in collector.get(call) and "停机检修" not in yi.get(call)
    yi.post(f"{call}/answer", accepts="yes")
    yi.post(f"{call}/refusal", reason="原料断供")
    buyer.post(f"{call}/stop", stop_reason="不再需要")
    jia.post(f"{at}/exit", reason="")
    member = re.findall(rf"{at}/members/(\w+)/removal", collector.get(at))[0]
    collector.post(f"{at}/members/{member}/removal", ground="refused_contract", reason="无故不签合同")
    assert "无故不签合同" in jia.get(public) and "不得再加入" in yi.get(at)
    for name in ("bing", "ding"):
        person = Person(platform, name)
        person.sign(
            f"{at}/apply", f"{at}/apply/to-sign", statement=f"许可证{name}", contact="李经理 0000-0000009"
        )
    collector.post(re.findall(rf"{at}/members/\w+/review", collector.get(at))[0], admitted="yes")
    platform.advance(ends_at)
    assert "汇总公告" in collector.get("/work")
    collector.post(f"{at}/summary")
    # the page of an agreement that is over says who was in to its end, and tells of no application
    page = buyer.get(public)
    assert "协议期满" in page and "丙市政建设有限公司" in page
    assert Person(platform, "ding").party.get("/whoami")["uscc"] not in page


def test_a_closed_framework_and_an_outsider_through_the_pages(platform: Any) -> None:
    collector, buyer = Person(platform, "jicai"), Person(platform, "zhaobiao")
    parties = {name: Person(platform, name) for name in ("jia", "yi", "bing")}
    ends_at = platform.now + timedelta(days=200)
    responses = {
        "response_uscc": [p.party.get("/whoami")["uscc"] for p in parties.values()],
        "response_prices": ["0.11 6", "0.10 5", "0.12 6.5"],
        "response_score": ["", "", ""],
    }
    closed = form(ends_at, category="goods", ways=["lower"]) | CLOSED | responses
    assert "最高限制单价" in collector.get("/work/frameworks/closed")
    wrong = closed | {"rate": "10"}
    assert "不得低于20%" in collector.post("/work/frameworks/closed", 409, **wrong).content.decode()
    at = collector.post("/work/frameworks/closed", **closed)["Location"]
    page = collector.get(at)
    members = list(dict.fromkeys(re.findall(rf"{at}/members/(\w+)/agreement", page)))
    assert len(members) == 2 and "丙市政建设有限公司" not in page
    for member, name in zip(members, ("yi", "jia"), strict=True):
        assert "签订框架协议" in parties[name].get("/work")
        for person in (collector, parties[name]):
            one = f"{at}/members/{member}/agreement"
            person.sign(one, f"{one}/to-sign")
    collector.post(f"{at}/agreements")
    assert "告知采购人" in collector.get("/work")
    collector.post(f"{at}/buyers")
    collector.post(f"{at}/filing", number="训财备2号")
    need = {f"call_{key}": NEED[key] for key in ("name", "needs", "contact")}
    call = buyer.post(f"{at}/calls", **need, **{"quantity:2": "100"})["Location"]
    from django.core.files.uploadedfile import SimpleUploadedFile

    bing = parties["bing"].party.get("/whoami")["uscc"]
    proof = {"supplier_uscc": bing, "price": "400", "proof": "同型号比价"}
    assert "请附证明材料" in buyer.post(f"{call}/lower", 422, **proof).content.decode()
    sent = proof | {"file_name": "比价.pdf", "file": "不是编码"}
    to = f"/call-offs/{call.rpartition('/')[2]}/lower"
    no(buyer.party.post, to, sent, code="input.invalid")
    buyer.post(f"{call}/lower", **proof, file=SimpleUploadedFile("比价.pdf", b"%PDF-1.7 x"))
    assert "答复是否降价" in parties["jia"].get("/work")
    parties["jia"].get(f"{call}/lower/proof", status=404)
    assert "同型号比价" in collector.get(call) and "同型号比价" not in parties["jia"].get(call)
    parties["jia"].post(f"{call}/lower/answer", price="399")
    buyer.post(f"{call}/lower/end")
    page = buyer.get(call)
    assert "399.00" in page
    member = re.findall(r'name="member" value="(\w+)"', page)[1]
    buyer.post(f"{call}/selection", member=member, reason="愿意降价")
    buyer.post(f"{call}/confirmation")
    assert "399.00" in parties["yi"].get(call.replace("/work", ""))
    assert buyer.get("/procedures/GP_KJ_CALLOFF/rehearsal")

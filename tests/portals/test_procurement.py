"""A government procurement driven through the owner side's own forms: intent, plan, file, qualification, result, filing."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ggzy.client import story
from tests.journeys.tale import PRICES, Tale
from tests.journeys.test_procurement import seated
from tests.portals.test_work import Person, _document

pytestmark = pytest.mark.django_db
LOTS = {
    "lot_name": ["一包", "", ""],
    "lot_budget": ["9900000", "", ""],
    "lot_ceiling_price": ["9900000", "", ""],
    "lot_duration_days": ["60", "", ""],
    "lot_scope_of_work": ["训练设备", "", ""],
}


def _drafted(owner: Person) -> str:
    """Draft a procurement of goods without an investment code; return its id."""
    project = {
        "name": "训练设备采购",
        "invest_code": "",
        "industry_code": "E48",
        "region_code": "370100",
        "approval_document": "训财预〔2026〕9号",
        "funds": "财政资金, 已落实",
        "place": "训练市",
        "scale": "训练设备一批",
    }
    onward = owner.post("/work/projects/new", **project)["Location"]
    made = owner.post(onward, name="训练设备采购", procedure_code="GP_OPEN", **LOTS)
    return str(made["Location"].rsplit("/", 1)[1])


def test_through_the_forms(platform: Any, folder: Path) -> None:
    owner = Person(platform, "zhaobiao")
    tender = _drafted(owner)
    console, plan = f"/work/tenders/{tender}", f"/work/tenders/{tender}/procurement-plan"
    assert "公开采购意向" in owner.get(console)
    assert "请写明采购需求概况" in owner.client.post(f"{console}/intent", {"needs": " "}).content.decode()
    owner.post(f"{console}/intent", needs="训练设备一批, 含安装和培训", expected="2026-06")
    assert "采购意向公开不满30日" in owner.get(plan)
    filing = {"number": "训财采备2026-5", "reserved": "no", "not_reserved": ""}
    reply = owner.client.post(f"{plan}/filing", filing)
    assert reply.status_code == 422 and "训财采备2026-5" in reply.content.decode(), "nothing entered is lost"
    owner.post(f"{plan}/filing", **{**filing, "not_reserved": "需求由大型企业提供"})
    owner.post(f"{console}/start")
    page = owner.get(f"{console}/document")
    assert "政府采购政策" in page and "最低评标价法" in page and "经评审的最低投标价法" not in page
    file = _document(
        policy_subject="goods",
        policy_sme="10",
        policy_joint="4",
        policy_domestic="20",
        price_weight="20",
        criterion_weight=["60", "20", ""],
    )
    reply = owner.client.post(f"{console}/document", file)
    assert reply.status_code == 422 and "价格分值占总分值的比重不得低于30%" in reply.content.decode()
    owner.post(f"{console}/document", **(file | {"price_weight": "40", "criterion_weight": ["40", "20", ""]}))
    owner.post(f"{console}/send-to-review")
    owner.sign(
        f"{console}/review",
        f"{console}/review/to-sign",
        passed="true",
        opinion="经审查, 未发现排除、限制竞争的内容",
    )
    publish = owner.get(f"{console}/publish")
    assert "GP-T03" in publish or "《政府采购法》第三十五条" in publish
    deadline = platform.now + timedelta(days=22)
    owner.post(f"{console}/publish", bid_deadline=deadline.strftime("%Y-%m-%dT%H:%M"))
    tale = Tale(platform, folder, procedure="GP_OPEN")
    tale.tender = {"tender": tender, **owner.party.get(f"/tenders/{tender}")}
    tale.deadline = deadline
    for name in PRICES:
        tale.bid(name, more={"size": "small" if name == "yi" else ""})
    platform.sequence()
    platform.advance(deadline + timedelta(minutes=2))
    owner.party.post(f"/tenders/{tender}/opening")
    for name in PRICES:
        tale.release(name)
    platform.work()
    story.end_opening(owner.party, tale.round)
    _qualify(owner, tale)
    _result(owner, seated(tale))


def _qualify(owner: Person, tale: Tale) -> None:
    """Check who is qualified at the bench, with a draft on the way, and sign."""
    at = f"/work/rounds/{tale.round}/qualification"
    assert at in owner.get(f"/work/tenders/{tale.tender['tender']}")
    page = owner.get(at)
    sheet = json.loads(re.search(r'id="sheet-data"[^>]*>(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert [i["part"] for i in sheet["items"]] == ["资格要求", "信用记录"]
    names = [f"{e['id']}:{i['key']}" for e in sheet["entries"] for i in sheet["items"]]
    body = json.dumps({"kind": "preliminary", "content": {f"passes:{names[0]}": "yes"}})
    kept = owner.client.post(f"{at}/draft", body, content_type="application/json")
    assert kept.status_code == 200 and kept.json()["saved"]
    assert f'"passes:{names[0]}": "yes"' in owner.get(at)
    short = owner.client.post(f"{at}/save", {f"passes:{n}": "yes" for n in names[:-1]})
    assert short.status_code == 422 and "信用记录" in short.content.decode()
    owner.post(f"{at}/save", **{f"passes:{n}": "yes" for n in names})
    assert "签名, 作出资格审查结论" in owner.get(f"{at}?sign=1")
    owner.sign(f"{at}/conclusion", f"{at}/to-sign")
    assert "已签名作出结论" in owner.get(at)
    assert Person(tale.platform, "jiandu").get(at)
    Person(tale.platform, "jia").get(at, status=403)


def _result(owner: Person, tale: Tale) -> None:
    result = f"/work/rounds/{tale.round}/result"
    owner.post(f"/work/draws/{tale.draw}/seat", tender=tale.tender["tender"])
    story.evaluate(tale.members, tale.round)
    tale.platform.work()
    page = owner.get(result)
    first = re.search(r'name="bid" value="(\w+)"', page)
    assert first and "下一步: 确定中标供应商" in page and "公示中标候选人" not in page
    owner.post(f"/work/rounds/{tale.round}/award", bid=first[1])
    assert "公告结果, 发出中标通知书" in owner.get(result)
    owner.sign(f"/work/rounds/{tale.round}/letter", f"/work/rounds/{tale.round}/letter/to-sign")
    assert tale.stage() == "ANNOUNCED"
    assert "签订合同" in owner.get("/work")
    winner = next(b for b in PRICES if tale.bidder(b).name in owner.get(result).split("中标结果")[-1])
    story.contract(owner.party, tale.bidder(winner), tale.round)
    assert "合同副本备案" in owner.get(result)
    owner.post(f"/work/rounds/{tale.round}/filing", number="训财合备2026-3")
    assert "登记履约信息" in owner.get(result)

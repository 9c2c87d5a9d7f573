"""Framework agreements for the training centre: an open one with an order, a closed one with a turn and a competition, one that is collected."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from ggzy.client import story
from ggzy.client.party import Party

_COLLECTED: dict[str, Any] = {
    "scope": "训练市市级预算单位; 训练市行政区域",
    "settlement": "验收合格后30日内凭订单和发票结算",
    "contact": "训练市集中采购中心, 训练市政务路3号, 0000-0000003",
    "collector_kind": "agency",
    "category": "services",
    "response_hours": 24,
}
PRINTING: dict[str, Any] = _COLLECTED | {
    "name": "训练市市级单位公务印刷服务框架协议",
    "needs": "公文、会议材料的印刷和装订",
    "conditions": "依法登记, 有印刷经营许可, 承诺按协议价格服务; 申请时写明许可证编号",
    "contract_terms": "接到订单后2个工作日内交付; 印制差错的免费重印",
    "items": [
        {"name": "黑白印刷", "unit": "页", "spec": "A4双面, 70克纸", "price": "0.12"},
        {"name": "胶装", "unit": "册", "spec": "不超过300页", "price": "6.5"},
    ],
}
COSTING: dict[str, Any] = _COLLECTED | {
    "name": "训练市市级单位工程造价咨询服务框架协议",
    "needs": "市级预算单位小额零星工程的预算、结算编制和审核",
    "conditions": "依法登记, 有一级造价工程师",
    "contract_terms": "接到订单后2日内进场, 10日内提交成果; 成果有差错的免费修正",
    "items": [
        {"name": "预算编制", "unit": "人日", "spec": "一级造价工程师", "price": "950"},
        {"name": "结算审核", "unit": "人日", "spec": "一级造价工程师", "price": "1200"},
    ],
    "ways": ["compete", "turns"],
    "turn_rule": "place",
    "tie_rule": "earliest",
    "notice": "训采征〔2026〕1号",
    "address": "https://example.org/training/collection/1",
    "report_sha256": sha256("训练数据: 评审报告".encode()).hexdigest(),
    "rate": "20",
}
#: unit prices of the qualified responses, in the order of the cast
RESPONSES = (("900", "1100"), ("880", "1150"), ("920", "1120"), ("950", "1200"))
NEEDS = (
    ("职工代表大会材料印刷", {"1": "12000", "2": "150"}),
    ("泵站小修结算审核", {"2": "8"}),
    ("社区道路改造预算和结算", {"1": "20", "2": "15"}),
)


def _sign(party: Party, at: str, to: str = "", query: str = "", **said: str) -> Any:
    to_sign = party.get(f"{at}/statement{query}")["to_sign"]
    return party.post(at + to, said | {"signature": party.signature_on(to_sign)})


def agree(collector: Party, suppliers: list[Party], *, now: datetime) -> tuple[str, str]:
    """Bring both frameworks into force and return their ids: three join the open one, three of four the closed one."""
    ends_at = {"ends_at": (now + timedelta(days=365)).isoformat()}
    printing = collector.post("/frameworks", PRINTING | ends_at)["framework"]
    for number, party in enumerate(suppliers[:3], 1):
        said = {
            "statement": f"印刷经营许可证(训)印证字{number:03d}号",
            "contact": f"业务部, 0000-000001{number}",
        }
        query = "?" + "&".join(f"{key}={quote(value)}" for key, value in said.items())
        made = _sign(party, f"/frameworks/{printing}/applications", query=query, **said)
        collector.post(f"/frameworks/{printing}/members/{made['member']}/review", {"admitted": True})
    responses = [
        {"uscc": party.uscc, "prices": list(prices)}
        for party, prices in zip(suppliers, RESPONSES, strict=True)
    ]
    costing = collector.post("/frameworks/closed", COSTING | ends_at | {"responses": responses})["framework"]
    at = f"/frameworks/{costing}"
    by_uscc = {party.uscc: party for party in suppliers}
    for member in collector.get(at)["framework"]["members"]:
        for party in (collector, by_uscc[member["uscc"]]):
            _sign(party, f"{at}/members/{member['member']}/agreement", "/signature")
    collector.post(f"{at}/agreements")
    collector.post(f"{at}/filing", {"number": "训财框备〔2026〕1号"})
    collector.post(f"{at}/buyers")
    return str(printing), str(costing)


def call_off(buyer: Party, suppliers: list[Party], *, printing: str, costing: str, now: datetime) -> None:
    """Call off an order directly, one by turns, and leave a competition open until some days from now."""
    calls = [
        buyer.post(
            f"/frameworks/{framework}/calls",
            {"name": name, "needs": "见委托书", "contact": "建设部, 0000-0000001", "quantities": wanted},
        )["call"]
        for framework, (name, wanted) in zip((printing, costing, costing), NEEDS, strict=True)
    ]
    direct, turn, competition = (f"/call-offs/{call}" for call in calls)
    chosen = buyer.get(f"/frameworks/{printing}")["framework"]["members"][1]
    reason = {"member": chosen["member"], "reason": "距会场最近, 上年度同类服务评价好"}
    buyer.post(f"{direct}/selection", reason)
    buyer.post(f"{direct}/selection/confirmation")
    by_uscc = {party.uscc: party for party in suppliers}
    for party in (by_uscc[chosen["uscc"]], buyer):
        _sign(party, f"{direct}/contract", "/signature")
    buyer.post(f"{turn}/turn")
    first = buyer.get(f"/frameworks/{costing}")["framework"]["members"][0]
    by_uscc[first["uscc"]].post(f"{turn}/turn/answer", {"accepts": True})
    buyer.post(f"{competition}/competition", {"sealed_until": (now + timedelta(days=14)).isoformat()})


#: what is collected while people practise: its responses may be sealed on the pages
MEETINGS: dict[str, Any] = {
    **{
        key: _COLLECTED[key] for key in ("scope", "settlement", "contact", "collector_kind", "response_hours")
    },
    "needs": "市级预算单位会议场地和会务服务",
    "conditions": "依法登记, 有固定会议场所; 响应文件附场地清单",
    "contract_terms": "按订单提供场地和服务; 变更提前1日通知",
    "items": [
        {"name": "会议场地", "unit": "半天", "spec": "不少于50座", "price": "1500"},
        {"name": "会务服务", "unit": "人次", "spec": "含茶歇", "price": "60"},
    ],
    "ways": ["compete"],
    "tie_rule": "earliest",
}


def collect(collector: Party, *, deadline: datetime, now: datetime) -> str:
    """Publish the collection of a closed framework, open for sealed responses until the deadline; return its tender's id."""
    name = "训练市市级单位会议服务框架协议"
    project = story.register_project(collector, name=name, serial=900_001)
    lot = {
        "name": "会议服务",
        "budget": "2000000",
        "duration_days": "365",
        "scope_of_work": "市级预算单位会议场地和会务服务",
    }
    file = story.document(
        policy={"subject": "services", "several": {"rate": "0.2"}},
        terms=MEETINGS | {"ends_at": (now + timedelta(days=365)).isoformat()},
        text="服务要求、场地标准和合同草案见附件。",
    )
    made = story.prepare_tender(
        collector, project=project, name=name, lots=[lot], file=file, procedure="GP_KJ_TENDER"
    )
    story.publish(collector, made["tender"], deadline=deadline)
    return str(made["tender"])

"""A framework agreement for the training centre: three members, a direct order, a turn that was taken, a competition under way."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from ggzy.client.party import Party

FILE: dict[str, Any] = {
    "name": "训练市市级单位工程造价咨询服务框架协议",
    "needs": "市级预算单位小额零星工程的预算、结算编制和审核",
    "conditions": "依法登记, 有从事造价咨询的专业人员, 承诺按协议价格服务; 申请时写明专业人员的人数",
    "scope": "训练市市级预算单位; 训练市行政区域",
    "settlement": "成果验收合格后30日内凭订单和发票结算",
    "contract_terms": "接到订单后2日内进场, 10日内提交成果; 成果有差错的免费修正",
    "contact": "训练市集中采购中心, 训练市政务路3号, 0000-0000003",
    "collector_kind": "agency",
    "category": "services",
    "items": [
        {"name": "预算编制", "unit": "人日", "spec": "一级造价工程师", "price": "900"},
        {"name": "结算审核", "unit": "人日", "spec": "一级造价工程师", "price": "1100"},
    ],
    "ways": ["compete", "turns"],
    "turn_rule": "joined",
    "tie_rule": "earliest",
    "response_hours": 24,
}
NEEDS = (
    ("公园步道维修预算编制", {"1": "12"}),
    ("泵站小修结算审核", {"2": "8"}),
    ("社区道路改造预算和结算", {"1": "20", "2": "15"}),
)


def publish(collector: Party, members: list[Party], *, now: datetime) -> str:
    """Publish the collection and let the members in; return the framework's id."""
    ends_at = (now + timedelta(days=365)).isoformat()
    framework = collector.post("/frameworks", FILE | {"ends_at": ends_at})["framework"]
    at = f"/frameworks/{framework}"
    for number, party in enumerate(members, 4):
        said = {"statement": f"有一级造价工程师{number}人", "contact": f"业务部, 0000-000001{number}"}
        query = "&".join(f"{key}={quote(value)}" for key, value in said.items())
        to_sign = party.get(f"{at}/applications/statement?{query}")["to_sign"]
        made = party.post(f"{at}/applications", said | {"signature": party.signature_on(to_sign)})
        collector.post(f"{at}/members/{made['member']}/review", {"admitted": True})
    return str(framework)


def call_off(buyer: Party, members: list[Party], framework: str, *, now: datetime) -> None:
    """Call off an order directly, one by turns, and leave a competition open until a few days from now."""
    chosen = next(
        m["member"]
        for m in buyer.get(f"/frameworks/{framework}")["framework"]["members"]
        if m["supplier"] == members[1].name
    )
    calls = [
        buyer.post(
            f"/frameworks/{framework}/calls",
            {
                "name": name,
                "needs": "见委托书, 成果交纸质和电子各一份",
                "contact": "建设部, 0000-0000001",
                "quantities": quantities,
            },
        )["call"]
        for name, quantities in NEEDS
    ]
    direct, turn, competition = (f"/call-offs/{call}" for call in calls)
    buyer.post(f"{direct}/selection", {"member": chosen, "reason": "距现场最近, 上年度同类服务评价好"})
    buyer.post(f"{direct}/selection/confirmation")
    for party in (members[1], buyer):
        to_sign = party.get(f"{direct}/contract/statement")["to_sign"]
        party.post(f"{direct}/contract/signature", {"signature": party.signature_on(to_sign)})
    buyer.post(f"{turn}/turn")
    members[0].post(f"{turn}/turn/answer", {"accepts": True})
    buyer.post(f"{competition}/competition", {"sealed_until": (now + timedelta(days=14)).isoformat()})

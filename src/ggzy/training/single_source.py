"""Two purchases from one supplier for the training centre: one announced and contracted, one in its publicity."""

import base64
from datetime import datetime, timedelta

from ggzy.client.party import Party

#: name, what is bought, budget, offer, agreed price
BOUGHT = ("训练市应急指挥系统专有接口升级", "原系统专有接口的升级和两年服务", 2_600_000, 2_580_000, 2_520_000)
PUBLISHED = ("训练市博物馆文物扫描专利设备采购", "文物扫描设备一套及专用耗材", 3_400_000)
EXPERTS = (
    (
        "训练专家甲",
        "训练省信息中心",
        "高级工程师",
        "接口协议为原开发单位的专有技术, 其他供应商不能提供兼容服务。",
    ),
    ("训练专家乙", "训练大学", "教授", "经检索未见可替代的技术方案。"),
)


def argue(buyer: Party, supplier: Party, *, name: str, needs: str, budget: int) -> str:
    """Argue a purchase of the only supplier and publish it; return its id."""
    made = buyer.post(
        "/single-sources",
        {
            "name": name,
            "needs": needs,
            "budget": str(budget),
            "supplier_uscc": supplier.uscc,
            "ground": "only",
            "reason": "采购标的使用专有技术, 只能从该供应商处采购。",
            "contact": "训练市城市建设投资有限公司采购部, 训练市建设路9号, 0000-0000001",
            "finance_contact": "训练市财政局采购监管科, 训练市政务路1号, 0000-0000002",
            "experts": [
                {"name": n, "unit": unit, "title": title, "opinion": opinion, "kept": "signed"}
                for n, unit, title, opinion in EXPERTS
            ],
        },
    )
    buyer.post(f"/single-sources/{made['purchase']}/next", {})
    return str(made["purchase"])


def buy(buyer: Party, supplier: Party, finance: Party, purchase: str, *, now: datetime) -> None:
    """Take a purchase whose publicity is over to its contract."""
    _, _, _, offered, agreed = BOUGHT
    at = f"/single-sources/{purchase}"
    found = {"approved": True, "opinion": "公示期内没有异议, 同意采用单一来源采购方式。"}
    finance.post(f"{at}/approval", found | {"document_number": "训财采〔2026〕12号"})
    said = {"cost": "研发和实施人工230万元", "similar": "邻市同类合同255万元", "patents": "专有接口协议"}
    supplier.post(f"{at}/offer", {"price": str(offered), **said})
    record = {
        "met_at": (now - timedelta(hours=1)).isoformat(),
        "place": "采购人会议室",
        "members": ["zhaobiao"],
        "terms": "合同签订后90日内交付, 质保两年, 验收合格后付款。",
        "agreed": "参照邻市同类合同并扣减差旅费用。",
        "price": str(agreed),
    }
    buyer.post(f"{at}/record", record)
    for party in (supplier, buyer):
        _sign(party, f"{at}/record")
    buyer.post(f"{at}/record/conclusion")
    buyer.post(f"{at}/result")
    for party in (supplier, buyer):
        _sign(party, f"{at}/contract")


def _sign(party: Party, at: str) -> None:
    assert party.identity is not None, "demo parties hold their keys"
    data = base64.b64decode(party.get(f"{at}/statement")["to_sign"])
    party.post(f"{at}/signature", {"signature": party.identity.sign(data)})

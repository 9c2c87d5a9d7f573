"""A procurement by cooperation and innovation for the training centre: announced, and open for applications."""

from datetime import datetime, timedelta
from typing import Any

from ggzy.client.party import Party

#: how long applications are taken: more than twenty working days
OPEN_FOR = timedelta(days=40)
PURCHASE: dict[str, Any] = {
    "name": "训练市地下管网渗漏智能检测装备合作创新采购",
    "contact": "训练市政务路3号, 0000-0000009",
    "ground": "breakthrough",
    "buyer_kind": "city",
    "approval": "训练省财政厅 训财采〔2026〕1号",
    "way": "notice",
    "months": 24,
    "most_cost": "12000000",
    "plan": {
        "targets": "不开挖条件下检出直径300毫米以上供水管道每小时50升的渗漏, 定位误差不超过1米",
        "scenario": "训练市老城区供水管网日常巡检, 首购10套并配套两年服务",
        "qualification": "具有管网检测或者智能装备研发能力, 研发活动在中国境内进行",
        "group_plan": "采购人代表1名, 本单位从专业机构名录中选定管网、装备专家各1名, 法律专家1名, 经济专家1名",
        "review_plan": "按综合得分评审, 研发方案不低于60分, 知识产权和升级20分, 报价20分",
        "costs_plan": "设备费、业务费、劳务费, 每家补偿不超过300万元",
        "interim_plan": "开展, 每一研发阶段开始前进行",
        "ip": "知识产权归研发供应商, 采购人享有免费使用权",
        "upgrades": "首购产品交付后两年内免费升级算法",
        "contract_terms": "按阶段补偿成本, 未完成标志性成果的淘汰并终止合同",
        "risks": "检测精度达不到目标的风险由双方分担, 设阶段成果作为继续研发的条件",
        "sme": "对中小企业牵头的联合体, 分包比例不低于30%",
        "argued": "市场调研3家单位, 专家论证1次, 本单位内部审查通过",
    },
}


def announce(buyer: Party, *, now: datetime) -> str:
    """Keep the plan of a purchase and publish its notice; return its id."""
    made = buyer.post("/innovations", PURCHASE)
    buyer.post(f"/innovations/{made['innovation']}/call", {"apply_until": (now + OPEN_FOR).isoformat()})
    return str(made["innovation"])

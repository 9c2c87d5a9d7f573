"""《企业国有资产交易监督管理办法》及同类规定: its limits in the order of their numbers."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Roll, Status, TimeLimit, Unit

FROM = date(2016, 6, 24)

SP_T01 = TimeLimit(
    key="SP-T01",
    says="产权转让正式披露",
    basis=(Citation("企业国有资产交易监督管理办法", "第十三条"),),
    starts="property.disclosed",
    length=20,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
SP_T02 = TimeLimit(
    key="SP-T02",
    says="预披露（实际控制权转移，获批后10工作日内启动）",
    basis=(Citation("企业国有资产交易监督管理办法", "第十三条"),),
    starts="property.pre_disclosed",
    length=20,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
SP_T03 = TimeLimit(
    key="SP-T03",
    says="受让方资格条件备案反馈",
    basis=(Citation("企业国有资产交易监督管理办法", "第十四条"),),
    starts="property.conditions_received",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=FROM,
)
SP_T04 = TimeLimit(
    key="SP-T04",
    says="降价后重新披露：产权≥10工作日，资产≥5工作日",
    basis=(
        Citation("国资发产权规〔2022〕39号", ""),
        Citation("企业国有资产交易监督管理办法", "第十八条"),
    ),
    starts="property.disclosed_again",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
SP_T05 = TimeLimit(
    key="SP-T05",
    says="首次正式披露起超过12个月须重新审计评估",
    basis=(Citation("企业国有资产交易监督管理办法", "第十九条"),),
    starts="property.first_disclosed",
    length=12,
    unit=Unit.MONTH,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    status=Status.MEMORY,
    in_force_from=FROM,
)
SP_T06 = TimeLimit(
    key="SP-T06",
    says="一次付清/首期付款（≥30%）",
    basis=(Citation("企业国有资产交易监督管理办法", "第二十八条"),),
    starts="property.contract_in_force",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=FROM,
)
SP_T07 = TimeLimit(
    key="SP-T07",
    says="交易结果公告期",
    basis=(Citation("企业国有资产交易监督管理办法", "第二十九条"),),
    starts="property.deal_published",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
SP_T08 = TimeLimit(
    key="SP-T08",
    says="增资披露",
    basis=(Citation("企业国有资产交易监督管理办法", "第三十九条"),),
    starts="capital.disclosed",
    length=40,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
SP_T09 = TimeLimit(
    key="SP-T09",
    says="资产转让公告：100万—1000万≥10工作日；>1000万≥20工作日",
    basis=(Citation("企业国有资产交易监督管理办法", "第四十九条"),),
    starts="asset.published",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)

LIMITS = (
    SP_T01,
    SP_T02,
    SP_T03,
    SP_T04,
    SP_T05,
    SP_T06,
    SP_T07,
    SP_T08,
    SP_T09,
)

"""政府采购信息发布、采购意向和异常低价的规定: their limits."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Direction, Roll, Status, TimeLimit, Unit

FROM = date(2020, 3, 1)

MEDIUM = TimeLimit(
    key="GP-T47",
    says="指定媒体发布信息",
    basis=(Citation("政府采购信息发布管理办法", "第十三条"),),
    starts="notice.received",
    length=1,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
INTENT = TimeLimit(
    key="GP-T50",
    says="公开采购意向(采购活动开始前)",
    basis=(Citation("财库〔2020〕10号", ""),),
    starts="procurement.begins",
    length=30,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    status=Status.MEMORY,
    in_force_from=FROM,
)
LOW_PRICE_EXPLAINED = TimeLimit(
    key="GP-T49",
    says="异常低价: 要求供应商书面说明的时间",
    basis=(Citation("财库〔2026〕2号", ""),),
    starts="explanation.demanded",
    length=30,
    unit=Unit.MINUTE,
    bound=Bound.AT_LEAST,
    in_force_from=date(2026, 1, 1),
)
GP_T48 = TimeLimit(
    key="GP-T48",
    says="收到发票后支付",
    basis=(Citation("财库〔2019〕38号", ""),),
    starts="invoice.received",
    length=30,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=date(2019, 8, 1),
)
GP_T51 = TimeLimit(
    key="GP-T51",
    says="中小企业认定复函",
    basis=(Citation("财库〔2020〕46号", "第十六条"),),
    starts="sme.inquiry_received",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=date(2021, 1, 1),
)

LIMITS = (
    MEDIUM,
    INTENT,
    LOW_PRICE_EXPLAINED,
    GP_T48,
    GP_T51,
)

"""《政府采购框架协议采购方式管理暂行办法》: its limits in the order of their numbers."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Roll, TimeLimit, Unit

FROM = date(2022, 3, 1)

GP_T38 = TimeLimit(
    key="GP-T38",
    says="签订框架协议",
    basis=(Citation("政府采购框架协议采购方式管理暂行办法", "第二十九条"),),
    starts="framework.letter_sent",
    length=30,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.STATUTORY,
    in_force_from=FROM,
)
GP_T39 = TimeLimit(
    key="GP-T39",
    says="框架协议备案",
    basis=(Citation("政府采购框架协议采购方式管理暂行办法", "第二十九条"),),
    starts="framework.signed",
    length=7,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T40 = TimeLimit(
    key="GP-T40",
    says="入围信息告知采购人",
    basis=(Citation("政府采购框架协议采购方式管理暂行办法", "第三十条"),),
    starts="framework.signed",
    length=3,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T41 = TimeLimit(
    key="GP-T41",
    says="二次竞价/轮候单笔成交公告",
    basis=(Citation("政府采购框架协议采购方式管理暂行办法", "第三十五条"),),
    starts="call_off.decided",
    length=2,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T42 = TimeLimit(
    key="GP-T42",
    says="成交结果汇总公告",
    basis=(Citation("政府采购框架协议采购方式管理暂行办法", "第三十五条"),),
    starts="framework.expired",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T43 = TimeLimit(
    key="GP-T43",
    says="开放式：审核入围申请",
    basis=(Citation("政府采购框架协议采购方式管理暂行办法", "第三十九条"),),
    starts="admission.applied",
    length=7,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T44 = TimeLimit(
    key="GP-T44",
    says="开放式：入围公告/退出公告",
    basis=(
        Citation("政府采购框架协议采购方式管理暂行办法", "第四十条"),
        Citation("政府采购框架协议采购方式管理暂行办法", "第二十条"),
    ),
    starts="admission.decided",
    length=2,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T45 = TimeLimit(
    key="GP-T45",
    says="框架协议期：货物≤1年，服务≤2年（一般）",
    basis=(Citation("政府采购框架协议采购方式管理暂行办法", "第十五条"),),
    starts="framework.in_force",
    length=1,
    unit=Unit.YEAR,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.STATUTORY,
    in_force_from=FROM,
)

LIMITS = (
    GP_T38,
    GP_T39,
    GP_T40,
    GP_T41,
    GP_T42,
    GP_T43,
    GP_T44,
    GP_T45,
)

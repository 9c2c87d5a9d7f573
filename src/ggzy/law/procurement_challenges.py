"""《政府采购质疑和投诉办法》: its limits in the order of their numbers."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, TimeLimit, Unit

FROM = date(2018, 3, 1)

GP_T23 = TimeLimit(
    key="GP-T23",
    says="投诉审查/一次性补正通知",
    basis=(Citation("政府采购质疑和投诉办法", "第二十一条"),),
    starts="complaint.received",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T24 = TimeLimit(
    key="GP-T24",
    says="不予受理/无管辖告知",
    basis=(Citation("政府采购质疑和投诉办法", "第二十一条"),),
    starts="complaint.examined",
    length=3,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T25 = TimeLimit(
    key="GP-T25",
    says="发送答复通知书及副本",
    basis=(Citation("政府采购质疑和投诉办法", "第二十一条"),),
    starts="complaint.received",
    length=8,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T26 = TimeLimit(
    key="GP-T26",
    says="被投诉人书面说明",
    basis=(
        Citation("政府采购质疑和投诉办法", "第二十二条"),
        Citation("政府采购质疑和投诉办法", "第二十五条"),
    ),
    starts="complaint.copy_received",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)

LIMITS = (
    GP_T23,
    GP_T24,
    GP_T25,
    GP_T26,
)

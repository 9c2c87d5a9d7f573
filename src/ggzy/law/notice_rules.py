"""《招标公告和公示信息发布管理办法》(10号令): its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Status, TimeLimit, Unit

FROM = date(2018, 1, 1)

MEDIUM_PUBLISHES = TimeLimit(
    key="GC-T23",
    says="发布媒介发布：规范数据交互12小时/其他1工作日；核验≤3工作日",
    basis=(Citation("招标公告和公示信息发布管理办法", ""),),
    starts="notice.handed_over",
    length=12,
    unit=Unit.HOUR,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=FROM,
)

LIMITS = (MEDIUM_PUBLISHES,)

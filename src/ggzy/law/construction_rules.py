"""《工程建设项目施工招标投标办法》(30号令, 2013年修订): its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Roll, Status, TimeLimit, Unit

FROM = date(2013, 5, 1)

WINNER_DETERMINED = TimeLimit(
    key="GC-T22",
    says="评标报告后确定中标人（施工）",
    basis=(Citation("工程建设项目施工招标投标办法", "第五十六条"),),
    starts="report.received",
    length=15,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    status=Status.MEMORY,
    in_force_from=FROM,
)

LIMITS = (WINNER_DETERMINED,)

"""《电子招标投标办法》(八部委令第20号): its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, TimeLimit, Unit

FROM = date(2013, 5, 1)

BID_ACKNOWLEDGED = TimeLimit(
    key="GC-T25",
    says="投标文件接收回执",
    basis=(Citation("电子招标投标办法", "第二十七条"),),
    starts="bid.received",
    length=0,
    unit=Unit.MINUTE,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)

LIMITS = (BID_ACKNOWLEDGED,)

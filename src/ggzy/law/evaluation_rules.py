"""《评标委员会和评标方法暂行规定》(12号令, 2013年修订): its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Status, TimeLimit, Unit

FROM = date(2013, 5, 1)

BID_VALIDITY = TimeLimit(
    key="GC-T21",
    says="评标、定标应在投标有效期内完成，否则通知延长",
    basis=(Citation("评标委员会和评标方法暂行规定", "第四十条"),),
    starts="bid_validity.ends",
    length=0,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=FROM,
)

LIMITS = (BID_VALIDITY,)

"""《拍卖法》: its limits in the order of their numbers."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Direction, TimeLimit, Unit

FROM = date(2015, 4, 24)

AU_T01 = TimeLimit(
    key="AU-T01",
    says="拍卖公告（拍卖法通则）",
    basis=(Citation("拍卖法", "第四十五条"),),
    starts="auction.day",
    length=7,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
AU_T02 = TimeLimit(
    key="AU-T02",
    says="拍卖标的展示",
    basis=(Citation("拍卖法", "第四十八条"),),
    starts="auction.display_begins",
    length=2,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)

LIMITS = (
    AU_T01,
    AU_T02,
)

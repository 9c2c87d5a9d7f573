"""《基层政务公开标准指引》: its limits in the order of their numbers."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, TimeLimit, Unit

FROM = date(2019, 12, 26)

OP_T01 = TimeLimit(
    key="OP-T01",
    says="公共资源配置信息公开（形成之日起）",
    basis=(Citation("基层政务公开标准指引", ""),),
    starts="information.formed",
    length=20,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)

LIMITS = (OP_T01,)

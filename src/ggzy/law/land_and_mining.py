"""《招标拍卖挂牌出让国有建设用地使用权规定》及同类规定: its limits in the order of their numbers."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Direction, Roll, Status, TimeLimit, Unit

FROM = date(2007, 11, 1)

LD_T01 = TimeLimit(
    key="LD-T01",
    says="出让公告提前",
    basis=(Citation("招标拍卖挂牌出让国有建设用地使用权规定", "第八条"),),
    starts="land.sale_begins",
    length=20,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    status=Status.MEMORY,
    in_force_from=FROM,
)
LD_T02 = TimeLimit(
    key="LD-T02",
    says="挂牌时间",
    basis=(Citation("招标拍卖挂牌出让国有建设用地使用权规定", "第十八条"),),
    starts="land.listing_begins",
    length=10,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
LD_T03 = TimeLimit(
    key="LD-T03",
    says="退还未竞得人保证金（不计息）",
    basis=(Citation("招标拍卖挂牌出让国有建设用地使用权规定", "第二十一条"),),
    starts="land.sale_ended",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=FROM,
)
LD_T04 = TimeLimit(
    key="LD-T04",
    says="公布出让结果",
    basis=(Citation("招标拍卖挂牌出让国有建设用地使用权规定", "第二十二条"),),
    starts="land.sale_ended",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=FROM,
)
LD_T05 = TimeLimit(
    key="LD-T05",
    says="签订出让合同",
    basis=(Citation("国土资发〔2010〕34/151号", ""),),
    starts="land.deal_confirmed",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=FROM,
)
LD_T06 = TimeLimit(
    key="LD-T06",
    says="出让价款：首付≥50%于1个月内，余款≤1年",
    basis=(Citation("国土资发〔2010〕34号", ""),),
    starts="land.contract_signed",
    length=1,
    unit=Unit.MONTH,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    status=Status.MEMORY,
    in_force_from=FROM,
)
MN_T01 = TimeLimit(
    key="MN-T01",
    says="矿业权公告提前",
    basis=(Citation("自然资规〔2023〕1号", ""),),
    starts="mining.sale_begins",
    length=20,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    status=Status.MEMORY,
    in_force_from=FROM,
)
MN_T02 = TimeLimit(
    key="MN-T02",
    says="矿业权挂牌期限",
    basis=(Citation("自然资规〔2023〕1号", ""),),
    starts="mining.listing_begins",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
MN_T03 = TimeLimit(
    key="MN-T03",
    says="成交信息公示",
    basis=(Citation("自然资规〔2023〕1号", ""),),
    starts="mining.deal_published",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)

LIMITS = (
    LD_T01,
    LD_T02,
    LD_T03,
    LD_T04,
    LD_T05,
    LD_T06,
    MN_T01,
    MN_T02,
    MN_T03,
)

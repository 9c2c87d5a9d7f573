"""《中华人民共和国招标投标法》(2017年修正): its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Direction, Roll, TimeLimit, Unit

FROM = date(2017, 12, 28)

DOCUMENT_AMENDED = TimeLimit(
    key="GC-T05",
    says="招标文件澄清/修改（可能影响编制）",
    basis=(
        Citation("招标投标法", "第二十三条"),
        Citation("招标投标法实施条例", "第二十一条"),
    ),
    starts="bid.deadline",
    length=15,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
BIDDING_TIME = TimeLimit(
    key="GC-T03",
    says="等标期：招标文件开始发出→投标截止（依法必招）",
    basis=(Citation("招标投标法", "第二十四条"),),
    starts="document.issued",
    length=20,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
    reading="发出当日不计, 截止当日可为第二十日之后的任一时刻; 平台只阻止不足二十日",
)
OPENING_AT_DEADLINE = TimeLimit(
    key="GC-T11",
    says="开标时间=投标截止时间",
    basis=(Citation("招标投标法", "第三十四条"),),
    starts="bid.deadline",
    length=0,
    unit=Unit.MINUTE,
    bound=Bound.AT,
    in_force_from=FROM,
)
CONTRACT_SIGNED = TimeLimit(
    key="GC-T15",
    says="订立书面合同",
    basis=(Citation("招标投标法", "第四十六条"),),
    starts="award_letter.sent",
    length=30,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)
WRITTEN_REPORT = TimeLimit(
    key="GC-T16",
    says="招标投标情况书面报告",
    basis=(Citation("招标投标法", "第四十七条"),),
    starts="winner.determined",
    length=15,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)

LIMITS = (
    DOCUMENT_AMENDED,
    BIDDING_TIME,
    OPENING_AT_DEADLINE,
    CONTRACT_SIGNED,
    WRITTEN_REPORT,
)

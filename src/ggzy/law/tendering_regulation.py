"""《中华人民共和国招标投标法实施条例》(2019年修订): its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Direction, Roll, TimeLimit, Unit

FROM = date(2019, 3, 2)

DOCUMENT_AVAILABLE = TimeLimit(
    key="GC-T01",
    says="资格预审文件/招标文件发售期",
    basis=(Citation("招标投标法实施条例", "第十六条"),),
    starts="document.issued",
    length=5,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)
PREQUALIFICATION_TIME = TimeLimit(
    key="GC-T02",
    says="提交资格预审申请文件时间",
    basis=(Citation("招标投标法实施条例", "第十七条"),),
    starts="prequalification.document_withdrawn",
    length=5,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)
PREQUALIFICATION_AMENDED = TimeLimit(
    key="GC-T04",
    says="资格预审文件澄清/修改（可能影响编制）",
    basis=(Citation("招标投标法实施条例", "第二十一条"),),
    starts="prequalification.deadline",
    length=3,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
OBJECTION_TO_PREQUALIFICATION = TimeLimit(
    key="GC-T06",
    says="对资格预审文件提异议",
    basis=(Citation("招标投标法实施条例", "第二十二条"),),
    starts="prequalification.deadline",
    length=2,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
OBJECTION_TO_DOCUMENT = TimeLimit(
    key="GC-T07",
    says="对招标文件提异议",
    basis=(Citation("招标投标法实施条例", "第二十二条"),),
    starts="bid.deadline",
    length=10,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
OBJECTION_ANSWER = TimeLimit(
    key="GC-T08",
    says="异议答复（文件、评标结果）",
    basis=(
        Citation("招标投标法实施条例", "第二十二条"),
        Citation("招标投标法实施条例", "第五十四条"),
    ),
    starts="objection.received",
    length=3,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
    reading="答复前暂停招标投标活动; 末日遇休息日按《民法典》第二百零三条顺延",
)
DEPOSIT_AFTER_WITHDRAWAL = TimeLimit(
    key="GC-T10",
    says="投标截止前撤回→退保证金",
    basis=(Citation("招标投标法实施条例", "第三十五条"),),
    starts="withdrawal.received",
    length=5,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)
OBJECTION_AT_OPENING = TimeLimit(
    key="GC-T09",
    says="开标异议：当场提出、当场答复并记录",
    basis=(Citation("招标投标法实施条例", "第四十四条"),),
    starts="opening.session",
    length=0,
    unit=Unit.DAY,
    bound=Bound.AT,
    in_force_from=FROM,
)
EVALUATION_TIME = TimeLimit(
    key="GC-T24",
    says="评标时间：>1/3成员认为不够应延长",
    basis=(Citation("招标投标法实施条例", "第四十八条"),),
    starts="evaluation.running",
    length=0,
    unit=Unit.DAY,
    bound=Bound.AT,
    in_force_from=FROM,
)
PUBLICITY_STARTS = TimeLimit(
    key="GC-T12",
    says="开始公示中标候选人（依法必招）",
    basis=(Citation("招标投标法实施条例", "第五十四条"),),
    starts="report.received",
    length=3,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)
PUBLICITY_LASTS = TimeLimit(
    key="GC-T13",
    says="中标候选人公示期",
    basis=(Citation("招标投标法实施条例", "第五十四条"),),
    starts="publicity.started",
    length=3,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
    reading="三日从公示开始次日起算, 末日遇休息日顺延至下一工作日, 只延长不缩短",
)
OBJECTION_TO_RESULT = TimeLimit(
    key="GC-T14",
    says="对评标结果异议",
    basis=(Citation("招标投标法实施条例", "第五十四条"),),
    starts="publicity.running",
    length=0,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
DEPOSIT_REFUND = TimeLimit(
    key="GC-T17",
    says="退还投标保证金及银行同期存款利息",
    basis=(Citation("招标投标法实施条例", "第五十七条"),),
    starts="contract.signed",
    length=5,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)
COMPLAINT = TimeLimit(
    key="GC-T18",
    says="投诉",
    basis=(Citation("招标投标法实施条例", "第六十条"),),
    starts="matter.known",
    length=10,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)
COMPLAINT_ACCEPTED = TimeLimit(
    key="GC-T19",
    says="投诉受理决定",
    basis=(Citation("招标投标法实施条例", "第六十一条"),),
    starts="complaint.received",
    length=3,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
COMPLAINT_DECIDED = TimeLimit(
    key="GC-T20",
    says="投诉书面处理决定",
    basis=(Citation("招标投标法实施条例", "第六十一条"),),
    starts="complaint.accepted",
    length=30,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)

LIMITS = (
    DOCUMENT_AVAILABLE,
    PREQUALIFICATION_TIME,
    PREQUALIFICATION_AMENDED,
    OBJECTION_TO_PREQUALIFICATION,
    OBJECTION_TO_DOCUMENT,
    OBJECTION_ANSWER,
    DEPOSIT_AFTER_WITHDRAWAL,
    OBJECTION_AT_OPENING,
    EVALUATION_TIME,
    PUBLICITY_STARTS,
    PUBLICITY_LASTS,
    OBJECTION_TO_RESULT,
    DEPOSIT_REFUND,
    COMPLAINT,
    COMPLAINT_ACCEPTED,
    COMPLAINT_DECIDED,
)

"""《政府采购货物和服务招标投标管理办法》(财政部令第87号): its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Direction, TimeLimit, Unit

FROM = date(2017, 10, 1)

NOTICE_LASTS = TimeLimit(
    key="GP-T01",
    says="招标公告、资格预审公告的公告期限",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第十六条"),),
    starts="notice.published",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.AT,
    in_force_from=FROM,
)
DOCUMENT_AVAILABLE = TimeLimit(
    key="GP-T02",
    says="招标文件、资格预审文件的提供期限",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第十八条"),),
    starts="document.issued",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)
DOCUMENT_AMENDED = TimeLimit(
    key="GP-T04",
    says="招标文件澄清修改(可能影响编制)",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第二十七条"),),
    starts="bid.deadline",
    length=15,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
DEPOSIT_AFTER_END = TimeLimit(
    key="GP-T18",
    says="终止采购后退还文件费用和保证金及孳息",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第二十九条"),),
    starts="procurement.terminated",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
DEPOSIT_OF_WINNER = TimeLimit(
    key="GP-T16",
    says="退还中标供应商的保证金",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第三十八条"),),
    starts="contract.signed",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
DEPOSIT_AFTER_WITHDRAWAL = TimeLimit(
    key="GP-T17",
    says="撤回投标后退还保证金",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第三十八条"),),
    starts="withdrawal.received",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
REPORT_DELIVERED = TimeLimit(
    key="GP-T07",
    says="评标报告送采购人",
    basis=(
        Citation("政府采购货物和服务招标投标管理办法", "第六十八条"),
        Citation("政府采购法实施条例", "第四十三条"),
    ),
    starts="evaluation.ended",
    length=2,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
WINNER = TimeLimit(
    key="GP-T08",
    says="确定中标供应商",
    basis=(
        Citation("政府采购货物和服务招标投标管理办法", "第六十八条"),
        Citation("政府采购法实施条例", "第四十三条"),
    ),
    starts="report.received",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
    reading="逾期不确定又不说明合法理由的, 视同按评标报告推荐的顺序确定排名第一的候选人",
)
RESULT_NOTICE_LASTS = TimeLimit(
    key="GP-T11",
    says="中标公告期限",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第六十九条"),),
    starts="result.published",
    length=1,
    unit=Unit.WORKDAY,
    bound=Bound.AT,
    in_force_from=FROM,
)
GP_T05 = TimeLimit(
    key="GP-T05",
    says="资格预审文件澄清",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第二十七条"),),
    starts="prequalification.deadline",
    length=3,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
GP_T09 = TimeLimit(
    key="GP-T09",
    says="自行组织招标的确定中标人",
    basis=(Citation("政府采购货物和服务招标投标管理办法", "第六十八条"),),
    starts="evaluation.ended",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)

LIMITS = (
    NOTICE_LASTS,
    DOCUMENT_AVAILABLE,
    DOCUMENT_AMENDED,
    DEPOSIT_AFTER_END,
    DEPOSIT_OF_WINNER,
    DEPOSIT_AFTER_WITHDRAWAL,
    REPORT_DELIVERED,
    WINNER,
    RESULT_NOTICE_LASTS,
    GP_T05,
    GP_T09,
)

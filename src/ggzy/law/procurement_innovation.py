"""《政府采购合作创新采购方式管理暂行办法》(财库〔2024〕13号): its limits in the order of their articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Roll, Status, TimeLimit, Unit

FROM = date(2024, 6, 1)
_BASIS = "财库〔2024〕13号"

APPLICATIONS = TimeLimit(
    key="GP-T60",
    says="合作创新: 自公告或者邀请书发出至提交申请文件截止",
    basis=(Citation(_BASIS, "第十六条"),),
    starts="innovation.called",
    length=20,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
FIRST_RESPONSES = TimeLimit(
    key="GP-T61",
    says="合作创新: 自研发谈判文件发出至首次提交响应文件截止",
    basis=(Citation(_BASIS, "第十九条"),),
    starts="innovation.file_issued",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)
FINAL_RESPONSES = TimeLimit(
    key="GP-T62",
    says="合作创新: 提交最终响应文件的时间",
    basis=(Citation(_BASIS, ""),),
    starts="innovation.finals_asked",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=FROM,
)
TERM = TimeLimit(
    key="GP-T63",
    says="合作创新: 研发合同期限",
    basis=(Citation(_BASIS, ""),),
    starts="innovation.research_signed",
    length=2,
    unit=Unit.YEAR,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.STATUTORY,
    status=Status.MEMORY,
    in_force_from=FROM,
)
MAJOR_TERM = TimeLimit(
    key="GP-T64",
    says="合作创新: 重大合作创新项目的研发合同期限",
    basis=(Citation(_BASIS, ""),),
    starts="innovation.research_signed",
    length=3,
    unit=Unit.YEAR,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.STATUTORY,
    status=Status.MEMORY,
    in_force_from=FROM,
)
FIRST_RESULT = TimeLimit(
    key="GP-T65",
    says="合作创新: 公告首购产品信息",
    basis=(Citation(_BASIS, ""),),
    starts="innovation.first_chosen",
    length=10,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=FROM,
)

LIMITS = (APPLICATIONS, FIRST_RESPONSES, FINAL_RESPONSES, TERM, MAJOR_TERM, FIRST_RESULT)

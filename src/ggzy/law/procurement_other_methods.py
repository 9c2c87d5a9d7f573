"""《政府采购非招标采购方式管理办法》及同类规定: its limits in the order of their numbers."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Direction, Status, TimeLimit, Unit

FROM = date(2014, 2, 1)

GP_T29 = TimeLimit(
    key="GP-T29",
    says="谈判文件发出→首次响应截止",
    basis=(Citation("政府采购非招标采购方式管理办法", "第二十九条"),),
    starts="negotiation.document_issued",
    length=3,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)
GP_T30 = TimeLimit(
    key="GP-T30",
    says="谈判文件澄清",
    basis=(Citation("政府采购非招标采购方式管理办法", "第二十九条"),),
    starts="response.deadline",
    length=3,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
GP_T31 = TimeLimit(
    key="GP-T31",
    says="询价通知书发出→响应截止",
    basis=(Citation("政府采购非招标采购方式管理办法", "第四十五条"),),
    starts="inquiry.notice_issued",
    length=3,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)
GP_T32 = TimeLimit(
    key="GP-T32",
    says="询价澄清",
    basis=(Citation("政府采购非招标采购方式管理办法", "第四十五条"),),
    starts="response.deadline",
    length=3,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    in_force_from=FROM,
)
GP_T33 = TimeLimit(
    key="GP-T33",
    says="磋商文件发出→首次响应截止",
    basis=(Citation("财库〔2014〕214号", "第十条"),),
    starts="consultation.document_issued",
    length=10,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=date(2014, 12, 31),
)
GP_T34 = TimeLimit(
    key="GP-T34",
    says="磋商文件发售期",
    basis=(Citation("财库〔2014〕214号", "第十条"),),
    starts="consultation.document_issued",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    status=Status.MEMORY,
    in_force_from=date(2014, 12, 31),
)
GP_T35 = TimeLimit(
    key="GP-T35",
    says="磋商文件澄清",
    basis=(Citation("财库〔2014〕214号", "第十条"),),
    starts="response.deadline",
    length=5,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    direction=Direction.BEFORE,
    status=Status.MEMORY,
    in_force_from=date(2014, 12, 31),
)
GP_T37 = TimeLimit(
    key="GP-T37",
    says="单一来源异议补充论证",
    basis=(Citation("政府采购非招标采购方式管理办法", "第四十条"),),
    starts="single_source.publicity_ended",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)

LIMITS = (
    GP_T29,
    GP_T30,
    GP_T31,
    GP_T32,
    GP_T33,
    GP_T34,
    GP_T35,
    GP_T37,
)

"""《中华人民共和国政府采购法实施条例》: its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, TimeLimit, Unit

FROM = date(2015, 3, 1)

DEPOSIT_OF_LOSERS = TimeLimit(
    key="GP-T15",
    says="退还未中标供应商的保证金",
    basis=(Citation("政府采购法实施条例", "第三十三条"),),
    starts="letter.sent",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
RESULT_ANNOUNCED = TimeLimit(
    key="GP-T10",
    says="公告结果并同时发出通知书",
    basis=(
        Citation("政府采购法实施条例", "第四十三条"),
        Citation("政府采购货物和服务招标投标管理办法", "第六十九条"),
    ),
    starts="winner.determined",
    length=2,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
CONTRACT_PUBLISHED = TimeLimit(
    key="GP-T13",
    says="合同公告",
    basis=(Citation("政府采购法实施条例", "第五十条"),),
    starts="contract.signed",
    length=2,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
QUESTION_ANSWER = TimeLimit(
    key="GP-T19",
    says="答复询问",
    basis=(Citation("政府采购法实施条例", "第五十二条"),),
    starts="question.received",
    length=3,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T06 = TimeLimit(
    key="GP-T06",
    says="提交资格预审申请文件时间",
    basis=(Citation("政府采购法实施条例", "第二十一条"),),
    starts="prequalification.published",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)
GP_T36 = TimeLimit(
    key="GP-T36",
    says="单一来源公示（达到公开招标数额、唯一供应商）",
    basis=(
        Citation("政府采购法实施条例", "第三十八条"),
        Citation("政府采购非招标采购方式管理办法", "第三十八条"),
    ),
    starts="single_source.published",
    length=5,
    unit=Unit.WORKDAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)

LIMITS = (
    DEPOSIT_OF_LOSERS,
    RESULT_ANNOUNCED,
    CONTRACT_PUBLISHED,
    QUESTION_ANSWER,
    GP_T06,
    GP_T36,
)

"""《中华人民共和国政府采购法》(2014年修正): its limits in the order of its articles."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Roll, TimeLimit, Unit

FROM = date(2014, 8, 31)

TIME_TO_BID = TimeLimit(
    key="GP-T03",
    says="货物和服务招标: 招标文件开始发出至投标截止",
    basis=(Citation("政府采购法", "第三十五条"),),
    starts="document.issued",
    length=20,
    unit=Unit.DAY,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)
CONTRACT = TimeLimit(
    key="GP-T12",
    says="签订政府采购合同",
    basis=(
        Citation("政府采购法", "第四十六条"),
        Citation("政府采购货物和服务招标投标管理办法", "第七十一条"),
    ),
    starts="letter.sent",
    length=30,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.STATUTORY,
    in_force_from=FROM,
)
CONTRACT_FILED = TimeLimit(
    key="GP-T14",
    says="合同副本报财政部门和有关部门备案",
    basis=(Citation("政府采购法", "第四十七条"),),
    starts="contract.signed",
    length=7,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
CHALLENGE = TimeLimit(
    key="GP-T20",
    says="提出质疑",
    basis=(Citation("政府采购法", "第五十二条"),),
    starts="harm.known",
    length=7,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
CHALLENGE_ANSWER = TimeLimit(
    key="GP-T21",
    says="答复质疑",
    basis=(Citation("政府采购法", "第五十三条"),),
    starts="challenge.received",
    length=7,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
COMPLAINT = TimeLimit(
    key="GP-T22",
    says="向财政部门投诉",
    basis=(Citation("政府采购法", "第五十五条"),),
    starts="challenge.answer_due",
    length=15,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T27 = TimeLimit(
    key="GP-T27",
    says="投诉处理决定",
    basis=(
        Citation("政府采购法", "第五十六条"),
        Citation("政府采购质疑和投诉办法", "第二十六条"),
        Citation("政府采购质疑和投诉办法", "第二十七条"),
    ),
    starts="complaint.received",
    length=30,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    in_force_from=FROM,
)
GP_T28 = TimeLimit(
    key="GP-T28",
    says="暂停采购活动最长",
    basis=(
        Citation("政府采购法", "第五十七条"),
        Citation("政府采购质疑和投诉办法", "第二十八条"),
    ),
    starts="suspension.notified",
    length=30,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.STATUTORY,
    in_force_from=FROM,
)
GP_T46 = TimeLimit(
    key="GP-T46",
    says="采购文件保存",
    basis=(Citation("政府采购法", "第四十二条"),),
    starts="procurement.ended",
    length=15,
    unit=Unit.YEAR,
    bound=Bound.AT_LEAST,
    in_force_from=FROM,
)

LIMITS = (
    TIME_TO_BID,
    CONTRACT,
    CONTRACT_FILED,
    CHALLENGE,
    CHALLENGE_ANSWER,
    COMPLAINT,
    GP_T27,
    GP_T28,
    GP_T46,
)

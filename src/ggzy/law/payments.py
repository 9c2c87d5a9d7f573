"""《保障中小企业款项支付条例》: its limits in the order of their numbers."""

from datetime import date

from ggzy.kernel.refusals import Citation
from ggzy.law.limits import Bound, Roll, TimeLimit, Unit

FROM = date(2025, 6, 1)

PY_T01 = TimeLimit(
    key="PY-T01",
    says="机关事业单位支付中小企业款项",
    basis=(
        Citation("保障中小企业款项支付条例", "第九条"),
        Citation("保障中小企业款项支付条例", "第十条"),
    ),
    starts="work.delivered",
    length=30,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)
PY_T02 = TimeLimit(
    key="PY-T02",
    says="大型企业支付中小企业款项",
    basis=(Citation("保障中小企业款项支付条例", "第九条"),),
    starts="work.delivered",
    length=60,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)
PY_T03 = TimeLimit(
    key="PY-T03",
    says="应收账款确权",
    basis=(Citation("保障中小企业款项支付条例", "第十六条"),),
    starts="confirmation.asked",
    length=30,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)
PY_T04 = TimeLimit(
    key="PY-T04",
    says="逾期利息：有约定≥合同订立时1年期LPR；未约定 日万分之五",
    basis=(Citation("保障中小企业款项支付条例", "第十七条"),),
    starts="payment.overdue",
    length=0,
    unit=Unit.DAY,
    bound=Bound.AT,
    in_force_from=FROM,
)
PY_T05 = TimeLimit(
    key="PY-T05",
    says="拖欠投诉：转交10工作日；处理30日，最长90日",
    basis=(Citation("保障中小企业款项支付条例", "第二十五条"),),
    starts="payment_complaint.received",
    length=30,
    unit=Unit.DAY,
    bound=Bound.NO_LATER_THAN,
    roll=Roll.REST_DAY,
    in_force_from=FROM,
)

LIMITS = (
    PY_T01,
    PY_T02,
    PY_T03,
    PY_T04,
    PY_T05,
)

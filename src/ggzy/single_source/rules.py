"""Whether buying from one supplier is lawful, by which way it goes, until when it is open to objections. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.refusals import BadInput, Citation, Refusal
from ggzy.law.limits import Count, TimeLimit, runs_out

GROUNDS = Citation("政府采购法", "第三十一条")
_WAYS = "政府采购非招标采购方式管理办法"
#: 添购资金总额不超过原合同采购金额的百分之十
ADDITION_SHARE = Decimal("0.10")
MOST_EXPERTS = 15


class Ground(StrEnum):
    """The three cases in which the law allows buying from one supplier."""

    ONLY = "only"
    URGENT = "urgent"
    ADDITION = "addition"

    @property
    def label(self) -> str:
        """Return the words of the statute."""
        return {
            "only": "只能从唯一供应商处采购",
            "urgent": "发生了不可预见的紧急情况, 不能从其他供应商处采购",
            "addition": "必须保证原有采购项目一致性或者服务配套的要求, 继续从原供应商处添购",
        }[self.value]


class Ending(StrEnum):
    """The three cases in which the purchase must be ended (74号令第四十三条)."""

    CHANGED = "changed"
    UNLAWFUL = "unlawful"
    OVER_BUDGET = "over_budget"

    @property
    def label(self) -> str:
        """Return the words of the clause."""
        return {
            "changed": "因情况变化, 不再符合规定的单一来源采购方式适用情形",
            "unlawful": "出现影响采购公正的违法、违规行为",
            "over_budget": "报价超过采购预算",
        }[self.value]


class Way(StrEnum):
    """How an argued purchase goes on; the values are the codes of the moves."""

    PUBLICITY = "publish_publicity"
    APPROVAL = "ask_approval"
    NEGOTIATE = "negotiate_directly"


class AdditionTooLarge(Refusal):
    """What is added comes to more than a tenth of the first contract."""

    code = "single_source.addition_too_large"
    basis = GROUNDS


class PublicityTooShort(Refusal):
    """A publicity of fewer working days than the law demands."""

    code = "single_source.publicity_too_short"
    basis = Citation(_WAYS, "第三十八条")


class OverBudget(Refusal):
    """A price over the budget cannot be agreed on."""

    code = "single_source.over_budget"
    basis = Citation(_WAYS, "第四十三条")


class NotAllSigned(Refusal):
    """Somebody of the record has neither signed nor been noted as refusing."""

    code = "single_source.not_all_signed"
    basis = Citation(_WAYS, "第四十二条")


def way_of(ground: Ground, *, budget: Decimal, threshold: Decimal) -> Way:
    """Return how a purchase goes on.

    Below the threshold of open tendering it is negotiated at once. From there on the finance department must approve
    (政府采购法27), after a publicity where there is said to be one supplier only (条例38).
    """
    if budget < threshold:
        return Way.NEGOTIATE
    return Way.PUBLICITY if ground is Ground.ONLY else Way.APPROVAL


def most_addition(first_price: Decimal, *, added_before: Decimal) -> Decimal:
    """Return in 元 what may still be added to a first contract of this price: a tenth less what was added before."""
    return (first_price * ADDITION_SHARE - added_before).quantize(Decimal("0.01"))


def require_addition(budget: Decimal, *, first_price: Decimal, added_before: Decimal) -> None:
    """Let an addition pass that, with those before it, is at most a tenth of the first contract.

    :raises AdditionTooLarge: it is more
    """
    most = most_addition(first_price, added_before=added_before)
    if budget > most:
        before = f", 此前已添购{added_before}元" if added_before else ""
        raise AdditionTooLarge(
            f"添购资金总额不得超过原合同采购金额的10%: 原合同{first_price}元{before}, 本次最多{max(most, Decimal(0))}元, "
            f"现为{budget}元。超出的请按其他采购方式办理",
            field="budget",
        )


def publicity_ends(limit: TimeLimit, *, started: datetime, workdays: int, calendar: WorkCalendar) -> Count:
    """Return when a publicity of so many working days is over, an exclusive end; the first day is not counted.

    :raises PublicityTooShort: fewer than the limit (GP-T36)
    """
    if workdays < limit.length:
        raise PublicityTooShort(
            f"单一来源公示不得少于{limit.length}个工作日, 现为{workdays}个工作日", field="workdays"
        )
    return runs_out(replace(limit, length=workdays), started=started, calendar=calendar)


_EXPERT = (
    ("name", "姓名", 40),
    ("unit", "工作单位", 100),
    ("title", "职称", 60),
    ("opinion", "论证意见", 2000),
)


def opinions(
    rows: Iterable[Mapping[str, Any]], *, partial_to: Sequence[str], needed: bool
) -> list[dict[str, str]]:
    """Return the opinions of professionals, each with name, unit, title and whether it is signed on paper.

    :param partial_to: organisations whose people may not argue for it (the buyer and the supplier)
    :raises BadInput: something of one is missing, it is said twice, or it comes from the buyer's or supplier's own people
    """
    out: list[dict[str, str]] = []
    for number, row in enumerate(rows, 1):
        given = {key: str(row.get(key, "")).strip() for key, _, _ in _EXPERT}
        if not any(given.values()):
            continue
        for key, says, most in _EXPERT:
            if not given[key] or len(given[key]) > most:
                raise BadInput(f"请填写第{number}名专业人员的{says}(不超过{most}字)", field="experts")
        if given["unit"] in partial_to:
            raise BadInput(
                f"第{number}名专业人员是{given['unit']}的人员, 不能作论证; 请另请没有直接利害关系的专业人员",
                field="experts",
            )
        if any((o["name"], o["unit"]) == (given["name"], given["unit"]) for o in out):
            raise BadInput(f"第{number}名专业人员已经填写过", field="experts")
        signed = row.get("kept") == "signed"
        out.append(given | {"kept": "signed" if signed else "stated"})
    if len(out) > MOST_EXPERTS:
        raise BadInput(f"专业人员最多{MOST_EXPERTS}名", field="experts")
    if needed and not out:
        raise BadInput(
            "请写明专业人员对供应商唯一性的论证意见及其姓名、工作单位和职称(74号令第三十九条)",
            field="experts",
        )
    return out


def require_within_budget(price: Decimal, *, budget: Decimal) -> None:
    """Let a price pass that is positive and within the budget.

    :raises BadInput: none
    :raises OverBudget: more than the budget
    """
    if price <= 0:
        raise BadInput("成交价格应大于0", field="price")
    if price > budget:
        raise OverBudget(
            f"价格{price}元超过采购预算{budget}元: 请继续协商; 供应商不再降价的, 应当终止采购活动",
            field="price",
        )


class Standing(StrEnum):
    """What somebody of the negotiation did with the record."""

    WAITING = "waiting"
    AGREED = "agreed"
    DIFFERS = "differs"
    #: refused to sign and wrote no reason: counts as agreeing (74号令第四十二条)
    SILENT = "silent"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "waiting": "待签名",
            "agreed": "已签名认可",
            "differs": "已签署不同意见",
            "silent": "拒绝签名又未书面说明, 视为同意",
        }[self.value]


@dataclass(frozen=True)
class Voice:
    """One person of the record: of the supplier, or of the buyer's side; and what became of the signature."""

    supplier: bool
    standing: Standing


def require_signed(voices: Sequence[Voice]) -> None:
    """Let a record stand that its people have signed.

    The supplier must have agreed: a price is agreed on by two. Of the buyer's people at least one has signed, and
    nobody is left out.

    :raises NotAllSigned: somebody is waited for
    """
    if not any(v.supplier and v.standing is Standing.AGREED for v in voices):
        raise NotAllSigned("供应商还没有签名认可协商情况记录")
    own = [v for v in voices if not v.supplier]
    if any(v.standing is Standing.WAITING for v in own):
        raise NotAllSigned(
            "协商情况记录应当由采购全体人员签名: 还有人没有签名, 也没有登记拒绝签名", field="members"
        )
    if not any(v.standing in {Standing.AGREED, Standing.DIFFERS} for v in own):
        raise NotAllSigned("采购人员无一人签名, 协商情况记录不能生效", field="members")

"""Judgements on a contract: its performance bond, and when work may start. Pure."""

from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

from ggzy.kernel.money import CENT
from ggzy.kernel.refusals import BadInput, Citation, Refusal
from ggzy.law.limits import beijing_date

BOND_SHARE = Decimal("0.10")


class BondTooHigh(Refusal):
    """A performance bond beyond its legal share."""

    code = "contracting.bond_too_high"
    basis = Citation("招标投标法实施条例", "第五十八条")


def most_bond(price: Decimal) -> Decimal:
    """Return the highest lawful performance bond for a contract price, in 元: 10 %, rounded down to the cent."""
    return (price * BOND_SHARE).quantize(CENT, ROUND_DOWN)


def require_lawful_bond(amount: Decimal, *, price: Decimal) -> None:
    """Let a performance bond pass that is within the law; none at all is lawful.

    :raises BadInput: negative
    :raises BondTooHigh: more than 10 % of the contract price
    """
    if amount < 0:
        raise BadInput("履约保证金不能为负数; 不收取的填0", field="bond")
    if amount > most_bond(price):
        raise BondTooHigh(
            f"履约保证金不得超过中标合同金额的10%, 本合同最高为{most_bond(price)}元, 现为{amount}元",
            field="bond",
        )


def require_start(starts_on: date, *, signed_at: datetime) -> None:
    """Let a start of the work pass that is not before the contract.

    :raises BadInput: before the day the contract was signed
    """
    if starts_on < beijing_date(signed_at):
        raise BadInput("开工日期不能早于合同签订之日", field="starts_on")

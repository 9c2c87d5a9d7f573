"""Judgements on bid deposits: what a payment counts for, from when it goes back, with how much interest, what may be kept.

Pure. RULEBOOK 1.7 X_DEPOSIT and X_EGUARANTEE, 7.1; 条例26、31、35、57、74; 87号令23、29、38.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from ggzy.kernel.money import CENT
from ggzy.kernel.refusals import Citation, Refusal
from ggzy.law.families import family

ZERO = Decimal("0.00")
#: a hold is looked at again after at most this long (RULEBOOK 7.1)
LONGEST_HOLD = timedelta(days=30)
#: money that could not be returned for this long is listed as dormant
DORMANT = timedelta(days=30)
#: a guarantee outlasts the validity of the bid by this much (RULEBOOK 4.5)
GUARANTEE_AFTER_VALIDITY = timedelta(days=28)
DAYS_OF_A_YEAR = 360


class Form(StrEnum):
    """How a bidder secures its bid; the tender file says which it may choose from."""

    TRANSFER = "transfer"
    GUARANTEE = "guarantee"
    INSURANCE = "insurance"
    COMMITMENT = "commitment"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "transfer": "银行转账",
            "guarantee": "保函",
            "insurance": "保证保险",
            "commitment": "信用承诺",
        }[self.value]


class State(StrEnum):
    """Where a deposit stands (X_DEPOSIT). Held is no state: a hold stands beside it."""

    ASKED = "asked"
    ISSUED = "issued"
    SHORT = "short"
    DOUBTFUL = "doubtful"
    MATCHED = "matched"
    REFUNDING = "refunding"
    FAILED_PAY = "failed_pay"
    REFUNDED = "refunded"
    FORFEITED = "forfeited"
    ENDED = "ended"
    CONVERTED = "converted"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "asked": "正在向银行申请账号",
            "issued": "等待到账",
            "short": "金额不足",
            "doubtful": "已到账, 待认定",
            "matched": "已提交",
            "refunding": "正在退还",
            "failed_pay": "退还失败, 待核对账户",
            "refunded": "已退还",
            "forfeited": "不予退还",
            "ended": "已结束",
            "converted": "已转为履约保证金",
        }[self.value]

    @property
    def final(self) -> bool:
        """Say whether nothing more is expected of it."""
        return self in {State.REFUNDED, State.FORFEITED, State.ENDED, State.CONVERTED}


class Standing(StrEnum):
    """How a bidder stands when its deposit is looked at."""

    WITHDRAWN = "withdrawn"
    NO_BID = "no_bid"
    NOT_OPENED = "not_opened"
    LEFT = "left"
    NOT_CANDIDATE = "not_candidate"
    CANDIDATE = "candidate"
    WINNER = "winner"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "withdrawn": "截止前撤回投标",
            "no_bid": "截止时没有投标",
            "not_opened": "流标未开启",
            "left": "提交最后报价前退出",
            "not_candidate": "非中标候选人",
            "candidate": "中标候选人(未中标)",
            "winner": "中标人",
            "refused": "放弃或被取消中标(依法不予退还)",
        }[self.value]

    def said_in(self, procedure_code: str) -> str:
        """Return them in the words of a procedure: who wins talks is 成交供应商, who may sign a framework 入围供应商."""
        return family(procedure_code).in_words(self.label)


@dataclass(frozen=True, kw_only=True)
class LotFacts:
    """The moments of a round that free deposits; None has not happened."""

    withdrawal_received_at: datetime | None = None
    left_at: datetime | None = None
    closed_at: datetime | None = None
    failed_at: datetime | None = None
    publicity_ended_at: datetime | None = None
    result_published_at: datetime | None = None
    contract_signed_at: datetime | None = None


def refundable_from(standing: Standing, facts: LotFacts) -> datetime | None:
    """Return the moment from which this deposit must go back, or None if it must still be held.

    Non-candidates need not wait for the contract: they are free once publicity has ended.
    """
    due = _by_standing(standing, facts)
    if standing is Standing.REFUSED:
        return None  # 条例74: a failure that follows does not free what was lost before it
    if standing is Standing.WITHDRAWN or facts.failed_at is None:
        return due
    # a failure frees everybody, but never puts off what was owed before it
    return min(due, facts.failed_at) if due is not None else facts.failed_at


def _by_standing(standing: Standing, facts: LotFacts) -> datetime | None:
    match standing:
        case Standing.WITHDRAWN:
            return facts.withdrawal_received_at
        case Standing.NO_BID:
            return facts.closed_at
        case Standing.NOT_OPENED:
            return facts.failed_at
        case Standing.LEFT:
            return facts.left_at
        case Standing.NOT_CANDIDATE:
            return facts.publicity_ended_at
        case Standing.CANDIDATE:
            return facts.result_published_at
        case Standing.WINNER:
            return facts.contract_signed_at
        case Standing.REFUSED:
            return None


def latest_limit(standing: Standing, *, scope: str, failed: bool) -> str:
    """Return the key of the limit that says by when the law wants a deposit back, "" where it says only 及时.

    It begins at the moment that frees the deposit; where that is earlier than the law's own beginning, so is the end.
    """
    if scope == "GP":
        if failed:
            return "GP-T18"
        return {Standing.WITHDRAWN: "GP-T17", Standing.WINNER: "GP-T16"}.get(standing, "GP-T15")
    if failed or standing is Standing.NOT_OPENED:
        return ""
    return "GC-T10" if standing is Standing.WITHDRAWN else "GC-T17"


# -- what a payment counts for ------------------------------------------------------------------------------------------


class Reason(StrEnum):
    """What is wrong with a payment."""

    LATE = "late"
    OVER = "over"
    CLOSED = "closed"
    OTHER_PAYER = "other_payer"
    NO_ACCOUNT = "no_account"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "late": "投标截止后到账",
            "over": "超出应交金额",
            "closed": "该账号已经结束使用",
            "other_payer": "不是从登记的基本账户转出",
            "no_account": "没有对应的子账号",
        }[self.value]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A payment in three parts that sum to it: what counts, what people must judge, what goes back at once."""

    counts: Decimal = ZERO
    doubtful: Decimal = ZERO
    returns: Decimal = ZERO
    reason: Reason | None = None


def judge_payment(
    amount: Decimal,
    *,
    credited_at: datetime,
    deadline: datetime,
    required: Decimal,
    counted: Decimal,
    open_: bool,
    payer_agrees: bool,
) -> Judgement:
    """Say what a payment into a sub-account counts for. The bank's own value moment decides, not when its word came.

    Money from another account is kept and shown to whoever judges the bids: the platform rejects nobody by itself
    (X_DEPOSIT EXCEPTION; 条例26). What is late or too much has no use and goes back at once.
    """
    if not open_:
        return Judgement(returns=amount, reason=Reason.CLOSED)
    if credited_at >= deadline:
        return Judgement(returns=amount, reason=Reason.LATE)
    if not payer_agrees:
        return Judgement(doubtful=amount, reason=Reason.OTHER_PAYER)
    counts = min(amount, max(required - counted, ZERO))
    over = amount - counts
    return Judgement(counts=counts, returns=over, reason=Reason.OVER if over else None)


def state_with(*, required: Decimal, counted: Decimal, doubtful: Decimal) -> State:
    """Return where a deposit stands by the money that is there."""
    if counted >= required:
        return State.MATCHED
    if doubtful:
        return State.DOUBTFUL
    return State.SHORT if counted else State.ISSUED


def same_payer(*, name: str, account: str, as_name: str, as_account: str) -> bool:
    """Say whether a payment came from the registered account: the same number and the same name, spaces aside."""
    return _plain(account) == _plain(as_account) and _plain(name) == _plain(as_name)


def _plain(text: str) -> str:
    return "".join(text.split()).replace("（", "(").replace("）", ")")


# -- interest -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class InterestLine:
    """One stretch at one rate: principal × rate × days / 360, not rounded."""

    principal: Decimal
    since: date
    until: date
    days: int
    rate: Decimal
    interest: Decimal


@dataclass(frozen=True, kw_only=True)
class InterestSheet:
    """How an interest was computed, and its amount, rounded half up once at the end."""

    lines: tuple[InterestLine, ...]
    amount: Decimal


Rates = Mapping[date, Decimal]


def interest(parts: Iterable[tuple[Decimal, date]], *, until: date, rates: Rates) -> InterestSheet:
    """Return the demand interest of money that lay in the bank, each part since its day.

    Simple interest, a year of 360 days; the first day counts, the day of the refund does not. `rates` are yearly, by
    the day from which each holds; a change on the way splits the time. Before the first rate nothing is earned.
    """
    steps = sorted(rates.items())
    lines = []
    for principal, since in parts:
        for number, (begins, rate) in enumerate(steps):
            ends = steps[number + 1][0] if number + 1 < len(steps) else date.max
            first, last = max(since, begins), min(until, ends)
            days = (last - first).days
            if days > 0 and principal:
                raw = principal * rate * days / DAYS_OF_A_YEAR
                lines.append(
                    InterestLine(
                        principal=principal, since=first, until=last, days=days, rate=rate, interest=raw
                    )
                )
    total = sum((line.interest for line in lines), Decimal(0))
    return InterestSheet(lines=tuple(lines), amount=total.quantize(CENT, ROUND_HALF_UP))


def overdue(principal: Decimal, *, days: int, benchmark: Decimal) -> Decimal:
    """Return what a buyer owes for returning late: the benchmark rate and a fifth on top, for each day (87号令38)."""
    raw = principal * benchmark * Decimal("1.2") * max(days, 0) / DAYS_OF_A_YEAR
    return raw.quantize(CENT, ROUND_HALF_UP)


# -- what may be kept ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A ground of the law on which a deposit may be kept, and whether the law leaves it to the owner (可以)."""

    code: str
    label: str
    clause: Citation


_REGULATION = "招标投标法实施条例"
_PROCUREMENT = "政府采购货物和服务招标投标管理办法"
GROUNDS: Mapping[str, tuple[Ground, ...]] = {
    "GC": (
        Ground(
            code="revoked",
            label="投标截止后撤销投标文件",
            clause=Citation(_REGULATION, "第三十五条"),
        ),
        Ground(
            code="award_ended",
            label="中标人无正当理由不订立合同, 签订时提出附加条件, 或者不按要求提交履约保证金",
            clause=Citation(_REGULATION, "第七十四条"),
        ),
    ),
    "GP": (
        Ground(
            code="revoked",
            label="投标有效期内撤销投标文件",
            clause=Citation(_PROCUREMENT, "第二十三条"),
        ),
    ),
}


class NoGround(Refusal):
    """The facts in the platform do not carry the ground on which a deposit is to be kept."""

    code = "deposits.no_ground"


class OnePersonOnly(Refusal):
    """Who proposed to keep a deposit wants to decide it as well."""

    code = "deposits.second_person_needed"


class HoldTooLong(Refusal):
    """A hold without an end, or with one that is too far away."""

    code = "deposits.hold_too_long"


class NotFree(Refusal):
    """The deposit cannot be touched as it stands."""

    code = "deposits.not_in_this_state"


def require_ground(code: str, *, scope: str, facts: Iterable[str]) -> Ground:
    """Return a ground of the law that the round's own facts carry.

    :raises NoGround: no such ground in this family, or nothing has happened that would carry it
    """
    known = {ground.code: ground for ground in GROUNDS.get(scope, ())}
    if code not in known:
        raise NoGround("法律没有规定这种不予退还的情形; 不得自行增加不予退还投标保证金的情形")
    if code not in set(facts):
        raise NoGround(
            f"平台记录中没有“{known[code].label}”的事实, 不能以此为由不予退还; 应当先办理认定该事实的手续",
            basis=known[code].clause,
        )
    return known[code]


def require_second_person(*, proposed_by: int, decided_by: int) -> None:
    """Let a second person of the tenderee decide.

    :raises OnePersonOnly: it is the first one
    """
    if proposed_by == decided_by:
        raise OnePersonOnly("不予退还由一人提出, 另一人确认: 您是提出人, 请本单位另一名经办人登录办理")


def require_review_date(review_on: date, *, today: date) -> None:
    """Let a hold stand until it is reviewed.

    :raises HoldTooLong: the day is past, today, or more than 30 days ahead
    """
    if not today < review_on <= today + LONGEST_HOLD:
        last = today + LONGEST_HOLD
        raise HoldTooLong(
            f"复查日期应在明天至{last:%Y年%m月%d日}之间(30日内); 到期仍需暂缓的, 写明理由再次办理",
            field="review_on",
        )


# -- guarantees ---------------------------------------------------------------------------------------------------------


class GuaranteeState(StrEnum):
    """Where a letter of guarantee stands (X_EGUARANTEE)."""

    REVIEW = "review"
    REJECTED = "rejected"
    QUOTED = "quoted"
    ISSUING = "issuing"
    LODGED = "lodged"
    CLAIMED = "claimed"
    PAID_OUT = "paid_out"
    RELEASED = "released"
    SURRENDERED = "surrendered"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "review": "等待机构审核",
            "rejected": "机构未通过",
            "quoted": "等待投标人确认费用",
            "issuing": "等待机构出函",
            "lodged": "已出函并提交",
            "claimed": "索赔中",
            "paid_out": "已赔付",
            "released": "已解除",
            "surrendered": "投标人已撤回",
        }[self.value]


#: event → from which states it leads where
GUARANTEE_MOVES: Mapping[str, tuple[frozenset[GuaranteeState], GuaranteeState]] = {
    "quote": (frozenset({GuaranteeState.REVIEW}), GuaranteeState.QUOTED),
    "reject": (frozenset({GuaranteeState.REVIEW, GuaranteeState.ISSUING}), GuaranteeState.REJECTED),
    "accept": (frozenset({GuaranteeState.QUOTED}), GuaranteeState.ISSUING),
    "issue": (frozenset({GuaranteeState.ISSUING}), GuaranteeState.LODGED),
    "surrender": (
        frozenset(
            {GuaranteeState.REVIEW, GuaranteeState.QUOTED, GuaranteeState.ISSUING, GuaranteeState.LODGED}
        ),
        GuaranteeState.SURRENDERED,
    ),
    "claim": (frozenset({GuaranteeState.LODGED}), GuaranteeState.CLAIMED),
    "pay_out": (frozenset({GuaranteeState.CLAIMED}), GuaranteeState.PAID_OUT),
    "refuse_claim": (frozenset({GuaranteeState.CLAIMED}), GuaranteeState.LODGED),
    "release": (frozenset({GuaranteeState.LODGED}), GuaranteeState.RELEASED),
}


class GuaranteeElsewhere(Refusal):
    """The letter of guarantee does not stand where this could be done."""

    code = "deposits.guarantee_not_in_this_state"


def guarantee_after(state: str, event: str) -> GuaranteeState:
    """Return where an event leads a letter of guarantee.

    :raises GuaranteeElsewhere: not from where it stands
    """
    sources, target = GUARANTEE_MOVES[event]
    if GuaranteeState(state) not in sources:
        raise GuaranteeElsewhere(
            f"保函现在是“{GuaranteeState(state).label}”, 此步骤已经办理或尚未轮到, 请刷新查看"
        )
    return target


# -- reconciling --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One line of a bank statement, or of our own book: a reference, and an amount into (+) or out of (−) the bank."""

    reference: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where bank and book disagree: in an amount, or one of them does not know of it (None)."""

    reference: str
    ours: Decimal | None
    theirs: Decimal | None


def differences(ours: Sequence[Movement], theirs: Sequence[Movement]) -> list[Difference]:
    """Return where a book and a bank statement of the same time disagree, by reference; [] where nowhere.

    A reference that stands twice on one side is summed: a payment that was booked twice is a wrong amount.
    """
    book, bank = _sums(ours), _sums(theirs)
    return [
        Difference(reference=reference, ours=book.get(reference), theirs=bank.get(reference))
        for reference in sorted({*book, *bank})
        if book.get(reference) != bank.get(reference)
    ]


def _sums(rows: Sequence[Movement]) -> dict[str, Decimal]:
    out: dict[str, Decimal] = {}
    for row in rows:
        out[row.reference] = out.get(row.reference, ZERO) + row.amount
    # an order of interest alone moves nothing of what lies there
    return {reference: amount for reference, amount in out.items() if amount}

"""Judgements on a tender before bids: may it be published, how its clocks lie, what a deposit may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.money import CENT
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.law.families import GC, GP, Family
from ggzy.law.limits import BEIJING, Bound, Direction, TimeLimit, earliest_moment, latest_before, runs_out
from ggzy.tendering.document import Method, Subject, TenderDocument

DEPOSIT_SHARE = GC.deposit_share
#: from which budget, in 元, a government procurement has seven members or more (87号令第四十七条)
LARGE_BUDGET, LARGE_COMMITTEE = Decimal(10_000_000), 7
DEPOSIT_CAP = Decimal(800_000)


class DeadlineTooEarly(Refusal):
    """The law gives bidders more time."""

    code = "tendering.deadline_too_early"


class DepositTooHigh(Refusal):
    """A bid deposit beyond the legal share."""

    code = "tendering.deposit_too_high"


class CommitteeUnlawful(Refusal):
    """Too small, even, or with too many representatives of the tenderee."""

    code = "tendering.committee_unlawful"


def require_lawful_document(
    document: TenderDocument, *, budgets: Sequence[Decimal], family: Family = GC
) -> None:
    """Let a document pass whose numbers the law allows.

    :raises BadInput: members score where the lowest price decides
    :raises DepositTooHigh: more than 2 % of the estimate
    :raises CommitteeUnlawful: not an odd number of 5 or more (of 3 in an inquiry, of 7 or more for a large government
        procurement), or experts under two thirds
    """
    if document.method is Method.COMPREHENSIVE and not family.scored:
        raise BadInput(
            f"{family.label}按质量和服务均能满足且报价最低的原则确定{family.winner}, 请选用最低评标价法",
            field="method",
        )
    most = (min(budgets) * family.deposit_share).quantize(CENT, ROUND_DOWN)
    if document.deposit > most:
        what = "招标项目估算价" if family.code == "GC" else "采购项目预算金额"
        raise DepositTooHigh(
            f"投标保证金不得超过{what}的2%, 本项目最高为{most}元, 现为{document.deposit}元",
            basis=family.deposit_basis,
        )
    size, owners = document.committee_size, document.owner_representatives
    if size < family.least_committee or size % 2 == 0:
        raise CommitteeUnlawful(
            f"{family.committee}应为{family.least_committee}人以上单数, 现为{size}人",
            basis=family.committee_basis,
        )
    if family is GP and max(budgets) >= LARGE_BUDGET and size < LARGE_COMMITTEE:
        raise CommitteeUnlawful(
            f"采购预算金额在1000万元以上的, 评标委员会应为7人以上单数, 现为{size}人",
            basis=family.committee_basis,
        )
    if 3 * (size - owners) < 2 * size:
        raise CommitteeUnlawful(
            f"评审专家不得少于成员总数的三分之二, {size}人中{family.owner}代表最多{size // 3}人",
            basis=family.committee_basis,
        )


def require_ceilings(document: TenderDocument, *, ceilings: Sequence[Decimal | None]) -> None:
    """Let a document pass whose method finds in every lot what it computes with.

    :raises BadInput: the method needs a ceiling, and a lot has none
    """
    if document.scheme is None or all(ceilings):
        return
    method = document.scheme.method
    if method.value == "discount" or "ceiling" in {p.name for p in method.parameters}:
        raise BadInput(
            f"“{method.title}”用最高投标限价计算, 请先为每个标段设定限价, 或改用其他办法", field="scheme"
        )


#: share of the price in the points of a 磋商, in percent (214号第二十四条)
TALKS_PRICE_WEIGHT = {Subject.GOODS: (30, 60), Subject.SERVICES: (10, 30)}


def warnings_on(document: TenderDocument) -> list[str]:
    """Return what deserves a second look but does not block (rules known from memory)."""
    out = list(document.scheme.method.warnings) if document.scheme else []
    if document.deposit > DEPOSIT_CAP:
        out.append(f"施工项目投标保证金通常不超过80万元(30号令第三十七条, 待核), 现为{document.deposit}元")
    if document.negotiated and document.policy and document.method is Method.COMPREHENSIVE:
        least, most = TALKS_PRICE_WEIGHT[document.policy.subject]
        if not least <= document.price.weight <= most:
            out.append(
                f"竞争性磋商{document.policy.subject.label}项目的价格分值占总分值{least}%至{most}%"
                f"(财库〔2014〕214号第二十四条, 待核), 现为{document.price.weight}分"
            )
    return out


def require_time_to_bid(
    *,
    published_at: datetime,
    deadline: datetime,
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
    family: Family = GC,
) -> None:
    """Let a deadline pass that leaves bidders the statutory time.

    :raises DeadlineTooEarly: fewer days than the family's floors demand; the sentence names the earliest lawful one
    """
    for key in family.time_to_bid:
        limit = law[key]
        earliest = earliest_moment(limit, started=published_at, calendar=calendar)
        if deadline < earliest.instant and limit.may_block:
            raise DeadlineTooEarly(
                f"投标截止时间过早: 自招标文件开始发出之日起至投标截止之日{limit.length_label}, "
                f"最早可定为{earliest.instant.astimezone(BEIJING):%Y年%m月%d日}({earliest.arithmetic})",
                basis=limit.basis[0],
                field="bid_deadline",
            )


@dataclass(frozen=True, kw_only=True)
class ClockRow:
    """One statutory clock as the timeline shows it."""

    key: str
    says: str
    limit: str
    cites: str
    instant: datetime
    arithmetic: str
    provisional: bool
    kept: bool | None
    status: str


def timeline(
    *,
    published_at: datetime,
    deadline: datetime,
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
    family: Family = GC,
) -> list[ClockRow]:
    """Return the clocks of the bidding phase for a publication and a deadline, in the order of their moments.

    Also answers "what if": nothing is written, so any pair of dates may be asked.
    """
    rows = [
        _clock(law[key], started=published_at, event=deadline, calendar=calendar)
        for key in family.bidding_clocks
    ]
    return sorted(rows, key=lambda row: (row.instant, row.key))


def front_timeline(
    *,
    published_at: datetime,
    file_until: datetime,
    deadline: datetime,
    law: Mapping[str, TimeLimit],
    calendar: WorkCalendar,
    family: Family = GC,
) -> list[ClockRow]:
    """Return the clocks of a prequalification (实施条例16、17、21、22), in the order of their moments.

    The file is to be had until `file_until`; the time to apply is counted from there, in government procurement from
    the notice, up to `deadline`.
    """
    to_apply = law[family.time_to_apply]
    withdrawn = to_apply.starts == "prequalification.document_withdrawn"
    rows = [
        _clock(law[family.file_to_apply], started=published_at, event=file_until, calendar=calendar),
        _clock(
            to_apply, started=file_until if withdrawn else published_at, event=deadline, calendar=calendar
        ),
        *(
            _clock(law[key], started=published_at, event=deadline, calendar=calendar)
            for key in (family.application_amended, family.application_objected)
            if key
        ),
    ]
    return sorted(rows, key=lambda row: (row.instant, row.key))


def _clock(limit: TimeLimit, *, started: datetime, event: datetime, calendar: WorkCalendar) -> ClockRow:
    """Return one clock between two moments: before the event, at least so long until it, or from it on."""
    kept: bool | None = None
    if limit.direction is Direction.BEFORE:
        count = latest_before(limit, event=event, calendar=calendar)
    elif limit.bound is Bound.AT_LEAST:
        count = earliest_moment(limit, started=started, calendar=calendar)
        kept = event >= count.instant
    elif limit.bound is Bound.AT and limit.length:
        count = runs_out(limit, started=started, calendar=calendar)
    else:
        count = runs_out(limit, started=event, calendar=calendar)
    return ClockRow(
        key=limit.key,
        says=limit.says,
        limit=limit.length_label,
        cites=limit.cites,
        instant=count.instant,
        arithmetic=count.arithmetic if limit.length else "与投标截止为同一时刻",
        provisional=count.provisional,
        kept=kept,
        status=limit.status.value,
    )

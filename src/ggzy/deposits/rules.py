"""From which moment a bid deposit must go back (RULEBOOK 7.1; 条例31、35、57). Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """How a bidder stands when its deposit is looked at."""

    WITHDRAWN = "withdrawn"
    NOT_OPENED = "not_opened"
    NOT_CANDIDATE = "not_candidate"
    CANDIDATE = "candidate"
    WINNER = "winner"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "withdrawn": "截止前撤回投标",
            "not_opened": "流标未开启",
            "not_candidate": "非中标候选人",
            "candidate": "中标候选人(未中标)",
            "winner": "中标人",
            "refused": "放弃或被取消中标(依法不予退还)",
        }[self.value]


@dataclass(frozen=True, kw_only=True)
class LotFacts:
    """The moments of a round that free deposits; None has not happened."""

    withdrawal_received_at: datetime | None = None
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
        case Standing.NOT_OPENED:
            return facts.failed_at
        case Standing.NOT_CANDIDATE:
            return facts.publicity_ended_at
        case Standing.CANDIDATE:
            return facts.result_published_at
        case Standing.WINNER:
            return facts.contract_signed_at
        case Standing.REFUSED:
            return None

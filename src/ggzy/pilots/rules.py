"""Whether a regional basis carries a tender: its region covers the tender's, and the day lies within its dates. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from ggzy.kernel.refusals import Citation, Refusal


class NoRegionalBasis(Refusal):
    """No regional basis is in force for the tender's region: the first candidate wins, as the general rule says."""

    code = "pilots.no_regional_basis"
    basis = Citation("招标投标法实施条例", "第五十五条")


@dataclass(frozen=True, kw_only=True)
class Basis:
    """A regional text that allows separate evaluation and award: where, which article, from the first to the last day."""

    region: str
    document: str
    article: str
    since: date
    until: date | None

    @property
    def says(self) -> str:
        """Return the basis as it is cited."""
        return f"《{self.document}》{self.article}"


def covers(basis: str, region: str) -> bool:
    """Say whether a region (GB/T 2260, six digits) covers another: itself, or a part of it (370000 covers 370102)."""
    own = basis[:6]
    while own.endswith("00"):
        own = own[:-2]
    return bool(own) and region.startswith(own)


def carrying(bases: Iterable[Basis], *, region: str, on: date) -> Basis | None:
    """Return the basis in force for a region on a day, that of the smallest region first; None without one."""
    found = [
        b for b in bases if covers(b.region, region) and b.since <= on and (b.until is None or on <= b.until)
    ]
    return max(found, key=lambda b: (len(b.region.rstrip("0")), b.since), default=None)

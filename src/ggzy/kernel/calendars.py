"""The working calendar of China: officially announced days off and make-up days, year by year.

Facts from the State Council's notices for 2024, 2025 and 2026. A year that has not been announced is unknown,
not "weekends only": what touches it is marked provisional and recomputed when the year is loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True)
class WorkCalendar:
    """Days off that differ from the weekly rhythm, and the years for which they are known."""

    holidays: Mapping[date, str]
    make_up_days: frozenset[date]
    years: frozenset[int] = field(default_factory=frozenset)

    def knows(self, day: date) -> bool:
        """Say whether the day's year has been announced."""
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """Say whether people work on this day (make-up weekends count, announced days off do not)."""
        if day in self.make_up_days:
            return True
        return day.weekday() < 5 and day not in self.holidays

    def is_statutory_rest(self, day: date) -> bool:
        """Say whether the day lies inside an announced holiday block (an ordinary weekend does not)."""
        return day in self.holidays


def _block(first: str, last: str, name: str) -> dict[date, str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return {start + timedelta(days=n): name for n in range((end - start).days + 1)}


_HOLIDAYS: dict[date, str] = {
    **_block("2024-01-01", "2024-01-01", "元旦"),
    **_block("2024-02-10", "2024-02-17", "春节"),
    **_block("2024-04-04", "2024-04-06", "清明节"),
    **_block("2024-05-01", "2024-05-05", "劳动节"),
    **_block("2024-06-10", "2024-06-10", "端午节"),
    **_block("2024-09-15", "2024-09-17", "中秋节"),
    **_block("2024-10-01", "2024-10-07", "国庆节"),
    **_block("2025-01-01", "2025-01-01", "元旦"),
    **_block("2025-01-28", "2025-02-04", "春节"),
    **_block("2025-04-04", "2025-04-06", "清明节"),
    **_block("2025-05-01", "2025-05-05", "劳动节"),
    **_block("2025-05-31", "2025-06-02", "端午节"),
    **_block("2025-10-01", "2025-10-08", "国庆节、中秋节"),
    **_block("2026-01-01", "2026-01-03", "元旦"),
    **_block("2026-02-15", "2026-02-23", "春节"),
    **_block("2026-04-04", "2026-04-06", "清明节"),
    **_block("2026-05-01", "2026-05-05", "劳动节"),
    **_block("2026-06-19", "2026-06-21", "端午节"),
    **_block("2026-09-25", "2026-09-27", "中秋节"),
    **_block("2026-10-01", "2026-10-07", "国庆节"),
}
_MAKE_UP = (
    "2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12"
    " 2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11"
    " 2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10"
)

CHINA = WorkCalendar(
    holidays=_HOLIDAYS,
    make_up_days=frozenset(date.fromisoformat(day) for day in _MAKE_UP.split()),
    years=frozenset({2024, 2025, 2026}),
)

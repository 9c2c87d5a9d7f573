"""The working calendar of China: officially announced days off and make-up days, year by year.

Facts from the State Council's notices for 2024, 2025 and 2026. A year that has not been announced is unknown,
not "weekends only": what touches it is marked provisional, until a file of the year lies in the folder GGZY_CALENDARS names.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path


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

_BUILT_IN = WorkCalendar(
    holidays=_HOLIDAYS,
    make_up_days=frozenset(date.fromisoformat(day) for day in _MAKE_UP.split()),
    years=frozenset({2024, 2025, 2026}),
)


class CalendarWrong(ValueError):
    """A file of a year that cannot be right; the sentence says which and why."""


def with_years(known: WorkCalendar, folder: Path) -> WorkCalendar:
    """Return a calendar with the years that lie in a folder as `2027.json`: each the announced days of one year.

    {"year": 2027, "source": "...", "holidays": [["2027-01-01", "2027-01-03", "元旦"]], "make_up": ["2027-02-20"]}

    :raises CalendarWrong: a year that is known, a day outside its year, or a make-up day that is no weekend
    """
    for path in sorted(folder.glob("*.json")):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            year = int(raw["year"])
            blocks = [_block(first, last, str(name)) for first, last, name in raw["holidays"]]
            made_up = {date.fromisoformat(day) for day in raw["make_up"]}
        except (ValueError, KeyError, TypeError) as error:
            raise CalendarWrong(
                f"{path.name}: 应写明 year、holidays([首日, 末日, 名称])和 make_up(调休上班的日期)"
            ) from error
        days = {day: name for block in blocks for day, name in block.items()}
        if year in known.years:
            raise CalendarWrong(f"{path.name}: {year}年的安排已经有了, 不能重复载入")
        if not days or any(day.year != year for day in {*days, *made_up}):
            raise CalendarWrong(f"{path.name}: 放假和调休的日期都应在{year}年内, 且至少有一个放假日")
        if wrong := sorted(day for day in made_up if day.weekday() < 5 or day in days):
            raise CalendarWrong(f"{path.name}: {wrong[0]}不是可以调休上班的周末")
        known = WorkCalendar(
            holidays={**known.holidays, **days},
            make_up_days=known.make_up_days | made_up,
            years=known.years | {year},
        )
    return known


#: the built-in years, and those that the centre has put into a folder of its own
CHINA = with_years(_BUILT_IN, Path(os.environ.get("GGZY_CALENDARS") or "/nonexistent"))

"""The whole table: find a row by its rulebook id, and the rows in force on a day."""

from datetime import date

from ggzy.law import (
    auctions,
    construction_rules,
    electronic_tendering,
    evaluation_rules,
    land_and_mining,
    notice_rules,
    openness,
    payments,
    procurement_challenges,
    procurement_frameworks,
    procurement_innovation,
    procurement_law,
    procurement_notices,
    procurement_other_methods,
    procurement_regulation,
    procurement_tendering,
    state_property,
    tendering_law,
    tendering_regulation,
)
from ggzy.law.limits import TimeLimit

_STATUTES = (
    tendering_law,
    tendering_regulation,
    electronic_tendering,
    evaluation_rules,
    construction_rules,
    notice_rules,
    procurement_law,
    procurement_regulation,
    procurement_tendering,
    procurement_other_methods,
    procurement_challenges,
    procurement_frameworks,
    procurement_innovation,
    procurement_notices,
    payments,
    land_and_mining,
    auctions,
    state_property,
    openness,
)
ALL: tuple[TimeLimit, ...] = tuple(row for statute in _STATUTES for row in statute.LIMITS)


def in_force(on: date) -> dict[str, TimeLimit]:
    """Return the rows in force on a day, by key: what is stamped on a round when its first notice is published."""
    return {
        row.key: row
        for row in sorted(ALL, key=lambda row: row.in_force_from)
        if row.in_force_from <= on and (row.in_force_to is None or on < row.in_force_to)
    }


def limit(key: str, *, on: date) -> TimeLimit:
    """Return the row with this rulebook id that is in force on a day.

    :raises KeyError: no such row on that day (a programming error: every key used is checked by a house lint)
    """
    return in_force(on)[key]

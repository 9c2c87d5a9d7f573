"""Figures of the market, counted from what has been published and from nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.core.cache import cache
from django.db import connection

from ggzy.kernel.clock import BEIJING
from ggzy.law.families import FAMILIES
from ggzy.notices.queries import count_by_kind, kind_label

#: how long a count may be shown again, in seconds
KEPT = 60
_KEY = "ggzy.figures"
_CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a table: how many, and their sum in 元 where there is one."""

    label: str
    count: int
    amount: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The market as published."""

    counted_at: datetime
    #: rounds with a notice: how many lots were put out to tender, and their budgets
    tendered_by_month: tuple[Line, ...]
    tendered_by_scope: tuple[Line, ...]
    tendered_by_region: tuple[Line, ...]
    #: awards in force with a letter sent, and their prices
    awarded_by_month: tuple[Line, ...]
    awarded_by_scope: tuple[Line, ...]
    awarded_by_region: tuple[Line, ...]
    notices_by_kind: tuple[Line, ...]
    #: rounds whose opening record is published, and the bids in them
    opened_rounds: int
    opened_bids: int
    #: awards of lots with a ceiling price: how many, ceilings, prices
    capped_awards: int
    capped_ceiling: Decimal
    capped_price: Decimal
    #: {claimed size of the winner: awards} of the result notices that say one
    winners_by_size: tuple[Line, ...]

    @property
    def bids_a_round(self) -> Decimal | None:
        """Return how many bids an opening had on average, None before the first."""
        if not self.opened_rounds:
            return None
        return (Decimal(self.opened_bids) / self.opened_rounds).quantize(_CENT, ROUND_HALF_UP)

    @property
    def saved_percent(self) -> Decimal | None:
        """Return by how many percent prices lie below ceilings, None where nothing had a ceiling."""
        if not self.capped_ceiling:
            return None
        saved = (self.capped_ceiling - self.capped_price) * 100 / self.capped_ceiling
        return saved.quantize(_CENT, ROUND_HALF_UP)


_MONTH = "to_char({} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')"
_TENDERED = f"""
SELECT {_MONTH.format("r.published_at")}, t.scope, t.region_code, count(*), sum(l.budget)
  FROM tendering_round r JOIN tendering_lot l ON l.id = r.lot_id JOIN tendering_tender t ON t.id = l.tender_id
 WHERE r.published_at IS NOT NULL AND r.phase = 1 GROUP BY 1, 2, 3
"""  # noqa: S608 - fixed text
_AWARDED = f"""
SELECT {_MONTH.format("a.sent_at")}, t.scope, t.region_code, count(*), sum(a.price), count(l.ceiling_price),
       coalesce(sum(l.ceiling_price), 0), coalesce(sum(a.price) FILTER (WHERE l.ceiling_price IS NOT NULL), 0)
  FROM awarding_award a JOIN tendering_round r ON r.id = a.round_id
  JOIN tendering_lot l ON l.id = r.lot_id JOIN tendering_tender t ON t.id = l.tender_id
 WHERE a.sent_at IS NOT NULL AND a.ended_at IS NULL GROUP BY 1, 2, 3
"""  # noqa: S608 - fixed text
# openings that ended with a published record
_OPENED = """
SELECT count(DISTINCT s.id), count(b.id) FROM opening_openingsession s
  JOIN tendering_round r ON r.id = s.round_id AND r.phase = 1 JOIN opening_bidopening b ON b.session_id = s.id
 WHERE s.ended_at IS NOT NULL AND s.record_sha256 <> ''
"""
_SIZES = """
SELECT body ->> 'size', count(*) FROM notices_notice
 WHERE kind = 'result' AND coalesce(body ->> 'size', '') <> '' GROUP BY 1 ORDER BY 2 DESC, 1
"""


def figures(*, now: datetime) -> Figures:
    """Return the figures, counted at most a minute ago."""
    found: Figures = cache.get_or_set(_KEY, lambda: count(now=now), KEPT)
    return found


def count(*, now: datetime) -> Figures:
    """Count the figures from the published rows."""
    with connection.cursor() as cursor:

        def rows(sql: str) -> list[tuple]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        tendered, awarded = rows(_TENDERED), rows(_AWARDED)
        (opened,), sizes = rows(_OPENED), rows(_SIZES)
    kinds = sorted(count_by_kind().items(), key=lambda item: -item[1])
    return Figures(
        counted_at=now.astimezone(BEIJING),
        tendered_by_month=_by(tendered, 0),
        tendered_by_scope=_by(tendered, 1, _scope),
        tendered_by_region=_by(tendered, 2),
        awarded_by_month=_by(awarded, 0),
        awarded_by_scope=_by(awarded, 1, _scope),
        awarded_by_region=_by(awarded, 2),
        notices_by_kind=tuple(Line(label=kind_label(kind), count=n) for kind, n in kinds),
        opened_rounds=opened[0],
        opened_bids=opened[1],
        capped_awards=sum(row[5] for row in awarded),
        capped_ceiling=sum((row[6] for row in awarded), Decimal(0)),
        capped_price=sum((row[7] for row in awarded), Decimal(0)),
        winners_by_size=tuple(Line(label=size, count=n) for size, n in sizes),
    )


def _scope(code: str) -> str:
    return FAMILIES[code].label if code in FAMILIES else code


def _by(rows: list[tuple], column: int, label: Callable[[str], str] = str) -> tuple[Line, ...]:
    """Return the rows added up by one of their columns, in its order."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for row in rows:
        n, amount = sums.get(row[column], (0, Decimal(0)))
        sums[row[column]] = (n + row[3], amount + row[4])
    return tuple(Line(label=label(key), count=n, amount=a) for key, (n, a) in sorted(sums.items()))

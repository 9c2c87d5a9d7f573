"""The law that governs a round: the rows in force at its first notice, stamped on it and kept to its end."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from ggzy.kernel.refusals import Citation
from ggzy.law import table
from ggzy.law.limits import Bound, Direction, Roll, Status, TimeLimit, Unit, beijing_date
from ggzy.tendering.models import Round


def law_stamp(on: datetime, *, scope: str = "GC") -> dict[str, Any]:
    """Return the rows of a family of law in force at a moment as JSON: what is stamped on a round at its first notice."""
    return {
        key: as_json(row) for key, row in table.in_force(beijing_date(on)).items() if key.startswith(scope)
    }


def as_json(row: TimeLimit) -> dict[str, Any]:
    """Return one row as it is stamped."""
    return {
        "says": row.says,
        "length": row.length,
        "unit": row.unit.value,
        "bound": row.bound.value,
        "direction": row.direction.value,
        "roll": row.roll.value,
        "status": row.status.value,
        "cites": row.cites,
        "basis": [[c.instrument, c.article] for c in row.basis],
        "starts": row.starts,
        "in_force_from": row.in_force_from.isoformat(),
    }


def limit_of(key: str, stamped: Mapping[str, Any]) -> TimeLimit:
    """Return a stamped row as the limit that it is."""
    return TimeLimit(
        key=key,
        says=stamped["says"],
        basis=tuple(Citation(i, a) for i, a in stamped.get("basis") or [[stamped["cites"], ""]]),
        starts=stamped.get("starts", ""),
        length=int(stamped["length"]),
        unit=Unit(stamped["unit"]),
        bound=Bound(stamped["bound"]),
        direction=Direction(stamped["direction"]),
        roll=Roll(stamped["roll"]),
        status=Status(stamped["status"]),
        in_force_from=date.fromisoformat(stamped["in_force_from"]),
    )


def laws_of(round_pks: Iterable[int]) -> dict[int, dict[str, TimeLimit]]:
    """Return {round primary key: the law that governs it} of rounds that are published, in one question."""
    rows = Round.objects.filter(pk__in=list(round_pks), published_at__isnull=False)
    return {row.pk: law_of(row) for row in rows.only("pk", "law", "published_at")}


def law_of(round_: Round, *, now: datetime | None = None) -> dict[str, TimeLimit]:
    """Return the law that governs a round: what was stamped on it, and for what was not, the table of that day.

    A change of law after the first notice is no change for this round (附则: 不溯及既往).
    """
    moment = round_.published_at or now
    assert moment is not None, "a round that is not published needs a moment"
    found = dict(table.in_force(beijing_date(moment)))
    return found | {key: limit_of(key, row) for key, row in (round_.law or {}).items()}

"""The law that governs a round: the rows in force at its first notice, stamped on it and kept to its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ggzy.kernel.refusals import Citation
from ggzy.law import table
from ggzy.law.families import family
from ggzy.law.limits import Bound, Direction, Roll, Status, TimeLimit, Unit, beijing_date
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Stage
from ggzy.statutes import queries as statutes
from ggzy.tendering.models import Round


def law_stamp(on: datetime, *, scope: str, region: str) -> dict[str, Any]:
    """Return the rows of a family of law in force in a region at a moment as JSON: what a round's first notice stamps."""
    return {
        key: as_json(row)
        for key, row in statutes.in_force(on, region=region).items()
        if key.startswith(scope)
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
        "reading": row.reading,
        "in_force_from": row.in_force_from.isoformat(),
    }


def limit_of(key: str, stamped: Mapping[str, Any], *, table_row: TimeLimit | None) -> TimeLimit:
    """Return a stamped row as the limit that it is.

    :param table_row: the table's row of the day, for what early stamps did not hold: the clauses apart, what starts it
    """
    basis = tuple(Citation(i, a) for i, a in stamped.get("basis") or ())
    return TimeLimit(
        key=key,
        says=stamped["says"],
        basis=basis or (table_row.basis if table_row else (Citation(stamped["cites"], ""),)),
        starts=stamped.get("starts") or (table_row.starts if table_row else ""),
        length=int(stamped["length"]),
        unit=Unit(stamped["unit"]),
        bound=Bound(stamped["bound"]),
        direction=Direction(stamped["direction"]),
        roll=Roll(stamped["roll"]),
        status=Status(stamped["status"]),
        in_force_from=date.fromisoformat(stamped["in_force_from"]),
        reading=stamped.get("reading") or (table_row.reading if table_row else ""),
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
    stamp = round_.law or {}
    return found | {key: limit_of(key, row, table_row=found.get(key)) for key, row in stamp.items()}


@dataclass(frozen=True, kw_only=True)
class Governing:
    """One content of the law that rounds are governed by: how many, since when, what is other than in the one before."""

    family: str
    version: int
    rounds: int
    running: int
    first: datetime
    last: datetime
    differs: tuple[str, ...]
    #: (lot, name of the tender) of some of the rounds
    examples: tuple[tuple[str, str], ...]


def governing() -> list[Governing]:
    """Return which rounds are governed by which law: rounds with an equal stamp together, the newest content first."""
    rows = Round.objects.filter(published_at__isnull=False).select_related("lot__tender")
    groups: dict[str, list[Round]] = {}
    for row in rows.order_by("published_at", "pk"):
        groups.setdefault(_content(row), []).append(row)
    versions: dict[str, int] = {}
    before: dict[str, dict[str, Any]] = {}
    out = []
    for found in groups.values():
        head, last = found[0], found[-1]
        assert head.published_at is not None and last.published_at is not None, (
            "only published rounds are asked for"
        )
        scope = head.lot.tender.scope
        versions[scope] = versions.get(scope, 0) + 1
        old = before.get(scope, head.law)
        before[scope] = head.law
        out.append(
            Governing(
                family=family(scope).label,
                version=versions[scope],
                rounds=len(found),
                running=sum(1 for r in found if Stage(r.stage) not in BY_CODE[r.procedure_code].final),
                first=head.published_at,
                last=last.published_at,
                differs=tuple(
                    sorted(key for key in {*old, *head.law} if _lengths(old, key) != _lengths(head.law, key))
                ),
                examples=tuple(
                    dict.fromkeys((r.lot.public_id, r.lot.tender.name) for r in reversed(found[-3:]))
                ),
            )
        )
    return out[::-1]


def _content(row: Round) -> str:
    """Return a stamp as text that is equal for equal limits, whatever else was written beside them."""
    limits = sorted((key, _lengths(row.law, key)) for key in row.law)
    return f"{row.lot.tender.scope} {limits}"


def _lengths(law: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    row = law.get(key) or {}
    return tuple(row.get(name) for name in ("length", "unit", "bound", "roll", "status"))

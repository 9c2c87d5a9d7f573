"""The law that governs a round: the rows in force at its first notice, stamped on it and kept to its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Count

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
    found = rows.values_list("pk", "published_at", "law_digest")
    # rounds of one day and one stamp share their law: a list of hundreds reads each only once
    same = {pk: (stamp, beijing_date(moment)) for pk, moment, stamp in found if moment}
    heads = {content: pk for pk, content in same.items()}
    laws = {
        row.pk: law_of(row)
        for row in Round.objects.only("law", "published_at").in_bulk(list(heads.values())).values()
    }
    return {pk: laws[heads[content]] for pk, content in same.items()}


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


_GROUPED = """
SELECT array_agg(r.id ORDER BY r.published_at, r.id), min(r.published_at), max(r.published_at)
FROM tendering_round r JOIN tendering_lot l ON l.id = r.lot_id JOIN tendering_tender t ON t.id = l.tender_id
WHERE r.published_at IS NOT NULL GROUP BY t.scope, r.law_digest
"""


def governing() -> list[Governing]:
    """Return which rounds are governed by which law: rounds with an equal stamp together, the newest content first."""
    with connection.cursor() as cursor:
        cursor.execute(_GROUPED)
        stamps = cursor.fetchall()
    heads = (
        Round.objects.select_related("lot__tender")
        .defer("lot__tender__document")
        .in_bulk([pk for pks, *_ in stamps for pk in (pks[0], *pks[-3:])])
    )
    # stamps that differ only in what is written beside the limits are one content
    groups: dict[str, list[tuple[list[int], datetime, datetime]]] = {}
    for pks, first, last in sorted(stamps, key=lambda row: (row[1], row[0][0])):
        groups.setdefault(_content(heads[pks[0]]), []).append((pks, first, last))
    versions: dict[str, int] = {}
    before: dict[str, dict[str, Any]] = {}
    out = []
    for found in groups.values():
        pks = [pk for some, _, _ in found for pk in some]
        head = heads[pks[0]]
        scope = head.lot.tender.scope
        versions[scope] = versions.get(scope, 0) + 1
        old = before.get(scope, head.law)
        before[scope] = head.law
        examples = [heads[pk] for pk in reversed(found[-1][0][-3:])]
        out.append(
            Governing(
                family=family(scope).label,
                version=versions[scope],
                rounds=len(pks),
                running=_running(pks),
                first=min(first for _, first, _ in found),
                last=max(last for _, _, last in found),
                differs=tuple(
                    sorted(key for key in {*old, *head.law} if _lengths(old, key) != _lengths(head.law, key))
                ),
                examples=tuple(dict.fromkeys((r.lot.public_id, r.lot.tender.name) for r in examples)),
            )
        )
    return out[::-1]


def _running(pks: list[int]) -> int:
    """Return how many rounds have not come to an end of their procedure."""
    counted = Round.objects.filter(pk__in=pks).values_list("procedure_code", "stage").annotate(Count("pk"))
    return sum(n for code, stage, n in counted if Stage(stage) not in BY_CODE[code].final)


def _content(row: Round) -> str:
    """Return a stamp as text that is equal for equal limits, whatever else was written beside them."""
    limits = sorted((key, _lengths(row.law, key)) for key in row.law)
    return f"{row.lot.tender.scope} {limits}"


def _lengths(law: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    row = law.get(key) or {}
    return tuple(row.get(name) for name in ("length", "unit", "bound", "roll", "status"))

"""The training centre's data many times over: every tender with all that hangs on it, copied under new ids.

A copy is row by row in the database, below the acts: made for measuring pages, never for anything else. The evidence log
is not copied (a log cannot be), nor are people, organisations, the pool and rooms, which a centre has once.
"""

import hashlib
import re
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

#: the contexts whose rows belong to a tender
COPIED = (
    "projects", "tendering", "drafting", "quantities", "notices", "inquiries", "changes", "fronts", "bidding", "opening",
    "experts", "committees", "evaluation", "awarding", "contracting", "objections", "deposits", "papers", "publishing", "search",
)  # fmt: skip
#: of those, what a centre has once
ONCE = {"experts_expert", "experts_tie", "experts_absence", "notices_message", "deposits_reconciliation"}
#: of a copied table, the rows that a centre has once: those without this column
ONCE_WITHOUT = {"deposits_ledgeraccount": "deposit_id"}
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


def multiply(times: int) -> int:
    """Copy the tenders until there are `times` of each; return how many rows were written."""
    chosen = [
        model
        for label in COPIED
        if apps.is_installed(f"ggzy.{label}")
        for model in apps.get_app_config(label).get_models()
        if model._meta.db_table not in ONCE and not _of_the_pool(model)
    ]
    tables = {model._meta.db_table for model in chosen}
    once: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        for table, column in ONCE_WITHOUT.items():
            cursor.execute(f"SELECT id::text FROM {table} WHERE {column} IS NULL")
            once[table] = {pk for (pk,) in cursor.fetchall()}
    kept = _public_ids([model for model in apps.get_models() if model not in chosen])
    written = 0
    with transaction.atomic(), connection.cursor() as cursor:  # foreign keys are looked at when it ends
        for model in chosen:
            written += _copy(cursor, model, times=times, tables=tables, kept=kept, once=once)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return written


def _of_the_pool(model: Any) -> bool:
    """Say whether rows of a model belong to the pool of experts and not to a draw."""
    names = {field.name for field in model._meta.get_fields()}
    return model._meta.app_label == "experts" and not names & {
        "draw",
        "round",
        "tender",
        "call",
        "candidate",
        "member",
    }


def _public_ids(some: list[Any]) -> set[str]:
    """Return the public ids of what is not copied: who acts in a copy is who acted in the first."""
    out: set[str] = set()
    for model in some:
        if any(field.name == "public_id" for field in model._meta.fields):
            out |= set(model.objects.values_list("public_id", flat=True))
    return out


def _copy(
    cursor: Any, model: Any, *, times: int, tables: set[str], kept: set[str], once: dict[str, set[str]]
) -> int:
    table = model._meta.db_table
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    key = model._meta.pk.column
    columns = [field.column for field in fields]
    cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}" if key == "id" else "SELECT 0")
    names = ", ".join(f'"{c}"' for c in columns)
    cursor.execute(f"SELECT {', '.join(f'{chr(34)}{c}{chr(34)}::text' for c in columns)} FROM {table}")
    own = once.get(table, set())
    rows = [row for row in cursor.fetchall() if not own or row[columns.index(key)] not in own]
    stays = [
        once.get(field.related_model._meta.db_table, set()) if field.is_relation else () for field in fields
    ]
    moved = [
        field.column == key
        and isinstance(field, models.AutoField | models.BigAutoField)
        or (field.is_relation and field.related_model._meta.db_table in tables)
        for field in fields
    ]
    numbers = {
        f.column for f in fields if f.is_relation or isinstance(f, models.IntegerField | models.DateField)
    }
    unique = _last_resorts(
        cursor, table, {c for c, goes in zip(columns, moved, strict=True) if goes}, numbers
    )
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as out:
        for copy in range(1, times):
            for row in rows:
                out.write_row(
                    [
                        _value(
                            value,
                            moved=moved[at] and value not in stays[at],
                            unique=columns[at] in unique,
                            copy=copy,
                            kept=kept,
                        )
                        for at, value in enumerate(row)
                    ]
                )
    return len(rows) * (times - 1)


def _value(value: str | None, *, moved: bool, unique: bool, copy: int, kept: set[str]) -> str | None:
    if value is None or value == "":
        return value
    if moved:
        return str(int(value) + copy * 1_000_000)
    fresh = _ID.sub(lambda found: _other(found[0], copy) if found[0] not in kept else found[0], value)
    return f"{copy:04d}{value[4:]}" if unique and fresh == value else fresh


def _other(public_id: str, copy: int) -> str:
    return hashlib.md5(f"{public_id}{copy}".encode()).hexdigest()


def _last_resorts(cursor: Any, table: str, moved: set[str], numbers: set[str]) -> set[str]:
    """Return the columns whose text must change, since nothing else of their unique index does."""
    cursor.execute(
        """SELECT array_agg(a.attname::text) FROM pg_index i JOIN pg_attribute a
           ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
           WHERE i.indrelid = %s::regclass AND i.indisunique AND NOT (i.indpred IS NOT NULL AND %s)
           GROUP BY i.indexrelid""",
        [table, table in ONCE_WITHOUT],
    )
    indexes = [set(names) for (names,) in cursor.fetchall()]
    texts = {name for names in indexes for name in names if name not in numbers and name != "centre_id"}
    return {max(names & texts) for names in indexes if not names & moved and names & texts}

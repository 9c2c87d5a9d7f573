"""Tiles in the database: reading what a computation needs, and writing what grew."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from django.conf import settings
from django.db import connection

from ggzy.evidence import tlog
from ggzy.evidence.models import Checkpoint

T = TypeVar("T")


def read(wanted: Iterable[tlog.TileKey]) -> dict[tlog.TileKey, bytes]:
    """Return the tiles that exist among those wanted, in one query."""
    levels, indexes = zip(*wanted, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.level, t.index, t.data FROM unnest(%s::int[], %s::bigint[]) AS w (level, index)"
            " JOIN evidence_tile t ON t.centre_id = %s AND t.level = w.level AND t.index = w.index",
            [list(levels), list(indexes), settings.CENTRE_ID],
        )
        return {(level, index): bytes(data) for level, index, data in cursor.fetchall()}


def write(changed: Mapping[tlog.TileKey, bytes]) -> None:
    """Store new tiles and continue the ones that exist."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO evidence_tile (centre_id, level, index, width, data)"
            " SELECT %s, level, index, octet_length(data) / 32, data"
            " FROM unnest(%s::int[], %s::bigint[], %s::bytea[]) AS t (level, index, data)"
            " ON CONFLICT (centre_id, level, index) DO UPDATE SET data = excluded.data, width = excluded.width",
            [
                settings.CENTRE_ID,
                [level for level, _ in changed],
                [index for _, index in changed],
                list(changed.values()),
            ],
        )


def compute(work: Callable[[tlog.Node], T]) -> T:
    """Return `work(node)` over the stored tree, reading its tiles in one query."""
    return tlog.with_tiles(work, read)


def root(size: int) -> bytes:
    """Return the root of the stored tree at `size` leaves."""
    return compute(lambda node: tlog.tree_hash(0, size, node))


def published() -> Checkpoint | None:
    """Return the last published checkpoint: nothing beyond its size may be shown."""
    return Checkpoint.objects.filter(centre_id=settings.CENTRE_ID).order_by("-size").first()

"""Recomputing the stored log from its entries: what a start, and `doctor`, make sure of."""

from django.conf import settings
from django.db import connection

from ggzy.evidence import tlog
from ggzy.evidence.models import Tile
from ggzy.evidence.sequencer import LogDamaged, refuse_a_fork, tree_size

_TILES_A_STEP = 64

# leaves against tiles, and the columns people query against the leaf that is signed
_LEVEL_0 = """
SELECT t.index, x.count, t.width,
       x.hashes IS NOT DISTINCT FROM t.data AS hashes_fit, x.columns_fit
FROM evidence_tile t
LEFT JOIN LATERAL (
  SELECT count(*) AS count,
         string_agg(sha256('\\x00'::bytea || e.leaf), ''::bytea ORDER BY e.leaf_index) AS hashes,
         bool_and(
           e.entry_hash = encode(sha256('\\x00'::bytea || e.leaf), 'hex')
           AND convert_from(e.leaf, 'UTF8')::jsonb @> jsonb_build_object(
             'centre', e.centre_id, 'act', e.act, 'subject', e.subject, 'ocid', e.ocid, 'lot', e.lot, 'round', e.round)
           AND (convert_from(e.leaf, 'UTF8')::jsonb ->> 'legal_at')::timestamptz = e.legal_at
           AND (convert_from(e.leaf, 'UTF8')::jsonb ->> 'recorded_at')::timestamptz = e.recorded_at
         ) AS columns_fit
  FROM evidence_entry e
  WHERE e.centre_id = t.centre_id AND e.leaf_index >= t.index * 256 AND e.leaf_index < (t.index + 1) * 256
) x ON true
WHERE t.centre_id = %s AND t.level = 0 AND t.index >= %s AND t.index < %s
ORDER BY t.index
"""


def check_tree() -> int:
    """Recompute the whole tree from the entries and return its size.

    :raises LogDamaged: naming the first tile that does not follow from its entries, or from the tiles below
    :raises LogRolledBack: the tree does not continue what was signed
    """
    size = tree_size()
    refuse_a_fork(size)
    for first in range(0, -(-size // tlog.TILE_WIDTH), _TILES_A_STEP):
        _check_leaves(first, size)
    level = 1
    while size >> (tlog.TILE_HEIGHT * level):
        _check_level(level, size)
        level += 1
    return size


def _check_leaves(first: int, size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LEVEL_0, [settings.CENTRE_ID, first, first + _TILES_A_STEP])
        rows = cursor.fetchall()
    for position, (index, count, width, hashes_fit, columns_fit) in enumerate(rows):
        if index != first + position:
            raise LogDamaged(f"缺少哈希瓦片 {tlog.TileAddress(0, first + position).path}")
        where = tlog.TileAddress(0, index, width).path
        if not width == count == tlog.tile_width(0, index, size):
            raise LogDamaged(f"瓦片 {where} 有 {width} 个哈希, 对应的记录有 {count} 条, 两者不符")
        if not hashes_fit:
            raise LogDamaged(f"瓦片 {where} 与它所覆盖的记录不符, 记录或瓦片被改动过")
        if not columns_fit:
            raise LogDamaged(f"瓦片 {where} 所覆盖的某条记录, 其查询列与已签署的内容不符")
    expected = min(_TILES_A_STEP, -(-size // tlog.TILE_WIDTH) - first)
    if len(rows) != expected:
        raise LogDamaged(f"缺少哈希瓦片 {tlog.TileAddress(0, first + len(rows)).path}")


def _check_level(level: int, size: int) -> None:
    tiles = Tile.objects.filter(centre_id=settings.CENTRE_ID).order_by("index").values_list("index", "data")
    for index, data in tiles.filter(level=level).iterator(chunk_size=64):
        below = tiles.filter(level=level - 1, index__gte=index * 256, index__lt=(index + 1) * 256)
        roots = [tlog.Pyramid(tlog.hashes_in(bytes(part))).root for _, part in below if len(part) == 8192]
        width = tlog.tile_width(level, index, size)
        if len(data) != width * tlog.HASH or b"".join(roots) != bytes(data):
            raise LogDamaged(f"瓦片 {tlog.TileAddress(level, index, width or 1).path} 与下一级瓦片不符")

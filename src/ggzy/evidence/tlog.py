"""The tree of the log: RFC 6962 hashes and proofs, and the C2SP tlog-tiles layout. Pure: bytes in, bytes out.

Every proof is a list of hashes of ranges `D[start:end]` whose start is aligned, so one function (`tree_hash`)
gives the root, the siblings of an inclusion proof and the parts of a consistency proof. Where the hashes of
perfect subtrees come from is the caller's business: a `Node` is any function of (level, index).
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Node = Callable[[int, int], bytes]
TileKey = tuple[int, int]
T = TypeVar("T")

HASH = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = hashlib.sha256(b"").digest()


# -- hashes


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ leaf)."""
    return hashlib.sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(size: int) -> int:
    """Return the largest power of two below `size` (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def tree_hash(start: int, end: int, node: Node) -> bytes:
    """Return the tree hash of leaves [start, end); `start` is a multiple of the power of two that covers it."""
    size = end - start
    if size == 0:
        return EMPTY_ROOT
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(size)
    return node_hash(tree_hash(start, middle, node), tree_hash(middle, end, node))


# -- making proofs


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """Return the siblings of leaf `index` in the tree of `size` leaves, from the leaf up.

    :raises ValueError: the tree has no such leaf
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(tree_hash(middle, end, node))
            end = middle
        else:
            proof.append(tree_hash(start, middle, node))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """Return the proof that the tree of `new` leaves begins with the tree of `old` leaves.

    :raises ValueError: the old tree is larger than the new one
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} cannot extend one of {old}")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(tree_hash(middle, end, node))
            end = middle
        else:
            proof.append(tree_hash(start, middle, node))
            start, whole = middle, False
    if not whole:
        proof.append(tree_hash(start, end, node))
    return proof[::-1]


# -- checking proofs (RFC 9162, 2.1.3.2 and 2.1.4.2)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether the leaf hash stands at `index` in the tree of `size` leaves with this root."""
    if not 0 <= index < size or len(leaf) != HASH or any(len(part) != HASH for part in proof):
        return False
    fn, sn, r = index, size - 1, leaf
    for part in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node_hash(part, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, part)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Say whether the tree (new, new_root) begins with the tree (old, old_root).

    An empty old tree proves nothing and is refused, except beside an empty new one.
    """
    if any(len(part) != HASH for part in proof):
        return False
    if old == new:
        return not proof and old_root == new_root and (old > 0 or old_root == EMPTY_ROOT)
    if not 0 < old < new or not proof:
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for part in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(part, fr), node_hash(part, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, part)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


# -- trees in memory and in tiles


class Pyramid:
    """The perfect subtrees of a list of hashes: a `Node` for a small tree held in memory."""

    def __init__(self, hashes: Iterable[bytes]) -> None:
        row = list(hashes)
        self.size = len(row)
        self._rows = [row]
        while len(row) > 1:
            row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
            self._rows.append(row)

    def __call__(self, level: int, index: int) -> bytes:
        return self._rows[level][index]

    @property
    def root(self) -> bytes:
        """Return the tree hash of all hashes."""
        return tree_hash(0, self.size, self)


def hashes_in(data: bytes) -> list[bytes]:
    """Return the hashes a tile concatenates."""
    return [data[at : at + HASH] for at in range(0, len(data), HASH)]


class Tiles:
    """A `Node` over tiles: each tile is a subtree of height 8 whose leaves are its hashes.

    :raises KeyError: (when called) a tile that is needed was not given, or is too narrow
    """

    def __init__(self, tiles: Mapping[TileKey, bytes]) -> None:
        self._tiles = tiles
        self._pyramids: dict[TileKey, Pyramid] = {}

    def __call__(self, level: int, index: int) -> bytes:
        key = tile_of(level, index)
        if key not in self._pyramids:
            self._pyramids[key] = Pyramid(hashes_in(self._tiles[key]))
        inner = level % TILE_HEIGHT
        try:
            return self._pyramids[key](inner, index - (key[1] << (TILE_HEIGHT - inner)))
        except IndexError:
            raise KeyError(key) from None


def tile_of(level: int, index: int) -> TileKey:
    """Return the tile that holds the perfect subtree (level, index), or from which it is hashed."""
    return level // TILE_HEIGHT, index >> (TILE_HEIGHT - level % TILE_HEIGHT)


def with_tiles(compute: Callable[[Node], T], read: Callable[[set[TileKey]], Mapping[TileKey, bytes]]) -> T:
    """Return `compute(node)`, reading in one go exactly the tiles that it needs.

    `compute` runs twice: once to see what it asks for, once with the tiles.
    """
    wanted: set[TileKey] = set()

    def note(level: int, index: int) -> bytes:
        wanted.add(tile_of(level, index))
        return bytes(HASH)

    compute(note)
    return compute(Tiles(read(wanted) if wanted else {}))


def tile_width(level: int, index: int, size: int) -> int:
    """Return how many hashes tile (level, index) has in a tree of `size` leaves (0: no such tile)."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))


def right_edge(size: int) -> list[TileKey]:
    """Return the partial tiles of a tree of `size` leaves: the ones the next leaf may touch."""
    edge, level = [], 0
    while size:
        if size % TILE_WIDTH:
            edge.append((level, size // TILE_WIDTH))
        size //= TILE_WIDTH
        level += 1
    return edge


def grow(size: int, edge: Mapping[TileKey, bytes], leaf_hashes: Sequence[bytes]) -> dict[TileKey, bytes]:
    """Return the tiles that change when the leaves are appended to a tree of `size` leaves.

    :param edge: the tiles of `right_edge(size)`
    :raises ValueError: the edge is not that of a tree of this size
    """
    changed: dict[TileKey, bytes] = {}
    level, start, fresh = 0, size, b"".join(leaf_hashes)
    while fresh:
        index, width = divmod(start, TILE_WIDTH)
        data = edge.get((level, index), b"") if width else b""
        if len(data) != width * HASH:
            raise ValueError(f"tile {level}/{index} has {len(data) // HASH} hashes, not {width}")
        data += fresh
        above = b""
        for n in range(0, len(data), TILE_WIDTH * HASH):
            tile = data[n : n + TILE_WIDTH * HASH]
            changed[level, index + n // (TILE_WIDTH * HASH)] = tile
            if len(tile) == TILE_WIDTH * HASH:
                above += Pyramid(hashes_in(tile)).root
        level, start, fresh = level + 1, index, above
    return changed


# -- where tiles live


@dataclass(frozen=True)
class TileAddress:
    """A tile as a client asks for it; level None is a bundle of entries."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Return the path below the log's prefix, e.g. tile/0/x001/234.p/7."""
        head, tail = divmod(self.index, 1000)
        number = f"{tail:03d}"
        while head:
            head, tail = divmod(head, 1000)
            number = f"x{tail:03d}/{number}"
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{'entries' if self.level is None else self.level}/{number}{partial}"


_PATH = re.compile(r"tile/(entries|\d|[1-5]\d|6[0-3])/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?")


def parse_tile_path(path: str) -> TileAddress | None:
    """Return the address a path names, or None where it is not the one spelling of a tile."""
    if len(path) > 100 or not path.isascii() or not (found := _PATH.fullmatch(path)):
        return None
    level, number, width = found.groups()
    if width is not None and int(width) >= TILE_WIDTH:
        return None
    address = TileAddress(
        None if level == "entries" else int(level),
        int(number.replace("/", "").replace("x", "")),
        int(width) if width else TILE_WIDTH,
    )
    return address if address.path == path else None


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return an entry bundle: each entry behind its length in two big-endian bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    :raises ValueError: it ends in the middle of an entry
    """
    entries, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + size]
        if len(data) < at + 2 + size:
            raise ValueError("the bundle ends in the middle of an entry")
        entries.append(entry)
        at += 2 + size
    return entries

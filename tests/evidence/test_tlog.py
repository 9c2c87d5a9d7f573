"""The tree: proofs hold for what is true and for nothing else, in memory and in tiles alike."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.evidence import tlog

pytestmark = pytest.mark.pure
sizes = st.integers(1, 700)


def leaves(count: int) -> list[bytes]:
    return [tlog.leaf_hash(str(n).encode()) for n in range(count)]


def plain_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 2.1, word for word, as the other way to compute the same."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\1" + plain_root(hashes[:k]) + plain_root(hashes[k:])).digest()


ALL = leaves(700)
TREE = tlog.Pyramid(ALL)


@given(sizes)
def test_the_root_is_that_of_the_definition(size):
    assert tlog.tree_hash(0, size, TREE) == plain_root(ALL[:size])


@given(sizes, st.data())
def test_every_leaf_is_proven_where_it_stands_and_nowhere_else(size, data):
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size))
    root = plain_root(ALL[:size])
    proof = tlog.inclusion_proof(index, size, TREE)
    assert tlog.verify_inclusion(ALL[index], index, size, proof, root)
    assert (other == index) == tlog.verify_inclusion(ALL[index], other, size, proof, root)
    assert not tlog.verify_inclusion(ALL[index], index, size, [*proof, bytes(32)], root)
    if proof:
        assert not tlog.verify_inclusion(ALL[index], index, size, proof[:-1], root)


@given(sizes, st.data())
def test_a_tree_extends_its_own_past_and_no_other(size, data):
    old = data.draw(st.integers(1, size))
    new_root, old_root = plain_root(ALL[:size]), plain_root(ALL[:old])
    proof = tlog.consistency_proof(old, size, TREE)
    assert tlog.verify_consistency(old, size, proof, old_root, new_root)
    other = plain_root([*ALL[: old - 1], tlog.leaf_hash(b"another")])
    assert not tlog.verify_consistency(old, size, proof, other, new_root)
    assert not tlog.verify_consistency(old, size, [*proof, bytes(32)], old_root, new_root)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_tiles_grown_piece_by_piece_are_the_tree(steps):
    hashes, tiles, size = leaves(sum(steps)), {}, 0
    for step in steps:
        edge = {key: tiles[key] for key in tlog.right_edge(size)}
        changed = tlog.grow(size, edge, hashes[size : size + step])
        for key, data in changed.items():
            assert data.startswith(tiles.get(key, b"")), "what was published stays a prefix"
        tiles |= changed
        size += step
        for (level, index), data in tiles.items():
            assert len(data) == 32 * tlog.tile_width(level, index, size)
        assert tlog.tree_hash(0, size, tlog.Tiles(tiles)) == plain_root(hashes[:size])


def test_growing_on_the_wrong_edge_is_refused():
    with pytest.raises(ValueError, match="tile 0/0 has 0 hashes, not 3"):
        tlog.grow(3, {}, leaves(1))


def test_proofs_come_from_tiles_read_in_one_go():
    size = 70_000
    hashes = leaves(size)
    tiles = tlog.grow(0, {}, hashes)
    reads = []

    def read(wanted):
        reads.append(wanted)
        return {key: tiles[key] for key in wanted}

    proof = tlog.with_tiles(lambda node: tlog.inclusion_proof(69_999, size, node), read)
    root = tlog.with_tiles(lambda node: tlog.tree_hash(0, size, node), read)
    assert tlog.verify_inclusion(hashes[69_999], 69_999, size, proof, root)
    assert [len(wanted) for wanted in reads] == [3, 3]
    # the specification's own example
    assert sum(level == 0 for level, _ in tiles) == 274
    assert [tlog.tile_width(*key, size) for key in ((0, 273), (1, 0), (1, 1), (2, 0))] == [112, 256, 17, 1]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (tlog.TileAddress(0, 0), "tile/0/000"),
        (tlog.TileAddress(0, 1234067), "tile/0/x001/x234/067"),
        (tlog.TileAddress(1, 5, 7), "tile/1/005.p/7"),
        (tlog.TileAddress(None, 1000, 255), "tile/entries/x001/000.p/255"),
        (tlog.TileAddress(63, 999), "tile/63/999"),
    ],
)
def test_a_tile_has_one_path(address, path):
    assert address.path == path
    assert tlog.parse_tile_path(path) == address


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/07",
        "tile/-1/000",
        "tile/0/٠٠٠",
        "tile/0/000\n",
        "tile/leaves/000",
        "tile/0/" + "x000/" * 40 + "000",
    ],
)
def test_a_tile_has_no_second_path(path):
    assert tlog.parse_tile_path(path) is None


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundles_give_back_their_entries(entries):
    data = tlog.bundle(entries)
    assert tlog.unbundle(data) == entries
    if data:
        with pytest.raises(ValueError, match="ends in the middle"):
            tlog.unbundle(data + b"\0\5abc")

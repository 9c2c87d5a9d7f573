"""The verifier's questions to the published log: does it still contain what was signed before? Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ggzy.evidence import notes, tlog

Finding = tuple[str, str, Any, str]
Fetch = Callable[[str], bytes | None]


class _Unavailable(Exception):
    """A tile could not be had: nothing is said about the log."""


def findings(
    pack: Mapping[str, Any], mine: notes.Checkpoint, saved: notes.Checkpoint | None, fetch: Fetch | None
) -> Iterator[Finding]:
    """Yield (name, title, outcome, detail) on the log as published: its checkpoint, its history, its tiles."""
    if saved is not None:
        yield _extends("log.saved", "与此前保存的检查点是否一致", saved, mine, fetch)
    if fetch is None:
        return
    title = "中心现在公布的检查点"
    note = fetch("checkpoint")
    if note is None:
        yield "log.current", title, "withheld", "未能取得现在公布的检查点, 此项未核验"
    else:
        try:
            current = notes.open_checkpoint(note.decode(), pack["log_key"], origin=pack["origin"])
        except (notes.NoteRefused, UnicodeDecodeError) as refused:
            yield "log.current", title, "failed", f"现在公布的检查点不是本日志签署的({refused})"
        else:
            yield _extends("log.current", title, mine, current, fetch)
    yield from _tiles(pack, mine, fetch)


def _extends(
    name: str, title: str, one: notes.Checkpoint, other: notes.Checkpoint, fetch: Fetch | None
) -> Finding:
    old, new = sorted((one, other), key=lambda checkpoint: checkpoint.size)
    if old.size == new.size:
        if old.root == new.root:
            return name, title, "passed", f"两者都是 {old.size} 条, 根相同"
        return (
            name,
            title,
            "failed",
            f"日志分叉: 同为 {old.size} 条, 却有两个不同的根 {old.root.hex()} 与 {new.root.hex()}",
        )
    if old.size == 0:
        return name, title, "passed", "较早的检查点为空日志"
    if fetch is None:
        return name, title, "withheld", f"未联网, 未核验 {new.size} 条的日志是否以此前的 {old.size} 条开头"
    try:
        proof = tlog.with_tiles(
            lambda node: tlog.consistency_proof(old.size, new.size, node), _reader(fetch, new.size)
        )
    except _Unavailable as missing:
        return name, title, "withheld", f"未能取得瓦片 {missing}, 此项未核验"
    except KeyError as narrow:
        return name, title, "failed", f"公布的瓦片 {narrow} 宽度不足"
    if tlog.verify_consistency(old.size, new.size, proof, old.root, new.root):
        return name, title, "passed", f"{new.size} 条的日志以此前的 {old.size} 条开头, 没有改写"
    return (
        name,
        title,
        "failed",
        f"{new.size} 条的日志并不以此前的 {old.size} 条开头: 日志被改写, 或公布的瓦片被改动",
    )


def _reader(fetch: Fetch, size: int) -> Callable[[set[tlog.TileKey]], dict[tlog.TileKey, bytes]]:
    return lambda wanted: {key: _get(fetch, key, size) for key in wanted}


def _get(fetch: Fetch, key: tlog.TileKey, size: int) -> bytes:
    width = tlog.tile_width(*key, size)
    partial = tlog.TileAddress(*key, width)
    # a log may drop a partial tile once the full one exists
    for address in (partial, tlog.TileAddress(*key)):
        data = fetch(address.path)
        if data is not None:
            return data[: width * tlog.HASH]
    raise _Unavailable(partial.path)


def _tiles(pack: Mapping[str, Any], mine: notes.Checkpoint, fetch: Fetch) -> Iterator[Finding]:
    """Check the published tiles above each entry of the pack, naming the tile that does not fit."""
    title, size = "公布的哈希瓦片", mine.size
    entries = {
        entry["index"]: bytes.fromhex(entry["entry_hash"])
        for entry in [*pack["entries"], *pack["escrow_roots"]]
        if entry["index"] is not None and entry["index"] < size
    }
    wanted = set(tlog.right_edge(size))
    for index in entries:
        level = 0
        while tlog.tile_width(level, index >> 8 * (level + 1), size):
            wanted.add((level, index >> 8 * (level + 1)))
            level += 1
    try:
        tiles = {key: _get(fetch, key, size) for key in sorted(wanted)}
    except _Unavailable as missing:
        yield "log.tiles", title, "withheld", f"未能取得瓦片 {missing}, 此项未核验"
        return
    bad = False
    for (level, index), data in tiles.items():
        path = tlog.TileAddress(level, index, tlog.tile_width(level, index, size)).path
        if len(data) != tlog.tile_width(level, index, size) * tlog.HASH:
            bad = True
            yield f"log.{path}", title, "failed", f"瓦片 {path} 的长度不对"
            continue
        parent = tiles.get((level + 1, index >> 8))
        if parent is not None and len(data) == tlog.TILE_WIDTH * tlog.HASH:
            at = index % tlog.TILE_WIDTH * tlog.HASH
            if tlog.Pyramid(tlog.hashes_in(data)).root != parent[at : at + tlog.HASH]:
                bad = True
                above = tlog.TileAddress(
                    level + 1, index >> 8, tlog.tile_width(level + 1, index >> 8, size)
                ).path
                yield (
                    f"log.{path}",
                    title,
                    "failed",
                    f"瓦片 {path} 与上一级瓦片 {above} 不符, 两者之一被改动过",
                )
    for index, digest in entries.items():
        at = index % tlog.TILE_WIDTH * tlog.HASH
        if tiles[0, index >> 8][at : at + tlog.HASH] != digest:
            bad = True
            path = tlog.TileAddress(0, index >> 8, tlog.tile_width(0, index >> 8, size)).path
            yield (
                f"log.{path}",
                title,
                "failed",
                f"瓦片 {path} 中第 {index} 条不是证据包中的记录 {digest.hex()[:12]}",
            )
    if not bad and tlog.tree_hash(0, size, tlog.Tiles(tiles)) != mine.root:
        bad = True
        edge = "、".join(
            tlog.TileAddress(*key, tlog.tile_width(*key, size)).path for key in tlog.right_edge(size)
        )
        yield "log.edge", title, "failed", f"由右缘瓦片({edge})算出的根与检查点不符, 其中有瓦片被改动过"
    if not bad:
        yield "log.tiles", title, "passed", f"核对了 {len(tiles)} 块瓦片, 均与检查点一致"

"""A BagIt 1.0 bag (RFC 8493) on disk and as a ZIP that is the same for the same bag. Standard library only."""

import hashlib
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, Protocol

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"


class Files(Protocol):
    """The files of a bag, wherever they lie."""

    def names(self) -> list[str]:
        """Return every path, sorted."""

    def open(self, name: str) -> BinaryIO:
        """Open a file to read.

        :raises KeyError: no such file
        """


class Folder:
    """A bag in a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> list[str]:
        """Return every path, sorted."""
        return sorted(p.relative_to(self._root).as_posix() for p in self._root.rglob("*") if p.is_file())

    def open(self, name: str) -> BinaryIO:
        """Open a file to read."""
        path = self._root / name
        if not path.is_file():
            raise KeyError(name)
        return path.open("rb")


class Zipped:
    """A bag in a ZIP, below one folder or at its top."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        names = [n for n in self._zip.namelist() if not n.endswith("/")]
        top = next(
            (n.removesuffix("bagit.txt") for n in sorted(names, key=len) if n.endswith("bagit.txt")), ""
        )
        self._top = top
        self._names = sorted(n.removeprefix(top) for n in names if n.startswith(top))

    def names(self) -> list[str]:
        """Return every path, sorted."""
        return self._names

    def open(self, name: str) -> BinaryIO:
        """Open a file to read."""
        return self._zip.open(self._top + name)  # type: ignore[return-value]


def files_of(path: Path) -> Files:
    """Return the files of a bag given as a folder or a ZIP.

    :raises ValueError: neither
    """
    if path.is_dir():
        return Folder(path)
    if path.is_file() and zipfile.is_zipfile(path):
        return Zipped(path)
    raise ValueError(f"{path} 不是归档包的文件夹, 也不是ZIP文件")


def read(files: Files, name: str) -> bytes:
    """Return a whole file."""
    with files.open(name) as source:
        return source.read()


def digest(files: Files, name: str) -> tuple[str, int]:
    """Return the SHA-256 and the size of a file."""
    hasher, size = hashlib.sha256(), 0
    with files.open(name) as source:
        while piece := source.read(1 << 20):
            hasher.update(piece)
            size += len(piece)
    return hasher.hexdigest(), size


def manifest(folder: Path) -> str:
    """Return the payload manifest of a folder whose payload is complete."""
    files = Folder(folder)
    return "".join(f"{digest(files, n)[0]}  {n}\n" for n in files.names() if n.startswith("data/"))


def seal(folder: Path, *, info: dict[str, str], on: date) -> None:
    """Write the tag files of a bag: declaration, information, both manifests (the second over all tag files)."""
    files = Folder(folder)
    payload = [n for n in files.names() if n.startswith("data/")]
    size = sum((folder / n).stat().st_size for n in payload)
    lines = {**info, "Bagging-Date": on.isoformat(), "Payload-Oxum": f"{size}.{len(payload)}"}
    (folder / "bagit.txt").write_text(_DECLARATION, encoding="utf-8")
    (folder / "bag-info.txt").write_text(
        "".join(f"{key}: {value}\n" for key, value in lines.items()), encoding="utf-8"
    )
    (folder / MANIFEST).write_text(manifest(folder), encoding="utf-8")
    tags = [n for n in files.names() if not n.startswith("data/") and n != TAG_MANIFEST]
    (folder / TAG_MANIFEST).write_text(
        "".join(f"{digest(files, n)[0]}  {n}\n" for n in tags), encoding="utf-8"
    )


def listed(text: str) -> dict[str, str]:
    """Return {path: sha256} of a manifest.

    :raises ValueError: a line is none
    """
    out = {}
    for line in text.splitlines():
        value, _, name = line.partition("  ")
        if len(value) != 64 or not name:
            raise ValueError(f"清单中有一行不符合格式: {line[:80]}")
        out[name] = value
    return out


def problems(files: Files) -> Iterator[tuple[str, str]]:
    """Yield (path, sentence) of everything in which a bag is not what its manifests say."""
    names = files.names()
    for name in ("bagit.txt", "bag-info.txt", MANIFEST, TAG_MANIFEST):
        if name not in names:
            yield name, "缺少这个文件, 不是完整的BagIt包"
    for title in (MANIFEST, TAG_MANIFEST):
        if title not in names:
            continue
        payload = title == MANIFEST
        try:
            said = listed(read(files, title).decode())
        except ValueError as wrong:
            yield title, str(wrong)
            continue
        for name, value in said.items():
            if name not in names:
                yield name, "清单中有, 包里没有"
            elif digest(files, name)[0] != value:
                yield name, "内容被改动过: 与清单中的摘要不符"
        for name in names:
            if name.startswith("data/") is payload and name not in said and name != TAG_MANIFEST:
                yield name, "包里有, 清单中没有"


def pack(folder: Path, target: Path, *, name: str) -> None:
    """Write a folder as a ZIP in which equal bags give equal bytes."""
    files = Folder(folder)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for path in files.names():
            entry = zipfile.ZipInfo(f"{name}/{path}", date_time=(2000, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with files.open(path) as source, out.open(entry, "w", force_zip64=True) as sink:
                while piece := source.read(1 << 20):
                    sink.write(piece)

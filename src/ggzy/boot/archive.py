"""The backup file: a tar with the database dump, the stored files, and a manifest of hashes at its end."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from ggzy.boot.say import BootError

FORMAT = "openggzy-backup-1"
DUMP = "database.dump"
FILES = "files/"
MANIFEST = "manifest.json"
PIECE = 1024 * 1024


class Hashing(io.RawIOBase):
    """A reader that hashes what passes through it."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on, and count what was read."""
        piece = self.source.read(size)
        self.sum.update(piece)
        return piece


def write(target: Path, dump: Path, files: Path, about: dict[str, object]) -> int:
    """Write the backup to `target` (whole or not at all); return how many stored files it holds."""
    new = target.with_name(target.name + ".part")
    hashes: dict[str, str] = {}
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
            hashes[DUMP] = _add(tar, DUMP, dump)
            for file in _stored(files):
                name = FILES + file.relative_to(files).as_posix()
                hashes[name] = _add(tar, name, file)
            manifest = json.dumps(
                {"format": FORMAT, **about, "sha256": hashes}, ensure_ascii=False, indent=1
            ).encode()
            info = tarfile.TarInfo(MANIFEST)
            info.size = len(manifest)
            info.mode = 0o600
            tar.addfile(info, io.BytesIO(manifest))
        raw.flush()
        os.fsync(raw.fileno())
    new.replace(target)
    return len(hashes) - 1


def _stored(files: Path) -> Iterator[Path]:
    if files.is_dir():
        yield from sorted(path for path in files.rglob("*") if path.is_file() and not path.is_symlink())


def _add(tar: tarfile.TarFile, name: str, file: Path) -> str:
    info = tarfile.TarInfo(name)
    with file.open("rb") as source:
        stat = os.fstat(source.fileno())
        info.size, info.mtime, info.mode = stat.st_size, int(stat.st_mtime), stat.st_mode & 0o777
        hashing = Hashing(source)
        tar.addfile(info, hashing)
    return hashing.sum.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except FileNotFoundError as error:
        raise BootError(f"没有这个文件: {path}") from error
    except (tarfile.TarError, EOFError) as error:
        raise BootError(f"备份文件读不下去, 可能不完整: {error}") from error


def _members(path: Path, each: Callable[[tarfile.TarInfo, IO[bytes]], None]) -> None:
    """Call `each` for every member, after its name was found harmless."""
    with _opened(path) as tar:
        for info in tar:
            name = PurePosixPath(info.name)
            known = info.name in {DUMP, MANIFEST} or info.name.startswith(FILES)
            if not info.isreg() or not known or name.is_absolute() or ".." in name.parts:
                raise BootError(f"备份文件里有不该有的内容: {info.name}")
            content = tar.extractfile(info)
            assert content is not None, "a regular file has content"
            each(info, content)


def verify(path: Path) -> dict[str, object]:
    """Check every hash of a backup and return its manifest.

    :raises BootError: torn, changed, or not a backup of ours
    """
    seen: dict[str, str] = {}
    manifests: list[dict[str, object]] = []

    def look(info: tarfile.TarInfo, content: IO[bytes]) -> None:
        if info.name == MANIFEST:
            manifests.append(json.loads(content.read()))
        else:
            if info.name in seen:
                raise BootError(f"备份文件里有重复的内容: {info.name}")
            seen[info.name] = _sum(content)

    _members(path, look)
    if len(manifests) != 1 or manifests[0].get("format") != FORMAT:
        raise BootError("不是本系统的备份文件, 或文件不完整 (没有清单)")
    content = manifests[0].get("sha256")
    listed: dict[str, object] = content if isinstance(content, dict) else {}
    if listed != seen or DUMP not in seen:
        wrong = sorted(name for name in {*seen, *listed} if listed.get(name) != seen.get(name))
        raise BootError(f"备份文件与清单的哈希不符: {', '.join(wrong[:5])}")
    return manifests[0]


def _sum(content: IO[bytes]) -> str:
    total = hashlib.sha256()
    while piece := content.read(PIECE):
        total.update(piece)
    return total.hexdigest()


def unpack(path: Path, dump: Path, files: Path) -> None:
    """Write the dump and the stored files of a verified backup."""

    def put(info: tarfile.TarInfo, content: IO[bytes]) -> None:
        if info.name == MANIFEST:
            return
        target = dump if info.name == DUMP else files / info.name.removeprefix(FILES)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            while piece := content.read(PIECE):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        target.chmod(info.mode & 0o777)
        os.utime(target, (info.mtime, info.mtime))

    files.mkdir(mode=0o700, parents=True, exist_ok=True)
    _members(path, put)

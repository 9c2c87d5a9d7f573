"""Files on disk: content-addressed and read-only once committed; sealed files are never deduplicated.

A centre may have a bucket beside its disk (`bucket`): then whatever is kept is in both before anybody is told that it
is kept, and the disk may lose it: it is fetched again.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings

from ggzy.kernel.bucket import StoreAway
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import Refusal

__all__ = ["StoreAway"]


class ObjectChanged(Refusal):
    """What the bucket holds under a document's hash is something else."""

    code = "files.object_changed"
    status = 503


def _folder(*parts: str) -> Path:
    folder: Path = settings.FILES.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def keep(data: bytes) -> str:
    """Keep a document by its content, durably, and return its SHA-256. The same content is kept once.

    :raises StoreAway: the bucket does not take it; nothing is kept
    """
    digest = hashlib.sha256(data).hexdigest()
    target = _folder("documents", digest[:2]) / digest
    if not target.exists():
        _write_durably(target, [data])
    return digest


def keep_file(path: Path, digest: str) -> None:
    """Move a finished file among the documents under its known digest.

    :raises StoreAway: the bucket does not take it; nothing is kept
    """
    target = _folder("documents", digest[:2]) / digest
    if target.exists():
        path.unlink()
    else:
        os.chmod(path, 0o400)
        _into_the_bucket(path, target)
        os.replace(path, target)


def read(digest: str) -> bytes:
    """Return a kept document.

    :raises FileNotFoundError: it is not here
    :raises StoreAway: it is in the bucket, and that does not answer
    """
    return path_of(digest).read_bytes()


def path_of(digest: str) -> Path:
    """Return where a document lies (it may be missing).

    :raises StoreAway: it is in the bucket, and that does not answer
    :raises ObjectChanged: the bucket holds something else under its name
    """
    path: Path = settings.FILES / "documents" / digest[:2] / digest

    def is_it(fetched: Path) -> None:
        with fetched.open("rb") as source:
            if hashlib.file_digest(source, "sha256").hexdigest() != digest:
                raise ObjectChanged("平台存储中的这份文件与登记的摘要不一致, 没有采用; 请与平台联系")

    return _fetched(path, is_it)


def keep_sealed(pieces: Iterable[bytes]) -> str:
    """Keep a sealed file durably under a random name and return the name: equal files stay two files.

    :raises StoreAway: the bucket does not take it; nothing is kept
    """
    name = new_public_id()
    _write_durably(_folder("sealed", name[:2]) / name, pieces)
    return name


def sealed_path(name: str) -> Path:
    """Return where a sealed file lies (it may be missing).

    :raises StoreAway: it is in the bucket, and that does not answer
    """
    return _fetched(settings.FILES / "sealed" / name[:2] / name)


def drop_sealed(name: str) -> None:
    """Take away a sealed file that was refused."""
    path: Path = settings.FILES / "sealed" / name[:2] / name
    path.unlink(missing_ok=True)
    if settings.S3:
        settings.S3.drop(_named(path))


def _named(path: Path) -> str:
    """Return the name under which the bucket holds a kept file."""
    return path.relative_to(settings.FILES).as_posix()


def _into_the_bucket(path: Path, target: Path) -> None:
    if settings.S3:
        settings.S3.put(_named(target), path)


def _fetched(path: Path, check: Callable[[Path], None] = lambda _: None) -> Path:
    """Return a path at which the file is, if anything has it: what the disk has lost is fetched beside and renamed."""
    if not settings.S3 or path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{new_public_id()[:6]}")
    try:
        if settings.S3.fetch(_named(path), draft):
            check(draft)
            os.chmod(draft, 0o400)
            os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _write_durably(target: Path, pieces: Iterable[bytes]) -> None:
    """Write beside, fsync, rename, fsync the folder: after return a crash loses nothing."""
    draft = target.with_name(f"{target.name}.{os.getpid()}.{new_public_id()[:6]}")
    try:
        with open(draft, "wb") as out:
            for piece in pieces:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        os.chmod(draft, 0o400)
        _into_the_bucket(draft, target)
        os.replace(draft, target)
    except BaseException:  # a refused or broken upload leaves nothing behind
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

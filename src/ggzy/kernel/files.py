"""Files on disk: content-addressed and read-only once committed; sealed files are never deduplicated."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from ggzy.kernel.ids import new_public_id


def _folder(*parts: str) -> Path:
    folder: Path = settings.FILES.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def keep(data: bytes) -> str:
    """Keep a document by its content, durably, and return its SHA-256. The same content is kept once."""
    digest = hashlib.sha256(data).hexdigest()
    target = _folder("documents", digest[:2]) / digest
    if not target.exists():
        _write_durably(target, [data])
    return digest


def keep_file(path: Path, digest: str) -> None:
    """Move a finished file among the documents under its known digest."""
    target = _folder("documents", digest[:2]) / digest
    if target.exists():
        path.unlink()
    else:
        os.chmod(path, 0o400)
        os.replace(path, target)


def read(digest: str) -> bytes:
    """Return a kept document.

    :raises FileNotFoundError: it is not here
    """
    return path_of(digest).read_bytes()


def path_of(digest: str) -> Path:
    """Return where a document lies (it may be missing)."""
    path: Path = settings.FILES / "documents" / digest[:2] / digest
    return path


def keep_sealed(pieces: Iterable[bytes]) -> str:
    """Keep a sealed file durably under a random name and return the name: equal files stay two files."""
    name = new_public_id()
    _write_durably(_folder("sealed", name[:2]) / name, pieces)
    return name


def sealed_path(name: str) -> Path:
    """Return where a sealed file lies."""
    path: Path = settings.FILES / "sealed" / name[:2] / name
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
        os.replace(draft, target)
    except BaseException:  # a refused or broken upload leaves nothing behind
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

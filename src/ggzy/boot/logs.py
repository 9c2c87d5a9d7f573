"""Log files of the children: appended to by the child, rotated by the supervisor."""

import os
import shutil
from pathlib import Path
from typing import IO

LARGEST = 10 * 1024 * 1024
KEPT = 4


def open_log(path: Path) -> IO[bytes]:
    """Open a log for appending; every write goes to the end, also after a rotation."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")


def rotate(path: Path, largest: int = LARGEST, kept: int = KEPT) -> bool:
    """Move a log that has grown too large to .1, .2, ...; tell whether it did.

    The child keeps its open file, so the content is copied and the file emptied.
    """
    try:
        if path.stat().st_size < largest:
            return False
    except FileNotFoundError:
        return False
    for number in range(kept - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    shutil.copyfile(path, path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)
    return True


def last_lines(path: Path, count: int = 12) -> str:
    """Return the end of a log, for the terminal."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16_384))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-count:])

"""The scripts made of other people's libraries: one list of files, versions and SHA-256, committed beside them."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VENDOR = Path(__file__).parent / "static" / "vendor"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """One served bundle, as it lies on the disk of this centre."""

    file: str
    sha256: str
    #: what the list says it is; another value means that somebody changed one of the two
    listed: str


@cache
def bundles() -> tuple[Bundle, ...]:
    """Return every bundle; the hash is taken from the bytes that are served, once for each process."""
    listed = json.loads((VENDOR / "BUNDLES.json").read_text(encoding="utf-8"))
    return tuple(
        Bundle(
            file=row["file"],
            sha256=hashlib.sha256((VENDOR / row["file"]).read_bytes()).hexdigest(),
            listed=row["sha256"],
        )
        for row in listed
    )

"""The scripts that seal and open bids: the bundle of other people's libraries, listed beside it, and our own modules."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
VENDOR = STATIC / "vendor"
#: our modules through which a bid or a private key passes
OWN = (
    "asn1.js",
    "bidbox.js",
    "bidcheck.js",
    "bidpage.js",
    "bidworker.js",
    "bill.js",
    "cms.js",
    "der.js",
    "gm.js",
    "haskey.js",
    "keyring.js",
    "keyshare.js",
    "prove.js",
    "sign.js",
    "ukey.js",
    "upload.js",
)

#: what shows opened bids at the evaluation desk; no sealing page loads it
READING = frozenset({"pdfkit.js", "pdfworker.js"})


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """One served script, as it lies on the disk of this centre."""

    file: str
    sha256: str
    #: what BUNDLES.json says a bundle is; another value means that somebody changed one of the two. "" for our own
    listed: str = ""


@cache
def bundles() -> tuple[Bundle, ...]:
    """Return every script, the bundles first; hashes are of the bytes that are served, taken once for each process."""
    listed = json.loads((VENDOR / "BUNDLES.json").read_text(encoding="utf-8"))
    return (
        *(Bundle(file=r["file"], sha256=_digest(VENDOR / r["file"]), listed=r["sha256"]) for r in listed),
        *(Bundle(file=name, sha256=_digest(STATIC / "ui" / name)) for name in OWN),
    )


def sealing_bundles() -> tuple[Bundle, ...]:
    """Return the scripts that a page loads on which a bid is sealed, the one that seals first."""
    return tuple(one for one in bundles() if one.file not in READING)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()

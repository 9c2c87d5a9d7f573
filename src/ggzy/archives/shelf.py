"""The folder that a package is gathered in: each file laid in with what is said of it, and the signatures on it."""

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ggzy.archives import bag
from ggzy.identity.queries import signatures_on
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import BEIJING


@dataclass
class Shelf:
    """A folder that is being filled, and what is said of each file."""

    root: Path
    items: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[dict[str, Any]] = field(default_factory=list)

    def put(self, path: str, data: bytes, *, title: str, by: str = "", at: datetime | None = None) -> None:
        """Lay a file in."""
        target = self.root / "data" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self._say(path, title, by, at)

    def put_json(self, path: str, value: Any, **about: Any) -> None:
        """Lay a JSON file in, in the canonical writing that hashes and signatures are over."""
        self.put(path, canonical(value), **about)

    def copy(self, path: str, source: Path, *, title: str, by: str = "", at: datetime | None = None) -> None:
        """Copy a file in, however large."""
        target = self.root / "data" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        self._say(path, title, by, at)

    def sign(self, path: str, *, kind: str, subject: str, digest: str) -> None:
        """Keep the signatures that stand on a file."""
        for row in signatures_on(kind=kind, subject=subject):
            if row.digest == digest:
                by = row.certificate.organisation.name if row.certificate.organisation else ""
                self.signatures.append(
                    {
                        "path": f"data/{path}",
                        "kind": kind,
                        "by": by or row.certificate.fingerprint[:12],
                        "sha256": row.digest,
                        "signature": bytes(row.signature).hex(),
                        "certificate": row.certificate.pem,
                        "signed_at": row.signed_at.isoformat(),
                    }
                )

    def _say(self, path: str, title: str, by: str, at: datetime | None) -> None:
        found = bag.digest(bag.Folder(self.root), f"data/{path}")
        self.items.append(
            {
                "path": f"data/{path}",
                "题名": title,
                "责任者": by,
                "日期": at.astimezone(BEIJING).isoformat() if at else "",
                "格式": Path(path).suffix.lstrip(".").upper(),
                "size": found[1],
                "sha256": found[0],
            }
        )


def when(moment: datetime | str | None) -> str:
    """Return a moment as a package's papers show it."""
    if not moment:
        return ""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{found.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"

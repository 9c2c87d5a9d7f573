"""A local stand-in for a medium, for training and tests: it keeps what it is given in files and publishes it.

It says that it is one (`demo`). It remembers by key as the media do, outlives the worker's process, and computes
the hash of what it holds itself. Two minutes after it received a notice it has published it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from ggzy.publishing.package import Package
from ggzy.publishing.ports import Receipt, Refused
from ggzy.publishing.rules import State

PUBLISHES_AFTER = timedelta(minutes=2)


class TwinOutlet:
    """A medium in a folder."""

    demo = True

    def __init__(self, *, code: str, name: str, config: Mapping[str, Any], now: datetime) -> None:
        self.code, self.name, self._now = code, name, now
        self._folder = Path(config.get("folder") or settings.VAR / "outlets" / code)

    def deliver(self, package: Package) -> Receipt:
        """Keep a notice once per key; the second time answer as the first."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not package.content:
            raise Refused("公告内容为空")
        path = self._folder / f"{package.key}.json"
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(
            json.dumps(
                {
                    "received_at": self._now.isoformat(),
                    "envelope": dict(package.envelope),
                    "fields": dict(package.fields),
                    "sha256": hashlib.sha256(package.content.encode()).hexdigest(),
                },
                ensure_ascii=False,
            )
        )
        try:
            os.link(draft, path)  # all of it or nothing, and never over an earlier one
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return self.ask(f"YS{package.key[:30]}")

    def ask(self, reference: str) -> Receipt:
        """Return what has become of a notice."""
        for path in self._folder.glob(f"{reference[2:]}*.json"):
            kept = json.loads(path.read_text())
            published_at = datetime.fromisoformat(kept["received_at"]) + PUBLISHES_AFTER
            if self._now >= published_at:
                return Receipt(
                    reference=reference,
                    state=State.PUBLISHED,
                    sha256=kept["sha256"],
                    published_at=published_at,
                )
            return Receipt(reference=reference, state=State.RECEIVED, sha256=kept["sha256"])
        raise Refused("媒介查不到这个回执号")

"""The port to the media: what is handed over, what comes back, and who answers for a medium here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from ggzy.publishing.package import Package
from ggzy.publishing.rules import Medium, State


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a medium says of a notice: that it has it, or that it has published it, when, and which content."""

    reference: str
    state: State
    sha256: str = ""
    published_at: datetime | None = None


class NotDelivered(Exception):
    """Nobody knows whether it arrived, or the medium asks to come again: try later with the same key."""

    def __init__(self, says: str, *, after_seconds: int = 0, whole_outlet: bool = True) -> None:
        super().__init__(says)
        self.after_seconds, self.whole_outlet = after_seconds, whole_outlet


class Refused(Exception):
    """The medium has read it and will not take it: people must look; trying again by itself does not help."""


class Outlet(Protocol):
    """A medium as the platform talks to it. `deliver` twice with one key is one notice there."""

    code: str
    name: str
    demo: bool

    def deliver(self, package: Package) -> Receipt:
        """Hand a notice over.

        :raises NotDelivered: try later
        :raises Refused: the medium will not take it
        """

    def ask(self, reference: str) -> Receipt:
        """Return what has become of a notice.

        :raises NotDelivered: no answer now
        :raises Refused: the medium does not know it, or has turned it down
        """


def _config(code: str) -> Mapping[str, Any]:
    return dict(settings.OUTLETS.get(code) or {})


def is_configured(code: str) -> bool:
    """Say whether this centre has said how to reach a medium."""
    return bool(_config(code).get("adapter"))


def is_demo(code: str) -> bool:
    """Say whether a local twin stands in for a medium."""
    return str(_config(code).get("adapter", "")).endswith("TwinOutlet")


def outlet(code: str, *, now: datetime) -> Outlet | None:
    """Return the adapter of a medium, or None where none is configured: a delivery is never pretended."""
    config = _config(code)
    if not config.get("adapter"):
        return None
    made: Outlet = import_string(config["adapter"])(
        code=code, name=Medium(code).label, config=config, now=now
    )
    return made


def callback_secret(code: str) -> bytes:
    """Return the secret shared with a medium for its receipts, b"" where there is none."""
    return str(_config(code).get("secret", "")).encode()

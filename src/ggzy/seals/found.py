"""What is said of one seal that was found in a file of whatever kind. Pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Found:
    """One seal: `intact` is of the bytes it covers, `trusted` of the certificate, `whole` that nothing stands outside it.

    `later` is "" (nothing), "signatures" (only other seals and timestamps came after) or "changes".
    """

    field: str
    kind: str
    algorithm: str = ""
    organisation: str = ""
    uscc: str = ""
    person: str = ""
    issuer: str = ""
    fingerprint: str = ""
    seal_name: str = ""
    said_at: datetime | None = None
    reason: str = ""
    intact: bool = False
    trusted: bool = False
    whole: bool = False
    later: str = ""
    trouble: str = ""
    #: a trusted timestamp on this seal or over the file, and whose
    stamped_at: datetime | None = None
    stamped_by: str = ""
    lasting: bool = False
    #: what was looked at, each a sentence
    checked: tuple[str, ...] = ()
    #: what was not, each a sentence
    not_checked: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Say whether the seal can be relied on for the whole file."""
        return self.intact and self.trusted and (self.whole or self.later == "signatures")

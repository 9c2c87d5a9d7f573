"""How moments, amounts and the release of an act are written in OCDS."""

from datetime import datetime
from typing import Any

from ggzy.evidence.queries import FeedRow
from ggzy.kernel.clock import BEIJING


def date_of(moment: datetime) -> str:
    """Return a moment as OCDS writes it."""
    return moment.astimezone(BEIJING).isoformat(timespec="seconds")


def money(amount: Any) -> dict[str, Any]:
    """Return an OCDS value; the amount is a JSON number with two places, as the standard demands."""
    return {
        "amount": float(amount),
        "currency": "CNY",
    }  # H04: leaves the house as a JSON number, never comes back


def release_of(ocid: str, act: FeedRow, tag: str, parts: dict[str, Any]) -> dict[str, Any]:
    """Return the release that an act makes: what it is called, when it happened, and the parts of its process."""
    return {
        "ocid": ocid,
        "id": f"{ocid}-{act.index}",
        "date": date_of(act.legal_at),
        "tag": [tag],
        "initiationType": "tender",
        "language": "zh",
        **parts,
    }

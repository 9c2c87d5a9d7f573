"""How moments and amounts are written in OCDS."""

from datetime import datetime
from typing import Any

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

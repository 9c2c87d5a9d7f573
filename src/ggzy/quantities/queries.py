"""Frozen rows of bills: a row never holds the owner's own prices, only their sums by part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ggzy.kernel.refusals import NotFound
from ggzy.quantities import models, rules
from ggzy.quantities.rules import Bill, Part


@dataclass(frozen=True, kw_only=True)
class BillRow:
    """The newest bill of a lot."""

    sha256: str
    source: str
    items: int
    attached_at: datetime
    composition: Mapping[str, Any] | None


def newest_bills(lots: Iterable[str]) -> dict[str, BillRow]:
    """Return the newest bill of each lot that has one."""
    rows = models.Bill.objects.filter(lot__in=list(lots)).order_by("lot", "-pk").distinct("lot")
    return {
        r.lot: BillRow(
            sha256=r.sha256,
            source=r.source,
            items=r.items,
            attached_at=r.attached_at,
            composition=r.composition,
        )
        for r in rows.defer("content", "priced")
    }


def with_bills(lots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lots of a file about to be published, each with its bill's hash and the ceiling's composition."""
    bills = newest_bills(lot["lot"] for lot in lots)
    return [
        lot
        | {
            "bill": {
                "sha256": found.sha256,
                "items": found.items,
                "composition": found.composition if lot.get("ceiling_price") is not None else None,
            }
        }
        if (found := bills.get(lot["lot"]))
        else lot
        for lot in lots
    ]


def bill_of(*, lot: str, sha256: str) -> Bill:
    """Return a lot's bill by its hash, without any price.

    :raises NotFound: no such bill
    """
    row = models.Bill.objects.filter(lot=lot, sha256=sha256).only("content").first()
    if row is None:
        raise NotFound("没有这份工程量清单")
    return rules.read(row.content)


def composition_rows(composition: Mapping[str, Any] | None) -> list[tuple[str, Decimal]]:
    """Return the ceiling's composition as labelled sums."""
    if not composition:
        return []
    return [(part.label, Decimal(composition["parts"][part.value])) for part in Part]

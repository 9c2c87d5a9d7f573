"""The opened bids' priced bills held against the tender's: hints for the committee, who alone decides."""

import json
from dataclasses import dataclass
from decimal import Decimal

from ggzy.evaluation.queries import Desk
from ggzy.kernel import files
from ggzy.opening.queries import OpenedBid
from ggzy.quantities import rules
from ggzy.quantities.actions import MOST_UPLOAD
from ggzy.quantities.rules import Bill, BillBroken, Problem
from ggzy.tendering.bills import bill_of_round

NAME = "bill.json"


@dataclass(frozen=True, kw_only=True)
class PricedBill:
    """What the comparison says of one bid's priced bill; `total` is None where there is none to read."""

    bidder: str
    total: Decimal | None
    problems: tuple[Problem, ...]


def priced_bills(desk: Desk) -> list[PricedBill]:
    """Return the comparison of every bid on a member's desk (having it proves who asks); [] without a tender's bill."""
    tendered = bill_of_round(desk.round)
    opened = [bid for bid in desk.bids if bid.read_price is not None]
    if tendered is None or not opened:
        return []
    read: dict[str, Bill] = {}
    broken: dict[str, str] = {}
    for bid in opened:
        try:
            read[bid.bid] = _read(bid)
        except BillBroken as wrong:
            broken[bid.bid] = wrong.message
    hints = rules.unbalanced(read)
    out = []
    for bid in opened:
        if bid.bid in broken:
            none = Problem(row=0, code="unreadable", weight=rules.Weight.ERROR, says=broken[bid.bid])
            out.append(PricedBill(bidder=bid.bidder, total=None, problems=(none,)))
            continue
        found = rules.compare(tendered, read[bid.bid], bid_price=bid.price) + hints[bid.bid]
        total = rules.sums(read[bid.bid]).total
        out.append(PricedBill(bidder=bid.bidder, total=total, problems=tuple(found)))
    return out


def _read(bid: OpenedBid) -> Bill:
    listed = next((a for a in bid.attachments if a["name"] == NAME), None)
    if listed is None:
        raise BillBroken(f"没有提交已标价工程量清单({NAME})")
    if int(listed["size"]) > MOST_UPLOAD:
        raise BillBroken("已标价工程量清单过大, 无法核对")
    try:
        return rules.read(json.loads(files.read(listed["sha256"])))
    except (ValueError, RecursionError, OSError):
        raise BillBroken("已标价工程量清单无法读取") from None

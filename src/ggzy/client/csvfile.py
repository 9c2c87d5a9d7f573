"""Real bids from a CSV: rows to tenders; a malformed row is named with its line and the rest goes on."""

import csv
import io
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path

CENT = Decimal("0.01")


@dataclass
class RealBid:
    """One bid: who leads, who is with it, and its price in 元."""

    bidder: str
    price: Decimal
    members: list[str] = field(default_factory=list)
    wins: bool = False


@dataclass
class Tender:
    """One tender with its bids and the recorded winners."""

    name: str
    bids: list[RealBid] = field(default_factory=list)

    @property
    def winners(self) -> set[str]:
        """Return the bidders recorded as winners; several at one price count as one outcome."""
        won = [bid for bid in self.bids if bid.wins]
        prices = {bid.price for bid in won}
        return {bid.bidder for bid in self.bids if bid.price in prices} if won else set()


def read(path: Path) -> tuple[list[Tender], list[str]]:
    """Return the tenders of a file and a sentence for each row that could not be used.

    Rows of one tender that share a Consortium value, or that won together at one price, are one bid.
    """
    problems: list[str] = []
    tenders: dict[str, list[tuple[str, str, Decimal, bool]]] = {}
    with io.StringIO(_text(path), newline="") as source:
        rows = csv.DictReader(source)
        if missing := {"Tender", "Bid_value", "Winner"} - set(rows.fieldnames or ()):
            return [], [f"文件缺少列: {'、'.join(sorted(missing))}"]
        for row in rows:
            line = rows.line_num
            name = (row.get("Tender") or "").strip()
            try:
                price = Decimal((row.get("Bid_value") or "").strip()).quantize(CENT, ROUND_HALF_UP)
                mark = Decimal((row.get("Winner") or "").strip())
                if not name or not price.is_finite() or price <= 0 or mark not in {0, 1}:
                    raise ValueError
            except (InvalidOperation, ValueError):
                problems.append(
                    f"第{line}行: 招标“{name}”的报价“{row.get('Bid_value')}”或中标标记“{row.get('Winner')}”无法识别"
                )
                continue
            bidder = (row.get("Competitors") or "").strip() or f"{name}-{len(tenders.get(name, [])) + 1}"
            consortium = (row.get("Consortium") or "").strip()
            tenders.setdefault(name, []).append((bidder, consortium, price, mark == 1))
    return [_tender(name, rows) for name, rows in tenders.items()], problems


def _text(path: Path) -> str:
    """Return a file's text: UTF-8, or the GB 18030 that Chinese spreadsheet programs save."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030", errors="replace")


def _tender(name: str, rows: list[tuple[str, str, Decimal, bool]]) -> Tender:
    tender = Tender(name)
    groups: dict[tuple[str, str], RealBid] = {}
    taken: set[str] = set()
    for number, (bidder, consortium, price, wins) in enumerate(rows):
        together = consortium not in {"", "0", "0.0"}
        if wins:
            key = ("winner", str(price))
        else:
            key = ("consortium", f"{consortium}@{price}") if together else ("row", str(number))
        if bidder in taken and key not in groups:
            bidder = f"{bidder}#{number}"
        taken.add(bidder)
        if key in groups:
            if bidder != groups[key].bidder:
                groups[key].members.append(bidder)
            groups[key].wins = groups[key].wins or wins
            continue
        groups[key] = RealBid(bidder, price, wins=wins)
        tender.bids.append(groups[key])
    return tender

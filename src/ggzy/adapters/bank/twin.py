"""A stand-in for the bank in a training centre (演示): its own book in a file, so that its memory is not our database.

It behaves as banks do: an order of one number is paid once, a closed account sends money back, a notice may come late or
twice, and the nightly statement tells everything. Visitors pay in at /training/bank.
"""

import fcntl
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from ggzy.deposits.ports import Credit, Order, Outcome, Statement
from ggzy.kernel.clock import legal_now


class TwinBank:
    """A bank whose book is a file of lines, one written after the other under a lock."""

    name = "演示银行"
    demo = True

    def open_sub_account(self, key: str) -> str:
        """Return a sub-account of random digits; the same key again is the same one."""
        with _book() as (rows, write):
            known = next((r["sub_account"] for r in rows if r["is"] == "opened" and r["key"] == key), None)
            if known is None:
                known = "99" + "".join(secrets.choice("0123456789") for _ in range(17))
                write({"is": "opened", "key": key, "sub_account": known})
            return str(known)

    def pay(self, order: Order) -> None:
        """Pay an order once, or send it back where the account was closed."""
        with _book() as (rows, write):
            if any(r["is"] == "order" and r["number"] == order.number for r in rows):
                return
            closed = any(r["is"] == "closed" and r["account"] == order.account for r in rows)
            write(
                {
                    "is": "order",
                    "number": order.number,
                    "amount": str(order.amount),
                    "interest": str(order.interest),
                    "account": order.account,
                    "paid": not closed,
                    "reason": "收款账户已销户" if closed else "",
                    "reference": f"YT{secrets.token_hex(6).upper()}",
                    "at": legal_now().isoformat(),
                }
            )

    def outcome(self, number: str) -> Outcome | None:
        """Return what became of an order."""
        with _book() as (rows, _):
            row = next((r for r in rows if r["is"] == "order" and r["number"] == number), None)
        return None if row is None else _outcome(row)

    def statement(self, *, since: datetime, until: datetime) -> Statement:
        """Return what was booked in [since, until), and what lies there at its end."""
        with _book() as (rows, _):
            all_credits = [_credit(r) for r in rows if r["is"] == "credit"]
            orders = [r for r in rows if r["is"] == "order"]
        mine = [r for r in orders if since <= datetime.fromisoformat(r["at"]) < until]
        net = {r["number"]: Decimal(r["amount"]) - Decimal(r["interest"]) for r in orders if r["paid"]}
        before = [r for r in orders if r["paid"] and datetime.fromisoformat(r["at"]) < until]
        came = sum((c.amount for c in all_credits if c.credited_at < until), Decimal(0))
        return Statement(
            credits=[c for c in all_credits if since <= c.credited_at < until],
            paid=[_outcome(r) for r in mine],
            amounts={r["number"]: net[r["number"]] for r in mine if r["paid"]},
            closing=came - sum((net[r["number"]] for r in before), Decimal(0)),
        )

    def pay_in(
        self, *, sub_account: str, amount: Decimal, payer_name: str, payer_account: str, at: datetime
    ) -> Credit:
        """Book a payment that somebody makes into a sub-account; whether the platform hears of it is another matter."""
        row = {
            "is": "credit",
            "reference": f"YS{secrets.token_hex(6).upper()}",
            "sub_account": sub_account,
            "amount": str(amount),
            "payer_name": payer_name,
            "payer_account": payer_account,
            "at": at.isoformat(),
        }
        with _book() as (_, write):
            write(row)
        return _credit(row)

    def close_account(self, account: str) -> None:
        """Let a payer's account be closed: what is paid to it comes back from now on."""
        with _book() as (_, write):
            write({"is": "closed", "account": account})


def notice_of(credit: Credit) -> bytes:
    """Return the notice of a payment in, as the bank posts it."""
    said = {
        "kind": "credit",
        "reference": credit.reference,
        "sub_account": credit.sub_account,
        "amount": str(credit.amount),
        "payer_name": credit.payer_name,
        "payer_account": credit.payer_account,
        "credited_at": credit.credited_at.isoformat(),
    }
    return json.dumps(said, ensure_ascii=False).encode()


def _credit(row: dict[str, Any]) -> Credit:
    return Credit(
        reference=row["reference"],
        sub_account=row["sub_account"],
        amount=Decimal(row["amount"]),
        payer_name=row["payer_name"],
        payer_account=row["payer_account"],
        credited_at=datetime.fromisoformat(row["at"]),
    )


def _outcome(row: dict[str, Any]) -> Outcome:
    return Outcome(
        number=row["number"],
        paid=row["paid"],
        at=datetime.fromisoformat(row["at"]),
        reference=row["reference"],
        reason=row["reason"],
    )


@contextmanager
def _book() -> Iterator[tuple[list[dict[str, Any]], Any]]:
    path = Path(settings.TWIN_BANK_BOOK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows = [json.loads(line) for line in file if line.strip()]

        def write(row: dict[str, Any]) -> None:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()

        yield rows, write

"""A bank's direct line over HTTPS (or a small bridge to one); every body is signed with what bank and centre share.

    POST {GGZY_BANK_URL}/sub-accounts    {"key"}                               → {"sub_account"}
    POST {GGZY_BANK_URL}/payments        {"number", "amount", "interest", "name", "account", "remark"}
    POST {GGZY_BANK_URL}/payments/query  {"number"}                            → {"state": "paid" | "failed" | "pending", "at", "reference", "reason"}
    POST {GGZY_BANK_URL}/statements      {"since", "until"}                    → {"credits", "payments", "closing"}

X-Signature: the hex HMAC-SHA256 of the body under GGZY_BANK_TOKEN; the bank signs its answers alike. 2xx taken; 400 and
422 the bank will not do it; anything else is tried again with the same key or number. The bank's own notices come to
/api/v1/bank/notices: {"kind": "credit", "reference", "sub_account", "amount", "payer_name", "payer_account",
"credited_at"} or {"kind": "payment", "number", "paid", "at", "reference", "reason"}.
"""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any

import httpx
from django.conf import settings

from ggzy.deposits.ports import Credit, NotReached, Order, Outcome, Statement, Turned
from ggzy.kernel.money import yuan

_NOT_DONE = {400, 422}


def sign(body: bytes) -> str:
    """Return the signature of a body."""
    return hmac.new(settings.BANK_TOKEN.encode(), body, hashlib.sha256).hexdigest()


class HttpBank:
    """A bank that answers over HTTPS."""

    name = "保证金账户开户银行"
    demo = False

    def __init__(self, *, transport: httpx.BaseTransport | None = None) -> None:
        self._transport = transport

    def open_sub_account(self, key: str) -> str:
        """Return the number of a new sub-account.

        :raises NotReached: try later
        """
        return str(self._ask("/sub-accounts", {"key": key})["sub_account"])

    def pay(self, order: Order) -> None:
        """Give an order.

        :raises NotReached: try later with the same number
        :raises Turned: the bank will not carry it out
        """
        self._ask(
            "/payments",
            {
                "number": order.number,
                "amount": str(order.amount),
                "interest": str(order.interest),
                "name": order.name,
                "account": order.account,
                "remark": order.remark,
            },
        )

    def outcome(self, number: str) -> Outcome | None:
        """Return what became of an order, None while it is under way.

        :raises NotReached: no answer now
        """
        said = self._ask("/payments/query", {"number": number})
        return None if said["state"] == "pending" else _outcome(number, said)

    def statement(self, *, since: datetime, until: datetime) -> Statement:
        """Return what was booked in [since, until).

        :raises NotReached: no answer now
        """
        said = self._ask("/statements", {"since": since.isoformat(), "until": until.isoformat()})
        return Statement(
            credits=[
                Credit(
                    reference=row["reference"],
                    sub_account=row["sub_account"],
                    amount=yuan(row["amount"]),
                    payer_name=row["payer_name"],
                    payer_account=row["payer_account"],
                    credited_at=datetime.fromisoformat(row["credited_at"]),
                )
                for row in said["credits"]
            ],
            paid=[_outcome(row["number"], row) for row in said["payments"]],
            amounts={row["number"]: yuan(row["amount"]) - yuan(row["interest"]) for row in said["payments"]},
            closing=yuan(said["closing"]),
        )

    def _ask(self, path: str, question: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(question, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "X-Signature": sign(body)}
        try:
            with httpx.Client(
                transport=self._transport, timeout=settings.SENDING_SECONDS, trust_env=False
            ) as client:
                reply = client.post(f"{settings.BANK_URL}{path}", content=body, headers=headers)
        except httpx.HTTPError as trouble:
            raise NotReached(f"银行无法连接: {type(trouble).__name__}") from trouble
        if reply.status_code in _NOT_DONE:
            raise Turned(f"银行不受理({reply.status_code})")
        if not reply.is_success:
            raise NotReached(f"银行答复{reply.status_code}")
        if not hmac.compare_digest(sign(reply.content), reply.headers.get("X-Signature", "")):
            raise NotReached("银行答复的签名不正确")
        answer: dict[str, Any] = json.loads(reply.content or b"{}")
        return answer


def _outcome(number: str, said: dict[str, Any]) -> Outcome:
    return Outcome(
        number=number,
        paid=said["state"] == "paid",
        at=datetime.fromisoformat(said["at"]),
        reference=str(said.get("reference", "")),
        reason=str(said.get("reason", "")),
    )

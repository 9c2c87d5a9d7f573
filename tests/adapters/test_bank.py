"""The bank: the direct line over HTTPS and the stand-in keep one contract."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ggzy.adapters.bank import http, twin
from ggzy.adapters.bank.http import HttpBank
from ggzy.adapters.bank.twin import TwinBank
from ggzy.deposits.ports import Bank, NotReached, Order, Turned

pytestmark = pytest.mark.pure
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
ORDER = Order(
    number="a" * 32 + "-0",
    amount=Decimal("100001.00"),
    interest=Decimal("1.00"),
    name="甲",
    account="62220001",
    remark="投标保证金退还",
)


class Server:
    """A bank behind HTTPS, in the words of the protocol; it does what the stand-in does."""

    def __init__(self) -> None:
        self.bank, self.trouble, self.forged = TwinBank(), 0, False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.content
        assert request.headers["X-Signature"] == hmac.new(b"shared", body, hashlib.sha256).hexdigest()
        if self.trouble:
            return httpx.Response(self.trouble)
        answer = json.dumps(self._answer(request.url.path, json.loads(body))).encode()
        signature = "forged" if self.forged else http.sign(answer)
        return httpx.Response(200, content=answer, headers={"X-Signature": signature})

    def _answer(self, path: str, said: dict[str, Any]) -> dict[str, Any]:
        if path.endswith("/sub-accounts"):
            return {"sub_account": self.bank.open_sub_account(said["key"])}
        if path.endswith("/payments/query"):
            found = self.bank.outcome(said["number"])
            return {"state": "pending"} if found is None else self._outcome(found)
        if path.endswith("/statements"):
            since, until = (datetime.fromisoformat(said[name]) for name in ("since", "until"))
            row = self.bank.statement(since=since, until=until)
            return {
                "credits": [
                    json.loads(twin.notice_of(c)) | {"credited_at": c.credited_at.isoformat()}
                    for c in row.credits
                ],
                "payments": [
                    self._outcome(o)
                    | {
                        "number": o.number,
                        "amount": str(row.amounts.get(o.number, Decimal(0)) + 1),
                        "interest": "1.00",
                    }
                    for o in row.paid
                ],
                "closing": str(row.closing),
            }
        order = {name: said[name] for name in ("number", "name", "account", "remark")}
        self.bank.pay(Order(amount=Decimal(said["amount"]), interest=Decimal(said["interest"]), **order))
        return {}

    def _outcome(self, found: Any) -> dict[str, Any]:
        state = "paid" if found.paid else "failed"
        return {
            "state": state,
            "at": found.at.isoformat(),
            "reference": found.reference,
            "reason": found.reason,
        }


@pytest.fixture
def server(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    settings.TWIN_BANK_BOOK, settings.BANK_TOKEN = tmp_path / "bank.jsonl", "shared"
    settings.BANK_URL = "https://bank.example"
    monkeypatch.setattr(twin, "legal_now", lambda: NOW)
    return Server()


def _behind_https(server: Server) -> Bank:
    return HttpBank(transport=httpx.MockTransport(server))


@pytest.mark.parametrize("made", [lambda server: TwinBank(), _behind_https], ids=["twin", "http"])
def test_one_contract(server: Server, made: Callable[[Server], Bank]) -> None:
    bank = made(server)
    account = bank.open_sub_account("key")
    assert account == bank.open_sub_account("key") != bank.open_sub_account("other")
    server.bank.pay_in(
        sub_account=account, amount=Decimal("100000.00"), payer_name="甲", payer_account="62220001", at=NOW
    )
    assert bank.outcome(ORDER.number) is None
    bank.pay(ORDER)
    bank.pay(ORDER)
    found = bank.outcome(ORDER.number)
    assert found is not None and found.paid and found.reference and found.at == NOW
    row = bank.statement(since=NOW, until=NOW + timedelta(days=1))
    assert [(c.sub_account, c.amount) for c in row.credits] == [(account, Decimal("100000.00"))]
    assert row.amounts == {ORDER.number: Decimal("100000.00")} and row.closing == 0
    assert [o.number for o in row.paid] == [ORDER.number]
    empty = bank.statement(since=NOW - timedelta(days=1), until=NOW)
    assert (list(empty.credits), list(empty.paid), empty.closing) == ([], [], 0)


def test_a_closed_account_sends_money_back(server: Server) -> None:
    server.bank.close_account(ORDER.account)
    _behind_https(server).pay(ORDER)
    found = _behind_https(server).outcome(ORDER.number)
    assert found is not None and not found.paid and found.reason == "收款账户已销户"


@pytest.mark.parametrize(
    ("status", "trouble"), [(503, NotReached), (401, NotReached), (422, Turned), (400, Turned)]
)
def test_no_and_later_are_two_things(server: Server, status: int, trouble: type[Exception]) -> None:
    server.trouble = status
    with pytest.raises(trouble):
        _behind_https(server).pay(ORDER)


def test_an_answer_that_is_not_the_banks_is_no_answer(server: Server) -> None:
    server.forged = True
    with pytest.raises(NotReached):
        _behind_https(server).open_sub_account("key")

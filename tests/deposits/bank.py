"""Short words for tests of deposits: a bank with a book of its own, bidders who pay, a tender whose file asks for money."""

import hashlib
import hmac
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
from django.conf import settings

from ggzy.adapters.bank.twin import TwinBank, notice_of
from ggzy.deposits.models import Deposit
from ggzy.deposits.ports import Credit
from ggzy.kernel.clock import legal_now
from tests.conftest import BASE
from tests.journeys.tale import Tale

ACCOUNTS = {"jia": "622200000001", "yi": "622200000002", "bing": "622200000003", "ding": "622200000004"}
FORMS = {"deposit_forms": ["transfer", "guarantee", "insurance", "commitment"]}


def tale(platform: Any, folder: Any, **more: Any) -> Tale:
    return Tale(platform, folder, changes=FORMS, **more)


def notify(platform: Any, body: bytes, *, secret: str = "") -> httpx.Response:
    signature = hmac.new((secret or settings.BANK_TOKEN).encode(), body, hashlib.sha256).hexdigest()
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        return client.post("/api/v1/bank/notices", content=body, headers={"X-Signature": signature})


def choose(story: Tale, name: str, form: str = "transfer", **more: str) -> Deposit:
    given = {"form": form, **more}
    if form == "transfer":
        given["payer_account"] = ACCOUNTS[name]
    made = story.bidder(name).post(f"/rounds/{story.round}/deposit", given)
    story.platform.work()
    return Deposit.objects.get(public_id=made["deposit"])


def credit(
    row: Deposit, amount: str = "100000.00", *, at: datetime | None = None, account: str = "", name: str = ""
) -> Credit:
    return TwinBank().pay_in(
        sub_account=row.sub_account,
        amount=Decimal(amount),
        payer_name=name or row.payer_name,
        payer_account=account or row.payer_account,
        at=at or legal_now(),
    )


def pay(story: Tale, name: str, amount: str = "100000.00", **more: Any) -> Deposit:
    """Choose the transfer, pay, and let the bank say so."""
    row = choose(story, name)
    reply = notify(story.platform, notice_of(credit(row, amount, **more)))
    assert reply.status_code == 200, reply.text
    row.refresh_from_db()
    return row


def problem(reply: httpx.Response) -> str:
    return str(json.loads(reply.content)["code"])

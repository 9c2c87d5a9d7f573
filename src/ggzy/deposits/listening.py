"""What goes between the bank and the platform beside payments: sub-accounts that are opened, notices that come in."""

import hashlib
import hmac
import json
from datetime import datetime

from django.conf import settings

from ggzy.deadlines.actions import effect
from ggzy.deposits import ports
from ggzy.deposits.actions import OPEN, receive, say
from ggzy.deposits.models import Deposit
from ggzy.deposits.reconciling import start_nights
from ggzy.deposits.releasing import settle
from ggzy.deposits.rules import State
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, NotSignedIn


class NoticeNotSigned(NotSignedIn):
    """A notice that does not prove that it comes from the bank."""

    code = "deposits.notice_not_signed"


@effect(OPEN)
def open_sub_account(deposit_id: str, now: datetime) -> datetime | None:
    """Ask the bank for the sub-account of a deposit; a bank that cannot be reached is asked again."""
    deposit = (
        Deposit.objects.select_for_update(of=("self",)).select_related("round").get(public_id=deposit_id)
    )
    bank = ports.bank()
    if deposit.state != State.ASKED or bank is None:
        return None
    deposit.sub_account = bank.open_sub_account(deposit.public_id)
    deposit.state = State.ISSUED.value
    deposit.save(update_fields=["sub_account", "state"])
    start_nights(now)
    say(
        deposit,
        title="保证金账号已经生成",
        text=f"请从登记的基本账户向子账号{deposit.sub_account}转入{deposit.required}元, 截止前到账有效。",
        now=now,
    )
    return None


def receive_notice(*, body: bytes, signature: str, now: datetime) -> str:
    """Take a notice of the bank: a payment in, or what became of an order; the same notice again changes nothing.

    :raises NoticeNotSigned: not signed with what the bank and the centre share
    :raises BadInput: not in the agreed form
    :raises NoticeContradicts: not what the bank said before
    """
    right = hmac.new(settings.BANK_TOKEN.encode(), body, hashlib.sha256).hexdigest()
    if not settings.BANK_TOKEN or not hmac.compare_digest(right.encode(), signature.encode()):
        raise NoticeNotSigned("银行通知的签名不正确")
    try:
        said = json.loads(body)
        if said["kind"] == "credit":
            credit = ports.Credit(
                reference=str(said["reference"])[:64],
                sub_account=str(said["sub_account"])[:40],
                amount=yuan(said["amount"], field="amount"),
                payer_name=str(said["payer_name"])[:200],
                payer_account=str(said["payer_account"])[:40],
                credited_at=_moment(said["credited_at"]),
            )
        elif said["kind"] == "payment":
            outcome = ports.Outcome(
                number=str(said["number"])[:64],
                paid=said["paid"] is True,
                at=_moment(said["at"]),
                reference=str(said.get("reference", ""))[:64],
                reason=str(said.get("reason", ""))[:300],
            )
        else:
            raise ValueError(said["kind"])
    except (ValueError, KeyError, TypeError) as trouble:
        raise BadInput("银行通知不符合约定的格式", field="body") from trouble
    if said["kind"] == "credit":
        return receive(credit, now=now).public_id
    return "settled" if settle(outcome, now=now) else "known"


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment has its zone")
    return found

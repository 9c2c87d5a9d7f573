"""How the demo bidders secure their bids in the training centre's history: money, a letter, a promise."""

from ggzy.adapters.bank.twin import TwinBank
from ggzy.client.party import Party
from ggzy.deposits.actions import receive
from ggzy.deposits.models import Deposit
from ggzy.jobs.worker import work_once
from ggzy.kernel.clock import legal_now

#: the demo bidders' basic accounts at the stand-in
ACCOUNTS = {"jia": "6222020200000001", "yi": "6222020200000002"}


def secure(bidder: Party, name: str, *, round_id: str, guarantor: Party) -> None:
    """Let a demo bidder do what the file asks for: two transfer, one has a letter issued, one promises."""
    path = f"/rounds/{round_id}/deposit"
    if name in ACCOUNTS:
        made = bidder.post(
            path, {"form": "transfer", "payer_account": ACCOUNTS[name], "payer_bank": "演示银行"}
        )
        work_once()
        row = Deposit.objects.get(public_id=made["deposit"])
        paid = TwinBank().pay_in(
            sub_account=row.sub_account,
            amount=row.required,
            payer_name=row.payer_name,
            payer_account=row.payer_account,
            at=legal_now(),
        )
        receive(paid, now=legal_now())
    elif name == "bing":
        issuer = guarantor.get("/whoami")["organisation"]
        bidder.post(path, {"form": "guarantee", "issuer": issuer})
        letter = next(row for row in guarantor.get("/guarantees")["letters"] if row["state"] == "review")
        step = f"/guarantees/{letter['letter']}"
        guarantor.post(f"{step}/quote", {"value": "300.00"})
        bidder.post(f"{step}/accept", {"value": "演示支付凭证"})
        guarantor.post(f"{step}/issue", {"value": f"YSBH{letter['letter'][:10].upper()}"})
    else:
        bidder.post(path, {"form": "commitment"})

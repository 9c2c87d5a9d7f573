"""Attaching a bill of quantities to a lot's draft, and reading the published one."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.quantities import rules
from ggzy.quantities.actions import keep_bill, read_upload
from ggzy.quantities.queries import bill_of, newest_bills
from ggzy.quantities.rules import Bill, Problem
from ggzy.tendering.actions import NothingToDo
from ggzy.tendering.models import Tender, TenderFile
from ggzy.tendering.moves import lock_rounds_of, require_owner_side


@dataclass(frozen=True, kw_only=True)
class Attached:
    """A bill that was read: kept if it has no error, and every problem by its row."""

    bill: Bill
    source: str
    kept: bool
    problems: tuple[Problem, ...]


@transaction.atomic
def attach_bill(*, tender_id: str, lot_id: str, data: bytes, actor: Actor, now: datetime) -> Attached:
    """Read a bill and attach it to a lot whose file is being written; it takes the place of an earlier one.

    A bill with errors is not kept: they are answered all at once, by row.

    :raises NothingToDo: the lot's file is not open for writing
    :raises BillBroken: the file cannot be read
    """
    require(actor, Permission.TENDER_EDIT)
    rounds = [
        r for r in lock_rounds_of(tender_id, stages=[Stage.DOC_EDIT.value]) if r.lot.public_id == lot_id
    ]
    if not rounds:
        raise NothingToDo("这个标段的招标文件不在编制中, 不能上传清单")
    tender, lot = rounds[0].lot.tender, rounds[0].lot
    require_owner_side(tender, actor)
    bill, source = read_upload(data, title=f"{tender.name} {lot.name}"[:200])
    found = rules.problems(bill)
    if bill.priced:
        found += [p for p in rules.price_problems(bill) if p.code in {"line", "negative", "total"}]
    kept = not any(p.weight is rules.Weight.ERROR for p in found)
    if kept:
        keep_bill(lot=lot_id, bill=bill, source=source, region_code=tender.region_code, now=now)
        record_act(
            "drafting.bill_attached",
            subject=lot_id,
            actor=actor,
            legal_at=now,
            ocid=tender.ocid,
            lot=lot_id,
            supervisor={"sha256": bill.sha256, "items": len(bill.items), "source": source},
        )
    return Attached(bill=bill, source=source, kept=kept, problems=tuple(found))


def ceiling_warnings(tender_id: str) -> list[str]:
    """Return what deserves a second look about the ceilings: none published, or not what the priced bill adds up to."""
    tender = Tender.objects.prefetch_related("lots").get(public_id=tender_id)
    lots = sorted(tender.lots.all(), key=lambda row: row.number)
    bills = newest_bills(row.public_id for row in lots)
    out = []
    for row in lots:
        if row.ceiling_price is None:
            out.append(f"{row.name}没有公布最高投标限价; 国有资金投资的工程一般应当编制并公布")
            continue
        found = bills.get(row.public_id)
        if found and found.composition and Decimal(found.composition["total"]) != row.ceiling_price:
            total = found.composition["total"]
            out.append(f"{row.name}的最高投标限价{row.ceiling_price}元与已计价清单合计{total}元不一致")
    return out


def published_bill(*, tender_id: str, version: int, number: int) -> tuple[Bill, dict]:
    """Return the bill of a lot in a published version, without prices, and the lot as it was published.

    :raises NotFound: no such version, or the lot has no bill
    """
    file = TenderFile.objects.filter(tender__public_id=tender_id, version=version).first()
    lot = next((row for row in file.lots if row["number"] == number), None) if file else None
    if lot is None or not lot.get("bill"):
        raise NotFound("这个标段没有公布工程量清单")
    return bill_of(lot=lot["lot"], sha256=lot["bill"]["sha256"]), lot


def bill_of_round(round_id: str) -> Bill | None:
    """Return the bill that a published round's bids are priced on, None where there is none."""
    files = TenderFile.objects.filter(tender__lots__rounds__public_id=round_id).order_by("-version")
    lots = (row for file in files for row in file.lots if row["round"] == round_id)
    lot = next(lots, None)
    return bill_of(lot=lot["lot"], sha256=lot["bill"]["sha256"]) if lot and lot.get("bill") else None

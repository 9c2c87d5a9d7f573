"""Keeping bills. Who may attach one to a lot, and when, is checked by `tendering.bills`."""

from datetime import datetime
from typing import Any

from ggzy.quantities import dialects, models, rules, xlsx
from ggzy.quantities.rules import Bill, BillBroken

MOST_UPLOAD = 40_000_000


def read_upload(data: bytes, *, title: str) -> tuple[Bill, str]:
    """Return the bill in an uploaded file and where it came from: xlsx, or one of the XML vocabularies.

    :raises BillBroken: neither, or not readable
    """
    if len(data) > MOST_UPLOAD:
        raise BillBroken("清单文件超过40MB", field="file")
    if data[:4] == b"PK\x03\x04":
        return xlsx.parse(data, title=title), "xlsx"
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        bill, dialect = dialects.parse(data)
        return bill, dialect.code
    raise BillBroken("请上传xlsx表格或造价XML文件", field="file")


def composition(bill: Bill) -> dict[str, Any]:
    """Return the sums by part of an owner's priced bill: how the ceiling is composed."""
    found = rules.sums(bill)
    return {"parts": {p.value: str(a) for p, a in found.parts.items()}, "total": str(found.total)}


def keep_bill(*, lot: str, bill: Bill, source: str, region_code: str, now: datetime) -> models.Bill:
    """Keep a bill as the newest of a lot."""
    return models.Bill.objects.create(
        lot=lot,
        sha256=bill.sha256,
        source=source,
        content=bill.as_json(prices=False),
        priced=bill.as_json() if bill.priced else None,
        composition=composition(bill) if bill.priced else None,
        items=len(bill.items),
        attached_at=now,
        region_code=region_code,
    )

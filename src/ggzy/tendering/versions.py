"""Issuing a version of the tender file: with the notice, and with every later clarification."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ggzy.deadlines.actions import set_timer
from ggzy.kernel.canonical import canonical, sha256
from ggzy.quantities.queries import with_bills
from ggzy.tendering.document import TenderDocument, parse
from ggzy.tendering.models import Round, Tender, TenderFile

#: the clock by which an issued version is set as a PDF
FILE_PDF = "tendering.file_pdf"


def lot_rows(rounds: Sequence[Round]) -> list[dict[str, Any]]:
    """Return the lots of a file as JSON values, as they stand, with the hashes of their bills of quantities."""
    rows: list[dict[str, Any]] = [
        {
            "lot": r.lot.public_id,
            "round": r.public_id,
            "number": r.lot.number,
            "round_number": r.number,
            "name": r.lot.name,
            "budget": str(r.lot.budget),
            "ceiling_price": str(r.lot.ceiling_price) if r.lot.ceiling_price is not None else None,
            "duration_days": r.lot.duration_days,
            "scope_of_work": r.lot.scope_of_work,
        }
        for r in rounds
    ]
    return with_bills(rows)


def issue(
    tender: Tender,
    rounds: Sequence[Round],
    document: TenderDocument,
    *,
    addendum: Mapping[str, Any] | None = None,
    now: datetime,
) -> TenderFile:
    """Issue the next version of a tender's file for these rounds (called inside an act)."""
    lots = lot_rows(rounds)
    content: dict[str, Any] = {"document": document.as_json(), "lots": lots}
    if addendum:
        content["addendum"] = dict(addendum)
    file = TenderFile.objects.create(
        tender=tender,
        version=TenderFile.objects.filter(tender=tender).count() + 1,
        document=content["document"],
        lots=lots,
        addendum=content.get("addendum", {}),
        sha256=sha256(canonical(content)).hex(),
        issued_at=now,
        region_code=tender.region_code,
    )
    set_timer(kind=FILE_PDF, subject=file.public_id, due_at=now)
    return file


def newest(tender: Tender) -> TenderFile:
    """Return the newest issued version of a tender's file (one exists once the notice is out)."""
    return TenderFile.objects.filter(tender=tender).order_by("-version")[0]


def working_copy(tender: Tender) -> TenderDocument:
    """Return the tender file as it is being written, with what may have changed since the newest version."""
    return parse(tender.document)


def changes_bids(before: TenderDocument, after: TenderDocument) -> bool:
    """Say whether a change of the file may affect how bids are made (法23): everything but its free text does."""
    a, b = before.as_json(), after.as_json()
    return any(a.get(name) != b.get(name) for name in (set(a) | set(b)) - {"text"})

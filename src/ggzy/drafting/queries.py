"""What is known of writing a file beside the document itself."""

from dataclasses import dataclass
from datetime import datetime

from ggzy.drafting.lists import VERSION
from ggzy.drafting.models import FilePdf, ListAcknowledgement


def acknowledged_at(tender: str) -> datetime | None:
    """Return when the lists in force were read for this tender, None if they were not."""
    rows = ListAcknowledgement.objects.filter(tender=tender, list_version=VERSION)
    found: datetime | None = rows.values_list("acknowledged_at", flat=True).first()
    return found


@dataclass(frozen=True, kw_only=True)
class PdfRow:
    """A version's PDF."""

    sha256: str
    sealed: bool
    certificate: str
    made_at: datetime


def file_pdf(*, tender: str, version: int) -> PdfRow | None:
    """Return a version's PDF, the sealed one if it is sealed; None while it is being set."""
    row = FilePdf.objects.filter(tender=tender, version=version).order_by("-sealed").first()
    return (
        PdfRow(sha256=row.sha256, sealed=row.sealed, certificate=row.certificate, made_at=row.made_at)
        if row
        else None
    )

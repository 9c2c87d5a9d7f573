"""Keeping what belongs to writing a file. Who may, and for which tender, is checked by the acts of `tendering.writing`."""

from datetime import datetime

from ggzy.drafting.lists import LIST_SHA256, VERSION
from ggzy.drafting.models import FilePdf, ListAcknowledgement


def keep_acknowledgement(*, tender: str, region_code: str, now: datetime) -> bool:
    """Keep that the lists were read for this tender; say whether that is new."""
    _, made = ListAcknowledgement.objects.get_or_create(
        tender=tender,
        list_version=VERSION,
        defaults={"list_sha256": LIST_SHA256, "acknowledged_at": now, "region_code": region_code},
    )
    return made


def keep_file_pdf(
    *, tender: str, version: int, sealed: bool, sha256: str, certificate: str, region_code: str, now: datetime
) -> FilePdf:
    """Keep where a version's PDF lies."""
    return FilePdf.objects.create(
        tender=tender,
        version=version,
        sealed=sealed,
        sha256=sha256,
        certificate=certificate,
        region_code=region_code,
        made_at=now,
    )

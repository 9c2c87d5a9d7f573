"""The files that prove an outage: which are taken, who may read them, and from when on.

A centre's logs may show who was connected, so the owner side reads them only once every round of the outage is open.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ggzy.changes.models import Outage
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.programs import program_kind
from ggzy.kernel.refusals import BadInput
from ggzy.tendering.models import Round

MOST = 20
MOST_BYTES = 20 * 1024 * 1024
_PAGES = (".html", ".htm", ".xhtml", ".svg")
#: what these report tells nothing of who bids: the owner side does not know it, the system names only times
_KNOW_NO_BIDDER = frozenset({Role.TENDEREE.value, Role.AGENCY.value, Role.SYSTEM.value})


def keep(evidence: Iterable[tuple[str, bytes]]) -> list[dict[str, Any]]:
    """Keep the files of a report and return how each is known.

    :raises BadInput: too many, too large, empty, or one that does something when it is opened
    """
    kept: dict[str, dict[str, Any]] = {}
    for name, data in evidence:
        if len(kept) >= MOST or len(data) > MOST_BYTES:
            raise BadInput(f"证据最多{MOST}件, 每件不超过{MOST_BYTES // 1024 // 1024}MB", field="evidence")
        if not data:
            raise BadInput(f"证据“{name[:100]}”是空文件, 请重新选择", field="evidence")
        if program_kind(name, data[:4]) or name.lower().endswith(_PAGES):
            raise BadInput(
                f"证据“{name[:100]}”是程序、脚本或网页文件, 不能归档; 请改用截图、PDF、文本日志或压缩包",
                field="evidence",
            )
        digest = files.keep(data)
        kept.setdefault(digest, {"name": name[:100], "sha256": digest, "size": len(data)})
    return list(kept.values())


def told_to_owners(outage: Outage) -> bool:
    """Say whether the files of an outage can tell the owner side nothing of who bids that it may not know."""
    if outage.reported_by in _KNOW_NO_BIDDER:
        return True
    return not Round.objects.filter(public_id__in=outage.rounds, opened_at=None).exists()


def may_read(outage: Outage, viewer: Actor) -> bool:
    """Say whether somebody may read the files of an outage now: centre, supervisor, the tender's owner side in time."""
    if viewer.role in {Role.CENTRE, Role.SUPERVISOR}:
        return True
    tender = outage.tender
    owner = bool(viewer.organisation_pk) and viewer.organisation_pk in {tender.tenderee_id, tender.agency_id}
    return owner and told_to_owners(outage)


def find(digest: str, viewer: Actor) -> tuple[str, bool] | None:
    """Return the name of an outage's file and whether the viewer may read it, or None where no outage has it."""
    rows = Outage.objects.filter(files__contains=[{"sha256": digest}]).select_related("tender")
    found = [(_name(row.files, digest), may_read(row, viewer)) for row in rows]
    return max(found, key=lambda row: row[1], default=None)


def _name(kept: Iterable[Mapping[str, Any]], digest: str) -> str:
    return next(str(row["name"]) for row in kept if row["sha256"] == digest)

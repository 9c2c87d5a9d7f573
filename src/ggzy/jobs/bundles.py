"""Writing into the log which scripts seal bids in the browser: once at a start, and only when they have changed."""

import logging
from datetime import datetime

from django.db import connection, transaction

from ggzy.evidence.actions import record_act
from ggzy.evidence.queries import last_subject
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.canonical import canonical, sha256
from ggzy.ui.bundles import bundles

ACT = "ui.bundles_served"
log = logging.getLogger("ggzy.bundles")


def note_bundles(*, now: datetime) -> bool:
    """Record the SHA-256 of every script that seals, as it lies on this centre's disk, unless that is what was recorded last.

    Whoever sealed a bid can compare the program that did it with what the log says was served on that day.
    """
    found = bundles()
    for one in found:
        if one.listed and one.sha256 != one.listed:
            log.error("%s is not what BUNDLES.json lists: %s", one.file, one.sha256)
    served = [{"file": one.file, "sha256": one.sha256} for one in found]
    digest = sha256(canonical(served)).hex()
    with transaction.atomic():
        with connection.cursor() as cursor:  # several workers may start at once
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [ACT])
        if last_subject(ACT) == digest:
            return False
        record_act(
            ACT,
            subject=digest,
            actor=SYSTEM,
            legal_at=now,
            public={"name": "、".join(one.file for one in found if one.listed), "bundles": served},
        )
    return True

"""/healthz: 200 when pages can be served, with what a monitor wants to know and nothing about bids."""

import json
import time

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers; ages of the heartbeats in seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    age, refusal = _sequencer()
    return JsonResponse(
        {"status": "ok", "mode": settings.MODE, "sequencer_age_seconds": age, "sequencer_refusal": refusal}
    )


def _sequencer() -> tuple[float | None, str]:
    """Return the age of the sequencer's last sign of life, and why it signs nothing, if it does not."""
    beat = settings.VAR / "run" / "sequencer.heartbeat"
    try:
        return round(time.time() - beat.stat().st_mtime, 1), str(
            json.loads(beat.read_text()).get("refusal") or ""
        )
    except FileNotFoundError:
        return None, ""

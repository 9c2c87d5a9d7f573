"""/healthz: 200 when pages can be served, with what a monitor wants to know and nothing about bids."""

import time

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers; ages of the heartbeats in seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    beat = settings.VAR / "run" / "sequencer.heartbeat"
    age = round(time.time() - beat.stat().st_mtime, 1) if beat.exists() else None
    return JsonResponse({"status": "ok", "mode": settings.MODE, "sequencer_age_seconds": age})

"""The public log as C2SP tlog-tiles: /log/checkpoint, /log/tile/<L>/<N>[.p/<W>], /log/tile/entries/<N>[.p/<W>].

Nothing here depends on who asks. A tile never changes, so it may be kept for ever; the checkpoint may not.
"""

import gzip

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from ggzy.evidence import queries
from ggzy.evidence.tlog import parse_tile_path

_FOREVER = "public, max-age=31536000, immutable"


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponse:
    """Answer with the last published checkpoint."""
    note = queries.checkpoint_note()
    if note is None:
        return _missing("日志尚未发布检查点")
    return HttpResponse(
        note,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": f"public, max-age={max(1, int(settings.CHECKPOINT_SECONDS))}"},
    )


@require_safe
def tile(request: HttpRequest, rest: str) -> HttpResponse:
    """Answer with a tile or an entry bundle that the published checkpoint covers."""
    address = parse_tile_path(f"tile/{rest}")
    data = queries.tile_data(address) if address else None
    if data is None:
        return _missing("日志中没有这个瓦片: 路径写法不规范, 或超出已发布的检查点")
    response = HttpResponse(
        data, content_type="application/octet-stream", headers={"Cache-Control": _FOREVER}
    )
    # hashes do not compress; entries do, four to one
    if address is not None and address.level is None:
        response["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.content = gzip.compress(data, mtime=0)
            response["Content-Encoding"] = "gzip"
    return response


def _missing(sentence: str) -> HttpResponse:
    return HttpResponse(
        sentence, status=404, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


urlpatterns = [
    path("log/checkpoint", checkpoint, name="log-checkpoint"),
    path("log/tile/<path:rest>", tile, name="log-tile"),
]

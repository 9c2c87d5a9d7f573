"""The archive of a round and the packs taken to a dispute: what is missing, progress, download, hand-over."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse

from ggzy.archives import actions, queries
from ggzy.archives.rules import Retention
from ggzy.kernel.refusals import Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import only_posted, refused_here, signing

_TEMPLATE = "work/archive.html"


def _page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    row = queries.round_packages(round_id=round_id, viewer=who(request))
    missing = [item for item in row.items if item.state == "missing"]
    return {
        "row": row,
        "missing": missing,
        "elsewhere": [item for item in row.items if item.state == "elsewhere"],
        "present": [item for item in row.items if item.state == "present"],
        "retentions": list(Retention),
        "given": {},
    }


def archive(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show what the archive of a round holds and lacks, and the viewer's own packages."""
    return show(request, _TEMPLATE, _page(request, round_id))


def _acted(
    request: HttpRequest, round_id: str, act: Callable[[], Any], says: str, given: dict[str, str]
) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        return refused_here(request, _TEMPLATE, _page(request, round_id), refusal, given=given)
    return done(f"/work/rounds/{round_id}/archive", says)


def make(request: HttpRequest, round_id: str) -> HttpResponse:
    """Have the archive packed."""
    act = partial(actions.ask_archive, round_id=round_id, actor=who(request), now=now())
    return _acted(request, round_id, act, "正在后台打包, 稍后刷新本页", {})


def take(request: HttpRequest, round_id: str) -> HttpResponse:
    """Have a dispute pack made."""
    act = partial(actions.ask_pack, round_id=round_id, actor=who(request), now=now())
    return _acted(request, round_id, act, "正在后台制作证据包, 稍后刷新本页; 取包已记入存证日志", {})


def download(request: HttpRequest, package_id: str) -> FileResponse:
    """Send a finished package."""
    path, name = queries.package_file(package_id=package_id, viewer=who(request))
    return FileResponse(path.open("rb"), content_type="application/zip", filename=name, as_attachment=True)


def list_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Return the hand-over list to sign."""
    return actions.hand_over_to_sign(
        round_id=round_id, retention=request.GET.get("retention", ""), actor=who(request)
    )


def hand_over(request: HttpRequest, round_id: str) -> HttpResponse:
    """Take the archive over."""
    given = {"retention": text(request, "retention")}
    act = partial(
        actions.hand_over,
        round_id=round_id,
        **given,
        signature=text(request, "signature"),
        actor=who(request),
        now=now(),
    )
    return _acted(request, round_id, act, "电子档案已移交, 本标段归档完成", given)


_ROUND = "work/rounds/<str:round_id>/archive"
urlpatterns = [
    route(_ROUND, archive, name="work-archive", permission=P.PACKAGE_READ),
    route(f"{_ROUND}/make", only_posted(make), name="work-archive-make", permission=P.ARCHIVE_MAKE),
    route(f"{_ROUND}/take", only_posted(take), name="work-pack", permission=P.PACK_TAKE),
    route(f"{_ROUND}/to-sign", signing(list_bytes), name="list-to-sign", permission=P.ARCHIVE_HAND_OVER),
    route(
        f"{_ROUND}/hand-over", only_posted(hand_over), name="work-hand-over", permission=P.ARCHIVE_HAND_OVER
    ),
    route("work/packages/<str:package_id>", download, name="work-archive-package", permission=P.PACKAGE_READ),
]

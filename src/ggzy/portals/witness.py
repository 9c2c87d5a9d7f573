"""The witness' wall and desk: one witness, many sessions; what rings comes first. No button here stops or decides."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.urls import URLPattern

from ggzy.kernel import files
from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import NotFound, Refusal
from ggzy.parties.grid import Permission
from ggzy.portals.frame import done, moment, now, route, show, text, who
from ggzy.portals.public import page_number, paging
from ggzy.portals.work import only_posted, refused_here, signing
from ggzy.witnessing import actions, queries, rules
from ggzy.witnessing import wall as sessions

#: sessions on one page of the wall; what rings is on the first
CARDS = 48


def _wall_page(request: HttpRequest) -> dict[str, Any]:
    at = now()
    rows = sessions.wall(viewer=who(request), now=at)
    number = min(page_number(request), max(1, -(-len(rows) // CARDS)))
    return {
        "rows": rows[(number - 1) * CARDS : number * CARDS],
        "count": len(rows),
        "paging": paging(request, number=number, more=number * CARDS < len(rows)),
        "ringing": sum(bool(row.alarms) for row in rows),
        "now": at,
        "may_witness": who(request).role is Role.CENTRE,
        "clause": rules.LOOKS_ONLY,
    }


def wall(request: HttpRequest) -> HttpResponse:
    """Show every session of today on one wall."""
    return show(request, "work/witness.html", _wall_page(request))


def wall_fragment(request: HttpRequest) -> HttpResponse:
    """Answer with the wall alone, for a page that looks again."""
    response = show(request, "work/witness_wall.html", _wall_page(request))
    response["Cache-Control"] = "no-store"
    return response


def begin(request: HttpRequest) -> HttpResponse:
    """Begin to witness one session."""
    try:
        made = actions.begin(
            kind=text(request, "kind"), subject=text(request, "subject"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        return refused_here(request, "work/witness.html", _wall_page(request), refusal, given={})
    return done(f"/work/witness/{made.public_id}", "见证已开始")


def _desk_page(request: HttpRequest, session_id: str) -> dict[str, Any]:
    at = now()
    row = queries.desk(session_id, viewer=who(request))
    return {
        "row": row,
        "unmarked": [item for item in row.items if not item.result],
        "kinds": rules.INCIDENTS,
        "results": rules.RESULTS,
        "endings": ",".join(rules.ENDINGS),
        "most_mb": rules.MOST_BYTES // 1024 // 1024,
        "most_files": rules.MOST_FILES,
        "clause": rules.LOOKS_ONLY,
        "is_supervisor": who(request).role is Role.SUPERVISOR,
        "given": {},
        "now": at,
    }


def desk(request: HttpRequest, session_id: str) -> HttpResponse:
    """Show one session: checklist, incidents, reminders, report."""
    return show(request, "work/witness_desk.html", _desk_page(request, session_id))


def _done_at_desk(
    request: HttpRequest,
    session_id: str,
    act: Callable[[], Any],
    *,
    says: str,
    given: dict[str, Any] | None = None,
) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        page = _desk_page(request, session_id)
        return refused_here(request, "work/witness_desk.html", page, refusal, given=given or {})
    return done(f"/work/witness/{session_id}", says)


def mark(request: HttpRequest, session_id: str) -> HttpResponse:
    """Mark one item of the checklist."""
    given = {name: text(request, name) for name in ("item", "result", "note")}
    act = partial(actions.mark, session_id=session_id, actor=who(request), now=now(), **given)
    return _done_at_desk(request, session_id, act, says="已核对", given=given)


def register(request: HttpRequest, session_id: str) -> HttpResponse:
    """Write down something out of order, with its evidence."""
    given = {name: text(request, name) for name in ("kind", "text", "happened_at")}

    def act() -> None:
        at = now()
        happened = moment(request, "happened_at", says="发生时间") if given["happened_at"] else at
        uploads = [
            actions.Upload(name=str(one.name), size=one.size or 0, read=one.read)
            for one in request.FILES.getlist("files")
        ]
        actions.register(
            session_id=session_id,
            kind=given["kind"],
            text=given["text"],
            happened_at=happened,
            evidence=uploads,
            notify=bool(request.POST.get("notify")),
            actor=who(request),
            now=at,
        )

    return _done_at_desk(request, session_id, act, says="异常已登记", given=given)


def remind(request: HttpRequest, session_id: str) -> HttpResponse:
    """Remind the owner side."""
    given = {"reminder": text(request, "reminder")}
    act = partial(
        actions.remind, session_id=session_id, text=given["reminder"], actor=who(request), now=now()
    )
    return _done_at_desk(request, session_id, act, says="提醒已发出", given=given)


def notify(request: HttpRequest, incident_id: str) -> HttpResponse:
    """Tell the supervisor of an incident."""
    made = actions.notify(incident_id=incident_id, actor=who(request), now=now())
    return done(f"/work/witness/{made.session.public_id}", "已报送监督部门")


def acknowledge(request: HttpRequest, incident_id: str) -> HttpResponse:
    """Say that the supervisor has read an incident."""
    made = actions.acknowledge(
        incident_id=incident_id, opinion=text(request, "opinion"), actor=who(request), now=now()
    )
    return done(f"/work/witness/{made.session.public_id}", "已阅知")


def end(request: HttpRequest, session_id: str) -> HttpResponse:
    """End a session."""
    act = partial(actions.end, session_id=session_id, actor=who(request), now=now())
    return _done_at_desk(request, session_id, act, says="见证已结束, 请签发见证报告")


def report_bytes(request: HttpRequest, session_id: str) -> bytes:
    """Set the report and return what seals it."""
    return bytes(actions.prepare_report(session_id=session_id, actor=who(request), now=now()).to_sign)


def report(request: HttpRequest, session_id: str) -> HttpResponse:
    """Seal the report."""
    act = partial(
        actions.finish_report,
        session_id=session_id,
        signature=text(request, "signature"),
        actor=who(request),
        now=now(),
    )
    return _done_at_desk(request, session_id, act, says="见证报告已签发")


def file(request: HttpRequest, session_id: str, digest: str) -> FileResponse:
    """Send a file of a session: a PDF is shown, evidence is saved."""
    name = queries.file_of(session_id=session_id, digest=digest, viewer=who(request))
    path = files.path_of(digest)
    if not path.exists():
        raise NotFound("这份文件不在本机存储中, 请联系系统管理员从备份恢复")
    kind = "application/pdf" if name == "见证报告.pdf" else "application/octet-stream"
    return FileResponse(
        path.open("rb"), content_type=kind, filename=name, as_attachment=kind != "application/pdf"
    )


_P = Permission
_SESSION, _INCIDENT = "work/witness/<str:session_id>", "work/witness/incidents/<str:incident_id>"
_acts: tuple[tuple[str, Any, str, Permission], ...] = (
    ("work/witness/begin", begin, "witness-begin", _P.WITNESS),
    (f"{_INCIDENT}/notify", notify, "witness-notify", _P.WITNESS),
    (f"{_INCIDENT}/acknowledge", acknowledge, "witness-acknowledge", _P.WITNESS_ACKNOWLEDGE),
    (f"{_SESSION}/mark", mark, "witness-mark", _P.WITNESS),
    (f"{_SESSION}/incidents", register, "witness-register", _P.WITNESS),
    (f"{_SESSION}/remind", remind, "witness-remind", _P.WITNESS),
    (f"{_SESSION}/end", end, "witness-end", _P.WITNESS),
    (f"{_SESSION}/report", report, "witness-report", _P.WITNESS_REPORT),
)
urlpatterns: list[URLPattern] = [
    route("work/witness", wall, name="witness", permission=_P.WITNESS_READ),
    route("work/witness/fragment", wall_fragment, name="witness-now", permission=_P.WITNESS_READ),
    *[route(address, only_posted(view), name=name, permission=p) for address, view, name, p in _acts],
    route(
        f"{_SESSION}/report/to-sign",
        signing(report_bytes),
        name="witness-to-sign",
        permission=_P.WITNESS_REPORT,
    ),
    route(f"{_SESSION}/files/<str:digest>", file, name="witness-file", permission=_P.WITNESS_READ),
    route(_SESSION, desk, name="witness-desk", permission=_P.WITNESS_READ),
]

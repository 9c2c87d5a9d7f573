"""What every view shares: its permission by name, refusals as pages, the moment, redirects after acts."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import quote, unquote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path

from ggzy.evidence.actions import record_refusal
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING, legal_now
from ggzy.kernel.refusals import BadInput, NotSignedIn, Refusal
from ggzy.law.families import FAMILIES, Family, family
from ggzy.parties.grid import Permission, ProveAgain, require
from ggzy.portals.proving import prove_again
from ggzy.procedures.catalogue import BY_CODE

#: every route of the pages → the permission it names; a test demands that none is missing
ROUTE_PERMISSIONS: dict[str, Permission] = {}

View = Callable[..., HttpResponse]


def who(request: HttpRequest) -> Actor:
    """Return who is there."""
    found: Actor = request.actor  # type: ignore[attr-defined]
    return found


def now() -> datetime:
    """Return the legal moment: pages are an edge."""
    return legal_now()


def route(address: str, view: View, *, name: str, permission: Permission) -> URLPattern:
    """Return a route that names its permission; the permission is checked again in the act."""
    ROUTE_PERMISSIONS[name] = permission
    return path(address, _guarded(view, permission), name=name)


def _guarded(view: View, permission: Permission) -> View:
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if permission is not Permission.PORTAL_READ:
                # how fresh the proof must be is the act's to say: a page is read, a document brings its signature
                require(who(request), permission, signed=True)
            return _keepable(view(request, *args, **kwargs), request, permission)
        except NotSignedIn as refusal:
            if request.method == "GET":
                return HttpResponseRedirect(f"/login?next={quote(request.get_full_path())}")
            return refused(request, refusal)
        except Refusal as refusal:
            if request.method == "POST":
                record_refusal(
                    f"{request.method} {request.path}"[:64],
                    refusal=refusal,
                    actor=who(request),
                    legal_at=now(),
                )
            return refused(request, refusal)

    return page


#: pages that may stay readable on the visitor's own device without a network; whoever sits as an expert keeps none
_KEPT = {Permission.PORTAL_READ, Permission.WORKBENCH_READ, Permission.OPENING_WATCH}


def _keepable(response: HttpResponse, request: HttpRequest, permission: Permission) -> HttpResponse:
    """Mark a page that the browser may show again when there is no network (ui/sw.js)."""
    if request.method == "GET" and permission in _KEPT and who(request).role is not Role.EXPERT:
        response.headers.setdefault("X-Offline", "keep")
    return response


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Show a refusal: what happened, the clause, what can be done next."""
    if isinstance(refusal, ProveAgain) and request.method == "POST":
        return prove_again(request, refusal)
    back = request.META.get("HTTP_REFERER", "")
    steps = (
        _coming_back(refusal.next_steps, request)
        or ((("返回上一页", back),) if back else ())
        or (("首页", "/"),)
    )
    page = {"title": "未能办理", "message": refusal.message, "basis": refusal.basis, "next_steps": steps}
    return render(request, "portals/refused.html", page, status=refusal.status)


def _coming_back(steps: tuple[tuple[str, str], ...], request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """Let whoever proves a certificate first come back to the page that was asked for."""
    if request.method != "GET":
        return steps
    here = f"&next={quote(request.get_full_path())}"
    return tuple((label, there + here if there == _PROVE else there) for label, there in steps)


_PROVE = "/login?step=certificate"


def text(request: HttpRequest, name: str) -> str:
    """Return a posted text, stripped; "" when it was left empty."""
    return str(request.POST.get(name, "")).strip()


def moment(request: HttpRequest, name: str, *, says: str) -> datetime:
    """Return a posted local date and time (北京时间).

    :raises BadInput: empty or not a moment
    """
    try:
        found = datetime.fromisoformat(text(request, name))
    except ValueError:
        raise BadInput(f"请选择{says}", field=name) from None
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)


class SeeOther(HttpResponseRedirect):
    """Go on with a GET, whatever was sent before."""

    status_code = 303


def done(address: str, says: str = "") -> HttpResponseRedirect:
    """Go on to a page after an act, with a sentence of what was done."""
    response = SeeOther(address)
    if says:
        response.set_cookie("ggzy_done", quote(says), max_age=20, samesite="Lax", httponly=True)
    return response


#: what the frame of every page shows (middleware.page_frame): a page's own value of the same name would take its place
FRAME_NAMES = frozenset(
    {"actor", "centre_name", "training", "ukey_helpers", "clock", "look", "path", "unread_messages", "done"}
)


def show(request: HttpRequest, template: str, page: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a page; the sentence of the last act is shown once."""
    assert not page.keys() & FRAME_NAMES, f"the frame has these names: {page.keys() & FRAME_NAMES}"
    said = unquote(request.COOKIES.get("ggzy_done", ""))[:200]
    words = {} if "family" in page else {"family": _family_of(page)}
    response = render(request, f"portals/{template}", {**words, **page, "done": said}, status=status)
    if said:
        response.delete_cookie("ggzy_done")
    return response


#: what a page is about, by the names under which pages hold it
_ABOUT = ("tender", "lot", "row", "hall", "desk")


def _family_of(page: Mapping[str, Any]) -> Family | None:
    """Return the family of law of what a page is about, so that it calls everybody by the right word."""
    for name in _ABOUT:
        about = page.get(name)
        code = getattr(about, "procedure_code", "") or getattr(about, "scope", "")
        if code in BY_CODE or code in FAMILIES:
            return family(code)
    return None


def not_found(request: HttpRequest, exception: Http404 | None = None) -> HttpResponse:
    """Answer an address that is none."""
    page = {
        "title": "没有这个页面",
        "message": "地址可能写错了, 或者页面已经移动。",
        "next_steps": (("首页", "/"), ("招标项目", "/tenders"), ("公告", "/notices")),
    }
    return render(request, "portals/refused.html", page, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer when a bug stopped a page: nothing was half done, since an act is one transaction."""
    page = {
        "title": "页面暂时无法显示",
        "message": "系统内部出现问题, 已经记录。您刚才的操作没有生效或已完整生效, 不会只办一半; 请返回查看后重试。",
        "next_steps": (("首页", "/"), ("工作台", "/work")),
    }
    return render(request, "portals/refused.html", page, status=500)

"""Around every page: security headers, who is there, and what each page's frame shows."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from ggzy.identity.actions import actor_of
from ggzy.kernel.actors import ANYONE, Actor
from ggzy.kernel.clock import face, legal_now
from ggzy.messages.queries import unread
from ggzy.services.queries import acting_for

COOKIE = "ggzy_session"
#: whom somebody of the centre prepares for in this browser (services.Help)
HELPING = "ggzy_helping"
_POLICY = (
    "default-src 'self'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' {helpers}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
).format(helpers=" ".join(one["address"] for one in settings.UKEY_HELPERS))

View = Callable[[HttpRequest], HttpResponse]

#: the cookie that keeps how this browser shows pages
LOOK = "ggzy_look"


@dataclass(frozen=True)
class Look:
    """How pages look to one visitor: a theme ("" follows the system), and large letters or not (长者模式)."""

    theme: str = ""
    large: bool = False

    THEMES = (("", "跟随系统"), ("light", "浅色"), ("dark", "深色"))

    @classmethod
    def read(cls, kept: str) -> "Look":
        """Return what a cookie or a form says, as `theme.size`; nonsense is the plain look."""
        theme, _, size = kept.partition(".")
        return cls(theme if theme in {"light", "dark"} else "", size == "large")

    @property
    def kept(self) -> str:
        """Return it as the cookie keeps it."""
        return f"{self.theme}.{'large' if self.large else ''}"

    @property
    def says(self) -> str:
        """Return it in words."""
        return f"{dict(self.THEMES)[self.theme]}, {'大字' if self.large else '标准字号'}"


class Squeeze(GZipMiddleware):
    """Compress what is text, and nothing else: a PDF asked for by range must stay as it lies on the disk."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the answer, compressed where it is text."""
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.status_code != 200 or not (kind.startswith("text/") or kind in _TEXT):
            return response
        return super().process_response(request, response)


_TEXT = {"application/json", "application/manifest+json", "application/atom+xml", "image/svg+xml"}


class SecurityHeaders:
    """Strict headers on every answer: nothing inline, nothing from elsewhere, nobody frames us."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if request.COOKIES.get(COOKIE):
            # what a signed-in person saw is nobody else's to find in a cache, nor behind the back button
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class RealAddress:
    """Take the caller's address from the proxy on this machine, where the settings say that there is one."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.BEHIND_PROXY and _is_loopback(str(request.META.get("REMOTE_ADDR") or "")):
            # the last one is the proxy's own word; what stands before it anybody can have written
            given = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
            if _is_address(given):
                request.META["REMOTE_ADDR"] = given
        return self.get_response(request)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(text: str) -> bool:
    return _is_address(text) and ip_address(text).is_loopback


class WhoIsThere:
    """Attach the actor of the session cookie, looked up only when a page asks."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _actor(request: HttpRequest) -> Actor:
    token = request.COOKIES.get(COOKIE, "")
    if not token:
        return ANYONE
    address = str(request.META.get("REMOTE_ADDR") or "")
    actor = actor_of(token=token, address=address, reads=request.method in {"GET", "HEAD"}) or ANYONE
    helping = request.COOKIES.get(HELPING, "")
    # pages alone: a program of the centre's never prepares for anybody
    if helping and actor.signed_in and not request.path.startswith(("/api/", "/work/help", "/logout")):
        return acting_for(actor, help_id=helping, now=legal_now()) or actor
    return actor


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """Return what the frame of every page shows: who is there, the centre, the training mark and its clock."""
    return {
        "actor": getattr(request, "actor", ANYONE),
        "centre_name": settings.CENTRE_NAME,
        "training": settings.MODE == "training",
        "ukey_helpers": settings.UKEY_HELPERS,
        "clock": SimpleLazyObject(face),
        "look": Look.read(request.COOKIES.get(LOOK, "")),
        "path": request.path,
        "unread_messages": SimpleLazyObject(lambda: _unread(request)),
    }


def _unread(request: HttpRequest) -> int:
    """Return how many messages wait for who is signed in; asked only where a page shows it, once."""
    actor: Actor = getattr(request, "actor", ANYONE)
    return unread(actor.account_pk) if actor.account_pk else 0


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that came without its protection mark."""
    page = {
        "title": "页面已过期",
        "message": "为保护您的账号, 表单需要从本站页面提交。页面可能打开得太久, 或浏览器禁用了Cookie。",
        "next_steps": ((("返回上一页并刷新"), request.META.get("HTTP_REFERER", "/")), ("首页", "/")),
    }
    return render(request, "portals/refused.html", page, status=403)

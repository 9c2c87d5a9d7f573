"""How pages look to this visitor, what of them stays readable offline, and what the words mean."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static

from ggzy.parties.grid import Permission
from ggzy.portals.frame import done, route, show
from ggzy.portals.middleware import LOOK, Look
from ggzy.ui.glossary import TERMS

_READ = Permission.PORTAL_READ
_A_YEAR = 365 * 86400


def display(request: HttpRequest) -> HttpResponse:
    """Choose light or dark and the size of letters; the choice stays in this browser."""
    if request.method != "POST":
        return show(request, "public/display.html", {"themes": Look.THEMES, "back": _back(request)})
    chosen = Look.read(f"{request.POST.get('theme', '')}.{request.POST.get('size', '')}")
    response = done(_back(request), f"已按您的选择显示: {chosen.says}。")
    response.set_cookie(LOOK, chosen.kept, max_age=_A_YEAR, samesite="Lax", httponly=True)
    return response


def _back(request: HttpRequest) -> str:
    """Return where the visitor came from, if that is a page of ours."""
    asked = request.POST.get("back") or request.GET.get("back") or ""
    return asked if asked.startswith("/") and not asked.startswith(("//", "/\\")) else "/display"


def offline(request: HttpRequest) -> HttpResponse:
    """Show what a page says that was never seen while there was a network."""
    return show(request, "public/offline.html", {})


def manifest(request: HttpRequest) -> HttpResponse:
    """Describe the site so that a phone can install it."""
    icons = [
        {"src": static(f"ui/icon-{side}.png"), "sizes": f"{side}x{side}", "type": "image/png"}
        for side in (192, 512)
    ]
    about = {
        "name": settings.CENTRE_NAME,
        "short_name": "公共资源交易",
        "lang": "zh-CN",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f4f6f9",
        "theme_color": "#0b4f8a",
        "icons": icons,
        "shortcuts": [
            {"name": label, "url": url}
            for label, url in (("工作台", "/work"), ("公告", "/notices"), ("招标项目", "/tenders"))
        ],
    }
    return JsonResponse(
        about, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False}
    )


@cache
def _worker_file() -> Path:
    found = finders.find("ui/sw.js")
    if not isinstance(found, str):
        raise RuntimeError("ui/sw.js is not among the static files")
    return Path(found)


def worker(request: HttpRequest) -> HttpResponse | FileResponse:
    """Send the script that keeps pages for offline; it must lie at the root to serve every page."""
    return FileResponse(
        _worker_file().open("rb"), content_type="text/javascript", headers={"Cache-Control": "no-cache"}
    )


def glossary(request: HttpRequest) -> HttpResponse:
    """Show what the words of the field mean."""
    return show(request, "public/glossary.html", {"terms": sorted(TERMS, key=lambda term: term.word)})


def glossary_json(request: HttpRequest) -> HttpResponse:
    """Answer word → [meaning, law], for the tips beside the words of a page."""
    words = {term.word: [term.meaning, term.law] for term in TERMS}
    response = JsonResponse(words, json_dumps_params={"ensure_ascii": False})
    response["Cache-Control"] = "public, max-age=86400"
    return response


urlpatterns = [
    route("display", display, name="display", permission=_READ),
    route("offline", offline, name="offline", permission=_READ),
    route("manifest.webmanifest", manifest, name="manifest", permission=_READ),
    route("sw.js", worker, name="service-worker", permission=_READ),
    route("glossary", glossary, name="glossary", permission=_READ),
    route("glossary.json", glossary_json, name="glossary-json", permission=_READ),
]

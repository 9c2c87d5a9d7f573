"""Finding notices: the search page with its facets, and the same search as an Atom feed."""

from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import http_date, parse_http_date_safe

from ggzy.kernel.canonical import sha256
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput
from ggzy.law.families import FAMILIES
from ggzy.notices.actions import NoticeKind
from ggzy.parties.grid import Permission
from ggzy.portals.frame import route, show
from ggzy.search.parameters import NAMES, link, read
from ggzy.search.queries import COUNTED, SORTS, Found, HitRow, search
from ggzy.ui.words import region

_ATOM = "http://www.w3.org/2005/Atom"
IN_FEED = 50


def _label(name: str, value: str) -> str:
    """Return what people read for the value of a facet."""
    if name == "kind":
        return NoticeKind(value).label if value in set(NoticeKind) else value
    if name == "scope":
        return FAMILIES[value].label if value in FAMILIES else value
    return region(value) if name == "region" else value


def _facets(given: dict[str, str], found: Found | None) -> list[dict[str, Any]]:
    """Return the facets with a link for each value: with counts where all hits were counted."""
    fixed = {"kind": [k.value for k in NoticeKind], "scope": list(FAMILIES), "region": []}
    out = []
    for name, values in fixed.items():
        counted = dict(found.facets.get(name, [])) if found else {}
        shown = list(counted) if counted else values
        chosen = given.get(name, "")
        if chosen and chosen not in shown:
            shown.insert(0, chosen)
        out.append(
            {
                "name": NAMES[name],
                "all": link(given, **{name: ""}),
                "chosen": chosen,
                "values": [
                    {
                        "label": _label(name, v),
                        "link": link(given, **{name: v}),
                        "count": counted.get(v),
                        "on": v == chosen,
                    }
                    for v in shown
                ],
            }
        )
    return out


def notices(request: HttpRequest) -> HttpResponse:
    """Search the published notices; an empty search shows the newest."""
    given = {name: request.GET.get(name, "").strip()[:200] for name in NAMES}
    found, trouble, status = None, "", 200
    try:
        found = search(read(request.GET.dict()))
    except BadInput as refusal:
        trouble, status = refusal.message, refusal.status
    narrowed = [
        (NAMES[name], _label(name, value), link(given, **{name: ""}))
        for name, value in given.items()
        if value and name != "sort"
    ]
    page = {
        "given": given,
        "found": found,
        "trouble": trouble,
        "counted": COUNTED,
        "facets": _facets(given, found),
        "narrowed": narrowed,
        "kinds": list(NoticeKind),
        "scopes": list(FAMILIES.values()),
        "sorts": SORTS,
        "next": f"{link(given)}&after={found.next}".lstrip("&") if found and found.next else "",
        "first": link(given),
        "later": bool(request.GET.get("after")),
        "feed": f"/feeds/notices.atom?{link(given, sort='')}".rstrip("?"),
    }
    return show(request, "public/notices.html", page, status=status)


def _entry(feed: Element, row: HitRow) -> None:
    entry = SubElement(feed, "entry")
    address = f"{settings.PUBLIC_ADDRESS}/notices/{row.public_id}"
    SubElement(entry, "id").text = address
    SubElement(entry, "title").text = _clean(row.title)
    SubElement(entry, "link", rel="alternate", type="text/html", href=address)
    moment = row.published_at.astimezone(BEIJING).isoformat(timespec="seconds")
    SubElement(entry, "published").text = moment
    SubElement(entry, "updated").text = moment
    SubElement(entry, "category", term=row.kind, label=row.label)
    said = f"{row.label}; {row.buyer}" + (f"; {row.amount:,.2f} 元" if row.amount is not None else "")
    SubElement(entry, "summary").text = _clean(said)


def _clean(text: str) -> str:
    """Return a text without what XML cannot carry."""
    return "".join(c for c in text if c in "\t\n" or c >= " ")


def feed(request: HttpRequest) -> HttpResponse:
    """Give the newest notices of a search as Atom; unchanged ones are answered by 304."""
    given = request.GET.dict()
    found = search(read({**given, "after": "", "sort": ""}, size=IN_FEED))
    updated = max((row.published_at for row in found.rows), default=None)
    root = Element("feed", {"xmlns": _ATOM, "xml:lang": "zh-CN"})
    here = f"{settings.PUBLIC_ADDRESS}/feeds/notices.atom?{link(given, sort='')}".rstrip("?")
    SubElement(root, "id").text = here
    narrowed = "、".join(_clean(given[name]) for name in NAMES if given.get(name) and name != "sort")
    SubElement(root, "title").text = f"{settings.CENTRE_NAME}公告" + (f": {narrowed}" if narrowed else "")
    SubElement(root, "updated").text = (updated or datetime(2000, 1, 1, tzinfo=BEIJING)).isoformat()
    SubElement(root, "link", rel="self", type="application/atom+xml", href=here)
    page = f"{settings.PUBLIC_ADDRESS}/notices?{link(given)}".rstrip("?")
    SubElement(root, "link", rel="alternate", type="text/html", href=page)
    SubElement(SubElement(root, "author"), "name").text = settings.CENTRE_NAME
    for row in found.rows:
        _entry(root, row)
    body = tostring(root, encoding="utf-8", xml_declaration=True)
    return _unless_known(request, body, updated)


def _unless_known(request: HttpRequest, body: bytes, updated: datetime | None) -> HttpResponse:
    mark = f'"{sha256(body).hex()[:32]}"'
    known = request.headers.get("If-None-Match", "")
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    stamp = int(updated.timestamp()) if updated else 0
    same = (
        mark in [m.strip().removeprefix("W/") for m in known.split(",")]
        if known
        else stamp and since == stamp
    )
    answer = (
        HttpResponseNotModified()
        if same
        else HttpResponse(body, content_type="application/atom+xml; charset=utf-8")
    )
    answer["ETag"] = mark
    if updated:
        answer["Last-Modified"] = http_date(stamp)
    answer["Cache-Control"] = "public, max-age=60"
    return answer


_READ = Permission.PORTAL_READ
urlpatterns = [
    route("notices", notices, name="notices", permission=_READ),
    route("feeds/notices.atom", feed, name="notices-feed", permission=_READ),
]

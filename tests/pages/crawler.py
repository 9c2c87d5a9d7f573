"""Walk through every page as one visitor: follow what the pages link to, and try what they do not."""

import itertools
import re
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import html5lib
from django.test import Client
from django.urls import Resolver404, get_resolver, resolve
from django.urls.resolvers import RoutePattern

from ggzy.portals import urls as pages
from tests.pages.weight import MOST, weight

#: attributes whose words are ids that must be on the page
_REFERENCES = ("for", "aria-controls", "aria-labelledby", "aria-describedby", "popovertarget", "list", "form")


class _Page(HTMLParser):
    """What of a page its readers depend on: links, ids and what refers to them, headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: Counter[str] = Counter()
        self.references: set[str] = set()
        self.headings = 0
        self._inside: list[str] = []
        self.links_in_main = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "main":
            self._inside.append(tag)
        if "id" in given:
            self.ids[given["id"]] += 1
        self.references |= {one for name in _REFERENCES for one in given.get(name, "").split()}
        self.headings += tag == "h1"
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
            self.links_in_main += bool(self._inside)
        if tag in {"button", "form"} and self._inside:
            self.links_in_main += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._inside.pop()


@dataclass
class Seen:
    """One address that was visited: its route, the answer, where its link stood."""

    address: str
    route: str
    status: int
    linked_from: str
    page: _Page | None = None
    text: str = ""


@dataclass
class Walk:
    """One visitor's way through the site."""

    client: Client
    per_route: int = 3
    seen: dict[str, Seen] = field(default_factory=dict)

    def follow(self, *roots: str) -> "Walk":
        """Follow the links from some pages, a few of each route."""
        met: Counter[tuple[str, bool]] = Counter()
        waiting = deque((root, "") for root in roots)
        while waiting:
            address, linked_from = waiting.popleft()
            route = route_of(address)
            kind = (route, "?" in address)
            if address in self.seen or met[kind] >= self.per_route:
                continue
            met[kind] += 1
            found = self.visit(address, linked_from=linked_from)
            for link in found.page.links if found.page else ():
                there = urljoin(address, link).partition("#")[0]
                if there.startswith("/") and urlsplit(there).path:
                    waiting.append((there, address))
        return self

    def visit(self, address: str, *, linked_from: str = "") -> Seen:
        """Open one address; where it leads elsewhere, go there too."""
        reply = self.client.get(address)
        found = Seen(address, route_of(address), reply.status_code, linked_from)
        self.seen[address] = found
        html = "text/html" in reply.headers.get("Content-Type", "") and not reply.streaming
        text = reply.content.decode() if html else ""
        if text and (linked_from or "<html" in text):  # a fragment for a script is no page
            found.text = text
            found.page = _Page(found.text)
        elif reply.streaming:
            reply.close()
        there = reply.headers.get("Location", "")
        if there.startswith("/") and there not in self.seen:
            self.visit(there, linked_from=address)
        return found


def route_of(address: str) -> str:
    """Return the name of an address's route, its first word where it has none of ours."""
    try:
        return resolve(urlsplit(address).path).url_name or "?"
    except Resolver404:
        return "?"


def ids_in(addresses: Any) -> dict[str, list[Any]]:
    """Return which ids stand in some addresses, by the name that the routes give them."""
    found: dict[str, dict[Any, None]] = defaultdict(dict)
    for address in addresses:
        try:
            match = resolve(urlsplit(address).path)
        except Resolver404:
            continue
        for name, value in match.kwargs.items():
            found[name].setdefault(value)
    return {name: list(values) for name, values in found.items()}


def addresses_of_all_routes(ids: dict[str, list[Any]]) -> dict[str, str]:
    """Return one address for every route of ours, with ids that exist where any are known."""
    out = {}
    for pattern in pages.urlpatterns:
        assert isinstance(pattern.pattern, RoutePattern)
        names = list(pattern.pattern.converters)
        some = [ids.get(name) or ["0" * 32 if name != "number" else 1] for name in names]
        values = dict(zip(names, next(itertools.product(*some)), strict=True))
        candidates = get_resolver().reverse_dict.getlist(pattern.name)
        text, _ = next(c[0][0] for c in candidates if set(c[0][0][1]) == set(values))
        for name, value in values.items():
            values[name] = pattern.pattern.converters[name].to_url(value) if value is not None else value
        out[str(pattern.name)] = "/" + text % values
    return out


#: what differs between two pages of the same markup: ids, tokens, numbers
_OWN = re.compile(r"[0-9A-Za-z]{24,}|(?<![A-Za-z-])[0-9]+")


@cache
def _not_html(text: str) -> tuple[str, ...]:
    """Return where a page is no valid HTML; parsing takes ten times as long as making it, so each markup is parsed once."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.parse(text)
    return tuple(f"第{line}行: {what} {more}" for (line, _), what, more in parser.errors)


def faults(seen: Seen) -> list[str]:
    """Return what is wrong with a page, whoever sees it: HTML, headings, ids, a dead end."""
    if seen.page is None:
        return []
    found = list(_not_html(_OWN.sub("0", seen.text)))
    if seen.page.headings != 1:
        found.append(f"{seen.page.headings} 个大标题")
    found += [f"id {name} 出现 {times} 次" for name, times in seen.page.ids.items() if times > 1]
    found += [f"没有 id {name}" for name in seen.page.references - set(seen.page.ids)]
    if "<title> - " in seen.text:
        found.append("没有标题")
    if not seen.page.links_in_main:
        found.append("正文里没有下一步")
    if (bytes_ := weight(seen.text)) > MOST:
        found.append(f"{bytes_ // 1024} KB, 最多 {MOST // 1024} KB")
    return found

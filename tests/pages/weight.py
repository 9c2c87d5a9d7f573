"""What a page weighs on its way to a phone: itself, its styles, its scripts and all they import, compressed."""

import gzip
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders

#: 150 KB a page without documents
MOST = 150 * 1024
_LOADED = re.compile(r'<(?:link rel="stylesheet"|script|img)[^>]+(?:href|src)="([^"]+)"')
_IMPORTED = re.compile(r'^\s*(?:import|export)\b[^;]*?["\'](\.[^"\']+)["\']', re.M)


def weight(text: str) -> int:
    """Return the bytes of a page and of all that it loads at once, each compressed as it is sent."""
    files: set[Path] = set()
    for address in _LOADED.findall(text):
        path = urlsplit(address).path
        if path.startswith(settings.STATIC_URL):
            files |= _with_imports(path.removeprefix(settings.STATIC_URL))
    return len(gzip.compress(text.encode())) + sum(map(_size, files))


@cache
def _with_imports(name: str) -> frozenset[Path]:
    found = finders.find(name)
    assert isinstance(found, str), name
    waiting, out = [Path(found)], set()
    while waiting:
        path = waiting.pop()
        if path not in out:
            out.add(path)
            if path.suffix == ".js" and "vendor" not in path.parts:
                waiting += [(path.parent / one).resolve() for one in _IMPORTED.findall(path.read_text())]
    return frozenset(out)


@cache
def _size(path: Path) -> int:
    return len(gzip.compress(path.read_bytes()))

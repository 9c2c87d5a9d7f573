"""The shipped methods: one TOML file each in `files/`, read and checked once."""

import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from ggzy.kernel.refusals import NotFound
from ggzy.methods.method import BadMethod, Method, parse

#: read through the package, since the offline verifier carries it inside one file
FILES = files("ggzy.methods") / "files"
LARGEST = 64_000


def read_toml(text: str) -> Method:
    """Return the method in a TOML text.

    :raises BadMethod: it is not TOML, or not a method
    """
    if len(text) > LARGEST:
        raise BadMethod(f"评标办法文件不应超过{LARGEST}个字符")
    try:
        raw: dict[str, Any] = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as trouble:
        raise BadMethod(f"评标办法文件不是有效的TOML: {trouble}") from None
    return parse(raw)


@cache
def shipped() -> dict[str, Method]:
    """Return the shipped methods by id, in the order of their file names."""
    found = {}
    for path in sorted(FILES.iterdir(), key=lambda path: path.name):
        if not path.name.endswith(".toml"):
            continue
        method = read_toml(path.read_text(encoding="utf-8"))
        assert f"{method.id}.toml" == path.name, "a method is found by the name of its file"
        found[method.id] = method
    return found


def method_named(name: str) -> Method:
    """Return a shipped method.

    :raises NotFound: there is none of this id
    """
    if name not in shipped():
        raise NotFound(f"没有名为“{name}”的评标办法, 可选: {'、'.join(shipped())}")
    return shipped()[name]

"""Personal data that does not belong into what is published: mobile numbers and identity numbers. Pure.

It warns; people decide. An office telephone, an organisation's code and an amount are no finding.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_MOBILE = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?(1[3-9]\d[ -]?\d{4}[ -]?\d{4})(?![0-9A-Za-z])")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])([1-9]\d{16}[0-9Xx])(?![0-9A-Za-z])")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


@dataclass(frozen=True, order=True)
class Finding:
    """Where something personal stands, what it is, and what of it may be shown to who mends it."""

    place: str
    kind: str
    shown: str


def personal_data_in(value: object, *, place: str = "") -> tuple[Finding, ...]:
    """Return every mobile number and identity number in a notice's body, wherever it stands."""
    return tuple(sorted(set(_look(value, place))))


def _look(value: object, place: str) -> Iterator[Finding]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _look(inner, f"{place}.{key}" if place else str(key))
    elif isinstance(value, str):
        yield from _in_text(value, place)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for number, inner in enumerate(value, 1):
            yield from _look(inner, f"{place}[{number}]")


def _in_text(text: str, place: str) -> Iterator[Finding]:
    for match in _MOBILE.finditer(text):
        digits = re.sub(r"\D", "", match.group(1))
        yield Finding(place, "手机号码", f"{digits[:3]}****{digits[-4:]}")
    for match in _IDENTITY.finditer(text):
        if is_identity_number(match.group(1)):
            yield Finding(place, "居民身份证号", f"{match.group(1)[:6]}********{match.group(1)[-1]}")


def masked(text: str) -> str:
    """Return a text to be published with the middle of every mobile number and identity number hidden."""
    for finding, whole in [(f, w) for pattern in (_MOBILE, _IDENTITY) for f, w in _hidden(pattern, text)]:
        text = text.replace(whole, finding)
    return text


def _hidden(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    for match in pattern.finditer(text):
        whole = match.group(1)
        if pattern is _MOBILE:
            yield f"{whole[:3]}****{whole[-4:]}", whole
        elif is_identity_number(whole):
            yield f"{whole[:6]}********{whole[-1]}", whole


def is_identity_number(text: str) -> bool:
    """Say whether 18 characters are a 公民身份号码 by date and check digit (GB 11643)."""
    month, day = int(text[10:12]), int(text[12:14])
    if not (text[6:8] in {"19", "20"} and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK[total % 11] == text[17].upper()

"""Rules of signing in: what locks, what counts as an address block, what a device is called, which code is good."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import pyotp

from ggzy.kernel.actors import Role

CHALLENGE_LIVES = timedelta(minutes=2)
LOCKOUT = timedelta(minutes=15)
MOST_FAILURES = 8
#: who works for the centre or watches it: a password alone is not enough where the settings say so
STAFF = frozenset({Role.CENTRE, Role.PARTNER, Role.SUPERVISOR, Role.ADMIN})
RECOVERY_CODES = 10
#: what recovery codes are written with: nothing that looks like something else
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_STEP = 30


def locked_until(
    failures: Sequence[datetime], *, now: datetime, most: int = MOST_FAILURES
) -> datetime | None:
    """Return until when guessing is stopped: `most` failures stand within the last quarter of an hour; None if not."""
    recent = sorted(at for at in failures if now - LOCKOUT < at <= now)
    return recent[-most] + LOCKOUT if len(recent) >= most else None


def block_of(address: str) -> str:
    """Return the block an address is counted with: /24 of IPv4, /64 of IPv6; "" for none and for this machine itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if (
        found.is_loopback
    ):  # a reverse proxy that does not say for whom it asks: everybody would share one limit
        return ""
    return str(ip_network(f"{found}/{24 if found.version == 4 else 64}", strict=False))


_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "鸿蒙设备"),
    ("Android", "安卓设备"),
    ("Windows", "Windows电脑"),
    ("Macintosh", "苹果电脑"),
    ("Linux", "Linux电脑"),
)
_BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge浏览器"),
    ("QQBrowser", "QQ浏览器"),
    ("OPR/", "Opera浏览器"),
    ("Firefox", "Firefox浏览器"),
    ("Chrome", "Chrome浏览器"),
    ("Safari", "Safari浏览器"),
)


def device_words(agent: str) -> str:
    """Return what people call the device of a User-Agent: system and browser, nothing finer."""
    system = next((says for mark, says in _SYSTEMS if mark in agent), "")
    browser = next((says for mark, says in _BROWSERS if mark in agent), "")
    return " · ".join(part for part in (system, browser) if part) or ("程序接口" if agent else "未知设备")


@dataclass(frozen=True)
class RelyingParty:
    """For whom a passkey is made: a domain, and the one address under which browsers may use it."""

    id: str
    origin: str


def relying_party(address: str) -> RelyingParty | None:
    """Return for whom passkeys are made at a public address; None where browsers make none: no domain, or no https.

    This machine itself is `localhost` to a browser, never 127.0.0.1.
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    try:
        here = ip_address(host)
    except ValueError:
        pass
    else:
        if not here.is_loopback:
            return None
        host = "localhost"
    if not host or (parts.scheme != "https" and host != "localhost"):
        return None
    port = f":{parts.port}" if parts.port else ""
    return RelyingParty(id=host, origin=f"{parts.scheme}://{host}{port}")


def went_back(*, kept: int, given: int) -> bool:
    """Say whether a passkey's counter did not move on: the key may have been copied. Keys that do not count say 0."""
    return bool(kept or given) and given <= kept


def good_step(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """Return the step of time whose code this is: now, one before or one after, and later than `after`; else None."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    now = int(at.timestamp()) // _STEP
    maker = pyotp.TOTP(secret, interval=_STEP)
    good = [
        step
        for step in (now - 1, now, now + 1)
        if secrets.compare_digest(maker.generate_otp(step), digits) and step > after
    ]
    return max(good, default=None)


def new_recovery_codes() -> list[str]:
    """Return ten codes of 80 random bits, in four groups of four."""
    made = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    return ["-".join(code[i : i + 4] for i in range(0, 16, 4)) for code in made]


def recovery_hash(code: str) -> str:
    """Return what is kept of a recovery code; however it was typed."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(b"ggzy.recovery\n" + plain.encode()).hexdigest()


def looks_like_recovery(code: str) -> bool:
    """Say whether somebody typed a recovery code rather than six digits."""
    return len("".join(letter for letter in code if letter.isalnum())) == 16

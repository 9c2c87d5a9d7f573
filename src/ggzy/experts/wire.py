"""What two pools say to each other as JSON, each sentence signed for one receiver and one purpose. No database.

The same words go to a pool that knows a token instead of keys (ggzy.adapters.pools).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ggzy.evidence import acks
from ggzy.experts import rules
from ggzy.experts.ports import Asked, Frozen, Opened
from ggzy.kernel.refusals import BadInput, NotPermitted

LETTER = b"openggzy pool agreement v1\n"
ASKS, ANSWERS = b"openggzy pool request v1\n", b"openggzy pool answer v1\n"
#: how far the two clocks may stand apart, and how long a caught sentence could be said again
FRESH = timedelta(minutes=5)


class NotOfAPartner(NotPermitted):
    """A sentence that no partner with an agreement in force signed for this centre just now."""

    code = "experts.not_of_a_partner"


def question(
    what: str, body: Mapping[str, Any], *, to: str, key: Ed25519PrivateKey, at: datetime
) -> dict[str, Any]:
    """Return a signed question; `to` is the receiver's key (hex), so that nobody can hand it on to another pool."""
    return acks.sign({"what": what, "to": to, "at": at.isoformat(), **body}, key=key, purpose=ASKS)


def require_question(said: Mapping[str, Any], what: str, *, to: str, key: str, at: datetime) -> None:
    """Let a question be answered, or refuse.

    :raises NotOfAPartner: not signed by this key, for another receiver or purpose, or not of this moment
    """
    try:
        apart = abs(datetime.fromisoformat(str(said["at"])) - at)
    except (KeyError, ValueError, TypeError):
        apart = FRESH * 2
    good = acks.verify(said, key=key, purpose=ASKS) and said.get("to") == to and said.get("what") == what
    if not good or apart > FRESH:
        raise NotOfAPartner("请求的签名、接收方或者时间不符, 只受理协议单位当时签发的请求")


def asked_json(asked: Asked) -> dict[str, Any]:
    """Return what is asked for as JSON."""
    return {
        "draw": asked.draw,
        "list": asked.list_number,
        "quotas": [q.as_json() for q in asked.quotas],
        "conditions": asked.conditions.as_json(),
        "without_employers": sorted(asked.without_employers),
        "since": asked.since.isoformat() if asked.since else None,
        "until": asked.until.isoformat() if asked.until else None,
        "city": asked.city,
    }


def asked_of(raw: Mapping[str, Any]) -> Asked:
    """Return what is asked for, from JSON.

    :raises BadInput: a quota, condition or moment that is none
    """
    draw, number = str(raw.get("draw", "")), raw.get("list")
    quotas, employers = raw.get("quotas"), raw.get("without_employers")
    if not draw or len(draw) > 32 or not isinstance(number, int) or not 1 <= number <= 99:
        raise BadInput("请写明抽取编号和名单号", field="draw")
    if not isinstance(quotas, list) or not quotas or not isinstance(employers, list):
        raise BadInput("请写明各专业名额和不抽取的单位", field="quotas")
    return Asked(
        draw=draw,
        list_number=number,
        quotas=tuple(rules.quota_of(q) for q in quotas[:50]),
        conditions=rules.conditions_of(raw.get("conditions") or {}),
        without_employers=frozenset(str(one)[:18] for one in employers[:50]),
        since=_moment(raw.get("since")),
        until=_moment(raw.get("until")),
        city=str(raw.get("city", ""))[:50],
    )


def _moment(raw: object) -> datetime | None:
    if raw is None:
        return None
    try:
        found = datetime.fromisoformat(str(raw))
    except ValueError:
        raise BadInput("评标时间应为ISO 8601格式的日期时间", field="since") from None
    if found.tzinfo is None:
        raise BadInput("评标时间应注明时区", field="since")
    return found


def frozen_of(raw: Mapping[str, Any], *, quotas: int) -> Frozen:
    """Return a frozen list from JSON: its lines must be lines, its digest theirs.

    :raises ValueError: it is no list, or not what its digest says
    """
    entries = []
    for label, fits, unit in raw["entries"]:
        numbers = tuple(fits)
        if len(bytes.fromhex(label)) != 32 or not numbers or not set(numbers) <= set(range(quotas)):
            raise ValueError("名单中有的行不是编号和名额")
        entries.append(rules.Entry(label, numbers, str(unit)[:32]))
    if len({e.label for e in entries}) != len(entries):
        raise ValueError("名单中有重复的编号")
    if rules.list_digest(entries) != raw["sha256"]:
        raise ValueError("名单与它的校验值不符")
    receipt = {name: value for name, value in raw.items() if name != "entries"}
    return Frozen(lent=str(raw["lent"])[:64], entries=entries, sha256=raw["sha256"], receipt=receipt)


def opened_of(raw: Mapping[str, Any]) -> Opened:
    """Return who a label is, from JSON; whether it is that label is proved by `rules.proves`.

    :raises KeyError: something is missing
    """
    names = ("expert", "salt", "name", "employer_name", "employer_uscc", "avoids")
    return Opened(**{name: str(raw[name])[:200] for name in names})

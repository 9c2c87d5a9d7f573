"""What an entry commits to: salted fields, the leaf built on them, and who may see which. Pure.

A leaf holds public ids, times and one hash over the commitments of all fields. Two fields are the log's own,
in every entry and for supervisors only: `actor` (role and organisation) and `person` (who, with which
certificate, from where). Their values stand in columns, not in the JSON, so there is one copy to erase.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol

from ggzy.kernel.canonical import canonical, commitment, sha256

LEVELS = ("public", "party", "supervisor")
OWN = ("actor", "person")
_RECORDED_AT = b'"recorded_at":""'


class Columns(Protocol):
    """The columns of an entry that its own two fields commit to."""

    role: str
    organisation: str
    person: str
    certificate: str
    address: str


def stamp(moment: datetime) -> str:
    """Return a moment as leaves write it: UTC, six decimals, Z.

    :raises ValueError: a naive datetime
    """
    if moment.tzinfo is None:
        raise ValueError("a moment in a leaf has a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain(value: Any) -> Any:
    """Return a value as canonical JSON can hold it: money and times become strings.

    :raises TypeError: a float, or something JSON has no word for
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, Decimal | date):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    raise TypeError(f"a field of the evidence log cannot hold {type(value).__name__}")


def own_values(columns: Columns) -> dict[str, dict[str, str]]:
    """Return the values of the log's own two fields."""
    return {
        "actor": {"role": columns.role, "organisation": columns.organisation},
        "person": {
            "person": columns.person,
            "certificate": columns.certificate,
            "address": columns.address,
        },
    }


def seal(
    *, own: Mapping[str, Any], levels: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, dict[str, Any]]:
    """Return the stored fields: {name: {level, commitment, salt, value}}, each with a salt of its own.

    :raises ValueError: a name stands at two levels, or is one of the log's own
    """
    fields: dict[str, dict[str, Any]] = {}
    for name, value in own.items():
        salt = secrets.token_bytes(32)
        fields[name] = {"level": "supervisor", "commitment": commitment(salt, value), "salt": salt.hex()}
    for level, values in levels.items():
        for name, value in (values or {}).items():
            if name in fields:
                raise ValueError(f"the field {name!r} is already in this entry")
            salt, value = secrets.token_bytes(32), plain(value)
            fields[name] = {
                "level": level,
                "commitment": commitment(salt, value),
                "salt": salt.hex(),
                "value": value,
            }
    return fields


def fields_hash(commitments: Mapping[str, str]) -> str:
    """Return the hash a leaf carries for its fields: over {name: commitment}."""
    return sha256(canonical(dict(commitments))).hex()


def leaf_around(
    *,
    centre: str,
    act: str,
    subject: str,
    ocid: str,
    lot: str,
    round: str,
    legal_at: datetime,
    fields: Mapping[str, Mapping[str, Any]],
) -> tuple[bytes, bytes]:
    """Return the leaf before and after the moment of recording, which the database puts between them."""
    leaf = canonical(
        {
            "v": 1,
            "centre": centre,
            "act": act,
            "subject": subject,
            "ocid": ocid,
            "lot": lot,
            "round": round,
            "legal_at": stamp(legal_at),
            "recorded_at": "",
            "fields": fields_hash({name: field["commitment"] for name, field in fields.items()}),
        }
    )
    # a quote inside a JSON string is escaped, so this can only be the member itself
    before, _, after = leaf.partition(_RECORDED_AT)
    return before + _RECORDED_AT[:-1], _RECORDED_AT[-1:] + after


def shown(
    fields: Mapping[str, Mapping[str, Any]], own: Mapping[str, Any], *, level: str
) -> dict[str, dict[str, Any]]:
    """Return the fields as this level of reader gets them: shown, withheld or erased, always the commitment."""
    rank = LEVELS.index(level)
    out: dict[str, dict[str, Any]] = {}
    for name, field in fields.items():
        part = {"commitment": field["commitment"], "level": field["level"]}
        if "salt" not in field:
            part["state"] = "erased"
        elif LEVELS.index(field["level"]) > rank:
            part["state"] = "withheld"
        else:
            value = field["value"] if "value" in field else own[name]
            part |= {"state": "shown", "salt": field["salt"], "value": value}
        out[name] = part
    return out

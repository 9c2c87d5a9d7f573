"""What travels between the centre and a medium: the body, its signature, and the receipt that comes back. Pure.

Field names are those of the exchange specification. The specification's public text does not say how a receipt is
written; RECEIPT_NO, STATUS, PUBLISH_TIME and CONTENT_HASH are this adapter's reading and stand in this file only.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.etree import ElementTree  # noqa: S405 - only written here, never parsed

from ggzy.publishing.package import Package, unstamp
from ggzy.publishing.ports import Receipt
from ggzy.publishing.rules import State

_STATES = {"0": State.SENT, "1": State.RECEIVED, "2": State.PUBLISHED, "9": State.REFUSED}
DOMAIN = b"openggzy publication v1\n"


def body_of(package: Package, *, form: str) -> tuple[bytes, str]:
    """Return a package as the bytes that are signed and sent, and their content type."""
    if form == "xml":
        root = ElementTree.Element("DATA")
        head = ElementTree.SubElement(root, "HEAD")
        for name, value in package.envelope.items():
            ElementTree.SubElement(head, name).text = value
        body = ElementTree.SubElement(root, package.table)
        for name, value in package.fields.items():
            ElementTree.SubElement(body, name).text = value
        return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True), "application/xml"
    data = {"HEAD": dict(package.envelope), package.table: dict(package.fields)}
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode(), "application/json"


def to_sign(body: bytes) -> bytes:
    """Return what the centre signs: the hash of the body under a name of its own."""
    return DOMAIN + hashlib.sha256(body).digest()


def read_receipt(data: Mapping[str, Any]) -> Receipt | None:
    """Return a medium's receipt, or None where it cannot be understood."""
    state = _STATES.get(str(data.get("STATUS", "")))
    reference = str(data.get("RECEIPT_NO", ""))
    try:
        published_at: datetime | None = unstamp(str(data.get("PUBLISH_TIME") or ""))
    except ValueError:
        return None
    if state is None or not reference or (state is State.PUBLISHED) != (published_at is not None):
        return None
    return Receipt(
        reference=reference[:100],
        state=state,
        sha256=str(data.get("CONTENT_HASH", "")).lower()[:64],
        published_at=published_at,
    )


def receipt_in(body: bytes) -> Receipt | None:
    """Return the receipt in a JSON body, or None where it cannot be understood."""
    try:
        data = json.loads(body)
    except ValueError:
        return None
    return read_receipt(data) if isinstance(data, Mapping) else None

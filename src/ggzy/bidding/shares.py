"""The bid_key in three parts for three holders: a bidder's own choice, where the tender file allows it. Pure.

Shamir's scheme, three of three: two together know nothing. Each part is in an envelope to its holder's certificate;
`shares.json` holds the envelopes and a digest of each part, and the manifest names it like every other file.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyshamir
from cryptography import x509

from ggzy.identity import cms
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import Refusal

PART = "shares.json"
FORMAT = "openggzy-shares/1"
HOLDERS = 3
MOST = 64 * 1024


class SharesBroken(Refusal):
    """The parts of a key are not what they should be."""

    code = "bidding.shares_broken"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who keeps a part: named by the tender file, with the certificate it is sealed to."""

    uscc: str
    name: str
    certificate: x509.Certificate


def split(bid_key: str, holders: Sequence[Holder]) -> bytes:
    """Return `shares.json`: the bid_key in as many parts as holders, each readable by its holder alone."""
    if len(holders) != HOLDERS:
        raise SharesBroken(f"份额保管人应为{HOLDERS}个")
    parts = [bytes(part) for part in pyshamir.split(bid_key.encode(), HOLDERS, HOLDERS)]
    rows = [
        {
            "uscc": holder.uscc,
            "sha256": hashlib.sha256(part).hexdigest(),
            "envelope": base64.b64encode(cms.seal_to(holder.certificate, part.hex().encode())).decode(),
        }
        for holder, part in zip(holders, parts, strict=True)
    ]
    return canonical({"format": FORMAT, "shares": rows})


def read(data: bytes) -> dict[str, dict[str, Any]]:
    """Return the rows of `shares.json` by holder.

    :raises SharesBroken: not three rows of our format
    """
    try:
        if len(data) > MOST:
            raise ValueError
        said = json.loads(data)
        rows = {str(row["uscc"]): row for row in said["shares"]}
        whole = said["format"] == FORMAT and len(rows) == len(said["shares"]) == HOLDERS
        whole = whole and all(len(bytes.fromhex(row["sha256"])) == 32 for row in rows.values())
        if not whole or not all(base64.b64decode(row["envelope"], validate=True) for row in rows.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SharesBroken("密钥份额文件(shares.json)不符合格式, 请用投标客户端重新加密") from None
    return rows


def require_for(data: bytes, holders: Mapping[str, x509.Certificate]) -> None:
    """Let parts pass that are addressed to exactly these holders; nothing is opened.

    :raises SharesBroken: other holders, or an envelope to another certificate
    """
    rows = read(data)
    if set(rows) != set(holders):
        raise SharesBroken("密钥份额的保管人与招标文件写明的不一致, 请按现行招标文件重新加密")
    for uscc, row in rows.items():
        try:
            cms.require_envelope_for(base64.b64decode(row["envelope"]), holders[uscc])
        except cms.EnvelopeBroken:
            raise SharesBroken("密钥份额不是给招标文件写明的保管人证书的, 请按现行招标文件重新加密") from None


def require_part(part: str, *, row: Mapping[str, Any]) -> str:
    """Return a part that is the one the bidder sealed to this holder.

    :raises SharesBroken: another one
    """
    try:
        raw = bytes.fromhex(part.strip())
    except ValueError:
        raise SharesBroken("这不是有效的密钥份额") from None
    if not hmac.compare_digest(hashlib.sha256(raw).hexdigest(), str(row["sha256"])):
        raise SharesBroken("这不是投标人封给您单位的那一份密钥份额")
    return raw.hex()


def joined(parts: Sequence[str]) -> str:
    """Return the bid_key of all parts.

    :raises SharesBroken: they give no key
    """
    try:
        found: bytes = bytes(pyshamir.combine([bytearray.fromhex(part) for part in parts]))
        return found.decode("ascii")
    except (ValueError, IndexError):
        raise SharesBroken("这些份额合不成投标密钥") from None

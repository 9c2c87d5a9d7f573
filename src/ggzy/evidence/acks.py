"""Acknowledgements: what the centre signs at once, before the inclusion proof can follow. Pure.

`promise` says where the entry will be: "leaf" (a leaf of the public tree) or "escrow" (a slot of an escrow
batch whose root is a leaf), within `merge_delay_seconds` of `recorded_at`. An overdue promise is proof of misbehaviour.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ggzy.kernel.canonical import canonical

_PURPOSE = b"openggzy acknowledgement v1\n"


def sign(body: Mapping[str, Any], *, key: Ed25519PrivateKey, purpose: bytes = _PURPOSE) -> dict[str, Any]:
    """Return the acknowledgement: the body, the public key and the signature (hex).

    Other documents of the centre are signed so too, each with a `purpose` of its own, so that none passes for another.
    """
    signature = key.sign(purpose + canonical(dict(body)))
    return {**body, "key": key.public_key().public_bytes_raw().hex(), "signature": signature.hex()}


def verify(acknowledgement: Mapping[str, Any], *, key: str | None = None, purpose: bytes = _PURPOSE) -> bool:
    """Say whether the acknowledgement is signed by the key it names (and by `key`, hex, where one is given)."""
    body = {name: value for name, value in acknowledgement.items() if name not in ("key", "signature")}
    try:
        named = str(acknowledgement["key"])
        if key is not None and named != key:
            return False
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(named))
        public.verify(bytes.fromhex(str(acknowledgement["signature"])), purpose + canonical(body))
    except (KeyError, ValueError, InvalidSignature):
        return False
    return True


def due_at(acknowledgement: Mapping[str, Any]) -> datetime:
    """Return the moment by which the promise must have been kept."""
    recorded = datetime.fromisoformat(acknowledgement["recorded_at"])
    return recorded + timedelta(seconds=acknowledgement["merge_delay_seconds"])

"""Canonical JSON (RFC 8785) and the hashes built on it."""

import hashlib
from typing import Any

import rfc8785


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value (money and times are strings before they come here)."""
    return rfc8785.dumps(value)


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of `data`, 32 bytes."""
    return hashlib.sha256(data).digest()


def commitment(salt: bytes, value: Any) -> str:
    """Return hex SHA-256(salt ‖ canonical JSON): hides a value behind a 32-byte salt until both are shown."""
    if len(salt) != 32:
        raise ValueError("a salt has 32 bytes")
    return sha256(salt + canonical(value)).hex()

"""Signed notes, checkpoints and proof files (C2SP signed-note, tlog-checkpoint, tlog-proof). Pure.

Base64 is standard; hashes in these texts are base64, everywhere else in the product they are hex.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_MOST_SIGNATURES = 64
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIZE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)
_PROOF = "c2sp.org/tlog-proof@v1"


class NoteRefused(ValueError):
    """A text is not the signed statement it claims to be."""


@dataclass(frozen=True)
class Checkpoint:
    """What a log says of itself: so many leaves, this root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"


@dataclass(frozen=True)
class Proof:
    """A tlog-proof file: a leaf's place, its inclusion proof, and the checkpoint it leads to."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    @property
    def text(self) -> str:
        """Return the file."""
        head = [_PROOF]
        if self.extra:
            head.append(f"extra {_b64(self.extra)}")
        return "\n".join([*head, f"index {self.index}", *map(_b64, self.hashes), "", self.checkpoint])


def vkey(name: str, public: Ed25519PublicKey) -> str:
    """Return the verifier key of a signer: name+id+key, as other tools read it."""
    raw = public.public_bytes_raw()
    return f"{name}+{_key_id(name, raw).hex()}+{_b64(_ED25519 + raw)}"


def sign(text: str, *, name: str, key: Ed25519PrivateKey) -> str:
    """Return the note: the text, a blank line and one signature line.

    :raises ValueError: a text that does not end with a newline, or a name with spaces or a plus
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise ValueError("the text of a note ends with a newline and has no other control characters")
    if not _is_name(name):
        raise ValueError(f"{name!r} is not a key name")
    signature = _key_id(name, key.public_key().public_bytes_raw()) + key.sign(text.encode())
    return f"{text}\n— {name} {_b64(signature)}\n"


def open_note(note: str, key: str) -> str:
    """Return the text of a note that the verifier key has signed.

    :raises NoteRefused: malformed, not signed by this key, or the signature does not fit
    """
    name, key_id, raw = _parse_vkey(key)
    text, gap, lines = note.rpartition("\n\n")
    if not gap or not lines.endswith("\n") or _CONTROL.search(note):
        raise NoteRefused("not a signed note")
    signatures = lines[:-1].split("\n")
    if len(signatures) > _MOST_SIGNATURES:
        raise NoteRefused("too many signatures")
    text, known = text + "\n", False
    for line in signatures:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "—" or not _is_name(parts[1]):
            raise NoteRefused("a signature line is malformed")
        signature = _unb64(parts[2])
        if len(signature) < 5:
            raise NoteRefused("a signature line is malformed")
        if parts[1] != name or signature[:4] != key_id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(raw).verify(signature[4:], text.encode())
        except InvalidSignature:
            raise NoteRefused("the signature does not fit the text") from None
        known = True
    if not known:
        raise NoteRefused("not signed by this key")
    return text


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint a note's text states (extension lines are ignored).

    :raises NoteRefused: another shape
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not _SIZE.fullmatch(lines[1]):
        raise NoteRefused("not a checkpoint")
    root = _unb64(lines[2])
    if len(root) != 32:
        raise NoteRefused("a root has 32 bytes")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root)


def open_checkpoint(note: str, key: str, *, origin: str | None = None) -> Checkpoint:
    """Return the checkpoint of a note signed by the verifier key.

    :raises NoteRefused: see `open_note`, or another log's checkpoint
    """
    checkpoint = parse_checkpoint(open_note(note, key))
    if origin is not None and checkpoint.origin != origin:
        raise NoteRefused(f"a checkpoint of {checkpoint.origin}, not of {origin}")
    return checkpoint


def parse_proof(text: str) -> Proof:
    """Return the proof a tlog-proof file holds.

    :raises NoteRefused: another shape
    """
    head, gap, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines.pop(0) != _PROOF or not lines:
        raise NoteRefused("not a tlog-proof")
    extra = _unb64(lines.pop(0).removeprefix("extra ")) if lines[0].startswith("extra ") else b""
    if not lines or not lines[0].startswith("index ") or not _SIZE.fullmatch(lines[0][6:]):
        raise NoteRefused("the proof names no index")
    hashes = tuple(_unb64(line) for line in lines[1:])
    if any(len(part) != 32 for part in hashes):
        raise NoteRefused("a hash has 32 bytes")
    return Proof(index=int(lines[0][6:]), hashes=hashes, checkpoint=checkpoint, extra=extra)


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() for c in name)


def _key_id(name: str, raw: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:4]


def _parse_vkey(key: str) -> tuple[str, bytes, bytes]:
    name, _, rest = key.partition("+")
    key_id, _, data = rest.partition("+")
    raw = _unb64(data)
    if len(raw) != 33 or raw[:1] != _ED25519 or key_id != _key_id(name, raw[1:]).hex():
        raise NoteRefused("not an Ed25519 verifier key")
    return name, _key_id(name, raw[1:]), raw[1:]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteRefused("not base64") from None
    if _b64(data) != text:
        raise NoteRefused("not canonical base64")
    return data

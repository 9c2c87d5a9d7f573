"""The two ways a bid is sealed: international algorithms, or the national ones. Pure.

Both are the same in kind: the payload is a tar under one fresh key of this bid, the bid_key; the manifest names what
commits to that key, so a ciphertext opens to one bid only; the bidder's certificate alone opens its envelope.

age   bid.age, an age v1 file to one X25519 identity (the bid_key); fields are committed to with SHA-256
gm    bid.sm4, a GB/T 35275 EncryptedData (SM4-CBC) under the bid_key; fields are committed to with SM3
"""

import re
import secrets
from pathlib import Path
from typing import Any, Protocol

import pyrage

from ggzy.identity import gm
from ggzy.kernel.canonical import canonical, commitment
from ggzy.kernel.refusals import Refusal

ENVELOPE = "key.p7m"


class WrongBidKey(Refusal):
    """This key does not open this bid."""

    code = "bidding.wrong_bid_key"
    status = 422


class Profile(Protocol):
    """What differs between the two."""

    code: str
    format: str
    payload: str
    label: str

    def new_key(self) -> str:
        """Return a fresh bid_key."""

    def binds(self, bid_key: str) -> str:
        """Return what the manifest says of a bid_key, and what only this key gives.

        :raises WrongBidKey: not a bid_key
        """

    def encrypt(self, plain: Path, payload: Path, *, bid_key: str) -> None:
        """Write the payload of a tar."""

    def decrypt(self, payload: Path, plain: Path, *, bid_key: str) -> None:
        """Write the tar of a payload.

        :raises WrongBidKey: the key does not open it, or it is not whole
        :raises OSError: trouble of our own disk
        """

    def is_sealed(self, first: bytes, *, size: int) -> bool:
        """Say whether a file of `size` bytes begins (with 128 bytes or more) as a payload: plaintext is refused."""

    def commit(self, salt: bytes, value: Any) -> str:
        """Return the commitment of a field of the bid, hex."""


class _Age:
    code, format, payload, label = "age", "openggzy-bid/1", "bid.age", "国际通用算法"

    def new_key(self) -> str:
        return str(pyrage.x25519.Identity.generate())

    def _identity(self, bid_key: str) -> pyrage.x25519.Identity:
        try:
            return pyrage.x25519.Identity.from_str(bid_key.strip())
        except pyrage.IdentityError:
            raise WrongBidKey("这不是有效的投标密钥") from None

    def binds(self, bid_key: str) -> str:
        return str(self._identity(bid_key).to_public())

    def encrypt(self, plain: Path, payload: Path, *, bid_key: str) -> None:
        pyrage.encrypt_file(str(plain), str(payload), [self._identity(bid_key).to_public()])

    def decrypt(self, payload: Path, plain: Path, *, bid_key: str) -> None:
        try:
            pyrage.decrypt_file(str(payload), str(plain), [self._identity(bid_key)])
        except (pyrage.DecryptError, OSError, ValueError) as wrong:
            # pyrage tells a damaged file as a bare OSError("decryption error"); trouble of our own disk names its
            # os error, and must never be held against the bidder
            if isinstance(wrong, OSError) and ("os error" in str(wrong) or not payload.exists()):
                raise
            raise WrongBidKey("投标文件无法用该密钥解密, 密文可能不完整") from wrong

    def is_sealed(self, first: bytes, *, size: int) -> bool:
        lines = first.split(b"\n")
        if lines[0] != b"age-encryption.org/v1":
            return False
        stanzas = [line for line in lines[1:] if line.startswith(b"-> ")]
        others = [s for s in stanzas if not s.startswith(b"-> X25519 ")]
        # age pads a header with one "-grease" stanza that opens nothing; any other stanza is a second recipient
        return (
            len(stanzas) - len(others) == 1
            and len(others) <= 1
            and all(s.split(b" ")[1].endswith(b"-grease") for s in others)
        )

    def commit(self, salt: bytes, value: Any) -> str:
        return commitment(salt, value)


class _Gm:
    code, format, payload, label = "gm", "openggzy-bid-gm/1", "bid.sm4", "国密算法"
    #: marks a bid_key for people and programs; 128 bits follow
    _KEY = re.compile(r"SM4-SECRET-KEY-([0-9A-F]{32})")

    def new_key(self) -> str:
        return f"SM4-SECRET-KEY-{secrets.token_hex(16).upper()}"

    def _raw(self, bid_key: str) -> bytes:
        found = self._KEY.fullmatch(bid_key.strip())
        if found is None:
            raise WrongBidKey("这不是有效的投标密钥")
        return bytes.fromhex(found[1])

    def binds(self, bid_key: str) -> str:
        # the key is random and as long as the cipher's: its digest hides it, and no second key has the same one
        return f"sm3:{gm.sm3(self._raw(bid_key)).hex()}"

    def encrypt(self, plain: Path, payload: Path, *, bid_key: str) -> None:
        gm.encrypt_file(plain, payload, key=self._raw(bid_key))

    def decrypt(self, payload: Path, plain: Path, *, bid_key: str) -> None:
        try:
            gm.decrypt_file(payload, plain, key=self._raw(bid_key))
        except ValueError as wrong:
            raise WrongBidKey("投标文件无法用该密钥解密, 密文可能不完整") from wrong

    def is_sealed(self, first: bytes, *, size: int) -> bool:
        try:
            gm.read_encrypted_header(first, size=size)
        except ValueError:
            return False
        return True

    def commit(self, salt: bytes, value: Any) -> str:
        if len(salt) != 32:
            raise ValueError("a salt has 32 bytes")
        return gm.sm3(salt + canonical(value)).hex()


AGE: Profile = _Age()
GM: Profile = _Gm()
PROFILES = {profile.code: profile for profile in (AGE, GM)}
BY_FORMAT = {profile.format: profile for profile in (AGE, GM)}

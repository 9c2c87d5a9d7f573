"""Personal fields at rest: AES-256-GCM under a key that is neither in the database nor in its backup."""

import os
from collections.abc import Sequence
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models

_NONCE = 12


@cache
def _cipher() -> AESGCM:
    path = settings.KEYS / "field.key"
    if not path.exists():
        if settings.MODE == "production":
            raise SystemExit(
                f"缺少个人信息加密密钥 {path}: 请由密钥保管人恢复, 或首次部署时用 openssl rand 32 生成"
            )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(AESGCM.generate_key(256))
        try:
            os.link(draft, path)
        except FileExistsError:  # another process was first: its key is the key
            draft.unlink()
            return AESGCM(path.read_bytes())
        draft.unlink()
    key = path.read_bytes()
    if len(key) != 32 or path.stat().st_mode & 0o077:
        raise SystemExit(f"密钥文件 {path} 应为32字节且只有属主可读(chmod 600), 请由密钥保管人检查")
    return AESGCM(key)


def seal_text(text: str) -> bytes:
    """Return nonce ‖ ciphertext of a personal text."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher().encrypt(nonce, text.encode(), b"ggzy.personal")


def open_text(sealed: bytes) -> str:
    """Return the text inside `seal_text`'s answer."""
    return _cipher().decrypt(sealed[:_NONCE], sealed[_NONCE:], b"ggzy.personal").decode()


class PersonalField(models.BinaryField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A text about a person, encrypted in the database and readable in memory."""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        """Return the field as migrations may know it: bytes."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.BinaryField", args, kwargs

    def get_prep_value(self, value: str | None) -> bytes | None:
        """Encrypt on the way in."""
        return None if value is None else seal_text(value)

    def from_db_value(self, value: bytes | None, expression: object, connection: object) -> str | None:
        """Decrypt on the way out."""
        return None if value is None else open_text(bytes(value))

    def value_to_string(self, obj: models.Model) -> str:
        """Refuse to be serialised: personal data does not leave by a dump."""
        raise TypeError("personal fields are not serialised")

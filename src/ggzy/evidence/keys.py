"""The key port: the log's and the acknowledgements' Ed25519 keys, and the key of encrypted personal fields.

Files under settings.KEYS, readable by their owner only, outside the database and its backup. A training centre
makes them on first use; a production centre refuses until its key holders have made them (README.md).
An HSM takes this module's place by answering the same functions.
"""

import os
import secrets
import stat
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from django.conf import settings

from ggzy.evidence import notes
from ggzy.kernel.refusals import Refusal

_HOW = {
    "log.key": "openssl genpkey -algorithm ed25519 -out {path}",
    "ack.key": "openssl genpkey -algorithm ed25519 -out {path}",
}


class KeyMissing(Refusal):
    """A key that only its holder can provide is not there, or lies open."""

    code = "evidence.key_missing"
    status = 503


def log_key() -> Ed25519PrivateKey:
    """Return the key that signs checkpoints.

    :raises KeyMissing: production, and no usable key file
    """
    return _ed25519(settings.KEYS / "log.key")


def ack_key() -> Ed25519PrivateKey:
    """Return the key that signs acknowledgements.

    :raises KeyMissing: production, and no usable key file
    """
    return _ed25519(settings.KEYS / "ack.key")


def log_vkey() -> str:
    """Return the verifier key of the log, as C2SP tools read it."""
    return notes.vkey(settings.LOG_ORIGIN, log_key().public_key())


def ack_public() -> str:
    """Return the public key of acknowledgements, hex."""
    return ack_key().public_key().public_bytes_raw().hex()


def write_private(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 so that a crash leaves the old content or the new, durably."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path, data)
    os.replace(draft, path)
    _sync_folder(path.parent)


@lru_cache(maxsize=8)
def _ed25519(path: Path) -> Ed25519PrivateKey:
    fresh = Ed25519PrivateKey.generate()
    pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = load_pem_private_key(_read_or_make(path, pem), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyMissing(f"密钥文件 {path} 不是 Ed25519 私钥, 请由密钥保管人更换")
    return key


def _read_or_make(path: Path, fresh: bytes) -> bytes:
    if not path.exists():
        if settings.MODE != "training":
            how = _HOW[path.name].format(path=path)
            raise KeyMissing(
                f"缺少密钥文件 {path}。请由密钥保管人在受控环境生成: umask 077; {how}, 并按 evidence/README.md 备份"
            )
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = _draft(path, fresh)
        try:
            os.link(draft, path)  # unlike a rename, fails when another process was first
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
        _sync_folder(path.parent)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyMissing(f"密钥文件 {path} 可被其他用户读取, 请先执行 chmod 600 {path}")
    return path.read_bytes()


def _draft(path: Path, data: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    return draft


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)

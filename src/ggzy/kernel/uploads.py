"""Uploads that may stop and go on: bytes on disk, known by an address that cannot be guessed, owned by who began them.

The name of a file tells its length and nothing of whose it is; what lies here is ciphertext of somebody, perhaps.
"""

import hashlib
import hmac
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import NotFound, Refusal

MOST_BYTES = 640 * 1024 * 1024
#: unfinished or unused uploads of one account at a time
MOST_AT_ONCE = 4
KEPT_SECONDS = 48 * 3600
_ADDRESS = re.compile(r"([0-9a-f]{16})-([0-9a-f]{32})")


class TooManyUploads(Refusal):
    """The account has begun too many and used none."""

    code = "uploads.too_many"
    status = 429


class UploadTooLarge(Refusal):
    """Longer than any upload may be, or of no length."""

    code = "uploads.too_large"
    status = 413


class UploadNotWhole(Refusal):
    """Not all bytes have arrived yet."""

    code = "uploads.not_whole"


class NoUpload(NotFound):
    """No such upload: never begun, used, given up or swept away."""

    code = "uploads.none"


def _folder(mark: str = "") -> Path:
    folder: Path = settings.FILES / "uploads" / mark
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _mark(owner: str) -> str:
    """Return what stands for an owner in names: nobody without the platform's secret can tell whose it is."""
    return hmac.new(settings.SECRET_KEY.encode(), owner.encode(), hashlib.sha256).hexdigest()[:16]


def begin(*, owner: str, length: int) -> str:
    """Begin an upload of `length` bytes for an owner and return its address; old ones are swept away.

    :raises UploadTooLarge: no length, or too much
    :raises TooManyUploads: too many of this owner lie here
    """
    if not 0 < length <= MOST_BYTES:
        raise UploadTooLarge(f"上传的文件应在1字节到{MOST_BYTES // 1024 // 1024}MB之间")
    sweep()
    mark = _mark(owner)
    if sum(1 for _ in _folder(mark).iterdir()) >= MOST_AT_ONCE:
        raise TooManyUploads(
            f"您有{MOST_AT_ONCE}个上传没有完成或没有使用, 请先完成或放弃其中的一个; 48小时后自动清除"
        )
    name = new_public_id()
    (_folder(mark) / f"{name}.{length}").touch(mode=0o600)
    return f"{mark}-{name}"


def find(address: str) -> tuple[Path, int]:
    """Return where an upload lies and how long it will be.

    :raises NoUpload: there is none of this address
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise NoUpload("没有这个上传, 请重新开始上传")
    for path in (settings.FILES / "uploads" / found[1]).glob(f"{found[2]}.*"):
        return path, int(path.suffix[1:])
    raise NoUpload("没有这个上传: 可能已经用过、已放弃或超过48小时被清除, 请重新上传")


def whole(address: str, *, owner: str) -> Path:
    """Return a complete upload of one's own.

    :raises NoUpload: none, or somebody else's
    :raises UploadNotWhole: bytes are missing
    """
    path, length = find(address)
    if not hmac.compare_digest(path.parent.name, _mark(owner)):
        raise NoUpload("没有这个上传, 请重新开始上传")
    if path.stat().st_size != length:
        raise UploadNotWhole("文件还没有传完, 请继续上传后再递交")
    return path


def pieces(path: Path) -> Iterator[bytes]:
    """Return a file in pieces."""
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            yield piece


def drop(address: str) -> None:
    """Give an upload up, or clear it away once it is used; one that is gone already is no trouble."""
    try:
        find(address)[0].unlink(missing_ok=True)
    except NoUpload:
        return


def settle(path: Path) -> None:
    """Make a complete upload durable: after return a crash loses nothing of it."""
    for one in (path, path.parent):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sweep(*, older_than: float = KEPT_SECONDS) -> int:
    """Clear away what nobody has touched for `older_than` seconds; return how many."""
    before, gone = time.time() - older_than, 0
    for path in _folder().glob("*/*"):
        try:
            if path.stat().st_mtime < before:
                path.unlink()
                gone += 1
        except FileNotFoundError:
            continue  # used or given up meanwhile
    return gone

"""The bucket beside the disk (GGZY_S3_*): what the operator is told of it. Nothing is taken up where there is none."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ggzy.boot.paths import Place
from ggzy.boot.say import BootError

if TYPE_CHECKING:
    from ggzy.kernel.bucket import Bucket

_KEEP = "请对存储桶本身另做版本保留或异地复制"


def bucket_of(where: Place) -> "Bucket | None":
    """Return the bucket that the environment names; None if there is none.

    :raises BootError: it names half of one
    """
    if not any(name.startswith("GGZY_S3_") for name in os.environ):
        return None
    from ggzy.kernel.bucket import options

    try:
        return options(os.environ, Path(os.environ.get("GGZY_KEYS") or where.var / "keys"))
    except ValueError as error:
        raise BootError(str(error)) from None


def answers(where: Place) -> tuple[bool, str]:
    """Say whether what is kept can be kept: on the disk alone, or in a bucket that takes and gives."""
    try:
        found = bucket_of(where)
    except BootError as error:
        return False, str(error)
    if found is None:
        return True, f"只在本机 {where.files}"
    from ggzy.kernel.bucket import StoreAway

    try:
        found.probe()
    except StoreAway:
        return False, f"S3存储桶 {found} 没有应答, 或不允许读写"
    return True, f"本机和S3存储桶, {found} 可以读写"


def only_there(found: "Bucket", files: Path) -> str:
    """Say what a backup of this machine's disk lacks because only the bucket has it."""
    from ggzy.kernel.bucket import StoreAway

    try:
        kept = (name for name in found.names() if name.startswith(("documents/", "sealed/")))
        missing = sum(1 for name in kept if not (files / name).exists())
    except StoreAway:
        return f"注意: 存储桶没有应答, 不知道有没有只存在桶里的文件; 备份只含本机磁盘上的文件。{_KEEP}。"
    if missing:
        return f"注意: 另有 {missing} 个文件只在存储桶里, 不在本备份中; 恢复后须配置同一个存储桶。{_KEEP}。"
    return f"存储桶里的文件本机都有, 已全部在备份中。{_KEEP}。"

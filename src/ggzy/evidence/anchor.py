"""The last checkpoint this centre ever signed, in a file that no restore of the database brings back."""

from pathlib import Path

from django.conf import settings

from ggzy.evidence import keys, notes
from ggzy.kernel.refusals import Refusal


class AnchorUnreadable(Refusal):
    """The anchor is there, but it is not a checkpoint of this log under this key."""

    code = "evidence.anchor_unreadable"
    status = 503


def path() -> Path:
    """Return where the anchor lies: with the keys, outside the database and its backup."""
    return settings.KEYS / "published.checkpoint"


def read() -> notes.Checkpoint | None:
    """Return the anchored checkpoint, or None where this centre has never signed one.

    :raises AnchorUnreadable: damaged, of another log, or signed by another key
    """
    try:
        note = path().read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return notes.open_checkpoint(note, keys.log_vkey(), origin=settings.LOG_ORIGIN)
    except notes.NoteRefused as refused:
        raise AnchorUnreadable(
            f"锚定文件 {path()} 不是日志 {settings.LOG_ORIGIN} 在现用密钥下的检查点({refused}),"
            " 请核对 log.key 与该文件是否来自同一中心的同一次备份"
        ) from None


def write(note: str) -> None:
    """Replace the anchor, durably: after this returns, a crash cannot bring the older one back."""
    keys.write_private(path(), note.encode())

"""A large file goes up in pieces (tus 1.0). Its address is kept beside it, so that a new run goes on where it was."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from ggzy.client.party import Party, Problem

PIECE = 8 * 1024 * 1024
TRIES = 8
_TUS = {"Tus-Resumable": "1.0.0"}


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.upload")


def forget(path: Path) -> None:
    """Forget where a file was uploaded: it is used."""
    _beside(path).unlink(missing_ok=True)


def upload(party: Party, path: Path) -> str:
    """Upload a file, or the rest of it, and return what names the upload on the platform.

    :raises Problem: the platform refused, or could not be reached again and again
    """
    size = path.stat().st_size
    address, offset = _begun(party, path, size)
    missed = 0
    with path.open("rb") as source:
        while offset < size:
            source.seek(offset)
            headers = _TUS | {
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            }
            try:
                reply = party.raw("PATCH", address, headers=headers, content=source.read(PIECE))
                if reply.status_code not in {204, 409, 423} and reply.status_code < 500:
                    raise Problem(reply.status_code, {"message": reply.text or "上传被拒绝"})
                if reply.status_code == 204:
                    offset, missed = int(reply.headers["Upload-Offset"]), 0
                    continue
            except httpx.TransportError as trouble:
                if missed >= TRIES:
                    raise Problem(
                        503, {"message": f"网络反复中断, 上传停在 {offset} 字节: {trouble}"}
                    ) from None
            missed += 1
            if missed > TRIES:
                raise Problem(503, {"message": f"平台反复没有应答, 上传停在 {offset} 字节, 请稍后再运行一次"})
            time.sleep(min(2.0**missed * 0.1, 5.0))
            offset = _offset(party, address, size) or 0
    return address.rsplit("/", 1)[1]


def _begun(party: Party, path: Path, size: int) -> tuple[str, int]:
    """Return the address of the upload that was begun before, with how far it came; or begin one."""
    beside = _beside(path)
    if beside.exists():
        address = beside.read_text().strip()
        offset = _offset(party, address, size)
        if offset is not None:
            return address, offset
    reply = party.raw("POST", "/uploads", headers=_TUS | {"Upload-Length": str(size)})
    if reply.status_code != 201:
        raise Problem(reply.status_code, _said(reply))
    address = urlsplit(reply.headers["Location"]).path
    beside.write_text(address)
    return address, 0


def _offset(party: Party, address: str, size: int) -> int | None:
    """Return how far an upload came, None if it is not there or of another file."""
    try:
        reply = party.raw("HEAD", address, headers=_TUS)
    except httpx.TransportError:
        return 0
    if reply.status_code != 200 or reply.headers.get("Upload-Length") != str(size):
        return None
    return int(reply.headers["Upload-Offset"])


def _said(reply: httpx.Response) -> dict[str, Any]:
    try:
        said: dict[str, Any] = reply.json()
    except ValueError:
        return {"message": "平台暂时不能接收上传"}
    return said

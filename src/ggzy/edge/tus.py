"""Resumable uploads: the part of tus 1.0 that moves bytes (HEAD, PATCH, DELETE, OPTIONS on /uploads/<address>).

Beginning one is Django's (it knows who may); the address it gives cannot be guessed, and whoever holds it may go on.
Every byte that arrives is kept, also of a request that was cut: HEAD tells how far it came.
"""

import asyncio
import fcntl
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import IO

from ggzy.edge.live import Receive, Scope, Send, refuse
from ggzy.kernel import uploads

VERSION = b"1.0.0"
PREFIX = "/uploads/"
_BLOCK = 1024 * 1024
_TYPE = b"application/offset+octet-stream"
_ALWAYS = [(b"tus-resumable", VERSION), (b"cache-control", b"no-store")]
GONE = 0
# a request that has been cut writes its last block in milliseconds; one that still runs is not waited for
_PAUSE, _PATIENCE = 0.02, 50
_SAYS = {
    409: "已收到 {size} 字节, 请从那里继续",
    413: "上传的内容比事先说明的长, 多出的没有保存",
    423: "同一个上传正在另一条线路上进行, 请稍后继续",
}
_ABOUT = [
    (b"tus-version", VERSION),
    (b"tus-extension", b"creation,termination,expiration"),
    (b"tus-max-size", str(uploads.MOST_BYTES).encode()),
]


async def tus(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request to an upload."""
    headers = dict(scope["headers"])
    method, address = scope["method"], scope["path"].removeprefix(PREFIX)
    if method == "OPTIONS":
        return await _answer(send, 204, _ABOUT)
    if headers.get(b"tus-resumable") != VERSION:
        return await refuse(send, 412, "断点续传的协议版本应为 tus 1.0.0", _ABOUT)
    try:
        path, length = await asyncio.to_thread(uploads.find, address)
        if method == "HEAD":
            return await _answer(send, 200, _told(await _how_far(path), length))
        if method == "DELETE":
            await asyncio.to_thread(uploads.drop, address)
            return await _answer(send, 204)
    except (uploads.NoUpload, FileNotFoundError):
        return await refuse(send, 404, "没有这个上传, 请重新开始上传", _ALWAYS)
    if method != "PATCH":
        return await refuse(
            send, 405, "不支持这种请求", [*_ALWAYS, (b"allow", b"HEAD, PATCH, DELETE, OPTIONS")]
        )
    if headers.get(b"content-type") != _TYPE:
        return await refuse(send, 415, "上传内容的类型应为 application/offset+octet-stream", _ALWAYS)
    given = headers.get(b"upload-offset", b"")
    if not given.isdigit():
        return await refuse(send, 400, "没有写明从哪一个字节继续", _ALWAYS)
    return await _patch(path, length, int(given), receive, send)


async def _how_far(path: Path) -> int:
    """The bytes kept, told once the request before it has let go: of a line just cut the last bytes are on their way."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        await _alone(file, fcntl.LOCK_SH)
        return await asyncio.to_thread(file.seek, 0, 2)
    finally:
        await asyncio.to_thread(file.close)


async def _alone(file: IO[bytes], how: int) -> bool:
    """Take the lock of an upload, waiting a little for who is about to let go; whether it was had."""
    for _ in range(_PATIENCE):
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_PAUSE)
        else:
            return True
    return False


def _told(size: int, length: int) -> list[tuple[bytes, bytes]]:
    return [(b"upload-offset", str(size).encode()), (b"upload-length", str(length).encode())]


async def _answer(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*_ALWAYS, *headers]})
    await send({"type": "http.response.body", "body": b""})


async def _patch(path: Path, length: int, offset: int, receive: Receive, send: Send) -> None:
    try:
        file = await asyncio.to_thread(path.open, "r+b")
    except FileNotFoundError:
        return await refuse(send, 404, "没有这个上传, 请重新开始上传", _ALWAYS)
    # the lock goes with the file, before the answer: whoever hears it may go on at once
    try:
        status, size = await _append(file, path, length, offset, receive)
    finally:
        await asyncio.to_thread(file.close)
    if status == GONE:
        return None
    if status != 204:
        sentence = _SAYS[status].format(size=min(size, length))
        told = [] if status == 423 else _told(min(size, length), length)
        return await refuse(send, status, sentence, [*_ALWAYS, *told])
    until = datetime.fromtimestamp(datetime.now(UTC).timestamp() + uploads.KEPT_SECONDS, UTC)
    expires = (b"upload-expires", format_datetime(until, usegmt=True).encode())
    return await _answer(send, 204, [*_told(size, length), expires])


async def _append(file: IO[bytes], path: Path, length: int, offset: int, receive: Receive) -> tuple[int, int]:
    """Append what comes at the offset; return the status to answer and how far it came."""
    if not await _alone(file, fcntl.LOCK_EX):
        return 423, 0
    size = await asyncio.to_thread(file.seek, 0, 2)
    if size != offset:
        return 409, size
    size, whole = await _take(file, size, length, receive)
    if not whole:
        return GONE, size
    if size > length:
        return 413, size
    if size == length:
        await asyncio.to_thread(uploads.settle, path)
    return 204, size


async def _take(file: IO[bytes], size: int, length: int, receive: Receive) -> tuple[int, bool]:
    """Write what comes; return how far it came and whether the request was complete. Never writes past the length."""
    buffer, more = bytearray(), True

    async def write() -> None:
        nonlocal size
        room = bytes(buffer[: max(0, length - size)])
        beyond = len(buffer) - len(room)
        buffer.clear()
        await asyncio.to_thread(file.write, room)
        size += len(room) + beyond

    whole = True
    while more and size <= length:
        message = await receive()
        if message["type"] == "http.disconnect":
            whole = False
            break
        buffer += message.get("body", b"")
        more = message.get("more_body", False)
        if len(buffer) >= _BLOCK:
            await write()
    if buffer:  # also what came before a line broke
        await write()
    await asyncio.to_thread(file.flush)
    return size, whole

"""Request bodies: taken off the network into a file before a thread is spent on them.

A thread of Django waits for nobody's line: a 600 MB bid over a slow link, or a peer that sends one byte a
minute, costs a file and a coroutine, not one of the few threads. Small bodies stay in memory.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings

from ggzy.edge.live import Receive, Scope

_IN_MEMORY = 1024 * 1024
_WRITE_AT = 1024 * 1024


class TooLarge(Exception):
    """The body is longer than any upload may be."""


class Gone(Exception):
    """The client went away before its body was complete."""


@dataclass(frozen=True)
class Body:
    """A complete request body, ready to be read from its beginning."""

    file: IO[bytes]
    size: int


async def take(scope: Scope, receive: Receive, *, most: int) -> Body:
    """Return the whole body of a request.

    :raises TooLarge: it is, or says it will be, longer than `most` bytes
    :raises Gone: the client went away; nothing of it is kept
    """
    length = dict(scope["headers"]).get(b"content-length", b"")
    if length.isdigit() and int(length) > most:
        raise TooLarge
    # the file has no name and vanishes with its last handle, a crash included
    file: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115
    size, buffer, more = 0, bytearray(), True
    try:
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            part = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(part)
            if size > most:
                raise TooLarge
            buffer += part
            if len(buffer) >= _WRITE_AT:
                await asyncio.to_thread(file.write, bytes(buffer))
                buffer.clear()
        file.write(buffer)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return Body(file, size)

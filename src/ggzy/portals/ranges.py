"""A file sent whole, or the part of it that is asked for (RFC 9110 section 14): a large PDF is read page by page."""

import re
from pathlib import Path
from typing import IO

from django.http import FileResponse, HttpRequest, HttpResponse

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class _Part:
    """The next so many bytes of an open file; closing it closes the file."""

    def __init__(self, file: IO[bytes], left: int) -> None:
        self._file, self._left = file, left
        self.close = file.close

    def read(self, size: int) -> bytes:
        """Return at most `size` further bytes, none at the end of the part."""
        part = self._file.read(min(size, self._left))
        self._left -= len(part)
        return part


def asked_part(asked: str, size: int) -> tuple[int, int] | None:
    """Return (first, past) of the bytes that a Range header asks for; None where it asks for what we send whole.

    What is not understood, several parts at once included, is answered with the whole file, as the standard lets us.

    :raises ValueError: no byte of the file is in the part
    """
    found = _RANGE.fullmatch(asked.replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:  # the last so many bytes
        start, past = max(0, size - int(last)), size
    else:
        start, past = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= past:
        raise ValueError("no byte of the file")
    return start, past


def send_file(
    request: HttpRequest,
    path: Path,
    *,
    mark: str,
    content_type: str,
    filename: str,
    as_attachment: bool = False,
) -> HttpResponse:
    """Return a file, or the part that is asked for; `mark` names its content, so that parts are never of two files."""
    size, etag = path.stat().st_size, f'"{mark}"'
    shared = {"Accept-Ranges": "bytes", "ETag": etag}
    asked = request.headers.get("Range", "") if request.method == "GET" else ""
    if request.headers.get("If-Range", etag) != etag:
        asked = ""
    try:
        part = asked_part(asked, size)
    except ValueError:
        return HttpResponse(status=416, headers=shared | {"Content-Range": f"bytes */{size}"})
    file = path.open("rb")
    if part is None:
        return FileResponse(
            file, content_type=content_type, filename=filename, as_attachment=as_attachment, headers=shared
        )
    start, past = part
    file.seek(start)
    return FileResponse(
        _Part(file, past - start),
        status=206,
        content_type=content_type,
        filename=filename,
        as_attachment=as_attachment,
        headers=shared
        | {"Content-Range": f"bytes {start}-{past - 1}/{size}", "Content-Length": str(past - start)},
    )

"""Dark bids 暗标: what is stripped from a file, codes and orders of each member's own, what could still tell. Pure.

RULEBOOK 3.11. Text and pictures stay as they are: what a search cannot find (a logo in a drawing), it cannot say.
"""

import hashlib
import hmac
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject, IndirectObject, NameObject

from ggzy.kernel.refusals import BadInput
from ggzy.tendering.document import TenderDocument

#: attachments of this name are judged without knowing whose they are
DARK_NAME = re.compile(r"暗标-\d{1,3}\.pdf")
#: everything a PDF can carry beside its pages, and a page beside what is printed on it
_OF_A_PAGE = (
    "/Annots",
    "/AA",
    "/Metadata",
    "/PieceInfo",
    "/Thumb",
    "/LastModified",
    "/B",
    "/PresSteps",
    "/UserUnit",
)
_OF_A_PICTURE = ("/Metadata", "/PieceInfo", "/OPI", "/Alternates")
_MOST_FOUND = 20


class NotReadable(BadInput):
    """The file is no PDF that could be shown without its traces."""

    code = "evaluation.dark_not_readable"


def is_dark(document: TenderDocument) -> bool:
    """Say whether a file has items that are judged without knowing whose bid it is."""
    return any(c.dark for c in document.criteria)


def stripped(data: bytes) -> bytes:
    """Return the pages of a PDF alone: no document data, links, forms, scripts, outlines, files, or data of pictures.

    :raises NotReadable: encrypted, damaged, or not a PDF
    """
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise NotReadable("暗标文件加了密码, 不能评审")
        writer = PdfWriter()
        for page in reader.pages:
            kept = writer.add_page(page, excluded_keys=_OF_A_PAGE)
            for key in _OF_A_PAGE:
                kept.pop(NameObject(key), None)
            _pictures(kept.get("/Resources"), set())
        writer.metadata = None
        writer._ID = None
        out = io.BytesIO()
        writer.write(out)
    except PyPdfError as trouble:
        raise NotReadable("暗标文件不是完好的PDF, 不能评审") from trouble
    return out.getvalue()


def _pictures(resources: Any, seen: set[int]) -> None:
    """Drop the data that pictures, and forms within them, carry of their making."""
    found = resources.get_object() if isinstance(resources, IndirectObject) else resources
    if not isinstance(found, DictionaryObject) or id(found) in seen:
        return
    seen.add(id(found))
    for one in (found.get("/XObject") or DictionaryObject()).get_object().values():
        inner = one.get_object()
        for key in _OF_A_PICTURE:
            inner.pop(NameObject(key), None)
        _pictures(inner.get("/Resources"), seen)


def leaks(data: bytes, *, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return where a PDF's text names its bidder, a person of it, a telephone number or a mail address.

    It prompts; what follows is the committee's to decide by the file (never a ground on form alone, 1117号).
    """
    wanted = [n for n in {re.sub(r"\s", "", name) for name in names} if len(n) > 1]
    found: list[dict[str, Any]] = []
    for number, page in enumerate(PdfReader(io.BytesIO(data)).pages, 1):
        text = re.sub(r"\s", "", page.extract_text() or "")
        if any(name in text for name in wanted):
            found.append({"page": number, "says": "出现单位或人员名称"})
        if re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)", text):
            found.append({"page": number, "says": "出现电话号码"})
        if re.search(r"[\w.+-]+@[\w-]+\.[\w.]+", text):
            found.append({"page": number, "says": "出现电子邮箱"})
        if len(found) >= _MOST_FOUND:
            break
    return found[:_MOST_FOUND]


def codes(bids: Sequence[str], *, salt: bytes, member: str) -> dict[str, str]:
    """Return {code: bid} in this member's own order: two members know the same bid by other codes, in another place."""

    def digest(bid: str) -> str:
        return hmac.new(salt, f"{member}:{bid}".encode(), hashlib.sha256).hexdigest().upper()

    drawn = sorted((digest(bid), bid) for bid in bids)
    length = next(n for n in range(4, 65) if len({d[:n] for d, _ in drawn}) == len(drawn))
    return {f"T-{d[:length]}": bid for d, bid in drawn}


def merged(
    content: Mapping[str, Any], *, codes: Mapping[str, str], dark: Iterable[str], open_: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return {bid: {item: value}} of a sheet that gives dark items by code and the others by bid.

    :raises BadInput: a dark item is given by bid, or an open one by code
    """
    dark_keys, open_keys = set(dark), set(open_)
    out: dict[str, dict[str, Any]] = {bid: {} for bid in codes.values()}
    for key, given in content.items():
        by_code = key in codes
        allowed = dark_keys if by_code else open_keys
        if not isinstance(given, Mapping) or not set(given) <= allowed:
            raise BadInput("暗标评分项只按代号打分, 其他评分项按投标打分", field=f"scores.{key}")
        out.setdefault(codes.get(key, key), {}).update(given)
    return out

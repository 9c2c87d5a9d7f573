"""The images of stamps: drawn from a name, or an upload set anew, so that nothing but its pixels stays."""

import base64

from ggzy.kernel import files
from ggzy.seals.rules import Kind, require_png
from ggzy.ui.documents import clean_stamp_png, stamp_png


def drawn(*, kind: Kind, name: str, code: str) -> str:
    """Keep a stamp drawn from the name of its holder; return its digest."""
    if kind.square:
        letters = (
            name[:8]
            if len(name) > 3 or name.endswith("印")
            else (name + "之印" if len(name) == 2 else f"{name}印")
        )
        return files.keep(stamp_png(square=True, letters=list(letters), line="", code=""))
    line = "" if kind is Kind.OFFICIAL else kind.label
    return files.keep(stamp_png(square=False, letters=list(name[:26]), line=line, code=code))


def uploaded(data: bytes) -> str:
    """Keep an uploaded stamp, set anew from its pixels; return its digest.

    :raises BadInput: not a PNG that may become a stamp
    """
    width, height = require_png(data)
    return files.keep(clean_stamp_png(data, width=width, height=height))


def as_svg(digest: str) -> str:
    """Return a kept image as SVG, so that it can be handed to typst as text; "" for no image."""
    if not digest:
        return ""
    data = base64.b64encode(files.read(digest)).decode()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 100">'
        f'<image width="100" height="100" preserveAspectRatio="xMidYMid" xlink:href="data:image/png;base64,{data}"/></svg>'
    )

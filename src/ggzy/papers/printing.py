"""Many sealed PDFs as one to print: the pages as they are, seals drawn where they stand. Pure."""

from collections.abc import Iterable
from io import BytesIO
from typing import cast

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    PdfObject,
    StreamObject,
)


def print_pack(pdfs: Iterable[bytes]) -> bytes:
    """Return one PDF with the pages of all; it is a print, its signatures are in the single files.

    A signature covers exactly one file, so it cannot come along: its look is drawn into the page instead.
    """
    writer = PdfWriter()
    for pdf in pdfs:
        for page in PdfReader(BytesIO(pdf)).pages:
            _draw_seals(writer, writer.add_page(page))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def _draw_seals(writer: PdfWriter, page: PageObject) -> None:
    """Draw the appearance of each field into the page and take the fields away (ISO 32000-1, 12.5.5)."""
    drawn = []
    for number, reference in enumerate(page.get("/Annots", ArrayObject())):
        field = reference.get_object()
        look = field.get("/AP", DictionaryObject()).get("/N")
        if look is None:
            continue
        left, bottom, right, top = sorted_box(field["/Rect"])
        x0, y0, x1, y1 = sorted_box(look.get_object()["/BBox"])
        across, up = (right - left) / (x1 - x0), (top - bottom) / (y1 - y0)
        name = f"/Seal{number}"
        resources = cast(DictionaryObject, page["/Resources"])
        objects = resources.setdefault(NameObject("/XObject"), DictionaryObject()).get_object()
        objects[NameObject(name)] = field["/AP"].raw_get("/N")
        drawn.append(
            f"q {across:.5f} 0 0 {up:.5f} {left - x0 * across:.5f} {bottom - y0 * up:.5f} cm {name} Do Q"
        )
    if "/Annots" in page:
        del page["/Annots"]
    if drawn:
        contents = page.raw_get("/Contents")
        inside = contents.get_object()
        parts = list(inside) if isinstance(inside, ArrayObject) else [contents]
        page[NameObject("/Contents")] = ArrayObject(
            [_stream(writer, "q"), *parts, _stream(writer, "Q"), _stream(writer, "\n".join(drawn))]
        )


def sorted_box(box: Iterable[PdfObject]) -> tuple[float, float, float, float]:
    """Return a rectangle as left, bottom, right, top: PDF allows any two opposite corners."""
    x0, y0, x1, y1 = (float(str(one)) for one in box)
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _stream(writer: PdfWriter, text: str) -> PdfObject:
    made: StreamObject = DecodedStreamObject()
    made.set_data(f"\n{text}\n".encode())
    return writer._add_object(made)

"""Documents as PDF/A-2b, set by typst. User text goes in as data (JSON), never as markup."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import segno
import typst
from django.conf import settings

from ggzy.boot.fonts import REMEDY, font_paths
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.money import in_words
from ggzy.kernel.refusals import Refusal

_TEMPLATES = Path(__file__).parent / "typst"


@cache
def _fonts() -> typst.Fonts | None:
    """Return the Chinese fonts of this machine, searched once: the search costs ten times a page."""
    paths = font_paths()
    return (
        typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=paths)
        if paths
        else None
    )


class NoChineseFont(Refusal):
    """The machine has no font for Chinese documents."""

    code = "documents.no_chinese_font"
    status = 503


def _set(template: str, data: Mapping[str, Any], *, at: datetime, standard: str = "a-2b") -> bytes:
    fonts = _fonts()
    if fonts is None:
        raise NoChineseFont(f"服务器缺少中文字体, 无法生成PDF文件, 请管理员运行: {REMEDY}")
    made = typst.compile(
        str(_TEMPLATES / template),
        root=str(_TEMPLATES),
        font_paths=fonts,
        sys_inputs={
            "data": json.dumps({**data, "training": settings.MODE == "training"}, ensure_ascii=False)
        },
        pdf_standards=[standard],
        timestamp=int(at.timestamp()),
    )
    return bytes(made)


def seal_pdf(
    *, organisation: str, person: str, at: datetime, stamp: str = "", words: str = "电子签章"
) -> bytes:
    """Return the one-page look of an electronic seal; `stamp` is the image of the holder's stamp as SVG.

    :raises NoChineseFont: the machine has no font for it
    """
    data = {"organisation": organisation, "person": person, "at": day(at), "stamp": stamp, "words": words}
    return _set("seal.typ", data, at=at)


def stamp_png(*, square: bool, letters: Sequence[str], line: str, code: str) -> bytes:
    """Return an electronic stamp drawn from a name, as a transparent PNG of 42 mm at 300 dpi.

    :raises NoChineseFont: the machine has no font for it
    """
    foot = "训练演示" if settings.MODE == "training" else ("电子印章" if not square else "")
    data = {"square": square, "letters": list(letters), "line": line, "code": code, "foot": foot}
    return _png("stamp.typ", data, ppi=300)


def clean_stamp_png(image: bytes, *, width: int, height: int) -> bytes:
    """Return an uploaded PNG set anew: its pixels, and nothing else that the file carried."""
    data = {"image": base64.b64encode(image).decode(), "width": width, "height": height}
    return _png("stamp_image.typ", data, ppi=72)


def _png(template: str, data: Mapping[str, Any], *, ppi: float) -> bytes:
    fonts = _fonts()
    if fonts is None:
        raise NoChineseFont(f"服务器缺少中文字体, 无法绘制印章, 请管理员运行: {REMEDY}")
    made = typst.compile(
        str(_TEMPLATES / template),
        root=str(_TEMPLATES),
        font_paths=fonts,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        format="png",
        ppi=ppi,
    )
    assert isinstance(made, bytes)
    return made


def day(moment: datetime) -> str:
    """Return e.g. 2026年3月2日."""
    local = moment.astimezone(BEIJING)
    return f"{local.year}年{local.month}月{local.day}日"


def report_pdf(
    *, report: Mapping[str, Any], digest: str, signatures: Sequence[Mapping[str, Any]], at: datetime
) -> bytes:
    """Return the evaluation report: ranking, rejections, candidates, and who signed.

    :raises NoChineseFont: the machine has no font for it
    """
    signed = [
        {
            "code": s["code"],
            "signed_at": f"{s['signed_at'].astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            "fingerprint": s["fingerprint"],
            "dissent": s["dissent"],
        }
        for s in signatures
    ]
    return _set(
        "report.typ", {"report": report, "digest": digest, "signatures": signed, "day": day(at)}, at=at
    )


def paper_address(code: str) -> str:
    """Return where anyone checks the paper that carries a code."""
    return f"{settings.PUBLIC_ADDRESS}/v/{code}"


def _code(code: str) -> dict[str, str]:
    """Return the address of a paper and its QR code as an SVG image."""
    address = paper_address(code)
    image = segno.make(address, error="m", micro=False).svg_inline(border=0, omitsize=True)
    return {"address": address, "svg": image.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)}


def letter_pdf(*, facts: Mapping[str, Any], price: Decimal, code: str, at: datetime) -> bytes:
    """Return the letter of award 中标通知书 with its code, ready for the tenderee's seal.

    :raises NoChineseFont: the machine has no font for it
    """
    money = {"price": f"{price:,.2f}", "words": in_words(price)}
    return _set("letter.typ", {**facts, **money, "code": _code(code), "day": day(at)}, at=at)


def paper_pdf(*, content: Mapping[str, Any], code: str, at: datetime, unsealed: bool = False) -> bytes:
    """Return a paper with its code, ready for a seal at the foot of its last page; a mere preview has no code.

    :raises NoChineseFont: the machine has no font for it
    """
    marks = {"code": _code(code)} if code else {}
    return _set("paper.typ", {**content, **marks, "unsealed": unsealed}, at=at)


def witness_pdf(*, facts: Mapping[str, Any], at: datetime) -> bytes:
    """Return the report of a witness, ready for the seal: moments are set in Beijing time.

    :raises NoChineseFont: the machine has no font for it
    """

    def said(value: Any) -> Any:
        if isinstance(value, datetime):
            return f"{value.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
        if isinstance(value, Mapping):
            return {key: said(one) for key, one in value.items()}
        return [said(one) for one in value] if isinstance(value, list) else value

    return _set("witness.typ", {**said(facts), "day": day(at)}, at=at)


def contract_pdf(*, facts: Mapping[str, Any], price: Decimal, at: datetime) -> bytes:
    """Return the contract, ready for both seals.

    :raises NoChineseFont: the machine has no font for it
    """
    return _set(
        "contract.typ", {**facts, "price": f"{price:,.2f}", "words": in_words(price), "day": day(at)}, at=at
    )


def tender_file_pdf(*, facts: Mapping[str, Any], embedded: bytes, at: datetime) -> bytes:
    """Return a version of the tender file as PDF/A-3b with its data embedded as tender-file.json.

    :raises NoChineseFont: the machine has no font for it
    """
    data = {
        **facts,
        "embedded": embedded.decode(),
        "embedded_says": "本版本招标文件的结构化数据",
        "day": day(at),
    }
    return _set("file.typ", data, at=at, standard="a-3b")


def sheet_pdf(
    *, title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Mapping[str, Any]], at: datetime
) -> bytes:
    """Return a plain official sheet: facts, then sections {title, lines, columns, widths, rows}.

    :raises NoChineseFont: the machine has no font for it
    """
    return _set(
        "sheet.typ",
        {"title": title, "facts": [list(f) for f in facts], "sections": list(sections)},
        at=at,
    )

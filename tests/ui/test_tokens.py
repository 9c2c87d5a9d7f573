"""Every pair of colours that must be legible together is, light and dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

from ggzy.ui import tokens
from ggzy.ui.glossary import TERMS

pytestmark = pytest.mark.pure
CSS = (Path(tokens.__file__).parent / "static/ui/app.css").read_text()


def _themes() -> dict[str, dict[str, str]]:
    """Return theme → token → colour, as the style says it; dark by the system and dark by choice are one."""
    light = _colours(CSS[CSS.index(":root {") : CSS.index("@media (prefers-color-scheme: dark)")])
    chosen = _colours(CSS[CSS.index(':root[data-theme="dark"]') : CSS.index("/* 长者模式")])
    system = CSS[CSS.index("@media (prefers-color-scheme: dark)") : CSS.index(':root[data-theme="dark"]')]
    assert _colours(system) == chosen
    return {"light": light, "dark": light | chosen}


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})\b", block))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = ((c / 12.92) if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_is_the_known_one() -> None:
    assert round(_contrast("#000000", "#ffffff"), 2) == 21.0
    assert round(_contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), tokens.CONTRASTS)
def test_pairs_are_legible(theme: str, text: str, ground: str, least: float) -> None:
    colours = _themes()[theme]
    assert _contrast(colours[text], colours[ground]) >= least


def test_every_token_is_named() -> None:
    assert set(_themes()["dark"]) == set(tokens.COLOURS)


def test_words_are_explained_once_and_shortly() -> None:
    words = [term.word for term in TERMS]
    assert len(set(words)) == len(words)
    for term in TERMS:
        assert term.meaning.endswith("。") and len(term.meaning) <= 80, term.word

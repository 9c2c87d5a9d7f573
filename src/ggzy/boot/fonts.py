"""Chinese fonts for PDF files: the wheel's Noto Sans SC and Noto Serif SC, else the system's."""

import importlib.util
from pathlib import Path

PACKAGE = "pylopdf_fonts_zh_cn"
SANS = "Noto Sans SC"
SERIF = "Noto Serif SC"
SYSTEM = (Path("/usr/share/fonts/opentype/noto"),)
REMEDY = "apt-get install -y fonts-noto-cjk"


def font_paths() -> list[str]:
    """Return the directories with Chinese fonts, for typst's `font_paths`; best first, none if there are none."""
    found = []
    spec = importlib.util.find_spec(PACKAGE)
    if spec is not None and spec.origin is not None:
        found.append(Path(spec.origin).parent)
    found += [folder for folder in SYSTEM if any(folder.glob("Noto*CJK*"))]
    return [str(folder) for folder in found if any(folder.glob("Noto*"))]


def has_chinese() -> bool:
    """Tell whether a PDF in Chinese can be made here."""
    return bool(font_paths())

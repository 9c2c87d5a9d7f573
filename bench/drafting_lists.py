"""How well the negative list points at labelled sentences: per kind, never only the mean.

Usage: python bench/drafting_lists.py SAMPLES.json   ([{id, violations: [...], near_misses: [...]}, ...])
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from ggzy.drafting.lists import Level, Place, check  # noqa: E402


def main(path: str) -> None:
    """Print recall on violations and false alarms on lawful neighbours, by kind."""
    said = right = wrong = loud = false = lawful = 0
    for kind in json.loads(Path(path).read_text(encoding="utf-8")):
        hits = misses = alarms = 0
        for text in kind["violations"]:
            found = check([Place(key="t", says="t", text=text)])
            hits += bool(found)
            right += any(f.rule == kind["id"] for f in found)
            loud += any(f.level is Level.BLOCK for f in found)
            misses += not found
        for text in kind["near_misses"]:
            alarms += bool(check([Place(key="t", says="t", text=text)]))
        said, wrong, false = said + hits, wrong + misses, false + alarms
        lawful += len(kind["near_misses"])
        print(f"{kind['id']}  违规 {hits}/{hits + misses}  误报 {alarms}/{len(kind['near_misses'])}")
    print(f"有提示 {said}/{said + wrong}, 类型相符 {right}, 其中须修改 {loud}; 合法近似误报 {false}/{lawful}")


if __name__ == "__main__":
    main(sys.argv[1])

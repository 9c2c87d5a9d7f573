"""docs/algorithms/recompute-a-draw.md, run as it stands: an outsider recomputes a draw with Python's own library."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import BASE
from tests.experts.test_draw import asked, called, seeds
from tests.journeys.tale import Tale

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).resolve().parents[2] / "docs" / "algorithms" / "recompute-a-draw.md"


def recompute(draw: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the page's program on a draw."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    folder.mkdir(exist_ok=True)
    (folder / "draw.json").write_text(json.dumps(draw), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False
    )


def test_an_outsider_recomputes_a_draw_and_finds_what_was_changed(platform: Any, folder: Path) -> None:
    tale = Tale(platform, folder).published()
    draw_id = asked(tale, quotas=[{"specialty": "A0801", "count": 3}, {"specialty": "A0802", "count": 2}])
    seeds(tale, draw_id)
    first, second, *_ = called(tale, draw_id)
    first.post(f"/draws/{draw_id}/answer", {"accept": True})
    second.post(f"/draws/{draw_id}/answer", {"accept": False})
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:
        draw = client.get(f"/api/v1/draws/{draw_id}").json()
    whole = recompute(draw, folder)
    assert whole.stdout == "相符: 40 个编号, 6 次通知\n", whole.stderr

    entry, label = draw["entries"][0], draw["steps"][1]["label"]
    for spoiled, says in (
        ({"entries": [[*entry[:2], [0, 1], entry[3]], *draw["entries"][1:]]}, "份名单变过"),
        ({"entries": draw["entries"][1:]}, "份名单变过"),
        ({"steps": draw["steps"][:-1]}, "被越过"),
        ({"steps": [draw["steps"][0], *draw["steps"][2:]]}, f"轮到的是{label[:8]}"),
        ({"called": [draw["called"][0] | {"rank": 40}]}, "名次不符"),
    ):
        told = recompute(draw | spoiled, folder)
        assert told.returncode and says in told.stderr, (spoiled, told.stderr)

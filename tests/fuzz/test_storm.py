"""Anybody tries anything at any time, and nothing unlawful comes of it (a long one: bench.storm)."""

import os
from pathlib import Path
from typing import Any

import pytest

from ggzy.deposits.models import PostingLine
from ggzy.tendering.models import Round
from tests.fuzz.storm import Broken, Storm

pytestmark = pytest.mark.journey
SEEDS = [int(seed) for seed in os.environ.get("GGZY_STORM_SEEDS", "1,2").split(",")]
STEPS = int(os.environ.get("GGZY_STORM_STEPS", "150"))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_storm_leaves_everything_lawful(platform: Any, folder: Path, seed: int) -> None:
    storm = Storm(platform, folder, seed)
    storm.run(STEPS)
    assert storm.counted["honest"] > STEPS / 6 and storm.counted["tried"] > STEPS / 4, storm.counted
    print({key: count for key, count in storm.counted.items() if " " not in key or key.startswith("stray")})


def test_a_storm_sees_a_round_that_moved_by_no_move(platform: Any, folder: Path) -> None:
    storm = Storm(platform, folder, 3, procedures=("GC_OPEN_POST",))
    storm.lives[0].steps[0]()
    storm.require_lawful()
    Round.objects.filter(public_id=storm.begun[0].round).update(stage="CONTRACTED")
    with pytest.raises(Broken, match="没有这样的步骤"):
        storm.require_lawful()


def test_a_storm_sees_an_opening_before_its_deadline_and_a_book_out_of_balance(
    platform: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storm = Storm(platform, folder, 4, procedures=("GC_OPEN_POST",))
    for step in storm.lives[0].steps[:5]:
        step()
    storm.require_balanced()
    monkeypatch.setattr(PostingLine.objects, "all", lambda: PostingLine.objects.filter(amount__gt=0))
    with pytest.raises(Broken, match="账不平"):
        storm.require_balanced()
    monkeypatch.undo()
    Round.objects.filter(public_id=storm.begun[0].round).update(stage="OPENING")
    with pytest.raises(Broken, match="没有这样的步骤|截止前"):
        storm.stages.clear()
        storm.require_lawful()

"""Anybody tries anything at any time, and nothing unlawful comes of it (a long one: bench.storm)."""

from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.storm import Broken, Storm

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_leaves_everything_lawful(platform: Any, folder: Path, seed: int) -> None:
    storm = Storm(platform, folder, seed)
    storm.run(220)
    assert storm.counted["honest"] > 20 and storm.counted["tried"] > 80, storm.counted


def test_a_storm_sees_a_round_that_moved_by_no_move(platform: Any, folder: Path) -> None:
    from ggzy.tendering.models import Round

    storm = Storm(platform, folder, 3, procedures=("GC_OPEN_POST",))
    storm.lives[0].steps[0]()
    storm.require_lawful()
    Round.objects.filter(public_id=storm.begun[0].round).update(stage="CONTRACTED")
    with pytest.raises(Broken, match="没有这样的步骤"):
        storm.require_lawful()

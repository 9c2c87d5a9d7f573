"""Every test of deposits has a bank of its own."""

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def own_bank(settings: Any, tmp_path: Path) -> None:
    settings.TWIN_BANK_BOOK = tmp_path / "bank.jsonl"

"""The pages drawn from the code say what the code says."""

from pathlib import Path

import pytest

from ggzy.cli.docs import main, pages
from ggzy.law import table
from ggzy.procedures.catalogue import BY_CODE

pytestmark = pytest.mark.pure


def test_the_generated_pages_are_up_to_date() -> None:
    assert main(["--check"]) == 0


def test_a_page_that_differs_or_is_missing_is_found_and_written(tmp_path: Path) -> None:
    assert main(["--check", "--to", str(tmp_path)]) == 1
    assert main(["--to", str(tmp_path)]) == 0
    assert main(["--check", "--to", str(tmp_path)]) == 0
    first = tmp_path / next(iter(pages()))
    first.write_text(first.read_text() + "手工加的一行\n")
    assert main(["--check", "--to", str(tmp_path)]) == 1


def test_every_limit_and_every_move_is_on_its_page() -> None:
    made = pages()
    assert all(f"`{row.key}`" in made["law/limits.md"] for row in table.ALL)
    for code, procedure in BY_CODE.items():
        assert all(move.label in made[f"procedures/{code}.md"] for move in procedure.moves)

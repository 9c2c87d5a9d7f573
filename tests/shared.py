"""Where third-party vectors and data lie: beside the checkout, never inside it."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / ".." / "shared"


def shared(name: str) -> tuple[Path, list[pytest.MarkDecorator]]:
    """Return the path of a third-party file and the marks of a test that needs it (skipped where it is missing)."""
    path = FOLDER / name
    missing = pytest.mark.skipif(
        not path.exists(),
        reason=f"third-party data shared/{name} is not beside the checkout; other tests do not need it",
    )
    return path, [pytest.mark.shared, missing]

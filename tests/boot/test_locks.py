"""The locks install the same files everywhere, and tell nothing of the machine they were made on."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-test.lock", "src/ggzy/boot/uv-requirements.lock"]

pytestmark = pytest.mark.pure


def pins(lock: str) -> dict[str, str]:
    """Return name → the whole requirement with its hashes."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / lock).read_text())
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {line.split("==")[0]: line for line in lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_pinned_with_hashes(lock: str) -> None:
    assert pins(lock)
    for line in pins(lock).values():
        assert re.match(r"[a-z0-9.-]+==[^ ;]+", line), line
        assert "--hash=sha256:" in line, line


@pytest.mark.parametrize("lock", LOCKS)
def test_no_host_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"https?:|file:|--index|--find-links| @ |(^|\s)/\w", text, re.MULTILINE)


def test_the_test_lock_holds_the_product_lock() -> None:
    """A venv made for tests serves the product (the launcher relies on it)."""
    product, test = pins("requirements.lock"), pins("requirements-test.lock")
    assert product.items() <= test.items()

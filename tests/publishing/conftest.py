"""Media for the tests: one on loopback, and twins in a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.publishing.medium import MediumServer


@pytest.fixture
def medium() -> Iterator[MediumServer]:
    """Return a medium that runs on loopback."""
    from ggzy.evidence.keys import ack_key

    server = MediumServer()
    server.public_key = ack_key().public_key()
    yield server
    server.stop()


@pytest.fixture
def twins(settings: Any, tmp_path: Path) -> Path:
    """Let the twins keep their notices in a folder of this test."""
    folder = tmp_path / "media"
    settings.OUTLETS = {
        code: {"adapter": "ggzy.adapters.outlets.twin.TwinOutlet", "folder": str(folder / code)}
        for code in ("ceb", "province", "ccgp")
    }
    return folder


@pytest.fixture
def real(settings: Any, medium: MediumServer, twins: Path) -> MediumServer:
    """Let the national medium be the one on loopback; the province stays a twin."""
    settings.OUTLETS = settings.OUTLETS | {
        "ceb": {
            "adapter": "ggzy.adapters.outlets.http.HttpOutlet",
            "url": medium.url,
            "secret": "a secret of the test",
        }
    }
    return medium

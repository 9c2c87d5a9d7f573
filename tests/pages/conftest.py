"""The training centre with its tenders at every stage."""

from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections


@pytest.fixture
def training_centre(platform: Any, settings: Any) -> Any:
    """Return the platform with the training centre's tenders at every stage."""
    from ggzy.training.stages import build_stages

    settings.EXPERT_SOURCES = {}
    # a client used before may have made requests close this test's connection again
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    build_stages()
    platform.sequence()
    return platform

"""One browser for each test."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from tests.browser.visitor import CHROMIUM, QUIET


@pytest.fixture
def chromium(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a running browser; its loop stands in the thread in which Django would otherwise refuse to work."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="缺少 playwright, 浏览器测试跳过")
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()
        # what was opened beside the browser's loop is not the connection that the test's end knows of
        connections.close_all()


@pytest.fixture
def training_centre(committed_platform: Any, settings: Any) -> Any:
    """Return the platform with the training centre's tenders at every stage, built before any browser runs."""
    from ggzy.training.stages import build_stages

    settings.EXPERT_SOURCES = {}
    build_stages()
    committed_platform.sequence()
    return committed_platform

"""Keys and anchor of each test's own, and a few acts to record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from ggzy.evidence.actions import record_act
from ggzy.evidence.models import Entry
from ggzy.kernel.actors import Actor, Role

NOON = datetime(2026, 3, 2, 4, 0, 0, 123456, tzinfo=UTC)
REAL = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
AGENCY = Actor(
    role=Role.AGENCY,
    person="a" * 32,
    organisation="b" * 32,
    certificate="c" * 64,
    address="192.0.2.7",
    name="张代理",
)
BIDDER = Actor(role=Role.BIDDER, person="d" * 32, organisation="e" * 32, address="192.0.2.8")


@pytest.fixture(autouse=True)
def keys(settings: Any, tmp_path: Any) -> None:
    """Each test signs with keys of its own, and is not held to another's anchor."""
    settings.KEYS = tmp_path / "keys"


@pytest.fixture
def act() -> Callable[..., Entry]:
    """Record an act with ordinary fields; keyword arguments replace them."""

    def make(name: str = "tendering.published", **changes: Any) -> Entry:
        arguments: dict[str, Any] = {
            "subject": "f" * 32,
            "actor": AGENCY,
            "legal_at": NOON,
            "ocid": "ocds-test-1",
            "round": "round-1",
            "public": {"title": "某市一中教学楼施工招标"},
        }
        with transaction.atomic():
            return record_act(name, **(arguments | changes))

    return make


@contextmanager
def behind_the_triggers() -> Iterator[None]:
    """Write as the owner of the server could, past every trigger."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")

"""What a page asks of the database does not grow with what the centre holds."""

import re
from collections import Counter
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.many import multiply
from ggzy.parties.grid import GRID
from ggzy.portals import urls
from ggzy.portals.frame import ROUTE_PERMISSIONS
from tests.pages.test_crawl import VISITORS, browser_of

pytestmark = pytest.mark.django_db
TIMES = 5


def _pages(role: Any) -> list[str]:
    """Return the addresses without an id that the grid gives to a role: its benches and lists."""
    return [
        "/" + str(pattern.pattern)
        for pattern in urls.urlpatterns
        if not pattern.pattern.converters and role in GRID[ROUTE_PERMISSIONS[str(pattern.name)]]
    ]


def _asked(client: Client, address: str) -> Counter[str] | None:
    """Return the questions of one page, each with how often it is asked; None where it shows no page."""
    cache.clear()
    reset_queries()  # what the connection remembers is bounded: a full memory counts nothing
    with CaptureQueriesContext(connection) as seen:
        reply = client.get(address)
    if reply.status_code != 200:
        return None
    if reply.streaming:
        reply.close()
    return Counter(re.sub(r"\(?'[^']*'(, '[^']*')*\)?|\d+(, \d+)*", "?", q["sql"]) for q in seen)


def test_much_more_data_costs_no_more_questions(training_centre: Any) -> None:
    clients = {role: browser_of(training_centre, username) for username, role in VISITORS}
    few = {
        (role, address): asked
        for role, client in clients.items()
        for address in _pages(role)
        if (asked := _asked(client, address)) is not None
    }
    assert multiply(TIMES) > 1000
    trouble = []
    for (role, address), before in few.items():
        after = _asked(clients[role], address)
        if after is None or after.total() > before.total():
            more = ((after or before) - before).most_common(2)
            trouble.append(
                f"{role.label} {address}: {before.total()} → {after and after.total()}: "
                + str([(n, s[:160]) for s, n in more])
            )
    assert not trouble, "\n".join(trouble)
    assert sum(bool(asked) for asked in few.values()) > 150, "fewer pages than before"

"""A crawler visits every route as every role: no fault of ours, no dead end, nothing that the permission grid forbids."""

from collections import defaultdict
from typing import Any

import pytest
from django.test import Client

from ggzy.kernel.actors import Role
from ggzy.parties.grid import GRID
from ggzy.portals.frame import ROUTE_PERMISSIONS
from ggzy.training.cast import expert_username
from tests.pages.crawler import Seen, Walk, addresses_of_all_routes, faults, ids_in
from tests.portals.test_work import Browser

pytestmark = pytest.mark.django_db

VISITORS: tuple[tuple[str, Role], ...] = (
    ("", Role.PUBLIC),
    ("zhaobiao", Role.TENDEREE),
    ("daili", Role.AGENCY),
    ("jia", Role.BIDDER),
    (expert_username(1), Role.EXPERT),
    ("zhongxin", Role.CENTRE),
    ("fuchang", Role.PARTNER),
    ("jiandu", Role.SUPERVISOR),
    ("guanli", Role.ADMIN),
    ("yinhang", Role.FINANCE),
)


def browser_of(platform: Any, username: str) -> Client:
    """Return somebody's browser, signed in with a certificate."""
    client = Browser(raise_request_exception=False)
    if username:
        client.cookies["ggzy_session"] = platform.demo(username).token
    return client


def test_every_route_as_every_role(training_centre: Any) -> None:
    walks = {
        role: Walk(browser_of(training_centre, username)).follow("/", "/work") for username, role in VISITORS
    }
    ids = ids_in(address for walk in walks.values() for address in walk.seen)
    everywhere = addresses_of_all_routes(ids)
    linked: dict[str, set[str]] = defaultdict(set)
    for walk in walks.values():
        for seen in walk.seen.values():
            linked[seen.route].add(seen.address)
    trouble = []
    for role, walk in walks.items():
        trouble += [
            f"{role.label}: {one.linked_from} → {one.address}: {one.status}"
            for one in walk.seen.values()
            if one.status >= 400 and one.linked_from
        ]
        # what the pages do not offer to this visitor: another's addresses, and every route there is
        for route, address in everywhere.items():
            for there in [*sorted(linked[route])[:1], address]:
                if there not in walk.seen:
                    walk.visit(there)
        trouble += [f"{role.label}: {line}" for one in walk.seen.values() for line in _wrong(one, role)]
    assert not trouble, "\n".join(trouble)
    visited = {one.route for walk in walks.values() for one in walk.seen.values()}
    assert set(everywhere) <= visited
    shown = {
        one.route for walk in walks.values() for one in walk.seen.values() if one.page and one.status == 200
    }
    assert len(shown) > 100, "the training centre shows fewer pages than before"


def _wrong(seen: Seen, role: Role) -> list[str]:
    out = []
    if seen.status >= 500:
        out.append(f"{seen.address}: {seen.status}")
    permission = ROUTE_PERMISSIONS.get(seen.route)
    if permission and role not in GRID[permission] and seen.status == 200:
        out.append(f"{seen.address}: 权限表不许, 却看到了")
    return out + [f"{seen.address}: {fault}" for fault in faults(seen)]

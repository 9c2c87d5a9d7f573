"""Keys released in the last second: the window's end does not queue behind the decryptions, prices come one by one."""

from datetime import timedelta
from typing import Any

import pytest

from ggzy.client.party import Problem
from ggzy.deadlines.actions import fire_one
from ggzy.kernel import clock
from ggzy.opening.models import BidOpening, OpeningSession
from tests.journeys.tale import PRICES, Tale


@pytest.fixture
def tale(platform: Any, tmp_path: Any) -> Tale:
    return Tale(platform, tmp_path).opened()


def _hall(tale: Tale) -> dict[str, Any]:
    hall: dict[str, Any] = tale.owner.get(f"/rounds/{tale.round}/opening")
    return hall


def _step(tale: Tale) -> None:
    """Let clocks run, as the worker does, until one more bid is settled."""
    settled = BidOpening.objects.filter(session__round__public_id=tale.round).exclude(settled_at=None)
    before = settled.count()
    while settled.count() == before:
        assert fire_one(now=lambda: tale.platform.now)


def test_prices_begin_with_the_windows_end_and_come_one_by_one(tale: Tale) -> None:
    session = OpeningSession.objects.get(round__public_id=tale.round)
    clock.advance_to(session.window_ends_at - timedelta(seconds=1))
    for name in ("jia", "yi"):
        tale.release(name)
    assert all(b["price"] is None for b in _hall(tale)["bids"])
    clock.advance_to(session.window_ends_at)
    _step(tale)  # the window ends, before the two decryptions that were due earlier
    states = {b["bidder"]: b["state"] for b in _hall(tale)["bids"]}
    assert sorted(states.values()) == ["released", "released", "revoked"]
    assert _hall(tale)["shown_at"] and all(b["price"] is None for b in _hall(tale)["bids"])
    _step(tale)
    hall = _hall(tale)
    assert sum(b["price"] is not None for b in hall["bids"]) == 1
    with pytest.raises(Problem):  # it does not end while one is being decrypted
        tale.owner.get(f"/rounds/{tale.round}/opening/record")
    _step(tale)
    assert {b["price"] for b in _hall(tale)["bids"]} == {str(PRICES["jia"]), str(PRICES["yi"]), None}
    assert BidOpening.objects.filter(session=session, shown_at=None).count() == 0


def test_no_price_is_shown_while_one_key_is_awaited(tale: Tale) -> None:
    for name in ("jia", "yi"):
        tale.release(name)
    tale.platform.work()
    hall = _hall(tale)
    assert hall["shown_at"] is None and all(b["price"] is None for b in hall["bids"])
    tale.release("bing")
    _step(tale)
    assert all(b["price"] is not None for b in _hall(tale)["bids"])

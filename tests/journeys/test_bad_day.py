"""The bad day, told as one story: what the drill of a training centre plays, in one process."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from ggzy.cli.verify import check_pack
from ggzy.client.badday import BIDDERS, BadDay
from ggzy.client.party import Party
from ggzy.kernel.ids import make_uscc
from tests.conftest import BASE

pytestmark = pytest.mark.journey


def bidders(platform: Any) -> list[Party]:
    """Register twenty bidders with their certificates, through the public API."""
    out = []
    for number in range(BIDDERS):
        party = Party(BASE, transport=platform.transport)
        party.register(
            uscc=make_uscc(region="370100", serial=500_000 + number),
            name=f"演练建筑{number:02d}有限公司",
            role="bidder",
            username=f"bad-day-{number}",
            password=secrets.token_urlsafe(12),
            person="经办人",
        )
        out.append(party)
    return out


def test_a_bad_day(platform: Any, folder: Path) -> None:
    said: list[str] = []

    def settle(done: Any) -> None:
        platform.work()
        assert done(), said[-1:]

    day = BadDay(
        owner=platform.demo("zhaobiao"),
        cast=platform.cast(),
        bidders=bidders(platform),
        folder=folder,
        now=lambda: platform.now,
        advance=platform.advance,
        settle=settle,
        say=said.append,
    )
    day.play()
    assert len(said) >= 10
    # everybody was told of the outage and of going on; nothing of lot two's two bids was ever said
    titles = [m["title"] for m in day.bidders[-1].get("/messages")["messages"]]
    assert any("暂停公告(系统故障)" in t for t in titles) and any("恢复公告" in t for t in titles)
    public = str(platform.anonymous().get(f"/evidence/{day.tender['ocid']}?level=public"))
    failed = [b["bid"] for b in day.bidders[0].get("/bids")["bids"] if b["round"] == day.rounds[1]]
    assert failed and all(bid not in public for bid in failed)
    platform.sequence()
    for level, party in (("public", platform.anonymous()), ("supervisor", platform.cast().supervisor)):
        pack = party.get(f"/evidence/{day.tender['ocid']}?level={level}")
        bad = [c for c in check_pack(pack) if c.outcome == "failed"]
        assert not bad, bad
        assert any(c.name == "clock.GC-T05" for c in check_pack(pack))

"""Short words for journeys: one lot, three bidders, taken to any stage by its own parties."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ggzy.client import bids, story
from ggzy.client.party import Party

PRICES = {"jia": Decimal("9120000.00"), "yi": Decimal("9340000.00"), "bing": Decimal("9270000.00")}


@dataclass
class Tale:
    """One tender on its way."""

    platform: Any
    folder: Path
    method: str = "lowest_evaluated_price"
    lots: int = 1
    tender: dict[str, Any] = field(default_factory=dict)
    deadline: datetime | None = None
    draw: str = ""
    members: list[Party] = field(default_factory=list)
    acknowledgements: dict[str, dict[str, Any]] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    first: dict[str, Any] = field(default_factory=dict)
    procedure: str = "GC_OPEN_POST"

    @property
    def owner(self) -> Party:
        return self.platform.demo("zhaobiao")

    @property
    def two_envelopes(self) -> bool:
        scheme = self.changes.get("scheme") or {"method": {}}
        return scheme["method"].get("envelopes") == 2

    @property
    def rounds(self) -> list[str]:
        return [r["round"] for r in self.tender["rounds"]]

    @property
    def round(self) -> str:
        return self.rounds[0]

    def bidder(self, name: str) -> Party:
        return self.platform.demo(name)

    def prepared(self) -> "Tale":
        project = story.register_project(self.owner, name="测试工程", serial=secrets.randbelow(1_000_000))
        lots = [
            {
                "name": f"{n + 1}标段",
                "budget": "10000000",
                "ceiling_price": "10000000",
                "duration_days": "365",
            }
            for n in range(self.lots)
        ]
        self.tender = story.prepare_tender(
            self.owner,
            project=project,
            name="测试招标",
            lots=lots,
            file=story.document(**({"method": self.method, "deposit": Decimal("100000")} | self.changes)),
            procedure=self.procedure,
        )
        return self

    def published(self) -> "Tale":
        self.prepared()
        self.deadline = self.platform.now + timedelta(days=21)
        story.publish(self.owner, self.tender["tender"], deadline=self.deadline)
        return self

    def bid(
        self, name: str, *, price: Decimal | None = None, round_id: str = "", **more: Any
    ) -> dict[str, Any]:
        made = story.bid(
            self.bidder(name),
            ocid=self.tender["ocid"],
            round_id=round_id or self.round,
            price=price or PRICES[name],
            duration_days=365,
            folder=self.folder / (round_id or self.round) / name,
            sealing=self.changes.get("sealing", "age"),
            two_envelopes=self.two_envelopes,
            **more,
        )
        self.acknowledgements[name] = made
        return made

    def sealed(self, *names: str) -> "Tale":
        self.published()
        for round_id in self.rounds:
            for name in names or PRICES:
                self.bid(name, round_id=round_id)
        return self

    def closed(self, *names: str) -> "Tale":
        self.sealed(*names)
        self.platform.sequence()
        self.platform.advance(self.deadline + timedelta(seconds=1))
        return self

    def opened(self) -> "Tale":
        self.closed()
        self.owner.post(f"/tenders/{self.tender['tender']}/opening")
        return self

    def release(self, name: str) -> None:
        bidder = self.bidder(name)
        for bid in bidder.get("/bids")["bids"]:
            if bid["round"] in self.rounds and bid["state"] == "live":
                bids.release(party=bidder, bid_id=bid["bid"])

    def shown(self) -> "Tale":
        self.opened()
        for name in PRICES:
            self.release(name)
        self.platform.work()
        return self

    def read_out(self) -> "Tale":
        self.shown()
        for round_id in self.rounds:
            story.end_opening(self.owner, round_id)
        return self

    def seated(self) -> "Tale":
        self.read_out()
        cast = self.platform.cast()
        self.draw = story.draw(self.owner, cast, self.tender["tender"])
        accepted = story.answer_calls(cast)
        self.members = story.check_in(cast, self.draw, accepted[self.draw])
        self.owner.post(f"/draws/{self.draw}/committee")
        return self

    def first_judged(self, points: Any = None) -> "Tale":
        """Two envelopes: the first is judged and scored, the second waits."""
        self.seated()
        story.evaluate(self.members, self.round, points=points, until_scored=True)
        return self

    def second_begun(self, points: Any = None) -> "Tale":
        self.first_judged(points)
        at = self.platform.now + timedelta(minutes=31)
        story.tell_second(self.owner, self.round, at=at)
        self.platform.advance(at + timedelta(seconds=1))
        story.begin_second(self.owner, self.round)
        return self

    def reported(self) -> "Tale":
        self.seated()
        for round_id in self.rounds:
            story.evaluate(self.members, round_id)
        self.platform.work()
        return self

    def in_publicity(self) -> "Tale":
        self.reported()
        for round_id in self.rounds:
            made = self.owner.post(f"/rounds/{round_id}/publicity")
            self.publicity_ends = datetime.fromisoformat(made["ends_at"])
        return self

    def publicity_over(self) -> "Tale":
        self.in_publicity()
        self.platform.advance(self.publicity_ends + timedelta(seconds=1))
        return self

    def notified(self) -> "Tale":
        self.publicity_over()
        self.first = story.award(self.owner, self.round)
        return self

    @property
    def winner(self) -> Party:
        return next(p for p in map(self.bidder, PRICES) if p.name == self.first["bidder"])

    def evaluated_again(self) -> "Tale":
        """The same committee judges again, signs, and its candidates are published anew."""
        story.evaluate(self.members, self.round)
        self.platform.work()
        made = self.owner.post(f"/rounds/{self.round}/publicity")
        self.publicity_ends = datetime.fromisoformat(made["ends_at"])
        return self

    def stage(self, number: int = 0) -> str:
        return str(self.owner.get(f"/tenders/{self.tender['tender']}")["rounds"][number]["stage"])

"""Short words for journeys that begin with a front: prequalification, invitation, two stages."""

import json
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ggzy.client import fronts, story
from ggzy.client.party import Problem
from ggzy.evidence import sequencer
from ggzy.kernel.clock import real_now
from tests.conftest import BASE
from tests.journeys.tale import PRICES, Tale

CHANGING = re.compile(
    r"[A-Za-z0-9+/]{40,}={1,2}|评委\d\d|"
    r"[0-9a-f]{32,}|(\d+天 )?\d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?([+-]\d\d:\d\d|Z)?"
    r"|\d\d月\d\d日|csrf[^>]*>|ocds-ggzy01-[0-9a-f]+|A01[0-9A-Z-]+|2603-370100-04-01-\d+"
)


def refused(call: Any, *args: Any, **named: Any) -> Problem:
    """Return the platform's "no"."""
    with pytest.raises(Problem) as no:
        call(*args, **named)
    return no.value


def entries(tale: "FrontTale") -> set[str]:
    """Return the acts in the pack that the supervisor reads."""
    pack = tale.platform.demo("jiandu").get(f"/evidence/{tale.tender['ocid']}?level=supervisor")
    return {json.loads(e["leaf"])["act"] for e in pack["entries"]}


@dataclass
class FrontTale(Tale):
    """One tender with a front on its way."""

    procedure: str = "GC_PREQ"
    limit: int = 0
    front_deadline: Any = None
    ticks: int = 0

    @property
    def id(self) -> str:
        return str(self.tender["tender"])

    @property
    def front(self) -> str:
        return str(self.fronts()[0]["round"])

    def states(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.owner.get(f"/tenders/{self.id}")["rounds"]
        return found

    def fronts(self) -> list[dict[str, Any]]:
        return [s["front"] for s in self.states() if s["front"]]

    def front_stage(self) -> str:
        return str(self.fronts()[0]["stage"])

    def file(self) -> dict[str, Any]:
        changes = dict(self.changes)
        if self.procedure == "GC_PREQ":
            changes.setdefault("prequalification", fronts.prequalification(limit=self.limit))
        return story.document(method=self.method, deposit=Decimal("100000"), **changes)

    def prepared(self) -> "FrontTale":
        project = story.register_project(self.owner, name="测试工程", serial=secrets.randbelow(1_000_000))
        lot = {"name": "1标段", "budget": "10000000", "ceiling_price": "10000000", "duration_days": "365"}
        self.tender = story.prepare_tender(
            self.owner,
            project=project,
            name="测试招标",
            lots=[{**lot, "name": f"{n + 1}标段"} for n in range(self.lots)],
            file=self.file(),
            procedure=self.procedure,
        )
        return self

    def sequence(self) -> None:
        """Let the sequencer run; each time a new escrow period has come."""
        self.ticks += 1
        # from the beginning of a minute, so that both ticks lie in one period and make one batch
        minute = real_now().replace(second=0, microsecond=0)
        for seconds in (0, 2):
            sequencer.run_once(minute + timedelta(hours=self.ticks, seconds=seconds))

    # --- 资格预审

    def noticed(self) -> "FrontTale":
        self.prepared()
        until = self.platform.now + timedelta(days=6)
        self.front_deadline = until + timedelta(days=6)
        fronts.publish_prequalification(self.owner, self.id, file_until=until, deadline=self.front_deadline)
        return self

    def apply(self, name: str, **more: Any) -> dict[str, Any]:
        return fronts.apply(
            self.bidder(name),
            ocid=self.tender["ocid"],
            round_id=self.front,
            folder=self.folder / "front" / name,
            **more,
        )

    def applied(self, *names: str) -> "FrontTale":
        self.noticed()
        for name in names or PRICES:
            self.apply(name)
        return self

    def front_closed(self) -> "FrontTale":
        self.sequence()
        self.platform.advance(self.front_deadline + timedelta(seconds=1))
        return self

    def front_opened(self, *names: str) -> "FrontTale":
        self.front_closed()
        for name in names or PRICES:
            fronts.release(self.bidder(name), round_id=self.front)
        self.platform.work()
        return self

    def front_seated(self) -> "FrontTale":
        cast = self.platform.cast()
        self.draw = story.draw(self.owner, cast, self.id)
        accepted = story.answer_calls(cast)
        self.members = story.check_in(cast, self.draw, accepted[self.draw])
        self.owner.post(f"/draws/{self.draw}/review-committee")
        return self

    def qualified(self, *names: str, **review: Any) -> "FrontTale":
        self.applied(*names).front_opened(*names).front_seated()
        fronts.review(self.members, self.front, **review)
        self.owner.post(f"/tenders/{self.id}/prequalification/results")
        return self

    # --- the main round

    def issued(self) -> "FrontTale":
        self.deadline = self.platform.now + timedelta(days=21)
        story.publish(self.owner, self.id, deadline=self.deadline)
        return self

    def uscc(self, name: str) -> str:
        return str(self.bidder(name).uscc)

    def to_opened_bids(self, *names: str) -> "FrontTale":
        for name in names or PRICES:
            self.bid(name)
        self.sequence()
        self.platform.advance(self.deadline + timedelta(seconds=1))
        self.owner.post(f"/tenders/{self.id}/opening")
        for name in names or PRICES:
            self.release(name)
        self.platform.work()
        return self

    # --- who may know what

    def views(self, who: str, *, blank: bool = False) -> dict[str, str]:
        """Return what somebody reads of this tender: pages, API, evidence, feed."""
        lot, ocid = self.tender["rounds"][0]["lot"], self.tender["ocid"]
        paths = [
            f"/tenders/{self.id}",
            f"/lots/{lot}",
            f"/rounds/{self.front}/hall",
            f"/api/v1/tenders/{self.id}",
            f"/api/v1/tenders/{self.id}/fronts",
            f"/api/v1/lots/{lot}",
            f"/api/v1/rounds/{self.front}/opening",
            f"/api/v1/rounds/{self.front}/deposits",
            f"/api/v1/rounds/{self.front}/proposals",
            f"/api/v1/rounds/{self.front}/review-report",
            f"/api/v1/rounds/{self.front}/review-desk",
            f"/api/v1/rounds/{self.front}/report",
            f"/api/v1/rounds/{self.front}/sheets",
            f"/api/v1/evidence/{ocid}",
            f"/api/v1/evidence/{ocid}?level=party",
            f"/api/ocds/records/{ocid}",
            "/api/v1/invitations",
            f"/work/tenders/{self.id}",
            f"/work/tenders/{self.id}/front",
            f"/work/rounds/{self.front}/host",
            f"/work/draws/{self.draw or '·'}/check-in",
        ]
        if not blank:
            paths += [
                "/",
                "/tenders",
                "/notices",
                "/evidence",
                "/api/v1/evidence/feed?after=0&limit=1000",
                "/work",
            ]
        party = self.platform.demo(who) if who else self.platform.anonymous()
        headers = {"Authorization": f"Bearer {party.token}", "Cookie": f"ggzy_session={party.token}"}
        out = {}
        with httpx.Client(base_url=BASE, transport=self.platform.transport) as client:
            for path in paths:
                reply = client.get(path, headers=headers)
                text = f"{reply.status_code} {reply.text}"
                out[path.replace(self.draw or "·", "·")] = CHANGING.sub("·", text) if blank else text
        return out

"""Tenders at every stage for the training centre, driven through the API by the demo parties, in process."""

import shutil
import tempfile
import time
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from ggzy.client import bids as bidders_side
from ggzy.client import story
from ggzy.client.party import Party
from ggzy.jobs.worker import load_effects, work_once
from ggzy.kernel import clock
from ggzy.kernel.clock import BEIJING, TRAINING_STARTS
from ggzy.tendering.models import Tender
from ggzy.training import frameworks, innovation, single_source
from ggzy.training.cast import EXPERTS, expert_username
from ggzy.training.deposits import secure
from ggzy.training.records import manager_certificate

BASE = "http://testserver"

#: name, lots (name, 估算价), method, how far it is taken, prices by bidder
TENDERS: tuple[tuple[str, tuple[tuple[str, int], ...], str, str], ...] = (
    ("训练市第一中学教学楼工程", (("土建及安装", 38_000_000),), "lowest_evaluated_price", "contract"),
    (
        "训练市滨河路市政道路改造工程",
        (("一标段", 26_000_000), ("二标段", 18_500_000)),
        "comprehensive",
        "publicity",
    ),
    ("训练市人民医院病房楼装修工程", (("装修", 12_800_000),), "comprehensive", "evaluating"),
    ("训练市东区污水管网工程", (("管网", 9_600_000),), "lowest_evaluated_price", "opening"),
    ("训练市老旧小区改造工程(三期)", (("改造", 7_200_000),), "lowest_evaluated_price", "failed"),
    ("训练市文化馆新建工程", (("主体工程", 45_000_000), ("景观工程", 6_500_000)), "comprehensive", "open"),
    ("训练市乡村公路提升工程", (("路面工程", 15_300_000),), "lowest_evaluated_price", "open_soon"),
    ("训练市体育公园工程", (("公园", 21_000_000),), "lowest_evaluated_price", "draft"),
)
#: a government procurement, opened, whose buyer has to find out who is qualified
PURCHASE = ("训练市学校计算机设备采购", (("计算机设备", 4_800_000),), "comprehensive", "qualifying")
#: what the suppliers declare of their size
SIZES = {"jia": "small", "yi": "", "bing": "medium", "ding": "joint"}
SHARES = {"jia": Decimal("0.912"), "yi": Decimal("0.934"), "bing": Decimal("0.927"), "ding": Decimal("0.951")}
#: what its file says beside the plain one: goods, price 40 of 100, the rest by criteria
GOODS = {
    "text": "采购需求、商务要求和合同草案见附件。",
    "policy": {"subject": "goods"},
    "price": {"weight": "40"},
    "criteria": [
        {"key": "technical", "title": "技术响应", "weight": "40"},
        {"key": "service", "title": "售后服务", "weight": "20", "reasons": True},
    ],
}


def build_stages() -> None:
    """Take each training tender as far as its stage; a tender that is there already is left alone."""
    if Tender.objects.filter(name=TENDERS[-1][0]).exists():
        return
    load_effects()
    # the history is told with the demo experts, also where the centre then goes on as a terminal of another pool
    settings.EXPERT_SOURCES = {}
    transport = httpx.WSGITransport(app=get_wsgi_application())
    _Builder(transport).run()


class _Builder:
    def __init__(self, transport: httpx.BaseTransport) -> None:
        def demo(username: str) -> Party:
            return story.demo_party(BASE, username, transport=transport)

        self.owner = demo("zhaobiao")
        self.collector = demo("jicai")
        self.bidders = {name: demo(name) for name in SHARES}
        for party in self.bidders.values():
            mine = party.get("/whoami")
            party.name, party.uscc = mine["organisation_name"], mine["uscc"]
        self.cast = story.Cast(
            admin=demo("guanli"),
            centre=demo("zhongxin"),
            supervisor=demo("jiandu"),
            experts=[demo(expert_username(n)) for n in range(1, EXPERTS + 1)],
        )
        self.guarantor = demo("danbao")
        self.folder = Path(tempfile.mkdtemp(prefix="ggzy-training-"))

    def run(self) -> None:
        """Tell the whole history of the training centre, from 2026-03-02 on."""
        try:
            name, needs, budget, *_ = single_source.BOUGHT
            alone = single_source.argue(self.owner, self.bidders["yi"], name=name, needs=needs, budget=budget)
            suppliers = list(self.bidders.values())
            printing, costing = frameworks.agree(self.collector, suppliers, now=clock.legal_now())
            made = {row[3]: self._prepare(row) for row in TENDERS[:5]}
            made["qualifying"] = self._prepare(PURCHASE)
            deadline = _at(TRAINING_STARTS + timedelta(days=22), 9, 30)
            for tender in made.values():
                story.publish(self.owner, tender["tender"], deadline=deadline)
            for goal, tender in made.items():
                self._bid(tender, two=goal == "failed", bought=goal == "qualifying")
            draws = {
                g: story.draw(self.owner, self.cast, made[g]["tender"])
                for g in made
                if g not in {"failed", "opening"}
            }
            accepted = story.answer_calls(self.cast)
            _advance(deadline + timedelta(seconds=5))
            buyer, supplier = self.owner, self.bidders["yi"]
            single_source.buy(buyer, supplier, self.cast.supervisor, alone, now=clock.legal_now())
            for goal in ("contract", "publicity", "evaluating"):
                self._open(made[goal])
                members = story.check_in(self.cast, draws[goal], accepted[draws[goal]])
                self.owner.post(f"/draws/{draws[goal]}/committee")
                if goal != "evaluating":
                    for round_ in made[goal]["rounds"]:
                        story.evaluate(members, round_["round"])
            self._open(made["qualifying"])
            self._award(made["contract"])
            later = [self._prepare(row) for row in TENDERS[5:7]]
            for tender, days in zip(later, (24, 21), strict=True):
                story.publish(
                    self.owner,
                    tender["tender"],
                    deadline=_at(clock.legal_now() + timedelta(days=days), 9, 30),
                )
            at = clock.legal_now()
            frameworks.collect(self.collector, deadline=_at(at + timedelta(days=23), 9, 30), now=at)
            for tender, days in zip(later, (24, 21), strict=True):
                self._book(tender, _at(clock.legal_now() + timedelta(days=days), 9, 30))
            _advance(_at(deadline + timedelta(days=7), 14, 0))
            for round_ in made["publicity"]["rounds"]:
                self.owner.post(f"/rounds/{round_['round']}/publicity")
            self.owner.post(f"/tenders/{made['opening']['tender']}/opening")
            name, needs, budget = single_source.PUBLISHED
            single_source.argue(self.owner, self.bidders["jia"], name=name, needs=needs, budget=budget)
            innovation.announce(self.owner, now=clock.legal_now())
            frameworks.call_off(
                self.owner, suppliers, printing=printing, costing=costing, now=clock.legal_now()
            )
            project = story.register_project(self.owner, name=TENDERS[7][0], serial=800008)
            self.owner.post(
                "/tenders",
                {
                    "project": project,
                    "name": TENDERS[7][0],
                    "state_controlled": True,
                    "lots": _lots(TENDERS[7][1]),
                },
            )
            work_once()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _prepare(self, row: tuple) -> dict:
        name, lots, method, _ = row
        number = [*(r[0] for r in TENDERS), PURCHASE[0]].index(name)
        bought = row is PURCHASE
        project = story.register_project(
            self.owner, name=name, serial=800000 + number if not bought else 800020
        )
        deposit = min(budget for _, budget in lots) * Decimal("0.01")
        return story.prepare_tender(
            self.owner,
            project=project,
            name=name,
            lots=_lots(lots),
            file=story.document(method=method, deposit=deposit, **(GOODS if bought else {})),
            procedure="GP_OPEN" if bought else "GC_OPEN_POST",
        )

    def _bid(self, tender: dict, *, two: bool, bought: bool) -> None:
        budgets = {r["round"]: b for r, (_, b) in zip(tender["rounds"], self._lots_of(tender), strict=True)}
        for round_id, budget in budgets.items():
            for name in list(SHARES)[: 2 if two else 4]:
                secure(self.bidders[name], name, round_id=round_id, guarantor=self.guarantor)
                story.bid(
                    self.bidders[name],
                    ocid=tender["ocid"],
                    round_id=round_id,
                    price=(budget * SHARES[name]).quantize(Decimal("0.01")),
                    duration_days=300,
                    folder=self.folder / round_id / name,
                    registry=True,
                    more={
                        "manager": {"name": "项目负责人", "certificate": manager_certificate(name)},
                        **({"size": SIZES[name]} if bought else {}),
                    },
                )

    def _lots_of(self, tender: dict) -> tuple:
        title = self.owner.get(f"/tenders/{tender['tender']}")["title"]
        return next(row[1] for row in (*TENDERS, PURCHASE) if row[0] == title)

    def _open(self, tender: dict) -> None:
        self.owner.post(f"/tenders/{tender['tender']}/opening")
        for bidder in self.bidders.values():
            for bid in bidder.get("/bids")["bids"]:
                if bid["tender"] == tender["tender"] and bid["state"] == "live":
                    bidders_side.release(party=bidder, bid_id=bid["bid"])
        work_once()
        for round_ in tender["rounds"]:
            story.end_opening(self.owner, round_["round"])

    def _book(self, tender: dict, deadline: datetime) -> None:
        """Book the opening and, from the afternoon on, the evaluation, with the people who serve."""
        staff = {s["name"]: s["staff"] for s in self.cast.centre.get("/staff")["staff"]}
        for purpose, who, start, minutes in (
            ("opening", "刘洋", deadline, 60),
            ("evaluation", "高翔", deadline + timedelta(hours=4), 180),
        ):
            ask = f"/free-slots?tender={tender['tender']}&purpose={purpose}&minutes={minutes}"
            free = self.owner.get(f"{ask}&earliest={start.strftime('%Y-%m-%dT%H:%M')}%2B08:00")["slots"]
            if free:
                slot = {name: free[0][name] for name in ("room", "start", "end")}
                body = {"tender": tender["tender"], "purpose": purpose, "staff": [staff[who]], **slot}
                self.cast.centre.post("/bookings", body)

    def _award(self, tender: dict) -> None:
        round_id = tender["rounds"][0]["round"]
        ends = datetime.fromisoformat(self.owner.post(f"/rounds/{round_id}/publicity")["ends_at"])
        _advance(ends + timedelta(seconds=5))
        first = story.award(self.owner, round_id)
        winner = next(b for b in self.bidders.values() if b.name == first["bidder"])
        story.contract(self.owner, winner, round_id)
        work_once()


def _lots(lots: tuple[tuple[str, int], ...]) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "budget": str(budget),
            "ceiling_price": str(budget),
            "duration_days": "365",
            "scope_of_work": f"{name}施工图范围内全部内容",
        }
        for name, budget in lots
    ]


def _at(moment: datetime, hour: int, minute: int) -> datetime:
    return moment.astimezone(BEIJING).replace(hour=hour, minute=minute, second=0, microsecond=0)


def _advance(moment: datetime) -> None:
    """Move on to a moment; what was just published reaches its media in its own time, not after the jump."""
    work_once()
    if (soon := clock.legal_now() + timedelta(minutes=3)) < moment:
        clock.advance_to(soon)
        work_once()
    clock.advance_to(moment)
    time.sleep(0.01)
    work_once()

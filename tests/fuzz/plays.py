"""Honest purchases that have no rounds, for the storm: a framework and what is called off, the only supplier, research.

Each has its steps in order, what people do besides, and the ids that it knows; challenges and complaints come to all of them.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Q

from ggzy.client.party import Party
from ggzy.complaints.models import Complaint
from ggzy.complaints.rules import MACHINES
from ggzy.frameworks.models import CallOff, CallOffer, Framework, FrameworkMember
from ggzy.innovation.models import Innovation, ResearchContract, SealedResponse
from ggzy.kernel.actors import Role
from ggzy.objections.models import Challenge
from ggzy.objections.rules import OUTCOMES
from ggzy.procedures.catalogue import GP_DY, GP_HC, GP_HC_RD, GP_KJ_CALLOFF, GP_KJ_CLOSED, GP_KJ_OPEN
from ggzy.procedures.spec import Procedure, Stage
from ggzy.single_source.models import Purchase as Source
from tests.frameworks.test_life import Agreement, Call
from tests.innovation.test_life import POINTS, Purchase
from tests.journeys.test_complaints import SAID
from tests.objections.test_challenges import LETTER
from tests.single_source.test_life import OFFER, Buying

Step = Callable[[], object]
_NAMES = ("jia", "yi", "bing")


class Play(ABC):
    """One honest purchase without rounds, its steps, and what it knows."""

    procedure = ""

    def __init__(self, platform: Any, number: int) -> None:
        self.platform, self.number = platform, number
        #: the ids that everybody may try
        self.tender: dict[str, Any] = {}
        self.buyer: Party = platform.demo("zhaobiao")

    @abstractmethod
    def steps(self) -> list[Step]:
        """Return its honest steps, each to be made once it is its turn."""

    @abstractmethod
    def besides(self, chance: random.Random) -> list[Step]:
        """Return what people do besides, of this kind only."""

    @abstractmethod
    def disputed(self) -> list[tuple[str, Party]]:
        """Return what of it may be challenged, with who answers."""

    def mischief(self, chance: random.Random) -> list[Step]:
        """Return what people do besides: challenges and complaints, and whatever its kind knows."""
        disputes: list[Step] = [partial(act, self, chance) for act in _DISPUTES]
        return disputes if chance.random() < 0.6 else self.besides(chance)

    def ahead(self, moment: datetime | None) -> None:
        """Let a moment come, if it is still to come."""
        if moment is not None and moment >= self.platform.now:
            self.platform.advance(moment + timedelta(seconds=1))
        self.platform.work()


def _suppliers(play: Play, chance: random.Random) -> list[tuple[str, Party, dict[str, Any]]]:
    """Return every supplier with what it sees of each thing that may be challenged, in any order."""
    found = []
    for of, _ in play.disputed():
        for name in _NAMES:
            supplier = play.platform.demo(name)
            found.append((of, supplier, supplier.get(f"/proceedings/{of}/challenges")))
    return chance.sample(found, len(found))


def _challenge(play: Play, chance: random.Random) -> None:
    for of, supplier, seen in _suppliers(play, chance):
        if seen["steps"]:
            said = {"about": chance.choice(seen["steps"])["about"], **LETTER}
            supplier.post(f"/proceedings/{of}/challenges", said)
            return


def _answer(play: Play, chance: random.Random) -> None:
    owners = dict(play.disputed())
    row = Challenge.objects.filter(of__in=owners, answered_at=None, withdrawn_at=None).order_by("pk").last()
    if row is not None:
        outcome = chance.choice([*OUTCOMES, "unfounded", "no_effect"])
        owners[row.of].post(f"/challenges/{row.public_id}/answer", {"answer": "已经核查", "outcome": outcome})


def _take_back(play: Play, chance: random.Random) -> None:
    for _, supplier, seen in _suppliers(play, chance):
        for row in seen["challenges"]:
            if row["own"] and row["answered_at"] is None:
                supplier.post(f"/challenges/{row['id']}/withdrawal")
                return


def _complain(play: Play, chance: random.Random) -> None:
    for of, supplier, seen in _suppliers(play, chance):
        for row in seen["challenges"]:
            if row["own"] and row["answered_at"]:
                supplier.post(f"/proceedings/{of}/complaints", {"matter": row["about"], **SAID})
                return


def _handle(play: Play, chance: random.Random) -> None:
    ofs = [of for of, _ in play.disputed()]
    row = Complaint.objects.filter(of__in=ofs, ended_at=None).order_by("pk").last()
    if row is None:
        return
    step = chance.choice(MACHINES["GP"].offered(row.state, Role.SUPERVISOR)).code
    said = {
        "text": "查明如下",
        "choice": chance.choice(["upheld", "unfounded", "experts", "too_late"]),
        "remedy": chance.choice(["", "restart", "restore"]),
        "number": "训财购决〔2026〕7号",
        "days": chance.choice([3, 10, 30]),
    }
    play.platform.demo("caizheng").post(f"/complaints/{row.public_id}/steps/{step}", said)


_DISPUTES = (_challenge, _challenge, _answer, _answer, _take_back, _complain, _handle, _handle)


class FrameworkPlay(Play):
    """An open framework with three members, and one contract called off by a second competition."""

    procedure = "GP_KJ_OPEN"
    agreement: Agreement
    call: Call

    def steps(self) -> list[Step]:
        """Return the steps from the notice to the signed contract."""
        salts: dict[str, str] = {}
        prices = dict(zip(_NAMES, ("1800.00", "1700.00", "1750.00"), strict=True))

        def publish() -> None:
            self.agreement = Agreement(self.platform, name=f"训练市公务印刷服务框架协议{self.number}")
            self.tender = {"framework": self.agreement.id}

        def need() -> None:
            self.call = self.agreement.need()
            self.tender = self.tender | {"call": self.call.id}

        def seal(name: str) -> None:
            salts[name] = self.call.seal(self.platform.demo(name), prices[name])

        def wait(field: str) -> None:
            self.ahead(getattr(CallOff.objects.get(public_id=self.call.id), field))

        def reveal(name: str) -> None:
            said = {"price": prices[name], "salt": salts[name]}
            self.call.post("offer/reveal", said, by=self.platform.demo(name))

        def sign() -> None:
            row = CallOff.objects.select_related("supplier").get(public_id=self.call.id)
            if row.supplier is None:
                raise LookupError("no deal yet")
            name = next(
                n for n in _NAMES if self.platform.demo(n).get("/whoami")["uscc"] == row.supplier.uscc
            )
            self.call.contract(self.platform.demo(name))
            self.call.contract(self.agreement.buyer)

        return [
            publish,
            *(lambda name=name: self.agreement.joined(name) for name in _NAMES),  # type: ignore[misc]
            need,
            lambda: self.call.invite(),
            *(partial(seal, name) for name in _NAMES),
            partial(wait, "sealed_until"),
            *(partial(reveal, name) for name in _NAMES),
            partial(wait, "reveal_until"),
            sign,
        ]

    def besides(self, chance: random.Random) -> list[Step]:
        """Return refusals, removals and departures, direct choices, needs taken back, contracts refused."""
        name = chance.choice(_NAMES)
        supplier = self.platform.demo(name)

        def review() -> None:
            row = FrameworkMember.objects.filter(
                framework__public_id=self.agreement.id, stage="APPLIED"
            ).first()
            if row is not None:
                said = {"admitted": chance.random() < 0.5, "reason": "材料不全"}
                self.agreement.collector.post(f"{self.agreement.at}/members/{row.public_id}/review", said)

        def remove() -> None:
            said = {"ground": "false_material", "reason": "材料与实际不符"}
            at = f"{self.agreement.at}/members/{self.agreement.member(name)}/removal"
            self.agreement.collector.post(at, said)

        def choose() -> None:
            self.call.post("selection", {"member": self.agreement.member(name), "reason": "距离近"})
            self.call.post("selection/confirmation")

        def need() -> None:
            self.call = self.agreement.need()

        return [
            lambda: self.agreement.apply(name),
            review,
            remove,
            choose,
            need,
            lambda: supplier.post(f"{self.agreement.at}/exit", {"reason": ""}),
            lambda: self.call.post("contract/refusal", {"reason": "产能不足"}, by=supplier),
            lambda: self.call.post("stop", {"reason": "需求取消"}),
            lambda: self.call.contract(supplier),
            lambda: self.call.contract(self.agreement.buyer),
        ]

    def disputed(self) -> list[tuple[str, Party]]:
        """Return the framework and its call."""
        return [(self.agreement.id, self.agreement.collector), (self.call.id, self.agreement.buyer)]


class SourcePlay(Play):
    """A purchase from the only supplier, with its publicity."""

    procedure = "GP_DY"
    buying: Buying

    def steps(self) -> list[Step]:
        """Return the steps from the ground to the filed contract."""

        def argue() -> None:
            self.buying = Buying(self.platform, name=f"政务系统接口升级{self.number}")
            self.tender = {"purchase": self.buying.id}

        def both(act: Callable[[Party], Any]) -> None:
            for party in (self.buying.buyer, self.buying.supplier):
                act(party)

        return [
            argue,
            lambda: self.buying.on(),
            lambda: self.ahead(Source.objects.get(public_id=self.buying.id).publicity_ends_at),
            lambda: self.buying.decided(),
            lambda: self.buying.supplier.post(f"{self.buying.at}/offer", OFFER),
            lambda: self.buying.recorded(),
            lambda: both(self.buying.sign),
            lambda: self.buying.buyer.post(f"{self.buying.at}/record/conclusion"),
            lambda: self.buying.buyer.post(f"{self.buying.at}/result"),
            lambda: both(self.buying.contract),
        ]

    def besides(self, chance: random.Random) -> list[Step]:
        """Return an objection within the publicity, its conclusion, and an end."""
        at = self.buying.at

        def conclude() -> None:
            rows = Source.objects.get(public_id=self.buying.id).objections.values_list("public_id", flat=True)
            said = {"upheld": chance.random() < 0.2, "conclusion": "论证如下"}
            self.buyer.post(f"{at}/conclusion", said | {"answers": dict.fromkeys(rows, "已核实")})

        return [
            lambda: self.platform.demo("yi").post(f"{at}/objections", {"text": "本单位也能供货"}),
            conclude,
            lambda: (
                self.buyer.post(f"{at}/termination", {"ending": "changed", "reason": "情况变化"})
                if chance.random() < 0.1
                else None
            ),
        ]

    def disputed(self) -> list[tuple[str, Party]]:
        """Return the purchase."""
        return [(self.buying.id, self.buying.buyer)]


class ResearchPlay(Play):
    """Research that is procured together, up to the contracts of two suppliers."""

    procedure = "GP_HC"
    purchase: Purchase

    def steps(self) -> list[Step]:
        """Return the steps from the plan to the research contracts."""

        def plan() -> None:
            self.purchase = Purchase(self.platform, name=f"训练市管网检测装备合作创新采购{self.number}")
            self.tender = {"innovation": self.purchase.id}

        def call() -> None:
            self.purchase.until = self.platform.now + timedelta(days=40)
            self.buyer.post(f"{self.purchase.at}/call", {"apply_until": self.purchase.until.isoformat()})

        def row() -> Innovation:
            return Innovation.objects.get(public_id=self.purchase.id)

        def answered(kind: str) -> list[Step]:
            return [
                *(partial(lambda name: self.purchase.seal(name, kind), name) for name in _NAMES),
                lambda: self.ahead(row().sealed_until),
                *(partial(lambda name: self.purchase.reveal(name, kind), name) for name in _NAMES),
                lambda: self.ahead(row().reveal_until),
            ]

        return [
            plan,
            lambda: self.purchase.name_group(),
            call,
            *(partial(lambda name: self.purchase.apply(name), name) for name in _NAMES),
            lambda: self.ahead(row().apply_until),
            lambda: self.purchase.qualified(*_NAMES),
            lambda: self.purchase.exchanged(*_NAMES),
            lambda: self.purchase.issued(),
            *answered("first"),
            lambda: self.purchase.talked(*_NAMES),
            *answered("final"),
            lambda: self.purchase.scored(*POINTS),
            lambda: self.buyer.post(f"{self.purchase.at}/result"),
            lambda: [self.purchase.contract(name).signed() for name in ("yi", "jia")],
        ]

    def besides(self, chance: random.Random) -> list[Step]:
        """Return somebody found unqualified, a clarification, an end of one's own."""
        at = self.purchase.at
        return [
            lambda: self.purchase.qualified("jia", "yi", out=("bing",)),
            lambda: self.buyer.post(f"{at}/clarifications", {"text": "补充说明检测精度"}),
            lambda: (
                self.buyer.post(f"{at}/termination", {"reason": "任务取消"})
                if chance.random() < 0.1
                else None
            ),
            lambda: self.purchase.seal("yi", chance.choice(["first", "final"])),
        ]

    def disputed(self) -> list[tuple[str, Party]]:
        """Return the purchase."""
        return [(self.purchase.id, self.buyer)]


PLAYS: dict[str, type[Play]] = {one.procedure: one for one in (FrameworkPlay, SourcePlay, ResearchPlay)}


def watched() -> Iterator[tuple[tuple[str, int], Procedure, Stage]]:
    """Return where everything stands that moves by a procedure without rounds."""
    rows: list[tuple[Any, Procedure]] = [
        *((row, GP_KJ_OPEN if row.kind == "open" else GP_KJ_CLOSED) for row in Framework.objects.all()),
        *((row, GP_KJ_OPEN) for row in FrameworkMember.objects.filter(framework__kind="open")),
        *((row, GP_KJ_CALLOFF) for row in CallOff.objects.all()),
        *((row, GP_DY) for row in Source.objects.all()),
        *((row, GP_HC) for row in Innovation.objects.all()),
        *((row, GP_HC_RD) for row in ResearchContract.objects.all()),
    ]
    for row, procedure in rows:
        yield (type(row).__name__, row.pk), procedure, Stage(row.stage)


def readable_too_early(now: datetime) -> bool:
    """Say whether what is sealed can be read before it may."""
    offers = CallOffer.objects.filter(
        call__stage=Stage.MINI_BID.value, call__sealed_until__gt=now, price__isnull=False
    )
    sealing = Q(kind="first", participant__innovation__stage=Stage.HC_ANSWER.value) | Q(
        kind="final", participant__innovation__stage=Stage.HC_FINAL.value
    )
    responses = SealedResponse.objects.filter(
        sealing, participant__innovation__sealed_until__gt=now, revealed_at__isnull=False
    )
    return offers.exists() or responses.exists()


def ocids() -> list[str]:
    """Return the processes of everything without rounds."""
    return [row.ocid for model in (Framework, Source, Innovation) for row in model.objects.all()]

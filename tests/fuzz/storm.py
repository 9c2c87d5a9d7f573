"""A storm on the platform: honest tenders under way, and between their steps anybody tries anything at any time.

What may be tried is read from the API's own description: every operation that writes, with a body of the right shape made of
known ids, plausible words and nonsense, by a random actor of any role or by nobody. Time jumps. After every step the laws of the
house must hold: what is refused is refused in a Chinese sentence with a code, a round moves only along its procedure and only by a
move that is built, nothing opens before its deadline or with too few bids, no price stands in a hall before it may, and the
ledger balances. At the end a stranger's recomputation finds nothing wrong. Used by the tests and by bench.storm.
"""

import random
import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection

from ggzy.adapters.bank.twin import notice_of
from ggzy.api.v1 import api
from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.client.party import Party, Problem
from ggzy.deposits.models import Deposit, PostingLine
from ggzy.evidence import sequencer
from ggzy.law.limits import Bound
from ggzy.law.table import ALL
from ggzy.objections.models import Objection
from ggzy.opening.models import BidOpening
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Procedure, Stage
from ggzy.tendering.models import Round
from tests.conftest import in_one_minute
from tests.deposits.bank import ACCOUNTS, credit, notify
from tests.fuzz.plays import PLAYS, Play, ocids, readable_too_early, watched
from tests.journeys.tale import PRICES, Tale

#: operations that are not of a process: they would sign the actors of this storm out, or move its clock
NOT_OF_A_PROCESS = (
    "/sessions",
    "/account",
    "/clock",
    "/certificates",
    "/trust",
    "/organisations",
    "/pool/accounts",
)
ACTORS = (
    "zhaobiao", "zhaobiao2", "daili", "jia", "yi", "bing", "ding", "zhongxin", "fuchang", "jiandu", "guanli", "guanli2",
    "yinhang", "danbao", "zhuanjia01", "zhuanjia02", "zhuanjia07", "caizheng", "jicai", "",
)  # fmt: skip
WORDS = (
    "情况属实",
    "",
    "理由充分, 材料齐全",
    "x" * 300,
    "2026-04-20T09:00:00+08:00",
    "1",
    "-1",
    "lowest",
    "bidder",
    "jia",
)
LAW = {row.key: row for row in ALL}
#: how often in a row an honest step may be refused until its tender is given up
PATIENCE = 6
_ID = re.compile(r"^[0-9a-f]{32}$")
_PLACE = re.compile(r"\{(\w+)\}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: from here on a round's bids are open
_OPENED = {Stage.OPENING, Stage.OPENED, Stage.QUAL, Stage.EVALUATING, Stage.REPORTED}


Step = Callable[[], object]


class Broken(AssertionError):
    """A law of the house does not hold."""


@dataclass
class Life:
    """An honest tender under way: its steps, which is next, and how often in a row that was refused."""

    tale: Tale | Play
    steps: list[Step]
    place: int = 0
    refused: int = 0


@dataclass
class Storm:
    """Some honest tenders, everybody who may try, and the ids that were ever seen."""

    platform: Any
    folder: Path
    seed: int
    procedures: tuple[str, ...] = ("GC_OPEN_POST", "GP_OPEN", "GP_XJ", "GP_CS", "GP_TP", *PLAYS)
    chance: random.Random = field(init=False)
    ids: dict[str, list[str]] = field(default_factory=dict)
    stages: dict[int | tuple[str, int], Stage] = field(default_factory=dict)
    begun: list[Tale | Play] = field(default_factory=list)
    lives: list["Life"] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=12))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a story that can be told again, not a secret
        schema = api.get_openapi_schema()
        self.shapes = schema["components"]["schemas"]
        self.operations = [
            (method.upper(), path.removeprefix("/api/v1"), operation)
            for path, methods in schema["paths"].items()
            for method, operation in methods.items()
            if method != "get" and not any(part in path for part in NOT_OF_A_PROCESS)
        ]
        for code in self.procedures:
            self._begin(code)

    def _begin(self, code: str, at: int | None = None) -> None:
        """Begin an honest tender, in the place of one that came to nothing."""
        life = self._life(code)
        self.begun.append(life.tale)
        if at is None:
            self.lives.append(life)
        else:
            self.lives[at] = life

    def _life(self, code: str) -> "Life":
        if code in PLAYS:
            play = PLAYS[code](self.platform, len(self.begun))
            return Life(play, play.steps())
        tale = Tale(
            self.platform,
            self.folder / str(len(self.begun)),
            procedure=code,
            method="comprehensive" if code == "GP_CS" else "lowest_evaluated_price",
            changes=self._file(code),
        )
        return Life(tale, honest(tale))

    def _file(self, code: str) -> dict[str, Any]:
        group = {"committee_size": 3, "owner_representatives": 0}
        sizes: dict[str, dict[str, Any]] = {
            "GP_OPEN": {"committee_size": 7},
            "GP_XJ": {"committee_size": 3},
            "GP_CS": group,
            "GP_TP": group,
        }
        return sizes.get(code, {})

    def run(self, steps: int) -> None:
        """Make so many steps, then recompute everything.

        :raises Broken: something happened that must not; the last steps are told
        """
        for _ in range(steps):
            self.run_one()
        self.require_balanced()
        self.require_recomputable()

    def run_one(self) -> None:
        """Make one step, and look whether everything is lawful.

        :raises Broken: something happened that must not; the last steps are told
        """
        throw = self.chance.random()
        step = (
            self._go_on
            if throw < 0.45
            else self._stray
            if throw < 0.6
            else self._wait
            if throw < 0.64
            else self._try
        )
        try:
            step()
            self.require_lawful()
        except AssertionError as broken:
            raise Broken("\n".join([str(broken), "最后的步骤:", *self.last])) from broken

    def _go_on(self) -> None:
        """Make the next step of one of the honest tenders; what others did may have made it impossible for now."""
        number = self.chance.randrange(len(self.lives))
        life = self.lives[number]
        if life.place == len(life.steps) or life.refused > PATIENCE:
            self.counted["ended" if life.place == len(life.steps) else "given up"] += 1
            self._begin(life.tale.procedure, number)
        elif self._make(life.tale, life.steps[life.place], f"honest {life.place}"):
            life.place, life.refused = life.place + 1, 0
            self.counted["honest"] += 1
        else:
            life.refused += 1

    def _stray(self) -> None:
        """Make any step of an honest tender out of its order, or something that people do besides."""
        life = self.chance.choice(self.lives)
        if not life.tale.tender:
            return
        if self.chance.random() < 0.4:
            place = self.chance.randrange(1, len(life.steps))
            done = self._make(life.tale, life.steps[place], f"stray {place}")
        else:
            tale = life.tale
            acts = tale.mischief(self.chance) if isinstance(tale, Play) else mischief(tale, self.chance)
            place = self.chance.randrange(len(acts))
            done = self._make(life.tale, acts[place], f"mischief {place}")
        self.counted["strayed" if done else "stray refused"] += 1

    def _make(self, tale: Tale | Play, step: Step, what: str) -> bool:
        """Make a step; say whether it was let."""
        self.last.append(f"{tale.procedure} {what}")
        try:
            step()
        except Problem as refused:
            self._require_refused_well(refused, self.last[-1])
            return False
        except (LookupError, StopIteration, TypeError, ValueError, AttributeError, ObjectDoesNotExist):
            return False  # the step's own story lacks what it tells of: nothing reached the platform
        finally:
            self._learn(tale.tender)
        self.counted[f"done {what}"] += 1
        return True

    def _wait(self) -> None:
        """Let time pass: seconds, or hours, or days."""
        ahead = self.chance.choice(
            [timedelta(seconds=5), timedelta(hours=3), timedelta(days=1), timedelta(days=6)]
        )
        self.last.append(f"wait {ahead}")
        self.platform.advance(self.platform.now + ahead)

    def _try(self) -> None:
        """Let anybody try anything."""
        method, path, operation = self.chance.choice(self.operations)
        where = _PLACE.sub(lambda found: self._id(found[1]), path)
        content = operation.get("requestBody", {}).get("content", {})
        body = self._like(content.get("application/json", {}).get("schema", {})) if content else None
        # whoever may not is followed by others, so that the act itself is tried too
        for name in self.chance.sample(ACTORS, 5):
            actor: Party = self.platform.demo(name) if name else self.platform.anonymous()
            self.last.append(f"{name or '无人'} {method} {where} {str(body)[:300]}")
            self.counted["tried"] += 1
            try:
                answer = actor.ask(method, where, body if body is not None else {})
            except Problem as refused:
                self._require_refused_well(refused, self.last[-1])
                if refused.code not in {"permission.denied", "identity.not_signed_in"}:
                    return
            else:
                self.counted["done"] += 1
                self.counted[f"done {method} {path}"] += 1
                self._learn(answer)
                return

    def _require_refused_well(self, refused: Problem, what: str) -> None:
        said = str(refused.body.get("message") or refused.body.get("title") or "")
        if refused.status >= 500 or not refused.code or not _CHINESE.search(said):
            raise Broken(f"{what}: {refused.status} {refused.code!r} {said!r} {refused.body}") from refused
        self.counted[f"refused {refused.code}"] += 1

    def _id(self, kind: str) -> str:
        own = self.ids.get(kind.removesuffix("_id"), [])
        every = [one for known in self.ids.values() for one in known]
        throw = self.chance.random()
        if own and throw < 0.9:
            return self.chance.choice(own)
        return self.chance.choice(every) if every and throw < 0.97 else "f" * 32

    def _learn(self, answer: Any, name: str = "") -> None:
        """Keep every id in an answer under the name it has there, the newest more likely to be used again."""
        if isinstance(answer, dict):
            for key, value in answer.items():
                self._learn(value, key)
        elif isinstance(answer, list):
            for value in answer:
                self._learn(value, name.removesuffix("s"))
        elif isinstance(answer, str) and _ID.match(answer):
            self.ids.setdefault(name.removesuffix("_id"), []).append(answer)

    def _like(self, shape: dict[str, Any], name: str = "", deep: int = 0) -> Any:
        """Return a value of a shape: mostly plausible, sometimes nonsense."""
        if "$ref" in shape:
            return self._like(self.shapes[shape["$ref"].rpartition("/")[2]], name, deep)
        for several in ("anyOf", "oneOf", "allOf"):
            if several in shape:
                return self._like(self.chance.choice(shape[several]), name, deep)
        if "enum" in shape:
            return self.chance.choice(shape["enum"])
        kind = shape.get("type")
        if kind == "object":
            fields = shape.get("properties", {})
            must = set(shape.get("required", ()))
            out = {
                key: self._like(one, key, deep + 1)
                for key, one in fields.items()
                if key in must or self.chance.random() < 0.6
            }
            if shape.get("additionalProperties") and deep < 3:
                out |= {self._id(name): self._like({}, name, deep + 2)}
            return out
        if kind == "array":
            return [
                self._like(shape.get("items", {}), name, deep + 1) for _ in range(self.chance.randrange(3))
            ]
        if kind == "integer":
            return self.chance.choice([0, 1, 2, 5, 30, -1, 10**9])
        if kind == "number":
            return self.chance.choice([0, 1, 12.5, -3, 1e15])
        if kind == "boolean":
            return self.chance.random() < 0.5
        if kind == "null":
            return None
        return self._word(name)

    def _word(self, name: str) -> Any:
        throw = self.chance.random()
        if throw < 0.35 and self.ids.get(name.removesuffix("_id")):
            return self.chance.choice(self.ids[name.removesuffix("_id")])
        if throw < 0.5:
            return (self.platform.now + timedelta(days=self.chance.randrange(-3, 40))).isoformat()
        return self.chance.choice(WORDS)

    def require_lawful(self) -> None:
        """Let what stands in the database now be lawful.

        :raises Broken: a round moved otherwise than its procedure says, or too early, or with too few
        """
        for key, procedure, stage in watched():
            self._require_moved(key, procedure, stage)
        if readable_too_early(self.platform.now):
            raise Broken("封存的内容在揭示前可读")
        mine = [tale.tender["tender"] for tale in self.begun if "tender" in tale.tender]
        for round_ in Round.objects.filter(lot__tender__public_id__in=mine).select_related("lot__tender"):
            stage, procedure = Stage(round_.stage), BY_CODE[round_.procedure_code]
            self._require_moved(round_.pk, procedure, stage)
            if stage in _OPENED and round_.phase == 1:
                if round_.bid_deadline is None or self.platform.now < round_.bid_deadline:
                    raise Broken(f"{procedure.code}: 截止前到了{stage.label}")
                _require_prices_hidden(round_)

    def _require_moved(self, key: int | tuple[str, int], procedure: Procedure, stage: Stage) -> None:
        before = self.stages.get(key)
        if before is not None and before is not stage and not _leads(procedure, before, stage):
            raise Broken(f"{procedure.code}: {before} → {stage} 没有这样的步骤")
        self.stages[key] = stage

    def require_balanced(self) -> None:
        """Let the ledger balance and every deferred constraint hold.

        :raises Broken: a yuan appeared or vanished
        """
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        if left := sum(row.amount for row in PostingLine.objects.all()):
            raise Broken(f"账不平: {left}")

    def require_recomputable(self) -> None:
        """Let a stranger recompute each process from its public pack.

        :raises Broken: a check failed
        """
        # a period of escrow takes so many entries, and a storm makes more
        for hours in range(1, 9):
            for seconds in (0, 2):
                sequencer.run_once(in_one_minute(timedelta(hours=hours)) + timedelta(seconds=seconds))
        tenders = [tale.tender["ocid"] for tale in self.begun if "ocid" in tale.tender]
        for ocid in (*tenders, *ocids()):
            pack = self.platform.anonymous().get(f"/evidence/{ocid}?level=public")
            if failed := [c for c in check_pack(pack) if c.outcome == "failed" and not _lateness(c.name)]:
                raise Broken(f"{ocid}: {failed}")


def _lateness(name: str) -> bool:
    """Say whether a check tells that people were late with what they had to do, which nobody can prevent."""
    limit = LAW.get(name.removeprefix("clock."))
    return limit is not None and limit.bound is Bound.NO_LATER_THAN


def _leads(procedure: Procedure, start: Stage, end: Stage) -> bool:
    """Say whether built moves lead from a stage to another, at most three of them (a clock may follow an act)."""
    here = {start}
    for _ in range(3):
        here |= {m.target for stage in here for m in procedure.from_stage(stage) if m.built}
    return end in here


def _require_prices_hidden(round_: Round) -> None:
    """Let no bid of a round have a price in the hall before prices are shown, nor among talks before all offers are.

    :raises Broken: one has
    """
    if BY_CODE[round_.procedure_code].quiet:
        last = Round.objects.filter(lot=round_.lot_id, number=round_.number, phase=2).first()
        priced = BidOpening.objects.filter(session__round=round_, price__isnull=False)
        if (last is None or last.stage != Stage.FO_DONE) and priced.exists():
            raise Broken("最后报价在同时揭示前可见")
        if round_.opened_at is not None and Stage(round_.stage) in _OPENED:
            raise Broken("磋商、谈判在成交结果前公开")
        return
    session_shown = BidOpening.objects.filter(
        session__round=round_, session__shown_at=None, shown_at__isnull=False
    )
    if session_shown.exists():
        raise Broken("报价在公布前可见")


def honest(tale: Tale) -> list[Step]:
    """Return the steps of an honest tender, from the project to the contract, each to be made once it is its turn."""
    platform, owner = tale.platform, tale.owner
    quiet = BY_CODE[tale.procedure].quiet
    more = _more(tale)

    def publish() -> None:
        deadline = platform.now + timedelta(days=22)
        story.publish(owner, tale.tender["tender"], deadline=deadline)
        tale.deadline = deadline

    def hand_in(name: str) -> None:
        pay(tale, name)
        tale.bid(name, **more)

    def talk() -> None:
        story.review(tale.members, tale.round)
        leader = story.leader_of(tale.members, tale.draw)
        story.talk_with_all(leader, tale.round)
        until = {"until": (platform.now + timedelta(hours=2)).isoformat()}
        leader.post(f"/rounds/{tale.round}/final-offers", until)

    def wait_for_offers() -> None:
        last = Round.objects.get(lot__rounds__public_id=tale.round, phase=2, number=_round(tale).number)
        platform.advance(last.bid_deadline + timedelta(seconds=1))
        platform.work()

    def wait_for_the_deadline() -> None:
        platform.advance(_round(tale).bid_deadline + timedelta(seconds=1))

    def end_the_opening() -> None:
        platform.work()
        story.end_opening(owner, tale.round)

    def draw() -> None:
        tale.draw = story.draw(owner, platform.cast(), tale.tender["tender"])

    def answer() -> None:
        accepted.update(story.answer_calls(platform.cast()))

    def check_in() -> None:
        tale.members = story.check_in(platform.cast(), tale.draw, accepted[tale.draw])

    def evaluate() -> None:
        story.evaluate(tale.members, tale.round)
        platform.work()

    def publicity() -> None:
        owner.post(f"/rounds/{tale.round}/publicity")
        platform.advance(platform.now + timedelta(days=5))

    def award() -> None:
        tale.first = story.award(owner, tale.round)

    accepted: dict[str, list[Party]] = {}
    return [
        tale.prepared,
        publish,
        *(partial(hand_in, name) for name in PRICES),
        wait_for_the_deadline,
        *([] if quiet else [lambda: owner.post(f"/tenders/{tale.tender['tender']}/opening")]),
        *(partial(tale.release, name) for name in PRICES),
        platform.work if quiet else end_the_opening,
        draw,
        answer,
        check_in,
        *([lambda: story.qualify(owner, tale.round)] if tale.procedure == "GP_OPEN" else []),
        lambda: owner.post(f"/draws/{tale.draw or 'none'}/committee"),
        lambda: story.elect_leader(tale.members, tale.draw),
        *([talk, *(partial(_offer, tale, name) for name in PRICES), wait_for_offers] if quiet else []),
        *([partial(_free_offer, tale, name) for name in PRICES] if quiet else []),
        evaluate,
        *([publicity] if tale.procedure.startswith("GC") else []),
        award,
        lambda: story.contract(owner, tale.winner, tale.round),
    ]


def mischief(tale: Tale, chance: random.Random) -> list[Step]:
    """Return what people do besides: changes, objections, withdrawals, pauses, refusals, each with what it needs to be heard."""
    platform, owner = tale.platform, tale.owner
    name = chance.choice(list(PRICES))
    bidder, supervisor = tale.bidder(name), platform.demo("jiandu")
    moment = platform.now + timedelta(days=chance.randrange(1, 30))

    def changed(who: Party, kind: str, **wish: Any) -> None:
        to, asked = (
            f"/tenders/{tale.tender['tender']}/changes",
            {"kind": kind, "text": "情况如实登记", **wish},
        )
        plan = who.post(f"{to}/look", asked)
        if kind == "resume" and plan.get("proposal"):
            asked["new_deadline"] = plan["proposal"]
            plan = who.post(f"{to}/look", asked)
        who.post(to, asked | {"confirmed": plan["confirm"], "evidence": []})

    def answer_objections() -> None:
        for row in owner.get(f"/rounds/{tale.round}/opening")["objections"]:
            if not row["answered"]:
                owner.post(f"/opening-objections/{row['id']}/answer", {"text": "已当场核实"})

    def end_award(who: Party, kind: str) -> None:
        reason = "资金困难, 不能履行"
        asked = who.get(f"/rounds/{tale.round}/award-end?{urlencode({'kind': kind, 'reason': reason})}")
        body = {"kind": kind, "reason": reason, "signature": who.signature_on(asked["to_sign"])}
        who.post(f"/rounds/{tale.round}/award-end", body)

    to = f"/rounds/{tale.round}"
    return [
        lambda: bidder.post(f"{to}/withdrawal"),
        lambda: tale.bid(name, **_more(tale)),
        lambda: _offer(tale, name),
        lambda: _free_offer(tale, name),
        lambda: bidder.post(f"{to}/leave", {"reason": "付款条件不能接受"}) if chance.random() < 0.3 else None,
        lambda: (
            owner.post(f"{to}/retender", {"ground": "called_off", "text": "采购任务取消"})
            if chance.random() < 0.1
            else None
        ),
        lambda: tale.release(name),
        lambda: bidder.post(f"{to}/file-objections", {"text": "资质要求过高, 排斥潜在投标人"}),
        lambda: bidder.post(f"{to}/objections", {"text": "排名第一的业绩不实"}),
        lambda: bidder.post(f"{to}/opening/objections", {"text": "唱标内容与投标函不符"}),
        lambda: bidder.post(f"{to}/opening/check-in"),
        answer_objections,
        lambda: [
            owner.post(
                f"/objections/{one}/answer", {"answer": "经核实, 不成立", "upheld": chance.random() < 0.3}
            )
            for one in _open_objections(tale)
        ],
        lambda: changed(owner, "postpone", new_deadline=moment.isoformat()),
        lambda: changed(owner, "clarify", affects_bids=chance.random() < 0.5),
        lambda: changed(owner, "suspend", ground="answer"),
        lambda: changed(owner, "resume"),
        lambda: changed(supervisor, "suspend", ground="order"),
        lambda: changed(supervisor, "resume"),
        lambda: changed(owner, "terminate", ground="cancelled") if chance.random() < 0.05 else None,
        lambda: changed(owner, "outage", ground="power", started_at=platform.now.isoformat()),
        lambda: changed(owner, "end_outage"),
        lambda: owner.post(f"{to}/retender", {"ground": "first_out", "text": "候选人均放弃"}),
        lambda: owner.post(f"{to}/next"),
        lambda: end_award(tale.winner if tale.first else bidder, "refused"),
        lambda: (
            supervisor.post(f"{to}/annulment", {"decision": "训投诉〔2026〕1号", "text": "投诉成立"})
            if chance.random() < 0.2
            else None
        ),
        lambda: owner.post(f"{to}/opening/failure", {"text": "没有一份开启成功"}),
        lambda: pay(tale, name),
        lambda: owner.post(f"{to}/archive"),
    ]


def _more(tale: Tale) -> dict[str, Any]:
    """Return what a bid of a tale says besides its price; an answer before talks names none."""
    if BY_CODE[tale.procedure].quiet:
        return {"priceless": True}
    return {"more": {"size": ""}} if tale.procedure.startswith("GP") else {}


def _offer(tale: Tale, name: str) -> None:
    story.last_offer(
        tale.bidder(name),
        ocid=tale.tender["ocid"],
        main_id=tale.round,
        price=PRICES[name],
        folder=tale.folder / "last" / tale.round / name,
    )


def _free_offer(tale: Tale, name: str) -> None:
    story.release_offer(tale.bidder(name), tale.round)
    tale.platform.work()


def _round(tale: Tale) -> Round:
    return Round.objects.get(public_id=tale.round)


def _open_objections(tale: Tale) -> list[str]:
    rows = Objection.objects.filter(round__public_id=tale.round, answered_at=None)
    return list(rows.values_list("public_id", flat=True))


def pay(tale: Tale, name: str) -> None:
    """Choose the transfer and let the bank have the money, unless that was done."""
    to = f"/rounds/{tale.round}/deposit"
    made = tale.bidder(name).post(
        to, {"form": "transfer", "payer_account": ACCOUNTS[name], "payer_bank": "训练银行"}
    )
    tale.platform.work()  # the bank gives the sub-account
    row = Deposit.objects.get(public_id=made["deposit"])
    if row.sub_account and not row.receipts.exists():
        notify(tale.platform, notice_of(credit(row)))

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
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from ggzy.api.v1 import api
from ggzy.cli.verify import check_pack
from ggzy.client import story
from ggzy.client.party import Party, Problem
from ggzy.deposits.models import PostingLine
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Procedure, Stage
from ggzy.tendering.models import Round
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
    "yinhang", "danbao", "zhuanjia01", "zhuanjia02", "zhuanjia07", "",
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
_ID = re.compile(r"^[0-9a-f]{32}$")
_PLACE = re.compile(r"\{(\w+)\}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: from here on a round's bids are open
_OPENED = {Stage.OPENING, Stage.OPENED, Stage.QUAL, Stage.EVALUATING, Stage.REPORTED}


class Broken(AssertionError):
    """A law of the house does not hold."""


@dataclass
class Storm:
    """Some honest tenders, everybody who may try, and the ids that were ever seen."""

    platform: Any
    folder: Path
    seed: int
    procedures: tuple[str, ...] = ("GC_OPEN_POST", "GP_OPEN", "GP_XJ")
    chance: random.Random = field(init=False)
    ids: dict[str, list[str]] = field(default_factory=dict)
    stages: dict[int, Stage] = field(default_factory=dict)
    tales: list[Tale] = field(default_factory=list)
    lives: list[Iterator[None]] = field(default_factory=list)
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
        for number, code in enumerate(self.procedures):
            tale = Tale(self.platform, self.folder / str(number), procedure=code, changes=self._file(code))
            self.tales.append(tale)
            self.lives.append(honest(tale))

    def _file(self, code: str) -> dict[str, Any]:
        return {"GP_OPEN": {"committee_size": 7}, "GP_XJ": {"committee_size": 3}}.get(code, {})

    def run(self, steps: int) -> None:
        """Make so many steps, then recompute everything.

        :raises Broken: something happened that must not; the last steps are told
        """
        for _ in range(steps):
            throw = self.chance.random()
            step = self._go_on if throw < 0.35 else self._wait if throw < 0.42 else self._try
            try:
                step()
                self.require_lawful()
            except Problem as refused:
                raise Broken(f"{refused} 在此之后: {list(self.last)}") from refused
            except AssertionError as broken:
                raise Broken("\n".join([str(broken), "最后的步骤:", *self.last])) from broken
        self.require_balanced()
        self.require_recomputable()

    def _go_on(self) -> None:
        """Make the next step of one of the honest tenders; what others did may have made it impossible."""
        number = self.chance.randrange(len(self.lives))
        try:
            next(self.lives[number])
            self.counted["honest"] += 1
        except StopIteration:
            self.counted["ended"] += 1
        except Problem as refused:
            self._require_refused_well(refused, f"honest {self.tales[number].procedure}")
            self.counted["derailed"] += 1
        self._learn(self.tales[number].tender)

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
        name = self.chance.choice(ACTORS)
        actor: Party = self.platform.demo(name) if name else self.platform.anonymous()
        where = _PLACE.sub(lambda found: self._id(found[1]), path)
        content = operation.get("requestBody", {}).get("content", {})
        body = self._like(content.get("application/json", {}).get("schema", {})) if content else None
        self.last.append(f"{name or '无人'} {method} {where} {str(body)[:300]}")
        self.counted["tried"] += 1
        try:
            answer = actor.ask(method, where, body if body is not None else {})
        except Problem as refused:
            self._require_refused_well(refused, self.last[-1])
            return
        self.counted["done"] += 1
        self.counted[f"done {method} {path}"] += 1
        self._learn(answer)

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
        mine = [tale.tender["tender"] for tale in self.tales if tale.tender]
        for round_ in Round.objects.filter(lot__tender__public_id__in=mine).select_related("lot__tender"):
            stage, before = Stage(round_.stage), self.stages.get(round_.pk)
            procedure = BY_CODE[round_.procedure_code]
            if before is not None and before is not stage and not _leads(procedure, before, stage):
                raise Broken(f"{procedure.code}: {before} → {stage} 没有这样的步骤")
            self.stages[round_.pk] = stage
            if stage in _OPENED and round_.phase == 1:
                if round_.bid_deadline is None or self.platform.now < round_.bid_deadline:
                    raise Broken(f"{procedure.code}: 截止前到了{stage.label}")
                _require_prices_hidden(round_)

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
        self.platform.sequence()
        for tale in self.tales:
            if tale.tender:
                pack = self.platform.anonymous().get(f"/evidence/{tale.tender['ocid']}?level=public")
                if failed := [check for check in check_pack(pack) if check.outcome == "failed"]:
                    raise Broken(f"{tale.procedure}: {failed}")


def _leads(procedure: Procedure, start: Stage, end: Stage) -> bool:
    """Say whether built moves lead from a stage to another, at most three of them (a clock may follow an act)."""
    here = {start}
    for _ in range(3):
        here |= {m.target for stage in here for m in procedure.from_stage(stage) if m.built}
    return end in here


def _require_prices_hidden(round_: Round) -> None:
    """Let no bid of a round have a price in the hall before prices are shown.

    :raises Broken: one has
    """
    from ggzy.opening.models import BidOpening

    session_shown = BidOpening.objects.filter(
        session__round=round_, session__shown_at=None, shown_at__isnull=False
    )
    if session_shown.exists():
        raise Broken("报价在公布前可见")


def honest(tale: Tale) -> Iterator[None]:
    """Yield after each step of an honest tender: from the project to the contract."""
    platform, owner = tale.platform, tale.owner
    tale.prepared()
    yield
    tale.deadline = platform.now + timedelta(days=22)
    story.publish(owner, tale.tender["tender"], deadline=tale.deadline)
    yield
    more = {"more": {"size": ""}} if tale.procedure.startswith("GP") else {}
    for name in PRICES:
        tale.bid(name, **more)
        yield
    platform.advance(tale.deadline + timedelta(seconds=1))
    yield
    owner.post(f"/tenders/{tale.tender['tender']}/opening")
    yield
    for name in PRICES:
        tale.release(name)
        yield
    platform.work()
    story.end_opening(owner, tale.round)
    yield
    cast = platform.cast()
    tale.draw = story.draw(owner, cast, tale.tender["tender"])
    yield
    accepted = story.answer_calls(cast)
    yield
    tale.members = story.check_in(cast, tale.draw, accepted[tale.draw])
    yield
    if tale.stage() == "QUAL":
        story.qualify(owner, tale.round)
        yield
    owner.post(f"/draws/{tale.draw}/committee")
    yield
    story.elect_leader(tale.members, tale.draw)
    yield
    story.evaluate(tale.members, tale.round)
    platform.work()
    yield
    if tale.procedure.startswith("GC"):
        owner.post(f"/rounds/{tale.round}/publicity")
        yield
        platform.advance(platform.now + timedelta(days=4))
    tale.first = story.award(owner, tale.round)
    yield
    story.contract(owner, tale.winner, tale.round)
    yield

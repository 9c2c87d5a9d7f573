"""Complaints 投诉 of both families: who may, by when, which steps, which department, when a clock warns. Pure.

《招标投标法实施条例》第六十至六十二条; 《政府采购法》第五十五至五十八条; 《政府采购质疑和投诉办法》.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from ggzy.kernel.actors import Role
from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.refusals import Citation, Refusal
from ggzy.law.limits import Count, TimeLimit, beijing_date, runs_out

_REGULATION, _LAW, _RULES = "招标投标法实施条例", "政府采购法", "政府采购质疑和投诉办法"
_INSTANT = timedelta(microseconds=1)


class StepNotAllowed(Refusal):
    """The complaint stands elsewhere."""

    code = "complaints.step_not_allowed"


class State(StrEnum):
    """Where a complaint stands."""

    RECEIVED = "received"
    CORRECTION = "correction"
    REFUSED = "refused"
    HANDLING = "handling"
    EXTENDED = "extended"
    WITHDRAW_ASKED = "withdraw_asked"
    TRANSFERRED = "transferred"
    DECIDED = "decided"
    PUBLISHED = "published"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "received": "已收到, 待受理",
            "correction": "等待补正",
            "refused": "不予受理",
            "handling": "处理中",
            "extended": "延期处理中",
            "withdraw_asked": "申请撤回, 待决定",
            "transferred": "已移送, 等待回函",
            "decided": "已作出处理决定",
            "published": "已送达并公告",
            "closed": "已归档",
            "withdrawn": "已撤回",
        }[self.value]

    @property
    def over(self) -> bool:
        """Say whether nothing of it is left to decide."""
        return self in OVER


OVER = frozenset({State.REFUSED, State.PUBLISHED, State.CLOSED, State.WITHDRAWN})
#: where its handling clock runs
_WORKING = frozenset({State.HANDLING, State.EXTENDED})
_FRESH = frozenset({State.RECEIVED})

MATTERS = {
    "prequalification": "资格预审文件",
    "file": "招标文件或者采购文件",
    "admission": "资格审查或者加入、清退的决定",
    "opening": "开标",
    "result": "评标、中标或者成交结果",
    "first": "首购结果",
    "other": "其他",
}
#: what must be objected to first (条例60)
OBJECTED_FIRST = frozenset({"prequalification", "file", "opening", "result"})
#: what is challenged first in government procurement (94号令17)
CHALLENGED_FIRST = frozenset({"prequalification", "file", "admission", "opening", "result", "first"})

#: what only purchases without rounds know
WITHOUT_ROUNDS = frozenset({"admission", "first"})

REFUSALS = {
    "not_concerned": "投诉人不是所投诉活动的参与者, 或者与投诉项目无利害关系",
    "no_objection": "应当先提出异议或者质疑而没有提出",
    "too_late": "超过投诉时效",
    "not_specific": "投诉事项不具体, 没有线索, 难以查证",
    "decided_before": "已经作出处理决定, 没有提出新的证据",
    "in_court": "已经进入行政复议或者诉讼程序",
}
DECISIONS: Mapping[str, Mapping[str, str]] = {
    "GC": {
        "upheld": "投诉属实",
        "partly": "投诉部分属实",
        "unfounded": "投诉不属实, 驳回",
        "rejected": "捏造事实或者以非法手段取得证明材料, 驳回",
    },
    "GP": {
        "upheld": "投诉事项成立, 影响采购结果",
        "no_effect": "投诉事项成立, 不影响采购结果",
        "unfounded": "投诉事项缺乏事实依据或者不成立, 驳回",
        "rejected": "捏造事实、提供虚假材料或者以非法手段取得证明材料, 驳回",
    },
}
#: what a decision does with the round besides its words; the first leaves it as it is
REMEDIES: Mapping[str, Mapping[str, str]] = {
    "GC": {"": "由当事人按决定执行", "annul": "中标无效, 重新招标"},
    "GP": {
        "": "由当事人按决定执行",
        "redetermine": "从合格的候选人中另行确定中标供应商",
        "annul": "认定中标结果无效, 重新开展采购活动",
        "restart": "撤销采购结果, 重新开展采购活动",
        "restore": "恢复投诉人参加采购活动的资格",
    },
}
PAUSES = {
    "correction": "投诉人补正",
    "inspection": "检验、检测、鉴定",
    "experts": "专家评审",
    "outside": "需要第三方协助查证",
}


# -- steps --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a complaint: from where, to where, by whom. `target` None leaves it where it stands."""

    code: str
    label: str
    sources: frozenset[State]
    target: State | None
    actors: frozenset[Role]
    basis: Citation
    limit: str = ""
    #: whether its text is a reason that must be given
    reasoned: bool = True


@dataclass(frozen=True)
class Machine:
    """The steps of one family."""

    scope: str
    steps: tuple[Step, ...]

    def step(self, state: State | str, code: str) -> Step:
        """Return a step from a state.

        :raises StepNotAllowed: none of this name leads on from there
        """
        found = next((s for s in self.steps if s.code == code and State(state) in s.sources), None)
        if found is None:
            label = next((s.label for s in self.steps if s.code == code), code)
            raise StepNotAllowed(f"投诉当前“{State(state).label}”, 不能办理“{label}”。请刷新页面查看最新进展")
        return found

    def offered(self, state: State | str, role: Role) -> tuple[Step, ...]:
        """Return the steps that a role may take from a state."""
        return tuple(s for s in self.steps if State(state) in s.sources and role in s.actors)


_DEPARTMENT = frozenset({Role.SUPERVISOR})
_EITHER = frozenset({Role.SUPERVISOR, Role.SYSTEM})
_SYSTEM = frozenset({Role.SYSTEM})
_COMPLAINANT = frozenset({Role.BIDDER})
_RESPONDENT = frozenset({Role.TENDEREE, Role.AGENCY})


def _machine(scope: str) -> Machine:
    """Return the steps of a family; what differs is who accepts, how it is taken back, and the clauses."""
    gp = scope == "GP"
    taken = Citation(_RULES, "第二十一条") if gp else Citation(_REGULATION, "第六十一条")
    heard = Citation(_RULES, "第二十二条") if gp else Citation(_REGULATION, "第六十二条")
    stopped = Citation(_RULES, "第二十八条") if gp else Citation(_REGULATION, "第六十二条")
    decided = Citation(_LAW, "第五十六条") if gp else Citation(_REGULATION, "第六十一条")
    back = Citation(_RULES, "第三十条") if gp else Citation(_REGULATION, "第六十条")
    clock = Citation(_RULES, "第二十七条") if gp else Citation(_REGULATION, "第六十一条")
    handled, examined = ("GP-T27", "GP-T23") if gp else ("GC-T20", "GC-T19")

    def step(
        code: str,
        label: str,
        sources: Iterable[State],
        target: State | None,
        actors: frozenset[Role],
        basis: Citation,
        limit: str = "",
        *,
        reasoned: bool = True,
    ) -> Step:
        return Step(
            code=code,
            label=label,
            sources=frozenset(sources),
            target=target,
            actors=actors,
            basis=basis,
            limit=limit,
            reasoned=reasoned,
        )

    asked = State.WITHDRAW_ASKED
    returned = (
        (
            step(
                "withdraw",
                "撤回投诉",
                {*_FRESH, State.CORRECTION, *_WORKING},
                State.WITHDRAWN,
                _COMPLAINANT,
                back,
            ),
        )
        if gp
        else (
            step("withdraw", "撤回投诉", {*_FRESH, State.CORRECTION}, State.WITHDRAWN, _COMPLAINANT, back),
            step("ask_withdrawal", "申请撤回投诉", _WORKING, asked, _COMPLAINANT, back),
            step("allow_withdrawal", "准许撤回", {asked}, State.WITHDRAWN, _DEPARTMENT, back),
            step("deny_withdrawal", "不准许撤回, 继续处理", {asked}, State.HANDLING, _DEPARTMENT, back),
        )
    )
    accepts = _DEPARTMENT if gp else _EITHER
    return Machine(
        scope,
        (
            step("ask_correction", "一次性告知补正", _FRESH, State.CORRECTION, _DEPARTMENT, taken, examined),
            step("correct", "补正", {State.CORRECTION}, State.RECEIVED, _COMPLAINANT, taken),
            step("lapse", "逾期未补正, 不予受理", {State.CORRECTION}, State.REFUSED, _SYSTEM, taken),
            step("pass_on", "不属本部门管辖, 转送", _FRESH, None, _DEPARTMENT, taken, examined),
            step("refuse", "不予受理", _FRESH, State.REFUSED, _DEPARTMENT, taken, examined),
            step("accept", "受理", _FRESH, State.HANDLING, accepts, taken, examined, reasoned=False),
            step("state", "提交书面说明", _WORKING, None, _RESPONDENT, heard, "GP-T26" if gp else ""),
            step("order", "责令暂停", _WORKING, None, _DEPARTMENT, stopped, "GP-T28" if gp else ""),
            step("end_order", "解除暂停", {*_WORKING, asked, State.TRANSFERRED}, None, _EITHER, stopped),
            step("stop_clock", "检验检测鉴定、专家评审, 期限中止", _WORKING, None, _DEPARTMENT, clock),
            step("start_clock", "恢复计算期限", _WORKING, None, _DEPARTMENT, clock, reasoned=False),
            step("extend", "延期说明", {State.HANDLING}, State.EXTENDED, _DEPARTMENT, decided, handled),
            step("transfer", "移送", _WORKING, State.TRANSFERRED, _DEPARTMENT, heard),
            step("take_back", "收到回函, 继续处理", {State.TRANSFERRED}, State.HANDLING, _DEPARTMENT, heard),
            *returned,
            step("decide", "作出处理决定", _WORKING, State.DECIDED, _DEPARTMENT, decided, handled),
            step(
                "publish",
                "送达并公告",
                {State.DECIDED},
                State.PUBLISHED,
                _DEPARTMENT,
                decided,
                reasoned=False,
            ),
            step("close", "归档", {State.PUBLISHED}, State.CLOSED, _DEPARTMENT, decided, reasoned=False),
        ),
    )


MACHINES: Mapping[str, Machine] = {scope: _machine(scope) for scope in ("GC", "GP")}


# -- clocks -------------------------------------------------------------------------------------------------------


def days_between(start: datetime, end: datetime) -> frozenset[date]:
    """Return the days from one moment to another in Beijing, both included."""
    first, last = beijing_date(start), beijing_date(end)
    return frozenset(first + timedelta(days=n) for n in range((last - first).days + 1))


def complaint_ends(
    limit: TimeLimit,
    *,
    known_at: datetime,
    objected: tuple[datetime, datetime] | None,
    calendar: WorkCalendar,
) -> Count:
    """Return when a complaint in construction is too late: GC-T18 after the matter was known (条例60).

    `objected`: when the objection was raised and when it was answered, or its answer was due; those days do not
    count. `known_at` is not later than the objection.
    """
    paused = days_between(*objected) if objected else frozenset()
    return runs_out(limit, started=known_at, calendar=calendar, paused=paused)


def procurement_complaint_ends(limit: TimeLimit, *, answer_due_at: datetime, calendar: WorkCalendar) -> Count:
    """Return when a complaint in procurement is too late: GP-T22 after the time to answer has run out (94号令17)."""
    return runs_out(limit, started=answer_due_at - _INSTANT, calendar=calendar)


class Level(StrEnum):
    """How far the handling clock has run."""

    CALM = "calm"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {"calm": "正常", "blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}[self.value]


WARNED = (Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED)


def warnings(
    limit: TimeLimit,
    *,
    started: datetime,
    shares: Iterable[int],
    calendar: WorkCalendar,
    paused: frozenset[date] = frozenset(),
) -> dict[Level, datetime]:
    """Return from when on each colour warns: when this share (per cent) of the limit's days has been used, rounded up.

    The last share is the whole limit: red begins the moment it has run out.
    """
    out = {}
    for level, share in zip(WARNED, shares, strict=True):
        used = replace(limit, length=-(-limit.length * share // 100))
        out[level] = runs_out(used, started=started, calendar=calendar, paused=paused).instant
    return out


def level_at(marks: Mapping[Level, datetime], *, now: datetime) -> Level:
    """Return the highest colour whose moment has come."""
    return next((level for level in reversed(WARNED) if now >= marks[level]), Level.CALM)


def next_mark(marks: Mapping[Level, datetime], *, now: datetime) -> datetime | None:
    """Return the next moment at which a colour begins, None after red."""
    return min((at for at in marks.values() if at > now), default=None)


# -- departments --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Power:
    """One row of the list of powers 权力清单: which department handles what, where. No matters means every one."""

    department: int
    scope: str
    region: str
    matters: frozenset[str] = frozenset()


def responsible(powers: Iterable[Power], *, scope: str, matter: str, region: str) -> int | None:
    """Return the department that handles a complaint: the nearest region first, then who names the matter.

    A code that ends in pairs of zeros covers what lies within it: 370000 covers 370100.
    """
    fits = [
        power
        for power in powers
        if power.scope == scope
        and (not power.matters or matter in power.matters)
        and region.startswith(_within(power.region))
    ]
    best = max(fits, key=lambda p: (len(_within(p.region)), bool(p.matters)), default=None)
    return best.department if best else None


def _within(region: str) -> str:
    """Return what the codes within a region begin with: 371000 is a city, and 371300 is not in it."""
    while region.endswith("00"):
        region = region[:-2]
    return region

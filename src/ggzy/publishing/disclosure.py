"""The forty items a centre makes public, as values, and the judgement of one item on one tender. Pure.

Items, wording and sectors are written from memory of the guide for publicity in public-resource trading (status M: it
warns). An item is satisfied by what the platform has published: a kind of notice, or an act that anyone reads in
the log. Nobody ticks a box.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from ggzy.kernel.calendars import WorkCalendar
from ggzy.kernel.refusals import Citation
from ggzy.law import table
from ggzy.law.limits import Bound, Status, TimeLimit, Unit, beijing_date, runs_out

GUIDE = Citation("公共资源交易领域基层政务公开标准指引", "")
#: the guide's general limit: within twenty working days after the information is formed
TWENTY = TimeLimit(
    key="DISCLOSURE-20",
    says="信息形成后公开",
    basis=(GUIDE,),
    starts="information.formed",
    length=20,
    unit=Unit.WORKDAY,
    bound=Bound.NO_LATER_THAN,
    status=Status.MEMORY,
    in_force_from=date(2019, 7, 1),
)


class Sector(StrEnum):
    """Fields of trade the items belong to."""

    CONSTRUCTION = "construction"
    PROCUREMENT = "procurement"
    LAND = "land"
    MINING = "mining"
    STATE_PROPERTY = "state_property"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {
            "construction": "工程建设",
            "procurement": "政府采购",
            "land": "土地使用权",
            "mining": "矿业权",
            "state_property": "国有产权",
        }[self.value]


#: what is open on this platform; items of the other sectors say honestly that they are not
OPEN = frozenset({Sector.CONSTRUCTION})


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item: what, on what ground, within what time, where, by whom, and by which facts it is satisfied.

    `formed` names the acts or notices from which the limit runs, `shown` those that make it public; an item without
    `shown` cannot be told by this platform yet. A notice is written `notice:kind`.
    """

    number: int
    sector: Sector
    name: str
    content: str
    responsible: str
    basis: tuple[Citation, ...] = (GUIDE,)
    limit: str = ""
    channel: str = "本平台, 法定媒介"
    formed: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Say whether the platform can tell of this item."""
        return self.sector in OPEN and bool(self.shown)

    def limit_on(self, day: date) -> TimeLimit:
        """Return the limit in force on a day: a statute's where one is named, else the guide's."""
        return table.limit(self.limit, on=day) if self.limit else TWENTY

    @property
    def cites(self) -> str:
        """Return the grounds as people cite them."""
        return "、".join(str(one) for one in self.basis)


def _law(article: str, instrument: str = "招标投标法实施条例") -> tuple[Citation, ...]:
    return (Citation(instrument, article), GUIDE)


_OWNER, _CENTRE, _SUPERVISOR = "招标人、代理机构", "交易中心", "行政监督部门"
_G, _P, _L = Sector.CONSTRUCTION, Sector.PROCUREMENT, Sector.LAND
_M, _S = Sector.MINING, Sector.STATE_PROPERTY


def _named(sector: Sector, rows: Iterable[tuple[str, str, str]]) -> list[dict[str, object]]:
    return [
        {"sector": sector, "name": name, "content": content, "responsible": who}
        for name, content, who in rows
    ]


def _all_by(sector: Sector, who: str, rows: Iterable[tuple[str, str]]) -> list[dict[str, object]]:
    return _named(sector, ((name, content, who) for name, content in rows))


_ROWS: tuple[dict[str, object], ...] = (
    {
        "sector": _G, "name": "项目登记与审批核准情况", "content": "项目名称、代码、审批文件、资金、规模、地点",
        "responsible": _OWNER, "formed": ("tendering.published",), "shown": ("notice:tender",),
    },
    {
        "sector": _G, "name": "招标公告、资格预审公告", "content": "招标条件、范围、资格要求、文件获取、截止和开标",
        "responsible": _OWNER, "basis": _law("第十六条", "招标投标法"),
        "formed": ("tendering.published",), "shown": ("notice:tender", "notice:prequalification"),
    },
    {
        "sector": _G, "name": "招标文件", "content": "招标文件全文和校验值", "channel": "本平台",
        "responsible": _OWNER, "formed": ("tendering.published",), "shown": ("tendering.published",),
    },
    {
        "sector": _G, "name": "招标文件的澄清和修改", "content": "澄清、修改的内容和顺延的时间",
        "responsible": _OWNER, "basis": _law("第二十一条"),
        "formed": ("notice:clarification", "notice:postponement"),
        "shown": ("notice:clarification", "notice:postponement"),
    },
    {
        "sector": _G, "name": "暂停、恢复和终止", "content": "暂停、恢复或者终止的原因和后续安排",
        "responsible": _OWNER, "basis": _law("第三十一条"),
        "formed": ("notice:suspension", "notice:resumption", "notice:termination"),
        "shown": ("notice:suspension", "notice:resumption", "notice:termination"),
    },
    {
        "sector": _G, "name": "开标记录", "content": "投标人、报价、工期、开标异议和答复",
        "responsible": _OWNER, "basis": _law("第三十六条", "招标投标法"),
        "formed": ("opening.ended",), "shown": ("notice:opening_record",),
    },
    {
        "sector": _G, "name": "评标专家抽取过程", "content": "候选编号、三方种子、名次, 可以重算", "channel": "本平台",
        "responsible": _CENTRE, "formed": ("experts.ranked",), "shown": ("experts.ranked",),
    },
    {
        "sector": _G, "name": "中标候选人公示", "content": "候选人、报价、评标情况、被否决的投标和原因、异议渠道",
        "responsible": _OWNER, "basis": _law("第五十四条"), "limit": "GC-T12",
        "formed": ("evaluation.reported",), "shown": ("notice:candidates",),
    },
    {
        "sector": _G, "name": "异议的答复情况", "content": "异议已答复, 及是否成立", "channel": "本平台(存证日志)",
        "responsible": _OWNER, "basis": _law("第五十四条"),
        "formed": ("objections.answered",), "shown": ("objections.answered",),
    },
    {
        "sector": _G, "name": "中标结果", "content": "中标人、中标价", "responsible": _OWNER,
        "formed": ("awarding.notified",), "shown": ("notice:result",),
    },
    {
        "sector": _G, "name": "招标失败(流标)", "content": "流标的原因、依据和后续安排", "responsible": _OWNER,
        "formed": ("opening.failed", "evaluation.all_rejected"), "shown": ("notice:failure",),
    },
    {
        "sector": _G, "name": "合同订立信息", "content": "合同当事人、价款、签订时间、合同文本校验值",
        "responsible": _OWNER, "formed": ("contracting.signed",), "shown": ("notice:contract",),
    },
    {"sector": _G, "name": "合同履行和变更信息", "content": "变更、进度、结算", "responsible": _OWNER},
    {
        "sector": _G, "name": "投诉处理和行政处罚决定", "content": "投诉处理决定", "responsible": _SUPERVISOR,
        "formed": ("complaints.decided",), "shown": ("notice:decision",),
    },
    *_named(
        _P,
        (
            ("采购意向", "拟采购的项目、预算和时间", "采购人"),
            ("采购公告、资格预审公告", "采购需求、资格条件、获取文件和截止时间", "采购人、代理机构"),
            ("单一来源公示", "唯一供应商和论证意见", "采购人"),
            ("采购文件和更正事项", "采购文件及其更正", "采购人、代理机构"),
            ("开标和评审专家抽取情况", "开标记录, 抽取过程", "代理机构"),
            ("中标、成交结果", "供应商、金额、标的、评审专家名单", "采购人、代理机构"),
            ("终止、废标公告", "原因和后续安排", "采购人、代理机构"),
            ("采购合同", "合同文本", "采购人"),
            ("质疑投诉和处罚结果", "投诉处理决定、监督检查和处罚", "财政部门"),
        ),
    ),
    *_all_by(
        _L, "自然资源主管部门",
        (
            ("出让计划", "年度供应计划和地块"),
            ("出让公告和文件", "地块条件、起始价、保证金、报名和竞价时间"),
            ("公告的补充和变更", "补充、中止、终止的原因"),
            ("竞价过程", "报价轮次和竞价结果"),
            ("成交结果", "竞得人、成交价、地块"),
            ("出让合同和履约", "合同主要内容、价款缴纳"),
        ),
    ),
    *_all_by(
        _M, "自然资源主管部门",
        (
            ("出让公告和文件", "矿种、范围、出让方式和竞买条件"),
            ("公告的补充和变更", "补充、中止、终止的原因"),
            ("竞价或评审过程", "报价轮次或者评审情况"),
            ("出让结果公示", "受让人、成交价、异议渠道"),
            ("登记信息", "探矿权、采矿权登记"),
        ),
    ),
    *_all_by(
        _S, "转让方、交易机构",
        (
            ("转让预披露", "标的和转让行为的决策批准"),
            ("转让信息披露", "标的、底价、受让方条件、披露期"),
            ("披露的延长、变更和终结", "变化的内容和原因"),
            ("竞价过程", "报价轮次和结果"),
            ("交易结果", "受让方、成交价"),
            ("合同和价款结算", "合同签订和价款支付情况"),
        ),
    ),
)  # fmt: skip

ITEMS: tuple[Item, ...] = tuple(
    Item(number=number, **row)  # type: ignore[arg-type]
    for number, row in enumerate(_ROWS, 1)
)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something public: an act or a notice (`notice:kind`), the rounds it speaks of (none: all), when, and where."""

    sign: str
    rounds: frozenset[str]
    at: datetime
    link: str


class Standing(StrEnum):
    """How an item stands on a tender."""

    NOT_OPEN = "not_open"
    NOT_FORMED = "not_formed"
    DUE = "due"
    OVERDUE = "overdue"
    DONE = "done"
    DONE_LATE = "done_late"

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {
            "not_open": "尚未开通",
            "not_formed": "尚未形成",
            "due": "待公开",
            "overdue": "逾期未公开",
            "done": "已公开",
            "done_late": "已公开(逾期)",
        }[self.value]

    @property
    def red(self) -> bool:
        """Say whether it is shown red."""
        return self in {Standing.OVERDUE, Standing.DONE_LATE}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One item on one tender: how it stands, from when, until when, when it was done and where it is."""

    item: Item
    standing: Standing
    formed_at: datetime | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None
    link: str = ""


#: of several rounds of a tender the worst one is what the item says
_WORST = (Standing.OVERDUE, Standing.DUE, Standing.DONE_LATE, Standing.DONE)


def judge(item: Item, facts: Iterable[Fact], *, calendar: WorkCalendar, now: datetime) -> Judged:
    """Return how an item stands on a tender: each time it was formed it must be shown in time, for its own round."""
    if not item.open:
        return Judged(item=item, standing=Standing.NOT_OPEN)
    facts = list(facts)
    formed = [fact for fact in facts if fact.sign in item.formed]
    if not formed:
        return Judged(item=item, standing=Standing.NOT_FORMED)
    shown = sorted((fact for fact in facts if fact.sign in item.shown), key=lambda fact: fact.at)
    rows = [_one(item, fact, shown, calendar=calendar, now=now) for fact in formed]
    worst = min(_WORST.index(row.standing) for row in rows)
    return max(
        (row for row in rows if row.standing is _WORST[worst]),
        key=lambda row: row.formed_at or row.due_at or now,
    )


def _one(item: Item, formed: Fact, shown: list[Fact], *, calendar: WorkCalendar, now: datetime) -> Judged:
    limit = item.limit_on(beijing_date(formed.at))
    due_at = runs_out(limit, started=formed.at, calendar=calendar).instant
    # shown before it was formed is an earlier occasion's; the same moment is this one's
    for fact in shown:
        same = not fact.rounds or not formed.rounds or bool(fact.rounds & formed.rounds)
        if same and fact.at >= formed.at:
            standing = Standing.DONE if fact.at < due_at else Standing.DONE_LATE
            return Judged(
                item=item,
                standing=standing,
                formed_at=formed.at,
                due_at=due_at,
                done_at=fact.at,
                link=fact.link,
            )
    standing = Standing.DUE if now < due_at else Standing.OVERDUE
    return Judged(item=item, standing=standing, formed_at=formed.at, due_at=due_at)

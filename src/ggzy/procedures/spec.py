"""What a procedure is: stages, and moves between them. Only a move changes a stage."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import Citation, Refusal
from ggzy.law.families import family


class MoveNotAllowed(Refusal):
    """The round stands at another stage, or a hold stops the move."""

    code = "procedure.move_not_allowed"


class Stage(StrEnum):
    """Where a round stands. Values are the ids of the rulebook's machines."""

    DRAFT = "DRAFT"
    REGISTERED = "REGISTERED"
    DOC_EDIT = "DOC_EDIT"
    FC_REVIEW = "FC_REVIEW"
    DOC_READY = "DOC_READY"
    OPEN_FOR_BID = "OPEN_FOR_BID"
    CLOSED = "CLOSED"
    OPENING = "OPENING"
    OPENED = "OPENED"
    EVALUATING = "EVALUATING"
    REPORTED = "REPORTED"
    CAND_PUB = "CAND_PUB"
    CAND_END = "CAND_END"
    AWARDED = "AWARDED"
    NOTIFIED = "NOTIFIED"
    CONTRACTED = "CONTRACTED"
    PERFORMING = "PERFORMING"
    ARCHIVED = "ARCHIVED"
    FAILED = "FAILED"
    TERMINATED = "TERMINATED"
    PQ_EDIT = "PQ_EDIT"
    PQ_OPEN = "PQ_OPEN"
    PQ_CLOSED = "PQ_CLOSED"
    PQ_REVIEW = "PQ_REVIEW"
    PQ_RESULT = "PQ_RESULT"
    PQ_DONE = "PQ_DONE"
    PQ_FAILED = "PQ_FAILED"
    IV_REASON = "IV_REASON"
    IV_LIST = "IV_LIST"
    IV_SENT = "IV_SENT"
    IV_DONE = "IV_DONE"
    IV_FAILED = "IV_FAILED"
    TS1_OPEN = "TS1_OPEN"
    TS1_REVIEW = "TS1_REVIEW"
    TS2_OPEN = "TS2_OPEN"
    TS_DONE = "TS_DONE"
    TS_FAILED = "TS_FAILED"
    BUDGET = "BUDGET"
    INTENT = "INTENT"
    PLAN = "PLAN"
    QUAL = "QUAL"
    CONFIRMED = "CONFIRMED"
    ANNOUNCED = "ANNOUNCED"
    PUBLISHED = "PUBLISHED"
    CANCELLED = "CANCELLED"
    STOPPED = "STOPPED"
    ARGUE = "ARGUE"
    PUBLICITY = "PUBLICITY"
    REARGUE = "REARGUE"
    APPROVAL = "APPROVAL"
    NEGOTIATE = "NEGOTIATE"
    RECORDED = "RECORDED"
    CHANGED = "CHANGED"
    FO_OPEN = "FO_OPEN"
    FO_KEYS = "FO_KEYS"
    FO_DONE = "FO_DONE"
    NEEDS = "NEEDS"
    SHORTLIST = "SHORTLIST"
    AGREED = "AGREED"
    ACTIVE = "ACTIVE"
    SUPPLEMENT = "SUPPLEMENT"
    EXPIRED = "EXPIRED"
    ANNOUNCE = "ANNOUNCE"
    APPLIED = "APPLIED"
    JOINED = "JOINED"
    QUIT = "QUIT"
    REJECTED = "REJECTED"
    NEED = "NEED"
    SELECT = "SELECT"
    MINI_BID = "MINI_BID"
    TURN = "TURN"
    LOWER = "LOWER"
    DEALT = "DEALT"
    HC_PLAN = "HC_PLAN"
    HC_OPEN = "HC_OPEN"
    HC_QUALIFY = "HC_QUALIFY"
    HC_EXCHANGE = "HC_EXCHANGE"
    HC_ANSWER = "HC_ANSWER"
    HC_TALKS = "HC_TALKS"
    HC_FINAL = "HC_FINAL"
    HC_REVIEW = "HC_REVIEW"
    HC_RANKED = "HC_RANKED"
    HC_RESEARCH = "HC_RESEARCH"
    HC_FIRST = "HC_FIRST"
    HC_CHOSEN = "HC_CHOSEN"
    HC_BOUGHT = "HC_BOUGHT"
    RD_SIGN = "RD_SIGN"
    RD_WORK = "RD_WORK"
    RD_PRODUCT = "RD_PRODUCT"
    RD_PASSED = "RD_PASSED"
    RD_OUT = "RD_OUT"

    @property
    def failed(self) -> bool:
        """Say whether this is the end of a round that failed."""
        return self in FAILURES

    @property
    def label(self) -> str:
        """Return the words people read."""
        return STAGE_LABELS[self]


STAGE_LABELS: dict[Stage, str] = {
    Stage.DRAFT: "项目草稿",
    Stage.REGISTERED: "已进场登记",
    Stage.DOC_EDIT: "招标文件编制",
    Stage.FC_REVIEW: "公平竞争审查",
    Stage.DOC_READY: "待发布",
    Stage.OPEN_FOR_BID: "公告及投标中",
    Stage.CLOSED: "投标截止",
    Stage.OPENING: "开标中",
    Stage.OPENED: "开标完成",
    Stage.EVALUATING: "评标中",
    Stage.REPORTED: "评标报告已提交",
    Stage.CAND_PUB: "中标候选人公示中",
    Stage.CAND_END: "公示期满",
    Stage.AWARDED: "已确定中标人",
    Stage.NOTIFIED: "中标通知书已发出",
    Stage.CONTRACTED: "合同已签订",
    Stage.PERFORMING: "履约中",
    Stage.ARCHIVED: "已归档",
    Stage.FAILED: "招标失败(流标)",
    Stage.TERMINATED: "终止招标",
    Stage.PQ_EDIT: "预审文件编制",
    Stage.PQ_OPEN: "预审公告及申请中",
    Stage.PQ_CLOSED: "预审申请截止",
    Stage.PQ_REVIEW: "资格审查中",
    Stage.PQ_RESULT: "审查结果待通知",
    Stage.PQ_DONE: "投标邀请书已发",
    Stage.PQ_FAILED: "预审失败",
    Stage.IV_REASON: "邀请理由审核",
    Stage.IV_LIST: "邀请名单确定",
    Stage.IV_SENT: "邀请书已发",
    Stage.IV_DONE: "受邀人投标",
    Stage.IV_FAILED: "邀请失败",
    Stage.TS1_OPEN: "第一阶段征集技术建议",
    Stage.TS1_REVIEW: "建议评审及编制文件",
    Stage.TS2_OPEN: "第二阶段投标",
    Stage.TS_DONE: "两阶段转入开标",
    Stage.TS_FAILED: "第一阶段失败",
    Stage.BUDGET: "采购需求编制",
    Stage.INTENT: "采购意向已公开",
    Stage.PLAN: "采购计划已备案",
    Stage.QUAL: "采购人资格审查",
    Stage.CONFIRMED: "已确定中标供应商",
    Stage.ANNOUNCED: "中标结果已公告",
    Stage.PUBLISHED: "合同已备案",
    Stage.CANCELLED: "废标",
    Stage.STOPPED: "采购活动终止",
    Stage.ARGUE: "专业人员论证",
    Stage.PUBLICITY: "单一来源公示中",
    Stage.REARGUE: "补充论证",
    Stage.APPROVAL: "财政部门审批",
    Stage.NEGOTIATE: "与供应商协商",
    Stage.RECORDED: "协商情况已记录",
    Stage.CHANGED: "改用其他采购方式",
    Stage.FO_OPEN: "最后报价接收中",
    Stage.FO_KEYS: "最后报价解密中",
    Stage.FO_DONE: "最后报价已揭示",
    Stage.NEEDS: "需求调查",
    Stage.SHORTLIST: "入围待签协议",
    Stage.AGREED: "框架协议已签订",
    Stage.ACTIVE: "框架协议有效",
    Stage.SUPPLEMENT: "补充征集",
    Stage.EXPIRED: "协议期满",
    Stage.ANNOUNCE: "征集公告有效",
    Stage.APPLIED: "已申请加入",
    Stage.JOINED: "已入围",
    Stage.QUIT: "已退出框架协议",
    Stage.REJECTED: "申请未通过",
    Stage.NEED: "采购人提出需求",
    Stage.SELECT: "直接选定",
    Stage.MINI_BID: "二次竞价中",
    Stage.TURN: "顺序轮候中",
    Stage.LOWER: "更低价核实",
    Stage.DEALT: "成交已确定",
    Stage.HC_PLAN: "采购方案编制",
    Stage.HC_OPEN: "公告及申请中",
    Stage.HC_QUALIFY: "申请人资格审查中",
    Stage.HC_EXCHANGE: "创新概念交流",
    Stage.HC_ANSWER: "研发谈判文件响应中",
    Stage.HC_TALKS: "研发竞争谈判",
    Stage.HC_FINAL: "最终响应中",
    Stage.HC_REVIEW: "最终响应评审中",
    Stage.HC_RANKED: "待确定研发供应商",
    Stage.HC_RESEARCH: "合作研发中",
    Stage.HC_FIRST: "首购评审中",
    Stage.HC_CHOSEN: "首购产品待公告",
    Stage.HC_BOUGHT: "首购协议待签",
    Stage.RD_SIGN: "研发合同待签",
    Stage.RD_WORK: "分阶段研发中",
    Stage.RD_PRODUCT: "创新产品验收",
    Stage.RD_PASSED: "创新产品通过验收",
    Stage.RD_OUT: "研发合同终止",
}


class Hold(StrEnum):
    """What may stand beside the stage and stop certain moves."""

    OBJECTION = "objection"
    COMPLAINT = "complaint"
    COURT = "court"
    SUSPENSION = "suspension"
    SYSTEM_FAILURE = "system_failure"
    CHALLENGE = "challenge"

    @property
    def label(self) -> str:
        """Return the words people read."""
        return {
            "objection": "异议未答复",
            "complaint": "投诉暂停",
            "court": "司法协助",
            "suspension": "行政监督暂停",
            "system_failure": "系统故障中止",
            "challenge": "质疑未答复",
        }[self.value]


#: ends that failed: a new round, or another way of buying, may follow
FAILURES = frozenset(
    {
        Stage.FAILED,
        Stage.PQ_FAILED,
        Stage.IV_FAILED,
        Stage.TS_FAILED,
        Stage.CANCELLED,
        Stage.STOPPED,
        Stage.CHANGED,
    }
)

#: a challenge 质疑 stops no more than the contract, and only where its moves say so (政采条例54)
EVERY_HOLD = frozenset(Hold) - {Hold.CHALLENGE}
NO_HOLD: frozenset[Hold] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Move:
    """One transition. Its code is the name of its action; its label is what people read.

    `limits` are rulebook ids of clocks that guard or start here. `built` is False while the move stands in the
    catalogue as deferred: it is shown so on every page and refuses to be made.
    """

    code: str
    label: str
    source: Stage
    target: Stage
    actors: frozenset[Role]
    guard: str = ""
    documents: str = ""
    limits: tuple[str, ...] = ()
    basis: tuple[Citation, ...] = ()
    blocked_by: frozenset[Hold] = EVERY_HOLD
    built: bool = True

    @property
    def stays(self) -> bool:
        """Say whether this is an event that leaves the stage as it is."""
        return self.source is self.target


@dataclass(frozen=True)
class Procedure:
    """A whole way of trading: one value in the catalogue."""

    code: str
    label: str
    scope: str
    moves: tuple[Move, ...]
    initial: Stage
    final: frozenset[Stage]
    minimum_bids: int
    basis: str
    _by_place: dict[tuple[Stage, str], Move] = field(default_factory=dict, repr=False, compare=False)
    #: one sentence: when the law allows this way of tendering
    lawful_when: str = ""
    #: a front runs before the main procedure and decides who may bid in it; its packages carry no price
    front: bool = False
    #: nobody competes: there are no bids, no rounds and no tender, the purchase is a thing of its own (单一来源)
    bids: bool = True
    #: answers carry no price and are opened for the group alone; prices come in last offers and are never read out
    quiet: bool = False
    #: it runs inside another procedure: no tender is of it (最后报价)
    part: bool = False
    #: its result names several suppliers at once, and what they sign is another context's (入围, 研发供应商)
    several: bool = False
    #: responses name a unit price of each item, and rank by their sum; a lot has no ceiling of its own
    unit_prices: bool = False

    def __post_init__(self) -> None:
        for move in self.moves:
            if (move.source, move.code) in self._by_place:
                raise ValueError(f"{self.code}: two moves {move.code} from {move.source}")
            self._by_place[move.source, move.code] = move

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Return every stage, in the order in which the moves name them."""
        seen: dict[Stage, None] = {self.initial: None}
        for move in self.moves:
            seen.setdefault(move.source)
            seen.setdefault(move.target)
        return tuple(seen)

    def move(self, stage: Stage | str, code: str, *, holds: Iterable[Hold | str] = ()) -> Move:
        """Return the move `code` from `stage`.

        :raises MoveNotAllowed: no such move from here, it is deferred, or a hold blocks it
        """
        found = self._by_place.get((Stage(stage), code))
        if found is None:
            label = next((m.label for m in self.moves if m.code == code), code)
            raise MoveNotAllowed(
                f"当前处于“{Stage(stage).label}”, 不能进行“{label}”。请刷新页面查看最新进展和下一步"
            )
        if not found.built:
            raise MoveNotAllowed(f"“{found.label}”尚未开放, 在程序目录中标为待建")
        blocking = sorted(Hold(h).label for h in holds if Hold(h) in found.blocked_by)
        if blocking:
            raise MoveNotAllowed(f"因{'、'.join(blocking)}, 暂停进行“{found.label}”, 解除后方可继续")
        return found

    def stops(self, key: str) -> frozenset[Hold]:
        """Return the holds whose days a limit does not count: those that stop every built move that has to keep it."""
        stopped = [move.blocked_by for move in self.moves if key in move.limits and move.built]
        return frozenset.intersection(*stopped) if stopped else NO_HOLD

    def has(self, stage: Stage | str, code: str) -> bool:
        """Say whether there is a built move `code` from a stage (holds are not asked)."""
        found = self._by_place.get((Stage(stage), code))
        return found is not None and found.built

    @property
    def priced(self) -> bool:
        """Say whether the packages that this procedure takes carry a price."""
        return not self.front and not self.quiet

    def label_of(self, stage: Stage | str) -> str:
        """Return what a stage is called in this procedure."""
        return family(self.code).stages.get(Stage(stage).value) or Stage(stage).label

    @property
    def failures(self) -> frozenset[Stage]:
        """Return the ends after which the lot is tendered anew."""
        return self.final & FAILURES

    def from_stage(self, stage: Stage | str) -> tuple[Move, ...]:
        """Return the moves that leave or stay at a stage, deferred ones included."""
        return tuple(m for m in self.moves if m.source == stage)

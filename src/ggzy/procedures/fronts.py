"""Fronts: what comes before the main procedure and decides who may bid in it. Each is a value as every procedure is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import Citation
from ggzy.procedures.spec import NO_HOLD, Move, Procedure, Stage

_LAW, _RULES, _ELECTRONIC = "招标投标法", "招标投标法实施条例", "电子招标投标办法"
_OWNER_SIDE = frozenset({Role.TENDEREE, Role.AGENCY})
_BIDDER = frozenset({Role.BIDDER})
_COMMITTEE = frozenset({Role.EXPERT, Role.TENDEREE})
_SYSTEM = frozenset({Role.SYSTEM})
_SUPERVISOR = frozenset({Role.SUPERVISOR})


def _packages(stage: Stage, *, what: str) -> tuple[Move, Move]:
    """Return the two moves by which a front takes sealed packages without a price, and gives them back."""
    return (
        Move(
            code="submit_bid",
            label=f"提交加密的{what}",
            source=stage,
            target=stage,
            actors=_BIDDER,
            documents=f"加密的{what}、签名清单",
            guard="不得含报价, 含报价退回; 未加密拒收; 截止后拒收; 即时回执; 身份保密",
            basis=(Citation(_ELECTRONIC, "第二十六条"), Citation(_ELECTRONIC, "第二十七条")),
            blocked_by=NO_HOLD,
        ),
        Move(
            code="withdraw_bid",
            label=f"撤回或替换{what}",
            source=stage,
            target=stage,
            actors=_BIDDER,
            documents="撤回通知",
            guard="截止前任意次; 旧密文不再解密",
            basis=(Citation(_ELECTRONIC, "第二十七条"),),
            blocked_by=NO_HOLD,
        ),
    )


def _release(stage: Stage, *, what: str) -> Move:
    """Return the move by which senders free their packages: to the reviewers alone, never in a public hall."""
    return Move(
        code="release_key",
        label=f"解密{what}",
        source=stage,
        target=stage,
        actors=_BIDDER | _SYSTEM,
        documents="解密记录",
        guard="只向审查者开启, 不公开; 逾期未解密视为撤销; 解密后发现含报价的视为撤销",
        basis=(Citation(_ELECTRONIC, "第三十条"), Citation(_ELECTRONIC, "第三十一条")),
        blocked_by=NO_HOLD,
    )


def _postpone(stage: Stage, *, what: str, basis: tuple[Citation, ...]) -> Move:
    """Return the move that moves a front's deadline back, by the owner side or after a silence by the system."""
    return Move(
        code="postpone_front",
        label=f"推后{what}",
        source=stage,
        target=stage,
        actors=_OWNER_SIDE | _SYSTEM,
        documents="延期公告或通知",
        guard="截止时间只能推后; 同时通知全部有关单位; 不透露名称和数量",
        basis=basis,
        blocked_by=NO_HOLD,
    )


GC_PREQ = Procedure(
    "GC_PREQ",
    "工程建设 公开招标(资格预审)",
    "GC",
    (
        Move(
            code="publish_prequalification",
            label="发布资格预审公告",
            source=Stage.PQ_EDIT,
            target=Stage.PQ_OPEN,
            actors=_OWNER_SIDE,
            documents="资格预审公告、资格预审文件",
            guard="公平竞争审查通过; 预审文件发售不少于5日; 申请时间自停止发售之日起不少于5日",
            limits=("GC-T01", "GC-T02"),
            basis=(Citation(_RULES, "第十五条"), Citation(_RULES, "第十六条"), Citation(_RULES, "第十七条")),
        ),
        Move(
            code="clarify_prequalification",
            label="澄清修改资格预审文件",
            source=Stage.PQ_OPEN,
            target=Stage.PQ_OPEN,
            actors=_OWNER_SIDE,
            documents="澄清文件",
            guard="可能影响申请文件编制的, 距截止不少于3日, 否则延期",
            limits=("GC-T04",),
            basis=(Citation(_RULES, "第二十一条"),),
            blocked_by=NO_HOLD,
        ),
        Move(
            code="object_to_prequalification",
            label="对资格预审文件提出异议",
            source=Stage.PQ_OPEN,
            target=Stage.PQ_OPEN,
            actors=_BIDDER,
            documents="异议书",
            guard="截止2日前; 答复前暂停; 逾期提出的照收, 标明逾期",
            limits=("GC-T06", "GC-T08"),
            basis=(Citation(_RULES, "第二十二条"),),
            blocked_by=NO_HOLD,
        ),
        _postpone(Stage.PQ_OPEN, what="申请截止时间", basis=(Citation(_RULES, "第二十一条"),)),
        *_packages(Stage.PQ_OPEN, what="资格预审申请文件"),
        Move(
            code="close_bidding",
            label="申请截止时刻到",
            source=Stage.PQ_OPEN,
            target=Stage.PQ_CLOSED,
            actors=_SYSTEM,
            documents="截止时的密文承诺",
            guard="截止前任何人(含平台)不得解密提取",
            basis=(Citation(_ELECTRONIC, "第二十七条"),),
            blocked_by=NO_HOLD,
        ),
        _release(Stage.PQ_CLOSED, what="资格预审申请文件"),
        Move(
            code="seat_committee",
            label="组建资格审查委员会",
            source=Stage.PQ_CLOSED,
            target=Stage.PQ_REVIEW,
            actors=_OWNER_SIDE,
            documents="抽取记录、回避声明",
            guard="国有资金占控股或者主导地位的依法必须招标项目必须组建; 组成同评标委员会",
            basis=(Citation(_RULES, "第十八条"), Citation(_LAW, "第三十七条")),
        ),
        Move(
            code="submit_report",
            label="完成资格审查, 提交审查报告",
            source=Stage.PQ_REVIEW,
            target=Stage.PQ_RESULT,
            actors=_COMMITTEE,
            documents="资格审查报告",
            guard="按预审文件载明的标准和方法审查, 未载明的不得作为依据; 全体成员签名",
            basis=(Citation(_RULES, "第十八条"),),
        ),
        Move(
            code="send_results",
            label="发出结果通知书和投标邀请书",
            source=Stage.PQ_RESULT,
            target=Stage.PQ_DONE,
            actors=_OWNER_SIDE,
            documents="资格预审结果通知书、投标邀请书",
            guard="合格者不少于3个; 每个申请人只收到自己的结果; 未通过者不具有投标资格",
            basis=(Citation(_RULES, "第十九条"), Citation(_LAW, "第二十二条")),
        ),
        Move(
            code="fail_for_lack_of_qualified",
            label="通过资格预审的申请人少于3个",
            source=Stage.PQ_RESULT,
            target=Stage.PQ_FAILED,
            actors=_SYSTEM,
            documents="异常报告",
            guard="应当重新招标",
            basis=(Citation(_RULES, "第十九条"),),
            blocked_by=NO_HOLD,
        ),
        Move(
            code="fail_for_lack_of_bids",
            label="申请人少于3个, 预审失败",
            source=Stage.PQ_CLOSED,
            target=Stage.PQ_FAILED,
            actors=_SYSTEM,
            documents="异常报告",
            guard="应当重新招标; 已递交的申请文件不开启",
            basis=(Citation(_RULES, "第十九条"),),
            blocked_by=NO_HOLD,
        ),
    ),
    Stage.PQ_EDIT,
    frozenset({Stage.PQ_DONE, Stage.PQ_FAILED}),
    3,
    "招标投标法实施条例第十五至十九条、第二十一条、第二十二条",
    lawful_when="需要在投标前审查资格的公开招标; 应当发布资格预审公告、编制资格预审文件(条例第十五条)",
    front=True,
)

GC_INVITE = Procedure(
    "GC_INVITE",
    "工程建设 邀请招标",
    "GC",
    (
        Move(
            code="state_reason",
            label="提出邀请招标的理由",
            source=Stage.IV_REASON,
            target=Stage.IV_REASON,
            actors=_OWNER_SIDE,
            documents="理由及依据材料",
            guard="只限条例第八条两项情形",
            basis=(Citation(_RULES, "第八条"),),
        ),
        Move(
            code="approve_invitation",
            label="认定符合邀请招标情形",
            source=Stage.IV_REASON,
            target=Stage.IV_LIST,
            actors=_SUPERVISOR,
            documents="认定意见",
            guard="技术复杂、有特殊要求或者受自然环境限制, 只有少量潜在投标人可供选择; 或者公开招标费用占比过大",
            basis=(Citation(_LAW, "第十一条"), Citation(_RULES, "第八条")),
        ),
        Move(
            code="refuse_invitation",
            label="认定不符合, 改公开招标",
            source=Stage.IV_REASON,
            target=Stage.IV_FAILED,
            actors=_SUPERVISOR,
            documents="认定意见",
            guard="不符合条例第八条情形的, 改公开招标",
            basis=(Citation(_RULES, "第八条"),),
        ),
        Move(
            code="list_invitees",
            label="确定邀请名单",
            source=Stage.IV_LIST,
            target=Stage.IV_LIST,
            actors=_OWNER_SIDE,
            documents="邀请名单(保密)",
            guard="3个以上具备能力、资信良好的特定法人或者其他组织",
            basis=(Citation(_LAW, "第十七条"), Citation(_LAW, "第二十二条")),
        ),
        Move(
            code="send_invitations",
            label="发出投标邀请书",
            source=Stage.IV_LIST,
            target=Stage.IV_SENT,
            actors=_OWNER_SIDE,
            documents="投标邀请书",
            guard="邀请名单不少于3个",
            basis=(Citation(_LAW, "第十七条"),),
        ),
        Move(
            code="answer_invitation",
            label="受邀人回复",
            source=Stage.IV_SENT,
            target=Stage.IV_SENT,
            actors=_BIDDER,
            documents="回复函",
            guard="名单和回复保密, 只告知本人",
            basis=(Citation(_LAW, "第二十二条"),),
            blocked_by=NO_HOLD,
        ),
        _postpone(Stage.IV_SENT, what="回复截止时间", basis=(Citation(_LAW, "第十七条"),)),
        Move(
            code="enter_bidding",
            label="向接受邀请者发出招标文件, 进入投标",
            source=Stage.IV_SENT,
            target=Stage.IV_DONE,
            actors=_SYSTEM,
            documents="招标文件",
            guard="接受邀请者不少于3个; 等标不少于20日同样适用",
            limits=("GC-T03",),
            basis=(Citation(_LAW, "第二十四条"),),
        ),
        Move(
            code="fail_for_lack_of_acceptances",
            label="接受邀请少于3个",
            source=Stage.IV_SENT,
            target=Stage.IV_FAILED,
            actors=_SYSTEM,
            documents="异常报告",
            guard="增加邀请对象或者重新招标",
            basis=(Citation(_LAW, "第十七条"),),
            blocked_by=NO_HOLD,
        ),
    ),
    Stage.IV_REASON,
    frozenset({Stage.IV_DONE, Stage.IV_FAILED}),
    3,
    "招标投标法第十一条、第十七条; 招标投标法实施条例第八条",
    lawful_when="技术复杂、有特殊要求或者受自然环境限制只有少量潜在投标人, 或者公开招标费用占合同金额比例过大, "
    "经认定的项目(条例第八条)",
    front=True,
)

GC_TWO_STAGE = Procedure(
    "GC_TWO_STAGE",
    "工程建设 两阶段招标",
    "GC",
    (
        Move(
            code="publish_first_stage",
            label="发布第一阶段征集公告",
            source=Stage.TS1_OPEN,
            target=Stage.TS1_OPEN,
            actors=_OWNER_SIDE,
            documents="征集公告、技术需求说明",
            guard="写明需求和截止时间; 第一阶段不收保证金",
            basis=(Citation(_RULES, "第三十条"),),
        ),
        _postpone(Stage.TS1_OPEN, what="技术建议截止时间", basis=(Citation(_RULES, "第三十条"),)),
        *_packages(Stage.TS1_OPEN, what="技术建议"),
        Move(
            code="close_bidding",
            label="技术建议截止",
            source=Stage.TS1_OPEN,
            target=Stage.TS1_REVIEW,
            actors=_SYSTEM,
            documents="建议汇总",
            guard="截止前任何人(含平台)不得解密提取",
            basis=(Citation(_ELECTRONIC, "第二十七条"),),
            blocked_by=NO_HOLD,
        ),
        _release(Stage.TS1_REVIEW, what="技术建议"),
        Move(
            code="issue_file",
            label="编制招标文件并提供",
            source=Stage.TS1_REVIEW,
            target=Stage.TS2_OPEN,
            actors=_OWNER_SIDE,
            documents="招标文件",
            guard="只向第一阶段提交技术建议的投标人提供; 保证金在第二阶段提交",
            limits=("GC-T03",),
            basis=(Citation(_RULES, "第三十条"), Citation(_LAW, "第二十四条")),
        ),
        Move(
            code="end_second_stage",
            label="最终技术方案和报价截止, 转入开标",
            source=Stage.TS2_OPEN,
            target=Stage.TS_DONE,
            actors=_SYSTEM,
            documents="投标文件",
            guard="此后与公开招标投标截止相同",
            basis=(Citation(_RULES, "第三十条"),),
            blocked_by=NO_HOLD,
        ),
        Move(
            code="fail_for_lack_of_bids",
            label="提交技术建议者少于3个",
            source=Stage.TS1_REVIEW,
            target=Stage.TS_FAILED,
            actors=_SYSTEM,
            documents="异常报告",
            guard="重新招标; 已递交的技术建议不开启",
            basis=(Citation(_LAW, "第二十八条"),),
            blocked_by=NO_HOLD,
        ),
    ),
    Stage.TS1_OPEN,
    frozenset({Stage.TS_DONE, Stage.TS_FAILED}),
    3,
    "招标投标法实施条例第三十条",
    lawful_when="技术复杂或者无法精确拟定技术规格的项目(条例第三十条)",
    front=True,
)

_GP_TENDER, _GP_RULES = "政府采购货物和服务招标投标管理办法", "政府采购法实施条例"
_CHALLENGES = "政府采购质疑和投诉办法"


def _gp(*articles: str) -> tuple[Citation, ...]:
    return tuple(Citation(_GP_TENDER, article) for article in articles)


DRAW_INVITEES = Move(
    code="draw_invitees",
    label="从合格供应商中随机抽取受邀人",
    source=Stage.PQ_RESULT,
    target=Stage.PQ_RESULT,
    actors=_OWNER_SIDE,
    documents="随机抽取记录",
    guard="合格供应商不少于3家, 机会均等; 采购人两名以上工作人员在场监督; 抽中的是谁、有几家, 开标前不显示",
    basis=_gp("第十四条"),
)
#: where a prequalification of government procurement differs from one of construction
_INVITED: Mapping[str, Mapping[str, Any]] = {
    "publish_prequalification": {
        "guard": "公平竞争审查通过; 预审文件提供不少于5个工作日; 申请时间自公告之日起不少于5个工作日",
        "limits": ("GP-T01", "GP-T02", "GP-T06"),
        "basis": (*_gp("第十四条", "第十六条", "第二十一条"), Citation(_GP_RULES, "第二十一条")),
    },
    "clarify_prequalification": {"limits": ("GP-T05",), "basis": _gp("第二十七条")},
    "postpone_front": {"basis": _gp("第二十七条")},
    "submit_bid": {"basis": _gp("第三十三条")},
    "withdraw_bid": {"basis": _gp("第三十四条")},
    "close_bidding": {"basis": _gp("第三十三条")},
    "release_key": {"basis": _gp("第十四条")},
    "seat_committee": {
        "guard": "采购人委托随机抽取的专家组成的委员会审查, 以便开标前不知道谁合格; 抽签名单先于随机种子固定",
        "basis": _gp("第十四条", "第二十一条"),
    },
    "submit_report": {"basis": _gp("第十四条", "第二十一条")},
    "send_results": {
        "guard": "受邀人已经抽取; 投标邀请书同时向所有受邀人发出; 每个申请人只收到自己的结果",
        "basis": _gp("第十四条"),
    },
    "fail_for_lack_of_qualified": {"label": "合格的供应商少于3家", "basis": _gp("第十四条")},
    "fail_for_lack_of_bids": {"label": "申请的供应商少于3家, 预审失败", "basis": _gp("第十四条")},
}


#: seven working days after the notice ended: longer than the shortest time to apply, so it runs on while it is reviewed
_CHALLENGE_FRONT = Move(
    code="challenge_document",
    label="对资格预审文件提出质疑",
    source=Stage.PQ_OPEN,
    target=Stage.PQ_OPEN,
    actors=_BIDDER,
    documents="质疑函",
    guard="获取资格预审文件或者公告期限届满起7个工作日内; 同一环节的质疑一次性提出; 质疑供应商的名称开标前不显示",
    limits=("GP-T20", "GP-T21"),
    basis=(
        Citation("政府采购法", "第五十二条"),
        *(Citation(_CHALLENGES, f"第{n}条") for n in ("十", "十一")),
    ),
    blocked_by=NO_HOLD,
)


def _invited() -> tuple[Move, ...]:
    """Return the moves of a prequalification with a challenge in place of the objection that this law does not know."""
    out: list[Move] = []
    for move in GC_PREQ.moves:
        if move.code == "object_to_prequalification":
            out += [
                replace(_CHALLENGE_FRONT, source=stage, target=stage)
                for stage in (Stage.PQ_OPEN, Stage.PQ_CLOSED, Stage.PQ_REVIEW, Stage.PQ_RESULT)
            ]
            continue
        if move.code == "send_results":
            out.append(DRAW_INVITEES)
        out.append(replace(move, **_INVITED[move.code]))
    return tuple(out)


GP_INVITE = Procedure(
    "GP_INVITE",
    "政府采购 邀请招标",
    "GP",
    _invited(),
    Stage.PQ_EDIT,
    frozenset({Stage.PQ_DONE, Stage.PQ_FAILED}),
    3,
    "政府采购法第二十九条、第三十四条; 政府采购货物和服务招标投标管理办法第十四条、第二十一条; 政府采购法实施条例第二十一条",
    lawful_when="具有特殊性、只能从有限范围的供应商处采购, 或者公开招标费用占采购项目总价值比例过大的货物和服务"
    "(政府采购法第二十九条)",
    front=True,
)

"""Every procedure of the platform. A new trade type is a value here, not a package."""

from dataclasses import replace

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import Citation
from ggzy.procedures.frameworks import GP_KJ_CALLOFF, GP_KJ_CLOSED, GP_KJ_OPEN
from ggzy.procedures.fronts import GC_INVITE, GC_PREQ, GC_TWO_STAGE, GP_INVITE
from ggzy.procedures.innovation import GP_HC, GP_HC_RD
from ggzy.procedures.negotiated import GP_CS, GP_FINAL, GP_TP
from ggzy.procedures.other_ways import GP_DY, GP_XJ
from ggzy.procedures.procurement import GP_OPEN
from ggzy.procedures.several import GP_KJ_TENDER
from ggzy.procedures.spec import EVERY_HOLD, NO_HOLD, Hold, Move, Procedure, Stage

_LAW, _RULES, _ELECTRONIC = "招标投标法", "招标投标法实施条例", "电子招标投标办法"
_OPINION = "关于严格执行招标投标法规制度进一步规范招标投标主体行为的若干意见"
_OWNER = frozenset({Role.TENDEREE})
_OWNER_SIDE = frozenset({Role.TENDEREE, Role.AGENCY})
_BIDDER = frozenset({Role.BIDDER})
#: drawn experts, and the tenderee's representative where the file seats one
_COMMITTEE = frozenset({Role.EXPERT, Role.TENDEREE})
#: the tenderee asks, a second person of its own or the supervisor unlocks
_TENDEREE_UNLOCKED = frozenset({Role.TENDEREE, Role.SUPERVISOR})
_SYSTEM = frozenset({Role.SYSTEM})
_SUPERVISOR = frozenset({Role.SUPERVISOR})
_CENTRE = frozenset({Role.CENTRE})
_OBJECTION = frozenset({Hold.OBJECTION})
#: telling bidders more, or giving them more time, is what most holds call for
_COURT = frozenset({Hold.COURT})

REGISTER = Move(
    code="register",
    label="提交进场登记",
    source=Stage.DRAFT,
    target=Stage.REGISTERED,
    actors=_OWNER_SIDE,
    documents="审批核准备案文件、资金落实、招标方案、代理合同",
    guard="投资项目代码必填; 缺项一次告知, 可承诺后补",
    limits=("OP-T01",),
)
START_DOCUMENT = Move(
    code="start_document",
    label="开始编制招标文件",
    source=Stage.REGISTERED,
    target=Stage.DOC_EDIT,
    actors=_OWNER_SIDE,
    documents="标准招标文件、工程量清单、最高投标限价",
    guard="使用标准文本",
    basis=(Citation(_RULES, "第十五条"),),
)
SEND_TO_REVIEW = Move(
    code="send_to_review",
    label="送公平竞争审查",
    source=Stage.DOC_EDIT,
    target=Stage.FC_REVIEW,
    actors=_OWNER_SIDE,
    documents="招标文件全文、审查表",
    guard="结构化内容完整且合法",
)
RETURN_FROM_REVIEW = Move(
    code="return_from_review",
    label="审查退回修改",
    source=Stage.FC_REVIEW,
    target=Stage.DOC_EDIT,
    actors=_OWNER,
    documents="审查意见",
    guard="有未处理的问题",
)
CONCLUDE_REVIEW = Move(
    code="conclude_review",
    label="公平竞争审查通过",
    source=Stage.FC_REVIEW,
    target=Stage.DOC_READY,
    actors=_OWNER,
    documents="公平竞争审查结论",
    guard="结论由招标人签名",
    basis=(Citation("招标投标领域公平竞争审查规则", "第十三条"),),
)
PUBLISH = Move(
    code="publish",
    label="发布招标公告并发出文件",
    source=Stage.DOC_READY,
    target=Stage.OPEN_FOR_BID,
    actors=_OWNER_SIDE,
    documents="招标公告、招标文件",
    guard="文件提供不少于5日, 投标时间不少于20日, 开标时间即投标截止时间",
    limits=("GC-T01", "GC-T03", "GC-T11", "GC-T23"),
    basis=(Citation(_LAW, "第二十四条"), Citation(_LAW, "第三十四条"), Citation(_RULES, "第十六条")),
)
CLARIFY = Move(
    code="clarify",
    label="澄清修改招标文件(距截止不少于15日)",
    source=Stage.OPEN_FOR_BID,
    target=Stage.OPEN_FOR_BID,
    actors=_OWNER_SIDE,
    documents="澄清文件、招标文件新版本",
    guard="可能影响投标文件编制且余期不足15日的, 必须同时延期",
    limits=("GC-T05",),
    basis=(Citation(_LAW, "第二十三条"), Citation(_RULES, "第二十一条")),
    blocked_by=_COURT,
)
CLARIFY_AND_POSTPONE = Move(
    code="clarify_and_postpone",
    label="澄清修改并延期",
    source=Stage.OPEN_FOR_BID,
    target=Stage.OPEN_FOR_BID,
    actors=_OWNER_SIDE,
    documents="澄清及延期公告",
    guard="影响编制的, 新截止时间距通知不少于15日; 截止时间只能推后",
    limits=("GC-T05", "GC-T11"),
    basis=(Citation(_LAW, "第二十三条"), Citation(_RULES, "第二十一条")),
    blocked_by=_COURT,
)
OBJECT_TO_DOCUMENT = Move(
    code="object_to_document",
    label="对招标文件提出异议",
    source=Stage.OPEN_FOR_BID,
    target=Stage.OPEN_FOR_BID,
    actors=_BIDDER,
    documents="异议书",
    guard="答复前暂停, 不得开标",
    limits=("GC-T07", "GC-T08"),
    basis=(Citation(_RULES, "第二十二条"),),
    blocked_by=NO_HOLD,
)
SUBMIT_BID = Move(
    code="submit_bid",
    label="递交加密投标文件",
    source=Stage.OPEN_FOR_BID,
    target=Stage.OPEN_FOR_BID,
    actors=_BIDDER,
    documents="加密投标文件、签名清单",
    guard="未加密拒收; 截止后拒收; 即时回执; 身份保密",
    limits=("GC-T25",),
    basis=(Citation(_ELECTRONIC, "第二十六条"), Citation(_ELECTRONIC, "第二十七条")),
    blocked_by=NO_HOLD,
)
WITHDRAW_BID = Move(
    code="withdraw_bid",
    label="撤回或替换投标文件",
    source=Stage.OPEN_FOR_BID,
    target=Stage.OPEN_FOR_BID,
    actors=_BIDDER,
    documents="撤回通知",
    guard="截止前任意次; 旧密文不再解密",
    limits=("GC-T10",),
    basis=(Citation(_ELECTRONIC, "第二十七条"),),
    blocked_by=NO_HOLD,
)
TERMINATE = Move(
    code="terminate",
    label="终止招标",
    source=Stage.OPEN_FOR_BID,
    target=Stage.TERMINATED,
    actors=_OWNER,
    documents="终止公告及理由",
    guard="退还费用、保证金及利息",
    basis=(Citation(_RULES, "第三十一条"),),
    blocked_by=_COURT,
)
CLOSE_BIDDING = Move(
    code="close_bidding",
    label="投标截止时刻到",
    source=Stage.OPEN_FOR_BID,
    target=Stage.CLOSED,
    actors=_SYSTEM,
    documents="截止时的密文承诺",
    guard="截止前任何人(含平台)不得解密提取",
    basis=(Citation(_ELECTRONIC, "第二十七条"),),
    blocked_by=NO_HOLD,
)
FAIL_FOR_LACK_OF_BIDS = Move(
    code="fail_for_lack_of_bids",
    label="投标人少于3个, 流标",
    source=Stage.CLOSED,
    target=Stage.FAILED,
    actors=_SYSTEM,
    documents="流标公告",
    guard="不得开标, 应当重新招标",
    basis=(Citation(_LAW, "第二十八条"), Citation(_RULES, "第四十四条")),
    blocked_by=NO_HOLD,
)
OPEN_BIDS = Move(
    code="open_bids",
    label="开标",
    source=Stage.CLOSED,
    target=Stage.OPENING,
    actors=_OWNER_SIDE,
    documents="开标参数、在线签到",
    guard="截止时间已到, 投标人不少于3个, 无暂停事项",
    limits=("GC-T11",),
    basis=(Citation(_LAW, "第三十四条"), Citation(_ELECTRONIC, "第二十九条")),
)
RELEASE_KEY = Move(
    code="release_key",
    label="解密投标文件",
    source=Stage.OPENING,
    target=Stage.OPENING,
    actors=_BIDDER | _SYSTEM,
    documents="解密记录",
    guard="投标人原因未解密视为撤销, 非投标人原因视为撤回, 其余继续",
    basis=(Citation(_ELECTRONIC, "第三十条"), Citation(_ELECTRONIC, "第三十一条")),
)
OBJECT_AT_OPENING = Move(
    code="object_at_opening",
    label="开标异议并当场答复",
    source=Stage.OPENING,
    target=Stage.OPENING,
    actors=_BIDDER | _OWNER_SIDE,
    documents="异议及答复记录",
    guard="未答复不得结束开标",
    limits=("GC-T09",),
    basis=(Citation(_RULES, "第四十四条"),),
    blocked_by=NO_HOLD,
)
_SECOND = "只用于双信封: 第一信封评审完毕, 第二信封开标时间已提前通知全体投标人"
OPEN_SECOND = Move(
    code="open_second",
    label="开启第二信封(报价文件)",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    actors=_OWNER_SIDE,
    documents="第二信封开标通知、第二信封开标记录",
    guard=f"{_SECOND}; 未通过第一信封评审的不予开启",
    basis=(Citation(_LAW, "第三十六条"), Citation(_ELECTRONIC, "第二十九条")),
)
RELEASE_SECOND = replace(
    RELEASE_KEY,
    code="release_second",
    label="解密第二信封",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    guard=f"只有通过第一信封评审的投标人解密; {RELEASE_KEY.guard}",
)
OBJECT_AT_SECOND = replace(
    OBJECT_AT_OPENING,
    code="object_at_second",
    label="第二信封开标异议并当场答复",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
)
END_OPENING = Move(
    code="end_opening",
    label="开标结束",
    source=Stage.OPENING,
    target=Stage.OPENED,
    actors=_OWNER_SIDE,
    documents="开标记录",
    guard="解密全部处理完毕, 异议均已答复, 记录经签名",
    basis=(Citation(_ELECTRONIC, "第三十二条"),),
)
FAIL_FOR_NOTHING_OPENED = Move(
    code="fail_for_nothing_opened",
    label="没有一份投标文件开启成功, 重新招标",
    source=Stage.OPENING,
    target=Stage.FAILED,
    actors=_OWNER_SIDE,
    documents="开标经过、责任认定、流标公告",
    guard="解密已全部处理, 没有一份开启成功, 异议均已答复",
    basis=(Citation(_LAW, "第二十八条"), Citation(_ELECTRONIC, "第三十一条")),
)
REMEDY_SYSTEM_FAILURE = Move(
    code="remedy_system_failure",
    label="系统故障补救",
    source=Stage.OPENING,
    target=Stage.OPENING,
    actors=_OWNER_SIDE | _CENTRE | _SYSTEM,
    documents="故障登记与证据、中止记录、恢复记录",
    guard="中止期间不计入解密时限; 补救只按招标文件载明的方案; 恢复后继续",
    basis=(Citation(_ELECTRONIC, "第三十一条"),),
    blocked_by=frozenset({Hold.COURT, Hold.SUSPENSION}),
)
SEAT_COMMITTEE = Move(
    code="seat_committee",
    label="组建评标委员会并签到",
    source=Stage.OPENED,
    target=Stage.EVALUATING,
    actors=_OWNER_SIDE,
    documents="抽取记录、回避声明、承诺书",
    guard="成员为5人以上单数, 专家不少于三分之二, 回避核验, 名单保密至定标前",
    basis=(Citation(_LAW, "第三十七条"), Citation(_RULES, "第四十六条")),
)
REJECT_ALL = Move(
    code="reject_all",
    label="否决全部投标或明显缺乏竞争",
    source=Stage.EVALUATING,
    target=Stage.FAILED,
    actors=_COMMITTEE,
    documents="否决理由、竞争性论证",
    guard="评标委员会经评审认为所有投标都不符合要求",
    basis=(Citation(_LAW, "第四十二条"),),
)
SUBMIT_REPORT = Move(
    code="submit_report",
    label="提交评标报告",
    source=Stage.EVALUATING,
    target=Stage.REPORTED,
    actors=_COMMITTEE | {Role.SYSTEM},
    documents="评标报告、不超过3名的有序候选人",
    guard="全体成员签名; 不同意见书面说明; 拒签又不说明的视为同意",
    limits=("GC-T24",),
    basis=(Citation(_RULES, "第五十三条"),),
)
REVIEW_ERRORS = Move(
    code="review_errors",
    label="招标人发现评标错误, 复核",
    source=Stage.REPORTED,
    target=Stage.EVALUATING,
    actors=_TENDEREE_UNLOCKED,
    documents="复核记录",
    guard="客观分不一致、畸高畸低、异常低价、计算错误; 原评标委员会只就列明的问题复核",
    basis=(Citation(_OPINION, "(加强评标报告审查)"),),
)
START_PUBLICITY = Move(
    code="start_publicity",
    label="公示中标候选人",
    source=Stage.REPORTED,
    target=Stage.CAND_PUB,
    actors=_OWNER_SIDE,
    documents="中标候选人公示",
    guard="收到报告3日内, 公示不少于3日",
    limits=("GC-T12", "GC-T13"),
    basis=(Citation(_RULES, "第五十四条"),),
)
OBJECT_TO_RESULT = Move(
    code="object_to_result",
    label="对评标结果提出异议",
    source=Stage.CAND_PUB,
    target=Stage.CAND_PUB,
    actors=_BIDDER,
    documents="异议书",
    guard="公示期内; 答复前暂停",
    limits=("GC-T14", "GC-T08"),
    basis=(Citation(_RULES, "第五十四条"),),
    blocked_by=NO_HOLD,
)
END_PUBLICITY = Move(
    code="end_publicity",
    label="公示期满, 无未决异议",
    source=Stage.CAND_PUB,
    target=Stage.CAND_END,
    actors=_SYSTEM,
    guard="公示期满且异议均已答复",
    limits=("GC-T13",),
    basis=(Citation(_RULES, "第五十四条"),),
)
UPHOLD_OBJECTION = Move(
    code="uphold_objection",
    label="异议成立, 重新评标",
    source=Stage.CAND_PUB,
    target=Stage.EVALUATING,
    actors=_OWNER_SIDE,
    documents="异议答复、原评标委员会的复核纠正意见",
    guard="原评标委员会复核, 只限异议范围; 复核后重新公示",
    basis=(Citation(_RULES, "第五十四条"),),
    blocked_by=EVERY_HOLD - _OBJECTION,
)
AWARD = Move(
    code="award",
    label="定标",
    source=Stage.CAND_END,
    target=Stage.AWARDED,
    actors=_OWNER,
    documents="定标报告",
    guard="国有资金占控股或主导地位的应当确定第一名; 有地区依据、招标文件写明定标方案的, 由定标委员会确定",
    limits=("GC-T21", "GC-T22"),
    basis=(Citation(_RULES, "第五十五条"),),
)
RECONSIDER = Move(
    code="reconsider",
    label="候选人情况变化, 原委员会审查",
    source=Stage.CAND_END,
    target=Stage.EVALUATING,
    actors=_TENDEREE_UNLOCKED,
    documents="情况说明、原评标委员会的审查确认意见",
    guard="中标候选人经营、财务状况发生较大变化或者存在违法行为, 可能影响履约能力",
    basis=(Citation(_RULES, "第五十六条"),),
)
RETENDER = Move(
    code="retender",
    label="不再定标, 重新招标",
    source=Stage.CAND_END,
    target=Stage.FAILED,
    actors=_OWNER,
    documents="理由",
    guard="排名第一的候选人放弃、不能履约、不提交履约保证金或被查实违法, 或者评标违法影响结果",
    basis=(Citation(_RULES, "第五十五条"), Citation(_RULES, "第八十一条")),
)
NOTIFY = Move(
    code="notify",
    label="发出中标通知书并公告结果",
    source=Stage.AWARDED,
    target=Stage.NOTIFIED,
    actors=_OWNER,
    documents="中标通知书、中标结果公告",
    guard="同时将中标结果通知所有未中标的投标人",
    limits=("GC-T16",),
    basis=(Citation(_LAW, "第四十五条"),),
)
SIGN_CONTRACT = Move(
    code="sign_contract",
    label="签订合同",
    source=Stage.NOTIFIED,
    target=Stage.CONTRACTED,
    actors=_OWNER | _BIDDER,
    documents="电子合同",
    guard="不得背离合同实质性内容",
    limits=("GC-T15", "GC-T17"),
    basis=(Citation(_LAW, "第四十六条"), Citation(_RULES, "第五十七条")),
)
WINNER_REFUSES = Move(
    code="winner_refuses",
    label="中标人放弃或不提交履约保证金",
    source=Stage.NOTIFIED,
    target=Stage.CAND_END,
    actors=_BIDDER | _OWNER,
    documents="放弃函, 或招标人取消中标资格的说明",
    guard="保证金不予退还; 顺延或重新招标",
    basis=(Citation(_RULES, "第五十五条"), Citation(_RULES, "第七十四条")),
)
START_PERFORMANCE = Move(
    code="start_performance",
    label="开始履约",
    source=Stage.CONTRACTED,
    target=Stage.PERFORMING,
    actors=_OWNER | _BIDDER,
    documents="合同数据、支付节点",
    guard="履约保证金不超过中标合同金额的10%",
    limits=("PY-T01",),
    basis=(Citation(_RULES, "第五十八条"),),
)
ARCHIVE = Move(
    code="archive",
    label="结算完成归档",
    source=Stage.PERFORMING,
    target=Stage.ARCHIVED,
    actors=_OWNER,
    documents="归档包、移交清单",
    guard="归档包通过真实性、完整性、可用性、安全性检测, 移交清单由招标人签名",
    basis=(Citation(_ELECTRONIC, "第四十条"),),
)
ANNUL_AFTER_COMPLAINT = Move(
    code="annul_after_complaint",
    label="投诉成立, 中标无效",
    source=Stage.NOTIFIED,
    target=Stage.FAILED,
    actors=_SUPERVISOR,
    documents="处理决定",
    guard="中标无效的, 从其余投标人中重新确定或者重新招标",
    basis=(Citation(_LAW, "第六十四条"),),
)

GC_OPEN_POST = Procedure(
    "GC_OPEN_POST",
    "工程建设 公开招标(资格后审)",
    "GC",
    (
        REGISTER,
        START_DOCUMENT,
        SEND_TO_REVIEW,
        RETURN_FROM_REVIEW,
        CONCLUDE_REVIEW,
        PUBLISH,
        CLARIFY,
        CLARIFY_AND_POSTPONE,
        OBJECT_TO_DOCUMENT,
        SUBMIT_BID,
        WITHDRAW_BID,
        TERMINATE,
        CLOSE_BIDDING,
        FAIL_FOR_LACK_OF_BIDS,
        OPEN_BIDS,
        RELEASE_KEY,
        OBJECT_AT_OPENING,
        END_OPENING,
        REMEDY_SYSTEM_FAILURE,
        FAIL_FOR_NOTHING_OPENED,
        SEAT_COMMITTEE,
        OPEN_SECOND,
        RELEASE_SECOND,
        OBJECT_AT_SECOND,
        REJECT_ALL,
        SUBMIT_REPORT,
        REVIEW_ERRORS,
        START_PUBLICITY,
        OBJECT_TO_RESULT,
        END_PUBLICITY,
        UPHOLD_OBJECTION,
        AWARD,
        RECONSIDER,
        RETENDER,
        NOTIFY,
        SIGN_CONTRACT,
        WINNER_REFUSES,
        START_PERFORMANCE,
        ARCHIVE,
        ANNUL_AFTER_COMPLAINT,
    ),
    Stage.DRAFT,
    frozenset({Stage.ARCHIVED, Stage.FAILED, Stage.TERMINATED}),
    3,
    "招标投标法; 招标投标法实施条例; 电子招标投标办法",
    lawful_when="不需要预先筛选投标人的项目; 国有资金占控股或者主导地位的依法必须招标项目应当公开招标(条例第八条)",
)

BY_CODE: dict[str, Procedure] = {
    p.code: p
    for p in (
        *(GC_OPEN_POST, GC_PREQ, GC_INVITE, GC_TWO_STAGE),
        *(GP_OPEN, GP_XJ, GP_CS, GP_TP, GP_FINAL, GP_INVITE, GP_DY),
        *(GP_KJ_OPEN, GP_KJ_TENDER, GP_KJ_CLOSED, GP_KJ_CALLOFF),
        *(GP_HC, GP_HC_RD),
    )
}

#: codes of the procedures whose answers nobody but the group ever sees
QUIET = tuple(code for code, procedure in BY_CODE.items() if procedure.quiet)


#: what a front leads to, by the family of its law
_BEHIND_A_FRONT = {"GC": GC_OPEN_POST, "GP": GP_OPEN}


def main_of(procedure_code: str) -> Procedure:
    """Return the procedure that a tender's main rounds run by: its own, or open tendering behind a front."""
    named = BY_CODE[procedure_code]
    return _BEHIND_A_FRONT[named.scope] if named.front else named


def sources(code: str) -> frozenset[Stage]:
    """Return the stages from which some procedure makes a built move of this code."""
    return frozenset(m.source for p in BY_CODE.values() for m in p.moves if m.code == code and m.built)

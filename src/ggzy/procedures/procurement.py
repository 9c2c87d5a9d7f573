"""The procedures of government procurement. A step that construction knows too has the same code and its own clause."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import Citation
from ggzy.procedures.spec import EVERY_HOLD, NO_HOLD, Hold, Move, Procedure, Stage

_LAW, _RULES, _TENDER = "政府采购法", "政府采购法实施条例", "政府采购货物和服务招标投标管理办法"
_CHALLENGE = "政府采购质疑和投诉办法"
_NEEDS = "政府采购需求管理办法"
_INTENT = "财库〔2020〕10号"
_FAIR = "公平竞争审查条例"
_OWNER = frozenset({Role.TENDEREE})
_OWNER_SIDE = frozenset({Role.TENDEREE, Role.AGENCY})
_BIDDER = frozenset({Role.BIDDER})
_COMMITTEE = frozenset({Role.EXPERT, Role.TENDEREE})
_SYSTEM = frozenset({Role.SYSTEM})
_SUPERVISOR = frozenset({Role.SUPERVISOR})
_CENTRE = frozenset({Role.CENTRE})
_COURT = frozenset({Hold.COURT})


def _law(article: str) -> Citation:
    return Citation(_LAW, article)


def _rules(article: str) -> Citation:
    return Citation(_RULES, article)


def _tender(article: str) -> Citation:
    return Citation(_TENDER, article)


BEFORE_THE_NOTICE = (
    Move(
        code="publish_intent",
        label="公开采购意向",
        source=Stage.BUDGET,
        target=Stage.INTENT,
        actors=_OWNER_SIDE,
        documents="采购意向: 名称、需求概况、预算金额、预计采购时间",
        guard="不晚于采购活动开始前30日公开",
        limits=("GP-T50",),
        basis=(Citation(_INTENT, ""),),
    ),
    Move(
        code="file_plan",
        label="采购计划备案",
        source=Stage.INTENT,
        target=Stage.PLAN,
        actors=_OWNER_SIDE,
        documents="采购实施计划: 采购方式、预算、品目、中小企业预留份额",
        guard="意向公开一般不少于30日(不足的提示); 预算已落实",
        limits=("GP-T50",),
        basis=(_rules("第二十九条"), Citation(_NEEDS, "第二十条")),
    ),
    Move(
        code="file_plan",
        label="采购计划备案",
        source=Stage.BUDGET,
        target=Stage.PLAN,
        actors=_OWNER,
        documents="采购实施计划、不公开采购意向的说明",
        guard="只限不可预见的原因急需开展的采购项目, 写明原因; 预算已落实",
        basis=(Citation(_INTENT, ""), _rules("第二十九条")),
    ),
    Move(
        code="start_document",
        label="开始编制招标文件",
        source=Stage.PLAN,
        target=Stage.DOC_EDIT,
        actors=_OWNER_SIDE,
        documents="采购需求、资格要求、评审因素",
        guard="采购标的、资格条件、评审因素结构化; 评审因素细化量化",
        basis=(_rules("第十五条"), _tender("第二十条")),
    ),
    Move(
        code="send_to_review",
        label="送公平竞争审查",
        source=Stage.DOC_EDIT,
        target=Stage.FC_REVIEW,
        actors=_OWNER_SIDE,
        documents="招标文件全文、一般性审查和重点审查意见",
        guard="结构化内容完整且合法; 不得以不合理条件对供应商实行差别待遇",
        basis=(_rules("第二十条"), Citation(_NEEDS, "第三十条")),
    ),
    Move(
        code="return_from_review",
        label="审查退回修改",
        source=Stage.FC_REVIEW,
        target=Stage.DOC_EDIT,
        actors=_OWNER,
        documents="审查意见",
        guard="有未处理的问题",
    ),
    Move(
        code="conclude_review",
        label="公平竞争审查通过",
        source=Stage.FC_REVIEW,
        target=Stage.DOC_READY,
        actors=_OWNER,
        documents="审查结论",
        guard="结论由采购人签名",
        basis=(Citation(_FAIR, "第十二条"),),
    ),
    Move(
        code="publish",
        label="发布招标公告并发出文件",
        source=Stage.DOC_READY,
        target=Stage.OPEN_FOR_BID,
        actors=_OWNER_SIDE,
        documents="招标公告(公告期限5个工作日)、招标文件",
        guard="文件提供不少于5个工作日, 自文件发出至投标截止不少于20日",
        limits=("GP-T01", "GP-T02", "GP-T03", "GP-T47"),
        basis=(_law("第三十五条"), _tender("第十三条"), _tender("第十八条")),
    ),
)

BIDDING = (
    Move(
        code="clarify",
        label="澄清修改招标文件(距截止不少于15日)",
        source=Stage.OPEN_FOR_BID,
        target=Stage.OPEN_FOR_BID,
        actors=_OWNER_SIDE,
        documents="更正公告、招标文件新版本",
        guard="可能影响投标文件编制且余期不足15日的, 必须同时延期; 不得改变采购标的和资格条件",
        limits=("GP-T04",),
        basis=(_tender("第二十七条"), _rules("第三十一条")),
        blocked_by=_COURT,
    ),
    Move(
        code="clarify_and_postpone",
        label="澄清修改并延期",
        source=Stage.OPEN_FOR_BID,
        target=Stage.OPEN_FOR_BID,
        actors=_OWNER_SIDE,
        documents="更正公告",
        guard="影响编制的, 新截止时间距通知不少于15日; 截止时间只能推后",
        limits=("GP-T04",),
        basis=(_tender("第二十七条"), _tender("第二十八条")),
        blocked_by=_COURT,
    ),
    Move(
        code="challenge_document",
        label="对采购文件提出质疑",
        source=Stage.OPEN_FOR_BID,
        target=Stage.OPEN_FOR_BID,
        actors=_BIDDER,
        documents="质疑函",
        guard="收到采购文件或者公告期限届满起7个工作日内; 同一环节的质疑一次性提出",
        limits=("GP-T20", "GP-T21"),
        basis=(_law("第五十二条"), Citation(_CHALLENGE, "第十条"), Citation(_CHALLENGE, "第十一条")),
        blocked_by=NO_HOLD,
    ),
    Move(
        code="submit_bid",
        label="递交加密投标文件",
        source=Stage.OPEN_FOR_BID,
        target=Stage.OPEN_FOR_BID,
        actors=_BIDDER,
        documents="加密投标文件、签名清单",
        guard="未加密拒收; 截止后拒收; 即时回执; 身份保密",
        basis=(_tender("第三十三条"),),
        blocked_by=NO_HOLD,
    ),
    Move(
        code="withdraw_bid",
        label="撤回或替换投标文件",
        source=Stage.OPEN_FOR_BID,
        target=Stage.OPEN_FOR_BID,
        actors=_BIDDER,
        documents="撤回通知",
        guard="截止前任意次; 旧密文不再解密",
        limits=("GP-T17",),
        basis=(_tender("第三十四条"),),
        blocked_by=NO_HOLD,
    ),
    Move(
        code="terminate",
        label="终止招标",
        source=Stage.OPEN_FOR_BID,
        target=Stage.TERMINATED,
        actors=_OWNER,
        documents="终止公告及理由",
        guard="除因重大变故采购任务取消外, 不得擅自终止; 退还文件费用、保证金及孳息",
        limits=("GP-T18",),
        basis=(_tender("第二十九条"),),
        blocked_by=_COURT,
    ),
    Move(
        code="close_bidding",
        label="投标截止时刻到",
        source=Stage.OPEN_FOR_BID,
        target=Stage.CLOSED,
        actors=_SYSTEM,
        documents="截止时的密文承诺",
        guard="截止前任何人(含平台)不得解密提取",
        basis=(_tender("第三十三条"),),
        blocked_by=NO_HOLD,
    ),
    Move(
        code="fail_for_lack_of_bids",
        label="供应商不足3家, 废标",
        source=Stage.CLOSED,
        target=Stage.CANCELLED,
        actors=_SYSTEM,
        documents="废标公告",
        guard="不得开标; 文件有不合理条款的修改后重新招标, 没有的可以报财政部门批准改变采购方式",
        basis=(_law("第三十六条"), _tender("第四十三条")),
        blocked_by=NO_HOLD,
    ),
    Move(
        code="open_bids",
        label="开标",
        source=Stage.CLOSED,
        target=Stage.OPENING,
        actors=_OWNER_SIDE,
        documents="开标参数、在线签到",
        guard="截止时间已到, 供应商不少于3家; 评标委员会成员不得参加开标",
        basis=(_tender("第三十九条"), _tender("第四十条")),
    ),
    Move(
        code="release_key",
        label="解密投标文件",
        source=Stage.OPENING,
        target=Stage.OPENING,
        actors=_BIDDER | _SYSTEM,
        documents="解密记录",
        guard="供应商原因未解密的, 该投标不参加评审, 其余继续",
        basis=(_tender("第四十一条"),),
    ),
    Move(
        code="object_at_opening",
        label="开标疑义并当场答复",
        source=Stage.OPENING,
        target=Stage.OPENING,
        actors=_BIDDER | _OWNER_SIDE,
        documents="询问、回避申请及答复记录",
        guard="未答复不得结束开标",
        basis=(_tender("第四十二条"),),
        blocked_by=NO_HOLD,
    ),
    Move(
        code="remedy_system_failure",
        label="系统故障补救",
        source=Stage.OPENING,
        target=Stage.OPENING,
        actors=_OWNER_SIDE | _CENTRE | _SYSTEM,
        documents="故障登记与证据、中止记录、恢复记录",
        guard="中止期间不计入解密时限; 补救只按招标文件载明的方案; 恢复后继续",
        basis=(_tender("第四十一条"),),
        blocked_by=frozenset({Hold.COURT, Hold.SUSPENSION}),
    ),
    Move(
        code="end_opening",
        label="开标结束, 转入资格审查",
        source=Stage.OPENING,
        target=Stage.QUAL,
        actors=_OWNER_SIDE,
        documents="开标一览表",
        guard="解密全部处理完毕, 疑义均已答复, 记录经签名; 未宣读的价格不予承认",
        basis=(_tender("第四十一条"),),
    ),
    Move(
        code="fail_for_nothing_opened",
        label="没有一份投标文件开启成功, 废标",
        source=Stage.OPENING,
        target=Stage.CANCELLED,
        actors=_OWNER_SIDE,
        documents="开标经过、责任认定、废标公告",
        guard="解密已全部处理, 没有一份开启成功, 疑义均已答复",
        basis=(_law("第三十六条"),),
    ),
)

QUALIFYING = (
    Move(
        code="qualify",
        label="资格审查",
        source=Stage.QUAL,
        target=Stage.QUAL,
        actors=_OWNER_SIDE,
        documents="资格审查表、信用记录查询结果",
        guard="由采购人或者代理机构审查, 逐家逐项判断并签名; 合格供应商不足3家的不得评标",
        basis=(_tender("第四十四条"), Citation("财库〔2016〕125号", "")),
    ),
    Move(
        code="fail_for_lack_of_qualified",
        label="合格供应商不足3家, 废标",
        source=Stage.QUAL,
        target=Stage.CANCELLED,
        actors=_OWNER_SIDE,
        documents="资格审查结论、废标公告",
        guard="资格审查结论签名后合格供应商不足3家",
        basis=(_tender("第四十四条"), _law("第三十六条")),
    ),
    Move(
        code="seat_committee",
        label="组建评标委员会并签到",
        source=Stage.QUAL,
        target=Stage.EVALUATING,
        actors=_OWNER_SIDE,
        documents="抽取记录、回避声明、承诺书",
        guard="资格审查已经作出结论; 成员为5人以上单数(预算1000万元以上、技术复杂、社会影响较大的7人以上), 评审专家不少于三分之二",
        basis=(_tender("第四十七条"), _tender("第四十八条")),
    ),
)

#: until the contract is performed: a contract signed meanwhile ends no supplier's right (政采条例54)
CHALLENGE_RESULT = Move(
    code="challenge_result",
    label="对中标结果提出质疑",
    source=Stage.ANNOUNCED,
    target=Stage.ANNOUNCED,
    actors=_BIDDER,
    documents="质疑函",
    guard="中标结果公告期限届满之日起7个工作日内; 答复前暂停签订合同, 已签订的中止履行",
    limits=("GP-T20", "GP-T21"),
    basis=(_law("第五十二条"), _rules("第五十三条"), _rules("第五十四条")),
    blocked_by=NO_HOLD,
)

EVALUATING = (
    Move(
        code="reject_all",
        label="符合性审查合格的不足3家, 废标",
        source=Stage.EVALUATING,
        target=Stage.CANCELLED,
        actors=_COMMITTEE,
        documents="废标理由",
        guard="对招标文件作实质响应的供应商不足3家; 不作竞争性论证",
        basis=(_law("第三十六条"), _tender("第四十三条")),
    ),
    Move(
        code="ask_low_price",
        label="异常低价审查",
        source=Stage.EVALUATING,
        target=Stage.EVALUATING,
        actors=_COMMITTEE,
        documents="书面说明和证明材料",
        guard="报价低于平均报价、次低报价或者最高限价的一定比例的, 要求书面说明, 时间不少于30分钟; 不能证明合理性的作无效投标处理",
        limits=("GP-T49",),
        basis=(_tender("第六十条"), Citation("财库〔2026〕2号", "")),
    ),
    Move(
        code="stop_for_flawed_file",
        label="招标文件有重大缺陷, 停止评标",
        source=Stage.EVALUATING,
        target=Stage.TERMINATED,
        actors=_COMMITTEE,
        documents="书面说明",
        guard="招标文件内容违反强制性规定, 或者存在歧义、重大缺陷导致评标无法进行; 修改后重新采购",
        basis=(_tender("第六十五条"),),
        built=False,
    ),
    Move(
        code="submit_report",
        label="提交评标报告",
        source=Stage.EVALUATING,
        target=Stage.REPORTED,
        actors=_COMMITTEE | _SYSTEM,
        documents="评标报告、中标候选人名单",
        guard="全体成员签名; 有不同意见的签署并说明理由; 评审结束后2个工作日内送采购人",
        limits=("GP-T07",),
        basis=(_tender("第五十八条"), _tender("第六十一条"), _tender("第六十八条")),
    ),
    Move(
        code="review_errors",
        label="法定情形重新评审",
        source=Stage.REPORTED,
        target=Stage.EVALUATING,
        actors=frozenset({Role.TENDEREE, Role.SUPERVISOR}),
        documents="复核记录, 书面报告财政部门",
        guard="分值汇总计算错误、分项评分超出标准、客观评分不一致、评分畸高畸低",
        basis=(_tender("第六十四条"),),
    ),
    Move(
        code="award",
        label="确定中标供应商",
        source=Stage.REPORTED,
        target=Stage.CONFIRMED,
        actors=_OWNER | _SYSTEM,
        documents="确定中标供应商的函",
        guard="收到报告5个工作日内按候选人顺序确定; 逾期不确定又不说明合法理由的, 视同确定排名第一的候选人",
        limits=("GP-T08",),
        basis=(_tender("第六十八条"), _rules("第四十三条")),
    ),
    Move(
        code="notify",
        label="公告中标结果并发出通知书",
        source=Stage.CONFIRMED,
        target=Stage.ANNOUNCED,
        actors=_OWNER,
        documents="中标结果公告(随附招标文件、评审专家名单)、中标通知书、未中标告知",
        guard="确定之日起2个工作日内; 公告期限1个工作日; 告知未通过资格审查的原因, 告知未中标供应商本人的得分与排序",
        limits=("GP-T10", "GP-T11", "GP-T15"),
        basis=(_tender("第六十九条"), _rules("第四十三条")),
    ),
    CHALLENGE_RESULT,
    replace(CHALLENGE_RESULT, source=Stage.CONTRACTED, target=Stage.CONTRACTED),
    replace(CHALLENGE_RESULT, source=Stage.PUBLISHED, target=Stage.PUBLISHED),
    Move(
        code="uphold_challenge",
        label="质疑或投诉成立, 另行确定",
        source=Stage.ANNOUNCED,
        target=Stage.CONFIRMED,
        actors=_OWNER | _SUPERVISOR,
        documents="质疑答复或者投诉处理决定",
        guard="合格供应商符合法定数量, 可以从合格的候选人中另行确定的",
        basis=(Citation(_CHALLENGE, "第十六条"), Citation(_CHALLENGE, "第三十二条")),
    ),
    Move(
        code="restart_after_challenge",
        label="质疑成立, 重新采购",
        source=Stage.ANNOUNCED,
        target=Stage.CANCELLED,
        actors=_OWNER,
        documents="质疑答复",
        guard="认定影响中标结果, 没有合格的候选人可以另行确定的",
        basis=(Citation(_CHALLENGE, "第十六条"),),
    ),
    Move(
        code="sign_contract",
        label="签订合同并公告",
        source=Stage.ANNOUNCED,
        target=Stage.CONTRACTED,
        actors=_OWNER | _BIDDER,
        documents="政府采购合同、合同公告",
        guard="通知书发出30日内; 不得对招标文件和投标文件作实质性修改; 签订之日起2个工作日内公告",
        limits=("GP-T12", "GP-T13", "GP-T16"),
        basis=(_law("第四十六条"), _tender("第七十一条"), _rules("第五十条")),
        blocked_by=EVERY_HOLD | {Hold.CHALLENGE},
    ),
    Move(
        code="winner_refuses",
        label="中标供应商拒绝签订合同",
        source=Stage.ANNOUNCED,
        target=Stage.REPORTED,
        actors=_BIDDER | _OWNER,
        documents="放弃函, 或采购人取消中标资格的说明",
        guard="可以按候选人顺序确定下一候选人, 也可以重新开展采购活动",
        basis=(_rules("第四十九条"),),
    ),
    Move(
        code="retender",
        label="不再确定中标供应商, 重新采购",
        source=Stage.REPORTED,
        target=Stage.CANCELLED,
        actors=_OWNER,
        documents="理由",
        guard="中标供应商拒绝签订合同, 或者影响采购公正的违法违规行为",
        basis=(_law("第三十六条"), _rules("第四十九条")),
    ),
    Move(
        code="annul_after_complaint",
        label="投诉成立, 中标无效, 重新采购",
        source=Stage.ANNOUNCED,
        target=Stage.CANCELLED,
        actors=_SUPERVISOR,
        documents="财政部门投诉处理决定",
        guard="认定影响采购结果且没有合格供应商可以另行确定的",
        basis=(Citation(_CHALLENGE, "第三十二条"),),
    ),
    Move(
        code="file_contract",
        label="合同副本备案",
        source=Stage.CONTRACTED,
        target=Stage.PUBLISHED,
        actors=_OWNER,
        documents="合同副本",
        guard="签订之日起7个工作日内报财政部门和有关部门备案",
        limits=("GP-T14",),
        basis=(_law("第四十七条"),),
    ),
    Move(
        code="start_performance",
        label="开始履约",
        source=Stage.PUBLISHED,
        target=Stage.PERFORMING,
        actors=_OWNER | _BIDDER,
        documents="履约验收方案、支付节点",
        guard="履约保证金不超过合同金额的10%",
        limits=("PY-T01",),
        basis=(_rules("第四十八条"), _rules("第四十五条")),
        blocked_by=EVERY_HOLD | {Hold.CHALLENGE},
    ),
    Move(
        code="archive",
        label="验收支付完成归档",
        source=Stage.PERFORMING,
        target=Stage.ARCHIVED,
        actors=_OWNER,
        documents="采购档案, 从采购结束之日起至少保存15年",
        guard="归档包通过真实性、完整性、可用性、安全性检测, 移交清单由采购人签名",
        basis=(_law("第四十二条"),),
    ),
)

_WAYS = "政府采购非招标采购方式管理办法"


def _way(article: str) -> Citation:
    return Citation(_WAYS, article)


def _by_another_way(moves: tuple[Move, ...], **changes: Mapping[str, Any]) -> tuple[Move, ...]:
    """Return moves of open tendering as another way of procurement has them: each named one changed, the rest as it is."""
    found = {move.code for move in moves}
    assert changes.keys() <= found, f"no such move: {changes.keys() - found}"
    return tuple(replace(move, **changes.get(move.code, {})) for move in moves)


#: steps of tendering that an inquiry does not know: nobody but the group checks, and what was named is not argued about
_NOT_OF_AN_INQUIRY = {"stop_for_flawed_file"}

GP_XJ = Procedure(
    "GP_XJ",
    "政府采购 询价",
    "GP",
    (
        *_by_another_way(
            BEFORE_THE_NOTICE,
            start_document={
                "label": "开始编制询价通知书",
                "guard": "货物规格、标准统一, 现货货源充足且价格变化幅度小",
                "basis": (_law("第三十二条"), _way("第四十四条")),
            },
            send_to_review={"documents": "询价通知书全文、一般性审查和重点审查意见"},
            publish={
                "label": "发布询价公告并发出询价通知书",
                "documents": "询价公告、询价通知书",
                "guard": "从通知书发出之日起至响应文件提交截止之日不少于3个工作日",
                "limits": ("GP-T31",),
                "basis": (_law("第四十条"), _way("第四十五条")),
            },
        ),
        *_by_another_way(
            BIDDING,
            clarify={
                "label": "澄清修改询价通知书(截止3个工作日之前)",
                "guard": "可能影响响应文件编制且余期不足3个工作日的, 必须同时延期",
                "limits": ("GP-T32",),
                "basis": (_way("第四十五条"),),
            },
            clarify_and_postpone={
                "guard": "影响编制的, 顺延响应文件提交截止之日; 截止时间只能推后",
                "limits": ("GP-T32",),
                "basis": (_way("第四十五条"),),
            },
            submit_bid={
                "label": "提交加密响应文件",
                "guard": "一次报出不得更改的价格; 未加密拒收; 截止后拒收; 身份保密",
                "basis": (_way("第四十六条"),),
            },
            withdraw_bid={"label": "撤回或替换响应文件", "limits": (), "basis": (_way("第十五条"),)},
            terminate={"label": "终止采购活动", "limits": (), "basis": (_way("第二十三条"),)},
            close_bidding={"label": "响应文件提交截止时刻到", "basis": (_way("第四十五条"),)},
            fail_for_lack_of_bids={
                "label": "响应的供应商不足3家, 终止采购活动",
                "target": Stage.STOPPED,
                "documents": "终止公告",
                "guard": "不开启响应文件; 重新开展采购活动",
                "basis": (_way("第五十条"),),
            },
            open_bids={
                "label": "开启响应文件",
                "guard": "截止时间已到, 供应商不少于3家; 报价同时公布",
                "basis": (_way("第四十六条"), _way("第四十八条")),
            },
            release_key={"label": "解密响应文件", "basis": (_way("第四十八条"),)},
            object_at_opening={"basis": (_law("第五十一条"),)},
            remedy_system_failure={"basis": (_way("第二十三条"),)},
            end_opening={
                "label": "开启结束, 转入评审",
                "target": Stage.OPENED,
                "documents": "报价记录",
                "basis": (_way("第四十八条"),),
            },
            fail_for_nothing_opened={
                "label": "没有一份响应文件开启成功, 终止采购活动",
                "target": Stage.STOPPED,
                "documents": "经过、责任认定、终止公告",
                "basis": (_way("第五十条"),),
            },
        ),
        replace(
            QUALIFYING[-1],
            source=Stage.OPENED,
            label="组建询价小组并签到",
            guard="成员为3人以上单数(达到公开招标数额标准的5人以上), 评审专家不少于三分之二; 资格和响应均由小组审查",
            basis=(_way("第七条"), _way("第八条")),
        ),
        *(
            move
            for move in _by_another_way(
                EVALUATING,
                reject_all={
                    "label": "实质性响应的供应商不足3家, 终止采购活动",
                    "target": Stage.STOPPED,
                    "documents": "终止理由",
                    "guard": "符合采购需求且报价未超过采购预算的供应商不足3家; 小组不得改变询价通知书确定的要求",
                    "basis": (_way("第五十条"), _way("第四十六条")),
                },
                ask_low_price={"basis": (Citation("财库〔2026〕2号", ""), _way("第四十八条"))},
                submit_report={
                    "label": "提交评审报告",
                    "documents": "评审报告、成交候选人名单",
                    "guard": "按报价由低到高提出3名以上成交候选人; 全体成员签名; 评审结束后2个工作日内送采购人",
                    "basis": (_way("第四十八条"), _way("第四十九条")),
                },
                review_errors={"basis": (_way("第二十一条"),), "guard": "资格性审查认定错误、价格计算错误"},
                award={
                    "label": "确定成交供应商",
                    "documents": "确定成交供应商的函",
                    "guard": "收到报告5个工作日内, 按质量和服务均能满足且报价最低的原则确定; 逾期不确定又不提出异议的, 视同确定报价最低的候选人",
                    "basis": (_way("第四十九条"),),
                },
                notify={
                    "label": "公告成交结果并发出通知书",
                    "documents": "成交结果公告(随附询价通知书、评审专家名单)、成交通知书",
                    "guard": "确定之日起2个工作日内",
                    "basis": (_way("第十八条"), _rules("第四十三条")),
                },
                sign_contract={
                    "guard": "通知书发出30日内; 不得超出询价通知书和响应文件实质性内容; 签订之日起2个工作日内公告",
                    "basis": (_law("第四十六条"), _way("第十九条"), _rules("第五十条")),
                },
                winner_refuses={
                    "label": "成交供应商拒绝签订合同",
                    "guard": "可以按候选人顺序确定其他供应商, 也可以重新开展采购活动; 拒绝签订的不得参加重新开展的采购",
                    "basis": (_way("第二十二条"),),
                },
                retender={
                    "label": "不再确定成交供应商, 重新采购",
                    "target": Stage.STOPPED,
                    "basis": (_way("第二十二条"), _way("第五十条")),
                },
                restart_after_challenge={"target": Stage.STOPPED},
                annul_after_complaint={"label": "投诉成立, 成交无效, 重新采购", "target": Stage.STOPPED},
            )
            if move.code not in _NOT_OF_AN_INQUIRY
        ),
    ),
    Stage.BUDGET,
    frozenset({Stage.ARCHIVED, Stage.STOPPED, Stage.TERMINATED}),
    3,
    "政府采购法; 政府采购非招标采购方式管理办法",
    lawful_when="货物规格、标准统一, 现货货源充足且价格变化幅度小的采购项目(政府采购法第三十二条)",
)

GP_OPEN = Procedure(
    "GP_OPEN",
    "政府采购 公开招标",
    "GP",
    (*BEFORE_THE_NOTICE, *BIDDING, *QUALIFYING, *EVALUATING),
    Stage.BUDGET,
    frozenset({Stage.ARCHIVED, Stage.CANCELLED, Stage.TERMINATED}),
    3,
    "政府采购法; 政府采购法实施条例; 政府采购货物和服务招标投标管理办法",
    lawful_when="政府采购的主要采购方式; 达到公开招标数额标准的货物和服务应当公开招标(政府采购法第二十六、二十七条)",
)

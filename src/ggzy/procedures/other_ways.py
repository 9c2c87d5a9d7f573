"""Ways of procurement that are no tendering (非招标采购方式): the inquiry 询价, and buying from the only supplier 单一来源.

A step that tendering knows too has the same code and its own clause.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import Citation
from ggzy.procedures.procurement import BEFORE_THE_NOTICE, BIDDING, CALLED_OFF, EVALUATING, QUALIFYING
from ggzy.procedures.spec import NO_HOLD, Hold, Move, Procedure, Stage

_LAW, _RULES = "政府采购法", "政府采购法实施条例"
_OWNER = frozenset({Role.TENDEREE})
_BIDDER = frozenset({Role.BIDDER})
_SYSTEM = frozenset({Role.SYSTEM})
_SUPERVISOR = frozenset({Role.SUPERVISOR})
_COURT = frozenset({Hold.COURT})


def _law(article: str) -> Citation:
    return Citation(_LAW, article)


def _rules(article: str) -> Citation:
    return Citation(_RULES, article)


_WAYS = "政府采购非招标采购方式管理办法"


def _way(article: str) -> Citation:
    return Citation(_WAYS, article)


def _by_another_way(moves: tuple[Move, ...], **changes: Mapping[str, Any]) -> tuple[Move, ...]:
    """Return moves of open tendering as another way of procurement has them: each named one changed, the rest as it is."""
    found = {move.code for move in moves}
    assert changes.keys() <= found, f"no such move: {changes.keys() - found}"
    return tuple(replace(move, **changes.get(move.code, {})) for move in moves)


_CALLED_OFF: Mapping[str, Any] = {
    "label": "采购任务取消, 或者违法违规行为影响公正, 终止采购活动",
    "target": Stage.STOPPED,
    "documents": "终止公告, 采购任务取消的原因报送财政部门",
    "basis": (_way("第二十三条"), _law("第三十六条")),
}

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
        replace(CALLED_OFF[0], source=Stage.OPENED, **_CALLED_OFF),
        *_by_another_way(
            tuple(move for move in EVALUATING if move.source is not Stage.QUAL),
            call_off=_CALLED_OFF,
            reject_all={
                "label": "实质性响应的供应商不足3家, 终止采购活动",
                "target": Stage.STOPPED,
                "documents": "终止理由",
                "guard": "符合采购需求且报价未超过采购预算的供应商不足3家; 小组不得改变询价通知书确定的要求",
                "basis": (_way("第五十条"), _way("第四十六条")),
            },
            stop_for_flawed_file={
                "label": "询价通知书违法, 停止评审",
                "guard": "询价通知书内容违反国家有关强制性规定; 过半数成员在同一份书面说明上签名; 修改后重新采购",
                "basis": (_rules("第四十一条"),),
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
        ),
    ),
    Stage.BUDGET,
    frozenset({Stage.ARCHIVED, Stage.STOPPED, Stage.TERMINATED}),
    3,
    "政府采购法; 政府采购非招标采购方式管理办法",
    lawful_when="货物规格、标准统一, 现货货源充足且价格变化幅度小的采购项目(政府采购法第三十二条)",
)

_SOURCE_ENDS = (Stage.PUBLICITY, Stage.REARGUE, Stage.APPROVAL, Stage.NEGOTIATE)

GP_DY = Procedure(
    "GP_DY",
    "政府采购 单一来源",
    "GP",
    (
        Move(
            code="publish_publicity",
            label="发布单一来源公示",
            source=Stage.ARGUE,
            target=Stage.PUBLICITY,
            actors=_OWNER,
            documents="单一来源公示: 采购标的、唯一性说明、拟定供应商、专业人员论证意见及其姓名、单位、职称、联系方式",
            guard="达到公开招标数额标准, 且只能从唯一供应商处采购; 公示不少于5个工作日",
            limits=("GP-T36",),
            basis=(_rules("第三十八条"), _way("第三十八条"), _way("第三十九条")),
        ),
        Move(
            code="negotiate_directly",
            label="不需公示和批准, 直接协商",
            source=Stage.ARGUE,
            target=Stage.NEGOTIATE,
            actors=_OWNER,
            documents="论证: 法定情形和事实; 添购的写明原合同及金额",
            guard="未达到公开招标数额标准; 添购资金累计不超过原合同采购金额的10%",
            basis=(_law("第三十一条"),),
        ),
        Move(
            code="ask_approval",
            label="不需公示, 直接报财政部门批准",
            source=Stage.ARGUE,
            target=Stage.APPROVAL,
            actors=_OWNER,
            documents="论证: 法定情形和事实; 添购的写明原合同及金额",
            guard="达到公开招标数额标准, 属于不可预见的紧急情况, 或者为配套要求继续添购",
            basis=(_law("第二十七条"), _way("第四条")),
        ),
        Move(
            code="object_to_source",
            label="对单一来源采购方式提出异议",
            source=Stage.PUBLICITY,
            target=Stage.PUBLICITY,
            actors=frozenset(Role) - {Role.PUBLIC, Role.SYSTEM, Role.CENTRE, Role.ADMIN},
            documents="书面意见, 同时抄送财政部门",
            guard="公示期内; 任何供应商、单位或者个人",
            basis=(_way("第四十条"),),
            blocked_by=NO_HOLD,
        ),
        Move(
            code="end_publicity",
            label="公示期满, 没有异议, 报财政部门批准",
            source=Stage.PUBLICITY,
            target=Stage.APPROVAL,
            actors=_SYSTEM,
            documents="公示情况",
            guard="公示期满时自动办理",
            limits=("GP-T36",),
            basis=(_way("第三十八条"), _way("第四十条")),
        ),
        Move(
            code="end_publicity_disputed",
            label="公示期满, 有异议, 补充论证",
            source=Stage.PUBLICITY,
            target=Stage.REARGUE,
            actors=_SYSTEM,
            documents="异议",
            guard="公示期满时自动办理; 期满后5个工作日内组织补充论证",
            limits=("GP-T37",),
            basis=(_way("第四十条"),),
        ),
        Move(
            code="dismiss_objections",
            label="补充论证后异议不成立, 报财政部门批准",
            source=Stage.REARGUE,
            target=Stage.APPROVAL,
            actors=_OWNER,
            documents="异议意见、论证意见、公示情况一并报送; 论证结论告知提出异议的人并公布",
            guard="公示期满后5个工作日内; 逐条回应异议",
            limits=("GP-T37",),
            basis=(_way("第四十条"),),
        ),
        Move(
            code="uphold_objections",
            label="补充论证后异议成立, 改用其他采购方式",
            source=Stage.REARGUE,
            target=Stage.CHANGED,
            actors=_OWNER,
            documents="论证结论告知提出异议的人并公布",
            guard="公示期满后5个工作日内",
            limits=("GP-T37",),
            basis=(_way("第四十条"),),
        ),
        Move(
            code="approve_source",
            label="财政部门批准",
            source=Stage.APPROVAL,
            target=Stage.NEGOTIATE,
            actors=_SUPERVISOR,
            documents="批复",
            guard="写明文号和意见",
            basis=(_law("第二十七条"), _way("第四条")),
        ),
        Move(
            code="refuse_source",
            label="财政部门不批准, 改用其他采购方式",
            source=Stage.APPROVAL,
            target=Stage.CHANGED,
            actors=_SUPERVISOR,
            documents="批复",
            guard="写明文号和理由",
            basis=(_law("第二十七条"), _way("第四条")),
        ),
        Move(
            code="record_negotiation",
            label="商定价格, 协商情况记录生效",
            source=Stage.NEGOTIATE,
            target=Stage.RECORDED,
            actors=_OWNER,
            documents="协商情况记录: 公示情况、日期地点及人员名单、供应商提供的成本、同类合同价格和专利情况、主要条款及价格商定情况",
            guard="价格不超过采购预算; 供应商签名; 采购人员签名, 有异议的写明理由, 拒绝签名又不说明的视为同意",
            basis=(_way("第四十一条"), _way("第四十二条")),
        ),
        *(
            Move(
                code="terminate",
                label="终止采购活动",
                source=stage,
                target=Stage.TERMINATED,
                actors=_OWNER,
                documents="项目终止公告及原因",
                guard="情况变化不再适用单一来源, 出现影响采购公正的违法违规行为, 或者报价超过采购预算; 重新开展采购活动",
                basis=(_way("第四十三条"),),
                blocked_by=_COURT,
            )
            for stage in _SOURCE_ENDS
        ),
        Move(
            code="notify",
            label="公告成交结果并发出通知书",
            source=Stage.RECORDED,
            target=Stage.ANNOUNCED,
            actors=_OWNER,
            documents="成交结果公告、成交通知书",
            guard="成交供应商确定之日起2个工作日内",
            limits=("GP-T10",),
            basis=(_way("第十八条"), _rules("第四十三条")),
        ),
        Move(
            code="sign_contract",
            label="签订合同并公告",
            source=Stage.ANNOUNCED,
            target=Stage.CONTRACTED,
            actors=_OWNER | _BIDDER,
            documents="政府采购合同、合同公告",
            guard="通知书发出30日内; 双方签名; 签订之日起2个工作日内公告, 7个工作日内副本备案",
            limits=("GP-T12", "GP-T13", "GP-T14"),
            basis=(_law("第四十六条"), _law("第四十七条"), _way("第十九条"), _rules("第五十条")),
            blocked_by=frozenset(Hold),
        ),
    ),
    Stage.ARGUE,
    frozenset({Stage.CONTRACTED, Stage.CHANGED, Stage.TERMINATED}),
    0,
    "政府采购法; 政府采购法实施条例; 政府采购非招标采购方式管理办法",
    lawful_when="只能从唯一供应商处采购, 或者发生不可预见的紧急情况, 或者为配套要求继续添购且不超过原合同金额的10%(政府采购法第三十一条)",
    bids=False,
)

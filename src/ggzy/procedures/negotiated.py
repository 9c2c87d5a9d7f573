"""The ways of procurement in which a group talks with suppliers: 竞争性磋商, 竞争性谈判, and their sealed last offers.

Suppliers answer without a price. The group opens the answers alone, judges them, talks with each supplier by itself, and
asks all that are left for a last offer at once: sealed as a bid is, opened for the group at one moment, never in public.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import Citation
from ggzy.procedures.other_ways import GP_XJ
from ggzy.procedures.spec import NO_HOLD, Move, Procedure, Stage

_LAW, _WAYS = "政府采购法", "政府采购非招标采购方式管理办法"
_CONSULT = "财库〔2014〕214号"
_SEALED = "电子招标投标办法"
_GROUP = frozenset({Role.EXPERT, Role.TENDEREE})
_OWNER = frozenset({Role.TENDEREE})
_BIDDER = frozenset({Role.BIDDER})
_SYSTEM = frozenset({Role.SYSTEM})


def _way(*articles: str) -> tuple[Citation, ...]:
    return tuple(Citation(_WAYS, article) for article in articles)


def _consult(*articles: str) -> tuple[Citation, ...]:
    return tuple(Citation(_CONSULT, article) for article in articles)


#: what an inquiry does in its hall; here nobody but the group sees an answer
_NOT_IN_QUIET = {
    "open_bids",
    "object_at_opening",
    "remedy_system_failure",
    "fail_for_nothing_opened",
}

_RELEASE = Move(
    code="release_key",
    label="解密响应文件",
    source=Stage.CLOSED,
    target=Stage.CLOSED,
    actors=_BIDDER | _SYSTEM,
    documents="解密记录",
    guard="只向小组开启, 不公开; 逾期未解密的视为撤回; 响应文件不得含报价",
    basis=_way("第二十五条"),
    blocked_by=NO_HOLD,
)
_TALK = Move(
    code="record_talk",
    label="与单一供应商磋商",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    actors=_GROUP,
    documents="磋商记录",
    guard="小组全体成员集中与单一供应商分别进行; 给予每家平等的机会; 不得透露其他供应商的技术资料、价格和其他信息",
)
_CHANGE = Move(
    code="propose_change",
    label="提出对采购需求或者合同草案的实质性变动",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    actors=_GROUP,
    documents="变动内容",
    guard="只限技术、服务要求和合同草案条款; 经采购人代表确认后生效",
)
_CONFIRM = Move(
    code="confirm_change",
    label="采购人代表确认实质性变动",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    actors=_OWNER,
    documents="书面变动通知",
    guard="同时书面通知所有参加的供应商; 供应商按变动情况重新提交响应文件",
)
_VOTE = Move(
    code="vote_solutions",
    label="投票推荐设计方案或者解决方案",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    actors=_GROUP,
    documents="投票结果",
    guard="采购文件不能详细列明技术、服务要求, 由供应商提供最终方案的; 少数服从多数, 推荐3家以上",
)
_LEAVE = Move(
    code="leave_talks",
    label="退出磋商",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    actors=_BIDDER,
    documents="退出的原因",
    guard="在提交最后报价之前, 可以根据磋商情况退出; 退还保证金; 其他供应商不知道",
    blocked_by=NO_HOLD,
)
_ASK = Move(
    code="ask_final_offers",
    label="要求提交最后报价",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    actors=_GROUP,
    documents="最后报价通知",
    guard="与每家都谈过; 提出的变动都已确认或者撤回; 规定的时间对各家相同; 可以退出",
)
_REVEAL = Move(
    code="reveal_offers",
    label="同时揭示最后报价",
    source=Stage.EVALUATING,
    target=Stage.EVALUATING,
    actors=_SYSTEM,
    documents="最后报价",
    guard="截止时间已到, 全部解密或者时限已到; 只向小组揭示; 超过采购预算的无效",
    blocked_by=NO_HOLD,
)


def _negotiated(
    changes: Mapping[str, Mapping[str, Any]], talks: Mapping[str, Mapping[str, Any]]
) -> tuple[Move, ...]:
    """Return the moves of a negotiated way: those of an inquiry, each named one changed, with quiet opening and talks."""
    out: list[Move] = []
    known = {move.code for move in GP_XJ.moves}
    assert changes.keys() <= known, f"no such move: {changes.keys() - known}"
    for move in GP_XJ.moves:
        if move.code in _NOT_IN_QUIET or (move.code, move.source) == ("call_off", Stage.CLOSED):
            continue  # what is being opened for the group is over within hours, and then it may be called off
        if move.code == "end_opening":
            out.append(replace(_RELEASE, **talks.get("release_key", {})))
        if move.code == "reject_all":
            out += [
                replace(one, **talks.get(one.code, {}))
                for one in (_TALK, _CHANGE, _CONFIRM, _VOTE, _LEAVE, _ASK, _REVEAL)
            ]
        if move.code != "release_key":
            out.append(replace(move, **changes.get(move.code, {})))
    return tuple(out)


def _quiet_end(basis: tuple[Citation, ...]) -> dict[str, Any]:
    return {
        "label": "响应文件开启完毕, 转入评审",
        "source": Stage.CLOSED,
        "target": Stage.OPENED,
        "actors": _SYSTEM,
        "documents": "解密记录",
        "guard": "全部解密或者时限已到, 开启成功的不少于3家",
        "basis": basis,
        "blocked_by": NO_HOLD,
    }


GP_CS = Procedure(
    "GP_CS",
    "政府采购 竞争性磋商",
    "GP",
    _negotiated(
        {
            "start_document": {
                "label": "开始编制磋商文件",
                "guard": "属于可以采用竞争性磋商的情形; 写明可能实质性变动的内容",
                "basis": _consult("第三条", "第八条"),
            },
            "send_to_review": {"documents": "磋商文件全文、一般性审查和重点审查意见"},
            "publish": {
                "label": "发布竞争性磋商公告并发出磋商文件",
                "documents": "竞争性磋商公告、磋商文件",
                "guard": "磋商文件发售不少于5个工作日; 自发出之日起至首次响应文件提交截止之日不少于10日",
                "limits": ("GP-T33", "GP-T34"),
                "basis": _consult("第七条", "第十条"),
            },
            "clarify": {
                "label": "澄清修改磋商文件(截止5日之前)",
                "guard": "可能影响响应文件编制且余期不足5日的, 必须同时延期",
                "limits": ("GP-T35",),
                "basis": _consult("第十条"),
            },
            "clarify_and_postpone": {"limits": ("GP-T35",), "basis": _consult("第十条")},
            "submit_bid": {
                "guard": "首次响应不含报价, 报价只在最后报价中提出; 未加密拒收; 截止后拒收; 身份保密",
                "basis": _consult("第十一条", "第十三条"),
            },
            "withdraw_bid": {"basis": _consult("第十三条")},
            "terminate": {"basis": _consult("第三十四条")},
            "close_bidding": {"basis": _consult("第十三条")},
            "fail_for_lack_of_bids": {
                "guard": "截止时提交的, 或者开启成功的不足3家; 未开启的不再开启",
                "basis": _consult("第二十一条", "第三十四条"),
            },
            "end_opening": _quiet_end(_consult("第十三条", "第十六条")),
            "seat_committee": {
                "label": "组建磋商小组并签到",
                "guard": "成员为3人以上单数, 评审专家不少于三分之二; 资格和响应均由小组审查",
                "basis": _consult("第十四条"),
            },
            "call_off": {"basis": _consult("第三十五条")},
            "reject_all": {
                "actors": _GROUP | _SYSTEM,
                "guard": "实质性响应的, 或者提交最后报价的供应商不足3家",
                "basis": _consult("第二十一条", "第三十四条"),
            },
            "ask_low_price": {"basis": (Citation("财库〔2026〕2号", ""),)},
            "stop_for_flawed_file": {
                "label": "磋商文件违法, 停止评审",
                "basis": (Citation("政府采购法实施条例", "第四十一条"),),
            },
            "submit_report": {
                "guard": "按综合得分由高到低提出3名以上成交候选供应商; 得分相同按最后报价由低到高; 全体成员签名",
                "basis": _consult("第二十四条", "第二十五条", "第二十六条"),
            },
            "review_errors": {
                "guard": "资格性审查认定错误、分值汇总计算错误、分项评分超出标准、客观分不一致、评分畸高畸低",
                "basis": _consult("第三十二条"),
            },
            "award": {
                "guard": "收到报告5个工作日内, 按排序由高到低确定; 逾期不确定又不提出异议的, 视同确定排名第一的候选人",
                "basis": _consult("第二十八条"),
            },
            "notify": {
                "documents": "成交结果公告(随附磋商文件、评审专家名单)、成交通知书",
                "basis": _consult("第二十九条"),
            },
            "sign_contract": {
                "guard": "通知书发出30日内; 不得超出磋商文件和响应文件实质性内容; 签订之日起2个工作日内公告",
                "basis": (Citation(_LAW, "第四十六条"), *_consult("第三十条")),
            },
            "winner_refuses": {"basis": _consult("第三十一条")},
            "retender": {"basis": _consult("第三十一条", "第三十四条")},
        },
        {
            "release_key": {"basis": _consult("第十三条", "第十六条")},
            "record_talk": {"basis": _consult("第十九条")},
            "propose_change": {"basis": _consult("第二十条")},
            "confirm_change": {"basis": _consult("第二十条")},
            "vote_solutions": {"basis": _consult("第二十一条")},
            "leave_talks": {"basis": _consult("第二十二条")},
            "ask_final_offers": {"basis": _consult("第二十一条", "第二十二条")},
            "reveal_offers": {"basis": _consult("第二十一条", "第二十三条")},
        },
    ),
    Stage.BUDGET,
    frozenset({Stage.ARCHIVED, Stage.STOPPED, Stage.TERMINATED}),
    3,
    "政府采购法; 财库〔2014〕214号",
    lawful_when="政府购买服务, 技术复杂或者性质特殊、不能确定详细规格或者具体要求, 不能事先计算出价格总额, "
    "市场竞争不充分的科研项目等(财库〔2014〕214号第三条)",
    quiet=True,
)

GP_TP = Procedure(
    "GP_TP",
    "政府采购 竞争性谈判",
    "GP",
    _negotiated(
        {
            "start_document": {
                "label": "开始编制谈判文件",
                "guard": "属于可以采用竞争性谈判的情形; 写明可能实质性变动的内容",
                "basis": (Citation(_LAW, "第三十条"), *_way("第二十七条")),
            },
            "send_to_review": {"documents": "谈判文件全文、一般性审查和重点审查意见"},
            "publish": {
                "label": "发布竞争性谈判公告并发出谈判文件",
                "documents": "竞争性谈判公告、谈判文件",
                "guard": "从谈判文件发出之日起至首次响应文件提交截止之日不少于3个工作日",
                "limits": ("GP-T29",),
                "basis": (Citation(_LAW, "第三十八条"), *_way("第二十九条")),
            },
            "clarify": {
                "label": "澄清修改谈判文件(截止3个工作日之前)",
                "limits": ("GP-T30",),
                "basis": _way("第二十九条"),
            },
            "clarify_and_postpone": {"limits": ("GP-T30",), "basis": _way("第二十九条")},
            "submit_bid": {
                "guard": "首次响应不含报价, 报价只在最后报价中提出; 未加密拒收; 截止后拒收; 身份保密",
                "basis": _way("第十五条"),
            },
            "close_bidding": {"basis": _way("第十五条")},
            "fail_for_lack_of_bids": {
                "guard": "截止时提交的, 或者开启成功的不足3家; 未开启的不再开启",
                "basis": _way("第三十七条"),
            },
            "end_opening": _quiet_end(_way("第三十条")),
            "seat_committee": {
                "label": "组建谈判小组并签到",
                "guard": "成员为3人以上单数(达到公开招标数额标准的5人以上), 评审专家不少于三分之二; 资格和响应均由小组审查",
            },
            "reject_all": {
                "actors": _GROUP | _SYSTEM,
                "guard": "实质性响应的、提交最后报价的, 或者报价未超过采购预算的供应商不足3家",
                "basis": _way("第三十七条", "第三十三条"),
            },
            "ask_low_price": {"basis": (Citation("财库〔2026〕2号", ""),)},
            "stop_for_flawed_file": {"label": "谈判文件违法, 停止评审"},
            "submit_report": {
                "guard": "按最后报价由低到高提出3名以上成交候选人; 全体成员签名; 评审结束后2个工作日内送采购人",
                "basis": _way("第三十五条"),
            },
            "award": {
                "guard": "收到报告5个工作日内, 按质量和服务均能满足且最后报价最低的原则确定; 逾期不确定又不提出异议的, "
                "视同确定最后报价最低的候选人",
                "basis": _way("第三十六条"),
            },
            "notify": {"documents": "成交结果公告(随附谈判文件、评审专家名单)、成交通知书"},
            "sign_contract": {
                "guard": "通知书发出30日内; 不得超出谈判文件和响应文件实质性内容; 签订之日起2个工作日内公告"
            },
            "retender": {"basis": _way("第二十二条", "第三十七条")},
        },
        {
            "release_key": {"basis": _way("第三十条")},
            "record_talk": {
                "label": "与单一供应商谈判",
                "documents": "谈判记录",
                "basis": _way("第三十一条"),
            },
            "propose_change": {"basis": _way("第三十二条")},
            "confirm_change": {"basis": _way("第三十二条")},
            "vote_solutions": {"basis": _way("第三十三条")},
            "leave_talks": {
                "label": "退出谈判",
                "guard": "在提交最后报价之前, 可以根据谈判情况退出; 退还保证金; 其他供应商不知道",
                "basis": _way("第三十四条"),
            },
            "ask_final_offers": {"basis": _way("第三十三条", "第三十四条")},
            "reveal_offers": {"basis": _way("第三十三条", "第三十五条")},
        },
    ),
    Stage.BUDGET,
    frozenset({Stage.ARCHIVED, Stage.STOPPED, Stage.TERMINATED}),
    3,
    "政府采购法; 政府采购非招标采购方式管理办法",
    lawful_when="招标后没有供应商或者没有合格标的, 技术复杂或者性质特殊不能确定详细规格, 招标所需时间不能满足紧急需要, "
    "不能事先计算出价格总额的采购项目(政府采购法第三十条)",
    quiet=True,
)

#: the last offers of one negotiated round: a round of its own inside it, for those with whom the group has talked
GP_FINAL = Procedure(
    "GP_FINAL",
    "政府采购 最后报价",
    "GP",
    (
        Move(
            code="submit_bid",
            label="提交加密的最后报价",
            source=Stage.FO_OPEN,
            target=Stage.FO_OPEN,
            actors=_BIDDER,
            documents="加密的最后报价、签名清单",
            guard="只接收参加磋商或者谈判的供应商; 未加密拒收; 截止后拒收; 其他供应商是否提交保密",
            basis=(*_consult("第二十一条"), *_way("第三十三条")),
            blocked_by=NO_HOLD,
        ),
        Move(
            code="withdraw_bid",
            label="撤回或替换最后报价",
            source=Stage.FO_OPEN,
            target=Stage.FO_OPEN,
            actors=_BIDDER,
            documents="撤回通知",
            guard="截止前任意次; 提交最后报价前可以根据情况退出, 退还保证金",
            basis=(*_consult("第二十二条"), *_way("第三十四条")),
            blocked_by=NO_HOLD,
        ),
        Move(
            code="close_bidding",
            label="最后报价截止时刻到",
            source=Stage.FO_OPEN,
            target=Stage.FO_KEYS,
            actors=_SYSTEM,
            documents="截止时的密文承诺",
            guard="截止前任何人(含平台)不得解密提取",
            basis=(Citation(_SEALED, "第二十七条"),),
            blocked_by=NO_HOLD,
        ),
        *(
            Move(
                code="give_up_offers",
                label="采购活动已终止, 不再接收和揭示最后报价",
                source=stage,
                target=Stage.FO_DONE,
                actors=_SYSTEM,
                documents="终止公告",
                guard="小组停止评审, 或者采购活动终止",
                basis=(*_consult("第三十四条"), *_way("第三十七条")),
                blocked_by=NO_HOLD,
            )
            for stage in (Stage.FO_OPEN, Stage.FO_KEYS)
        ),
        Move(
            code="release_key",
            label="解密最后报价",
            source=Stage.FO_KEYS,
            target=Stage.FO_KEYS,
            actors=_BIDDER | _SYSTEM,
            documents="解密记录",
            guard="逾期未解密的视为退出",
            basis=(Citation(_SEALED, "第三十一条"),),
            blocked_by=NO_HOLD,
        ),
        Move(
            code="reveal_offers",
            label="同时揭示最后报价",
            source=Stage.FO_KEYS,
            target=Stage.FO_DONE,
            actors=_SYSTEM,
            documents="最后报价",
            guard="全部解密或者时限已到; 只向小组揭示",
            basis=(*_consult("第二十三条"), *_way("第三十五条")),
            blocked_by=NO_HOLD,
        ),
    ),
    Stage.FO_OPEN,
    frozenset({Stage.FO_DONE}),
    0,
    "政府采购非招标采购方式管理办法第三十三条; 财库〔2014〕214号第二十一条",
    lawful_when="竞争性磋商、竞争性谈判中, 小组要求全部继续参加的供应商在规定时间内提交最后报价",
    part=True,
)

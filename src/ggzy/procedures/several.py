"""Procurement whose result names several suppliers: what follows is each one's agreement, not one contract of the round.

The first stage of a closed framework agreement 封闭式框架协议征集 follows open tendering (110号令), and differs from it where
its own rules say so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ggzy.kernel.actors import Role
from ggzy.kernel.refusals import Citation
from ggzy.procedures.procurement import BEFORE_THE_NOTICE, BIDDING, EVALUATING, QUALIFYING
from ggzy.procedures.spec import Hold, Move, Procedure, Stage

_BASIS = "政府采购框架协议采购方式管理暂行办法"
_CHALLENGE = "政府采购质疑和投诉办法"

#: moves about the one winner of a round and its contract
_OF_ONE = {
    "award",
    "notify",
    "uphold_challenge",
    "sign_contract",
    "winner_refuses",
    "file_contract",
    "start_performance",
}

CHOOSE = Move(
    code="choose",
    label="确定多家供应商并公告结果",
    source=Stage.REPORTED,
    target=Stage.ANNOUNCED,
    actors=frozenset({Role.TENDEREE}),
    documents="结果公告(随附采购文件、评审专家名单)、通知书、落选告知",
    guard="按采购文件载明的数量或者淘汰比例, 依排序一次确定, 不得跳过; 确定书经签名",
)


def ending_in_several(
    moves: Iterable[Move], *, choose: Mapping[str, Any], **changes: Mapping[str, Any]
) -> tuple[Move, ...]:
    """Return moves of a procurement that ends with several suppliers: `choose` instead of an award and its contract.

    The round rests where the result is announced; it is archived from there. Each named move is changed, the rest as it is.
    """
    out: list[Move] = []
    rows = tuple(moves)
    assert changes.keys() <= {move.code for move in rows}, f"no such move: {changes.keys()}"
    for move in rows:
        if move.code in _OF_ONE or move.source in {Stage.CONTRACTED, Stage.PUBLISHED}:
            continue
        if move.code == "archive":
            # with no contract before it, it is here that an open challenge waits for its answer
            move = replace(move, source=Stage.ANNOUNCED, blocked_by=move.blocked_by | {Hold.CHALLENGE})  # noqa: PLW2901 - the same move elsewhere
        out.append(replace(move, **changes.get(move.code, {})))
        if move.code == "submit_report":
            out.append(replace(CHOOSE, **choose))
    return tuple(out)


def _kj(*articles: str) -> tuple[Citation, ...]:
    return tuple(Citation(_BASIS, article) for article in articles)


GP_KJ_TENDER = Procedure(
    "GP_KJ_TENDER",
    "政府采购 框架协议(封闭式)征集",
    "GP",
    ending_in_several(
        (*BEFORE_THE_NOTICE, *BIDDING, *QUALIFYING, *EVALUATING),
        choose={
            "label": "确定入围供应商并公告入围结果",
            "documents": "入围结果公告(随附征集文件、评审专家名单)、入围通知书、未入围告知",
            "guard": "按排序和征集文件的淘汰比例确定, 不得跳过; 淘汰比例不低于20%且至少淘汰1家, 检测、实验等仪器设备采用质量优先法的不低于40%; 确定书经征集人签名",
            "limits": ("GP-T38",),
            "basis": _kj("第二十五条", "第二十六条", "第二十八条"),
        },
        start_document={
            "label": "开始编制征集文件",
            "guard": "先做需求调查(采购人、供应商各不少于3家); 确定最高限制单价、评审方法、淘汰比例和第二阶段成交方式",
            "basis": _kj("第十一条", "第二十二条"),
        },
        send_to_review={"documents": "征集文件全文、一般性审查和重点审查意见"},
        publish={
            "label": "发布征集公告和征集文件",
            "documents": "征集公告(公告期限5个工作日)、征集文件、最高限制单价",
            "guard": "文件提供不少于5个工作日, 自文件发出至响应截止不少于20日; 框架协议期限货物一般不超过1年, 服务一般不超过2年",
            "limits": ("GP-T01", "GP-T02", "GP-T03", "GP-T45", "GP-T47"),
            "basis": _kj("第十五条", "第二十一条", "第二十二条"),
        },
        clarify={"label": "澄清修改征集文件(距截止不少于15日)"},
        submit_bid={
            "label": "提交加密响应文件",
            "guard": "逐项报出单价, 不超过最高限制单价; 未加密拒收; 截止后拒收; 身份保密",
            "basis": _kj("第二十三条"),
        },
        withdraw_bid={"label": "撤回或替换响应文件"},
        terminate={"label": "终止征集"},
        close_bidding={"label": "响应文件提交截止时刻到"},
        fail_for_lack_of_bids={
            "label": "响应的供应商不足2家, 征集失败",
            "documents": "征集失败公告",
            "guard": "不开启响应文件; 重新征集",
            "basis": _kj("第二十七条"),
        },
        open_bids={
            "label": "开启响应文件",
            "guard": "截止时间已到, 供应商不少于2家; 评标委员会成员不得参加",
            "basis": _kj("第二十七条"),
        },
        release_key={"label": "解密响应文件"},
        object_at_opening={"label": "开启疑义并当场答复"},
        end_opening={"label": "开启结束, 转入资格审查", "documents": "开启记录"},
        fail_for_nothing_opened={
            "label": "没有一份响应文件开启成功, 征集失败",
            "documents": "开启经过、责任认定、征集失败公告",
            "basis": _kj("第二十七条"),
        },
        qualify={"guard": "由征集人审查, 逐家逐项判断并签名; 合格供应商不足2家的不得评审"},
        fail_for_lack_of_qualified={
            "label": "合格供应商不足2家, 征集失败",
            "documents": "资格审查结论、征集失败公告",
            "guard": "资格审查结论签名后合格供应商不足2家",
            "basis": _kj("第二十七条"),
        },
        seat_committee={"label": "组建评审委员会并签到"},
        reject_all={
            "label": "符合要求的响应不足2家, 征集失败",
            "documents": "评审意见",
            "guard": "符合资格条件和实质性要求的供应商不足2家",
            "basis": _kj("第二十七条"),
        },
        stop_for_flawed_file={"label": "征集文件有重大缺陷, 停止评审"},
        submit_report={
            "label": "提交评审报告",
            "documents": "评审报告、入围名单",
            "guard": "价格优先法按价格由低到高, 质量优先法按质量得分由高到低, 按淘汰比例得出入围名单; 全体成员签名",
            "basis": _kj("第二十五条", "第二十六条"),
        },
        challenge_result={
            "label": "对入围结果提出质疑",
            "guard": "入围结果公告期限届满之日起7个工作日内; 答复前暂停签订框架协议",
        },
        restart_after_challenge={
            "label": "质疑成立, 入围结果无效, 重新征集",
            "guard": "认定影响入围结果",
        },
        retender={
            "label": "不再确定入围供应商, 重新征集",
            "guard": "出现影响采购公正的违法违规行为, 或者采购任务取消",
            "basis": (Citation("政府采购法", "第三十六条"),),
        },
        annul_after_complaint={
            "label": "投诉成立, 入围结果无效, 重新征集",
            "basis": (Citation(_CHALLENGE, "第三十二条"),),
        },
        archive={"label": "征集活动归档"},
    ),
    Stage.BUDGET,
    frozenset({Stage.ARCHIVED, Stage.CANCELLED, Stage.TERMINATED}),
    2,
    f"政府采购法; {_BASIS}",
    lawful_when="集中采购目录以内的小额零星采购, 或者目录以外、限额标准以上的法定服务, 采购人多频次、小额度采购的; "
    "由集中采购机构或者主管预算单位征集(110号令第三条, 条文待核)",
    several=True,
    unit_prices=True,
)

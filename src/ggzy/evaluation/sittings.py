"""Later sittings of the same committee: after errors found, an upheld objection, or a change of a candidate.

A later sitting judges again, within its scope, and signs a report of its own; the earlier one stays as it was.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ggzy.committees import actions as committees
from ggzy.evaluation.models import Evaluation
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, make_move, place_of, require_tenderee

#: what a tenderee may find wrong in a report (1117号文, 加强评标报告审查)
FINDINGS = {
    "objective": "对同一客观评审项, 评委评分不一致",
    "outlier": "评分畸高、畸低",
    "low_price": "报价异常低而未作澄清说明",
    "unbalanced": "不平衡报价未作评审",
    "arithmetic": "分值汇总或者计算错误",
    "criteria": "未按招标文件载明的标准和方法评审",
}
#: what may change with a candidate before the award (条例56)
CHANGES = {
    "business": "经营状况发生较大变化",
    "finance": "财务状况发生较大变化",
    "unlawful": "存在违法行为",
}


def sit_again(round_: Round, *, move: str, cause: str, scope: str, actor: Actor, now: datetime) -> Evaluation:
    """Move a locked round back to its committee and open the next sitting (called inside an act)."""
    last = Evaluation.objects.filter(round=round_).order_by("-number").first()
    if last is None:
        raise NotFound("该标段没有评标委员会, 不能复核")
    make_move(round_, move, actor=actor, now=now)
    committees.reopen(last.draw)
    sitting = Evaluation.objects.create(
        round=round_,
        number=last.number + 1,
        cause=cause,
        scope=scope[:4000],
        draw=last.draw,
        step=Evaluation.PRELIMINARY,
        started_at=now,
        region_code=round_.region_code,
    )
    record_act(
        "evaluation.reopened",
        subject=sitting.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"sitting": sitting.number, "cause": cause, "earlier_report_sha256": last.report_sha256},
        supervisor={"scope": sitting.scope},
    )
    return sitting


def _scope(kinds: Sequence[str], known: dict[str, str], text: str) -> str:
    """Return the scope as the committee reads it.

    :raises BadInput: no ground, one the law does not know, or no facts
    """
    if not kinds or any(kind not in known for kind in kinds):
        raise BadInput("请从列明的情形中选择, 至少一项", field="kinds")
    if not text.strip():
        raise BadInput("请写明事实: 涉及哪份投标、哪一项, 问题是什么", field="text")
    return "; ".join(known[kind] for kind in kinds) + "。" + text.strip()


@transaction.atomic
def review_errors(
    *, round_id: str, kinds: Sequence[str], text: str, actor: Actor, now: datetime
) -> Evaluation:
    """Send a report with errors back to the committee that wrote it: REPORTED → EVALUATING.

    :raises BadInput: no lawful ground, or no facts
    :raises MoveNotAllowed: no report waits, or a hold
    """
    require(actor, Permission.EVALUATION_REOPEN)
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    scope = _scope(kinds, FINDINGS, text)
    return sit_again(round_, move="review_errors", cause=Evaluation.ERRORS, scope=scope, actor=actor, now=now)


@transaction.atomic
def reconsider(*, round_id: str, kinds: Sequence[str], text: str, actor: Actor, now: datetime) -> Evaluation:
    """Ask the committee whether a changed candidate can still perform (条例56): CAND_END → EVALUATING.

    :raises BadInput: no lawful ground, or no facts
    :raises MoveNotAllowed: the publicity is not over, or a hold
    """
    require(actor, Permission.EVALUATION_REOPEN)
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    scope = _scope(kinds, CHANGES, text)
    return sit_again(round_, move="reconsider", cause=Evaluation.CHANGE, scope=scope, actor=actor, now=now)

"""Later sittings of the same committee: after errors found, an upheld objection, or a change of a candidate.

A later sitting judges again, within its scope, and signs a report of its own; the earlier one stays as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.committees import actions as committees
from ggzy.evaluation.models import Evaluation, Reopening
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round, large
from ggzy.tendering.moves import lock_round, make_move, place_of, require_move, require_tenderee

#: what a tenderee may find wrong in a report (1117号文, 加强评标报告审查)
FINDINGS = {
    "objective": "对同一客观评审项, 评委评分不一致",
    "outlier": "评分畸高、畸低",
    "low_price": "报价异常低而未作澄清说明",
    "unbalanced": "不平衡报价未作评审",
    "arithmetic": "分值汇总或者计算错误",
    "criteria": "未按招标文件载明的标准和方法评审",
}
#: the four cases in which a government procurement is judged again (87号令第六十四条)
PROCUREMENT_FINDINGS = {
    "arithmetic": "分值汇总计算错误",
    "range": "分项评分超出评分标准范围",
    "objective": "对客观评审因素评分不一致",
    "outlier": "评分畸高、畸低",
}
#: what may change with a candidate before the award (条例56)
CHANGES = {
    "business": "经营状况发生较大变化",
    "finance": "财务状况发生较大变化",
    "unlawful": "存在违法行为",
}


class ReopeningWaits(Refusal):
    """A request to judge again waits already."""

    code = "evaluation.reopening_waits"


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


def findings_of(scope: str) -> dict[str, str]:
    """Return what may be found wrong in a report, by the tender's family of law."""
    return PROCUREMENT_FINDINGS if scope == "GP" else FINDINGS


#: cause of a later sitting → the move that it is, and the grounds the law knows
_GROUNDS = {
    Evaluation.ERRORS: ("review_errors", FINDINGS),
    Evaluation.CHANGE: ("reconsider", CHANGES),
}


def _ask(
    cause: str, *, round_id: str, kinds: Sequence[str], text: str, actor: Actor, now: datetime
) -> Reopening:
    require(actor, Permission.EVALUATION_REOPEN)
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    move, known = _GROUNDS[cause]
    if cause == Evaluation.ERRORS:
        known = findings_of(round_.lot.tender.scope)
    scope = _scope(kinds, known, text)
    require_move(round_, move, actor=actor)
    if Reopening.objects.filter(round=round_, state=Reopening.ASKED).exists():
        raise ReopeningWaits("已有一份复核申请在等待第二人解锁")
    made = Reopening.objects.create(
        round=round_,
        cause=cause,
        scope=scope[:4000],
        asked_by_id=actor.account_pk,
        asked_at=now,
        region_code=round_.region_code,
    )
    _record(made, "reopening_asked", actor=actor, now=now, supervisor={"scope": made.scope})
    return made


def _record(row: Reopening, act: str, *, actor: Actor, now: datetime, **levels: Any) -> None:
    record_act(
        f"evaluation.{act}",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **place_of(row.round),
        public={"cause": row.cause},
        **levels,
    )


@transaction.atomic
def review_errors(
    *, round_id: str, kinds: Sequence[str], text: str, actor: Actor, now: datetime
) -> Reopening:
    """Ask that a report with errors go back to the committee that wrote it; a second person unlocks it.

    :raises BadInput: no lawful ground, or no facts
    :raises MoveNotAllowed: no report waits, or a hold
    :raises ReopeningWaits: a request waits already
    """
    return _ask(Evaluation.ERRORS, round_id=round_id, kinds=kinds, text=text, actor=actor, now=now)


@transaction.atomic
def reconsider(*, round_id: str, kinds: Sequence[str], text: str, actor: Actor, now: datetime) -> Reopening:
    """Ask the committee whether a changed candidate can still perform (条例56); a second person unlocks it.

    :raises BadInput: no lawful ground, or no facts
    :raises MoveNotAllowed: the publicity is not over, or a hold
    :raises ReopeningWaits: a request waits already
    """
    return _ask(Evaluation.CHANGE, round_id=round_id, kinds=kinds, text=text, actor=actor, now=now)


@transaction.atomic
def decide_reopening(
    *, reopening_id: str, unlock: bool, reason: str, actor: Actor, now: datetime
) -> Reopening:
    """Unlock a request as the second person, or refuse it: REPORTED or CAND_END → EVALUATING. Once only.

    The second person is another account of the tenderee, or the supervisor.

    :raises NotPermitted: who asked, or another organisation
    :raises BadInput: a refusal without a reason
    :raises MoveNotAllowed: the round has moved on, or a hold
    """
    require(actor, Permission.EVALUATION_UNLOCK)
    found = (
        Reopening.objects.filter(public_id=reopening_id).values_list("round__public_id", flat=True).first()
    )
    if found is None:
        raise NotFound("没有这份复核申请")
    round_ = lock_round(found)
    row = Reopening.objects.select_for_update(of=("self",)).get(public_id=reopening_id)
    row.round = round_
    if actor.role is not Role.SUPERVISOR:
        require_tenderee(round_.lot.tender, actor)
    if actor.account_pk == row.asked_by_id:
        raise NotPermitted("申请人不能自己解锁: 须由本单位另一名经办人或监督部门办理")
    if row.state != Reopening.ASKED:
        return row
    if not unlock and not reason.strip():
        raise BadInput("请写明不同意复核的理由", field="reason")
    row.state = Reopening.UNLOCKED if unlock else Reopening.REFUSED
    row.decided_by_id, row.decided_at, row.reason = actor.account_pk, now, reason.strip()[:1000]
    row.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    _record(
        row,
        "reopening_decided",
        actor=actor,
        now=now,
        supervisor={"unlocked": unlock, "reason": row.reason},
    )
    if unlock:
        move, _ = _GROUNDS[row.cause]
        sit_again(round_, move=move, cause=row.cause, scope=row.scope, actor=actor, now=now)
    return row


@dataclass(frozen=True, kw_only=True)
class ReopeningRow:
    """A request that waits for a second person."""

    reopening: str
    round: str
    name: str
    cause: str
    scope: str
    asked_at: datetime
    own: bool


def waiting_reopenings(*, actor: Actor, round_id: str = "") -> list[ReopeningRow]:
    """Return the requests that wait, to the supervisor and to the tenderee of each."""
    rows = Reopening.objects.filter(state=Reopening.ASKED).select_related("round__lot__tender")
    rows = rows.defer(*large("round"))
    if round_id:
        rows = rows.filter(round__public_id=round_id)
    if actor.role is not Role.SUPERVISOR:
        rows = rows.filter(round__lot__tender__tenderee_id=actor.organisation_pk or None)
    return [
        ReopeningRow(
            reopening=r.public_id,
            round=r.round.public_id,
            name=f"{r.round.lot.tender.name} · {r.round.lot.name}",
            cause=r.cause,
            scope=r.scope,
            asked_at=r.asked_at,
            own=r.asked_by_id == actor.account_pk,
        )
        for r in rows.order_by("pk")[:100]
    ]

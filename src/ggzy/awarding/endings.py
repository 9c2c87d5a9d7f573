"""When an award comes to nothing, or no award is made: refusal, cancellation, annulment, a new tender instead."""

from datetime import datetime

from django.db import transaction

from ggzy.awarding import several
from ggzy.awarding.actions import first_left, make_award
from ggzy.awarding.models import Award
from ggzy.awarding.queries import END_LABELS
from ggzy.bidding.models import Bid
from ggzy.evaluation.flawed import abandon
from ggzy.evidence.actions import record_act
from ggzy.experts.actions import cancel_draw, running_draw
from ggzy.identity.actions import sign_document
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.families import family
from ggzy.law.limits import runs_out
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening.queries import all_bidders
from ggzy.opening.quiet import is_quiet
from ggzy.parties.grid import Permission, require
from ggzy.parties.queries import accounts_of_role
from ggzy.procedures.catalogue import BY_CODE
from ggzy.tendering.holding import held_up
from ggzy.tendering.models import Round, Tender
from ggzy.tendering.moves import (
    lock_round,
    make_move,
    place_of,
    procedure_of,
    require_move,
    require_tenderee,
)
from ggzy.tendering.stamps import law_of

#: why a tenderee may begin anew instead of awarding (条例55、81)
RETENDER_GROUNDS = {
    "first_out": "排名第一的中标候选人放弃中标、因不可抗力不能履行合同、不按要求提交履约保证金或者被查实存在违法行为",
    "unlawful": "招标投标活动违反规定, 对中标结果造成实质性影响且不能采取补救措施予以纠正",
    "no_candidate": "全部中标候选人均不能确定为中标人",
}
#: and why a buyer may in government procurement (政府采购法36, 政采条例49)
PROCUREMENT_GROUNDS = {
    "first_out": "中标供应商拒绝与采购人签订合同",
    "unlawful": "出现影响采购公正的违法、违规行为",
    "over_budget": "供应商的报价均超过采购预算, 采购人不能支付",
    "called_off": "因重大变故, 采购任务取消",
}
#: those of them that need no report: the buyer may end the round on them before there is one
EARLY_GROUNDS = ("unlawful", "called_off")
#: and where several are to be chosen: nobody has refused anything yet
SEVERAL_GROUNDS = {
    "too_few": "按排序可以确定的供应商少于文件载明的数量",
    "too_late": "文件载明的期限已经届满, 结果不能再使用",
    **{code: says for code, says in PROCUREMENT_GROUNDS.items() if code != "first_out"},
}
MOST_TEXT = 4000
#: what a round's end without an award is in the log, by its move
_ENDS = {
    "retender": "awarding.retendered",
    "call_off": "awarding.called_off",
    "annul_after_complaint": "awarding.annulled",
    "restart_after_challenge": "awarding.restarted",
}


def grounds_of(procedure_code: str, stage: str) -> dict[str, str]:
    """Return why an owner may end its round without an award where it stands, by the law of its procedure."""
    procedure = BY_CODE[procedure_code]
    if procedure.has(stage, "call_off"):
        return {ground: PROCUREMENT_GROUNDS[ground] for ground in EARLY_GROUNDS}
    if procedure.several:
        return SEVERAL_GROUNDS
    return PROCUREMENT_GROUNDS if procedure.scope == "GP" else RETENDER_GROUNDS


class TooEarlyToCancel(Refusal):
    """The winner still has time to sign the contract."""

    code = "awarding.too_early_to_cancel"
    basis = Citation("招标投标法", "第四十六条")


def _award(round_: Round) -> Award:
    found = Award.objects.select_related("bid__bidder").filter(round=round_, ended_at=None).first()
    if found is None:
        raise NotFound("该标段没有已确定的中标人")
    return found


def _side(round_: Round, award: Award, kind: str, actor: Actor) -> None:
    """Let the winner refuse, and the tenderee cancel.

    :raises NotPermitted: another organisation, or not its kind of ending
    :raises BadInput: a kind that is none
    """
    if kind not in {Award.REFUSED, Award.NO_BOND, Award.NO_CONTRACT}:
        raise BadInput("请选择情形", field="kind")
    if actor.role is Role.BIDDER:
        if actor.organisation_pk != award.bid.bidder_id or kind != Award.REFUSED:
            raise NotPermitted("只有中标人可以放弃中标")
        return
    require_tenderee(round_.lot.tender, actor)
    if kind == Award.REFUSED:
        raise NotPermitted("放弃中标由中标人自己声明; 招标人请选择取消中标资格的情形")


def _statement(round_: Round, award: Award, kind: str, reason: str) -> bytes:
    return canonical(
        {
            "document": END_LABELS[kind],
            "round": round_.public_id,
            "bid": award.bid.public_id,
            "kind": kind,
            "reason": reason.strip(),
        }
    )


def ending_to_sign(*, round_id: str, kind: str, reason: str, actor: Actor) -> bytes:
    """Return what the winner (or the tenderee) signs to end an award.

    :raises NotPermitted: neither of the two
    """
    require(actor, Permission.AWARD_END, signed=True)
    found = Round.objects.select_related("lot__tender").filter(public_id=round_id).first()
    if found is None:
        raise NotFound("没有这个标段轮次")
    award = _award(found)
    _side(found, award, kind, actor)
    return _statement(found, award, kind, reason)


@transaction.atomic
def end_award(*, round_id: str, kind: str, reason: str, signature: str, actor: Actor, now: datetime) -> Award:
    """End an award that came to nothing, with a signed statement: NOTIFIED → CAND_END.

    The winner refuses; or the tenderee cancels, since no performance bond came or no contract was made in time.
    The bid deposit is not returned (条例74); the next candidate may be awarded, or the lot tendered anew.

    :raises TooEarlyToCancel: the 30 days for the contract (GC-T15) still run
    :raises SignatureWrong: the signature is not on this statement
    """
    require(actor, Permission.AWARD_END, signed=True)
    round_ = lock_round(round_id)
    tender = round_.lot.tender
    award = _award(round_)
    _side(round_, award, kind, actor)
    require_move(round_, "winner_refuses", actor=actor)
    if not reason.strip():
        raise BadInput("请写明事实和理由", field="reason")
    if kind == Award.NO_CONTRACT:
        assert award.sent_at is not None
        limit = law_of(round_)[family(tender.procedure_code).contract]
        paused = held_up([round_.pk], now=now).days(round_.pk, limit, round_.procedure_code)
        until = runs_out(limit, started=award.sent_at, calendar=calendars.CHINA, paused=paused)
        if now < until.instant:
            raise TooEarlyToCancel(
                f"订立合同的期限尚未届满({until.arithmetic}), 期满后方可以此为由取消中标资格"
            )
    sign_document(
        kind="award_ended",
        subject=award.public_id,
        document=_statement(round_, award, kind, reason),
        signature=signature,
        actor=actor,
        now=now,
    )
    make_move(round_, "winner_refuses", actor=actor, now=now)
    own = family(tender.procedure_code)
    _end(award, round_, kind=kind, reason=reason, actor=actor, now=now)
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id, award.bid.bidder_id) if pk],
        kind=Kind.LEGAL,
        basis=Citation("政府采购法实施条例", "第四十九条")
        if own.code == "GP"
        else Citation("招标投标法实施条例", "第七十四条"),
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）{own.in_words(END_LABELS[kind])}",
        text=own.in_words(
            "中标资格已终止, 保证金依法不予退还。招标人可以依次确定下一名中标候选人, 也可以重新"
        )
        + ("招标。" if own.code == "GC" else "采购。"),
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )
    return award


def _end(award: Award, round_: Round, *, kind: str, reason: str, actor: Actor, now: datetime) -> None:
    """Write the end of an award, correct the published result, record it."""
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    award.ended_at, award.end_kind, award.end_reason = now, kind, reason.strip()[:MOST_TEXT]
    award.save(update_fields=["ended_at", "end_kind", "end_reason"])
    publish_notice(
        kind=NoticeKind.CORRECTION,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.won}结果更正公告",
        body={
            "lot": round_.lot.name,
            "was": f"{own.winner}为{award.bid.bidder.name}",
            "now": own.in_words(f"{END_LABELS[kind]}, 其中标资格终止"),
            "basis": "《招标投标法》第六十四条"
            if kind == Award.ANNULLED
            else "《政府采购质疑和投诉办法》第十六条、第三十二条"
            if kind == Award.CHALLENGED
            else own.award_ended,
        },
        actor=actor,
        now=now,
    )
    record_act(
        "awarding.ended",
        subject=award.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"bid": award.bid.public_id, "kind": kind, "ended_at": now.isoformat()},
        supervisor={"reason": award.end_reason},
    )


def _fail(
    round_: Round,
    move: str,
    *,
    says: str,
    basis: Citation,
    actor: Actor,
    now: datetime,
    reason: str,
    anew: bool = True,
) -> None:
    """Move a round to its failed end with a public notice, and tell its bidders; `anew`: it will be tendered again."""
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    called, again = ("招标失败", "招标") if own.code == "GC" else (own.failure, "采购")
    unopened = round_.opened_at is None
    sealed = Bid.objects.filter(round=round_, state=Bid.LIVE).values_list("bidder_id", flat=True)
    make_move(round_, move, actor=actor, now=now, decided_at=now)
    publish_notice(
        kind=NoticeKind.FAILURE,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{called}公告",
        body={
            "lot": round_.lot.name,
            "round_number": round_.number,
            "reason": own.in_words(says),
            "basis": str(basis),
            "next": (f"{own.owner}将分析原因后依法重新{again}; " if anew else "")
            + own.in_words("投标保证金及时退还"),
        },
        actor=actor,
        now=now,
    )
    record_act(
        _ENDS[move],
        subject=round_.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"reason": says, "decided_at": now.isoformat()},
        supervisor={"text": reason},
    )
    tell(
        organisations=list(sealed) if unopened else all_bidders(round_.pk),
        kind=Kind.LEGAL,
        basis=basis,
        until_opening=[round_.public_id] if unopened or is_quiet(round_) else (),
        title=f"{tender.name}（{round_.lot.name}）{called}{f', 将重新{again}' if anew else ''}",
        text=f"{own.in_words(says)}。保证金将及时退还(依法不予退还的除外)。",
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )


@transaction.atomic
def retender(*, round_id: str, ground: str, text: str, actor: Actor, now: datetime) -> Round:
    """Decide to tender anew instead of awarding, on one of the law's grounds: CAND_END → FAILED.

    A buyer may also call its procurement off between the deadline and the report (政府采购法36(二)(四), 74号令23): nothing
    sealed is opened any more, and what runs of an evaluation ends without a result.

    :raises BadInput: no lawful ground, or one the record contradicts
    """
    require(actor, Permission.AWARD)
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    move = "call_off" if procedure_of(round_).has(round_.stage, "call_off") else "retender"
    require_move(round_, move, actor=actor)
    grounds = grounds_of(round_.procedure_code, round_.stage)
    if ground not in grounds:
        raise BadInput("请选择法定情形", field="ground")
    if not text.strip():
        raise BadInput("请写明事实和理由", field="text")
    if ground == "first_out" and not Award.objects.filter(round=round_).exclude(ended_at=None).exists():
        raise BadInput(
            "排名第一的中标候选人的中标资格尚未终止: 请先定标并发出通知书, 由其声明放弃或按规定取消; "
            "被查实违法的, 请先提交原评标委员会审查",
            field="ground",
        )
    if ground == "too_few" and not several.fewer_than_named(round_):
        raise BadInput(
            "可以确定的供应商没有少于文件载明的数量; 淘汰比例、数量上限不是应当达到的数量", field="ground"
        )
    if ground == "too_late" and not several.too_late(round_, now=now):
        raise BadInput("文件载明的期限没有届满, 应当按排序确定供应商", field="ground")
    reason = text.strip()[:MOST_TEXT]
    _fail(
        round_,
        move,
        says=grounds[ground],
        basis=_retender_basis(round_.lot.tender, ground),
        actor=actor,
        now=now,
        reason=reason,
        anew=ground != "called_off",
    )
    if ground == "called_off":
        _report_called_off(round_, reason=reason, now=now)
    if move == "call_off":
        abandon(round_, actor=actor, now=now)
        draw = running_draw([round_])
        if draw is not None and all(one.stage in procedure_of(one).final for one in draw.rounds.all()):
            cancel_draw(draw, reason=grounds[ground], actor=actor, now=now)
    return round_


def _retender_basis(tender: Tender, ground: str) -> Citation:
    own = family(tender.procedure_code)
    if own.code == "GC" and ground != "unlawful":
        return Citation("招标投标法实施条例", "第五十五条")
    if ground == "first_out":
        return Citation("政府采购法实施条例", "第四十九条")
    if ground == "too_late":
        return Citation("政府采购框架协议采购方式管理暂行办法", "第十五条")
    return (own.called_off if ground == "called_off" else None) or own.unlawful


def _report_called_off(round_: Round, *, reason: str, now: datetime) -> None:
    """Report to the finance department why a task is gone and how far it had come, where the law asks for it."""
    tender = round_.lot.tender
    clause = family(tender.procedure_code).called_off
    if clause is None:
        return
    so_far = "响应文件没有开启" if round_.opened_at is None else "响应文件已经开启"
    tell(
        organisations={one.organisation_id for one in accounts_of_role(Role.SUPERVISOR.value)},
        kind=Kind.LEGAL,
        basis=clause,
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）采购任务取消, 报送原因和项目实施情况",
        text=f"采购人{tender.tenderee.name}。项目实施情况: {procedure_of(round_).label}, {so_far}, "
        f"{round_.decided_at.astimezone(BEIJING):%Y年%m月%d日}终止。取消的原因: {reason}",
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )


@transaction.atomic
def annul(*, round_id: str, decision: str, text: str, actor: Actor, now: datetime) -> Round:
    """Annul the award by the decision on a complaint: NOTIFIED → FAILED.

    :raises BadInput: no decision number or no facts
    """
    require(actor, Permission.AWARD_ANNUL)
    round_ = lock_round(round_id)
    require_move(round_, "annul_after_complaint", actor=actor)
    if not decision.strip() or not text.strip():
        raise BadInput(
            "请填写处理决定的文号和认定的事实", field="decision" if not decision.strip() else "text"
        )
    _require_result(round_)
    _fail(
        round_,
        "annul_after_complaint",
        says=f"行政监督部门作出投诉处理决定({decision.strip()[:100]}), 中标无效",
        basis=Citation("政府采购质疑和投诉办法", "第三十二条")
        if round_.lot.tender.scope == "GP"
        else Citation("招标投标法", "第六十四条"),
        actor=actor,
        now=now,
        reason=text.strip()[:MOST_TEXT],
    )
    said = f"{decision.strip()}: {text.strip()}"
    _end_result(round_, kind=Award.ANNULLED, reason=said, actor=actor, now=now)
    return round_


def _require_result(round_: Round) -> None:
    """Let a round pass that has a result in force.

    :raises NotFound: it has none
    """
    if not procedure_of(round_).several:
        _award(round_)


def _end_result(round_: Round, *, kind: str, reason: str, actor: Actor, now: datetime) -> None:
    """End the award in force, or all of a result that names several."""
    if procedure_of(round_).several:
        several.void(round_, kind=kind, reason=reason, actor=actor, now=now)
    else:
        _end(_award(round_), round_, kind=kind, reason=reason, actor=actor, now=now)


def redetermine(round_: Round, *, reason: str, actor: Actor, now: datetime) -> Award:
    """Determine the next qualified candidate, since a challenge or complaint was upheld: ANNOUNCED → CONFIRMED.

    Called inside the act that upholds it, on a locked round (94号令16、32).

    :raises NoCandidateLeft: no candidate is left: it must be procured anew
    """
    require_move(round_, "uphold_challenge", actor=actor)
    _end(_award(round_), round_, kind=Award.CHALLENGED, reason=reason, actor=actor, now=now)
    row, bid = first_left(round_)
    made = make_award(round_, bid, rank=row["rank"], move="uphold_challenge", actor=actor, now=now)
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.LEGAL,
        basis=law_of(round_)["GP-T10"],
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）已另行确定{own.won}供应商",
        text=f"另行确定{bid.bidder}为{own.won}供应商。请在2个工作日内公告结果并发出{own.won}通知书。",
        link=f"/work/rounds/{round_.public_id}/result",
        now=now,
    )
    return made


def restart(round_: Round, *, reason: str, actor: Actor, now: datetime) -> Round:
    """Procure anew, since an upheld challenge changes the result and nobody is left to take: ANNOUNCED → CANCELLED.

    Called inside the act that upholds it, on a locked round (94号令16).
    """
    _require_result(round_)
    _fail(
        round_,
        "restart_after_challenge",
        says="质疑成立, 认定影响中标结果, 重新开展采购活动",
        basis=Citation("政府采购质疑和投诉办法", "第十六条"),
        actor=actor,
        now=now,
        reason=reason[:MOST_TEXT],
    )
    _end_result(round_, kind=Award.CHALLENGED, reason=reason, actor=actor, now=now)
    return round_

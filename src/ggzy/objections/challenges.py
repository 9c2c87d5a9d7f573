"""Challenges 质疑 of government procurement: to the file or the result, answered within seven working days.

A challenge stops no more than the contract. Before the opening nobody is told whose it is.
"""

from datetime import datetime

from django.db import transaction

from ggzy.awarding.endings import redetermine, restart
from ggzy.awarding.queries import announced_at
from ggzy.evidence.actions import record_act
from ggzy.inquiries.queries import first_taken
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.limits import runs_out
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.objections import rules
from ggzy.objections.models import Challenge
from ggzy.opening.queries import all_bidders
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Hold
from ggzy.tendering.models import Round
from ggzy.tendering.moves import (
    lift_hold,
    lock_round,
    place_of,
    procedure_of,
    require_move,
    require_owner_side,
    set_hold,
)
from ggzy.tendering.stamps import law_of

MOST_TEXT = 5000
_ONCE = Citation("政府采购质疑和投诉办法", "第十条")
_FORM = Citation("政府采购质疑和投诉办法", "第十二条")


class ChallengeTooLate(Refusal):
    """The seven working days are over."""

    code = "objections.challenge_too_late"
    basis = Citation("政府采购法", "第五十二条")


class ChallengedBefore(Refusal):
    """What is challenged in one step of a procurement is challenged at once."""

    code = "objections.challenged_before"
    basis = _ONCE


class MayNotChallenge(NotPermitted):
    """Neither a supplier who took the file nor one who took part."""

    code = "objections.may_not_challenge"
    basis = Citation("政府采购质疑和投诉办法", "第十一条")


@transaction.atomic
def challenge_file(
    *, round_id: str, matter: str, facts: str, request: str, law: str = "", actor: Actor, now: datetime
) -> Challenge:
    """Challenge the file of a procurement, or of its prequalification; nothing stops, and nobody is told whose it is.

    :raises MayNotChallenge: the file was not taken
    :raises ChallengeTooLate: seven working days after it was taken, or its notice ended
    :raises ChallengedBefore: this supplier has challenged the file
    """
    require(actor, Permission.CHALLENGE_RAISE)
    round_ = lock_round(round_id)
    front = round_.phase == 0
    # the days to challenge a prequalification run past its end, where no move leads on any more
    if not (front and round_.stage in procedure_of(round_).final and procedure_of(round_).scope == "GP"):
        require_move(round_, "challenge_document", actor=actor)
    assert round_.published_at is not None
    taken = first_taken(
        tender_pk=round_.lot.tender_id,
        organisation_pk=actor.organisation_pk,
        front_pk=round_.pk if front else None,
    )
    if taken is None:
        where = (
            f"/work/rounds/{round_.public_id}/challenge"
            if front
            else f"/work/tenders/{round_.lot.tender.public_id}/ask"
        )
        raise MayNotChallenge(
            f"对{'资格预审' if front else '采购'}文件提出质疑, 须是依法获取该文件的供应商; 请先登记获取文件",
            next_steps=(("获取文件", where),),
        )
    ends = rules.file_challenge_ends(
        taken_at=taken, published_at=round_.published_at, law=law_of(round_), calendar=calendars.CHINA
    )
    if now >= ends.instant:
        raise ChallengeTooLate(
            f"对{'资格预审' if front else '采购'}文件提出质疑的期限已届满({ends.arithmetic}), 不再受理"
        )
    return _raise(
        round_,
        Challenge.PREQUALIFICATION if front else Challenge.FILE,
        {"matter": matter, "facts": facts, "law": law, "request": request},
        actor=actor,
        now=now,
    )


@transaction.atomic
def challenge_result(
    *, round_id: str, matter: str, facts: str, request: str, law: str = "", actor: Actor, now: datetime
) -> Challenge:
    """Challenge the announced result; the contract waits for the answer, nothing else does (政采条例54).

    :raises MayNotChallenge: not a supplier of this round
    :raises ChallengeTooLate: seven working days after the notice of the result has ended
    :raises ChallengedBefore: this supplier has challenged the result
    """
    require(actor, Permission.CHALLENGE_RAISE)
    round_ = lock_round(round_id)
    require_move(round_, "challenge_result", actor=actor)
    if actor.organisation_pk not in all_bidders(round_.pk):
        raise MayNotChallenge("对中标结果提出质疑, 须是参加本项目的供应商")
    announced = result_announced(round_)
    ends = rules.result_challenge_ends(announced_at=announced, law=law_of(round_), calendar=calendars.CHINA)
    if now >= ends.instant:
        raise ChallengeTooLate(f"对中标结果提出质疑的期限已届满({ends.arithmetic}), 不再受理")
    row = _raise(
        round_,
        Challenge.RESULT,
        {"matter": matter, "facts": facts, "law": law, "request": request},
        actor=actor,
        now=now,
    )
    set_hold(round_, Hold.CHALLENGE, reason="对中标结果的质疑未答复", source=row.public_id, now=now)
    return row


def result_announced(round_: Round) -> datetime:
    """Return when the result in force was announced.

    :raises NotFound: none is
    """
    found = announced_at(round_.pk)
    if found is None:
        raise NotFound("中标结果尚未公告")
    return found


def _raise(round_: Round, about: str, said: dict[str, str], *, actor: Actor, now: datetime) -> Challenge:
    said = {name: text.strip()[:MOST_TEXT] for name, text in said.items()}
    for name, says in (("matter", "质疑事项"), ("facts", "事实依据"), ("request", "请求")):
        if not said[name]:
            raise BadInput(f"质疑函应当写明{says}", field=name, basis=_FORM)
    if Challenge.objects.filter(
        round=round_, challenger_id=actor.organisation_pk, about=about, withdrawn_at=None
    ).exists():
        raise ChallengedBefore("针对同一采购程序环节的质疑应当一次性提出, 本单位已就此提出质疑")
    limit = law_of(round_)["GP-T21"]
    row = Challenge.objects.create(
        round=round_,
        about=about,
        challenger_id=actor.organisation_pk,
        filed_at=now,
        answer_due_at=runs_out(limit, started=now, calendar=calendars.CHINA).instant,
        region_code=round_.region_code,
        **said,
    )
    tender, file = round_.lot.tender, about != Challenge.RESULT
    record_act(
        "objections.challenged",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        # before the opening who challenges is a possible bidder
        **(place_of(round_) | ({"escrowed": True} if file else {})),
        public={"about": about, "filed_at": now.isoformat(), "answer_due_at": row.answer_due_at.isoformat()},
        supervisor=said,
    )
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.LEGAL,
        basis=limit,
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）收到对{rules.ABOUT[about]}的质疑",
        text="请自收到之日起7个工作日内答复。"
        + ("质疑供应商的名称在开标前不显示。" if file else "答复前暂停签订合同, 已签订的中止履行。"),
        link=f"/work/challenges/{row.public_id}",
        now=now,
    )
    return row


def _locked(challenge_id: str) -> tuple[Round, Challenge]:
    found = (
        Challenge.objects.filter(public_id=challenge_id).values_list("round__public_id", flat=True).first()
    )
    if found is None:
        raise NotFound("没有这件质疑")
    round_ = lock_round(found)
    row = Challenge.objects.select_for_update(of=("self",)).get(public_id=challenge_id)
    return round_, row


def _require_running(row: Challenge) -> None:
    if row.answered_at is not None:
        raise BadInput("该质疑已答复, 答复不能修改")
    if row.withdrawn_at is not None:
        raise BadInput("该质疑已撤回")


@transaction.atomic
def answer_challenge(
    *, challenge_id: str, answer: str, outcome: str, actor: Actor, now: datetime
) -> Challenge:
    """Answer a challenge; the contract may go on, or the result changes (94号令13、16).

    `outcome` is one of rules.OUTCOMES. Another winner, or procuring anew, is the buyer's own decision.

    :raises BadInput: no answer, no such outcome, or it has ended
    :raises NoCandidateLeft: another winner is to be determined and no candidate is left
    """
    require(actor, Permission.CHALLENGE_ANSWER)
    round_, row = _locked(challenge_id)
    require_owner_side(round_.lot.tender, actor)
    _require_running(row)
    if not answer.strip():
        raise BadInput("请写明答复内容", field="answer")
    if outcome not in rules.OUTCOMES or (row.about != Challenge.RESULT and outcome in rules.CHANGES_RESULT):
        raise BadInput("请选择质疑是否成立及处理方式", field="outcome")
    row.answer, row.answered_at, row.outcome = answer.strip()[:MOST_TEXT], now, outcome
    row.save(update_fields=["answer", "answered_at", "outcome"])
    lift_hold(source=row.public_id, now=now)
    if outcome in rules.CHANGES_RESULT:
        {"redetermine": redetermine, "restart": restart}[outcome](
            round_, reason=f"质疑: {row.matter}\n答复: {row.answer}", actor=actor, now=now
        )
    record_act(
        "objections.challenge_answered",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"about": row.about, "answered_at": now.isoformat(), "outcome": outcome},
        supervisor={"answer": row.answer},
    )
    tender = round_.lot.tender
    concerned = {row.challenger_id, *(all_bidders(round_.pk) if row.about == Challenge.RESULT else ())}
    tell(
        organisations=concerned,
        kind=Kind.LEGAL,
        basis=law_of(round_)["GP-T22"],
        until_opening=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）质疑已答复: {rules.OUTCOMES[outcome]}",
        text=row.answer[:500],
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )
    return row


@transaction.atomic
def withdraw_challenge(*, challenge_id: str, actor: Actor, now: datetime) -> Challenge:
    """Take an unanswered challenge back; what it held goes on, and in time it may be raised anew.

    :raises NotFound: another's, or none
    :raises BadInput: it has ended
    """
    require(actor, Permission.CHALLENGE_RAISE)
    round_, row = _locked(challenge_id)
    if row.challenger_id != actor.organisation_pk:
        raise NotFound("没有这件质疑")
    _require_running(row)
    row.withdrawn_at = now
    row.save(update_fields=["withdrawn_at"])
    lift_hold(source=row.public_id, now=now)
    record_act(
        "objections.challenge_withdrawn",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **(place_of(round_) | ({"escrowed": True} if row.about != Challenge.RESULT else {})),
        public={"about": row.about, "withdrawn_at": now.isoformat()},
    )
    tender = round_.lot.tender
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）质疑已撤回",
        text="供应商已撤回质疑, 不需要再答复。",
        link=f"/work/challenges/{row.public_id}",
        now=now,
    )
    return row

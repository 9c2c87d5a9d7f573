"""Challenges 质疑 of government procurement, to the file, an admission or a result, answered within seven working days.

A challenge stops no more than the contract. Before the opening nobody is told whose it is.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.awarding.endings import redetermine, restart, retender
from ggzy.awarding.queries import announced_at
from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import record_act
from ggzy.inquiries.queries import first_taken
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.limits import runs_out
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.objections import proceedings, rules
from ggzy.objections.models import Challenge
from ggzy.objections.proceedings import Proceeding, Step, of_round
from ggzy.opening.queries import all_bidders, session_ended_at
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Hold
from ggzy.tendering.models import Round
from ggzy.tendering.moves import ANSWERING, lock_round, procedure_of, require_move, set_hold
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
        of_round(round_),
        Step(
            about=Challenge.PREQUALIFICATION if front else Challenge.FILE, at=round_.published_at, ends=ends
        ),
        {"matter": matter, "facts": facts, "law": law, "request": request},
        actor=actor,
        now=now,
    )


@transaction.atomic
def challenge_opening(
    *, round_id: str, matter: str, facts: str, request: str, law: str = "", actor: Actor, now: datetime
) -> Challenge:
    """Challenge how the bids were opened; a contract would wait for the answer, the evaluation goes on (政采条例53、54).

    :raises MayNotChallenge: not a supplier of this round, or its opening has not ended, or is nobody's to watch
    :raises ChallengeTooLate: seven working days after the opening ended
    :raises ChallengedBefore: this supplier has challenged the opening
    """
    require(actor, Permission.CHALLENGE_RAISE)
    round_ = lock_round(round_id)
    step = opening_step(round_)
    if step is None or actor.organisation_pk not in all_bidders(round_.pk):
        raise MayNotChallenge("对开标过程提出质疑, 须是参加本项目的供应商, 且公开的开标已经结束")
    if now >= step.ends.instant:
        raise ChallengeTooLate(f"对开标过程提出质疑的期限已届满({step.ends.arithmetic}), 不再受理")
    said = {"matter": matter, "facts": facts, "law": law, "request": request}
    row = _raise(of_round(round_), step, said, actor=actor, now=now)
    set_hold(round_, Hold.CHALLENGE, reason="对开标过程的质疑未答复", source=row.public_id, now=now)
    return row


def opening_step(round_: Round) -> Step | None:
    """Return the opening of a round as a step that may be challenged; None where it has not ended, or nobody watches it."""
    procedure = procedure_of(round_)
    ended = session_ended_at(round_.pk)
    if procedure.scope != "GP" or procedure.quiet or procedure.front or ended is None:
        return None
    ends = rules.opening_challenge_ends(ended_at=ended, law=law_of(round_), calendar=calendars.CHINA)
    return Step(about=Challenge.OPENING, at=ended, ends=ends, holds=True)


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
        of_round(round_),
        Step(about=Challenge.RESULT, at=announced, ends=ends, holds=True),
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


@transaction.atomic
def challenge_step(
    *, of: str, about: str, matter: str, facts: str, request: str, law: str = "", actor: Actor, now: datetime
) -> Challenge:
    """Challenge one step of a purchase that has no rounds: its file, an admission, its result; its contract may wait.

    :raises MayNotChallenge: this step has not happened, or does not concern this supplier
    :raises ChallengeTooLate: seven working days after the step, or after the end of its notice
    :raises ChallengedBefore: this supplier has challenged the step
    """
    require(actor, Permission.CHALLENGE_RAISE)
    proceedings.seen(of, viewer=actor)
    proceeding = proceedings.find(of, lock=True)
    ways = proceedings.ways_of(proceeding)
    steps = ways.steps(of, supplier=actor.organisation_pk) if ways and actor.organisation_pk else []
    step = next((s for s in steps if s.about == about), None)
    if step is None:
        says = proceeding.says(about) if about in rules.ABOUT else "这一环节"
        raise MayNotChallenge(
            f"对{says}提出质疑, 须是参加这项采购活动的供应商, 且该环节已经结束",
            next_steps=(("查看该项目", proceeding.page),),
        )
    if now >= step.ends.instant:
        raise ChallengeTooLate(
            f"对{proceeding.says(about)}提出质疑的期限已届满({step.ends.arithmetic}), 不再受理"
        )
    said = {"matter": matter, "facts": facts, "law": law, "request": request}
    row = _raise(proceeding, step, said, actor=actor, now=now)
    if step.holds:
        reason = f"对{proceeding.says(about)}的质疑未答复"
        proceedings.hold(proceeding, Hold.CHALLENGE, reason=reason, source=row.public_id, now=now)
    return row


def _raise(
    proceeding: Proceeding, step: Step, said: dict[str, str], *, actor: Actor, now: datetime
) -> Challenge:
    about = step.about
    said = {name: text.strip()[:MOST_TEXT] for name, text in said.items()}
    for name, says in (("matter", "质疑事项"), ("facts", "事实依据"), ("request", "请求")):
        if not said[name]:
            raise BadInput(f"质疑函应当写明{says}", field=name, basis=_FORM)
    if Challenge.objects.filter(
        of=proceeding.id,
        challenger_id=actor.organisation_pk,
        about=about,
        step_at__gte=step.at,
        withdrawn_at=None,
    ).exists():
        raise ChallengedBefore("针对同一采购程序环节的质疑应当一次性提出, 本单位已就此提出质疑")
    limit = proceeding.law["GP-T21"]
    row = Challenge.objects.create(
        kind=proceeding.kind,
        of=proceeding.id,
        round=proceeding.round,
        name=proceeding.name,
        page=proceeding.page,
        buyer_id=proceeding.buyer,
        agency_id=proceeding.agency,
        about=about,
        step_at=step.at,
        challenger_id=actor.organisation_pk,
        filed_at=now,
        answer_due_at=runs_out(limit, started=now, calendar=calendars.CHINA).instant,
        region_code=proceeding.region_code,
        **said,
    )
    set_timer(kind=ANSWERING, subject=row.public_id, due_at=now)
    record_act(
        "objections.challenged",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **_place(proceeding, about),
        public={"about": about, "filed_at": now.isoformat(), "answer_due_at": row.answer_due_at.isoformat()},
        supervisor=said,
    )
    tell(
        organisations=proceeding.answers,
        kind=Kind.LEGAL,
        basis=limit,
        until_opening=(),
        title=f"{proceeding.name}收到对{proceeding.says(about)}的质疑",
        text="请自收到之日起7个工作日内答复。"
        + ("答复前暂停签订合同, 已签订的中止履行。" if step.holds else "")
        + ("" if proceeding.known else "质疑供应商的名称在可以公开前不显示。"),
        link=f"/work/challenges/{row.public_id}",
        now=now,
    )
    return row


def _place(proceeding: Proceeding, about: str) -> dict[str, Any]:
    """Return where an act of a challenger belongs; while nobody may know who takes part it is escrowed."""
    # whose a challenge to the file is, and that somebody was refused, is between the two
    files = {Challenge.FILE, Challenge.PREQUALIFICATION} if proceeding.round is not None else set()
    secret = not proceeding.known or about in files | {Challenge.ADMISSION}
    return proceeding.place | ({"escrowed": True} if secret else {})


def _locked(challenge_id: str) -> tuple[Proceeding, Challenge]:
    of = Challenge.objects.filter(public_id=challenge_id).values_list("of", flat=True).first()
    if of is None:
        raise NotFound("没有这件质疑")
    proceeding = proceedings.find(of, lock=True)
    row = Challenge.objects.select_for_update(of=("self",)).get(public_id=challenge_id)
    return proceeding, row


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

    `outcome` is one of rules.OUTCOMES. What changes the result is the buyer's own decision.

    :raises BadInput: no answer, no such outcome, or it has ended
    :raises NoCandidateLeft: another winner is to be determined and no candidate is left
    """
    require(actor, Permission.CHALLENGE_ANSWER)
    proceeding, row = _locked(challenge_id)
    if actor.organisation_pk not in proceeding.answers:
        raise NotPermitted("只能办理本单位的项目")
    _require_running(row)
    if not answer.strip():
        raise BadInput("请写明答复内容", field="answer")
    if outcome not in outcomes_of(proceeding, row):
        raise BadInput("请选择质疑是否成立及处理方式", field="outcome")
    row.answer, row.answered_at, row.outcome = answer.strip()[:MOST_TEXT], now, outcome
    row.save(update_fields=["answer", "answered_at", "outcome"])
    proceedings.let_go(source=row.public_id, now=now)
    # who took part in what the answer undoes is told all the same
    concerned = {row.challenger_id, *_concerned(proceeding, row.about)}
    _carry_out(proceeding, row, actor=actor, now=now)
    record_act(
        "objections.challenge_answered",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **(proceeding.place if proceeding.round is not None else _place(proceeding, row.about)),
        public={"about": row.about, "answered_at": now.isoformat(), "outcome": outcome},
        supervisor={"answer": row.answer},
    )
    tell(
        organisations=concerned,
        kind=Kind.LEGAL,
        basis=proceeding.law["GP-T22"],
        until_opening=proceeding.secret,
        title=f"{proceeding.name}质疑已答复: {rules.OUTCOMES[outcome]}",
        text=row.answer[:500],
        link=proceeding.page,
        now=now,
    )
    return row


def outcomes_of(proceeding: Proceeding, row: Challenge) -> frozenset[str]:
    """Return how the answer to a challenge may end it; whether a round may be moved so, its move says."""
    found = frozenset({"unfounded", "no_effect"})
    ways = proceedings.ways_of(proceeding)
    if ways is not None:
        return found | ways.outcomes(proceeding.id, about=row.about, step_at=row.step_at)
    return found | (rules.CHANGES_RESULT if row.about in rules.OF_THE_RESULT else frozenset())


def _carry_out(proceeding: Proceeding, row: Challenge, *, actor: Actor, now: datetime) -> None:
    reason = f"质疑: {row.matter}\n答复: {row.answer}"
    if proceeding.round is not None:
        early = row.outcome == "restart" and procedure_of(proceeding.round).has(
            proceeding.round.stage, "call_off"
        )
        act = {"redetermine": redetermine, "restart": restart}.get(row.outcome)
        if early:
            # before there is a result it is called off, for what harms the fairness of it (政府采购法36)
            retender(round_id=proceeding.id, ground="unlawful", text=reason, actor=actor, now=now)
        elif act is not None:
            act(proceeding.round, reason=reason, actor=actor, now=now)
        return
    ways = proceedings.ways_of(proceeding)
    if ways is not None and row.outcome in rules.CHANGES_PURCHASE:
        if actor.role is not Role.TENDEREE:
            raise NotPermitted("改变采购结果的, 由采购人本单位答复")
        ways.carry_out(
            row.outcome,
            of=row.of,
            about=row.about,
            supplier=row.challenger_id,
            says=rules.OUTCOMES[row.outcome],
            actor=actor,
            now=now,
        )


def _concerned(proceeding: Proceeding, about: str) -> set[int]:
    """Return who else is told of an answer: who took part, where it is about a result (94号令13)."""
    if about not in rules.RESULTS:
        return set()
    if proceeding.round is not None:
        return set(all_bidders(proceeding.round.pk))
    ways = proceedings.ways_of(proceeding)
    return ways.parties(proceeding.id) if ways else set()


@transaction.atomic
def withdraw_challenge(*, challenge_id: str, actor: Actor, now: datetime) -> Challenge:
    """Take an unanswered challenge back; what it held goes on, and in time it may be raised anew.

    :raises NotFound: another's, or none
    :raises BadInput: it has ended
    """
    require(actor, Permission.CHALLENGE_RAISE)
    proceeding, row = _locked(challenge_id)
    if row.challenger_id != actor.organisation_pk:
        raise NotFound("没有这件质疑")
    _require_running(row)
    row.withdrawn_at = now
    row.save(update_fields=["withdrawn_at"])
    proceedings.let_go(source=row.public_id, now=now)
    record_act(
        "objections.challenge_withdrawn",
        subject=row.public_id,
        actor=actor,
        legal_at=now,
        **_place(proceeding, row.about),
        public={"about": row.about, "withdrawn_at": now.isoformat()},
    )
    tell(
        organisations=proceeding.answers,
        kind=Kind.SERVICE,
        title=f"{proceeding.name}质疑已撤回",
        text="供应商已撤回质疑, 不需要再答复。",
        link=f"/work/challenges/{row.public_id}",
        now=now,
    )
    return row

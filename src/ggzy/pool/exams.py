"""The exam: papers drawn from the bank, answers scored on the server, attempts counted, the term that follows."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require
from ggzy.pool import rules
from ggzy.pool.actions import begin_term, move, own_file, record
from ggzy.pool.models import Exam, ExamQuestion, ExpertFile
from ggzy.pool.rules import State


@transaction.atomic
def keep_question(
    *, specialty: str, text: str, options: Sequence[str], right: Sequence[int], actor: Actor, now: datetime
) -> ExamQuestion:
    """Put a question into the bank; the same once more changes nothing.

    :raises BadInput: no text, fewer than two options, or no right one
    """
    require(actor, Permission.POOL_KEEP)
    checked = checked_question(specialty=specialty, text=text, options=options, right=right)
    made, new = ExamQuestion.objects.get_or_create(
        specialty=checked["specialty"], text=checked["text"], defaults=checked | {"active": True}
    )
    if not new and (made.options, made.right, made.active) != (checked["options"], checked["right"], True):
        if made.active:
            raise BadInput("题库中已有同一题目, 选项或答案不同: 请先停用原题", field="text")
        made.options, made.right, made.active = checked["options"], checked["right"], True
        made.save(update_fields=["options", "right", "active"])
    record_act("pool.question_kept", subject=made.public_id, actor=actor, legal_at=now)
    return made


def checked_question(
    *, specialty: str, text: str, options: Sequence[str], right: Sequence[int]
) -> dict[str, object]:
    """Return a question's values as they are kept.

    :raises BadInput: what cannot be a question
    """
    given = [o.strip() for o in options if o.strip()]
    if not text.strip():
        raise BadInput("请填写题目", field="text")
    if not 2 <= len(given) <= 6 or len(set(given)) != len(given):
        raise BadInput("选项应为2至6个, 不得重复", field="options")
    chosen = sorted(set(right))
    if not chosen or any(not 0 <= n < len(given) for n in chosen):
        raise BadInput("正确答案应填写选项的序号", field="right")
    return {
        "specialty": specialty.strip()[:7],
        "text": text.strip()[:500],
        "options": given,
        "right": chosen,
    }


@transaction.atomic
def drop_question(*, question_id: str, actor: Actor, now: datetime) -> ExamQuestion:
    """Ask a question no more; attempts that had it keep it.

    :raises NotFound: no such question
    """
    require(actor, Permission.POOL_KEEP)
    found = ExamQuestion.objects.select_for_update().filter(public_id=question_id).first()
    if found is None:
        raise NotFound("题库中没有这道题", next_steps=(("题库", "/work/pool/questions"),))
    if found.active:
        found.active = False
        found.save(update_fields=["active"])
        record_act("pool.question_dropped", subject=found.public_id, actor=actor, legal_at=now)
    return found


def turn_of(file: ExpertFile) -> int:
    """Return which admission to the exam a file is in."""
    return file.moves.filter(event="admit").count()


@transaction.atomic
def begin_exam(*, actor: Actor, now: datetime) -> Exam:
    """Begin an attempt: a paper in an order of its own. One that runs is returned as it is.

    :raises MoveNotNow: not admitted to the exam
    :raises NoAttemptLeft: the attempts are used up
    :raises BankTooSmall: the bank has too few questions
    """
    file = own_file(actor, lock=True)
    if file.state != State.EXAM:
        raise rules.MoveNotNow("审核合格之后才能考试")
    turn = turn_of(file)
    running = file.exams.filter(handed_in_at=None).first()
    if running is not None:
        if now < running.due_at:
            return running
        _hand_in(running, file, {}, actor=actor, now=now)
        file.refresh_from_db()
        if file.state != State.EXAM:
            return running
    used = file.exams.filter(turn=turn).count()
    rules.require_attempt(used=used, most=settings.EXAM_ATTEMPTS)
    bank = [
        rules.Asked(id=q.public_id, specialty=q.specialty, options=len(q.options), right=tuple(q.right))
        for q in ExamQuestion.objects.filter(active=True).order_by("public_id")
    ]
    made = Exam.objects.create(
        file=file,
        turn=turn,
        attempt=used + 1,
        paper=rules.draw_paper(
            bank,
            specialties=file.expert.specialties,
            common=settings.EXAM_COMMON,
            special=settings.EXAM_SPECIAL,
            seed=secrets.token_bytes(32),
        ),
        started_at=now,
        due_at=now + timedelta(minutes=settings.EXAM_MINUTES),
    )
    record(file, "exam_begun", actor, now, supervisor={"attempt": made.attempt})
    return made


#: minutes after the end in which what the page sent on time may still arrive
_GRACE = timedelta(minutes=1)


@transaction.atomic
def hand_in_exam(*, exam_id: str, answers: Mapping[str, Sequence[int]], actor: Actor, now: datetime) -> Exam:
    """Hand in an attempt: the numbers of the options as the bank has them. Passed, a term of appointment begins.

    What comes after the time counts as no answer. A second time changes nothing.

    :raises NotFound: not one's own attempt
    """
    file = own_file(actor, lock=True)
    exam = file.exams.select_for_update().filter(public_id=exam_id).first()
    if exam is None:
        raise NotFound("没有这次考试", next_steps=(("我的档案", "/work/pool/me"),))
    if exam.handed_in_at is None:
        _hand_in(exam, file, answers if now <= exam.due_at + _GRACE else {}, actor=actor, now=now)
    return exam


def _hand_in(
    exam: Exam, file: ExpertFile, answers: Mapping[str, Sequence[int]], *, actor: Actor, now: datetime
) -> None:
    asked = [line["question"] for line in exam.paper]
    right = dict(ExamQuestion.objects.filter(public_id__in=asked).values_list("public_id", "right"))
    exam.answers = {key: sorted(set(answers.get(key, ()))) for key in asked}
    exam.score = rules.exam_score(right, exam.answers)
    exam.passed = exam.score >= Decimal(settings.EXAM_PASS)
    exam.handed_in_at = now
    exam.save()
    record(
        file,
        "exam_handed_in",
        actor,
        now,
        supervisor={"attempt": exam.attempt, "score": str(exam.score), "passed": exam.passed},
    )
    if file.state != State.EXAM:
        return
    if exam.passed:
        begin_term(file, "appoint", actor=actor, now=now)
    elif exam.attempt >= settings.EXAM_ATTEMPTS:
        reason = f"考试{settings.EXAM_ATTEMPTS}次未达到{settings.EXAM_PASS}分"
        move(file, "refuse", actor=actor, now=now, reason=reason)

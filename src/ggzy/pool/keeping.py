"""What is kept of an expert beside the life of the file: training, leave, the face, the yearly assessment."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.conf import settings
from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.experts.actions import end_away, keep_away
from ggzy.experts.models import Member
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require
from ggzy.pool import rules
from ggzy.pool.actions import hours_of, lock_file, midnight, own_file, record, today
from ggzy.pool.conduct import pause_by_rule, points_of
from ggzy.pool.models import Assessment, ExpertFile, Leave, Training
from ggzy.pool.rules import State


@transaction.atomic
def keep_training(
    *, file_ids: Sequence[str], course: str, hours: str, held_on: date, actor: Actor, now: datetime
) -> int:
    """Note a course for those who took it; the same course on the same day counts once. Return how many are new.

    :raises BadInput: no course, no hours, a day to come, or nobody
    """
    require(actor, Permission.POOL_KEEP)
    try:
        worth = Decimal(hours).quantize(Decimal("0.1"))
    except (InvalidOperation, ValueError):
        worth = Decimal(0)
    if not 0 < worth <= 40:
        raise BadInput("学时应为0.5至40之间的数字", field="hours")
    if not course.strip():
        raise BadInput("请填写课程名称", field="course")
    if held_on > today(now):
        raise BadInput("培训日期不能晚于今天", field="held_on")
    if not file_ids:
        raise BadInput("请选择参加培训的专家", field="files")
    made = 0
    for file_id in sorted(set(file_ids)):
        _, new = Training.objects.get_or_create(
            file=lock_file(file_id),
            course=course.strip()[:100],
            held_on=held_on,
            defaults={"hours": worth, "kept_by_id": actor.account_pk},
        )
        made += new
    record_act(
        "pool.training_kept",
        subject="",
        actor=actor,
        legal_at=now,
        supervisor={"course": course.strip()[:100], "hours": str(worth), "experts": made},
    )
    return made


@transaction.atomic
def ask_leave(*, since: date, until: date, reason: str, actor: Actor, now: datetime) -> Leave:
    """Take leave: no draw for a session in these days. It needs nobody's consent; who has agreed to come already says so there.

    :raises BadInput: days the wrong way round, past, or more than a year
    :raises MoveNotNow: another leave in these days
    """
    file = own_file(actor, lock=True)
    if since < today(now) or until < since:
        raise BadInput("请假从今天或以后开始, 结束日期不早于开始日期", field="since")
    if until - since > timedelta(days=366):
        raise BadInput("一次请假不超过一年; 更长时间不能参加评标的, 请申请出库", field="until")
    if file.leaves.filter(ended_at=None, since__lte=until, until__gte=since).exists():
        raise rules.MoveNotNow("这段时间已经请假, 请先销假再改")
    away = keep_away(expert=file.expert, since=since, until=until, reason=reason.strip()[:300] or "请假")
    leave = Leave.objects.create(file=file, away=away, since=since, until=until, asked_at=now)
    record(file, "leave_taken", actor, now, supervisor={"since": str(since), "until": str(until)})
    return leave


@transaction.atomic
def end_leave(*, leave_id: str, actor: Actor, now: datetime) -> Leave:
    """End one's own leave from today; a second time changes nothing.

    :raises NotFound: not one's own
    """
    file = own_file(actor, lock=True)
    leave = file.leaves.select_related("away").filter(public_id=leave_id).first()
    if leave is None:
        raise NotFound("没有这次请假", next_steps=(("我的档案", "/work/pool/me"),))
    if leave.ended_at is None:
        if leave.away is not None:
            end_away(leave.away, last=today(now) - timedelta(days=1))
            leave.refresh_from_db()
        leave.ended_at = now
        leave.save(update_fields=["ended_at"])
        record(file, "leave_ended", actor, now)
    return leave


@transaction.atomic
def note_face(*, file_id: str, actor: Actor, now: datetime) -> ExpertFile:
    """Note that the face was registered at the gate's own system (26号令第七条); the picture never comes here."""
    require(actor, Permission.POOL_KEEP)
    file = lock_file(file_id)
    if file.face_at is None:
        file.face_at = now
        file.save(update_fields=["face_at"])
        record(file, "face_noted", actor, now)
    return file


@transaction.atomic
def assess(*, file_id: str, year: int, actor: Actor, now: datetime) -> Assessment:
    """Make the yearly assessment from training hours and points; who fails is paused until trained again.

    :raises BadInput: a year to come
    """
    require(actor, Permission.POOL_KEEP)
    file = lock_file(file_id)
    if not 2020 <= year <= today(now).year:
        raise BadInput("考核年度应为今年或以前的年份", field="year")
    if (known := file.assessments.filter(year=year).first()) is not None:
        return known
    since, until = date(year, 1, 1), date(year, 12, 31)
    hours, left = hours_of(file, since=since, until=until), points_of(file, year)
    made = Assessment.objects.create(
        file=file,
        year=year,
        hours=hours,
        points_left=left,
        sessions=Member.objects.filter(
            candidate__expert=file.expert,
            left=False,
            checked_in_at__gte=midnight(since),
            checked_in_at__lt=midnight(until + timedelta(days=1)),
        ).count(),
        grade=rules.yearly_grade(
            hours=hours,
            least_hours=Decimal(settings.POOL_YEAR_HOURS),
            left=left,
            least_left=settings.POOL_PAUSE_AT + 1,
            banned=file.state == State.BLACK,
        ),
        by_id=actor.account_pk,
        made_at=now,
    )
    record(file, "assessed", actor, now, supervisor={"year": year, "grade": made.grade})
    if made.grade == "poor" and file.state == State.ACTIVE:
        pause_by_rule(file, f"{year}年度考核不合格", actor=actor, now=now)
    return made

"""How an expert did: ratings after each meeting and their points, suspensions with their basis, appeals against both."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction

from ggzy.committees.models import Meeting
from ggzy.experts.models import Member
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.pool import rules
from ggzy.pool.actions import lock_file, midnight, move, own_file, record, require_reason, today
from ggzy.pool.models import Appeal, ExpertFile, Rating, RatingBack, Suspension
from ggzy.pool.rules import State
from ggzy.tendering.moves import require_owner_side

#: what a pause by points stands on
POINTS_RULE = "一标一评扣分规则"
REPAIR = "暂停期满并完成再培训后, 由中心恢复; 对评价不服的可以申诉"


class NotOver(Refusal):
    """The meeting has not ended."""

    code = "pool.meeting_not_over"


class AlreadyRated(Refusal):
    """This side has rated this member with other words."""

    code = "pool.already_rated"


class SamePerson(Refusal):
    """Who made a decision does not decide on the appeal against it."""

    code = "pool.same_person"
    status = 403


def ended_meeting(draw_id: str) -> Meeting:
    """Return the meeting of a draw once it has ended.

    :raises NotFound: no meeting
    :raises NotOver: it goes on
    """
    meeting = Meeting.objects.select_related("draw__tender").filter(draw__public_id=draw_id).first()
    if meeting is None:
        raise NotFound("没有这场评标", next_steps=(("返回工作台", "/work"),))
    if meeting.ended_at is None:
        raise NotOver("评标结束后才能评价和结算: 请等待评标报告全部签署")
    return meeting


def _side(meeting: Meeting, actor: Actor) -> str:
    if actor.role is Role.CENTRE:
        return Rating.CENTRE
    require_owner_side(meeting.draw.tender, actor)
    return Rating.OWNER


@transaction.atomic
def rate(
    *, draw_id: str, code: str, faults: Sequence[str], words: str, actor: Actor, now: datetime
) -> Rating:
    """Rate one member after a meeting by the listed items; the rater sees a code, not a name. Points follow, and a pause if they are used up.

    :raises NotOver: the meeting has not ended
    :raises NotFound: no drawn expert of that code sat there
    :raises BadInput: a fault that is none, or one without words
    :raises AlreadyRated: this side has said something else before
    """
    require(actor, Permission.POOL_RATE)
    meeting = ended_meeting(draw_id)
    side = _side(meeting, actor)
    member = meeting.draw.members.filter(code=code, candidate__isnull=False).first()
    if member is None:
        raise NotFound("没有这名评委")
    chosen = sorted(set(faults))
    points = rules.deduction(chosen)
    if chosen:
        words = require_reason(words, field="words")
    file = _file_of(member)
    if (known := member.ratings.filter(side=side).first()) is not None:
        if (sorted(known.faults), known.words) != (chosen, words.strip()[:500]):
            raise AlreadyRated("本方已经评价过这名评委, 评价不能更改; 有误的由专家申诉")
        return known
    made = Rating.objects.create(
        meeting=meeting,
        member=member,
        side=side,
        faults=chosen,
        points=points,
        words=words.strip()[:500],
        by_id=actor.account_pk,
        rated_at=now,
        region_code=meeting.region_code,
    )
    if file is None:
        return made
    detail = {"faults": chosen, "points": points, "side": side}
    record(file, "rated", actor, now, supervisor=detail)
    _pause_if_used_up(file, now)
    return made


def _file_of(member: Member) -> ExpertFile | None:
    """Return the locked file of a drawn member; an expert of a partner's pool has none here."""
    found = ExpertFile.objects.filter(expert=member.candidate.expert).first()
    return lock_file(found.public_id) if found else None


def points_of(file: ExpertFile, year: int) -> int:
    """Return the points left of a year's."""
    taken = Rating.objects.filter(
        member__candidate__expert=file.expert,
        void=False,
        rated_at__gte=midnight(date(year, 1, 1)),
        rated_at__lt=midnight(date(year + 1, 1, 1)),
    )
    return rules.points_left(taken.values_list("points", flat=True), a_year=settings.POOL_POINTS)


def _pause_if_used_up(file: ExpertFile, now: datetime) -> None:
    if file.state == State.ACTIVE and points_of(file, today(now).year) <= settings.POOL_PAUSE_AT:
        reason = f"{today(now).year}年度{settings.POOL_POINTS}分已扣至{settings.POOL_PAUSE_AT}分"
        pause_by_rule(file, reason, actor=SYSTEM, now=now)


def pause_by_rule(file: ExpertFile, reason: str, *, actor: Actor, now: datetime) -> Suspension:
    """Pause a locked file by the centre's own rule for a stated time (called inside the act that found it)."""
    since = today(now)
    made = Suspension.objects.create(
        file=file,
        kind=Suspension.PAUSE,
        basis=POINTS_RULE,
        authority=settings.CENTRE_NAME,
        reason=reason,
        since=since,
        until=since + timedelta(days=settings.POOL_PAUSE_DAYS),
        repair=REPAIR,
        by_id=actor.account_pk or None,
        made_at=now,
    )
    move(file, "pause", actor=actor, now=now, reason=reason, basis=POINTS_RULE)
    return made


@transaction.atomic
def rate_back(
    *, draw_id: str, marks: Mapping[str, int], words: str, actor: Actor, now: datetime
) -> RatingBack:
    """Say as an expert how the owner side and the centre did, 1 to 5 for each item, once.

    :raises NotFound: did not sit there
    :raises NotOver: the meeting has not ended
    :raises BadInput: a mark is missing or is none
    """
    require(actor, Permission.POOL_OWN)
    meeting = ended_meeting(draw_id)
    member = meeting.draw.members.filter(account_id=actor.account_pk, left=False).first()
    if member is None:
        raise NotFound("您没有参加这场评标")
    if set(marks) != set(rules.BACK_ITEMS) or any(not 1 <= m <= 5 for m in marks.values()):
        raise BadInput("请对每一项给出1至5分", field="marks")
    made, _ = RatingBack.objects.get_or_create(
        member=member,
        defaults={"marks": dict(marks), "words": words.strip()[:500], "rated_at": now},
    )
    return made


# Suspensions


@transaction.atomic
def suspend(
    *,
    file_id: str,
    kind: str,
    basis: str,
    authority: str,
    reason: str,
    until: date | None,
    repair: str,
    actor: Actor,
    now: datetime,
) -> Suspension:
    """Suspend an expert from today, or bar them, by a decision of the supervising authority that is named.

    :raises BadInput: no number of the decision, no authority, no end of a pause, no way back
    :raises MoveNotNow: not from its state
    """
    require(actor, Permission.POOL_SUSPEND)
    file = lock_file(file_id)
    if kind not in {Suspension.PAUSE, Suspension.BAN}:
        raise BadInput("请选择暂停或者禁止参加评标", field="kind")
    for field, value, says in (
        ("basis", basis, "请填写决定书文号: 没有依据的决定不能限制专家"),
        ("authority", authority, "请填写作出决定的机关"),
        ("repair", repair, "请写明恢复的条件和途径"),
    ):
        if not value.strip():
            raise BadInput(says, field=field)
    require_reason(reason)
    if kind == Suspension.PAUSE and until is None:
        raise BadInput("暂停应写明结束日期", field="until")
    if until is not None and until < today(now):
        raise BadInput("结束日期不能早于今天", field="until")
    same = file.suspensions.filter(basis=basis.strip(), authority=authority.strip(), lifted_at=None).first()
    if same is not None:
        return same
    made = Suspension.objects.create(
        file=file,
        kind=kind,
        basis=basis.strip()[:100],
        authority=authority.strip()[:100],
        reason=reason.strip()[:500],
        since=today(now),
        until=until,
        repair=repair.strip()[:500],
        by_id=actor.account_pk,
        made_at=now,
    )
    if kind == Suspension.BAN or file.state != State.PAUSED:
        event = "ban" if kind == Suspension.BAN else "pause"
        move(file, event, actor=actor, now=now, reason=reason, basis=f"{authority.strip()} {basis.strip()}")
    record(
        file,
        "suspended",
        actor,
        now,
        supervisor={"suspension": made.public_id, "authority": authority, "until": str(until or "")},
    )
    return made


@transaction.atomic
def lift(*, suspension_id: str, reason: str, actor: Actor, now: datetime) -> Suspension:
    """Lift a suspension before its end, with the reason; a ban becomes a pause until trained again.

    :raises NotFound: no such suspension
    """
    require(actor, Permission.POOL_SUSPEND)
    found = Suspension.objects.select_related("file").filter(public_id=suspension_id).first()
    if found is None:
        raise NotFound("没有这个暂停决定")
    file = lock_file(found.file.public_id)
    found.refresh_from_db()
    if found.lifted_at is None:
        _lift(found, file, reason=require_reason(reason), straight=False, actor=actor, now=now)
    return found


def _lift(
    found: Suspension, file: ExpertFile, *, reason: str, straight: bool, actor: Actor, now: datetime
) -> None:
    """Lift a suspension of a locked file. `straight`: it was wrong, and the expert may be drawn again at once."""
    found.lifted_at = now
    found.save(update_fields=["lifted_at"])
    others = file.suspensions.filter(lifted_at=None)
    if file.state == State.BLACK and not others.filter(kind=Suspension.BAN).exists():
        move(file, "ban_lifted", actor=actor, now=now, reason=reason)
    if straight and file.state == State.PAUSED and not others.exists() and file.term_to:
        if file.term_to >= today(now):
            move(file, "resume", actor=actor, now=now, reason=reason)


# Appeals


@transaction.atomic
def appeal(*, text: str, rating_id: str = "", suspension_id: str = "", actor: Actor, now: datetime) -> Appeal:
    """Appeal against a rating or a suspension of one's own, once. It does not stop it.

    :raises NotFound: not one's own
    :raises BadInput: nothing was said
    """
    file = own_file(actor, lock=True)
    if not text.strip():
        raise BadInput("请写明申诉的事实和理由", field="text")
    rating = suspension = None
    if rating_id:
        rating = Rating.objects.filter(public_id=rating_id, member__candidate__expert=file.expert).first()
    else:
        suspension = file.suspensions.filter(public_id=suspension_id).first()
    if rating is None and suspension is None:
        raise NotFound("没有这个评价或者决定", next_steps=(("我的档案", "/work/pool/me"),))
    known = Appeal.objects.filter(rating=rating, suspension=suspension).first()
    if known is not None:
        return known
    made = Appeal.objects.create(
        file=file, rating=rating, suspension=suspension, text=text.strip()[:1000], filed_at=now
    )
    record(file, "appealed", actor, now, supervisor={"appeal": made.public_id})
    return made


@transaction.atomic
def decide_appeal(*, appeal_id: str, upheld: bool, opinion: str, actor: Actor, now: datetime) -> Appeal:
    """Decide an appeal as somebody who did not make what it is against; upheld, the points or the suspension fall away.

    What a supervisor decided, only a supervisor reviews: the centre has no power over it.

    :raises NotFound: no such appeal
    :raises SamePerson: the actor made the rating or the suspension
    :raises NotPermitted: the centre, against a supervisor's decision
    :raises MoveNotNow: decided otherwise already
    """
    require(actor, Permission.POOL_APPEAL)
    found = Appeal.objects.select_related("file").filter(public_id=appeal_id).first()
    if found is None:
        raise NotFound("没有这个申诉", next_steps=(("申诉", "/work/pool/appeals"),))
    file = lock_file(found.file.public_id)
    found = Appeal.objects.select_related("rating__by", "suspension__by").get(pk=found.pk)
    target = found.rating or found.suspension
    if target.by_id == actor.account_pk:
        raise SamePerson("申诉应由作出评价或者决定以外的人处理, 请转给其他人员")
    if actor.role is Role.CENTRE and target.by is not None and target.by.role == Role.SUPERVISOR:
        raise NotPermitted("监督部门作出的决定由监督部门复核, 中心不处理")
    if found.decided_at is not None:
        if found.upheld != upheld:
            raise rules.MoveNotNow("申诉已经处理, 结果不能更改")
        return found
    found.upheld, found.opinion, found.decided_at = upheld, require_reason(opinion, field="opinion"), now
    found.by_id = actor.account_pk
    found.save(update_fields=["upheld", "opinion", "decided_at", "by"])
    if upheld:
        _undo(found, file, actor=actor, now=now)
    record(file, "appeal_decided", actor, now, supervisor={"appeal": found.public_id, "upheld": upheld})
    return found


def _undo(found: Appeal, file: ExpertFile, *, actor: Actor, now: datetime) -> None:
    reason = f"申诉成立: {found.opinion}"
    if found.suspension is not None:
        _lift(found.suspension, file, reason=reason, straight=True, actor=actor, now=now)
        return
    found.rating.void = True
    found.rating.save(update_fields=["void"])
    by_points = file.suspensions.filter(basis=POINTS_RULE, by=None, lifted_at=None).first()
    if by_points is not None and points_of(file, by_points.since.year) > settings.POOL_PAUSE_AT:
        _lift(by_points, file, reason=reason, straight=True, actor=actor, now=now)

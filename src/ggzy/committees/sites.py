"""Where a committee sits: its halls here and at other centres, asked for, tried, cut off and back (X_REMOTE_EVAL)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from ggzy.committees import rules
from ggzy.committees.actions import (
    MeetingNotNow,
    bring_back,
    lock_draw,
    record,
    set_away,
    set_pause,
    tell_owner,
)
from ggzy.committees.models import Absence, Meeting, Seat, Site
from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.experts.models import Member
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.law.limits import beijing_date
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.tendering.moves import require_owner_side


class HallFull(Refusal):
    """So many seats of the hall are promised to other meetings of that day that this one does not fit."""

    code = "committees.hall_full"


SITE_UNANSWERED = "committees.site_unanswered"
SITE_LONG_CUT = "committees.site_long_cut"


@transaction.atomic
def plan_meeting(
    *,
    draw_id: str,
    form: str,
    hall: str,
    seats: int,
    columns: int,
    sub_sites: Sequence[tuple[str, int]],
    starts_at: datetime | None,
    actor: Actor,
    now: datetime,
) -> Meeting:
    """Say how a committee meets, and ask other centres for seats: X_REMOTE_EVAL, from APPLY.

    `sub_sites` are (USCC of a centre, members that shall sit there); the rest sits at the main site.

    :raises MeetingNotNow: somebody has sat down already
    :raises HallFull: the hall's seats are promised to other meetings of that day
    :raises BadInput: a form that does not exist, a hall too small to keep members apart, an unknown centre
    """
    require(actor, Permission.MEETING_PLAN)
    draw = lock_draw(draw_id)
    if actor.role is not Role.CENTRE:
        require_owner_side(draw.tender, actor)
    if form not in rules.FORMS:
        raise BadInput("请选择一室评标、工位评标或远程异地评标", field="form")
    if Seat.objects.filter(site__meeting__draw=draw).exists():
        raise MeetingNotNow("已有评委签到入座, 不能再更改评标方式")
    away = sum(count for _, count in sub_sites)
    here = draw.committee_size - away
    if (form == Meeting.REMOTE) != bool(sub_sites):
        raise BadInput("远程异地评标至少要有一个副场, 其他方式没有副场", field="sub_sites")
    if here < 1 or any(count < 1 for _, count in sub_sites):
        raise BadInput(f"评标委员会共{draw.committee_size}人, 主场和每个副场至少各1人", field="sub_sites")
    _require_hall(form, seats=seats, columns=columns, members=here)
    _require_left(
        centre_pk=None, hall=hall, seats=seats, members=here, at=starts_at, besides=draw.pk, now=now
    )
    meeting, _ = Meeting.objects.update_or_create(
        draw=draw,
        defaults={"form": form, "planned_at": now, "region_code": draw.region_code},
    )
    _drop_sites(meeting, now=now)
    Site.objects.create(
        meeting=meeting,
        role=Site.MAIN,
        hall=hall[:100],
        seats=seats,
        columns=columns,
        members=here,
        starts_at=starts_at,
        state=Site.BOOKED if form == Meeting.REMOTE else Site.READY,
        region_code=draw.region_code,
    )
    for uscc, count in sub_sites:
        _ask(meeting, uscc, count, starts_at=starts_at, now=now)
    record(
        meeting,
        "meeting_planned",
        actor=actor,
        now=now,
        public={"draw": draw.public_id, "form": form, "sites": 1 + len(sub_sites)},
        supervisor={"here": here, "away": [{"centre": u, "members": n} for u, n in sub_sites]},
    )
    return meeting


def _require_hall(form: str, *, seats: int, columns: int, members: int) -> None:
    """Refuse a hall in which the members of one committee would sit beside each other."""
    if not 1 <= seats <= 500 or columns < 0 or columns > seats:
        raise BadInput("席位数应在1至500之间, 每排席位数不超过席位总数", field="seats")
    holds = seats if form == Meeting.ROOM else rules.room_for(seats=seats, columns=columns)
    if holds < members:
        raise BadInput(
            f"该场地在同一评标委员会成员互不相邻时最多坐{holds}人, 不足{members}人, 请换更大的场地",
            field="seats",
        )


def _require_left(
    *,
    centre_pk: int | None,
    hall: str,
    seats: int,
    members: int,
    at: datetime | None,
    besides: int,
    now: datetime,
) -> None:
    """Refuse to promise seats of a hall that other meetings have been promised for that day.

    How long a committee sits nobody knows beforehand: a seat is promised for the day. A meeting without a time counts
    while it sits: one that was planned and never began must not keep a hall for good.
    """
    hall = hall.strip()[:100]
    if not hall:
        return
    # promises for one hall are made one after the other
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"hall:{centre_pk}:{hall}"])
    day = beijing_date(at or now)
    there = Site.objects.filter(
        centre_id=centre_pk, hall=hall, state__in=[Site.BOOKED, Site.READY, Site.RUNNING, Site.CUT_OFF]
    ).exclude(meeting__draw_id=besides)
    sitting = {Site.RUNNING, Site.CUT_OFF}
    others = [
        s.members
        for s in there
        if (s.starts_at or s.state in sitting) and beijing_date(s.starts_at or now) == day
    ]
    left = rules.seats_left(seats=seats, promised=others)
    if left < members:
        raise HallFull(
            f"该场地{day:%m月%d日}已为其他{len(others)}场评标预留{sum(others)}个席位, 还剩{left}个, 不足{members}个, "
            "请安排其他场地",
            field="hall",
        )


def _drop_sites(meeting: Meeting, *, now: datetime) -> None:
    for site in meeting.sites.exclude(state__in=[Site.REFUSED, Site.CANCELLED]):
        cancel_timer(kind=SITE_UNANSWERED, subject=site.public_id, now=now)
        if site.centre_id:
            tell(
                organisations=[site.centre_id],
                kind=Kind.SERVICE,
                title="远程异地评标的席位申请已取消",
                text="主场更改了评标方式或时间, 已预留的席位可以释放。",
                link="/work/sites",
                now=now,
            )
    meeting.sites.exclude(state=Site.REFUSED).filter(role=Site.SUB).update(state=Site.CANCELLED)
    meeting.sites.filter(role=Site.MAIN).delete()


def _ask(meeting: Meeting, uscc: str, count: int, *, starts_at: datetime | None, now: datetime) -> None:
    centre = Organisation.objects.filter(uscc=uscc, kinds__contains=[Role.PARTNER.value]).first()
    if centre is None:
        raise BadInput(f"没有登记代码为{uscc}的协作中心", field="sub_sites")
    site = Site.objects.create(
        meeting=meeting,
        role=Site.SUB,
        centre=centre,
        members=count,
        starts_at=starts_at,
        state=Site.ASKED,
        region_code=meeting.region_code,
    )
    set_timer(
        kind=SITE_UNANSWERED,
        subject=site.public_id,
        due_at=now + timedelta(hours=settings.SITE_ANSWER_HOURS),
    )
    tell(
        organisations=[centre.pk],
        kind=Kind.SERVICE,
        title="远程异地评标席位申请",
        text=f"主场申请{count}个席位, 请答复能否安排。",
        link="/work/sites",
        now=now,
    )


def _site(site_id: str) -> Site:
    found = (
        Site.objects.select_for_update(of=("self",))
        .select_related("meeting__draw__tender")
        .filter(public_id=site_id)
        .first()
    )
    if found is None:
        raise NotFound("没有这个评标场地")
    return found


def _require_own(site: Site, actor: Actor) -> None:
    """Let the staff of the site's centre pass: the partner's for its own, this centre's for the main site."""
    own = actor.role is Role.CENTRE if site.centre_id is None else actor.organisation_pk == site.centre_id
    if not own:
        raise NotPermitted("只能办理本中心的场地")


@transaction.atomic
def answer_site(
    *,
    site_id: str,
    accept: bool,
    hall: str,
    seats: int,
    columns: int,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Site:
    """Give seats to another centre's meeting, or say why not: NEGOTIATE → BOOKED or REJECTED.

    :raises MeetingNotNow: it was answered, or the request lapsed
    :raises HallFull: the hall's seats are promised to other meetings of that day
    :raises BadInput: no hall, a hall too small, or no reason for a refusal
    """
    require(actor, Permission.SITE_ANSWER)
    site = _site(site_id)
    _require_own(site, actor)
    if site.state != Site.ASKED:
        raise MeetingNotNow("该申请已答复、取消或逾期")
    if accept:
        if not hall.strip():
            raise BadInput("请填写安排的场地", field="hall")
        _require_hall(site.meeting.form, seats=seats, columns=columns, members=site.members)
        _require_left(
            centre_pk=site.centre_id,
            hall=hall,
            seats=seats,
            members=site.members,
            at=site.starts_at,
            besides=site.meeting.draw_id,
            now=now,
        )
        site.hall, site.seats, site.columns, site.state = hall.strip()[:100], seats, columns, Site.BOOKED
    elif not reason.strip():
        raise BadInput("请写明不能安排的原因", field="reason")
    else:
        site.state = Site.REFUSED
    site.answer = reason.strip()[:300]
    site.save()
    cancel_timer(kind=SITE_UNANSWERED, subject=site.public_id, now=now)
    tell_owner(
        site.meeting,
        title="副场已答复",
        text="副场同意安排席位。" if accept else f"副场不能安排席位: {site.answer}。请改选其他副场。",
        now=now,
    )
    record(
        site.meeting,
        "site_answered",
        actor=actor,
        now=now,
        public={"site": site.public_id, "accepted": accept},
    )
    return site


@effect(SITE_UNANSWERED)
def lapse_site(site_id: str, now: datetime) -> datetime | None:
    """Take silence for no: another centre can then be asked."""
    site = _site(site_id)
    if site.state == Site.ASKED:
        site.state, site.answer = Site.REFUSED, "逾期未答复"
        site.save(update_fields=["state", "answer"])
        tell_owner(site.meeting, title="副场逾期未答复", text="请改选其他副场。", now=now)
        record(site.meeting, "site_lapsed", actor=SYSTEM, now=now, public={"site": site.public_id})
    return None


@transaction.atomic
def check_site(*, site_id: str, checks: Sequence[str], actor: Actor, now: datetime) -> Site:
    """Write down what was tried at a site; with everything in order it is ready: DRAWN → READY.

    :raises MeetingNotNow: no seats are given here, or the meeting runs
    """
    require(actor, Permission.SITE_ANSWER)
    site = _site(site_id)
    _require_own(site, actor)
    if site.state not in {Site.BOOKED, Site.READY}:
        raise MeetingNotNow("该场地现在不需要自检")
    site.checks = {name: name in checks for name in rules.CHECKS}
    site.state = Site.READY if all(site.checks.values()) else Site.BOOKED
    site.save(update_fields=["checks", "state"])
    record(
        site.meeting,
        "site_checked",
        actor=actor,
        now=now,
        public={"site": site.public_id, "ready": site.state == Site.READY},
        supervisor={"checks": site.checks},
    )
    return site


def _at(site: Site) -> list[Member]:
    return list(Member.objects.filter(seat__site=site, seat__live=True, left=False).order_by("code"))


@transaction.atomic
def cut_off(*, site_id: str, reason: str, actor: Actor, now: datetime) -> Site:
    """Write down that a site lost its line: its members wait, the others go on; too long, and the meeting pauses.

    :raises MeetingNotNow: the site does not run
    :raises BadInput: no reason
    """
    require(actor, Permission.SITE_ANSWER)
    site = _site(site_id)
    _require_own(site, actor)
    if site.state != Site.RUNNING:
        raise MeetingNotNow("该场地没有正在进行的评标")
    if not reason.strip():
        raise BadInput("请写明中断情况", field="reason")
    site.state = Site.CUT_OFF
    site.save(update_fields=["state"])
    for member in _at(site):
        set_away(site.meeting, member, Absence.SITE, reason, actor=actor, now=now)
    set_timer(
        kind=SITE_LONG_CUT,
        subject=site.public_id,
        due_at=now + timedelta(minutes=settings.SITE_CUT_MINUTES),
    )
    tell_owner(site.meeting, title="评标场地中断", text=f"原因: {reason.strip()[:200]}。", now=now)
    record(site.meeting, "site_cut_off", actor=actor, now=now, public={"site": site.public_id})
    return site


@effect(SITE_LONG_CUT)
def pause_for_site(site_id: str, now: datetime) -> datetime | None:
    """Pause the whole meeting when a site has been cut off too long."""
    site = _site(site_id)
    if site.state == Site.CUT_OFF and site.meeting.paused_at is None:
        set_pause(site.meeting, f"评标场地中断超过{settings.SITE_CUT_MINUTES}分钟", actor=SYSTEM, now=now)
    return None


@transaction.atomic
def reconnect(*, site_id: str, actor: Actor, now: datetime) -> Site:
    """Write down that a site is back: its members go on where they were. A paused meeting is resumed by itself.

    :raises MeetingNotNow: the site is not cut off
    """
    require(actor, Permission.SITE_ANSWER)
    site = _site(site_id)
    _require_own(site, actor)
    if site.state != Site.CUT_OFF:
        raise MeetingNotNow("该场地没有中断")
    site.state = Site.RUNNING
    site.save(update_fields=["state"])
    cancel_timer(kind=SITE_LONG_CUT, subject=site.public_id, now=now)
    bring_back(site.meeting, _at(site), actor=actor, now=now)
    record(site.meeting, "site_back", actor=actor, now=now, public={"site": site.public_id})
    return site

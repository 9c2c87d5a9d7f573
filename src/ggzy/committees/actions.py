"""The committee's meeting: planned, sat down to under oath, led, interrupted, resumed.

Booths, one room and several centres are one model: a meeting has sites, a site has a hall with seats, a member draws a seat.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils.module_loading import import_string

from ggzy.committees import rules
from ggzy.committees.models import Absence, Ballot, Meeting, Message, Oath, Seat, Site
from ggzy.committees.ports import FaceGate, GateUnavailable, Passage
from ggzy.evidence.actions import record_act
from ggzy.experts.models import Draw, Member
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round
from ggzy.venues.queries import hall_of

MOST_TEXT = 2000


class MeetingNotNow(Refusal):
    """The meeting stands elsewhere."""

    code = "committees.not_now"


class NoSeatLeft(Refusal):
    """No seat of the hall keeps this member apart from the others."""

    code = "committees.no_seat_left"


class Interrupted(Refusal):
    """The meeting is paused, or this member is away: what was handed in is kept."""

    code = "committees.interrupted"


class NotAtTheGate(NotPermitted):
    """The face gate did not let this person in."""

    code = "committees.not_at_the_gate"


class CommitteeIncomplete(Refusal):
    """Not everybody has checked in, or the committee would not be lawful."""

    code = "evaluation.committee_incomplete"
    basis = Citation("招标投标法", "第三十七条")


def lock_draw(draw_id: str) -> Draw:
    """Return a draw, locked: seats and members of one committee are given one after the other."""
    draw = (
        Draw.objects.select_for_update(of=("self",))
        .select_related("tender")
        .filter(public_id=draw_id)
        .first()
    )
    if draw is None:
        raise NotFound("没有这次专家抽取")
    return draw


def record(meeting: Meeting, act: str, *, actor: Actor, now: datetime, **levels: Any) -> None:
    """Record an act of a meeting in the evidence log, where its tender's acts stand."""
    record_act(
        f"committees.{act}",
        subject=meeting.public_id,
        actor=actor,
        legal_at=now,
        ocid=meeting.draw.tender.ocid,
        **levels,
    )


def _planned(draw: Draw, *, now: datetime) -> Meeting:
    """Return the meeting of a draw; one that nobody planned sits in the room that is booked for it."""
    made, new = Meeting.objects.get_or_create(
        draw=draw, defaults={"form": Meeting.ROOM, "planned_at": now, "region_code": draw.region_code}
    )
    if new:
        hall = hall_of(list(draw.rounds.values_list("public_id", flat=True)))
        Site.objects.create(
            meeting=made,
            role=Site.MAIN,
            hall=hall.name if hall else "",
            seats=max(hall.seats if hall else 0, draw.committee_size),
            columns=hall.columns if hall else 0,
            members=draw.committee_size,
            state=Site.READY,
            region_code=draw.region_code,
        )
    return made


def tell_owner(meeting: Meeting, *, title: str, text: str, now: datetime) -> None:
    """Tell the owner side of a meeting's tender."""
    tender = meeting.draw.tender
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.SERVICE,
        title=title,
        text=text,
        link=f"/work/draws/{meeting.draw.public_id}/meeting",
        now=now,
    )


def _face_gate() -> FaceGate | None:
    if not settings.FACES:
        return None
    made: FaceGate = import_string(settings.FACES)()
    return made


def _passage(actor: Actor, hall: str) -> Passage:
    """Ask the gate; a centre without one, or a gate that is silent, is written down and left to the staff at the door."""
    gate = _face_gate()
    if gate is None:
        return Passage(passed=True, says="本中心没有人脸门禁, 由工作人员核验证件")
    try:
        return gate.passage(person=actor.person, hall=hall)
    except GateUnavailable as trouble:
        return Passage(passed=True, says=f"人脸门禁没有应答({trouble}), 由工作人员核验证件")


def _hall_asked(site_id: str) -> str:
    """Return the hall whose gate is asked, "" where a committee has one site only."""
    return str(Site.objects.filter(public_id=site_id).values_list("hall", flat=True).first() or "")


def own_member(draw: Draw, actor: Actor) -> Member:
    """Return the actor's place on a committee.

    :raises NotPermitted: not on it, or not any more
    """
    member = draw.members.filter(account_id=actor.account_pk, left=False).first()
    if member is None:
        raise NotPermitted("您不是本次评标委员会成员")
    return member


def take_seat(*, draw_id: str, signature: str, site_id: str, actor: Actor, now: datetime) -> Seat:
    """Sign the 承诺书 and draw a seat. The second time gives the same seat.

    :raises NotAtTheGate: the face gate did not let this person in
    :raises MeetingNotNow: a site is not ready
    :raises NoSeatLeft: nobody could sit apart
    """
    require(actor, Permission.EVALUATE, signed=True)
    # outside the transaction: a slow gate must not hold the committee's lock
    passage = _passage(actor, _hall_asked(site_id))
    if not passage.passed:
        raise NotAtTheGate(f"人脸核验未通过: {passage.says}。请到门口由工作人员处理")
    try:
        with transaction.atomic():
            return _sit_down(draw_id, signature, site_id, passage, actor=actor, now=now)
    except IntegrityError as clash:
        if "a_seat_is_taken_once" not in str(clash):
            raise
    # somebody of another committee drew the same seat of the hall in this moment
    with transaction.atomic():
        return _sit_down(draw_id, signature, site_id, passage, actor=actor, now=now)


def _sit_down(
    draw_id: str, signature: str, site_id: str, passage: Passage, *, actor: Actor, now: datetime
) -> Seat:
    draw = lock_draw(draw_id)
    member = own_member(draw, actor)
    there = Seat.objects.filter(member=member).first()
    if there is not None:
        return there
    meeting = _planned(draw, now=now)
    site = _site_for(meeting, site_id)
    signed = sign_document(
        kind="evaluation_oath",
        subject=member.public_id,
        document=canonical(rules.oath_document(draw=draw.public_id, code=member.code)),
        signature=signature,
        actor=actor,
        now=now,
    )
    Oath.objects.create(
        member=member,
        signature=signed,
        face={"passed": passage.passed, "says": passage.says, "demo": passage.demo},
        signed_at=now,
        region_code=draw.region_code,
    )
    seat = _draw_seat(draw, meeting, site, member, now=now)
    record(
        meeting,
        "seat_taken",
        actor=actor,
        now=now,
        public={"draw": draw.public_id, "member": member.code},
        supervisor={"site": site.public_id, "hall": site.hall, "seat": seat.number, "face": passage.says},
    )
    return seat


def _site_for(meeting: Meeting, site_id: str) -> Site:
    """Return the site a member sits down at: the named one, or the only one."""
    sites = list(meeting.sites.filter(state__in=[Site.READY, Site.RUNNING, Site.BOOKED]).order_by("pk"))
    chosen = [s for s in sites if s.public_id == site_id] if site_id else sites
    if len(chosen) != 1:
        raise BadInput("请选择您所在的评标场地", field="site")
    site = chosen[0]
    if site.state == Site.BOOKED:
        raise MeetingNotNow("该场地的设备自检还没有通过, 请等候工作人员")
    if site.places.filter(live=True).count() >= site.members:
        raise NoSeatLeft(f"该场地安排{site.members}名评委, 已满, 请核对您的场地")
    return site


def hall_key(site: Site) -> str:
    """Return the hall's own key: seats of one hall are shared by all meetings in it."""
    if not site.hall:
        return f"meeting:{site.meeting.public_id}"
    return f"{site.centre.uscc if site.centre else settings.CENTRE_ID}:{site.hall}"


def _draw_seat(draw: Draw, meeting: Meeting, site: Site, member: Member, *, now: datetime) -> Seat:
    key = hall_key(site)
    taken = [
        rules.Taken(
            number=s.number,
            meeting=s.site.meeting.public_id,
            employer=s.member.candidate.expert.employer_uscc if s.member.candidate else "",
        )
        for s in Seat.objects.filter(hall=key, live=True).select_related(
            "site__meeting", "member__candidate__expert"
        )
    ]
    free = rules.free_seats(
        seats=site.seats,
        columns=site.columns,
        taken=taken,
        meeting=meeting.public_id,
        employer=member.candidate.expert.employer_uscc if member.candidate else "",
        apart=meeting.form != Meeting.ROOM,
    )
    if not free:
        raise NoSeatLeft("该场地已没有与同组、同单位评委不相邻的席位, 请工作人员安排其他场地")
    return Seat.objects.create(
        site=site,
        member=member,
        hall=key,
        number=rules.drawn_seat(
            free,
            randomness=bytes.fromhex(draw.randomness),
            code=bytes.fromhex(meeting.public_id),
            member=member.code,
        ),
        drawn_at=now,
        region_code=draw.region_code,
    )


def require_complete(draw: Draw) -> list[Member]:
    """Return the members of a committee that may begin: all there, lawful in number, under oath, seated.

    :raises CommitteeIncomplete: somebody is missing
    """
    members = list(draw.members.filter(left=False).select_related("candidate").order_by("code"))
    experts = sum(1 for m in members if m.kind == Member.EXPERT)
    if experts != draw.needed or len(members) != draw.committee_size:
        raise CommitteeIncomplete(
            f"评标委员会应有{draw.committee_size}人(专家{draw.needed}人), 现签到{len(members)}人(专家{experts}人), "
            "请等待全员签到; 缺席的由抽取系统补抽"
        )
    seated = set(Seat.objects.filter(member__in=members, live=True).values_list("member_id", flat=True))
    if waiting := [m.code for m in members if m.pk not in seated]:
        raise CommitteeIncomplete(f"{'、'.join(waiting)}还没有签署承诺书并入座, 请等待")
    return members


def begin(draw: Draw, *, now: datetime) -> None:
    """Let the sites of a complete committee run (called inside the act that seats it)."""
    Site.objects.filter(meeting__draw=draw, state=Site.READY).update(state=Site.RUNNING)


def end(draw: Draw, *, actor: Actor, now: datetime) -> None:
    """End the meeting once its last report is handed over: seats are free again (called inside an act)."""
    meeting = Meeting.objects.select_related("draw__tender").filter(draw=draw, ended_at=None).first()
    if meeting is None:
        return
    meeting.ended_at = now
    meeting.save(update_fields=["ended_at"])
    Seat.objects.filter(site__meeting=meeting, live=True).update(live=False)
    meeting.sites.filter(state__in=[Site.READY, Site.RUNNING, Site.CUT_OFF]).update(state=Site.FINISHED)
    record(meeting, "meeting_ended", actor=actor, now=now, public={"draw": draw.public_id})


def settle(meeting: Meeting, *, actor: Actor, now: datetime) -> None:
    """Note that every fee of a meeting that has ended is paid (called inside the act that pays the last one)."""
    meeting.sites.filter(state=Site.FINISHED).update(state=Site.SETTLED)
    record(meeting, "meeting_settled", actor=actor, now=now, public={"draw": meeting.draw.public_id})


def reopen(draw: Draw) -> None:
    """Let a committee meet again for a later sitting (called inside the act that orders it)."""
    Meeting.objects.filter(draw=draw).update(ended_at=None)


def _meeting(draw_id: str) -> Meeting:
    found = (
        Meeting.objects.select_for_update(of=("self",))
        .select_related("draw__tender", "leader")
        .filter(draw__public_id=draw_id)
        .first()
    )
    if found is None:
        raise NotFound("评标会还没有开始")
    return found


def require_present(draw: Draw, member: Member) -> None:
    """Refuse an act of a member while the meeting is paused or the member is away.

    :raises Interrupted: says which, and what happens next
    """
    if not Seat.objects.filter(member=member).exists():
        raise Interrupted("请先签署评标承诺书并入座")
    meeting = Meeting.objects.filter(draw=draw).first()
    if meeting is not None and meeting.paused_at is not None:
        raise Interrupted(f"评标已中止: {meeting.pause_reason}。已提交的内容均已保存, 恢复后继续")
    away = member.absences.filter(ended_at=None).first()
    if away is not None:
        raise Interrupted(
            {
                Absence.BREAK: "您正在休息, 请先点“我回来了”再继续",
                Absence.LOST: "工作人员登记您已离席, 请联系工作人员恢复",
                Absence.SITE: "您所在场地的网络或设备中断, 恢复后继续; 已提交的内容均已保存",
            }[away.kind]
        )


def cast_ballot(*, draw: Draw, choice: str, actor: Actor, now: datetime) -> Member | None:
    """Vote for the leader; the last ballot of a turn elects, or begins another turn. Return the leader once there is one.

    :raises MeetingNotNow: there is a leader, or this member has voted in this turn
    :raises BadInput: nobody of that code
    """
    meeting = _meeting(draw.public_id)
    member = own_member(draw, actor)
    require_present(draw, member)
    if meeting.leader is not None:
        raise MeetingNotNow(f"组长已推选产生: {meeting.leader.code}")
    members = {m.code: m for m in draw.members.filter(left=False)}
    if choice not in members:
        raise BadInput("请从本委员会成员中推选组长", field="choice")
    turn = meeting.turn
    if meeting.ballots.filter(turn=turn, member=member).exists():
        raise MeetingNotNow("您已投票, 请等待其他成员")
    Ballot.objects.create(
        meeting=meeting,
        turn=turn,
        member=member,
        choice=members[choice],
        cast_at=now,
        region_code=draw.region_code,
    )
    there = meeting.ballots.filter(turn=turn, member__left=False)
    ballots = dict(there.values_list("member_id", "choice_id"))
    if len(members) != draw.committee_size or not set(ballots) >= {m.pk for m in members.values()}:
        return None
    first = rules.elected(ballots)
    meeting.leader_id, meeting.turn = first, turn if first else turn + 1
    meeting.save(update_fields=["leader", "turn"])
    record(
        meeting,
        "leader_voted",
        actor=actor,
        now=now,
        public={"turn": turn, "elected": first is not None},
        supervisor={"leader": meeting.leader.code if meeting.leader else None},
    )
    return meeting.leader


def has_leader(draw: Draw) -> bool:
    """Say whether the committee has a leader."""
    return Meeting.objects.filter(draw=draw).exclude(leader=None).exists()


def unseat(member: Member) -> None:
    """Free the place of a member who is replaced; a leader who goes is voted for anew (called inside that act)."""
    Seat.objects.filter(member=member).update(live=False)
    Absence.objects.filter(member=member, ended_at=None).delete()
    Meeting.objects.filter(draw_id=member.draw_id, leader=member).update(
        leader=None, turn=models.F("turn") + 1
    )


@transaction.atomic
def send_message(*, draw_id: str, round_id: str, text: str, actor: Actor, now: datetime) -> Message:
    """Write to the other members; what is said stays and the supervisor reads it.

    :raises BadInput: nothing, or too much
    """
    require(actor, Permission.EVALUATE, signed=True)
    meeting = _meeting(draw_id)
    member = own_member(meeting.draw, actor)
    require_present(meeting.draw, member)
    if meeting.ended_at is not None:
        raise MeetingNotNow("评标会已结束, 不能再发言")
    said = text.strip()
    if not said or len(said) > MOST_TEXT:
        raise BadInput(f"请填写1至{MOST_TEXT}字", field="text")
    round_ = Round.objects.filter(public_id=round_id, draws=meeting.draw).first() if round_id else None
    made = Message.objects.create(
        meeting=meeting, round=round_, member=member, text=said, sent_at=now, region_code=meeting.region_code
    )
    record(meeting, "message_sent", actor=actor, now=now, supervisor={"member": member.code, "text": said})
    return made


@transaction.atomic
def take_break(*, draw_id: str, reason: str, actor: Actor, now: datetime) -> Absence:
    """Leave one's seat for a while; nothing can be handed in meanwhile. The second time changes nothing."""
    require(actor, Permission.EVALUATE, signed=True)
    meeting = _meeting(draw_id)
    return set_away(meeting, own_member(meeting.draw, actor), Absence.BREAK, reason, actor=actor, now=now)


@transaction.atomic
def come_back(*, draw_id: str, actor: Actor, now: datetime) -> None:
    """Come back from a break; who was marked lost is brought back by the staff."""
    require(actor, Permission.EVALUATE, signed=True)
    meeting = _meeting(draw_id)
    member = own_member(meeting.draw, actor)
    if member.absences.filter(ended_at=None).exclude(kind=Absence.BREAK).exists():
        require_present(meeting.draw, member)
    bring_back(meeting, [member], actor=actor, now=now)


def set_away(
    meeting: Meeting, member: Member, kind: str, reason: str, *, actor: Actor, now: datetime
) -> Absence:
    """Write down that a member is away; the second time changes nothing."""
    made, new = Absence.objects.get_or_create(
        member=member,
        ended_at=None,
        defaults={
            "kind": kind,
            "reason": reason.strip()[:300],
            "began_at": now,
            "region_code": meeting.region_code,
        },
    )
    if new:
        record(
            meeting,
            "member_away",
            actor=actor,
            now=now,
            public={"member": member.code, "kind": kind},
            supervisor={"reason": made.reason},
        )
    return made


def bring_back(meeting: Meeting, members: Sequence[Member], *, actor: Actor, now: datetime) -> None:
    """Write down that members are back."""
    back = Absence.objects.filter(member__in=members, ended_at=None).update(ended_at=now)
    if back:
        record(meeting, "member_back", actor=actor, now=now, public={"members": [m.code for m in members]})


@transaction.atomic
def mark_member(*, draw_id: str, code: str, lost: bool, reason: str, actor: Actor, now: datetime) -> None:
    """Write down that a member left without word, or bring them back (staff of the centre).

    :raises BadInput: no such member, or no reason
    """
    require(actor, Permission.MEETING_KEEP)
    meeting = _meeting(draw_id)
    member = meeting.draw.members.filter(code=code, left=False).first()
    if member is None:
        raise BadInput("没有这个代号的评委", field="code")
    if lost:
        if not reason.strip():
            raise BadInput("请写明情况", field="reason")
        set_away(meeting, member, Absence.LOST, reason, actor=actor, now=now)
    else:
        bring_back(meeting, [member], actor=actor, now=now)


def set_pause(meeting: Meeting, reason: str, *, actor: Actor, now: datetime) -> None:
    """Pause a meeting and tell the owner side (called inside an act)."""
    meeting.paused_at, meeting.pause_reason = now, reason.strip()[:300]
    meeting.save(update_fields=["paused_at", "pause_reason"])
    tell_owner(meeting, title="评标中止", text=f"原因: {meeting.pause_reason}。", now=now)
    record(
        meeting,
        "meeting_paused",
        actor=actor,
        now=now,
        public={"draw": meeting.draw.public_id, "reason": meeting.pause_reason},
    )


@transaction.atomic
def pause(*, draw_id: str, reason: str, actor: Actor, now: datetime) -> Meeting:
    """Pause a meeting: what was handed in is kept and stays secret. The second time changes nothing.

    :raises BadInput: no reason
    :raises MeetingNotNow: it has ended
    """
    require(actor, Permission.MEETING_KEEP)
    meeting = _meeting(draw_id)
    if meeting.ended_at is not None:
        raise MeetingNotNow("评标会已结束")
    if not reason.strip():
        raise BadInput("请写明中止原因", field="reason")
    if meeting.paused_at is None:
        set_pause(meeting, reason, actor=actor, now=now)
    return meeting


@transaction.atomic
def resume(*, draw_id: str, actor: Actor, now: datetime) -> Meeting:
    """Resume a paused meeting, once no site is cut off any more. The second time changes nothing.

    :raises MeetingNotNow: a site is still cut off
    """
    require(actor, Permission.MEETING_KEEP)
    meeting = _meeting(draw_id)
    if meeting.sites.filter(state=Site.CUT_OFF).exists():
        raise MeetingNotNow("还有场地没有恢复, 请先恢复场地")
    if meeting.paused_at is not None:
        meeting.paused_at, meeting.pause_reason = None, ""
        meeting.save(update_fields=["paused_at", "pause_reason"])
        record(meeting, "meeting_resumed", actor=actor, now=now, public={"draw": meeting.draw.public_id})
    return meeting

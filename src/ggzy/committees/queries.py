"""What members, staff, bidders and the supervisor may see of a committee at work. Members see codes, nobody's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from ggzy.committees import rules
from ggzy.committees.clarifying import own_clarification
from ggzy.committees.models import Absence, Clarification, Meeting, Message, Seat, Site
from ggzy.experts.models import Draw, Member
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.tendering.models import large


@dataclass(frozen=True, kw_only=True)
class SiteRow:
    """A site as its staff and the owner side see it."""

    site: str
    role: str
    centre: str
    hall: str
    seats: int
    columns: int
    members: int
    seated: int
    state: str
    answer: str
    checks: dict[str, bool]
    starts_at: datetime | None
    form: str
    draw: str


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    """One message: a code, never a name."""

    code: str
    text: str
    sent_at: datetime
    own: bool


@dataclass(frozen=True, kw_only=True)
class ClarificationRow:
    """A question to a bid and its answer."""

    clarification: str
    round: str
    bid: str
    ground: str
    text: str
    asked_at: datetime
    due_at: datetime
    state: str
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class MeetingRow:
    """A meeting as its own members see it."""

    draw: str
    form: str
    form_label: str
    code: str
    seat: int
    hall: str
    members: tuple[dict[str, Any], ...]
    leader: str
    turn: int
    voted: bool
    away: str
    paused_at: datetime | None
    pause_reason: str
    messages: tuple[MessageRow, ...]
    ended_at: datetime | None


STATES = {
    "asked": "等待答复",
    "refused": "不能安排",
    "booked": "已预留席位",
    "ready": "自检通过",
    "running": "评标中",
    "cut_off": "中断",
    "finished": "已结束",
    "cancelled": "已取消",
}
AWAY = {"break": "休息中", "lost": "离席", "site": "场地中断"}


def _away(draw_pk: int) -> dict[int, str]:
    return dict(
        Absence.objects.filter(member__draw_id=draw_pk, ended_at=None).values_list("member_id", "kind")
    )


def _messages(meeting: Meeting, *, own: int = 0) -> tuple[MessageRow, ...]:
    rows = Message.objects.filter(meeting=meeting).select_related("member").order_by("pk")
    return tuple(
        MessageRow(code=m.member.code, text=m.text, sent_at=m.sent_at, own=m.member_id == own)
        for m in rows[:1000]
    )


def meeting_of(draw_id: str, *, actor: Actor) -> MeetingRow | None:
    """Return the meeting to a member of the committee, None before anybody has sat down.

    :raises NotPermitted: not a member
    """
    require(actor, Permission.EVALUATE)
    meeting = Meeting.objects.select_related("draw", "leader").filter(draw__public_id=draw_id).first()
    if meeting is None:
        return None
    members = list(meeting.draw.members.filter(left=False).order_by("code"))
    mine = next((m for m in members if m.account_id == actor.account_pk), None)
    if mine is None:
        raise NotPermitted("您不是本次评标委员会成员")
    away = _away(meeting.draw_id)
    seat = Seat.objects.filter(member=mine).select_related("site").first()
    turn = meeting.turn if meeting.leader is None else 0
    return MeetingRow(
        draw=draw_id,
        form=meeting.form,
        form_label=rules.FORMS[meeting.form],
        code=mine.code,
        seat=seat.number if seat else 0,
        hall=seat.site.hall if seat else "",
        members=tuple(
            {"code": m.code, "away": AWAY.get(away.get(m.pk, ""), ""), "own": m.pk == mine.pk}
            for m in members
        ),
        leader=meeting.leader.code if meeting.leader else "",
        turn=turn,
        voted=bool(turn) and meeting.ballots.filter(turn=turn, member=mine).exists(),
        away=away.get(mine.pk, ""),
        paused_at=meeting.paused_at,
        pause_reason=meeting.pause_reason,
        messages=_messages(meeting, own=mine.pk),
        ended_at=meeting.ended_at,
    )


@dataclass(frozen=True, kw_only=True)
class MeetingNews:
    """What of a meeting may have changed since a member's page was shown."""

    messages: int
    #: which turn elects the leader, and who it is, "" before
    turn: int
    leader: str
    pause: str
    #: why this member is away, "" if not; and who else is, by code
    away: str
    others_away: tuple[str, ...]
    ended: bool


def meeting_news(draw_pk: int, *, member: Member) -> MeetingNews | None:
    """Return a meeting's present state in few values, for contexts above that have asked who reads."""
    meeting = Meeting.objects.select_related("leader").filter(draw_id=draw_pk).first()
    if meeting is None:
        return None
    away = dict(
        Absence.objects.filter(member__draw_id=draw_pk, ended_at=None, member__left=False)
        .order_by("member__code")
        .values_list("member__code", "kind")
    )
    return MeetingNews(
        messages=meeting.messages.count(),
        turn=meeting.turn,
        leader=meeting.leader.code if meeting.leader else "",
        pause=(meeting.pause_reason or "暂停") if meeting.paused_at else "",
        away=away.pop(member.code, ""),
        others_away=tuple(away),
        ended=meeting.ended_at is not None,
    )


@dataclass(frozen=True, kw_only=True)
class SeatRow:
    """A member's own place before and after sitting down."""

    draw: str
    code: str
    seat: int
    hall: str
    sites: tuple[SiteRow, ...]
    oath: tuple[str, ...]


def seat_of(draw_id: str, *, actor: Actor) -> SeatRow | None:
    """Return where a checked-in member sits, or may sit; None for who has not checked in."""
    draw = Draw.objects.filter(public_id=draw_id).first()
    member = draw and draw.members.filter(account_id=actor.account_pk, left=False).first()
    if draw is None or member is None:
        return None
    seat = Seat.objects.filter(member=member).select_related("site").first()
    sites = Site.objects.filter(meeting__draw=draw, state__in=[Site.BOOKED, Site.READY, Site.RUNNING])
    return SeatRow(
        draw=draw_id,
        code=member.code,
        seat=seat.number if seat else 0,
        hall=seat.site.hall if seat else "",
        sites=tuple(_site_row(s) for s in _sites(sites)),
        oath=rules.OATH,
    )


def oath_to_sign(draw_id: str, *, actor: Actor) -> bytes:
    """Return the canonical bytes of the 承诺书 for the member to sign.

    :raises NotFound: not a member
    """
    row = seat_of(draw_id, actor=actor)
    if row is None:
        raise NotFound("请先签到")
    return canonical(rules.oath_document(draw=draw_id, code=row.code))


def _sites(rows: Any, *, most: int | None = None) -> list[Site]:
    shown = (field.name for field in Site._meta.concrete_fields)
    rows = rows.select_related("centre", "meeting__draw").prefetch_related("places").order_by("pk")
    return list(rows.only(*shown, "centre__name", "meeting__form", "meeting__draw__public_id")[:most])


def _site_row(s: Site) -> SiteRow:
    return SiteRow(
        site=s.public_id,
        role="主场" if s.role == Site.MAIN else "副场",
        centre=s.centre.name if s.centre else "",
        hall=s.hall,
        seats=s.seats,
        columns=s.columns,
        members=s.members,
        seated=sum(1 for place in s.places.all() if place.live),
        state=s.state,
        answer=s.answer,
        checks={label: bool(s.checks.get(name)) for name, label in rules.CHECKS.items()},
        starts_at=s.starts_at,
        form=s.meeting.form,
        draw=s.meeting.draw.public_id,
    )


def sites_of_staff(*, actor: Actor) -> list[SiteRow]:
    """Return the sites that the actor's centre keeps: a partner its own, this centre the main sites."""
    require(actor, Permission.SITE_ANSWER)
    own = Q(centre=None) if actor.role is Role.CENTRE else Q(centre_id=actor.organisation_pk)
    rows = Site.objects.filter(own).exclude(
        state__in=[Site.CANCELLED, Site.FINISHED, Site.REFUSED, Site.SETTLED]
    )
    return [_site_row(s) for s in _sites(rows, most=100)]


def partner_centres() -> list[tuple[str, str]]:
    """Return (USCC, name) of the centres that can be asked for seats."""
    rows = Organisation.objects.filter(kinds__contains=[Role.PARTNER.value]).order_by("name")
    return list(rows.values_list("uscc", "name"))


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """How a committee meets, as the owner side and the centre see it: how many sit where, never who."""

    draw: str
    tender: str
    tender_name: str
    committee_size: int
    form: str
    sites: tuple[SiteRow, ...]
    present: tuple[dict[str, Any], ...]
    leader_elected: bool
    paused_at: datetime | None
    pause_reason: str
    started: bool
    ended_at: datetime | None


def plan_of(draw_id: str, *, viewer: Actor) -> PlanRow:
    """Return how a committee meets to its owner side, the centre and the supervisor.

    :raises NotFound: no such draw
    :raises NotPermitted: another organisation
    """
    require(viewer, Permission.MEETING_READ)
    draw = Draw.objects.select_related("tender").filter(public_id=draw_id).first()
    if draw is None:
        raise NotFound("没有这次专家抽取")
    owner = viewer.organisation_pk in {draw.tender.tenderee_id, draw.tender.agency_id}
    if not owner and viewer.role not in {Role.CENTRE, Role.SUPERVISOR}:
        raise NotPermitted("只能查看本单位项目的评标安排")
    meeting = Meeting.objects.filter(draw=draw).first()
    away = _away(draw.pk)
    members = draw.members.filter(left=False).select_related("seat").order_by("code")
    return PlanRow(
        draw=draw_id,
        tender=draw.tender.public_id,
        tender_name=draw.tender.name,
        committee_size=draw.committee_size,
        form=meeting.form if meeting else Meeting.ROOM,
        sites=tuple(_site_row(s) for s in _sites(Site.objects.filter(meeting=meeting))) if meeting else (),
        present=tuple(
            {"code": m.code, "away": AWAY.get(away.get(m.pk, ""), ""), "seat": getattr(m, "seat", None)}
            for m in members
        ),
        leader_elected=bool(meeting and meeting.leader_id),
        paused_at=meeting.paused_at if meeting else None,
        pause_reason=meeting.pause_reason if meeting else "",
        started=draw.state == Draw.SEATED,
        ended_at=meeting.ended_at if meeting else None,
    )


def _clarification_row(c: Clarification) -> ClarificationRow:
    return ClarificationRow(
        clarification=c.public_id,
        round=c.round.public_id,
        bid=c.bid.public_id,
        ground=c.ground,
        text=c.text,
        asked_at=c.asked_at,
        due_at=c.due_at,
        state=c.state,
        answer=c.answer,
        answered_at=c.answered_at,
    )


def clarifications_of(round_pks: Sequence[int]) -> list[ClarificationRow]:
    """Return the questions of some rounds, for contexts above that have asked who reads."""
    rows = Clarification.objects.filter(round_id__in=round_pks).select_related("round", "bid")
    return [_clarification_row(c) for c in rows.order_by("pk")]


def clarifications_to(*, actor: Actor) -> list[tuple[ClarificationRow, str]]:
    """Return the questions to the actor's organisation, each with its lot, newest first."""
    require(actor, Permission.CLARIFY, signed=True)
    rows = Clarification.objects.filter(bid__bidder_id=actor.organisation_pk).select_related(
        "round__lot__tender", "bid"
    )
    rows = rows.defer("bid__envelope", "bid__manifest", "bid__shares", *large("round"))
    return [
        (_clarification_row(c), f"{c.round.lot.tender.name} · {c.round.lot.name}")
        for c in rows.order_by("-pk")[:100]
    ]


def clarification(clarification_id: str, *, actor: Actor) -> tuple[ClarificationRow, str]:
    """Return one question to the actor's organisation, with its lot.

    :raises NotFound: none, or another bidder's
    """
    require(actor, Permission.CLARIFY, signed=True)
    row = own_clarification(clarification_id, actor=actor)
    return _clarification_row(row), f"{row.round.lot.tender.name} · {row.round.lot.name}"


@dataclass(frozen=True, kw_only=True)
class RecordRow:
    """What the supervisor reads of a meeting: who led, what was said, who was away."""

    draw: str
    form: str
    leader: str
    messages: tuple[MessageRow, ...]
    absences: tuple[dict[str, Any], ...]
    clarifications: tuple[ClarificationRow, ...]


def record_for_supervisor(draw_id: str, *, actor: Actor) -> RecordRow | None:
    """Return the record of a meeting to the supervisor, None if nobody has sat down.

    :raises NotPermitted: anyone else
    """
    require(actor, Permission.EVALUATION_READ_SHEETS)
    meeting = Meeting.objects.select_related("leader", "draw").filter(draw__public_id=draw_id).first()
    return meeting and RecordRow(
        draw=draw_id,
        form=rules.FORMS[meeting.form],
        leader=meeting.leader.code if meeting.leader else "",
        messages=_messages(meeting),
        absences=absences_of(meeting.draw_id),
        clarifications=tuple(clarifications_of(list(meeting.draw.rounds.values_list("pk", flat=True)))),
    )


def absences_of(draw_pk: int) -> tuple[dict[str, Any], ...]:
    """Return who was away when, by code."""
    rows = Absence.objects.filter(member__draw_id=draw_pk).select_related("member").order_by("pk")
    return tuple(
        {
            "code": a.member.code,
            "kind": AWAY[a.kind],
            "reason": a.reason,
            "began_at": a.began_at,
            "ended_at": a.ended_at,
        }
        for a in rows
    )


def interruptions(draw_pks: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return {draw: what interrupts its committee now}, for contexts above that have asked who reads."""
    found: dict[int, list[str]] = {}
    for pk, reason in Meeting.objects.filter(
        draw_id__in=draw_pks, paused_at__isnull=False, ended_at=None
    ).values_list("draw_id", "pause_reason"):
        found.setdefault(pk, []).append(f"评标已中止: {reason}")
    cut = Site.objects.filter(meeting__draw_id__in=draw_pks, state=Site.CUT_OFF).select_related("meeting")
    for site in cut:
        found.setdefault(site.meeting.draw_id, []).append(f"评标场地中断: {site.hall}")
    away = Absence.objects.filter(
        member__draw_id__in=draw_pks, ended_at=None, kind=Absence.LOST, member__left=False
    )
    for pk, code in away.order_by("pk").values_list("member__draw_id", "member__code"):
        found.setdefault(pk, []).append(f"{code}离席")
    return {pk: tuple(rows) for pk, rows in found.items()}

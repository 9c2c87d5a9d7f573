"""Who comes: check-in after the opening with avoidance, absences, and members who cannot go on.

Bidders are shown and compared here only, after the opening.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from ggzy.experts import rules
from ggzy.experts.calling import drop_out
from ggzy.experts.locking import DrawNotNow, lock_draw, record
from ggzy.experts.models import Candidate, Draw, Expert, Member, Replacement, Tie
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.ids import require_uscc
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.opening.queries import bidders_of_rounds, not_yet_opened
from ggzy.parties.grid import Permission, require
from ggzy.tendering.moves import require_owner_side

#: what has to be void when a member is replaced after the evaluation began; registered by the context that holds it
Voids = Callable[[Member, Actor, datetime], None]
_VOIDS: list[Voids] = []


class NotLateYet(Refusal):
    """The time to come has not passed."""

    code = "experts.not_late_yet"


class NotReplaceable(Refusal):
    """This member cannot be replaced here and now."""

    code = "experts.not_replaceable"
    basis = Citation("招标投标法实施条例", "第四十八条")


def voids(function: Voids) -> Voids:
    """Register what happens to a replaced member's conclusions, in the same transaction (called where they live)."""
    _VOIDS.append(function)
    return function


@transaction.atomic
def check_in(*, draw_id: str, must_avoid: bool, reason: str, actor: Actor, now: datetime) -> Member:
    """Check in after the opening: bidders have been shown once, avoidance is declared and matched by what is known.

    Employers now and within three years, and relatives' organisations as declared, are compared with the bidders. Who
    must stand aside is replaced from the next rank. The tenderee's representatives check in here too.

    :raises DrawNotNow: bids are not opened yet, or this person is not called
    :raises BadInput: avoidance without a reason
    """
    require(actor, Permission.EVALUATE)
    draw = lock_draw(draw_id)
    rounds = list(draw.rounds.all())
    if not_yet_opened(rounds):
        raise DrawNotNow("开标结束后才能签到")
    if must_avoid and not reason.strip():
        raise BadInput("请写明回避理由", field="reason")
    there = draw.members.filter(account_id=actor.account_pk).first()
    if there is not None:
        return there
    if actor.role is Role.TENDEREE:
        return _seat_owner(draw, must_avoid=must_avoid, actor=actor, now=now)
    mine = draw.candidates.select_related("expert").filter(expert__account_id=actor.account_pk).first()
    if mine is None or mine.state != Candidate.ACCEPTED:
        raise DrawNotNow("您不在本次评标委员会名单中")
    bidders = bidders_of_rounds([r.pk for r in rounds])
    matched = rules.avoids(
        employer_uscc=mine.expert.employer_uscc,
        ties=[
            rules.Tied(uscc=tie.uscc, kind=tie.kind, until=tie.until)
            for tie in mine.expert.ties.filter(dropped_at=None)
        ],
        bidders=[b.uscc for b in bidders],
        today=now.astimezone(BEIJING).date(),
    )
    matched = matched or mine.avoids or _same_unit(draw, mine)
    leaves = must_avoid or bool(matched)
    member = Member.objects.create(
        draw=draw,
        account_id=actor.account_pk,
        kind=Member.EXPERT,
        code=_new_code(draw),
        candidate=mine,
        checked_in_at=now,
        left=leaves,
        reason=(reason.strip() or matched)[:300],
    )
    record(draw, "experts.checked_in", actor, now, {"label": mine.label, "avoids": leaves})
    if leaves:
        drop_out(draw, mine, what="avoided", state=Candidate.REPLACED, actor=actor, now=now)
    return member


def _same_unit(draw: Draw, mine: Candidate) -> str:
    """Return why an expert stands aside from who sits: labels of employers cannot be compared across pools, people can."""
    assert mine.expert is not None, "who checks in is known"
    if not draw.conditions["one_per_unit"] or not mine.expert.employer_uscc:
        return ""
    others = draw.members.filter(left=False, candidate__expert__employer_uscc=mine.expert.employer_uscc)
    if mine.loan_id is None:
        others = others.filter(candidate__loan__isnull=False)
    return "同一工作单位已有专家签到" if others.exists() else ""


def _seat_owner(draw: Draw, *, must_avoid: bool, actor: Actor, now: datetime) -> Member:
    seats = draw.committee_size - draw.needed
    if actor.organisation_pk != draw.tender.tenderee_id:
        raise NotPermitted("只有招标人可以委派招标人代表")
    if must_avoid or draw.members.filter(kind=Member.OWNER, left=False).count() >= seats:
        raise DrawNotNow("招标文件没有设招标人代表席位, 或席位已满, 或应当回避")
    member = Member.objects.create(
        draw=draw,
        account_id=actor.account_pk,
        kind=Member.OWNER,
        code=_new_code(draw),
        checked_in_at=now,
    )
    record(draw, "experts.owner_checked_in", actor, now, {"code": member.code})
    return member


def _new_code(draw: Draw) -> str:
    taken = set(draw.members.values_list("code", flat=True))
    free = [f"评委{n:02d}" for n in range(1, 60) if f"评委{n:02d}" not in taken]
    return secrets.choice(free[:20])


@transaction.atomic
def mark_absent(*, draw_id: str, label: str, reason: str, actor: Actor, now: datetime) -> Candidate:
    """Note that an expert who had agreed has not come, once the time to come has passed; the next by rank is called.

    The centre knows the label, not the name.

    :raises NotLateYet: bids are not opened, or the grace after the beginning has not passed
    :raises DrawNotNow: this label has not agreed to come, or has checked in
    :raises BadInput: no reason
    """
    require(actor, Permission.DRAW_ATTEND)
    draw = lock_draw(draw_id)
    if not reason.strip():
        raise BadInput("请写明缺席的情况: 何时联系, 有无答复", field="reason")
    gone = draw.candidates.filter(label=label).first()
    if gone is not None and gone.state == Candidate.ABSENT:
        return gone
    if gone is None or gone.state != Candidate.ACCEPTED or hasattr(gone, "member"):
        raise DrawNotNow("该编号没有同意参加, 或者已经签到, 不能登记缺席")
    late_from = late_after(draw)
    if late_from is None or now < late_from or not_yet_opened(list(draw.rounds.all())):
        when = f"{late_from.astimezone(BEIJING):%Y-%m-%d %H:%M}" if late_from else "开标之后"
        raise NotLateYet(f"签到时间未过, {when}以后仍未签到的才能登记缺席")
    record(
        draw,
        "experts.marked_absent",
        actor,
        now,
        {"label": label},
        supervisor={"reason": reason.strip()[:300]},
    )
    drop_out(draw, gone, what="absent", state=Candidate.ABSENT, actor=actor, now=now)
    return gone


def late_after(draw: Draw) -> datetime | None:
    """Return the moment from which who has not checked in may be noted as absent: the beginning and the grace."""
    grace = timedelta(minutes=settings.LATE_MINUTES)
    return draw.session_from + grace if draw.session_from else None


@transaction.atomic
def propose_replacement(*, draw_id: str, code: str, reason: str, actor: Actor, now: datetime) -> Replacement:
    """Propose to replace a member who cannot go on (ill, must avoid after all); the centre confirms.

    :raises NotReplaceable: no such member sits, or a proposal waits already
    :raises BadInput: no reason
    """
    require(actor, Permission.DRAW_REQUEST)
    draw = lock_draw(draw_id)
    require_owner_side(draw.tender, actor)
    if not reason.strip():
        raise BadInput("请写明更换的原因", field="reason")
    member = draw.members.filter(code=code, left=False).first()
    if member is None:
        raise NotReplaceable(f"{code}不在评标委员会中, 不需要更换")
    if member.replacements.filter(confirmed=None).exists():
        raise NotReplaceable(f"{code}的更换申请正在等待中心确认")
    made = Replacement.objects.create(
        member=member,
        reason=reason.strip()[:300],
        proposed_by_id=actor.account_pk,
        proposed_at=now,
        region_code=draw.region_code,
    )
    record(
        draw, "experts.replacement_proposed", actor, now, {"code": code}, supervisor={"reason": made.reason}
    )
    return made


@transaction.atomic
def decide_replacement(*, replacement_id: str, confirm: bool, actor: Actor, now: datetime) -> Replacement:
    """Confirm that a member is replaced: what they concluded is void, and the next by rank reviews anew (条例48).

    :raises NotReplaceable: decided before, the member has left, or the evaluation cannot void what they concluded
    """
    require(actor, Permission.DRAW_ATTEND)
    asked = Replacement.objects.select_related("member__draw").filter(public_id=replacement_id).first()
    if asked is None:
        raise NotFound("没有这个更换申请")
    draw = lock_draw(asked.member.draw.public_id)
    asked = Replacement.objects.select_for_update(of=("self",)).select_related("member").get(pk=asked.pk)
    if asked.confirmed is not None:
        if asked.confirmed == confirm:
            return asked
        raise NotReplaceable("这个更换申请已经处理")
    asked.confirmed, asked.decided_at = confirm, now
    asked.save(update_fields=["confirmed", "decided_at"])
    if not confirm:
        record(draw, "experts.replacement_declined", actor, now, {"code": asked.member.code})
        return asked
    if draw.state == Draw.SEATED and not _VOIDS:
        raise NotReplaceable("评标已经开始, 更换成员请在评标会中办理, 原评审结论须同时作废")
    replace_member(draw=draw, member=asked.member, reason=asked.reason, actor=actor, now=now)
    for void in _VOIDS if draw.state == Draw.SEATED else ():
        void(asked.member, actor, now)
    return asked


def replace_member(*, draw: Draw, member: Member, reason: str, actor: Actor, now: datetime) -> None:
    """Let a member of a locked draw leave and call the next by rank (called inside an act that voids what they concluded).

    The code stays with who left; who follows gets a new one at check-in. A representative's seat opens for another.

    :raises NotReplaceable: the member has left already
    """
    if member.left:
        raise NotReplaceable(f"{member.code}已经离开评标委员会")
    member.left, member.reason = True, reason[:300]
    member.save(update_fields=["left", "reason"])
    gone = member.candidate
    record(
        draw,
        "experts.member_replaced",
        actor,
        now,
        {"code": member.code, "label": gone.label if gone else None},
        supervisor={"reason": member.reason},
    )
    if gone is not None:
        drop_out(draw, gone, what="left", state=Candidate.REPLACED, actor=actor, now=now)


@transaction.atomic
def declare_tie(*, kind: str, uscc: str, name: str, until: str, actor: Actor, now: datetime) -> Tie:
    """Keep a relation an expert declares: a former employer, or an organisation of a relative.

    :raises BadInput: no such kind, no USCC, no name, or a day that is none
    """
    require(actor, Permission.TIE_KEEP)
    expert = _expert_of(actor)
    if kind not in {Tie.EMPLOYER, Tie.RELATIVE}:
        raise BadInput("请选择关系: 本人曾任职的单位, 或者近亲属任职、有利益关系的单位", field="kind")
    uscc = require_uscc(uscc)
    if not name.strip():
        raise BadInput("请填写单位名称", field="name")
    try:
        left = datetime.strptime(until, "%Y-%m-%d").date() if until and kind == Tie.EMPLOYER else None  # noqa: DTZ007
    except ValueError:
        raise BadInput("离职日期应为年-月-日", field="until") from None
    for known in expert.ties.filter(kind=kind, dropped_at=None):
        if known.uscc == uscc and known.until == left:
            return known
    return Tie.objects.create(
        expert=expert, kind=kind, uscc=uscc, name=name.strip()[:200], until=left, declared_at=now
    )


@transaction.atomic
def drop_tie(*, tie_id: str, actor: Actor, now: datetime) -> Tie:
    """End a relation that no longer holds; it stays on file.

    :raises NotFound: not this expert's
    """
    require(actor, Permission.TIE_KEEP)
    tie = Tie.objects.filter(public_id=tie_id, expert=_expert_of(actor)).first()
    if tie is None:
        raise NotFound("没有这条关系申报")
    if tie.dropped_at is None:
        tie.dropped_at = now
        tie.save(update_fields=["dropped_at"])
    return tie


def _expert_of(actor: Actor) -> Expert:
    expert = Expert.objects.filter(account_id=actor.account_pk).first()
    if expert is None:
        raise NotFound("您还不在专家库中")
    return expert


def absent_labels(draw: Draw) -> Sequence[str]:
    """Return the labels of a draw that agreed to come and have not checked in."""
    rows = draw.candidates.filter(state=Candidate.ACCEPTED, member__isnull=True).order_by("rank")
    return list(rows.values_list("label", flat=True))

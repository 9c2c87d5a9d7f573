"""Experts' fees 劳务费: computed from the meeting's own times, confirmed by the owner side, paid by the centre."""

import tomllib
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from ggzy.committees.actions import settle
from ggzy.committees.models import Absence, Meeting, Oath, Site
from ggzy.evidence.actions import record_act
from ggzy.experts.models import Candidate, Member
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require
from ggzy.pool import rules
from ggzy.pool.conduct import ended_meeting
from ggzy.pool.models import FeeLine, FeeSheet
from ggzy.tendering.moves import require_owner_side


def schedules() -> list[rules.Schedule]:
    """Return the fee schedules of this centre, from its file."""
    return rules.schedules_of(tomllib.loads(settings.POOL_FEES.read_text()))


def _places(meeting: Meeting) -> list[rules.Schedule]:
    """Return the schedules of every place where the meeting sat; the higher one is paid 就高不就低."""
    sites = meeting.sites.exclude(state__in=[Site.REFUSED, Site.CANCELLED]).select_related("centre")
    regions = {site.centre.region_code if site.centre else settings.CENTRE_REGION for site in sites}
    known = schedules()
    return [rules.schedule_for(known, region) for region in sorted(regions or {settings.CENTRE_REGION})]


@transaction.atomic
def compute(*, draw_id: str, actor: Actor, now: datetime) -> FeeSheet:
    """Compute the fee sheet of a meeting that has ended; until it is confirmed it is computed anew.

    Time counts from the oath to the end, without breaks and absences; a site cut off is not the expert's fault and
    counts. Who had to stand aside on the spot, and who never came, are paid as the schedule says.

    :raises NotOver: the meeting has not ended
    :raises FeesWrong: no schedule covers a place
    """
    require(actor, Permission.POOL_FEES)
    meeting = ended_meeting(draw_id)
    require_owner_side(meeting.draw.tender, actor)
    meeting = (
        Meeting.objects.select_for_update(of=("self",)).select_related("draw__tender").get(pk=meeting.pk)
    )
    sheet = FeeSheet.objects.filter(meeting=meeting).first()
    if sheet is not None and sheet.confirmed_at is not None:
        return sheet
    places = _places(meeting)
    lines = list(_lines(meeting, places))
    total = sum((line.amount for line in lines), Decimal("0.00"))
    kept = [
        {"region": s.region, "first_hours": s.first_hours, "first": str(s.first)}
        | {k: str(getattr(s, k)) for k in ("extra_hour", "avoided", "no_show")}
        for s in places
    ]
    sheet, _ = FeeSheet.objects.update_or_create(
        meeting=meeting,
        defaults={
            "schedules": kept,
            "total": total,
            "computed_at": now,
            "region_code": meeting.region_code,
        },
    )
    sheet.lines.all().delete()
    for line in lines:
        line.sheet = sheet
    FeeLine.objects.bulk_create(lines)
    return sheet


def _lines(meeting: Meeting, places: list[rules.Schedule]) -> Iterable[FeeLine]:
    oaths = dict(Oath.objects.filter(member__draw=meeting.draw).values_list("member_id", "signed_at"))
    members = meeting.draw.members.filter(candidate__isnull=False).select_related("candidate")
    for member in members.order_by("code"):
        if member.pk in oaths:
            present = _present(meeting, member, since=oaths[member.pk])
            yield _line(member.candidate, member.code, rules.ATTENDED, present, places)
        elif member.left:
            yield _line(member.candidate, member.code, rules.AVOIDED, timedelta(0), places)
    for gone in meeting.draw.candidates.filter(state=Candidate.ABSENT).order_by("rank"):
        yield _line(gone, gone.label, rules.NO_SHOW, timedelta(0), places)


def _present(meeting: Meeting, member: Member, *, since: datetime) -> timedelta:
    until = meeting.ended_at
    if member.left:
        gone = member.replacements.filter(confirmed=True).order_by("-decided_at").first()
        until = gone.decided_at if gone else since
    away = member.absences.exclude(kind=Absence.SITE).values_list("began_at", "ended_at")
    return rules.present_for(since=since, until=until, absences=away)


def _line(
    candidate: Candidate, code: str, how: str, present: timedelta, places: list[rules.Schedule]
) -> FeeLine:
    return FeeLine(
        candidate=candidate,
        code=code,
        how=how,
        minutes=present // timedelta(minutes=1),
        amount=rules.due(places, how, present),
    )


@transaction.atomic
def confirm(*, draw_id: str, total: str, actor: Actor, now: datetime) -> FeeSheet:
    """Confirm a fee sheet as the owner side, which pays it. `total` is the sum that was seen. A second time changes nothing.

    :raises NotFound: not computed yet
    :raises BadInput: the sum is another one meanwhile
    """
    require(actor, Permission.POOL_FEES)
    meeting = ended_meeting(draw_id)
    require_owner_side(meeting.draw.tender, actor)
    sheet = FeeSheet.objects.select_for_update().filter(meeting=meeting).first()
    if sheet is None:
        raise NotFound("还没有计算劳务费", next_steps=(("计算劳务费", f"/work/draws/{draw_id}/after"),))
    if str(sheet.total) != total.strip():
        raise BadInput(f"结算单的合计已是{sheet.total}元, 请重新核对后确认", field="total")
    if sheet.confirmed_at is None:
        sheet.confirmed_at, sheet.confirmed_by_id = now, actor.account_pk
        sheet.save(update_fields=["confirmed_at", "confirmed_by"])
        record_act(
            "pool.fees_confirmed",
            subject=sheet.public_id,
            actor=actor,
            legal_at=now,
            party={"draw": draw_id, "total": str(sheet.total)},
        )
        _settle_if_paid(sheet, actor=actor, now=now)
    return sheet


@transaction.atomic
def mark_paid(*, line_id: str, reference: str, actor: Actor, now: datetime) -> FeeLine:
    """Note that a fee was paid, with the bank's own reference. The same again changes nothing.

    :raises NotFound: no such fee
    :raises BadInput: no reference
    :raises MoveNotNow: not confirmed, or paid under another reference
    """
    require(actor, Permission.POOL_KEEP)
    rows = FeeLine.objects.select_for_update(of=("self",)).select_related("sheet__meeting__draw__tender")
    line = rows.filter(public_id=line_id).first()
    if line is None:
        raise NotFound("没有这笔劳务费", next_steps=(("劳务费", "/work/pool/fees"),))
    if not reference.strip():
        raise BadInput("请填写银行流水号", field="reference")
    if line.sheet.confirmed_at is None:
        raise rules.MoveNotNow("招标人一方确认后才能支付")
    if line.paid_at is not None:
        if line.reference != reference.strip()[:64]:
            raise rules.MoveNotNow(f"这笔劳务费已支付, 流水号{line.reference}, 不能重复支付")
        return line
    if line.amount == 0:
        raise rules.MoveNotNow("这一行没有应付金额")
    line.reference, line.paid_at = reference.strip()[:64], now
    line.save(update_fields=["reference", "paid_at"])
    record_act(
        "pool.fee_paid",
        subject=line.sheet.public_id,
        actor=actor,
        legal_at=now,
        supervisor={"line": line.public_id, "amount": str(line.amount), "reference": line.reference},
    )
    _settle_if_paid(line.sheet, actor=actor, now=now)
    return line


def _settle_if_paid(sheet: FeeSheet, *, actor: Actor, now: datetime) -> None:
    if not sheet.lines.filter(paid_at=None, amount__gt=0).exists():
        settle(sheet.meeting, actor=actor, now=now)


def payable() -> list[dict[str, Any]]:
    """Return the confirmed fees that are not paid, oldest first, without who is paid."""
    rows = FeeLine.objects.filter(sheet__confirmed_at__isnull=False, amount__gt=0)
    return [
        {
            "line": r.public_id,
            "code": r.code if r.how != rules.NO_SHOW else r.code[:12],
            "tender": r.sheet.meeting.draw.tender.name,
            "amount": r.amount,
            "confirmed_at": r.sheet.confirmed_at,
            "reference": r.reference,
            "paid_at": r.paid_at,
        }
        for r in rows.select_related("sheet__meeting__draw__tender").order_by(
            F("paid_at").asc(nulls_first=True), "pk"
        )[:500]
    ]

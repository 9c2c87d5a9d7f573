"""The centre's own pool behind the port. Pools of others stand behind `ports.ExpertSource` (see `borrowing`)."""

import re
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Count, F, Func, Q, QuerySet, TextField, Value

from ggzy.experts.models import Away, Candidate, Draw, Expert, LentLabel, Member
from ggzy.experts.ports import ExpertPool, Found, Wanted
from ggzy.kernel.clock import BEIJING


class OwnPool:
    """The experts that this centre keeps itself (训练中心 keeps invented ones)."""

    def candidates(self, wanted: Wanted) -> Sequence[Found]:
        """Return the active experts of the specialties and regions, without those the conditions leave out."""
        prefixes = "|".join(re.escape(q.specialty) for q in wanted.quotas)
        known = Func(F("specialties"), Value(","), function="array_to_string", output_field=TextField())
        rows = (
            Expert.objects.filter(active=True)
            .annotate(known=known)
            .filter(known__regex=f"(^|,)({prefixes})")
            .exclude(employer_uscc__in=wanted.without_employers)
            .exclude(pk__in=_away(wanted))
        )
        for left_out in _left_out(wanted):
            rows = rows.exclude(pk__in=left_out)
        fields = ("pk", "public_id", "specialties", "region_code", "employer_uscc")
        found = (Found(*row) for row in rows.order_by("public_id").values_list(*fields))
        return [
            one
            for one in found
            if any(q.takes(specialties=one.specialties, region=one.region) for q in wanted.quotas)
        ]


def _away(wanted: Wanted) -> QuerySet:
    """Return the experts who are away on the first day of the session, or on a later one of it."""
    first = wanted.since.astimezone(BEIJING).date()
    last = (wanted.until or wanted.since).astimezone(BEIJING).date()
    return Away.objects.filter(Q(until__isnull=True) | Q(until__gte=first), since__lte=last).values("expert")


def _left_out(wanted: Wanted) -> list[QuerySet]:
    """Return the experts whom each condition that is set leaves out."""
    rules, out = wanted.conditions, []
    if rules.recent_most:
        since = wanted.now - timedelta(days=rules.recent_days)
        sat = Member.objects.filter(candidate__isnull=False, left=False, checked_in_at__gte=since)
        often = sat.values("candidate__expert").annotate(n=Count("pk")).filter(n__gte=rules.recent_most)
        out.append(often.values("candidate__expert"))
    if rules.most_ahead:
        ahead = Candidate.objects.filter(
            state=Candidate.ACCEPTED, draw__state__in=[Draw.CALLING, Draw.CONFIRMED]
        )
        many = ahead.values("expert").annotate(n=Count("pk")).filter(n__gte=rules.most_ahead)
        out.append(many.values("expert"))
    if rules.not_again:
        last = (
            Draw.objects.filter(tender__tenderee=wanted.tenderee_pk, state=Draw.SEATED)
            .order_by("-requested_at", "-pk")
            .values("pk")[:1]
        )
        out.append(
            Member.objects.filter(draw__in=last, candidate__isnull=False, left=False).values(
                "candidate__expert"
            )
        )
    if wanted.until is not None:
        out += [busy(wanted).values("expert"), busy_lent(wanted).values("expert")]
    return out


def busy(wanted: Wanted) -> QuerySet[Candidate]:
    """Return the calls that are answered with yes, or wait for an answer, for sessions at the same time."""
    return Candidate.objects.filter(
        state__in=[Candidate.CALLED, Candidate.ACCEPTED],
        draw__session_from__lt=wanted.until,
        draw__session_to__gt=wanted.since,
    ).exclude(draw__state=Draw.CANCELLED)


def busy_lent(wanted: Wanted) -> QuerySet[LentLabel]:
    """Return the same of committees of partners."""
    return LentLabel.objects.filter(
        state__in=[Candidate.CALLED, Candidate.ACCEPTED],
        lent__session_from__lt=wanted.until,
        lent__session_to__gt=wanted.since,
    )


def pool() -> ExpertPool:
    """Return the pool this centre draws from."""
    return OwnPool()

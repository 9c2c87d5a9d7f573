"""The days that a round stood still: what has to be done by a last day has them added (法定期限扣除暂停的日数)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ggzy.law.limits import Bound, Direction, TimeLimit, Unit, beijing_date
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Hold, Procedure
from ggzy.tendering.models import HoldRow


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """From when to when something held a round; `lifted_at` is None while it stands."""

    kind: Hold
    since: datetime
    lifted_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Held:
    """What held some rounds up to a moment, asked once for all of them."""

    stretches: Mapping[int, Sequence[Stretch]]
    now: datetime

    def days(self, round_pk: int, limit: TimeLimit, procedure_code: str) -> frozenset[date]:
        """Return the days that a limit of a round does not count."""
        procedure = BY_CODE[procedure_code]
        return paused_days(self.stretches.get(round_pk, ()), limit, procedure=procedure, now=self.now)


def held_up(round_pks: Sequence[int], *, now: datetime) -> Held:
    """Return what held these rounds, in one question for any number."""
    out: dict[int, list[Stretch]] = {}
    rows = HoldRow.objects.filter(round__in=list(round_pks)).order_by("pk")
    for pk, kind, since, lifted_at in rows.values_list("round_id", "kind", "since", "lifted_at"):
        out.setdefault(pk, []).append(Stretch(kind=Hold(kind), since=since, lifted_at=lifted_at))
    return Held(stretches=out, now=now)


def paused_days(
    stretches: Iterable[Stretch], limit: TimeLimit, *, procedure: Procedure, now: datetime
) -> frozenset[date]:
    """Return the days that a limit does not count, because a hold stopped the very act that has to keep it.

    Only last days move: a floor protects others and goes on. A day on which a hold stood for a part counts as stopped.
    """
    if (
        limit.bound is not Bound.NO_LATER_THAN
        or limit.direction is Direction.BEFORE
        or limit.unit not in {Unit.DAY, Unit.WORKDAY}
    ):
        return frozenset()
    stopping = procedure.stops(limit.key)
    return frozenset(
        day
        for one in stretches
        if one.kind in stopping
        for day in _days(beijing_date(one.since), beijing_date(one.lifted_at or now))
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]

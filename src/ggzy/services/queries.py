"""Cases for who asked and for the centre, what services took of late, and for whom somebody helps."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Q

from ggzy.evidence.queries import ActRow, acts_by
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.parties.grid import Permission, require
from ggzy.services import rules
from ggzy.services.actions import hours
from ggzy.services.catalogue import SERVICES, Service
from ggzy.services.models import Case, Grade, Help, Owed

DAYS = 90


@dataclass(frozen=True, kw_only=True)
class OwedRow:
    """Something owed."""

    item: str
    due_at: datetime
    promised: bool
    supplied: bool
    received: bool


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """A case as a list shows it."""

    case: str
    service: str
    label: str
    subject: str
    number: int
    title: str
    organisation: str
    state: str
    opened_at: datetime
    due_at: datetime
    answered_at: datetime | None
    first: str
    missing: tuple[str, ...]
    because: str
    green: str
    owed: tuple[OwedRow, ...]
    grade: int | None

    @property
    def state_label(self) -> str:
        """Return the words people read."""
        return STATES[self.state]

    @property
    def waits_for_promise(self) -> bool:
        """Say whether the applicant has to promise what is owed."""
        return any(not one.promised for one in self.owed)

    @property
    def owes(self) -> bool:
        """Say whether something is owed still."""
        return any(not one.received for one in self.owed)


STATES = {
    Case.OPEN: "办理中",
    Case.DONE: "办结",
    Case.MISSING: "缺项已一次告知",
    Case.OWED: "容缺受理",
    Case.REFUSED: "不予通过",
}


def _rows(cases: Iterable[Case]) -> list[CaseRow]:
    found = list(cases)
    if not found:
        return []
    owed: dict[int, list[OwedRow]] = {}
    for row in Owed.objects.filter(case__in=found).order_by("pk"):
        owed.setdefault(row.case_id, []).append(
            OwedRow(
                item=row.item,
                due_at=row.due_at,
                promised=row.promised_at is not None,
                supplied=row.supplied_at is not None,
                received=row.received_at is not None,
            )
        )
    grades = dict(Grade.objects.filter(case__in=found).values_list("case_id", "grade"))
    return [
        CaseRow(
            case=c.public_id,
            service=c.service,
            label=SERVICES[c.service].label,
            subject=c.subject,
            number=c.number,
            title=c.title,
            organisation=c.organisation.name if c.organisation else "",
            state=c.state,
            opened_at=c.opened_at,
            due_at=c.due_at,
            answered_at=c.answered_at,
            first=str(c.first.person.name) if c.first else "",
            missing=tuple(c.missing),
            because=c.because,
            green=c.green,
            owed=tuple(owed.get(c.pk, ())),
            grade=grades.get(c.pk),
        )
        for c in found
    ]


def _cases() -> Any:
    return Case.objects.select_related("organisation", "first__person")


def own_cases(actor: Actor, *, limit: int = 50) -> list[CaseRow]:
    """Return what an account or its organisation asked for, the newest first."""
    require(actor, Permission.WORKBENCH_READ)
    mine = Q(account_id=actor.account_pk)
    if actor.organisation_pk and actor.role in {Role.TENDEREE, Role.AGENCY}:
        mine |= Q(organisation_id=actor.organisation_pk, service="admission")
    return _rows(_cases().filter(mine).order_by("-opened_at", "-pk")[:limit])


def case_of(*, service: str, subject: str) -> CaseRow | None:
    """Return the last case of a subject; the caller has checked who may see the subject."""
    found = _rows(_cases().filter(service=service, subject=subject).order_by("-number")[:1])
    return found[0] if found else None


def queue(actor: Actor) -> list[CaseRow]:
    """Return what waits for the centre: what goes first, then by its clock."""
    require(actor, Permission.SERVICE_KEEP)
    rows = _cases().filter(state=Case.OPEN).order_by("due_at", "pk")[:200]
    return sorted(_rows(rows), key=lambda row: not row.green)


def owing(actor: Actor) -> list[CaseRow]:
    """Return the cases to which something is owed still, the next day first."""
    require(actor, Permission.SERVICE_KEEP)
    rows = _cases().filter(owed__received_at=None, state=Case.OWED).distinct().order_by("owed__due_at")[:100]
    return _rows(dict.fromkeys(rows))


@dataclass(frozen=True, kw_only=True)
class BadGrade:
    """A bad grade that waits for an answer; nobody's name is in it."""

    case: str
    label: str
    grade: str
    words: str
    due_at: datetime
    own: bool


def bad_grades(actor: Actor) -> list[BadGrade]:
    """Return the bad grades that wait to be looked into."""
    require(actor, Permission.SERVICE_KEEP)
    rows = Grade.objects.filter(follow_up_due__isnull=False, followed_up_at=None).select_related("case")
    return [
        BadGrade(
            case=g.case.public_id,
            label=SERVICES[g.case.service].label,
            grade=rules.GRADES[g.grade],
            words=g.words,
            due_at=g.follow_up_due or g.given_at,
            own=g.case.first_id == actor.account_pk,
        )
        for g in rows.order_by("follow_up_due")
    ]


@dataclass(frozen=True, kw_only=True)
class ServiceRow:
    """A service with what it took of late, and what people thought of it."""

    service: Service
    measured: rules.Measured | None
    grades: int
    average: float | None
    green: int


def services(*, now: datetime) -> list[ServiceRow]:
    """Return every service with the figures of the last 90 days: counts and times, nobody's name."""
    since = now - timedelta(days=DAYS)
    ended = Case.objects.filter(answered_at__gte=since, number=1)
    spans: dict[str, list[tuple[int, bool]]] = {}
    for service, opened, due, answered in ended.values_list("service", "opened_at", "due_at", "answered_at"):
        minutes = rules.minutes_between(opened, answered, hours=hours(), calendar=calendars.CHINA)
        spans.setdefault(service, []).append((minutes, answered <= due))
    given = {
        row["case__service"]: (row["n"], row["mean"])
        for row in Grade.objects.filter(given_at__gte=since)
        .values("case__service")
        .annotate(n=Count("pk"), mean=Avg("grade"))
    }
    green = dict(ended.exclude(green="").values_list("service").annotate(n=Count("pk")))
    return [
        ServiceRow(
            service=one,
            measured=rules.measured(spans.get(code, ())),
            grades=given.get(code, (0, None))[0],
            average=given.get(code, (0, None))[1],
            green=green.get(code, 0),
        )
        for code, one in SERVICES.items()
    ]


# --- 帮办代办


@dataclass(frozen=True, kw_only=True)
class HelpRow:
    """A consent to be helped, as either side sees it."""

    help: str
    token: str
    wish: str
    person: str
    organisation: str
    helper: str
    until: datetime
    taken_at: datetime | None
    ended: bool
    acts: tuple[ActRow, ...] = ()


def own_help(actor: Actor, *, now: datetime) -> HelpRow | None:
    """Return the consent that an account gave last, with everything that its helper did for it."""
    rows = Help.objects.filter(account_id=actor.account_pk).order_by("-pk")
    found = rows.select_related("account__person", "account__organisation", "helper__person").first()
    if found is None:
        return None
    acts: tuple[ActRow, ...] = ()
    if found.helper is not None and found.taken_at is not None:
        acts = tuple(
            acts_by(
                person=found.helper.public_id, organisation=actor.organisation, since=found.taken_at, limit=50
            )
        )
    return _help(found, now, acts)


def helping(actor: Actor, *, now: datetime) -> list[HelpRow]:
    """Return whom somebody of the centre helps now."""
    require(actor, Permission.HELP_GIVE)
    rows = Help.objects.filter(helper_id=actor.account_pk, ended_at=None, until__gt=now)
    rows = rows.select_related("account__person", "account__organisation", "helper__person")
    return [_help(row, now) for row in rows.order_by("until")]


def help_of_token(token: str, *, now: datetime) -> HelpRow | None:
    """Return the consent of a QR code, None where it is over or never was."""
    rows = Help.objects.filter(token=token, ended_at=None, until__gt=now) if token else Help.objects.none()
    found = rows.select_related("account__person", "account__organisation", "helper__person").first()
    return _help(found, now) if found else None


def _help(row: Help, now: datetime, acts: tuple[ActRow, ...] = ()) -> HelpRow:
    return HelpRow(
        help=row.public_id,
        token=row.token,
        wish=row.wish,
        person=str(row.account.person.name),
        organisation=row.account.organisation.name if row.account.organisation else "",
        helper=str(row.helper.person.name) if row.helper else "",
        until=row.until,
        taken_at=row.taken_at,
        ended=row.ended_at is not None or row.until <= now,
        acts=acts,
    )


def acting_for(actor: Actor, *, help_id: str, now: datetime) -> Actor | None:
    """Return the helper as who prepares for the other side, None where no consent is in force.

    The person stays the helper's own, so that the log says who did it; there is no certificate, so that nothing binds;
    what may be done at all stands in `parties.grid.HELPABLE`.
    """
    if actor.role is not Role.CENTRE or not actor.certificate:
        return None
    rows = Help.objects.filter(
        public_id=help_id, helper_id=actor.account_pk, ended_at=None, until__gt=now
    ).values(
        role=F("account__role"),
        pk=F("account__organisation_id"),
        public=F("account__organisation__public_id"),
        title=F("account__organisation__name"),
        code=F("account__organisation__uscc"),
    )
    found = rows.first()
    if found is None:
        return None
    return Actor(
        role=Role(found["role"]),
        person=actor.person,
        account_pk=actor.account_pk,
        name=f"{actor.name}(帮办)",
        organisation=found["public"],
        organisation_pk=found["pk"],
        organisation_name=found["title"],
        uscc=found["code"],
        address=actor.address,
        helper=actor.name,
    )

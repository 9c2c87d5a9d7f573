"""The handling clock of a complaint: what it counts, when it runs out, and whom its colours warn (预警).

Blue and yellow tell the department that handles it, orange its head as well, red the department above.
"""

from datetime import date, datetime

from django.conf import settings

from ggzy.complaints import rules
from ggzy.complaints.models import Complaint, SupervisingPower
from ggzy.complaints.rules import Level, State
from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.kernel import calendars
from ggzy.kernel.actors import SYSTEM
from ggzy.law.limits import runs_out
from ggzy.messages.actions import post, tell
from ggzy.messages.rules import Kind
from ggzy.objections import proceedings

WARN = "complaints.warn"
#: where the clock no longer matters
_OVER = rules.OVER | {State.DECIDED}


def counted(row: Complaint, *, now: datetime) -> frozenset[date]:
    """Return the days that the handling clock of a complaint does not count, up to today."""
    days: frozenset[date] = frozenset()
    for pause in row.pauses.all():
        days |= rules.days_between(pause.since, pause.until or now)
    return days


def marks(row: Complaint, *, now: datetime) -> dict[Level, datetime]:
    """Return from when on each colour warns of a complaint whose clock runs."""
    assert row.clock_from is not None, "the clock runs"
    limit = proceedings.about(row).law["GP-T27" if row.scope == "GP" else "GC-T20"]
    return rules.warnings(
        limit,
        started=row.clock_from,
        shares=settings.COMPLAINT_WARNINGS,
        calendar=calendars.CHINA,
        paused=counted(row, now=now),
    )


def set_clock(row: Complaint, *, now: datetime) -> None:
    """Count a complaint's clock anew and set the next warning; while it stands still, or is over, none is set.

    Called inside the act that changes it, before the row is saved.
    """
    if row.clock_from is None or State(row.state) in _OVER:
        cancel_timer(kind=WARN, subject=row.public_id, now=now)
        return
    limit = proceedings.about(row).law["GP-T27" if row.scope == "GP" else "GC-T20"]
    paused = counted(row, now=now) if row.pk else frozenset()
    row.due_at = runs_out(limit, started=row.clock_from, calendar=calendars.CHINA, paused=paused).instant
    if row.pk and row.pauses.filter(until=None).exists():
        cancel_timer(kind=WARN, subject=row.public_id, now=now)
        return
    at = rules.next_mark(marks(row, now=now) if row.pk else _first(row), now=now)
    if at is not None:
        set_timer(kind=WARN, subject=row.public_id, due_at=at)


def _first(row: Complaint) -> dict[Level, datetime]:
    assert row.clock_from is not None
    return rules.warnings(
        proceedings.about(row).law["GP-T27"],
        started=row.clock_from,
        shares=settings.COMPLAINT_WARNINGS,
        calendar=calendars.CHINA,
    )


@effect(WARN)
def warn(complaint_id: str, now: datetime) -> datetime | None:
    """Warn of a complaint whose clock runs out, once for each colour, and ask again at the next one."""
    row = Complaint.objects.select_for_update(of=("self",)).get(public_id=complaint_id)
    if row.clock_from is None or State(row.state) in _OVER or row.pauses.filter(until=None).exists():
        return None
    found = marks(row, now=now)
    level = rules.level_at(found, now=now)
    if level.value != row.level:
        row.level = level.value
        row.save(update_fields=["level"])
        if level is not Level.CALM:
            _escalate(row, level, now=now)
    return rules.next_mark(found, now=now)


def department_of(*, scope: str, matter: str, region: str) -> int | None:
    """Return the department that the list of powers names for a matter, None where it names none."""
    powers = [
        rules.Power(department=p.department_id, scope=p.scope, region=p.covers, matters=frozenset(p.matters))
        for p in SupervisingPower.objects.all()
    ]
    return rules.responsible(powers, scope=scope, matter=matter, region=region)


def power_of(row: Complaint) -> SupervisingPower | None:
    """Return the row of the list of powers by which a department handles a complaint, if there is one."""
    rows = SupervisingPower.objects.filter(department_id=row.department_id, scope=row.scope)
    return rows.order_by("-covers").first()


def _escalate(row: Complaint, level: Level, *, now: datetime) -> None:
    power = power_of(row)
    title = f"投诉处理{level.label}预警: {row.name}"
    says = (
        "处理期限已届满, 请立即作出处理决定并说明原因。"
        if level is Level.RED
        else "处理期限将届满, 请抓紧办理。"
    )
    link = f"/work/complaints/{row.public_id}"
    told = [row.department_id] if row.department_id else []
    if level is Level.RED and power is not None and power.upper_id:
        told.append(power.upper_id)
    tell(organisations=told, kind=Kind.SERVICE, title=title, text=says, link=link, now=now)
    about = proceedings.about(row)
    if level in {Level.ORANGE, Level.RED} and power is not None and power.head_id:
        post(accounts=[power.head_id], kind=Kind.SERVICE, title=title, text=says, link=link, now=now)
    record_act(
        "complaints.warned",
        subject=row.public_id,
        actor=SYSTEM,
        legal_at=now,
        **(about.place | ({} if about.public else {"escrowed": True})),
        supervisor={"level": level.value, "due_at": row.due_at.isoformat() if row.due_at else ""},
    )

"""The clock of an answer to an objection 异议 or a challenge 质疑: it warns who answers, and what runs out goes to the department.

Blue, yellow and orange tell who answers. Red tells the department that would handle a complaint as well, and who waits:
from now on it may complain.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from ggzy.complaints import rules
from ggzy.complaints.clock import department_of
from ggzy.complaints.rules import Level
from ggzy.deadlines.actions import effect
from ggzy.evidence.actions import record_act
from ggzy.fronts.models import FrontObjection
from ggzy.kernel import calendars
from ggzy.kernel.actors import SYSTEM
from ggzy.law.limits import TimeLimit
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.objections import proceedings
from ggzy.objections.models import Challenge, Objection
from ggzy.objections.proceedings import Proceeding
from ggzy.tendering.moves import ANSWERING


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What waits for its answer, as far as its clock goes."""

    public_id: str
    what: str
    matter: str
    raiser: int
    filed_at: datetime
    answer_due_at: datetime
    proceeding: Proceeding
    answered_on: str
    raised_on: str

    @property
    def limit(self) -> TimeLimit:
        """Return the limit of its answer."""
        return self.proceeding.law["GP-T21" if self.proceeding.scope == "GP" else "GC-T08"]


def _waiting(subject: str) -> Waiting | None:
    """Return what waits under a public id; None where it was answered, taken back, or came too late to have a clock."""
    challenge = Challenge.objects.filter(public_id=subject, answered_at=None, withdrawn_at=None).first()
    if challenge is not None:
        case = f"/work/challenges/{subject}"
        return Waiting(
            public_id=subject,
            what="质疑",
            matter=challenge.about,
            raiser=challenge.challenger_id,
            filed_at=challenge.filed_at,
            answer_due_at=challenge.answer_due_at,
            proceeding=proceedings.about(challenge),
            answered_on=case,
            raised_on=case,
        )
    rounds = ("round__lot__tender__tenderee",)
    objection = (
        Objection.objects.filter(public_id=subject, answered_at=None, withdrawn_at=None, late=False)
        .select_related(*rounds)
        .first()
    )
    fronts = FrontObjection.objects.filter(public_id=subject, answered_at=None, late=False)
    found = objection or fronts.select_related(*rounds).first()
    if found is None:
        return None
    return Waiting(
        public_id=subject,
        what="异议",
        matter=found.about if isinstance(found, Objection) else "prequalification",
        raiser=found.objector_id,
        filed_at=found.filed_at,
        answer_due_at=found.answer_due_at,
        proceeding=proceedings.of_round(found.round),
        answered_on="/work",
        raised_on="/work/complaints",
    )


@effect(ANSWERING)
def watch(subject: str, now: datetime) -> datetime | None:
    """Warn of an answer that is waited for, once for each colour, and ask again at the next one."""
    row = _waiting(subject)
    if row is None:
        return None
    marks = rules.warnings(
        row.limit, started=row.filed_at, shares=settings.COMPLAINT_WARNINGS, calendar=calendars.CHINA
    )
    level = rules.level_at(marks, now=now)
    if level is not Level.CALM:
        _warn(row, level, now=now)
    if level is Level.RED:
        _overdue(row, now=now)
    return rules.next_mark(marks, now=now)


def _warn(row: Waiting, level: Level, *, now: datetime) -> None:
    over = level is Level.RED
    tell(
        organisations=row.proceeding.answers,
        kind=Kind.SERVICE,
        title=f"{row.what}答复{level.label}预警: {row.proceeding.name}",
        text=f"答复期限{'已届满, 请立即答复' if over else '将届满, 请抓紧答复'}; 逾期未答复的, 提出的单位可以投诉。",
        link=row.answered_on,
        now=now,
    )


def _overdue(row: Waiting, *, now: datetime) -> None:
    """Put on record that nobody answered in time, and tell the department and who waits."""
    proceeding = row.proceeding
    gp = proceeding.scope == "GP"
    record_act(
        "objections.answer_overdue",
        subject=row.public_id,
        actor=SYSTEM,
        legal_at=now,
        **(proceeding.place | ({} if proceeding.known else {"escrowed": True})),
        public={"matter": row.matter, "answer_due_at": row.answer_due_at.isoformat()},
    )
    department = department_of(scope=proceeding.scope, matter=row.matter, region=proceeding.region_code)
    tell(
        organisations=[department] if department else [],
        kind=Kind.SERVICE,
        title=f"{row.what}逾期未答复: {proceeding.name}",
        text="答复期限已届满而没有答复, 请督促; 提出的单位可以依法投诉。",
        link=row.answered_on if gp else proceeding.page,
        now=now,
    )
    tell(
        organisations=[row.raiser],
        kind=Kind.LEGAL,
        basis=proceeding.law["GP-T22" if gp else "GC-T18"],
        until_opening=proceeding.secret,
        title=f"{proceeding.name}: {row.what}逾期未答复",
        text="答复期限已届满而没有收到答复, 可以依法向监督部门投诉。",
        link=row.raised_on,
        now=now,
    )

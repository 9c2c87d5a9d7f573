"""What each side sees of complaints. Who complains is shown to nobody else before the opening."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from ggzy.complaints import prior, rules
from ggzy.complaints.actions import remedies_of
from ggzy.complaints.clock import marks
from ggzy.complaints.models import Complaint, ComplaintEvent, SupervisingPower
from ggzy.complaints.rules import DECISIONS, MACHINES, MATTERS, REMEDIES, Level, State, Step
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.objections import proceedings
from ggzy.objections.models import Challenge
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account, Organisation
from ggzy.tendering.models import Round

#: what of a case everybody concerned reads; the rest is between the department and its writer
_SHARED = frozenset(
    {
        "accept",
        "pass_on",
        "order",
        "end_order",
        "extend",
        "stop_clock",
        "start_clock",
        "publish",
        "decide",
        "close",
    }
)
_COMPLAINANTS = frozenset(
    {"file", "ask_correction", "correct", "lapse", "refuse", "withdraw", "ask_withdrawal", "allow_withdrawal"}
    | {"deny_withdrawal"}
)


@dataclass(frozen=True, kw_only=True)
class ComplaintRow:
    """One complaint in a list."""

    id: str
    name: str
    page: str
    scope: str
    matter: str
    state: State
    level: Level
    department: str
    filed_at: datetime
    accept_due_at: datetime
    due_at: datetime | None
    statement_due_at: datetime | None
    decision: str
    notice: str
    complainant: str | None

    @property
    def next_due(self) -> datetime | None:
        """Return by when something must be done next, None when all is done."""
        if self.state.over or self.state is State.DECIDED:
            return None
        return self.accept_due_at if self.state is State.RECEIVED else self.due_at


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One step as it is shown."""

    label: str
    says: str
    role: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Case:
    """A whole case as one viewer may see it, with the steps this viewer may take now."""

    row: ComplaintRow
    of: str
    owner: str
    texts: dict[str, str]
    files: list[dict[str, Any]]
    events: list[Happened]
    steps: tuple[Step, ...]
    marks: list[tuple[Level, datetime]]
    order_ends_at: datetime | None
    paused: bool
    decision_number: str
    decision_text: str
    remedy: str


def _row(c: Complaint, viewer: Actor, *, known: bool) -> ComplaintRow:
    own = bool(viewer.organisation_pk) and viewer.organisation_pk == c.complainant_id
    return ComplaintRow(
        id=c.public_id,
        name=c.name,
        page=c.page,
        scope=c.scope,
        matter=MATTERS[c.matter],
        state=State(c.state),
        level=Level(c.level),
        department=c.department.name if c.department else "",
        filed_at=c.filed_at,
        accept_due_at=c.accept_due_at,
        due_at=c.due_at,
        statement_due_at=c.statement_due_at,
        decision=DECISIONS[c.scope].get(c.decision, ""),
        notice=c.notice,
        complainant=c.complainant.name if own or known else None,
    )


def _seen_by(viewer: Actor) -> QuerySet[Complaint]:
    """Return the complaints that a viewer may open."""
    pk = viewer.organisation_pk
    rows = Complaint.objects.select_related("complainant", "department", "buyer")
    if viewer.role is Role.BIDDER:
        return rows.filter(complainant_id=pk)
    if viewer.role in {Role.TENDEREE, Role.AGENCY}:
        # told once it is accepted: before that it may come to nothing
        return rows.filter(Q(buyer_id=pk) | Q(agency_id=pk), accepted_at__isnull=False)
    if viewer.role is Role.SUPERVISOR:
        below = SupervisingPower.objects.filter(upper_id=pk).values("department_id")
        return rows.filter(Q(department_id=pk) | Q(department_id=None) | Q(department_id__in=below))
    return rows.none()


def complaints_of(viewer: Actor, *, level: str = "", state: str = "") -> list[ComplaintRow]:
    """Return the complaints that a viewer may open, what is due first; by colour, or only what runs (`running`)."""
    rows = _seen_by(viewer)
    if level in {found.value for found in Level}:
        rows = rows.filter(level=level)
    if state == "running":
        rows = rows.filter(ended_at=None)
    elif state in {found.value for found in State}:
        rows = rows.filter(state=state)
    found = list(rows.order_by("ended_at", "due_at", "accept_due_at")[:200])
    known = proceedings.known_of(found)
    return [_row(c, viewer, known=c.of in known) for c in found]


def level_counts(viewer: Actor) -> dict[Level, int]:
    """Return how many running complaints stand at each colour."""
    found = list(_seen_by(viewer).filter(ended_at=None).values_list("level", flat=True))
    return {level: found.count(level.value) for level in Level}


def case(*, complaint_id: str, viewer: Actor, now: datetime) -> Case:
    """Return one case.

    :raises NotFound: none, or not this viewer's
    """
    c = _seen_by(viewer).filter(public_id=complaint_id).first()
    if c is None:
        raise NotFound("没有这件投诉", next_steps=(("投诉列表", "/work/complaints"),))
    department = viewer.role is Role.SUPERVISOR
    labels = {step.code: step.label for step in MACHINES[c.scope].steps} | {"file": "提交投诉"}
    shown = _SHARED | (_COMPLAINANTS if viewer.role is Role.BIDDER else {"state"})
    order = c.orders.filter(ended_at=None).first()
    paused = c.pauses.filter(until=None).exists()
    offered = MACHINES[c.scope].offered(c.state, viewer.role)
    if department and c.department_id not in {None, viewer.organisation_pk}:
        offered = ()
    hidden = {"order" if order else "end_order", "stop_clock" if paused else "start_clock"}
    return Case(
        row=_row(c, viewer, known=c.of in proceedings.known_of([c])),
        of=c.of,
        owner=c.buyer.name,
        texts={"投诉事项": c.text, "事实依据": c.facts, "法律依据": c.law, "请求": c.request},
        files=c.files if department or viewer.organisation_pk == c.complainant_id else [],
        events=[
            Happened(label=labels.get(e.step, e.step), says=e.says, role=Role(e.role).label, at=e.at)
            for e in c.events.order_by("pk")
            if department or e.step in shown
        ],
        steps=tuple(step for step in offered if step.code not in hidden),
        marks=list(marks(c, now=now).items()) if c.clock_from and department else [],
        order_ends_at=order.ends_at if order else None,
        paused=paused,
        decision_number=c.decision_number,
        decision_text=c.decision_text if department or c.notice else "",
        remedy=REMEDIES[c.scope].get(c.remedy, "") if c.decided_at else "",
    )


def waiting(viewer: Actor, *, now: datetime) -> list[tuple[ComplaintRow, str]]:
    """Return what waits for a viewer with what is to be done: the department, its head, the one above after red."""
    stated = Exists(ComplaintEvent.objects.filter(complaint=OuterRef("pk"), step="state"))
    rows = _seen_by(viewer).filter(ended_at=None).annotate(stated=stated)
    headed = SupervisingPower.objects.filter(head_id=viewer.account_pk).values_list("department_id", "scope")
    heads_of = set(headed) if viewer.role is Role.SUPERVISOR else set()
    out = []
    found = list(rows.order_by("due_at", "accept_due_at")[:100])
    known = proceedings.known_of(found)
    for c in found:
        row, state = _row(c, viewer, known=c.of in known), State(c.state)
        if viewer.role is Role.BIDDER and state is State.CORRECTION:
            out.append((row, "补正投诉材料"))
        elif viewer.role in {Role.TENDEREE, Role.AGENCY}:
            open_ = c.statement_due_at is not None and now < c.statement_due_at
            if state is State.HANDLING and open_ and not c.stated:
                out.append((row, "对投诉提交书面说明"))
        elif viewer.role is Role.SUPERVISOR:
            if c.department_id not in {None, viewer.organisation_pk}:
                if c.level == Level.RED:
                    out.append((row, "督办: 下级部门处理投诉已超期"))
                continue
            says = {
                State.RECEIVED: "审查投诉, 决定是否受理",
                State.WITHDRAW_ASKED: "决定是否准许撤回投诉",
                State.DECIDED: "送达并公告投诉处理决定",
            }.get(state, "处理投诉" if state is not State.CORRECTION else "")
            head = (c.department_id, c.scope) in heads_of
            if says:
                out.append((row, f"{says}(负责人督办)" if head and c.level in {"orange", "red"} else says))
    return out


def may_complain(*, of: str, viewer: Actor) -> dict[str, bool]:
    """Return the matters of a round, or a purchase, with whether the viewer has objected to (challenged) what needs it.

    :raises NotFound: nothing that the viewer may know of
    """
    proceeding = proceedings.seen(of, viewer=viewer)
    scope, round_ = proceeding.scope, proceeding.round
    offered: AbstractSet[str]
    if round_ is None:
        raised = Challenge.objects.filter(of=of, challenger_id=viewer.organisation_pk, withdrawn_at=None)
        offered = set(raised.values_list("about", flat=True))
    else:
        offered = (rules.CHALLENGED_FIRST if scope == "GP" else rules.MATTERS.keys()) - rules.WITHOUT_ROUNDS
        if scope == "GP" and not Round.objects.filter(lot=round_.lot, phase=0).exists():
            offered = offered - {"prequalification"}
    return {
        matter: not prior.needed(scope=scope, matter=matter)
        or prior.find(proceeding=proceeding, matter=matter, organisation_pk=viewer.organisation_pk)
        is not None
        for matter in rules.MATTERS
        if matter in offered
    }


@dataclass(frozen=True, kw_only=True)
class Concerned:
    """What a complaint would be about, as its form names it."""

    of: str
    name: str
    page: str
    scope: str
    #: whether everybody may know who takes part
    known: bool


def concerned(*, of: str, viewer: Actor) -> Concerned:
    """Return what stands under a public id.

    :raises NotFound: nothing that the viewer may know of
    """
    found = proceedings.seen(of, viewer=viewer)
    return Concerned(of=of, name=found.name, page=found.page, scope=found.scope, known=found.known)


def remedies(*, complaint_id: str, viewer: Actor) -> dict[str, str]:
    """Return what a decision on a complaint may do now besides its words, in words; the first does nothing.

    :raises NotFound: none, or not this viewer's
    """
    c = _seen_by(viewer).filter(public_id=complaint_id).first()
    if c is None:
        raise NotFound("没有这件投诉", next_steps=(("投诉列表", "/work/complaints"),))
    able = {"", *remedies_of(c)}
    return {name: says for name, says in REMEDIES[c.scope].items() if name in able}


def why_disputed(round_: Round, *, now: datetime) -> str:
    """Return why the result of a procurement may still fall by a complaint, "" where none runs or can come any more.

    Who has challenged may complain within GP-T22 after the answer was due (94号令17); nobody is named.
    """
    if Complaint.objects.filter(round=round_, ended_at=None).exists():
        return "还有投诉没有处理完毕"
    ends = prior.procurement_complaints_end(round_)
    if ends is None or now >= ends.instant:
        return ""
    return f"质疑供应商提起投诉的期限尚未届满({ends.arithmetic})"


def departments() -> list[tuple[str, str]]:
    """Return (public id, name) of every department of supervision."""
    rows = Organisation.objects.filter(kinds__contains=[Role.SUPERVISOR.value]).order_by("name")
    return list(rows.values_list("public_id", "name"))


def powers() -> list[SupervisingPower]:
    """Return the list of powers; it is public."""
    return list(
        SupervisingPower.objects.select_related("department", "upper").order_by("scope", "covers", "pk")
    )


def heads(*, viewer: Actor) -> list[tuple[str, str]]:
    """Return (public id, name with department) of the people who may be a department's head."""
    require(viewer, Permission.COMPLAINT_ROUTES)
    rows = Account.objects.filter(role=Role.SUPERVISOR.value, active=True).select_related(
        "person", "organisation"
    )
    return [(a.public_id, f"{a.organisation.name if a.organisation else ''} · {a.person.name}") for a in rows]


def find_file(digest: str, viewer: Actor) -> str | None:
    """Return the name of a complaint's file if the viewer may read it: its complainant and its department."""
    for c in _seen_by(viewer).filter(files__contains=[{"sha256": digest}]):
        if viewer.role is Role.SUPERVISOR or viewer.organisation_pk == c.complainant_id:
            return next(str(f["name"]) for f in c.files if f["sha256"] == digest)
    return None

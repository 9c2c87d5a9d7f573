"""What pages show of changes: the history for anyone, the desk for the owner side, outages for those concerned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ggzy.changes import proofs
from ggzy.changes.models import Change, Outage
from ggzy.changes.planning import RUNNING
from ggzy.changes.rules import OUTAGES, SORTS, Kind
from ggzy.fronts import postponing
from ggzy.kernel.actors import Actor, Role
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import HoldRow, Round


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """A change that was made, with its consequences."""

    change: str
    number: int
    kind: str
    label: str
    text: str
    made_at: datetime
    consequences: list[dict[str, str]]
    plan_sha256: str


def changes_of(tender_pk: int, *, whole: bool = True) -> list[ChangeRow]:
    """Return a tender's changes, newest first; consequences name rooms and draws, so not for the public.

    What was changed of an invitation is for the owner side and officials alone: that it goes on is nobody's else.
    """
    rows = Change.objects.filter(tender_id=tender_pk).order_by("-number")
    secret = set() if whole else _invitations(tender_pk)
    return [
        ChangeRow(
            change=c.public_id,
            number=c.number,
            kind=c.kind,
            label=Kind(c.kind).label,
            text=c.wish.get("text", ""),
            made_at=c.made_at,
            consequences=[row | {"label": SORTS[row["sort"]]} for row in c.consequences] if whole else [],
            plan_sha256=c.plan_sha256,
        )
        for c in rows
        if not secret.intersection(c.rounds)
    ]


def _invitations(tender_pk: int) -> set[str]:
    rounds = Round.objects.filter(lot__tender_id=tender_pk, phase=0, procedure_code="GC_INVITE")
    return set(rounds.values_list("public_id", flat=True))


@dataclass(frozen=True, kw_only=True)
class FrontStanding:
    """What can be changed of a front now: its deadline, and whether its file can be clarified."""

    label: str
    deadline: datetime
    clarifies: bool


def front_standing(tender_pk: int, *, now: datetime) -> FrontStanding | None:
    """Return the front whose deadline may move now, or None."""
    rounds = Round.objects.filter(lot__tender_id=tender_pk, phase=0, stage__in=postponing.DEADLINES)
    found = [r for r in rounds if postponing.has_deadline(r, now=now)]
    if not found:
        return None
    return FrontStanding(
        label=postponing.DEADLINES[Stage(found[0].stage)],
        deadline=max(r.bid_deadline for r in found if r.bid_deadline),
        clarifies=found[0].stage == Stage.PQ_OPEN,
    )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What can be changed of a tender now."""

    open: bool
    running: bool
    suspended: bool
    suspended_by: str
    outage: bool
    deadline: datetime | None


def standing(tender_pk: int) -> Standing:
    """Return what interrupts a tender and what may be changed of it."""
    rounds = list(
        Round.objects.filter(lot__tender_id=tender_pk, stage__in=[s.value for s in RUNNING]).values_list(
            "stage", "bid_deadline"
        )
    )
    open_ = [deadline for stage, deadline in rounds if stage == "OPEN_FOR_BID" and deadline]
    held = HoldRow.objects.filter(round__lot__tender_id=tender_pk, kind="suspension", lifted_at=None)
    source = held.values_list("source", flat=True).first()
    by = Change.objects.filter(public_id=source).values_list("made_by", flat=True).first() if source else ""
    return Standing(
        open=bool(open_),
        running=bool(rounds),
        suspended=source is not None,
        suspended_by=str(by or ""),
        outage=Outage.objects.filter(tender_id=tender_pk, ended_at=None).exists(),
        deadline=max(open_, default=None),
    )


@dataclass(frozen=True, kw_only=True)
class OutageRow:
    """An outage as those concerned read it, with the files that prove it as far as the viewer may read them."""

    outage: str
    tender: str
    tender_name: str
    kind: str
    label: str
    text: str
    started_at: datetime
    reported_at: datetime
    ended_at: datetime | None
    resolution: str
    files: list[dict[str, Any]]
    #: how many files the viewer may read only after the opening
    withheld: int


def outages(*, tender_pk: int | None = None, viewer: Actor, limit: int = 50) -> list[OutageRow]:
    """Return outages, newest first: of one tender, or all of them to the centre and the supervisor."""
    rows = Outage.objects.select_related("tender").order_by("-reported_at", "-pk")
    if tender_pk is not None:
        rows = rows.filter(tender_id=tender_pk)
    elif viewer.role not in {Role.CENTRE, Role.SUPERVISOR}:
        return []
    out = []
    for o in rows[:limit]:
        readable = proofs.may_read(o, viewer)
        out.append(
            OutageRow(
                outage=o.public_id,
                tender=o.tender.public_id,
                tender_name=o.tender.name,
                kind=o.kind,
                label=OUTAGES[o.kind],
                text=o.text,
                started_at=o.started_at,
                reported_at=o.reported_at,
                ended_at=o.ended_at,
                resolution=o.resolution,
                files=o.files if readable else [],
                withheld=0 if readable else len(o.files),
            )
        )
    return out

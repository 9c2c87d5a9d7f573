"""Rows for the workbenches of the owner side and the centre: where one's own tenders stand, drafts included."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Q

from ggzy.kernel import calendars
from ggzy.law.families import family
from ggzy.law.limits import earliest_moment
from ggzy.procedures.spec import FAILURES, Stage
from ggzy.statutes import queries as statutes
from ggzy.tendering.models import FormCheck, HoldRow, Lot, ReviewConclusion, Round, Tender
from ggzy.tendering.queries import FrontState, front_state


@dataclass(frozen=True, kw_only=True)
class WorkRow:
    """The newest round of one lot of one's own tender."""

    tender: str
    tender_pk: int
    tender_name: str
    procedure_code: str
    created_at: datetime
    lot: str
    lot_pk: int
    lot_name: str
    lot_number: int
    round: str
    round_pk: int
    number: int
    stage: str
    bid_deadline: datetime | None
    published_at: datetime | None
    decided_at: datetime | None
    holds: tuple[str, ...]
    front: FrontState | None = None

    @property
    def shows_front(self) -> bool:
        """Say whether the lot stands at its front: the front is not over, or it has failed."""
        return self.front is not None and (
            self.front.decided_at is None or Stage(self.front.stage) in FAILURES
        )

    @property
    def standing(self) -> str:
        """Return the stage at which the lot stands for its owner side: the front's while it lasts."""
        return self.front.stage if self.front and self.shows_front else self.stage

    @property
    def next_deadline(self) -> datetime | None:
        """Return the deadline that comes next for the lot."""
        return self.front.bid_deadline if self.front and self.shows_front else self.bid_deadline


def work_rows(organisation_pk: int, *, tenders: int = 100) -> list[WorkRow]:
    """Return where the lots of an organisation's newest tenders stand, newest tender first, lots by number."""
    own = Tender.objects.filter(Q(tenderee_id=organisation_pk) | Q(agency_id=organisation_pk))
    return _rows_of(list(own.order_by("-pk").values_list("pk", flat=True)[:tenders]))


def all_rows(*, tenders: int = 100) -> list[WorkRow]:
    """Return where the lots of the newest published tenders stand (for the centre and the supervisor)."""
    published = Tender.objects.filter(lots__rounds__published_at__isnull=False).distinct()
    rows = _rows_of(list(published.order_by("-pk").values_list("pk", flat=True)[:tenders]))
    return [row for row in rows if row.published_at or (row.front and row.front.published_at)]


#: what a row holds and where it is read: a list of hundreds reads nothing else, and makes no rows of models
_COLUMNS = {
    "tender": "lot__tender__public_id",
    "tender_pk": "lot__tender_id",
    "tender_name": "lot__tender__name",
    "procedure_code": "procedure_code",
    "created_at": "lot__tender__created_at",
    "lot": "lot__public_id",
    "lot_pk": "lot_id",
    "lot_name": "lot__name",
    "lot_number": "lot__number",
    "round": "public_id",
    "round_pk": "pk",
    "number": "number",
    "stage": "stage",
    "bid_deadline": "bid_deadline",
    "published_at": "published_at",
    "decided_at": "decided_at",
}


def _rows_of(tender_pks: list[int], *, lots: list[int] | None = None) -> list[WorkRow]:
    asked = Round.objects.filter(lot__tender_id__in=tender_pks, phase__lt=2)
    if lots is not None:
        asked = asked.filter(lot_id__in=lots)
    found = asked.order_by("-lot__tender_id", "lot__number", "-number", "-phase")
    newest: dict[int, dict[str, Any]] = {}
    front_pks = []
    for phase, *values in found.values_list("phase", *_COLUMNS.values()):
        row = dict(zip(_COLUMNS, values, strict=True))
        first = newest.setdefault(row["lot_pk"], row)
        if phase == 0 and first["number"] == row["number"]:
            front_pks.append(row["round_pk"])
    fronts = {front.lot_id: front for front in Round.objects.filter(pk__in=front_pks).defer("law")}
    held: dict[int, list[str]] = {}
    in_force = HoldRow.objects.filter(
        round_id__in=[*(row["round_pk"] for row in newest.values()), *front_pks], lifted_at=None
    )
    for round_pk, kind in in_force.values_list("round_id", "kind"):
        held.setdefault(round_pk, []).append(kind)
    return [
        WorkRow(
            **row,
            holds=tuple(held.get(row["round_pk"], ())),
            front=front_state(fronts[lot_pk], held.get(fronts[lot_pk].pk, ())) if lot_pk in fronts else None,
        )
        for lot_pk, row in newest.items()
    ]


@dataclass(frozen=True, kw_only=True)
class LotDraft:
    """A lot's own figures, published or not."""

    number: int
    name: str
    budget: Decimal
    ceiling_price: Decimal | None
    duration_days: int
    scope_of_work: str


def lot_drafts(tender_id: str) -> list[LotDraft]:
    """Return the lots of a tender by number (ask for permission to read the draft before calling)."""
    rows = Lot.objects.filter(tender__public_id=tender_id).order_by("number")
    return [
        LotDraft(
            number=r.number,
            name=r.name,
            budget=r.budget,
            ceiling_price=r.ceiling_price,
            duration_days=r.duration_days,
            scope_of_work=r.scope_of_work,
        )
        for r in rows
    ]


def earliest_deadline(published_at: datetime, *, procedure: str = "GC", region: str = "") -> datetime:
    """Return the first moment at which bids may be due if the notice came out at `published_at` in a region."""
    law = statutes.in_force(published_at, region=region)
    return max(
        earliest_moment(law[key], started=published_at, calendar=calendars.CHINA).instant
        for key in family(procedure).time_to_bid
    )


def last_form_check(tender_id: str) -> dict[str, Any] | None:
    """Return the centre's last check of form of a tender, if there is one."""
    return (
        FormCheck.objects.filter(tender__public_id=tender_id)
        .order_by("-pk")
        .values("complete", "missing", "checked_at")
        .first()
    )


def last_conclusion(tender_id: str) -> dict[str, Any] | None:
    """Return the last fair-competition conclusion on a tender's file, if there is one."""
    return (
        ReviewConclusion.objects.filter(tender__public_id=tender_id)
        .order_by("-pk")
        .values("passed", "opinion", "document_sha256", "concluded_at")
        .first()
    )


#: from the registration to the notice the centre looks at the form
_FORM_STAGES = (Stage.REGISTERED, Stage.DOC_EDIT, Stage.FC_REVIEW, Stage.DOC_READY)


@dataclass(frozen=True, kw_only=True)
class FormRow:
    """A registered tender as the centre's list shows it."""

    tender: str
    name: str
    tenderee: str
    deal_code: str
    created_at: datetime
    checked_at: datetime | None
    complete: bool | None
    missing: tuple[str, ...]


def tenders_for_form_check(*, limit: int = 100) -> list[FormRow]:
    """Return the registered, unpublished tenders with the last check of form, unchecked ones first."""
    tenders = (
        Tender.objects.filter(lots__rounds__stage__in=[s.value for s in _FORM_STAGES])
        .select_related("tenderee")
        .defer("document")
        .distinct()
        .order_by("-pk")[:limit]
    )
    checks: dict[int, FormCheck] = {}
    for check in FormCheck.objects.filter(tender__in=[t.pk for t in tenders]).order_by("pk"):
        checks[check.tender_id] = check
    rows = []
    for tender in tenders:
        last = checks.get(tender.pk)
        rows.append(
            FormRow(
                tender=tender.public_id,
                name=tender.name,
                tenderee=tender.tenderee.name,
                deal_code=tender.deal_code,
                created_at=tender.created_at,
                checked_at=last.checked_at if last else None,
                complete=last.complete if last else None,
                missing=tuple(last.missing) if last else (),
            )
        )
    return sorted(rows, key=lambda row: row.complete is not None)


#: what a list of lots may be sorted by: its name in an address → words and the order in SQL
SORTS: dict[str, tuple[str, str]] = {
    "deadline": (
        "截止时间, 最近的在前",
        "due IS NULL, abs(extract(epoch FROM due - %(now)s::timestamptz)), lot_id",
    ),
    "newest": ("新建的在前", "tender_pk DESC, lot_number"),
    "name": ("项目名称", "tender_name, lot_number"),
    "stage": ("进展", "standing, due, lot_id"),
}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which lots somebody asks for: words of their names, stages, a span in which they are due."""

    words: str = ""
    stages: tuple[str, ...] = ()
    due_from: datetime | None = None
    due_until: datetime | None = None
    sort: str = "deadline"


_FOUND = """
WITH newest AS (
  SELECT DISTINCT ON (r.lot_id) r.lot_id, l.number AS lot_number, l.name AS lot_name, t.id AS tender_pk, t.name AS tender_name,
    CASE WHEN f.id IS NOT NULL AND (f.decided_at IS NULL OR f.stage = ANY(%(failures)s)) THEN f.stage ELSE r.stage END AS standing,
    CASE WHEN f.id IS NOT NULL AND (f.decided_at IS NULL OR f.stage = ANY(%(failures)s)) THEN f.bid_deadline ELSE r.bid_deadline END AS due,
    coalesce(r.published_at, f.published_at) AS out_at
  FROM tendering_round r JOIN tendering_lot l ON l.id = r.lot_id JOIN tendering_tender t ON t.id = l.tender_id
  LEFT JOIN tendering_round f ON f.lot_id = r.lot_id AND f.number = r.number AND f.phase = 0 AND r.phase <> 0
  WHERE r.phase < 2 AND {whose}
  ORDER BY r.lot_id, r.number DESC, r.phase DESC
)
SELECT lot_id, tender_pk, count(*) OVER () FROM newest WHERE {which} ORDER BY {order} LIMIT %(size)s OFFSET %(first)s
"""


def find_rows(
    *,
    wanted: Wanted,
    now: datetime,
    organisation_pk: int | None = None,
    lot_pks: list[int] | None = None,
    number: int = 1,
    size: int = 25,
) -> tuple[list[WorkRow], int]:
    """Return one page of lots as asked for, and how many there are.

    Whose: an organisation's own as tenderee or agency, drafts included; some lots by key; else all that are published.
    """
    whose = "true"
    which = ["(tender_name || ' ' || lot_name) ILIKE %(words)s"] if wanted.words else ["true"]
    if organisation_pk is not None:
        whose = "(t.tenderee_id = %(own)s OR t.agency_id = %(own)s)"
    elif lot_pks is not None:
        whose = "r.lot_id = ANY(%(lots)s)"
    else:
        which.append("out_at IS NOT NULL")
    if wanted.stages:
        which.append("standing = ANY(%(stages)s)")
    if wanted.due_from:
        which.append("due >= %(due_from)s")
    if wanted.due_until:
        which.append("due < %(due_until)s")
    order = SORTS.get(wanted.sort, SORTS["deadline"])[1]
    with connection.cursor() as cursor:
        cursor.execute(
            _FOUND.format(whose=whose, which=" AND ".join(which), order=order),
            {
                "failures": [stage.value for stage in FAILURES],
                "own": organisation_pk,
                "lots": lot_pks,
                "words": f"%{wanted.words[:100]}%",
                "stages": list(wanted.stages),
                "due_from": wanted.due_from,
                "due_until": wanted.due_until,
                "now": now,
                "size": size,
                "first": (max(number, 1) - 1) * size,
            },
        )
        found = cursor.fetchall()
    if not found:
        return [], 0
    rows = {
        row.lot_pk: row
        for row in _rows_of(sorted({pk for _, pk, _ in found}), lots=[pk for pk, _, _ in found])
    }
    return [rows[pk] for pk, _, _ in found], found[0][2]

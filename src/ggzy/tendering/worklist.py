"""Rows for the workbenches of the owner side and the centre: where one's own tenders stand, drafts included."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

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


def _rows_of(tender_pks: list[int]) -> list[WorkRow]:
    rows = list(
        Round.objects.filter(lot__tender_id__in=tender_pks)
        .select_related("lot__tender")
        .order_by("-lot__tender_id", "lot__number", "-number", "-phase")
    )
    newest: dict[int, Round] = {}
    fronts: dict[int, Round] = {}
    for row in rows:
        newest.setdefault(row.lot_id, row)
        if row.phase == 0 and newest[row.lot_id].number == row.number:
            fronts[row.lot_id] = row
    held: dict[int, list[str]] = {}
    pks = [r.pk for r in (*newest.values(), *fronts.values())]
    in_force = HoldRow.objects.filter(round_id__in=pks, lifted_at=None)
    for round_pk, kind in in_force.values_list("round_id", "kind"):
        held.setdefault(round_pk, []).append(kind)
    return [
        WorkRow(
            tender=r.lot.tender.public_id,
            tender_pk=r.lot.tender_id,
            tender_name=r.lot.tender.name,
            procedure_code=r.procedure_code,
            created_at=r.lot.tender.created_at,
            lot=r.lot.public_id,
            lot_name=r.lot.name,
            lot_number=r.lot.number,
            round=r.public_id,
            round_pk=r.pk,
            number=r.number,
            stage=r.stage,
            bid_deadline=r.bid_deadline,
            published_at=r.published_at,
            decided_at=r.decided_at,
            holds=tuple(held.get(r.pk, ())),
            front=front_state(fronts[r.lot_id], held.get(fronts[r.lot_id].pk, ()))
            if r.lot_id in fronts
            else None,
        )
        for r in newest.values()
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


def earliest_deadline(published_at: datetime, *, scope: str = "GC", region: str = "") -> datetime:
    """Return the first moment at which bids may be due if the notice came out at `published_at` in a region."""
    law = statutes.in_force(published_at, region=region)
    return max(
        earliest_moment(law[key], started=published_at, calendar=calendars.CHINA).instant
        for key in family(scope).time_to_bid
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

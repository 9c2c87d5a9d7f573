"""Frozen rows about tenders, lots and rounds: what a row does not hold, a page cannot leak."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from ggzy.kernel import calendars
from ggzy.kernel.actors import ANYONE, Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.law import table
from ggzy.law.families import family
from ggzy.law.limits import BEIJING, beijing_date
from ggzy.parties.grid import Permission, may
from ggzy.procedures.catalogue import BY_CODE, QUIET
from ggzy.procedures.spec import Stage
from ggzy.tendering import rules, terms
from ggzy.tendering.document import TenderDocument
from ggzy.tendering.fronts import NotAdmitted, may_have_file
from ggzy.tendering.models import HoldRow, Round, Tender, TenderFile

UNPUBLISHED = frozenset({Stage.DRAFT, Stage.REGISTERED, Stage.DOC_EDIT, Stage.FC_REVIEW, Stage.DOC_READY})


@dataclass(frozen=True, kw_only=True, slots=True)
class LotRow:
    """A lot with its newest published round, as everybody may see it."""

    lot: str
    number: int
    name: str
    tender: str
    tender_name: str
    ocid: str
    region_code: str
    tenderee: str
    budget: Decimal
    ceiling_price: Decimal | None
    duration_days: int
    scope_of_work: str
    round: str
    round_number: int
    stage: str
    stage_label: str
    published_at: datetime | None
    bid_deadline: datetime | None
    round_pk: int
    procedure_code: str = "GC_OPEN_POST"
    phase: int = 1
    restricted: bool = False
    sealing: str = "age"


_LOT_COLUMNS = """
  l.public_id, l.number, l.name, t.public_id, t.name, t.ocid, t.region_code, o.name, l.budget, l.ceiling_price,
  l.duration_days, l.scope_of_work, r.public_id, r.number, r.stage, r.published_at, r.bid_deadline,
  r.id, r.procedure_code, r.phase, r.restricted, r.sealing
"""
_LOT_FROM = """
  FROM tendering_round r
  JOIN tendering_lot l ON l.id = r.lot_id
  JOIN tendering_tender t ON t.id = l.tender_id
  JOIN parties_organisation o ON o.id = t.tenderee_id
"""


def _lot_row(v: tuple) -> LotRow:
    return LotRow(
        lot=v[0],
        number=v[1],
        name=v[2],
        tender=v[3],
        tender_name=v[4],
        ocid=v[5],
        region_code=v[6],
        tenderee=v[7],
        budget=v[8],
        ceiling_price=v[9],
        duration_days=v[10],
        scope_of_work=v[11],
        round=v[12],
        round_number=v[13],
        stage=v[14],
        stage_label=BY_CODE[v[18]].label_of(v[14]),
        published_at=v[15],
        bid_deadline=v[16],
        round_pk=v[17],
        procedure_code=v[18],
        phase=v[19],
        restricted=v[20],
        sealing=v[21],
    )


def _lots(where: str, values: list[Any]) -> list[LotRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_LOT_COLUMNS} {_LOT_FROM} WHERE {where}", values)  # noqa: S608 - fixed text
        return [_lot_row(v) for v in cursor.fetchall()]


def lot(lot_id: str) -> LotRow:
    """Return a lot with its newest published round.

    :raises NotFound: no such lot, or nothing of it is published
    """
    rows = _lots(
        "l.public_id = %s AND r.published_at IS NOT NULL ORDER BY r.number DESC, r.phase DESC LIMIT 1",
        [lot_id],
    )
    if not rows:
        raise NotFound("没有这个标段, 或尚未发布公告", next_steps=(("查看招标项目", "/tenders"),))
    return rows[0]


def round_row(round_id: str) -> LotRow:
    """Return a published round with its lot.

    :raises NotFound: no such round, or it is not published
    """
    rows = _lots("r.public_id = %s AND r.published_at IS NOT NULL", [round_id])
    if not rows:
        raise NotFound("没有这个标段轮次, 或尚未发布公告", next_steps=(("查看招标项目", "/tenders"),))
    return rows[0]


def round_rows(round_ids: Iterable[str]) -> list[LotRow]:
    """Return published rounds with their lots, in one question."""
    return _lots("r.public_id = ANY(%s) AND r.published_at IS NOT NULL ORDER BY r.id", [list(round_ids)])


def rounds_of_lot(lot_id: str) -> list[LotRow]:
    """Return the published rounds of a lot, oldest first."""
    return _lots("l.public_id = %s AND r.published_at IS NOT NULL ORDER BY r.number, r.phase", [lot_id])


def lots_of_tender(tender_id: str) -> list[LotRow]:
    """Return every published round of a tender, by lot and round."""
    return _lots(
        "t.public_id = %s AND r.published_at IS NOT NULL ORDER BY l.number, r.number, r.phase", [tender_id]
    )


def recent_lots(
    *, limit: int = 100, before: datetime | None = None, stage: str = "", words: str = ""
) -> list[LotRow]:
    """Return published rounds, newest first; `before` pages on by publication moment."""
    where, values = ["r.published_at IS NOT NULL"], []
    if before is not None:
        where.append("r.published_at < %s")
        values.append(before)
    if stage:
        where.append("r.stage = %s")
        values.append(stage)
    if words.strip():
        where.append("(t.name ILIKE %s OR l.name ILIKE %s OR o.name ILIKE %s)")
        values += [f"%{words.strip()}%"] * 3
    values.append(min(max(limit, 1), 200))
    return _lots(" AND ".join(where) + " ORDER BY r.published_at DESC, r.id DESC LIMIT %s", values)


def lots_page(
    *, words: str = "", stage: str = "", number: int = 1, size: int = 30
) -> tuple[list[LotRow], bool]:
    """Return one page of published rounds, newest first, and whether there is a further page."""
    where, values = ["r.published_at IS NOT NULL"], []
    if stage:
        where.append("r.stage = %s")
        values.append(stage)
    if words.strip():
        where.append("(t.name ILIKE %s OR l.name ILIKE %s OR o.name ILIKE %s)")
        values += [f"%{words.strip()[:100]}%"] * 3
    values += [size + 1, (max(number, 1) - 1) * size]
    order = " ORDER BY r.published_at DESC, t.id DESC, l.number, r.id DESC LIMIT %s OFFSET %s"
    found = _lots(" AND ".join(where) + order, values)
    return found[:size], len(found) > size


#: what is opened for a group alone has no opening that anybody could attend
_IN_PUBLIC = "r.procedure_code NOT IN (" + ", ".join(f"'{code}'" for code in QUIET) + ")"
_OPENINGS = f"r.phase = 1 AND r.published_at IS NOT NULL AND {_IN_PUBLIC} AND r.bid_deadline >= %s AND r.bid_deadline < %s"


def openings_between(
    start: datetime, end: datetime, *, first: int = 0, most: int | None = None
) -> list[LotRow]:
    """Return the rounds whose deadline, and so opening, lies in [start, end); `most` of them from the `first` on."""
    return _lots(
        f"{_OPENINGS} ORDER BY r.bid_deadline, r.id LIMIT %s OFFSET %s",
        [start, end, most, first],
    )


def openings_by_day(start: datetime, end: datetime) -> dict[date, int]:
    """Return how many openings lie in [start, end) on each day of Beijing that has some, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT (r.bid_deadline AT TIME ZONE %s)::date, count(*) FROM tendering_round r
                WHERE {_OPENINGS} GROUP BY 1 ORDER BY 1""",  # noqa: S608 - fixed text
            [str(BEIJING), start, end],
        )
        return dict(cursor.fetchall())


@dataclass(frozen=True, kw_only=True)
class TenderRow:
    """A tender as its page shows it."""

    tender: str
    pk: int
    ocid: str
    name: str
    procedure_code: str
    scope: str
    deal_code: str
    tenderee: str
    tenderee_uscc: str
    tenderee_pk: int
    agency: str | None
    agency_pk: int | None
    region_code: str
    state_controlled: bool
    project: dict[str, str]
    created_at: datetime
    published: bool
    document: dict[str, Any]
    file_version: int
    file_sha256: str
    #: the newest version is issued only to those whom a front has let in, and this viewer is not one of them
    file_withheld: bool = False


def tender(tender_id: str, *, viewer: Actor) -> TenderRow:
    """Return a tender; a draft only to its owner side, the centre and the supervisor.

    :raises NotFound: no such tender, or not for this viewer
    """
    row = Tender.objects.select_related("tenderee", "agency", "project").filter(public_id=tender_id).first()
    if row is None:
        raise NotFound("没有这个招标项目", next_steps=(("查看招标项目", "/tenders"),))
    file = TenderFile.objects.filter(tender=row).order_by("-version").first()
    own = bool(viewer.organisation_pk) and viewer.organisation_pk in {row.tenderee_id, row.agency_id}
    official = may(viewer, Permission.TENDER_READ_DRAFT) and viewer.role in {"centre", "supervisor"}
    noticed = file is not None or Round.objects.filter(lot__tender=row, published_at__isnull=False).exists()
    if not noticed and not (own or official):
        raise NotFound("没有这个招标项目, 或尚未发布公告", next_steps=(("查看招标项目", "/tenders"),))
    withheld = file is not None and not (
        own
        or official
        or may_have_file(tender_pk=row.pk, version=file.version, organisation_pk=viewer.organisation_pk)
    )
    return TenderRow(
        tender=row.public_id,
        pk=row.pk,
        ocid=row.ocid,
        name=row.name,
        procedure_code=row.procedure_code,
        scope=row.scope,
        deal_code=row.deal_code,
        tenderee=row.tenderee.name,
        tenderee_uscc=row.tenderee.uscc,
        tenderee_pk=row.tenderee_id,
        agency=row.agency.name if row.agency else None,
        agency_pk=row.agency_id,
        region_code=row.region_code,
        state_controlled=row.state_controlled,
        project={
            "id": row.project.public_id,
            "name": row.project.name,
            "invest_code": row.project.invest_code,
            "industry_code": row.project.industry_code,
            "place": row.project.place,
            "funds": row.project.funds,
        },
        created_at=row.created_at,
        published=noticed,
        document=row.document if own or official else (file.document if file and not withheld else {}),
        file_version=file.version if file else 0,
        file_sha256=file.sha256 if file else "",
        file_withheld=withheld,
    )


def tender_file(*, tender_id: str, version: int | None = None, viewer: Actor = ANYONE) -> TenderFile:
    """Return a published version of the tender file (the newest by default): free, for anyone, no 报名.

    A version issued after a front is for the owner side, officials and those whom the front has let in.

    :raises NotFound: nothing is published
    :raises NotAdmitted: not issued to this viewer
    """
    rows = TenderFile.objects.filter(tender__public_id=tender_id).select_related("tender")
    row = rows.filter(version=version).first() if version else rows.order_by("-version").first()
    if row is None:
        raise NotFound("招标文件尚未发布, 或没有这个版本")
    own = bool(viewer.organisation_pk) and viewer.organisation_pk in {
        row.tender.tenderee_id,
        row.tender.agency_id,
    }
    official = viewer.role in {Role.CENTRE, Role.SUPERVISOR}
    if not (own or official) and not may_have_file(
        tender_pk=row.tender_id, version=row.version, organisation_pk=viewer.organisation_pk
    ):
        raise NotAdmitted(
            "本招标文件只向通过资格预审、接受邀请或提交技术建议的单位发出, 您单位没有被发出",
            next_steps=(("查看招标项目", f"/tenders/{tender_id}"),),
        )
    return row


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """One published version of a tender file as a list shows it."""

    version: int
    sha256: str
    issued_at: datetime


def file_versions(tender_id: str) -> list[FileRow]:
    """Return the published versions of a tender's file, newest first."""
    rows = TenderFile.objects.filter(tender__public_id=tender_id).order_by("-version")
    return [
        FileRow(version=v, sha256=s, issued_at=i)
        for v, s, i in rows.values_list("version", "sha256", "issued_at")
    ]


@dataclass(frozen=True, kw_only=True)
class FrontState:
    """Where the front of a lot's newest number stands, for its owner side and officials."""

    round: str
    round_pk: int
    procedure_code: str
    stage: str
    stage_label: str
    bid_deadline: datetime | None
    published_at: datetime | None
    decided_at: datetime | None
    holds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RoundState:
    """Where one lot's newest round stands, for its owner side and officials; drafts included."""

    round: str
    lot: str
    lot_number: int
    lot_name: str
    number: int
    stage: str
    stage_label: str
    bid_deadline: datetime | None
    published_at: datetime | None
    holds: tuple[str, ...]
    front: FrontState | None = None


def states_of(tender_id: str) -> list[RoundState]:
    """Return where every lot of a tender stands (its newest round), by lot number."""
    rows = (
        Round.objects.filter(lot__tender__public_id=tender_id, phase__lt=2)
        .select_related("lot")
        .order_by("lot__number", "-number", "-phase")
    )
    newest: dict[int, Round] = {}
    fronts: dict[int, Round] = {}
    for row in rows:
        newest.setdefault(row.lot_id, row)
        if row.phase == 0 and newest[row.lot_id].number == row.number:
            fronts[row.lot_id] = row
    held: dict[int, list[str]] = {}
    for round_id, kind in HoldRow.objects.filter(
        round_id__in=[r.pk for r in (*newest.values(), *fronts.values())], lifted_at=None
    ).values_list("round_id", "kind"):
        held.setdefault(round_id, []).append(kind)
    return [
        RoundState(
            round=r.public_id,
            lot=r.lot.public_id,
            lot_number=r.lot.number,
            lot_name=r.lot.name,
            number=r.number,
            stage=r.stage,
            stage_label=BY_CODE[r.procedure_code].label_of(r.stage),
            bid_deadline=r.bid_deadline,
            published_at=r.published_at,
            holds=tuple(held.get(r.pk, ())),
            front=front_state(fronts[r.lot_id], held.get(fronts[r.lot_id].pk, ()))
            if r.lot_id in fronts
            else None,
        )
        for r in newest.values()
    ]


def front_state(front: Round, holds: Sequence[str]) -> FrontState:
    """Return the state of a front."""
    return FrontState(
        round=front.public_id,
        round_pk=front.pk,
        procedure_code=front.procedure_code,
        stage=front.stage,
        stage_label=BY_CODE[front.procedure_code].label_of(front.stage),
        bid_deadline=front.bid_deadline,
        published_at=front.published_at,
        decided_at=front.decided_at,
        holds=tuple(holds),
    )


def tenders_of(organisation_pk: int) -> list[dict[str, Any]]:
    """Return an organisation's own tenders with the stages of their lots, newest first."""
    rows = (
        (
            Tender.objects.filter(tenderee_id=organisation_pk)
            | Tender.objects.filter(agency_id=organisation_pk)
        )
        .order_by("-pk")
        .prefetch_related("lots__rounds")[:100]
    )
    out = []
    for row in rows:
        lots = []
        for lot_ in sorted(row.lots.all(), key=lambda item: item.number):
            # last offers are part of the main round
            newest = max((r for r in lot_.rounds.all() if r.phase < 2), key=lambda r: (r.number, r.phase))
            lots.append(
                {
                    "name": lot_.name,
                    "round": newest.public_id,
                    "stage": newest.stage,
                    "stage_label": BY_CODE[newest.procedure_code].label_of(newest.stage),
                    "bid_deadline": newest.bid_deadline,
                }
            )
        out.append({"tender": row.public_id, "name": row.name, "created_at": row.created_at, "lots": lots})
    return out


def clocks(*, published_at: datetime, deadline: datetime, procedure: str = "GC") -> list[rules.ClockRow]:
    """Return the bidding phase's clocks for two dates: the timeline, and the answer to "what if"."""
    return rules.timeline(
        published_at=published_at,
        deadline=deadline,
        law=table.in_force(beijing_date(published_at)),
        calendar=calendars.CHINA,
        family=family(procedure),
    )


def front_clocks(
    *, published_at: datetime, file_until: datetime, deadline: datetime, procedure: str
) -> list[rules.ClockRow]:
    """Return the clocks of a prequalification that is published."""
    return rules.front_timeline(
        published_at=published_at,
        file_until=file_until,
        deadline=deadline,
        law=table.in_force(beijing_date(published_at)),
        calendar=calendars.CHINA,
        family=family(procedure),
    )


def tender_of_ocid(ocid: str) -> str:
    """Return the public id of a tender by its ocid.

    :raises NotFound: no such process
    """
    found = Tender.objects.filter(ocid=ocid).values_list("public_id", flat=True).first()
    if found is None:
        raise NotFound("没有这个招标项目")
    return str(found)


@dataclass(frozen=True, kw_only=True)
class TenderFacts:
    """What a published notice's tender is filed under."""

    name: str
    buyer: str
    uscc: str
    agency: str
    region_code: str
    scope: str
    procedure_code: str
    deal_code: str
    invest_code: str
    #: public ids of its lots of which something is published
    lots: tuple[str, ...]


def facts_of(tenders: Iterable[str]) -> dict[str, TenderFacts]:
    """Return {tender: its facts}, for contexts above that have a published notice of each."""
    wanted = sorted(set(tenders))
    rows = Tender.objects.filter(public_id__in=wanted).select_related("tenderee", "agency", "project")
    lots: dict[str, list[str]] = {}
    published = Round.objects.filter(lot__tender__public_id__in=wanted, published_at__isnull=False)
    for tender_id, lot_id in published.values_list("lot__tender__public_id", "lot__public_id").distinct():
        lots.setdefault(tender_id, []).append(lot_id)
    return {
        row.public_id: TenderFacts(
            name=row.name,
            buyer=row.tenderee.name,
            uscc=row.tenderee.uscc,
            agency=row.agency.name if row.agency else "",
            region_code=row.region_code,
            scope=row.scope,
            procedure_code=row.procedure_code,
            deal_code=row.deal_code,
            invest_code=row.project.invest_code,
            lots=tuple(lots.get(row.public_id, ())),
        )
        for row in rows
    }


def terms_in_words(tender_id: str, document: TenderDocument, *, issued_at: datetime) -> list[tuple[str, str]]:
    """Return what a file fixes for what follows from its result, in words; [] where nothing does."""
    if document.terms is None:
        return []
    found = Tender.objects.select_related("tenderee").get(public_id=tender_id)
    return terms.in_words(found, document, issued_at=issued_at)

"""What has been published, by project, award and organisation: the rows of the open pages and of the tables to take away.

A deed is public when it was announced: a round by its notice, an award by its letter, a contract by both signatures.
Nothing here knows of a bid.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet

from ggzy.awarding.models import Award
from ggzy.awarding.queries import END_LABELS
from ggzy.contracting.models import Contract
from ggzy.parties.models import Organisation
from ggzy.projects.models import Project
from ggzy.tendering.models import Round

SIZE = 20
MOST_DEEDS = 50


@dataclass(frozen=True, kw_only=True)
class ProjectRow:
    """A project of which something is published."""

    name: str
    owner: str
    owner_id: str
    place: str
    invest_code: str
    first_at: datetime
    #: (tender, its name)
    tenders: tuple[tuple[str, str], ...]


def _cut(number: int) -> slice:
    start = (min(max(number, 1), 10_000) - 1) * SIZE
    return slice(start, start + SIZE + 1)


def projects(*, words: str = "", number: int = 1) -> tuple[list[ProjectRow], bool]:
    """Return a page of the projects with a published tender, the newest first, and whether there are more."""
    public = Q(tenders__lots__rounds__published_at__isnull=False)
    rows = Project.objects.filter(public).annotate(
        first_at=Min("tenders__lots__rounds__published_at", filter=public)
    )
    if words:
        rows = rows.filter(
            Q(name__icontains=words) | Q(owner__name__icontains=words) | Q(invest_code__istartswith=words)
        )
    found = list(rows.select_related("owner").order_by("-first_at", "-pk")[_cut(number)])
    shown = found[:SIZE]
    tenders: dict[int, dict[str, str]] = {}
    published = Round.objects.filter(lot__tender__project__in=shown, published_at__isnull=False).order_by(
        "pk"
    )
    for pk, tender, name in published.values_list(
        "lot__tender__project_id", "lot__tender__public_id", "lot__tender__name"
    ):
        tenders.setdefault(pk, {})[tender] = name
    return [
        ProjectRow(
            name=p.name,
            owner=p.owner.name,
            owner_id=p.owner.public_id,
            place=p.place,
            invest_code=p.invest_code,
            first_at=p.first_at,  # type: ignore[attr-defined]
            tenders=tuple(tenders.get(p.pk, {}).items()),
        )
        for p in shown
    ], len(found) > SIZE


@dataclass(frozen=True, kw_only=True)
class AwardedRow:
    """An award whose letter was sent, and its contract once both have signed."""

    tender: str
    tender_name: str
    deal_code: str
    lot: str
    lot_name: str
    scope: str
    region_code: str
    buyer: str
    buyer_uscc: str
    buyer_id: str
    winner: str
    winner_uscc: str
    winner_id: str
    price: Decimal
    ceiling: Decimal | None
    sent_at: datetime
    signed_at: datetime | None
    contract_sha256: str
    ended_at: datetime | None
    end: str


def _sent() -> QuerySet[Award]:
    return Award.objects.filter(sent_at__isnull=False).select_related(
        "round__lot__tender__tenderee", "bid__bidder", "contract"
    )


def _awarded(award: Award) -> AwardedRow:
    lot, tender, winner = award.round.lot, award.round.lot.tender, award.bid.bidder
    contract = getattr(award, "contract", None)
    signed = contract if contract is not None and contract.signed_at else None
    assert award.sent_at is not None, "a published award"
    return AwardedRow(
        tender=tender.public_id,
        tender_name=tender.name,
        deal_code=tender.deal_code,
        lot=lot.public_id,
        lot_name=lot.name,
        scope=tender.scope,
        region_code=tender.region_code,
        buyer=tender.tenderee.name,
        buyer_uscc=tender.tenderee.uscc,
        buyer_id=tender.tenderee.public_id,
        winner=winner.name,
        winner_uscc=winner.uscc,
        winner_id=winner.public_id,
        price=award.price,
        ceiling=lot.ceiling_price,
        sent_at=award.sent_at,
        signed_at=signed.signed_at if signed else None,
        contract_sha256=signed.pdf if signed else "",
        ended_at=award.ended_at,
        end=END_LABELS[award.end_kind] if award.ended_at else "",
    )


def awards(*, words: str = "", number: int = 1) -> tuple[list[AwardedRow], bool]:
    """Return a page of the awards in force, the newest letter first, and whether there are more."""
    rows = _sent().filter(ended_at=None)
    if words:
        rows = rows.filter(
            Q(round__lot__tender__name__icontains=words)
            | Q(round__lot__name__icontains=words)
            | Q(bid__bidder__name__icontains=words)
            | Q(round__lot__tender__tenderee__name__icontains=words)
        )
    found = list(rows.order_by("-sent_at", "-pk")[_cut(number)])
    return [_awarded(a) for a in found[:SIZE]], len(found) > SIZE


def every_award() -> Iterator[AwardedRow]:
    """Yield every award whose letter was sent, the oldest first, some hundreds at a time."""
    last = 0
    while rows := list(_sent().filter(pk__gt=last).order_by("pk")[:500]):
        yield from map(_awarded, rows)
        last = rows[-1].pk


@dataclass(frozen=True, kw_only=True)
class EnterpriseRow:
    """An organisation with published deeds, and how many of each."""

    organisation: str
    name: str
    uscc: str
    tenders: int
    awards: int
    contracts: int


def _with_deeds() -> QuerySet[Organisation]:
    return Organisation.objects.filter(
        Exists(Round.objects.filter(lot__tender__tenderee=OuterRef("pk"), published_at__isnull=False))
        | Exists(Award.objects.filter(bid__bidder=OuterRef("pk"), sent_at__isnull=False))
    )


def enterprises(*, words: str = "", number: int = 1) -> tuple[list[EnterpriseRow], bool]:
    """Return a page of the organisations with published deeds, by name, and whether there are more."""
    rows = _with_deeds()
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(uscc__istartswith=words))
    found = list(rows.order_by("name", "pk")[_cut(number)])
    shown = found[:SIZE]
    pks = [o.pk for o in shown]
    tenders = dict(
        Round.objects.filter(lot__tender__tenderee__in=pks, published_at__isnull=False)
        .values_list("lot__tender__tenderee")
        .annotate(n=Count("lot__tender", distinct=True))
    )
    sent = Award.objects.filter(bid__bidder__in=pks, sent_at__isnull=False, ended_at=None)
    won = dict(sent.values_list("bid__bidder").annotate(n=Count("pk")))
    signed = Contract.objects.filter(award__in=sent, signed_at__isnull=False)
    contracts = dict(signed.values_list("award__bid__bidder").annotate(n=Count("pk")))
    return [
        EnterpriseRow(
            organisation=o.public_id,
            name=o.name,
            uscc=o.uscc,
            tenders=tenders.get(o.pk, 0),
            awards=won.get(o.pk, 0),
            contracts=contracts.get(o.pk, 0),
        )
        for o in shown
    ], len(found) > SIZE


@dataclass(frozen=True, kw_only=True)
class BoughtRow:
    """A tender that an organisation has published."""

    tender: str
    name: str
    first_at: datetime


@dataclass(frozen=True, kw_only=True)
class Deeds:
    """What an organisation has publicly done: what it buys, what it has won, what came of it."""

    bought: tuple[BoughtRow, ...]
    given: tuple[AwardedRow, ...]
    won: tuple[AwardedRow, ...]
    #: awards of its own that came to nothing, as the published corrections say
    ended: tuple[AwardedRow, ...]


def deeds_of(organisation_id: str) -> Deeds:
    """Return the newest published deeds of an organisation, at most 50 of each sort."""
    rounds = Round.objects.filter(
        lot__tender__tenderee__public_id=organisation_id, published_at__isnull=False
    )
    bought = rounds.values(tender=F("lot__tender__public_id"), name=F("lot__tender__name")).annotate(
        first_at=Min("published_at")
    )
    won = [
        _awarded(a)
        for a in _sent().filter(bid__bidder__public_id=organisation_id).order_by("-sent_at")[:MOST_DEEDS]
    ]
    given = _sent().filter(round__lot__tender__tenderee__public_id=organisation_id, ended_at=None)
    return Deeds(
        bought=tuple(BoughtRow(**row) for row in bought.order_by("-first_at")[:MOST_DEEDS]),
        given=tuple(_awarded(a) for a in given.order_by("-sent_at")[:MOST_DEEDS]),
        won=tuple(row for row in won if row.ended_at is None),
        ended=tuple(row for row in won if row.ended_at is not None),
    )

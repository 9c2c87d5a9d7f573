"""What the hall shows to whom, and the bidders that later stages need."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from ggzy.bidding.models import Bid
from ggzy.identity.queries import signatures_on
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import NotFound
from ggzy.opening import quiet
from ggzy.opening.actions import record_of
from ggzy.opening.models import (
    BidOpening,
    CheckIn,
    OpeningObjection,
    OpeningSession,
    SecondEnvelope,
    SecondOpening,
)
from ggzy.parties.grid import Permission, require
from ggzy.procedures.catalogue import QUIET
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round, TenderFile
from ggzy.tendering.moves import procedure_of


def opened_rounds(round_ids: Iterable[str]) -> set[str]:
    """Return those of some rounds whose bids have been opened in public."""
    rows = Round.objects.filter(public_id__in=set(round_ids), opened_at__isnull=False)
    return set(rows.values_list("public_id", flat=True))


@dataclass(frozen=True, kw_only=True)
class HallBid:
    """One bid in the hall. Price and the rest are None until prices are shown."""

    bid: str
    bidder: str
    state: str
    label: str
    price: Decimal | None
    duration_days: int | None
    quality: str | None
    manager: str | None
    members: tuple[str, ...]
    reason: str
    own: bool
    #: when it checked in; told to all once the opening has begun
    checked_in_at: datetime | None = None
    #: the bidder has asked the holders of its key's parts; told to the bidder alone
    shares_asked: bool = False
    #: of the second envelope, once the second opening has begun: its state, in words, and why it is not open
    second_state: str = ""
    second_label: str = ""
    second_reason: str = ""

    @property
    def waits(self) -> bool:
        """Say whether a key of this bid is waited for: the first envelope's, or the second's."""
        return BidOpening.WAITING in {self.state, self.second_state}


@dataclass(frozen=True, kw_only=True)
class SecondRow:
    """The opening of the second envelopes, as everybody may see it. Who passed the first is told when it begins."""

    judged_at: datetime
    opens_at: datetime | None
    opened_at: datetime | None
    window_ends_at: datetime | None
    shown_at: datetime | None
    ended_at: datetime | None

    @property
    def phase(self) -> str:
        """Return which part of it is under way: untold, told, keys, read_out or ended."""
        if self.ended_at:
            return "ended"
        if self.opened_at:
            return "read_out" if self.shown_at else "keys"
        return "told" if self.opens_at else "untold"


@dataclass(frozen=True, kw_only=True)
class HallRow:
    """The hall: nothing of bids until the deadline, then how many, and whose only when the opening has begun."""

    round: str
    tender: str
    tender_name: str
    ocid: str
    scope: str
    sealing: str
    lot_name: str
    stage: str
    stage_label: str
    procedure_code: str
    bid_deadline: datetime | None
    sealed_bids: int | None
    opened_at: datetime | None
    window_ends_at: datetime | None
    paused_at: datetime | None
    shown_at: datetime | None
    ended_at: datetime | None
    bids: tuple[HallBid, ...]
    objections: tuple[dict[str, Any], ...]
    is_host: bool
    #: how long bidders have to release their keys, by the tender file
    decryption_minutes: int = 30
    #: prices are in an envelope of their own
    two_envelopes: bool = False
    second: SecondRow | None = None
    #: what is handed in carries a price
    priced: bool = True

    @property
    def decrypting(self) -> int:
        """Return how many bids are released and not open yet."""
        return sum(1 for bid in self.bids if BidOpening.RELEASED in {bid.state, bid.second_state})

    @property
    def takes_objections(self) -> bool:
        """Say whether an opening is under way, at which objections are raised on the spot."""
        begun = self.second is not None and self.second.phase in {"keys", "read_out"}
        return begun or self.opened_at is not None and self.ended_at is None


STATE_LABELS = {
    BidOpening.WAITING: "等待解密",
    BidOpening.RELEASED: "正在解密",
    BidOpening.OPENED: "解密成功",
    BidOpening.REVOKED: "视为撤销",
    BidOpening.WITHDRAWN: "视为撤回",
    SecondEnvelope.KEPT_OUT: "不予开启",
}


def hall_row(*, round_id: str, viewer: Actor) -> HallRow:
    """Return what this viewer may see in the hall.

    :raises NotPermitted: the viewer may not enter
    :raises NotFound: no such round, or it is not published
    """
    require(viewer, Permission.OPENING_WATCH)
    round_ = (
        Round.objects.select_related("lot__tender")
        .filter(public_id=round_id)
        .exclude(published_at=None)
        .first()
    )
    if round_ is None:
        raise NotFound("没有这个开标大厅, 请从招标公告进入")
    tender = round_.lot.tender
    session = OpeningSession.objects.filter(round=round_).first()
    sealed = None
    if quiet.is_quiet(round_):
        session = None  # what is opened to its reviewers alone is never in a hall
    elif round_.closed_at is not None and not Stage(round_.stage).failed or session is not None:
        sealed = Bid.objects.filter(round=round_, state=Bid.LIVE).count()
    bids: tuple[HallBid, ...] = ()
    objections: tuple[dict[str, Any], ...] = ()
    second, (two, minutes) = None, _terms_of(round_)
    if session is not None:
        second = SecondOpening.objects.filter(round=round_).first() if two else None
        begun = second is not None and second.opened_at is not None
        envelopes = {e.opening_id: e for e in _envelopes(round_)} if begun else {}
        bids = tuple(_hall_bid(r, session, viewer, envelopes.get(r.pk)) for r in _rows(session))
        objections = tuple(
            {
                "id": o.public_id,
                "bidder": o.bidder.name,
                "text": o.text,
                "answer": o.answer,
                "answered": o.answered_at is not None,
            }
            for o in session.objections.select_related("bidder").order_by("pk")
        )
    return HallRow(
        round=round_.public_id,
        tender=tender.public_id,
        tender_name=tender.name,
        ocid=tender.ocid,
        scope=tender.scope,
        sealing=round_.sealing,
        lot_name=round_.lot.name,
        stage=round_.stage,
        stage_label=procedure_of(round_).label_of(round_.stage),
        procedure_code=round_.procedure_code,
        bid_deadline=round_.bid_deadline,
        sealed_bids=sealed,
        opened_at=round_.opened_at,
        window_ends_at=session.window_ends_at if session else None,
        paused_at=session.paused_at if session else None,
        shown_at=session.shown_at if session else None,
        ended_at=session.ended_at if session else None,
        bids=bids,
        objections=objections,
        is_host=bool(viewer.organisation_pk)
        and viewer.organisation_pk in {tender.tenderee_id, tender.agency_id},
        decryption_minutes=minutes,
        two_envelopes=two,
        priced=procedure_of(round_).priced,
        second=SecondRow(**{f: getattr(second, f) for f in SecondRow.__dataclass_fields__})
        if second
        else None,
    )


def seconds_to_host(round_pks: Sequence[int]) -> dict[int, SecondRow]:
    """Return the second openings that wait for their host, or are under way, by round."""
    rows = SecondOpening.objects.filter(round_id__in=round_pks, ended_at=None)
    return {r.round_id: SecondRow(**{f: getattr(r, f) for f in SecondRow.__dataclass_fields__}) for r in rows}


@dataclass(frozen=True, kw_only=True)
class KeyWaited:
    """A key of an organisation's own that is waited for: of its bid, or of its second envelope."""

    round: str
    tender_name: str
    lot_name: str
    second: bool
    #: it is a last offer
    last: bool = False
    until: datetime | None = None


def keys_waited(organisation_pk: int) -> list[KeyWaited]:
    """Return the keys that are waited for from an organisation, in two questions whatever it has bid for."""
    firsts = BidOpening.objects.filter(bid__bidder_id=organisation_pk, state=BidOpening.WAITING)
    apart = Q(session__round__stage=Stage.CLOSED.value, session__round__procedure_code__in=QUIET)
    firsts = firsts.filter(
        Q(session__round__stage__in=[Stage.OPENING.value, Stage.FO_KEYS.value]) | apart,
        session__round__phase__gt=0,
    )
    seconds = SecondEnvelope.objects.filter(opening__bid__bidder_id=organisation_pk, state=BidOpening.WAITING)
    seconds = seconds.exclude(opening__session__round__second_opening__opened_at=None)
    found = [
        KeyWaited(round=r, tender_name=t, lot_name=n, second=False, last=phase == 2, until=until)
        for r, t, n, phase, until in firsts.values_list(
            *_WAITED, "session__round__phase", "session__window_ends_at"
        ).order_by("pk")
    ]
    return found + [
        KeyWaited(round=r, tender_name=t, lot_name=n, second=True, until=until)
        for r, t, n, until in seconds.values_list(
            *(f"opening__{name}" for name in _WAITED),
            "opening__session__round__second_opening__window_ends_at",
        ).order_by("pk")
    ]


_WAITED = ("session__round__public_id", "session__round__lot__tender__name", "session__round__lot__name")


def _terms_of(round_: Round) -> tuple[bool, int]:
    """Return whether the tender file puts prices into a second envelope, and its decryption window in minutes."""
    files = TenderFile.objects.filter(tender=round_.lot.tender, version=round_.file_version)
    found = files.values_list("document__scheme__method__envelopes", "document__decryption_minutes").first()
    envelopes, minutes = found or (None, None)
    return round_.phase == 1 and envelopes == 2, int(minutes or HallRow.decryption_minutes)


def _envelopes(round_: Round) -> QuerySet[SecondEnvelope]:
    return SecondEnvelope.objects.filter(opening__session__round=round_).defer(
        "fields", "salts", "manifest", "manifest_signature", "envelope"
    )


def _rows(session: OpeningSession) -> list[BidOpening]:
    order = ["price", "bid__entry_hash"] if session.shown_at else ["bid__entry_hash"]
    here = CheckIn.objects.filter(round=session.round_id, bidder=OuterRef("bid__bidder"))
    rows = session.bids.select_related("bid__bidder").order_by(*order)
    return list(rows.annotate(checked_in_at=Subquery(here.values("checked_in_at"))))


def _hall_bid(
    row: BidOpening, session: OpeningSession, viewer: Actor, second: SecondEnvelope | None
) -> HallBid:
    shown = session.shown_at is not None and row.state == BidOpening.OPENED
    manager = row.fields.get("manager") if shown else None
    own = bool(viewer.organisation_pk) and row.bid.bidder_id == viewer.organisation_pk
    return HallBid(
        bid=row.bid.public_id,
        bidder=row.bid.bidder.name,
        state=row.state,
        label=STATE_LABELS[row.state],
        price=row.price if shown else None,
        duration_days=row.duration_days if shown else None,
        quality=row.fields.get("quality") if shown else None,
        manager=manager.get("name") if isinstance(manager, dict) else manager,
        members=tuple(m["name"] for m in row.fields.get("members") or []) if shown else (),
        reason=row.reason,
        own=own,
        checked_in_at=row.checked_in_at,  # type: ignore[attr-defined]
        shares_asked=own and row.shares_asked_at is not None,
        second_state=second.state if second else "",
        second_label=STATE_LABELS[second.state] if second else "",
        second_reason=second.reason if second else "",
    )


def record_to_sign(*, round_id: str, viewer: Actor) -> bytes:
    """Return the canonical bytes of the opening record as it stands, for signing; only once prices are shown.

    :raises NotFound: no opening yet, or it is not read out
    """
    require(viewer, Permission.OPENING_WATCH)
    session = (
        OpeningSession.objects.select_related("round__lot__tender")
        .filter(round__public_id=round_id, round__phase=1)
        .exclude(round__procedure_code__in=QUIET)
        .first()
    )
    if session is None or not session.settled:
        raise NotFound("该标段尚未开标唱标, 开标记录还没有形成")
    return canonical(session.record or record_of(session))


@dataclass(frozen=True, kw_only=True)
class OpenedBid:
    """An opened bid as evaluation and award use it."""

    pk: int
    bid: str
    bidder_pk: int
    bidder: str
    uscc: str
    #: None while the price is in a second envelope that is not read out
    read_price: Decimal | None
    duration_days: int
    fields: dict[str, Any]
    attachments: list[dict[str, Any]]

    @property
    def price(self) -> Decimal:
        """Return the price, in 元, where the price has been read out: to ask earlier is a bug."""
        assert self.read_price is not None, "the second envelope is not read out"
        return self.read_price


def opened_bids(round_pk: int) -> list[OpenedBid]:
    """Return the bids of a round that were opened, cheapest first (for the stages after the opening).

    A price in a second envelope is there once that was read out; bids without one come last.
    """
    rows = (
        BidOpening.objects.filter(session__round_id=round_pk, state=BidOpening.OPENED)
        .select_related("bid__bidder")
        .order_by("price", "bid__entry_hash")
    )
    return [
        OpenedBid(
            pk=r.pk,
            bid=r.bid.public_id,
            bidder_pk=r.bid.bidder_id,
            bidder=r.bid.bidder.name,
            uscc=r.bid.bidder.uscc,
            read_price=r.price,
            duration_days=r.duration_days,
            fields=r.fields,
            attachments=r.attachments,
        )
        for r in rows
        if (r.price is not None or r.two_envelopes) and r.duration_days is not None
    ]


@dataclass(frozen=True)
class Avoidable:
    """An organisation that a committee member must have no tie to."""

    name: str
    uscc: str


def bidders_of_rounds(round_pks: Sequence[int]) -> list[Avoidable]:
    """Return bidders and consortium members of opened rounds, for avoidance at check-in."""
    found: dict[str, str] = {}
    rows = BidOpening.objects.filter(session__round_id__in=round_pks, session__shown_at__isnull=False)
    for row in rows.select_related("bid__bidder"):
        found[row.bid.bidder.uscc] = row.bid.bidder.name
        for member in row.fields.get("members") or []:
            found[str(member.get("uscc"))] = str(member.get("name"))
    return [Avoidable(name=name, uscc=uscc) for uscc, name in sorted(found.items())]


def not_yet_opened(rounds: Sequence[Round]) -> bool:
    """Say whether any of the rounds still takes packages or is being opened: no member may check in before."""
    before = {Stage.OPEN_FOR_BID, Stage.CLOSED, Stage.OPENING, Stage.PQ_OPEN}
    return any(
        r.stage in before or (r.stage == Stage.PQ_CLOSED and not quiet.is_settled(r.pk)) for r in rounds
    )


@dataclass(frozen=True, kw_only=True)
class ReadOut:
    """What was read out of one bid."""

    round_pk: int
    bidder: str
    uscc: str
    label: str
    price: Decimal | None
    duration_days: int | None
    reason: str


def read_out_of(round_pks: Sequence[int]) -> list[ReadOut]:
    """Return what was read out in openings whose prices are shown, opening by opening, cheapest first."""
    rows = (
        BidOpening.objects.filter(
            session__round_id__in=round_pks, session__round__phase=1, session__shown_at__isnull=False
        )
        .exclude(session__round__procedure_code__in=QUIET)
        .select_related("bid__bidder", "session")
        .order_by("-session__opened_at", "session_id", "price", "bid__entry_hash")
    )
    return [
        ReadOut(
            round_pk=row.session.round_id,
            bidder=row.bid.bidder.name,
            uscc=row.bid.bidder.uscc,
            label=STATE_LABELS[row.state],
            price=row.price,
            duration_days=row.duration_days,
            reason=row.reason,
        )
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class Ready:
    """An opening whose record can be signed: how many bids, how many of them opened."""

    bids: int
    opened: int


def ready_to_end(round_pks: Sequence[int]) -> dict[int, Ready]:
    """Return the openings that may end now: prices shown, something opened, no objection without answer, no pause."""
    rows = (
        OpeningSession.objects.filter(round_id__in=round_pks, shown_at__isnull=False, ended_at=None)
        .filter(paused_at=None)
        .exclude(Exists(OpeningObjection.objects.filter(session=OuterRef("pk"), answered_at=None)))
        .annotate(
            of=Count("bids", distinct=True),
            opened=Count("bids", filter=Q(bids__state=BidOpening.OPENED), distinct=True),
        )
        .filter(opened__gt=0)
    )
    return {row.round_id: Ready(bids=row.of, opened=row.opened) for row in rows}


def drawn_parameters(round_pk: int) -> dict[str, Any]:
    """Return the method's parameters drawn when the opening ended: {name: value}, numbers as text."""
    record = OpeningSession.objects.filter(round_id=round_pk).values_list("record", flat=True).first() or {}
    return {row["name"]: row["value"] for row in record.get("parameters", [])}


def all_bidders(round_pk: int) -> list[int]:
    """Return the organisations that took part in an opened round."""
    return list(
        BidOpening.objects.filter(session__round_id=round_pk).values_list("bid__bidder_id", flat=True)
    )


def session_ended_at(round_pk: int) -> datetime | None:
    """Return when the opening of a round ended, None while it has not."""
    found: datetime | None = (
        OpeningSession.objects.filter(round_id=round_pk).values_list("ended_at", flat=True).first()
    )
    return found


def tenderers_of(round_pks: Sequence[int]) -> list[tuple[str, str]]:
    """Return (USCC, name) of the bidders of opened rounds whose prices are shown."""
    rows = BidOpening.objects.filter(
        session__round_id__in=round_pks, session__round__phase=1, session__shown_at__isnull=False
    ).exclude(session__round__procedure_code__in=QUIET)
    return sorted(set(rows.values_list("bid__bidder__uscc", "bid__bidder__name")))


def has_confirmed(*, round_id: str, actor: Actor) -> bool:
    """Say whether the actor's organisation has signed the opening record of a round."""
    session = OpeningSession.objects.filter(round__public_id=round_id).first()
    if session is None or not session.record_sha256:
        return False
    signed = signatures_on(kind="opening_record", subject=session.public_id)
    return any(s.certificate.organisation_id == actor.organisation_pk for s in signed)

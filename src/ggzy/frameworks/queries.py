"""Frameworks, members and calls as pages and the API show them: what is sealed, and who sealed it, is in no row before its time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from ggzy.frameworks import rules, turns
from ggzy.frameworks.calling import OPEN_STAGES, fitting, price_of, supplier_is_silent, unit_prices
from ggzy.frameworks.competing import sealed_offers
from ggzy.frameworks.models import CallOff, Framework, FrameworkMember, TurnChance
from ggzy.frameworks.moves import in_force
from ggzy.frameworks.rules import Category, Collector, Ground, Kind, Outcome, TieRule, TurnRule, Way
from ggzy.frameworks.telling import FILE, INFORM, REVIEW, SIGN, SUMMARY, clock_of, counted, held_days
from ggzy.kernel.actors import ANYONE, Actor, Role
from ggzy.kernel.refusals import NotFound, NotSignedIn
from ggzy.law.limits import beijing_date
from ggzy.law.table import limit
from ggzy.objections.proceedings import held_for
from ggzy.procedures.spec import Stage

_LIST = (("框架协议", "/frameworks"),)
#: calls that the public hears of: a deal, its contract
_PUBLIC_CALLS = (Stage.DEALT.value, Stage.CONTRACTED.value)


@dataclass(frozen=True, kw_only=True)
class ClockRow:
    """A clock that runs for somebody: what for, when it is over, its clause and how it was counted."""

    key: str
    says: str
    due_at: datetime
    clause: str
    arithmetic: str


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """One supplier of a framework; what it wrote of itself is for the collector, the finance department and itself."""

    member: str
    supplier: str
    uscc: str
    address: str
    contact: str
    stage: str
    place: int
    prices: dict[str, str]
    statement: str
    reason: str
    ground: str
    applied_at: datetime
    joined_at: datetime | None
    left_at: datetime | None
    own: bool
    supplier_signed: bool
    collector_signed: bool
    #: when its application must be reviewed
    clock: ClockRow | None = None

    @property
    def label(self) -> str:
        """Return how it stands, in words."""
        if self.stage == Stage.QUIT.value:
            return "已清退" if self.ground else "已退出"
        return Stage(self.stage).label

    @property
    def ground_label(self) -> str:
        """Return on which ground it was removed, "" where it was not."""
        return Ground(self.ground).label if self.ground else ""

    @property
    def within(self) -> bool:
        """Say whether it is in, or was to the end of the term."""
        ended = self.stage == Stage.EXPIRED.value and self.joined_at is not None
        return ended or self.stage == Stage.JOINED.value


@dataclass(frozen=True, kw_only=True)
class OfferRow:
    """One offer of a second competition: shown to others only once the result stands."""

    supplier: str
    uscc: str
    commitment: str
    committed_at: datetime
    price: Decimal | None
    salt: str
    ceiling: Decimal
    stands: bool
    lot: str
    own: bool


@dataclass(frozen=True, kw_only=True)
class ChanceRow:
    """One chance in the order of turns."""

    call: str
    member: str
    supplier: str
    round: int
    given_at: datetime
    outcome: str
    answered_at: datetime | None
    #: for the buyer, the collector, the finance department and whoever gave it
    reason: str = ""

    @property
    def label(self) -> str:
        """Return what became of it, in words."""
        return Outcome(self.outcome).label


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """One call as a viewer sees it."""

    call: str
    framework: str
    framework_name: str
    number: str
    name: str
    needs: str
    contact: str
    buyer: str
    stage: str
    way: str
    items: list[dict[str, str]]
    raised_at: datetime
    reason: str
    member: str
    supplier: str
    price: Decimal | None
    sealed_until: datetime | None
    reveal_until: datetime | None
    answer_until: datetime | None
    invited: int
    tie_rule: str
    offers: list[OfferRow]
    chances: list[ChanceRow]
    lower: dict[str, Any]
    dealt_at: datetime | None
    buyer_signed: bool
    supplier_signed: bool
    signed_at: datetime | None
    ended_at: datetime | None
    #: "buyer", "supplier" (of the deal), "member" (asked or able), "collector", "finance" or ""
    side: str
    #: the viewer's own: whether it is its turn, what it has sealed, its ceiling and what it said to an outsider's price
    own_turn: bool = False
    own_offer: OfferRow | None = None
    own_ceiling: Decimal | None = None
    own_lower: str = ""
    #: for the buyer while it may choose: members with what the call costs with them
    able: list[tuple[str, str, Decimal]] = field(default_factory=list)
    ways: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """Return where it stands, in words."""
        return {"STOPPED": "采购需求已取消", "CONTRACTED": "合同已签订"}.get(
            self.stage, Stage(self.stage).label
        )

    @property
    def way_label(self) -> str:
        """Return how the contract is given, in words."""
        return Way(self.way).label if self.way else ""

    @property
    def tie_label(self) -> str:
        """Return the rule for equal offers, in words."""
        return TieRule(self.tie_rule).label if self.tie_rule else ""


@dataclass(frozen=True, kw_only=True)
class FrameworkRow:
    """One framework as a viewer sees it."""

    framework: str
    kind: str
    stage: str
    name: str
    deal_code: str
    ocid: str
    collector: str
    collector_kind: str
    category: str
    needs: str
    conditions: str
    scope: str
    settlement: str
    contract_terms: str
    removal_terms: str
    contact: str
    items: list[dict[str, str]]
    ways: list[str]
    turn_rule: str
    tie_rule: str
    response_hours: int
    collection: dict[str, Any]
    published_at: datetime
    ends_at: datetime
    letter_sent_at: datetime | None
    agreed_at: datetime | None
    filing: str
    filed_at: datetime | None
    informed_at: datetime | None
    original: int
    supplement_reason: str
    expired_at: datetime | None
    summarised_at: datetime | None
    in_force: bool
    members: list[MemberRow]
    #: whose turn it is: USCC of the member, and the number of the round
    turn: rules.Turn | None
    #: "collector", "supplier" (it is, was or asks to be in), "finance", "buyer" (any other buyer) or ""
    side: str
    clocks: list[ClockRow]
    warnings: list[str]

    @property
    def label(self) -> str:
        """Return where it stands, in words."""
        return Stage(self.stage).label

    @property
    def kind_label(self) -> str:
        """Return 开放式 or 封闭式."""
        return Kind(self.kind).label

    @property
    def category_label(self) -> str:
        """Return 货物 or 服务."""
        return Category(self.category).label

    @property
    def collector_label(self) -> str:
        """Return what kind of collector it is."""
        return Collector(self.collector_kind).label

    @property
    def way_labels(self) -> list[str]:
        """Return the ways of calling off that its file names, in words."""
        return [Way(way).label for way in self.ways]

    @property
    def turn_label(self) -> str:
        """Return the rule of the order of turns, in words."""
        return TurnRule(self.turn_rule).label if self.turn_rule else ""

    @property
    def tie_label(self) -> str:
        """Return the rule for equal offers, in words."""
        return TieRule(self.tie_rule).label if self.tie_rule else ""

    @property
    def within(self) -> list[MemberRow]:
        """Return who is in, in the order of places."""
        return [member for member in self.members if member.within]

    @property
    def applied(self) -> list[MemberRow]:
        """Return whose application waits for a review."""
        return [member for member in self.members if member.stage == Stage.APPLIED.value]

    @property
    def shortlisted(self) -> list[MemberRow]:
        """Return whose agreement is to be signed."""
        return [member for member in self.members if member.stage == Stage.SHORTLIST.value]

    @property
    def gone(self) -> list[MemberRow]:
        """Return who has left or was removed."""
        return [member for member in self.members if member.stage == Stage.QUIT.value]

    @property
    def own(self) -> MemberRow | None:
        """Return the viewer's own latest place or application."""
        return next((member for member in reversed(self.members) if member.own), None)

    @property
    def turn_of(self) -> str:
        """Return the name of whose turn it is, "" where nobody's."""
        return next((m.supplier for m in self.members if self.turn and m.uscc == self.turn.member), "")


def _clock(key: str, started: datetime, paused: frozenset[date] = frozenset()) -> ClockRow:
    row, count = limit(key, on=beijing_date(started)), counted(key, started=started, paused=paused)
    return ClockRow(
        key=key, says=row.says, due_at=count.instant, clause=row.cites, arithmetic=count.arithmetic
    )


def _member(row: FrameworkMember, *, viewer: Actor, reads_all: bool) -> MemberRow:
    own = viewer.signed_in and row.supplier_id == viewer.organisation_pk
    inside = own or reads_all
    return MemberRow(
        member=row.public_id,
        supplier=row.supplier.name,
        uscc=row.supplier.uscc,
        address=row.supplier.address,
        contact=row.contact,
        stage=row.stage,
        place=row.place,
        prices=row.prices,
        statement=row.statement if inside else "",
        # why somebody was removed is published; why an application failed is between the two
        reason=row.reason if inside or row.ground else "",
        ground=row.ground,
        applied_at=row.applied_at,
        joined_at=row.joined_at,
        left_at=row.left_at,
        own=own,
        supplier_signed=row.signature_id is not None,
        collector_signed=row.collector_signature_id is not None,
        clock=_clock(REVIEW, row.applied_at) if reads_all and row.stage == Stage.APPLIED.value else None,
    )


def _side(row: Framework, viewer: Actor, members: Iterable[FrameworkMember]) -> str:
    if not viewer.signed_in:
        return ""
    if viewer.role is Role.TENDEREE:
        return "collector" if viewer.organisation_pk == row.collector_id else "buyer"
    if viewer.role is Role.SUPERVISOR:
        return "finance"
    mine = viewer.role is Role.BIDDER and any(m.supplier_id == viewer.organisation_pk for m in members)
    return "supplier" if mine else ""


_HIDDEN = (Stage.APPLIED.value, Stage.REJECTED.value)
_KEPT = (
    *("kind", "stage", "name", "deal_code", "ocid", "collector_kind", "category", "needs", "conditions"),
    *("scope", "settlement", "contract_terms", "removal_terms", "contact", "items", "ways", "turn_rule"),
    *("tie_rule", "response_hours", "collection", "published_at", "ends_at", "letter_sent_at", "agreed_at"),
    *("filing", "filed_at", "informed_at", "original", "supplement_reason", "expired_at", "summarised_at"),
)


def _frameworks() -> QuerySet[Framework]:
    members = FrameworkMember.objects.select_related("supplier").order_by("place", "pk")
    return (
        Framework.objects.select_related("collector")
        .prefetch_related(Prefetch("members", queryset=members))
        .order_by("-pk")
    )


def _rows(
    found: Sequence[Framework], *, viewer: Actor, now: datetime, turn: bool = False
) -> list[FrameworkRow]:
    signing = [row for row in found if clock_of(row, SIGN) is not None]
    held = held_days(signing, now=now)
    return [
        _framework(row, viewer=viewer, held=held.get(row.public_id, frozenset()), now=now, turn=turn)
        for row in found
    ]


def _framework(
    row: Framework, *, viewer: Actor, held: frozenset[date], now: datetime, turn: bool
) -> FrameworkRow:
    members = list(row.members.all())
    side = _side(row, viewer, members)
    reads_all = side in {"collector", "finance"}
    shown = [
        m
        for m in members
        if reads_all
        or (m.stage not in _HIDDEN and (m.joined_at or m.stage != Stage.EXPIRED.value))
        or (side and m.supplier_id == viewer.organisation_pk)
    ]
    started = {key: clock_of(row, key) for key in (SIGN, FILE, INFORM, SUMMARY)}
    kind, category = Kind(row.kind), Category(row.category)
    warnings = (
        rules.term_warning(category, begins=beijing_date(row.published_at), ends=beijing_date(row.ends_at)),
        rules.ways_warning(kind, row.ways),
    )
    return FrameworkRow(
        **{name: getattr(row, name) for name in _KEPT},
        framework=row.public_id,
        collector=row.collector.name,
        in_force=in_force(row, now=now),
        members=[_member(m, viewer=viewer, reads_all=reads_all) for m in shown],
        turn=turns.turn_at(row, at=now) if turn and in_force(row, now=now) else None,
        side=side,
        clocks=[
            _clock(key, since, held if key == SIGN else frozenset())
            for key, since in started.items()
            if since is not None
        ],
        warnings=[text for text in warnings if text],
    )


def framework_row(framework_id: str, *, viewer: Actor, now: datetime) -> FrameworkRow:
    """Return one framework; every framework is public, applications are not.

    :raises NotFound: no such framework
    """
    found = _frameworks().filter(public_id=framework_id).first()
    if found is None:
        raise NotFound("没有这个框架协议", next_steps=_LIST)
    return _rows([found], viewer=viewer, now=now, turn=True)[0]


def public_rows(*, now: datetime, most: int = 100) -> list[FrameworkRow]:
    """Return the frameworks, those in force first, then the newest."""
    found = _rows(_frameworks()[:most], viewer=ANYONE, now=now)
    return sorted(found, key=lambda row: not row.in_force)


def rows_of(viewer: Actor, *, now: datetime, own: bool = False, most: int = 100) -> list[FrameworkRow]:
    """Return the frameworks that concern a viewer: what it collects, is in, or may call off from.

    :param own: without those that it could only call off from, or oversees

    :raises NotSignedIn: nobody is signed in
    """
    if not viewer.signed_in:
        raise NotSignedIn("请先登录", next_steps=(("登录", "/login"),))
    rows = _frameworks()
    if viewer.role is Role.BIDDER:
        rows = rows.filter(members__supplier_id=viewer.organisation_pk).distinct()
    elif own and viewer.role is Role.TENDEREE:
        rows = rows.filter(collector_id=viewer.organisation_pk)
    elif own or viewer.role not in {Role.TENDEREE, Role.SUPERVISOR}:
        return []
    return _rows(rows[:most], viewer=viewer, now=now)


# --- calls


def _calls() -> QuerySet[CallOff]:
    return (
        CallOff.objects.select_related("framework__collector", "buyer", "supplier", "member__supplier")
        .prefetch_related("offers__member__supplier", "chances__member__supplier")
        .order_by("-pk")
    )


def _call_side(row: CallOff, viewer: Actor, mine: FrameworkMember | None) -> str:
    if not viewer.signed_in:
        return ""
    if viewer.role is Role.SUPERVISOR:
        return "finance"
    if viewer.role is Role.TENDEREE:
        if viewer.organisation_pk == row.buyer_id:
            return "buyer"
        return "collector" if viewer.organisation_pk == row.framework.collector_id else ""
    if viewer.role is Role.BIDDER:
        if viewer.organisation_pk == row.supplier_id:
            return "supplier"
        asked = mine is not None and (
            mine.public_id in row.invited or any(c.member_id == mine.pk for c in row.chances.all())
        )
        return "member" if asked else ""
    return ""


def _offers(row: CallOff, mine: FrameworkMember | None) -> list[OfferRow]:
    """Return the offers that may be shown: one's own; everybody's only once the competition is settled."""
    settled = row.stage not in {Stage.MINI_BID.value, Stage.STOPPED.value}
    judged = {offer.member: offer for offer in sealed_offers(row)} if row.sealed_until else {}
    lots = rules.lots(judged.values()) if settled and row.framework.tie_rule == TieRule.LOT.value else {}
    return [
        OfferRow(
            supplier=one.member.supplier.name,
            uscc=one.member.supplier.uscc,
            commitment=one.commitment,
            committed_at=one.committed_at,
            price=one.price,
            salt=one.salt,
            ceiling=judged[one.member.public_id].ceiling,
            stands=judged[one.member.public_id].stands,
            lot=lots.get(one.member.public_id, ""),
            own=mine is not None and one.member_id == mine.pk,
        )
        for one in sorted(row.offers.all(), key=lambda o: (o.committed_at, o.pk))
        if settled or (mine is not None and one.member_id == mine.pk)
    ]


def _chance(one: Any, *, reads: bool, mine: FrameworkMember | None) -> ChanceRow:
    own = mine is not None and one.member_id == mine.pk
    return ChanceRow(
        call=one.call.public_id,
        member=one.member.public_id,
        supplier=one.member.supplier.name,
        round=one.round,
        given_at=one.given_at,
        outcome=one.outcome,
        answered_at=one.answered_at,
        reason=one.reason if reads or own else "",
    )


def _lower(row: CallOff, *, side: str) -> dict[str, Any]:
    if not row.lower:
        return {}
    shown = {"price": row.lower["price"], "sha256": row.lower["file"]["sha256"]}
    if side in {"buyer", "collector", "finance"}:
        names = {
            m.public_id: m.supplier.name
            for m in FrameworkMember.objects.select_related("supplier").filter(
                public_id__in=row.lower["answers"]
            )
        }
        shown |= {
            "name": row.lower["name"],
            "proof": row.lower["proof"],
            "file": row.lower["file"]["name"],
            "answers": [(names[member], price) for member, price in row.lower["answers"].items()],
        }
    return shown


def _own_places(viewer: Actor) -> dict[int, FrameworkMember]:
    """Return {framework: the viewer's own latest place in it}, asked once for many calls."""
    if not viewer.signed_in or viewer.role is not Role.BIDDER:
        return {}
    rows = FrameworkMember.objects.filter(supplier_id=viewer.organisation_pk, joined_at__isnull=False)
    return {row.framework_id: row for row in rows.order_by("pk")}


def _call(row: CallOff, *, viewer: Actor, places: dict[int, FrameworkMember]) -> CallRow:
    mine = places.get(row.framework_id)
    side = _call_side(row, viewer, mine)
    inside = side in {"buyer", "collector", "finance"}
    offers = _offers(row, mine)
    chances = sorted(row.chances.all(), key=lambda c: c.pk)
    choosing = side == "buyer" and row.stage == Stage.NEED.value
    dealt = row.stage in _PUBLIC_CALLS
    # what is chosen but not confirmed is the buyer's
    chosen = row.member.supplier.name if row.member and inside else ""
    return CallRow(
        call=row.public_id,
        framework=row.framework.public_id,
        framework_name=row.framework.name,
        number=row.number,
        name=row.name,
        needs=row.needs,
        contact=row.contact,
        buyer=row.buyer.name,
        stage=row.stage,
        way=row.way,
        items=[
            {**item, "quantity": row.quantities[item["number"]]}
            | {"price": unit_prices(row).get(item["number"], "") if dealt else ""}
            for item in row.framework.items
            if item["number"] in row.quantities
        ],
        raised_at=row.raised_at,
        reason=row.reason if dealt or inside or row.ended_at else "",
        member=row.member.public_id if row.member and (dealt or inside) else "",
        supplier=row.supplier.name if row.supplier and dealt else chosen,
        price=row.price,
        sealed_until=row.sealed_until,
        reveal_until=row.reveal_until,
        answer_until=row.answer_until,
        invited=len(row.invited),
        tie_rule=row.framework.tie_rule if row.sealed_until else "",
        offers=offers,
        chances=[_chance(one, reads=inside, mine=mine) for one in chances],
        lower=_lower(row, side=side),
        dealt_at=row.dealt_at,
        buyer_signed=row.buyer_signature_id is not None,
        supplier_signed=row.supplier_signature_id is not None,
        signed_at=row.signed_at,
        ended_at=row.ended_at,
        side=side,
        own_turn=mine is not None
        and row.stage == Stage.TURN.value
        and any(c.member_id == mine.pk and c.outcome == Outcome.WAITING.value for c in chances),
        own_offer=next((o for o in offers if o.own), None),
        own_ceiling=price_of(row, mine) if mine and set(row.quantities) <= set(mine.prices) else None,
        own_lower=row.lower.get("answers", {}).get(mine.public_id, "") if mine else "",
        able=[(m.public_id, m.supplier.name, price_of(row, m)) for m in fitting(row)] if choosing else [],
        ways=list(row.framework.ways) if choosing else [],
    )


def call_row(call_id: str, *, viewer: Actor) -> CallRow:
    """Return one call: before its deal only to whom it concerns.

    :raises NotFound: no such call, or not for this viewer
    """
    found = _calls().filter(public_id=call_id).first()
    if found is not None:
        row = _call(found, viewer=viewer, places=_own_places(viewer))
        if row.side or found.stage in _PUBLIC_CALLS:
            return row
    raise NotFound("没有这次合同授予, 或者尚未成交", next_steps=_LIST)


def own_call(call_id: str, *, viewer: Actor) -> CallRow:
    """Return one call to somebody who works on it.

    :raises NotFound: it is nobody's concern who asks
    """
    row = call_row(call_id, viewer=viewer)
    if not row.side:
        raise NotFound("这次合同授予不由您办理", next_steps=(("公开页面", f"/call-offs/{call_id}"),))
    return row


def proof_of(call_id: str, *, viewer: Actor) -> tuple[str, str]:
    """Return the (name, SHA-256) of the kept proof to the buyer, the collector or the finance department.

    :raises NotFound: there is none, or not for this reader
    """
    found = _calls().filter(public_id=call_id).first()
    if (
        found is None
        or not found.lower
        or _call_side(found, viewer, None) not in {"buyer", "collector", "finance"}
    ):
        raise NotFound("没有这份证明材料, 或者由采购人、征集人和财政部门查阅", next_steps=_LIST)
    return str(found.lower["file"]["name"]), str(found.lower["file"]["sha256"])


def calls_of_framework(framework_id: str, *, viewer: Actor, most: int = 200) -> list[CallRow]:
    """Return the calls of a framework that a viewer may see, newest first."""
    rows = _calls().filter(framework__public_id=framework_id)
    if not (viewer.signed_in and viewer.role in {Role.TENDEREE, Role.SUPERVISOR, Role.BIDDER}):
        rows = rows.filter(stage__in=_PUBLIC_CALLS)
    places = _own_places(viewer)
    found = (_call(row, viewer=viewer, places=places) for row in rows[:most])
    return [row for row in found if row.side or row.stage in _PUBLIC_CALLS]


def calls_of(viewer: Actor, *, most: int = 100) -> list[CallRow]:
    """Return the calls that somebody works on, newest first; a supplier's that ask it or are its deals."""
    places = _own_places(viewer)
    if viewer.role is Role.TENDEREE:
        rows = _calls().filter(Q(buyer_id=viewer.organisation_pk))
    elif viewer.role is Role.BIDDER:
        mine = [place.public_id for place in places.values()]
        asked = Q(supplier_id=viewer.organisation_pk) | Q(chances__member__public_id__in=mine)
        for member in mine:
            asked |= Q(invited__contains=[member])
        rows = _calls().filter(asked).distinct()
    else:
        return []
    return [row for row in (_call(found, viewer=viewer, places=places) for found in rows[:most]) if row.side]


def turn_history(framework_id: str) -> dict[str, Any]:
    """Return everything from which the order of turns is recomputed: the rule, the seats, every chance and whether it counts.

    :raises NotFound: no such framework, or turns are not its way
    """
    framework = Framework.objects.filter(public_id=framework_id).exclude(turn_rule="").first()
    if framework is None:
        raise NotFound("没有这个框架协议, 或者它不采用顺序轮候", next_steps=_LIST)
    names = dict(
        framework.members.exclude(joined_at=None).values_list("supplier__uscc", "supplier__name").distinct()
    )
    seats = rules.in_order(turns.seats(framework), rule=TurnRule(framework.turn_rule))
    given = TurnChance.objects.filter(call__framework=framework).order_by("given_at", "pk")
    return {
        "rule": framework.turn_rule,
        "seats": [
            {
                "member": seat.member,
                "supplier": names[seat.member],
                "place": seat.place,
                "joined_at": seat.joined_at,
                "left_at": seat.left_at,
            }
            for seat in seats
        ],
        "chances": [
            {
                "member": chance.member.supplier.uscc,
                "call": chance.call.number,
                "at": chance.given_at,
                "outcome": chance.outcome,
                "until": chance.answered_at,
                "counts": chance.outcome != Outcome.VOID.value,
            }
            for chance in given.select_related("member__supplier", "call")
        ],
    }


# --- what waits


def framework_step(row: FrameworkRow, *, now: datetime) -> tuple[str, str]:
    """Return (what to do, the anchor of its form) that waits for this viewer on a framework, ("", "") where nothing does."""
    if row.side == "collector":
        if row.applied:
            return f"审核加入申请({len(row.applied)}件)", "review"
        if any(clock.key == SUMMARY for clock in row.clocks):
            return "发布成交结果汇总公告", "summary"
        if row.shortlisted and any(not m.collector_signed for m in row.shortlisted):
            return "签订框架协议", "agreements"
        if row.shortlisted:
            ready = all(m.supplier_signed and m.collector_signed for m in row.shortlisted)
            late = any(clock.key == SIGN and now >= clock.due_at for clock in row.clocks)
            return ("框架协议签订完毕", "agreements") if ready or late else ("", "")
        if row.stage == Stage.AGREED.value:
            return "告知采购人, 开始使用", "inform"
        if row.agreed_at and not row.filed_at and not row.expired_at:
            return "登记框架协议备案", "filing"
        return "", ""
    if row.side == "supplier" and row.own and row.own.stage == Stage.SHORTLIST.value:
        return ("签订框架协议", "agreements") if not row.own.supplier_signed else ("", "")
    return "", ""


def may_stop(row: CallRow, *, now: datetime) -> bool:
    """Say whether the viewer may take this call back: its buyer, before the deal or once the supplier is silent."""
    silent = supplier_is_silent(
        stage=row.stage,
        dealt_at=row.dealt_at,
        held=held_for(row.call, since=row.dealt_at, now=now) if row.dealt_at else timedelta(0),
        buyer_signed=row.buyer_signed,
        supplier_signed=row.supplier_signed,
        now=now,
    )
    return row.side == "buyer" and (silent or Stage(row.stage) in OPEN_STAGES)


def call_step(row: CallRow, *, now: datetime) -> tuple[str, str]:
    """Return (what to do, the anchor of its form) that waits for this viewer on a call, ("", "") where nothing does."""
    if row.stage == Stage.DEALT.value:
        signed = {"buyer": row.buyer_signed, "supplier": row.supplier_signed}
        return ("签订合同", "contract") if not signed.get(row.side, True) else ("", "")
    if row.side == "buyer":
        if row.stage == Stage.NEED.value:
            return "确定怎样授予合同", "choose"
        if row.stage == Stage.SELECT.value:
            return "确认选定", "confirm"
        if row.stage == Stage.LOWER.value:
            over = row.answer_until is not None and now >= row.answer_until
            return ("确定是否授予非入围供应商", "lower") if over or row.lower.get("answers") else ("", "")
        return "", ""
    if row.own_turn:
        return "轮到本单位, 请答复", "turn"
    if row.side == "member" and row.stage == Stage.MINI_BID.value and row.sealed_until and row.reveal_until:
        if now < row.sealed_until:
            return ("封存报价", "seal") if row.own_offer is None else ("", "")
        waits = row.own_offer is not None and row.own_offer.price is None and now < row.reveal_until
        return ("揭示报价", "reveal") if waits else ("", "")
    if row.side == "member" and row.stage == Stage.LOWER.value:
        waits = row.answer_until is not None and now < row.answer_until and not row.own_lower
        return ("答复是否降价", "lower") if waits else ("", "")
    return "", ""


def due_on(row: CallRow, *, now: datetime) -> datetime | None:
    """Return until when what a call waits for is to be done."""
    if row.stage == Stage.MINI_BID.value:
        return row.sealed_until if row.sealed_until and now < row.sealed_until else row.reveal_until
    return row.answer_until if Stage(row.stage) in OPEN_STAGES else None


def framework_of_round(round_id: str) -> str:
    """Return the public id of the framework that a round has collected, "" where there is none."""
    found = Framework.objects.filter(collection__round=round_id).values_list("public_id", flat=True)
    return found.first() or ""

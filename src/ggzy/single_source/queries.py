"""Purchases from one supplier as pages show them: to everybody what is public, to the sides and the finance department more."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from ggzy.kernel.actors import ANYONE, Actor, Role
from ggzy.kernel.refusals import NotFound, NotSignedIn
from ggzy.procedures.spec import Stage
from ggzy.single_source.clocks import clock_of
from ggzy.single_source.models import Purchase
from ggzy.single_source.rules import Ending, Ground, Standing, Way, way_of

_LIST = (("单一来源采购", "/single-sources"),)


@dataclass(frozen=True, kw_only=True)
class ObjectionRow:
    """An objection: when and from whom; the text for the buyer, the finance department and whoever objected."""

    objection: str
    raised_at: datetime
    by_unit: bool
    sender: str
    text: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class VoiceRow:
    """One person of the negotiation, and for those who took part the signature."""

    negotiator: str
    name: str
    supplier: bool
    standing: str
    reason: str
    own: bool

    @property
    def label(self) -> str:
        """Return the words people read."""
        return Standing(self.standing).label if self.standing else ""

    @property
    def waits(self) -> bool:
        """Say whether this person may still sign."""
        return self.standing in {Standing.WAITING.value, Standing.SILENT.value}


@dataclass(frozen=True, kw_only=True)
class PurchaseRow:
    """One purchase as a viewer sees it."""

    purchase: str
    stage: str
    name: str
    needs: str
    buyer: str
    buyer_uscc: str
    supplier: str
    supplier_uscc: str
    supplier_address: str
    budget: Decimal
    ground: str
    reason: str
    first_contract: str
    first_price: Decimal | None
    experts: list[dict[str, str]]
    contact: str
    finance_contact: str
    deal_code: str
    ocid: str
    way: str
    argued_at: datetime
    published_at: datetime | None
    publicity_ends_at: datetime | None
    publicity_ended_at: datetime | None
    conclusion: str
    concluded_at: datetime | None
    asked_at: datetime | None
    approved: bool | None
    opinion: str
    document_number: str
    decided_at: datetime | None
    offer: dict[str, Any]
    offered_at: datetime | None
    record: dict[str, Any]
    price: Decimal | None
    recorded_at: datetime | None
    announced_at: datetime | None
    buyer_signed: bool
    supplier_signed: bool
    signed_at: datetime | None
    filing: str
    filed_at: datetime | None
    ending: str
    end_reason: str
    ended_at: datetime | None
    objections: list[ObjectionRow]
    voices: list[VoiceRow]
    #: "buyer", "supplier", "finance", "member" or "" for everybody else
    side: str
    due_at: datetime | None
    #: what is to be done, or is over, by then
    due_says: str
    due_clause: str
    #: how the clock was counted, in words
    due_arithmetic: str

    @property
    def label(self) -> str:
        """Return where it stands, in the words of this way of buying."""
        return {"ANNOUNCED": "成交结果已公告", "TERMINATED": "采购活动终止"}.get(
            self.stage, Stage(self.stage).label
        )

    @property
    def ground_label(self) -> str:
        """Return the ground in words."""
        return Ground(self.ground).label

    @property
    def ending_label(self) -> str:
        """Return why it was ended, "" where it was not."""
        return Ending(self.ending).label if self.ending else ""

    @property
    def met_at(self) -> datetime | None:
        """Return when the negotiation was, once there is a record."""
        return datetime.fromisoformat(self.record["met_at"]) if self.record else None

    @property
    def over_budget(self) -> bool:
        """Say whether the supplier asks for more than there is."""
        return bool(self.offer) and Decimal(self.offer["price"]) > self.budget

    @property
    def own_voice(self) -> VoiceRow | None:
        """Return the viewer's own place in the record."""
        return next((v for v in self.voices if v.own), None)

    @property
    def all_signed(self) -> bool:
        """Say whether nobody of the record is waited for."""
        return bool(self.voices) and all(v.standing != Standing.WAITING.value for v in self.voices)


def _side(row: Purchase, viewer: Actor, members: Iterable[int | None]) -> str:
    if viewer.signed_in and viewer.organisation_pk == row.buyer_id and viewer.role is Role.TENDEREE:
        return "buyer"
    if viewer.signed_in and viewer.organisation_pk == row.supplier_id and viewer.role is Role.BIDDER:
        return "supplier"
    if viewer.role is Role.SUPERVISOR:
        return "finance"
    return "member" if viewer.account_pk and viewer.account_pk in members else ""


def is_public(row: Purchase) -> bool:
    """Say whether the public has heard of a purchase: by its publicity, its result, or its end."""
    return bool(row.published_at or row.announced_at or row.ending)


def _rows() -> QuerySet[Purchase]:
    return (
        Purchase.objects.select_related("buyer", "supplier")
        .prefetch_related("objections__account__person", "negotiators__account__person")
        .order_by("-pk")
    )


def _row(row: Purchase, viewer: Actor) -> PurchaseRow:
    negotiators = sorted(row.negotiators.all(), key=lambda n: (not n.supplier, n.pk))
    side = _side(row, viewer, [n.account_id for n in negotiators])
    inside = bool(side)
    reads_all = side in {"buyer", "finance"}
    clock = clock_of(row)
    kept = ("name", "needs", "budget", "ground", "reason", "first_contract", "first_price", "experts")
    more = ("contact", "finance_contact", "deal_code", "ocid", "argued_at", "published_at", "stage")
    ends = ("publicity_ends_at", "publicity_ended_at", "conclusion", "concluded_at", "asked_at", "approved")
    last = ("document_number", "decided_at", "offered_at", "recorded_at", "announced_at", "signed_at")
    rest = ("filing", "filed_at", "ending", "end_reason", "ended_at")
    ground = Ground(row.ground)
    return PurchaseRow(
        **{name: getattr(row, name) for name in (*kept, *more, *ends, *last, *rest)},
        purchase=row.public_id,
        buyer=row.buyer.name,
        buyer_uscc=row.buyer.uscc,
        supplier=row.supplier.name,
        supplier_uscc=row.supplier.uscc,
        supplier_address=row.supplier.address,
        way=way_of(ground, budget=row.budget, threshold=settings.OPEN_TENDER_THRESHOLD).value,
        opinion=row.opinion,
        # cost and similar prices are the supplier's secret of trade: for the negotiation alone
        offer=row.offer if inside else {},
        record=row.record if inside else {},
        price=row.price if inside or row.announced_at else None,
        buyer_signed=row.buyer_signature_id is not None,
        supplier_signed=row.supplier_signature_id is not None,
        objections=[
            ObjectionRow(
                objection=o.public_id,
                raised_at=o.raised_at,
                by_unit=bool(o.organisation_name),
                sender=(o.organisation_name or str(o.account.person.name))
                if reads_all or o.account_id == viewer.account_pk
                else "",
                text=o.text if reads_all or o.account_id == viewer.account_pk else "",
                answer=o.answer,
            )
            for o in row.objections.all()
        ],
        voices=[
            VoiceRow(
                negotiator=n.public_id,
                name=row.supplier.name if n.supplier else str(n.account.person.name) if n.account else "",
                supplier=n.supplier,
                # the notice names them; what each thought of the price is for the negotiation
                standing=n.standing if inside else "",
                reason=n.reason if inside else "",
                own=side == "supplier" if n.supplier else n.account_id == viewer.account_pk,
            )
            for n in negotiators
        ]
        if inside or row.announced_at
        else [],
        side=side,
        due_at=clock.due_at if clock else None,
        due_says=clock.says if clock else "",
        due_clause=clock.clause if clock else "",
        due_arithmetic=clock.arithmetic if clock else "",
    )


def purchase_row(purchase_id: str, *, viewer: Actor) -> PurchaseRow:
    """Return one purchase; before it is public only to its sides and the finance department.

    :raises NotFound: no such purchase, or not for this viewer
    """
    found = _rows().filter(public_id=purchase_id).first()
    if found is not None:
        row = _row(found, viewer)
        if is_public(found) or (row.side and (found.stage != Stage.ARGUE.value or row.side == "buyer")):
            return row
    raise NotFound("没有这项单一来源采购, 或者尚未公开", next_steps=_LIST)


def own_row(purchase_id: str, *, viewer: Actor) -> PurchaseRow:
    """Return one purchase to somebody who works on it.

    :raises NotFound: it is nobody's concern who asks
    """
    row = purchase_row(purchase_id, viewer=viewer)
    if not row.side:
        raise NotFound("这项采购不由您办理", next_steps=(("公开页面", f"/single-sources/{purchase_id}"),))
    return row


def public_rows(*, most: int = 100) -> list[PurchaseRow]:
    """Return the purchases that the public has heard of: those open to objections first, then the newest."""
    rows = _rows().filter(Q(published_at__isnull=False) | Q(announced_at__isnull=False) | ~Q(ending=""))[
        :most
    ]
    found = [_row(row, ANYONE) for row in rows]
    return sorted(found, key=lambda row: row.stage != Stage.PUBLICITY.value)


def rows_of(viewer: Actor, *, most: int = 100) -> list[PurchaseRow]:
    """Return the purchases that a viewer works on, newest first.

    :raises NotSignedIn: nobody is signed in
    """
    if not viewer.signed_in:
        raise NotSignedIn("请先登录", next_steps=(("登录", "/login"),))
    mine = Q(negotiators__account_id=viewer.account_pk)
    if viewer.role is Role.TENDEREE:
        mine |= Q(buyer_id=viewer.organisation_pk)
    rows = _rows()
    if viewer.role is Role.SUPERVISOR:
        rows = rows.exclude(stage=Stage.ARGUE.value)
    else:
        if viewer.role is Role.BIDDER:
            mine |= Q(supplier_id=viewer.organisation_pk) & ~Q(stage=Stage.ARGUE.value)
        rows = rows.filter(mine).distinct()
    return [row for row in (_row(found, viewer) for found in rows[:most]) if row.side]


def next_step(row: PurchaseRow) -> tuple[str, str]:
    """Return (what to do, the anchor of its form) that waits for this viewer, ("", "") where nothing does."""
    waits = row.own_voice is not None and row.own_voice.waits and row.stage == Stage.NEGOTIATE.value
    if row.side == "buyer":
        return _buyers_step(row, signs=waits)
    if row.side == "finance" and row.stage == Stage.APPROVAL.value:
        return "审批单一来源采购方式", "decide"
    if row.side == "supplier" and row.stage == Stage.NEGOTIATE.value and not row.record:
        return ("报价并说明成本、同类合同和专利情况", "offer") if not row.offer else ("", "")
    if row.side in {"supplier", "member"} and waits and row.record:
        return "签署协商情况记录", "sign"
    if row.side == "supplier" and row.stage == Stage.ANNOUNCED.value and not row.supplier_signed:
        return "签订合同", "contract"
    return "", ""


def _buyers_step(row: PurchaseRow, *, signs: bool) -> tuple[str, str]:
    match Stage(row.stage):
        case Stage.ARGUE:
            says = {
                Way.PUBLICITY.value: "发布单一来源公示",
                Way.APPROVAL.value: "报财政部门批准",
                Way.NEGOTIATE.value: "开始与供应商协商",
            }
            return says[row.way], "go-on"
        case Stage.REARGUE:
            return "组织补充论证, 公布结论", "conclude"
        case Stage.NEGOTIATE:
            if not row.offer:
                return "", ""
            if row.over_budget:
                return "报价超过预算: 继续协商或者终止采购", "record"
            if not row.record:
                return "写协商情况记录", "record"
            if signs:
                return "签署协商情况记录", "sign"
            return ("协商情况记录生效", "stands") if row.all_signed else ("", "")
        case Stage.RECORDED:
            return "公告成交结果, 发出成交通知书", "announce"
        case Stage.ANNOUNCED:
            return ("签订合同", "contract") if not row.buyer_signed else ("", "")
        case Stage.CONTRACTED:
            return ("登记合同备案", "filing") if not row.filed_at else ("", "")
        case _:
            return "", ""


def public_row_of(ocid: str) -> PurchaseRow | None:
    """Return the purchase that runs as a process, as the public sees it; None where there is none, or it is not public."""
    found = _rows().filter(public_id=ocid.rpartition("-")[2]).first()
    return _row(found, ANYONE) if found is not None and is_public(found) else None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a published notice's purchase is filed under."""

    name: str
    buyer: str
    uscc: str
    region_code: str
    deal_code: str


def facts_of(purchases: Iterable[str]) -> dict[str, Facts]:
    """Return {purchase: what its notices are filed under}."""
    rows = Purchase.objects.filter(public_id__in=list(purchases)).select_related("buyer")
    return {
        row.public_id: Facts(
            name=row.name,
            buyer=row.buyer.name,
            uscc=row.buyer.uscc,
            region_code=row.region_code,
            deal_code=row.deal_code,
        )
        for row in rows
    }

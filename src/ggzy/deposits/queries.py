"""Rows of deposits: one's own always, others' only after the opening; the book and the figures without what is still secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from ggzy.bidding.models import Bid
from ggzy.deposits import book, ledger, ports, rules
from ggzy.deposits.actions import COMMITMENT, asked_for, counted, round_of
from ggzy.deposits.bonds import most_bond_of
from ggzy.deposits.models import (
    BankDifference,
    Conversion,
    Deposit,
    DepositHold,
    Forfeiture,
    Guarantee,
    Payment,
    PostingLine,
    Receipt,
    Reconciliation,
)
from ggzy.deposits.releasing import interest_until
from ggzy.deposits.rules import Form, GuaranteeState, Reason, Standing, State
from ggzy.deposits.standings import WITHOUT_CONTRACT, RoundFacts, Stands
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import NotFound
from ggzy.law.limits import beijing_date, runs_out
from ggzy.law.table import limit
from ggzy.opening.models import BidOpening
from ggzy.opening.reading import reads_out
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.tendering.models import Round, large

ZERO = Decimal("0.00")
#: what is no longer secret; of a round that ended unopened nothing is told, since the lot may be tendered anew
_TOLD = Q(round__opened_at__isnull=False)
_ENDED = Q(round__stage__in=[stage.value for stage in WITHOUT_CONTRACT])


@dataclass(frozen=True, kw_only=True)
class ReleaseMoment:
    """One bidder's standing, and the moment from which its deposit is free (None: still held)."""

    bidder: str
    standing: str
    refundable_from: datetime | None


def release_moments(*, round_id: str, viewer: Actor) -> list[ReleaseMoment]:
    """Return the moments of an opened round: all of them to the owner side, centre and supervisor, else one's own."""
    round_ = Round.objects.select_related("lot__tender").filter(public_id=round_id).first()
    if round_ is None or round_.opened_at is None:
        return []
    facts, sees_all = RoundFacts(round_), _sees_all(round_, viewer)
    rows = (
        BidOpening.objects.filter(session__round=round_)
        .select_related("bid__bidder")
        .order_by("bid__bidder__name")
    )
    out = []
    for row in rows:
        stands = facts.of(row.bid.bidder_id)
        if stands is not None and (sees_all or row.bid.bidder_id == viewer.organisation_pk):
            out.append(
                ReleaseMoment(
                    bidder=row.bid.bidder.name,
                    standing=stands.standing.said_in(round_.procedure_code),
                    refundable_from=stands.refundable_from,
                )
            )
    return out


def _sees_all(round_: Round, viewer: Actor) -> bool:
    tender = round_.lot.tender
    return viewer.role in {Role.CENTRE, Role.SUPERVISOR} or (
        bool(viewer.organisation_pk) and viewer.organisation_pk in {tender.tenderee_id, tender.agency_id}
    )


# -- one's own ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PaymentRow:
    """One payment out, with how its interest was computed."""

    payment: str
    kind: str
    label: str
    state: str
    principal: Decimal
    interest: Decimal
    total: Decimal
    sheet: Sequence[dict[str, Any]]
    tail: str
    due_at: datetime
    paid_at: datetime | None
    reference: str
    trouble: str


@dataclass(frozen=True, kw_only=True)
class ReceiptRow:
    """One payment in, and what it counts for."""

    receipt: str
    reference: str
    amount: Decimal
    credited_at: datetime
    counts: Decimal
    doubtful: Decimal
    returns: Decimal
    reason: str
    may_be_taken_back: bool


@dataclass(frozen=True, kw_only=True)
class OwnDeposit:
    """A bidder's own deposit in a round: how it stands and everything that came and went."""

    deposit: str
    form: Form
    state: State
    required: Decimal
    counted: Decimal
    held: Decimal
    interest_today: Decimal
    sub_account: str
    bank: str
    demo: bool
    payer: str
    new_account: str
    released_by: str
    released_at: datetime | None
    settled_at: datetime | None
    receipts: Sequence[ReceiptRow]
    payments: Sequence[PaymentRow]
    holds: Sequence[dict[str, Any]]
    forfeitures: Sequence[dict[str, Any]]
    letter: "LetterRow | None"
    #: what was asked to become the performance bond, and the most that may be asked for now (None: nothing)
    conversions: Sequence[dict[str, Any]]
    may_become_bond: Decimal | None


@dataclass(frozen=True, kw_only=True)
class OwnPage:
    """What a bidder sees of deposits in a round: what the file asks for, what it may choose, what it has."""

    round: str
    tender: str
    title: str
    required: Decimal
    forms: Sequence[Form]
    deadline: datetime | None
    takes: bool
    commitment: str
    issuers: Sequence[tuple[str, str]]
    current: OwnDeposit | None
    earlier: Sequence[OwnDeposit]


def own(*, round_id: str, viewer: Actor, now: datetime) -> OwnPage:
    """Return a bidder's own deposits in a round.

    :raises NotFound: no such round
    """
    require(viewer, Permission.DEPOSIT_OWN)
    round_ = round_of(round_id)
    required, forms = asked_for(round_)
    rows = Deposit.objects.filter(round=round_, bidder_id=viewer.organisation_pk)
    mine = [_own(row, now=now) for row in rows.select_related("round__lot__tender").order_by("-pk")]
    current = mine[0] if mine and mine[0].state is not State.ENDED else None
    issuers = Organisation.objects.filter(kinds__contains=[Role.FINANCE.value]).order_by("name")
    return OwnPage(
        round=round_.public_id,
        tender=round_.lot.tender.public_id,
        title=f"{round_.lot.tender.name} · {round_.lot.name}",
        required=required,
        forms=forms,
        deadline=round_.bid_deadline,
        takes=round_.closed_at is None and round_.bid_deadline is not None and now < round_.bid_deadline,
        commitment=COMMITMENT,
        issuers=[(row.public_id, row.name) for row in issuers],
        current=current,
        earlier=mine[1:] if current else mine,
    )


def _own(row: Deposit, *, now: datetime) -> OwnDeposit:
    bank = ports.bank()
    held = book.held(row) if row.form == Form.TRANSFER else ZERO
    payments = list(Payment.objects.filter(deposit=row).order_by("pk"))
    gone = {p.receipt_id for p in payments if p.receipt_id}
    deadline = row.round.bid_deadline
    open_ = deadline is not None and now < deadline
    letter = Guarantee.objects.filter(deposit=row).select_related(*_LETTER).order_by("-pk").first()
    return OwnDeposit(
        deposit=row.public_id,
        form=Form(row.form),
        state=State(row.state),
        required=row.required,
        counted=counted(row),
        held=held,
        interest_today=interest_until(row, until=now).amount if held else ZERO,
        sub_account=row.sub_account,
        bank=bank.name if bank else "",
        demo=bool(bank and bank.demo),
        payer=f"{row.payer_name} · 尾号{row.payer_account[-4:]}" if row.payer_account else "",
        new_account=row.new_account[-4:],
        released_by=Standing(row.released_by).said_in(row.round.procedure_code) if row.released_by else "",
        released_at=row.released_at,
        settled_at=row.settled_at,
        receipts=[
            _receipt(one, back=bool(one.doubtful) and one.pk not in gone and open_)
            for one in Receipt.objects.filter(deposit=row).order_by("credited_at", "pk")
        ],
        payments=[_payment(one) for one in payments],
        holds=_holds(row),
        forfeitures=_forfeitures(row),
        letter=_letter(letter, sees_bidder=True) if letter else None,
        conversions=_conversions(row),
        may_become_bond=most_bond_of(row),
    )


def _conversions(row: Deposit) -> list[dict[str, Any]]:
    rows = Conversion.objects.filter(deposit=row).order_by("pk")
    fields = ("public_id", "amount", "asked_at", "agreed", "decided_at", "done_at")
    return [{name: getattr(one, name) for name in fields} for one in rows]


def _receipt(row: Receipt, *, back: bool = False) -> ReceiptRow:
    return ReceiptRow(
        receipt=row.public_id,
        reference=row.reference,
        amount=row.amount,
        credited_at=row.credited_at,
        counts=row.counts,
        doubtful=row.doubtful,
        returns=row.returns,
        reason=Reason(row.reason).label if row.reason else "",
        may_be_taken_back=back,
    )


_PAYMENTS = {
    Payment.REFUND: "退还保证金",
    Payment.SURPLUS: "退回款项",
    Payment.FORFEITURE: "不予退还, 转付",
    Payment.CONVERSION: "转为履约保证金, 付招标人",
}
_PAYING = {
    Payment.DUE: "待发指令",
    Payment.ORDERED: "正在发出",
    Payment.SENT: "银行办理中",
    Payment.PAID: "已付",
    Payment.FAILED: "银行退回",
}


def _payment(row: Payment) -> PaymentRow:
    return PaymentRow(
        payment=row.public_id,
        kind=row.kind,
        label=_PAYMENTS[row.kind],
        state=_PAYING[row.state],
        principal=row.principal,
        interest=row.interest,
        total=row.principal + row.interest,
        sheet=row.sheet,
        tail=row.account[-4:],
        due_at=row.due_at,
        paid_at=row.paid_at,
        reference=row.reference,
        trouble=row.trouble if row.state == Payment.FAILED else "",
    )


def _holds(row: Deposit) -> list[dict[str, Any]]:
    rows = DepositHold.objects.filter(deposit=row).order_by("pk")
    fields = ("public_id", "reason", "review_on", "set_at", "lifted_at")
    return [{name: getattr(one, name) for name in fields} for one in rows]


def _forfeitures(row: Deposit) -> list[dict[str, Any]]:
    rows = Forfeiture.objects.filter(deposit=row).select_related("proposed_by__person").order_by("pk")
    fields = ("public_id", "clause", "reason", "proposed_at", "decided_at", "upheld")
    return [
        {name: getattr(one, name) for name in fields}
        | {"proposer": one.proposed_by.person.name, "proposer_pk": one.proposed_by_id}
        for one in rows
    ]


# -- after the opening --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DepositFact:
    """What whoever judges bids must know of one bidder's deposit, as it stood at the deadline."""

    form: str
    required: Decimal
    counted: Decimal
    doubtful: Decimal
    in_time: bool
    says: str


def deposit_of(*, round_pk: int, bidder_pk: int) -> DepositFact | None:
    """Return the fact of one bidder's deposit in an opened round, for the review of its bid; None where there is none."""
    return _facts(round_pk).get(bidder_pk)


def _facts(round_pk: int) -> dict[int, DepositFact]:
    """Return the facts of an opened round by bidder, in one question however many there are; {} before the opening."""
    return {row.bidder_id: fact for row, fact in _with_facts(Deposit.objects.filter(round_id=round_pk))}


def _with_facts(rows: QuerySet[Deposit]) -> list[tuple[Any, DepositFact]]:
    """Return opened rounds' deposits with their facts, the one that was there at the deadline last.

    Said as it is: the platform rejects nobody. Money counts by the bank's value moment, a letter when it was issued.
    """
    rows = rows.exclude(round__opened_at=None).select_related("round").order_by("pk")
    rows = rows.annotate(counts=Sum("receipts__counts"), doubtful=Sum("receipts__doubtful"))
    return [(row, _fact(row, row.counts or ZERO, row.doubtful or ZERO)) for row in rows]


def _fact(deposit: Deposit, counts: Decimal, doubtful: Decimal) -> DepositFact:
    deadline = deposit.round.bid_deadline
    by_money = deposit.form == Form.TRANSFER
    enough = (
        counts >= deposit.required
        if by_money
        else deposit.matched_at is not None and deadline is not None and deposit.matched_at < deadline
    )
    says = "截止前已足额提交" if enough else "截止前没有足额提交"
    if not enough and doubtful:
        says = f"有{doubtful}元不是从登记的基本账户转出, 是否有效由评标委员会认定"
    return DepositFact(
        form=Form(deposit.form).label,
        required=deposit.required,
        counted=counts if by_money else deposit.required if enough else ZERO,
        doubtful=doubtful,
        in_time=enough,
        says=says,
    )


def said_of_deposits(round_id: str) -> dict[str, str]:
    """Return by bid what whoever judges it should know of its deposit; {} before the opening.

    The caller has seen to it that the viewer may sit at this desk.
    """
    bid = Bid.objects.filter(round=OuterRef("round"), bidder=OuterRef("bidder"), state=Bid.LIVE)
    rows = Deposit.objects.filter(round__public_id=round_id).annotate(bid=Subquery(bid.values("public_id")))
    return {row.bid: f"{fact.form}: {fact.says}" for row, fact in _with_facts(rows) if row.bid}


@reads_out("deposit")
def read_out(round_: Round) -> dict[str, str]:
    """Return {bid: how its deposit stood at the deadline}, to be read out; {} where the file asks for none.

    Only of who bid, and only once the round is opened: who paid and did not bid stays unknown (RULEBOOK 7.1).
    """
    if round_.opened_at is None or not asked_for(round_)[0]:
        return {}
    facts = _facts(round_.pk)
    bids = Bid.objects.filter(round=round_).exclude(state__in=[Bid.REPLACED, Bid.WITHDRAWN])
    said = {bid: facts.get(bidder) for bid, bidder in bids.values_list("public_id", "bidder_id")}
    return {bid: f"{fact.form}, {fact.says}" if fact else "没有在平台办理" for bid, fact in said.items()}


def deposits_read_out(round_id: str) -> dict[str, str]:
    """Return what the list read out in the hall says of each bid's deposit (`read_out`)."""
    return read_out(round_of(round_id))


@dataclass(frozen=True, kw_only=True)
class DepositRow:
    """One bidder's deposit as the owner side, committee, centre and supervisor see it after the opening."""

    deposit: str
    bidder: str
    form: str
    state: State
    fact: DepositFact | None
    standing: str
    refundable_from: datetime | None
    latest: datetime | None
    overdue_days: int
    overdue_interest: Decimal
    payments: Sequence[PaymentRow]
    holds: Sequence[dict[str, Any]]
    forfeitures: Sequence[dict[str, Any]]
    grounds: Sequence[rules.Ground]
    letter: str
    conversions: Sequence[dict[str, Any]]
    may_be_touched: bool


@dataclass(frozen=True, kw_only=True)
class RoundDeposits:
    """The deposits of a round after its opening; before, nothing, whoever asks."""

    round: str
    tender: str
    title: str
    opened: bool
    required: Decimal
    is_tenderee: bool
    rows: Sequence[DepositRow]


def deposits_of_round(*, round_id: str, viewer: Actor, now: datetime) -> RoundDeposits:
    """Return the deposits of the bidders whose bids were opened: who paid and did not bid stays unknown.

    :raises NotFound: no such round, or not the viewer's to see
    """
    require(viewer, Permission.DEPOSIT_READ)
    round_ = round_of(round_id)
    if not _sees_all(round_, viewer):
        raise NotFound("没有这个标段轮次, 请从项目页面进入")
    rows: list[DepositRow] = []
    if round_.opened_at is not None:
        facts, known = RoundFacts(round_), _facts(round_.pk)
        found = Deposit.objects.filter(round=round_, bidder_id__in=list(facts.bids)).exclude(
            state=State.ENDED.value, released_by=""
        )
        rows = [
            _row(row, facts, known, now=now)
            for row in found.select_related("bidder", "round").order_by("bidder__name", "pk")
        ]
    return RoundDeposits(
        round=round_.public_id,
        tender=round_.lot.tender.public_id,
        title=f"{round_.lot.tender.name} · {round_.lot.name}",
        opened=round_.opened_at is not None,
        required=asked_for(round_)[0],
        is_tenderee=viewer.role is Role.TENDEREE and viewer.organisation_pk == round_.lot.tender.tenderee_id,
        rows=rows,
    )


def _row(row: Deposit, facts: RoundFacts, known: dict[int, DepositFact], *, now: datetime) -> DepositRow:
    scope = facts.round.lot.tender.scope
    stands = facts.of(row.bidder_id)
    latest = _latest(stands, facts) if stands else None
    payments = list(Payment.objects.filter(deposit=row).order_by("pk"))
    refund = next((p for p in payments if p.kind == Payment.REFUND), None)
    until = refund.paid_at if refund and refund.paid_at else now
    late = (beijing_date(until) - beijing_date(latest)).days + 1 if latest and until >= latest else 0
    if row.state == State.FORFEITED:
        late = 0
    against = facts.grounds_against(row.bidder_id)
    letter = Guarantee.objects.filter(deposit=row).order_by("-pk").first()
    return DepositRow(
        deposit=row.public_id,
        bidder=row.bidder.name,
        form=Form(row.form).label,
        state=State(row.state),
        fact=known.get(row.bidder_id),
        standing=stands.standing.said_in(facts.round.procedure_code)
        if stands and (facts.judged or stands.refundable_from)
        else "",
        refundable_from=stands.refundable_from if stands else None,
        latest=latest,
        overdue_days=late,
        overdue_interest=rules.overdue(row.required, days=late, benchmark=Decimal(settings.BENCHMARK_RATE))
        if scope == "GP"
        else ZERO,
        payments=[_payment(one) for one in payments],
        holds=_holds(row),
        forfeitures=_forfeitures(row),
        grounds=[ground for ground in rules.GROUNDS.get(scope, ()) if ground.code in against],
        letter=letter.public_id if letter else "",
        conversions=_conversions(row),
        may_be_touched=row.state in {State.SHORT, State.DOUBTFUL, State.MATCHED},
    )


def _latest(stands: Stands, facts: RoundFacts) -> datetime | None:
    """Return by when the law wants a deposit back, by the rows in force when the round was published."""
    key = rules.latest_limit(stands.standing, scope=facts.round.lot.tender.scope, failed=facts.failed)
    if stands.refundable_from is None or not key or facts.round.published_at is None:
        return None
    row = limit(key, on=beijing_date(facts.round.published_at))
    return runs_out(row, started=stands.refundable_from, calendar=calendars.CHINA).instant


# -- letters of guarantee -----------------------------------------------------------------------------------------------

_LETTER = ("deposit__round__lot__tender__tenderee", "deposit__bidder", "issuer")


@dataclass(frozen=True, kw_only=True)
class LetterRow:
    """A letter of guarantee, with as much of it as the viewer may see."""

    letter: str
    lot: str
    round: str
    state: GuaranteeState
    issuer: str
    bidder: str
    amount: Decimal
    fee: Decimal | None
    valid_until: date
    number: str
    sha256: str
    text: str
    asked_at: datetime
    issued_at: datetime | None
    reason: str
    claim: str
    voucher: str
    may_be_claimed: bool


def _letter(row: Guarantee, *, sees_bidder: bool) -> LetterRow:
    return LetterRow(
        letter=row.public_id,
        lot=row.deposit.round.lot.public_id,
        round=row.deposit.round.public_id,
        state=GuaranteeState(row.state),
        issuer=row.issuer.name,
        bidder=row.deposit.bidder.name if sees_bidder else "",
        amount=row.amount,
        fee=row.fee,
        valid_until=row.valid_until,
        number=row.number,
        sha256=row.sha256,
        text=row.text if sees_bidder else "",
        asked_at=row.asked_at,
        issued_at=row.issued_at,
        reason=row.reason,
        claim=row.claim,
        voucher=row.voucher,
        may_be_claimed=Forfeiture.objects.filter(deposit=row.deposit, upheld=True).exists(),
    )


def letters(*, viewer: Actor) -> list[LetterRow]:
    """Return an institution's own letters, the newest first; who asks is shown from when the bidder accepted the quote."""
    require(viewer, Permission.DEPOSIT_BANK)
    rows = Guarantee.objects.filter(issuer_id=viewer.organisation_pk).select_related(*_LETTER).order_by("-pk")
    return [_letter(row, sees_bidder=_accepted(row)) for row in rows[:200]]


def _accepted(row: Guarantee) -> bool:
    return row.state not in {
        GuaranteeState.REVIEW,
        GuaranteeState.QUOTED,
        GuaranteeState.REJECTED,
    } and bool(row.voucher)


def letter(guarantee_id: str, *, viewer: Actor) -> LetterRow:
    """Return one letter to its institution, its bidder, and after the opening to the beneficiary.

    :raises NotFound: none, or not the viewer's to see: both are the same answer
    """
    row = Guarantee.objects.filter(public_id=guarantee_id).select_related(*_LETTER).first()
    mine = viewer.organisation_pk or 0
    if row is not None and viewer.role is Role.FINANCE and row.issuer_id == mine:
        return _letter(row, sees_bidder=_accepted(row))
    if row is not None and viewer.role is Role.BIDDER and row.deposit.bidder_id == mine:
        return _letter(row, sees_bidder=True)
    owner = row is not None and mine in {
        row.deposit.round.lot.tender.tenderee_id,
        row.deposit.round.lot.tender.agency_id,
    }
    if row is not None and owner and row.deposit.round.opened_at is not None and row.issued_at is not None:
        return _letter(row, sees_bidder=True)
    raise NotFound("没有这份保函, 请从工作台进入")


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What anyone is told of a letter whose number and amount they hold: that it is genuine, never whose it is."""

    issuer: str
    number: str
    amount: Decimal
    valid_until: date
    state: str
    sha256: str


def verify(number: str, amount: str) -> Verified | None:
    """Return a letter of this number and amount, None where there is none: who has the letter knows both."""
    wanted = "".join(ch for ch in amount if ch.isdigit() or ch == ".")
    for row in Guarantee.objects.filter(number=number.strip()).exclude(number="").select_related("issuer"):
        if wanted and Decimal(wanted) == row.amount:
            return Verified(
                issuer=row.issuer.name,
                number=row.number,
                amount=row.amount,
                valid_until=row.valid_until,
                state=GuaranteeState(row.state).label,
                sha256=row.sha256,
            )
    return None


# -- the bank, the centre, the public -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class BankMovement:
    """One movement on a sub-account as the bank itself knows it; no round and no tender."""

    at: datetime
    sub_account: str
    label: str
    amount: Decimal
    reference: str


def is_the_bank(viewer: Actor) -> bool:
    """Say whether the viewer acts for the bank that holds the deposits."""
    return bool(settings.BANK_USCC) and viewer.role is Role.FINANCE and viewer.uscc == settings.BANK_USCC


def movements(*, viewer: Actor, limit: int = 100) -> list[BankMovement]:
    """Return the newest movements to the bank that holds the money; to other institutions nothing."""
    require(viewer, Permission.DEPOSIT_BANK)
    if not is_the_bank(viewer):
        return []
    rows = PostingLine.objects.filter(account__kind=ledger.Kind.BANK.value).select_related("posting")
    found = list(rows.order_by("-posting__value_at", "-pk")[:limit])
    refs = [row.posting.reference for row in found]
    accounts = dict(Receipt.objects.filter(reference__in=refs).values_list("reference", "sub_account"))
    paying = Payment.objects.filter(public_id__in=[ref.partition("-")[0] for ref in refs])
    out = dict(paying.values_list("public_id", "deposit__sub_account"))
    return [
        BankMovement(
            at=row.posting.value_at,
            sub_account=accounts.get(row.posting.reference)
            or out.get(row.posting.reference.partition("-")[0])
            or "",
            label=ledger.Event(row.posting.event).label,
            amount=row.amount,
            reference=row.posting.reference,
        )
        for row in found
    ]


@dataclass(frozen=True, kw_only=True)
class StuckRow:
    """A payment that has not gone out, with its age."""

    payment: str
    bidder: str
    title: str
    label: str
    principal: Decimal
    due_at: datetime
    days: int
    trouble: str
    new_account: str
    dormant: bool
    contacts: int
    failed: bool


@dataclass(frozen=True, kw_only=True)
class DifferenceRow:
    """One difference between book and bank."""

    difference: str
    reference: str
    ours: Decimal | None
    theirs: Decimal | None
    says: str
    settled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """The book as centre and supervisor see it: of rounds that are opened or have failed, nothing of sealed ones."""

    held: Decimal
    count: int
    by_state: Sequence[tuple[str, int, Decimal]]
    stuck: Sequence[StuckRow]
    reconciled_until: datetime | None
    differences: Sequence[DifferenceRow]
    demo: bool


def ledger_overview(*, viewer: Actor, now: datetime) -> LedgerRow:
    """Return the book without what is secret: with none and with fifty deposits in sealed rounds it is the same."""
    require(viewer, Permission.DEPOSIT_LEDGER)
    told = Deposit.objects.filter(_TOLD, form=Form.TRANSFER.value)
    states: dict[str, tuple[int, Decimal]] = {}
    lines = PostingLine.objects.filter(account__deposit__in=told)
    owed = dict(lines.values_list("account__deposit__state").annotate(sum=Sum("amount")))
    for state in State:
        number = told.filter(state=state.value).count()
        if number:
            states[state.value] = (number, -owed.get(state.value, ZERO))
    open_ = [(State(s).label, n, amount) for s, (n, amount) in states.items()]
    last = Reconciliation.objects.order_by("-until").first()
    bank = ports.bank()
    return LedgerRow(
        held=sum((amount for _, _, amount in open_), ZERO),
        count=sum(n for _, n, _ in open_),
        by_state=open_,
        stuck=stuck(now=now),
        # a morning without a comparison looks the same, however much there was to compare
        reconciled_until=last.until if last else None,
        differences=[_difference(row) for row in _told_differences()[:50]],
        demo=bool(bank and bank.demo),
    )


def _difference(row: BankDifference) -> DifferenceRow:
    return DifferenceRow(
        difference=row.public_id,
        reference=row.reference,
        ours=row.ours,
        theirs=row.theirs,
        says=row.says,
        settled_at=row.settled_at,
    )


def _told_differences() -> list[BankDifference]:
    """Return the differences that say nothing of a sealed round."""
    rows = list(BankDifference.objects.order_by("settled_at", "-pk")[:500])
    secret = secret_references(row.reference for row in rows)
    return [row for row in rows if row.reference not in secret]


def secret_references(references: Any) -> set[str]:
    """Return which of these references of the bank, or of orders, concern a round that is still sealed."""
    wanted = set(references)
    sealed = Deposit.objects.exclude(_TOLD)
    found = set(
        Receipt.objects.filter(reference__in=wanted, deposit__in=sealed).values_list("reference", flat=True)
    )
    numbers = {ref.partition("-")[0]: ref for ref in wanted if "-" in ref}
    paying = Payment.objects.filter(public_id__in=list(numbers), deposit__in=sealed)
    return found | {numbers[public_id] for public_id in paying.values_list("public_id", flat=True)}


def stuck(*, now: datetime) -> list[StuckRow]:
    """Return what should have gone out and has not, the oldest first (应退未退): nothing of sealed rounds, and of a round
    that ended unopened nobody's name."""
    rows: QuerySet[Payment] = Payment.objects.exclude(state=Payment.PAID).filter(
        Q(deposit=None) | Q(deposit__in=Deposit.objects.filter(_TOLD | _ENDED))
    )
    rows = rows.select_related("deposit__bidder", "deposit__round__lot__tender").order_by("due_at")
    rows = rows.defer(*large("deposit__round"))
    return [
        StuckRow(
            payment=row.public_id,
            bidder=_name_of(row),
            title=f"{row.deposit.round.lot.tender.name} · {row.deposit.round.lot.name}"
            if row.deposit
            else "待查明款项",
            label=_PAYMENTS[row.kind],
            principal=row.principal,
            due_at=row.due_at,
            days=(beijing_date(now) - beijing_date(row.due_at)).days,
            trouble=row.trouble or _PAYING[row.state],
            new_account=(row.deposit.new_account if row.deposit else "")[-4:],
            dormant=row.dormant_at is not None,
            contacts=row.contacts,
            failed=row.state == Payment.FAILED,
        )
        for row in rows[:200]
    ]


def _name_of(row: Payment) -> str:
    if row.deposit is None:
        return row.name
    return row.deposit.bidder.name if row.deposit.round.opened_at else "(未开标, 名称保密)"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How fast deposits go home, measured: from the moment that freed them to the bank's own moment of payment."""

    rounds: int
    refunds: int
    principal: Decimal
    interest: Decimal
    median_seconds: int | None
    slowest_seconds: int | None
    within_a_minute: int
    within_a_day: int
    by_form: Sequence[tuple[str, int]]
    waiting: int


def figures() -> Figures:
    """Return the public figures of rounds in which an award was published, and of no others."""
    rounds = Round.objects.filter(awards__sent_at__isnull=False).distinct()
    done = Payment.objects.filter(deposit__round__in=rounds, kind=Payment.REFUND)
    paid = list(done.filter(state=Payment.PAID).values_list("due_at", "paid_at", "principal", "interest"))
    times = sorted(max(int((at - due).total_seconds()), 0) for due, at, _, _ in paid)
    forms = Deposit.objects.filter(round__in=rounds).exclude(state=State.ENDED.value, released_by="")
    by_form = {form: forms.filter(form=form.value).count() for form in Form}
    return Figures(
        rounds=rounds.count(),
        refunds=len(paid),
        principal=sum((p for _, _, p, _ in paid), ZERO),
        interest=sum((i for _, _, _, i in paid), ZERO),
        median_seconds=times[len(times) // 2] if times else None,
        slowest_seconds=times[-1] if times else None,
        within_a_minute=sum(1 for t in times if t <= 60),
        within_a_day=sum(1 for t in times if t <= 86_400),
        by_form=[(form.label, n) for form, n in by_form.items() if n],
        waiting=done.exclude(state=Payment.PAID).count(),
    )


def reviews_due(*, viewer: Actor, now: datetime) -> list[dict[str, Any]]:
    """Return what waits for a tenderee: holds whose day of review has come, and proposals for a second person."""
    require(viewer, Permission.DEPOSIT_READ)
    mine = Q(deposit__round__lot__tender__tenderee_id=viewer.organisation_pk)
    today = now.astimezone(BEIJING).date()
    holds = DepositHold.objects.filter(mine, lifted_at=None, review_on__lte=today)
    proposals = Forfeiture.objects.filter(mine, decided_at=None).exclude(proposed_by_id=viewer.account_pk)
    of = "deposit__round__public_id", "deposit__round__lot__tender__name"
    return [
        {"what": what, "round": round_, "where": where}
        for what, rows in (("复查暂缓退还的保证金", holds), ("确认不予退还保证金的提议", proposals))
        for round_, where in rows.order_by("pk").values_list(*of)
    ]

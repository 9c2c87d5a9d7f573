"""Choosing how a bid is secured, and money that comes in. Everything before the opening is escrowed and in no process."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, Sum

from ggzy.deadlines.actions import set_timer
from ggzy.deposits import book, ledger, ports, rules
from ggzy.deposits.models import Deposit, Guarantee, Payment, Receipt
from ggzy.deposits.rules import Form, State
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.procedures.spec import Stage
from ggzy.tendering.fronts import own_admissions
from ggzy.tendering.models import Round, TenderFile

#: clocks: asking the bank for a sub-account, one payment, one round looked at anew
OPEN, PAY = "deposits.open", "deposits.pay"
ZERO = Decimal("0.00")
COMMITMENT = (
    "本单位自愿以信用承诺代替投标保证金: 出现依法不予退还投标保证金的情形时, "
    "收到招标人书面通知之日起5日内, 向招标人支付与投标保证金等额的款项, 并同意将违约情况记入信用档案。"
)
#: a bank's clock may run ahead of ours by this much
AHEAD = timedelta(minutes=5)


class DepositsClosed(Refusal):
    """The round takes no deposit (any more)."""

    code = "deposits.closed"


class FormNotOffered(Refusal):
    """The tender file does not take deposits of this form, or asks for none."""

    code = "deposits.form_not_offered"
    basis = Citation("招标投标法实施条例", "第二十六条")


class HasMoney(Refusal):
    """Another form cannot be chosen while money or a letter of guarantee is there."""

    code = "deposits.already_secured"


class NoticeContradicts(Refusal):
    """The bank says something else about a payment than it said before."""

    code = "deposits.notice_contradicts"


def round_of(round_id: str) -> Round:
    """Return a main round with its lot and tender.

    :raises NotFound: no such round
    """
    rows = Round.objects.select_related("lot__tender__tenderee")
    row = rows.filter(public_id=round_id, phase=1).exclude(published_at=None).first()
    if row is None:
        raise NotFound("没有这个标段轮次, 请从项目页面进入")
    return row


def _document_of(round_: Round) -> dict[str, Any]:
    """Return the file that governs a round, whoever asks: one that is issued only to some asks them for a deposit too."""
    file = TenderFile.objects.filter(tender_id=round_.lot.tender_id, version=round_.file_version).first()
    if file is None:
        raise NotFound("该标段还没有发出招标文件, 发布公告以后才能办理")
    document: dict[str, Any] = file.document
    return document


def asked_for(round_: Round) -> tuple[Decimal, tuple[Form, ...]]:
    """Return the amount that the tender file asks for and the forms it takes; without a bank nobody can transfer."""
    document = _document_of(round_)
    forms = [Form(form) for form in document.get("deposit_forms") or list(Form)]
    if not settings.BANK:
        forms = [form for form in forms if form is not Form.TRANSFER]
    return yuan(document.get("deposit") or 0), tuple(forms)


def record(
    act: str, deposit: Deposit, *, actor: Actor, now: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    """Record what happened to a deposit: escrowed and in no process, so that outside none and fifty look the same."""
    record_act(
        act,
        subject=deposit.public_id,
        actor=actor,
        legal_at=now,
        supervisor={"of_round": deposit.round.public_id, **(facts or {})},
        escrowed=True,
    )


def say(deposit: Deposit, *, title: str, text: str, now: datetime, kind: Kind = Kind.SERVICE) -> None:
    """Tell the bidder of its own deposit; before the opening what leaves the platform names no tender."""
    tell(
        organisations=[deposit.bidder_id],
        kind=kind,
        title=title,
        text=text,
        link=f"/work/rounds/{deposit.round.public_id}/deposit",
        until_opening=[deposit.round.public_id],
        now=now,
    )


@transaction.atomic
def choose_form(
    *,
    round_id: str,
    form: str,
    actor: Actor,
    now: datetime,
    payer_account: str = "",
    payer_bank: str = "",
    issuer: str = "",
) -> Deposit:
    """Choose how to secure the bid in a round; again with the same form changes nothing.

    By transfer, the bank is asked for a sub-account; `payer_account` is the bidder's basic account, from which it must
    be paid (条例26) and to which alone it goes back. By guarantee or insurance, `issuer` is asked for a letter.

    :raises DepositsClosed: judged by the moment before anything else
    :raises FormNotOffered: the tender file does not take this form
    :raises HasMoney: money or a letter of guarantee is there already
    """
    require(actor, Permission.DEPOSIT_BIND)
    round_ = round_of(round_id)
    if round_.stage != Stage.OPEN_FOR_BID.value or round_.bid_deadline is None or now >= round_.bid_deadline:
        raise DepositsClosed("该标段不在投标期间, 不再办理投标保证金")
    if round_.restricted and not own_admissions(
        round_pks=[round_.pk], organisation_pk=actor.organisation_pk or 0
    ):
        raise NotPermitted("该标段只向通过资格预审、接受邀请或提交技术建议的单位开放")
    amount, forms = asked_for(round_)
    if not amount:
        raise FormNotOffered("招标文件免收投标保证金, 不用办理")
    if form not in forms:
        raise FormNotOffered(f"招标文件接受的形式: {'、'.join(f.label for f in forms)}", field="form")
    chosen = Form(form)
    with connection.cursor() as cursor:  # two people of one bidder may press at once
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"deposit:{round_.pk}:{actor.organisation_pk}"],
        )
    earlier = own_deposit(round_, actor.organisation_pk)
    if earlier is not None:
        if earlier.form == form and not _may_ask_again(earlier):
            return earlier
        _end_unused(earlier, now=now)
    deposit = Deposit(
        round=round_,
        bidder_id=actor.organisation_pk,
        form=chosen.value,
        required=amount,
        state=State.ASKED.value,
        payer_name=actor.organisation_name,
        payer_account=account_number(payer_account) if chosen is Form.TRANSFER else "",
        payer_bank=payer_bank.strip()[:200],
        opened_at=now,
        region_code=round_.region_code,
    )
    if chosen is Form.COMMITMENT:
        deposit.state, deposit.matched_at = State.MATCHED.value, now
    deposit.save()
    record(
        "deposits.chosen",
        deposit,
        actor=actor,
        now=now,
        facts={"form": form, "amount": amount, **({"text": COMMITMENT} if chosen is Form.COMMITMENT else {})},
    )
    if chosen is Form.TRANSFER:
        set_timer(kind=OPEN, subject=deposit.public_id, due_at=now)
    elif chosen in {Form.GUARANTEE, Form.INSURANCE}:
        _ask_for_letter(deposit, issuer=issuer, now=now)
    return deposit


def account_number(given: str) -> str:
    number = "".join(given.split())
    if not (number.isascii() and number.isdigit() and 8 <= len(number) <= 32):
        raise BadInput("请填写本单位基本账户的账号(8至32位数字)", field="payer_account")
    return number


def own_deposit(round_: Round, organisation_pk: int | None) -> Deposit | None:
    """Return an organisation's deposit under way in a round, locked."""
    rows = Deposit.objects.select_for_update(of=("self",)).select_related("round__lot__tender")
    over = [s.value for s in State if s.final]
    return rows.filter(round=round_, bidder_id=organisation_pk).exclude(state__in=over).first()


def _may_ask_again(deposit: Deposit) -> bool:
    """Say whether a letter was turned down, so that another issuer may be asked."""
    if deposit.form not in {Form.GUARANTEE, Form.INSURANCE}:
        return False
    return (
        not Guarantee.objects.filter(deposit=deposit).exclude(state__in=["rejected", "surrendered"]).exists()
    )


def _end_unused(deposit: Deposit, *, now: datetime) -> None:
    letters = Guarantee.objects.filter(deposit=deposit).exclude(state__in=["rejected", "surrendered"])
    if Receipt.objects.filter(deposit=deposit).exists() or letters.exists():
        raise HasMoney(
            f"已用“{Form(deposit.form).label}”办理, 款项或保函已在途或已提交; 保函可先撤回, 款项在撤回投标后即时退还"
        )
    deposit.state, deposit.settled_at = State.ENDED.value, now
    deposit.save(update_fields=["state", "settled_at"])


def _ask_for_letter(deposit: Deposit, *, issuer: str, now: datetime) -> None:
    found = Organisation.objects.filter(public_id=issuer, kinds__contains=["finance"]).first()
    if found is None:
        raise BadInput("请选择出具保函的机构", field="issuer")
    validity = _document_of(deposit.round).get("bid_validity_days") or 90
    deadline = deposit.round.bid_deadline
    assert deadline is not None
    ends = (
        deadline.astimezone(BEIJING).date() + timedelta(days=int(validity)) + rules.GUARANTEE_AFTER_VALIDITY
    )
    letter = Guarantee.objects.create(
        deposit=deposit,
        issuer=found,
        state=rules.GuaranteeState.REVIEW.value,
        amount=deposit.required,
        valid_until=ends,
        asked_at=now,
    )
    tell(
        organisations=[found.pk],
        kind=Kind.SERVICE,
        title="收到一份电子保函申请",
        text=f"担保金额{deposit.required}元, 有效期至{ends:%Y年%m月%d日}。请审核并报价。",
        link=f"/work/guarantees/{letter.public_id}",
        until_opening=[deposit.round.public_id],
        now=now,
    )


# -- money comes in -----------------------------------------------------------------------------------------------------


@transaction.atomic
def receive(credit: ports.Credit, *, now: datetime) -> Receipt:
    """Take a payment in: judge what it counts for, write it into the book, and send back at once what has no use.

    Judged by the bank's own value moment, whenever its word arrives. The same reference again is the same payment.

    :raises NoticeContradicts: the reference came before with another amount or account
    :raises BadInput: no amount, or booked in the future
    """
    if credit.amount <= 0 or credit.credited_at > now + AHEAD:
        raise BadInput("银行通知的金额或者入账时刻不可能", field="credited_at")
    with connection.cursor() as cursor:  # two notices of one payment: the second waits and finds the first
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"credit:{credit.reference}"]
        )
    known = Receipt.objects.filter(reference=credit.reference).first()
    if known is not None:
        if (known.amount, known.sub_account) != (credit.amount, credit.sub_account):
            raise NoticeContradicts("同一流水号的金额或账号与先前的通知不一致, 请银行核对")
        return known
    deposit = (
        Deposit.objects.select_for_update(of=("self",))
        .select_related("round__lot__tender")
        .filter(~Q(sub_account=""), sub_account=credit.sub_account)
        .first()
    )
    judged = _judge(credit, deposit)
    receipt = Receipt.objects.create(
        reference=credit.reference,
        deposit=deposit,
        sub_account=credit.sub_account,
        amount=credit.amount,
        payer_name=credit.payer_name,
        payer_account=credit.payer_account,
        credited_at=credit.credited_at,
        heard_at=now,
        counts=judged.counts,
        doubtful=judged.doubtful,
        returns=judged.returns,
        reason=judged.reason.value if judged.reason else "",
    )
    holder = ledger.deposit(deposit.public_id) if deposit else ledger.UNKNOWN
    book.post(
        ledger.Event.RECEIVED,
        reference=credit.reference,
        lines=ledger.received(holder, credit.amount),
        value_at=credit.credited_at,
        now=now,
    )
    if judged.returns:
        send_back(receipt, amount=judged.returns, now=now)
    if deposit is not None:
        _note_received(deposit, receipt, now=now)
    return receipt


def _judge(credit: ports.Credit, deposit: Deposit | None) -> rules.Judgement:
    if deposit is None:
        return rules.Judgement(returns=credit.amount, reason=rules.Reason.NO_ACCOUNT)
    deadline = deposit.round.bid_deadline
    assert deadline is not None
    return rules.judge_payment(
        credit.amount,
        credited_at=credit.credited_at,
        deadline=deadline,
        required=deposit.required,
        counted=counted(deposit),
        open_=deposit.state in {State.ISSUED, State.SHORT, State.DOUBTFUL, State.MATCHED},
        payer_agrees=rules.same_payer(
            name=credit.payer_name,
            account=credit.payer_account,
            as_name=deposit.payer_name,
            as_account=deposit.payer_account,
        ),
    )


def counted(deposit: Deposit) -> Decimal:
    """Return what has come in that counts."""
    return Receipt.objects.filter(deposit=deposit).aggregate(sum=Sum("counts"))["sum"] or ZERO


def stand_by_money(deposit: Deposit, *, now: datetime) -> None:
    """Set where a deposit stands by the money that is there, once payments have come or gone."""
    if deposit.state not in {State.ISSUED, State.SHORT, State.DOUBTFUL, State.MATCHED}:
        return
    counts = counted(deposit)
    state = rules.state_with(
        required=deposit.required, counted=counts, doubtful=max(book.held(deposit) - counts, ZERO)
    )
    deposit.state = state.value
    if state is State.MATCHED and deposit.matched_at is None:
        deposit.matched_at = now
    deposit.save(update_fields=["state", "matched_at"])


def _note_received(deposit: Deposit, receipt: Receipt, *, now: datetime) -> None:
    stand_by_money(deposit, now=now)
    record(
        "deposits.received",
        deposit,
        actor=SYSTEM,
        now=now,
        facts={
            "reference": receipt.reference,
            "amount": receipt.amount,
            "credited_at": receipt.credited_at,
            "counts": receipt.counts,
            "returns": receipt.returns,
            "reason": receipt.reason,
        },
    )
    why = (
        f"; 其中{receipt.returns}元{rules.Reason(receipt.reason).label}, 正在原路退回"
        if receipt.returns
        else ""
    )
    if receipt.doubtful:
        why = (
            f"; {rules.Reason(receipt.reason).label}, 是否有效由评标委员会认定, 截止前可以申请退回后重新转入"
        )
    say(
        deposit,
        title=f"保证金到账{receipt.amount}元: {State(deposit.state).label}",
        text=f"银行入账{receipt.credited_at.astimezone(BEIJING):%Y年%m月%d日 %H:%M}, 流水号{receipt.reference}{why}。",
        now=now,
    )


def send_back(receipt: Receipt, *, amount: Decimal, now: datetime) -> Payment:
    """Order that a payment, or a part of it, goes back to the account it came from."""
    payment = Payment.objects.create(
        kind=Payment.SURPLUS,
        state=Payment.DUE,
        deposit=receipt.deposit,
        receipt=receipt,
        principal=amount,
        name=receipt.payer_name,
        account=receipt.payer_account,
        due_at=now,
    )
    set_timer(kind=PAY, subject=payment.public_id, due_at=now)
    return payment


@transaction.atomic
def take_back(*, receipt_id: str, actor: Actor, now: datetime) -> Payment:
    """Send back a payment that does not count, as the bidder wants before the opening; again changes nothing.

    :raises NotFound: no such payment, or another's
    :raises NotFree: it counts, or the opening has begun
    """
    require(actor, Permission.DEPOSIT_BIND)
    receipt = (
        Receipt.objects.select_related("deposit__round")
        .filter(public_id=receipt_id, deposit__bidder_id=actor.organisation_pk)
        .first()
    )
    if receipt is None or receipt.deposit is None:
        raise NotFound("没有这笔款项, 请从保证金页面进入")
    deposit = (
        Deposit.objects.select_for_update(of=("self",)).select_related("round").get(pk=receipt.deposit_id)
    )
    known = Payment.objects.filter(receipt=receipt).first()
    if known is not None:
        return known
    deadline = deposit.round.bid_deadline
    if not receipt.doubtful or deadline is None or now >= deadline:
        raise rules.NotFree("只有截止前尚待认定的款项可以申请退回; 其余按退还时点自动退还")
    payment = send_back(receipt, amount=receipt.doubtful, now=now)
    stand_by_money(deposit, now=now)
    record("deposits.taken_back", deposit, actor=actor, now=now, facts={"amount": receipt.doubtful})
    return payment

"""A bid deposit becomes the performance bond: the winner asks, the tenderee agrees, and the contract's signing does it.

What is turned over is paid to the tenderee as the bond; the rest goes home with the interest of all of it until that
moment (87号令第三十八条). Nothing moves before the contract stands, and a deposit is turned over once.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from ggzy.awarding.queries import awards_of
from ggzy.contracting.rules import most_bond, require_lawful_bond
from ggzy.deposits import book, ledger, rules
from ggzy.deposits.actions import account_number, record, round_of, say
from ggzy.deposits.models import Conversion, Deposit
from ggzy.deposits.rules import Form, Standing, State
from ggzy.deposits.standings import RoundFacts
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, Citation, NotFound, Refusal
from ggzy.law.families import family
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round
from ggzy.tendering.moves import require_tenderee

BASIS = Citation("政府采购货物和服务招标投标管理办法", "第三十八条")


class ConversionNotNow(Refusal):
    """Only a winner's paid deposit becomes a bond, between the letter of award and the contract, and once."""

    code = "deposits.conversion_not_now"
    basis = BASIS


def _waits(deposit: Deposit, round_: Round) -> Decimal:
    """Return the price of the award of a paid deposit whose bidder has the letter and no contract yet.

    :raises ConversionNotNow: it is another's, elsewhere, or gone
    """
    award = awards_of([round_.pk]).get(round_.pk)
    stands = RoundFacts(round_).of(deposit.bidder_id)
    if (
        award is None
        or award.sent_at is None
        or award.bidder_pk != deposit.bidder_id
        or stands is None
        or stands.standing is not Standing.WINNER
        or stands.refundable_from is not None
        or deposit.state != State.MATCHED
        or deposit.form != Form.TRANSFER
    ):
        raise ConversionNotNow(
            "只有中标人已转账提交的投标保证金, 在中标通知书发出以后、合同签订以前, 可以转为履约保证金"
        )
    return award.price


def most_bond_of(deposit: Deposit) -> Decimal | None:
    """Return how much of a deposit its bidder may ask to become the bond now; None where nothing may."""
    if (
        deposit.state != State.MATCHED
        or deposit.form != Form.TRANSFER
        or standing_request(deposit) is not None
    ):
        return None
    try:
        price = _waits(deposit, deposit.round)
    except ConversionNotNow:
        return None
    return min(book.held(deposit), most_bond(price))


def standing_request(deposit: Deposit) -> Conversion | None:
    """Return the request of a deposit that was not declined."""
    return Conversion.objects.filter(deposit=deposit).exclude(agreed=False).first()


@transaction.atomic
def ask_conversion(*, round_id: str, amount: str, actor: Actor, now: datetime) -> Conversion:
    """Ask, as the winner, that so much of one's deposit becomes the performance bond when the contract is signed.

    :raises ConversionNotNow: not the winner, no money, signed already, or asked already
    :raises BadInput: nothing, or more than is there
    :raises BondTooHigh: more than a tenth of the contract price
    """
    require(actor, Permission.DEPOSIT_BIND)
    round_ = round_of(round_id)
    rows = Deposit.objects.filter(round=round_, bidder_id=actor.organisation_pk)
    deposit = _locked(rows).order_by("-pk").first()
    if deposit is None:
        raise NotFound("本单位在本标段没有投标保证金")
    price = _waits(deposit, round_)
    if standing_request(deposit) is not None:
        raise ConversionNotNow("本单位已经申请转为履约保证金, 等待招标人答复或者合同签订")
    asked, there = yuan(amount, field="amount"), book.held(deposit)
    if not 0 < asked <= there:
        raise BadInput(f"转为履约保证金的金额应大于0, 不超过已提交的投标保证金{there}元", field="amount")
    require_lawful_bond(asked, price=price)
    row = Conversion.objects.create(
        deposit=deposit,
        amount=asked,
        asked_by_id=actor.account_pk,
        asked_at=now,
        region_code=deposit.region_code,
    )
    record("deposits.conversion_asked", deposit, actor=actor, now=now, facts={"amount": asked})
    tender = round_.lot.tender
    tell(
        organisations=[tender.tenderee_id],
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）申请投标保证金转为履约保证金",
        text=f"{family(round_.procedure_code).winner}申请将{asked}元投标保证金在合同签订时转为履约保证金。同意的, 请填写收款账户。",
        link=f"/work/rounds/{round_.public_id}/deposits",
        now=now,
    )
    return row


def _locked(rows: QuerySet[Deposit]) -> QuerySet[Deposit]:
    return rows.select_for_update(of=("self",)).select_related("round__lot__tender", "bidder")


@transaction.atomic
def decide_conversion(
    *, conversion_id: str, agreed: bool, name: str = "", account: str = "", actor: Actor, now: datetime
) -> Conversion:
    """Agree, as the tenderee, and say whereto the bond is paid, or decline; nothing moves before the contract.

    :raises ConversionNotNow: the contract is signed, or the award is another's by now
    :raises NotFree: it is decided
    :raises BadInput: agreed without an account
    """
    require(actor, Permission.DEPOSIT_CONVERT)
    found = Conversion.objects.filter(public_id=conversion_id).values_list("deposit_id", flat=True).first()
    if found is None:
        raise NotFound("没有这份申请, 请从保证金页面进入")
    deposit = _locked(Deposit.objects.filter(pk=found)).get()
    require_tenderee(deposit.round.lot.tender, actor)
    row = Conversion.objects.select_for_update(of=("self",)).get(public_id=conversion_id)
    if row.decided_at is not None:
        raise rules.NotFree("这份申请已经答复, 请刷新查看")
    _waits(deposit, deposit.round)
    if agreed:
        if not name.strip():
            raise BadInput("请填写收取履约保证金的户名", field="name")
        row.name, row.account = name.strip()[:200], account_number(account)
    row.agreed, row.decided_by_id, row.decided_at = agreed, actor.account_pk, now
    row.save(update_fields=["agreed", "decided_by", "decided_at", "name", "account"])
    record("deposits.conversion_decided", deposit, actor=actor, now=now, facts={"agreed": agreed})
    say(
        deposit,
        title="同意投标保证金转为履约保证金" if agreed else "不同意投标保证金转为履约保证金",
        text=f"{row.amount}元在合同签订时转为履约保证金, 其余本金和全部利息退还。"
        if agreed
        else "投标保证金在合同签订后连同利息原路退还, 履约保证金请另行提交。",
        now=now,
    )
    return row


def tell_both(deposit: Deposit, *, title: str, text: str, now: datetime) -> None:
    """Tell the winner and the tenderee how a conversion stands."""
    say(deposit, title=title, text=text, now=now)
    tender = deposit.round.lot.tender
    tell(
        organisations=[tender.tenderee_id],
        kind=Kind.SERVICE,
        title=f"{tender.name}（{deposit.round.lot.name}）{title}",
        text=text,
        link=f"/work/rounds/{deposit.round.public_id}/deposits",
        now=now,
    )


def convert(deposit: Deposit, *, held: Decimal, now: datetime) -> Conversion | None:
    """Turn over what was agreed of a locked deposit whose contract is signed; None where nothing was (inside an act).

    Where less is there than was agreed, nothing is turned over, and both sides are told.
    """
    rows = Conversion.objects.select_for_update(of=("self",))
    row = rows.filter(deposit=deposit, agreed=True, done_at=None).first()
    if row is None:
        return None
    if row.amount > held:
        tell_both(
            deposit,
            title="投标保证金未能转为履约保证金",
            text=f"约定转{row.amount}元, 现有的投标保证金只有{held}元, 没有转。投标保证金按规定退还, 履约保证金请中标人另行提交。",
            now=now,
        )
        return None
    row.done_at = now
    row.save(update_fields=["done_at"])
    book.post(
        ledger.Event.CONVERTED,
        reference=row.public_id,
        lines=ledger.converted(ledger.deposit(deposit.public_id), row.amount),
        value_at=now,
        now=now,
    )
    record("deposits.converted", deposit, actor=SYSTEM, now=now, facts={"amount": row.amount})
    say(
        deposit,
        title="投标保证金已转为履约保证金",
        text=f"合同已签订, {row.amount}元转为履约保证金, 正在付至招标人账户; 其余本金和全部利息退还。",
        now=now,
    )
    return row

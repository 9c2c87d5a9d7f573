"""Letters of guarantee 电子保函: quoted, issued, verified by anyone, claimed, paid; released by the same moments as money.

Until the bidder accepts a quote, the institution sees the lot's code, the amount and the validity, and not whose it is;
the list of letters is nobody's to see but each institution's own.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.deposits.actions import record, say
from ggzy.deposits.models import Forfeiture, Guarantee
from ggzy.deposits.rules import NotFree, State, guarantee_after
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import sha256
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.parties.grid import Permission, require
from ggzy.tendering.moves import place_of, require_tenderee

_RELATED = ("deposit__round__lot__tender__tenderee", "deposit__bidder", "issuer")


def _locked(guarantee_id: str, allowed: Callable[[Guarantee], bool]) -> Guarantee:
    rows = Guarantee.objects.select_for_update(of=("self", "deposit")).select_related(*_RELATED)
    letter = rows.filter(public_id=guarantee_id).first()
    if letter is None or not allowed(letter):
        raise NotFound("没有这份保函, 请从工作台进入")
    return letter


def _issuers(guarantee_id: str, actor: Actor) -> Guarantee:
    require(actor, Permission.GUARANTEE_ISSUE)
    return _locked(guarantee_id, lambda letter: letter.issuer_id == actor.organisation_pk)


def _bidders(guarantee_id: str, actor: Actor) -> Guarantee:
    require(actor, Permission.DEPOSIT_BIND)
    return _locked(guarantee_id, lambda letter: letter.deposit.bidder_id == actor.organisation_pk)


def _move(letter: Guarantee, event: str, *, actor: Actor, now: datetime, **changes: Any) -> None:
    letter.state = guarantee_after(letter.state, event).value
    for name, value in changes.items():
        setattr(letter, name, value)
    letter.save(update_fields=["state", *changes])
    record(
        f"deposits.guarantee_{event}",
        letter.deposit,
        actor=actor,
        now=now,
        facts={"letter": letter.public_id},
    )


def _tell_issuer(letter: Guarantee, *, title: str, text: str, now: datetime) -> None:
    tell(
        organisations=[letter.issuer_id],
        kind=Kind.SERVICE,
        title=title,
        text=text,
        link=f"/work/guarantees/{letter.public_id}",
        until_opening=[letter.deposit.round.public_id],
        now=now,
    )


@transaction.atomic
def quote(*, guarantee_id: str, fee: str, actor: Actor, now: datetime) -> Guarantee:
    """Offer a letter for a fee in 元.

    :raises GuaranteeElsewhere: it is not waiting for this
    """
    letter = _issuers(guarantee_id, actor)
    asked = yuan(fee, field="fee")
    _move(letter, "quote", actor=actor, now=now, fee=asked)
    say(letter.deposit, title="保函机构已报价", text=f"{letter.issuer.name}报价{asked}元, 请确认。", now=now)
    return letter


@transaction.atomic
def reject(*, guarantee_id: str, reason: str, actor: Actor, now: datetime) -> Guarantee:
    """Turn a request down, with a reason; the bidder may ask another institution or choose another form."""
    letter = _issuers(guarantee_id, actor)
    if not reason.strip():
        raise BadInput("请写明未通过的理由", field="reason")
    _move(letter, "reject", actor=actor, now=now, reason=reason.strip()[:2000], ended_at=now)
    say(
        letter.deposit,
        title="保函申请未通过",
        text=f"{letter.issuer.name}: {letter.reason}。可以另选机构或者其他形式。",
        now=now,
    )
    return letter


@transaction.atomic
def accept(*, guarantee_id: str, voucher: str, actor: Actor, now: datetime) -> Guarantee:
    """Accept the quote as the bidder: from now on the institution sees who asks. `voucher`: of the fee that was paid."""
    letter = _bidders(guarantee_id, actor)
    if not voucher.strip():
        raise BadInput("请填写支付保费的凭证号", field="voucher")
    _move(letter, "accept", actor=actor, now=now, voucher=voucher.strip()[:100])
    _tell_issuer(letter, title="投标人已确认报价, 请出函", text=f"担保金额{letter.amount}元。", now=now)
    return letter


@transaction.atomic
def issue(*, guarantee_id: str, number: str, actor: Actor, now: datetime) -> Guarantee:
    """Issue the letter, payable on demand, and lodge it with the tender; its text is fixed by its hash.

    :raises GuaranteeElsewhere: not yet accepted, or issued
    :raises NotFree: the deadline has passed
    """
    letter = _issuers(guarantee_id, actor)
    wanted = number.strip()[:60]
    if len(wanted) < 6:
        raise BadInput("请填写保函编号(至少6位)", field="number")
    if Guarantee.objects.filter(issuer=letter.issuer, number=wanted).exists():
        raise BadInput("本机构已有同号的保函, 请核对编号", field="number")
    deadline = letter.deposit.round.bid_deadline
    if deadline is None or now >= deadline:
        raise NotFree("投标截止时间已过, 不能再出函")
    text = _text(letter, wanted)
    _move(
        letter,
        "issue",
        actor=actor,
        now=now,
        number=wanted,
        text=text,
        sha256=sha256(text.encode()).hex(),
        issued_at=now,
    )
    letter.deposit.state, letter.deposit.matched_at = State.MATCHED.value, now
    letter.deposit.save(update_fields=["state", "matched_at"])
    say(
        letter.deposit, title="保函已经出具并提交", text=f"保函编号{wanted}, 金额{letter.amount}元。", now=now
    )
    return letter


def _text(letter: Guarantee, number: str) -> str:
    tender = letter.deposit.round.lot.tender
    return (
        f"投标保函(独立保函) 编号: {number}\n受益人: {tender.tenderee.name}\n投标人: {letter.deposit.bidder.name}\n"
        f"招标项目: {tender.name}, {letter.deposit.round.lot.name}\n担保金额: {letter.amount}元\n"
        f"有效期: 自出具之日至{letter.valid_until:%Y年%m月%d日}\n"
        "我方承诺: 在有效期内收到受益人书面索赔通知及所附依法不予退还投标保证金的说明后, 见索即付。\n"
        f"出具人: {letter.issuer.name}"
    )


@transaction.atomic
def surrender(*, guarantee_id: str, actor: Actor, now: datetime) -> Guarantee:
    """Take a letter back before the deadline as the bidder; then another form may be chosen."""
    letter = _bidders(guarantee_id, actor)
    deadline = letter.deposit.round.bid_deadline
    if deadline is None or now >= deadline:
        raise NotFree("投标截止后不能撤回保函")
    _move(letter, "surrender", actor=actor, now=now, ended_at=now)
    letter.deposit.state, letter.deposit.matched_at = State.ASKED.value, None
    letter.deposit.save(update_fields=["state", "matched_at"])
    _tell_issuer(
        letter, title="投标人已撤回保函", text=f"保函{letter.number or '(未出函)'}不再有效。", now=now
    )
    return letter


@transaction.atomic
def claim(*, guarantee_id: str, text: str, actor: Actor, now: datetime) -> Guarantee:
    """Claim a letter as its beneficiary: after two people of the tenderee have decided that the deposit is kept.

    :raises NotFree: no such decision
    """
    require(actor, Permission.GUARANTEE_CLAIM)
    letter = _locked(guarantee_id, lambda row: row.deposit.round.opened_at is not None)
    require_tenderee(letter.deposit.round.lot.tender, actor)
    if not Forfeiture.objects.filter(deposit=letter.deposit, upheld=True).exists():
        raise NotFree("索赔以前, 须由两人办理不予退还的提议和确认")
    if len(text.strip()) < 10:
        raise BadInput("请写明索赔的事实和依据(至少10字)", field="text")
    _move(letter, "claim", actor=actor, now=now, claim=text.strip()[:4000], claimed_at=now)
    record_act(
        "deposits.guarantee_claimed",
        subject=letter.public_id,
        actor=actor,
        legal_at=now,
        party={"amount": letter.amount, "claim": letter.claim},
        **place_of(letter.deposit.round),
    )
    _tell_issuer(
        letter,
        title="收到保函索赔",
        text=f"保函{letter.number}, 金额{letter.amount}元: {letter.claim}",
        now=now,
    )
    return letter


@transaction.atomic
def answer_claim(*, guarantee_id: str, paid: bool, voucher: str, actor: Actor, now: datetime) -> Guarantee:
    """Say as the institution that a claim was paid (`voucher`: its number), or why it is refused (`voucher`: the reason)."""
    letter = _issuers(guarantee_id, actor)
    if not voucher.strip():
        raise BadInput("请填写赔付凭证号, 或者拒赔的理由", field="voucher")
    deposit = letter.deposit
    if paid:
        _move(letter, "pay_out", actor=actor, now=now, voucher=voucher.strip()[:100], ended_at=now)
        deposit.state, deposit.settled_at = State.FORFEITED.value, now
        deposit.save(update_fields=["state", "settled_at"])
    else:
        _move(letter, "refuse_claim", actor=actor, now=now, reason=voucher.strip()[:2000])
    tell(
        organisations=[deposit.round.lot.tender.tenderee_id, deposit.bidder_id],
        kind=Kind.SERVICE,
        title="保函索赔已赔付" if paid else "保函索赔被拒绝",
        text=f"保函{letter.number}: {voucher.strip()[:300]}",
        link=f"/work/guarantees/{letter.public_id}",
        now=now,
    )
    return letter


class NoSuchStep(NotFound):
    """A letter has no step of this name."""


def take_step(step: str, *, guarantee_id: str, value: str, actor: Actor, now: datetime) -> Guarantee:
    """Take one step of a letter by its name, with the one thing that the step needs.

    :raises NoSuchStep: none of this name
    """
    same: dict[str, Any] = {"guarantee_id": guarantee_id, "actor": actor, "now": now}
    steps: dict[str, Callable[[], Guarantee]] = {
        "quote": lambda: quote(fee=value, **same),
        "reject": lambda: reject(reason=value, **same),
        "accept": lambda: accept(voucher=value, **same),
        "issue": lambda: issue(number=value, **same),
        "surrender": lambda: surrender(**same),
        "claim": lambda: claim(text=value, **same),
        "pay": lambda: answer_claim(paid=True, voucher=value, **same),
        "refuse": lambda: answer_claim(paid=False, voucher=value, **same),
    }
    if step not in steps:
        raise NoSuchStep("保函没有这个步骤")
    return steps[step]()

"""The contract: set from the award, sealed by the tenderee and the winner, then published."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from ggzy.awarding.actions import winner_facts
from ggzy.awarding.models import Award
from ggzy.contracting import rules
from ggzy.contracting.models import Contract
from ggzy.evidence.actions import record_act
from ggzy.identity.models import Sealing
from ggzy.kernel import files
from ggzy.kernel.actors import Actor
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening.queries import opened_bids
from ggzy.parties.grid import Permission, require
from ggzy.seals.sealing import finish_seal, prepare_seal
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, make_move, place_of, require_move, require_tenderee
from ggzy.ui.documents import contract_pdf

PURPOSE = "contract"
_BOXES = {"owner": (90, 110, 270, 170), "winner": (320, 110, 500, 170)}


class ContractChanged(Refusal):
    """The other side has sealed meanwhile: the prepared seal is on an older state of the PDF."""

    code = "contracting.changed"


class AlreadySealed(Refusal):
    """This side has sealed."""

    code = "contracting.already_sealed"


def _locked(round_id: str, actor: Actor) -> tuple[Round, Award, str]:
    round_ = lock_round(round_id)
    award = Award.objects.select_related("bid__bidder").filter(round=round_, ended_at=None).first()
    if award is None or award.sent_at is None:
        raise NotFound("中标通知书尚未发出, 不能签订合同")
    if actor.organisation_pk == round_.lot.tender.tenderee_id:
        side = "owner"
    elif actor.organisation_pk == award.bid.bidder_id:
        side = "winner"
    else:
        raise NotPermitted("合同由招标人和中标人签订")
    require_move(round_, "sign_contract", actor=actor)
    return round_, award, side


def _contract(round_: Round, award: Award, *, now: datetime) -> Contract:
    found = Contract.objects.select_for_update(of=("self",)).filter(award=award).first()
    if found is not None:
        return found
    bid = next(b for b in opened_bids(round_.pk) if b.bid == award.bid.public_id)
    pdf = contract_pdf(facts=winner_facts(round_, bid), price=award.price, at=now)
    return Contract.objects.create(award=award, pdf=files.keep(pdf), region_code=round_.region_code)


@transaction.atomic
def prepare_contract(*, round_id: str, actor: Actor, now: datetime) -> Sealing:
    """Set the contract if it is not there, and say which bytes this side must sign.

    :raises NotPermitted: neither the tenderee nor the winner
    :raises AlreadySealed: this side has sealed
    """
    require(actor, Permission.CONTRACT_SIGN, signed=True)
    round_, award, side = _locked(round_id, actor)
    contract = _contract(round_, award, now=now)
    if getattr(contract, f"{side}_certificate_id"):
        raise AlreadySealed("本方已签章, 等待对方签章")
    return prepare_seal(
        pdf=files.read(contract.pdf),
        document=contract.pdf,
        purpose=PURPOSE,
        subject=round_.public_id,
        box=_BOXES[side],
        reason="签订合同",
        actor=actor,
        now=now,
    )


@transaction.atomic
def finish_contract(*, round_id: str, signature: str, actor: Actor, now: datetime) -> Contract:
    """Put this side's seal in; with the second the contract stands and is published: NOTIFIED → CONTRACTED.

    :raises ContractChanged: the other side sealed meanwhile; prepare again
    :raises SignatureWrong: the signature is not on the prepared contract
    """
    require(actor, Permission.CONTRACT_SIGN, signed=True)
    round_, award, side = _locked(round_id, actor)
    contract = _contract(round_, award, now=now)
    sealed = finish_seal(purpose=PURPOSE, subject=round_.public_id, signature=signature, actor=actor)
    if sealed.document != contract.pdf:
        raise ContractChanged("对方刚刚完成签章, 请重新打开合同后签章")
    contract.pdf = files.keep(sealed.pdf)
    setattr(contract, f"{side}_certificate", sealed.certificate)
    contract.save()
    tender = round_.lot.tender
    record: dict[str, Any] = {"side": side, "pdf_sha256": contract.pdf}
    if contract.owner_certificate_id and contract.winner_certificate_id:
        make_move(round_, "sign_contract", actor=actor, now=now)
        contract.signed_at = now
        contract.save(update_fields=["signed_at"])
        record["signed_at"] = now.isoformat()
        publish_notice(
            kind=NoticeKind.CONTRACT,
            ocid=tender.ocid,
            tender=tender.public_id,
            rounds=[round_.public_id],
            title=f"{tender.name}（{round_.lot.name}）合同公告",
            body={
                "lot": round_.lot.name,
                "tenderee": tender.tenderee.name,
                "winner": award.bid.bidder.name,
                "uscc": award.bid.bidder.uscc,
                "price": str(award.price),
                "signed_at": now.isoformat(),
                "pdf_sha256": contract.pdf,
            },
            actor=actor,
            now=now,
        )
    record_act(
        "contracting.sealed",
        subject=contract.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public=record,
    )
    if contract.signed_at is not None:
        record_act(
            "contracting.signed",
            subject=contract.public_id,
            actor=actor,
            legal_at=now,
            **place_of(round_),
            public={"signed_at": now.isoformat(), "price": str(award.price), "pdf_sha256": contract.pdf},
        )
    return contract


@transaction.atomic
def file_contract(*, round_id: str, number: str, actor: Actor, now: datetime) -> Contract:
    """Record that the copy of a procurement contract was filed with the finance department: CONTRACTED → PUBLISHED.

    :raises BadInput: no number of the filing
    """
    require(actor, Permission.PERFORMANCE_START)
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    require_move(round_, "file_contract", actor=actor)
    contract = Contract.objects.select_for_update(of=("self",)).get(award__round=round_, award__ended_at=None)
    if not number.strip():
        raise BadInput("请填写合同备案的编号", field="number")
    make_move(round_, "file_contract", actor=actor, now=now)
    contract.filing, contract.filed_at = number.strip()[:60], now
    contract.save(update_fields=["filing", "filed_at"])
    record_act(
        "contracting.filed",
        subject=contract.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"filed_at": now.isoformat(), "number": contract.filing},
    )
    return contract


@transaction.atomic
def start_performance(*, round_id: str, bond: str, starts_on: date, actor: Actor, now: datetime) -> Contract:
    """Record the performance bond and the day work starts: CONTRACTED → PERFORMING.

    :raises BondTooHigh: more than 10 % of the contract price (条例58)
    :raises BadInput: no amount, or work that starts before the contract was signed
    """
    require(actor, Permission.PERFORMANCE_START)
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    require_move(round_, "start_performance", actor=actor)
    contract = (
        Contract.objects.select_for_update(of=("self",))
        .select_related("award__bid__bidder")
        .get(award__round=round_, award__ended_at=None)
    )
    amount = yuan(bond, field="bond")
    assert contract.signed_at is not None, "CONTRACTED has a signed contract"
    rules.require_lawful_bond(amount, price=contract.award.price)
    rules.require_start(starts_on, signed_at=contract.signed_at)
    make_move(round_, "start_performance", actor=actor, now=now)
    contract.performance_bond, contract.starts_on = amount, starts_on
    contract.save(update_fields=["performance_bond", "starts_on"])
    record_act(
        "contracting.performance_started",
        subject=contract.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"performance_bond": str(amount), "starts_on": starts_on.isoformat()},
    )
    return contract

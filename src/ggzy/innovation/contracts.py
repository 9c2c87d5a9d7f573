"""After the choice: research contracts, stages with interim talks, what is compensated, acceptance, the end of each."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from ggzy.identity.actions import sign_document
from ggzy.innovation import rules
from ggzy.innovation.actions import NotNow
from ggzy.innovation.judging import finals_of
from ggzy.innovation.models import GroupMember, Innovation, ResearchContract, ResearchStage
from ggzy.innovation.moves import (
    TO_THE_LIST,
    buyers_contract,
    check_contract,
    locked_contract,
    move_contract,
    move_innovation,
    own,
    suppliers_contract,
)
from ggzy.innovation.talking import file_facts
from ggzy.innovation.telling import (
    announce,
    begin_term_clock,
    day,
    end_term_clock,
    record,
    said,
    tell_all,
    tell_those,
)
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, NotPermitted, Refusal
from ggzy.law.limits import Unit, beijing_date, last_day, midnight_after
from ggzy.law.table import limit
from ggzy.notices.actions import NoticeKind
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage

CONTRACT, INTERIM = "innovation.contract", "innovation.interim"


class AlreadySigned(Refusal):
    """This side has signed."""

    code = "innovation.already_signed"


class NotThisStage(Refusal):
    """The stage of the research stands elsewhere."""

    code = "innovation.not_this_stage"


# --- the choice


@transaction.atomic
def determine_suppliers(*, innovation_id: str, actor: Actor, now: datetime) -> list[ResearchContract]:
    """Determine the research suppliers by the file's number and the ranking, publish them, make their contracts (第二十三条).

    Nobody is picked: who it is follows from the ranking. Fewer than the number are all determined; who would rather begin
    anew terminates.

    :raises MoveNotAllowed: no ranking, or determined before
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    move_innovation(innovation, "determine_suppliers", actor=actor)
    number = innovation.file["suppliers"]
    picked = [row["participant"] for row in innovation.ranking[:number]]
    innovation.determined_at = now
    innovation.save()
    by_participant = {one.participant.public_id: one for one in finals_of(innovation)}
    made = []
    for place, public_id in enumerate(picked, 1):
        final = by_participant[public_id]
        final.participant.chosen = True
        final.participant.save(update_fields=["chosen"])
        contract = ResearchContract.objects.create(
            participant=final.participant,
            stage=Stage.RD_SIGN.value,
            number=f"{innovation.deal_code}-R{place}",
            response=final.response,
            compensation=Decimal(final.response["compensation"]),
            first_price=Decimal(final.response["first_price"]),
        )
        ResearchStage.objects.bulk_create(
            ResearchStage(contract=contract, number=n, name=stage["name"], milestone=stage["milestone"])
            for n, stage in enumerate(innovation.file["stages"], 1)
        )
        made.append(contract)
    tell_all(innovation, now=now)
    announce(
        NoticeKind.INNOVATION_RESULT,
        innovation,
        "研发供应商公告",
        [
            ("采购人", f"{innovation.buyer.name}; {innovation.contact}"),
            ("采购项目编号", innovation.deal_code),
            *(
                (
                    f"第{place}名 {c.participant.called}",
                    f"研发成本补偿限额{c.compensation}元, 首购产品金额{c.first_price}元, "
                    f"得分{innovation.ranking[place - 1]['total']}",
                )
                for place, c in enumerate(made, 1)
            ),
            ("谈判小组", _group_in_public(innovation)),
        ],
        actor=actor,
        now=now,
    )
    for rank, row in enumerate(innovation.ranking, 1):
        one = by_participant[row["participant"]].participant
        chosen = row["participant"] in picked
        tell_those(
            innovation,
            [one.supplier_id],
            title="评审结果",
            text="确定为研发供应商, 请签订研发合同。"
            if chosen
            else f"没有确定为研发供应商; 本单位得分{row['total']}, 排名第{rank}。",
            contract=next((c for c in made if c.participant_id == one.pk), None),
            now=now,
        )
    record(
        "determined",
        innovation,
        actor=actor,
        now=now,
        public={
            "suppliers": [
                {
                    "supplier": c.participant.supplier.uscc,
                    "compensation": str(c.compensation),
                    "first_price": str(c.first_price),
                }
                for c in made
            ]
        },
    )
    return made


def _group_in_public(innovation: Innovation) -> str:
    members = innovation.members.select_related("account__person").filter(left_at=None).order_by("code")
    return "、".join(f"{m.account.person.name}({rules.Seat(m.seat).label})" for m in members)


# --- the contract


def contract_text(innovation: Innovation, contract: ResearchContract) -> bytes:
    """Return a research contract as both sides sign it: the file's terms, the changes, and the supplier's own response."""
    return canonical(
        {
            "number": contract.number,
            "purchase": innovation.public_id,
            "buyer": innovation.buyer.uscc,
            "supplier": contract.participant.supplier.uscc,
            "partners": contract.participant.partners,
            "file": [[name, value] for name, value in file_facts(innovation)],
            "changes": [change["text"] for change in innovation.changes],
            "response": contract.response,
            "compensation": str(contract.compensation),
            "first_price": str(contract.first_price),
        }
    )


def _side(innovation: Innovation, contract: ResearchContract, actor: Actor) -> str:
    """Return which of the two signatures the actor gives.

    :raises NotPermitted: neither side
    """
    if actor.role is Role.TENDEREE and innovation.buyer_id == actor.organisation_pk:
        return "buyer_signature"
    if actor.role is Role.BIDDER and contract.participant.supplier_id == actor.organisation_pk:
        return "supplier_signature"
    raise NotPermitted("由采购人和这家研发供应商办理", next_steps=TO_THE_LIST)


def _signing(contract_id: str, actor: Actor) -> tuple[Innovation, ResearchContract, str]:
    innovation, contract = locked_contract(contract_id)
    side = _side(innovation, contract, actor)
    if contract.stage != Stage.RD_SIGN.value:
        raise NotNow("这份研发合同现在无须签订", next_steps=TO_THE_LIST)
    if getattr(contract, f"{side}_id"):
        raise AlreadySigned("本方已签名, 等待对方签名")
    check_contract(contract, "sign_research", actor=actor)
    return innovation, contract, side


@transaction.atomic
def contract_to_sign(*, contract_id: str, actor: Actor) -> bytes:
    """Return a research contract as a side signs it.

    :raises NotPermitted: neither side
    :raises AlreadySigned: this side has
    """
    require(actor, Permission.INNOVATION_SIGN, signed=True)
    innovation, contract, _ = _signing(contract_id, actor)
    return contract_text(innovation, contract)


def term_ends(innovation: Innovation, contract: ResearchContract, *, signed_at: datetime) -> datetime:
    """Return when the term of a contract is over: as many months after the signing as the supplier said."""
    months = int(contract.response["months"])
    row = limit("GP-T64" if innovation.major else "GP-T63", on=beijing_date(signed_at))
    own_term = replace(row, length=months, unit=Unit.MONTH)
    return midnight_after(last_day(own_term, started=beijing_date(signed_at), calendar=calendars.CHINA))


@transaction.atomic
def sign_contract(*, contract_id: str, signature: str, actor: Actor, now: datetime) -> ResearchContract:
    """Sign a research contract for one side; with both, it is published and its term runs.

    :raises NotPermitted: neither side
    :raises AlreadySigned: this side has
    :raises SignatureWrong: the signature is not on this contract
    """
    require(actor, Permission.INNOVATION_SIGN, signed=True)
    innovation, contract, side = _signing(contract_id, actor)
    text = contract_text(innovation, contract)
    signed = sign_document(
        kind=CONTRACT,
        subject=contract.public_id,
        document=text,
        signature=signature,
        actor=actor,
        now=now,
    )
    setattr(contract, side, signed)
    if contract.buyer_signature_id and contract.supplier_signature_id:
        move_contract(contract, "sign_research", actor=actor)
        contract.signed_at = now
        contract.ends_at = term_ends(innovation, contract, signed_at=now)
        begin_term_clock(contract, ends_at=contract.ends_at)
        announce(
            NoticeKind.INNOVATION_CONTRACT,
            innovation,
            "研发合同公告",
            [
                ("合同编号", contract.number),
                ("采购人", innovation.buyer.name),
                ("研发供应商", contract.participant.called),
                ("研发成本补偿限额", f"{contract.compensation}元"),
                ("首购产品金额", f"{contract.first_price}元"),
                ("期限", f"{day(now)}至{day(contract.ends_at)}"),
                ("合同文本SHA-256", sha256(text).hex()),
                ("说明", "研发方案和成本属于商业秘密, 不公开"),
            ],
            actor=actor,
            now=now,
        )
    contract.save()
    record(
        "contract_signed",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        public={"side": side, "stage": contract.stage, "contract_sha256": signed.digest},
    )
    return contract


# --- stages


def current_stage(contract: ResearchContract) -> ResearchStage | None:
    """Return the stage that research is at: the first that is not decided."""
    return contract.stages.filter(decided_at=None).order_by("number").first()


def _at(contract: ResearchContract) -> ResearchStage:
    found = contract.stages.select_for_update().filter(decided_at=None).order_by("number").first()
    if contract.stage != Stage.RD_WORK.value or found is None:
        raise NotThisStage("这份研发合同现在没有进行中的研发阶段", next_steps=TO_THE_LIST)
    return found


def left_of(contract: ResearchContract) -> Decimal:
    """Return what of a contract's compensation is left, in 元."""
    return contract.compensation - contract.compensated


@transaction.atomic
def record_interim(
    *, contract_id: str, met_at: datetime, text: str, most: str, actor: Actor, now: datetime
) -> ResearchStage:
    """Write down the interim talk before a stage: progress, milestone, acceptance, and the most that it is compensated (第二十四条).

    Written anew, both sides sign anew; not after both have.

    :param most: 元, within what is left of the contract
    :raises NotPermitted: not of the group
    :raises NotThisStage: the file has no interim talks, or both sides have signed
    :raises OverCompensation: over what is left
    """
    require(actor, Permission.INNOVATION_JUDGE)
    innovation, contract = locked_contract(contract_id)
    if not GroupMember.objects.filter(
        innovation=innovation, account_id=actor.account_pk, left_at=None
    ).exists():
        raise NotPermitted("您不是这项采购谈判小组的成员", next_steps=TO_THE_LIST)
    move_contract(contract, "record_interim", actor=actor)
    stage = _at(contract)
    if not innovation.file["interim"]:
        raise NotThisStage("研发谈判文件没有规定研发中期谈判", next_steps=TO_THE_LIST)
    if stage.buyer_signature_id and stage.supplier_signature_id:
        raise NotThisStage("双方已经签署本阶段的中期谈判记录", next_steps=TO_THE_LIST)
    if met_at > now:
        raise BadInput("谈判时间不能晚于现在", field="met_at")
    amount = yuan(most, field="most")
    rules.require_compensation(amount, most=left_of(contract))
    stage.interim = {
        "met_at": met_at.astimezone(BEIJING).isoformat(),
        "text": said(text, what="进度、标志性成果、验收方法和成本补偿的商定情况", field="text", most=10_000),
    }
    stage.limit, stage.buyer_signature, stage.supplier_signature = amount, None, None
    stage.save()
    record(
        "interim_recorded",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        supervisor={"stage": stage.number, "limit": str(amount)},
    )
    tell_those(
        innovation,
        [innovation.buyer_id, contract.participant.supplier_id],
        title="中期谈判记录待签名",
        text=f"第{stage.number}阶段, 本阶段成本补偿限额{amount}元。双方签名后本阶段开始。",
        contract=contract,
        now=now,
    )
    return stage


def _interim(contract: ResearchContract, stage: ResearchStage) -> bytes:
    return canonical(
        {
            "contract": contract.number,
            "stage": stage.number,
            "name": stage.name,
            "milestone": stage.milestone,
            "interim": stage.interim,
            "limit": str(stage.limit),
        }
    )


def _confirming(contract_id: str, actor: Actor) -> tuple[Innovation, ResearchContract, ResearchStage, str]:
    innovation, contract = locked_contract(contract_id)
    side = _side(innovation, contract, actor)
    move_contract(contract, "confirm_interim", actor=actor)
    stage = _at(contract)
    if not stage.interim:
        raise NotThisStage("还没有本阶段的中期谈判记录", next_steps=TO_THE_LIST)
    if getattr(stage, f"{side}_id"):
        raise AlreadySigned("本方已签名, 等待对方签名")
    return innovation, contract, stage, side


@transaction.atomic
def interim_to_sign(*, contract_id: str, actor: Actor) -> bytes:
    """Return the record of the interim talk as a side signs it.

    :raises NotThisStage: there is none
    """
    require(actor, Permission.INNOVATION_SIGN, signed=True)
    _, contract, stage, _ = _confirming(contract_id, actor)
    return _interim(contract, stage)


@transaction.atomic
def confirm_interim(*, contract_id: str, signature: str, actor: Actor, now: datetime) -> ResearchStage:
    """Sign the record of the interim talk for one side; with both, the stage begins.

    :raises NotThisStage: there is no record
    :raises AlreadySigned: this side has
    :raises SignatureWrong: the signature is not on this record
    """
    require(actor, Permission.INNOVATION_SIGN, signed=True)
    innovation, contract, stage, side = _confirming(contract_id, actor)
    signed = sign_document(
        kind=INTERIM,
        subject=stage.public_id,
        document=_interim(contract, stage),
        signature=signature,
        actor=actor,
        now=now,
    )
    setattr(stage, side, signed)
    stage.save()
    record(
        "interim_confirmed",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        supervisor={"stage": stage.number, "side": side, "interim_sha256": signed.digest},
    )
    return stage


@transaction.atomic
def hand_in_results(
    *, contract_id: str, results: str, costs: Mapping[str, object], actor: Actor, now: datetime
) -> ResearchStage:
    """Hand in what came of a stage and what was really spent, by kind; anew until the buyer has decided.

    :raises NotThisStage: the interim talk is not signed by both
    :raises BadInput: nothing written, or an amount that is none
    """
    require(actor, Permission.INNOVATION_RESEARCH)
    innovation, contract = suppliers_contract(contract_id, actor)
    move_contract(contract, "hand_in_results", actor=actor)
    stage = _at(contract)
    signed = stage.buyer_signature_id and stage.supplier_signature_id
    if innovation.file["interim"] and not signed:
        raise NotThisStage("本阶段的中期谈判记录双方签名以后才开始", next_steps=TO_THE_LIST)
    stage.results = said(results, what="研发成果报告", field="results", most=20_000)
    stage.costs = rules.costs(costs)
    stage.spent = sum((Decimal(v) for v in stage.costs.values()), Decimal(0))
    stage.handed_in_at = now
    stage.save()
    record(
        "results_handed_in",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        supervisor={"stage": stage.number, "costs": stage.costs},
    )
    tell_those(
        innovation,
        [innovation.buyer_id],
        title="研发供应商提交阶段成果",
        text=f"{contract.participant.supplier.name}第{stage.number}阶段, 实际成本{stage.spent}元。请验收并决定成本补偿。",
        contract=contract,
        now=now,
    )
    return stage


def most_of(innovation: Innovation, contract: ResearchContract, stage: ResearchStage) -> Decimal:
    """Return the most that a stage may be compensated, in 元."""
    return rules.most_compensable(
        stage.costs,
        kinds=innovation.file["cost_kinds"],
        stage_limit=stage.limit,
        left=left_of(contract),
    )


@transaction.atomic
def decide_stage(
    *, contract_id: str, met: bool, reason: str, compensated: str, actor: Actor, now: datetime
) -> ResearchContract:
    """Decide whether the milestone is met and how much is compensated: the next stage, the product's acceptance, or the end.

    :param reason: what was not met, where it was not; the conclusion where it was
    :raises NotThisStage: no results were handed in
    :raises OverCompensation: over what was spent within the contract's range, the stage's limit or what is left
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation, contract = buyers_contract(contract_id, actor)
    stage = _at(contract)
    if stage.handed_in_at is None:
        raise NotThisStage("研发供应商还没有提交本阶段的成果报告和成本说明", next_steps=TO_THE_LIST)
    amount = yuan(compensated, field="compensated")
    rules.require_compensation(amount, most=most_of(innovation, contract, stage))
    last = not contract.stages.filter(number__gt=stage.number).exists()
    move_contract(
        contract, "eliminate" if not met else "pass_last_stage" if last else "pass_stage", actor=actor
    )
    stage.met, stage.compensated, stage.decided_at = met, amount, now
    stage.reason = said(reason, what="验收结论和理由", field="reason", most=2000)
    stage.save()
    contract.compensated += amount
    if not met:
        _end(contract, f"第{stage.number}阶段的标志性成果没有达到要求: {stage.reason}", now=now)
    contract.save()
    record(
        "stage_decided",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        public={"stage": stage.number, "met": met},
        supervisor={"compensated": str(amount), "reason": stage.reason},
    )
    tell_those(
        innovation,
        [contract.participant.supplier_id],
        title=f"第{stage.number}阶段{'达到要求' if met else '没有达到要求, 研发合同终止'}",
        text=f"{stage.reason[:1200]} 成本补偿{amount}元。",
        contract=contract,
        now=now,
    )
    return contract


def _end(contract: ResearchContract, conclusion: str, *, now: datetime) -> None:
    contract.conclusion, contract.ended_at = conclusion, now
    end_term_clock(contract, now=now)


@transaction.atomic
def note_payment(
    *, contract_id: str, number: int, voucher: str, actor: Actor, now: datetime
) -> ResearchStage:
    """Note that the compensation of a decided stage was paid: exactly what was decided, once.

    :raises NotThisStage: nothing is to be paid for this stage
    :raises AlreadySigned: it is noted
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation, contract = buyers_contract(contract_id, actor)
    stage = contract.stages.select_for_update().filter(number=number).first()
    if stage is None or not stage.compensated:
        raise NotThisStage("这一阶段没有需要支付的成本补偿", next_steps=TO_THE_LIST)
    if stage.paid_at is not None:
        raise AlreadySigned(f"这一阶段的支付已经登记, 凭证{stage.payment}")
    stage.payment, stage.paid_at = said(voucher, what="支付凭证编号", field="voucher", most=100), now
    stage.save()
    record(
        "paid",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        supervisor={"stage": number, "amount": str(stage.compensated), "voucher": stage.payment},
    )
    return stage


# --- the product


@transaction.atomic
def hand_in_product(
    *, contract_id: str, product: str, price: str, actor: Actor, now: datetime
) -> ResearchContract:
    """Hand in the product with the price of its first purchase, not above what was agreed; anew until it is accepted.

    :raises BadInput: nothing written, or a price over the agreed one
    """
    require(actor, Permission.INNOVATION_RESEARCH)
    innovation, contract = suppliers_contract(contract_id, actor)
    move_contract(contract, "hand_in_product", actor=actor)
    amount = yuan(price, field="price")
    if not 0 < amount <= contract.first_price:
        raise BadInput(f"首购报价应大于0、不高于研发合同约定的{contract.first_price}元", field="price")
    contract.product = said(product, what="创新产品的说明", field="product", most=10_000)
    contract.product_price, contract.handed_in_at = amount, now
    contract.save()
    record(
        "product_handed_in",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        supervisor={"price": str(amount)},
    )
    tell_those(
        innovation,
        [innovation.buyer_id],
        title="研发供应商提交创新产品",
        text=f"{contract.participant.supplier.name}已提交创新产品, 请按研发合同验收。",
        contract=contract,
        now=now,
    )
    return contract


@transaction.atomic
def accept_product(
    *, contract_id: str, passed: bool, report: str, actor: Actor, now: datetime
) -> ResearchContract:
    """Accept a product by the contract's method, or refuse it (第二十五条).

    :raises NotThisStage: no product was handed in
    :raises BadInput: no report
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation, contract = buyers_contract(contract_id, actor)
    move_contract(contract, "accept_product" if passed else "refuse_product", actor=actor)
    if contract.product_price is None:
        raise NotThisStage("研发供应商还没有提交创新产品和首购报价", next_steps=TO_THE_LIST)
    _end(contract, said(report, what="验收报告", field="report", most=10_000), now=now)
    contract.save()
    record(
        "product_accepted" if passed else "product_refused",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        public={"passed": passed},
        supervisor={"report": contract.conclusion},
    )
    tell_those(
        innovation,
        [contract.participant.supplier_id],
        title=f"创新产品{'通过' if passed else '没有通过'}验收",
        text=contract.conclusion[:1500],
        contract=contract,
        now=now,
    )
    return contract


@transaction.atomic
def end_research(*, contract_id: str, reason: str, actor: Actor, now: datetime) -> ResearchContract:
    """End a research contract for one side with a reason; what was decided is paid, disputes are civil.

    :raises NotPermitted: neither side
    :raises NotThisStage: results and costs of a stage wait for their decision
    :raises BadInput: no reason
    """
    require(actor, Permission.INNOVATION_SIGN)
    innovation, contract = locked_contract(contract_id)
    side = _side(innovation, contract, actor)
    move_contract(contract, "end_research", actor=actor)
    if contract.stages.filter(handed_in_at__isnull=False, decided_at=None).exists():
        raise NotThisStage(
            "研发供应商已提交本阶段的成果和成本, 请先作出认定和补偿决定, 再终止合同", next_steps=TO_THE_LIST
        )
    who = "采购人" if side == "buyer_signature" else "研发供应商"
    _end(contract, f"{who}终止: {said(reason, what='终止的理由', field='reason', most=2000)}", now=now)
    contract.save()
    record(
        "research_ended",
        innovation,
        subject=contract.public_id,
        actor=actor,
        now=now,
        public={"side": side},
        supervisor={"reason": contract.conclusion},
    )
    tell_those(
        innovation,
        [innovation.buyer_id, contract.participant.supplier_id],
        title="研发合同终止",
        text=contract.conclusion[:1500],
        contract=contract,
        now=now,
    )
    return contract

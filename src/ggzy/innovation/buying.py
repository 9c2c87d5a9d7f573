"""首购: when all research has ended, whose product is bought first, its notice and its agreement."""

from datetime import datetime

from django.db import transaction

from ggzy.identity.actions import sign_document
from ggzy.innovation import rules
from ggzy.innovation.actions import NotNow, stop
from ggzy.innovation.contracts import AlreadySigned
from ggzy.innovation.judging import choose_first, passed_of
from ggzy.innovation.models import Innovation, ResearchContract
from ggzy.innovation.moves import TO_THE_LIST, check_innovation, locked, move_innovation, own
from ggzy.innovation.telling import announce, end_result_clock, record, said, tell_all, tell_those
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.refusals import BadInput, NotPermitted
from ggzy.notices.actions import NoticeKind
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage

AGREEMENT = "innovation.first_agreement"


@transaction.atomic
def conclude_research(*, innovation_id: str, actor: Actor, now: datetime) -> Innovation:
    """Go on once every research contract has ended: nobody passed, one did, or the group reviews two or more.

    :raises NotNow: somebody still researches
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    running = ResearchContract.objects.filter(participant__innovation=innovation, ended_at=None)
    if innovation.stage == Stage.HC_RESEARCH.value and running.exists():
        raise NotNow(f"还有{running.count()}份研发合同没有结束", next_steps=TO_THE_LIST)
    passed = passed_of(innovation)
    if not passed:
        stop(innovation, "fail_research", reason="没有一家的创新产品通过验收", actor=actor, now=now)
        return innovation
    move_innovation(innovation, "name_first" if len(passed) == 1 else "begin_first_review", actor=actor)
    if len(passed) == 1:
        choose_first(innovation, passed[0].participant.public_id, now=now)
    innovation.save()
    record("research_concluded", innovation, actor=actor, now=now, public={"passed": len(passed)})
    return innovation


def first_of(innovation: Innovation) -> ResearchContract:
    """Return the contract whose product is bought first."""
    return ResearchContract.objects.select_related("participant__supplier").get(
        participant__innovation=innovation, first=True
    )


@transaction.atomic
def publish_first(*, innovation_id: str, actor: Actor, now: datetime) -> Innovation:
    """Publish whose product is bought first, and for how much (GP-T65).

    :raises MoveNotAllowed: nothing is chosen, or it is published
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    move_innovation(innovation, "publish_first", actor=actor)
    innovation.first_published_at = now
    innovation.save()
    end_result_clock(innovation, now=now)
    # the sheets of the review, sealed in the log until its result is public
    tell_all(innovation, now=now)
    first = first_of(innovation)
    facts = [
        ("采购人", f"{innovation.buyer.name}; {innovation.contact}"),
        ("首购产品供应商", first.participant.supplier.name),
        ("首购产品", innovation.name),
        ("首购金额", f"{first.product_price}元"),
        ("通过验收", f"{len(passed_of(innovation))}家"),
    ]
    # who was not taken keeps its score, its rank and its price to itself
    facts += [("首购评审得分", row["total"]) for row in innovation.first_ranking[:1]]
    announce(NoticeKind.INNOVATION_RESULT, innovation, "首购产品信息公告", facts, actor=actor, now=now)
    places = {row["participant"]: (n, row["total"]) for n, row in enumerate(innovation.first_ranking, 1)}
    for one in passed_of(innovation):
        place = places.get(one.participant.public_id)
        tell_those(
            innovation,
            [one.participant.supplier_id],
            title="首购产品信息已公告",
            text=f"首购产品供应商: {first.participant.supplier.name}。"
            + (f"本单位首购评审得分{place[1]}, 排名第{place[0]}。" if place else ""),
            now=now,
        )
    record(
        "first_published",
        innovation,
        actor=actor,
        now=now,
        public={
            "supplier": first.participant.supplier.uscc,
            "price": str(first.product_price),
        },
        supervisor={"ranking": innovation.first_ranking},
    )
    return innovation


def _agreement(innovation: Innovation, first: ResearchContract) -> bytes:
    return canonical(
        {
            "number": f"{first.number}-S",
            "purchase": innovation.public_id,
            "contract": first.number,
            "buyer": innovation.buyer.uscc,
            "supplier": first.participant.supplier.uscc,
            "product": first.product,
            "price": str(first.product_price),
            "payment": innovation.file["payment"],
            "upgrades": innovation.file["upgrades"],
        }
    )


def _signing(innovation_id: str, actor: Actor) -> tuple[Innovation, ResearchContract, str]:
    innovation = locked(innovation_id)
    if innovation.stage != Stage.HC_BOUGHT.value:
        raise NotNow("现在没有待签的首购协议", next_steps=TO_THE_LIST)
    first = first_of(innovation)
    if actor.role is Role.TENDEREE and innovation.buyer_id == actor.organisation_pk:
        side = "first_buyer_signature"
    elif actor.role is Role.BIDDER and first.participant.supplier_id == actor.organisation_pk:
        side = "first_supplier_signature"
    else:
        raise NotPermitted("首购协议由采购人和首购产品供应商签订", next_steps=TO_THE_LIST)
    if getattr(innovation, f"{side}_id"):
        raise AlreadySigned("本方已签名, 等待对方签名")
    check_innovation(innovation, "sign_first", actor=actor)
    return innovation, first, side


@transaction.atomic
def agreement_to_sign(*, innovation_id: str, actor: Actor) -> bytes:
    """Return the first-purchase agreement as a side signs it.

    :raises NotNow: nothing is to be signed
    :raises NotPermitted: neither side
    """
    require(actor, Permission.INNOVATION_SIGN, signed=True)
    innovation, first, _ = _signing(innovation_id, actor)
    return _agreement(innovation, first)


@transaction.atomic
def sign_first(*, innovation_id: str, signature: str, actor: Actor, now: datetime) -> Innovation:
    """Sign the first-purchase agreement for one side; with both, it is published and the purchase is done.

    :raises NotPermitted: neither side
    :raises AlreadySigned: this side has
    :raises SignatureWrong: the signature is not on this agreement
    """
    require(actor, Permission.INNOVATION_SIGN, signed=True)
    innovation, first, side = _signing(innovation_id, actor)
    text = _agreement(innovation, first)
    signed = sign_document(
        kind=AGREEMENT,
        subject=innovation.public_id,
        document=text,
        signature=signature,
        actor=actor,
        now=now,
    )
    setattr(innovation, side, signed)
    if innovation.first_buyer_signature_id and innovation.first_supplier_signature_id:
        move_innovation(innovation, "sign_first", actor=actor)
        innovation.first_signed_at = innovation.ended_at = now
        announce(
            NoticeKind.INNOVATION_CONTRACT,
            innovation,
            "首购协议公告",
            [
                ("协议编号", f"{first.number}-S"),
                ("采购人", innovation.buyer.name),
                ("供应商", first.participant.supplier.name),
                ("首购金额", f"{first.product_price}元"),
                ("协议文本SHA-256", sha256(text).hex()),
            ],
            actor=actor,
            now=now,
        )
    innovation.save()
    record(
        "first_signed",
        innovation,
        actor=actor,
        now=now,
        public={"side": side, "stage": innovation.stage, "agreement_sha256": signed.digest},
    )
    return innovation


@transaction.atomic
def terminate_first(
    *, innovation_id: str, ground: str, reason: str, actor: Actor, now: datetime
) -> Innovation:
    """End a purchase between the research and the first-purchase agreement: in public, and told to all who took part.

    What research was decided to be compensated stays due: its contracts have ended, and this is no end of theirs.

    :param ground: refused, where the supplier of the first purchase does not sign; cancelled; unlawful
    :raises BadInput: no ground, one that cannot be yet, or no reason
    :raises MoveNotAllowed: no first purchase stands open
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    if ground not in set(rules.EndGround):
        raise BadInput("请选择终止首购的情形", field="ground")
    if ground == rules.EndGround.REFUSED and innovation.stage in {
        Stage.HC_FIRST.value,
        Stage.HC_CHOSEN.value,
    }:
        raise BadInput("首购产品信息公告以后才有待签的首购协议, 请选择其他情形", field="ground")
    kept = said(reason, what="终止的理由", field="reason", most=2000)
    stop(
        innovation,
        "terminate_first",
        reason=f"{rules.EndGround(ground).label}: {kept}",
        actor=actor,
        now=now,
    )
    return innovation

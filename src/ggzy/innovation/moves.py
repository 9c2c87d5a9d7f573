"""Moving a purchase and a research contract: the one place where their stages change."""

from ggzy.innovation.models import GroupMember, Innovation, Participant, ResearchContract
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.objections.proceedings import holds_on
from ggzy.procedures.catalogue import GP_HC, GP_HC_RD
from ggzy.procedures.spec import Move, Procedure, Stage

#: where somebody goes on whom a purchase does not concern
TO_THE_LIST = (("合作创新采购", "/work/innovations"),)


def locked(innovation_id: str) -> Innovation:
    """Return a purchase, locked for this transaction.

    :raises NotFound: no such purchase
    """
    found = (
        Innovation.objects.select_for_update(of=("self",))
        .select_related("buyer")
        .filter(public_id=innovation_id)
        .first()
    )
    if found is None:
        raise NotFound("没有这项合作创新采购", next_steps=TO_THE_LIST)
    return found


def own(innovation_id: str, actor: Actor) -> Innovation:
    """Return the actor's own purchase, locked.

    :raises NotFound: no such purchase
    :raises NotPermitted: another buyer's
    """
    found = locked(innovation_id)
    if found.buyer_id != actor.organisation_pk:
        raise NotPermitted("这项合作创新采购由其采购人办理", next_steps=TO_THE_LIST)
    return found


def sitting_in(innovation_id: str, actor: Actor) -> tuple[Innovation, GroupMember]:
    """Return a locked purchase and the actor's own seat in its group.

    :raises NotFound: no such purchase
    :raises NotPermitted: not of the group
    """
    found = locked(innovation_id)
    member = found.members.filter(account_id=actor.account_pk, left_at=None).first()
    if member is None:
        raise NotPermitted("您不是这项采购谈判小组的成员", next_steps=TO_THE_LIST)
    return found, member


def participant_of(innovation: Innovation, actor: Actor) -> Participant:
    """Return the actor's own participation.

    :raises NotPermitted: it has not applied
    """
    found = (
        innovation.participants.select_related("supplier").filter(supplier_id=actor.organisation_pk).first()
    )
    if found is None:
        raise NotPermitted("本单位没有参加这项合作创新采购", next_steps=TO_THE_LIST)
    return found


def locked_contract(contract_id: str) -> tuple[Innovation, ResearchContract]:
    """Return a research contract with its purchase, both locked.

    :raises NotFound: no such contract
    """
    of = (
        ResearchContract.objects.filter(public_id=contract_id)
        .values_list("participant__innovation__public_id", flat=True)
        .first()
    )
    if of is None:
        raise NotFound("没有这份研发合同", next_steps=TO_THE_LIST)
    innovation = locked(of)
    found = (
        ResearchContract.objects.select_for_update(of=("self",))
        .select_related("participant__supplier")
        .get(public_id=contract_id)
    )
    found.participant.innovation = innovation
    return innovation, found


def buyers_contract(contract_id: str, actor: Actor) -> tuple[Innovation, ResearchContract]:
    """Return a contract of the actor's own purchase, locked.

    :raises NotFound: no such contract
    :raises NotPermitted: another buyer's
    """
    innovation, contract = locked_contract(contract_id)
    if innovation.buyer_id != actor.organisation_pk:
        raise NotPermitted("这份研发合同由其采购人办理", next_steps=TO_THE_LIST)
    return innovation, contract


def suppliers_contract(contract_id: str, actor: Actor) -> tuple[Innovation, ResearchContract]:
    """Return the actor's own research contract, locked.

    :raises NotFound: no such contract
    :raises NotPermitted: another supplier's
    """
    innovation, contract = locked_contract(contract_id)
    if contract.participant.supplier_id != actor.organisation_pk:
        raise NotPermitted("这份研发合同由其研发供应商办理", next_steps=TO_THE_LIST)
    return innovation, contract


def _checked(procedure: Procedure, innovation: Innovation, stage: str, code: str, actor: Actor) -> Move:
    move = procedure.move(stage, code, holds=holds_on(innovation.public_id))
    if actor.role not in move.actors:
        who = "、".join(sorted(role.label for role in move.actors))
        raise NotPermitted(f"“{move.label}”由{who}办理", next_steps=TO_THE_LIST)
    return move


def move_innovation(innovation: Innovation, code: str, *, actor: Actor) -> None:
    """Move a locked purchase; the caller saves it with what comes of the move.

    :raises MoveNotAllowed: it stands at another stage
    :raises NotPermitted: the procedure gives this move to others
    """
    innovation.stage = check_innovation(innovation, code, actor=actor).target.value


def check_innovation(innovation: Innovation, code: str, *, actor: Actor) -> Move:
    """Return the move of a locked purchase if its stage, its holds and the actor's role allow it; nothing changes.

    :raises MoveNotAllowed: it stands at another stage, or a hold stops it
    :raises NotPermitted: the procedure gives this move to others
    """
    return _checked(GP_HC, innovation, innovation.stage, code, actor)


def move_contract(contract: ResearchContract, code: str, *, actor: Actor) -> None:
    """Move a locked research contract; the caller saves it with what comes of the move.

    :raises MoveNotAllowed: it stands at another stage
    :raises NotPermitted: the procedure gives this move to others
    """
    contract.stage = check_contract(contract, code, actor=actor).target.value


def check_contract(contract: ResearchContract, code: str, *, actor: Actor) -> Move:
    """Return the move of a locked contract if its stage, the holds on its purchase and the actor's role allow it.

    :raises MoveNotAllowed: it stands at another stage, or a hold stops it
    :raises NotPermitted: the procedure gives this move to others
    """
    return _checked(GP_HC_RD, contract.participant.innovation, contract.stage, code, actor)


def release(contract: ResearchContract) -> None:
    """Let a contract that nobody has signed end with the result it rests on."""
    contract.stage = Stage.RD_OUT.value

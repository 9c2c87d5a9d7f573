"""Moving a framework, a member, a call: the one place where their stages change."""

from datetime import datetime

from ggzy.frameworks.models import CallOff, Framework, FrameworkMember
from ggzy.frameworks.rules import Kind
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.objections.proceedings import holds_on
from ggzy.procedures.catalogue import GP_KJ_CALLOFF, GP_KJ_CLOSED, GP_KJ_OPEN
from ggzy.procedures.spec import Move, Procedure, Stage
from ggzy.tendering.moves import lock_round

#: where somebody goes on whom a framework does not concern
TO_THE_LIST = (("框架协议", "/work/frameworks"),)


def locked(framework_id: str) -> Framework:
    """Return a framework, locked for this transaction, and before it the round that collected it.

    Whoever voids a result, or holds it, has the round first: in one order nobody waits for the other.

    :raises NotFound: no such framework
    """
    rounds = Framework.objects.filter(public_id=framework_id).values_list("collection__round", flat=True)
    if round_id := rounds.first():
        lock_round(round_id)
    found = (
        Framework.objects.select_for_update(of=("self",))
        .select_related("collector")
        .filter(public_id=framework_id)
        .first()
    )
    if found is None:
        raise NotFound("没有这个框架协议", next_steps=TO_THE_LIST)
    return found


def own(framework_id: str, actor: Actor) -> Framework:
    """Return the actor's own framework as its collector, locked.

    :raises NotFound: no such framework
    :raises NotPermitted: another organisation's
    """
    found = locked(framework_id)
    if found.collector_id != actor.organisation_pk:
        raise NotPermitted("这个框架协议由其征集人办理", next_steps=TO_THE_LIST)
    return found


def locked_call(call_id: str) -> CallOff:
    """Return a call with its framework, both locked: turns are counted over all calls of a framework.

    :raises NotFound: no such call
    """
    of = CallOff.objects.filter(public_id=call_id).values_list("framework__public_id", flat=True).first()
    if of is None:
        raise NotFound("没有这次合同授予", next_steps=TO_THE_LIST)
    framework = locked(of)
    found = (
        CallOff.objects.select_for_update(of=("self",))
        .select_related("buyer", "supplier", "member__supplier")
        .get(public_id=call_id)
    )
    found.framework = framework
    return found


def own_call(call_id: str, actor: Actor) -> CallOff:
    """Return the actor's own call as its buyer, locked.

    :raises NotFound: no such call
    :raises NotPermitted: another buyer's
    """
    found = locked_call(call_id)
    if found.buyer_id != actor.organisation_pk:
        raise NotPermitted("这次合同授予由其采购人办理", next_steps=TO_THE_LIST)
    return found


def member_of(framework: Framework, actor: Actor) -> FrameworkMember:
    """Return the actor's own place in a framework that it is in.

    :raises NotPermitted: it is not in
    """
    found = (
        framework.members.select_related("supplier")
        .filter(supplier_id=actor.organisation_pk, stage=Stage.JOINED.value)
        .first()
    )
    if found is None:
        raise NotPermitted("本单位不是这个框架协议的入围供应商", next_steps=TO_THE_LIST)
    return found


def in_force(framework: Framework, *, now: datetime) -> bool:
    """Say whether contracts may be called off: an open one until its term is over, a closed one once buyers were told."""
    stages = {Stage.ANNOUNCE.value, Stage.ACTIVE.value, Stage.SUPPLEMENT.value}
    return framework.stage in stages and now < framework.ends_at


def _checked(procedure: Procedure, of: str, stage: str, code: str, actor: Actor) -> Move:
    move = procedure.move(stage, code, holds=holds_on(of))
    if actor.role not in move.actors:
        who = "、".join(sorted(role.label for role in move.actors))
        raise NotPermitted(f"“{move.label}”由{who}办理", next_steps=TO_THE_LIST)
    return move


def move_framework(framework: Framework, code: str, *, actor: Actor) -> None:
    """Move a locked framework; the caller saves it with what comes of the move.

    :raises MoveNotAllowed: it stands at another stage
    :raises NotPermitted: the procedure gives this move to others
    """
    procedure = GP_KJ_OPEN if framework.kind == Kind.OPEN.value else GP_KJ_CLOSED
    framework.stage = _checked(procedure, framework.public_id, framework.stage, code, actor).target.value


def move_member(member: FrameworkMember, code: str, *, actor: Actor) -> None:
    """Move a supplier within a framework, by the moves of the open one; of a closed one it follows its framework's move.

    :raises MoveNotAllowed: it stands at another stage
    :raises NotPermitted: the procedure gives this move to others
    """
    if member.framework.kind == Kind.CLOSED.value and code != "expire_framework":
        _checked(GP_KJ_CLOSED, member.framework.public_id, member.framework.stage, code, actor)
    moved = _checked(GP_KJ_OPEN, member.framework.public_id, member.stage, code, actor)
    member.stage = moved.target.value


def reinstate(member: FrameworkMember, *, removed: bool) -> None:
    """Put right what an upheld challenge undoes: who was removed is in, an application that was refused waits again."""
    member.stage = (Stage.JOINED if removed else Stage.APPLIED).value


def seat(member: FrameworkMember, *, signed: bool) -> None:
    """Let a shortlisted supplier of a closed framework in whose agreement is signed, or leave it out."""
    member.stage = (Stage.JOINED if signed else Stage.REJECTED).value


def move_call(call: CallOff, code: str, *, actor: Actor) -> None:
    """Move a locked call; the caller saves it with what comes of the move.

    :raises MoveNotAllowed: it stands at another stage
    :raises NotPermitted: the procedure gives this move to others
    """
    call.stage = check_call(call, code, actor=actor).target.value


def check_call(call: CallOff, code: str, *, actor: Actor) -> Move:
    """Return the move of a locked call if its stage, its holds and the actor's role allow it; nothing changes.

    :raises MoveNotAllowed: it stands at another stage, or a hold stops it
    :raises NotPermitted: the procedure gives this move to others
    """
    return _checked(GP_KJ_CALLOFF, call.public_id, call.stage, code, actor)

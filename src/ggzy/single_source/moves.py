"""Moving a purchase: the one place where its stage changes."""

from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.objections.proceedings import holds_on
from ggzy.procedures.catalogue import GP_DY
from ggzy.single_source.models import Purchase

#: where somebody goes on whom a purchase does not concern
TO_THE_LIST = (("单一来源采购", "/work/single-sources"),)


def locked(purchase_id: str) -> Purchase:
    """Return a purchase, locked for this transaction.

    :raises NotFound: no such purchase
    """
    found = (
        Purchase.objects.select_for_update(of=("self",))
        .select_related("buyer", "supplier")
        .filter(public_id=purchase_id)
        .first()
    )
    if found is None:
        raise NotFound("没有这项单一来源采购", next_steps=TO_THE_LIST)
    return found


def own(purchase_id: str, actor: Actor) -> Purchase:
    """Return the actor's own purchase as its buyer, locked.

    :raises NotFound: no such purchase
    :raises NotPermitted: another organisation's
    """
    found = locked(purchase_id)
    if found.buyer_id != actor.organisation_pk:
        raise NotPermitted("这项采购由其采购人办理", next_steps=TO_THE_LIST)
    return found


def make_move(purchase: Purchase, code: str, *, actor: Actor) -> None:
    """Move a locked purchase; the caller saves it with what comes of the move.

    :raises MoveNotAllowed: it stands at another stage
    :raises NotPermitted: the procedure gives this move to others
    """
    move = GP_DY.move(purchase.stage, code, holds=holds_on(purchase.public_id))
    if actor.role not in move.actors:
        who = "、".join(sorted(role.label for role in move.actors))
        raise NotPermitted(f"“{move.label}”由{who}办理", next_steps=TO_THE_LIST)
    purchase.stage = move.target.value

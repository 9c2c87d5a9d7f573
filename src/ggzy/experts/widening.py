"""A list that has run dry: the owner side proposes a wider pool, the supervisor decides, a second list follows behind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.experts import rules
from ggzy.experts.actions import PoolTooSmall, freeze, own_list
from ggzy.experts.borrowing import ask, quotas_of
from ggzy.experts.locking import DrawNotNow, lock_draw, record
from ggzy.experts.models import Draw, Loan, Widening
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.parties.grid import Permission, require
from ggzy.tendering.moves import require_owner_side


@transaction.atomic
def propose_widening(
    *, draw_id: str, wider: Mapping[str, Any], reason: str, actor: Actor, now: datetime
) -> Widening:
    """Propose whom to draw from besides: for each quota by its number a specialty (neighbouring or shorter) and regions.

    :raises DrawNotNow: the list has not run dry, or a proposal waits
    :raises BadInput: no reason, a quota that is none, or nothing wider
    """
    require(actor, Permission.DRAW_REQUEST)
    draw = lock_draw(draw_id)
    require_owner_side(draw.tender, actor)
    if not draw.short:
        raise DrawNotNow("候选专家没有用尽, 不需要扩大抽取范围")
    asked = draw.loans.filter(state=Loan.ASKED).exists()
    if asked or draw.lists.filter(randomness="").exists() or draw.widenings.filter(approved=None).exists():
        raise DrawNotNow("已经提出扩大抽取范围, 请等待监督部门确认和三方种子")
    if not reason.strip():
        raise BadInput("请写明需要扩大范围的原因", field="reason")
    kept = {}
    for number, raw in wider.items():
        if not number.isdigit() or int(number) >= len(draw.quotas):
            raise BadInput(f"没有第{number}项专业", field="wider")
        quota = rules.quota_of({**raw, "count": draw.quotas[int(number)]["count"]})
        if quota.as_json() == draw.quotas[int(number)]:
            raise BadInput("范围与原来相同, 请填写相近专业、更短的专业代码或者其他地域", field="wider")
        kept[number] = {"specialty": quota.specialty, "regions": list(quota.regions)}
    if not kept:
        raise BadInput("请至少为一项专业填写扩大后的范围", field="wider")
    made = Widening.objects.create(
        draw=draw,
        wider=kept,
        reason=reason.strip()[:500],
        proposed_by_id=actor.account_pk,
        proposed_at=now,
        region_code=draw.region_code,
    )
    record(draw, "experts.widening_proposed", actor, now, {"wider": kept, "reason": made.reason})
    return made


@transaction.atomic
def decide_widening(
    *, widening_id: str, approve: bool, opinion: str, actor: Actor, now: datetime
) -> Widening:
    """Decide on a wider pool; approved, a second list is frozen behind the first and the parties give new seeds.

    :raises DrawNotNow: decided before
    :raises PoolTooSmall: nobody new would be found
    :raises BadInput: declined without an opinion
    """
    require(actor, Permission.DRAW_OVERSEE)
    asked = Widening.objects.select_related("draw").filter(public_id=widening_id).first()
    if asked is None:
        raise NotFound("没有这个扩大范围的申请")
    draw = lock_draw(asked.draw.public_id)
    asked = Widening.objects.select_for_update(of=("self",)).get(pk=asked.pk)
    if asked.approved is not None:
        if asked.approved == approve:
            return asked
        raise DrawNotNow("这个申请已经处理")
    if not approve and not opinion.strip():
        raise BadInput("不同意的, 请写明理由", field="opinion")
    asked.approved, asked.opinion, asked.decided_at = approve, opinion.strip()[:500], now
    asked.save(update_fields=["approved", "opinion", "decided_at"])
    act = "experts.widening_approved" if approve else "experts.widening_declined"
    record(draw, act, actor, now, {"wider": asked.wider, "opinion": asked.opinion})
    if approve:
        _freeze_wider(draw, actor=actor, now=now)
    return asked


def _freeze_wider(draw: Draw, *, actor: Actor, now: datetime) -> None:
    """Freeze the second list, or ask the other pools of the first one for theirs before that."""
    number = draw.lists.count() + 1
    first = draw.loans.filter(list_number=1).exclude(state=Loan.ASIDE).select_related("agreement")
    if draw.loans.exists():
        agreements = [one.agreement for one in first if one.agreement is not None]
        if ask(draw, number, agreements, actor=actor, now=now):
            return
    quotas = quotas_of(draw, number)
    found = own_list(draw, quotas, now=now)
    if not found:
        raise PoolTooSmall("扩大后仍没有新的专家, 请不同意本申请, 由招标人提出更大的范围")
    freeze(draw, found, quotas, actor=actor, now=now)

"""A list that has run dry: the owner side proposes a wider pool, the supervisor decides, a second list follows behind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.experts import rules
from ggzy.experts.actions import PoolTooSmall, freeze
from ggzy.experts.locking import DrawNotNow, lock_draw, record
from ggzy.experts.models import Draw, Widening
from ggzy.experts.pool import pool
from ggzy.experts.ports import Found, Wanted
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
    if draw.lists.filter(randomness="").exists() or draw.widenings.filter(approved=None).exists():
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
        quotas = _wider(draw, asked.wider)
        found = _new_ones(draw, quotas, now)
        if not found:
            raise PoolTooSmall("扩大后仍没有新的专家, 请不同意本申请, 由招标人提出更大的范围")
        freeze(draw, found, quotas, actor=actor, now=now)
    return asked


def _wider(draw: Draw, wider: Mapping[str, Any]) -> list[rules.Quota]:
    """Return the quotas as widened, in their own order: a number means the same place in every list."""
    return [rules.quota_of({**quota, **wider.get(str(n), {})}) for n, quota in enumerate(draw.quotas)]


def _new_ones(draw: Draw, quotas: list[rules.Quota], now: datetime) -> list[Found]:
    """Return the experts of the wider pool who stand in no list of this draw yet."""
    own = {o.uscc for o in (draw.tender.tenderee, draw.tender.agency) if o is not None}
    found = pool().candidates(
        Wanted(
            quotas=quotas,
            conditions=rules.Conditions(**draw.conditions),
            without_employers=own,
            tenderee_pk=draw.tender.tenderee_id,
            since=draw.session_from or now,
            until=draw.session_to,
            now=now,
        )
    )
    known = set(draw.candidates.values_list("expert_id", flat=True))
    return [one for one in found if one.pk not in known]

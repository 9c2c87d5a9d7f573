"""The end of a framework: its term runs out by a clock, and what was called off is summed up in public."""

from datetime import datetime

from django.db import transaction

from ggzy.deadlines.actions import effect
from ggzy.frameworks import collecting
from ggzy.frameworks.actions import EXPIRES, TermOver
from ggzy.frameworks.calling import stop_for_the_end
from ggzy.frameworks.models import CallOff, Framework
from ggzy.frameworks.moves import locked, move_framework, move_member, own, seat
from ggzy.frameworks.rules import BASIS
from ggzy.frameworks.telling import (
    FILE,
    INFORM,
    REVIEW,
    SIGN,
    SUMMARY,
    announce,
    begin_clock,
    clock_of,
    end_clock,
    record,
    tell_those,
)
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import Citation, Refusal
from ggzy.notices.actions import NoticeKind
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage


class AlreadySummarised(Refusal):
    """The summary stands."""

    code = "frameworks.already_summarised"


@effect(EXPIRES)
def expire(subject: str, now: datetime) -> datetime | None:
    """End a framework at its term: nobody joins or is called any more, needs that came to no deal are over."""
    framework = locked(subject)
    if framework.expired_at is not None:
        return None
    if now < framework.ends_at:
        return framework.ends_at
    stop_for_the_end(framework, now=now)
    for member in framework.members.select_for_update().filter(
        stage__in=[Stage.APPLIED.value, Stage.JOINED.value]
    ):
        member.framework = framework
        move_member(member, "expire_framework", actor=SYSTEM)
        member.left_at = now if member.joined_at else None
        member.save()
        end_clock(REVIEW, subject=member.public_id, now=now)
    for member in framework.members.select_for_update().filter(stage=Stage.SHORTLIST.value):
        seat(member, signed=False)
        member.reason = "框架协议期满, 没有签订"
        member.save()
        collecting.left_out(framework, member, now=now)
    move_framework(framework, "expire_framework", actor=SYSTEM)
    framework.expired_at = now
    framework.save(update_fields=["stage", "expired_at"])
    for key in (SIGN, FILE, INFORM):
        end_clock(key, subject=framework.public_id, now=now)
    sums_up = clock_of(framework, SUMMARY) is not None
    if sums_up:
        begin_clock(SUMMARY, subject=framework.public_id, started=framework.ends_at)
    tell_those(
        framework,
        [framework.collector_id],
        title="框架协议期满",
        text="请在10个工作日内发布成交结果汇总公告。"
        if sums_up
        else "没有签订完毕, 框架协议没有执行; 需要的, 请重新征集。",
        now=now,
    )
    record("expired", framework, actor=SYSTEM, now=now)
    return None


@transaction.atomic
def publish_summary(*, framework_id: str, actor: Actor, now: datetime) -> Framework:
    """Publish what was called off in all: each supplier with the number and the sum of its signed contracts (GP-T42).

    :raises TermOver: the term is not over
    :raises AlreadySummarised: it is published
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    if framework.expired_at is None:
        raise TermOver("框架协议期满以后才发布成交结果汇总公告", basis=Citation(BASIS, "第三十五条"))
    if framework.summarised_at is not None:
        raise AlreadySummarised("成交结果汇总公告已经发布")
    calls = list(
        CallOff.objects.filter(framework=framework, stage=Stage.CONTRACTED.value)
        .select_related("supplier")
        .order_by("supplier_id", "pk")
    )
    suppliers = {call.supplier_id: call.supplier for call in calls if call.supplier is not None}
    facts = [
        ("征集人", f"{framework.collector.name}; {framework.contact}"),
        ("框架协议采购项目", f"{framework.name}({framework.deal_code})"),
    ]
    for pk, supplier in suppliers.items():
        own_calls = [call for call in calls if call.supplier_id == pk]
        paid = sum(call.price for call in own_calls if call.price is not None)
        where = supplier.address or "地址见登记信息"
        facts.append((supplier.name, f"{where}; 成交合同{len(own_calls)}个, 合计{paid}元"))
    facts.append(("合计", f"{len(calls)}个合同, {sum(c.price for c in calls if c.price is not None)}元"))
    framework.summarised_at = now
    framework.save(update_fields=["summarised_at"])
    end_clock(SUMMARY, subject=framework.public_id, now=now)
    announce(NoticeKind.CALL_OFF, framework, "成交结果汇总公告", facts, actor=actor, now=now)
    record("summarised", framework, actor=actor, now=now, public={"contracts": len(calls)})
    return framework

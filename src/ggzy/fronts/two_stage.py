"""两阶段招标: the first stage asks for technical proposals without a price; the file is written from them."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import record_act
from ggzy.fronts import rules
from ggzy.fronts.actions import CLOSE, NothingToDo
from ggzy.fronts.models import Front
from ggzy.kernel.actors import Actor
from ggzy.kernel.ids import new_public_id
from ggzy.kernel.refusals import BadInput
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.services.actions import require_nothing_owed
from ggzy.tendering.fronts import FrontNotDone, main_of
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_rounds_of, make_move, require_owner_side
from ggzy.tendering.stamps import law_stamp


@transaction.atomic
def publish_first_stage(
    *, tender_id: str, need: str, deadline: datetime, actor: Actor, now: datetime
) -> list[Round]:
    """Publish the notice that asks for technical proposals without a price (TS1_OPEN stays), once.

    :raises FrontNotDone: the tender is not registered at the centre yet
    :raises NothingToDo: it is published already
    :raises BadInput: no need described, or a deadline in the past
    """
    require(actor, Permission.TENDER_PUBLISH)
    rounds = [r for r in lock_rounds_of(tender_id, stages=[Stage.TS1_OPEN.value]) if r.published_at is None]
    if not rounds:
        raise NothingToDo("没有等待发布第一阶段公告的标段, 请刷新页面查看最新进展")
    tender = rounds[0].lot.tender
    require_owner_side(tender, actor)
    if any(main_of(r).stage == Stage.DRAFT for r in rounds):
        raise FrontNotDone("请先提交进场登记, 再发布第一阶段公告")
    if not need.strip():
        raise BadInput("请写明技术需求和对技术建议的要求", field="need")
    if deadline <= now:
        raise BadInput("提交技术建议的截止时间应晚于现在", field="deadline")
    stamp, series = law_stamp(now, scope="GC", region=tender.region_code), new_public_id()
    for round_ in rounds:
        make_move(
            round_,
            "publish_first_stage",
            actor=actor,
            now=now,
            bid_deadline=deadline,
            published_at=now,
            law=stamp,
            # the file need not be written yet
            sealing=tender.document.get("sealing", "age"),
        )
        Front.objects.create(
            round=round_,
            series=series,
            text=need.strip()[:200_000],
            stated_at=now,
            region_code=round_.region_code,
        )
        set_timer(kind=CLOSE, subject=round_.public_id, due_at=deadline)
    _publish(rounds, need.strip(), series, actor=actor, now=now, first_at=now)
    require_nothing_owed(tender.public_id)
    record_act(
        "fronts.first_stage_published",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        public={
            "rounds": [r.public_id for r in rounds],
            "published_at": now.isoformat(),
            "deadline": deadline.isoformat(),
            "need": need.strip(),
        },
    )
    return rounds


def publish_anew(rounds: Sequence[Round], *, actor: Actor, now: datetime) -> None:
    """Publish the notice of locked first stages again as its next version, with its new deadline."""
    front = Front.objects.get(round=rounds[0])
    assert rounds[0].published_at is not None
    _publish(rounds, front.text, front.series, actor=actor, now=now, first_at=rounds[0].published_at)


def _publish(
    rounds: Sequence[Round], need: str, series: str, *, actor: Actor, now: datetime, first_at: datetime
) -> None:
    tender, deadline = rounds[0].lot.tender, rounds[0].bid_deadline
    assert deadline is not None
    changes = list(rounds[0].front_clarifications.order_by("pk"))
    publish_notice(
        kind=NoticeKind.FIRST_STAGE,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[r.public_id for r in rounds],
        title=f"{tender.name}两阶段招标第一阶段公告" + ("(延期)" if changes else ""),
        series=series,
        body={
            "tenderee": {
                "name": tender.tenderee.name,
                "uscc": tender.tenderee.uscc,
                "contact": tender.tenderee.contact,
            },
            "deal_code": tender.deal_code,
            "lots": [
                {
                    "lot": r.lot.public_id,
                    "round": r.public_id,
                    "number": r.lot.number,
                    "name": r.lot.name,
                    "budget": str(r.lot.budget),
                    "duration_days": r.lot.duration_days,
                    "scope_of_work": r.lot.scope_of_work,
                }
                for r in rounds
            ],
            "need": need,
            "file_from": first_at.isoformat(),
            "deadline": deadline.isoformat(),
            "price": "技术建议不得含报价, 含报价的退回; 本阶段不收取投标保证金",
            "decryption": f"截止后{rules.DECRYPTION_MINUTES // 60}小时内由提交者在线解密, 只供招标人编制招标文件, 不公开",
            "second_stage": "招标文件只向提交技术建议的投标人提供, 投标保证金在第二阶段提交",
            "clarifications": [
                {"text": c.text, "at": c.clarified_at.isoformat(), "deadline": c.deadline_after.isoformat()}
                for c in changes
            ],
        },
        actor=actor,
        now=now,
    )

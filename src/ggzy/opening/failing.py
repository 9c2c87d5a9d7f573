"""Rounds that fail for what came, or for what could be opened: too few bids, or an opening in which none opened."""

from datetime import datetime

from django.db import transaction

from ggzy.bidding.models import Bid
from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.law.families import family
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import rules
from ggzy.opening.models import BidOpening, OpeningSession
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round
from ggzy.tendering.moves import lock_round, make_move, place_of, require_move, require_owner_side


def fail_for_too_few(round_: Round, *, least: int, opened: bool, now: datetime) -> None:
    """Let a round with too few bids fail: public notice, sealed bids stay sealed, bidders are told privately.

    `least`: how many there should have been. `opened`: there were enough sealed ones, of which too few could be opened (only where nobody but the group opens them).
    """
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    make_move(round_, "fail_for_lack_of_bids", actor=SYSTEM, now=now, decided_at=now)
    publish_notice(
        kind=NoticeKind.FAILURE,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.failure}公告",
        body={
            "lot": round_.lot.name,
            "round_number": round_.number,
            "reason": f"提交的{own.bid}开启成功的少于{least}份"
            if opened
            else f"至{own.bid}提交截止时间, {own.bidder}少于{least}个",
            "basis": own.too_few,
            "next": f"{own.owner}将分析原因后依法重新组织; 已递交的{own.bid}不{'再' if opened else ''}开启, 保证金及时退还",
        },
        actor=SYSTEM,
        now=now,
    )
    record_act(
        "opening.failed",
        subject=round_.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place_of(round_),
        public={"reason": "fewer_than_three"},
    )
    bidders = Bid.objects.filter(round=round_, state=Bid.LIVE).values_list("bidder_id", flat=True)
    tell(
        organisations=bidders,
        kind=Kind.SERVICE,
        until_opening=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.failure}",
        text=f"开启成功的{own.bid}少于{least}份, 本次采购终止。保证金将及时退还; 重新采购时请重新递交。"
        if opened
        else f"{own.bidder}少于{least}个, 依法不开启。您的{own.bid}未被开启, 保证金将及时退还。重新组织时请重新递交。",
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )


@transaction.atomic
def fail_unopened(*, round_id: str, reason: str, actor: Actor, now: datetime) -> Round:
    """End an opening in which no bid was opened, and tender anew: OPENING → FAILED.

    :raises CannotEndYet: keys are still awaited, a bid was opened, or an objection is open
    :raises BadInput: no reason
    """
    require(actor, Permission.OPENING_HOST)
    round_ = lock_round(round_id)
    tender = round_.lot.tender
    require_owner_side(tender, actor)
    require_move(round_, "fail_for_nothing_opened", actor=actor)
    session = OpeningSession.objects.select_for_update(of=("self",)).filter(round=round_).first()
    if session is None:
        raise NotFound("该标段尚未开标")
    rules.require_nothing_opened(
        settled=session.settled,
        open_objections=session.objections.filter(answered_at=None).count(),
        opened=session.bids.filter(state=BidOpening.OPENED).count(),
    )
    if not reason.strip():
        raise BadInput("请写明没有开启成功的原因", field="reason")
    make_move(round_, "fail_for_nothing_opened", actor=actor, now=now, decided_at=now)
    own = family(tender.procedure_code)
    session.ended_at = now
    session.save(update_fields=["ended_at"])
    publish_notice(
        kind=NoticeKind.FAILURE,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.failure}公告",
        body={
            "lot": round_.lot.name,
            "round_number": round_.number,
            "reason": own.in_words("开标时没有一份投标文件开启成功"),
            "basis": own.nothing_opened,
            "next": f"{own.owner}将分析原因后依法重新组织",
        },
        actor=actor,
        now=now,
    )
    record_act(
        "opening.nothing_opened",
        subject=session.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"decided_at": now.isoformat()},
        supervisor={"reason": reason.strip()[:2000]},
    )
    tell(
        organisations=session.bids.values_list("bid__bidder_id", flat=True),
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）{own.failure}",
        text=own.in_words("开标时没有一份投标文件开启成功, 招标人将依法重新组织; 届时请重新递交。"),
        link=f"/lots/{round_.lot.public_id}",
        now=now,
    )
    return round_

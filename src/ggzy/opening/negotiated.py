"""Opening for the group alone: the answers of a negotiated procurement, and the last offers that follow the talks.

No hall, no reading out, no host: the platform opens at the deadline, and what is inside is for the group. A last offer is a
bid in a round of its own (`Round.phase` 2), sealed and received as every bid; at one moment all their prices come to the
answers of the main round, and nothing of it is ever public (74号令第三十一条, 财库〔2014〕214号第十九条).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import disclose_acts, record_act
from ggzy.kernel.actors import SYSTEM
from ggzy.kernel.clock import BEIJING
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.opening import quiet
from ggzy.opening.failing import fail_for_too_few
from ggzy.opening.models import BidOpening, OpeningSession
from ggzy.opening.rules import IN_TIME
from ggzy.opening.second import ENDED, SecondState
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Stage
from ggzy.tendering.fronts import admit, admitted
from ggzy.tendering.models import Round, TenderFile
from ggzy.tendering.moves import lock_round, make_move, place_of, procedure_of, standing_still

CLOSE_OFFERS = "opening.close_offers"
#: the round of last offers inside a main round
PHASE = 2
#: when a stop is looked at again
LOOK_AGAIN = timedelta(minutes=10)
NOT_RECOMMENDED = "设计方案或者解决方案没有获得过半数成员推荐"
NOT_ASKED = "要求最后报价时已不在参加磋商(谈判)的供应商之中"
NOT_OFFERED = "没有在规定时间内提交最后报价, 视为退出"


@effect(quiet.ANSWERS)
def settle_answers(round_id: str, now: datetime) -> datetime | None:
    """Go on once every answer is opened or out: with fewer than three it is over, else the group may be seated."""
    round_ = lock_round(round_id)
    if not procedure_of(round_).has(round_.stage, "end_opening"):
        return None
    opened = quiet.opened_count(round_.pk)
    OpeningSession.objects.filter(round=round_).update(ended_at=now)
    if opened < (least := quiet.least_of(round_)):
        fail_for_too_few(round_, least=least, opened=True, now=now)
        return None
    # opened, for everybody else, is when the result was sent (`disclose`)
    make_move(round_, "end_opening", actor=SYSTEM, now=now)
    record_act(
        "opening.answers_ended",
        subject=round_.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place_of(round_),
        public={"ended_at": now.isoformat()},
        supervisor={"opened": opened},
    )
    tender = round_.lot.tender
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.SERVICE,
        title=f"{tender.name}（{round_.lot.name}）响应文件已开启",
        text="响应文件只向小组开启。请抽取专家、组织小组成员签到并组建小组。",
        link=f"/work/tenders/{tender.public_id}",
        now=now,
    )
    return None


def final_round(main: Round) -> Round | None:
    """Return the round of last offers of a main round, None before the group asked for them."""
    return (
        Round.objects.filter(lot=main.lot_id, number=main.number, phase=PHASE)
        .select_related("lot__tender")
        .first()
    )


def ask_for_offers(main: Round, *, bids: Sequence[str], until: datetime, now: datetime) -> Round:
    """Open the round of last offers for the bidders of these answers (called inside an act)."""
    procedure = BY_CODE["GP_FINAL"]
    round_ = Round.objects.create(
        lot=main.lot,
        number=main.number,
        phase=PHASE,
        procedure_code=procedure.code,
        stage=procedure.initial.value,
        bid_deadline=until,
        law=main.law,
        file_version=main.file_version,
        sealing=main.sealing,
        restricted=True,
        region_code=main.region_code,
    )
    rows = Bid.objects.filter(public_id__in=bids).values_list("bidder_id", flat=True)
    admit(round_, list(rows), now=now)
    set_timer(kind=CLOSE_OFFERS, subject=round_.public_id, due_at=until)
    return round_


def _locked_pair(round_id: str) -> tuple[Round, Round]:
    """Lock a main round, then the round of last offers inside it."""
    found = Round.objects.only("lot_id", "number").get(public_id=round_id)
    main = Round.objects.only("public_id").get(lot=found.lot_id, number=found.number, phase=1)
    return lock_round(main.public_id), lock_round(round_id)


def make_up_offers(round_id: str, *, now: datetime) -> datetime | None:
    """Move the deadline of last offers on that passed while nothing could be handed in, and tell everybody asked."""
    main, round_ = _locked_pair(round_id)
    if round_.stage != Stage.FO_OPEN:
        return None
    round_.bid_deadline = now + quiet.MADE_UP
    round_.save(update_fields=["bid_deadline"])
    set_timer(kind=CLOSE_OFFERS, subject=round_.public_id, due_at=round_.bid_deadline)
    record_act(
        "opening.offers_made_up",
        subject=round_.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place_of(main),
        public={"until": round_.bid_deadline.isoformat()},
    )
    tell(
        organisations=admitted([round_.pk]),
        kind=Kind.LEGAL,
        basis=IN_TIME,
        until_opening=[main.public_id],
        title=f"{main.lot.tender.name}（{main.lot.name}）最后报价截止时间顺延",
        text=f"截止时采购活动处于暂停或者系统故障中, 截止时间顺延至{round_.bid_deadline.astimezone(BEIJING):%Y年%m月%d日%H时%M分}。",
        link=f"/work/offers/{round_.public_id}",
        now=now,
    )
    return round_.bid_deadline


def end_offers(main: Round, *, now: datetime) -> None:
    """End last offers that were asked for, since their main round is over (called inside that act)."""
    round_ = final_round(main)
    if round_ is None or not procedure_of(round_).has(round_.stage, "give_up_offers"):
        return
    asked = admitted([round_.pk])
    make_move(lock_round(round_.public_id), "give_up_offers", actor=SYSTEM, now=now, decided_at=now)
    cancel_timer(kind=CLOSE_OFFERS, subject=round_.public_id, now=now)
    tell(
        organisations=asked,
        kind=Kind.SERVICE,
        until_opening=[main.public_id],
        title=f"{main.lot.tender.name}（{main.lot.name}）不再接收最后报价",
        text="采购活动已经终止, 不再接收和揭示最后报价; 已提交的不再开启。",
        link=f"/lots/{main.lot.public_id}",
        now=now,
    )


@effect(CLOSE_OFFERS, first=True)
def close_offers(round_id: str, now: datetime) -> datetime | None:
    """Close the last offers at their moment and let those who offered decrypt; nobody is told who did.

    While something stops the main round they are not closed; a deadline that fell into that is moved on.
    """
    main, round_ = _locked_pair(round_id)
    if not procedure_of(round_).has(round_.stage, "close_bidding") or round_.bid_deadline is None:
        return None
    if now < round_.bid_deadline:
        return round_.bid_deadline
    if standing_still(main):
        return now + LOOK_AGAIN
    if quiet.held_at(main, round_.bid_deadline):
        return make_up_offers(round_id, now=now)
    make_move(round_, "close_bidding", actor=SYSTEM, now=now, closed_at=now)
    live = quiet.live_packages(round_)
    if live:
        quiet.begin(round_, live, minutes=quiet.minutes_of(round_), now=now)
    else:
        set_timer(kind=quiet.OFFERS, subject=round_.public_id, due_at=now)
    return None


@effect(quiet.OFFERS)
def reveal_offers(round_id: str, now: datetime) -> datetime | None:
    """Let all prices come to the answers at one moment, for the group; the evaluation goes on with them."""
    main, round_ = _locked_pair(round_id)
    if not procedure_of(round_).has(round_.stage, "reveal_offers"):
        return None
    make_move(round_, "reveal_offers", actor=SYSTEM, now=now, decided_at=now)
    make_move(main, "reveal_offers", actor=SYSTEM, now=now)
    offers = BidOpening.objects.filter(session__round=round_).select_related(
        "bid__bidder", "bid__certificate"
    )
    for offer in offers.order_by("bid__entry_hash"):
        answer = BidOpening.objects.select_related("bid").get(
            session__round=main, bid__bidder=offer.bid.bidder_id
        )
        if offer.state == BidOpening.OPENED:
            answer.price = offer.price
            # what was handed in anew after the talks is marked
            anew = [{**file, "name": f"最后报价-{file['name']}"} for file in offer.attachments]
            answer.attachments = [*answer.attachments, *anew]
            answer.save(update_fields=["price", "attachments"])
        record_act(
            "opening.offer_revealed",
            subject=answer.bid.public_id,
            actor=SYSTEM,
            legal_at=now,
            **quiet.place(main),
            supervisor={
                "bid": answer.bid.public_id,
                "offer": offer.bid.public_id,
                "bidder": offer.bid.bidder.name,
                "uscc": offer.bid.bidder.uscc,
                "state": offer.state,
                "reason": offer.reason,
                "entry_hash": offer.bid.entry_hash,
                "manifest": bytes(offer.bid.manifest).decode(),
                "manifest_signature": bytes(offer.bid.manifest_signature).hex(),
                "certificate": offer.bid.certificate.pem,
                "fields": {
                    name: {"value": offer.fields[name], "salt": offer.salts[name]}
                    for name in ("price",)
                    if offer.state == BidOpening.OPENED
                },
            },
        )
    set_timer(kind=ENDED, subject=main.public_id, due_at=now)
    return None


#: acts about single suppliers in a main round; with the result they are told, each level to its readers
APART = (
    "opening.answers_begun",
    "opening.key_released",
    "opening.answer_opened",
    "opening.failure_accounted",
    "opening.offer_revealed",
    "evaluation.talked",
    "evaluation.left",
    "evaluation.preliminary_decided",
    "evaluation.change_proposed",
    "evaluation.change_decided",
    "committees.clarification_asked",
    "committees.clarification_answered",
    "committees.clarification_lapsed",
)
_APART_OFFERS = ("opening.offers_begun", "opening.key_released", "opening.offer_opened")


def disclose(main: Round, *, now: datetime) -> None:
    """Let acts about single suppliers of a negotiated procurement be read with the result (called inside that act)."""
    if not quiet.is_quiet(main):
        return
    main.opened_at = now
    main.save(update_fields=["opened_at"])
    # the receipts stay escrowed: their names are for the parties' level, and no supplier reads another's
    disclose_acts(round_id=main.public_id, acts=APART, now=now)
    if (last := final_round(main)) is not None:
        disclose_acts(round_id=last.public_id, acts=_APART_OFFERS, now=now)


def state_of(main: Round) -> SecondState | None:
    """Return how far the last offers of a main round are, and which answers stay without a valid one, with the reason.

    A price above the budget, or above the ceiling, is none (74号令第三十七条第三项).
    """
    round_ = final_round(main)
    if round_ is None:
        return None
    rows = BidOpening.objects.filter(session__round=round_).select_related("bid")
    offers = {row.bid.bidder_id: row for row in rows}
    most = min(main.lot.budget, main.lot.ceiling_price or main.lot.budget)
    answers = BidOpening.objects.filter(session__round=main, state=BidOpening.OPENED).select_related("bid")
    asked = set(admitted([round_.pk]))
    file = TenderFile.objects.get(tender=main.lot.tender, version=main.file_version)
    solutions = bool((file.document.get("policy") or {}).get("solutions"))
    unopened = {
        answer.bid.public_id: reason
        for answer in answers
        if (
            reason := _without(offers.get(answer.bid.bidder_id), most=most)
            if answer.bid.bidder_id in asked
            else NOT_RECOMMENDED
            if solutions
            else NOT_ASKED
        )
    }
    return SecondState(
        opened=round_.closed_at is not None, ended=round_.decided_at is not None, unopened=unopened
    )


def _without(offer: BidOpening | None, *, most: Decimal) -> str:
    """Return why an answer has no valid last offer, "" if it has one."""
    if offer is None:
        return NOT_OFFERED
    if offer.state != BidOpening.OPENED or offer.price is None:
        return f"最后报价没有开启: {offer.reason}"
    return "最后报价超过采购预算或者最高限价" if offer.price > most else ""

"""Talks and last offers of a negotiated procurement: the group's acts, the buyer's confirmation, the supplier's offer."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.bidding import actions as bidding
from ggzy.bidding import queries as bids
from ggzy.evaluation import leaving, negotiating
from ggzy.evaluation.queries import Desk
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.opening import quiet
from ggzy.opening import second as seconds
from ggzy.parties.grid import Permission as P
from ggzy.portals import expert
from ggzy.portals.bidder import bid_refused, key_given
from ggzy.portals.frame import View, done, moment, now, route, show, text, who
from ggzy.portals.sealing import (
    acknowledged,
    offer_facts,
    open_facts,
    own_certificates,
    package_of,
    parts_of,
    used_up,
)
from ggzy.portals.work import Todo, only_posted, refused_here, refused_json, wants_json
from ggzy.procedures.spec import Stage
from ggzy.tendering import queries as tenders
from ggzy.ui.bundles import sealing_bundles

# --- the group


def talks_page(desk: Desk) -> dict[str, Any]:
    """Return what the desk shows while the group talks: with whom it has, what changed, until when offers are taken."""
    talks = negotiating.talks_of(desk.round)
    left = [b for b in desk.bids if b.bid not in desk.rejected]
    return {
        "talks": talks,
        "talk": talks.word,
        "untalked": [b for b in left if b.bid not in talks.talked],
        "votes": desk.document.policy is not None and desk.document.policy.solutions,
        "leads": talks.leader == desk.code,
        "talk_rows": [(b, [t for t in talks.talks if t.bid == b.bid]) for b in left],
    }


def _tried(request: HttpRequest, round_id: str, act: Any, says: str, **given: Any) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        return expert.desk_refused(request, round_id, refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", says)


def record_talk(request: HttpRequest, round_id: str) -> HttpResponse:
    """Write down a talk with one supplier."""
    given = {"bid": text(request, "bid"), "text": text(request, "text")}
    return _tried(
        request,
        round_id,
        lambda: negotiating.record_talk(round_id=round_id, **given, actor=who(request), now=now()),
        "已记录, 记录不能修改; 又谈了的, 再记一次",
        **given,
    )


def propose_change(request: HttpRequest, round_id: str) -> HttpResponse:
    """Propose a change of what is asked for."""
    given = {"text": text(request, "text")}
    return _tried(
        request,
        round_id,
        lambda: negotiating.propose_change(round_id=round_id, **given, actor=who(request), now=now()),
        "已提出, 等待采购人代表确认",
        change=given["text"],
    )


def take_back_change(request: HttpRequest, round_id: str) -> HttpResponse:
    """Take back the change that waits for the buyer."""
    return _tried(
        request,
        round_id,
        lambda: negotiating.take_back_change(round_id=round_id, actor=who(request), now=now()),
        "已撤回, 需求不变动",
    )


def vote_solutions(request: HttpRequest, round_id: str) -> HttpResponse:
    """Recommend whose solutions go on."""
    return _tried(
        request,
        round_id,
        lambda: negotiating.vote_solutions(
            round_id=round_id, bids=request.POST.getlist("bids"), actor=who(request), now=now()
        ),
        "已投票; 要求最后报价之前可以重新投票",
    )


def ask_final_offers(request: HttpRequest, round_id: str) -> HttpResponse:
    """Ask all that are left for their last offers."""
    return _tried(
        request,
        round_id,
        lambda: negotiating.ask_final_offers(
            round_id=round_id, until=moment(request, "until", says="截止时间"), actor=who(request), now=now()
        ),
        "已要求全部继续参加的供应商提交最后报价; 截止并解密后, 报价同时揭示",
        until=text(request, "until"),
    )


# --- the buyer


def changes(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show the changes that the group proposed, and confirm or refuse the one that waits."""
    return _changes(request, round_id)


def _changes(
    request: HttpRequest, round_id: str, refusal: Refusal | None = None, **given: Any
) -> HttpResponse:
    round_, rows = negotiating.owners_changes(round_id=round_id, actor=who(request))
    page = {"round": round_, "tender": round_.lot.tender, "lot": round_.lot, "rows": rows[::-1]}
    if refusal is None:
        return show(request, "work/requirement_changes.html", page)
    return refused_here(request, "work/requirement_changes.html", page, refusal, given=given)


def decide_change(request: HttpRequest, round_id: str) -> HttpResponse:
    """Confirm or refuse a change."""
    agreed, reason = text(request, "agreed"), text(request, "reason")
    try:
        if agreed not in {"yes", "no"}:
            raise BadInput("请选择确认或者不确认", field="agreed")
        negotiating.decide_change(
            change_id=text(request, "change"),
            agreed=agreed == "yes",
            reason=reason,
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return _changes(request, round_id, refusal, agreed=agreed, reason=reason)
    says = "已确认, 变动已同时书面通知全部参加的供应商" if agreed == "yes" else "已答复不确认, 需求不变动"
    return done(f"/work/rounds/{round_id}/requirement-changes", says)


def owner_todos(actor: Actor) -> list[Todo]:
    """Return the changes that wait for a buyer."""
    return [
        Todo(
            what="确认小组提出的采购需求变动",
            where=f"{tender} · {lot}",
            href=f"/work/rounds/{round_id}/requirement-changes",
            label="确认",
            clause="《政府采购非招标采购方式管理办法》第三十二条",
            urgent=True,
        )
        for round_id, tender, lot in negotiating.changes_to_confirm(actor.organisation_pk)
    ]


# --- the supplier


def _offer_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    actor, at = who(request), now()
    offer = negotiating.own_offer(actor=actor, round_id=round_id)
    if offer is None:
        raise NotFound("小组没有要求您单位提交最后报价", next_steps=(("返回工作台", "/work"),))
    row = tenders.round_row(offer.main)
    own = bids.own_bids(actor=actor, round_id=round_id)
    live = next((b for b in own if b.state == "live"), None)
    takes = offer.stage == Stage.FO_OPEN and at < offer.until
    mine = quiet.own_package_of(round_id=round_id, organisation_pk=actor.organisation_pk)
    file = tenders.tender_file(tender_id=row.tender, viewer=actor)
    return {
        "row": row,
        "offer": offer,
        "live": live,
        "open": takes,
        "seal": offer_facts(row=row, round_id=round_id, file=file, live=live, actor=actor) if takes else None,
        "document": file.document,
        "file_version": file.version,
        "bundles": sealing_bundles(),
        "mine": mine,
        "key_to": f"/work/offers/{round_id}/key",
        "to_open": open_facts(bid_id=mine.package, key_to=f"/work/offers/{round_id}/key", actor=actor)
        if mine and mine.state == "waiting"
        else None,
        "own_certificates": own_certificates(actor),
        "parts": parts_of(row),
        "address": request.build_absolute_uri("/").rstrip("/"),
        "given": {},
        "now": at,
    }


def offer(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show how to hand in a last offer, one's own, and what became of it."""
    return show(request, "work/offer.html", _offer_page(request, round_id))


def _offer_tried(request: HttpRequest, round_id: str, act: Any, says: str, **given: Any) -> HttpResponse:
    try:
        made = act()
    except Refusal as refusal:
        if wants_json(request):
            return refused_json(request, refusal)
        return refused_here(request, "work/offer.html", _offer_page(request, round_id), refusal, given=given)
    if wants_json(request):
        return acknowledged(made) if isinstance(made, bidding.Acknowledged) else JsonResponse({"done": says})
    return done(f"/work/offers/{round_id}", says)


def submit(request: HttpRequest, round_id: str) -> HttpResponse:
    """Take the four sealed files."""

    def act() -> bidding.Acknowledged:
        made = bidding.submit_bid(round_id=round_id, package=package_of(request), actor=who(request))
        used_up(request)
        return made

    return _offer_tried(request, round_id, act, "最后报价已接收, 请下载并保存回执")


def withdraw(request: HttpRequest, round_id: str) -> HttpResponse:
    """Withdraw the last offer."""
    return _offer_tried(
        request,
        round_id,
        lambda: bidding.withdraw_bid(round_id=round_id, actor=who(request)),
        "已撤回, 截止前可以重新提交; 不再提交的视为退出",
    )


def release(request: HttpRequest, round_id: str) -> HttpResponse:
    """Take the one-time key of the own last offer."""
    key = key_given(request)

    def act() -> None:
        mine = quiet.own_package_of(round_id=round_id, organisation_pk=who(request).organisation_pk)
        if mine is None:
            raise NotFound("您单位在此没有等待解密的最后报价")
        if not key:
            raise BadInput("请粘贴一次性密钥, 或选择保存密钥的文件", field="bid_key")
        seconds.release_key(bid_id=mine.package, bid_key=key, actor=who(request), now=now())

    return _offer_tried(request, round_id, act, "密钥已收到, 正在解密", bid_key=key)


def leave_talks(request: HttpRequest, round_id: str) -> HttpResponse:
    """Leave the talks before a last offer."""
    given = {"leaving": text(request, "reason")}
    try:
        leaving.leave_talks(round_id=round_id, reason=given["leaving"], actor=who(request), now=now())
    except Refusal as refusal:
        return bid_refused(request, round_id, refusal, given=given)
    return done(f"/work/rounds/{round_id}/bid", "已退出, 不再参加本次采购; 保证金自动退还")


def bidder_todos(actor: Actor, at: datetime) -> list[Todo]:
    """Return the last offers that an organisation is asked for."""
    return [
        Todo(
            what="提交最后报价" if not handed_in else "最后报价已提交, 截止前可以替换",
            where=f"{tender} · {lot}",
            href=f"/work/offers/{round_id}",
            label="查看" if handed_in else "提交",
            due=until,
            clause="《政府采购非招标采购方式管理办法》第三十三条; 财库〔2014〕214号第二十一条",
            urgent=not handed_in,
        )
        for round_id, tender, lot, until, handed_in in negotiating.offers_asked(actor=actor, now=at)
    ]


def _act(address: str, view: View, name: str, permission: P) -> Any:
    return route(address, only_posted(view), name=name, permission=permission)


_ROUND, _OFFER = "work/rounds/<str:round_id>", "work/offers/<str:round_id>"
urlpatterns = [
    _act(f"{_ROUND}/talks", record_talk, "work-talk", P.EVALUATE),
    _act(f"{_ROUND}/propose-change", propose_change, "work-propose-change", P.EVALUATE),
    _act(f"{_ROUND}/take-back-change", take_back_change, "work-take-back-change", P.EVALUATE),
    _act(f"{_ROUND}/solutions", vote_solutions, "work-solutions", P.EVALUATE),
    _act(f"{_ROUND}/final-offers", ask_final_offers, "work-ask-offers", P.EVALUATE),
    route(
        f"{_ROUND}/requirement-changes",
        changes,
        name="work-requirement-changes",
        permission=P.CHANGE_CONFIRM,
    ),
    _act(f"{_ROUND}/requirement-changes/decide", decide_change, "work-decide-change", P.CHANGE_CONFIRM),
    route(_OFFER, offer, name="work-offer", permission=P.BID_READ_OWN),
    _act(f"{_OFFER}/submit", submit, "work-offer-submit", P.BID_SUBMIT),
    _act(f"{_OFFER}/withdraw", withdraw, "work-offer-withdraw", P.BID_SUBMIT),
    _act(f"{_ROUND}/leave", leave_talks, "work-leave-talks", P.BID_SUBMIT),
    _act(f"{_OFFER}/key", release, "work-offer-key", P.OPENING_RELEASE),
]

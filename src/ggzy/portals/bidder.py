"""The bidder's bench: sealing and handing in, releasing the key, objecting, signing the contract."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.awarding.queries import awards_of, publicities_of
from ggzy.bidding import actions as bidding
from ggzy.bidding import queries as bids
from ggzy.contracting.queries import contracts_of
from ggzy.evaluation.leaving import may_leave
from ggzy.evaluation.negotiating import own_offer, told_to
from ggzy.evidence.queries import acknowledgement, last_index_of_round
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.law.families import family
from ggzy.objections import actions as objections
from ggzy.objections.queries import objections_on, own_objections
from ggzy.opening import actions as opening
from ggzy.opening import quiet
from ggzy.opening import second as seconds
from ggzy.opening.queries import HallBid, HallRow, KeyWaited, hall_row, has_confirmed, keys_waited
from ggzy.portals import registry
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.sealing import (
    acknowledged,
    open_facts,
    own_certificates,
    package_of,
    parts_of,
    seal_facts,
    used_up,
)
from ggzy.portals.work import Todo, download, due, refused_here, refused_json, wants_json
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Stage
from ggzy.seals.queries import state_of
from ggzy.tendering import queries as tenders
from ggzy.tendering.fronts import own_admissions
from ggzy.tendering.holding import held_up
from ggzy.tendering.stamps import laws_of
from ggzy.ui.bundles import sealing_bundles

#: a key is one line of 74 characters; whoever chooses another file by mistake is told so
MOST_KEY = 400
#: rows of a list on the bench; the whole is one click away
SHOWN = 10
_RESULT = {Stage.CAND_PUB, Stage.NOTIFIED, Stage.ANNOUNCED}
#: stages at which something on the bench is about an own bid
_WATCHED = _RESULT | {
    Stage.OPEN_FOR_BID,
    Stage.PQ_OPEN,
    Stage.PQ_CLOSED,
    Stage.TS1_OPEN,
    Stage.TS1_REVIEW,
}


def bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return what waits for a bidder, its own bids, and the tenders that take bids."""
    todos = [_key_todo(waited) for waited in keys_waited(actor.organisation_pk)]
    live = bids.own_live(actor=actor, stages=_WATCHED)
    todos += _result_todos([bid for bid in live if bid.stage in _RESULT], actor, moment)
    from ggzy.portals.negotiated import bidder_todos  # it uses this module's parts

    todos += bidder_todos(actor, moment) + registry.ending_todos(actor, moment)
    in_ = {bid.round for bid in live if bid.stage == Stage.OPEN_FOR_BID}
    open_rows = [
        row
        for row in tenders.recent_lots(stage=Stage.OPEN_FOR_BID.value, limit=100)
        if row.bid_deadline and row.bid_deadline > moment
    ]
    from ggzy.portals.front_pages import bidder_front  # it uses this module's parts

    front = bidder_front(actor, moment, live)
    mine = own_admissions(
        round_pks=[row.round_pk for row in open_rows if row.restricted],
        organisation_pk=actor.organisation_pk,
    )
    open_rows = [row for row in open_rows if not row.restricted or row.round_pk in mine]
    open_rows.sort(key=lambda row: row.bid_deadline or moment)
    return {
        "bench": "bidder",
        "todos": [*todos, *front.pop("front_todos")],
        **front,
        "open_rows": [(row, row.round in in_) for row in open_rows[:SHOWN]],
        "open_more": len(open_rows) > SHOWN,
        "own": bids.own_bids(actor=actor, most=SHOWN),
        "objections": own_objections(actor.organisation_pk),
    }


def _key_todo(waited: KeyWaited) -> Todo:
    what = "第二信封" if waited.second else "最后报价" if waited.last else "投标文件"
    return Todo(
        what=f"解密{what}(交出一次性投标密钥)",
        where=f"{waited.tender_name} · {waited.lot_name}",
        href=f"/work/offers/{waited.round}#key" if waited.last else f"/work/rounds/{waited.round}/bid#key",
        label="去解密",
        due=waited.until,
        clause="《电子招标投标办法》第三十条、第三十一条",
        urgent=True,
    )


def _result_todos(live: list[bids.OwnLive], actor: Actor, moment: datetime) -> list[Todo]:
    """Return what publicities and letters of award ask of their bidders."""
    rows = sorted(live, key=lambda bid: bid.round_pk)
    publicities = publicities_of([row.round_pk for row in rows if row.stage == Stage.CAND_PUB])
    awards = awards_of([row.round_pk for row in rows if row.stage in {Stage.NOTIFIED, Stage.ANNOUNCED}])
    won = [pk for pk, award in awards.items() if award.sent_at and award.bidder_pk == actor.organisation_pk]
    contracts, laws, held = contracts_of(won), laws_of(won), held_up(won, now=moment)
    out = []
    for row in rows:
        where = f"{row.tender_name} · {row.lot_name}"
        publicity, award, contract = (kept.get(row.round_pk) for kept in (publicities, awards, contracts))
        if row.stage == Stage.CAND_PUB and publicity is not None and moment < publicity.ends_at:
            out.append(
                Todo(
                    what="查看中标候选人公示, 有异议的在公示期内提出",
                    where=where,
                    href=f"/work/rounds/{row.round}/object",
                    label="查看",
                    due=publicity.ends_at,
                    clause="《招标投标法实施条例》第五十四条",
                )
            )
        mine = award is not None and award.sent_at is not None and award.bidder_pk == actor.organisation_pk
        sealed = contract is not None and contract.winner_certificate_id
        if row.stage in {Stage.NOTIFIED, Stage.ANNOUNCED} and mine and not sealed:
            own = family(row.procedure_code)
            limit = laws[row.round_pk][own.contract]
            paused = held.days(row.round_pk, limit, row.procedure_code)
            by, clause = due(limit, started=award.sent_at, paused=paused)
            href = f"/work/rounds/{row.round}/contract"
            out.append(
                Todo(
                    what=f"与{own.owner}签订合同",
                    where=where,
                    href=href,
                    label="签订合同",
                    due=by,
                    clause=clause,
                )
            )
    return out


def _watched(hall: HallRow | None, mine: HallBid | None, *, live: bool) -> dict[str, Any]:
    """Return what the live line of a bidder's own page says, and the mark by which it knows that its state changed."""
    if hall is None:
        return {"watches": False}
    second = hall.second.phase if hall.second else ""
    unanswered = [o["answered"] for o in hall.objections]
    state = f"{mine.state}-{mine.second_state}-{mine.shares_asked}" if mine else ""
    mark = (
        f"{state}-{hall.opened_at is not None}-{hall.shown_at is not None}-{hall.ended_at is not None}"
        f"-{second}-{hall.paused_at is not None}-{len(unanswered)}-{sum(unanswered)}"
    )
    says = "等待主持人宣布开标"
    if hall.ended_at and second not in {"keys", "read_out"}:
        says = "开标已结束"
    elif mine:
        says = f"本单位: {mine.second_label or mine.label}"
    over = hall.ended_at is not None and second in {"", "ended"}
    return {
        "watches": live and not over and not Stage(hall.stage).failed,
        "mark": mark,
        "says": says,
        "keys_in": sum(bid.state != "waiting" for bid in hall.bids),
    }


def bid_fragment(request: HttpRequest, round_id: str) -> HttpResponse:
    """Answer with the live line of the own bid alone."""
    hall = hall_row(round_id=round_id, viewer=who(request))
    mine = next((b for b in hall.bids if b.own), None)
    page = {"hall": hall, **_watched(hall, mine, live=True)}
    response = show(request, "work/bid_now.html", page)
    response["Cache-Control"] = "no-store"
    return response


def _bid_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    actor, at = who(request), now()
    # read before what is shown: an event in between is told again, none is missed
    after = last_index_of_round(round_id)
    row = tenders.round_row(round_id)
    own = bids.own_bids(actor=actor, round_id=round_id)
    live = next((b for b in own if b.state == "live"), None)
    closed = row.bid_deadline is None or at >= row.bid_deadline
    file = tenders.tender_file(tender_id=row.tender, viewer=actor)
    hall = hall_row(round_id=round_id, viewer=actor) if closed else None
    mine = next((b for b in hall.bids if b.own), None) if hall else None
    takes = not closed and row.stage == Stage.OPEN_FOR_BID
    waits = live is not None and mine is not None and mine.waits
    # of a negotiated procurement: opened for the group, with no hall, and a last offer to come
    apart = quiet.own_package(round_pk=row.round_pk, organisation_pk=actor.organisation_pk)
    procedure = BY_CODE[row.procedure_code]
    asked = own_offer(actor=actor, main_id=round_id) if procedure.quiet else None
    if procedure.quiet:
        hall, waits = None, apart is not None and apart.state == "waiting"
    return {
        "quiet": procedure.quiet,
        "apart": apart if procedure.quiet else None,
        "may_leave": procedure.quiet and may_leave(round_id=round_id, actor=actor, now=at),
        "asked": asked,
        "told": told_to(round_pk=row.round_pk, organisation_pk=actor.organisation_pk)
        if procedure.quiet
        else (),
        "key_to": f"/work/bids/{live.bid}/key" if live else "",
        "row": row,
        "own": own,
        "live": live,
        "open": takes,
        "seal": seal_facts(row=row, file=file, live=live, actor=actor) if takes else None,
        "bundles": sealing_bundles(),
        "to_open": open_facts(bid_id=live.bid, key_to=f"/work/bids/{live.bid}/key", actor=actor)
        if live and waits
        else None,
        "which": open_facts(bid_id=live.bid, key_to="", actor=actor)
        if live
        and live.state == "live"
        and (mine is None or mine.state == "waiting")
        and (apart is None or apart.state == "waiting")
        else None,
        "own_certificates": own_certificates(actor),
        "hall": hall,
        "mine": mine,
        "after": after,
        **_watched(hall, mine, live=live is not None),
        "own_objections": [o for o in hall.objections if o["bidder"] == actor.organisation_name]
        if hall
        else [],
        "confirmed": has_confirmed(round_id=round_id, actor=actor) if mine else False,
        "document": file.document,
        "file_version": file.version,
        "outdated": bool(live and live.tender_file and live.tender_file != file.sha256),
        "parts": parts_of(row),
        "address": request.build_absolute_uri("/").rstrip("/"),
        "now": at,
    }


def bid(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show how to seal and hand in, the own bid, and what the opening asks of its bidder."""
    return show(request, "work/bid.html", _bid_page(request, round_id))


def bid_refused(
    request: HttpRequest, round_id: str, refusal: Refusal, *, given: dict[str, Any]
) -> HttpResponse:
    """Show the own bid's page again with what was entered, and why it was refused."""
    return refused_here(request, "work/bid.html", _bid_page(request, round_id), refusal, given=given)


def submit(request: HttpRequest, round_id: str) -> HttpResponse:
    """Take the four sealed files."""
    try:
        made = bidding.submit_bid(round_id=round_id, package=package_of(request), actor=who(request))
        used_up(request)
    except Refusal as refusal:
        if wants_json(request):
            return refused_json(request, refusal)
        given = {"old_file": isinstance(refusal, bidding.OldTenderFile)}
        return refused_here(request, "work/bid.html", _bid_page(request, round_id), refusal, given=given)
    if wants_json(request):
        return acknowledged(made)
    says = "已替换原投标文件" if made.replaced else "投标文件已接收"
    return done(f"/work/rounds/{round_id}/bid#own", f"{says}, 请下载并保存回执")


def withdraw(request: HttpRequest, round_id: str) -> HttpResponse:
    """Withdraw the live bid."""
    bidding.withdraw_bid(round_id=round_id, actor=who(request))
    return done(f"/work/rounds/{round_id}/bid", "投标文件已撤回, 截止前可以重新递交")


def _own(bid_id: str, actor: Actor) -> bids.OwnBid:
    found = next((b for b in bids.own_bids(actor=actor) if b.bid == bid_id), None)
    if found is None:
        raise NotFound("没有这份投标文件", next_steps=(("返回工作台", "/work"),))
    return found


def receipt(request: HttpRequest, bid_id: str) -> HttpResponse:
    """Download the centre's signed acknowledgement of an own bid."""
    mine = _own(bid_id, who(request))
    return download(acknowledgement(mine.entry_hash), f"acknowledgement-{bid_id}.json")


def envelope(request: HttpRequest, bid_id: str) -> HttpResponse:
    """Download the key envelope of an own bid: only the own certificate opens it."""
    data, _ = seconds.own_envelope(bid_id=bid_id, actor=who(request))
    answer = HttpResponse(data, content_type="application/pkcs7-mime")
    answer["Content-Disposition"] = 'attachment; filename="key.p7m"'
    return answer


def key_given(request: HttpRequest) -> str:
    """Return the one-time key that was pasted, or that stands in the chosen file."""
    upload = request.FILES.get("key_file")
    return upload.read(MOST_KEY).decode("ascii", "replace").strip() if upload else text(request, "bid_key")


def release(request: HttpRequest, bid_id: str) -> HttpResponse:
    """Take the one-time key of an own bid."""
    actor = who(request)
    mine = _own(bid_id, actor)
    key = key_given(request)
    try:
        if not key:
            raise BadInput("请粘贴一次性投标密钥, 或选择保存密钥的文件", field="bid_key")
        seconds.release_key(bid_id=bid_id, bid_key=key, actor=actor, now=now())
    except Refusal as refusal:
        if wants_json(request):
            return refused_json(request, refusal)
        page = _bid_page(request, mine.round)
        return refused_here(request, "work/bid.html", page, refusal, given={"bid_key": key})
    if wants_json(request):
        return JsonResponse({"bid": bid_id, "state": "released"})
    return done(f"/work/rounds/{mine.round}/bid#key", "投标密钥已收到, 正在解密")


def sign_record(request: HttpRequest, round_id: str) -> HttpResponse:
    """Confirm the opening record."""
    signature = text(request, "signature")
    try:
        opening.sign_record(round_id=round_id, signature=signature, actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/bid.html", _bid_page(request, round_id), refusal, given={})
    return done(f"/work/rounds/{round_id}/bid", "已签名确认开标记录")


def object_at_opening(request: HttpRequest, round_id: str) -> HttpResponse:
    """Object on the spot."""
    given = {"text": text(request, "text")}
    try:
        opening.raise_objection(round_id=round_id, text=given["text"], actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/bid.html", _bid_page(request, round_id), refusal, given=given)
    return done(f"/work/rounds/{round_id}/bid#objection", "异议已提出, 由主持人当场答复")


def object_to_result(request: HttpRequest, round_id: str) -> HttpResponse:
    """Object to the evaluation result within the publicity."""
    actor = who(request)
    row = tenders.round_row(round_id)
    publicity = publicities_of([row.round_pk]).get(row.round_pk)
    mine = bool(bids.own_bids(actor=actor, round_id=round_id))
    page = {
        "row": row,
        "publicity": publicity,
        "took_part": mine,
        "may": mine and row.stage == Stage.CAND_PUB and publicity is not None and now() < publicity.ends_at,
        "objections": [o for o in objections_on(round_id=round_id, viewer=actor) if o["objector"]],
        "now": now(),
    }
    if request.method != "POST":
        return show(request, "work/object.html", page)
    given = {"text": text(request, "text")}
    try:
        objections.raise_objection(round_id=round_id, text=given["text"], actor=actor, now=now())
    except Refusal as refusal:
        return refused_here(request, "work/object.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/object", "异议已提出, 招标人3日内答复, 答复前招标投标活动暂停")


def contract(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show the winner its contract to sign."""
    actor = who(request)
    row = tenders.round_row(round_id)
    award = awards_of([row.round_pk]).get(row.round_pk)
    if award is None or award.sent_at is None or award.bidder_pk != actor.organisation_pk:
        raise NotPermitted(
            "合同由招标人和中标人签订, 本单位不是本标段的中标人",
            next_steps=(("查看标段", f"/lots/{row.lot}"), ("返回工作台", "/work")),
        )
    made = contracts_of([row.round_pk]).get(row.round_pk)
    own = family(row.procedure_code)
    limit = laws_of([row.round_pk])[row.round_pk][own.contract]
    paused = held_up([row.round_pk], now=now()).days(row.round_pk, limit, row.procedure_code)
    by = due(limit, started=award.sent_at, paused=paused)
    page = {
        "row": row,
        "award": award,
        "contract": made,
        "own_sealed": bool(made and made.winner_certificate_id),
        "other_sealed": bool(made and made.owner_certificate_id),
        "seal_state": state_of(made.pdf) if made else None,
        "by": by,
    }
    return show(request, "work/contract.html", page)

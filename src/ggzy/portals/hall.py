"""The opening hall for anyone: the lobby, then what the opening brings, live, and afterwards step by step."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ggzy.bidding import queries as bids
from ggzy.deposits.queries import deposits_read_out
from ggzy.evidence import queries as evidence
from ggzy.kernel.actors import ANYONE, Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.law.families import family
from ggzy.notices import queries as notices
from ggzy.notices.actions import NoticeKind
from ggzy.opening import checkins
from ggzy.opening.queries import HallRow, hall_row
from ggzy.opening.replay import opening_acts, replay
from ggzy.opening.rules import CHECK_IN_BEFORE
from ggzy.portals.frame import done, now, show, who
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Stage
from ggzy.tendering import queries as tenders
from ggzy.tendering.booking import places_of

#: how long a proxy, too, may answer with it; the edge keeps it no longer (edge/shared.py)
SHARED_SECONDS = 10


def require_hall(lot: tenders.LotRow) -> None:
    """Let a round pass that is opened in a hall.

    :raises NotFound: of a negotiated procurement nobody but the group sees what is opened
    """
    if BY_CODE[lot.procedure_code].quiet:
        raise NotFound(
            "响应文件和最后报价只向小组开启, 不公开, 没有开启大厅; 结果以成交公告为准",
            next_steps=(("查看标段", f"/lots/{lot.lot}"),),
        )


def _page(round_id: str, *, viewer: Actor) -> dict[str, Any]:
    """Return what the hall shows this viewer now. Before the deadline it holds nothing of bids, not even a count."""
    moment = now()
    # read before what is shown: an event in between is told again, none is missed
    told = evidence.acts_of_round(round_id)
    lot = tenders.round_row(round_id)
    if lot.phase == 0:
        raise NotFound(
            "资格预审申请和技术建议不公开开启, 没有开标大厅; 投标的开标大厅在招标文件发出后开放",
            next_steps=(("查看标段", f"/lots/{lot.lot}"),),
        )
    require_hall(lot)
    hall = hall_row(round_id=round_id, viewer=viewer)
    waiting = hall.bid_deadline is None or moment < hall.bid_deadline
    about = [] if waiting else notices.of_round(round_id)
    records = [n for n in about if n.row.kind == NoticeKind.OPENING_RECORD]
    acts = [] if waiting else opening_acts(told)
    names = {bid.bid: bid.bidder for bid in hall.bids}
    failed = Stage(hall.stage).failed and hall.opened_at is None
    own = family(hall.procedure_code)
    return {
        "hall": hall,
        "lot": lot,
        "waiting": waiting,
        "places": places_of(round_id),
        "failed": failed,
        "record": next((n.row for n in records if not _of_second(n)), None),
        "second_record": next((n.row for n in records if _of_second(n)), None),
        "failure": next((n.row for n in about if n.row.kind == NoticeKind.FAILURE), None),
        "waiting_bids": sum(bid.state == "waiting" for bid in hall.bids),
        "events": [(row, names.get(str(row.fields.get("bid", "")), "")) for row in acts],
        "deposits": deposits_read_out(round_id) if hall.shown_at else {},
        "is_bidder": viewer.role is Role.BIDDER,
        "takes_part": viewer.role is Role.BIDDER or hall.is_host,
        "steps": [{**row, "label": own.in_words(row["label"])} for row in _steps(hall, waiting=waiting)],
        "says": own.in_words(_says(hall, waiting=waiting, failed=failed)),
        "after": told[-1].index if told else -1,
        "now": moment,
        **_own(hall, viewer=viewer, moment=moment),
    }


def _own(hall: HallRow, *, viewer: Actor, moment: datetime) -> dict[str, Any]:
    """Return what the hall tells a bidder of its own bid and check-in; of anybody else's it asks nothing."""
    if viewer.role is not Role.BIDDER:
        return {}
    live = any(bid.state == "live" for bid in bids.own_bids(actor=viewer, round_id=hall.round))
    here = checkins.own_check_in(round_id=hall.round, actor=viewer)
    opens = hall.bid_deadline - CHECK_IN_BEFORE if hall.bid_deadline else None
    return {
        "mine": next((bid for bid in hall.bids if bid.own), None),
        "live": live,
        "checked_in_at": here,
        "check_in_from": opens,
        "may_check_in": live and not here and not hall.shown_at and opens is not None and moment >= opens,
    }


def _steps(hall: HallRow, *, waiting: bool) -> list[dict[str, str]]:
    """Return the stages of an opening with the one that is now."""
    reached = [not waiting, hall.opened_at, hall.shown_at, hall.ended_at, hall.ended_at]
    labels = ("投标截止", "主持人开标", "投标人解密", "唱标和异议", "开标结束")
    now_at = next((n for n, done in enumerate(reached) if not done), len(labels))
    states = ["done" if n < now_at else "now" if n == now_at else "" for n in range(len(labels))]
    return [{"label": label, "state": state} for label, state in zip(labels, states, strict=True)]


def _says(hall: HallRow, *, waiting: bool, failed: bool) -> str:
    """Return where the opening stands in one short sentence, for whoever listens to the page."""
    waits = sum(bid.state == "waiting" for bid in hall.bids)
    unanswered = sum(not row["answered"] for row in hall.objections)
    if waiting:
        return "等待投标截止和开标"
    if failed:
        return "本标段流标"
    if hall.ended_at:
        second = hall.second.phase if hall.second else ""
        return {"keys": "正在解密第二信封", "read_out": "第二信封已唱标"}.get(second, "开标已结束")
    if hall.paused_at:
        return "开标已暂停"
    if not hall.opened_at:
        return "投标已截止, 等待主持人宣布开标"
    if not hall.shown_at:
        return f"正在解密, 还差{waits}家" if waits else "全部密钥已交出"
    if hall.decrypting:
        return f"开始唱标, 还有{hall.decrypting}份正在解密"
    return f"已唱标, {unanswered}条异议等待答复" if unanswered else "已唱标, 可以当场提出异议"


def hall(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show the hall with its live part."""
    page = _page(round_id, viewer=who(request))
    address = request.build_absolute_uri(f"/rounds/{round_id}/hall")
    return show(request, "public/hall.html", {**page, "address": address})


def fragment(request: HttpRequest, round_id: str) -> HttpResponse:
    """Answer with the live part alone, for a page of somebody who takes part and heard of an act."""
    response = show(request, "public/hall_now.html", _page(round_id, viewer=who(request)))
    response["Cache-Control"] = "no-store"
    return response


def check_in(request: HttpRequest, round_id: str) -> HttpResponse:
    """Check in as a bidder of this round."""
    checkins.check_in(round_id=round_id, actor=who(request), now=now())
    return done(f"/rounds/{round_id}/hall", "已签到。开标前只有本单位看得到")


def replay_page(request: HttpRequest, round_id: str) -> HttpResponse:
    """Tell a finished opening again, step by step, from the public leaves of the log."""
    hall = hall_row(round_id=round_id, viewer=who(request))
    if hall.ended_at is None and not Stage(hall.stage).failed or hall.opened_at is None:
        raise NotFound(
            "开标结束后才能回放, 现在请在开标大厅观看",
            next_steps=(("进入开标大厅", f"/rounds/{round_id}/hall"),),
        )
    lot = tenders.round_row(round_id)
    told = replay(evidence.acts_of_round(round_id))
    return show(request, "public/hall_replay.html", {"hall": hall, "lot": lot, "replay": told, "now": now()})


def shared(request: HttpRequest, round_id: str, index: int) -> HttpResponse:
    """Answer with the live part as anybody sees it, for the many that heard of a leaf: the edge asks once for all."""
    response = render(request, "portals/public/hall_now.html", _page(round_id, viewer=ANYONE))
    response["Cache-Control"] = f"public, max-age={SHARED_SECONDS}"
    return response


def _of_second(notice: notices.NoticePage) -> bool:
    """Say whether an opening record is of the second envelopes."""
    return notice.body.get("envelope") == 2

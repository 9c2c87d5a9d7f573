"""The opening hall for anyone: a countdown, then what the opening brings, live and to be read again."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ggzy.evidence import queries as evidence
from ggzy.kernel.actors import ANYONE, Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.notices import queries as notices
from ggzy.notices.actions import NoticeKind
from ggzy.opening.queries import hall_row
from ggzy.portals.frame import now, show, who
from ggzy.procedures.spec import Stage
from ggzy.tendering import queries as tenders
from ggzy.tendering.booking import places_of

#: acts of a round that belong to its opening
_OPENING = ("opening.", "bidding.")
#: how long a proxy, too, may answer with it; the edge keeps it no longer (edge/shared.py)
SHARED_SECONDS = 10


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
    hall = hall_row(round_id=round_id, viewer=viewer)
    waiting = hall.bid_deadline is None or moment < hall.bid_deadline
    about = [] if waiting else notices.of_round(round_id)
    records = [n for n in about if n.row.kind == NoticeKind.OPENING_RECORD]
    acts = [] if waiting else [row for row in told if row.act.startswith(_OPENING)]
    names = {bid.bid: bid.bidder for bid in hall.bids}
    return {
        "hall": hall,
        "lot": lot,
        "waiting": waiting,
        "places": places_of(round_id),
        "failed": Stage(hall.stage).failed and hall.opened_at is None,
        "record": next((n.row for n in records if not _of_second(n)), None),
        "second_record": next((n.row for n in records if _of_second(n)), None),
        "failure": next((n.row for n in about if n.row.kind == NoticeKind.FAILURE), None),
        "waiting_bids": sum(bid.state == "waiting" for bid in hall.bids),
        "events": [(row, names.get(str(row.fields.get("bid", "")), "")) for row in acts],
        "is_bidder": viewer.role is Role.BIDDER,
        "after": told[-1].index if told else -1,
        "now": moment,
    }


def hall(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show the hall with its live part."""
    page = _page(round_id, viewer=who(request))
    return show(
        request,
        "public/hall.html",
        {**page, "address": request.build_absolute_uri(f"/rounds/{round_id}/hall")},
    )


def fragment(request: HttpRequest, round_id: str) -> HttpResponse:
    """Answer with the live part alone, for a page of somebody who takes part and heard of an act."""
    response = show(request, "public/hall_now.html", _page(round_id, viewer=who(request)))
    response["Cache-Control"] = "no-store"
    return response


def shared(request: HttpRequest, round_id: str, index: int) -> HttpResponse:
    """Answer with the live part as anybody sees it, for the many that heard of a leaf: the edge asks once for all."""
    response = render(request, "portals/public/hall_now.html", _page(round_id, viewer=ANYONE))
    response["Cache-Control"] = f"public, max-age={SHARED_SECONDS}"
    return response


def _of_second(notice: notices.NoticePage) -> bool:
    """Say whether an opening record is of the second envelopes."""
    return notice.body.get("envelope") == 2

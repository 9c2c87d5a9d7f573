"""My lots: one list that filters, sorts, turns pages, exports and is kept by name; the same lots on one timeline."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode

from ggzy.awarding.queries import awards_of, publicities_of
from ggzy.bidding.queries import own_lots
from ggzy.evaluation.queries import qualified
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput
from ggzy.law.families import family
from ggzy.parties import bookmarks
from ggzy.parties.grid import Permission as P
from ggzy.portals import exports
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.owner import next_step
from ggzy.portals.public import page_number, paging
from ggzy.portals.work import due, only_posted
from ggzy.procedures.spec import FAILURES, Hold, Stage
from ggzy.tendering.holding import held_up
from ggzy.tendering.stamps import laws_of
from ggzy.tendering.worklist import SORTS, Wanted, WorkRow, find_rows

PAGE = 25
MOST_EXPORTED = 2000
DAYS = 42

_OPEN = {Stage.OPEN_FOR_BID, Stage.PQ_OPEN, Stage.IV_SENT, Stage.TS1_OPEN, Stage.TS2_OPEN}
_OPENING = {Stage.CLOSED, Stage.OPENING, Stage.OPENED, Stage.PQ_CLOSED}
_JUDGED = {Stage.QUAL, Stage.EVALUATING, Stage.REPORTED, Stage.PQ_REVIEW, Stage.PQ_RESULT, Stage.TS1_REVIEW}
_AWARD = {Stage.CAND_PUB, Stage.CAND_END, Stage.AWARDED, Stage.CONFIRMED, Stage.ANNOUNCED, Stage.NOTIFIED}
_AFTER = {Stage.CONTRACTED, Stage.PUBLISHED, Stage.PERFORMING, Stage.ARCHIVED}
_ENDED = {*FAILURES, Stage.TERMINATED}
#: how far along a lot is, as people ask for it; what is in none of the others is being prepared
GROUPS: dict[str, tuple[str, frozenset[Stage]]] = {
    "open": ("公告和投标", frozenset(_OPEN)),
    "opening": ("截止和开标", frozenset(_OPENING)),
    "judged": ("资格审查和评标", frozenset(_JUDGED)),
    "award": ("公示和定标", frozenset(_AWARD)),
    "after": ("合同和履约", frozenset(_AFTER)),
    "ended": ("失败和终止", frozenset(_ENDED)),
    "before": (
        "准备中",
        frozenset(set(Stage) - _OPEN - _OPENING - _JUDGED - _AWARD - _AFTER - _ENDED),
    ),
}
SPANS = {"3": "3日内", "7": "7日内", "30": "30日内", "past": "已过"}
_OWNERS = {Role.TENDEREE, Role.AGENCY}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One lot in the list: the row, what comes next and where it is done."""

    row: WorkRow
    says: str
    href: str
    label: str


def _wanted(request: HttpRequest, moment: datetime) -> Wanted:
    """Return what the address asks for; what it does not know it leaves out."""
    group, span = request.GET.get("stage", ""), request.GET.get("due", "")
    until = (
        moment + timedelta(days=int(span)) if span.isascii() and span.isdigit() and span in SPANS else None
    )
    return Wanted(
        words=request.GET.get("words", "").strip()[:100],
        stages=tuple(stage.value for stage in GROUPS[group][1]) if group in GROUPS else (),
        due_from=moment if until else None,
        due_until=moment if span == "past" else until,
        sort=request.GET.get("sort", "deadline"),
    )


def _found(
    actor: Actor, wanted: Wanted, moment: datetime, *, number: int, size: int
) -> tuple[list[WorkRow], int]:
    """Return the lots that concern somebody: the own ones, those bid for, or for the centre and supervisors all.

    :raises BadInput: a role that has no lots
    """
    if actor.role in _OWNERS:
        return find_rows(
            wanted=wanted, now=moment, organisation_pk=actor.organisation_pk, number=number, size=size
        )
    if actor.role is Role.BIDDER:
        return find_rows(wanted=wanted, now=moment, lot_pks=own_lots(actor=actor), number=number, size=size)
    if actor.role in {Role.CENTRE, Role.SUPERVISOR}:
        return find_rows(wanted=wanted, now=moment, number=number, size=size)
    raise BadInput(f"{actor.role.label}没有标段列表, 请看工作台", next_steps=(("工作台", "/work"),))


def _line(row: WorkRow, actor: Actor, done_: set[str]) -> Line:
    if actor.role in _OWNERS:
        step = next_step(row, actor.role, qualified=done_)
        return Line(
            row=row,
            says=step.says,
            href=step.href or f"/work/tenders/{row.tender}",
            label=step.label or "打开",
        )
    if actor.role is Role.BIDDER:
        return Line(row=row, says="", href=f"/work/rounds/{row.round}/bid", label="我的投标")
    return Line(row=row, says="", href=f"/lots/{row.lot}", label="打开")


def lots(request: HttpRequest) -> HttpResponse:
    """Show my lots as a list, or on one timeline."""
    actor, moment, number = who(request), now(), page_number(request)
    rows, count = _found(actor, _wanted(request, moment), moment, number=number, size=PAGE)
    done_ = qualified([row.round_pk for row in rows])
    kept = {key: value for key, value in request.GET.items() if value and key != "page"}
    page: dict[str, Any] = {
        "lines": [_line(row, actor, done_) for row in rows],
        "count": count,
        "groups": [(code, label) for code, (label, _) in GROUPS.items()],
        "spans": SPANS,
        "sorts": [(code, words) for code, (words, _) in SORTS.items()],
        "given": request.GET,
        "asked": bool(kept.keys() - {"view", "from", "sort"}),
        "paging": paging(request, number=number, more=number * PAGE < count),
        "here": "/work/lots" + (f"?{urlencode(kept)}" if kept else ""),
        "query": urlencode({key: value for key, value in kept.items() if key not in {"view", "from"}}),
        "bookmarks": bookmarks.bookmarks_of(actor),
        "holds": {kind.value: kind.label for kind in Hold},
        "now": moment,
    }
    if request.GET.get("view") == "timeline":
        return show(request, "work/lots_timeline.html", page | _timeline(request, rows, moment))
    return show(request, "work/lots.html", page)


# --- one timeline


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A moment in the life of a lot: where it stands on the drawing (0 to 1000), what it is."""

    at: datetime
    says: str
    x: float
    ahead: bool


def _timeline(request: HttpRequest, rows: list[WorkRow], moment: datetime) -> dict[str, Any]:
    """Return a window of six weeks with the marks of each lot."""
    start = _day(request.GET.get("from", "")) or moment.astimezone(BEIJING) - timedelta(days=14)
    start = start.replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + timedelta(days=DAYS)

    def x(at: datetime) -> float:
        return round((at - start) / (end - start) * 1000, 1)

    events = _events(rows)
    drawn = []
    for row in rows:
        marks = [
            Mark(at=at, says=says, x=x(at), ahead=at > moment) for at, says in sorted(events[row.round_pk])
        ]
        inside = [mark for mark in marks if start <= mark.at < end]
        spans = [(max(0.0, a.x), min(1000.0, b.x)) for a, b in zip(marks, marks[1:], strict=False)]
        bar = (min(s for s, _ in spans), max(e for _, e in spans)) if spans else None
        shown = bar if bar and bar[0] < 1000 and bar[1] > 0 else None
        drawn.append((row, inside, (shown[0], round(shown[1] - shown[0], 1)) if shown else None, marks))
    weeks = [(start + timedelta(days=7 * n), round(1000 / 6 * n, 1)) for n in range(6)]
    return {
        "drawn": drawn,
        "weeks": weeks,
        "today": x(moment) if start <= moment < end else None,
        "before": f"{start - timedelta(days=28):%Y-%m-%d}",
        "after": f"{start + timedelta(days=28):%Y-%m-%d}",
        "start": start,
        "end": end - timedelta(days=1),
    }


def _day(given: str) -> datetime | None:
    try:
        return datetime.fromisoformat(given[:10]).replace(tzinfo=BEIJING) if given else None
    except ValueError:
        return None


def _events(rows: list[WorkRow]) -> dict[int, list[tuple[datetime, str]]]:
    """Return the moments of each lot, past and to come, by the round's key."""
    pks = [row.round_pk for row in rows]
    publicities, awards, laws = publicities_of(pks), awards_of(pks), laws_of(pks)
    held = held_up(pks, now=now())
    out: dict[int, list[tuple[datetime, str]]] = {}
    for row in rows:
        own = family(row.procedure_code)
        award = awards.get(row.round_pk)
        found: list[tuple[datetime | None, str]] = [
            (row.front.published_at if row.front else None, "前置公告"),
            (row.front.bid_deadline if row.front else None, "前置截止"),
            (row.published_at, "发布公告"),
            (row.bid_deadline, "投标截止"),
        ]
        if (publicity := publicities.get(row.round_pk)) is not None:
            found += [(publicity.started_at, "开始公示"), (publicity.ends_at, "公示期满")]
        if award is not None:
            found += [(award.determined_at, "定标"), (award.sent_at, "中标通知书")]
            if award.sent_at and own.contract in laws.get(row.round_pk, {}):
                limit = laws[row.round_pk][own.contract]
                paused = held.days(row.round_pk, limit, row.procedure_code)
                found.append((due(limit, started=award.sent_at, paused=paused)[0], "签订合同期限"))
        out[row.round_pk] = [(at, says) for at, says in found if at is not None]
    return out


# --- keeping a list by name, taking it away


def keep(request: HttpRequest) -> HttpResponse:
    """Keep a list under a name."""
    made = bookmarks.keep(
        label=text(request, "label"), address=text(request, "address"), actor=who(request), now=now()
    )
    return done(made.address, f"已收藏“{made.label}”, 在工作台上可以直接打开。")


def drop(request: HttpRequest) -> HttpResponse:
    """Drop a kept list."""
    bookmarks.drop(bookmark_id=text(request, "bookmark"), actor=who(request))
    return done("/work", "已取消收藏。")


def export(request: HttpRequest, form: str) -> HttpResponse:
    """Download what the list shows, all pages of it.

    :raises BadInput: no such format
    """
    if form not in exports.TYPES:
        raise BadInput("只能导出CSV或XLSX, 请从列表页选择")
    moment = now()
    rows, _ = _found(who(request), _wanted(request, moment), moment, number=1, size=MOST_EXPORTED)
    return exports.answer(form, "my-lots", "我的标段", exports.LOT_COLUMNS, map(exports.lot_cells, rows))


urlpatterns = [
    route("work/lots", lots, name="work-lots", permission=P.WORKBENCH_READ),
    route("work/lots.<str:form>", export, name="work-lots-export", permission=P.WORKBENCH_READ),
    route("work/bookmarks", only_posted(keep), name="work-bookmark", permission=P.WORKBENCH_READ),
    route("work/bookmarks/drop", only_posted(drop), name="work-bookmark-drop", permission=P.WORKBENCH_READ),
]

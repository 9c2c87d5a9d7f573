"""Every statutory clock of a lot: where it began, its arithmetic day by day, its clause; and which rounds which law governs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.awarding.queries import awards_of, publicities_of
from ggzy.contracting.queries import contracts_of
from ggzy.evaluation.queries import reported_at_of
from ggzy.kernel import calendars
from ggzy.law.families import family
from ggzy.law.limits import (
    Bound,
    DayStep,
    Direction,
    TimeLimit,
    arithmetic_of,
    beijing_date,
    earliest_moment,
    latest_before,
    runs_out,
)
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import now, route, show
from ggzy.procedures.catalogue import BY_CODE
from ggzy.tendering import queries as tenders
from ggzy.tendering.holding import held_up
from ggzy.tendering.stamps import laws_of

#: what began a clock, in the words of the page
_EVENTS = {
    "document.issued": "招标文件开始发出",
    "notice.published": "公告发布",
    "bid.deadline": "投标截止",
    "opening.session": "开标",
    "report.received": "收到评标报告",
    "evaluation.ended": "评审结束",
    "publicity.started": "开始公示",
    "publicity.running": "公示期间",
    "winner.determined": "确定中标人",
    "letter.sent": "发出中标通知书",
    "result.published": "公告结果",
    "contract.signed": "签订合同",
}


@dataclass(frozen=True, kw_only=True)
class ClockPage:
    """One clock of a lot; `started` is None while what begins it has not happened."""

    limit: TimeLimit
    event: str
    started: datetime | None
    ends: datetime | None
    arithmetic: str
    provisional: bool
    #: the days of the count by weeks from Monday on; None where a week has no day of it
    weeks: list[list[DayStep | None]]
    running: bool


def events_of(row: tenders.LotRow) -> dict[str, datetime]:
    """Return the public moments of a round that begin clocks. Nothing of bids is among them."""
    pks = [row.round_pk]
    publicity, award = publicities_of(pks).get(row.round_pk), awards_of(pks).get(row.round_pk)
    contract, reported = contracts_of(pks).get(row.round_pk), reported_at_of(pks).get(row.round_pk)
    found: dict[str, datetime | None] = {
        "document.issued": row.published_at,
        "notice.published": row.published_at,
        "bid.deadline": row.bid_deadline,
        "report.received": reported,
        "evaluation.ended": reported,
        "publicity.started": publicity.started_at if publicity else None,
        "winner.determined": award.determined_at if award and award.sent_at else None,
        "letter.sent": award.sent_at if award else None,
        "result.published": award.sent_at if award else None,
        "contract.signed": contract.signed_at if contract else None,
    }
    return {name: moment for name, moment in found.items() if moment is not None}


def clocks_of(
    law: Mapping[str, TimeLimit],
    events: Mapping[str, datetime],
    *,
    at: datetime,
    paused: Callable[[TimeLimit], frozenset[date]] = lambda _: frozenset(),
) -> list[ClockPage]:
    """Return every clock of a law with its arithmetic, those that have begun first, in the order of their ends.

    `paused` says which days a limit does not count.
    """
    rows = [_clock(limit, events.get(limit.starts), at=at, paused=paused(limit)) for limit in law.values()]
    far = datetime.max.replace(tzinfo=at.tzinfo)
    return sorted(rows, key=lambda row: (row.started is None, row.ends or far, row.limit.key))


def _clock(limit: TimeLimit, started: datetime | None, *, at: datetime, paused: frozenset[date]) -> ClockPage:
    event = _EVENTS.get(limit.starts, "")
    if started is None or not limit.length:
        return ClockPage(
            limit=limit,
            event=event,
            started=started,
            ends=started,
            arithmetic="",
            provisional=False,
            weeks=[],
            running=False,
        )
    calendar = calendars.CHINA
    if limit.direction is Direction.BEFORE:
        count = latest_before(limit, event=started, calendar=calendar)
    elif limit.bound is Bound.AT_LEAST:
        count = earliest_moment(limit, started=started, calendar=calendar)
    else:
        count = runs_out(limit, started=started, calendar=calendar, paused=paused)
    return ClockPage(
        limit=limit,
        event=event,
        started=started,
        ends=count.instant,
        arithmetic=count.arithmetic,
        provisional=count.provisional,
        weeks=weeks(arithmetic_of(limit, started=started, calendar=calendar, paused=paused)),
        running=at < count.instant,
    )


def lot_clocks(request: HttpRequest, lot_id: str) -> HttpResponse:
    """Show every clock of a lot's newest round."""
    row = tenders.lot(lot_id)
    law = laws_of([row.round_pk]).get(row.round_pk, {})
    scope = BY_CODE[row.procedure_code].scope
    own = {key: limit for key, limit in law.items() if key.startswith(scope)}
    at = now()
    events = events_of(row)
    held = held_up([row.round_pk], now=at)
    page: dict[str, Any] = {
        "lot": row,
        "family": family(row.procedure_code),
        "clocks": clocks_of(
            own, events, at=at, paused=lambda limit: held.days(row.round_pk, limit, row.procedure_code)
        ),
        "published": row.published_at,
        "today": beijing_date(at),
    }
    return show(request, "public/clocks.html", page)


def weeks(days: list[DayStep]) -> list[list[DayStep | None]]:
    """Return days as weeks from Monday on, with None where a week has no day of the count."""
    if not days:
        return []
    cells: list[DayStep | None] = [None] * days[0].day.weekday()
    cells += days
    cells += [None] * (-len(cells) % 7)
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]


def calendar_page(request: HttpRequest) -> HttpResponse:
    """Show the working calendar: the announced days off and make-up days of the years that are known."""
    china = calendars.CHINA
    years = []
    for year in sorted(china.years, reverse=True):
        blocks: dict[str, list[date]] = {}
        for day, name in china.holidays.items():
            if day.year == year:
                blocks.setdefault(name, []).append(day)
        made_up = sorted(day for day in china.make_up_days if day.year == year)
        years.append({"year": year, "blocks": list(blocks.items()), "made_up": made_up})
    return show(request, "public/calendar.html", {"years": years, "next": max(china.years) + 1})


urlpatterns = [
    route("lots/<str:lot_id>/clocks", lot_clocks, name="lot-clocks", permission=P.PORTAL_READ),
    route("law/calendar", calendar_page, name="law-calendar", permission=P.PORTAL_READ),
]

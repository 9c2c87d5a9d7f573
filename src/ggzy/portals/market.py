"""The four open lists, figures of the market, open data and the calendar of openings: for anyone, no login."""

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.safestring import SafeString

from ggzy.kernel.calendars import CHINA
from ggzy.kernel.clock import BEIJING
from ggzy.opendata import deeds, tables
from ggzy.opendata.figures import Figures, Line, figures
from ggzy.parties.grid import Permission
from ggzy.portals.charts import Bar, bars
from ggzy.portals.frame import now, route, show
from ggzy.portals.public import page_number, paging
from ggzy.tendering import queries as tenders
from ggzy.ui.words import region
from ggzy.venues.queries import rooms_by_round

WEEKDAYS = "一二三四五六日"
#: months shown of a table by month
MONTHS = 24
#: openings on one page of the calendar's list
OPENINGS = 40


def _words(request: HttpRequest) -> str:
    return request.GET.get("words", "").replace("\0", "").strip()[:100]


def _list(request: HttpRequest, template: str, rows: Sequence[Any], more: bool) -> HttpResponse:
    page = {
        "rows": rows,
        "words": _words(request),
        "paging": paging(request, number=page_number(request), more=more),
    }
    return show(request, template, page)


def projects(request: HttpRequest) -> HttpResponse:
    """Show the projects of which something is published."""
    rows, more = deeds.projects(words=_words(request), number=page_number(request))
    return _list(request, "public/open_projects.html", rows, more)


def awards(request: HttpRequest) -> HttpResponse:
    """Show the awards whose letters were sent."""
    rows, more = deeds.awards(words=_words(request), number=page_number(request))
    return _list(request, "public/open_awards.html", rows, more)


def enterprises(request: HttpRequest) -> HttpResponse:
    """Show the organisations with published deeds."""
    rows, more = deeds.enterprises(words=_words(request), number=page_number(request))
    return _list(request, "public/open_enterprises.html", rows, more)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart with the table of the same lines."""

    title: str
    column: str
    svg: SafeString
    lines: Sequence[Line]
    money: bool


def _millions(amount: Decimal) -> str:
    return f"{amount / 10_000:,.2f} 万元"


def _chart(key: str, title: str, column: str, lines: Sequence[Line], *, money: bool = True) -> Chart:
    shown = [
        Bar(
            label=line.label,
            value=line.amount if money and line.amount is not None else line.count,
            shown=_millions(line.amount) if money and line.amount is not None else f"{line.count}",
        )
        for line in lines
    ]
    says = "、".join(f"{bar.label} {bar.shown}" for bar in shown[:12])
    svg = bars(key=key, title=title, says=says, rows=shown)
    return Chart(title=title, column=column, svg=svg, lines=lines, money=money)


def _named(lines: Sequence[Line]) -> list[Line]:
    """Return lines of regions by what the regions are called."""
    return [replace(line, label=region(line.label)) for line in lines]


def _charts(found: Figures) -> list[Chart]:
    every = [
        _chart("tm", "招标: 按首次公告月份的估算价", "月份", found.tendered_by_month[-MONTHS:]),
        _chart("am", "中标: 按通知书月份的中标价", "月份", found.awarded_by_month[-MONTHS:]),
        _chart("ts", "招标: 按交易类型", "交易类型", found.tendered_by_scope),
        _chart("as", "中标: 按交易类型", "交易类型", found.awarded_by_scope),
        _chart("tr", "招标: 按行政区划", "行政区划", _named(found.tendered_by_region)),
        _chart("ar", "中标: 按行政区划", "行政区划", _named(found.awarded_by_region)),
        _chart("nk", "公告: 按种类的份数", "种类", found.notices_by_kind, money=False),
        _chart("ws", "中标供应商声明的企业规模", "企业规模", found.winners_by_size, money=False),
    ]
    return [chart for chart in every if chart.lines]


def market(request: HttpRequest) -> HttpResponse:
    """Show the figures of the market as charts with their tables."""
    found = figures(now=now())
    return show(request, "public/figures.html", {"figures": found, "charts": _charts(found)})


def data(request: HttpRequest) -> HttpResponse:
    """Say what may be taken away, what its fields mean, and on what terms."""
    page = {"tables": list(tables.TABLES.values()), "centre": settings.CENTRE_NAME}
    return show(request, "public/data.html", page)


def table(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """Send a table as CSV, line by line."""
    found = tables.TABLES.get(name)
    if found is None:
        raise Http404
    answer = StreamingHttpResponse(tables.as_csv(found), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _month(request: HttpRequest, moment: datetime) -> date:
    try:
        found = date.fromisoformat(f"{request.GET.get('month', '')[:7]}-01")
    except ValueError:
        return moment.astimezone(BEIJING).date().replace(day=1)
    return found if 2000 <= found.year <= 2100 else moment.astimezone(BEIJING).date().replace(day=1)


def _pages_of(counts: dict[date, int]) -> dict[date, int]:
    """Return on which page of a month's list the openings of each day begin."""
    before = accumulate(counts.values(), initial=0)
    return {day: at // OPENINGS + 1 for day, at in zip(counts, before, strict=False)}


def openings(request: HttpRequest) -> HttpResponse:
    """Show the openings of a month by day, each with its room and its state: page by page, from today on."""
    moment = now()
    today = moment.astimezone(BEIJING).date()
    first = _month(request, moment)
    past = (first + timedelta(days=32)).replace(day=1)
    span = datetime.combine(first, time(0), BEIJING), datetime.combine(past, time(0), BEIJING)
    counts = tenders.openings_by_day(*span)
    total = sum(counts.values())
    begins = _pages_of(counts)
    number = next((at for day, at in begins.items() if day >= today), 1)
    if "page" in request.GET:
        number = min(page_number(request), max(1, -(-total // OPENINGS)))
    rows = tenders.openings_between(*span, first=(number - 1) * OPENINGS, most=OPENINGS)
    rooms = rooms_by_round([row.round for row in rows])
    by_day: dict[date, list[tenders.LotRow]] = {}
    for row in rows:
        assert row.bid_deadline is not None, "an opening has its moment"
        by_day.setdefault(row.bid_deadline.astimezone(BEIJING).date(), []).append(row)
    page = {
        "first": first,
        "before": (first - timedelta(days=1)).strftime("%Y-%m"),
        "after": past.strftime("%Y-%m"),
        "today": today,
        "weekdays": WEEKDAYS,
        "weeks": [
            [
                (day, day.month == first.month, CHINA.is_working(day), counts.get(day, 0), begins.get(day))
                for day in week
            ]
            for week in Calendar().monthdatescalendar(first.year, first.month)
        ],
        "days": [
            (
                day,
                WEEKDAYS[day.weekday()],
                [(row, rooms.get((row.round, "opening"), "")) for row in lots],
            )
            for day, lots in by_day.items()
        ],
        "total": total,
        "paging": paging(request, number=number, more=number * OPENINGS < total),
        "now": moment,
    }
    return show(request, "public/openings.html", page)


_READ = Permission.PORTAL_READ
urlpatterns = [
    route("open/projects", projects, name="open-projects", permission=_READ),
    route("open/awards", awards, name="open-awards", permission=_READ),
    route("open/enterprises", enterprises, name="open-enterprises", permission=_READ),
    route("figures", market, name="figures", permission=_READ),
    route("data", data, name="data", permission=_READ),
    route("data/<str:name>.csv", table, name="data-table", permission=_READ),
    route("calendar/openings", openings, name="calendar-openings", permission=_READ),
]

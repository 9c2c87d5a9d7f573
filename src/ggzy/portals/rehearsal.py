"""程序推演: a clerk walks through a procedure with pretend dates. The address holds the whole walk; nothing is kept."""

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from ggzy.kernel import calendars
from ggzy.kernel.refusals import BadInput
from ggzy.law.limits import beijing_date
from ggzy.law.table import in_force
from ggzy.parties.grid import Permission as P
from ggzy.portals.coverage import COVERAGE
from ggzy.portals.frame import now, route, show
from ggzy.procedures.catalogue import BY_CODE, main_of
from ggzy.procedures.spec import Hold
from ggzy.procedures.walk import Way, walk
from ggzy.ui.flow import main_line

#: a walk is for looking at; nobody walks longer
MOST_STEPS = 80


def rehearse(request: HttpRequest, code: str) -> HttpResponse:
    """Show where a pretend walk stands, what may come next and by when; a step asked for leads to the longer walk."""
    procedure = BY_CODE.get(code)
    if procedure is None:
        raise Http404
    asked = request.GET
    begins = _day(asked["begins"]) if asked.get("begins") else beijing_date(now())
    made = [_step(text) for text in asked.getlist("s")]
    if len(made) > MOST_STEPS:
        raise BadInput(f"推演最多{MOST_STEPS}步, 请从头开始", field="s")
    holds = frozenset(hold for hold in Hold if hold.value in asked.getlist("hold"))
    if asked.get("move"):
        made.append((asked["move"], _day(asked.get("day", ""))))
    law, calendar = dict(in_force(begins)), calendars.CHINA
    walked = walk(procedure, begins=begins, made=made, holds=holds, law=law, calendar=calendar)
    if asked.get("move"):
        return HttpResponseRedirect(f"?{_address(begins, made, holds)}#here")
    rows = COVERAGE.get(code, {})
    main, line = main_of(code), main_line(procedure)

    def place(way: Way) -> int:
        """The way on comes first, then what happens meanwhile, then the ways out."""
        return 1 if way.move.stays else 0 if way.move.target in line else 2

    page = {
        "procedure": procedure,
        "walk": walked,
        "begins": begins,
        "gone": [f"{name}@{day}" for name, day in made],
        "holds": [(hold, hold in holds) for hold in Hold],
        "held": [hold for hold in Hold if hold in holds],
        "ways": [
            (way, way.suggested(walked.today), way.move.code in rows)
            for way in sorted(walked.ways, key=place)
        ],
        "broken": sum(len(step.broken) for step in walked.steps),
        "back": _address(begins, made[:-1], holds) if made else "",
        "afresh": _address(begins, [], frozenset()),
        "main": main if main is not procedure and walked.ended and not walked.stage.failed else None,
        "onward": urlencode({"begins": walked.today.isoformat()}),
    }
    return show(request, "public/rehearsal.html", page)


def _address(begins: date, made: Sequence[tuple[str, date]], holds: frozenset[Hold]) -> str:
    pairs = [("begins", begins.isoformat()), *(("s", f"{name}@{day}") for name, day in made)]
    return urlencode([*pairs, *(("hold", hold.value) for hold in Hold if hold in holds)])


def _step(text: str) -> tuple[str, date]:
    name, _, day = text.partition("@")
    return name, _day(day)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput("日期写作 2026-03-02, 请在日历里选一天", field="day") from None
    if not 2020 <= day.year <= 2100:
        raise BadInput("日期请在2020年到2100年之间", field="day")
    return day


urlpatterns = [
    route("procedures/<str:code>/rehearsal", rehearse, name="rehearsal", permission=P.PORTAL_READ),
]

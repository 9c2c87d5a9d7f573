"""The administrator's bench: the training clock, forward only; the trust list has its own desk (trust.py)."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.kernel import clock
from ggzy.kernel.actors import Actor
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import Refusal
from ggzy.parties.grid import Permission, require
from ggzy.portals import panels, seals, statutes, trust
from ggzy.portals.frame import done, moment, show, text, who
from ggzy.portals.work import refused_here
from ggzy.tendering import queries as tenders


def bench(actor: Actor, moment_: datetime) -> dict[str, Any]:
    """Return what an administrator looks after."""
    todos = trust.todos(actor) + seals.todos() + panels.basis_todos(actor) + statutes.limit_todos(actor)
    return {"bench": "admin", "todos": todos, "face": clock.face()}


def _page() -> dict[str, Any]:
    face = clock.face()
    coming = tenders.openings_between(face.now, face.now + timedelta(days=60), most=8)
    return {"face": face, "coming": coming, "given": {}, "speeds": (1, 10, 60, 600, 3600)}


def move_clock(request: HttpRequest) -> HttpResponse:
    """Move the training clock forward, or let it run faster."""
    require(who(request), Permission.CLOCK_MOVE)
    if request.method != "POST":
        return show(request, "work/clock.html", _page())
    given = {"to": text(request, "to"), "speed": text(request, "speed")}
    try:
        if text(request, "what") == "speed":
            clock.set_speed(yuan(given["speed"], field="speed"))
            return done("/work/clock", "训练时钟的速度已改变")
        clock.advance_to(moment(request, "to", says="拨到的时刻"))
    except Refusal as refusal:
        return refused_here(request, "work/clock.html", _page(), refusal, given=given)
    return done("/work/clock", "训练时钟已拨动, 到期的事项正在自动办理")

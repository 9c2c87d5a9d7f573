"""Public pages to look things up: draws, procedures, statutory limits, evidence, how to verify."""

from collections import Counter
from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse

from ggzy.evaluation import queries as evaluations
from ggzy.evidence import queries as evidence
from ggzy.evidence.tlog import TILE_WIDTH
from ggzy.experts import desks
from ggzy.experts import queries as draws
from ggzy.kernel.actors import Role
from ggzy.law.table import ALL
from ggzy.methods.explain import in_words, order_in_words, parameter_in_words
from ggzy.methods.shelf import shipped
from ggzy.portals.coverage import COVERAGE
from ggzy.portals.frame import show, who
from ggzy.procedures.catalogue import BY_CODE, main_of
from ggzy.statutes import queries as statutes
from ggzy.ui.flow import main_line, stations

#: acts that come by the clock and say nothing of a process
_BY_THE_CLOCK = ("evidence.escrow_root",)
NEWEST_ACTS = 40
#: labels of a frozen list that the page shows; the JSON has all
LABELS = 500


def draw(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show a draw of experts: labels, seeds, calls, and how to recompute it."""
    row = draws.draw_row(draw_id)
    page = {
        "draw": row,
        "labels": draws.labels_of(draw_id)[:LABELS],
        "names": desks.public_names(draw_id),
        "counts": Counter(call["state"] for call in row.called),
        "may_seed": who(request).role in {Role.TENDEREE, Role.AGENCY, Role.CENTRE, Role.SUPERVISOR},
        "address": request.build_absolute_uri(f"/tenders/{row.tender}"),
    }
    return show(request, "public/draw.html", page)


def procedure_list(request: HttpRequest) -> HttpResponse:
    """Show every procedure of the catalogue."""
    page = {
        "procedures": [
            (procedure, len(main_line(procedure)), sum(move.built for move in procedure.moves))
            for procedure in BY_CODE.values()
        ]
    }
    return show(request, "public/procedures.html", page)


def method_list(request: HttpRequest) -> HttpResponse:
    """Show every shipped evaluation method: parameters, steps and order in words."""
    page = {
        "methods": [
            (
                method,
                ([(p.title, parameter_in_words(p, None)) for p in method.parameters], in_words(method)),
                order_in_words(method),
            )
            for method in shipped().values()
        ]
    }
    return show(request, "public/methods.html", page)


def computed(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show how a round was ranked, at the level of who asks; full readers may ask what if some had not bid."""
    row = evaluations.computed(round_id=round_id, actor=who(request), without=request.GET.getlist("without"))
    return show(request, "public/computed.html", {"row": row, "told": row.told, "round": round_id})


def procedure(request: HttpRequest, code: str) -> HttpResponse:
    """Show one procedure as a flow and as the table of its moves."""
    found = BY_CODE.get(code)
    if found is None:
        raise Http404
    line = main_line(found)
    page = {
        "procedure": found,
        "main_code": main_of(found.code).code,
        "line": line,
        "stations": [(station, station.stage in line) for station in stations(found)],
        "built": sum(move.built for move in found.moves),
        "known": {row.key for row in ALL},
    }
    return show(request, "public/procedure.html", page)


def coverage(request: HttpRequest, code: str) -> HttpResponse:
    """Show where every move of a procedure is made: act, page, operation, permission, clause, test."""
    found = BY_CODE.get(code)
    if found is None:
        raise Http404
    rows = COVERAGE.get(code, {})
    listed = [(move, rows.get(move.code)) for move in found.moves]
    page = {
        "procedure": found,
        "rows": listed,
        "missing": sum(row is None for _, row in listed),
    }
    return show(request, "public/coverage.html", page)


def law(request: HttpRequest) -> HttpResponse:
    """Show every statutory limit by its statute."""
    rows = sorted(ALL, key=lambda row: row.basis[0].instrument)
    by_statute = {name: list(found) for name, found in groupby(rows, key=lambda row: row.basis[0].instrument)}
    order = list(dict.fromkeys(row.basis[0].instrument for row in ALL))
    page = {
        "statutes": [(f"s{number}", name, by_statute[name]) for number, name in enumerate(order, 1)],
        "known": sum(row.may_block for row in ALL),
        "total": len(ALL),
        "local": [row for row in statutes.local_rows() if row.state == "confirmed"],
        "read": statutes.read_rows(),
    }
    return show(request, "public/law.html", page)


def verify(request: HttpRequest) -> HttpResponse:
    """Say in plain words how anyone recomputes a process."""
    return show(request, "public/verify.html", {"example": request.build_absolute_uri("/tenders/")})


def help_ukey(request: HttpRequest) -> HttpResponse:
    """Explain in pictures how a USB key works in the browser, and the permission that browsers ask for."""
    return show(request, "public/help_ukey.html", {"address": request.build_absolute_uri("/").rstrip("/")})


def log(request: HttpRequest) -> HttpResponse:
    """Show the log: its last checkpoint, how large it is, the newest public acts."""
    size = evidence.published_size()
    page = {
        "checkpoint": evidence.checkpoint_note(),
        "size": size,
        "tile": "" if size >= TILE_WIDTH else f".p/{size}",
        "acts": evidence.newest(limit=NEWEST_ACTS, without=_BY_THE_CLOCK),
        "address": request.build_absolute_uri("/log/checkpoint"),
    }
    return show(request, "public/evidence.html", page)

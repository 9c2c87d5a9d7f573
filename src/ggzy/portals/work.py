"""The workbench: what waits for whom, by when, by which clause; and what every page of it shares."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from mimetypes import guess_type
from typing import Any
from urllib.parse import quote

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from ggzy.evidence import queries as evidence
from ggzy.evidence.actions import record_refusal
from ggzy.kernel import calendars, files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import NotFound, Refusal
from ggzy.law.limits import TimeLimit, runs_out
from ggzy.messages.queries import latest
from ggzy.opendata.access import require_level, require_may_read
from ggzy.parties.bookmarks import bookmarks_of
from ggzy.parties.grid import ProveAgain
from ggzy.portals.frame import View, now, show, who
from ggzy.portals.proving import prove_again
from ggzy.portals.ranges import send_file
from ggzy.seals.sealing import beside_waiting


@dataclass(frozen=True, kw_only=True)
class Todo:
    """One thing that waits for somebody: what, where, by when, by which clause, and the one next step."""

    what: str
    where: str
    href: str
    label: str
    due: datetime | None = None
    clause: str = ""
    note: str = ""
    urgent: bool = False


def in_order(todos: list[Todo]) -> list[Todo]:
    """Return what is urgent first, then by its moment; what has none comes last."""
    far = datetime.max.replace(tzinfo=BEIJING)
    return sorted(todos, key=lambda todo: (not todo.urgent, todo.due or far))


def due(
    limit: TimeLimit, *, started: datetime, paused: frozenset[date] = frozenset()
) -> tuple[datetime, str]:
    """Return when a limit of the law that governs a round, begun at `started`, runs out, and its clause."""
    clause = limit.cites if limit.may_block else f"{limit.cites}(条文待核, 仅作提示)"
    return runs_out(limit, started=started, calendar=calendars.CHINA, paused=paused).instant, clause


#: what the bench shows at once of what waits; the whole list turns pages
SHOWN, PAGE = 12, 30


def home(request: HttpRequest) -> HttpResponse:
    """Show the workbench of the role that is signed in."""
    actor, moment = who(request), now()
    page = _bench(actor, moment)
    page |= {
        "more_todos": max(0, len(page["todos"]) - SHOWN),
        "shown_todos": page["todos"][:SHOWN],
        "messages": [] if actor.helper else latest(viewer=actor, limit=10),
        "bookmarks": bookmarks_of(actor),
        "now": moment,
        "needs_certificate": not actor.certificate and not actor.helper and actor.role is not Role.ADMIN,
    }
    return show(request, "work/home.html", page)


def todos(request: HttpRequest) -> HttpResponse:
    """Show everything that waits for whoever is signed in, in order, page by page, by words."""
    actor, moment = who(request), now()
    words = request.GET.get("words", "").strip()[:100]
    found = [
        todo for todo in _bench(actor, moment)["todos"] if words in f"{todo.what} {todo.where} {todo.clause}"
    ]
    given = request.GET.get("page", "1")
    number = min(max(int(given), 1), 10_000) if given.isascii() and given.isdigit() and len(given) < 6 else 1
    kept = f"words={quote(words)}&" if words else ""
    page = {
        "todos": found[(number - 1) * PAGE : number * PAGE],
        "count": len(found),
        "words": words,
        "paging": {
            "number": number,
            "before": f"?{kept}page={number - 1}" if number > 1 else "",
            "after": f"?{kept}page={number + 1}" if number * PAGE < len(found) else "",
        },
        "now": moment,
    }
    return show(request, "work/todos.html", page)


def _bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return what the bench of a role shows, with everything that waits for the person in order."""
    from ggzy.portals import (
        admin,
        afterwards,
        bidder,
        centre,
        certificates,
        committees,
        deposits,
        disputes,
        expert,
        finance,
        frameworks,
        innovation,
        messages,
        owner,
        pool_own,
        services,
        shares,
        sharing,
        single_source,
        supervisor,
    )

    benches: dict[Role, Callable[[Actor, datetime], dict[str, Any]]] = {
        Role.TENDEREE: owner.bench,
        Role.AGENCY: owner.bench,
        Role.BIDDER: bidder.bench,
        Role.EXPERT: expert.bench,
        Role.CENTRE: centre.bench,
        Role.PARTNER: committees.partner_bench,
        Role.SUPERVISOR: supervisor.bench,
        Role.ADMIN: admin.bench,
        Role.FINANCE: finance.bench,
    }
    page = benches[actor.role](actor, moment)
    if actor.helper:  # what waits for a person is that person's own
        return page | {"todos": in_order(page["todos"])}
    waiting = [
        *page["todos"],
        *certificates.todos(actor, moment),
        *shares.todos(actor),
        *committees.todos(actor),
        *afterwards.reopening_todos(actor),
        *pool_own.todos(actor),
        *sharing.todos(actor),
        *messages.todos(actor),
        *services.todos(actor),
        *deposits.todos(actor),
        *disputes.todos(actor),
        *single_source.todos(actor),
        *frameworks.todos(actor),
        *innovation.todos(actor),
    ]
    return page | {"todos": in_order(waiting)}


def only_posted(view: View) -> View:
    """Let an act be done by a posted form only; an address typed or reloaded leads to the workbench."""

    @wraps(view)
    def posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs) if request.method == "POST" else HttpResponseRedirect("/work")

    return posted


def signing(give: Callable[..., bytes]) -> Callable[..., HttpResponse]:
    """Turn a function into a view that answers {"to_sign": base64} for the browser, or the refusal as JSON."""

    @wraps(give)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            data = give(request, *args, **kwargs)
        except Refusal as refusal:
            return JsonResponse(refusal.as_problem(), status=refusal.status)
        return JsonResponse(to_sign_answer(data, who(request)))

    return view


def to_sign_answer(data: bytes, actor: Actor) -> dict[str, Any]:
    """Return what a script signs; `beside` says that it is for the SM2 key first, and then the script asks again."""
    answer: dict[str, Any] = {"to_sign": base64.b64encode(data).decode()}
    for one in beside_waiting(viewer=actor, to_sign=data):
        answer["beside"] = {"purpose": one.purpose, "subject": one.subject, "certificate": one.certificate}
    return answer


def refused_here(
    request: HttpRequest,
    template: str,
    page: Mapping[str, Any],
    refusal: Refusal,
    *,
    given: Mapping[str, Any],
    field: str = "",
) -> HttpResponse:
    """Show a form again with everything that was entered and the refusal beside its field; record the refusal.

    `field` is where a refusal belongs that names none itself: a rule knows the law, not the form.
    """
    record_refusal(
        f"{request.method} {request.path}"[:64], refusal=refusal, actor=who(request), legal_at=now()
    )
    if isinstance(refusal, ProveAgain):
        return prove_again(request, refusal)
    trouble = {
        "given": given,
        "problem": refusal.message,
        "basis": refusal.basis,
        "field": refusal.field or field,
        "next_steps": refusal.next_steps,
    }
    return show(request, template, {**page, **trouble}, status=refusal.status)


def wants_json(request: HttpRequest) -> bool:
    """Say whether a script asks, which shows the answer itself."""
    return "application/json" in request.headers.get("Accept", "")


def refused_json(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Answer a script's act with the refusal as a problem document; record the refusal."""
    record_refusal(
        f"{request.method} {request.path}"[:64], refusal=refusal, actor=who(request), legal_at=now()
    )
    return JsonResponse(refusal.as_problem(), status=refusal.status)


def document(request: HttpRequest, digest: str) -> HttpResponse:
    """Send a kept document to somebody who may read it."""
    name = require_may_read(digest=digest, viewer=who(request))
    path = files.path_of(digest)
    if not path.exists():
        raise NotFound("没有这份文件, 或尚未公开")
    kind = guess_type(name)[0] or "application/octet-stream"
    shown = kind in {"application/pdf", "image/png", "image/jpeg", "text/plain"}
    return send_file(request, path, mark=digest, content_type=kind, filename=name, as_attachment=not shown)


class _Exact(DjangoJSONEncoder):
    """Moments with all their digits, as the pack's hashes know them."""

    def default(self, o: Any) -> Any:
        """Return a moment as ISO 8601 without shortening it."""
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def download(value: Any, name: str) -> HttpResponse:
    """Return a value as a JSON file to keep."""
    answer = JsonResponse(value, encoder=_Exact, json_dumps_params={"ensure_ascii": False}, safe=False)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def evidence_pack(request: HttpRequest, ocid: str) -> HttpResponse:
    """Download the evidence of a process at the level of who asks: a supervisor's whole, else a party's."""
    actor = who(request)
    level = "supervisor" if actor.role is Role.SUPERVISOR else "party"
    level = request.GET.get("level") or level
    require_level(ocid=ocid, level=level, viewer=actor)
    return download(evidence.pack(scope={"ocid": ocid}, level=level), f"evidence-{ocid}-{level}.json")

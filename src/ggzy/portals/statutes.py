"""The administrators' page of the law: local limits and promises, clauses read, and which law governs which rounds."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.law import table
from ggzy.law.limits import Status, beijing_date
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here
from ggzy.statutes import actions as statutes
from ggzy.statutes import queries
from ggzy.tendering.stamps import governing

_DESK = "work/law.html"


def _page(request: HttpRequest) -> dict[str, Any]:
    rows = queries.local_rows(account_pk=who(request).account_pk, public=False)
    in_force = table.in_force(beijing_date(now()))
    read = queries.read_rows()
    return {
        "waiting": [row for row in rows if row.state == "proposed"],
        "rows": [row for row in rows if row.state != "proposed"],
        "limits": sorted(in_force.values(), key=lambda row: row.key),
        "unread": [
            (row, read.get(row.key))
            for row in sorted(in_force.values(), key=lambda row: row.key)
            if row.status is Status.MEMORY
        ],
        "governing": governing(),
        "given": {},
    }


def limit_todos(actor: Actor) -> list[Todo]:
    """Return the local limits that wait for this administrator's confirmation."""
    return [
        Todo(
            what="确认本地期限或服务承诺",
            where=f"{row.key} {row.says}: {row.length}",
            href="/work/law",
            label="核对",
            urgent=True,
        )
        for row in queries.local_rows(account_pk=actor.account_pk, public=False)
        if row.state == "proposed" and not row.own
    ]


def _day(value: str, field: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise BadInput("请选择日期", field=field) from None


def desk(request: HttpRequest) -> HttpResponse:
    """Show the law as it holds here; take a local limit."""
    if request.method != "POST":
        return show(request, _DESK, _page(request))
    names = ("key", "kind", "region", "length", "document", "article", "since", "until")
    given = {name: text(request, name) for name in names}
    try:
        if not given["length"].isdigit():
            raise BadInput("请填写天数(整数)", field="length")
        statutes.propose_limit(
            **{name: given[name] for name in ("key", "kind", "region", "document", "article")},
            length=int(given["length"]),
            since=_day(given["since"], "since") or now().date(),
            until=_day(given["until"], "until"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _DESK, _page(request), refusal, given=given)
    return done("/work/law", "已登记, 等另一名管理员核对确认后生效")


def _act(request: HttpRequest, act: Callable[[], Any], says: str, given: dict[str, str]) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        return refused_here(request, _DESK, _page(request), refusal, given=given)
    return done("/work/law", says)


def confirm(request: HttpRequest, limit_id: str) -> HttpResponse:
    """Bring another administrator's entry into force."""
    act = partial(statutes.confirm_limit, limit_id=limit_id, actor=who(request), now=now())
    return _act(request, act, "已确认并公开, 以后发布的首次公告按它执行", {})


def end(request: HttpRequest, limit_id: str) -> HttpResponse:
    """End a local limit, or drop one that waits."""
    reason = text(request, "reason")
    act = partial(statutes.end_limit, limit_id=limit_id, reason=reason, actor=who(request), now=now())
    return _act(request, act, "已终止, 进行中的项目不受影响", {})


def read(request: HttpRequest) -> HttpResponse:
    """Say that a clause was read in its text."""
    given = {"read_key": text(request, "key"), "source": text(request, "source")}
    act = partial(
        statutes.read_clause, key=given["read_key"], source=given["source"], actor=who(request), now=now()
    )
    return _act(request, act, "条文已核对, 以后发布的首次公告据此阻止违反期限的操作", given)


urlpatterns = [
    route("work/law", desk, name="work-law", permission=P.LIMIT_PROPOSE),
    route("work/law/clauses", only_posted(read), name="work-law-read", permission=P.CLAUSE_READ),
    route(
        "work/law/<str:limit_id>/confirm",
        only_posted(confirm),
        name="work-law-confirm",
        permission=P.LIMIT_CONFIRM,
    ),
    route("work/law/<str:limit_id>/end", only_posted(end), name="work-law-end", permission=P.LIMIT_PROPOSE),
]

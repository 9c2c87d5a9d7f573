"""Framework agreements 框架协议: the public list and each agreement, the desks of collector, supplier and buyer."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.frameworks import actions, calling, closing, ending, queries
from ggzy.frameworks.queries import FrameworkRow
from ggzy.frameworks.rules import Category, Collector, Ground, Kind, TieRule, TurnRule, Way
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals import disputes
from ggzy.portals.frame import done, moment, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here, signing
from ggzy.procedures.spec import Stage

_ONE, _FORM = "work/framework.html", "work/framework_new.html"
_TEXTS = ("name", "needs", "conditions", "scope", "settlement", "contract_terms", "contact", "removal_terms")
_CHOICES = ("collector_kind", "category", "turn_rule", "tie_rule", "response_hours")
_CLOSED = ("notice", "address", "report_sha256", "rate", "cap")
_ITEM = ("name", "unit", "spec", "price")
_RESPONSE = ("uscc", "prices", "score")
ITEM_ROWS, RESPONSE_ROWS = 4, 5


# --- for everybody


def public_list(request: HttpRequest) -> HttpResponse:
    """Show the frameworks, those in force first."""
    at = now()
    return show(request, "public/frameworks.html", {"rows": queries.public_rows(now=at), "now": at})


def public_one(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Show one framework with its terms, its members and their prices, and what was called off."""
    at, actor = now(), who(request)
    row = queries.framework_row(framework_id, viewer=actor, now=at)
    page = {
        "row": row,
        "calls": [c for c in queries.calls_of_framework(framework_id, viewer=actor) if c.dealt_at],
        "turns": queries.turn_history(framework_id) if row.turn_rule else None,
        "may_join": may(actor, P.FRAMEWORK_JOIN) and row.kind == Kind.OPEN.value and row.in_force,
        "now": at,
        **disputes.card(framework_id, actor),
    }
    return show(request, "public/framework.html", page)


# --- the desks


def desk(request: HttpRequest) -> HttpResponse:
    """Show the frameworks and the calls that concern whoever is signed in, each with the one next step."""
    actor, at = who(request), now()
    rows = [(row, *queries.framework_step(row, now=at)) for row in queries.rows_of(actor, now=at)]
    calls = [
        (row, *queries.call_step(row, now=at), queries.due_on(row, now=at)) for row in queries.calls_of(actor)
    ]
    page = {
        "rows": rows,
        "calls": calls,
        "may_collect": may(actor, P.FRAMEWORK_COLLECT),
        "supplier": actor.role is Role.BIDDER,
        "now": at,
    }
    return show(request, "work/frameworks.html", page)


def todos(actor: Actor) -> list[Todo]:
    """Return the next steps of frameworks and calls that wait for whoever is signed in."""
    if not actor.signed_in or actor.role not in {Role.TENDEREE, Role.BIDDER}:
        return []
    at, out = now(), []
    for row in queries.rows_of(actor, now=at, own=True):
        says, anchor = queries.framework_step(row, now=at)
        if says:
            first = min(
                (*row.clocks, *(m.clock for m in row.applied if m.clock)),
                key=lambda clock: clock.due_at,
                default=None,
            )
            out.append(
                Todo(
                    what=says,
                    where=f"框架协议: {row.name}",
                    href=f"/work/frameworks/{row.framework}#{anchor}",
                    label="办理",
                    due=first.due_at if first else None,
                    clause=first.clause if first else "",
                )
            )
    for call in queries.calls_of(actor):
        says, anchor = queries.call_step(call, now=at)
        if says:
            out.append(
                Todo(
                    what=says,
                    where=f"框架协议合同: {call.name}",
                    href=f"/work/call-offs/{call.call}#{anchor}",
                    label="办理",
                    due=queries.due_on(call, now=at),
                )
            )
    return out


def _page(request: HttpRequest, framework_id: str) -> dict[str, Any]:
    at, actor = now(), who(request)
    row = queries.framework_row(framework_id, viewer=actor, now=at)
    says, anchor = queries.framework_step(row, now=at)
    calls = queries.calls_of_framework(framework_id, viewer=actor)
    return {
        "row": row,
        "step": says,
        "anchor": anchor,
        "calls": [c for c in calls if c.side or c.dealt_at],
        "grounds": [(one.value, one.label) for one in Ground],
        "can_apply": actor.role is Role.BIDDER
        and row.kind == Kind.OPEN.value
        and row.in_force
        and (row.own is None or (not row.own.ground and row.own.stage in _MAY_APPLY)),
        "can_call": row.side in {"collector", "buyer"} and row.in_force and bool(row.within),
        "wanted": [(item, "") for item in row.items],
        "responses": _rows([], _RESPONSE, RESPONSE_ROWS),
        "turns": None,
        **disputes.card(framework_id, actor),
        "now": at,
        "given": {"contact": ""},
    }


#: own places from which one may apply again
_MAY_APPLY = {Stage.REJECTED.value, Stage.QUIT.value}


def one(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Show one framework to somebody who works with it, with the form of the next step."""
    return show(request, _ONE, _page(request, framework_id))


def _columns(request: HttpRequest, prefix: str, keys: tuple[str, ...]) -> list[dict[str, str]]:
    columns = {key: request.POST.getlist(f"{prefix}_{key}") for key in keys}
    most = max((len(column) for column in columns.values()), default=0)
    return [
        {key: (column[n] if n < len(column) else "").strip() for key, column in columns.items()}
        for n in range(most)
    ]


def _rows(given: list[dict[str, str]], keys: tuple[str, ...], least: int) -> list[dict[str, str]]:
    filled = [row for row in given if any(row.values())]
    return [*filled, *([dict.fromkeys(keys, "")] * max(1, least - len(filled)))]


def _as_responses(rows: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [row | {"prices": row["prices"].replace(",", " ").split()} for row in rows]


def _form(
    given: dict[str, Any], items: list[dict[str, str]], responses: list[dict[str, str]], *, closed: bool
) -> dict[str, Any]:
    return {
        "closed": closed,
        "collectors": [(one.value, one.label) for one in Collector],
        "categories": [(one.value, one.label) for one in Category],
        "ways": [(one.value, one.label) for one in Way if one is not Way.DIRECT],
        "turn_rules": [(one.value, one.label) for one in TurnRule],
        "tie_rules": [(one.value, one.label) for one in TieRule],
        "items": _rows(items, _ITEM, ITEM_ROWS),
        "responses": _rows(responses, _RESPONSE, RESPONSE_ROWS),
        "given": given,
    }


def new(request: HttpRequest) -> HttpResponse:
    """Publish the collection of an open framework."""
    return _new(request, closed=False)


def new_closed(request: HttpRequest) -> HttpResponse:
    """Register the shortlist of a closed framework."""
    return _new(request, closed=True)


def _new(request: HttpRequest, *, closed: bool) -> HttpResponse:
    if request.method != "POST":
        begun: dict[str, Any] = {"response_hours": 48, "given_ways": [], "rate": "20"}
        return show(request, _FORM, _form(begun, [], [], closed=closed))
    names = (*_TEXTS, *_CHOICES, *(_CLOSED if closed else ()))
    given: dict[str, Any] = {name: text(request, name) for name in names}
    items, responses = _columns(request, "item", _ITEM), _columns(request, "response", _RESPONSE)
    ways, ends_at = request.POST.getlist("ways"), text(request, "ends_at")
    by_quality, instruments = text(request, "by_quality") == "yes", text(request, "instruments") == "yes"
    try:
        hours = given["response_hours"]
        if not (hours.isascii() and hours.isdigit() and len(hours) < 4):
            raise BadInput("响应时间请填写小时数", field="response_hours")
        file = given | {
            "response_hours": int(hours),
            "ends_at": moment(request, "ends_at", says="框架协议的期满时间"),
            "items": items,
            "ways": ways,
        }
        if closed:
            made = closing.register_shortlist(
                **file,
                by_quality=by_quality,
                instruments=instruments,
                responses=_as_responses(responses),
                actor=who(request),
                now=now(),
            )
        else:
            made = actions.publish_collection(**file, actor=who(request), now=now())
    except Refusal as refusal:
        kept = given | {
            "ends_at": ends_at,
            "given_ways": ways,
            "by_quality": by_quality,
            "instruments": instruments,
        }
        return refused_here(request, _FORM, _form(kept, items, responses, closed=closed), refusal, given=kept)
    says = "入围结果已公告, 入围通知书已发出。" if closed else "征集公告已发布, 供应商随时可以申请加入。"
    return done(f"/work/frameworks/{made.public_id}", says)


def _tried(
    request: HttpRequest, framework_id: str, act: Callable[[], object], says: str, **given: Any
) -> HttpResponse:
    """Do an act on a framework and go back to it; a refusal is shown beside its form."""
    try:
        act()
    except Refusal as refusal:
        return refused_here(request, _ONE, _page(request, framework_id), refusal, given=given)
    return done(f"/work/frameworks/{framework_id}", says)


def application_to_sign(request: HttpRequest, framework_id: str) -> bytes:
    """Return the application as the supplier signs it."""
    return actions.application_to_sign(
        framework_id=framework_id,
        statement=request.GET.get("statement", ""),
        contact=request.GET.get("contact", ""),
        actor=who(request),
        now=now(),
    )


def apply(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Apply to join."""
    given = {name: text(request, name) for name in ("statement", "contact")}

    def act() -> object:
        return actions.apply_to_join(
            framework_id=framework_id,
            **given,
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )

    return _tried(request, framework_id, act, "申请已提交, 征集人在7个工作日内审核, 结果通知您。", **given)


def review(request: HttpRequest, framework_id: str, member_id: str) -> HttpResponse:
    """Admit or refuse an application."""
    said, reason = text(request, "admitted"), text(request, "reason")

    def act() -> object:
        if said not in {"yes", "no"}:
            raise BadInput("请选择通过或者不通过", field="admitted")
        return actions.review(
            framework_id=framework_id,
            member_id=member_id,
            admitted=said == "yes",
            reason=reason,
            actor=who(request),
            now=now(),
        )

    says = "已公告入围, 并通知供应商。" if said == "yes" else "已通知供应商, 补正后可以再次申请。"
    return _tried(request, framework_id, act, says, reviewed=member_id, reason=reason)


def leave(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Leave an open framework."""

    def act() -> object:
        return actions.leave_framework(
            framework_id=framework_id, reason=text(request, "reason"), actor=who(request), now=now()
        )

    return _tried(request, framework_id, act, "已退出并公告。已经成交的合同照常履行。")


def remove(request: HttpRequest, framework_id: str, member_id: str) -> HttpResponse:
    """Remove a member."""
    given = {name: text(request, name) for name in ("ground", "reason")}

    def act() -> object:
        return actions.remove_member(
            framework_id=framework_id, member_id=member_id, **given, actor=who(request), now=now()
        )

    return _tried(request, framework_id, act, "已清退并公告。", removing=member_id, **given)


def agreement_to_sign(request: HttpRequest, framework_id: str, member_id: str) -> bytes:
    """Return the agreement to sign."""
    return closing.agreement_to_sign(framework_id=framework_id, member_id=member_id, actor=who(request))


def sign_agreement(request: HttpRequest, framework_id: str, member_id: str) -> HttpResponse:
    """Sign the agreement for one's side."""

    def act() -> object:
        return closing.sign_agreement(
            framework_id=framework_id,
            member_id=member_id,
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )

    return _tried(request, framework_id, act, "框架协议本方已签名。")


def conclude(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Go on with the agreements that are signed: at first, or after a supplement."""
    row = queries.framework_row(framework_id, viewer=who(request), now=now())
    act_of = closing.admit_supplemented if row.stage == Stage.ACTIVE.value else closing.conclude_agreements

    def act() -> object:
        return act_of(framework_id=framework_id, actor=who(request), now=now())

    return _tried(request, framework_id, act, "已经办理: 没有签订的供应商不再入围。")


def file(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Record the filing."""
    number = text(request, "number")

    def act() -> object:
        return closing.file_agreement(framework_id=framework_id, number=number, actor=who(request), now=now())

    return _tried(request, framework_id, act, "备案已登记。", number=number)


def inform(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Tell the buyers."""

    def act() -> object:
        return closing.inform_buyers(framework_id=framework_id, actor=who(request), now=now())

    return _tried(request, framework_id, act, "已告知采购人, 可以授予合同。")


def supplement(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Begin a supplement."""
    reason = text(request, "reason")

    def act() -> object:
        return closing.begin_supplement(
            framework_id=framework_id, reason=reason, actor=who(request), now=now()
        )

    return _tried(request, framework_id, act, "补充征集公告已发布。", supplement_reason=reason)


def end_supplement(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Register who responded to a supplement."""
    rows, reason = _columns(request, "response", _RESPONSE), text(request, "reason")

    def act() -> object:
        return closing.end_supplement(
            framework_id=framework_id,
            responses=_as_responses(rows),
            reason=reason,
            actor=who(request),
            now=now(),
        )

    try:
        act()
    except Refusal as refusal:
        page = _page(request, framework_id) | {"responses": _rows(rows, _RESPONSE, RESPONSE_ROWS)}
        return refused_here(request, _ONE, page, refusal, given={"supplement_end": reason})
    if reason:
        return done(f"/work/frameworks/{framework_id}", "补充征集已结束, 失败公告已发布。")
    return done(f"/work/frameworks/{framework_id}", "补充入围结果已公告, 请与新入围的供应商签订框架协议。")


def summary(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Publish the summary."""

    def act() -> object:
        return ending.publish_summary(framework_id=framework_id, actor=who(request), now=now())

    return _tried(request, framework_id, act, "成交结果汇总公告已发布。")


def raise_need(request: HttpRequest, framework_id: str) -> HttpResponse:
    """Say what is needed under an agreement."""
    given = {f"call_{name}": text(request, f"call_{name}") for name in ("name", "needs", "contact")}
    wanted = {
        name.removeprefix("quantity:"): text(request, name)
        for name in request.POST
        if name.startswith("quantity:")
    }
    try:
        made = calling.raise_need(
            framework_id=framework_id,
            name=given["call_name"],
            needs=given["call_needs"],
            contact=given["call_contact"],
            quantities=wanted,
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page = _page(request, framework_id)
        row: FrameworkRow = page["row"]
        page["wanted"] = [(item, wanted.get(item["number"], "")) for item in row.items]
        return refused_here(request, _ONE, page, refusal, given=given, field="quantities")
    return done(f"/work/call-offs/{made.public_id}", "需求已登记, 请确定怎样授予合同。")


_AT = "work/frameworks/<str:framework_id>/"
_MEMBER = f"{_AT}members/<str:member_id>/"
_COLLECT, _JOIN, _SIGN = P.FRAMEWORK_COLLECT, P.FRAMEWORK_JOIN, P.FRAMEWORK_SIGN
urlpatterns = [
    route("frameworks", public_list, name="frameworks", permission=P.PORTAL_READ),
    route("frameworks/<str:framework_id>", public_one, name="framework", permission=P.PORTAL_READ),
    route("work/frameworks", desk, name="work-frameworks", permission=P.WORKBENCH_READ),
    route("work/frameworks/new", new, name="work-framework-new", permission=_COLLECT),
    route("work/frameworks/closed", new_closed, name="work-framework-closed", permission=_COLLECT),
    route("work/frameworks/<str:framework_id>", one, name="work-framework", permission=P.WORKBENCH_READ),
    route(f"{_AT}apply/to-sign", signing(application_to_sign), name="framework-to-sign", permission=_JOIN),
    route(f"{_AT}apply", only_posted(apply), name="work-framework-apply", permission=_JOIN),
    route(f"{_AT}exit", only_posted(leave), name="work-framework-exit", permission=_JOIN),
    route(f"{_MEMBER}review", only_posted(review), name="work-framework-review", permission=_COLLECT),
    route(f"{_MEMBER}removal", only_posted(remove), name="work-framework-remove", permission=_COLLECT),
    route(
        f"{_MEMBER}agreement/to-sign",
        signing(agreement_to_sign),
        name="framework-agreement-to-sign",
        permission=_SIGN,
    ),
    route(f"{_MEMBER}agreement", only_posted(sign_agreement), name="work-framework-sign", permission=_SIGN),
    route(f"{_AT}agreements", only_posted(conclude), name="work-framework-agreed", permission=_COLLECT),
    route(f"{_AT}filing", only_posted(file), name="work-framework-filing", permission=_COLLECT),
    route(f"{_AT}buyers", only_posted(inform), name="work-framework-inform", permission=_COLLECT),
    route(f"{_AT}supplement", only_posted(supplement), name="work-framework-supplement", permission=_COLLECT),
    route(
        f"{_AT}supplement/shortlist",
        only_posted(end_supplement),
        name="work-framework-supplemented",
        permission=_COLLECT,
    ),
    route(f"{_AT}summary", only_posted(summary), name="work-framework-summary", permission=_COLLECT),
    route(f"{_AT}calls", only_posted(raise_need), name="work-call-new", permission=P.FRAMEWORK_CALL),
]

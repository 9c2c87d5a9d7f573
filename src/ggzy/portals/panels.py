"""Pages of separate evaluation and award: regional bases, the plan in the tender file, the panel."""

from datetime import date
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.awarding import panel as panels
from ggzy.awarding.panel_queries import panel_row, waiting_ballots
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.methods.shelf import shipped
from ggzy.parties.grid import Permission as P
from ggzy.pilots import actions as pilots
from ggzy.pilots import queries as bases
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.owner_method import SCOPES
from ggzy.portals.owner_tender import own_tender
from ggzy.portals.work import Todo, only_posted, refused_here, signing
from ggzy.procedures.spec import Stage
from ggzy.tendering import actions as tendering
from ggzy.tendering import plan as plans
from ggzy.tendering import queries as tenders

_BASES, _PLAN, _PANEL = "work/separation.html", "work/plan.html", "work/panel.html"
#: what a panel has in the form at first
EMPTY_PLAN = {"candidates": "3", "members": "5", "way": "votes", "ballots": "2", "factors": "", "method": ""}


# --- regional bases


def public(request: HttpRequest) -> HttpResponse:
    """Show the regional bases that were ever in force."""
    return show(request, "public/separation.html", {"bases": bases.bases(now=now())})


def _bases_page(request: HttpRequest) -> dict[str, Any]:
    rows = bases.bases(now=now(), account_pk=who(request).account_pk, public=False)
    return {
        "waiting": [row for row in rows if row.state == "proposed"],
        "bases": [row for row in rows if row.state != "proposed"],
        "given": {},
    }


def basis_todos(actor: Actor) -> list[Todo]:
    """Return the bases that wait for this administrator's confirmation."""
    rows = bases.bases(now=now(), account_pk=actor.account_pk, public=False)
    return [
        Todo(
            what="确认评定分离依据",
            where=f"{row.region} 《{row.document}》{row.article}",
            href="/work/separation",
            label="核对",
            urgent=True,
        )
        for row in rows
        if row.state == "proposed" and not row.own
    ]


def desk(request: HttpRequest) -> HttpResponse:
    """Show the bases and what waits; take an entry."""
    if request.method != "POST":
        return show(request, _BASES, _bases_page(request))
    given = {name: text(request, name) for name in ("region", "document", "article", "since", "until")}
    try:
        pilots.propose_basis(
            region=given["region"],
            document=given["document"],
            article=given["article"],
            since=_day(given["since"], "since") or now().date(),
            until=_day(given["until"], "until"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _BASES, _bases_page(request), refusal, given=given)
    return done("/work/separation", "已登记, 等另一名管理员核对确认后生效")


def _day(value: str, field: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise BadInput("请选择日期", field=field) from None


def _basis_act(request: HttpRequest, act: Any, says: str) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        return refused_here(request, _BASES, _bases_page(request), refusal, given={})
    return done("/work/separation", says)


def confirm(request: HttpRequest, basis_id: str) -> HttpResponse:
    """Bring another administrator's entry into force."""
    act = partial(pilots.confirm_basis, basis_id=basis_id, actor=who(request), now=now())
    return _basis_act(request, act, "依据已确认并公开, 本地区的招标文件可以采用评定分离")


def drop(request: HttpRequest, basis_id: str) -> HttpResponse:
    """Withdraw or turn down an entry."""
    act = partial(pilots.drop_basis, basis_id=basis_id, actor=who(request), now=now())
    return _basis_act(request, act, "待确认的依据已撤回")


def end(request: HttpRequest, basis_id: str) -> HttpResponse:
    """End a basis early."""
    act = partial(
        pilots.end_basis, basis_id=basis_id, reason=text(request, "reason"), actor=who(request), now=now()
    )
    return _basis_act(request, act, "依据已终止, 以后发布的招标文件不能再采用")


# --- the plan of award in the tender file


def _over_prices() -> list[Any]:
    """Return the shipped methods that compute nothing but prices and draw nothing."""
    found = []
    for method in shipped().values():
        if method.scope not in SCOPES:
            continue
        try:
            plans.parse({**EMPTY_PLAN, "way": "price", "factors": "报价", "scheme": _scheme(method.id)})
        except Refusal:
            continue
        found.append(method)
    return found


def _scheme(method_id: str) -> dict[str, Any]:
    method = shipped().get(method_id)
    if method is None:
        raise BadInput("价格竞争定标请选择计算报价的办法", field="award_plan.scheme")
    return {"method": dict(method.source), "values": {}}


def plan(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Write the plan of award, or take it out of the file."""
    tender = own_tender(tender_id, who(request))
    kept = (tender.document or {}).get("award_plan")
    chosen = ((kept or {}).get("scheme") or {}).get("method", {}).get("id", "")
    page: dict[str, Any] = {
        "tender": tender,
        "editable": any(s.stage == Stage.DOC_EDIT for s in tenders.states_of(tender_id)),
        "carried": bases.basis_for(tender.region_code, now=now()),
        "kept": plans.parse(kept).in_words() if kept else [],  # type: ignore[union-attr]
        "ways": list(plans.Way),
        "methods": _over_prices(),
        "given": {**EMPTY_PLAN, **(kept or {}), "method": chosen},
    }
    if request.method != "POST":
        return show(request, _PLAN, page)
    given = {name: text(request, name) for name in EMPTY_PLAN}
    try:
        if not tender.document:
            raise BadInput("请先保存招标文件, 再填写定标方案", field="award_plan")
        document = {k: v for k, v in tender.document.items() if k != "award_plan"}
        if text(request, "do") != "remove":
            wanted: dict[str, Any] = {k: v for k, v in given.items() if k != "method"}
            if given["way"] == plans.Way.PRICE:
                wanted["scheme"] = _scheme(given["method"])
            document["award_plan"] = wanted
        tendering.write_document(tender_id=tender_id, document=document, actor=who(request), now=now())
    except Refusal as refusal:
        field = refusal.field.removeprefix("award_plan.")
        return refused_here(request, _PLAN, page, refusal, given=given, field=field)
    return done(
        f"/work/tenders/{tender_id}/plan",
        "定标方案已保存" if "award_plan" in document else "已删除定标方案, 按排序定标",
    )


# --- the panel


def ballot_todos(actor: Actor) -> list[Todo]:
    """Return the panels that wait for the ballot of who is there."""
    return [
        Todo(
            what="定标委员会: 投票",
            where=f"{row.name} 第{row.turn}轮",
            href=f"/work/rounds/{row.round}/panel",
            label="投票",
            urgent=True,
        )
        for row in waiting_ballots(actor.account_pk)
    ]


def _panel_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    row = panel_row(round_id=round_id, viewer=who(request))
    decides = row.stage == Stage.CAND_END
    return {
        "row": row,
        "decides": decides,
        "sides": panels.SIDES,
        "seats": [("", "own")] * row.plan.members,
        "turns": [
            (
                t,
                [(row.names[bid], n) for bid, n in sorted(t.votes.items(), key=lambda v: -v[1])],
                "、".join(row.names[bid] for bid in t.left),
                row.minutes[t.turn - 1]["text"] if row.minutes else "",
                sum(t.votes.values()),
            )
            for t in row.turns
        ],
        "said": [(bid, row.findings.get(bid.bid, [])) for bid in row.candidates],
        "last_minutes": row.minutes[-1] if row.minutes and not row.waits_for_minutes else None,
        "given": {},
    }


def panel(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show where the panel stands, with the one next step of who is there."""
    return show(request, _PANEL, _panel_page(request, round_id))


def _done_here(request: HttpRequest, round_id: str, act: Any, says: str, **page: Any) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        given = page.pop("given", {})
        return refused_here(request, _PANEL, _panel_page(request, round_id) | page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/panel", says)


def name_panel(request: HttpRequest, round_id: str) -> HttpResponse:
    """Enter the members."""
    seats = list(zip(request.POST.getlist("username"), request.POST.getlist("side"), strict=False))
    act = partial(
        panels.name_panel,
        round_id=round_id,
        members=[{"username": name.strip(), "side": side} for name, side in seats if name.strip()],
        reason=text(request, "reason"),
        actor=who(request),
        now=now(),
    )
    says = "定标委员会已组成, 成员登录后在工作台投票"
    return _done_here(request, round_id, act, says, seats=seats, given={"reason": text(request, "reason")})


def minutes(request: HttpRequest, round_id: str) -> HttpResponse:
    """Write the minutes of a discussion."""
    given = {"text": text(request, "text"), "choice": text(request, "choice")}
    act = partial(panels.write_minutes, round_id=round_id, **given, actor=who(request), now=now())
    return _done_here(request, round_id, act, "纪要已形成, 等全体成员签名表态", given=given)


def ballot_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Return the ballot to sign."""
    return panels.ballot_to_sign(
        round_id=round_id,
        choice=request.GET.get("choice", ""),
        reason=request.GET.get("reason", ""),
        agrees=request.GET.get("agrees", "true") != "false",
        actor=who(request),
    )


def ballot(request: HttpRequest, round_id: str) -> HttpResponse:
    """Cast a signed ballot."""
    given = {"choice": text(request, "choice"), "reason": text(request, "reason")}
    agrees = text(request, "agrees") != "false"
    act = partial(
        panels.cast_ballot,
        round_id=round_id,
        **given,
        agrees=agrees,
        signature=text(request, "signature"),
        actor=who(request),
        now=now(),
    )
    says = "您的意见已签名提交, 不能更改"
    return _done_here(request, round_id, act, says, given={**given, "agrees": "" if agrees else "false"})


def report_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Set the report of award and return what seals it."""
    return bytes(panels.prepare_report(round_id=round_id, actor=who(request), now=now()).to_sign)


def report(request: HttpRequest, round_id: str) -> HttpResponse:
    """Seal the report: the winner is determined."""
    try:
        panels.finish_report(
            round_id=round_id, signature=text(request, "signature"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        return refused_here(request, _PANEL, _panel_page(request, round_id), refusal, given={})
    return done(f"/work/rounds/{round_id}/result", "定标报告已签章, 中标人已确定, 请签发中标通知书")


_AT = "work/rounds/<str:round_id>"
urlpatterns = [
    route("separation", public, name="separation", permission=P.PORTAL_READ),
    route("work/separation", desk, name="work-separation", permission=P.BASIS_PROPOSE),
    *(
        route(
            f"work/separation/<str:basis_id>/{act.__name__}",
            only_posted(act),
            name=f"work-separation-{act.__name__}",
            permission=permission,
        )
        for act, permission in ((confirm, P.BASIS_CONFIRM), (drop, P.BASIS_PROPOSE), (end, P.BASIS_PROPOSE))
    ),
    route("work/tenders/<str:tender_id>/plan", plan, name="work-plan", permission=P.TENDER_EDIT),
    # who may look is the panel's own to say: its members are of several organisations
    route(f"{_AT}/panel", panel, name="work-panel", permission=P.WORKBENCH_READ),
    route(
        f"{_AT}/panel/members", only_posted(name_panel), name="work-panel-members", permission=P.PANEL_NAME
    ),
    route(f"{_AT}/panel/minutes", only_posted(minutes), name="work-panel-minutes", permission=P.PANEL_NAME),
    route(f"{_AT}/panel/ballot", only_posted(ballot), name="work-panel-ballot", permission=P.PANEL_VOTE),
    route(
        f"{_AT}/panel/ballot/to-sign", signing(ballot_bytes), name="panel-to-sign", permission=P.PANEL_VOTE
    ),
    route(f"{_AT}/panel/report", only_posted(report), name="work-panel-report", permission=P.AWARD),
    route(
        f"{_AT}/panel/report/to-sign", signing(report_bytes), name="panel-report-to-sign", permission=P.AWARD
    ),
]

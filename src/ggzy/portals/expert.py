"""Committee members: calls, check-in with avoidance, the evaluation desk."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.evaluation import actions as evaluation
from ggzy.evaluation import queries as evaluations
from ggzy.evaluation import rules
from ggzy.evaluation.bills import priced_bills
from ggzy.experts import attending, calling
from ggzy.experts import queries as draws
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.portals import registry_desk
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.work import Todo, refused_here
from ggzy.tendering.document import Method, Requirement, ReviewPart

STEPS = {
    "preliminary": "初步评审",
    "competition": "竞争性论证",
    "detailed": "详细评审(打分)",
    "signing": "签署评标报告",
    "done": "评标结束",
}


def bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return the calls to answer, the check-ins and the desks of an expert."""
    todos, calls = [], draws.calls_of(actor)
    for call in calls:
        if call["state"] == "called":
            todos.append(
                Todo(
                    what="答复评标邀请",
                    where=call["text"] or f"专业 {call['specialty']}",
                    due=call["answer_by"],
                    href="/work/calls",
                    label="答复",
                    urgent=True,
                )
            )
        elif call["state"] == "accepted":
            row = draws.check_in_row(call["draw"], actor=actor) if actor.certificate else None
            if row is None or (row.opened and not row.code):
                todos.append(
                    Todo(
                        what="签到并声明是否回避",
                        where=call["tender_name"],
                        href=f"/work/draws/{call['draw']}/check-in",
                        label="签到",
                        clause="《招标投标法》第三十七条",
                        urgent=True,
                    )
                )
    desks = evaluations.desks_of(actor.account_pk)
    for desk in desks:
        if desk.waits_for_me:
            href = f"/work/rounds/{desk.round}/desk"
            todos.append(Todo(what=STEPS[desk.step], where=desk.name, href=href, label="进入评标"))
    from ggzy.portals.front_pages import expert_todos  # it stands above the benches

    todos += expert_todos(actor)
    return {"bench": "expert", "todos": todos, "calls": calls, "desks": [(d, STEPS[d.step]) for d in desks]}


def calls(request: HttpRequest) -> HttpResponse:
    """Show the calls of an expert."""
    return show(request, "work/calls.html", {"calls": draws.calls_of(who(request))})


def answer_call(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Answer a call."""
    accept = text(request, "accept")
    if accept not in {"yes", "no"}:
        raise BadInput("请选择参加或不能参加", field="accept")
    calling.answer_call(draw_id=draw_id, accept=accept == "yes", actor=who(request), now=now())
    return done(
        "/work/calls",
        "已答复: 同意参加, 开标后请签到" if accept == "yes" else "已答复: 不能参加, 由下一名递补",
    )


def check_in(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Show the bidders once the opening is over, and take the check-in with the declaration on avoidance."""
    actor = who(request)
    page: dict[str, Any] = {"row": draws.check_in_row(draw_id, actor=actor), "given": {}}
    if request.method != "POST":
        return show(request, "work/check_in.html", page)
    given = {"avoid": text(request, "avoid"), "reason": text(request, "reason")}
    try:
        if given["avoid"] not in {"yes", "no"}:
            raise BadInput("请声明是否存在应当回避的情形", field="avoid")
        made = attending.check_in(
            draw_id=draw_id,
            must_avoid=given["avoid"] == "yes",
            reason=given["reason"],
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/check_in.html", page, refusal, given=given)
    says = "您应当回避, 已由下一名专家替换, 感谢配合" if made.left else f"签到完成, 您的代号是{made.code}"
    return done(f"/work/draws/{draw_id}/check-in", says)


def _objective(requirement: Requirement, bid: Any, desk: evaluations.Desk) -> dict[str, str]:
    """Return what the figures alone say of one requirement, "" where a person must judge."""
    if requirement.key == "ceiling":
        over = desk.ceiling_price is not None and bid.price > desk.ceiling_price
        return {"passes": "no" if over else "yes", "reason": "报价超过最高投标限价" if over else ""}
    return {"passes": "", "reason": ""}


def _before(desk: evaluations.Desk, bid: str, key: str) -> dict[str, str]:
    """Return what this member said of a requirement in the sitting before, empty if there was none."""
    said = desk.earlier.get("preliminary", {}).get(bid, {}).get(key)
    return {"passes": "yes" if said["passes"] else "no", "reason": said["reason"]} if said else {}


def _desk_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    desk = evaluations.desk(round_id=round_id, actor=who(request))
    left = [b for b in desk.bids if b.bid not in desk.rejected]
    handed = {"detailed": "scores"}.get(desk.step, desk.step) in desk.handed_in
    document = desk.document
    base = rules.base_price([b.price for b in left], rule=document.price) if left else Decimal(0)
    scored = document.method is Method.COMPREHENSIVE
    return {
        "desk": desk,
        "registry": registry_desk.gather(
            desk.bids, document=document, deadline=desk.bid_deadline or now(), round_id=desk.round
        ),
        "steps": [(code, label) for code, label in STEPS.items() if scored or code != "detailed"],
        "step_label": STEPS[desk.step],
        "waiting": desk.signed if desk.step == "signing" else handed,
        "bids": desk.bids,
        "left": left,
        "rejected": [(b, desk.rejected[b.bid]) for b in desk.bids if b.bid in desk.rejected],
        "names": {b.bid: b.bidder for b in desk.bids},
        "price_scores": {b.bid: rules.price_score(b.price, base=base, rule=document.price) for b in left}
        if scored and left
        else {},
        "base": base,
        "given": {
            f"{bid}:{key}": points
            for bid, row in desk.earlier.get("scores", {}).items()
            for key, points in row.items()
        },
        "priced_bills": priced_bills(desk),
    }


def _review_rows(page: dict[str, Any], given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the preliminary sheet as parts, rows and cells, with what was entered or what the figures say."""
    desk, out = page["desk"], []
    for part in ReviewPart:
        rows = []
        for r in (r for r in desk.document.requirements if r.part is part):
            cells = []
            for b in desk.bids:
                name = f"{b.bid}:{r.key}"
                entered = given.get(name) or _before(desk, b.bid, r.key)
                cells.append({"name": name, "bid": b, **(entered or _objective(r, b, desk))})
            rows.append({"requirement": r, "cells": cells})
        if rows:
            out.append({"part": part.label, "rows": rows})
    return out


def desk(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show a member's desk at the step where the evaluation stands."""
    page = _desk_page(request, round_id)
    page["sheet"] = _review_rows(page, {})
    return show(request, "work/desk.html", page)


def preliminary(request: HttpRequest, round_id: str) -> HttpResponse:
    """Hand in the preliminary sheet."""
    page = _desk_page(request, round_id)
    desk_ = page["desk"]
    names = [f"{b.bid}:{r.key}" for b in desk_.bids for r in desk_.document.requirements]
    given = {
        n: {"passes": text(request, f"passes:{n}"), "reason": text(request, f"reason:{n}")} for n in names
    }
    try:
        unjudged = sum(1 for cell in given.values() if cell["passes"] not in {"yes", "no"})
        if unjudged:
            raise BadInput(f"还有{unjudged}项没有作出判断, 请逐项选择通过或不通过", field="results")
        results: dict[str, dict[str, Any]] = {}
        for b in desk_.bids:
            for r in desk_.document.requirements:
                cell = given[f"{b.bid}:{r.key}"]
                results.setdefault(b.bid, {})[r.key] = {**cell, "passes": cell["passes"] == "yes"}
        evaluation.hand_in_preliminary(round_id=round_id, results=results, actor=who(request), now=now())
    except Refusal as refusal:
        page["sheet"] = _review_rows(page, given)
        return refused_here(request, "work/desk.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", "初步评审表已提交")


def competition(request: HttpRequest, round_id: str) -> HttpResponse:
    """Vote on whether the remaining bids compete."""
    given = {"go_on": text(request, "go_on"), "reason": text(request, "reason")}
    try:
        if given["go_on"] not in {"yes", "no"}:
            raise BadInput("请选择是否仍具有竞争性", field="go_on")
        evaluation.argue_competition(
            round_id=round_id,
            go_on=given["go_on"] == "yes",
            reason=given["reason"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/desk.html", _desk_page(request, round_id), refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", "竞争性论证已提交")


def scores(request: HttpRequest, round_id: str) -> HttpResponse:
    """Hand in the score sheet."""
    page = _desk_page(request, round_id)
    criteria = page["desk"].document.criteria
    given = {
        f"{b.bid}:{c.key}": text(request, f"score:{b.bid}:{c.key}") for b in page["left"] for c in criteria
    }
    try:
        missing = sum(1 for value in given.values() if not value)
        if missing:
            raise BadInput(f"还有{missing}项没有打分", field="scores")
        sheet = {b.bid: {c.key: given[f"{b.bid}:{c.key}"] for c in criteria} for b in page["left"]}
        evaluation.hand_in_scores(round_id=round_id, scores=sheet, actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/desk.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", "打分表已提交")


def report_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Return the report to sign."""
    return evaluations.report_to_sign(round_id=round_id, actor=who(request))


def sign_report(request: HttpRequest, round_id: str) -> HttpResponse:
    """Sign the report, with a dissent if there is one."""
    given = {"dissent": text(request, "dissent")}
    try:
        evaluation.sign_report(
            round_id=round_id,
            signature=text(request, "signature"),
            dissent=given["dissent"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/desk.html", _desk_page(request, round_id), refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", "评标报告已签署")

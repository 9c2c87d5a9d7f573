"""Committee members: calls, check-in with avoidance, the evaluation desk."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.committees import queries as meetings
from ggzy.committees.rules import GROUNDS
from ggzy.deposits.queries import said_of_deposits
from ggzy.evaluation import actions as evaluation
from ggzy.evaluation import dark, drafts, flawed
from ggzy.evaluation import queries as evaluations
from ggzy.evaluation.bills import priced_bills
from ggzy.evaluation.news import desk_news
from ggzy.experts import attending, calling, lending
from ggzy.experts import queries as draws
from ggzy.kernel.actors import Actor
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.law.families import family
from ggzy.portals import desk_sheet, registry_desk, work
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.ranges import send_file
from ggzy.portals.work import Todo, refused_here, refused_json
from ggzy.tendering.document import Method, Requirement, ReviewPart

STEPS = {
    "leader": "推选组长",
    "preliminary": "初步评审",
    "competition": "竞争性论证",
    "talks": "磋商(谈判)和最后报价",
    "price": "报价评审",
    "detailed": "详细评审(打分)",
    "summary": "汇总复核",
    "second": "等待第二信封开标",
    "offers": "报价文件评审",
    "findings": "撰写评审意见",
    "signing": "签署评标报告",
    "done": "评标结束",
}


def bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return the calls to answer, the check-ins and the desks of an expert."""
    todos, calls = [], draws.calls_of(actor)
    accepted = [call["draw"] for call in calls if call["state"] == "accepted"][: evaluations.SEATS]
    open_draws = draws.to_check_in(accepted, actor=actor) if actor.certificate else set()
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
        elif call["draw"] in accepted and call["state"] == "accepted":
            if not actor.certificate or call["draw"] in open_draws:
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
    todos += [
        Todo(
            what="答复协作中心的评标邀请",
            where=call["text"],
            due=call["answer_by"],
            href="/work/calls",
            label="答复",
            urgent=True,
        )
        for call in lending.lent_calls_of(actor)
        if call["state"] == "called"
    ]
    desks = evaluations.desks_of(actor.account_pk)
    for desk in desks:
        if desk.waits_for_me:
            href = f"/work/rounds/{desk.round}/desk"
            todos.append(Todo(what=STEPS[desk.step], where=desk.name, href=href, label="进入评标"))
    from ggzy.portals.front_pages import expert_todos  # they stand above the benches
    from ggzy.portals.panels import ballot_todos

    todos += expert_todos(actor) + ballot_todos(actor)
    return {"bench": "expert", "todos": todos, "calls": calls, "desks": [(d, STEPS[d.step]) for d in desks]}


def calls(request: HttpRequest) -> HttpResponse:
    """Show the calls of an expert, of the own centre and of partners."""
    actor = who(request)
    page = {"calls": draws.calls_of(actor), "lent": lending.lent_calls_of(actor)}
    return show(request, "work/calls.html", page)


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
    page: dict[str, Any] = {
        "row": draws.check_in_row(draw_id, actor=actor),
        "place": meetings.seat_of(draw_id, actor=actor),
        "given": {},
    }
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


def _findings_before(desk: evaluations.Desk) -> dict[str, str]:
    """Return what this member found of each bid in the sitting before, as the form's fields."""
    if desk.step != "findings":
        return {}
    return {f"finding:{bid}": said for bid, said in desk.earlier.get("findings", {}).items()}


def _before(desk: evaluations.Desk, bid: str, key: str) -> dict[str, str]:
    """Return what this member said of a requirement in the sitting before, empty if there was none."""
    said = desk.earlier.get("preliminary", {}).get(bid, {}).get(key)
    return {"passes": "yes" if said["passes"] else "no", "reason": said["reason"]} if said else {}


def desk_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    """Return what the desk shows of the step where the evaluation stands."""
    from ggzy.portals import negotiated  # its acts come back to this desk

    desk = evaluations.desk(round_id=round_id, actor=who(request))
    left = [b for b in desk.bids if b.bid not in desk.rejected]
    document = desk.document
    scored = document.method is Method.COMPREHENSIVE
    registry = registry_desk.gather(
        desk.bids, document=document, deadline=desk.bid_deadline or now(), round_id=desk.round
    )
    scoring = desk.step in {"detailed", "summary"}
    known = desk_sheet.prefilled(desk, registry, left, document.criteria) if scoring else {}
    given, reasons = _scores_given(
        # a bid without any such record may prove it in its files: nothing is prefilled there
        desk,
        {key: str(found.points) for key, found in known.items() if found.counted or found.left_out},
    )
    return {
        "desk": desk,
        "news": desk_news(round_id=round_id, actor=who(request)).as_json(),
        "registry": registry,
        "table": (request.POST.get("form") or request.GET.get("form")) == "table",
        "known": known,
        "steps": [
            (family(desk.procedure_code).in_words(label), state)
            for label, state in _steps(
                desk.step, scored=scored, two=document.two_envelopes, talks=document.negotiated
            )
        ],
        **(negotiated.talks_page(desk) if desk.step == "talks" else {}),
        "meeting": meetings.meeting_of(desk.draw, actor=who(request)),
        "grounds": GROUNDS,
        "titles": {c.key: c.title for c in document.criteria},
        "price_rows": _price_rows(desk, _cells(desk.draft)),
        "dark_items": [c for c in document.criteria if c.dark],
        "open_items": [c for c in document.criteria if not (c.dark and desk.dark)],
        "score_rows": [
            *((d.code, [c for c in document.criteria if c.dark]) for d in desk.dark),
            *((b.bid, [c for c in document.criteria if not (c.dark and desk.dark)]) for b in left),
        ],
        "step_label": family(desk.procedure_code).in_words(STEPS[desk.step]),
        "waiting": not desk.mine,
        "bids": desk.bids,
        "left": left,
        "rejected": [(b, desk.rejected[b.bid]) for b in desk.bids if b.bid in desk.rejected],
        "names": {b.bid: b.bidder for b in desk.bids} | {d.code: d.code for d in desk.dark},
        "price_scores": desk.price_points,
        "base": desk.base_price,
        # a draft of the step before scores is of other fields
        "given": given if scoring else _findings_before(desk) | desk.draft,
        "given_reasons": reasons,
        "priced_bills": priced_bills(desk),
        "deposits": said_of_deposits(desk.round),
        "stop": flawed.stop_of(round_id=round_id, actor=who(request)),
    }


def _cells(draft: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return a draft's fields `passes:x` and `reason:x` as {x: both}."""
    names = {name.partition(":")[2] for name in draft}
    return {
        name: {part: draft.get(f"{part}:{name}", "") for part in ("passes", "reason")}
        for name in names
        if name
    }


def _scores_given(desk: evaluations.Desk, known: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the points and reasons to start from: the draft, else one's own sheet, else what the records give."""
    if desk.draft:
        fields = [(*name.partition(":")[::2], value) for name, value in desk.draft.items()]
        return {at: v for part, at, v in fields if part == "score"}, {
            at: v for part, at, v in fields if part == "why"
        }
    sheet = desk.own_scores.get("scores") or desk.earlier.get("scores", {})
    points = {f"{bid}:{key}": value for bid, row in sheet.items() for key, value in row.items()}
    said = desk.own_scores.get("reasons", {})
    return known | points, {f"{bid}:{key}": why for bid, row in said.items() for key, why in row.items()}


def show_desk(request: HttpRequest, page: dict[str, Any], refusal: Refusal | None = None) -> HttpResponse:
    """Show the desk; in the two large sheets the script's value stands beside what the table would show."""
    desk = page["desk"]
    if desk.step in {"preliminary", "offers"} and not page["waiting"]:
        page["reviewed"] = _reviewed(page)
        page.setdefault("sheet", _review_rows(page, _cells(desk.draft)))
        page["data"] = desk_sheet.review_data(desk, page["sheet"])
    elif desk.step in {"detailed", "summary"}:
        page["data"] = desk_sheet.scores_data(
            desk,
            page["left"],
            given=page["given"],
            reasons=page["given_reasons"],
            known=page["known"],
            price_scores=page["price_scores"],
        )
    if refusal is None:
        return show(request, "work/desk.html", page)
    return refused_here(request, "work/desk.html", page, refusal, given=page["given"])


#: steps that not every evaluation passes: shown only while it stands there
_SOMETIMES = {"competition", "price", "findings"}
#: with two envelopes prices come after the scores
_TWO = ("leader", "preliminary", "detailed", "summary", "second", "offers", "price", "signing", "done")


def _steps(step: str, *, scored: bool, two: bool, talks: bool) -> list[tuple[str, str]]:
    """Return the steps as (label, "done", "now" or "")."""
    order = [code for code in STEPS if code not in {"second", "offers"} and (talks or code != "talks")]
    if two:
        # fewer than three may be left before the second envelopes are opened, or after: it is shown first in line
        order = [*_TWO[:2], "competition", *_TWO[2:]]
    codes = [
        code
        for code in order
        if (code not in _SOMETIMES or code == step) and (scored or code not in {"detailed", "summary"})
    ]
    at = codes.index(step)
    return [
        (STEPS[code], "done" if n < at or step == "done" else "now" if n == at else "")
        for n, code in enumerate(codes)
    ]


def _price_rows(desk: evaluations.Desk, given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the bids at a markedly low price with what is striking, and what was entered."""
    return [
        {
            "bid": b,
            "says": desk.low_prices[b.bid],
            "explained": b.bid in desk.explained,
            "asked": any(c.bid == b.bid and c.ground == "low_price" for c in desk.clarifications),
            **given.get(b.bid, {"passes": "", "reason": ""}),
        }
        for b in desk.bids
        if b.bid in desk.low_prices
    ]


def _review_rows(page: dict[str, Any], given: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the preliminary sheet as parts, rows and cells, with what was entered or what the figures say."""
    desk, out = page["desk"], []
    for part in ReviewPart:
        rows = []
        for r in (r for r in desk.document.requirements if r.part is part):
            cells = []
            for b in _reviewed(page):
                name = f"{b.bid}:{r.key}"
                entered = given.get(name) or _before(desk, b.bid, r.key)
                cells.append({"name": name, "bid": b, **(entered or _objective(r, b, desk))})
            rows.append({"requirement": r, "cells": cells})
        if rows:
            out.append({"part": part.label, "rows": rows})
    return out


def _reviewed(page: dict[str, Any]) -> list[Any]:
    """Return the bids on a review sheet: all in the preliminary one, those left in that of the second envelopes."""
    return list(page["left"] if page["desk"].step == "offers" else page["bids"])


def desk(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show a member's desk at the step where the evaluation stands."""
    return show_desk(request, desk_page(request, round_id))


def desk_refused(
    request: HttpRequest, round_id: str, refusal: Refusal, *, given: dict[str, str]
) -> HttpResponse:
    """Show a member's desk again with what was entered, and why it was refused."""
    return refused_here(request, "work/desk.html", desk_page(request, round_id), refusal, given=given)


def preliminary(request: HttpRequest, round_id: str) -> HttpResponse:
    """Hand in the preliminary sheet."""
    return _review(request, round_id, evaluation.hand_in_preliminary, says="初步评审表已提交")


def offers(request: HttpRequest, round_id: str) -> HttpResponse:
    """Hand in the review of the opened second envelopes."""
    return _review(request, round_id, evaluation.hand_in_offers, says="报价文件评审表已提交")


def _review(request: HttpRequest, round_id: str, act: Callable[..., Any], *, says: str) -> HttpResponse:
    page = desk_page(request, round_id)
    bids, requirements = _reviewed(page), page["desk"].document.requirements
    names = [f"{b.bid}:{r.key}" for b in bids for r in requirements]
    given = {
        n: {"passes": text(request, f"passes:{n}"), "reason": text(request, f"reason:{n}")} for n in names
    }
    try:
        unjudged = sum(1 for cell in given.values() if cell["passes"] not in {"yes", "no"})
        if unjudged:
            raise BadInput(f"还有{unjudged}项没有作出判断, 请逐项选择通过或不通过", field="results")
        results: dict[str, dict[str, Any]] = {}
        for b in bids:
            for r in requirements:
                cell = given[f"{b.bid}:{r.key}"]
                results.setdefault(b.bid, {})[r.key] = {**cell, "passes": cell["passes"] == "yes"}
        act(round_id=round_id, results=results, actor=who(request), now=now())
    except Refusal as refusal:
        page["sheet"] = _review_rows(page, given)
        return show_desk(request, page, refusal)
    return done(f"/work/rounds/{round_id}/desk", says)


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
        return refused_here(request, "work/desk.html", desk_page(request, round_id), refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", "竞争性论证已提交")


def prices(request: HttpRequest, round_id: str) -> HttpResponse:
    """Judge the markedly low prices."""
    page = desk_page(request, round_id)
    given = {
        bid: {"passes": text(request, f"passes:{bid}"), "reason": text(request, f"reason:{bid}")}
        for bid in page["desk"].low_prices
    }
    try:
        if any(row["passes"] not in {"yes", "no"} for row in given.values()):
            raise BadInput("请对每份报价偏低的投标作出判断", field="results")
        results = {bid: {"passes": r["passes"] == "yes", "reason": r["reason"]} for bid, r in given.items()}
        evaluation.judge_prices(round_id=round_id, results=results, actor=who(request), now=now())
    except Refusal as refusal:
        page["price_rows"] = _price_rows(page["desk"], given)
        return refused_here(request, "work/desk.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", "报价评审已提交")


def findings(request: HttpRequest, round_id: str) -> HttpResponse:
    """Hand in what a member finds of every bid left (评定分离)."""
    page = desk_page(request, round_id)
    said = {b.bid: text(request, f"finding:{b.bid}") for b in page["left"]}
    try:
        evaluation.hand_in_findings(round_id=round_id, findings=said, actor=who(request), now=now())
    except Refusal as refusal:
        given = {f"finding:{bid}": value for bid, value in said.items()}
        return refused_here(request, "work/desk.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", "评审意见已提交")


def summary(request: HttpRequest, round_id: str) -> HttpResponse:
    """Confirm one's own scores."""
    try:
        evaluation.confirm_scores(round_id=round_id, actor=who(request), now=now())
    except Refusal as refusal:
        return show_desk(request, desk_page(request, round_id), refusal)
    return done(f"/work/rounds/{round_id}/desk", "已确认本人打分")


def scores(request: HttpRequest, round_id: str) -> HttpResponse:
    """Hand in the score sheet, or correct it."""
    page = desk_page(request, round_id)
    cells = [(at, c.key) for at, items in page["score_rows"] for c in items]
    given = {f"{at}:{key}": text(request, f"score:{at}:{key}") for at, key in cells}
    reasons = {key: text(request, f"why:{key}") for key in given}
    page["given"], page["given_reasons"] = given, reasons
    try:
        missing = sum(1 for value in given.values() if not value)
        if missing:
            raise BadInput(f"还有{missing}项没有打分", field="scores")
        sheet: dict[str, dict[str, str]] = {}
        why: dict[str, dict[str, str]] = {}
        for at, key in cells:
            sheet.setdefault(at, {})[key] = given[f"{at}:{key}"]
            why.setdefault(at, {})[key] = reasons[f"{at}:{key}"]
        evaluation.hand_in_scores(round_id=round_id, scores=sheet, reasons=why, actor=who(request), now=now())
    except Refusal as refusal:
        return show_desk(request, page, refusal)
    return done(f"/work/rounds/{round_id}/desk", "打分表已提交")


def save_draft(request: HttpRequest, round_id: str) -> HttpResponse:
    """Keep what a member has entered so far; the page's script asks, and shows when it was kept."""
    try:
        try:
            said = json.loads(request.body)
            kind, content = str(said["kind"]), said["content"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BadInput("暂存的内容应为一张评审表", field="content") from None
        draft = drafts.save_draft(
            round_id=round_id, kind=kind, content=content, actor=who(request), now=now()
        )
    except Refusal as refusal:
        return refused_json(request, refusal)
    return JsonResponse({"saved": f"{draft.saved_at.astimezone(BEIJING):%H:%M:%S}"})


def bid_file(request: HttpRequest, round_id: str, digest: str) -> HttpResponse:
    """Send a bid's file to be read in the page; nothing of it stays in the booth's browser."""
    answer = work.document(request, digest)
    answer["Cache-Control"] = "no-store"
    return answer


def dark_file(request: HttpRequest, round_id: str, code: str, number: int) -> HttpResponse:
    """Send a dark bid's file under a member's own code, to be read in the page."""
    path = dark.dark_file(round_id=round_id, code=code, number=number, actor=who(request))
    name = f"{code}-{number}"
    # the mark is of this member's own code: a mark of the content would tell whose code is whose among members
    mark = f"{name}-{path.stat().st_size}"
    answer = send_file(request, path, mark=mark, content_type="application/pdf", filename=f"{name}.pdf")
    answer["Cache-Control"] = "no-store"
    return answer


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
        return refused_here(request, "work/desk.html", desk_page(request, round_id), refusal, given=given)
    return done(f"/work/rounds/{round_id}/desk", "评标报告已签署")

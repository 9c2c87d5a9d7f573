"""Challenges 质疑, complaints 投诉 and taking an objection 异议 back: the supplier's, the owner side's, the department's pages."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.complaints import actions as complaints
from ggzy.complaints import queries
from ggzy.complaints.rules import DECISIONS, MATTERS, PAUSES, REFUSALS, Level
from ggzy.inquiries.actions import take_front_file as take_file
from ggzy.inquiries.queries import front_file_taken
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.law.families import family
from ggzy.notices import queries as notices
from ggzy.notices.actions import NoticeKind
from ggzy.objections import actions as objections
from ggzy.objections import challenges
from ggzy.objections import queries as raised
from ggzy.objections.proceedings import DEALT, ROUND
from ggzy.objections.rules import ABOUT
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here
from ggzy.procedures.spec import Stage
from ggzy.tendering import queries as tenders

_RAISE, _CHALLENGE = "work/challenge.html", "work/challenge_case.html"
_STEP = "work/challenge_step.html"
_FILE, _LIST, _CASE, _POWERS = (
    "work/complain.html",
    "work/complaints.html",
    "work/complaint.html",
    "work/powers.html",
)
_LETTER = ("matter", "facts", "law", "request")


def todos(actor: Actor) -> list[Todo]:
    """Return the challenges to answer, and the complaints to handle, to state on or to mend."""
    moment, found = now(), []
    if may(actor, P.CHALLENGE_ANSWER):
        for row in raised.challenges_to_answer(actor):
            found.append(
                Todo(
                    what=f"答复对{row.about_label}的质疑",
                    where=row.name,
                    href=f"/work/challenges/{row.id}",
                    label="答复",
                    due=row.answer_due_at,
                    clause="《政府采购法》第五十三条",
                    urgent=True,
                )
            )
    for case, says in queries.waiting(actor, now=moment):
        due = case.statement_due_at if may(actor, P.COMPLAINT_STATE) else case.next_due
        gp = case.scope == "GP"
        found.append(
            Todo(
                what=says + (f"({case.level.label}预警)" if case.level is not Level.CALM else ""),
                where=case.name,
                href=f"/work/complaints/{case.id}",
                label="办理",
                due=due,
                clause="《政府采购质疑和投诉办法》" if gp else "《招标投标法实施条例》第六十一条",
                urgent=case.level in {Level.ORANGE, Level.RED},
            )
        )
    return found


def _given(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: text(request, name) for name in names}


def _acted(
    request: HttpRequest,
    act: Callable[[], Any],
    template: str,
    page: Callable[[], Mapping[str, Any]],
    *,
    to: str,
    says: str,
    given: Mapping[str, Any],
) -> HttpResponse:
    try:
        act()
    except Refusal as refusal:
        return refused_here(request, template, page(), refusal, given=given)
    return done(to, says)


# -- challenges ---------------------------------------------------------------------------------------------------


def _raise_page(round_id: str, actor: Actor, wanted: str = "") -> dict[str, Any]:
    row = tenders.round_row(round_id)
    own = [c for c in raised.challenges_on(of=round_id, viewer=actor) if c.own]
    front = row.phase == 0
    file = front or row.stage == Stage.OPEN_FOR_BID
    result = row.stage in {Stage.ANNOUNCED, Stage.CONTRACTED, Stage.PUBLISHED}
    opening = not file and raised.may_challenge_opening(round_id=round_id, viewer=actor, now=now())
    offered = ["prequalification" if front else "file"] if file else ["result"] if result else []
    offered = [about for about in offered if not any(c.about == about and not c.withdrawn_at for c in own)]
    offered += ["opening"] if opening else []
    # what was begun is handed in as what it was begun as, whatever has happened meanwhile
    about = wanted if wanted in ABOUT else next(iter(offered), "result")
    may_raise = about in offered
    return {
        "row": row,
        "own": own,
        "about": about,
        "about_label": ABOUT[about],
        "others": [(other, ABOUT[other]) for other in offered if other != about],
        "may": may_raise,
        "taken": not front or front_file_taken(round_id=round_id, actor=actor) is not None,
        "given": {},
        "now": now(),
    }


def take_front_file(request: HttpRequest, round_id: str) -> HttpResponse:
    """Note that the own organisation took the prequalification file."""
    take_file(round_id=round_id, actor=who(request), now=now())
    return done(f"/work/rounds/{round_id}/challenge", "已登记获取资格预审文件; 除贵单位外任何人看不到")


def challenge(request: HttpRequest, round_id: str) -> HttpResponse:
    """Challenge the file while bids are taken, the opening after it, or the result after it was announced."""
    actor = who(request)
    if request.method != "POST":
        return show(request, _RAISE, _raise_page(round_id, actor, request.GET.get("about", "")))
    given, wanted = _given(request, *_LETTER), text(request, "about")
    about = _raise_page(round_id, actor, wanted)["about"]
    act = {"result": challenges.challenge_result, "opening": challenges.challenge_opening}.get(
        about, challenges.challenge_file
    )
    return _acted(
        request,
        partial(act, round_id=round_id, **given, actor=actor, now=now()),
        _RAISE,
        partial(_raise_page, round_id, actor, wanted),
        to=f"/work/rounds/{round_id}/challenge",
        says="质疑已提出, 采购人或者代理机构7个工作日内答复",
        given=given,
    )


def _step_page(of: str, actor: Actor) -> dict[str, Any]:
    return {
        "proceeding": raised.proceeding(of=of, viewer=actor, now=now()),
        "own": [row for row in raised.challenges_on(of=of, viewer=actor) if row.own],
        "family": family(DEALT),
        "given": {},
        "now": now(),
    }


def challenge_step(request: HttpRequest, of: str) -> HttpResponse:
    """Challenge a step of a purchase without rounds."""
    actor = who(request)
    if request.method != "POST":
        return show(request, _STEP, _step_page(of, actor))
    given = _given(request, "about", *_LETTER)
    return _acted(
        request,
        partial(challenges.challenge_step, of=of, **given, actor=actor, now=now()),
        _STEP,
        partial(_step_page, of, actor),
        to=f"/work/proceedings/{of}/challenge",
        says="质疑已提出, 采购人7个工作日内答复",
        given=given,
    )


def card(of: str, viewer: Actor) -> dict[str, Any]:
    """Return what the page of a purchase without rounds shows of its challenges, and where its viewer raises one.

    Nothing to whoever sees the page but takes no part in it: a purchase by invitation has experts, and invited suppliers
    that have not applied.
    """
    try:
        disputed = raised.proceeding(of=of, viewer=viewer, now=now())
    except NotFound:
        return {}
    return {
        "disputed": disputed,
        "challenges": raised.challenges_on(of=of, viewer=viewer),
        "may_dispute": may(viewer, P.CHALLENGE_RAISE),
    }


def _challenge_page(challenge_id: str, actor: Actor) -> dict[str, Any]:
    row = raised.challenge(challenge_id=challenge_id, viewer=actor)
    code = tenders.round_row(row.of).procedure_code if row.kind == ROUND else DEALT
    return {
        "row": row,
        "family": family(code),
        "outcomes": raised.outcomes(challenge_id=challenge_id, viewer=actor),
        "answers": row.answers and row.running and may(actor, P.CHALLENGE_ANSWER),
        "given": {},
        "now": now(),
    }


def challenge_case(request: HttpRequest, challenge_id: str) -> HttpResponse:
    """Show one challenge to whom it concerns."""
    return show(request, _CHALLENGE, _challenge_page(challenge_id, who(request)))


def answer_challenge(request: HttpRequest, challenge_id: str) -> HttpResponse:
    """Answer a challenge."""
    actor, given = who(request), _given(request, "answer", "outcome")
    return _acted(
        request,
        partial(challenges.answer_challenge, challenge_id=challenge_id, **given, actor=actor, now=now()),
        _CHALLENGE,
        partial(_challenge_page, challenge_id, actor),
        to=f"/work/challenges/{challenge_id}",
        says="质疑已答复, 已通知质疑供应商和其他有关供应商",
        given=given,
    )


def withdraw_challenge(request: HttpRequest, challenge_id: str) -> HttpResponse:
    """Take a challenge back."""
    challenges.withdraw_challenge(challenge_id=challenge_id, actor=who(request), now=now())
    return done(f"/work/challenges/{challenge_id}", "质疑已撤回")


def withdraw_objection(request: HttpRequest, objection_id: str) -> HttpResponse:
    """Take an objection back."""
    objections.withdraw_objection(objection_id=objection_id, actor=who(request), now=now())
    return done("/work/complaints", "异议已撤回, 因该异议暂停的活动继续")


# -- complaints ---------------------------------------------------------------------------------------------------


def _file_page(of: str, actor: Actor) -> dict[str, Any]:
    about, matters = queries.concerned(of=of, viewer=actor), queries.may_complain(of=of, viewer=actor)
    return {
        "about": about,
        "family": family(about.scope),
        "matters": [(key, MATTERS[key], ready) for key, ready in matters.items()],
        "any": any(matters.values()),
        "given": {},
        "now": now(),
    }


def file_complaint(request: HttpRequest, of: str) -> HttpResponse:
    """Complain of a round, or of a purchase without rounds."""
    actor = who(request)
    if request.method != "POST":
        return show(request, _FILE, _file_page(of, actor))
    given = _given(request, "matter", "text", "facts", "law", "request", "known_on")
    try:
        made = complaints.file_complaint(
            of=of,
            **{**given, "known_on": _day(given["known_on"])},
            files=_files(request),
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, _FILE, _file_page(of, actor), refusal, given=given)
    return done(f"/work/complaints/{made.public_id}", "投诉已提交, 由有管辖权的部门审查")


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        raise BadInput("日期请写成2026-03-02这样的格式", field="known_on") from None


def _files(request: HttpRequest) -> list[tuple[str, bytes]]:
    return [(upload.name or "证据", upload.read()) for upload in request.FILES.getlist("evidence")]


def complaint_list(request: HttpRequest) -> HttpResponse:
    """Show the complaints somebody may open: a department's desk by colour, a supplier's own with what came before."""
    actor = who(request)
    level, state = request.GET.get("level", ""), request.GET.get("state", "")
    supplier = may(actor, P.COMPLAINT_FILE)
    page = {
        "rows": queries.complaints_of(actor, level=level, state=state),
        "counts": queries.level_counts(actor) if may(actor, P.COMPLAINT_HANDLE) else {},
        "level": level,
        "state": state,
        "supplier": supplier,
        "objections": raised.own_objections(actor.organisation_pk) if supplier else [],
        "challenges": raised.own_challenges(actor) if supplier else [],
        "now": now(),
    }
    return show(request, _LIST, page)


def _case_page(complaint_id: str, actor: Actor) -> dict[str, Any]:
    found = queries.case(complaint_id=complaint_id, viewer=actor, now=now())
    return {
        "case": found,
        "departments": queries.departments(),
        "refusals": REFUSALS,
        "pauses": PAUSES,
        "decisions": DECISIONS[found.row.scope],
        "remedies": queries.remedies(complaint_id=complaint_id, viewer=actor),
        "given": {},
        "now": now(),
    }


def case(request: HttpRequest, complaint_id: str) -> HttpResponse:
    """Show one case, with the steps that the viewer may take now."""
    return show(request, _CASE, _case_page(complaint_id, who(request)))


def take_step(request: HttpRequest, complaint_id: str, step: str) -> HttpResponse:
    """Take one step of a case."""
    actor = who(request)
    given = _given(request, "text", "choice", "remedy", "number", "days", "to")
    days = int(given["days"]) if given["days"].isascii() and given["days"].isdigit() else 0
    said = complaints.Said(**{**given, "days": min(days, 999)})
    act = partial(
        complaints.take_step,
        complaint_id=complaint_id,
        step=step,
        said=said,
        files=_files(request),
        actor=actor,
        now=now(),
    )
    return _acted(
        request,
        act,
        _CASE,
        partial(_case_page, complaint_id, actor),
        to="/work/complaints" if step == "pass_on" else f"/work/complaints/{complaint_id}",
        says="已办理",
        given={**given, "step": step},
    )


# -- the list of powers -------------------------------------------------------------------------------------------


def _powers_page(actor: Actor) -> dict[str, Any]:
    return {
        "rows": queries.powers(),
        "departments": queries.departments(),
        "heads": queries.heads(viewer=actor),
        "matters": MATTERS,
        "given": {},
    }


def powers(request: HttpRequest) -> HttpResponse:
    """Show and keep the list of powers: which department handles which complaints."""
    actor = who(request)
    if request.method != "POST":
        return show(request, _POWERS, _powers_page(actor))
    given: dict[str, Any] = _given(request, "department", "scope", "covers", "head", "upper")
    given["matters"] = request.POST.getlist("matters")
    return _acted(
        request,
        partial(complaints.keep_power, **given, actor=actor, now=now()),
        _POWERS,
        partial(_powers_page, actor),
        to="/work/powers",
        says="权力清单已保存",
        given=given,
    )


# -- for everybody ------------------------------------------------------------------------------------------------


def decisions(request: HttpRequest) -> HttpResponse:
    """List the decisions on complaints that were published, the newest first, and who handles what."""
    page = {"rows": notices.latest_of([NoticeKind.DECISION], limit=100), "powers": queries.powers()}
    return show(request, "public/decisions.html", page)


urlpatterns = [
    route("decisions", decisions, name="decisions", permission=P.PORTAL_READ),
    route(
        "work/rounds/<str:round_id>/challenge", challenge, name="work-challenge", permission=P.CHALLENGE_RAISE
    ),
    route(
        "work/rounds/<str:round_id>/prequalification-file",
        only_posted(take_front_file),
        name="work-front-take",
        permission=P.FILE_TAKE,
    ),
    route(
        "work/challenges/<str:challenge_id>",
        challenge_case,
        name="work-challenge-case",
        permission=P.WORKBENCH_READ,
    ),
    route(
        "work/challenges/<str:challenge_id>/answer",
        only_posted(answer_challenge),
        name="work-challenge-answer",
        permission=P.CHALLENGE_ANSWER,
    ),
    route(
        "work/challenges/<str:challenge_id>/withdraw",
        only_posted(withdraw_challenge),
        name="work-challenge-withdraw",
        permission=P.CHALLENGE_RAISE,
    ),
    route(
        "work/objections/<str:objection_id>/withdraw",
        only_posted(withdraw_objection),
        name="work-objection-withdraw",
        permission=P.FILE_OBJECT,
    ),
    route(
        "work/proceedings/<str:of>/challenge",
        challenge_step,
        name="work-challenge-step",
        permission=P.CHALLENGE_RAISE,
    ),
    route(
        "work/proceedings/<str:of>/complaint",
        file_complaint,
        name="work-complain",
        permission=P.COMPLAINT_FILE,
    ),
    route("work/complaints", complaint_list, name="work-complaints", permission=P.WORKBENCH_READ),
    route("work/complaints/<str:complaint_id>", case, name="work-complaint", permission=P.WORKBENCH_READ),
    route(
        "work/complaints/<str:complaint_id>/steps/<str:step>",
        only_posted(take_step),
        name="work-complaint-step",
        permission=P.WORKBENCH_READ,
    ),
    route("work/powers", powers, name="work-powers", permission=P.COMPLAINT_ROUTES),
]

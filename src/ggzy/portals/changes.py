"""Changing a running tender: choose, see everything that follows, confirm once. Questions and objections of bidders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.changes import actions as changes
from ggzy.changes import queries
from ggzy.changes.rules import OUTAGES, SUSPENSIONS, TERMINATIONS, Kind, Plan, Wish
from ggzy.inquiries import actions as inquiries
from ggzy.inquiries import queries as questions
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotPermitted, Refusal
from ggzy.objections import actions as objections
from ggzy.objections.queries import objections_on
from ggzy.objections.rules import extension_demanded
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import only_posted, refused_here, signing
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Hold, Stage
from ggzy.tendering import actions as tendering
from ggzy.tendering import queries as tenders
from ggzy.tendering import worklist

#: the words of each card of the desk, in the order in which a day needs them
CARDS = (
    (Kind.CLARIFY, P.CHANGE_MAKE, "发布澄清、修改和答疑; 影响编制而余期不足的, 系统给出应当延期到的时间。"),
    (Kind.POSTPONE, P.CHANGE_MAKE, "只推后投标截止(开标)时间。"),
    (Kind.OUTAGE, P.OUTAGE_REPORT, "停电、断网、数字证书或系统故障: 立即暂停并通知各方, 留存证据。"),
    (Kind.END_OUTAGE, P.OUTAGE_REPORT, "故障排除, 按规则补足时间后继续。"),
    (Kind.SUSPEND, P.TENDER_SUSPEND, "需要核实情况或收到责令: 暂停, 给出暂定的时间。"),
    (Kind.RESUME, P.TENDER_SUSPEND, "暂停事由消除, 恢复并公布时间。"),
    (Kind.TERMINATE, P.TENDER_TERMINATE, "不再招标: 退还费用和保证金, 投标文件永不开启。"),
)

#: what the engine moves before the bids: a prequalification, an invitation, a first stage
FRONT_CARDS = (
    (Kind.CLARIFY, "澄清修改资格预审文件; 影响编制而余期不足的, 系统给出应当延期到的时间。"),
    (Kind.POSTPONE, "只推后截止时间。"),
)


def _tender(tender_id: str, actor: Actor) -> tenders.TenderRow:
    """Return a tender to its owner side, the centre and the supervisor.

    :raises NotPermitted: anyone else
    """
    row = tenders.tender(tender_id, viewer=actor)
    own = bool(actor.organisation_pk) and actor.organisation_pk in {row.tenderee_pk, row.agency_pk}
    if not own and actor.role not in {Role.CENTRE, Role.SUPERVISOR}:
        raise NotPermitted(
            "只能办理本单位的项目",
            next_steps=(("查看公开信息", f"/tenders/{tender_id}"), ("返回工作台", "/work")),
        )
    return row


def _offered(standing: queries.Standing, actor: Actor) -> list[tuple[Kind, str]]:
    """Return what this person may change now, with its words."""
    now_possible = {
        Kind.CLARIFY: standing.open,
        Kind.POSTPONE: standing.open,
        Kind.TERMINATE: standing.open,
        Kind.SUSPEND: standing.running and not standing.suspended,
        Kind.RESUME: standing.suspended
        and (standing.suspended_by == Role.SUPERVISOR.value) == (actor.role is Role.SUPERVISOR),
        Kind.OUTAGE: standing.running and not standing.outage,
        Kind.END_OUTAGE: standing.outage,
    }
    return [(kind, says) for kind, permission, says in CARDS if now_possible[kind] and may(actor, permission)]


def _demands(row: Mapping[str, Any], deadline: datetime | None) -> bool:
    """Say whether an objection to the file that nobody has answered demands a later deadline."""
    if row["late"] or row["answered_at"] or row["withdrawn_at"] or deadline is None:
        return False
    return extension_demanded(answer_due_at=row["answer_due_at"], deadline=deadline, now=now())


def _page(tender_id: str, actor: Actor) -> dict[str, Any]:
    tender = _tender(tender_id, actor)
    standing = queries.standing(tender.pk)
    owner = actor.role in {Role.TENDEREE, Role.AGENCY}
    states = tenders.states_of(tender_id)
    file_objections = [
        {**row, "lot": state.lot_name, "round": state.round, "extend": _demands(row, standing.deadline)}
        for state in states
        for row in objections_on(round_id=state.round, viewer=actor)
        if row["about"] == "file"
    ]
    front = queries.front_standing(tender.pk, now=now())
    copy = tendering.working_copy_state(tender_id) if owner and standing.open else None
    return {
        "tender": tender,
        "standing": standing,
        "offered": _offered(standing, actor),
        "front": front,
        "front_offered": [
            card
            for card in FRONT_CARDS
            if front and may(actor, P.CHANGE_MAKE) and (front.clarifies or card[0] is Kind.POSTPONE)
        ],
        "states": states,
        "to_call_off": [s for s in states if BY_CODE[tender.procedure_code].has(s.stage, "call_off")],
        "holds": sorted({Hold(kind).label for state in states for kind in state.holds}),
        "questions": questions.open_questions(tender.pk) if owner else [],
        "answered": questions.answered(tender.pk),
        "file_objections": file_objections,
        "history": queries.changes_of(tender.pk),
        "outages": queries.outages(tender_pk=tender.pk, viewer=actor),
        "copy": copy,
        "conclusion": worklist.last_conclusion(tender_id) if copy else None,
        "grounds": {"terminate": TERMINATIONS, "suspend": SUSPENSIONS, "outage": OUTAGES},
        "is_owner": owner,
        "is_tenderee": actor.role is Role.TENDEREE and actor.organisation_pk == tender.tenderee_pk,
        "given": {},
        "now": now(),
    } | _asked("", front=False)


def _asked(kind: str, *, front: bool) -> dict[str, str]:
    """Return which card is open: of the bids' deadline, or of a front's."""
    return {"asked": "" if front else kind, "asked_front": kind if front else ""}


def desk(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show what may be changed of a tender now, what was changed, what waits for an answer."""
    page = _page(tender_id, who(request))
    asked, front = request.GET.get("kind", ""), bool(request.GET.get("front"))
    offered = page["front_offered"] if front else page["offered"]
    if asked in {kind.value for kind, _ in offered}:
        page |= _asked(asked, front=front)
    return show(request, "work/changes.html", page)


def _moment(request: HttpRequest, name: str, says: str) -> datetime | None:
    given = text(request, name)
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise BadInput(f"请选择{says}", field=name) from None
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)


def _wish(request: HttpRequest) -> Wish:
    try:
        kind = Kind(text(request, "kind"))
    except ValueError:
        raise BadInput("请选择要办理的事项", field="kind") from None
    answers = {
        name.removeprefix("answer_"): str(value).strip()
        for name, value in request.POST.items()
        if name.startswith("answer_") and str(value).strip()
    }
    return Wish(
        kind=kind,
        text=text(request, "text"),
        ground=text(request, "ground"),
        new_deadline=_moment(request, "new_deadline", "新的截止时间"),
        affects_bids=bool(request.POST.get("affects_bids")),
        answers=answers or None,
        started_at=_moment(request, "started_at", "故障发生的时间"),
        front=bool(request.POST.get("front")),
    )


def _given(request: HttpRequest) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: text(request, name) for name in ("kind", "text", "ground", "new_deadline", "started_at")
    }
    given["affects_bids"] = bool(request.POST.get("affects_bids"))
    given["front"] = bool(request.POST.get("front"))
    given["answers"] = {
        name.removeprefix("answer_"): str(value)
        for name, value in request.POST.items()
        if name.startswith("answer_")
    }
    return given


def look(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show everything that follows from a change, and let it be confirmed."""
    actor = who(request)
    try:
        wish = _wish(request)
        plan = changes.look(tender_id=tender_id, wish=wish, actor=actor, now=now())
    except Refusal as refusal:
        return _again(request, tender_id, refusal)
    return _shown(request, tender_id, wish, plan)


def _again(request: HttpRequest, tender_id: str, refusal: Refusal) -> HttpResponse:
    given = _given(request)
    page = _page(tender_id, who(request)) | _asked(given["kind"], front=given["front"])
    return refused_here(request, "work/changes.html", page, refusal, given=given)


def _shown(request: HttpRequest, tender_id: str, wish: Wish, plan: Plan, *, says: str = "") -> HttpResponse:
    page = {
        "tender": _tender(tender_id, who(request)),
        "wish": wish,
        "plan": plan,
        "given": _given(request),
        "says": says,
        "title": f"{_label(wish)}: 核对后果",
        "label": _label(wish),
    }
    return show(request, "work/change_plan.html", page, status=409 if says else 200)


def _label(wish: Wish) -> str:
    return "澄清修改资格预审文件" if wish.front and wish.kind is Kind.CLARIFY else wish.kind.label


def make(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Do the change that was confirmed; if anything moved meanwhile, show it anew."""
    actor = who(request)
    try:
        wish = _wish(request)
        changes.make_change(
            tender_id=tender_id,
            wish=wish,
            confirmed=text(request, "confirmed"),
            evidence=[(f.name or "证据", f.read()) for f in request.FILES.getlist("evidence")],
            actor=actor,
            now=now(),
        )
    except changes.rules.PlanChanged as refusal:
        plan = changes.look(tender_id=tender_id, wish=wish, actor=actor, now=now())
        return _shown(request, tender_id, wish, plan, says=refusal.message)
    except Refusal as refusal:
        return _again(request, tender_id, refusal)
    to, told = ("front", "公告或通知已发出") if wish.front else ("changes", "已公告、已通知")
    return done(f"/work/tenders/{tender_id}/{to}", f"{_label(wish)}已办理: {told}, 相关时间均已更新")


def review_to_sign(request: HttpRequest, tender_id: str) -> bytes:
    """Return the conclusion on the working copy for the tenderee to sign."""
    opinion = request.GET.get("opinion", "").strip()
    return tendering.statement_to_sign(tender_id=tender_id, passed=True, opinion=opinion, actor=who(request))


def review(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Conclude the review of the changed file, so that a clarification may publish it."""
    try:
        tendering.conclude_review(
            tender_id=tender_id,
            passed=True,
            opinion=text(request, "opinion"),
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return _again(request, tender_id, refusal)
    return done(
        f"/work/tenders/{tender_id}/changes?kind=clarify", "修改后的招标文件已通过公平竞争审查, 可以发布澄清"
    )


def answer_file_objection(request: HttpRequest, objection_id: str) -> HttpResponse:
    """Answer an objection to the tender file."""
    tender_id = text(request, "tender")
    try:
        objections.answer_objection(
            objection_id=objection_id,
            answer=text(request, "answer"),
            upheld=text(request, "upheld") == "true",
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page = _page(tender_id, who(request))
        given = {"objection": objection_id, "answer": text(request, "answer")}
        return refused_here(request, "work/changes.html", page, refusal, given=given)
    upheld = text(request, "upheld") == "true"
    says = "异议已答复, 暂停解除" + ("; 请接着修改招标文件并发布澄清" if upheld else "")
    return done(f"/work/tenders/{tender_id}/changes" + ("?kind=clarify" if upheld else ""), says)


# bidders


def _ask_page(tender_id: str, actor: Actor) -> dict[str, Any]:
    row = tenders.tender(tender_id, viewer=actor)
    lots = [lot for lot in tenders.lots_of_tender(tender_id) if lot.stage == Stage.OPEN_FOR_BID]
    own = [
        {**o, "lot": lot.name}
        for lot in tenders.lots_of_tender(tender_id)
        for o in objections_on(round_id=lot.round, viewer=actor)
        if o["about"] == "file" and o["objector"] == actor.organisation_name
    ]
    moment = now()
    return {
        "tender": row,
        "lots": lots,
        "open": any(lot.bid_deadline and moment < lot.bid_deadline for lot in lots),
        "taken": questions.version_taken(tender_pk=row.pk, actor=actor),
        "own": questions.own_questions(tender_pk=row.pk, actor=actor),
        "answered": questions.answered(row.pk),
        "objections": own,
        "site": row.document.get("site", ""),
        "given": {},
        "now": moment,
    }


def ask(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Let a bidder take the file, ask without a name, object to the file."""
    actor = who(request)
    if request.method != "POST":
        return show(request, "work/ask.html", _ask_page(tender_id, actor))
    what, said = text(request, "what"), text(request, "text")
    try:
        if what == "take":
            inquiries.take_file(tender_id=tender_id, actor=actor, now=now())
            says = "已登记, 今后的澄清、延期和暂停会通知贵单位; 除贵单位外任何人看不到"
        elif what == "ask":
            inquiries.ask(tender_id=tender_id, text=said, actor=actor, now=now())
            says = "问题已提交, 不显示提问单位; 答复时通知全部获取文件的单位"
        elif what == "object":
            row = objections.object_to_file(
                round_id=text(request, "round"), text=said, actor=actor, now=now()
            )
            says = (
                "异议已提出; 已超过法定期限, 不产生暂停效力, 招标人仍会回应"
                if row.late
                else "异议已提出, 招标人3日内答复, 答复前暂停"
            )
        else:
            raise BadInput("请选择要办理的事项")
    except Refusal as refusal:
        page = _ask_page(tender_id, actor)
        given = {"what": what, "text": said, "round": text(request, "round")}
        return refused_here(request, "work/ask.html", page, refusal, given=given)
    return done(f"/work/tenders/{tender_id}/ask", says)


_TENDER = "work/tenders/<str:tender_id>"
urlpatterns = [
    route(f"{_TENDER}/changes", desk, name="work-changes", permission=P.WORKBENCH_READ),
    route(f"{_TENDER}/changes/look", only_posted(look), name="work-look", permission=P.WORKBENCH_READ),
    route(f"{_TENDER}/changes/make", only_posted(make), name="work-change", permission=P.WORKBENCH_READ),
    route(
        f"{_TENDER}/changes/review",
        only_posted(review),
        name="work-change-review",
        permission=P.REVIEW_CONCLUDE,
    ),
    route(
        f"{_TENDER}/changes/review/to-sign",
        signing(review_to_sign),
        name="change-review-to-sign",
        permission=P.REVIEW_CONCLUDE,
    ),
    route(
        "work/file-objections/<str:objection_id>/answer",
        only_posted(answer_file_objection),
        name="work-answer-file",
        permission=P.OBJECTION_ANSWER,
    ),
    route(f"{_TENDER}/ask", ask, name="work-ask", permission=P.QUESTION_ASK),
]

"""An expert's own pages: the file, applying, the exam, leave, appeals, and rating the owner side back."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.pool import actions, conduct, exams, keeping, queries, rules
from ggzy.pool.rules import State
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import Todo, only_posted, refused_here

ME = "/work/pool/me"
_FIELDS = (
    "name",
    "id_number",
    "phone",
    "title",
    "years",
    "specialties",
    "employer_name",
    "employer_uscc",
    "region",
    "bank_name",
    "bank_account",
)


def todos(actor: Actor) -> list[Todo]:
    """Return what the pool waits for: an expert's own steps, and the appeals of who decides them."""
    if may(actor, P.POOL_APPEAL):
        waiting = [row for row in queries.open_appeals(actor=actor) if not row["mine"]]
        return [
            Todo(what="处理专家申诉", where=row["against"], href="/work/pool/appeals", label="处理")
            for row in waiting
        ]
    if actor.role is not Role.EXPERT:
        return []
    state = queries.own_state(actor)
    if state is None:
        return [
            Todo(
                what="申请进入评标专家库", where="审核、考试合格后聘任", href="/work/pool/apply", label="申请"
            )
        ]
    if state is State.EXAM:
        return [Todo(what="参加入库考试", where="审核已合格", href=ME, label="去考试")]
    if state is State.APPLIED:
        return [
            Todo(what="补正入库申请", where="中心已退回, 理由见档案", href="/work/pool/apply", label="补正")
        ]
    return []


def day(request: HttpRequest, name: str, *, says: str) -> date:
    """Return a posted day.

    :raises BadInput: empty, or no day
    """
    try:
        return date.fromisoformat(text(request, name))
    except ValueError:
        raise BadInput(f"请选择{says}", field=name) from None


def register(request: HttpRequest) -> HttpResponse:
    """Open an account for somebody who wants to apply to the pool."""
    page: dict[str, Any] = {"given": {}}
    if request.method != "POST":
        return show(request, "work/pool_register.html", page)
    given = {name: text(request, name) for name in ("username", "person_name")}
    password = str(request.POST.get("password", ""))
    try:
        if password != str(request.POST.get("password_again", "")):
            raise BadInput("两次输入的密码不一致, 请重新输入", field="password_again")
        actions.register_applicant(**given, password=password, actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/pool_register.html", page, refusal, given=given)
    return done("/login?next=/work/pool/apply", "账号已开通。请登录, 然后填写入库申请")


def me(request: HttpRequest) -> HttpResponse:
    """Show one's own file."""
    actor = who(request)
    if not queries.has_file(actor):
        return done("/work/pool/apply")
    return show(request, "work/pool_me.html", _mine(request))


def _mine(request: HttpRequest) -> dict[str, Any]:
    return {"own": queries.my_file(actor=who(request), now=now()), "given": {}}


def apply(request: HttpRequest) -> HttpResponse:
    """Fill in the application, or mend one that was sent back."""
    actor = who(request)
    own = queries.my_file(actor=actor, now=now()) if queries.has_file(actor) else None
    page: dict[str, Any] = {"own": own, "titles": rules.TITLES, "given": _known(own)}
    if request.method != "POST":
        return show(request, "work/pool_apply.html", page)
    given = {name: text(request, name) for name in _FIELDS}
    try:
        if not given["years"].isdigit() or len(given["years"]) > 2:
            raise BadInput("从业年限应为整数", field="years")
        attached = [(f.name, f.read()) for f in request.FILES.getlist("proofs")]
        codes = [c.strip().upper() for c in given["specialties"].replace("、", ",").split(",") if c.strip()]
        said = actions.Application(
            **{k: v for k, v in given.items() if k not in {"years", "specialties"}},
            years=int(given["years"]),
            specialties=dict.fromkeys(codes, attached),
        )
        actions.apply(said=said, actor=actor, now=now())
    except Refusal as refusal:
        return refused_here(request, "work/pool_apply.html", page, refusal, given=given)
    return done(ME, "申请已提交, 等待审核")


def _known(own: dict[str, Any] | None) -> dict[str, Any]:
    if own is None:
        return {}
    return {
        "years": own["years"],
        "specialties": "、".join(code for code, _ in own["specialties"]),
        "employer_name": own["employer"][0],
        "employer_uscc": own["employer"][1],
        "region": own["row"].region,
    }


def contact(request: HttpRequest) -> HttpResponse:
    """Keep one's phone and bank account."""
    given = {name: text(request, name) for name in ("phone", "bank_name", "bank_account")}
    try:
        actions.keep_contact(**given, actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/pool_me.html", _mine(request), refusal, given=given)
    return done(ME, "已保存")


def leave(request: HttpRequest) -> HttpResponse:
    """Take leave."""
    given = {name: text(request, name) for name in ("since", "until", "reason")}
    try:
        keeping.ask_leave(
            since=day(request, "since", says="请假开始日期"),
            until=day(request, "until", says="请假结束日期"),
            reason=given["reason"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/pool_me.html", _mine(request), refusal, given=given)
    return done(ME, "已请假, 期间不会抽取您")


def end_leave(request: HttpRequest, leave_id: str) -> HttpResponse:
    """End one's leave."""
    keeping.end_leave(leave_id=leave_id, actor=who(request), now=now())
    return done(ME, "已销假")


def leave_pool(request: HttpRequest) -> HttpResponse:
    """Leave the pool."""
    given = {"exit_reason": text(request, "exit_reason")}
    try:
        actions.leave_pool(reason=given["exit_reason"], actor=who(request), now=now())
    except Refusal as refusal:
        page = _mine(request)
        return refused_here(request, "work/pool_me.html", page, refusal, given=given, field="exit_reason")
    return done(ME, "已办理出库")


def begin_exam(request: HttpRequest) -> HttpResponse:
    """Begin an attempt, or go on with the one that runs."""
    made = exams.begin_exam(actor=who(request), now=now())
    return done(f"/work/pool/exams/{made.public_id}")


def exam(request: HttpRequest, exam_id: str) -> HttpResponse:
    """Show an attempt; take its answers."""
    actor = who(request)
    if request.method != "POST":
        return show(request, "work/pool_exam.html", {"exam": queries.exam_page(exam_id, actor=actor)})
    answers = {
        key.removeprefix("q:"): [int(n) for n in request.POST.getlist(key) if n.isdigit() and len(n) < 3]
        for key in request.POST
        if key.startswith("q:")
    }
    made = exams.hand_in_exam(exam_id=exam_id, answers=answers, actor=actor, now=now())
    return done(f"/work/pool/exams/{exam_id}", f"已交卷, 得分{made.score}")


def appeal(request: HttpRequest) -> HttpResponse:
    """Appeal against a rating or a suspension."""
    given = {name: text(request, name) for name in ("text", "rating", "suspension")}
    try:
        conduct.appeal(
            text=given["text"],
            rating_id=given["rating"],
            suspension_id=given["suspension"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/pool_me.html", _mine(request), refusal, given=given, field="text")
    return done(ME, "申诉已提交, 由作出评价或者决定以外的人处理")


def rate_back(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Rate the owner side and the centre after a meeting."""
    page = {"items": rules.BACK_ITEMS, "draw": draw_id, "marks": range(1, 6), "given": {}}
    if request.method != "POST":
        return show(request, "work/pool_rate_back.html", page)
    given = {name: text(request, name) for name in (*rules.BACK_ITEMS, "words")}
    try:
        marks = {key: int(given[key]) for key in rules.BACK_ITEMS if given[key].isdigit()}
        conduct.rate_back(draw_id=draw_id, marks=marks, words=given["words"], actor=who(request), now=now())
    except Refusal as refusal:
        return refused_here(request, "work/pool_rate_back.html", page, refusal, given=given)
    return done(ME, "评价已提交")


urlpatterns = [
    route("register/expert", register, name="register-expert", permission=P.PARTY_REGISTER),
    route("work/pool/me", me, name="pool-me", permission=P.POOL_OWN),
    route("work/pool/apply", apply, name="pool-apply", permission=P.POOL_OWN),
    route("work/pool/contact", only_posted(contact), name="pool-contact", permission=P.POOL_OWN),
    route("work/pool/leave", only_posted(leave), name="pool-leave", permission=P.POOL_OWN),
    route(
        "work/pool/leave/<str:leave_id>/end",
        only_posted(end_leave),
        name="pool-leave-end",
        permission=P.POOL_OWN,
    ),
    route("work/pool/exit", only_posted(leave_pool), name="pool-exit", permission=P.POOL_OWN),
    route("work/pool/exam", only_posted(begin_exam), name="pool-exam-begin", permission=P.POOL_OWN),
    route("work/pool/exams/<str:exam_id>", exam, name="pool-exam", permission=P.POOL_OWN),
    route("work/pool/appeal", only_posted(appeal), name="pool-appeal", permission=P.POOL_OWN),
    route("work/pool/back/<str:draw_id>", rate_back, name="pool-rate-back", permission=P.POOL_OWN),
]

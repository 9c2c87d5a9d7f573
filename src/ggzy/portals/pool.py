"""The desk of the expert pool: the list, a file with its review, training, questions, spreadsheets, suspensions, appeals."""

from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse

from ggzy.kernel import files
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.pool import actions, conduct, exams, keeping, queries, sheets
from ggzy.pool.rules import State
from ggzy.portals.exports import as_xlsx
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.pool_own import day
from ggzy.portals.work import only_posted, refused_here

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx(name: str, data: bytes) -> HttpResponse:
    """Return a spreadsheet to keep; no cache keeps it."""
    answer = HttpResponse(data, content_type=_XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    answer["Cache-Control"] = "no-store"
    return answer


def _list(request: HttpRequest) -> dict[str, Any]:
    actor = who(request)
    asked = {key: request.GET.get(key, "").strip() for key in ("state", "specialty", "words")}
    number = request.GET.get("page", "1")
    number = int(number) if number.isdigit() and len(number) < 6 else 1
    rows, more = queries.files(actor=actor, now=now(), **asked, number=number)
    return {
        "rows": rows,
        "more": number + 1 if more else 0,
        "asked": asked,
        "counts": queries.counts(actor=actor),
        "states": list(State),
        "centre": may(actor, P.POOL_KEEP),
        "given": {},
    }


def pool(request: HttpRequest) -> HttpResponse:
    """Show the pool."""
    return show(request, "work/pool.html", _list(request))


def _file(request: HttpRequest, file_id: str) -> dict[str, Any]:
    actor = who(request)
    return {
        "own": queries.file_row(file_id, actor=actor, now=now()),
        "centre": may(actor, P.POOL_KEEP),
        "supervisor": may(actor, P.POOL_SUSPEND),
        "year": now().year,
        "given": {},
    }


def file(request: HttpRequest, file_id: str) -> HttpResponse:
    """Show one file, its personal data masked."""
    return show(request, "work/pool_file.html", _file(request, file_id))


def open_personal(request: HttpRequest, file_id: str) -> HttpResponse:
    """Show a file with its personal data once; the look is in the log."""
    given = {"purpose": text(request, "purpose")}
    try:
        opened = queries.open_personal(
            file_id=file_id, reason=given["purpose"], actor=who(request), now=now()
        )
    except Refusal as refusal:
        return refused_here(request, "work/pool_file.html", _file(request, file_id), refusal, given=given)
    answer = show(request, "work/pool_file.html", _file(request, file_id) | {"opened": opened})
    answer["Cache-Control"] = "no-store"
    return answer


def act(request: HttpRequest, file_id: str) -> HttpResponse:
    """Do what the centre does with a file: review, renew, resume, dismiss, note the face, assess."""
    what, reason, actor, moment = text(request, "what"), text(request, "reason"), who(request), now()
    given = {"reason": reason, "what": what}
    try:
        match what:
            case "admit" | "send_back" | "refuse":
                actions.review(file_id=file_id, decision=what, reason=reason, actor=actor, now=moment)
            case "renew" | "end":
                keep = what == "renew"
                actions.renew(file_id=file_id, keep=keep, reason=reason, actor=actor, now=moment)
            case "resume":
                actions.resume(file_id=file_id, reason=reason, actor=actor, now=moment)
            case "dismiss":
                actions.dismiss(file_id=file_id, reason=reason, actor=actor, now=moment)
            case "face":
                keeping.note_face(file_id=file_id, actor=actor, now=moment)
            case "assess":
                year = text(request, "year")
                number = int(year) if year.isdigit() and len(year) == 4 else 0
                keeping.assess(file_id=file_id, year=number, actor=actor, now=moment)
            case _:
                raise BadInput("请选择要办理的事项", field="reason")
    except Refusal as refusal:
        return refused_here(request, "work/pool_file.html", _file(request, file_id), refusal, given=given)
    return done(f"/work/pool/files/{file_id}", "已办理")


def suspend(request: HttpRequest, file_id: str) -> HttpResponse:
    """Suspend or bar an expert by a decision."""
    names = ("kind", "basis", "authority", "reason", "repair", "until")
    given = {name: text(request, name) for name in names}
    try:
        until = day(request, "until", says="结束日期") if given["until"] else None
        conduct.suspend(
            file_id=file_id,
            **given | {"until": until},
            actor=who(request),
            now=now(),  # type: ignore[arg-type]
        )
    except Refusal as refusal:
        return refused_here(request, "work/pool_file.html", _file(request, file_id), refusal, given=given)
    return done(f"/work/pool/files/{file_id}", "已登记决定, 即日起不再抽取")


def lift(request: HttpRequest, file_id: str) -> HttpResponse:
    """Lift a suspension."""
    given = {"lift_reason": text(request, "lift_reason")}
    try:
        conduct.lift(
            suspension_id=text(request, "suspension"),
            reason=given["lift_reason"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page = _file(request, file_id)
        return refused_here(request, "work/pool_file.html", page, refusal, given=given, field="lift_reason")
    return done(f"/work/pool/files/{file_id}", "已解除")


def proof(request: HttpRequest, digest: str) -> HttpResponse:
    """Send a proof of a file."""
    name = queries.proof_file(digest, actor=who(request))
    path = files.path_of(digest)
    if not path.exists():
        raise NotFound("没有这份证明文件")
    answer = FileResponse(path.open("rb"), filename=name, as_attachment=True)
    answer["Cache-Control"] = "no-store"
    return answer


def training(request: HttpRequest) -> HttpResponse:
    """Note a course for several experts."""
    page = _list(request)
    if request.method != "POST":
        return show(request, "work/pool_training.html", page)
    given: dict[str, Any] = {name: text(request, name) for name in ("course", "hours", "held_on")}
    given["files"] = request.POST.getlist("files")
    try:
        made = keeping.keep_training(
            file_ids=given["files"],
            course=given["course"],
            hours=given["hours"],
            held_on=day(request, "held_on", says="培训日期"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/pool_training.html", page, refusal, given=given)
    return done("/work/pool/training", f"已登记{made}人的学时")


def questions(request: HttpRequest) -> HttpResponse:
    """Show the question bank; take one question or a spreadsheet of them."""
    actor = who(request)
    page: dict[str, Any] = {
        "rows": queries.questions(actor=actor),
        "columns": sheets.QUESTION_COLUMNS,
        "numbers": range(1, 5),
        "settings": settings,
        "given": {},
    }
    if request.method != "POST":
        return show(request, "work/pool_questions.html", page)
    names = ("specialty", "text", "option1", "option2", "option3", "option4", "right")
    given = {name: text(request, name) for name in names}
    try:
        if (sheet := request.FILES.get("sheet")) is not None:
            made = sheets.import_questions(data=sheet.read(), actor=actor, now=now())
            return done("/work/pool/questions", f"已导入{made}道题")
        right = [int(n) - 1 for n in given["right"].replace("、", ",").split(",") if n.strip().isdigit()]
        options = [given[f"option{n}"] for n in range(1, 5)]
        exams.keep_question(
            specialty=given["specialty"],
            text=given["text"],
            options=options,
            right=right,
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        page["problems"] = getattr(refusal, "problems", [])
        return refused_here(request, "work/pool_questions.html", page, refusal, given=given)
    return done("/work/pool/questions", "已加入题库")


def drop_question(request: HttpRequest, question_id: str) -> HttpResponse:
    """Ask a question no more."""
    exams.drop_question(question_id=question_id, actor=who(request), now=now())
    return done("/work/pool/questions", "已停用")


def exchange(request: HttpRequest) -> HttpResponse:
    """Take experts over from a spreadsheet, all lines or none."""
    page: dict[str, Any] = {"columns": sheets.COLUMNS, "given": {}}
    if request.method != "POST":
        return show(request, "work/pool_exchange.html", page)
    given = {"reason": text(request, "reason")}
    try:
        sheet = request.FILES.get("sheet")
        if sheet is None:
            raise BadInput("请选择xlsx文件", field="sheet")
        new = sheets.import_experts(data=sheet.read(), reason=given["reason"], actor=who(request), now=now())
    except Refusal as refusal:
        page["problems"] = getattr(refusal, "problems", [])
        return refused_here(request, "work/pool_exchange.html", page, refusal, given=given)
    if new:
        return xlsx("first-passwords", as_xlsx("首次登录", ("用户名", "首次密码"), new))
    return done("/work/pool/exchange", "已更新, 没有新的专家")


def export(request: HttpRequest) -> HttpResponse:
    """Send the pool as a spreadsheet; the reason is in the log."""
    given = {"reason": text(request, "reason")}
    try:
        rows = sheets.export_experts(reason=given["reason"], actor=who(request), now=now())
    except Refusal as refusal:
        page = {"columns": sheets.COLUMNS}
        return refused_here(request, "work/pool_exchange.html", page, refusal, given=given)
    return xlsx("experts", as_xlsx("专家库", sheets.COLUMNS, rows))


def template(request: HttpRequest) -> HttpResponse:
    """Send an empty spreadsheet with the header."""
    return xlsx("experts-template", as_xlsx("专家库", sheets.COLUMNS, ()))


def appeals(request: HttpRequest) -> HttpResponse:
    """Show the appeals that wait; decide one."""
    actor = who(request)
    page: dict[str, Any] = {"rows": queries.open_appeals(actor=actor), "given": {}}
    if request.method != "POST":
        return show(request, "work/pool_appeals.html", page)
    given = {name: text(request, name) for name in ("appeal", "upheld", "opinion")}
    try:
        if given["upheld"] not in {"yes", "no"}:
            raise BadInput("请选择申诉是否成立", field="upheld")
        conduct.decide_appeal(
            appeal_id=given["appeal"],
            upheld=given["upheld"] == "yes",
            opinion=given["opinion"],
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/pool_appeals.html", page, refusal, given=given)
    return done("/work/pool/appeals", "已处理")


_FILE = "work/pool/files/<str:file_id>"
urlpatterns = [
    route("work/pool", pool, name="pool", permission=P.POOL_OPEN),
    route(_FILE, file, name="pool-file", permission=P.POOL_OPEN),
    route(f"{_FILE}/open", only_posted(open_personal), name="pool-open", permission=P.POOL_OPEN),
    route(f"{_FILE}/act", only_posted(act), name="pool-act", permission=P.POOL_KEEP),
    route(f"{_FILE}/suspend", only_posted(suspend), name="pool-suspend", permission=P.POOL_SUSPEND),
    route(f"{_FILE}/lift", only_posted(lift), name="pool-lift", permission=P.POOL_SUSPEND),
    route("work/pool/proofs/<str:digest>", proof, name="pool-proof", permission=P.POOL_OPEN),
    route("work/pool/own-proofs/<str:digest>", proof, name="pool-own-proof", permission=P.POOL_OWN),
    route("work/pool/training", training, name="pool-training", permission=P.POOL_KEEP),
    route("work/pool/questions", questions, name="pool-questions", permission=P.POOL_KEEP),
    route(
        "work/pool/questions/<str:question_id>/drop",
        only_posted(drop_question),
        name="pool-question-drop",
        permission=P.POOL_KEEP,
    ),
    route("work/pool/exchange", exchange, name="pool-exchange", permission=P.POOL_KEEP),
    route("work/pool/export", only_posted(export), name="pool-export", permission=P.POOL_KEEP),
    route("work/pool/template.xlsx", template, name="pool-template", permission=P.POOL_KEEP),
    route("work/pool/appeals", appeals, name="pool-appeals", permission=P.POOL_APPEAL),
]

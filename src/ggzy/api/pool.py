"""API of the expert pool: one's own file, exam, leave, appeal; the centre's desk; the supervisor's decisions; fees.

Personal data is read with GET and a purpose, never written into the table of remembered answers.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ggzy.api.draws import Reason
from ggzy.api.frame import answer, decoded, now, who, write
from ggzy.kernel.refusals import BadInput
from ggzy.pool import actions, conduct, exams, fees, keeping, queries, sheets

router = Router(tags=["专家库"])


class ProofIn(Schema):
    """A file that proves a specialty, base64."""

    name: str
    data: str


class ApplicationIn(Schema):
    """What an expert says of themselves; what is empty and was said before stays. `specialties`: code → its proofs."""

    name: str = ""
    id_number: str = ""
    phone: str = ""
    title: str = ""
    years: int = 0
    specialties: dict[str, list[ProofIn]]
    employer_name: str = ""
    employer_uscc: str = ""
    region: str = ""
    bank_name: str = ""
    bank_account: str = ""

    def whole(self) -> actions.Application:
        """Return the application as the context takes it."""
        facts = self.dict() | {
            "specialties": {
                code: [(one.name, decoded(one.data, field="data")) for one in proofs]
                for code, proofs in self.specialties.items()
            }
        }
        return actions.Application(**facts)


class RegistrationIn(Schema):
    """An account for somebody who wants to apply."""

    username: str
    password: str
    person_name: str


class ContactIn(Schema):
    """One's phone and bank account; what is empty stays."""

    phone: str = ""
    bank_name: str = ""
    bank_account: str = ""


class AnswersIn(Schema):
    """Question → the numbers of the options chosen."""

    answers: dict[str, list[int]]


class LeaveIn(Schema):
    """The first and the last day."""

    since: date
    until: date
    reason: str = ""


class AppealIn(Schema):
    """Against a rating or a suspension, and why."""

    text: str
    rating: str = ""
    suspension: str = ""


class BackIn(Schema):
    """1 to 5 for each item."""

    marks: dict[str, int]
    words: str = ""


class ReviewIn(Schema):
    """`admit`, `send_back` or `refuse`, and why."""

    decision: str
    reason: str = ""


class RenewalIn(Schema):
    """Renew the term, or end it with a reason."""

    keep: bool
    reason: str = ""


class YearIn(Schema):
    """A year."""

    year: int


class TrainingIn(Schema):
    """A course, its hours, and who took it."""

    files: list[str]
    course: str
    hours: str
    held_on: date


class QuestionIn(Schema):
    """A question; without a specialty it is for everybody. `right`: numbers of options, from 0."""

    text: str
    options: list[str]
    right: list[int]
    specialty: str = ""


class SheetIn(Schema):
    """A spreadsheet (xlsx, base64) and on what ground it is taken over."""

    data: str
    reason: str = ""


class SuspensionIn(Schema):
    """A decision: `kind` is pause or ban."""

    kind: str
    basis: str
    authority: str
    reason: str
    repair: str
    until: date | None = None


class VerdictIn(Schema):
    """Whether an appeal is upheld, and the opinion."""

    upheld: bool
    opinion: str


class RatingIn(Schema):
    """The code of a member and what was wrong; no faults: good."""

    code: str
    faults: list[str] = []
    words: str = ""


class TotalIn(Schema):
    """The total as the owner side read it, 元."""

    total: str


class PaymentIn(Schema):
    """The bank's reference."""

    reference: str


def _state(file: Any) -> dict[str, Any]:
    return {"file": file.public_id, "state": file.state, "term_from": file.term_from, "term_to": file.term_to}


def _private(value: Any) -> HttpResponse:
    """Answer with personal data: no cache keeps it."""
    made = answer(value)
    made["Cache-Control"] = "no-store"
    return made


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> HttpResponse:
    return _private({"columns": list(columns), "rows": [list(row) for row in rows]})


# One's own file


@router.post("/pool/accounts", summary="申请成为评标专家: 开通账号")
@write
def register_applicant(request: HttpRequest, body: RegistrationIn) -> dict[str, Any]:
    made = actions.register_applicant(**body.dict(), actor=who(request), now=now())
    return {"username": made.username}


@router.get("/pool/me", summary="本人的专家档案")
def my_file(request: HttpRequest) -> HttpResponse:
    return _private(queries.my_file(actor=who(request), now=now()))


@router.post("/pool/me/application", summary="申请入库, 或补正后重新提交")
@write
def apply(request: HttpRequest, body: ApplicationIn) -> dict[str, Any]:
    return _state(actions.apply(said=body.whole(), actor=who(request), now=now()))


@router.post("/pool/me/contact", summary="更新本人的手机和银行账号")
@write
def keep_contact(request: HttpRequest, body: ContactIn) -> dict[str, Any]:
    return _state(actions.keep_contact(**body.dict(), actor=who(request), now=now()))


@router.post("/pool/me/exit", summary="本人申请出库")
@write
def leave_pool(request: HttpRequest, body: Reason) -> dict[str, Any]:
    return _state(actions.leave_pool(reason=body.reason, actor=who(request), now=now()))


@router.post("/pool/me/exams", summary="开始考试, 或继续正在进行的一次")
@write
def begin_exam(request: HttpRequest) -> dict[str, Any]:
    made = exams.begin_exam(actor=who(request), now=now())
    return queries.exam_page(made.public_id, actor=who(request))


@router.get("/pool/me/exams/{exam_id}", summary="试卷")
def exam(request: HttpRequest, exam_id: str) -> HttpResponse:
    return answer(queries.exam_page(exam_id, actor=who(request)))


@router.post("/pool/me/exams/{exam_id}", summary="交卷")
@write
def hand_in_exam(request: HttpRequest, exam_id: str, body: AnswersIn) -> dict[str, Any]:
    made = exams.hand_in_exam(exam_id=exam_id, answers=body.answers, actor=who(request), now=now())
    return {"exam": made.public_id, "score": made.score, "passed": made.passed}


@router.post("/pool/me/leaves", summary="请假")
@write
def ask_leave(request: HttpRequest, body: LeaveIn) -> dict[str, Any]:
    made = keeping.ask_leave(**body.dict(), actor=who(request), now=now())
    return {"leave": made.public_id, "since": made.since, "until": made.until}


@router.post("/pool/me/leaves/{leave_id}/end", summary="销假")
@write
def end_leave(request: HttpRequest, leave_id: str) -> dict[str, Any]:
    made = keeping.end_leave(leave_id=leave_id, actor=who(request), now=now())
    return {"leave": made.public_id, "ended_at": made.ended_at}


@router.post("/pool/me/appeals", summary="对评价或者决定提出申诉")
@write
def appeal(request: HttpRequest, body: AppealIn) -> dict[str, Any]:
    made = conduct.appeal(
        text=body.text,
        rating_id=body.rating,
        suspension_id=body.suspension,
        actor=who(request),
        now=now(),
    )
    return {"appeal": made.public_id}


@router.post("/pool/me/meetings/{draw_id}/rating", summary="专家评价招标人和中心")
@write
def rate_back(request: HttpRequest, draw_id: str, body: BackIn) -> dict[str, Any]:
    made = conduct.rate_back(draw_id=draw_id, **body.dict(), actor=who(request), now=now())
    return {"rating": made.public_id}


# The centre's desk and the supervisor's


@router.get("/pool/files", summary="专家库(姓名遮盖)")
def files(
    request: HttpRequest, state: str = "", specialty: str = "", words: str = "", page: int = 1
) -> HttpResponse:
    asked = {"state": state, "specialty": specialty, "words": words, "number": max(page, 1)}
    rows, more = queries.files(actor=who(request), now=now(), **asked)  # type: ignore[arg-type]
    return answer({"files": rows, "next": page + 1 if more else None})


@router.get("/pool/files/{file_id}", summary="一份专家档案(个人信息遮盖)")
def file(request: HttpRequest, file_id: str) -> HttpResponse:
    return answer(queries.file_row(file_id, actor=who(request), now=now()))


@router.get("/pool/files/{file_id}/personal", summary="查看个人信息, 写明用途, 留痕")
def open_personal(request: HttpRequest, file_id: str, reason: str) -> HttpResponse:
    return _private(queries.open_personal(file_id=file_id, reason=reason, actor=who(request), now=now()))


@router.post("/pool/files/{file_id}/review", summary="审核入库申请(中心)")
@write
def review(request: HttpRequest, file_id: str, body: ReviewIn) -> dict[str, Any]:
    return _state(actions.review(file_id=file_id, **body.dict(), actor=who(request), now=now()))


@router.post("/pool/files/{file_id}/renewal", summary="续聘或者期满出库(中心)")
@write
def renew(request: HttpRequest, file_id: str, body: RenewalIn) -> dict[str, Any]:
    return _state(actions.renew(file_id=file_id, **body.dict(), actor=who(request), now=now()))


@router.post("/pool/files/{file_id}/resumption", summary="恢复抽取(中心)")
@write
def resume(request: HttpRequest, file_id: str, body: Reason) -> dict[str, Any]:
    return _state(actions.resume(file_id=file_id, reason=body.reason, actor=who(request), now=now()))


@router.post("/pool/files/{file_id}/dismissal", summary="办理出库(中心)")
@write
def dismiss(request: HttpRequest, file_id: str, body: Reason) -> dict[str, Any]:
    return _state(actions.dismiss(file_id=file_id, reason=body.reason, actor=who(request), now=now()))


@router.post("/pool/files/{file_id}/face", summary="登记已采集人脸(照片不进本平台)")
@write
def note_face(request: HttpRequest, file_id: str) -> dict[str, Any]:
    return _state(keeping.note_face(file_id=file_id, actor=who(request), now=now()))


@router.post("/pool/files/{file_id}/assessments", summary="年度考核(中心)")
@write
def assess(request: HttpRequest, file_id: str, body: YearIn) -> dict[str, Any]:
    made = keeping.assess(file_id=file_id, year=body.year, actor=who(request), now=now())
    return {"year": made.year, "grade": made.grade, "hours": made.hours, "points_left": made.points_left}


@router.post("/pool/files/{file_id}/suspensions", summary="暂停或者禁止参加评标(监督部门)")
@write
def suspend(request: HttpRequest, file_id: str, body: SuspensionIn) -> dict[str, Any]:
    made = conduct.suspend(file_id=file_id, **body.dict(), actor=who(request), now=now())
    return {"suspension": made.public_id, "until": made.until}


@router.post("/pool/suspensions/{suspension_id}/lift", summary="提前解除(监督部门)")
@write
def lift(request: HttpRequest, suspension_id: str, body: Reason) -> dict[str, Any]:
    made = conduct.lift(suspension_id=suspension_id, reason=body.reason, actor=who(request), now=now())
    return {"suspension": made.public_id, "lifted_at": made.lifted_at}


@router.get("/pool/appeals", summary="等待处理的申诉")
def appeals(request: HttpRequest) -> HttpResponse:
    return answer({"appeals": queries.open_appeals(actor=who(request))})


@router.post("/pool/appeals/{appeal_id}", summary="处理申诉(作出评价或者决定以外的人)")
@write
def decide_appeal(request: HttpRequest, appeal_id: str, body: VerdictIn) -> dict[str, Any]:
    made = conduct.decide_appeal(appeal_id=appeal_id, **body.dict(), actor=who(request), now=now())
    return {"appeal": made.public_id, "upheld": made.upheld}


@router.post("/pool/trainings", summary="登记培训学时(中心)")
@write
def keep_training(request: HttpRequest, body: TrainingIn) -> dict[str, Any]:
    made = keeping.keep_training(
        file_ids=body.files,
        course=body.course,
        hours=body.hours,
        held_on=body.held_on,
        actor=who(request),
        now=now(),
    )
    return {"new": made}


@router.get("/pool/questions", summary="题库(中心)")
def questions(request: HttpRequest) -> HttpResponse:
    return answer({"questions": queries.questions(actor=who(request))})


@router.post("/pool/questions", summary="加入一道题(中心)")
@write
def keep_question(request: HttpRequest, body: QuestionIn) -> dict[str, Any]:
    made = exams.keep_question(**body.dict(), actor=who(request), now=now())
    return {"question": made.public_id}


@router.post("/pool/questions/{question_id}/drop", summary="停用一道题(中心)")
@write
def drop_question(request: HttpRequest, question_id: str) -> dict[str, Any]:
    made = exams.drop_question(question_id=question_id, actor=who(request), now=now())
    return {"question": made.public_id, "active": made.active}


@router.post("/pool/questions/import", summary="从表格导入题库(中心)")
@write
def import_questions(request: HttpRequest, body: SheetIn) -> dict[str, Any]:
    return {
        "new": sheets.import_questions(data=decoded(body.data, field="data"), actor=who(request), now=now())
    }


@router.post("/pool/import", summary="从表格导入专家, 全部行正确才导入(中心; 不带 Idempotency-Key)")
@write
def import_experts(request: HttpRequest, body: SheetIn) -> dict[str, Any]:
    if request.headers.get("Idempotency-Key"):
        # the answer holds first passwords, and a remembered answer lies in a table
        raise BadInput("答复含首次密码, 不能保存备查: 请去掉 Idempotency-Key 再发, 重复导入只更新不新建")
    new = sheets.import_experts(
        data=decoded(body.data, field="data"), reason=body.reason, actor=who(request), now=now()
    )  # fmt: skip
    return {"new": [{"username": username, "password": password} for username, password in new]}


@router.get("/pool/export", summary="导出专家库, 写明用途, 留痕(中心)")
def export(request: HttpRequest, reason: str) -> HttpResponse:
    return _table(sheets.COLUMNS, sheets.export_experts(reason=reason, actor=who(request), now=now()))


# After a meeting


@router.get("/pool/meetings", summary="已结束的评标和待办的评价、劳务费")
def meetings(request: HttpRequest) -> HttpResponse:
    return answer({"meetings": queries.meetings_after(actor=who(request))})


@router.get("/draws/{draw_id}/after", summary="一场评标之后: 评价和劳务费")
def after_meeting(request: HttpRequest, draw_id: str) -> HttpResponse:
    return answer(queries.after_meeting(draw_id, actor=who(request)))


@router.post("/draws/{draw_id}/ratings", summary="一标一评: 评价一名评委")
@write
def rate(request: HttpRequest, draw_id: str, body: RatingIn) -> dict[str, Any]:
    made = conduct.rate(draw_id=draw_id, **body.dict(), actor=who(request), now=now())
    return {"rating": made.public_id, "points": made.points}


@router.post("/draws/{draw_id}/fees", summary="计算劳务费")
@write
def compute_fees(request: HttpRequest, draw_id: str) -> dict[str, Any]:
    made = fees.compute(draw_id=draw_id, actor=who(request), now=now())
    return {"sheet": made.public_id, "confirmed_at": made.confirmed_at}


@router.post("/draws/{draw_id}/fees/confirmation", summary="确认劳务费")
@write
def confirm_fees(request: HttpRequest, draw_id: str, body: TotalIn) -> dict[str, Any]:
    made = fees.confirm(draw_id=draw_id, total=body.total, actor=who(request), now=now())
    return {"sheet": made.public_id, "confirmed_at": made.confirmed_at}


@router.get("/pool/fees", summary="待支付的劳务费(中心)")
def fees_to_pay(request: HttpRequest) -> HttpResponse:
    return answer({"fees": queries.fees_to_pay(actor=who(request))})


@router.get("/pool/fees/payable", summary="导出支付清单, 写明用途, 留痕(中心)")
def payable(request: HttpRequest, reason: str) -> HttpResponse:
    return _table(sheets.PAYABLE_COLUMNS, sheets.payable_sheet(reason=reason, actor=who(request), now=now()))


@router.post("/pool/fees/{line_id}/payment", summary="登记已支付(中心)")
@write
def mark_paid(request: HttpRequest, line_id: str, body: PaymentIn) -> dict[str, Any]:
    made = fees.mark_paid(line_id=line_id, reference=body.reference, actor=who(request), now=now())
    return {"line": made.public_id, "paid_at": made.paid_at}

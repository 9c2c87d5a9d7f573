"""The pool as a spreadsheet: all of it or nothing comes in, and what goes out is in the log."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.experts.actions import keep_place, open_pool_place
from ggzy.experts.models import Expert
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.actions import keep_person, open_account
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Account
from ggzy.pool import exams, rules
from ggzy.pool.actions import Application, begin_term_until, checked, move, today
from ggzy.pool.models import ExpertFile, FeeLine
from ggzy.pool.rules import State
from ggzy.quantities.xlsx import sheet_rows

COLUMNS = (
    "用户名",
    "姓名",
    "身份证号",
    "手机",
    "职称",
    "从业年限",
    "专业",
    "工作单位",
    "统一社会信用代码",
    "地区代码",
    "开户行",
    "银行账号",
    "聘期至",
)
QUESTION_COLUMNS = ("专业", "题目", "选项1", "选项2", "选项3", "选项4", "选项5", "选项6", "正确选项")
MOST_LINES = 2000
_TITLES = {label: code for code, label in rules.TITLES.items()}


class SheetRefused(Refusal):
    """Lines of a spreadsheet that cannot be right; nothing was imported."""

    code = "pool.sheet_refused"
    status = 422

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"有{len(problems)}处需要修改, 一行也没有导入: {problems[0]}")
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One line that can be imported."""

    number: int
    username: str
    said: Application
    term_to: date | None


def _table(data: bytes, columns: Iterable[str], *, needed: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """Return the lines under the header as texts by the name of the column.

    :raises SheetRefused: no header, nothing under it, or too many lines
    """
    names, header, out = set(columns), dict[int, str](), []
    for number, cells in sheet_rows(data):
        texts = {column: text.strip() for column, text in cells.items()}
        if not header:
            found = {c: t for c, t in texts.items() if t in names}
            if set(needed) <= set(found.values()):
                header = found
        elif any(texts.values()):
            out.append((number, {name: texts.get(column, "") for column, name in header.items()}))
    if not header:
        raise SheetRefused([f"没有找到表头, 表头应含: {'、'.join(needed)}"])
    if not 0 < len(out) <= MOST_LINES:
        raise SheetRefused([f"表头之下应有1至{MOST_LINES}行, 现有{len(out)}行"])
    return out


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        # a spreadsheet keeps a day as the number of days since its own beginning
        return date(1899, 12, 30) + timedelta(days=int(text)) if text.isdigit() else date.fromisoformat(text)
    except (ValueError, OverflowError):
        raise BadInput("聘期至应为日期, 例如 2029-03-01") from None


def _line(number: int, cells: Mapping[str, str], known: Mapping[str, ExpertFile]) -> _Line:
    years = cells.get("从业年限", "")
    if not years.isdigit() or len(years) > 2:
        raise BadInput("从业年限应为整数")
    codes = cells.get("专业", "").replace(",", "、").replace("，", "、").split("、")
    said = Application(
        name=cells.get("姓名", ""),
        id_number=cells.get("身份证号", "").upper(),
        phone=cells.get("手机", ""),
        title=_TITLES.get(cells.get("职称", ""), ""),
        years=int(years),
        specialties={code.strip(): () for code in codes if code.strip()},
        employer_name=cells.get("工作单位", ""),
        employer_uscc=cells.get("统一社会信用代码", "").upper(),
        region=cells.get("地区代码", ""),
        bank_name=cells.get("开户行", ""),
        bank_account=cells.get("银行账号", ""),
    )
    username = cells["用户名"]
    file = known.get(username)
    if not said.name:
        raise BadInput("没有填写姓名")
    if not 2 <= len(username) <= 64 or not username.isascii():
        raise BadInput("用户名应为2至64个英文字母、数字或符号")
    checked(said, known=None)
    if file is not None:
        person = file.expert.account.person
        if person.id_number and person.id_number != said.id_number:
            raise BadInput("用户名已属于另一名专家(身份证号不同)")
    return _Line(number=number, username=username, said=said, term_to=_day(cells.get("聘期至", "")))


@transaction.atomic
def import_experts(*, data: bytes, reason: str, actor: Actor, now: datetime) -> list[tuple[str, str]]:
    """Take experts over from a spreadsheet, all lines or none; return (username, first password) of the new accounts.

    Who has a term that still runs is appointed until then, on the stated basis; who has none goes to review. A line of
    an expert who is here already brings the file up to date.

    :raises BadInput: no basis was stated
    :raises SheetRefused: any line cannot be right: every one is named with its number
    """
    require(actor, Permission.POOL_KEEP)
    if not reason.strip():
        raise BadInput("请写明导入的依据, 例如原专家库的移交文号", field="reason")
    files = ExpertFile.objects.select_related("expert__account__person")
    known = {f.expert.account.username: f for f in files}
    others = set(Account.objects.exclude(username__in=known).values_list("username", flat=True))
    lines: list[_Line] = []
    problems: list[str] = []
    ids: dict[str, int] = {}
    names: dict[str, int] = {}
    for number, cells in _table(data, COLUMNS, needed=("用户名", "姓名", "专业")):
        try:
            line = _line(number, cells, known)
        except Refusal as refusal:
            problems.append(f"第{number}行: {refusal.message}")
            continue
        for seen, value, what in ((ids, line.said.id_number, "身份证号"), (names, line.username, "用户名")):
            if value in seen:
                problems.append(f"第{number}行: {what}与第{seen[value]}行相同")
            seen[value] = number
        if line.username in others:
            problems.append(f"第{number}行: 用户名已被其他账号使用, 请换一个")
        lines.append(line)
    if problems:
        raise SheetRefused(problems)
    new = [made for line in lines if (made := _take_over(line, known, reason, actor=actor, now=now))]
    record_act(
        "pool.imported",
        subject="",
        actor=actor,
        legal_at=now,
        supervisor={"lines": len(lines), "new": len(new), "basis": reason.strip()[:300]},
    )
    return new


def _take_over(
    line: _Line, known: Mapping[str, ExpertFile], reason: str, *, actor: Actor, now: datetime
) -> tuple[str, str] | None:
    said, file, first = line.said, known.get(line.username), ""
    if file is None:
        first = secrets.token_urlsafe(12)
        account = open_account(
            username=line.username,
            password=first,
            person_name=said.name,
            role=Role.EXPERT,
            organisation=None,
        )
        expert = open_pool_place(account_pk=account.pk, specialties=[], drawable=False)
        file = ExpertFile(expert=expert, state=State.APPLIED, applied_at=now)
    file.title, file.years, file.region_code = said.title, said.years, said.region
    file.bank_name, file.bank_account = said.bank_name or None, said.bank_account or None
    file.save()
    person = file.expert.account.person
    keep_person(person, name=said.name, id_number=said.id_number, phone=said.phone)
    keep_place(
        file.expert,
        specialties=sorted(said.specialties),
        region=said.region,
        employer_uscc=said.employer_uscc,
        employer_name=said.employer_name[:200],
    )
    if file.state == State.APPLIED:
        basis = f"迁入: {reason.strip()}"
        move(file, "submit", actor=actor, now=now, basis=basis)
        if line.term_to and line.term_to >= today(now):
            move(file, "admit", actor=actor, now=now, basis=basis)
            begin_term_until(file, "appoint", until=line.term_to, actor=actor, now=now)
    return (line.username, first) if first else None


@transaction.atomic
def export_experts(*, reason: str, actor: Actor, now: datetime) -> list[tuple[str, ...]]:
    """Return the pool with its personal data in the order of `COLUMNS`; why it left is in the log.

    :raises BadInput: no reason
    """
    require(actor, Permission.POOL_KEEP)
    require(actor, Permission.POOL_OPEN)
    if not reason.strip():
        raise BadInput("导出含个人信息, 请写明用途; 导出会留痕", field="reason")
    rows = ExpertFile.objects.select_related("expert__account__person").order_by("expert__account__username")
    out = [_exported(file) for file in rows]
    record_act(
        "pool.exported",
        subject="",
        actor=actor,
        legal_at=now,
        supervisor={"lines": len(out), "reason": reason.strip()[:300]},
    )
    return out


def _exported(file: ExpertFile) -> tuple[str, ...]:
    expert: Expert = file.expert
    person = expert.account.person
    return (
        expert.account.username,
        person.name,
        person.id_number or "",
        person.phone or "",
        rules.TITLES.get(file.title, ""),
        str(file.years),
        "、".join(expert.specialties),
        expert.employer_name,
        expert.employer_uscc,
        file.region_code,
        file.bank_name or "",
        file.bank_account or "",
        str(file.term_to or ""),
    )


@transaction.atomic
def import_questions(*, data: bytes, actor: Actor, now: datetime) -> int:
    """Put the questions of a spreadsheet into the bank, all lines or none; return how many there were.

    :raises SheetRefused: any line cannot be right: every one is named with its number
    """
    require(actor, Permission.POOL_KEEP)
    problems, good = [], []
    for number, cells in _table(data, QUESTION_COLUMNS, needed=("题目", "选项1", "选项2", "正确选项")):
        options = [cells.get(f"选项{n}", "") for n in range(1, 7)]
        right = [int(n) - 1 for n in cells["正确选项"].replace("、", ",").split(",") if n.strip().isdigit()]
        given = {
            "specialty": cells.get("专业", ""),
            "text": cells["题目"],
            "options": options,
            "right": right,
        }
        try:
            exams.checked_question(**given)  # type: ignore[arg-type]
        except Refusal as refusal:
            problems.append(f"第{number}行: {refusal.message}")
            continue
        good.append((number, given))
    if problems:
        raise SheetRefused(problems)
    for number, given in good:
        try:
            exams.keep_question(**given, actor=actor, now=now)  # type: ignore[arg-type]
        except Refusal as refusal:
            raise SheetRefused([f"第{number}行: {refusal.message}"]) from refusal
    return len(good)


@transaction.atomic
def payable_sheet(*, reason: str, actor: Actor, now: datetime) -> list[tuple[object, ...]]:
    """Return the confirmed fees to be paid, with who is paid and where to; why it left is in the log.

    :raises BadInput: no reason
    """
    require(actor, Permission.POOL_KEEP)
    require(actor, Permission.POOL_OPEN)
    if not reason.strip():
        raise BadInput("导出含姓名和银行账号, 请写明用途; 导出会留痕", field="reason")
    rows = FeeLine.objects.filter(sheet__confirmed_at__isnull=False, amount__gt=0, paid_at=None)
    rows = rows.select_related("candidate__expert__account__person", "candidate__expert__file")
    out = []
    for line in rows.order_by("pk"):
        expert = line.candidate.expert
        file = getattr(expert, "file", None)
        bank = (file.bank_name or "", file.bank_account or "") if file else ("", "")
        out.append((line.public_id, expert.account.person.name, *bank, line.amount))
    record_act(
        "pool.payable_exported",
        subject="",
        actor=actor,
        legal_at=now,
        supervisor={"lines": len(out), "reason": reason.strip()[:300]},
    )
    return out


PAYABLE_COLUMNS = ("编号", "姓名", "开户行", "银行账号", "应付(元)")

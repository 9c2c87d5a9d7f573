"""The owner side: its bench, projects, new tenders; hosting openings; from the report to the contract."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.awarding.queries import awards_of
from ggzy.evaluation import queries as evaluations
from ggzy.experts.queries import draws_for_seed
from ggzy.fronts.queries import objections_waiting
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import Refusal
from ggzy.law.families import FAMILIES, family
from ggzy.objections.queries import waiting_for_answer
from ggzy.objections.rules import extension_demanded
from ggzy.opening.queries import seconds_to_host
from ggzy.portals import registry
from ggzy.portals.centre import seed_todos
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.work import Todo, due, refused_here
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import FAILURES, Hold, Move, MoveNotAllowed, Stage
from ggzy.projects import actions as projects
from ggzy.projects.queries import known_project, project_row, projects_of
from ggzy.publishing.queries import red_count
from ggzy.tendering import actions as tendering
from ggzy.tendering.holding import held_up
from ggzy.tendering.queries import FrontState
from ggzy.tendering.stamps import laws_of
from ggzy.tendering.worklist import WorkRow, work_rows

LOT_ROWS = 3
#: tenders on the bench; the whole list is one click away
SHOWN = 12

#: where a move of the procedure is made: address by tender and round, and the words of its button
_PLACES: dict[str, tuple[str, str]] = {
    "register": ("/work/tenders/{tender}", "提交进场登记"),
    "start_document": ("/work/tenders/{tender}", "开始编制"),
    "send_to_review": ("/work/tenders/{tender}", "编制文件, 送审"),
    "conclude_review": ("/work/tenders/{tender}", "作出审查结论"),
    "publish": ("/work/tenders/{tender}/publish", "选定时间, 发布公告"),
    "open_bids": ("/work/rounds/{round}/host", "主持开标"),
    "end_opening": ("/work/rounds/{round}/host", "主持开标"),
    "seat_committee": ("/work/tenders/{tender}#committee", "组建评标委员会"),
    "start_publicity": ("/work/rounds/{round}/result", "查看报告, 开始公示"),
    "award": ("/work/rounds/{round}/result", "确定中标人"),
    "choose": ("/work/rounds/{round}/result", "确定并公告"),
    "notify": ("/work/rounds/{round}/result", "签发中标通知书"),
    "sign_contract": ("/work/rounds/{round}/result", "签订合同"),
    "publish_intent": ("/work/tenders/{tender}/procurement-plan", "公开采购意向"),
    "file_plan": ("/work/tenders/{tender}/procurement-plan", "采购计划备案"),
    "file_contract": ("/work/rounds/{round}/result", "登记合同备案"),
    "start_performance": ("/work/rounds/{round}/result", "登记履约信息"),
}

#: words for a step that are clearer than the name of the move at its end
_SAYS = {
    "open_bids": "投标已截止, 宣布开标",
    "end_opening": "主持开标: 等待解密, 答复异议, 签署开标记录",
    "conclude_review": "签名作出公平竞争审查结论",
    "send_to_review": "编制招标文件, 送公平竞争审查",
    "seat_committee": "开标完成, 签到后组建评标委员会",
}

#: the step that opens all lots of a tender at once, in the words of each family
_OPENS = {own.in_words(_SAYS["open_bids"]) for own in FAMILIES.values()}

#: what happens by itself or by others while the owner side has nothing to do
_MEANWHILE = {
    Stage.FC_REVIEW: "等待招标人作出公平竞争审查结论",
    Stage.OPEN_FOR_BID: "等待投标截止; 可以先抽取评标专家",
    Stage.CLOSED: "等待招标人或代理机构主持开标",
    Stage.EVALUATING: "评标委员会正在评标",
    Stage.CAND_PUB: "公示期满后自动进入定标; 有异议的应先答复",
    Stage.CAND_END: "等待招标人确定中标人",
    Stage.AWARDED: "等待招标人签发中标通知书",
    Stage.NOTIFIED: "等待招标人和中标人签订合同",
    Stage.CONTRACTED: "等待招标人登记履约信息",
    Stage.PERFORMING: "履约中",
    Stage.ARCHIVED: "已归档",
    Stage.FAILED: "本轮流标, 可以开始新一轮招标",
    Stage.TERMINATED: "招标已终止",
    Stage.CONFIRMED: "等待采购人公告结果并签发中标通知书",
    Stage.ANNOUNCED: "等待采购人和中标供应商签订合同",
    Stage.PUBLISHED: "等待采购人登记履约信息",
    Stage.CANCELLED: "本轮废标, 可以开始新一轮采购",
    Stage.STOPPED: "本次采购活动终止, 可以开始新一轮采购",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a role may do next with one lot: a move and where it is made, or who is awaited."""

    says: str
    href: str = ""
    label: str = ""
    clause: str = ""


def next_step(row: WorkRow, role: Role, *, qualified: Collection[str] = ()) -> Step:
    """Return the one next step of a lot for a role, taken from the procedure that the lot runs by.

    :param qualified: rounds whose buyer has found out who is qualified
    """
    if row.stage == Stage.QUAL and row.round not in qualified:
        return Step(
            says="开标结束, 由采购人或者代理机构审查供应商资格",
            href=f"/work/rounds/{row.round}/qualification",
            label="办理资格审查",
            clause="《政府采购货物和服务招标投标管理办法》第四十四条",
        )
    if row.front is not None and (step := _front_step(row)) is not None:
        return step
    own = family(row.procedure_code)
    for move in _moves(row, role):
        if move.code in _PLACES:
            href, label = _PLACES[move.code]
            return Step(
                says=own.in_words(_SAYS.get(move.code, move.label)),
                href=href.format(tender=row.tender, round=row.round),
                label=label,
                clause="、".join(map(str, move.basis)),
            )
    says = own.in_words(_MEANWHILE.get(Stage(row.stage), "查看进展"))
    if row.stage == Stage.ANNOUNCED and BY_CODE[row.procedure_code].several:
        says = f"{own.won}结果已公告; 对结果提出质疑的期限届满后可以归档"
    if row.stage == Stage.CLOSED and BY_CODE[row.procedure_code].quiet:
        says = "等待供应商解密响应文件; 只向小组开启, 不公开"
    if Stage(row.stage) in {Stage.FAILED, Stage.CANCELLED, Stage.STOPPED}:
        return Step(
            says=says,
            href=f"/work/tenders/{row.tender}",
            label="开始新一轮",
            clause=family(row.procedure_code).too_few,
        )
    if row.stage == Stage.OPEN_FOR_BID:
        return Step(says=says, href=f"/work/tenders/{row.tender}#committee", label="抽取专家")
    if row.stage in {
        Stage.CAND_PUB,
        Stage.CONTRACTED,
        Stage.NOTIFIED,
        Stage.ANNOUNCED,
        Stage.PUBLISHED,
        Stage.PERFORMING,
    }:
        return Step(says=says, href=f"/work/rounds/{row.round}/result", label="查看")
    return Step(says=says, href=f"/work/tenders/{row.tender}", label="查看")


#: stages of a front at which the main round's own steps are what comes next
_FRONT_WAITS = {
    Stage.PQ_EDIT: {Stage.DOC_READY, Stage.DOC_EDIT},
    Stage.IV_REASON: frozenset(Stage),
    Stage.IV_LIST: frozenset(Stage),
    Stage.TS1_OPEN: frozenset(Stage) - {Stage.DRAFT},
}
_FRONT_BUSY = {Stage.PQ_OPEN, Stage.PQ_CLOSED, Stage.PQ_REVIEW, Stage.PQ_RESULT}


#: what the owner side does at a stage of a front; at the others it waits
_FRONT_SAYS = {
    "PQ_EDIT": "填写资格预审部分, 发布资格预审公告",
    "PQ_RESULT": "发出资格预审结果和投标邀请书",
    "PQ_FAILED": "资格预审失败, 可以开始新一轮",
    "IV_REASON": "写明邀请招标的理由, 等待认定",
    "IV_LIST": "确定邀请名单, 发出投标邀请书",
    "IV_FAILED": "邀请没有成立, 可以开始新一轮",
    "TS1_OPEN": "发布第一阶段公告",
    "TS_FAILED": "第一阶段失败, 可以开始新一轮",
}


def _front_key(front: FrontState) -> str:
    """Return the stage, or "" for a first stage that is published and only waits."""
    return "" if front.stage == Stage.TS1_OPEN and front.published_at else front.stage


def _front_step(row: WorkRow) -> Step | None:
    """Return the step of a lot's front if that is what comes next, else None: the main round goes on."""
    assert row.front is not None
    stage = Stage(row.front.stage)
    waits = (
        row.stage in _FRONT_WAITS.get(stage, ())
        or stage in _FRONT_BUSY
        or stage in FAILURES
        or (stage in {Stage.IV_SENT, Stage.TS1_REVIEW} and row.front.decided_at is None)
    )
    if not waits:
        return None
    return Step(
        says=_FRONT_SAYS.get(_front_key(row.front), stage.label),
        href=f"/work/tenders/{row.tender}/front",
        label="办理",
        clause=BY_CODE[row.front.procedure_code].basis,
    )


def _moves(row: WorkRow, role: Role) -> list[Move]:
    """Return the built moves that lead on from where a lot stands, that the role may make and no hold stops."""
    procedure = BY_CODE[row.procedure_code]
    found = []
    for move in procedure.from_stage(row.stage):
        if role not in move.actors or not move.built or move.stays:
            continue
        try:
            procedure.move(row.stage, move.code, holds=row.holds)
        except MoveNotAllowed:
            continue
        found.append(move)
    return found


#: what a second opening asks of its host, by its phase
_SECOND_SAYS = {
    "untold": "第一信封评审完毕, 通知第二信封开标时间",
    "told": "到时开启第二信封(报价文件)",
    "keys": "第二信封开标: 等待投标人解密",
    "read_out": "第二信封开标: 答复异议, 签署开标记录",
}


def _second_todos(rows: list[WorkRow]) -> list[Todo]:
    """Return what second openings ask of the owner side."""
    waiting = seconds_to_host([row.round_pk for row in rows if row.stage == Stage.EVALUATING])
    return [
        Todo(
            what=_SECOND_SAYS[second.phase],
            where=f"{row.tender_name} · {row.lot_name}",
            href=f"/work/rounds/{row.round}/host",
            label="第二信封开标",
            due=second.window_ends_at or second.opens_at,
            urgent=second.phase in {"keys", "read_out"},
        )
        for row in rows
        if (second := waiting.get(row.round_pk)) is not None
    ]


def bench(actor: Actor, moment: datetime) -> dict[str, Any]:
    """Return what waits for the owner side, its tenders with their next steps, and its projects."""
    rows = work_rows(actor.organisation_pk)
    qualified = evaluations.qualified([row.round_pk for row in rows])
    steps = {row.round: next_step(row, actor.role, qualified=qualified) for row in rows}
    todos = [todo for row in rows for todo in _todos(row, steps[row.round], moment)]
    todos += _result_todos(rows, steps, moment)
    todos += _second_todos(rows)
    from ggzy.portals.negotiated import owner_todos  # it stands above the benches

    todos += owner_todos(actor)
    todos += registry.ending_todos(actor, moment)
    todos += seed_todos("owner", draws_for_seed(), only={row.tender for row in rows})
    from ggzy.portals.panels import ballot_todos  # it stands above the benches

    todos += ballot_todos(actor)
    for waiting in objections_waiting(actor.organisation_pk):
        todos.append(
            Todo(
                what="答复对资格预审文件的异议",
                where=waiting["name"],
                href=f"/work/tenders/{waiting['tender']}/front",
                label="答复",
                due=waiting["answer_due_at"],
                clause="《招标投标法实施条例》第二十二条",
                urgent=True,
            )
        )
    for waiting in waiting_for_answer(actor.organisation_pk):
        todos.append(
            Todo(
                what="答复对招标文件的异议" if waiting["about"] == "file" else "答复评标结果异议",
                where=waiting["name"],
                href=f"/work/tenders/{waiting['tender']}/changes"
                if waiting["about"] == "file"
                else f"/work/rounds/{waiting['round']}/result",
                label="答复",
                due=waiting["answer_due_at"],
                clause="《招标投标法实施条例》第二十二条"
                if waiting["about"] == "file"
                else "《招标投标法实施条例》第五十四条",
                urgent=not waiting["late"],
            )
        )
        if (
            waiting["about"] == "file"
            and not waiting["late"]
            and waiting["bid_deadline"]
            and extension_demanded(
                answer_due_at=waiting["answer_due_at"], deadline=waiting["bid_deadline"], now=moment
            )
        ):
            todos.append(
                Todo(
                    what="延长投标截止时间: 对招标文件的异议尚未答复",
                    where=waiting["name"],
                    href=f"/work/tenders/{waiting['tender']}/changes?kind=postpone",
                    label="延期",
                    due=waiting["bid_deadline"],
                    clause="《招标投标法实施条例》第二十二条",
                    urgent=True,
                )
            )
    for desk in evaluations.desks_of(actor.account_pk):
        if desk.waits_for_me:
            todos.append(
                Todo(
                    what="评标(招标人代表)",
                    where=desk.name,
                    href=f"/work/rounds/{desk.round}/desk",
                    label="进入评标",
                )
            )
    groups = [(lots[0], lots) for lots in (list(g) for _, g in groupby(rows, key=lambda row: row.tender))][
        :SHOWN
    ]
    return {
        "bench": "owner",
        "red_publications": red_count(viewer=actor, now=moment),
        "todos": _once(todos),
        "tenders": [(first, [(lot, steps[lot.round]) for lot in lots]) for first, lots in groups],
        "projects": projects_of(actor.organisation_pk, limit=SHOWN),
    }


_QUIET = {
    Stage.CONTRACTED,
    Stage.PERFORMING,
    Stage.ARCHIVED,
    Stage.EVALUATING,
    Stage.TERMINATED,
    Stage.REPORTED,
    Stage.CAND_END,
    Stage.NOTIFIED,
    Stage.CONFIRMED,
    Stage.ANNOUNCED,
    Stage.PUBLISHED,
}


def _todos(row: WorkRow, step: Step, moment: datetime) -> list[Todo]:
    """Return what a lot before its report asks of the owner side."""
    if row.front is not None and row.shows_front and step.href.endswith("/front"):
        if _front_key(row.front) not in _FRONT_SAYS:
            return []
        name = f"{row.tender_name} · {row.lot_name}"
        return [Todo(what=step.says, where=name, href=step.href, label=step.label, clause=step.clause)]
    stage = Stage(row.stage)
    waits_for_others = step.says == family(row.procedure_code).in_words(
        _MEANWHILE.get(stage, "")
    ) and stage not in {
        Stage.OPEN_FOR_BID,
        Stage.FAILED,
        Stage.CANCELLED,
        Stage.STOPPED,
    }
    if stage in _QUIET or stage is Stage.CAND_PUB or waits_for_others:
        return []
    name = f"{row.tender_name} · {row.lot_name}"
    if stage is Stage.OPEN_FOR_BID:
        apart = BY_CODE[row.procedure_code].quiet  # nobody hosts what is opened for a group alone
        if apart or row.bid_deadline is None or row.bid_deadline - moment > timedelta(days=3):
            return []
        return [
            Todo(
                what="准时主持开标",
                where=name,
                href=f"/work/rounds/{row.round}/host",
                label="进入开标",
                due=row.bid_deadline,
                clause="《招标投标法》第三十四条",
            )
        ]
    urgent = stage in {Stage.CLOSED, Stage.OPENING}
    return [
        Todo(what=step.says, where=name, href=step.href, label=step.label, clause=step.clause, urgent=urgent)
    ]


#: stages after the report at which the owner side has a statutory day
_DATED = {Stage.REPORTED, Stage.CAND_END, Stage.CONFIRMED, Stage.NOTIFIED, Stage.ANNOUNCED}


def _result_todos(rows: list[WorkRow], steps: dict[str, Step], moment: datetime) -> list[Todo]:
    """Return what lots after their report ask of the owner side, with the statutory day."""
    rows = [row for row in rows if row.stage in _DATED and row.published_at]
    pks = [row.round_pk for row in rows]
    reported, awards, laws = evaluations.reported_at_of(pks), awards_of(pks), laws_of(pks)
    held = held_up(pks, now=moment)
    out = []
    for row in rows:
        step, award = steps[row.round], awards.get(row.round_pk)
        key, started = "", None
        own = family(row.procedure_code)
        if row.stage == Stage.REPORTED:
            key, started = "GP-T08" if own.code == "GP" else "GC-T12", reported.get(row.round_pk)
        elif row.stage == Stage.CAND_END and step.label == "确定中标人":
            key, started = "GC-T22", reported.get(row.round_pk)
        elif row.stage == Stage.CONFIRMED:
            key, started = "GP-T10", award.determined_at if award else None
        elif row.stage in {Stage.NOTIFIED, Stage.ANNOUNCED} and step.label == "签订合同":
            key, started = own.contract, award.sent_at if award else None
        if not key or started is None:
            continue
        limit = laws[row.round_pk][key]
        paused = held.days(row.round_pk, limit, row.procedure_code)
        by, clause = due(limit, started=started, paused=paused)
        where = f"{row.tender_name} · {row.lot_name}"
        out.append(Todo(what=step.says, where=where, href=step.href, label=step.label, due=by, clause=clause))
    return out


def _once(todos: list[Todo]) -> list[Todo]:
    """Return each step once: lots of one tender that stand at the same step of the whole tender share it."""
    seen: dict[tuple[str, str], Todo] = {}
    for todo in todos:
        tender = todo.where.split(" · ")[0]
        whole = "/rounds/" not in todo.href or todo.what in _OPENS
        key = (tender if whole else todo.href, todo.what)
        seen.setdefault(key, todo)
    return list(seen.values())


_PROJECT_FIELDS = (
    "name",
    "invest_code",
    "industry_code",
    "region_code",
    "approval_document",
    "funds",
    "place",
    "scale",
    "owner_uscc",
)


def new_project(request: HttpRequest) -> HttpResponse:
    """Register a project."""
    actor = who(request)
    page: dict[str, Any] = {"is_agency": actor.role is Role.AGENCY, "given": {"industry_code": "E48"}}
    if request.method != "POST":
        return show(request, "work/project.html", page)
    given = {name: text(request, name) for name in _PROJECT_FIELDS}
    try:
        made = projects.register_project(**given, actor=actor, now=now())
    except Refusal as refusal:
        owner = given["owner_uscc"] if page["is_agency"] else actor.uscc
        known = known_project(invest_code=given["invest_code"], owner_uscc=owner)
        if known and isinstance(refusal, projects.ProjectKnown):
            page["known"] = f"/work/projects/{known}/tenders/new"
        return refused_here(request, "work/project.html", page, refusal, given=given)
    return done(f"/work/projects/{made.public_id}/tenders/new", "项目已登记, 请接着新建招标项目和标段")


_LOT_FIELDS = ("name", "budget", "ceiling_price", "duration_days", "scope_of_work")


def _lots(request: HttpRequest) -> list[dict[str, str]]:
    """Return the lot rows in which something was entered."""
    columns = [request.POST.getlist(f"lot_{name}") for name in _LOT_FIELDS]
    rows = [
        dict(zip(_LOT_FIELDS, (value.strip() for value in row), strict=True))
        for row in zip(*columns, strict=False)
    ]
    return [row for row in rows if any(row.values())]


_ROW_CHOICES = (LOT_ROWS, 6, 10, 20, 50)


def _rows_asked(request: HttpRequest) -> int:
    """Return how many empty lot rows to show."""
    asked = request.GET.get("rows", "")
    return int(asked) if asked in set(map(str, _ROW_CHOICES)) else LOT_ROWS


def new_tender(request: HttpRequest, project_id: str) -> HttpResponse:
    """Draft a tender with its lots."""
    actor = who(request)
    project = project_row(project_id, viewer=actor)
    empty = dict.fromkeys(_LOT_FIELDS, "")
    page: dict[str, Any] = {
        "project": project,
        "procedures": [procedure for procedure in BY_CODE.values() if procedure.bids and not procedure.part],
        "given": {"name": project.name, "state_controlled": True, "procedure_code": "GC_OPEN_POST"},
        "lots": [empty] * _rows_asked(request),
        "choices": _ROW_CHOICES,
    }
    if request.method != "POST":
        return show(request, "work/new_tender.html", page)
    lots = _lots(request)
    given = {
        "name": text(request, "name"),
        "procedure_code": text(request, "procedure_code"),
        "state_controlled": bool(request.POST.get("state_controlled")),
    }
    try:
        made = tendering.create_tender(
            project_id=project_id, class_code="A01", lots=lots, **given, actor=actor, now=now()
        )
    except Refusal as refusal:
        page["lots"] = [*lots, *([empty] * max(1, LOT_ROWS - len(lots)))]
        return refused_here(request, "work/new_tender.html", page, refusal, given=given)
    return done(f"/work/tenders/{made.public_id}", "招标项目草稿已建立, 请核对后提交进场登记")


def hold_labels(kinds: tuple[str, ...]) -> list[str]:
    """Return the words for what stands beside a stage."""
    return [Hold(kind).label for kind in kinds]

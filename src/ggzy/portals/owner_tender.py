"""The console of one tender: registering, the file, the review, the notice, the committee, a new round."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from itertools import zip_longest
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict

from ggzy.drafting.queries import acknowledged_at
from ggzy.evaluation import actions as evaluation
from ggzy.evaluation import flawed
from ggzy.evaluation import queries as evaluations
from ggzy.evidence.queries import last_act
from ggzy.experts import actions as experts
from ggzy.experts import queries as draws
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.money import CENT
from ggzy.kernel.refusals import BadInput, NotPermitted, Refusal
from ggzy.law.families import family
from ggzy.law.limits import beijing_date
from ggzy.parties.queries import person_name
from ggzy.portals import owner_terms
from ggzy.portals.differences import differences
from ggzy.portals.frame import done, moment, now, show, text, who
from ggzy.portals.owner import hold_labels, next_step
from ggzy.portals.work import refused_here
from ggzy.procedures.catalogue import BY_CODE, main_of
from ggzy.procedures.spec import FAILURES, Stage
from ggzy.publishing.personal import personal_data_in
from ggzy.tendering import actions as tendering
from ggzy.tendering import queries as tenders
from ggzy.tendering import rules, worklist, writing
from ggzy.tendering.document import (
    DEPOSIT_FORMS,
    FACTS,
    FRAMEWORK_METHODS,
    PROCUREMENT_METHODS,
    Method,
    ReviewPart,
    Sealing,
    Subject,
    parse,
    procurement_requirements,
    standard_requirements,
)
from ggzy.ui.flow import steps_to

BLANK_ROWS = 2
#: which field of the editor a rule on the whole file is about
_FIELDS: dict[type[Refusal], str] = {
    rules.DepositTooHigh: "deposit",
    rules.CommitteeUnlawful: "committee_size",
}


def own_tender(tender_id: str, actor: Actor) -> tenders.TenderRow:
    """Return a tender of the actor's own side.

    :raises NotPermitted: another organisation's
    """
    row = tenders.tender(tender_id, viewer=actor)
    if not actor.organisation_pk or actor.organisation_pk not in {row.tenderee_pk, row.agency_pk}:
        raise NotPermitted(
            "只能办理本单位的项目",
            next_steps=(("查看公开信息", f"/tenders/{tender_id}"), ("返回工作台", "/work")),
        )
    return row


def _own_lots(tender_id: str, actor: Actor) -> list[worklist.WorkRow]:
    """Return a tender's lots from the worklist: among the newest tenders as a rule, else among all."""
    for most in (100, 100_000):
        rows = worklist.work_rows(actor.organisation_pk, tenders=most)
        if found := [row for row in rows if row.tender == tender_id]:
            return found
    return []


def _console_page(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    actor = who(request)
    tender = own_tender(tender_id, actor)
    lots = _own_lots(tender_id, actor)
    stages = {lot.stage for lot in lots}
    procedure = BY_CODE[tender.procedure_code]
    qualified = evaluations.qualified([lot.round_pk for lot in lots])
    stopped = flawed.stopped_because(lot.round_pk for lot in lots if lot.stage == Stage.TERMINATED)
    main = main_of(tender.procedure_code)
    published = [lot for lot in lots if lot.published_at and lot.bid_deadline]
    # lots that still need a committee; those of an earlier draw have theirs (a lot tendered anew draws anew)
    drawing = [lot for lot in lots if lot.stage in {s.value for s in experts.DRAW_STAGES}]
    draw_id = draws.draw_of_rounds([lot.round for lot in drawing or lots])
    draw = draws.draw_row(draw_id) if draw_id else None
    seats = int(tender.document.get("owner_representatives", 0)) if tender.document else 0
    return {
        "tender": tender,
        "procedure": procedure,
        "quiet": procedure.quiet,
        "family": family(procedure.code),
        "qualified": qualified,
        "qualified_all": Stage.QUAL in stages
        and all(lot.round in qualified for lot in lots if lot.stage == Stage.QUAL),
        "lots": [
            (lot, next_step(lot, actor.role, qualified=qualified), hold_labels(lot.holds)) for lot in lots
        ],
        "stages": stages,
        "steps": steps_to(main, Stage(lots[0].stage), since=main.initial) if lots else [],
        "figures": worklist.lot_drafts(tender_id),
        "check": worklist.last_form_check(tender_id),
        "conclusion": worklist.last_conclusion(tender_id),
        "digest": tendering.document_digest(parse(tender.document)) if tender.document else "",
        "is_tenderee": actor.organisation_pk == tender.tenderee_pk and actor.role is Role.TENDEREE,
        "clocks": tenders.clocks(
            published_at=published[0].published_at,
            deadline=published[0].bid_deadline,
            procedure=tender.procedure_code,
        )
        if published
        else [],
        "draw": draw,
        "may_draw": bool(drawing) and draw is None,
        "seats": seats,
        "missing_members": draw.committee_size - draw.checked_in if draw else 0,
        "opened": bool(lots) and all(lot.stage in {Stage.OPENED, Stage.QUAL} for lot in drawing),
        "failed": [
            lot
            for lot in lots
            if Stage(lot.stage) in {Stage.FAILED, Stage.CANCELLED, Stage.STOPPED} or lot.round in stopped
        ],
        "stopped": stopped,
        "given": {"passed": "true", "opinion": ""},
        "fronts": [(lot.lot_name, lot.front) for lot in lots if lot.front],
        "front_first": any(
            lot.front and (lot.front.decided_at is None or lot.front.stage in FAILURES) for lot in lots
        ),
        "now": now(),
    }


def console(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show where every lot of a tender stands and the next step."""
    return show(request, "work/tender.html", _console_page(request, tender_id))


def register(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Register the tender at the centre."""
    tendering.register(tender_id=tender_id, actor=who(request), now=now())
    return done(f"/work/tenders/{tender_id}", "已提交进场登记, 可以开始编制招标文件")


def start_document(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Begin to write the tender file."""
    tendering.start_document(tender_id=tender_id, actor=who(request), now=now())
    return done(f"/work/tenders/{tender_id}/document", "可以编制招标文件了, 已按标准文件预填")


def send_to_review(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Hand the file to the fair-competition review."""
    tendering.send_to_review(tender_id=tender_id, actor=who(request), now=now())
    return done(f"/work/tenders/{tender_id}", "已送公平竞争审查, 由招标人签名作出结论")


def review_to_sign(request: HttpRequest, tender_id: str) -> bytes:
    """Return the conclusion's bytes for the tenderee to sign."""
    return tendering.statement_to_sign(
        tender_id=tender_id,
        passed=request.GET.get("passed") == "true",
        opinion=request.GET.get("opinion", "").strip(),
        actor=who(request),
    )


def review(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Conclude the review with the tenderee's signature."""
    given = {"passed": text(request, "passed"), "opinion": text(request, "opinion")}
    try:
        if given["passed"] not in {"true", "false"}:
            raise BadInput("请选择审查结论: 通过, 或退回修改", field="passed")
        tendering.conclude_review(
            tender_id=tender_id,
            passed=given["passed"] == "true",
            opinion=given["opinion"],
            signature=text(request, "signature"),
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page = _console_page(request, tender_id)
        return refused_here(request, "work/tender.html", page, refusal, given=given)
    if given["passed"] == "true":
        return done(f"/work/tenders/{tender_id}/publish", "公平竞争审查通过, 请选定投标截止时间并发布公告")
    return done(f"/work/tenders/{tender_id}/document", "已退回修改, 改好后重新送审")


def _filled(raw: dict[str, Any], *, procured: bool, priced: bool, by_units: bool = False) -> dict[str, Any]:
    """Return the fields of the editor for a document, or of the standard file when none is written."""
    price = raw.get("price") or {}
    return {
        "method": raw.get("method", "comprehensive"),
        "quality": raw.get("quality", "合格"),
        "deposit": raw.get("deposit", "0"),
        "deposit_forms": list(raw.get("deposit_forms") or DEPOSIT_FORMS),
        "subcontract_allowed": raw.get("subcontract_allowed", False),
        "remedy_minutes": raw.get("remedy_minutes", 0),
        "most_lots": raw.get("most_lots", 0),
        "site": raw.get("site", ""),
        "bid_validity_days": raw.get("bid_validity_days", 90),
        "decryption_minutes": raw.get("decryption_minutes", 60),
        "sealing": raw.get("sealing", "age"),
        "share_holders": ([h["uscc"] for h in raw.get("share_holders") or []] + [""] * 3)[:3],
        "consortium_allowed": raw.get("consortium_allowed", True),
        "committee_size": raw.get("committee_size", 5),
        "owner_representatives": raw.get("owner_representatives", 0),
        "specialty": raw.get("specialty", "A08"),
        "text": raw.get(
            "text",
            "采购需求、商务要求和合同草案见附件。"
            if procured
            else "采用标准施工招标文件。技术标准、图纸和工程量清单见附件。",
        ),
        "price": {
            "weight": price.get("weight", "60"),
            "above": price.get("above", "2"),
            "below": price.get("below", "1"),
            "lowered_by": price.get("lowered_by", "0"),
            "per_day": price.get("per_day", "0"),
        },
        "requirements": list(
            raw.get("requirements")
            or (
                procurement_requirements(priced=priced, by_units=by_units)
                if procured
                else standard_requirements()
            )
        ),
        "criteria": [
            {**row, "way": _way(row)}
            for row in raw.get("criteria")
            or [
                {"key": "plan", "title": "施工组织设计", "weight": "25"},
                {"key": "team", "title": "项目管理机构", "weight": "15"},
            ]
        ],
        "low_price": {**_low_lines(procured), **(raw.get("low_price") or {})},
        "policy": {
            "subject": "goods",
            "sme": "10",
            "joint": "4",
            "domestic": "20",
            **(raw.get("policy") or {}),
        },
    }


def _low_lines(procured: bool) -> dict[str, str]:
    """Return the lines below which a price is looked at, as the family of law proposes them."""
    return {"of_ceiling": "45", "of_others": "50"} if procured else {"of_ceiling": "75", "of_others": "80"}


def _rows(post: QueryDict, names: tuple[str, ...], *, prefix: str, must: str) -> list[dict[str, str]]:
    """Return the posted rows in which the column `must` (or a weight) was filled; a row without a key gets one."""
    columns = [[value.strip() for value in post.getlist(f"{prefix}_{name}")] for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip_longest(*columns, fillvalue="")]
    rows = [row for row in rows if row[must] or row.get("weight")]
    taken = {row["key"] for row in rows}
    for row in rows:
        if not row["key"]:
            row["key"] = next(key for n in range(1, 1000) if (key := f"{prefix}_{n}") not in taken)
            taken.add(row["key"])
    return rows


def _entered(request: HttpRequest) -> dict[str, Any]:
    """Return the document as it was entered."""
    names = ("method", "quality", "deposit", "bid_validity_days", "decryption_minutes", "committee_size")
    out: dict[str, Any] = {
        name: text(request, name) for name in (*names, "owner_representatives", "specialty")
    }
    return out | {
        "text": text(request, "text"),
        "deposit_forms": request.POST.getlist("deposit_forms"),
        "consortium_allowed": bool(request.POST.get("consortium_allowed")),
        "subcontract_allowed": bool(request.POST.get("subcontract_allowed")),
        "remedy_minutes": text(request, "remedy_minutes") or "0",
        "most_lots": text(request, "most_lots") or "0",
        "site": text(request, "site"),
        "sealing": text(request, "sealing") or "age",
        "share_holders": [
            {"uscc": code} for value in request.POST.getlist("share_holder") if (code := value.strip())
        ],
        "price": {
            name: text(request, f"price_{name}") or "0"
            for name in ("weight", "above", "below", "lowered_by", "per_day")
        },
        "requirements": _rows(request.POST, ("key", "part", "text"), prefix="requirement", must="text"),
        "criteria": [
            _criterion(row)
            for row in _rows(
                request.POST,
                ("key", "title", "weight", "way", *(f"fact_{name}" for name in FACT_FIELDS)),
                prefix="criterion",
                must="title",
            )
        ],
        "low_price": {
            name: text(request, f"low_{name}") or default
            for name, default in _low_lines("policy_subject" in request.POST).items()
        },
        "policy": {
            name: text(request, f"policy_{name}") for name in ("subject", "sme", "joint", "domestic", "two")
        }
        | {"solutions": bool(request.POST.get("policy_solutions"))},
    }


#: how an item is judged, in one word of the form → the marks of a criterion
WAYS = {
    "": ("主观项", ()),
    "reasons": ("主观项, 写明理由", ("reasons",)),
    "objective": ("客观项, 各评委应一致", ("objective",)),
    "dark": ("主观项, 暗标", ("dark",)),
    "dark_reasons": ("主观项, 暗标, 写明理由", ("dark", "reasons")),
}


#: the fields of a rule by which an objective item is prefilled
FACT_FIELDS = ("fact", "each", "most", "at_least", "since")


def _criterion(row: dict[str, str]) -> dict[str, Any]:
    """Return a criterion as the file has it: its marks instead of the form's word."""
    way = row.pop("way")
    facts = {name: value for name in FACT_FIELDS if (value := row.pop(f"fact_{name}"))}
    out = {**row, **dict.fromkeys(WAYS.get(way, WAYS[""])[1], True)}
    # without a word for what is counted, the other fields say nothing
    return out | ({"facts": facts} if "fact" in facts else {})


def _way(row: Mapping[str, Any]) -> str:
    """Return the form's word for a criterion's marks."""
    marks = {mark for mark in ("objective", "reasons", "dark") if row.get(mark)}
    return next((way for way, (_, had) in WAYS.items() if set(had) == marks), "")


def document(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Edit the structured tender file."""
    actor = who(request)
    tender = own_tender(tender_id, actor)
    states = tenders.states_of(tender_id)
    figures = worklist.lot_drafts(tender_id)
    most = (min(f.budget for f in figures) * rules.DEPOSIT_SHARE).quantize(CENT, ROUND_DOWN)
    own = family(tender.procedure_code)
    quiet = BY_CODE[tender.procedure_code].quiet
    given = _filled(
        tender.document,
        procured=tender.scope == "GP",
        priced=not quiet,
        by_units=BY_CODE[tender.procedure_code].unit_prices,
    ) | owner_terms.filled(tender.document)
    kept = parse(tender.document) if tender.document else None
    page: dict[str, Any] = {
        "tender": tender,
        "quiet": quiet,
        "editable": any(s.stage in {Stage.DOC_EDIT, Stage.OPEN_FOR_BID} for s in states),
        "clarifying": any(s.stage == Stage.OPEN_FOR_BID for s in states),
        "stages": {s.stage for s in states},
        "figures": figures,
        "most_deposit": most,
        "methods": [
            (m.value, _method_label(m, tender)) for m in Method if own.scored or m is not Method.COMPREHENSIVE
        ],
        **owner_terms.page(tender.procedure_code, tender.document),
        "committee_hint": f"{own.least_committee}人以上单数",
        "subjects": list(Subject),
        "sealings": list(Sealing),
        "parts": list(ReviewPart),
        "ways": [(way, label) for way, (label, _) in WAYS.items()],
        "facts": [(fact, says) for fact, (_, _, says) in FACTS.items()],
        "forms": DEPOSIT_FORMS,
        "blank": range(BLANK_ROWS),
        "given": given,
        "based_on": tendering.kept_digest(tender.document),
        "warnings": [*rules.warnings_on(kept), *owner_terms.warnings(kept, today=beijing_date(now()))]
        if kept
        else [],
        "total": _total(given),
        "lists_read": acknowledged_at(tender_id) is not None,
        "checked": writing.checked(kept) if kept else None,
    }
    if request.method != "POST":
        return show(request, "work/document.html", page)
    given = _entered(request)
    more = owner_terms.entered(request, tender.procedure_code)
    if "several" in more:
        given["policy"] |= {"several": more["several"]}
    if "terms" in more:
        given["terms"] = more["terms"]
    if tender.document.get("clauses"):  # the template is filled in on a page of its own
        given["clauses"] = tender.document["clauses"]
    if tender.document.get("scheme"):  # the method as data is chosen on a page of its own
        given["scheme"] = tender.document["scheme"]
    if tender.document.get("award_plan"):  # the plan of award is written on a page of its own
        given["award_plan"] = tender.document["award_plan"]
    if tender.document.get("prequalification"):  # it is written on the page of the front
        given["prequalification"] = tender.document["prequalification"]
    # a form that says from which file it began is held to it; an older form saves as before
    based_on = request.POST.get("based_on")
    try:
        tendering.write_document(
            tender_id=tender_id, document=given, based_on=based_on, actor=actor, now=now()
        )
    except tendering.ChangedMeanwhile as refusal:
        return _changed(request, tender, given, refusal)
    except Refusal as refusal:
        page["total"] = _total(given)
        given["share_holders"] = (request.POST.getlist("share_holder") + [""] * 3)[:3]
        field = _FIELDS.get(type(refusal), "")
        shown = given | {"criteria": [{**row, "way": _way(row)} for row in given["criteria"]]}
        if more:
            shown |= owner_terms.filled(given)
            page |= owner_terms.page(tender.procedure_code, given)
        return refused_here(request, "work/document.html", page, refusal, given=shown, field=field)
    return done(f"/work/tenders/{tender_id}/document?saved=1", "招标文件已保存, 核对无误后送审")


def _method_label(method: Method, tender: tenders.TenderRow) -> str:
    if BY_CODE[tender.procedure_code].unit_prices:
        return FRAMEWORK_METHODS[method.value]
    return PROCUREMENT_METHODS[method.value] if tender.scope == "GP" else method.label


def _changed(
    request: HttpRequest, tender: tenders.TenderRow, given: dict[str, Any], refusal: Refusal
) -> HttpResponse:
    """Show what somebody else saved meanwhile beside what was entered here; either may then be kept."""
    shape = {"procured": tender.scope == "GP", "priced": not BY_CODE[tender.procedure_code].quiet}
    last = last_act("tendering.document_written", subject=tender.tender)
    page = {
        "tender": tender,
        "message": refusal.message,
        "by": person_name(last.person) if last else "",
        "at": last.legal_at if last else None,
        "differences": differences(_filled(tender.document, **shape), _filled(given, **shape)),
        "posted": [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name not in {"csrfmiddlewaretoken", "based_on"}
        ],
        "based_on": tendering.kept_digest(tender.document),
        "address": request.path,
    }
    return show(request, "work/changed.html", page, status=refusal.status)


def _total(given: dict[str, Any]) -> str:
    """Return the sum of the points entered, "" where one is no number."""
    try:
        points = [Decimal(str(row["weight"])) for row in given["criteria"]]
        return str(sum(points, Decimal(str(given["price"]["weight"]))))
    except (InvalidOperation, KeyError):
        return ""


def proposed_deadline(moment_: datetime, *, procedure: str = "GC", region: str = "") -> datetime:
    """Return the deadline the page proposes: the earliest lawful day and one more, a working day, 09:30."""
    day = worklist.earliest_deadline(moment_, procedure=procedure, region=region).astimezone(
        BEIJING
    ) + timedelta(days=1)
    while not CHINA.is_working(day.date()):
        day += timedelta(days=1)
    return day.replace(hour=9, minute=30, second=0, microsecond=0)


def publish(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Choose the deadline, see the clocks it sets going, and publish."""
    actor, at = who(request), now()
    tender = own_tender(tender_id, actor)
    page: dict[str, Any] = {
        "tender": tender,
        "ready": any(s.stage == Stage.DOC_READY for s in tenders.states_of(tender_id)),
        "by_front": any(s.front for s in tenders.states_of(tender_id)),
        "figures": worklist.lot_drafts(tender_id),
        "earliest": worklist.earliest_deadline(
            at, procedure=tender.procedure_code, region=tender.region_code
        ),
        "deadline": proposed_deadline(at, procedure=tender.procedure_code, region=tender.region_code),
        "personal": personal_data_in({"项目": tender.project, "招标文件": tender.document}),
        "now": at,
    }
    try:
        if request.method == "POST":
            page["deadline"] = moment(request, "bid_deadline", says="投标截止时间")
            tendering.publish(tender_id=tender_id, bid_deadline=page["deadline"], actor=actor, now=at)
            return done(f"/work/tenders/{tender_id}", "招标文件已发出, 即日起可以投标")
        if request.GET.get("deadline"):
            page["deadline"] = _asked(request.GET["deadline"])
    except Refusal as refusal:
        page["clocks"] = tenders.clocks(
            published_at=at, deadline=page["deadline"], procedure=tender.procedure_code
        )
        given = {"bid_deadline": text(request, "bid_deadline")}
        if request.method == "POST":
            return refused_here(request, "work/publish.html", page, refusal, given=given)
        page |= {"problem": refusal.message, "field": "bid_deadline"}
    page["clocks"] = tenders.clocks(
        published_at=at, deadline=page["deadline"], procedure=tender.procedure_code
    )
    return show(request, "work/publish.html", page)


def _asked(given: str) -> datetime:
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise BadInput("请选择投标截止时间", field="bid_deadline") from None
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)


def seat(request: HttpRequest, draw_id: str) -> HttpResponse:
    """Seat the committee that has checked in."""
    evaluation.seat_committee(draw_id=draw_id, actor=who(request), now=now())
    return done(f"/work/tenders/{text(request, 'tender')}", "评标委员会已组建, 评标开始")


def next_round(request: HttpRequest, round_id: str) -> HttpResponse:
    """Begin a new round of a lot that failed."""
    tendering.start_new_round(round_id=round_id, actor=who(request), now=now())
    return done(f"/work/tenders/{text(request, 'tender')}", "新一轮招标已建立, 从进场登记开始")

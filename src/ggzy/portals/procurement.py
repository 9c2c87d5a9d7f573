"""Government procurement on the owner side: intent and plan before the file, the check of qualification after the opening."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.contracting import actions as contracting
from ggzy.evaluation import qualifying
from ggzy.evaluation.qualifying import QualificationRow
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.portals.frame import done, now, show, text, who
from ggzy.portals.owner_rounds import result_page
from ggzy.portals.owner_tender import own_tender
from ggzy.portals.work import refused_here, refused_json
from ggzy.procedures.spec import Stage
from ggzy.tendering import planning, worklist
from ggzy.tendering import queries as tenders

#: the item of the sheet that is not one of the file: what the public lists say of a supplier (财库〔2016〕125号)
CREDIT = "credit_record"
SOURCES = "信用中国网站、中国政府采购网"


def plan(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show the intent and the plan of a procurement with the one that comes next."""
    return show(request, "work/procurement_plan.html", _plan_page(request, tender_id))


def _plan_page(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    actor = who(request)
    tender = own_tender(tender_id, actor)
    if tender.scope != "GP":
        raise NotFound("工程建设项目没有采购意向和采购计划, 请在项目页面办理")
    stages = {s.stage for s in tenders.states_of(tender_id)}
    found = planning.plan_of(tender_id)
    return {
        "tender": tender,
        "plan": found,
        "figures": worklist.lot_drafts(tender_id),
        "may_publish": Stage.BUDGET in stages,
        "may_file": bool(stages & {Stage.BUDGET, Stage.INTENT}),
        "warning": planning.too_soon(found, now()),
        "given": {},
    }


def publish_intent(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Publish the intent."""
    given = {name: text(request, name) for name in ("needs", "expected")}
    try:
        planning.publish_intent(tender_id=tender_id, **given, actor=who(request), now=now())
    except Refusal as refusal:
        page = _plan_page(request, tender_id)
        return refused_here(request, "work/procurement_plan.html", page, refusal, given=given)
    return done(
        f"/work/tenders/{tender_id}/procurement-plan", "采购意向已公开, 请在采购活动开始前备案采购计划"
    )


def file_plan(request: HttpRequest, tender_id: str) -> HttpResponse:
    """File the plan."""
    given = {name: text(request, name) for name in ("number", "not_reserved", "urgent")}
    reserved = text(request, "reserved")
    try:
        if reserved not in {"yes", "no"}:
            raise BadInput("请选择是否专门面向中小企业采购", field="reserved")
        planning.file_plan(
            tender_id=tender_id, reserved=reserved == "yes", **given, actor=who(request), now=now()
        )
    except Refusal as refusal:
        page = _plan_page(request, tender_id)
        return refused_here(
            request, "work/procurement_plan.html", page, refusal, given=given | {"reserved": reserved}
        )
    return done(f"/work/tenders/{tender_id}", "采购计划已备案, 可以开始编制招标文件")


def _sheet(row: QualificationRow) -> dict[str, Any]:
    """Return the check as the bench's script reads it: one entry a bid, one item a requirement, and the credit record."""
    items = [{"key": r.key, "title": r.text, "part": "资格要求"} for r in row.document.owners_requirements]
    looked = f"已查询{SOURCES}, 没有限制参加政府采购活动的不良信用记录"
    items.append({"key": CREDIT, "title": looked, "part": "信用记录"})
    values: dict[str, str] = {}
    for bid, verdicts in row.results.items():
        for key, verdict in verdicts.items():
            values[f"passes:{bid}:{key}"] = "yes" if verdict["passes"] else "no"
            values[f"reason:{bid}:{key}"] = verdict["reason"]
    for bid, credit in row.credit.items():
        values[f"passes:{bid}:{CREDIT}"] = "yes" if credit["clean"] else "no"
        values[f"reason:{bid}:{CREDIT}"] = "" if credit["clean"] else credit["source"]
    return {
        "kind": "preliminary",
        "entries": [
            {
                "id": b.bid,
                "name": b.bidder,
                "dark": False,
                "note": b.uscc,
                "files": [
                    {
                        "name": a["name"],
                        "address": f"/work/rounds/{row.round}/qualification/files/{a['sha256']}",
                        "pdf": a["name"].lower().endswith(".pdf"),
                        "says": [],
                    }
                    for a in b.attachments
                ],
            }
            for b in row.bids
        ],
        "items": items,
        "hints": {},
        "values": {name: value for name, value in values.items() if value},
    }


def _page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    row = qualifying.qualification(round_id=round_id, actor=who(request))
    requirements = [(r.key, r.text) for r in row.document.owners_requirements]
    return {
        "row": row,
        "data": _sheet(row),
        "signing": row.may_work and request.GET.get("sign") == "1",
        "requirements": requirements,
        "rows": [
            {
                "bid": b,
                "verdicts": [row.results.get(b.bid, {}).get(key) for key, _ in requirements],
                "credit": row.credit.get(b.bid),
                "reasons": row.unqualified.get(b.bid),
            }
            for b in row.bids
        ],
        "kept": row.results,
    }


def qualification(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show the check: the bench while it is worked on, what it found when it is concluded."""
    return show(request, "work/qualification.html", _page(request, round_id))


def _read(row: QualificationRow, values: dict[str, str], at: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what was entered as results and credit records; what is not judged is not there."""
    results: dict[str, dict[str, Any]] = {}
    credit: dict[str, Any] = {}
    for bid in (b.bid for b in row.bids):
        for requirement in row.document.owners_requirements:
            name = f"{bid}:{requirement.key}"
            if values.get(f"passes:{name}") in {"yes", "no"}:
                results.setdefault(bid, {})[requirement.key] = {
                    "passes": values[f"passes:{name}"] == "yes",
                    "reason": values.get(f"reason:{name}", "")[:1000],
                }
        said = values.get(f"passes:{bid}:{CREDIT}")
        if said in {"yes", "no"}:
            note = values.get(f"reason:{bid}:{CREDIT}", "").strip()
            credit[bid] = {"clean": said == "yes", "source": note or f"{SOURCES}, {at}查询"}
    return results, credit


def _save(request: HttpRequest, round_id: str, values: dict[str, str]) -> str:
    row = qualifying.qualification(round_id=round_id, actor=who(request))
    moment = now()
    at = f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"
    results, credit = _read(row, values, at)
    qualifying.save_qualification(
        round_id=round_id, results=results, credit=credit, actor=who(request), now=moment
    )
    return f"{moment.astimezone(BEIJING):%H:%M:%S}"


def save_draft(request: HttpRequest, round_id: str) -> HttpResponse:
    """Keep what has been entered so far; the page's script asks, and shows when it was kept."""
    try:
        try:
            content = json.loads(request.body)["content"]
            values = {str(name): str(value) for name, value in content.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BadInput("暂存的内容应为一张审查表", field="content") from None
        saved = _save(request, round_id, values)
    except Refusal as refusal:
        return refused_json(request, refusal)
    return JsonResponse({"saved": saved})


def save(request: HttpRequest, round_id: str) -> HttpResponse:
    """Keep the whole sheet and go on to the signature."""
    values = {name: request.POST[name].strip() for name in request.POST if ":" in name}
    try:
        _save(request, round_id, values)
        qualifying.require_complete(round_id=round_id, actor=who(request))
    except Refusal as refusal:
        page = _page(request, round_id)
        page["data"]["values"] = values
        return refused_here(request, "work/qualification.html", page, refusal, given={})
    return done(f"/work/rounds/{round_id}/qualification?sign=1", "审查表已填完, 核对后签名作出结论")


def to_sign(request: HttpRequest, round_id: str) -> bytes:
    """Return the conclusion to sign."""
    return qualifying.qualification_to_sign(round_id=round_id, actor=who(request))


def conclude(request: HttpRequest, round_id: str) -> HttpResponse:
    """Conclude the check with a signature."""
    try:
        made = qualifying.conclude_qualification(
            round_id=round_id, signature=text(request, "signature"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        page = _page(request, round_id)
        return refused_here(request, "work/qualification.html", page, refusal, given={})
    out = len(made.unqualified)
    says = f"资格审查结论已签名, {out}家不合格" if out else "资格审查结论已签名, 全部合格"
    return done(f"/work/rounds/{round_id}/qualification", says)


def file_contract(request: HttpRequest, round_id: str) -> HttpResponse:
    """Record that the copy of the contract was filed."""
    given = {"number": text(request, "number")}
    try:
        contracting.file_contract(round_id=round_id, **given, actor=who(request), now=now())
    except Refusal as refusal:
        page = result_page(request, round_id)
        return refused_here(request, "work/result.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/result", "合同备案已登记")

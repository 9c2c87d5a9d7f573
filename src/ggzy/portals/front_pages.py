"""Pages of the fronts: the owner side's console, the sender's own page, the invitee's letter, the member's desk, the finding."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.bidding import actions as bidding
from ggzy.bidding import queries as bids
from ggzy.changes.queries import front_standing
from ggzy.experts import actions as experts
from ggzy.experts import queries as draws
from ggzy.fronts import drawing, invitation, prequalification, queries, review, rules, two_stage
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.opening import actions as opening
from ggzy.opening.quiet import own_waiting
from ggzy.parties.grid import Permission as P
from ggzy.portals.bidder import key_given
from ggzy.portals.frame import View, done, moment, now, route, show, text, who
from ggzy.portals.owner_tender import own_tender
from ggzy.portals.sealing import (
    acknowledged,
    front_facts,
    open_facts,
    own_certificates,
    package_of,
    parts_of,
    used_up,
)
from ggzy.portals.work import Todo, only_posted, refused_here, refused_json, signing, wants_json
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Stage
from ggzy.tendering import actions as tendering
from ggzy.tendering import queries as tenders
from ggzy.tendering.document import QualificationMethod
from ggzy.tendering.fronts import draws_invitees
from ggzy.ui.bundles import sealing_bundles
from ggzy.ui.flow import steps_to

#: what the owner side has to know at each stage of a front; the forms stand below it
_SAYS = {
    Stage.PQ_EDIT: "招标文件(含资格预审部分)通过公平竞争审查后, 选定两个日期, 发布资格预审公告。",
    Stage.PQ_OPEN: "正在接收申请。截止前任何人都不知道谁申请、有几个; 可以先抽取审查专家。",
    Stage.PQ_CLOSED: "申请已截止, 申请人正在解密或已解密。审查专家签到后组建资格审查委员会。",
    Stage.PQ_REVIEW: "资格审查委员会正在审查, 请等待报告。",
    Stage.PQ_RESULT: "审查完成。由平台向每个申请人发出它自己的结果, 并向合格者发出投标邀请书; 名单和数量开标前保密。",
    Stage.PQ_DONE: "结果通知和投标邀请书已发出。下一步在招标项目页面发出招标文件。",
    Stage.PQ_FAILED: "资格预审失败。分析原因后开始新一轮。",
    Stage.IV_REASON: "写明邀请招标的法定情形和依据, 由行政监督部门认定。",
    Stage.IV_LIST: "已获认定。确定3个以上受邀人, 再发出投标邀请书。名单保密。",
    Stage.IV_SENT: "邀请书已发出。谁接受、有几个接受, 开标前保密; 回复截止后由平台判断是否满3个。",
    Stage.IV_DONE: "招标文件已向接受邀请者发出, 正在投标。",
    Stage.IV_FAILED: "本次邀请没有成立。开始新一轮: 未获认定的改公开招标, 接受者不足3个的可增加邀请对象。",
    Stage.TS1_OPEN: "发布第一阶段公告, 征集不带报价的技术建议。",
    Stage.TS1_REVIEW: "技术建议已截止。提交者解密后, 在此查阅建议, 再编制招标文件。",
    Stage.TS2_OPEN: "招标文件已向提交建议者发出, 正在第二阶段投标。",
    Stage.TS_DONE: "第二阶段投标已截止, 转入开标。",
    Stage.TS_FAILED: "第一阶段失败。分析原因后开始新一轮。",
}


#: the same where those invited are drawn among the qualified (政府采购邀请招标)
_SAYS_OF_A_DRAW = {
    Stage.PQ_OPEN: "正在接收申请。截止前任何人都不知道谁申请、有几个; 截止后抽签名单固定, 再抽取审查专家。",
    Stage.PQ_RESULT: "审查完成。先随机抽取受邀人, 再由平台向每个申请人发出它自己的结果; 名单和数量开标前保密。",
    Stage.PQ_DONE: "结果通知和投标邀请书已同时发出。下一步在招标项目页面发出招标文件。",
}


def _console_page(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    actor, at = who(request), now()
    tender = own_tender(tender_id, actor)
    rows = queries.owner_fronts(tender_id=tender_id, actor=actor)
    if not rows:
        raise NotFound(
            "本项目没有资格预审、邀请或第一阶段", next_steps=(("返回项目", f"/work/tenders/{tender_id}"),)
        )
    first = rows[0]
    stage = Stage(first.stage)
    draw_id = draws.draw_of_rounds([r.round for r in rows])
    draw = draws.draw_row(draw_id) if draw_id else None
    until, deadline = queries.earliest_dates(at, procedure=first.procedure_code)
    proposed_until, proposed_deadline = queries.proposed_dates(at, procedure=first.procedure_code)
    draws_them = draws_invitees(first.procedure_code)
    part = (tender.document or {}).get("prequalification") or {}
    return {
        "tender": tender,
        "rows": rows,
        "first": first,
        "procedure": BY_CODE[first.procedure_code],
        "steps": steps_to(BY_CODE[first.procedure_code], stage, since=BY_CODE[first.procedure_code].initial),
        "says": (_SAYS_OF_A_DRAW if draws_them else {}).get(stage, _SAYS[stage]),
        "moves": front_standing(tender.pk, now=at),
        "waits_to_publish": stage is Stage.TS1_OPEN and first.published_at is None,
        "grounds": rules.GROUNDS,
        "draws": draws_them,
        "not_drawn": draws_them and any(r.stage == Stage.PQ_RESULT and not r.drawn_at for r in rows),
        "drawn": [r for r in rows if r.drawn_at],
        "methods": [m for m in QualificationMethod if (m is QualificationMethod.DRAWN) == draws_them],
        "earliest_until": until,
        "earliest_deadline": deadline,
        "proposed_until": proposed_until,
        "proposed_deadline": proposed_deadline,
        "draw": draw,
        "may_draw": draw is None
        and stage in ({Stage.PQ_CLOSED} if draws_them else {Stage.PQ_OPEN, Stage.PQ_CLOSED}),
        "missing": draw.committee_size - draw.checked_in if draw else 0,
        "seats": draw.committee_size - draw.needed if draw else 0,
        "failed": [r for r in rows if Stage(r.stage) in BY_CODE[r.procedure_code].failures],
        "part_saved": bool(part),
        "given": _part_given(part, drawn=draws_them)
        | {"witnesses": ""}
        | {"ground": first.ground, "reason": first.text, "file_until": "", "deadline": ""},
        "now": at,
    }


def _part_given(part: dict[str, Any], *, drawn: bool) -> dict[str, Any]:
    """Return the prequalification part as the form shows it: one line for each requirement and criterion."""
    usual = QualificationMethod.DRAWN if drawn else QualificationMethod.ALL_QUALIFIED
    return {
        "method": part.get("method", usual.value),
        "limit": part.get("limit") or "",
        "requirements": "\n".join(r["text"] for r in part.get("requirements") or [])
        or "营业执照、资质和安全生产许可符合要求\n近三年财务状况良好",
        "criteria": "\n".join(f"{c['title']} {c['weight']}" for c in part.get("criteria") or []),
    }


def console(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show where the front of a tender stands and the next step."""
    return show(request, "work/front.html", _console_page(request, tender_id))


def _tried(request: HttpRequest, tender_id: str, act: Any, says: str, **given: Any) -> HttpResponse:
    """Do an act of the console; a refusal shows the console again with what was entered."""
    try:
        act()
    except Refusal as refusal:
        page = _console_page(request, tender_id)
        return refused_here(request, "work/front.html", page, refusal, given=page["given"] | given)
    return done(f"/work/tenders/{tender_id}/front", says)


def save_part(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Save the prequalification part of the file."""
    actor = who(request)
    given = {name: text(request, name) for name in ("method", "limit", "requirements", "criteria")}

    def act() -> None:
        document = own_tender(tender_id, actor).document
        if not document:
            raise BadInput("请先保存招标文件, 再填写资格预审部分", field="requirements")
        lines = [line.strip() for line in given["requirements"].splitlines() if line.strip()]
        part: dict[str, Any] = {
            "method": given["method"],
            "requirements": [{"key": f"pq{n}", "text": line} for n, line in enumerate(lines, 1)],
        }
        if given["method"] == QualificationMethod.DRAWN.value:
            part["limit"] = given["limit"]
        elif given["method"] == QualificationMethod.LIMITED_NUMBER.value:
            part |= {"limit": given["limit"], "criteria": _criteria(given["criteria"])}
        tendering.write_document(
            tender_id=tender_id, document={**document, "prequalification": part}, actor=actor, now=now()
        )

    return _tried(request, tender_id, act, "资格预审部分已保存, 请送公平竞争审查", **given)


def _criteria(lines: str) -> list[dict[str, str]]:
    out = []
    for n, line in enumerate((item.strip() for item in lines.splitlines() if item.strip()), 1):
        title, _, weight = line.rpartition(" ")
        if not title:
            raise BadInput(f"“{line}”请写成“评分项名称 分值”, 中间空一格", field="prequalification.criteria")
        out.append({"key": f"pqc{n}", "title": title.strip(), "weight": weight.strip()})
    return out


def publish_prequalification(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Publish the prequalification notice."""
    return _tried(
        request,
        tender_id,
        lambda: prequalification.publish_prequalification(
            tender_id=tender_id,
            file_until=moment(request, "file_until", says="停止发售时间"),
            deadline=moment(request, "deadline", says="申请截止时间"),
            actor=who(request),
            now=now(),
        ),
        "资格预审公告已发布, 即日起接收申请",
        file_until=text(request, "file_until"),
        deadline=text(request, "deadline"),
    )


def answer_objection(request: HttpRequest, tender_id: str, objection_id: str) -> HttpResponse:
    """Answer an objection to the prequalification file."""
    return _tried(
        request,
        tender_id,
        lambda: prequalification.answer_objection(
            objection_id=objection_id, answer=text(request, "answer"), actor=who(request), now=now()
        ),
        "异议已答复",
        answer=text(request, "answer"),
    )


def request_draw(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Ask for a review committee and freeze the pool."""
    made = experts.request_draw(tender_id=tender_id, actor=who(request), now=now())
    return done(f"/work/draws/{made.public_id}/seed", "专家库已冻结, 请提交本方的随机种子")


def seat(request: HttpRequest, tender_id: str, draw_id: str) -> HttpResponse:
    """Seat the review committee that has checked in."""
    return _tried(
        request,
        tender_id,
        lambda: review.seat_review_committee(draw_id=draw_id, actor=who(request), now=now()),
        "资格审查委员会已组建, 审查开始",
    )


def draw_invitees(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Draw those invited among the qualified, before two of the buyer's staff."""
    entered = text(request, "witnesses")
    return _tried(
        request,
        tender_id,
        lambda: drawing.draw_invitees(
            tender_id=tender_id, witnesses=entered.splitlines(), actor=who(request), now=now()
        ),
        "受邀人已随机抽取, 请发出结果通知书和投标邀请书",
        witnesses=entered,
    )


def send_results(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Let the platform send every applicant its result."""
    return _tried(
        request,
        tender_id,
        lambda: prequalification.send_results(tender_id=tender_id, actor=who(request), now=now()),
        "结果通知书和投标邀请书已由平台发出",
    )


def state_reason(request: HttpRequest, tender_id: str) -> HttpResponse:
    """State the ground of an invitation."""
    given = {"ground": text(request, "ground"), "reason": text(request, "reason")}
    return _tried(
        request,
        tender_id,
        lambda: invitation.state_reason(tender_id=tender_id, **given, actor=who(request), now=now()),
        "理由已提交, 等待行政监督部门认定",
        **given,
    )


def list_invitees(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Fix whom to invite."""
    entered = text(request, "invitees")
    return _tried(
        request,
        tender_id,
        lambda: invitation.list_invitees(
            tender_id=tender_id, invitees=entered.split(), actor=who(request), now=now()
        ),
        "邀请名单已确定, 尚未发出",
        invitees=entered,
    )


def send_invitations(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Send the invitations."""
    return _tried(
        request,
        tender_id,
        lambda: invitation.send_invitations(
            tender_id=tender_id,
            reply_by=moment(request, "reply_by", says="回复截止时间"),
            actor=who(request),
            now=now(),
        ),
        "投标邀请书已由平台分别发给每个受邀人",
        reply_by=text(request, "reply_by"),
    )


def publish_first_stage(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Publish the notice of the first stage."""
    need = text(request, "need")
    return _tried(
        request,
        tender_id,
        lambda: two_stage.publish_first_stage(
            tender_id=tender_id,
            need=need,
            deadline=moment(request, "deadline", says="提交技术建议的截止时间"),
            actor=who(request),
            now=now(),
        ),
        "第一阶段公告已发布",
        need=need,
        deadline=text(request, "deadline"),
    )


def proposals(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show the opened proposals under letters."""
    row = tenders.round_row(round_id)
    found = queries.proposals(round_id=round_id, actor=who(request))
    return show(request, "work/proposals.html", {"row": row, "proposals": found})


# --- the sender of a package


def _package_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    actor, at = who(request), now()
    row = tenders.round_row(round_id)
    if row.phase != 0:
        raise NotFound("本标段没有在接收申请或技术建议", next_steps=(("查看标段", f"/lots/{row.lot}"),))
    own = bids.own_bids(actor=actor, round_id=round_id)
    part = queries.own_part(round_id=round_id, actor=actor)
    procedure = BY_CODE[row.procedure_code]
    live = next((b for b in own if b.state == "live"), None)
    takes = procedure.has(row.stage, "submit_bid") and bool(row.bid_deadline and at < row.bid_deadline)
    waits = part.package.package if part.package and part.package.state == "waiting" else ""
    return {
        "row": row,
        "seal": front_facts(row=row, live=live, actor=actor) if takes else None,
        "bundles": sealing_bundles(),
        "key_to": f"/work/fronts/{round_id}/key",
        "to_open": open_facts(bid_id=waits, key_to=f"/work/fronts/{round_id}/key", actor=actor)
        if waits
        else None,
        "own_certificates": own_certificates(actor),
        "front": queries.public_front(round_id),
        "what": "技术建议" if row.procedure_code == "GC_TWO_STAGE" else "资格预审申请文件",
        "draws": draws_invitees(row.procedure_code),
        "own": own,
        "live": live,
        "part": part,
        "open": takes,
        "parts": parts_of(row),
        "address": request.build_absolute_uri("/").rstrip("/"),
        "given": {},
        "now": at,
    }


def package(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show how to apply or propose, one's own package, what became of it, and one's own result."""
    return show(request, "work/package.html", _package_page(request, round_id))


def _package_tried(request: HttpRequest, round_id: str, act: Any, says: str, **given: Any) -> HttpResponse:
    try:
        made = act()
    except Refusal as refusal:
        if wants_json(request):
            return refused_json(request, refusal)
        page = _package_page(request, round_id)
        return refused_here(request, "work/package.html", page, refusal, given=given)
    if wants_json(request):
        return acknowledged(made) if isinstance(made, bidding.Acknowledged) else JsonResponse({"done": says})
    return done(f"/work/fronts/{round_id}/package", says)


def submit(request: HttpRequest, round_id: str) -> HttpResponse:
    """Take the four sealed files."""

    def act() -> bidding.Acknowledged:
        made = bidding.submit_bid(round_id=round_id, package=package_of(request), actor=who(request))
        used_up(request)
        return made

    return _package_tried(request, round_id, act, "已接收, 请下载并保存回执")


def withdraw(request: HttpRequest, round_id: str) -> HttpResponse:
    """Withdraw the live package."""
    return _package_tried(
        request,
        round_id,
        lambda: bidding.withdraw_bid(round_id=round_id, actor=who(request)),
        "已撤回, 截止前可以重新递交",
    )


def release(request: HttpRequest, round_id: str) -> HttpResponse:
    """Take the one-time key of the own package."""
    key = key_given(request)

    def act() -> None:
        found = queries.own_part(round_id=round_id, actor=who(request)).package
        if found is None:
            raise NotFound("您单位在此没有等待解密的文件")
        if not key:
            raise BadInput("请粘贴一次性密钥, 或选择保存密钥的文件", field="bid_key")
        opening.release_key(bid_id=found.package, bid_key=key, actor=who(request), now=now())

    return _package_tried(request, round_id, act, "密钥已收到, 正在解密", bid_key=key)


def object_to_file(request: HttpRequest, round_id: str) -> HttpResponse:
    """Object to the prequalification file."""
    says = text(request, "text")
    return _package_tried(
        request,
        round_id,
        lambda: prequalification.object_to_prequalification(
            round_id=round_id, text=says, actor=who(request), now=now()
        ),
        "异议已提出, 您单位的名称不向招标人显示",
        text=says,
    )


def letter(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Show one's own invitation, and take the answer."""
    actor = who(request)
    page: dict[str, Any] = {
        "row": queries.own_invitation(invitation_id=invitation_id, actor=actor),
        "now": now(),
    }
    if request.method != "POST":
        return show(request, "work/invitation.html", page)
    given = {"accept": text(request, "accept")}
    try:
        if given["accept"] not in {"yes", "no"}:
            raise BadInput("请选择接受或不接受邀请", field="accept")
        invitation.answer_invitation(
            invitation_id=invitation_id, accept=given["accept"] == "yes", actor=actor, now=now()
        )
    except Refusal as refusal:
        return refused_here(request, "work/invitation.html", page, refusal, given=given)
    return done(f"/work/invitations/{invitation_id}", "已回复, 只有本单位能看到")


# --- the committee and the authority


def _desk_page(request: HttpRequest, round_id: str, given: dict[str, Any]) -> dict[str, Any]:
    desk = queries.review_desk(round_id=round_id, actor=who(request))
    sheet = []
    for requirement in desk.part.requirements:
        cells = []
        for p in desk.packages:
            name = f"{p.package}:{requirement.key}"
            cells.append(
                {
                    "name": name,
                    "package": p,
                    "passes": given.get(f"passes:{name}", ""),
                    "reason": given.get(f"reason:{name}", ""),
                }
            )
        sheet.append({"requirement": requirement, "cells": cells})
    return {
        "desk": desk,
        "sheet": sheet,
        "limited": desk.part.method is QualificationMethod.LIMITED_NUMBER,
        "waiting": desk.signed if desk.step == "signing" else desk.handed_in,
        "given": given,
    }


def desk(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show a member's desk."""
    return show(request, "work/review.html", _desk_page(request, round_id, {}))


def hand_in(request: HttpRequest, round_id: str) -> HttpResponse:
    """Hand in the review sheet."""
    given = {name: str(value).strip() for name, value in request.POST.items()}
    page = _desk_page(request, round_id, given)
    part, packages = page["desk"].part, page["desk"].packages
    try:
        cells = [c for line in page["sheet"] for c in line["cells"]]
        if unjudged := sum(1 for c in cells if c["passes"] not in {"yes", "no"}):
            raise BadInput(f"还有{unjudged}项没有作出判断, 请逐项选择通过或不通过", field="results")
        results = {
            p.package: {
                r.key: {
                    "passes": given[f"passes:{p.package}:{r.key}"] == "yes",
                    "reason": given.get(f"reason:{p.package}:{r.key}", ""),
                }
                for r in part.requirements
            }
            for p in packages
        }
        scores = {
            p.package: {c.key: given.get(f"score:{p.package}:{c.key}", "") for c in part.criteria}
            for p in packages
        }
        review.hand_in_review(
            round_id=round_id, results=results, scores=scores, actor=who(request), now=now()
        )
    except Refusal as refusal:
        return refused_here(request, "work/review.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/review", "资格审查表已提交")


def report_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Return the report's bytes for a member to sign."""
    return queries.review_to_sign(round_id=round_id, actor=who(request))


def sign(request: HttpRequest, round_id: str) -> HttpResponse:
    """Sign the report of the review."""
    given = {"dissent": text(request, "dissent")}
    try:
        review.sign_review(
            round_id=round_id,
            signature=text(request, "signature"),
            dissent=given["dissent"],
            actor=who(request),
            now=now(),
        )
    except Refusal as refusal:
        page = _desk_page(request, round_id, {})
        return refused_here(request, "work/review.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/review", "已签署资格审查报告")


def finding(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show the stated ground of an invitation to the authority, and take its finding."""
    actor = who(request)
    rows = queries.owner_fronts(tender_id=tender_id, actor=actor)
    tender = tenders.tender(tender_id, viewer=actor)
    if not rows or not rows[0].ground:
        raise NotFound("没有等待认定的邀请招标理由", next_steps=(("返回工作台", "/work"),))
    page: dict[str, Any] = {"tender": tender, "rows": rows, "first": rows[0], "given": {}}
    if request.method != "POST":
        return show(request, "work/finding.html", page)
    given = {name: text(request, name) for name in ("approved", "opinion", "document_number")}
    try:
        if given["approved"] not in {"yes", "no"}:
            raise BadInput("请选择符合或不符合", field="approved")
        invitation.decide_reason(
            tender_id=tender_id,
            approved=given["approved"] == "yes",
            opinion=given["opinion"],
            document_number=given["document_number"],
            actor=actor,
            now=now(),
        )
    except Refusal as refusal:
        return refused_here(request, "work/finding.html", page, refusal, given=given)
    return done(f"/work/tenders/{tender_id}/finding", "认定意见已送达招标人")


# --- what the benches show of fronts


def bidder_front(actor: Actor, at: datetime, live: Sequence[bids.OwnLive]) -> dict[str, Any]:
    """Return what fronts ask of a bidder: packages to decrypt, invitations to answer, fronts that take packages."""
    in_ = {b.round for b in live if b.stage in {Stage.PQ_OPEN, Stage.TS1_OPEN}}
    todos, open_rows = [], []
    closed = [b for b in live if b.stage in {Stage.PQ_CLOSED, Stage.TS1_REVIEW}]
    waiting = own_waiting(rounds=[b.round for b in closed], organisation_pk=actor.organisation_pk)
    for b in closed:
        if b.round in waiting:
            todos.append(
                Todo(
                    what="解密本单位递交的文件(只向审查者开启)",
                    where=f"{b.tender_name} · {b.lot_name}",
                    href=f"/work/fronts/{b.round}/package#key",
                    label="去解密",
                    due=waiting[b.round],
                    clause="《电子招标投标办法》第三十条、第三十一条",
                    urgent=True,
                )
            )
    invitations = queries.own_invitations(actor)
    for row in invitations:
        if row.state == "sent" and row.reply_by and at < row.reply_by:
            todos.append(
                Todo(
                    what=f"回复{row.tenderee}的投标邀请",
                    where=f"{row.tender_name} · {row.lot_name}",
                    href=f"/work/invitations/{row.invitation}",
                    label="查看并回复",
                    due=row.reply_by,
                    clause="《招标投标法》第十七条",
                )
            )
    for stage in (Stage.PQ_OPEN, Stage.TS1_OPEN):
        found = tenders.recent_lots(stage=stage.value, limit=50)
        open_rows += [(r, r.round in in_) for r in found if r.bid_deadline and at < r.bid_deadline]
    return {"front_todos": todos, "front_rows": open_rows, "invitations": invitations}


def expert_todos(actor: Actor) -> list[Todo]:
    """Return the reviews that wait for a member."""
    return [
        Todo(
            what="签署资格审查报告" if row["step"] == "signing" else "资格审查",
            where=row["name"],
            href=f"/work/rounds/{row['round']}/review",
            label="进入审查",
            clause="《招标投标法实施条例》第十八条",
        )
        for row in queries.running_reviews(actor.account_pk)
        if row["waits_for_me"]
    ]


def supervisor_todos() -> list[Todo]:
    """Return the grounds that wait for the authority's finding."""
    return [
        Todo(
            what="认定邀请招标的理由",
            where=f"{row['name']} · {row['tenderee']}",
            href=f"/work/tenders/{row['tender']}/finding",
            label="查看并认定",
            clause="《招标投标法实施条例》第八条",
        )
        for row in queries.waiting_grounds()
    ]


def _act(address: str, view: View, name: str, permission: P) -> Any:
    return route(address, only_posted(view), name=name, permission=permission)


_FRONT = "work/tenders/<str:tender_id>/front"
_PACKAGE = "work/fronts/<str:round_id>"
_REVIEW = "work/rounds/<str:round_id>/review"

urlpatterns = [
    route(_FRONT, console, name="work-front", permission=P.TENDER_EDIT),
    _act(f"{_FRONT}/part", save_part, "work-front-part", P.TENDER_EDIT),
    _act(f"{_FRONT}/publish", publish_prequalification, "work-front-publish", P.TENDER_PUBLISH),
    _act(
        f"{_FRONT}/objections/<str:objection_id>", answer_objection, "work-front-answer", P.OBJECTION_ANSWER
    ),
    _act(f"{_FRONT}/draw", request_draw, "work-front-draw", P.DRAW_REQUEST),
    _act(f"{_FRONT}/seat/<str:draw_id>", seat, "work-front-seat", P.COMMITTEE_SEAT),
    _act(f"{_FRONT}/drawing", draw_invitees, "work-front-drawing", P.TENDER_PUBLISH),
    _act(f"{_FRONT}/results", send_results, "work-front-results", P.TENDER_PUBLISH),
    _act(f"{_FRONT}/ground", state_reason, "work-front-ground", P.TENDER_EDIT),
    _act(f"{_FRONT}/invitees", list_invitees, "work-front-invitees", P.TENDER_EDIT),
    _act(f"{_FRONT}/letters", send_invitations, "work-front-letters", P.TENDER_PUBLISH),
    _act(f"{_FRONT}/first-stage", publish_first_stage, "work-front-first-stage", P.TENDER_PUBLISH),
    route(
        "work/rounds/<str:round_id>/proposals", proposals, name="work-proposals", permission=P.PROPOSALS_READ
    ),
    route(f"{_PACKAGE}/package", package, name="work-package", permission=P.BID_READ_OWN),
    _act(f"{_PACKAGE}/submit", submit, "work-package-submit", P.BID_SUBMIT),
    _act(f"{_PACKAGE}/withdraw", withdraw, "work-package-withdraw", P.BID_SUBMIT),
    _act(f"{_PACKAGE}/key", release, "work-package-key", P.OPENING_RELEASE),
    _act(f"{_PACKAGE}/object", object_to_file, "work-package-object", P.FRONT_OBJECT),
    route(
        "work/invitations/<str:invitation_id>", letter, name="work-invitation", permission=P.INVITATION_ANSWER
    ),
    route(_REVIEW, desk, name="work-review-desk", permission=P.EVALUATE),
    _act(f"{_REVIEW}/sheet", hand_in, "work-review-sheet", P.EVALUATE),
    route(f"{_REVIEW}/to-sign", signing(report_bytes), name="review-report-to-sign", permission=P.EVALUATE),
    _act(f"{_REVIEW}/sign", sign, "work-review-sign", P.EVALUATE),
    route(
        "work/tenders/<str:tender_id>/finding", finding, name="work-finding", permission=P.INVITATION_APPROVE
    ),
]

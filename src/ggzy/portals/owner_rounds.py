"""The owner side in one round: the host's console of the opening, then from the report to the contract."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.awarding import actions as awarding
from ggzy.awarding import endings, several
from ggzy.awarding.queries import END_LABELS, awards_of, chosen_of, ended_awards, publicities_of
from ggzy.awarding.rules import candidates
from ggzy.contracting import actions as contracting
from ggzy.contracting.queries import contracts_of
from ggzy.contracting.rules import most_bond
from ggzy.deposits.queries import deposits_read_out
from ggzy.evaluation import queries as evaluations
from ggzy.evaluation import sittings
from ggzy.evidence import queries as evidence
from ggzy.frameworks.queries import framework_of_round
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound, NotPermitted, Refusal
from ggzy.law.families import family
from ggzy.objections import actions as objections
from ggzy.objections.queries import objections_on
from ggzy.opening import actions as opening
from ggzy.opening import failing, second
from ggzy.opening.queries import HallRow, SecondRow, hall_row, record_to_sign
from ggzy.opening.rules import NOTICE_OF_SECOND
from ggzy.portals.frame import done, moment, now, show, text, who
from ggzy.portals.hall import require_hall
from ggzy.portals.owner import hold_labels
from ggzy.portals.owner_tender import own_tender
from ggzy.portals.work import due, refused_here
from ggzy.procedures.catalogue import BY_CODE
from ggzy.procedures.spec import Stage
from ggzy.seals.queries import state_of
from ggzy.tendering import queries as tenders
from ggzy.tendering.holding import held_up
from ggzy.tendering.stamps import laws_of

_NOTHING: Mapping[str, str] = MappingProxyType({})


def phase_of(hall: HallRow, *, closed: bool) -> str:
    """Return which part of the opening it is: waiting, closing, ready, failed, keys, read_out or ended."""
    if Stage(hall.stage).failed:
        return "failed"
    if hall.ended_at is not None:
        return "ended"
    if not closed:
        return "waiting"
    if hall.opened_at is None:
        return "ready" if hall.stage == Stage.CLOSED else "closing"
    return "read_out" if hall.shown_at else "keys"


def checklist(hall: HallRow, phase: str, at: datetime) -> list[dict[str, str]]:
    """Return what an opening needs, in its order: each with a state (done, now, bad, "") and what is known of it.

    Once the first envelopes are judged it is the opening of the second ones.
    """
    unanswered = sum(not row["answered"] for row in hall.objections)
    said = len(hall.objections)
    questions = f"{unanswered}条未答复" if unanswered else f"共{said}条" if said else "没有异议"
    items = _of_second(hall, hall.second, at) if hall.second else _of_first(hall, phase)
    ended = (hall.second or hall).ended_at is not None
    items[-1:-1] = [("答复异议", ended or bool(said) and not unanswered, questions)]
    out, found = [], False
    for label, done_, detail in items:
        state = "done" if done_ else "" if found else "now"
        if phase == "failed" and label == "投标人数够" and hall.opened_at is None:
            state = "bad"
        # nobody waits for an objection: signing is the next step where there is none to answer
        if state == "now" and label == "答复异议" and not unanswered:
            state = "done"
        found = found or state in {"now", "bad"}
        own = family(hall.procedure_code)
        out.append({"label": own.in_words(label), "state": state, "detail": own.in_words(detail)})
    return out


def _of_first(hall: HallRow, phase: str) -> list[tuple[str, bool, str]]:
    keys = sum(bid.state != "waiting" for bid in hall.bids)
    closed, enough = phase not in {"waiting", "closing"}, phase not in {"waiting", "closing", "failed"}
    count = f"{hall.sealed_bids}家" if hall.sealed_bids is not None else ""
    return [
        ("投标截止", closed, "" if closed else "到时自动截止"),
        ("投标人数够", enough, count if enough else "截止后才知道" if not closed else "不足, 依法不开标"),
        ("宣布开标", hall.opened_at is not None, "您来办"),
        ("等待解密", hall.shown_at is not None, f"{keys}/{len(hall.bids)}" if hall.bids else "投标人办"),
        ("唱标", hall.shown_at is not None and not hall.decrypting, "系统自动公布, 可以朗读"),
        ("签署开标记录", hall.ended_at is not None, "您来办"),
    ]


def _of_second(hall: HallRow, second: SecondRow, at: datetime) -> list[tuple[str, bool, str]]:
    told = second.opens_at is not None
    come = second.opens_at is not None and at >= second.opens_at
    return [
        ("第一信封评审完毕", True, "结果已分别告知各投标人"),
        ("通知第二信封开标时间", told, "您来办"),
        ("到开标时间", come, "" if not told or come else "到时才能开启"),
        ("宣布开启第二信封", second.opened_at is not None, "您来办"),
        ("等待解密第二信封", second.shown_at is not None, "投标人办"),
        ("公布报价", second.shown_at is not None and not hall.decrypting, "系统自动公布, 可以朗读"),
        ("签署第二信封开标记录", second.ended_at is not None, "您来办"),
    ]


def _says(hall: HallRow, phase: str, step: str) -> str:
    """Return where the opening stands in one sentence, for whoever listens to the page."""
    unanswered = sum(not row["answered"] for row in hall.objections)
    keys = sum(bid.state == "waiting" for bid in hall.bids)
    if step:
        return {"keys": "等待解密第二信封", "read_out": "第二信封已唱标"}.get(step, "等待第二信封")
    says = {
        "waiting": "等待投标截止",
        "closing": "正在截止",
        "ready": "可以宣布开标",
        "failed": "本标段流标",
        "keys": f"等待解密, 还差{keys}家",
        "read_out": "已唱标",
        "ended": "开标已结束",
    }[phase]
    return f"{says}, {unanswered}条异议等待答复" if unanswered else says


def _host_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    at = now()
    # read before what is shown: an event in between is told again, none is missed
    after = evidence.last_index_of_round(round_id)
    require_hall(tenders.round_row(round_id))
    hall = hall_row(round_id=round_id, viewer=who(request))
    if not hall.is_host:
        raise NotPermitted(
            "只有本项目的招标人或代理机构可以主持开标",
            next_steps=(("进入开标大厅", f"/rounds/{round_id}/hall"), ("返回工作台", "/work")),
        )
    phase = phase_of(hall, closed=hall.bid_deadline is not None and at >= hall.bid_deadline)
    # what the host must look at anew: the opening moved on, or somebody objected
    step = hall.second.phase if hall.second else ""
    unanswered = sum(not row["answered"] for row in hall.objections)
    mark = f"{phase}-{unanswered}-{hall.decrypting > 0}-{hall.paused_at is not None}{step and f'-{step}'}"
    return {
        "hall": hall,
        "phase": phase,
        "mark": mark,
        "after": after,
        "deposits": deposits_read_out(round_id) if hall.shown_at else {},
        "says": _says(hall, phase, step),
        "checklist": checklist(hall, phase, at),
        "keys_in": sum(bid.state != "waiting" for bid in hall.bids),
        "open_objections": [o for o in hall.objections if not o["answered"]],
        "none_opened": phase == "read_out"
        and not hall.decrypting
        and all(b.state != "opened" for b in hall.bids),
        "given": {},
        "unopened": _unopened(hall),
        "second_notice": int(NOTICE_OF_SECOND.total_seconds() // 60),
        "second_from": at + NOTICE_OF_SECOND + timedelta(minutes=5),
        "may_open_second": bool(hall.second and hall.second.opens_at and at >= hall.second.opens_at),
        "waiting_bids": [b for b in hall.bids if b.state in {"waiting", "released"}],
        "now": at,
    }


def _unopened(hall: HallRow) -> list[tuple[Any, str, str, str]]:
    """Return the bids whose failure the host may account for in the opening under way: bid, state, label, reason."""
    out = {"revoked", "withdrawn"}
    if hall.ended_at is None:
        return [(b, b.state, b.label, b.reason) for b in hall.bids if b.state in out]
    if hall.second is None or hall.second.ended_at is not None:
        return []
    return [(b, b.second_state, b.second_label, b.second_reason) for b in hall.bids if b.second_state in out]


def host(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show the host's console: one clear next step."""
    return show(request, "work/host.html", _host_page(request, round_id))


def host_fragment(request: HttpRequest, round_id: str) -> HttpResponse:
    """Answer with the live part of the console alone."""
    response = show(request, "work/host_now.html", _host_page(request, round_id))
    response["Cache-Control"] = "no-store"
    return response


def _hosted(
    request: HttpRequest,
    round_id: str,
    act: Callable[[], Any],
    *,
    says: str,
    given: Mapping[str, str] = _NOTHING,
) -> HttpResponse:
    """Do one act of the host; a refusal shows the console again with what was entered."""
    try:
        act()
    except Refusal as refusal:
        return refused_here(request, "work/host.html", _host_page(request, round_id), refusal, given=given)
    return done(f"/work/rounds/{round_id}/host", says)


def open_bids(request: HttpRequest, round_id: str) -> HttpResponse:
    """Open every lot of the tender that waits for it."""
    tender = tenders.round_row(round_id).tender
    act = partial(opening.open_bids, tender_id=tender, actor=who(request), now=now())
    return _hosted(request, round_id, act, says="开标已开始, 等待投标人解密")


def account_failure(request: HttpRequest, bid_id: str) -> HttpResponse:
    """Say whose fault an unopened bid was."""
    given = {"bid": bid_id, "fault": text(request, "fault"), "reason": text(request, "reason")}
    act = partial(
        second.account_failure,
        bid_id=bid_id,
        not_bidders_fault=given["fault"] == "platform",
        reason=given["reason"],
        actor=who(request),
        now=now(),
    )
    return _hosted(request, text(request, "round"), act, says="责任认定已记录", given=given)


def answer_opening_objection(request: HttpRequest, objection_id: str) -> HttpResponse:
    """Answer an objection on the spot."""
    given = {"objection": objection_id, "answer": text(request, "answer")}
    act = partial(
        opening.answer_objection,
        objection_id=objection_id,
        answer=given["answer"],
        actor=who(request),
        now=now(),
    )
    return _hosted(request, text(request, "round"), act, says="已当场答复并记录", given=given)


def record_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Return the opening record to sign."""
    return record_to_sign(round_id=round_id, viewer=who(request))


def end_opening(request: HttpRequest, round_id: str) -> HttpResponse:
    """End the opening with the host's signature."""
    act = partial(
        opening.end_opening,
        round_id=round_id,
        signature=text(request, "signature"),
        actor=who(request),
        now=now(),
    )
    return _hosted(request, round_id, act, says="开标结束, 开标记录已公布")


def tell_second(request: HttpRequest, round_id: str) -> HttpResponse:
    """Tell everybody when the second envelopes are opened."""
    given = {"opens_at": text(request, "opens_at")}

    def act() -> None:
        at = moment(request, "opens_at", says="第二信封开标时间")
        second.announce(round_id=round_id, opens_at=at, actor=who(request), now=now())

    return _hosted(request, round_id, act, says="第二信封开标时间已通知全体投标人", given=given)


def open_second(request: HttpRequest, round_id: str) -> HttpResponse:
    """Begin to open the second envelopes."""
    act = partial(second.open_second, round_id=round_id, actor=who(request), now=now())
    return _hosted(request, round_id, act, says="第二信封已开标, 等待投标人解密")


def second_record_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Return the record of the second opening to sign."""
    return second.record_to_sign(round_id=round_id, viewer=who(request))


def end_second(request: HttpRequest, round_id: str) -> HttpResponse:
    """End the second opening with the host's signature."""
    signature = text(request, "signature")
    act = partial(second.end_second, round_id=round_id, signature=signature, actor=who(request), now=now())
    return _hosted(request, round_id, act, says="第二信封开标结束, 开标记录已公布")


def fail_unopened(request: HttpRequest, round_id: str) -> HttpResponse:
    """End an opening in which nothing was opened, and tender anew."""
    given = {"reason": text(request, "reason")}
    act = partial(
        failing.fail_unopened, round_id=round_id, reason=given["reason"], actor=who(request), now=now()
    )
    return _hosted(request, round_id, act, says="本轮流标, 已公告; 可以重新招标", given=given)


def result_page(request: HttpRequest, round_id: str) -> dict[str, Any]:
    actor = who(request)
    row = tenders.round_row(round_id)
    own = family(row.procedure_code)
    tender = own_tender(row.tender, actor)
    publicity = publicities_of([row.round_pk]).get(row.round_pk)
    award = awards_of([row.round_pk]).get(row.round_pk)
    contract = contracts_of([row.round_pk]).get(row.round_pk)
    report = _report(round_id, actor)
    held = [s.holds for s in tenders.states_of(row.tender) if s.round == round_id]
    rows = objections_on(round_id=round_id, viewer=actor)
    ended = ended_awards(row.round_pk)
    out = {a.bid for a in ended}
    ranking = report.report.get("ranking", []) if report else []
    over = publicity.passed_over if publicity else []
    chosen = candidates([r["bid"] for r in ranking], without=over)
    first = next((r for r in ranking if r["bid"] in chosen and r["bid"] not in out), None)
    return {
        "row": row,
        "tender": tender,
        "report": report,
        "first": first,
        "ended": ended,
        "findings": sittings.findings_of(own.code),
        "reopening": next(iter(sittings.waiting_reopenings(actor=actor, round_id=round_id)), None),
        "changed": sittings.CHANGES,
        "grounds": endings.grounds_of(row.procedure_code, row.stage),
        "family": own,
        "may": {move.code for move in BY_CODE[row.procedure_code].from_stage(row.stage) if move.built},
        "cancellations": {k: END_LABELS[k] for k in ("no_bond", "no_contract")},
        "most_bond": most_bond(award.price) if award else None,
        "given": {},
        "publicity": publicity,
        "award": award,
        "procedure": BY_CODE[row.procedure_code],
        "chosen": chosen_of([row.round_pk]).get(row.round_pk, []),
        "to_choose": [r for r in ranking if r["bid"] in report.report["candidates"]] if report else [],
        "framework": framework_of_round(round_id),
        "contract": contract,
        "own_sealed": bool(contract and contract.owner_certificate_id),
        "seal_state": state_of(contract.pdf) if contract else None,
        "objections": rows,
        "open_objections": [o for o in rows if o["answered_at"] is None and o["withdrawn_at"] is None],
        "holds": hold_labels(held[0]) if held else [],
        "is_tenderee": actor.role is Role.TENDEREE and actor.organisation_pk == tender.tenderee_pk,
        "by": _by(row, report, award),
        "now": now(),
    }


def _report(round_id: str, actor: Actor) -> evaluations.ReportRow | None:
    """Return the report once it is handed over."""
    try:
        return evaluations.report(round_id=round_id, actor=actor)
    except NotFound:
        return None


def _by(row: tenders.LotRow, report: Any, award: Any) -> dict[str, Any]:
    """Return by when the next step must be done, by its stage."""
    if row.published_at is None:
        return {}
    own = family(row.procedure_code)
    started: dict[str, tuple[str, Any]] = {
        Stage.REPORTED: ("GP-T08" if own.code == "GP" else "GC-T12", report.reported_at if report else None),
        Stage.CAND_END: ("GC-T22", report.reported_at if report else None),
        Stage.NOTIFIED: (own.contract, award.sent_at if award else None),
        Stage.CONFIRMED: ("GP-T10", award.determined_at if award else None),
        Stage.ANNOUNCED: (own.contract, award.sent_at if award else None),
    }
    key, since = started.get(row.stage, ("", None))
    if not key or since is None:
        return {}
    limit = laws_of([row.round_pk])[row.round_pk][key]
    paused = held_up([row.round_pk], now=now()).days(row.round_pk, limit, row.procedure_code)
    instant, clause = due(limit, started=since, paused=paused)
    return {"instant": instant, "clause": clause}


def result(request: HttpRequest, round_id: str) -> HttpResponse:
    """Show what follows the evaluation, with the one next step."""
    return show(request, "work/result.html", result_page(request, round_id))


def _resulted(
    request: HttpRequest,
    round_id: str,
    act: Callable[[], Any],
    *,
    says: str,
    given: Mapping[str, str] = _NOTHING,
) -> HttpResponse:
    """Do one act after the report; a refusal shows the page again with what was entered."""
    try:
        act()
    except Refusal as refusal:
        page = result_page(request, round_id)
        return refused_here(request, "work/result.html", page, refusal, given=given)
    return done(f"/work/rounds/{round_id}/result", says)


def start_publicity(request: HttpRequest, round_id: str) -> HttpResponse:
    """Publish the candidates."""
    act = partial(awarding.start_publicity, round_id=round_id, actor=who(request), now=now())
    return _resulted(request, round_id, act, says="中标候选人已开始公示")


def answer_objection(request: HttpRequest, objection_id: str) -> HttpResponse:
    """Answer an objection to the result."""
    given = {"answer": text(request, "answer"), "objection": objection_id}
    act = partial(
        objections.answer_objection,
        objection_id=objection_id,
        answer=given["answer"],
        upheld=text(request, "upheld") == "true",
        actor=who(request),
        now=now(),
    )
    return _resulted(request, text(request, "round"), act, says="异议已答复, 暂停解除", given=given)


def award(request: HttpRequest, round_id: str) -> HttpResponse:
    """Determine the winner."""
    act = partial(
        awarding.award, round_id=round_id, bid_id=text(request, "bid"), actor=who(request), now=now()
    )
    return _resulted(request, round_id, act, says="中标人已确定, 请签发中标通知书")


def choice_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Return the statement that names the several suppliers of a result."""
    return several.choice_to_sign(round_id=round_id, actor=who(request))


def choose(request: HttpRequest, round_id: str) -> HttpResponse:
    """Determine the several suppliers of a result at once."""
    signature = text(request, "signature")
    act = partial(several.choose, round_id=round_id, signature=signature, actor=who(request), now=now())
    return _resulted(request, round_id, act, says="结果已公告, 通知书和落选告知已发出")


def letter_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Set the letter of award and return what seals it."""
    return bytes(awarding.prepare_letter(round_id=round_id, actor=who(request), now=now()).to_sign)


def letter(request: HttpRequest, round_id: str) -> HttpResponse:
    """Seal and send the letter of award."""
    act = partial(
        awarding.finish_letter,
        round_id=round_id,
        signature=text(request, "signature"),
        actor=who(request),
        now=now(),
    )
    return _resulted(request, round_id, act, says="中标通知书已签章发出, 结果已公告并通知全部投标人")


def contract_bytes(request: HttpRequest, round_id: str) -> bytes:
    """Set the contract if need be and return what this side's seal signs."""
    return bytes(contracting.prepare_contract(round_id=round_id, actor=who(request), now=now()).to_sign)


def contract(request: HttpRequest, round_id: str) -> HttpResponse:
    """Put this side's seal on the contract."""
    actor = who(request)
    made = contracting.finish_contract(
        round_id=round_id, signature=text(request, "signature"), actor=actor, now=now()
    )
    back = "result" if actor.role is Role.TENDEREE else "contract"
    says = "双方均已签章, 合同已签订并公告" if made.signed_at else "本方已签章, 等待对方签章"
    return done(f"/work/rounds/{round_id}/{back}", says)

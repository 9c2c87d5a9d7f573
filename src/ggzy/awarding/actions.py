"""Publicity of candidates, the award, the sealed letter and the notice to all."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from ggzy.awarding import procured, rules
from ggzy.awarding.models import Award, Publicity
from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evaluation.actions import AWARD_BY_SILENCE, document_of
from ggzy.evaluation.queries import report_of_round
from ggzy.evidence.actions import record_act
from ggzy.identity.models import Sealing
from ggzy.kernel import calendars, files
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.refusals import Citation, NotFound, Refusal
from ggzy.law.families import family
from ggzy.law.limits import runs_out
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import negotiated
from ggzy.opening.queries import OpenedBid, all_bidders, opened_bids
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.seals.sealing import finish_seal, prepare_seal
from ggzy.tendering.models import Round
from ggzy.tendering.moves import (
    lock_round,
    make_move,
    place_of,
    procedure_of,
    require_move,
    require_owner_side,
    require_tenderee,
    standing_still,
)
from ggzy.tendering.stamps import law_of
from ggzy.ui.documents import day, letter_pdf

END_PUBLICITY = "awarding.end_publicity"
LETTER = "award_letter"


class NoCandidateLeft(Refusal):
    """Every candidate is out."""

    code = "awarding.no_candidate_left"
    basis = Citation("招标投标法实施条例", "第五十五条")


class LotsBeforeFirst(Refusal):
    """The tender file limits how many lots one bidder wins: lots are published in their order."""

    code = "awarding.lots_before_first"


class NotTheFirst(Refusal):
    """Only the first candidate may be chosen here."""

    code = "awarding.not_the_first"
    basis = Citation("招标投标法实施条例", "第五十五条")


class PanelDecides(Refusal):
    """A panel chooses the winner here, by the plan of award in the tender file."""

    code = "awarding.panel_decides"


def publicity_end(*, started: datetime, round_: Round) -> datetime:
    """Return the exclusive end of a publicity: GC-T13 of the law in force when the round was first published."""
    return runs_out(law_of(round_)["GC-T13"], started=started, calendar=calendars.CHINA).instant


def candidates_of(round_: Round) -> list[tuple[dict[str, Any], OpenedBid]]:
    """Return the report's candidates with their bids: in rank order, or by name where they have none (评定分离).

    :raises NotFound: no report yet
    """
    evaluation = report_of_round(round_.pk)
    if evaluation is None or evaluation.report is None:
        raise NotFound("评标报告尚未提交")
    bids = {b.bid: b for b in opened_bids(round_.pk)}
    if evaluation.report.get("separation"):
        return [(row, bids[row["bid"]]) for row in evaluation.report["ranking"]]
    last = Publicity.objects.filter(round=round_).order_by("-number").first()
    # what is published as candidates stays as it was; where nothing is published (政府采购), it is reckoned anew
    over = last.passed_over if last else _passed_over(round_, evaluation.report)
    chosen = rules.candidates([row["bid"] for row in evaluation.report["ranking"]], without=over)
    return [(row, bids[row["bid"]]) for row in evaluation.report["ranking"] if row["bid"] in chosen]


def _has_publicity(round_: Round) -> bool:
    """Say whether candidates are published before the award: in construction, not in government procurement."""
    return any(move.code == "start_publicity" for move in procedure_of(round_).moves)


def _passed_over(round_: Round, report: dict[str, Any]) -> list[str]:
    """Return the bids passed over in this lot, since their bidder is first in enough lots before it.

    :raises LotsBeforeFirst: the tender file limits lots, and a lot before this one has no candidates yet
    """
    most = document_of(round_).most_lots
    if not most:
        return []
    firsts = []
    before = Round.objects.filter(lot__tender=round_.lot.tender, lot__number__lt=round_.lot.number, phase=1)
    newest = {r.lot_id: r for r in before.select_related("lot").order_by("lot__number", "number")}
    for row in newest.values():
        if Stage(row.stage).failed or row.stage == Stage.TERMINATED:
            continue
        if not report_of_round(row.pk) or (
            _has_publicity(row) and not Publicity.objects.filter(round=row).exists()
        ):
            raise LotsBeforeFirst(
                f"招标文件规定每个投标人最多中{most}个标段, 按标段序号依次推荐: 请先完成{row.lot.name}"
            )
        if chosen := candidates_of(row):
            firsts.append(chosen[0][1].uscc)
    uscc = {b.bid: b.uscc for b in opened_bids(round_.pk)}
    ranking = [(r["bid"], uscc[r["bid"]]) for r in report["ranking"]]
    return rules.passed_over(ranking, first_before=firsts, most_lots=most)


@transaction.atomic
def start_publicity(*, round_id: str, actor: Actor, now: datetime) -> Publicity:
    """Publish the candidates in rank order: REPORTED → CAND_PUB, for at least three days.

    :raises MoveNotAllowed: no report, or a hold
    """
    require(actor, Permission.PUBLICITY_START)
    round_ = lock_round(round_id)
    tender = round_.lot.tender
    require_owner_side(tender, actor)
    require_move(round_, "start_publicity", actor=actor)
    evaluation = report_of_round(round_.pk)
    assert evaluation is not None and evaluation.report is not None, "REPORTED has a report"
    over = _passed_over(round_, evaluation.report)
    ends_at = publicity_end(started=now, round_=round_)
    make_move(round_, "start_publicity", actor=actor, now=now)
    publicity = Publicity.objects.create(
        round=round_,
        number=Publicity.objects.filter(round=round_).count() + 1,
        started_at=now,
        ends_at=ends_at,
        passed_over=over,
        region_code=round_.region_code,
    )
    rows = candidates_of(round_)
    separated = bool(evaluation.report.get("separation"))
    if not rows:
        raise NoCandidateLeft(
            "全部投标人在前面标段的中标数已达招标文件规定的上限, 本标段没有中标候选人, 应当重新招标"
        )
    set_timer(kind=END_PUBLICITY, subject=round_.public_id, due_at=ends_at)
    candidates = [_candidate(row, bid) for row, bid in rows]
    publish_notice(
        kind=NoticeKind.CANDIDATES,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）中标候选人公示",
        body={
            "lot": round_.lot.name,
            "candidates": candidates,
            "rejected": evaluation.report["rejected"],
            **({"passed_over": over} if over else {}),
            **({"separation": True} if separated else {}),
            "from": now.isoformat(),
            "until": ends_at.isoformat(),
            "objection": "投标人或者其他利害关系人对评标结果有异议的, 在公示期间通过本平台提出; 招标人自收到异议之日起3日内答复, 答复前暂停招标投标活动",
        },
        actor=actor,
        now=now,
    )
    record_act(
        "awarding.publicity_started",
        subject=round_.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "started_at": now.isoformat(),
            "ends_at": ends_at.isoformat(),
            "report_sha256": evaluation.report_sha256,
            "sitting": evaluation.number,
            "number": publicity.number,
            "ranking": [
                {k: row[k] for k in ("rank", "bid", "price", "evaluated_price", "total", "drawn")}
                for row in ([] if separated else evaluation.report["ranking"])
            ],
            "rejected": [row["bid"] for row in evaluation.report["rejected"]],
            "candidates": candidates,
            "passed_over": over,
        },
    )
    return publicity


def _candidate(row: dict[str, Any], bid: OpenedBid) -> dict[str, Any]:
    manager = bid.fields.get("manager") or {}
    return {
        "rank": row["rank"],
        "bid": bid.bid,
        "bidder": bid.bidder,
        "uscc": bid.uscc,
        "members": [m["name"] for m in bid.fields.get("members") or []],
        "price": str(bid.price),
        "quality": bid.fields.get("quality"),
        "duration_days": bid.duration_days,
        "manager": manager.get("name") if isinstance(manager, dict) else str(manager),
        "manager_certificate": manager.get("certificate") if isinstance(manager, dict) else None,
        "total": row["total"],
    }


@effect(END_PUBLICITY)
def end_publicity(round_id: str, now: datetime) -> datetime | None:
    """End a publicity whose time has run out; an unanswered objection keeps it open (answering ends it then)."""
    round_ = lock_round(round_id)
    if round_.stage != Stage.CAND_PUB:
        return None
    publicity = Publicity.objects.select_for_update(of=("self",)).get(
        round=round_, ended_at=None, stopped_at=None
    )
    if now < publicity.ends_at:
        return publicity.ends_at
    if standing_still(round_):
        return None
    make_move(round_, "end_publicity", actor=SYSTEM, now=now)
    publicity.ended_at = now
    publicity.save(update_fields=["ended_at"])
    record_act(
        "awarding.publicity_ended",
        subject=round_.public_id,
        actor=SYSTEM,
        legal_at=now,
        **place_of(round_),
        public={"ended_at": now.isoformat(), "number": publicity.number},
    )
    return None


def running_publicity(round_: Round) -> Publicity | None:
    """Return the publicity that runs in a round, if one does."""
    return Publicity.objects.filter(round=round_, ended_at=None, stopped_at=None).first()


def stop_publicity(round_: Round, *, now: datetime) -> None:
    """Stop the running publicity for good: its candidates are looked at again and will be published anew."""
    Publicity.objects.filter(round=round_, ended_at=None, stopped_at=None).update(stopped_at=now)
    cancel_timer(kind=END_PUBLICITY, subject=round_.public_id, now=now)


def resume_after_hold(round_: Round, *, now: datetime) -> None:
    """Let the publicity's clock run again after its hold was lifted: it ends at its time, or at once if that passed."""
    publicity = running_publicity(round_)
    if publicity is not None and not standing_still(round_):
        set_timer(kind=END_PUBLICITY, subject=round_.public_id, due_at=max(publicity.ends_at, now))


def first_left(round_: Round) -> tuple[dict[str, Any], OpenedBid]:
    """Return the first candidate whose award has not come to nothing, with its row of the report.

    :raises NoCandidateLeft: none is left
    """
    out = set(
        Award.objects.filter(round=round_).exclude(ended_at=None).values_list("bid__public_id", flat=True)
    )
    for row, bid in candidates_of(round_):
        if bid.bid not in out:
            return row, bid
    raise NoCandidateLeft("全部中标候选人均已放弃或被取消资格, 应当重新招标")


@transaction.atomic
def award(*, round_id: str, bid_id: str, actor: Actor, now: datetime) -> Award:
    """Determine the winner: the first candidate, or the next where an award before came to nothing (条例55).

    CAND_END → AWARDED.

    :raises PanelDecides: the tender file has a plan of award
    :raises NotTheFirst: another bid than the first candidate's who is still there
    :raises NoCandidateLeft: every candidate's award came to nothing
    """
    require(actor, Permission.AWARD)
    round_ = lock_round(round_id)
    tender = round_.lot.tender
    require_tenderee(tender, actor)
    require_move(round_, "award", actor=actor)
    if document_of(round_).award_plan:
        raise PanelDecides(
            "本标段实行评定分离, 中标人由定标委员会按定标方案确定, 不能直接定标",
            next_steps=(("定标委员会", f"/work/rounds/{round_.public_id}/panel"),),
        )
    row, bid = first_left(round_)
    if bid.bid != bid_id:
        place = "第一" if row["rank"] == 1 else "依次顺延到"
        raise NotTheFirst(
            f"应当确定排名{place}的中标候选人({bid.bidder})为中标人, 不能跳过",
            basis=None if _has_publicity(round_) else Citation("政府采购法实施条例", "第四十三条"),
        )
    return make_award(round_, bid, rank=row["rank"], actor=actor, now=now)


def make_award(
    round_: Round,
    bid: OpenedBid,
    *,
    rank: int | None,
    silent: bool = False,
    move: str = "award",
    actor: Actor,
    now: datetime,
) -> Award:
    """Make the award of a locked round to a bid (called inside an act); `rank` None where candidates have no order.

    :param silent: the buyer let its time pass, and the clock determines the first
    :param move: by which move, where it is another winner than the first time
    """
    make_move(round_, move, actor=actor, now=now, decided_at=now)
    made = Award.objects.create(
        round=round_,
        bid=Bid.objects.get(public_id=bid.bid),
        price=bid.price,
        determined_at=now,
        region_code=round_.region_code,
    )
    record_act(
        "awarding.awarded",
        subject=made.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "bid": bid.bid,
            "bidder": bid.bidder,
            "uscc": bid.uscc,
            "price": str(bid.price),
            "rank": rank,
            "determined_at": now.isoformat(),
            **({"by_silence": True} if silent else {}),
        },
    )
    cancel_timer(kind=AWARD_BY_SILENCE, subject=round_.public_id, now=now)
    return made


@effect(AWARD_BY_SILENCE)
def award_by_silence(round_id: str, now: datetime) -> datetime | None:
    """Determine the first candidate where the buyer let its time pass and gave no lawful reason (政采条例43, 87号令68).

    A hold keeps it waiting; it is asked again a day later.
    """
    round_ = lock_round(round_id)
    if round_.stage != Stage.REPORTED or Award.objects.filter(round=round_).exists():
        return None
    if standing_still(round_):
        return now + timedelta(days=1)
    row, bid = first_left(round_)
    make_award(round_, bid, rank=row["rank"], silent=True, actor=SYSTEM, now=now)
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    tell(
        organisations=[pk for pk in (tender.tenderee_id, tender.agency_id) if pk],
        kind=Kind.LEGAL,
        basis=law_of(round_)["GP-T10"],
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）已视同确定{own.won}供应商",
        text=f"收到{own.judging}报告5个工作日内没有确定, 依法视同确定排名第一的{bid.bidder}。请在2个工作日内公告结果并发出{own.won}通知书。",
        link=f"/work/rounds/{round_.public_id}/result",
        now=now,
    )
    return None


def _award_of(round_: Round) -> Award:
    found = Award.objects.select_related("bid__bidder").filter(round=round_, ended_at=None).first()
    if found is None:
        raise NotFound("该标段尚未定标")
    return found


def winner_facts(round_: Round, bid: OpenedBid) -> dict[str, Any]:
    """Return what the letter and the contract say of the winner."""
    tender = round_.lot.tender
    candidate = _candidate({"rank": 1, "total": None}, bid)
    return {
        "tender": tender.name,
        "lot": round_.lot.name,
        "deal_code": tender.deal_code,
        "tenderee": tender.tenderee.name,
        "winner": bid.bidder,
        "members": candidate["members"],
        "duration_days": bid.duration_days,
        "quality": candidate["quality"] or "合格",
        "manager": candidate["manager"] or "按投标文件",
        "scope_of_work": round_.lot.scope_of_work,
        "place": tender.project.place,
    }


@transaction.atomic
def prepare_letter(*, round_id: str, actor: Actor, now: datetime) -> Sealing:
    """Set the letter of award and say which bytes the tenderee's certificate must sign to seal it.

    :raises MoveNotAllowed: the winner is not determined
    """
    require(actor, Permission.AWARD, signed=True)
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    require_move(round_, "notify", actor=actor)
    made = _award_of(round_)
    bid = next(b for b in opened_bids(round_.pk) if b.bid == made.bid.public_id)
    pdf = letter_pdf(
        facts={**winner_facts(round_, bid), "bid_day": day(made.bid.received_at)},
        price=made.price,
        code=made.public_id,
        at=now,
    )
    return prepare_seal(
        pdf=pdf,
        document=files.keep(pdf),
        purpose=LETTER,
        subject=round_.public_id,
        box=(330, 90, 530, 160),
        reason="中标通知书",
        actor=actor,
        now=now,
    )


@transaction.atomic
def finish_letter(*, round_id: str, signature: str, actor: Actor, now: datetime) -> Award:
    """Seal the letter, send it, publish the result and tell every bidder at the same moment: AWARDED → NOTIFIED.

    :raises SignatureWrong: the signature is not on the prepared letter
    """
    require(actor, Permission.AWARD, signed=True)
    round_ = lock_round(round_id)
    tender = round_.lot.tender
    require_tenderee(tender, actor)
    require_move(round_, "notify", actor=actor)
    made = _award_of(round_)
    sealed = finish_seal(purpose=LETTER, subject=round_.public_id, signature=signature, actor=actor)
    make_move(round_, "notify", actor=actor, now=now)
    made.letter, made.sent_at = files.keep(sealed.pdf), now
    made.save(update_fields=["letter", "sent_at"])
    own = family(tender.procedure_code)
    plan = document_of(round_).award_plan
    publish_notice(
        kind=NoticeKind.RESULT,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.won}结果公告",
        body={
            "lot": round_.lot.name,
            "winner": made.bid.bidder.name,
            "uscc": made.bid.bidder.uscc,
            "price": str(made.price),
            "tenderee": tender.tenderee.name,
            "deal_code": tender.deal_code,
            **procured.result_body(round_, made),
            **({"decided_by": f"定标委员会({plan.way.label})"} if plan else {}),
        },
        actor=actor,
        now=now,
    )
    record_act(
        "awarding.notified",
        subject=made.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"letter_sha256": made.letter, "sent_at": now.isoformat()},
    )
    negotiated.disclose(round_, now=now)
    winner = made.bid.bidder_id
    link = f"/lots/{round_.lot.public_id}"
    tell(
        organisations=[winner],
        kind=Kind.LEGAL,
        basis=law_of(round_)[own.contract],
        until_opening=(),
        title=f"{tender.name}（{round_.lot.name}）{own.won}通知书",
        text=f"贵单位已{own.won}。请下载{own.won}通知书, 并在30日内与{own.owner}签订合同。",
        link=link,
        now=now,
    )
    says = procured.own_results(round_)
    for pk in all_bidders(round_.pk):
        if pk == winner:
            continue
        tell(
            organisations=[pk],
            kind=Kind.LEGAL,
            basis=law_of(round_)["GP-T10"].basis
            if tender.scope == "GP"
            else Citation("招标投标法", "第四十五条"),
            until_opening=(),
            title=f"{tender.name}（{round_.lot.name}）{own.won}结果",
            text=f"{own.winner}为{made.bid.bidder.name}, {own.won}价{made.price}元。{says.get(pk, '')}感谢参与, 保证金将按规定退还。",
            link=link,
            now=now,
        )
    return made

"""Stopping an evaluation since the file itself is flawed: a written statement that more than half of the members sign.

Of the file, not of a bid: nobody's bid is judged by it, no score is told, and the buyer changes the file before it
procures anew (87号令第六十五条; 政采条例第四十一条). Where the law knows no such stop the procedure has no such move.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ggzy.evaluation import rules
from ggzy.evaluation.actions import NotThisStep, end_meeting_if_over, locked
from ggzy.evaluation.models import Evaluation, Stoppage, StoppageSignature
from ggzy.evaluation.queries import seat_at
from ggzy.evidence.actions import record_act
from ggzy.experts.models import Member
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.law.families import Family, family
from ggzy.messages.actions import post, tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening.negotiated import end_offers
from ggzy.opening.queries import opened_bids
from ggzy.opening.quiet import is_quiet
from ggzy.parties.grid import Permission, require
from ggzy.tendering.models import Round
from ggzy.tendering.moves import make_move, place_of, require_move

#: what may be wrong with a file; a family names those for which its committee stops
FLAWS = {
    "unlawful": "内容违反国家有关强制性规定",
    "unclear": "存在歧义、重大缺陷, 导致评审工作无法进行",
}
#: a statement says where the flaw stands and why nobody can go on
LEAST_TEXT, MOST_TEXT = 20, 4000
#: more than this are no proposals but a quarrel
MOST_STATEMENTS = 20


@dataclass(frozen=True, kw_only=True)
class StatementRow:
    """One statement as the members read it before they sign."""

    number: int
    ground: str
    text: str
    proposed_by: str
    proposed_at: datetime
    signed: int
    needed: int
    mine: bool


@dataclass(frozen=True, kw_only=True)
class StopRow:
    """What a member may do about a flawed file: the flaws its law knows, the clause, and the statements so far."""

    flaws: dict[str, str]
    basis: str
    needed: int
    statements: list[StatementRow]
    #: why the evaluation was stopped, "" while it was not
    stopped: str


def _refuse_at(evaluation: Evaluation) -> None:
    if evaluation.step == Evaluation.DONE:
        raise NotThisStep("评审已经结束, 不能再停止评审")
    if evaluation.step == Evaluation.SECOND:
        raise NotThisStep("正在等待第二信封开标, 开标结束、评审恢复以后才能提出停止评审")


@transaction.atomic
def propose_stop(*, round_id: str, ground: str, text: str, actor: Actor, now: datetime) -> Stoppage:
    """Put a written statement to the members: what is wrong with the file, and why the evaluation cannot go on.

    It decides nothing before more than half of them, its author included, have signed it (`sign_stop`).

    :raises NotThisStep: the evaluation is over, or waits for the second envelopes
    :raises MoveNotAllowed: the law of this procedure knows no such stop
    :raises BadInput: no flaw that this law names, or no account of it
    """
    require(actor, Permission.EVALUATE)
    evaluation, round_, member, _ = locked(round_id, actor)
    require_move(round_, "stop_for_flawed_file", actor=actor)
    _refuse_at(evaluation)
    own = family(round_.lot.tender.procedure_code)
    if ground not in own.flaws:
        raise BadInput(
            f"请选择停止评审的情形: {'; '.join(FLAWS[flaw] for flaw in own.flaws)}",
            field="ground",
            basis=own.flaws_basis[0],
        )
    said = text.strip()
    if not LEAST_TEXT <= len(said) <= MOST_TEXT:
        raise BadInput(
            f"请写明{own.file}的哪一条有什么问题、为什么不能继续评审({LEAST_TEXT}至{MOST_TEXT}字)",
            field="text",
        )
    last = evaluation.stoppages.order_by("-number").first()
    if last is not None and (last.ground, last.text) == (ground, said):
        return last  # sent twice
    number = last.number + 1 if last else 1
    if number > MOST_STATEMENTS:
        raise BadInput("已提出的说明过多, 请在已有的说明上签名", field="text")
    made = Stoppage.objects.create(
        evaluation=evaluation,
        number=number,
        ground=ground,
        text=said,
        proposed_by=member,
        proposed_at=now,
        region_code=round_.region_code,
    )
    record_act(
        "evaluation.stop_proposed",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        supervisor={"number": number, "member": member.code, "ground": ground, "text": said},
    )
    return made


def _clauses(own: Family) -> str:
    return "、".join(map(str, own.flaws_basis))


def statement_bytes(statement: Stoppage, round_: Round) -> bytes:
    """Return the canonical bytes of a statement: what every member signs is the same."""
    own = family(round_.lot.tender.procedure_code)
    return canonical(
        {
            "document": "停止评审的书面说明",
            "ocid": round_.lot.tender.ocid,
            "round": round_.public_id,
            "tender": round_.lot.tender.name,
            "lot": round_.lot.name,
            "file_version": round_.file_version,
            "sitting": statement.evaluation.number,
            "number": statement.number,
            "ground": FLAWS[statement.ground],
            "text": statement.text,
            "basis": _clauses(own),
            "proposed_by": statement.proposed_by.code,
            "proposed_at": statement.proposed_at.isoformat(),
        }
    )


def _statement(evaluation: Evaluation, number: int) -> Stoppage:
    found = evaluation.stoppages.select_related("proposed_by", "evaluation").filter(number=number).first()
    if found is None:
        raise NotFound("没有这份停止评审的书面说明, 请刷新页面")
    return found


@transaction.atomic
def sign_stop(*, round_id: str, number: int, signature: str, actor: Actor, now: datetime) -> Stoppage:
    """Sign a statement; the signature that makes more than half of the members stops: EVALUATING → TERMINATED.

    A second signature of the same member changes nothing. A member who was replaced no longer counts.

    :raises NotThisStep: the evaluation is over, or waits for the second envelopes
    :raises NotFound: no such statement
    :raises SignatureWrong: the signature is not on this statement
    """
    require(actor, Permission.EVALUATE, signed=True)
    evaluation, round_, member, _ = locked(round_id, actor)
    require_move(round_, "stop_for_flawed_file", actor=actor)
    _refuse_at(evaluation)
    statement = _statement(evaluation, number)
    if statement.signatures.filter(member=member).exists():
        return statement
    document = statement_bytes(statement, round_)
    signed = sign_document(
        kind="evaluation_stop",
        subject=statement.public_id,
        document=document,
        signature=signature,
        actor=actor,
        now=now,
    )
    StoppageSignature.objects.create(
        stoppage=statement, member=member, signature=signed, signed_at=now, region_code=round_.region_code
    )
    record_act(
        "evaluation.stop_signed",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        supervisor={"number": number, "member": member.code, "statement_sha256": sha256(document).hex()},
    )
    count = statement.signatures.filter(member__left=False).count()
    if count >= rules.majority_of(evaluation.draw.committee_size):
        _stop(evaluation, round_, statement, sha256(document).hex(), actor=actor, now=now)
    return statement


def abandon(round_: Round, *, actor: Actor, now: datetime) -> None:
    """End what runs of a round's evaluation without a result, its last offers too (called inside the act that ends it)."""
    end_offers(round_, now=now)
    for evaluation in Evaluation.objects.filter(round=round_).exclude(step=Evaluation.DONE):
        # what was being signed is no report any more, and what was entered nobody goes on from
        evaluation.step, evaluation.report, evaluation.report_sha256 = Evaluation.DONE, None, ""
        evaluation.save(update_fields=["step", "report", "report_sha256"])
        evaluation.drafts.all().delete()
        post(
            accounts=evaluation.draw.members.filter(left=False).values_list("account_id", flat=True),
            kind=Kind.SERVICE,
            title=f"{round_.lot.tender.name}（{round_.lot.name}）停止评审",
            text="采购活动终止, 评审不再继续, 不需要再提交意见; 评审情况仍应保密。",
            link="/work",
            now=now,
        )
        end_meeting_if_over(evaluation, actor=actor, now=now)


def _stop(
    evaluation: Evaluation, round_: Round, statement: Stoppage, digest: str, *, actor: Actor, now: datetime
) -> None:
    """End the round: no report, no scores, everybody who bid and the owner side are told, and a notice says it."""
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    make_move(round_, "stop_for_flawed_file", actor=actor, now=now, decided_at=now)
    abandon(round_, actor=actor, now=now)
    statement.carried_at = now
    statement.save(update_fields=["carried_at"])
    why = f"{own.file}{FLAWS[statement.ground]}"
    publish_notice(
        kind=NoticeKind.TERMINATION,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）终止公告",
        body={
            "lot": round_.lot.name,
            "round_number": round_.number,
            "reason": f"{own.committee}认定{why}, 停止评审",
            "text": statement.text,
            "basis": _clauses(own),
            "next": f"{own.owner}修改{own.file}后重新组织采购活动; 已提交的{own.bid}不再评审, 保证金退还",
        },
        actor=actor,
        now=now,
    )
    record_act(
        "evaluation.stopped",
        subject=evaluation.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "ground": statement.ground,
            "statement_sha256": digest,
            "signed": statement.signatures.filter(member__left=False).count(),
            "members": evaluation.draw.committee_size,
            "sitting": evaluation.number,
        },
        party={"text": statement.text},
    )
    said = f"{own.committee}过半数成员书面认定{why}, 已停止评审: {statement.text}"
    owner_side = [pk for pk in (tender.tenderee_id, tender.agency_id) if pk]
    for organisations, text, link in (
        (owner_side, f"请核实确认, 修改{own.file}后重新组织采购活动。", f"/work/tenders/{tender.public_id}"),
        (
            [bid.bidder_pk for bid in opened_bids(round_.pk)],
            f"{own.owner}修改{own.file}后重新组织采购活动, 贵单位的{own.bid}不再评审, 不公布评审情况; 保证金退还。",
            f"/lots/{round_.lot.public_id}",
        ),
    ):
        tell(
            organisations=organisations,
            kind=Kind.LEGAL,
            basis=own.flaws_basis[0],
            until_opening=[round_.public_id] if is_quiet(round_) else (),
            title=f"{tender.name}（{round_.lot.name}）停止评审",
            text=f"{said} {text}",
            link=link,
            now=now,
        )


def stop_of(*, round_id: str, actor: Actor) -> StopRow | None:
    """Return what a member of the committee may do about a flawed file; None where its law knows no such stop.

    :raises NotAMember: not on this committee
    """
    require(actor, Permission.EVALUATE)
    evaluation, member = seat_at(round_id, actor)
    own = family(evaluation.round.lot.tender.procedure_code)
    if not own.flaws:
        return None
    needed = rules.majority_of(evaluation.draw.committee_size)
    rows = evaluation.stoppages.select_related("proposed_by").prefetch_related("signatures__member")
    statements = list(rows.order_by("number"))
    return StopRow(
        flaws={flaw: FLAWS[flaw] for flaw in own.flaws},
        basis=_clauses(own),
        needed=needed,
        statements=[_row(one, member, needed) for one in statements],
        stopped=next((_says(one) for one in statements if one.carried_at), ""),
    )


def _says(statement: Stoppage) -> str:
    return f"{FLAWS[statement.ground]}: {statement.text}"


def _row(statement: Stoppage, member: Member, needed: int) -> StatementRow:
    present = [s.member_id for s in statement.signatures.all() if not s.member.left]
    return StatementRow(
        number=statement.number,
        ground=FLAWS[statement.ground],
        text=statement.text,
        proposed_by=statement.proposed_by.code,
        proposed_at=statement.proposed_at,
        signed=len(present),
        needed=needed,
        mine=member.pk in present,
    )


def statement_to_sign(*, round_id: str, number: int, actor: Actor) -> bytes:
    """Return the bytes of a statement for a member to sign.

    :raises NotFound: no such statement
    """
    require(actor, Permission.EVALUATE)
    evaluation, _ = seat_at(round_id, actor)
    return statement_bytes(_statement(evaluation, number), evaluation.round)


def stopped_because(round_pks: Iterable[int]) -> dict[str, str]:
    """Return {round: why its evaluation was stopped} of those of the rounds that were."""
    rows = Stoppage.objects.filter(evaluation__round_id__in=list(round_pks), carried_at__isnull=False)
    return {one.evaluation.round.public_id: _says(one) for one in rows.select_related("evaluation__round")}


def count_of(evaluation: Evaluation) -> int:
    """Return how many statements and signatures on them there are: the desk's mark of a change."""
    if not family(evaluation.round.lot.tender.procedure_code).flaws:
        return 0
    return (
        evaluation.stoppages.count()
        + StoppageSignature.objects.filter(stoppage__evaluation=evaluation).count()
    )

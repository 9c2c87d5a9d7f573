"""Where an evaluation stands: nothing but what the sheets of its present members say.

No step is stored as a decision of its own. When a member is replaced, the sheets of the one who left no longer count
(条例第四十八条), and the evaluation stands again where the new member's first sheet is missing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, QuerySet

from ggzy.committees.models import Ballot, Clarification, Meeting
from ggzy.evaluation import prompts, rules
from ggzy.evaluation.judged import judged_bids
from ggzy.evaluation.models import Evaluation, Leave, ReportSignature, Sheet, Talk
from ggzy.experts.models import Member
from ggzy.kernel.canonical import canonical, sha256
from ggzy.opening.negotiated import final_round
from ggzy.opening.negotiated import state_of as offers_state_of
from ggzy.opening.second import state_of as second_state_of
from ggzy.tendering.document import Method, TenderDocument
from ggzy.tendering.models import Round


@dataclass(frozen=True, kw_only=True)
class Stand:
    """The step, what is rejected so far, and what the last step was decided from."""

    step: str
    rejected: dict[str, list[str]] = field(default_factory=dict)
    #: the members' reasons, when a majority found that the remaining bids do not compete
    against: list[str] | None = None
    scores: list[Mapping[str, Mapping[str, str]]] = field(default_factory=list)


def digest_of(value: Any) -> str:
    """Return the digest of what a sheet judges."""
    return sha256(canonical(value)).hex()


def basis_of(bids: Iterable[str]) -> str:
    """Return the digest of a set of bids."""
    return digest_of(sorted(bids))


def _sheets(evaluation: Evaluation, kind: str, basis: str) -> list[Any] | None:
    """Return the last sheets of the present members, by code; None while one is missing or judges something else."""
    rows = (
        evaluation.sheets.filter(kind=kind, member__left=False)
        .select_related("member")
        .order_by("member__code", "version")
    )
    last = {row.member_id: row for row in rows}
    found = [row.content for row in last.values() if row.basis == basis]
    return found if len(found) == evaluation.draw.committee_size else None


#: step → kind of the sheet that it waits for
SHEET_OF_STEP = {
    Evaluation.PRELIMINARY: "preliminary",
    Evaluation.COMPETITION: "competition",
    Evaluation.PRICE: "price",
    Evaluation.DETAILED: "scores",
    Evaluation.SUMMARY: "summary",
    Evaluation.OFFERS: "offers",
    Evaluation.FINDINGS: "findings",
}


def waiting_for(evaluation: Evaluation, round_: Round, document: TenderDocument) -> set[int]:
    """Return the members (primary keys) whose ballot, sheet or signature the present step waits for."""
    return waiting_in([(evaluation, round_)], lambda _: document)[evaluation.pk]


def waiting_in(
    sittings: Sequence[tuple[Evaluation, Round]], document_of: Callable[[Round], TenderDocument]
) -> dict[int, set[int]]:
    """Return {evaluation: the members its present step waits for}, in a few questions for any number.

    Only a step that judges what an earlier one left over is asked about by itself.
    """
    # one that is over, or waits for the host to open the second envelopes, waits for nobody
    going = [(e, r) for e, r in sittings if e.step not in {Evaluation.SECOND, Evaluation.DONE}]
    # talks are led by the leader
    talking = [e for e, _ in going if e.step == Evaluation.TALKS]
    leads = dict(Meeting.objects.filter(draw__in=[e.draw_id for e in talking]).values_list("draw", "leader"))
    electing = [e for e, _ in going if e.step == Evaluation.LEADER]
    signing = [e for e, _ in going if e.step == Evaluation.SIGNING]
    judging = [(e, r) for e, r in going if e.step in SHEET_OF_STEP]
    members = _grouped(
        Member.objects.filter(draw__in=[e.draw_id for e, _ in going], left=False), "draw_id", "pk"
    )
    ballots = Ballot.objects.filter(meeting__draw__in=[e.draw_id for e in electing], turn=F("meeting__turn"))
    voted = _grouped(ballots, "meeting__draw_id", "member_id")
    signatures = ReportSignature.objects.filter(
        evaluation__in=[e.pk for e in signing], report_sha256=F("evaluation__report_sha256")
    )
    signed = _grouped(signatures, "evaluation_id", "member_id")
    sheets = Sheet.objects.filter(
        evaluation__in=[e.pk for e, _ in judging],
        kind__in={SHEET_OF_STEP[e.step] for e, _ in judging},
        member__left=False,
    ).order_by("version")
    last: dict[tuple[int, str], dict[int, str]] = defaultdict(dict)
    for pk, kind, member, basis in sheets.values_list("evaluation_id", "kind", "member_id", "basis"):
        last[pk, kind][member] = basis
    done = {e.pk: voted[e.draw_id] for e in electing} | {e.pk: signed[e.pk] for e in signing}
    for e, r in judging:
        if found := last[e.pk, SHEET_OF_STEP[e.step]]:
            now = _basis(e, r, document_of)
            done[e.pk] = {member for member, basis in found.items() if basis == now}
    for e, r in going:
        if e.step == Evaluation.TALKS:
            leader = {pk for pk in (leads.get(e.draw_id),) if pk}
            done[e.pk] = members[e.draw_id] - (unvoted(e, r, document_of(r), members[e.draw_id]) or leader)
    waits = {e.pk: members[e.draw_id] - done.get(e.pk, set()) for e, _ in going}
    return {e.pk: waits.get(e.pk, set()) for e, _ in sittings}


def unvoted(
    evaluation: Evaluation, round_: Round, document: TenderDocument, members: Iterable[int]
) -> set[int]:
    """Return the members who have yet to vote whose solutions go on, once all were talked with; else nobody."""
    if document.policy is None or not document.policy.solutions or final_round(round_) is not None:
        return set()
    left = [b.bid for b in judged_bids(round_.pk) if b.bid not in evaluation.rejected]
    talked = Talk.objects.filter(evaluation__round=round_).values_list("bid__public_id", flat=True)
    if set(left) - set(talked):
        return set()
    voted = evaluation.sheets.filter(kind="solutions", basis=basis_of(left)).values_list(
        "member_id", flat=True
    )
    return set(members) - set(voted)


def recommended(evaluation: Evaluation, left: Sequence[str]) -> list[str] | None:
    """Return the answers whose solutions more than half of the members recommend; None while a vote is missing."""
    votes = _sheets(evaluation, "solutions", basis_of(left))
    if votes is None:
        return None
    return [bid for bid in left if 2 * sum(1 for vote in votes if bid in vote) > len(votes)]


def _grouped(rows: QuerySet[Any], by: str, what: str) -> defaultdict[int, set[int]]:
    out: defaultdict[int, set[int]] = defaultdict(set)
    for key, value in rows.values_list(by, what):
        out[key].add(value)
    return out


def _basis(evaluation: Evaluation, round_: Round, document_of: Callable[[Round], TenderDocument]) -> str:
    """Return what the sheets of the present step judge."""
    if evaluation.step == Evaluation.PRELIMINARY:
        return ""
    if evaluation.step == Evaluation.PRICE:
        return basis_of(low_priced(evaluation, round_, document_of(round_)))
    if evaluation.step == Evaluation.SUMMARY:
        return digest_of(scores_of(evaluation))
    return basis_of(b.bid for b in judged_bids(round_.pk) if b.bid not in evaluation.rejected)


def last_sheets(evaluation: Evaluation, kind: str) -> list[Any]:
    """Return the last sheets of one kind of the present members, by code."""
    rows = (
        evaluation.sheets.filter(kind=kind, member__left=False)
        .order_by("member__code", "version")
        .values_list("member_id", "content")
    )
    return list(dict(rows).values())


def scores_of(evaluation: Evaluation) -> list[Any]:
    """Return the last score sheets of the present members, by code."""
    return last_sheets(evaluation, "scores")


def _preliminary(
    evaluation: Evaluation, bids: Sequence[str], document: TenderDocument
) -> dict[str, list[str]] | None:
    sheets = _sheets(evaluation, "preliminary", "")
    if sheets is None:
        return None
    return rules.rejected_by_majority(sheets, bids=bids, requirements=document.committees_requirements)


def low_priced(evaluation: Evaluation, round_: Round, document: TenderDocument) -> dict[str, list[str]]:
    """Return {bid: what is striking} of the bids that passed the preliminary review at a markedly low price."""
    judged = judged_bids(round_.pk)
    opened = [b for b in judged if b.read_price is not None]
    rejected = _preliminary(evaluation, [b.bid for b in judged], document) or {}
    rejected = rejected | _offers(evaluation, rejected, document)
    if document.negotiated and (last := offers_state_of(round_)) is not None:
        rejected = rejected | {bid: [reason] for bid, reason in last.unopened.items()}
    if document.policy is not None:
        return prompts.abnormally_low(
            {b.bid: b.price for b in opened if b.bid not in rejected},
            ceiling=sum(document.unit_ceilings.values()) or round_.lot.ceiling_price or round_.lot.budget,
            rule=document.low_price,
        )
    return prompts.low_priced(
        {b.bid: b.price for b in opened if b.bid not in rejected},
        ceiling=round_.lot.ceiling_price,
        rule=document.low_price,
    )


def _offers(
    evaluation: Evaluation, rejected: Mapping[str, Sequence[str]], document: TenderDocument
) -> dict[str, list[str]]:
    """Return {bid: reasons} of the second envelopes that the members' last sheets reject; {} before all are in."""
    if not document.offers_requirements:
        return {}
    sheets = last_sheets(evaluation, "offers")
    bids = [bid for bid in (sheets[0] if sheets else {}) if bid not in rejected]
    if len(sheets) < evaluation.draw.committee_size or any(set(s) != set(sheets[0]) for s in sheets):
        return {}
    return rules.rejected_by_majority(sheets, bids=bids, requirements=document.offers_requirements)


def explained(round_: Round) -> set[str]:
    """Return the bids whose bidder was asked about a low price and has answered, or let the time pass."""
    rows = Clarification.objects.filter(round=round_, ground=Clarification.LOW_PRICE).exclude(
        state=Clarification.ASKED
    )
    return set(rows.values_list("bid__public_id", flat=True))


def questions(round_: Round) -> tuple[int, int]:
    """Return how many questions were put to the bidders of a round, and how many wait no more."""
    states = Clarification.objects.filter(round=round_).values_list("state", flat=True)
    return len(states), sum(1 for state in states if state != Clarification.ASKED)


def stand(evaluation: Evaluation, round_: Round, document: TenderDocument) -> Stand:
    """Return where an evaluation stands."""
    bids = [b.bid for b in judged_bids(round_.pk)]
    rejected = _preliminary(evaluation, bids, document)
    if rejected is None:
        return Stand(step=Evaluation.PRELIMINARY)
    if (halted := _competition(evaluation, document, bids, rejected)) is not None:
        return halted
    scores: list[Any] | None = None
    if document.negotiated:
        offered = _last_offers(evaluation, round_, document, bids, rejected)
        if isinstance(offered, Stand):
            return offered
        rejected = offered
    if document.two_envelopes:
        scored = _scores(evaluation, document, bids, rejected)
        if isinstance(scored, Stand):
            return scored
        scores, second = scored, _second_envelope(evaluation, round_, document, bids, rejected, scored)
        if isinstance(second, Stand):
            return second
        rejected = second
    flagged = low_priced(evaluation, round_, document)
    if flagged:
        judged = _sheets(evaluation, "price", basis_of(flagged))
        if judged is None:
            return Stand(step=Evaluation.PRICE, rejected=rejected)
        rejected = rejected | rules.below_cost(judged, bids=list(flagged), **_finding(document))
        if (halted := _competition(evaluation, document, bids, rejected)) is not None:
            return halted
    if scores is None:
        scored = _scores(evaluation, document, bids, rejected)
        if isinstance(scored, Stand):
            return scored
        scores = scored
    left = basis_of(b for b in bids if b not in rejected)
    # where candidates have no order, each bid has the members' words, written before anybody knows who is a candidate
    if document.award_plan and _sheets(evaluation, "findings", left) is None:
        return Stand(step=Evaluation.FINDINGS, rejected=rejected, scores=scores)
    return Stand(step=Evaluation.SIGNING, rejected=rejected, scores=scores)


def _scores(
    evaluation: Evaluation, document: TenderDocument, bids: Sequence[str], rejected: dict[str, list[str]]
) -> list[Any] | Stand:
    """Return the members' confirmed scores ([] where nobody scores), or where they are waited for."""
    if document.method is not Method.COMPREHENSIVE:
        return []
    scores = _sheets(evaluation, "scores", basis_of(b for b in bids if b not in rejected))
    if scores is None:
        return Stand(step=Evaluation.DETAILED, rejected=rejected)
    if _sheets(evaluation, "summary", digest_of(scores)) is None:
        return Stand(step=Evaluation.SUMMARY, rejected=rejected, scores=scores)
    return scores


def _second_envelope(
    evaluation: Evaluation,
    round_: Round,
    document: TenderDocument,
    bids: Sequence[str],
    rejected: dict[str, list[str]],
    scores: list[Any],
) -> dict[str, list[str]] | Stand:
    """Return who is out once the second envelopes are opened and reviewed, or where that is waited for."""
    days = {b.bid: b.duration_days for b in judged_bids(round_.pk) if b.bid not in rejected}
    rejected = rejected | rules.out_by_first_envelope(
        days, document=document, lot=lot_facts(round_), score_sheets=scores
    )
    if (halted := _competition(evaluation, document, bids, rejected)) is not None:
        return halted
    second = second_state_of(round_.pk)
    if second is None or not second.ended:
        return Stand(step=Evaluation.SECOND, rejected=rejected, scores=scores)
    rejected = rejected | {
        bid: [reason] for bid, reason in second.unopened.items() if bid not in rejected and bid in bids
    }
    if (halted := _competition(evaluation, document, bids, rejected)) is not None:
        return halted
    if document.offers_requirements:
        left = [b for b in bids if b not in rejected]
        judged = _sheets(evaluation, "offers", basis_of(left))
        if judged is None:
            return Stand(step=Evaluation.OFFERS, rejected=rejected, scores=scores)
        rejected = rejected | rules.rejected_by_majority(
            judged, bids=left, requirements=document.offers_requirements
        )
        if (halted := _competition(evaluation, document, bids, rejected)) is not None:
            return halted
    return rejected


def _last_offers(
    evaluation: Evaluation,
    round_: Round,
    document: TenderDocument,
    bids: Sequence[str],
    rejected: dict[str, list[str]],
) -> dict[str, list[str]] | Stand:
    """Return who is out once the last offers are revealed, or that the group still talks and waits for them."""
    gone = Leave.objects.filter(round=round_, bid__public_id__in=set(bids) - set(rejected))
    rejected = rejected | {
        bid: [f"退出磋商(谈判): {why}"] for bid, why in gone.values_list("bid__public_id", "reason")
    }
    if (halted := _competition(evaluation, document, bids, rejected)) is not None:
        return halted
    offers = offers_state_of(round_)
    if offers is None or not offers.ended:
        return Stand(step=Evaluation.TALKS, rejected=rejected)
    rejected = rejected | {
        bid: [reason] for bid, reason in offers.unopened.items() if bid not in rejected and bid in bids
    }
    return _competition(evaluation, document, bids, rejected) or rejected


def lot_facts(round_: Round) -> rules.LotFacts:
    """Return what a method reads of a round's lot before its opening has drawn anything."""
    return rules.LotFacts(ceiling=round_.lot.ceiling_price, duration_days=round_.lot.duration_days, drawn={})


def _finding(document: TenderDocument) -> dict[str, str]:
    """Return how a rejected low price is called where the law of government procurement rules."""
    if document.policy is None:
        return {}
    return {"finding": "报价明显低于其他通过符合性审查的报价, 不能证明其合理性"}


def _competition(
    evaluation: Evaluation, document: TenderDocument, bids: Sequence[str], rejected: dict[str, list[str]]
) -> Stand | None:
    """Return where fewer than three bids halt the evaluation, None if it goes on.

    In government procurement nobody argues that two still compete: it is over (政府采购法第三十六条).
    """
    left = [b for b in bids if b not in rejected]
    if len(left) >= document.least_bidders:
        return None
    if document.policy is not None:
        reasons = [f"{bid}: {'; '.join(said)}" for bid, said in sorted(rejected.items())]
        return Stand(step=Evaluation.DONE, rejected=rejected, against=reasons)
    votes = _sheets(evaluation, "competition", basis_of(left))
    if votes is None:
        return Stand(step=Evaluation.COMPETITION, rejected=rejected)
    if 2 * sum(1 for v in votes if v["go_on"]) > len(votes):
        return None
    against = [v["reason"] for v in votes if not v["go_on"]]
    return Stand(step=Evaluation.DONE, rejected=rejected, against=against)

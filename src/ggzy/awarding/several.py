"""A result that names several suppliers: chosen at once, in the order of the ranking, by one signed statement.

No award, no letter and no contract of the round follow: each chosen supplier signs with the buyer what a later context
keeps (a framework agreement, a research contract). That context says what it does with the result by `follow`, and
tells here when a supplier has signed (`conclude`) or nothing came of it (`fall`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction

from ggzy.awarding import procured
from ggzy.awarding.models import Chosen
from ggzy.bidding.models import Bid
from ggzy.deadlines.actions import set_timer
from ggzy.evaluation.actions import document_of
from ggzy.evaluation.queries import report_of_round
from ggzy.evidence.actions import record_act
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import NotFound, Refusal
from ggzy.law.families import family
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening import negotiated
from ggzy.opening.queries import OpenedBid, all_bidders, opened_bids
from ggzy.parties.grid import Permission, require
from ggzy.tendering.document import Several, TenderDocument
from ggzy.tendering.models import Round
from ggzy.tendering.moves import (
    MOVED,
    lock_round,
    make_move,
    place_of,
    procedure_of,
    require_move,
    require_tenderee,
)
from ggzy.tendering.stamps import law_of

STATEMENT = "suppliers_chosen"


class NobodyToChoose(Refusal):
    """The report ranks nobody."""

    code = "awarding.nobody_to_choose"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One supplier as a result names it: its place, its bid, its row of the report."""

    place: int
    bid: OpenedBid
    row: dict[str, Any]


class Follower(Protocol):
    """What a later context does with a result, inside the act that makes it or takes it back."""

    def chosen(self, round_: Round, chosen: Sequence[Choice], *, actor: Actor, now: datetime) -> None:
        """Take over: the suppliers are chosen and published, and nobody has told them yet what to do."""

    def too_late(self, round_: Round, *, now: datetime) -> bool:
        """Say whether the time for which suppliers were to be chosen is over before they are."""

    def voided(self, round_: Round, *, reason: str, actor: Actor, now: datetime) -> None:
        """End what was begun: the result stands no more."""


_FOLLOWERS: dict[str, Follower] = {}


def follow(procedure_code: str, follower: Follower) -> None:
    """Register who takes over the results of a procedure (called once, where that context is loaded)."""
    assert procedure_code not in _FOLLOWERS, f"two follow {procedure_code}"
    _FOLLOWERS[procedure_code] = follower


def choices_of(round_: Round) -> list[Choice]:
    """Return who is to be chosen by the report and the file, best first: nobody decides anything here.

    :raises NotFound: no report yet
    :raises NobodyToChoose: nobody is ranked
    """
    evaluation = report_of_round(round_.pk)
    if evaluation is None or evaluation.report is None:
        raise NotFound("评审报告尚未提交")
    several = _several(round_)
    ranking = evaluation.report["ranking"]
    bids = {b.bid: b for b in opened_bids(round_.pk)}
    chosen = ranking[: several.keeps(len(ranking))]
    if not chosen:
        raise NobodyToChoose("评审报告没有排序的供应商, 应当重新采购")
    return [Choice(place=place, bid=bids[row["bid"]], row=row) for place, row in enumerate(chosen, start=1)]


def fewer_than_named(round_: Round) -> bool:
    """Say whether fewer are ranked than the file wants to choose: then all of them are taken, or it is procured anew.

    Where a share drops out, the number in the file is a cap and nobody has to reach it.
    """
    several = _several(round_)
    return not several.rate and len(choices_of(round_)) < several.most


def too_late(round_: Round, *, now: datetime) -> bool:
    """Say whether the time for which suppliers were to be chosen is over: the result could not be used any more."""
    follower = _FOLLOWERS.get(round_.procedure_code)
    return follower is not None and follower.too_late(round_, now=now)


def _several(round_: Round) -> Several:
    policy = document_of(round_).policy
    assert policy is not None and policy.several is not None, "the file of such a procedure says how many"
    return policy.several


def _statement(round_: Round, chosen: Sequence[Choice]) -> bytes:
    """Return what the buyer signs: all of the result, from which it cannot take anybody out."""
    evaluation = report_of_round(round_.pk)
    assert evaluation is not None, "a result follows a report"
    return canonical(
        {
            "document": procedure_of(round_).move(round_.stage, "choose").label,
            "ocid": round_.lot.tender.ocid,
            "round": round_.public_id,
            "report_sha256": evaluation.report_sha256,
            "chosen": [_public(c) for c in chosen],
        }
    )


def _public(choice: Choice) -> dict[str, Any]:
    return {
        "place": choice.place,
        "bid": choice.bid.bid,
        "bidder": choice.bid.bidder,
        "uscc": choice.bid.uscc,
        "price": str(choice.bid.price),
    }


def _choosing(round_id: str, actor: Actor) -> tuple[Round, list[Choice]]:
    round_ = lock_round(round_id)
    require_tenderee(round_.lot.tender, actor)
    require_move(round_, "choose", actor=actor)
    return round_, choices_of(round_)


@transaction.atomic
def choice_to_sign(*, round_id: str, actor: Actor) -> bytes:
    """Return the statement of the result that the buyer signs.

    :raises MoveNotAllowed: not where a result is determined
    """
    require(actor, Permission.AWARD, signed=True)
    return _statement(*_choosing(round_id, actor))


@transaction.atomic
def choose(*, round_id: str, signature: str, actor: Actor, now: datetime) -> list[Chosen]:
    """Determine all suppliers of the result at once, publish it and tell everybody: REPORTED → ANNOUNCED.

    Who is chosen follows from the report and the number or rate in the file, in the order of the ranking: nobody is
    jumped over. What follows is done in the same transaction by whoever takes over.

    :raises MoveNotAllowed: no report, determined already, or a hold
    :raises SignatureWrong: the signature is not on this result
    """
    require(actor, Permission.AWARD, signed=True)
    round_, chosen = _choosing(round_id, actor)
    signed = sign_document(
        kind=STATEMENT,
        subject=round_.public_id,
        document=_statement(round_, chosen),
        signature=signature,
        actor=actor,
        now=now,
    )
    make_move(round_, "choose", actor=actor, now=now, decided_at=now)
    bids = {b.public_id: b for b in Bid.objects.filter(round=round_).select_related("bidder")}
    rows = Chosen.objects.bulk_create(
        [
            Chosen(
                round=round_,
                bid=bids[c.bid.bid],
                place=c.place,
                price=c.bid.price,
                chosen_at=now,
                signature=signed,
                region_code=round_.region_code,
            )
            for c in chosen
        ]
    )
    _publish(round_, chosen, actor=actor, now=now)
    evaluation = report_of_round(round_.pk)
    assert evaluation is not None and evaluation.report is not None, "a result follows a report"
    record_act(
        "awarding.chosen",
        subject=round_.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={
            "chosen": [_public(c) for c in chosen],
            "ranked": len(evaluation.report["ranking"]),
            "report_sha256": evaluation.report_sha256,
            "sitting": evaluation.number,
            "determined_at": now.isoformat(),
        },
        supervisor={"ranking": [row["bid"] for row in evaluation.report["ranking"]]},
    )
    negotiated.disclose(round_, now=now)
    _tell(round_, chosen, now=now)
    if (follower := _FOLLOWERS.get(round_.procedure_code)) is not None:
        follower.chosen(round_, chosen, actor=actor, now=now)
    return rows


def _publish(round_: Round, chosen: Sequence[Choice], *, actor: Actor, now: datetime) -> None:
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    publish_notice(
        kind=NoticeKind.RESULT,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.won}结果公告",
        body={
            "lot": round_.lot.name,
            "chosen": [_named(c, document_of(round_)) for c in chosen],
            "tenderee": tender.tenderee.name,
            "deal_code": tender.deal_code,
            **procured.of_the_round(round_),
        },
        actor=actor,
        now=now,
    )


def _named(choice: Choice, document: TenderDocument) -> dict[str, Any]:
    """Return what a notice says of one chosen supplier (87号令69, 110号令28)."""
    bid, items = choice.bid, (document.terms or {}).get("items", [])
    given = bid.fields.get("unit_prices") or {}
    return (
        _public(choice)
        | {"total": choice.row["total"]}
        | procured.of_the_bid(bid)
        | (
            {
                "unit_prices": [
                    {"name": i["name"], "unit": i["unit"], "price": str(given[i["number"]])} for i in items
                ]
            }
            if items
            else {}
        )
    )


def _tell(round_: Round, chosen: Sequence[Choice], *, now: datetime) -> None:
    """Tell each chosen supplier that it is, and each other one its own score and place and nothing of the others."""
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    title, link = f"{tender.name}（{round_.lot.name}）", f"/lots/{round_.lot.public_id}"
    law = law_of(round_)
    within = {c.bid.bidder_pk for c in chosen}
    if (
        round_.procedure_code not in _FOLLOWERS
    ):  # else whoever takes over tells them itself what they have to do
        tell(
            organisations=sorted(within),
            kind=Kind.LEGAL,
            basis=law[own.contract],
            until_opening=(),
            title=f"{title}{own.won}通知书",
            text=f"贵单位已{own.won}。请在规定期限内与{own.owner}签订合同。",
            link=link,
            now=now,
        )
    says = procured.own_results(round_)
    for pk in all_bidders(round_.pk):
        if pk in within:
            continue
        tell(
            organisations=[pk],
            kind=Kind.LEGAL,
            basis=law["GP-T10"].basis,
            until_opening=(),
            title=f"{title}{own.won}结果",
            text=f"{own.won}结果已经公告, 贵单位没有{own.won}。{says.get(pk, '')}感谢参与, 保证金将按规定退还。",
            link=link,
            now=now,
        )


# --- what becomes of each chosen supplier


def of_round(round_pk: int) -> list[Chosen]:
    """Return the suppliers that a round's result names, best first; [] before it, and of a round with one winner."""
    rows = Chosen.objects.filter(round_id=round_pk).select_related("bid__bidder")
    return list(rows.order_by("place"))


def conclude(*, round_pk: int, supplier_pk: int, now: datetime) -> None:
    """Note that a chosen supplier and the buyer have signed (called inside that act); its deposit goes back."""
    _settle(round_pk, supplier_pk, now=now, concluded_at=now)


def fall(*, round_pk: int, supplier_pk: int, kind: str, reason: str, now: datetime) -> None:
    """Note that nothing came of a chosen supplier (called inside that act): it refused, or did not sign in time.

    :param kind: one of `Award`'s kinds of ending
    """
    _settle(round_pk, supplier_pk, now=now, ended_at=now, end_kind=kind, end_reason=reason[:4000])


def _settle(round_pk: int, supplier_pk: int, *, now: datetime, **changes: object) -> None:
    """Write what became of a chosen supplier, once, and let later stages look at the round: it has not moved itself."""
    row = Chosen.objects.select_related("round").filter(round_id=round_pk, bid__bidder_id=supplier_pk)
    found = row.filter(concluded_at=None, ended_at=None).first()
    if found is not None:
        Chosen.objects.filter(pk=found.pk).update(**changes)
        set_timer(kind=MOVED, subject=found.round.public_id, due_at=now)


def void(round_: Round, *, kind: str, reason: str, actor: Actor, now: datetime) -> None:
    """Take back a whole result since a challenge or complaint was upheld (called inside that act, on a locked round)."""
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    rows = of_round(round_.pk)
    Chosen.objects.filter(round=round_, ended_at=None).update(
        concluded_at=None, ended_at=now, end_kind=kind, end_reason=reason[:4000]
    )
    publish_notice(
        kind=NoticeKind.CORRECTION,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.won}结果更正公告",
        body={
            "lot": round_.lot.name,
            "was": f"{own.winner}为{'、'.join(c.bid.bidder.name for c in rows)}",
            "now": f"{own.won}结果无效, 重新采购",
            "basis": "《政府采购质疑和投诉办法》第十六条、第三十二条",
        },
        actor=actor,
        now=now,
    )
    record_act(
        "awarding.choice_voided",
        subject=round_.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"bids": [c.bid.public_id for c in rows], "kind": kind, "ended_at": now.isoformat()},
        supervisor={"reason": reason},
    )
    if (follower := _FOLLOWERS.get(round_.procedure_code)) is not None:
        follower.voided(round_, reason=reason, actor=actor, now=now)

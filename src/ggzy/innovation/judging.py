"""Three sittings of the group: whom it qualifies, how it scores final responses, whose product is bought first.

Each member hands in a sheet, the rule computes the result, all sign the one report; who does not agree signs with a reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from ggzy.identity.actions import sign_document
from ggzy.innovation import rules
from ggzy.innovation.actions import AlreadyJudged, NotNow, hidden, people, require_no_ties, stop
from ggzy.innovation.models import (
    GroupMember,
    GroupSheet,
    Innovation,
    Participant,
    ResearchContract,
    SealedResponse,
)
from ggzy.innovation.moves import TO_THE_LIST, move_innovation, own, sitting_in
from ggzy.innovation.rules import Entrant, Place
from ggzy.innovation.telling import begin_result_clock, record, said, tell_those
from ggzy.kernel.actors import Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import BadInput
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage

REPORT = "innovation.report"
#: the stage of a sitting → which it is, and its move
SITTINGS = {
    Stage.HC_QUALIFY: (GroupSheet.QUALIFICATION, "judge_qualification"),
    Stage.HC_REVIEW: (GroupSheet.PLANS, "score_plans"),
    Stage.HC_FIRST: (GroupSheet.PRODUCTS, "score_products"),
}


@dataclass(frozen=True, kw_only=True)
class Sitting:
    """A sitting that goes on: which, whose sheets it takes, and whom it judges."""

    kind: str
    move: str
    members: list[GroupMember]
    sheets: list[GroupSheet]

    @property
    def whole(self) -> bool:
        """Say whether every member's sheet is in."""
        return bool(self.members) and len(self.sheets) == len(self.members)


def sitting_of(innovation: Innovation) -> Sitting | None:
    """Return the sitting that a purchase is at, None where it is at none."""
    return sitting_among(
        innovation,
        members=innovation.members.select_related("account").filter(left_at=None),
        sheets=innovation.sheets.select_related("member__account").filter(voided_at=None),
    )


def sitting_among(
    innovation: Innovation, *, members: Iterable[GroupMember], sheets: Iterable[GroupSheet]
) -> Sitting | None:
    """Return the sitting that a purchase is at, of members who sit and sheets that are not void; None where it is at none."""
    found = SITTINGS.get(Stage(innovation.stage))
    if found is None:
        return None
    kind, move = found
    return Sitting(
        kind=kind,
        move=move,
        members=sorted(members, key=lambda m: m.code),
        sheets=sorted((s for s in sheets if s.sitting == kind), key=lambda s: s.member.code),
    )


def _sitting(innovation_id: str, actor: Actor) -> tuple[Innovation, GroupMember, Sitting]:
    innovation, member = sitting_in(innovation_id, actor)
    found = sitting_of(innovation)
    if found is None:
        raise NotNow("现在没有需要谈判小组评审的事项", next_steps=TO_THE_LIST)
    return innovation, member, found


# --- sheets


def _findings(given: Mapping[str, Any], applicants: list[str]) -> dict[str, Any]:
    out = {}
    for one in applicants:
        row = given.get(one) or {}
        found, reason = row.get("qualified"), str(row.get("reason", "")).strip()
        if not isinstance(found, bool):
            raise BadInput("请对每一家申请人给出合格或者不合格", field=one)
        if not found and not 0 < len(reason) <= 2000:
            raise BadInput("认定不合格的写明不符合的条件(不超过2000字)", field=one)
        out[one] = {"qualified": found, "reason": "" if found else reason}
    if set(given) - set(out):
        raise BadInput("审查意见中有没有申请的供应商", field="findings")
    return out


def finals_of(innovation: Innovation) -> list[SealedResponse]:
    """Return the revealed final responses, in the order in which they were sealed."""
    return list(
        SealedResponse.objects.select_related("participant__supplier")
        .filter(participant__innovation=innovation, kind=SealedResponse.FINAL, revealed_at__isnull=False)
        .order_by("sealed_at", "pk")
    )


def passed_of(innovation: Innovation) -> list[ResearchContract]:
    """Return the contracts whose product was accepted."""
    return list(
        ResearchContract.objects.select_related("participant__supplier")
        .filter(participant__innovation=innovation, stage=Stage.RD_PASSED.value)
        .order_by("ended_at", "pk")
    )


def _entrants(innovation: Innovation, kind: str) -> list[Entrant]:
    if kind == GroupSheet.PLANS:
        return [
            Entrant(
                entrant=one.participant.public_id,
                price=Decimal(one.response["compensation"]) + Decimal(one.response["first_price"]),
                at=one.sealed_at,
            )
            for one in finals_of(innovation)
        ]
    return [
        Entrant(entrant=c.participant.public_id, price=c.product_price, at=c.handed_in_at)
        for c in passed_of(innovation)
        if c.product_price is not None and c.handed_in_at is not None
    ]


def _factors(innovation: Innovation, kind: str) -> list[rules.Factor]:
    return rules.read_factors(innovation.file["factors" if kind == GroupSheet.PLANS else "first_factors"])


@transaction.atomic
def hand_in_sheet(
    *, innovation_id: str, findings: Mapping[str, Any], actor: Actor, now: datetime
) -> GroupSheet:
    """Hand in one member's sheet of the sitting that goes on; nobody sees another's before all are in.

    :param findings: {participant: {qualified, reason}}, or {participant: {factor: points}}
    :raises NotNow: no sitting
    :raises GroupNotLawful: the group is not whole
    :raises MustStandAside: a member has ties to an applicant
    :raises AlreadyJudged: this member's sheet is in
    """
    require(actor, Permission.INNOVATION_JUDGE)
    innovation, member, found = _sitting(innovation_id, actor)
    move_innovation(innovation, found.move, actor=actor)
    rules.require_group([rules.Seat(m.seat) for m in found.members])
    require_no_ties(innovation, [m.account for m in found.members], now=now)
    if any(sheet.member_id == member.pk for sheet in found.sheets):
        raise AlreadyJudged("您的评审意见已经提交", next_steps=TO_THE_LIST)
    if found.kind == GroupSheet.QUALIFICATION:
        kept = _findings(
            findings, list(innovation.participants.order_by("pk").values_list("public_id", flat=True))
        )
    else:
        kept = rules.sheet(
            findings,
            entrants=[e.entrant for e in _entrants(innovation, found.kind)],
            by=_factors(innovation, found.kind),
        )
    made = GroupSheet.objects.create(
        innovation=innovation, sitting=found.kind, member=member, findings=kept, handed_in_at=now
    )
    record(
        "sheet_handed_in",
        innovation,
        actor=actor,
        now=now,
        public={"sitting": found.kind},
        supervisor={"member": member.code, "findings": kept},
        escrowed=True,
    )
    return made


@transaction.atomic
def replace_member(
    *, innovation_id: str, member: str, username: str, reason: str, actor: Actor, now: datetime
) -> GroupMember:
    """Put somebody else on a member's seat while a sitting goes on; the group judges anew from the first sheet.

    The sheets of the sitting are kept and are void. If they already gave a result, the entry keeps it beside the reason:
    whoever supervises sees what the replacement undid.

    :param member: the code of who leaves
    :raises NotNow: no sitting goes on; then the group is named anew
    :raises BadInput: no such member, no reason, or somebody who already sits or may not take this seat
    :raises MustStandAside: the successor has ties to an applicant
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    found = sitting_of(innovation)
    if found is None:
        raise NotNow("谈判小组现在没有评审, 请重新确定谈判小组成员", next_steps=TO_THE_LIST)
    leaves = next((one for one in found.members if one.code == member), None)
    if leaves is None:
        raise BadInput("请选择被更换的成员", field="member")
    kept = said(reason, what="更换的理由", field="replace_reason", most=2000)
    named = people([{"username": username, "seat": leaves.seat}], innovation)
    if not named or any(named[0][0].pk == one.account_id for one in found.members):
        raise BadInput("请填写接替的人的用户名, 不能是现有成员", field="username")
    account, seat = named[0]
    require_no_ties(innovation, [account], now=now)
    undone = result_of(innovation, found) if found.whole else []
    innovation.sheets.filter(pk__in=[sheet.pk for sheet in found.sheets]).update(voided_at=now)
    leaves.left_at = now
    leaves.save(update_fields=["left_at"])
    made = GroupMember.objects.create(
        innovation=innovation,
        account=account,
        seat=seat.value,
        code=f"{innovation.members.count() + 1:02d}",
    )
    record(
        "member_replaced",
        innovation,
        actor=actor,
        now=now,
        public={"seat": seat.value},
        supervisor={
            "sitting": found.kind,
            "member": leaves.code,
            "by": made.code,
            "reason": kept,
            "voided": [sheet.member.code for sheet in found.sheets],
            "undone": undone,
        },
        escrowed=hidden(innovation),
    )
    return made


# --- the report


def result_of(innovation: Innovation, found: Sitting) -> list[dict[str, Any]]:
    """Return what the sheets of a sitting give: who is qualified, or who stands where."""
    if found.kind == GroupSheet.QUALIFICATION:
        out = []
        for one in innovation.participants.select_related("supplier").order_by("pk"):
            rows = [sheet.findings[one.public_id] for sheet in found.sheets]
            out.append(
                {
                    "participant": one.public_id,
                    "supplier": one.supplier.uscc,
                    "name": one.supplier.name,
                    "qualified": (fit := rules.qualified([row["qualified"] for row in rows])),
                    # what a minority held against a supplier stays in the sheets
                    "reasons": [] if fit else sorted({r["reason"] for r in rows if not r["qualified"]}),
                }
            )
        return out
    entrants = _entrants(innovation, found.kind)
    places = rules.ranking(
        [sheet.findings for sheet in found.sheets], entrants=entrants, by=_factors(innovation, found.kind)
    )
    return [_place(innovation, place, entrants) for place in places]


def _place(innovation: Innovation, place: Place, entrants: list[Entrant]) -> dict[str, Any]:
    one = innovation.participants.select_related("supplier").get(public_id=place.entrant)
    return {
        "participant": place.entrant,
        "supplier": one.supplier.uscc,
        "name": one.supplier.name,
        "judged": str(place.judged),
        "priced": str(place.priced),
        "total": str(place.total),
        "price": str(next(e.price for e in entrants if e.entrant == place.entrant)),
    }


def _report(innovation: Innovation, found: Sitting, *, agrees: bool, reason: str) -> bytes:
    return canonical(
        {
            "purchase": innovation.public_id,
            "sitting": found.kind,
            "sheets": [[sheet.member.code, sheet.findings] for sheet in found.sheets],
            "result": result_of(innovation, found),
            "agrees": agrees,
            "reason": reason,
        }
    )


def _signing(
    innovation_id: str, agrees: bool, reason: str, actor: Actor, now: datetime
) -> tuple[Innovation, Sitting, GroupSheet, str]:
    innovation, member, found = _sitting(innovation_id, actor)
    if not found.whole:
        raise NotNow("还有成员没有提交评审意见, 全部提交后才能签署报告", next_steps=TO_THE_LIST)
    # a tie that came to light since the sheets were handed in: the report would rest on somebody's who must stand aside
    require_no_ties(innovation, [m.account for m in found.members], now=now)
    mine = next(sheet for sheet in found.sheets if sheet.member_id == member.pk)
    if mine.signature_id:
        raise AlreadyJudged("您已签署报告", next_steps=TO_THE_LIST)
    kept = "" if agrees else said(reason, what="不同意见和理由", field="reason", most=2000)
    return innovation, found, mine, kept


@transaction.atomic
def report_to_sign(*, innovation_id: str, agrees: bool, reason: str, actor: Actor, now: datetime) -> bytes:
    """Return the report of the sitting as a member signs it.

    :raises NotNow: sheets are missing
    :raises MustStandAside: a member has ties to an applicant
    """
    require(actor, Permission.INNOVATION_JUDGE, signed=True)
    innovation, found, _, kept = _signing(innovation_id, agrees, reason, actor, now)
    return _report(innovation, found, agrees=agrees, reason=kept)


@transaction.atomic
def sign_report(
    *, innovation_id: str, agrees: bool, reason: str, signature: str, actor: Actor, now: datetime
) -> Innovation:
    """Sign the report of the sitting; the last signature settles it. Who does not agree says why, and the majority stands.

    :raises NotNow: sheets are missing
    :raises AlreadyJudged: this member has signed
    :raises MustStandAside: a member has ties to an applicant
    :raises SignatureWrong: the signature is not on this report
    """
    require(actor, Permission.INNOVATION_JUDGE, signed=True)
    innovation, found, mine, kept = _signing(innovation_id, agrees, reason, actor, now)
    mine.signature = sign_document(
        kind=REPORT,
        subject=mine.public_id,
        document=_report(innovation, found, agrees=agrees, reason=kept),
        signature=signature,
        actor=actor,
        now=now,
    )
    mine.agrees, mine.reason = agrees, kept
    mine.save()
    record(
        "report_signed",
        innovation,
        actor=actor,
        now=now,
        public={"sitting": found.kind},
        supervisor={"member": mine.member.code, "agrees": agrees, "reason": kept},
        escrowed=True,
    )
    if all(sheet.signature_id or sheet.pk == mine.pk for sheet in found.sheets):
        _SETTLES[found.kind](innovation, result_of(innovation, found), actor=actor, now=now)
    return innovation


def _settle_qualification(
    innovation: Innovation, result: list[dict[str, Any]], *, actor: Actor, now: datetime
) -> None:
    for row in result:
        one = Participant.objects.get(innovation=innovation, public_id=row["participant"])
        one.qualified, one.reason = row["qualified"], "; ".join(row["reasons"])
        one.save()
        tell_those(
            innovation,
            [one.supplier_id],
            title="资格审查结果",
            text="合格。创新概念交流的时间和地点由采购人另行通知。"
            if one.qualified
            else f"不合格: {one.reason}"[:1500],
            now=now,
        )
    if not any(row["qualified"] for row in result):
        stop(innovation, "fail_without_qualified", reason="没有合格的供应商", actor=actor, now=now)
        return
    move_innovation(innovation, "settle_qualification", actor=actor)
    innovation.save()
    record(
        "qualified",
        innovation,
        actor=actor,
        now=now,
        supervisor={"qualified": [row["supplier"] for row in result if row["qualified"]]},
        escrowed=hidden(innovation),
    )
    tell_those(
        innovation,
        [innovation.buyer_id],
        title="资格审查完毕",
        text="请谈判小组与全部合格的供应商共同进行创新概念交流。",
        now=now,
    )


def _settle_plans(
    innovation: Innovation, result: list[dict[str, Any]], *, actor: Actor, now: datetime
) -> None:
    move_innovation(innovation, "settle_scores", actor=actor)
    innovation.ranking = result
    innovation.save()
    record(
        "ranked",
        innovation,
        actor=actor,
        now=now,
        supervisor={"ranking": result},
        escrowed=hidden(innovation),
    )
    tell_those(
        innovation,
        [innovation.buyer_id],
        title="评审完毕",
        text="候选供应商已排序, 请按研发谈判文件规定的数量和排序确定研发供应商。",
        now=now,
    )


def _settle_products(
    innovation: Innovation, result: list[dict[str, Any]], *, actor: Actor, now: datetime
) -> None:
    move_innovation(innovation, "settle_first", actor=actor)
    innovation.first_ranking = result
    choose_first(innovation, result[0]["participant"], now=now)
    record("first_ranked", innovation, actor=actor, now=now, supervisor={"ranking": result})


def choose_first(innovation: Innovation, participant: str, *, now: datetime) -> None:
    """Mark whose product is bought first, on a purchase that has just moved, and let the clock of its notice run."""
    contract = ResearchContract.objects.get(participant__public_id=participant)
    contract.first = True
    contract.save()
    innovation.first_chosen_at = now
    innovation.save()
    begin_result_clock(innovation, now=now)
    tell_those(
        innovation, [innovation.buyer_id], title="首购产品已确定", text="请公告首购产品信息。", now=now
    )


_SETTLES = {
    GroupSheet.QUALIFICATION: _settle_qualification,
    GroupSheet.PLANS: _settle_plans,
    GroupSheet.PRODUCTS: _settle_products,
}

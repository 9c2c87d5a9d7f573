"""The buyer's own check of who is qualified, between the opening and the committee (87号令第四十四条)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from ggzy.evaluation import rules
from ggzy.evaluation.actions import document_of
from ggzy.evaluation.models import Qualification
from ggzy.evidence.actions import record_act
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.families import family
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.opening.queries import OpenedBid, opened_bids
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import TenderDocument
from ggzy.tendering.models import Round
from ggzy.tendering.moves import (
    lock_round,
    make_move,
    place_of,
    procedure_of,
    require_move,
    require_owner_side,
)


class QualificationOver(Refusal):
    """The check was concluded; what it found stays."""

    code = "evaluation.qualification_over"


@dataclass(frozen=True, kw_only=True)
class QualificationRow:
    """The check of one round as the owner side works on it, and as the supervisor reads it."""

    round: str
    tender: str
    tender_name: str
    lot_name: str
    stage: Stage
    document: TenderDocument
    bids: list[OpenedBid]
    results: dict[str, Any]
    credit: dict[str, Any]
    unqualified: dict[str, list[str]]
    concluded_at: datetime | None
    may_work: bool


def qualification(*, round_id: str, actor: Actor) -> QualificationRow:
    """Return the check of a round to its owner side and to the supervisor.

    :raises NotFound: no such round, or it has no check of its own
    :raises NotPermitted: another organisation
    """
    round_ = Round.objects.select_related("lot__tender").filter(public_id=round_id).first()
    if round_ is None or round_.file_version == 0:
        raise NotFound("没有这个标段轮次, 请从项目页面进入")
    document = document_of(round_)
    if document.policy is None or document.policy.group_checks or round_.opened_at is None:
        raise NotFound("该标段没有由采购人办理的资格审查, 或者还没有开标")
    tender = round_.lot.tender
    owner = bool(actor.organisation_pk) and actor.organisation_pk in {tender.tenderee_id, tender.agency_id}
    if not owner and actor.role is not Role.SUPERVISOR:
        raise NotPermitted("资格审查由采购人或者代理机构办理, 监督部门可以查阅")
    if Stage(round_.stage) is Stage.OPENING:
        raise NotFound("开标结束后才进行资格审查")
    found = Qualification.objects.filter(round=round_).first()
    return QualificationRow(
        round=round_.public_id,
        tender=tender.public_id,
        tender_name=tender.name,
        lot_name=round_.lot.name,
        stage=Stage(round_.stage),
        document=document,
        bids=opened_bids(round_.pk),
        results=found.results if found else {},
        credit=found.credit if found else {},
        unqualified=found.unqualified if found else {},
        concluded_at=found.concluded_at if found else None,
        may_work=owner and round_.stage == Stage.QUAL and not (found and found.concluded_at),
    )


def _locked(round_id: str, actor: Actor) -> tuple[Round, TenderDocument, Qualification | None]:
    round_ = lock_round(round_id)
    require_owner_side(round_.lot.tender, actor)
    require_move(round_, "qualify", actor=actor)
    found = Qualification.objects.select_for_update().filter(round=round_).first()
    if found is not None and found.concluded_at is not None:
        raise QualificationOver("资格审查已经作出结论, 不能修改")
    return round_, document_of(round_), found


@transaction.atomic
def save_qualification(
    *,
    round_id: str,
    results: Mapping[str, Any],
    credit: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> Qualification:
    """Keep what has been judged so far; it decides nothing, and the last one wins.

    :raises QualificationOver: it was concluded
    :raises BadInput: not a form of this round
    """
    require(actor, Permission.QUALIFY)
    round_, document, found = _locked(round_id, actor)
    bids = {b.bid for b in opened_bids(round_.pk)}
    keys = {r.key for r in document.owners_requirements}
    if not set(results) <= bids or not set(credit) <= bids:
        raise BadInput("只能审查本标段已开启的投标", field="results")
    for row in results.values():
        if not isinstance(row, Mapping) or not set(row) <= keys:
            raise BadInput("只能按招标文件列明的资格要求审查", field="results")
    row = found or Qualification(round=round_, region_code=round_.region_code)
    row.results, row.credit, row.saved_at = dict(results), dict(credit), now
    row.save()
    return row


def statement_of(round_: Round, results: Mapping[str, Any], credit: Mapping[str, Any]) -> bytes:
    """Return the bytes of the conclusion that the owner side signs."""
    return canonical(
        {
            "document": "资格审查结论",
            "ocid": round_.lot.tender.ocid,
            "round": round_.public_id,
            "results": results,
            "credit": credit,
        }
    )


def require_complete(*, round_id: str, actor: Actor) -> None:
    """Let a kept check pass that judges everything.

    :raises BadInput: something is missing; the sentence says which
    """
    row = qualification(round_id=round_id, actor=actor)
    _complete(row.document, row.bids, row.results, row.credit)


def qualification_to_sign(*, round_id: str, actor: Actor) -> bytes:
    """Return what the owner side signs: the check as it was last kept, complete.

    :raises BadInput: a bid or a requirement is not judged, or a credit record was not looked up
    """
    require(actor, Permission.QUALIFY, signed=True)
    found = qualification(round_id=round_id, actor=actor)
    if not found.may_work:
        raise QualificationOver("资格审查已经作出结论, 或者不在资格审查阶段")
    results, credit = _complete(found.document, found.bids, found.results, found.credit)
    round_ = Round.objects.select_related("lot__tender").get(public_id=round_id)
    return statement_of(round_, results, credit)


def _complete(
    document: TenderDocument,
    bids: list[OpenedBid],
    results: Mapping[str, Any],
    credit: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a check that judges every bid on every requirement, and whose credit records were looked up.

    :raises BadInput: something is missing; the sentence says which
    """
    judged = rules.require_preliminary(
        results, bids=[b.bid for b in bids], requirements=document.owners_requirements, what="资格审查表"
    )
    looked: dict[str, Any] = {}
    for bid in bids:
        row = credit.get(bid.bid)
        if not isinstance(row, Mapping) or not isinstance(row.get("clean"), bool):
            raise BadInput(f"请查询{bid.bidder}的信用记录并登记结果", field=f"credit.{bid.bid}")
        source = str(row.get("source") or "").strip()[:300]
        if not source:
            raise BadInput(f"请写明{bid.bidder}的信用记录查询渠道和时间", field=f"credit.{bid.bid}")
        looked[bid.bid] = {"clean": row["clean"], "source": source}
    return judged, looked


@transaction.atomic
def conclude_qualification(*, round_id: str, signature: str, actor: Actor, now: datetime) -> Qualification:
    """Conclude the check with a signature: too few qualified end the round (QUAL → CANCELLED).

    :raises BadInput: something is not judged
    :raises QualificationOver: it was concluded
    :raises SignatureWrong: the signature is not on this check
    """
    require(actor, Permission.QUALIFY, signed=True)
    round_, document, found = _locked(round_id, actor)
    bids = opened_bids(round_.pk)
    results, credit = _complete(document, bids, found.results if found else {}, found.credit if found else {})
    assert found is not None, "a complete check has been kept"
    signed = sign_document(
        kind="qualification",
        subject=round_.public_id,
        document=statement_of(round_, results, credit),
        signature=signature,
        actor=actor,
        now=now,
    )
    found.results, found.credit = results, credit
    found.unqualified = rules.unqualified(results, credit, requirements=document.owners_requirements)
    found.concluded_at, found.signature = now, signed
    found.save()
    left = [b for b in bids if b.bid not in found.unqualified]
    make_move(round_, "qualify", actor=actor, now=now)
    record_act(
        "evaluation.qualified",
        subject=round_.public_id,
        actor=actor,
        legal_at=now,
        **place_of(round_),
        public={"qualified": len(left)},
        supervisor={"results": results, "credit": credit, "unqualified": found.unqualified},
    )
    if len(left) < document.least_bidders:
        _cancel(round_, bids, found, least=document.least_bidders, actor=actor, now=now)
    return found


def _cancel(
    round_: Round, bids: list[OpenedBid], found: Qualification, *, least: int, actor: Actor, now: datetime
) -> None:
    tender = round_.lot.tender
    own = family(tender.procedure_code)
    make_move(round_, "fail_for_lack_of_qualified", actor=actor, now=now, decided_at=now)
    publish_notice(
        kind=NoticeKind.FAILURE,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[round_.public_id],
        title=f"{tender.name}（{round_.lot.name}）{own.failure}公告",
        body={
            "lot": round_.lot.name,
            "round_number": round_.number,
            "reason": f"资格审查后合格{own.bidder}不足{least}家",
            "basis": own.none_left
            if procedure_of(round_).several
            else "《政府采购货物和服务招标投标管理办法》第四十四条、《政府采购法》第三十六条",
            "next": f"{own.owner}将分析原因后依法重新组织"
            if procedure_of(round_).several
            else "招标文件没有不合理条款且程序合规的, 可以报财政部门批准采用其他方式; 否则修改后重新招标",
        },
        actor=actor,
        now=now,
    )
    for bid in bids:
        reasons = found.unqualified.get(bid.bid)
        tell(
            organisations=[bid.bidder_pk],
            kind=Kind.LEGAL,
            basis=Citation("政府采购货物和服务招标投标管理办法", "第六十九条"),
            until_opening=(),
            title=f"{tender.name}（{round_.lot.name}）{own.failure}",
            text=(f"贵单位未通过资格审查: {'; '.join(reasons)}。" if reasons else "贵单位通过了资格审查。")
            + f"因合格{own.bidder}不足{least}家, 本次采购{own.failure}, 不进行{own.judging}。",
            link=f"/lots/{round_.lot.public_id}",
            now=now,
        )

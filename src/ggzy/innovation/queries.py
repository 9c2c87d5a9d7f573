"""Purchases and research contracts as pages and the API show them: a supplier's plan and cost are in no other supplier's row.

Until the applications close nobody's row says who applied, or how many did; until a response is settled nobody's says who sealed.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q

from ggzy.innovation import rules
from ggzy.innovation.actions import NOTHING_LEFT, call_facts
from ggzy.innovation.contracts import left_of, most_of
from ggzy.innovation.judging import Sitting, result_of, sitting_among
from ggzy.innovation.models import (
    GroupSheet,
    Innovation,
    Participant,
    ResearchContract,
    ResearchStage,
    SealedResponse,
)
from ggzy.innovation.rules import Buyer, Cost, Ground, Seat, Way
from ggzy.innovation.talking import file_facts
from ggzy.kernel import calendars
from ggzy.kernel.actors import ANYONE, Actor, Role
from ggzy.kernel.refusals import NotFound, NotSignedIn
from ggzy.law.limits import beijing_date, keeps
from ggzy.law.table import limit
from ggzy.parties.grid import Permission, may
from ggzy.procedures.catalogue import GP_HC
from ggzy.procedures.spec import Stage

MOST_ROWS = 200
_LIST = (("合作创新采购", "/innovations"),)
_BEFORE_CLOSING = {Stage.HC_PLAN.value, Stage.HC_OPEN.value}
_SEALING = {Stage.HC_ANSWER.value: SealedResponse.FIRST, Stage.HC_FINAL.value: SealedResponse.FINAL}
#: stages at which first and final responses are settled, so that the group reads them
_AFTER_FIRST = {
    Stage.HC_TALKS.value,
    Stage.HC_FINAL.value,
    Stage.HC_REVIEW.value,
    Stage.HC_RANKED.value,
}


@dataclass(frozen=True, kw_only=True)
class ResponseRow:
    """One response as the group, or its own supplier, sees it; {} until it is revealed."""

    kind: str
    commitment: str
    sealed_at: datetime
    revealed_at: datetime | None
    response: dict[str, str]

    @property
    def parts(self) -> list[tuple[str, str]]:
        """Return what it says, in the order of the form."""
        return [(what, self.response[name]) for name, (what, _) in rules.RESPONSE.items() if self.response]

    @property
    def file(self) -> str:
        """Return the name of the file that goes with it, "" where none does or it is not for this reader."""
        return self.response.get("file_name", "")


@dataclass(frozen=True, kw_only=True)
class ParticipantRow:
    """One supplier that applied; what it wrote is for the group and itself."""

    participant: str
    supplier: str
    uscc: str
    #: the other members of its consortium
    partners: list[dict[str, str]]
    statement: str
    contact: str
    applied_at: datetime
    qualified: bool | None
    reason: str
    attended: bool
    chosen: bool
    own: bool
    left: bool
    talks: list[tuple[datetime, str]]
    responses: list[ResponseRow]

    @property
    def label(self) -> str:
        """Return how it stands, in words."""
        if self.chosen:
            return "研发供应商"
        return {None: "已申请", True: "合格", False: "不合格"}[self.qualified]

    def response(self, kind: str) -> ResponseRow | None:
        """Return the response of a kind."""
        return next((one for one in self.responses if one.kind == kind), None)


@dataclass(frozen=True, kw_only=True)
class MemberRow:
    """One member of the group; names are for the buyer and the group until the result."""

    code: str
    name: str
    username: str
    seat: str
    own: bool
    handed_in: bool
    signed: bool

    @property
    def seat_label(self) -> str:
        """Return as what it sits."""
        return Seat(self.seat).label


@dataclass(frozen=True, kw_only=True)
class ContractRow:
    """One research contract as a viewer sees it; plan, stages and costs are for the buyer, the group and its own supplier."""

    contract: str
    innovation: str
    innovation_name: str
    number: str
    stage: str
    supplier: str
    uscc: str
    compensation: Decimal
    first_price: Decimal
    compensated: Decimal | None
    left: Decimal | None
    signed_at: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    buyer_signed: bool
    supplier_signed: bool
    first: bool
    #: "buyer", "member", "supplier", "finance" or ""
    side: str
    member: bool
    interim: bool
    #: who researches, and what it answered finally: its parts, and the name of its file
    participant: str
    response: list[tuple[str, str]]
    file: str
    stages: list[dict[str, Any]]
    #: the number of the stage that goes on, and the most that it may be compensated
    current: int
    most: Decimal | None
    product: str
    product_price: Decimal | None
    conclusion: str

    @property
    def label(self) -> str:
        """Return where it stands, in words."""
        return Stage(self.stage).label


@dataclass(frozen=True, kw_only=True)
class InnovationRow:
    """One purchase as a viewer sees it."""

    innovation: str
    ocid: str
    deal_code: str
    stage: str
    name: str
    buyer: str
    buyer_uscc: str
    buyer_kind: str
    ground: str
    way: str
    invited: list[str]
    consortium: bool
    major: bool
    months: int
    most_cost: Decimal
    plan: dict[str, str]
    contact: str
    call: list[tuple[str, str]]
    called_at: datetime | None
    apply_until: datetime | None
    #: when and where the exchange of concepts is, and what about; what was said in it
    exchange_call: dict[str, str]
    exchange: dict[str, Any]
    file: dict[str, Any]
    file_facts: list[tuple[str, str]]
    file_issued_at: datetime | None
    changes: list[dict[str, str]]
    sealed_until: datetime | None
    reveal_until: datetime | None
    ranking: list[dict[str, str]]
    determined_at: datetime | None
    first_ranking: list[dict[str, str]]
    first_published_at: datetime | None
    first_signed_at: datetime | None
    first_buyer_signed: bool
    first_supplier_signed: bool
    end_reason: str
    ended_at: datetime | None
    members: list[MemberRow]
    participants: list[ParticipantRow]
    contracts: list[ContractRow]
    #: "buyer", "supplier" (applied), "invited", "finance" or ""
    side: str
    #: whether the viewer sits in the group
    member: bool
    #: whether the viewer's role may apply, and its organisation is asked
    may_apply: bool
    #: while a sitting goes on: which, the factors that members judge, whom they judge, whether all sheets are in, and
    #: then what they give (on the purchase's own page)
    sitting: str
    factors: list[dict[str, str]]
    judged: list[ParticipantRow]
    #: suppliers that stand in more than one application, by themselves or in a consortium
    doubled: list[str]
    whole: bool
    result: list[dict[str, Any]]
    warnings: list[str]

    @property
    def label(self) -> str:
        """Return where it stands, in words."""
        return Stage(self.stage).label

    @property
    def ground_label(self) -> str:
        """Return the case in which the way is taken."""
        return Ground(self.ground).label

    @property
    def buyer_label(self) -> str:
        """Return what kind of buyer it is."""
        return Buyer(self.buyer_kind).label

    @property
    def way_label(self) -> str:
        """Return how suppliers are asked."""
        return Way(self.way).label

    @property
    def may_name(self) -> bool:
        """Say whether the buyer may name the group anew: it has something left to judge, and no sheet of a sitting is in."""
        judges = self.stage not in NOTHING_LEFT and not any(one.handed_in for one in self.members)
        return self.side == "buyer" and judges

    @property
    def may_end(self) -> bool:
        """Say whether the buyer may terminate it from where it stands."""
        return GP_HC.has(self.stage, "terminate")

    @property
    def may_end_first(self) -> bool:
        """Say whether the buyer may end the first purchase from where it stands."""
        return GP_HC.has(self.stage, "terminate_first")

    @property
    def own(self) -> ParticipantRow | None:
        """Return the viewer's own participation."""
        return next((one for one in self.participants if one.own), None)

    @property
    def seat(self) -> MemberRow | None:
        """Return the viewer's own seat in the group."""
        return next((one for one in self.members if one.own), None)

    @property
    def qualified(self) -> list[ParticipantRow]:
        """Return who is qualified."""
        return [one for one in self.participants if one.qualified]

    @property
    def left(self) -> list[ParticipantRow]:
        """Return who is still in."""
        return [one for one in self.participants if one.left]


def _side(innovation: Innovation, viewer: Actor) -> str:
    if viewer.role is Role.SUPERVISOR:
        return "finance"
    if viewer.role is Role.TENDEREE and innovation.buyer_id == viewer.organisation_pk:
        return "buyer"
    if viewer.role is Role.BIDDER:
        if any(one.supplier_id == viewer.organisation_pk for one in innovation.participants.all()):
            return "supplier"
        if viewer.uscc in innovation.invited:
            return "invited"
    return ""


def _sits(innovation: Innovation, viewer: Actor) -> bool:
    return bool(viewer.account_pk) and any(
        m.account_id == viewer.account_pk and m.left_at is None for m in innovation.members.all()
    )


def _may_know(innovation: Innovation, side: str, member: bool) -> bool:
    """Say whether a viewer may know that there is this purchase: before its call the buyer and its group alone."""
    if side == "buyer" or member:
        return True
    if innovation.called_at is None:
        return False
    public = innovation.way == Way.NOTICE or innovation.determined_at is not None
    return public or innovation.stage == Stage.STOPPED.value or side in {"finance", "supplier", "invited"}


def _participants(innovation: Innovation, viewer: Actor, side: str, member: bool) -> list[ParticipantRow]:
    out = []
    closed = _closed(innovation)
    for one in _applicants(innovation):
        own = viewer.role is Role.BIDDER and one.supplier_id == viewer.organisation_pk
        known = own or closed and (member or side in {"buyer", "finance"})
        if not (known or one.chosen):
            continue
        reads = own or member and closed
        out.append(
            ParticipantRow(
                participant=one.public_id,
                supplier=one.supplier.name,
                uscc=one.supplier.uscc,
                partners=one.partners,
                statement=one.statement if reads else "",
                contact=one.contact if reads or side == "buyer" else "",
                applied_at=one.applied_at,
                qualified=one.qualified,
                reason=one.reason if known else "",
                attended=one.attended,
                chosen=one.chosen,
                own=own,
                left=_left(innovation, one, own=own),
                talks=[(t.talked_at, t.text) for t in one.talks.all()] if member else [],
                responses=_responses(innovation, one, own=own, member=member),
            )
        )
    return out


def _closed(innovation: Innovation) -> bool:
    """Say whether the applications closed; terminated before, nobody ever reads who had handed one in."""
    if innovation.ended_at is not None:
        return innovation.apply_until is not None and innovation.apply_until <= innovation.ended_at
    return innovation.stage not in _BEFORE_CLOSING


def _running(innovation: Innovation) -> str:
    """Return which response is being sealed and revealed, or was when the purchase was terminated; "" where none."""
    ended, until = innovation.ended_at, innovation.reveal_until
    if ended is not None and until is not None and ended < until:
        return SealedResponse.FINAL if innovation.finals_asked_at else SealedResponse.FIRST
    return _SEALING.get(innovation.stage, "")


def _left(innovation: Innovation, one: Participant, *, own: bool) -> bool:
    if innovation.stage in {Stage.HC_EXCHANGE.value, Stage.HC_ANSWER.value}:
        return one.attended
    if innovation.stage == Stage.HC_FINAL.value and not own:
        return False
    kind = (
        SealedResponse.FIRST
        if innovation.stage in _AFTER_FIRST - {Stage.HC_REVIEW.value}
        else SealedResponse.FINAL
    )
    return any(r.kind == kind and r.revealed_at for r in one.responses.all())


def _responses(innovation: Innovation, one: Participant, *, own: bool, member: bool) -> list[ResponseRow]:
    running = _running(innovation)
    return [
        ResponseRow(
            kind=r.kind,
            commitment=r.commitment,
            sealed_at=r.sealed_at,
            revealed_at=r.revealed_at,
            response=r.response,
        )
        for r in one.responses.all()
        if own or member and r.kind != running and r.revealed_at
    ]


def _members(
    innovation: Innovation, viewer: Actor, side: str, member: bool, sheets: list[GroupSheet]
) -> list[MemberRow]:
    named = side == "buyer" or member or side == "finance" or innovation.determined_at is not None
    if not named:
        return []
    inside = side == "buyer" or member
    by_member = {sheet.member_id: sheet for sheet in sheets}
    return [
        MemberRow(
            code=m.code,
            name=m.account.person.name,
            username=m.account.username if inside else "",
            seat=m.seat,
            own=m.account_id == viewer.account_pk,
            handed_in=inside and m.pk in by_member,
            signed=inside and m.pk in by_member and by_member[m.pk].signature_id is not None,
        )
        for m in sorted(innovation.members.all(), key=lambda m: m.code)
        if m.left_at is None
    ]


def _warnings(innovation: Innovation) -> list[str]:
    """Return what seems not to keep a limit that is known from memory: a hint, never a block."""
    out = []
    finals = innovation.sealed_until if innovation.finals_asked_at else None
    spans = [
        ("GP-T60", innovation.called_at, innovation.apply_until, "提交申请文件的时间"),
        ("GP-T62", innovation.finals_asked_at, finals, "提交最终响应文件的时间"),
    ]
    for key, started, moment, what in spans:
        if started is not None and moment is not None:
            row = limit(key, on=beijing_date(started))
            if not keeps(row, started=started, moment=moment, calendar=calendars.CHINA):
                out.append(f"{what}{row.length_label}({row.cites}, 待核对原文), 请确认")
    months = innovation.file.get("months", innovation.months)
    most = rules.MAJOR_MONTHS if innovation.major else rules.USUAL_MONTHS
    if months > most:
        out.append(f"研发期限一般不超过{most}个月({rules.BASIS}, 待核对原文), 请确认")
    return out


def _rows() -> Any:
    """Return purchases with all that a row asks of them: as many questions for two hundred as for one."""
    applicants = Participant.objects.select_related("supplier").prefetch_related(
        "responses", "talks", "contract__stages"
    )
    return Innovation.objects.select_related("buyer").prefetch_related(
        "members__account__person", "sheets__member__account", Prefetch("participants", applicants)
    )


def _applicants(innovation: Innovation) -> list[Participant]:
    return sorted(innovation.participants.all(), key=lambda one: one.pk)


def _sitting(innovation: Innovation) -> Sitting | None:
    return sitting_among(
        innovation,
        members=[m for m in innovation.members.all() if m.left_at is None],
        sheets=[s for s in innovation.sheets.all() if s.voided_at is None],
    )


def _row(innovation: Innovation, viewer: Actor, *, result: bool = False) -> InnovationRow:
    """Return a purchase as a viewer sees it; `result`: with what the sheets give, which is computed."""
    side, member = _side(innovation, viewer), _sits(innovation, viewer)
    if not _may_know(innovation, side, member):
        raise NotFound("没有这项合作创新采购", next_steps=_LIST)
    inside = side == "buyer" or member
    sitting = _sitting(innovation) if inside else None
    people = _participants(innovation, viewer, side, member)
    contracts = _contracts(innovation)
    judged = _judged(innovation, sitting.kind if sitting else "", people)
    participant = next((p for p in people if p.own), None)
    invited = participant is not None and participant.qualified
    has_file = innovation.way == Way.NOTICE or inside or side == "finance" or innovation.determined_at
    has_file = has_file or (participant is not None and participant.attended)
    own = {one.participant for one in people if one.own}
    chosen = {one.participant for one in people if one.chosen}
    first = {c.participant.public_id for c in contracts if c.first}
    published = innovation.first_published_at is not None
    return InnovationRow(
        innovation=innovation.public_id,
        ocid=innovation.ocid,
        deal_code=innovation.deal_code,
        stage=innovation.stage,
        name=innovation.name,
        buyer=innovation.buyer.name,
        buyer_uscc=innovation.buyer.uscc,
        buyer_kind=innovation.buyer_kind,
        ground=innovation.ground,
        way=innovation.way,
        invited=innovation.invited if inside else [],
        consortium=innovation.consortium,
        major=innovation.major,
        months=innovation.file["months"] if has_file and innovation.file else innovation.months,
        # the file may have adjusted what the notice said
        most_cost=Decimal(innovation.file["most_cost"])
        if has_file and innovation.file
        else innovation.most_cost,
        plan=innovation.plan if inside or side == "finance" else {},
        contact=innovation.contact,
        call=call_facts(innovation),
        called_at=innovation.called_at,
        apply_until=innovation.apply_until,
        exchange_call=innovation.exchange_call if inside or invited else {},
        exchange=_exchange(innovation, inside=inside) if inside or invited else {},
        file=innovation.file if has_file else {},
        file_facts=file_facts(innovation) if has_file and innovation.file else [],
        file_issued_at=innovation.file_issued_at,
        changes=innovation.changes if has_file else [],
        sealed_until=innovation.sealed_until,
        reveal_until=innovation.reveal_until,
        ranking=_places(
            innovation.ranking,
            whole=inside or side == "finance",
            known=own | chosen if innovation.determined_at else set(),
        ),
        determined_at=innovation.determined_at,
        first_ranking=_places(
            innovation.first_ranking,
            whole=inside or side == "finance",
            known=own | first if published else set(),
        ),
        first_published_at=innovation.first_published_at,
        first_signed_at=innovation.first_signed_at,
        first_buyer_signed=innovation.first_buyer_signature_id is not None,
        first_supplier_signed=innovation.first_supplier_signature_id is not None,
        end_reason=innovation.end_reason,
        ended_at=innovation.ended_at,
        members=_members(innovation, viewer, side, member, sitting.sheets if sitting else []),
        participants=people,
        contracts=[_contract(innovation, one, viewer, side, member) for one in contracts],
        side=side,
        member=member,
        may_apply=may(viewer, Permission.INNOVATION_APPLY)
        and (innovation.way == Way.NOTICE or viewer.uscc in innovation.invited),
        sitting=sitting.kind if sitting else "",
        factors=_factors(innovation, sitting.kind if sitting else ""),
        judged=judged if member else [],
        doubled=rules.doubled([p.uscc, *(o["uscc"] for o in p.partners)] for p in people) if inside else [],
        whole=bool(member and sitting and sitting.whole),
        result=result_of(innovation, sitting) if result and sitting and sitting.whole and member else [],
        warnings=_warnings(innovation) if inside else [],
    )


def _exchange(innovation: Innovation, *, inside: bool) -> dict[str, Any]:
    """Return what was said in the exchange; who stayed away is for the buyer and the group."""
    return innovation.exchange if inside else _without(innovation.exchange, "absent", "member")


def _without(given: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def _places(ranking: list[dict[str, str]], *, whole: bool, known: set[str]) -> list[dict[str, str]]:
    """Return a ranking with its ranks: whole for the buyer, the group and who supervises, else who was taken and one's own."""
    return [
        row | {"rank": str(n)} for n, row in enumerate(ranking, 1) if whole or row["participant"] in known
    ]


def _factors(innovation: Innovation, sitting: str) -> list[dict[str, str]]:
    field = {GroupSheet.PLANS: "factors", GroupSheet.PRODUCTS: "first_factors"}.get(sitting, "")
    rows = innovation.file.get(field, [])
    return [row for row in rows if row["weighs"] != rules.Weighs.PRICE.value]


def _judged(innovation: Innovation, sitting: str, people: list[ParticipantRow]) -> list[ParticipantRow]:
    if sitting == GroupSheet.QUALIFICATION:
        return people
    if sitting == GroupSheet.PLANS:
        return [one for one in people if (final := one.response(SealedResponse.FINAL)) and final.revealed_at]
    if sitting == GroupSheet.PRODUCTS:
        passed = [c for c in _contracts(innovation) if c.stage == Stage.RD_PASSED.value]
        known = {c.participant.public_id for c in passed}
        return [one for one in people if one.participant in known]
    return []


# --- contracts


def _stage_row(stage: ResearchStage) -> dict[str, Any]:
    return {
        "number": stage.number,
        "name": stage.name,
        "milestone": stage.milestone,
        "interim": stage.interim,
        "limit": stage.limit,
        "buyer_signed": stage.buyer_signature_id is not None,
        "supplier_signed": stage.supplier_signature_id is not None,
        "results": stage.results,
        "costs": [(Cost(kind).label, amount) for kind, amount in stage.costs.items()],
        "spent": stage.spent,
        "handed_in_at": stage.handed_in_at,
        "met": stage.met,
        "reason": stage.reason,
        "compensated": stage.compensated,
        "decided_at": stage.decided_at,
        "payment": stage.payment,
        "paid_at": stage.paid_at,
    }


def _contract(
    innovation: Innovation, contract: ResearchContract, viewer: Actor, side: str, member: bool
) -> ContractRow:
    own = viewer.role is Role.BIDDER and contract.participant.supplier_id == viewer.organisation_pk
    published = innovation.first_published_at is not None
    inside = own or side == "buyer" or member
    stages = list(contract.stages.all()) if inside else []
    stages.sort(key=lambda stage: stage.number)
    current = next((s for s in stages if s.decided_at is None), None)
    working = contract.stage == Stage.RD_WORK.value and current is not None
    ready = working and current is not None and current.handed_in_at is not None
    parts = [(what, contract.response[name]) for name, (what, _) in rules.RESPONSE.items()]
    return ContractRow(
        contract=contract.public_id,
        innovation=innovation.public_id,
        innovation_name=innovation.name,
        number=contract.number,
        stage=contract.stage,
        supplier=contract.participant.supplier.name,
        uscc=contract.participant.supplier.uscc,
        compensation=contract.compensation,
        first_price=contract.first_price,
        compensated=contract.compensated if inside or side == "finance" else None,
        left=left_of(contract) if inside or side == "finance" else None,
        signed_at=contract.signed_at,
        ends_at=contract.ends_at,
        ended_at=contract.ended_at,
        buyer_signed=contract.buyer_signature_id is not None,
        supplier_signed=contract.supplier_signature_id is not None,
        # whose product it is, nobody learns before the notice, the winner included
        first=contract.first and (side == "buyer" or member or published),
        side="supplier" if own else side if side in {"buyer", "finance"} else "",
        member=member,
        interim=innovation.file["interim"],
        participant=contract.participant.public_id,
        response=parts if inside else [],
        file=contract.response.get("file_name", "") if inside else "",
        stages=[_stage_row(stage) for stage in stages],
        current=current.number if working and current is not None else 0,
        most=most_of(innovation, contract, current) if ready and current is not None else None,
        product=contract.product if inside else "",
        product_price=contract.product_price if inside or contract.first and published else None,
        conclusion=contract.conclusion if inside else "",
    )


def _contracts(innovation: Innovation) -> list[ResearchContract]:
    if innovation.determined_at is None:
        return []
    found = [contract for one in _applicants(innovation) if (contract := getattr(one, "contract", None))]
    return sorted(found, key=lambda contract: contract.number)


# --- what pages ask


def innovation_row(innovation_id: str, *, viewer: Actor) -> InnovationRow:
    """Return one purchase as a viewer sees it.

    :raises NotFound: no such purchase, or none of which the viewer may know
    """
    found = _rows().filter(public_id=innovation_id).first()
    if found is None:
        raise NotFound("没有这项合作创新采购", next_steps=_LIST)
    return _row(found, viewer, result=True)


def public_rows() -> list[InnovationRow]:
    """Return the purchases that everybody may know of, the newest first."""
    out = []
    for one in _rows().filter(called_at__isnull=False).order_by("-called_at")[:MOST_ROWS]:
        if _may_know(one, "", False):
            out.append(_row(one, ANYONE))
    return out


def public_row_of(ocid: str) -> InnovationRow | None:
    """Return the purchase that is this process as everybody may know it, None where it is none, or is not public."""
    one = _rows().filter(public_id=ocid.rsplit("-", 1)[-1], called_at__isnull=False).first()
    return _row(one, ANYONE) if one and one.ocid == ocid and _may_know(one, "", False) else None


def rows_of(viewer: Actor, *, live: bool = False) -> list[InnovationRow]:
    """Return the purchases that concern whoever is signed in: its own, those it sits for, applied to, or may apply to.

    :param live: only those that go on
    :raises NotSignedIn: nobody is
    """
    if not viewer.signed_in:
        raise NotSignedIn("请先登录", next_steps=(("登录", "/login"),))
    concerns = Q(members__account_id=viewer.account_pk, members__left_at=None)
    if viewer.role is Role.TENDEREE:
        concerns |= Q(buyer_id=viewer.organisation_pk)
    if viewer.role is Role.BIDDER:
        concerns |= Q(participants__supplier_id=viewer.organisation_pk) | Q(invited__contains=[viewer.uscc])
        concerns |= Q(way=Way.NOTICE.value, stage=Stage.HC_OPEN.value)
    if viewer.role is Role.SUPERVISOR:
        concerns = Q(called_at__isnull=False)
    pks = Innovation.objects.filter(concerns).values("pk")
    rows = _rows().filter(pk__in=pks).order_by("-planned_at")
    if live:
        rows = rows.filter(ended_at=None)
    return [
        _row(one, viewer)
        for one in rows[:MOST_ROWS]
        if _may_know(one, _side(one, viewer), _sits(one, viewer))
    ]


def contract_row(contract_id: str, *, viewer: Actor) -> ContractRow:
    """Return one research contract to its two sides, the group and the finance department.

    :raises NotFound: no such contract, or somebody else's
    """
    found = (
        ResearchContract.objects.select_related("participant__supplier", "participant__innovation__buyer")
        .prefetch_related(
            "stages", "participant__innovation__members", "participant__innovation__participants"
        )
        .filter(public_id=contract_id)
        .first()
    )
    if found is not None:
        innovation = found.participant.innovation
        row = _contract(innovation, found, viewer, _side(innovation, viewer), _sits(innovation, viewer))
        if row.side or row.member:
            return row
    raise NotFound("没有这份研发合同, 只有合同双方和谈判小组能够查看", next_steps=_LIST)


def file_of(innovation_id: str, *, participant: str, kind: str, viewer: Actor) -> tuple[str, str]:
    """Return name and SHA-256 of the file of a response to who may read the response: its supplier and the group.

    The buyer reads the one that its research contract rests on.

    :raises NotFound: no such file, or none for this reader
    """
    row = innovation_row(innovation_id, viewer=viewer)
    one = next((p for p in row.participants if p.participant == participant), None)
    found = one.response(kind) if one else None
    said = found.response if found else {}
    if not said and kind == SealedResponse.FINAL and row.side == "buyer":
        contract = ResearchContract.objects.filter(participant__public_id=participant).first()
        said = (
            contract.response if contract and any(c.participant == participant for c in row.contracts) else {}
        )
    name, digest = (said.get(part, "") for part in rules.RESPONSE_FILE)
    if not digest:
        raise NotFound("没有这份附件, 或者不向您提供", next_steps=_LIST)
    return name, digest


def step_of(row: InnovationRow, *, now: datetime) -> tuple[str, str]:
    """Return what whoever sees a row does next, and where on the page; ("", "") where nothing."""
    group = _group_step(row, now=now) if row.member else ("", "")
    if group[0]:
        return group
    if row.side == "buyer":
        return _buyer_step(row)
    if row.may_apply:
        return _supplier_step(row, now=now)
    return "", ""


def _group_step(row: InnovationRow, *, now: datetime) -> tuple[str, str]:
    seat = row.seat
    if row.sitting and seat is not None:
        if not seat.handed_in:
            what = {"qualify": "审查申请人资格", "plans": "给最终响应文件打分", "products": "首购评审打分"}
            return what[row.sitting], "sheet"
        if row.whole and not seat.signed:
            return "签署评审报告", "report"
        return "", ""
    if row.stage == Stage.HC_EXCHANGE.value and row.exchange_call and not row.exchange:
        return "记录创新概念交流", "exchange"
    if row.stage == Stage.HC_TALKS.value:
        missing = any(not one.talks for one in row.left)
        return ("与每家供应商谈判并记录" if missing else "要求提交最终响应文件"), "talks"
    return "", ""


def _buyer_step(row: InnovationRow) -> tuple[str, str]:
    steps = {
        Stage.HC_PLAN.value: ("发布公告或者发出邀请书", "call"),
        Stage.HC_RANKED.value: ("确定研发供应商并公告", "determine"),
        Stage.HC_CHOSEN.value: ("公告首购产品信息", "publish"),
    }
    if row.stage == Stage.HC_EXCHANGE.value:
        if row.exchange:
            return "发出研发谈判文件", "file"
        return ("", "") if row.exchange_call else ("通知创新概念交流的时间和地点", "meeting")
    if row.stage in {Stage.HC_OPEN.value, Stage.HC_QUALIFY.value} and not row.members:
        return "确定谈判小组成员", "group"
    if row.stage == Stage.HC_RESEARCH.value and all(one.ended_at for one in row.contracts):
        return "研发合同都已结束, 转入首购", "conclude"
    if row.stage == Stage.HC_BOUGHT.value and not row.first_buyer_signed:
        return "签订首购协议", "first"
    return steps.get(row.stage, ("", ""))


def _supplier_step(row: InnovationRow, *, now: datetime) -> tuple[str, str]:
    own = row.own
    if row.stage == Stage.HC_OPEN.value and own is None and row.apply_until and now < row.apply_until:
        return "提交申请文件", "apply"
    kind = _SEALING.get(row.stage)
    if own is not None and kind and own.left and row.sealed_until and row.reveal_until:
        mine = own.response(kind)
        if now < row.sealed_until:
            return ("", "seal") if mine else ("封存响应文件", "seal")
        if mine and mine.revealed_at is None and now < row.reveal_until:
            return "揭示响应文件", "reveal"
    first = any(one.first and one.side == "supplier" for one in row.contracts)
    if row.stage == Stage.HC_BOUGHT.value and first and not row.first_supplier_signed:
        return "签订首购协议", "first"
    return "", ""


def contract_step(row: ContractRow) -> tuple[str, str]:
    """Return what whoever sees a contract does next, and where on the page."""
    stage = next((s for s in row.stages if s["number"] == row.current), None)
    signed = row.buyer_signed if row.side == "buyer" else row.supplier_signed
    if row.stage == Stage.RD_SIGN.value and row.side in {"buyer", "supplier"}:
        return ("", "") if signed else ("签订研发合同", "sign")
    if stage is not None and row.interim and not (stage["buyer_signed"] and stage["supplier_signed"]):
        if not stage["interim"]:
            return ("记录研发中期谈判", "interim") if row.member else ("", "")
        mine = stage["buyer_signed"] if row.side == "buyer" else stage["supplier_signed"]
        ours = row.side in {"buyer", "supplier"} and not mine
        return ("签署中期谈判记录", "confirm") if ours else ("", "")
    if stage is not None and row.side == "supplier" and stage["handed_in_at"] is None:
        return "提交阶段成果报告和成本说明", "results"
    if stage is not None and row.side == "buyer" and stage["handed_in_at"] is not None:
        return "验收阶段成果, 决定成本补偿", "decide"
    if row.stage == Stage.RD_PRODUCT.value:
        if row.side == "supplier" and row.product_price is None:
            return "提交创新产品和首购报价", "product"
        if row.side == "buyer" and row.product_price is not None:
            return "验收创新产品", "accept"
    return "", ""


def due_on(row: InnovationRow) -> datetime | None:
    """Return until when the running step is done, None where no clock runs."""
    times = {
        Stage.HC_OPEN.value: row.apply_until,
        Stage.HC_ANSWER.value: row.sealed_until,
        Stage.HC_FINAL.value: row.sealed_until,
    }
    return times.get(row.stage)

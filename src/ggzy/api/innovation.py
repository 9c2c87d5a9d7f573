"""API of 合作创新采购: plan, call, applications, the group's sittings, sealed responses, research contracts, first purchase."""

import base64
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import AwareDatetime, Base64Bytes

from ggzy.api.frame import answer, now, who, write
from ggzy.innovation import actions, buying, contracts, judging, queries, talking
from ggzy.kernel import files

router = Router()
_TAG = ["合作创新采购"]


class Plan(Schema):
    """The plan of a purchase; plan: the texts by name (targets, scenario, qualification and so on)."""

    name: str
    contact: str
    ground: str
    buyer_kind: str
    approval: str = ""
    way: str
    invited: list[str] = []
    consortium: bool = True
    major: bool = False
    months: int
    most_cost: str
    plan: dict[str, str]


class Call(Schema):
    """Until when applications are handed in."""

    apply_until: AwareDatetime


class Application(Schema):
    """What a supplier says of itself, how it is reached, its consortium's other members, and its signature (base64).

    partners: one a line, USCC and name.
    """

    statement: str
    contact: str
    partners: str = ""
    signature: str


class Seat(Schema):
    """A member of the group: user name, and as what (buyer, technical, law, economy)."""

    username: str
    seat: str


class Group(Schema):
    """The members of the group."""

    members: list[Seat]


class Replacement(Schema):
    """Who leaves the group (its code), who takes the seat (user name), and why."""

    member: str
    username: str
    reason: str


class Findings(Schema):
    """One sheet: {participant: {qualified, reason}} or {participant: {factor: points}}."""

    findings: dict[str, dict[str, Any]]


class Opinion(Schema):
    """Whether a member agrees with the report; if not, why; and the signature (base64)."""

    agrees: bool = True
    reason: str = ""
    signature: str


class ExchangeCall(Schema):
    """When and where the exchange is (or how to take part online), and what about."""

    meets_at: AwareDatetime
    place: str
    text: str


class Exchange(Schema):
    """When and where the exchange was, what was said, and which participants came."""

    met_at: AwareDatetime
    place: str
    text: str
    attended: list[str]


class ResearchFile(Schema):
    """The research file; factors: [{name, weight, weighs: plan, other or price}]; stages: [{name, milestone}]; amounts in 元."""

    texts: dict[str, str]
    most_cost: str
    adjusted: str = ""
    months: int
    suppliers: int
    compensation: str
    first_price: str
    incentive: str = "0"
    cost_kinds: list[str]
    interim: bool
    factors: list[dict[str, str]]
    first_factors: list[dict[str, str]]
    stages: list[dict[str, str]]
    answer_until: AwareDatetime


class Clarification(Schema):
    """What is clarified, and the later time to respond where it moves."""

    text: str
    answer_until: AwareDatetime | None = None


class Sealed(Schema):
    """The digest of a response, and the signature (base64)."""

    commitment: str
    signature: str


class Reveal(Schema):
    """The response as it was sealed, its salt (64 hex digits), and the file whose name and SHA-256 it holds (base64)."""

    response: dict[str, str]
    salt: str
    file: Base64Bytes = b""


class Talk(Schema):
    """With whom the group talked, and about what."""

    participant: str
    text: str


class Said(Schema):
    """A text."""

    text: str


class Until(Schema):
    """Until when final responses are sealed."""

    until: AwareDatetime


class Reason(Schema):
    """Why."""

    reason: str


class FirstEnd(Schema):
    """Why a first purchase is ended; ground: refused, cancelled, unlawful."""

    ground: str
    reason: str


class Signed(Schema):
    """A signature (base64)."""

    signature: str


class Interim(Schema):
    """When the interim talk was, what was agreed, and the most that the stage is compensated in 元."""

    met_at: AwareDatetime
    text: str
    most: str


class Results(Schema):
    """What came of a stage; costs: {equipment, business, labour, indirect} in 元."""

    results: str
    costs: dict[str, str]


class Decision(Schema):
    """Whether the milestone is met, why, and how much is compensated in 元."""

    met: bool
    reason: str
    compensated: str


class Payment(Schema):
    """Which stage was paid, and the voucher."""

    number: int
    voucher: str


class Product(Schema):
    """The product and the price of its first purchase in 元."""

    product: str
    price: str


class Acceptance(Schema):
    """Whether the product passed, and the report."""

    passed: bool
    report: str


def _to_sign(data: bytes) -> HttpResponse:
    return answer({"to_sign": base64.b64encode(data).decode()})


@router.get("/innovations", tags=_TAG, summary="合作创新采购(公开)")
def innovations(request: HttpRequest) -> HttpResponse:
    return answer({"innovations": queries.public_rows()})


@router.get("/innovations/own", tags=_TAG, summary="与本单位或者本人有关的合作创新采购")
def own_innovations(request: HttpRequest) -> HttpResponse:
    at = now()
    rows = queries.rows_of(who(request))
    return answer({"innovations": [{"row": row, "step": queries.step_of(row, now=at)[0]} for row in rows]})


@router.post("/innovations", tags=_TAG, summary="登记合作创新采购方案")
@write
def keep_plan(request: HttpRequest, body: Plan) -> dict[str, Any]:
    made = actions.keep_plan(**body.dict(), actor=who(request), now=now())
    return {"innovation": made.public_id, "stage": made.stage}


@router.get("/innovations/{innovation_id}", tags=_TAG, summary="一项合作创新采购(按身份显示)")
def innovation(request: HttpRequest, innovation_id: str) -> HttpResponse:
    return answer(queries.innovation_row(innovation_id, viewer=who(request)))


@router.post("/innovations/{innovation_id}/call", tags=_TAG, summary="发布合作创新采购公告或者发出邀请书")
@write
def publish_call(request: HttpRequest, innovation_id: str, body: Call) -> dict[str, Any]:
    made = actions.publish_call(
        innovation_id=innovation_id, apply_until=body.apply_until, actor=who(request), now=now()
    )
    return {"stage": made.stage}


@router.get("/innovations/{innovation_id}/applications/statement", tags=_TAG, summary="取得待签的申请文件")
def application_to_sign(
    request: HttpRequest, innovation_id: str, statement: str, contact: str, partners: str = ""
) -> HttpResponse:
    return _to_sign(
        actions.application_to_sign(
            innovation_id=innovation_id,
            statement=statement,
            contact=contact,
            partners=partners,
            actor=who(request),
            now=now(),
        )
    )


@router.post("/innovations/{innovation_id}/applications", tags=_TAG, summary="提交申请文件")
@write
def apply(request: HttpRequest, innovation_id: str, body: Application) -> dict[str, Any]:
    return actions.apply(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())


@router.post("/innovations/{innovation_id}/group", tags=_TAG, summary="确定谈判小组成员")
@write
def name_group(request: HttpRequest, innovation_id: str, body: Group) -> dict[str, Any]:
    members = [seat.dict() for seat in body.members]
    actions.name_group(innovation_id=innovation_id, members=members, actor=who(request), now=now())
    return {"members": len(members)}


@router.post("/innovations/{innovation_id}/group/replacement", tags=_TAG, summary="评审中更换谈判小组成员")
@write
def replace_member(request: HttpRequest, innovation_id: str, body: Replacement) -> dict[str, Any]:
    made = judging.replace_member(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())
    return {"member": made.code, "seat": made.seat}


@router.post("/innovations/{innovation_id}/sheets", tags=_TAG, summary="谈判小组成员提交审查或者评分意见")
@write
def hand_in_sheet(request: HttpRequest, innovation_id: str, body: Findings) -> dict[str, Any]:
    made = judging.hand_in_sheet(
        innovation_id=innovation_id, findings=body.findings, actor=who(request), now=now()
    )
    return {"sitting": made.sitting, "member": made.member.code}


@router.get("/innovations/{innovation_id}/report/statement", tags=_TAG, summary="取得待签的审查或者评审报告")
def report_to_sign(
    request: HttpRequest, innovation_id: str, agrees: bool = True, reason: str = ""
) -> HttpResponse:
    return _to_sign(
        judging.report_to_sign(
            innovation_id=innovation_id, agrees=agrees, reason=reason, actor=who(request), now=now()
        )
    )


@router.post("/innovations/{innovation_id}/report/signature", tags=_TAG, summary="签署审查或者评审报告")
@write
def sign_report(request: HttpRequest, innovation_id: str, body: Opinion) -> dict[str, Any]:
    made = judging.sign_report(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/innovations/{innovation_id}/exchange/call", tags=_TAG, summary="通知创新概念交流的时间和地点")
@write
def call_exchange(request: HttpRequest, innovation_id: str, body: ExchangeCall) -> dict[str, Any]:
    made = talking.call_exchange(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())
    return made.exchange_call


@router.post("/innovations/{innovation_id}/exchange", tags=_TAG, summary="记录创新概念交流")
@write
def record_exchange(request: HttpRequest, innovation_id: str, body: Exchange) -> dict[str, Any]:
    made = talking.record_exchange(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage, "absent": made.exchange["absent"]}


@router.post("/innovations/{innovation_id}/file", tags=_TAG, summary="发出研发谈判文件")
@write
def issue_file(request: HttpRequest, innovation_id: str, body: ResearchFile) -> dict[str, Any]:
    made = talking.issue_file(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/innovations/{innovation_id}/clarifications", tags=_TAG, summary="澄清修改研发谈判文件")
@write
def clarify_file(request: HttpRequest, innovation_id: str, body: Clarification) -> dict[str, Any]:
    made = talking.clarify_file(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())
    return {"answer_until": made.sealed_until}


@router.get("/innovations/{innovation_id}/responses/statement", tags=_TAG, summary="取得待签的响应文件摘要")
def response_to_sign(request: HttpRequest, innovation_id: str, commitment: str) -> HttpResponse:
    return _to_sign(
        talking.response_to_sign(
            innovation_id=innovation_id, commitment=commitment, actor=who(request), now=now()
        )
    )


@router.post("/innovations/{innovation_id}/responses", tags=_TAG, summary="封存响应文件(只交摘要)")
@write
def seal_response(request: HttpRequest, innovation_id: str, body: Sealed) -> dict[str, Any]:
    return talking.seal_response(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())


@router.post("/innovations/{innovation_id}/responses/reveal", tags=_TAG, summary="揭示响应文件")
@write
def reveal_response(request: HttpRequest, innovation_id: str, body: Reveal) -> dict[str, Any]:
    made = talking.reveal_response(
        innovation_id=innovation_id,
        response=body.response,
        salt=body.salt,
        file_data=body.file,
        actor=who(request),
        now=now(),
    )
    return {"kind": made.kind, "revealed_at": made.revealed_at}


@router.get(
    "/innovations/{innovation_id}/responses/{participant}/{kind}/file",
    tags=_TAG,
    summary="取得响应文件的附件(本单位和谈判小组)",
)
def response_file(request: HttpRequest, innovation_id: str, participant: str, kind: str) -> HttpResponse:
    name, digest = queries.file_of(innovation_id, participant=participant, kind=kind, viewer=who(request))
    return answer({"name": name, "file": base64.b64encode(files.read(digest)).decode()})


@router.post("/innovations/{innovation_id}/talks", tags=_TAG, summary="记录与一家供应商的谈判")
@write
def record_talk(request: HttpRequest, innovation_id: str, body: Talk) -> dict[str, Any]:
    made = talking.record_talk(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())
    return {"talked_at": made.talked_at}


@router.post("/innovations/{innovation_id}/changes", tags=_TAG, summary="谈判中变动研发谈判文件")
@write
def change_file(request: HttpRequest, innovation_id: str, body: Said) -> dict[str, Any]:
    made = talking.change_file(innovation_id=innovation_id, text=body.text, actor=who(request), now=now())
    return {"changes": len(made.changes)}


@router.post("/innovations/{innovation_id}/final-responses", tags=_TAG, summary="要求提交最终响应文件")
@write
def ask_finals(request: HttpRequest, innovation_id: str, body: Until) -> dict[str, Any]:
    made = talking.ask_finals(innovation_id=innovation_id, until=body.until, actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/innovations/{innovation_id}/result", tags=_TAG, summary="确定研发供应商并公告")
@write
def determine_suppliers(request: HttpRequest, innovation_id: str) -> dict[str, Any]:
    made = contracts.determine_suppliers(innovation_id=innovation_id, actor=who(request), now=now())
    return {"contracts": [one.public_id for one in made]}


@router.post("/innovations/{innovation_id}/termination", tags=_TAG, summary="终止采购活动")
@write
def terminate(request: HttpRequest, innovation_id: str, body: Reason) -> dict[str, Any]:
    made = actions.terminate(innovation_id=innovation_id, reason=body.reason, actor=who(request), now=now())
    return {"stage": made.stage}


@router.get("/research/{contract_id}", tags=_TAG, summary="一份研发合同(双方、谈判小组和财政部门)")
def research(request: HttpRequest, contract_id: str) -> HttpResponse:
    return answer(queries.contract_row(contract_id, viewer=who(request)))


@router.get("/research/{contract_id}/contract/statement", tags=_TAG, summary="取得待签的研发合同")
def contract_to_sign(request: HttpRequest, contract_id: str) -> HttpResponse:
    return _to_sign(contracts.contract_to_sign(contract_id=contract_id, actor=who(request)))


@router.post("/research/{contract_id}/contract/signature", tags=_TAG, summary="签订研发合同")
@write
def sign_contract(request: HttpRequest, contract_id: str, body: Signed) -> dict[str, Any]:
    made = contracts.sign_contract(
        contract_id=contract_id, signature=body.signature, actor=who(request), now=now()
    )
    return {"stage": made.stage}


@router.post("/research/{contract_id}/interim", tags=_TAG, summary="记录研发中期谈判")
@write
def record_interim(request: HttpRequest, contract_id: str, body: Interim) -> dict[str, Any]:
    made = contracts.record_interim(contract_id=contract_id, **body.dict(), actor=who(request), now=now())
    return {"number": made.number}


@router.get("/research/{contract_id}/interim/statement", tags=_TAG, summary="取得待签的中期谈判记录")
def interim_to_sign(request: HttpRequest, contract_id: str) -> HttpResponse:
    return _to_sign(contracts.interim_to_sign(contract_id=contract_id, actor=who(request)))


@router.post("/research/{contract_id}/interim/signature", tags=_TAG, summary="签署中期谈判记录")
@write
def confirm_interim(request: HttpRequest, contract_id: str, body: Signed) -> dict[str, Any]:
    made = contracts.confirm_interim(
        contract_id=contract_id, signature=body.signature, actor=who(request), now=now()
    )
    return {"number": made.number}


@router.post("/research/{contract_id}/results", tags=_TAG, summary="提交阶段成果报告和成本说明")
@write
def hand_in_results(request: HttpRequest, contract_id: str, body: Results) -> dict[str, Any]:
    made = contracts.hand_in_results(contract_id=contract_id, **body.dict(), actor=who(request), now=now())
    return {"number": made.number, "spent": made.spent}


@router.post("/research/{contract_id}/decision", tags=_TAG, summary="验收阶段成果, 决定成本补偿")
@write
def decide_stage(request: HttpRequest, contract_id: str, body: Decision) -> dict[str, Any]:
    made = contracts.decide_stage(contract_id=contract_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage, "compensated": made.compensated}


@router.post("/research/{contract_id}/payments", tags=_TAG, summary="登记成本补偿的支付")
@write
def note_payment(request: HttpRequest, contract_id: str, body: Payment) -> dict[str, Any]:
    made = contracts.note_payment(contract_id=contract_id, **body.dict(), actor=who(request), now=now())
    return {"number": made.number, "amount": made.compensated}


@router.post("/research/{contract_id}/product", tags=_TAG, summary="提交创新产品和首购报价")
@write
def hand_in_product(request: HttpRequest, contract_id: str, body: Product) -> dict[str, Any]:
    made = contracts.hand_in_product(contract_id=contract_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/research/{contract_id}/acceptance", tags=_TAG, summary="验收创新产品")
@write
def accept_product(request: HttpRequest, contract_id: str, body: Acceptance) -> dict[str, Any]:
    made = contracts.accept_product(contract_id=contract_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/research/{contract_id}/end", tags=_TAG, summary="终止研发合同")
@write
def end_research(request: HttpRequest, contract_id: str, body: Reason) -> dict[str, Any]:
    made = contracts.end_research(contract_id=contract_id, reason=body.reason, actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/innovations/{innovation_id}/research/conclusion", tags=_TAG, summary="研发结束, 转入首购")
@write
def conclude_research(request: HttpRequest, innovation_id: str) -> dict[str, Any]:
    made = buying.conclude_research(innovation_id=innovation_id, actor=who(request), now=now())
    return {"stage": made.stage}


@router.post("/innovations/{innovation_id}/first/notice", tags=_TAG, summary="公告首购产品信息")
@write
def publish_first(request: HttpRequest, innovation_id: str) -> dict[str, Any]:
    made = buying.publish_first(innovation_id=innovation_id, actor=who(request), now=now())
    return {"stage": made.stage}


@router.get("/innovations/{innovation_id}/first/statement", tags=_TAG, summary="取得待签的首购协议")
def first_to_sign(request: HttpRequest, innovation_id: str) -> HttpResponse:
    return _to_sign(buying.agreement_to_sign(innovation_id=innovation_id, actor=who(request)))


@router.post("/innovations/{innovation_id}/first/signature", tags=_TAG, summary="签订首购协议")
@write
def sign_first(request: HttpRequest, innovation_id: str, body: Signed) -> dict[str, Any]:
    made = buying.sign_first(
        innovation_id=innovation_id, signature=body.signature, actor=who(request), now=now()
    )
    return {"stage": made.stage}


@router.post("/innovations/{innovation_id}/first/termination", tags=_TAG, summary="终止首购")
@write
def terminate_first(request: HttpRequest, innovation_id: str, body: FirstEnd) -> dict[str, Any]:
    made = buying.terminate_first(innovation_id=innovation_id, **body.dict(), actor=who(request), now=now())
    return {"stage": made.stage}

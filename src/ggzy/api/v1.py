"""The API: every act that a page does, as JSON. One operation, one call of an action or a query."""

import base64
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema

from ggzy.api import (
    account,
    archives,
    bids,
    changes,
    committees,
    complaints,
    deposits,
    drafting,
    draws,
    evaluations,
    finding,
    frameworks,
    fronts,
    innovation,
    messages,
    negotiating,
    ocds,
    panels,
    papers,
    partners,
    pool,
    procurement,
    publications,
    registry,
    results,
    seals,
    single_source,
    statutes,
)
from ggzy.api import trust as trust_list
from ggzy.api import (
    venues as bookings,
)
from ggzy.api import (
    witness as witness_desk,
)
from ggzy.api.frame import address, answer, install_problem_answers, now, token_of, who, write
from ggzy.identity import actions as identity
from ggzy.identity import sessions
from ggzy.identity.queries import certificates_of
from ggzy.kernel import clock
from ggzy.kernel.actors import Role
from ggzy.kernel.calendars import CHINA
from ggzy.kernel.money import yuan
from ggzy.notices import queries as notices
from ggzy.parties import actions as parties
from ggzy.parties.grid import Permission, require
from ggzy.projects import actions as projects
from ggzy.tendering import actions as tendering
from ggzy.tendering import queries as tenders
from ggzy.venues import queries as venues

api = NinjaAPI(
    title="OpenGGZY 公共资源交易平台",
    version="1",
    description="页面能做的事, 接口都能做。写操作可带 Idempotency-Key; 拒绝以问题文档(application/problem+json)回答, "
    "含代码、说明、依据和下一步。",
    openapi_url="/openapi.json",
    docs_url=None,
    urls_namespace="api",
)
install_problem_answers(api)


class SignIn(Schema):
    """Username and password; `code`: six digits of the app (or a recovery code), where the account has one."""

    username: str
    password: str
    code: str = ""


class Proof(Schema):
    """A certificate's fingerprint and its signature (base64) on the challenge."""

    certificate: str
    signature: str


class Registration(Schema):
    """An organisation and its first account."""

    uscc: str
    name: str
    role: Role
    username: str
    password: str
    person_name: str
    region_code: str = "370100"
    address: str = ""
    contact: str = ""


class CertificateRequest(Schema):
    """A PKCS#10 request in PEM; `renews`: the fingerprint of the certificate that the new one takes the place of."""

    csr: str
    renews: str = ""


class NewProject(Schema):
    """A project to register."""

    name: str
    invest_code: str
    industry_code: str
    region_code: str
    approval_document: str
    funds: str
    place: str
    scale: str
    owner_uscc: str = ""


class NewTender(Schema):
    """A tender to draft, with its lots."""

    project: str
    name: str
    procedure_code: str = "GC_OPEN_POST"
    class_code: str = "A01"
    state_controlled: bool = True
    lots: list[dict[str, Any]]


class Document(Schema):
    """The structured tender file, and the SHA-256 of the one it was made from: another one meanwhile, and it is refused."""

    document: dict[str, Any]
    based_on: str | None = None


class Review(Schema):
    """The tenderee's fair-competition conclusion, signed."""

    passed: bool
    opinion: str
    signature: str


class Publication(Schema):
    """The deadline, which is the moment of the opening."""

    bid_deadline: datetime


class FormCheckIn(Schema):
    """What is missing; nothing means complete."""

    missing: list[str] = []
    #: what may come later (容缺), and why something is missing now that was not before
    owed: list[str] = []
    because: str = ""


class ClockMove(Schema):
    """Where to move the training clock, or how fast to let it run."""

    to: datetime | None = None
    speed: str | None = None


@api.post("/v1/sessions", tags=["登录"], summary="用户名密码登录, 取得验证文本")
def sign_in(request: HttpRequest, body: SignIn) -> HttpResponse:
    signed = sessions.sign_in(
        **body.dict(), address=address(request), agent=request.headers.get("User-Agent", "")
    )
    return answer(
        {
            "token": signed.token,
            "challenge": signed.challenge,
            "role": signed.account.role,
            "second_factor_missing": signed.half,
        }
    )


@api.post("/v1/sessions/proof", tags=["登录"], summary="用数字证书签名验证文本")
def prove(request: HttpRequest, body: Proof) -> HttpResponse:
    bound = identity.prove_certificate(
        token=token_of(request),
        certificate=body.certificate,
        signature=identity.decode_signature(body.signature),
    )
    return answer({"certificate": bound.fingerprint, "subject": bound.subject})


@api.post("/v1/sessions/challenge", tags=["登录"], summary="重新取得验证文本")
def challenge(request: HttpRequest) -> HttpResponse:
    return answer({"challenge": identity.renew_challenge(token=token_of(request))})


@api.delete("/v1/sessions", tags=["登录"], summary="退出")
def sign_out(request: HttpRequest) -> HttpResponse:
    sessions.sign_out(token=token_of(request))
    return answer({})


@api.get("/v1/whoami", tags=["登录"], summary="当前身份")
def whoami(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    return answer(
        {
            "role": actor.role,
            "person": actor.person,
            "organisation": actor.organisation,
            "organisation_name": actor.organisation_name,
            "uscc": actor.uscc,
            "certificate": actor.certificate,
        }
    )


@api.post("/v1/organisations", tags=["主体"], summary="登记单位和首个账号")
@write
def register_organisation(request: HttpRequest, body: Registration) -> dict[str, Any]:
    account = parties.register_organisation(**body.dict(), actor=who(request), now=now())
    return {
        "organisation": account.organisation.public_id if account.organisation else "",
        "account": account.public_id,
    }


@api.get("/v1/certificates", tags=["主体"], summary="我的证书")
def certificates(request: HttpRequest) -> HttpResponse:
    actor = who(request)
    require(actor, Permission.CERTIFICATE_APPLY)
    return answer({"certificates": certificates_of(account_pk=actor.account_pk)})


@api.post("/v1/certificates", tags=["主体"], summary="向训练CA申请或换发证书")
@write
def apply_for_certificate(request: HttpRequest, body: CertificateRequest) -> dict[str, Any]:
    bound = identity.apply_for_certificate(
        csr_pem=body.csr, actor=who(request), now=now(), renews=body.renews
    )
    return {
        "fingerprint": bound.fingerprint,
        "pem": bound.pem,
        "subject": bound.subject,
        "encryption_pem": bound.encryption_pem,
        "encryption_key": bound.encryption_key,
    }


@api.post("/v1/projects", tags=["项目"], summary="登记项目")
@write
def register_project(request: HttpRequest, body: NewProject) -> dict[str, Any]:
    return {"project": projects.register_project(**body.dict(), actor=who(request), now=now()).public_id}


@api.post("/v1/tenders", tags=["招标"], summary="新建招标项目及标段")
@write
def create_tender(request: HttpRequest, body: NewTender) -> dict[str, Any]:
    made = tendering.create_tender(
        project_id=body.project,
        name=body.name,
        procedure_code=body.procedure_code,
        class_code=body.class_code,
        state_controlled=body.state_controlled,
        lots=body.lots,
        actor=who(request),
        now=now(),
    )
    return {
        "tender": made.public_id,
        "ocid": made.ocid,
        "deal_code": made.deal_code,
        "rounds": _rounds(made.public_id),
    }


def _rounds(tender_id: str) -> list[dict[str, Any]]:
    return [
        {
            "round": s.round,
            "lot": s.lot,
            "lot_number": s.lot_number,
            "number": s.number,
            "stage": s.stage,
            "stage_label": s.stage_label,
            "bid_deadline": s.bid_deadline,
            "holds": s.holds,
            "front": {
                f: getattr(s.front, f)
                for f in ("round", "procedure_code", "stage", "stage_label", "bid_deadline")
            }
            if s.front
            else None,
        }
        for s in tenders.states_of(tender_id)
    ]


@api.get("/v1/tenders/{tender_id}", tags=["招标"], summary="招标项目")
def tender(request: HttpRequest, tender_id: str) -> HttpResponse:
    row = tenders.tender(tender_id, viewer=who(request))
    return answer(
        {
            "id": row.tender,
            "ocid": row.ocid,
            "title": row.name,
            "procedure": row.procedure_code,
            "deal_code": row.deal_code,
            "procuringEntity": {"name": row.tenderee, "identifier": row.tenderee_uscc},
            "agency": row.agency,
            "region_code": row.region_code,
            "project": row.project,
            "document": row.document,
            "file": {"version": row.file_version, "sha256": row.file_sha256},
            "rounds": _rounds(tender_id),
        }
    )


@api.post("/v1/tenders/{tender_id}/registration", tags=["招标"], summary="提交进场登记")
@write
def register(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    tendering.register(tender_id=tender_id, actor=who(request), now=now())
    return {"rounds": _rounds(tender_id)}


@api.post("/v1/tenders/{tender_id}/form-checks", tags=["招标"], summary="中心形式核验(不审批)")
@write
def check_form(request: HttpRequest, tender_id: str, body: FormCheckIn) -> dict[str, Any]:
    made = tendering.check_form(
        tender_id=tender_id,
        missing=body.missing,
        owed=body.owed,
        because=body.because,
        actor=who(request),
        now=now(),
    )
    return {"complete": made.complete, "missing": made.missing}


@api.post("/v1/tenders/{tender_id}/document", tags=["招标"], summary="开始编制招标文件")
@write
def start_document(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    tendering.start_document(tender_id=tender_id, actor=who(request), now=now())
    return {"rounds": _rounds(tender_id)}


@api.put("/v1/tenders/{tender_id}/document", tags=["招标"], summary="保存招标文件")
@write
def write_document(request: HttpRequest, tender_id: str, body: Document) -> dict[str, Any]:
    made = tendering.write_document(
        tender_id=tender_id, document=body.document, based_on=body.based_on, actor=who(request), now=now()
    )
    return {"document": made.as_json(), "sha256": tendering.document_digest(made)}


@api.post("/v1/tenders/{tender_id}/review", tags=["招标"], summary="送公平竞争审查")
@write
def send_to_review(request: HttpRequest, tender_id: str) -> dict[str, Any]:
    tendering.send_to_review(tender_id=tender_id, actor=who(request), now=now())
    return {"rounds": _rounds(tender_id)}


@api.get("/v1/tenders/{tender_id}/review-statement", tags=["招标"], summary="审查结论的待签内容")
def review_statement(request: HttpRequest, tender_id: str, passed: bool, opinion: str) -> HttpResponse:
    data = tendering.statement_to_sign(
        tender_id=tender_id, passed=passed, opinion=opinion, actor=who(request)
    )
    return answer({"to_sign": base64.b64encode(data).decode()})


@api.post("/v1/tenders/{tender_id}/review-conclusion", tags=["招标"], summary="招标人签名作出审查结论")
@write
def conclude_review(request: HttpRequest, tender_id: str, body: Review) -> dict[str, Any]:
    tendering.conclude_review(tender_id=tender_id, **body.dict(), actor=who(request), now=now())
    return {"rounds": _rounds(tender_id)}


@api.post("/v1/tenders/{tender_id}/publication", tags=["招标"], summary="发布招标公告并发出文件")
@write
def publish(request: HttpRequest, tender_id: str, body: Publication) -> dict[str, Any]:
    made = tendering.publish(
        tender_id=tender_id, bid_deadline=body.bid_deadline, actor=who(request), now=now()
    )
    return {"ocid": made.ocid, "rounds": _rounds(tender_id)}


@api.get("/v1/tenders/{tender_id}/file", tags=["招标"], summary="下载招标文件(免费, 无需登录)")
def file(request: HttpRequest, tender_id: str, version: int | None = None) -> HttpResponse:
    row = tenders.tender_file(tender_id=tender_id, version=version, viewer=who(request))
    out = {"version": row.version, "sha256": row.sha256, "document": row.document, "lots": row.lots}
    return answer(out | ({"addendum": row.addendum} if row.addendum else {}))


@api.post("/v1/rounds/{round_id}/next", tags=["招标"], summary="流标后开始新一轮招标")
@write
def start_new_round(request: HttpRequest, round_id: str) -> dict[str, Any]:
    made = tendering.start_new_round(round_id=round_id, actor=who(request), now=now())
    return {"round": made.public_id, "number": made.number}


def lot_json(row: tenders.LotRow) -> dict[str, Any]:
    """Return a lot in OCDS terms."""
    return {
        "id": row.lot,
        "title": row.name,
        "description": row.scope_of_work,
        "status": row.stage,
        "statusLabel": row.stage_label,
        "value": {"amount": row.budget, "currency": "CNY"},
        "maximumValue": {"amount": row.ceiling_price, "currency": "CNY"}
        if row.ceiling_price is not None
        else None,
        "durationInDays": row.duration_days,
        "tender": {"id": row.tender, "title": row.tender_name, "ocid": row.ocid},
        "procuringEntity": row.tenderee,
        "round": {"id": row.round, "number": row.round_number, "procedure": row.procedure_code},
        "tenderPeriod": {"startDate": row.published_at, "endDate": row.bid_deadline},
    }


@api.get("/v1/lots/{lot_id}", tags=["公开"], summary="标段")
def lot(request: HttpRequest, lot_id: str) -> HttpResponse:
    return answer(lot_json(tenders.lot(lot_id)))


@api.get("/v1/lots", tags=["公开"], summary="标段列表")
def lots(
    request: HttpRequest, limit: int = 100, before: datetime | None = None, stage: str = "", words: str = ""
) -> HttpResponse:
    rows = tenders.recent_lots(limit=limit, before=before, stage=stage, words=words)
    return answer(
        {"lots": [lot_json(r) for r in rows], "next": rows[-1].published_at if len(rows) == limit else None}
    )


@api.get("/v1/clocks", tags=["公开"], summary="法定期限测算")
def clocks(request: HttpRequest, published: datetime, deadline: datetime) -> HttpResponse:
    rows = tenders.clocks(published_at=published, deadline=deadline)
    return answer({"clocks": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in rows]})


@api.get("/v1/calendar", tags=["法"], summary="工作日历: 已公布各年的放假和调休")
def calendar(request: HttpRequest) -> HttpResponse:
    return answer(
        {
            "years": sorted(CHINA.years),
            "holidays": {day.isoformat(): name for day, name in sorted(CHINA.holidays.items())},
            "make_up": [day.isoformat() for day in sorted(CHINA.make_up_days)],
        }
    )


@api.get("/v1/notices/{notice_id}", tags=["公开"], summary="公告")
def notice(request: HttpRequest, notice_id: str) -> HttpResponse:
    page = notices.notice(notice_id)
    return answer(
        {
            "id": page.row.public_id,
            "kind": page.row.kind,
            "title": page.row.title,
            "version": page.row.version,
            "published_at": page.row.published_at,
            "body": page.body,
            "sha256": page.sha256,
            "rounds": page.rounds,
        }
    )


@api.get("/v1/rooms", tags=["公开"], summary="中心的开标室和评标室")
def rooms(request: HttpRequest) -> HttpResponse:
    return answer({"rooms": [{f: getattr(r, f) for f in r.__dataclass_fields__} for r in venues.rooms()]})


@api.get("/v1/clock", tags=["训练"], summary="当前法定时钟")
def read_clock(request: HttpRequest) -> HttpResponse:
    face = clock.face()
    return answer({"now": face.now, "speed": face.speed, "training": face.shifted})


@api.post("/v1/clock", tags=["训练"], summary="拨动训练时钟(只能向前)")
@write
def move_clock(request: HttpRequest, body: ClockMove) -> dict[str, Any]:
    require(who(request), Permission.CLOCK_MOVE)
    if body.speed is not None:
        clock.set_speed(yuan(body.speed, field="speed"))
    if body.to is not None:
        clock.advance_to(body.to)
    face = clock.face()
    return {"now": face.now, "speed": face.speed}


api.add_router("/v1", account.router)
api.add_router("/v1", finding.router)
api.add_router("/v1", bids.router)
api.add_router("/v1", evaluations.router)
api.add_router("/v1", committees.router)
api.add_router("/v1", draws.router)
api.add_router("/v1", partners.router)
api.add_router("/v1", pool.router)
api.add_router("/v1", results.router)
api.add_router("/v1", complaints.router)
api.add_router("/v1", deposits.router)
api.add_router("/v1", procurement.router)
api.add_router("/v1", single_source.router)
api.add_router("/v1", negotiating.router)
api.add_router("/v1", frameworks.router)
api.add_router("/v1", innovation.router)
api.add_router("/v1", changes.router)
api.add_router("/v1", publications.router)
api.add_router("/v1", fronts.router)
api.add_router("/v1", archives.router)
api.add_router("/v1", registry.router)
api.add_router("/v1", trust_list.router)
api.add_router("/ocds", ocds.router)
api.add_router("/v1", bookings.router)
api.add_router("/v1", witness_desk.router)
api.add_router("/v1", drafting.router)
api.add_router("/v1", papers.router)
api.add_router("/v1", panels.router)
api.add_router("/v1", messages.router)
api.add_router("/v1", seals.router)
api.add_router("/v1", statutes.router)

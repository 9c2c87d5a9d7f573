"""Acts before bids: registering a tender, writing and reviewing its file, publishing; the centre's form check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from ggzy.deadlines.actions import set_timer
from ggzy.evidence.actions import record_act
from ggzy.identity.actions import sign_document
from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical, sha256
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.ids import deal_code, new_public_id
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, Citation, NotFound, Refusal
from ggzy.law.families import family
from ggzy.law.limits import beijing_date
from ggzy.messages.actions import tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.parties.grid import Permission, require
from ggzy.pilots.queries import require_basis
from ggzy.procedures.catalogue import BY_CODE, sources
from ggzy.procedures.spec import FAILURES, Stage
from ggzy.projects.models import Project
from ggzy.services.actions import Answer, answer_case, open_case, require_nothing_owed
from ggzy.statutes import queries as statutes
from ggzy.tendering import checking, fronts, holders, rules, terms, versions
from ggzy.tendering.document import TenderDocument, parse
from ggzy.tendering.models import FormCheck, Lot, ProcurementPlan, ReviewConclusion, Round, Tender, TenderFile
from ggzy.tendering.moves import (
    lock_rounds_of,
    make_move,
    procedure_of,
    require_owner_side,
    require_tenderee,
)
from ggzy.tendering.stamps import law_stamp

CLOSE_BIDDING = "opening.close_bidding"
#: whoever issues a version of a file sets this timer on it: its PDF is made by `tendering.filepdf`


#: where what is bought without bids is registered, beside framework agreements
_WITHOUT_BIDS = {
    "GP_DY": ("单一来源采购", "/work/single-sources"),
    "GP_HC": ("合作创新采购", "/work/innovations"),
    "GP_HC_RD": ("合作创新采购", "/work/innovations"),
}


class NothingToDo(Refusal):
    """No lot of the tender stands where this act begins."""

    code = "tendering.nothing_to_do"


class ChangedMeanwhile(Refusal):
    """Somebody else saved while this person was writing; nothing of either is lost."""

    code = "tendering.changed_meanwhile"
    status = 409


class ReviewNotOfThisFile(Refusal):
    """The conclusion is on another state of the file."""

    code = "tendering.review_not_of_this_file"


@transaction.atomic
def create_tender(
    *,
    project_id: str,
    name: str,
    procedure_code: str,
    class_code: str,
    state_controlled: bool,
    lots: Sequence[Mapping[str, Any]],
    actor: Actor,
    now: datetime,
) -> Tender:
    """Draft a tender with its lots, each with its first round.

    :raises NotFound: no such project of the actor's
    :raises BadInput: no lot, or a lot's numbers cannot be right
    """
    require(actor, Permission.TENDER_EDIT)
    project = Project.objects.select_related("owner").filter(public_id=project_id).first()
    if project is None or (actor.role is Role.TENDEREE and project.owner_id != actor.organisation_pk):
        raise NotFound("没有这个项目, 请先登记项目")
    if procedure_code not in BY_CODE or BY_CODE[procedure_code].part:
        raise BadInput("请选择交易程序", field="procedure_code")
    if not name.strip() or len(name) > 200:
        raise BadInput("请填写招标项目名称(不超过200字)", field="name")
    if not 1 <= len(lots) <= 50:
        raise BadInput("招标项目至少有1个、最多50个标段", field="lots")
    procedure = BY_CODE[procedure_code]
    if not procedure.bids:
        place, href = _WITHOUT_BIDS.get(procedure.code, ("框架协议", "/work/frameworks"))
        raise BadInput(
            f"{procedure.label}不作为招标项目登记; 请在{place}中办理",
            field="procedure_code",
            next_steps=((place, href),),
        )
    if procedure.scope == "GC" and not project.invest_code:
        raise BadInput(
            "工程建设项目要有投资项目代码, 该项目没有登记; 货物、服务采购请选择政府采购程序",
            field="procedure_code",
        )
    if procedure.unit_prices:
        _require_one_without_ceiling(lots)
    own = family(procedure.code)
    kind = class_code if len(class_code) == 3 and class_code[0] == own.class_code[0] else own.class_code
    public_id = new_public_id()
    tender = Tender.objects.create(
        public_id=public_id,
        ocid=f"ocds-ggzy01-{public_id}",
        project=project,
        name=name.strip(),
        procedure_code=procedure.code,
        scope=procedure.scope,
        class_code=kind,
        deal_code=deal_code(
            kind=kind,
            organiser_uscc=settings.CENTRE_USCC,
            on=beijing_date(now),
            serial=new_public_id()[:6].upper(),
        ),
        tenderee=project.owner,
        agency_id=actor.organisation_pk if actor.role is Role.AGENCY else None,
        state_controlled=state_controlled,
        region_code=project.region_code,
        created_at=now,
    )
    for number, lot in enumerate(lots, start=1):
        row = Lot.objects.create(
            tender=tender, number=number, region_code=project.region_code, **_lot(lot, number)
        )
        fronts.begin_rounds(
            row, number=1, front=fronts.front_code(procedure.code), region_code=project.region_code
        )
    record_act(
        "tendering.drafted",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        supervisor={"name": tender.name, "deal_code": tender.deal_code, "lots": len(lots)},
    )
    return tender


def _require_one_without_ceiling(lots: Sequence[Mapping[str, Any]]) -> None:
    """Let the lots of a collection pass: one agreement, whose ceilings are those of its items.

    :raises BadInput: several lots, or one with a ceiling of its own
    """
    if len(lots) != 1:
        raise BadInput("一次征集只设一个采购包; 其他框架协议请另行登记", field="lots")
    if lots[0].get("ceiling_price") not in (None, ""):
        raise BadInput(
            "框架协议按标的设最高限制单价, 在征集文件中填写; 采购包不另设最高限价, 请留空",
            field="lots.1.ceiling_price",
        )


def _lot(raw: Mapping[str, Any], number: int) -> dict[str, Any]:
    budget = yuan(raw.get("budget", ""), field=f"lots.{number}.budget")
    ceiling = raw.get("ceiling_price")
    ceiling = None if ceiling in (None, "") else yuan(ceiling, field=f"lots.{number}.ceiling_price")
    if budget <= 0:
        raise BadInput(f"第{number}标段的估算价应大于0", field=f"lots.{number}.budget")
    if ceiling is not None and ceiling <= 0:
        raise BadInput(f"第{number}标段的最高投标限价应大于0", field=f"lots.{number}.ceiling_price")
    if ceiling is not None and ceiling > budget * 100:
        raise BadInput(
            f"第{number}标段的最高投标限价超过估算价100倍, 请检查单位(元/万元)", field="ceiling_price"
        )
    try:
        days = int(raw.get("duration_days", 0))
    except (TypeError, ValueError):
        raise BadInput(f"第{number}标段的工期应为天数", field=f"lots.{number}.duration_days") from None
    if not 1 <= days <= 3650:
        raise BadInput(f"第{number}标段的工期应在1至3650天之间", field=f"lots.{number}.duration_days")
    return {
        "name": str(raw.get("name") or f"第{number}标段")[:200],
        "budget": budget,
        "ceiling_price": ceiling,
        "duration_days": days,
        "scope_of_work": str(raw.get("scope_of_work") or "按施工图及工程量清单")[:5000],
    }


def _tender_of(rounds: Sequence[Round]) -> Tender:
    return rounds[0].lot.tender


def _rounds_before(tender_id: str, code: str) -> list[Round]:
    """Return the locked rounds of a tender that stand where a move of this code begins."""
    rounds = [
        r for r in lock_rounds_of(tender_id, stages=sources(code)) if procedure_of(r).has(r.stage, code)
    ]
    if not rounds:
        label = next(m.label for p in BY_CODE.values() for m in p.moves if m.code == code)
        stages = "”或“".join(dict.fromkeys(s.label for s in sorted(sources(code))))
        raise NothingToDo(f"没有处于“{stages}”的标段, 不能{label}。请刷新页面查看最新进展")
    return rounds


@transaction.atomic
def register(*, tender_id: str, actor: Actor, now: datetime) -> Tender:
    """Register the tender at the centre: DRAFT → REGISTERED for every lot that is a draft."""
    require(actor, Permission.TENDER_EDIT)
    tender = move_all(tender_id, "register", "tendering.registered", actor=actor, now=now)
    open_case(service="admission", subject=tender.public_id, title=tender.name, actor=actor, now=now)
    return tender


@transaction.atomic
def start_document(*, tender_id: str, actor: Actor, now: datetime) -> Tender:
    """Begin to write the tender file: REGISTERED → DOC_EDIT."""
    require(actor, Permission.TENDER_EDIT)
    fronts.require_may_write(_rounds_before(tender_id, "start_document"))
    return move_all(tender_id, "start_document", "tendering.document_started", actor=actor, now=now)


def move_all(
    tender_id: str,
    code: str,
    act: str,
    *,
    actor: Actor,
    now: datetime,
    public: Mapping[str, Any] | None = None,
) -> Tender:
    """Make one move with every lot of a tender that stands where it begins, and record it as one act.

    :raises NothingToDo: no lot stands there
    """
    rounds = _rounds_before(tender_id, code)
    tender = _tender_of(rounds)
    require_owner_side(tender, actor)
    for round_ in rounds:
        make_move(round_, code, actor=actor, now=now)
    record_act(
        act,
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        public=public,
        supervisor={"rounds": [r.public_id for r in rounds]},
    )
    return tender


@transaction.atomic
def write_document(
    *,
    tender_id: str,
    document: Mapping[str, Any],
    actor: Actor,
    now: datetime,
    based_on: str | None = None,
) -> TenderDocument:
    """Save the structured tender file while it is being written, or its working copy before a clarification.

    What is published changes only by a clarification, which issues a new version to everybody.

    :param based_on: the SHA-256 of the file that the writer began from ("" for none), None to save over whatever is there
    :raises ChangedMeanwhile: another file is kept by now than the writer began from
    :raises NothingToDo: the file is not open for writing
    :raises BadInput: a part cannot be right (and nothing is saved)
    """
    require(actor, Permission.TENDER_EDIT)
    rounds = lock_rounds_of(tender_id, stages=[Stage.DOC_EDIT, Stage.OPEN_FOR_BID])
    if not rounds:
        raise NothingToDo("招标文件不在编制或澄清修改阶段, 不能修改。请刷新页面查看最新进展")
    tender = _tender_of(rounds)
    require_owner_side(tender, actor)
    if based_on is not None and based_on != kept_digest(tender.document):
        raise ChangedMeanwhile(
            "您打开以后, 这份招标文件已被他人保存过。请对照差异, 再决定用哪一份", field="document"
        )
    asked = [
        str(row.get("uscc", "")) for row in document.get("share_holders") or [] if isinstance(row, Mapping)
    ]
    # which certificate a part is sealed to is the platform's knowledge, never what somebody writes into the file
    parsed = parse(
        {**document, "share_holders": holders.named(asked), "policy": _policy(tender, document.get("policy"))}
    )
    parsed = replace(parsed, terms=terms.checked(tender, parsed, now=now))
    if any(r.published_at and r.sealing != parsed.sealing for r in rounds):
        raise BadInput("投标文件的加密算法随招标公告确定, 公告发出后不能更改", field="sealing")
    _require_envelopes(tender, parsed, published=any(r.published_at for r in rounds))
    _require_plan(tender, parsed, published=any(r.published_at for r in rounds), now=now)
    rules.require_lawful_document(
        parsed, budgets=[r.lot.budget for r in rounds], family=family(tender.procedure_code)
    )
    rules.require_ceilings(parsed, ceilings=[r.lot.ceiling_price for r in rounds])
    Tender.objects.filter(pk=tender.pk).update(document=parsed.as_json())
    record_act(
        "tendering.document_written",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        supervisor={"sha256": document_digest(parsed)},
    )
    return parsed


def _require_envelopes(tender: Tender, document: TenderDocument, *, published: bool) -> None:
    """Let a file pass whose envelopes fit the procedure, and are as many as when the notice was published.

    :raises BadInput: two envelopes behind a front, or another number than bids were sealed for
    """
    if document.two_envelopes and fronts.front_code(tender.procedure_code):
        raise BadInput("双信封的评标办法目前只用于公开招标(资格后审), 请改用其他评标办法", field="scheme")
    if published and parse(versions.newest(tender).document).two_envelopes != document.two_envelopes:
        raise BadInput("信封的个数随招标公告确定, 公告发出后不能在单信封和双信封之间更改", field="scheme")


def _policy(tender: Tender, given: Any) -> Any:
    """Return the policies of a government procurement: reserved as its plan says, checked by whom its procedure says."""
    if tender.scope != "GP":
        return None
    plan = ProcurementPlan.objects.get(tender=tender)
    procedure = BY_CODE[tender.procedure_code]
    group = not procedure.has(Stage.QUAL, "qualify")
    return {
        **(given if isinstance(given, Mapping) else {}),
        "reserved": plan.reserved,
        "group_checks": group,
        "negotiated": procedure.quiet,
        "several": _several(tender, given),
    }


def _several(tender: Tender, given: Any) -> Any:
    """Return how many suppliers a file chooses, where its procedure ends with several; nothing elsewhere.

    :raises BadInput: the procedure does, and the file does not say how many
    """
    if not BY_CODE[tender.procedure_code].several:
        return None
    said = given.get("several") if isinstance(given, Mapping) else None
    if not said:
        raise BadInput("应写明最多确定几家供应商, 或者淘汰比例", field="policy.several")
    return said


def _require_plan(tender: Tender, document: TenderDocument, *, published: bool, now: datetime) -> None:
    """Let a plan of award stand that was there before the notice and has a regional basis.

    :raises BadInput: not construction, or it would change after the notice
    :raises NoRegionalBasis: no basis is in force for the tender's region
    """
    if published:
        before = parse(versions.newest(tender).document).award_plan
        if before != document.award_plan:
            raise BadInput("定标方案在发布公告前确定, 公告发出后不能增加、修改或删除", field="award_plan")
        return
    if document.award_plan is None:
        return
    if tender.scope != "GC":
        raise BadInput("评定分离只用于工程建设招标项目", field="award_plan")
    require_basis(tender.region_code, now=now)


def kept_digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the file as it is kept, by which a writer says what was begun from; "" for none."""
    return sha256(canonical(dict(document))).hex() if document else ""


def document_digest(document: TenderDocument) -> str:
    """Return the SHA-256 of the document's canonical JSON: what a conclusion is signed upon."""
    return sha256(canonical(document.as_json())).hex()


@transaction.atomic
def send_to_review(*, tender_id: str, actor: Actor, now: datetime) -> Tender:
    """Hand the file to the tenderee's fair-competition review: DOC_EDIT → FC_REVIEW.

    :raises BadInput: the file is not complete
    :raises FileIncomplete: a required place of its template is empty
    :raises UnlawfulClause: a finding of the negative list was neither changed nor answered in writing
    """
    require(actor, Permission.TENDER_EDIT)
    rounds = _rounds_before(tender_id, "send_to_review")
    tender = _tender_of(rounds)
    if not tender.document:
        raise BadInput("招标文件还没有编制, 请先填写评标办法、评审要求等内容", field="document")
    document = parse(tender.document)
    rules.require_lawful_document(
        document, budgets=[r.lot.budget for r in rounds], family=family(tender.procedure_code)
    )
    rules.require_ceilings(document, ceilings=[r.lot.ceiling_price for r in rounds])
    checking.require_ready_for_review(document)
    fronts.require_prequalification(document, procedure_code=tender.procedure_code)
    return move_all(tender_id, "send_to_review", "tendering.sent_to_review", actor=actor, now=now)


def review_statement(*, tender: Tender, passed: bool, opinion: str) -> bytes:
    """Return the bytes that the tenderee signs as its fair-competition conclusion."""
    return canonical(
        {
            "document": "公平竞争审查结论",
            "ocid": tender.ocid,
            "tender_file_sha256": document_digest(parse(tender.document)),
            "passed": passed,
            "opinion": opinion,
        }
    )


def statement_to_sign(*, tender_id: str, passed: bool, opinion: str, actor: Actor) -> bytes:
    """Return the conclusion's bytes for the tenderee to sign.

    :raises NotFound: no such tender
    """
    require(actor, Permission.REVIEW_CONCLUDE, signed=True)
    tender = Tender.objects.filter(public_id=tender_id).first()
    if tender is None or not tender.document:
        raise NotFound("没有这个招标项目, 或招标文件尚未编制")
    require_tenderee(tender, actor)
    return review_statement(tender=tender, passed=passed, opinion=opinion)


@transaction.atomic
def conclude_review(
    *, tender_id: str, passed: bool, opinion: str, signature: str, actor: Actor, now: datetime
) -> ReviewConclusion:
    """Conclude the review with the tenderee's signature: FC_REVIEW → DOC_READY, or back to DOC_EDIT.

    While bids are taken the conclusion is on the working copy that a clarification will publish.

    :raises BadInput: no opinion
    :raises SignatureWrong: the signature is not on this file and conclusion
    """
    require(actor, Permission.REVIEW_CONCLUDE, signed=True)
    rounds = lock_rounds_of(tender_id, stages=[Stage.FC_REVIEW, Stage.OPEN_FOR_BID])
    if not rounds:
        raise NothingToDo("没有等待公平竞争审查结论的招标文件。请刷新页面查看最新进展")
    tender = _tender_of(rounds)
    require_tenderee(tender, actor)
    if not opinion.strip():
        raise BadInput("请填写审查意见", field="opinion")
    if passed and any(r.stage == Stage.OPEN_FOR_BID for r in rounds):
        checking.require_ready_for_review(parse(tender.document))
    statement = review_statement(tender=tender, passed=passed, opinion=opinion)
    signed = sign_document(
        kind="fair_competition",
        subject=tender.public_id,
        document=statement,
        signature=signature,
        actor=actor,
        now=now,
    )
    digest = document_digest(parse(tender.document))
    conclusion = ReviewConclusion.objects.create(
        tender=tender,
        passed=passed,
        opinion=opinion.strip(),
        document_sha256=digest,
        signature=signed.public_id,
        concluded_at=now,
    )
    for round_ in rounds:
        if round_.stage == Stage.FC_REVIEW:
            make_move(round_, "conclude_review" if passed else "return_from_review", actor=actor, now=now)
    record_act(
        "tendering.review_concluded",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        public={"passed": passed, "tender_file_sha256": digest},
        supervisor={"opinion": opinion.strip()},
    )
    return conclusion


@dataclass(frozen=True, kw_only=True)
class CopyState:
    """How the working copy of a published file stands to its newest version."""

    changed: bool
    differs: tuple[str, ...]
    reviewed: bool


_PARTS = {
    "method": "评标办法",
    "requirements": "评审要求",
    "criteria": "评分项",
    "price": "报价规则",
    "quality": "质量要求",
    "deposit": "保证金",
    "bid_validity_days": "投标有效期",
    "decryption_minutes": "解密时限",
    "text": "正文",
    "sealing": "加密算法",
    "award_plan": "定标方案",
}


def working_copy_state(tender_id: str) -> CopyState:
    """Return whether a published tender's working copy differs from its newest version, in what, and is reviewed."""
    tender = Tender.objects.get(public_id=tender_id)
    document = versions.working_copy(tender)
    before, after = parse(versions.newest(tender).document).as_json(), document.as_json()
    differs = tuple(
        dict.fromkeys(_PARTS.get(name, "其他条款") for name in after if before.get(name) != after[name])
    )
    try:
        require_reviewed(tender)
    except ReviewNotOfThisFile:
        return CopyState(changed=bool(differs), differs=differs, reviewed=False)
    return CopyState(changed=bool(differs), differs=differs, reviewed=True)


@transaction.atomic
def publish(*, tender_id: str, bid_deadline: datetime, actor: Actor, now: datetime) -> Tender:
    """Publish the notice and issue the file, at once: DOC_READY → OPEN_FOR_BID; the deadline is the opening.

    :raises DeadlineTooEarly: bidders would have less time than the law gives them
    :raises ReviewNotOfThisFile: no passed fair-competition conclusion on this state of the file
    :raises BadInput: what its terms name is over before there can be a result
    """
    require(actor, Permission.TENDER_PUBLISH)
    rounds = _rounds_before(tender_id, "publish")
    tender = _tender_of(rounds)
    require_owner_side(tender, actor)
    require_nothing_owed(tender.public_id)
    rounds = fronts.ready_to_publish(rounds)
    restricted = bool(fronts.fronts_of(rounds))
    document = require_reviewed(tender)
    # the basis must be in force when the notice comes out, whatever it was when the file was written
    plan_basis = require_basis(tender.region_code, now=now) if document.award_plan else None
    law = statutes.in_force(now, region=tender.region_code)
    own = family(tender.procedure_code)
    rules.require_time_to_bid(
        published_at=now, deadline=bid_deadline, law=law, calendar=calendars.CHINA, family=own
    )
    terms.checked(tender, document, now=bid_deadline)
    file = versions.issue(tender, rounds, document, now=now)
    lots = file.lots
    stamp = law_stamp(now, scope=tender.scope, region=tender.region_code)
    for round_ in rounds:
        make_move(
            round_,
            "publish",
            actor=actor,
            now=now,
            bid_deadline=bid_deadline,
            published_at=now,
            law=stamp,
            file_version=file.version,
            restricted=restricted,
            sealing=document.sealing.value,
        )
        set_timer(kind=CLOSE_BIDDING, subject=round_.public_id, due_at=bid_deadline)
    if restricted:
        _invite_to_bid(
            rounds,
            tender,
            file,
            deadline=bid_deadline,
            basis=law[own.time_to_bid[0]].basis,
            actor=actor,
            now=now,
        )
    else:
        publish_notice(
            kind=NoticeKind.TENDER,
            ocid=tender.ocid,
            tender=tender.public_id,
            rounds=[r.public_id for r in rounds],
            title=f"{tender.name}{own.call}"
            + (f"(第{rounds[0].number}次招标)" if rounds[0].number > 1 else ""),
            body=_notice_body(tender, document, lots, now=now, deadline=bid_deadline, file=file)
            | ({"separation": f"评定分离, 依据{plan_basis.says}"} if plan_basis else {}),
            actor=actor,
            now=now,
        )
    record_act(
        "tendering.published",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        public={
            "published_at": _iso(now),
            "bid_deadline": _iso(bid_deadline),
            "tender_file_sha256": file.sha256,
            "lots": lots,
            "limits": {k: stamp[k] for k in ("GC-T12", "GC-T13", *own.time_to_bid) if k in stamp},
            **({} if restricted else {"document": document.as_json()}),
            **({"separation_basis": plan_basis.says} if plan_basis else {}),
        },
        # a file that is issued only to those let in is not in the public pack either
        party={"document": document.as_json()} if restricted else None,
    )
    return tender


def require_reviewed(tender: Tender) -> TenderDocument:
    """Return the file as it stands if the last fair-competition conclusion passed exactly this state of it.

    :raises ReviewNotOfThisFile: no conclusion, not passed, or on another state of the file
    """
    last = ReviewConclusion.objects.filter(tender=tender).order_by("-pk").first()
    document = parse(tender.document) if tender.document else None
    if (
        document is None
        or last is None
        or not last.passed
        or last.document_sha256 != document_digest(document)
    ):
        raise ReviewNotOfThisFile("招标文件没有通过公平竞争审查, 或审查后又有改动, 请重新送审")
    return document


def _invite_to_bid(
    rounds: Sequence[Round],
    tender: Tender,
    file: TenderFile,
    *,
    deadline: datetime,
    basis: tuple[Citation, ...],
    actor: Actor,
    now: datetime,
) -> None:
    """Issue the file to those whom the fronts have let in, each by its own letter; there is no public notice."""
    fronts.hand_over(rounds, actor=actor, now=now)
    tell(
        organisations=fronts.admitted([r.pk for r in rounds]),
        kind=Kind.LEGAL,
        basis=basis,
        until_opening=[r.public_id for r in rounds],
        title=f"{tender.name}: 招标文件已发出, 请投标",
        text=f"招标文件第{file.version}版已向您单位发出。投标截止(即开标)时间: "
        f"{deadline.astimezone(BEIJING):%Y年%m月%d日%H时%M分}。是否获准投标的其他单位及数量依法保密。",
        link=f"/tenders/{tender.public_id}/file/{file.version}",
        now=now,
    )


def _iso(moment: datetime) -> str:
    return moment.astimezone(BEIJING).isoformat()


def _notice_body(
    tender: Tender,
    document: TenderDocument,
    lots: list,
    *,
    now: datetime,
    deadline: datetime,
    file: TenderFile,
) -> dict[str, Any]:
    project = tender.project
    return {
        "tenderee": {
            "name": tender.tenderee.name,
            "uscc": tender.tenderee.uscc,
            "contact": tender.tenderee.contact,
        },
        "agency": {"name": tender.agency.name, "uscc": tender.agency.uscc} if tender.agency else None,
        "project": {
            "name": project.name,
            "invest_code": project.invest_code,
            "approval": project.approval_document,
            "funds": project.funds,
            "place": project.place,
            "scale": project.scale,
        },
        "deal_code": tender.deal_code,
        "lots": lots,
        "method": document.method_label,
        "qualification": [r.text for r in document.requirements if r.part.value == "qualification"],
        "consortium_allowed": document.consortium_allowed,
        "deposit": str(document.deposit),
        "file_from": _iso(now),
        "bid_deadline": _iso(deadline),
        "opening": "与投标截止同一时刻, 在本平台不见面开标大厅公开进行",
        "decryption_minutes": document.decryption_minutes,
        "sealing": f"{document.sealing.label}({document.sealing.says})",
        "objection": family(tender.procedure_code).objection,
        "file": {"version": file.version, "sha256": file.sha256},
        **_terms_said(tender, document, now=now),
    }


def _terms_said(tender: Tender, document: TenderDocument, *, now: datetime) -> dict[str, Any]:
    said = terms.in_words(tender, document, issued_at=now)
    return {"terms": [{"name": name, "value": value} for name, value in said]} if said else {}


@transaction.atomic
def check_form(
    *,
    tender_id: str,
    missing: Sequence[str],
    actor: Actor,
    now: datetime,
    owed: Sequence[str] = (),
    because: str = "",
) -> FormCheck:
    """Record the centre's check of form: complete, or everything that is missing, told once. It approves nothing.

    :param owed: what may come later (容缺受理): the owner promises it, and the notice waits for it
    :param because: why something is missing now that was not called missing before
    :raises NotFound: no such tender
    :raises NotToldAtOnce: something is new, and no reason stands beside it
    """
    require(actor, Permission.FORM_CHECK)
    tender = Tender.objects.filter(public_id=tender_id).first()
    if tender is None:
        raise NotFound("没有这个招标项目")
    items = [item.strip() for item in missing if item.strip()]
    later = tuple(item.strip() for item in owed if item.strip())
    answer = Answer(missing=tuple(items), owed=later, because=because)
    answer_case(service="admission", subject=tender.public_id, answer=answer, actor=actor, now=now)
    check = FormCheck.objects.create(tender=tender, complete=not items, missing=items, checked_at=now)
    record_act(
        "tendering.form_checked",
        subject=tender.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        supervisor={"complete": not items, "missing": items, "owed": list(later)},
    )
    return check


@transaction.atomic
def start_new_round(*, round_id: str, actor: Actor, now: datetime) -> Round:
    """Begin a re-tender of a failed lot: a new round at DRAFT; bids are never carried over.

    :raises NothingToDo: the lot's last round has not failed
    """
    require(actor, Permission.TENDER_EDIT)
    old = (
        Round.objects.select_for_update(of=("self",))
        .select_related("lot__tender")
        .filter(public_id=round_id)
        .first()
    )
    if old is None:
        raise NotFound("没有这个标段轮次")
    require_owner_side(old.lot.tender, actor)
    if not _ended_without_award(old) or Round.objects.filter(lot=old.lot, number__gt=old.number).exists():
        raise NothingToDo("只有流标且尚未重新招标的标段可以开始新一轮招标")
    # an invitation that the authority did not approve goes on as an open tender (条例第八条)
    front = "" if not_to_be_invited(old) else fronts.front_code(old.lot.tender.procedure_code)
    new = fronts.begin_rounds(old.lot, number=old.number + 1, front=front, region_code=old.region_code)
    record_act(
        "tendering.round_started",
        subject=new.public_id,
        actor=actor,
        legal_at=now,
        ocid=old.lot.tender.ocid,
        lot=old.lot.public_id,
        round=new.public_id,
        supervisor={"after": old.public_id},
    )
    return new


def _ended_without_award(round_: Round) -> bool:
    """Say whether a round failed, or was stopped for a flawed file after its opening; one that was terminated stays so."""
    stopped = round_.stage == Stage.TERMINATED and round_.opened_at is not None
    return Stage(round_.stage) in FAILURES or stopped


def not_to_be_invited(front: Round) -> bool:
    """Say whether a failed front is an invitation whose ground was not approved (it never had invitees)."""
    return front.stage == Stage.IV_FAILED and front.decided_at is None

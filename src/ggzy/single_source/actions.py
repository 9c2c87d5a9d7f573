"""From the ground to the approval: argue, make public, object, argue anew, approve or refuse, or end it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from ggzy.deadlines.actions import cancel_timer, effect, set_timer
from ggzy.evidence.actions import record_act
from ggzy.kernel import calendars
from ggzy.kernel.actors import SYSTEM, Actor, Role
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.ids import deal_code, new_public_id
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, Refusal
from ggzy.law.limits import beijing_date
from ggzy.law.table import limit
from ggzy.messages.actions import post, tell
from ggzy.messages.rules import Kind
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.parties.queries import accounts_of_role, by_uscc
from ggzy.procedures.catalogue import GP_DY
from ggzy.procedures.spec import Stage
from ggzy.single_source import rules
from ggzy.single_source.clocks import follow
from ggzy.single_source.models import Purchase, SourceObjection
from ggzy.single_source.moves import TO_THE_LIST, locked, make_move, own
from ggzy.single_source.rules import Ending, Ground, Way

ENDS = "single_source.publicity"
WAYS = "政府采购非招标采购方式管理办法"
#: class of government procurement in the trade code (交易分类)
CLASS_CODE = "D01"


class AlreadyArgued(Refusal):
    """The same purchase from the same supplier is under way."""

    code = "single_source.already_argued"


class AlreadyObjected(Refusal):
    """This account has objected to this purchase."""

    code = "single_source.already_objected"
    basis = Citation(WAYS, "第四十条")


def record(
    act: str,
    purchase: Purchase,
    *,
    actor: Actor,
    now: datetime,
    public: Mapping[str, Any] | None = None,
    supervisor: Mapping[str, Any] | None = None,
) -> None:
    """Write one act on a saved purchase into the evidence log, and let the reminder follow the clock that runs now."""
    record_act(
        f"single_source.{act}",
        subject=purchase.public_id,
        ocid=purchase.ocid,
        actor=actor,
        legal_at=now,
        public={"stage": purchase.stage, **(public or {})},
        supervisor=supervisor,
    )
    follow(purchase, now=now)


def announce(
    kind: NoticeKind,
    purchase: Purchase,
    what: str,
    facts: Sequence[tuple[str, str]],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Publish a notice of a purchase: facts in words, as the clauses list them."""
    publish_notice(
        kind=kind,
        ocid=purchase.ocid,
        tender="",
        rounds=[],
        title=f"{purchase.name}{what}",
        body={
            "single_source": purchase.public_id,
            "deal_code": purchase.deal_code,
            "facts": [{"name": name, "value": value} for name, value in facts],
        },
        actor=actor,
        now=now,
    )


def tell_both(purchase: Purchase, *, title: str, text: str, now: datetime) -> None:
    """Tell the buyer and the supplier how a purchase stands."""
    tell(
        organisations=[purchase.buyer_id, purchase.supplier_id],
        kind=Kind.SERVICE,
        title=f"{purchase.name}: {title}",
        text=text,
        link=f"/work/single-sources/{purchase.public_id}",
        now=now,
    )


def _tell_finance(purchase: Purchase, *, title: str, text: str, now: datetime) -> None:
    post(
        accounts=[account.pk for account in accounts_of_role(Role.SUPERVISOR.value)],
        kind=Kind.SERVICE,
        title=f"{purchase.name}: {title}",
        text=text,
        link=f"/work/single-sources/{purchase.public_id}",
        now=now,
    )


def added_before(*, buyer_pk: int, first_contract: str, without: str = "") -> Decimal:
    """Return in 元 what one buyer has added or is adding to one of its contracts by other purchases."""
    rows = (
        Purchase.objects.filter(
            buyer_id=buyer_pk, ground=Ground.ADDITION.value, first_contract=first_contract
        )
        .exclude(stage__in=[Stage.CHANGED.value, Stage.TERMINATED.value])
        .exclude(public_id=without)
    )
    return rows.aggregate(all=Sum("budget"))["all"] or Decimal(0)


@transaction.atomic
def argue(
    *,
    name: str,
    needs: str,
    budget: str,
    supplier_uscc: str,
    ground: str,
    reason: str,
    contact: str,
    finance_contact: str,
    experts: Iterable[Mapping[str, Any]] = (),
    first_contract: str = "",
    first_price: str = "",
    purchase_id: str = "",
    actor: Actor,
    now: datetime,
) -> Purchase:
    """Argue why something can be bought from one supplier only; until it goes on it may be argued anew.

    :raises BadInput: something is missing, or no such ground
    :raises NotFound: the supplier is not registered
    :raises AdditionTooLarge: an addition of more than a tenth of the first contract (政府采购法31)
    :raises AlreadyArgued: the same purchase is under way
    """
    require(actor, Permission.SOURCE_ARGUE)
    if ground not in set(Ground):
        raise BadInput("请选择单一来源采购的法定情形", field="ground")
    texts = {
        "name": (name, "采购项目名称", 200),
        "needs": (needs, "采购标的和内容", 5000),
        "reason": (reason, "采用单一来源采购方式的原因和相关说明", 5000),
        "contact": (contact, "采购人的联系人、地址和电话", 200),
        "finance_contact": (finance_contact, "财政部门的联系人、地址和电话", 200),
    }
    for field, (text, says, most) in texts.items():
        if not text.strip() or len(text) > most:
            raise BadInput(f"请填写{says}(不超过{most}字)", field=field)
    amount = yuan(budget, field="budget")
    if amount <= 0:
        raise BadInput("采购预算应大于0", field="budget")
    supplier = _supplier(supplier_uscc, actor)
    first: Decimal | None = None
    if ground == Ground.ADDITION.value:
        if not first_contract.strip():
            raise BadInput("请填写原采购合同的编号", field="first_contract")
        first = yuan(first_price, field="first_price")
        before = added_before(
            buyer_pk=actor.organisation_pk, first_contract=first_contract.strip(), without=purchase_id
        )
        rules.require_addition(amount, first_price=first, added_before=before)
    opinions = rules.opinions(
        experts,
        partial_to=[actor.organisation_name, supplier.name],
        needed=ground == Ground.ONLY.value,
    )
    fields: dict[str, Any] = {field: text.strip() for field, (text, _, _) in texts.items()} | {
        "supplier": supplier,
        "budget": amount,
        "ground": ground,
        "first_contract": first_contract.strip()[:100] if first else "",
        "first_price": first,
        "experts": opinions,
        "argued_at": now,
    }
    purchase = _begun(purchase_id, fields, actor=actor, now=now)
    record(
        "argued",
        purchase,
        actor=actor,
        now=now,
        supervisor={
            "ground": ground,
            "reason": purchase.reason,
            "budget": str(amount),
            "supplier": supplier.uscc,
            "experts": opinions,
        },
    )
    return purchase


def _supplier(uscc: str, actor: Actor) -> Organisation:
    found = by_uscc(uscc.strip().upper())
    if found is None or Role.BIDDER.value not in found.kinds:
        raise NotFound(
            "没有登记为供应商的单位使用这个统一社会信用代码, 请供应商先在平台登记", field="supplier_uscc"
        )
    if found.pk == actor.organisation_pk:
        raise BadInput("采购人不能向自己采购", field="supplier_uscc")
    return found


def _begun(purchase_id: str, fields: Mapping[str, Any], *, actor: Actor, now: datetime) -> Purchase:
    """Return the purchase with what was argued: a new one, or an own one that has not gone on."""
    if purchase_id:
        purchase = own(purchase_id, actor)
        if purchase.stage != GP_DY.initial.value:
            raise AlreadyArgued(
                f"这项采购已经进行到“{Stage(purchase.stage).label}”, 论证不能再改", next_steps=TO_THE_LIST
            )
        for name, value in fields.items():
            setattr(purchase, name, value)
        purchase.save()
        return purchase
    same = Purchase.objects.filter(
        buyer_id=actor.organisation_pk, supplier=fields["supplier"], name=fields["name"]
    ).exclude(stage__in=[stage.value for stage in GP_DY.final])
    if found := same.first():
        raise AlreadyArgued(
            "同一项目向同一供应商的单一来源采购正在进行, 不重复登记",
            next_steps=(("打开这项采购", f"/work/single-sources/{found.public_id}"),),
        )
    return Purchase.objects.create(
        buyer_id=actor.organisation_pk,
        stage=GP_DY.initial.value,
        deal_code=deal_code(
            kind=CLASS_CODE,
            organiser_uscc=settings.CENTRE_USCC,
            on=beijing_date(now),
            serial=new_public_id()[:6].upper(),
        ),
        **fields,
    )


@transaction.atomic
def go_on(*, purchase_id: str, workdays: int = 5, actor: Actor, now: datetime) -> Purchase:
    """Take an argued purchase on: to its publicity, to the finance department, or to the negotiation, as the law says.

    :param workdays: how long a publicity lasts
    :raises PublicityTooShort: fewer than 5 working days (GP-T36)
    :raises MoveNotAllowed: it has gone on
    """
    require(actor, Permission.SOURCE_DECIDE)
    purchase = own(purchase_id, actor)
    way = rules.way_of(
        Ground(purchase.ground), budget=purchase.budget, threshold=settings.OPEN_TENDER_THRESHOLD
    )
    make_move(purchase, way.value, actor=actor)
    public: dict[str, Any] = {"way": way.value}
    if way is Way.PUBLICITY:
        _publish(purchase, workdays=workdays, actor=actor, now=now)
        assert purchase.publicity_ends_at is not None, "it was just set"
        public["publicity_ends_at"] = purchase.publicity_ends_at.isoformat()
    elif way is Way.APPROVAL:
        purchase.asked_at = now
        _tell_finance(
            purchase, title="申请采用单一来源采购方式", text=f"{purchase.buyer.name}报请批准。", now=now
        )
    purchase.save()
    if way is Way.NEGOTIATE:
        tell_both(purchase, title="开始协商", text="请供应商提供报价、成本、同类合同价格等情况。", now=now)
    record("went_on", purchase, actor=actor, now=now, public=public)
    return purchase


def _publish(purchase: Purchase, *, workdays: int, actor: Actor, now: datetime) -> None:
    floor = limit("GP-T36", on=beijing_date(now))
    ends = rules.publicity_ends(floor, started=now, workdays=workdays, calendar=calendars.CHINA).instant
    purchase.published_at, purchase.publicity_ends_at = now, ends
    set_timer(kind=ENDS, subject=purchase.public_id, due_at=ends)
    opinions = [
        f"{e['name']}({e['unit']}, {e['title']}): {e['opinion']}"
        + ("(书面签名意见)" if e["kept"] == "signed" else "(口头陈述, 采购人记录)")
        for e in purchase.experts
    ]
    last = (ends - timedelta(seconds=1)).astimezone(BEIJING)
    announce(
        NoticeKind.SINGLE_SOURCE,
        purchase,
        "单一来源公示",
        [
            ("采购人", purchase.buyer.name),
            ("采购项目", purchase.name),
            ("采购标的和说明", purchase.needs),
            ("采购预算", f"{purchase.budget}元"),
            ("采用单一来源采购方式的原因", f"{Ground(purchase.ground).label}。{purchase.reason}"),
            (
                "拟定的唯一供应商",
                f"{purchase.supplier.name}, {purchase.supplier.address or '地址见登记信息'}",
            ),
            *(("专业人员论证意见", opinion) for opinion in opinions),
            ("公示期限", f"{workdays}个工作日, 至{last:%Y年%m月%d日}止"),
            (
                "提出异议",
                "任何供应商、单位或者个人对采用单一来源采购方式有异议的, 可以在公示期内通过本平台书面提出, 同时抄送财政部门",
            ),
            ("采购人联系方式", purchase.contact),
            ("财政部门联系方式", purchase.finance_contact),
        ],
        actor=actor,
        now=now,
    )


@transaction.atomic
def object_to(*, purchase_id: str, text: str, actor: Actor, now: datetime) -> SourceObjection:
    """Object, as a supplier, a unit or a person, to buying this from one supplier; the finance department gets a copy.

    :raises BadInput: nothing is said
    :raises AlreadyObjected: this account has
    :raises MoveNotAllowed: the publicity is over, or never was
    """
    require(actor, Permission.SOURCE_OBJECT)
    purchase = locked(purchase_id)
    make_move(purchase, "object_to_source", actor=actor)
    if purchase.publicity_ends_at is None or now >= purchase.publicity_ends_at:
        raise NotPermitted(
            "公示期已满, 不再接收异议; 认为权益受到损害的供应商可以依法提出质疑",
            basis=Citation(WAYS, "第四十条"),
            next_steps=(("查看这项采购", f"/single-sources/{purchase_id}"),),
        )
    if not text.strip() or len(text) > 5000:
        raise BadInput("请写明异议的理由和事实(不超过5000字)", field="text")
    if purchase.buyer_id == actor.organisation_pk:
        raise NotPermitted("采购人发现不再适用单一来源的, 请终止采购活动", next_steps=TO_THE_LIST)
    if SourceObjection.objects.filter(purchase=purchase, account_id=actor.account_pk).exists():
        raise AlreadyObjected("您对这项采购已经提出过异议, 采购人将在公示期满后组织补充论证并告知结论")
    made = SourceObjection.objects.create(
        purchase=purchase,
        account_id=actor.account_pk,
        organisation_name=actor.organisation_name,
        text=text.strip(),
        raised_at=now,
    )
    record(
        "objected",
        purchase,
        actor=actor,
        now=now,
        public={"objection": made.public_id, "by": "unit" if actor.organisation_name else "person"},
        supervisor={"from": actor.organisation_name or actor.name, "text": made.text},
    )
    what = "对单一来源采购方式提出异议"
    _tell_finance(purchase, title=f"异议抄送: {what}", text=made.text, now=now)
    tell(
        organisations=[purchase.buyer_id],
        kind=Kind.LEGAL,
        basis=Citation(WAYS, "第四十条"),
        until_opening=(),
        title=f"{purchase.name}: 收到异议",
        text="有人" + what + "。公示期满后5个工作日内组织补充论证, 并告知结论。",
        link=f"/work/single-sources/{purchase.public_id}",
        now=now,
    )
    return made


@effect(ENDS)
def end_publicity(subject: str, now: datetime) -> datetime | None:
    """End a publicity by itself: nobody objected → to the finance department; somebody did → argue anew."""
    purchase = locked(subject)
    if purchase.stage != Stage.PUBLICITY.value:
        return None
    assert purchase.publicity_ends_at is not None, "a publicity has its end"
    if now < purchase.publicity_ends_at:
        return purchase.publicity_ends_at
    objections = purchase.objections.count()
    make_move(purchase, "end_publicity_disputed" if objections else "end_publicity", actor=SYSTEM)
    purchase.publicity_ended_at = purchase.publicity_ends_at
    if objections:
        text = f"公示期内收到{objections}件异议, 请在5个工作日内组织补充论证, 并公布结论。"
        tell_both(purchase, title="公示期满, 有异议", text=text, now=now)
    else:
        purchase.asked_at = now
        tell_both(purchase, title="公示期满, 没有异议", text="已报财政部门批准。", now=now)
        _tell_finance(purchase, title="申请采用单一来源采购方式", text="公示期满, 没有异议。", now=now)
    purchase.save()
    record("publicity_ended", purchase, actor=SYSTEM, now=now, public={"objections": objections})
    return None


@transaction.atomic
def argue_anew(
    *,
    purchase_id: str,
    upheld: bool,
    conclusion: str,
    answers: Mapping[str, str],
    actor: Actor,
    now: datetime,
) -> Purchase:
    """Conclude on the objections, answer each, and publish the conclusion: upheld → another way, else → approval.

    :param answers: {objection: answer}
    :raises BadInput: no conclusion, or an objection without an answer
    :raises MoveNotAllowed: nothing is to be argued anew
    """
    require(actor, Permission.SOURCE_DECIDE)
    purchase = own(purchase_id, actor)
    make_move(purchase, "uphold_objections" if upheld else "dismiss_objections", actor=actor)
    if not conclusion.strip() or len(conclusion) > 5000:
        raise BadInput("请写明补充论证的结论和理由(不超过5000字)", field="conclusion")
    objections = list(purchase.objections.order_by("pk"))
    for objection in objections:
        objection.answer = str(answers.get(objection.public_id, "")).strip()[:5000]
        if not objection.answer:
            raise BadInput("请逐件答复异议", field=f"answer:{objection.public_id}")
        objection.save(update_fields=["answer"])
    purchase.conclusion, purchase.concluded_at = conclusion.strip(), now
    if upheld:
        purchase.ended_at = now
    else:
        purchase.asked_at = now
    purchase.save()
    says = "异议成立, 改用其他采购方式" if upheld else "异议不成立, 报财政部门批准"
    announce(
        NoticeKind.SINGLE_SOURCE,
        purchase,
        "单一来源补充论证结论",
        [
            ("采购人", purchase.buyer.name),
            ("结论", says),
            ("理由", purchase.conclusion),
            *((f"对第{number}件异议的答复", o.answer) for number, o in enumerate(objections, 1)),
        ],
        actor=actor,
        now=now,
    )
    for objection in objections:
        post(
            accounts=[objection.account_id],
            kind=Kind.SERVICE,
            title=f"{purchase.name}: 对您的异议的补充论证结论",
            text=f"{says}。{objection.answer}",
            link=f"/single-sources/{purchase.public_id}",
            now=now,
        )
    if not upheld:
        _tell_finance(
            purchase, title="申请采用单一来源采购方式", text="异议、补充论证和公示情况一并报送。", now=now
        )
    record(
        "argued_anew",
        purchase,
        actor=actor,
        now=now,
        public={"upheld": upheld, "objections": len(objections), "conclusion": purchase.conclusion},
    )
    return purchase


@transaction.atomic
def decide(
    *, purchase_id: str, approved: bool, opinion: str, document_number: str, actor: Actor, now: datetime
) -> Purchase:
    """Approve or refuse, as the finance department, that this is bought from one supplier.

    :raises BadInput: no opinion, or no number of the document
    :raises MoveNotAllowed: it does not wait for an approval
    """
    require(actor, Permission.SOURCE_APPROVE)
    purchase = locked(purchase_id)
    make_move(purchase, "approve_source" if approved else "refuse_source", actor=actor)
    if not opinion.strip():
        raise BadInput("请写明审批意见和理由", field="opinion")
    if not document_number.strip():
        raise BadInput("请填写批复的文号", field="document_number")
    purchase.approved, purchase.decided_at = approved, now
    purchase.opinion, purchase.document_number = opinion.strip()[:5000], document_number.strip()[:100]
    if not approved:
        purchase.ended_at = now
    purchase.save()
    record(
        "decided",
        purchase,
        actor=actor,
        now=now,
        public={"approved": approved, "document_number": purchase.document_number},
        supervisor={"opinion": purchase.opinion},
    )
    if approved:
        text = f"批复{purchase.document_number}。请供应商提供报价、成本、同类合同价格等情况。"
        tell_both(purchase, title="财政部门已批准, 开始协商", text=text, now=now)
    else:
        text = f"批复{purchase.document_number}: {purchase.opinion[:400]}。请改用其他采购方式。"
        tell_both(purchase, title="财政部门未批准", text=text, now=now)
    return purchase


@transaction.atomic
def terminate(*, purchase_id: str, ending: str, reason: str, actor: Actor, now: datetime) -> Purchase:
    """End a purchase for one of the three cases of 74号令43, with a notice.

    :raises BadInput: no such case, no reason, or a price said to be over the budget that is not
    :raises MoveNotAllowed: it has not begun, or it is over
    """
    require(actor, Permission.SOURCE_DECIDE)
    purchase = own(purchase_id, actor)
    make_move(purchase, "terminate", actor=actor)
    if ending not in set(Ending):
        raise BadInput("请选择终止的法定情形", field="ending")
    if not reason.strip() or len(reason) > 5000:
        raise BadInput("请写明终止的原因(不超过5000字)", field="end_reason")
    offered = Decimal(purchase.offer["price"]) if purchase.offer else None
    if ending == Ending.OVER_BUDGET.value and (offered is None or offered <= purchase.budget):
        raise BadInput("供应商的报价没有超过采购预算, 请选择实际的情形", field="ending")
    purchase.ending, purchase.end_reason, purchase.ended_at = ending, reason.strip(), now
    purchase.save()
    cancel_timer(kind=ENDS, subject=purchase.public_id, now=now)
    announce(
        NoticeKind.TERMINATION,
        purchase,
        "采购活动终止公告",
        [
            ("采购人", purchase.buyer.name),
            ("采购项目", purchase.name),
            ("情形", Ending(ending).label),
            ("原因", purchase.end_reason),
            ("后续安排", "重新开展采购活动"),
        ],
        actor=actor,
        now=now,
    )
    tell_both(
        purchase, title="采购活动终止", text=f"{Ending(ending).label}。{purchase.end_reason}"[:1000], now=now
    )
    record(
        "terminated",
        purchase,
        actor=actor,
        now=now,
        public={"ending": ending, "reason": purchase.end_reason},
    )
    return purchase

"""A closed framework from its shortlist on: agreements, filing, buyers told, supplement. `collecting` is its first stage."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.db.models import Max

from ggzy.frameworks import collecting, rules
from ggzy.frameworks.actions import TermOver, create, find_member, require_other, term_facts, terms
from ggzy.frameworks.calling import AlreadySigned, NotNow
from ggzy.frameworks.models import Framework, FrameworkMember
from ggzy.frameworks.moves import TO_THE_LIST, locked, move_framework, own, seat
from ggzy.frameworks.rules import Kind, Response
from ggzy.frameworks.telling import (
    FILE,
    INFORM,
    SIGN,
    announce,
    begin_clock,
    counted,
    day,
    end_clock,
    held_days,
    record,
    tell_those,
)
from ggzy.identity.actions import sign_document
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.canonical import canonical
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted
from ggzy.notices.actions import NoticeKind
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.parties.queries import by_uscc
from ggzy.procedures.catalogue import GP_KJ_CLOSED
from ggzy.procedures.spec import Stage

AGREEMENT = "frameworks.agreement"
_HEX = frozenset("0123456789abcdef")


def _rate(text: str, *, field: str) -> Decimal:
    try:
        found = Decimal(text.strip()) / 100
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise BadInput("请填写百分数, 例如20", field=field)
    return found


def _responses(
    rows: Iterable[Mapping[str, Any]], *, items: list[dict[str, str]], by_quality: bool
) -> tuple[list[Response], dict[str, tuple[Organisation, dict[str, str]]]]:
    """Return the qualified responses, and of each its supplier and unit prices; the ranking price is their sum.

    :raises BadInput: a price is missing, above its ceiling, or a supplier stands twice
    :raises NotFound: a supplier is not registered
    """
    out: list[Response] = []
    found: dict[str, tuple[Organisation, dict[str, str]]] = {}
    for row in rows:
        uscc = str(row.get("uscc", "")).strip().upper()
        given = [str(price).strip() for price in row.get("prices", []) if str(price).strip()]
        if not uscc and not given:
            continue
        supplier = by_uscc(uscc)
        if supplier is None or Role.BIDDER.value not in supplier.kinds:
            raise NotFound(
                f"没有登记为供应商的单位使用统一社会信用代码“{uscc}”, 请供应商先在平台登记", field="responses"
            )
        if uscc in found:
            raise BadInput(f"{supplier.name}填写了两次", field="responses")
        if len(given) != len(items):
            raise BadInput(f"{supplier.name}应填写{len(items)}项标的的单价", field="responses")
        prices = {}
        for item, text in zip(items, given, strict=True):
            price = yuan(text, field="responses")
            if not 0 < price <= Decimal(item["price"]):
                raise BadInput(
                    f"{supplier.name}的{item['name']}单价应大于0、不超过最高限制单价{item['price']}元",
                    field="responses",
                )
            prices[item["number"]] = str(price)
        score = Decimal(0)
        if by_quality:
            score = yuan(str(row.get("score", "")) or "x", field="responses")
        out.append(
            Response(uscc=uscc, price=sum((Decimal(p) for p in prices.values()), Decimal(0)), score=score)
        )
        found[uscc] = supplier, prices
    return out, found


def _shortlist(
    framework: Framework, rows: Iterable[Mapping[str, Any]], *, actor: Actor, now: datetime
) -> list[FrameworkMember]:
    """Shortlist from qualified responses by the method and rate of the file; nobody enters who is in."""
    facts = framework.collection
    responses, found = _responses(rows, items=framework.items, by_quality=facts["by_quality"])
    gone = set(framework.members.exclude(ground="").values_list("supplier__uscc", flat=True))
    within = set(framework.members.filter(stage=Stage.JOINED.value).values_list("supplier__uscc", flat=True))
    for response in responses:
        require_other(framework, found[response.uscc][0].pk)
        if response.uscc in gone | within:
            why = "已被清退, 不得参加补充征集" if response.uscc in gone else "已经入围"
            raise BadInput(f"{found[response.uscc][0].name}{why}", field="responses")
    kept = rules.shortlisted(
        responses,
        by_quality=facts["by_quality"],
        rate=Decimal(facts["rate"]),
        cap=facts["cap"],
    )
    first = framework.members.count()
    members = FrameworkMember.objects.bulk_create(
        [
            FrameworkMember(
                framework=framework,
                supplier=found[uscc][0],
                stage=Stage.SHORTLIST.value,
                prices=found[uscc][1],
                place=first + place,
                applied_at=now,
                decided_at=now,
                contact=found[uscc][0].contact,
            )
            for place, uscc in enumerate(kept, 1)
        ]
    )
    announce(
        NoticeKind.FRAMEWORK_MEMBERS,
        framework,
        "入围结果公告",
        [
            *term_facts(framework),
            (
                "评审方法和淘汰比例",
                f"{'质量优先法' if facts['by_quality'] else '价格优先法'}, {Decimal(facts['rate']) * 100:.0f}%; 合格响应{len(responses)}家, 入围{len(kept)}家",
            ),
            ("征集公告", f"{facts['notice']}; {facts['address']}"),
            ("评审报告SHA-256", facts["report_sha256"]),
            *(
                (
                    f"第{m.place}名 {m.supplier.name}",
                    "; ".join(
                        f"{item['name']}{m.prices[item['number']]}元/{item['unit']}"
                        for item in framework.items
                    ),
                )
                for m in members
            ),
        ],
        actor=actor,
        now=now,
    )
    tell_those(
        framework,
        [m.supplier_id for m in members],
        title="入围通知书",
        text="请自本通知书发出之日起30日内签订框架协议。",
        now=now,
    )
    record(
        "shortlisted",
        framework,
        actor=actor,
        now=now,
        public={
            "shortlisted": kept,
            "responses": [
                {"supplier": r.uscc, "price": str(r.price), "score": str(r.score)} for r in responses
            ],
        },
    )
    return members


@transaction.atomic
def register_shortlist(
    *,
    notice: str,
    address: str,
    report_sha256: str,
    by_quality: bool,
    instruments: bool,
    rate: str,
    cap: str = "",
    responses: Iterable[Mapping[str, Any]],
    actor: Actor,
    now: datetime,
    **file: Any,
) -> Framework:
    """Register the result of a collection that was run in another system; who is shortlisted is computed here.

    :param responses: [{uscc, prices: [unit price of each item], score}], every qualified one, in the order of the report
    :param rate: the elimination rate in percent; `cap` the most that are shortlisted, "" for no cap
    :param file: the terms of the file, as for an open collection
    :raises TooFewResponses: fewer than two (110号令第二十七条)
    :raises RateTooLow: a rate under the floor
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    fields = terms(kind=Kind.CLOSED, now=now, **file)
    if not notice.strip() or not address.strip():
        raise BadInput("请填写征集公告的编号和网址", field="notice")
    if len(report_sha256) != 64 or set(report_sha256) - _HEX:
        raise BadInput("评审报告的SHA-256应为64位小写十六进制", field="report_sha256")
    if cap and not (cap.isascii() and cap.isdigit() and 0 < int(cap) < 10_000):
        raise BadInput("入围数量上限应为正整数, 没有的留空", field="cap")
    found = _rate(rate, field="rate")
    rules.require_rate(found, instruments_by_quality=instruments and by_quality)
    fields["collection"] = {
        "notice": notice.strip()[:100],
        "address": address.strip()[:300],
        "report_sha256": report_sha256,
        "by_quality": by_quality,
        "rate": str(found),
        "cap": int(cap) if cap else None,
    }
    framework = create(fields, stage=GP_KJ_CLOSED.initial, actor=actor, now=now)
    move_framework(framework, "register_shortlist", actor=actor)
    framework.letter_sent_at = now
    framework.save()
    _shortlist(framework, responses, actor=actor, now=now)
    begin_clock(SIGN, subject=framework.public_id, started=now)
    return framework


# --- agreements


def _agreement(framework: Framework, member: FrameworkMember) -> bytes:
    """Return the agreement with one supplier: the terms of the file and its own prices."""
    return canonical(
        {
            "framework": framework.public_id,
            "number": f"{framework.deal_code}-A{member.place:03d}",
            "collector": framework.collector.uscc,
            "supplier": member.supplier.uscc,
            "terms": [[name, value] for name, value in term_facts(framework)],
            "prices": member.prices,
        }
    )


def _agreeing(framework_id: str, member_id: str, actor: Actor) -> tuple[Framework, FrameworkMember, str]:
    framework = locked(framework_id)
    member = find_member(framework, member_id)
    if member.stage != Stage.SHORTLIST.value:
        raise NotNow("这家供应商没有待签的框架协议", next_steps=TO_THE_LIST)
    collecting.require_unheld(framework)
    if actor.organisation_pk == framework.collector_id and actor.role is Role.TENDEREE:
        field = "collector_signature"
    elif actor.organisation_pk == member.supplier_id and actor.role is Role.BIDDER:
        field = "signature"
    else:
        raise NotPermitted("框架协议由征集人和入围供应商签订", next_steps=TO_THE_LIST)
    if getattr(member, f"{field}_id"):
        raise AlreadySigned("本方已签名, 等待对方签名")
    return framework, member, field


@transaction.atomic
def agreement_to_sign(*, framework_id: str, member_id: str, actor: Actor) -> bytes:
    """Return the agreement as a side signs it.

    :raises NotPermitted: neither the collector nor the supplier
    :raises AlreadySigned: this side has
    """
    require(actor, Permission.FRAMEWORK_SIGN, signed=True)
    framework, member, _ = _agreeing(framework_id, member_id, actor)
    return _agreement(framework, member)


@transaction.atomic
def sign_agreement(
    *, framework_id: str, member_id: str, signature: str, actor: Actor, now: datetime
) -> FrameworkMember:
    """Sign the framework agreement for one side, within 30 days after the letter (GP-T38).

    :raises NotPermitted: neither the collector nor the supplier
    :raises AlreadySigned: this side has
    :raises SignatureWrong: the signature is not on this agreement
    """
    require(actor, Permission.FRAMEWORK_SIGN, signed=True)
    framework, member, field = _agreeing(framework_id, member_id, actor)
    if framework.stage == Stage.SHORTLIST.value:
        move_framework(framework, "sign_agreement", actor=actor)
    signed = sign_document(
        kind=AGREEMENT,
        subject=member.public_id,
        document=_agreement(framework, member),
        signature=signature,
        actor=actor,
        now=now,
    )
    setattr(member, field, signed)
    member.save()
    if member.signature_id and member.collector_signature_id:
        collecting.signed_with(framework, member, now=now)
    record(
        "agreement_signed",
        framework,
        subject=member.public_id,
        actor=actor,
        now=now,
        public={"side": field, "agreement_sha256": signed.digest},
    )
    return member


def _settle_agreements(framework: Framework, *, now: datetime) -> int:
    """Let in whose agreement both sides signed; leave out who has not once the 30 days are over. Return how many are in.

    Nobody is left out for days on which it could not sign: a hold stops this too, and its days do not count.
    """
    collecting.require_unheld(framework)
    assert framework.letter_sent_at is not None, "a shortlist has its letters"
    held = held_days([framework], now=now).get(framework.public_id, frozenset())
    due = counted(SIGN, started=framework.letter_sent_at, paused=held).instant
    rows = list(
        framework.members.select_for_update(of=("self",))
        .filter(stage=Stage.SHORTLIST.value)
        .order_by("place")
    )
    signed = [m for m in rows if m.signature_id and m.collector_signature_id]
    if len(signed) < len(rows) and now < due:
        raise NotNow(
            f"还有{len(rows) - len(signed)}家没有双方签名; 30日满以后可以不再等待", next_steps=TO_THE_LIST
        )
    for member in rows:
        seat(member, signed=member in signed)
        member.joined_at = now if member in signed else None
        member.reason = "" if member in signed else "30日内没有签订框架协议"
        # being left out is what it may challenge, from today on
        member.decided_at = member.decided_at if member in signed else now
        member.save()
        if member not in signed:
            collecting.left_out(framework, member, now=now)
    return len(signed)


@transaction.atomic
def conclude_agreements(*, framework_id: str, actor: Actor, now: datetime) -> Framework:
    """Go on once every agreement is signed by both sides, or the 30 days are over: who has not signed is out.

    Where nobody has, there is no framework: it ends, and can be collected anew.

    :raises NotNow: somebody may still sign, or a hold stops it
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    signed = framework.members.filter(stage=Stage.SHORTLIST.value).exclude(signature=None)
    signed = signed.exclude(collector_signature=None)
    move_framework(framework, "conclude_agreements" if signed else "end_unsigned", actor=actor)
    framework.original = _settle_agreements(framework, now=now)
    end_clock(SIGN, subject=framework.public_id, now=now)
    if not framework.original:
        return _unsigned(framework, actor=actor, now=now)
    # its limits run from the last signature (签订之日), not from when somebody says so
    moments = framework.members.filter(stage=Stage.JOINED.value).aggregate(
        supplier=Max("signature__signed_at"), collector=Max("collector_signature__signed_at")
    )
    framework.agreed_at = last = max(moments.values())
    framework.save()
    for key in (FILE, INFORM):
        begin_clock(key, subject=framework.public_id, started=last)
    record("agreed", framework, actor=actor, now=now, public={"members": framework.original})
    return framework


def _unsigned(framework: Framework, *, actor: Actor, now: datetime) -> Framework:
    """End a framework that nobody has signed, in public."""
    framework.expired_at = now
    framework.save(update_fields=["stage", "expired_at"])
    facts = [
        ("征集人", f"{framework.collector.name}; {framework.contact}"),
        ("框架协议采购项目", f"{framework.name}({framework.deal_code})"),
        ("终止的原因", "签订期限届满, 没有一家入围供应商与征集人签订框架协议; 需要的, 将重新征集"),
    ]
    announce(NoticeKind.FRAMEWORK, framework, "框架协议终止公告", facts, actor=actor, now=now)
    tell_those(
        framework,
        list(framework.members.filter(ground="").values_list("supplier_id", flat=True)),
        title="框架协议终止",
        text="签订期限届满, 没有签订框架协议。",
        now=now,
    )
    record("unsigned", framework, actor=actor, now=now)
    return framework


@transaction.atomic
def file_agreement(*, framework_id: str, number: str, actor: Actor, now: datetime) -> Framework:
    """Record that the agreements were filed with the finance department, within 7 working days (GP-T39).

    :raises BadInput: no number
    :raises AlreadySigned: they are filed
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    move_framework(framework, "file_agreement", actor=actor)
    if framework.filed_at is not None:
        raise AlreadySigned(f"框架协议已经备案, 编号{framework.filing}")
    if not number.strip():
        raise BadInput("请填写备案的编号", field="number")
    framework.filing, framework.filed_at = number.strip()[:60], now
    framework.save()
    end_clock(FILE, subject=framework.public_id, now=now)
    record("filed", framework, actor=actor, now=now, public={"number": framework.filing})
    return framework


@transaction.atomic
def inform_buyers(*, framework_id: str, actor: Actor, now: datetime) -> Framework:
    """Tell the buyers who is in and at which prices, within 3 working days (GP-T40): contracts may be called off.

    The order of turns, where the file names turns, is told to every member with it.
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    move_framework(framework, "inform_buyers", actor=actor)
    framework.informed_at = now
    framework.save()
    end_clock(INFORM, subject=framework.public_id, now=now)
    members = list(framework.members.filter(stage=Stage.JOINED.value).select_related("supplier"))
    buyers = Organisation.objects.filter(kinds__contains=[Role.TENDEREE.value]).values_list("pk", flat=True)
    tell_those(
        framework,
        buyers,
        title="框架协议开始使用",
        text=f"入围供应商{len(members)}家, 适用范围: {framework.scope[:300]}。价格和授予方式见框架协议页面。",
        now=now,
    )
    tell_those(
        framework,
        [m.supplier_id for m in members],
        title="框架协议开始使用",
        text="可以被采购人选定"
        + ("; 轮候顺序见框架协议页面, 有效期内不再调整。" if framework.turn_rule else "。"),
        now=now,
    )
    record("buyers_informed", framework, actor=actor, now=now, public={"members": len(members)})
    return framework


# --- supplement


@transaction.atomic
def begin_supplement(*, framework_id: str, reason: str, actor: Actor, now: datetime) -> Framework:
    """Begin to collect more suppliers where fewer than seven tenths are left and the agreement suffers.

    :raises EnoughLeft: there are more
    :raises BadInput: no reason
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    move_framework(framework, "begin_supplement", actor=actor)
    left = framework.members.filter(stage=Stage.JOINED.value).count()
    rules.require_supplement(left=left, original=framework.original)
    if not reason.strip() or len(reason) > 2000:
        raise BadInput("请写明怎样影响框架协议执行(不超过2000字)", field="reason")
    framework.supplement_reason = reason.strip()
    framework.save()
    announce(
        NoticeKind.FRAMEWORK,
        framework,
        "补充征集公告",
        [
            *term_facts(framework),
            ("补充征集的理由", framework.supplement_reason),
            (
                "条件和淘汰比例",
                f"与原征集相同, {Decimal(framework.collection['rate']) * 100:.0f}%; 有效期不变, 至{day(framework.ends_at)}",
            ),
        ],
        actor=actor,
        now=now,
    )
    record("supplement_begun", framework, actor=actor, now=now, public={"left": left})
    return framework


@transaction.atomic
def end_supplement(
    *,
    framework_id: str,
    responses: Iterable[Mapping[str, Any]],
    reason: str = "",
    actor: Actor,
    now: datetime,
) -> Framework:
    """Register who responded to the supplement; the same method and rate shortlist, each then signs its agreement.

    :param reason: why it ends without a result, where fewer than two responded; "" where it has one
    :raises TooFewResponses: fewer than two, and no reason
    :raises BadInput: somebody was removed, or is in; or it is to end without a result though enough responded
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    if now >= framework.ends_at:
        raise TermOver("框架协议已经期满")
    move_framework(framework, "end_supplement", actor=actor)
    if reason.strip():
        return _supplement_failed(framework, responses, reason=reason.strip(), actor=actor, now=now)
    framework.letter_sent_at = now
    framework.save()
    _shortlist(framework, responses, actor=actor, now=now)
    begin_clock(SIGN, subject=framework.public_id, started=now)
    return framework


def _supplement_failed(
    framework: Framework, rows: Iterable[Mapping[str, Any]], *, reason: str, actor: Actor, now: datetime
) -> Framework:
    found, _ = _responses(rows, items=framework.items, by_quality=framework.collection["by_quality"])
    if len(found) >= rules.LEAST_RESPONSES:
        raise BadInput(f"合格的响应有{len(found)}家, 应当登记入围结果", field="reason")
    framework.save()
    facts = [
        ("征集人", f"{framework.collector.name}; {framework.contact}"),
        ("合格响应", f"{len(found)}家"),
        ("情况说明", reason[:2000]),
    ]
    announce(NoticeKind.FRAMEWORK, framework, "补充征集失败公告", facts, actor=actor, now=now)
    record("supplement_failed", framework, actor=actor, now=now, public={"responses": len(found)})
    return framework


@transaction.atomic
def admit_supplemented(*, framework_id: str, actor: Actor, now: datetime) -> Framework:
    """Let those in whom a supplement shortlisted and whose agreements are signed; others are out after 30 days.

    :raises NotNow: nobody waits, somebody may still sign, or a hold stops it
    """
    require(actor, Permission.FRAMEWORK_COLLECT)
    framework = own(framework_id, actor)
    waits = framework.members.filter(stage=Stage.SHORTLIST.value).exists()
    if framework.stage != Stage.ACTIVE.value or not waits or framework.letter_sent_at is None:
        raise NotNow("没有补充征集后待签协议的供应商", next_steps=TO_THE_LIST)
    added = _settle_agreements(framework, now=now)
    end_clock(SIGN, subject=framework.public_id, now=now)
    record("supplemented", framework, actor=actor, now=now, public={"members": added})
    return framework

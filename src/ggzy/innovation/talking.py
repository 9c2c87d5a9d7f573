"""From the exchange of concepts to sealed final responses: exchange, file, responses that nobody reads before their time, talks.

A supplier's plan and cost are for the group alone. Before its time nobody can read a response, this platform included: it
holds a digest over its text and 32 random bytes of the supplier's browser. Who has sealed, and how many, is told to nobody.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from ggzy.deadlines.actions import effect, set_timer
from ggzy.evidence.actions import acknowledge
from ggzy.evidence.models import Entry
from ggzy.identity.actions import sign_document
from ggzy.innovation import rules
from ggzy.innovation.actions import NotNow, hidden, stop
from ggzy.innovation.models import Innovation, InnovationTalk, Participant, SealedResponse
from ggzy.innovation.moves import TO_THE_LIST, locked, move_innovation, own, participant_of, sitting_in
from ggzy.innovation.rules import Cost, Money, Way
from ggzy.innovation.telling import announce, in_words, record, said, tell_all, tell_those
from ggzy.kernel import calendars, files
from ggzy.kernel.actors import SYSTEM, Actor
from ggzy.kernel.canonical import canonical
from ggzy.kernel.money import yuan
from ggzy.kernel.refusals import BadInput, NotPermitted, Refusal
from ggzy.law.limits import beijing_date, earliest_moment
from ggzy.law.table import limit
from ggzy.notices.actions import NoticeKind
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage

RESPONSE, SEALED, SETTLE = "innovation.response", "innovation.sealed", "innovation.settle"
TIME_TO_ANSWER = "GP-T61"
#: a year beyond it is a slip of the pen
LAST_YEAR = 2200
#: how long sealed responses are revealed after their time
REVEAL = timedelta(hours=24)
_HEX = frozenset("0123456789abcdef")
_KINDS = {Stage.HC_ANSWER: SealedResponse.FIRST, Stage.HC_FINAL: SealedResponse.FINAL}
#: what a file says beside amounts, factors and stages → how it is called, and how long it may be
FILE = {
    "targets": ("最低研发目标", 10_000),
    "scenario": ("应用场景", 5000),
    "acceptance": ("创新产品的验收方法和标准", 5000),
    "payment": ("支付方式和首购预付款(一般不低于30%)", 3000),
    "ip": ("知识产权权属、利益分配和使用方式", 5000),
    "upgrades": ("创新产品的迭代升级服务要求", 3000),
    "sme": ("落实支持中小企业政策的要求", 2000),
    "contract_terms": ("研发合同的主要条款", 10_000),
}


class TooSoon(Refusal):
    """Less time than the law leaves to respond."""

    code = "innovation.too_soon"


class TalksNotDone(Refusal):
    """Somebody was not talked with."""

    code = "innovation.talks_not_done"


def left_in(innovation: Innovation) -> list[Participant]:
    """Return who is still in: who got the file, once responses were revealed who responded."""
    rows = innovation.participants.select_related("supplier").filter(attended=True).order_by("pk")
    if innovation.stage in {Stage.HC_EXCHANGE.value, Stage.HC_ANSWER.value}:
        return list(rows)
    return list(rows.filter(responses__kind=SealedResponse.FIRST, responses__revealed_at__isnull=False))


# --- the exchange


@transaction.atomic
def call_exchange(
    *, innovation_id: str, meets_at: datetime, place: str, text: str, actor: Actor, now: datetime
) -> Innovation:
    """Tell all qualified suppliers alike when and where the exchange of concepts is, and what about; anew, where it changes.

    :param place: a room, or how to take part online
    :raises NotNow: the exchange has been
    :raises BadInput: nothing written, or a moment that is past
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    move_innovation(innovation, "call_exchange", actor=actor)
    if innovation.exchange:
        raise NotNow("创新概念交流已经记录, 不再通知", next_steps=TO_THE_LIST)
    if meets_at <= now:
        raise BadInput("交流时间应在现在以后", field="meets_at")
    innovation.exchange_call = {
        "meets_at": meets_at.isoformat(),
        "place": said(place, what="交流地点或者线上参加的方式", field="place", most=200),
        "text": said(text, what="交流的内容", field="text", most=1000),
    }
    innovation.save()
    tell_those(
        innovation,
        innovation.participants.filter(qualified=True).values_list("supplier_id", flat=True),
        title="创新概念交流通知",
        text=f"时间: {in_words(meets_at)}; 地点或者方式: {innovation.exchange_call['place']}。"
        f"{innovation.exchange_call['text']}\n没有参加的不取得研发谈判文件。",
        now=now,
    )
    record(
        "exchange_called",
        innovation,
        actor=actor,
        now=now,
        public={"meets_at": meets_at.isoformat()},
        supervisor={"call": innovation.exchange_call},
        escrowed=hidden(innovation),
    )
    return innovation


@transaction.atomic
def record_exchange(
    *,
    innovation_id: str,
    met_at: datetime,
    place: str,
    text: str,
    attended: Iterable[str],
    actor: Actor,
    now: datetime,
) -> Innovation:
    """Write down the exchange of concepts that the group had with all qualified suppliers together; once more, it is corrected.

    What was said goes to every qualified supplier alike, who came and who did not.

    :param attended: the participants that came; who did not gets no file
    :raises NotNow: the qualified suppliers were not told of it before
    :raises BadInput: nothing written, a moment that has not come, nobody came, or somebody who is not qualified
    """
    require(actor, Permission.INNOVATION_JUDGE)
    innovation, member = sitting_in(innovation_id, actor)
    move_innovation(innovation, "record_exchange", actor=actor)
    if not innovation.exchange_call:
        raise NotNow(
            "采购人还没有通知全部合格的供应商交流的时间和地点, 通知以后才能记录交流", next_steps=TO_THE_LIST
        )
    again = bool(innovation.exchange)
    if met_at > now:
        raise BadInput("交流时间不能晚于现在", field="met_at")
    came, qualified = set(attended), list(innovation.participants.filter(qualified=True))
    if not came or came - {one.public_id for one in qualified}:
        raise BadInput("请选择参加交流的合格供应商", field="attended")
    innovation.exchange = {
        "met_at": met_at.isoformat(),
        "place": said(place, what="交流地点", field="place", most=200),
        "text": said(text, what="交流记录", field="text", most=20_000),
        "absent": [one.public_id for one in qualified if one.public_id not in came],
        "member": member.code,
    }
    innovation.save()
    for one in qualified:
        one.attended = one.public_id in came
        one.save(update_fields=["attended"])
    tell_those(
        innovation,
        [one.supplier_id for one in qualified],
        title="创新概念交流记录(更正)" if again else "创新概念交流记录",
        text=f"{innovation.exchange['text'][:1200]}\n全文见这项采购的页面。",
        now=now,
    )
    record(
        "exchanged",
        innovation,
        actor=actor,
        now=now,
        supervisor={"exchange": innovation.exchange, "attended": sorted(came)},
        escrowed=hidden(innovation),
    )
    return innovation


# --- the file


def _stages(rows: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    out = [
        {
            "name": said(str(row.get("name", "")), what=f"第{n}阶段的名称", field="stages", most=200),
            "milestone": said(
                str(row.get("milestone", "")), what=f"第{n}阶段的标志性成果", field="stages", most=2000
            ),
        }
        for n, row in enumerate(rows, 1)
    ]
    if not 1 <= len(out) <= rules.MOST_STAGES:
        raise BadInput(f"研发阶段应为1至{rules.MOST_STAGES}个", field="stages")
    return out


@transaction.atomic
def issue_file(
    *,
    innovation_id: str,
    texts: Mapping[str, str],
    most_cost: str,
    adjusted: str,
    months: int,
    suppliers: int,
    compensation: str,
    first_price: str,
    incentive: str,
    cost_kinds: Iterable[str],
    interim: bool,
    factors: Iterable[Mapping[str, Any]],
    first_factors: Iterable[Mapping[str, Any]],
    stages: Iterable[Mapping[str, str]],
    answer_until: datetime,
    actor: Actor,
    now: datetime,
) -> Innovation:
    """Issue the research file to all who were in the exchange (第十八条、第十九条), ten working days before the first responses.

    :param most_cost: may differ from the notice's after the exchange; then `adjusted` says why
    :raises PlanWeighsTooLittle: the research plan weighs less than half
    :raises TooManySuppliers: more than three
    :raises OverMostCost: its amounts together are over the most
    :raises TooSoon: fewer than ten working days (GP-T61)
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    move_innovation(innovation, "issue_file", actor=actor)
    if not innovation.exchange:
        raise NotNow("还没有创新概念交流的记录, 交流以后才能形成研发谈判文件", next_steps=TO_THE_LIST)
    kept: dict[str, Any] = {
        field: said(texts.get(field, ""), what=what, field=field, most=most)
        for field, (what, most) in FILE.items()
    }
    whole = yuan(most_cost, field="most_cost")
    changed = whole != innovation.most_cost or kept["targets"] != innovation.plan["targets"]
    money = Money(
        most_cost=whole,
        compensation=yuan(compensation, field="compensation"),
        first_price=yuan(first_price, field="first_price"),
        incentive=yuan(incentive or "0", field="incentive"),
    )
    if min(money.compensation, money.first_price) <= 0:
        raise BadInput("研发成本补偿限额和首购费用限额应大于0", field="compensation")
    rules.require_money(money, suppliers=suppliers)
    kinds = [kind.value for kind in Cost if kind.value in set(cost_kinds)]
    if not kinds:
        raise BadInput("请选择研发成本补偿的范围", field="cost_kinds")
    if not 1 <= months <= rules.MOST_MONTHS:
        raise BadInput("研发期限请填写月数", field="months")
    kept |= {
        "most_cost": str(whole),
        "compensation": str(money.compensation),
        "first_price": str(money.first_price),
        "incentive": str(money.incentive),
        "adjusted": said(adjusted, what="调整最低研发目标或者最高研发费用的理由", field="adjusted")
        if changed
        else "",
        "months": months,
        "suppliers": suppliers,
        "cost_kinds": kinds,
        "interim": interim,
        "factors": rules.factors(factors, plan=True),
        "first_factors": rules.factors(first_factors, plan=False, field="first_factors"),
        "stages": _stages(stages),
    }
    _require_time(answer_until, started=now)
    innovation.file, innovation.file_issued_at = kept, now
    _open_for(innovation, answer_until)
    innovation.save()
    facts = file_facts(innovation)
    if innovation.way == Way.NOTICE:
        announce(NoticeKind.INNOVATION_FILE, innovation, "研发谈判文件", facts, actor=actor, now=now)
    tell_those(
        innovation,
        [one.supplier_id for one in left_in(innovation)],
        title="研发谈判文件已发出",
        text=f"请在{in_words(answer_until)}以前封存响应文件, 到时起24小时内揭示。",
        now=now,
    )
    record(
        "file_issued",
        innovation,
        actor=actor,
        now=now,
        public={"file": innovation.file, "answer_until": answer_until.isoformat()},
        escrowed=hidden(innovation),
    )
    return innovation


def _require_time(answer_until: datetime, *, started: datetime) -> None:
    row = limit(TIME_TO_ANSWER, on=beijing_date(started))
    count = earliest_moment(row, started=started, calendar=calendars.CHINA)
    if answer_until < count.instant:
        raise TooSoon(
            f"首次提交响应文件的截止时间过早: {count.arithmetic}",
            basis=row.basis[0],
            field="answer_until",
        )


def _open_for(innovation: Innovation, until: datetime) -> None:
    if until.year > LAST_YEAR:
        raise BadInput("提交响应文件的截止时间过晚, 请核对年份", field="answer_until")
    innovation.sealed_until, innovation.reveal_until = until, until + REVEAL
    set_timer(kind=SEALED, subject=innovation.public_id, due_at=until)
    set_timer(kind=SETTLE, subject=innovation.public_id, due_at=innovation.reveal_until)


def file_facts(innovation: Innovation) -> list[tuple[str, str]]:
    """Return what a file says, in words."""
    file = innovation.file
    facts = [(what, file[field]) for field, (what, _) in FILE.items()]
    facts += [
        ("最高研发费用", f"{file['most_cost']}元"),
        *([("与公告相比调整的理由", file["adjusted"])] if file["adjusted"] else []),
        ("研发期限", f"{file['months']}个月"),
        ("研发供应商数量", f"{file['suppliers']}家"),
        ("每家研发成本补偿限额", f"{file['compensation']}元"),
        ("研发成本补偿范围", "、".join(Cost(kind).label for kind in file["cost_kinds"])),
        ("首购产品费用限额", f"{file['first_price']}元"),
        ("激励费用", f"{file['incentive']}元"),
        ("研发中期谈判", "每个阶段开始前进行" if file["interim"] else "不进行"),
        *((f"第{n}阶段: {stage['name']}", stage["milestone"]) for n, stage in enumerate(file["stages"], 1)),
    ]
    for field, what in (("factors", "评审因素"), ("first_factors", "首购评审因素")):
        facts += [
            (f"{what}: {f.name}", f"{f.weight}分, {f.weighs.label}") for f in rules.read_factors(file[field])
        ]
    facts.append(("排序规则", "得分由高到低; 得分相同的, 价格低的在前; 价格也相同的, 先封存的在前"))
    return facts


@transaction.atomic
def clarify_file(
    *, innovation_id: str, text: str, answer_until: datetime | None, actor: Actor, now: datetime
) -> Innovation:
    """Clarify the file in writing for all who got it; the time to respond may only be moved back (第十九条).

    :raises NotNow: responses are no longer sealed
    :raises BadInput: nothing written, or an earlier time
    """
    require(actor, Permission.INNOVATION_BUY)
    innovation = own(innovation_id, actor)
    move_innovation(innovation, "clarify_file", actor=actor)
    until = innovation.sealed_until
    if until is None or now >= until:
        raise NotNow("提交响应文件的时间已过, 不能再澄清修改", next_steps=TO_THE_LIST)
    if answer_until is not None and answer_until != until:
        if answer_until < until:
            raise BadInput("提交响应文件的截止时间只能推后", field="answer_until")
        _open_for(innovation, answer_until)
    _changed(innovation, "clarified", text, actor=actor, now=now)
    return innovation


def _changed(innovation: Innovation, act: str, text: str, *, actor: Actor, now: datetime) -> None:
    kept = said(text, what="内容", field="text", most=1500)
    innovation.changes = [*innovation.changes, {"at": now.isoformat(), "text": kept}]
    innovation.save()
    assert innovation.sealed_until is not None, "an issued file has its time"
    open_ = f"\n提交响应文件的截止时间: {in_words(innovation.sealed_until)}" if act == "clarified" else ""
    tell_those(
        innovation,
        [one.supplier_id for one in left_in(innovation)],
        title="研发谈判文件的书面变动通知",
        text=kept + open_,
        now=now,
    )
    record(
        act,
        innovation,
        actor=actor,
        now=now,
        public={"text": kept, "answer_until": innovation.sealed_until.isoformat()},
        escrowed=hidden(innovation),
    )


# --- sealed responses


def _responding(innovation_id: str, actor: Actor) -> tuple[Innovation, Participant, str]:
    innovation = locked(innovation_id)
    participant = participant_of(innovation, actor)
    kind = _KINDS.get(Stage(innovation.stage))
    if kind is None or innovation.sealed_until is None or innovation.reveal_until is None:
        raise NotNow("现在不接收响应文件", next_steps=TO_THE_LIST)
    if participant.pk not in {one.pk for one in left_in(innovation)}:
        raise NotPermitted("本单位没有取得研发谈判文件, 或者没有继续参加", next_steps=TO_THE_LIST)
    return innovation, participant, kind


def _statement(innovation: Innovation, participant: Participant, kind: str, commitment: str) -> bytes:
    return canonical(
        {
            "purchase": innovation.public_id,
            "supplier": participant.supplier.uscc,
            "kind": kind,
            "commitment": commitment,
        }
    )


def _sealing(
    innovation_id: str, commitment: str, actor: Actor, now: datetime
) -> tuple[Innovation, Participant, str]:
    innovation, participant, kind = _responding(innovation_id, actor)
    # the moment is checked before everything else: no refusal after it tells what was there before
    if innovation.sealed_until is None or now >= innovation.sealed_until:
        raise NotNow("封存响应文件的时间已过", next_steps=TO_THE_LIST)
    if len(commitment) != 64 or set(commitment) - _HEX:
        raise BadInput("响应文件的封存摘要应为64位小写十六进制SHA-256值", field="commitment")
    return innovation, participant, kind


@transaction.atomic
def response_to_sign(*, innovation_id: str, commitment: str, actor: Actor, now: datetime) -> bytes:
    """Return the digest of a response as the supplier signs it.

    :raises NotNow: the time is over
    :raises NotPermitted: it has no file
    """
    require(actor, Permission.INNOVATION_APPLY, signed=True)
    innovation, participant, kind = _sealing(innovation_id, commitment, actor, now)
    move_innovation(innovation, "seal_response", actor=actor)
    return _statement(innovation, participant, kind, commitment)


@transaction.atomic
def seal_response(
    *, innovation_id: str, commitment: str, signature: str, actor: Actor, now: datetime
) -> dict[str, object]:
    """Seal a response: keep its signed digest; sealed anew before the time, the last one counts; the same again changes nothing. Returns the acknowledgement.

    :raises NotNow: the time is over
    :raises NotPermitted: it has no file
    :raises SignatureWrong: the signature is not on this digest
    """
    require(actor, Permission.INNOVATION_APPLY, signed=True)
    innovation, participant, kind = _sealing(innovation_id, commitment, actor, now)
    move_innovation(innovation, "seal_response", actor=actor)
    if participant.responses.filter(kind=kind, commitment=commitment).exists():
        # said twice, it keeps its first moment: equals go by it
        mine = Entry.objects.filter(
            act="innovation.response_sealed", subject=participant.public_id, organisation=actor.organisation
        )
        return acknowledge(mine.latest("pk"))
    signed = sign_document(
        kind=RESPONSE,
        subject=participant.public_id,
        document=_statement(innovation, participant, kind, commitment),
        signature=signature,
        actor=actor,
        now=now,
    )
    SealedResponse.objects.update_or_create(
        participant=participant,
        kind=kind,
        defaults={"commitment": commitment, "signature": signed, "sealed_at": now},
    )
    entry = record(
        "response_sealed",
        innovation,
        subject=participant.public_id,
        actor=actor,
        now=now,
        public={"kind": kind, "commitment": commitment},
        supervisor={"supplier": actor.uscc},
        escrowed=True,
    )
    return acknowledge(entry)


@transaction.atomic
def reveal_response(
    *,
    innovation_id: str,
    response: Mapping[str, object],
    salt: str,
    file_data: bytes = b"",
    actor: Actor,
    now: datetime,
) -> SealedResponse:
    """Reveal a sealed response to the group within its time; what does not give the digest again is refused. The same again changes nothing.

    :param file_data: the file whose hash was sealed with the response, nothing where none was
    :raises NotNow: not yet, or no longer
    :raises NotPermitted: this supplier has sealed nothing
    :raises WrongReveal: text, file and salt are not what was sealed
    :raises BadInput: it does not answer the file: a part missing, an amount over its limit
    """
    require(actor, Permission.INNOVATION_APPLY)
    innovation, participant, kind = _responding(innovation_id, actor)
    move_innovation(innovation, "reveal_response", actor=actor)
    assert innovation.sealed_until is not None and innovation.reveal_until is not None
    if not innovation.sealed_until <= now < innovation.reveal_until:
        raise NotNow("封存截止以后24小时内揭示响应文件", next_steps=TO_THE_LIST)
    found = participant.responses.select_for_update().filter(kind=kind).first()
    if found is None:
        raise NotPermitted("本单位没有封存响应文件, 不能揭示", next_steps=TO_THE_LIST)
    text = rules.response_text(response)
    digest = rules.sealed(
        purchase=innovation.public_id,
        supplier=participant.supplier.uscc,
        kind=kind,
        response=text,
        salt=salt,
    )
    if digest != found.commitment:
        raise rules.WrongReveal(
            "内容和随机数与封存的摘要不一致: 请用最后一次封存时保存的响应凭证", field="salt"
        )
    kept = rules.response(
        text,
        compensation=Decimal(innovation.file["compensation"]),
        first_price=Decimal(innovation.file["first_price"]),
        most_months=innovation.file["months"],
    )
    rules.require_file(kept, file_data)
    if found.revealed_at is None:
        if file_data:
            files.keep(file_data)
        found.response, found.salt, found.revealed_at = kept, salt, now
        found.save()
        record(
            "response_revealed",
            innovation,
            subject=participant.public_id,
            actor=actor,
            now=now,
            public={"kind": kind, "commitment": digest},
            # with the moment of its sealing all that the ranking needs of a response
            supervisor={
                "supplier": actor.uscc,
                "participant": participant.public_id,
                "price": str(Decimal(kept["compensation"]) + Decimal(kept["first_price"])),
            },
            escrowed=True,
        )
    return found


@effect(SEALED)
def ask_to_reveal(subject: str, now: datetime) -> datetime | None:
    """Ask everybody who could respond to reveal: all are asked, so that nobody learns who did."""
    innovation = locked(subject)
    if innovation.sealed_until is None:
        return None
    if now < innovation.sealed_until:
        return innovation.sealed_until
    if innovation.stage == Stage.STOPPED.value:
        tell_all(innovation, "response_sealed", now=now)
    if Stage(innovation.stage) not in _KINDS:
        return None
    assert innovation.reveal_until is not None, "what is sealed is revealed"
    tell_those(
        innovation,
        [one.supplier_id for one in left_in(innovation)],
        title="封存截止, 请揭示响应文件",
        text=f"封存了响应文件的, 请在{in_words(innovation.reveal_until)}以前用响应凭证揭示; 没有揭示的视为没有响应。",
        now=now,
    )
    return None


@effect(SETTLE)
def settle(subject: str, now: datetime) -> datetime | None:
    """Go on when the time to reveal is over: the group reads what was revealed; nothing revealed ends it."""
    innovation = locked(subject)
    kind = _KINDS.get(Stage(innovation.stage))
    if kind is None or innovation.reveal_until is None:
        return None
    if now < innovation.reveal_until:
        return innovation.reveal_until
    first = kind == SealedResponse.FIRST
    revealed = SealedResponse.objects.filter(
        participant__innovation=innovation, kind=kind, revealed_at__isnull=False
    ).count()
    if not revealed:
        stop(
            innovation,
            "fail_without_responses" if first else "fail_without_finals",
            reason="没有供应商提交响应文件" if first else "没有供应商提交最终响应文件",
            actor=SYSTEM,
            now=now,
        )
        return None
    move_innovation(innovation, "settle_responses" if first else "settle_finals", actor=SYSTEM)
    innovation.save()
    record(
        "responses_settled",
        innovation,
        actor=SYSTEM,
        now=now,
        supervisor={"kind": kind, "revealed": revealed},
        escrowed=hidden(innovation),
    )
    tell_those(
        innovation,
        [innovation.buyer_id],
        title="响应文件已揭示",
        text="请谈判小组与每家供应商分别谈判。" if first else "请谈判小组评审最终响应文件。",
        now=now,
    )
    return None


# --- talks


@transaction.atomic
def record_talk(
    *, innovation_id: str, participant: str, text: str, actor: Actor, now: datetime
) -> InnovationTalk:
    """Write down what the group talked about with one supplier, by itself; only the group reads it.

    :raises BadInput: nothing written, or nobody who is left
    """
    require(actor, Permission.INNOVATION_JUDGE)
    innovation, member = sitting_in(innovation_id, actor)
    move_innovation(innovation, "record_talk", actor=actor)
    one = next((p for p in left_in(innovation) if p.public_id == participant), None)
    if one is None:
        raise BadInput("请选择一家参加谈判的供应商", field="participant")
    made = InnovationTalk.objects.create(
        participant=one,
        member=member,
        text=said(text, what="与该供应商谈了什么、商定了什么", field="text", most=20_000),
        talked_at=now,
    )
    record(
        "talked",
        innovation,
        subject=one.public_id,
        actor=actor,
        now=now,
        supervisor={"supplier": one.supplier.uscc, "member": member.code},
        escrowed=True,
    )
    return made


@transaction.atomic
def change_file(*, innovation_id: str, text: str, actor: Actor, now: datetime) -> Innovation:
    """Change what the file asks for in technology, service or contract terms, in writing to all who are left.

    Targets, amounts and factors are no part of it: the act has no place for them, so that talks cannot change them.
    """
    require(actor, Permission.INNOVATION_JUDGE)
    innovation, _ = sitting_in(innovation_id, actor)
    move_innovation(innovation, "change_file", actor=actor)
    _changed(innovation, "changed", text, actor=actor, now=now)
    return innovation


@transaction.atomic
def ask_finals(*, innovation_id: str, until: datetime, actor: Actor, now: datetime) -> Innovation:
    """Ask everybody left for a final response until one moment. Fewer than five working days warn (GP-T62, from memory).

    :raises TalksNotDone: somebody was not talked with
    :raises BadInput: the moment is past
    """
    require(actor, Permission.INNOVATION_JUDGE)
    innovation, _ = sitting_in(innovation_id, actor)
    move_innovation(innovation, "ask_finals", actor=actor)
    left = list(
        innovation.participants.select_related("supplier").filter(
            responses__kind=SealedResponse.FIRST, responses__revealed_at__isnull=False
        )
    )
    talked = set(
        InnovationTalk.objects.filter(participant__innovation=innovation).values_list(
            "participant_id", flat=True
        )
    )
    if missing := [one.supplier.name for one in left if one.pk not in talked]:
        raise TalksNotDone(
            f"还没有与{'、'.join(missing)}谈判的记录, 应当与每家分别谈判", next_steps=TO_THE_LIST
        )
    if until <= now:
        raise BadInput("提交最终响应文件的截止时间应在现在以后", field="until")
    innovation.finals_asked_at = now
    _open_for(innovation, until)
    innovation.save()
    tell_those(
        innovation,
        [one.supplier_id for one in left],
        title="请提交最终响应文件",
        text=f"请在{in_words(until)}以前封存最终响应文件, 到时起24小时内揭示; 没有提交的视为退出。",
        now=now,
    )
    record(
        "finals_asked",
        innovation,
        actor=actor,
        now=now,
        public={"until": until.isoformat()},
        escrowed=hidden(innovation),
    )
    return innovation

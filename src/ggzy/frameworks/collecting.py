"""A closed framework's first stage is a round (征集, GP_KJ_TENDER): its file fixes the terms, its result is the shortlist.

The rounds lie below and know nothing of frameworks. They ask here whether the terms of a file are lawful, and hand over
whom the collector has confirmed; from there the framework goes on as any closed one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from ggzy.awarding import several
from ggzy.awarding.models import Award, Chosen
from ggzy.awarding.several import Choice
from ggzy.evaluation.actions import document_of
from ggzy.evaluation.queries import report_of_round
from ggzy.frameworks import rules
from ggzy.frameworks.actions import TermOver, create, require_other, term_facts, terms
from ggzy.frameworks.calling import NotNow, stop_for_the_end
from ggzy.frameworks.models import Framework, FrameworkMember
from ggzy.frameworks.moves import TO_THE_LIST, locked, move_framework, seat
from ggzy.frameworks.rules import BASIS, Kind, QualityCase, Way
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
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, Citation
from ggzy.notices.actions import NoticeKind
from ggzy.procedures.catalogue import GP_KJ_CLOSED, GP_KJ_TENDER
from ggzy.procedures.spec import Stage
from ggzy.tendering.document import UNIT_PRICES, Method, TenderDocument
from ggzy.tendering.models import Round, Tender
from ggzy.tendering.moves import holds_on
from ggzy.tendering.terms import checks_terms, words_of_terms

_TEXTS = ("needs", "conditions", "scope", "settlement", "contract_terms", "contact", "removal_terms")
_PLAIN = ("collector_kind", "turn_rule", "tie_rule")


@checks_terms(GP_KJ_TENDER.code)
def check_terms(tender: Tender, document: TenderDocument, now: datetime) -> Mapping[str, Any]:
    """Return the terms of a framework agreement as the file of its collection fixes them (110号令22至26).

    :param now: nothing can come of the file before: the moment of writing, and the deadline once it is published
    :raises BadInput: something is missing, or quality first in a case that the law does not name
    :raises RateTooLow: an elimination rate under the floor
    """
    given: Mapping[str, Any] = document.terms or {}
    assert document.policy is not None and document.policy.several is not None, (
        "the procedure ends with several"
    )
    if not any(r.key == UNIT_PRICES for r in document.requirements):
        raise BadInput("评审要求应保留“逐项报出单价”一项, 平台据此核对单价", field="requirements")
    case = str(given.get("quality_case") or "")
    quality = document.method is Method.COMPREHENSIVE
    if quality and case not in set(QualityCase):
        raise BadInput(
            "质量优先法只用于有政府定价、政府指导价的项目, 和对质量有特别要求的检测、实验等仪器设备; 其他项目应当采用价格优先法"
            "(110号令第二十五条)",
            field="terms.quality_case",
        )
    if not document.policy.several.rate:
        raise BadInput("征集文件应当载明淘汰比例(110号令第二十六条)", field="policy.several.rate")
    rules.require_rate(
        document.policy.several.rate, instruments_by_quality=quality and case == QualityCase.INSTRUMENTS
    )
    ends_at = _moment(given.get("ends_at"))
    if ends_at <= now:
        raise BadInput(
            f"框架协议的期满时间应晚于{day(now)}: 响应文件提交截止以后才能产生入围结果, 期满前应有时间签订和使用"
            "(110号令第十五条)",
            field="terms.ends_at",
        )
    hours = str(given.get("response_hours") or "48")
    if not (hours.isascii() and hours.isdigit() and len(hours) < 4):
        raise BadInput("响应时间请填写小时数", field="terms.response_hours")
    fields = terms(
        kind=Kind.CLOSED,
        name=tender.name,
        category=document.policy.subject.value,
        ends_at=ends_at,
        items=_list(given.get("items"), "items"),
        ways=_ways(given.get("ways") or []),
        response_hours=int(hours),
        now=now,
        **{name: str(given.get(name) or "") for name in (*_TEXTS, *_PLAIN)},
    )
    del fields["name"], fields["kind"]
    return fields | {
        "ends_at": fields["ends_at"].isoformat(),
        "quality_case": case if quality else "",
    }


@words_of_terms(GP_KJ_TENDER.code)
def terms_in_words(tender: Tender, document: TenderDocument, issued_at: datetime) -> list[tuple[str, str]]:
    """Return the terms of the framework agreement in words, with the method and how many drop out (110号令22)."""
    assert document.terms is not None and document.policy is not None and document.policy.several is not None
    file, several_ = dict(document.terms), document.policy.several
    case = file.pop("quality_case")
    said = Framework(
        **file | {"ends_at": datetime.fromisoformat(file["ends_at"])},
        name=tender.name,
        kind=Kind.CLOSED.value,
        collector=tender.tenderee,
        published_at=issued_at,
    )
    drop = f"{document.method_label}{f'({QualityCase(case).label})' if case else ''}, 淘汰比例{several_.rate * 100:.0f}%且至少淘汰1家"
    most = f"; 入围最多{several_.most}家" if several_.most else ""
    return [*term_facts(said), ("评审方法和淘汰比例", f"{drop}{most}")]


def _moment(text: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(text or ""))
    except ValueError:
        raise BadInput("请填写框架协议的期满时间", field="terms.ends_at") from None
    if found.tzinfo is None:
        raise BadInput("框架协议的期满时间应写明时区", field="terms.ends_at")
    return found


def _list(rows: Any, field: str) -> Sequence[Mapping[str, Any]]:
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise BadInput("标的应为列表, 每行含名称、计量单位、规格和最高限制单价", field=f"terms.{field}")
    return rows


def _ways(given: Any) -> list[str]:
    if not isinstance(given, list | tuple) or not all(way in set(Way) for way in map(str, given)):
        raise BadInput(
            f"授予合同的方式应为列表, 可选{'、'.join(f'{way.value}({way.label})' for way in Way)}",
            field="terms.ways",
        )
    return [str(way) for way in given]


def framework_of(round_: Round) -> Framework | None:
    """Return the framework that a round has collected, None before its result."""
    return Framework.objects.filter(collection__round=round_.public_id).first()


def round_of(framework: Framework) -> Round | None:
    """Return the round that has collected a framework, None where it was registered."""
    found = framework.collection.get("round")
    return Round.objects.filter(public_id=found).first() if found else None


def require_unheld(framework: Framework) -> None:
    """Let agreements be signed while no challenge of the shortlist waits, and nothing else stops the round (政采条例54).

    :raises NotNow: something does
    """
    round_ = round_of(framework)
    if round_ is not None and (held := holds_on(round_)):
        why = "、".join(sorted(hold.label for hold in held))
        raise NotNow(f"因{why}, 暂停签订框架协议, 解除后方可继续", next_steps=TO_THE_LIST)


def signed_with(framework: Framework, member: FrameworkMember, *, now: datetime) -> None:
    """Tell the round that both sides have signed with a supplier (called inside that act)."""
    if (round_ := round_of(framework)) is not None:
        several.conclude(round_pk=round_.pk, supplier_pk=member.supplier_id, now=now)


def left_out(framework: Framework, member: FrameworkMember, *, now: datetime) -> None:
    """Tell the round that no agreement came of a supplier, and whose doing that is.

    Its own only where it had all of its 30 days, those of a hold not counted, and did not sign: a term may end sooner.
    """
    if (round_ := round_of(framework)) is not None:
        assert framework.letter_sent_at is not None, "a shortlist has its letters"
        held = held_days([framework], now=now).get(framework.public_id, frozenset())
        over = now >= counted(SIGN, started=framework.letter_sent_at, paused=held).instant
        several.fall(
            round_pk=round_.pk,
            supplier_pk=member.supplier_id,
            kind=Award.NO_CONTRACT if over and not member.signature_id else Chosen.BUYER,
            reason=member.reason,
            now=now,
        )


class _Collection:
    """What becomes of the result of a collection."""

    def too_late(self, round_: Round, *, now: datetime) -> bool:
        """Say whether the term that the file names is over: no agreement could be signed any more."""
        document = document_of(round_)
        assert document.terms is not None, "the file of a collection has terms"
        return now >= datetime.fromisoformat(document.terms["ends_at"])

    def chosen(self, round_: Round, chosen: Sequence[Choice], *, actor: Actor, now: datetime) -> None:
        """Make the framework from the file and its shortlist from the responses; the 30 days to sign begin (GP-T38).

        :raises TermOver: the term that the file names is over
        """
        document = document_of(round_)
        framework = _made(round_, document, chosen, actor=actor, now=now)
        FrameworkMember.objects.bulk_create(
            [
                FrameworkMember(
                    framework=framework,
                    supplier_id=c.bid.bidder_pk,
                    stage=Stage.SHORTLIST.value,
                    prices={
                        number: str(Decimal(str(c.bid.fields["unit_prices"][number])))
                        for number in document.unit_ceilings
                    },
                    place=c.place,
                    applied_at=now,
                    decided_at=now,
                )
                for c in chosen
            ]
        )
        for member in framework.members.select_related("supplier"):
            require_other(framework, member.supplier_id)
            member.contact = member.supplier.contact
            member.save(update_fields=["contact"])
        tell_those(
            framework,
            [c.bid.bidder_pk for c in chosen],
            title="入围通知书",
            text="请自本通知书发出之日起30日内签订框架协议。",
            now=now,
        )
        record(
            "shortlisted",
            framework,
            actor=actor,
            now=now,
            public={"shortlisted": [c.bid.uscc for c in chosen], "round": round_.public_id},
        )
        begin_clock(SIGN, subject=framework.public_id, started=now)

    def voided(self, round_: Round, *, reason: str, actor: Actor, now: datetime) -> None:
        """End the framework whose shortlist stands no more; contracts that are called off stay (94号令16、32)."""
        found = framework_of(round_)
        if found is None:
            return
        framework = locked(found.public_id)
        if framework.expired_at is not None:
            return  # it is over by itself; contracts that are called off stay either way
        move_framework(framework, "void_shortlist", actor=actor)
        stop_for_the_end(framework, now=now)
        within = list(
            framework.members.select_for_update(of=("self",)).filter(
                stage__in=[Stage.SHORTLIST.value, Stage.JOINED.value]
            )
        )
        for member in within:
            seat(member, signed=False)
            member.left_at = now if member.joined_at else None
            member.reason = "入围结果无效"
            member.save()
        framework.expired_at = now
        framework.save(update_fields=["stage", "expired_at"])
        for key in (SIGN, FILE, INFORM):
            end_clock(key, subject=framework.public_id, now=now)
        announce(
            NoticeKind.FRAMEWORK,
            framework,
            "框架协议终止公告",
            [
                ("征集人", framework.collector.name),
                ("框架协议采购项目", framework.name),
                ("终止的原因", "质疑或者投诉成立, 入围结果无效; 已经成交的合同照常履行, 将重新征集"),
            ],
            actor=actor,
            now=now,
        )
        tell_those(
            framework,
            [m.supplier_id for m in within],
            title="框架协议终止",
            text="质疑或者投诉成立, 入围结果无效, 框架协议不再签订和执行; 已经成交的合同照常履行。",
            now=now,
        )
        record("voided", framework, actor=actor, now=now, supervisor={"reason": reason})


def _made(
    round_: Round, document: TenderDocument, chosen: Sequence[Choice], *, actor: Actor, now: datetime
) -> Framework:
    assert document.terms is not None and document.policy is not None and document.policy.several is not None
    file = dict(document.terms)
    case = file.pop("quality_case")
    file["ends_at"] = datetime.fromisoformat(file["ends_at"])
    if now >= file["ends_at"]:
        raise TermOver(
            "征集文件载明的框架协议期限已经届满, 不能再确定入围供应商; 请以此为由终止本轮, 重新征集",
            basis=Citation(BASIS, "第十五条"),
        )
    tender, evaluation = round_.lot.tender, report_of_round(round_.pk)
    assert evaluation is not None, "a result follows a report"
    name = tender.name
    if Framework.objects.filter(collector_id=actor.organisation_pk, name=name, expired_at=None).exists():
        # the one before may still run: what is collected anew is told apart by its code
        name = f"{name[:180]}({tender.deal_code[-6:]})"
    framework = create(
        {
            **file,
            "name": name,
            "kind": Kind.CLOSED.value,
            "collection": {
                "notice": tender.deal_code,
                "address": f"{settings.PUBLIC_ADDRESS}/lots/{round_.lot.public_id}",
                "report_sha256": evaluation.report_sha256,
                "by_quality": document.method is Method.COMPREHENSIVE,
                "quality_case": case,
                "rate": str(document.policy.several.rate),
                "cap": document.policy.several.most or None,
                "round": round_.public_id,
            },
        },
        stage=GP_KJ_CLOSED.initial,
        actor=actor,
        now=now,
    )
    move_framework(framework, "shortlist", actor=actor)
    framework.letter_sent_at = now
    framework.save()
    return framework


several.follow(GP_KJ_TENDER.code, _Collection())

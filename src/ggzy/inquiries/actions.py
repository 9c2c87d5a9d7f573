"""Taking a tender file, asking about it. Both are escrowed: that somebody did, and when, would count bidders."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.inquiries.models import FileTaking, Question
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound, NotPermitted, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.fronts import own_admissions
from ggzy.tendering.models import Round, Tender, TenderFile
from ggzy.tendering.moves import place_of

MOST_QUESTIONS = 50
MOST_TEXT = 2000


class QuestionsClosed(Refusal):
    """The tender takes no questions (any more)."""

    code = "inquiries.closed"


def _tender(tender_id: str) -> Tender:
    found = Tender.objects.filter(public_id=tender_id).first()
    if found is None:
        raise NotFound("没有这个招标项目, 请从列表进入")
    return found


def _require_open(tender: Tender, actor: Actor, now: datetime) -> None:
    """Judge by the moment, the stage and one's own admission alone: no refusal may tell of other bidders."""
    rounds = list(Round.objects.filter(lot__tender=tender, stage=Stage.OPEN_FOR_BID.value))
    deadlines = [r.bid_deadline for r in rounds]
    only = [r.pk for r in rounds if r.restricted]
    if only and not own_admissions(round_pks=only, organisation_pk=actor.organisation_pk or 0):
        raise NotPermitted("该项目只向通过资格预审、接受邀请或提交技术建议的单位发出招标文件")
    if not any(deadline and now < deadline for deadline in deadlines):
        raise QuestionsClosed("该项目不在公告及投标期间, 不再受理提问和获取登记; 招标文件仍可公开下载")


@transaction.atomic
def take_file(*, tender_id: str, actor: Actor, now: datetime) -> FileTaking:
    """Note that an organisation took the newest version, so that it is told of every later one. Again changes nothing.

    The file itself is free for anyone without this (20号令: no registration to get documents).

    :raises QuestionsClosed: no lot takes bids
    """
    require(actor, Permission.FILE_TAKE)
    tender = _tender(tender_id)
    _require_open(tender, actor, now)
    version = (
        TenderFile.objects.filter(tender=tender).order_by("-version").values_list("version", flat=True)[0]
    )
    return _take(tender, version, actor=actor, now=now)


def _take(tender: Tender, version: int, *, actor: Actor, now: datetime) -> FileTaking:
    taking, new = FileTaking.objects.get_or_create(
        tender=tender,
        taker_id=actor.organisation_pk,
        version=version,
        front=None,
        defaults={"taken_at": now, "region_code": tender.region_code},
    )
    if new:
        record_act(
            "inquiries.file_taken",
            subject=taking.public_id,
            actor=actor,
            legal_at=now,
            ocid=tender.ocid,
            party={"version": version, "taker": actor.organisation},
            escrowed=True,
        )
    return taking


@transaction.atomic
def take_front_file(*, round_id: str, actor: Actor, now: datetime) -> FileTaking:
    """Note that an organisation took a prequalification file, from when it may challenge it. Again changes nothing.

    :raises QuestionsClosed: the front takes no applications
    """
    require(actor, Permission.FILE_TAKE)
    front = Round.objects.select_related("lot__tender").filter(public_id=round_id, phase=0).first()
    if front is None:
        raise NotFound("没有这次资格预审, 请从标段页面进入")
    if front.stage != Stage.PQ_OPEN or front.bid_deadline is None or now >= front.bid_deadline:
        raise QuestionsClosed("该项目不在资格预审公告及申请期间, 不再受理获取登记; 资格预审文件仍可公开查看")
    tender = front.lot.tender
    taking, new = FileTaking.objects.get_or_create(
        tender=tender,
        taker_id=actor.organisation_pk,
        front=front,
        defaults={"version": 0, "taken_at": now, "region_code": tender.region_code},
    )
    if new:
        record_act(
            "inquiries.front_file_taken",
            subject=taking.public_id,
            actor=actor,
            legal_at=now,
            **place_of(front),
            party={"taker": actor.organisation},
        )
    return taking


@transaction.atomic
def ask(*, tender_id: str, text: str, actor: Actor, now: datetime) -> Question:
    """Ask about a tender file. The owner side sees the text, never who asked.

    :raises QuestionsClosed: no lot takes bids
    :raises BadInput: empty, too long, or names the asker itself
    """
    require(actor, Permission.QUESTION_ASK)
    tender = _tender(tender_id)
    _require_open(tender, actor, now)
    said = text.strip()
    if not 4 <= len(said) <= MOST_TEXT:
        raise BadInput(f"请写明问题(4至{MOST_TEXT}字)", field="text")
    if (actor.organisation_name and actor.organisation_name in said) or (actor.uscc and actor.uscc in said):
        raise BadInput("提问是匿名的: 请删去贵单位的名称或代码后再提交", field="text")
    if Question.objects.filter(tender=tender, asker_id=actor.organisation_pk).count() >= MOST_QUESTIONS:
        raise BadInput(f"每个单位对一个项目最多提{MOST_QUESTIONS}个问题, 请合并后提出", field="text")
    version = (
        TenderFile.objects.filter(tender=tender).order_by("-version").values_list("version", flat=True)[0]
    )
    _take(tender, version, actor=actor, now=now)
    question = Question.objects.create(
        tender=tender,
        asker_id=actor.organisation_pk,
        text=said,
        asked_at=now,
        region_code=tender.region_code,
    )
    record_act(
        "inquiries.asked",
        subject=question.public_id,
        actor=actor,
        legal_at=now,
        ocid=tender.ocid,
        party={"text": said},
        escrowed=True,
    )
    return question


def answer_with(
    tender: Tender, *, answers: Mapping[str, str], version: int, now: datetime
) -> list[dict[str, str]]:
    """Answer questions with a version of the file (called inside the clarification) and return what is published.

    :raises BadInput: a question that is not of this tender, is answered, or an empty answer
    """
    rows = {
        q.public_id: q for q in Question.objects.select_for_update().filter(tender=tender, answered_at=None)
    }
    out = []
    for question_id, answer in answers.items():
        row = rows.get(question_id)
        if row is None:
            raise BadInput("所答复的问题不存在或已经答复, 请刷新页面", field="answers")
        if not answer.strip():
            raise BadInput("请写明答复内容; 暂不答复的请不要勾选", field="answers")
        row.answer, row.answered_at, row.version = answer.strip()[:MOST_TEXT], now, version
        row.save(update_fields=["answer", "answered_at", "version"])
        out.append({"question": row.text, "answer": row.answer})
    return out

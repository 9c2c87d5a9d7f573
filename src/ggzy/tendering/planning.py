"""What comes before the file of a government procurement: the published intent and the filed plan."""

import re
from datetime import datetime

from django.db import transaction

from ggzy.kernel import calendars
from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import BadInput, NotFound
from ggzy.law import table
from ggzy.law.limits import beijing_date, latest_before
from ggzy.notices.actions import NoticeKind, publish_notice
from ggzy.parties.grid import Permission, require
from ggzy.tendering.actions import move_all
from ggzy.tendering.models import ProcurementPlan, Tender
from ggzy.tendering.moves import require_owner_side, require_tenderee

MOST_TEXT = 4000


def _tender(tender_id: str) -> Tender:
    tender = Tender.objects.select_related("tenderee").filter(public_id=tender_id, scope="GP").first()
    if tender is None:
        raise NotFound("没有这个政府采购项目")
    return tender


@transaction.atomic
def publish_intent(
    *, tender_id: str, needs: str, expected: str, actor: Actor, now: datetime
) -> ProcurementPlan:
    """Publish what is to be bought, for how much, and when it is expected to begin: BUDGET → INTENT.

    `expected` is a month, as 2026-09.

    :raises BadInput: no needs, or no month
    :raises NothingToDo: the intent is out
    """
    require(actor, Permission.TENDER_PUBLISH)
    tender = _tender(tender_id)
    require_owner_side(tender, actor)
    if not needs.strip() or len(needs) > MOST_TEXT:
        raise BadInput(
            f"请写明采购需求概况: 标的、数量、质量、服务、时限等(不超过{MOST_TEXT}字)", field="needs"
        )
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", expected):
        raise BadInput("预计采购时间应写成年-月, 如2026-09", field="expected")
    budget = sum(lot.budget for lot in tender.lots.all())
    move_all(tender_id, "publish_intent", "tendering.intent_published", actor=actor, now=now)
    plan = ProcurementPlan.objects.create(
        tender=tender,
        needs=needs.strip(),
        expected=expected,
        intent_at=now,
        region_code=tender.region_code,
    )
    publish_notice(
        kind=NoticeKind.INTENT,
        ocid=tender.ocid,
        tender=tender.public_id,
        rounds=[],
        title=f"{tender.name}采购意向公告",
        body={
            "owner": tender.tenderee.name,
            "deal_code": tender.deal_code,
            "name": tender.name,
            "needs": plan.needs,
            "budget": str(budget),
            "expected": expected,
            "says": "采购意向供供应商提前了解, 具体以招标公告和招标文件为准",
        },
        actor=actor,
        now=now,
    )
    return plan


def plan_of(tender_id: str) -> ProcurementPlan | None:
    """Return the plan of a procurement, if its intent is out or its plan is filed."""
    return ProcurementPlan.objects.filter(tender__public_id=tender_id).first()


def too_soon(plan: ProcurementPlan | None, now: datetime) -> str:
    """Return a warning where a procurement begins less than GP-T50 after its intent, "" where it does not."""
    if plan is None or plan.intent_at is None:
        return ""
    limit = table.limit("GP-T50", on=beijing_date(now))
    last = latest_before(limit, event=now, calendar=calendars.CHINA)
    if plan.intent_at < last.instant:
        return ""
    return f"采购意向公开不满{limit.length}日({limit.cites}, 待核): 因不可预见的原因急需开展的, 请在采购档案中写明"


@transaction.atomic
def file_plan(
    *,
    tender_id: str,
    number: str,
    reserved: bool,
    not_reserved: str = "",
    urgent: str = "",
    actor: Actor,
    now: datetime,
) -> ProcurementPlan:
    """File the plan of a procurement: INTENT → PLAN, or BUDGET → PLAN where no intent could be published.

    :raises BadInput: no number, no reason for not reserving it for small and medium enterprises, or no reason for
        going without an intent
    :raises NothingToDo: the plan is filed
    """
    require(actor, Permission.TENDER_EDIT)
    tender = _tender(tender_id)
    require_owner_side(tender, actor)
    plan = ProcurementPlan.objects.select_for_update().filter(tender=tender).first()
    if plan is None:
        require_tenderee(tender, actor)
        if not urgent.strip():
            raise BadInput("没有公开采购意向的, 请写明不可预见的原因; 也可以先公开采购意向", field="urgent")
        plan = ProcurementPlan(tender=tender, needs=tender.name, region_code=tender.region_code)
    if not number.strip():
        raise BadInput("请填写采购计划(实施计划)备案编号", field="number")
    if not reserved and not not_reserved.strip():
        raise BadInput("不专门面向中小企业采购的, 请写明理由(财库〔2020〕46号第六条)", field="not_reserved")
    plan.number, plan.reserved, plan.filed_at = number.strip()[:60], reserved, now
    plan.not_reserved, plan.urgent = not_reserved.strip()[:MOST_TEXT], urgent.strip()[:MOST_TEXT]
    move_all(
        tender_id,
        "file_plan",
        "tendering.plan_filed",
        public={"number": plan.number, "reserved": reserved, "urgent": plan.urgent},
        actor=actor,
        now=now,
    )
    plan.save()
    return plan

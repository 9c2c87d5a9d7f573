"""Registering a project."""

from datetime import datetime

from django.db import transaction

from ggzy.evidence.actions import record_act
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.ids import require_industry, require_invest_code, require_region
from ggzy.kernel.refusals import BadInput, NotFound, Refusal
from ggzy.parties.grid import Permission, require
from ggzy.parties.models import Organisation
from ggzy.projects.models import Project


class ProjectKnown(Refusal):
    """The investment code is registered already for this owner."""

    code = "projects.known"


@transaction.atomic
def register_project(
    *,
    name: str,
    invest_code: str,
    industry_code: str,
    region_code: str,
    approval_document: str,
    funds: str,
    place: str,
    scale: str,
    owner_uscc: str = "",
    actor: Actor,
    now: datetime,
) -> Project:
    """Register a project for the actor's organisation; an agency names the tenderee it acts for.

    A procurement of goods or services has no investment code; a construction tender asks for it when it is drafted.

    :raises BadInput: a field that is missing or cannot be right
    :raises ProjectKnown: the same investment code is registered for this owner
    """
    require(actor, Permission.PROJECT_REGISTER)
    for field, text, says in (
        ("name", name, "项目名称"),
        ("approval_document", approval_document, "审批核准备案文号"),
        ("funds", funds, "资金来源及落实情况"),
        ("place", place, "建设地点"),
        ("scale", scale, "建设规模和内容"),
    ):
        if not text.strip():
            raise BadInput(f"请填写{says}", field=field)
    if len(name) > 200:
        raise BadInput("项目名称不超过200字", field="name")
    owner = _owner(owner_uscc, actor)
    # what is bought and not built has no investment code
    code = require_invest_code(invest_code) if invest_code.strip() else ""
    if code and Project.objects.filter(owner=owner, invest_code=code).exists():
        raise ProjectKnown(
            "该投资项目代码已登记过, 请在已有项目下新建招标", next_steps=(("我的项目", "/work"),)
        )
    project = Project.objects.create(
        name=name.strip(),
        invest_code=code,
        industry_code=require_industry(industry_code),
        region_code=require_region(region_code),
        owner=owner,
        approval_document=approval_document.strip()[:200],
        funds=funds.strip()[:200],
        place=place.strip()[:200],
        scale=scale.strip(),
        registered_at=now,
    )
    record_act(
        "projects.registered",
        subject=project.public_id,
        actor=actor,
        legal_at=now,
        supervisor={"name": project.name, "invest_code": code, "owner": owner.uscc},
    )
    return project


def _owner(uscc: str, actor: Actor) -> Organisation:
    if actor.role is Role.TENDEREE:
        return Organisation.objects.get(pk=actor.organisation_pk)
    found = Organisation.objects.filter(
        uscc=uscc.strip().upper(), kinds__contains=[Role.TENDEREE.value]
    ).first()
    if found is None:
        raise NotFound("请填写委托您的招标人的统一社会信用代码, 该单位需已登记为招标人", field="owner_uscc")
    return found

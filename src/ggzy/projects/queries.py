"""What the workbench shows of projects."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound
from ggzy.projects.models import Project


@dataclass(frozen=True, kw_only=True)
class ProjectRow:
    """A project as its owner side sees it."""

    project: str
    name: str
    invest_code: str
    owner: str
    place: str
    registered_at: datetime
    tenders: int


def _row(project: Project) -> ProjectRow:
    return ProjectRow(
        project=project.public_id,
        name=project.name,
        invest_code=project.invest_code,
        owner=project.owner.name,
        place=project.place,
        registered_at=project.registered_at,
        tenders=project.tender_count,
    )


def projects_of(organisation_pk: int, *, limit: int = 50) -> list[ProjectRow]:
    """Return the projects an organisation owns or runs tenders of, newest first."""
    rows = (
        Project.objects.filter(Q(owner_id=organisation_pk) | Q(tenders__agency_id=organisation_pk))
        .select_related("owner")
        .annotate(tender_count=Count("tenders", distinct=True))
        .order_by("-pk")
    )
    return [_row(project) for project in rows[:limit]]


def project_row(project_id: str, *, viewer: Actor) -> ProjectRow:
    """Return one project; a tenderee sees its own only.

    :raises NotFound: no such project, or not this viewer's
    """
    found = (
        Project.objects.filter(public_id=project_id)
        .select_related("owner")
        .annotate(tender_count=Count("tenders", distinct=True))
        .first()
    )
    if found is None or (viewer.role is Role.TENDEREE and found.owner_id != viewer.organisation_pk):
        raise NotFound(
            "没有这个项目, 请先登记项目", next_steps=(("登记项目", "/work/projects/new"), ("工作台", "/work"))
        )
    return _row(found)


def known_project(*, invest_code: str, owner_uscc: str) -> str:
    """Return the public id of the project an owner has registered under an investment code, "" if there is none."""
    found = Project.objects.filter(invest_code=invest_code.strip(), owner__uscc=owner_uscc.strip().upper())
    return str(found.values_list("public_id", flat=True).first() or "")

"""What pages and the API show of packages: each only to those whose it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import Q

from ggzy.archives import rules
from ggzy.archives.actions import ENDED, packed_from
from ggzy.archives.models import HandOver, Package
from ggzy.evidence import queries as evidence
from ggzy.kernel import files
from ggzy.kernel.actors import Actor, Role
from ggzy.kernel.refusals import NotFound, NotPermitted
from ggzy.parties.grid import Permission, require
from ggzy.procedures.spec import Stage
from ggzy.tendering.models import Round
from ggzy.tendering.moves import procedure_of

_KINDS = {
    Package.ARCHIVE: "电子档案",
    Package.OWNER: "争议证据包(招标人)",
    Package.BIDDER: "争议证据包(本单位)",
    Package.SUPERVISOR: "争议证据包(监督)",
}
#: the same package where the centre keeps it among its service records
_COPY = "存档副本(中心)"
_LEVELS = {"public": "公开级", "party": "当事人级", "supervisor": "监督级"}
_STATES = {
    Package.WAITING: "排队, 等待日志检查点",
    Package.COLLECTED: "已归集, 正在检测和封装",
    Package.READY: "完成",
}
_STEPS = {Package.WAITING: 1, Package.COLLECTED: 2, Package.READY: 3}


@dataclass(frozen=True, kw_only=True)
class NatureRow:
    """One of the four natures of a tested package."""

    label: str
    passed: int
    failed: int
    withheld: int


@dataclass(frozen=True, kw_only=True)
class PackageRow:
    """A package as those whose it is see it."""

    package: str
    round: str
    reader: str
    label: str
    level: str
    level_label: str
    state: str
    state_label: str
    step: int
    asked_at: datetime
    made_at: datetime | None
    sha256: str
    size: int
    files: int
    natures: tuple[NatureRow, ...]
    findings: tuple[dict[str, Any], ...]
    may_download: bool


@dataclass(frozen=True, kw_only=True)
class HandOverRow:
    """The hand-over of a round's archive."""

    package: str
    retention: str
    retention_label: str
    list: dict[str, Any]
    handed_over_at: datetime


@dataclass(frozen=True, kw_only=True)
class RoundPackages:
    """A round's packages, what its archive lacks, and what the viewer may do."""

    round: str
    tender: str
    tender_name: str
    lot: str
    lot_name: str
    stage: str
    stage_label: str
    packages: tuple[PackageRow, ...]
    items: tuple[rules.Standing, ...]
    handed_over: HandOverRow | None
    making: bool
    may_make: bool
    may_take: bool
    may_hand_over: bool


def _row(p: Package, viewer: Actor) -> PackageRow:
    natures = tuple(
        NatureRow(
            label=nature.label,
            passed=counts.get("passed", 0),
            failed=counts.get("failed", 0),
            withheld=counts.get("withheld", 0) + counts.get("erased", 0),
        )
        for nature in rules.Nature
        if (counts := p.counts.get(nature.value)) is not None
    )
    return PackageRow(
        package=p.public_id,
        round=p.round.public_id,
        reader=p.reader,
        label=_COPY if p.reader == Package.OWNER and p.organisation_id is None else _KINDS[p.reader],
        level=p.level,
        level_label=_LEVELS[p.level],
        state=p.state,
        state_label=_STATES[p.state],
        step=_STEPS[p.state],
        asked_at=p.asked_at,
        made_at=p.made_at,
        sha256=p.digest,
        size=p.size,
        files=p.files,
        natures=natures,
        findings=tuple(p.findings),
        may_download=p.state == Package.READY and _may_have(p, viewer),
    )


def _may_have(p: Package, viewer: Actor) -> bool:
    """Say whether a package that is the viewer's to see is also its to have whole."""
    if p.reader != Package.ARCHIVE:
        return True
    return rules.may_have_whole(
        role=viewer.role,
        tenderee=bool(viewer.organisation_pk) and viewer.organisation_pk == p.round.lot.tender.tenderee_id,
        level=p.level,
        handed_over=HandOver.objects.filter(package__round=p.round).exists(),
    )


def _owner_side(round_: Round, viewer: Actor) -> bool:
    tender = round_.lot.tender
    return bool(viewer.organisation_pk) and viewer.organisation_pk in {tender.tenderee_id, tender.agency_id}


def _readers(round_: Round, viewer: Actor) -> Q:
    """Return which packages of a round are the viewer's."""
    if viewer.role is Role.SUPERVISOR:
        return Q(reader__in=[Package.ARCHIVE, Package.SUPERVISOR])
    if viewer.role is Role.CENTRE:
        return Q(reader=Package.ARCHIVE) | Q(reader=Package.OWNER, organisation=None)
    own = Q(organisation_id=viewer.organisation_pk, organisation__isnull=False)
    return own | Q(reader=Package.ARCHIVE) if _owner_side(round_, viewer) else own


def round_packages(*, round_id: str, viewer: Actor) -> RoundPackages:
    """Return the packages of a round that are the viewer's, and to officials and the owner side what is missing.

    :raises NotPermitted: no party of any round
    :raises NotFound: no such round, or it is not published
    """
    require(viewer, Permission.PACKAGE_READ)
    round_ = Round.objects.select_related("lot__tender").filter(public_id=round_id).first()
    if round_ is None or round_.published_at is None:
        raise NotFound("没有这个标段轮次, 或尚未发布公告")
    owner, official = _owner_side(round_, viewer), viewer.role in {Role.CENTRE, Role.SUPERVISOR}
    if not (owner or official or viewer.role is Role.BIDDER):
        raise NotPermitted("归档包由本项目的招标人、代理机构、中心和监督部门查阅")
    rows = (
        Package.objects.filter(_readers(round_, viewer), round=round_)
        .select_related("round__lot__tender")
        .order_by("-pk")
    )
    packages = tuple(_row(p, viewer) for p in rows[:20])
    over = packed_from(round_)
    handed = _hand_over(round_) if owner or official else None
    return RoundPackages(
        round=round_.public_id,
        tender=round_.lot.tender.public_id,
        tender_name=round_.lot.tender.name,
        lot=round_.lot.public_id,
        lot_name=round_.lot.name,
        stage=round_.stage,
        stage_label=Stage(round_.stage).label,
        packages=packages,
        items=tuple(_standing(round_)) if owner or official else (),
        handed_over=handed,
        making=any(p.state != Package.READY for p in packages),
        may_make=over and (owner or viewer.role is Role.CENTRE),
        may_take=owner
        or viewer.role in {Role.BIDDER, Role.SUPERVISOR}
        or (over and viewer.role is Role.CENTRE),
        may_hand_over=handed is None
        and (round_.stage in ENDED or procedure_of(round_).has(round_.stage, "archive"))
        and viewer.organisation_pk == round_.lot.tender.tenderee_id
        and any(p.reader == Package.ARCHIVE and p.state == Package.READY for p in packages),
    )


def _standing(round_: Round) -> Iterable[rules.Standing]:
    acts = [
        row.act for row in evidence.acts_of(round_.lot.tender.ocid) if row.round in {"", round_.public_id}
    ]
    return rules.standing(acts)


def _hand_over(round_: Round) -> HandOverRow | None:
    row = HandOver.objects.filter(package__round=round_).select_related("package").first()
    if row is None:
        return None
    return HandOverRow(
        package=row.package.public_id,
        retention=row.retention,
        retention_label=rules.Retention(row.retention).label,
        list=row.list,
        handed_over_at=row.handed_over_at,
    )


def _own(package_id: str, viewer: Actor) -> Package:
    require(viewer, Permission.PACKAGE_READ)
    row = Package.objects.select_related("round__lot__tender").filter(public_id=package_id).first()
    if row is None or not Package.objects.filter(_readers(row.round, viewer), pk=row.pk).exists():
        raise NotFound("没有这个包, 或者不是您能取得的包")
    return row


def package(*, package_id: str, viewer: Actor) -> PackageRow:
    """Return a package to those whose it is.

    :raises NotFound: no such package, or not the viewer's
    """
    return _row(_own(package_id, viewer), viewer)


def package_file(*, package_id: str, viewer: Actor) -> tuple[Path, str]:
    """Return where a finished package lies and what it is called.

    :raises NotFound: no such package, not the viewer's, or not finished
    :raises WholeOnlyAfterHandOver: an archive with members' sheets, for somebody other than who took it over
    """
    row = _own(package_id, viewer)
    if not _may_have(row, viewer):
        raise rules.WholeOnlyAfterHandOver(
            "归档包含有各评委的评审表和办理地址: 招标人签署移交清单后由招标人下载并保管; "
            "代理机构和中心可以查看清单, 另行制作招标人级的包",
            next_steps=(("返回归档和证据包", f"/work/rounds/{row.round.public_id}/archive"),),
        )
    if row.state != Package.READY:
        raise NotFound("这个包还在制作, 请稍后再下载")
    return files.path_of(row.digest), f"{row.reader}-{row.round.lot.name}-{row.public_id[:8]}.zip"

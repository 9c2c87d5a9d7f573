"""What anyone may see of the regional bases, and which one carries a tender."""

from dataclasses import dataclass
from datetime import date, datetime

from ggzy.law.limits import beijing_date
from ggzy.pilots import rules
from ggzy.pilots.models import RegionalBasis


@dataclass(frozen=True, kw_only=True)
class BasisRow:
    """A regional basis as pages show it; who entered and confirmed it as public ids."""

    id: str
    region: str
    document: str
    article: str
    since: date
    until: date | None
    state: str
    #: "in_force", "coming", "over" or the state of one that never carried anything
    standing: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    own: bool

    @property
    def label(self) -> str:
        """Return the word people read."""
        return {
            "in_force": "有效",
            "coming": "尚未生效",
            "over": "已失效",
            "proposed": "待确认",
            "dropped": "未采纳",
        }[self.standing]


def basis_for(region: str, *, now: datetime) -> rules.Basis | None:
    """Return the basis that carries a first notice of this region at this moment, None without one."""
    rows = RegionalBasis.objects.filter(state=RegionalBasis.CONFIRMED)
    found = [
        rules.Basis(
            region=r.region_code, document=r.document, article=r.article, since=r.since, until=r.until
        )
        for r in rows
    ]
    return rules.carrying(found, region=region, on=beijing_date(now))


def require_basis(region: str, *, now: datetime) -> rules.Basis:
    """Return the basis that carries a first notice of this region.

    :raises NoRegionalBasis: none is in force
    """
    found = basis_for(region, now=now)
    if found is None:
        raise rules.NoRegionalBasis(
            f"本地区({region})没有登记生效的评定分离依据, 不能采用评定分离: "
            "国有资金占控股或者主导地位的依法必须招标项目, 应当确定排名第一的中标候选人为中标人。"
            "请删除定标方案, 按排序定标; 本地区确有依据的, 请中心管理员登记并由另一名管理员确认",
            next_steps=(("查看已登记的依据", "/separation"),),
            field="award_plan",
        )
    return found


def bases(*, now: datetime, account_pk: int = 0, public: bool = True) -> list[BasisRow]:
    """Return the bases, the newest first; the public sees what was confirmed, administrators what waits as well."""
    rows = RegionalBasis.objects.select_related("proposed_by", "confirmed_by").order_by("-pk")
    if public:
        rows = rows.filter(state__in=[RegionalBasis.CONFIRMED, RegionalBasis.ENDED])
    today = beijing_date(now)
    return [
        BasisRow(
            id=r.public_id,
            region=r.region_code,
            document=r.document,
            article=r.article,
            since=r.since,
            until=r.until,
            state=r.state,
            standing=_standing(r, today),
            proposed_by=r.proposed_by.public_id,
            proposed_at=r.proposed_at,
            confirmed_by=r.confirmed_by.public_id if r.confirmed_by else "",
            confirmed_at=r.confirmed_at,
            ended_at=r.ended_at,
            end_reason=r.end_reason,
            own=r.proposed_by_id == account_pk,
        )
        for r in rows
    ]


def _standing(row: RegionalBasis, today: date) -> str:
    if row.state in {RegionalBasis.PROPOSED, RegionalBasis.DROPPED}:
        return row.state
    if row.state == RegionalBasis.ENDED or (row.until is not None and today > row.until):
        return "over"
    return "coming" if today < row.since else "in_force"

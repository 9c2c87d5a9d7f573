"""The table of law as it holds here: with what the region adds and what a named person has read."""

from dataclasses import dataclass
from datetime import date, datetime

from ggzy.law import table
from ggzy.law.limits import TimeLimit, beijing_date
from ggzy.statutes import rules
from ggzy.statutes.models import ClauseRead, LocalLimit


def in_force(at: datetime, *, region: str) -> dict[str, TimeLimit]:
    """Return the rows in force in a region at a moment: what is stamped on a round whose first notice comes out then."""
    on = beijing_date(at)
    return rules.adjusted(table.in_force(on), local=_local(), read=_read(), region=region, on=on)


def _local() -> list[rules.Local]:
    rows = LocalLimit.objects.filter(state=LocalLimit.CONFIRMED).order_by("pk")
    return [
        rules.Local(
            key=r.key,
            region=r.region_code,
            length=r.length,
            document=r.document,
            article=r.article,
            since=r.since,
            until=r.until,
            promise=r.kind == LocalLimit.PROMISE,
        )
        for r in rows
    ]


def _read() -> set[tuple[str, date]]:
    return set(ClauseRead.objects.values_list("key", "version"))


@dataclass(frozen=True, kw_only=True)
class LocalRow:
    """A local limit as pages show it."""

    id: str
    key: str
    kind: str
    region: str
    length: int
    says: str
    law: str
    document: str
    article: str
    since: date
    until: date | None
    state: str
    proposed_at: datetime
    ended_at: datetime | None
    end_reason: str
    own: bool

    @property
    def label(self) -> str:
        """Return the word for where it stands."""
        return {"proposed": "待确认", "confirmed": "有效", "dropped": "未采纳", "ended": "已终止"}[self.state]


def local_rows(*, account_pk: int = 0, public: bool = True) -> list[LocalRow]:
    """Return the local limits and promises, the newest first; the public sees what was confirmed."""
    rows = LocalLimit.objects.order_by("-pk")
    if public:
        rows = rows.filter(state__in=[LocalLimit.CONFIRMED, LocalLimit.ENDED])
    limits = {row.key: row for row in table.ALL}
    return [
        LocalRow(
            id=r.public_id,
            key=r.key,
            kind=r.kind,
            region=r.region_code,
            length=r.length,
            says=limits[r.key].says,
            law=limits[r.key].length_label,
            document=r.document,
            article=r.article,
            since=r.since,
            until=r.until,
            state=r.state,
            proposed_at=r.proposed_at,
            ended_at=r.ended_at,
            end_reason=r.end_reason,
            own=r.proposed_by_id == account_pk,
        )
        for r in rows
    ]


@dataclass(frozen=True, kw_only=True)
class ReadRow:
    """Who has read a clause from memory, when, and where."""

    key: str
    version: date
    source: str
    reader: str
    read_at: datetime


def read_rows() -> dict[str, ReadRow]:
    """Return {key: who has read it} of the rows that were known from memory."""
    rows = ClauseRead.objects.select_related("read_by__person").order_by("pk")
    return {
        r.key: ReadRow(
            key=r.key, version=r.version, source=r.source, reader=r.read_by.person.name, read_at=r.read_at
        )
        for r in rows
    }

"""Notices for pages."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from ggzy.kernel.refusals import NotFound
from ggzy.notices.actions import NoticeKind
from ggzy.notices.models import Notice


@dataclass(frozen=True)
class NoticeRow:
    """A notice as a list shows it."""

    public_id: str
    ocid: str
    tender: str
    kind: str
    label: str
    title: str
    version: int
    published_at: datetime


_COLUMNS = ("public_id", "ocid", "tender", "kind", "title", "version", "published_at")


def latest(*, kind: str = "", limit: int = 20, before: int | None = None) -> list[NoticeRow]:
    """Return the newest notices, newest first."""
    rows = Notice.objects.order_by("-published_at", "-id")
    if kind:
        rows = rows.filter(kind=kind)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return [_row(values) for values in rows.values_list(*_COLUMNS)[:limit]]


def latest_of(kinds: Iterable[str], *, limit: int) -> list[NoticeRow]:
    """Return the newest notices of some kinds, newest first."""
    rows = Notice.objects.filter(kind__in=[str(kind) for kind in kinds]).order_by("-published_at", "-id")
    return [_row(values) for values in rows.values_list(*_COLUMNS)[:limit]]


def _row(values: tuple) -> NoticeRow:
    public_id, ocid, tender, kind, title, version, published_at = values
    return NoticeRow(public_id, ocid, tender, kind, kind_label(kind), title, version, published_at)


def kind_label(kind: str) -> str:
    """Return the heading of a kind, and a plain word for one that this version of the program does not know."""
    return NoticeKind(kind).label if kind in set(NoticeKind) else "公告"


def of_tender(tender_id: str) -> list[NoticeRow]:
    """Return the notices of a tender, oldest first."""
    return [_row(v) for v in Notice.objects.filter(tender=tender_id).order_by("id").values_list(*_COLUMNS)]


def of_process(ocid: str) -> list[NoticeRow]:
    """Return the notices of a process that is no tender, oldest first."""
    return [_row(v) for v in Notice.objects.filter(ocid=ocid).order_by("id").values_list(*_COLUMNS)]


@dataclass(frozen=True)
class NoticePage:
    """A notice with its body and the other versions of its series."""

    row: NoticeRow
    body: dict[str, Any]
    sha256: str
    rounds: list[str]
    versions: list[NoticeRow]


def notice(public_id: str) -> NoticePage:
    """Return one notice.

    :raises NotFound: no such notice
    """
    found = Notice.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound("没有这份公告, 请从公告列表进入")
    versions = Notice.objects.filter(series=found.series).order_by("version")
    return NoticePage(
        row=_row(tuple(getattr(found, c) for c in _COLUMNS)),
        body=found.body,
        sha256=found.sha256,
        rounds=found.rounds,
        versions=[_row(v) for v in versions.values_list(*_COLUMNS)],
    )


def count_by_kind() -> dict[str, int]:
    """Return how many notices of each kind have been published."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, count(*) FROM notices_notice GROUP BY kind")
        return dict(cursor.fetchall())


def of_round(round_id: str) -> list[NoticePage]:
    """Return the notices that speak of a round with their bodies, oldest first (versions left empty)."""
    return [
        NoticePage(
            row=_row(tuple(getattr(found, c) for c in _COLUMNS)),
            body=found.body,
            sha256=found.sha256,
            rounds=found.rounds,
            versions=[],
        )
        for found in Notice.objects.filter(rounds__contains=[round_id]).order_by("id")
    ]


@dataclass(frozen=True)
class FiledNotice:
    """A notice as an index files it."""

    pk: int
    public_id: str
    ocid: str
    tender: str
    kind: str
    series: str
    title: str
    body: dict[str, Any]
    rounds: list[str]
    published_at: datetime


def newest_pk() -> int:
    """Return the number of the newest notice, 0 before the first."""
    return Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def to_file(*, centre_id: str, filed_in: str, since: int, most: int) -> list[FiledNotice]:
    """Return notices above a number that a context's own table `filed_in` (notice_id) does not have, oldest first.

    Of each series the newest version alone: it is the one to be found.
    """
    sql = f"""
      SELECT n.id, n.public_id, n.ocid, n.tender, n.kind, n.series, n.title, n.body, n.rounds, n.published_at
        FROM notices_notice n
       WHERE n.centre_id = %s AND n.id > %s
         AND NOT EXISTS (SELECT FROM {filed_in} f WHERE f.notice_id = n.id)
         AND NOT EXISTS (SELECT FROM notices_notice later WHERE later.centre_id = n.centre_id
                          AND later.series = n.series AND later.version > n.version)
       ORDER BY n.id LIMIT %s
    """  # noqa: S608 - the table's name is the caller's own text
    with connection.cursor() as cursor:
        cursor.execute(sql, [centre_id, since, most])
        return [
            FiledNotice(*row[:7], json.loads(row[7]), json.loads(row[8]), row[9]) for row in cursor.fetchall()
        ]


def in_order(*, after: int, most: int) -> list[tuple[int, NoticeRow, str]]:
    """Return (number, notice, digest of its body) of the notices above a number, oldest first."""
    rows = Notice.objects.filter(pk__gt=after).order_by("pk").values_list("pk", "sha256", *_COLUMNS)[:most]
    return [(pk, _row(rest), digest) for pk, digest, *rest in rows]

"""Filing what has been published, and filing everything anew.

The index is made by the worker, not by the act that publishes: publishing lies below this context and knows nothing of
it, a notice must come out even where its words cannot be filed, and an index that can be made again from the notices
needs no transaction with them. Like the sweep of publishing it looks for notices that are not filed, never for numbers
above the last one: a slow transaction may commit a smaller number later.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from ggzy.notices.queries import FiledNotice, newest_pk, to_file
from ggzy.procedures.catalogue import GP_DY
from ggzy.search import rules
from ggzy.search.models import IndexedNotice
from ggzy.single_source import queries as purchases
from ggzy.tendering.queries import TenderFacts, facts_of

log = logging.getLogger("ggzy.search")

MOST_A_SWEEP = 500
#: a transaction that holds a notice's number is never this far behind the newest one
WINDOW = 10_000
#: characters of one notice that are looked through
MOST_TEXT = 100_000
#: published before the tender itself is: nothing of the tender but what the notice says
_ALONE = frozenset({"intent"})
_NO_TENDER = TenderFacts(
    name="",
    buyer="",
    uscc="",
    agency="",
    region_code=settings.CENTRE_REGION,
    scope="",
    procedure_code="",
    deal_code="",
    invest_code="",
    lots=(),
)

_PUT = """
INSERT INTO search_indexednotice (centre_id, region_code, public_id, notice_id, series, kind, scope, buyer,
  buyer_uscc, amount, published_at, text, folded, terms)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, array_to_tsvector(%s))
ON CONFLICT (centre_id, series) DO UPDATE SET (public_id, notice_id, kind, buyer, buyer_uscc, amount, published_at,
  text, folded, terms) = (EXCLUDED.public_id, EXCLUDED.notice_id, EXCLUDED.kind, EXCLUDED.buyer, EXCLUDED.buyer_uscc,
  EXCLUDED.amount, EXCLUDED.published_at, EXCLUDED.text, EXCLUDED.folded, EXCLUDED.terms)
"""


@transaction.atomic
def file_new_notices(*, all_of_them: bool = False) -> int:
    """File published notices that are not filed yet, oldest first; return how many. One worker does it at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_lock()])
        if not cursor.fetchone()[0]:
            return 0
    since = 0 if all_of_them else newest_pk() - WINDOW
    notices = to_file(
        centre_id=settings.CENTRE_ID, filed_in="search_indexednotice", since=since, most=MOST_A_SWEEP
    )
    return _file(notices) if notices else 0


def rebuild() -> int:
    """Throw the index away and file every notice anew, in one transaction; return how many.

    Searches go on in the old index until the new one stands.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_lock()])
        IndexedNotice.objects.filter(centre_id=settings.CENTRE_ID).delete()
        count, since = 0, 0
        while notices := to_file(
            centre_id=settings.CENTRE_ID, filed_in="search_indexednotice", since=since, most=MOST_A_SWEEP
        ):
            count += _file(notices)
            since = notices[-1].pk
        return count


def _lock() -> str:
    return f"ggzy_search:{settings.CENTRE_ID}"


def _about(notice: FiledNotice) -> str:
    """Return the tender a notice is about, or the purchase from one supplier, which has none."""
    return notice.tender or str(notice.body.get("single_source", ""))


def _purchases(notices: Sequence[FiledNotice]) -> dict[str, TenderFacts]:
    """Return what notices of purchases from one supplier are filed under: government procurement, as every other."""
    found = purchases.facts_of({_about(n) for n in notices if not n.tender} - {""})
    return {
        purchase: replace(
            _NO_TENDER,
            name=facts.name,
            buyer=facts.buyer,
            uscc=facts.uscc,
            region_code=facts.region_code or settings.CENTRE_REGION,
            scope=GP_DY.scope,
            procedure_code=GP_DY.code,
            deal_code=facts.deal_code,
        )
        for purchase, facts in found.items()
    }


def _file(notices: Sequence[FiledNotice]) -> int:
    tenders = facts_of({n.tender for n in notices}) | _purchases(notices)
    filed = 0
    for notice in notices:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_PUT, _values(notice, tenders.get(_about(notice), _NO_TENDER)))
            filed += 1
        except OperationalError:
            raise
        except Exception:  # noqa: BLE001 - one that cannot be read must not keep the others from being found
            log.exception("notice %s was not filed", notice.public_id)
    return filed


def _values(notice: FiledNotice, tender: TenderFacts) -> list[Any]:
    own = () if notice.kind in _ALONE else (tender.invest_code, *tender.lots)
    codes = (
        notice.public_id,
        notice.tender,
        notice.ocid,
        tender.deal_code,
        tender.uscc,
        *notice.rounds,
        *own,
    )
    written = [line for line in rules.lines_of(notice.body) if line != notice.title]
    words = dict.fromkeys([tender.name, tender.buyer, tender.agency, *written])
    lines = [line for line in words if line]
    text = rules.LINE.join([notice.title, *lines])[:MOST_TEXT]
    facts = rules.Facts(
        kind=notice.kind,
        scope=tender.scope,
        region=tender.region_code,
        buyer_uscc=tender.uscc,
        published_at=notice.published_at,
        codes=tuple(codes),
    )
    return [
        settings.CENTRE_ID,
        tender.region_code,
        notice.public_id,
        notice.pk,
        notice.series,
        notice.kind,
        tender.scope,
        tender.buyer,
        tender.uscc,
        _amount(notice.body),
        notice.published_at,
        text,
        rules.LINE.join(rules.fold(line) for line in text.split(rules.LINE)),
        rules.terms(title=notice.title, lines=text.split(rules.LINE)[1:], facts=facts),
    ]


def _amount(body: Mapping[str, Any]) -> Decimal | None:
    """Return the price a notice announces, or else the budgets it asks bids for."""
    said = body.get("price") or body.get("budget")
    lots = body.get("lots")
    try:
        if said not in (None, ""):
            return Decimal(str(said))
        if (
            isinstance(lots, list)
            and lots
            and all(isinstance(lot, dict) and lot.get("budget") for lot in lots)
        ):
            return sum((Decimal(str(lot["budget"])) for lot in lots), Decimal(0))
    except InvalidOperation:
        log.warning("an amount that is none: %r", said)
    return None

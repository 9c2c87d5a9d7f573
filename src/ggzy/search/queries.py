"""Searching published notices: the newest or the fittest first, how many there are, and what could narrow them down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from ggzy.kernel.refusals import BadInput
from ggzy.notices.queries import kind_label
from ggzy.search import rules
from ggzy.search.rules import Bit, Question, Term

NEWEST, FITTEST = "newest", "fittest"
SORTS = {NEWEST: "最新发布在前", FITTEST: "标题相符在前"}
#: more hits than these are not counted: the page says 1000+
COUNTED = 1000
#: so many of the newest notices are looked at one by one before the index is asked: a frequent word is among them, and
#: its list in the index is long; a rare word is not, and its list is short
WALKED = 1500
SIZE = 20
#: of more months the index is not asked
MOST_MONTHS = 36
_MICRO = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for; everything is optional, and everything given must hold."""

    words: str = ""
    kind: str = ""
    scope: str = ""
    #: a region's code, or its first two or four digits
    region: str = ""
    #: a buyer's 统一社会信用代码, or words of its name
    buyer: str = ""
    #: the beginning of a code: 招标项目编号, 标段编号, 投资项目代码, 统一社会信用代码
    code: str = ""
    #: published in [since, until)
    since: datetime | None = None
    until: datetime | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    sort: str = NEWEST
    #: where the page before ended (`Found.next`)
    after: str = ""
    size: int = SIZE


@dataclass(frozen=True, kw_only=True)
class HitRow:
    """A notice that was found."""

    public_id: str
    ocid: str
    tender: str
    kind: str
    label: str
    title: str
    version: int
    published_at: datetime
    buyer: str
    buyer_uscc: str
    region_code: str
    scope: str
    amount: Decimal | None
    title_bits: tuple[Bit, ...]
    excerpt: tuple[Bit, ...]


@dataclass(frozen=True, kw_only=True)
class Found:
    """One page of what was found."""

    rows: list[HitRow]
    #: None: more than COUNTED, not counted
    total: int | None
    #: {kind | scope | region: [(value, how many)]}; empty where there are too many to count
    facets: dict[str, list[tuple[str, int]]]
    #: for the page after this one, "" where this is the last
    next: str
    question: Question
    #: the fittest of too many: those alone that have every word in the title
    titles_only: bool = False


class _Where:
    """The conditions of a search, as SQL: for the index of terms, or for rows that are looked at one by one."""

    def __init__(
        self, asked: Search, question: Question, *, in_title: bool = False, walked: bool = False
    ) -> None:
        # no condition beside the terms may be answered by an index of its own: every row's terms would be looked at
        self.sql: list[str] = ["centre_id || '' = %s"]
        self.values: list[Any] = [settings.CENTRE_ID]
        self.terms: list[Term] = []
        # the terms of a row are longer than its words: who has the row looks at its words
        self._walked = walked
        self._drawers(asked)
        self._words(question, in_title=in_title)
        self._names(asked)
        query = rules.as_tsquery(self.terms)
        if self.terms and (months := _months(asked)):
            query += " & (" + " | ".join(rules.as_tsquery([Term(month)]) for month in months) + ")"
        if query:
            self.add("terms @@ %s::tsquery", query)
        day, amount = (
            ("published_at + '0'::interval", "amount + 0") if self.terms else ("published_at", "amount")
        )
        for column, sign, value in (
            (day, ">=", asked.since),
            (day, "<", asked.until),
            ("amount", ">=", asked.least),
            ("amount", "<=", asked.most),
        ):
            if value is not None:
                self.add(f"{column} {sign} %s", value)

    def add(self, sql: str, *values: Any) -> None:
        """Add a condition."""
        self.sql.append(sql)
        self.values += values

    def _drawers(self, asked: Search) -> None:
        for drawer, column, value in (
            ("kind", "kind = %s", asked.kind),
            ("scope", "scope = %s", asked.scope),
            ("region", "starts_with(region_code, %s)", asked.region),
        ):
            if value and self._walked:
                self.add(column, value)
            elif value:
                self.terms.append(Term(rules.filed(drawer, value)))

    def _words(self, question: Question, *, in_title: bool) -> None:
        where = r"split_part(folded, E'\n', 1)" if in_title else "folded"
        for phrase in question.wanted:
            terms, proven = rules.terms_of(phrase, in_title=in_title)
            self.terms += [] if self._walked else terms
            if self._walked or not proven:
                self.add(f"strpos({where}, %s) > 0", phrase)
        for phrase in question.without:
            self.add("strpos(folded, %s) = 0", phrase)

    def _names(self, asked: Search) -> None:
        if asked.code:
            self.terms.append(Term(f"={rules.fold_code(asked.code)}", begins=True))
        if len(asked.buyer) == 18 and asked.buyer.isascii() and asked.buyer.isalnum():
            self.terms.append(Term(rules.filed("buyer", asked.buyer.upper())))
        elif name := rules.fold(asked.buyer):
            self.terms += [] if self._walked else rules.terms_of(name)[0]
            self.add("strpos(lower(normalize(buyer, NFKC)), %s) > 0", name.replace(rules.EDGE, ""))

    def __str__(self) -> str:
        return " AND ".join(self.sql)


def _months(asked: Search) -> list[str]:
    """Return the months that a search lies in, where it says both ends and they are no more than MOST_MONTHS."""
    if asked.since is None or asked.until is None:
        return []
    months, day = [], asked.since
    while day < asked.until and len(months) <= MOST_MONTHS:
        months.append(rules.month_of(day))
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    months.append(rules.month_of(asked.until - _MICRO))
    return sorted(set(months)) if len(months) <= MOST_MONTHS else []


def search(asked: Search) -> Found:
    """Return a page of the published notices that are looked for, by a few queries whatever is asked.

    :raises BadInput: a question that is none
    """
    if asked.sort not in SORTS:
        raise BadInput("排序方式应为 newest 或 fittest", field="sort")
    question = rules.read_question(asked.words)
    start = _cursor(asked.after)
    with transaction.atomic(), connection.cursor() as cursor:
        hits = _first_hits(cursor, asked, question)
        whole, fittest = len(hits) <= COUNTED, asked.sort == FITTEST and bool(question.wanted)
        if not whole:
            pks, following = _newest(cursor, asked, question, start, in_title=fittest)
        elif fittest:
            pks, following = _fittest(cursor, [h.pk for h in hits], question, asked)
        else:
            pks, following = _page(
                [(h.published_at, h.pk) for h in hits if start is None or (h.published_at, h.pk) < start],
                asked,
            )
        rows = _rows(cursor, pks, question.wanted)
    return Found(
        rows=rows,
        total=len(hits) if whole else None,
        facets=_facets(hits) if whole else {},
        next=following,
        question=question,
        titles_only=fittest and not whole,
    )


def _by_terms(cursor: Any, where: _Where) -> None:
    """Let the next query be answered by the index of terms, if it asks for any, and not row after row.

    The planner takes most words for frequent ones, and a limit for a promise that it will soon have enough.
    """
    cursor.execute(
        f"SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = {'off' if where.terms else 'on'}"
    )


@dataclass(frozen=True, slots=True)
class _Hit:
    pk: int
    published_at: datetime
    kind: str
    scope: str
    region: str


def _first_hits(cursor: Any, asked: Search, question: Question) -> list[_Hit]:
    """Return all hits, or one more than are counted, in no order."""
    where = _Where(asked, question)
    _by_terms(cursor, where)
    cursor.execute(
        f"""SELECT id, published_at, kind, scope, region_code FROM search_indexednotice
             WHERE {where} LIMIT %s""",  # noqa: S608 - fixed text
        [*where.values, COUNTED + 1],
    )
    return [_Hit(*row) for row in cursor.fetchall()]


def _facets(hits: Sequence[_Hit]) -> dict[str, list[tuple[str, int]]]:
    # what a notice of no tender lacks is no choice
    counts = {
        name: Counter(value for hit in hits if (value := getattr(hit, name)))
        for name in ("kind", "scope", "region")
    }
    return {name: sorted(c.items(), key=lambda i: (-i[1], i[0])) for name, c in counts.items()}


def _page(found: Sequence[tuple[datetime, int]], asked: Search) -> tuple[list[int], str]:
    """Return the newest of what was found, and where the next page begins."""
    ordered = sorted(found, reverse=True)[: asked.size + 1]
    if len(ordered) <= asked.size:
        return [pk for _, pk in ordered], ""
    moment, number = ordered[asked.size - 1]
    return [pk for _, pk in ordered[: asked.size]], f"{(moment - _EPOCH) // _MICRO}_{number}"


def _newest(
    cursor: Any, asked: Search, question: Question, start: tuple[datetime, int] | None, *, in_title: bool
) -> tuple[list[int], str]:
    """Return a page of more hits than were counted: by walking the newest, else by the index."""
    wanted = asked.size + 1
    window, values = "centre_id = %s", [settings.CENTRE_ID]
    if start:
        window, values = f"{window} AND (published_at, id) < (%s, %s)", [*values, *start]
    if asked.until:
        window, values = f"{window} AND published_at < %s", [*values, asked.until]
    where = _Where(asked, question, in_title=in_title, walked=True)
    cursor.execute("SET LOCAL enable_indexscan = on")
    cursor.execute(
        f"""SELECT published_at, id FROM (SELECT * FROM search_indexednotice WHERE {window}
             ORDER BY published_at DESC, id DESC LIMIT %s) newest
             WHERE {where} ORDER BY published_at DESC, id DESC LIMIT %s""",  # noqa: S608 - fixed text
        [*values, WALKED, *where.values, wanted],
    )
    found = cursor.fetchall()
    if len(found) < wanted:
        where = _Where(asked, question, in_title=in_title)
        _by_terms(cursor, where)
        cursor.execute(
            f"""WITH hits AS MATERIALIZED (SELECT published_at, id FROM search_indexednotice WHERE {where})
                SELECT published_at, id FROM hits {"WHERE (published_at, id) < (%s, %s)" if start else ""}
                 ORDER BY published_at DESC, id DESC LIMIT %s""",  # noqa: S608 - fixed text
            [*where.values, *(start or ()), wanted],
        )
        found = cursor.fetchall()
    return _page(found, asked)


def _cursor(after: str) -> tuple[datetime, int] | None:
    """Return the (moment, number) that a page before ended with, None at the beginning."""
    moment, _, number = after.partition("_")
    if not after or after.startswith("o"):
        return None
    if not (moment.isdecimal() and number.isdecimal() and len(moment) < 17 and len(number) < 19):
        raise BadInput("翻页位置不对, 请从第一页重新查找", field="after")
    return _EPOCH + int(moment) * _MICRO, int(number)


def _fittest(cursor: Any, pks: Sequence[int], question: Question, asked: Search) -> tuple[list[int], str]:
    """Return a page of hits, those first that have most of the words in the title."""
    given = asked.after.removeprefix("o")
    start = int(given) if asked.after.startswith("o") and given.isdecimal() and len(given) < 5 else 0
    fits = " + ".join(r"(strpos(split_part(folded, E'\n', 1), %s) > 0)::int" for _ in question.wanted)
    cursor.execute(
        f"""SELECT id FROM search_indexednotice WHERE id = ANY(%s)
             ORDER BY {fits} DESC, published_at DESC, id DESC OFFSET %s LIMIT %s""",  # noqa: S608 - fixed text
        [list(pks), *question.wanted, start, asked.size + 1],
    )
    found = [pk for (pk,) in cursor.fetchall()]
    return found[: asked.size], f"o{start + asked.size}" if len(found) > asked.size else ""


def _rows(cursor: Any, pks: Sequence[int], phrases: Sequence[str]) -> list[HitRow]:
    cursor.execute("SET LOCAL enable_indexscan = on")
    cursor.execute(
        """SELECT i.id, n.public_id, n.ocid, n.tender, n.kind, n.title, n.version, n.published_at, i.buyer,
                  i.buyer_uscc, i.region_code, i.scope, i.amount, left(i.text, 20000)
             FROM search_indexednotice i JOIN notices_notice n ON n.id = i.notice_id WHERE i.id = ANY(%s)""",
        [list(pks)],
    )
    by_pk = {row[0]: _row(row[1:], phrases) for row in cursor.fetchall()}
    return [by_pk[pk] for pk in pks]


def _row(v: tuple, phrases: Sequence[str]) -> HitRow:
    title, text = v[4], rules.telling(v[12], known=(v[4], v[7]))
    return HitRow(
        public_id=v[0],
        ocid=v[1],
        tender=v[2],
        kind=v[3],
        label=kind_label(v[3]),
        title=title,
        version=v[5],
        published_at=v[6],
        buyer=v[7],
        buyer_uscc=v[8],
        region_code=v[9],
        scope=v[10],
        amount=v[11],
        title_bits=tuple(rules.marked(title, phrases)),
        excerpt=tuple(rules.excerpt(text, phrases)) if phrases else (),
    )

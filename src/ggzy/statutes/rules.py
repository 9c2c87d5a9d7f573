"""How a region's limits and a person's reading change the table of law. Pure: stricter, or refused."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from ggzy.kernel.refusals import Citation, Refusal
from ggzy.law.commitments import Commitment
from ggzy.law.limits import Bound, Direction, Status, TimeLimit
from ggzy.pilots.rules import covers


class NotStricter(Refusal):
    """A region or a centre may give more time, or promise less delay; never the other way."""

    code = "statutes.not_stricter"
    status = 422


@dataclass(frozen=True, kw_only=True)
class Local:
    """A stricter limit in force: of which region ("" for the centre's own promise), how long, by which text."""

    key: str
    region: str
    length: int
    document: str
    article: str
    since: date
    until: date | None
    promise: bool = False

    @property
    def says(self) -> str:
        """Return the text as it is cited."""
        return f"《{self.document}》{self.article}"


def require_stricter(limit: TimeLimit, *, length: int, document: str, since: date) -> None:
    """Let a local limit pass that is at least as strict as the law's own.

    :raises NotStricter: it gives bidders less time, or an authority more
    """
    try:
        Commitment(limit=limit, length=length, unit=limit.unit, source=document, in_force_from=since)
    except ValueError:
        raise NotStricter(
            f"“{limit.says}”法定为{limit.length_label}, 本地规定和服务承诺只能更严, 不能放宽到{length}{limit.unit.label}",
            basis=limit.basis[0],
            field="length",
        ) from None


def adjusted(
    rows: Mapping[str, TimeLimit],
    *,
    local: Iterable[Local],
    read: Collection[tuple[str, date]],
    region: str,
    on: date,
) -> dict[str, TimeLimit]:
    """Return the table as it holds in a region on a day: rows that were read may block, stricter local rows replace.

    A promise replaces nothing: missing it is a matter of service, not of law. Of several local rows the strictest holds.
    """
    out = {
        key: replace(row, status=Status.READ) if (key, row.in_force_from) in read else row
        for key, row in rows.items()
    }
    for rule in local:
        row = out.get(rule.key)
        if row is None or rule.promise or not covers(rule.region, region):
            continue
        if not (rule.since <= on and (rule.until is None or on <= rule.until)):
            continue
        if rule.length != row.length and _is_stricter(row, rule.length):
            out[rule.key] = replace(
                row,
                length=rule.length,
                basis=(Citation(rule.document, rule.article), *row.basis),
                reading=f"本地区按{rule.says}执行, 严于法定的{rows[rule.key].length_label}",
            )
    return out


def _is_stricter(row: TimeLimit, length: int) -> bool:
    """Say whether a length betters a row: of several local rules the laxer ones change nothing."""
    floor = row.bound is Bound.AT_LEAST or row.direction is Direction.BEFORE
    return length > row.length if floor else length < row.length

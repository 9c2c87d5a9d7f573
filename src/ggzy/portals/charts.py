"""Charts as SVG made here: bars with their values written out, a title and a description for who cannot see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

#: of the drawing, in its own units: a phone's width, so that its letters stay readable there
WIDTH, ROW, VALUES = 420, 48, 130


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: what it stands for, how long it is, what is written beside it."""

    label: str
    value: Decimal | int
    shown: str


def bars(*, key: str, title: str, says: str, rows: Sequence[Bar]) -> SafeString:
    """Return horizontal bars from the same zero; `key` makes the ids of one page differ."""
    most = max((Decimal(row.value) for row in rows), default=Decimal(0))

    def lines() -> list[tuple[object, ...]]:
        out: list[tuple[object, ...]] = []
        for number, row in enumerate(rows):
            long = max(int(Decimal(row.value) * (WIDTH - VALUES) / most) if most else 0, 1)
            y = number * ROW
            out.append((y + 17, row.label, y + 24, long, long + 8, y + 38, row.shown))
        return out

    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d"><title id="{}-t">{}</title>'
        '<desc id="{}-d">{}</desc>{}</svg>',
        WIDTH,
        max(len(rows), 1) * ROW + 4,
        key,
        key,
        key,
        title,
        key,
        says,
        format_html_join(
            "",
            '<text class="chart-label" x="0" y="{}">{}</text>'
            '<rect class="chart-bar" x="0" y="{}" width="{}" height="17" rx="3"/>'
            '<text class="chart-value" x="{}" y="{}">{}</text>',
            lines(),
        ),
    )

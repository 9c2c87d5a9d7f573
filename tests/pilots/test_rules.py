"""Which regional basis carries a tender."""

from datetime import date

import pytest

from ggzy.pilots.rules import Basis, carrying, covers

pytestmark = pytest.mark.pure


def basis(region: str, since: date = date(2026, 1, 1), until: date | None = None) -> Basis:
    return Basis(region=region, document="办法", article=region, since=since, until=until)


@pytest.mark.parametrize(
    ("own", "region", "yes"),
    [
        ("370000", "370102", True),
        ("370100", "370102", True),
        ("370102", "370102", True),
        ("370102", "370100", False),
        ("370100", "370200", False),
        ("440000", "370100", False),
    ],
)
def test_a_basis_covers_its_region_and_what_lies_within(own: str, region: str, yes: bool) -> None:
    assert covers(own, region) is yes


def test_its_first_and_last_day_count_and_the_smaller_region_goes_before() -> None:
    short = basis("370000", date(2026, 3, 1), date(2026, 3, 31))
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1))
    assert [carrying([short], region="370100", on=day) is not None for day in days] == [
        False,
        True,
        True,
        False,
    ]
    found = carrying([short, basis("370100")], region="370102", on=date(2026, 3, 2))
    assert found is not None and found.region == "370100"

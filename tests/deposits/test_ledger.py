"""No 分 appears or vanishes: random lives of thousands of deposits in the pure book, and what may count for what."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.deposits import ledger, rules
from ggzy.deposits.ledger import BANK, BOND, FORFEITED, INTEREST, TRANSIT, UNKNOWN, Book
from ggzy.deposits.rules import GuaranteeState, Movement, Reason, State

pytestmark = pytest.mark.pure

DEADLINE = datetime(2026, 5, 20, 1, 30, tzinfo=UTC)
amounts = st.integers(1, 80_000_000).map(lambda cents: Decimal(cents) / 100)
ZERO = Decimal("0.00")


@settings(max_examples=25)
@given(st.data(), st.integers(0, 2**32))
def test_random_lives_of_thousands_of_deposits_keep_every_cent(data: st.DataObject, seed: int) -> None:
    """Money comes, is ordered, paid, sent back, kept, found unknown, in any order: the book always sums to zero."""
    import random

    chance = random.Random(seed)
    book, waiting, came, went, earned = Book(), [], ZERO, ZERO, ZERO
    holders = [ledger.deposit(f"d{n}") for n in range(1000)] + [UNKNOWN]
    for _ in range(data.draw(st.integers(1000, 5000))):
        holder = chance.choice(holders)
        event = chance.choice(["receive", "receive", "order", "settle", "settle", "forfeit", "convert"])
        if event == "receive":
            amount = Decimal(chance.randrange(1, 80_000_000)) / 100
            book.write(ledger.received(holder, amount))
            came += amount
        elif event == "order" and book.held(holder):
            part = min(book.held(holder), Decimal(chance.randrange(1, 80_000_000)) / 100)
            interest = Decimal(chance.randrange(0, 50_000)) / 100
            book.write(ledger.ordered(holder, principal=part, interest=interest))
            waiting.append((holder, part, interest))
        elif event == "settle" and waiting:
            of, principal, interest = waiting.pop(chance.randrange(len(waiting)))
            if chance.random() < 0.7:
                book.write(ledger.paid(principal=principal, interest=interest))
                went, earned = went + principal + interest, earned + interest
            else:
                book.write(ledger.bounced(of, principal=principal, interest=interest))
        elif event == "forfeit" and book.held(holder):
            amount = book.held(holder)
            book.write(ledger.forfeited(holder, amount))
            book.write(ledger.ordered(FORFEITED, principal=amount, interest=ZERO))
            waiting.append((FORFEITED, amount, ZERO))
        elif event == "convert" and holder is not UNKNOWN and book.held(holder):
            part = min(book.held(holder), Decimal(chance.randrange(1, 80_000_000)) / 100)
            book.write(ledger.converted(holder, part))
            book.write(ledger.ordered(BOND, principal=part, interest=ZERO))
            waiting.append((BOND, part, ZERO))
            # the rest goes home with the interest of all of it; where there is no rest, the interest alone
            rest, interest = book.held(holder), Decimal(chance.randrange(1, 50_000)) / 100
            book.write(ledger.ordered(holder, principal=rest, interest=interest))
            waiting.append((holder, rest, interest))
        assert sum(book.balances.values()) == 0
    on_the_way = sum((p for _, p, _ in waiting), ZERO)
    owed = sum((book.held(h) for h in [*holders, FORFEITED, BOND]), ZERO)
    assert book.of(BANK) == came + earned - went == owed + on_the_way
    assert book.of(INTEREST) == sum((i for _, _, i in waiting), ZERO)
    assert book.held(TRANSIT) == on_the_way + book.of(INTEREST)
    assert all(book.held(h) >= 0 for h in holders)


def test_a_posting_that_does_not_sum_to_zero_cannot_be_drawn_up() -> None:
    with pytest.raises(AssertionError):
        ledger._lines((BANK, Decimal("1.00")), (UNKNOWN, Decimal("-0.99")))
    with pytest.raises(AssertionError):
        ledger.received(UNKNOWN, Decimal("0.005"))


@given(
    amount=amounts,
    required=amounts,
    counted=amounts,
    late=st.integers(-2, 2),
    open_=st.booleans(),
    payer=st.booleans(),
)
def test_a_payment_is_judged_whole_and_never_counts_for_more_than_is_asked(
    amount: Decimal, required: Decimal, counted: Decimal, late: int, open_: bool, payer: bool
) -> None:
    judged = rules.judge_payment(
        amount,
        credited_at=DEADLINE + timedelta(microseconds=late),
        deadline=DEADLINE,
        required=required,
        counted=counted,
        open_=open_,
        payer_agrees=payer,
    )
    parts = (judged.counts, judged.doubtful, judged.returns)
    assert sum(parts) == amount and min(parts) >= 0
    assert counted + judged.counts <= max(required, counted)
    assert (judged.reason is None) == (judged.counts == amount)
    if late >= 0 or not open_:
        assert judged.returns == amount
    elif not payer:
        assert judged.doubtful == amount


@pytest.mark.parametrize(
    ("amount", "counts", "returns", "reason"),
    [("100000", "100000", "0", None), ("100000.01", "100000", "0.01", Reason.OVER), ("1", "1", "0", None)],
)
def test_what_is_too_much_goes_back_and_what_is_too_little_stays(
    amount: str, counts: str, returns: str, reason: Reason | None
) -> None:
    judged = rules.judge_payment(
        Decimal(amount),
        credited_at=DEADLINE - timedelta(microseconds=1),
        deadline=DEADLINE,
        required=Decimal(100000),
        counted=ZERO,
        open_=True,
        payer_agrees=True,
    )
    assert (judged.counts, judged.returns, judged.reason) == (Decimal(counts), Decimal(returns), reason)


def test_a_payer_is_the_same_whatever_the_spaces_and_brackets() -> None:
    same = {"as_name": "甲建工(集团)有限公司", "as_account": "6222000011112222"}
    assert rules.same_payer(name="甲建工（集团） 有限公司", account="6222 0000 1111 2222", **same)
    assert not rules.same_payer(name="甲建工有限公司", account="6222000011112222", **same)
    assert not rules.same_payer(name="甲建工(集团)有限公司", account="6222000011112223", **same)


# -- interest: against figures computed by hand and against exact fractions -----------------------------------------------


def test_interest_of_the_rulebook() -> None:
    """800,000 × 0.35% × 62/360 = 482.22; 20,000 × 1.5% × 1.2 × 10/360 = 10.00."""
    sheet = rules.interest(
        [(Decimal("800000.00"), date(2026, 3, 2))],
        until=date(2026, 5, 3),
        rates={date(2012, 7, 6): Decimal("0.0035")},
    )
    assert (sheet.amount, sheet.lines[0].days) == (Decimal("482.22"), 62)
    assert rules.overdue(Decimal(20000), days=10, benchmark=Decimal("0.015")) == Decimal("10.00")


def test_a_half_cent_is_rounded_up_once_at_the_end() -> None:
    """180 at 1% for one day is exactly half a 分; two of them in one sheet are one 分 and not two."""
    rates = {date(2020, 1, 1): Decimal("0.01")}
    part = (Decimal("180.00"), date(2026, 1, 1))
    assert rules.interest([part], until=date(2026, 1, 2), rates=rates).amount == Decimal("0.01")
    assert rules.interest([part, part], until=date(2026, 1, 2), rates=rates).amount == Decimal("0.01")


@given(
    parts=st.lists(st.tuples(amounts, st.dates(date(2024, 1, 1), date(2026, 6, 1))), max_size=4),
    steps=st.dictionaries(
        st.dates(date(2024, 1, 1), date(2026, 6, 1)), st.integers(0, 500), min_size=1, max_size=4
    ),
    until=st.dates(date(2026, 1, 1), date(2027, 1, 1)),
)
def test_interest_is_what_counting_day_by_day_gives(
    parts: list[tuple[Decimal, date]], steps: dict[date, int], until: date
) -> None:
    rates = {day: Decimal(rate) / 10000 for day, rate in steps.items()}
    exact = Fraction(0)
    for principal, since in parts:
        day = since
        while day < until:
            known = [d for d in rates if d <= day]
            if known:
                exact += Fraction(principal) * Fraction(rates[max(known)]) / 360
            day += timedelta(days=1)
    cents = (exact * 100 + Fraction(1, 2)).__floor__()
    assert rules.interest(parts, until=until, rates=rates).amount == Decimal(cents).scaleb(-2)
    assert ROUND_HALF_UP  # the floor of x + 1/2 is half up for what is not negative


# -- keeping, states, statements -------------------------------------------------------------------------------------------


def test_a_deposit_is_kept_only_on_the_laws_grounds_with_facts_and_by_two_people() -> None:
    assert rules.require_ground("revoked", scope="GC", facts=["revoked"]).clause.article == "第三十五条"
    for code, scope, facts in (
        ("revoked", "GC", []),
        ("late_work", "GC", ["late_work"]),
        ("award_ended", "GP", ["award_ended"]),
        ("revoked", "LAND", ["revoked"]),
    ):
        with pytest.raises(rules.NoGround):
            rules.require_ground(code, scope=scope, facts=facts)
    rules.require_second_person(proposed_by=1, decided_by=2)
    with pytest.raises(rules.OnePersonOnly):
        rules.require_second_person(proposed_by=1, decided_by=1)


@pytest.mark.parametrize(("days", "good"), [(0, False), (1, True), (30, True), (31, False), (-1, False)])
def test_a_hold_ends_within_thirty_days(days: int, good: bool) -> None:
    today = date(2026, 5, 20)
    if good:
        rules.require_review_date(today + timedelta(days=days), today=today)
    else:
        with pytest.raises(rules.HoldTooLong):
            rules.require_review_date(today + timedelta(days=days), today=today)


@pytest.mark.parametrize("state", GuaranteeState)
@pytest.mark.parametrize("event", rules.GUARANTEE_MOVES)
def test_a_letter_moves_only_from_where_it_stands(state: GuaranteeState, event: str) -> None:
    sources, target = rules.GUARANTEE_MOVES[event]
    if state in sources:
        assert rules.guarantee_after(state, event) is target
    else:
        with pytest.raises(rules.GuaranteeElsewhere):
            rules.guarantee_after(state, event)


def test_where_money_stands() -> None:
    def stands(counted: int, doubtful: int) -> State:
        return rules.state_with(required=Decimal(10), counted=Decimal(counted), doubtful=Decimal(doubtful))

    assert [stands(0, 0), stands(9, 0), stands(9, 1), stands(10, 0), stands(10, 5)] == [
        State.ISSUED,
        State.SHORT,
        State.DOUBTFUL,
        State.MATCHED,
        State.MATCHED,
    ]


def test_a_statement_is_compared_line_by_line_and_a_line_that_stands_twice_is_a_wrong_amount() -> None:
    ours = [Movement(reference="a", amount=Decimal(5)), Movement(reference="b", amount=Decimal(-3))]
    theirs = [*ours, Movement(reference="b", amount=Decimal(-3)), Movement(reference="c", amount=Decimal(1))]
    found = {d.reference: (d.ours, d.theirs) for d in rules.differences(ours, theirs)}
    assert found == {"b": (Decimal(-3), Decimal(-6)), "c": (None, Decimal(1))}
    assert rules.differences(ours, ours) == []


def test_an_order_of_interest_alone_moves_nothing_that_lies_there() -> None:
    ours = [Movement(reference="a", amount=Decimal(5))]
    assert rules.differences(ours, [*ours, Movement(reference="b", amount=ZERO)]) == []
    assert [d.reference for d in rules.differences(ours, [Movement(reference="a", amount=ZERO)])] == ["a"]


def test_what_became_a_bond_earns_nothing_from_that_day_on() -> None:
    rates = {date(2020, 1, 1): Decimal("0.0036")}
    whole = [(Decimal(100_000), date(2026, 1, 1)), (Decimal(-60_000), date(2026, 1, 11))]
    # ten days of 100,000 and ten of 40,000 at one in 100,000 a day
    assert rules.interest(whole, until=date(2026, 1, 21), rates=rates).amount == Decimal("14.00")

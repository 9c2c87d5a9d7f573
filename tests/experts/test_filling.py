"""Who is called next: quotas, employers, replays that find who was passed over, and no label favoured."""

import hashlib
from datetime import date
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.experts import rules
from ggzy.experts.rules import Conditions, Entry, Quota, Tied
from ggzy.kernel.refusals import BadInput

pytestmark = pytest.mark.pure

A, B, BOTH = (0,), (1,), (0, 1)


def people(*fits: tuple[int, ...], units: str = "") -> list[Entry]:
    """Return entries e0, e1, … with what each satisfies; of employers by the letters of `units`."""
    return [Entry(f"e{n}", f, units[n] if units else f"u{n}") for n, f in enumerate(fits)]


@pytest.mark.parametrize(
    ("fits", "places", "called"),
    [
        ([A, A, A], [2], ["e0", "e1"]),
        ([A, A, B], [1, 1], ["e0", "e2"]),
        # two specialties fill one place, and move to the other where that makes room
        ([BOTH, A, B], [1, 1], ["e0", "e1"]),
        ([BOTH, B, A], [1, 1], ["e0", "e1"]),
        ([BOTH, BOTH, A], [1, 1], ["e0", "e1"]),
        ([A, BOTH, A, B], [2, 1], ["e0", "e1", "e2"]),
        ([A, A], [1, 1], ["e0"]),
        ([], [3], []),
    ],
)
def test_the_first_by_rank_who_still_fit_a_quota_are_called(fits, places, called):
    assert rules.next_calls(people(*fits), places) == called


def test_an_employer_sits_once_where_that_is_a_condition():
    order = people(A, A, A, units="xxy")
    assert rules.next_calls(order, [2], one_per_unit=True) == ["e0", "e2"]
    assert rules.next_calls(order, [2]) == ["e0", "e1"]
    assert rules.next_calls(order, [2], sitting=[order[2]], one_per_unit=True) == ["e0"]
    assert rules.next_calls(order, [2], sitting=[order[0]], one_per_unit=True) == ["e2"]


def test_who_dropped_out_is_replaced_by_the_next_who_fits_the_free_place():
    order = people(A, B, A, B)
    assert rules.next_calls(order, [1, 1], sitting=[order[0]], gone={"e1"}) == ["e3"]
    assert rules.next_calls(order, [1, 1], sitting=[order[1]], gone={"e0"}) == ["e2"]


def test_only_as_many_as_are_asked_for():
    assert rules.next_calls(people(A, A, A), [3], most=1) == ["e0"]


pools = st.lists(st.sets(st.integers(0, 2), min_size=1), min_size=1, max_size=7)


@given(pools, st.lists(st.integers(0, 2), min_size=3, max_size=3))
@settings(deadline=None, max_examples=150)
def test_no_lawful_committee_is_larger_or_ranks_before(fits, places):
    """Against every subset: as many as can sit at all, and of those the first by rank."""
    order = people(*(tuple(sorted(f)) for f in fits))

    def can_sit(group):
        return any(
            all(q in e.fits for e, q in zip(group, seats, strict=True))
            for seats in set(permutations([q for q, n in enumerate(places) for _ in range(n)], len(group)))
        )

    best = max(
        (g for n in range(len(order) + 1) for g in combinations(order, n) if can_sit(g)),
        key=lambda g: (len(g), [-int(e.label[1:]) for e in g]),
    )
    assert rules.next_calls(order, places) == [e.label for e in best]


LISTS = [people(A, B, A, B), [Entry("x0", B, "v0")]]
LAWFUL = [
    ("ranked", "1"),
    ("called", "e0"),
    ("called", "e1"),
    ("accepted", "e0"),
    ("silent", "e1"),
    ("busy", "e3"),
    ("ranked", "2"),
    ("called", "x0"),
    ("accepted", "x0"),
]


def over(steps, lists=LISTS):
    return rules.passed_over(lists, [1, 1], steps, one_per_unit=False)


def test_a_lawful_walk_passes_nobody_over():
    assert over(LAWFUL) == ""


@pytest.mark.parametrize("missing", [n for n, step in enumerate(LAWFUL) if step[0] in {"called", "busy"}])
def test_whoever_is_left_out_is_found(missing):
    """Either as the one who was due, or as the one who was called instead."""
    found = over([s for n, s in enumerate(LAWFUL) if n != missing])
    assert found in {LAWFUL[missing][1], LAWFUL[missing + 1][1]}


def test_whoever_is_called_out_of_turn_is_found():
    turned = [*LAWFUL[:1], LAWFUL[2], LAWFUL[1], *LAWFUL[3:]]
    assert over(turned) == "e1"
    assert over([*LAWFUL, ("called", "e2")]) == "e2"
    assert over([*LAWFUL, ("accepted", "e2")]) == "e2"
    assert over(LAWFUL[:-3]) == "", "a list that has run dry calls nobody"


def test_a_list_is_frozen_with_what_each_line_satisfies():
    digest = rules.list_digest(LISTS[0])
    assert digest == rules.list_digest(reversed(LISTS[0]))
    assert digest != rules.list_digest([Entry("e0", BOTH, "u0"), *LISTS[0][1:]])
    assert digest != rules.list_digest([Entry("e0", A, "u1"), *LISTS[0][1:]])


def test_every_committee_is_drawn_as_often_as_its_rule_says():
    """Chi-square over 6 000 draws: 2 of 4 for the first quota and 1 of 3 for the second, 18 committees alike.

    17 degrees of freedom; the limit of 0.1 % is 40.8.
    """
    pool = [Entry(f"甲{n}", A, f"u{n}") for n in range(4)] + [Entry(f"乙{n}", B, f"v{n}") for n in range(3)]
    by_label = {e.label: e for e in pool}
    seen: dict[frozenset[str], int] = {}
    for n in range(6000):
        order = rules.ranking(by_label, randomness=hashlib.sha256(n.to_bytes(4)).digest(), code=bytes(16))
        drawn = frozenset(rules.next_calls([by_label[label] for label in order], [2, 1]))
        seen[drawn] = seen.get(drawn, 0) + 1
    assert len(seen) == 18
    assert sum((count - 6000 / 18) ** 2 / (6000 / 18) for count in seen.values()) < 40.8


def test_two_specialties_give_no_more_than_one_chance():
    """Who fits both quotas is drawn as often as the symmetry of the rule says, whichever label they have."""
    pool = {"双": Entry("双", BOTH, "u"), "甲": Entry("甲", A, "v"), "乙": Entry("乙", B, "w")}
    seen = dict.fromkeys(pool, 0)
    for n in range(3000):
        order = rules.ranking(pool, randomness=hashlib.sha256(n.to_bytes(4)).digest(), code=bytes(16))
        for label in rules.next_calls([pool[label] for label in order], [1, 1]):
            seen[label] += 1
    # any two of the three can sit, so each sits in two of three draws
    assert all(abs(count - 2000) < 110 for count in seen.values()), seen


@pytest.mark.parametrize(
    ("specialties", "region", "takes"),
    [
        (["A080101"], "370102", True),
        (["A090101", "A080201"], "370102", True),
        (["A090101"], "370102", False),
        (["A080101"], "110101", False),
    ],
)
def test_a_quota_takes_by_prefix(specialties, region, takes):
    assert Quota("A08", 1, ("37", "3201")).takes(specialties=specialties, region=region) is takes
    assert Quota("A08", 1).takes(specialties=["A08"], region="")


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"specialty": "", "count": 1}, "specialty"),
        ({"specialty": "A08|B", "count": 1}, "specialty"),
        ({"specialty": "A0801010", "count": 1}, "specialty"),
        ({"specialty": "A08", "count": 0}, "count"),
        ({"specialty": "A08", "count": "两"}, "count"),
        ({"specialty": "A08", "count": 1, "regions": ["山东"]}, "regions"),
    ],
)
def test_a_quota_that_is_none_is_refused_at_its_field(raw, field):
    with pytest.raises(BadInput) as refused:
        rules.quota_of(raw)
    assert refused.value.field == field


def test_recent_use_needs_days_and_times():
    assert rules.conditions_of({"recent_most": "2", "recent_days": "30"}).recent_most == 2
    for raw in ({"recent_most": "2"}, {"recent_days": "30"}, {"most_ahead": "x"}, {"most_ahead": "-1"}):
        with pytest.raises(BadInput):
            rules.conditions_of(raw)


def test_every_condition_that_is_set_says_why():
    every = Conditions(recent_most=2, recent_days=30, most_ahead=3, not_again=True, one_per_unit=True)
    assert len(every.explained()) == len(Conditions(one_per_unit=False).explained()) + 4
    assert all(what and why for what, why in every.explained())


@pytest.mark.parametrize(
    ("size", "experts", "lawful"), [(5, 4, True), (5, 3, False), (6, 6, False), (7, 5, True), (3, 2, True)]
)
def test_a_committee_is_odd_and_two_thirds_experts(size, experts, lawful):
    if lawful:
        rules.require_lawful(size=size, experts=experts)
    else:
        with pytest.raises(rules.CommitteeNotLawful):
            rules.require_lawful(size=size, experts=experts)


def test_a_pool_that_would_name_people_is_not_enough():
    quotas = [Quota("A", 2), Quota("B", 1)]
    wide = people(*[A] * 6, *[B] * 3)
    assert rules.can_be_filled(wide, quotas, least=3, one_per_unit=True)
    assert [e.good for e in rules.enough(wide, quotas, least=3, one_per_unit=True)] == [True, True]
    narrow = wide[:-1]
    assert not rules.can_be_filled(narrow, quotas, least=3, one_per_unit=True)
    assert [e.good for e in rules.enough(narrow, quotas, least=3, one_per_unit=True)] == [True, False]
    one_house = people(*[A] * 9, units="x" * 9)
    assert not rules.can_be_filled(one_house, [Quota("A", 2)], least=3, one_per_unit=True)
    assert rules.can_be_filled(one_house, [Quota("A", 2)], least=3, one_per_unit=False)


TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("tie", "avoids"),
    [
        (Tied(uscc="B", kind="relative"), "近亲属"),
        (Tied(uscc="X", kind="relative"), ""),
        (Tied(uscc="B", kind="employer"), "三年内"),
        (Tied(uscc="B", kind="employer", until=date(2023, 3, 2)), "三年内"),
        (Tied(uscc="B", kind="employer", until=date(2023, 3, 1)), ""),
        (Tied(uscc="", kind="relative"), ""),
    ],
)
def test_who_is_tied_to_a_bidder_stands_aside(tie, avoids):
    said = rules.avoids(employer_uscc="E", ties=[tie], bidders=["B", ""], today=TODAY)
    assert said.startswith(avoids) and bool(said) == bool(avoids)


def test_the_employer_is_compared_first():
    assert "工作单位" in rules.avoids(employer_uscc="B", ties=[], bidders=["B"], today=TODAY)


@pytest.mark.parametrize(
    ("scope", "published", "public"),
    [("GC", True, False), ("GC", False, False), ("GP", False, False), ("GP", True, True)],
)
def test_names_are_public_in_procurement_with_the_result_alone(scope, published, public):
    assert rules.names_public(scope, result_published=published) is public

"""A draw that anyone can recompute: the published vectors, no label's place hangs on another's, no label is favoured."""

import hashlib
import hmac
import json
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.experts import rules
from tests.shared import shared

pytestmark = pytest.mark.pure

VECTORS, NEEDS_VECTORS = shared("vectors/draw/vrs_select_vectors.json")
CODE = bytes(range(32))
SEEDS = {"owner": "aa" * 32, "centre": "bb" * 32, "supervisor": "cc" * 32}
labels = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=12, unique=True)


class TestVectors:
    """Outputs of select.py of draft-thomson-elegy-vrs."""

    pytestmark = NEEDS_VECTORS

    def test_every_position_and_every_order(self):
        cases = json.loads(VECTORS.read_text())["cases"]
        assert sum(len(case["positions"]) for case in cases) == 37
        for case in cases:
            drawn = {"randomness": case["randomness"].encode(), "code": bytes.fromhex(case["otp_hex"])}
            found = {label: rules.position(**drawn, label=label).hex() for label in case["positions"]}
            assert found == case["positions"]
            assert rules.ranking(case["positions"], **drawn) == case["order"]


def test_a_position_is_hkdf_written_out():
    """Extract with the code as salt, one block of expand: RFC 5869 by hand."""
    secret = hmac.digest(CODE, b"randomness", "sha256")
    expanded = hmac.digest(secret, "专家-001".encode() + b"\x01", "sha256")
    assert rules.position(randomness=b"randomness", code=CODE, label="专家-001") == expanded


def test_the_smallest_position_is_drawn_first():
    pool = [f"专家-{n:03d}" for n in range(30)]
    drawn = {"randomness": b"x", "code": CODE}
    positions = [rules.position(**drawn, label=label) for label in rules.ranking(pool, **drawn)]
    assert positions == sorted(positions)


@given(labels, st.binary(min_size=1, max_size=96))
@settings(deadline=None)
def test_a_labels_place_does_not_depend_on_the_others(pool, randomness):
    """Take anybody out of the pool and the rest stay in their order: nobody can push another down."""
    order = rules.ranking(pool, randomness=randomness, code=CODE)
    assert sorted(order) == sorted(pool)
    for gone in pool:
        rest = [label for label in pool if label != gone]
        assert rules.ranking(rest, randomness=randomness, code=CODE) == [
            label for label in order if label != gone
        ]


@given(labels, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_pool_does_not_matter(pool, chance):
    shuffled = list(pool)
    chance.shuffle(shuffled)
    assert rules.ranking(shuffled, randomness=b"x", code=CODE) == rules.ranking(
        pool, randomness=b"x", code=CODE
    )
    assert rules.pool_digest(shuffled) == rules.pool_digest(pool)


def test_every_place_falls_to_every_label_about_as_often():
    """Chi-square over 4 800 draws of four labels: all 24 orders alike (23 degrees of freedom, 0.1 % limit 49.7)."""
    pool = ["甲", "乙", "丙", "丁"]
    seen = dict.fromkeys(permutations(pool), 0)
    for n in range(4800):
        seen[tuple(rules.ranking(pool, randomness=hashlib.sha256(n.to_bytes(4)).digest(), code=CODE))] += 1
    assert sum((count - 200) ** 2 / 200 for count in seen.values()) < 49.7


def test_seeds_are_joined_in_a_fixed_order():
    backwards = dict(reversed(SEEDS.items()))
    assert rules.joined(SEEDS) == rules.joined(backwards) == b"\xaa" * 32 + b"\xbb" * 32 + b"\xcc" * 32


@pytest.mark.parametrize("party", SEEDS)
def test_every_partys_seed_counts(party):
    """One honest party is enough: changing one seed alone changes the draw."""
    pool = [f"专家-{n:03d}" for n in range(30)]
    changed = {**SEEDS, party: "dd" * 32}
    assert rules.ranking(pool, randomness=rules.joined(SEEDS), code=CODE) != rules.ranking(
        pool, randomness=rules.joined(changed), code=CODE
    )


@pytest.mark.parametrize("party", SEEDS)
def test_without_one_seed_there_is_no_draw(party):
    with pytest.raises(KeyError, match=party):
        rules.joined({name: seed for name, seed in SEEDS.items() if name != party})


def test_the_code_of_the_draw_counts():
    pool = [f"专家-{n:03d}" for n in range(30)]
    assert rules.ranking(pool, randomness=b"x", code=CODE) != rules.ranking(
        pool, randomness=b"x", code=bytes(32)
    )


def test_a_pool_is_frozen_by_the_hash_of_its_sorted_labels():
    assert rules.pool_digest(["b", "a"]) == hashlib.sha256(b'["a","b"]').hexdigest()
    assert rules.pool_digest(["a"]) != rules.pool_digest(["a", "b"])
    assert rules.pool_digest(["ab"]) != rules.pool_digest(["a", "b"])


def test_a_label_hides_the_expert_behind_the_pools_salt():
    assert rules.label_of(salt=b"s", expert="e1") == hashlib.sha256(b"se1").hexdigest()
    assert rules.label_of(salt=b"s", expert="e1") != rules.label_of(salt=b"t", expert="e1")


def test_a_seed_is_committed_by_its_hash():
    assert rules.seed_commitment(bytes(32)) == hashlib.sha256(bytes(32)).hexdigest()


@pytest.mark.parametrize(
    ("employer", "bidders", "avoids"),
    [
        ("A", ["B", "A"], True),
        ("A", ["B"], False),
        ("A", [], False),
        ("", ["", "B"], False),
        ("A", ["AB"], False),
    ],
)
def test_an_expert_stands_aside_where_the_employer_bids(employer, bidders, avoids):
    assert rules.must_avoid(employer_uscc=employer, bidders=bidders) is avoids

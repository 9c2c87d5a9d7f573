"""Third-party vectors of transparency-dev/merkle: good proofs pass, bad ones do not. Not part of this repository."""

import base64
import json
from pathlib import Path

import pytest

from ggzy.evidence import tlog

HERE = Path(__file__).resolve().parents[2]
VECTORS = HERE / ".." / "shared" / "vectors" / "transparency-dev-merkle" / "testdata"
pytestmark = [
    pytest.mark.pure,
    pytest.mark.shared,
    pytest.mark.skipif(
        not VECTORS.is_dir(),
        reason=f"the third-party vectors are not beside the checkout ({VECTORS}); the other tests do not need them",
    ),
]


def cases(kind):
    found = sorted((VECTORS / kind).rglob("*.json"))
    return [(path.relative_to(VECTORS).as_posix(), json.loads(path.read_text())) for path in found]


def raw(text):
    return base64.b64decode(text or "")


def proof_of(case):
    return [raw(part) for part in case["proof"] or ()]


def wrong(kind, says_yes):
    tried = cases(kind)
    assert len(tried) > 90
    return [name for name, case in tried if says_yes(case) == case["wantErr"]]


def test_inclusion():
    assert not wrong(
        "inclusion",
        lambda case: tlog.verify_inclusion(
            raw(case["leafHash"]), case["leafIdx"], case["treeSize"], proof_of(case), raw(case["root"])
        ),
    )


def test_consistency():
    assert not wrong(
        "consistency",
        lambda case: tlog.verify_consistency(
            case["size1"], case["size2"], proof_of(case), raw(case["root1"]), raw(case["root2"])
        ),
    )


def test_inclusion_in_subtrees():
    """A valid subtree is a tree: [start, end) with start a multiple of the power of two that covers it."""

    def says_yes(case):
        start, end = case["start"], case["end"]
        if not 0 <= start < end or start % (1 << (end - start - 1).bit_length()):
            return False
        return tlog.verify_inclusion(
            raw(case["leafHash"]), case["leafIdx"] - start, end - start, proof_of(case), raw(case["root"])
        )

    assert not wrong("subtreeinclusion", says_yes)

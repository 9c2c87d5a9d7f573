"""One JSON value has one sequence of bytes, and a commitment hides it until it is shown."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.canonical import canonical, commitment, sha256

pytestmark = pytest.mark.pure

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)
SALT = bytes(range(32))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "x"]}, '{"a":[true,null,"x"],"b":1}'),
        ({"报价": "1000.00"}, '{"报价":"1000.00"}'),
        ("a/b\n\u0001", '"a/b\\n\\u0001"'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),
        (1e21, "1e+21"),
        (4.50, "4.5"),
    ],
)
def test_the_bytes_of_rfc_8785(value, text):
    """Keys in UTF-16 order (the emoji before U+FB33), no blanks, Chinese as it is, numbers as ECMAScript has them."""
    assert canonical(value) == text.encode()


@given(values)
def test_canonical_bytes_read_back_to_the_value_and_are_stable(value):
    data = canonical(value)
    assert json.loads(data) == value
    assert canonical(json.loads(data)) == data


@given(st.dictionaries(st.text("abc", max_size=3), st.integers(0, 9), max_size=6))
def test_the_order_of_keys_does_not_matter(value):
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_a_commitment_is_the_hash_of_salt_and_bytes():
    assert commitment(SALT, "100.00") == hashlib.sha256(SALT + b'"100.00"').hexdigest()
    assert sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_commitment_tells_values_and_salts_apart():
    assert (
        len({commitment(salt, value) for salt in (SALT, bytes(32)) for value in ("1", 1, "1.00", None)}) == 8
    )


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_salt_has_32_bytes(length):
    with pytest.raises(ValueError, match="32"):
        commitment(bytes(length), "x")

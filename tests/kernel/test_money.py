"""Amounts: rounded half up to the 分, within bounds, and written in words that read back to the same amount."""

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.money import CENT, MOST, in_words, yuan
from ggzy.kernel.refusals import BadInput

pytestmark = pytest.mark.pure

amounts = st.integers(0, 999_999_999_999_999_999).map(lambda cents: Decimal(cents) / 100)


@pytest.mark.parametrize(
    ("given_value", "kept"),
    [
        ("0", "0.00"),
        (0, "0.00"),
        (" 1234567.89 ", "1234567.89"),
        ("0.005", "0.01"),
        ("0.015", "0.02"),
        ("0.0249", "0.02"),
        ("0.025", "0.03"),
        ("2.675", "2.68"),
        (Decimal("1e3"), "1000.00"),
        (12, "12.00"),
        ("9999999999999999.994", "9999999999999999.99"),
    ],
)
def test_amounts_are_kept_to_the_fen_rounded_half_up(given_value, kept):
    assert str(yuan(given_value)) == kept


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("", "不是数字"),
        ("一百元", "不是数字"),
        ("1,000.00", "不是数字"),
        ("100元", "不是数字"),
        ("sNaN", "不是数字"),
        ("Infinity", "不是数字"),
        ("-Infinity", "不是数字"),
        (None, "不是数字"),
        ("-0.01", "不能为负"),
        (Decimal(-1), "不能为负"),
        ("9999999999999999.995", "过大"),
        ("10000000000000000", "过大"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_reason(bad, says):
    with pytest.raises(BadInput) as refused:
        yuan(bad, field="price")
    assert says in refused.value.message
    assert refused.value.field == "price"


@pytest.mark.parametrize("bad", ["NaN", "1e30", "-1e30"])
def test_odd_numbers_are_refused(bad):
    with pytest.raises(BadInput):
        yuan(bad)


@pytest.mark.parametrize("bad", ["-0.001", "-0.0049"])
def test_a_negative_amount_is_refused_before_it_is_rounded_away(bad):
    with pytest.raises(BadInput):
        yuan(bad)


@pytest.mark.parametrize(("bad", "says"), [("NaN", "不是数字"), ("1e30", "过大")])
def test_the_reason_for_an_odd_number_is_the_right_one(bad, says):
    with pytest.raises(BadInput, match=says):
        yuan(bad)


@pytest.mark.parametrize("zero", ["-0", "-0.00", "-0e5"])
def test_nothing_has_one_way_of_writing(zero):
    assert str(yuan(zero)) == "0.00"


@given(amounts)
def test_an_amount_of_whole_fen_stays_as_it_is(amount):
    assert yuan(amount) == amount
    assert yuan(str(yuan(amount))) == amount


@given(st.decimals(0, MOST, places=6))
def test_rounding_is_by_half_a_fen_at_most(value):
    if value <= MOST:
        assert abs(yuan(value) - value) <= CENT / 2
        assert yuan(value) == value.quantize(CENT, ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("0.01", "壹分"),
        ("0.10", "壹角整"),
        ("0.11", "壹角壹分"),
        ("1", "壹元整"),
        ("10.05", "壹拾元零伍分"),
        ("10.50", "壹拾元伍角整"),
        ("101", "壹佰零壹元整"),
        ("110", "壹佰壹拾元整"),
        ("1001.50", "壹仟零壹元伍角整"),
        ("1010", "壹仟零壹拾元整"),
        ("10001", "壹万零壹元整"),
        ("10100", "壹万零壹佰元整"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("100000", "壹拾万元整"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("1234567.89", "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分"),
        ("20005000", "贰仟万伍仟元整"),
        ("100000000", "壹亿元整"),
        ("100000001", "壹亿零壹元整"),
        ("100010000", "壹亿零壹万元整"),
        ("200005000", "贰亿零伍仟元整"),
        ("10000000000.00", "壹佰亿元整"),
        ("1000000000000", "壹万亿元整"),
        ("1000100000000", "壹万亿零壹亿元整"),
    ],
)
def test_amounts_in_words(amount, words):
    """As the rules for filling in bills (正确填写票据和结算凭证的基本规定) have them."""
    assert in_words(Decimal(amount)) == words


def test_half_a_fen_in_words_rounds_up():
    assert in_words(Decimal("0.025")) == "叁分"


_DIGIT = {c: n for n, c in enumerate("零壹贰叁肆伍陆柒捌玖")}
_UNIT = {"仟": 1000, "佰": 100, "拾": 10, "": 1}


def _four(text):
    return sum(_DIGIT[d] * _UNIT[u] for d, u in re.findall("([壹贰叁肆伍陆柒捌玖])([仟佰拾]?)", text or ""))


def _read(words):
    """Read 大写金额 back, written without looking at how it is made."""
    whole, _, rest = words.rpartition("元")
    groups = re.fullmatch("(?:(.*?)万亿)?(?:(.*?)亿)?(?:(.*?)万)?(.*)", whole).groups()
    value = sum(_four(g) * 10**power for g, power in zip(groups, (12, 8, 4, 0), strict=True))
    jiao, fen = re.search("([壹贰叁肆伍陆柒捌玖])角", rest), re.search("([壹贰叁肆伍陆柒捌玖])分", rest)
    cents = (10 * _DIGIT[jiao[1]] if jiao else 0) + (_DIGIT[fen[1]] if fen else 0)
    return Decimal(value) + Decimal(cents) / 100


@given(amounts | st.integers(0, 2_000_000_00).map(lambda cents: Decimal(cents) / 100))
def test_words_read_back_to_the_amount(amount):
    assert _read(in_words(amount)) == amount


@given(amounts)
def test_words_have_one_zero_at_a_time_and_end_properly(amount):
    words = in_words(amount)
    assert "零零" not in words
    assert not words.startswith("零") or amount == 0
    assert "零元" not in words or amount == 0
    assert words.endswith("分") != words.endswith("整")

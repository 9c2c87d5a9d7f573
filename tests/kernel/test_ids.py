"""The codes of the field: each has a shape and a check digit, and a slip of the pen is found."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ggzy.kernel import ids
from ggzy.kernel.refusals import BadInput

pytestmark = pytest.mark.pure

codes = st.text(ids.USCC_ALPHABET, min_size=17, max_size=17).map(
    lambda body: body + ids.uscc_check_digit(body)
)

#: codes printed on public licences: they were made by others, so they test the weights and not only ourselves
LICENSED = ["91330100799655058B", "91110000802100433B", "914403001922038216", "9144030071526726XG"]


@pytest.mark.parametrize("code", LICENSED)
def test_codes_of_known_companies_pass(code):
    assert ids.require_uscc(code) == code


@pytest.mark.parametrize("code", LICENSED)
def test_the_code_of_a_company_contains_its_organisation_code(code):
    """GB 11714: characters 9 to 16 and their check digit at 17."""
    assert ids.org_code_check_digit(code[8:16]) == code[16]


@pytest.mark.parametrize(("eight", "digit"), [("D2143569", "X"), ("M0000000", "0")])
def test_the_two_odd_check_digits_of_an_organisation_code(eight, digit):
    """Ten is written X and eleven 0."""
    assert ids.org_code_check_digit(eight) == digit


def test_the_code_is_taken_in_small_letters_and_with_blanks_around_it():
    assert ids.require_uscc("  9144030071526726xg\n") == "9144030071526726XG"


@given(codes)
@settings(deadline=None, max_examples=15)
def test_every_single_wrong_character_is_found(code):
    for place in range(18):
        for other in set(ids.USCC_ALPHABET) - {code[place]}:
            with pytest.raises(BadInput):
                ids.require_uscc(code[:place] + other + code[place + 1 :])


@given(codes)
@settings(deadline=None)
def test_every_swap_of_neighbours_is_found(code):
    for place in range(17):
        left, right = code[place : place + 2]
        if left != right:
            with pytest.raises(BadInput):
                ids.require_uscc(code[:place] + right + left + code[place + 2 :])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "现为0位"),
        ("91440300192203821", "现为17位"),
        ("9144030019220382166", "现为19位"),
        ("91440300192203821 6 ", "现为19位"),
        ("9I440300192203821O", "不会出现“I、O”"),
        ("91440300192203821S", "不会出现“S”"),
        ("91440300192203821Z", "不会出现“Z”"),
        ("91440300192203821V", "不会出现“V”"),
        ("91440300192203821-", "不会出现“-”"),
        ("９14403001922038216", "不会出现“９”"),
        ("914403001922038215", "校验位不符"),
    ],
)
def test_a_wrong_code_is_refused_with_the_reason(text, says):
    with pytest.raises(BadInput) as refused:
        ids.require_uscc(text, field="organisation.uscc")
    assert says in refused.value.message
    assert refused.value.field == "organisation.uscc"


@given(st.integers(0, 9_999_999), st.sampled_from(["370100", "110000", "370100001"]))
def test_made_codes_are_well_formed_and_carry_their_region(serial, region):
    code = ids.make_uscc(region=region, serial=serial)
    assert ids.require_uscc(code) == code
    assert code[:8] == "91" + region[:6]


def test_made_codes_differ_by_serial():
    assert len({ids.make_uscc(region="370100", serial=n) for n in range(500)}) == 500


@pytest.mark.parametrize(
    ("text", "character"),
    [("G123489654321", "Y"), ("", "1"), ("0", "1"), ("1", "*")],
)
def test_mod_37_2_vectors(text, character):
    """The first is the blood donation number printed with ISO 7064 MOD 37-2; the others are small by hand."""
    assert ids.mod_37_2(text) == character


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=40))
def test_a_checked_text_is_congruent_to_one(text):
    """ISO 7064: the sum of the values times powers of 2, check character included, leaves 1 modulo 37."""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
    whole = text + ids.mod_37_2(text)
    assert sum(alphabet.index(c) * pow(2, n, 37) for n, c in enumerate(reversed(whole))) % 37 == 1


def test_the_deal_code_of_one_day():
    made = ids.deal_code(kind="A01", organiser_uscc=LICENSED[0], on=date(2026, 3, 2), serial="00000A")
    body = f"A01{LICENSED[0]}2026030200000A"
    assert made == f"A01-{LICENSED[0]}-20260302-00000A-{ids.mod_37_2(body)}"
    assert len(made) == 40
    assert ids.is_deal_code(made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A01-91330100799655058B-20260302-00000A",
        "A1-91330100799655058B-20260302-00000A-Y",
        "101-91330100799655058B-20260302-00000A-Y",
        "A01-91330100799655058-20260302-00000A-Y",
        "A01-91330100799655058B-2026032-00000A-Y",
        "A01-91330100799655058B-20260302-0000A-Y",
        "A01-91330100799655058B-20260302-00000A-y",
        "A01-91330100799655058B-20260302-00000A-Y\n",
        "A0191330100799655058B2026030200000AY",
    ],
)
def test_what_is_no_deal_code(text):
    assert not ids.is_deal_code(text)


@pytest.mark.parametrize(
    ("rule", "good", "kept"),
    [
        (ids.require_invest_code, " 2603-370100-04-01-123456 ", "2603-370100-04-01-123456"),
        (ids.require_region, "370100", "370100"),
        (ids.require_region, " 370102001 ", "370102001"),
        (ids.require_industry, "e48", "E48"),
        (ids.require_industry, "A", "A"),
        (ids.require_industry, "T9600", "T9600"),
    ],
)
def test_well_shaped_codes_are_kept(rule, good, kept):
    assert rule(good) == kept


WRONG = [
    (ids.require_invest_code, "invest_code", "投资项目代码"),
    (ids.require_region, "region_code", "行政区划代码"),
    (ids.require_industry, "industry_code", "行业代码"),
]


@pytest.mark.parametrize(
    ("rule", "field", "says", "bad"),
    [
        (*WRONG[0], bad)
        for bad in [
            "",
            "2603-370100-04-01-12345",
            "2603-370100-04-01-1234567",
            "2603 370100 04 01 123456",
            "x",
        ]
    ]
    + [(*WRONG[1], bad) for bad in ["", "37010", "3701001", "37010000", "3701000000", "济南市"]]
    + [(*WRONG[2], bad) for bad in ["", "U48", "48", "E48000", "E-48", "建筑业"]],
)
def test_ill_shaped_codes_are_refused_by_name(rule, field, says, bad):
    with pytest.raises(BadInput) as refused:
        rule(bad)
    assert refused.value.field == field
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (ids.require_invest_code, "２６０３-370100-04-01-123456"),
        (ids.require_region, "３７０１００"),
        (ids.require_industry, "E４８"),
    ],
)
def test_full_width_digits_do_not_enter_a_code(rule, bad):
    with pytest.raises(BadInput):
        rule(bad)


def test_public_ids_are_128_random_bits():
    made = {ids.new_public_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in made)

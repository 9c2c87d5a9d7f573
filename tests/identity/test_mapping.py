"""Whose a certificate is: each pattern that CAs use, on certificates made for it."""

import pytest
from asn1crypto import core
from cryptography.x509.oid import NameOID

from ggzy.identity import mapping
from ggzy.identity.mapping import AT_SIGNS, REGIONAL, USUAL, Fact, Holder, Rule, holder_of
from ggzy.kernel.ids import make_uscc
from ggzy.kernel.refusals import BadInput
from tests.identity.cas import CA, named

pytestmark = pytest.mark.pure

USCC = make_uscc(region="370100", serial=1234567)
OTHER = make_uscc(region="330600", serial=7654321)
PERSON = "330602197108300018"


@pytest.fixture(scope="module")
def root():
    return CA.root()


def utf8(text):
    return core.UTF8String(text).dump()


def holder(root, *more, subject=None, rules=USUAL):
    return holder_of(root.leaf(subject or named((None, "张三")), more=more).certificate, rules)


@pytest.mark.parametrize(
    "oid",
    [
        "1.2.156.10260.4.1.3",
        "1.2.156.10260.4.1.4",
        "1.2.156.10260.4.1.5",
        "1.2.86.11.7.3",
        "1.2.86.11.7.4",
        "1.2.86.11.7.5",
    ],
)
def test_the_usual_extensions_hold_the_code_of_the_organisation(root, oid):
    assert holder(root, (oid, utf8(USCC))).uscc == USCC


@pytest.mark.parametrize("oid", REGIONAL)
def test_regional_extensions_are_read_where_the_entry_says_so(root, oid):
    assert holder(root, (oid, utf8(USCC)), rules=(REGIONAL[oid],)).uscc == USCC
    assert holder(root, (oid, utf8(USCC))).uscc == ""


@pytest.mark.parametrize(
    "data",
    [
        core.UTF8String(USCC).dump(),
        core.PrintableString(USCC).dump(),
        core.IA5String(USCC).dump(),
        core.OctetString(USCC.encode()).dump(),
        USCC.encode(),
        core.UTF8String(f" {USCC[:8]}-{USCC[8:].lower()} ").dump(),
    ],
    ids=["utf8", "printable", "ia5", "octets", "bare text", "with spaces"],
)
def test_the_value_may_be_any_kind_of_text(root, data):
    assert holder(root, ("1.2.156.10260.4.1.4", data)).uscc == USCC


@pytest.mark.parametrize("text", [USCC, f"NTRCN-{USCC}", f"VATCN-{USCC}"])
def test_the_identifier_of_the_organisation_is_read_with_and_without_its_prefix(root, text):
    subject = named((NameOID.ORGANIZATION_NAME, "甲公司"), (NameOID.ORGANIZATION_IDENTIFIER, text))
    found = holder(root, subject=subject)
    assert (found.uscc, found.organisation) == (USCC, "甲公司")


def test_the_code_of_an_old_certificate_is_compared_with_the_middle_of_the_new_one(root):
    found = holder(root, ("1.2.86.11.7.4", utf8(f"{USCC[8:16]}-{USCC[16]}")))
    assert (found.uscc, found.organisation_code) == ("", USCC[8:17])
    assert found.is_of(USCC) is True
    assert found.is_of(OTHER) is False


@pytest.mark.parametrize("oid", ["1.2.156.10260.4.1.1", "1.2.86.11.7.1"])
def test_a_person_is_known_by_the_number_of_the_identity_card(root, oid):
    found = holder(root, (oid, utf8(f"SF{PERSON}")))
    assert (found.person_id, found.person) == (PERSON, "张三")


def test_a_common_name_with_at_signs_is_taken_apart(root):
    found = holder(root, subject=named((None, f"041@0{PERSON}@李四@00000001")), rules=AT_SIGNS)
    assert found == Holder(person_id=PERSON, person="李四")
    found = holder(root, subject=named((None, f"051@{USCC}@甲公司@00000002")), rules=AT_SIGNS)
    assert (found.uscc, found.person_id) == (USCC, "")


def test_a_code_that_cannot_be_right_is_passed_over(root):
    wrong = USCC[:-1] + ("0" if USCC[-1] != "0" else "1")
    assert holder(root, ("1.2.156.10260.4.1.4", utf8(wrong))).uscc == ""
    both = (("1.2.156.10260.4.1.4", utf8(wrong)), ("1.2.156.10260.4.1.5", utf8(USCC)))
    assert holder(root, *both).uscc == USCC


def test_the_first_rule_that_finds_something_decides(root):
    both = (("1.2.156.10260.4.1.4", utf8(USCC)), ("1.2.86.11.7.4", utf8(OTHER)))
    assert holder(root, *both).uscc == USCC


def test_a_certificate_that_names_nobody_is_of_nobody(root):
    assert holder(root).is_of(USCC) is None
    assert holder(root, rules=()) == Holder()


def test_noise_in_an_extension_is_no_code(root):
    for noise in (b"", b"\xff\xfe\x00", b"\x30\x03\x02\x01\x05", core.Integer(5).dump()):
        assert holder(root, ("1.2.156.10260.4.1.4", noise)).uscc == ""


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("x", "对象"),
        ({"fact": "x", "part": "subject", "oid": "1.2"}, "fact"),
        ({"fact": "uscc", "part": "subject", "oid": "x"}, "对象标识符"),
        ({"fact": "uscc", "part": "subject", "oid": "2.5.4.3", "normaliser": "x"}, "normaliser"),
        ({"fact": "uscc", "part": "subject", "oid": "2.5.4.3", "pattern": "("}, "正则"),
        ({"fact": "uscc", "part": "subject", "oid": "2.5.4.3", "pattern": "x" * 201}, "200"),
    ],
)
def test_a_rule_that_cannot_be_right_is_refused_in_words(row, says):
    with pytest.raises(BadInput, match=f"第1条.*{says}"):
        mapping.read_rules([row])


def test_rules_are_read_back_as_they_were_written():
    rules = (*USUAL, *AT_SIGNS, *REGIONAL.values(), Rule(fact=Fact.PERSON, part="subject", oid="2.5.4.3"))
    assert mapping.read_rules(mapping.rules_as_json(rules)) == rules

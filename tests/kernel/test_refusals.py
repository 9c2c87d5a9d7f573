"""A refusal speaks to three readers: a person, a program, a court."""

import pytest

from ggzy.kernel.actors import ANYONE, SYSTEM, Actor, Role
from ggzy.kernel.refusals import BadInput, Citation, NotFound, NotPermitted, NotSignedIn, Refusal

pytestmark = pytest.mark.pure


class TooFew(Refusal):
    """A refusal with a clause."""

    code = "opening.too_few_bids"
    basis = Citation("招标投标法实施条例", "第四十四条")


def test_a_problem_names_everything():
    refusal = TooFew("投标人少于3个, 不得开标", next_steps=(("查看投标情况", "/lots/1"),), field="round")
    assert refusal.as_problem() == {
        "type": "urn:openggzy:opening.too_few_bids",
        "status": 409,
        "code": "opening.too_few_bids",
        "title": "投标人少于3个, 不得开标",
        "message": "投标人少于3个, 不得开标",
        "basis": "《招标投标法实施条例》第四十四条",
        "field": "round",
        "next": [{"label": "查看投标情况", "href": "/lots/1"}],
    }


def test_what_is_not_known_is_null():
    problem = Refusal("不行").as_problem()
    assert (problem["basis"], problem["field"], problem["next"]) == (None, None, [])


def test_a_clause_given_for_one_case_does_not_stick_to_the_class():
    one = TooFew("甲", basis=Citation("招标投标法", "第二十八条"))
    assert str(one.basis) == "《招标投标法》第二十八条"
    assert str(TooFew("乙").basis) == "《招标投标法实施条例》第四十四条"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (Refusal, 409, "refused"),
        (NotPermitted, 403, "permission.denied"),
        (NotSignedIn, 401, "permission.sign_in_first"),
        (NotFound, 404, "not_found"),
        (BadInput, 422, "input.invalid"),
    ],
)
def test_each_kind_has_its_answer(kind, status, code):
    problem = kind("理由").as_problem()
    assert (problem["status"], problem["code"], problem["message"]) == (status, code, "理由")
    assert str(kind("理由")) == "理由"


def test_every_role_has_a_word_and_only_people_are_signed_in():
    assert len({role.label for role in Role}) == len(Role)
    assert not ANYONE.signed_in
    assert not SYSTEM.signed_in
    assert Actor(role=Role.BIDDER, person="a" * 32).signed_in

"""Rules of records, without a database."""

from datetime import date

import pytest

from ggzy.kernel.ids import make_uscc
from ggzy.kernel.refusals import BadInput
from ggzy.registry import rules
from ggzy.registry.rules import Kind, State, Tied

pytestmark = pytest.mark.pure
DAY = date(2026, 6, 30)
LICENCE = {"code": "safety", "number": "N1", "issuer": "发证机关", "valid_to": "2026-06-30"}


@pytest.mark.parametrize(
    ("on", "outcomes", "state"),
    [
        (DAY, [], State.UNVERIFIED),
        (DAY, [True, True], State.VERIFIED),
        (DAY, [True, False], State.MISMATCH),
        (date(2026, 7, 1), [True], State.EXPIRED),
    ],
)
def test_a_record_is_good_through_its_last_day(on: date, outcomes: list[bool], state: State) -> None:
    assert rules.state_of(valid_to=DAY, outcomes=outcomes, on=on) is state


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": " "}, "number"),
        ({"code": "nonsense"}, "code"),
        ({"valid_to": ""}, "valid_to"),
        ({"valid_to": "30.6.2026"}, "valid_to"),
        ({"valid_from": "2026-07-01"}, "valid_to"),
    ],
)
def test_what_cannot_be_right_is_refused(change: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        rules.read(Kind.LICENCE, LICENCE | change)
    assert refused.value.field == field


def test_a_snapshot_never_holds_a_secret_and_its_hash_covers_all() -> None:
    person = {"name": "某甲", "id_number": "110101199003070011", "duty": "manager", "certificate": "C1"}
    said = rules.read(Kind.PERSON, person | {"specialty": "建筑", "valid_to": "2030-01-01"})
    shown = rules.shown_in_snapshot(kind=Kind.PERSON, said=said, files=[])
    assert "110101199003070011" not in str(shown)
    row = {**shown, "record": "r", "version": 1, "version_sha256": "0"}
    made = rules.snapshot(organisation="甲", uscc="U", rows=[row], taken_at="t")
    assert rules.is_whole(made)
    assert not rules.is_whole({**made, "uscc": "V"})


@pytest.mark.parametrize("value", [None, [], {}, {"format": rules.SNAPSHOT, "records": [1]}, "x"])
def test_a_strangers_snapshot_breaks_nothing(value: object) -> None:
    assert not rules.is_whole(value)


def test_ties_are_facts_with_the_clause() -> None:
    a, b = (make_uscc(region="370100", serial=n) for n in (1, 2))
    one = Tied(bidder="1", name="甲", uscc=a, head="某", head_id="X1", ties=((b, "controls"),))
    assert len(rules.related([one, Tied(bidder="2", name="乙", uscc=b, head="某", head_id="X1")])) == 2
    assert "待核实" in rules.related([one, Tied(bidder="2", name="丙", uscc="C", head="某")])[0].says
    assert not rules.related([one, Tied(bidder="2", name="丁", uscc="D", head="某", head_id="X2")])
    assert not rules.related([one, Tied(bidder="1", name="成员", uscc=b)])
    shareholder = Tied(bidder="2", name="乙", uscc="E", ties=((a, "shareholder"),))
    assert not rules.related([one, shareholder])


def test_a_consortium_is_looked_at_and_not_rejected() -> None:
    good = make_uscc(region="370100", serial=3)
    members = [{"uscc": good, "name": "甲", "share": "60"}, {"uscc": "123", "name": "乙", "share": "30"}]
    says = [f.says for f in rules.consortium_facts(members, allowed=False, agreement=False, registered=[])]
    assert len(says) == 5
    fine = [{"uscc": good, "name": "甲", "share": "100"}]
    assert not rules.consortium_facts(fine, allowed=True, agreement=True, registered=[good])


def test_a_subcontract_is_a_fact_only_where_none_is_allowed() -> None:
    assert rules.subcontract_facts([{"work": "防水"}], allowed=False)
    assert not rules.subcontract_facts([{"work": "防水"}], allowed=True)
    assert not rules.subcontract_facts([], allowed=False)

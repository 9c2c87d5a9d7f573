"""Every procedure of the catalogue is whole: no stage out of reach, no trap, and holds stop what they should."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggzy.kernel.actors import Role
from ggzy.law import table
from ggzy.procedures import diagram
from ggzy.procedures.catalogue import BY_CODE, GC_OPEN_POST, GP_DY, GP_OPEN, GP_XJ, PUBLISH
from ggzy.procedures.several import GP_KJ_TENDER
from ggzy.procedures.spec import EVERY_HOLD, Hold, Move, MoveNotAllowed, Procedure, Stage
from tests.shared import shared

pytestmark = pytest.mark.pure

MACHINES, NEEDS_MACHINES = shared("domain/state_machines.json")
every_procedure = pytest.mark.parametrize("procedure", BY_CODE.values(), ids=lambda p: p.code)
every_move = pytest.mark.parametrize(
    ("procedure", "move"),
    [pytest.param(p, m, id=f"{p.code}-{m.code}") for p in BY_CODE.values() for m in p.moves],
)
#: what a hold never stops: time, bids, and the means by which holds themselves arise and end
NEVER_STOPPED = {
    "close_bidding",
    "fail_for_lack_of_bids",
    "submit_bid",
    "withdraw_bid",
    "object_at_opening",
    "object_at_second",
    "object_to_result",
    "object_to_document",
    "challenge_document",
    "challenge_result",
    "object_to_source",
    "expire_framework",
}
#: what is made while the very thing stands that it is an answer to
ANSWERS_A_HOLD = {
    "uphold_objection",
    "remedy_system_failure",
    "terminate",
    "call_off",
    "stop_call",
    "restart_after_challenge",
    "annul_after_complaint",
    "clarify",
    "clarify_and_postpone",
}
#: and of a front: what its senders and invitees do, its clarification, which may answer what holds, and its failures
NEVER_STOPPED_OF_A_FRONT = NEVER_STOPPED | {
    "release_key",
    "clarify_prequalification",
    "postpone_front",
    "object_to_prequalification",
    "answer_invitation",
    "fail_for_lack_of_qualified",
    "fail_for_lack_of_acceptances",
    "end_second_stage",
}
#: and where nobody but the group opens: keys, what follows from them by itself, and what too few of them end
NEVER_STOPPED_IN_QUIET = NEVER_STOPPED | {
    "release_key",
    "leave_talks",
    "end_opening",
    "reveal_offers",
    "give_up_offers",
}
#: moves that are the system's own
SYSTEMS_OWN = {
    "GC_OPEN_POST": {"close_bidding", "fail_for_lack_of_bids", "end_publicity"},
    "GC_PREQ": {"close_bidding", "fail_for_lack_of_bids", "fail_for_lack_of_qualified"},
    "GC_INVITE": {"enter_bidding", "fail_for_lack_of_acceptances"},
    "GC_TWO_STAGE": {"close_bidding", "fail_for_lack_of_bids", "end_second_stage"},
    "GP_OPEN": {"close_bidding", "fail_for_lack_of_bids"},
    "GP_XJ": {"close_bidding", "fail_for_lack_of_bids"},
    "GP_CS": {"close_bidding", "fail_for_lack_of_bids", "end_opening", "reveal_offers"},
    "GP_TP": {"close_bidding", "fail_for_lack_of_bids", "end_opening", "reveal_offers"},
    "GP_FINAL": {"close_bidding", "reveal_offers", "give_up_offers"},
    "GP_INVITE": {"close_bidding", "fail_for_lack_of_bids", "fail_for_lack_of_qualified"},
    "GP_DY": {"end_publicity", "end_publicity_disputed"},
    "GP_KJ_OPEN": {"expire_framework"},
    "GP_KJ_TENDER": {"close_bidding", "fail_for_lack_of_bids"},
    "GP_KJ_CLOSED": {"expire_framework"},
    "GP_KJ_CALLOFF": {"settle_competition", "end_without_offers", "lapse_turn", "end_without_acceptance"},
    "GP_HC": {
        *("close_applications", "fail_without_applications", "settle_responses", "fail_without_responses"),
        *("settle_finals", "fail_without_finals"),
    },
    "GP_HC_RD": set(),
}


def reached(procedure, start, *, built_only=False):
    found, ahead = {start}, [start]
    while ahead:
        for move in procedure.from_stage(ahead.pop()):
            if move.target not in found and (move.built or not built_only):
                found.add(move.target)
                ahead.append(move.target)
    return found


@every_procedure
def test_every_stage_can_be_reached(procedure):
    assert reached(procedure, procedure.initial) == set(procedure.stages)


@every_procedure
def test_no_stage_is_a_trap(procedure):
    """From everywhere some end can be reached; deferred moves count, for their day will come."""
    assert [s for s in procedure.stages if not reached(procedure, s) & procedure.final] == []


@every_procedure
def test_what_is_built_reaches_the_contract_and_the_failure(procedure):
    failed = procedure.failures or {Stage.FAILED}
    whole = procedure.front or procedure.part or Stage.CONTRACTED not in procedure.stages
    wanted = procedure.final if whole else {Stage.CONTRACTED, *failed}
    assert wanted <= reached(procedure, procedure.initial, built_only=True)


@every_procedure
def test_nothing_moves_once_it_is_over(procedure):
    for stage in procedure.final:
        assert procedure.from_stage(stage) == ()
        for code in {move.code for move in procedure.moves}:
            with pytest.raises(MoveNotAllowed):
                procedure.move(stage, code)


@every_procedure
def test_a_code_names_one_move_of_a_stage(procedure):
    assert max(Counter((m.source, m.code) for m in procedure.moves).values()) == 1


def test_two_moves_of_one_name_from_one_stage_are_refused():
    with pytest.raises(ValueError, match="publish"):
        Procedure(
            "X", "某程序", "GC", (PUBLISH, PUBLISH), Stage.DOC_READY, frozenset({Stage.FAILED}), 3, "某法"
        )


@every_procedure
def test_the_catalogue_knows_a_procedure_by_its_code(procedure):
    assert BY_CODE[procedure.code] is procedure
    # 110号令第二十七条: two are enough where a framework is collected
    least = 2 if procedure.code == "GP_KJ_TENDER" else 3
    assert procedure.minimum_bids == (least if procedure.bids and not procedure.part else 0)
    assert procedure.final <= set(procedure.stages)


@every_move
def test_a_move_is_made_from_its_stage_alone(procedure, move):
    """From its own stage it is given back (or refused as deferred); from every other stage it is refused."""
    if move.built:
        assert procedure.move(move.source.value, move.code) is move
    own = {m.source for m in procedure.moves if m.code == move.code}
    for stage in set(Stage) - own:
        with pytest.raises(MoveNotAllowed) as refused:
            procedure.move(stage, move.code)
        assert stage.label in refused.value.message
        assert move.label in refused.value.message


@pytest.mark.parametrize(
    ("procedure", "move"),
    [pytest.param(p, m, id=f"{p.code}-{m.code}") for p in BY_CODE.values() for m in p.moves if not m.built],
)
def test_a_deferred_move_refuses_in_chinese(procedure, move):
    with pytest.raises(MoveNotAllowed) as refused:
        procedure.move(move.source, move.code)
    assert refused.value.message == f"“{move.label}”尚未开放, 在程序目录中标为待建"
    assert refused.value.code == "procedure.move_not_allowed"


@every_procedure
def test_a_challenge_stops_the_contract_and_its_performance_and_nothing_else(procedure):
    stopped = {m.code for m in procedure.moves if Hold.CHALLENGE in m.blocked_by}
    #: what is signed, or performed, where nobody bids in a round
    signed = {
        "GP_DY": {"sign_contract"},
        "GP_KJ_CALLOFF": {"sign_contract"},
        "GP_HC": {"sign_first"},
        "GP_HC_RD": {"sign_research", "record_interim", "confirm_interim", "hand_in_results", "pass_stage"}
        | {"pass_last_stage", "hand_in_product", "accept_product", "refuse_product"},
    }
    tendered = procedure.scope == "GP" and procedure.bids and not (procedure.front or procedure.part)
    # where the round has no contract, its archive waits for the answer
    contract = {"archive"} if procedure.several else {"sign_contract", "start_performance"}
    # a framework agreement is signed long after its round, and waits all the same (GP-T38 does not run on)
    signed["GP_KJ_CLOSED"] = {"sign_agreement", "conclude_agreements", "end_unsigned"}
    assert stopped == (contract if tendered else signed.get(procedure.code, set()))


@every_procedure
@given(holds=st.frozensets(st.sampled_from(sorted(EVERY_HOLD)), min_size=1))
def test_under_any_hold_nothing_goes_forward_but_what_a_hold_never_stops(procedure, holds):
    never_stopped = NEVER_STOPPED_OF_A_FRONT if procedure.front else NEVER_STOPPED
    if procedure.quiet or procedure.part:
        never_stopped = NEVER_STOPPED_IN_QUIET
    for move in procedure.moves:
        if not move.built:
            continue
        try:
            procedure.move(move.source, move.code, holds=holds)
        except MoveNotAllowed as refused:
            assert move.code not in never_stopped
            assert holds & move.blocked_by
            assert all(hold.label in refused.message for hold in holds & move.blocked_by)
        else:
            assert move.code in never_stopped | ANSWERS_A_HOLD
            assert not holds & move.blocked_by


def test_a_hold_may_be_told_by_its_word_as_the_database_keeps_it():
    with pytest.raises(MoveNotAllowed, match="异议未答复、投诉暂停"):
        GC_OPEN_POST.move("CAND_PUB", "end_publicity", holds=["complaint", "objection"])


def test_a_hold_stops_only_the_moves_that_name_it():
    move = Move(
        code="go",
        label="走",
        source=Stage.DRAFT,
        target=Stage.FAILED,
        actors=frozenset(),
        blocked_by=frozenset({Hold.COURT}),
    )
    procedure = Procedure("X", "某程序", "GC", (move,), Stage.DRAFT, frozenset({Stage.FAILED}), 3, "某法")
    assert procedure.move(Stage.DRAFT, "go", holds=EVERY_HOLD - {Hold.COURT}) is move
    with pytest.raises(MoveNotAllowed, match="司法协助"):
        procedure.move(Stage.DRAFT, "go", holds=EVERY_HOLD)


@every_move
def test_every_move_says_who_why_and_how_long(procedure, move):
    """Somebody makes it, people have a word for it, and each clock of 工程建设 that it names is in the table."""
    assert move.actors
    # the centre decides nothing; only the trouble of its own platform is its to report
    of_the_centre = {Role.CENTRE} if move.code == "remedy_system_failure" else set()
    assert move.actors <= set(Role) - {Role.PUBLIC, Role.CENTRE, Role.ADMIN} | of_the_centre
    assert move.label
    assert {key for key in move.limits if key.startswith("GC-")} <= {row.key for row in table.ALL}


@every_procedure
def test_a_move_that_nobody_makes_by_hand_is_the_systems_own(procedure):
    own = {m.code for m in procedure.moves if m.actors == {Role.SYSTEM}}
    assert own == SYSTEMS_OWN[procedure.code]


@every_procedure
def test_only_the_tenderee_awards_and_only_a_bidder_bids(procedure):
    actors = {m.code: m.actors for m in procedure.moves}
    for code, role in (
        ("award", Role.TENDEREE),
        ("choose", Role.TENDEREE),
        ("submit_bid", Role.BIDDER),
        ("withdraw_bid", Role.BIDDER),
        ("answer_invitation", Role.BIDDER),
        ("approve_invitation", Role.SUPERVISOR),
    ):
        # where a buyer stays silent, the clock determines the first candidate (87号令第六十八条)
        silent = {Role.SYSTEM} if (procedure.scope, code) == ("GP", "award") else set()
        assert actors.get(code, {role} | silent) == {role} | silent
    assert (
        procedure.front
        or procedure.part
        or not procedure.bids
        or {"choose" if procedure.several else "award", "submit_bid", "withdraw_bid"} <= set(actors)
    )


def test_stages_and_holds_have_words():
    assert len({stage.label for stage in Stage}) == len(Stage)
    assert len({hold.label for hold in Hold}) == len(Hold)


@every_move
def test_diagram_and_table_tell_the_move(procedure, move):
    drawn = diagram.mermaid(procedure).splitlines()
    assert f"    {move.source} --> {move.target}: {move.label}{'' if move.built else '(待建)'}" in drawn
    row = next(
        r
        for r in diagram.table(procedure).splitlines()
        if r.startswith(f"| {move.label} | {move.source.label} |")
    )
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert len(cells) == 8
    assert cells[1] == move.source.label
    assert cells[2] == ("不变" if move.source is move.target else move.target.label)
    assert all(key in cells[5] for key in move.limits)
    assert all(str(citation) in cells[6] for citation in move.basis)
    assert cells[7] == ("已建" if move.built else "待建")


@every_procedure
def test_the_diagram_begins_and_ends(procedure):
    drawn = diagram.mermaid(procedure)
    assert drawn.startswith(f"stateDiagram-v2\n    [*] --> {procedure.initial}\n")
    assert {s for s in procedure.stages if f"    {s} --> [*]" in drawn.splitlines()} == procedure.final
    assert len(diagram.table(procedure).splitlines()) == 2 + len(procedure.moves)


class TestAgainstTheRulebook:
    """The open tender against the machine of the domain research."""

    pytestmark = NEEDS_MACHINES

    @pytest.fixture(scope="class")
    def machine(self):
        return next(m for m in json.loads(MACHINES.read_text()) if m["id"] == GC_OPEN_POST.code)

    def test_stages_are_the_same(self, machine):
        assert {s["id"] for s in machine["states"]} == set(GC_OPEN_POST.stages)
        assert {s["id"] for s in machine["states"] if s["kind"] == "initial"} == {GC_OPEN_POST.initial}

    def test_every_transition_is_a_move_and_every_move_a_transition(self, machine):
        theirs = Counter((source, t["to"]) for t in machine["transitions"] for source in _sources(t["frm"]))
        # beyond the machine: an opening in which nothing opens would have no way on without it, and the second
        # envelopes are told, opened and ended while the committee's evaluation waits
        added = Counter({("OPENING", "FAILED"): 1, ("EVALUATING", "EVALUATING"): 3})
        ours = Counter((m.source.value, m.target.value) for m in GC_OPEN_POST.moves)
        assert ours == theirs + added
        assert len(GC_OPEN_POST.moves) == 40


class TestFrontsAgainstTheRulebook:
    """The fronts against the machines of the domain research."""

    pytestmark = NEEDS_MACHINES
    # the research has no machine of an invited procurement, only a note
    fronts = pytest.mark.parametrize(
        "front", [p for p in BY_CODE.values() if p.front and p.code != "GP_INVITE"], ids=lambda p: p.code
    )

    @pytest.fixture(scope="class")
    def machines(self):
        return {m["id"]: m for m in json.loads(MACHINES.read_text())}

    @fronts
    def test_stages_are_the_same(self, front, machines):
        states = machines[front.code]["states"]
        assert {s["id"] for s in states} == set(front.stages)
        assert {s["id"] for s in states if s["kind"] == "initial"} == {front.initial}
        assert {s["id"] for s in states if s["kind"] == "final"} == front.final

    @fronts
    def test_every_transition_is_a_built_move_and_only_events_are_added(self, front, machines):
        theirs = Counter(
            (source, t["to"]) for t in machines[front.code]["transitions"] for source in _sources(t["frm"])
        )
        ours = Counter((m.source.value, m.target.value) for m in front.moves if m.built)
        assert not theirs - ours
        assert all(source == target for source, target in ours - theirs)

    @fronts
    def test_every_clock_is_named(self, front, machines):
        theirs = {limit for t in machines[front.code]["transitions"] for limit in t.get("timers", [])}
        assert theirs <= {limit for m in front.moves for limit in m.limits}


class TestProcurementAgainstTheRulebook:
    """Government procurement by open tendering against the machine of the domain research."""

    pytestmark = NEEDS_MACHINES
    #: what construction has too is called by one name for both
    SAME = {"REVIEW": "FC_REVIEW", "READY": "DOC_READY"}

    @pytest.fixture(scope="class")
    def machine(self):
        return next(m for m in json.loads(MACHINES.read_text()) if m["id"] == GP_OPEN.code)

    def _name(self, stage):
        return self.SAME.get(stage, stage)

    def test_stages_are_the_same(self, machine):
        assert {self._name(s["id"]) for s in machine["states"]} == set(GP_OPEN.stages)
        assert {self._name(s["id"]) for s in machine["states"] if s["kind"] == "final"} == GP_OPEN.final

    def test_every_transition_is_a_move(self, machine):
        theirs = {
            (self._name(source), self._name(t["to"]))
            for t in machine["transitions"]
            for source in _sources(t["frm"])
        }
        ours = {(m.source.value, m.target.value) for m in GP_OPEN.moves}
        assert theirs <= ours
        # beyond the machine: nothing opens, or the winner does not sign
        assert ours - theirs == {
            ("OPENING", "OPENING"),
            ("OPENING", "CANCELLED"),
            ("QUAL", "QUAL"),
            ("ANNOUNCED", "REPORTED"),
            ("REPORTED", "CANCELLED"),
            # the result may be challenged after the contract too
            ("CONTRACTED", "CONTRACTED"),
            ("PUBLISHED", "PUBLISHED"),
        }

    def test_every_clock_is_named(self, machine):
        theirs = {limit for t in machine["transitions"] for limit in t.get("timers", [])}
        named = {limit for m in GP_OPEN.moves for limit in m.limits}
        assert theirs - named == {"GP-T09", "GP-T46", "GP-T48"}


class TestInquiryAgainstTheRulebook:
    """The inquiry goes by the stages of tendering; what the machine of the research demands is all there."""

    pytestmark = NEEDS_MACHINES
    #: the stages that the machine has in one: the group judges from the opening on, and a deadline is a stage of its own
    OURS = {"OPEN_FOR_RESP": "OPEN_FOR_BID", "REVIEW": "EVALUATING"}

    @pytest.fixture(scope="class")
    def machine(self):
        return next(m for m in json.loads(MACHINES.read_text()) if m["id"] == GP_XJ.code)

    def test_every_stage_and_clock_is_there(self, machine):
        stages = {self.OURS.get(s["id"], s["id"]) for s in machine["states"]}
        assert stages <= {stage.value for stage in GP_XJ.stages}
        theirs = {limit for t in machine["transitions"] for limit in t.get("timers", [])}
        assert theirs <= {limit for m in GP_XJ.moves for limit in m.limits}

    def test_every_way_it_can_fail_stops_it(self):
        stopped = {m.code for m in GP_XJ.moves if m.target is Stage.STOPPED}
        assert stopped == {
            "call_off",
            "fail_for_lack_of_bids",
            "fail_for_nothing_opened",
            "reject_all",
            "retender",
            "restart_after_challenge",
            "annul_after_complaint",
        }
        assert GP_XJ.failures == {Stage.STOPPED}


class TestTalksAgainstTheRulebook:
    """磋商 and 谈判 go by the stages of tendering; what the machines of the research demand is all there."""

    pytestmark = NEEDS_MACHINES
    #: stages that the platform has in one: from the group's seating to its report, with the talks and last offers inside;
    #: suppliers come by the public notice alone, and the group of a 谈判 is drawn when the answers are in
    OURS = {
        "OPEN_FOR_RESP": "OPEN_FOR_BID",
        "SOURCE": "DOC_READY",
        "GROUP": "DOC_READY",
        "REVIEW": "EVALUATING",
        "CONSULT": "EVALUATING",
        "NEGOTIATE": "EVALUATING",
        "PROPOSAL_VOTE": "EVALUATING",
        "FINAL_OFFER": "EVALUATING",
        "SCORING": "EVALUATING",
        "TERMINATED": "STOPPED",
    }
    talks = pytest.mark.parametrize("code", ["GP_CS", "GP_TP"])

    @pytest.fixture(scope="class")
    def machines(self):
        return {m["id"]: m for m in json.loads(MACHINES.read_text())}

    @talks
    def test_every_stage_and_clock_is_there(self, code, machines):
        machine, procedure = machines[code], BY_CODE[code]
        assert {self.OURS.get(s["id"], s["id"]) for s in machine["states"]} <= set(procedure.stages)
        theirs = {limit for t in machine["transitions"] for limit in t.get("timers", [])}
        assert theirs <= {limit for m in procedure.moves for limit in m.limits}

    @talks
    def test_every_way_it_can_fail_stops_it(self, code):
        stopped = {m.code for m in BY_CODE[code].moves if m.target is Stage.STOPPED}
        assert stopped == {
            "call_off",
            "fail_for_lack_of_bids",
            "reject_all",
            "retender",
            "restart_after_challenge",
            "annul_after_complaint",
        }


class TestSingleSourceAgainstTheRulebook:
    """A purchase from the only supplier against the machine of the domain research."""

    pytestmark = NEEDS_MACHINES

    @pytest.fixture(scope="class")
    def machine(self):
        return next(m for m in json.loads(MACHINES.read_text()) if m["id"] == GP_DY.code)

    def test_stages_are_the_same(self, machine):
        assert {s["id"] for s in machine["states"]} == set(GP_DY.stages)
        assert {s["id"] for s in machine["states"] if s["kind"] == "final"} == GP_DY.final

    def test_every_transition_is_a_move(self, machine):
        theirs = {(source, t["to"]) for t in machine["transitions"] for source in _sources(t["frm"])}
        ours = {(m.source.value, m.target.value) for m in GP_DY.moves}
        assert theirs <= ours
        # beyond the machine: objections while the publicity lasts, urgent purchases above the threshold, which need
        # the approval without a publicity, and the end for a reason that comes up before the negotiation
        assert ours - theirs == {
            ("PUBLICITY", "PUBLICITY"),
            ("ARGUE", "APPROVAL"),
            ("PUBLICITY", "TERMINATED"),
            ("REARGUE", "TERMINATED"),
            ("APPROVAL", "TERMINATED"),
        }

    def test_every_clock_is_named(self, machine):
        theirs = {limit for t in machine["transitions"] for limit in t.get("timers", [])}
        assert theirs <= {limit for m in GP_DY.moves for limit in m.limits}


class TestFrameworksAgainstTheRulebook:
    """Framework agreements and what is called off from them against the machines of the domain research."""

    pytestmark = NEEDS_MACHINES
    #: beyond the machines: what the term's end does to whoever is in or asks to be, a shortlist of a collection that was
    #: run elsewhere, and a call that comes to nothing
    ADDED = {
        "GP_KJ_OPEN": {("ANNOUNCE", "EXPIRED"), ("APPLIED", "EXPIRED"), ("JOINED", "EXPIRED")},
        "GP_KJ_CLOSED": {
            ("NEEDS", "SHORTLIST"),
            # a challenge or complaint that is upheld
            *((stage, "FAILED") for stage in ("SHORTLIST", "AGREED", "ACTIVE", "SUPPLEMENT")),
            ("SHORTLIST", "SHORTLIST"),
            ("AGREED", "AGREED"),
            ("SUPPLEMENT", "EXPIRED"),
            ("AGREED", "EXPIRED"),
            ("SHORTLIST", "EXPIRED"),
            # who is removed while a supplement runs
            ("SUPPLEMENT", "SUPPLEMENT"),
        },
        "GP_KJ_CALLOFF": {
            ("MINI_BID", "NEED"),
            ("TURN", "TURN"),
            ("TURN", "NEED"),
            ("LOWER", "NEED"),
            ("DEALT", "NEED"),
            *((stage, "STOPPED") for stage in ("NEED", "SELECT", "MINI_BID", "TURN", "LOWER", "DEALT")),
        },
    }
    #: the collection itself is a round of its own: GP_KJ_TENDER
    COLLECTED = {"OPEN_FOR_RESP": "OPEN_FOR_BID", "REVIEW": "EVALUATING"}
    NEW_STAGES = {"GP_KJ_OPEN": {"EXPIRED"}, "GP_KJ_CALLOFF": {"STOPPED"}}
    frameworks = pytest.mark.parametrize("code", ADDED)

    @pytest.fixture(scope="class")
    def machines(self):
        return {m["id"]: m for m in json.loads(MACHINES.read_text())}

    @frameworks
    def test_stages_are_the_same(self, code, machines):
        states, new = machines[code]["states"], self.NEW_STAGES.get(code, set())
        assert {s["id"] for s in states} - set(self.COLLECTED) | new == set(BY_CODE[code].stages)
        if code == "GP_KJ_CLOSED":
            assert set(self.COLLECTED.values()) <= set(GP_KJ_TENDER.stages)
        assert {s["id"] for s in states if s["kind"] == "final"} | new == BY_CODE[code].final

    @frameworks
    def test_every_transition_is_a_move(self, code, machines):
        theirs = {(source, t["to"]) for t in machines[code]["transitions"] for source in _sources(t["frm"])}
        theirs = {pair for pair in theirs if not set(pair) & set(self.COLLECTED)}
        ours = {(m.source.value, m.target.value) for m in BY_CODE[code].moves}
        assert theirs <= ours
        assert ours - theirs == self.ADDED[code]

    @frameworks
    def test_every_clock_is_named(self, code, machines):
        theirs = {limit for t in machines[code]["transitions"] for limit in t.get("timers", [])}
        assert theirs <= {limit for m in BY_CODE[code].moves for limit in m.limits}


def _sources(frm):
    return frm if isinstance(frm, list) else [frm]

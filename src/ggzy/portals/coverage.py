"""Where each move of each procedure is made: act, page, operation of the API, permission, and the test that makes it.

A test proves every row against the code: the act exists, the page and the operation answer, the permission stands in
the act, and the named test is there. A move without a row fails the build.
"""

from dataclasses import dataclass, replace

from ggzy.parties.grid import Permission as P


@dataclass(frozen=True, kw_only=True)
class Row:
    """Where one move is made. A move of the clock has no page of its own and no operation: `page` shows it."""

    act: str
    page: str
    operation: str
    permission: P | None
    test: str


_WHOLE = "tests/journeys/test_whole_tender.py::test_from_registration_to_contract"
_TWO = "tests/journeys/test_two_envelopes.py::test_from_the_file_to_the_award"
_AFTER = "tests/journeys/test_after_the_report.py::test_"
_CHANGES = "tests/journeys/test_changes.py::test_"

GC_OPEN_POST: dict[str, Row] = {
    "register": Row(
        act="ggzy.tendering.actions.register",
        page="work-register",
        operation="POST /v1/tenders/{tender_id}/registration",
        permission=P.TENDER_EDIT,
        test=_WHOLE,
    ),
    "start_document": Row(
        act="ggzy.tendering.actions.start_document",
        page="work-start",
        operation="POST /v1/tenders/{tender_id}/document",
        permission=P.TENDER_EDIT,
        test=_WHOLE,
    ),
    "send_to_review": Row(
        act="ggzy.tendering.actions.send_to_review",
        page="work-send-to-review",
        operation="POST /v1/tenders/{tender_id}/review",
        permission=P.TENDER_EDIT,
        test=_WHOLE,
    ),
    "return_from_review": Row(
        act="ggzy.tendering.actions.conclude_review",
        page="work-review",
        operation="POST /v1/tenders/{tender_id}/review-conclusion",
        permission=P.REVIEW_CONCLUDE,
        test="tests/portals/test_work.py::test_a_whole_tender_through_the_pages",
    ),
    "conclude_review": Row(
        act="ggzy.tendering.actions.conclude_review",
        page="work-review",
        operation="POST /v1/tenders/{tender_id}/review-conclusion",
        permission=P.REVIEW_CONCLUDE,
        test=_WHOLE,
    ),
    "publish": Row(
        act="ggzy.tendering.actions.publish",
        page="work-publish",
        operation="POST /v1/tenders/{tender_id}/publication",
        permission=P.TENDER_PUBLISH,
        test=_WHOLE,
    ),
    "clarify": Row(
        act="ggzy.changes.actions.make_change",
        page="work-change",
        operation="POST /v1/tenders/{tender_id}/changes",
        permission=P.CHANGE_MAKE,
        test=_CHANGES + "questions_are_nameless_and_answers_go_to_everybody",
    ),
    "clarify_and_postpone": Row(
        act="ggzy.changes.actions.make_change",
        page="work-change",
        operation="POST /v1/tenders/{tender_id}/changes",
        permission=P.CHANGE_MAKE,
        test=_CHANGES + "a_change_close_to_the_deadline_proposes_the_extension_the_law_demands",
    ),
    "object_to_document": Row(
        act="ggzy.objections.actions.object_to_file",
        page="work-ask",
        operation="POST /v1/rounds/{round_id}/file-objections",
        permission=P.FILE_OBJECT,
        test=_CHANGES + "an_objection_to_the_file_stops_the_opening_until_it_is_answered",
    ),
    "submit_bid": Row(
        act="ggzy.bidding.actions.submit_bid",
        page="work-submit",
        operation="POST /v1/rounds/{round_id}/bids",
        permission=P.BID_SUBMIT,
        test=_WHOLE,
    ),
    "withdraw_bid": Row(
        act="ggzy.bidding.actions.withdraw_bid",
        page="work-withdraw",
        operation="POST /v1/rounds/{round_id}/withdrawal",
        permission=P.BID_SUBMIT,
        test=_WHOLE,
    ),
    "terminate": Row(
        act="ggzy.changes.actions.make_change",
        page="work-change",
        operation="POST /v1/tenders/{tender_id}/changes",
        permission=P.TENDER_TERMINATE,
        test=_CHANGES + "a_tender_is_terminated_and_its_bids_stay_sealed_for_good",
    ),
    "close_bidding": Row(
        act="ggzy.opening.actions.close_bidding", page="hall", operation="", permission=None, test=_WHOLE
    ),
    "fail_for_lack_of_bids": Row(
        act="ggzy.opening.actions.close_bidding",
        page="hall",
        operation="",
        permission=None,
        test="tests/journeys/test_whole_tender.py::test_two_bids_end_as_a_lawful_failure_and_nothing_is_said_of_bidders",
    ),
    "open_bids": Row(
        act="ggzy.opening.actions.open_bids",
        page="work-open",
        operation="POST /v1/tenders/{tender_id}/opening",
        permission=P.OPENING_HOST,
        test=_WHOLE,
    ),
    "release_key": Row(
        act="ggzy.opening.actions.release_key",
        page="work-key",
        operation="POST /v1/bids/{bid_id}/key",
        permission=P.OPENING_RELEASE,
        test=_WHOLE,
    ),
    "object_at_opening": Row(
        act="ggzy.opening.actions.raise_objection",
        page="work-object-opening",
        operation="POST /v1/rounds/{round_id}/opening/objections",
        permission=P.OPENING_OBJECT,
        test=_WHOLE,
    ),
    "end_opening": Row(
        act="ggzy.opening.actions.end_opening",
        page="work-end",
        operation="POST /v1/rounds/{round_id}/opening/end",
        permission=P.OPENING_HOST,
        test=_WHOLE,
    ),
    "open_second": Row(
        act="ggzy.opening.second.open_second",
        page="work-open-second",
        operation="POST /v1/rounds/{round_id}/second-opening",
        permission=P.OPENING_HOST,
        test=_TWO,
    ),
    "release_second": Row(
        act="ggzy.opening.second.release_key",
        page="work-key",
        operation="POST /v1/bids/{bid_id}/key",
        permission=P.OPENING_RELEASE,
        test=_TWO,
    ),
    "object_at_second": Row(
        act="ggzy.opening.actions.raise_objection",
        page="work-object-opening",
        operation="POST /v1/rounds/{round_id}/opening/objections",
        permission=P.OPENING_OBJECT,
        test=_TWO,
    ),
    "remedy_system_failure": Row(
        act="ggzy.changes.actions.make_change",
        page="work-change",
        operation="POST /v1/tenders/{tender_id}/changes",
        permission=P.OUTAGE_REPORT,
        test=_CHANGES + "an_opening_is_paused_and_nobody_loses_a_second",
    ),
    "fail_for_nothing_opened": Row(
        act="ggzy.opening.failing.fail_unopened",
        page="work-nothing-opened",
        operation="POST /v1/rounds/{round_id}/opening/failure",
        permission=P.OPENING_HOST,
        test=_CHANGES + "an_opening_in_which_nothing_opens_ends_as_a_failure",
    ),
    "seat_committee": Row(
        act="ggzy.evaluation.actions.seat_committee",
        page="work-seat",
        operation="POST /v1/draws/{draw_id}/committee",
        permission=P.COMMITTEE_SEAT,
        test=_WHOLE,
    ),
    "reject_all": Row(
        act="ggzy.evaluation.actions.argue_competition",
        page="work-competition",
        operation="POST /v1/rounds/{round_id}/competition",
        permission=P.EVALUATE,
        test="tests/journeys/test_whole_tender.py::test_the_committee_may_reject_all",
    ),
    "submit_report": Row(
        act="ggzy.evaluation.actions.sign_report",
        page="work-report",
        operation="POST /v1/rounds/{round_id}/report-signature",
        permission=P.EVALUATE,
        test=_WHOLE,
    ),
    "review_errors": Row(
        act="ggzy.evaluation.sittings.review_errors",
        page="work-errors",
        operation="POST /v1/rounds/{round_id}/report-review",
        permission=P.EVALUATION_REOPEN,
        test=_AFTER + "errors_found_in_the_report_go_back_to_its_committee",
    ),
    "start_publicity": Row(
        act="ggzy.awarding.actions.start_publicity",
        page="work-publicity",
        operation="POST /v1/rounds/{round_id}/publicity",
        permission=P.PUBLICITY_START,
        test=_WHOLE,
    ),
    "object_to_result": Row(
        act="ggzy.objections.actions.raise_objection",
        page="work-object",
        operation="POST /v1/rounds/{round_id}/objections",
        permission=P.RESULT_OBJECT,
        test=_WHOLE,
    ),
    "end_publicity": Row(
        act="ggzy.awarding.actions.end_publicity", page="lot", operation="", permission=None, test=_WHOLE
    ),
    "uphold_objection": Row(
        act="ggzy.objections.actions.answer_objection",
        page="work-answer",
        operation="POST /v1/objections/{objection_id}/answer",
        permission=P.OBJECTION_ANSWER,
        test=_AFTER + "an_upheld_objection_goes_back_to_the_committee_and_is_published_anew",
    ),
    "award": Row(
        act="ggzy.awarding.actions.award",
        page="work-award",
        operation="POST /v1/rounds/{round_id}/award",
        permission=P.AWARD,
        test=_WHOLE,
    ),
    "reconsider": Row(
        act="ggzy.evaluation.sittings.reconsider",
        page="work-reconsider",
        operation="POST /v1/rounds/{round_id}/reconsideration",
        permission=P.EVALUATION_REOPEN,
        test=_AFTER + "a_changed_candidate_is_looked_at_by_the_committee_before_the_award",
    ),
    "retender": Row(
        act="ggzy.awarding.endings.retender",
        page="work-retender",
        operation="POST /v1/rounds/{round_id}/retender",
        permission=P.AWARD,
        test=_AFTER + "a_new_tender_instead_of_an_award",
    ),
    "notify": Row(
        act="ggzy.awarding.actions.finish_letter",
        page="work-letter",
        operation="POST /v1/rounds/{round_id}/letter/seal",
        permission=P.AWARD,
        test=_WHOLE,
    ),
    "sign_contract": Row(
        act="ggzy.contracting.actions.finish_contract",
        page="work-seal-contract",
        operation="POST /v1/rounds/{round_id}/contract/seal",
        permission=P.CONTRACT_SIGN,
        test=_WHOLE,
    ),
    "winner_refuses": Row(
        act="ggzy.awarding.endings.end_award",
        page="work-end-award",
        operation="POST /v1/rounds/{round_id}/award-end",
        permission=P.AWARD_END,
        test=_AFTER + "a_winner_refuses_and_the_next_candidate_is_awarded",
    ),
    "start_performance": Row(
        act="ggzy.contracting.actions.start_performance",
        page="work-performance",
        operation="POST /v1/rounds/{round_id}/performance",
        permission=P.PERFORMANCE_START,
        test=_AFTER + "work_starts_with_a_lawful_bond",
    ),
    "archive": Row(
        act="ggzy.archives.actions.hand_over",
        page="work-hand-over",
        operation="POST /v1/rounds/{round_id}/archive/hand-over",
        permission=P.ARCHIVE_HAND_OVER,
        test="tests/archives/test_archive.py::test_a_whole_tender_is_archived",
    ),
    "annul_after_complaint": Row(
        act="ggzy.awarding.endings.annul",
        page="work-annul",
        operation="POST /v1/rounds/{round_id}/annulment",
        permission=P.AWARD_ANNUL,
        test=_AFTER + "a_complaint_annuls_an_award",
    ),
}

_PREQ = "tests/fronts/test_prequalification.py::test_"
_INVITE = "tests/fronts/test_invitation.py::test_"
_STAGES = "tests/fronts/test_two_stage.py::test_"


def _package_moves(test: str, *, closing: str, lacking: str) -> dict[str, Row]:
    """Return the rows of sealed packages without a price, which two fronts share."""
    return {
        "submit_bid": Row(
            act="ggzy.bidding.actions.submit_bid",
            page="work-package-submit",
            operation="POST /v1/rounds/{round_id}/bids",
            permission=P.BID_SUBMIT,
            test=test,
        ),
        "withdraw_bid": Row(
            act="ggzy.bidding.actions.withdraw_bid",
            page="work-package-withdraw",
            operation="POST /v1/rounds/{round_id}/withdrawal",
            permission=P.BID_SUBMIT,
            test=_PREQ + "an_application_may_be_replaced_and_withdrawn",
        ),
        "release_key": Row(
            act="ggzy.opening.actions.release_key",
            page="work-package-key",
            operation="POST /v1/bids/{bid_id}/key",
            permission=P.OPENING_RELEASE,
            test=test,
        ),
        "close_bidding": Row(
            act="ggzy.fronts.actions.close_front", page="lot", operation="", permission=None, test=closing
        ),
        "fail_for_lack_of_bids": Row(
            act="ggzy.fronts.actions.close_front", page="lot", operation="", permission=None, test=lacking
        ),
    }


_POSTPONE = Row(
    act="ggzy.changes.actions.make_change",
    page="work-change",
    operation="POST /v1/tenders/{tender_id}/changes",
    permission=P.CHANGE_MAKE,
    test="tests/changes/test_fronting.py::test_each_front_moves_its_deadline_through_the_engine",
)
_APPLIED = _PREQ + "a_prequalified_tender_from_the_notice_to_the_opening"
GC_PREQ: dict[str, Row] = _package_moves(
    _APPLIED, closing=_APPLIED, lacking=_PREQ + "too_few_applicants_fail_without_a_number"
) | {
    "publish_prequalification": Row(
        act="ggzy.fronts.prequalification.publish_prequalification",
        page="work-front-publish",
        operation="POST /v1/tenders/{tender_id}/prequalification",
        permission=P.TENDER_PUBLISH,
        test=_APPLIED,
    ),
    "clarify_prequalification": Row(
        act="ggzy.changes.actions.make_change",
        page="work-change",
        operation="POST /v1/tenders/{tender_id}/changes",
        permission=P.CHANGE_MAKE,
        test=_PREQ + "clarifying_late_must_postpone",
    ),
    "postpone_front": _POSTPONE,
    "object_to_prequalification": Row(
        act="ggzy.fronts.prequalification.object_to_prequalification",
        page="work-package-object",
        operation="POST /v1/rounds/{round_id}/prequalification-objections",
        permission=P.FRONT_OBJECT,
        test=_PREQ + "an_objection_in_time_holds_and_a_late_one_does_not",
    ),
    "seat_committee": Row(
        act="ggzy.fronts.review.seat_review_committee",
        page="work-front-seat",
        operation="POST /v1/draws/{draw_id}/review-committee",
        permission=P.COMMITTEE_SEAT,
        test=_APPLIED,
    ),
    "submit_report": Row(
        act="ggzy.fronts.review.sign_review",
        page="work-review-sign",
        operation="POST /v1/rounds/{round_id}/review-signature",
        permission=P.EVALUATE,
        test=_APPLIED,
    ),
    "send_results": Row(
        act="ggzy.fronts.prequalification.send_results",
        page="work-front-results",
        operation="POST /v1/tenders/{tender_id}/prequalification/results",
        permission=P.TENDER_PUBLISH,
        test=_APPLIED,
    ),
    "fail_for_lack_of_qualified": Row(
        act="ggzy.fronts.prequalification.send_results",
        page="lot",
        operation="",
        permission=None,
        test=_PREQ + "too_few_qualified_fail",
    ),
}

_GP_INVITED = "tests/fronts/test_drawing.py::test_"
_DRAWN = _GP_INVITED + "an_invited_procurement_from_the_notice_to_the_opening"
GP_INVITE: dict[str, Row] = {
    code: replace(row, test=_DRAWN if row.test == _APPLIED else row.test)
    for code, row in GC_PREQ.items()
    if code != "object_to_prequalification"
} | {
    "clarify_prequalification": replace(
        GC_PREQ["clarify_prequalification"], test=_GP_INVITED + "the_dates_are_those_of_procurement"
    ),
    "challenge_document": Row(
        act="ggzy.objections.challenges.challenge_file",
        page="work-challenge",
        operation="POST /v1/rounds/{round_id}/file-challenges",
        permission=P.CHALLENGE_RAISE,
        test=_GP_INVITED + "a_prequalification_is_challenged_and_nobody_learns_by_whom",
    ),
    "draw_invitees": Row(
        act="ggzy.fronts.drawing.draw_invitees",
        page="work-front-drawing",
        operation="POST /v1/tenders/{tender_id}/prequalification/drawing",
        permission=P.TENDER_PUBLISH,
        test=_DRAWN,
    ),
    "fail_for_lack_of_qualified": replace(
        GC_PREQ["fail_for_lack_of_qualified"], test=_GP_INVITED + "fewer_than_three_qualified_begin_anew"
    ),
}

_INVITED = _INVITE + "an_invited_tender_from_the_ground_to_the_opening"
GC_INVITE: dict[str, Row] = {
    "state_reason": Row(
        act="ggzy.fronts.invitation.state_reason",
        page="work-front-ground",
        operation="POST /v1/tenders/{tender_id}/invitation/ground",
        permission=P.TENDER_EDIT,
        test=_INVITED,
    ),
    "approve_invitation": Row(
        act="ggzy.fronts.invitation.decide_reason",
        page="work-finding",
        operation="POST /v1/tenders/{tender_id}/invitation/finding",
        permission=P.INVITATION_APPROVE,
        test=_INVITED,
    ),
    "refuse_invitation": Row(
        act="ggzy.fronts.invitation.decide_reason",
        page="work-finding",
        operation="POST /v1/tenders/{tender_id}/invitation/finding",
        permission=P.INVITATION_APPROVE,
        test=_INVITE + "what_is_not_approved_goes_on_as_an_open_tender",
    ),
    "list_invitees": Row(
        act="ggzy.fronts.invitation.list_invitees",
        page="work-front-invitees",
        operation="POST /v1/tenders/{tender_id}/invitation/invitees",
        permission=P.TENDER_EDIT,
        test=_INVITE + "the_list_has_three_registered_bidders_each_once",
    ),
    "send_invitations": Row(
        act="ggzy.fronts.invitation.send_invitations",
        page="work-front-letters",
        operation="POST /v1/tenders/{tender_id}/invitation/letters",
        permission=P.TENDER_PUBLISH,
        test=_INVITED,
    ),
    "postpone_front": _POSTPONE,
    "answer_invitation": Row(
        act="ggzy.fronts.invitation.answer_invitation",
        page="work-invitation",
        operation="POST /v1/invitations/{invitation_id}/answer",
        permission=P.INVITATION_ANSWER,
        test=_INVITE + "an_invitee_answers_once_in_time_and_for_itself",
    ),
    "enter_bidding": Row(
        act="ggzy.tendering.actions.publish", page="lot", operation="", permission=None, test=_INVITED
    ),
    "fail_for_lack_of_acceptances": Row(
        act="ggzy.fronts.invitation.reply_due",
        page="lot",
        operation="",
        permission=None,
        test=_INVITE + "fewer_than_three_acceptances_fail",
    ),
}

_STAGED = _STAGES + "a_two_stage_tender_from_the_need_to_the_opening"
GC_TWO_STAGE: dict[str, Row] = _package_moves(
    _STAGED, closing=_STAGED, lacking=_STAGES + "too_few_proposals_fail"
) | {
    "publish_first_stage": Row(
        act="ggzy.fronts.two_stage.publish_first_stage",
        page="work-front-first-stage",
        operation="POST /v1/tenders/{tender_id}/first-stage",
        permission=P.TENDER_PUBLISH,
        test=_STAGES + "the_first_stage_is_published_once_with_a_need",
    ),
    "postpone_front": _POSTPONE,
    "issue_file": Row(
        act="ggzy.tendering.actions.publish",
        page="work-publish",
        operation="POST /v1/tenders/{tender_id}/publication",
        permission=P.TENDER_PUBLISH,
        test=_STAGED,
    ),
    "end_second_stage": Row(
        act="ggzy.opening.actions.close_bidding", page="lot", operation="", permission=None, test=_STAGED
    ),
}

_GP = "tests/journeys/test_procurement.py::test_"
_CHALLENGED = "tests/objections/test_challenges.py::test_"
_BOUGHT = _GP + "from_the_intent_to_the_filed_contract"
#: what construction has too is made in the same place; the tests of the family make it again
_SHARED = (
    "start_document",
    "send_to_review",
    "return_from_review",
    "conclude_review",
    "publish",
    "clarify",
    "clarify_and_postpone",
    "submit_bid",
    "withdraw_bid",
    "terminate",
    "close_bidding",
    "fail_for_lack_of_bids",
    "open_bids",
    "release_key",
    "object_at_opening",
    "remedy_system_failure",
    "end_opening",
    "fail_for_nothing_opened",
    "seat_committee",
    "submit_report",
    "review_errors",
    "award",
    "notify",
    "sign_contract",
    "winner_refuses",
    "retender",
    "annul_after_complaint",
    "start_performance",
    "archive",
)
GP_OPEN: dict[str, Row] = {code: GC_OPEN_POST[code] for code in _SHARED} | {
    "call_off": replace(
        GC_OPEN_POST["retender"], test=_GP + "a_procurement_is_called_off_before_there_is_a_report"
    ),
    "publish_intent": Row(
        act="ggzy.tendering.planning.publish_intent",
        page="work-intent",
        operation="POST /v1/tenders/{tender_id}/intent",
        permission=P.TENDER_PUBLISH,
        test=_BOUGHT,
    ),
    "file_plan": Row(
        act="ggzy.tendering.planning.file_plan",
        page="work-file-plan",
        operation="POST /v1/tenders/{tender_id}/plan",
        permission=P.TENDER_EDIT,
        test=_BOUGHT,
    ),
    "qualify": Row(
        act="ggzy.evaluation.qualifying.conclude_qualification",
        page="work-qualify",
        operation="POST /v1/rounds/{round_id}/qualification/conclusion",
        permission=P.QUALIFY,
        test=_BOUGHT,
    ),
    "fail_for_lack_of_qualified": Row(
        act="ggzy.evaluation.qualifying.conclude_qualification",
        page="work-qualify",
        operation="POST /v1/rounds/{round_id}/qualification/conclusion",
        permission=P.QUALIFY,
        test=_GP + "fewer_than_three_qualified_end_it",
    ),
    "challenge_document": Row(
        act="ggzy.objections.challenges.challenge_file",
        page="work-challenge",
        operation="POST /v1/rounds/{round_id}/file-challenges",
        permission=P.CHALLENGE_RAISE,
        test=_CHALLENGED + "a_challenge_to_the_file_stops_nothing_and_tells_nobody_whose",
    ),
    "challenge_result": Row(
        act="ggzy.objections.challenges.challenge_result",
        page="work-challenge",
        operation="POST /v1/rounds/{round_id}/result-challenges",
        permission=P.CHALLENGE_RAISE,
        test=_CHALLENGED + "the_contract_alone_waits_and_an_upheld_challenge_determines_another",
    ),
    "uphold_challenge": Row(
        act="ggzy.objections.challenges.answer_challenge",
        page="work-challenge-answer",
        operation="POST /v1/challenges/{challenge_id}/answer",
        permission=P.CHALLENGE_ANSWER,
        test=_CHALLENGED + "the_contract_alone_waits_and_an_upheld_challenge_determines_another",
    ),
    "restart_after_challenge": Row(
        act="ggzy.objections.challenges.answer_challenge",
        page="work-challenge-answer",
        operation="POST /v1/challenges/{challenge_id}/answer",
        permission=P.CHALLENGE_ANSWER,
        test=_CHALLENGED + "an_upheld_challenge_procures_anew",
    ),
    "ask_low_price": Row(
        act="ggzy.committees.clarifying.ask_bidder",
        page="work-ask-bidder",
        operation="POST /v1/rounds/{round_id}/clarifications",
        permission=P.EVALUATE,
        test=_GP + "a_low_price_has_thirty_minutes_and_nobody_argues_competition",
    ),
    "reject_all": Row(
        act="ggzy.evaluation.actions.judge_prices",
        page="work-prices",
        operation="POST /v1/rounds/{round_id}/prices",
        permission=P.EVALUATE,
        test=_GP + "a_low_price_has_thirty_minutes_and_nobody_argues_competition",
    ),
    "stop_for_flawed_file": Row(
        act="ggzy.evaluation.flawed.sign_stop",
        page="work-stop-sign",
        operation="POST /v1/rounds/{round_id}/stoppages/{number}/signature",
        permission=P.EVALUATE,
        test=_GP + "a_flawed_file_stops_the_evaluation_when_more_than_half_sign",
    ),
    "file_contract": Row(
        act="ggzy.contracting.actions.file_contract",
        page="work-file-contract",
        operation="POST /v1/rounds/{round_id}/contract/filing",
        permission=P.PERFORMANCE_START,
        test=_BOUGHT,
    ),
}

_XJ = "tests/journeys/test_inquiry.py::test_"
GP_XJ: dict[str, Row] = {
    code: row for code, row in GP_OPEN.items() if code not in {"qualify", "fail_for_lack_of_qualified"}
} | {
    "submit_bid": replace(GP_OPEN["submit_bid"], test=_XJ + "from_the_notice_to_the_contract"),
    "award": replace(GP_OPEN["award"], test=_XJ + "from_the_notice_to_the_contract"),
    "reject_all": replace(GP_OPEN["reject_all"], test=_XJ + "a_price_over_the_budget_is_none"),
    "stop_for_flawed_file": replace(
        GP_OPEN["stop_for_flawed_file"], test=_XJ + "only_an_unlawful_file_stops_an_inquiry"
    ),
}

_COLLECTED = "tests/journeys/test_collection.py::test_"
_ONE_RESPONSE = _COLLECTED + "one_response_is_none_and_two_are_enough"
_VOIDED = _COLLECTED + "a_challenge_stops_the_agreements_and_may_void_the_shortlist"
#: a collection goes by open tendering; at its end several are chosen, and nothing of the one winner is there
GP_KJ_TENDER: dict[str, Row] = {
    code: row
    for code, row in GP_OPEN.items()
    if code
    not in {
        *("award", "notify", "uphold_challenge", "sign_contract", "winner_refuses"),
        *("file_contract", "start_performance"),
    }
} | {
    "choose": Row(
        act="ggzy.awarding.several.choose",
        page="work-choose",
        operation="POST /v1/rounds/{round_id}/choice",
        permission=P.AWARD,
        test=_COLLECTED + "from_the_collection_to_the_shortlist",
    ),
    "start_document": replace(GP_OPEN["start_document"], test=_COLLECTED + "the_file_says_how_many"),
    "submit_bid": replace(GP_OPEN["submit_bid"], test=_COLLECTED + "the_pages_of_a_collection"),
    "fail_for_lack_of_bids": replace(GP_OPEN["fail_for_lack_of_bids"], test=_ONE_RESPONSE),
    "fail_for_lack_of_qualified": replace(GP_OPEN["fail_for_lack_of_qualified"], test=_ONE_RESPONSE),
    "reject_all": replace(
        GP_OPEN["reject_all"],
        act="ggzy.evaluation.actions.hand_in_preliminary",
        page="work-preliminary",
        operation="POST /v1/rounds/{round_id}/preliminary",
        test=_COLLECTED + "unit_prices_are_arithmetic",
    ),
    "challenge_result": replace(GP_OPEN["challenge_result"], test=_VOIDED),
    "restart_after_challenge": replace(GP_OPEN["restart_after_challenge"], test=_VOIDED),
    "archive": replace(
        GP_OPEN["archive"], test=_COLLECTED + "a_round_is_archived_when_nobody_can_challenge_it_any_more"
    ),
}

_TALKS = "tests/journeys/test_negotiated.py::test_"
_TALKED = _TALKS + "from_the_notice_to_the_contract"
#: an inquiry's hall is not there; the group talks, and last offers come in a round of their own
GP_CS: dict[str, Row] = {
    code: row
    for code, row in GP_XJ.items()
    if code not in {"open_bids", "object_at_opening", "remedy_system_failure", "fail_for_nothing_opened"}
} | {
    "submit_bid": replace(GP_OPEN["submit_bid"], test=_TALKED),
    "award": replace(GP_OPEN["award"], test=_TALKED),
    "fail_for_lack_of_bids": replace(
        GP_OPEN["fail_for_lack_of_bids"], test=_TALKS + "too_few_answers_stay_closed"
    ),
    "end_opening": Row(
        act="ggzy.opening.negotiated.settle_answers", page="lot", operation="", permission=None, test=_TALKED
    ),
    "record_talk": Row(
        act="ggzy.evaluation.negotiating.record_talk",
        page="work-talk",
        operation="POST /v1/rounds/{round_id}/talks",
        permission=P.EVALUATE,
        test=_TALKED,
    ),
    "propose_change": Row(
        act="ggzy.evaluation.negotiating.propose_change",
        page="work-propose-change",
        operation="POST /v1/rounds/{round_id}/requirement-changes",
        permission=P.EVALUATE,
        test=_TALKED,
    ),
    "confirm_change": Row(
        act="ggzy.evaluation.negotiating.decide_change",
        page="work-decide-change",
        operation="POST /v1/requirement-changes/{change_id}/decision",
        permission=P.CHANGE_CONFIRM,
        test=_TALKED,
    ),
    "vote_solutions": Row(
        act="ggzy.evaluation.negotiating.vote_solutions",
        page="work-solutions",
        operation="POST /v1/rounds/{round_id}/solutions",
        permission=P.EVALUATE,
        test=_TALKS + "the_group_votes_whose_solutions_go_on",
    ),
    "leave_talks": Row(
        act="ggzy.evaluation.leaving.leave_talks",
        page="work-leave-talks",
        operation="POST /v1/rounds/{round_id}/leave",
        permission=P.BID_SUBMIT,
        test=_TALKS + "who_leaves_the_talks_gets_its_deposit_back",
    ),
    "ask_final_offers": Row(
        act="ggzy.evaluation.negotiating.ask_final_offers",
        page="work-ask-offers",
        operation="POST /v1/rounds/{round_id}/final-offers",
        permission=P.EVALUATE,
        test=_TALKED,
    ),
    "reveal_offers": Row(
        act="ggzy.opening.negotiated.reveal_offers",
        page="work-offer",
        operation="",
        permission=None,
        test=_TALKED,
    ),
    "reject_all": replace(
        GP_OPEN["reject_all"], test=_TALKS + "the_lowest_last_offer_and_those_that_are_none"
    ),
}
GP_TP = GP_CS
GP_FINAL: dict[str, Row] = {
    "submit_bid": replace(GP_OPEN["submit_bid"], page="work-offer-submit", test=_TALKED),
    "withdraw_bid": replace(
        GP_OPEN["withdraw_bid"], page="work-offer-withdraw", test=_TALKS + "who_offers_nothing_has_left"
    ),
    "close_bidding": Row(
        act="ggzy.opening.negotiated.close_offers",
        page="work-offer",
        operation="",
        permission=None,
        test=_TALKS + "who_offers_nothing_has_left",
    ),
    "release_key": replace(GP_OPEN["release_key"], page="work-offer-key", test=_TALKED),
    "give_up_offers": Row(
        act="ggzy.opening.negotiated.end_offers",
        page="work-offer",
        operation="",
        permission=None,
        test=_TALKS + "an_unlawful_file_ends_the_last_offers_too",
    ),
    "reveal_offers": GP_CS["reveal_offers"],
}

_DY = "tests/single_source/test_life.py::test_"
_BOUGHT_ALONE = _DY + "from_the_ground_to_the_filed_contract"
_ON = Row(
    act="ggzy.single_source.actions.go_on",
    page="work-source-next",
    operation="POST /v1/single-sources/{purchase_id}/next",
    permission=P.SOURCE_DECIDE,
    test=_BOUGHT_ALONE,
)
_ANEW = Row(
    act="ggzy.single_source.actions.argue_anew",
    page="work-source-conclude",
    operation="POST /v1/single-sources/{purchase_id}/conclusion",
    permission=P.SOURCE_DECIDE,
    test=_DY + "an_objection_is_argued_anew_and_the_purchase_changes_its_way",
)
_DECIDED = Row(
    act="ggzy.single_source.actions.decide",
    page="work-source-decide",
    operation="POST /v1/single-sources/{purchase_id}/approval",
    permission=P.SOURCE_APPROVE,
    test=_BOUGHT_ALONE,
)
_ENDED_ALONE = Row(
    act="ggzy.single_source.actions.end_publicity",
    page="single-source",
    operation="",
    permission=None,
    test=_BOUGHT_ALONE,
)
GP_DY: dict[str, Row] = {
    "publish_publicity": _ON,
    "negotiate_directly": replace(_ON, test=_DY + "what_is_urgent_and_small_is_negotiated_at_once"),
    "ask_approval": replace(_ON, test=_DY + "what_is_urgent_and_large_is_approved_without_a_publicity"),
    "object_to_source": Row(
        act="ggzy.single_source.actions.object_to",
        page="single-source-object",
        operation="POST /v1/single-sources/{purchase_id}/objections",
        permission=P.SOURCE_OBJECT,
        test=_ANEW.test,
    ),
    "end_publicity": _ENDED_ALONE,
    "end_publicity_disputed": replace(_ENDED_ALONE, test=_ANEW.test),
    "uphold_objections": _ANEW,
    "dismiss_objections": replace(_ANEW, test=_DY + "an_objection_that_fails_goes_to_the_finance_department"),
    "approve_source": _DECIDED,
    "refuse_source": replace(_DECIDED, test=_DY + "an_objection_that_fails_goes_to_the_finance_department"),
    "record_negotiation": Row(
        act="ggzy.single_source.negotiating.conclude_record",
        page="work-source-stands",
        operation="POST /v1/single-sources/{purchase_id}/record/conclusion",
        permission=P.SOURCE_DECIDE,
        test=_BOUGHT_ALONE,
    ),
    "terminate": Row(
        act="ggzy.single_source.actions.terminate",
        page="work-source-end",
        operation="POST /v1/single-sources/{purchase_id}/termination",
        permission=P.SOURCE_DECIDE,
        test=_DY + "a_price_over_the_budget_ends_it_with_a_notice",
    ),
    "notify": Row(
        act="ggzy.single_source.negotiating.announce_result",
        page="work-source-announce",
        operation="POST /v1/single-sources/{purchase_id}/result",
        permission=P.SOURCE_DECIDE,
        test=_BOUGHT_ALONE,
    ),
    "sign_contract": Row(
        act="ggzy.single_source.negotiating.sign_contract",
        page="work-source-contract",
        operation="POST /v1/single-sources/{purchase_id}/contract/signature",
        permission=P.SOURCE_SIGN,
        test=_BOUGHT_ALONE,
    ),
}

_KJ = "tests/frameworks/test_life.py::test_"
_DISPUTED = "tests/objections/test_proceedings.py::test_"
_OPEN_LIFE = _KJ + "the_life_of_an_open_framework"
_CLOSED_LIFE = _KJ + "a_closed_framework_from_its_shortlist_to_a_supplement"
_COMPETED = _KJ + "a_second_competition_is_sealed_revealed_and_recomputed"
_TURNED = _KJ + "turns_go_round_and_anybody_can_recompute_them"
_CHOSEN = _KJ + "a_direct_choice_is_reasoned_confirmed_and_signed_by_both"
_LOWERED = _KJ + "an_outsider_gets_the_contract_only_where_no_member_goes_lower"
_REVIEWED = Row(
    act="ggzy.frameworks.actions.review",
    page="work-framework-review",
    operation="POST /v1/frameworks/{framework_id}/members/{member_id}/review",
    permission=P.FRAMEWORK_COLLECT,
    test=_OPEN_LIFE,
)
_REMOVED = Row(
    act="ggzy.frameworks.actions.remove_member",
    page="work-framework-remove",
    operation="POST /v1/frameworks/{framework_id}/members/{member_id}/removal",
    permission=P.FRAMEWORK_COLLECT,
    test=_OPEN_LIFE,
)
_EXPIRED = Row(
    act="ggzy.frameworks.ending.expire",
    page="framework",
    operation="",
    permission=None,
    test=_OPEN_LIFE,
)
_SETTLED = Row(
    act="ggzy.frameworks.competing.settle",
    page="calloff",
    operation="",
    permission=None,
    test=_COMPETED,
)
_TURN_PASSED = Row(
    act="ggzy.frameworks.turns.lapse",
    page="calloff",
    operation="",
    permission=None,
    test=_TURNED,
)
_ANSWERED = Row(
    act="ggzy.frameworks.turns.answer_turn",
    page="work-call-answer",
    operation="POST /v1/call-offs/{call_id}/turn/answer",
    permission=P.FRAMEWORK_ANSWER,
    test=_TURNED,
)
GP_KJ_OPEN: dict[str, Row] = {
    "apply_to_join": Row(
        act="ggzy.frameworks.actions.apply_to_join",
        page="work-framework-apply",
        operation="POST /v1/frameworks/{framework_id}/applications",
        permission=P.FRAMEWORK_JOIN,
        test=_OPEN_LIFE,
    ),
    "admit": _REVIEWED,
    "refuse_application": _REVIEWED,
    "leave_framework": Row(
        act="ggzy.frameworks.actions.leave_framework",
        page="work-framework-exit",
        operation="POST /v1/frameworks/{framework_id}/exit",
        permission=P.FRAMEWORK_JOIN,
        test=_OPEN_LIFE,
    ),
    "remove_member": _REMOVED,
    "expire_framework": _EXPIRED,
}
GP_KJ_CLOSED: dict[str, Row] = {
    "shortlist": GP_KJ_TENDER["choose"],
    "void_shortlist": GP_KJ_TENDER["restart_after_challenge"],
    "register_shortlist": Row(
        act="ggzy.frameworks.closing.register_shortlist",
        page="work-framework-closed",
        operation="POST /v1/frameworks/closed",
        permission=P.FRAMEWORK_COLLECT,
        test=_CLOSED_LIFE,
    ),
    "sign_agreement": Row(
        act="ggzy.frameworks.closing.sign_agreement",
        page="work-framework-sign",
        operation="POST /v1/frameworks/{framework_id}/members/{member_id}/agreement/signature",
        permission=P.FRAMEWORK_SIGN,
        test=_CLOSED_LIFE,
    ),
    "conclude_agreements": Row(
        act="ggzy.frameworks.closing.conclude_agreements",
        page="work-framework-agreed",
        operation="POST /v1/frameworks/{framework_id}/agreements",
        permission=P.FRAMEWORK_COLLECT,
        test=_CLOSED_LIFE,
    ),
    "end_unsigned": Row(
        act="ggzy.frameworks.closing.conclude_agreements",
        page="work-framework-agreed",
        operation="POST /v1/frameworks/{framework_id}/agreements",
        permission=P.FRAMEWORK_COLLECT,
        test="tests/frameworks/test_life.py::test_who_does_not_sign_within_thirty_days_is_out",
    ),
    "file_agreement": Row(
        act="ggzy.frameworks.closing.file_agreement",
        page="work-framework-filing",
        operation="POST /v1/frameworks/{framework_id}/filing",
        permission=P.FRAMEWORK_COLLECT,
        test=_CLOSED_LIFE,
    ),
    "inform_buyers": Row(
        act="ggzy.frameworks.closing.inform_buyers",
        page="work-framework-inform",
        operation="POST /v1/frameworks/{framework_id}/buyers",
        permission=P.FRAMEWORK_COLLECT,
        test=_CLOSED_LIFE,
    ),
    "begin_supplement": Row(
        act="ggzy.frameworks.closing.begin_supplement",
        page="work-framework-supplement",
        operation="POST /v1/frameworks/{framework_id}/supplement",
        permission=P.FRAMEWORK_COLLECT,
        test=_CLOSED_LIFE,
    ),
    "end_supplement": Row(
        act="ggzy.frameworks.closing.end_supplement",
        page="work-framework-supplemented",
        operation="POST /v1/frameworks/{framework_id}/supplement/shortlist",
        permission=P.FRAMEWORK_COLLECT,
        test=_CLOSED_LIFE,
    ),
    "remove_member": replace(_REMOVED, test=_CLOSED_LIFE),
    "expire_framework": replace(_EXPIRED, test=_CLOSED_LIFE),
}
GP_KJ_CALLOFF: dict[str, Row] = {
    "select_directly": Row(
        act="ggzy.frameworks.calling.select_directly",
        page="work-call-select",
        operation="POST /v1/call-offs/{call_id}/selection",
        permission=P.FRAMEWORK_CALL,
        test=_CHOSEN,
    ),
    "confirm_selection": Row(
        act="ggzy.frameworks.calling.confirm_selection",
        page="work-call-confirm",
        operation="POST /v1/call-offs/{call_id}/selection/confirmation",
        permission=P.FRAMEWORK_CALL,
        test=_CHOSEN,
    ),
    "invite_competition": Row(
        act="ggzy.frameworks.competing.invite_competition",
        page="work-call-compete",
        operation="POST /v1/call-offs/{call_id}/competition",
        permission=P.FRAMEWORK_CALL,
        test=_COMPETED,
    ),
    "take_turn": Row(
        act="ggzy.frameworks.turns.take_turn",
        page="work-call-turn",
        operation="POST /v1/call-offs/{call_id}/turn",
        permission=P.FRAMEWORK_CALL,
        test=_TURNED,
    ),
    "prove_lower": Row(
        act="ggzy.frameworks.outsider.prove_lower",
        page="work-call-prove",
        operation="POST /v1/call-offs/{call_id}/lower",
        permission=P.FRAMEWORK_CALL,
        test=_LOWERED,
    ),
    "deal_lower": Row(
        act="ggzy.frameworks.outsider.deal_lower",
        page="work-call-lower-deal",
        operation="POST /v1/call-offs/{call_id}/lower/deal",
        permission=P.FRAMEWORK_CALL,
        test=_LOWERED,
    ),
    "give_up_lower": Row(
        act="ggzy.frameworks.outsider.give_up_lower",
        page="work-call-lower-end",
        operation="POST /v1/call-offs/{call_id}/lower/end",
        permission=P.FRAMEWORK_CALL,
        test=_LOWERED,
    ),
    "sign_contract": Row(
        act="ggzy.frameworks.calling.sign_contract",
        page="work-call-contract",
        operation="POST /v1/call-offs/{call_id}/contract/signature",
        permission=P.FRAMEWORK_SIGN,
        test=_CHOSEN,
    ),
    "refuse_contract": Row(
        act="ggzy.frameworks.calling.refuse_contract",
        page="work-call-refuse",
        operation="POST /v1/call-offs/{call_id}/contract/refusal",
        permission=P.FRAMEWORK_ANSWER,
        test=_KJ + "who_refuses_the_contract_sends_the_need_back",
    ),
    "stop_call": Row(
        act="ggzy.frameworks.calling.stop_call",
        page="work-call-stop",
        operation="POST /v1/call-offs/{call_id}/stop",
        permission=P.FRAMEWORK_CALL,
        test=_TURNED,
    ),
    "restart_after_challenge": replace(
        GP_OPEN["restart_after_challenge"],
        test=_DISPUTED + "the_result_of_a_call_is_challenged_and_taken_back",
    ),
    "annul_after_complaint": Row(
        act="ggzy.complaints.actions.take_step",
        page="work-complaint-step",
        operation="POST /v1/complaints/{complaint_id}/steps/{step}",
        permission=P.COMPLAINT_DECIDE,
        test=_DISPUTED + "a_complaint_takes_a_deal_back",
    ),
    "settle_competition": _SETTLED,
    "end_without_offers": replace(_SETTLED, test=_KJ + "a_competition_without_offers_goes_back_to_the_need"),
    "accept_turn": _ANSWERED,
    "decline_turn": _ANSWERED,
    "lapse_turn": _TURN_PASSED,
    "end_without_acceptance": _TURN_PASSED,
}

_HC = "tests/innovation/test_life.py::test_"
GP_HC: dict[str, Row] = {
    "publish_call": Row(
        act="ggzy.innovation.actions.publish_call",
        page="work-innovation-call",
        operation="POST /v1/innovations/{innovation_id}/call",
        permission=P.INNOVATION_BUY,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "apply_to_research": Row(
        act="ggzy.innovation.actions.apply",
        page="work-innovation-apply",
        operation="POST /v1/innovations/{innovation_id}/applications",
        permission=P.INNOVATION_APPLY,
        test=_HC + "nobody_learns_who_applied_or_answered_before_its_time",
    ),
    "close_applications": Row(
        act="ggzy.innovation.actions.close_applications",
        page="innovation",
        operation="",
        permission=None,
        test=_HC + "nobody_learns_who_applied_or_answered_before_its_time",
    ),
    "fail_without_applications": Row(
        act="ggzy.innovation.actions.close_applications",
        page="innovation",
        operation="",
        permission=None,
        test=_HC + "an_invitation_is_known_to_the_invited_alone_until_there_is_a_result",
    ),
    "judge_qualification": Row(
        act="ggzy.innovation.judging.hand_in_sheet",
        page="work-innovation-sheet",
        operation="POST /v1/innovations/{innovation_id}/sheets",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "the_group_is_the_buyers_choice_and_still_stands_aside",
    ),
    "settle_qualification": Row(
        act="ggzy.innovation.judging.sign_report",
        page="work-innovation-report",
        operation="POST /v1/innovations/{innovation_id}/report/signature",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "fail_without_qualified": Row(
        act="ggzy.innovation.judging.sign_report",
        page="work-innovation-report",
        operation="POST /v1/innovations/{innovation_id}/report/signature",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "nobody_is_qualified_and_it_is_over",
    ),
    "call_exchange": Row(
        act="ggzy.innovation.talking.call_exchange",
        page="work-innovation-meeting",
        operation="POST /v1/innovations/{innovation_id}/exchange/call",
        permission=P.INNOVATION_BUY,
        test=_HC + "everybody_qualified_is_told_alike_of_the_exchange_before_and_after_it",
    ),
    "record_exchange": Row(
        act="ggzy.innovation.talking.record_exchange",
        page="work-innovation-exchange",
        operation="POST /v1/innovations/{innovation_id}/exchange",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "a_file_keeps_its_limits_and_leaves_ten_working_days",
    ),
    "issue_file": Row(
        act="ggzy.innovation.talking.issue_file",
        page="work-innovation-file",
        operation="POST /v1/innovations/{innovation_id}/file",
        permission=P.INNOVATION_BUY,
        test=_HC + "a_file_keeps_its_limits_and_leaves_ten_working_days",
    ),
    "clarify_file": Row(
        act="ggzy.innovation.talking.clarify_file",
        page="work-innovation-clarify",
        operation="POST /v1/innovations/{innovation_id}/clarifications",
        permission=P.INNOVATION_BUY,
        test=_HC + "a_file_keeps_its_limits_and_leaves_ten_working_days",
    ),
    "seal_response": Row(
        act="ggzy.innovation.talking.seal_response",
        page="work-innovation-seal",
        operation="POST /v1/innovations/{innovation_id}/responses",
        permission=P.INNOVATION_APPLY,
        test=_HC + "nobody_learns_who_applied_or_answered_before_its_time",
    ),
    "reveal_response": Row(
        act="ggzy.innovation.talking.reveal_response",
        page="work-innovation-reveal",
        operation="POST /v1/innovations/{innovation_id}/responses/reveal",
        permission=P.INNOVATION_APPLY,
        test=_HC + "nobody_learns_who_applied_or_answered_before_its_time",
    ),
    "settle_responses": Row(
        act="ggzy.innovation.talking.settle",
        page="innovation",
        operation="",
        permission=None,
        test=_HC + "nobody_learns_who_applied_or_answered_before_its_time",
    ),
    "fail_without_responses": Row(
        act="ggzy.innovation.talking.settle",
        page="innovation",
        operation="",
        permission=None,
        test=_HC + "a_file_keeps_its_limits_and_leaves_ten_working_days",
    ),
    "record_talk": Row(
        act="ggzy.innovation.talking.record_talk",
        page="work-innovation-talk",
        operation="POST /v1/innovations/{innovation_id}/talks",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "everybody_is_talked_with_before_finals_are_asked",
    ),
    "change_file": Row(
        act="ggzy.innovation.talking.change_file",
        page="work-innovation-change",
        operation="POST /v1/innovations/{innovation_id}/changes",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "everybody_is_talked_with_before_finals_are_asked",
    ),
    "ask_finals": Row(
        act="ggzy.innovation.talking.ask_finals",
        page="work-innovation-finals",
        operation="POST /v1/innovations/{innovation_id}/final-responses",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "everybody_is_talked_with_before_finals_are_asked",
    ),
    "settle_finals": Row(
        act="ggzy.innovation.talking.settle",
        page="innovation",
        operation="",
        permission=None,
        test=_HC + "everybody_is_talked_with_before_finals_are_asked",
    ),
    "fail_without_finals": Row(
        act="ggzy.innovation.talking.settle",
        page="innovation",
        operation="",
        permission=None,
        test=_HC + "nobody_answers_finally_and_it_is_over",
    ),
    "score_plans": Row(
        act="ggzy.innovation.judging.hand_in_sheet",
        page="work-innovation-sheet",
        operation="POST /v1/innovations/{innovation_id}/sheets",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "everybody_is_talked_with_before_finals_are_asked",
    ),
    "settle_scores": Row(
        act="ggzy.innovation.judging.sign_report",
        page="work-innovation-report",
        operation="POST /v1/innovations/{innovation_id}/report/signature",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "determine_suppliers": Row(
        act="ggzy.innovation.contracts.determine_suppliers",
        page="work-innovation-determine",
        operation="POST /v1/innovations/{innovation_id}/result",
        permission=P.INNOVATION_BUY,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "name_first": Row(
        act="ggzy.innovation.buying.conclude_research",
        page="work-innovation-conclude",
        operation="POST /v1/innovations/{innovation_id}/research/conclusion",
        permission=P.INNOVATION_BUY,
        test=_HC + "compensation_stays_within_cost_limit_and_contract_and_who_misses_is_out",
    ),
    "begin_first_review": Row(
        act="ggzy.innovation.buying.conclude_research",
        page="work-innovation-conclude",
        operation="POST /v1/innovations/{innovation_id}/research/conclusion",
        permission=P.INNOVATION_BUY,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "fail_research": Row(
        act="ggzy.innovation.buying.conclude_research",
        page="work-innovation-conclude",
        operation="POST /v1/innovations/{innovation_id}/research/conclusion",
        permission=P.INNOVATION_BUY,
        test=_HC + "research_without_a_product_ends_with_a_notice",
    ),
    "score_products": Row(
        act="ggzy.innovation.judging.hand_in_sheet",
        page="work-innovation-sheet",
        operation="POST /v1/innovations/{innovation_id}/sheets",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "settle_first": Row(
        act="ggzy.innovation.judging.sign_report",
        page="work-innovation-report",
        operation="POST /v1/innovations/{innovation_id}/report/signature",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "publish_first": Row(
        act="ggzy.innovation.buying.publish_first",
        page="work-innovation-publish",
        operation="POST /v1/innovations/{innovation_id}/first/notice",
        permission=P.INNOVATION_BUY,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "sign_first": Row(
        act="ggzy.innovation.buying.sign_first",
        page="work-innovation-first",
        operation="POST /v1/innovations/{innovation_id}/first/signature",
        permission=P.INNOVATION_SIGN,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "terminate": Row(
        act="ggzy.innovation.actions.terminate",
        page="work-innovation-end",
        operation="POST /v1/innovations/{innovation_id}/termination",
        permission=P.INNOVATION_BUY,
        test=_HC + "a_buyer_may_terminate_before_the_result",
    ),
    "restart_after_challenge": replace(
        GP_OPEN["restart_after_challenge"], test=_DISPUTED + "research_that_was_wrongly_awarded_is_ended"
    ),
    "annul_after_complaint": Row(
        act="ggzy.complaints.actions.take_step",
        page="work-complaint-step",
        operation="POST /v1/complaints/{complaint_id}/steps/{step}",
        permission=P.COMPLAINT_DECIDE,
        test=_DISPUTED + "a_complaint_ends_research_and_an_order_gives_back_its_time",
    ),
    "terminate_first": Row(
        act="ggzy.innovation.buying.terminate_first",
        page="work-innovation-first-end",
        operation="POST /v1/innovations/{innovation_id}/first/termination",
        permission=P.INNOVATION_BUY,
        test=_HC + "who_never_signs_the_first_purchase_does_not_block_it_for_good",
    ),
}
GP_HC_RD: dict[str, Row] = {
    "sign_research": Row(
        act="ggzy.innovation.contracts.sign_contract",
        page="work-research-sign",
        operation="POST /v1/research/{contract_id}/contract/signature",
        permission=P.INNOVATION_SIGN,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "record_interim": Row(
        act="ggzy.innovation.contracts.record_interim",
        page="work-research-interim",
        operation="POST /v1/research/{contract_id}/interim",
        permission=P.INNOVATION_JUDGE,
        test=_HC + "compensation_stays_within_cost_limit_and_contract_and_who_misses_is_out",
    ),
    "confirm_interim": Row(
        act="ggzy.innovation.contracts.confirm_interim",
        page="work-research-confirm",
        operation="POST /v1/research/{contract_id}/interim/signature",
        permission=P.INNOVATION_SIGN,
        test=_HC + "compensation_stays_within_cost_limit_and_contract_and_who_misses_is_out",
    ),
    "hand_in_results": Row(
        act="ggzy.innovation.contracts.hand_in_results",
        page="work-research-results",
        operation="POST /v1/research/{contract_id}/results",
        permission=P.INNOVATION_RESEARCH,
        test=_HC + "compensation_stays_within_cost_limit_and_contract_and_who_misses_is_out",
    ),
    "pass_stage": Row(
        act="ggzy.innovation.contracts.decide_stage",
        page="work-research-decide",
        operation="POST /v1/research/{contract_id}/decision",
        permission=P.INNOVATION_BUY,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "pass_last_stage": Row(
        act="ggzy.innovation.contracts.decide_stage",
        page="work-research-decide",
        operation="POST /v1/research/{contract_id}/decision",
        permission=P.INNOVATION_BUY,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "eliminate": Row(
        act="ggzy.innovation.contracts.decide_stage",
        page="work-research-decide",
        operation="POST /v1/research/{contract_id}/decision",
        permission=P.INNOVATION_BUY,
        test=_HC + "compensation_stays_within_cost_limit_and_contract_and_who_misses_is_out",
    ),
    "hand_in_product": Row(
        act="ggzy.innovation.contracts.hand_in_product",
        page="work-research-product",
        operation="POST /v1/research/{contract_id}/product",
        permission=P.INNOVATION_RESEARCH,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "accept_product": Row(
        act="ggzy.innovation.contracts.accept_product",
        page="work-research-accept",
        operation="POST /v1/research/{contract_id}/acceptance",
        permission=P.INNOVATION_BUY,
        test=_HC + "from_the_plan_to_the_first_purchase_agreement",
    ),
    "refuse_product": Row(
        act="ggzy.innovation.contracts.accept_product",
        page="work-research-accept",
        operation="POST /v1/research/{contract_id}/acceptance",
        permission=P.INNOVATION_BUY,
        test=_HC + "research_without_a_product_ends_with_a_notice",
    ),
    "end_research": Row(
        act="ggzy.innovation.contracts.end_research",
        page="work-research-end",
        operation="POST /v1/research/{contract_id}/end",
        permission=P.INNOVATION_SIGN,
        test=_HC + "research_without_a_product_ends_with_a_notice",
    ),
}

#: procedure → move → where it is made
COVERAGE: dict[str, dict[str, Row]] = {
    "GC_OPEN_POST": GC_OPEN_POST,
    "GC_PREQ": GC_PREQ,
    "GC_INVITE": GC_INVITE,
    "GC_TWO_STAGE": GC_TWO_STAGE,
    "GP_OPEN": GP_OPEN,
    "GP_XJ": GP_XJ,
    "GP_CS": GP_CS,
    "GP_TP": GP_TP,
    "GP_FINAL": GP_FINAL,
    "GP_INVITE": GP_INVITE,
    "GP_DY": GP_DY,
    "GP_KJ_OPEN": GP_KJ_OPEN,
    "GP_KJ_TENDER": GP_KJ_TENDER,
    "GP_KJ_CLOSED": GP_KJ_CLOSED,
    "GP_KJ_CALLOFF": GP_KJ_CALLOFF,
    "GP_HC": GP_HC,
    "GP_HC_RD": GP_HC_RD,
}

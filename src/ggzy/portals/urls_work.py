"""Addresses of the workbenches, each with the permission it needs."""

from django.urls import URLPattern

from ggzy.parties.grid import Permission as P
from ggzy.portals import (
    admin,
    bidder,
    centre,
    desk_news,
    expert,
    owner,
    owner_method,
    owner_rounds,
    owner_tender,
    procurement,
    sealing,
    supervisor,
    work,
)
from ggzy.portals.frame import View, route


def _act(address: str, view: View, name: str, permission: P) -> URLPattern:
    """Return a route that acts: only a POST does; looking at it leads to the workbench."""
    return route(address, work.only_posted(view), name=name, permission=permission)


def _at(address: str, view: View, name: str, permission: P) -> URLPattern:
    return route(address, view, name=name, permission=permission)


_TENDER, _ROUND, _DRAW, _BID = (
    "work/tenders/<str:tender_id>",
    "work/rounds/<str:round_id>",
    "work/draws/<str:draw_id>",
    "work/bids/<str:bid_id>",
)
_sign = work.signing

urlpatterns = [
    _at("work", work.home, "work", P.WORKBENCH_READ),
    _at("work/todos", work.todos, "work-todos", P.WORKBENCH_READ),
    _at("documents/<str:digest>", work.document, "document", P.PORTAL_READ),
    _at("work/evidence/<str:ocid>", work.evidence_pack, "evidence-pack", P.EVIDENCE_READ_PARTY),
    # the owner side
    _at("work/projects/new", owner.new_project, "new-project", P.PROJECT_REGISTER),
    _at("work/projects/<str:project_id>/tenders/new", owner.new_tender, "new-tender", P.TENDER_EDIT),
    _at(_TENDER, owner_tender.console, "work-tender", P.TENDER_EDIT),
    _act(f"{_TENDER}/register", owner_tender.register, "work-register", P.TENDER_EDIT),
    _act(f"{_TENDER}/start", owner_tender.start_document, "work-start", P.TENDER_EDIT),
    _at(f"{_TENDER}/document", owner_tender.document, "work-document", P.TENDER_EDIT),
    _at(f"{_TENDER}/method", owner_method.method_page, "work-method", P.TENDER_EDIT),
    _act(f"{_TENDER}/send-to-review", owner_tender.send_to_review, "work-send-to-review", P.TENDER_EDIT),
    _act(f"{_TENDER}/review", owner_tender.review, "work-review", P.REVIEW_CONCLUDE),
    _at(f"{_TENDER}/review/to-sign", _sign(owner_tender.review_to_sign), "review-to-sign", P.REVIEW_CONCLUDE),
    _at(f"{_TENDER}/publish", owner_tender.publish, "work-publish", P.TENDER_PUBLISH),
    _act(f"{_DRAW}/seat", owner_tender.seat, "work-seat", P.COMMITTEE_SEAT),
    _act(f"{_ROUND}/next", owner_tender.next_round, "work-next-round", P.TENDER_EDIT),
    _at(f"{_TENDER}/procurement-plan", procurement.plan, "work-procurement-plan", P.TENDER_EDIT),
    _act(f"{_TENDER}/intent", procurement.publish_intent, "work-intent", P.TENDER_PUBLISH),
    _act(f"{_TENDER}/procurement-plan/filing", procurement.file_plan, "work-file-plan", P.TENDER_EDIT),
    _at(f"{_ROUND}/qualification", procurement.qualification, "work-qualification", P.EVALUATION_READ),
    _act(f"{_ROUND}/qualification/draft", procurement.save_draft, "work-qualify-draft", P.QUALIFY),
    _act(f"{_ROUND}/qualification/save", procurement.save, "work-qualify-save", P.QUALIFY),
    _at(f"{_ROUND}/qualification/to-sign", _sign(procurement.to_sign), "qualify-to-sign", P.QUALIFY),
    _act(f"{_ROUND}/qualification/conclusion", procurement.conclude, "work-qualify", P.QUALIFY),
    _at(
        f"{_ROUND}/qualification/files/<str:digest>", expert.bid_file, "work-qualify-file", P.EVALUATION_READ
    ),
    _act(f"{_ROUND}/filing", procurement.file_contract, "work-file-contract", P.PERFORMANCE_START),
    _at(f"{_ROUND}/host", owner_rounds.host, "work-host", P.OPENING_HOST),
    _at(f"{_ROUND}/host/fragment", owner_rounds.host_fragment, "work-host-now", P.OPENING_HOST),
    _act(f"{_ROUND}/open", owner_rounds.open_bids, "work-open", P.OPENING_HOST),
    _act(f"{_BID}/failure", owner_rounds.account_failure, "work-failure", P.OPENING_HOST),
    _act(
        "work/opening-objections/<str:objection_id>/answer",
        owner_rounds.answer_opening_objection,
        "work-answer-opening",
        P.OPENING_HOST,
    ),
    _at(f"{_ROUND}/record/to-sign", _sign(owner_rounds.record_bytes), "record-to-sign", P.OPENING_WATCH),
    _act(f"{_ROUND}/end", owner_rounds.end_opening, "work-end", P.OPENING_HOST),
    _act(f"{_ROUND}/second/notice", owner_rounds.tell_second, "work-tell-second", P.OPENING_HOST),
    _act(f"{_ROUND}/second/open", owner_rounds.open_second, "work-open-second", P.OPENING_HOST),
    _at(
        f"{_ROUND}/second/to-sign",
        _sign(owner_rounds.second_record_bytes),
        "second-record-to-sign",
        P.OPENING_WATCH,
    ),
    _act(f"{_ROUND}/second/end", owner_rounds.end_second, "work-end-second", P.OPENING_HOST),
    _act(f"{_ROUND}/opening-failure", owner_rounds.fail_unopened, "work-nothing-opened", P.OPENING_HOST),
    _at(f"{_ROUND}/result", owner_rounds.result, "work-result", P.PUBLICITY_START),
    _act(f"{_ROUND}/publicity", owner_rounds.start_publicity, "work-publicity", P.PUBLICITY_START),
    _act(
        "work/objections/<str:objection_id>/answer",
        owner_rounds.answer_objection,
        "work-answer",
        P.OBJECTION_ANSWER,
    ),
    _act(f"{_ROUND}/award", owner_rounds.award, "work-award", P.AWARD),
    _at(f"{_ROUND}/choice/to-sign", _sign(owner_rounds.choice_bytes), "choice-to-sign", P.AWARD),
    _act(f"{_ROUND}/choice", owner_rounds.choose, "work-choose", P.AWARD),
    _at(f"{_ROUND}/letter/to-sign", _sign(owner_rounds.letter_bytes), "letter-to-sign", P.AWARD),
    _act(f"{_ROUND}/letter", owner_rounds.letter, "work-letter", P.AWARD),
    _at(
        f"{_ROUND}/contract/to-sign", _sign(owner_rounds.contract_bytes), "contract-to-sign", P.CONTRACT_SIGN
    ),
    _act(f"{_ROUND}/contract/seal", owner_rounds.contract, "work-seal-contract", P.CONTRACT_SIGN),
    # bidders
    _at(f"{_ROUND}/bid", bidder.bid, "work-bid", P.BID_READ_OWN),
    _at(f"{_ROUND}/bid/fragment", bidder.bid_fragment, "work-bid-now", P.BID_READ_OWN),
    _at("work/registry-snapshot", sealing.snapshot, "work-registry-snapshot", P.REGISTRY_KEEP),
    _act(f"{_ROUND}/submit", bidder.submit, "work-submit", P.BID_SUBMIT),
    _act(f"{_ROUND}/withdraw", bidder.withdraw, "work-withdraw", P.BID_SUBMIT),
    _at(f"{_BID}/acknowledgement.json", bidder.receipt, "work-receipt", P.BID_READ_OWN),
    _at(f"{_BID}/key.p7m", bidder.envelope, "work-envelope", P.BID_READ_OWN),
    _act(f"{_BID}/key", bidder.release, "work-key", P.OPENING_RELEASE),
    _act(f"{_ROUND}/record", bidder.sign_record, "work-record", P.OPENING_RELEASE),
    _act(f"{_ROUND}/opening-objection", bidder.object_at_opening, "work-object-opening", P.OPENING_OBJECT),
    _at(f"{_ROUND}/object", bidder.object_to_result, "work-object", P.RESULT_OBJECT),
    _at(f"{_ROUND}/contract", bidder.contract, "work-contract", P.BID_READ_OWN),
    # committee members
    _at("work/calls", expert.calls, "work-calls", P.DRAW_ANSWER),
    _act(f"{_DRAW}/answer", expert.answer_call, "work-answer-call", P.DRAW_ANSWER),
    _at(f"{_DRAW}/check-in", expert.check_in, "work-check-in", P.EVALUATE),
    _at(f"{_ROUND}/desk", expert.desk, "work-desk", P.EVALUATE),
    _at(f"{_ROUND}/desk/news", desk_news.news, "work-desk-news", P.EVALUATE),
    _at(f"{_ROUND}/dark/<str:code>/<int:number>.pdf", expert.dark_file, "work-dark", P.EVALUATE),
    _at(f"{_ROUND}/files/<str:digest>", expert.bid_file, "work-bid-file", P.EVALUATE),
    _act(f"{_ROUND}/draft", expert.save_draft, "work-draft", P.EVALUATE),
    _act(f"{_ROUND}/preliminary", expert.preliminary, "work-preliminary", P.EVALUATE),
    _act(f"{_ROUND}/offers", expert.offers, "work-offers", P.EVALUATE),
    _act(f"{_ROUND}/competition", expert.competition, "work-competition", P.EVALUATE),
    _act(f"{_ROUND}/prices", expert.prices, "work-prices", P.EVALUATE),
    _act(f"{_ROUND}/scores", expert.scores, "work-scores", P.EVALUATE),
    _act(f"{_ROUND}/findings", expert.findings, "work-findings", P.EVALUATE),
    _act(f"{_ROUND}/summary", expert.summary, "work-summary", P.EVALUATE),
    _at(f"{_ROUND}/report/to-sign", _sign(expert.report_bytes), "report-to-sign", P.EVALUATE),
    _act(f"{_ROUND}/report", expert.sign_report, "work-report", P.EVALUATE),
    # the centre, seeds of draws, the supervisor, the administrator
    _at(f"{_TENDER}/form-check", centre.form_check, "work-form-check", P.FORM_CHECK),
    _at(f"{_DRAW}/seed", centre.seed, "work-seed", P.DRAW_SEED),
    _act(f"{_DRAW}/seed/commit", centre.commit_seed, "work-seed-commit", P.DRAW_SEED),
    _act(f"{_DRAW}/seed/reveal", centre.reveal_seed, "work-seed-reveal", P.DRAW_SEED),
    _at(f"{_ROUND}/sheets", supervisor.sheets, "work-sheets", P.EVALUATION_READ_SHEETS),
    _at("work/clock", admin.move_clock, "work-clock", P.CLOCK_MOVE),
]

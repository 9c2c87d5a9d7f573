"""Public pages of tenders, lots, notices and tender files: for anyone, no login."""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import urlencode

from ggzy.awarding.queries import awards_of, chosen_of, publicities_of
from ggzy.contracting.queries import contracts_of
from ggzy.deposits.queries import release_moments
from ggzy.drafting.queries import file_pdf
from ggzy.experts.queries import draws_of_tender
from ggzy.frameworks.queries import framework_of_round
from ggzy.fronts.queries import public_front
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import BadInput
from ggzy.law.families import family
from ggzy.methods.explain import scheme_in_words
from ggzy.notices import queries as notices
from ggzy.notices.actions import NoticeKind
from ggzy.objections.queries import challenges_on, objections_on
from ggzy.parties.grid import Permission, may
from ggzy.portals.frame import now, show, who
from ggzy.procedures.catalogue import BY_CODE, QUIET
from ggzy.procedures.spec import Hold, Stage
from ggzy.publishing.queries import anchor_of
from ggzy.tendering import queries as tenders
from ggzy.tendering.document import DEPOSIT_FORMS, ReviewPart, parse
from ggzy.ui.flow import Step, steps_to

#: stages that people look for in the list of tenders
STAGES = (
    Stage.OPEN_FOR_BID,
    Stage.CLOSED,
    Stage.OPENING,
    Stage.OPENED,
    Stage.EVALUATING,
    Stage.REPORTED,
    Stage.CAND_PUB,
    Stage.CAND_END,
    Stage.AWARDED,
    Stage.NOTIFIED,
    Stage.CONTRACTED,
    Stage.FAILED,
    Stage.QUAL,
    Stage.ANNOUNCED,
    Stage.CANCELLED,
    Stage.STOPPED,
    Stage.PQ_OPEN,
    Stage.TS1_OPEN,
)


#: what calls for bids or changes a call, and what says how one ended
_RESULTS = (NoticeKind.CANDIDATES, NoticeKind.RESULT, NoticeKind.CONTRACT, NoticeKind.FAILURE)
_CALLS = tuple(kind for kind in NoticeKind if kind not in {*_RESULTS, NoticeKind.OPENING_RECORD})
#: an opening that is under way or waits for its host
_IN_THE_HALL = frozenset({Stage.CLOSED, Stage.OPENING})
#: of today's openings the home page shows the first; the calendar has all
TODAY = 20


def home(request: HttpRequest) -> HttpResponse:
    """Show what opens today and next, the newest notices and results, and the ways in."""
    moment = now()
    start = moment.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = start + timedelta(days=1)
    today = tenders.openings_between(start, tomorrow)
    page = {
        "today": today[:TODAY],
        "more_today": max(0, len(today) - TODAY),
        "live": [row for row in today if row.stage in _IN_THE_HALL],
        "coming": tenders.openings_between(tomorrow, start + timedelta(days=30), most=6),
        "newest": notices.latest_of(_CALLS, limit=8),
        "results": notices.latest_of(_RESULTS, limit=8),
        "now": moment,
    }
    return show(request, "public/home.html", page)


def page_number(request: HttpRequest) -> int:
    """Return the asked page of a list, 1 where none or nonsense is asked."""
    asked = request.GET.get("page", "1")
    return min(max(int(asked), 1), 10_000) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


def paging(request: HttpRequest, *, number: int, more: bool) -> dict[str, Any]:
    """Return the links to the pages before and after, with the same search."""
    kept = {key: value for key, value in request.GET.items() if key != "page" and value}

    def link(to: int) -> str:
        return "?" + urlencode({**kept, "page": to})

    return {
        "number": number,
        "before": link(number - 1) if number > 1 else "",
        "after": link(number + 1) if more else "",
    }


def tender_list(request: HttpRequest) -> HttpResponse:
    """Show published tenders with their lots, newest first, by words and stage."""
    words, stage = request.GET.get("words", "").strip()[:100], request.GET.get("stage", "")
    stage = stage if stage in STAGES else ""
    number = page_number(request)
    rows, more = tenders.lots_page(words=words, stage=stage, number=number)
    page = {
        "groups": [
            (lots[0], lots) for lots in (list(g) for _, g in groupby(rows, key=lambda row: row.tender))
        ],
        "words": words,
        "stage": stage,
        "stages": STAGES,
        "paging": paging(request, number=number, more=more),
    }
    return show(request, "public/tenders.html", page)


def _asked_moment(request: HttpRequest, name: str, says: str) -> datetime | None:
    given = request.GET.get(name, "").strip()
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        raise BadInput(f"{says}写法不对, 例如 2026-03-02T09:30", field=name) from None
    if not 2018 <= found.year <= 2100:
        raise BadInput(f"{says}应在2018年至2100年之间", field=name)
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)


def _clocks(
    request: HttpRequest, *, published: datetime | None, deadline: datetime | None, procedure: str
) -> dict[str, Any]:
    """Return the timeline of the real dates, or of the dates somebody asks about."""
    trouble, asked = "", False
    try:
        other_published = _asked_moment(request, "published", "发布时间")
        other_deadline = _asked_moment(request, "deadline", "投标截止时间")
        asked = bool(other_published or other_deadline)
        published, deadline = other_published or published, other_deadline or deadline
    except BadInput as refusal:
        trouble = refusal.message
    rows = (
        tenders.clocks(published_at=published, deadline=deadline, procedure=procedure)
        if published and deadline
        else []
    )
    return {"clocks": rows, "asked": asked, "trouble": trouble, "from": published, "deadline": deadline}


def _front_clocks(lot: tenders.LotRow) -> dict[str, Any]:
    """Return the timeline of a front: its own clocks if the law has any, never those of bidding."""
    front = public_front(lot.round)
    rows = []
    if front and front.file_until and lot.published_at and lot.bid_deadline:
        rows = tenders.front_clocks(
            published_at=lot.published_at,
            file_until=front.file_until,
            deadline=lot.bid_deadline,
            procedure=lot.procedure_code,
        )
    return {"clocks": rows, "from": lot.published_at, "deadline": lot.bid_deadline, "front": True}


def tender(request: HttpRequest, tender_id: str) -> HttpResponse:
    """Show a tender: lots, notices, file, clocks and what if, draws, evidence."""
    viewer = who(request)
    row = tenders.tender(tender_id, viewer=viewer)
    lots = tenders.lots_of_tender(tender_id)
    first = lots[0] if lots else None
    newest = (
        max(lots, key=lambda lot: lot.published_at or datetime.min.replace(tzinfo=BEIJING)) if lots else None
    )
    page = {
        "tender": row,
        "lots": lots,
        "states": [] if lots else tenders.states_of(tender_id),
        "first": first,
        "procedure": BY_CODE.get(row.procedure_code),
        "quiet": row.procedure_code in QUIET,
        "family": family(row.procedure_code),
        "notices": notices.of_tender(tender_id),
        "files": tenders.file_versions(tender_id),
        "draws": draws_of_tender(row.pk),
        "what_if": _front_clocks(newest)
        if newest and newest.phase == 0
        else _clocks(
            request,
            published=newest.published_at if newest else None,
            deadline=newest.bid_deadline if newest else None,
            procedure=row.procedure_code,
        ),
        "anchor": anchor_of(newest.round) if newest else None,
        "own": bool(viewer.organisation_pk) and viewer.organisation_pk in {row.tenderee_pk, row.agency_pk},
        "may_ask": not viewer.signed_in or may(viewer, Permission.QUESTION_ASK),
        "address": request.build_absolute_uri(f"/tenders/{tender_id}"),
        "now": now(),
    }
    return show(request, "public/tender.html", page)


def lot(request: HttpRequest, lot_id: str) -> HttpResponse:
    """Show a lot: where its newest round stands, candidates, award, contract, deposits, objections."""
    viewer = who(request)
    row = tenders.lot(lot_id)
    held = [s for s in tenders.states_of(row.tender) if s.round == row.round]
    about = notices.of_round(row.round)
    award = awards_of([row.round_pk]).get(row.round_pk)
    publicity = publicities_of([row.round_pk]).get(row.round_pk)
    contract = contracts_of([row.round_pk]).get(row.round_pk)
    candidates = [n for n in about if n.row.kind == NoticeKind.CANDIDATES]
    page = {
        "lot": row,
        "steps": steps_of(row),
        "front": public_front(row.round) if row.phase == 0 else None,
        "procedure": BY_CODE[row.procedure_code],
        "quiet": row.procedure_code in QUIET,
        "family": family(row.procedure_code),
        "rounds": tenders.rounds_of_lot(lot_id),
        "holds": [Hold(kind).label for state in held for kind in state.holds],
        "notices": about,
        "candidates": candidates[-1] if candidates else None,
        "publicity": publicity,
        "award": award if award and award.sent_at else None,
        "chosen": chosen_of([row.round_pk]).get(row.round_pk, []),
        "framework": framework_of_round(row.round),
        "contract": contract if contract and contract.signed_at else None,
        "deposits": release_moments(round_id=row.round, viewer=viewer),
        "objections": objections_on(round_id=row.round, viewer=viewer),
        "challenges": challenges_on(of=row.round, viewer=viewer)
        if family(row.procedure_code).code == "GP"
        else [],
        "challengeable": BY_CODE[row.procedure_code].has(row.stage, "challenge_document"),
        "may_dispute": not viewer.signed_in or may(viewer, Permission.COMPLAINT_FILE),
        "may_object": row.stage == Stage.CAND_PUB and may(viewer, Permission.RESULT_OBJECT),
        "address": request.build_absolute_uri(f"/lots/{lot_id}"),
        "now": now(),
    }
    return show(request, "public/lot.html", page)


def steps_of(row: tenders.LotRow) -> list[Step]:
    """Return the line of the procedure that the round runs by: the main one from the notice, a front from its start."""
    procedure = BY_CODE[row.procedure_code]
    since = procedure.initial if procedure.front else Stage.OPEN_FOR_BID
    return steps_to(procedure, Stage(row.stage), since=since)


def file(request: HttpRequest, tender_id: str, version: int) -> HttpResponse:
    """Show a version of the tender file as a document."""
    row = tenders.tender_file(tender_id=tender_id, version=version, viewer=who(request))
    document, parsed = row.document, parse(row.document)
    page = {
        "tender": tenders.tender(tender_id, viewer=who(request)),
        "version": row.version,
        "sha256": row.sha256,
        "issued_at": row.issued_at,
        "document": document,
        "lots": row.lots,
        "method": parsed.method_label,
        "award_plan": parsed.award_plan.in_words() if parsed.award_plan else [],
        "scheme": scheme_in_words(parsed.scheme) if parsed.scheme else [],
        "terms": tenders.terms_in_words(tender_id, parsed, issued_at=row.issued_at),
        "drops_out": parsed.drops_out,
        "parts": [
            (part.label, [r["text"] for r in document["requirements"] if r["part"] == part.value])
            for part in ReviewPart
        ],
        "forms": [DEPOSIT_FORMS.get(form, form) for form in document["deposit_forms"]],
        "files": tenders.file_versions(tender_id),
    }
    written = parsed.clauses
    page |= {"clauses": parsed.clauses_read(), "answers": written.answers if written else ()}
    page["pdf"] = file_pdf(tender=tender_id, version=version)
    return show(request, "public/file.html", page)


def file_json(request: HttpRequest, tender_id: str, version: int) -> HttpResponse:
    """Download a version of the tender file as the data it is: what its hash is made of."""
    row = tenders.tender_file(tender_id=tender_id, version=version, viewer=who(request))
    answer = JsonResponse(
        {
            "version": row.version,
            "sha256": row.sha256,
            "issued_at": row.issued_at.isoformat(),
            "document": row.document,
            "lots": row.lots,
        },
        json_dumps_params={"ensure_ascii": False, "indent": 1},
    )
    answer["Content-Disposition"] = f'attachment; filename="tender-file-{tender_id}-v{version}.json"'
    return answer

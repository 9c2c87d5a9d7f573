"""The evaluation desk's page hears what happened since it was shown, and fetches only what it can put in its place."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from ggzy.committees import queries as meetings
from ggzy.committees.rules import GROUNDS
from ggzy.evaluation import queries as evaluations
from ggzy.evaluation.news import desk_news
from ggzy.kernel.refusals import Refusal
from ggzy.portals.expert import STEPS
from ggzy.portals.frame import who


def news(request: HttpRequest, round_id: str) -> HttpResponse:
    """Answer 204 while the desk stands as the page last saw it, else its state and the parts that tell of it."""
    actor = who(request)
    try:
        found = desk_news(round_id=round_id, actor=actor)
        if found.digest == request.GET.get("seen"):
            return HttpResponse(status=204)
        desk = evaluations.desk(round_id=round_id, actor=actor)
        page = {
            "desk": desk,
            "meeting": meetings.meeting_of(desk.draw, actor=actor),
            "grounds": GROUNDS,
            "names": {b.bid: b.bidder for b in desk.bids} | {d.code: d.code for d in desk.dark},
        }
    except Refusal as refusal:
        # asked by a clock and not by a person: no attempt to record
        return JsonResponse(refusal.as_problem(), status=refusal.status)
    parts = render_to_string("portals/work/desk_parts.html", page, request)
    return JsonResponse({"state": found.as_json(), "step": STEPS[found.step], "parts": parts})

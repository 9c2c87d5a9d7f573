"""What is sent to the media: the centre's and the owner side's list, one delivery with its receipts, trying again."""

from django.http import HttpRequest, HttpResponse

from ggzy.parties.grid import Permission, may
from ggzy.portals.frame import done, now, route, show, who
from ggzy.portals.public import page_number, paging
from ggzy.portals.work import only_posted
from ggzy.publishing import actions, queries
from ggzy.publishing.rules import Medium, State

#: what people look for, the troubled first
_STATES = (("red", "有问题"), *((state.value, state.label) for state in State))


def publication_list(request: HttpRequest) -> HttpResponse:
    """Show where notices stand at the media, what is red first, by medium and state."""
    viewer, moment = who(request), now()
    medium = request.GET.get("medium", "")
    medium = medium if medium in set(Medium) else ""
    state = request.GET.get("state", "")
    state = state if state in dict(_STATES) else ""
    tender = request.GET.get("tender", "")[:32]
    number = page_number(request)
    rows, more = queries.deliveries(
        viewer=viewer, now=moment, medium=medium, state=state, tender=tender, number=number
    )
    page = {
        "rows": rows,
        "media": queries.media(viewer=viewer, now=moment),
        "medium": medium,
        "state": state,
        "tender": tender,
        "states": _STATES,
        "may_retry": may(viewer, Permission.PUBLICATION_RETRY),
        "paging": paging(request, number=number, more=more),
    }
    return show(request, "work/publication.html", page)


def publication(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """Show one delivery: its moments, hashes, receipts, what is missing and what is personal."""
    viewer = who(request)
    page = {
        "page": queries.delivery(delivery_id=delivery_id, viewer=viewer, now=now()),
        "may_retry": may(viewer, Permission.PUBLICATION_RETRY),
    }
    return show(request, "work/publication_one.html", page)


def retry(request: HttpRequest, delivery_id: str) -> HttpResponse:
    """Try a delivery again at once."""
    actions.retry(delivery_id=delivery_id, actor=who(request), now=now())
    return done(f"/work/publication/{delivery_id}", "已安排立即发送, 结果稍后显示在这里")


_AT = "work/publication"
urlpatterns = [
    route(_AT, publication_list, name="publication-list", permission=Permission.PUBLICATION_READ),
    route(
        f"{_AT}/<str:delivery_id>", publication, name="publication", permission=Permission.PUBLICATION_READ
    ),
    route(
        f"{_AT}/<str:delivery_id>/retry",
        only_posted(retry),
        name="publication-retry",
        permission=Permission.PUBLICATION_RETRY,
    ),
]

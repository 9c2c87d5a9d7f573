"""The phones of the demo experts, in a training centre only: what SMS and voice would say, and the keys 1 and 2 (演示)."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from ggzy.experts import calling, desks, lending
from ggzy.kernel.clock import legal_now
from ggzy.kernel.refusals import Refusal
from ggzy.portals.frame import done, refused, show


def phones(request: HttpRequest) -> HttpResponse:
    """Show the newest calls and take the keys that are pressed; a production centre has no such page."""
    if settings.MODE != "training":
        raise Http404
    if request.method != "POST":
        return show(request, "training/phone.html", {"rings": desks.rings()})
    try:
        pressed = {"ring_id": str(request.POST.get("ring", "")), "key": str(request.POST.get("key", ""))}
        if lending.answer_lent_ring(**pressed, now=legal_now()) is None:
            calling.answer_ring(**pressed, now=legal_now())
    except Refusal as refusal:
        return refused(request, refusal)
    return done("/training/phone", "已按键答复")

"""A page where anyone has the seals of any file checked: PDF, OFD, GB/T 38540; it is read in memory and not kept."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from ggzy.identity import recognition
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import now, route, show
from ggzy.seals.checking import MOST_BYTES, check
from ggzy.seals.stamping import trusted_clocks

_TEMPLATE = "public/pdfcheck.html"


def verify(request: HttpRequest) -> HttpResponse:
    """Show the form; say what the seals of the chosen file are worth."""
    page: dict[str, Any] = {"most_mb": MOST_BYTES // 1024 // 1024, "report": None}
    if request.method != "POST":
        return show(request, _TEMPLATE, page)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise BadInput("请选择要核验的文件", field="file")
        if (upload.size or 0) > MOST_BYTES:
            raise BadInput(f"文件超过{page['most_mb']}MB, 请选择较小的文件", field="file")
        at = now()
        report = check(upload.read(), cas=recognition.certificates_of_cas(at), clocks=trusted_clocks(), at=at)
    except Refusal as refusal:
        page |= {"problem": refusal.message, "field": refusal.field}
        return show(request, _TEMPLATE, page, status=refusal.status)
    return show(request, _TEMPLATE, page | {"report": report, "name": upload.name})


def moved(request: HttpRequest) -> HttpResponse:
    """Lead on from the address that this page had; a posted form is taken as it is."""
    if request.method == "POST":
        return verify(request)
    return HttpResponsePermanentRedirect("/verify/document")


urlpatterns = [
    route("verify/document", verify, name="verify-document", permission=P.PORTAL_READ),
    route("verify/pdf", moved, name="verify-pdf", permission=P.PORTAL_READ),
]

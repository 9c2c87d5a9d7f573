"""A page where anyone has the seals of any PDF checked; the file is read in memory and not kept."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from ggzy.identity import recognition
from ggzy.identity.pdfcheck import MOST_BYTES, check_pdf
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import now, route, show

_TEMPLATE = "public/pdfcheck.html"


def check(request: HttpRequest) -> HttpResponse:
    """Show the form; say what the seals of the chosen file are worth."""
    page: dict[str, Any] = {"most_mb": MOST_BYTES // 1024 // 1024, "seals": None}
    if request.method != "POST":
        return show(request, _TEMPLATE, page)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise BadInput("请选择要核验的PDF文件", field="file")
        if (upload.size or 0) > MOST_BYTES:
            raise BadInput(f"文件超过{page['most_mb']}MB, 请选择较小的文件", field="file")
        at = now()
        seals = check_pdf(upload.read(), anchors=recognition.certificates_of_cas(at), at=at)
    except Refusal as refusal:
        page |= {"problem": refusal.message, "field": refusal.field}
        return show(request, _TEMPLATE, page, status=refusal.status)
    good = bool(seals) and all(seal.good for seal in seals)
    return show(request, _TEMPLATE, page | {"seals": seals, "name": upload.name, "good": good})


urlpatterns = [route("verify/pdf", check, name="verify-pdf", permission=P.PORTAL_READ)]

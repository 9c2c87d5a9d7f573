"""Beginning a resumable upload (tus 1.0, creation): who may, and the address under which the edge takes the bytes."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from ggzy.identity.actions import actor_of
from ggzy.kernel import uploads
from ggzy.kernel.actors import ANYONE, Actor
from ggzy.kernel.refusals import BadInput, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import require
from ggzy.portals.frame import route, who

_VERSION = "1.0.0"


def _actor(request: HttpRequest) -> Actor:
    """Return who is there, by the page's cookie or a program's bearer token."""
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return actor_of(token=header[7:], address=str(request.META.get("REMOTE_ADDR") or "")) or ANYONE
    return who(request)


# no page of elsewhere can send the header that every request must carry, and no cookie travels with one that tries
@csrf_exempt
def begin(request: HttpRequest) -> HttpResponse:
    """Begin an upload; its address is in `Location`."""
    try:
        if request.method != "POST" or request.headers.get("Tus-Resumable") != _VERSION:
            raise BadInput("断点续传的协议版本应为 tus 1.0.0, 用POST开始")
        actor = _actor(request)
        require(actor, P.BID_SUBMIT, signed=True)  # the manifest that will name it is signed
        given = request.headers.get("Upload-Length", "")
        if not given.isdigit() or len(given) > 12:
            raise BadInput("没有写明文件长度(Upload-Length)")
        address = uploads.begin(owner=str(actor.account_pk), length=int(given))
    except Refusal as refusal:
        answer: HttpResponse = JsonResponse(refusal.as_problem(), status=refusal.status)
    else:
        answer = HttpResponse(
            status=201, headers={"Location": request.build_absolute_uri(f"/uploads/{address}")}
        )
    answer["Tus-Resumable"] = _VERSION
    answer["Cache-Control"] = "no-store"
    return answer


urlpatterns = [route("uploads", begin, name="uploads", permission=P.PORTAL_READ)]

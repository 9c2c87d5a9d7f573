"""Demo keys and the training CAs' revocation lists, in a training centre only: a visitor signs in as a role with them."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ggzy.adapters.timestamps.training import TrainingTimestamps
from ggzy.identity.life import authority
from ggzy.identity.recognition import TRAINING, TRAINING_SM2
from ggzy.kernel.clock import legal_now
from ggzy.seals.tsp import MOST_BYTES


def ca_crl(request: HttpRequest, name: str) -> HttpResponse:
    """Return a training CA's revocation list, signed at this moment; a production centre has none."""
    ca = {"ca": TRAINING, "sm2": TRAINING_SM2}.get(name)
    if settings.MODE != "training" or ca is None:
        raise Http404
    data = authority(ca).crl(f"training:{name}", now=legal_now())
    return HttpResponse(data, content_type="application/pkix-crl")


def demo_key(request: HttpRequest, username: str) -> HttpResponse:
    """Return a demo account's private key and certificate in PEM; a production centre has none."""
    path = settings.KEYS / "training" / f"{username}.pem"
    if settings.MODE != "training" or not username.removesuffix("-sm2").isalnum() or not path.exists():
        raise Http404
    return HttpResponse(path.read_bytes(), content_type="application/x-pem-file")


@csrf_exempt  # programs ask it (RFC 3161), nobody is signed in there and nothing is kept
def timestamp(request: HttpRequest) -> HttpResponse:
    """Answer a timestamp query with a token of the training authority; a production centre has none."""
    if settings.MODE != "training":
        raise Http404
    if request.method != "POST" or request.content_type != "application/timestamp-query":
        says = (
            "训练时间戳服务(演示), 不具法律效力。用法: openssl ts -query -data 文件 -sha256 -cert -out q.tsq; "
            "curl -H 'Content-Type: application/timestamp-query' --data-binary @q.tsq 本地址 -o r.tsr\n"
        )
        status = 405 if request.method != "GET" else 200
        return HttpResponse(says, content_type="text/plain; charset=utf-8", status=status)
    body = request.body if int(request.headers.get("Content-Length") or 0) <= MOST_BYTES else b""
    return HttpResponse(TrainingTimestamps().answer(body), content_type="application/timestamp-reply")

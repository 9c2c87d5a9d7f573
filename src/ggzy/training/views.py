"""Demo keys and the training CAs' revocation lists, in a training centre only: a visitor signs in as a role with them."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from ggzy.identity.life import authority
from ggzy.identity.recognition import TRAINING, TRAINING_SM2
from ggzy.kernel.clock import legal_now


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

"""Demo keys, in a training centre only: a visitor signs in as a role with them, in the browser."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse


def demo_key(request: HttpRequest, username: str) -> HttpResponse:
    """Return a demo account's private key and certificate in PEM; a production centre has none."""
    path = settings.KEYS / "training" / f"{username}.pem"
    if settings.MODE != "training" or not username.isalnum() or not path.exists():
        raise Http404
    return HttpResponse(path.read_bytes(), content_type="application/x-pem-file")

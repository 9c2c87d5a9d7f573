"""The page between a form and its act when the certificate's proof has grown old: nothing that was typed is lost."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ggzy.parties.grid import ProveAgain
from ggzy.parties.queries import has_demo_key

_NOT_REPEATED = ("csrfmiddlewaretoken", "password", "password_again")


def prove_again(request: HttpRequest, refusal: ProveAgain) -> HttpResponse:
    """Ask for the certificate and offer to send the form on as it was filled in; files cannot be sent on."""
    from ggzy.identity.queries import username_of
    from ggzy.portals.frame import who
    from ggzy.portals.sealing import own_certificates

    actor = who(request)
    username = username_of(account_pk=actor.account_pk)
    page = {
        "message": refusal.message,
        "action": request.get_full_path(),
        "back": request.META.get("HTTP_REFERER", ""),
        "files": [name for name, found in request.FILES.lists() if any(one.size for one in found)],
        "fields": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in _NOT_REPEATED
            for value in values
        ],
        "own_certificates": own_certificates(actor),
        "demo_key": f"/training/keys/{username}.pem" if has_demo_key(username) else "",
    }
    return render(request, "portals/prove_again.html", page, status=refusal.status)

"""Parts of bid_keys: what a holder is asked for, and handing a part over; a bidder asking for it."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import Refusal
from ggzy.opening import shares
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.sealing import holding_facts, own_certificates
from ggzy.portals.work import Todo, refused_here, refused_json, wants_json

_PAGE = "work/key_shares.html"


def todos(actor: Actor) -> list[Todo]:
    """Return the parts a holder is asked for."""
    if not may(actor, P.OPENING_SHARE):
        return []
    return [
        Todo(
            what="交出密钥份额",
            where=f"{one.place}: {one.bidder}",
            href="/work/key-shares",
            label="交出",
            due=one.until,
            clause="《电子招标投标办法》第三十一条",
            urgent=True,
        )
        for one in shares.asked_of(actor)
    ]


def _facts(request: HttpRequest) -> dict[str, object]:
    actor = who(request)
    rows = [(row, holding_facts(row)) for row in shares.asked_of(actor)]
    return {"rows": rows, "own_certificates": own_certificates(actor), "now": now()}


def asked(request: HttpRequest) -> HttpResponse:
    """Show a holder what it is asked for."""
    return show(request, _PAGE, _facts(request))


def release(request: HttpRequest, bid_id: str) -> HttpResponse:
    """Take a holder's part."""
    try:
        given = shares.release_share(
            bid_id=bid_id, share=text(request, "share"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        if wants_json(request):
            return refused_json(request, refusal)
        return refused_here(request, _PAGE, _facts(request), refusal, given={})
    if wants_json(request):
        return JsonResponse({"bid": bid_id, "released": given})
    return done("/work/key-shares", f"已交出, 三份中已有{given}份")


def ask(request: HttpRequest, bid_id: str) -> HttpResponse:
    """Ask the holders, as the bidder who cannot open its envelope."""
    row = shares.ask_for_shares(bid_id=bid_id, actor=who(request), now=now())
    says = "已通知三个保管人。三份齐了就自动解密; 您仍可以用证书私钥或恢复码解密"
    return done(f"/work/rounds/{row.session.round.public_id}/bid#key", says)


urlpatterns = [
    route("work/key-shares", asked, name="key-shares", permission=P.WORKBENCH_READ),
    route("work/bids/<str:bid_id>/share", release, name="key-share-release", permission=P.OPENING_SHARE),
    route("work/bids/<str:bid_id>/ask-shares", ask, name="key-share-ask", permission=P.OPENING_RELEASE),
]

"""Following a search: with an account, or with an address and no account; and ending it."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ggzy.kernel.refusals import NotFound, Refusal
from ggzy.parties.grid import Permission as P
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.work import only_posted
from ggzy.search.parameters import NAMES
from ggzy.subscriptions import actions, queries


def _given(request: HttpRequest) -> dict[str, str]:
    source = request.POST if request.method == "POST" else request.GET
    return {name: source.get(name, "").strip()[:200] for name in NAMES}


def follow(request: HttpRequest) -> HttpResponse:
    """Choose how to follow a search, and follow it."""
    actor, given = who(request), _given(request)
    page = {
        "label": actions.label_of(given),
        "given": given,
        "mine": queries.followed(actor) if actor.signed_in else [],
    }
    if request.method != "POST":
        return show(request, "public/subscribe.html", page)
    try:
        if actor.signed_in:
            made = actions.follow(given=given, actor=actor, now=now())
            return done("/subscriptions", f"已订阅: {made.label}。每天 8:30 汇总通知。")
        made = actions.offer(given=given, mail=text(request, "mail"), now=now())
    except Refusal as refusal:
        trouble = {"problem": refusal.message, "field": refusal.field, "mail": text(request, "mail")}
        return show(request, "public/subscribe.html", page | trouble, status=refusal.status)
    return HttpResponseRedirect(f"/subscriptions/{made.key}")


def one(request: HttpRequest, key: str) -> HttpResponse:
    """Show a subscription to whoever has its key: enter the code, or end it.

    :raises NotFound: no such subscription
    """
    row = queries.by_key(key)
    if row is None:
        raise NotFound("没有这个订阅, 可能已退订", next_steps=(("检索公告", "/notices"),))
    if request.method != "POST":
        return show(request, "public/subscription.html", {"row": row})
    try:
        actions.confirm(key=key, code=text(request, "code"), now=now())
    except Refusal as refusal:
        page = {"row": row, "problem": refusal.message}
        return show(request, "public/subscription.html", page, status=refusal.status)
    return done(f"/subscriptions/{key}", "邮箱已确认, 订阅开始。每天 8:30 汇总新公告。")


def end(request: HttpRequest, key: str) -> HttpResponse:
    """End a subscription."""
    actions.end(key=key, now=now())
    return done("/subscriptions" if who(request).signed_in else f"/subscriptions/{key}", "已退订, 不再发送。")


urlpatterns = [
    route("subscriptions", follow, name="subscriptions", permission=P.PORTAL_READ),
    route("subscriptions/<str:key>", one, name="subscription", permission=P.PORTAL_READ),
    route("subscriptions/<str:key>/end", only_posted(end), name="subscription-end", permission=P.PORTAL_READ),
]

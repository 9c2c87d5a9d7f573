"""The inbox, one message with its receipt, how one wants to be told, and what a training centre's stand-ins took."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from ggzy.kernel.actors import Actor
from ggzy.kernel.refusals import Refusal
from ggzy.messages import actions, addresses, queries
from ggzy.messages.rules import Channel, Kind
from ggzy.opening.queries import opened_rounds
from ggzy.parties.grid import Permission as P
from ggzy.parties.grid import may
from ggzy.portals.frame import done, now, route, show, text, who
from ggzy.portals.public import page_number, paging
from ggzy.portals.work import Todo, only_posted, refused_here

_CHOICES = "work/notifications.html"


def _undelivered() -> list[queries.UndeliveredRow]:
    rows = queries.undelivered()
    return queries.may_be_counted(rows, opened=opened_rounds(id for row in rows for id in row.rounds))


def todos(actor: Actor) -> list[Todo]:
    """Return what centre staff should look at: legal notices that reached nobody outside within a day, as a number."""
    if not may(actor, P.MESSAGES_OVERSEE):
        return []
    people = sum(row.people for row in _undelivered())
    if not people:
        return []
    return [
        Todo(
            what="法定通知未能送达站外",
            where=f"{people}人次的法定通知发出24小时仍没有送到电子邮件或手机, 站内已送达",
            href="/work/undelivered",
            label="查看",
        )
    ]


def inbox(request: HttpRequest) -> HttpResponse:
    """Show what one was told, unread first, by kind and words."""
    kind, words = request.GET.get("kind", ""), request.GET.get("words", "").strip()[:100]
    only_unread = request.GET.get("unread") == "1"
    number = page_number(request)
    rows, more = queries.inbox(
        viewer=who(request), kind=kind, words=words, only_unread=only_unread, number=number
    )
    page = {
        "rows": rows,
        "kind": kind if kind in set(Kind) else "",
        "kinds": list(Kind),
        "words": words,
        "only_unread": only_unread,
        "waiting": queries.unread(who(request).account_pk),
        "paging": paging(request, number=number, more=more),
    }
    return show(request, "work/messages.html", page)


def message(request: HttpRequest, message_id: str) -> HttpResponse:
    """Show one message, and note that it was opened: by a person who looks, not by a browser that fetches ahead."""
    ahead = "prefetch" in request.headers.get("Sec-Purpose", request.headers.get("Purpose", ""))
    if request.method == "GET" and not ahead:
        actions.open_message(message_id=message_id, actor=who(request), now=now())
    return show(request, "work/message.html", {"page": queries.message(message_id, viewer=who(request))})


def receipt(request: HttpRequest, message_id: str) -> HttpResponse:
    """Give the receipt as a file for whoever checks it."""
    response = JsonResponse(
        queries.receipt(message_id, viewer=who(request)), json_dumps_params={"ensure_ascii": False}
    )
    response.headers["Content-Disposition"] = f'attachment; filename="receipt-{message_id}.json"'
    return response


def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read but legal notices."""
    count = actions.open_all(actor=who(request), now=now())
    says = (
        f"已把 {count} 条通知标为已读; 法定通知请逐条打开"
        if count
        else "没有可以标为已读的通知; 法定通知请逐条打开"
    )
    return done("/work/messages", says)


def _choices_page(request: HttpRequest) -> dict[str, Any]:
    return {"row": queries.choices(viewer=who(request)), "ways": list(Channel)}


def notifications(request: HttpRequest) -> HttpResponse:
    """Show and keep how one wants to be told."""
    if request.method != "POST":
        return show(request, _CHOICES, _choices_page(request))
    on = {kind.value: request.POST.getlist(kind.value) for kind in Kind}
    # a box that cannot be unticked is not posted by a browser
    on[Kind.LEGAL.value].append(Channel.IN_APP.value)
    try:
        actions.choose(
            on=on,
            quiet_from=text(request, "quiet_from"),
            quiet_to=text(request, "quiet_to"),
            actor=who(request),
        )
    except Refusal as refusal:
        return refused_here(request, _CHOICES, _choices_page(request), refusal, given=request.POST)
    return done("/me/notifications", "已保存")


def offer_address(request: HttpRequest) -> HttpResponse:
    """Take a new address and send a code to it."""
    try:
        addresses.offer(
            channel=text(request, "channel"), value=text(request, "value"), actor=who(request), now=now()
        )
    except Refusal as refusal:
        page = _choices_page(request)
        return refused_here(request, _CHOICES, page, refusal, given={}, field="value")
    return done("/me/notifications#addresses", "验证码已发出, 请在10分钟内填写")


def confirm_address(request: HttpRequest) -> HttpResponse:
    """Take an address into use by its code."""
    try:
        addresses.confirm(channel=text(request, "channel"), code=text(request, "code"), actor=who(request))
    except Refusal as refusal:
        page = _choices_page(request)
        return refused_here(request, _CHOICES, page, refusal, given={}, field="code")
    return done("/me/notifications#addresses", "地址已确认, 通知会同时发到这里")


def remove_address(request: HttpRequest) -> HttpResponse:
    """Forget an address."""
    addresses.remove(channel=text(request, "channel"), actor=who(request))
    return done("/me/notifications#addresses", "地址已移除, 通知只在站内")


def undelivered(request: HttpRequest) -> HttpResponse:
    """Show which legal notices did not get through: numbers, and nothing of rounds that are not opened."""
    return show(request, "work/undelivered.html", {"rows": _undelivered()})


def mailbox(request: HttpRequest) -> HttpResponse:
    """Show what stand-ins took for the viewer's own addresses; a production centre has no such page."""
    if settings.MODE != "training":
        raise Http404
    return show(request, "training/mailbox.html", {"letters": queries.demo_letters(viewer=who(request))})


_OWN = P.MESSAGES_OWN
urlpatterns = [
    route("work/messages", inbox, name="messages", permission=_OWN),
    route("work/messages/read-all", only_posted(read_all), name="messages-read-all", permission=_OWN),
    route("work/messages/<str:message_id>", message, name="message", permission=_OWN),
    route("work/messages/<str:message_id>/receipt.json", receipt, name="message-receipt", permission=_OWN),
    route("me/notifications", notifications, name="notifications", permission=_OWN),
    route(
        "me/notifications/address", only_posted(offer_address), name="notifications-address", permission=_OWN
    ),
    route(
        "me/notifications/confirm",
        only_posted(confirm_address),
        name="notifications-confirm",
        permission=_OWN,
    ),
    route(
        "me/notifications/remove", only_posted(remove_address), name="notifications-remove", permission=_OWN
    ),
    route("work/undelivered", undelivered, name="undelivered", permission=P.MESSAGES_OVERSEE),
    route("training/mailbox", mailbox, name="training-mailbox", permission=_OWN),
]
